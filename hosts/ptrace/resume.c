// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How a thread goes on: the request, the options and the signal follow from
 * what engines want now, all of them together.
 */
#include <sys/ptrace.h>

#include "ptrace_host.h"

#define CLONE_OPTIONS \
	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

/* The core looks at it under its lock; see utrace_host_job_stopped(). */
void set_run(struct utrace_thread *thread, enum run run)
{
	port_store_seq(&thread->run, run);
}

static unsigned int options_for(struct utrace_thread *thread,
				unsigned long wanted)
{
	unsigned int options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;

	if (wanted & UTRACE_EVENT(CLONE))
		options |= CLONE_OPTIONS;
	/*
	 * Of a leader that others outlive only this tells that it is dead, and of the
	 * signal by which a filter ends a process.
	 */
	if ((wanted & (UTRACE_EVENT(EXIT) | UTRACE_EVENT(SIGNAL_CORE))) ||
	    thread->tid == thread->tgid)
		options |= PTRACE_O_TRACEEXIT;
	return options;
}

static bool wants_calls(unsigned long wanted)
{
	return wanted & UTRACE_EVENT_SYSCALL;
}

/* Whether a running thread has to be stopped for what engines want now. */
bool needs_interrupt(struct utrace_thread *thread)
{
	unsigned long wanted = utrace_wanted(state_of(thread));

	if (thread->mode == PTRACE_SYSCALL && thread->in_call)
		return false;
	if (options_for(thread, wanted) & ~thread->options)
		return true;
	return wants_calls(wanted) && thread->mode != PTRACE_SYSCALL;
}

/* A thread that runs or listens comes to a stop that tells nothing else. */
void interrupt(struct utrace_thread *thread)
{
	if (thread->interrupting || thread->exiting)
		return;
	if (!ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0))
		thread->interrupting = true;
	else if (thread->owner) /* it is not ours any more, nor on its way to us */
		watch_leader(thread->owner, thread);
}

static int step_request(struct utrace_thread *thread,
			enum utrace_resume_action action, unsigned long wanted)
{
	thread->stepping = true;
	regs_before_step(thread);
	if (thread->in_call || thread->suspended ||
	    (wants_calls(wanted) && machine_at_syscall_insn(thread))) {
		/* a step over a call shows no system call stops */
		thread->step_over_call = true;
		return PTRACE_SYSCALL;
	}
	return action == UTRACE_BLOCKSTEP && utrace_has_block_step() ?
	       PTRACE_SINGLEBLOCK : PTRACE_SINGLESTEP;
}

/* All that was wanted of it up to @asked is in force. */
void settle(struct utrace_thread *thread, unsigned int asked)
{
	port_store_seq(&thread->settled, asked);
	utrace_settled(state_of(thread));
}

/*
 * Let the thread go on, and come back before user mode if @action says so: at
 * the end of the call that it is in, or by an interrupt, which is taken before
 * the first instruction.
 */
void resume(struct utrace_thread *thread, int sig,
	    enum utrace_resume_action action)
{
	bool back = action == UTRACE_REPORT || action == UTRACE_INTERRUPT;
	int request = PTRACE_CONT;
	unsigned int options;
	unsigned long wanted;
	unsigned int asked;

	if (thread->going && let_go(thread, sig))
		return;
	asked = port_load_seq(&thread->asked);
	wanted = utrace_wanted(state_of(thread));

	thread->step_over_call = false;
	if (action == UTRACE_SINGLESTEP || action == UTRACE_BLOCKSTEP)
		request = step_request(thread, action, wanted);
	else if (wants_calls(wanted) ||
		 (back && (thread->in_call || thread->suspended)))
		request = PTRACE_SYSCALL;
	if (action == UTRACE_INTERRUPT ||
	    (back && !thread->in_call && !thread->suspended))
		interrupt(thread);
	/* it is at the exit of our call, where the kernel restarts none */
	if (thread->displaced && thread->regs.valid &&
	    machine_call_cut(regs_of(thread)))
		interrupt(thread);
	if (request != PTRACE_SYSCALL) {
		/* no stop will tell of the present call's end or restart */
		thread->in_call = false;
		thread->suspended = false;
		thread->exit_deferred = false;
		thread->exit_told = false;
	}

	options = options_for(thread, wanted);
	if (options != thread->options &&
	    !ptrace(PTRACE_SETOPTIONS, thread->tid, 0, options))
		thread->options = options;
	pthread_mutex_lock(&thread->lock);
	regs_flush(thread);
	set_run(thread, RUN_RUNNING);
	pthread_mutex_unlock(&thread->lock);
	thread->stepped = thread->stepping;
	thread->mode = request;
	/* if this fails it was killed, and its end will be waited for */
	ptrace(request, thread->tid, 0, sig);
	if (asked != port_load(&thread->settled))
		settle(thread, asked);
}

/* The core wants it to stay. Its registers are at hand for whoever examines. */
void park(struct utrace_thread *thread, enum parked_at at)
{
	pthread_mutex_lock(&thread->lock);
	regs_fetch_all(thread);
	thread->at = at;
	set_run(thread, RUN_PARKED);
	pthread_mutex_unlock(&thread->lock);
	settle(thread, port_load_seq(&thread->asked));
}
