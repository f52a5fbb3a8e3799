// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sections 16 and 17 of the contract (noninvasiveness in its basics; status,
 * start and stop), and what a host says that it cannot do.
 */
#include "told.h"

#define HELD	(1UL << _UTRACE_NEVENTS)	/* bit 14 */

/* ---- status -------------------------------------------------------------- */

TEST(sta_flags, "STA-1")
{
	struct prog *p = prog_start("calls");
	struct task_struct *t = prog_task(p);
	struct recorder *a = rec_new(), *b = rec_new();

	CHECK_EQ(task_utrace_flags(t), 0);
	CHECK_EQ(rec_attach(a, t, 0), 0);
	CHECK_EQ(task_utrace_flags(t), EV(REAP));
	CHECK_EQ(rec_attach(b, t, EV(EXEC) | EV(QUIESCE)), 0);
	CHECK_EQ(task_utrace_flags(t), EV(REAP) | EV(EXEC) | EV(QUIESCE));
	CHECK_EQ(rec_events(a, EV(EXEC) | EV(CLONE)), 0);
	CHECK_EQ(task_utrace_flags(t),
		 EV(REAP) | EV(EXEC) | EV(QUIESCE) | EV(CLONE));
	/* While one holds a stop. */
	CHECK(rec_halt(b));
	CHECK_EQ(task_utrace_flags(t),
		 EV(REAP) | EV(EXEC) | EV(QUIESCE) | EV(CLONE) | HELD);
	CHECK_EQ(rec_control(a, UTRACE_STOP), 0);
	CHECK(rec_resume(b));
	CHECK(task_utrace_flags(t) & HELD);
	CHECK_EQ(rec_control(a, UTRACE_RESUME), 0);
	CHECK_EQ(task_utrace_flags(t) & HELD, 0);
	CHECK(one_call(p));
	CHECK_EQ(rec_events(b, 0), 0);
	CHECK_EQ(task_utrace_flags(t), EV(REAP) | EV(EXEC) | EV(CLONE));
	CHECK_EQ(rec_control(a, UTRACE_DETACH), 0);
	CHECK_EQ(task_utrace_flags(t), EV(REAP));
	CHECK_EQ(rec_control(b, UTRACE_DETACH), 0);
	CHECK_EQ(task_utrace_flags(t), 0);
	CHECK(one_call(p));
}

/* After death REAP at most, a stop held by an engine or not; then nothing. */
TEST(sta_flags_after_death, "STA-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(DEATH) |
			    EV(REAP) | EV(EXIT)), 0);
	CHECK(rec_halt(r));
	prog_signal(p, SIGKILL);
	CHECK(prog_wait_zombie(p));
	CHECK(rec_wait(r, REC_DEATH, 1));
	CHECK_EQ(rec_barrier(r), 0);
	CHECK_EQ(task_utrace_flags(prog_task(p)), EV(REAP));
	CHECK_EQ(prog_wait(p), KILLED(SIGKILL));
	CHECK(wait_until(rec_barrier(r) == -ESRCH));
	CHECK_EQ(task_utrace_flags(prog_task(p)), 0);
}

/* ---- start and stop ------------------------------------------------------ */

TEST(sta_init_and_exit, "STA-2")
{
	int i;

	CHECK_EQ(utrace_init(), -EALREADY);
	CHECK_EQ(utrace_exit(), -EBUSY);
	for (i = 0; i < 3; i++) {
		struct prog *p = prog_start("calls");
		struct recorder *r = rec_new();

		CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
		CHECK(one_call(p));
		CHECK(rec_count(r, REC_SYSCALL_EXIT) > 0);
		prog_signal(p, SIGKILL);
		CHECK_EQ(prog_wait(p), KILLED(SIGKILL));
		CHECK_EQ(utrace_shutdown(), 0);
		CHECK_EQ(utrace_shutdown(), -ESRCH);
		rec_put(r);
		h_put_handles();
		/* Once without utrace_exit(): the header allows that. */
		if (i != 1)
			CHECK_EQ(utrace_exit(), 0);
		CHECK_EQ(utrace_init(), 0);
	}
}

/* Every engine is detached, its thread runs on, and no callback comes. */
TEST(sta_shutdown_detaches, "STA-2 INV-1")
{
	struct prog *runs = prog_start("calls"), *stopped = prog_start("calls");
	struct recorder *r = rec_new(), *s = rec_new();
	struct utrace_engine *e;
	unsigned int n;

	CHECK_EQ(rec_attach(r, prog_task(runs), EV(QUIESCE) |
			    UTRACE_EVENT_SYSCALL), 0);
	CHECK_EQ(rec_attach(s, prog_task(stopped), EV(QUIESCE)), 0);
	CHECK(rec_halt(s));
	prog_say(runs, "calls 20000");
	CHECK(rec_wait(r, REC_SYSCALL_EXIT, 10));
	CHECK_EQ(utrace_shutdown(), 0);
	n = rec_total(r);
	CHECK_EQ(rec_finished(r, REC_SYSCALL_EXIT),
		 rec_count(r, REC_SYSCALL_EXIT));
	CHECK(prog_expect(runs, "done"));
	CHECK(one_call(stopped));
	CHECK_EQ(rec_total(r), n);
	/* The memory stays valid; all calls say that it is over. */
	CHECK_EQ(rec_control(s, UTRACE_RESUME), -ESRCH);
	CHECK_EQ(rec_control(s, UTRACE_DETACH), -ESRCH);
	CHECK_EQ(utrace_set_events(s->task, s->engine, 0), -ESRCH);
	CHECK_EQ(rec_barrier(s), -ESRCH);
	CHECK(s->engine->data == s);
	CHECK_EQ(rec_count(s, REC_RELEASE), 0);
	e = utrace_attach_task(prog_task(runs), UTRACE_ATTACH_CREATE, r->use,
			       NULL);
	CHECK_ERR(e, -ESRCH);
	CHECK(one_call(runs));
	CHECK_EQ(rec_total(r), n);
}

static long do_shutdown(void *arg)
{
	(void)arg;
	return utrace_shutdown();
}

/* It returns when no callback can run: it waits for one that does. */
TEST(sta_shutdown_waits, "STA-2")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct gate *gate = gate_new();
	struct h_thread *t;

	rec_hold(r, REC_SYSCALL_EXIT, gate);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	prog_go(p);
	CHECK(gate_busy(gate));
	t = h_thread(do_shutdown, NULL);
	CHECK(h_thread_settled(t));
	CHECK(!h_thread_done(t));
	gate_open(gate);
	CHECK_EQ(h_join(t), 0);
	CHECK_EQ(rec_finished(r, REC_SYSCALL_EXIT), 1);
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), 1);
}

/* Beside another tracer of the system's own kind. */
TEST(sta_beside_ptrace, "STA-3")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	char text[300];
	unsigned int i;

	CHECK_EQ(prog_native_trace(p), 0);
	if (cap_full("STA-3") && !host_is("ptrace")) {
		CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
		CHECK(one_call(p));
		CHECK(rec_find(r, REC_SYSCALL_EXIT, 0, __NR_getppid));
		return;
	}
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), -EPERM);
	memset(text, 0, sizeof(text));
	CHECK(h_explain_attach(prog_tid(p), -EPERM, text, sizeof(text)) > 10);
	/* A sentence that speaks of tracing, with no period, no newline. */
	CHECK(strstr(text, "trac"));
	CHECK(!strchr(text, '\n'));
	CHECK(text[strlen(text) - 1] != '.');
	for (i = 0; i < 2; i++)
		CHECK(one_call(p));
	CHECK_EQ(rec_total(r), 0);
}

/* ---- noninvasiveness ----------------------------------------------------- */

/*
 * System calls that end with EINTR where the kernel is interrupted, and an
 * untraced program would not be: attached to, stopped by no one, detached.
 */
static void waits(const char *what)
{
	struct prog *p = prog_start("waits", what);
	struct recorder *r = rec_new(), *s = rec_new();
	const struct utrace_capability *lacks = cap_entry("INV-1");

	if (lacks && strstr(lacks->what, what))
		SKIP("the host's table names this call (INV-1)");
	prog_go(p);
	CHECK(prog_expect(p, "waiting"));
	CHECK(wait_until(prog_state(p) == 'S'));
	/* Each by itself first: what is done about one might hide another. */
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(EXIT)), 0);
	CHECK(wait_until(prog_state(p) == 'S'));
	CHECK_EQ(rec_events(r, EV(QUIESCE) | UTRACE_EVENT_SYSCALL), 0);
	CHECK(wait_until(prog_state(p) == 'S'));
	/* A signal that does nothing by default, and that nobody asks for. */
	prog_signal(p, SIGWINCH);
	CHECK(wait_until(prog_state(p) == 'S'));
	CHECK_EQ(rec_attach(s, prog_task(p), EV(SIGNAL)), 0);
	CHECK_EQ(rec_events(r, EV(CLONE)), 0);
	prog_signal(p, SIGWINCH);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);
	CHECK_EQ(rec_control(s, UTRACE_DETACH), 0);
	if (!strcmp(what, "sigtimedwait"))
		prog_signal(p, SIGUSR2);
	else if (strcmp(what, "sleep"))
		prog_go(p);
	CHECK(prog_expect(p, "done"));
}

/*
 * The same while an engine hears of a signal that is ignored: that is reported, at
 * once or when the call ends.
 */
static void waits_ignoring(const char *what)
{
	struct prog *p = prog_start("waits", what);
	struct recorder *r = rec_plain(prog_task(p), EV(SIGNAL_IGN));
	const struct utrace_capability *lacks = cap_entry("INV-1");
	int i;

	if (lacks && strstr(lacks->what, what))
		SKIP("the host's table names this call (INV-1)");
	prog_go(p);
	CHECK(prog_expect(p, "waiting"));
	for (i = 0; i < 3; i++) {
		CHECK(wait_until(prog_state(p) == 'S'));
		prog_signal(p, i == 1 ? SIGCHLD : SIGWINCH);
	}
	CHECK(wait_until(prog_state(p) == 'S'));
	if (!strcmp(what, "sigtimedwait"))
		prog_signal(p, SIGUSR2);
	else if (strcmp(what, "sleep"))
		prog_go(p);
	CHECK(prog_expect(p, "done"));
	CHECK(rec_wait(r, REC_SIGNAL, 2));
	CHECK(rec_count_arg(r, REC_SIGNAL, SIGWINCH) >= 1);
	CHECK_EQ(rec_count_arg(r, REC_SIGNAL, SIGCHLD), 1);
	CHECK_EQ(rec_last(r, REC_SIGNAL)->arg[1], UTRACE_SIGNAL_IGN);
}

TEST(inv_ignored_in_epoll, "INV-1 SIG-1") { waits_ignoring("epoll"); }
TEST(inv_ignored_in_poll, "INV-1 SIG-1") { waits_ignoring("poll"); }
TEST(inv_ignored_in_select, "INV-1 SIG-1") { waits_ignoring("select"); }
TEST(inv_ignored_in_sleep, "INV-1 SIG-1") { waits_ignoring("sleep"); }
TEST(inv_ignored_in_write, "INV-1 SIG-1") { waits_ignoring("write"); }
TEST(inv_ignored_in_sigtimedwait, "INV-1 SIG-1")
{
	waits_ignoring("sigtimedwait");
}

/* Nor does a call take longer for them. */
TEST(inv_ignored_takes_no_time, "INV-1")
{
	struct prog *p = prog_start("waits", "signals");
	struct recorder *r = rec_plain(prog_task(p), EV(SIGNAL_IGN));

	if (!cap_full("INV-1"))
		SKIP("the host's table says so (INV-1)");
	prog_go(p);
	CHECK(prog_expect(p, "waiting"));
	CHECK(prog_get(p, "signals") < 100);
	CHECK(prog_expect(p, "done"));
	CHECK(rec_wait(r, REC_SIGNAL, 1));
}

/* Ignored when it was sent: what the program makes of it later is not for it. */
TEST(inv_ignored_when_sent, "INV-1 SIG-1")
{
	struct prog *p = prog_start("signals");
	struct recorder *r = rec_plain(prog_task(p), EV(SIGNAL_IGN));

	prog_signal(p, SIGWINCH);
	prog_say(p, "handle %d", SIGWINCH);
	CHECK(prog_expect(p, "done 0"));
	CHECK(rec_wait(r, REC_SIGNAL, 1));
	prog_say(p, "handle %d", SIGUSR1);
	CHECK(prog_expect(p, "done 0"));
	prog_signal(p, SIGWINCH);
	prog_say(p, "handle %d", SIGUSR1);
	CHECK(prog_expect(p, "done 1"));
	CHECK_EQ(rec_count(r, REC_SIGNAL), 1);
}

TEST(inv_epoll, "INV-1") { waits("epoll"); }
TEST(inv_poll, "INV-1") { waits("poll"); }
TEST(inv_select, "INV-1") { waits("select"); }
TEST(inv_sigtimedwait, "INV-1") { waits("sigtimedwait"); }
TEST(inv_sleep, "INV-1") { waits("sleep"); }
TEST(inv_write, "INV-1") { waits("write"); }

/* Signals: each once, in a program whose every event is traced. */
TEST(inv_signals, "INV-1")
{
	struct prog *p = prog_start("signals");
	struct recorder *r = rec_new();
	char answer[] = "done 0";
	int i;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) |
			    UTRACE_EVENT_SYSCALL | UTRACE_EVENT_SIGNAL_ALL |
			    EV(CLONE) | EV(EXIT) | EV(JCTL)), 0);
	prog_say(p, "handle %d", SIGUSR1);
	CHECK(prog_expect(p, answer));
	for (i = 1; i < 8; i++) {
		answer[5]++;
		prog_say(p, "raise %d", SIGUSR1);
		CHECK(prog_expect(p, answer));
	}
	prog_say(p, "ignore %d", SIGUSR1);
	CHECK(prog_expect(p, answer));
	prog_say(p, "raise %d", SIGUSR1);
	CHECK(prog_expect(p, answer));
	prog_say(p, "raise %d", SIGTERM);
	CHECK_EQ(prog_wait(p), KILLED(SIGTERM));
	CHECK(wait_until(rec_barrier(r) == -ESRCH));
	CHECK_EQ(rec_count(r, REC_EXIT), 1);
}

/* The parent's view of stops and continues, and the exit status. */
TEST(inv_job_control_and_status, "INV-1")
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN };
	struct prog *p = prog_start("exits", "42");
	struct recorder *r = rec_new();
	unsigned int i;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(EXIT) |
			    EV(DEATH) | UTRACE_EVENT_SIGNAL_ALL), 0);
	for (i = 0; i < ARRAY_LEN(stops); i++) {
		prog_signal(p, stops[i]);
		CHECK_EQ(prog_wait_stopped(p), stops[i]);
		prog_signal(p, SIGCONT);
		CHECK(prog_wait_continued(p));
	}
	prog_go(p);
	CHECK_EQ(prog_wait(p), EXITED(42));
}

PART(as_nobody)
{
	struct recorder *r = rec_new();
	struct task_struct *t = h_task(arg);

	h_part_tell(IS_ERR(t) ? PTR_ERR(t) :
		    rec_attach(r, t, EV(SYSCALL_EXIT)));
}

/* An unprivileged user's engines do not get at root's threads. */
TEST(inv_system_rules, "INV-3")
{
	struct prog *p = prog_start("calls");
	struct h_part *part = h_part_start("as_nobody", prog_tid(p),
					   H_PART_NOBODY);
	long err = 0;

	if (!part)
		SKIP("needs root, to give up, and a host that is a program");
	CHECK(h_part_ask(part, &err));
	CHECK_EQ(err, -EPERM);
	CHECK(one_call(p));
}

/* ---- what a host cannot do ----------------------------------------------- */

TEST(cap_table, "")
{
	static const char *const sections[] = {
		"ENG-", "ATT-", "EVT-", "REP-", "CTL-", "BAR-", "SYS-", "SIG-",
		"CLN-", "EXC-", "EXT-", "DTH-", "JCT-", "KIL-", "EXM-", "INV-",
		"STA-", "NAR-", "OLD-",
	};
	struct utrace_caps caps;
	unsigned int j;
	size_t i, k;

	memset(&caps, 0, sizeof(caps));
	CHECK_EQ(utrace_capabilities(&caps, 0), -EINVAL);
	CHECK_EQ(utrace_capabilities(&caps, 1), -EINVAL);
	CHECK_EQ(utrace_capabilities(&caps, sizeof(caps)), 0);
	CHECK(caps.host && (!strcmp(caps.host, "ptrace") ||
			    !strcmp(caps.host, "kernel")));
	CHECK(!caps.nr || caps.entries);
	for (i = 0; i < caps.nr; i++) {
		const struct utrace_capability *e = &caps.entries[i];

		CHECK(e->id != NULL);
		for (j = 0; j < ARRAY_LEN(sections); j++)
			if (!strncmp(e->id, sections[j], 4))
				break;
		if (!EXPECT(j < ARRAY_LEN(sections)))
			h_note("no statement of the contract: %s", e->id);
		CHECK(e->kept == 0 || e->kept == 1);
		CHECK(e->error <= 0 && e->error > -512);
		CHECK(e->what && e->what[0] && e->why && e->why[0]);
		/* One entry for each statement. */
		for (k = 0; k < i; k++)
			CHECK(strcmp(caps.entries[k].id, e->id));
	}
}

/* Nothing was refused to an engine that asked for nothing. */
TEST(cap_nothing_refused, "")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct utrace_refusal refusal;

	memset(&refusal, 0xff, sizeof(refusal));
	CHECK_EQ(rec_attach(r, prog_task(p), UTRACE_EVENT_SYSCALL), 0);
	CHECK(one_call(p));
	CHECK_EQ(utrace_engine_refused(r->engine, &refusal), -ENOENT);
	CHECK_EQ(refusal.count, 0);
	CHECK(refusal.id == NULL);
	/* Detached makes no difference. */
	while (rec_control(r, UTRACE_DETACH) == -EINPROGRESS)
		;
	CHECK_EQ(utrace_engine_refused(r->engine, &refusal), -ENOENT);
	CHECK_EQ(refusal.count, 0);
}
