// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the system calls of chosen processes, by number.
 *
 *	cd /sys/kernel/debug/utrace-count
 *	echo 4711 >control		all threads of this process
 *	echo follow 4711 >control	the processes that it creates, too
 *	echo -4711 >control		not this process any more
 *	cat control			who is traced
 *	cat calls			"NUMBER COUNT", those that were made
 *	echo clear >calls		begin at zero
 *
 * With only=0,1,257 these numbers alone are counted, and no other call comes to
 * the engine.  i386 calls are "i386 NUMBER COUNT".  A number that there is no
 * room for is counted as "other".
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>

#include <utrace/state.h>

#include "group.h"

#define NUMBERS	512		/* more than there are */

static int only[NUMBERS];
static unsigned int only_nr;
module_param_array(only, int, &only_nr, 0444);
MODULE_PARM_DESC(only, "numbers of the system calls that are counted; all");

/* ---- counters ---------------------------------------------------------- */

/*
 * One set for each processor: threads on two of them share nothing.  To read it
 * while it counts gives a number that was true at some time.
 */
struct counters {
	unsigned long calls[UTRACE_NABIS][NUMBERS];
	unsigned long other;
};

static struct counters __percpu *counters;

static unsigned long sum(enum utrace_abi abi, unsigned int nr)
{
	unsigned long n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += READ_ONCE(per_cpu_ptr(counters, cpu)->calls[abi][nr]);
	return n;
}

static unsigned long sum_other(void)
{
	unsigned long n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += READ_ONCE(per_cpu_ptr(counters, cpu)->other);
	return n;
}

/* ---- callbacks --------------------------------------------------------- */

static u32 on_syscall_entry(u32 action, struct utrace_engine *engine,
			    struct pt_regs *regs)
{
	enum utrace_abi abi = utrace_syscall_abi(current);
	unsigned int nr = syscall_get_nr(current, regs);

	/* an entry that was reported before is the same call */
	if (action & UTRACE_SYSCALL_RESUMED)
		;
	else if (nr < NUMBERS)
		this_cpu_inc(counters->calls[abi][nr]);
	else
		this_cpu_inc(counters->other);
	/* go on, and leave the choice to make the call or not to the others */
	return UTRACE_RESUME | utrace_syscall_action(action);
}

static u32 on_clone(u32 action, struct utrace_engine *engine,
		    unsigned long clone_flags, struct task_struct *child)
{
	group_clone(engine->data, clone_flags, child);
	return UTRACE_RESUME;
}

static void on_reap(struct utrace_engine *engine, struct task_struct *task)
{
	group_reaped(engine->data);
}

static const struct utrace_engine_ops ops = {
	.report_syscall_entry = on_syscall_entry,
	.report_clone = on_clone,
	.report_reap = on_reap,
};

static unsigned long events_of(const struct member *member)
{
	return UTRACE_EVENT(SYSCALL_ENTRY);
}

/* What is counted; null: all. Made when the module is loaded. */
static struct utrace_syscall_set *set;

static int narrow(struct member *member)
{
	return set ? utrace_set_syscalls(member->task, member->engine, set) : 0;
}

static struct group group = {
	.ops = &ops,
	.size = sizeof(struct member),
	.start = narrow,
	.events = events_of,
};

/* ---- files ------------------------------------------------------------- */

static int calls_show(struct seq_file *seq, void *unused)
{
	unsigned long n;
	unsigned int nr;

	for (nr = 0; nr < NUMBERS; nr++) {
		n = sum(UTRACE_ABI_X86_64, nr);
		if (n)
			seq_printf(seq, "%u %lu\n", nr, n);
	}
	for (nr = 0; nr < NUMBERS; nr++) {
		n = sum(UTRACE_ABI_I386, nr);
		if (n)
			seq_printf(seq, "i386 %u %lu\n", nr, n);
	}
	n = sum_other();
	if (n)
		seq_printf(seq, "other %lu\n", n);
	return 0;
}

static int calls_open(struct inode *inode, struct file *file)
{
	return single_open(file, calls_show, NULL);
}

static ssize_t calls_write(struct file *file, const char __user *text,
			   size_t len, loff_t *pos)
{
	char buf[8];
	int cpu;

	if (!len || len >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, text, len))
		return -EFAULT;
	buf[len] = 0;
	if (!sysfs_streq(buf, "clear"))
		return -EINVAL;
	/* a call that is made at this moment may be counted or not */
	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(counters, cpu), 0, sizeof(*counters));
	return len;
}

static const struct file_operations calls_ops = {
	.owner = THIS_MODULE,
	.open = calls_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.write = calls_write,
	.release = single_release,
};

/* ---- the module -------------------------------------------------------- */

static struct dentry *directory;

static int __init make_set(void)
{
	unsigned int i;
	int err = 0;

	if (!only_nr)
		return 0;
	set = utrace_syscall_set_new();
	if (!set)
		return -ENOMEM;
	for (i = 0; i < only_nr && !err; i++)
		err = only[i] < 0 || only[i] >= NUMBERS ? -EINVAL :
			utrace_syscall_set_add(set, UTRACE_ABI_X86_64, only[i]);
	return err;
}

static int __init syscall_count_load(void)
{
	int err = make_set();

	if (!err) {
		counters = alloc_percpu(struct counters);
		err = counters ? 0 : -ENOMEM;
	}
	if (err) {
		utrace_syscall_set_free(set);
		return err;
	}
	group_init(&group);
	directory = debugfs_create_dir("utrace-count", NULL);
	debugfs_create_file("control", 0600, directory, &group,
			    &group_control_ops);
	debugfs_create_file("calls", 0600, directory, NULL, &calls_ops);
	return 0;
}

static void __exit syscall_count_unload(void)
{
	debugfs_remove(directory);
	group_close(&group);
	free_percpu(counters);
	utrace_syscall_set_free(set);
}

module_init(syscall_count_load);
module_exit(syscall_count_unload);

MODULE_DESCRIPTION("utrace sample: a counter of system calls");
MODULE_LICENSE("GPL");
