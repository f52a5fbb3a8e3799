// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a command until the word at "stop" is set, runs a loop of which each
 * instruction from "first" up to "last" is one byte long; "entered" is set
 * just before.  At "popf" it sets its flags.  For stepping.
 */
#include "prog.h"

#ifndef __x86_64__
#error "write the loop for this machine"
#endif

static volatile unsigned int stop, entered;
extern const char first[], last[], popf[];

int main(void)
{
	ready();
	tell("first %p", (const void *)first);
	tell("last %p", (const void *)last);
	tell("stop %p", (void *)&stop);
	tell("entered %p", (void *)&entered);
	tell("popf %p", (const void *)popf);
	hear();
	__asm__ volatile(
		"movl $1, %[entered]\n"
		"subq $128, %%rsp\n"
		".globl first, last, popf\n"
		"first:\n"
		"	.rept 64\n"
		"	nop\n"
		"	.endr\n"
		"last:\n"
		"	pushq $0x202\n"
		"popf:\n"
		"	popfq\n"
		"	cmpl $0, %[stop]\n"
		"	je first\n"
		"	addq $128, %%rsp\n"
		: [entered] "=m" (entered)
		: [stop] "m" (stop)
		: "cc", "memory");
	tell("done");
	hear();
	return 0;
}
