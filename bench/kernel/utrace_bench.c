// SPDX-License-Identifier: GPL-2.0-only
/*
 * What bench/kernel/run measures with: engines that do nothing, and a probe of
 * the raw_syscalls tracepoints that does nothing.
 *
 *	engines=N pid=PID events=MASK	N engines on that thread
 *	probe=1				the probe
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/tracepoint.h>

#include <linux/utrace.h>

#define MOST	8

static unsigned int engines;
module_param(engines, uint, 0);
static int pid;
module_param(pid, int, 0);
static unsigned long events = UTRACE_EVENT_SYSCALL;
module_param(events, ulong, 0);
static bool probe;
module_param(probe, bool, 0);

static struct utrace_engine *attached[MOST];
static struct task_struct *task;

static u32 quiesce(u32 action, struct utrace_engine *engine,
		   unsigned long event)
{
	return UTRACE_RESUME;
}

static u32 call(u32 action, struct utrace_engine *engine, struct pt_regs *regs)
{
	return UTRACE_RESUME;
}

static u32 signal(u32 action, struct utrace_engine *engine,
		  struct pt_regs *regs, siginfo_t *info,
		  const struct k_sigaction *orig_ka,
		  struct k_sigaction *return_ka)
{
	return utrace_signal_action(action) | UTRACE_RESUME;
}

static u32 clone(u32 action, struct utrace_engine *engine, unsigned long flags,
		 struct task_struct *child)
{
	return UTRACE_RESUME;
}

static const struct utrace_engine_ops ops = {
	.report_quiesce = quiesce,
	.report_syscall_entry = call,
	.report_syscall_exit = call,
	.report_signal = signal,
	.report_clone = clone,
};

/* ---- the probe --------------------------------------------------------------- */

static struct tracepoint *enter, *leave;

static void at_enter(void *data, struct pt_regs *regs, long nr)
{
}

static void at_exit(void *data, struct pt_regs *regs, long ret)
{
}

static void look(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "sys_enter"))
		enter = tp;
	if (!strcmp(tp->name, "sys_exit"))
		leave = tp;
}

static int place_probe(void)
{
	int err;

	for_each_kernel_tracepoint(look, NULL);
	if (!enter || !leave)
		return -ENOENT;
	err = tracepoint_probe_register(enter, at_enter, NULL);
	if (!err)
		err = tracepoint_probe_register(leave, at_exit, NULL);
	return err;
}

/* ---- the module -------------------------------------------------------------- */

static int __init bench_load(void)
{
	struct pid *found = find_get_pid(pid);
	unsigned int i;
	int err = 0;

	if (probe)
		return place_probe();
	task = get_pid_task(found, PIDTYPE_PID);
	put_pid(found);
	if (!task)
		return -ESRCH;
	for (i = 0; i < min_t(unsigned int, engines, MOST) && !err; i++) {
		attached[i] = utrace_attach_task(task, UTRACE_ATTACH_CREATE,
						 &ops, NULL);
		err = PTR_ERR_OR_ZERO(attached[i]);
		if (!err)
			err = utrace_set_events(task, attached[i], events);
	}
	return err;
}

/* By then the thread is dead, or lives on untraced. */
static void __exit bench_unload(void)
{
	unsigned int i;

	if (probe) {
		tracepoint_probe_unregister(enter, at_enter, NULL);
		tracepoint_probe_unregister(leave, at_exit, NULL);
		tracepoint_synchronize_unregister();
		return;
	}
	for (i = 0; i < MOST && attached[i]; i++) {
		if (utrace_control(task, attached[i], UTRACE_DETACH) != -ESRCH)
			while (utrace_barrier(task, attached[i]) == -ERESTARTSYS)
				;
		utrace_engine_put(attached[i]);
	}
	put_task_struct(task);
}

module_init(bench_load);
module_exit(bench_unload);

MODULE_DESCRIPTION("utrace: engines that do nothing, for measuring");
MODULE_LICENSE("GPL");
