// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs a command with an engine on each of its threads, which asks for all
 * events, or puts them on what runs already.
 *
 *	tapped COMMAND...	in a session of its own
 *	tapped -p PID		on the session of PID; they stay
 *	tapped -n COMMAND...	without engines, else the same
 *	tapped -s COMMAND...	in single steps
 */
#include "client.h"

#include <sys/personality.h>

static bool steps;

static void follow(int fd, pid_t session)
{
	struct taps_how how = taps_how(EV_ALL);
	int n;

	how.mode = steps ? TAPS_STEP : TAPS_JITTER;
	how.act[QUIESCE] = REPORT | TAPS_SELDOM;
	n = taps_follow(fd, session, &how);
	if (n < 1) {
		fprintf(stderr, "tapped: follow: %s\n", strerror(-n));
		exit(97);
	}
}

int main(int argc, char **argv)
{
	bool none = argc > 1 && !strcmp(argv[1], "-n");
	int fd, go[2], status;
	pid_t pid;
	char c;

	if (argc == 3 && !strcmp(argv[1], "-p")) {
		fd = taps_open();
		if (tap_ask(fd, 0, TAPS_KEEP, 0))
			return 97;
		follow(fd, getsid(atoi(argv[2])));
		return 0;
	}
	steps = argc > 1 && !strcmp(argv[1], "-s");
	argv += none || steps ? 2 : 1;
	if (!argv[0] || pipe2(go, O_CLOEXEC))
		return 97;
	personality(ADDR_NO_RANDOMIZE);
	pid = fork();
	if (!pid) {
		close(go[1]);
		setsid();
		if (read(go[0], &c, 1) != 1)
			_exit(97);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(97);
	}
	fd = -1;
	if (!none) {
		fd = taps_open();
		while (getsid(pid) != pid)
			sleep_us(100);
		follow(fd, pid);
	}
	if (write(go[1], "x", 1) != 1)
		return 97;
	if (waitpid(pid, &status, 0) != pid)
		return 97;
	if (!none && taps_total(fd).n[SYSCALL_ENTRY] == 0) {
		fputs("tapped: nothing was seen\n", stderr);
		return 97;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}
