// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Counts in user mode, with no system call, from a command until the word at
 * "stop" is set; says where that word and the counter are.  Again and again.
 * "catch SIG" gives it a handler that does nothing, and answers "ok".
 */
#include "prog.h"

static volatile unsigned int stop, count;

static void nothing(int sig)
{
	(void)sig;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	long sig;

	ready();
	tell("stop %p", (void *)&stop);
	tell("count %p", (void *)&count);
	for (;;) {
		if (is(hear(), "catch", &sig)) {
			if (sigaction(sig, &sa, NULL))
				error("sigaction");
			tell("ok");
			continue;
		}
		while (!stop)
			count++;
		stop = 0;
		tell("done");
	}
}
