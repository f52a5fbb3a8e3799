// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The harness of the contract tests, in the library's flavour.
 *
 * The runner never calls the library.  It runs each test in a child process
 * of its own, with a watchdog, and is the subreaper of all that the test
 * starts: a crash or a hang is a failed test, and nothing is left behind.
 * What a test process says goes through a pipe to the runner, which prints
 * TAP.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <utrace/thread.h>
#include "recorder.h"

#define EXIT_SKIP	77
#define FAILED		"# FAIL "

static struct h_test *tests, **tests_tail = &tests;
static struct h_part_def *parts;
static char programs[PATH_MAX];
static unsigned int watchdog_ms = 60000;
unsigned int h_limit_ms = 20000;
static int diag_fd = 2;			/* in a test: the pipe to the runner */
static int failures;
static bool skipped;
static pthread_t test_thread;

void h_register(struct h_test *test)
{
	*tests_tail = test;
	tests_tail = &test->next;
}

void h_register_part(struct h_part_def *part)
{
	part->next = parts;
	parts = part;
}

void *h_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		abort();
	return p;
}

void h_free(void *p)
{
	free(p);
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

void h_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("# ", fmt, ap);
	va_end(ap);
}

static void fail(const char *file, int line, const char *fmt, va_list ap)
{
	const char *base = strrchr(file, '/');
	char prefix[200];

	h_inc(&failures);
	snprintf(prefix, sizeof(prefix), FAILED "%s:%d: ",
		 base ? base + 1 : file, line);
	say(prefix, fmt, ap);
}

void h_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(file, line, fmt, ap);
	va_end(ap);
}

static void end_of_test(void);

void h_die(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(file, line, fmt, ap);
	va_end(ap);
	if (!pthread_equal(pthread_self(), test_thread))
		_exit(1);
	end_of_test();
	exit(1);
}

bool h_failed(void)
{
	return h_load(&failures) != 0;
}

void h_skip(const char *why)
{
	dprintf(diag_fd, "SKIP %s\n", why);
	skipped = true;
}

bool h_check(const char *file, int line, const char *what, bool holds)
{
	if (!holds)
		h_fail(file, line, "%s", what);
	return holds;
}

bool h_check_eq(const char *file, int line, const char *what,
		long long seen, long long wanted)
{
	if (seen == wanted)
		return true;
	if ((seen < 0 && seen > -4096) || (wanted < 0 && wanted > -4096) ||
	    (seen >= 0 && seen < 4096))
		h_fail(file, line, "%s is %lld, not %lld", what, seen, wanted);
	else
		h_fail(file, line, "%s is %#llx, not %#llx", what,
		       (unsigned long long)seen, (unsigned long long)wanted);
	return false;
}

/* ---- waiting ------------------------------------------------------------- */

static unsigned long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static void sleep_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

void h_cause(void)
{
	static unsigned int order;

	h_inc(&order);
}

void h_wait_begin(struct h_wait *w, unsigned int ms)
{
	h_cause();
	w->end = now_ms() + ms;
	w->rounds = 0;
}

bool h_wait_more(struct h_wait *w)
{
	if (now_ms() >= w->end)
		return false;
	sleep_us(w->rounds++ < 50 ? 100 : 2000);
	h_cause();
	return true;
}

unsigned long h_stops(void)
{
	struct utrace_stats stats;

	utrace_get_stats(&stats, sizeof(stats));
	return stats.stops;
}

/* ---- the host ------------------------------------------------------------ */

static const struct utrace_caps *caps(void)
{
	static struct utrace_caps table;

	if (!table.host && utrace_capabilities(&table, sizeof(table)))
		h_die(__FILE__, __LINE__, "utrace_capabilities() fails");
	return &table;
}

bool host_is(const char *name)
{
	return !strcmp(caps()->host, name);
}

const struct utrace_capability *cap_entry(const char *id)
{
	size_t i;

	for (i = 0; i < caps()->nr; i++)
		if (!strcmp(caps()->entries[i].id, id))
			return &caps()->entries[i];
	return NULL;
}

bool cap_has(const char *id)
{
	const struct utrace_capability *e = cap_entry(id);

	return !e || e->kept;
}

bool cap_full(const char *id)
{
	return !cap_entry(id);
}

int cap_error(const char *id)
{
	const struct utrace_capability *e = cap_entry(id);

	return e ? e->error : 0;
}

int h_explain_attach(int tid, int error, char *buf, size_t size)
{
	return utrace_explain_attach(tid, error, buf, size);
}

/* ---- handles ------------------------------------------------------------- */

struct handle {
	struct task_struct *task;
	struct pid *pid;
	struct handle *next;
};

static struct handle *handles;
static pthread_mutex_t handles_lock = PTHREAD_MUTEX_INITIALIZER;

static void keep_handle(struct task_struct *task, struct pid *pid)
{
	struct handle *h = h_alloc(sizeof(*h));

	h->task = task;
	h->pid = pid;
	pthread_mutex_lock(&handles_lock);
	h->next = handles;
	handles = h;
	pthread_mutex_unlock(&handles_lock);
}

struct task_struct *h_task(int tid)
{
	struct task_struct *task = utrace_thread_find(tid);

	if (!IS_ERR(task))
		keep_handle(task, NULL);
	return task;
}

struct pid *h_pid(int tid)
{
	struct pid *pid = find_get_pid(tid);

	if (pid)
		keep_handle(NULL, pid);
	return pid;
}

void h_put_handles(void)
{
	struct handle *h;

	while ((h = handles)) {
		handles = h->next;
		if (h->task)
			put_task_struct(h->task);
		if (h->pid)
			put_pid(h->pid);
		free(h);
	}
}

/* ---- programs ------------------------------------------------------------ */

#define PROG_CMD	3		/* descriptors in the program */
#define PROG_OUT	4
#define PROG_THREADS	64

struct prog {
	const char *name;
	pid_t pid;
	int cmd, out;
	char buf[8192], line[1024];
	size_t len;
	bool reaped;
	int tids[PROG_THREADS];
	struct task_struct *task, *tasks[PROG_THREADS];
	int nthreads;
	pid_t tracer;
	struct prog *next;
};

static struct prog *progs;

static char proc_state(const char *path, char *comm, pid_t *ppid)
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

char h_state(int tid)
{
	char path[64];

	h_cause();
	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	return proc_state(path, NULL, NULL);
}

struct prog *prog_startv(const char *const *argv)
{
	struct prog *p = h_alloc(sizeof(*p));
	int cmd[2], out[2], i;
	char path[PATH_MAX + 100];
	const char *args[32];
	const char *line;
	sigset_t none;

	snprintf(path, sizeof(path), "%s/%s", programs, argv[0]);
	for (i = 0; argv[i] && i < 31; i++)
		args[i] = argv[i];
	args[i] = NULL;
	p->name = argv[0];
	/* Packets: one command is one read() of the program. */
	if (pipe2(cmd, O_CLOEXEC | O_DIRECT) || pipe2(out, O_CLOEXEC))
		h_die(__FILE__, __LINE__, "pipe: errno %d", errno);
	/* Out of the way of the two descriptors that the child gets. */
	for (i = 0; i < 2; i++) {
		int *fd = i ? &out[1] : &cmd[0];
		int high = fcntl(*fd, F_DUPFD_CLOEXEC, 100);

		if (high < 0)
			h_die(__FILE__, __LINE__, "dup: errno %d", errno);
		close(*fd);
		*fd = high;
	}
	sigemptyset(&none);
	p->pid = fork();
	if (p->pid < 0)
		h_die(__FILE__, __LINE__, "fork: errno %d", errno);
	if (!p->pid) {
		/* Descriptors first: what is not ours is close-on-exec. */
		if (dup2(cmd[0], PROG_CMD) < 0 || dup2(out[1], PROG_OUT) < 0)
			_exit(97);
		setpgid(0, 0);
		signal(SIGPIPE, SIG_DFL);
		signal(SIGUSR1, SIG_DFL);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execv(path, (char *const *)args);
		_exit(97);
	}
	setpgid(p->pid, p->pid);	/* whoever is first */
	close(cmd[0]);
	close(out[1]);
	p->cmd = cmd[1];
	p->out = out[0];
	p->next = progs;
	progs = p;
	line = prog_hear(p);
	if (!line || strcmp(line, "ready"))
		h_die(__FILE__, __LINE__, "%s does not start (it says %s)",
		      path, line ? line : "nothing");
	p->task = h_task(p->pid);
	if (IS_ERR(p->task))
		h_die(__FILE__, __LINE__, "no handle for %s: %ld", path,
		      PTR_ERR(p->task));
	return p;
}

void prog_say(struct prog *p, const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	int n;

	h_cause();
	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (write(p->cmd, buf, n) != n)
		h_fail(__FILE__, __LINE__, "%s hears nothing any more",
		       p->name);
}

void prog_go(struct prog *p)
{
	prog_say(p, "go");
}

/* The next line as it comes; "" is the end, null: the limit was hit. */
static const char *next_line(struct prog *p, unsigned int ms)
{
	struct h_wait w;
	char *nl;

	h_wait_begin(&w, ms);
	while (!(nl = memchr(p->buf, '\n', p->len))) {
		struct pollfd pfd = { .fd = p->out, .events = POLLIN };
		long long left = w.end - now_ms();
		ssize_t n;

		if (left <= 0)
			return NULL;
		if (poll(&pfd, 1, left) <= 0)
			continue;
		n = read(p->out, p->buf + p->len, sizeof(p->buf) - p->len);
		if (n <= 0)
			return "";
		p->len += n;
	}
	*nl = 0;
	h_cause();
	snprintf(p->line, sizeof(p->line), "%.1000s", p->buf);
	p->len -= nl + 1 - p->buf;
	memmove(p->buf, nl + 1, p->len);
	return p->line;
}

static bool take_thread(struct prog *p, const char *line)
{
	int tid;

	if (sscanf(line, "thread %d", &tid) != 1)
		return false;
	if (p->nthreads < PROG_THREADS) {
		/* null if it is gone already: prog_thread() tells. */
		p->tasks[p->nthreads] = h_task(tid);
		p->tids[p->nthreads++] = tid;
	}
	return true;
}

const char *prog_hear(struct prog *p)
{
	const char *line;

	do {
		line = next_line(p, H_LIMIT_MS);
		if (!line || !*line) {
			h_fail(__FILE__, __LINE__,
			       "%s (%d, state %c) says nothing%s", p->name,
			       p->pid, h_state(p->pid) ?: '-',
			       line ? " any more" : "");
			return NULL;
		}
	} while (take_thread(p, line));
	return line;
}

bool prog_expect(struct prog *p, const char *wanted)
{
	const char *line = prog_hear(p);

	if (!line)
		return false;
	if (strcmp(line, wanted)) {
		h_fail(__FILE__, __LINE__, "%s says '%s', not '%s'", p->name,
		       line, wanted);
		return false;
	}
	return true;
}

long prog_get(struct prog *p, const char *key)
{
	const char *line = prog_hear(p);
	size_t n = strlen(key);

	if (!line)
		return -1;
	if (strncmp(line, key, n) || line[n] != ' ') {
		h_fail(__FILE__, __LINE__, "%s says '%s', not '%s NUMBER'",
		       p->name, line, key);
		return -1;
	}
	return strtoul(line + n + 1, NULL, 0);
}

bool one_call(struct prog *p)
{
	prog_go(p);
	return prog_expect(p, "done") && wait_until(prog_state(p) == 'S');
}

int prog_tid(struct prog *p)
{
	return p->pid;
}

struct task_struct *prog_task(struct prog *p)
{
	return p->task;
}

int prog_thread_tid(struct prog *p, int n)
{
	while (n >= p->nthreads) {
		const char *line = next_line(p, H_LIMIT_MS);

		if (!line || !take_thread(p, line))
			h_die(__FILE__, __LINE__,
			      "%s does not tell of thread %d", p->name, n);
	}
	return p->tids[n];
}

struct task_struct *prog_thread(struct prog *p, int n)
{
	prog_thread_tid(p, n);
	if (IS_ERR(p->tasks[n]))
		h_die(__FILE__, __LINE__, "no handle for thread %d of %s: %ld",
		      n, p->name, PTR_ERR(p->tasks[n]));
	return p->tasks[n];
}

void prog_signal(struct prog *p, int sig)
{
	h_cause();
	if (kill(p->pid, sig))
		h_fail(__FILE__, __LINE__, "kill %s: errno %d", p->name, errno);
}

void prog_thread_signal(struct prog *p, int n, int sig)
{
	if (syscall(SYS_tgkill, p->pid, prog_thread_tid(p, n), sig))
		h_fail(__FILE__, __LINE__, "tgkill %s: errno %d", p->name,
		       errno);
}

char prog_state(struct prog *p)
{
	return h_state(p->pid);
}

/* waitpid() with a limit; the program's own parent, as any program would. */
static bool wait_for(struct prog *p, int *status, int flags)
{
	pid_t got = 0;
	bool ok;

	ok = h_poll_(H_LIMIT_MS,
		     (got = waitpid(p->pid, status, flags | WNOHANG)) != 0);
	if (!ok || got < 0) {
		h_fail(__FILE__, __LINE__,
		       "waiting for %s (%d, state %c): %s", p->name, p->pid,
		       h_state(p->pid) ?: '-', ok ? "no such child" :
		       "nothing");
		return false;
	}
	h_cause();
	return true;
}

int prog_wait(struct prog *p)
{
	int status;

	if (!wait_for(p, &status, 0))
		return -1;
	if (!WIFEXITED(status) && !WIFSIGNALED(status)) {
		h_fail(__FILE__, __LINE__, "%s: wait status %#x", p->name,
		       status);
		return -1;
	}
	p->reaped = true;
	return status;
}

int prog_wait_stopped(struct prog *p)
{
	int status;

	if (!wait_for(p, &status, WUNTRACED))
		return -1;
	if (!WIFSTOPPED(status)) {
		p->reaped = true;
		h_fail(__FILE__, __LINE__, "%s: wait status %#x, no stop",
		       p->name, status);
		return -1;
	}
	return WSTOPSIG(status);
}

bool prog_wait_continued(struct prog *p)
{
	int status;

	if (!wait_for(p, &status, WCONTINUED))
		return false;
	if (WIFEXITED(status) || WIFSIGNALED(status))
		p->reaped = true;
	return EXPECT(WIFCONTINUED(status));
}

bool prog_wait_zombie(struct prog *p)
{
	siginfo_t info = { 0 };

	return wait_until(!waitid(P_PID, p->pid, &info,
				  WEXITED | WNOHANG | WNOWAIT) &&
			  info.si_pid == p->pid);
}

bool prog_peek(struct prog *p, unsigned long addr, void *buf, size_t len)
{
	struct iovec to = { buf, len }, from = { (void *)addr, len };

	if (process_vm_readv(p->pid, &to, 1, &from, 1, 0) == (ssize_t)len)
		return true;
	h_fail(__FILE__, __LINE__, "reading memory of %s: errno %d", p->name,
	       errno);
	return false;
}

bool prog_poke(struct prog *p, unsigned long addr, const void *buf, size_t len)
{
	struct iovec from = { (void *)buf, len }, to = { (void *)addr, len };

	if (process_vm_writev(p->pid, &from, 1, &to, 1, 0) == (ssize_t)len)
		return true;
	h_fail(__FILE__, __LINE__, "writing memory of %s: errno %d", p->name,
	       errno);
	return false;
}

unsigned int prog_peek32(struct prog *p, unsigned long addr)
{
	unsigned int val = 0;

	prog_peek(p, addr, &val, sizeof(val));
	return val;
}

/* A tracer of the plain kind, that hands on all it gets. */
static void native_tracer(pid_t pid, int fd)
{
	int status, err = 0;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		err = -errno;
	if (write(fd, &err, sizeof(err)) != sizeof(err) || err)
		_exit(1);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
		ptrace(status >> 16 == PTRACE_EVENT_STOP ? PTRACE_LISTEN :
		       PTRACE_CONT, pid, 0,
		       status >> 16 ? 0 : (long)WSTOPSIG(status));
	_exit(0);
}

int prog_native_trace(struct prog *p)
{
	int fds[2], err = -EIO;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	p->tracer = fork();
	if (!p->tracer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		native_tracer(p->pid, fds[1]);
	}
	close(fds[1]);
	if (read(fds[0], &err, sizeof(err)) != sizeof(err))
		err = -EIO;
	close(fds[0]);
	return err;
}

static void end_programs(void)
{
	struct prog *p;

	while ((p = progs)) {
		progs = p->next;
		if (p->tracer > 0) {
			kill(p->tracer, SIGKILL);
			waitpid(p->tracer, NULL, 0);
		}
		if (!p->reaped) {
			kill(p->pid, SIGKILL);
			wait_for(p, &(int){ 0 }, 0);
		}
		close(p->cmd);
		close(p->out);
		free(p);
	}
}

/* ---- gates and threads --------------------------------------------------- */

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool open;
	unsigned int waiters;
	struct gate *next;
};

static struct gate *gates;

struct gate *gate_new(void)
{
	struct gate *g = h_alloc(sizeof(*g));

	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->cond, NULL);
	g->next = gates;
	gates = g;
	return g;
}

void gate_open(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->open = true;
	pthread_cond_broadcast(&g->cond);
	pthread_mutex_unlock(&g->lock);
}

bool gate_wait(struct gate *g)
{
	struct timespec ts;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 2 * H_LIMIT_MS / 1000;
	pthread_mutex_lock(&g->lock);
	g->waiters++;
	while (!g->open && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&g->cond, &g->lock, &ts);
	g->waiters--;
	pthread_mutex_unlock(&g->lock);
	if (err == ETIMEDOUT)
		h_fail(__FILE__, __LINE__, "a gate was never opened");
	return err != ETIMEDOUT;
}

unsigned int gate_waiters(struct gate *g)
{
	unsigned int n;

	pthread_mutex_lock(&g->lock);
	n = g->waiters;
	pthread_mutex_unlock(&g->lock);
	return n;
}

bool gate_busy(struct gate *g)
{
	return wait_until(gate_waiters(g) > 0);
}

struct h_thread {
	long (*fn)(void *);
	void *arg;
	long ret;
	bool done, joined;
	pid_t tid;
	pthread_t thread;
	struct h_thread *next;
};

static struct h_thread *threads;

static void *thread_main(void *arg)
{
	struct h_thread *t = arg;

	h_store(&t->tid, (pid_t)syscall(SYS_gettid));
	t->ret = t->fn(t->arg);
	h_store(&t->done, true);
	return NULL;
}

struct h_thread *h_thread(long (*fn)(void *), void *arg)
{
	struct h_thread *t = h_alloc(sizeof(*t));

	t->fn = fn;
	t->arg = arg;
	if (pthread_create(&t->thread, NULL, thread_main, t))
		h_die(__FILE__, __LINE__, "no thread");
	t->next = threads;
	threads = t;
	return t;
}

bool h_thread_done(struct h_thread *t)
{
	return h_load(&t->done);
}

long h_join(struct h_thread *t)
{
	if (!t->joined) {
		wait_until(h_thread_done(t));
		pthread_join(t->thread, NULL);
		t->joined = true;
	}
	return t->ret;
}

/* Asleep each time that one looks: waiting for more than a moment. */
static bool asleep(struct h_thread *t)
{
	pid_t tid = h_load(&t->tid);
	char path[64];
	int i;

	if (!tid)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	for (i = 0; i < 20; i++) {
		if (proc_state(path, NULL, NULL) != 'S')
			return false;
		sleep_us(1000);
	}
	return true;
}

bool h_thread_settled(struct h_thread *t)
{
	return wait_until(h_thread_done(t) || asleep(t));
}

static void nothing(int sig)
{
	(void)sig;
}

bool h_thread_interrupt(struct h_thread *t)
{
	struct sigaction sa = { .sa_handler = nothing };

	sigaction(SIGUSR1, &sa, NULL);
	return wait_until(h_thread_done(t) ||
			  (pthread_kill(t->thread, SIGUSR1), false));
}

static void open_gates(void)
{
	struct gate *g;

	for (g = gates; g; g = g->next)
		gate_open(g);
}

static void end_threads(void)
{
	struct h_thread *t;

	while ((t = threads)) {
		threads = t->next;
		h_join(t);
		free(t);
	}
}

static void free_gates(void)
{
	struct gate *g;

	while ((g = gates)) {
		gates = g->next;
		free(g);
	}
}

/* ---- one test, in a process of its own ----------------------------------- */

static void end_parts(void);

static void end_of_test(void)
{
	int err;

	open_gates();
	rec_teardown_begin();
	end_parts();
	end_programs();
	end_threads();
	err = utrace_shutdown();
	if (err && err != -ESRCH)
		h_fail(__FILE__, __LINE__, "utrace_shutdown() is %d", err);
	rec_teardown_put();
	h_put_handles();
	err = utrace_exit();
	if (err)
		h_fail(__FILE__, __LINE__, "utrace_exit() is %d", err);
	rec_teardown_end();
	free_gates();
}

static void begin(void)
{
	int err;

	test_thread = pthread_self();
	signal(SIGPIPE, SIG_IGN);
	err = utrace_init();
	if (err) {
		h_fail(__FILE__, __LINE__, "utrace_init() is %d", err);
		exit(1);
	}
}

static int run_test(struct h_test *t)
{
	begin();
	t->run();
	end_of_test();
	return h_failed() ? 1 : skipped ? EXIT_SKIP : 0;
}

/* ---- parts: a second process with engines -------------------------------- */

struct h_part {
	pid_t pid;
	int fd;
	struct h_part *next;
};

static struct h_part *running_parts;

/* The part's end of the pipe, and of the diagnosis, in the part. */
#define PART_OUT	100
#define PART_DIAG	101

struct h_part *h_part_start(const char *name, long arg, int flags)
{
	struct h_part *part;
	int fds[2], diag;
	char num[32], fl[32];

	if ((flags & H_PART_NOBODY) && geteuid())
		return NULL;
	snprintf(num, sizeof(num), "%ld", arg);
	snprintf(fl, sizeof(fl), "%d", flags);
	part = h_alloc(sizeof(*part));
	if (pipe2(fds, O_CLOEXEC))
		h_die(__FILE__, __LINE__, "pipe: errno %d", errno);
	fds[1] = fcntl(fds[1], F_DUPFD_CLOEXEC, 110);
	diag = fcntl(diag_fd, F_DUPFD_CLOEXEC, 110);
	part->pid = fork();
	if (part->pid < 0)
		h_die(__FILE__, __LINE__, "fork: errno %d", errno);
	if (!part->pid) {
		dup2(fds[1], PART_OUT);
		dup2(diag, PART_DIAG);
		execl("/proc/self/exe", "contract", "--part", name, num, fl,
		      "--programs", programs, NULL);
		_exit(97);
	}
	close(fds[1]);
	close(diag);
	part->fd = fds[0];
	part->next = running_parts;
	running_parts = part;
	return part;
}

void h_part_tell(long value)
{
	if (write(PART_OUT, &value, sizeof(value)) != sizeof(value))
		_exit(99);
}

bool h_part_ask(struct h_part *part, long *value)
{
	struct pollfd pfd = { .fd = part->fd, .events = POLLIN };

	if (poll(&pfd, 1, H_LIMIT_MS) == 1 &&
	    read(part->fd, value, sizeof(*value)) == sizeof(*value))
		return true;
	h_fail(__FILE__, __LINE__, "the part says nothing");
	return false;
}

void h_part_kill(struct h_part *part)
{
	if (part->pid > 0) {
		kill(part->pid, SIGKILL);
		waitpid(part->pid, NULL, 0);
		part->pid = 0;
	}
}

static void end_parts(void)
{
	struct h_part *part;

	while ((part = running_parts)) {
		running_parts = part->next;
		h_part_kill(part);
		close(part->fd);
		free(part);
	}
}

static int run_part(char **argv)
{
	struct h_part_def *d;
	int flags = atoi(argv[2]);

	diag_fd = PART_DIAG;
	fcntl(PART_OUT, F_SETFD, FD_CLOEXEC);
	fcntl(PART_DIAG, F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (d = parts; d && strcmp(d->name, argv[0]); d = d->next)
		;
	if (!d)
		return 97;
	if (flags & H_PART_NOBODY) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			return 97;
	}
	begin();
	d->run(atol(argv[1]));
	for (;;)
		pause();
}

/* ---- the runner ---------------------------------------------------------- */

struct output {
	char *text;
	size_t len, size;
};

static void add_output(struct output *o, const char *text, size_t len)
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

static void complain(struct output *o, const char *fmt, ...)
{
	char buf[600];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	add_output(o, buf, n < (int)sizeof(buf) ? n : (int)sizeof(buf) - 1);
}

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

static void describe(struct output *o, pid_t pid)
{
	char path[300], comm[32] = "?", wchan[64] = "";
	char state;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((d = readdir(dir))) {
		int fd;

		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", pid,
			 d->d_name);
		state = proc_state(path, comm, NULL);
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/wchan", pid,
			 d->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			ssize_t n = read(fd, wchan, sizeof(wchan) - 1);

			wchan[n > 0 ? n : 0] = 0;
			close(fd);
		}
		complain(o, "#   %d/%s %s state %c %s\n", pid, d->d_name, comm,
			 state ?: '-', wchan);
	}
	closedir(dir);
}

/* Kill whatever is there, until there are no children any more. */
static void kill_all(void)
{
	pid_t pids[256];
	int i, n;

	for (;;) {
		n = descendants(pids, 256);
		for (i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG | __WALL) < 0)
			return;
		sleep_us(1000);
	}
}

/*
 * After the test's own process is gone: nothing may be left.  What ends by
 * itself, now that its owner has, is given time to.
 */
static bool left_behind(struct output *o)
{
	unsigned long long end = now_ms() + H_LIMIT_MS / 4;
	pid_t pids[256];
	bool left = false;
	int i, n;

	for (;;) {
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		n = descendants(pids, 256);
		if (!n || now_ms() >= end)
			break;
		sleep_us(1000);
	}
	for (i = 0; i < n; i++) {
		complain(o, "# left behind: %d\n", pids[i]);
		describe(o, pids[i]);
		left = true;
	}
	kill_all();
	return left;
}

/* Run one test in a child; 0, 1, EXIT_SKIP. */
static int supervise(struct h_test *t, struct output *o)
{
	unsigned long long end = now_ms() + watchdog_ms;
	int fds[2], status, result = 1;
	bool over = false, eof = false;
	pid_t pid;

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
		int out;

		close(fds[0]);
		/* Low descriptors are for programs. */
		out = fcntl(fds[1], F_DUPFD_CLOEXEC, 90);
		close(fds[1]);
		diag_fd = out;
		dup2(2, 1);
		exit(run_test(t));
	}
	close(fds[1]);
	while (!over) {
		struct pollfd pfd = { .fd = fds[0], .events = POLLIN };
		char buf[4096];
		ssize_t n;

		if (eof)
			sleep_us(1000);
		else if (poll(&pfd, 1, 20) == 1) {
			n = read(fds[0], buf, sizeof(buf));
			if (n > 0)
				add_output(o, buf, n);
			else
				eof = true;
			if (n > 0)
				continue;
		}
		if (waitpid(pid, &status, WNOHANG) == pid) {
			over = true;
		} else if (now_ms() >= end) {
			pid_t pids[256];
			int i, count = descendants(pids, 256);

			complain(o, "# hangs; what there is:\n");
			for (i = 0; i < count; i++)
				describe(o, pids[i]);
			kill_all();
			close(fds[0]);
			return 1;
		}
	}
	/* What it said last; others may still hold the pipe. */
	while (!eof) {
		struct pollfd pfd = { .fd = fds[0], .events = POLLIN };
		char buf[4096];
		ssize_t n = 0;

		if (poll(&pfd, 1, 0) == 1)
			n = read(fds[0], buf, sizeof(buf));
		if (n <= 0)
			break;
		add_output(o, buf, n);
	}
	close(fds[0]);
	if (WIFSIGNALED(status))
		complain(o, "# killed by signal %d\n", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == EXIT_SKIP)
		result = WEXITSTATUS(status);
	else if (WEXITSTATUS(status) != 1)
		complain(o, "# exit status %d\n", WEXITSTATUS(status));
	if (left_behind(o))
		result = 1;
	/* A part has no exit status of its own to fail with. */
	if (!result && o->text && strstr(o->text, FAILED))
		result = 1;
	return result;
}

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

static bool wanted(struct h_test *t, char **only, int n)
{
	const char *file = strrchr(t->file, '/');
	int i;

	file = file ? file + 1 : t->file;
	for (i = 0; i < n; i++)
		if (!fnmatch(only[i], t->name, 0) ||
		    !fnmatch(only[i], file, 0) ||
		    has_word(t->ids, only[i]))
			return true;
	return !n;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each statement that some test proves, once. */
static void list_ids(void)
{
	static char *ids[4096];
	struct h_test *t;
	int n = 0, i;

	for (t = tests; t; t = t->next) {
		char *copy = strdup(t->ids), *id, *save;

		for (id = strtok_r(copy, " ", &save); id && n < 4096;
		     id = strtok_r(NULL, " ", &save))
			ids[n++] = id;
	}
	qsort(ids, n, sizeof(*ids), by_name);
	for (i = 0; i < n; i++)
		if (!i || strcmp(ids[i], ids[i - 1]))
			puts(ids[i]);
}

static void usage(FILE *f)
{
	fputs("usage: contract [--list] [--ids] [--only PATTERN]... "
	      "[--repeat N] [--programs DIR] [--limit SECONDS] "
	      "[--patience SECONDS]\n"
	      "PATTERN: of test names (shell pattern), a file, or an id\n"
	      "limit: of a test, patience: of each wait for something\n", f);
}

int main(int argc, char **argv)
{
	char **only = calloc(argc, sizeof(*only)), **part = NULL;
	int nonly = 0, repeat = 1, number = 0, total = 0, failed = 0, i, r;
	bool list = false, ids = false;
	struct h_test *t, *u;
	const char *env = getenv("UTRACE_TEST_PROGRAMS");

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
			h_limit_ms = atoi(argv[++i]) * 1000;
		} else if (!strcmp(argv[i], "--programs") && more) {
			env = argv[++i];
		} else if (!strcmp(argv[i], "--part") && i + 3 < argc) {
			part = argv + i + 1;
			i += 3;
		} else if (!strcmp(argv[i], "--help")) {
			usage(stdout);
			return 0;
		} else {
			usage(stderr);
			return 2;
		}
	}
	if (env) {
		if (!realpath(env, programs)) {
			perror(env);
			return 2;
		}
	} else {
		ssize_t n = readlink("/proc/self/exe", programs,
				     sizeof(programs) - 20);
		char *slash;

		programs[n > 0 ? n : 0] = 0;
		slash = strrchr(programs, '/');
		strcpy(slash ? slash : programs, "/programs");
	}
	if (part)
		return run_part(part);
	if (ids) {
		list_ids();
		return 0;
	}
	for (t = tests; t; t = t->next) {
		for (u = t->next; u; u = u->next)
			if (!strcmp(t->name, u->name)) {
				fprintf(stderr, "two tests: %s\n", t->name);
				return 2;
			}
		if (!wanted(t, only, nonly))
			continue;
		total++;
		if (list)
			printf("%s\t%s\n", t->name, t->ids);
	}
	if (list)
		return 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	printf("TAP version 13\n1..%d\n", total * repeat);
	for (r = 0; r < repeat; r++) {
		for (t = tests; t; t = t->next) {
			struct output o = { 0 };
			char *line, *save, *why = NULL;
			int result;

			if (!wanted(t, only, nonly))
				continue;
			result = supervise(t, &o);
			failed += result == 1;
			if (result == EXIT_SKIP && o.text &&
			    (why = strstr(o.text, "SKIP ")))
				printf("ok %d - %s # %.*s\n", ++number,
				       t->name, (int)strcspn(why, "\n"), why);
			else
				printf("%s %d - %s # ids: %s\n",
				       result == 1 ? "not ok" : "ok", ++number,
				       t->name, t->ids);
			for (line = o.text ? strtok_r(o.text, "\n", &save) :
			     NULL; line; line = strtok_r(NULL, "\n", &save))
				if (line[0] == '#')
					puts(line);
			fflush(stdout);
			free(o.text);
		}
	}
	printf("# %d run, %d failed\n", number, failed);
	free(only);
	return failed ? 1 : 0;
}
