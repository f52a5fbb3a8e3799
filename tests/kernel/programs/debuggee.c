// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a debugger is tried on: the same at each run but for numbers and
 * addresses.
 *
 *	debuggee		does it all, and exits with 6
 *	debuggee wait		once a byte can be read from standard input
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
volatile int counter;

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(90);
}

/* Long enough for others to come to where they wait. */
static void nap(void)
{
	struct timespec ts = { 0, 100000000 };

	if (nanosleep(&ts, NULL))
		_exit(91);
}

static void on_signal(int sig)
{
	caught += sig;
}

/* where breakpoints are put */
int step(int n);
void *thread(void *arg);

__attribute__((__noinline__, __used__)) int step(int n)
{
	counter += n;
	counter *= 2;
	return counter;
}

__attribute__((__noinline__, __used__)) void *thread(void *arg)
{
	nap();
	syscall(SYS_gettid);
	step(1);
	return arg;
}

static void work(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	pthread_t id;
	int status, i;
	pid_t pid;

	say("calls\n");
	step(2);
	for (i = 0; i < 3; i++)
		syscall(SYS_getppid);
	say("signals\n");
	sigaction(SIGUSR1, &sa, NULL);
	for (i = 0; i < 3; i++)
		raise(SIGUSR1);
	if (caught != 3 * SIGUSR1)
		_exit(92);
	raise(SIGWINCH);
	say("fork\n");
	pid = fork();
	if (!pid) {
		nap();
		_exit(3);
	}
	if (waitpid(pid, &status, 0) != pid || status != 3 << 8)
		_exit(93);
	say("threads\n");
	for (i = 0; i < 2; i++) {
		if (pthread_create(&id, NULL, thread, NULL) ||
		    pthread_join(id, NULL))
			_exit(94);
		nap();
	}
	say("end\n");
}

int main(int argc, char **argv)
{
	char *next[] = { argv[0], (char *)"end", NULL };
	char *env[] = { NULL };
	char c;

	if (argc == 2 && !strcmp(argv[1], "end"))
		_exit(6);
	if (argc == 2 && !strcmp(argv[1], "wait") && read(0, &c, 1) != 1)
		_exit(95);
	work();
	execve(argv[0], next, env);
	return 96;
}
