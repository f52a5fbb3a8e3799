/* SPDX-License-Identifier: GPL-2.0-only */
/* The threads that have been attached to. */
#ifndef TRACED_H
#define TRACED_H

#include <linux/hashtable.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/timer.h>
#include <linux/version.h>

#include "host.h"

/* How far its end was reported; under &traced.lock. */
enum end {
	END_NONE,
	END_DEATH,	/* somebody makes the death pass */
	END_DEAD	/* it was made */
};

/**
 * struct traced - a thread, from its first attach until it is reaped
 * @node: in the table, under RCU
 * @task: the thread, referenced
 * @refs: one of the table, one of whoever uses it without being the thread
 * @utrace: the core's state, referenced; under RCU
 * @generation: of the facility, when @utrace was made
 * @lock: orders @end and @reap_due; a leaf
 * @end: see &enum end
 * @reap_due: it was reaped: who makes the death pass makes the reap pass too,
 *	if that was not over
 * @ended_by: who reports its death or that it was reaped, now
 * @awake: its hooks act.  It falls asleep by itself when no engine is left, and
 *	then goes through no wrapper.
 * @adopted: its release_thread() will find it
 * @adopters: who finds out whether that is so
 * @report: task work that brings it to the way back to user mode
 * @report_queued: @report is queued
 * @due: it has to ask the core before it runs user code
 * @newborn: its creator has begun to report it
 * @asked: the number of the system call that it is in, as it was at entry; -1:
 *	its entry was not seen
 * @unreturned: it was born in a system call that it did not make
 * @job_stopped: it is stopped for job control, or an engine that found it so
 *	keeps it where it is
 *
 * Under its siglock:
 *
 * @stop: it is to stay in hold()
 * @held: it is there
 * @passed_over: it is made to look as if it blocked the signal that is sent
 * @tells: it has reported a continue, and get_signal() is to tell the parent
 * @ignored: signals that it ignores, to be reported
 * @remind, @remind_in: when it is looked whether it is asleep with these
 * @killed: SIGKILL came when the kernel takes none any more: at its exit
 *
 * Its own:
 *
 * @frames: wrappers that it is in
 * @sig: scratch for utrace_report_signal() and utrace_report_user()
 * @handler_wanted: when the handler of the signal at hand is set up, that is to
 *	be reported
 * @handler_due: it is set up
 * @in_get_signal: it is in the original get_signal()
 * @again: get_signal() was made to return, and is to be called again
 * @reported: the signal that get_signal() was given
 * @fatal: the signal that ends it was let through here
 * @stepping: an engine steps it
 * @by_block: from branch to branch
 * @sets_step: it is about to
 * @flag_at: where the trap flag is ours though the kernel takes it for the
 *	program's
 * @foreign_step: a ptrace tracer does
 * @step_trap: @stash is the trap of an engine's step
 * @shared_trap: the SIGTRAP to come is of an engine's step and of a tracer's
 * @notifies: it is in ptrace_notify()
 * @group_dead: it is the last of its group
 * @parent_told: the signal that its parent was sent of its death; -2: not yet
 * @stop_number: an engine wants a group stop because of this signal
 * @stopping_by: that is what get_signal() was given SIGSTOP for
 * @delivers: get_signal() is to answer with @delivery
 * @stashed: @stash was taken off the queue, and not reported yet
 * @clone_flags, @child: of the clone() that it is in
 */
struct traced {
	struct hlist_node node;
	struct rcu_head rcu;
	struct task_struct *task;
	refcount_t refs;
	struct utrace __rcu *utrace;
	unsigned int generation;
	spinlock_t lock;
	enum end end;
	bool reap_due;
	struct task_struct *ended_by;
	bool awake;
	bool adopted;
	atomic_t adopters;
	struct callback_head report;
	unsigned long report_queued;
	bool due;
	bool newborn;
	bool unreturned;
	long asked;
	bool job_stopped;

	bool stop;
	bool held;
	bool passed_over;
	bool tells;
	bool killed;
	struct sigpending ignored;
	struct timer_list remind;
	unsigned long remind_in;

	unsigned int frames;
	struct utrace_signal sig;
	bool handler_wanted;
	bool handler_due;
	bool in_get_signal;
	bool again;
	int reported;
	bool fatal;
	bool stepping;
	bool by_block;
	bool sets_step;
	unsigned long flag_at;
	bool foreign_step;
	bool step_trap;
	bool shared_trap;
	bool notifies;
	bool group_dead;
	int parent_told;
	int stop_number;
	int stopping_by;
	bool delivers;
	struct ksignal delivery;
	bool stashed;
	kernel_siginfo_t stash;
	unsigned long clone_flags;
	struct task_struct *child;
};

/* Signals that it ignores are kept for it to report. */
static inline bool ignored_are_kept(struct traced *traced)
{
	return !sigisemptyset(&traced->ignored.signal);
}

/* A thousand threads do not share a chain of more than a few. */
#define TRACED_BITS	10
extern struct hlist_head traced_table[1 << TRACED_BITS];

/*
 * Under RCU, or with preemption off.  What it finds stays until the thread is
 * reaped.  The callback of the hooks asks too, where RCU may not be watched: hence
 * the flavour of the macro.
 */
static __always_inline struct traced *traced_find(struct task_struct *task)
{
	struct traced *traced;

	hash_for_each_possible_rcu_notrace(traced_table, traced, node,
					   (unsigned long)task)
		if (traced->task == task)
			return traced;
	return NULL;
}

/*
 * facility.c: which time it is that the facility is up, or was last; unlike
 * utrace_host_generation() also while it goes down.
 */
extern unsigned int facility_generation;

/*
 * What the core keeps for it, null: nothing, or only something of an earlier time
 * that the facility was up.  Under RCU, or by the thread itself.
 */
static inline struct utrace *state_of(struct traced *traced)
{
	if (traced->generation != READ_ONCE(facility_generation))
		return NULL;
	return rcu_dereference_raw(traced->utrace);
}

static inline struct utrace *state_find(struct task_struct *task)
{
	struct traced *traced = traced_find(task);

	return traced ? state_of(traced) : NULL;
}

/* An engine holds it. Siglock is held. */
static inline bool is_held(struct task_struct *task)
{
	struct traced *traced = traced_find(task);

	return traced && traced->held;
}

/* traced_find() from anywhere, with a reference. */
struct traced *traced_get(struct task_struct *task);
void traced_put(struct traced *traced);
/* Whether an engine of the thread's group asks for any of @events. Under RCU. */
bool traced_group_wants(struct task_struct *task, unsigned long events);
bool traced_group(struct task_struct *task);

/* Its own entry stays, but others on the way to it may go. */
static inline struct traced *traced_current(void)
{
	struct traced *traced;

	preempt_disable_notrace();
	traced = traced_find(current);
	preempt_enable_notrace();
	return traced;
}

/* It never runs user code. */
bool is_kernels(struct task_struct *task);

/* Falls asleep if no engine is left. By the thread itself. */
void traced_settle(struct traced *traced);

/* Its death, and that it was reaped: each is told once. */
void traced_died(struct traced *traced, int signal);
void traced_reaped(struct traced *traced);
/* @task reports one of these now. */
bool traced_ended_by(struct task_struct *task);

/* Call @fn for every one, with nothing held. */
void traced_each(void (*fn)(struct traced *traced));
/* The hooks are gone: so are all entries when this returns. */
void traced_forget_all(void);

#endif /* TRACED_H */
