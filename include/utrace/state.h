/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The state of a thread: registers, memory, system call numbers and arguments.
 *
 * Registers may be read and written by a callback for its own thread
 * (*current*), and by anyone between utrace_prepare_examine() and
 * utrace_finish_examine().  Elsewhere these calls answer -ESRCH: there is
 * nothing to read while a thread runs.
 */
#ifndef UTRACE_STATE_H
#define UTRACE_STATE_H

#include <utrace/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct utrace_regset - one set of registers (struct user_regset)
 * @core_note_type: which set: NT_PRSTATUS (general), NT_PRFPREG (floating
 *	point), NT_X86_XSTATE (extended state), from <elf.h>
 * @n: number of slots
 * @size: bytes of a slot
 * @align: required alignment in bytes
 *
 * The layout of each set is the one of core dumps and of PTRACE_GETREGSET; the
 * extended state has the size that the kernel gives on this machine.
 */
struct utrace_regset {
	unsigned int core_note_type;
	unsigned int n;
	unsigned int size;
	unsigned int align;
};

/**
 * struct utrace_regset_view - the register sets of a kind of thread
 * @name: the kind: "x86_64" or "i386"
 * @regsets: the sets, the general one first
 * @n: number of sets
 * @e_machine: its ELF machine
 */
struct utrace_regset_view {
	const char *name;
	const struct utrace_regset *regsets;
	unsigned int n;
	uint16_t e_machine;
};

/**
 * utrace_regset_view() - which register sets a thread has
 * @thread: current, or a thread under examination
 *
 * Return: the view, static; of a thread that cannot be asked, the machine's own.
 */
UTRACE_API const struct utrace_regset_view *
utrace_regset_view(struct utrace_thread *thread);

/**
 * utrace_regset_read() - read a register set
 * @thread: current, or a thread under examination
 * @type: the set's core_note_type
 * @buf: where to
 * @size: size of @buf; what does not fit is left out
 *
 * Return: the number of bytes stored; -EINVAL: no such set; -ESRCH: the thread
 * is not stopped for the caller, or gone.
 */
UTRACE_MUST_CHECK UTRACE_API ssize_t
utrace_regset_read(struct utrace_thread *thread, unsigned int type, void *buf,
		   size_t size);

/**
 * utrace_regset_write() - write a register set
 * @thread: current, or a thread under examination
 * @type: the set's core_note_type
 * @buf: the new contents
 * @size: their size: the whole set, or its first part
 *
 * Return: 0; -EINVAL: no such set, or contents that the kernel rejects; -ESRCH:
 * as for utrace_regset_read().
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_regset_write(struct utrace_thread *thread, unsigned int type,
		    const void *buf, size_t size);

/**
 * utrace_get_regs() - the general registers in the layout of the kernel
 * @thread: current, or a thread under examination
 * @regs: filled in
 *
 * Return: 0, or -ESRCH as for utrace_regset_read().
 */
UTRACE_MUST_CHECK UTRACE_API int utrace_get_regs(struct utrace_thread *thread,
						 struct utrace_regs *regs);

/** utrace_set_regs() - write the general registers; as utrace_get_regs() */
UTRACE_MUST_CHECK UTRACE_API int
utrace_set_regs(struct utrace_thread *thread, const struct utrace_regs *regs);

/**
 * utrace_read_memory() - read a thread's memory
 * @thread: a traced thread: current, or under examination, or running (then
 *	what is read may be changing)
 * @addr: address in the thread
 * @buf: where to
 * @len: how many bytes
 *
 * Memory that the thread itself may not read can be read.
 *
 * Return: the number of bytes read, which is less than @len where unmapped
 * memory begins; -EFAULT if that is at once; -ESRCH: not traced, or gone.
 */
UTRACE_MUST_CHECK UTRACE_API ssize_t
utrace_read_memory(struct utrace_thread *thread, unsigned long addr, void *buf,
		   size_t len);

/**
 * utrace_read_string() - read a string from a thread's memory
 * @thread: as for utrace_read_memory()
 * @addr: address in the thread
 * @buf: where to; always terminated, if @size is not 0
 * @size: size of @buf
 *
 * Return: the length of the string without its end, or @size if it is longer
 * than what fits; errors as utrace_read_memory().
 */
UTRACE_MUST_CHECK UTRACE_API ssize_t
utrace_read_string(struct utrace_thread *thread, unsigned long addr, char *buf,
		   size_t size);

/**
 * utrace_write_memory() - write a thread's memory
 * @thread: as for utrace_read_memory()
 * @addr: address in the thread
 * @buf: what to write
 * @len: how many bytes
 *
 * Memory that the thread itself may not write, code for instance, can be
 * written; the change is private to the process.
 *
 * Return: as utrace_read_memory().
 */
UTRACE_MUST_CHECK UTRACE_API ssize_t
utrace_write_memory(struct utrace_thread *thread, unsigned long addr,
		    const void *buf, size_t len);

/**
 * utrace_syscall_get_nr() - the number of the system call that a thread is in
 * @thread: current, or a thread under examination
 * @regs: its registers
 *
 * Return: the number in the numbering of utrace_syscall_abi(), or -1 if it is
 * in none.
 */
UTRACE_API long utrace_syscall_get_nr(struct utrace_thread *thread,
				      const struct utrace_regs *regs);

/**
 * utrace_syscall_abi() - the numbering of the call that a thread is in
 * @thread: current, or a thread under examination
 *
 * Return: an &enum utrace_abi.
 */
UTRACE_API int utrace_syscall_abi(struct utrace_thread *thread);

/**
 * utrace_syscall_get_arguments() - the six arguments of a system call
 * @thread: as for utrace_syscall_get_nr()
 * @regs: its registers
 * @args: filled in
 *
 * In the entry callback and during its stop only.
 */
UTRACE_API void utrace_syscall_get_arguments(struct utrace_thread *thread,
					     const struct utrace_regs *regs,
					     unsigned long args[6]);

/** utrace_syscall_set_arguments() - change the six arguments; the same rules */
UTRACE_API void utrace_syscall_set_arguments(struct utrace_thread *thread,
					     struct utrace_regs *regs,
					     const unsigned long args[6]);

/**
 * utrace_syscall_get_error() - the error of a system call
 * @thread: as for utrace_syscall_get_nr()
 * @regs: its registers
 *
 * From the exit callback until user mode.
 *
 * Return: the negative errno that it failed with, or 0.
 */
UTRACE_API long utrace_syscall_get_error(struct utrace_thread *thread,
					 const struct utrace_regs *regs);

/** utrace_syscall_get_return_value() - the return register as it is */
UTRACE_API long
utrace_syscall_get_return_value(struct utrace_thread *thread,
				const struct utrace_regs *regs);

/**
 * utrace_syscall_set_return_value() - choose what user code sees
 * @thread: as for utrace_syscall_get_nr()
 * @regs: its registers
 * @error: a negative errno, or 0
 * @val: the value if @error is 0
 *
 * In the exit callback, or in the entry callback together with
 * %UTRACE_SYSCALL_ABORT.
 */
UTRACE_API void utrace_syscall_set_return_value(struct utrace_thread *thread,
						struct utrace_regs *regs,
						int error, long val);

/**
 * utrace_syscall_rollback() - put the call's number back where it was asked for
 * @thread: as for utrace_syscall_get_nr()
 * @regs: its registers
 *
 * From the exit callback until user mode: the registers are then as just
 * before the system call instruction, but for the instruction pointer.
 */
UTRACE_API void utrace_syscall_rollback(struct utrace_thread *thread,
					struct utrace_regs *regs);

/**
 * struct utrace_syscall_info - where a thread is (struct syscall_info)
 * @sp: its stack pointer
 * @nr: number of the system call that it waits in, or -1 if in none
 * @ip: its instruction pointer
 * @args: the call's arguments
 */
struct utrace_syscall_info {
	uint64_t sp;
	int nr;
	uint64_t ip;
	uint64_t args[6];
};

/**
 * utrace_current_syscall() - where any thread is (task_current_syscall())
 * @thread: a referenced thread, traced or not
 * @info: filled in
 *
 * Return: 0; -EAGAIN: it is running; -ESRCH: it is gone; -EPERM: the system
 * does not let the caller look.
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_current_syscall(struct utrace_thread *thread,
		       struct utrace_syscall_info *info);

#ifdef __cplusplus
}
#endif

#endif /* UTRACE_STATE_H */
