// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A system call of our making, by a thread that is stopped on its way to user mode.
 *
 * It runs in the system call instruction of the vDSO, with all signals blocked, and
 * then the registers and the mask are what they were.  A thread that was at the
 * delivery of a signal is at it no more: the signal is the caller's to send again.
 *
 * A filter of the program's might not like the call, and end the program: where
 * there is one nothing is injected, unless the kernel lets us suspend it.
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
#define SET_DISPATCH_CONFIG		0x4210
#define GET_DISPATCH_CONFIG		0x4211

#define SYSCALL_STOP	(SIGTRAP | 0x80)

/* The program's own filter of system calls. */
static bool suspend_filter(struct utrace_thread *thread, bool suspend)
{
	unsigned int options = thread->options;

	if (suspend)
		options |= PTRACE_O_SUSPEND_SECCOMP;
	return !ptrace(PTRACE_SETOPTIONS, thread->tid, 0, options);
}

/* And the handler that it may have its calls dispatched to. */
static void suspend_dispatch(struct utrace_thread *thread,
			     const struct injection *place, bool suspend)
{
	struct dispatch_config config = place->dispatch;

	if (!config.mode)
		return;
	if (suspend)
		memset(&config, 0, sizeof(config));
	ptrace(SET_DISPATCH_CONFIG, thread->tid, sizeof(config), &config);
}

static void suspend(struct utrace_thread *thread, const struct injection *place,
		    bool yes)
{
	if (place->filtered)
		suspend_filter(thread, yes);
	suspend_dispatch(thread, place, yes);
}

/* How an injection may be interrupted: by what @status tells, or not at all. */
enum end { END_OF_CALL, END_KILLED, END_OTHER_STOP };

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
		if (!event || WSTOPSIG(*status) != SIGTRAP)
			return END_OTHER_STOP;
		/* an interrupt that was on its way is to come again */
		*interrupted = true;
	}
}

/**
 * inject_begin - whether a thread can make a call of our making
 * @thread: its registers are at hand
 * @place: out: what the calls that follow need
 */
bool inject_begin(struct utrace_thread *thread, struct injection *place)
{
	struct proc_info info;

	place->insn = machine_syscall_insn(thread);
	if (!place->insn ||
	    proc_read_status(thread->tgid, thread->tid, &info))
		return false;
	place->filtered = info.seccomp > 0;
	/* older kernels do not tell */
	memset(&place->dispatch, 0, sizeof(place->dispatch));
	ptrace(GET_DISPATCH_CONFIG, thread->tid, sizeof(place->dispatch),
	       &place->dispatch);
	if (!place->filtered)
		return true;
	if (!suspend_filter(thread, true))
		return false;
	suspend_filter(thread, false);
	return true;
}

/**
 * inject_call - have a thread make a system call
 * @thread: stopped on its way to user mode
 * @place: from inject_begin()
 * @nr: the call, in the numbering of its mode
 * @args: its arguments
 * @result: out
 * @status: out: the stop that came instead, which is the caller's to handle
 *
 * Return: 0: it was made, and the thread is stopped as before, but not at the
 * delivery of a signal.  -EAGAIN: another stop came first.  -ESRCH: it was killed;
 * @status is NO_STOP if that is still to be waited for.
 */
int inject_call(struct utrace_thread *thread, const struct injection *place,
		long nr, const unsigned long args[6], long *result, int *status)
{
	const struct user_regs_struct before = thread->regs.was;
	struct user_regs_struct user = before;
	const uint64_t all = NAP_MASK;
	bool interrupted = false;
	enum end end;
	uint64_t mask;

	machine_make_call(&user, place->insn, nr, args);
	if (ptrace(PTRACE_GETSIGMASK, thread->tid, sizeof(mask), &mask) ||
	    ptrace(PTRACE_SETSIGMASK, thread->tid, sizeof(all), &all) ||
	    ptrace(PTRACE_SETREGS, thread->tid, 0, &user)) {
		*status = NO_STOP;
		return -ESRCH;
	}
	suspend(thread, place, true);
	end = next_stop(thread, status, &interrupted);
	if (end == END_OF_CALL)
		end = next_stop(thread, status, &interrupted);
	if (end == END_KILLED)
		return -ESRCH;	/* what it does next is in @status */
	suspend(thread, place, false);
	if (end == END_OF_CALL &&
	    !ptrace(PTRACE_GETREGS, thread->tid, 0, &user))
		*result = machine_call_result(&user);
	ptrace(PTRACE_SETREGS, thread->tid, 0, &before);
	ptrace(PTRACE_SETSIGMASK, thread->tid, sizeof(mask), &mask);
	thread->displaced = true;
	thread->interrupting = false;
	if (interrupted)
		interrupt(thread);
	if (end == END_OTHER_STOP)
		return -EAGAIN;
	*status = NO_STOP;
	return 0;
}
