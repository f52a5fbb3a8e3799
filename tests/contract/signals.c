// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Section 10: signals.
 *
 * Where a host keeps SIG-4 to SIG-6 only in part, the effect is there or the
 * refusal is told: EFFECT_OR_REFUSED().
 */
#include "told.h"

#define HUP	1
#define QUIT	3
#define TRAP	5
#define ABRT	6
#define KILL	9
#define USR1	10
#define SEGV	11
#define USR2	12
#define TERM	15
#define CHLD	17
#define CONT	18
#define STOPSIG	19
#define TSTP	20
#define TTIN	21
#define TTOU	22
#define URG	23
#define WINCH	28

#define RESETHAND	0x80000000UL
#define SIGNALS		UTRACE_EVENT_SIGNAL_ALL

/* A return of report_signal, as it stands. */
#define RET(resume, sig)	(UTRACE_##resume | UTRACE_SIGNAL_##sig)

/* A program with a handler for USR1 and USR2. */
static struct prog *start_catching(void)
{
	struct prog *p = prog_start("handle");

	EXPECT(do_ok(p, "catch 10 0"));
	EXPECT(do_ok(p, "catch 12 0"));
	return p;
}

/* ---- classes ------------------------------------------------------------ */

static const struct {
	const char *set;
	int sig;
	unsigned long event;
	u32 action;
} classes[] = {
#define IGN_CLASS	EV(SIGNAL_IGN), UTRACE_SIGNAL_IGN
#define HANDLER_CLASS	EV(SIGNAL), UTRACE_SIGNAL_DELIVER
#define CORE_CLASS	EV(SIGNAL_CORE), UTRACE_SIGNAL_CORE
#define STOP_CLASS	EV(SIGNAL_STOP), UTRACE_SIGNAL_STOP
#define TSTP_CLASS	EV(SIGNAL_STOP), UTRACE_SIGNAL_TSTP
#define TERM_CLASS	EV(SIGNAL_TERM), UTRACE_SIGNAL_TERM
	{ NULL, WINCH, IGN_CLASS },
	{ NULL, CHLD, IGN_CLASS },
	{ NULL, URG, IGN_CLASS },
	{ NULL, CONT, IGN_CLASS },
	{ "ignore 10", USR1, IGN_CLASS },
	{ "ignore 15", TERM, IGN_CLASS },
	{ "ignore 11", SEGV, IGN_CLASS },
	{ "ignore 20", TSTP, IGN_CLASS },
	{ "catch 10 0", USR1, HANDLER_CLASS },
	{ "catch 11 0", SEGV, HANDLER_CLASS },
	{ "catch 20 0", TSTP, HANDLER_CLASS },
	{ "catch 28 0", WINCH, HANDLER_CLASS },
	{ "catch 18 0", CONT, HANDLER_CLASS },
	{ NULL, QUIT, CORE_CLASS },
	{ NULL, ABRT, CORE_CLASS },
	{ "default 11", SEGV, CORE_CLASS },
	{ NULL, TRAP, CORE_CLASS },
	{ NULL, 24 /* XCPU */, CORE_CLASS },
	{ NULL, 31 /* SYS */, CORE_CLASS },
	{ NULL, STOPSIG, STOP_CLASS },
	{ "default 20", TSTP, TSTP_CLASS },
	{ NULL, TTIN, TSTP_CLASS },
	{ NULL, TTOU, TSTP_CLASS },
	{ NULL, HUP, TERM_CLASS },
	{ "default 10", USR1, TERM_CLASS },
	{ "default 15", TERM, TERM_CLASS },
	{ NULL, 13 /* PIPE */, TERM_CLASS },
	{ NULL, 14 /* ALRM */, TERM_CLASS },
	{ NULL, 34 /* real time */, TERM_CLASS },
	{ NULL, 64, TERM_CLASS },
};

/*
 * Each signal asks for one event, once, and begins with one action; an engine
 * that asks for all other signal events is not called.
 */
TEST(signal_classes, "SIG-1 SIG-12")
{
	struct prog *p = prog_start("handle");
	struct recorder *r = rec_new(), *others = rec_new();
	unsigned int i, from;
	struct rec_entry *e;

	/* whoever is asked answers: nothing happens */
	rec_ret(r, REC_SIGNAL, RET(RESUME, IGN) | REC_EXACT);
	rec_ret(others, REC_SIGNAL, RET(RESUME, IGN) | REC_EXACT);
	CHECK_EQ(rec_attach(others, prog_task(p), 0), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	for (i = 0; i < ARRAY_LEN(classes); i++) {
		CHECK(!classes[i].set || do_ok(p, classes[i].set));
		CHECK_EQ(rec_events(r, classes[i].event), 0);
		CHECK_EQ(rec_events(others, SIGNALS & ~classes[i].event), 0);
		from = rec_total(r);
		prog_say(p, "raise %d", classes[i].sig);
		CHECK(prog_expect(p, "ok"));
		e = rec_at(r, from);
		if (!EXPECT(e && e->event == REC_SIGNAL &&
			    (int)e->arg[0] == classes[i].sig &&
			    e->action == (UTRACE_RESUME | classes[i].action)) ||
		    !EXPECT_EQ(rec_total(r), from + 1) ||
		    !EXPECT_EQ(rec_count(others, REC_SIGNAL), 0)) {
			h_note("signal %d", classes[i].sig);
			rec_dump(r);
			rec_dump(others);
			return;
		}
	}
}

static void see_ignored(struct act *act, struct recorder *r,
			struct rec_call *call)
{
	(void)r;
	EXPECT(call->orig_ka);
	EXPECT_EQ((unsigned long)call->orig_ka->sa.sa_handler, act->value);
	EXPECT_EQ((unsigned long)call->return_ka->sa.sa_handler, act->value);
}

/* What the thread has set is in orig_ka, and return_ka begins with it. */
TEST(signal_orig_ka, "SIG-4")
{
	struct act *acts[3];
	struct prog *p = start_catching();
	unsigned int i;

	acts[0] = ACT(WINCH, see_ignored, 0);			/* default */
	acts[1] = ACT(HUP, see_ignored, 1);			/* ignored */
	acts[2] = ACT(USR1, see_ignored, ask(p, "first"));
	for (i = 0; i < 3; i++)
		rec_acting(prog_task(p), REC_SIGNAL, acts[i], SIGNALS);
	CHECK(do_ok(p, "ignore 1"));
	CHECK(do_ok(p, "raise 28"));
	CHECK(do_ok(p, "raise 1"));
	CHECK(do_ok(p, "raise 10"));
	for (i = 0; i < 3; i++)
		CHECK_EQ(acts[i]->n, 1);
}

/* A real fault: with a handler, and without one. */
TEST(signal_fault, "SIG-1")
{
	struct prog *p = prog_start("handle");
	struct recorder *r = rec_plain(prog_task(p), SIGNALS);
	struct rec_entry *e;

	CHECK(do_ok(p, "catch 11 0"));
	CHECK(do_ok(p, "fault"));
	e = rec_nth(r, REC_SIGNAL, 0);
	CHECK(e);
	CHECK_EQ(e->arg[0], SEGV);
	CHECK_EQ(e->arg[1], UTRACE_SIGNAL_DELIVER);
	CHECK_EQ(e->arg[3], 1);			/* SEGV_MAPERR */
	CHECK_EQ(ask(p, "count"), 1);
	CHECK_EQ(ask(p, "code"), 1);
	CHECK(do_ok(p, "default 11"));
	prog_say(p, "fault");
	CHECK_EQ(prog_wait(p) & 0x7f, KILLED(SEGV));
	CHECK_EQ(rec_count(r, REC_SIGNAL), 2);
	e = rec_nth(r, REC_SIGNAL, 1);
	CHECK_EQ(e->arg[1], UTRACE_SIGNAL_CORE);
}

/* A breakpoint of the program's own is a SIGTRAP as any other. */
TEST(signal_trap, "SIG-1 INV-1")
{
	struct prog *p = prog_start("handle");
	struct recorder *r = rec_plain(prog_task(p), EV(QUIESCE) | SIGNALS);

	CHECK(do_ok(p, "catch 5 0"));
	CHECK(do_ok(p, "trap"));
	CHECK_EQ(ask(p, "count"), 1);
	CHECK_EQ(rec_times(r, REC_SIGNAL, TRAP), 1);
	CHECK(do_ok(p, "default 5"));
	prog_say(p, "trap");
	CHECK_EQ(prog_wait(p) & 0x7f, KILLED(TRAP));
}

/* With no changes every signal does what it would do untraced. */
TEST(signal_untouched, "SIG-5 SIG-1 INV-1")
{
	static const struct { const char *set; int sig; } ends[] = {
		{ NULL, TERM }, { NULL, ABRT }, { "default 10", USR1 },
		{ NULL, HUP }, { NULL, 34 },
	};
	struct recorder *r;
	struct prog *p;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(ends); i++) {
		p = start_catching();
		r = rec_plain(prog_task(p), EV(QUIESCE) | SIGNALS);
		CHECK(do_ok(p, "queue 12 77"));
		CHECK_EQ(ask(p, "value"), 77);
		CHECK_EQ(ask(p, "code"), -1);		/* SI_QUEUE */
		CHECK(do_ok(p, "raise 28"));
		CHECK_EQ(ask(p, "count"), 1);
		CHECK(!ends[i].set || do_ok(p, ends[i].set));
		prog_signal(p, ends[i].sig);
		CHECK_EQ(prog_wait(p) & 0x7f, KILLED(ends[i].sig));
		CHECK_EQ(rec_times(r, REC_SIGNAL, ends[i].sig), 1);
	}
}

/* ---- passes for no signal ----------------------------------------------- */

static void see_report(struct act *act, struct recorder *r,
		       struct rec_call *call)
{
	const unsigned char *ka = (const void *)call->return_ka;
	unsigned int i, sum = 0;

	(void)r;
	EXPECT_EQ(utrace_signal_action(call->action), (int)act->value);
	EXPECT(!call->orig_ka);
	EXPECT_EQ(call->info->si_signo, 0);
	for (i = 0; i < sizeof(*call->return_ka); i++)
		sum |= ka[i];
	EXPECT_EQ(sum, 0);
}

/*
 * A due report comes before the pending signal, as report_signal; without that
 * callback as report_quiesce; to engines with QUIESCE alone.
 */
TEST(signal_report_first, "SIG-2 SIG-5 CTL-6")
{
	struct act *act = ACT(0, see_report, UTRACE_SIGNAL_REPORT);
	struct prog *p = start_catching();
	struct recorder *r, *quiet = rec_new(), *deaf = rec_new();
	int from, report, sig;

	quiet->ops.report_signal = NULL;
	r = rec_acting(prog_task(p), REC_SIGNAL, act, EV(QUIESCE) | SIGNALS);
	/* nothing of an earlier signal may be left */
	CHECK(do_ok(p, "raise 12"));
	CHECK_EQ(ask(p, "count"), 1);
	CHECK_EQ(rec_attach(quiet, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(deaf, prog_task(p), SIGNALS), 0);
	rec_hook_set(r, REC_SIGNAL, NULL);
	CHECK(rec_halt(r));
	rec_hook_set(r, REC_SIGNAL, act_hook);
	from = rec_total(r);
	prog_signal(p, USR1);
	rec_ret_all(r, UTRACE_RESUME);
	CHECK(control(r, UTRACE_INTERRUPT));
	CHECK_EQ(ask(p, "count"), 2);
	report = rec_index(r, REC_SIGNAL, from, 0);
	sig = rec_index(r, REC_SIGNAL, from, USR1);
	CHECK(report >= 0 && sig > report);
	CHECK(h_load(&act->n) >= 1);
	/* the engine without report_signal */
	CHECK_EQ(rec_count(quiet, REC_SIGNAL), 0);
	CHECK(rec_reports(quiet) >= 1);
	report = rec_index(quiet, REC_QUIESCE, 0, 0);
	sig = rec_index(quiet, REC_QUIESCE, 0, EV(SIGNAL));
	CHECK(report >= 0 && sig > report);
	/* the one without QUIESCE */
	CHECK_EQ(rec_count(deaf, REC_SIGNAL), 1);
	CHECK_EQ(rec_reports(deaf), 0);
}

/* ---- the report after a handler was set up ------------------------------ */

static void see_handler(struct act *act, struct recorder *r,
			struct rec_call *call)
{
	(void)r;
	if (utrace_signal_action(call->action) != UTRACE_SIGNAL_HANDLER)
		return;
	/* about to run the first instruction of the handler */
	EXPECT(!call->orig_ka);
	EXPECT_EQ(call->regs->ip, act->value);
	EXPECT_EQ(call->regs->di, USR1);
}

static rec_hook deliver_and_ask;
static enum utrace_resume_action ask_by_control;

static u32 deliver_and_ask(struct recorder *r, struct rec_call *call)
{
	if (call->arg[0] == USR1)
		EXPECT_EQ(utrace_control(current, call->engine,
					 ask_by_control), 0);
	else if (call->arg[1] == UTRACE_SIGNAL_HANDLER)
		see_handler(r->priv, r, call);
	return rec_default(r, call);
}

static unsigned int handler_reports(struct recorder *r)
{
	struct rec_entry *e;
	unsigned int i, n = 0;

	for (i = 0; (e = rec_at(r, i)); i++)
		n += e->event == REC_SIGNAL && e->arg[1] == UTRACE_SIGNAL_HANDLER;
	return n;
}

/* STOP, SINGLESTEP, BLOCKSTEP with the delivery; control in the callback. */
TEST(signal_handler_report, "SIG-3")
{
	static const u32 how[] = {
		RET(STOP, DELIVER), RET(SINGLESTEP, DELIVER),
		RET(BLOCKSTEP, DELIVER),
	};
	static const enum utrace_resume_action ctl[] = {
		UTRACE_REPORT, UTRACE_INTERRUPT
	};
	unsigned int i, before, want = 0;
	struct prog *p = start_catching();
	struct recorder *r;
	struct rec_entry *e;
	struct act *act;
	long first = ask(p, "first");

	for (i = 0; i < ARRAY_LEN(how) + ARRAY_LEN(ctl); i++) {
		act = ACT(0, see_handler, first);
		r = rec_acting(prog_task(p), REC_SIGNAL, act,
			       EV(QUIESCE) | EV(SIGNAL));
		if (i < ARRAY_LEN(how)) {
			if (i && !arch_has_single_step())
				continue;
			rec_once(r, REC_SIGNAL, how[i] | REC_EXACT);
		} else {
			ask_by_control = ctl[i - ARRAY_LEN(how)];
			rec_hook_set(r, REC_SIGNAL, deliver_and_ask);
		}
		CHECK(do_ok(p, "raise 10"));
		CHECK_EQ(handler_reports(r), 1);
		e = rec_find(r, REC_SIGNAL,
			     rec_index(r, REC_SIGNAL, 0, USR1) + 1, 0);
		CHECK(e && e->arg[1] == UTRACE_SIGNAL_HANDLER);
		CHECK_EQ(ask(p, "count"), ++want);
		/* a plain delivery does not bring it */
		rec_hook_set(r, REC_SIGNAL, NULL);
		before = handler_reports(r);
		CHECK(do_ok(p, "raise 12"));
		CHECK_EQ(handler_reports(r), before);
		CHECK_EQ(ask(p, "count"), ++want);
		CHECK(rec_detach(r));
	}
}

/* STOP answered there holds the thread before the handler's first step. */
TEST(signal_handler_stop, "SIG-3 REP-6")
{
	struct prog *p = start_catching();
	unsigned long first = ask(p, "first");
	struct recorder *r = rec_new();
	struct pt_regs regs;

	rec_ret(r, REC_SIGNAL, UTRACE_STOP);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(SIGNAL)), 0);
	prog_say(p, "raise 10");
	CHECK(stopped_at(r, REC_SIGNAL, 2));
	CHECK_EQ(handler_reports(r), 1);
	CHECK(stopped_regs(r, &regs));
	CHECK_EQ(regs.ip, first);
	CHECK_EQ(regs.di, USR1);
	CHECK(rec_resume(r));
	CHECK(prog_expect(p, "ok"));
	CHECK_EQ(ask(p, "count"), 1);
}

/* For a signal that does nothing, in a call: before that goes on. */
TEST(signal_nothing_stop, "SIG-1 REP-6")
{
	static const u32 how[] = { RET(STOP, IGN), RET(STOP, DELIVER) };
	struct prog *p = start_catching();
	struct recorder *r = rec_plain(prog_task(p), EV(SIGNAL_IGN));
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(how); i++) {
		CHECK(wait_until(prog_state(p) == 'S'));
		rec_once(r, REC_SIGNAL, how[i] | REC_EXACT);
		prog_signal(p, WINCH);
		CHECK(rec_wait_held(r));
		CHECK_EQ(rec_count(r, REC_SIGNAL), i + 1);
		CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
		CHECK(do_ok(p, "raise 10"));
	}
}

/* ---- several engines, changes ------------------------------------------- */

/* Each sees the choice before it; the last one decides. */
TEST(signal_chain, "SIG-4 SIG-5 REP-4 REP-11")
{
	static const struct { u32 a, b; int runs; } t[] = {
		{ UTRACE_SIGNAL_IGN, UTRACE_SIGNAL_DELIVER, 1 },
		{ UTRACE_SIGNAL_DELIVER, UTRACE_SIGNAL_IGN, 0 },
		{ UTRACE_SIGNAL_TERM, UTRACE_SIGNAL_DELIVER, 1 },
		{ UTRACE_SIGNAL_STOP, UTRACE_SIGNAL_IGN, 0 },
		{ UTRACE_SIGNAL_DELIVER, UTRACE_SIGNAL_DELIVER, 1 },
	};
	struct prog *p = start_catching();
	struct recorder *a = rec_plain(prog_task(p), EV(SIGNAL));
	struct recorder *b = rec_plain(prog_task(p), EV(SIGNAL));
	unsigned int i, runs = 0;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		rec_ret(a, REC_SIGNAL, UTRACE_RESUME | t[i].a | REC_EXACT);
		rec_ret(b, REC_SIGNAL, UTRACE_RESUME | t[i].b | REC_EXACT);
		CHECK(do_ok(p, "raise 10"));
		CHECK_EQ(rec_count(b, REC_SIGNAL), i + 1);
		CHECK_EQ(rec_last(a, REC_SIGNAL)->action,
			 RET(RESUME, DELIVER));
		CHECK_EQ(rec_last(b, REC_SIGNAL)->action,
			 UTRACE_RESUME | t[i].a);
		runs += t[i].runs;
		CHECK_EQ(ask(p, "count"), runs);
	}
}

static void set_signo(struct act *act, struct recorder *r,
		      struct rec_call *call)
{
	(void)r;
	call->info->si_signo = act->value;
}

/* DETACH returned with the delivery, by the only engine: the signal does what it
 * would do untraced. */
TEST(signal_detach_delivers, "REP-8 SIG-5 INV-1")
{
	static const int sigs[] = { USR1, STOPSIG, TERM };
	struct prog *p = start_catching();
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(sigs); i++) {
		struct recorder *r = rec_new();

		rec_ret(r, REC_SIGNAL, UTRACE_DETACH);
		CHECK_EQ(rec_attach(r, prog_task(p), SIGNALS), 0);
		prog_signal(p, sigs[i]);
		CHECK(rec_wait(r, REC_SIGNAL, 1));
		if (sigs[i] == STOPSIG) {
			CHECK_EQ(prog_wait_stopped(p), STOPSIG);
			prog_signal(p, CONT);
		}
		if (sigs[i] == TERM)
			CHECK_EQ(prog_wait(p), KILLED(TERM));
		else
			CHECK_EQ(ask(p, "count"), 1);
		CHECK_EQ(rec_barrier(r), -ESRCH);
		CHECK_EQ(rec_total(r), 1);
	}
}

/* The number in *info is the one that takes effect, and that others see. */
TEST(signal_number, "SIG-4 SIG-5")
{
	struct act *act = ACT(USR1, set_signo, USR2);
	struct prog *p = start_catching();
	struct recorder *b;

	rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL));
	b = rec_plain(prog_task(p), EV(SIGNAL));
	CHECK(do_ok(p, "raise 10"));
	CHECK_EQ(ask(p, "count"), 1);
	CHECK_EQ(ask(p, "signo"), USR2);
	CHECK_EQ(rec_count(b, REC_SIGNAL), 1);
	CHECK_EQ(rec_last(b, REC_SIGNAL)->arg[0], USR2);
	/* and orig_ka is still that of the signal that came */
	CHECK_EQ(rec_last(b, REC_SIGNAL)->arg[2], ask(p, "first"));
}

/* The number that the parent sees. */
TEST(signal_number_parent, "SIG-5")
{
	struct act *act = ACT(TERM, set_signo, HUP);
	struct prog *p = prog_start("handle");

	rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL_TERM));
	prog_signal(p, TERM);
	CHECK_EQ(prog_wait(p), KILLED(HUP));
}

static void set_value_(struct act *act, struct recorder *r,
		       struct rec_call *call)
{
	(void)r;
	call->info->si_value.sival_int = act->value;
}

/* Other parts of *info reach the handler. */
TEST(signal_info, "SIG-4")
{
	struct act *act = ACT(USR1, set_value_, 4711);
	struct prog *p = start_catching();

	rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL));
	CHECK(do_ok(p, "queue 10 5"));
	CHECK_EQ(ask(p, "count"), 1);
	CHECK_EQ(ask(p, "value"), 4711);
	CHECK_EQ(ask(p, "code"), -1);
}

static struct k_sigaction saved_ka;

static void set_handler(struct act *act, struct recorder *r,
			struct rec_call *call)
{
	(void)r;
	call->return_ka->sa.sa_handler = (void *)act->value;
}

/* return_ka decides what DELIVER does: a number's own default, or nothing;
 * orig_ka and what the thread has set stay. */
TEST(signal_return_ka_ignored, "SIG-4 SIG-5")
{
	struct act *act = ACT(USR1, set_handler, 1 /* SIG_IGN */);
	struct prog *p = start_catching();
	struct recorder *r, *b;

	r = rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL));
	b = rec_plain(prog_task(p), EV(SIGNAL));
	CHECK(do_ok(p, "raise 10"));
	EFFECT_OR_REFUSED(r, "SIG-5", ask(p, "count") == 0);
	CHECK_EQ(rec_last(b, REC_SIGNAL)->arg[2], ask(p, "first"));
	prog_say(p, "handler 10");
	CHECK_EQ(prog_get(p, "handler"), 2);
}

TEST(signal_return_ka_default, "SIG-4 SIG-5")
{
	struct act *act = ACT(USR1, set_handler, 0 /* SIG_DFL */);
	struct prog *p = start_catching();
	struct recorder *r;

	r = rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL));
	prog_signal(p, USR1);
	CHECK(wait_act(act, 1));
	CHECK(wait_until(refused(r, "SIG-4 SIG-5") || prog_state(p) == 'Z'));
	if (!refused(r, "SIG-4 SIG-5"))
		CHECK_EQ(prog_wait(p), KILLED(USR1));
}

/* The same with a signal whose default is nothing, stop: these need no
 * handler. */
TEST(signal_number_default, "SIG-5 JCT-1")
{
	struct act *act = ACT(WINCH, set_signo, STOPSIG,
			     RET(RESUME, DELIVER), RET(RESUME, IGN));
	struct prog *p = prog_start("handle");

	rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL_IGN));
	prog_signal(p, WINCH);
	CHECK_EQ(prog_wait_stopped(p), STOPSIG);
	prog_signal(p, CONT);
	CHECK(getppid_of(p) > 0);
}

/* A handler of the engine's choosing: the other one of the program. */
TEST(signal_return_ka_handler, "SIG-4 SIG-5")
{
	struct act *act = ACT(USR1, set_handler, 0);
	struct prog *p = prog_start("handle");
	struct recorder *r;
	long n, n2;

	CHECK(do_ok(p, "catch 12 0"));
	CHECK(do_ok(p, "other 10"));
	act->value = ask(p, "first");
	r = rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL));
	CHECK(do_ok(p, "raise 10"));
	n = ask(p, "count");
	n2 = ask(p, "count2");
	EFFECT_OR_REFUSED(r, "SIG-4 SIG-5", n == 1 && n2 == 0);
	CHECK_EQ(n + n2, 1);
}

/* ---- handlers, whole ---------------------------------------------------- */

#define RESTART		0x10000000UL
#define ONSTACK		0x08000000UL
#define NODEFER		0x40000000UL
#define SIGINFO		0x4UL
#define RESTORER	0x04000000UL
#define SIGBIT(sig)	(1UL << ((sig) - 1))

static unsigned long mask_of(const struct k_sigaction *ka)
{
	unsigned long mask;

	memcpy(&mask, &ka->sa.sa_mask, sizeof(mask));
	return mask;
}

static struct {
	unsigned long flags, mask, restorer;
} whole;

static void see_whole(struct act *act, struct recorder *r,
		      struct rec_call *call)
{
	(void)r;
	EXPECT_EQ((unsigned long)call->orig_ka->sa.sa_handler, act->value);
	EXPECT_EQ((unsigned int)call->orig_ka->sa.sa_flags & ~RESTORER,
		  whole.flags);
	EXPECT_EQ(mask_of(call->orig_ka), whole.mask);
	EXPECT_EQ((unsigned long)call->orig_ka->sa.sa_restorer,
		  whole.restorer);
	EXPECT_EQ((unsigned long)call->return_ka->sa.sa_handler, act->value);
	EXPECT_EQ((unsigned int)call->return_ka->sa.sa_flags & ~RESTORER,
		  whole.flags);
	EXPECT_EQ(mask_of(call->return_ka), whole.mask);
}

/* All that the thread has set, and it stays so. */
TEST(signal_orig_ka_whole, "SIG-4 INV-1")
{
	static const unsigned long flags[] = {
		SIGINFO, SIGINFO | RESTART, SIGINFO | ONSTACK | NODEFER,
		SIGINFO | RESETHAND, SIGINFO | RESETHAND | NODEFER | RESTART,
	};
	struct prog *p = start_catching();
	unsigned long first = ask(p, "first");
	unsigned int i, n;

	CHECK(do_ok(p, "altstack"));
	prog_say(p, "restorer 10");
	whole.restorer = prog_get(p, "restorer");
	for (i = 0; i < ARRAY_LEN(flags); i++) {
		struct act *act = ACT(USR1, see_whole, first);
		struct recorder *r;

		h_note("flags 0x%lx", flags[i]);
		whole.flags = flags[i];
		whole.mask = i & 1 ? SIGBIT(WINCH) | SIGBIT(40) : 0;
		n = ask(p, "count");
		prog_say(p, "set 10 0x%lx 0x%lx", whole.flags, whole.mask);
		CHECK(prog_expect(p, "ok"));
		r = rec_acting(prog_task(p), REC_SIGNAL, act, SIGNALS);
		CHECK(do_ok(p, "raise 10"));
		CHECK_EQ(act->n, 1);
		CHECK_EQ(ask(p, "count"), n + 1);
		CHECK_EQ(ask(p, "onstack"), !!(flags[i] & ONSTACK));
		CHECK_EQ((unsigned long)ask(p, "mask"), whole.mask |
			 (flags[i] & NODEFER ? 0 : SIGBIT(USR1)));
		prog_say(p, "handler 10");
		CHECK_EQ(prog_get(p, "handler"), flags[i] & RESETHAND ? 0 : 2);
		CHECK(rec_detach(r));
	}
}

static struct {
	unsigned long set, clear, mask;
} other;

static void change_action(struct act *act, struct recorder *r,
			  struct rec_call *call)
{
	unsigned long mask = mask_of(call->return_ka) | other.mask;

	(void)r;
	if (act->value)
		call->return_ka->sa.sa_handler = (void *)act->value;
	call->return_ka->sa.sa_flags |= other.set;
	call->return_ka->sa.sa_flags &= ~other.clear;
	memcpy(&call->return_ka->sa.sa_mask, &mask, sizeof(mask));
}

/* Each part of return_ka is what the handler runs with, for once. */
TEST(signal_return_ka_parts, "SIG-4 SIG-5")
{
	static const struct {
		unsigned long own, set, clear, mask;
	} t[] = {
		{ SIGINFO, 0, 0, SIGBIT(WINCH) | SIGBIT(41) },
		{ SIGINFO, NODEFER, 0, 0 },
		{ SIGINFO | NODEFER, 0, NODEFER, 0 },
		{ SIGINFO, ONSTACK, 0, 0 },
		{ SIGINFO | ONSTACK, 0, ONSTACK, 0 },
		{ SIGINFO | ONSTACK, 0, 0, SIGBIT(HUP) },
		{ 0, SIGINFO, 0, 0 },
	};
	struct prog *p = start_catching();
	unsigned long flags;
	unsigned int i;

	CHECK(do_ok(p, "altstack"));
	for (i = 0; i < 2 * ARRAY_LEN(t); i++) {
		struct act *act = ACT(USR1, change_action,
				      i & 1 ? ask(p, "second") : 0);
		long n = ask(p, "count"), n2 = ask(p, "count2");
		struct recorder *r;

		h_note("row %u, %s handler", i / 2, i & 1 ? "other" : "own");
		other.set = t[i / 2].set;
		other.clear = t[i / 2].clear;
		other.mask = t[i / 2].mask;
		flags = (t[i / 2].own | other.set) & ~other.clear;
		prog_say(p, "set 10 0x%lx 0", t[i / 2].own);
		CHECK(prog_expect(p, "ok"));
		r = rec_acting(prog_task(p), REC_SIGNAL, act, SIGNALS);
		CHECK(do_ok(p, "queue 10 77"));
		CHECK(!refused(r, "SIG-4 SIG-5"));
		CHECK_EQ(ask(p, "count"), n + !(i & 1));
		CHECK_EQ(ask(p, "count2"), n2 + (i & 1));
		CHECK_EQ(ask(p, "value"), 77);
		CHECK_EQ(ask(p, "onstack"), !!(flags & ONSTACK));
		CHECK_EQ((unsigned long)ask(p, "mask"), other.mask |
			 (flags & NODEFER ? 0 : SIGBIT(USR1)));
		CHECK(rec_detach(r));
		/* and for once only */
		CHECK(do_ok(p, "raise 10"));
		CHECK_EQ(ask(p, "count"), n + !(i & 1) + 1);
		CHECK_EQ(ask(p, "onstack"), !!(t[i / 2].own & ONSTACK));
		prog_say(p, "keeps 10");
		CHECK_EQ(prog_get(p, "keeps"), 1);
	}
}

static void give_handler(struct act *act, struct recorder *r,
			 struct rec_call *call)
{
	unsigned long mask = other.mask;

	(void)r;
	memset(call->return_ka, 0, sizeof(*call->return_ka));
	call->return_ka->sa.sa_handler = (void *)act->value;
	call->return_ka->sa.sa_flags = SIGINFO | RESTORER | other.set;
	call->return_ka->sa.sa_restorer = (void *)whole.restorer;
	memcpy(&call->return_ka->sa.sa_mask, &mask, sizeof(mask));
}

/* A handler for a signal that the thread does not catch. */
TEST(signal_given_handler, "SIG-4 SIG-5 INV-1")
{
	static const struct { int sig; const char *set; int is; } t[] = {
		{ TERM, NULL, 0 }, { WINCH, NULL, 0 }, { HUP, "ignore 1", 1 },
		{ 40, NULL, 0 }, { SEGV, NULL, 0 },
	};
	struct prog *p = start_catching();
	unsigned int i;

	prog_say(p, "restorer 10");
	whole.restorer = prog_get(p, "restorer");
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct act *act = ACT(t[i].sig, give_handler, ask(p, "first"),
				      RET(RESUME, DELIVER));
		long n = ask(p, "count");
		struct recorder *r;

		h_note("signal %d", t[i].sig);
		other.set = 0;
		other.mask = SIGBIT(USR2);
		if (t[i].set)
			CHECK(do_ok(p, t[i].set));
		r = rec_acting(prog_task(p), REC_SIGNAL, act, SIGNALS);
		prog_say(p, "queue %d 91", t[i].sig);
		CHECK(prog_expect(p, "ok"));
		CHECK(!refused(r, "SIG-4 SIG-5"));
		CHECK_EQ(ask(p, "count"), n + 1);
		CHECK_EQ(ask(p, "signo"), t[i].sig);
		CHECK_EQ(ask(p, "value"), 91);
		CHECK_EQ((unsigned long)ask(p, "mask"),
			 SIGBIT(USR2) | SIGBIT(t[i].sig));
		prog_say(p, "keeps %d", t[i].sig);
		CHECK_EQ(prog_get(p, "keeps"), 1);
		CHECK_EQ(ask(p, "count"), n + 2);
		prog_say(p, "handler %d", t[i].sig);
		CHECK_EQ(prog_get(p, "handler"), t[i].is);
		CHECK(rec_detach(r));
	}
}

/* What a handler finds, and what it leaves, is as untraced: all choices. */
TEST(signal_handler_unnoticed, "INV-1 SIG-4 SIG-5")
{
	static const u32 how[] = { RET(RESUME, DELIVER), RET(RESUME, IGN) };
	struct prog *p = start_catching();
	unsigned int i;
	long untraced, n;

	CHECK(do_ok(p, "catch 11 0"));
	prog_say(p, "suspend 10 12");
	untraced = prog_get(p, "suspend");
	rec_plain(prog_task(p), SIGNALS | EV(QUIESCE));
	prog_say(p, "suspend 10 12");
	CHECK_EQ(prog_get(p, "suspend"), untraced);
	CHECK(do_ok(p, "fault"));
	CHECK_EQ(ask(p, "trapno"), 14);
	CHECK_EQ(ask(p, "err"), 6);
	CHECK_EQ(ask(p, "cr2"), 8);
	for (i = 0; i < ARRAY_LEN(how); i++) {
		struct act *act = ACT(USR1, NULL, 0, how[i]);
		struct recorder *r;

		n = ask(p, "count");
		r = rec_acting(prog_task(p), REC_SIGNAL, act, SIGNALS);
		prog_say(p, "keeps 10");
		CHECK_EQ(prog_get(p, "keeps"), 1);
		CHECK_EQ(act->n, 1);
		CHECK_EQ(ask(p, "count"), n + !i);
		CHECK(rec_detach(r));
		/* it is not blocked */
		CHECK(do_ok(p, "raise 10"));
		CHECK_EQ(ask(p, "count"), n + !i + 1);
	}
}

/* A call that a signal cuts short is made again, or is not, as engines choose. */
TEST(signal_restart_chosen, "SIG-4 SIG-5")
{
	static const struct { unsigned long own, set, clear; int again; } t[] = {
		{ SIGINFO | RESTART, 0, 0, 1 },
		{ SIGINFO, RESTART, 0, 1 },
		{ SIGINFO | RESTART, 0, RESTART, 0 },
	};
	struct prog *p = start_catching();
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct act *act = ACT(USR1, change_action, 0);
		struct recorder *r;

		h_note("row %u", i);
		other.set = t[i].set;
		other.clear = t[i].clear;
		other.mask = 0;
		prog_say(p, "set 10 0x%lx 0", t[i].own);
		CHECK(prog_expect(p, "ok"));
		r = rec_acting(prog_task(p), REC_SIGNAL, act, SIGNALS);
		CHECK(wait_until(prog_state(p) == 'S'));
		prog_signal(p, USR1);
		CHECK(wait_act(act, 1));
		if (!t[i].again) {
			/* its read() fails, and it says so */
			CHECK(prog_wait(p) != 0);
			return;
		}
		CHECK_EQ(ask(p, "restarts"), 1);
		CHECK(rec_detach(r));
	}
}

/* Where no handler can be set up the thread dies of that, as untraced. */
TEST(signal_bad_stack, "INV-1 SIG-12")
{
	struct act *act = ACT(USR1, NULL, 0);
	struct prog *p = start_catching();

	rec_acting(prog_task(p), REC_SIGNAL, act, SIGNALS);
	prog_say(p, "badstack 10");
	CHECK_EQ(prog_wait(p) & 0x7f, SEGV);
	CHECK_EQ(act->n, 1);
}

/* Nor one of an engine's choosing, whether the thread would hear of that or not. */
TEST(signal_bad_stack_given, "SIG-4 SIG-12")
{
	static const char *const set[] = { NULL, "block 11" };
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(set); i++) {
		struct prog *p = start_catching();
		struct act *act = ACT(TERM, give_handler, ask(p, "first"),
				      RET(RESUME, DELIVER));
		struct recorder *r;

		if (set[i])
			CHECK(do_ok(p, set[i]));
		r = rec_acting(prog_task(p), REC_SIGNAL, act, SIGNALS);
		prog_say(p, "badstack 15");
		CHECK_EQ(prog_wait(p) & 0x7f, SEGV);
		CHECK_EQ(act->n, 1);
		CHECK_EQ(rec_times(r, REC_SIGNAL, SEGV), 1);
	}
}

/* ---- dispositions ------------------------------------------------------- */

/* IGN, REPORT and HANDLER are nothing, for every class. */
TEST(signal_nothing, "SIG-5")
{
	static const u32 how[] = {
		RET(RESUME, IGN), RET(RESUME, REPORT), RET(RESUME, HANDLER)
	};
	static const int sigs[] = {
		USR1, TERM, ABRT, STOPSIG, TSTP, WINCH
	};
	struct prog *p = start_catching();
	struct recorder *r = rec_plain(prog_task(p), SIGNALS);
	unsigned int i, j;

	for (i = 0; i < ARRAY_LEN(how); i++) {
		rec_ret(r, REC_SIGNAL, how[i] | REC_EXACT);
		for (j = 0; j < ARRAY_LEN(sigs); j++) {
			prog_say(p, "raise %d", sigs[j]);
			CHECK(prog_expect(p, "ok"));
		}
	}
	CHECK_EQ(ask(p, "count"), 0);
	CHECK_EQ(rec_count(r, REC_SIGNAL), ARRAY_LEN(how) * ARRAY_LEN(sigs));
}

/* TERM and CORE end the process whatever the number's own default is. */
TEST(signal_term_core, "SIG-5")
{
	static const struct {
		int sig;
		const char *set;
		u32 how;
		bool always;		/* every host can */
	} t[] = {
		{ TERM, NULL, RET(RESUME, TERM), true },
		{ QUIT, NULL, RET(RESUME, CORE), true },
		{ TERM, NULL, RET(RESUME, CORE), false },
		{ QUIT, NULL, RET(RESUME, TERM), true },
		{ WINCH, NULL, RET(RESUME, TERM), false },
		{ USR1, "catch 10 0", RET(RESUME, TERM), true },
		{ HUP, "ignore 1", RET(RESUME, TERM), true },
		{ QUIT, "catch 3 0", RET(RESUME, CORE), true },
		{ 40, "catch 40 0", RET(RESUME, TERM), true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct prog *p = prog_start("handle");
		struct recorder *r = rec_new();
		int status;

		rec_ret(r, REC_SIGNAL, t[i].how | REC_EXACT);
		CHECK(!t[i].set || do_ok(p, t[i].set));
		CHECK_EQ(rec_attach(r, prog_task(p), SIGNALS), 0);
		prog_signal(p, t[i].sig);
		CHECK(rec_wait(r, REC_SIGNAL, 1));
		if (!t[i].always && !cap_full("SIG-5") &&
		    !wait_until(refused(r, "SIG-5") || prog_state(p) == 'Z'))
			return;
		if (prog_state(p) != 'Z' && refused(r, "SIG-5")) {
			CHECK(!t[i].always);
			continue;
		}
		status = prog_wait(p);
		if (refused(r, "SIG-5"))
			continue;
		CHECK_EQ(status & 0x7f, KILLED(t[i].sig));
		/* no core where none was asked for */
		if (utrace_signal_action(t[i].how) == UTRACE_SIGNAL_TERM)
			CHECK_EQ(status, KILLED(t[i].sig));
	}
}

/* STOP, by engines: SIGSTOP as it is, and made of another signal. */
TEST(signal_stop, "SIG-5")
{
	struct act *act = ACT(USR1, set_signo, STOPSIG, RET(RESUME, STOP));
	struct prog *p = start_catching();
	struct recorder *r;

	r = rec_acting(prog_task(p), REC_SIGNAL, act,
		       EV(SIGNAL) | EV(SIGNAL_STOP));
	prog_signal(p, USR1);
	CHECK_EQ(prog_wait_stopped(p), STOPSIG);
	prog_signal(p, CONT);
	CHECK_EQ(ask(p, "count"), 0);
	rec_hook_set(r, REC_SIGNAL, NULL);
	prog_signal(p, STOPSIG);
	CHECK_EQ(prog_wait_stopped(p), STOPSIG);
	prog_signal(p, CONT);
	CHECK_EQ(ask(p, "count"), 0);
}

/* STOP without a change of the number: the parent sees that number. */
TEST(signal_stop_number, "SIG-5")
{
	struct prog *p = start_catching();
	struct recorder *r = rec_new();

	rec_ret(r, REC_SIGNAL, RET(RESUME, STOP) | REC_EXACT);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SIGNAL)), 0);
	prog_signal(p, USR1);
	EFFECT_OR_REFUSED(r, "SIG-5", prog_wait_stopped(p) == USR1);
	prog_signal(p, CONT);
	CHECK_EQ(ask(p, "count"), 0);
}

/* TSTP stops, but not in an orphaned process group. */
TEST(signal_tstp, "SIG-5 SIG-1")
{
	static const int sigs[] = { TSTP, TTIN, TTOU };
	struct prog *p = prog_start("handle");
	struct recorder *r = rec_plain(prog_task(p), EV(SIGNAL_STOP));
	unsigned int i;

	/* a group of its own, in the session of its parent: not orphaned */
	CHECK_EQ(call(p, __NR_getpgid, 0, 0, 0), prog_tid(p));
	for (i = 0; i < ARRAY_LEN(sigs); i++) {
		prog_signal(p, sigs[i]);
		CHECK_EQ(prog_wait_stopped(p), sigs[i]);
		prog_signal(p, CONT);
		CHECK(getppid_of(p) > 0);
		CHECK_EQ(rec_times(r, REC_SIGNAL, sigs[i]), 1);
		CHECK_EQ(rec_last(r, REC_SIGNAL)->arg[1], UTRACE_SIGNAL_TSTP);
	}
}

TEST(signal_tstp_orphaned, "SIG-5 SIG-1")
{
	struct act *act = ACT(TSTP, NULL, 0, RET(RESUME, TSTP));
	struct prog *p = prog_start("handle");
	struct recorder *r;

	CHECK(orphan(p));
	r = rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL_STOP));
	prog_signal(p, TSTP);
	CHECK(wait_act(act, 1));
	CHECK(getppid_of(p) > 0);
	CHECK_EQ(rec_times(r, REC_SIGNAL, TSTP), 1);
	/* STOP cares for no group */
	act->ret[0] = RET(RESUME, STOP);
	act->fn = set_signo;
	act->value = STOPSIG;
	prog_signal(p, TSTP);
	CHECK_EQ(prog_wait_stopped(p), STOPSIG);
	prog_signal(p, CONT);
	CHECK(getppid_of(p) > 0);
}

/* ---- HOLD --------------------------------------------------------------- */

/* The signal comes again after what happens now, with what is in *info. */
TEST(signal_hold, "SIG-6")
{
	static const struct { u32 how; int runs; } t[] = {
		{ RET(RESUME, IGN) | UTRACE_SIGNAL_HOLD, 1 },
		{ RET(RESUME, DELIVER) | UTRACE_SIGNAL_HOLD, 2 },
	};
	unsigned int i, runs = 0;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct act *act = ACT(USR1, NULL, 0, t[i].how,
				      RET(RESUME, DELIVER));
		struct prog *p = start_catching();
		struct recorder *r;

		r = rec_acting(prog_task(p), REC_SIGNAL, act, SIGNALS);
		CHECK(do_ok(p, "queue 10 123"));
		runs = ask(p, "count");
		EFFECT_OR_REFUSED(r, "SIG-6", runs == (unsigned)t[i].runs &&
				  h_load(&act->n) == 2);
		CHECK_SO_FAR();
		if (refused(r, "SIG-6"))
			continue;
		CHECK_EQ(ask(p, "value"), 123);
		CHECK_EQ(ask(p, "code"), -1);
		CHECK_EQ(rec_last(r, REC_SIGNAL)->arg[3], -1UL);
	}
}

/* With a stop: it is seen again after SIGCONT. */
TEST(signal_hold_stop, "SIG-6 SIG-5")
{
	struct act *act = ACT(USR1, NULL, 0,
			      RET(RESUME, STOP) | UTRACE_SIGNAL_HOLD,
			      RET(RESUME, DELIVER));
	struct prog *p = start_catching();
	struct recorder *r;

	r = rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL));
	prog_signal(p, USR1);
	CHECK(prog_wait_stopped(p) > 0);
	CHECK_EQ(act->n, 1);
	prog_signal(p, CONT);
	CHECK(ask(p, "count") == 1 || refused(r, "SIG-6"));
	CHECK(act->n == 2 || refused(r, "SIG-6"));
}

/* What goes back is the signal in *info. */
TEST(signal_hold_changed, "SIG-6")
{
	struct act *act = ACT(WINCH, set_signo, USR2,
			      RET(RESUME, IGN) | UTRACE_SIGNAL_HOLD);
	struct prog *p = start_catching();
	struct recorder *r;

	r = rec_acting(prog_task(p), REC_SIGNAL, act, SIGNALS);
	CHECK(do_ok(p, "raise 28"));
	EFFECT_OR_REFUSED(r, "SIG-6", rec_times(r, REC_SIGNAL, USR2) == 1 &&
			  ask(p, "signo") == USR2);
	CHECK_EQ(act->n, 1);
}

/* The last engine's return decides. */
TEST(signal_hold_last, "SIG-6 REP-11")
{
	struct act *a = ACT(USR1, NULL, 0,
			    RET(RESUME, IGN) | UTRACE_SIGNAL_HOLD);
	struct act *b = ACT(USR1, NULL, 0, RET(RESUME, IGN));
	struct prog *p = start_catching();
	struct recorder *r;

	rec_acting(prog_task(p), REC_SIGNAL, a, SIGNALS);
	r = rec_acting(prog_task(p), REC_SIGNAL, b, SIGNALS);
	CHECK(do_ok(p, "raise 10"));
	CHECK_EQ(ask(p, "count"), 0);
	CHECK_EQ(a->n, 1);
	CHECK_EQ(b->n, 1);
	CHECK_EQ(rec_last(r, REC_SIGNAL)->action,
		 RET(RESUME, IGN) | UTRACE_SIGNAL_HOLD);
}

/* ---- signals of an engine's own making ---------------------------------- */

static void save_ka(struct act *act, struct recorder *r,
		    struct rec_call *call)
{
	(void)act;
	(void)r;
	saved_ka = *call->orig_ka;
}

static void make_signal(struct act *act, struct recorder *r,
			struct rec_call *call)
{
	(void)r;
	/* it starts at 0 */
	EXPECT_EQ(call->info->si_signo, 0);
	if (act->n > 1)
		return;
	call->info->si_signo = act->value;
	call->info->si_code = -1;	/* SI_QUEUE */
	call->info->si_value.sival_int = 99;
	*call->return_ka = saved_ka;
}

/* In a pass for no signal an engine delivers one that nobody sent. */
TEST(signal_artificial, "SIG-7 SIG-5 SIG-8")
{
	struct act *save = ACT(USR1, save_ka, 0);
	struct act *act = ACT(0, make_signal, USR1, RET(RESUME, DELIVER),
			      RET(RESUME, REPORT));
	struct prog *p = start_catching();
	struct recorder *r, *s;

	s = rec_acting(prog_task(p), REC_SIGNAL, save, EV(SIGNAL));
	CHECK(do_ok(p, "raise 10"));
	CHECK_EQ(save->n, 1);
	CHECK_EQ(rec_events(s, 0), 0);
	r = rec_acting(prog_task(p), REC_SIGNAL, act, EV(QUIESCE));
	CHECK(control(r, UTRACE_INTERRUPT));
	CHECK(wait_act(act, 1));
	CHECK_EQ(ask(p, "count"), 2);
	CHECK_EQ(ask(p, "signo"), USR1);
	CHECK_EQ(ask(p, "value"), 99);
	CHECK_EQ(ask(p, "code"), -1);
	CHECK(!refused(r, "SIG-4 SIG-5 SIG-7"));
}

/* The same with other dispositions. */
TEST(signal_artificial_other, "SIG-7 SIG-5")
{
	static const struct { int sig; u32 how; } t[] = {
		{ STOPSIG, RET(RESUME, STOP) },
		{ TERM, RET(RESUME, TERM) },
		{ HUP, RET(RESUME, DELIVER) },	/* by default */
	};
	struct prog *p = NULL;
	unsigned int i;

	memset(&saved_ka, 0, sizeof(saved_ka));
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct act *act = ACT(0, make_signal, t[i].sig, t[i].how,
				      RET(RESUME, REPORT));
		struct recorder *r;

		p = prog_start("handle");
		r = rec_acting(prog_task(p), REC_SIGNAL, act, EV(QUIESCE));
		CHECK(control(r, UTRACE_INTERRUPT));
		if (t[i].sig != STOPSIG) {
			CHECK_EQ(prog_wait(p), KILLED(t[i].sig));
			continue;
		}
		CHECK_EQ(prog_wait_stopped(p), STOPSIG);
		prog_signal(p, CONT);
		CHECK(getppid_of(p) > 0);
	}
}

static u32 left_over(struct recorder *r, struct rec_call *call)
{
	struct act *act = r->priv;

	if (call->arg[0] != USR1)
		return rec_default(r, call);
	h_inc(&act->n);
	if (call->orig_ka) {
		saved_ka = *call->orig_ka;
		call->info->si_value.sival_int = 1000;
		return act->ret[0];
	}
	/* what the callback before left there */
	EXPECT_EQ(call->info->si_value.sival_int, 1000);
	EXPECT_EQ(call->arg[1], UTRACE_SIGNAL_REPORT);
	if (!h_load(&act->value))
		return RET(STOP, REPORT);
	*call->return_ka = saved_ka;
	return RET(RESUME, DELIVER);
}

/*
 * Stopped with the signal left aside: the report after the stop still has it,
 * and can deliver it now.
 */
TEST(signal_left_over, "SIG-8 SIG-7")
{
	static const enum utrace_resume_action how[] = {
		UTRACE_INTERRUPT, UTRACE_REPORT
	};
	static const u32 aside[] = { RET(STOP, IGN), RET(STOP, REPORT) };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct act *act = ACT(USR1, NULL, 0, aside[i / 2]);
		struct prog *p = start_catching();
		struct recorder *r = rec_new();

		/* a report on the way to the stop is answered with STOP */
		rec_ret_all(r, UTRACE_STOP);
		r->priv = act;
		rec_hook_set(r, REC_SIGNAL, left_over);
		CHECK_EQ(rec_attach(r, prog_task(p),
				    EV(QUIESCE) | EV(SIGNAL)), 0);
		prog_say(p, "queue 10 55");
		CHECK(wait_act(act, 1) && rec_wait_stopped(r));
		rec_ret_all(r, UTRACE_RESUME);
		h_store(&act->value, 1);
		CHECK(control(r, how[i % 2]));
		CHECK(prog_expect(p, "ok"));
		CHECK(act->n >= 2);
		CHECK_EQ(ask(p, "count"), 1);
		CHECK_EQ(ask(p, "value"), 1000);
	}
}

/* ---- what is left ------------------------------------------------------- */

/* INTERRUPT or REPORT returned in a signal pass, or one for no event, is
 * RESUME: no report follows, and the thread gets on. */
TEST(signal_report_is_resume, "SIG-9")
{
	static const enum utrace_resume_action how[] = {
		UTRACE_REPORT, UTRACE_INTERRUPT
	};
	struct prog *p = start_catching();
	struct recorder *r = rec_plain(prog_task(p), EV(QUIESCE) | EV(SIGNAL) |
				       EV(SYSCALL_EXIT));
	unsigned int i, reports;

	for (i = 0; i < ARRAY_LEN(how); i++) {
		rec_ret(r, REC_SIGNAL, how[i]);
		reports = rec_reports(r);
		CHECK(do_ok(p, "raise 10"));
		CHECK_EQ(ask(p, "count"), i + 1);
		CHECK_EQ(rec_reports(r), reports);
		rec_ret(r, REC_QUIESCE, UTRACE_RESUME);
		/* the pass for no event */
		CHECK(control(r, UTRACE_REPORT));
		CHECK(getppid_of(p) > 0);
		CHECK(rec_reports(r) > reports);
		reports = rec_reports(r);
		CHECK(getppid_of(p) > 0);
		CHECK_EQ(rec_reports(r), reports);
	}
	CHECK_EQ(handler_reports(r), 0);
}

/* SIGKILL is not reported, whatever is asked for. */
TEST(signal_kill, "SIG-10")
{
	struct prog *p = prog_start("handle");
	struct recorder *r = rec_new();

	rec_ret(r, REC_SIGNAL, RET(RESUME, IGN) | REC_EXACT);
	CHECK_EQ(rec_attach(r, prog_task(p), EV_ALL), 0);
	CHECK(do_ok(p, "raise 15"));
	prog_signal(p, KILL);
	CHECK_EQ(prog_wait(p), KILLED(KILL));
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK_EQ(rec_times(r, REC_SIGNAL, KILL), 0);
	CHECK_EQ(rec_times(r, REC_SIGNAL, TERM), 1);
}

/*
 * A group stop that is pending comes before the next signal, and after the
 * report that is due.
 */
TEST(signal_group_stop_first, "SIG-10 SIG-2 JCT-1")
{
	struct prog *p = prog_start("crew", "1");
	struct prog *q = prog_start("crew");
	struct recorder *r = rec_new();
	struct recorder *o;
	int from, report, stop, cont, sig;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(JCTL) |
			    EV(SIGNAL_TERM)), 0);
	o = rec_plain(prog_thread(p, 0), EV(SIGNAL_STOP));
	CHECK(rec_halt(r));
	from = rec_total(r);
	/* the other thread takes the SIGSTOP; the main one has a SIGUSR1 */
	prog_thread_signal(p, 0, STOPSIG);
	CHECK(rec_wait(o, REC_SIGNAL, 1));
	CHECK(wait_until(h_state(prog_thread_tid(p, 0)) == 'T' ||
			 h_state(prog_thread_tid(p, 0)) == 't'));
	CHECK_EQ(call(q, __NR_tgkill, prog_tid(p), prog_tid(p), USR1), 0);
	rec_ret_all(r, UTRACE_RESUME);
	rec_ret(r, REC_SIGNAL, RET(RESUME, IGN) | REC_EXACT);
	CHECK(control(r, UTRACE_INTERRUPT));
	CHECK_EQ(prog_wait_stopped(p), STOPSIG);
	/* that stop may have been complete while the main one was held */
	CHECK(rec_wait(r, REC_JCTL, 1));
	prog_signal(p, CONT);
	CHECK(wait_until(rec_times(r, REC_SIGNAL, USR1) == 1));
	report = rec_index(r, REC_SIGNAL, from, 0);
	stop = rec_index(r, REC_JCTL, from, 5 /* CLD_STOPPED */);
	cont = rec_index(r, REC_JCTL, from, 6 /* CLD_CONTINUED */);
	sig = rec_index(r, REC_SIGNAL, from, USR1);
	CHECK(report >= 0 && stop > report);
	CHECK(sig > stop);
	/* one thread reports the continue */
	CHECK(cont < 0 || (cont > stop && sig > cont));
	CHECK(getppid_of(p) > 0);
}

/* One-shot handlers are reset when delivered, and only then. */
TEST(signal_one_shot, "SIG-11")
{
	struct act *act = ACT(USR1, NULL, 0, RET(RESUME, IGN),
			      RET(RESUME, DELIVER));
	struct prog *p = prog_start("handle");
	static const int set[] = { 2, 0 };
	unsigned int i;

	prog_say(p, "catch 10 %#lx", RESETHAND);
	CHECK(prog_expect(p, "ok"));
	rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL));
	for (i = 0; i < 2; i++) {
		CHECK(do_ok(p, "raise 10"));
		CHECK_EQ(ask(p, "count"), i);
		prog_say(p, "handler 10");
		CHECK_EQ(prog_get(p, "handler"), set[i]);
	}
}

/*
 * Who takes part in a signal pass: QUIESCE or that class.  report_signal once
 * and no quiesce; report_quiesce only where there is no report_signal, and
 * then the disposition is left alone.
 */
TEST(signal_quiesce, "SIG-12 REP-11")
{
	struct prog *p = start_catching();
	struct recorder *both = rec_new(), *stand_in = rec_new();
	struct recorder *quiet = rec_new(), *other = rec_new();

	stand_in->ops.report_signal = NULL;
	rec_ret(stand_in, REC_QUIESCE, UTRACE_RESUME);
	CHECK_EQ(rec_attach(both, prog_task(p), EV(QUIESCE) | EV(SIGNAL)), 0);
	CHECK_EQ(rec_attach(stand_in, prog_task(p), EV(SIGNAL)), 0);
	CHECK_EQ(rec_attach(quiet, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(other, prog_task(p), EV(SIGNAL_TERM)), 0);
	CHECK(do_ok(p, "raise 10"));
	CHECK_EQ(ask(p, "count"), 1);
	CHECK_EQ(rec_times(both, REC_SIGNAL, USR1), 1);
	CHECK_EQ(rec_times(both, REC_QUIESCE, EV(SIGNAL)), 0);
	CHECK_EQ(rec_times(stand_in, REC_QUIESCE, EV(SIGNAL)), 1);
	CHECK_EQ(rec_times(quiet, REC_SIGNAL, USR1), 1);
	CHECK_EQ(rec_times(quiet, REC_QUIESCE, EV(SIGNAL)), 0);
	CHECK_EQ(rec_total(other), 0);
	/* the stand-in's return is no disposition */
	rec_ret(both, REC_SIGNAL, RET(RESUME, IGN) | REC_EXACT);
	CHECK(do_ok(p, "raise 10"));
	CHECK_EQ(rec_last(quiet, REC_SIGNAL)->action, RET(RESUME, IGN));
	CHECK_EQ(rec_last(stand_in, REC_QUIESCE)->action, UTRACE_RESUME);
	CHECK_EQ(ask(p, "count"), 1);
}

/* An engine that asks for QUIESCE alone makes the pass happen. */
TEST(signal_quiesce_alone, "SIG-12")
{
	struct prog *p = start_catching();
	struct recorder *r = rec_new();

	r->ops.report_signal = NULL;
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	CHECK(do_ok(p, "raise 10"));
	CHECK_EQ(rec_times(r, REC_QUIESCE, EV(SIGNAL)), 1);
	CHECK(do_ok(p, "default 12"));
	prog_say(p, "raise 12");
	CHECK_EQ(prog_wait(p), KILLED(USR2));
	CHECK_EQ(rec_times(r, REC_QUIESCE, EV(SIGNAL_TERM)), 1);
}

/* A fatal signal is reported while the siblings still live, and IGN prevents
 * their end. */
static void siblings_live(struct act *act, struct recorder *r,
			  struct rec_call *call)
{
	unsigned int i;
	char state;

	(void)r;
	(void)call;
	for (i = 0; i < 3; i++) {
		state = h_state(((int *)act->value)[i]);
		EXPECT(state && state != 'Z' && state != 'X');
	}
}

TEST(signal_term_siblings, "SIG-13 KIL-1")
{
	static const int sigs[] = { TERM, ABRT };
	struct prog *p = prog_start("crew", "2");
	static int tids[3];
	struct recorder *r[3];
	struct act *act[3];
	unsigned int i, j;

	for (i = 0; i < 3; i++) {
		tids[i] = i < 2 ? prog_thread_tid(p, i) : prog_tid(p);
		act[i] = ACT(0, siblings_live, (unsigned long)tids,
			     RET(RESUME, IGN));
		r[i] = rec_acting(i < 2 ? prog_thread(p, i) : prog_task(p),
				  REC_SIGNAL, act[i],
				  EV(SIGNAL_TERM) | EV(SIGNAL_CORE));
	}
	for (j = 0; j < ARRAY_LEN(sigs); j++) {
		for (i = 0; i < 3; i++)
			act[i]->arg = sigs[j];
		prog_signal(p, sigs[j]);
		CHECK(wait_until(h_load(&act[0]->n) + h_load(&act[1]->n) +
				 h_load(&act[2]->n) == j + 1));
		for (i = 0; i < 2; i++) {
			say_at(p, i, __NR_getpid, 0, 0, 0);
			CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
		}
		CHECK(getppid_of(p) > 0);
	}
	/* once begun, an engine that stops siblings does not hold it back */
	for (i = 0; i < 3; i++)
		rec_hook_set(r[i], REC_SIGNAL, NULL);
	CHECK_EQ(rec_events(r[0], EV(QUIESCE)), 0);
	CHECK(rec_halt(r[0]));
	prog_signal(p, TERM);
	CHECK_EQ(prog_wait(p), KILLED(TERM));
}

/* ---- steps -------------------------------------------------------------- */

/* It steps until so many steps are done. */
static u32 step_on(struct recorder *r, struct rec_call *call)
{
	bool trap = call->event == REC_SIGNAL && call->arg[0] == TRAP;
	struct act *act = r->priv;
	u32 ret;

	if (trap)
		h_inc(&act->n);
	ret = act->n < act->value ? UTRACE_SINGLESTEP : UTRACE_RESUME;
	if (trap)
		return ret | UTRACE_SIGNAL_IGN;
	return ret | (call->action & UTRACE_SIGNAL_MASK);
}

/* A finished step is a SIGTRAP of class CORE, and IGN is the answer. */
TEST(signal_step, "SIG-14 CTL-7")
{
	struct act *act = ACT(0, NULL, 5);
	struct prog *p = prog_start("handle");
	struct recorder *r = rec_new();
	struct rec_entry *e;
	unsigned int i;

	if (!arch_has_single_step())
		SKIP("the machine does not step");
	r->priv = act;
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(SIGNAL_CORE)), 0);
	CHECK(rec_halt(r));
	rec_hook_set(r, REC_SIGNAL, step_on);
	rec_hook_set(r, REC_QUIESCE, step_on);
	CHECK(control(r, UTRACE_SINGLESTEP));
	/* it is in a read(): the step ends when that returns */
	CHECK_EQ(ask(p, "count"), 0);
	CHECK_EQ(act->n, 5);
	for (i = 0; (e = rec_at(r, i)); i++)
		if (e->event == REC_SIGNAL && e->arg[0] == TRAP)
			CHECK_EQ(e->arg[1], UTRACE_SIGNAL_CORE);
	/* nothing is left of it */
	CHECK(do_ok(p, "catch 5 0"));
	CHECK_EQ(ask(p, "count"), 0);
}

static u32 step_once(struct recorder *r, struct rec_call *call)
{
	struct act *act = r->priv;

	(void)call;
	return h_inc(&act->n) <= act->value ? UTRACE_SINGLESTEP : UTRACE_RESUME;
}

/* Nobody's step leaves a SIGTRAP for the program: not that of an engine which
 * asks for no signals, nor one that detaches before it is finished. */
TEST(signal_step_no_trap, "SIG-14 INV-1")
{
	struct act *act = ACT(0, NULL, 3);
	struct prog *p = prog_start("handle");
	struct recorder *r = rec_new(), *s = rec_new();
	int err;

	if (!arch_has_single_step())
		SKIP("the machine does not step");
	r->priv = act;
	r->ops.report_signal = NULL;
	rec_hook_set(r, REC_QUIESCE, step_once);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	CHECK(control(r, UTRACE_REPORT));
	CHECK_EQ(ask(p, "count"), 0);
	CHECK(act->n > 3);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);

	CHECK_EQ(rec_attach(s, prog_task(p), EV(QUIESCE)), 0);
	CHECK(rec_halt(s));
	CHECK(control(s, UTRACE_SINGLESTEP));
	err = rec_control(s, UTRACE_DETACH);
	CHECK(!err || err == -EINPROGRESS);
	CHECK_EQ(ask(p, "count"), 0);
	CHECK(getppid_of(p) > 0);
}

/* ---- signals for the process -------------------------------------------- */

/* The main thread is held, in the middle or at its exit: a sibling takes the
 * signal, one that does not block it. */
TEST(signal_main_held, "INV-1")
{
	unsigned int i, at_exit, blocker;
	int taker;

	for (i = 0; i < 6; i++) {
		struct prog *p = prog_start("crew", "2");
		struct recorder *r = rec_new();

		at_exit = i / 3;
		blocker = i % 3;	/* 2: none */
		prog_say(p, "catch %d", USR1);
		CHECK(prog_get(p, "taker"));
		if (blocker < 2) {
			prog_say(p, "at %u block %d", blocker, USR1);
			CHECK(prog_expect(p, "ok"));
		}
		if (!at_exit) {
			prog_say(p, "at 1 commands");
			/* it is handed on by the time that the next is done */
			CHECK(getppid_of(p) > 0);
		}
		CHECK(hold_main(p, r, SIGNALS, at_exit));
		prog_signal(p, USR1);
		CHECK(wait_until((taker = ask(p, "taken")) || h_failed()));
		CHECK_SO_FAR();
		if (!EXPECT((blocker && taker == prog_thread_tid(p, 0)) ||
			    (blocker != 1 && taker == prog_thread_tid(p, 1))))
			h_note("exit %u, blocker %u: %d takes it", at_exit,
			       blocker, taker);
		CHECK_EQ(rec_count_arg(r, REC_SIGNAL, USR1), 0);
	}
}

/* All threads are held when it comes: whichever goes on first takes it. */
TEST(signal_all_held, "INV-1 SIG-13 KIL-1")
{
	static const int sigs[] = { USR1, TERM };
	unsigned int i, j, first;

	for (i = 0; i < 4; i++) {
		struct prog *p = prog_start("crew", "2");
		unsigned int zero = 0, sig = sigs[i / 2];
		struct recorder *r[3];
		unsigned long addr;

		first = 1 + i % 2;
		prog_say(p, "catch %d", USR1);
		addr = prog_get(p, "taker");
		for (j = 0; j < 3; j++) {
			r[j] = rec_plain(j ? prog_thread(p, j - 1) :
					 prog_task(p), EV(QUIESCE) | SIGNALS);
			CHECK(rec_halt(r[j]));
		}
		prog_signal(p, sig);
		CHECK(rec_resume(r[first]));
		if (sig == TERM) {
			CHECK_EQ(prog_wait(p), KILLED(TERM));
		} else {
			CHECK(wait_until(prog_peek32(p, addr)));
			CHECK_EQ((int)prog_peek32(p, addr),
				 prog_thread_tid(p, first - 1));
			CHECK(prog_poke(p, addr, &zero, sizeof(zero)));
			for (j = 0; j < 3; j++)
				CHECK(j == first || rec_resume(r[j]));
			for (j = 0; j < 2; j++) {
				say_at(p, j, __NR_getpid, 0, 0, 0);
				CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
			}
			CHECK(getppid_of(p) > 0);
			CHECK_EQ(prog_peek32(p, addr), 0);
		}
		for (j = 0; j < 3; j++)
			CHECK_EQ(rec_times(r[j], REC_SIGNAL, sig), j == first);
	}
}
