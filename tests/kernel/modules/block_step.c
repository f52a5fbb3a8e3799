// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Makes the machine one that steps taken branches, which emulators are not.
 *
 * The processor would trap at the first branch that is taken.  Here it traps at each
 * instruction, and goes on from there as long as none was, which
 * /sys/module/block_step/parameters/count counts.  utrace is told that there are
 * block steps.
 */
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/ptrace.h>
#include <linux/uaccess.h>
#include <asm/debugreg.h>

#define LONGEST_INSN	15

static int count;
module_param(count, int, 0444);

/* ---- who steps branches ------------------------------------------------------- */

static struct stepper {
	struct task_struct *task;	/* only compared */
	unsigned long from;		/* the instruction that is executed next */
} steppers[64];
static unsigned int next_stepper;
static DEFINE_RAW_SPINLOCK(lock);

static struct stepper *find_locked(struct task_struct *task)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steppers); i++)
		if (steppers[i].task == task)
			return &steppers[i];
	return NULL;
}

static void note(struct task_struct *task, bool by_block)
{
	struct stepper *stepper;
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	stepper = find_locked(task);
	if (!by_block && stepper) {
		stepper->task = NULL;
	} else if (by_block) {
		if (!stepper)
			stepper = &steppers[next_stepper++ %
					    ARRAY_SIZE(steppers)];
		stepper->task = task;
		stepper->from = instruction_pointer(task_pt_regs(task));
	}
	raw_spin_unlock_irqrestore(&lock, flags);
}

static int begins_blocks(struct kprobe *probe, struct pt_regs *regs)
{
	note((struct task_struct *)regs_get_kernel_argument(regs, 0), true);
	return 0;
}

static int begins_single(struct kprobe *probe, struct pt_regs *regs)
{
	note((struct task_struct *)regs_get_kernel_argument(regs, 0), false);
	return 0;
}

static struct kprobe steps[] = {
	{ .symbol_name = "user_enable_block_step", .pre_handler = begins_blocks },
	{ .symbol_name = "user_enable_single_step", .pre_handler = begins_single },
	{ .symbol_name = "user_disable_single_step", .pre_handler = begins_single },
};
static struct kprobe *all_steps[] = { &steps[0], &steps[1], &steps[2] };

/* ---- the trap ------------------------------------------------------------------ */

static bool is_branch_taken(unsigned long from, unsigned long to)
{
	u8 code[2];

	if (copy_from_user_nofault(code, (const void __user *)from, sizeof(code)))
		return true;
	switch (code[0]) {
	case 0x70 ... 0x7f:			/* jcc */
	case 0xe0 ... 0xe3:			/* loop, jrcxz */
	case 0xeb:				/* jmp */
		return to != from + 2;
	case 0xe8:				/* call */
	case 0xe9:				/* jmp */
		return true;
	case 0x0f:				/* jcc */
		if ((code[1] & 0xf0) == 0x80)
			return to != from + 6;
		break;
	}
	/* returns, jumps through registers, rep; handlers and calls besides */
	return to <= from || to - from > LONGEST_INSN;
}

static int trapped(struct notifier_block *block, unsigned long what, void *data)
{
	struct die_args *args = data;
	unsigned long *dr6 = ERR_PTR(args->err), from, flags;
	struct stepper *stepper;

	if (what != DIE_DEBUG || !user_mode(args->regs) || !(*dr6 & DR_STEP))
		return NOTIFY_DONE;
	raw_spin_lock_irqsave(&lock, flags);
	stepper = find_locked(current);
	from = stepper ? stepper->from : 0;
	if (stepper)
		stepper->from = instruction_pointer(args->regs);
	raw_spin_unlock_irqrestore(&lock, flags);
	if (!stepper || is_branch_taken(from, instruction_pointer(args->regs)))
		return NOTIFY_DONE;
	WRITE_ONCE(count, count + 1);
	/* the kernel has forgotten it with the trap */
	set_thread_flag(TIF_BLOCKSTEP);
	*dr6 &= ~DR_STEP;
	return NOTIFY_STOP;
}

static struct notifier_block traps = {
	.notifier_call = trapped,
	.priority = INT_MAX,
};

/* ---- what utrace believes ------------------------------------------------------- */

static int believes(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	regs_set_return_value(regs, true);
	return 0;
}

static struct kretprobe belief = {
	.kp.symbol_name = "utrace_has_block_step",
	.handler = believes,
	.maxactive = 64,
};

static int __init block_step_begin(void)
{
	int err;

	err = register_die_notifier(&traps);
	if (err)
		return err;
	err = register_kprobes(all_steps, ARRAY_SIZE(all_steps));
	if (err)
		goto no_probes;
	err = register_kretprobe(&belief);
	if (err)
		goto no_belief;
	return 0;
no_belief:
	unregister_kprobes(all_steps, ARRAY_SIZE(all_steps));
no_probes:
	unregister_die_notifier(&traps);
	return err;
}

static void __exit block_step_end(void)
{
	unregister_kretprobe(&belief);
	unregister_kprobes(all_steps, ARRAY_SIZE(all_steps));
	unregister_die_notifier(&traps);
}

module_init(block_step_begin);
module_exit(block_step_end);

MODULE_DESCRIPTION("a machine that steps taken branches");
MODULE_LICENSE("GPL");
