// SPDX-License-Identifier: LGPL-2.1-or-later
/* Barriers against long callbacks. */
#include <signal.h>

#include "stress.h"

static __thread unsigned int handled;

static void on_usr1(int sig)
{
	(void)sig;
	handled++;
}

/* Within the rules it would not sleep; but a callback may be that slow. */
static u32 slow(struct tap *tap, struct tap_call *call)
{
	if (one_in(&tap->rng, 3))
		dither(&tap->rng, 3000);
	else
		jitter(&tap->rng);
	return tap_pass(call, UTRACE_RESUME);
}

struct waits {
	struct tap *tap;
	pthread_t thread;
	unsigned int begun, done;
};

static void race_barrier(struct racer *racer)
{
	struct waits *w = racer->arg;
	unsigned int begun, before;
	int err, i;

	w->thread = pthread_self();
	s_store(&w->begun, 1);
	for (i = 0; i < 12; i++) {
		jitter(&racer->rng);
		/* what had begun before the call is over after it */
		begun = s_load(&w->tap->begun);
		before = handled;
		err = utrace_barrier(w->tap->thread, w->tap->engine);
		if (err == -EINTR) {
			EXPECT(handled > before);
			continue;
		}
		if (!EXPECT_EQ(err, 0))
			break;
		EXPECT((int)(s_load(&w->tap->ended) - begun) >= 0);
	}
	s_store(&w->done, 1);
}

/* Take entries away, and give them back. */
static void race_toggle(struct racer *racer)
{
	struct waits *w = racer->arg;
	unsigned int n, i;
	int err;

	for (i = 0; i < 10; i++) {
		err = tap_events(w->tap, EV(SYSCALL_EXIT));
		if (err == -EINPROGRESS)
			err = tap_barrier(w->tap);
		if (!EXPECT_EQ(err, 0))
			return;
		n = tap_count(w->tap, _UTRACE_EVENT_SYSCALL_ENTRY);
		dither(&racer->rng, 1000);
		EXPECT_EQ(tap_count(w->tap, _UTRACE_EVENT_SYSCALL_ENTRY), n);
		EXPECT_EQ(tap_events(w->tap, EV_ALL & ~EV(QUIESCE)), 0);
		jitter(&racer->rng);
	}
}

static void race_signals(struct racer *racer)
{
	struct waits *w = racer->arg;

	while (!s_load(&w->begun))
		jitter(&racer->rng);
	while (!s_load(&w->done)) {
		pthread_kill(w->thread, SIGUSR1);
		dither(&racer->rng, 2000);
	}
}

STRESS(barrier_long, 120, 2000,
       "BAR-1 BAR-3 EVT-5: a barrier waits for the callback in progress, and "
       "is interrupted by handlers alone")
{
	struct sigaction sa = { .sa_handler = on_usr1 };
	unsigned int n = 1 + rng_below(&r->rng, 3), i;
	struct line *line = line_new(r, n);
	struct kid *kid = kid_loop(r, 1);
	struct waits *w = s_alloc(r, n * sizeof(*w));
	struct tap *tap = tap_new(r);
	bool toggle = one_in(&r->rng, 2), signals = one_in(&r->rng, 3);

	sa.sa_flags = one_in(&r->rng, 2) ? SA_RESTART : 0;
	sigaction(SIGUSR1, &sa, NULL);
	tap->hook = slow;
	kid_cmd(kid, 0, CMD_CALLS, 0);
	CHECK_EQ(tap_attach(tap, kid_thread(kid, 0), 0), 0);
	CHECK_EQ(tap_events(tap, EV_ALL & ~EV(QUIESCE)), 0);
	CHECK(wait_until(s_load(&tap->total)));
	for (i = 0; i < n; i++) {
		w[i].tap = tap;
		racer_start(r, line, race_barrier, &w[i]);
	}
	if (toggle)
		racer_start(r, NULL, race_toggle, &w[0]);
	if (signals)
		racer_start(r, NULL, race_signals, &w[0]);
	/* the signalled thread is still there when the last signal is sent */
	racers_join(r);
	i = -tap_events(tap, EV(SYSCALL_ENTRY));
	EXPECT(i == 0 || i == EINPROGRESS);
	CHECK(kid_moves(kid, 0));
}
