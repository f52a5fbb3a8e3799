// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program of 32 bits, without a C library: system calls, signals, a child, an
 * exec.  Ends with status 7 if each was as it is untraced, else with the number
 * of the line.
 */
#include "i386.h"

#define CHECK(cond) do {						\
	if (!(cond))							\
		call(__NR_exit, __LINE__ & 0xff, 0, 0, 0);		\
} while (0)

static volatile int caught, from;

static void on_signal(int sig, int *info, void *context)
{
	(void)context;
	CHECK(sig == SIGUSR1 && info[0] == SIGUSR1);
	from = info[3];
	caught++;
}

void work(long *stack)
{
	char **argv = (char **)(stack + 1);
	char *next[] = { argv[0], "end", 0 };
	char *env[] = { 0 };
	long span[2] = { 0, 20000000 };
	long pid, me;
	int status, i;

	if (stack[0] > 1)
		call(__NR_exit, 7, 0, 0, 0);
	me = call(__NR_getpid, 0, 0, 0, 0);
	CHECK(me > 0);
	for (i = 0; i < 100; i++)
		CHECK(call(__NR_getppid, 0, 0, 0, 0) > 0);
	CHECK(call(9999, 0, 0, 0, 0) == -38);
	CHECK(catch(SIGUSR1, on_signal) == 0);
	for (i = 1; i <= 5; i++) {
		CHECK(call(__NR_kill, me, SIGUSR1, 0, 0) == 0);
		CHECK(caught == i && from == me);
	}
	CHECK(call(__NR_nanosleep, (long)span, 0, 0, 0) == 0);
	pid = call(__NR_fork, 0, 0, 0, 0);
	if (!pid)
		call(__NR_exit, 3, 0, 0, 0);
	CHECK(call(__NR_waitpid, pid, (long)&status, 0, 0) == pid);
	CHECK(status == 3 << 8);
	call(__NR_execve, (long)argv[0], (long)next, (long)env, 0);
	CHECK(0);
}
