/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the experiments of docs/ptrace-limits.md share: a tracer, no library. */
#ifndef LIMITS_H
#define LIMITS_H

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP	128
#endif
#define SYSCALL_STOP		(SIGTRAP | 0x80)

#define UNUSED			__attribute__((__unused__))

static UNUSED __attribute__((__noreturn__)) void die(const char *what)
{
	perror(what);
	exit(2);
}

static UNUSED void nap_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

static UNUSED long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Memory that all processes of an experiment see. */
static UNUSED void *share(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		die("mmap");
	return mem;
}

/* A child that does not outlive its parent. */
static UNUSED pid_t fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
		if (getppid() != parent)
			_exit(0);
	}
	return pid;
}

static UNUSED void until_(atomic_int *word, int value, const char *what)
{
	long end = now_us() + 5000000;

	while (atomic_load(word) < value) {
		if (now_us() > end) {
			fprintf(stderr, "never: %s\n", what);
			exit(2);
		}
		nap_us(50);
	}
}

/* Wait until a shared word has reached a value. */
#define until(word, value)	until_(word, value, #word)

static UNUSED void trace(long request, pid_t tid, unsigned long data)
{
	if (ptrace(request, tid, 0, data) < 0)
		die("ptrace");
}

static UNUSED void seize(pid_t tid, unsigned long options)
{
	trace(PTRACE_SEIZE, tid, options | PTRACE_O_TRACESYSGOOD);
}

static UNUSED int last_status;

/* The next stop: the signal, and the event in the second byte; -1: the end. */
static UNUSED int next_stop(pid_t tid)
{
	if (waitpid(tid, &last_status, __WALL) != tid)
		die("waitpid");
	if (WIFSTOPPED(last_status))
		return last_status >> 8;
	return -1;
}

#define EVENT_STOP(sig)	((sig) | PTRACE_EVENT_STOP << 8)

static UNUSED void expect_stop(pid_t tid, int wanted)
{
	int got = next_stop(tid);

	if (got != wanted) {
		fprintf(stderr, "stop %#x, not %#x\n", got, wanted);
		exit(2);
	}
}

#endif /* LIMITS_H */
