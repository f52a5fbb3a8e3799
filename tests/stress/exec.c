// SPDX-License-Identifier: LGPL-2.1-or-later
/* An exec by one thread while all its siblings are traced. */
#include <signal.h>

#include "stress.h"

struct execs {
	struct tap *tap;
	unsigned int held;
	unsigned int ops;
	bool survives;
};

static u32 held(struct tap *tap, struct tap_call *call)
{
	struct execs *e = tap->priv;

	if (one_in(&tap->rng, 4))
		dither(&tap->rng, 50);
	return tap_pass(call, s_load(&e->held) ? UTRACE_STOP : UTRACE_RESUME);
}

static void race_others(struct racer *racer)
{
	static const enum utrace_resume_action actions[] = {
		UTRACE_RESUME, UTRACE_INTERRUPT, UTRACE_REPORT, UTRACE_STOP
	};
	struct execs *e = racer->arg;
	struct utrace_engine *found;
	unsigned int i;
	int err;

	for (i = 0; i < e->ops; i++) {
		jitter(&racer->rng);
		err = tap_control(e->tap, actions[rng_below(&racer->rng,
					  e->survives ? 3 : 4)]);
		EXPECT(err == 0 || err == -ESRCH || err == -EINPROGRESS);
		if (e->survives)
			EXPECT_EQ(err, 0);
		jitter(&racer->rng);
		err = tap_barrier(e->tap);
		EXPECT(err == 0 || (err == -ESRCH && !e->survives));
		found = utrace_attach_task(e->tap->thread,
					   UTRACE_ATTACH_MATCH_DATA, NULL,
					   e->tap);
		if (IS_ERR(found))
			EXPECT(PTR_ERR(found) == -ENOENT && !e->survives);
		else
			utrace_engine_put(found);
	}
}

STRESS(exec_traced, 200, 4000,
       "EXC-2 KIL-1 DTH-2: an exec with all siblings traced: their deaths and "
       "reaps come, the survivor's engine stays, under the right ID")
{
	static const enum kid_cmd does[] = { CMD_SLEEP, CMD_SPIN, CMD_CALLS,
					     CMD_RAISE, CMD_THREAD, CMD_FORK,
					     CMD_WRITE, CMD_PAUSE };
	unsigned int n = 2 + rng_below(&r->rng, 5), i;
	unsigned int who = one_in(&r->rng, 6) ? 0 : 1 + rng_below(&r->rng, n - 1);
	struct kid *kid = kid_loop(r, n);
	struct execs *e = s_alloc(r, n * sizeof(*e));
	struct tap *tap;
	int err;

	for (i = 0; i < n; i++) {
		e[i].tap = tap_new(r);
		e[i].tap->hook = held;
		e[i].tap->priv = &e[i];
		e[i].survives = i == who;
		/*
		 * Who is to exec must not wait for ever, nor need a lock of the
		 * C library, which one that is held may have taken: the first
		 * four do neither.
		 */
		kid_cmd(kid, i, does[rng_below(&r->rng, i == who ? 4 :
					       ARRAY_LEN(does))], 0);
		CHECK_EQ(tap_watch(e[i].tap, kid_thread(kid, i),
				   EV(QUIESCE) | EV(EXEC) | EV(DEATH) |
				   EV(REAP) |
				   (rng_next(&r->rng) & (EV(SYSCALL_ENTRY) |
						EV(SYSCALL_EXIT) | EV(CLONE) |
						EV(EXIT) | EV(SIGNAL)))), 0);
		if (i != who && one_in(&r->rng, 3)) {
			s_store(&e[i].held, 1);
			err = tap_control(e[i].tap, UTRACE_STOP);
			EXPECT(err == 0 || err == -EINPROGRESS);
		} else if (one_in(&r->rng, 3)) {
			e[i].ops = 1 + rng_below(&r->rng, 10);
			racer_start(r, NULL, race_others, &e[i]);
		}
	}
	tap = e[who].tap;
	dither(&r->rng, 300);
	kid_cmd(kid, who, CMD_EXEC, 0);
	s_at("exec by %u of %u", who, n);
	CHECK(wait_until(sh_load(&kid->share->after) == 1));
	for (i = 0; i < n; i++) {
		if (i == who)
			continue;
		s_at("end of %u of %u, exec by %u", i, n, who);
		CHECK(wait_until(tap_count(e[i].tap, _UTRACE_EVENT_REAP)));
		EXPECT_EQ(tap_count(e[i].tap, _UTRACE_EVENT_REAP), 1);
		EXPECT_EQ(tap_count(e[i].tap, _UTRACE_EVENT_DEATH), 1);
		EXPECT_EQ(tap_count(e[i].tap, _UTRACE_EVENT_EXEC), 0);
	}
	racers_join(r);
	EXPECT_EQ(tap_count(tap, _UTRACE_EVENT_EXEC), 1);
	EXPECT_EQ(tap_count(tap, _UTRACE_EVENT_DEATH), 0);
	EXPECT_EQ(utrace_thread_id(kid_thread(kid, who)), kid->pid);
	EXPECT_EQ(utrace_thread_group(kid_thread(kid, who)), kid->pid);
	/* it is told of the end under its new ID */
	err = tap_events(tap, EV(SYSCALL_ENTRY) | EV(DEATH) | EV(REAP));
	EXPECT(err == 0 || err == -EINPROGRESS);
	kid_cmd(kid, 0, CMD_CALLS, 0);
	CHECK(kid_moves(kid, 0));
	kid_cmd(kid, 0, CMD_EXIT, 3);
	CHECK_EQ(kid_wait(kid), EXITED(3));
	for (i = 0; i < n; i++)
		tap_put(e[i].tap);
	CHECK(wait_until(s_load(&tap->released)));
	EXPECT_EQ(tap_count(tap, _UTRACE_EVENT_DEATH), 1);
	EXPECT_EQ(tap_count(tap, _UTRACE_EVENT_REAP), 1);
	kid_right(kid);
}
