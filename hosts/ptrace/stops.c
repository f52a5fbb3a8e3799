// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a stop means.
 *
 * Stops that the host itself brought about must not be seen: a call that an
 * interrupt cut short is restarted, and its second entry is not told.
 */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utrace/state.h>
#include <utrace/thread.h>

#include "ptrace_host.h"

/* From linux/ptrace.h, which cannot be included beside sys/ptrace.h. */
#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP	128
#endif



/* ---- system calls ------------------------------------------------------------ */

void finish_entry(struct utrace_thread *thread,
		  struct utrace_decision decision)
{
	struct utrace_regs *regs = regs_of(thread);

	if (decision.resume == UTRACE_STOP) {
		park(thread, PARKED_ENTRY);
		return;
	}
	if (decision.abort)
		regs->orig_ax = -1;
	thread->aborted = decision.abort;
	if (!decision.abort) {
		if (exit_at_call(thread))
			return;
		clone_hide_flag(thread);
	}
	if (let_go(thread, 0))
		return;
	resume(thread, 0, decision.resume);
}

/* The call that we cut short is made again: not news to anyone. */
static bool is_restart(struct utrace_thread *thread)
{
	long nr = regs_of(thread)->orig_ax;

	return nr == thread->nr || nr == machine_restart_nr(regs_of(thread));
}

static void at_entry(struct utrace_thread *thread)
{
	struct utrace_regs *regs = regs_of(thread);
	struct utrace_decision decision;
	bool restart = thread->suspended && is_restart(thread);

	thread->in_call = true;
	thread->suspended = false;
	thread->exit_deferred = false;
	thread->exit_told = false;
	if (restart) {
		resume(thread, 0, utrace_due(state_of(thread)) <= UTRACE_REPORT ?
				  UTRACE_REPORT : UTRACE_RESUME);
		return;
	}
	thread->aborted = false;
	thread->abi = machine_entry_abi(thread);
	thread->nr = regs->orig_ax;
	decision = utrace_report_syscall_entry(state_of(thread), regs, thread->abi,
					       thread->nr);
	/* a step that was asked for before lapses when a pass is made */
	if (thread->step_over_call && !decision.passed &&
	    decision.resume > UTRACE_REPORT) {
		resume(thread, 0, UTRACE_SINGLESTEP);
		return;
	}
	finish_entry(thread, decision);
}

/*
 * Whether a call ends here only because we interrupted it.  If a signal did,
 * its stop comes next, and the exit is told then.
 */
static bool cut_by_us(struct utrace_thread *thread)
{
	struct utrace_regs *regs = regs_of(thread);

	return thread->interrupted && utrace_due(state_of(thread)) != UTRACE_INTERRUPT &&
	       (machine_repair_eintr(regs) || machine_call_cut(regs));
}

struct utrace_decision report_call_exit(struct utrace_thread *thread)
{
	struct utrace_regs *regs = regs_of(thread);

	thread->exit_told = true;
	if ((long)regs->orig_ax == -1 && thread->aborted)
		regs_show_nr(thread, thread->nr);
	return utrace_report_syscall_exit(state_of(thread), regs, thread->abi,
					  thread->nr);
}

static void at_exit_stop(struct utrace_thread *thread)
{
	bool passed;

	if (cut_by_us(thread)) {
		thread->suspended = true;
		thread->exit_deferred = true;
		thread->in_call = false;
		resume(thread, 0, UTRACE_RESUME);
		return;
	}
	thread->in_call = false;
	clone_show_flag(thread);
	passed = report_call_exit(thread).passed;
	if (thread->step_over_call && !passed) {
		thread->step_over_call = false;
		fake_step_trap(thread);
		return;
	}
	at_user(thread, false);
}

static void at_syscall_stop(struct utrace_thread *thread)
{
	if (regs_fetch(thread))
		return;
	if (thread->in_call)
		at_exit_stop(thread);
	else
		at_entry(thread);
}

/* Inside a call whose entry was not seen, the next stop is its exit. */
void inside_call(struct utrace_thread *thread)
{
	if (thread->in_call || regs_fetch(thread))
		return;
	thread->in_call = true;
	thread->exit_told = false;
	thread->aborted = false;
	thread->abi = machine_syscall_abi(regs_of(thread));
	thread->nr = regs_of(thread)->orig_ax;
}

/* ---- exec ------------------------------------------------------------------------ */

static void read_exec_name(struct utrace_thread *thread, char *name, size_t size)
{
	bool i386 = thread->abi == UTRACE_ABI_I386;
	unsigned long at = proc_auxv(thread->tid, i386, AT_EXECFN);

	if (!at || utrace_read_string(thread, at, name, size) <= 0)
		snprintf(name, size, "?");
}

static void read_exe(struct utrace_thread *thread, char *name, size_t size)
{
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/exe", thread->tid);
	len = readlink(path, name, size - 1);
	if (len < 0)
		len = snprintf(name, size, "?");
	name[len] = '\0';
}

/*
 * An exec by a thread that is not the leader: the leader is gone without a stop
 * of its own, and the thread goes on under the leader's ID.
 */
static struct utrace_thread *take_over_id(struct worker *worker, pid_t tid,
					  struct utrace_thread *leader)
{
	struct utrace_thread *thread;
	unsigned long old;

	if (ptrace(PTRACE_GETEVENTMSG, tid, 0, &old) < 0 || (pid_t)old == tid)
		return leader;
	thread = thread_lookup(old);
	if (!thread)
		return leader;
	if (port_load(&thread->phase) != PHASE_SEIZED ||
	    port_load(&thread->owner) != worker) {
		/* it had taken over the ID already when it was seized */
		utrace_thread_put(thread);
		return leader;
	}
	if (leader) {
		bury_replaced(worker, leader, thread);
		utrace_thread_put(leader);
	}
	thread_rename(thread, tid);
	return thread;
}

static void at_exec(struct utrace_thread *thread)
{
	char filename[PATH_MAX], interp[PATH_MAX];
	struct linux_binprm bprm = { .filename = filename, .interp = interp };
	struct utrace_decision decision = { .resume = UTRACE_RESUME };

	inside_call(thread);
	thread->suspended = false;
	memset(thread->way_back, 0, sizeof(thread->way_back));
	if (regs_fetch(thread))
		return;
	thread->abi = machine_syscall_abi(regs_of(thread));
	if (utrace_wanted(state_of(thread)) & UTRACE_EVENT(EXEC)) {
		read_exec_name(thread, filename, sizeof(filename));
		read_exe(thread, interp, sizeof(interp));
	}
	decision = utrace_report_exec(state_of(thread), NULL, &bprm, regs_of(thread));
	after_event(thread, decision);
}

/* ---- job control -------------------------------------------------------------------- */

/*
 * Whether this thread completes a stop, or is the first to go on: as far as the
 * threads that are traced tell.
 */
static bool all_others(struct utrace_thread *thread, bool stopped)
{
	struct utrace_thread *t;

	list_for_each_entry(t, &thread->owner->threads, of_worker)
		if (t != thread && t->tgid == thread->tgid &&
		    t->run != RUN_DEAD && !t->exiting &&
		    port_load(&t->job_stopped) != stopped)
			return false;
	return true;
}

static void stay_stopped(struct utrace_thread *thread)
{
	if (utrace_holds_stop(state_of(thread))) {
		park(thread, PARKED_JOB_STOP);
		return;
	}
	pthread_mutex_lock(&thread->lock);
	regs_flush(thread);
	set_run(thread, RUN_LISTENING);
	pthread_mutex_unlock(&thread->lock);
	ptrace(PTRACE_LISTEN, thread->tid, 0, 0);
	/* what engines want from now on is seen to when it goes on */
	settle(thread, port_load_seq(&thread->asked));
}

static void at_group_stop(struct utrace_thread *thread)
{
	bool notify;

	if (!thread->job_stopped) {
		notify = all_others(thread, true);
		port_store_seq(&thread->job_stopped, true);
		utrace_report_jctl(state_of(thread), CLD_STOPPED,
				   notify ? CLD_STOPPED : 0);
	}
	if (!let_go(thread, 0))
		stay_stopped(thread);
}

static void at_continue(struct utrace_thread *thread)
{
	bool notify = all_others(thread, true);

	port_store_seq(&thread->job_stopped, false);
	utrace_report_jctl(state_of(thread), CLD_CONTINUED, notify ? CLD_CONTINUED : 0);
}

/* ---- interrupts ---------------------------------------------------------------------- */

/*
 * The stop that PTRACE_INTERRUPT asked for, or SIGCONT brought about.  A call
 * that it cut short goes on unless an engine wants it interrupted; what is due
 * waits until the call is over.  For one that an engine holds in a stop for job
 * control the continue takes effect when that lets it go.
 */
static void at_interrupt(struct utrace_thread *thread)
{
	bool continued = thread->job_stopped;
	enum utrace_resume_action due;
	struct utrace_regs *regs;

	if (continued) {
		if (utrace_holds_stop(state_of(thread))) {
			park(thread, PARKED_JOB_CONT);
			return;
		}
		at_continue(thread);
	}
	if (regs_fetch(thread))
		return;
	regs = regs_of(thread);
	machine_repair_eintr(regs);
	if (let_go(thread, 0))
		return;
	due = utrace_due(state_of(thread));
	if (thread->handler_due) {
		thread->handler_due = false;
		at_user(thread, true);
		return;
	}
	/* the signal that stopped it had cut its call short, not we */
	if (!machine_call_cut(regs) || continued || due == UTRACE_INTERRUPT ||
	    thread->exit_told) {
		if (thread->exit_deferred) {
			thread->exit_deferred = false;
			report_call_exit(thread);
		}
		thread->suspended = false;
		at_user(thread, false);
		return;
	}
	if (!thread->suspended) {
		thread->suspended = true;
		thread->abi = machine_syscall_abi(regs);
		thread->nr = regs->orig_ax;
	}
	resume(thread, 0, due <= UTRACE_REPORT ? UTRACE_REPORT : UTRACE_RESUME);
}

/* ---- dispatch -------------------------------------------------------------------------- */

static void at_event(struct worker *worker, struct utrace_thread *thread,
		     int event, int sig)
{
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		at_clone(worker, thread, event);
		break;
	case PTRACE_EVENT_EXEC:
		at_exec(thread);
		break;
	case PTRACE_EVENT_EXIT:
		at_exit(worker, thread);
		break;
	case PTRACE_EVENT_STOP:
		if (at_first_stop(worker, thread, sig))
			break;
		if (sig == SIGTRAP)
			at_interrupt(thread);
		else
			at_group_stop(thread);
		break;
	default:
		resume(thread, 0, UTRACE_RESUME);
	}
}

/* True: the thread is ours, and stays where it is. */
bool handle_stop(struct worker *worker, pid_t tid, int status)
{
	struct utrace_thread *thread = thread_lookup(tid);
	int event = status >> 16, sig = WSTOPSIG(status);
	bool stays;

	if (WIFSTOPPED(status) && event == PTRACE_EVENT_EXEC)
		thread = take_over_id(worker, tid, thread);
	if (!thread || thread->owner != worker) {
		utrace_thread_put(thread);
		if (!WIFSTOPPED(status))
			return false;
		thread = expect_newborn(worker, tid);
		if (IS_ERR(thread)) {
			ptrace(PTRACE_DETACH, tid, 0, 0);
			return false;
		}
	}
	if (worker->ran_for && worker->ran_for != thread->tgid &&
	    !being_born(thread))
		count(queued_behind, 1);
	set_current(thread);
	if (!WIFSTOPPED(status) || event != PTRACE_EVENT_STOP)
		thread->trial.on = false;
	if (!WIFSTOPPED(status)) {
		on_death(thread, status);
	} else {
		/* an examiner may be at the registers of one that was killed */
		pthread_mutex_lock(&thread->lock);
		regs_drop(thread);
		set_run(thread, RUN_TRAPPED);
		pthread_mutex_unlock(&thread->lock);
		/* any stop clears a pending interrupt */
		thread->interrupted = thread->interrupting;
		thread->interrupting = false;
		thread->displaced = false;
		if (sig == SYSCALL_STOP || event)
			look_for_step_trap(thread);
		if (thread->exit_reported && !thread->ending &&
		    event != PTRACE_EVENT_EXIT)
			exit_prevented(thread);
		if (exit_goes_on(thread, event, sig))
			;
		else if (thread->trial.on && event == PTRACE_EVENT_STOP)
			at_trial_stop(thread, status);
		else if (thread->move &&
			 move_stop(worker, thread, sig == SYSCALL_STOP))
			;
		else if (sig == SYSCALL_STOP)
			at_syscall_stop(thread);
		else if (event)
			at_event(worker, thread, event, sig);
		else
			at_signal_stop(thread, sig);
	}
	set_current(NULL);
	/* let go, it may be another's by now */
	stays = port_load(&thread->owner) == worker &&
		port_load(&thread->run) != RUN_RUNNING;
	utrace_thread_put(thread);
	return stays;
}

/* ---- mail -------------------------------------------------------------------------------- */

static void to_running(struct utrace_thread *thread, unsigned int kicks)
{
	bool in_call = thread->mode == PTRACE_SYSCALL && thread->in_call;
	unsigned int asked = port_load_seq(&thread->asked);

	if ((kicks & UTRACE_KICK_IDLE) && utrace_idle(state_of(thread))) {
		thread->going = true;
		interrupt(thread);
	}
	if (kicks & UTRACE_KICK_INTERRUPT)
		interrupt(thread);
	/* at the end of the call that it is in it stops anyway */
	if ((kicks & UTRACE_KICK_REPORT) && !in_call)
		interrupt(thread);
	if (asked == port_load(&thread->settled))
		return;
	if (needs_interrupt(thread))
		interrupt(thread);
	else
		settle(thread, asked);
}

void handle_mail(struct utrace_thread *thread, unsigned int kicks)
{
	if (kicks & MAIL_REPLACED) {
		on_replaced(thread);
		return;
	}
	switch (thread->run) {
	case RUN_RUNNING:
		to_running(thread, kicks);
		return;
	case RUN_LISTENING:
		if (utrace_holds_stop(state_of(thread)) ||
		    ((kicks & UTRACE_KICK_IDLE) && utrace_idle(state_of(thread))))
			interrupt(thread);
		break;
	case RUN_PARKED:
		if (thread->at == PARKED_JOB_STOP) {
			if (!utrace_holds_stop(state_of(thread)) &&
			    !let_go(thread, 0))
				stay_stopped(thread);
			break;
		}
		set_current(thread);
		if (thread->at == PARKED_JOB_CONT) {
			set_run(thread, RUN_TRAPPED);
			at_interrupt(thread);
		} else {
			continue_parked(thread);
		}
		set_current(NULL);
		/* settled by that; it may run by now, and more be wanted */
		return;
	default:
		break;
	}
	settle(thread, port_load_seq(&thread->asked));
}
