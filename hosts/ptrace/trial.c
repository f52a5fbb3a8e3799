// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A signal that a handler catches, delivered on trial.
 *
 * ptrace tells no handler, and lets a tracer choose none.  But the kernel sets a
 * handler up before the thread runs it, and an interrupt that is pending then stops
 * the thread at the handler's first instruction.  What is on the stack there, and what
 * the thread answers when it is asked, tells all that it has set for the signal.
 *
 * So engines hear of the signal there.  They see the registers as they were before,
 * and nothing of what the kernel has done.  If the signal is delivered as the thread
 * has set, that has been done; what engines chose otherwise is changed where the
 * kernel put it; and if there is to be no handler it is all taken back.  Should the
 * tracer be killed meanwhile, the signal is delivered.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utrace/state.h>

#include "ptrace_host.h"

#define SA_NODEFER_FLAG	0x40000000U

static uint64_t bit_of(int signr)
{
	return 1ULL << (signr - 1);
}

static bool set_mask(struct utrace_thread *thread, uint64_t mask)
{
	return !ptrace(PTRACE_SETSIGMASK, thread->tid, sizeof(mask), &mask);
}

/* As bytes: what engines did not touch is a copy. */
static bool same(const void *a, const void *b, size_t size)
{
	return !memcmp(a, b, size);
}

static void write_registers(struct utrace_thread *thread)
{
	pthread_mutex_lock(&thread->lock);
	regs_flush(thread);
	pthread_mutex_unlock(&thread->lock);
	regs_fetch(thread);
}

/* ---- there and back --------------------------------------------------------- */

/*
 * At the delivery of a signal.  True: it is being delivered, and trial_ends() comes
 * next, unless the thread is killed.
 */
bool trial_begins(struct utrace_thread *thread, int signr, bool decided)
{
	unsigned long wanted = utrace_wanted(state_of(thread));
	struct trial *trial = &thread->trial;
	struct proc_info info;

	if ((!decided && !(wanted & (UTRACE_EVENT(SIGNAL) |
				     UTRACE_EVENT(QUIESCE)))) ||
	    signr < 1 || signr > 64 ||
	    proc_read_status(thread->tgid, thread->tid, &info) ||
	    !(info.sig_caught & bit_of(signr)) ||
	    ptrace(PTRACE_GETSIGMASK, thread->tid, sizeof(trial->mask),
		   &trial->mask))
		return false;
	/* in sigsuspend() and the like these are two */
	trial->blocked = info.sig_blocked;
	trial->signr = signr;
	trial->info = thread->sig.info;
	trial->before = thread->regs.now.user;
	trial->on = true;
	trial->decided = decided;
	trial->failed = false;
	interrupt(thread);
	pthread_mutex_lock(&thread->lock);
	regs_flush(thread);
	set_run(thread, RUN_RUNNING);
	pthread_mutex_unlock(&thread->lock);
	thread->mode = PTRACE_CONT;
	ptrace(PTRACE_CONT, thread->tid, 0, signr);
	return true;
}

/*
 * What the thread has set, once its handler is about to run.  The stop that came
 * instead, while it was asked, is in @status, or 0.
 */
static int learn(struct utrace_thread *thread, bool ask, int *status)
{
	struct k_sigaction *ka = &thread->sig.orig_ka, told;
	struct trial *trial = &thread->trial;
	uint64_t mask = trial->now & ~trial->blocked;
	int err = 0;

	memset(ka, 0, sizeof(*ka));
	memcpy(&ka->sa.sa_mask, &mask, sizeof(mask));
	ka->sa.sa_restorer = (void (*)(void))(uintptr_t)trial->frame.restorer;
	machine_note_restorer(thread, trial->frame.restorer);
	if (ask)
		err = action_read(thread, true, trial->signr, &told, status);
	if (ask && !err)
		*ka = told;
	/* of a handler that is for once nothing else tells any more */
	ka->sa.sa_handler = (__sighandler_t)(uintptr_t)trial->there.rip;
	return err;
}

/*
 * The stop after trial_begins().  If a handler is set up, the registers at hand are
 * those from before, and sig.orig_ka is filled in; all of it only if the thread may be
 * asked.  -ENOENT: none could be; -ESRCH: the thread was killed meanwhile.
 */
int trial_ends(struct utrace_thread *thread, bool ask, int *status)
{
	struct trial *trial = &thread->trial;

	*status = NO_STOP;
	trial->on = false;
	if (regs_fetch(thread))
		return -ESRCH;
	trial->there = thread->regs.was;
	if (!machine_frame_is_up(thread, trial))
		return -ENOENT;
	if (ptrace(PTRACE_GETSIGMASK, thread->tid, sizeof(trial->now),
		   &trial->now) ||
	    learn(thread, ask, status) == -ESRCH)
		return -ESRCH;
	trial->up = true;
	thread->regs.now.user = trial->before;
	return 0;
}

/* ---- what becomes of it ----------------------------------------------------- */

/*
 * Whether what engines changed of it can be put where the kernel has set the handler
 * up.  What else they changed is the kernel's to set up: then it is taken back, and
 * delivered again.
 */
bool trial_serves(struct utrace_thread *thread)
{
	struct trial *trial = &thread->trial;
	struct utrace_signal *sig = &thread->sig;

	return !memcmp(&thread->regs.now.user, &trial->before,
		       sizeof(trial->before)) &&
	       !thread->regs.xstate_dirty &&
	       same(&sig->info, &trial->info, sizeof(sig->info));
}

/* Whether the thread is to run a handler, its own or another. */
bool trial_is_it(struct utrace_thread *thread)
{
	struct utrace_signal *sig = &thread->sig;

	return thread->trial.up && sig->info.si_signo > 0 &&
	       sig->info.si_signo <= 64 &&
	       (sig->action & UTRACE_SIGNAL_MASK) == UTRACE_SIGNAL_DELIVER &&
	       sig->return_ka.sa.sa_handler != SIG_DFL &&
	       sig->return_ka.sa.sa_handler != SIG_IGN;
}

/* The mask that the handler is to run with. */
static uint64_t mask_for(const struct trial *trial,
			 const struct k_sigaction *ka, int signr)
{
	uint64_t mask;

	memcpy(&mask, &ka->sa.sa_mask, sizeof(mask));
	mask |= trial->blocked;
	if (!((unsigned int)ka->sa.sa_flags & SA_NODEFER_FLAG))
		mask |= bit_of(signr);
	return mask & NAP_MASK;
}

/*
 * A handler that is set for once is gone.  If it does not run, or was not to go, it is
 * set again, unless the thread is in another stop already.  That is done where it would
 * begin, as everything that the thread is asked in between.
 */
static void set_again(struct utrace_thread *thread, int *status)
{
	const struct k_sigaction *ka = &thread->sig.orig_ka;

	if (((unsigned int)ka->sa.sa_flags & SA_RESETHAND) &&
	    *status == NO_STOP)
		action_set(thread, true, thread->trial.signr, ka, status);
}

/* The handler is the one that is to run, with what engines changed. */
void trial_carry_out(struct utrace_thread *thread, int *status)
{
	struct trial *trial = &thread->trial;
	struct utrace_signal *sig = &thread->sig;
	struct k_sigaction *ka = &sig->return_ka;
	int signr = sig->info.si_signo;

	if (ka->sa.sa_handler != sig->orig_ka.sa.sa_handler ||
	    !((unsigned int)ka->sa.sa_flags & SA_RESETHAND))
		set_again(thread, status);
	if (!same(ka, &sig->orig_ka, sizeof(*ka)))
		set_mask(thread, mask_for(trial, ka, signr));
	machine_frame_change(thread, trial);
	trial->up = false;
}

/* As the kernel tells it, newer than some headers; linux/rseq.h, linux/ptrace.h */
#define GET_RSEQ_CONFIGURATION	0x420f

struct rseq_configuration {
	uint64_t area;
	uint32_t size;
	uint32_t signature;
	uint32_t flags;
	uint32_t pad;
};

/* the first part of the thread's area, and what it may point to */
struct rseq_area {
	uint32_t cpu_id_start;
	uint32_t cpu_id;
	uint64_t section;
};

struct rseq_section {
	uint32_t version;
	uint32_t flags;
	uint64_t start;
	uint64_t length;
	uint64_t abort;
};

/*
 * A handler ends a critical section of the thread's.  The kernel sees to that when it
 * sets one up; of one that it does not know it would think that none was left.
 */
static void leave_critical_section(struct utrace_thread *thread)
{
	struct user_regs_struct *user = &thread->regs.now.user;
	struct rseq_configuration rseq = { 0 };
	struct rseq_section section = { 0 };
	struct rseq_area area = { 0 };

	if (ptrace(GET_RSEQ_CONFIGURATION, thread->tid, sizeof(rseq),
		   &rseq) < (long)sizeof(rseq) ||
	    !rseq.area ||
	    utrace_read_memory(thread, rseq.area, &area, sizeof(area)) !=
		    sizeof(area) ||
	    !area.section ||
	    utrace_read_memory(thread, area.section, &section,
			       sizeof(section)) != sizeof(section))
		return;
	if (user->rip - section.start < section.length)
		user->rip = section.abort;
}

/*
 * A handler for a signal that the thread does not catch: nothing is set up for it,
 * and the kernel is not to hear that there is one.
 */
bool trial_make_handler(struct utrace_thread *thread)
{
	const struct utrace_signal *sig = &thread->sig;
	struct trial *trial = &thread->trial;
	struct proc_info info;

	if (proc_read_status(thread->tgid, thread->tid, &info) ||
	    ptrace(PTRACE_GETSIGMASK, thread->tid, sizeof(trial->mask),
		   &trial->mask))
		return false;
	leave_critical_section(thread);
	if (!machine_frame_make(thread, trial->mask))
		return false;
	trial->blocked = info.sig_blocked;
	/* returning from it puts the mask back, so it is changed after */
	write_registers(thread);
	set_mask(thread, mask_for(trial, &sig->return_ka, sig->info.si_signo));
	return true;
}

/* No handler is to run: the thread is where it was before. */
void trial_take_back(struct utrace_thread *thread, int *status)
{
	struct trial *trial = &thread->trial;

	set_again(thread, status);
	machine_frame_undo(thread, trial);
	trial->up = false;
	/*
	 * At once: it may be held now, and let go by the death of its tracer.  In this
	 * order: returning from the handler would put the mask back, too.
	 */
	set_mask(thread, trial->mask);
	write_registers(thread);
}
