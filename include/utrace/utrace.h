/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * utrace: any number of tracing engines on one thread, side by side.
 *
 * An engine is one attachment of one tracer to one thread: a table of
 * callbacks, a private pointer, and a mask of the events that it asks for.  A
 * callback runs on behalf of the thread that the event happened to (*current*),
 * at a safe point where the thread's user state can be read and changed, with
 * no lock held.  It may allocate; it must not wait for anything outside, for
 * that is what %UTRACE_STOP is for.  Its return value says how the thread goes
 * on, and where engines differ the smallest action prevails.
 *
 * docs/contract.md has every rule with an identifier; the comments here name
 * those that decide.  utrace_capabilities() lists the rules that the host at
 * hand keeps only in part.
 *
 * Unless a call says otherwise it may be made from any thread of the program
 * and from any callback, it does not block, and needs no lock.
 */
#ifndef UTRACE_UTRACE_H
#define UTRACE_UTRACE_H

#include <utrace/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** UTRACE_API_VERSION - the generation of the interface, as a date */
#define UTRACE_API_VERSION	20110727

/**
 * enum utrace_events - bit numbers of the events
 *
 * &struct utrace_engine.flags has one bit for each event that the engine asks
 * for; UTRACE_EVENT() makes the mask.
 */
enum utrace_events {
	_UTRACE_EVENT_QUIESCE,		/* a safe point was reached */
	_UTRACE_EVENT_REAP,		/* the thread is gone for its parent */
	_UTRACE_EVENT_CLONE,		/* fork, vfork or clone made a thread */
	_UTRACE_EVENT_EXEC,		/* a new program is in place */
	_UTRACE_EVENT_EXIT,		/* the thread begins to exit */
	_UTRACE_EVENT_DEATH,		/* the thread is dead for good */
	_UTRACE_EVENT_SYSCALL_ENTRY,	/* user code asks for a system call */
	_UTRACE_EVENT_SYSCALL_EXIT,	/* a system call returns to user code */
	_UTRACE_EVENT_SIGNAL,		/* a signal: a user handler will run */
	_UTRACE_EVENT_SIGNAL_IGN,	/* a signal: no effect */
	_UTRACE_EVENT_SIGNAL_STOP,	/* a signal: the process will stop */
	_UTRACE_EVENT_SIGNAL_TERM,	/* a signal: the process will end */
	_UTRACE_EVENT_SIGNAL_CORE,	/* a signal: the process dumps core */
	_UTRACE_EVENT_JCTL,		/* a job control stop or continue */
	_UTRACE_NEVENTS
};

/** UTRACE_EVENT() - the mask of one event, by its name without prefix */
#define UTRACE_EVENT(type)	(1UL << _UTRACE_EVENT_##type)

/** UTRACE_EVENT_SIGNAL_ALL - the events that report_signal() is for */
#define UTRACE_EVENT_SIGNAL_ALL \
	(UTRACE_EVENT(SIGNAL) | UTRACE_EVENT(SIGNAL_IGN) | \
	 UTRACE_EVENT(SIGNAL_STOP) | UTRACE_EVENT(SIGNAL_TERM) | \
	 UTRACE_EVENT(SIGNAL_CORE))

/** UTRACE_EVENT_SYSCALL - both ends of a system call */
#define UTRACE_EVENT_SYSCALL \
	(UTRACE_EVENT(SYSCALL_ENTRY) | UTRACE_EVENT(SYSCALL_EXIT))

/** _UTRACE_DEATH_EVENTS - the events that make an engine part of the death pass */
#define _UTRACE_DEATH_EVENTS	(UTRACE_EVENT(DEATH) | UTRACE_EVENT(QUIESCE))

/**
 * enum utrace_resume_action - how a thread goes on
 * @UTRACE_STOP: it stays stopped until this engine says otherwise
 * @UTRACE_INTERRUPT: it is interrupted as by a signal, and reports again
 * @UTRACE_REPORT: it reports again before it runs user code
 * @UTRACE_SINGLESTEP: it runs one instruction
 * @UTRACE_BLOCKSTEP: it runs until the next taken branch
 * @UTRACE_RESUME: it runs
 * @UTRACE_DETACH: it runs, and this engine is detached from it
 * @UTRACE_RESUME_MAX: the number of actions
 *
 * In order of force: among engines that differ the smallest prevails.
 */
enum utrace_resume_action {
	UTRACE_STOP,
	UTRACE_INTERRUPT,
	UTRACE_REPORT,
	UTRACE_SINGLESTEP,
	UTRACE_BLOCKSTEP,
	UTRACE_RESUME,
	UTRACE_DETACH,
	UTRACE_RESUME_MAX
};

/* How many bits of a callback's action the resume action takes. */
#define UTRACE_RESUME_BITS	3
#define UTRACE_RESUME_MASK	((1 << UTRACE_RESUME_BITS) - 1)

/**
 * utrace_resume_action() - the resume action in a callback's action
 * @action: an argument or a return value of a callback
 */
static inline enum utrace_resume_action utrace_resume_action(uint32_t action)
{
	return (enum utrace_resume_action)(action & UTRACE_RESUME_MASK);
}

/**
 * enum utrace_signal_action - what becomes of a signal
 * @UTRACE_SIGNAL_DELIVER: what the @return_ka of report_signal() says
 * @UTRACE_SIGNAL_IGN: nothing
 * @UTRACE_SIGNAL_TERM: the process ends
 * @UTRACE_SIGNAL_CORE: the process ends and dumps core
 * @UTRACE_SIGNAL_STOP: the process stops
 * @UTRACE_SIGNAL_TSTP: the process stops unless its group is orphaned
 * @UTRACE_SIGNAL_REPORT: there is no signal; a report was due
 * @UTRACE_SIGNAL_HANDLER: there is no signal; a handler was just set up
 *
 * Part of the action of report_signal(), beside the resume action, from which
 * utrace_signal_action() takes it.
 */
enum utrace_signal_action {
	UTRACE_SIGNAL_DELIVER = 0x00,
	UTRACE_SIGNAL_IGN = 0x10,
	UTRACE_SIGNAL_TERM = 0x20,
	UTRACE_SIGNAL_CORE = 0x30,
	UTRACE_SIGNAL_STOP = 0x40,
	UTRACE_SIGNAL_TSTP = 0x50,
	UTRACE_SIGNAL_REPORT = 0x60,
	UTRACE_SIGNAL_HANDLER = 0x70
};

#define UTRACE_SIGNAL_MASK	0xf0

/** UTRACE_SIGNAL_HOLD - flag: the signal goes back on the thread's queue */
#define UTRACE_SIGNAL_HOLD	0x100

/**
 * utrace_signal_action() - the signal action in a callback's action
 * @action: an argument or a return value of report_signal()
 */
static inline enum utrace_signal_action utrace_signal_action(uint32_t action)
{
	return (enum utrace_signal_action)(action & UTRACE_SIGNAL_MASK);
}

/**
 * enum utrace_syscall_action - what becomes of a system call
 * @UTRACE_SYSCALL_RUN: it is made
 * @UTRACE_SYSCALL_ABORT: it is not made; user code sees the return register
 *
 * Part of the action of report_syscall_entry(), beside the resume action, from
 * which utrace_syscall_action() takes it.
 */
enum utrace_syscall_action {
	UTRACE_SYSCALL_RUN = 0x00,
	UTRACE_SYSCALL_ABORT = 0x10
};

#define UTRACE_SYSCALL_MASK	0xf0

/** UTRACE_SYSCALL_RESUMED - flag: this entry was reported before (SYS-4) */
#define UTRACE_SYSCALL_RESUMED	0x100

/**
 * utrace_syscall_action() - the system call action in a callback's action
 * @action: an argument or a return value of report_syscall_entry()
 */
static inline enum utrace_syscall_action utrace_syscall_action(uint32_t action)
{
	return (enum utrace_syscall_action)(action & UTRACE_SYSCALL_MASK);
}

/*
 * Flags for attaching.  MATCH_OPS and MATCH_DATA say which of an engine's
 * members are compared; with CREATE a new engine is made, with EXCLUSIVE in
 * addition only if none matches.
 */
#define UTRACE_ATTACH_MATCH_OPS		0x0001
#define UTRACE_ATTACH_MATCH_DATA	0x0002
#define UTRACE_ATTACH_MATCH_MASK	0x000f
#define UTRACE_ATTACH_CREATE		0x0010
#define UTRACE_ATTACH_EXCLUSIVE		0x0020
/* The callbacks are of another generation: set by <utrace/20090421.h>. */
#define UTRACE_ATTACH_20090421		0x0100

struct utrace_engine_ops;

/**
 * struct utrace_engine - one attachment of one tracer to one thread
 * @ops: the callbacks; read only
 * @data: the tracer's own pointer; the tracer may change it
 * @flags: the event mask in the low bits; the higher bits belong to the core
 *
 * Made by utrace_attach_task().  The pointer is valid while a reference is
 * held (ENG-3); there is more behind these members than is shown.
 */
struct utrace_engine {
	const struct utrace_engine_ops *ops;
	void *data;
	unsigned long flags;
};

#ifndef UTRACE_20090421_H
/**
 * struct utrace_engine_ops - the callbacks of an engine
 *
 * A callback for an event that is never asked for may be null, with two
 * exceptions (EVT-8): QUIESCE needs @report_quiesce, and the signal events
 * need @report_signal or @report_quiesce.
 *
 * Each callback that returns something returns an &enum utrace_resume_action,
 * for signals and system call entry or-ed with the action of their own.  The
 * @action that it is handed carries the smallest resume action that the engines
 * before it chose in this pass.  Engine and thread stay valid until it returns.
 */
struct utrace_engine_ops {
	/**
	 * @report_quiesce: the thread is at a safe point.  @event is the mask
	 * bit of the event that is reported next, or 0 just before the thread
	 * returns to user code.  At %UTRACE_EVENT(DEATH) there is no user
	 * state any more.
	 */
	uint32_t (*report_quiesce)(uint32_t action,
				   struct utrace_engine *engine,
				   unsigned long event);
	/**
	 * @report_signal: a signal is about to take effect.  @info may be
	 * changed, the number included; @orig_ka is what the thread has set
	 * (null in a pass for no signal); @return_ka decides what
	 * %UTRACE_SIGNAL_DELIVER does.
	 */
	uint32_t (*report_signal)(uint32_t action,
				  struct utrace_engine *engine,
				  struct utrace_regs *regs, siginfo_t *info,
				  const struct utrace_sigaction *orig_ka,
				  struct utrace_sigaction *return_ka);
	/**
	 * @report_clone: the thread made @child, which does not run before
	 * this returns.  The callback may attach to @child.
	 */
	uint32_t (*report_clone)(uint32_t action, struct utrace_engine *engine,
				 unsigned long clone_flags,
				 struct utrace_thread *child);
	/**
	 * @report_jctl: @type is CLD_STOPPED or CLD_CONTINUED; @notify is the
	 * si_code of the SIGCHLD that the parent is sent on behalf of this
	 * thread, or 0.
	 */
	uint32_t (*report_jctl)(uint32_t action, struct utrace_engine *engine,
				int type, int notify);
	/**
	 * @report_exec: a new program is in place and has not run yet.
	 */
	uint32_t (*report_exec)(uint32_t action, struct utrace_engine *engine,
				const struct utrace_binfmt *fmt,
				const struct utrace_binprm *bprm,
				struct utrace_regs *regs);
	/**
	 * @report_syscall_entry: @regs show the call as it was asked for and
	 * may be changed.  Passes run in reverse attach order (SYS-1).
	 */
	uint32_t (*report_syscall_entry)(uint32_t action,
					 struct utrace_engine *engine,
					 struct utrace_regs *regs);
	/**
	 * @report_syscall_exit: the result is in @regs and may be changed.
	 */
	uint32_t (*report_syscall_exit)(uint32_t action,
					struct utrace_engine *engine,
					struct utrace_regs *regs);
	/**
	 * @report_exit: the thread begins to exit with wait status @orig_code;
	 * what its parent is to see is in @code and may be changed.
	 */
	uint32_t (*report_exit)(uint32_t action, struct utrace_engine *engine,
				long orig_code, long *code);
	/**
	 * @report_death: the thread is dead.  @group_dead: it was the last of
	 * its group.  @signal: what its parent is sent now; 0: nothing; -1: it
	 * reaps itself; -2: a leader whose threads live on.  Of the return
	 * value only %UTRACE_DETACH matters.
	 */
	uint32_t (*report_death)(struct utrace_engine *engine, bool group_dead,
				 int signal);
	/**
	 * @report_reap: the last callback of all; the engine is detached when
	 * it returns.  It may run elsewhere than in the thread.
	 */
	void (*report_reap)(struct utrace_engine *engine,
			    struct utrace_thread *thread);
	/**
	 * @release: the last reference to the engine is gone.  @data is what
	 * the engine's member was at that time.  Runs once per engine, never
	 * for an attach that failed, in the context of whoever let go last.
	 */
	void (*release)(void *data);
};
#endif /* UTRACE_20090421_H */

/**
 * struct utrace_examiner - what utrace_prepare_examine() remembers; private
 */
struct utrace_examiner {
	/* private: */
	unsigned long run_count;
	unsigned long spare;
};

/**
 * utrace_init() - bring the facility up
 *
 * Library: call it once before anything else; it starts the threads that wait
 * for traced threads as they are needed, not here.  Kernel: the facility is up
 * when its module is loaded.  After utrace_shutdown() it may be called again.
 *
 * Context: may block.
 *
 * Return: 0; -EALREADY if it is up; -ENOMEM; -ENOSYS if the kernel is older
 * than the host supports (library: Linux 5.3); -EDEADLK, kernel, in a callback.
 * Nothing is left behind on failure.
 */
UTRACE_MUST_CHECK UTRACE_API int utrace_init(void);

/**
 * utrace_shutdown() - detach every engine, and wait until no callback can run
 *
 * Every traced thread runs on untraced, as it would if each engine had been
 * detached.  When this returns no callback is running or will run, and the
 * code of the engines may be unloaded.  Engines that are still referenced stay
 * valid as memory; calls on them give -ESRCH.
 *
 * Context: may block, for as long as a callback runs.
 *
 * Return: 0; -EDEADLK when called by a callback; -ESRCH if the facility is not
 * up.
 */
UTRACE_API int utrace_shutdown(void);

/**
 * utrace_exit() - free what utrace_init() made
 *
 * Call it after utrace_shutdown().
 *
 * Return: 0; -EBUSY if the facility is still up.
 */
UTRACE_API int utrace_exit(void);

/**
 * utrace_attach_task() - attach an engine to a thread, or look one up
 * @thread: the thread, referenced by the caller, or current, or the child
 *	that report_clone() was handed
 * @flags: UTRACE_ATTACH_*
 * @ops: the callbacks of the new engine; with MATCH_OPS what to look for
 * @data: the private pointer of the new engine; with MATCH_DATA what to look
 *	for
 *
 * Without %UTRACE_ATTACH_CREATE the first engine in attach order that matches
 * is returned with one more reference (ATT-1).  With it a new engine is made
 * (ATT-4, ATT-12), which asks for no events yet and so changes nothing about
 * the thread.  A new engine has two references: the caller's, to be given back
 * with utrace_engine_put(), and the attachment's.
 *
 * Context: with CREATE may block until the creator of a newborn thread is done
 * with it (ATT-9), and in the library for the thread's worker; never in a
 * callback.
 *
 * Return: the engine, or as an error pointer: -ENOENT: none matches; -EEXIST:
 * EXCLUSIVE and one matches; -EINVAL: CREATE with null @ops; -ESRCH: the
 * thread is gone, or the facility is down; -EPERM: a kernel thread, or one that
 * the system does not let the caller trace (utrace_explain_attach() tells
 * which rule); -ENOMEM; -EINTR (kernel: -ERESTARTNOINTR): a signal handler ran
 * while waiting.
 */
UTRACE_MUST_CHECK UTRACE_API struct utrace_engine *
utrace_attach_task(struct utrace_thread *thread, int flags,
		   const struct utrace_engine_ops *ops, void *data);

/**
 * utrace_attach_pid() - utrace_attach_task() by a referenced pid
 * @pid: a pid, referenced by the caller
 * @flags: as for utrace_attach_task()
 * @ops: as for utrace_attach_task()
 * @data: as for utrace_attach_task()
 *
 * Return: as utrace_attach_task(); -ESRCH if @pid names no thread any more.
 */
UTRACE_MUST_CHECK UTRACE_API struct utrace_engine *
utrace_attach_pid(struct utrace_pid *pid, int flags,
		  const struct utrace_engine_ops *ops, void *data);

/**
 * utrace_set_events() - choose which events an engine is called for
 * @thread: the thread that @engine is attached to
 * @engine: the engine, referenced
 * @events: the new mask; bits that are no events are ignored
 *
 * The mask is replaced.  On a thread that runs, new events begin as soon as the
 * host has taken note, which it does at once; utrace_barrier() tells that it
 * has (BAR-1).
 *
 * Return: 0: no callback that was taken away can come any more; -EINPROGRESS:
 * the mask is in force, but a callback to this engine is running that may be
 * one of those (EVT-5); -EALREADY: the thread is dead and the change comes too
 * late (EVT-3), nothing changed; -EINVAL: an event whose callback is missing
 * (EVT-8), nothing changed; -ESRCH: the engine is detached.
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_set_events(struct utrace_thread *thread, struct utrace_engine *engine,
		  unsigned long events);

/** utrace_set_events_pid() - utrace_set_events() by a referenced pid */
UTRACE_MUST_CHECK UTRACE_API int
utrace_set_events_pid(struct utrace_pid *pid, struct utrace_engine *engine,
		      unsigned long events);

/**
 * utrace_control() - stop a thread, let it go, step it, or detach an engine
 * @thread: the thread that @engine is attached to
 * @engine: the engine, referenced
 * @action: what the engine wants from now on (CTL-3 to CTL-8)
 *
 * Return: 0: done (for STOP: the thread is stopped; for DETACH: the last
 * callback is over); -EINPROGRESS: STOP: the thread will report and stop;
 * DETACH: a callback to this engine is running, and the detach is complete
 * when it returns (utrace_barrier() waits for that); -EALREADY: DETACH during
 * the death pass, whose callbacks will come; -EINVAL: no such action, or
 * REPORT or a step by an engine without QUIESCE; -EOPNOTSUPP: no single step on
 * this machine; -ESRCH: the engine is detached, or the thread is dead (CTL-2),
 * or being reaped.
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_control(struct utrace_thread *thread, struct utrace_engine *engine,
	       enum utrace_resume_action action);

/** utrace_control_pid() - utrace_control() by a referenced pid */
UTRACE_MUST_CHECK UTRACE_API int
utrace_control_pid(struct utrace_pid *pid, struct utrace_engine *engine,
		   enum utrace_resume_action action);

/**
 * utrace_barrier() - wait until callbacks to an engine are over
 * @thread: the thread that @engine is or was attached to; not looked at
 * @engine: the engine, referenced, attached or detached
 *
 * Context: may block, for as long as a callback to @engine runs.
 *
 * Return: 0: no callback to @engine is in progress, and the effect of the last
 * one, of set_events and of DETACH is in place (BAR-1); at once for a callback
 * on the same thread; -ESRCH: the engine is detached and its last callback is
 * over; -EINTR (kernel: -ERESTARTSYS): a signal handler ran in the waiting
 * thread; -EDEADLK: library, in a callback, where it would have to wait for
 * another worker (BAR-5).
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_barrier(struct utrace_thread *thread, struct utrace_engine *engine);

/** utrace_barrier_pid() - utrace_barrier() by a referenced pid */
UTRACE_MUST_CHECK UTRACE_API int
utrace_barrier_pid(struct utrace_pid *pid, struct utrace_engine *engine);

/**
 * utrace_prepare_examine() - begin to look at a stopped thread
 * @thread: the thread
 * @engine: an engine that holds it stopped
 * @exam: filled in, for utrace_finish_examine()
 *
 * Context: may block until the thread has left the CPU. Call it only after
 * utrace_control() with %UTRACE_STOP gave 0 or a callback of @engine returned
 * %UTRACE_STOP.
 *
 * Return: 0: registers and memory may be read and written, also if @thread is
 * current; -ESRCH: @engine is detached, or the thread is dead; -EINVAL: @engine
 * does not hold it; -EAGAIN: it runs after all.
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_prepare_examine(struct utrace_thread *thread,
		       struct utrace_engine *engine,
		       struct utrace_examiner *exam);

/**
 * utrace_finish_examine() - end what utrace_prepare_examine() began
 * @thread: as for utrace_prepare_examine()
 * @engine: as for utrace_prepare_examine()
 * @exam: what utrace_prepare_examine() filled in
 *
 * Return: 0: it did not run in between; -EINVAL: @engine's stop is over;
 * -EAGAIN: it ran, and what was read is to be thrown away; -ESRCH: @engine is
 * detached, or the thread is dead.
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_finish_examine(struct utrace_thread *thread,
		      struct utrace_engine *engine,
		      struct utrace_examiner *exam);

/**
 * utrace_engine_get() - take a reference to an engine
 * @engine: an engine that the caller holds a reference to
 */
UTRACE_API void utrace_engine_get(struct utrace_engine *engine);

/**
 * utrace_engine_put() - give a reference to an engine back
 * @engine: the engine; not to be used again by this holder
 *
 * With the last reference the release callback runs, here, and the engine is
 * freed.
 */
UTRACE_API void utrace_engine_put(struct utrace_engine *engine);

/** __utrace_engine_release() - run release and free; for utrace_engine_put() */
UTRACE_API void __utrace_engine_release(struct utrace_engine *engine);

/**
 * task_utrace_flags() - what the engines of a thread want together
 * @thread: a referenced thread
 *
 * Return: the union of the event masks, with the REAP bit set while any engine
 * is attached, and bit 14 while one holds a stop; 0 if none is attached; after
 * death REAP at most.  A snapshot.
 */
UTRACE_API unsigned long utrace_task_flags(struct utrace_thread *thread);

/** utrace_has_single_step() - whether the machine steps instructions */
UTRACE_API bool utrace_has_single_step(void);

/** utrace_has_block_step() - whether the machine steps taken branches */
UTRACE_API bool utrace_has_block_step(void);

/* ---- narrowing system calls (NAR-1 to NAR-5) --------------------------- */

/** enum utrace_abi - which numbering a system call number belongs to */
enum utrace_abi {
	UTRACE_ABI_X86_64,
	UTRACE_ABI_I386,
	UTRACE_NABIS
};

/** struct utrace_syscall_set - a set of system calls; opaque */
struct utrace_syscall_set;

/**
 * utrace_syscall_set_new() - make an empty set
 *
 * Return: the set, to be freed with utrace_syscall_set_free(), or null if there
 * is no memory.
 */
UTRACE_MUST_CHECK UTRACE_API struct utrace_syscall_set *
utrace_syscall_set_new(void);

/**
 * utrace_syscall_set_free() - free a set
 * @set: a set, or null; utrace_set_syscalls() keeps a copy of its own
 */
UTRACE_API void utrace_syscall_set_free(struct utrace_syscall_set *set);

/**
 * utrace_syscall_set_add() - add a system call by number
 * @set: the set
 * @abi: the numbering that @nr belongs to
 * @nr: the number
 *
 * Return: 0, or -EINVAL if there can be no such number.
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_syscall_set_add(struct utrace_syscall_set *set, enum utrace_abi abi,
		       long nr);

/**
 * utrace_syscall_set_add_name() - add a system call by name, for every ABI
 * @set: the set
 * @name: the name, "openat"
 *
 * Return: 0, or -ENOENT if no ABI has a system call of that name.
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_syscall_set_add_name(struct utrace_syscall_set *set, const char *name);

/**
 * utrace_set_syscalls() - choose which system calls an engine is called for
 * @thread: the thread that @engine is attached to
 * @engine: the engine, referenced
 * @set: the calls for which SYSCALL_ENTRY, SYSCALL_EXIT and the quiesce
 *	callbacks before them come; null: all, as at the start
 *
 * What user code asked for decides, for both ends of a call (NAR-5).
 *
 * Return: as utrace_set_events(); -ENOMEM: no memory, nothing changed.
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_set_syscalls(struct utrace_thread *thread, struct utrace_engine *engine,
		    const struct utrace_syscall_set *set);

/* ---- what a host cannot do --------------------------------------------- */

/**
 * struct utrace_capability - one rule that the host keeps in part or not at all
 * @id: the rule's identifier in the contract, "EXT-2"
 * @kept: what of it is kept: 0 nothing, 1 in part
 * @error: what the call gives that asks for the rest (negative errno), or 0
 *	where a callback's return or nothing asks for it
 * @what: what is not kept, and what happens in its place
 * @why: what in the system stands in the way
 */
struct utrace_capability {
	const char *id;
	int kept;
	int error;
	const char *what;
	const char *why;
};

/**
 * struct utrace_caps - the capability table of the host
 * @host: the host's name, "ptrace"
 * @nr: the number of entries
 * @entries: the table, in the order of the contract; static
 */
struct utrace_caps {
	const char *host;
	size_t nr;
	const struct utrace_capability *entries;
};

/**
 * utrace_capabilities() - what of the contract this host does not keep
 * @caps: filled in
 * @size: sizeof(struct utrace_caps) where the caller was compiled, so that the
 *	structure can grow
 *
 * Return: 0, or -EINVAL if @size is too small to be of any use.
 */
UTRACE_API int utrace_capabilities(struct utrace_caps *caps, size_t size);

/**
 * struct utrace_refusal - an effect of a callback that the host replaced
 * @count: how many there were with this engine
 * @id: the rule of the last one, "EXT-2", or null if there was none
 * @event: the event (mask) that the last one was returned for
 * @what: what was done in its place; a static string
 */
struct utrace_refusal {
	unsigned long count;
	const char *id;
	unsigned long event;
	const char *what;
};

/**
 * utrace_engine_refused() - what the host could not carry out for an engine
 * @engine: the engine, referenced, attached or detached
 * @refusal: filled in with the last one and their number
 *
 * A callback's return has no error channel: what a host cannot carry out is
 * replaced by the nearest effect, which the capability table names, and told
 * here.
 *
 * Return: 0, or -ENOENT if nothing was refused; @refusal is filled in either
 * way.
 */
UTRACE_API int utrace_engine_refused(struct utrace_engine *engine,
				     struct utrace_refusal *refusal);

/**
 * struct utrace_stats - counters of the host, since utrace_init()
 * @workers: threads that wait for traced threads; 0 in the kernel
 * @stops: how often a traced thread came to the host: stops that were fetched,
 *	in the kernel calls of hooked functions
 * @passes: reporting passes
 * @callbacks: callbacks
 * @queued_behind: stops of one process that waited while a callback for
 *	another process ran on the same worker; 0 in the kernel
 */
struct utrace_stats {
	unsigned long workers;
	unsigned long stops;
	unsigned long passes;
	unsigned long callbacks;
	unsigned long queued_behind;
};

/**
 * utrace_get_stats() - read the counters
 * @stats: filled in
 * @size: sizeof(struct utrace_stats) where the caller was compiled
 */
UTRACE_API void utrace_get_stats(struct utrace_stats *stats, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* UTRACE_UTRACE_H */
