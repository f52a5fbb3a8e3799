/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The types that the interface is written in.
 *
 * In the kernel they are the kernel's own; the library declares its own, every
 * one with the prefix utrace_.  Nothing here is a call.  Engine source that is
 * to serve both includes <utrace/kernel-names.h> and uses the kernel's names.
 */
#ifndef UTRACE_TYPES_H
#define UTRACE_TYPES_H

#ifdef __KERNEL__

#include <linux/types.h>
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/signal_types.h>

struct linux_binfmt;
struct linux_binprm;

#define utrace_thread		task_struct
#define utrace_pid		pid
#define utrace_regs		pt_regs
#define utrace_sigaction	k_sigaction
#define utrace_binfmt		linux_binfmt
#define utrace_binprm		linux_binprm
#define utrace_task_flags	task_utrace_flags

/* The kernel says what its code can do; the machine may be less able. */
#undef arch_has_block_step
#define arch_has_block_step()	utrace_has_block_step()

#define UTRACE_MUST_CHECK	__must_check
#define UTRACE_API

#define utrace_err_ptr(error)	ERR_PTR(error)
#define utrace_ptr_err(ptr)	PTR_ERR(ptr)
#define utrace_is_err(ptr)	IS_ERR(ptr)

#else /* the library */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define UTRACE_MUST_CHECK	__attribute__((__warn_unused_result__))
#define UTRACE_API		__attribute__((__visibility__("default")))

/**
 * struct utrace_thread - one user thread (the kernel's struct task_struct)
 *
 * Opaque.  A handle is got from utrace_thread_find(), utrace_thread_start(),
 * utrace_current() or a callback, and stays valid while a reference is held
 * (utrace_thread_get(), utrace_thread_put()) or until the callback returns
 * that it was handed to.  It names one thread for good: a thread ID that the
 * kernel gives out again never leads to another thread.
 */
struct utrace_thread;

/**
 * struct utrace_pid - a thread ID that is known to name one thread (struct pid)
 *
 * Opaque.  From utrace_pid_find(), given back with utrace_pid_put().
 */
struct utrace_pid;

/**
 * struct utrace_regs - the general registers of a thread (struct pt_regs)
 *
 * The members and their order are those of the x86-64 kernel.  @orig_ax is the
 * system call number that was asked for, or negative outside system calls;
 * @ax is the result.  fs_base and gs_base are not here: they are in the
 * general register set (see <utrace/state.h>).
 */
struct utrace_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long cs;
	unsigned long flags;
	unsigned long sp;
	unsigned long ss;
};

/**
 * struct utrace_sigaction - what a thread has set for a signal (k_sigaction)
 * @sa: the action; a host that cannot tell the address of a handler says so in
 *	its capability table and gives %UTRACE_SIG_CAUGHT.
 */
struct utrace_sigaction {
	struct sigaction sa;
};

/** UTRACE_SIG_CAUGHT - stands for a handler whose address is not known */
#define UTRACE_SIG_CAUGHT	((void (*)(int))2)

/** struct utrace_binfmt - the kind of binary that was executed; opaque */
struct utrace_binfmt;

/**
 * struct utrace_binprm - what an exec was asked for (struct linux_binprm)
 * @filename: the name given to exec
 * @interp: the binary that runs: @filename, or for a script its interpreter
 *
 * Both strings live until the callback returns.
 */
struct utrace_binprm {
	const char *filename;
	const char *interp;
};

/*
 * Errors as pointers: the last page of the address space is never an object,
 * so a pointer there is a negative errno.
 */
static inline void *utrace_err_ptr(long error)
{
	return (void *)error;
}

static inline long utrace_ptr_err(const void *ptr)
{
	return (long)ptr;
}

static inline bool utrace_is_err(const void *ptr)
{
	return (unsigned long)ptr >= (unsigned long)-4095L;
}

#endif /* __KERNEL__ */

#endif /* UTRACE_TYPES_H */
