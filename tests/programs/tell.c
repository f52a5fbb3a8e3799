// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * For transcripts: makes the same system calls with the same results each time.
 *
 *	tell alone	one thread: signals, a stop, an exec, exit status 3
 *	tell crowd	a child, a child that a signal ends, a thread, a vfork; each
 *			thread does the same each time, and they do it side by side
 *
 * Whoever runs it continues it when it stops.  No call is made whose being made is
 * up to chance: so the C library's locks and threads are not used.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/futex.h>
#include <unistd.h>

static int null;

static void say(const char *text)
{
	if (write(null, text, strlen(text)) < 0)
		_exit(99);
}

static void on_signal(int signr)
{
	say(signr == SIGUSR1 ? "usr1" : "other signal");
}

static void set(int signr, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(signr, &action, NULL);
}

static void open_null(void)
{
	null = open("/dev/null", O_WRONLY);
	if (null < 0)
		_exit(98);
}

/* ---- alone ------------------------------------------------------------- */

static void alone(char *path)
{
	sigset_t usr1;

	open_null();
	say("alone");
	(void)!open("/nonexistent", O_RDONLY);
	close(-1);
	set(SIGUSR1, on_signal, 0);
	set(SIGUSR2, SIG_IGN, 0);
	set(SIGWINCH, on_signal, SA_RESETHAND);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGURG);
	kill(getpid(), SIGWINCH);
	kill(getpid(), SIGWINCH);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	raise(SIGUSR1);
	say("blocked");
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
	kill(getpid(), SIGSTOP);
	say("continued");
	execl(path, path, "end", NULL);
	_exit(97);
}

/* ---- crowd ------------------------------------------------------------- */

static char stack[64 << 10] __attribute__((aligned(16)));
static int thread_id;	/* the kernel clears it when the thread ends */

static int thread(void *arg)
{
	int *pipe = arg;

	say("thread");
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
	/* the C library's write() and exit do no more here */
	if (write(pipe[1], "x", 1) != 1)
		return 96;
	return 5;
}

static void await_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		_exit(95);
}

static void crowd(char *path)
{
	sigset_t chld;
	int pipes[2];
	char byte;
	pid_t pid;
	int tid;

	open_null();
	set(SIGUSR1, on_signal, 0);
	/* it comes at some time: only what is not blocked is seen */
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);

	pid = fork();
	if (!pid) {
		say("child");
		kill(getpid(), SIGUSR1);
		_exit(4);
	}
	await_child(pid);
	pid = fork();
	if (!pid) {
		say("victim");
		kill(getpid(), SIGTERM);
		_exit(94);
	}
	await_child(pid);
	pid = vfork();
	if (!pid) {
		execl(path, path, "end", NULL);
		_exit(93);
	}
	await_child(pid);

	if (pipe(pipes))
		_exit(92);
	tid = clone(thread, stack + sizeof(stack), CLONE_VM | CLONE_FS |
		    CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
		    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, pipes,
		    &thread_id, NULL, &thread_id);
	if (tid < 0)
		_exit(91);
	if (read(pipes[0], &byte, 1) != 1)
		_exit(90);
	say("read");
	/* this call is made whether it has ended or not */
	syscall(SYS_futex, &thread_id, FUTEX_WAIT, tid, NULL, NULL, 0);
	/* and exec waits until it is gone for good */
	execl(path, path, "end", NULL);
	_exit(89);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 125;
	if (!strcmp(argv[1], "alone"))
		alone(argv[0]);
	if (!strcmp(argv[1], "crowd"))
		crowd(argv[0]);
	if (!strcmp(argv[1], "end"))
		return 3;
	return 124;
}
