// SPDX-License-Identifier: LGPL-2.1-or-later
/* The main thread's loop: signals, the end of processes, the output's trouble. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utrace/thread.h>
#include <utrace/utrace.h>

#include "complain.h"
#include "run.h"
#include "signals.h"

/*
 * How long engines are given to hear of what comes after an end: that the
 * command is dead, that a parent has waited for its child.  A parent may never
 * do that.
 */
#define LATE_MS	200

static void tell_attached(pid_t pid)
{
	complain("process %d attached", (int)pid);
}

static void tell_detached(pid_t pid)
{
	complain("process %d detached", (int)pid);
}

/* -p takes any thread's ID for its process, which is what is followed. */
static pid_t process_of(pid_t tid)
{
	struct utrace_thread *thread = utrace_thread_find(tid);
	pid_t pid = tid;

	if (!utrace_is_err(thread)) {
		pid = utrace_thread_group(thread);
		utrace_thread_put(thread);
	}
	return pid;
}

static bool is_repeated(const struct run *run, size_t nr, pid_t pid)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (process_of(run->opt->pids[i]) == pid)
			return true;
	return false;
}

int run_attach(struct run *run)
{
	const struct options *opt = run->opt;
	char why[512];
	size_t i;
	int err;

	for (i = 0; i < opt->nr_pids; i++) {
		pid_t pid = process_of(opt->pids[i]);

		if (is_repeated(run, i, pid))
			continue;
		err = trees_add_process(run->trees, pid);
		if (!err)
			continue;
		why[0] = '\0';
		utrace_explain_attach(pid, err, why, sizeof(why));
		complain("cannot attach to process %d: %s", (int)pid,
			 *why ? why : strerror(-err));
		return EXIT_TROUBLE;
	}
	if (!opt->quiet)
		trees_each_root(run->trees, tell_attached);
	return 0;
}

/*
 * Ctrl-Z: a stopped utrace would hold its threads at their next event.  So
 * they are let go first, and followed again when utrace is continued.
 */
static int suspend(struct run *run)
{
	size_t followed;
	int err;

	output_release(run->out);
	trees_stop(run->trees);
	utrace_shutdown();
	utrace_exit();
	run->library = false;
	output_hold(run->out);

	signals_stop_self();

	err = utrace_init();
	if (err) {
		complain("cannot go on tracing: %s", strerror(-err));
		return EXIT_TROUBLE;
	}
	run->library = true;
	followed = trees_again(run->trees);
	if (!run->opt->quiet && followed)
		complain("%zu process%s attached again", followed,
			 followed == 1 ? "" : "es");
	return 0;
}

/* With a command, keys are its own as long as it lives. */
static bool is_for_command(const struct run *run)
{
	return run->child.pid && !run->child.ended;
}

static int take_signal(struct run *run, int sig)
{
	switch (sig) {
	case SIGINT:
	case SIGQUIT:
		if (!is_for_command(run))
			run->sig = sig;
		break;
	case SIGTERM:
	case SIGHUP:
		run->sig = sig;
		break;
	case SIGTSTP:
		if (!run->child.pid)
			return suspend(run);
		break;
	}
	return 0;
}

static int take_signals(struct run *run)
{
	struct signalfd_siginfo info;
	int status = 0;

	while (!status && !run->sig &&
	       read(run->signals, &info, sizeof(info)) == sizeof(info))
		status = take_signal(run, info.ssi_signo);
	return status;
}

/*
 * Whether nothing is left to wait for.  @late: what is left will come soon, or
 * never.
 */
static bool is_over(struct run *run, bool *late)
{
	enum trees_state state = trees_state(run->trees);

	/*
	 * One that was waited for is gone, and what engines want to know of its
	 * death with it: they come first.
	 */
	if (trees_leader_dead(run->trees))
		child_check(&run->child);
	if (is_for_command(run)) {
		*late = child_is_dead(&run->child);
		return false;
	}
	*late = state == TREES_DEAD;
	return state == TREES_GONE;
}

int run_loop(struct run *run)
{
	struct pollfd fds[] = {
		{ .fd = run->signals, .events = POLLIN },
		{ .fd = trees_ended_fd(run->trees), .events = POLLIN },
		{ .fd = output_broken_fd(run->out), .events = POLLIN },
	};
	int status = 0, n;
	bool late;

	for (;;) {
		if (is_over(run, &late))
			return 0;
		if (output_broken(run->out))
			return 0;	/* output_finish() tells */
		n = poll(fds, 3, late ? LATE_MS : -1);
		if (n < 0 && errno != EINTR) {
			complain("cannot wait: %s", strerror(errno));
			return EXIT_TROUBLE;
		}
		if (n > 0)
			status = take_signals(run);
		if (status || run->sig)
			return status;
		if (n == 0 && is_for_command(run))
			child_check(&run->child);
		else if (n == 0)
			return 0;
	}
}

void run_let_go(struct run *run)
{
	if (run->trees && !run->opt->quiet && run->sig && !run->child.pid)
		trees_each_root(run->trees, tell_detached);
	/* a callback that waits for the reader would never end */
	if (run->sig || output_broken(run->out))
		output_release(run->out);
	if (run->trees)
		trees_stop(run->trees);
	if (run->library) {
		utrace_shutdown();
		utrace_exit();
		run->library = false;
	}
}

void run_wait(struct run *run)
{
	struct pollfd fd = { .fd = run->signals, .events = POLLIN };

	for (;;) {
		child_check(&run->child);
		if (!is_for_command(run) || run->sig)
			return;
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return;
		take_signals(run);
	}
}
