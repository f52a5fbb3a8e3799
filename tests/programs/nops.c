// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a command until the word at "stop" is set, runs a loop of which each
 * instruction from "first" up to "last" is one byte long; "entered" is set
 * just before.  At "popf" it sets its flags; "nops plain" does not.  For stepping.
 */
#include "prog.h"

#ifndef __x86_64__
#error "write the loop for this machine"
#endif

static volatile unsigned int stop, entered;
extern const char first[], last[], popf[], plain_first[], plain_last[];

/* FLAGS sets them, or does nothing */
#define LOOP(first, last, flags)					\
	__asm__ volatile(						\
		"movl $1, %[entered]\n"					\
		"subq $128, %%rsp\n"					\
		".globl " #first ", " #last "\n"			\
		#first ":\n"						\
		"	.rept 64\n"					\
		"	nop\n"						\
		"	.endr\n"					\
		#last ":\n"						\
		flags							\
		"	cmpl $0, %[stop]\n"				\
		"	je " #first "\n"				\
		"	addq $128, %%rsp\n"				\
		: [entered] "=m" (entered)				\
		: [stop] "m" (stop)					\
		: "cc", "memory")

int main(int argc, char **argv)
{
	int plain = argc > 1 && !strcmp(argv[1], "plain");

	ready();
	tell("first %p", (const void *)(plain ? plain_first : first));
	tell("last %p", (const void *)(plain ? plain_last : last));
	tell("stop %p", (void *)&stop);
	tell("entered %p", (void *)&entered);
	tell("popf %p", (const void *)popf);
	hear();
	if (plain)
		LOOP(plain_first, plain_last, "");
	else
		LOOP(first, last,
		     "	pushq $0x202\n"
		     ".globl popf\n"
		     "popf:\n"
		     "	popfq\n");
	tell("done");
	hear();
	return 0;
}
