// SPDX-License-Identifier: LGPL-2.1-or-later
/* The facility goes down and comes up again, under load, with stops held. */
#include <signal.h>

#include "stress.h"

#define MAX_KIDS	3
#define TAPS		4
#define LATE		30

struct cycle {
	struct round *r;
	struct tap *taps[MAX_KIDS * TAPS];
	struct tap *late[LATE];
	struct utrace_thread *threads[MAX_KIDS];
	unsigned int ntaps, nthreads;
	unsigned int down;		/* utrace_shutdown() has returned */
	unsigned int quit;
};

static u32 busy(struct tap *tap, struct tap_call *call)
{
	struct cycle *c = tap->priv;

	if (s_load(&c->down))
		FAIL("a callback after shutdown");
	if (one_in(&tap->rng, 6))
		dither(&tap->rng, 300);
	if (one_in(&tap->rng, 20))
		EXPECT_EQ(utrace_shutdown(), -EDEADLK);
	if (one_in(&tap->rng, 10))
		return tap_pass(call, UTRACE_STOP);
	return tap_pass(call, UTRACE_RESUME);
}

/* Calls of every kind, before, while and after it goes down. */
static void race_load(struct racer *racer)
{
	struct cycle *c = racer->arg;
	struct rng *rng = &racer->rng;
	struct tap *tap;
	int err = 0;

	while (!s_load(&c->quit)) {
		bool down = s_load(&c->down);

		tap = c->taps[rng_below(rng, c->ntaps)];
		switch (rng_below(rng, 5)) {
		case 0:
			err = tap_control(tap, rng_below(rng, 3));
			break;
		case 1:
			err = tap_control(tap, UTRACE_RESUME);
			break;
		case 2:
			err = tap_events(tap, EV(QUIESCE) |
					 (rng_next(rng) & EV_ALL));
			break;
		case 3:
			err = tap_barrier(tap);
			break;
		default:
			err = 1;
			jitter(rng);
		}
		if (down && err <= 0)
			EXPECT_EQ(err, -ESRCH);
		if (err < 0 && err != -ESRCH && err != -EINPROGRESS)
			FAIL("error %d", err);
	}
}

/* Attaching may come just before the end, or too late. */
static void race_late(struct racer *racer)
{
	struct cycle *c = racer->arg;
	unsigned int i;
	int err;

	for (i = 0; i < LATE; i++) {
		bool down = s_load(&c->down);

		dither(&racer->rng, 100);
		err = tap_attach(c->late[i],
				 c->threads[rng_below(&racer->rng,
						      c->nthreads)], 0);
		if (err)
			EXPECT_EQ(err, -ESRCH);
		else
			EXPECT(!down);
		if (!err && one_in(&racer->rng, 2)) {
			err = tap_events(c->late[i], EV(SYSCALL_ENTRY));
			EXPECT(!err || err == -ESRCH);
		}
	}
}

static const enum kid_cmd does[] = { CMD_CALLS, CMD_SPIN, CMD_SLEEP, CMD_FORK,
				     CMD_RAISE, CMD_THREAD };

/* It comes up again, and what is left of the time before is dead. */
static void again(struct round *r, struct cycle *c, struct kid *kid)
{
	struct tap *fresh = tap_new(r), *late = tap_new(r);
	struct utrace_thread *thread;

	CHECK_EQ(utrace_init(), 0);
	EXPECT_EQ(tap_attach(late, kid_thread(kid, 0), 0), -ESRCH);
	EXPECT_EQ(tap_control(c->taps[0], UTRACE_STOP), -ESRCH);
	thread = utrace_thread_find(kid->pid);
	if (EXPECT(!IS_ERR(thread))) {
		EXPECT_EQ(tap_watch(fresh, thread, EV(SYSCALL_ENTRY)), 0);
		wait_until(tap_count(fresh, _UTRACE_EVENT_SYSCALL_ENTRY) > 1);
		utrace_thread_put(thread);
	}
	EXPECT_EQ(utrace_shutdown(), 0);
	EXPECT_EQ(kid_held(kid, true), 0);
}

STRESS(shutdown_cycle, 120, 2500,
       "STA-2 INV-1: init and shutdown under load, with stops held: no callback "
       "after it, nothing stays stopped, what is released is released once",
       .down = true)
{
	struct cycle *c = s_alloc(r, sizeof(*c));
	bool late = one_in(&r->rng, 2);
	struct kid *kids[MAX_KIDS];
	struct utrace_thread *gone;
	struct racer *racers[2];
	unsigned int i, k;
	int err;

	CHECK_EQ(utrace_init(), 0);
	EXPECT_EQ(utrace_init(), -EALREADY);
	c->nthreads = 1 + rng_below(&r->rng, MAX_KIDS);
	for (k = 0; k < c->nthreads; k++) {
		kids[k] = kid_loop(r, 1);
		c->threads[k] = kid_thread(kids[k], 0);
		kid_cmd(kids[k], 0, does[rng_below(&r->rng, ARRAY_LEN(does))],
			5);
		for (i = 1 + rng_below(&r->rng, TAPS); i; i--) {
			struct tap *tap = c->taps[c->ntaps++] = tap_new(r);

			tap->hook = busy;
			tap->priv = c;
			EXPECT_EQ(tap_attach(tap, c->threads[k], 0), 0);
			EXPECT_EQ(tap_events(tap, EV(QUIESCE) |
					     (rng_next(&r->rng) & EV_ALL)), 0);
			if (one_in(&r->rng, 3)) {
				err = tap_control(tap, UTRACE_STOP);
				EXPECT(err == 0 || err == -EINPROGRESS);
			}
		}
	}
	for (i = 0; i < LATE; i++) {
		c->late[i] = tap_new(r);
		c->late[i]->hook = busy;
		c->late[i]->priv = c;
	}
	racers[0] = racer_start(r, NULL, race_load, c);
	racers[1] = late ? racer_start(r, NULL, race_late, c) : NULL;
	dither(&r->rng, 3000);
	s_at("shutdown%s", late ? ", attaching" : "");
	EXPECT_EQ(utrace_shutdown(), 0);
	s_store(&c->down, 1);
	s_at("after shutdown%s", late ? ", attaching" : "");
	for (k = 0; k < c->nthreads; k++)
		EXPECT_EQ(kid_held(kids[k], true), 0);
	EXPECT_EQ(utrace_shutdown(), -ESRCH);
	gone = utrace_thread_find(kids[0]->pid);
	EXPECT_EQ(PTR_ERR(gone), -ESRCH);
	dither(&r->rng, 300);
	s_store(&c->quit, 1);
	racer_join(racers[0]);
	if (racers[1])
		racer_join(racers[1]);
	/* all run, untraced, and come to their own ends */
	for (k = 0; k < c->nthreads; k++) {
		s_at("kid %u after shutdown", k);
		EXPECT_EQ(kid_held(kids[k], true), 0);
		kid_cmd(kids[k], 0, CMD_CALLS, 6);
		if (one_in(&r->rng, 4))
			again(r, c, kids[k]);
		if (kid_moves(kids[k], 0)) {
			kid_cmd(kids[k], 0, CMD_EXIT, 6);
			EXPECT_EQ(kid_wait(kids[k]), EXITED(6));
		}
		kid_right(kids[k]);
	}
	/* what is still referenced is memory, and nothing else */
	for (i = 0; i < c->ntaps; i++) {
		EXPECT_EQ(tap_control(c->taps[i], UTRACE_DETACH), -ESRCH);
		EXPECT_EQ(tap_events(c->taps[i], 0), -ESRCH);
		EXPECT_EQ(s_load(&c->taps[i]->released), 0);
	}
	if (one_in(&r->rng, 2)) {
		kids_end(r);
		taps_put(r);
	}
	EXPECT_EQ(utrace_exit(), 0);
}
