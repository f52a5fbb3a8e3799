// SPDX-License-Identifier: LGPL-2.1-or-later
/* The engine "events": its options, and attaching it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

#define ALL_EVENTS	((1UL << _UTRACE_NEVENTS) - 1)

static bool parse(struct instance *instance, const char *options)
{
	size_t len;

	if (!*options) {
		instance->events = ALL_EVENTS;
		return true;
	}
	for (;; options += len + 1) {
		unsigned long events;

		len = strcspn(options, ",");
		events = events_parse(options, len);
		if (!events) {
			instance->env->complain("'%.*s' is not an event",
						(int)len, options);
			return false;
		}
		instance->events |= events;
		if (!options[len])
			return true;
	}
}

static void *open_instance(const struct utrace_plugin_env *env,
			   const char *options)
{
	struct instance *instance = calloc(1, sizeof(*instance));

	if (!instance) {
		env->complain("%s", strerror(ENOMEM));
		return NULL;
	}
	instance->env = env;
	if (!parse(instance, options)) {
		free(instance);
		return NULL;
	}
	return instance;
}

static int attach(void *data, struct utrace_thread *thread,
		  struct utrace_thread *parent)
{
	struct instance *instance = data;
	struct utrace_engine *engine;
	struct state *state;
	int err, gone;

	(void)parent;
	state = calloc(1, sizeof(*state));
	if (!state)
		return -ENOMEM;
	state->instance = instance;
	state->nr = -1;
	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &engine_ops,
				    state);
	if (utrace_is_err(engine)) {
		free(state);
		return utrace_ptr_err(engine);
	}
	err = utrace_set_events(thread, engine, instance->events);
	if (err == -EINPROGRESS)
		err = 0;
	if (err) {
		/* where that fails it is detached already */
		gone = utrace_control(thread, engine, UTRACE_DETACH);
		(void)gone;
	}
	utrace_engine_put(engine);
	return err;
}

static void close_instance(void *data)
{
	free(data);
}

UTRACE_API const struct utrace_plugin utrace_plugin = {
	.api = UTRACE_PLUGIN_API,
	.name = "events",
	.summary = "every event of every thread as a line",
	.options = "EVENT,...: only these, of QUIESCE, REAP, CLONE, EXEC, EXIT, DEATH,\n"
		   "    SYSCALL_ENTRY, SYSCALL_EXIT, SIGNAL, SIGNAL_IGN, SIGNAL_STOP,\n"
		   "    SIGNAL_TERM, SIGNAL_CORE, JCTL; SYSCALL is both of those, and\n"
		   "    SIGNAL_ALL is all of those",
	.open = open_instance,
	.attach = attach,
	.close = close_instance,
};
