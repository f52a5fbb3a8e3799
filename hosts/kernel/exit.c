// SPDX-License-Identifier: GPL-2.0-only
/* Exit, death, and reaping. */
#include <linux/sched/signal.h>

#include "kernel_host.h"

/* ---- exit ------------------------------------------------------------------ */

/*
 * It does not exit of its own accord, nor of a signal that was reported: nothing
 * holds it back then (KIL-1).
 */
static bool is_killed(struct traced *traced)
{
	return (traced->in_get_signal && !traced->fatal) ||
	       fatal_signal_pending(current);
}

/*
 * What the parent sees is the code of the group if the group exits, else that of
 * the leader.
 */
static void change_code(long code, bool killed)
{
	struct signal_struct *signal = current->signal;

	if (killed && !thread_group_leader(current))
		return;
	siglock();
	if (signal->flags & SIGNAL_GROUP_EXIT)
		signal->group_exit_code = code;
	sigunlock();
}

static long report_exit(struct traced *traced, long orig_code)
{
	bool killed = is_killed(traced);
	struct utrace_decision decision;
	long code = orig_code;

	decision = utrace_report_exit(state_of(traced), orig_code, &code);
	if (!killed)
		obey_stop(traced, task_pt_regs(current), decision, false);
	if (code != orig_code)
		change_code(code, killed);
	return code;
}

/* It comes back neither from here nor to any wrapper that it is in. */
HOOK(FOR_EXITING, void, do_exit, (long code))
{
	struct traced *traced = frame_enter();

	/* after an oops there is no telling what it holds */
	if (!(current->flags & PF_EXITING) && !in_atomic() && !irqs_disabled())
		code = report_exit(traced, code);
	frames_drop(traced);
	original(do_exit)(code);
}

/* ---- death ----------------------------------------------------------------- */

/* Here alone one is told whether it is the last of its group. */
HOOK(FOR_KNOWN, void, taskstats_exit, (struct task_struct *task, int group_dead))
{
	struct traced *traced = traced_current();

	/* it is PF_EXITING, and is given no more of them */
	ignored_drop_own(traced);
	traced->group_dead = group_dead;
	original(taskstats_exit)(task, group_dead);
	visit_end();
}

/*
 * What its parent is sent when it becomes a zombie (DTH-1).  A leader whose threads
 * live on does not come here: the last of them does, for it.  Tasklist_lock is
 * held.
 */
HOOK(FOR_KNOWN, bool, do_notify_parent, (struct task_struct *task, int sig))
{
	struct traced *traced = traced_current();
	bool reaps_itself;
	int told = sig;

	/* as the kernel has it: not of the parent's choosing if it has changed */
	if (sig != SIGCHLD && !task->ptrace &&
	    task->parent_exec_id != READ_ONCE(task->parent->self_exec_id))
		told = SIGCHLD;
	if (task == current)
		traced->parent_told = told;
	reaps_itself = original(do_notify_parent)(task, sig);
	visit_end();
	return reaps_itself;
}

/* The zombie that it has become may be reaped at any time. */
HOOK(FOR_KNOWN, void, proc_exit_connector, (struct task_struct *task))
{
	struct traced *traced = traced_current();

	traced_died(traced, traced->parent_told);
	original(proc_exit_connector)(task);
	visit_end();
}

/* ---- reaping --------------------------------------------------------------- */

/* Nobody can find it any more.  One that reaps itself has not died yet for us. */
HOOK(FOR_FIRST, void, release_thread, (struct task_struct *task))
{
	struct traced *traced = traced_get(task);

	if (traced) {
		if (task == current)
			traced_died(traced, -1);
		traced_reaped(traced);
		traced_put(traced);
	}
	original(release_thread)(task);
	visit_end();
}
