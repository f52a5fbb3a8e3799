// SPDX-License-Identifier: LGPL-2.1-or-later
/* Children and threads: the creator's event, and their own first stop. */
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utrace/state.h>
#include <utrace/thread.h>

#include "ptrace_host.h"

/* how long a newborn waits for its creator's event, if that may still come */
#define CREATOR_SECONDS	5
/* how often a newborn's stop is looked for: at once, then every 0.1 ms */
#define SEE_OFF_YIELDS	200
#define SEE_OFF_TRIES	1200

/* ---- the flag that hides a child -------------------------------------------- */

/*
 * With CLONE_UNTRACED the kernel tells no tracer of the child.  So the flag is taken
 * out at the entry of the call, in the register or in a copy of what that points to,
 * and the register is put back where the call has been made, in the child too.
 */
void clone_hide_flag(struct utrace_thread *thread)
{
	if (!(utrace_wanted(state_of(thread)) & UTRACE_EVENT(CLONE)) ||
	    !machine_clone_without(thread, CLONE_UNTRACED, &thread->clone_made))
		return;
	thread->clone_hidden = true;
	thread->clone_asked = *machine_clone_argument(thread);
	*machine_clone_argument(thread) = thread->clone_made;
}

/* The call is over for it, its creator or its child; it may have failed. */
void clone_show_flag(struct utrace_thread *thread)
{
	unsigned long *argument;

	if (!thread->clone_hidden || regs_fetch(thread))
		return;
	thread->clone_hidden = false;
	argument = machine_clone_argument(thread);
	if (*argument == thread->clone_made)
		*argument = thread->clone_asked;
}

/* ---- newborns ---------------------------------------------------------------- */

/* The handle of a thread that was born, adopted. */
struct utrace_thread *expect_newborn(struct worker *worker, pid_t tid)
{
	struct utrace_thread *child;
	struct proc_info info;

	if (proc_read_status(0, tid, &info))
		info.tgid = tid;
	child = thread_find_or_make(tid, info.tgid);
	if (IS_ERR(child))
		return child;
	pthread_mutex_lock(&child->lock);
	if (port_load(&child->phase) == PHASE_FREE)
		adopt_newborn(worker, child);
	pthread_mutex_unlock(&child->lock);
	return child;
}

/* The first stop and the creator's report are both over: it may run. */
static void release_newborn(struct worker *worker, struct utrace_thread *child)
{
	child->newborn = false;
	worker->newborns--;
	stop_ticking(child);
	if (!child->first_stop)
		return;
	clone_show_flag(child);
	if (let_go(child, 0) || move_begin(worker, child))
		return;
	set_current(child);
	at_user(child, false);
	set_current(NULL);
}

/*
 * A newborn whose creator was killed before its event: nobody will tell of it.
 * The creator's stop would have been fetched with the first stop or soon after.
 */
void check_newborns(struct worker *worker)
{
	struct utrace_thread *thread, *next;
	struct proc_info info;
	struct timespec now;
	bool orphan;

	clock_gettime(CLOCK_MONOTONIC, &now);
	list_for_each_entry_safe(thread, next, &worker->threads, of_worker) {
		if (!thread->newborn || !thread->first_stop ||
		    worker->round - thread->born_round < 2)
			continue;
		orphan = true;
		if (!proc_read_status(thread->tgid, thread->tid, &info)) {
			struct utrace_thread *t;

			list_for_each_entry(t, &worker->threads, of_worker)
				if (t != thread && !t->newborn &&
				    t->run != RUN_DEAD &&
				    (t->tgid == info.tgid ||
				     t->tgid == info.ppid))
					orphan = false;
		}
		/* the creator's event comes at once, or was never to come */
		if (orphan || now.tv_sec - thread->born_at > CREATOR_SECONDS) {
			utrace_thread_get(thread);
			utrace_born(state_of(thread));
			release_newborn(worker, thread);
			utrace_thread_put(thread);
			return;
		}
	}
}

/* It has not come to run yet, or is on its way to another worker. */
bool being_born(struct utrace_thread *thread)
{
	return thread->newborn || (thread->born_here && !thread->first_stop) ||
	       thread->move;
}

/*
 * A child that is to move leaves before its creator goes on, whose callbacks
 * might take long.  Its stops come at once, unless the machine is very busy.
 */
static void see_off(struct worker *worker, struct utrace_thread *child)
{
	int tries, status;

	for (tries = 0; tries < SEE_OFF_TRIES && port_load(&child->owner) == worker &&
			child->tid == child->tgid && being_born(child); tries++)
		if (worker_take_stop(worker, child->tid, &status))
			handle_stop(worker, child->tid, status);
		else if (tries < SEE_OFF_YIELDS)
			sched_yield();
		else
			usleep(100);
}

void at_clone(struct worker *worker, struct utrace_thread *thread,
		     int event)
{
	struct utrace_decision decision;
	struct utrace_thread *child;
	bool hidden = thread->clone_hidden;
	unsigned long tid, flags;

	inside_call(thread);
	if (ptrace(PTRACE_GETEVENTMSG, thread->tid, 0, &tid) < 0)
		return;
	flags = machine_clone_flags(thread, event);
	if (hidden)
		flags |= CLONE_UNTRACED;
	clone_show_flag(thread);
	child = expect_newborn(worker, tid);
	if (IS_ERR(child)) {
		after_event(thread, utrace_report_vfork(state_of(thread)));
		return;
	}
	child->abi = thread->abi;
	child->clone_hidden = hidden;
	child->clone_made = thread->clone_made;
	child->clone_asked = thread->clone_asked;
	decision = utrace_report_clone(state_of(thread), flags, child);
	set_current(NULL);
	if (child->newborn)
		release_newborn(worker, child);
	see_off(worker, child);
	utrace_thread_put(child);
	set_current(thread);
	if (event == PTRACE_EVENT_VFORK) {
		decision = utrace_report_vfork(state_of(thread));
		if (decision.resume == UTRACE_STOP) {
			park(thread, PARKED_VFORK);
			return;
		}
	}
	after_event(thread, decision);
}

/* The first stop of one that was born in our hands: whether that is all. */
bool at_first_stop(struct worker *worker, struct utrace_thread *thread,
		   int sig)
{
	if (!thread->born_here || thread->first_stop)
		return false;
	thread->first_stop = true;
	if (!thread->newborn) {
		clone_show_flag(thread);
		return sig == SIGTRAP && (let_go(thread, 0) ||
					  move_begin(worker, thread));
	}
	/* its creator's report releases it */
	thread->ticking = true;
	reaper_count_ticks(1);
	set_run(thread, RUN_TRAPPED);
	return true;
}

