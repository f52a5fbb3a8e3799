// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who waits?  A program traces children of its own, and has a SIGCHLD handler
 * that loops on waitpid(-1, WNOHANG); with "loop" also a thread that loops on
 * waitpid(-1).  Where is the stop of a tracee reported?
 *
 *	who-waits pthread	workers are threads that wait with __WNOTHREAD
 *	who-waits process	workers are processes with CLONE_VM, on stacks
 *				from malloc(), with the main thread's TLS
 *	who-waits lent		workers are lent threads: apart.S of the library
 *
 * docs/who-waits.md tells what came of it.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS		4
#define RUN_MS		1000
#define FORKS		10
#define STACK		(256 << 10)
#define APART		(CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | \
			 CLONE_IO)

long utrace_run_apart(int (*fn)(void *), void *arg, int *tid, void *nap,
		      unsigned long flags, const unsigned long *nap_mask);

struct worker {
	pid_t tracee;
	int tid;
	pthread_t lender;
	long stops;
	int error;
	bool wrong;		/* what should be its own was not */
};

static struct worker workers[WORKERS];
static atomic_long stolen, handled;
static atomic_bool quit;
static bool with_tls;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter;			/* under lock */
static __thread int number;

/* What a callback might do: errno, stdio, malloc, a mutex. */
static void use_libc(struct worker *worker)
{
	char *text = malloc(100 + worker->stops % 1000);

	if (!text)
		abort();
	errno = number;
	snprintf(text, 100, "%d", number);
	if (atoi(text) != worker - workers || errno != number)
		worker->wrong = true;
	free(text);
	pthread_mutex_lock(&lock);
	counter++;
	pthread_mutex_unlock(&lock);
}

static void trace(struct worker *worker)
{
	int status, sig;

	if (ptrace(PTRACE_SEIZE, worker->tracee, 0, PTRACE_O_TRACESYSGOOD)) {
		worker->error = errno;
		return;
	}
	ptrace(PTRACE_INTERRUPT, worker->tracee, 0, 0);
	while (waitpid(worker->tracee, &status, __WALL | __WNOTHREAD) > 0 &&
	       WIFSTOPPED(status)) {
		worker->stops++;
		if (with_tls)
			use_libc(worker);
		sig = WSTOPSIG(status);
		if (status >> 16 || sig == (SIGTRAP | 0x80))
			sig = 0;
		ptrace(PTRACE_SYSCALL, worker->tracee, 0, sig);
	}
}

/* ---- the three kinds of workers ------------------------------------------ */

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void *pthread_worker(void *arg)
{
	struct worker *worker = arg;

	block_all();
	number = worker - workers;
	trace(worker);
	return NULL;
}

static int process_worker(void *arg)
{
	struct worker *worker = arg;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* its own copy; the program's handler would wait here as well */
	signal(SIGCHLD, SIG_DFL);
	trace(worker);
	return 0;
}

static int lent_worker(void *arg)
{
	struct worker *worker = arg;

	syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	number = worker - workers;
	trace(worker);
	return 0;
}

static void *lend(void *arg)
{
	/* while it sleeps: the two signals of glibc for setuid and cancelling */
	const unsigned long all = ~0UL, nap_mask = ~(3UL << 31);
	struct worker *worker = arg;
	int status;
	char *nap;
	long pid;

	nap = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (nap == MAP_FAILED)
		abort();
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	pid = utrace_run_apart(lent_worker, worker, &worker->tid, nap + STACK,
			       APART | CLONE_PARENT_SETTID |
			       CLONE_CHILD_CLEARTID, &nap_mask);
	if (pid < 0)
		worker->error = -pid;
	else
		waitpid(pid, &status, __WALL);
	return NULL;
}

static void start(struct worker *worker, const char *kind)
{
	char *stack;

	if (!strcmp(kind, "process")) {
		stack = malloc(STACK);
		if (!stack || clone(process_worker, stack + STACK, APART,
				    worker) < 0)
			abort();
	} else if (pthread_create(&worker->lender, NULL,
				  strcmp(kind, "lent") ? pthread_worker : lend,
				  worker)) {
		abort();
	}
}

/* ---- the program that waits ------------------------------------------------ */

static void note(pid_t pid, int status)
{
	int i;

	for (i = 0; i < WORKERS; i++)
		if (pid == workers[i].tracee && WIFSTOPPED(status))
			stolen++;
}

static void on_child(int sig)
{
	int saved = errno, status;
	pid_t pid;

	(void)sig;
	handled++;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		note(pid, status);
	errno = saved;
}

static void *waiter(void *arg)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	int status;
	pid_t pid;

	while (!quit) {
		pid = waitpid(-1, &status, WUNTRACED | WCONTINUED);
		if (pid > 0)
			note(pid, status);
		else
			nanosleep(&ms, NULL);
	}
	return arg;
}

static void pause_ms(long ms)
{
	struct timespec left = { .tv_sec = ms / 1000,
				 .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&left, &left))
		;
}

static void make_tracees(void)
{
	int i;

	for (i = 0; i < WORKERS; i++) {
		workers[i].tracee = fork();
		if (workers[i].tracee)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			getppid();
	}
}

/* The program goes on with its own life: forks, and changes its group. */
static void live(void)
{
	pid_t child;
	int i;

	for (i = 0; i < FORKS; i++) {
		pause_ms(RUN_MS / FORKS);
		child = fork();
		if (!child)
			_exit(0);
	}
	if (setgid(getgid()))
		abort();
}

static long end_and_count(const char *kind)
{
	long stops = 0;
	int i;

	for (i = 0; i < WORKERS; i++)
		kill(workers[i].tracee, SIGKILL);
	if (!strcmp(kind, "lent"))
		for (i = 0; i < WORKERS; i++)
			pthread_join(workers[i].lender, NULL);
	else	/* a worker whose stop was stolen waits for ever */
		pause_ms(100);
	quit = true;
	for (i = 0; i < WORKERS; i++) {
		stops += workers[i].stops;
		if (workers[i].error)
			printf("  worker %d: %s\n", i,
			       strerror(workers[i].error));
		if (workers[i].wrong)
			printf("  worker %d: not its own TLS\n", i);
	}
	return stops;
}

int main(int argc, char **argv)
{
	const struct sigaction action = {
		.sa_handler = on_child,
		.sa_flags = SA_RESTART,
	};
	const char *kind = argc > 1 ? argv[1] : "lent";
	bool loop = argc > 2 && !strcmp(argv[2], "loop");
	pthread_t thread;
	long stops;
	int i;

	with_tls = strcmp(kind, "process");
	make_tracees();
	sigaction(SIGCHLD, &action, NULL);
	for (i = 0; i < WORKERS; i++)
		start(&workers[i], kind);
	if (loop && pthread_create(&thread, NULL, waiter, NULL))
		abort();
	live();
	stops = end_and_count(kind);
	printf("%-8s%-5s %8ld stops, counted under a mutex: %8ld; handler ran %6ld times; stolen: %ld\n",
	       kind, loop ? " loop" : "", stops, counter, handled, stolen);
	fflush(stdout);
	if (loop)
		pthread_join(thread, NULL);
	_exit(0);
}
