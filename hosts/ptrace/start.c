// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Starting a program and holding it.
 *
 * What holds it is an engine like any other, the starter.
 */
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utrace/thread.h>

#include "ptrace_host.h"

/**
 * struct starter - what holds a started program; the engine's data
 * @held: written to when the program is where it is to be held
 * @go: utrace_thread_go() was called
 */
struct starter {
	int held;
	bool go;
};

static u32 hold(struct utrace_engine *engine)
{
	struct starter *starter = engine->data;
	char byte = 0;

	if (port_load_acquire(&starter->go))
		return UTRACE_DETACH;
	if (starter->held >= 0 && write(starter->held, &byte, 1) != 1)
		return UTRACE_DETACH;
	return UTRACE_STOP;
}

static u32 starter_quiesce(u32 action, struct utrace_engine *engine,
			   unsigned long event)
{
	struct starter *starter = engine->data;

	(void)action;
	if (port_load_acquire(&starter->go))
		return UTRACE_DETACH;
	/* a stop that is held goes on through the last pass before user mode */
	return event ? UTRACE_RESUME : UTRACE_STOP;
}

static u32 starter_exec(u32 action, struct utrace_engine *engine,
			const struct linux_binfmt *fmt,
			const struct linux_binprm *bprm, struct pt_regs *regs)
{
	(void)action;
	(void)fmt;
	(void)bprm;
	(void)regs;
	return hold(engine);
}

static u32 starter_entry(u32 action, struct utrace_engine *engine,
			 struct pt_regs *regs)
{
	(void)regs;
	return hold(engine) | utrace_syscall_action(action);
}

static void starter_release(void *data)
{
	free(data);
}

static const struct utrace_engine_ops starter_ops = {
	.report_quiesce = starter_quiesce,
	.report_exec = starter_exec,
	.report_syscall_entry = starter_entry,
	.release = starter_release,
};

/*
 * The two signals that the C library keeps for itself.  It sets a handler for
 * one when the first thread is created, which we may have done; a program that
 * was started with it ignored is to start others so.
 */
#define LIBC_SIGNAL_FIRST	32
#define LIBC_SIGNAL_LAST	33

struct raw_action {
	void (*handler)(int);
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};
static struct raw_action libc_action[LIBC_SIGNAL_LAST - LIBC_SIGNAL_FIRST + 1];

void start_note_signals(void)
{
	int i;

	for (i = LIBC_SIGNAL_FIRST; i <= LIBC_SIGNAL_LAST; i++)
		syscall(SYS_rt_sigaction, i, NULL,
			&libc_action[i - LIBC_SIGNAL_FIRST], 8);
}

static void restore_signals(void)
{
	int i;

	for (i = LIBC_SIGNAL_FIRST; i <= LIBC_SIGNAL_LAST; i++)
		if (libc_action[i - LIBC_SIGNAL_FIRST].handler == SIG_IGN)
			syscall(SYS_rt_sigaction, i,
				&libc_action[i - LIBC_SIGNAL_FIRST], NULL, 8);
}

/* ---- in the child ------------------------------------------------------------- */

struct pipes {
	int ready[2];	/* child: ready (0), or an error */
	int go[2];	/* parent: go on to exec */
};

static void tell(int fd, int error)
{
	if (write(fd, &error, sizeof(error)) != sizeof(error))
		_exit(127);
}

/*
 * After fork, in a program that may have threads: only what is safe in a signal
 * handler.  From the go on the next system call is the exec.
 */
static void child(const struct utrace_start *start, struct pipes *pipes,
		  int tracer, char *const *envp)
{
	int error;
	char byte;

	/* under Yama only an ancestor may trace, and a worker is not one */
	if (tracer)
		prctl(PR_SET_PTRACER, tracer, 0, 0, 0);
	restore_signals();
	error = start->in_child ? start->in_child(start->arg) : 0;
	tell(pipes->ready[1], error);
	if (error || read(pipes->go[0], &byte, 1) != 1)
		_exit(127);
	execve(start->path, start->argv, envp);
	tell(pipes->ready[1], -errno);
	_exit(127);
}

/* ---- in the parent ------------------------------------------------------------- */

static void close_pipe(int fds[2])
{
	if (fds[0] >= 0)
		close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
}

static void close_one(int *fd)
{
	close(*fd);
	*fd = -1;
}

/* Reads what tell() wrote; 1: the other end closed without a word. */
static int listen_to(int fd)
{
	int error;
	ssize_t n;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == sizeof(error) ? error : 1;
}

/*
 * Wait until the program is held, or has ended, or could not be executed.
 * @held: read end of what the starter writes
 */
static int wait_held(int ready, int held)
{
	struct pollfd fds[2] = {
		{ .fd = held, .events = POLLIN },
		{ .fd = ready, .events = POLLIN },
	};
	int error;

	for (;;) {
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (fds[0].revents & POLLIN)
			return 0;
		if (fds[1].revents) {
			error = listen_to(ready);
			if (error <= 0)
				return error ?: -EIO;
			/* closed by the exec: held soon; or it died */
			fds[1].fd = -1;
		}
		if (fds[0].revents & (POLLHUP | POLLERR))
			return -ECHILD;
	}
}

/* The starter holds nothing any more; an error means that it is gone. */
static int drop(struct utrace_thread *thread, struct utrace_engine *engine)
{
	int err = utrace_control(thread, engine, UTRACE_DETACH);

	utrace_engine_put(engine);
	return err;
}

static struct utrace_engine *attach_starter(struct utrace_thread *thread,
					    const struct utrace_start *start,
					    int held)
{
	struct utrace_syscall_set *set = NULL;
	struct utrace_engine *engine;
	struct starter *starter;
	unsigned long events;
	int err;

	starter = calloc(1, sizeof(*starter));
	if (!starter)
		return ERR_PTR(-ENOMEM);
	starter->held = held;
	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &starter_ops,
				    starter);
	if (IS_ERR(engine)) {
		free(starter);
		return engine;
	}
	events = UTRACE_EVENT(EXEC);
	err = 0;
	if (start->at == UTRACE_START_AT_EXEC) {
		events = UTRACE_EVENT(SYSCALL_ENTRY) | UTRACE_EVENT(QUIESCE);
		set = utrace_syscall_set_new();
		err = !set ? -ENOMEM :
		      utrace_syscall_set_add(set, UTRACE_ABI_X86_64,
					     SYS_execve);
		if (!err)
			err = utrace_set_syscalls(thread, engine, set);
		utrace_syscall_set_free(set);
	}
	if (!err)
		err = utrace_set_events(thread, engine, events);
	if (!err)
		do
			err = utrace_barrier(thread, engine);
		while (err == -EINTR);
	if (err) {
		drop(thread, engine);
		return ERR_PTR(err);
	}
	return engine;
}

static struct utrace_thread *take_on(struct worker *worker, pid_t pid,
				     const struct utrace_start *start,
				     struct pipes *pipes, int held[2])
{
	struct utrace_thread *thread = utrace_thread_find(pid);
	struct job job = { .run = adopt_job, .thread = thread };
	struct utrace_engine *engine;
	int err;

	if (IS_ERR(thread))
		return thread;
	err = worker_run_job(worker, &job);
	engine = err ? ERR_PTR(err) : attach_starter(thread, start, held[1]);
	if (IS_ERR(engine)) {
		utrace_thread_put(thread);
		return (struct utrace_thread *)engine;
	}
	if (write(pipes->go[1], "", 1) != 1)
		err = -EIO;
	if (!err)
		err = wait_held(pipes->ready[0], held[0]);
	/* parked, not only about to be */
	if (!err)
		err = utrace_host_inactive(thread);
	((struct starter *)engine->data)->held = -1;
	if (err) {
		drop(thread, engine);
		utrace_thread_put(thread);
		return ERR_PTR(err);
	}
	thread->starter = engine;
	return thread;
}

static struct utrace_thread *start_by_worker(const struct utrace_start *start)
{
	struct pipes pipes = { { -1, -1 }, { -1, -1 } };
	struct utrace_thread nobody = { .tgid = -1 };
	struct utrace_thread *thread = NULL;
	struct worker *worker;
	int held[2] = { -1, -1 };
	int err = 0, status;
	pid_t pid = -1;

	worker = worker_of(&nobody);
	if (IS_ERR(worker))
		return (struct utrace_thread *)worker;
	if (pipe2(pipes.ready, O_CLOEXEC) || pipe2(pipes.go, O_CLOEXEC) ||
	    pipe2(held, O_CLOEXEC)) {
		err = -errno;
		goto out;
	}
	pid = fork();
	if (pid < 0) {
		err = -errno;
		goto out;
	}
	if (!pid)
		child(start, &pipes, worker->pid, start->envp ?: environ);
	close_one(&pipes.ready[1]);
	close_one(&pipes.go[0]);
	err = listen_to(pipes.ready[0]);
	if (err > 0)
		err = -ECHILD;
	if (err)
		goto out;
	thread = take_on(worker, pid, start, &pipes, held);
	err = IS_ERR(thread) ? PTR_ERR(thread) : 0;
out:
	worker_chosen(worker);
	close_pipe(pipes.ready);
	close_pipe(pipes.go);
	close_pipe(held);
	if (!err)
		return thread;
	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	return ERR_PTR(err);
}

struct utrace_thread *utrace_thread_start(const struct utrace_start *start)
{
	struct utrace_thread *thread;

	if (!host_is_up())
		return ERR_PTR(-ESRCH);
	if (utrace_context.thread || utrace_context.worker)
		return ERR_PTR(-EDEADLK);
	if (start->size < sizeof(*start) || !start->path || !start->argv)
		return ERR_PTR(-EINVAL);
	if (!host_begin())
		return ERR_PTR(-ESRCH);
	thread = start_by_worker(start);
	host_end();
	return thread;
}

static struct utrace_engine *take_starter(struct utrace_thread *thread)
{
	struct utrace_engine *engine;

	pthread_mutex_lock(&thread->lock);
	engine = thread->starter;
	thread->starter = NULL;
	pthread_mutex_unlock(&thread->lock);
	return engine;
}

int utrace_thread_go(struct utrace_thread *thread)
{
	struct utrace_engine *engine;
	struct starter *starter;
	int err;

	if (!host_is_up())
		return -ESRCH;
	engine = take_starter(thread);
	if (!engine)
		return -EINVAL;
	starter = engine->data;
	port_store_release(&starter->go, true);
	/* the entry of the exec is reported again, to engines that came since */
	err = utrace_control(thread, engine,
			     (engine->flags & UTRACE_EVENT(QUIESCE)) ?
			     UTRACE_REPORT : UTRACE_DETACH);
	utrace_engine_put(engine);
	return err == -EALREADY || err == -EINPROGRESS ? 0 : err;
}

/* The library goes down: the program goes on. */
void utrace_start_drop(struct utrace_thread *thread)
{
	struct utrace_engine *engine = take_starter(thread);

	if (engine)
		utrace_engine_put(engine);
}
