// SPDX-License-Identifier: GPL-2.0-only
/*
 * Placing hooks, and taking them away under load.
 *
 * All functions share one ftrace_ops.  Its callback runs at the entry of each of
 * them, with preemption off; it lets threads that are not attached to pass, and
 * points others to the wrapper.  A wrapper calls its original behind that place,
 * so that nobody comes to the callback twice.
 *
 * A frame, a thread in a wrapper, is counted in the callback: from then on it
 * will run this module's code, wherever it is interrupted.  Whoever unloads
 * first takes the hooks away, then waits until there is no frame, and then until
 * every thread has been outside of all code that leads to or from one
 * (synchronize_rcu_tasks()).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>

#include "kernel_host.h"

#ifdef CONFIG_UPROBES
#define HOOK_OF_UPROBES(X) X(uprobe_notify_resume)
#else
#define HOOK_OF_UPROBES(X)
#endif

#define FOR_EACH_HOOK(X)		\
	X(syscall_trace_enter)		\
	X(user_single_step_report)	\
	X(get_signal)			\
	X(dequeue_signal)		\
	X(signal_setup_done)		\
	HOOK_OF_UPROBES(X)		\
	X(send_sigtrap)			\
	X(complete_signal)		\
	X(prepare_signal)		\
	X(do_signal_stop)		\
	X(copy_process)			\
	X(wake_up_new_task)		\
	X(bprm_execve)			\
	X(do_exit)			\
	X(taskstats_exit)		\
	X(do_notify_parent)		\
	X(proc_exit_connector)		\
	X(release_thread)		\
	X(ptrace_notify)		\
	X(proc_pid_status)

#define DECLARE(name)	extern struct hook hook_##name;
FOR_EACH_HOOK(DECLARE)

#define LIST(name)	&hook_##name,
static struct hook *const hooks[] = { FOR_EACH_HOOK(LIST) };

/* By address, so that the callback needs no search. */
#define SLOTS	128
static struct hook *slots[SLOTS];

DEFINE_PER_CPU(long, hook_frames);
static DEFINE_PER_CPU(unsigned long, entered);

/* Functions begin at multiples of 16, and the hooked place is not far in. */
#define FUNCTION_ALIGN	16UL

static unsigned int slot_of(unsigned long address)
{
	return (address / FUNCTION_ALIGN * 0x9e3779b97f4a7c15UL) >> 57;
}

static notrace struct hook *hook_at(unsigned long ip)
{
	unsigned long address = ip & ~(FUNCTION_ALIGN - 1);
	unsigned int slot = slot_of(address);

	while (slots[slot] && slots[slot]->address != address)
		slot = (slot + 1) % SLOTS;
	return slots[slot];
}

static void put_in_slot(struct hook *hook)
{
	unsigned int slot = slot_of(hook->address);

	while (slots[slot])
		slot = (slot + 1) % SLOTS;
	slots[slot] = hook;
}

/* ---- frames -------------------------------------------------------------- */

static long frames_total(void)
{
	long total = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		total += READ_ONCE(per_cpu(hook_frames, cpu));
	return total;
}

unsigned long hooks_entered(void)
{
	unsigned long total = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		total += READ_ONCE(per_cpu(entered, cpu));
	return total;
}

void frames_drop(struct traced *traced)
{
	this_cpu_sub(hook_frames, traced->frames);
	traced->frames = 0;
}

/* ---- the callback -------------------------------------------------------- */

static __always_inline unsigned long argument(struct ftrace_regs *regs, int n)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return ftrace_regs_get_argument(regs, n);
#else
	const struct pt_regs *at = &regs->regs;

	return n ? at->si : at->di;
#endif
}

static __always_inline void redirect(struct ftrace_regs *regs, void *wrapper)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	ftrace_regs_set_instruction_pointer(regs, (unsigned long)wrapper);
#else
	ftrace_instruction_pointer_set(regs, (unsigned long)wrapper);
#endif
}

/* Whether the call concerns anyone; *@traced: whose frame it is. */
static notrace bool concerns(struct hook *hook, struct ftrace_regs *regs,
			     struct traced **traced)
{
	switch (hook->whom) {
	case FOR_CURRENT:
		*traced = traced_find(current);
		return *traced && (*traced)->awake;
	case FOR_EXITING:
		*traced = traced_find(current);
		return *traced && ((*traced)->awake || (*traced)->frames);
	case FOR_KNOWN:
		return traced_find(current);
	case FOR_FIRST:
		return traced_find((void *)argument(regs, 0));
	case FOR_GROUP:
		return traced_group((void *)argument(regs, 1));
	default:
		return true;
	}
}

static void notrace at_hook(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *op, struct ftrace_regs *regs)
{
	struct traced *traced = NULL;
	struct hook *hook;

	hook = hook_at(ip);
	if (!hook || !concerns(hook, regs, &traced))
		return;
	if (traced)
		traced->frames++;
	this_cpu_inc(hook_frames);
	this_cpu_inc(entered);
	redirect(regs, hook->wrapper);
}

static struct ftrace_ops ops = {
	.func = at_hook,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT |
		 FTRACE_OPS_FL_RECURSION,
};

/* ---- placing and taking away --------------------------------------------- */

/*
 * Where a function begins behind the instruction that ftrace has there: a no-op,
 * or a call if somebody traces it already.  0: there is none.
 */
static unsigned long behind_ftrace(unsigned long address)
{
	static const u8 nop[MCOUNT_INSN_SIZE] = { 0x0f, 0x1f, 0x44, 0, 0 };
	const u8 *at = (const u8 *)address;

#ifdef CONFIG_X86_KERNEL_IBT
	if (is_endbr(*(const u32 *)at))
		at += ENDBR_INSN_SIZE;
#endif
	if (memcmp(at, nop, sizeof(nop)) && *at != 0xe8)
		return 0;
	return (unsigned long)at + MCOUNT_INSN_SIZE;
}

static int find_all(void)
{
	unsigned long original;
	unsigned int i;
	int err;

	memset(slots, 0, sizeof(slots));
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		struct hook *hook = hooks[i];

		hook->address = symbol_address(hook->name);
		if (!hook->address) {
			pr_err("not loaded: this kernel has no function %s to hook\n",
			       hook->name);
			return -ENOENT;
		}
		original = behind_ftrace(hook->address);
		if (!original) {
			pr_err("not loaded: %s does not begin as a function that can be hooked\n",
			       hook->name);
			return -EOPNOTSUPP;
		}
		err = verify_hook(hook);
		if (err)
			return err;
		put_in_slot(hook);
		__static_call_update(hook->key, hook->trampoline,
				     (void *)original);
	}
	return 0;
}

static struct ftrace_ops probe = {
	.func = at_hook,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT |
		 FTRACE_OPS_FL_RECURSION,
};

/*
 * Tells which of @n of them cannot be hooked, and whether there are any.  A try
 * that succeeds has to be waited for when it is taken back: hence by halves.
 */
static bool tell_who_is_held(struct hook *const *some, unsigned long *addresses,
			     unsigned int n)
{
	int err = ftrace_set_filter_ips(&probe, addresses, n, 0, 1);
	bool told;

	if (!err)
		err = register_ftrace_function(&probe);
	if (!err) {
		unregister_ftrace_function(&probe);
		return false;
	}
	if (n > 1) {
		told = tell_who_is_held(some, addresses, n / 2);
		told |= tell_who_is_held(some + n / 2, addresses + n / 2,
					 n - n / 2);
		return told;
	}
	if (err == -EBUSY)
		pr_err("not loaded: %s is held by someone else who changes it (livepatch, or another module)\n",
		       some[0]->name);
	else
		pr_err("not loaded: %s cannot be hooked: error %d\n",
		       some[0]->name, err);
	return true;
}

/* Then each of them seems to be held. */
static bool is_switched_off(void)
{
	const int *enabled = (const int *)symbol_address("ftrace_enabled");

	return enabled && !READ_ONCE(*enabled);
}

int hooks_place(void)
{
	unsigned long addresses[ARRAY_SIZE(hooks)];
	unsigned int i;
	int err = find_all();

	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		addresses[i] = hooks[i]->address;
	err = ftrace_set_filter_ips(&ops, addresses, ARRAY_SIZE(hooks), 0, 1);
	if (!err)
		err = register_ftrace_function(&ops);
	if (err) {
		ftrace_free_filter(&ops);
		if (is_switched_off())
			pr_err("not loaded: no function can be hooked: the sysctl kernel.ftrace_enabled is 0\n");
		else if (!tell_who_is_held(hooks, addresses,
					   ARRAY_SIZE(hooks)))
			pr_err("not loaded: ftrace answers %d\n", err);
		/* not before: some kernels keep the pointer to what it frees */
		ftrace_free_filter(&probe);
	}
	return err;
}

void hooks_remove(void)
{
	unsigned int waited = 0;

	/* whoever read an old copy of its work flags has acted on it */
	synchronize_rcu_tasks();
	unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
	do {
		while (frames_total()) {
			if (!(waited++ % 1000))
				pr_info("unloading waits until attached threads leave %ld calls\n",
					frames_total());
			msleep(10);
		}
		/* and is past the last instruction of this module */
		synchronize_rcu_tasks();
		/* the sum is of several moments: what came and went was in none */
	} while (frames_total());
}

void hooks_show(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		seq_printf(m, "hook %s\n", hooks[i]->name);
	seq_printf(m, "entered %lu\nframes %ld\n", hooks_entered(),
		   frames_total());
}
