/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The border between the core and a host.
 *
 * The core is the state machine of the contract: who is attached, who is called
 * in which order, whose action prevails.  The host knows Linux: it sees events
 * happen and makes threads stop and go.  The core decides, the host acts.
 *
 * An event goes like this: the host brings the thread to a safe point and calls
 * one of utrace_report_*(); the core runs the pass and answers with a &struct
 * utrace_decision; the host carries it out.  If the decision is to stop, the
 * host keeps the thread there, and calls utrace_continue() when the core kicked
 * it, which gives the next decision.
 */
#ifndef UTRACE_CORE_HOST_H
#define UTRACE_CORE_HOST_H

#include "port.h"

/* The core's state of one thread. Reference counted; opaque to hosts. */
struct utrace;

/* ---- what the core offers ---------------------------------------------- */

/**
 * struct utrace_decision - how the host is to go on with a thread
 * @resume: %UTRACE_STOP: keep it where it is until utrace_continue() says
 *	otherwise.  %UTRACE_REPORT, %UTRACE_INTERRUPT: let it go on, but call
 *	utrace_report_user() before it runs user code; the latter also cuts a
 *	system call short.  Else step or run.
 * @abort: at system call entry: the call is not to be made
 * @passed: at system calls: a pass was made for it
 */
struct utrace_decision {
	enum utrace_resume_action resume;
	bool abort;
	bool passed;
};

/**
 * struct utrace_signal - a signal on its way, kept by the host
 * @info: what it is; engines may change it
 * @orig_ka: what the thread has set for it
 * @return_ka: what %UTRACE_SIGNAL_DELIVER is to do
 * @action: out: what is to become of it, an &enum utrace_signal_action and
 *	%UTRACE_SIGNAL_HOLD
 * @step: it is the trap of a step that is over
 * @left_over: @info is what an earlier pass left there (SIG-8)
 */
struct utrace_signal {
	siginfo_t info;
	struct k_sigaction orig_ka;
	struct k_sigaction return_ka;
	u32 action;
	bool step;
	bool left_over;
};

/*
 * Events.  The host hands in the state that it keeps for the thread, null if
 * there is none; its own reference is enough.  All are called by the thread's
 * own context: in the kernel by the thread, in the library by its worker; never
 * two at a time for one thread, save utrace_report_reap().  May sleep.  Without
 * engines they cost a load.
 */
struct utrace_decision utrace_report_syscall_entry(struct utrace *utrace,
						   struct pt_regs *regs,
						   int abi, long nr);
struct utrace_decision utrace_report_syscall_exit(struct utrace *utrace,
						  struct pt_regs *regs,
						  int abi, long nr);
struct utrace_decision utrace_report_signal(struct utrace *utrace,
					    struct pt_regs *regs,
					    struct utrace_signal *sig);
struct utrace_decision utrace_report_clone(struct utrace *utrace,
					   unsigned long flags,
					   struct task_struct *child);
/* In a vfork, after utrace_report_clone(), before it waits for the child. */
struct utrace_decision utrace_report_vfork(struct utrace *utrace);
struct utrace_decision utrace_report_exec(struct utrace *utrace,
					  const struct linux_binfmt *fmt,
					  const struct linux_binprm *bprm,
					  struct pt_regs *regs);
/* The thread is past all stops: it exits or is dead. The reports below say so. */
void utrace_ends_stop(struct utrace *utrace);
struct utrace_decision utrace_report_exit(struct utrace *utrace,
					  long orig_code, long *code);
struct utrace_decision utrace_report_jctl(struct utrace *utrace, int type,
					  int notify);
void utrace_report_death(struct utrace *utrace, bool group_dead,
			 int signal);

/*
 * The thread is gone for its parent.  May run elsewhere than in the thread, and
 * while utrace_report_death() still runs: then it is left to that call.
 */
void utrace_report_reap(struct utrace *utrace);

/**
 * utrace_report_user() - the thread is about to return to user code
 * @utrace: of current
 * @regs: its registers
 * @sig: scratch of the host, the same for every pass of this thread; if
 *	engines make a signal of their own, it is here, and @sig->action says
 *	what is to become of it (otherwise %UTRACE_SIGNAL_REPORT)
 * @handler: a signal handler was set up just now
 *
 * Makes the pass without an event if one is due.  The host calls it wherever
 * an earlier decision asked for it, where @handler is set, and after a kick.
 */
struct utrace_decision utrace_report_user(struct utrace *utrace,
					  struct pt_regs *regs,
					  struct utrace_signal *sig,
					  bool handler);

/**
 * utrace_continue() - what becomes of a thread that a decision stopped
 *
 * Called by the thread's own context after a kick.  %UTRACE_STOP again if
 * somebody still wants the stop.  Otherwise the stop is over: what was due is
 * reported, and the new decision may be another stop.
 */
struct utrace_decision utrace_continue(struct utrace *utrace,
				       struct pt_regs *regs,
				       struct utrace_signal *sig);

/* The events that engines of the thread ask for together. Any context. */
unsigned long utrace_wanted(struct utrace *utrace);

/* Whether an engine asks for @event of this call. The thread's own context. */
bool utrace_wants_syscall(struct utrace *utrace, unsigned long event,
			  int abi, long nr);

/* Whether an engine holds a stop, or one or a report is due. Any context. */
bool utrace_holds_stop(struct utrace *utrace);
enum utrace_resume_action utrace_due(struct utrace *utrace);

/* No engine is attached or being attached. Any context. */
bool utrace_idle(struct utrace *utrace);

/*
 * A thread that its creator has not reported yet: others wait with attaching
 * (ATT-9) until utrace_report_clone() is over, or utrace_born() says that there
 * will be none.
 */
int utrace_newborn(struct task_struct *child);
void utrace_born(struct utrace *utrace);

/* What utrace_barrier() may be waiting for on behalf of the host has changed. */
void utrace_settled(struct utrace *utrace);

/* Sleep in utrace_host_wait() so that utrace_settled() and the core wake it. */
int utrace_wait(struct utrace *utrace, bool (*done)(void *arg), void *arg,
		bool interruptible);

/*
 * Detach every engine as their owners would; the host is going down:
 * utrace_host_up() and utrace_host_generation() have said so before.
 */
void utrace_detach_all(struct utrace *utrace);

/* By the thread itself: it is in a callback. */
bool utrace_in_pass(struct utrace *utrace);

/* No callback runs for it, and none of an engine is about to be released. */
bool utrace_quiet(struct utrace *utrace);

struct utrace *utrace_get(struct utrace *utrace);
void utrace_put(struct utrace *utrace);
struct utrace *utrace_alloc(struct task_struct *task);

/**
 * utrace_refuse() - a host cannot do what a callback returned
 * @engine: the engine whose callback it was
 * @event: the event
 * @id: the statement of the contract that is not kept
 * @what: what is done in its place; static
 */
void utrace_refuse(struct utrace_engine *engine, unsigned long event,
		   const char *id, const char *what);

/* ---- what a host provides ---------------------------------------------- */

/* The facility is up in this program. Any context. */
bool utrace_host_up(void);

/*
 * Which time it is that the facility is up, 0 if it is not.  What was made
 * before that is dead: a fork child may bring the facility up anew.
 */
unsigned int utrace_host_generation(void);

/*
 * This is a copy of the program that brought the facility up: nothing of it is
 * left here, and its locks may be held by nobody.
 */
bool utrace_host_forked(void);

/*
 * Storage per thread: the core's state, with a reference, or null.  Install
 * puts @fresh in place unless there is one, and returns what is in place, with
 * a reference, or null if there is no memory.  Any context that may allocate.
 */
struct utrace *utrace_host_state(struct task_struct *task);
struct utrace *utrace_host_install(struct task_struct *task,
				   struct utrace *fresh);

/**
 * utrace_host_adopt() - make the thread's events come to the core
 *
 * Called for every new engine, with nothing held; may sleep, but not wait for
 * another worker when called in a callback.  Nothing is done if it was adopted
 * before.  The host lets the thread go by itself when utrace_idle() says so.
 *
 * Return: 0; -EPERM; -ESRCH; -ENOMEM; -EINTR; -EDEADLK.
 */
int utrace_host_adopt(struct task_struct *task);

/*
 * Something changed that the thread's own context has to act on soon.  Called
 * with the core's lock of the thread held: does not sleep, and calls nothing of
 * the core.
 */
#define UTRACE_KICK_WANTED	0x01	/* utrace_wanted() has new bits */
#define UTRACE_KICK_REPORT	0x02	/* bring it to utrace_report_user() */
#define UTRACE_KICK_INTERRUPT	0x04	/* the same, cutting a call short */
#define UTRACE_KICK_WAKE	0x08	/* its stop may be over */
#define UTRACE_KICK_IDLE	0x10	/* the last engine is gone */
void utrace_host_kick(struct task_struct *task, unsigned int what);

/*
 * After a kick, with nothing held: the host may let it take effect before the
 * call that made it returns.  It waits for no callback.
 */
void utrace_host_sync(void);

/* It is stopped for job control. Under the core's lock. */
bool utrace_host_job_stopped(struct task_struct *task);

/* Whether the last UTRACE_KICK_WANTED is in force. Under the core's lock. */
bool utrace_host_settled(struct task_struct *task);

/* A reference on a thread that is not reaped yet, under the core's lock. */
void utrace_host_get_task(struct task_struct *task);
void utrace_host_put_task(struct task_struct *task);

/*
 * Wait until a stopped thread has left the CPU and its registers are at hand.
 * 0; -EAGAIN: it runs after all; -EINTR; -EDEADLK in a callback.
 */
int utrace_host_inactive(struct task_struct *task);

/**
 * utrace_host_wait() - wait until @done says so
 * @utrace: whose waiters utrace_host_wake() wakes
 * @done: called with nothing held
 * @interruptible: a signal ends that
 *
 * Return: 0; -EINTR if a signal came in; -EDEADLK in a callback.
 */
int utrace_host_wait(struct utrace *utrace, bool (*done)(void *arg), void *arg,
		     bool interruptible);
void utrace_host_wake(struct utrace *utrace);

/*
 * What a host cannot carry out of a callback's return: a stop at exit (EXT-2), an
 * exit with another code (EXT-1), a signal's fate.  Called by the pass after each
 * callback; null if all is well, otherwise the sentence for the capability table,
 * after the return was replaced by the nearest effect.
 */
const char *utrace_host_refuses_exit_stop(struct task_struct *task);
const char *utrace_host_refuses_exit_code(struct task_struct *task, long code);
const char *utrace_host_refuses_signal(struct task_struct *task,
				       struct utrace_signal *sig, u32 *action,
				       const char **id);

/* The thread that @pid names, referenced, or null. */
struct task_struct *utrace_host_pid_task(struct utrace_pid *pid);

/* Callbacks for a thread begin, and are over; how many there were. */
void utrace_host_pass_begins(struct task_struct *task);
void utrace_host_pass_ends(struct task_struct *task, unsigned int callbacks);

/* Wake-up word of the waiters; see utrace_host_wait(). */
unsigned int *utrace_wait_word(struct utrace *utrace);

#endif /* UTRACE_CORE_HOST_H */
