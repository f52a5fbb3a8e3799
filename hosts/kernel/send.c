// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals that are sent.
 *
 * The kernel drops ignored signals when they are sent, and begins to kill the
 * whole group when one is sent that will be fatal.  Where engines want to see
 * them first, the disposition is made to look otherwise for the length of the
 * kernel's decision, under siglock: the signal goes on the queue, and what was
 * to become of it becomes of it when it is taken.  Ignored ones do not stay there
 * (ignored.c).
 */
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>

#include "kernel_host.h"

/* Not SIG_DFL, not SIG_IGN; never seen without siglock. */
#define SOME_HANDLER	((__sighandler_t)2)

/* Who is to see the signal, or to hold the thread that it ends where it exits. */
#define WANT_TERM	(UTRACE_EVENT(SIGNAL_TERM) | UTRACE_EVENT(QUIESCE) | \
			 UTRACE_EVENT(EXIT))

static __sighandler_t *handler_of(struct task_struct *task, int sig)
{
	return &task->sighand->action[sig - 1].sa.sa_handler;
}

static bool dies_of(struct task_struct *task, int sig)
{
	return *handler_of(task, sig) == SIG_DFL && !sig_kernel_only(sig) &&
	       !sig_kernel_ignore(sig) && !sig_kernel_stop(sig) &&
	       !sig_kernel_coredump(sig);
}

/* A group that is dying takes no SIGKILL any more, but a stop at its exit must. */
static void end_stops_at_exit(struct task_struct *task)
{
	struct task_struct *thread;
	struct traced *traced;

	for_each_thread(task, thread) {
		traced = traced_find(thread);
		if (!traced)
			continue;
		/* also if it is only on its way to the stop */
		traced->killed = true;
		/* a ptrace tracer ends its own */
		if (traced->held && !task_is_traced(thread))
			kernel(wake_up_state)(thread, __TASK_TRACED);
	}
}

/* Siglock is held; maybe in an interrupt. */
HOOK(FOR_GROUP, bool, prepare_signal,
     (int sig, struct task_struct *task, bool force))
{
	__sighandler_t *handler = handler_of(task, sig), saved = *handler;
	bool queue, shown = ignored_when_sent(task, sig) &&
		traced_group_wants(task, UTRACE_EVENT(SIGNAL_IGN));

	if (sig == SIGKILL && (task->signal->flags & SIGNAL_GROUP_EXIT))
		end_stops_at_exit(task);
	if (sig == SIGCONT)
		new_continue(task);
	if (shown)
		*handler = SOME_HANDLER;
	queue = original(prepare_signal)(sig, task, force);
	if (shown)
		*handler = saved;
	visit_end();
	return queue;
}

/* ---- who takes it ---------------------------------------------------------- */

/*
 * What is sent to a process is taken by a thread that can: not by one that an
 * engine holds, just as a ptrace tracer's stopped ones do not.  The kernel does not
 * know of ours.
 */
static bool takes_signals(struct task_struct *thread)
{
	return !is_held(thread) && !(thread->flags & PF_EXITING) &&
	       !(thread->jobctl & (JOBCTL_STOPPED | JOBCTL_TRACED));
}

static bool other_can_take(struct task_struct *task, int sig)
{
	struct task_struct *thread;

	for_each_thread(task, thread)
		if (takes_signals(thread) &&
		    !sigismember(&thread->blocked, sig))
			return true;
	return false;
}

/*
 * Nobody sees what is blocked meanwhile, for the thread sleeps.  If all that could
 * take it are held, the one that goes on first does.
 */
static void let_others_take(struct task_struct *task, int sig)
{
	struct task_struct *thread;
	struct traced *traced;

	if (sig == SIGKILL || !other_can_take(task, sig))
		return;
	for_each_thread(task, thread) {
		traced = traced_find(thread);
		if (traced && traced->held &&
		    !sigismember(&thread->blocked, sig)) {
			sigaddset(&thread->blocked, sig);
			traced->passed_over = true;
		}
	}
}

static void pass_over_no_more(struct task_struct *task, int sig)
{
	struct task_struct *thread;
	struct traced *traced;

	for_each_thread(task, thread) {
		traced = traced_find(thread);
		if (traced && traced->passed_over) {
			sigdelset(&thread->blocked, sig);
			traced->passed_over = false;
		}
	}
}

HOOK(FOR_GROUP, void, complete_signal,
     (int sig, struct task_struct *task, enum pid_type type))
{
	__sighandler_t *handler = handler_of(task, sig), saved = *handler;
	bool held_back = dies_of(task, sig) &&
			 traced_group_wants(task, WANT_TERM);

	if (held_back)
		*handler = SOME_HANDLER;
	if (type != PIDTYPE_PID)
		let_others_take(task, sig);
	if (!ignored_when_sent(task, sig) || !ignored_keep(sig, task, type))
		original(complete_signal)(sig, task, type);
	if (type != PIDTYPE_PID)
		pass_over_no_more(task, sig);
	if (held_back)
		*handler = saved;
	visit_end();
}

/* What of @pending @thread does not block, in @those; whether there is any. */
static bool unblocked(sigset_t *those, const sigset_t *pending,
		      struct task_struct *thread)
{
	sigandnsets(those, pending, &thread->blocked);
	return !sigisemptyset(those);
}

/* Current is going to be held, and may have been chosen to take them. Siglock. */
void pass_on(void)
{
	sigset_t left = current->signal->shared_pending.signal, those;
	struct task_struct *thread;

	if (sigisemptyset(&left))
		return;
	for_each_thread(current, thread) {
		if (!takes_signals(thread) ||
		    !unblocked(&those, &left, thread))
			continue;
		if (!task_sigpending(thread))
			kernel(signal_wake_up_state)(thread, 0);
		sigandnsets(&left, &left, &those);
	}
}
