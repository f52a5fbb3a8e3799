// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 6 of the contract: reporting passes. */
#include "told.h"

/* What this callback saw of the first getppid(). */
static struct rec_entry *seen(struct recorder *r, enum rec_event ev)
{
	struct rec_entry *e = rec_find(r, ev, 0, __NR_getppid);

	if (!e) {
		h_fail(__FILE__, __LINE__, "no callback %d for getppid", ev);
		rec_dump(r);
	}
	return e;
}

/* A return for getppid() alone, once: r->priv; else what is programmed. */
static u32 at_getppid(struct recorder *r, struct rec_call *c)
{
	u32 ret = (u32)(unsigned long)h_load(&r->priv);

	if (c->arg[0] != __NR_getppid || ret == REC_PENDING)
		return rec_default(r, c);
	h_store(&r->priv, (void *)(unsigned long)REC_PENDING);
	return ret;
}

static void return_once(struct recorder *r, enum rec_event ev, u32 ret)
{
	h_store(&r->priv, (void *)(unsigned long)ret);
	rec_hook_set(r, ev, at_getppid);
}

/* Held still, with nothing asked that could make it so. */
static bool held_still(struct recorder *r)
{
	struct utrace_examiner exam;

	return EXPECT_EQ(utrace_prepare_examine(r->task, r->engine, &exam),
			 0) &&
	       EXPECT_EQ(utrace_finish_examine(r->task, r->engine, &exam), 0);
}

/* Stopped, proven, by an engine that holds a stop. */
static bool holds_still(struct recorder *r)
{
	return EXPECT_EQ(rec_control(r, UTRACE_STOP), 0) && held_still(r);
}

static bool rec_wait_getppid(struct recorder *r)
{
	return wait_until(rec_find(r, REC_SYSCALL_EXIT, 0, __NR_getppid));
}

static bool is_report(struct rec_entry *e)
{
	return (e->event == REC_QUIESCE && !e->arg[0]) ||
	       (e->event == REC_SIGNAL && e->arg[1] == UTRACE_SIGNAL_REPORT);
}

/* When the last report with no event was, 0 if there was none. */
static unsigned int last_report(struct recorder *r)
{
	unsigned int i, seq = 0;
	struct rec_entry *e;

	for (i = 0; (e = rec_at(r, i)); i++)
		if (is_report(e))
			seq = e->seq;
	return seq;
}

/* Each engine is called for what it asks for, in attach order. */
TEST(rep_only_if_asked, "REP-1 SYS-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *a = rec_new(), *b = rec_new(), *c = rec_new();

	CHECK_EQ(rec_attach(a, prog_task(p), UTRACE_EVENT_SYSCALL), 0);
	CHECK_EQ(rec_attach(b, prog_task(p), EV(SYSCALL_ENTRY) | EV(SIGNAL)),
		 0);
	CHECK_EQ(rec_attach(c, prog_task(p), EV(SYSCALL_EXIT) | EV(CLONE)), 0);
	CHECK(one_call(p));
	CHECK(seen(a, REC_SYSCALL_ENTRY) && seen(a, REC_SYSCALL_EXIT));
	CHECK(seen(b, REC_SYSCALL_ENTRY) && seen(c, REC_SYSCALL_EXIT));
	CHECK_EQ(rec_count(b, REC_SYSCALL_EXIT), 0);
	CHECK_EQ(rec_count(c, REC_SYSCALL_ENTRY), 0);
	CHECK_EQ(rec_count(a, REC_QUIESCE) + rec_count(b, REC_QUIESCE) +
		 rec_count(c, REC_QUIESCE), 0);
	/* Entry in reverse, exit in order. */
	CHECK(seen(b, REC_SYSCALL_ENTRY)->seq <
	      seen(a, REC_SYSCALL_ENTRY)->seq);
	CHECK(seen(a, REC_SYSCALL_EXIT)->seq < seen(c, REC_SYSCALL_EXIT)->seq);
}

/* Of two engines the one attached first is called first, and wholly. */
static void in_order(struct recorder *a, struct recorder *b,
		     enum rec_event event, unsigned long mask)
{
	struct rec_entry *ea = rec_nth(a, event, 0), *eb = rec_nth(b, event, 0);
	struct rec_entry *qa = rec_find(a, REC_QUIESCE, 0, mask),
			 *qb = rec_find(b, REC_QUIESCE, 0, mask);
	bool ok = EXPECT(ea && eb) && EXPECT(ea->seq < eb->seq);

	/* these have no quiesce */
	if (ok && event != REC_SIGNAL && event != REC_REAP)
		ok = EXPECT(qa && qb) && EXPECT(qa->seq < ea->seq) &&
		     EXPECT(ea->seq < qb->seq) && EXPECT(qb->seq < eb->seq);
	if (!ok) {
		h_note("event %d", event);
		rec_dump(a);
		rec_dump(b);
	}
}

/* Every event but system calls, in a program's life. */
TEST(rep_attach_order, "REP-1 ATT-6 REP-2")
{
	struct prog *p = prog_start("crew"), *parent = prog_start("breed");
	unsigned long events = EV_ALL & ~UTRACE_EVENT_SYSCALL;
	struct recorder *a = rec_plain(prog_task(p), events),
			*b = rec_plain(prog_task(p), events);
	struct recorder *c = rec_plain(prog_task(parent), events),
			*d = rec_plain(prog_task(parent), events);

	prog_say(parent, "fork");
	CHECK(prog_get(parent, "child") > 0);
	in_order(c, d, REC_CLONE, EV(CLONE));

	prog_signal(p, SIGWINCH);
	CHECK(rec_wait(b, REC_SIGNAL, 1));
	in_order(a, b, REC_SIGNAL, EV(SIGNAL_IGN));
	prog_say(p, "exec");
	CHECK(prog_expect(p, "ready"));
	in_order(a, b, REC_EXEC, EV(EXEC));
	prog_signal(p, SIGSTOP);
	CHECK(rec_wait(b, REC_JCTL, 1));
	in_order(a, b, REC_JCTL, EV(JCTL));
	prog_signal(p, SIGCONT);
	say_call(p, __NR_exit_group, 0, 0, 0);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(rec_wait(b, REC_REAP, 1));
	in_order(a, b, REC_EXIT, EV(EXIT));
	in_order(a, b, REC_DEATH, EV(DEATH));
	in_order(a, b, REC_REAP, EV(REAP));
}

/* Quiesce just before the event; also for events that only others want. */
TEST(rep_quiesce_first, "REP-2")
{
	struct prog *p = prog_start("calls");
	struct recorder *asks = rec_new(), *both = rec_new(), *q = rec_new();
	struct rec_entry *e, *before;
	unsigned int i, n;

	CHECK_EQ(rec_attach(both, prog_task(p), EV(QUIESCE) |
			    EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(q, prog_task(p), EV(QUIESCE)), 0);
	CHECK(one_call(p));
	/* Nobody asks for entries. */
	CHECK_EQ(rec_count_arg(q, REC_QUIESCE, EV(SYSCALL_ENTRY)), 0);
	CHECK_EQ(rec_count_arg(both, REC_QUIESCE, EV(SYSCALL_ENTRY)), 0);

	e = seen(both, REC_SYSCALL_EXIT);
	CHECK(e);
	for (i = 0; rec_at(both, i) != e; i++)
		;
	CHECK(i > 0);
	before = rec_at(both, i - 1);
	CHECK_EQ(before->event, REC_QUIESCE);
	CHECK_EQ(before->arg[0], EV(SYSCALL_EXIT));
	CHECK_EQ(before->seq + 1, e->seq);
	/* One for the other, which did not ask, and after this one. */
	CHECK(rec_find(q, REC_QUIESCE, 0, EV(SYSCALL_EXIT)));
	CHECK_EQ(rec_count_arg(q, REC_QUIESCE, EV(SYSCALL_EXIT)),
		 rec_count(both, REC_SYSCALL_EXIT));
	CHECK_EQ(rec_count_arg(both, REC_QUIESCE, EV(SYSCALL_EXIT)),
		 rec_count(both, REC_SYSCALL_EXIT));
	CHECK_EQ(rec_count(q, REC_SYSCALL_EXIT), 0);

	n = rec_count_arg(q, REC_QUIESCE, EV(SYSCALL_ENTRY));
	CHECK_EQ(rec_attach(asks, prog_task(p), EV(SYSCALL_ENTRY)), 0);
	CHECK(one_call(p));
	CHECK_EQ(rec_count_arg(q, REC_QUIESCE, EV(SYSCALL_ENTRY)) - n,
		 rec_count(asks, REC_SYSCALL_ENTRY));
	CHECK_EQ(rec_count(asks, REC_QUIESCE), 0);
}

TEST(rep_no_quiesce_before_reap, "REP-2 DTH-4")
{
	struct prog *p = prog_start("exits", "0");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(DEATH) |
			    EV(REAP) | EV(EXIT)), 0);
	prog_go(p);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK_EQ(rec_count_arg(r, REC_QUIESCE, EV(REAP)), 0);
	CHECK_EQ(rec_count_arg(r, REC_QUIESCE, EV(EXIT)), 1);
	CHECK_EQ(rec_count_arg(r, REC_QUIESCE, EV(DEATH)), 1);
	CHECK(rec_find(r, REC_QUIESCE, 0, EV(EXIT))->seq <
	      rec_nth(r, REC_EXIT, 0)->seq);
	CHECK(rec_nth(r, REC_EXIT, 0)->seq <
	      rec_find(r, REC_QUIESCE, 0, EV(DEATH))->seq);
	CHECK(rec_find(r, REC_QUIESCE, 0, EV(DEATH))->seq <
	      rec_nth(r, REC_DEATH, 0)->seq);
	CHECK(rec_nth(r, REC_DEATH, 0)->seq < rec_nth(r, REC_REAP, 0)->seq);
}

static u32 detach_at_exit_pass(struct recorder *r, struct rec_call *c)
{
	return c->arg[0] == EV(SYSCALL_EXIT) ? UTRACE_DETACH :
	       rec_default(r, c);
}

TEST(rep_quiesce_detaches, "REP-3 REP-8")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *other = rec_new();

	rec_hook_set(r, REC_QUIESCE, detach_at_exit_pass);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(SYSCALL_EXIT)),
		 0);
	CHECK_EQ(rec_attach(other, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(one_call(p));
	CHECK_EQ(rec_barrier(r), -ESRCH);
	CHECK_EQ(rec_count_arg(r, REC_QUIESCE, EV(SYSCALL_EXIT)), 1);
	CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), 0);
	/* Alone: the other one goes on, from this very pass. */
	CHECK(seen(other, REC_SYSCALL_EXIT));
}

static u32 take_away(struct recorder *r, struct rec_call *c)
{
	if (c->arg[0] == EV(SYSCALL_EXIT))
		EXPECT_EQ(utrace_set_events(current, c->engine, EV(QUIESCE)),
			  0);
	return rec_default(r, c);
}

static u32 put_in(struct recorder *r, struct rec_call *c)
{
	if (c->arg[0] == EV(SYSCALL_EXIT))
		EXPECT_EQ(utrace_set_events(current, c->engine, EV(QUIESCE) |
					    EV(SYSCALL_EXIT)), 0);
	return rec_default(r, c);
}

/* What quiesce sets decides whether the callback for this event follows. */
TEST(rep_quiesce_sets_events, "REP-3")
{
	struct prog *p = prog_start("calls");
	struct recorder *less = rec_new(), *more = rec_new(), *r = rec_new();
	unsigned int i;

	rec_hook_set(less, REC_QUIESCE, take_away);
	rec_hook_set(more, REC_QUIESCE, put_in);
	CHECK_EQ(rec_attach(less, prog_task(p), EV(QUIESCE) |
			    EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(more, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(one_call(p));
	CHECK(rec_count_arg(less, REC_QUIESCE, EV(SYSCALL_EXIT)) > 0);
	CHECK_EQ(rec_count(less, REC_SYSCALL_EXIT), 0);
	CHECK_EQ(rec_count(more, REC_SYSCALL_EXIT),
		 rec_count_arg(more, REC_QUIESCE, EV(SYSCALL_EXIT)));
	for (i = 0; rec_at(more, i)->event != REC_QUIESCE ||
	     rec_at(more, i)->arg[0] != EV(SYSCALL_EXIT); i++)
		;
	CHECK(rec_at(more, i + 1));
	CHECK_EQ(rec_at(more, i + 1)->event, REC_SYSCALL_EXIT);
	CHECK_EQ(rec_at(more, i + 1)->seq, rec_at(more, i)->seq + 1);
}

/* The smallest action so far is what the next one is handed. */
TEST(rep_action_is_smallest, "REP-4")
{
	/* At entry, so that steps lapse in the exit pass (REP-5). */
	static const struct { u32 first, second, third; } table[] = {
		/* returned, returned, handed to the third */
		{ UTRACE_RESUME, UTRACE_RESUME, UTRACE_RESUME },
		{ UTRACE_REPORT, UTRACE_RESUME, UTRACE_REPORT },
		{ UTRACE_RESUME, UTRACE_REPORT, UTRACE_REPORT },
		{ UTRACE_SINGLESTEP, UTRACE_RESUME, UTRACE_SINGLESTEP },
		{ UTRACE_SINGLESTEP, UTRACE_BLOCKSTEP, UTRACE_SINGLESTEP },
		{ UTRACE_BLOCKSTEP, UTRACE_REPORT, UTRACE_REPORT },
		{ UTRACE_REPORT, UTRACE_SINGLESTEP, UTRACE_REPORT },
		{ UTRACE_INTERRUPT, UTRACE_REPORT, UTRACE_INTERRUPT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct prog *p = prog_start("calls");
		struct recorder *r[3];
		struct rec_entry *e;
		int j;

		for (j = 0; j < 3; j++) {
			r[j] = rec_new();
			CHECK_EQ(rec_attach(r[j], prog_task(p),
					    UTRACE_EVENT_SYSCALL), 0);
		}
		/* Entry passes are reversed: r[2] is called first. */
		return_once(r[2], REC_SYSCALL_ENTRY, table[i].first);
		return_once(r[1], REC_SYSCALL_ENTRY, table[i].second);
		prog_go(p);
		CHECK(prog_expect(p, "done"));
		e = seen(r[2], REC_SYSCALL_ENTRY);
		CHECK(e);
		CHECK_EQ(e->action, UTRACE_RESUME);
		e = seen(r[1], REC_SYSCALL_ENTRY);
		CHECK(e);
		CHECK_EQ(utrace_resume_action(e->action), table[i].first);
		e = seen(r[0], REC_SYSCALL_ENTRY);
		CHECK(e);
		if (!EXPECT_EQ(utrace_resume_action(e->action),
			       table[i].third))
			h_note("row %u", i);
		for (j = 0; j < 3; j++)
			CHECK(rec_detach(r[j]));
	}
}

/* STOP, and DETACH, which is no smaller than RESUME. */
TEST(rep_action_stop_and_detach, "REP-4 REP-8")
{
	struct prog *p = prog_start("calls");
	struct recorder *stop = rec_new(), *detach = rec_new(),
			*last = rec_new();

	CHECK_EQ(rec_attach(detach, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(stop, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(last, prog_task(p), EV(SYSCALL_EXIT)), 0);
	return_once(detach, REC_SYSCALL_EXIT, UTRACE_DETACH);
	return_once(stop, REC_SYSCALL_EXIT, UTRACE_STOP);
	prog_go(p);
	CHECK(rec_wait_held(stop));
	CHECK_EQ(seen(stop, REC_SYSCALL_EXIT)->action, UTRACE_RESUME);
	CHECK_EQ(seen(last, REC_SYSCALL_EXIT)->action, UTRACE_STOP);
	CHECK_EQ(rec_barrier(detach), -ESRCH);
	CHECK_EQ(rec_control(stop, UTRACE_RESUME), 0);
	CHECK(prog_expect(p, "done"));
}

/* An action of an earlier pass does not stand in the next one's way. */
TEST(rep_action_starts_anew, "REP-4")
{
	struct prog *p = prog_start("calls");
	struct recorder *a = rec_new(), *b = rec_new();
	struct rec_entry *e;
	unsigned int i;

	CHECK_EQ(rec_attach(a, prog_task(p), UTRACE_EVENT_SYSCALL), 0);
	CHECK_EQ(rec_attach(b, prog_task(p), UTRACE_EVENT_SYSCALL), 0);
	return_once(a, REC_SYSCALL_ENTRY, UTRACE_REPORT);
	CHECK(one_call(p));
	CHECK(one_call(p));
	for (i = 0; (e = rec_at(a, i)); i++)
		if (e->event == REC_SYSCALL_EXIT)
			CHECK_EQ(e->action, UTRACE_RESUME);
}

/* What an earlier engine decided about the event itself goes along. */
TEST(rep_event_bits_carried, "REP-4 SYS-3")
{
	struct prog *p = prog_start("calls");
	struct recorder *last = rec_new(), *first = rec_new();

	CHECK_EQ(rec_attach(last, prog_task(p), UTRACE_EVENT_SYSCALL), 0);
	CHECK_EQ(rec_attach(first, prog_task(p), EV(SYSCALL_ENTRY)), 0);
	return_once(first, REC_SYSCALL_ENTRY, UTRACE_RESUME |
		    UTRACE_SYSCALL_ABORT);
	CHECK(one_call(p));
	CHECK_EQ(seen(last, REC_SYSCALL_ENTRY)->action,
		 UTRACE_RESUME | UTRACE_SYSCALL_ABORT);
	CHECK_EQ((long)seen(last, REC_SYSCALL_EXIT)->arg[1], -ENOSYS);
}

static u32 ignore_usr1(struct recorder *r, struct rec_call *c)
{
	if (c->arg[0] == SIGUSR1)
		return UTRACE_RESUME | UTRACE_SIGNAL_IGN;
	return rec_default(r, c);
}

TEST(rep_signal_bits_carried, "REP-4 REP-11")
{
	struct prog *p = prog_start("signals");
	struct recorder *first = rec_new(), *last = rec_new();
	struct rec_entry *e;

	rec_hook_set(first, REC_SIGNAL, ignore_usr1);
	CHECK_EQ(rec_attach(first, prog_task(p), UTRACE_EVENT_SIGNAL_ALL), 0);
	CHECK_EQ(rec_attach(last, prog_task(p), UTRACE_EVENT_SIGNAL_ALL), 0);
	prog_say(p, "raise %d", SIGUSR1);
	CHECK(prog_expect(p, "done 0"));
	e = rec_find(first, REC_SIGNAL, 0, SIGUSR1);
	CHECK(e);
	CHECK_EQ(e->action, UTRACE_RESUME | UTRACE_SIGNAL_TERM);
	e = rec_find(last, REC_SIGNAL, 0, SIGUSR1);
	CHECK(e);
	CHECK_EQ(e->action, UTRACE_RESUME | UTRACE_SIGNAL_IGN);
}

/* Zero replaces too: DELIVER brings back the default that IGN had averted. */
TEST(rep_signal_zero_replaces, "REP-11 SIG-5")
{
	struct prog *p = prog_start("signals");
	struct recorder *first = rec_new(), *last = rec_new();

	rec_hook_set(first, REC_SIGNAL, ignore_usr1);
	rec_ret(last, REC_SIGNAL, REC_EXACT | UTRACE_RESUME |
		UTRACE_SIGNAL_DELIVER);
	CHECK_EQ(rec_attach(first, prog_task(p), UTRACE_EVENT_SIGNAL_ALL), 0);
	CHECK_EQ(rec_attach(last, prog_task(p), UTRACE_EVENT_SIGNAL_ALL), 0);
	prog_say(p, "raise %d", SIGUSR1);
	CHECK_EQ(prog_wait(p), KILLED(SIGUSR1));
	CHECK(rec_find(last, REC_SIGNAL, 0, SIGUSR1));
}

TEST(rep_syscall_zero_replaces, "REP-11 SYS-3")
{
	struct prog *p = prog_start("calls");
	struct recorder *last = rec_new(), *first = rec_new();

	CHECK_EQ(rec_attach(last, prog_task(p), UTRACE_EVENT_SYSCALL), 0);
	CHECK_EQ(rec_attach(first, prog_task(p), EV(SYSCALL_ENTRY)), 0);
	return_once(first, REC_SYSCALL_ENTRY, UTRACE_RESUME |
		    UTRACE_SYSCALL_ABORT);
	return_once(last, REC_SYSCALL_ENTRY, UTRACE_RESUME |
		    UTRACE_SYSCALL_RUN);
	CHECK(one_call(p));
	CHECK((long)seen(last, REC_SYSCALL_EXIT)->arg[1] > 0);
}

/* report_quiesce sees the resume action alone, and cannot touch the bits. */
TEST(rep_quiesce_leaves_bits, "REP-11")
{
	struct prog *p = prog_start("calls");
	struct recorder *last = rec_new(), *q = rec_new(), *first = rec_new();
	struct rec_entry *e;
	unsigned int i;

	CHECK_EQ(rec_attach(last, prog_task(p), UTRACE_EVENT_SYSCALL), 0);
	CHECK_EQ(rec_attach(q, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(first, prog_task(p), EV(SYSCALL_ENTRY)), 0);

	return_once(first, REC_SYSCALL_ENTRY, UTRACE_RESUME |
		    UTRACE_SYSCALL_ABORT);
	CHECK(one_call(p));
	for (i = 0; (e = rec_at(q, i)); i++)
		if (e->event == REC_QUIESCE)
			CHECK_EQ(e->action & ~UTRACE_RESUME_MASK, 0);
	e = seen(last, REC_SYSCALL_ENTRY);
	CHECK(e);
	CHECK_EQ(e->action, UTRACE_RESUME | UTRACE_SYSCALL_ABORT);
	CHECK_EQ((long)seen(last, REC_SYSCALL_EXIT)->arg[1], -ENOSYS);

	/* Bits that quiesce returns are nothing. */
	rec_ret(q, REC_QUIESCE, REC_EXACT | UTRACE_RESUME |
		UTRACE_SYSCALL_ABORT);
	CHECK(one_call(p));
	e = rec_last(last, REC_SYSCALL_EXIT);
	CHECK(e);
	e = NULL;
	for (i = 0; rec_at(last, i); i++)
		if (rec_at(last, i)->event == REC_SYSCALL_EXIT &&
		    rec_at(last, i)->arg[0] == __NR_getppid)
			e = rec_at(last, i);
	CHECK(e && (long)e->arg[1] > 0);
}

/* REPORT, by whichever engine, is not hidden by the other's RESUME. */
TEST(rep_smallest_prevails, "REP-5 REP-7 SIG-2")
{
	int who, ret;

	for (ret = UTRACE_INTERRUPT; ret <= UTRACE_REPORT; ret++)
		for (who = 0; who < 2; who++) {
			struct prog *p = prog_start("calls");
			struct recorder *r[2] = { rec_new(), rec_new() };
			struct rec_entry *e, *report = NULL;
			unsigned int i;

			CHECK_EQ(rec_attach(r[0], prog_task(p), EV(QUIESCE) |
					    UTRACE_EVENT_SYSCALL), 0);
			CHECK_EQ(rec_attach(r[1], prog_task(p), EV(QUIESCE) |
					    UTRACE_EVENT_SYSCALL), 0);
			return_once(r[who], REC_SYSCALL_EXIT, ret);
			CHECK(one_call(p));
			/* Between the end of getppid and the next entry. */
			for (i = 0; (e = rec_at(r[0], i)); i++)
				if (is_report(e) && !report && e->seq >
				    seen(r[0], REC_SYSCALL_EXIT)->seq)
					report = e;
			if (!EXPECT(report != NULL)) {
				h_note("return %d of engine %d", ret, who);
				rec_dump(r[0]);
				return;
			}
			e = rec_find(r[0], REC_SYSCALL_ENTRY, 0, __NR_write);
			CHECK(e && report->seq < e->seq);
			for (i = 0; i < 2; i++)
				CHECK(rec_detach(r[i]));
		}
}

/* A REPORT or step asked for at entry lapses when the exit pass begins;
 * INTERRUPT stands. */
TEST(rep_report_lapses, "REP-5")
{
	static const struct { u32 ret; unsigned int reports; } table[] = {
		{ UTRACE_REPORT, 0 },
		{ UTRACE_SINGLESTEP, 0 },
		{ UTRACE_INTERRUPT, 1 },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct prog *p = prog_start("calls");
		struct recorder *r = rec_new();
		unsigned int before = 0, after = 0;
		struct rec_entry *e;

		CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) |
				    UTRACE_EVENT_SYSCALL |
				    UTRACE_EVENT_SIGNAL_ALL), 0);
		return_once(r, REC_SYSCALL_ENTRY, table[i].ret);
		CHECK(one_call(p));
		/* Count reports and traps after the getppid began. */
		CHECK(seen(r, REC_SYSCALL_ENTRY));
		for (j = 0; (e = rec_at(r, j)); j++) {
			bool report = is_report(e) || e->event == REC_SIGNAL;

			if (e->seq > seen(r, REC_SYSCALL_ENTRY)->seq)
				after += report;
			else
				before += report;
		}
		if (!EXPECT_EQ(after > 0, table[i].reports > 0)) {
			h_note("row %u, %u reports before", i, before);
			rec_dump(r);
		}
		CHECK(rec_detach(r));
	}
}

/* One engine's stop, whatever others return or ask for. */
TEST(rep_stop_is_sticky, "REP-5 REP-6 CTL-4")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *other = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(other, prog_task(p), EV(QUIESCE) |
			    UTRACE_EVENT_SYSCALL), 0);
	return_once(r, REC_SYSCALL_EXIT, UTRACE_STOP);
	prog_go(p);
	CHECK(rec_wait_held(r));
	CHECK(holds_still(r));
	/* The other one wants nothing, and then all sorts of things. */
	CHECK_EQ(rec_control(other, UTRACE_RESUME), 0);
	CHECK(holds_still(r));
	CHECK_EQ(rec_control(other, UTRACE_REPORT), 0);
	CHECK_EQ(rec_control(other, UTRACE_STOP), 0);
	CHECK_EQ(rec_control(other, UTRACE_RESUME), 0);
	CHECK_EQ(rec_control(other, UTRACE_DETACH), 0);
	CHECK(holds_still(r));
	CHECK(!rec_find(r, REC_SYSCALL_EXIT, 0, __NR_write));
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(prog_expect(p, "done"));
}

/* Two stops: the end of one is not the end of the other. */
TEST(rep_two_stops, "REP-6 CTL-4 CTL-8")
{
	struct prog *p = prog_start("calls");
	struct recorder *a = rec_new(), *b = rec_new();

	CHECK_EQ(rec_attach(a, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(b, prog_task(p), EV(SYSCALL_EXIT)), 0);
	return_once(a, REC_SYSCALL_EXIT, UTRACE_STOP);
	return_once(b, REC_SYSCALL_EXIT, UTRACE_STOP);
	prog_go(p);
	CHECK(rec_wait_held(a));
	CHECK_EQ(rec_control(b, UTRACE_STOP), 0);
	CHECK_EQ(rec_control(a, UTRACE_RESUME), 0);
	CHECK(held_still(b) && holds_still(b));
	CHECK_EQ(rec_control(a, UTRACE_STOP), 0);
	CHECK_EQ(rec_control(b, UTRACE_DETACH), 0);
	CHECK(held_still(a) && holds_still(a));
	CHECK_EQ(rec_control(a, UTRACE_DETACH), 0);
	CHECK(prog_expect(p, "done"));
}

/* With QUIESCE the last pass, event 0, asks again; RESUME there ends it. */
TEST(rep_stop_taken_back, "REP-6 REP-7")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(SYSCALL_EXIT)),
		 0);
	return_once(r, REC_SYSCALL_EXIT, UTRACE_STOP);
	CHECK(one_call(p));		/* never stopped */
	CHECK(seen(r, REC_SYSCALL_EXIT));
	CHECK(last_report(r) > seen(r, REC_SYSCALL_EXIT)->seq);
}

/* STOP at getppid, and in all that comes after. */
static u32 stop_for_good(struct recorder *r, struct rec_call *c)
{
	if (c->arg[0] != __NR_getppid)
		return rec_default(r, c);
	rec_ret(r, REC_SIGNAL, UTRACE_STOP);
	rec_ret(r, REC_QUIESCE, UTRACE_STOP);
	return UTRACE_STOP;
}

TEST(rep_stop_confirmed, "REP-7 STA-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(SYSCALL_EXIT)),
		 0);
	/* The event-0 pass, whichever callback it is, answers STOP again. */
	rec_hook_set(r, REC_SYSCALL_EXIT, stop_for_good);
	prog_go(p);
	CHECK(rec_wait_getppid(r));
	CHECK(wait_until(rec_last(r, REC_SYSCALL_EXIT)->seq <
			 last_report(r)));
	CHECK(rec_wait_held(r));
	CHECK(holds_still(r));
	CHECK(task_utrace_flags(r->task) & (1UL << _UTRACE_NEVENTS));
	CHECK(rec_resume(r));
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(task_utrace_flags(r->task),
		 EV(QUIESCE) | EV(SYSCALL_EXIT) | EV(REAP));
}

/* Without QUIESCE nobody is asked again: it keeps the stop. */
TEST(rep_stop_kept_unasked, "REP-7")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	return_once(r, REC_SYSCALL_EXIT, UTRACE_STOP);
	prog_go(p);
	CHECK(rec_wait(r, REC_SYSCALL_EXIT, 1));
	CHECK(rec_wait_held(r));
	CHECK(holds_still(r));
	CHECK_EQ(rec_count(r, REC_QUIESCE), 0);
	CHECK_EQ(rec_count(r, REC_SIGNAL), 0);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(rec_count(r, REC_QUIESCE), 0);
}

/* Each of an engine's own controls ends its stop. */
TEST(rep_own_control_ends_stop, "REP-6 CTL-4 CTL-5 CTL-6 CTL-8")
{
	static const enum utrace_resume_action action[] = {
		UTRACE_RESUME, UTRACE_REPORT, UTRACE_INTERRUPT, UTRACE_DETACH,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(action); i++) {
		struct prog *p = prog_start("calls");
		struct recorder *r = rec_new();

		CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
		CHECK(rec_halt(r));
		rec_ret_all(r, UTRACE_RESUME);
		CHECK_EQ(rec_control(r, action[i]), 0);
		CHECK(one_call(p));
		if (action[i] != UTRACE_DETACH)
			CHECK(rec_detach(r));
	}
}

/* DETACH returned: that engine, after that callback, and no other. */
TEST(rep_return_detach, "REP-8 ENG-4")
{
	struct prog *p = prog_start("calls");
	struct recorder *a = rec_new(), *r = rec_new(), *b = rec_new();

	CHECK_EQ(rec_attach(a, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(b, prog_task(p), EV(SYSCALL_EXIT)), 0);
	return_once(r, REC_SYSCALL_EXIT, UTRACE_DETACH);
	CHECK(one_call(p));
	CHECK(one_call(p));
	CHECK_EQ(rec_barrier(r), -ESRCH);
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
	CHECK_EQ(rec_count_arg(a, REC_SYSCALL_EXIT, __NR_getppid), 2);
	CHECK_EQ(rec_count_arg(b, REC_SYSCALL_EXIT, __NR_getppid), 2);
	CHECK_EQ(rec_count(r, REC_RELEASE), 0);
	rec_put(r);
	CHECK(wait_until(rec_count(r, REC_RELEASE) == 1));
}

/* DETACH from elsewhere during the callback: its STOP is nothing then. */
TEST(rep_detach_overrides_return, "REP-10 CTL-8")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *next = rec_new();
	struct gate *gate = gate_new();

	rec_hold(r, REC_SYSCALL_EXIT, gate);
	rec_ret(r, REC_SYSCALL_EXIT, UTRACE_STOP);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(next, prog_task(p), EV(SYSCALL_EXIT)), 0);
	prog_go(p);
	CHECK(gate_busy(gate));
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -EINPROGRESS);
	gate_open(gate);
	CHECK_EQ(rec_barrier(r), -ESRCH);
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), 1);
	CHECK_EQ(rec_nth(r, REC_SYSCALL_EXIT, 0)->ret, UTRACE_STOP);
	/* nor is it what the next engine is handed */
	CHECK_EQ(rec_nth(next, REC_SYSCALL_EXIT, 0)->action, UTRACE_RESUME);
	CHECK(one_call(p));
}

/*
 * A thread that reports all the time does not starve one of its own process that
 * does little.
 */
TEST(rep_busy_starves_nobody, "REP-9")
{
	struct prog *p = prog_start("crew", "1");
	struct recorder *b = rec_new(), *r = rec_new();
	int i;

	CHECK_EQ(rec_attach(b, prog_thread(p, 0), UTRACE_EVENT_SYSCALL), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), UTRACE_EVENT_SYSCALL), 0);
	prog_say(p, "at 0 busy");
	CHECK(rec_wait(b, REC_SYSCALL_EXIT, 10));
	for (i = 0; i < 50; i++)
		CHECK(getppid_of(p) > 0);
	CHECK(wait_until(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid) ==
			 50));
	/* It is still at it. */
	i = rec_count(b, REC_SYSCALL_EXIT);
	CHECK(wait_until((int)rec_count(b, REC_SYSCALL_EXIT) > i + 1000));
}
