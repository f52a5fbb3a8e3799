/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The kernel's names for what the library offers.
 *
 * Engine source that includes this file, and uses the names of the kernel's
 * <linux/utrace.h> and <linux/sched.h>, compiles for both hosts.  In the kernel
 * the names are there already, so this adds nothing but the headers.
 *
 * The headers that declare types of the same names are included first, so that
 * the order in which a program includes them does not matter.
 */
#ifndef UTRACE_KERNEL_NAMES_H
#define UTRACE_KERNEL_NAMES_H

#ifdef __KERNEL__

#include <linux/binfmts.h>
#include <linux/errno.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/utrace.h>

#else

#include <errno.h>
#include <signal.h>
#ifndef _LINUX_PTRACE_H	/* after that one, <sys/ptrace.h> does not compile */
#include <sys/ptrace.h>
#endif
#include <asm/ptrace.h>
#include <utrace/utrace.h>
#include <utrace/state.h>
#include <utrace/thread.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define task_struct		utrace_thread
#define pt_regs			utrace_regs
#define k_sigaction		utrace_sigaction
#define linux_binfmt		utrace_binfmt
#define linux_binprm		utrace_binprm
#define user_regset		utrace_regset
#define user_regset_view	utrace_regset_view
#define syscall_info		utrace_syscall_info

#define ERR_PTR(error)		utrace_err_ptr(error)
#define PTR_ERR(ptr)		utrace_ptr_err(ptr)
#define IS_ERR(ptr)		utrace_is_err(ptr)

#define current			utrace_current()
#define task_pid_nr(task)	utrace_thread_id(task)
#define task_tgid_nr(task)	utrace_thread_group(task)
#define get_task_struct(task)	utrace_thread_get(task)
#define put_task_struct(task)	utrace_thread_put(task)
#define task_utrace_flags(task)	utrace_task_flags(task)

#define arch_has_single_step()	utrace_has_single_step()
#define arch_has_block_step()	utrace_has_block_step()

#define task_user_regset_view	utrace_regset_view
#define syscall_get_nr		utrace_syscall_get_nr
#define syscall_get_arguments	utrace_syscall_get_arguments
#define syscall_set_arguments	utrace_syscall_set_arguments
#define syscall_get_error	utrace_syscall_get_error
#define syscall_get_return_value utrace_syscall_get_return_value
#define syscall_set_return_value utrace_syscall_set_return_value
#define syscall_rollback	utrace_syscall_rollback
#define task_current_syscall	utrace_current_syscall

/*
 * "pid" is too common a word to be a macro, so struct pid is a name of its own
 * for what the library calls struct utrace_pid.
 */
struct pid;

static inline struct pid *find_get_pid(pid_t nr)
{
	return (struct pid *)utrace_pid_find(nr);
}

static inline void put_pid(struct pid *pid)
{
	utrace_pid_put((struct utrace_pid *)pid);
}

#define utrace_attach_pid(pid, flags, ops, data) \
	utrace_attach_pid((struct utrace_pid *)(pid), flags, ops, data)
#define utrace_control_pid(pid, engine, action) \
	utrace_control_pid((struct utrace_pid *)(pid), engine, action)
#define utrace_set_events_pid(pid, engine, events) \
	utrace_set_events_pid((struct utrace_pid *)(pid), engine, events)
#define utrace_barrier_pid(pid, engine) \
	utrace_barrier_pid((struct utrace_pid *)(pid), engine)

#endif /* __KERNEL__ */

#endif /* UTRACE_KERNEL_NAMES_H */
