// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The traced program of the stress tests: what it does is in the memory that it
 * shares with the test (stress_share.h).
 *
 *	stress_kid loop N	N threads that do what they are told
 *	stress_kid after	what CMD_EXEC becomes: one thread of that kind
 *	stress_kid work		makes pipes, children, threads and signals, and
 *				looks whether each is as in an untraced run
 *	stress_kid storm N	N threads that create threads and children as
 *				fast as they can
 *	stress_kid chain N	a thread that creates its successor and ends, and
 *				so on, beside N that create others who just end
 *	stress_kid exit CODE	exits
 *
 * A program that sees an error where an untraced one sees none counts it in
 * errors, and exits with 98 (work, storm) in the end.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stress_share.h"

#define RIGHT	7		/* the exit status of work and storm */

static struct share *share;
static __thread struct kid_thread *self;
static __thread unsigned long random_state;

#define error()								\
	do {								\
		int no_ = errno;					\
									\
		if (sh_add(&share->errors, 1) == 1) {			\
			sh_store(&share->error_no, no_);		\
			sh_store(&share->error_line, __LINE__);		\
		}							\
	} while (0)

static unsigned int chance(unsigned int n)
{
	random_state = random_state * 6364136223846793005UL +
		       1442695040888963407UL;
	return (random_state >> 33) % n;
}

static int tid(void)
{
	return syscall(SYS_gettid);
}

static void on_usr1(int sig)
{
	(void)sig;
	if (self)
		sh_add(&self->signals, 1);
}

static void futex_wait(uint32_t *word, uint32_t seen)
{
	syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void open_share(void)
{
	struct sigaction sa = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };

	share = mmap(NULL, sizeof(*share), PROT_READ | PROT_WRITE, MAP_SHARED,
		     KID_FD, 0);
	if (share == MAP_FAILED)
		_exit(97);
	sigaction(SIGUSR1, &sa, NULL);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	random_state = getpid();
}

/* ---- loop ---------------------------------------------------------------- */

/* A child that was to exit with @arg. */
static void wait_for(pid_t pid, int arg)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid ||
	    !WIFEXITED(status) || WEXITSTATUS(status) != arg)
		error();
}

static void forked(void)
{
	int arg = sh_load(&self->arg);
	pid_t pid = fork();

	if (!pid)
		_exit(arg);
	wait_for(pid, arg);
}

static void vforked(void)
{
	int arg = sh_load(&self->arg);
	pid_t pid = vfork();

	if (!pid)
		_exit(arg);
	wait_for(pid, arg);
}

/* While a thread execs, the others cannot create any. */
static int execs(void)
{
	int i;

	for (i = 0; i < KID_THREADS; i++)
		if (sh_load(&share->threads[i].cmd) == CMD_EXEC)
			return 1;
	return 0;
}

static void *nothing(void *arg)
{
	return arg;
}

static void threaded(void)
{
	pthread_t t;

	errno = pthread_create(&t, NULL, nothing, NULL);
	if (errno == EAGAIN && execs())
		return;
	if (errno || pthread_join(t, NULL))
		error();
}

static void do_exec(void)
{
	char *argv[] = { "stress_kid", "after", NULL };

	execv("/proc/self/exe", argv);
	error();
}

/* One round of what is asked for. */
static void perform(uint32_t cmd)
{
	uint32_t before;

	switch (cmd) {
	case CMD_SLEEP:
		futex_wait(&self->cmd, cmd);
		return;
	case CMD_SPIN:
		break;
	case CMD_CALLS:
		syscall(SYS_getppid);
		break;
	case CMD_WRITE:
		if (write(KID_PIPE, "", 1) != 1)
			error();
		break;
	case CMD_FORK:
		forked();
		break;
	case CMD_VFORK:
		vforked();
		break;
	case CMD_THREAD:
		threaded();
		break;
	case CMD_RAISE:
		before = sh_load(&self->signals);
		syscall(SYS_tgkill, getpid(), tid(), SIGUSR1);
		if (sh_load(&self->signals) != before + 1)
			error();
		break;
	case CMD_PAUSE:
		pause();
		break;
	case CMD_STOP:
		sh_store(&self->cmd, CMD_SLEEP);
		kill(getpid(), SIGSTOP);
		break;
	case CMD_EXEC:
		do_exec();
		sh_store(&self->cmd, CMD_SLEEP);
		break;
	case CMD_LEAVE:
		syscall(SYS_exit, 0);
		break;
	case CMD_EXIT:
		_exit(sh_load(&self->arg));
	}
	__atomic_store_n(&self->loops, self->loops + 1, __ATOMIC_RELEASE);
}

static void *loop(void *arg)
{
	self = arg;
	sh_store(&self->tid, tid());
	sh_add(&share->ready, 1);
	for (;;)
		perform(sh_load(&self->cmd));
	return NULL;
}

static void loops(int n)
{
	pthread_attr_t attr;
	pthread_t t;
	int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (i = 1; i < n; i++)
		if (pthread_create(&t, &attr, loop, &share->threads[i]))
			_exit(97);
	loop(&share->threads[0]);
}

static void after(void)
{
	sh_store(&share->threads[0].cmd, CMD_SLEEP);
	sh_store(&share->threads[0].tid, tid());
	sh_add(&share->after, 1);
	loop(&share->threads[0]);
}

/* ---- work ---------------------------------------------------------------- */

static void piped(void)
{
	char buf[64], out[64];
	int fds[2], n = 1 + chance(sizeof(buf));

	memset(out, n, sizeof(out));
	if (pipe(fds)) {
		error();
		return;
	}
	if (write(fds[1], out, n) != n || read(fds[0], buf, sizeof(buf)) != n ||
	    memcmp(out, buf, n))
		error();
	close(fds[0]);
	close(fds[1]);
}

static void child_writes(void)
{
	int fds[2], status, n = 0;
	pid_t pid;
	char c;

	if (pipe(fds)) {
		error();
		return;
	}
	pid = fork();
	if (!pid) {
		close(fds[0]);
		for (n = 0; n < 5; n++)
			if (write(fds[1], "", 1) != 1)
				_exit(98);
		_exit(42);
	}
	close(fds[1]);
	while (read(fds[0], &c, 1) == 1)
		n++;
	close(fds[0]);
	if (pid < 0 || n != 5 || waitpid(pid, &status, 0) != pid ||
	    status != 42 << 8)
		error();
}

static void signalled(void)
{
	int status, fds[2];
	pid_t pid;
	char c;

	if (pipe(fds)) {
		error();
		return;
	}
	pid = fork();
	if (!pid) {
		close(fds[1]);
		if (read(fds[0], &c, 1) < 0)	/* for ever */
			_exit(98);
		_exit(97);
	}
	if (pid < 0 || kill(pid, SIGTERM))
		error();
	if (waitpid(pid, &status, 0) != pid || status != SIGTERM)
		error();
	close(fds[0]);
	close(fds[1]);
}

static void napped(void)
{
	struct timespec ts = { 0, 1000 * (1 + chance(200)) };

	if (nanosleep(&ts, NULL))
		error();
}

static void work(void)
{
	self = &share->threads[0];
	sh_store(&self->tid, tid());
	sh_add(&share->ready, 1);
	while (!sh_load(&share->quit)) {
		switch (chance(8)) {
		case 0:
			child_writes();
			break;
		case 1:
			signalled();
			break;
		case 2:
			threaded();
			break;
		case 3:
			napped();
			break;
		case 4:
			perform(CMD_RAISE);
			break;
		default:
			piped();
		}
		sh_add(&self->loops, 1);
	}
	_exit(sh_load(&share->errors) ? 98 : RIGHT);
}

/* ---- storm --------------------------------------------------------------- */

/* This process began before the follow, which is for what comes after it. */
static int early;

/* Here comes a new thread; its creator began after or before the follow. */
static void arrive(int must_be_seen)
{
	int me = tid();

	sh_add(&share->created, 1);
	if (!must_be_seen) {
		sh_store(&share->seen[me], 0);
		return;
	}
	if (!sh_swap(&share->seen[me], 0) && !sh_load(&share->blind)) {
		sh_store(&share->missed_tid, me);
		sh_add(&share->missed, 1);
	}
	sh_add(&share->watched, 1);
}

static void *short_life(void *arg)
{
	arrive(arg != NULL);
	return arg;
}

static void new_thread(void)
{
	void *must = sh_load(&share->followed) && !early ? share : NULL;
	void *ret = NULL;
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	if (pthread_create(&t, &attr, short_life, must) ||
	    pthread_join(t, &ret) || ret != must)
		error();
}

static void new_child(void)
{
	int status, must = sh_load(&share->followed), code = 1 + chance(90);
	pid_t pid = fork();

	if (!pid) {
		early = !must;
		arrive(must);
		if (code & 1)
			new_thread();
		_exit(code);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != code << 8)
		error();
}

static int creators;			/* that will be there until the end */

static void *create(void *arg);

/* Somebody else goes on in this thread's place. */
static void relay(void)
{
	void *must = sh_load(&share->followed) && !early ? share : NULL;
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&t, &attr, create, must)) {
		error();
		sh_add(&creators, -1);
	}
}

static void *create(void *arg)
{
	random_state = tid();
	arrive(arg != NULL);
	while (!sh_load(&share->quit)) {
		switch (chance(16)) {
		case 0:
			relay();
			return NULL;
		case 1 ... 10:
			new_thread();
			break;
		default:
			new_child();
		}
	}
	sh_add(&creators, -1);
	return NULL;
}

static void storm(int n)
{
	pthread_t t;
	int i;

	sh_store(&share->threads[0].tid, tid());
	sh_add(&share->ready, 1);
	sh_add(&creators, n);
	for (i = 0; i < n; i++)
		if (pthread_create(&t, NULL, create, NULL))
			_exit(97);
	while (sh_load(&creators))
		usleep(500);
	_exit(sh_load(&share->errors) ? 98 : RIGHT);
}

/* ---- chain --------------------------------------------------------------- */

static void *brief(void *arg)
{
	pthread_t t;

	while (!sh_load(&share->quit))
		if (!pthread_create(&t, NULL, nothing, NULL))
			pthread_join(t, NULL);
	return arg;
}

static void *successor(void *arg)
{
	pthread_attr_t attr;
	volatile int spin;
	pthread_t t;

	sh_store(&share->head, tid());
	for (spin = 0; spin < 8000; spin++)
		;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	while (pthread_create(&t, &attr, successor, NULL))
		usleep(100);
	return arg;
}

static void chain(int n)
{
	pthread_t t;

	while (n--)
		if (pthread_create(&t, NULL, brief, NULL))
			_exit(97);
	successor(NULL);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 1;

	/* The thread of the test that started it lives as long as the test. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (n > KID_THREADS && strcmp(mode, "exit"))
		return 97;
	if (!strcmp(mode, "exit"))
		return n;
	open_share();
	if (!strcmp(mode, "loop"))
		loops(n);
	else if (!strcmp(mode, "after"))
		after();
	else if (!strcmp(mode, "work"))
		work();
	else if (!strcmp(mode, "storm"))
		storm(n);
	else if (!strcmp(mode, "chain"))
		chain(n);
	return 97;
}
