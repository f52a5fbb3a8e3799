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

static void enable(struct traced *traced)
{
	if (traced->by_block)
		kernel(user_enable_block_step)(current);
	else
		kernel(user_enable_single_step)(current);
}

void step_as(struct traced *traced, enum utrace_resume_action resume)
{
	switch (resume) {
	case UTRACE_SINGLESTEP:
	case UTRACE_BLOCKSTEP:
		traced->by_block = resume == UTRACE_BLOCKSTEP;
		traced->stepping = true;
		enable(traced);
		break;
	default:
		if (!traced->stepping)
			break;
		traced->stepping = false;
		if (!traced->foreign_step)
			kernel(user_disable_single_step)(current);
		/* that took away the bit of the exit */
		syscalls_arm(traced);
	}
}

/*
 * Between these two a ptrace tracer may resume the thread, with steps of its own
 * or without: those that are on afterwards are the tracer's.
 */
void step_aside(struct traced *traced)
{
	if (traced->stepping && !traced->foreign_step)
		kernel(user_disable_single_step)(current);
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
 * False: it becomes the signal that it is for a ptrace tracer who steps, be it for
 * engines too.
 */
static bool is_engines(struct traced *traced)
{
	traced->shared_trap = traced->stepping && traced->foreign_step;
	return traced->stepping && !traced->foreign_step;
}

bool step_over_call(struct traced *traced, struct pt_regs *regs)
{
	if (!is_engines(traced))
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
	    is_engines(traced))
		step_ended(traced, regs, si_code);
	else
		original(send_sigtrap)(regs, error_code, si_code);
	frame_leave(traced);
}
