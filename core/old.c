// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Engines of the 20090421 generation (OLD-1): each has callbacks of today's, which
 * call its own with the arguments of then.
 */
#include "core.h"

#define utrace_engine_ops utrace_engine_ops_20090421
#include <utrace/20090421.h>
#undef utrace_engine_ops

struct old_engine {
	struct engine engine;
	struct utrace_engine_ops ops;
};

static const struct utrace_engine_ops_20090421 *
own(struct utrace_engine *engine)
{
	return (const void *)engine->ops;
}

static struct task_struct *task_of(struct utrace_engine *engine)
{
	return to_engine(engine)->utrace->task;
}

static u32 old_quiesce(u32 action, struct utrace_engine *engine,
		       unsigned long event)
{
	return own(engine)->report_quiesce(utrace_resume_action(action), engine,
					   task_of(engine), event);
}

static u32 old_signal(u32 action, struct utrace_engine *engine,
		      struct pt_regs *regs, siginfo_t *info,
		      const struct k_sigaction *orig_ka,
		      struct k_sigaction *return_ka)
{
	return own(engine)->report_signal(action, engine, task_of(engine), regs,
					  info, orig_ka, return_ka);
}

static u32 old_clone(u32 action, struct utrace_engine *engine,
		     unsigned long flags, struct task_struct *child)
{
	return own(engine)->report_clone(utrace_resume_action(action), engine,
					 task_of(engine), flags, child);
}

static u32 old_jctl(u32 action, struct utrace_engine *engine, int type,
		    int notify)
{
	return own(engine)->report_jctl(utrace_resume_action(action), engine,
					task_of(engine), type, notify);
}

static u32 old_exec(u32 action, struct utrace_engine *engine,
		    const struct linux_binfmt *fmt,
		    const struct linux_binprm *bprm, struct pt_regs *regs)
{
	return own(engine)->report_exec(utrace_resume_action(action), engine,
					task_of(engine), fmt, bprm, regs);
}

static u32 old_syscall_entry(u32 action, struct utrace_engine *engine,
			     struct pt_regs *regs)
{
	return own(engine)->report_syscall_entry(action, engine,
						 task_of(engine), regs);
}

static u32 old_syscall_exit(u32 action, struct utrace_engine *engine,
			    struct pt_regs *regs)
{
	return own(engine)->report_syscall_exit(utrace_resume_action(action),
						engine, task_of(engine), regs);
}

static u32 old_exit(u32 action, struct utrace_engine *engine, long orig_code,
		    long *code)
{
	return own(engine)->report_exit(utrace_resume_action(action), engine,
					task_of(engine), orig_code, code);
}

static u32 old_death(struct utrace_engine *engine, bool group_dead, int signal)
{
	return own(engine)->report_death(engine, task_of(engine), group_dead,
					 signal);
}

struct engine *old_engine_alloc(const struct utrace_engine_ops *ops)
{
	const struct utrace_engine_ops_20090421 *old = (const void *)ops;
	struct old_engine *e = port_zalloc(sizeof(*e));

	if (!e)
		return NULL;
	/* one that is missing stays missing (EVT-8) */
	e->ops = (struct utrace_engine_ops){
		.report_quiesce = old->report_quiesce ? old_quiesce : NULL,
		.report_signal = old->report_signal ? old_signal : NULL,
		.report_clone = old->report_clone ? old_clone : NULL,
		.report_jctl = old->report_jctl ? old_jctl : NULL,
		.report_exec = old->report_exec ? old_exec : NULL,
		.report_syscall_entry =
			old->report_syscall_entry ? old_syscall_entry : NULL,
		.report_syscall_exit =
			old->report_syscall_exit ? old_syscall_exit : NULL,
		.report_exit = old->report_exit ? old_exit : NULL,
		.report_death = old->report_death ? old_death : NULL,
		.report_reap = old->report_reap,
		.release = old->release,
	};
	e->engine.ops = &e->ops;
	return &e->engine;
}
