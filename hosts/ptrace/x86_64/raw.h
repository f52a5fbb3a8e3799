/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What takes no C library. */
#ifndef RAW_H
#define RAW_H

/* The top of the shadow stack; 0 if there is none, where rdsspq does nothing. */
static inline unsigned long raw_shadow_stack(void)
{
	unsigned long top = 0;

	__asm__ volatile("rdsspq %0" : "+r"(top));
	return top;
}

/* A system call: the result, or -errno. */
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
