// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * threads N: N more threads, each of which says "thread TID" and then waits
 * for the main thread.  Commands:
 *	call I	thread I (0 ...) makes one getppid() and says "done I"
 *	end I	thread I ends, alone; "joined I" when it has
 *	exit C	the whole process ends with code C
 *	leave	the main thread ends, alone
 */
#include "prog.h"
#include <pthread.h>

#define MAX 32

static int pipes[MAX][2];
static pthread_t threads[MAX];

static void *run(void *arg)
{
	long i = (long)arg;
	char c;

	tell("thread %ld", (long)syscall(SYS_gettid));
	for (;;) {
		if (read(pipes[i][0], &c, 1) != 1)
			error("read in thread");
		if (c == 'e')
			return NULL;
		syscall(SYS_getppid);
		tell("done %ld", i);
	}
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;
	const char *cmd;
	long i;

	for (i = 0; i < n && i < MAX; i++)
		if (pipe(pipes[i]) || pthread_create(&threads[i], NULL, run,
						     (void *)i))
			error("starting a thread");
	ready();
	for (;;) {
		cmd = hear();
		if (is(cmd, "exit", &i))
			_exit(i);
		if (is(cmd, "leave", NULL))
			pthread_exit(NULL);
		if (is(cmd, "call", &i)) {
			if (write(pipes[i][1], "c", 1) != 1)
				error("write");
		} else if (is(cmd, "end", &i)) {
			if (write(pipes[i][1], "e", 1) != 1)
				error("write");
			pthread_join(threads[i], NULL);
			tell("joined %ld", i);
		}
	}
}
