// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SIG-5: can a tracer end a process by any signal's number, and choose whether
 * it dumps core?  A child, with core dumps allowed, sets what it does on a
 * signal and sends it to itself.  The tracer tries something at its delivery,
 * and the row says how the child ended.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/resource.h>

#include "limits.h"

enum set { DEFAULT, CAUGHT, IGNORED, FILTERED /* and caught */ };

static void handler(int sig)
{
	(void)sig;
}

/* The kernel's sigaction, all zero: SIG_DFL. */
struct bare_action {
	unsigned long handler, flags, restorer, mask;
};

/* What is injected needs a system call instruction and memory. */
struct tools {
	unsigned long syscall;
	struct bare_action action;
};

static struct tools tools;

__asm__(".text\n"
	"limits_syscall:\n"
	"	syscall\n"
	"	int3\n");
extern char limits_syscall[];

static void filter_sigaction(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigaction, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		die("seccomp");
}

static void child_main(int sig, enum set set)
{
	struct rlimit core;
	sigset_t none;

	getrlimit(RLIMIT_CORE, &core);
	core.rlim_cur = core.rlim_max;
	setrlimit(RLIMIT_CORE, &core);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(sig, set == IGNORED ? SIG_IGN : set == DEFAULT ? SIG_DFL :
	       handler);
	if (set == FILTERED)
		filter_sigaction();
	raise(SIGSTOP);		/* the tracer is there now */
	raise(sig);
	_exit(0);
}

/* The wait status in the end, whatever the stops before it. */
static int ending(pid_t pid)
{
	int stop;

	while (WIFSTOPPED(last_status)) {
		stop = next_stop(pid);
		if (stop >= 0)
			trace(PTRACE_CONT, pid, stop > 0xff ? 0 : stop);
	}
	return last_status;
}

static pid_t child;

/* A new child, at the delivery of @sig. */
static void at_delivery(int sig, enum set set)
{
	int ready[2];
	char byte = 0;

	fflush(stdout);
	if (pipe(ready))
		die("pipe");
	child = fork_child();
	if (!child) {
		if (read(ready[0], &byte, 1) != 1)
			_exit(1);
		child_main(sig, set);
	}
	seize(child, PTRACE_O_EXITKILL);
	if (write(ready[1], &byte, 1) != 1)
		die("write");
	close(ready[0]);
	close(ready[1]);
	expect_stop(child, SIGSTOP);
	trace(PTRACE_CONT, child, 0);
	expect_stop(child, sig);
}

static void row(const char *what, const char *want)
{
	int status = ending(child);

	printf("  %-46s wanted %-12s got ", what, want);
	if (WIFEXITED(status))
		printf("exit status %d\n", WEXITSTATUS(status));
	else
		printf("%d%s\n", WTERMSIG(status),
		       WCOREDUMP(status) ? ", core" : "");
	fflush(stdout);
}

/* ---- attempts --------------------------------------------------------------- */

/* Inject one number, and write another into the siginfo. */
static void two_numbers(int inject, int told)
{
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, child, 0, &info))
		die("PTRACE_GETSIGINFO");
	info.si_signo = told;
	if (ptrace(PTRACE_SETSIGINFO, child, 0, &info))
		die("PTRACE_SETSIGINFO");
	trace(PTRACE_CONT, child, inject);
}

/* Make the thread call @nr instead of returning to where it was; at the end of
 * the call, if it has one, it is as before. */
static bool call(long nr, unsigned long a, unsigned long b, unsigned long c,
		 unsigned long d)
{
	struct user_regs_struct old, regs;
	int stop;

	if (ptrace(PTRACE_GETREGS, child, 0, &old))
		die("PTRACE_GETREGS");
	regs = old;
	regs.orig_rax = -1;
	regs.rax = nr;
	regs.rdi = a;
	regs.rsi = b;
	regs.rdx = c;
	regs.r10 = d;
	regs.rip = (unsigned long)limits_syscall;
	if (ptrace(PTRACE_SETREGS, child, 0, &regs))
		die("PTRACE_SETREGS");
	trace(PTRACE_SYSCALL, child, 0);
	expect_stop(child, SYSCALL_STOP);
	trace(PTRACE_SYSCALL, child, 0);
	if (nr == SYS_exit_group)
		return true;
	stop = next_stop(child);
	if (stop < 0)
		return false;
	if (stop != SYSCALL_STOP) {
		trace(PTRACE_CONT, child, stop);
		return false;
	}
	if (ptrace(PTRACE_SETREGS, child, 0, &old))
		die("PTRACE_SETREGS");
	return true;
}

/* The signal whose delivery was given up for a call comes again. */
static void again(int sig)
{
	syscall(SYS_tgkill, child, child, sig);
	trace(PTRACE_CONT, child, 0);
	if (next_stop(child) == sig)
		trace(PTRACE_CONT, child, sig);
}

static void reset_handler(int sig)
{
	if (call(SYS_rt_sigaction, sig, (unsigned long)&tools.action, 0, 8))
		again(sig);
}

/* From outside: no dump is larger than a byte. */
static void no_core(int sig)
{
	struct rlimit limit;

	if (prlimit(child, RLIMIT_CORE, NULL, &limit))
		die("prlimit");
	limit.rlim_cur = 1;
	if (prlimit(child, RLIMIT_CORE, &limit, NULL))
		die("prlimit");
	trace(PTRACE_CONT, child, sig);
}

static void not_dumpable(int sig)
{
	if (call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0))
		again(sig);
}

static void exit_by_call(unsigned long code)
{
	call(SYS_exit_group, code, 0, 0, 0);
}

int main(void)
{
	puts("A fatal number is injected, another is in the siginfo:");
	at_delivery(SIGWINCH, DEFAULT);
	two_numbers(SIGTERM, SIGWINCH);
	row("SIGWINCH, SIGTERM is injected", "28");
	at_delivery(SIGWINCH, DEFAULT);
	two_numbers(SIGWINCH, SIGTERM);
	row("SIGWINCH, SIGTERM is in the siginfo", "15");
	at_delivery(SIGUSR1, DEFAULT);
	two_numbers(SIGABRT, SIGUSR1);
	row("SIGUSR1, SIGABRT is injected", "10, core");

	puts("The thread calls exit_group:");
	at_delivery(SIGWINCH, DEFAULT);
	exit_by_call(SIGWINCH);
	row("SIGWINCH, code 28", "28");
	at_delivery(SIGWINCH, DEFAULT);
	exit_by_call(SIGWINCH << 24 | SIGWINCH << 16);
	row("SIGWINCH, code 0x1c1c0000", "28");

	puts("The thread calls rt_sigaction(SIG_DFL), and is sent it again:");
	at_delivery(SIGUSR1, CAUGHT);
	reset_handler(SIGUSR1);
	row("SIGUSR1, caught", "10");
	at_delivery(SIGHUP, IGNORED);
	reset_handler(SIGHUP);
	row("SIGHUP, ignored", "1");
	at_delivery(SIGQUIT, CAUGHT);
	reset_handler(SIGQUIT);
	row("SIGQUIT, caught", "3, core");
	at_delivery(SIGUSR1, CAUGHT);
	reset_handler(SIGUSR1);
	row("SIGUSR1, caught", "10, core");
	at_delivery(SIGWINCH, CAUGHT);
	reset_handler(SIGWINCH);
	row("SIGWINCH, caught", "28");
	at_delivery(SIGTSTP, CAUGHT);
	reset_handler(SIGTSTP);
	row("SIGTSTP, caught", "20");
	at_delivery(SIGUSR1, FILTERED);
	reset_handler(SIGUSR1);
	row("SIGUSR1, caught, rt_sigaction is filtered", "10");

	puts("The tracer lowers RLIMIT_CORE:");
	at_delivery(SIGSEGV, DEFAULT);
	no_core(SIGSEGV);
	row("SIGSEGV", "11");
	at_delivery(SIGQUIT, DEFAULT);
	no_core(SIGQUIT);
	row("SIGQUIT", "3");
	puts("The thread calls prctl(PR_SET_DUMPABLE, 0):");
	at_delivery(SIGQUIT, DEFAULT);
	not_dumpable(SIGQUIT);
	row("SIGQUIT", "3");
	puts("RLIMIT_CORE is unlimited:");
	at_delivery(SIGUSR1, DEFAULT);
	trace(PTRACE_CONT, child, SIGUSR1);
	row("SIGUSR1", "10, core");
	return 0;
}
