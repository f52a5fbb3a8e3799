// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Callbacks on two workers that attach to, control, choose events of, and wait
 * for each other's threads: whatever they do, nobody waits for anybody.
 */
#include <signal.h>

#include "stress.h"

#define KIDS		2
#define THREADS		2
#define TEMPS		40

struct cross;

/* One traced thread. */
struct side {
	struct cross *cross;
	struct utrace_thread *thread;
	struct tap *tap;
	struct tap *temps[TEMPS];	/* for its callbacks to attach */
	unsigned int used;
	unsigned int ops;
};

struct cross {
	struct side sides[KIDS * THREADS];
	unsigned int begun;		/* every side has its engine */
	unsigned int ending;		/* threads may be gone */
	unsigned int over;		/* engines may be given back */
};

static void attach_there(struct side *side, struct side *there)
{
	struct tap *tap;
	int err;

	if (side->used == TEMPS)
		return;
	tap = side->temps[side->used++];
	err = tap_attach(tap, there->thread, 0);
	if (err) {
		if (!s_load(&side->cross->ending) || err != -ESRCH)
			FAIL("attach in a callback: %d", err);
		return;
	}
	if (one_in(&tap->rng, 2)) {
		err = tap_events(tap, EV(SYSCALL_EXIT) | EV(QUIESCE));
		EXPECT(err == 0 || (s_load(&side->cross->ending) &&
				    (err == -EALREADY || err == -ESRCH)));
	}
	if (one_in(&tap->rng, 3))
		return;			/* it stays */
	err = tap_control(tap, UTRACE_DETACH);
	EXPECT(err == 0 || err == -EINPROGRESS ||
	       (s_load(&side->cross->ending) &&
		(err == -ESRCH || err == -EALREADY)));
}

static void control_there(struct side *side, struct side *there)
{
	static const enum utrace_resume_action actions[] = {
		UTRACE_STOP, UTRACE_INTERRUPT, UTRACE_REPORT
	};
	int err;

	err = tap_control(there->tap, actions[rng_below(&side->tap->rng, 3)]);
	EXPECT(err == 0 || err == -EINPROGRESS ||
	       (err == -ESRCH && s_load(&side->cross->ending)));
	jitter(&side->tap->rng);
	err = tap_control(there->tap, UTRACE_RESUME);
	EXPECT(err == 0 || (err == -ESRCH && s_load(&side->cross->ending)));
}

static void events_there(struct side *side, struct side *there)
{
	unsigned long events = EV(SYSCALL_ENTRY) | EV(QUIESCE);
	int err;

	if (one_in(&side->tap->rng, 2))
		events |= EV(SYSCALL_EXIT) | EV(SIGNAL);
	err = tap_events(there->tap, events);
	EXPECT(err == 0 || err == -EINPROGRESS ||
	       (s_load(&side->cross->ending) &&
		(err == -ESRCH || err == -EALREADY)));
}

static void barrier_there(struct side *side, struct side *there)
{
	unsigned int begun = s_load(&there->tap->begun);
	int err = utrace_barrier(there->thread, there->tap->engine);

	/* one's own thread is never in the way */
	if (there == side) {
		EXPECT_EQ(err, 0);
		return;
	}
	if (err == -EDEADLK)
		return;
	EXPECT(err == 0 || (err == -ESRCH && s_load(&side->cross->ending)));
	EXPECT((int)(s_load(&there->tap->ended) - begun) >= 0);
}

static void find_there(struct side *there)
{
	struct utrace_thread *thread =
		utrace_thread_find(utrace_thread_id(there->thread));
	struct utrace_engine *engine;

	if (!IS_ERR(thread))
		utrace_thread_put(thread);
	engine = utrace_attach_task(there->thread, UTRACE_ATTACH_MATCH_DATA,
				    NULL, there->tap);
	if (!IS_ERR(engine))
		utrace_engine_put(engine);
}

static u32 meddle(struct tap *tap, struct tap_call *call)
{
	struct side *side = tap->priv, *there;
	struct rng *rng = &tap->rng;

	if (s_load(&side->cross->begun) && !s_load(&side->cross->over) &&
	    !one_in(rng, 3) && call->event != TAP_SIGNAL) {
		there = &side->cross->sides[rng_below(rng, KIDS * THREADS)];
		s_inc(&side->ops);
		switch (rng_below(rng, 6)) {
		case 0:
			attach_there(side, there);
			break;
		case 1:
			control_there(side, there);
			break;
		case 2:
			events_there(side, there);
			break;
		case 3:
			find_there(there);
			break;
		default:
			barrier_there(side, there);
		}
	}
	jitter(rng);
	return tap_pass(call, UTRACE_RESUME);
}

STRESS(cross_workers, 100, 2500,
       "BAR-5 CTL-10 EVT-9: callbacks of two workers deal with each other's "
       "threads, and nobody waits for ever")
{
	struct cross *cross = s_alloc(r, sizeof(*cross));
	unsigned int wanted = 20 + rng_below(&r->rng, 150), i, k, n = 0;
	struct utrace_stats stats;
	struct kid *kids[KIDS];

	for (k = 0; k < KIDS; k++) {
		kids[k] = kid_loop(r, THREADS);
		for (i = 0; i < THREADS; i++) {
			struct side *side = &cross->sides[n++];
			unsigned int t;

			side->cross = cross;
			side->thread = kid_thread(kids[k], i);
			side->tap = tap_new(r);
			side->tap->priv = side;
			side->tap->hook = meddle;
			for (t = 0; t < TEMPS; t++)
				side->temps[t] = tap_new(r);
			CHECK_EQ(tap_watch(side->tap, side->thread,
					   EV(SYSCALL_ENTRY) | EV(QUIESCE)), 0);
		}
	}
	utrace_get_stats(&stats, sizeof(stats));
	CHECK(stats.workers >= KIDS);
	s_store(&cross->begun, 1);
	for (k = 0; k < KIDS; k++)
		for (i = 0; i < THREADS; i++)
			kid_cmd(kids[k], i, one_in(&r->rng, 3) ? CMD_RAISE :
				CMD_CALLS, 0);
	for (i = 0; i < n; i++) {
		s_at("thread %u comes to %u", i, wanted);
		CHECK(wait_until(s_load(&cross->sides[i].ops) >= wanted));
	}
	s_store(&cross->ending, 1);
	s_at("the end");
	for (k = 0; k < KIDS; k++) {
		if (one_in(&r->rng, 2))
			kid_cmd(kids[k], 0, CMD_EXIT, 4);
		else
			kill(kids[k]->pid, SIGKILL);
	}
	for (k = 0; k < KIDS; k++) {
		kid_wait(kids[k]);
		EXPECT(kids[k]->status == EXITED(4) ||
		       kids[k]->status == KILLED(SIGKILL));
		kid_right(kids[k]);
	}
	/* callbacks of a thread that is not the leader may still run */
	s_store(&cross->over, 1);
	for (i = 0; i < n; i++)
		tap_barrier(cross->sides[i].tap);
}
