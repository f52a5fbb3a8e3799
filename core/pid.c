// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * The calls that take a referenced pid in place of a thread.
 *
 * The names stand in parentheses because <utrace/kernel-names.h> has macros of
 * the same names.
 */
#include "core.h"

struct utrace_engine *(utrace_attach_pid)(struct utrace_pid *pid, int flags,
					  const struct utrace_engine_ops *ops,
					  void *data)
{
	struct task_struct *task = utrace_host_pid_task(pid);
	struct utrace_engine *engine;

	if (!task)
		return ERR_PTR(-ESRCH);
	engine = utrace_attach_task(task, flags, ops, data);
	put_task_struct(task);
	return engine;
}

int (utrace_control_pid)(struct utrace_pid *pid, struct utrace_engine *engine,
			 enum utrace_resume_action action)
{
	struct task_struct *task = utrace_host_pid_task(pid);
	int ret;

	if (!task)
		return -ESRCH;
	ret = utrace_control(task, engine, action);
	put_task_struct(task);
	return ret;
}

int (utrace_set_events_pid)(struct utrace_pid *pid,
			    struct utrace_engine *engine, unsigned long events)
{
	struct task_struct *task = utrace_host_pid_task(pid);
	int ret;

	if (!task)
		return -ESRCH;
	ret = utrace_set_events(task, engine, events);
	put_task_struct(task);
	return ret;
}

int (utrace_barrier_pid)(struct utrace_pid *pid, struct utrace_engine *engine)
{
	struct task_struct *task = utrace_host_pid_task(pid);
	int ret;

	if (!task)
		return -ESRCH;
	ret = utrace_barrier(task, engine);
	put_task_struct(task);
	return ret;
}
