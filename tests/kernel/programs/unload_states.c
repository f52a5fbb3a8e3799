// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The module is unloaded while a traced thread is in each state that it can be in
 * for long: it stays in that as if nothing had been there.
 *
 *	unload_states utrace.ko taps.ko
 *
 * Prints TAP.
 */
#include "expect.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

static const char *utrace_ko, *taps_ko;
static unsigned int count, bad;
static char why[1024];
static int taps;
static struct shared {
	unsigned int loops[4], go, tid[4];
} *shared;

static bool check(int line, const char *what, bool holds, long seen, long wanted)
{
	size_t n = strlen(why);

	if (!holds)
		snprintf(why + n, sizeof(why) - n,
			 "#   line %d: %s: %ld, not %ld\n", line, what, seen,
			 wanted);
	return holds;
}

static pid_t start(int (*act)(void))
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(taps);
		_exit(act());
	}
	return pid;
}

static void begin(void)
{
	EXPECT_EQ(module_load(utrace_ko, ""), 0);
	EXPECT_EQ(module_load(taps_ko, ""), 0);
	taps = taps_open();
}

/* Both modules go, in this time. */
static void unload(void)
{
	double begun = now();
	int err;

	tap_ask(taps, 0, TAPS_KEEP, 0);
	close(taps);
	/* one that is stepped may still be on its way to close() */
	wait_until((err = module_unload("taps")) != -EAGAIN);
	EXPECT_EQ(err, 0);
	EXPECT_EQ(utrace_missed(""), 0);
	EXPECT_EQ(module_unload("utrace"), 0);
	EXPECT(now() - begun < 10 * slow());
}

/* A process in which they go, however long it takes; its status is to be 0. */
static pid_t unload_aside(void)
{
	pid_t pid;
	int err;

	tap_ask(taps, 0, TAPS_KEEP, 0);
	close(taps);
	pid = fork();
	if (pid)
		return pid;
	while ((err = module_unload("taps")) == -EAGAIN)
		sleep_us(1000);
	_exit(err || module_unload("utrace"));
}

static void *loops(void *arg)
{
	unsigned int n = (uintptr_t)arg;

	store(&shared->tid[n], syscall(SYS_gettid));
	for (;;) {
		inc(&shared->loops[n]);
		syscall(SYS_getppid);
		usleep(500);
	}
	return NULL;
}

static int three(void)
{
	pthread_t id;

	pthread_create(&id, NULL, loops, (void *)1);
	pthread_create(&id, NULL, loops, (void *)2);
	loops(NULL);
	return 1;
}

/* ---- states -------------------------------------------------------------- */

static void job_stopped(bool before)
{
	struct taps_how how = taps_how(EV_ALL);
	pid_t pid = start(three);
	unsigned int i;
	int status;

	for (i = 0; i < 3; i++)
		wait_until(load(&shared->tid[i]));
	begin();
	if (before)
		for (i = 0; i < 3; i++)
			EXPECT(tap_attach_how(taps, shared->tid[i], &how) >= 0);
	kill(pid, SIGSTOP);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT_EQ(status, SIGSTOP << 8 | 0x7f);
	if (!before)
		for (i = 0; i < 3; i++)
			EXPECT(tap_attach_how(taps, shared->tid[i], &how) >= 0);
	for (i = 0; i < 3; i++)
		wait_until(thread_state(pid, shared->tid[i]) == 'T');
	unload();
	for (i = 0; i < 3; i++) {
		wait_until(thread_state(pid, shared->tid[i]) == 'T');
		EXPECT(stands(&shared->loops[i]));
	}
	/* the parent hears of it once */
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG), 0);
	kill(pid, SIGCONT);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED | WCONTINUED), pid);
	EXPECT_EQ(status, 0xffff);
	for (i = 0; i < 3; i++)
		moves(&shared->loops[i]);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG), 0);
	kill(pid, SIGKILL);
	EXPECT_EQ(status_of(pid), SIGKILL);
}

static void stopped_before(void)
{
	job_stopped(false);
}

static void stopped_after(void)
{
	job_stopped(true);
}

/* A stop that an engine holds ends, and nobody stays behind (INV-2): what hosts
 * the engines is the module here. */
static void held(void)
{
	static const int places[] = { QUIESCE, SYSCALL_ENTRY, SYSCALL_EXIT,
				      SIGNAL };
	struct taps_how how;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		pid = start(three);
		wait_until(load(&shared->tid[0]));
		begin();
		how = taps_how(EV(places[i]) | EV(REAP));
		if (places[i] == SIGNAL)
			how.events |= EV_SIGNALS;
		how.act[places[i]] = STOP;
		EXPECT_EQ(tap_attach_how(taps, pid, &how), 0);
		if (places[i] == QUIESCE)
			EXPECT_EQ(tap_control(taps, 0, STOP), -EINPROGRESS);
		if (places[i] == SIGNAL)
			kill(pid, SIGWINCH);
		wait_until(thread_state(pid, pid) == 't');
		EXPECT(stands(&shared->loops[0]));
		unload();
		moves(&shared->loops[0]);
		kill(pid, SIGKILL);
		EXPECT_EQ(status_of(pid), SIGKILL);
	}
}

static int vforks(void)
{
	pid_t pid = vfork();
	int status;

	if (!pid) {
		usleep(700000);
		_exit(5);
	}
	if (waitpid(pid, &status, 0) != pid || status != EXITED(5))
		return 1;
	return 7;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static int suspends(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGALRM, on_alarm);
	ualarm(700000, 0);
	sigfillset(&set);
	sigdelset(&set, SIGALRM);
	if (sigsuspend(&set) != -1 || errno != EINTR)
		return 1;
	return 7;
}

static int sleeps(void)
{
	struct timespec ts = { 0, 700000000 };
	double begun = now();

	if (nanosleep(&ts, NULL))
		return 1;
	return now() - begun >= 0.7 ? 7 : 2;
}

static int polls(void)
{
	struct epoll_event event;
	double begun = now();
	int fd = epoll_create1(0);

	if (epoll_wait(fd, &event, 1, 700))
		return 1;
	return now() - begun >= 0.699 ? 7 : 2;
}

static void in_call(int (*act)(void), int how_attached)
{
	struct taps_how how = taps_how(EV_ALL);
	pid_t pid;

	begin();
	pid = start(act);
	if (how_attached == 1)
		how.mode = TAPS_STEP;
	EXPECT(tap_attach_how(taps, pid, &how) >= 0);
	sleep_us(100000 * slow());
	if (how_attached == 2)
		tap_control(taps, 0, REPORT);
	unload();
	EXPECT_EQ(status_of(pid), EXITED(7));
}

static void in_vfork(void)
{
	in_call(vforks, 0);
}

static void in_sigsuspend(void)
{
	in_call(suspends, 0);
}

static void in_nanosleep(void)
{
	in_call(sleeps, 0);
	in_call(sleeps, 1);
	in_call(sleeps, 2);
}

static void in_epoll(void)
{
	in_call(polls, 0);
	in_call(polls, 2);
}

/* Steps of an engine's: no SIGTRAP is left. */
static void steps(void)
{
	struct taps_how how = taps_how(EV_ALL);
	struct taps_seen seen;
	unsigned int i, round;
	pid_t pid;

	for (round = 0; round < 3; round++) {
		pid = start(three);
		for (i = 0; i < 3; i++)
			wait_until(load(&shared->tid[i]));
		begin();
		how.mode = TAPS_STEP;
		for (i = 0; i < 3; i++) {
			EXPECT(tap_attach_how(taps, shared->tid[i], &how) >= 0);
			tap_control(taps, i, REPORT);
		}
		for (i = 0; i < 3; i++)
			wait_until((seen = tap_seen(taps, i),
				    seen.n[SIGNAL_CORE] > 100));
		unload();
		for (i = 0; i < 3; i++)
			moves(&shared->loops[i]);
		kill(pid, SIGKILL);
		EXPECT_EQ(status_of(pid), SIGKILL);
	}
}

static int tube[2];

/* In user mode until it is told to read what there is not yet. */
static int reads(void)
{
	char c = 0;

	while (!load(&shared->go))
		inc(&shared->loops[0]);
	store(&shared->go, 2);
	return read(tube[0], &c, 1) == 1 && c == 'x' ? 7 : 1;
}

/* Stepped into a call that goes on until after the module is gone. */
static void stepped_into_call(void)
{
	struct taps_how how = taps_how(EV_ALL);
	pid_t pid, unloader;
	unsigned int round;
	int err, status;

	/* the engine detaches, or is detached */
	for (round = 0; round < 2; round++) {
		if (!EXPECT_EQ(pipe(tube), 0))
			return;
		begin();
		pid = start(reads);
		how.mode = TAPS_STEP;
		EXPECT(tap_attach_how(taps, pid, &how) >= 0);
		tap_control(taps, 0, REPORT);
		wait_until(tap_seen(taps, 0).n[SIGNAL_CORE] > 100);
		store(&shared->go, 1);
		wait_until(load(&shared->go) == 2 &&
			   thread_state(pid, pid) == 'S');
		if (!round) {
			err = tap_control(taps, 0, DETACH);
			EXPECT(!err || err == -EINPROGRESS);
		}
		unloader = unload_aside();
		status = -1;
		wait_until(waitpid(unloader, &status, WNOHANG) == unloader);
		EXPECT_EQ(status, 0);
		EXPECT_EQ(thread_state(pid, pid), 'S');
		EXPECT_EQ(write(tube[1], "x", 1), 1);
		EXPECT_EQ(status_of(pid), EXITED(7));
		/* or the next test finds them */
		if (status < 0)
			EXPECT_EQ(status_of(unloader), 0);
		close(tube[0]);
		close(tube[1]);
	}
}

static bool log_says(const char *text)
{
	char command[128];

	snprintf(command, sizeof(command), "dmesg | grep -qF '%s'", text);
	return !system(command);
}

static int traced_by_parent(void)
{
	unsigned int i;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (i = 0; i < 10; i++)
		syscall(SYS_getppid);
	return 7;
}

/* A ptrace tracer holds it inside of a wrapper: unloading waits, and says so. */
static void ptraced(void)
{
	pid_t pid, unloader;
	int status;

	begin();
	pid = start(traced_by_parent);
	EXPECT(tap_attach(taps, pid, EV_ALL) >= 0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(ptrace(PTRACE_SYSCALL, pid, 0, 0), 0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	if (system("dmesg -c >/dev/null"))
		EXPECT(!"dmesg");
	unloader = unload_aside();
	wait_until(log_says("unloading waits"));
	sleep_us(1000000);
	EXPECT_EQ(waitpid(unloader, &status, WNOHANG), 0);
	EXPECT_EQ(ptrace(PTRACE_CONT, pid, 0, 0), 0);
	EXPECT_EQ(status_of(pid), EXITED(7));
	EXPECT_EQ(status_of(unloader), 0);
}

/* ---- the frame ----------------------------------------------------------- */

static const struct state {
	const char *ids, *what;
	void (*act)(void);
} states[] = {
	{ "JCT-2", "one that was stopped before it was attached to",
	  stopped_before },
	{ "JCT-2", "one that was stopped after it was attached to",
	  stopped_after },
	{ "INV-1 INV-2", "one that an engine holds", held },
	{ "INV-1", "one in vfork", in_vfork },
	{ "INV-1", "one in sigsuspend", in_sigsuspend },
	{ "INV-1", "one in nanosleep", in_nanosleep },
	{ "INV-1", "one in epoll_wait", in_epoll },
	{ "SIG-14", "one that an engine steps", steps },
	{ "CTL-8 INV-1", "one that was stepped into a call", stepped_into_call },
	{ "STA-3", "one that a ptrace tracer holds: it waits, and says so",
	  ptraced },
};

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 3)
		return 2;
	utrace_ko = argv[1];
	taps_ko = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		why[0] = 0;
		states[i].act();
		bad += !!why[0];
		printf("%sok %u - %s: unloaded, %s\n%s", why[0] ? "not " : "",
		       ++count, states[i].ids, states[i].what, why);
	}
	printf("1..%u\n", count);
	return !!bad;
}
