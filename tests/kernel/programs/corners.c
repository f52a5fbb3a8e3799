// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel has beside ptrace that meets a traced thread: filters of system
 * calls, audit, both freezers, core dumps, programs of 32 bits, uprobes.
 *
 *	corners NAME...
 *
 * Each prints what was wrong, a line each, or nothing.
 */
#include "expect.h"

#include <elf.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <ucontext.h>

#define HOLDS		(1 << 14)	/* of task_utrace_flags() */

static unsigned int bad;
static int taps;
static struct shared {
	unsigned int go, done, loops[8], tid[8];
} *shared;

static bool check(int line, const char *what, bool holds, long seen, long wanted)
{
	if (!holds) {
		printf("line %d: %s: %ld, not %ld\n", line, what, seen, wanted);
		bad++;
	}
	return holds;
}

/* Does @act once told to go; its status is what that returns. */
static pid_t start(int (*act)(void))
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(taps);
		while (!load(&shared->go))
			sleep_us(1000);
		_exit(act());
	}
	return pid;
}

static int __attribute__((__noreturn__)) loop(void)
{
	for (;;) {
		inc(&shared->loops[0]);
		syscall(SYS_getppid);
		usleep(1000);
	}
}

/* ---- filters ------------------------------------------------------------- */

#define RULE(nr, ret)							\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1),		\
	BPF_STMT(BPF_RET | BPF_K, (ret))

static volatile sig_atomic_t trapped;

static void on_sys(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	trapped = info->si_syscall;
}

static int filtered(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		RULE(SYS_getppid, SECCOMP_RET_ALLOW),
		RULE(SYS_rt_sigreturn, SECCOMP_RET_ALLOW),
		RULE(SYS_exit_group, SECCOMP_RET_ALLOW),
		RULE(SYS_getgid, SECCOMP_RET_ERRNO | 77),
		RULE(SYS_getegid, SECCOMP_RET_TRAP),
		RULE(SYS_getpgrp, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	struct sigaction sa = { .sa_sigaction = on_sys,
				.sa_flags = SA_SIGINFO };
	int i;

	sigaction(SIGSYS, &sa, NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		return 1;
	for (i = 0; i < 100; i++)
		if (syscall(SYS_getppid) <= 0)
			return 2;
	if (syscall(SYS_getgid) != -1 || errno != 77)
		return 3;
	syscall(SYS_getegid);
	if (trapped != SYS_getegid)
		return 4;
	if (syscall(SYS_getpgrp) != -1 || errno != ENOSYS)
		return 5;
	/* the engine does not let it be made, or it is the end */
	if (syscall(SYS_getuid) != 4711)
		return 6;
	return 7;
}

static void seccomp(void)
{
	struct taps_how how = taps_how(EV_ALL);
	int tap;
	pid_t pid;

	pid = start(filtered);
	how.abort_nr = SYS_getuid;
	how.abort_ret = 4711;
	tap = tap_attach_how(taps, pid, &how);
	EXPECT(tap >= 0);
	store(&shared->go, 1);
	EXPECT_EQ(status_of(pid), EXITED(7));
	EXPECT(tap_seen(taps, tap).n[SYSCALL_ENTRY] > 100);

	/* nobody is there to keep it from that */
	pid = start(filtered);
	tap = tap_attach(taps, pid, EV_ALL);
	store(&shared->go, 1);
	EXPECT_EQ(status_of(pid) & 0x7f, SIGSYS);
	EXPECT_EQ(tap_seen(taps, tap).n[SIGNAL_CORE], 1);
}

/* ---- calls that a program has dispatched to itself ------------------------- */

#define DISPATCHES	50

static volatile char selector;
static volatile unsigned int dispatched;

/* What follows is not dispatched. */
static void on_dispatch(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	dispatched += info->si_code == 2 /* SYS_USER_DISPATCH */ &&
		      info->si_syscall == SYS_getppid;
	uc->uc_mcontext.gregs[REG_RAX] = 4711;
}

/* Between 1 and 2 the kernel makes two calls for each that it does not. */
static int dispatches(void)
{
	struct sigaction sa = { .sa_sigaction = on_dispatch,
				.sa_flags = SA_SIGINFO };
	pid_t parent = getppid();
	int i;

	sigaction(SIGSYS, &sa, NULL);
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0,
		  &selector))
		return 1;
	store(&shared->done, 1);
	while (load(&shared->go) != 2)
		;
	for (i = 0; i < DISPATCHES; i++) {
		selector = SYSCALL_DISPATCH_FILTER_BLOCK;
		if (syscall(SYS_getppid) != 4711)
			return 2;
		/* after rt_sigreturn() */
		if (syscall(SYS_getppid) != parent)
			return 3;
	}
	store(&shared->done, 2);
	while (load(&shared->go) != 3)
		;
	return dispatched == DISPATCHES ? 7 : 4;
}

/* The engine, if there is one, is told of those that are made. */
static void dispatch_run(const struct taps_how *how)
{
	struct taps_seen from = {}, to = {};
	pid_t pid = start(dispatches);
	int tap = how ? tap_attach_how(taps, pid, how) : -1;

	if (how && (how->mode & TAPS_STEP))
		tap_control(taps, tap, REPORT);
	store(&shared->go, 1);
	wait_until(load(&shared->done) == 1);
	if (how)
		from = tap_seen(taps, tap);
	store(&shared->go, 2);
	wait_until(load(&shared->done) == 2);
	if (how)
		to = tap_seen(taps, tap);
	store(&shared->go, 3);
	EXPECT_EQ(status_of(pid), EXITED(7));
	if (!how)
		return;
	if (how->events & EV(SYSCALL_ENTRY))
		EXPECT_EQ(to.n[SYSCALL_ENTRY] - from.n[SYSCALL_ENTRY],
			  2 * DISPATCHES);
	if (how->events & EV(SYSCALL_EXIT))
		EXPECT_EQ(to.n[SYSCALL_EXIT] - from.n[SYSCALL_EXIT],
			  2 * DISPATCHES);
	if (how->events & EV(SIGNAL))
		EXPECT_EQ(to.n[SIGNAL] - from.n[SIGNAL], DISPATCHES);
}

static void dispatch(void)
{
	static const unsigned long events[] = {
		EV_ALL, EV(SYSCALL_ENTRY), EV(SYSCALL_EXIT),
		EV(SYSCALL_ENTRY) | EV(SYSCALL_EXIT)
	};
	struct taps_how how;
	unsigned int i;

	dispatch_run(NULL);
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		how = taps_how(events[i]);
		dispatch_run(&how);
	}
	how = taps_how(EV_ALL);
	how.mode = TAPS_STEP;
	dispatch_run(&how);
}

/* ---- ignored signals ----------------------------------------------------- */

/* Sleeps, and may not take the sleep up again by a call of its own. */
static int filtered_sleep(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		RULE(SYS_restart_syscall, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	struct timespec ts = { 0, 500000000 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		return 1;
	store(&shared->done, 1);
	return syscall(SYS_nanosleep, &ts, NULL) ? 2 : 7;
}

static void ignored_in_sandbox(void)
{
	pid_t pid = start(filtered_sleep);
	int tap = tap_attach(taps, pid, EV(SIGNAL_IGN) | EV(REAP));

	store(&shared->go, 1);
	wait_until(load(&shared->done) == 1);
	sleep_us(50000);
	kill(pid, SIGWINCH);
	EXPECT_EQ(status_of(pid), EXITED(7));
	EXPECT_EQ(tap_seen(taps, tap).n[SIGNAL_IGN], 1);
}

/* ---- timers -------------------------------------------------------------- */

static void count_tick(int signr)
{
	(void)signr;
	inc(&shared->loops[0]);
}

/* Its timer ticks while it ignores the signal, and when it does no more. */
static int ticks(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN };
	struct itimerspec often = { { 0, 5000000 }, { 0, 5000000 } };
	timer_t timer;

	signal(SIGRTMIN, SIG_IGN);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	    timer_settime(timer, 0, &often, NULL))
		return 1;
	store(&shared->done, 1);
	while (load(&shared->go) != 2)
		usleep(1000);
	signal(SIGRTMIN, count_tick);
	while (load(&shared->loops[0]) < 5)
		usleep(1000);
	return 7;
}

static void timers(void)
{
	pid_t pid = start(ticks);
	int tap = tap_attach(taps, pid, EV(SIGNAL_IGN));

	store(&shared->go, 1);
	wait_until(load(&shared->done) == 1);
	wait_until(tap_seen(taps, tap).n[SIGNAL_IGN] > 3);
	if (tap_control(taps, tap, DETACH) == -EINPROGRESS)
		tap_barrier(taps, tap);
	store(&shared->go, 2);
	if (!wait_until(load(&shared->loops[0]) >= 5))
		kill(pid, SIGKILL);
	EXPECT_EQ(status_of(pid), EXITED(7));
}

/* ---- more ignored signals than are kept ----------------------------------- */

/* What the module says that it could not report. */
static long too_many(void)
{
	return utrace_missed("ignored signals");
}

/* Has one signal that it ignores and one that it does not. */
static int ignores(void)
{
	signal(SIGRTMIN, SIG_IGN);
	signal(SIGUSR1, count_tick);
	store(&shared->done, 1);
	while (load(&shared->go) != 2)
		usleep(1000);
	return load(&shared->loops[0]) == 1 ? 7 : 1;
}

#define MANY	200

/* Each comes or is counted, and all else is as ever. */
static void ignored_too_many(void)
{
	pid_t pid = start(ignores);
	int tap = tap_attach(taps, pid, EV(SIGNAL_IGN));
	int hold = tap_attach(taps, pid, EV(REAP));
	long before = too_many(), missed;
	unsigned int i;

	store(&shared->go, 1);
	wait_until(load(&shared->done) == 1);
	tap_control(taps, hold, STOP);
	wait_until(thread_state(pid, pid) == 't');
	for (i = 0; i < MANY; i++)
		kill(pid, SIGRTMIN);
	kill(pid, SIGUSR1);
	EXPECT_EQ(tap_seen(taps, tap).n[SIGNAL_IGN], 0);
	EXPECT_EQ(tap_control(taps, hold, RESUME), 0);
	wait_until(load(&shared->loops[0]) == 1);
	wait_until(tap_seen(taps, tap).n[SIGNAL_IGN] + too_many() - before ==
		   MANY);
	missed = too_many();
	EXPECT(before >= 0 && missed > before);
	EXPECT(tap_seen(taps, tap).n[SIGNAL_IGN] >= 64);
	/* the next one finds room */
	kill(pid, SIGRTMIN);
	wait_until(tap_seen(taps, tap).n[SIGNAL_IGN] + missed - before ==
		   MANY + 1);
	EXPECT_EQ(too_many(), missed);
	store(&shared->go, 2);
	EXPECT_EQ(status_of(pid), EXITED(7));
}

/* ---- freezers ------------------------------------------------------------ */

static bool write_to(const char *dir, const char *file, const char *text)
{
	char name[256];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "%s/%s", dir, file);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text);
}

static bool says(const char *dir, const char *file, const char *text)
{
	char name[256], buf[512];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "%s/%s", dir, file);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = 0;
	return strstr(buf, text);
}

struct freezer {
	const char *dir, *file, *on, *off, *state, *is_on, *is_off;
	bool dies;	/* of SIGKILL while it is frozen */
};

static void freeze(const struct freezer *f)
{
	struct taps_how how = taps_how(EV_ALL & ~EV(QUIESCE));
	pid_t held, runs, late;
	unsigned int *count;
	int hold, tap, stop;
	char text[16];
	int round;

	mkdir(f->dir, 0755);
	held = start(loop);
	/* it stands in its own line; the other two share one */
	store(&shared->go, 1);
	hold = tap_attach(taps, held, EV(EXIT) | EV(REAP));
	wait_until(load(&shared->loops[0]) > 3);
	tap_control(taps, hold, STOP);
	wait_until(thread_state(held, held) == 't');
	count = &shared->loops[0];
	/* the shared memory is cleared by this */
	runs = start(loop);
	late = fork();
	if (!late) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			inc(&shared->loops[1]);
			usleep(1000);
		}
	}
	how.mode = TAPS_JITTER;
	tap = tap_attach_how(taps, runs, &how);
	stop = tap_attach(taps, late, EV(EXIT) | EV(REAP));
	EXPECT(hold >= 0 && tap >= 0 && stop >= 0);
	store(&shared->go, 1);
	moves(count);
	snprintf(text, sizeof(text), "%d", held);
	EXPECT(write_to(f->dir, "cgroup.procs", text));
	snprintf(text, sizeof(text), "%d", runs);
	EXPECT(write_to(f->dir, "cgroup.procs", text));
	snprintf(text, sizeof(text), "%d", late);
	EXPECT(write_to(f->dir, "cgroup.procs", text));

	for (round = 0; round < 3; round++) {
		moves(count);
		EXPECT(write_to(f->dir, f->file, f->on));
		wait_until(says(f->dir, f->state, f->is_on));
		EXPECT(stands(count));
		EXPECT(stands(&shared->loops[1]));
		EXPECT(taps_flags(taps, held) & HOLDS);
		/* a stop of one that is frozen comes when it thaws */
		if (round == 1)
			EXPECT_EQ(tap_control(taps, stop, STOP), -EINPROGRESS);
		/* and one that is let go of stays frozen */
		if (round == 2) {
			EXPECT_EQ(tap_control(taps, hold, RESUME), 0);
			EXPECT(stands(count));
		}
		EXPECT(write_to(f->dir, f->file, f->off));
		wait_until(says(f->dir, f->state, f->is_off));
		if (round < 2) {
			wait_until(thread_state(held, held) == 't');
			EXPECT(taps_flags(taps, held) & HOLDS);
		}
		if (round == 1) {
			wait_until(thread_state(late, late) == 't');
			EXPECT(stands(&shared->loops[1]));
			EXPECT_EQ(tap_control(taps, stop, RESUME), 0);
		}
		moves(&shared->loops[1]);
	}
	/* held and frozen: SIGKILL is for it all the same */
	tap_control(taps, hold, STOP);
	wait_until(thread_state(held, held) == 't');
	EXPECT(write_to(f->dir, f->file, f->on));
	wait_until(says(f->dir, f->state, f->is_on));
	kill(held, SIGKILL);
	if (f->dies)
		EXPECT_EQ(status_of(held), SIGKILL);
	EXPECT(write_to(f->dir, f->file, f->off));
	if (!f->dies)
		EXPECT_EQ(status_of(held), SIGKILL);
	moves(count);
	kill(runs, SIGKILL);
	kill(late, SIGKILL);
	EXPECT_EQ(status_of(runs), SIGKILL);
	EXPECT_EQ(status_of(late), SIGKILL);
	wait_until(tap_seen(taps, tap).n[REAP] == 1);
	wait_until(!rmdir(f->dir));
}

static void freezer_v2(void)
{
	static const struct freezer f = {
		.dir = "/tmp/cgroup2/frozen", .file = "cgroup.freeze",
		.on = "1", .off = "0", .state = "cgroup.events",
		.is_on = "frozen 1", .is_off = "frozen 0", .dies = true
	};

	mkdir("/tmp/cgroup2", 0755);
	if (EXPECT_EQ(mount("none", "/tmp/cgroup2", "cgroup2", 0, NULL), 0)) {
		freeze(&f);
		EXPECT_EQ(umount("/tmp/cgroup2"), 0);
	}
}

static void freezer_v1(void)
{
	static const struct freezer f = {
		.dir = "/tmp/freezer/frozen", .file = "freezer.state",
		.on = "FROZEN", .off = "THAWED", .state = "freezer.state",
		.is_on = "FROZEN", .is_off = "THAWED"
	};

	mkdir("/tmp/freezer", 0755);
	if (EXPECT_EQ(mount("none", "/tmp/freezer", "cgroup", 0, "freezer"),
		      0)) {
		freeze(&f);
		EXPECT_EQ(umount("/tmp/freezer"), 0);
	}
}

/* ---- cores --------------------------------------------------------------- */

#define THREADS	4

static void *idle(void *arg)
{
	unsigned int n = (uintptr_t)arg;

	store(&shared->tid[n], syscall(SYS_gettid));
	for (;;)
		pause();
	return NULL;
}

static int crowd(void)
{
	pthread_t id;
	unsigned int i;

	/* a shell ignores it for what it starts aside */
	signal(SIGQUIT, SIG_DFL);
	store(&shared->tid[0], getpid());
	for (i = 1; i < THREADS; i++)
		pthread_create(&id, NULL, idle, (void *)(uintptr_t)i);
	while (load(&shared->go) == 1)
		sleep_us(1000);
	raise(load(&shared->go));
	return 1;
}

/* How many threads a core has. */
static int threads_of(const char *file)
{
	unsigned char *at, *end;
	int fd = open(file, O_RDONLY | O_CLOEXEC), i, n = 0;
	struct stat st;
	Elf64_Ehdr *eh;
	Elf64_Phdr *ph;

	if (fd < 0 || fstat(fd, &st) || !st.st_size)
		return -1;
	eh = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (eh == MAP_FAILED || memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return -1;
	ph = (void *)((char *)eh + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_NOTE)
			continue;
		at = (unsigned char *)eh + ph[i].p_offset;
		end = at + ph[i].p_filesz;
		while (at < end) {
			Elf64_Nhdr *note = (void *)at;

			n += note->n_type == NT_PRSTATUS;
			at += sizeof(*note) + ((note->n_namesz + 3) & ~3) +
			      ((note->n_descsz + 3) & ~3);
		}
	}
	munmap(eh, st.st_size);
	return n;
}

static void dump(int signr, bool forced)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct taps_how how = taps_how(EV_ALL);
	unsigned int i, event = forced ? SIGNAL_TERM : SIGNAL_CORE, when;
	char name[64];
	int tap[THREADS], status;
	pid_t pid;

	setrlimit(RLIMIT_CORE, &limit);
	EXPECT(write_to("/proc/sys/kernel", "core_pattern", "/tmp/core.%p"));
	pid = start(crowd);
	store(&shared->go, 1);
	for (i = 0; i < THREADS; i++)
		wait_until(load(&shared->tid[i]));
	if (forced) {
		how.signr = signr;
		how.what = SIG_DO_CORE;
	}
	for (i = 0; i < THREADS; i++)
		tap[i] = tap_attach_how(taps, shared->tid[i], &how);
	store(&shared->go, signr);
	status = status_of(pid);
	EXPECT_EQ(status & 0x7f, signr);
	EXPECT(WCOREDUMP(status));
	snprintf(name, sizeof(name), "/tmp/core.%d", pid);
	EXPECT_EQ(threads_of(name), THREADS);
	unlink(name);
	EXPECT_EQ(tap_seen(taps, tap[0]).n[event], 1);
	when = tap_seen(taps, tap[0]).order[event];
	for (i = 0; i < THREADS; i++) {
		struct taps_seen seen;

		wait_until((seen = tap_seen(taps, tap[i]), seen.n[REAP] == 1));

		EXPECT_EQ(seen.n[EXIT], 1);
		EXPECT_EQ(seen.n[DEATH], 1);
		/* SIG-13 */
		EXPECT(when && seen.order[EXIT] > when);
		if (i)
			EXPECT_EQ(seen.n[SIGNAL_CORE] + seen.n[SIGNAL_TERM], 0);
	}
}

static void cores(void)
{
	dump(SIGQUIT, false);
	dump(SIGABRT, false);
	dump(SIGTERM, true);
}

static int stopper(void)
{
	raise(SIGTERM);
	return 7;
}

/* The parent sees the number of the signal that the engine makes a stop of. */
static void forced_stop(void)
{
	struct taps_how how = taps_how(EV_ALL);
	int status;
	pid_t pid = start(stopper);

	how.signr = SIGTERM;
	how.what = SIG_DO_STOP;
	EXPECT(tap_attach_how(taps, pid, &how) >= 0);
	store(&shared->go, 1);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT_EQ(status, SIGTERM << 8 | 0x7f);
	kill(pid, SIGCONT);
	EXPECT_EQ(status_of(pid), EXITED(7));
}

/* ---- io_uring ------------------------------------------------------------ */

/* Waits for a timeout of a ring, which runs what was meant for the way out. */
static int rings(void)
{
	struct io_uring_params params = {};
	struct __kernel_timespec time = { 0, 700000000 };
	struct io_uring_sqe *sqe;
	unsigned int *array, *tail;
	double begun;
	char *ring;
	int fd;

	fd = syscall(SYS_io_uring_setup, 4, &params);
	if (fd < 0)
		return 1;
	ring = mmap(NULL, params.sq_off.array + 4 * sizeof(*array),
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		    IORING_OFF_SQ_RING);
	sqe = mmap(NULL, 4 * sizeof(*sqe), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || sqe == MAP_FAILED)
		return 2;
	array = (unsigned int *)(ring + params.sq_off.array);
	tail = (unsigned int *)(ring + params.sq_off.tail);
	sqe->opcode = IORING_OP_TIMEOUT;
	sqe->fd = -1;
	sqe->addr = (uintptr_t)&time;
	sqe->len = 1;
	array[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	begun = now();
	store(&shared->done, 1);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL,
		    0) != 1)
		return 3;
	store(&shared->done, 2);
	return now() - begun >= 0.699 ? 7 : 4;
}

static void io_uring(void)
{
	pid_t pid = start(rings);
	int tap = tap_attach(taps, pid, EV(QUIESCE) | EV(SIGNAL_IGN) | EV(REAP));
	unsigned int i, before;

	store(&shared->go, 1);
	wait_until(load(&shared->done) == 1);
	wait_until(thread_state(pid, pid) == 'S');
	before = tap_seen(taps, tap).n[QUIESCE];
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(tap_control(taps, tap, REPORT), 0);
		kill(pid, SIGWINCH);
		sleep_us(20000);
	}
	EXPECT_EQ(status_of(pid), EXITED(7));
	EXPECT(tap_seen(taps, tap).n[QUIESCE] > before);
	EXPECT(tap_seen(taps, tap).n[SIGNAL_IGN]);
}

/* ---- uprobes ------------------------------------------------------------- */

#define TRACING	"/sys/kernel/tracing"

extern const char probed_insn[];

/* What the kernel cannot emulate it steps elsewhere. */
static int __attribute__((__noinline__, __noclone__, __noreturn__)) probed(void)
{
	static unsigned int word;

	for (;;) {
		__asm__ volatile(".globl probed_insn\n"
				 "probed_insn: xorl $1, %0" : "+m" (word));
		inc(&shared->loops[0]);
	}
}

/* A probe of that instruction, in the file that this program is. */
static bool probe(void)
{
	unsigned long begin, end, offset, at = (unsigned long)probed_insn;
	char line[512], file[256], text[512] = "";
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %255s", &begin, &end,
			   &offset, file) == 4 && at >= begin && at < end)
			snprintf(text, sizeof(text), "p:corner %s:%#lx", file,
				 at - begin + offset);
	}
	if (f)
		fclose(f);
	return EXPECT(write_to(TRACING, "uprobe_events", text)) &&
	       EXPECT(write_to(TRACING "/events/uprobes/corner", "enable",
			       "1"));
}

/* How often it was hit. */
static unsigned long hits(void)
{
	FILE *f = fopen(TRACING "/uprobe_profile", "re");
	unsigned long n = 0;

	if (!f || fscanf(f, "%*s %*s %lu", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

/* It comes to a stop that was asked for, and goes on. */
static bool holds_and_goes(pid_t pid, int tap)
{
	return wait_until(thread_state(pid, pid) == 't') &&
	       EXPECT_EQ(tap_control(taps, tap, STOP), 0) &&
	       EXPECT_EQ(tap_control(taps, tap, RESUME), 0) &&
	       moves(&shared->loops[0]);
}

static void uprobe(void)
{
	static const int actions[] = { STOP, REPORT, INTERRUPT };
	struct taps_how how = taps_how(EV(QUIESCE) | EV(REAP));
	unsigned int i, n, rounds = 200;
	unsigned long before;
	pid_t pid;
	int tap;

	if (!probe())
		return;
	pid = start(probed);
	store(&shared->go, 1);
	moves(&shared->loops[0]);
	before = hits();
	/* a stop that nobody is told of */
	tap = tap_attach(taps, pid, EV(REAP));
	for (i = 0; i < rounds; i++)
		if (!EXPECT_EQ(tap_control(taps, tap, STOP), -EINPROGRESS) ||
		    !holds_and_goes(pid, tap))
			break;
	if (tap_control(taps, tap, DETACH) == -EINPROGRESS)
		tap_barrier(taps, tap);
	/* and one that its report has to agree with */
	how.act[QUIESCE] = STOP;
	tap = tap_attach_how(taps, pid, &how);
	for (i = 0; i < 3 * rounds; i++) {
		n = tap_seen(taps, tap).n[QUIESCE];
		if (!EXPECT_EQ(tap_control(taps, tap, actions[i % 3]),
			       i % 3 ? 0 : -EINPROGRESS) ||
		    !wait_until(tap_seen(taps, tap).n[QUIESCE] > n) ||
		    !holds_and_goes(pid, tap)) {
			printf("action %d, round %u\n", actions[i % 3], i / 3);
			break;
		}
	}
	EXPECT(hits() > before + rounds);
	kill(pid, SIGKILL);
	EXPECT_EQ(status_of(pid), SIGKILL);
	EXPECT(write_to(TRACING "/events/uprobes/corner", "enable", "0"));
	EXPECT(write_to(TRACING, "uprobe_events", "-:corner"));
}

/* ---- a tracer that steps, beside engines that do -------------------------- */

#define STEPS	200

struct step {
	int status;
	unsigned long ip, flags;
};

static void on_usr1(int sig)
{
	(void)sig;
	syscall(SYS_getppid);
}

/* The same instructions each time that it is made. */
static int debugged(void)
{
	int i;

	signal(SIGUSR1, on_usr1);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	for (i = 0; i < 3; i++)
		syscall(SYS_getppid);
	syscall(SYS_kill, getpid(), SIGSTOP);
	for (i = 0; i < 8; i++)
		syscall(SYS_getppid);
	syscall(SYS_kill, getpid(), SIGUSR1);
	for (i = 0; i < 8; i++)
		syscall(SYS_getppid);
	return 7;
}

/* What a debugger sees that goes on in each way there is. */
static unsigned int debug(pid_t pid, struct step *seen,
			  const struct taps_how *late)
{
	static const struct {
		int how;
		unsigned int times;
	} plan[] = {
		{ PTRACE_SINGLESTEP, 30 }, { PTRACE_SYSCALL, 5 },
		{ PTRACE_SINGLESTEP, 30 }, { PTRACE_SYSCALL, 4 },
		{ PTRACE_CONT, 1 }, { PTRACE_SINGLESTEP, 30 },
		{ PTRACE_SYSCALL, 3 }, { PTRACE_SINGLESTEP, 12 },
		{ PTRACE_CONT, 1 },
	};
	struct user_regs_struct regs;
	unsigned int n = 0, i, k;
	int status, signr;

	for (i = 0; i < sizeof(plan) / sizeof(plan[0]); i++) {
		for (k = 0; k < plan[i].times; k++) {
			if (waitpid(pid, &status, 0) != pid || n == STEPS)
				return n;
			seen[n].status = status;
			if (!WIFSTOPPED(status))
				return n + 1;
			ptrace(PTRACE_GETREGS, pid, 0, &regs);
			seen[n].ip = regs.rip;
			seen[n++].flags = regs.eflags;
			signr = WSTOPSIG(status) == SIGUSR1 ? SIGUSR1 : 0;
			if (late) {
				tap_control(taps, tap_attach_how(taps, pid,
								 late), REPORT);
				late = NULL;
			}
			if (ptrace(plan[i].how, pid, 0, signr))
				return n;
		}
	}
	if (waitpid(pid, &status, 0) == pid)
		seen[n++].status = status;
	return n;
}

static void compare(const char *what, const struct step *one, unsigned int ones,
		    const struct step *two, unsigned int twos)
{
	unsigned int i;

	for (i = 0; i < ones && i < twos; i++) {
		if (one[i].status == two[i].status && one[i].ip == two[i].ip &&
		    one[i].flags == two[i].flags)
			continue;
		printf("%s: stop %u: %x at %lx (%lx), and %x at %lx (%lx) without\n",
		       what, i, two[i].status, two[i].ip, two[i].flags,
		       one[i].status, one[i].ip, one[i].flags);
		bad++;
		return;
	}
	EXPECT_EQ(twos, ones);
}

static void debuggers(void)
{
	static struct step without[STEPS], with[STEPS];
	struct taps_how how = taps_how(EV_ALL);
	unsigned int n;
	pid_t pid;
	int tap;

	pid = start(debugged);
	store(&shared->go, 1);
	n = debug(pid, without, NULL);
	if (!EXPECT(n > 100))
		return;
	EXPECT_EQ(without[n - 1].status, EXITED(7));

	pid = start(debugged);
	tap_attach_how(taps, pid, &how);
	store(&shared->go, 1);
	compare("engine", without, n, with, debug(pid, with, NULL));

	pid = start(debugged);
	how.mode = TAPS_STEP;
	tap = tap_attach_how(taps, pid, &how);
	tap_control(taps, tap, REPORT);
	store(&shared->go, 1);
	compare("engine that steps", without, n, with,
		debug(pid, with, NULL));
	/* before there was a tracer, and between its steps */
	EXPECT(tap_seen(taps, tap).n[SIGNAL_CORE] > 100);

	pid = start(debugged);
	store(&shared->go, 1);
	compare("engine that comes later, and steps", without, n, with,
		debug(pid, with, &how));
}

/* ---- a tracer that emulates calls ---------------------------------------- */

static int emulated(void)
{
	int i;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	syscall(SYS_kill, getpid(), SIGSTOP);
	for (i = 0; i < 5; i++)
		if (syscall(SYS_getppid) != 1000 + i)
			return 1;
	return 7;
}

/* What the engine sees is what the program sees. */
static void emulator(void)
{
	pid_t pid = start(emulated);
	int tap = tap_attach(taps, pid, EV_ALL & ~EV(QUIESCE)), i, status;
	struct user_regs_struct regs;
	struct taps_seen seen;

	store(&shared->go, 1);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(ptrace(PTRACE_SYSEMU, pid, 0, 0), 0);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(status, SIGTRAP << 8 | 0x7f);
		EXPECT_EQ(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
		EXPECT_EQ(regs.orig_rax, SYS_getppid);
		regs.rax = 1000 + i;
		EXPECT_EQ(ptrace(PTRACE_SETREGS, pid, 0, &regs), 0);
	}
	EXPECT_EQ(ptrace(PTRACE_CONT, pid, 0, 0), 0);
	EXPECT_EQ(status_of(pid), EXITED(7));
	/* the last does not come back, and the first may have begun unseen */
	seen = tap_seen(taps, tap);
	EXPECT(seen.n[SYSCALL_EXIT] >= seen.n[SYSCALL_ENTRY] - 1);
	EXPECT(seen.n[SYSCALL_EXIT] <= seen.n[SYSCALL_ENTRY]);
}

/* ---- a tracer of one that an engine holds --------------------------------- */

/* It is stopped for its tracer, and tells who it is. */
static void is_traced(pid_t pid, int status)
{
	struct user_regs_struct regs;
	int seen = -1;

	EXPECT_EQ(waitpid(pid, &seen, 0), pid);
	EXPECT_EQ(seen, status << 8 | 0x7f);
	EXPECT_EQ(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
	errno = 0;
	ptrace(PTRACE_PEEKTEXT, pid, regs.rip, 0);
	EXPECT_EQ(errno, 0);
}

static void is_held(pid_t pid)
{
	wait_until(thread_state(pid, pid) == 't');
	EXPECT(taps_flags(taps, pid) & HOLDS);
	EXPECT(stands(&shared->loops[0]));
}

/* One that traces it, and is killed. */
static void tracer_dies(pid_t pid)
{
	pid_t tracer = fork();
	int status;

	if (!tracer) {
		if (ptrace(PTRACE_ATTACH, pid, 0, 0) ||
		    waitpid(pid, &status, __WALL) != pid)
			_exit(1);
		raise(SIGKILL);
	}
	EXPECT_EQ(status_of(tracer), SIGKILL);
}

static void held_and_traced(void)
{
	const int trapped = SIGTRAP | PTRACE_EVENT_STOP << 8;
	pid_t pid = start(loop);
	int tap = tap_attach(taps, pid, EV(REAP));

	store(&shared->go, 1);
	moves(&shared->loops[0]);
	tap_control(taps, tap, STOP);
	is_held(pid);

	/* as gdb does it */
	EXPECT_EQ(ptrace(PTRACE_ATTACH, pid, 0, 0), 0);
	is_traced(pid, SIGSTOP);
	EXPECT_EQ(ptrace(PTRACE_CONT, pid, 0, 0), 0);
	is_held(pid);
	syscall(SYS_tgkill, pid, pid, SIGSTOP);
	is_traced(pid, SIGSTOP);
	EXPECT_EQ(ptrace(PTRACE_DETACH, pid, 0, 0), 0);
	is_held(pid);
	tap_control(taps, tap, RESUME);
	moves(&shared->loops[0]);

	/* and strace */
	tap_control(taps, tap, STOP);
	is_held(pid);
	EXPECT_EQ(ptrace(PTRACE_SEIZE, pid, 0, 0), 0);
	EXPECT_EQ(ptrace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	is_traced(pid, trapped);
	EXPECT_EQ(ptrace(PTRACE_CONT, pid, 0, 0), 0);
	is_held(pid);
	tap_control(taps, tap, RESUME);
	moves(&shared->loops[0]);

	/* whoever lets go first, the other keeps it */
	EXPECT_EQ(ptrace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	is_traced(pid, trapped);
	tap_control(taps, tap, STOP);
	EXPECT_EQ(ptrace(PTRACE_CONT, pid, 0, 0), 0);
	is_held(pid);
	EXPECT_EQ(ptrace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	is_traced(pid, trapped);
	tap_control(taps, tap, RESUME);
	EXPECT(stands(&shared->loops[0]));
	EXPECT_EQ(ptrace(PTRACE_CONT, pid, 0, 0), 0);
	moves(&shared->loops[0]);

	/* a detaching tracer may leave it stopped for job control */
	tap_control(taps, tap, STOP);
	is_held(pid);
	syscall(SYS_tgkill, pid, pid, SIGSTOP);
	is_traced(pid, SIGSTOP);
	EXPECT_EQ(ptrace(PTRACE_DETACH, pid, 0, SIGSTOP), 0);
	wait_until(thread_state(pid, pid) == 'T');
	tap_control(taps, tap, RESUME);
	EXPECT(stands(&shared->loops[0]));
	EXPECT_EQ(thread_state(pid, pid), 'T');
	kill(pid, SIGCONT);
	moves(&shared->loops[0]);

	tap_control(taps, tap, STOP);
	is_held(pid);
	tracer_dies(pid);
	is_held(pid);
	tap_control(taps, tap, RESUME);
	moves(&shared->loops[0]);

	tap_control(taps, tap, STOP);
	is_held(pid);
	EXPECT_EQ(ptrace(PTRACE_ATTACH, pid, 0, 0), 0);
	is_traced(pid, SIGSTOP);
	kill(pid, SIGKILL);
	EXPECT_EQ(status_of(pid), SIGKILL);
	wait_until(tap_seen(taps, tap).n[REAP] == 1);
}

/* ---- audit --------------------------------------------------------------- */

struct request {
	struct nlmsghdr h;
	union {
		struct audit_status status;
		struct audit_rule_data rule;
	};
};

static int audit_fd = -1;

static int audit_ask(struct request *rq, int type, size_t size)
{
	struct { struct nlmsghdr h; struct nlmsgerr e; char rest[8192]; } got;
	ssize_t n;

	if (audit_fd < 0)
		audit_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
				  NETLINK_AUDIT);
	rq->h.nlmsg_len = NLMSG_HDRLEN + size;
	rq->h.nlmsg_type = type;
	rq->h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (send(audit_fd, rq, rq->h.nlmsg_len, 0) < 0)
		return -errno;
	do {
		n = recv(audit_fd, &got, sizeof(got), 0);
		if (n < 0)
			return -errno;
	} while (got.h.nlmsg_type != NLMSG_ERROR);
	return got.e.error;
}

/* System calls of @pid with number getppid, from now on, or no more. */
static int audit_rule(int type, pid_t pid)
{
	struct request rq = { .rule = {
		.flags = AUDIT_FILTER_EXIT, .action = AUDIT_ALWAYS,
		.field_count = 1, .fields = { AUDIT_PID }, .values = { pid },
		.fieldflags = { AUDIT_EQUAL } } };

	rq.rule.mask[SYS_getppid / 32] = 1U << SYS_getppid % 32;
	return audit_ask(&rq, type, sizeof(rq.rule));
}

static int audit_enable(int on)
{
	struct request rq = { .status = {
		.mask = AUDIT_STATUS_ENABLED, .enabled = on } };

	return audit_ask(&rq, AUDIT_SET, sizeof(rq.status));
}

/* How many records the kernel made of @pid's calls. */
static int records(pid_t pid)
{
	char command[160], buf[16] = "";
	FILE *f;

	/* they are printed by a thread of the kernel's */
	sleep_us(200000 * slow());
	snprintf(command, sizeof(command),
		 "dmesg | grep 'type=1300 .* syscall=%d ' | grep -c ' pid=%d '",
		 (int)SYS_getppid, pid);
	f = popen(command, "re");
	if (!f || !fgets(buf, sizeof(buf), f))
		return -1;
	pclose(f);
	return atoi(buf);
}

/* Five calls each time that it is told to. */
static int audited(void)
{
	unsigned int n = 1, i;

	for (;;) {
		while (load(&shared->go) == n)
			sleep_us(500);
		n = load(&shared->go);
		if (n == UINT_MAX)
			return 7;
		for (i = 0; i < 5; i++)
			syscall(SYS_getppid);
		store(&shared->done, n);
	}
}

static bool call_five(unsigned int n)
{
	store(&shared->go, n);
	return wait_until(load(&shared->done) == n);
}

static void audit(void)
{
	struct taps_how how = taps_how(EV_ALL);
	int tap, aborts;
	pid_t pid;

	EXPECT(write_to("/proc/sys/kernel", "printk_ratelimit", "0"));
	if (!EXPECT_EQ(audit_enable(1), 0))
		return;
	pid = start(audited);
	EXPECT_EQ(audit_rule(AUDIT_ADD_RULE, pid), 0);
	store(&shared->go, 1);
	call_five(2);
	EXPECT_EQ(records(pid), 5);
	tap = tap_attach(taps, pid, EV_ALL);
	call_five(3);
	EXPECT_EQ(records(pid), 10);
	EXPECT(tap_seen(taps, tap).n[SYSCALL_ENTRY] >= 5);
	/* one that is not made is told all the same */
	how.abort_nr = SYS_getppid;
	how.abort_ret = -1;
	aborts = tap_attach_how(taps, pid, &how);
	call_five(4);
	EXPECT_EQ(records(pid), 15);
	tap_control(taps, aborts, DETACH);
	tap_control(taps, tap, DETACH);
	wait_until(taps_flags(taps, pid) == 0);
	call_five(5);
	EXPECT_EQ(records(pid), 20);
	EXPECT_EQ(audit_rule(AUDIT_DEL_RULE, pid), 0);
	store(&shared->go, UINT_MAX);
	EXPECT_EQ(status_of(pid), EXITED(7));
	EXPECT_EQ(audit_enable(0), 0);
}

/* ---- the frame ----------------------------------------------------------- */

static const struct corner {
	const char *name;
	void (*act)(void);
} corners[] = {
	{ "seccomp", seccomp },
	{ "ignored-in-sandbox", ignored_in_sandbox },
	{ "ignored-too-many", ignored_too_many },
	{ "dispatch", dispatch },
	{ "timers", timers },
	{ "freezer-v2", freezer_v2 },
	{ "freezer-v1", freezer_v1 },
	{ "cores", cores },
	{ "forced-stop", forced_stop },
	{ "io-uring", io_uring },
	{ "uprobe", uprobe },
	{ "debuggers", debuggers },
	{ "emulator", emulator },
	{ "held-and-traced", held_and_traced },
	{ "audit", audit },
};

int main(int argc, char **argv)
{
	unsigned int i;
	int a;

	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (a = 1; a < argc; a++) {
		for (i = 0; i < sizeof(corners) / sizeof(corners[0]); i++) {
			if (strcmp(argv[a], corners[i].name))
				continue;
			taps = taps_open();
			corners[i].act();
			EXPECT_EQ(taps_total(taps).wrong, 0);
			close(taps);
		}
	}
	return !!bad;
}
