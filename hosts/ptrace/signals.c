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
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ptrace_host.h"

/* ---- what the thread has set ------------------------------------------------ */

static bool in_mask(uint64_t mask, int signr)
{
	return signr >= 1 && signr <= 64 && (mask >> (signr - 1) & 1);
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
	action_class(thread, signr, &own);
	return own.sa.sa_handler == SIG_DFL;
}

/* ---- ends ------------------------------------------------------------------- */

/* What a signal does by default, of those that do end a process. */
static u32 end_by_default(int signr)
{
	return by_default(signr) == DEFAULT_CORE ? UTRACE_SIGNAL_CORE :
						   UTRACE_SIGNAL_TERM;
}

/*
 * Whether this signal can end the process that way: by default it would, or would but
 * for a dump, which a limit prevents; and the thread leaves it so, or can be made to.
 */
static bool can_end(struct utrace_thread *thread, u32 what, int signr)
{
	struct injection place = { .in_handler = false };
	struct k_sigaction own;

	switch (by_default(signr)) {
	case DEFAULT_TERM:
		if (what != UTRACE_SIGNAL_TERM)
			return false;
		break;
	case DEFAULT_CORE:
		if (what != UTRACE_SIGNAL_CORE && may_dump(thread) &&
		    !can_forbid_dump(thread))
			return false;
		break;
	default:
		return false;
	}
	action_class(thread, signr, &own);
	return own.sa.sa_handler == SIG_DFL || inject_begin(thread, &place);
}

/* Whether the signal in *info is to end the process, and what stands in its way. */
static bool is_to_end(struct utrace_thread *thread, int signr)
{
	const struct utrace_signal *sig = &thread->sig;
	u32 what = sig->action & UTRACE_SIGNAL_MASK;

	if (what == UTRACE_SIGNAL_DELIVER &&
	    sig->return_ka.sa.sa_handler == SIG_DFL &&
	    by_default(signr) != DEFAULT_STOP)
		what = end_by_default(signr);
	return signr == sig->info.si_signo && signr != SIGKILL &&
	       (what == UTRACE_SIGNAL_TERM || what == UTRACE_SIGNAL_CORE);
}

/*
 * Have the process ready to be ended by it.  It ends, so nothing is put back.  Returns
 * as action_set() does.
 */
static int clear_the_way(struct utrace_thread *thread, int signr, int *status)
{
	const struct k_sigaction by_default_ka = { 0 };
	struct rlimit before;
	struct k_sigaction own;

	if ((thread->sig.action & UTRACE_SIGNAL_MASK) == UTRACE_SIGNAL_TERM &&
	    signal_dumps(signr) && may_dump(thread))
		forbid_dump(thread, &before);
	action_class(thread, signr, &own);
	return own.sa.sa_handler == SIG_DFL ? 0 :
	       action_set(thread, false, signr, &by_default_ka, status);
}

/* ---- what cannot be done --------------------------------------------------- */

static const char same_handler[] =
	"the thread's own disposition of the signal was used";
static const char too_late[] =
	"the process is being ended by its filter of system calls";
static const char other_stop[] =
	"the process was stopped as asked, by SIGSTOP";
static const char other_number[] =
	"the process was ended as asked, by another signal than the one named";

/* An address, and not one of the words for what else there is. */
static bool is_handler(const struct k_sigaction *ka)
{
	return ka->sa.sa_handler != SIG_DFL && ka->sa.sa_handler != SIG_IGN &&
	       ka->sa.sa_handler != UTRACE_SIG_CAUGHT;
}

/* Whether a handler of an engine's choosing can be set up. */
static bool can_run(struct utrace_thread *thread, const struct k_sigaction *ka,
		    const struct k_sigaction *own)
{
	unsigned int changed = ka->sa.sa_flags ^ thread->sig.orig_ka.sa.sa_flags;

	if (!is_handler(ka))
		return false;
	if (thread->trial.up)
		return !(changed & ~machine_frame_flags(thread));
	if (own->sa.sa_handler == UTRACE_SIG_CAUGHT)
		return true;
	if (machine_is_i386(thread))
		return false;
	/* where its other stack is, ptrace does not tell */
	return !(ka->sa.sa_flags & SA_ONSTACK) &&
	       !machine_has_shadow_stack(thread);
}

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

	if (task->exiting) {
		if (*action == UTRACE_SIGNAL_CORE)
			return NULL;
		*id = "SIG-5";
		return too_late;
	}
	if (signr && !default_stop && (what == UTRACE_SIGNAL_STOP ||
				       what == UTRACE_SIGNAL_TSTP)) {
		*id = "SIG-5";
		return other_stop;
	}
	if (!signr || (what != UTRACE_SIGNAL_DELIVER &&
		       what != UTRACE_SIGNAL_TERM &&
		       what != UTRACE_SIGNAL_CORE))
		return NULL;
	action_class(task, signr, &own);
	if (what == UTRACE_SIGNAL_DELIVER) {
		/* SIG_IGN is nothing, and SIG_DFL what it says */
		if (sig->return_ka.sa.sa_handler == SIG_IGN ||
		    sig->return_ka.sa.sa_handler == own.sa.sa_handler ||
		    can_run(task, &sig->return_ka, &own) ||
		    (sig->return_ka.sa.sa_handler == SIG_DFL &&
		     by_default(signr) == DEFAULT_IGN))
			return NULL;
		if (sig->return_ka.sa.sa_handler == SIG_DFL) {
			*id = "SIG-5";
			if (default_stop)
				return signr == SIGSTOP ? NULL : other_stop;
			return can_end(task, end_by_default(signr), signr) ?
			       NULL : other_number;
		}
		*id = "SIG-4";
		sig->return_ka = own;
		return same_handler;
	}
	if (can_end(task, what, signr))
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
			action_class(thread, core[i], &own);
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
		action_class(thread, signr, &own);
		if (sig->return_ka.sa.sa_handler != SIG_DFL)
			return signr;
		if (by_default(signr) == DEFAULT_IGN)
			return 0;
		if (own.sa.sa_handler == SIG_DFL)
			return signr;
		/* the default of a signal that the thread does not leave so */
		if (by_default(signr) == DEFAULT_STOP)
			return SIGSTOP;
		what = end_by_default(signr);
		return can_end(thread, what, signr) ? signr :
						      stand_in(thread, what);
	case UTRACE_SIGNAL_TERM:
	case UTRACE_SIGNAL_CORE:
		return can_end(thread, what, signr) ? signr :
						      stand_in(thread, what);
	case UTRACE_SIGNAL_STOP:
		action_class(thread, signr, &own);
		if (by_default(signr) == DEFAULT_STOP &&
		    own.sa.sa_handler == SIG_DFL && !orphaned(thread))
			return signr;
		return SIGSTOP;
	case UTRACE_SIGNAL_TSTP:
		action_class(thread, signr, &own);
		if (signr != SIGSTOP && by_default(signr) == DEFAULT_STOP &&
		    own.sa.sa_handler == SIG_DFL)
			return signr;
		return orphaned(thread) ? 0 : SIGSTOP;
	default:
		return 0;
	}
}

/* ---- signals of our making ----------------------------------------------------- */

bool has_decided_signal(struct utrace_thread *thread)
{
	struct made_signal *made;

	list_for_each_entry(made, &thread->made, link)
		if (made->decided)
			return true;
	return false;
}

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
static struct made_signal *queue_made(struct utrace_thread *thread,
				      bool decided, u32 action, int signr)
{
	struct made_signal *made = calloc(1, sizeof(*made));
	siginfo_t info = { .si_signo = signr };
	uint64_t mask;

	if (!made)
		return NULL;
	made->info = thread->sig.info;
	made->ka = thread->sig.return_ka;
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
	return made;
}

/* Elsewhere than at a signal's delivery: @signr comes next, for what was chosen. */
static void queue_decided(struct utrace_thread *thread, int signr)
{
	struct utrace_signal *sig = &thread->sig;
	const siginfo_t info = sig->info;
	struct made_signal *made;

	sig->info.si_signo = signr;
	made = queue_made(thread, true, sig->action, signr);
	if (made && (sig->action & UTRACE_SIGNAL_HOLD))
		made->held = info;
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

/* A handler is about to run, and that is told if somebody waits for it (SIG-3). */
static void run_handler(struct utrace_thread *thread,
			struct utrace_decision decision)
{
	if (let_go(thread, 0))
		return;
	if (decision.resume != UTRACE_RESUME)
		at_user(thread, true);
	else
		resume(thread, 0, UTRACE_RESUME);
}

/* Whether it is to run a handler for a signal that it does not catch. */
static bool makes_handler(struct utrace_thread *thread)
{
	struct utrace_signal *sig = &thread->sig;
	struct k_sigaction own;

	if ((sig->action & UTRACE_SIGNAL_MASK) != UTRACE_SIGNAL_DELIVER ||
	    !is_handler(&sig->return_ka) || machine_is_i386(thread))
		return false;
	action_class(thread, sig->info.si_signo, &own);
	return own.sa.sa_handler != UTRACE_SIG_CAUGHT;
}

/*
 * There is no room for a handler: the kernel makes a SIGSEGV of it then, which nobody
 * can block or ignore.
 */
static void fault_instead(struct utrace_thread *thread)
{
	siginfo_t *info = &thread->sig.info;
	struct k_sigaction own;
	uint64_t mask;

	memset(info, 0, sizeof(*info));
	info->si_signo = SIGSEGV;
	info->si_code = SI_KERNEL;
	action_class(thread, SIGSEGV, &own);
	if (own.sa.sa_handler == SIG_IGN) {
		syscall(SYS_tgkill, thread->tgid, thread->tid, SIGKILL);
		return;
	}
	if (!ptrace(PTRACE_GETSIGMASK, thread->tid, sizeof(mask), &mask) &&
	    in_mask(mask, SIGSEGV)) {
		mask &= ~(1ULL << (SIGSEGV - 1));
		ptrace(PTRACE_SETSIGMASK, thread->tid, sizeof(mask), &mask);
	}
	queue_made(thread, false, 0, SIGSEGV);
}

/* The stop that came in between. */
void in_other_stop(struct utrace_thread *thread, int status)
{
	regs_flush(thread);
	handle_stop(thread->owner, thread->tid, status);
}

/*
 * The thread sends it to itself: then it is on its queue as it is, whatever becomes of
 * us.  Returns as inject_call() does.
 */
int send_itself(struct utrace_thread *thread, bool in_handler,
		const siginfo_t *info, int *status)
{
	struct injection place = { .in_handler = in_handler };
	struct proc_info self;
	long result = 0;
	int err;

	/* of 32 bits a siginfo_t looks different */
	if (machine_is_i386(thread) ||
	    proc_read_status(thread->tgid, thread->tid, &self) ||
	    !inject_begin(thread, &place))
		return -EPERM;
	memcpy(place.data, info, sizeof(*info));
	err = inject_call(thread, &place, SYS_rt_tgsigqueueinfo,
			  (unsigned long[6]){ self.own_tgid, self.own_tid,
					      info->si_signo, place.room },
			  &result, status);
	return err ?: (int)result;
}

/* What a thread can be asked to do where it stands. */
enum place {
	NO_PLACE,		/* nothing: it is about to be delivered a signal */
	ON_ITS_WAY,		/* to user mode */
	IN_HANDLER		/* at the first instruction of one */
};

/*
 * What HOLD asks for: the signal in *info is seen again.  False: the thread is in
 * another stop, which has been dealt with, or is no more.
 */
static bool hold(struct utrace_thread *thread, enum place place)
{
	int signr = thread->sig.info.si_signo, status = NO_STOP, err = -EPERM;

	if (!(thread->sig.action & UTRACE_SIGNAL_HOLD) || !signr)
		return true;
	if (place != NO_PLACE)
		err = send_itself(thread, place == IN_HANDLER,
				  &thread->sig.info, &status);
	if (err)
		queue_made(thread, false, 0, signr);
	if (status == NO_STOP)
		return err != -ESRCH;
	in_other_stop(thread, status);
	return false;
}

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
	int signr, err = 0, status = NO_STOP;

	signr = number_for(thread, action & UTRACE_SIGNAL_MASK);
	if (signr && is_to_end(thread, signr))
		err = clear_the_way(thread, signr, &status);
	if (err == -EAGAIN) {
		/* it is heard of again after that stop */
		queue_made(thread, false, 0, signr);
		in_other_stop(thread, status);
		return;
	}
	if (err == -ESRCH) {
		if (status != NO_STOP)
			in_other_stop(thread, status);
		return;
	}
	if (err)
		signr = stand_in(thread, action & UTRACE_SIGNAL_MASK);
	if (signr && (!stopped_by_signal || thread->displaced) &&
	    !makes_handler(thread)) {
		queue_decided(thread, signr);
		resume(thread, 0, UTRACE_RESUME);
		return;
	}
	if (!hold(thread, signr ? NO_PLACE : ON_ITS_WAY))
		return;
	if (signr && makes_handler(thread)) {
		if (trial_make_handler(thread)) {
			run_handler(thread, decision);
			return;
		}
		fault_instead(thread);
		signr = 0;
	}
	if (!signr) {
		if (thread->regs.valid)
			machine_repair_eintr(regs_of(thread));
		if (let_go(thread, 0))
			return;
		if (decision.resume <= UTRACE_REPORT)
			at_user(thread, false);
		else
			resume(thread, 0, decision.resume);
		return;
	}
	info.si_signo = signr;
	ptrace(PTRACE_SETSIGINFO, thread->tid, 0, &info);
	thread->ended_by = signal_is_fatal(thread, signr) ? signr : 0;
	action_class(thread, signr, &own);
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

/* No handler runs, though one was set up. */
static void carry_taken_back(struct utrace_thread *thread,
			     struct utrace_decision decision, int status)
{
	int signr;

	if (status == NO_STOP) {
		carry_signal(thread, decision, false);
		return;
	}
	signr = number_for(thread, thread->sig.action & UTRACE_SIGNAL_MASK);
	if (signr)
		queue_decided(thread, signr);
	else if (!hold(thread, NO_PLACE))
		return;
	in_other_stop(thread, status);
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

	sig->step = step_trap;
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
	memset(&thread->sig.orig_ka, 0, sizeof(thread->sig.orig_ka));
	report_signal(thread, true, false);
}

/* It comes to do what engines chose when they heard of it. */
static void at_decided_signal(struct utrace_thread *thread,
			      struct made_signal *made)
{
	struct utrace_signal *sig = &thread->sig;
	struct utrace_decision decision = { .abort = false };

	if (thread->mask_changed) {
		thread->mask_changed = false;
		ptrace(PTRACE_SETSIGMASK, thread->tid,
		       sizeof(thread->mask_saved), &thread->mask_saved);
	}
	if (made->held.si_signo) {
		sig->info = made->held;
		queue_made(thread, false, 0, made->held.si_signo);
		sig->info = made->info;
	}
	sig->action = made->action & ~UTRACE_SIGNAL_HOLD;
	sig->return_ka = made->ka;
	free(made);
	if ((sig->action & UTRACE_SIGNAL_MASK) == UTRACE_SIGNAL_DELIVER &&
	    is_handler(&sig->return_ka) &&
	    trial_begins(thread, sig->info.si_signo, true))
		return;
	decision.resume = utrace_due(state_of(thread));
	carry_signal(thread, decision, true);
}

void at_signal_stop(struct utrace_thread *thread, int signr)
{
	struct utrace_signal *sig = &thread->sig;
	struct made_signal *made;
	bool step_trap;

	if (regs_fetch(thread) ||
	    ptrace(PTRACE_GETSIGINFO, thread->tid, 0, &sig->info) < 0)
		return;
	sig->info.si_signo = signr;
	if (thread->trial.failed && signr == SIGSEGV &&
	    sig->info.si_code == SI_KERNEL) {
		thread->trial.failed = false;
		resume(thread, 0, utrace_due(state_of(thread)));
		return;
	}
	end_suspended_call(thread);
	step_trap = is_step_trap(thread, &sig->info);
	thread->stepping = false;
	made = made_for(thread, &sig->info);
	if (made) {
		sig->info = made->info;
		ptrace(PTRACE_SETSIGINFO, thread->tid, 0, &sig->info);
		list_del_init(&made->link);
		if (made->decided) {
			at_decided_signal(thread, made);
			return;
		}
		free(made);
	}
	if (step_trap) {
		memset(&sig->orig_ka, 0, sizeof(sig->orig_ka));
	} else {
		action_class(thread, signr, &sig->orig_ka);
		if (trial_begins(thread, signr, false))
			return;
	}
	report_signal(thread, step_trap, true);
}

/* Not with @status, which is that of another stop: it is looked at after that. */
static void carry_trial(struct utrace_thread *thread,
			struct utrace_decision decision, int status)
{
	if (!trial_is_it(thread) || !trial_serves(thread)) {
		trial_take_back(thread, &status);
		carry_taken_back(thread, decision, status);
		return;
	}
	trial_carry_out(thread, &status);
	if (!hold(thread, status == NO_STOP ? IN_HANDLER : NO_PLACE))
		return;
	if (status != NO_STOP) {
		thread->handler_due = decision.resume != UTRACE_RESUME;
		in_other_stop(thread, status);
		return;
	}
	run_handler(thread, decision);
}

/*
 * The kernel found no room for a handler, and makes a SIGSEGV of the signal: that is
 * what its delivery comes to.  If engines choose otherwise there is to be none.
 */
static void at_failed_trial(struct utrace_thread *thread, int status)
{
	struct utrace_signal *sig = &thread->sig;
	struct utrace_decision decision;

	if (!thread->trial.decided) {
		sig->orig_ka.sa.sa_handler = UTRACE_SIG_CAUGHT;
		sig->step = false;
		decision = utrace_report_signal(state_of(thread),
						regs_of(thread), sig);
		if ((sig->action & UTRACE_SIGNAL_MASK) !=
			    UTRACE_SIGNAL_DELIVER ||
		    sig->return_ka.sa.sa_handler == SIG_IGN) {
			thread->trial.failed = true;
			carry_taken_back(thread, decision,
					 WSTOPSIG(status) == SIGTRAP ?
						 NO_STOP : status);
			return;
		}
	}
	in_other_stop(thread, status);
}

/* After trial_begins(). */
void at_trial_stop(struct utrace_thread *thread, int status)
{
	bool alone = WSTOPSIG(status) == SIGTRAP;
	struct utrace_decision decision;
	struct utrace_signal *sig = &thread->sig;
	int other;

	switch (trial_ends(thread, alone, &other)) {
	case -ESRCH:
		if (other != NO_STOP)
			handle_stop(thread->owner, thread->tid, other);
		return;
	case -ENOENT:
		at_failed_trial(thread, status);
		return;
	}
	if (!alone)
		other = status;
	sig->step = false;
	if (thread->trial.decided)
		decision.resume = utrace_due(state_of(thread));
	else
		decision = utrace_report_signal(state_of(thread),
						regs_of(thread), sig);
	carry_trial(thread, decision, other);
}
