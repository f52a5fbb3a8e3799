// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Goes on from breakpoints that are not there any more.
 *
 * The kernel changes its code (ftrace, jump labels) under a breakpoint: it puts
 * one in place, changes what is behind it, makes every processor take note, and
 * takes it away.  QEMU before 8.1, emulating several processors, may keep a
 * translation of the code that one of them read meanwhile: it executes the
 * breakpoint for ever, and the kernel says "Oops: int3".  (QEMU: "accel/tcg:
 * Always lock pages before translation".)  With thousands of hooks placed under
 * load that happens within a minute.
 *
 * With this module in the machine, what really is at that place is executed
 * instead.  /sys/module/stale_int3/parameters/count says how often.
 */
#include <linux/kdebug.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/ptrace.h>
#include <asm/text-patching.h>

static int count;
module_param(count, int, 0444);

static int at_die(struct notifier_block *block, unsigned long why, void *data)
{
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;
	const u8 *at = (u8 *)regs->ip - INT3_INSN_SIZE;

	if (why != DIE_INT3 || user_mode(regs))
		return NOTIFY_DONE;
	switch (at[0]) {
	case INT3_INSN_OPCODE:
		return NOTIFY_DONE;
	case CALL_INSN_OPCODE:
		int3_emulate_call(regs, (unsigned long)at + CALL_INSN_SIZE +
				  *(s32 *)(at + 1));
		break;
	case JMP32_INSN_OPCODE:
		int3_emulate_jmp(regs, (unsigned long)at + JMP32_INSN_SIZE +
				 *(s32 *)(at + 1));
		break;
	case JMP8_INSN_OPCODE:
		int3_emulate_jmp(regs, (unsigned long)at + JMP8_INSN_SIZE +
				 *(s8 *)(at + 1));
		break;
	case 0x66:	/* nops of two bytes */
		if (at[1] != 0x90)
			return NOTIFY_DONE;
		int3_emulate_jmp(regs, (unsigned long)at + 2);
		break;
	case 0x0f:	/* and of five */
		if (at[1] != 0x1f || at[2] != 0x44)
			return NOTIFY_DONE;
		int3_emulate_jmp(regs, (unsigned long)at + 5);
		break;
	default:
		return NOTIFY_DONE;
	}
	count++;
	return NOTIFY_STOP;
}

static struct notifier_block block = { .notifier_call = at_die };

static int __init stale_int3_begin(void)
{
	return register_die_notifier(&block);
}

static void __exit stale_int3_end(void)
{
	unregister_die_notifier(&block);
}

module_init(stale_int3_begin);
module_exit(stale_int3_end);

MODULE_DESCRIPTION("a mistake of an emulator's, worked around");
MODULE_LICENSE("GPL");
