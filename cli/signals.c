// SPDX-License-Identifier: LGPL-2.1-or-later
/* Signals: taken for the command, given back to the program. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "signals.h"

/*
 * Every signal whose disposition utrace changes, and to what.
 *
 * SIGCHLD: a caller that ignores it would make the kernel throw away the exit
 * status of the program.  SIGPIPE, SIGXFSZ: a write says it in errno.  SIGTTOU:
 * a stop by the terminal would leave traced threads hanging.
 */
static const struct {
	int sig;
	void (*with_command)(int);
	void (*with_pids)(int);
} ours[] = {
	{ SIGCHLD,	SIG_DFL,	SIG_DFL },
	{ SIGINT,	SIG_IGN,	SIG_DFL },
	{ SIGQUIT,	SIG_IGN,	SIG_DFL },
	{ SIGTSTP,	SIG_IGN,	SIG_DFL },
	{ SIGTERM,	SIG_DFL,	SIG_DFL },
	{ SIGPIPE,	SIG_IGN,	SIG_IGN },
	{ SIGTTOU,	SIG_IGN,	SIG_IGN },
	{ SIGXFSZ,	SIG_IGN,	SIG_IGN },
};

#define NR_OURS		(sizeof(ours) / sizeof(ours[0]))

static struct sigaction old_actions[NR_OURS];
static sigset_t old_mask;
static struct rlimit old_nofile;
static bool nofile_changed;

void signals_fill_std_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Every traced thread may take a descriptor, and there may be thousands. */
static void raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &old_nofile))
		return;
	limit = old_nofile;
	limit.rlim_cur = limit.rlim_max;
	nofile_changed = limit.rlim_cur != old_nofile.rlim_cur &&
			 !setrlimit(RLIMIT_NOFILE, &limit);
}

int signals_take(bool command)
{
	struct sigaction action, hup;
	sigset_t set;
	size_t i;
	int fd;

	/*
	 * Blocked signals are kept also where they are ignored, so that one
	 * can look at them first; what else was ignored stays so.
	 */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGTERM);
	if (!sigaction(SIGHUP, NULL, &hup) && hup.sa_handler != SIG_IGN)
		sigaddset(&set, SIGHUP);

	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &set, &old_mask);
	for (i = 0; i < NR_OURS; i++) {
		memset(&action, 0, sizeof(action));
		action.sa_handler = command ? ours[i].with_command :
					      ours[i].with_pids;
		sigaction(ours[i].sig, &action, &old_actions[i]);
	}
	raise_nofile();
	return fd;
}

int signals_give_back(void *unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < NR_OURS; i++)
		sigaction(ours[i].sig, &old_actions[i], NULL);
	if (nofile_changed)
		setrlimit(RLIMIT_NOFILE, &old_nofile);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	return 0;
}

/* Let one blocked signal of ours act as it does by default. */
static void take_effect(int sig)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigaction(sig, &action, NULL);
	raise(sig);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void signals_stop_self(void)
{
	take_effect(SIGTSTP);
}

void signals_die(int sig)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	take_effect(sig);
	/* not by this one: stopping and ignored signals end nothing */
	_exit(128 + sig);
}
