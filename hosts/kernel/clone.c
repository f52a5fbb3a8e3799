// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clone: what a new thread was asked for is known while it is made, and it is
 * reported just before it is started.
 */
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>

#include "kernel_host.h"

/* It has been made, and is to be reported when it is started. */
static void note_child(struct traced *traced, struct task_struct *child,
		       unsigned long flags)
{
	/* a copy of its creator's */
	syscalls_drop_entry(child);
	traced->child = child;
	traced->clone_flags = flags;
}

HOOK(FOR_CURRENT, struct task_struct *, copy_process,
     (struct pid *pid, int trace, int node, struct kernel_clone_args *args))
{
	struct traced *traced = frame_enter();
	struct task_struct *child;

	child = original(copy_process)(pid, trace, node, args);
	if (!IS_ERR(child) && !is_kernels(child))
		note_child(traced, child, args->flags |
					  (args->exit_signal & CSIGNAL));
	frame_leave(traced);
	return child;
}

/*
 * What the call that current is in asked for: it was attached to while it made
 * the child, and nobody took note before.
 */
static unsigned long flags_of_call(void)
{
	struct pt_regs *regs = task_pt_regs(current);
	bool ia32 = in_ia32_syscall();
	struct clone_args args = {};

	/* the numbers of both numberings */
	switch (regs->orig_ax) {
	case 435:	/* clone3 */
		if (copy_from_user(&args, (void __user *)(ia32 ?
				   (u32)regs->bx : regs->di),
				   CLONE_ARGS_SIZE_VER0))
			return 0;
		return args.flags | (args.exit_signal & CSIGNAL);
	case 56:	/* clone */
		return ia32 ? 0 : lower_32_bits(regs->di);
	case 120:	/* clone, i386 */
		return ia32 ? lower_32_bits(regs->bx) : 0;
	default:	/* vfork, fork */
		return regs->orig_ax == (ia32 ? 190 : 58) ?
			CLONE_VFORK | CLONE_VM | SIGCHLD : SIGCHLD;
	}
}

/* Others wait with attaching until the callbacks are over (ATT-9). */
static void begin_birth(struct traced *traced, struct task_struct *child)
{
	struct traced *young;

	if (!(utrace_wanted(state_of(traced)) & UTRACE_EVENT(CLONE)))
		return;
	if (utrace_newborn(child)) {
		atomic_long_inc(&missed_newborns);
		return;
	}
	rcu_read_lock();
	young = traced_find(child);
	if (young) {
		young->unreturned = true;
		WRITE_ONCE(young->newborn, true);
	}
	rcu_read_unlock();
}

HOOK(FOR_CURRENT, void, wake_up_new_task, (struct task_struct *child))
{
	struct utrace_decision decision = { .resume = UTRACE_RESUME };
	struct traced *traced = frame_enter();
	bool ours;

	if (child != traced->child && !is_kernels(child))
		note_child(traced, child, flags_of_call());
	ours = child == traced->child;
	/* it may be gone before we are back */
	get_task_struct(child);
	if (ours) {
		begin_birth(traced, child);
		decision = utrace_report_clone(state_of(traced), traced->clone_flags,
					       child);
		come_back_for(traced, decision);
		traced->child = NULL;
	}
	original(wake_up_new_task)(child);
	if (ours && (traced->clone_flags & CLONE_VFORK)) {
		decision = utrace_report_vfork(state_of(traced));
		decision = obey_stop(traced, task_pt_regs(current), decision,
				     false);
		come_back_for(traced, decision);
	}
	put_task_struct(child);
	frame_leave(traced);
}
