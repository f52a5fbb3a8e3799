// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * "born KIND N": N times creates a child that looks whether it was born as the
 * kernel makes it: all registers but the result as before the call, the bytes
 * below its red zone untouched, the signal mask its parent's, and no call cut
 * short.  KIND tells what its parent does to it at once:
 *	plain	nothing
 *	signal	SIGUSR1, which the child has a handler for
 *	stop	SIGSTOP and SIGCONT
 *	kill	SIGKILL
 *	burst	SIGUSR1, SIGSTOP and SIGCONT
 * Answers "wrong STATUS": of one that was not as it should be, or 0.
 */
#include "prog.h"
#include <sys/wait.h>

#ifndef __x86_64__
#error "write the call for this machine"
#endif

#define NREGS	11		/* rdi rsi rdx r10 r8 r9 rbx r12 r13 r14 r15 */
#define NBELOW	16		/* words below the red zone */
#define PATTERN	0x7700000000000077UL

#define BURST	0x100

struct birth {
	unsigned long regs[NREGS];
	unsigned long below[NBELOW];
};

static volatile sig_atomic_t handled;

static void on_usr1(int sig)
{
	(void)sig;
	handled++;
}

/* clone(SIGCHLD) with known values everywhere; fills in what is there after. */
long bear(struct birth *after);
__asm__(".text\n"
	"bear:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rdi, %rbp\n"
	"	movabs $0x7700000000000077, %rax\n"
	"	lea 2(%rax), %rdx\n"
	"	lea 3(%rax), %r10\n"
	"	lea 4(%rax), %r8\n"
	"	lea 5(%rax), %r9\n"
	"	lea 6(%rax), %rbx\n"
	"	lea 7(%rax), %r12\n"
	"	lea 8(%rax), %r13\n"
	"	lea 9(%rax), %r14\n"
	"	lea 10(%rax), %r15\n"
	"	xor %ecx, %ecx\n"
	"1:	mov %rcx, -256(%rsp,%rcx,8)\n"
	"	inc %ecx\n"
	"	cmp $16, %ecx\n"
	"	jne 1b\n"
	"	mov $17, %edi\n"	/* SIGCHLD */
	"	xor %esi, %esi\n"
	"	mov $56, %eax\n"	/* clone */
	"	syscall\n"
	"	mov %rdi, 0(%rbp)\n"
	"	mov %rsi, 8(%rbp)\n"
	"	mov %rdx, 16(%rbp)\n"
	"	mov %r10, 24(%rbp)\n"
	"	mov %r8, 32(%rbp)\n"
	"	mov %r9, 40(%rbp)\n"
	"	mov %rbx, 48(%rbp)\n"
	"	mov %r12, 56(%rbp)\n"
	"	mov %r13, 64(%rbp)\n"
	"	mov %r14, 72(%rbp)\n"
	"	mov %r15, 80(%rbp)\n"
	"	xor %ecx, %ecx\n"
	"2:	mov -256(%rsp,%rcx,8), %rdx\n"
	"	mov %rdx, 88(%rbp,%rcx,8)\n"
	"	inc %ecx\n"
	"	cmp $16, %ecx\n"
	"	jne 2b\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n");

/* Never returns: 0 if all is well. */
static void child(const struct birth *birth, int sig)
{
	unsigned long wanted;
	sigset_t mask;
	int i;

	for (i = 0; i < NREGS; i++) {
		wanted = i == 0 ? SIGCHLD : i == 1 ? 0 : PATTERN + i;
		if (birth->regs[i] != wanted)
			_exit(10 + i);
	}
	/* a handler has its frame there */
	for (i = 0; i < NBELOW && !handled; i++)
		if (birth->below[i] != (unsigned long)i)
			_exit(30 + i);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (i = 1; i < 32; i++)
		if (sigismember(&mask, i) != (i == SIGUSR2))
			_exit(50 + i);
	while (sig == SIGUSR1 && !handled)
		;
	if (handled != (sig == SIGUSR1))
		_exit(90);
	if (sig == SIGKILL)
		for (;;)
			pause();
	_exit(0);
}

static int one(int sig)
{
	struct birth birth;
	long pid = bear(&birth);
	int status;

	if (!pid)
		child(&birth, sig & ~BURST);
	if (pid < 0)
		error("clone");
	if (sig & BURST) {
		kill(pid, SIGUSR1);
		kill(pid, SIGSTOP);
		kill(pid, SIGCONT);
		sig = 0;
	}
	if (sig)
		kill(pid, sig);
	if (sig == SIGSTOP)
		kill(pid, SIGCONT);
	if (waitpid(pid, &status, 0) != pid)
		error("waitpid");
	return status != (sig == SIGKILL ? SIGKILL : 0) ? status : 0;
}

int main(void)
{
	static const struct { const char *name; int sig; } kinds[] = {
		{ "plain", 0 }, { "signal", SIGUSR1 }, { "stop", SIGSTOP },
		{ "kill", SIGKILL }, { "burst", SIGUSR1 | BURST },
	};
	unsigned int i;
	int wrong, last;
	sigset_t mask;
	long n;

	signal(SIGUSR1, on_usr1);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	ready();
	for (;;) {
		const char *cmd = hear();

		for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (is(cmd, kinds[i].name, &n))
				break;
		if (i == sizeof(kinds) / sizeof(kinds[0]))
			error(cmd);
		for (wrong = 0; n > 0; n--) {
			last = one(kinds[i].sig);
			if (last)
				wrong = last;
		}
		tell("wrong %#x", wrong);
	}
}
