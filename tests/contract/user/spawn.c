// SPDX-License-Identifier: LGPL-2.1-or-later
/* Processes of the tests. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include "spawn.h"

#define PROG_CMD	3		/* descriptors in the program */
#define PROG_OUT	4

static void close_both(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static int make_pipes(int cmd[2], int out[2])
{
	int i, err;

	/* Packets: one command is one read() of the program. */
	if (pipe2(cmd, O_CLOEXEC | O_DIRECT))
		return -errno;
	if (pipe2(out, O_CLOEXEC)) {
		err = -errno;
		close_both(cmd);
		return err;
	}
	/* Out of the way of the two descriptors that the child gets. */
	for (i = 0; i < 2; i++) {
		int *fd = i ? &out[1] : &cmd[0];
		int high = fcntl(*fd, F_DUPFD_CLOEXEC, 100);

		if (high < 0) {
			err = -errno;
			close_both(cmd);
			close_both(out);
			return err;
		}
		close(*fd);
		*fd = high;
	}
	return 0;
}

static void become(const char *dir, const char *const *argv, int cmd, int out)
{
	char path[PATH_MAX + 100];
	sigset_t none;
	int sig;

	/* Descriptors first: what is not ours is close-on-exec. */
	if (dup2(cmd, PROG_CMD) < 0 || dup2(out, PROG_OUT) < 0)
		return;
	setpgid(0, 0);
	/* a shell has some ignored in what it runs behind it */
	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(path, sizeof(path), "%s/%s", dir, argv[0]);
	execv(path, (char *const *)argv);
}

pid_t spawn_program(const char *dir, const char *const *argv, int *cmd,
		    int *out)
{
	int commands[2], lines[2], err;
	pid_t pid;

	err = make_pipes(commands, lines);
	if (err)
		return err;
	pid = fork();
	if (!pid) {
		become(dir, argv, commands[0], lines[1]);
		_exit(97);
	}
	if (pid < 0) {
		err = -errno;
		close_both(commands);
		close_both(lines);
		return err;
	}
	setpgid(pid, pid);	/* whoever is first */
	close(commands[0]);
	close(lines[1]);
	*cmd = commands[1];
	*out = lines[0];
	return pid;
}

static void trace(pid_t pid, int fd)
{
	int status, err = 0;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		err = -errno;
	if (write(fd, &err, sizeof(err)) != sizeof(err) || err)
		_exit(1);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
		int sig = WSTOPSIG(status);
		bool event = status >> 16;

		/* a group stop, but not the end of one */
		ptrace(event && sig != SIGTRAP ? PTRACE_LISTEN : PTRACE_CONT,
		       pid, 0, event ? 0L : (long)sig);
	}
	_exit(0);
}

int spawn_tracer(pid_t pid, pid_t *tracer)
{
	int fds[2], err = -EIO;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	*tracer = fork();
	if (!*tracer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		trace(pid, fds[1]);
	}
	close(fds[1]);
	if (*tracer > 0 && read(fds[0], &err, sizeof(err)) != sizeof(err))
		err = -EIO;
	close(fds[0]);
	return err;
}

pid_t child_state(pid_t pid, int options, int *status)
{
	siginfo_t info;

	info.si_pid = 0;
	if (waitid(P_PID, pid, &info, options | WNOHANG))
		return -errno;
	if (!info.si_pid)
		return 0;
	switch (info.si_code) {
	case CLD_EXITED:
		*status = info.si_status << 8;
		break;
	case CLD_KILLED:
		*status = info.si_status;
		break;
	case CLD_DUMPED:
		*status = info.si_status | 0x80;
		break;
	case CLD_CONTINUED:
		*status = 0xffff;
		break;
	default:
		*status = info.si_status << 8 | 0x7f;
	}
	return info.si_pid;
}

char proc_state(const char *path, char comm[32], pid_t *ppid)
{
	char buf[512], *p;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = 0;
	p = strrchr(buf, ')');
	if (!p)
		return 0;
	*p = 0;
	if (comm)
		snprintf(comm, 32, "%.31s", strchr(buf, '(') + 1);
	if (ppid)
		*ppid = atoi(p + 4);
	return p[2];
}
