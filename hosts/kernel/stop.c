// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stopping a thread, waking it, and waiting until it stands.
 *
 * A stopped thread sleeps in TASK_TRACED without being ptraced: nobody's
 * waitpid() looks at it, and SIGKILL, or what acts like it, wakes it.  So do
 * other signals, by TASK_INTERRUPTIBLE: it takes part in the stops of job
 * control, and in those of a ptrace tracer, and sleeps on.  For that to work its
 * flags that say that a signal is there are put aside while it sleeps.
 */
#include <linux/freezer.h>
#include <linux/ptrace.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>

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

/*
 * What the process was sent another may have taken meanwhile, or there is none but
 * this one to take it.
 */
static void put_back(struct traced *traced, const struct aside *aside)
{
	bool pending = aside->sigpending || test_thread_flag(TIF_SIGPENDING);

	kernel(recalc_sigpending)();
	if (is_to_take(traced) ||
	    (pending && (current->signal->flags & SIGNAL_CLD_MASK)))
		set_thread_flag(TIF_SIGPENDING);
	if (aside->notify)
		set_thread_flag(TIF_NOTIFY_SIGNAL);
}

/* For a ptrace tracer who asked for it, or for a group stop that he sees. */
static void trap(void)
{
	struct signal_struct *signal = current->signal;
	int signr = current->jobctl & JOBCTL_STOP_SIGMASK, code = signr;

	if (current->ptrace & PT_SEIZED) {
		if (!signal->group_stop_count &&
		    !(signal->flags & SIGNAL_STOP_STOPPED))
			signr = SIGTRAP;
		code = signr | PTRACE_EVENT_STOP << 8;
	}
	kernel(ptrace_do_notify)(signr, code, CLD_STOPPED, 0);
}

/* The SIGSTOP of PTRACE_ATTACH, or of a debugger who stops a single thread. */
static void take_sigstop(void)
{
	kernel_siginfo_t info;
	int signr = take_one(SIGSTOP, &info);

	signr = kernel(ptrace_do_notify)(signr, signr, CLD_TRAPPED, 0);
	if (signr == SIGSTOP)
		job_stop_now(signr);
	else if (valid_signal(signr) && signr)
		kernel(send_signal_locked)(signr, SEND_SIG_NOINFO, current,
					   PIDTYPE_PID);
}

/*
 * A ptrace tracer may attach to a thread that an engine holds: where it stands, it
 * stops for the tracer too, and engines hear nothing of that.  Under siglock,
 * which is dropped meanwhile.  False: nobody wants that.
 */
static bool ptrace_stop_now(void)
{
	if (!current->ptrace)
		return false;
	if (current->jobctl & JOBCTL_TRAP_MASK)
		trap();
	else if (sigismember(&current->pending.signal, SIGSTOP))
		take_sigstop();
	else
		return false;
	return true;
}

/*
 * Until hold_end(), or the thread is to die.  The flag and the state change
 * under siglock, as they do for SIGKILL: one of the two comes first.  The
 * freezer of control groups counts it as frozen, as it does a ptraced thread.
 */
static void hold(struct traced *traced)
{
	struct aside aside = {};

	step_aside(traced);
	siglock();
	traced->held = true;
	pass_on();
	while (may_hold(traced)) {
		if ((current->jobctl & JOBCTL_STOP_PENDING) && job_stop_now(0))
			continue;
		if (ptrace_stop_now())
			continue;
		put_aside(&aside);
		set_special_state(TASK_HELD);
		sigunlock();
		kernel(cgroup_enter_frozen)();
		schedule();
		kernel(cgroup_leave_frozen)(true);
		siglock();
	}
	traced->held = false;
	traced->stop = false;
	put_back(traced, &aside);
	/* a tracer waits in PTRACE_ATTACH until it is there */
	if (current->jobctl & JOBCTL_TRAPPING)
		ptrace_stop_now();
	job_stop_rearm();
	if (ignored_are_kept(traced))
		ignored_tell(traced);
	sigunlock();
	step_refresh(traced);
}

void hold_end(struct traced *traced)
{
	struct task_struct *task = traced->task;
	unsigned long flags;

	if (!kernel(__lock_task_sighand)(task, &flags))
		return;		/* it is dead */
	traced->stop = false;
	if (task_is_traced(task)) {
		/* for a ptrace tracer; it looks when that is over */
	} else if (traced->held && task_is_stopped(task)) {
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
	siglock();
	traced->stop = true;
	sigunlock();
	if (utrace_holds_stop(state_of(traced)))
		hold(traced);
}

/*
 * A stop that a dying thread does not obey is over for the core too.  If the group
 * was stopped meanwhile, a call that is still to be made waits for SIGCONT.
 */
struct utrace_decision obey_stop(struct traced *traced, struct pt_regs *regs,
				 struct utrace_decision decision,
				 bool before_call)
{
	while (decision.resume == UTRACE_STOP) {
		stay(traced);
		if (before_call)
			job_stop_again(traced);
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

void utrace_host_get_task(struct task_struct *task)
{
	get_task_struct(task);
}

void utrace_host_put_task(struct task_struct *task)
{
	put_task_struct(task);
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
