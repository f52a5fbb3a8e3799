// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single steps.
 *
 * The trap of an engine's step does not become a signal on the way: it is put
 * where get_signal() finds the next signal to report.  So it neither unblocks
 * SIGTRAP nor takes its handler away, and if nobody wants it any more there is
 * nothing to clean up.
 */
#include <linux/export.h>
#include <uapi/asm/debugreg.h>
#include <asm/msr.h>

#include "kernel_host.h"

/* ---- the machine ----------------------------------------------------------- */

static bool has_block_step;

/* A machine without it, an emulated one say, forgets the bit. */
void steps_init(void)
{
	unsigned long flags;
	u64 saved, now = 0;

	local_irq_save(flags);
	if (!rdmsrl_safe(MSR_IA32_DEBUGCTLMSR, &saved) &&
	    !wrmsrl_safe(MSR_IA32_DEBUGCTLMSR, saved | DEBUGCTLMSR_BTF)) {
		if (rdmsrl_safe(MSR_IA32_DEBUGCTLMSR, &now))
			now = 0;
		wrmsrl_safe(MSR_IA32_DEBUGCTLMSR, saved);
	}
	local_irq_restore(flags);
	has_block_step = now & DEBUGCTLMSR_BTF;
}

/** utrace_has_single_step() - whether the machine steps instructions */
bool utrace_has_single_step(void)
{
	return arch_has_single_step();
}
EXPORT_SYMBOL_GPL(utrace_has_single_step);

/** utrace_has_block_step() - whether the machine steps taken branches */
bool utrace_has_block_step(void)
{
	return has_block_step;
}
EXPORT_SYMBOL_GPL(utrace_has_block_step);

/* ---- stepping ---------------------------------------------------------------- */

/*
 * The kernel does not take back a trap flag at an instruction that changes it
 * (popf), for that is to be stepped.  We may decide otherwise before it is.
 */
static void enable(struct traced *traced)
{
	struct pt_regs *regs = task_pt_regs(current);
	bool ours = traced->flag_at == regs->ip ||
		    test_thread_flag(TIF_FORCED_TF) ||
		    !(regs->flags & X86_EFLAGS_TF);

	/* it reads the instruction, and may sleep for that */
	WRITE_ONCE(traced->sets_step, true);
	if (traced->by_block)
		kernel(user_enable_block_step)(current);
	else
		kernel(user_enable_single_step)(current);
	traced->flag_at = ours && !test_thread_flag(TIF_FORCED_TF) ? regs->ip : 0;
	WRITE_ONCE(traced->sets_step, false);
}

/* By the thread itself, or while it sleeps. */
static void disable(struct traced *traced)
{
	struct pt_regs *regs = task_pt_regs(traced->task);

	kernel(user_disable_single_step)(traced->task);
	if (traced->flag_at && traced->flag_at == regs->ip)
		regs->flags &= ~X86_EFLAGS_TF;
	traced->flag_at = 0;
}

void step_as(struct traced *traced, enum utrace_resume_action resume)
{
	switch (resume) {
	case UTRACE_SINGLESTEP:
	case UTRACE_BLOCKSTEP:
		/* steps that are on while no engine steps are a tracer's */
		if (!traced->stepping)
			traced->foreign_step = current->ptrace &&
				test_thread_flag(TIF_SINGLESTEP);
		traced->by_block = resume == UTRACE_BLOCKSTEP;
		traced->stepping = true;
		enable(traced);
		break;
	default:
		if (!traced->stepping)
			break;
		traced->stepping = false;
		if (!traced->foreign_step)
			disable(traced);
		/* that took away the bit of the exit */
		syscalls_arm(traced);
	}
}

/* The task stays as it is meanwhile. */
static int end_asleep(struct task_struct *task, void *arg)
{
	struct traced *traced = arg;

	if (task->on_rq || READ_ONCE(task->__state) == TASK_RUNNING ||
	    READ_ONCE(traced->sets_step))
		return -EAGAIN;
	if (!traced->foreign_step) {
		/* the processor's bit goes when the task comes back */
		clear_tsk_thread_flag(task, TIF_BLOCKSTEP);
		disable(traced);
	}
	WRITE_ONCE(traced->stepping, false);
	return 0;
}

bool step_end_asleep(struct traced *traced)
{
	return !kernel(task_call_func)(traced->task, end_asleep, traced);
}

/*
 * Between these two a ptrace tracer may resume the thread, with steps of its own
 * or without: those that are on afterwards are the tracer's.
 */
void step_aside(struct traced *traced)
{
	if (traced->stepping && !traced->foreign_step)
		disable(traced);
}

void step_refresh(struct traced *traced)
{
	bool on = test_thread_flag(TIF_SINGLESTEP);

	traced->foreign_step = on && current->ptrace;
	if (traced->stepping && !on)
		enable(traced);
	syscalls_arm(traced);
}

static void step_ended(struct traced *traced, struct pt_regs *regs, int code)
{
	clear_siginfo(&traced->stash);
	traced->stash.si_signo = SIGTRAP;
	traced->stash.si_code = code;
	traced->stash.si_addr = (void __user *)regs->ip;
	traced->stashed = true;
	traced->step_trap = true;
	come_back(traced);
}

/*
 * False: it becomes the signal that it is for a ptrace tracer, be it for engines
 * too: the tracer steps, or watches an address that was hit @with it.
 */
static bool is_engines(struct traced *traced, bool with)
{
	traced->shared_trap = traced->stepping && (traced->foreign_step || with);
	return traced->stepping && !traced->shared_trap;
}

bool step_over_call(struct traced *traced, struct pt_regs *regs)
{
	if (!is_engines(traced, false))
		return false;
	step_ended(traced, regs, TRAP_BRKPT);
	return true;
}

/* In the debug exception, from user mode. */
HOOK(FOR_CURRENT, void, send_sigtrap,
     (struct pt_regs *regs, int error_code, int si_code))
{
	struct traced *traced = frame_enter();

	if (user_mode(regs) &&
	    (si_code == TRAP_TRACE || si_code == TRAP_BRKPT) &&
	    is_engines(traced, current->thread.virtual_dr6 & DR_TRAP_BITS))
		step_ended(traced, regs, si_code);
	else
		original(send_sigtrap)(regs, error_code, si_code);
	frame_leave(traced);
}
