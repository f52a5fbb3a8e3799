// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 7 of the contract: utrace_control(). */
#include "harness.h"

static bool examined(struct recorder *r)
{
	struct utrace_examiner exam;

	return EXPECT_EQ(utrace_prepare_examine(r->task, r->engine, &exam),
			 0) &&
	       EXPECT_EQ(utrace_finish_examine(r->task, r->engine, &exam), 0);
}

static bool is_report(struct rec_entry *e)
{
	return (e->event == REC_QUIESCE && !e->arg[0]) ||
	       (e->event == REC_SIGNAL && e->arg[1] == UTRACE_SIGNAL_REPORT);
}

static struct rec_entry *first_report(struct recorder *r)
{
	struct rec_entry *e;
	unsigned int i;

	for (i = 0; (e = rec_at(r, i)); i++)
		if (is_report(e))
			return e;
	return NULL;
}

/* A program that counts in user mode. */
struct spinner {
	struct prog *p;
	unsigned long stop, count;
};

static void spin_start(struct spinner *s)
{
	s->p = prog_start("spin");
	s->stop = prog_get(s->p, "stop");
	s->count = prog_get(s->p, "count");
	prog_go(s->p);
	wait_until(prog_peek32(s->p, s->count) != 0);
}

static bool spins(struct spinner *s)
{
	unsigned int before = prog_peek32(s->p, s->count);

	return wait_until(prog_peek32(s->p, s->count) != before);
}

static bool spin_end(struct spinner *s)
{
	unsigned int yes = 1;

	return prog_poke(s->p, s->stop, &yes, sizeof(yes)) &&
	       prog_expect(s->p, "done");
}

TEST(ctl_errors_in_order, "CTL-1")
{
	static const int needs_quiesce[] = {
		UTRACE_REPORT, UTRACE_SINGLESTEP, UTRACE_BLOCKSTEP,
	};
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *gone = rec_new();
	unsigned int i;
	int bad;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(gone, prog_task(p), 0), 0);
	CHECK_EQ(rec_control(gone, UTRACE_DETACH), 0);
	for (bad = UTRACE_RESUME_MAX; bad < 12; bad++) {
		CHECK_EQ(rec_control(r, bad), -EINVAL);
		CHECK_EQ(rec_control(gone, bad), -EINVAL);
	}
	CHECK_EQ(rec_control(r, UTRACE_RESUME_MASK), -EINVAL);
	for (i = 0; i < ARRAY_LEN(needs_quiesce); i++) {
		CHECK_EQ(rec_control(gone, needs_quiesce[i]), -ESRCH);
		CHECK_EQ(rec_control(r, needs_quiesce[i]), -EINVAL);
	}
	/* Nothing has happened by that. */
	CHECK(one_call(p));
	CHECK_EQ(rec_count(r, REC_QUIESCE) + rec_count(r, REC_SIGNAL), 0);
	CHECK_EQ(rec_events(r, EV(QUIESCE)), 0);
	CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
}

TEST(ctl_dead, "CTL-2 CTL-8 CTL-9")
{
	struct prog *p = prog_start("exits", "0");
	struct recorder *r = rec_new(), *stays = rec_new();
	int action;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(DEATH) |
			    EV(REAP)), 0);
	CHECK_EQ(rec_attach(stays, prog_task(p), EV(REAP)), 0);
	prog_go(p);
	CHECK(prog_wait_zombie(p));
	CHECK(rec_wait(r, REC_DEATH, 1));
	CHECK_EQ(rec_barrier(r), 0);
	for (action = UTRACE_STOP; action < UTRACE_DETACH; action++)
		CHECK_EQ(rec_control(r, action), -ESRCH);
	CHECK_EQ(rec_control(r, UTRACE_DETACH + 1), -EINVAL);
	/* After the death pass: 0, and REAP is off. */
	CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -ESRCH);
	CHECK_EQ(utrace_set_events(r->task, r->engine, EV(REAP)), -ESRCH);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(rec_wait(stays, REC_REAP, 1));
	CHECK_EQ(rec_count(r, REC_REAP), 0);
}

/* A thread in user mode: a report comes, and it stops. */
TEST(ctl_stop_running, "CTL-3 EXM-4")
{
	struct recorder *r = rec_new();
	struct spinner s;
	unsigned int count;

	spin_start(&s);
	CHECK_SO_FAR();
	rec_ret_all(r, UTRACE_STOP);
	CHECK_EQ(rec_attach(r, prog_task(s.p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_control(r, UTRACE_STOP), -EINPROGRESS);
	CHECK(wait_until(rec_reports(r) > 0));
	CHECK(rec_wait_stopped(r));
	CHECK(examined(r));
	count = prog_peek32(s.p, s.count);
	CHECK(examined(r));
	CHECK_EQ(prog_peek32(s.p, s.count), count);
	CHECK(rec_resume(r));
	CHECK(spins(&s));
	CHECK(spin_end(&s));
}

/* Its own callback there decides otherwise: it runs on. */
TEST(ctl_stop_declined, "CTL-3 REP-6")
{
	struct recorder *r = rec_new();
	struct spinner s;
	struct utrace_examiner exam;

	spin_start(&s);
	CHECK_SO_FAR();
	CHECK_EQ(rec_attach(r, prog_task(s.p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_control(r, UTRACE_STOP), -EINPROGRESS);
	CHECK(wait_until(rec_reports(r) == 1));
	CHECK_EQ(rec_barrier(r), 0);
	CHECK_EQ(utrace_prepare_examine(r->task, r->engine, &exam), -EINVAL);
	CHECK(spins(&s));
	CHECK(spin_end(&s));
	CHECK_EQ(rec_reports(r), 1);
}

/* Asked for in the middle of a report that it has had: it gets another. */
TEST(ctl_stop_during_report, "CTL-3 REP-7")
{
	struct recorder *r = rec_new(), *other = rec_new();
	struct gate *g = gate_new();
	struct spinner s;

	spin_start(&s);
	CHECK_SO_FAR();
	CHECK_EQ(rec_attach(r, prog_task(s.p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(other, prog_task(s.p), EV(QUIESCE)), 0);
	rec_hold(other, REC_QUIESCE, g);
	rec_hold(other, REC_SIGNAL, g);
	CHECK_EQ(rec_control(other, UTRACE_REPORT), 0);
	CHECK(gate_busy(g));
	CHECK_EQ(rec_reports(r), 1);
	CHECK_EQ(rec_control(r, UTRACE_STOP), -EINPROGRESS);
	gate_open(g);
	/* where it decides otherwise */
	CHECK(wait_until(rec_reports(r) == 2));
	CHECK(spins(&s));
	CHECK(spin_end(&s));
}

/* So it does where user mode is not next: in a call that was interrupted. */
TEST(ctl_stop_during_report_in_call, "CTL-3 CTL-6 REP-7")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct gate *g = gate_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	CHECK(wait_until(prog_state(p) == 'S'));
	rec_hold(r, REC_SIGNAL, g);
	rec_ret(r, REC_SIGNAL, UTRACE_STOP);
	CHECK_EQ(rec_control(r, UTRACE_INTERRUPT), 0);
	CHECK(gate_busy(g));
	CHECK_EQ(rec_control(r, UTRACE_STOP), -EINPROGRESS);
	gate_open(g);
	CHECK(rec_wait_stopped(r));
	CHECK(rec_resume(r));
	CHECK(one_call(p));
}

/* Asked for when a callback has returned it: that is the one. */
TEST(ctl_stop_after_returned, "CTL-3 REP-6")
{
	struct recorder *r = rec_new(), *other = rec_new();
	struct gate *g = gate_new();
	struct spinner s;

	spin_start(&s);
	CHECK_SO_FAR();
	CHECK_EQ(rec_attach(r, prog_task(s.p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(other, prog_task(s.p), EV(QUIESCE)), 0);
	rec_once(r, REC_SIGNAL, UTRACE_STOP);
	rec_hold(other, REC_SIGNAL, g);
	CHECK_EQ(rec_control(other, UTRACE_REPORT), 0);
	CHECK(gate_busy(g));
	CHECK_EQ(rec_control(r, UTRACE_STOP), -EINPROGRESS);
	gate_open(g);
	CHECK(rec_wait_stopped(r));
	CHECK(examined(r));
	CHECK_EQ(rec_reports(r), 1);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(spins(&s));
	CHECK(spin_end(&s));
}

/* In the middle of a call's entry: not there, unheard. */
TEST(ctl_stop_during_entry, "CTL-3 REP-7 SYS-4")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *other = rec_new();
	struct gate *g = gate_new();

	CHECK_EQ(rec_attach(other, prog_task(p), EV(SYSCALL_ENTRY)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	rec_hold(other, REC_SYSCALL_ENTRY, g);
	prog_go(p);
	CHECK(gate_busy(g));
	CHECK_EQ(rec_reports(r), 0);
	CHECK_EQ(rec_control(r, UTRACE_STOP), -EINPROGRESS);
	gate_open(g);
	CHECK(wait_until(rec_reports(r) == 1));
	CHECK(prog_expect(p, "done"));
}

/* Without QUIESCE it stops there unreported. */
TEST(ctl_stop_unreported, "CTL-3 CTL-4")
{
	struct recorder *r = rec_new();
	struct spinner s;
	unsigned int count;

	spin_start(&s);
	CHECK_SO_FAR();
	CHECK_EQ(rec_attach(r, prog_task(s.p), 0), 0);
	CHECK_EQ(rec_control(r, UTRACE_STOP), -EINPROGRESS);
	CHECK(rec_wait_stopped(r));
	CHECK(examined(r));
	count = prog_peek32(s.p, s.count);
	CHECK(examined(r));
	CHECK_EQ(prog_peek32(s.p, s.count), count);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(spins(&s));
	CHECK(spin_end(&s));
	CHECK_EQ(rec_total(r), 0);
}

/* Stopped already, by another engine: 0, at once, and held from then on. */
TEST(ctl_stop_stopped_by_engine, "CTL-3 REP-6")
{
	struct prog *p = prog_start("calls");
	struct recorder *a = rec_new(), *r = rec_new();

	CHECK_EQ(rec_attach(a, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	CHECK(rec_halt(a));
	CHECK_EQ(rec_control(r, UTRACE_STOP), 0);
	CHECK_EQ(rec_control(a, UTRACE_DETACH), 0);
	CHECK(examined(r));
	CHECK_EQ(rec_control(r, UTRACE_STOP), 0);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(one_call(p));
}

/* Stopped already, by a stop signal: 0; SIGCONT does not end it then. */
TEST(ctl_stop_stopped_by_signal, "CTL-3 JCT-2 INV-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	prog_signal(p, SIGSTOP);
	CHECK_EQ(prog_wait_stopped(p), SIGSTOP);
	CHECK(rec_wait_stopped(r));
	CHECK(examined(r));
	prog_signal(p, SIGCONT);
	prog_go(p);
	CHECK(examined(r));
	CHECK_EQ(rec_control(r, UTRACE_STOP), 0);
	CHECK(examined(r));
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(prog_expect(p, "done"));
}

/* The end of a stop of ours leaves the stop signal's in force. */
TEST(ctl_resume_in_job_stop, "CTL-4 JCT-2 INV-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	prog_signal(p, SIGSTOP);
	CHECK_EQ(prog_wait_stopped(p), SIGSTOP);
	CHECK(rec_wait_stopped(r));
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	prog_go(p);
	/* Stopped by the signal still, and so stopped for us again. */
	CHECK(rec_wait_stopped(r));
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);
	CHECK(wait_until(prog_state(p) == 'T'));
	prog_signal(p, SIGCONT);
	CHECK(prog_wait_continued(p));
	CHECK(prog_expect(p, "done"));
}

/* Attached to while a stop signal holds it already. */
TEST(ctl_stop_attached_in_job_stop, "CTL-3 INV-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	prog_signal(p, SIGSTOP);
	CHECK_EQ(prog_wait_stopped(p), SIGSTOP);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(rec_wait_stopped(r));
	CHECK(examined(r));
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	prog_go(p);
	prog_signal(p, SIGCONT);
	CHECK(prog_wait_continued(p));
	CHECK(prog_expect(p, "done"));
	CHECK(rec_find(r, REC_SYSCALL_EXIT, 0, __NR_getppid));
}

/* Only SIGKILL ends a stop from outside. */
TEST(ctl_stop_and_kill, "CTL-3 KIL-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(REAP)), 0);
	CHECK(rec_halt(r));
	prog_signal(p, SIGTERM);
	prog_signal(p, SIGCONT);
	CHECK(examined(r));
	CHECK_EQ(rec_control(r, UTRACE_STOP), 0);
	CHECK(examined(r));
	prog_signal(p, SIGKILL);
	CHECK_EQ(prog_wait(p), KILLED(SIGKILL));
	CHECK(rec_wait(r, REC_REAP, 1));
}

/*
 * STOP and REPORT leave a system call in peace: the report is not there before
 * the call ends as it would have.  The read of the next command is that call.
 */
static void blocked(enum utrace_resume_action action)
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct rec_entry *e;

	CHECK(wait_until(prog_state(p) == 'S'));
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(SYSCALL_EXIT)),
		 0);
	/* Attaching may have made it restart its read: wait till it is in. */
	CHECK(wait_until(prog_state(p) == 'S'));
	CHECK_EQ(rec_reports(r), 0);
	CHECK_EQ(rec_control(r, action),
		 action == UTRACE_STOP ? -EINPROGRESS : 0);
	CHECK_EQ(rec_barrier(r), 0);
	CHECK(!h_maybe(rec_reports(r)));
	prog_say(p, "calls 3");
	CHECK(rec_wait(r, REC_SYSCALL_EXIT, 1));
	e = rec_nth(r, REC_SYSCALL_EXIT, 0);
	CHECK_EQ(e->arg[0], __NR_read);
	CHECK_EQ(e->arg[1], 7);			/* "calls 3" and no error */
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 3);
	if (first_report(r))
		CHECK(first_report(r)->seq > e->seq);
	if (action == UTRACE_REPORT) {
		/* Before the program does anything with what it read. */
		CHECK(first_report(r));
		CHECK(first_report(r)->seq <
		      rec_find(r, REC_SYSCALL_EXIT, 0, __NR_getppid)->seq);
	}
}

TEST(ctl_report_does_not_cut_short, "CTL-5")
{
	blocked(UTRACE_REPORT);
}

TEST(ctl_stop_does_not_cut_short, "CTL-3 REP-6")
{
	/* The engine's callbacks return RESUME, which ends the stop. */
	blocked(UTRACE_STOP);
}

/* Without QUIESCE the stop asked for comes when the call has ended. */
TEST(ctl_stop_after_call, "CTL-3")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *seer = rec_new();
	struct rec_entry *e;

	CHECK(wait_until(prog_state(p) == 'S'));
	CHECK_EQ(rec_attach(seer, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	CHECK(wait_until(prog_state(p) == 'S'));
	CHECK_EQ(rec_control(r, UTRACE_STOP), -EINPROGRESS);
	CHECK_EQ(rec_control(r, UTRACE_STOP), -EINPROGRESS);
	prog_go(p);
	CHECK(rec_wait_stopped(r));
	CHECK(examined(r));
	e = rec_nth(seer, REC_SYSCALL_EXIT, 0);
	CHECK(e);
	CHECK_EQ(e->arg[0], __NR_read);
	CHECK_EQ(e->arg[1], 2);
	CHECK(!rec_find(seer, REC_SYSCALL_EXIT, 0, __NR_getppid));
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(rec_total(r), 0);
}

/* RESUME: nothing for a thread that is not stopped. */
TEST(ctl_resume_not_stopped, "CTL-4")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	int i;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
		CHECK(one_call(p));
	}
	CHECK_EQ(rec_total(r), 0);
}

/* REPORT of a running thread, and of a stopped one, which it resumes. */
TEST(ctl_report, "CTL-5")
{
	struct recorder *r = rec_new();
	struct spinner s;
	unsigned int n;
	int i;

	spin_start(&s);
	CHECK_SO_FAR();
	CHECK_EQ(rec_attach(r, prog_task(s.p), EV(QUIESCE)), 0);
	for (i = 1; i <= 5; i++) {
		n = rec_reports(r);
		CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
		CHECK(wait_until(rec_reports(r) > n));
	}
	CHECK(rec_halt(r));
	n = rec_reports(r);
	rec_ret_all(r, UTRACE_RESUME);
	CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
	CHECK(wait_until(rec_reports(r) > n));
	CHECK(spins(&s));
	/* In the report it stops again: no user code was run before it. */
	CHECK(rec_halt(r));
	n = rec_reports(r);
	i = prog_peek32(s.p, s.count);
	CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
	CHECK(wait_until(rec_reports(r) > n));
	CHECK(rec_wait_stopped(r));
	CHECK_EQ(prog_peek32(s.p, s.count), (unsigned int)i);
	CHECK(rec_resume(r));
	CHECK(spin_end(&s));
}

/* The callback of a REPORT where the ops have no report_signal. */
TEST(ctl_report_by_quiesce, "CTL-5 CTL-6")
{
	struct recorder *r = rec_new();
	struct spinner s;

	spin_start(&s);
	CHECK_SO_FAR();
	r->ops.report_signal = NULL;
	CHECK_EQ(rec_attach(r, prog_task(s.p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
	CHECK(rec_wait(r, REC_QUIESCE, 1));
	CHECK_EQ(rec_nth(r, REC_QUIESCE, 0)->arg[0], 0);
	CHECK_EQ(rec_control(r, UTRACE_INTERRUPT), 0);
	CHECK(rec_wait(r, REC_QUIESCE, 2));
	CHECK_EQ(rec_nth(r, REC_QUIESCE, 1)->arg[0], 0);
	CHECK(spin_end(&s));
}

/* INTERRUPT: the report comes while the call waits for what never comes, as
 * report_signal; and the call is restarted, its caller none the wiser. */
TEST(ctl_interrupt_blocked, "CTL-6 INV-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct rec_entry *e;
	int i;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	for (i = 0; i < 5; i++) {
		unsigned int n = rec_count(r, REC_SIGNAL);

		CHECK(wait_until(prog_state(p) == 'S'));
		CHECK_EQ(rec_control(r, UTRACE_INTERRUPT), 0);
		CHECK(rec_wait(r, REC_SIGNAL, n + 1));
		e = rec_nth(r, REC_SIGNAL, n);
		CHECK_EQ(e->arg[1], UTRACE_SIGNAL_REPORT);
		CHECK_EQ(e->arg[2], ~0UL);	/* orig_ka is null */
		if (i % 2)
			CHECK(one_call(p));
	}
	CHECK(one_call(p));
}

/* Allowed without QUIESCE; then nobody is called. */
TEST(ctl_interrupt_unreported, "CTL-6")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	CHECK_EQ(rec_control(r, UTRACE_INTERRUPT), 0);
	CHECK(one_call(p));
	CHECK_EQ(rec_control(r, UTRACE_INTERRUPT), 0);
	CHECK(one_call(p));
	CHECK_EQ(rec_total(r), 0);
}

/* After the first @n callbacks there is a report, and then the signal. */
static bool report_before_signal(struct recorder *r, unsigned int n)
{
	struct rec_entry *e;

	if (!wait_until(rec_find(r, REC_SIGNAL, 0, SIGUSR1)))
		return false;
	while ((e = rec_at(r, n)) && !is_report(e) &&
	       (e->event != REC_SIGNAL || e->arg[0] != SIGUSR1))
		n++;
	return EXPECT(e && is_report(e)) &&
	       EXPECT_EQ(rec_find(r, REC_SIGNAL, 0, SIGUSR1)->arg[1],
			 UTRACE_SIGNAL_DELIVER);
}

static struct prog *start_catching(void)
{
	struct prog *p = prog_start("signals");

	prog_say(p, "handle %d", SIGUSR1);
	return EXPECT(prog_expect(p, "done 0")) ? p : NULL;
}

/* The report comes before a signal that is pending is delivered. */
TEST(ctl_interrupt_before_signals, "CTL-6 SIG-2")
{
	struct prog *p = start_catching();
	struct recorder *r = rec_new();
	unsigned int n;

	CHECK(p);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) |
			    UTRACE_EVENT_SIGNAL_ALL), 0);
	CHECK(rec_halt(r));
	prog_signal(p, SIGUSR1);
	rec_ret_all(r, UTRACE_RESUME);
	n = rec_total(r);
	CHECK_EQ(rec_control(r, UTRACE_INTERRUPT), 0);
	CHECK(report_before_signal(r, n));
	prog_say(p, "count");
	CHECK(prog_expect(p, "done 1"));
}

static u32 ask_at_tgkill(struct recorder *r, struct rec_call *c)
{
	return c->arg[0] == __NR_tgkill ? (unsigned long)r->priv :
	       rec_default(r, c);
}

/* So does one that is due at the end of the call that sends the signal. */
TEST(ctl_report_before_own_signal, "CTL-5 CTL-6 SIG-2")
{
	static const u32 asks[] = { UTRACE_INTERRUPT, UTRACE_REPORT };
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(asks); i++) {
		struct prog *p = start_catching();
		struct recorder *r = rec_new(), *other = rec_new();

		CHECK(p);
		CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) |
				    UTRACE_EVENT_SIGNAL_ALL), 0);
		other->priv = (void *)(unsigned long)asks[i];
		rec_hook_set(other, REC_SYSCALL_EXIT, ask_at_tgkill);
		CHECK_EQ(rec_attach(other, prog_task(p), EV(SYSCALL_EXIT)), 0);
		prog_say(p, "raise %d", SIGUSR1);
		CHECK(prog_expect(p, "done 1"));
		CHECK(report_before_signal(r, 0));
	}
}

/* ---- steps --------------------------------------------------------------- */

#define STEPS	20

struct stepping {
	unsigned long first, last, stop, entered, popf;
	struct prog *p;
	/* By callbacks: */
	u32 action;
	int want;		/* control has just asked for a step */
	bool second;		/* called after another that steps */
	unsigned long ip[STEPS + 1];
	unsigned int n, max;
};

static void step_start_in(struct stepping *s, struct prog *p)
{
	memset(s, 0, sizeof(*s));
	s->p = p;
	s->first = prog_get(s->p, "first");
	s->last = prog_get(s->p, "last");
	s->stop = prog_get(s->p, "stop");
	s->entered = prog_get(s->p, "entered");
	s->popf = prog_get(s->p, "popf");
	s->max = STEPS;
	prog_go(s->p);
	wait_until(prog_peek32(s->p, s->entered));
}

static void step_start(struct stepping *s)
{
	step_start_in(s, prog_start("nops"));
}

static bool step_end(struct stepping *s)
{
	unsigned int yes = 1;

	return prog_poke(s->p, s->stop, &yes, sizeof(yes)) &&
	       prog_expect(s->p, "done");
}

/* What follows: a step after a step, up to a number; or a stop, unless a step
 * was asked for that has not come yet. */
static u32 step_next(struct stepping *s)
{
	if (h_load(&s->n) >= h_load(&s->max))
		return UTRACE_RESUME;
	if (h_load(&s->want))
		return UTRACE_SINGLESTEP;
	return s->action;
}

/* The trap of a step is ours and goes no further. */
static u32 step_signal(struct recorder *r, struct rec_call *c)
{
	struct stepping *s = r->priv;
	bool report = c->arg[1] == UTRACE_SIGNAL_REPORT ||
		      c->arg[1] == UTRACE_SIGNAL_HANDLER;
	/* In a report info may still hold an old one (SIG-8). */
	bool trap = c->arg[0] == SIGTRAP && !report;
	unsigned int n = h_load(&s->n), max = h_load(&s->max);

	if (!trap && !report)
		return rec_default(r, c);
	if (trap && n < max) {
		s->ip[n] = c->regs->ip;
		EXPECT_EQ(c->arg[1], s->second ? UTRACE_SIGNAL_IGN :
			  UTRACE_SIGNAL_CORE);
		h_store(&s->want, 0);
		h_store(&s->n, n + 1);
	}
	return step_next(s) |
	       (trap ? UTRACE_SIGNAL_IGN : UTRACE_SIGNAL_REPORT);
}

static u32 step_quiesce(struct recorder *r, struct rec_call *c)
{
	struct stepping *s = r->priv;

	if (c->arg[0])
		return rec_default(r, c);
	return step_next(s);
}

/* How many steps were finished. */
static unsigned int traps(struct recorder *r)
{
	struct rec_entry *e;
	unsigned int i, n = 0;

	for (i = 0; (e = rec_at(r, i)); i++)
		if (e->event == REC_SIGNAL && e->arg[0] == SIGTRAP &&
		    !is_report(e))
			n++;
	return n;
}

static bool step_attach(struct recorder *r, struct stepping *s)
{
	r->priv = s;
	rec_hook_set(r, REC_SIGNAL, step_signal);
	rec_hook_set(r, REC_QUIESCE, step_quiesce);
	return EXPECT_EQ(rec_attach(r, prog_task(s->p), EV(QUIESCE) |
				    EV(SIGNAL_CORE)), 0);
}

/* Counts the stops from popf on, and steps up to a number. */
static u32 step_past_popf(struct recorder *r, struct rec_call *c)
{
	struct stepping *s = r->priv;
	bool trap = c->arg[0] == SIGTRAP;
	unsigned int n = h_load(&s->n);

	if (c->regs->ip == s->popf || n)
		h_store(&s->n, n += trap || !n);
	return (n > h_load(&s->max) ? s->action : UTRACE_SINGLESTEP) |
	       (trap ? UTRACE_SIGNAL_IGN : c->action & UTRACE_SIGNAL_MASK);
}

/* Steps to popf and @past steps on, and lets it run or leaves it then: it runs to its
 * end. */
static void steps_end_past_popf(unsigned int past)
{
	static const u32 ends[] = { UTRACE_RESUME, UTRACE_DETACH };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct recorder *r = rec_new();
		struct stepping s;

		step_start(&s);
		s.action = ends[i];
		s.max = past;
		r->priv = &s;
		rec_hook_set(r, REC_SIGNAL, step_past_popf);
		CHECK_EQ(rec_attach(r, prog_task(s.p), EV(QUIESCE) |
				    EV(SIGNAL_CORE)), 0);
		CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
		CHECK(wait_until(h_load(&s.n) > past));
		CHECK(step_end(&s));
		CHECK_EQ(s.n, past + 1);
	}
}

/* An instruction that changes the trap flag is next: no step is left over. */
TEST(ctl_step_ends_at_popf, "CTL-7 SIG-14")
{
	steps_end_past_popf(0);
}

/* Nor is one left over from steps that came after such an instruction. */
TEST(ctl_steps_end_after_popf, "CTL-4 CTL-7 SIG-14")
{
	unsigned int past;

	for (past = 1; past <= 4; past++)
		steps_end_past_popf(past);
}

/* In the run of one-byte instructions each step is one byte. */
static bool steps_are_single(struct stepping *s)
{
	unsigned int i;

	for (i = 1; i < s->n; i++) {
		unsigned long was = s->ip[i - 1], is = s->ip[i];

		if (was >= s->first && was < s->last && is != was + 1) {
			h_fail(__FILE__, __LINE__, "step %u from %#lx to %#lx",
			       i, was, is);
			return false;
		}
		if (!EXPECT(is >= s->first && is < s->last + 32))
			return false;
	}
	return true;
}

TEST(ctl_single_step, "CTL-7 SIG-14")
{
	struct recorder *r = rec_new();
	struct stepping s;

	step_start(&s);
	CHECK_SO_FAR();
	s.action = UTRACE_SINGLESTEP;
	CHECK(step_attach(r, &s));
	if (!arch_has_single_step()) {
		CHECK_EQ(rec_control(r, UTRACE_SINGLESTEP), -EOPNOTSUPP);
		CHECK_EQ(rec_control(r, UTRACE_BLOCKSTEP), -EOPNOTSUPP);
		return;
	}
	CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
	CHECK(wait_until(h_load(&s.n) == STEPS));
	CHECK(steps_are_single(&s));
	/* No SIGTRAP is left for the program, and it runs at its own pace. */
	CHECK(step_end(&s));
	CHECK_EQ(traps(r), STEPS);
}

/* control(SINGLESTEP) of a stopped thread: one instruction, then ours again. */
TEST(ctl_step_by_control, "CTL-7 CTL-4")
{
	struct recorder *r = rec_new();
	struct stepping s;
	unsigned int n;
	int i;

	step_start(&s);
	CHECK_SO_FAR();
	if (!arch_has_single_step())
		SKIP("no single step here");
	s.action = UTRACE_STOP;
	CHECK(step_attach(r, &s));
	CHECK_EQ(rec_control(r, UTRACE_INTERRUPT), 0);
	CHECK(wait_until(rec_reports(r) > 0));
	CHECK(rec_wait_stopped(r));
	for (i = 0; i < 10; i++) {
		n = h_load(&s.n);
		h_store(&s.want, 1);
		CHECK_EQ(rec_control(r, UTRACE_SINGLESTEP), 0);
		CHECK(wait_until(h_load(&s.n) == n + 1));
		CHECK(rec_wait_stopped(r));
	}
	CHECK(steps_are_single(&s));
	/* RESUME switches stepping off: no more of them. */
	h_store(&s.max, 10);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(step_end(&s));
	CHECK_EQ(traps(r), 10);
}

/* One more step, and nobody hears of it. */
static u32 step_unheard(struct recorder *r, struct rec_call *c)
{
	(void)r;
	EXPECT_EQ(utrace_set_events(current, c->engine, EV(DEATH)), 0);
	return UTRACE_SINGLESTEP | (c->action & UTRACE_SIGNAL_MASK);
}

/* A step is over after one instruction also where its trap is not reported. */
TEST(ctl_step_unheard, "CTL-7")
{
	struct recorder *r = rec_new();
	struct spinner s;
	unsigned long stops;
	unsigned int from;

	spin_start(&s);
	CHECK_SO_FAR();
	if (!arch_has_single_step())
		SKIP("no single step here");
	rec_hook_set(r, REC_SIGNAL, step_unheard);
	CHECK_EQ(rec_attach(r, prog_task(s.p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
	CHECK(rec_wait(r, REC_SIGNAL, 1));
	CHECK(spins(&s));
	stops = h_stops();
	from = prog_peek32(s.p, s.count);
	CHECK(wait_until(prog_peek32(s.p, s.count) - from > 1000));
	CHECK(h_stops() - stops < 100);
	CHECK_EQ(rec_total(r), 1);
	CHECK(spin_end(&s));
}

/* A step that was asked for and not made yet is switched off by RESUME. */
TEST(ctl_resume_ends_step, "CTL-4 CTL-7")
{
	struct recorder *r = rec_new(), *holder[2] = { rec_new(), rec_new() };
	struct stepping s;
	int i;

	step_start(&s);
	CHECK_SO_FAR();
	if (!arch_has_single_step())
		SKIP("no single step here");
	s.action = UTRACE_STOP;
	CHECK(step_attach(r, &s));
	CHECK_EQ(rec_control(r, UTRACE_INTERRUPT), 0);
	CHECK(wait_until(rec_reports(r) > 0));
	/* once as it is, once with RESUME; another engine holds it meanwhile */
	for (i = 0; i < 2; i++) {
		CHECK(rec_wait_stopped(r));
		CHECK_EQ(rec_attach(holder[i], prog_task(s.p), 0), 0);
		CHECK_EQ(rec_control(holder[i], UTRACE_STOP), 0);
		h_store(&s.want, !i);
		h_store(&s.max, 1);
		CHECK_EQ(rec_control(r, UTRACE_SINGLESTEP), 0);
		if (i)
			CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
		else
			h_store(&s.max, 2);
		CHECK_EQ(rec_control(holder[i], UTRACE_DETACH), 0);
		if (!i)
			CHECK(wait_until(h_load(&s.n) == 1));
	}
	CHECK(step_end(&s));
	CHECK_EQ(traps(r), 1);
}

/* One instruction, or until the next branch that is taken. */
TEST(ctl_block_step, "CTL-7")
{
	struct recorder *r = rec_new();
	struct stepping s;
	unsigned int i;

	/* where popf takes the trap flag away, no branch is seen any more */
	step_start_in(&s, prog_start("nops", "plain"));
	CHECK_SO_FAR();
	if (!arch_has_single_step())
		SKIP("no single step here");
	s.action = UTRACE_BLOCKSTEP;
	s.max = 5;
	CHECK(step_attach(r, &s));
	CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
	CHECK(wait_until(h_load(&s.n) == s.max));
	if (arch_has_block_step() && cap_full("CTL-7"))
		for (i = 0; i < s.n; i++)
			CHECK_EQ(s.ip[i], s.first);
	else
		for (i = 1; i < s.n; i++)
			CHECK(s.ip[i] == s.first ||
			      s.ip[i] == s.ip[i - 1] + 1 ||
			      s.ip[i - 1] >= s.last);
	CHECK(step_end(&s));
}

/* With another engine that single-steps, BLOCKSTEP is a single step too. */
TEST(ctl_block_step_beside_single, "CTL-7 REP-5")
{
	struct recorder *r = rec_new(), *single = rec_new();
	struct stepping s, t;

	step_start(&s);
	CHECK_SO_FAR();
	if (!arch_has_single_step())
		SKIP("no single step here");
	t = s;
	s.action = UTRACE_BLOCKSTEP;
	t.action = UTRACE_SINGLESTEP;
	t.second = true;
	CHECK(step_attach(r, &s));
	CHECK(step_attach(single, &t));
	CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
	CHECK(wait_until(h_load(&t.n) == STEPS));
	CHECK(steps_are_single(&t));
	CHECK(step_end(&s));
}

/* A step that an engine without a say in the last pass had asked for. */
TEST(ctl_step_needs_last_pass, "CTL-7 REP-5")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	/* At entry. */
	CHECK_EQ(rec_attach(r, prog_task(p), UTRACE_EVENT_SYSCALL |
			    EV(SIGNAL_CORE)), 0);
	rec_ret(r, REC_SYSCALL_ENTRY, UTRACE_SINGLESTEP);
	CHECK(one_call(p));
	CHECK(one_call(p));
	CHECK_EQ(rec_count(r, REC_SIGNAL), 0);
}

/* Never called. */
static u32 no_exec(u32 action, struct utrace_engine *engine,
		   const struct linux_binfmt *fmt,
		   const struct linux_binprm *bprm, struct pt_regs *regs)
{
	(void)engine;
	(void)fmt;
	(void)bprm;
	(void)regs;
	EXPECT(false);
	return action;
}

/* ---- detaching ----------------------------------------------------------- */

static unsigned int passes;

static u32 no_call(u32 action, struct utrace_engine *engine,
		   struct pt_regs *regs)
{
	(void)engine;
	(void)regs;
	EXPECT(false);
	return action;
}

static u32 count_pass(u32 action, struct utrace_engine *engine,
		      struct pt_regs *regs)
{
	(void)engine;
	(void)regs;
	h_inc(&passes);
	return action;
}

/*
 * Passes for others' events are no callbacks to an engine that is not called for
 * them: nothing is in progress.
 */
TEST(ctl_detach_uncalled, "CTL-8 EVT-5")
{
	static const struct utrace_engine_ops caller = {
		.report_syscall_entry = count_pass,
	}, uncalled = {
		.report_exec = no_exec,
	};
	struct prog *p = prog_start("crew", "0");
	struct task_struct *t = prog_task(p);
	struct utrace_engine *e, *other;
	unsigned int i, was;

	other = utrace_attach_task(t, UTRACE_ATTACH_CREATE, &caller, NULL);
	CHECK(!IS_ERR(other));
	CHECK_EQ(utrace_set_events(t, other, EV(SYSCALL_ENTRY)), 0);
	prog_say(p, "busy");
	for (i = 0; i < 500 && !h_failed(); i++) {
		e = utrace_attach_task(t, UTRACE_ATTACH_CREATE, &uncalled, NULL);
		CHECK(!IS_ERR(e));
		CHECK_EQ(utrace_set_events(t, e, EV(EXEC)), 0);
		/* by then it has joined */
		was = h_load(&passes);
		CHECK(wait_until(h_load(&passes) - was >= 2));
		if (i % 2)
			EXPECT_EQ(utrace_set_events(t, e, 0), 0);
		EXPECT_EQ(utrace_control(t, e, UTRACE_DETACH), 0);
		utrace_engine_put(e);
	}
	CHECK(utrace_control(t, other, UTRACE_DETACH) != -ESRCH);
	utrace_engine_put(other);
}

/* Nor is the pass for a call that the engine does not want one to it. */
TEST(nar_detach_uncalled, "NAR-1 NAR-2 CTL-8")
{
	static const struct utrace_engine_ops caller = {
		.report_syscall_entry = count_pass,
	}, uncalled = {
		.report_syscall_entry = no_call,
	};
	struct utrace_syscall_set *one = utrace_syscall_set_new();
	struct utrace_syscall_set *none = utrace_syscall_set_new();
	struct prog *p = prog_start("crew", "0");
	struct task_struct *t = prog_task(p);
	struct utrace_engine *e, *other;
	unsigned int i, was;

	CHECK(one && none);
	CHECK_EQ(utrace_syscall_set_add(one, UTRACE_ABI_X86_64, __NR_reboot), 0);
	other = utrace_attach_task(t, UTRACE_ATTACH_CREATE, &caller, NULL);
	CHECK(!IS_ERR(other));
	CHECK_EQ(utrace_set_events(t, other, EV(SYSCALL_ENTRY)), 0);
	prog_say(p, "busy");
	for (i = 0; i < 300 && !h_failed(); i++) {
		e = utrace_attach_task(t, UTRACE_ATTACH_CREATE, &uncalled, NULL);
		CHECK(!IS_ERR(e));
		CHECK_EQ(utrace_set_syscalls(t, e, one), 0);
		CHECK_EQ(utrace_set_events(t, e, EV(SYSCALL_ENTRY)), 0);
		was = h_load(&passes);
		CHECK(wait_until(h_load(&passes) - was >= 2));
		switch (i % 4) {
		case 0:
			EXPECT_EQ(utrace_set_syscalls(t, e, none), 0);
			break;
		case 1:
			EXPECT_EQ(utrace_set_events(t, e, 0), 0);
			/* what is no event any more may be any call */
			EXPECT_EQ(utrace_set_syscalls(t, e, NULL), 0);
			break;
		case 2:
			EXPECT_EQ(utrace_set_events(t, e, 0), 0);
			break;
		}
		EXPECT_EQ(utrace_control(t, e, UTRACE_DETACH), 0);
		utrace_engine_put(e);
	}
	CHECK(utrace_control(t, other, UTRACE_DETACH) != -ESRCH);
	utrace_engine_put(other);
	utrace_syscall_set_free(one);
	utrace_syscall_set_free(none);
}

TEST(ctl_detach_idle, "CTL-8 CTL-9 CTL-10")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	unsigned int n;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) |
			    UTRACE_EVENT_SYSCALL), 0);
	CHECK(one_call(p));
	/* It waits for the next command: the last callback is over. */
	CHECK(wait_until(prog_state(p) == 'S'));
	CHECK_EQ(rec_barrier(r), 0);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), -ESRCH);
	CHECK_EQ(utrace_set_events(r->task, r->engine, 0), -ESRCH);
	n = rec_total(r);
	CHECK(one_call(p));
	CHECK_EQ(rec_total(r), n);
}

/* Everything that is not attaching or barrier answers while the callback is
 * in progress. */
TEST(ctl_calls_never_block, "CTL-8 CTL-9 CTL-10 EVT-9")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *other = rec_new();
	struct gate *gate = gate_new();
	int err;

	rec_hold(r, REC_SYSCALL_EXIT, gate);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(SYSCALL_EXIT)),
		 0);
	CHECK_EQ(rec_attach(other, prog_task(p), EV(QUIESCE)), 0);
	prog_go(p);
	CHECK(gate_busy(gate));
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
	CHECK_EQ(rec_control(r, UTRACE_INTERRUPT), 0);
	err = rec_control(r, UTRACE_STOP);
	CHECK(err == 0 || err == -EINPROGRESS);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK_EQ(rec_control(other, UTRACE_RESUME), 0);
	CHECK_EQ(utrace_set_events(other->task, other->engine, 0), 0);
	CHECK_EQ(rec_control(other, UTRACE_DETACH), 0);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -EINPROGRESS);
	CHECK_EQ(rec_control(r, UTRACE_STOP), -ESRCH);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -ESRCH);
	CHECK_EQ(utrace_set_events(r->task, r->engine, 0), -ESRCH);
	CHECK_EQ(gate_waiters(gate), 1);
	gate_open(gate);
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(rec_barrier(r), -ESRCH);
	CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), 1);
}

static u32 detach_own(struct recorder *r, struct rec_call *c)
{
	EXPECT_EQ(utrace_control(current, c->engine, UTRACE_DETACH),
		  c->event == REC_DEATH ? -EALREADY : -EINPROGRESS);
	return rec_default(r, c);
}

/* The caller's own callback counts as running. */
TEST(ctl_detach_in_own_callback, "CTL-8")
{
	struct prog *p = prog_start("exits", "0");
	struct recorder *r = rec_new(), *d = rec_new();

	rec_hook_set(r, REC_EXIT, detach_own);
	rec_hook_set(d, REC_DEATH, detach_own);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(EXIT) | EV(DEATH) | EV(REAP)),
		 0);
	CHECK_EQ(rec_attach(d, prog_task(p), EV(EXIT) | EV(DEATH) | EV(REAP)),
		 0);
	prog_go(p);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(rec_wait(d, REC_REAP, 1));
	CHECK_EQ(rec_count(d, REC_DEATH), 1);
	CHECK_EQ(rec_count(r, REC_EXIT), 1);
	CHECK_EQ(rec_count(r, REC_DEATH) + rec_count(r, REC_REAP), 0);
	CHECK_EQ(rec_barrier(r), -ESRCH);
}

/* While the death pass runs: -EALREADY, and the callbacks come. */
TEST(ctl_detach_during_death, "CTL-8 DTH-6")
{
	struct prog *p = prog_start("exits", "0");
	struct recorder *r = rec_new(), *next = rec_new();
	struct gate *gate = gate_new();

	rec_hold(r, REC_DEATH, gate);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(DEATH) | EV(REAP)), 0);
	CHECK_EQ(rec_attach(next, prog_task(p), EV(DEATH) | EV(REAP)), 0);
	prog_go(p);
	CHECK(gate_busy(gate));
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -EALREADY);
	CHECK_EQ(rec_control(next, UTRACE_DETACH), -EALREADY);
	CHECK_EQ(rec_control(next, UTRACE_STOP), -ESRCH);
	gate_open(gate);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK(rec_wait(next, REC_REAP, 1));
	CHECK_EQ(rec_count(r, REC_DEATH), 1);
	CHECK_EQ(rec_count(next, REC_DEATH), 1);
}

/* The thread runs on if nobody else stops it: from each kind of stop, and with
 * another engine there that does not. */
static void detach_resumes(bool bystander)
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *silent = rec_new(), *other = rec_new();

	if (bystander)
		CHECK_EQ(rec_attach(other, prog_task(p), EV(CLONE)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	CHECK(rec_halt(r));
	CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);
	CHECK(one_call(p));
	CHECK_EQ(rec_attach(silent, prog_task(p), EV(SYSCALL_EXIT)), 0);
	rec_once(silent, REC_SYSCALL_EXIT, UTRACE_STOP);
	prog_go(p);
	CHECK(rec_wait_stopped(silent));
	CHECK_EQ(rec_control(silent, UTRACE_DETACH), 0);
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(task_utrace_flags(prog_task(p)),
		 bystander ? EV(CLONE) | EV(REAP) : 0);
	CHECK(one_call(p));
}

TEST(ctl_detach_resumes, "CTL-8 REP-6 INV-1")
{
	detach_resumes(false);
}

TEST(ctl_detach_resumes_beside, "CTL-8 REP-6 INV-1")
{
	detach_resumes(true);
}
