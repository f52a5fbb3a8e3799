// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a thread has set for a signal.
 *
 * /proc tells whether a signal is ignored or caught.  Which handler catches it, with
 * which flags and mask, only the thread itself can ask.
 */
#include <string.h>

#include <utrace/state.h>

#include "ptrace_host.h"

/* room for what the call reads or writes */
#define ACTION_MAX	32

/**
 * action_class - what /proc tells: SIG_DFL, SIG_IGN, or UTRACE_SIG_CAUGHT
 * @thread: any
 * @signr: which signal
 * @ka: out
 */
void action_class(struct utrace_thread *thread, int signr,
		  struct k_sigaction *ka)
{
	struct proc_info info;
	uint64_t bit;

	memset(ka, 0, sizeof(*ka));
	ka->sa.sa_handler = SIG_DFL;
	if (signr < 1 || signr > 64 || signr == SIGSTOP || signr == SIGKILL ||
	    proc_read_status(thread->tgid, thread->tid, &info))
		return;
	bit = 1ULL << (signr - 1);
	if (info.sig_ignored & bit)
		ka->sa.sa_handler = SIG_IGN;
	else if (info.sig_caught & bit)
		ka->sa.sa_handler = UTRACE_SIG_CAUGHT;
}

/* Ask, and with @set change, by a call of the thread's. */
static int call_sigaction(struct utrace_thread *thread,
			  const struct injection *place, int signr,
			  const struct k_sigaction *set,
			  struct k_sigaction *old, int *status)
{
	bool i386 = machine_is_i386(thread);
	unsigned long at = machine_scratch(thread, ACTION_MAX);
	unsigned long args[6] = { signr, set ? at : 0, old ? at : 0, 8 };
	uint8_t was[ACTION_MAX] = { 0 }, now[ACTION_MAX];
	long result = 0;
	int err;

	if (utrace_read_memory(thread, at, was, sizeof(was)) != sizeof(was))
		return -EFAULT;
	memcpy(now, was, sizeof(now));
	if (set)
		machine_pack_action(now, set, i386);
	if (utrace_write_memory(thread, at, now, sizeof(now)) != sizeof(now))
		return -EFAULT;
	err = inject_call(thread, place, machine_sigaction_nr(i386), args,
			  &result, status);
	if (err == -ESRCH)
		return err;
	if (!err && old &&
	    utrace_read_memory(thread, at, now, sizeof(now)) == sizeof(now))
		machine_unpack_action(old, now, i386);
	if (utrace_write_memory(thread, at, was, sizeof(was)) != sizeof(was) &&
	    !err)
		err = -EFAULT;
	return err ?: (int)result;
}

/**
 * action_read - the whole of it, at the cost of two stops
 * @thread: stopped on its way to user mode
 * @signr: a signal that is caught
 * @ka: out, if it can be had
 * @status: out: the stop that came instead
 *
 * Return: 0: the thread is as inject_call() leaves it; -EPERM, -EFAULT: it cannot be
 * had, and nothing was done; -EAGAIN, -ESRCH: as inject_call() says.
 */
int action_read(struct utrace_thread *thread, int signr,
		struct k_sigaction *ka, int *status)
{
	struct injection place;

	if (!inject_begin(thread, &place))
		return -EPERM;
	return call_sigaction(thread, &place, signr, NULL, ka, status);
}

/* The same, to change it. */
int action_set(struct utrace_thread *thread, int signr,
	       const struct k_sigaction *ka, int *status)
{
	struct injection place;

	if (!inject_begin(thread, &place))
		return -EPERM;
	return call_sigaction(thread, &place, signr, ka, NULL, status);
}
