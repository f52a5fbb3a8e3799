// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Does what the samples look for.
 *
 *	crash segv	prints "IP" of the instruction that crashes it, with 0x5eed
 *			in bx
 *	crash threads	the same, while two other threads spin
 *	crash abort	calls abort()
 *	crash wait	waits for a signal
 *	crash calls N	calls getppid() N times in each of 4 threads
 *	crash busy MS	creates threads and children, and signals them, for that long
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern const char crash_here[];

static void segv(void)
{
	printf("%p\n", (const void *)crash_here);
	fflush(stdout);
	__asm__ volatile ("movq $0x5eed, %%rbx\n"
			  ".globl crash_here\n"
			  "crash_here: movq %%rbx, 0\n" ::: "rbx", "memory");
}

static atomic_ulong spins;

static void *spin(void *arg)
{
	for (;;)
		spins++;
	return arg;
}

static void threads(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, spin, NULL);
	pthread_create(&thread, NULL, spin, NULL);
	while (spins < 1000)
		;
	segv();
}

static void *call(void *arg)
{
	unsigned long n;

	for (n = strtoul(arg, NULL, 10); n; n--)
		syscall(SYS_getppid);
	return NULL;
}

static void calls(char *number)
{
	pthread_t thread[4];
	int i;

	for (i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, call, number);
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
}

/* ---- busy -------------------------------------------------------------- */

static atomic_bool over;

static void *nothing(void *arg)
{
	raise(SIGUSR1);
	return arg;
}

static void on_signal(int signr)
{
	(void)signr;
}

static void *work(void *arg)
{
	pthread_t thread;
	pid_t pid;

	while (!over) {
		pid = fork();
		if (!pid) {
			raise(SIGUSR1);
			_exit(0);
		}
		if (!pthread_create(&thread, NULL, nothing, NULL))
			pthread_join(thread, NULL);
		kill(getpid(), SIGUSR1);
		while (pid > 0 && waitpid(pid, NULL, 0) < 0)
			;
	}
	return arg;
}

static void busy(unsigned int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };
	pthread_t thread[3];
	int i;

	signal(SIGUSR1, on_signal);
	for (i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, work, NULL);
	while (nanosleep(&time, &time))
		;
	over = true;
	for (i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "segv"))
		segv();
	else if (!strcmp(what, "threads"))
		threads();
	else if (!strcmp(what, "abort"))
		abort();
	else if (!strcmp(what, "wait"))
		pause();
	else if (!strcmp(what, "calls") && argc > 2)
		calls(argv[2]);
	else if (!strcmp(what, "busy") && argc > 2)
		busy(atoi(argv[2]));
	else
		return 125;
	return 0;
}
