// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * contain: run a command, and account for every process that it leaves behind.
 *
 *	contain [-t SECONDS] [-l FILE] COMMAND ARG...
 *
 * The command runs in a session of its own.  Orphans of it come to this
 * process, which waits for them like init, so that nothing escapes and nobody
 * else's process is mistaken for one of the command's.  When the command has
 * ended, each descendant that is still there after a moment's grace is told of
 * in FILE, one a line with its state and name, and killed.  So are all of them
 * when the time is up, or when whoever started this process ends.
 *
 * Exit status: the command's, 128 + the signal that ended it, 124 after the
 * time is up.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS	3000	/* for what ends by itself */
#define STEP_MS		10

struct proc {
	pid_t pid;
	pid_t parent;
	char state;
	char name[64];
	bool ours;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void nap(void)
{
	const struct timespec ts = { .tv_nsec = STEP_MS * 1000000L };

	nanosleep(&ts, NULL);
}

static bool read_proc(const char *entry, struct proc *proc)
{
	char path[300], text[512], *name, *rest;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", entry);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	name = strchr(text, '(');
	rest = strrchr(text, ')');
	if (!name || !rest)
		return false;
	*rest = '\0';
	snprintf(proc->name, sizeof(proc->name), "%s", name + 1);
	proc->pid = atoi(text);
	proc->ours = false;
	return sscanf(rest + 1, " %c %d", &proc->state, &proc->parent) == 2;
}

/* All processes, with those marked that descend from this one. */
static struct proc *list_procs(size_t *nr)
{
	static struct proc *procs;
	static size_t room;
	struct dirent *entry;
	size_t n = 0, i, j;
	bool more = true;
	DIR *dir;

	dir = opendir("/proc");
	if (!dir) {
		perror("contain: /proc");
		exit(125);
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		if (n == room) {
			room = room ? 2 * room : 256;
			procs = realloc(procs, room * sizeof(*procs));
			if (!procs)
				exit(125);
		}
		if (read_proc(entry->d_name, &procs[n]))
			n++;
	}
	closedir(dir);
	while (more) {
		more = false;
		for (i = 0; i < n; i++) {
			if (procs[i].ours)
				continue;
			procs[i].ours = procs[i].parent == getpid();
			for (j = 0; j < n && !procs[i].ours; j++)
				procs[i].ours = procs[j].ours &&
					procs[j].pid == procs[i].parent;
			more |= procs[i].ours;
		}
	}
	*nr = n;
	return procs;
}

static void tell_leftovers(FILE *log)
{
	size_t nr, i;
	struct proc *procs = list_procs(&nr);

	for (i = 0; i < nr; i++)
		if (procs[i].ours)
			fprintf(log, "%d %c %s, child of %d\n", procs[i].pid,
				procs[i].state, procs[i].name, procs[i].parent);
	fflush(log);
}

/* Until nothing is left: the killed may leave children of their own. */
static void kill_leftovers(void)
{
	long long end = now_ms() + GRACE_MS;
	size_t nr, i;
	struct proc *procs;

	while (now_ms() < end) {
		procs = list_procs(&nr);
		for (i = 0; i < nr; i++)
			if (procs[i].ours && procs[i].state != 'Z')
				kill(procs[i].pid, SIGKILL);
		do {
			errno = 0;
		} while (waitpid(-1, NULL, WNOHANG | __WALL) > 0);
		if (errno == ECHILD)
			return;
		nap();
	}
	fprintf(stderr, "contain: some processes cannot be killed\n");
}

static pid_t start(char **argv)
{
	pid_t pid = fork();
	sigset_t none;
	int sig;

	if (pid < 0) {
		perror("contain: fork");
		exit(125);
	}
	if (pid)
		return pid;
	setsid();
	/* Whatever started the checks may ignore or block some of them. */
	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "contain: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int main(int argc, char **argv)
{
	const struct sigaction act = { .sa_handler = on_signal };
	long long end = 0, grace;
	FILE *log = stderr;
	int opt, status, result = -1;
	bool timed_out = false;
	pid_t child, pid;

	while ((opt = getopt(argc, argv, "+t:l:")) != -1) {
		switch (opt) {
		case 't':
			end = now_ms() + 1000LL * atoi(optarg);
			break;
		case 'l':
			log = fopen(optarg, "we");
			if (log)
				break;
			perror(optarg);
			return 125;
		default:
			return 125;
		}
	}
	if (optind == argc) {
		fprintf(stderr, "contain: no command\n");
		return 125;
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM)) {
		perror("contain: prctl");
		return 125;
	}
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);

	child = start(argv + optind);
	while (result < 0 && !stop_signal) {
		pid = waitpid(-1, &status, WNOHANG | __WALL);
		if (pid == child)
			result = WIFEXITED(status) ? WEXITSTATUS(status) :
				 128 + WTERMSIG(status);
		else if (pid <= 0)
			nap();
		if (end && result < 0 && now_ms() > end) {
			timed_out = true;
			break;
		}
	}
	if (timed_out || stop_signal) {
		fprintf(log, "%s; these were running:\n",
			timed_out ? "time is up" : "interrupted");
		tell_leftovers(log);
		kill_leftovers();
		return timed_out ? 124 : 128 + stop_signal;
	}

	grace = now_ms() + GRACE_MS;
	do {
		errno = 0;
		pid = waitpid(-1, NULL, WNOHANG | __WALL);
		if (pid < 0 && errno == ECHILD)
			return result;
		if (pid == 0)
			nap();
	} while (now_ms() < grace);
	tell_leftovers(log);
	kill_leftovers();
	return result;
}
