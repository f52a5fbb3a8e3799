// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An engine that counts and changes something harmless: it counts the system
 * calls and signals of each thread, and gives the machine another name in what
 * uname() returns.
 *
 *	-e .../rename.so:NAME
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <utrace/plugin.h>
#include <utrace/state.h>
#include <utrace/thread.h>
#include <utrace/utrace.h>

#define EVENTS	(UTRACE_EVENT_SYSCALL | UTRACE_EVENT_SIGNAL_ALL)

/* struct count - one thread; written by its own callbacks alone */
struct count {
	struct count *next;
	struct instance *instance;
	pid_t tid;
	pid_t pid;
	unsigned long calls;
	unsigned long signals;
	unsigned long changed;
	unsigned long uname_to;		/* argument of the uname() it is in */
};

/* struct instance - @lock orders the list, to which any worker may add */
struct instance {
	const struct utrace_plugin_env *env;
	char nodename[sizeof(((struct utsname *)0)->nodename)];
	pthread_mutex_t lock;
	struct count *counts;
};

static uint32_t on_entry(uint32_t action, struct utrace_engine *engine,
			 struct utrace_regs *regs)
{
	struct utrace_thread *thread = utrace_current();
	struct count *count = engine->data;
	unsigned long args[6];

	count->calls++;
	count->uname_to = 0;
	if (utrace_syscall_abi(thread) == UTRACE_ABI_X86_64 &&
	    utrace_syscall_get_nr(thread, regs) == SYS_uname) {
		utrace_syscall_get_arguments(thread, regs, args);
		count->uname_to = args[0];
	}
	return UTRACE_RESUME | utrace_syscall_action(action);
}

static uint32_t on_exit_of_call(uint32_t action, struct utrace_engine *engine,
				struct utrace_regs *regs)
{
	struct utrace_thread *thread = utrace_current();
	struct count *count = engine->data;
	const char *name = count->instance->nodename;
	ssize_t n;

	(void)action;
	if (count->uname_to && !utrace_syscall_get_error(thread, regs)) {
		n = utrace_write_memory(thread, count->uname_to +
					offsetof(struct utsname, nodename),
					name, strlen(name) + 1);
		count->changed += n > 0;
	}
	count->uname_to = 0;
	return UTRACE_RESUME;
}

static uint32_t on_signal(uint32_t action, struct utrace_engine *engine,
			  struct utrace_regs *regs, siginfo_t *info,
			  const struct utrace_sigaction *orig_ka,
			  struct utrace_sigaction *return_ka)
{
	struct count *count = engine->data;

	(void)regs;
	(void)info;
	(void)return_ka;
	if (orig_ka)
		count->signals++;
	return UTRACE_RESUME | utrace_signal_action(action);
}

static const struct utrace_engine_ops ops = {
	.report_syscall_entry = on_entry,
	.report_syscall_exit = on_exit_of_call,
	.report_signal = on_signal,
};

static void *rename_open(const struct utrace_plugin_env *env,
			 const char *options)
{
	struct instance *instance;

	if (!*options || strlen(options) >= sizeof(instance->nodename)) {
		env->complain("rename wants a name of at most 64 characters");
		return NULL;
	}
	instance = calloc(1, sizeof(*instance));
	if (!instance) {
		env->complain("%s", strerror(ENOMEM));
		return NULL;
	}
	instance->env = env;
	strcpy(instance->nodename, options);
	pthread_mutex_init(&instance->lock, NULL);
	return instance;
}

static int rename_attach(void *data, struct utrace_thread *thread,
			 struct utrace_thread *parent)
{
	struct count *count = calloc(1, sizeof(*count));
	struct instance *instance = data;
	struct utrace_engine *engine;
	int err;

	(void)parent;
	if (!count)
		return -ENOMEM;
	count->instance = instance;
	count->tid = utrace_thread_id(thread);
	count->pid = utrace_thread_group(thread);
	pthread_mutex_lock(&instance->lock);
	count->next = instance->counts;
	instance->counts = count;
	pthread_mutex_unlock(&instance->lock);

	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &ops, count);
	if (utrace_is_err(engine))
		return utrace_ptr_err(engine);
	err = utrace_set_events(thread, engine, EVENTS);
	utrace_engine_put(engine);
	return err;
}

static void print_count(struct instance *instance, const struct count *count)
{
	char line[128];
	int len = snprintf(line, sizeof(line),
			   "rename: %d %d calls=%lu signals=%lu changed=%lu\n",
			   (int)count->pid, (int)count->tid, count->calls,
			   count->signals, count->changed);

	instance->env->emit(instance->env->output, line, len);
}

static void rename_close(void *data)
{
	struct instance *instance = data;
	struct count *count;

	while ((count = instance->counts)) {
		print_count(instance, count);
		instance->counts = count->next;
		free(count);
	}
	pthread_mutex_destroy(&instance->lock);
	free(instance);
}

__attribute__((__visibility__("default")))
const struct utrace_plugin utrace_plugin = {
	.api = UTRACE_PLUGIN_API,
	.name = "rename",
	.summary = "count calls and signals, and rename the machine",
	.options = "NAME: what uname() says",
	.open = rename_open,
	.attach = rename_attach,
	.close = rename_close,
};
