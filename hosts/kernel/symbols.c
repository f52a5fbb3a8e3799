// SPDX-License-Identifier: GPL-2.0-only
/* Finding functions that the kernel does not export. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/printk.h>

#include "hooks.h"
#include "symbols.h"

#define DEFINE_SYMBOL(name)	DEFINE_STATIC_CALL_NULL(kernel_##name, name);
FOR_EACH_SYMBOL(DEFINE_SYMBOL)
#undef DEFINE_SYMBOL

/* Its address is taken by nobody, so that it too is called by a static call. */
DEFINE_STATIC_CALL_NULL(lookup, kallsyms_lookup_name);

/* A kprobe tells addresses; the one function that matters tells the others. */
static int find_lookup(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	int err = register_kprobe(&probe);
	void *address = probe.addr;

	if (err) {
		pr_err("cannot look up the kernel's functions: kprobes answer %d\n",
		       err);
		return err;
	}
	unregister_kprobe(&probe);
#ifdef CONFIG_X86_KERNEL_IBT
	/* the probe sits after the landing pad */
	if (is_endbr(*(u32 *)(address - ENDBR_INSN_SIZE)))
		address -= ENDBR_INSN_SIZE;
#endif
	static_call_update(lookup, (typeof(&kallsyms_lookup_name))address);
	return 0;
}

unsigned long symbol_address(const char *name)
{
	return static_call(lookup)(name);
}

static void *find(const char *name)
{
	void *address = (void *)symbol_address(name);

	if (!address)
		pr_err("not loaded: this kernel has no function %s to call\n",
		       name);
	return address;
}

#define FIND_SYMBOL(name)						\
	address = find(#name);						\
	if (!address)							\
		return -ENOENT;						\
	static_call_update(kernel_##name, (typeof(&name))address);

int symbols_find(void)
{
	void *address;
	int err = find_lookup();

	if (err)
		return err;
	FOR_EACH_SYMBOL(FIND_SYMBOL)
	/* the others are declared where the compiler has looked */
	verify_begin();
	err = verify_function("ptrace_do_notify",
			      "int (int signr, int exit_code, int why, unsigned long message)");
	err = err ?: verify_function("is_current_pgrp_orphaned", "int (void)");
	return err ?: verify_function("syscall_user_dispatch",
				      "bool (struct pt_regs *regs)");
}
