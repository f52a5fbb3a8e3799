// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Section 9: system calls.
 *
 * The call whose effect is looked at is umask(): it tells what was set before,
 * and the threads of a process share the value.
 */
#include "told.h"

#define SYSCALLS	UTRACE_EVENT_SYSCALL

/* act->ret[] is used as it stands. */
#define ENTRY_RET(resume, syscall)	(UTRACE_##resume | UTRACE_SYSCALL_##syscall)

static void set_number(struct act *act, struct recorder *r,
		       struct rec_call *call)
{
	(void)r;
	call->regs->orig_ax = act->value;
}

static void set_argument(struct act *act, struct recorder *r,
			 struct rec_call *call)
{
	(void)r;
	call->regs->di = act->value;
}

static void set_value(struct act *act, struct recorder *r,
		      struct rec_call *call)
{
	(void)r;
	syscall_set_return_value(current, call->regs, 0, act->value);
}

static void set_error(struct act *act, struct recorder *r,
		      struct rec_call *call)
{
	(void)r;
	syscall_set_return_value(current, call->regs, act->value, 0);
}

/* Entry: the engine attached last comes first, quiesce included; exit: last. */
TEST(syscall_order, "SYS-1 REP-1 REP-2")
{
	static const enum rec_event events[] = {
		REC_SYSCALL_ENTRY, REC_SYSCALL_EXIT
	};
	struct prog *p = prog_start("crew");
	struct rec_entry *e[3], *q[3];
	struct recorder *r[3];
	unsigned int i, n;

	for (i = 0; i < 3; i++)
		r[i] = rec_plain(prog_task(p), EV(QUIESCE) | SYSCALLS);
	CHECK(getppid_of(p) > 0);
	for (n = 0; n < 2; n++) {
		for (i = 0; i < 3; i++) {
			/* nearest first */
			struct recorder *rec = r[n ? i : 2 - i];

			CHECK_EQ(rec_times(rec, events[n], __NR_getppid), 1);
			e[i] = rec_find(rec, events[n], 0, __NR_getppid);
			q[i] = rec_before(rec, e[i]);
			CHECK(q[i] && q[i]->event == REC_QUIESCE);
			CHECK_EQ(q[i]->arg[0], 1UL << events[n]);
		}
		CHECK(q[0]->seq < e[0]->seq && e[0]->seq < q[1]->seq);
		CHECK(q[1]->seq < e[1]->seq && e[1]->seq < q[2]->seq);
		CHECK(q[2]->seq < e[2]->seq);
	}
}

/* An engine changes the number: that call is made. */
TEST(syscall_rewrite_nr, "SYS-2")
{
	struct act *act = ACT(__NR_getppid, set_number, __NR_getpid);
	struct prog *p = prog_start("crew");

	rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act, EV(SYSCALL_ENTRY));
	CHECK_EQ(getppid_of(p), prog_tid(p));
	CHECK_EQ(act->n, 1);
}

/* Two engines in a row: the second sees what the first made of it. */
TEST(syscall_rewrite_chain, "SYS-1 SYS-2")
{
	struct act *far = ACT(__NR_getuid, set_number, __NR_getpid);
	struct act *near = ACT(__NR_getppid, set_number, __NR_getuid);
	struct prog *p = prog_start("crew");

	rec_acting(prog_task(p), REC_SYSCALL_ENTRY, far, EV(SYSCALL_ENTRY));
	rec_acting(prog_task(p), REC_SYSCALL_ENTRY, near, EV(SYSCALL_ENTRY));
	CHECK_EQ(getppid_of(p), prog_tid(p));
	CHECK_EQ(far->n, 1);
	CHECK_EQ(near->n, 1);
}

/* The argument as the engine leaves it is the one that has the effect. */
TEST(syscall_rewrite_argument, "SYS-2")
{
	struct act *act = ACT(__NR_umask, set_argument, 077);
	struct prog *p = prog_start("crew");
	struct recorder *r;

	CHECK(call(p, __NR_umask, 022, 0, 0) >= 0);
	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act,
		       EV(SYSCALL_ENTRY));
	CHECK_EQ(call(p, __NR_umask, 011, 0, 0), 022);
	CHECK_EQ(rec_find(r, REC_SYSCALL_ENTRY, 0, __NR_umask)->arg[2], 011);
	CHECK_EQ(rec_events(r, 0), 0);
	CHECK_EQ(call(p, __NR_umask, 022, 0, 0), 077);
	CHECK_EQ(act->n, 1);
}

static void six_arguments(struct act *act, struct recorder *r,
			  struct rec_call *call)
{
	(void)r;
	make_mapping(call, __NR_mmap, act->value, -1UL);
}

static void good_result(struct act *act, struct recorder *r,
			struct rec_call *call)
{
	(void)r;
	EXPECT_EQ(syscall_get_error(current, call->regs), 0);
	EXPECT_EQ(syscall_get_return_value(current, call->regs), act->value);
}

/* All six arguments, read and set by the helpers. */
TEST(syscall_six_arguments, "SYS-2 SYS-8")
{
	struct act *in = ACT(__NR_mmap, six_arguments, 0x200000000000);
	struct act *out = ACT(__NR_mmap, good_result, 0x200000000000);
	struct prog *p = prog_start("crew");

	rec_acting(prog_task(p), REC_SYSCALL_ENTRY, in, EV(SYSCALL_ENTRY));
	rec_acting(prog_task(p), REC_SYSCALL_EXIT, out, EV(SYSCALL_EXIT));
	prog_say(p, "call %d 11 12 13 14 15 16", __NR_mmap);
	CHECK_EQ(prog_get(p, "ret"), 0x200000000000);
	CHECK_EQ(in->n, 1);
	CHECK_EQ(out->n, 1);
}

/* Aborted: not made, -ENOSYS, and the exit pass comes all the same. */
TEST(syscall_abort, "SYS-3")
{
	struct act *act = ACT(__NR_umask, NULL, 0, ENTRY_RET(RESUME, ABORT));
	struct prog *p = prog_start("crew");
	struct rec_entry *e;
	struct recorder *r;

	CHECK(call(p, __NR_umask, 022, 0, 0) >= 0);
	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act, SYSCALLS);
	CHECK_EQ(call(p, __NR_umask, 077, 0, 0), -ENOSYS);
	e = rec_find(r, REC_SYSCALL_EXIT, 0, __NR_umask);
	CHECK(e);
	CHECK_EQ((long)e->arg[1], -ENOSYS);
	CHECK_EQ(rec_events(r, 0), 0);
	CHECK_EQ(call(p, __NR_umask, 022, 0, 0), 022);
}

/* Aborted with a value, or an error, in the return register. */
TEST(syscall_abort_value, "SYS-3 SYS-8")
{
	static const struct {
		void (*fn)(struct act *, struct recorder *, struct rec_call *);
		long value, seen;
	} t[] = {
		{ set_value, 4242, 4242 },
		{ set_value, 0, 0 },
		{ set_error, -EACCES, -EACCES },
	};
	struct prog *p = prog_start("crew");
	struct recorder *r;
	unsigned int i;

	CHECK(call(p, __NR_umask, 022, 0, 0) >= 0);
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct act *act = ACT(__NR_umask, t[i].fn, t[i].value,
				     ENTRY_RET(RESUME, ABORT));
		struct rec_entry *e;

		r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act,
			       SYSCALLS);
		EXPECT_EQ(call(p, __NR_umask, 077, 0, 0), t[i].seen);
		e = rec_find(r, REC_SYSCALL_EXIT, 0, __NR_umask);
		EXPECT(e && (long)e->arg[1] == t[i].seen);
		EXPECT_EQ(rec_events(r, 0), 0);
		rec_hook_set(r, REC_SYSCALL_ENTRY, NULL);
		CHECK_SO_FAR();
	}
	CHECK_EQ(call(p, __NR_umask, 022, 0, 0), 022);
}

/* The value is ax: set directly it is the same. */
static void set_ax(struct act *act, struct recorder *r, struct rec_call *call)
{
	(void)r;
	call->regs->ax = act->value;
}

TEST(syscall_abort_register, "SYS-3")
{
	struct act *act = ACT(__NR_getppid, set_ax, 77,
			     ENTRY_RET(RESUME, ABORT));
	struct prog *p = prog_start("crew");

	rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act, EV(SYSCALL_ENTRY));
	CHECK_EQ(getppid_of(p), 77);
}

/* The last one called, that is the first attached, decides; it sees the
 * choice before it. */
TEST(syscall_last_decides, "SYS-3 REP-4 REP-11")
{
	static const struct { u32 near, far; bool made; } t[] = {
		{ UTRACE_SYSCALL_RUN, UTRACE_SYSCALL_RUN, true },
		{ UTRACE_SYSCALL_ABORT, UTRACE_SYSCALL_RUN, true },
		{ UTRACE_SYSCALL_RUN, UTRACE_SYSCALL_ABORT, false },
		{ UTRACE_SYSCALL_ABORT, UTRACE_SYSCALL_ABORT, false },
	};
	struct prog *p = prog_start("crew");
	struct recorder *far = rec_new(), *near = rec_new();
	unsigned int i, from[2];

	CHECK(call(p, __NR_umask, 022, 0, 0) >= 0);
	CHECK_EQ(rec_attach(far, prog_task(p), EV(SYSCALL_ENTRY)), 0);
	CHECK_EQ(rec_attach(near, prog_task(p), EV(SYSCALL_ENTRY)), 0);
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct act *a = ACT(__NR_umask, NULL, 0,
				   UTRACE_RESUME | t[i].near);
		struct act *b = ACT(__NR_umask, NULL, 0,
				   UTRACE_RESUME | t[i].far);
		struct rec_entry *e;

		h_store(&near->priv, (void *)a);
		h_store(&far->priv, (void *)b);
		rec_hook_set(near, REC_SYSCALL_ENTRY, act_hook);
		rec_hook_set(far, REC_SYSCALL_ENTRY, act_hook);
		from[0] = rec_total(near);
		from[1] = rec_total(far);
		EXPECT_EQ(call(p, __NR_umask, 022, 0, 0),
			  t[i].made ? 022 : -ENOSYS);
		e = rec_find(near, REC_SYSCALL_ENTRY, from[0], __NR_umask);
		EXPECT(e && e->action == (UTRACE_RESUME | UTRACE_SYSCALL_RUN));
		e = rec_find(far, REC_SYSCALL_ENTRY, from[1], __NR_umask);
		EXPECT(e && e->action == (UTRACE_RESUME | t[i].near));
		rec_hook_set(near, REC_SYSCALL_ENTRY, NULL);
		rec_hook_set(far, REC_SYSCALL_ENTRY, NULL);
		CHECK_SO_FAR();
	}
}

/* STOP at entry stops before the call: a sibling sees that it is not made. */
TEST(syscall_entry_stop, "SYS-4 REP-7")
{
	struct act *act = ACT(__NR_umask, NULL, 0, ENTRY_RET(STOP, RUN),
			     ENTRY_RET(RESUME, RUN));
	struct prog *p = prog_start("crew", "1");
	struct recorder *r;
	struct pt_regs regs;

	CHECK(call(p, __NR_umask, 022, 0, 0) >= 0);
	r = rec_acting(prog_thread(p, 0), REC_SYSCALL_ENTRY, act,
		       EV(QUIESCE) | SYSCALLS);
	say_at(p, 0, __NR_umask, 077, 0, 0);
	CHECK(wait_act(act, 1) && rec_wait_stopped(r));
	CHECK(stopped_regs(r, &regs));
	CHECK_EQ(regs.orig_ax, __NR_umask);
	CHECK_EQ(regs.di, 077);
	CHECK_EQ(call(p, __NR_umask, 011, 0, 0), 022);
	CHECK_EQ(rec_times(r, REC_SYSCALL_EXIT, __NR_umask), 0);
	CHECK(control(r, UTRACE_RESUME));
	CHECK_EQ(prog_get(p, "ret"), 011);
	/* RESUME does not make the pass again */
	CHECK_EQ(act->n, 1);
	CHECK_EQ(call(p, __NR_umask, 022, 0, 0), 077);
}

/* What is written in the registers during the stop counts too. */
TEST(syscall_entry_stop_rewrite, "SYS-2 SYS-4 SYS-8 EXM-3")
{
	static const unsigned long args[6] = { 055, 2, 3, 4, 5, 6 };
	struct act *act = ACT(__NR_umask, NULL, 0, ENTRY_RET(STOP, RUN));
	struct prog *p = prog_start("crew");
	struct utrace_examiner ex;
	struct recorder *r;
	struct pt_regs regs;

	CHECK(call(p, __NR_umask, 022, 0, 0) >= 0);
	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act, SYSCALLS);
	say_call(p, __NR_umask, 077, 0, 0);
	CHECK(wait_act(act, 1) && rec_wait_stopped(r));
	CHECK_EQ(utrace_prepare_examine(r->task, r->engine, &ex), 0);
	CHECK_EQ(utrace_get_regs(r->task, &regs), 0);
	CHECK_EQ(syscall_get_nr(r->task, &regs), __NR_umask);
	syscall_set_arguments(r->task, &regs, args);
	CHECK_EQ(utrace_set_regs(r->task, &regs), 0);
	CHECK_EQ(utrace_finish_examine(r->task, r->engine, &ex), 0);
	CHECK(control(r, UTRACE_RESUME));
	CHECK_EQ(prog_get(p, "ret"), 022);
	CHECK_EQ(rec_events(r, 0), 0);
	CHECK_EQ(call(p, __NR_umask, 022, 0, 0), 055);
}

/*
 * REPORT or INTERRUPT asked for during the stop makes the pass again, with
 * RESUMED and the choice of the pass before, as often as that happens.
 */
TEST(syscall_entry_again, "SYS-4")
{
	static const enum utrace_resume_action how[] = {
		UTRACE_REPORT, UTRACE_INTERRUPT, UTRACE_REPORT, UTRACE_RESUME
	};
	struct act *act = ACT(__NR_umask, NULL, 0, ENTRY_RET(STOP, ABORT),
			     ENTRY_RET(STOP, RUN), ENTRY_RET(STOP, ABORT),
			     ENTRY_RET(STOP, RUN));
	/* What each pass begins with. */
	static const u32 begins[] = {
		UTRACE_SYSCALL_RUN,
		UTRACE_SYSCALL_RESUMED | UTRACE_SYSCALL_ABORT,
		UTRACE_SYSCALL_RESUMED | UTRACE_SYSCALL_RUN,
		UTRACE_SYSCALL_RESUMED | UTRACE_SYSCALL_ABORT,
	};
	struct prog *p = prog_start("crew");
	unsigned int i, at = 0;
	struct recorder *r;

	CHECK(call(p, __NR_umask, 022, 0, 0) >= 0);
	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act,
		       EV(QUIESCE) | SYSCALLS);
	say_call(p, __NR_umask, 077, 0, 0);
	for (i = 0; i < ARRAY_LEN(how); i++) {
		CHECK(wait_act(act, i + 1) && rec_wait_stopped(r));
		at = rec_index(r, REC_SYSCALL_ENTRY, i ? at + 1 : 0,
			       __NR_umask);
		CHECK(rec_at(r, at));
		CHECK_EQ(rec_at(r, at)->action, UTRACE_RESUME | begins[i]);
		CHECK(control(r, how[i]));
	}
	CHECK_EQ(prog_get(p, "ret"), 022);
	CHECK_EQ(act->n, 4);
	CHECK_EQ(rec_times(r, REC_SYSCALL_EXIT, __NR_umask), 1);
	CHECK_EQ(rec_events(r, 0), 0);
	CHECK_EQ(call(p, __NR_umask, 022, 0, 0), 077);
}

/* REPORT returned by one engine while another one stops: the same. */
TEST(syscall_entry_report_returned, "SYS-4")
{
	static const u32 asks[] = {
		ENTRY_RET(REPORT, RUN), ENTRY_RET(INTERRUPT, RUN)
	};
	struct prog *p = prog_start("crew");
	unsigned int i, j;

	for (i = 0; i < ARRAY_LEN(asks); i++) {
		struct act *stop = ACT(__NR_getppid, NULL, 0,
				      ENTRY_RET(STOP, RUN),
				      ENTRY_RET(RESUME, RUN));
		struct act *ask_ = ACT(__NR_getppid, NULL, 0, asks[i],
				      ENTRY_RET(RESUME, RUN));
		struct recorder *r[2];

		r[0] = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, stop,
				  EV(QUIESCE) | SYSCALLS);
		r[1] = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, ask_,
				  EV(QUIESCE) | SYSCALLS);
		say_call(p, __NR_getppid, 0, 0, 0);
		EXPECT(wait_act(stop, 1) && rec_wait_stopped(r[0]));
		EXPECT_EQ(h_load(&ask_->n), 1);
		EXPECT(control(r[0], UTRACE_RESUME));
		EXPECT(prog_get(p, "ret") > 0);
		for (j = 0; j < 2; j++) {
			struct rec_entry *e;

			EXPECT_EQ(rec_times(r[j], REC_SYSCALL_ENTRY,
					    __NR_getppid), 2);
			e = rec_find(r[j], REC_SYSCALL_ENTRY, 0, __NR_getppid);
			EXPECT(e && !(e->action & UTRACE_SYSCALL_RESUMED));
			e = rec_find(r[j], REC_SYSCALL_ENTRY,
				     rec_index(r[j], REC_SYSCALL_ENTRY, 0,
					       __NR_getppid) + 1,
				     __NR_getppid);
			EXPECT(e && (e->action & UTRACE_SYSCALL_RESUMED));
			EXPECT(rec_detach(r[j]));
			rec_put(r[j]);
		}
		CHECK_SO_FAR();
	}
}

/* Killed in the entry stop: the call is not made.  Here it would have sent
 * another program a signal that ends it. */
TEST(syscall_entry_stop_killed, "SYS-5 KIL-2")
{
	struct act *act = ACT(__NR_kill, NULL, 0, ENTRY_RET(STOP, RUN));
	struct prog *q = prog_start("crew");
	struct prog *p = prog_start("crew");
	struct recorder *r;

	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act, SYSCALLS);
	say_call(p, __NR_kill, prog_tid(q), 15, 0);
	CHECK(wait_act(act, 1) && rec_wait_stopped(r));
	prog_signal(p, 9);
	CHECK_EQ(prog_wait(p), KILLED(9));
	CHECK(getppid_of(q) > 0);
	CHECK_EQ(act->n, 1);
}

/* The result can be read and changed at exit: what user code sees. */
TEST(syscall_exit_result, "SYS-6 SYS-8")
{
	struct act *see = ACT(__NR_getpid, good_result, 0);
	struct act *set = ACT(__NR_getpid, set_value, 31337);
	struct act *see2 = ACT(__NR_getpid, good_result, 31337);
	struct act *fail = ACT(__NR_getuid, set_error, -EINTR);
	struct prog *p = prog_start("crew");
	struct rec_entry *e;
	struct recorder *r;

	see->value = prog_tid(p);
	r = rec_acting(prog_task(p), REC_SYSCALL_EXIT, see, EV(SYSCALL_EXIT));
	rec_acting(prog_task(p), REC_SYSCALL_EXIT, set, EV(SYSCALL_EXIT));
	rec_acting(prog_task(p), REC_SYSCALL_EXIT, see2, EV(SYSCALL_EXIT));
	rec_acting(prog_task(p), REC_SYSCALL_EXIT, fail, EV(SYSCALL_EXIT));
	CHECK_EQ(call(p, __NR_getpid, 0, 0, 0), 31337);
	CHECK_EQ(call(p, __NR_getuid, 0, 0, 0), -EINTR);
	CHECK_EQ(see2->n, 1);
	e = rec_find(r, REC_SYSCALL_EXIT, 0, __NR_getpid);
	CHECK(e);
	CHECK_EQ(e->arg[1], prog_tid(p));
}

static void see_error(struct act *act, struct recorder *r,
		      struct rec_call *call)
{
	(void)r;
	EXPECT_EQ(syscall_get_error(current, call->regs), (long)act->value);
	EXPECT_EQ(syscall_get_return_value(current, call->regs),
		  (long)act->value);
}

static void roll_back(struct act *act, struct recorder *r,
		      struct rec_call *call)
{
	(void)act;
	(void)r;
	syscall_rollback(current, call->regs);
}

/* A failed call's error; and rollback puts the number back. */
TEST(syscall_error_and_rollback, "SYS-8 SYS-9")
{
	struct act *bad = ACT(__NR_close, see_error, -EBADF);
	struct act *back = ACT(__NR_getppid, roll_back, 0);
	struct prog *p = prog_start("crew");

	rec_acting(prog_task(p), REC_SYSCALL_EXIT, bad, EV(SYSCALL_EXIT));
	rec_acting(prog_task(p), REC_SYSCALL_EXIT, back, EV(SYSCALL_EXIT));
	CHECK_EQ(call(p, __NR_close, 9999, 0, 0), -EBADF);
	CHECK_EQ(bad->n, 1);
	CHECK_EQ(getppid_of(p), __NR_getppid);
}

/* Result and rollback work until user mode: in the stop after the exit pass. */
TEST(syscall_exit_stop, "SYS-6 SYS-9")
{
	struct act *act = ACT(__NR_getpid, NULL, 0, UTRACE_STOP);
	struct prog *p = prog_start("crew");
	struct utrace_examiner ex;
	struct recorder *r;
	struct pt_regs regs;

	r = rec_acting(prog_task(p), REC_SYSCALL_EXIT, act, EV(SYSCALL_EXIT));
	say_call(p, __NR_getpid, 0, 0, 0);
	CHECK(wait_act(act, 1) && rec_wait_stopped(r));
	CHECK_EQ(utrace_prepare_examine(r->task, r->engine, &ex), 0);
	CHECK_EQ(utrace_get_regs(r->task, &regs), 0);
	CHECK_EQ(syscall_get_error(r->task, &regs), 0);
	CHECK_EQ(syscall_get_return_value(r->task, &regs), prog_tid(p));
	syscall_rollback(r->task, &regs);
	CHECK_EQ(utrace_set_regs(r->task, &regs), 0);
	CHECK_EQ(utrace_finish_examine(r->task, r->engine, &ex), 0);
	CHECK(control(r, UTRACE_RESUME));
	CHECK_EQ(prog_get(p, "ret"), __NR_getpid);
}

/* Only one of the two: only that one. */
TEST(syscall_one_side, "SYS-7")
{
	struct prog *p = prog_start("crew");
	struct recorder *in = rec_plain(prog_task(p), EV(SYSCALL_ENTRY));
	struct recorder *out = rec_plain(prog_task(p), EV(SYSCALL_EXIT));
	struct recorder *none = rec_plain(prog_task(p), EV(CLONE));
	int i;

	for (i = 0; i < 3; i++)
		CHECK(getppid_of(p) > 0);
	CHECK_EQ(rec_times(in, REC_SYSCALL_ENTRY, __NR_getppid), 3);
	CHECK_EQ(rec_times(out, REC_SYSCALL_EXIT, __NR_getppid), 3);
	CHECK_EQ(rec_count(in, REC_SYSCALL_EXIT), 0);
	CHECK_EQ(rec_count(out, REC_SYSCALL_ENTRY), 0);
	CHECK_EQ(rec_total(none), 0);
}

/* task_current_syscall() of threads that no engine is attached to. */
TEST(current_syscall_untraced, "SYS-9")
{
	struct prog *p = prog_start("crew", "1");
	struct syscall_info info;

	/* the main thread reads commands, from descriptor 3 */
	CHECK(wait_until(!task_current_syscall(prog_task(p), &info) &&
			 INFO(info, nr) == __NR_read));
	CHECK_EQ(INFO(info, args[0]), 3);
	CHECK(info.sp && INFO_IP(info));
	say_at(p, 0, __NR_pause, 0x1234, 0, 0);
	CHECK(wait_until(!task_current_syscall(prog_thread(p, 0), &info) &&
			 INFO(info, nr) == __NR_pause));
	CHECK_EQ(INFO(info, args[0]), 0x1234);
	CHECK_EQ(task_utrace_flags(prog_task(p)), 0);
	prog_signal(p, 9);
	CHECK_EQ(prog_wait(p), KILLED(9));
	CHECK_EQ(task_current_syscall(prog_task(p), &info), -ESRCH);
}

static void see_itself(struct act *act, struct recorder *r,
		       struct rec_call *call)
{
	struct syscall_info info;

	(void)r;
	memset(&info, 0, sizeof(info));
	EXPECT_EQ(task_current_syscall(current, &info), 0);
	EXPECT_EQ(INFO(info, nr), __NR_umask);
	EXPECT_EQ(INFO(info, args[0]), act->value);
	EXPECT_EQ(INFO_IP(info), call->regs->ip);
	EXPECT_EQ(info.sp, call->regs->sp);
}

/* In the entry callback, and during its stop. */
TEST(current_syscall_traced, "SYS-9")
{
	struct act *act = ACT(__NR_umask, see_itself, 033,
			     ENTRY_RET(STOP, RUN));
	struct prog *p = prog_start("crew");
	struct syscall_info info;
	struct recorder *r;

	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act,
		       EV(SYSCALL_ENTRY));
	say_call(p, __NR_umask, 033, 0, 0);
	CHECK(wait_act(act, 1) && rec_wait_stopped(r));
	memset(&info, 0, sizeof(info));
	CHECK_EQ(task_current_syscall(prog_task(p), &info), 0);
	CHECK_EQ(INFO(info, nr), __NR_umask);
	CHECK_EQ(INFO(info, args[0]), 033);
	CHECK(control(r, UTRACE_RESUME));
	CHECK(prog_get(p, "ret") >= 0);
	/* attached, and blocked */
	CHECK(wait_until(!task_current_syscall(prog_task(p), &info) &&
			 INFO(info, nr) == __NR_read));
	CHECK_EQ(INFO(info, args[0]), 3);
}
