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
static int call_sigaction(struct utrace_thread *thread, bool in_handler,
			  int signr, const struct k_sigaction *set,
			  struct k_sigaction *old, int *status)
{
	struct injection place = { .in_handler = in_handler };
	bool i386 = machine_is_i386(thread);
	long result = 0;
	int err;

	*status = NO_STOP;
	if (!inject_begin(thread, &place))
		return -EPERM;
	if (set)
		machine_pack_action(place.data, set, i386);
	err = inject_call(thread, &place, machine_sigaction_nr(i386),
			  (unsigned long[6]){ signr, set ? place.room : 0,
					      old ? place.room : 0, 8 },
			  &result, status);
	if (!err && old)
		machine_unpack_action(old, place.data, i386);
	return err ?: (int)result;
}

/**
 * action_read - the whole of it, at the cost of two stops
 * @thread: stopped on its way to user mode
 * @in_handler: at the first instruction of a handler
 * @signr: a signal that is caught
 * @ka: out, if it can be had
 * @status: out: the stop that came instead, or NO_STOP
 *
 * Return: as inject_call() does; the thread is as that leaves it.
 */
int action_read(struct utrace_thread *thread, bool in_handler, int signr,
		struct k_sigaction *ka, int *status)
{
	return call_sigaction(thread, in_handler, signr, NULL, ka, status);
}

/* The same, to change it. */
int action_set(struct utrace_thread *thread, bool in_handler, int signr,
	       const struct k_sigaction *ka, int *status)
{
	return call_sigaction(thread, in_handler, signr, ka, NULL, status);
}
