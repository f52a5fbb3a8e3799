// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals that a thread takes.
 *
 * A signal is reported when get_signal() takes it off the queue: the wrapper of
 * dequeue_signal() drops the lock, reports, takes the lock again, and answers
 * with what get_signal() is to go on with.  If engines left the disposition
 * alone, that is the signal itself, so that a ptrace tracer beside us, the
 * kernel's tracepoints and its own rules see what they always see.
 */
#include <linux/coredump.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <linux/uprobes.h>

#include "kernel_host.h"

/* The kernel's own: these it takes first, without dequeue_signal(). */
#define SYNCHRONOUS						\
	(sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) |	\
	 sigmask(SIGTRAP) | sigmask(SIGFPE) | sigmask(SIGSYS))

static struct k_sigaction *action_of(int signr)
{
	return &current->sighand->action[signr - 1];
}

/* ---- what is to become of a signal ---------------------------------------- */

u32 default_action(int signr)
{
	if (sig_kernel_ignore(signr))
		return UTRACE_SIGNAL_IGN;
	if (signr == SIGSTOP)
		return UTRACE_SIGNAL_STOP;
	if (sig_kernel_stop(signr))
		return UTRACE_SIGNAL_TSTP;
	return sig_kernel_coredump(signr) ? UTRACE_SIGNAL_CORE :
					    UTRACE_SIGNAL_TERM;
}

/* What the kernel would do by itself with this number. */
static bool is_own(struct traced *traced, int signr)
{
	const struct utrace_signal *sig = &traced->sig;
	const struct k_sigaction *ka = &sig->orig_ka;

	if (sig->info.si_signo != signr || (sig->action & UTRACE_SIGNAL_HOLD))
		return false;
	if (sig->action == UTRACE_SIGNAL_DELIVER)
		return !memcmp(&sig->return_ka, ka, sizeof(*ka));
	if (ka->sa.sa_handler == SIG_IGN)
		return sig->action == UTRACE_SIGNAL_IGN;
	return ka->sa.sa_handler == SIG_DFL &&
	       sig->action == default_action(signr);
}

enum carried {
	CARRIED_NOTHING,
	CARRIED_DELIVER,	/* traced->delivery */
	CARRIED_STOP		/* a group stop, traced->stop_number */
};

static void __noreturn terminate(struct traced *traced, bool core)
{
	kernel_siginfo_t info;

	memcpy(&info, &traced->sig.info, sizeof(info));
	traced->fatal = true;
	current->flags |= PF_SIGNALED;
	if (core) {
		kernel(proc_coredump_connector)(current);
		kernel(do_coredump)(&info);
	}
	kernel(do_group_exit)(info.si_signo);
	unreachable();
}

/* get_signal() is to answer with this one. */
static void deliver(struct traced *traced, int signr)
{
	struct ksignal *ksig = &traced->delivery;
	struct k_sigaction *own = action_of(signr);

	memset(ksig, 0, sizeof(*ksig));
	ksig->ka = traced->sig.return_ka;
	ksig->sig = signr;
	memcpy(&ksig->info, &traced->sig.info, sizeof(ksig->info));
	if (ksig->ka.sa.sa_flags & SA_ONESHOT) {
		siglock();
		if (own->sa.sa_handler == ksig->ka.sa.sa_handler)
			own->sa.sa_handler = SIG_DFL;
		sigunlock();
	}
	traced->delivers = true;
}

static void put_back(struct traced *traced, int signr)
{
	kernel_siginfo_t info;

	memcpy(&info, &traced->sig.info, sizeof(info));
	siglock();
	if (kernel(send_signal_locked)(signr, &info, current, PIDTYPE_PID))
		atomic_long_inc(&missed_held_signals);
	sigunlock();
}

/*
 * What engines chose, where it is not what the kernel does by itself.  No lock is
 * held.  Does not return if the process is to end.
 */
static enum carried carry_out(struct traced *traced)
{
	int signr = traced->sig.info.si_signo;
	u32 what = traced->sig.action & UTRACE_SIGNAL_MASK;

	if (!valid_signal(signr))
		signr = 0;
	if ((traced->sig.action & UTRACE_SIGNAL_HOLD) && signr)
		put_back(traced, signr);
	if (what == UTRACE_SIGNAL_DELIVER && signr &&
	    traced->sig.return_ka.sa.sa_handler == SIG_DFL)
		what = default_action(signr);
	switch (what) {
	case UTRACE_SIGNAL_DELIVER:
		if (!signr || traced->sig.return_ka.sa.sa_handler == SIG_IGN)
			return CARRIED_NOTHING;
		deliver(traced, signr);
		return CARRIED_DELIVER;
	case UTRACE_SIGNAL_TERM:
	case UTRACE_SIGNAL_CORE:
		terminate(traced, what == UTRACE_SIGNAL_CORE);
	case UTRACE_SIGNAL_TSTP:
		if (kernel(is_current_pgrp_orphaned)())
			return CARRIED_NOTHING;
		fallthrough;
	case UTRACE_SIGNAL_STOP:
		traced->stop_number = signr ?: SIGSTOP;
		return CARRIED_STOP;
	default:
		return CARRIED_NOTHING;
	}
}

/* ---- taking one off the queue -------------------------------------------- */

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define DEQUEUE_PARAMS	(sigset_t *mask, kernel_siginfo_t *info,	\
			 enum pid_type *type)
#define take(mask, info, type) original(dequeue_signal)(mask, info, type)
#else
#define DEQUEUE_PARAMS	(struct task_struct *task, sigset_t *mask,	\
			 kernel_siginfo_t *info, enum pid_type *type)
#define take(mask, info, type)						\
	original(dequeue_signal)(current, mask, info, type)
#endif

static int next_reported(struct traced *traced, sigset_t *mask,
		       kernel_siginfo_t *info, enum pid_type *type);

/* Others than get_signal() take what they find: sigtimedwait(), signalfd. */
HOOK(FOR_CURRENT, int, dequeue_signal, DEQUEUE_PARAMS)
{
	struct traced *traced = frame_enter();
	int signr;

	if (mask != &current->blocked) {
		signr = take(mask, info, type);
	} else {
		/* it may have been in get_signal() when it was attached to */
		if (!traced->in_get_signal)
			come_back(traced);
		signr = next_reported(traced, mask, info, type);
	}
	frame_leave(traced);
	return signr;
}

int take_one(int signr, kernel_siginfo_t *info)
{
	enum pid_type type;
	sigset_t others;

	sigfillset(&others);
	sigdelset(&others, signr);
	return take(&others, info, &type);
}

/*
 * Signals of the instruction that is executed come first, and get_signal() takes
 * them by itself: so take them before it does, and after a stop once more, for one
 * may have been held.
 */
void stash_synchronous(struct traced *traced)
{
	enum pid_type type;

	siglock();
	if (!traced->stashed && !__fatal_signal_pending(current) &&
	    (current->pending.signal.sig[0] & ~current->blocked.sig[0] &
	     SYNCHRONOUS)) {
		clear_siginfo(&traced->stash);
		traced->stash.si_signo = take(&current->blocked, &traced->stash,
					      &type);
		traced->stashed = traced->stash.si_signo;
	}
	sigunlock();
}

static int take_next(struct traced *traced, sigset_t *mask,
		     kernel_siginfo_t *info, enum pid_type *type)
{
	*type = PIDTYPE_PID;
	if (!traced->stashed)
		return take(mask, info, type);
	traced->stashed = false;
	copy_siginfo(info, &traced->stash);
	return info->si_signo;
}

/* The lock was dropped, and SIGKILL, or what acts like it, comes first. */
static int die(kernel_siginfo_t *info)
{
	clear_siginfo(info);
	info->si_signo = SIGKILL;
	sigdelset(&current->pending.signal, SIGKILL);
	kernel(recalc_sigpending)();
	return SIGKILL;
}

/*
 * Report @info, which was taken off the queue; @ignored: it had been dropped when
 * it was sent.  Whether get_signal() is to go on with it as it stands in
 * traced->sig; the rest is up to carry_out().
 */
static bool report(struct traced *traced, const kernel_siginfo_t *info,
		   bool ignored, struct utrace_decision *decision)
{
	struct utrace_signal *sig = &traced->sig;
	int signr = info->si_signo;
	/* a step of an engine's ended, and one of a ptrace tracer's with it */
	bool shared = signr == SIGTRAP && traced->shared_trap;
	bool step = shared || (signr == SIGTRAP && traced->step_trap);

	if (signr == SIGTRAP)
		traced->step_trap = traced->shared_trap = false;
	memset(&sig->info, 0, sizeof(sig->info));
	memcpy(&sig->info, info, sizeof(*info));
	sig->orig_ka = *action_of(signr);
	sig->step = step;
	if (step)
		sig->orig_ka.sa.sa_handler = SIG_DFL;
	/* what the program has made of it by now is too late */
	if (ignored && (sig->orig_ka.sa.sa_handler != SIG_DFL ||
			!sig_kernel_ignore(signr)))
		sig->orig_ka.sa.sa_handler = SIG_IGN;
	/* SIGCONT takes the mark away, and with it a stop by this signal */
	current->jobctl |= JOBCTL_STOP_DEQUEUED;
	sigunlock();
	*decision = utrace_report_signal(state_of(traced), task_pt_regs(current), sig);
	/* nobody's step leaves a signal for the program (SIG-14) */
	if (step && sig->action == UTRACE_SIGNAL_CORE &&
	    sig->info.si_signo == SIGTRAP)
		sig->action = UTRACE_SIGNAL_IGN;
	/* the tracer is to see it as it is */
	if (shared) {
		memcpy(&sig->info, info, sizeof(*info));
		return true;
	}
	return !step && !ignored && is_own(traced, signr);
}

static bool runs_handler(const struct k_sigaction *ka)
{
	return ka->sa.sa_handler != SIG_DFL && ka->sa.sa_handler != SIG_IGN;
}

/* After a delivery, STOP and steps come once the handler is set up (SIG-3). */
static void after_delivery(struct traced *traced,
			   struct utrace_decision decision)
{
	if (runs_handler(&traced->sig.return_ka) &&
	    decision.resume < UTRACE_RESUME)
		traced->handler_wanted = true;
	come_back_for(traced, decision);
}

static bool ends_process(struct traced *traced, int signr)
{
	u32 action = default_action(signr);

	return traced->sig.orig_ka.sa.sa_handler == SIG_DFL &&
	       (action == UTRACE_SIGNAL_TERM || action == UTRACE_SIGNAL_CORE);
}

/*
 * Reports come before signals, but where nobody makes them: a call that is to end
 * with EINTR for a handler would be made again if get_signal() answered nothing.
 */
static bool must_report_first(struct traced *traced)
{
	return (READ_ONCE(traced->due) || traced->job_stopped) &&
	       traced->in_get_signal && !facility_leaves();
}

/*
 * The next signal that get_signal() is to act on, 0: none.  Called and returns
 * with the lock held, drops it for reports.
 */
static int next_reported(struct traced *traced, sigset_t *mask,
		       kernel_siginfo_t *info, enum pid_type *type)
{
	struct utrace_decision decision;
	enum carried carried;
	bool ignored;
	int signr;

	traced->fatal = false;
	traced->stopping_by = 0;
	for (;;) {
		if (traced->stop_number) {
			traced->stopping_by = traced->stop_number;
			traced->stop_number = 0;
			clear_siginfo(info);
			info->si_signo = traced->stopping_by;
			*type = PIDTYPE_PID;
			return SIGSTOP;
		}
		if (must_report_first(traced)) {
			traced->again = true;
			return 0;
		}
		ignored = !traced->stashed && ignored_are_kept(traced);
		signr = ignored ? ignored_take(traced, info) :
				  take_next(traced, mask, info, type);
		if (!signr || signr == SIGKILL)
			return signr;
		traced->reported = signr;
		if (report(traced, info, ignored, &decision)) {
			after_delivery(traced, decision);
			siglock();
			if (is_dying())
				return die(info);
			memcpy(info, &traced->sig.info, sizeof(*info));
			traced->fatal = ends_process(traced, signr);
			return signr;
		}
		carried = carry_out(traced);
		if (carried == CARRIED_DELIVER)
			after_delivery(traced, decision);
		else
			come_back_for(traced, decision);
		siglock();
		if (is_dying())
			return die(info);
		if (carried == CARRIED_DELIVER)
			return 0;
		if (current->jobctl & JOBCTL_STOP_PENDING) {
			traced->again = true;
			return 0;
		}
	}
}

/* ---- get_signal() --------------------------------------------------------- */

/* Between an instruction that a uprobe displaced and the next: not now. */
static bool in_uprobe(void)
{
#ifdef CONFIG_UPROBES
	return current->utask && current->utask->active_uprobe;
#else
	return false;
#endif
}

bool is_to_take(struct traced *traced)
{
	return traced->stashed || traced->stop_number ||
	       ignored_are_kept(traced);
}

static void show_pending(struct traced *traced)
{
	if (is_to_take(traced))
		set_thread_flag(TIF_SIGPENDING);
}

static bool get(struct traced *traced, struct ksignal *ksig);

HOOK(FOR_CURRENT, bool, get_signal, (struct ksignal *ksig))
{
	struct traced *traced = frame_enter();
	bool got;

	if (in_uprobe()) {
		got = original(get_signal)(ksig);
	} else {
		syscalls_left(traced);
		got = get(traced, ksig);
		/* what a handler comes back to has no trap flag of ours */
		if (got)
			step_aside(traced);
		if (READ_ONCE(traced->due))
			set_thread_flag(TIF_NOTIFY_SIGNAL);
		show_pending(traced);
		traced_settle(traced);
	}
	frame_leave(traced);
	return got;
}

#ifdef CONFIG_UPROBES
/* That is over: what came meanwhile found no way in. */
HOOK(FOR_CURRENT, void, uprobe_notify_resume, (struct pt_regs *regs))
{
	struct traced *traced = frame_enter();

	original(uprobe_notify_resume)(regs);
	if (!in_uprobe()) {
		if (report_is_wanted(traced))
			set_thread_flag(TIF_NOTIFY_SIGNAL);
		show_pending(traced);
	}
	frame_leave(traced);
}
#endif

/*
 * What is due before the next signal is taken.  Whether an engine made a signal
 * that is to be delivered now.
 */
static bool report_user(struct traced *traced)
{
	struct pt_regs *regs = task_pt_regs(current);
	struct utrace_decision decision;
	bool handler;

	while (!is_dying() && (xchg(&traced->due, false) ||
			       traced->handler_due || traced->job_stopped)) {
		handler = traced->handler_due;
		traced->handler_due = false;
		decision = utrace_report_user(state_of(traced), regs, &traced->sig,
					      handler);
		if (decision.resume != UTRACE_STOP && traced->job_stopped) {
			/* whoever found it so before has a word in it */
			smp_store_mb(traced->job_stopped, false);
			if (utrace_holds_stop(state_of(traced)))
				WRITE_ONCE(traced->due, true);
		}
		WRITE_ONCE(traced->job_stopped, false);
		decision = obey_stop(traced, regs, decision, false);
		if (decision.resume == UTRACE_STOP)
			return false;
		if (decision.resume <= UTRACE_REPORT)
			WRITE_ONCE(traced->due, true);
		else
			step_as(traced, decision.resume);
		if (traced->sig.action == UTRACE_SIGNAL_REPORT)
			continue;
		/* a stop is begun as if its signal had been taken just now */
		siglock();
		current->jobctl |= JOBCTL_STOP_DEQUEUED;
		sigunlock();
		switch (carry_out(traced)) {
		case CARRIED_DELIVER:
			after_delivery(traced, decision);
			return true;
		case CARRIED_STOP:
			return false;
		default:
			break;
		}
	}
	return false;
}

/* The original, with dequeue_signal() in our hands. */
static bool take_signal(struct traced *traced, struct ksignal *ksig)
{
	bool got;

	stash_synchronous(traced);
	show_pending(traced);
	traced->in_get_signal = true;
	traced->reported = 0;
	step_aside(traced);
	got = original(get_signal)(ksig);
	traced->in_get_signal = false;
	traced->tells = false;
	traced->fatal = false;
	if (got && !traced->reported && !current->ptrace)
		atomic_long_inc(&missed_signals_unseen);
	step_refresh(traced);
	return got;
}

static bool get(struct traced *traced, struct ksignal *ksig)
{
	bool got;

	do {
		traced->again = false;
		clear_notify_signal();
		if (task_work_pending(current))
			kernel(task_work_run)();
		report_continued(traced, false);
		got = traced->delivers || report_user(traced) ||
		      take_signal(traced, ksig);
		if (traced->delivers)
			*ksig = traced->delivery;
		got |= traced->delivers;
		traced->delivers = false;
	} while (!got && (traced->again || READ_ONCE(traced->due)) &&
		 !is_dying() && !facility_leaves());
	return got;
}

/* A handler is set up. A step into it is reported so, and not as a trap. */
HOOK(FOR_CURRENT, void, signal_setup_done,
     (int failed, struct ksignal *ksig, int stepping))
{
	struct traced *traced = frame_enter();

	original(signal_setup_done)(failed, ksig,
				    stepping && (!traced->stepping ||
						 traced->foreign_step));
	if (traced->handler_wanted && !failed) {
		traced->handler_due = true;
		come_back(traced);
	}
	traced->handler_wanted = false;
	/* setting it up ended the step, and with it took away a work bit */
	step_refresh(traced);
	frame_leave(traced);
}
