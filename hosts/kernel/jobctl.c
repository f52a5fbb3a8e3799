// SPDX-License-Identifier: GPL-2.0-only
/*
 * Job control: group stops, and their ends.
 *
 * A stop is begun first and reported then, so that a SIGCONT that comes in
 * meanwhile finds a stop to end.  The report of the thread that completes the
 * stop says so: the others give their share in it up before their reports, and
 * it keeps its own until after.
 */
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>

#include "kernel_host.h"

/* ---- begin ----------------------------------------------------------------- */

/* Its tracer, who has it listen, is to hear of the stop. */
static void wake_listener(struct task_struct *thread)
{
	bool listens = thread->jobctl & JOBCTL_LISTENING;

	if (listens)
		thread->jobctl &= ~JOBCTL_TRACED;
	kernel(signal_wake_up_state)(thread, listens ? __TASK_TRACED : 0);
}

static void ask_to_stop(struct task_struct *thread, unsigned long how)
{
	struct signal_struct *signal = current->signal;

	if (task_is_stopped(thread) ||
	    !kernel(task_set_jobctl_pending)(thread, how))
		return;
	signal->group_stop_count++;
	if (thread == current)
		return;
	if (thread->ptrace & PT_SEIZED) {
		kernel(task_set_jobctl_pending)(thread, JOBCTL_TRAP_NOTIFY);
		wake_listener(thread);
	} else {
		kernel(signal_wake_up_state)(thread, 0);
	}
}

/* Whether the group is to stop because of @signr now. */
static bool begin(int signr)
{
	struct signal_struct *signal = current->signal;
	struct task_struct *thread;

	if (!(current->jobctl & JOBCTL_STOP_DEQUEUED) ||
	    (signal->flags & SIGNAL_GROUP_EXIT) || signal->group_exec_task)
		return false;
	/* one stop has one signal, even if others come during it */
	if (!(signal->flags & SIGNAL_STOP_STOPPED))
		signal->group_exit_code = signr;
	signal->group_stop_count = 0;
	for_each_thread(current, thread)
		ask_to_stop(thread, signr | JOBCTL_STOP_PENDING |
				    JOBCTL_STOP_CONSUME);
	return current->jobctl & JOBCTL_STOP_PENDING;
}

/* ---- report ---------------------------------------------------------------- */

/* Whether current completes the stop; otherwise its share is given up. */
static bool completes(void)
{
	struct signal_struct *signal = current->signal;

	if (!(current->jobctl & JOBCTL_STOP_CONSUME))
		return false;
	if (signal->group_stop_count == 1 &&
	    !(signal->flags & SIGNAL_STOP_STOPPED))
		return true;
	current->jobctl &= ~JOBCTL_STOP_CONSUME;
	if (signal->group_stop_count)
		signal->group_stop_count--;
	return false;
}

static void report_jctl(struct traced *traced, int type, int notify)
{
	come_back_for(traced, utrace_report_jctl(state_of(traced), type, notify));
}

void new_continue(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct task_struct *thread;
	struct traced *traced;

	if (!(signal->flags & SIGNAL_STOP_STOPPED) && !signal->group_stop_count)
		return;
	for_each_thread(task, thread) {
		traced = traced_find(thread);
		if (traced)
			traced->tells = false;
	}
}

/* One of the group has reported the continue, and is about to tell the parent. */
static bool is_reported(void)
{
	struct task_struct *thread;
	struct traced *traced;

	for_each_thread(current, thread) {
		traced = traced_find(thread);
		if (traced && traced->tells && !(thread->flags & PF_EXITING))
			return true;
	}
	return false;
}

/*
 * Whoever comes first after a continue tells the parent: it takes the note that
 * says so, reports, and puts it back for get_signal() to act on.
 */
void report_continued(struct traced *traced, bool was_stopped)
{
	struct signal_struct *signal = current->signal;
	unsigned int note;

	if (!was_stopped && !(READ_ONCE(signal->flags) & SIGNAL_CLD_MASK))
		return;
	if (!(utrace_wanted(state_of(traced)) & UTRACE_EVENT(JCTL)))
		return;
	siglock();
	note = is_reported() ? 0 : signal->flags & SIGNAL_CLD_MASK;
	signal->flags &= ~note;
	sigunlock();
	if ((was_stopped || note) && !is_dying())
		report_jctl(traced, CLD_CONTINUED,
			    note & SIGNAL_CLD_CONTINUED ? CLD_CONTINUED :
			    note ? CLD_STOPPED : 0);
	siglock();
	signal->flags |= note;
	traced->tells = note;
	if (note)
		set_thread_flag(TIF_SIGPENDING);
	sigunlock();
}

/* ---- do_signal_stop() ------------------------------------------------------- */

static bool stop(struct traced *traced, int signr);
static bool take_part(struct traced *traced, int signr);

/* Siglock is held; true: it was dropped. */
HOOK(FOR_CURRENT, bool, do_signal_stop, (int signr))
{
	struct traced *traced = frame_enter();
	bool stopped;

	if (signr && traced->stopping_by)
		signr = traced->stopping_by;
	traced->stopping_by = 0;
	/* it comes here again, and then through no wrapper */
	stopped = (signr || !facility_leaves()) && take_part(traced, signr);
	if (stopped)
		stash_synchronous(traced);
	frame_leave(traced);
	return stopped;
}

/* Whoever waits for a stop has one. */
static void job_stopped(struct traced *traced)
{
	WRITE_ONCE(traced->job_stopped, true);
	utrace_settled(state_of(traced));
}

static bool take_part(struct traced *traced, int signr)
{
	bool stopped;

	if (utrace_wanted(state_of(traced)) & UTRACE_EVENT(JCTL))
		return stop(traced, signr);
	job_stopped(traced);
	stopped = original(do_signal_stop)(signr);
	if (!stopped)
		WRITE_ONCE(traced->job_stopped, false);
	return stopped;
}

static bool stop(struct traced *traced, int signr)
{
	int notify;

	traced->tells = false;
	if (!(current->jobctl & JOBCTL_STOP_PENDING) && !begin(signr))
		return false;
	notify = completes() ? CLD_STOPPED : 0;
	sigunlock();
	report_jctl(traced, CLD_STOPPED, notify);
	siglock();
	if (current->jobctl & JOBCTL_STOP_PENDING) {
		job_stopped(traced);
		if (!original(do_signal_stop)(0)) {
			/* a ptrace tracer has it stop its way */
			WRITE_ONCE(traced->job_stopped, false);
			return false;
		}
	} else {
		sigunlock();
	}
	if (!is_dying())
		report_continued(traced, true);
	return true;
}

/* A stop makes it count as frozen, until get_signal() comes by: not here. */
static void thaw(void)
{
	if (cgroup_task_frozen(current))
		kernel(cgroup_leave_frozen)(true);
}

/*
 * A thread that an engine holds: it takes part without a report.  Siglock is
 * held.  True: it did; otherwise it has nothing to do, or a ptrace tracer has it
 * stop its way.
 */
bool job_stop_now(int signr)
{
	if (!original(do_signal_stop)(signr))
		return false;
	thaw();
	siglock();
	return true;
}

/*
 * It has taken part, so it has no share to give.  What a ptrace tracer makes of a
 * group stop it has done already.
 */
void job_stop_rearm(void)
{
	struct signal_struct *signal = current->signal;

	if (!current->ptrace && !(current->jobctl & JOBCTL_STOP_PENDING) &&
	    ((signal->flags & SIGNAL_STOP_STOPPED) ||
	     signal->group_stop_count) &&
	    !(signal->flags & SIGNAL_GROUP_EXIT)) {
		current->jobctl |= JOBCTL_STOP_PENDING;
		set_thread_flag(TIF_SIGPENDING);
	}
}

void job_stop_again(struct traced *traced)
{
	siglock();
	while (!current->ptrace && !facility_leaves() && !is_dying() &&
	       (current->jobctl & JOBCTL_STOP_PENDING) && take_part(traced, 0))
		siglock();
	sigunlock();
	/* an engine that has stopped it meanwhile is asked next */
	smp_store_mb(traced->job_stopped, false);
	thaw();
}
