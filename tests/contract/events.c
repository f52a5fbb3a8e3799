// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 5 of the contract: choosing events. */
#include "harness.h"

#define ALL_EVENTS	((1UL << _UTRACE_NEVENTS) - 1)

static int set(struct recorder *r, unsigned long events)
{
	return utrace_set_events(r->task, r->engine, events);
}

static unsigned long mask(struct recorder *r)
{
	return r->engine->flags & ALL_EVENTS;
}

TEST(evt_mask_is_replaced, "EVT-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_ENTRY)), 0);
	CHECK_EQ(mask(r), EV(SYSCALL_ENTRY));
	CHECK(one_call(p));
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_ENTRY, __NR_getppid), 1);
	CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), 0);

	CHECK_EQ(rec_events(r, EV(SYSCALL_EXIT) | EV(REAP)), 0);
	CHECK_EQ(mask(r), EV(SYSCALL_EXIT) | EV(REAP));
	CHECK(one_call(p));
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_ENTRY, __NR_getppid), 1);
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 1);

	CHECK_EQ(rec_events(r, 0), 0);
	CHECK_EQ(mask(r), 0);
	CHECK(one_call(p));
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
}

/* engine->flags, the core's bits included, may be handed back; so may any. */
TEST(evt_other_bits_ignored, "EVT-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_ENTRY)), 0);
	CHECK_EQ(rec_events(r, r->engine->flags | EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(mask(r), UTRACE_EVENT_SYSCALL);
	CHECK_EQ(rec_events(r, ~ALL_EVENTS | EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(mask(r), EV(SYSCALL_EXIT));
	CHECK(one_call(p));
	CHECK_EQ(rec_count(r, REC_SYSCALL_ENTRY), 0);
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
	CHECK_EQ(rec_events(r, ~ALL_EVENTS), 0);
	CHECK_EQ(mask(r), 0);
	/* It is attached and stays so: no bit of that stood for a stop. */
	CHECK_EQ(task_utrace_flags(r->task), EV(REAP));
	CHECK(one_call(p));
}

/* Dead, and its death pass over: what is too late, and what is not. */
TEST(evt_on_a_zombie, "EVT-3 CTL-2 DTH-6")
{
	struct prog *p = prog_start("exits", "0");
	struct recorder *r = rec_new(), *d = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(REAP)), 0);
	CHECK_EQ(rec_attach(d, prog_task(p), _UTRACE_DEATH_EVENTS | EV(REAP)),
		 0);
	prog_go(p);
	CHECK(prog_wait_zombie(p));
	CHECK(rec_wait(d, REC_DEATH, 1));
	CHECK_EQ(rec_barrier(d), 0);
	CHECK_EQ(set(r, EV(REAP) | EV(DEATH)), -EALREADY);
	CHECK_EQ(mask(r), EV(REAP));
	CHECK_EQ(set(r, EV(QUIESCE)), -EALREADY);
	CHECK_EQ(mask(r), EV(REAP));
	/* The death pass is over: these may be cleared. */
	CHECK_EQ(set(d, EV(REAP)), 0);
	CHECK_EQ(mask(d), EV(REAP));
	CHECK_EQ(set(d, EV(REAP) | EV(DEATH)), -EALREADY);
	/* Reaping has not begun: REAP may be cleared, and does not come. */
	CHECK_EQ(set(d, 0), 0);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK(wait_until(rec_barrier(r) == -ESRCH));
	CHECK(wait_until(rec_barrier(d) == -ESRCH));
	CHECK_EQ(rec_count(d, REC_REAP), 0);
	CHECK_EQ(rec_count(d, REC_DEATH), 1);
	CHECK_EQ(rec_count(r, REC_DEATH), 0);
	CHECK_EQ(set(r, 0), -ESRCH);
}

/* While the death pass runs, its callbacks cannot be put off. */
TEST(evt_during_death, "EVT-3 CTL-8 DTH-6")
{
	struct prog *p = prog_start("exits", "0");
	struct recorder *first = rec_new(), *r = rec_new();
	struct gate *gate = gate_new();

	rec_hold(first, REC_DEATH, gate);
	CHECK_EQ(rec_attach(first, prog_task(p), EV(DEATH) | EV(REAP)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), _UTRACE_DEATH_EVENTS | EV(REAP)),
		 0);
	prog_go(p);
	CHECK(gate_busy(gate));
	CHECK_EQ(set(first, EV(REAP)), -EALREADY);	/* its own runs */
	CHECK_EQ(mask(first), EV(DEATH) | EV(REAP));
	CHECK_EQ(set(r, EV(REAP)), -EALREADY);		/* its own will come */
	CHECK_EQ(set(r, EV(DEATH)), -EALREADY);		/* QUIESCE cleared */
	CHECK_EQ(set(r, EV(QUIESCE)), -EALREADY);	/* DEATH cleared */
	CHECK_EQ(mask(r), _UTRACE_DEATH_EVENTS | EV(REAP));
	CHECK_EQ(set(first, EV(REAP) | EV(DEATH) | EV(QUIESCE)), -EALREADY);
	CHECK_EQ(set(r, _UTRACE_DEATH_EVENTS), 0);	/* REAP: in time */
	gate_open(gate);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(rec_wait(first, REC_REAP, 1));
	CHECK(wait_until(rec_barrier(r) == -ESRCH));
	CHECK_EQ(rec_count(r, REC_DEATH), 1);
	CHECK_EQ(rec_count_arg(r, REC_QUIESCE, EV(DEATH)), 1);
	CHECK_EQ(rec_count(r, REC_REAP), 0);
}

/* Once reaping has begun REAP comes, whatever is asked. */
TEST(evt_during_reap, "EVT-3 CTL-8")
{
	struct prog *p = prog_start("threads", "1");
	struct recorder *r = rec_new();
	struct gate *gate = gate_new();

	rec_hold(r, REC_REAP, gate);
	CHECK_EQ(rec_attach(r, prog_thread(p, 0), EV(REAP)), 0);
	prog_say(p, "end 0");
	CHECK(gate_busy(gate));
	CHECK_EQ(set(r, 0), -EALREADY);
	CHECK_EQ(mask(r), EV(REAP));
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -ESRCH);
	gate_open(gate);
	CHECK_EQ(rec_barrier(r), -ESRCH);
	CHECK_EQ(rec_count(r, REC_REAP), 1);
}

static u32 no_death_please(struct recorder *r, struct rec_call *c)
{
	EXPECT_EQ(utrace_set_events(current, c->engine, EV(REAP)), 0);
	return rec_default(r, c);
}

/* Taken away while the thread still lives (in its EXIT pass): none comes. */
TEST(evt_death_cleared_in_time, "EVT-3 EVT-6")
{
	struct prog *p = prog_start("exits", "0");
	struct recorder *r = rec_new();

	rec_hook_set(r, REC_EXIT, no_death_please);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(EXIT) | EV(DEATH)), 0);
	prog_go(p);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK_EQ(rec_count(r, REC_EXIT), 1);
	CHECK_EQ(rec_count(r, REC_DEATH), 0);
}

/* On a stopped thread the answer is final. */
TEST(evt_stopped_is_final, "EVT-4 EVT-5")
{
	struct prog *p = prog_start("calls");
	struct recorder *holder = rec_new(), *r = rec_new();

	CHECK_EQ(rec_attach(holder, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), UTRACE_EVENT_SYSCALL), 0);
	CHECK(rec_halt(holder));
	CHECK_EQ(set(r, EV(SYSCALL_EXIT)), 0);
	CHECK(rec_resume(holder));
	CHECK(one_call(p));
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_ENTRY, __NR_getppid), 0);
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
}

/* QUIESCE on a stopped thread: the callback comes when it resumes. */
TEST(evt_job_stopped_quiesce, "EVT-4")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(JCTL)), 0);
	prog_signal(p, SIGSTOP);
	CHECK_EQ(prog_wait_stopped(p), SIGSTOP);
	/* so that the host has seen it */
	CHECK(rec_wait(r, REC_JCTL, 1));
	CHECK_EQ(set(r, EV(QUIESCE)), 0);
	prog_signal(p, SIGCONT);
	CHECK(prog_wait_continued(p));
	CHECK(wait_until(rec_reports(r) == 1));
	CHECK(one_call(p));
}

TEST(evt_stopped_quiesce, "EVT-4")
{
	struct prog *p = prog_start("calls");
	struct recorder *holder = rec_new(), *r = rec_new();

	r->ops.report_signal = NULL;
	CHECK_EQ(rec_attach(holder, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	CHECK(rec_halt(holder));
	CHECK_EQ(set(r, EV(QUIESCE)), 0);
	CHECK_EQ(rec_total(r), 0);
	CHECK(rec_resume(holder));
	CHECK(rec_wait(r, REC_QUIESCE, 1));
	CHECK_EQ(rec_at(r, 0)->arg[0], 0);
	CHECK(one_call(p));
}

/* Waits in r->priv, a gate, at getppid; recorders after it are not called. */
static u32 hold_getppid(struct recorder *r, struct rec_call *c)
{
	if (c->arg[0] == __NR_getppid)
		gate_wait(r->priv);
	return rec_default(r, c);
}

/* Cleared during this engine's own callback: in force, but not yet over. */
TEST(evt_clear_in_progress, "EVT-5 EVT-6 EVT-9")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	r->priv = gate_new();
	rec_hook_set(r, REC_SYSCALL_EXIT, hold_getppid);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	prog_go(p);
	CHECK(gate_busy(r->priv));
	/* Only adding never gives -EINPROGRESS. */
	CHECK_EQ(set(r, UTRACE_EVENT_SYSCALL), 0);
	CHECK_EQ(set(r, UTRACE_EVENT_SYSCALL), 0);
	CHECK_EQ(set(r, EV(SYSCALL_ENTRY)), -EINPROGRESS);
	CHECK_EQ(mask(r), EV(SYSCALL_ENTRY));
	CHECK_EQ(set(r, 0), -EINPROGRESS);
	CHECK_EQ(mask(r), 0);
	/* A 0 would be proof that it is over: it is not. */
	CHECK_EQ(set(r, 0), -EINPROGRESS);
	CHECK_EQ(gate_waiters(r->priv), 1);
	gate_open(r->priv);
	CHECK_EQ(rec_barrier(r), 0);
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
	CHECK_EQ(rec_finished(r, REC_SYSCALL_EXIT),
		 rec_count(r, REC_SYSCALL_EXIT));
	CHECK_EQ(set(r, 0), 0);
	CHECK(prog_expect(p, "done"));
	CHECK(one_call(p));
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_write), 0);
	CHECK_EQ(rec_count(r, REC_SYSCALL_ENTRY), 0);
}

/* Clears its own events at getppid, and waits in r->priv, a gate. */
static u32 clear_and_wait(struct recorder *r, struct rec_call *c)
{
	if (c->arg[0] == __NR_getppid) {
		EXPECT_EQ(set(r, 0), 0);
		gate_wait(r->priv);
	}
	return rec_default(r, c);
}

/* To others that callback runs, though the engine asks for nothing any more. */
TEST(evt_cleared_by_current, "EVT-5 EVT-6 CTL-8")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	r->priv = gate_new();
	rec_hook_set(r, REC_SYSCALL_EXIT, clear_and_wait);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	prog_go(p);
	CHECK(gate_busy(r->priv));
	CHECK_EQ(mask(r), 0);
	CHECK_EQ(set(r, 0), -EINPROGRESS);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -EINPROGRESS);
	CHECK_EQ(gate_waiters(r->priv), 1);
	gate_open(r->priv);
	CHECK_EQ(rec_barrier(r), -ESRCH);
	CHECK(prog_expect(p, "done"));
	CHECK(one_call(p));
}

/* -EINPROGRESS, again and again, until a 0 is proof. */
TEST(evt_zero_is_proof, "EVT-5")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	unsigned int n;
	int i, err;

	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	for (i = 0; i < 50; i++) {
		CHECK_EQ(rec_events(r, EV(SYSCALL_EXIT)), 0);
		n = rec_count(r, REC_SYSCALL_EXIT);
		prog_say(p, "calls 20");
		CHECK(wait_until(rec_count(r, REC_SYSCALL_EXIT) > n));
		CHECK(wait_until((err = set(r, 0)) != -EINPROGRESS));
		CHECK_EQ(err, 0);
		n = rec_count(r, REC_SYSCALL_EXIT);
		CHECK_EQ(rec_finished(r, REC_SYSCALL_EXIT), n);
		CHECK(prog_expect(p, "done"));
		CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), n);
	}
}

/* Another engine's callback is in progress, not this one's: 0, and this one's
 * callback in that very pass does not come. */
TEST(evt_clear_during_others, "EVT-5")
{
	struct prog *p = prog_start("calls");
	struct recorder *first = rec_new(), *r = rec_new();

	first->priv = gate_new();
	rec_hook_set(first, REC_SYSCALL_EXIT, hold_getppid);
	CHECK_EQ(rec_attach(first, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	prog_go(p);
	CHECK(gate_busy(first->priv));
	CHECK_EQ(set(r, 0), 0);
	gate_open(first->priv);
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 0);
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_write), 0);
}

static u32 clear_own(struct recorder *r, struct rec_call *c)
{
	EXPECT_EQ(utrace_set_events(current, c->engine, 0), 0);
	EXPECT_EQ(utrace_set_events(current, c->engine, EV(SYSCALL_ENTRY)), 0);
	return rec_default(r, c);
}

TEST(evt_by_current, "EVT-6")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	rec_hook_set(r, REC_SYSCALL_EXIT, clear_own);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(one_call(p));
	CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), 1);
	CHECK_EQ(mask(r), EV(SYSCALL_ENTRY));
	CHECK(rec_find(r, REC_SYSCALL_ENTRY, 0, __NR_write));
	CHECK(one_call(p));
	CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), 1);
	CHECK(rec_find(r, REC_SYSCALL_ENTRY, 0, __NR_getppid));
}

/* What is missing from the ops, which events that forbids. */
TEST(evt_missing_callbacks, "EVT-8")
{
	struct prog *p = prog_start("calls");
	static const struct utrace_engine_ops no = { .release = NULL };
	struct recorder *r;
	unsigned int i;

#define WITHOUT(member, bits)	{ offsetof(struct utrace_engine_ops, member), \
				  bits }
	static const struct {
		size_t member;
		unsigned long events;
	} table[] = {
		WITHOUT(report_quiesce, EV(QUIESCE)),
		WITHOUT(report_clone, EV(CLONE)),
		WITHOUT(report_jctl, EV(JCTL)),
		WITHOUT(report_exec, EV(EXEC)),
		WITHOUT(report_syscall_entry, EV(SYSCALL_ENTRY)),
		WITHOUT(report_syscall_exit, EV(SYSCALL_EXIT)),
		WITHOUT(report_exit, EV(EXIT)),
		WITHOUT(report_death, EV(DEATH)),
		WITHOUT(report_reap, EV(REAP)),
		WITHOUT(report_signal, 0),	/* report_quiesce serves */
	};

	for (i = 0; i < ARRAY_LEN(table); i++) {
		unsigned long bad = table[i].events, bit;

		r = rec_new();
		memset((char *)&r->ops + table[i].member, 0, sizeof(void *));
		CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
		for (bit = 1; bit < 1UL << _UTRACE_NEVENTS; bit <<= 1) {
			int want = bit & bad ? -EINVAL : 0;

			if (!EXPECT_EQ(set(r, bit), want))
				h_note("row %u, bit %#lx", i, bit);
		}
		/* A mask that is refused changes nothing, not its good bits. */
		CHECK_EQ(set(r, EV(DEATH) & ~bad), 0);
		if (bad) {
			CHECK_EQ(set(r, bad | EV(EXIT) | EV(SIGNAL)), -EINVAL);
			CHECK_EQ(mask(r), EV(DEATH) & ~bad);
		}
		CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);
	}

	/* No callback at all: every event but none. */
	r = rec_new();
	r->ops = no;
	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	for (i = 0; i < _UTRACE_NEVENTS; i++)
		EXPECT_EQ(set(r, 1UL << i), -EINVAL);
	CHECK_EQ(set(r, 0), 0);

	/* report_signal alone: the SIGNAL events, but not QUIESCE. */
	r = rec_new();
	r->ops = no;
	r->ops.report_signal = rec_ops.report_signal;
	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	CHECK_EQ(set(r, UTRACE_EVENT_SIGNAL_ALL), 0);
	CHECK_EQ(set(r, UTRACE_EVENT_SIGNAL_ALL | EV(QUIESCE)), -EINVAL);
	CHECK_EQ(mask(r), UTRACE_EVENT_SIGNAL_ALL);
}

/* Detached, by itself and by reaping: -ESRCH before all else. */
TEST(evt_detached, "EVT-2")
{
	struct prog *p = prog_start("exits", "0");
	struct recorder *gone = rec_new(), *r = rec_new();

	r->ops.report_exec = gone->ops.report_exec = NULL;
	CHECK_EQ(rec_attach(gone, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_control(gone, UTRACE_DETACH), 0);
	CHECK_EQ(set(gone, EV(QUIESCE)), -ESRCH);
	CHECK_EQ(set(gone, EV(EXEC)), -ESRCH);
	CHECK_EQ(set(r, EV(QUIESCE)), 0);
	prog_go(p);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(wait_until(rec_barrier(r) == -ESRCH));
	CHECK_EQ(set(r, 0), -ESRCH);
	CHECK_EQ(set(r, EV(DEATH)), -ESRCH);
}

/* An engine that asks for other things: system calls do not meet the host. */
TEST(evt_costs_nothing, "EVT-7")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	unsigned long stops;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(CLONE) | EV(EXEC) | EV(EXIT) |
			    EV(DEATH) | EV(SIGNAL) | EV(JCTL)), 0);
	/* what brought the events about is over */
	CHECK(wait_until(prog_state(p) == 'S'));
	stops = h_stops();
	prog_say(p, "calls 1000");
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(h_stops(), stops);
	/* and they do once they are asked for */
	CHECK_EQ(rec_events(r, UTRACE_EVENT_SYSCALL), 0);
	prog_say(p, "calls 1000");
	CHECK(prog_expect(p, "done"));
	CHECK(h_stops() >= stops + 2000);
}
