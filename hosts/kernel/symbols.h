/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of the kernel that it does not export, called by kernel(name)(...).
 *
 * Static calls, not pointers: where branches are tracked (IBT) an indirect call
 * of a function whose address the kernel never takes is a fault.
 */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include <linux/cn_proc.h>
#include <linux/coredump.h>
#include <linux/cgroup.h>
#include <linux/ptrace.h>
#include <linux/regset.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/signal.h>
#include <linux/static_call.h>
#include <linux/task_work.h>
#include <linux/wait.h>

/* declared where modules do not look */
int is_current_pgrp_orphaned(void);
bool syscall_user_dispatch(struct pt_regs *regs);
int ptrace_do_notify(int signr, int exit_code, int why, unsigned long message);

#define FOR_EACH_SYMBOL(SYMBOL)		\
	SYMBOL(wake_up_state)		\
	SYMBOL(signal_wake_up_state)	\
	SYMBOL(task_set_jobctl_pending)	\
	SYMBOL(wait_task_inactive)	\
	SYMBOL(do_group_exit)		\
	SYMBOL(do_coredump)		\
	SYMBOL(proc_coredump_connector)	\
	SYMBOL(is_current_pgrp_orphaned) \
	SYMBOL(user_enable_single_step)	\
	SYMBOL(user_enable_block_step)	\
	SYMBOL(user_disable_single_step) \
	SYMBOL(send_signal_locked)	\
	SYMBOL(flush_sigqueue)		\
	SYMBOL(task_call_func)		\
	SYMBOL(ptrace_do_notify)	\
	SYMBOL(recalc_sigpending)	\
	SYMBOL(__lock_task_sighand)	\
	SYMBOL(task_work_add)		\
	SYMBOL(task_work_cancel_match)	\
	SYMBOL(task_work_run)		\
	SYMBOL(cgroup_enter_frozen)	\
	SYMBOL(cgroup_leave_frozen)	\
	SYMBOL(syscall_user_dispatch)	\
	SYMBOL(task_current_syscall)

#define DECLARE_SYMBOL(name)	DECLARE_STATIC_CALL(kernel_##name, name);
FOR_EACH_SYMBOL(DECLARE_SYMBOL)
#undef DECLARE_SYMBOL

#define kernel(name)	static_call(kernel_##name)

/* 0, or -ENOENT, and the name of what is missing is in the log. */
int symbols_find(void);
/* The address of a function, 0: there is none of that name. */
unsigned long symbol_address(const char *name);

#endif /* SYMBOLS_H */
