// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Commands, each answered with "done N" where N is how often a handler has run
 * so far:
 *	handle SIG, ignore SIG, default SIG	set the disposition
 *	raise SIG	send SIG to itself
 *	count		nothing
 */
#include "prog.h"

static volatile sig_atomic_t caught;

static void handler(int sig)
{
	(void)sig;
	caught++;
}

static void set(int sig, void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = SA_RESTART };

	if (sigaction(sig, &sa, NULL))
		error("sigaction");
}

int main(void)
{
	ready();
	for (;;) {
		const char *cmd = hear();
		long n;

		if (is(cmd, "handle", &n))
			set(n, handler);
		else if (is(cmd, "ignore", &n))
			set(n, SIG_IGN);
		else if (is(cmd, "default", &n))
			set(n, SIG_DFL);
		else if (is(cmd, "raise", &n))
			syscall(SYS_tgkill, getpid(), gettid(), (int)n);
		tell("done %d", (int)caught);
	}
}
