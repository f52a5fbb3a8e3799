// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A system call of our making, by a thread that is stopped on its way to user mode.
 *
 * It is made with all signals blocked, and then registers, mask and memory are what
 * they were.  Should the tracer be killed meanwhile, the thread itself sees to that;
 * x86_64/call.c says how.  A thread that was at the delivery of a signal is at it no
 * more: the signal is the caller's to send again.
 *
 * A filter of the program's might not like the call, and end the program: where there
 * is one nothing is injected, unless the kernel lets us suspend it.  Neither is it if
 * calls may be dispatched to a handler; kernels before 6.4 do not tell, but by that
 * signal in place of the call.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utrace/state.h>

#include "ptrace_host.h"

/* From linux/ptrace.h newer than some headers. */
#ifndef PTRACE_O_SUSPEND_SECCOMP
#define PTRACE_O_SUSPEND_SECCOMP	(1 << 21)
#endif
#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP		128
#endif
#define GET_DISPATCH_CONFIG	0x4211
#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH	2
#endif


/* As PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG gives it. */
struct dispatch_config {
	uint64_t mode;
	uint64_t selector;
	uint64_t offset;
	uint64_t len;
};

/* The program's own filter of system calls. */
static bool suspend_filter(struct utrace_thread *thread, bool suspend)
{
	unsigned int options = thread->options;

	if (suspend)
		options |= PTRACE_O_SUSPEND_SECCOMP;
	return !ptrace(PTRACE_SETOPTIONS, thread->tid, 0, options);
}

static bool may_dispatch(struct utrace_thread *thread)
{
	struct dispatch_config config = { 0 };

	return ptrace(GET_DISPATCH_CONFIG, thread->tid, sizeof(config),
		      &config) >= 0 && config.mode;
}

/* All but SIGSYS: that is what a dispatched call comes to, and would kill if blocked. */
#define CALL_MASK	(NAP_MASK & ~(1UL << (SIGSYS - 1)))

/* How an injection may be interrupted: by what @status tells, or not at all. */
enum end { END_OF_CALL, END_KILLED, END_OTHER_STOP, END_DISPATCHED };

static bool was_dispatched(struct utrace_thread *thread)
{
	siginfo_t info;

	return !ptrace(PTRACE_GETSIGINFO, thread->tid, 0, &info) &&
	       info.si_signo == SIGSYS && info.si_code == SYS_USER_DISPATCH;
}

/* From a stop to the call's entry, or from there to its exit. */
static enum end next_stop(struct utrace_thread *thread, int *status,
			  bool *interrupted)
{
	int event;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, thread->tid, 0, 0) ||
		    worker_await_stop(thread->owner, thread->tid, status)) {
			*status = NO_STOP;
			return END_KILLED;
		}
		event = *status >> 16;
		/* its exit, or that another took over its ID by exec */
		if (!WIFSTOPPED(*status) ||
		    (event && event != PTRACE_EVENT_STOP))
			return END_KILLED;
		if (WSTOPSIG(*status) == SYSCALL_STOP)
			return END_OF_CALL;
		if (!event && was_dispatched(thread))
			return END_DISPATCHED;
		if (!event || WSTOPSIG(*status) != SIGTRAP)
			return END_OTHER_STOP;
		/* an interrupt that was on its way is to come again */
		*interrupted = true;
	}
}

/**
 * inject_begin - whether a thread can make a call of our making
 * @thread: its registers are at hand
 * @place: @in_handler is filled in; out: the rest of what inject_call() needs
 */
bool inject_begin(struct utrace_thread *thread, struct injection *place)
{
	struct proc_info info;

	if (proc_read_status(thread->tgid, thread->tid, &info) ||
	    may_dispatch(thread) || !machine_call_prepare(thread, place))
		return false;
	place->filtered = info.seccomp > 0;
	if (!place->filtered)
		return true;
	if (!suspend_filter(thread, true))
		return false;
	suspend_filter(thread, false);
	return true;
}

static bool set_mask(struct utrace_thread *thread, uint64_t mask)
{
	return !ptrace(PTRACE_SETSIGMASK, thread->tid, sizeof(mask), &mask);
}

/* From the entry of its return from a handler through the call that takes its place. */
static enum end make_call(struct utrace_thread *thread,
			  struct injection *place, long nr,
			  const unsigned long args[6], int *status,
			  bool *interrupted)
{
	struct user_regs_struct user;
	enum end end = next_stop(thread, status, interrupted);

	if (end != END_OF_CALL)
		return end;
	if (ptrace(PTRACE_GETREGS, thread->tid, 0, &user))
		goto killed;
	machine_call_turn(place, &user, nr, args);
	if (ptrace(PTRACE_SETREGS, thread->tid, 0, &user))
		goto killed;
	return next_stop(thread, status, interrupted);
killed:
	*status = NO_STOP;
	return END_KILLED;
}

/**
 * inject_call - have a thread make a system call
 * @thread: stopped on its way to user mode
 * @place: from inject_begin(), with the data for the call
 * @nr: the call, in the numbering of its mode
 * @args: its arguments
 * @result: out
 * @status: out: the stop that came instead, which is the caller's to handle
 *
 * Return: 0: it was made, and the thread is stopped as before, but not at the
 * delivery of a signal.  -EAGAIN: another stop came first.  -EPERM, -EFAULT: it could
 * not be made.  -ESRCH: the thread was killed; @status is NO_STOP if that is still to be
 * waited for.
 */
int inject_call(struct utrace_thread *thread, struct injection *place, long nr,
		const unsigned long args[6], long *result, int *status)
{
	const struct user_regs_struct before = thread->regs.was;
	struct user_regs_struct user = before;
	bool interrupted = false, done;
	enum end end;
	uint64_t mask;

	*status = NO_STOP;
	if (ptrace(PTRACE_GETSIGMASK, thread->tid, sizeof(mask), &mask))
		return -ESRCH;
	if (!machine_call_begin(thread, place, mask))
		return -EPERM;
	machine_call_go(place, &user);
	if (ptrace(PTRACE_SETREGS, thread->tid, 0, &user) ||
	    !set_mask(thread, CALL_MASK)) {
		machine_call_drop(place);
		return -ESRCH;
	}
	if (place->filtered)
		suspend_filter(thread, true);
	end = make_call(thread, place, nr, args, status, &interrupted);
	if (end == END_KILLED) {
		machine_call_drop(place);
		return -ESRCH;	/* what it does next is in @status */
	}
	if (place->filtered)
		suspend_filter(thread, false);
	if (end == END_OF_CALL &&
	    !ptrace(PTRACE_GETREGS, thread->tid, 0, &user))
		*result = machine_call_result(&user);
	/* in this order: whoever returns from a handler sets the mask */
	set_mask(thread, mask);
	ptrace(PTRACE_SETREGS, thread->tid, 0, &before);
	done = machine_call_end(thread, place);
	thread->displaced = true;
	thread->interrupting = false;
	if (interrupted)
		interrupt(thread);
	if (end == END_OTHER_STOP)
		return -EAGAIN;
	*status = NO_STOP;
	return end == END_DISPATCHED ? -EPERM : done ? 0 : -EFAULT;
}
