// SPDX-License-Identifier: LGPL-2.1-or-later
/* Detaching, and taking events away, while callbacks are in progress. */
#include "stress.h"

struct detach {
	struct tap *tap;
	bool clear;		/* set_events(0) in place of DETACH */
	unsigned int delay;
	int ret;
};

/* As priv of a tap: what its callbacks do. */
struct plan {
	unsigned int detach_at;	/* this one returns DETACH; 0: none */
	unsigned int stop_at;
	unsigned int long_us;
	unsigned int detached;	/* it did */
	unsigned int self;	/* what control(DETACH) by a callback gave */
	unsigned int self_at;
};

static u32 planned(struct tap *tap, struct tap_call *call)
{
	struct plan *plan = tap->priv;
	unsigned int n = s_load(&tap->total);

	if (one_in(&tap->rng, 3))
		dither(&tap->rng, plan->long_us);
	if (n == plan->self_at)
		s_store(&plan->self, -utrace_control(current, tap->engine,
						     UTRACE_DETACH));
	if (n == plan->detach_at) {
		s_store(&plan->detached, 1);
		return tap_pass(call, UTRACE_DETACH);
	}
	if (n == plan->stop_at)
		return tap_pass(call, UTRACE_STOP);
	return tap_pass(call, UTRACE_RESUME);
}

static void race_detach(struct racer *racer)
{
	struct detach *d = racer->arg;
	int err;

	dither(&racer->rng, d->delay);
	if (d->clear)
		d->ret = tap_events(d->tap, 0);
	else
		d->ret = tap_control(d->tap, UTRACE_DETACH);
	switch (d->ret) {
	case 0:
		break;
	case -EINPROGRESS:
	case -ESRCH:
		err = tap_barrier(d->tap);
		EXPECT_EQ(err, d->clear && d->ret == -EINPROGRESS ? 0 : -ESRCH);
		break;
	default:
		FAIL("answer %d", d->ret);
	}
	/* none runs, and none begins */
	tap_close(d->tap);
	if (d->clear)
		return;
	EXPECT_EQ(tap_control(d->tap, UTRACE_RESUME), -ESRCH);
	EXPECT_EQ(tap_control(d->tap, UTRACE_DETACH), -ESRCH);
	EXPECT_EQ(tap_events(d->tap, EV(REAP)), -ESRCH);
	jitter(&racer->rng);
	EXPECT_EQ(tap_barrier(d->tap), -ESRCH);
}

static const enum kid_cmd busy[] = { CMD_CALLS, CMD_RAISE, CMD_FORK,
				     CMD_CALLS };

STRESS(detach_callback, 300, 8000,
       "CTL-8 CTL-9 BAR-2 ENG-4 EVT-5: after 0, or after a barrier, no "
       "callback runs; one of several detaches succeeds")
{
	unsigned int n = 1 + rng_below(&r->rng, 3), won = 0, i;
	bool clear = one_in(&r->rng, 4);
	struct line *line = line_new(r, n);
	struct kid *kid = kid_loop(r, 1);
	struct plan *plan = s_alloc(r, sizeof(*plan));
	struct detach *d = s_alloc(r, n * sizeof(*d));
	struct tap *tap = tap_new(r), *other = NULL;

	if (clear)
		n = 1;
	else if (one_in(&r->rng, 3))
		plan->detach_at = 1 + rng_below(&r->rng, 12);
	else if (one_in(&r->rng, 3))
		plan->self_at = 1 + rng_below(&r->rng, 12);
	if (one_in(&r->rng, 4))
		plan->stop_at = 1 + rng_below(&r->rng, 8);
	plan->long_us = 1 + rng_below(&r->rng, 200);
	tap->priv = plan;
	tap->hook = planned;
	if (one_in(&r->rng, 2)) {
		other = tap_new(r);
		CHECK_EQ(tap_watch(other, kid_thread(kid, 0),
				   EV(SYSCALL_EXIT)), 0);
	}
	CHECK_EQ(tap_attach(tap, kid_thread(kid, 0), 0), 0);
	CHECK_EQ(tap_events(tap, EV(SYSCALL_ENTRY) |
			    (rng_next(&r->rng) & (EV_ALL & ~EV(DEATH) &
						  ~EV(REAP)))), 0);
	kid_cmd(kid, 0, busy[rng_below(&r->rng, ARRAY_LEN(busy))], 3);
	if (one_in(&r->rng, 2) && !plan->detach_at && !plan->self_at)
		CHECK(wait_until(s_load(&tap->total)));
	line->n = n;
	for (i = 0; i < n; i++) {
		d[i].tap = tap;
		d[i].clear = clear;
		d[i].delay = 400;
		racer_start(r, line, race_detach, &d[i]);
	}
	racers_join(r);
	for (i = 0; i < n; i++)
		won += d[i].ret == 0 || d[i].ret == -EINPROGRESS;
	if (s_load(&plan->self)) {
		/* by a callback: itself runs; or somebody was first */
		if (s_load(&plan->self) == EINPROGRESS)
			won++;
		else
			EXPECT_EQ(s_load(&plan->self), ESRCH);
	}
	if (s_load(&plan->detached))
		EXPECT(won <= 1);
	else
		EXPECT_EQ(won, 1);
	/* the thread goes on, for whoever is left */
	CHECK(clear && plan->stop_at ? true : kid_moves(kid, 0));
	if (other) {
		i = tap_count(other, _UTRACE_EVENT_SYSCALL_EXIT);
		if (!(clear && plan->stop_at))
			CHECK(wait_until(tap_count(other,
				_UTRACE_EVENT_SYSCALL_EXIT) > i));
	} else if (!clear) {
		CHECK(wait_until(!kid_held(kid, false)));
	}
	if (!clear) {
		tap_put(tap);
		CHECK(wait_until(s_load(&tap->released)));
	}
	kid_right(kid);
}
