// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The runner of the stress tests.
 *
 * It never calls the library.  It runs each test in a child process, is the
 * subreaper of all that the test starts, and looks whether rounds come to an
 * end: a crash or a hang is a failed test, and nothing is left behind.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "stress.h"

#if defined(__SANITIZE_THREAD__)
#define FLAVOUR		"thread sanitizer"
#define SLOWER		4
#elif defined(__SANITIZE_ADDRESS__)
#define FLAVOUR		"address sanitizer"
#define SLOWER		3
#else
#define FLAVOUR		"plain"
#define SLOWER		1
#endif

#define LIMIT_MS	20000	/* of a wait_until() */
#define ROUND_MS	90000	/* of a round, and of an end */
#define FAILED		"# FAIL "

/* What test and runner share. */
struct board {
	unsigned long round;	/* one more than the number; 0: none yet */
	unsigned long done;
	unsigned long longest;		/* the round that took longest */
	uint64_t longest_ns;
	char at[200];
};

static struct stress *tests, **tests_tail = &tests;
static struct board *board;
static unsigned long long seed;
static const char *test_name;
static int diag_fd = 2;
static int failures;
static bool keep;
static char program[PATH_MAX];
const char *kid_program = program;

void stress_register(struct stress *stress)
{
	*tests_tail = stress;
	tests_tail = &stress->next;
}

/* ---- what a test says ---------------------------------------------------- */

static void say(const char *prefix, const char *fmt, va_list ap)
{
	char buf[1000];
	int n, len = snprintf(buf, sizeof(buf) - 1, "%s", prefix);

	n = vsnprintf(buf + len, sizeof(buf) - 1 - len, fmt, ap);
	if (n > 0)
		len += n;
	if (len > (int)sizeof(buf) - 2)
		len = sizeof(buf) - 2;
	buf[len++] = '\n';
	if (write(diag_fd, buf, len) < 0)
		_exit(99);
}

void s_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char prefix[300];
	va_list ap;

	/* the first ones tell, more would drown them */
	if (s_inc(&failures) > 20)
		return;
	snprintf(prefix, sizeof(prefix), FAILED "round %lu, %.100s: %s:%d: ",
		 board->round - 1, board->at, base ? base + 1 : file, line);
	va_start(ap, fmt);
	say(prefix, fmt, ap);
	va_end(ap);
	while (keep)
		pause();
}

bool s_failed(void)
{
	return s_load(&failures) != 0;
}

void s_at(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(board->at, sizeof(board->at), fmt, ap);
	va_end(ap);
}

bool s_check(const char *file, int line, const char *what, bool holds)
{
	if (!holds)
		s_fail(file, line, "%s", what);
	return holds;
}

bool s_check_eq(const char *file, int line, const char *what, long long seen,
		long long wanted)
{
	if (seen != wanted)
		s_fail(file, line, "%s: %lld, not %lld", what, seen, wanted);
	return seen == wanted;
}

/* ---- time and chance ----------------------------------------------------- */

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void sleep_us(unsigned long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

void s_wait_begin(struct s_wait *w)
{
	w->end = now_ns() + LIMIT_MS * 1000000ULL * SLOWER;
	w->rounds = 0;
}

bool s_wait_more(struct s_wait *w)
{
	if (now_ns() >= w->end)
		return false;
	w->rounds++;
	if (w->rounds < 20)
		sched_yield();
	else
		sleep_us(w->rounds < 100 ? 50 : 1000);
	return true;
}

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

uint64_t rng_next(struct rng *rng)
{
	return mix(rng->state += 0x9e3779b97f4a7c15);
}

unsigned int rng_below(struct rng *rng, unsigned int n)
{
	return n ? rng_next(rng) % n : 0;
}

struct rng rng_fork(struct rng *rng)
{
	return (struct rng){ mix(rng_next(rng)) };
}

static void spin(uint64_t ns)
{
	uint64_t end = now_ns() + ns;

	while (now_ns() < end)
		;
}

void dither(struct rng *rng, unsigned int max_us)
{
	uint64_t max = max_us * 1000ULL;
	uint64_t ns = rng_next(rng) % (max + 1) >> rng_below(rng, 8);

	if (one_in(rng, 8))
		return;
	if (ns > 60000) {
		sleep_us((ns - 50000) / 1000);
		ns = 50000;
	}
	spin(ns);
}

void jitter(struct rng *rng)
{
	switch (rng_below(rng, 8)) {
	case 0:
		sched_yield();
		break;
	case 1:
	case 2:
		spin(rng_below(rng, 2000));
		break;
	case 3:
		spin(rng_below(rng, 20000));
		break;
	case 4:
		if (one_in(rng, 3))
			sleep_us(rng_below(rng, 100));
		break;
	}
}

/* ---- memory -------------------------------------------------------------- */

/*
 * What a round used is kept for a while, so that a callback which comes too
 * late finds it, and is found out.
 */
#define RETIRED		64

struct block {
	struct block *next;
	_Alignas(16) char data[];
};

static struct block *retired[RETIRED];
static unsigned int retire_next;

void *s_alloc(struct round *r, size_t size)
{
	struct block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		abort();
	block->next = r->memory;
	r->memory = block;
	return block->data;
}

static void free_blocks(struct block *block)
{
	struct block *next;

	for (; block; block = next) {
		next = block->next;
		free(block);
	}
}

void memory_retire(struct round *r)
{
	unsigned int i = retire_next++ % RETIRED;

	free_blocks(retired[i]);
	retired[i] = r->memory;
	r->memory = NULL;
}

/* ---- racers -------------------------------------------------------------- */

struct line *line_new(struct round *r, unsigned int n)
{
	struct line *line = s_alloc(r, sizeof(*line));

	line->n = n;
	return line;
}

void line_wait(struct line *line)
{
	unsigned int i = 0;

	s_inc(&line->there);
	while (s_load(&line->there) < line->n)
		if (++i > 200)
			sched_yield();
}

static void *racer_main(void *arg)
{
	struct racer *racer = arg;

	if (racer->line)
		line_wait(racer->line);
	racer->fn(racer);
	return NULL;
}

struct racer *racer_start(struct round *r, struct line *line,
			  void (*fn)(struct racer *racer), void *arg)
{
	struct racer *racer = s_alloc(r, sizeof(*racer));

	racer->rng = rng_fork(&r->rng);
	racer->arg = arg;
	racer->line = line;
	racer->fn = fn;
	racer->next = r->racers;
	r->racers = racer;
	if (pthread_create(&racer->thread, NULL, racer_main, racer))
		abort();
	return racer;
}

long racer_join(struct racer *racer)
{
	if (!racer->joined)
		pthread_join(racer->thread, NULL);
	racer->joined = true;
	return racer->result;
}

void racers_join(struct round *r)
{
	struct racer *racer;

	for (racer = r->racers; racer; racer = racer->next)
		racer_join(racer);
	r->racers = NULL;
}

/* ---- a test, in a process of its own ------------------------------------- */

static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325;

	while (*s)
		h = (h ^ (unsigned char)*s++) * 0x100000001b3;
	return h;
}

static void run_round(struct stress *t, unsigned long number)
{
	struct round *r = calloc(1, sizeof(*r));
	uint64_t begin = now_ns(), took;

	if (!r)
		abort();
	r->number = number;
	r->rng.state = mix(seed) ^ mix(hash(t->name)) ^ mix(number + 1);
	board->round = number + 1;
	s_at("begin");
	t->round(r);
	s_at("end: racers");
	racers_join(r);
	if (!t->alone && !t->down) {
		s_at("end: detach");
		taps_detach(r);
	}
	s_at("end: kids");
	kids_end(r);
	s_at("end: engines");
	taps_put(r);
	taps_check(r);
	memory_retire(r);
	free(r);
	took = now_ns() - begin;
	if (took > board->longest_ns) {
		board->longest_ns = took;
		board->longest = number;
	}
	board->done++;
}

static void run_test(struct stress *t, unsigned long first, unsigned long n,
		     bool again)
{
	unsigned long i;
	int status;

	if (!t->down && !t->alone && !EXPECT_EQ(utrace_init(), 0))
		return;
	for (i = 0; i < n && !s_failed(); i++)
		run_round(t, again ? first : first + i);
	s_at("shutdown");
	board->done++;
	if (!t->down && !t->alone) {
		EXPECT_EQ(utrace_shutdown(), 0);
		EXPECT_EQ(utrace_exit(), 0);
	}
	taps_check_all();
	for (i = 0; i < RETIRED; i++)
		free_blocks(retired[i]);
	/* workers are children too: all are gone */
	if (waitpid(-1, &status, WNOHANG | __WALL) >= 0)
		FAIL("a child is left");
}

/* ---- processes ----------------------------------------------------------- */

static char proc_stat(pid_t pid, pid_t tid, char *comm, pid_t *ppid)
{
	char path[64], buf[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
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

/* All descendants; how many, at most @max. */
static int descendants(pid_t *pids, int max)
{
	int n = 0, known = -1, i;
	struct dirent *d;
	DIR *dir;

	while (known < n) {
		known = n;
		dir = opendir("/proc");
		if (!dir)
			return n;
		while ((d = readdir(dir))) {
			pid_t pid = atoi(d->d_name), ppid = 0;
			bool mine;

			if (pid <= 0 || !proc_stat(pid, pid, NULL, &ppid))
				continue;
			mine = ppid == getpid();
			for (i = 0; i < n && pids[i] != pid; i++)
				if (pids[i] == ppid)
					mine = true;
			if (mine && i == n && n < max)
				pids[n++] = pid;
		}
		closedir(dir);
	}
	return n;
}

static void read_word(pid_t pid, pid_t tid, const char *file, char *buf,
		      size_t size)
{
	char path[64];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = 0;
	buf[strcspn(buf, "\n")] = 0;
}

static void describe(pid_t pid)
{
	char path[64], comm[32] = "?", wchan[64], call[200];
	pid_t tracer, group;
	struct dirent *d;
	char state;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((d = readdir(dir))) {
		pid_t tid = atoi(d->d_name);

		if (tid <= 0)
			continue;
		state = proc_stat(pid, tid, comm, NULL);
		task_state(pid, tid, &tracer, &group);
		read_word(pid, tid, "wchan", wchan, sizeof(wchan));
		read_word(pid, tid, "syscall", call, sizeof(call));
		printf("#   %d/%d %s %c %s, tracer %d, call %s\n", pid, tid,
		       comm, state ?: '-', wchan, tracer, call);
	}
	closedir(dir);
}

static void kill_all(void)
{
	pid_t pids[512];
	int i, n;

	for (;;) {
		n = descendants(pids, 512);
		for (i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG | __WALL) < 0)
			return;
		sleep_us(1000);
	}
}

/* The test is over, so what is there is left behind. */
static bool left_behind(void)
{
	uint64_t end = now_ns() + 5000000000ULL;
	pid_t pids[512];
	int i, n;

	for (;;) {
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		n = descendants(pids, 512);
		if (!n || now_ns() >= end)
			break;
		sleep_us(1000);
	}
	for (i = 0; i < n; i++) {
		printf("# left behind: %d\n", pids[i]);
		describe(pids[i]);
	}
	kill_all();
	return n;
}

/* ---- the runner ---------------------------------------------------------- */

static bool has_failed;

/* Pass on what the test says; lines that are no comment become one. */
static void pass_on(const char *buf, size_t n)
{
	static bool begun;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!begun && buf[i] != '#')
			fputs("# ", stdout);
		begun = buf[i] != '\n';
		putchar(buf[i]);
	}
	if (memmem(buf, n, FAILED, strlen(FAILED)))
		has_failed = true;
	fflush(stdout);
}

/* Read what there is; false: nobody writes any more. */
static bool drain(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char buf[4096];
	ssize_t n;

	while (poll(&pfd, 1, ms) == 1) {
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			return false;
		pass_on(buf, n);
		ms = 0;
	}
	return true;
}

static void hangs(void)
{
	pid_t pids[512];
	int i, n = descendants(pids, 512);

	printf("# round %lu hangs at \"%s\"; what there is:\n",
	       board->round - 1, board->at);
	for (i = 0; i < n; i++)
		describe(pids[i]);
	fflush(stdout);
	while (keep)
		pause();
	kill_all();
}

/* Whether that child has ended; orphans of its are waited for too. */
static bool reap(pid_t pid, int *status)
{
	int any;
	pid_t got;

	while ((got = waitpid(-1, &any, WNOHANG | __WALL)) > 0) {
		if (got == pid) {
			*status = any;
			return true;
		}
	}
	return false;
}

/* Run one test in a child; whether it passed. */
static bool supervise(struct stress *t, unsigned long first, unsigned long n,
		      bool again)
{
	uint64_t end = now_ns() + ROUND_MS * 1000000ULL * SLOWER;
	unsigned long done = 0;
	bool ok = true, open = true;
	int fds[2], status;
	pid_t pid;

	memset(board, 0, sizeof(*board));
	has_failed = false;
	test_name = t->name;
	fflush(stdout);
	if (pipe2(fds, O_CLOEXEC)) {
		perror("pipe");
		exit(2);
	}
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_DFL);
		close(fds[0]);
		diag_fd = fcntl(fds[1], F_DUPFD_CLOEXEC, 90);
		close(fds[1]);
		run_test(t, first, n, again);
		exit(s_failed() ? 1 : 0);
	}
	close(fds[1]);
	while (!reap(pid, &status)) {
		if (open)
			open = drain(fds[0], 20);
		else
			sleep_us(1000);
		if (s_load(&board->done) != done) {
			done = s_load(&board->done);
			end = now_ns() + ROUND_MS * 1000000ULL * SLOWER;
		} else if (now_ns() >= end) {
			hangs();
			close(fds[0]);
			return false;
		}
	}
	drain(fds[0], 0);
	close(fds[0]);
	if (WIFSIGNALED(status))
		printf("# round %lu: killed by signal %d at \"%s\"\n",
		       board->round - 1, WTERMSIG(status), board->at);
	else if (WEXITSTATUS(status) > 1)
		printf("# round %lu: exit status %d at \"%s\"\n",
		       board->round - 1, WEXITSTATUS(status), board->at);
	if (status || has_failed)
		ok = false;
	if (left_behind())
		ok = false;
	return ok;
}

static bool chosen(struct stress *t, char **only, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(only[i], t->name))
			return true;
	return !n;
}

static void usage(FILE *f)
{
	fputs("usage: stress [--list] [--full] [--only NAME]... [--rounds N]\n"
	      "	[--round N [--times N]] [--keep]\n"
	      "SEED=N in the environment chooses the rounds.\n"
	      "--round: this round alone, again and again, --times at most\n"
	      "--keep: what fails or hangs is left to be looked at\n", f);
}

static void nothing(int sig)
{
	(void)sig;
}

static void find_program(void)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 30);
	char *slash;

	program[n > 0 ? n : 0] = 0;
	slash = strrchr(program, '/');
	strcpy(slash ? slash : program, "/programs/stress_kid");
}

int main(int argc, char **argv)
{
	unsigned long rounds = 0, first = 0, times = 1000000;
	int nonly = 0, total = 0, number = 0, failed = 0, i;
	bool list = false, full = false, again = false;
	const char *env = getenv("SEED");
	char *only[64];
	struct stress *t;

	for (i = 1; i < argc; i++) {
		bool more = i + 1 < argc;

		if (!strcmp(argv[i], "--list")) {
			list = true;
		} else if (!strcmp(argv[i], "--full")) {
			full = true;
		} else if (!strcmp(argv[i], "--keep")) {
			keep = true;
		} else if (!strcmp(argv[i], "--only") && more && nonly < 64) {
			only[nonly++] = argv[++i];
		} else if (!strcmp(argv[i], "--rounds") && more) {
			rounds = strtoul(argv[++i], NULL, 0);
		} else if (!strcmp(argv[i], "--round") && more) {
			first = strtoul(argv[++i], NULL, 0);
			again = true;
		} else if (!strcmp(argv[i], "--times") && more) {
			times = strtoul(argv[++i], NULL, 0);
		} else if (!strcmp(argv[i], "--help")) {
			usage(stdout);
			return 0;
		} else {
			usage(stderr);
			return 2;
		}
	}
	for (t = tests; t; t = t->next) {
		if (!chosen(t, only, nonly))
			continue;
		total++;
		if (list)
			printf("%s\t%s\n", t->name, t->what);
	}
	if (list)
		return 0;
	if (!total) {
		fprintf(stderr, "stress: no such test\n");
		return 2;
	}
	seed = env && *env ? strtoull(env, NULL, 0) : now_ns() & 0x3fffffff;
	find_program();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	/* ends poll(), so that orphans are waited for at once */
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = nothing }, NULL);
	printf("TAP version 13\n1..%d\n# SEED=%llu, %s\n", total, seed, FLAVOUR);
	for (t = tests; t; t = t->next) {
		unsigned long n = again ? times : rounds ? rounds :
				  full ? t->full : t->sample;
		uint64_t begin = now_ns();
		bool ok;

		if (!chosen(t, only, nonly))
			continue;
		/* a sanitizer slows a round down more than it helps a race */
		if (!again && !rounds && SLOWER > 1)
			n = (n + 1) / 2;
		ok = supervise(t, first, n, again);
		printf("%s %d - %s # %lu rounds, %.1f s, at most %.1f s "
		       "(%lu): %s\n",
		       ok ? "ok" : "not ok", ++number, t->name,
		       board->done ? board->done - (ok && board->done) : 0,
		       (now_ns() - begin) / 1e9, board->longest_ns / 1e9,
		       board->longest, t->what);
		if (!ok && board->round)
			printf("# again: SEED=%llu %s --only %s --round %lu\n",
			       seed, argv[0], t->name, board->round - 1);
		failed += !ok;
		fflush(stdout);
	}
	printf("# %d run, %d failed, SEED=%llu\n", number, failed, seed);
	return failed ? 1 : 0;
}
