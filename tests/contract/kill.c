// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 14: SIGKILL comes first. */
#include "told.h"

#define STOPSIG	19

/* The ways to be stopped by an engine, and what brings a program there. */
static const struct {
	const char *name, *prog, *before, *cmd;
	int event;		/* the callback that returns STOP; -1: halt */
	int sig;		/* instead of a command */
} stops[] = {
	{ "halt", "crew", NULL, NULL, -1, 0 },
	{ "system call entry", "crew", NULL, "call 110",
	  REC_SYSCALL_ENTRY, 0 },
	{ "system call exit", "crew", NULL, "call 110", REC_SYSCALL_EXIT, 0 },
	{ "handler", "handle", "catch 10 0", "raise 10", REC_SIGNAL, 0 },
	{ "ignored signal", "crew", NULL, NULL, REC_SIGNAL, 28 },
	{ "stop signal", "crew", NULL, NULL, REC_SIGNAL, STOPSIG },
	{ "group stop", "crew", NULL, NULL, REC_JCTL, STOPSIG },
	{ "fork", "breed", NULL, "fork", REC_CLONE, 0 },
	{ "vfork", "breed", NULL, "vfork", REC_CLONE, 0 },
	{ "exec", "crew", NULL, "exec", REC_EXEC, 0 },
};

static unsigned long event_mask(int event)
{
	return event == REC_SIGNAL ? UTRACE_EVENT_SIGNAL_ALL : 1UL << event;
}

/* The end of a thread whose engine answers STOP to everything. */
static bool ended(struct recorder *r, unsigned int calls)
{
	return rec_wait(r, REC_REAP, 1) &&
	       EXPECT_EQ(rec_count(r, REC_EXIT), 1) &&
	       EXPECT_EQ(rec_count(r, REC_DEATH), 1) &&
	       EXPECT_EQ(rec_count(r, REC_REAP), 1) &&
	       EXPECT_EQ(rec_count(r, REC_SYSCALL_ENTRY), calls);
}

/*
 * Killed in each kind of stop it dies at once, with no further system call;
 * exit, death and reap are reported, and the STOP returned there is nothing.
 */
TEST(kill_in_stop, "KIL-1 KIL-2 SIG-10 CTL-3")
{
	unsigned int i, calls;

	for (i = 0; i < ARRAY_LEN(stops); i++) {
		struct prog *p = prog_start(stops[i].prog);
		struct recorder *r = rec_new();

		h_note("%s", stops[i].name);
		CHECK(!stops[i].before || do_ok(p, stops[i].before));
		if (stops[i].event < 0) {
			CHECK_EQ(rec_attach(r, prog_task(p), EV_ALL), 0);
			CHECK(rec_halt(r));
		} else {
			/* nothing later asks whether it still wants the stop */
			rec_ret(r, stops[i].event, UTRACE_STOP);
			CHECK_EQ(rec_attach(r, prog_task(p),
					    EV(SYSCALL_ENTRY) | EV(EXIT) |
					    EV(DEATH) | EV(REAP) |
					    event_mask(stops[i].event)), 0);
			if (stops[i].sig)
				prog_signal(p, stops[i].sig);
			else
				prog_say(p, "%s", stops[i].cmd);
			CHECK(stopped_at(r, stops[i].event, 1));
		}
		rec_ret_all(r, UTRACE_STOP);
		calls = rec_count(r, REC_SYSCALL_ENTRY);
		prog_signal(p, 9);
		CHECK_EQ(prog_wait(p), KILLED(9));
		CHECK(ended(r, calls));
	}
}

/* A newborn that has not run yet; its parent lives on. */
static struct recorder *newborn;
static struct task_struct *newborn_task;

static u32 hold_newborn(struct recorder *r, struct rec_call *call)
{
	struct utrace_engine *e;
	int err;

	e = utrace_attach_task(call->child, UTRACE_ATTACH_CREATE,
			       newborn->use, newborn);
	if (EXPECT(!IS_ERR(e))) {
		get_task_struct(call->child);
		newborn_task = call->child;
		rec_adopt(newborn, call->child, e);
		EXPECT_EQ(utrace_set_events(call->child, e,
					    EV_ALL & ~EV(QUIESCE)), 0);
		err = utrace_control(call->child, e, UTRACE_STOP);
		EXPECT(!err || err == -EINPROGRESS);
	}
	return rec_default(r, call);
}

TEST(kill_newborn, "KIL-1 KIL-2 CLN-2")
{
	struct prog *p = prog_start("breed");
	struct recorder *r = rec_new();
	long mark = ask(p, "mark");

	newborn = rec_new();
	rec_ret_all(newborn, UTRACE_STOP);
	rec_hook_set(r, REC_CLONE, hold_newborn);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(CLONE)), 0);
	prog_say(p, "fork");
	CHECK(prog_get(p, "child") > 0);
	CHECK_SO_FAR();
	CHECK(rec_wait_stopped(newborn));
	CHECK(do_ok(p, "kill 9"));
	prog_say(p, "wait");
	CHECK_EQ(prog_get(p, "status"), KILLED(9));
	CHECK(ended(newborn, 0));
	CHECK_EQ(prog_peek32(p, mark), 0);
	put_task_struct(newborn_task);
}

/*
 * A thread that an engine holds, and whose engine answers STOP to everything,
 * does not delay what ends its process: an exit or an exec of a sibling, a
 * fatal signal.
 */
TEST(kill_sibling, "KIL-1 KIL-2 SIG-13 EXC-2")
{
	static const struct {
		const char *cmd;
		int sig, status;	/* status -1: it lives on */
	} ends_[] = {
		{ "call 231 4", 0, EXITED(4) },
		{ "at 1 call 231 4", 0, EXITED(4) },
		{ "exec", 0, -1 },
		{ "at 1 exec", 0, -1 },
		{ NULL, 15, KILLED(15) },
		{ NULL, 9, KILLED(9) },
	};
	unsigned int i, entry, calls;

	for (i = 0; i < 2 * ARRAY_LEN(ends_); i++) {
		struct prog *p = prog_start("crew", "2");
		struct recorder *r = rec_new();

		entry = i / ARRAY_LEN(ends_);
		if (entry) {
			rec_ret_all(r, UTRACE_STOP);
			CHECK_EQ(rec_attach(r, prog_thread(p, 0), EV_ALL &
					    ~EV(QUIESCE) & ~EV(SYSCALL_EXIT)),
				 0);
			say_at(p, 0, __NR_getpid, 0, 0, 0);
			CHECK(stopped_at(r, REC_SYSCALL_ENTRY, 1));
		} else {
			CHECK_EQ(rec_attach(r, prog_thread(p, 0), EV_ALL), 0);
			CHECK(rec_halt(r));
		}
		calls = rec_count(r, REC_SYSCALL_ENTRY);
		if (ends_[i % ARRAY_LEN(ends_)].sig)
			prog_signal(p, ends_[i % ARRAY_LEN(ends_)].sig);
		else
			prog_say(p, "%s", ends_[i % ARRAY_LEN(ends_)].cmd);
		if (ends_[i % ARRAY_LEN(ends_)].status < 0) {
			CHECK(prog_expect(p, "ready"));
			CHECK(getppid_of(p) > 0);
		} else {
			CHECK_EQ(prog_wait(p),
				 ends_[i % ARRAY_LEN(ends_)].status);
		}
		CHECK(ended(r, calls));
	}
}

/*
 * The main thread is held, in the middle or at its exit, and its engine asks for
 * the signal: a sibling takes it, asleep or not, and that is the end of all.
 */
TEST(kill_main_held, "KIL-1 SIG-13 INV-1")
{
	static const struct {
		int sig;
		unsigned long event;
	} ends_[] = {
		{ 15, EV(SIGNAL_TERM) },
		{ 3, EV(SIGNAL_CORE) },
		{ 6, EV(SIGNAL_CORE) },
	};
	unsigned int i, at_exit, sig;

	for (i = 0; i < 4 * ARRAY_LEN(ends_); i++) {
		struct prog *p = prog_start("crew", "2");
		struct recorder *r = rec_new();

		at_exit = i / ARRAY_LEN(ends_) % 2;
		sig = ends_[i % ARRAY_LEN(ends_)].sig;
		h_note("signal %u, exit %u, busy %d", sig, at_exit,
		       i >= 2 * ARRAY_LEN(ends_));
		if (i >= 2 * ARRAY_LEN(ends_))
			prog_say(p, "at 0 busy");
		/* that is handed on by the time that this is done */
		CHECK(getppid_of(p) > 0);
		CHECK(hold_main(p, r, ends_[i % ARRAY_LEN(ends_)].event,
				at_exit));
		prog_signal(p, sig);
		CHECK_EQ(prog_wait(p) & 0x7f, KILLED(sig));
		CHECK_EQ(rec_count_arg(r, REC_SIGNAL, sig), 0);
	}
}

/* All threads held, by several engines each. */
TEST(kill_all_held, "KIL-1 KIL-2")
{
	struct prog *p = prog_start("crew", "2");
	unsigned int calls[6];
	struct recorder *r[6];
	int i;

	for (i = 0; i < 6; i++) {
		r[i] = rec_new();
		CHECK_EQ(rec_attach(r[i], i % 3 ? prog_thread(p, i % 3 - 1) :
				    prog_task(p), EV_ALL), 0);
	}
	for (i = 0; i < 6; i++) {
		rec_ret_all(r[i], UTRACE_STOP);
		CHECK(i < 3 ? rec_halt(r[i]) : rec_wait_stopped(r[i]));
		calls[i] = rec_count(r[i], REC_SYSCALL_ENTRY);
	}
	prog_signal(p, 9);
	CHECK_EQ(prog_wait(p), KILLED(9));
	for (i = 0; i < 6; i++)
		CHECK(ended(r[i], calls[i]));
}

/* Killed in a group stop that an engine's stop is laid over. */
TEST(kill_in_group_stop, "KIL-1 JCT-2")
{
	struct prog *p = prog_start("crew", "1");
	struct recorder *r = rec_new();
	unsigned int calls;

	CHECK_EQ(rec_attach(r, prog_thread(p, 0), EV_ALL & ~EV(QUIESCE)), 0);
	prog_signal(p, STOPSIG);
	CHECK_EQ(prog_wait_stopped(p), STOPSIG);
	CHECK(rec_wait_stopped(r));
	rec_ret_all(r, UTRACE_STOP);
	calls = rec_count(r, REC_SYSCALL_ENTRY);
	prog_signal(p, 9);
	CHECK_EQ(prog_wait(p), KILLED(9));
	CHECK(ended(r, calls));
}

static u32 keep_stepping(struct recorder *r, struct rec_call *call)
{
	(void)r;
	if (call->event == REC_SIGNAL && call->arg[0] == 5)
		return UTRACE_SINGLESTEP | UTRACE_SIGNAL_IGN;
	return UTRACE_SINGLESTEP | (call->action & UTRACE_SIGNAL_MASK);
}

/* And while it is stepped without end. */
TEST(kill_while_stepped, "KIL-1 KIL-2")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_new();

	if (!arch_has_single_step())
		SKIP("the machine does not step");
	rec_hook_set(r, REC_SIGNAL, keep_stepping);
	rec_hook_set(r, REC_QUIESCE, keep_stepping);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(SIGNAL_CORE) |
			    EV(DEATH) | EV(REAP)), 0);
	CHECK_EQ(rec_control(r, UTRACE_REPORT), 0);
	prog_say(p, "call 110");
	CHECK(rec_wait(r, REC_SIGNAL, 20));
	prog_signal(p, 9);
	CHECK_EQ(prog_wait(p), KILLED(9));
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK_EQ(rec_count(r, REC_DEATH), 1);
}
