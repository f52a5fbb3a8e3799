// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Goes on from breakpoints that are not there any more, and takes care that hooks
 * are there, and gone, for every processor.
 *
 * The kernel changes its code (ftrace, jump labels) under a breakpoint: it puts
 * one in place, changes what is behind it, makes every processor take note, and
 * takes it away.  QEMU before 8.1, emulating several processors, may keep a
 * translation of the code that one of them read meanwhile, and executes the
 * breakpoint for ever.  (QEMU: "accel/tcg: Always lock pages before
 * translation".)  Linux 6.12 says "Oops: int3" then; 6.1 goes back to the
 * instruction, which is no breakpoint, and hangs.  With thousands of hooks placed
 * under load that happens within a minute.
 *
 * With this module in the machine such a place is written to, with what is there,
 * so that the emulator translates it anew.  It looks at the breakpoints before
 * kprobes do.  /sys/module/stale_int3/parameters/count says how often it did so.
 *
 * The old translation may as well be of what was there before the breakpoint: a
 * function that is hooked, and is called past its hook.  So the functions whose
 * addresses are written to .../places are treated the same whenever utrace has
 * placed its hooks, and has taken them away.
 */
#include <linux/ftrace.h>
#include <linux/kdebug.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/ptrace.h>
#include <linux/uaccess.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>
#include <asm/text-patching.h>

static int count;
module_param(count, int, 0444);

static unsigned long places[64];
static int nr_places;
module_param_array(places, ulong, &nr_places, 0600);

static u8 *place(const struct pt_regs *regs)
{
	return (u8 *)regs->ip - INT3_INSN_SIZE;
}

/* What the kernel has at places that it changes: calls, jumps, nops. */
static bool is_stale(struct pt_regs *regs)
{
	u8 code[5];

	if (user_mode(regs) ||
	    copy_from_kernel_nofault(code, place(regs), sizeof(code)))
		return false;
	switch (code[0]) {
	case CALL_INSN_OPCODE:
	case JMP32_INSN_OPCODE:
	case JMP8_INSN_OPCODE:
		return true;
	case 0x66:
		return code[1] == 0x90;
	case 0x0f:
		return code[1] == 0x1f && code[2] == 0x44;
	}
	return false;
}

/* Kernel text is not writable: with interrupts off, for one instruction it is. */
static void rewrite(u8 *at)
{
	unsigned long flags, cr0;
	u8 byte = *at;

	local_irq_save(flags);
	cr0 = read_cr0();
	asm volatile("mov %0, %%cr0" : : "r"(cr0 & ~X86_CR0_WP) : "memory");
	asm volatile("lock cmpxchgb %2, %1"
		     : "+a"(byte), "+m"(*at) : "q"(byte) : "memory", "cc");
	asm volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
	local_irq_restore(flags);
}

static void at_breakpoint(unsigned long ip, unsigned long parent_ip,
			  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct pt_regs *regs = (void *)ftrace_get_regs(fregs)->di;

	if (is_stale(regs)) {
		rewrite(place(regs));
		count++;
	}
}

static struct ftrace_ops breakpoints = {
	.func = at_breakpoint,
	.flags = FTRACE_OPS_FL_SAVE_REGS,
};

/* Whoever finds none goes back to the instruction; Linux 6.12 does not. */
static int at_die(struct notifier_block *block, unsigned long why, void *data)
{
	struct die_args *args = data;

	if (why != DIE_INT3 || !is_stale(args->regs))
		return NOTIFY_DONE;
	args->regs->ip = (unsigned long)place(args->regs);
	return NOTIFY_STOP;
}

static struct notifier_block block = { .notifier_call = at_die };

/* The hook may be behind a landing pad of four bytes. */
static int at_module(struct notifier_block *block, unsigned long state,
		     void *data)
{
	struct module *module = data;
	int i;

	if (strcmp(module->name, "utrace") ||
	    (state != MODULE_STATE_LIVE && state != MODULE_STATE_GOING))
		return NOTIFY_DONE;
	for (i = 0; i < nr_places; i++) {
		rewrite((u8 *)places[i]);
		rewrite((u8 *)places[i] + 4);
	}
	return NOTIFY_OK;
}

static struct notifier_block modules = { .notifier_call = at_module };

static int __init stale_int3_begin(void)
{
	static char name[] = "kprobe_int3_handler";
	int err;

	err = ftrace_set_filter(&breakpoints, name, strlen(name), true);
	err = err ?: register_ftrace_function(&breakpoints);
	if (!err) {
		register_die_notifier(&block);
		register_module_notifier(&modules);
	}
	return err;
}

static void __exit stale_int3_end(void)
{
	unregister_module_notifier(&modules);
	unregister_die_notifier(&block);
	unregister_ftrace_function(&breakpoints);
	ftrace_free_filter(&breakpoints);
}

module_init(stale_int3_begin);
module_exit(stale_int3_end);

MODULE_DESCRIPTION("a mistake of an emulator's, worked around");
MODULE_LICENSE("GPL");
