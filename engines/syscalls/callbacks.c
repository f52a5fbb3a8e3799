// SPDX-License-Identifier: LGPL-2.1-or-later
/* The callbacks: what a thread does, put into its state and into lines. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <utrace/state.h>
#include <utrace/thread.h>

#include "calls.h"
#include "syscalls.h"

uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

/* Go on, and leave what other engines chose for this event as it is. */
static uint32_t agree(uint32_t action)
{
	return (action & ~(uint32_t)UTRACE_RESUME_MASK) | UTRACE_RESUME;
}

static void identify(struct call *call, const struct utrace_regs *regs)
{
	call->thread = utrace_current();
	call->abi = utrace_syscall_abi(call->thread);
	call->nr = utrace_syscall_get_nr(call->thread, regs);
	call->desc = call_desc(call->abi, call->nr);
	call->error = 0;
	call->done = false;
}

/* exit and exit_group, after which there is no exit to report. */
static bool never_returns(const struct call *call)
{
	return call->desc == call_desc(UTRACE_ABI_X86_64, SYS_exit) ||
	       call->desc == call_desc(UTRACE_ABI_X86_64, SYS_exit_group);
}

static uint32_t report_syscall_entry(uint32_t action,
				     struct utrace_engine *engine,
				     struct utrace_regs *regs)
{
	struct state *state = engine->data;
	struct call *call = &state->call;
	bool again;

	/* reported once more it is still the same call */
	again = (action & UTRACE_SYSCALL_RESUMED) &&
		(state->inside || state->written);
	identify(call, regs);
	utrace_syscall_get_arguments(call->thread, regs, call->args);
	call->known = true;
	state->args.len = 0;
	state->next_arg = 0;
	if (!state->instance->summary) {
		line_args(state, false);
		if (never_returns(call) && !(again && state->written)) {
			state->start = now();
			line_call(state);
		}
		state->written = never_returns(call);
	}
	state->inside = !state->written;
	if (!again)
		state->start = now();
	return agree(action);
}

static uint32_t report_syscall_exit(uint32_t action,
				    struct utrace_engine *engine,
				    struct utrace_regs *regs)
{
	struct state *state = engine->data;
	struct call *call = &state->call;
	uint64_t end = now();
	long error;

	if (state->written) {	/* another engine kept it from exiting */
		state->written = false;
		return agree(action);
	}
	if (!state->inside) {	/* it was in the call when we came */
		identify(call, regs);
		call->known = false;
		state->start = end;
	}
	state->inside = false;
	call->thread = utrace_current();
	error = utrace_syscall_get_error(call->thread, regs);
	call->error = -error;
	call->ret = utrace_syscall_get_return_value(call->thread, regs);
	call->done = true;

	if (state->instance->summary) {
		summary_count(state->instance->summary, call,
			      end - state->start);
	} else {
		line_args(state, true);
		line_call(state);
	}
	return agree(action);
}

static uint32_t report_signal(uint32_t action, struct utrace_engine *engine,
			      struct utrace_regs *regs, siginfo_t *info,
			      const struct utrace_sigaction *orig_ka,
			      struct utrace_sigaction *return_ka)
{
	struct state *state = engine->data;

	(void)regs;
	(void)orig_ka;
	(void)return_ka;
	switch (utrace_signal_action(action)) {
	case UTRACE_SIGNAL_REPORT:
	case UTRACE_SIGNAL_HANDLER:
		return agree(action);	/* there is no signal */
	case UTRACE_SIGNAL_STOP:
	case UTRACE_SIGNAL_TSTP:
		state->stop_signal = info->si_signo;
		break;
	default:
		break;
	}
	state->call.thread = utrace_current();
	line_signal(state, info);
	return agree(action);
}

static uint32_t report_jctl(uint32_t action, struct utrace_engine *engine,
			    int type, int notify)
{
	struct state *state = engine->data;

	(void)notify;
	state->call.thread = utrace_current();
	if (type == CLD_STOPPED)
		line_stopped(state);
	state->stop_signal = 0;
	return agree(action);
}

static uint32_t report_exit(uint32_t action, struct utrace_engine *engine,
			    long orig_code, long *code)
{
	struct state *state = engine->data;

	(void)orig_code;
	state->exit_known = true;
	state->exit_code = *code;
	return agree(action);
}

static uint32_t report_death(struct utrace_engine *engine, bool group_dead,
			     int signal)
{
	struct state *state = engine->data;

	(void)group_dead;
	(void)signal;
	state->call.thread = utrace_current();
	state->call.gone = true;
	if (state->inside) {
		state->inside = false;
		line_args(state, true);
		line_call(state);
	}
	line_death(state);
	return UTRACE_RESUME;
}

static void release(void *data)
{
	struct state *state = data;

	text_free(&state->args);
	free(state);
}

const struct utrace_engine_ops engine_ops = {
	.report_syscall_entry = report_syscall_entry,
	.report_syscall_exit = report_syscall_exit,
	.report_signal = report_signal,
	.report_jctl = report_jctl,
	.report_exit = report_exit,
	.report_death = report_death,
	.release = release,
};

unsigned long engine_events(const struct instance *instance)
{
	if (instance->summary)
		return UTRACE_EVENT_SYSCALL;
	return UTRACE_EVENT_SYSCALL | UTRACE_EVENT_SIGNAL_ALL |
	       UTRACE_EVENT(JCTL) | UTRACE_EVENT(EXIT) | UTRACE_EVENT(DEATH);
}
