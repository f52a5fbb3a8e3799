// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Takes signals.
 *
 *	catch SIG FLAGS	with the first handler and these flags besides
 *	set SIG FLAGS MASK
 *			with the first handler, these flags and this mask alone
 *	altstack	another stack, for handlers with SA_ONSTACK
 *	other SIG	with the second handler
 *	ignore SIG, default SIG
 *	handler SIG	what is set: "handler 0" default, 1 ignored, 2 caught
 *	first, second	"first ADDR": the address of the first handler
 *	restorer	"restorer ADDR": what sigaction() gave the kernel
 *	raise SIG	to its own thread; queue SIG VALUE: with a value
 *	fault, trap	a store to address 8; int3
 *	forbid NR	a filter ends the process at that system call
 *	refuse NR	a filter raises SIGSYS for it
 *	keeps SIG	"keeps 1": registers outlive a signal
 *	suspend A B	"suspend N": how many handlers ran in one sigsuspend()
 *	badstack SIG	with no stack to put a handler on
 *	count, count2	how often the handlers ran; of the last time: signo, code,
 *			value, mask (what was blocked), onstack (the other one),
 *			err, trapno, cr2 (of a fault), restarts (of the call
 *			that it interrupted: 1 if that is made again)
 *	call, block, unblock
 *			a system call, the signal mask (callcmd.h)
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <ucontext.h>
#include "callcmd.h"

static volatile long count, count2, signo, code, value;
static volatile long mask, onstack, err, trapno, cr2, restarts;
static char other_stack[1 << 16];

static void take(int sig, siginfo_t *info, void *uc)
{
	ucontext_t *u = uc;
	unsigned long blocked = 0;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, 8);
	mask = blocked;
	onstack = (char *)&blocked > other_stack &&
		  (char *)&blocked < other_stack + sizeof(other_stack);
	err = u->uc_mcontext.gregs[REG_ERR];
	trapno = u->uc_mcontext.gregs[REG_TRAPNO];
	cr2 = u->uc_mcontext.gregs[REG_CR2];
	restarts = u->uc_mcontext.gregs[REG_RAX] != -EINTR;
	signo = sig;
	code = info->si_code;
	value = info->si_value.sival_int;
	/* The store of "fault" has six bytes. */
	if (sig == SIGSEGV && info->si_code > 0)
		u->uc_mcontext.gregs[REG_RIP] += 6;
}

static void first(int sig, siginfo_t *info, void *uc)
{
	count++;
	take(sig, info, uc);
}

static void second(int sig, siginfo_t *info, void *uc)
{
	count2++;
	take(sig, info, uc);
}

static void set(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_flags = flags };

	if ((long)fn > 1)
		sa.sa_flags |= SA_SIGINFO | SA_RESTART;
	sa.sa_sigaction = fn;
	if (sigaction(sig, &sa, NULL))
		error("sigaction");
}

static void queue(int sig, int val)
{
	siginfo_t info = { .si_signo = sig, .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_value.sival_int = val;
	if (syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), sig, &info))
		error("rt_tgsigqueueinfo");
}

struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

static void set_exactly(int sig, unsigned long flags, unsigned long blocks)
{
	struct kernel_action sa;

	/* with what the C library returns from a handler by */
	set(sig, first, 0);
	if (syscall(SYS_rt_sigaction, sig, NULL, &sa, 8))
		error("rt_sigaction");
	sa.flags = flags | 0x04000000;
	sa.mask = blocks;
	if (syscall(SYS_rt_sigaction, sig, &sa, NULL, 8))
		error("rt_sigaction");
}

static void *restorer_of(int sig)
{
	struct kernel_action sa = { 0 };

	syscall(SYS_rt_sigaction, sig, NULL, &sa, 8);
	return sa.restorer;
}

static void set_altstack(void)
{
	stack_t stack = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) };

	if (sigaltstack(&stack, NULL))
		error("sigaltstack");
}

/* All that user code may keep in registers over a system call, and a signal there. */
static long keeps(int sig)
{
	long pid = getpid(), tid = gettid(), same;

	__asm__ volatile(
		"movq $11, %%rbx; movq $33, %%r8\n"
		"movq $44, %%r9; movq $55, %%r10; movq $66, %%r12\n"
		"movq $77, %%r13; movq $88, %%r14; movq $99, %%r15\n"
		"movq %%rbx, %%xmm3; movq %%r15, %%xmm15\n"
		"syscall\n"
		"movq %%xmm3, %%rcx; movq %%xmm15, %%r11\n"
		"xorl %%edi, %%edi\n"
		"cmpq $11, %%rbx; jne 1f; cmpq $33, %%r8; jne 1f\n"
		"cmpq $44, %%r9; jne 1f; cmpq $55, %%r10; jne 1f\n"
		"cmpq $66, %%r12; jne 1f; cmpq $77, %%r13; jne 1f\n"
		"cmpq $88, %%r14; jne 1f; cmpq $99, %%r15; jne 1f\n"
		"cmpq $11, %%rcx; jne 1f; cmpq $99, %%r11; jne 1f\n"
		"testq %%rax, %%rax; jne 1f\n"
		"movl $1, %%edi\n"
		"1:"
		: "=D"(same), "+S"(tid)
		: "0"(pid), "a"((long)SYS_tgkill), "d"((long)sig)
		: "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13",
		  "r14", "r15", "xmm3", "xmm15", "memory", "cc");
	return same;
}

static long suspend(int a, int b)
{
	unsigned long both = 1UL << (a - 1) | 1UL << (b - 1), none = 0;
	long before = count;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &both, NULL, 8);
	queue(a, 1);
	queue(b, 2);
	syscall(SYS_rt_sigsuspend, &none, 8);
	before = count - before;
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &both, NULL, 8);
	return before;
}

static void bad_stack(int sig)
{
	__asm__ volatile("movq %%rsp, %%rbx; xorl %%esp, %%esp; syscall\n"
			 "movq %%rbx, %%rsp"
			 :
			 : "D"((long)getpid()), "S"((long)gettid()),
			   "d"((long)sig), "a"((long)SYS_tgkill)
			 : "rbx", "rcx", "r11", "memory");
}

static void forbid(unsigned int nr, unsigned int how)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, how),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		error("seccomp");
}

static int what_is_set(int sig)
{
	struct sigaction sa;

	if (sigaction(sig, NULL, &sa))
		error("sigaction");
	return sa.sa_handler == SIG_DFL ? 0 : sa.sa_handler == SIG_IGN ? 1 : 2;
}

static int ask(const char *cmd)
{
	static const struct {
		const char *name;
		volatile long *value;
	} values[] = {
		{ "count", &count }, { "count2", &count2 },
		{ "signo", &signo }, { "code", &code }, { "value", &value },
		{ "mask", &mask }, { "onstack", &onstack }, { "err", &err },
		{ "trapno", &trapno }, { "cr2", &cr2 },
		{ "restarts", &restarts },
	};
	unsigned int i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (!is(cmd, values[i].name, NULL))
			continue;
		tell("%s %ld", values[i].name, *values[i].value);
		return 1;
	}
	return 0;
}

static void perform(const char *cmd)
{
	const char *rest = strrchr(cmd, ' ');
	long sig, last = rest ? strtol(rest, NULL, 0) : 0;

	if (is(cmd, "catch", &sig))
		set(sig, first, last);
	else if (is(cmd, "set", &sig))
		set_exactly(sig, strtoul(strchr(cmd + 4, ' '), NULL, 0),
			    strtoul(rest, NULL, 0));
	else if (is(cmd, "altstack", NULL))
		set_altstack();
	else if (is(cmd, "badstack", &sig))
		bad_stack(sig);
	else if (is(cmd, "other", &sig))
		set(sig, second, 0);
	else if (is(cmd, "ignore", &sig))
		set(sig, (void *)SIG_IGN, 0);
	else if (is(cmd, "default", &sig))
		set(sig, (void *)SIG_DFL, 0);
	else if (is(cmd, "raise", &sig))
		syscall(SYS_tgkill, getpid(), gettid(), (int)sig);
	else if (is(cmd, "queue", &sig))
		queue(sig, last);
	else if (is(cmd, "forbid", &sig))
		forbid(sig, SECCOMP_RET_KILL_PROCESS);
	else if (is(cmd, "refuse", &sig))
		forbid(sig, SECCOMP_RET_TRAP);
	else if (is(cmd, "fault", NULL))
		__asm__ volatile("movl $1, (%%rax)" : : "a"(8) : "memory");
	else if (is(cmd, "trap", NULL))
		__asm__ volatile("int3");
	else {
		tell("error unknown command %s", cmd);
		_exit(98);
	}
	tell("ok");
}

int main(void)
{
	long sig;

	/* Signals that dump core are of use here, their files are not. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	ready();
	for (;;) {
		const char *cmd = hear();

		if (call_command(cmd) || mask_command(cmd) || ask(cmd))
			continue;
		if (is(cmd, "handler", &sig))
			tell("handler %d", what_is_set(sig));
		else if (is(cmd, "first", NULL))
			tell("first %#lx", (unsigned long)first);
		else if (is(cmd, "second", NULL))
			tell("second %#lx", (unsigned long)second);
		else if (is(cmd, "restorer", &sig))
			tell("restorer %#lx", (unsigned long)restorer_of(sig));
		else if (is(cmd, "keeps", &sig))
			tell("keeps %ld", keeps(sig));
		else if (is(cmd, "suspend", &sig))
			tell("suspend %ld", suspend(sig, atoi(strrchr(cmd, ' '))));
		else
			perform(cmd);
	}
}
