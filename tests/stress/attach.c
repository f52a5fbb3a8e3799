// SPDX-License-Identifier: LGPL-2.1-or-later
/* Attach against attach, against the last detach, against exit and reaping. */
#include <signal.h>

#include "stress.h"

/* ---- against each other --------------------------------------------------- */

struct attach {
	struct tap *tap;
	struct utrace_thread *thread;
	int flags;
	int err;
};

static void race_attach(struct racer *racer)
{
	struct attach *a = racer->arg;

	dither(&racer->rng, 30);
	a->err = tap_attach(a->tap, a->thread, a->flags);
}

/* Lookups find nothing or what was attached, with a reference to give back. */
static void race_look_up(struct racer *racer)
{
	struct attach *a = racer->arg;
	struct utrace_engine *engine;
	int i;

	for (i = 0; i < 20; i++) {
		engine = utrace_attach_task(a->thread,
					    UTRACE_ATTACH_MATCH_OPS, &tap_ops,
					    NULL);
		if (IS_ERR(engine))
			EXPECT_EQ(PTR_ERR(engine), -ENOENT);
		else
			utrace_engine_put(engine);
		jitter(&racer->rng);
	}
}

STRESS(attach_attach, 300, 6000,
       "ATT-11 ATT-4: each of several first attaches succeeds once, of "
       "exclusive ones exactly one")
{
	bool exclusive = one_in(&r->rng, 2);
	unsigned int n = 2 + rng_below(&r->rng, 3), made = 0, i;
	struct line *line = line_new(r, n + 1);
	struct kid *kid = kid_loop(r, 1);
	struct attach *a = s_alloc(r, (n + 1) * sizeof(*a));

	kid_cmd(kid, 0, one_in(&r->rng, 3) ? CMD_SLEEP : CMD_CALLS, 0);
	for (i = 0; i <= n; i++) {
		a[i].thread = kid_thread(kid, 0);
		a[i].tap = tap_new(r);
		a[i].flags = !exclusive ? 0 : UTRACE_ATTACH_EXCLUSIVE |
			     UTRACE_ATTACH_MATCH_OPS;
		racer_start(r, line, i < n ? race_attach : race_look_up,
			    &a[i]);
	}
	racers_join(r);
	kid_cmd(kid, 0, CMD_CALLS, 0);
	for (i = 0; i < n; i++) {
		if (a[i].err) {
			EXPECT(exclusive);
			EXPECT_EQ(a[i].err, -EEXIST);
			continue;
		}
		made++;
		CHECK_EQ(tap_events(a[i].tap, EV(SYSCALL_ENTRY) | EV(REAP)), 0);
	}
	CHECK_EQ(made, exclusive ? 1 : n);
	/* each is called, and is called for the end */
	for (i = 0; i < n; i++)
		if (!a[i].err)
			CHECK(wait_until(tap_count(a[i].tap,
					 _UTRACE_EVENT_SYSCALL_ENTRY) > 1));
	kid_cmd(kid, 0, CMD_EXIT, 5);
	CHECK_EQ(kid_wait(kid), EXITED(5));
	for (i = 0; i < n; i++) {
		if (a[i].err)
			continue;
		CHECK(wait_until(tap_count(a[i].tap, _UTRACE_EVENT_REAP)));
		EXPECT_EQ(tap_count(a[i].tap, _UTRACE_EVENT_REAP), 1);
	}
}

/* ---- against the last detach ---------------------------------------------- */

struct churn {
	struct round *r;
	struct utrace_thread *thread;
	struct tap *taps[12];
	unsigned int n;
	unsigned long events;
};

static void race_churn(struct racer *racer)
{
	struct churn *c = racer->arg;
	unsigned int i;
	int err;

	for (i = 0; i < c->n; i++) {
		if (!EXPECT_EQ(tap_attach(c->taps[i], c->thread, 0), 0))
			return;
		jitter(&racer->rng);
		if (one_in(&racer->rng, 2))
			EXPECT_EQ(tap_events(c->taps[i], c->events), 0);
		jitter(&racer->rng);
		if (one_in(&racer->rng, 4))
			EXPECT_EQ(tap_barrier(c->taps[i]), 0);
		if (one_in(&racer->rng, 8)) {
			err = tap_control(c->taps[i], UTRACE_STOP);
			EXPECT(err == 0 || err == -EINPROGRESS);
		}
		err = tap_control(c->taps[i], UTRACE_DETACH);
		if (!EXPECT(err == 0 || err == -EINPROGRESS))
			return;
		if (err)
			EXPECT_EQ(tap_barrier(c->taps[i]), -ESRCH);
		tap_close(c->taps[i]);
		jitter(&racer->rng);
	}
}

STRESS(attach_let_go, 150, 3000,
       "ATT-11 ENG-4: attaching while the last engine leaves; the thread is "
       "let go in the end, unstopped")
{
	unsigned int n = 2 + rng_below(&r->rng, 2), i, k;
	struct line *line = line_new(r, n);
	struct kid *kid = kid_loop(r, 1);
	struct churn *c = s_alloc(r, n * sizeof(*c));
	static const enum kid_cmd does[] = { CMD_SPIN, CMD_CALLS, CMD_SLEEP,
					     CMD_RAISE, CMD_CALLS };

	kid_cmd(kid, 0, does[rng_below(&r->rng, ARRAY_LEN(does))], 0);
	for (i = 0; i < n; i++) {
		c[i].thread = kid_thread(kid, 0);
		c[i].n = 1 + rng_below(&r->rng, 12);
		c[i].events = EV(QUIESCE) | (rng_next(&r->rng) & EV_ALL);
		for (k = 0; k < c[i].n; k++)
			c[i].taps[k] = tap_new(r);
		racer_start(r, line, race_churn, &c[i]);
	}
	racers_join(r);
	/* let go by itself: nobody traces it, and it runs */
	CHECK(wait_until(!kid_held(kid, false)));
	kid_cmd(kid, 0, CMD_CALLS, 0);
	CHECK(kid_moves(kid, 0));
	kid_right(kid);
	kid_cmd(kid, 0, CMD_EXIT, 6);
	CHECK_EQ(kid_wait(kid), EXITED(6));
}

/* ---- against exit and reaping --------------------------------------------- */

struct late {
	struct utrace_thread *thread;
	struct tap *taps[4];
	int err[4];		/* of attach */
	int set[4];		/* of set_events */
	unsigned long events[4];
};

static void race_late(struct racer *racer)
{
	struct late *l = racer->arg;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		dither(&racer->rng, 150);
		l->err[i] = tap_attach(l->taps[i], l->thread, 0);
		if (l->err[i])
			continue;
		if (one_in(&racer->rng, 3))
			jitter(&racer->rng);
		l->set[i] = tap_events(l->taps[i], l->events[i]);
	}
}

static void race_wait(struct racer *racer)
{
	kid_wait(racer->arg);
}

static void judge_late(struct late *l)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct tap *tap = l->taps[i];
		unsigned int reaps, deaths;

		if (l->err[i]) {
			EXPECT_EQ(l->err[i], -ESRCH);
			EXPECT_EQ(s_load(&tap->total), 0);
			continue;
		}
		/* once it is detached nothing more comes */
		wait_until(tap_events(tap, l->set[i] ? 0 : l->events[i]) ==
			   -ESRCH);
		reaps = tap_count(tap, _UTRACE_EVENT_REAP);
		deaths = tap_count(tap, _UTRACE_EVENT_DEATH);
		switch (l->set[i]) {
		case 0:
			EXPECT_EQ(reaps, !!(l->events[i] & EV(REAP)));
			EXPECT_EQ(deaths, !!(l->events[i] & EV(DEATH)));
			break;
		case -EALREADY:
			EXPECT(l->events[i] & _UTRACE_DEATH_EVENTS);
			EXPECT_EQ(s_load(&tap->total), 0);
			break;
		case -ESRCH:
			EXPECT_EQ(s_load(&tap->total), 0);
			break;
		default:
			FAIL("set_events: %d", l->set[i]);
		}
	}
}

static void wait_gone(struct kid *kid, unsigned int n)
{
	pid_t tracer, group;

	wait_until(!task_state(kid->pid, sh_load(&kid->share->threads[n].tid),
			       &tracer, &group));
}

STRESS(attach_exit, 600, 10000,
       "ATT-3 ENG-7 EVT-3 DTH-7: attaching to a thread that ends, and is "
       "reaped: an engine that gets what it was promised, or -ESRCH")
{
	bool thread = one_in(&r->rng, 3), killed = one_in(&r->rng, 2);
	unsigned int n = 1 + rng_below(&r->rng, 2), i, k;
	struct line *line = line_new(r, n + 1 + !thread);
	struct kid *kid = kid_loop(r, thread ? 2 : 1);
	struct late *l = s_alloc(r, n * sizeof(*l));
	struct racer *waiter = NULL;
	/* sometimes adopted before */
	struct tap *early = one_in(&r->rng, 3) ? tap_new(r) : NULL;

	if (one_in(&r->rng, 2))
		kid_cmd(kid, thread, CMD_CALLS, 0);
	if (early)
		CHECK_EQ(tap_watch(early, kid_thread(kid, thread),
				   EV(REAP) | EV(DEATH)), 0);
	for (i = 0; i < n; i++) {
		l[i].thread = kid_thread(kid, thread);
		for (k = 0; k < 4; k++) {
			l[i].taps[k] = tap_new(r);
			l[i].events[k] = (one_in(&r->rng, 3) ? 0 : EV(REAP)) |
					 (one_in(&r->rng, 3) ? EV(DEATH) : 0);
		}
		racer_start(r, line, race_late, &l[i]);
	}
	if (!thread)
		waiter = racer_start(r, line, race_wait, kid);
	line_wait(line);
	dither(&r->rng, 100);
	if (thread)
		kid_cmd(kid, 1, CMD_LEAVE, 0);
	else if (killed)
		kill(kid->pid, SIGKILL);
	else
		kid_cmd(kid, 0, CMD_EXIT, 9);
	racers_join(r);
	if (waiter)
		CHECK_EQ(kid->status, killed ? KILLED(SIGKILL) : EXITED(9));
	else
		wait_gone(kid, 1);
	for (i = 0; i < n; i++)
		judge_late(&l[i]);
	if (early) {
		wait_until(tap_count(early, _UTRACE_EVENT_REAP));
		EXPECT_EQ(tap_count(early, _UTRACE_EVENT_REAP), 1);
		EXPECT_EQ(tap_count(early, _UTRACE_EVENT_DEATH), 1);
	}
	if (thread) {
		kid_cmd(kid, 0, CMD_EXIT, 9);
		CHECK_EQ(kid_wait(kid), EXITED(9));
	}
}
