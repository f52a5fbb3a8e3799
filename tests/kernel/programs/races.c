// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Races: calls of utrace against what threads do meanwhile, many rounds.
 *
 *	races [--full] [--seconds N] SEED [TEST...]
 *	races --list
 *
 * A round makes a kid, whose threads do what they are told, and taps on them
 * (taps.h); then things happen at once, and what was answered is compared with
 * what came.  Everything random follows from SEED, the test and the round's
 * number, save for what the scheduler does.
 */
#include "expect.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define ENOBODY		ESRCH
#define KID_THREADS	6

/* ---- what is shared with kids, and with who watches ---------------------- */

enum cmd {
	C_LOOP, C_EXIT, C_LEAVE, C_EXEC, C_TERM, C_FORK, C_VFORK, C_RAISE,
	C_THREAD, C_SLEEP
};

static struct shared {
	unsigned int beat, errors, stuck, blind, quit, unseen, created;
	char at[128];
	pid_t kid;
	struct kid_thread {
		unsigned int cmd, arg, tid, loops, got, disorder, done;
	} threads[KID_THREADS];
} *shared;

static const char *test_name;
static unsigned long round_number;
static uint64_t rng;
static int taps = -1;
static char *self;
static bool failed;

static void at(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(shared->at, sizeof(shared->at), fmt, ap);
	va_end(ap);
	inc(&shared->beat);
}

static bool check(int line, const char *what, bool holds, long seen, long wanted)
{
	if (holds)
		return true;
	if (inc(&shared->errors) <= 10) {
		printf("# %s, round %lu, line %d, at \"%s\": %s: %ld, not %ld\n",
		       test_name, round_number, line, shared->at, what, seen,
		       wanted);
	}
	failed = true;
	return false;
}

/* One of these, as a call of utrace answers. */
#define EXPECT_ANSWER(ret, ...) ({					\
	static const int ok_[] = { __VA_ARGS__ };			\
	long r_ = (ret);						\
	bool is_ = false;						\
									\
	for (unsigned int i_ = 0; i_ < sizeof(ok_) / sizeof(int); i_++)	\
		is_ |= r_ == ok_[i_];					\
	check(__LINE__, #ret, is_, r_, ok_[0]); })

/* Nobody waits any more when all is stuck. */
#undef wait_until
#define wait_until(cond)	poll_until(30, 100, load(&shared->stuck), cond)

/* ---- kids ---------------------------------------------------------------- */

static __thread struct kid_thread *me;

static void on_number(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_value.sival_int != (int)me->got + 1)
		inc(&me->disorder);
	me->got = info->si_value.sival_int;
}

static void on_usr1(int sig)
{
	(void)sig;
	inc(&me->done);
}

static void *nothing(void *arg)
{
	return arg;
}

static void *kid_loop(void *arg)
{
	char *argv[] = { self, (char *)"exit", (char *)"5", NULL };
	char *env[] = { NULL };
	pthread_t id;
	pid_t pid;

	me = arg;
	store(&me->tid, syscall(SYS_gettid));
	for (;;) {
		unsigned int cmd = load(&me->cmd);

		inc(&me->loops);
		switch (cmd) {
		case C_LOOP:
			syscall(SYS_getppid);
			if (!(me->loops % 64))
				sched_yield();
			continue;
		case C_SLEEP:
			usleep(1000);
			continue;
		case C_EXIT:
			syscall(SYS_exit_group, me->arg);
			abort();
		case C_LEAVE:
			syscall(SYS_exit, 0);
			abort();
		case C_EXEC:
			execve(self, argv, env);
			_exit(99);
		case C_TERM:
			raise(SIGTERM);
			_exit(98);
		case C_FORK:
			pid = fork();
			if (!pid)
				_exit(1);
			waitpid(pid, NULL, __WALL);
			break;
		case C_VFORK:
			pid = vfork();
			if (!pid)
				_exit(1);
			waitpid(pid, NULL, __WALL);
			break;
		case C_RAISE:
			raise(me->arg);
			break;
		case C_THREAD:
			if (!pthread_create(&id, NULL, nothing, NULL))
				pthread_join(id, NULL);
			break;
		}
		inc(&me->done);
		store(&me->cmd, C_LOOP);
	}
	return NULL;
}

static unsigned int kid_threads;

/* A process with @n threads, in a process group of its own. */
static pid_t kid_new(unsigned int n)
{
	struct sigaction sa = { .sa_sigaction = on_number,
				.sa_flags = SA_SIGINFO | SA_RESTART };
	unsigned int i;
	pthread_t id;
	pid_t pid;

	memset(shared->threads, 0, sizeof(shared->threads));
	kid_threads = n;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		close(taps);
		sigaction(SIGRTMIN + 3, &sa, NULL);
		signal(SIGUSR1, on_usr1);
		/* a shell ignores it for what it starts aside */
		signal(SIGQUIT, SIG_DFL);
		for (i = 1; i < n; i++)
			pthread_create(&id, NULL, kid_loop, &shared->threads[i]);
		kid_loop(&shared->threads[0]);
	}
	setpgid(pid, pid);
	shared->kid = pid;
	for (i = 0; i < n; i++)
		wait_until(load(&shared->threads[i].tid));
	return pid;
}

static void tell(unsigned int n, enum cmd cmd, unsigned int arg)
{
	shared->threads[n].arg = arg;
	store(&shared->threads[n].cmd, cmd);
}

static pid_t tid_of(unsigned int n)
{
	return shared->threads[n].tid;
}

static bool goes_on(unsigned int n)
{
	unsigned int before = load(&shared->threads[n].loops);

	return wait_until(load(&shared->threads[n].loops) > before + 2);
}

static int kid_status(void)
{
	int status = -1;

	at("%s: waits for its end", shared->at);
	EXPECT_EQ(waitpid(shared->kid, &status, 0), shared->kid);
	shared->kid = 0;
	return status;
}

/* ---- racers -------------------------------------------------------------- */

struct racer {
	void (*act)(struct racer *racer);
	uint64_t rng;
	pthread_t thread;
	int tap;
	unsigned int n;
	unsigned long arg;
	int ret;
	struct taps_seen seen;
};

static unsigned int over;	/* racers end */
static pthread_barrier_t begin;

static void *race(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(&begin);
	racer->act(racer);
	return NULL;
}

static void racers_start(struct racer *racers, unsigned int n)
{
	unsigned int i;

	store(&over, 0);
	pthread_barrier_init(&begin, NULL, n + 1);
	for (i = 0; i < n; i++) {
		racers[i].rng = rng_next(&rng);
		pthread_create(&racers[i].thread, NULL, race, &racers[i]);
	}
	pthread_barrier_wait(&begin);
}

static void racers_join(struct racer *racers, unsigned int n)
{
	unsigned int i;

	store(&over, 1);
	for (i = 0; i < n; i++)
		pthread_join(racers[i].thread, NULL);
	pthread_barrier_destroy(&begin);
}

/* Ended and put, an engine is released, once. */
static void expect_released(int tap)
{
	tap_ask(taps, tap, TAPS_PUT, 0);
	wait_until(tap_seen(taps, tap).released == 1);
	EXPECT_EQ(tap_seen(taps, tap).inside, 0);
}

static unsigned long some_events(uint64_t *r)
{
	return below(r, 3) ? rng_next(r) & EV_ALL : EV_ALL;
}

/* ---- attach and detach against the end ----------------------------------- */

static void attach_detach(struct racer *racer)
{
	int tap, ret;

	while (!load(&over)) {
		tap = tap_attach(taps, tid_of(below(&racer->rng, kid_threads)),
				 some_events(&racer->rng));
		if (tap < 0) {
			EXPECT_ANSWER(tap, -ENOBODY);
			sleep_us(50);
			continue;
		}
		dither(&racer->rng, 200);
		if (below(&racer->rng, 2)) {
			ret = tap_control(taps, tap, DETACH);
			EXPECT_ANSWER(ret, 0, -EINPROGRESS, -EALREADY, -ENOBODY);
			ret = tap_barrier(taps, tap);
			EXPECT_ANSWER(ret, 0, -ENOBODY);
		}
		tap_ask(taps, tap, TAPS_PUT, 0);
		if (racer->n < 100)
			racer->n++;
		if (!below(&racer->rng, 3))
			dither(&racer->rng, 2000);
	}
}

static void attach_exit(void)
{
	struct racer racers[2] = {
		{ .act = attach_detach }, { .act = attach_detach }
	};
	struct taps_seen sums;
	unsigned int n;

	kid_new(1 + below(&rng, 3));
	n = below(&rng, kid_threads);
	racers_start(racers, 2);
	dither(&rng, 3000);
	switch (below(&rng, 5)) {
	case 0:
		at("exit");
		tell(n, C_EXIT, 3);
		EXPECT_EQ(kid_status(), EXITED(3));
		break;
	case 1:
		at("kill");
		kill(shared->kid, SIGKILL);
		EXPECT_EQ(kid_status(), SIGKILL);
		break;
	case 2:
		at("term");
		tell(n, C_TERM, 0);
		EXPECT_EQ(kid_status(), SIGTERM);
		break;
	case 3:
		at("exec");
		tell(n, C_EXEC, 0);
		EXPECT_EQ(kid_status(), EXITED(5));
		break;
	case 4:
		at("leave");
		for (n = kid_threads; n--;)
			tell(n, C_LEAVE, 0);
		EXPECT_EQ(kid_status(), 0);
		break;
	}
	at("join");
	racers_join(racers, 2);
	wait_until((sums = taps_total(taps), sums.made == sums.released));
}

/* ---- detach and set_events against death and reaping --------------------- */

#define DETACHES	(1UL << 20)
#define AT_DEATH	(1UL << 21)

static void call_once(struct racer *racer)
{
	dither(&racer->rng, 20 + below(&racer->rng, 500));
	if (racer->arg & DETACHES)
		racer->ret = tap_control(taps, racer->tap, DETACH);
	else
		racer->ret = tap_events(taps, racer->tap,
					racer->arg & EV_ALL);
	racer->seen = tap_seen(taps, racer->tap);
}

static void judge_one(struct racer *racer, unsigned long before,
		      unsigned long bit, unsigned int by_then, unsigned int came,
		      bool cut)
{
	unsigned int wanted = !!(before & bit);

	if (racer->ret == 0 || racer->ret == -EINPROGRESS)
		wanted = (racer->arg & DETACHES) || !(racer->arg & bit) ?
			 by_then : 1;
	if (cut)
		wanted = 0;
	/* the callback that ran during the call is the one that still counts */
	if (racer->ret == -EINPROGRESS && came == 1 && wanted == 0 &&
	    (before & bit) && !cut)
		return;
	if (came != wanted)
		check(__LINE__, racer->arg & DETACHES ? "detach" : "set_events",
		      false, came, wanted);
	if (came != wanted)
		printf("#   bit %#lx: %#lx to %#lx gave %d, %u by then\n", bit,
		       before, racer->arg, racer->ret, by_then);
}

static void life(void)
{
	static const unsigned long ends = EV(DEATH) | EV(REAP) | EV(QUIESCE);
	unsigned long before[3], others = EV(EXIT) | EV(SYSCALL_ENTRY) |
					  EV(SYSCALL_EXIT) | EV(SIGNAL_TERM);
	struct racer racers[3];
	struct taps_how how;
	struct taps_seen seen;
	unsigned int i, n;
	int status;

	memset(racers, 0, sizeof(racers));
	kid_new(1 + below(&rng, 2));
	n = below(&rng, kid_threads);
	for (i = 0; i < 3; i++) {
		before[i] = (rng_next(&rng) & rng_next(&rng) & others) |
			    (rng_next(&rng) & ends);
		racers[i].arg = (rng_next(&rng) & rng_next(&rng) & others) |
				(rng_next(&rng) & ends);
		if (below(&rng, 2)) {
			racers[i].arg |= DETACHES;
			before[i] |= EV(REAP);
		}
		how = taps_how(before[i]);
		how.seed = rng_next(&rng);
		if (below(&rng, 2))
			how.mode |= TAPS_JITTER;
		if (!below(&rng, 4)) {
			how.mode |= TAPS_AT_DEATH;
			racers[i].arg |= AT_DEATH;
		}
		racers[i].act = call_once;
		racers[i].tap = tap_attach_how(taps, tid_of(n), &how);
		EXPECT(racers[i].tap >= 0);
	}
	racers_start(racers, 3);
	switch (below(&rng, 4)) {
	case 0:
		at("exit");
		tell(n, C_EXIT, 3);
		break;
	case 1:
		at("leave");
		tell(n, C_LEAVE, 0);
		if (kid_threads > 1) {
			dither(&rng, 500);
			tell(!n, C_EXIT, 3);
		}
		break;
	case 2:
		at("kill");
		kill(shared->kid, SIGKILL);
		break;
	case 3:
		at("exec by a sibling");
		tell(kid_threads > 1 ? !n : n, C_EXEC, 0);
		break;
	}
	dither(&rng, 1000);
	status = kid_status();
	EXPECT(status == EXITED(3) || status == EXITED(0) ||
	       status == EXITED(5) || status == SIGKILL);
	racers_join(racers, 3);
	for (i = 0; i < 3; i++) {
		bool cut;

		expect_released(racers[i].tap);
		seen = tap_seen(taps, racers[i].tap);
		cut = (racers[i].arg & AT_DEATH) && seen.n[DEATH];
		judge_one(&racers[i], before[i], EV(DEATH),
			  racers[i].seen.n[DEATH], seen.n[DEATH], false);
		judge_one(&racers[i], before[i], EV(QUIESCE),
			  racers[i].seen.dying, seen.dying, false);
		judge_one(&racers[i], before[i], EV(REAP),
			  racers[i].seen.n[REAP], seen.n[REAP], cut);
	}
}

/* ---- set_events against callbacks ---------------------------------------- */

static unsigned int calls_seen(int tap)
{
	struct taps_seen seen = tap_seen(taps, tap);

	return seen.n[SYSCALL_ENTRY] + seen.n[SYSCALL_EXIT] + seen.n[QUIESCE];
}

static void events(void)
{
	static const unsigned long calls = EV(SYSCALL_ENTRY) |
					   EV(SYSCALL_EXIT) | EV(QUIESCE);
	struct taps_how how = taps_how(0);
	int tap, others[2], i, ret;
	unsigned int before;

	kid_new(1);
	how.mode = TAPS_JITTER;
	how.seed = rng_next(&rng);
	for (i = 0; i < 2; i++)
		others[i] = tap_attach(taps, shared->kid, rng_next(&rng) & calls);
	tap = tap_attach_how(taps, shared->kid, &how);
	for (i = 0; i < 20; i++) {
		at("set %d", i);
		ret = tap_events(taps, tap, calls & ~(rng_next(&rng) &
						      EV(QUIESCE)));
		/* a bit may have gone */
		EXPECT_ANSWER(ret, 0, -EINPROGRESS);
		dither(&rng, 300);
		ret = tap_events(taps, tap, 0);
		EXPECT_ANSWER(ret, 0, -EINPROGRESS);
		if (ret)
			EXPECT_ANSWER(tap_barrier(taps, tap), 0);
		before = calls_seen(tap);
		dither(&rng, 300);
		EXPECT_EQ(calls_seen(tap), before);
		EXPECT_EQ(tap_seen(taps, tap).inside, 0);
	}
	EXPECT_ANSWER(tap_control(taps, tap, DETACH), 0);
	expect_released(tap);
	goes_on(0);
	for (i = 0; i < 2; i++)
		tap_control(taps, others[i], DETACH);
	goes_on(0);
	wait_until(taps_flags(taps, shared->kid) == 0);
	kill(shared->kid, SIGKILL);
	EXPECT_EQ(kid_status(), SIGKILL);
}

/* ---- SIGKILL in each kind of stop ---------------------------------------- */

struct place {
	const char *name;
	int event;
	enum cmd cmd;
	unsigned int arg;
};

static const struct place places[] = {
	{ "control", -1, C_LOOP, 0 },
	{ "quiesce", QUIESCE, C_LOOP, 0 },
	{ "system call entry", SYSCALL_ENTRY, C_LOOP, 0 },
	{ "system call exit", SYSCALL_EXIT, C_LOOP, 0 },
	{ "signal with a handler", SIGNAL, C_RAISE, SIGUSR1 },
	{ "signal without effect", SIGNAL, C_RAISE, SIGWINCH },
	{ "fatal signal", SIGNAL, C_RAISE, SIGTERM },
	{ "signal that dumps core", SIGNAL, C_RAISE, SIGQUIT },
	{ "stop signal", SIGNAL, C_RAISE, SIGTSTP },
	{ "job control", JCTL, C_RAISE, SIGSTOP },
	{ "clone", CLONE, C_FORK, 0 },
	{ "vfork", CLONE, C_VFORK, 0 },
	{ "thread", CLONE, C_THREAD, 0 },
	{ "exec", EXEC, C_EXEC, 0 },
	{ "exit", EXIT, C_EXIT, 3 },
	{ "thread's exit", EXIT, C_LEAVE, 0 },
};
#define NPLACES	(sizeof(places) / sizeof(places[0]))

static void kill_in_stop(void)
{
	const struct place *place = &places[round_number % NPLACES];
	struct taps_how how = taps_how(EV(EXIT) | EV(DEATH) | EV(REAP));
	bool waits = round_number < NPLACES || below(&rng, 2);
	struct taps_seen before, seen;
	int tap, counter, status;
	unsigned int n;
	pid_t tid;

	kid_new(1 + below(&rng, 3));
	n = below(&rng, kid_threads);
	tid = tid_of(n);
	at("%s, thread %u of %u", place->name, n, kid_threads);
	if (place->event >= 0) {
		how.act[place->event] = STOP;
		/* what ends the process does so before it would stop */
		if (place->arg == SIGTERM || place->arg == SIGQUIT) {
			how.signr = place->arg;
			how.what = SIG_DO_IGN;
		}
		how.events |= place->event == SIGNAL ? EV_SIGNALS :
						      EV(place->event);
	}
	counter = tap_attach(taps, tid, EV_ALL);
	tap = tap_attach_how(taps, tid, &how);
	EXPECT(tap >= 0 && counter >= 0);
	if (place->cmd != C_LOOP)
		tell(n, place->cmd, place->arg);
	else if (place->event == QUIESCE)
		tap_control(taps, tap, REPORT);
	else if (place->event < 0)
		tap_control(taps, tap, STOP);
	if (waits) {
		if (place->cmd == C_EXEC)
			tid = shared->kid;
		wait_until(thread_state(shared->kid, tid) == 't' ||
			   thread_state(shared->kid, tid) == 'T');
		wait_until(tap_ask(taps, tap, TAPS_EXAMINE, 0) != -EAGAIN);
	} else {
		dither(&rng, 2000);
	}
	before = tap_seen(taps, counter);
	kill(shared->kid, SIGKILL);
	status = kid_status();
	if (place->cmd == C_EXIT)
		EXPECT(status == SIGKILL || status == EXITED(3));
	else if (!waits)
		EXPECT(status == SIGKILL || status == EXITED(5) ||
		       status == SIGTERM || (status & 0x7f) == SIGQUIT);
	else
		EXPECT_EQ(status, SIGKILL);
	expect_released(tap);
	expect_released(counter);
	seen = tap_seen(taps, counter);
	EXPECT_EQ(seen.n[DEATH], 1);
	EXPECT_EQ(seen.n[REAP], 1);
	EXPECT_EQ(seen.n[EXIT], 1);
	EXPECT_EQ(tap_seen(taps, tap).n[DEATH], 1);
	EXPECT_EQ(tap_seen(taps, tap).n[REAP], 1);
	if (waits)
		EXPECT_EQ(seen.n[SYSCALL_ENTRY], before.n[SYSCALL_ENTRY]);
}

/* ---- attaching against reaping ------------------------------------------- */

static void attach_late(struct racer *racer)
{
	dither(&racer->rng, 300);
	racer->tap = tap_attach(taps, shared->kid, 0);
	racer->ret = -1;
	if (racer->tap >= 0)
		racer->ret = tap_events(taps, racer->tap, EV(REAP));
	else
		EXPECT_ANSWER(racer->tap, -ENOBODY);
}

static void attach_reap(void)
{
	struct racer racers[3] = {
		{ .act = attach_late }, { .act = attach_late },
		{ .act = attach_late }
	};
	unsigned int i;
	siginfo_t info;
	pid_t pid;

	kid_new(1);
	if (below(&rng, 2))
		tap_attach(taps, shared->kid, some_events(&rng));
	tell(0, C_EXIT, 3);
	if (below(&rng, 2))
		waitid(P_PID, shared->kid, &info, WEXITED | WNOWAIT);
	racers_start(racers, 3);
	dither(&rng, 300);
	pid = shared->kid;
	EXPECT_EQ(kid_status(), EXITED(3));
	(void)pid;
	racers_join(racers, 3);
	for (i = 0; i < 3; i++) {
		if (racers[i].tap < 0)
			continue;
		EXPECT_ANSWER(racers[i].ret, 0, -ENOBODY);
		expect_released(racers[i].tap);
		EXPECT_EQ(tap_seen(taps, racers[i].tap).n[REAP],
			  racers[i].ret == 0);
	}
}

/* ---- a storm of clones --------------------------------------------------- */

static void am_i_seen(void)
{
	struct taps_call call = { .request = TAPS_IS_FOLLOWED };

	bool blind = load(&shared->blind);

	inc(&shared->created);
	if (taps_do(taps, &call) != 1 && !blind && !load(&shared->blind))
		inc(&shared->unseen);
}

static void *stormy_thread(void *arg)
{
	am_i_seen();
	return arg;
}

static pid_t vfork_child(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	return pid;
}

static void storm_on(uint64_t seed, unsigned int depth)
{
	pthread_t id[3];
	unsigned int i, n;
	pid_t pid;

	while (!load(&shared->quit)) {
		switch (below(&seed, 4)) {
		case 0:
			n = 1 + below(&seed, 3);
			for (i = 0; i < n; i++)
				if (pthread_create(&id[i], NULL, stormy_thread,
						   NULL))
					_exit(1);
			for (i = 0; i < n; i++)
				pthread_join(id[i], NULL);
			break;
		case 1:
			waitpid(vfork_child(), NULL, 0);
			break;
		default:
			pid = fork();
			if (pid < 0)
				_exit(2);
			if (!pid) {
				am_i_seen();
				if (depth && !below(&seed, 4)) {
					struct timespec ts = { 0, 1000000 };

					nanosleep(&ts, NULL);
				}
				_exit(below(&seed, 2) ? 0 : 3);
			}
			/* who is not waited for may be left to us */
			if (below(&seed, 8))
				waitpid(pid, NULL, 0);
		}
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void storm(void)
{
	struct taps_how how = taps_how(below(&rng, 2) ? EV_ALL :
				       rng_next(&rng) & EV_ALL);
	unsigned int i, first = below(&rng, 20), some = 20 + below(&rng, 60);
	unsigned int processes = 1 + below(&rng, 3);
	struct taps_seen sums;
	uint64_t seed;
	int status;
	pid_t pid;

	store(&shared->quit, 0);
	store(&shared->blind, 1);
	store(&shared->created, 0);
	store(&shared->unseen, 0);
	how.seed = rng_next(&rng);
	if (below(&rng, 2))
		how.mode |= TAPS_JITTER;
	if (below(&rng, 2)) {
		how.mode |= TAPS_NUDGE;
		how.act[CLONE] = STOP | TAPS_SELDOM;
		how.act[QUIESCE] = REPORT | TAPS_SELDOM;
		how.act[SYSCALL_EXIT] = STOP | TAPS_SELDOM;
	}
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		for (i = 1; i < processes; i++)
			if (!fork())
				break;
		seed = rng + i;
		if (i < processes) {
			storm_on(seed, 1);
			_exit(0);
		}
		storm_on(seed, 1);
		_exit(7);
	}
	shared->kid = pid;
	at("storm begins");
	wait_until(load(&shared->created) > first);
	at("follow");
	EXPECT(taps_follow(taps, pid, &how) >= 1);
	store(&shared->blind, 0);
	wait_until(load(&shared->created) > first + some);
	if (!below(&rng, 6)) {
		at("storm is killed");
		store(&shared->blind, 1);
		store(&shared->quit, 1);
		kill(pid, SIGKILL);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT(status == SIGKILL || status == EXITED(7));
	} else {
		at("storm quits");
		store(&shared->quit, 1);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(status, EXITED(7));
	}
	shared->kid = 0;
	EXPECT_EQ(load(&shared->unseen), 0);
	/* its children, of which some are ours now */
	wait_until((waitpid(-1, &status, WNOHANG), sums = taps_total(taps),
		    sums.made == sums.released));
}

/* ---- exec by one of many ------------------------------------------------- */

static void control_some(struct racer *racer)
{
	while (!load(&over)) {
		int ret;

		dither(&racer->rng, 300);
		ret = tap_control(taps, racer->tap, below(&racer->rng, 2) ?
				  INTERRUPT : STOP);
		EXPECT_ANSWER(ret, 0, -EINPROGRESS, -ENOBODY);
		dither(&racer->rng, 300);
		ret = tap_control(taps, racer->tap, RESUME);
		EXPECT_ANSWER(ret, 0, -ENOBODY);
		sleep_us(100);
	}
}

static void exec_one(void)
{
	struct racer racers[2];
	int tap[KID_THREADS];
	struct taps_seen seen;
	unsigned int i, n;

	memset(racers, 0, sizeof(racers));
	kid_new(2 + below(&rng, 4));
	n = below(&rng, kid_threads);
	for (i = 0; i < kid_threads; i++) {
		struct taps_how how = taps_how(EV_ALL);

		how.mode = below(&rng, 2) ? TAPS_JITTER : 0;
		how.seed = rng_next(&rng);
		tap[i] = tap_attach_how(taps, tid_of(i), &how);
		EXPECT(tap[i] >= 0);
	}
	for (i = 0; i < 2; i++) {
		racers[i].act = control_some;
		racers[i].tap = tap[below(&rng, kid_threads)];
	}
	at("exec by %u of %u", n, kid_threads);
	racers_start(racers, 2);
	dither(&rng, 1000);
	tell(n, C_EXEC, 0);
	EXPECT_EQ(kid_status(), EXITED(5));
	racers_join(racers, 2);
	for (i = 0; i < kid_threads; i++) {
		expect_released(tap[i]);
		seen = tap_seen(taps, tap[i]);
		EXPECT_EQ(seen.n[EXEC], i == n);
		EXPECT_EQ(seen.n[EXIT], 1);
		EXPECT_EQ(seen.n[DEATH], 1);
		EXPECT_EQ(seen.n[REAP], 1);
	}
}

/* ---- stops at the exit of a group ---------------------------------------- */

static bool is_alone(unsigned int n)
{
	unsigned int i;
	char state;

	for (i = 0; i < kid_threads; i++) {
		state = thread_state(shared->kid, tid_of(i));
		if (i != n && state && state != 'Z' && state != 'X')
			return false;
	}
	return true;
}

static void exit_stops(void)
{
	struct taps_how how = taps_how(EV(EXIT) | EV(DEATH) | EV(REAP));
	int tap[KID_THREADS], status;
	struct taps_seen seen;
	unsigned int i, n;
	bool kills = !below(&rng, 3);

	how.act[EXIT] = STOP;
	kid_new(2 + below(&rng, 4));
	n = below(&rng, kid_threads);
	for (i = 0; i < kid_threads; i++)
		tap[i] = tap_attach_how(taps, tid_of(i), &how);
	at("exit of %u of %u%s", n, kid_threads, kills ? ", killed" : "");
	tell(n, C_EXIT, 7);
	wait_until(thread_state(shared->kid, tid_of(n)) == 't');
	wait_until(is_alone(n));
	if (kills)
		kill(shared->kid, SIGKILL);
	else
		EXPECT_EQ(tap_control(taps, tap[n], RESUME), 0);
	status = kid_status();
	EXPECT(status == EXITED(7) || (kills && status == SIGKILL));
	for (i = 0; i < kid_threads; i++) {
		expect_released(tap[i]);
		seen = tap_seen(taps, tap[i]);
		EXPECT_EQ(seen.n[EXIT], 1);
		EXPECT_EQ(seen.n[DEATH], 1);
		EXPECT_EQ(seen.n[REAP], 1);
	}
}

/* ---- a storm of signals -------------------------------------------------- */

static void disturb(struct racer *racer)
{
	struct taps_how how = taps_how(0);
	int tap, i, ret;

	while (!load(&over)) {
		how.events = some_events(&racer->rng) | EV(QUIESCE);
		how.mode = below(&racer->rng, 2) ? TAPS_JITTER : 0;
		how.seed = rng_next(&racer->rng);
		tap = tap_attach_how(taps, shared->kid, &how);
		if (tap < 0)
			break;
		for (i = below(&racer->rng, 10); i; i--) {
			ret = tap_control(taps, tap, below(&racer->rng, 6));
			EXPECT_ANSWER(ret, 0, -EINPROGRESS);
			dither(&racer->rng, 300);
		}
		if (below(&racer->rng, 2)) {
			tap_control(taps, tap, RESUME);
			dither(&racer->rng, 300);
		}
		/* a stop that it holds ends with it, and a step too */
		ret = tap_control(taps, tap, DETACH);
		EXPECT_ANSWER(ret, 0, -EINPROGRESS);
		if (ret)
			tap_barrier(taps, tap);
		tap_ask(taps, tap, TAPS_PUT, 0);
	}
}

static void signals(void)
{
	struct racer racers[2] = { { .act = disturb }, { .act = disturb } };
	unsigned int i, n = 50 + below(&rng, 200);
	union sigval value;

	kid_new(1);
	if (below(&rng, 2))
		tell(0, C_SLEEP, 0);
	racers_start(racers, 2);
	at("%u signals", n);
	for (i = 1; i <= n; i++) {
		value.sival_int = i;
		EXPECT_EQ(sigqueue(shared->kid, SIGRTMIN + 3, value), 0);
		if (!below(&rng, 4))
			dither(&rng, 200);
	}
	racers_join(racers, 2);
	at("all %u have come", n);
	wait_until(load(&shared->threads[0].got) == n);
	EXPECT_EQ(load(&shared->threads[0].disorder), 0);
	goes_on(0);
	kill(shared->kid, SIGKILL);
	EXPECT_EQ(kid_status(), SIGKILL);
}

/* ---- job control: the last thread ---------------------------------------- */

static struct taps_seen sum_of(const int *tap, unsigned int n)
{
	struct taps_seen sum = {}, one;
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		one = tap_seen(taps, tap[i]);
		for (j = 0; j < sizeof(sum) / 4; j++)
			((uint32_t *)&sum)[j] += ((uint32_t *)&one)[j];
	}
	return sum;
}

static void job_control(void)
{
	unsigned int i, turn, told_stopped = 0, told_continued = 0, engines = 0;
	struct taps_seen sum;
	int tap[KID_THREADS], status;
	bool all = below(&rng, 3);
	siginfo_t info;

	kid_new(1 + below(&rng, KID_THREADS - 1));
	for (i = 0; i < kid_threads; i++) {
		struct taps_how how = taps_how(EV(JCTL));

		if (!all && below(&rng, 2))
			continue;
		if (below(&rng, 2))
			how.events |= rng_next(&rng) & EV_ALL;
		how.mode = below(&rng, 2) ? TAPS_JITTER : 0;
		how.seed = rng_next(&rng);
		tap[engines++] = tap_attach_how(taps, tid_of(i), &how);
		if (below(&rng, 2))
			tell(i, C_SLEEP, 0);
	}
	for (turn = 1; turn <= 5; turn++) {
		at("stop %u, %u of %u threads with engines", turn, engines,
		   kid_threads);
		kill(shared->kid, below(&rng, 2) ? SIGSTOP : SIGTSTP);
		EXPECT_EQ(waitpid(shared->kid, &status, WUNTRACED), shared->kid);
		EXPECT(WIFSTOPPED(status));
		sum = sum_of(tap, engines);
		told_stopped = sum.told_stopped;
		if (all)
			EXPECT_EQ(told_stopped, turn);
		else
			EXPECT(told_stopped <= turn);
		for (i = 0; i < kid_threads; i++)
			wait_until(thread_state(shared->kid, tid_of(i)) == 'T');
		/* only who completes it reports before the parent is told */
		EXPECT_EQ(sum_of(tap, engines).stopped, turn * engines);
		EXPECT_EQ(sum_of(tap, engines).told_stopped, told_stopped);
		at("continue %u", turn);
		memset(&info, 0, sizeof(info));
		EXPECT_EQ(waitid(P_PID, shared->kid, &info, WSTOPPED | WEXITED |
				 WCONTINUED | WNOHANG), 0);
		EXPECT_EQ(info.si_pid, 0);
		kill(shared->kid, SIGCONT);
		EXPECT_EQ(waitpid(shared->kid, &status, WCONTINUED),
			  shared->kid);
		EXPECT(WIFCONTINUED(status));
		for (i = 0; i < kid_threads; i++)
			goes_on(i);
		sum = sum_of(tap, engines);
		told_continued = sum.told_continued;
		EXPECT_EQ(sum.continued, turn * engines);
		if (all)
			EXPECT_EQ(told_continued, turn);
		else
			EXPECT(told_continued <= turn);
	}
	at("a stop that ends before it is complete");
	for (turn = 0; turn < 10; turn++) {
		kill(shared->kid, SIGSTOP);
		dither(&rng, 500);
		kill(shared->kid, SIGCONT);
		dither(&rng, 500);
	}
	for (i = 0; i < kid_threads; i++)
		goes_on(i);
	kill(shared->kid, SIGKILL);
	EXPECT_EQ(kid_status(), SIGKILL);
}

/* ---- everything at once -------------------------------------------------- */

static void control_storm(void)
{
	struct racer racers[3];
	int tap[2 * KID_THREADS];
	unsigned int i, j, n = 0;

	memset(racers, 0, sizeof(racers));
	kid_new(1 + below(&rng, 3));
	for (i = 0; i < kid_threads; i++) {
		for (j = 0; j < 2; j++) {
			struct taps_how how = taps_how(some_events(&rng) |
						       EV(QUIESCE));
			unsigned int ev;

			how.mode = (below(&rng, 2) ? TAPS_JITTER : 0) |
				   TAPS_NUDGE;
			how.seed = rng_next(&rng);
			for (ev = 0; ev < TAPS_EVENTS; ev++)
				if (ev != DEATH && ev != REAP && below(&rng, 2))
					how.act[ev] = TAPS_SELDOM |
						      below(&rng, 6);
			tap[n++] = tap_attach_how(taps, tid_of(i), &how);
		}
	}
	for (i = 0; i < 3; i++) {
		racers[i].act = control_some;
		racers[i].tap = tap[below(&rng, n)];
	}
	racers_start(racers, 3);
	at("storm");
	for (i = 0; i < 20; i++) {
		unsigned int t = below(&rng, kid_threads);

		switch (below(&rng, 6)) {
		case 0:
			kill(shared->kid, SIGSTOP);
			dither(&rng, 500);
			kill(shared->kid, SIGCONT);
			break;
		case 1:
			tell(t, C_FORK, 0);
			break;
		case 2:
			tell(t, C_VFORK, 0);
			break;
		case 3:
			tell(t, C_RAISE, SIGUSR1);
			break;
		case 4:
			tell(t, C_THREAD, 0);
			break;
		case 5:
			tell(t, C_SLEEP, 0);
			break;
		}
		dither(&rng, 1000);
	}
	at("storm is over");
	racers_join(racers, 3);
	for (i = 0; i < n; i++)
		tap_control(taps, tap[i], RESUME);
	for (i = 0; i < kid_threads; i++)
		goes_on(i);
	for (i = 0; i < n; i++)
		if (tap_control(taps, tap[i], DETACH) == -EINPROGRESS)
			tap_barrier(taps, tap[i]);
	for (i = 0; i < kid_threads; i++) {
		goes_on(i);
		wait_until(taps_flags(taps, tid_of(i)) == 0);
	}
	at("storm ends");
	/* any thread whose command is over */
	wait_until(load(&shared->threads[0].cmd) == C_LOOP ||
		   load(&shared->threads[0].cmd) == C_SLEEP);
	tell(0, C_EXIT, 9);
	EXPECT_EQ(kid_status(), EXITED(9));
}

/* ---- the frame ----------------------------------------------------------- */

static const struct test {
	const char *name, *what;
	void (*round)(void);
	unsigned int sample, full;
} tests[] = {
	{ "attach_exit", "ATT-3 CTL-8 DTH-5: attaching and detaching while it ends",
	  attach_exit, 20, 1000 },
	{ "life", "DTH-6 EVT-3 CTL-8: detach and set_events against death and reaping",
	  life, 40, 1500 },
	{ "events", "EVT-5 BAR-1: set_events against callbacks", events, 5, 300 },
	{ "kill_in_stop", "KIL-1 KIL-2: SIGKILL in each kind of stop",
	  kill_in_stop, 2 * NPLACES, 100 * NPLACES },
	{ "attach_reap", "ATT-3 DTH-2: attaching against reaping", attach_reap,
	  40, 1500 },
	{ "storm", "CLN-1 CLN-2 ATT-9: a storm of clones, followed", storm,
	  3, 100 },
	{ "exec_one", "EXC-2: exec by one of many", exec_one, 6, 300 },
	{ "exit_stops", "KIL-1 EXT-2: stops at the exit of a group", exit_stops,
	  12, 600 },
	{ "signals", "INV-1: a storm of signals", signals, 8, 500 },
	{ "job_control", "JCT-1: the last thread of a group stop", job_control,
	  5, 250 },
	{ "control_storm", "INV-1 REP-5: everything at once", control_storm,
	  8, 500 },
};
#define NTESTS	(sizeof(tests) / sizeof(tests[0]))

static void watch(pid_t watched)
{
	unsigned int beat = 0, same = 0;

	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		sleep(1);
		same = load(&shared->beat) == beat ? same + 1 : 0;
		beat = load(&shared->beat);
		if (same == 45u * slow()) {
			inc(&shared->stuck);
			inc(&shared->errors);
			printf("# nothing goes on at \"%s\"\n", shared->at);
			print_process(watched);
			if (shared->kid) {
				print_process(shared->kid);
				kill(shared->kid, SIGKILL);
			}
			fflush(stdout);
		}
		if (same == 60u * slow()) {
			puts("# and does not");
			print_process(watched);
			if (shared->kid)
				print_process(shared->kid);
			kill(watched, SIGKILL);
			_exit(1);
		}
	}
}

static bool run(const struct test *test, uint64_t seed, bool full)
{
	unsigned long n = full ? test->full : test->sample;
	const char *c;
	double begun = now();

	test_name = test->name;
	failed = false;
	for (round_number = 0; round_number < n && !failed; round_number++) {
		rng = seed * 1000003 + round_number;
		for (c = test->name; *c; c++)
			rng = rng * 31 + *c;
		at("round %lu", round_number);
		taps = taps_open();
		test->round();
		if (failed && shared->kid) {
			print_process(shared->kid);
			kill(shared->kid, SIGKILL);
			waitpid(shared->kid, NULL, 0);
			shared->kid = 0;
		}
		at("round %lu is over: %s", round_number, shared->at);
		EXPECT_EQ(taps_total(taps).wrong, 0);
		close(taps);
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
	}
	printf("# %s: %lu rounds, %.1f seconds\n", test->name, round_number,
	       now() - begun);
	return !failed;
}

int main(int argc, char **argv)
{
	unsigned int i, count = 0, bad = 0;
	bool full = false, ok;
	uint64_t seed;
	int a = 1, j;

	self = argv[0];
	if (argc == 3 && !strcmp(argv[1], "exit"))
		_exit(atoi(argv[2]));
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (i = 0; i < NTESTS; i++)
			printf("%s\t%s\n", tests[i].name, tests[i].what);
		return 0;
	}
	if (argc > a && !strcmp(argv[a], "--full")) {
		full = true;
		a++;
	}
	if (argc <= a)
		return 2;
	seed = strtoull(argv[a++], NULL, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	watch(getpid());
	for (i = 0; i < NTESTS && !load(&shared->stuck); i++) {
		bool wanted = a == argc;

		for (j = a; j < argc; j++)
			wanted |= !strcmp(argv[j], tests[i].name);
		if (!wanted)
			continue;
		ok = run(&tests[i], seed, full);
		bad += !ok;
		printf("%sok %u - %s\n", ok ? "" : "not ", ++count,
		       tests[i].what);
	}
	printf("1..%u\n", count);
	return !!bad;
}
