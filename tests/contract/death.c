// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Section 12: death and reaping.  The traced thread is a child of the program
 * "breed", so that its parent waits for it when it is told to.
 */
#include "told.h"

#define CHLD	17
#define WINCH	28

static struct prog *parent;
static struct task_struct *child;
static int child_tid;

/* A parent with a child that stays; @set: said before, or null. */
static bool start_child(const char *set, const char *how)
{
	parent = prog_start("breed");
	if (!do_ok(parent, "stay") || (set && !do_ok(parent, set)))
		return false;
	prog_say(parent, "%s", how);
	child_tid = prog_get(parent, "child");
	child = h_task(child_tid);
	return EXPECT(child_tid > 0 && !IS_ERR(child));
}

static struct recorder *on_child(unsigned long events)
{
	return rec_plain(child, events);
}

/* Its parent waits for it. */
static bool reap_child(int sig)
{
	prog_say(parent, "wait");
	return EXPECT_EQ(prog_get(parent, "status"), KILLED(sig));
}

/* It ends, and stays a zombie. */
static bool end_child(struct recorder *r)
{
	return do_ok(parent, "kill 15") && rec_wait(r, REC_DEATH, 1) &&
	       wait_until(h_state(child_tid) == 'Z') &&
	       EXPECT_EQ(rec_barrier(r), 0);
}

/* The signal that the parent is sent; REAP when it has waited, or at once
 * where nobody has to. */
TEST(death_signal, "DTH-1 DTH-2")
{
	static const struct { const char *set, *how; int signal; } t[] = {
		{ NULL, "fork", CHLD },
		{ NULL, "clone 28", WINCH },
		{ NULL, "clone 0", 0 },
		{ "ignore", "fork", -1 },
		{ "nowait", "fork", -1 },
	};
	struct rec_entry *e;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct recorder *r;

		h_note("%s, %s", t[i].how, t[i].set ? t[i].set : "-");
		CHECK(start_child(t[i].set, t[i].how));
		r = on_child(EV(DEATH) | EV(REAP));
		CHECK(do_ok(parent, "kill 15"));
		CHECK(rec_wait(r, REC_DEATH, 1));
		e = rec_last(r, REC_DEATH);
		CHECK_EQ(e->arg[0], 1);
		CHECK_EQ((int)e->arg[1], t[i].signal);
		if (t[i].signal >= 0) {
			CHECK(wait_until(h_state(child_tid) == 'Z'));
			CHECK(getppid_of(parent) > 0);
			CHECK_EQ(rec_count(r, REC_REAP), 0);
			CHECK(reap_child(15));
		}
		CHECK(rec_wait(r, REC_REAP, 1));
		CHECK_EQ(rec_last(r, REC_REAP)->arg[0], child_tid);
		CHECK_EQ(rec_count(r, REC_DEATH), 1);
		CHECK_EQ(rec_at(r, rec_total(r) - 1)->event, REC_REAP);
	}
}

/* Other threads than the leader reap themselves. */
TEST(death_thread, "DTH-1 DTH-2")
{
	struct prog *p = prog_start("crew", "2");
	struct recorder *r;

	r = rec_plain(prog_thread(p, 0), EV(DEATH) | EV(REAP));
	say_at(p, 0, __NR_exit, 5, 0, 0);
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK_EQ(rec_count(r, REC_DEATH), 1);
	CHECK_EQ(rec_last(r, REC_DEATH)->arg[0], 0);
	CHECK_EQ((int)rec_last(r, REC_DEATH)->arg[1], -1);
	CHECK(getppid_of(p) > 0);
}

/* A leader whose threads live on; the last thread of the group. */
TEST(death_leader_first, "DTH-1 DTH-2")
{
	struct prog *p = prog_start("crew", "2");
	struct recorder *lead, *last;

	lead = rec_plain(prog_task(p), EV(DEATH) | EV(REAP));
	last = rec_plain(prog_thread(p, 1), EV(DEATH) | EV(REAP));
	prog_say(p, "lead 1");
	CHECK(rec_wait(lead, REC_DEATH, 1));
	CHECK_EQ(rec_last(lead, REC_DEATH)->arg[0], 0);
	CHECK_EQ((int)rec_last(lead, REC_DEATH)->arg[1], -2);
	CHECK(getppid_of(p) > 0);
	say_at(p, 0, __NR_exit, 0, 0, 0);
	CHECK(wait_until(!h_state(prog_thread_tid(p, 0))));
	CHECK_EQ(rec_count(lead, REC_REAP), 0);
	say_call(p, __NR_exit, 0, 0, 0);
	CHECK(rec_wait(last, REC_REAP, 1));
	CHECK_EQ(rec_last(last, REC_DEATH)->arg[0], 1);
	CHECK_EQ((int)rec_last(last, REC_DEATH)->arg[1], -1);
	CHECK_EQ(rec_count(lead, REC_REAP), 0);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(rec_wait(lead, REC_REAP, 1));
	CHECK_EQ(rec_count(lead, REC_DEATH), 1);
}

/* However a process ends, one of its threads is the last. */
TEST(death_one_is_last, "DTH-1")
{
	enum { OTHERS = 3, ROUNDS = 12 };
	static const struct { bool leaves, kill, leader; } t[] = {
		{ .leader = true },
		{ .leader = true, .kill = true },
		{ .leader = true, .kill = true, .leaves = true },
		{ .kill = true, .leaves = true },
		{ .kill = true },
	};
	unsigned int i, k, last;

	for (i = 0; i < ROUNDS * ARRAY_LEN(t); i++) {
		unsigned int kind = i % ARRAY_LEN(t);
		struct recorder *r[OTHERS + 1];
		struct prog *p = prog_start("threads", "3");

		h_note("round %u, kind %u", i, kind);
		for (k = 0; k < OTHERS; k++)
			r[k] = rec_plain(prog_thread(p, k),
					 EV(DEATH) | EV(REAP));
		r[k] = t[kind].leader ? rec_plain(prog_task(p), EV(DEATH)) :
					NULL;
		if (t[kind].leaves) {
			prog_say(p, "leave");
			CHECK(wait_until(prog_state(p) == 'Z'));
		}
		if (t[kind].kill)
			prog_signal(p, SIGKILL);
		else
			prog_say(p, "exit 5");
		CHECK_EQ(prog_wait(p), t[kind].kill ? KILLED(SIGKILL) :
						      EXITED(5));
		for (k = 0, last = 0; k <= OTHERS; k++) {
			if (!r[k])
				continue;
			CHECK(rec_wait(r[k], REC_DEATH, 1));
			last += rec_last(r[k], REC_DEATH)->arg[0];
		}
		/* the one may be a leader that nobody traces */
		if (t[kind].leader || t[kind].leaves)
			CHECK_EQ(last, 1);
		else
			CHECK(last <= 1);
	}
}

static u32 reap_after_death(struct recorder *r, struct rec_call *call)
{
	EXPECT_EQ(rec_finished(r, REC_DEATH), 1);
	return rec_default(r, call);
}

/* report_reap does not start before report_death has returned, though the
 * parent waits already. */
TEST(death_before_reap, "DTH-3")
{
	struct gate *g = gate_new();
	struct recorder *r;

	CHECK(start_child(NULL, "fork"));
	r = on_child(EV(DEATH) | EV(REAP));
	rec_hold(r, REC_DEATH, g);
	rec_hook_set(r, REC_REAP, reap_after_death);
	prog_say(parent, "kill 15");
	CHECK(gate_busy(g));
	prog_say(parent, "wait");
	CHECK(!h_maybe(rec_count(r, REC_REAP)));
	gate_open(g);
	CHECK(prog_expect(parent, "ok"));
	CHECK_EQ(prog_get(parent, "status"), KILLED(15));
	CHECK(rec_wait(r, REC_REAP, 1));
}

/* DETACH returned by report_death: no report_reap; the engine after it has
 * its own. */
TEST(death_detach, "DTH-3 DTH-1")
{
	struct recorder *r, *s;

	CHECK(start_child(NULL, "fork"));
	r = on_child(EV(DEATH) | EV(REAP));
	s = on_child(EV(DEATH) | EV(REAP));
	rec_ret(r, REC_DEATH, UTRACE_DETACH);
	CHECK(end_child(s));
	CHECK_EQ(rec_barrier(r), -ESRCH);
	CHECK(reap_child(15));
	CHECK(rec_wait(s, REC_REAP, 1));
	CHECK(wait_until(rec_barrier(s) == -ESRCH));
	CHECK_EQ(rec_count(r, REC_DEATH), 1);
	CHECK_EQ(rec_count(r, REC_REAP), 0);
}

/* Of all that report_death may return only DETACH matters. */
TEST(death_return, "DTH-1 KIL-2")
{
	u32 ret;

	for (ret = UTRACE_STOP; ret < UTRACE_DETACH; ret++) {
		struct recorder *r;

		CHECK(start_child(NULL, "fork"));
		r = on_child(EV(DEATH) | EV(REAP) | EV(QUIESCE));
		rec_ret(r, REC_DEATH, ret);
		CHECK(end_child(r));
		CHECK(reap_child(15));
		CHECK(rec_wait(r, REC_REAP, 1));
	}
}

/* The quiesce at death, before report_death, and without it. */
TEST(death_quiesce, "DTH-4 REP-2")
{
	struct recorder *both, *alone;
	struct rec_entry *e;

	CHECK(start_child(NULL, "fork"));
	both = on_child(EV(DEATH) | EV(QUIESCE));
	alone = on_child(EV(QUIESCE));
	CHECK(end_child(both));
	CHECK(wait_until(rec_times(alone, REC_QUIESCE, EV(DEATH)) == 1));
	CHECK_EQ(rec_times(both, REC_QUIESCE, EV(DEATH)), 1);
	e = rec_before(both, rec_last(both, REC_DEATH));
	CHECK(e && e->event == REC_QUIESCE && e->arg[0] == EV(DEATH));
	CHECK_EQ(rec_count(alone, REC_DEATH), 0);
	CHECK(reap_child(15));
	/* there is none before REAP */
	CHECK(wait_until(rec_barrier(both) == -ESRCH));
	CHECK(rec_last(both, REC_QUIESCE)->arg[0] == EV(DEATH));
}

static u32 detach_at_death(struct recorder *r, struct rec_call *call)
{
	return call->arg[0] == EV(DEATH) ? UTRACE_DETACH : rec_default(r, call);
}

/* DETACH returned by that quiesce is the end of that engine alone. */
TEST(death_quiesce_detaches, "DTH-4 REP-3 REP-8")
{
	struct recorder *r, *s;

	CHECK(start_child(NULL, "fork"));
	r = on_child(EV(QUIESCE) | EV(DEATH) | EV(REAP));
	s = on_child(EV(QUIESCE) | EV(DEATH) | EV(REAP));
	rec_hook_set(r, REC_QUIESCE, detach_at_death);
	CHECK(end_child(s));
	CHECK_EQ(rec_barrier(r), -ESRCH);
	CHECK(reap_child(15));
	CHECK(rec_wait(s, REC_REAP, 1));
	CHECK_EQ(rec_count(s, REC_DEATH), 1);
	CHECK_EQ(rec_times(r, REC_QUIESCE, EV(DEATH)), 1);
	CHECK_EQ(rec_count(r, REC_DEATH) + rec_count(r, REC_REAP), 0);
}

/* Every engine is detached at reaping, and its reference dropped, whatever it
 * asked for. */
TEST(death_drops_all, "DTH-5 ENG-2 EVT-2")
{
	static const unsigned long events[] = {
		0, EV(EXEC), EV(DEATH), EV(QUIESCE), EV(REAP),
	};
	struct recorder *r[ARRAY_LEN(events)];
	unsigned int i;

	CHECK(start_child(NULL, "fork"));
	for (i = 0; i < ARRAY_LEN(events); i++)
		r[i] = on_child(events[i]);
	CHECK(do_ok(parent, "kill 15"));
	CHECK(reap_child(15));
	for (i = 0; i < ARRAY_LEN(events); i++) {
		CHECK(wait_until(utrace_set_events(child, r[i]->engine, 0) ==
				 -ESRCH));
		CHECK_EQ(rec_control(r[i], UTRACE_DETACH), -ESRCH);
		CHECK_EQ(rec_barrier(r[i]), -ESRCH);
		CHECK_EQ(rec_count(r[i], REC_RELEASE), 0);
		rec_put(r[i]);
		CHECK_EQ(rec_count(r[i], REC_RELEASE), 1);
	}
}

/* Dead, not reaped: what the calls say, and that what they say is so. */
TEST(death_errors, "DTH-6 EVT-3 CTL-2 CTL-8")
{
	static const enum utrace_resume_action actions[] = {
		UTRACE_STOP, UTRACE_INTERRUPT, UTRACE_REPORT, UTRACE_RESUME
	};
	struct recorder *d, *reap, *cleared, *gone, *late;
	unsigned int i;

	CHECK(start_child(NULL, "fork"));
	d = on_child(EV(DEATH) | EV(REAP) | EV(QUIESCE));
	reap = on_child(EV(REAP));
	cleared = on_child(EV(REAP));
	gone = on_child(EV(REAP));
	late = on_child(0);
	CHECK(end_child(d));

	for (i = 0; i < ARRAY_LEN(actions); i++)
		CHECK_EQ(rec_control(d, actions[i]), -ESRCH);
	CHECK_EQ(utrace_set_events(child, reap->engine, EV(REAP) | EV(DEATH)),
		 -EALREADY);
	CHECK_EQ(utrace_set_events(child, reap->engine,
				   EV(REAP) | EV(QUIESCE)), -EALREADY);
	CHECK_EQ(utrace_set_events(child, reap->engine, EV(DEATH)), -EALREADY);
	CHECK_EQ(reap->engine->flags & EV_ALL, EV(REAP));
	/* REAP alone can still be taken away, and be asked for */
	CHECK_EQ(utrace_set_events(child, cleared->engine, 0), 0);
	CHECK_EQ(utrace_set_events(child, late->engine, EV(REAP)), 0);
	CHECK_EQ(rec_control(gone, UTRACE_DETACH), 0);
	CHECK_EQ(rec_control(gone, UTRACE_DETACH), -ESRCH);

	CHECK(reap_child(15));
	CHECK(rec_wait(d, REC_REAP, 1));
	CHECK(rec_wait(reap, REC_REAP, 1));
	CHECK(rec_wait(late, REC_REAP, 1));
	CHECK(wait_until(utrace_set_events(child, cleared->engine, 0) ==
			 -ESRCH));
	CHECK_EQ(rec_total(cleared), 0);
	CHECK_EQ(rec_total(gone), 0);
	CHECK_EQ(rec_total(reap), 1);
	CHECK_EQ(rec_total(late), 1);
	CHECK(wait_until(rec_control(d, UTRACE_DETACH) == -ESRCH));
	CHECK_EQ(utrace_set_events(child, d->engine, 0), -ESRCH);
}

/*
 * While the death pass runs: too late to detach or to take DEATH away, for the
 * engine that is being called and for the one after it; both get all.
 */
TEST(death_errors_in_pass, "DTH-6 EVT-3 CTL-8")
{
	struct gate *g = gate_new();
	struct recorder *r[2];
	int i;

	CHECK(start_child(NULL, "fork"));
	for (i = 0; i < 2; i++)
		r[i] = on_child(EV(DEATH) | EV(REAP));
	rec_hold(r[0], REC_DEATH, g);
	CHECK(do_ok(parent, "kill 15"));
	CHECK(gate_busy(g));
	for (i = 0; i < 2; i++) {
		CHECK_EQ(rec_control(r[i], UTRACE_DETACH), -EALREADY);
		CHECK_EQ(utrace_set_events(child, r[i]->engine, EV(REAP)),
			 -EALREADY);
		CHECK_EQ(utrace_set_events(child, r[i]->engine, EV(DEATH) |
					   EV(REAP) | EV(QUIESCE)), -EALREADY);
		CHECK_EQ(r[i]->engine->flags & EV_ALL, EV(DEATH) | EV(REAP));
	}
	gate_open(g);
	CHECK(reap_child(15));
	for (i = 0; i < 2; i++) {
		CHECK(rec_wait(r[i], REC_REAP, 1));
		CHECK_EQ(rec_count(r[i], REC_DEATH), 1);
		CHECK_EQ(rec_total(r[i]), 2);
	}
}

/* Once reaping has begun, REAP comes: neither call claims otherwise. */
TEST(death_errors_in_reap, "DTH-6 EVT-3 CTL-8")
{
	struct gate *g = gate_new();
	struct recorder *r;
	int err;

	CHECK(start_child(NULL, "fork"));
	r = on_child(EV(REAP));
	rec_hold(r, REC_REAP, g);
	CHECK(do_ok(parent, "kill 15"));
	prog_say(parent, "wait");
	CHECK(gate_busy(g));
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -ESRCH);
	err = utrace_set_events(child, r->engine, 0);
	CHECK(err == -EALREADY || err == -ESRCH);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), -ESRCH);
	gate_open(g);
	CHECK_EQ(prog_get(parent, "status"), KILLED(15));
	CHECK(wait_until(rec_barrier(r) == -ESRCH));
	CHECK_EQ(rec_total(r), 1);
}

static u32 ask_for_death(struct recorder *r, struct rec_call *call)
{
	EXPECT_EQ(utrace_set_events(current, call->engine,
				    EV(EXIT) | EV(DEATH)), 0);
	return rec_default(r, call);
}

/* Who set it in time gets it, whoever else there is: set in the EXIT pass too;
 * who took it away before does not. */
TEST(death_for_all, "DTH-7 EVT-3")
{
	struct recorder *r[6];
	int i;

	CHECK(start_child(NULL, "fork"));
	for (i = 0; i < 6; i++)
		r[i] = on_child(i == 2 ? EV(EXIT) : EV(DEATH));
	rec_hook_set(r[2], REC_EXIT, ask_for_death);
	rec_ret(r[1], REC_DEATH, UTRACE_DETACH);
	CHECK_EQ(utrace_set_events(child, r[3]->engine, 0), 0);
	CHECK_EQ(rec_control(r[4], UTRACE_DETACH), 0);
	CHECK(end_child(r[5]));
	for (i = 0; i < 6; i++)
		CHECK_EQ(rec_count(r[i], REC_DEATH), i != 3 && i != 4);
	CHECK(reap_child(15));
}
