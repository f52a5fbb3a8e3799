/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The name under which modules include the interface: see <utrace/utrace.h>.
 */
#ifndef _LINUX_UTRACE_H
#define _LINUX_UTRACE_H

#include <linux/ptrace.h>
#include <linux/regset.h>
/* what <linux/sched.h> had when clients of this header were first written */
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/version.h>
#include <asm/syscall.h>

#include <utrace/utrace.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
/* The partner of syscall_get_arguments(), which these kernels do without. */
static inline void syscall_set_arguments(struct task_struct *task,
					 struct pt_regs *regs,
					 const unsigned long *args)
{
#ifdef CONFIG_IA32_EMULATION
	if (task->thread_info.status & TS_COMPAT) {
		regs->bx = args[0];
		regs->cx = args[1];
		regs->dx = args[2];
		regs->si = args[3];
		regs->di = args[4];
		regs->bp = args[5];
		return;
	}
#endif
	regs->di = args[0];
	regs->si = args[1];
	regs->dx = args[2];
	regs->r10 = args[3];
	regs->r8 = args[4];
	regs->r9 = args[5];
}
#endif

#endif /* _LINUX_UTRACE_H */
