// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Counts in user mode, with no system call, from a command until the word at
 * "stop" is set; says where that word and the counter are.  Again and again.
 */
#include "prog.h"

static volatile unsigned int stop, count;

int main(void)
{
	ready();
	tell("stop %p", (void *)&stop);
	tell("count %p", (void *)&count);
	for (;;) {
		hear();
		while (!stop)
			count++;
		stop = 0;
		tell("done");
	}
}
