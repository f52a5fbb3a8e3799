// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of threads: the calls of <utrace/state.h>, and one of the kernel's
 * that modules cannot reach without us.
 */
#include <linux/completion.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/regset.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>

#include <utrace/state.h>

#include "kernel_host.h"

/**
 * task_current_syscall() - the system call that a thread is in
 * @task: any thread, referenced
 * @info: filled in: the stack pointer, the call's number and arguments, and the
 *	instruction pointer; the number is -1 if it is in none
 *
 * Context: may sleep.
 *
 * Return: 0; -EAGAIN if it runs, so that there is no telling; -ESRCH if it is
 * dead.
 */
int task_current_syscall(struct task_struct *task, struct syscall_info *info)
{
	if (READ_ONCE(task->exit_state))
		return -ESRCH;
	return kernel(task_current_syscall)(task, info);
}
EXPORT_SYMBOL_GPL(task_current_syscall);

/**
 * utrace_syscall_abi() - the numbering of the call that a thread is in
 * @task: current, or a thread under examination
 *
 * Return: an &enum utrace_abi.
 */
int utrace_syscall_abi(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT ? UTRACE_ABI_I386 :
						      UTRACE_ABI_X86_64;
}
EXPORT_SYMBOL_GPL(utrace_syscall_abi);

/* ---- registers ------------------------------------------------------------- */

/* Others may look at it only while an engine holds it. */
static bool may_look(struct task_struct *task)
{
	bool may = task == current;

	if (!may) {
		rcu_read_lock();
		may = utrace_holds_stop(state_find(task)) &&
		      !READ_ONCE(task->exit_state);
		rcu_read_unlock();
	}
	return may;
}

static const struct user_regset *find_set(struct task_struct *task,
					  unsigned int type)
{
	const struct user_regset_view *view = task_user_regset_view(task);
	unsigned int i;

	for (i = 0; i < view->n; i++)
		if (view->regsets[i].core_note_type == type)
			return &view->regsets[i];
	return NULL;
}

/**
 * utrace_regset_read() - read a register set
 * @task: current, or between prepare_examine and finish_examine
 * @type: its core_note_type
 * @buf: where to
 * @size: of @buf; what does not fit is left out
 *
 * Context: may sleep.
 *
 * Return: bytes stored; -EINVAL: no such set; -ESRCH: it is not stopped.
 */
ssize_t utrace_regset_read(struct task_struct *task, unsigned int type,
			   void *buf, size_t size)
{
	const struct user_regset *set;

	if (!may_look(task))
		return -ESRCH;
	set = find_set(task, type);
	if (!set)
		return -EINVAL;
	return regset_get(task, set, min_t(size_t, size, set->n * set->size),
			  buf);
}
EXPORT_SYMBOL_GPL(utrace_regset_read);

struct own_write {
	struct work_struct work;
	struct completion done;
	struct task_struct *task;
	const struct user_regset *set;
	const void *buf;
	size_t size;
	int err;
};

static void write_for(struct work_struct *work)
{
	struct own_write *own = container_of(work, struct own_write, work);

	while (!kernel(wait_task_inactive)(own->task, TASK_UNINTERRUPTIBLE))
		schedule_timeout_uninterruptible(1);
	own->err = own->set->set(own->task, own->set, 0, own->size, own->buf,
				 NULL);
	complete(&own->done);
}

/*
 * The kernel writes the sets of threads that do not run, and part of them is in
 * the processor while they do: so another writes, while current sleeps.
 */
static int write_own(const struct user_regset *set, const void *buf,
		     size_t size)
{
	struct own_write own = {
		.task = current, .set = set, .buf = buf, .size = size
	};

	INIT_WORK_ONSTACK(&own.work, write_for);
	init_completion(&own.done);
	queue_work(system_unbound_wq, &own.work);
	wait_for_completion(&own.done);
	destroy_work_on_stack(&own.work);
	return own.err;
}

/**
 * utrace_regset_write() - write a register set
 * @task: as for utrace_regset_read()
 * @type: its core_note_type
 * @buf: the new contents
 * @size: their size: the whole set, or its first part
 *
 * Context: may sleep.
 *
 * Return: 0; -EINVAL: no such set, or contents that the kernel rejects; -ESRCH:
 * it is not stopped.
 */
int utrace_regset_write(struct task_struct *task, unsigned int type,
			const void *buf, size_t size)
{
	const struct user_regset *set;
	int err;

	if (!may_look(task))
		return -ESRCH;
	set = find_set(task, type);
	if (!set || !set->set || size > set->n * set->size ||
	    size % set->size)
		return -EINVAL;
	err = task == current ? write_own(set, buf, size) :
				set->set(task, set, 0, size, buf, NULL);
	return err ? -EINVAL : 0;
}
EXPORT_SYMBOL_GPL(utrace_regset_write);

/**
 * utrace_get_regs() - the general registers
 * @task: as for utrace_regset_read()
 * @regs: filled in
 *
 * Return: 0; -ESRCH: it is not stopped.
 */
int utrace_get_regs(struct task_struct *task, struct pt_regs *regs)
{
	if (!may_look(task))
		return -ESRCH;
	*regs = *task_pt_regs(task);
	return 0;
}
EXPORT_SYMBOL_GPL(utrace_get_regs);

/* What user code may set of its flags, as for ptrace. */
#define USER_FLAGS							\
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF |	\
	 X86_EFLAGS_SF | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_OF |	\
	 X86_EFLAGS_RF | X86_EFLAGS_AC)

/**
 * utrace_set_regs() - write the general registers
 * @task: as for utrace_regset_read()
 * @regs: the new contents; of the flags those that user code may set count, and
 *	the code and stack segments stay as they are
 *
 * Return: 0; -EINVAL: an instruction pointer that is the kernel's; -ESRCH: it is
 * not stopped.
 */
int utrace_set_regs(struct task_struct *task, const struct pt_regs *regs)
{
	struct pt_regs *own, new = *regs;

	if (!may_look(task))
		return -ESRCH;
	if (new.ip >= TASK_SIZE_MAX)
		return -EINVAL;
	own = task_pt_regs(task);
	new.cs = own->cs;
	new.ss = own->ss;
	new.flags = (own->flags & ~USER_FLAGS) | (new.flags & USER_FLAGS);
	*own = new;
	return 0;
}
EXPORT_SYMBOL_GPL(utrace_set_regs);

/* ---- memory ---------------------------------------------------------------- */

/* Nothing could be read or written at all. */
static int why_none(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm)
		return -ESRCH;
	mmput(mm);
	return -EFAULT;
}

static ssize_t access(struct task_struct *task, unsigned long addr, void *buf,
		      size_t len, unsigned int flags)
{
	size_t done = 0;
	int n;

	while (done < len) {
		n = access_process_vm(task, addr + done, buf + done,
				      min_t(size_t, len - done, 1 << 20),
				      FOLL_FORCE | flags);
		if (n <= 0)
			break;
		done += n;
	}
	return done || !len ? done : why_none(task);
}

/**
 * utrace_read_memory() - read a thread's memory
 * @task: any thread, referenced; if it runs, what is read may be changing
 * @addr: address in the thread
 * @buf: where to
 * @len: how many bytes
 *
 * Memory that the thread itself may not read can be read.  Context: may sleep.
 *
 * Return: bytes read, fewer than @len where unmapped memory begins; -EFAULT if
 * that is at once; -ESRCH: it has no memory any more.
 */
ssize_t utrace_read_memory(struct task_struct *task, unsigned long addr,
			   void *buf, size_t len)
{
	return access(task, addr, buf, len, 0);
}
EXPORT_SYMBOL_GPL(utrace_read_memory);

/**
 * utrace_write_memory() - write a thread's memory
 * @task: as for utrace_read_memory()
 * @addr: address in the thread
 * @buf: what
 * @len: how many bytes
 *
 * Memory that the thread itself may not write, code for instance, can be
 * written; the change is private to the process.  Context: may sleep.
 *
 * Return: as utrace_read_memory().
 */
ssize_t utrace_write_memory(struct task_struct *task, unsigned long addr,
			    const void *buf, size_t len)
{
	return access(task, addr, (void *)buf, len, FOLL_WRITE);
}
EXPORT_SYMBOL_GPL(utrace_write_memory);

/**
 * utrace_read_string() - read a string from a thread's memory
 * @task: as for utrace_read_memory()
 * @addr: address in the thread
 * @buf: where to; always terminated, if @size is not 0
 * @size: of @buf
 *
 * Context: may sleep.
 *
 * Return: the length of the string without its end, or @size if it is longer
 * than what fits; errors as utrace_read_memory().
 */
ssize_t utrace_read_string(struct task_struct *task, unsigned long addr,
			   char *buf, size_t size)
{
	size_t done = 0, part, len;
	int n;

	while (done < size) {
		/* not into the next page, which may not be there */
		part = min_t(size_t, size - done,
			     PAGE_SIZE - offset_in_page(addr + done));
		n = access_process_vm(task, addr + done, buf + done, part,
				      FOLL_FORCE);
		if (n <= 0) {
			buf[done] = 0;
			return why_none(task);
		}
		len = strnlen(buf + done, n);
		done += len;
		if (len < n)
			return done;
	}
	if (size)
		buf[size - 1] = 0;
	return size;
}
EXPORT_SYMBOL_GPL(utrace_read_string);
