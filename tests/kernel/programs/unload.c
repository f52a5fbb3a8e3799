// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loads and unloads the module, and one that attaches engines to everything,
 * while processes do all kinds of things and look whether each is as it always
 * is.
 *
 *	unload SECONDS SEED utrace.ko taps.ko [KIND...]
 *
 * A KIND is one of the names in the table below; "some" is a few of them.
 */
#include "client.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/user.h>

#define RIGHT		7
#define WORKERS		32

static struct shared {
	unsigned int quit, errors, line, beat, stuck;
	int error_no;
	long seen, wanted;
	char who[16];
	unsigned long loops[WORKERS];
} *shared;

static const char *kind;
static uint64_t rng;
static char *const *self;

static void wrong(int line, int err, long seen, long wanted)
{
	if (inc(&shared->errors) > 1)
		return;
	shared->line = line;
	shared->error_no = err;
	shared->seen = seen;
	shared->wanted = wanted;
	snprintf(shared->who, sizeof(shared->who), "%s", kind);
}

#define EXPECT_EQ(seen_, wanted_) do {					\
	long s_ = (long)(seen_), e_ = errno, w_ = (long)(wanted_);	\
									\
	if (s_ != w_)							\
		wrong(__LINE__, e_, s_, w_);				\
} while (0)
#define EXPECT(cond)	EXPECT_EQ(!!(cond), 1)

static bool goes_on(void)
{
	return !load(&shared->quit);
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	EXPECT(pid >= 0);
	return pid;
}

static int ended(pid_t pid)
{
	int status = -1;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

/* ---- system calls -------------------------------------------------------- */

static void calls(void)
{
	unsigned char out[64], in[64];
	int fd[2], i;

	for (i = 0; i < 200; i++)
		EXPECT_EQ(syscall(SYS_getppid), getppid());
	EXPECT_EQ(syscall(9999, 1, 2), -1);
	EXPECT_EQ(errno, ENOSYS);
	EXPECT_EQ(pipe(fd), 0);
	for (i = 0; i < 50; i++) {
		memset(out, i, sizeof(out));
		EXPECT_EQ(write(fd[1], out, sizeof(out)), sizeof(out));
		EXPECT_EQ(read(fd[0], in, sizeof(in)), sizeof(in));
		EXPECT_EQ(memcmp(in, out, sizeof(in)), 0);
	}
	close(fd[0]);
	close(fd[1]);
	EXPECT_EQ(read(-1, in, 1), -1);
	EXPECT_EQ(errno, EBADF);
}

/* ---- signals ------------------------------------------------------------- */

static volatile int *volatile nowhere = (int *)8;
static volatile sig_atomic_t got, last_value, out_of_order, usr1;
static sigjmp_buf jump;

static void on_queued(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_value.sival_int != last_value + 1)
		out_of_order++;
	last_value = info->si_value.sival_int;
	got++;
}

static void on_usr1(int sig)
{
	(void)sig;
	usr1++;
}

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(jump, 1);
}

static void handle(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

static void block(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(how, &set, NULL);
}

static void signals(void)
{
	struct sigaction sa = { .sa_sigaction = on_queued,
				.sa_flags = SA_SIGINFO };
	union sigval value = {};
	int i, n = 1 + below(&rng, 20);

	sigaction(SIGRTMIN + 3, &sa, NULL);
	handle(SIGUSR1, on_usr1, 0);
	handle(SIGSEGV, on_fault, 0);
	got = last_value = out_of_order = usr1 = 0;
	block(SIG_BLOCK, SIGRTMIN + 3);
	for (i = 0; i < n; i++) {
		value.sival_int = i + 1;
		EXPECT_EQ(sigqueue(getpid(), SIGRTMIN + 3, value), 0);
	}
	block(SIG_UNBLOCK, SIGRTMIN + 3);
	EXPECT_EQ(got, n);
	EXPECT_EQ(out_of_order, 0);
	for (i = 0; i < n; i++)
		EXPECT_EQ(raise(SIGUSR1), 0);
	EXPECT_EQ(usr1, n);
	EXPECT_EQ(raise(SIGWINCH), 0);
	if (!sigsetjmp(jump, 1)) {
		*nowhere = 1;
		EXPECT(!"a fault");
	}
	/* pending, ignored: gone */
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	handle(SIGUSR1, SIG_IGN, 0);
	block(SIG_UNBLOCK, SIGUSR1);
	EXPECT_EQ(usr1, n);
}

/* From another process to one that waits for them. */
static void peer(void)
{
	struct sigaction sa = { .sa_sigaction = on_queued,
				.sa_flags = SA_SIGINFO };
	union sigval value = {};
	sigset_t none;
	int i, n = 10 + below(&rng, 100);
	pid_t pid;

	got = last_value = out_of_order = 0;
	sigaction(SIGRTMIN + 3, &sa, NULL);
	block(SIG_BLOCK, SIGRTMIN + 3);
	pid = child();
	if (!pid) {
		sigemptyset(&none);
		while (got < n)
			if (sigsuspend(&none) != -1 || errno != EINTR)
				_exit(1);
		_exit(out_of_order ? 2 : RIGHT);
	}
	for (i = 0; i < n; i++) {
		value.sival_int = i + 1;
		while (sigqueue(pid, SIGRTMIN + 3, value) && errno == EAGAIN)
			sleep_us(500);
		if (!below(&rng, 10))
			dither(&rng, 500);
	}
	EXPECT_EQ(ended(pid), EXITED(RIGHT));
	block(SIG_UNBLOCK, SIGRTMIN + 3);
}

/* ---- processes, threads -------------------------------------------------- */

static void forks(void)
{
	char *argv[] = { self[0], (char *)"exit", (char *)"9", NULL };
	char *env[] = { NULL };
	int code = below(&rng, 100);
	pid_t pid = child();

	if (!pid)
		_exit(code);
	EXPECT_EQ(ended(pid), EXITED(code));
	pid = child();
	if (!pid) {
		execve(self[0], argv, env);
		_exit(1);
	}
	EXPECT_EQ(ended(pid), EXITED(9));
	EXPECT_EQ(posix_spawn(&pid, self[0], NULL, NULL, argv, env), 0);
	EXPECT_EQ(ended(pid), EXITED(9));
	pid = child();
	if (!pid) {
		raise(SIGTERM);
		_exit(1);
	}
	EXPECT_EQ(ended(pid), SIGTERM);
	pid = child();
	if (!pid)
		for (;;)
			pause();
	dither(&rng, 2000);
	kill(pid, SIGKILL);
	EXPECT_EQ(ended(pid), SIGKILL);
}

static void vforks(void)
{
	unsigned int us = below(&rng, 20000);
	pid_t pid = vfork();

	if (!pid) {
		usleep(us);
		_exit(5);
	}
	EXPECT(pid > 0);
	EXPECT_EQ(ended(pid), EXITED(5));
}

static void *thread(void *arg)
{
	unsigned int i, n = (uintptr_t)arg;

	for (i = 0; i < n; i++) {
		EXPECT(syscall(SYS_gettid) > 0);
		/* those that do so for ever leave something to others */
		if (i % 100 == 99)
			usleep(200);
	}
	return arg;
}

static void threads(void)
{
	pthread_t id[6];
	void *ret;
	pid_t pid;
	int i;

	for (i = 0; i < 6; i++)
		EXPECT_EQ(pthread_create(&id[i], NULL, thread,
					 (void *)(uintptr_t)(i * 20)), 0);
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(pthread_join(id[i], &ret), 0);
		EXPECT_EQ((uintptr_t)ret, i * 20);
	}
	/* one of many exits for all */
	pid = child();
	if (!pid) {
		for (i = 0; i < 4; i++)
			pthread_create(&id[i], NULL, thread,
				       (void *)(uintptr_t)100000000);
		usleep(below(&rng, 2000));
		_exit(11);
	}
	EXPECT_EQ(ended(pid), EXITED(11));
}

/* ---- job control --------------------------------------------------------- */

static void jobs(void)
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN };
	int status, i, n, signr;
	siginfo_t info;
	pthread_t id;
	pid_t pid;

	pid = child();
	if (!pid) {
		for (i = below(&rng, 3); i; i--)
			pthread_create(&id, NULL, thread,
				       (void *)(uintptr_t)1000000000);
		if (below(&rng, 2))
			for (;;)
				pause();
		thread((void *)(uintptr_t)1000000000);
		_exit(1);
	}
	EXPECT_EQ(setpgid(pid, pid), 0);
	for (n = 1 + below(&rng, 4); n; n--) {
		signr = stops[below(&rng, 3)];
		dither(&rng, 2000);
		EXPECT_EQ(kill(pid, signr), 0);
		EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
		EXPECT_EQ(status, signr << 8 | 0x7f);
		dither(&rng, 40000);
		memset(&info, 0, sizeof(info));
		EXPECT_EQ(waitid(P_PID, pid, &info, WSTOPPED | WEXITED |
				 WCONTINUED | WNOHANG), 0);
		EXPECT_EQ(info.si_pid, 0);
		EXPECT_EQ(kill(pid, SIGCONT), 0);
		EXPECT_EQ(waitpid(pid, &status, WCONTINUED), pid);
		EXPECT_EQ(status, 0xffff);
	}
	if (below(&rng, 2))
		kill(pid, SIGSTOP);
	dither(&rng, 2000);
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(ended(pid), SIGKILL);
}

/* ---- sleeping: nothing is cut short -------------------------------------- */

static void sleeps(void)
{
	struct timespec ts = { 0, 1000000L + below(&rng, 30) * 1000000L };
	int ms = 1 + below(&rng, 30), fd[2], epoll;
	struct epoll_event event;
	struct itimerval timer = { .it_value = { 0, 1000L * ms } };
	struct pollfd pfd;
	unsigned int word = 5;
	sigset_t set;
	pid_t pid;
	char c;

	handle(SIGALRM, on_usr1, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 5);
	EXPECT_EQ(pipe(fd), 0);
	switch (below(&rng, 8)) {
	case 0:
		EXPECT_EQ(nanosleep(&ts, NULL), 0);
		break;
	case 1:
		epoll = epoll_create1(0);
		EXPECT_EQ(epoll_wait(epoll, &event, 1, ms), 0);
		close(epoll);
		break;
	case 2:
		pfd = (struct pollfd){ .fd = fd[0], .events = POLLIN };
		EXPECT_EQ(poll(&pfd, 1, ms), 0);
		break;
	case 3:
		block(SIG_BLOCK, SIGRTMIN + 5);
		EXPECT_EQ(sigtimedwait(&set, NULL, &ts), -1);
		EXPECT_EQ(errno, EAGAIN);
		block(SIG_UNBLOCK, SIGRTMIN + 5);
		break;
	case 4:
		EXPECT_EQ(syscall(SYS_futex, &word, FUTEX_WAIT, 5, &ts, NULL, 0),
			  -1);
		EXPECT_EQ(errno, ETIMEDOUT);
		break;
	case 5:
		pid = child();
		if (!pid) {
			usleep(1000 * ms);
			_exit(write(fd[1], "x", 1) == 1 ? RIGHT : 1);
		}
		EXPECT_EQ(read(fd[0], &c, 1), 1);
		EXPECT_EQ(ended(pid), EXITED(RIGHT));
		break;
	case 6:
		usr1 = 0;
		block(SIG_BLOCK, SIGALRM);
		setitimer(ITIMER_REAL, &timer, NULL);
		sigfillset(&set);
		sigdelset(&set, SIGALRM);
		EXPECT_EQ(sigsuspend(&set), -1);
		EXPECT_EQ(errno, EINTR);
		EXPECT_EQ(usr1, 1);
		block(SIG_UNBLOCK, SIGALRM);
		break;
	case 7:
		/* blocked but for the wait itself */
		usr1 = 0;
		block(SIG_BLOCK, SIGALRM);
		setitimer(ITIMER_REAL, &timer, NULL);
		sigfillset(&set);
		sigdelset(&set, SIGALRM);
		EXPECT_EQ(ppoll(NULL, 0, NULL, &set), -1);
		EXPECT_EQ(errno, EINTR);
		EXPECT_EQ(usr1, 1);
		block(SIG_UNBLOCK, SIGALRM);
		break;
	}
	close(fd[0]);
	close(fd[1]);
}

/* ---- user code alone ----------------------------------------------------- */

static void spins(void)
{
	volatile unsigned int i;
	double x = 1;

	for (i = 0; i < 30000; i++)
		x = x * 1.0000001 + 1e-9;
	EXPECT(x > 1 && x < 2);
}

/* ---- a debugger beside it ------------------------------------------------ */

static void tracer(void)
{
	struct user_regs_struct regs;
	unsigned long ip;
	int status, i, n = 10 + below(&rng, 40);
	pid_t pid = child();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		for (i = 0; i < 500; i++)
			syscall(SYS_getppid);
		_exit(RIGHT);
	}
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, SIGSTOP << 8 | 0x7f);
	EXPECT_EQ(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
			 PTRACE_O_EXITKILL), 0);
	/* out of raise() */
	for (i = 0; i < n; i++) {
		EXPECT_EQ(ptrace(PTRACE_SYSCALL, pid, 0, 0), 0);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(status, (SIGTRAP | 0x80) << 8 | 0x7f);
		if (load(&shared->errors))
			break;
		EXPECT_EQ(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
		/* its first is the end of the call that stopped it */
		if (i > 8 && (long)regs.orig_rax == SYS_getppid)
			EXPECT((long)regs.rax == -ENOSYS ||
			       (pid_t)regs.rax == getpid());
		if (!below(&rng, 10))
			dither(&rng, 10000);
	}
	for (i = 0; i < n && !load(&shared->errors); i++) {
		EXPECT_EQ(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
		ip = regs.rip;
		EXPECT_EQ(ptrace(PTRACE_SINGLESTEP, pid, 0, 0), 0);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(status, SIGTRAP << 8 | 0x7f);
		EXPECT_EQ(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
		/* a step over a call that it had begun goes nowhere */
		EXPECT(regs.rip != ip || !i);
	}
	EXPECT_EQ(ptrace(PTRACE_DETACH, pid, 0, 0), 0);
	EXPECT_EQ(ended(pid), EXITED(RIGHT));
}

/* ---- the frame ----------------------------------------------------------- */

static const struct kind {
	const char *name;
	void (*act)(void);
	unsigned int copies;
} kinds[] = {
	{ "calls", calls, 1 },
	{ "signals", signals, 1 },
	{ "peer", peer, 1 },
	{ "forks", forks, 1 },
	{ "vforks", vforks, 1 },
	{ "threads", threads, 1 },
	{ "jobs", jobs, 2 },
	{ "sleeps", sleeps, 3 },
	{ "spins", spins, 1 },
	{ "tracer", tracer, 1 },
};
#define NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

static struct worker {
	pid_t pid;
	const struct kind *kind;
	unsigned long before;
} workers[WORKERS];
static unsigned int nworkers;

static void start(const struct kind *k)
{
	unsigned int n = nworkers++;
	pid_t pid = fork();

	if (pid) {
		workers[n].pid = pid;
		workers[n].kind = k;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kind = k->name;
	rng += n * 1000003;
	while (goes_on()) {
		k->act();
		inc(&shared->loops[n]);
		usleep(below(&rng, 3000));
	}
	exit(RIGHT);
}

static void print_session(pid_t session)
{
	char command[512];

	fflush(stdout);
	snprintf(command, sizeof(command),
		 "for p in /proc/[0-9]*; do "
		 "[ \"$(sed 's/.*) //' $p/stat | cut -d' ' -f4)\" = %d ] && "
		 "for t in $p/task/*; do echo \"# $t $(grep -E "
		 "'^(State|PPid|Tracer|SigPnd|ShdPnd|Utrace)' $t/status | "
		 "tr '\\n' ' ')\"; sed 's/^/#   /' $t/stack; done; done "
		 "2>/dev/null; dmesg | tail -n 20 | sed 's/^/# /'", session);
	if (system(command))
		puts("# cannot tell what they are at");
}

/* If nothing goes on, say where everybody is, and end them. */
static void watch(pid_t session)
{
	unsigned int beat = 0, same = 0, i;

	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	for (;;) {
		sleep(1);
		same = load(&shared->beat) == beat ? same + 1 : 0;
		beat = load(&shared->beat);
		if (same != 30u * slow())
			continue;
		inc(&shared->stuck);
		puts("# nothing goes on");
		print_session(session);
		for (i = 0; i < nworkers; i++)
			kill(workers[i].pid, SIGKILL);
	}
}

/* Every worker has gone on since. */
static void all_go_on(void)
{
	unsigned int i;

	for (i = 0; i < nworkers; i++) {
		double end = now() + 30 * slow();

		while (load(&shared->loops[i]) <= workers[i].before + 1) {
			if (now() > end || load(&shared->errors)) {
				kind = workers[i].kind->name;
				wrong(__LINE__, 0, 0, 1);
				return;
			}
			sleep_us(500);
		}
	}
}

static unsigned int unheld(pid_t session)
{
	char command[160];

	snprintf(command, sizeof(command),
		 "cat /proc/[0-9]*/task/[0-9]*/stat 2>/dev/null | "
		 "sed 's/.*) //' | awk '$1 == \"t\" && $4 == %d { n++ } "
		 "END { exit n }'", session);
	return system(command) >> 8;
}

enum { LOAD, DETACHING, UNLOAD, GOING };
static double took[4];

#define timed(what, call) ({						\
	double begun_ = now();						\
	int ret_ = call;						\
									\
	took[what] += now() - begun_;					\
	ret_; })

static int round_of(const char *utrace, const char *taps, unsigned long *hits)
{
	struct taps_how how = taps_how(EV_ALL);
	unsigned int i, ev;
	bool all_at_once = below(&rng, 2);
	int err, fd, n;
	long missed;

	for (i = 0; i < nworkers; i++)
		workers[i].before = load(&shared->loops[i]);
	inc(&shared->beat);
	err = timed(LOAD, module_load(utrace, ""));
	if (!err)
		err = timed(LOAD, module_load(taps, all_at_once ? "shutdown=1" : ""));
	if (err) {
		printf("# loading: %s\n", strerror(-err));
		return err;
	}
	inc(&shared->beat);
	how.seed = rng_next(&rng);
	if (below(&rng, 2))
		how.events &= rng_next(&rng) | EV(QUIESCE);
	if (below(&rng, 2))
		how.mode |= TAPS_JITTER;
	if (!below(&rng, 4) && (how.events & EV_SIGNALS) == EV_SIGNALS)
		how.mode |= TAPS_STEP;
	if (below(&rng, 2)) {
		how.mode |= TAPS_NUDGE;
		for (ev = 0; ev < TAPS_EVENTS; ev++)
			if (ev != DEATH && ev != REAP && !below(&rng, 3))
				how.act[ev] = TAPS_SELDOM |
					(below(&rng, 2) ? STOP : REPORT);
	}
	fd = taps_open();
	tap_ask(fd, 0, TAPS_KEEP, 0);
	dither(&rng, 5000);
	n = taps_follow(fd, getsid(0), &how);
	if (n < 0)
		printf("# follow: %s\n", strerror(-n));
	if (below(&rng, 4))
		sleep_us(below(&rng, 100000));
	else
		dither(&rng, 5000);
	*hits += taps_total(fd).made;
	close(fd);
	err = timed(DETACHING, module_unload("taps"));
	inc(&shared->beat);
	dither(&rng, 5000);
	missed = utrace_missed("");
	if (!err)
		err = timed(UNLOAD, module_unload("utrace"));
	inc(&shared->beat);
	if (err) {
		printf("# unloading: %s\n", strerror(-err));
		return err;
	}
	if (missed) {
		printf("# missed: %ld\n", missed);
		return -EIO;
	}
	if (below(&rng, 3))
		timed(GOING, (all_go_on(), 0));
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long round = 0, made = 0;
	unsigned int i, j;
	bool right = true;
	int status, a, err = 0;
	double begun = now(), seconds;

	self = argv;
	if (argc == 3 && !strcmp(argv[1], "exit"))
		_exit(atoi(argv[2]));
	if (argc < 5)
		return 2;
	seconds = strtod(argv[1], NULL);
	rng = strtoull(argv[2], NULL, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (getsid(0) != getpid() && setsid() < 0)
		return 2;
	for (i = 0; i < NKINDS; i++) {
		bool wanted = argc == 5;

		for (a = 5; a < argc; a++)
			wanted |= !strcmp(argv[a], kinds[i].name) ||
				  (!strcmp(argv[a], "some") && !below(&rng, 4));
		for (j = 0; wanted && j < kinds[i].copies; j++)
			start(&kinds[i]);
	}
	watch(getsid(0));
	/* a round is to take no longer than it has to */
	setpriority(PRIO_PROCESS, 0, -20);
	for (; now() < begun + seconds && !err && !load(&shared->errors) &&
	     !load(&shared->stuck); round++)
		err = round_of(argv[3], argv[4], &made);
	if (load(&shared->errors) || load(&shared->stuck) || err)
		printf("# in round %lu\n", round);
	shared->quit = 1;
	inc(&shared->beat);
	printf("# %lu rounds, %lu engines, %.0f seconds: %.1f loading, %.1f detaching, %.1f unloading, %.1f going on\n",
	       round, made, now() - begun, took[LOAD], took[DETACHING],
	       took[UNLOAD], took[GOING]);
	if (load(&shared->errors)) {
		printf("# %u errors, the first: %s, line %u: %ld and not %ld (%s)\n",
		       shared->errors, shared->who, shared->line, shared->seen,
		       shared->wanted, strerror(shared->error_no));
		right = false;
	}
	if (!round) {
		puts("# not one round");
		right = false;
	}
	for (i = 0; i < nworkers; i++) {
		if (waitpid(workers[i].pid, &status, 0) < 0 ||
		    status != EXITED(RIGHT)) {
			printf("# %s ended with status %#x\n",
			       workers[i].kind->name, status);
			right = false;
		}
		printf("# %s: %lu times\n", workers[i].kind->name,
		       shared->loops[i]);
	}
	if (unheld(getsid(0))) {
		puts("# somebody is stopped still");
		right = false;
	}
	return right && !err && !shared->stuck ? 0 : 1;
}
