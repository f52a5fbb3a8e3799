// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 8 of the contract: utrace_barrier(). */
#include "told.h"

static long do_barrier(void *arg)
{
	return rec_barrier(arg);
}

/* Only getppid is held, in the gate that r->priv is. */
static u32 hold_getppid(struct recorder *r, struct rec_call *c)
{
	if (c->arg[0] == __NR_getppid)
		gate_wait(r->priv);
	return rec_default(r, c);
}

/* Attached, with a getppid callback in progress. */
static bool held(struct recorder *r, struct prog *p)
{
	r->priv = gate_new();
	rec_hook_set(r, REC_SYSCALL_EXIT, hold_getppid);
	if (!EXPECT_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0))
		return false;
	prog_go(p);
	return gate_busy(r->priv);
}

TEST(bar_waits_for_callback, "BAR-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *other = rec_new();
	struct h_thread *t;
	unsigned int n;

	CHECK_EQ(rec_attach(other, prog_task(p), 0), 0);
	CHECK_EQ(rec_barrier(other), 0);
	CHECK(held(r, p));
	n = rec_finished(r, REC_SYSCALL_EXIT);
	t = h_thread(do_barrier, r);
	CHECK(h_thread_settled(t));
	CHECK(!h_thread_done(t));
	CHECK_EQ(rec_finished(r, REC_SYSCALL_EXIT), n);
	/* No callback to the other engine is in progress. */
	CHECK_EQ(rec_barrier(other), 0);
	CHECK(!h_thread_done(t));
	gate_open(r->priv);
	CHECK_EQ(h_join(t), 0);
	CHECK(rec_finished(r, REC_SYSCALL_EXIT) > n);
	CHECK(prog_expect(p, "done"));
}

/* Whoever waits is woken, however many there are. */
TEST(bar_many_waiters, "BAR-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct h_thread *t[12];
	unsigned int i;

	CHECK(held(r, p));
	for (i = 0; i < ARRAY_LEN(t); i++) {
		t[i] = h_thread(do_barrier, r);
		CHECK(h_thread_settled(t[i]));
		CHECK(!h_thread_done(t[i]));
	}
	gate_open(r->priv);
	for (i = 0; i < ARRAY_LEN(t); i++)
		CHECK_EQ(h_join(t[i]), 0);
	CHECK(prog_expect(p, "done"));
}

/* The effect of what the callback returned is in place: its STOP. */
TEST(bar_effect_in_place, "BAR-1 EXM-4")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct utrace_examiner exam;
	struct h_thread *t;

	/* Of the callback for getppid alone; those after it do not come. */
	CHECK(held(r, p));
	rec_ret(r, REC_SYSCALL_EXIT, UTRACE_STOP);
	t = h_thread(do_barrier, r);
	CHECK(h_thread_settled(t));
	gate_open(r->priv);
	CHECK_EQ(h_join(t), 0);
	CHECK_EQ(utrace_prepare_examine(r->task, r->engine, &exam), 0);
	CHECK_EQ(utrace_finish_examine(r->task, r->engine, &exam), 0);
	CHECK(!rec_find(r, REC_SYSCALL_EXIT, 0, __NR_write));
	/* Calls made after it come after that return: this one is obeyed. */
	rec_ret(r, REC_SYSCALL_EXIT, UTRACE_RESUME);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(prog_expect(p, "done"));
}

/* That effect depends on the engines after it: it is in place when they have
 * been called too. */
TEST(bar_waits_for_pass, "BAR-1 EXM-4")
{
	struct prog *p = prog_start("calls");
	struct act *act = ACT(__NR_getppid, NULL, 0, UTRACE_STOP);
	struct recorder *first, *r = rec_new();
	struct utrace_examiner exam;
	struct h_thread *t;

	first = rec_acting(prog_task(p), REC_SYSCALL_EXIT, act,
			   EV(SYSCALL_EXIT));
	CHECK(held(r, p));
	CHECK_EQ(rec_finished(first, REC_SYSCALL_EXIT),
		 rec_count(first, REC_SYSCALL_EXIT));
	CHECK_EQ(act->n, 1);
	t = h_thread(do_barrier, first);
	CHECK(h_thread_settled(t));
	CHECK(!h_thread_done(t));
	gate_open(r->priv);
	CHECK_EQ(h_join(t), 0);
	CHECK_EQ(utrace_prepare_examine(first->task, first->engine, &exam), 0);
	CHECK_EQ(utrace_finish_examine(first->task, first->engine, &exam), 0);
	CHECK_EQ(rec_control(first, UTRACE_RESUME), 0);
	CHECK(prog_expect(p, "done"));
}

/* After set_events and a barrier the new mask is in force, on a thread that
 * runs in user mode and on one that waits in a system call. */
TEST(bar_set_events_in_force, "BAR-1 EVT-1")
{
	struct prog *p = prog_start("calls"), *spin = prog_start("spin");
	struct recorder *r = rec_new(), *s = rec_new();
	unsigned long stop = prog_get(spin, "stop"),
		      count = prog_get(spin, "count");
	unsigned int yes = 1, i;

	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	for (i = 1; i <= 20; i++) {
		CHECK_EQ(utrace_set_events(r->task, r->engine,
					   EV(SYSCALL_ENTRY) |
					   EV(SYSCALL_EXIT)), 0);
		CHECK_EQ(rec_barrier(r), 0);
		CHECK(one_call(p));
		CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), i);
		CHECK_EQ(rec_count_arg(r, REC_SYSCALL_ENTRY, __NR_getppid), i);
		CHECK_EQ(rec_events(r, 0), 0);
		CHECK(one_call(p));
		CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), i);
	}
	CHECK_EQ(rec_attach(s, prog_task(spin), 0), 0);
	for (i = 1; i <= 20; i++) {
		unsigned int before = prog_peek32(spin, count);

		prog_go(spin);
		CHECK(wait_until(prog_peek32(spin, count) != before));
		CHECK_EQ(rec_events(s, EV(SYSCALL_ENTRY)), 0);
		CHECK(prog_poke(spin, stop, &yes, sizeof(yes)));
		CHECK(prog_expect(spin, "done"));
		CHECK_EQ(rec_count_arg(s, REC_SYSCALL_ENTRY, __NR_write), i);
		CHECK_EQ(rec_events(s, 0), 0);
	}
}

/* The same while a callback for another thread runs, on which the host may have
 * to wait before it can bring the new mask about. */
TEST(bar_set_events_behind_callback, "BAR-1 EVT-9")
{
	struct prog *p = prog_start("crew", "2");
	struct recorder *busy = rec_new(), *r = rec_new();
	struct gate *gate = gate_new();
	struct h_thread *t;

	busy->priv = gate;
	rec_hook_set(busy, REC_SYSCALL_EXIT, hold_getppid);
	CHECK_EQ(rec_attach(busy, prog_thread(p, 0), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(r, prog_thread(p, 1), 0), 0);
	say_at(p, 0, __NR_getppid, 0, 0, 0);
	CHECK(gate_busy(gate));
	CHECK_EQ(utrace_set_events(r->task, r->engine, EV(SYSCALL_ENTRY)), 0);
	t = h_thread(do_barrier, r);
	CHECK(h_thread_settled(t));
	if (!h_thread_done(t))
		gate_open(gate);
	CHECK_EQ(h_join(t), 0);
	say_at(p, 1, __NR_getuid, 0, 0, 0);
	/* it has made the call by then, if nothing stops it there */
	h_maybe(rec_find(r, REC_SYSCALL_ENTRY, 0, __NR_getuid));
	gate_open(gate);
	CHECK(prog_get(p, "ret") >= 0);
	CHECK(prog_get(p, "ret") >= 0);
	CHECK_EQ(rec_times(r, REC_SYSCALL_ENTRY, __NR_getuid), 1);
}

static u32 barrier_here(struct recorder *r, struct rec_call *c)
{
	struct recorder *other = r->priv;

	EXPECT_EQ(utrace_barrier(current, c->engine), 0);
	/* This thread's, of another engine: nothing to wait for. */
	EXPECT_EQ(utrace_barrier(current, other->engine), 0);
	return rec_default(r, c);
}

TEST(bar_by_current, "BAR-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *other = rec_new();

	r->priv = other;
	rec_hook_set(r, REC_SYSCALL_EXIT, barrier_here);
	CHECK_EQ(rec_attach(other, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(one_call(p));
	CHECK(rec_count(r, REC_SYSCALL_EXIT) > 0);
}

/* Detaching: it waits for the last callback, and then says -ESRCH. */
TEST(bar_detached, "BAR-2 CTL-8")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct h_thread *t;

	CHECK(held(r, p));
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -EINPROGRESS);
	t = h_thread(do_barrier, r);
	CHECK(h_thread_settled(t));
	CHECK(!h_thread_done(t));
	gate_open(r->priv);
	CHECK_EQ(h_join(t), -ESRCH);
	CHECK_EQ(rec_finished(r, REC_SYSCALL_EXIT),
		 rec_count(r, REC_SYSCALL_EXIT));
	CHECK_EQ(rec_barrier(r), -ESRCH);
	CHECK(prog_expect(p, "done"));
}

/* REAP is a callback like any other. */
/* A thread that nobody has to wait for: in the kernel it reaps itself. */
TEST(bar_waits_for_reap, "BAR-2 DTH-2")
{
	struct prog *p = prog_start("threads", "1");
	struct recorder *r = rec_new();
	struct gate *gate = gate_new();
	struct h_thread *t;

	rec_hold(r, REC_REAP, gate);
	CHECK_EQ(rec_attach(r, prog_thread(p, 0), EV(REAP)), 0);
	prog_say(p, "end 0");
	CHECK(gate_busy(gate));
	t = h_thread(do_barrier, r);
	CHECK(h_thread_settled(t));
	CHECK(!h_thread_done(t));
	gate_open(gate);
	CHECK_EQ(h_join(t), -ESRCH);
	CHECK_EQ(rec_finished(r, REC_REAP), 1);
}

/* A signal ends the wait, and nothing else is changed by that. */
TEST(bar_interrupted, "BAR-3")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct h_thread *t;

	CHECK(held(r, p));
	t = h_thread(do_barrier, r);
	CHECK(h_thread_settled(t));
	CHECK(!h_thread_done(t));
	CHECK(h_thread_interrupt(t));
	CHECK_EQ(h_join(t), -EINTR_BARRIER);
	t = h_thread(do_barrier, r);
	CHECK(h_thread_settled(t));
	CHECK(!h_thread_done(t));
	gate_open(r->priv);
	CHECK_EQ(h_join(t), 0);
	CHECK(prog_expect(p, "done"));
}

/* The thread is not looked at: it may be gone, or never have been. */
TEST(bar_needs_no_thread, "BAR-4")
{
	struct task_struct *stale = (struct task_struct *)8;
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(utrace_barrier(stale, r->engine), 0);
	CHECK(one_call(p));
	prog_signal(p, SIGKILL);
	CHECK_EQ(prog_wait(p), KILLED(SIGKILL));
	CHECK(wait_until(utrace_barrier(stale, r->engine) == -ESRCH));
}

/* ---- calls made in a callback (BAR-5) ------------------------------------ */

static int barrier_result, attach_result;

/* A barrier for r->priv, whose callback is in progress, of another thread. */
static u32 barrier_elsewhere(struct recorder *r, struct rec_call *c)
{
	struct recorder *busy = r->priv;

	if (c->arg[0] == __NR_getppid)
		h_store(&barrier_result, utrace_barrier(busy->task,
							busy->engine));
	return rec_default(r, c);
}

/*
 * In a library a callback does not wait for another worker; where one worker
 * serves both threads there is nothing in progress when it runs.
 */
TEST(bar_in_callback_elsewhere, "BAR-5")
{
	struct prog *p = prog_start("calls"), *q = prog_start("calls");
	struct recorder *busy = rec_new(), *r = rec_new();
	bool came;

	h_store(&barrier_result, 1);
	r->priv = busy;
	rec_hook_set(r, REC_SYSCALL_EXIT, barrier_elsewhere);
	CHECK_EQ(rec_attach(r, prog_task(q), EV(SYSCALL_EXIT)), 0);
	CHECK(held(busy, p));
	prog_go(q);
	came = h_maybe(rec_find(r, REC_SYSCALL_EXIT, 0, __NR_getppid));
	if (came && host_is("ptrace"))
		CHECK(wait_until(h_load(&barrier_result) == -EDEADLK));
	gate_open(busy->priv);
	CHECK(prog_expect(q, "done"));
	CHECK(prog_expect(p, "done"));
	CHECK(h_load(&barrier_result) == 0 ||
	      (host_is("ptrace") && h_load(&barrier_result) == -EDEADLK));
}

/* r->priv is a recorder whose task is to be attached to, at getppid. */
static u32 attach_elsewhere(struct recorder *r, struct rec_call *c)
{
	struct recorder *other = r->priv;
	struct utrace_engine *e;

	if (c->arg[0] != __NR_getppid || h_load(&attach_result) != 1)
		return rec_default(r, c);
	e = utrace_attach_task(other->task, UTRACE_ATTACH_CREATE, other->use,
			       other);
	if (IS_ERR(e)) {
		h_store(&attach_result, (int)PTR_ERR(e));
		return rec_default(r, c);
	}
	rec_adopt(other, other->task, e);
	h_store(&attach_result, utrace_set_events(other->task, e,
						  EV(SYSCALL_EXIT)));
	return rec_default(r, c);
}

/* Attaching from a callback to a thread of another process completes. */
TEST(bar_attach_in_callback, "BAR-5 ATT-8")
{
	struct prog *p = prog_start("calls"), *q = prog_start("calls");
	struct recorder *r = rec_new(), *other = rec_new();

	h_store(&attach_result, 1);
	other->task = prog_task(q);
	r->priv = other;
	rec_hook_set(r, REC_SYSCALL_EXIT, attach_elsewhere);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(one_call(p));
	CHECK_EQ(h_load(&attach_result), 0);
	CHECK_EQ(rec_barrier(other), 0);
	CHECK(one_call(q));
	CHECK(rec_find(other, REC_SYSCALL_EXIT, 0, __NR_getppid));
}

static u32 shutdown_here(struct recorder *r, struct rec_call *c)
{
	EXPECT_EQ(utrace_shutdown(), -EDEADLK);
	return rec_default(r, c);
}

TEST(bar_shutdown_in_callback, "BAR-5 STA-2")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	rec_hook_set(r, REC_SYSCALL_EXIT, shutdown_here);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(one_call(p));
	CHECK(one_call(p));
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 2);
}
