// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * set_events and DETACH against death and reaping: what a call answers tells
 * for certain which callbacks come, so that exactly one side cleans up.
 */
#include <signal.h>

#include "stress.h"

#define LIVES	3

/* One engine on the thread that dies, and one call made with it meanwhile. */
struct life {
	struct tap *tap;
	bool detach;		/* the call: DETACH, else set_events */
	bool lets_go;		/* its report_death returns DETACH */
	unsigned long before, after;
	unsigned int delay;
	int ret;
	unsigned int deaths, dyings, reaps;	/* when the call returned */
	unsigned int quiesced;			/* report_quiesce(DEATH) */
	unsigned int cleaned;
};

static u32 on_end(struct tap *tap, struct tap_call *call)
{
	struct life *life = tap->priv;

	if (one_in(&tap->rng, 4))
		dither(&tap->rng, 100);
	switch (call->event) {
	case _UTRACE_EVENT_QUIESCE:
		if (call->arg == EV(DEATH))
			s_inc(&life->quiesced);
		break;
	case _UTRACE_EVENT_DEATH:
		if (life->lets_go) {
			s_inc(&life->cleaned);
			return UTRACE_DETACH;
		}
		break;
	case _UTRACE_EVENT_REAP:
		s_inc(&life->cleaned);
		if (call->child != tap->thread)
			FAIL("reap of another thread");
		break;
	}
	return tap_pass(call, UTRACE_RESUME);
}

static void race_call(struct racer *racer)
{
	struct life *life = racer->arg;
	struct tap *tap = life->tap;

	dither(&racer->rng, life->delay);
	if (life->detach)
		life->ret = tap_control(tap, UTRACE_DETACH);
	else
		life->ret = tap_events(tap, life->after);
	life->deaths = tap_count(tap, _UTRACE_EVENT_DEATH);
	life->dyings = s_load(&life->quiesced);
	life->reaps = tap_count(tap, _UTRACE_EVENT_REAP);
	/* REAP is in the mask: the callback cleans up, or whoever detached */
	if (life->detach && (life->ret == 0 || life->ret == -EINPROGRESS))
		if (!life->lets_go || !life->deaths)
			s_inc(&life->cleaned);
}

/* Which of @bit came, seen against what the answer says. */
static void judge_one(struct life *life, const char *name, unsigned long bit,
		      unsigned int at_return, unsigned int came, bool cut)
{
	bool was = life->before & bit, is = life->after & bit;
	unsigned int wanted;

	switch (life->ret) {
	case 0:
	case -EINPROGRESS:
		/* what is not wanted any more does not come after the answer */
		wanted = life->detach || !is ? at_return : 1;
		break;
	default:
		wanted = was;
	}
	if (cut)
		wanted = 0;
	if (came != wanted || came > 1)
		FAIL("%s %s: %#lx to %#lx gave %d: %u came, %u by then",
		     life->detach ? "detach" : "set_events", name,
		     life->before, life->after, life->ret, came, at_return);
}

static void judge(struct life *life)
{
	unsigned long fresh = life->after & ~life->before;
	unsigned long gone = life->before & ~life->after;
	struct tap *tap = life->tap;
	unsigned int deaths = tap_count(tap, _UTRACE_EVENT_DEATH);

	judge_one(life, "death", EV(DEATH), life->deaths, deaths, false);
	judge_one(life, "quiesce at death", EV(QUIESCE), life->dyings,
		  s_load(&life->quiesced), false);
	judge_one(life, "reap", EV(REAP), life->reaps,
		  tap_count(tap, _UTRACE_EVENT_REAP), life->lets_go && deaths);
	if (life->detach) {
		EXPECT_EQ(s_load(&life->cleaned), 1);
		if (life->ret == -EALREADY)
			EXPECT(life->before & _UTRACE_DEATH_EVENTS);
		else
			EXPECT(life->ret == 0 || life->ret == -EINPROGRESS ||
			       life->ret == -ESRCH);
	} else if (life->ret == -EALREADY) {
		EXPECT((fresh & _UTRACE_DEATH_EVENTS) ||
		       (gone & (_UTRACE_DEATH_EVENTS | EV(REAP))));
	} else {
		EXPECT(life->ret == 0 || life->ret == -EINPROGRESS ||
		       life->ret == -ESRCH);
	}
}

static unsigned long some(struct rng *rng, unsigned long events)
{
	events &= rng_next(rng);
	return events & rng_next(rng);
}

static void choose(struct round *r, struct life *life, bool detach)
{
	static const unsigned long others = EV(EXIT) | EV(SYSCALL_ENTRY) |
					    EV(SYSCALL_EXIT) | EV(SIGNAL_TERM);
	static const unsigned long ends = EV(DEATH) | EV(REAP) | EV(QUIESCE);

	life->detach = detach;
	life->before = some(&r->rng, others) | (rng_next(&r->rng) & ends);
	life->after = some(&r->rng, others) | (rng_next(&r->rng) & ends);
	if (detach)
		life->before |= EV(REAP);
	if (one_in(&r->rng, 3))
		life->after = life->before ^ EV(DEATH);
	life->lets_go = one_in(&r->rng, 4);
	life->delay = 20 + rng_below(&r->rng, 500);
}

enum end { BY_EXIT, BY_LEAVE, BY_KILL, BY_SIBLING, BY_EXEC, N_ENDS };

struct wait_late {
	struct kid *kid;
	unsigned int delay;
};

static void race_reap(struct racer *racer)
{
	struct wait_late *w = racer->arg;
	siginfo_t info;

	/* a zombie for a while */
	if (w->delay) {
		waitid(P_PID, w->kid->pid, &info, WEXITED | WNOWAIT);
		dither(&racer->rng, w->delay);
	}
	kid_wait(w->kid);
}

static void end_thread(struct kid *kid, unsigned int n, enum end how)
{
	switch (how) {
	case BY_EXIT:
		kid_cmd(kid, n, CMD_EXIT, 3);
		break;
	case BY_LEAVE:
		kid_cmd(kid, n, CMD_LEAVE, 0);
		break;
	case BY_KILL:
		kill(kid->pid, SIGKILL);
		break;
	case BY_SIBLING:
		kid_cmd(kid, !n, CMD_EXIT, 3);
		break;
	default:
		kid_cmd(kid, !n, CMD_EXEC, 0);
	}
}

static void die(struct round *r, bool detach)
{
	enum end how = rng_below(&r->rng, N_ENDS);
	unsigned int nthreads = how >= BY_LEAVE && how != BY_KILL ? 2 :
				1 + rng_below(&r->rng, 2);
	unsigned int target = how == BY_LEAVE ? 1 : rng_below(&r->rng, nthreads);
	bool lasts = how == BY_LEAVE || how == BY_EXEC;
	struct line *line = line_new(r, LIVES + 1);
	struct kid *kid = kid_loop(r, nthreads);
	struct life *lives = s_alloc(r, LIVES * sizeof(*lives));
	struct wait_late *w = s_alloc(r, sizeof(*w));
	unsigned int i;

	if (one_in(&r->rng, 2))
		kid_cmd(kid, target, CMD_CALLS, 0);
	for (i = 0; i < LIVES; i++) {
		struct tap *tap = tap_new(r);

		choose(r, &lives[i], detach);
		lives[i].tap = tap;
		tap->priv = &lives[i];
		tap->hook = on_end;
		CHECK_EQ(tap_watch(tap, kid_thread(kid, target),
				   lives[i].before), 0);
		racer_start(r, line, race_call, &lives[i]);
	}
	w->kid = kid;
	w->delay = one_in(&r->rng, 2) ? rng_below(&r->rng, 800) : 0;
	if (!lasts)
		racer_start(r, NULL, race_reap, w);
	line_wait(line);
	dither(&r->rng, 200);
	end_thread(kid, target, how);
	racers_join(r);
	for (i = 0; i < LIVES; i++)
		tap_put(lives[i].tap);
	for (i = 0; i < LIVES; i++) {
		CHECK(wait_until(s_load(&lives[i].tap->released)));
		tap_close(lives[i].tap);
		judge(&lives[i]);
	}
	if (lasts) {
		if (how == BY_EXEC)
			CHECK(wait_until(sh_load(&kid->share->after)));
		kid_cmd(kid, 0, CMD_EXIT, 3);
		kid_wait(kid);
	}
	EXPECT_EQ(kid->status, how == BY_KILL ? KILLED(SIGKILL) : EXITED(3));
}

STRESS(events_death, 600, 10000,
       "EVT-3 DTH-3 DTH-6 DTH-7: set_events while a thread dies and is reaped: "
       "the answer tells which callbacks come")
{
	die(r, false);
}

STRESS(detach_death, 600, 10000,
       "CTL-8 DTH-3 DTH-6: DETACH while a thread dies and is reaped: exactly "
       "one side cleans up")
{
	die(r, true);
}
