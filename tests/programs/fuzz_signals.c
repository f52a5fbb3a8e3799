// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fuzz_signals SEED N: queues N signals to itself whose siginfo is at random,
 * with a handler for each, or ignored, and ends with status 0.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
}

int main(int argc, char **argv)
{
	struct sigaction action = {
		.sa_sigaction = handler, .sa_flags = SA_SIGINFO,
	};
	union {
		siginfo_t info;
		uint64_t words[16];
	} any;
	unsigned long i, n;
	int sig, k;

	if (argc != 3)
		return 1;
	state = strtoull(argv[1], NULL, 0) | 1;
	n = strtoul(argv[2], NULL, 0);
	for (sig = 1; sig <= 64; sig++) {
		if (sig % 5 == 0)
			signal(sig, SIG_IGN);
		else
			sigaction(sig, &action, NULL);
	}
	for (i = 0; i < n; i++) {
		for (k = 0; k < 16; k++)
			any.words[k] = rnd() >> (rnd() % 64);
		sig = 1 + rnd() % 64;
		/* the C library keeps the two before SIGRTMIN for itself */
		if (sig == SIGKILL || sig == SIGSTOP ||
		    (sig >= 32 && sig < SIGRTMIN))
			continue;
		any.info.si_signo = sig;
		if (rnd() % 2)
			any.info.si_code = (int)(rnd() % 16) - 8;
		syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), sig,
			&any.info);
	}
	return 0;
}
