// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * JCT-1: can the callback for a stop or a continue come before the parent is
 * sent its SIGCHLD?  Three processes: a parent that notes each SIGCHLD, its
 * child, which is stopped and continued, and the tracer, which is neither's
 * parent in the kernel's eyes.  Each row is so many rounds with a new child.
 * "callback" is five milliseconds of the tracer's time.
 */
#include <pthread.h>
#include <sys/signalfd.h>

#include "limits.h"

#define ROUNDS		50
#define CALLBACK_US	5000
#define LONG_MS		2000
#define SHORT_MS	30		/* where nothing is expected */

static struct shared {
	atomic_int child, thread;	/* tids */
	atomic_int command, done;	/* for the parent: a letter */
	atomic_int stopped, continued;	/* SIGCHLDs that it had */
	atomic_int called;		/* callbacks are over */
	atomic_int early;		/* SIGCHLDs before that */
	atomic_int saw_stop;		/* after its own SIGCONT */
	atomic_int vfork_ms;		/* the other thread waits so long */
	atomic_int in_vfork;
} *shared;

static struct {
	int callback, early, late, none, stopped, other, looked;
} sum;

/* ---- the child ------------------------------------------------------------ */

static void *other_thread(void *arg)
{
	pid_t pid;
	int ms;

	(void)arg;
	shared->thread = syscall(SYS_gettid);
	for (;;) {
		ms = atomic_exchange(&shared->vfork_ms, 0);
		if (!ms) {
			nap_us(100);
			continue;
		}
		pid = vfork();
		if (!pid) {
			shared->in_vfork = 1;
			nap_us(ms * 1000);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return NULL;
}

static void child_main(int threads)
{
	pthread_t thread;

	setpgid(0, 0);
	if (threads > 1)
		pthread_create(&thread, NULL, other_thread, NULL);
	else
		shared->thread = -1;
	shared->child = getpid();
	for (;;)
		pause();
}

/* ---- its parent ----------------------------------------------------------- */

static void obey(int command, pid_t child)
{
	int status, i;

	switch (command) {
	case 's':		/* the child's process group becomes orphaned */
		if (setsid() < 0)
			die("setsid");
		break;
	case 'c':		/* continue it: is it stopped after that? */
		kill(child, SIGCONT);
		shared->done = 1;
		for (i = 0; i < 50; i++, nap_us(1000))
			if (waitpid(child, &status, WUNTRACED | WNOHANG) > 0 &&
			    WIFSTOPPED(status))
				shared->saw_stop = 1;
		break;
	}
	shared->done = 2;
}

static void parent_main(int threads)
{
	struct signalfd_siginfo info;
	sigset_t set;
	pid_t child;
	int fd, command;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	child = fork_child();
	if (!child) {
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		child_main(threads);
	}
	for (;;) {
		command = atomic_exchange(&shared->command, 0);
		if (command)
			obey(command, child);
		if (read(fd, &info, sizeof(info)) != sizeof(info)) {
			nap_us(50);
			continue;
		}
		if (!shared->called)
			shared->early++;
		if (info.ssi_code == CLD_STOPPED)
			shared->stopped++;
		if (info.ssi_code == CLD_CONTINUED)
			shared->continued++;
	}
}

static void ask_parent(int command, int done)
{
	shared->done = 0;
	shared->command = command;
	until(&shared->done, done);
}

/* ---- the tracer ----------------------------------------------------------- */

static pid_t parent, child, thread;

static void begin(int threads)
{
	memset(shared, 0, sizeof(*shared));
	parent = fork_child();
	if (!parent)
		parent_main(threads);
	until(&shared->child, 1);
	while (!shared->thread)
		nap_us(50);
	child = shared->child;
	thread = shared->thread;
	nap_us(200);
}

static void end(void)
{
	kill(parent, SIGKILL);
	kill(child, SIGKILL);
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
}

static void callback(void)
{
	nap_us(CALLBACK_US);
	sum.callback++;
	shared->called = 1;
}

/* Whether the parent was sent it, or will be in the next @ms. */
static void count(atomic_int *which, int ms)
{
	while (!*which && ms--)
		nap_us(1000);
	if (!*which)
		sum.none++;
	else if (shared->early)
		sum.early++;
	else
		sum.late++;
}

static void row(const char *name)
{
	printf("%-46s callbacks %3d; SIGCHLD before %3d, after %3d, never %3d\n",
	       name, sum.callback, sum.early, sum.late, sum.none);
	fflush(stdout);
	memset(&sum, 0, sizeof(sum));
}

/* As the library does it: at the group stop. */
static void at_group_stop(void)
{
	begin(1);
	seize(child, 0);
	kill(child, SIGSTOP);
	expect_stop(child, SIGSTOP);
	trace(PTRACE_CONT, child, SIGSTOP);
	expect_stop(child, EVENT_STOP(SIGSTOP));
	callback();
	count(&shared->stopped, LONG_MS);
	end();
}

/* At the delivery of the stop signal, before it takes effect. */
static void at_delivery(char between)
{
	int sig = between == 's' ? SIGTSTP : SIGSTOP;

	begin(1);
	seize(child, 0);
	kill(child, sig);
	expect_stop(child, sig);
	if (between == 'c')
		kill(child, SIGCONT);
	if (between == 's')
		ask_parent('s', 2);
	callback();
	trace(PTRACE_CONT, child, sig);
	count(&shared->stopped, between ? SHORT_MS : LONG_MS);
	end();
}

/* Another thread, which is not traced, takes the stop signal. */
static void at_delivery_elsewhere(void)
{
	begin(2);
	seize(child, 0);
	syscall(SYS_tgkill, child, thread, SIGSTOP);
	expect_stop(child, EVENT_STOP(SIGSTOP));
	callback();
	count(&shared->stopped, LONG_MS);
	end();
}

/* As at_delivery('c'), and the stop that was lost is made again. */
static void make_up(void)
{
	begin(1);
	seize(child, 0);
	kill(child, SIGSTOP);
	expect_stop(child, SIGSTOP);
	shared->command = 'c';
	until(&shared->done, 1);
	callback();
	trace(PTRACE_CONT, child, SIGSTOP);
	expect_stop(child, EVENT_STOP(SIGTRAP));
	syscall(SYS_tgkill, child, child, SIGSTOP);
	trace(PTRACE_CONT, child, 0);
	expect_stop(child, SIGSTOP);
	trace(PTRACE_CONT, child, SIGSTOP);
	expect_stop(child, EVENT_STOP(SIGSTOP));
	nap_us(2000);
	trace(PTRACE_LISTEN, child, 0);
	kill(child, SIGCONT);
	until(&shared->done, 2);
	sum.other += shared->saw_stop;
	count(&shared->stopped, LONG_MS);
	end();
}

/*
 * The other thread is held back in a stop of its own: the group's stop is not
 * complete, and nobody is told, until it is let go.
 */
static void keep_back(bool cont)
{
	begin(2);
	seize(child, 0);
	seize(thread, 0);
	kill(child, SIGSTOP);
	expect_stop(child, SIGSTOP);
	trace(PTRACE_INTERRUPT, thread, 0);
	expect_stop(thread, EVENT_STOP(SIGTRAP));
	trace(PTRACE_CONT, child, SIGSTOP);
	expect_stop(child, EVENT_STOP(SIGSTOP));
	callback();		/* of both */
	if (cont)
		kill(child, SIGCONT);
	trace(PTRACE_CONT, thread, 0);
	count(&shared->stopped, LONG_MS);
	end();
}

/* The only thread: an interrupt that is pending when the signal is injected. */
static void keep_itself_back(void)
{
	int stop;

	begin(1);
	seize(child, 0);
	kill(child, SIGSTOP);
	expect_stop(child, SIGSTOP);
	trace(PTRACE_INTERRUPT, child, 0);
	trace(PTRACE_SYSCALL, child, SIGSTOP);
	stop = next_stop(child);
	if (stop != EVENT_STOP(SIGSTOP))
		sum.other++;
	callback();
	count(&shared->stopped, LONG_MS);
	end();
}

/* A stop, whose SIGCHLD is out of the way. */
static void stop_first(void)
{
	kill(child, SIGSTOP);
	expect_stop(child, SIGSTOP);
	trace(PTRACE_CONT, child, SIGSTOP);
	expect_stop(child, EVENT_STOP(SIGSTOP));
	until(&shared->stopped, 1);
	shared->early = 0;
}

static void continue_listening(void)
{
	begin(1);
	seize(child, 0);
	stop_first();
	trace(PTRACE_LISTEN, child, 0);
	kill(child, SIGCONT);
	expect_stop(child, EVENT_STOP(SIGTRAP));
	callback();
	count(&shared->continued, LONG_MS);
	end();
}

static bool is_continued(void)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, child, &info, WCONTINUED | WNOHANG | WNOWAIT))
		die("waitid");
	return info.si_pid;
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* It stays in its stop, and is asked again and again. */
static void continue_polled(int threads)
{
	begin(threads);
	seize(child, 0);
	stop_first();
	kill(child, SIGCONT);
	while (!is_continued())
		nap_us(1000);
	callback();
	trace(PTRACE_CONT, child, 0);
	count(&shared->continued, LONG_MS);
	end();
}

/* The same, with a wait that sleeps. */
static void continue_waited(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	siginfo_t info = { 0 };
	long start = now_us();

	begin(1);
	seize(child, 0);
	stop_first();
	sigaction(SIGALRM, &sa, NULL);
	if (!fork_child()) {
		nap_us(20000);
		kill(child, SIGCONT);
		_exit(0);
	}
	ualarm(200000, 0);
	if (!waitid(P_PID, child, &info, WCONTINUED | WNOWAIT) &&
	    now_us() - start < 200000)
		sum.other++;	/* not by the alarm */
	sum.looked += is_continued();
	end();
}

/* Field 52 of /proc/PID/stat: the group's exit code, the signal that stopped
 * it if the stop is complete. */
static int group_code(void)
{
	char path[64], text[1024], *at;
	FILE *file;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	file = fopen(path, "r");
	if (!file || !fgets(text, sizeof(text), file))
		die(path);
	fclose(file);
	at = strrchr(text, ')') + 1;
	for (i = 0; i < 49; i++)
		at = strchr(at + 1, ' ');
	return atoi(at);
}

/*
 * One thread is traced; the other, in vfork() for 5 ms, completes the stop.  The
 * tracer asks after @ms.
 */
static void who_completes(int ms)
{
	begin(2);
	shared->vfork_ms = 5;
	until(&shared->in_vfork, 1);
	seize(child, 0);
	kill(child, SIGSTOP);
	expect_stop(child, SIGSTOP);
	trace(PTRACE_CONT, child, SIGSTOP);
	expect_stop(child, EVENT_STOP(SIGSTOP));
	nap_us(ms * 1000);
	sum.looked += !!group_code();
	end();
}

int main(void)
{
	int i, n;

	shared = share(sizeof(*shared));
#define TIMES(what) do { for (i = 0; i < ROUNDS; i++) what; } while (0)
	TIMES(at_group_stop());
	row("stop: at the group stop (the library)");
	TIMES(at_delivery(0));
	row("stop: at the signal's delivery");
	TIMES(at_delivery('c'));
	row("  SIGCONT meanwhile");
	TIMES(at_delivery('s'));
	row("  SIGTSTP, the group is orphaned meanwhile");
	TIMES(at_delivery_elsewhere());
	row("  a thread that is not traced takes it");
	TIMES(make_up());
	n = sum.other;
	row("  SIGCONT meanwhile, and the stop made again");
	printf("  the parent sees it stopped after its own SIGCONT: %d\n", n);
	TIMES(keep_back(false));
	row("stop: another thread is held back");
	TIMES(keep_back(true));
	row("  SIGCONT meanwhile");
	TIMES(keep_itself_back());
	n = sum.other;
	row("  the only thread, INTERRUPT pending");
	printf("  a stop in between: %d\n", n);
	TIMES(who_completes(0));
	n = sum.looked;
	TIMES(who_completes(20));
	printf("stop: completed by a thread that is not traced\n");
	printf("  complete, asked at once: %d, after 20 ms: %d\n", n,
	       sum.looked - n);
	memset(&sum, 0, sizeof(sum));
	TIMES(continue_listening());
	row("continue: in PTRACE_LISTEN (the library)");
	TIMES(continue_polled(1));
	row("continue: not listening, asked every ms");
	TIMES(continue_polled(2));
	row("  with a thread that is not traced");
	for (i = 0; i < 5; i++)
		continue_waited();
	printf("continue: not listening, in a wait that sleeps\n");
	printf("  woken: %d of 5, though it was continued: %d of 5\n",
	       sum.other, sum.looked);
	return 0;
}
