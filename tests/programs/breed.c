// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Makes children and threads, and waits for them.
 *
 *	failing FLAGS	"errno N" of a clone() that fails
 *	fork, vfork, clone FLAGS, clone3 FLAGS
 *			the child adds 1 to the mark and exits with 7; answer:
 *			"child PID"
 *	stay		children made from now on stay until they are killed
 *	mark		"mark ADDR": where it is; shared with all children
 *	wait		"status N": of the next child that has ended
 *	ignore, nowait	SIGCHLD ignored; SA_NOCLDWAIT
 *	kill SIG	the last child
 *	call		a system call (callcmd.h)
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "callcmd.h"

static volatile unsigned int *mark;
static volatile int stay;
static int last;

/* It may share memory, thread-local storage included, with its parent. */
static void child(void)
{
	mark[0]++;
	if (stay) {
		raw_call3(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
		for (;;)
			raw_call3(SYS_pause, 0, 0, 0);
	}
	raw_call3(SYS_exit, 7, 0, 0);
}

static int child_fn(void *arg)
{
	(void)arg;
	child();
	return 0;
}

/* A clone that leaves the registers of its arguments alone, in both. */
static long clone_checked(long nr, long a, long b)
{
	register long c __asm__("r10") = 0, d __asm__("r8") = 0;
	long ret, first = a, second = b;

	__asm__ volatile("syscall"
			 : "=a"(ret), "+D"(first), "+S"(second)
			 : "0"(nr), "d"(0L), "r"(c), "r"(d)
			 : "rcx", "r11", "memory");
	if (first != a || second != b)
		raw_call3(SYS_exit_group, 95, 0, 0);
	return ret;
}

static int make(const char *cmd)
{
	static char stack[16][65536] __attribute__((__aligned__(16)));
	static int n, ptid;
	unsigned long long args[8] = { 0 };
	long flags;
	int pid;

	if (is(cmd, "fork", NULL)) {
		pid = raw_call3(SYS_fork, 0, 0, 0);
	} else if (is(cmd, "vfork", NULL)) {
		pid = vfork();
	} else if (is(cmd, "clone3", &flags)) {
		args[0] = flags;
		args[4] = SIGCHLD;
		pid = clone_checked(SYS_clone3, (long)args, sizeof(args));
		if ((long)args[0] != flags)
			raw_call3(SYS_exit_group, 95, 0, 0);
	} else if (is(cmd, "failing", &flags)) {
		tell("errno %ld", -clone_checked(SYS_clone, flags, 0));
		return 1;
	} else if (is(cmd, "clone", &flags)) {
		pid = clone(child_fn, stack[n++ % 16] + sizeof(stack[0]),
			    flags, NULL, &ptid, NULL, NULL);
	} else {
		return 0;
	}
	if (!pid)
		child();
	if (pid < 0)
		error("clone");
	last = pid;
	tell("child %d", pid);
	return 1;
}

int main(void)
{
	struct sigaction nowait = { .sa_flags = SA_NOCLDWAIT };
	int status;
	long sig;

	mark = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mark == MAP_FAILED)
		error("mmap");
	ready();
	for (;;) {
		const char *cmd = hear();

		if (call_command(cmd) || make(cmd))
			continue;
		if (is(cmd, "mark", NULL)) {
			tell("mark %#lx", (unsigned long)mark);
			continue;
		}
		if (is(cmd, "wait", NULL)) {
			if (waitpid(-1, &status, __WALL) < 0)
				error("waitpid");
			tell("status %d", status);
			continue;
		}
		if (is(cmd, "stay", NULL))
			stay = 1;
		else if (is(cmd, "ignore", NULL))
			signal(SIGCHLD, SIG_IGN);
		else if (is(cmd, "nowait", NULL))
			sigaction(SIGCHLD, &nowait, NULL);
		else if (is(cmd, "kill", &sig))
			kill(last, sig);
		else
			error(cmd);
		tell("ok");
	}
}
