// SPDX-License-Identifier: LGPL-2.1-or-later
/* The way back to user mode: what is due there, and the stops. */
#include <sys/ptrace.h>

#include "ptrace_host.h"

/* What the core decided for a thread with no signal in hand. */
static void carry_out(struct utrace_thread *thread,
		      struct utrace_decision decision)
{
	if (thread->sig.action != UTRACE_SIGNAL_REPORT) {
		carry_signal(thread, decision, false);
		return;
	}
	if (decision.resume == UTRACE_STOP)
		park(thread, PARKED_USER);
	else if (decision.resume <= UTRACE_REPORT)
		/* here, since a call that goes on may take for ever */
		at_user(thread, false);
	else
		resume(thread, 0, decision.resume);
}

/*
 * A stop from which the thread goes to user mode, or takes the next signal: the
 * pass without an event, if one is due.
 */
void at_user(struct utrace_thread *thread, bool handler)
{
	struct utrace_decision decision;

	regs_fetch(thread);
	decision = utrace_report_user(state_of(thread), regs_of(thread), &thread->sig,
				      handler);
	carry_out(thread, decision);
}

/*
 * After an event in the middle of a system call, or of nothing: go on, and come
 * back before user mode if the core wants that.
 */
void after_event(struct utrace_thread *thread, struct utrace_decision decision)
{
	resume(thread, 0, decision.resume);
}

/* A parked thread whose stop may be over. */
void continue_parked(struct utrace_thread *thread)
{
	struct utrace_decision decision;
	enum parked_at at = thread->at;

	if (at != PARKED_ENTRY && at != PARKED_EXIT && let_go(thread, 0))
		return;
	decision = utrace_continue(state_of(thread), regs_of(thread), &thread->sig);
	if (decision.resume == UTRACE_STOP) {
		park(thread, at);
		return;
	}
	set_run(thread, RUN_TRAPPED);
	switch (at) {
	case PARKED_ENTRY:
		finish_entry(thread, decision);
		break;
	case PARKED_EXIT:
		finish_exit(thread);
		break;
	case PARKED_VFORK:
		resume(thread, 0, decision.resume);
		break;
	default:
		carry_out(thread, decision);
	}
}
