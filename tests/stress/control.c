// SPDX-License-Identifier: LGPL-2.1-or-later
/* Every kind of control against a program that notices errors. */
#include <signal.h>

#include "stress.h"

struct work {
	struct tap *tap;
	struct line *line;
	unsigned int ops;
	bool steps;
	unsigned int calm;		/* callbacks return RESUME */
};

static enum utrace_resume_action any_action(struct rng *rng, bool steps)
{
	static const enum utrace_resume_action actions[] = {
		UTRACE_RESUME, UTRACE_RESUME, UTRACE_REPORT, UTRACE_INTERRUPT,
		UTRACE_STOP, UTRACE_SINGLESTEP, UTRACE_BLOCKSTEP
	};

	return actions[rng_below(rng, steps ? 7 : 5)];
}

static u32 at_random(struct tap *tap, struct tap_call *call)
{
	struct work *w = tap->priv;

	jitter(&tap->rng);
	/* the trap of a step that was asked for */
	if (call->event == TAP_SIGNAL && call->arg == SIGTRAP)
		return UTRACE_SIGNAL_IGN | UTRACE_RESUME;
	if (s_load(&w->calm) || !one_in(&tap->rng, 3))
		return tap_pass(call, UTRACE_RESUME);
	return tap_pass(call, any_action(&tap->rng, w->steps));
}

static void race_control(struct racer *racer)
{
	struct work *w = racer->arg;
	enum utrace_resume_action action;
	unsigned int i;
	int err;

	for (i = 0; i < w->ops; i++) {
		dither(&racer->rng, 300);
		action = any_action(&racer->rng, w->steps);
		err = tap_control(w->tap, action);
		EXPECT(err == 0 ||
		       (err == -EINPROGRESS && action == UTRACE_STOP));
		if (one_in(&racer->rng, 4))
			EXPECT_EQ(tap_barrier(w->tap), 0);
		dither(&racer->rng, 100);
		EXPECT_EQ(tap_control(w->tap, UTRACE_RESUME), 0);
	}
}

static const enum kid_cmd does[] = {
	CMD_CALLS, CMD_WRITE, CMD_FORK, CMD_VFORK, CMD_THREAD, CMD_RAISE,
	CMD_SPIN, CMD_SLEEP
};

/*
 * The program must not see that it is stopped, interrupted, restarted and
 * stepped.
 */
static void control(struct round *r, const char *mode)
{
	unsigned int n = 1 + rng_below(&r->rng, 2), i;
	enum kid_cmd cmd = does[rng_below(&r->rng, ARRAY_LEN(does))];
	struct kid *kid = kid_new(r, mode, 1);
	struct work *w = s_alloc(r, sizeof(*w));
	struct tap *tap = tap_new(r);
	int err;

	CHECK(wait_until(sh_load(&kid->share->ready)));
	w->tap = tap;
	w->ops = 1 + rng_below(&r->rng, 30);
	w->steps = one_in(&r->rng, 3);
	tap->hook = at_random;
	tap->priv = w;
	s_at("%s, command %d%s", mode, cmd, w->steps ? ", steps" : "");
	kid_cmd(kid, 0, cmd, 5);
	CHECK_EQ(tap_attach(tap, kid_thread(kid, 0), 0), 0);
	CHECK_EQ(tap_events(tap, EV(QUIESCE) |
			    (one_in(&r->rng, 2) ? EV_ALL : rng_next(&r->rng))),
		 0);
	for (i = 0; i < n; i++)
		racer_start(r, NULL, race_control, w);
	racers_join(r);
	s_store(&w->calm, 1);
	/* what a callback returned may come after a control */
	CHECK_EQ(tap_barrier(tap), 0);
	CHECK_EQ(tap_control(tap, UTRACE_RESUME), 0);
	if (!strcmp(mode, "loop") && cmd != CMD_SLEEP)
		CHECK(kid_moves(kid, 0));
	if (one_in(&r->rng, 2)) {
		s_at("%s, command %d%s, detached", mode, cmd,
		     w->steps ? ", steps" : "");
		err = tap_control(tap, UTRACE_DETACH);
		EXPECT(err == 0 || err == -EINPROGRESS);
	}
	sh_store(&kid->share->quit, 1);
	kid_cmd(kid, 0, CMD_EXIT, 7);
	CHECK_EQ(kid_wait(kid), EXITED(7));
	kid_right(kid);
}

STRESS(control_loop, 300, 6000,
       "INV-1 CTL-3 CTL-4 CTL-6 CTL-7: a program that is stopped, interrupted "
       "and stepped at random sees nothing of it")
{
	control(r, "loop");
}

STRESS(control_work, 200, 4000,
       "INV-1: the same with pipes, children, threads and signals, each "
       "looked at")
{
	control(r, "work");
}
