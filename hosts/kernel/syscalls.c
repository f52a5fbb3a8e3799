// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls.
 *
 * A thread whose engines want them has two of its own work bits set: with
 * SYSCALL_AUDIT it comes to syscall_trace_enter(), with SYSCALL_EXIT_TRAP to
 * user_single_step_report().  Neither does anything there without an audit
 * context or a step, and threads without the bits come to neither.
 */
#include <linux/entry-common.h>
#include <linux/ptrace.h>
#include <asm/syscall.h>

#include "kernel_host.h"

/* ---- the work bits --------------------------------------------------------- */

/*
 * A bit that is left over costs the thread a visit, and no more: the hooks know
 * what is wanted.
 */
void syscalls_arm(struct traced *traced)
{
	unsigned long wanted = utrace_wanted(state_of(traced));

	if (wanted & UTRACE_EVENT(SYSCALL_ENTRY))
		set_task_syscall_work(traced->task, SYSCALL_AUDIT);
	if (wanted & UTRACE_EVENT(SYSCALL_EXIT))
		syscalls_arm_exit(traced->task);
}

/* A bit that outlives the module is a trap: it goes, or we see that it does. */
void syscalls_arm_exit(struct task_struct *task)
{
	set_task_syscall_work(task, SYSCALL_EXIT_TRAP);
	smp_mb__after_atomic();
	if (facility_leaves())
		syscalls_drop_exit(task);
}

static bool has_audit(struct task_struct *task)
{
#ifdef CONFIG_AUDITSYSCALL
	return task->audit_context;
#else
	return false;
#endif
}

void syscalls_drop_entry(struct task_struct *task)
{
	if (!has_audit(task))
		clear_task_syscall_work(task, SYSCALL_AUDIT);
}

/*
 * Whoever begins to step it meanwhile sets the flag and then the bit, so that the
 * last look finds it.
 */
void syscalls_drop_exit(struct task_struct *task)
{
	if (test_tsk_thread_flag(task, TIF_SINGLESTEP))
		return;
	clear_task_syscall_work(task, SYSCALL_EXIT_TRAP);
	smp_mb__after_atomic();
	if (test_tsk_thread_flag(task, TIF_SINGLESTEP))
		set_task_syscall_work(task, SYSCALL_EXIT_TRAP);
}

void syscalls_disarm(struct traced *traced)
{
	unsigned long wanted = utrace_wanted(state_of(traced));

	if (!(wanted & UTRACE_EVENT(SYSCALL_ENTRY)))
		syscalls_drop_entry(traced->task);
	if (!(wanted & UTRACE_EVENT(SYSCALL_EXIT)))
		syscalls_drop_exit(traced->task);
	/* whoever asked meanwhile may have set a bit that is gone now */
	smp_mb__after_atomic();
	syscalls_arm(traced);
}

/*
 * At each visit: a tracer beside us may have cleared bits, engines may be gone.
 * Nearly always there is nothing to do.
 */
static void check_bits(struct traced *traced)
{
	unsigned long wanted = utrace_wanted(state_of(traced)),
		      work = READ_ONCE(current_thread_info()->syscall_work);

	if (!(wanted & UTRACE_EVENT(SYSCALL_ENTRY)) !=
	    !(work & SYSCALL_WORK_SYSCALL_AUDIT) ||
	    !(wanted & UTRACE_EVENT(SYSCALL_EXIT)) !=
	    !(work & SYSCALL_WORK_SYSCALL_EXIT_TRAP))
		syscalls_disarm(traced);
	/* its exit may not be seen, nor the entry of the next one */
	if (!(wanted & UTRACE_EVENT(SYSCALL_ENTRY)) && traced->asked >= 0)
		come_back(traced);
}

void syscalls_left(struct traced *traced)
{
	if (!(utrace_wanted(state_of(traced)) & UTRACE_EVENT(SYSCALL_ENTRY)))
		traced->asked = -1;
}

/* ---- entry ----------------------------------------------------------------- */

static int abi_of(struct pt_regs *regs)
{
	return in_ia32_syscall() ? UTRACE_ABI_I386 : UTRACE_ABI_X86_64;
}

/* Whether the call is to be made. */
static bool report_entry(struct traced *traced, struct pt_regs *regs)
{
	struct utrace_decision decision;

	traced->unreturned = false;
	traced->asked = regs->orig_ax;
	decision = utrace_report_syscall_entry(state_of(traced), regs,
					       abi_of(regs), traced->asked);
	if (decision.resume == UTRACE_STOP)
		decision = obey_stop(traced, regs, decision, true);
	if (decision.resume == UTRACE_STOP)
		return false;
	come_back_for(traced, decision);
	return !decision.abort;
}

static void report_exit(struct traced *traced, struct pt_regs *regs)
{
	long nr = traced->asked >= 0 ? traced->asked : regs->orig_ax;

	traced->asked = -1;
	come_back_for(traced,
		      utrace_report_syscall_exit(state_of(traced), regs,
						 abi_of(regs), nr));
}

/* A tracer that emulates calls gets to see nothing at their exit, nor do we. */
static bool is_emulated(void)
{
	return READ_ONCE(current_thread_info()->syscall_work) &
	       SYSCALL_WORK_SYSCALL_EMU;
}

/*
 * The program has this call become a signal: it is rolled back, and nobody gets to
 * see it.
 */
static bool is_dispatched(struct pt_regs *regs, unsigned long work)
{
	return (work & SYSCALL_WORK_SYSCALL_USER_DISPATCH) &&
	       kernel(syscall_user_dispatch)(regs);
}

/*
 * A call that is not made is shown to a ptrace tracer and to audit all the same,
 * but not to the program's filters: there is nothing for them to judge.  Returns
 * whether it is to be made; @work is what the original is to go by.
 */
static bool before_call(struct traced *traced, struct pt_regs *regs,
			unsigned long *work)
{
	bool make = report_entry(traced, regs);

	/* a tracer may have come or gone while an engine held it */
	*work = READ_ONCE(current_thread_info()->syscall_work) &
		~SYSCALL_WORK_SYSCALL_USER_DISPATCH;
	if (!make)
		*work &= ~SYSCALL_WORK_SECCOMP;
	return make;
}

/* @nr: the call that is made, -1: none */
static long after_tracers(struct traced *traced, struct pt_regs *regs, long nr)
{
	if (nr == -1 && is_emulated())
		report_exit(traced, regs);
	check_bits(traced);
	return nr;
}

#define ENTER(original_call) ({						\
	struct traced *traced = frame_enter();				\
	long nr = -1;							\
	bool make;							\
									\
	if (!is_dispatched(regs, work)) {				\
		make = before_call(traced, regs, &work);		\
		nr = original_call;					\
		nr = after_tracers(traced, regs, make ? nr : -1);	\
	}								\
	frame_leave(traced);						\
	nr; })

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
HOOK(FOR_CURRENT, long, syscall_trace_enter,
     (struct pt_regs *regs, long syscall, unsigned long work))
{
	return ENTER(original(syscall_trace_enter)(regs, regs->orig_ax, work));
}
#else
/* The compiler saw that nobody reads the number that is handed in. */
HOOK_NAMED(FOR_CURRENT, long, syscall_trace_enter,
	   "syscall_trace_enter.constprop.0", SYSCALL_WORK_SYSCALL_USER_DISPATCH,
	   (struct pt_regs *regs, unsigned long work))
{
	return ENTER(original(syscall_trace_enter)(regs, work));
}
#endif

/* ---- beside ptrace --------------------------------------------------------- */

static int notify(struct traced *traced, int exit_code, unsigned long message);

HOOK(FOR_CURRENT, int, ptrace_notify, (int exit_code, unsigned long message))
{
	struct traced *traced = frame_enter();
	int signr = notify(traced, exit_code, message);

	frame_leave(traced);
	return signr;
}

/* Resuming a ptraced thread clears the bit of the exit. */
static int notify(struct traced *traced, int exit_code, unsigned long message)
{
	int signr;

	traced->notifies = true;
	step_aside(traced);
	signr = original(ptrace_notify)(exit_code, message);
	step_refresh(traced);
	traced->notifies = false;
	if (report_is_wanted(traced))
		ask_for_report(traced);
	return signr;
}

/* ---- exit ------------------------------------------------------------------ */

/* What the kernel would have done had there been no bit of ours. */
static void tell_ptrace(struct traced *traced)
{
	int code = SIGTRAP | (current->ptrace & PT_TRACESYSGOOD ? 0x80 : 0);
	unsigned long message = PTRACE_EVENTMSG_SYSCALL_EXIT;
	int signr;

	if (!(current_thread_info()->syscall_work & SYSCALL_WORK_SYSCALL_TRACE))
		return;
	signr = traced ? notify(traced, code, message) :
			 original(ptrace_notify)(code, message);
	if (signr)
		send_sig(signr, current, 1);
}

/*
 * Also where a step over a call ends.  Everybody comes through here: the bit may
 * be left over from engines that are gone, and then there was no step.
 */
HOOK(FOR_ALL, void, user_single_step_report, (struct pt_regs *regs))
{
	struct traced *traced = traced_current();

	if (traced && !traced->awake)
		traced = NULL;
	if (traced && !traced->unreturned)
		report_exit(traced, regs);
	if (test_thread_flag(TIF_SINGLESTEP) &&
	    !(traced && step_over_call(traced, regs)))
		original(user_single_step_report)(regs);
	else
		tell_ptrace(traced);
	if (traced) {
		traced->unreturned = false;
		if (report_is_wanted(traced))
			set_thread_flag(TIF_NOTIFY_SIGNAL);
		check_bits(traced);
	} else {
		syscalls_drop_exit(current);
		/* somebody may have attached meanwhile */
		smp_mb__after_atomic();
		traced = traced_current();
		if (traced && READ_ONCE(traced->awake))
			syscalls_arm(traced);
	}
	visit_end();
}
