// SPDX-License-Identifier: LGPL-2.1-or-later
/* The engine "syscalls": its options, and attaching it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "syscalls.h"

#define MAX_NAME	64

/*
 * struct choice - which calls the options name
 * @any: some are named at all
 * @wanted: by number
 */
struct choice {
	bool any;
	bool wanted[UTRACE_NABIS][CALLS_MAX];
};

static bool choose(struct choice *choice, const char *name)
{
	bool want = name[0] != '!', found = false;
	int abi;
	long nr;

	if (!want)
		name++;
	/* to begin with "all but this one" is to begin with all */
	if (!choice->any && !want)
		memset(choice->wanted, true, sizeof(choice->wanted));
	choice->any = true;
	for (abi = 0; abi < UTRACE_NABIS; abi++) {
		nr = call_number(abi, name);
		if (nr >= 0) {
			choice->wanted[abi][nr] = want;
			found = true;
		}
	}
	return found;
}

static bool option(struct instance *instance, struct choice *choice,
		   const char *word, size_t len)
{
	const struct utrace_plugin_env *env = instance->env;
	char name[MAX_NAME];

	if (!len) {
		env->complain("an option of 'syscalls' is empty");
		return false;
	}
	if (len == strlen("json") && !memcmp(word, "json", len)) {
		instance->json = true;
		return true;
	}
	if (len == strlen("summary") && !memcmp(word, "summary", len)) {
		if (!instance->summary)
			instance->summary = summary_new();
		return instance->summary;
	}
	if (len < sizeof(name)) {
		memcpy(name, word, len);
		name[len] = '\0';
		if (choose(choice, name))
			return true;
	}
	env->complain("'%.*s' is neither a system call nor an option of 'syscalls'",
		      (int)len, word);
	return false;
}

static bool parse(struct instance *instance, struct choice *choice,
		  const char *options)
{
	size_t len;

	while (*options) {
		len = strcspn(options, ",");
		if (!option(instance, choice, options, len))
			return false;
		options += len;
		if (*options == ',' && !*++options) {
			instance->env->complain("an option of 'syscalls' is empty");
			return false;
		}
	}
	if (instance->json && instance->summary) {
		instance->env->complain("'syscalls' has either a summary or json");
		return false;
	}
	return true;
}

static bool make_set(struct instance *instance, const struct choice *choice)
{
	int abi, nr;

	instance->set = utrace_syscall_set_new();
	if (!instance->set)
		return false;
	for (abi = 0; abi < UTRACE_NABIS; abi++)
		for (nr = 0; nr < CALLS_MAX; nr++)
			/* the library may not have numbers as high */
			if (choice->wanted[abi][nr] &&
			    utrace_syscall_set_add(instance->set, abi, nr) &&
			    call_name(abi, nr))
				return false;
	return true;
}

static void close_instance(void *data)
{
	struct instance *instance = data;

	if (instance->summary)
		summary_print(instance->summary, instance->env);
	summary_free(instance->summary);
	utrace_syscall_set_free(instance->set);
	free(instance);
}

static void *open_instance(const struct utrace_plugin_env *env,
			   const char *options)
{
	struct instance *instance = calloc(1, sizeof(*instance));
	struct choice *choice = calloc(1, sizeof(*choice));

	if (!instance || !choice) {
		env->complain("%s", strerror(ENOMEM));
		goto fail;
	}
	instance->env = env;
	if (!parse(instance, choice, options))
		goto fail;
	if (choice->any && !make_set(instance, choice)) {
		env->complain("cannot narrow system calls: %s",
			      strerror(ENOMEM));
		goto fail;
	}
	free(choice);
	return instance;

fail:
	free(choice);
	if (instance) {
		summary_free(instance->summary);
		utrace_syscall_set_free(instance->set);
		free(instance);
	}
	return NULL;
}

static int attach(void *data, struct utrace_thread *thread,
		  struct utrace_thread *parent)
{
	struct instance *instance = data;
	struct utrace_engine *engine;
	struct state *state;
	int err = 0, gone;

	(void)parent;
	state = calloc(1, sizeof(*state));
	if (!state)
		return -ENOMEM;
	state->instance = instance;
	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &engine_ops,
				    state);
	if (utrace_is_err(engine)) {
		free(state);
		return utrace_ptr_err(engine);
	}
	if (instance->set)
		err = utrace_set_syscalls(thread, engine, instance->set);
	if (!err)
		err = utrace_set_events(thread, engine,
					engine_events(instance));
	if (err == -EINPROGRESS)
		err = 0;
	if (!err) {
		instance->threads++;
	} else {
		/* where that fails it is detached already */
		gone = utrace_control(thread, engine, UTRACE_DETACH);
		(void)gone;
	}
	utrace_engine_put(engine);
	return err;
}

UTRACE_API const struct utrace_plugin utrace_plugin = {
	.api = UTRACE_PLUGIN_API,
	.name = "syscalls",
	.summary = "a line for each system call and signal, as strace has it",
	.options = "NAME,...: only these system calls; !NAME: all but this one\n"
		   "summary: a table of counts, errors and times instead\n"
		   "json: an object of JSON a line",
	.open = open_instance,
	.attach = attach,
	.close = close_instance,
};
