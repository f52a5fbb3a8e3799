/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine "events": every event of the contract as a line. */
#ifndef EVENTS_EVENTS_H
#define EVENTS_EVENTS_H

#include <utrace/plugin.h>
#include <utrace/utrace.h>

/**
 * struct instance - one use of the engine on the command line
 * @env: what the command offers
 * @events: the mask of the events that are wanted
 */
struct instance {
	const struct utrace_plugin_env *env;
	unsigned long events;
};

/**
 * struct state - one traced thread, the data of its engine
 * @instance: what it belongs to
 * @abi: the numbering of @nr
 * @nr: the system call that it was last seen to enter, or -1
 */
struct state {
	struct instance *instance;
	int abi;
	long nr;
};

/** event_name() - the name of the event with this bit number */
const char *event_name(unsigned int bit);

/** events_parse() - the mask for a name: an event, SYSCALL or SIGNAL_ALL; 0: none */
unsigned long events_parse(const char *name, size_t len);

/** The callbacks */
extern const struct utrace_engine_ops engine_ops;

#endif /* EVENTS_EVENTS_H */
