// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Signal-delivery stops: what the signal is, and what becomes of it.
 *
 * ptrace lets a tracer choose the signal that is delivered, and no more: the
 * kernel then does what the thread has set for that number.  Every disposition
 * that an engine may choose is mapped to such a number; where there is none the
 * nearest effect is taken, and told.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ptrace_host.h"

/* ---- what the thread has set ------------------------------------------------ */

static bool in_mask(uint64_t mask, int signr)
{
	return signr >= 1 && signr <= 64 && (mask >> (signr - 1) & 1);
}

/* ptrace tells no address of a handler, only that there is one (SIG-4). */
static void own_action(struct utrace_thread *thread, int signr,
		       struct k_sigaction *ka)
{
	struct proc_info info;

	memset(ka, 0, sizeof(*ka));
	ka->sa.sa_handler = SIG_DFL;
	if (signr == SIGSTOP || signr == SIGKILL ||
	    proc_read_status(thread->tgid, thread->tid, &info))
		return;
	if (in_mask(info.sig_ignored, signr))
		ka->sa.sa_handler = SIG_IGN;
	else if (in_mask(info.sig_caught, signr))
		ka->sa.sa_handler = UTRACE_SIG_CAUGHT;
}

enum by_default { DEFAULT_IGN, DEFAULT_STOP, DEFAULT_TERM, DEFAULT_CORE };

static enum by_default by_default(int signr)
{
	switch (signr) {
	case SIGCONT:
	case SIGCHLD:
	case SIGWINCH:
	case SIGURG:
		return DEFAULT_IGN;
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return DEFAULT_STOP;
	case SIGQUIT:
	case SIGILL:
	case SIGTRAP:
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
	case SIGXCPU:
	case SIGXFSZ:
	case SIGSYS:
		return DEFAULT_CORE;
	default:
		return DEFAULT_TERM;
	}
}

bool signal_dumps(int signr)
{
	return by_default(signr) == DEFAULT_CORE;
}

/* Whether it ends the process when it is delivered. */
bool signal_is_fatal(struct utrace_thread *thread, int signr)
{
	struct k_sigaction own;

	if (signr == SIGKILL)
		return true;
	if (signr < 1 || signr > 64 || (by_default(signr) != DEFAULT_TERM &&
					by_default(signr) != DEFAULT_CORE))
		return false;
	own_action(thread, signr, &own);
	return own.sa.sa_handler == SIG_DFL;
}

/* ---- what cannot be done --------------------------------------------------- */

static const char same_handler[] =
	"the thread's own disposition of the signal was used";
static const char other_stop[] =
	"the process was stopped as asked, by SIGSTOP";
static const char other_number[] =
	"the process was ended as asked, by another signal than the one named";

/*
 * After each report_signal(): replace what cannot be carried out by the nearest
 * effect.  Null if nothing was replaced.
 */
const char *utrace_host_refuses_signal(struct task_struct *task,
				       struct utrace_signal *sig, u32 *action,
				       const char **id)
{
	int signr = sig->info.si_signo;
	struct k_sigaction own;
	u32 what = *action & UTRACE_SIGNAL_MASK;
	bool default_stop = by_default(signr) == DEFAULT_STOP;

	if (signr && !default_stop && (what == UTRACE_SIGNAL_STOP ||
				       what == UTRACE_SIGNAL_TSTP)) {
		*id = "SIG-5";
		return other_stop;
	}
	if (!signr || (what != UTRACE_SIGNAL_DELIVER &&
		       what != UTRACE_SIGNAL_TERM &&
		       what != UTRACE_SIGNAL_CORE))
		return NULL;
	own_action(task, signr, &own);
	if (what == UTRACE_SIGNAL_DELIVER) {
		/* SIG_IGN is nothing, and SIG_DFL what it says */
		if (sig->return_ka.sa.sa_handler == SIG_IGN ||
		    sig->return_ka.sa.sa_handler == own.sa.sa_handler ||
		    (sig->return_ka.sa.sa_handler == SIG_DFL &&
		     by_default(signr) == DEFAULT_IGN))
			return NULL;
		if (sig->return_ka.sa.sa_handler == SIG_DFL) {
			*id = "SIG-5";
			return signr == SIGSTOP ? NULL :
			       default_stop ? other_stop : other_number;
		}
		*id = "SIG-4";
		sig->return_ka = own;
		return same_handler;
	}
	if (own.sa.sa_handler == SIG_DFL &&
	    by_default(signr) == (what == UTRACE_SIGNAL_TERM ? DEFAULT_TERM :
							       DEFAULT_CORE))
		return NULL;
	*id = "SIG-5";
	return other_number;
}

/* ---- choosing the number ----------------------------------------------------- */

/* A signal with default disposition that does what is wanted; 0: none. */
static int stand_in(struct utrace_thread *thread, u32 what)
{
	static const int core[] = { SIGABRT, SIGQUIT, SIGSYS, SIGXCPU, SIGXFSZ,
				    SIGTRAP, SIGILL, SIGBUS, SIGFPE, SIGSEGV };
	struct k_sigaction own;
	unsigned int i;

	if (what == UTRACE_SIGNAL_CORE) {
		for (i = 0; i < sizeof(core) / sizeof(core[0]); i++) {
			own_action(thread, core[i], &own);
			if (own.sa.sa_handler == SIG_DFL)
				return core[i];
		}
	}
	return SIGKILL;
}

static bool orphaned(struct utrace_thread *thread)
{
	/*
	 * The kernel looks when SIGTSTP with its default disposition is
	 * delivered; only for other signals it is up to us.
	 */
	struct proc_stat stat;
	pid_t group = getpgid(thread->tgid), parent_group;

	if (proc_read_stat(thread->tgid, thread->tid, &stat))
		return false;
	parent_group = getpgid(stat.ppid);
	return parent_group < 0 || parent_group == group ||
	       getsid(stat.ppid) != getsid(thread->tgid);
}

/* The number to deliver, so that what engines chose happens; 0: nothing. */
static int number_for(struct utrace_thread *thread, u32 what)
{
	const struct utrace_signal *sig = &thread->sig;
	int signr = sig->info.si_signo;
	struct k_sigaction own;

	switch (what) {
	case UTRACE_SIGNAL_DELIVER:
		if (!signr || sig->return_ka.sa.sa_handler == SIG_IGN)
			return 0;
		own_action(thread, signr, &own);
		if (sig->return_ka.sa.sa_handler != SIG_DFL)
			return signr;
		if (by_default(signr) == DEFAULT_IGN)
			return 0;
		if (own.sa.sa_handler == SIG_DFL)
			return signr;
		/* the default of a signal that the thread does not leave so */
		switch (by_default(signr)) {
		case DEFAULT_STOP:
			return SIGSTOP;
		case DEFAULT_TERM:
			return stand_in(thread, UTRACE_SIGNAL_TERM);
		default:
			return stand_in(thread, UTRACE_SIGNAL_CORE);
		}
	case UTRACE_SIGNAL_TERM:
	case UTRACE_SIGNAL_CORE:
		own_action(thread, signr, &own);
		if (signr && own.sa.sa_handler == SIG_DFL &&
		    by_default(signr) == (what == UTRACE_SIGNAL_TERM ?
					  DEFAULT_TERM : DEFAULT_CORE))
			return signr;
		return stand_in(thread, what);
	case UTRACE_SIGNAL_STOP:
		own_action(thread, signr, &own);
		if (by_default(signr) == DEFAULT_STOP &&
		    own.sa.sa_handler == SIG_DFL && !orphaned(thread))
			return signr;
		return SIGSTOP;
	case UTRACE_SIGNAL_TSTP:
		own_action(thread, signr, &own);
		if (signr != SIGSTOP && by_default(signr) == DEFAULT_STOP &&
		    own.sa.sa_handler == SIG_DFL)
			return signr;
		return orphaned(thread) ? 0 : SIGSTOP;
	default:
		return 0;
	}
}

/* ---- signals of our making ----------------------------------------------------- */

void drop_made_signals(struct utrace_thread *thread)
{
	struct made_signal *made;

	while (!list_empty(&thread->made)) {
		made = list_first_entry(&thread->made, struct made_signal,
					link);
		list_del_init(&made->link);
		free(made);
	}
}

/*
 * Queue a signal whose information is ours to give when it arrives: from
 * outside, the kernel lets nobody queue one that looks like its own.
 */
static void queue_made(struct utrace_thread *thread, bool decided, u32 action,
		       int signr)
{
	struct made_signal *made = calloc(1, sizeof(*made));
	siginfo_t info = { .si_signo = signr };
	uint64_t mask;

	if (!made)
		return;
	made->info = thread->sig.info;
	made->decided = decided;
	made->action = action;
	list_add_tail(&made->link, &thread->made);
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_ptr = made;
	if (decided && !thread->mask_changed &&
	    !ptrace(PTRACE_GETSIGMASK, thread->tid, sizeof(mask), &mask) &&
	    in_mask(mask, signr)) {
		/* it comes at once, blocked or not */
		thread->mask_saved = mask;
		mask &= ~(1ULL << (signr - 1));
		if (!ptrace(PTRACE_SETSIGMASK, thread->tid, sizeof(mask),
			    &mask))
			thread->mask_changed = true;
	}
	syscall(SYS_rt_tgsigqueueinfo, thread->tgid, thread->tid, signr, &info);
}

static struct made_signal *made_for(struct utrace_thread *thread,
				    const siginfo_t *info)
{
	struct made_signal *made;

	if (info->si_code != SI_QUEUE)
		return NULL;
	list_for_each_entry(made, &thread->made, link)
		if (made == info->si_value.sival_ptr)
			return made;
	return NULL;
}

/* ---- carrying it out -------------------------------------------------------------- */

/*
 * @stopped_by_signal: the thread is in a signal-delivery stop.  Elsewhere a
 * signal can only be queued, and is delivered when it comes back.
 */
void carry_signal(struct utrace_thread *thread, struct utrace_decision decision,
		  bool stopped_by_signal)
{
	u32 action = thread->sig.action;
	bool handler = false;
	struct k_sigaction own;
	siginfo_t info = thread->sig.info;
	int signr;

	if ((action & UTRACE_SIGNAL_HOLD) && info.si_signo)
		queue_made(thread, false, 0, info.si_signo);
	signr = number_for(thread, action & UTRACE_SIGNAL_MASK);
	if (!signr) {
		if (stopped_by_signal && thread->regs.valid)
			machine_repair_eintr(regs_of(thread));
		if (let_go(thread, 0))
			return;
		if (decision.resume <= UTRACE_REPORT)
			at_user(thread, false);
		else
			resume(thread, 0, decision.resume);
		return;
	}
	if (!stopped_by_signal) {
		thread->sig.info.si_signo = signr;
		queue_made(thread, true, action, signr);
		resume(thread, 0, UTRACE_RESUME);
		return;
	}
	info.si_signo = signr;
	ptrace(PTRACE_SETSIGINFO, thread->tid, 0, &info);
	own_action(thread, signr, &own);
	handler = own.sa.sa_handler == UTRACE_SIG_CAUGHT;
	if (exit_at_signal(thread, signr))
		return;
	if (let_go(thread, signr))
		return;
	if (handler && decision.resume != UTRACE_RESUME) {
		thread->handler_due = true;
		decision.resume = UTRACE_REPORT;
	}
	resume(thread, signr, decision.resume);
}

/* A call that we cut short was cut short by this signal after all. */
static void end_suspended_call(struct utrace_thread *thread)
{
	if (thread->suspended && thread->exit_deferred)
		report_call_exit(thread);
	thread->suspended = false;
	thread->exit_deferred = false;
	thread->in_call = false;
}

static bool is_step_trap(struct utrace_thread *thread, const siginfo_t *info)
{
	return thread->stepping && info->si_signo == SIGTRAP &&
	       (info->si_code == TRAP_TRACE || info->si_code == TRAP_BRKPT ||
		info->si_code == SIGTRAP ||
		(info->si_code == SI_USER && !info->si_pid));
}

/*
 * At a stop that is not for a signal: those come first, so the trap of a step
 * that is over may be on the thread's queue.
 */
void look_for_step_trap(struct utrace_thread *thread)
{
	struct __ptrace_peeksiginfo_args args = { .nr = 8 };
	siginfo_t infos[8];
	bool found = false;
	long i, n;

	if (!thread->stepping)
		return;
	while (!found && (n = ptrace(PTRACE_PEEKSIGINFO, thread->tid, &args,
				     infos)) > 0) {
		for (i = 0; i < n; i++)
			found |= is_step_trap(thread, &infos[i]);
		args.off += n;
	}
	thread->stepping = found;
}

static void report_signal(struct utrace_thread *thread, bool step_trap,
			  bool stopped_by_signal)
{
	struct utrace_signal *sig = &thread->sig;
	struct utrace_decision decision;

	own_action(thread, sig->info.si_signo, &sig->orig_ka);
	sig->step = step_trap;
	if (step_trap)
		sig->orig_ka.sa.sa_handler = SIG_DFL;
	decision = utrace_report_signal(state_of(thread), regs_of(thread), sig);
	/* nobody's step leaves a signal for the program (SIG-14) */
	if (step_trap && sig->action == UTRACE_SIGNAL_CORE &&
	    sig->info.si_signo == SIGTRAP)
		sig->action = UTRACE_SIGNAL_IGN;
	carry_signal(thread, decision, stopped_by_signal);
}

/* A step over a system call is over, and no trap says so. */
void fake_step_trap(struct utrace_thread *thread)
{
	thread->stepping = false;
	memset(&thread->sig.info, 0, sizeof(thread->sig.info));
	thread->sig.info.si_signo = SIGTRAP;
	thread->sig.info.si_code = TRAP_TRACE;
	thread->sig.info.si_addr = (void *)regs_of(thread)->ip;
	report_signal(thread, true, false);
}

void at_signal_stop(struct utrace_thread *thread, int signr)
{
	struct utrace_signal *sig = &thread->sig;
	struct utrace_decision decision = { .abort = false };
	struct made_signal *made;
	bool step_trap;

	if (regs_fetch(thread) ||
	    ptrace(PTRACE_GETSIGINFO, thread->tid, 0, &sig->info) < 0)
		return;
	sig->info.si_signo = signr;
	end_suspended_call(thread);
	step_trap = is_step_trap(thread, &sig->info);
	thread->stepping = false;
	made = made_for(thread, &sig->info);
	if (made) {
		sig->info = made->info;
		list_del_init(&made->link);
		if (made->decided) {
			if (thread->mask_changed) {
				thread->mask_changed = false;
				ptrace(PTRACE_SETSIGMASK, thread->tid,
				       sizeof(thread->mask_saved),
				       &thread->mask_saved);
			}
			sig->action = made->action;
			free(made);
			decision.resume = utrace_due(state_of(thread));
			carry_signal(thread, decision, true);
			return;
		}
		free(made);
	}
	report_signal(thread, step_trap, true);
}
