// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cli_crew N: start N threads that wait, say "ready", wait for SIGTERM.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *wait_long(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	int i, n = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t thread;

	for (i = 0; i < n; i++)
		if (pthread_create(&thread, NULL, wait_long, NULL))
			return 1;
	puts("ready");
	fflush(stdout);
	wait_long(NULL);
	return 0;
}
