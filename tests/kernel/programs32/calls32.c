// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program of 32 bits, without a C library: system calls, signals, a child, an
 * exec.  Ends with status 7 if each was as it is untraced, else with the number
 * of the line.
 */
#define __NR_exit		1
#define __NR_fork		2
#define __NR_execve		11
#define __NR_getpid		20
#define __NR_kill		37
#define __NR_getppid		64
#define __NR_waitpid		7
#define __NR_nanosleep		162
#define __NR_rt_sigreturn	173
#define __NR_rt_sigaction	174
#define SIGUSR1			10
#define SA_SIGINFO		4
#define SA_RESTORER		0x04000000

static long call(long nr, long a, long b, long c, long d)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) :
			 "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return ret;
}

#define CHECK(cond) do {						\
	if (!(cond))							\
		call(__NR_exit, __LINE__ & 0xff, 0, 0, 0);		\
} while (0)

struct action {
	void (*handler)(int sig, int *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask[2];
};

static volatile int caught, from;

static void on_signal(int sig, int *info, void *context)
{
	(void)context;
	CHECK(sig == SIGUSR1 && info[0] == SIGUSR1);
	from = info[3];
	caught++;
}

__attribute__((__naked__)) static void restore(void)
{
	__asm__("mov $173, %eax; int $0x80");
}

void work(long *stack);
void work(long *stack)
{
	struct action action = { on_signal, SA_SIGINFO | SA_RESTORER, restore,
				 { 0, 0 } };
	char **argv = (char **)(stack + 1);
	char *next[] = { argv[0], "end", 0 };
	char *env[] = { 0 };
	long span[2] = { 0, 20000000 };
	long pid, me;
	int status, i;

	if (stack[0] > 1)
		call(__NR_exit, 7, 0, 0, 0);
	me = call(__NR_getpid, 0, 0, 0, 0);
	CHECK(me > 0);
	for (i = 0; i < 100; i++)
		CHECK(call(__NR_getppid, 0, 0, 0, 0) > 0);
	CHECK(call(9999, 0, 0, 0, 0) == -38);
	CHECK(call(__NR_rt_sigaction, SIGUSR1, (long)&action, 0, 8) == 0);
	for (i = 1; i <= 5; i++) {
		CHECK(call(__NR_kill, me, SIGUSR1, 0, 0) == 0);
		CHECK(caught == i && from == me);
	}
	CHECK(call(__NR_nanosleep, (long)span, 0, 0, 0) == 0);
	pid = call(__NR_fork, 0, 0, 0, 0);
	if (!pid)
		call(__NR_exit, 3, 0, 0, 0);
	CHECK(call(__NR_waitpid, pid, (long)&status, 0, 0) == pid);
	CHECK(status == 3 << 8);
	call(__NR_execve, (long)argv[0], (long)next, (long)env, 0);
	CHECK(0);
}

__attribute__((__naked__, __noreturn__)) void _start(void);
__attribute__((__naked__, __noreturn__)) void _start(void)
{
	__asm__("mov %esp, %eax; and $-16, %esp; sub $12, %esp; push %eax; "
		"call work");
}
