/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls without the C library: the result, or -errno. */
#ifndef RAW_H
#define RAW_H

static inline long raw_syscall(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}

#endif /* RAW_H */
