/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs of 32 bits have in place of a C library.  They define work(). */
#ifndef I386_H
#define I386_H

#define UNUSED __attribute__((__unused__))

#define __NR_exit		1
#define __NR_fork		2
#define __NR_read		3
#define __NR_write		4
#define __NR_waitpid		7
#define __NR_execve		11
#define __NR_getpid		20
#define __NR_kill		37
#define __NR_getppid		64
#define __NR_nanosleep		162
#define __NR_rt_sigreturn	173
#define __NR_rt_sigaction	174
#define SIGUSR1			10
#define SIGSEGV			11
#define SA_SIGINFO		4
#define SA_RESTORER		0x04000000

static UNUSED long call(long nr, long a, long b, long c, long d)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) :
			 "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return ret;
}

struct action {
	void (*handler)(int sig, int *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask[2];
};

__attribute__((__naked__)) static void restore(void)
{
	__asm__("mov $173, %eax; int $0x80");
}

static UNUSED long catch(int sig, void (*handler)(int, int *, void *))
{
	struct action action = { handler, SA_SIGINFO | SA_RESTORER, restore,
				 { 0, 0 } };

	return call(__NR_rt_sigaction, sig, (long)&action, 0, 8);
}

/* @stack: the number of arguments, and these */
void work(long *stack);

__attribute__((__naked__, __noreturn__)) void _start(void);
__attribute__((__naked__, __noreturn__)) void _start(void)
{
	__asm__("mov %esp, %eax; and $-16, %esp; sub $12, %esp; push %eax; "
		"call work");
}

#endif /* I386_H */
