// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The harness of the contract tests, in the library's flavour.
 *
 * The runner never calls the library: each test has a process of its own.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <utrace/thread.h>
#include "flavour.h"
#include "user/runner.h"
#include "user/spawn.h"

unsigned int h_limit_ms = 20000;
static int diag_fd = 2;			/* in a test: the pipe to the runner */
static pthread_t test_thread;
static pthread_mutex_t lists = PTHREAD_MUTEX_INITIALIZER;

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

void h_lock(void)
{
	pthread_mutex_lock(&lists);
}

void h_unlock(void)
{
	pthread_mutex_unlock(&lists);
}

void h_say(const char *line, size_t len)
{
	if (write(diag_fd, line, len) < 0)
		_exit(99);
}

void h_die(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	h_vfail(file, line, fmt, ap);
	va_end(ap);
	if (!pthread_equal(pthread_self(), test_thread))
		_exit(1);
	h_end_of_test();
	exit(1);
}

long h_number(const char *text)
{
	return strtoul(text, NULL, 0);
}

unsigned long long h_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

bool h_nap(unsigned int us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
	return true;
}

unsigned long h_stops(void)
{
	struct utrace_stats stats;

	utrace_get_stats(&stats, sizeof(stats));
	return stats.stops;
}

int h_explain_attach(int tid, int error, char *buf, size_t size)
{
	return utrace_explain_attach(tid, error, buf, size);
}

/* ---- programs ------------------------------------------------------------ */

struct task_struct *h_find_task(int tid)
{
	return utrace_thread_find(tid);
}

char h_state(int tid)
{
	char path[64];

	h_cause();
	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	return proc_state(path, NULL, NULL);
}

int h_start(struct prog *p, const char *const *argv)
{
	p->pid = spawn_program(runner_programs, argv, &p->cmd.fd, &p->out.fd);
	return p->pid < 0 ? p->pid : 0;
}

void h_hang_up(struct prog *p)
{
	close(p->cmd.fd);
	close(p->out.fd);
}

int h_send(struct prog *p, const char *text, size_t len)
{
	return write(p->cmd.fd, text, len) == (ssize_t)len ? 0 : -EPIPE;
}

int h_receive(struct prog *p, char *buf, size_t len, unsigned int ms)
{
	struct pollfd pfd = { .fd = p->out.fd, .events = POLLIN };
	unsigned long long end = h_now_ms() + ms, now;

	while ((now = h_now_ms()) < end)
		if (poll(&pfd, 1, end - now) > 0)
			return read(p->out.fd, buf, len);
	return -EAGAIN;
}

static int result_of(long got, long wanted)
{
	return got == wanted ? 0 : got < 0 ? -errno : -EFAULT;
}

int h_kill(int pid, int sig)
{
	return result_of(kill(pid, sig), 0);
}

int h_tgkill(int pid, int tid, int sig)
{
	return result_of(syscall(SYS_tgkill, pid, tid, sig), 0);
}

int h_wait_child(int pid, int options, int *status)
{
	return child_state(pid, options, status);
}

int h_peek(struct prog *p, unsigned long addr, void *buf, size_t len)
{
	struct iovec to = { buf, len }, from = { (void *)addr, len };

	return result_of(process_vm_readv(p->pid, &to, 1, &from, 1, 0), len);
}

int h_poke(struct prog *p, unsigned long addr, const void *buf, size_t len)
{
	struct iovec from = { (void *)buf, len }, to = { (void *)addr, len };

	return result_of(process_vm_writev(p->pid, &from, 1, &to, 1, 0), len);
}

int h_native_trace(int pid, int *tracer)
{
	return spawn_tracer(pid, tracer);
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
		h_nap(1000);
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

void h_open_gates(void)
{
	struct gate *g;

	for (g = gates; g; g = g->next)
		gate_open(g);
}

void h_end_threads(void)
{
	struct h_thread *t;

	while ((t = threads)) {
		threads = t->next;
		h_join(t);
		free(t);
	}
}

void h_free_gates(void)
{
	struct gate *g;

	while ((g = gates)) {
		gates = g->next;
		free(g);
	}
}

/* ---- one test, in a process of its own ----------------------------------- */

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

static int run_test(unsigned int n, int diag)
{
	diag_fd = diag;
	h_limit_ms = runner_patience_ms;
	begin();
	__start_h_tests[n]->run();
	h_end_of_test();
	return h_failed() ? 1 : h_skipped() ? RUNNER_SKIP : 0;
}

/* ---- parts: a second process with engines -------------------------------- */

struct h_part {
	pid_t pid;
	int fd;
	struct h_part *next;
};

static struct h_part *running_parts;
extern struct h_part_def *const __start_h_parts[], *const __stop_h_parts[];

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
		      runner_programs, NULL);
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

bool h_part_lives(struct h_part *part)
{
	siginfo_t info = { .si_pid = 0 };

	return part->pid > 0 &&
	       !waitid(P_PID, part->pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       !info.si_pid;
}

static long requests_left;
static pid_t part_pid;

void h_part_dies_at(long request)
{
	part_pid = getpid();
	h_store(&requests_left, request);
}

/* The linker has the host's calls of ptrace() come here. */
long __wrap_ptrace(int request, pid_t pid, void *addr, void *data);
long __real_ptrace(int request, pid_t pid, void *addr, void *data);

long __wrap_ptrace(int request, pid_t pid, void *addr, void *data)
{
	if (h_load(&requests_left) &&
	    !__atomic_sub_fetch(&requests_left, 1, __ATOMIC_RELAXED)) {
		/* who makes it is a process of its own */
		kill(part_pid, SIGKILL);
		syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	}
	return __real_ptrace(request, pid, addr, data);
}

void h_end_parts(void)
{
	struct h_part *part;

	while ((part = running_parts)) {
		running_parts = part->next;
		h_part_kill(part);
		close(part->fd);
		free(part);
	}
}

/* NAME ARGUMENT FLAGS PROGRAMS */
static int run_part(char **argv)
{
	struct h_part_def *const *d;
	int flags = atoi(argv[2]);

	diag_fd = PART_DIAG;
	fcntl(PART_OUT, F_SETFD, FD_CLOEXEC);
	fcntl(PART_DIAG, F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(runner_programs, sizeof(runner_programs), "%s", argv[3]);
	for (d = __start_h_parts; d < __stop_h_parts; d++)
		if (!strcmp((*d)->name, argv[0]))
			break;
	if (d == __stop_h_parts)
		return 97;
	if (flags & H_PART_NOBODY) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			return 97;
	}
	begin();
	(*d)->run(atol(argv[1]));
	for (;;)
		pause();
}

/* ---- main ---------------------------------------------------------------- */

static int no_option(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static int load(struct runner *runner)
{
	struct runner_test *tests;
	unsigned int i;

	runner->count = __stop_h_tests - __start_h_tests;
	tests = h_alloc(runner->count * sizeof(*tests));
	for (i = 0; i < runner->count; i++)
		tests[i] = (struct runner_test){
			__start_h_tests[i]->name, __start_h_tests[i]->ids,
			__start_h_tests[i]->file,
		};
	runner->tests = tests;
	return 0;
}

int main(int argc, char **argv)
{
	struct runner runner = {
		.options = "", .option = no_option, .load = load,
		.run = run_test,
	};

	if (argc == 6 && !strcmp(argv[1], "--part"))
		return run_part(argv + 2);
	return runner_main(argc, argv, &runner);
}
