/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine "syscalls": a line a system call, or a table of them all. */
#ifndef SYSCALLS_SYSCALLS_H
#define SYSCALLS_SYSCALLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <utrace/plugin.h>
#include <utrace/utrace.h>

#include "args.h"
#include "text.h"

struct summary;

/**
 * struct instance - one use of the engine on the command line
 * @env: what the command offers
 * @set: the calls that are wanted; null: all
 * @summary: the table; null: lines
 * @json: lines are objects of JSON
 * @threads: how many threads it was attached to so far
 */
struct instance {
	const struct utrace_plugin_env *env;
	struct utrace_syscall_set *set;
	struct summary *summary;
	bool json;
	atomic_ulong threads;
};

/**
 * struct state - one traced thread, the data of its engine
 * @instance: what it belongs to
 * @call: the call that it is in, or was in last
 * @inside: it is in a call whose line was not written yet
 * @written: it is in a call whose line was written at entry
 * @next_arg: the first argument that is still to be printed
 * @args: the arguments printed so far
 * @start: when the call was entered, in ns of the monotonic clock
 * @exit_known: @exit_code is known
 * @exit_code: the wait status that it ends with
 * @stop_signal: the signal that last stopped it, or 0
 */
struct state {
	struct instance *instance;
	struct call call;
	bool inside;
	bool written;
	int next_arg;
	struct text args;
	uint64_t start;
	bool exit_known;
	long exit_code;
	int stop_signal;
};

/** now() - nanoseconds of the monotonic clock */
uint64_t now(void);

/* ---- what there is to tell, line by line ------------------------------- */

/** line_args() - print arguments of the current call: all, or up to a late one */
void line_args(struct state *state, bool all);

/** line_call() - the line of a call, as far as it got */
void line_call(struct state *state);

/** line_signal() - a signal */
void line_signal(struct state *state, const siginfo_t *info);

/** line_stopped() - a stop of job control */
void line_stopped(struct state *state);

/** line_death() - the thread's end */
void line_death(struct state *state);

/* ---- the table --------------------------------------------------------- */

/** summary_new() - an empty table, or null */
struct summary *summary_new(void);

/** summary_free() - free it; null is ignored */
void summary_free(struct summary *summary);

/** summary_count() - count a call that has returned after @ns nanoseconds */
void summary_count(struct summary *summary, const struct call *call,
		   uint64_t ns);

/** summary_print() - write the table */
void summary_print(const struct summary *summary,
		   const struct utrace_plugin_env *env);

/* ---- the callbacks ----------------------------------------------------- */

extern const struct utrace_engine_ops engine_ops;

/** engine_events() - the events that an instance asks for */
unsigned long engine_events(const struct instance *instance);

#endif /* SYSCALLS_SYSCALLS_H */
