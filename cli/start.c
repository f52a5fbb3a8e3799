// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Starting the command.
 *
 * Engines are to see the exec itself, so they are attached before it, and by
 * then nobody knows whether it works.  A small engine of the command's own
 * watches it and leaves with it.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utrace/state.h>
#include <utrace/thread.h>
#include <utrace/utrace.h>

#include "complain.h"
#include "options.h"
#include "program.h"
#include "signals.h"
#include "start.h"

/* The errno of the exec so far, 0 once it worked. */
static atomic_int exec_error;

static uint32_t watch_result(uint32_t action, struct utrace_engine *engine,
			     struct utrace_regs *regs)
{
	long error = utrace_syscall_get_error(utrace_current(), regs);

	(void)action;
	(void)engine;
	if (error)
		exec_error = -error;
	return UTRACE_RESUME;
}

static uint32_t watch_exec(uint32_t action, struct utrace_engine *engine,
			   const struct utrace_binfmt *fmt,
			   const struct utrace_binprm *bprm,
			   struct utrace_regs *regs)
{
	(void)action;
	(void)engine;
	(void)fmt;
	(void)bprm;
	(void)regs;
	exec_error = 0;
	return UTRACE_DETACH;
}

static const struct utrace_engine_ops watch_ops = {
	.report_exec = watch_exec,
	.report_syscall_exit = watch_result,
};

static int attach_watch(struct utrace_thread *thread)
{
	struct utrace_syscall_set *set = utrace_syscall_set_new();
	struct utrace_engine *engine;
	int err;

	if (!set)
		return -ENOMEM;
	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &watch_ops,
				    NULL);
	if (utrace_is_err(engine)) {
		utrace_syscall_set_free(set);
		return utrace_ptr_err(engine);
	}
	err = utrace_syscall_set_add_name(set, "execve");
	if (!err)
		err = utrace_set_syscalls(thread, engine, set);
	if (!err)
		err = utrace_set_events(thread, engine,
					UTRACE_EVENT(EXEC) |
					UTRACE_EVENT(SYSCALL_EXIT));
	utrace_engine_put(engine);
	utrace_syscall_set_free(set);
	return err;
}

/* The program is held and has done nothing yet, nor will it. */
static void discard(struct child *child)
{
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->ended = true;
}

/*
 * The child that could not be traced is gone.  What forbids it, another tracer
 * that follows our children for instance, forbids it for another child as well.
 */
static int cannot_trace(const char *name, int err)
{
	char why[256];
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	if (pid < 0) {
		complain("cannot trace '%s': %s", name, strerror(-err));
		return EXIT_TROUBLE;
	}
	utrace_explain_attach(pid, err, why, sizeof(why));
	complain("cannot trace '%s': %s", name, why);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return EXIT_TROUBLE;
}

int child_start(struct child *child, struct trees *trees, const char *name,
		const char *path, char **argv)
{
	struct utrace_start start = {
		.size = sizeof(start),
		.path = path,
		.argv = argv,
		.at = UTRACE_START_AT_EXEC,
		.in_child = signals_give_back,
	};
	struct utrace_thread *thread;
	int err;

	child->name = name;
	thread = utrace_thread_start(&start);
	if (utrace_is_err(thread)) {
		err = utrace_ptr_err(thread);
		/* the exec comes later: it is not what was forbidden */
		return err == -EPERM ? cannot_trace(name, err) :
		       program_cannot_run(name, -err);
	}
	child->pid = utrace_thread_group(thread);

	err = attach_watch(thread);
	if (!err)
		err = trees_add_thread(trees, thread);
	if (!err)
		err = utrace_thread_go(thread);
	if (err) {
		complain("cannot trace '%s': %s", name, strerror(-err));
		discard(child);
	}
	utrace_thread_put(thread);
	return err ? EXIT_TROUBLE : 0;
}

bool child_is_dead(const struct child *child)
{
	siginfo_t info = { 0 };

	return child->pid && !child->ended &&
	       !waitid(P_PID, child->pid, &info,
		       WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

void child_check(struct child *child)
{
	int status;

	if (child->pid && !child->ended &&
	    waitpid(child->pid, &status, WNOHANG) == child->pid &&
	    (WIFEXITED(status) || WIFSIGNALED(status))) {
		child->ended = true;
		child->status = status;
	}
}

int child_exec_error(void)
{
	return exec_error;
}
