// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A plug-in for the command: files whose name ends in a given text cannot be
 * opened, as if they were not there.
 *
 *	gcc -shared -fPIC -o hide.so hide.c $(pkg-config --cflags utrace)
 *	utrace -f -e ./hide.so:.conf COMMAND ARG...
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <utrace/plugin.h>
#include <utrace/state.h>
#include <utrace/thread.h>
#include <utrace/utrace.h>

struct hide {
	const struct utrace_plugin_env *env;
	const char *end;
	struct utrace_syscall_set *set;
};

static bool is_hidden(const struct hide *hide, const char *name)
{
	size_t len = strlen(name), end = strlen(hide->end);

	return len >= end && !strcmp(name + len - end, hide->end);
}

static uint32_t on_openat(uint32_t action, struct utrace_engine *engine,
			  struct utrace_regs *regs)
{
	struct utrace_thread *thread = utrace_current();
	struct hide *hide = engine->data;
	char name[PATH_MAX], line[PATH_MAX + 64];
	unsigned long args[6];
	int len;

	utrace_syscall_get_arguments(thread, regs, args);
	if (utrace_read_string(thread, args[1], name, sizeof(name)) < 0 ||
	    !is_hidden(hide, name))
		return UTRACE_RESUME | utrace_syscall_action(action);

	len = snprintf(line, sizeof(line), "hide: %d does not see %s\n",
		       (int)utrace_thread_id(thread), name);
	hide->env->emit(hide->env->output, line, len);
	utrace_syscall_set_return_value(thread, regs, -ENOENT, 0);
	return UTRACE_RESUME | UTRACE_SYSCALL_ABORT;
}

static const struct utrace_engine_ops ops = {
	.report_syscall_entry = on_openat,
};

static void *hide_open(const struct utrace_plugin_env *env, const char *options)
{
	struct hide *hide = calloc(1, sizeof(*hide));

	if (!hide)
		return NULL;
	hide->env = env;
	hide->end = options;
	hide->set = utrace_syscall_set_new();
	if (!hide->set || utrace_syscall_set_add_name(hide->set, "openat")) {
		env->complain("no memory");
		utrace_syscall_set_free(hide->set);
		free(hide);
		return NULL;
	}
	return hide;
}

/* For each thread that is to be traced. */
static int hide_attach(void *instance, struct utrace_thread *thread,
		       struct utrace_thread *parent)
{
	struct hide *hide = instance;
	struct utrace_engine *engine;
	int err;

	(void)parent;
	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &ops, hide);
	if (utrace_is_err(engine))
		return utrace_ptr_err(engine);
	err = utrace_set_syscalls(thread, engine, hide->set);
	if (!err)
		err = utrace_set_events(thread, engine,
					UTRACE_EVENT(SYSCALL_ENTRY));
	utrace_engine_put(engine);
	return err;
}

static void hide_close(void *instance)
{
	struct hide *hide = instance;

	utrace_syscall_set_free(hide->set);
	free(hide);
}

const struct utrace_plugin utrace_plugin = {
	.api = UTRACE_PLUGIN_API,
	.name = "hide",
	.summary = "files that end in a text cannot be opened",
	.options = "TEXT: the end of their names",
	.open = hide_open,
	.attach = hide_attach,
	.close = hide_close,
};
