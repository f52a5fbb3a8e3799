// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 *	launch FILE PROGRAM ARG...
 *
 * Writes a line to FILE and becomes PROGRAM.  When that stops itself it is
 * continued.  Its exit status is that of this one, or 128 and the signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(char **argv)
{
	int fd = open(argv[0], O_WRONLY);

	if (fd < 0 || write(fd, "\n", 1) != 1)
		perror(argv[0]);
	close(fd);
	execv(argv[1], argv + 1);
	perror(argv[1]);
	_exit(125);
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 3)
		return 125;
	pid = fork();
	if (!pid)
		become(argv + 1);
	for (;;) {
		if (waitpid(pid, &status, WUNTRACED) < 0) {
			if (errno != EINTR)
				return 125;
		} else if (WIFEXITED(status)) {
			return WEXITSTATUS(status);
		} else if (WIFSIGNALED(status)) {
			return 128 + WTERMSIG(status);
		} else {
			kill(pid, SIGCONT);
		}
	}
}
