// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stopping a thread, waking it, and waiting until it stands.
 *
 * A stopped thread sleeps in TASK_TRACED without being ptraced: nobody's
 * waitpid() looks at it, and SIGKILL, or what acts like it, wakes it.  So do
 * other signals, by TASK_INTERRUPTIBLE: it takes part in the stops of job
 * control and sleeps on.  For that to work its flags that say that a signal is
 * there are put aside while it sleeps.
 */
#include <linux/freezer.h>

#include "kernel_host.h"

#define TASK_HELD	(TASK_TRACED | TASK_INTERRUPTIBLE)

bool is_dying(void)
{
	return fatal_signal_pending(current) ||
	       (current->signal->flags & SIGNAL_GROUP_EXIT) ||
	       READ_ONCE(current->signal->group_exec_task);
}

/* Under siglock. */
static bool may_hold(struct traced *traced)
{
	return traced->stop && !traced->killed &&
	       !__fatal_signal_pending(current);
}

/* Flags that would keep it from sleeping. */
struct aside {
	bool sigpending;
	bool notify;
};

static void put_aside(struct aside *aside)
{
	if (test_and_clear_thread_flag(TIF_SIGPENDING))
		aside->sigpending = true;
	if (test_and_clear_thread_flag(TIF_NOTIFY_SIGNAL))
		aside->notify = true;
}

static void put_back(const struct aside *aside)
{
	if (aside->sigpending)
		set_thread_flag(TIF_SIGPENDING);
	if (aside->notify)
		set_thread_flag(TIF_NOTIFY_SIGNAL);
}

/*
 * Until hold_end(), or the thread is to die.  The flag and the state change
 * under siglock, as they do for SIGKILL: one of the two comes first.  The
 * freezer of control groups counts it as frozen, as it does a ptraced thread.
 */
static void hold(struct traced *traced)
{
	struct sighand_struct *sighand = current->sighand;
	struct aside aside = {};

	spin_lock_irq(&sighand->siglock);
	traced->held = true;
	while (may_hold(traced)) {
		if ((current->jobctl & JOBCTL_STOP_PENDING) &&
		    !current->ptrace && job_stop_now()) {
			spin_lock_irq(&sighand->siglock);
			continue;
		}
		put_aside(&aside);
		set_special_state(TASK_HELD);
		spin_unlock_irq(&sighand->siglock);
		kernel(cgroup_enter_frozen)();
		schedule();
		kernel(cgroup_leave_frozen)(true);
		spin_lock_irq(&sighand->siglock);
	}
	traced->held = false;
	traced->stop = false;
	put_back(&aside);
	job_stop_rearm();
	spin_unlock_irq(&sighand->siglock);
}

void hold_end(struct traced *traced)
{
	struct task_struct *task = traced->task;
	unsigned long flags;

	if (!kernel(__lock_task_sighand)(task, &flags))
		return;		/* it is dead */
	traced->stop = false;
	if (traced->held && task_is_stopped(task)) {
		/* for job control; it does that again, on its own account */
		task->jobctl &= ~JOBCTL_STOPPED;
		kernel(wake_up_state)(task, __TASK_STOPPED);
	} else if (traced->held) {
		kernel(wake_up_state)(task, __TASK_TRACED);
	}
	unlock_task_sighand(task, &flags);
}

/* Whoever ends the stop from now on sees @stop; who did so before, did not. */
static void stay(struct traced *traced)
{
	struct sighand_struct *sighand = current->sighand;

	spin_lock_irq(&sighand->siglock);
	traced->stop = true;
	spin_unlock_irq(&sighand->siglock);
	if (utrace_holds_stop(state_of(traced)))
		hold(traced);
}

/* A stop that a dying thread does not obey is over for the core too. */
struct utrace_decision obey_stop(struct traced *traced, struct pt_regs *regs,
				 struct utrace_decision decision)
{
	while (decision.resume == UTRACE_STOP) {
		stay(traced);
		if (fatal_signal_pending(current) || traced->killed)
			break;
		decision = utrace_continue(state_of(traced), regs, &traced->sig);
	}
	return decision;
}

/* ---- host.h -------------------------------------------------------------- */

/*
 * Whoever is told that it is keeps it so: SIGCONT wakes it under the same lock,
 * and before it goes on it looks whether an engine holds it.
 */
bool utrace_host_job_stopped(struct task_struct *task)
{
	struct traced *traced;
	bool stopped = false;
	unsigned long flags;

	rcu_read_lock();
	traced = traced_find(task);
	if (traced && kernel(__lock_task_sighand)(task, &flags)) {
		/* it may have been stopped before it was attached to */
		if (task_is_stopped(task))
			WRITE_ONCE(traced->job_stopped, true);
		stopped = traced->job_stopped;
		unlock_task_sighand(task, &flags);
	}
	rcu_read_unlock();
	return stopped;
}

static bool holds_stop(struct task_struct *task)
{
	bool holds;

	rcu_read_lock();
	holds = utrace_holds_stop(state_find(task));
	rcu_read_unlock();
	return holds;
}

/* It may be on its way to the stop, or be frozen there. */
int utrace_host_inactive(struct task_struct *task)
{
	const unsigned int stopped = __TASK_TRACED | __TASK_STOPPED |
				     TASK_FROZEN;
	unsigned int state;

	for (;;) {
		state = READ_ONCE(task->__state);
		if ((state & stopped) && !(state & ~(stopped | TASK_WAKEKILL |
						     TASK_INTERRUPTIBLE)) &&
		    kernel(wait_task_inactive)(task, state))
			return 0;
		if (READ_ONCE(task->exit_state) || !holds_stop(task))
			return -EAGAIN;
		schedule_timeout_uninterruptible(1);
	}
}
