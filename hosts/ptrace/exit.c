// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The way out: where EXIT is reported, and how a thread comes to end otherwise
 * than it set out to.
 *
 * After exit_group() or a fatal signal the kernel drops SIGKILL to a thread in
 * PTRACE_EVENT_EXIT, so that a stop there could not be killed, and the exit code
 * is settled.  So the report is made earlier where that can be: at the entry of the
 * call that ends the thread, if system calls are seen, and at the delivery of the
 * signal that does, unless there may be a dump, of which the wait status tells.
 */
#include <linux/seccomp.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ptrace_host.h"

#define CORE_FLAG	0x80
/* a file with less is not begun, and a pipe with 1 is not: fs/coredump.c */
#define MIN_CORE	4096
#define NO_CORE		1
/* the kernel's code for it */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP	1
#endif

/* ---- what can be done ---------------------------------------------------- */

/* The signal that this wait status tells of; 0: an exit code. */
static int signal_of(long code)
{
	return code & 0x7f;
}

static bool dumps_to_pipe(void)
{
	char pattern[2];

	return proc_read("/proc/sys/kernel/core_pattern", pattern,
			 sizeof(pattern)) <= 0 || pattern[0] == '|';
}

bool may_dump(struct utrace_thread *thread)
{
	struct rlimit limit;

	if (prlimit(thread->tid, RLIMIT_CORE, NULL, &limit))
		return true;
	return dumps_to_pipe() ? limit.rlim_cur != NO_CORE :
				 limit.rlim_cur >= MIN_CORE;
}

/* @before: what may be restored. */
bool forbid_dump(struct utrace_thread *thread, struct rlimit *before)
{
	const struct rlimit limit = { NO_CORE, NO_CORE };

	return !prlimit(thread->tid, RLIMIT_CORE, &limit, before);
}

bool can_forbid_dump(struct utrace_thread *thread)
{
	struct rlimit before;

	return forbid_dump(thread, &before) &&
	       !prlimit(thread->tid, RLIMIT_CORE, &before, NULL);
}

/* A call of our making must not meet a filter of the program's. */
static bool can_call(struct utrace_thread *thread)
{
	struct proc_info info;

	return !proc_read_status(thread->tgid, thread->tid, &info) &&
	       !info.seccomp && machine_syscall_insn(thread);
}

static bool is_alone(struct utrace_thread *thread)
{
	struct proc_stat stat;

	return !proc_read_stat(thread->tgid, thread->tid, &stat) &&
	       stat.threads == 1;
}

static bool can_end_with(struct utrace_thread *thread, long code)
{
	int signr = signal_of(code);

	if (code & ~0xffffL)
		return false;
	if (!signr)
		return !(code & CORE_FLAG) &&
		       (thread->exit_at == EXIT_AT_CALL || can_call(thread));
	if (code & ~0x7fL)
		return false;
	/* a signal ends the whole process */
	if (thread->exit_at == EXIT_AT_CALL && !thread->exits_all &&
	    !is_alone(thread))
		return false;
	return signal_is_fatal(thread, signr) &&
	       (!signal_dumps(signr) || !may_dump(thread) ||
		can_forbid_dump(thread));
}

const char *utrace_host_refuses_exit_stop(struct task_struct *task)
{
	return task->exit_at == EXIT_AT_EVENT ? "the thread went on to exit" :
						NULL;
}

const char *utrace_host_refuses_exit_code(struct task_struct *task, long code)
{
	if (task->exit_at != EXIT_AT_EVENT && can_end_with(task, code))
		return NULL;
	return "the thread exited with its own code";
}

/* ---- carrying it out ----------------------------------------------------- */

/* It is on its way, and nothing on that way is news to anyone. */
static void go(struct utrace_thread *thread, int signr)
{
	thread->ending = true;
	pthread_mutex_lock(&thread->lock);
	regs_flush(thread);
	set_run(thread, RUN_RUNNING);
	pthread_mutex_unlock(&thread->lock);
	thread->mode = PTRACE_CONT;
	thread->in_call = false;
	ptrace(PTRACE_CONT, thread->tid, 0, signr);
	settle(thread, port_load_seq(&thread->asked));
}

static void block_all_but(struct utrace_thread *thread, int signr)
{
	uint64_t mask = ~0ULL;

	if (signr)
		mask &= ~(1ULL << (signr - 1));
	ptrace(PTRACE_SETSIGMASK, thread->tid, sizeof(mask), &mask);
}

static void end_by_signal(struct utrace_thread *thread, int signr)
{
	siginfo_t info = { .si_signo = signr };
	struct rlimit before;

	if (signal_dumps(signr) && may_dump(thread))
		forbid_dump(thread, &before);
	block_all_but(thread, signr);
	if (thread->exit_at == EXIT_AT_SIGNAL && !thread->exit_queued) {
		ptrace(PTRACE_SETSIGINFO, thread->tid, 0, &info);
		go(thread, signr);
		return;
	}
	regs_of(thread)->orig_ax = -1;
	thread->ended_by = signr;
	thread->exit_signr = signr;
	syscall(SYS_tgkill, thread->tgid, thread->tid, signr);
	go(thread, 0);
}

static void end_by_call(struct utrace_thread *thread, long code)
{
	block_all_but(thread, 0);
	machine_make_exit(thread, code >> 8 & 0xff);
	go(thread, 0);
}

/* A stop on the way to an end that was chosen.  False: it is something else. */
bool exit_goes_on(struct utrace_thread *thread, int event, int sig)
{
	if (!thread->ending || event == PTRACE_EVENT_EXIT)
		return false;
	go(thread, !event && sig == thread->exit_signr ? sig : 0);
	return true;
}

/* After the report, and the stop if there was one. */
void finish_exit(struct utrace_thread *thread)
{
	bool by_signal = thread->exit_at == EXIT_AT_SIGNAL;
	int signr = by_signal ? signal_of(thread->exit_true) : 0;
	long code = thread->exit_code;

	if (code != thread->exit_true) {
		if (signal_of(code)) {
			end_by_signal(thread, signal_of(code));
			return;
		}
		if (by_signal) {
			end_by_call(thread, code);
			return;
		}
		machine_set_exit_code(thread, code >> 8);
	}
	if (let_go(thread, thread->exit_queued ? 0 : signr))
		return;
	if (thread->exit_queued) {
		block_all_but(thread, signr);
		thread->exit_signr = signr;
		go(thread, 0);
		return;
	}
	resume(thread, signr, UTRACE_RESUME);
}

/*
 * It is to be held.  The kernel would forget the signal that ends it, should we be
 * killed meanwhile: so that waits on its own queue.
 */
static void park_at_exit(struct utrace_thread *thread)
{
	int err = -EPERM, status = NO_STOP;
	siginfo_t info;

	if (thread->exit_at == EXIT_AT_SIGNAL &&
	    !ptrace(PTRACE_GETSIGINFO, thread->tid, 0, &info) &&
	    info.si_signo != SIGKILL)
		err = send_itself(thread, false, &info, &status);
	thread->exit_queued = !err;
	if (status != NO_STOP)
		in_other_stop(thread, status);
	else if (err != -ESRCH)
		park(thread, PARKED_EXIT);
}

static void report(struct utrace_thread *thread, enum exit_at at, long code)
{
	struct utrace_decision decision;

	thread->exit_at = at;
	thread->exit_queued = false;
	thread->exit_true = thread->exit_code = code;
	thread->exit_reported = true;
	decision = utrace_report_exit(state_of(thread), code,
				      &thread->exit_code);
	if (decision.resume == UTRACE_STOP)
		park_at_exit(thread);
	else
		finish_exit(thread);
}

static bool is_due(struct utrace_thread *thread)
{
	return (utrace_wanted(state_of(thread)) & UTRACE_EVENT(EXIT)) &&
	       !thread->exit_reported;
}

/* ---- where it is reported ------------------------------------------------ */

/* A call is about to be made.  True: it ends the thread, and that is all here. */
bool exit_at_call(struct utrace_thread *thread)
{
	long code;

	if (!is_due(thread) ||
	    !machine_ends_thread(thread, &code, &thread->exits_all))
		return false;
	report(thread, EXIT_AT_CALL, (code & 0xff) << 8);
	return true;
}

/* A signal is about to be delivered.  True: it ends the process. */
bool exit_at_signal(struct utrace_thread *thread, int signr)
{
	struct proc_info info;

	if (!is_due(thread) || !signal_is_fatal(thread, signr) ||
	    (signal_dumps(signr) && may_dump(thread)) ||
	    proc_read_status(thread->tgid, thread->tid, &info) ||
	    info.init)
		return false;
	report(thread, EXIT_AT_SIGNAL, signr);
	return true;
}

/*
 * The signal by which a filter of system calls ends a process the kernel shows to no
 * tracer.  But it puts the registers back first to what they were before the call: so
 * the thread whose call it was is known here, and what the signal was told of it.
 */
static bool ended_by_filter(struct utrace_thread *thread, long code)
{
	struct utrace_regs *regs = regs_of(thread);
	struct proc_info info;

	return signal_of(code) == SIGSYS && !thread->ended_by &&
	       !regs_fetch(thread) && (int)regs->orig_ax >= 0 &&
	       (int)regs->ax == (int)regs->orig_ax &&
	       !proc_read_status(thread->tgid, thread->tid, &info) &&
	       /* one more: dead of it; from 5.17 on */
	       info.seccomp >= SECCOMP_MODE_FILTER;
}

/* It is told, and cannot be taken back: see utrace_host_refuses_signal(). */
static void report_filter(struct utrace_thread *thread)
{
	struct utrace_signal *sig = &thread->sig;
	struct utrace_regs *regs = regs_of(thread);

	memset(&sig->info, 0, sizeof(sig->info));
	sig->info.si_signo = SIGSYS;
	sig->info.si_code = SYS_SECCOMP;
	sig->info.si_call_addr = (void *)regs->ip;
	sig->info.si_syscall = regs->orig_ax;
	sig->info.si_arch = machine_audit_arch(thread);
	memset(&sig->orig_ka, 0, sizeof(sig->orig_ka));
	sig->step = false;
	thread->ended_by = SIGSYS;
	utrace_report_signal(state_of(thread), regs, sig);
}

/* The kernel lets it see that it exits: too late for all but to know. */
void at_exit(struct worker *worker, struct utrace_thread *thread)
{
	unsigned long status = 0;
	struct proc_stat stat;
	long code;

	if (ptrace(PTRACE_GETEVENTMSG, thread->tid, 0, &status) < 0)
		return;
	note_parent(thread);
	code = status;
	thread->exit_at = EXIT_AT_EVENT;
	thread->exiting = true;
	if (ended_by_filter(thread, code))
		report_filter(thread);
	if (thread->exit_reported)
		utrace_ends_stop(state_of(thread));
	else
		utrace_report_exit(state_of(thread), code, &code);
	thread->exit_reported = true;
	if (thread->tid == thread->tgid &&
	    !proc_read_stat(thread->tgid, thread->tid, &stat) &&
	    stat.threads > 1)
		watch_leader(worker, thread);
	resume(thread, 0, UTRACE_RESUME);
}

/* It did not exit after all: a filter of the program's forbade the call. */
void exit_prevented(struct utrace_thread *thread)
{
	thread->exit_reported = false;
	thread->exit_at = EXIT_AT_EVENT;
}
