/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * For engines that were written for the interface's generation of 2009.
 *
 * Include this before any other header of utrace, or have the compiler do it
 * (-include utrace/20090421.h), and source of that generation compiles as it is,
 * for both hosts: its callbacks have other arguments (OLD-1).  All else is as in
 * <utrace/utrace.h>, and engines of both generations work side by side.
 */
#ifndef UTRACE_20090421_H
#define UTRACE_20090421_H

#if defined(UTRACE_UTRACE_H) && !defined(utrace_engine_ops)
#error "<utrace/20090421.h> has to come before other headers of utrace"
#endif

#include <utrace/kernel-names.h>

#ifdef __cplusplus
extern "C" {
#endif

#undef UTRACE_API_VERSION
#define UTRACE_API_VERSION	20090421

/**
 * struct utrace_engine_ops - the callbacks of an engine, as they were
 *
 * @task is the thread that the event happened to.  All else as for the callbacks
 * of the same names in <utrace/utrace.h>.
 */
struct utrace_engine_ops {
	u32 (*report_quiesce)(enum utrace_resume_action action,
			      struct utrace_engine *engine,
			      struct task_struct *task, unsigned long event);
	u32 (*report_signal)(u32 action, struct utrace_engine *engine,
			     struct task_struct *task, struct pt_regs *regs,
			     siginfo_t *info, const struct k_sigaction *orig_ka,
			     struct k_sigaction *return_ka);
	u32 (*report_clone)(enum utrace_resume_action action,
			    struct utrace_engine *engine,
			    struct task_struct *parent,
			    unsigned long clone_flags,
			    struct task_struct *child);
	u32 (*report_jctl)(enum utrace_resume_action action,
			   struct utrace_engine *engine,
			   struct task_struct *task, int type, int notify);
	u32 (*report_exec)(enum utrace_resume_action action,
			   struct utrace_engine *engine,
			   struct task_struct *task,
			   const struct linux_binfmt *fmt,
			   const struct linux_binprm *bprm,
			   struct pt_regs *regs);
	u32 (*report_syscall_entry)(u32 action, struct utrace_engine *engine,
				    struct task_struct *task,
				    struct pt_regs *regs);
	u32 (*report_syscall_exit)(enum utrace_resume_action action,
				   struct utrace_engine *engine,
				   struct task_struct *task,
				   struct pt_regs *regs);
	u32 (*report_exit)(enum utrace_resume_action action,
			   struct utrace_engine *engine,
			   struct task_struct *task, long orig_code,
			   long *code);
	u32 (*report_death)(struct utrace_engine *engine,
			    struct task_struct *task, bool group_dead,
			    int signal);
	void (*report_reap)(struct utrace_engine *engine,
			    struct task_struct *task);
	void (*release)(void *data);
};

#ifndef utrace_engine_ops	/* the core needs no more than the structure */
static inline struct utrace_engine *
utrace_attach_task_20090421(struct task_struct *task, int flags,
			    const struct utrace_engine_ops *ops, void *data)
{
	return utrace_attach_task(task, flags | UTRACE_ATTACH_20090421, ops,
				  data);
}

static inline struct utrace_engine *
utrace_attach_pid_20090421(struct pid *pid, int flags,
			   const struct utrace_engine_ops *ops, void *data)
{
	return utrace_attach_pid(pid, flags | UTRACE_ATTACH_20090421, ops,
				 data);
}

#undef utrace_attach_pid
#define utrace_attach_task	utrace_attach_task_20090421
#define utrace_attach_pid	utrace_attach_pid_20090421
#endif

#ifdef __cplusplus
}
#endif

#endif /* UTRACE_20090421_H */
