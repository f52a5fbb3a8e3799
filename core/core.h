/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/* What the files of the core share. */
#ifndef UTRACE_CORE_H
#define UTRACE_CORE_H

#include "host.h"

/* Above the events in engine->flags; bit 14 is told by task_utrace_flags(). */
#define ENGINE_STOP		(1UL << _UTRACE_NEVENTS)
#define ENGINE_DETACHED		(1UL << (_UTRACE_NEVENTS + 1))
#define ENGINE_NARROWED		(1UL << (_UTRACE_NEVENTS + 2))

#define ALL_EVENTS		((1UL << _UTRACE_NEVENTS) - 1)

#define SYSCALL_NUMBERS		1024
#define BITS_PER_WORD		(8 * sizeof(unsigned long))

struct utrace_syscall_set {
	unsigned long bits[UTRACE_NABIS][SYSCALL_NUMBERS / BITS_PER_WORD];
};

/**
 * struct engine - an engine, with what its owner does not see
 * @pub: what its owner sees; @pub.flags changes under the lock of @utrace, and
 *	is read without it by the thread's own context
 * @ops: what is called: those of @pub, or with other arguments (old.c)
 * @refs: the owner's references, and the attachment's
 * @utrace: the thread's state, referenced
 * @link: in utrace->engines or utrace->joining
 * @release: the callback, as it was when attached
 * @pass: the last pass that called it; written by the thread's own context
 * @cleared: the pass in whose callback some of its events were taken away: as
 *	long as that callback runs one of those may be what runs
 * @stops: a callback returned the STOP that it holds, so that it comes
 *	without any doing of the thread
 * @firm: it was told that its STOP holds a thread that was stopped for job
 *	control: no callback's return ends it (CTL-3)
 * @wanted: the calls it wants, if its flags say %ENGINE_NARROWED and not all;
 *	words change one at a time under the lock
 * @dropping: it is off the lists, and the attachment's reference is left
 * @refused: under the lock
 */
struct engine {
	struct utrace_engine pub;
	const struct utrace_engine_ops *ops;
	struct port_ref refs;
	struct utrace *utrace;
	struct list_head link;
	void (*release)(void *data);
	unsigned int pass;
	unsigned int cleared;
	bool stops;
	bool firm;
	bool dropping;
	struct utrace_syscall_set wanted;
	struct utrace_refusal refused;
};

/* How far a thread has come. Only ever goes up; changes under the lock. */
enum life {
	ALIVE,
	DEAD,		/* the death pass has not begun */
	DYING,		/* the death pass runs */
	BURIED,		/* the death pass is over */
	REAPING,	/* the reap pass runs */
	REAPED
};

/* Where a stop takes effect. */
enum point {
	POINT_USER,
	POINT_ENTRY,
	POINT_VFORK,
	POINT_EXIT
};

/**
 * struct utrace - the state of one thread
 * @lock: orders everything that changes this structure or an engine's flags.
 *	The thread's own context takes it only when @attention is set or when
 *	a callback's return changes an engine.  It is held for a few loads and
 *	stores; host calls made under it do not sleep.  It nests inside every
 *	lock of a host but those that utrace_host_kick() takes.
 * @refs: one of the host's storage, one of each engine
 * @generation: of the facility, when this was made
 * @task: the thread; not to be followed once @life is REAPED
 * @engines: in attach order.  Changed under @lock, and while @in_pass only by
 *	the thread's own context: that is why a pass may walk it without @lock.
 * @joining: attached during a pass; they join when the next one begins
 * @drops: references of attachments that are being given back
 * @leaving: engines off the lists whose attachment's reference was not yet
 * @nr: engines in both lists, and those that are just being attached
 * @in_pass: the thread's own context walks @engines.  Partner of @attention:
 *	a pass sets @in_pass, then looks at @attention; whoever changes the
 *	lists sets @attention, then looks at @in_pass.  One of them sees the
 *	other.
 * @attention: a pass has to take @lock: the lists are to be put in order, a
 *	stop is held, or a report is due
 * @reporting: the engine whose callback runs, or was the last to run in this
 *	pass.  Partner of engine->flags: a pass sets @reporting, then reads the
 *	flags; utrace_set_events() sets the flags, then reads @reporting.
 * @pass: number of the current or last pass
 * @event: what it is for
 * @waiters: how many wait in utrace_barrier() or for a newborn
 * @wait_word: what they sleep on
 * @events: what engines ask for together, and %ENGINE_STOP
 * @narrowed: how many engines want only some system calls
 * @life: see &enum life
 * @reap_due: the reap came while the death pass ran
 * @stopped: a decision stopped it, and utrace_continue() has not let it go
 * @point: where
 * @again: the entry pass is to be made again (SYS-4)
 * @aborted: what the last entry pass chose
 * @resume: the smallest action but STOP that the last pass returned, or a step
 *	asked for by utrace_control() since
 * @due: %UTRACE_REPORT or %UTRACE_INTERRUPT, which stands until the pass before
 *	user mode: asked for by utrace_control(), brought about by a STOP that a
 *	callback returned (REP-7), or an INTERRUPT returned. %UTRACE_RESUME:
 *	nothing
 * @runs: how often it went on after a stop
 * @newborn: its creator has not reported it yet
 * @creator: whose report_clone pass runs
 * @abi, @nr_call: the system call of the current entry or exit pass
 */
struct utrace {
	struct port_lock lock;
	struct port_ref refs;
	unsigned int generation;
	struct task_struct *task;
	struct list_head engines;
	struct list_head joining;
	struct list_head drops;
	unsigned int leaving;
	unsigned int nr;
	bool in_pass;
	bool attention;
	struct engine *reporting;
	unsigned int pass;
	unsigned long event;
	unsigned int waiters;
	unsigned int wait_word;
	unsigned long events;
	unsigned int narrowed;
	enum life life;
	bool reap_due;
	bool stopped;
	enum point point;
	bool again;
	bool aborted;
	enum utrace_resume_action resume;
	enum utrace_resume_action due;
	unsigned long runs;
	bool newborn;
	struct task_struct *creator;
	int abi;
	long nr_call;
};

static inline struct engine *to_engine(struct utrace_engine *engine)
{
	return container_of(engine, struct engine, pub);
}

/* Whether calls with this thread's engines mean anything any more. */
static inline bool utrace_is_past(struct utrace *utrace)
{
	unsigned int generation = utrace_host_generation();

	/* what is made while it goes down has generation 0 too */
	return !generation || utrace->generation != generation;
}

static inline unsigned long engine_flags(struct engine *engine)
{
	return port_load(&engine->pub.flags);
}

static inline bool engine_detached(struct engine *engine)
{
	return engine_flags(engine) & ENGINE_DETACHED;
}

/* engine.c */
void engine_put(struct engine *engine);
void engine_detach_locked(struct utrace *utrace, struct engine *engine,
			  struct list_head *gone);
void engine_leave_locked(struct utrace *utrace, struct engine *engine,
			 struct list_head *gone);
bool engine_dropping(struct utrace *utrace, struct engine *engine);
void engines_put(struct utrace *utrace, struct list_head *gone);
void utrace_update_locked(struct utrace *utrace);

/* Wake whoever waits for this thread in utrace_barrier() or for a newborn. */
static inline void utrace_wake(struct utrace *utrace)
{
	if (port_load_seq(&utrace->waiters))
		utrace_host_wake(utrace);
}

/* old.c */
struct engine *old_engine_alloc(const struct utrace_engine_ops *ops);

/* report.c */

/* syscall.c */
bool syscall_set_has(const struct utrace_syscall_set *set, int abi, long nr);

/* attach.c */
void utrace_join_locked(struct utrace *utrace, struct list_head *gone);

/* pass.c */

/**
 * struct pass - one round of callbacks
 * @utrace: the thread's state
 * @number: of the pass
 * @event: the event's mask bit, or 0
 * @resume: the smallest resume action so far
 * @rest: the smallest but for STOP, which counts by the engines' flags
 * @bits: the event-specific bits so far
 * @callbacks: how many were made
 */
struct pass {
	struct utrace *utrace;
	unsigned int number;
	unsigned long event;
	enum utrace_resume_action resume;
	enum utrace_resume_action rest;
	u32 bits;
	unsigned int callbacks;
};

bool pass_take_change(struct pass *pass, struct engine *engine, u32 ret);
bool callback_runs(struct utrace *utrace, struct engine *engine,
		   unsigned long flags, const struct utrace_syscall_set *calls);
bool callback_busy(struct utrace *utrace, struct engine *engine,
		   unsigned long flags, const struct utrace_syscall_set *calls,
		   bool fewer, bool more);
struct utrace_decision pass_decide_attentively(struct utrace *utrace,
					       bool may_stop, enum point point);
void pass_settle(struct utrace *utrace, bool in_pass);
void pass_leave_resume(struct pass *pass);
void pass_leave_due(struct pass *pass);

static inline void pass_begin(struct pass *pass, struct utrace *utrace,
			      unsigned long event)
{
	pass->utrace = utrace;
	pass->event = event;
	pass->resume = UTRACE_RESUME;
	pass->rest = UTRACE_RESUME;
	pass->bits = 0;
	pass->callbacks = 0;
	utrace_host_pass_begins(utrace->task);
	port_store_seq(&utrace->in_pass, true);
	if (port_load_seq(&utrace->attention))
		pass_settle(utrace, true);
	pass->number = utrace->pass + 1;
	port_store(&utrace->pass, pass->number);
	port_store(&utrace->event, event);
	port_store(&utrace->resume, UTRACE_RESUME);
}

/* The decision is in place when this returns: in @resume and @due. */
static inline void pass_end(struct pass *pass)
{
	struct utrace *utrace = pass->utrace;

	if (pass->rest != port_load(&utrace->resume))
		pass_leave_resume(pass);
	if (pass->resume <= UTRACE_REPORT)
		pass_leave_due(pass);
	port_store_seq(&utrace->reporting, (struct engine *)NULL);
	port_store_seq(&utrace->in_pass, false);
	if (port_load_seq(&utrace->attention))
		pass_settle(utrace, false);
	utrace_host_pass_ends(utrace->task, pass->callbacks);
	utrace_wake(utrace);
}

/*
 * What the thread does now.  Where it @may_stop a held stop takes effect;
 * elsewhere it brings the thread to utrace_report_user().
 */
static inline struct utrace_decision pass_decide(struct utrace *utrace,
						 bool may_stop,
						 enum point point)
{
	struct utrace_decision decision = {
		.resume = port_load(&utrace->resume),
	};

	if (port_load_seq(&utrace->attention))
		decision = pass_decide_attentively(utrace, may_stop, point);
	return decision;
}

/*
 * Returns what the engine asks for, once others can see that it is reported: and
 * that the one before it is so no more.
 */
static inline unsigned long pass_enter(struct pass *pass, struct engine *engine)
{
	port_store_seq(&pass->utrace->reporting, engine);
	return port_load_seq(&engine->pub.flags);
}

/* A callback returned: note what its engine wants. False: it is detached. */
static inline bool pass_take(struct pass *pass, struct engine *engine, u32 ret)
{
	pass->callbacks++;
	port_store(&engine->pass, pass->number);
	/* the usual answer of an engine that is not on its way out */
	if (utrace_resume_action(ret) == UTRACE_RESUME &&
	    !(port_load_seq(&engine->pub.flags) &
	      (ENGINE_STOP | ENGINE_DETACHED)))
		return true;
	return pass_take_change(pass, engine, ret);
}

/*
 * The quiesce callback that comes before the one for the event: what the engine
 * asks for is to be read after it.  False: it is detached.
 */
static inline bool pass_quiesce(struct pass *pass, struct engine *engine)
{
	return pass_take(pass, engine,
			 engine->ops->report_quiesce(pass->resume, &engine->pub,
						     pass->event));
}

/*
 * The lists do not change under a pass, so an engine's neighbour is there even
 * if the engine was detached meanwhile.
 */
#define pass_for_each(pass, engine)					\
	list_for_each_entry(engine, &(pass)->utrace->engines, link)

#define pass_for_each_reverse(pass, engine)				\
	list_for_each_entry_reverse(engine, &(pass)->utrace->engines, link)

#endif /* UTRACE_CORE_H */
