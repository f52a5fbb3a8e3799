// SPDX-License-Identifier: LGPL-2.1-or-later
/* A callback that takes long on one process delays no event of another. */
#include "stress.h"

struct slow {
	unsigned int in;		/* the long callback has begun */
	unsigned int out;		/* and ended */
	unsigned int enough;		/* what the others were to do is done */
};

static u32 very_slow(struct tap *tap, struct tap_call *call)
{
	struct slow *slow = tap->priv;
	unsigned int i;

	if (s_inc(&slow->in) > 1)
		return tap_pass(call, UTRACE_RESUME);
	/* a second, and until the others have done what they are to do: were
	 * their events queued behind this, that would be never */
	for (i = 0; i < 1000 || !s_load(&slow->enough); i++) {
		if (i == 30000) {
			FAIL("the others do not get on");
			break;
		}
		usleep(i < 1000 && s_load(&slow->enough) > 1 ? 10 : 1000);
	}
	s_store(&slow->out, 1);
	return tap_pass(call, UTRACE_RESUME);
}

STRESS(slow_callback, 8, 120,
       "REP-9: while a callback on one process takes a second, the events of "
       "others come, and none is queued behind it")
{
	unsigned int n = 1 + rng_below(&r->rng, 4), i;
	struct slow *slow = s_alloc(r, sizeof(*slow));
	struct kid *kid = kid_loop(r, 1), *others[4];
	struct tap *tap = tap_new(r), *taps[4];
	struct utrace_stats before, after;
	uint64_t loops[4];

	tap->hook = very_slow;
	tap->priv = slow;
	CHECK_EQ(tap_watch(tap, kid_thread(kid, 0), EV(SYSCALL_ENTRY)), 0);
	for (i = 0; i < n; i++) {
		others[i] = kid_loop(r, 1);
		taps[i] = tap_new(r);
		/* some are traced before, some come while it sleeps */
		if (one_in(&r->rng, 2))
			CHECK_EQ(tap_watch(taps[i], kid_thread(others[i], 0),
					   EV(SYSCALL_EXIT)), 0);
	}
	utrace_get_stats(&before, sizeof(before));
	kid_cmd(kid, 0, CMD_CALLS, 0);
	CHECK(wait_until(s_load(&slow->in)));
	for (i = 0; i < n; i++) {
		if (!taps[i]->made &&
		    !EXPECT_EQ(tap_watch(taps[i], kid_thread(others[i], 0),
					 EV(SYSCALL_EXIT)), 0))
			break;
		loops[i] = kid_loops(others[i], 0);
		kid_cmd(others[i], 0, CMD_CALLS, 0);
	}
	/* each call of theirs is reported, all while the callback lasts */
	for (i = 0; i < n && !s_failed(); i++) {
		wait_until(kid_loops(others[i], 0) > loops[i] + 50);
		EXPECT(tap_count(taps[i], _UTRACE_EVENT_SYSCALL_EXIT) >= 50);
		CHECK(tap_stopped(taps[i]));
		EXPECT_EQ(tap_control(taps[i], UTRACE_RESUME), 0);
	}
	utrace_get_stats(&after, sizeof(after));
	EXPECT_EQ(s_load(&slow->out), 0);
	EXPECT_EQ(after.queued_behind, before.queued_behind);
	EXPECT(after.callbacks >= before.callbacks + 50 * n);
	EXPECT(after.workers > n);
	/* a whole second only now and then: that is what it is about */
	s_store(&slow->enough, one_in(&r->rng, 4) ? 1 : 2);
	CHECK(wait_until(s_load(&slow->out)));
	for (i = 0; i < n; i++) {
		kid_cmd(others[i], 0, CMD_EXIT, 2);
		CHECK_EQ(kid_wait(others[i]), EXITED(2));
	}
	kid_cmd(kid, 0, CMD_EXIT, 2);
	CHECK_EQ(kid_wait(kid), EXITED(2));
}
