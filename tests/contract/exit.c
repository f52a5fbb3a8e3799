// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 11: exit. */
#include "told.h"

/* The true code, of every kind of end. */
TEST(exit_code, "EXT-1 KIL-2")
{
	static const struct { int nr, arg, sig, code; } t[] = {
		{ __NR_exit_group, 7, 0, EXITED(7) },
		{ __NR_exit_group, 0, 0, EXITED(0) },
		{ __NR_exit_group, 0x1ff, 0, EXITED(0xff) },
		{ __NR_exit, 9, 0, EXITED(9) },
		{ 0, 0, 15, KILLED(15) },
		{ 0, 0, 6, KILLED(6) },
		{ 0, 0, 34, KILLED(34) },
		{ 0, 0, 9, KILLED(9) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct prog *p = prog_start("crew");
		struct recorder *r = rec_plain(prog_task(p), EV(EXIT));
		struct rec_entry *e;
		int status;

		if (t[i].sig)
			prog_signal(p, t[i].sig);
		else
			say_call(p, t[i].nr, t[i].arg, 0, 0);
		status = prog_wait(p);
		CHECK_EQ(status & ~0x80, t[i].code);
		CHECK_EQ(rec_count(r, REC_EXIT), 1);
		e = rec_last(r, REC_EXIT);
		CHECK_EQ(e->arg[0], status);
		CHECK_EQ(e->arg[1], status);
	}
}

/* A thread's own end, and the end of all by one of them. */
TEST(exit_threads, "EXT-1")
{
	struct prog *p = prog_start("crew", "3");
	struct recorder *r[4];
	int i;

	for (i = 0; i < 4; i++)
		r[i] = rec_plain(i < 3 ? prog_thread(p, i) : prog_task(p),
				 EV(EXIT) | EV(DEATH));
	say_at(p, 0, __NR_exit, 5, 0, 0);
	CHECK(rec_wait(r[0], REC_DEATH, 1));
	CHECK_EQ(rec_last(r[0], REC_EXIT)->arg[0], EXITED(5));
	CHECK(getppid_of(p) > 0);
	for (i = 1; i < 4; i++)
		CHECK_EQ(rec_count(r[i], REC_EXIT), 0);
	say_at(p, 1, __NR_exit_group, 6, 0, 0);
	CHECK_EQ(prog_wait(p), EXITED(6));
	for (i = 1; i < 4; i++) {
		CHECK(rec_wait(r[i], REC_DEATH, 1));
		CHECK_EQ(rec_count(r[i], REC_EXIT), 1);
		CHECK_EQ(rec_last(r[i], REC_EXIT)->arg[0], EXITED(6));
	}
}

static void set_code(struct act *act, struct recorder *r,
		     struct rec_call *call)
{
	(void)r;
	*call->code = act->value;
}

/*
 * An engine changes the code: the next one sees it, orig_code is the true one,
 * and the parent is told the changed one, or the host says that it is not.
 */
TEST(exit_code_changed, "EXT-1")
{
	static const struct { int sig; unsigned long events; } t[] = {
		{ 0, EV(EXIT) },
		{ 0, EV(EXIT) | EV(SYSCALL_ENTRY) },
		{ 15, EV(EXIT) },
		{ 15, EV(EXIT) | EV(SIGNAL_TERM) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		long orig = t[i].sig ? KILLED(t[i].sig) : EXITED(7);
		struct act *act = ACT(orig, set_code, EXITED(3));
		struct prog *p = prog_start("crew");
		struct recorder *r, *b;
		struct utrace_refusal ref;
		int status;

		r = rec_acting(prog_task(p), REC_EXIT, act, t[i].events);
		b = rec_plain(prog_task(p), EV(EXIT));
		if (t[i].sig)
			prog_signal(p, t[i].sig);
		else
			say_call(p, __NR_exit_group, 7, 0, 0);
		status = prog_wait(p);
		CHECK_EQ(act->n, 1);
		CHECK_EQ(rec_count(b, REC_EXIT), 1);
		CHECK_EQ(rec_last(b, REC_EXIT)->arg[0], orig);
		/* the status to be: that of a refused change is the old one */
		CHECK_EQ(rec_last(b, REC_EXIT)->arg[1],
			 refused(r, "EXT-1") ? orig : EXITED(3));
		EFFECT_OR_REFUSED(r, "EXT-1", status == EXITED(3));
		CHECK_SO_FAR();
		CHECK_EQ(utrace_engine_refused(b->engine, &ref), -ENOENT);
		if (!refused(r, "EXT-1"))
			continue;
		/* the true code in its place */
		CHECK_EQ(status, orig);
		CHECK_EQ(utrace_engine_refused(r->engine, &ref), 0);
		CHECK_EQ(ref.count, 1);
		CHECK_EQ(ref.event, EV(EXIT));
	}
}

/* Where every host can change it: the call is seen, or a signal that dumps nothing. */
struct chosen {
	int nr, sig, threads;
	long code;
};

static void choose_code(const struct chosen *t, bool held)
{
	static const char *const threads[] = { "0", "1", "2" };
	long orig = t->sig ? KILLED(t->sig) : EXITED(7);
	struct act *act = ACT(orig, set_code, t->code);
	struct prog *p = prog_start("crew", threads[t->threads]);
	struct recorder *r, *holds = rec_new();

	h_note("%d, %d to 0x%lx, held: %d", t->nr, t->sig, t->code, held);
	r = rec_acting(prog_task(p), REC_EXIT, act,
		       EV(EXIT) | EV(DEATH) | EV(SYSCALL_ENTRY));
	if (held) {
		rec_ret(holds, REC_EXIT, UTRACE_STOP);
		CHECK_EQ(rec_attach(holds, prog_task(p), EV(EXIT)), 0);
	}
	if (t->sig)
		say_call(p, __NR_tgkill, prog_tid(p), prog_tid(p), t->sig);
	else
		say_call(p, t->nr, 7, 0, 0);
	if (held) {
		CHECK(rec_wait(holds, REC_EXIT, 1));
		CHECK(rec_wait_held(holds));
		CHECK(control(holds, UTRACE_RESUME));
	}
	CHECK_EQ(prog_wait(p), t->code);
	CHECK_EQ(act->n, 1);
	CHECK(!refused(r, "EXT-1"));
	CHECK(rec_wait(r, REC_DEATH, 1));
	CHECK_EQ(rec_count(r, REC_EXIT), 1);
}

/* At once, or by a thread that another engine has held there. */
TEST(exit_code_chosen, "EXT-1 EXT-2")
{
	static const struct chosen t[] = {
		{ __NR_exit_group, 0, 0, EXITED(0) },
		{ __NR_exit_group, 0, 2, EXITED(255) },
		{ __NR_exit, 0, 0, EXITED(3) },
		{ __NR_exit_group, 0, 0, KILLED(SIGTERM) },
		{ __NR_exit_group, 0, 2, KILLED(SIGHUP) },
		{ __NR_exit_group, 0, 0, KILLED(SIGKILL) },
		{ __NR_exit_group, 0, 0, KILLED(SIGSYS) },
		{ __NR_exit_group, 0, 0, KILLED(40) },
		{ 0, SIGTERM, 0, EXITED(3) },
		{ 0, SIGTERM, 2, EXITED(0) },
		{ 0, SIGTERM, 0, KILLED(SIGHUP) },
		{ 0, SIGTERM, 2, KILLED(SIGKILL) },
		{ 0, 40, 0, KILLED(SIGSYS) },
	};
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_LEN(t); i++) {
		choose_code(&t[i / 2], i % 2);
		CHECK_SO_FAR();
	}
}

/* All state is live: registers, memory. */
static void live(struct act *act, struct recorder *r, struct rec_call *call)
{
	unsigned int word = 0;
	struct pt_regs regs;

	(void)r;
	(void)call;
	memset(&regs, 0, sizeof(regs));
	EXPECT_EQ(utrace_get_regs(current, &regs), 0);
	EXPECT(regs.ip && regs.sp);
	EXPECT_EQ(utrace_read_memory(current, act->value, &word,
				     sizeof(word)), sizeof(word));
	EXPECT_EQ(word, 0x600d600d);
}

TEST(exit_state, "EXT-1")
{
	struct act *act = ACT(EXITED(7), live, 0);
	struct prog *p = prog_start("crew");

	act->value = ask(p, "word");
	rec_acting(prog_task(p), REC_EXIT, act, EV(EXIT));
	say_call(p, __NR_exit_group, 7, 0, 0);
	CHECK_EQ(prog_wait(p), EXITED(7));
	CHECK_EQ(act->n, 1);
}

/* STOP at exit stops at once, with the state; or the host says that it does
 * not.  Afterwards the thread exits all the same. */
TEST(exit_stop, "EXT-2")
{
	static const unsigned long events[] = {
		EV(EXIT), EV(EXIT) | EV(SYSCALL_ENTRY)
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(events); i++) {
		struct prog *p = prog_start("crew");
		struct recorder *r = rec_new();
		unsigned long addr = ask(p, "word");
		struct utrace_examiner ex;
		unsigned int word = 0;
		int err = -EINPROGRESS;

		rec_ret(r, REC_EXIT, UTRACE_STOP);
		CHECK_EQ(rec_attach(r, prog_task(p), events[i]), 0);
		say_call(p, __NR_exit_group, 7, 0, 0);
		CHECK(rec_wait(r, REC_EXIT, 1));
		CHECK(wait_until((err = rec_control(r, UTRACE_STOP)) !=
				 -EINPROGRESS || refused(r, "EXT-2")));
		if (!refused(r, "EXT-2")) {
			CHECK_EQ(err, 0);
			CHECK(prog_state(p) != 'Z');
			CHECK_EQ(utrace_prepare_examine(r->task, r->engine,
							&ex), 0);
			CHECK_EQ(utrace_read_memory(r->task, addr, &word,
						    sizeof(word)),
				 sizeof(word));
			CHECK_EQ(word, 0x600d600d);
			CHECK_EQ(utrace_finish_examine(r->task, r->engine,
						       &ex), 0);
			CHECK(control(r, UTRACE_RESUME));
		}
		CHECK_EQ(prog_wait(p), EXITED(7));
		CHECK_EQ(rec_count(r, REC_EXIT), 1);
	}
}

/* Where every host can stop it; by SIGKILL it ends there, too. */
TEST(exit_stop_there, "EXT-2 KIL-1 KIL-2")
{
	static const struct { int nr, sig; bool kill; int own; } t[] = {
		{ __NR_exit_group, 0, false, EXITED(7) },
		{ __NR_exit_group, 0, true, EXITED(7) },
		{ __NR_exit, 0, false, EXITED(7) },
		{ __NR_exit, 0, true, EXITED(7) },
		{ 0, SIGTERM, false, KILLED(SIGTERM) },
		{ 0, SIGTERM, true, KILLED(SIGTERM) },
	};
	unsigned int i;
	int status;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct prog *p = prog_start("crew", t[i].sig ? "0" : "1");
		struct recorder *r = rec_new();

		h_note("%d, %d, kill %d", t[i].nr, t[i].sig, t[i].kill);
		rec_ret(r, REC_EXIT, UTRACE_STOP);
		CHECK_EQ(rec_attach(r, prog_task(p),
				    EV(EXIT) | EV(DEATH) | EV(REAP) |
				    EV(SYSCALL_ENTRY)), 0);
		if (t[i].sig)
			prog_signal(p, t[i].sig);
		else
			say_call(p, t[i].nr, 7, 0, 0);
		CHECK(rec_wait(r, REC_EXIT, 1));
		CHECK(rec_wait_held(r));
		CHECK(prog_state(p) != 'Z');
		if (t[i].kill)
			prog_signal(p, SIGKILL);
		else
			CHECK(control(r, UTRACE_RESUME));
		if (t[i].nr == __NR_exit && !t[i].kill) {
			/* the other lives on */
			CHECK(rec_wait(r, REC_DEATH, 1));
			prog_signal(p, SIGKILL);
		}
		/* its own may be settled by then */
		status = prog_wait(p);
		CHECK(status == t[i].own ||
		      (status == KILLED(SIGKILL) &&
		       (t[i].kill || t[i].nr == __NR_exit)));
		CHECK(rec_wait(r, REC_REAP, 1));
		CHECK_EQ(rec_count(r, REC_EXIT), 1);
		CHECK_EQ(rec_count(r, REC_DEATH), 1);
	}
}

/* Not for a thread that SIGKILL ends. */
TEST(exit_stop_killed, "EXT-2 KIL-1 KIL-2")
{
	struct prog *p = prog_start("crew", "1");
	struct recorder *r[2];
	int i;

	for (i = 0; i < 2; i++) {
		r[i] = rec_new();
		rec_ret_all(r[i], UTRACE_STOP);
		CHECK_EQ(rec_attach(r[i], i ? prog_thread(p, 0) : prog_task(p),
				    EV(EXIT) | EV(DEATH) | EV(REAP)), 0);
	}
	prog_signal(p, 9);
	CHECK_EQ(prog_wait(p), KILLED(9));
	for (i = 0; i < 2; i++) {
		CHECK(rec_wait(r[i], REC_REAP, 1));
		CHECK_EQ(rec_count(r[i], REC_EXIT), 1);
		CHECK_EQ(rec_last(r[i], REC_EXIT)->arg[0], KILLED(9));
		CHECK_EQ(rec_count(r[i], REC_DEATH), 1);
	}
}

/* Killed in its exit stop, it ends. */
TEST(exit_stop_then_killed, "EXT-2 KIL-1 KIL-2")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_new();
	int status;

	rec_ret_all(r, UTRACE_STOP);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(EXIT) | EV(DEATH) | EV(REAP)),
		 0);
	say_call(p, __NR_exit_group, 7, 0, 0);
	CHECK(rec_wait(r, REC_EXIT, 1));
	prog_signal(p, 9);
	status = prog_wait(p);
	CHECK(status == EXITED(7) || status == KILLED(9));
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK_EQ(rec_count(r, REC_EXIT), 1);
	CHECK_EQ(rec_count(r, REC_DEATH), 1);
}
