// SPDX-License-Identifier: LGPL-2.1-or-later
/* The runner of the contract tests: options, watchdog, TAP. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "runner.h"
#include "spawn.h"

unsigned int runner_patience_ms = 20000;
char runner_programs[PATH_MAX];
static unsigned int watchdog_ms = 60000;

static unsigned long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static void nap(void)
{
	struct timespec ts = { 0, 1000000 };

	nanosleep(&ts, NULL);
}

/* ---- what there is to say ------------------------------------------------ */

void runner_add(struct runner_output *o, const char *text, size_t len)
{
	if (o->len + len + 1 > o->size) {
		o->size = (o->len + len + 1) * 2;
		o->text = realloc(o->text, o->size);
		if (!o->text)
			abort();
	}
	memcpy(o->text + o->len, text, len);
	o->len += len;
	o->text[o->len] = 0;
}

void runner_say(struct runner_output *o, const char *fmt, ...)
{
	char buf[600];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	runner_add(o, buf, n < (int)sizeof(buf) ? n : (int)sizeof(buf) - 1);
}

/* ---- processes ----------------------------------------------------------- */

/* All descendants, into pids[]; how many (at most max). */
static int descendants(pid_t *pids, int max)
{
	int n = 0, begin = -1;
	struct dirent *d;
	DIR *dir;

	/* A generation at a time. */
	while (begin < n) {
		int known = n, first = begin;

		begin = n;
		dir = opendir("/proc");
		if (!dir)
			return n;
		while ((d = readdir(dir))) {
			pid_t pid = atoi(d->d_name), ppid = 0;
			char path[300];
			int i;

			if (pid <= 0)
				continue;
			snprintf(path, sizeof(path), "/proc/%d/stat", pid);
			if (!proc_state(path, NULL, &ppid))
				continue;
			if (first < 0) {
				if (ppid == getpid() && n < max)
					pids[n++] = pid;
				continue;
			}
			for (i = first; i < known; i++)
				if (pids[i] == ppid && n < max) {
					pids[n++] = pid;
					break;
				}
		}
		closedir(dir);
		if (first < 0)
			begin = 0;
	}
	return n;
}

/* The first line of a file below /proc; all of it, as a remark, if @o. */
static void proc_text(const char *path, char *text, size_t size,
		      struct runner_output *o)
{
	FILE *f = fopen(path, "re");

	text[0] = 0;
	while (f && fgets(text, size, f) && o)
		runner_say(o, "#     %s", text);
	if (f)
		fclose(f);
}

/* Every thread: its state, where it waits, and its kernel stack if the system
 * tells. */
static void describe(struct runner_output *o, pid_t pid)
{
	char path[300], comm[32] = "?", text[200];
	struct dirent *d;
	char state;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", pid,
			 d->d_name);
		state = proc_state(path, comm, NULL);
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/wchan", pid,
			 d->d_name);
		proc_text(path, text, sizeof(text), NULL);
		runner_say(o, "#   %d/%s %s state %c %s\n", pid, d->d_name, comm,
			 state ?: '-', text);
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stack", pid,
			 d->d_name);
		proc_text(path, text, sizeof(text), o);
	}
	closedir(dir);
}

/* Kill whatever is there, until there are no children any more; false: there
 * are some that cannot be killed. */
static bool kill_all(void)
{
	unsigned long long end = now_ms() + runner_patience_ms;
	pid_t pids[256];
	int i, n;

	while (now_ms() < end) {
		n = descendants(pids, 256);
		for (i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG | __WALL) < 0)
			return true;
		nap();
	}
	return false;
}

/*
 * After the test's own process is gone: nothing may be left.  What ends by
 * itself, now that its owner has, is given time to.
 */
static bool left_behind(struct runner_output *o)
{
	unsigned long long end = now_ms() + runner_patience_ms / 4;
	pid_t pids[256];
	bool left = false;
	int i, n;

	for (;;) {
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		n = descendants(pids, 256);
		if (!n || now_ms() >= end)
			break;
		nap();
	}
	for (i = 0; i < n; i++) {
		runner_say(o, "# left behind: %d\n", pids[i]);
		describe(o, pids[i]);
		left = true;
	}
	kill_all();
	return left;
}

static int start_child(const struct runner *runner, unsigned int number,
		       pid_t *pid)
{
	int fds[2], out;

	fflush(stdout);
	if (pipe2(fds, O_CLOEXEC)) {
		perror("pipe");
		exit(2);
	}
	*pid = fork();
	if (*pid < 0) {
		perror("fork");
		exit(2);
	}
	if (!*pid) {
		close(fds[0]);
		/* Low descriptors are for programs. */
		out = fcntl(fds[1], F_DUPFD_CLOEXEC, 90);
		close(fds[1]);
		dup2(2, 1);
		exit(runner->run(number, out));
	}
	close(fds[1]);
	return fds[0];
}

/* More of what it says, within @ms; false: that was all. */
static bool take_text(struct runner_output *o, int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char buf[4096];
	ssize_t n;

	if (poll(&pfd, 1, ms) != 1)
		return true;
	n = read(fd, buf, sizeof(buf));
	if (n > 0)
		runner_add(o, buf, n);
	return n > 0;
}

/* Run one test in a child; 0, 1, RUNNER_SKIP. */
static int supervise(const struct runner *runner, unsigned int number,
		     struct runner_output *o)
{
	unsigned long long end = now_ms() + watchdog_ms;
	int fd, status, result = 1;
	bool more = true;
	size_t before;
	pid_t pid;

	fd = start_child(runner, number, &pid);
	for (;;) {
		before = o->len;
		if (more)
			more = take_text(o, fd, 20);
		else
			nap();
		if (o->len != before)
			continue;
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (now_ms() >= end) {
			pid_t pids[256];
			int i, count = descendants(pids, 256);

			runner_say(o, "# hangs; what there is:\n");
			for (i = 0; i < count; i++)
				describe(o, pids[i]);
			kill_all();
			close(fd);
			return 1;
		}
	}
	/* What it said last; others may still hold the pipe. */
	do {
		before = o->len;
	} while (more && take_text(o, fd, 0) && o->len != before);
	close(fd);
	if (WIFSIGNALED(status))
		runner_say(o, "# killed by signal %d\n", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 0 ||
		 WEXITSTATUS(status) == RUNNER_SKIP)
		result = WEXITSTATUS(status);
	else if (WEXITSTATUS(status) != 1)
		runner_say(o, "# exit status %d\n", WEXITSTATUS(status));
	if (left_behind(o))
		result = 1;
	return result;
}

/* ---- which tests --------------------------------------------------------- */

/* Whether a list of words has one that matches. */
static bool has_word(const char *list, const char *pattern)
{
	char copy[500], *word, *save;

	snprintf(copy, sizeof(copy), "%s", list);
	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		if (!fnmatch(pattern, word, 0))
			return true;
	return false;
}

static const char **only;
static int nonly;

static bool wanted(const struct runner_test *t)
{
	const char *file = strrchr(t->file, '/');
	int i;

	file = file ? file + 1 : t->file;
	for (i = 0; i < nonly; i++)
		if (!fnmatch(only[i], t->name, 0) ||
		    !fnmatch(only[i], file, 0) ||
		    has_word(t->ids, only[i]))
			return true;
	return !nonly;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each statement that some test proves, once. */
static void list_ids(const struct runner *runner)
{
	static char *ids[4096];
	unsigned int t;
	int n = 0, i;

	for (t = 0; t < runner->count; t++) {
		char *copy, *id, *save;

		if (!*runner->tests[t].ids)
			continue;
		copy = strdup(runner->tests[t].ids);
		for (id = strtok_r(copy, " ", &save); id && n < 4096;
		     id = strtok_r(NULL, " ", &save))
			ids[n++] = id;
	}
	qsort(ids, n, sizeof(*ids), by_name);
	for (i = 0; i < n; i++)
		if (!i || strcmp(ids[i], ids[i - 1]))
			puts(ids[i]);
}

/* How many there are to run; all are listed if @list. */
static int choose(const struct runner *runner, bool list)
{
	const struct runner_test *t;
	unsigned int i, j;
	int total = 0;

	for (i = 0; i < runner->count; i++) {
		t = &runner->tests[i];
		for (j = i + 1; j < runner->count; j++)
			if (!strcmp(t->name, runner->tests[j].name)) {
				fprintf(stderr, "two tests: %s\n", t->name);
				exit(2);
			}
		if (!wanted(t))
			continue;
		total++;
		if (list)
			printf("%s\t%s\n", t->name, t->ids);
	}
	return total;
}

/* ---- running them -------------------------------------------------------- */

static void remarks(struct runner_output *o)
{
	char *line, *save;

	for (line = o->text ? strtok_r(o->text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (line[0] == '#')
			puts(line);
}

/* One test, and what is told of it.  False: there can be no more. */
static bool run_one(const struct runner *runner, unsigned int n, int number,
		    int *failed)
{
	const struct runner_test *t = &runner->tests[n];
	struct runner_output o = { 0 };
	int result = 1;
	bool go_on;
	char *why;

	go_on = !runner->before || runner->before(&o);
	if (go_on) {
		result = supervise(runner, n, &o);
		go_on = !runner->after || runner->after(&o);
	}
	/* Failures that are not in the exit status: those of other processes. */
	if (!go_on || (o.text && strstr(o.text, RUNNER_FAILED)))
		result = 1;
	*failed += result == 1;
	if (result == RUNNER_SKIP && o.text && (why = strstr(o.text, "SKIP ")))
		printf("ok %d - %s # %.*s\n", number, t->name,
		       (int)strcspn(why, "\n"), why);
	else
		printf("%s %d - %s # ids: %s\n",
		       result == 1 ? "not ok" : "ok", number, t->name, t->ids);
	remarks(&o);
	if (!go_on)
		puts("Bail out!");
	fflush(stdout);
	free(o.text);
	return go_on;
}

static int run_all(const struct runner *runner, int repeat)
{
	int number = 0, failed = 0, r;
	bool go_on = true;
	unsigned int i;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	printf("TAP version 13\n1..%d\n", choose(runner, false) * repeat);
	for (r = 0; r < repeat; r++)
		for (i = 0; i < runner->count && go_on; i++)
			if (wanted(&runner->tests[i]))
				go_on = run_one(runner, i, ++number, &failed);
	printf("# %d run, %d failed\n", number, failed);
	return failed ? 1 : 0;
}

/* ---- options ------------------------------------------------------------- */

static void usage(FILE *f, const struct runner *runner)
{
	fprintf(f, "usage: contract [--list] [--ids] [--only PATTERN]... "
		"[--repeat N] [--programs DIR] [--limit SECONDS] "
		"[--patience SECONDS]%s\n"
		"PATTERN: of test names (shell pattern), a file, or an id\n"
		"limit: of a test, patience: of each wait for something\n",
		runner->options);
}

void runner_directory(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	*(slash ? slash : path) = 0;
}

static void find_programs(const char *dir)
{
	char own[PATH_MAX];

	if (!dir) {
		runner_directory(own);
		snprintf(runner_programs, sizeof(runner_programs),
			 "%.4000s/programs", own);
	} else if (!realpath(dir, runner_programs)) {
		perror(dir);
		exit(2);
	}
}

int runner_main(int argc, char **argv, struct runner *runner)
{
	const char *dir = getenv("UTRACE_TEST_PROGRAMS");
	bool list = false, ids = false;
	int repeat = 1, i, n;

	only = calloc(argc, sizeof(*only));
	if (!only)
		return 2;
	for (i = 1; i < argc; i++) {
		bool more = i + 1 < argc;

		if (!strcmp(argv[i], "--list")) {
			list = true;
		} else if (!strcmp(argv[i], "--ids")) {
			ids = true;
		} else if (!strcmp(argv[i], "--only") && more) {
			only[nonly++] = argv[++i];
		} else if (!strcmp(argv[i], "--repeat") && more) {
			repeat = atoi(argv[++i]);
		} else if (!strcmp(argv[i], "--limit") && more) {
			watchdog_ms = atoi(argv[++i]) * 1000;
		} else if (!strcmp(argv[i], "--patience") && more) {
			runner_patience_ms = atoi(argv[++i]) * 1000;
		} else if (!strcmp(argv[i], "--programs") && more) {
			dir = argv[++i];
		} else if (!strcmp(argv[i], "--help")) {
			usage(stdout, runner);
			return 0;
		} else {
			n = runner->option(argc - i, argv + i);
			if (!n) {
				usage(stderr, runner);
				return 2;
			}
			i += n - 1;
		}
	}
	find_programs(dir);
	n = runner->load(runner);
	if (!n) {
		if (ids)
			list_ids(runner);
		else if (list)
			choose(runner, true);
		else
			n = run_all(runner, repeat);
	}
	free(runner->tests);
	free(only);
	return n;
}
