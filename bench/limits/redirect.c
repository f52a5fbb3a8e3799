// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * INV-1: a signal to a process goes to its main thread, if that does not block
 * it; but a thread that is in a ptrace stop is passed over.  How often does
 * another thread run the handler, and can a tracer put it right?
 *
 * Processes: the program, whose threads count how often each ran the handler; a
 * sender, which waits for each signal to be handled; the tracer.
 */
#include <pthread.h>

#include "limits.h"

#define MAX_THREADS	4		/* the main thread is number 0 */
#define SIGNALS		1000
#define CASES		20
#define HOLD_US		20000

/* Real-time where several are queued at a time. */
static int signr = SIGUSR1;

#ifndef SIGEV_THREAD_ID
#define SIGEV_THREAD_ID	4
#endif
#ifndef PTRACE_PEEKSIGINFO_SHARED
#define PTRACE_PEEKSIGINFO_SHARED	1
#endif

/* What the main thread does, and what the others do. */
enum life { CALLS, SELDOM_CALLS, SLEEPS, BLOCKS_ON_DEMAND, SITS_IN_VFORK,
	    FLICKERS };
enum others { PAUSE, SIGWAIT };

static struct shared {
	atomic_int ready, quit;
	atomic_int tid[MAX_THREADS];
	atomic_int by[MAX_THREADS];	/* how often each had the signal */
	atomic_int sum;
	atomic_int wrong;		/* siginfo that was not the sender's */
	atomic_int block, blocked;
	atomic_int go;			/* the child of vfork() may end */
	atomic_int seen_blocked;	/* what another thread thinks of itself */
	atomic_int ask_mask;
	enum life life;
	enum others others;
	int threads;
} *shared;

/* ---- the program ------------------------------------------------------------ */

static __thread int number;
static int threads;

static void taken(const siginfo_t *info)
{
	if (info->si_code == SI_QUEUE && info->si_int != 4711)
		shared->wrong++;
	shared->by[number]++;
	shared->sum++;
}

static void handler(int sig, siginfo_t *info, void *ctx)
{
	(void)sig;
	(void)ctx;
	taken(info);
}

static void be_ready(void)
{
	shared->tid[number] = syscall(SYS_gettid);
	shared->ready++;
}

static sigset_t the_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signr);
	return set;
}

static void *other_main(void *arg)
{
	sigset_t set = the_set(), old;
	siginfo_t info;

	number = (long)arg;
	be_ready();
	if (shared->others == SIGWAIT) {
		pthread_sigmask(SIG_BLOCK, &set, NULL);
		for (;;)
			if (sigwaitinfo(&set, &info) == signr)
				taken(&info);
	}
	for (;;) {
		if (shared->life == SITS_IN_VFORK && number == 1) {
			nap_us(500);
			shared->go++;
		} else if (atomic_exchange(&shared->ask_mask, 0)) {
			pthread_sigmask(SIG_BLOCK, NULL, &old);
			shared->seen_blocked = sigismember(&old, signr) + 1;
		} else if (shared->life == SLEEPS) {
			nap_us(500);
		} else {
			pause();
		}
	}
	return NULL;
}

static void sit_in_vfork(void)
{
	int from = shared->go;
	pid_t parent = getpid(), pid = vfork();

	if (!pid) {
		/* the other thread has to run for it to end */
		while (shared->go < from + 3 && getppid() == parent)
			nap_us(200);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0)
		;
}

static void program_main(void)
{
	/* not blocked in its own handler, which takes longer when traced */
	struct sigaction sa = {
		.sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER,
	};
	sigset_t set = the_set();
	pthread_t thread;
	long i;

	sigaction(signr, &sa, NULL);
	for (i = 1; i < shared->threads; i++)
		pthread_create(&thread, NULL, other_main, (void *)i);
	be_ready();
	while (!shared->quit) {
		switch (shared->life) {
		case SELDOM_CALLS:
			nap_us(1000);
			break;
		case SLEEPS:
			nap_us(100000);
			break;
		case BLOCKS_ON_DEMAND:
			if (atomic_exchange(&shared->block, 0)) {
				pthread_sigmask(SIG_BLOCK, &set, NULL);
				shared->blocked = 1;
			}
			nap_us(100);
			break;
		case SITS_IN_VFORK:
			sit_in_vfork();
			break;
		case FLICKERS:
			pthread_sigmask(SIG_BLOCK, &set, NULL);
			syscall(SYS_getppid);
			pthread_sigmask(SIG_UNBLOCK, &set, NULL);
			syscall(SYS_getppid);
			break;
		default:
			syscall(SYS_getppid);
		}
	}
	_exit(0);
}

static pid_t program;

static void start(enum life life, enum others others, int nr)
{
	int i;

	fflush(stdout);
	memset(shared, 0, sizeof(*shared));
	shared->life = life;
	shared->others = others;
	shared->threads = threads = nr;
	program = fork_child();
	if (!program)
		program_main();
	for (i = 0; i < nr; i++)
		until(&shared->tid[i], 1);
	nap_us(500);
}

/* ---- the sender ------------------------------------------------------------- */

enum way { KILL, TGKILL, QUEUE, TGQUEUE, BURST };

static void send_by(enum way way, pid_t tid)
{
	siginfo_t info = { .si_code = SI_QUEUE, .si_pid = getpid() };

	info.si_int = 4711;
	switch (way) {
	case KILL:
		kill(program, signr);
		break;
	case TGKILL:
		syscall(SYS_tgkill, program, tid, signr);
		break;
	case QUEUE:
	case BURST:
		syscall(SYS_rt_sigqueueinfo, program, signr, &info);
		break;
	case TGQUEUE:
		syscall(SYS_rt_tgsigqueueinfo, program, tid, signr, &info);
		break;
	}
}

static pid_t start_sender(enum way way, int to)
{
	pid_t pid = fork_child();
	int i;

	if (pid)
		return pid;
	for (i = 1; i <= SIGNALS; i++) {
		send_by(way, shared->tid[to]);
		if (way == BURST)
			continue;
		until(&shared->sum, i);
		nap_us(20);
	}
	until(&shared->sum, SIGNALS);
	shared->quit = 1;
	_exit(0);
}

/* ---- the tracer --------------------------------------------------------------- */

enum cure { NONE, BY_TGKILL, BY_REQUEUE };

static struct {
	enum cure cure;
	long resume;			/* PTRACE_CONT, PTRACE_SYSCALL */
	/* of BY_REQUEUE */
	bool held[MAX_THREADS];
	bool final[MAX_THREADS];	/* it is for this thread after all */
	uint64_t mask[MAX_THREADS];
	long since;
	int given_up;
	/* of BY_TGKILL */
	siginfo_t redirected;
	bool on_its_way;
} tracer;

static int number_of(pid_t tid)
{
	int i;

	for (i = 0; i < threads; i++)
		if (shared->tid[i] == tid)
			return i;
	return -1;
}

static void get_mask(pid_t tid, uint64_t *mask)
{
	if (ptrace(PTRACE_GETSIGMASK, tid, sizeof(*mask), mask))
		die("PTRACE_GETSIGMASK");
}

static void set_mask(pid_t tid, uint64_t mask)
{
	if (ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask))
		die("PTRACE_SETSIGMASK");
}

#define BIT(sig)	(1ULL << ((sig) - 1))

/* Of any thread, running or not. */
static bool blocks(pid_t tid, int sig)
{
	char path[64], line[256];
	uint64_t mask = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "SigBlk:", 7))
			mask = strtoull(line + 7, NULL, 16);
	if (file)
		fclose(file);
	return mask & BIT(sig);
}

/* @flags: PTRACE_PEEKSIGINFO_SHARED for the queue of the process. */
static bool pending(pid_t tid, int sig, int flags)
{
	struct __ptrace_peeksiginfo_args args = { .flags = flags, .nr = 32 };
	siginfo_t info[32];
	long i, n = ptrace(PTRACE_PEEKSIGINFO, tid, &args, info);

	for (i = 0; i < n; i++)
		if (info[i].si_signo == sig)
			return true;
	return false;
}

static void let_go(int i)
{
	tracer.held[i] = false;
	set_mask(shared->tid[i], tracer.mask[i]);
	trace(tracer.resume, shared->tid[i], 0);
}

static void let_all_go(bool given_up)
{
	bool any = false;
	int i;

	for (i = 1; i < threads; i++) {
		if (!tracer.held[i])
			continue;
		any = true;
		tracer.final[i] = given_up;
		let_go(i);
	}
	tracer.given_up += any && given_up;
}

/*
 * The kernel queues a signal anew, where it was, if the thread blocks it when it
 * is injected.  Thread @i is back in a stop before it sees its own mask.
 */
static void requeue(int i, int sig)
{
	pid_t tid = shared->tid[i];

	if (tracer.final[i] || blocks(shared->tid[0], sig)) {
		tracer.final[i] = false;
		trace(tracer.resume, tid, sig);
		return;
	}
	get_mask(tid, &tracer.mask[i]);
	set_mask(tid, tracer.mask[i] | BIT(sig));
	trace(PTRACE_INTERRUPT, tid, 0);
	trace(tracer.resume, tid, sig);
	expect_stop(tid, EVENT_STOP(SIGTRAP));
	if (pending(tid, sig, PTRACE_PEEKSIGINFO_SHARED)) {
		tracer.held[i] = true;
		tracer.since = now_us();
		return;
	}
	/* if it is not its own, the main thread has it already */
	tracer.final[i] = pending(tid, sig, 0);
	let_go(i);
}

static void redirect(pid_t tid, int sig)
{
	siginfo_t info = { .si_code = SI_QUEUE, .si_pid = getpid() };

	if (ptrace(PTRACE_GETSIGINFO, tid, 0, &tracer.redirected))
		die("PTRACE_GETSIGINFO");
	if (tracer.redirected.si_code == SI_TKILL) {
		trace(tracer.resume, tid, sig);
		return;
	}
	tracer.on_its_way = true;
	syscall(SYS_rt_tgsigqueueinfo, program, shared->tid[0], sig, &info);
	trace(tracer.resume, tid, 0);
}

static void at_signal(pid_t tid, int sig)
{
	int i = number_of(tid);

	if (sig != signr || tracer.cure == NONE) {
		trace(tracer.resume, tid, sig);
	} else if (i > 0 && tracer.cure == BY_REQUEUE) {
		requeue(i, sig);
	} else if (i > 0 && tracer.cure == BY_TGKILL) {
		redirect(tid, sig);
	} else {
		if (tracer.on_its_way) {
			tracer.on_its_way = false;
			if (ptrace(PTRACE_SETSIGINFO, tid, 0,
				   &tracer.redirected))
				die("PTRACE_SETSIGINFO");
		}
		trace(tracer.resume, tid, sig);
		memset(tracer.final, 0, sizeof(tracer.final));
		let_all_go(false);
	}
}

static bool any_held(void)
{
	int i;

	for (i = 1; i < threads; i++)
		if (tracer.held[i])
			return true;
	return false;
}

static bool is_late(void)
{
	return now_us() - tracer.since > HOLD_US;
}

/* One stop, if there is one; false: the program has ended. */
static bool pump(bool wait)
{
	int status, stop;
	pid_t tid;

	tid = waitpid(-1, &status, __WALL | (wait ? 0 : WNOHANG));
	if (!tid)
		return true;
	if (tid < 0)
		return false;
	stop = status >> 8;
	if (!WIFSTOPPED(status))
		return true;
	if (number_of(tid) < 0)
		return true;
	if (stop == SYSCALL_STOP || stop > 0xff) {
		/* nobody waits for one that does not want it any more */
		if (tid == shared->tid[0] && any_held() &&
		    blocks(tid, signr))
			let_all_go(true);
		trace(tracer.resume, tid, 0);
	} else {
		at_signal(tid, stop);
	}
	return true;
}

static void seize_all(enum cure cure, long resume)
{
	int i;

	memset(&tracer, 0, sizeof(tracer));
	tracer.cure = cure;
	tracer.resume = resume;
	for (i = 0; i < threads; i++) {
		seize(shared->tid[i], PTRACE_O_EXITKILL);
		trace(PTRACE_INTERRUPT, shared->tid[i], 0);
	}
}

static void run(void)
{
	for (;;) {
		if (!pump(!any_held()))
			return;
		if (any_held() && is_late())
			let_all_go(true);
	}
}

static void result(const char *what)
{
	int others = shared->sum - shared->by[0];

	printf("  %-50s main %4d, others %4d", what, (int)shared->by[0],
	       others);
	if (shared->wrong)
		printf(", wrong siginfo %d", (int)shared->wrong);
	if (tracer.given_up)
		printf(", given up %d", tracer.given_up);
	putchar('\n');
	fflush(stdout);
}

static void traced(const char *what, enum cure cure, long resume,
		   enum life life, enum others others, int nr, enum way way,
		   int to)
{
	start(life, others, nr);
	if (resume) {
		seize_all(cure, resume);
		start_sender(way, to);
		run();
	} else {
		memset(&tracer, 0, sizeof(tracer));
		start_sender(way, to);
		while (wait(NULL) > 0)
			;
	}
	result(what);
}

/* ---- single cases --------------------------------------------------------------- */

static void end_program(void)
{
	kill(program, SIGKILL);
	while (waitpid(-1, NULL, __WALL) > 0)
		;
}

/* The main thread is in a ptrace stop when the signal comes: thread 1 has it, and
 * is at its delivery. */
static void other_gets_it(enum life life, enum way way)
{
	int i;

	start(life, PAUSE, 2);
	memset(&tracer, 0, sizeof(tracer));
	tracer.resume = PTRACE_CONT;
	for (i = 0; i < 2; i++)
		seize(shared->tid[i], PTRACE_O_EXITKILL);
	trace(PTRACE_INTERRUPT, shared->tid[0], 0);
	/* vfork() is not interrupted, but the thread has something pending */
	if (life == SITS_IN_VFORK)
		nap_us(200);
	else
		expect_stop(shared->tid[0], EVENT_STOP(SIGTRAP));
	send_by(way, shared->tid[1]);
	if (life != SITS_IN_VFORK) {
		expect_stop(shared->tid[1], signr);
		trace(PTRACE_CONT, shared->tid[0], 0);
	}
}

/* The main thread blocks it, between the delivery and the cure. */
static void blocked_meanwhile(enum cure cure)
{
	int i, k, none = 0, main_had = 0, other_had = 0;

	for (i = 0; i < CASES; i++) {
		other_gets_it(BLOCKS_ON_DEMAND, KILL);
		shared->block = 1;
		until(&shared->blocked, 1);
		tracer.cure = cure;
		at_signal(shared->tid[1], signr);
		for (k = 0; k < 100 && !shared->sum; k++) {
			pump(false);
			if (any_held() && is_late())
				let_all_go(true);
			nap_us(1000);
		}
		none += !shared->sum;
		main_had += shared->by[0];
		other_had += shared->by[1];
		end_program();
	}
	printf("  %-50s main %4d, others %4d, nobody in 0.1 s %4d\n",
	       "the main thread blocks it meanwhile", main_had, other_had,
	       none);
}

/* The main thread cannot come, and what it waits for needs thread 1. */
static void cannot_come(void)
{
	int i, k, sum = 0, given_up = 0;

	for (i = 0; i < CASES; i++) {
		other_gets_it(SITS_IN_VFORK, KILL);
		tracer.cure = BY_REQUEUE;
		for (k = 0; k < 400 && !shared->sum; k++) {
			pump(false);
			if (any_held() && is_late())
				let_all_go(true);
			nap_us(500);
		}
		sum += shared->sum;
		given_up += tracer.given_up;
		end_program();
	}
	printf("  %-50s handled %d of %d, given up after %d ms %d\n",
	       "the main thread sits in vfork", sum, CASES, HOLD_US / 1000,
	       given_up);
}

static void look_alike(void)
{
	static const char *const name[] = {
		"kill", "tgkill", "sigqueue", "pthread_sigqueue",
	};
	siginfo_t info;
	int way;

	for (way = KILL; way <= TGQUEUE; way++) {
		other_gets_it(SLEEPS, way);
		if (ptrace(PTRACE_GETSIGINFO, shared->tid[1], 0, &info))
			die("PTRACE_GETSIGINFO");
		printf("  %-50s si_code %d\n", name[way], info.si_code);
		end_program();
	}
}

static void mask_seen(void)
{
	uint64_t mask;

	start(SLEEPS, PAUSE, 2);
	seize(shared->tid[1], PTRACE_O_EXITKILL);
	trace(PTRACE_INTERRUPT, shared->tid[1], 0);
	expect_stop(shared->tid[1], EVENT_STOP(SIGTRAP));
	get_mask(shared->tid[1], &mask);
	set_mask(shared->tid[1], mask | BIT(signr));
	shared->ask_mask = 1;
	trace(PTRACE_CONT, shared->tid[1], 0);
	until(&shared->seen_blocked, 1);
	printf("  %-50s %s\n", "the thread asks: does it block the signal",
	       shared->seen_blocked == 2 ? "yes" : "no");
	end_program();
}

static void one_cpu(bool on)
{
	static cpu_set_t all;
	cpu_set_t set;

	if (on) {
		sched_getaffinity(0, sizeof(all), &all);
		CPU_ZERO(&set);
		CPU_SET(sched_getcpu(), &set);
		sched_setaffinity(0, sizeof(set), &set);
	} else {
		sched_setaffinity(0, sizeof(all), &all);
	}
}

int main(void)
{
	shared = share(sizeof(*shared));
	printf("Of %d signals to the process, by which thread they are taken:\n",
	       SIGNALS);
#define BY_CALLS	CALLS, PAUSE
	traced("untraced", NONE, 0, BY_CALLS, 2, KILL, 0);
	traced("untraced, 4 threads", NONE, 0, BY_CALLS, 4, KILL, 0);
	traced("untraced, the other in sigwaitinfo", NONE, 0, CALLS, SIGWAIT,
	       2, KILL, 0);
	traced("untraced, the main thread blocks and unblocks it", NONE, 0,
	       FLICKERS, PAUSE, 2, KILL, 0);
	signr = SIGRTMIN;
	traced("untraced, sent faster than they are taken", NONE, 0, BY_CALLS,
	       2, BURST, 0);
	signr = SIGUSR1;
	traced("traced, no system calls", NONE, PTRACE_CONT, BY_CALLS, 2,
	       KILL, 0);
	traced("system calls", NONE, PTRACE_SYSCALL, BY_CALLS, 2, KILL, 0);
	traced("system calls, 4 threads", NONE, PTRACE_SYSCALL, BY_CALLS, 4,
	       KILL, 0);
	traced("system calls, the other in sigwaitinfo", NONE, PTRACE_SYSCALL,
	       CALLS, SIGWAIT, 2, KILL, 0);

	puts("Shorter stops:");
	one_cpu(true);
	traced("system calls, all on one CPU", NONE, PTRACE_SYSCALL,
	       BY_CALLS, 2, KILL, 0);
	one_cpu(false);
	traced("a system call each ms", NONE, PTRACE_SYSCALL, SELDOM_CALLS,
	       PAUSE, 2, KILL, 0);

	puts("The other threads block it, by PTRACE_SETSIGMASK:");
	mask_seen();

	puts("Sent on with rt_tgsigqueueinfo:");
	traced("system calls", BY_TGKILL, PTRACE_SYSCALL, BY_CALLS, 2, KILL,
	       0);
	traced("system calls, the other in sigwaitinfo", BY_TGKILL,
	       PTRACE_SYSCALL, CALLS, SIGWAIT, 2, KILL, 0);
	traced("to another thread, by tgkill", BY_TGKILL, PTRACE_SYSCALL,
	       BY_CALLS, 2, TGKILL, 1);
	traced("to another thread, by pthread_sigqueue", BY_TGKILL,
	       PTRACE_SYSCALL, BY_CALLS, 2, TGQUEUE, 1);
	blocked_meanwhile(BY_TGKILL);
	look_alike();

	puts("Blocked for a moment, so that the kernel queues it anew:");
	traced("system calls", BY_REQUEUE, PTRACE_SYSCALL, BY_CALLS, 2, KILL,
	       0);
	traced("system calls, 4 threads", BY_REQUEUE, PTRACE_SYSCALL,
	       BY_CALLS, 4, KILL, 0);
	traced("sigqueue", BY_REQUEUE, PTRACE_SYSCALL, BY_CALLS, 2, QUEUE, 0);
	traced("to another thread, by tgkill", BY_REQUEUE, PTRACE_SYSCALL,
	       BY_CALLS, 2, TGKILL, 1);
	traced("to another thread, by pthread_sigqueue", BY_REQUEUE,
	       PTRACE_SYSCALL, BY_CALLS, 2, TGQUEUE, 1);
	traced("the main thread blocks and unblocks it", BY_REQUEUE,
	       PTRACE_SYSCALL, FLICKERS, PAUSE, 2, KILL, 0);
	traced("system calls, the other in sigwaitinfo", BY_REQUEUE,
	       PTRACE_SYSCALL, CALLS, SIGWAIT, 2, KILL, 0);
	blocked_meanwhile(BY_REQUEUE);
	cannot_come();
	return 0;
}
