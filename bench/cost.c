// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a thread pays, for bench/kernel/run: nanoseconds of the monotonic clock,
 * which in its virtual machine are instructions.
 *
 *	cost		prints "NAME TIME" for each thing that it does
 *	cost wait	says "pid PID" first, and begins when it reads a line
 *	cost ptrace	traced by a parent that does nothing, by PTRACE_SYSCALL
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void caught(int sig)
{
	(void)sig;
}

static void do_getppid(void)
{
	syscall(SYS_getppid);
}

static void do_handler(void)
{
	syscall(SYS_tkill, getpid(), SIGUSR1);
}

static void do_ignored(void)
{
	syscall(SYS_tkill, getpid(), SIGUSR2);
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void *nothing(void *arg)
{
	return arg;
}

static void do_thread(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, nothing, NULL))
		pthread_join(thread, NULL);
}

static void do_exec(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execl("/proc/self/exe", "cost", "nothing", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void do_status(void)
{
	static char buf[8192];
	FILE *f = fopen("/proc/self/status", "r");

	if (f) {
		if (!fread(buf, 1, sizeof(buf), f))
			abort();
		fclose(f);
	}
}

static void *asleep(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	pause();
	return arg;
}

static void gather_crowd(void)
{
	pthread_t thread;
	int i;

	for (i = 0; i < 100; i++)
		if (pthread_create(&thread, NULL, asleep, NULL))
			abort();
}

static const struct {
	const char *name;
	void (*fn)(void);
	int rounds;
	void (*before)(void);	/* null: nothing */
} paths[] = {
	{ "getppid", do_getppid, 200000, NULL },
	{ "handler", do_handler, 5000, NULL },
	{ "ignored", do_ignored, 5000, NULL },
	{ "fork", do_fork, 200, NULL },
	{ "thread", do_thread, 300, NULL },
	{ "exec", do_exec, 60, NULL },
	{ "status", do_status, 300, NULL },
	{ "crowd", do_handler, 5000, gather_crowd },
};

/*
 * The first rounds fault pages in and fill caches.  @slower: so many times fewer
 * rounds.
 */
static void measure(int slower)
{
	unsigned int i;
	double begin;
	int round, rounds;

	signal(SIGUSR1, caught);
	signal(SIGUSR2, SIG_IGN);
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (paths[i].before)
			paths[i].before();
		rounds = paths[i].rounds / slower;
		for (round = 0; round < rounds / 10; round++)
			paths[i].fn();
		begin = now();
		for (round = 0; round < rounds; round++)
			paths[i].fn();
		printf("%s %.0f\n", paths[i].name, (now() - begin) / rounds);
	}
}

/* Only the thread itself: who follows pays more. */
static int trace(void)
{
	int status, sig;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		measure(10);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
	sig = 0;
	while (!ptrace(PTRACE_SYSCALL, pid, 0, sig) &&
	       waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		sig = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 :
		      WSTOPSIG(status);
	return 0;
}

int main(int argc, char **argv)
{
	char line[16];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	if (argc > 1 && !strcmp(argv[1], "ptrace"))
		return trace();
	if (argc > 1) {
		printf("pid %d\n", (int)getpid());
		if (!fgets(line, sizeof(line), stdin))
			return 1;
	}
	measure(1);
	return 0;
}
