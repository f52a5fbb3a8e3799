// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Takes signals.
 *
 *	catch SIG FLAGS	with the first handler and these flags besides
 *	other SIG	with the second handler
 *	ignore SIG, default SIG
 *	handler SIG	what is set: "handler 0" default, 1 ignored, 2 caught
 *	first		"first ADDR": the address of the first handler
 *	raise SIG	to its own thread; queue SIG VALUE: with a value
 *	fault, trap	a store to address 8; int3
 *	forbid NR	a filter ends the process at that system call
 *	count, count2	how often the handlers ran; signo, code, value: of the
 *			last time
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

static void take(int sig, siginfo_t *info, void *uc)
{
	ucontext_t *u = uc;

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

static void forbid(unsigned int nr)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
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
		forbid(sig);
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
		else
			perform(cmd);
	}
}
