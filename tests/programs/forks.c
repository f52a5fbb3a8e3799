// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * On each command forks a child that says "child PID", makes one getppid() and
 * exits with 7; says "status N" when it has waited for it.
 */
#include "prog.h"
#include <sys/wait.h>

int main(void)
{
	ready();
	for (;;) {
		int status;
		pid_t pid;

		hear();
		pid = fork();
		if (pid < 0)
			error("fork");
		if (!pid) {
			tell("child %d", (int)getpid());
			syscall(SYS_getppid);
			_exit(7);
		}
		if (waitpid(pid, &status, 0) != pid)
			error("waitpid");
		tell("status %d", status);
	}
}
