// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way back to user mode: reports that are due, stops, steps.
 *
 * Everything happens in get_signal(), which a thread comes to on its way out
 * when a signal is pending or TIF_NOTIFY_SIGNAL is set.  That flag cuts a system
 * call short, so a report that must not do so comes by task work, which runs on
 * that way too and sets the flag when it does no harm.
 */
#include "kernel_host.h"

/* ---- bringing it there ----------------------------------------------------- */

/*
 * Others run it too.  A ptrace stop may come before a call is made; io_uring runs
 * it where it waits, takes the flag back, and waits on: then the way out of the
 * call is to be seen.  A bit too many is taken away there.
 */
static void report_soon(struct callback_head *work)
{
	struct traced *traced = container_of(work, struct traced, report);

	clear_bit(0, &traced->report_queued);
	if (!(current->flags & PF_EXITING) && !traced->notifies) {
		set_thread_flag(TIF_NOTIFY_SIGNAL);
		/* set as long as the way out has not come to it */
		if (test_thread_flag(TIF_NOTIFY_RESUME))
			syscalls_arm_exit(current);
	}
	visit_end();
}

void report_init(struct traced *traced)
{
	init_task_work(&traced->report, report_soon);
}

static bool is_report(struct callback_head *work, void *traced)
{
	return work == &((struct traced *)traced)->report;
}

void report_cancel(struct traced *traced)
{
	if (kernel(task_work_cancel_match)(traced->task, is_report, traced)) {
		clear_bit(0, &traced->report_queued);
		visit_end();
	}
}

bool report_is_due(struct traced *traced)
{
	return test_bit(0, &traced->report_queued);
}

void ask_for_report(struct traced *traced)
{
	if (test_and_set_bit(0, &traced->report_queued))
		return;
	visit_begin();
	if (kernel(task_work_add)(traced->task, &traced->report, TWA_RESUME)) {
		/* it exits */
		clear_bit(0, &traced->report_queued);
		visit_end();
	}
}

/*
 * By the thread itself.  A system call that it is about to make is not cut short,
 * unless that is what is wanted.
 */
void come_back(struct traced *traced)
{
	WRITE_ONCE(traced->due, true);
	ask_for_report(traced);
}

void come_back_to(struct traced *traced, struct utrace_decision decision)
{
	bool steps = decision.resume == UTRACE_SINGLESTEP ||
		     decision.resume == UTRACE_BLOCKSTEP;

	if (decision.resume <= UTRACE_REPORT || steps != traced->stepping ||
	    (steps && traced->by_block != (decision.resume == UTRACE_BLOCKSTEP)))
		come_back(traced);
	if (decision.resume == UTRACE_INTERRUPT)
		set_thread_flag(TIF_NOTIFY_SIGNAL);
}

/* From outside: a system call that sleeps is cut short, as by a signal. */
static void interrupt(struct task_struct *task)
{
	if (test_and_set_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL))
		return;
	if (!kernel(wake_up_state)(task, TASK_INTERRUPTIBLE))
		kick_process(task);
}

void utrace_host_kick(struct task_struct *task, unsigned int what)
{
	struct traced *traced;

	rcu_read_lock();
	traced = traced_find(task);
	if (!traced)
		goto out;
	if (what & UTRACE_KICK_WANTED)
		syscalls_arm(traced);
	if (what & ~UTRACE_KICK_WANTED)
		smp_store_mb(traced->due, true);
	if (what & UTRACE_KICK_INTERRUPT)
		interrupt(task);
	/* whoever steps, or comes to hooks, for nobody has to come and stop that */
	if (what & (UTRACE_KICK_REPORT | UTRACE_KICK_IDLE))
		ask_for_report(traced);
	if (what & ~UTRACE_KICK_WANTED)
		hold_end(traced);
out:
	rcu_read_unlock();
}

void utrace_host_sync(void)
{
}

bool utrace_host_settled(struct task_struct *task)
{
	return true;
}
