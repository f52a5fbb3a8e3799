/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands that several programs understand: "call NR A B C D E F" makes that
 * system call, with no libc in between, and answers "ret RESULT"; "i386 NR A B
 * C D" is the same by the 32-bit entry.  "block SIG" and "unblock SIG" answer
 * "ok".
 */
#ifndef CALLCMD_H
#define CALLCMD_H

#include "prog.h"

static UNUSED long raw_call(long nr, const unsigned long a[6])
{
	register unsigned long r10 __asm__("r10") = a[3];
	register unsigned long r8 __asm__("r8") = a[4];
	register unsigned long r9 __asm__("r9") = a[5];
	long ret;

	__asm__ volatile("syscall" : "=a"(ret)
			 : "0"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static UNUSED long raw_call3(long nr, long a, long b, long c)
{
	return raw_call(nr, (unsigned long[6]){ a, b, c });
}

static UNUSED long raw_i386(long nr, const unsigned long a[6])
{
	int ret;

	__asm__ volatile("int $0x80" : "=a"(ret)
			 : "0"((int)nr), "b"(a[0]), "c"(a[1]), "d"(a[2]),
			   "S"(a[3])
			 : "r8", "r9", "r10", "r11", "memory");
	return ret;
}

static UNUSED int call_command(const char *cmd)
{
	int i386 = is(cmd, "i386", NULL);
	unsigned long a[6] = { 0 };
	char *end;
	long nr;
	int i;

	if (!i386 && !is(cmd, "call", NULL))
		return 0;
	nr = strtol(cmd + 4, &end, 0);
	for (i = 0; i < 6; i++)
		a[i] = strtoul(end, &end, 0);
	tell("ret %ld", i386 ? raw_i386(nr, a) : raw_call(nr, a));
	return 1;
}

static UNUSED int mask_command(const char *cmd)
{
	int unblock = is(cmd, "unblock", NULL);
	sigset_t s;
	long sig;

	if (!is(cmd, unblock ? "unblock" : "block", &sig))
		return 0;
	sigemptyset(&s);
	sigaddset(&s, sig);
	/* of this thread */
	if (sigprocmask(unblock ? SIG_UNBLOCK : SIG_BLOCK, &s, NULL))
		error("sigprocmask");
	tell("ok");
	return 1;
}

#endif /* CALLCMD_H */
