/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The frame of the stress tests.
 *
 * A test is a race, run for many rounds.  A round makes its own traced program
 * (a kid), attaches engines that count (taps), lets several threads race, and
 * then compares what was answered with what came: exactly, and never by time.
 *
 *	STRESS(name, 100, 3000, "what it shows")
 *	{
 *		struct kid *kid = kid_loop(r, 1);
 *		struct tap *tap = tap_new(r);
 *
 *		CHECK_EQ(tap_attach(tap, kid_thread(kid, 0), 0), 0);
 *		...
 *	}
 *
 * All rounds of a test run in one process with the facility up.  A failed CHECK
 * ends the round, and a failed round ends the test.  What a round made through
 * the frame the frame takes down after it: it joins the threads, ends the kids,
 * and waits until each engine was released exactly once.  It looks again later
 * that no engine was released a second time or called after its end.
 *
 * Everything random follows from SEED, the test's name and the round's number;
 * what the scheduler does does not, so "--round N" repeats one round until it is
 * stopped or fails.
 */
#ifndef STRESS_H
#define STRESS_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utrace/kernel-names.h>
#include <utrace/follow.h>

#include "../programs/stress_share.h"

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define EV(name)	UTRACE_EVENT(name)
#define EV_ALL		((1UL << _UTRACE_NEVENTS) - 1)

#define s_load(p)	__atomic_load_n(p, __ATOMIC_SEQ_CST)
#define s_store(p, v)	__atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define s_inc(p)	__atomic_add_fetch(p, 1, __ATOMIC_SEQ_CST)
#define s_dec(p)	__atomic_sub_fetch(p, 1, __ATOMIC_SEQ_CST)

/* ---- tests --------------------------------------------------------------- */

struct rng {
	uint64_t state;
};

struct round {
	unsigned long number;
	struct rng rng;
	/* the frame's own */
	struct kid *kids;
	struct tap *taps;
	struct racer *racers;
	struct line *lines;
	void *memory;
};

/**
 * struct stress - a test
 * @name: unique
 * @what: what it shows
 * @sample, @full: how many rounds
 * @down: the facility is not up when a round begins, nor when it ends
 * @alone: the facility is not to be used by this process at all
 */
struct stress {
	const char *name, *what;
	unsigned int sample, full;
	bool down, alone;
	void (*round)(struct round *r);
	struct stress *next;
};

void stress_register(struct stress *stress);

#define STRESS(name_, sample_, full_, what_, ...)			\
	static void round_##name_(struct round *r);			\
	static struct stress stress_##name_ = {				\
		.name = #name_, .what = what_, .sample = sample_,	\
		.full = full_, .round = round_##name_, ##__VA_ARGS__	\
	};								\
	__attribute__((__constructor__))				\
	static void register_##name_(void)				\
	{								\
		stress_register(&stress_##name_);			\
	}								\
	static void round_##name_(struct round *r)

/* Record a failure, from any thread and any callback. */
void s_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((__format__(__printf__, 3, 4)));
/* Where the round is, should it fail or hang. */
void s_at(const char *fmt, ...)
	__attribute__((__format__(__printf__, 1, 2)));
bool s_failed(void);
bool s_check(const char *file, int line, const char *what, bool holds);
bool s_check_eq(const char *file, int line, const char *what, long long seen,
		long long wanted);

#define EXPECT(cond)		s_check(__FILE__, __LINE__, #cond, !!(cond))
#define EXPECT_EQ(seen, wanted)						\
	s_check_eq(__FILE__, __LINE__, #seen " = " #wanted,		\
		   (long long)(seen), (long long)(wanted))
#define CHECK(cond)							\
	do {								\
		if (!s_check(__FILE__, __LINE__, #cond, !!(cond)))	\
			return;						\
	} while (0)
#define CHECK_EQ(seen, wanted)						\
	do {								\
		if (!s_check_eq(__FILE__, __LINE__, #seen " = " #wanted, \
				(long long)(seen), (long long)(wanted)))\
			return;						\
	} while (0)
#define FAIL(...)		s_fail(__FILE__, __LINE__, __VA_ARGS__)

/* Poll until it holds; false, and a failure, after a long time. */
struct s_wait { uint64_t end; unsigned int rounds; };
void s_wait_begin(struct s_wait *w);
bool s_wait_more(struct s_wait *w);
#define wait_until(cond) ({						\
	struct s_wait w_;						\
	bool holds_;							\
	s_wait_begin(&w_);						\
	while (!(holds_ = !!(cond)) && s_wait_more(&w_))		\
		;							\
	if (!holds_)							\
		s_fail(__FILE__, __LINE__, "never: %s", #cond);		\
	holds_; })

uint64_t now_ns(void);

/* Memory of the round, zeroed, freed some rounds later. */
void *s_alloc(struct round *r, size_t size);

/* ---- chance -------------------------------------------------------------- */

uint64_t rng_next(struct rng *rng);
unsigned int rng_below(struct rng *rng, unsigned int n);
static inline bool one_in(struct rng *rng, unsigned int n)
{
	return !rng_below(rng, n);
}
struct rng rng_fork(struct rng *rng);

/* Pass some time, up to @max_us: short spans are as likely as long ones. */
void dither(struct rng *rng, unsigned int max_us);
/* Nothing, a yield, a short spin, a short sleep. */
void jitter(struct rng *rng);

/* ---- threads that race --------------------------------------------------- */

struct racer {
	struct rng rng;
	void *arg;
	long result;
	/* the frame's own */
	struct line *line;
	void (*fn)(struct racer *racer);
	pthread_t thread;
	bool joined;
	struct racer *next;
};

/* All who race begin when @n are there, whoever calls line_wait() too. */
struct line {
	unsigned int n, there;
};

struct line *line_new(struct round *r, unsigned int n);
void line_wait(struct line *line);
/* @line may be null; the frame joins what is left at the end of the round. */
struct racer *racer_start(struct round *r, struct line *line,
			  void (*fn)(struct racer *racer), void *arg);
long racer_join(struct racer *racer);

/* ---- traced programs ----------------------------------------------------- */

struct kid {
	pid_t pid;
	struct share *share;
	unsigned int nthreads;
	int tube;			/* what CMD_WRITE writes to, or -1 */
	int status;			/* once it was waited for */
	bool waited;
	/* the frame's own */
	struct utrace_thread *threads[KID_THREADS];
	struct kid *next;
};

/* stress_kid MODE N, a child of this process in a process group of its own. */
struct kid *kid_new(struct round *r, const char *mode, unsigned int n);
struct kid *kid_loop(struct round *r, unsigned int nthreads);
/* The handle of its n-th thread; the frame gives it back. */
struct utrace_thread *kid_thread(struct kid *kid, unsigned int n);
void kid_cmd(struct kid *kid, unsigned int n, enum kid_cmd cmd, int arg);
uint64_t kid_loops(struct kid *kid, unsigned int n);
/* Wait until it has done something more / something more twice. */
bool kid_moves(struct kid *kid, unsigned int n);
/* Wait for its end: the wait status. */
int kid_wait(struct kid *kid);
/* It saw no error that an untraced program would not see. */
bool kid_right(struct kid *kid);
/* How many bytes CMD_WRITE has written that were not counted yet. */
unsigned int kid_written(struct kid *kid);
/* Its threads and children that are traced or stopped. */
unsigned int kid_held(struct kid *kid, bool complain);
char task_state(pid_t pid, pid_t tid, pid_t *tracer, pid_t *group);

#define EXITED(code)	((code) << 8)
#define KILLED(sig)	(sig)

/* ---- engines that count -------------------------------------------------- */

enum {
	TAP_SIGNAL = _UTRACE_EVENT_SIGNAL,	/* all of report_signal */
	TAP_N = _UTRACE_NEVENTS
};

struct tap_call {
	unsigned int event;		/* bit number */
	u32 action;
	unsigned long arg;		/* quiesce: the event; clone: flags */
	struct pt_regs *regs;
	siginfo_t *info;
	struct task_struct *child;
};

struct tap;
/* What it returns goes to the core, signal and system call bits included;
 * tap_pass(): agree with what is in @call->action, but for the resume action. */
typedef u32 tap_hook(struct tap *tap, struct tap_call *call);

/**
 * struct tap - an engine, and what came to it
 * @n: callbacks that began, by event
 * @total: of all kinds
 * @inside: running now
 * @made, @released: how often it was attached and released
 * @closed: no callback may begin any more
 * @cleaned: for those that count who cleans up
 */
struct tap {
	struct utrace_engine *engine;	/* with a reference, if made */
	struct utrace_thread *thread;
	tap_hook *hook;
	void *priv;
	struct rng rng;			/* for callbacks */
	unsigned int n[TAP_N];
	unsigned int total, inside, made, released, closed, cleaned;
	unsigned int begun, ended;	/* numbers of callbacks */
	bool put;
	/* the frame's own */
	struct tap *next;
};

extern const struct utrace_engine_ops tap_ops;

static inline u32 tap_pass(struct tap_call *call, u32 resume)
{
	return (call->action & ~UTRACE_RESUME_MASK) | resume;
}

struct tap *tap_new(struct round *r);
/* CREATE | @flags: 0 or the error; events are chosen with tap_events(). */
int tap_attach(struct tap *tap, struct utrace_thread *thread, int flags);
/* utrace_set_events(), as it answers. */
int tap_events(struct tap *tap, unsigned long events);
int tap_control(struct tap *tap, enum utrace_resume_action action);
int tap_barrier(struct tap *tap);
/* Attach, choose events, wait until they are in force; 0 or an error. */
int tap_watch(struct tap *tap, struct utrace_thread *thread,
	      unsigned long events);
/* Wait until control(STOP) gives 0; it holds the thread then. */
bool tap_stopped(struct tap *tap);
unsigned int tap_count(struct tap *tap, unsigned int event);
/* Give the reference back now. */
void tap_put(struct tap *tap);
/* No callback may begin from now on, and none runs. */
bool tap_close(struct tap *tap);

/* The frame's, between frame.c and the others. */
void kids_end(struct round *r);
void taps_detach(struct round *r);
void taps_put(struct round *r);
void taps_check(struct round *r);
void taps_check_all(void);
void racers_join(struct round *r);
void memory_retire(struct round *r);
extern const char *kid_program;

#endif /* STRESS_H */
