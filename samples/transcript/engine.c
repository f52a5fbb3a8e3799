// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * An engine that both hosts run: this file is compiled into a kernel module, and
 * into a program with the library in it.
 *
 * A line is "THREAD EVENT DETAILS".  Threads are numbered by who created them: 1
 * is the first, 1.2 is the second that it created.  Nothing is told that differs
 * from run to run: no addresses, and of system calls that answer with one, or with
 * an ID, no more than that they succeeded.  Lines of one thread come in the order
 * of what happened; those of two threads as it happened to happen.
 */
#include "transcript.h"

/* A program that creates more than this is not what a transcript is for. */
#define TELLERS_MAX	1000
#define NAME_LEN	64

/**
 * struct teller - what is kept of a thread
 * @next: in &struct transcript.tellers
 * @transcript: the transcript
 * @task: the thread, referenced
 * @engine: the engine, referenced
 * @tells: an exec was seen; written and read in callbacks of the thread, and by
 *	its creator before it runs
 * @children: how many threads it has created
 * @call: the system call that it is in, or -1
 * @name: "1.2"
 *
 * They are freed all at once, in transcript_close(): until then a callback may
 * come, and so no release callback is needed, which would be code of the module
 * that nobody could wait for.
 */
struct teller {
	struct teller *next;
	struct transcript *transcript;
	struct task_struct *task;
	struct utrace_engine *engine;
	bool tells;
	unsigned int children;
	long call;
	char name[NAME_LEN];
};

/* ---- lines ------------------------------------------------------------- */

__attribute__((__format__(__printf__, 2, 3)))
static void tell(struct teller *teller, const char *format, ...)
{
	struct transcript *transcript = teller->transcript;
	char line[256];
	va_list args;
	int len, part;

	if (!teller->tells)
		return;
	len = snprintf(line, sizeof(line), "%s ", teller->name);
	va_start(args, format);
	part = vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	len += part;
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	mutex_lock(&transcript->lock);
	transcript->emit(transcript, line, len);
	mutex_unlock(&transcript->lock);
}

/* Go on, and leave what other engines chose for this event as it is. */
static u32 agree(u32 action)
{
	return (action & ~(u32)UTRACE_RESUME_MASK) | UTRACE_RESUME;
}

/* ---- following --------------------------------------------------------- */

static int follow(struct transcript *transcript, struct task_struct *task,
		  const char *name, bool tells);

static u32 tell_clone(u32 action, struct utrace_engine *engine,
		      unsigned long clone_flags, struct task_struct *child)
{
	struct teller *teller = engine->data;
	struct transcript *transcript = teller->transcript;
	char name[NAME_LEN];
	int len;

	len = snprintf(name, sizeof(name), "%s.%u", teller->name,
		       ++teller->children);
	tell(teller, "CLONE %#lx %s", clone_flags, name);
	if (len >= (int)sizeof(name) ||
	    follow(transcript, child, name, teller->tells)) {
		mutex_lock(&transcript->lock);
		transcript->missed++;
		mutex_unlock(&transcript->lock);
	}
	return agree(action);
}

static u32 tell_exec(u32 action, struct utrace_engine *engine,
		     const struct linux_binfmt *fmt,
		     const struct linux_binprm *bprm, struct pt_regs *regs)
{
	struct teller *teller = engine->data;

	(void)fmt;
	(void)regs;
	teller->tells = true;
	tell(teller, "EXEC %s", bprm->filename);
	return agree(action);
}

/* ---- system calls ------------------------------------------------------ */

/* Whether what it answers is the same each time. */
static bool is_steady(long nr)
{
	switch (nr) {
	case __NR_brk:
	case __NR_mmap:
	case __NR_mremap:
	case __NR_shmat:
	case __NR_getpid:
	case __NR_gettid:
	case __NR_getppid:
	case __NR_getpgrp:
	case __NR_getsid:
	case __NR_set_tid_address:
	case __NR_fork:
	case __NR_vfork:
	case __NR_clone:
	case __NR_clone3:
	case __NR_wait4:
	case __NR_time:
		return false;
	/* whether it had to wait is up to the other thread */
	case __NR_futex:
		return false;
	}
	return nr >= 0;
}

static u32 tell_syscall_entry(u32 action, struct utrace_engine *engine,
			      struct pt_regs *regs)
{
	struct teller *teller = engine->data;

	teller->call = syscall_get_nr(current, regs);
	tell(teller, "SYSCALL_ENTRY %ld", teller->call);
	return agree(action);
}

static u32 tell_syscall_exit(u32 action, struct utrace_engine *engine,
			     struct pt_regs *regs)
{
	struct teller *teller = engine->data;
	long error = syscall_get_error(current, regs);

	/* by its entry: a return from a handler puts back older registers */
	if (teller->call == __NR_futex || teller->call == __NR_rt_sigreturn)
		tell(teller, "SYSCALL_EXIT %ld", teller->call);
	else if (error)
		tell(teller, "SYSCALL_EXIT %ld error %ld", teller->call, error);
	else if (is_steady(teller->call))
		tell(teller, "SYSCALL_EXIT %ld = %ld", teller->call,
		     syscall_get_return_value(current, regs));
	else
		tell(teller, "SYSCALL_EXIT %ld success", teller->call);
	teller->call = -1;
	return agree(action);
}

/* ---- signals ----------------------------------------------------------- */

static const char *disposition(u32 action)
{
	switch (utrace_signal_action(action)) {
	case UTRACE_SIGNAL_DELIVER:
		return "deliver";
	case UTRACE_SIGNAL_IGN:
		return "ignore";
	case UTRACE_SIGNAL_TERM:
		return "terminate";
	case UTRACE_SIGNAL_CORE:
		return "core";
	case UTRACE_SIGNAL_STOP:
		return "stop";
	case UTRACE_SIGNAL_TSTP:
		return "tstp";
	default:
		return "?";
	}
}

static u32 tell_signal(u32 action, struct utrace_engine *engine,
		       struct pt_regs *regs, siginfo_t *info,
		       const struct k_sigaction *orig_ka,
		       struct k_sigaction *return_ka)
{
	(void)regs;
	(void)return_ka;
	if (orig_ka)	/* else a report is due, and there is no signal */
		tell(engine->data, "SIGNAL %d code %d %s", info->si_signo,
		     info->si_code, disposition(action));
	return agree(action);
}

static u32 tell_jctl(u32 action, struct utrace_engine *engine, int type,
		     int notify)
{
	tell(engine->data, "JCTL %d notify %d", type, notify);
	return agree(action);
}

/* ---- the end ----------------------------------------------------------- */

static u32 tell_exit(u32 action, struct utrace_engine *engine, long orig_code,
		     long *code)
{
	(void)orig_code;
	tell(engine->data, "EXIT %#lx", *code);
	return agree(action);
}

static u32 tell_death(struct utrace_engine *engine, bool group_dead, int signal)
{
	tell(engine->data, "DEATH %d signal %d", group_dead, signal);
	return UTRACE_RESUME;
}

static void tell_reap(struct utrace_engine *engine, struct task_struct *task)
{
	struct teller *teller = engine->data;
	struct transcript *transcript = teller->transcript;

	(void)task;
	tell(teller, "REAP");
	mutex_lock(&transcript->lock);
	transcript->alive--;
	mutex_unlock(&transcript->lock);
}

/* Every event but QUIESCE, which tells nothing that the others do not. */
#define EVENTS	(UTRACE_EVENT(REAP) | UTRACE_EVENT(CLONE) |		\
		 UTRACE_EVENT(EXEC) | UTRACE_EVENT(EXIT) |		\
		 UTRACE_EVENT(DEATH) | UTRACE_EVENT_SYSCALL |		\
		 UTRACE_EVENT_SIGNAL_ALL | UTRACE_EVENT(JCTL))

static const struct utrace_engine_ops ops = {
	.report_clone = tell_clone,
	.report_exec = tell_exec,
	.report_syscall_entry = tell_syscall_entry,
	.report_syscall_exit = tell_syscall_exit,
	.report_signal = tell_signal,
	.report_jctl = tell_jctl,
	.report_exit = tell_exit,
	.report_death = tell_death,
	.report_reap = tell_reap,
};

/* ---- attaching and detaching ------------------------------------------- */

/* Put it on the list, which is what owns it from then on. */
static int enlist(struct transcript *transcript, struct teller *teller)
{
	int err = 0;

	mutex_lock(&transcript->lock);
	if (transcript->closing || transcript->nr == TELLERS_MAX) {
		err = -ENOSPC;
	} else {
		teller->next = transcript->tellers;
		transcript->tellers = teller;
		transcript->nr++;
		transcript->alive++;
	}
	mutex_unlock(&transcript->lock);
	return err;
}

/*
 * When this returns no callback to it runs, and none will.  -EALREADY: its death
 * is being told just now.  Any other error, and -EINPROGRESS, mean that a last
 * callback may be running, and the barrier tells when it is over.
 */
static void detach(struct teller *teller)
{
	int err;

	for (;;) {
		err = utrace_control(teller->task, teller->engine,
				     UTRACE_DETACH);
		if (err != -EALREADY)
			break;
		msleep(1);
	}
	while (err && teller->task != current) {
		if (utrace_barrier(teller->task, teller->engine) == -ESRCH)
			break;
		msleep(1);
	}
}

static void discard(struct teller *teller)
{
	detach(teller);
	utrace_engine_put(teller->engine);
	put_task_struct(teller->task);
	kfree(teller);
}

static int follow(struct transcript *transcript, struct task_struct *task,
		  const char *name, bool tells)
{
	struct utrace_engine *engine;
	struct teller *teller;
	int err;

	teller = kzalloc(sizeof(*teller), GFP_KERNEL);
	if (!teller)
		return -ENOMEM;
	teller->transcript = transcript;
	teller->tells = tells;
	teller->call = -1;
	snprintf(teller->name, sizeof(teller->name), "%s", name);
	engine = utrace_attach_task(task, UTRACE_ATTACH_CREATE, &ops, teller);
	if (IS_ERR(engine)) {
		kfree(teller);
		return PTR_ERR(engine);
	}
	teller->engine = engine;
	get_task_struct(task);
	teller->task = task;
	err = enlist(transcript, teller);
	if (err) {
		discard(teller);
		return err;
	}
	/*
	 * Whoever closes the transcript waits for the callback, or for the
	 * caller, in which this runs, before anything is freed.
	 */
	err = utrace_set_events(task, engine, EVENTS);
	if (err) {
		mutex_lock(&transcript->lock);
		transcript->alive--;
		mutex_unlock(&transcript->lock);
	}
	return err;
}

void transcript_init(struct transcript *transcript,
		     void (*emit)(struct transcript *transcript,
				  const char *line, size_t len))
{
	memset(transcript, 0, sizeof(*transcript));
	transcript->emit = emit;
	mutex_init(&transcript->lock);
}

int transcript_begin(struct transcript *transcript, struct task_struct *task)
{
	return follow(transcript, task, "1", false);
}

unsigned int transcript_alive(struct transcript *transcript)
{
	unsigned int alive;

	mutex_lock(&transcript->lock);
	alive = transcript->alive;
	mutex_unlock(&transcript->lock);
	return alive;
}

void transcript_close(struct transcript *transcript)
{
	struct teller *teller, *next;

	mutex_lock(&transcript->lock);
	transcript->closing = true;
	teller = transcript->tellers;
	transcript->tellers = NULL;
	mutex_unlock(&transcript->lock);
	/* all of them first: a callback may still prepare a child that is here */
	for (next = teller; next; next = next->next)
		detach(next);
	for (; teller; teller = next) {
		next = teller->next;
		utrace_engine_put(teller->engine);
		put_task_struct(teller->task);
		kfree(teller);
	}
}
