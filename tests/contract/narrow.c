// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 18: narrowing system calls. */
#include "told.h"

/* A set of 64-bit numbers, -1 at the end. */
static struct utrace_syscall_set *set_of(const int *nr)
{
	struct utrace_syscall_set *set = utrace_syscall_set_new();

	for (; EXPECT(set) && *nr >= 0; nr++)
		EXPECT_EQ(utrace_syscall_set_add(set, UTRACE_ABI_X86_64, *nr),
			  0);
	return set;
}

#define SET(...)	set_of((const int []){ __VA_ARGS__, -1 })

/* Narrow, give the set back, and wait until it is in force. */
static int narrow(struct recorder *r, struct utrace_syscall_set *set)
{
	int err = utrace_set_syscalls(r->task, r->engine, set);

	utrace_syscall_set_free(set);
	/* a callback of the call before may be running yet */
	if (err == -EINPROGRESS)
		err = 0;
	if (!err)
		EXPECT_EQ(rec_barrier(r), 0);
	return err;
}

/* So often both passes came for a number. */
static bool came(struct recorder *r, long nr, unsigned int times)
{
	return EXPECT_EQ(rec_times(r, REC_SYSCALL_ENTRY, nr), times) &&
	       EXPECT_EQ(rec_times(r, REC_SYSCALL_EXIT, nr), times);
}

#define BOTH	(EV(QUIESCE) | UTRACE_EVENT_SYSCALL)

/* Only the numbers in the set, the quiesce callbacks included; null: all. */
TEST(narrow_set, "NAR-1")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_plain(prog_task(p), BOTH);
	unsigned int quiesced;

	CHECK(getppid_of(p) > 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK(came(r, __NR_getppid, 1) && came(r, __NR_getuid, 1));
	CHECK_EQ(narrow(r, SET(__NR_getppid, __NR_getgid)), 0);
	quiesced = rec_times(r, REC_QUIESCE, EV(SYSCALL_ENTRY));
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK(getppid_of(p) > 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK(came(r, __NR_getppid, 2) && came(r, __NR_getuid, 1));
	CHECK_EQ(rec_times(r, REC_QUIESCE, EV(SYSCALL_ENTRY)), quiesced + 1);
	/* an empty set is none */
	CHECK_EQ(narrow(r, utrace_syscall_set_new()), 0);
	CHECK(getppid_of(p) > 0);
	CHECK(came(r, __NR_getppid, 2));
	CHECK_EQ(narrow(r, NULL), 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK(getppid_of(p) > 0);
	CHECK(came(r, __NR_getppid, 3) && came(r, __NR_getuid, 2));
}

/* It is a filter of the two events, no request for them, and of no others. */
TEST(narrow_events, "NAR-1")
{
	struct prog *p = prog_start("breed");
	struct recorder *r = rec_plain(prog_task(p), EV(CLONE) |
				       EV(SYSCALL_EXIT));

	CHECK_EQ(narrow(r, SET(__NR_getppid)), 0);
	CHECK(getppid_of(p) > 0);
	CHECK_EQ(rec_times(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
	CHECK_EQ(rec_count(r, REC_SYSCALL_ENTRY), 0);
	prog_say(p, "fork");
	CHECK(prog_get(p, "child") > 0);
	prog_say(p, "wait");
	CHECK_EQ(prog_get(p, "status"), EXITED(7));
	CHECK_EQ(rec_count(r, REC_CLONE), 1);
	CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), 1);
	/* set_events() leaves the set as it is */
	CHECK_EQ(rec_events(r, UTRACE_EVENT_SYSCALL), 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK(getppid_of(p) > 0);
	CHECK(came(r, __NR_getuid, 0));
	CHECK_EQ(rec_times(r, REC_SYSCALL_ENTRY, __NR_getppid), 1);
}

static u32 narrow_itself(struct recorder *r, struct rec_call *call)
{
	struct utrace_syscall_set *set;

	if (call->arg[0] == __NR_getppid) {
		set = SET(__NR_getuid);
		EXPECT_EQ(utrace_set_syscalls(current, call->engine, set), 0);
		utrace_syscall_set_free(set);
	}
	return rec_default(r, call);
}

static u32 narrow_to_none(struct recorder *r, struct rec_call *call)
{
	struct utrace_syscall_set *none = utrace_syscall_set_new();

	if (call->arg[0] == EV(SYSCALL_ENTRY))
		EXPECT_EQ(utrace_set_syscalls(current, call->engine, none), 0);
	utrace_syscall_set_free(none);
	return rec_default(r, call);
}

/* What report_quiesce narrows, the callback after it is narrowed by. */
TEST(narrow_in_quiesce, "NAR-1 NAR-2 REP-3")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_plain(prog_task(p), BOTH);
	unsigned int quiesced;

	CHECK_EQ(narrow(r, SET(__NR_getppid)), 0);
	CHECK(getppid_of(p) > 0);
	CHECK(came(r, __NR_getppid, 1));
	quiesced = rec_times(r, REC_QUIESCE, EV(SYSCALL_ENTRY));
	rec_hook_set(r, REC_QUIESCE, narrow_to_none);
	CHECK(getppid_of(p) > 0);
	CHECK(came(r, __NR_getppid, 1));
	CHECK_EQ(rec_times(r, REC_QUIESCE, EV(SYSCALL_ENTRY)), quiesced + 1);
}

/* What it returns: as set_events. */
TEST(narrow_returns, "NAR-2 EVT-2 EVT-5 EVT-6")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_plain(prog_task(p), UTRACE_EVENT_SYSCALL);
	struct utrace_syscall_set *less = SET(__NR_getuid);
	struct utrace_syscall_set *more = SET(__NR_getuid, __NR_getppid);
	struct gate *g = gate_new();
	unsigned int n;

	/* adding, while a callback to this engine runs: 0 */
	CHECK_EQ(utrace_set_syscalls(r->task, r->engine, more), 0);
	CHECK_EQ(rec_barrier(r), 0);
	rec_hold(r, REC_SYSCALL_ENTRY, g);
	say_call(p, __NR_getppid, 0, 0, 0);
	CHECK(gate_busy(g));
	CHECK_EQ(utrace_set_syscalls(r->task, r->engine, NULL), 0);
	/* taking away: it may be one of those */
	CHECK_EQ(utrace_set_syscalls(r->task, r->engine, less), -EINPROGRESS);
	gate_open(g);
	CHECK(prog_get(p, "ret") > 0);
	CHECK_EQ(rec_barrier(r), 0);
	n = rec_times(r, REC_SYSCALL_ENTRY, __NR_getppid);
	CHECK_EQ(n, 1);
	rec_hold(r, REC_SYSCALL_ENTRY, NULL);
	/* 0 is proof that none of them comes */
	CHECK_EQ(utrace_set_syscalls(r->task, r->engine, less), 0);
	CHECK(getppid_of(p) > 0);
	CHECK_EQ(rec_times(r, REC_SYSCALL_ENTRY, __NR_getppid), n);
	/* by current: 0 */
	CHECK_EQ(narrow(r, NULL), 0);
	rec_hook_set(r, REC_SYSCALL_ENTRY, narrow_itself);
	CHECK(getppid_of(p) > 0);
	CHECK(getppid_of(p) > 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK_EQ(rec_times(r, REC_SYSCALL_ENTRY, __NR_getppid), n + 1);
	CHECK_EQ(rec_times(r, REC_SYSCALL_ENTRY, __NR_getuid), 1);
	/* detached */
	CHECK(rec_detach(r));
	CHECK_EQ(utrace_set_syscalls(r->task, r->engine, less), -ESRCH);
	CHECK_EQ(utrace_set_syscalls(r->task, r->engine, NULL), -ESRCH);
	utrace_syscall_set_free(less);
	utrace_syscall_set_free(more);
}

/* On a stopped thread the call is final: at an entry stop the exit pass of
 * that very call does not come. */
TEST(narrow_stopped, "NAR-2 EVT-4")
{
	struct act *act = ACT(__NR_getppid, NULL, 0,
			      UTRACE_STOP | UTRACE_SYSCALL_RUN);
	struct prog *p = prog_start("crew");
	struct recorder *r;

	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act,
		       UTRACE_EVENT_SYSCALL);
	say_call(p, __NR_getppid, 0, 0, 0);
	CHECK(wait_act(act, 1) && rec_wait_stopped(r));
	CHECK_EQ(narrow(r, SET(__NR_getuid)), 0);
	CHECK(control(r, UTRACE_RESUME));
	CHECK(prog_get(p, "ret") > 0);
	CHECK_EQ(rec_times(r, REC_SYSCALL_EXIT, __NR_getppid), 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK(came(r, __NR_getuid, 1));
}

/* A call that no engine wants goes on as untraced; after an exec too, which
 * itself is seen on both sides; what is wanted later comes. */
TEST(narrow_exec, "NAR-3 NAR-1")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_plain(prog_task(p), BOTH | EV(EXEC));
	int in, exec, out;

	CHECK_EQ(narrow(r, SET(__NR_execve, __NR_getppid)), 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	prog_say(p, "exec");
	CHECK(prog_expect(p, "ready"));
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK(getppid_of(p) > 0);
	in = rec_index(r, REC_SYSCALL_ENTRY, 0, __NR_execve);
	exec = rec_index(r, REC_EXEC, 0, 0);
	out = rec_index(r, REC_SYSCALL_EXIT, 0, __NR_execve);
	CHECK(in >= 0 && exec > in && out > exec);
	CHECK_EQ(rec_at(r, out)->arg[1], 0);
	CHECK(came(r, __NR_execve, 1) && came(r, __NR_getppid, 1));
	CHECK_EQ(rec_count(r, REC_SYSCALL_ENTRY), 2);
	CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), 2);
	CHECK_EQ(narrow(r, SET(__NR_getuid)), 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK(getppid_of(p) > 0);
	CHECK(came(r, __NR_getuid, 1) && came(r, __NR_getppid, 1));
}

/* The sets of other engines are their own. */
TEST(narrow_others, "NAR-4 NAR-3 NAR-1")
{
	struct prog *p = prog_start("crew");
	struct recorder *a = rec_plain(prog_task(p), BOTH);
	struct recorder *b = rec_plain(prog_task(p), BOTH);
	struct recorder *all = rec_plain(prog_task(p), BOTH);
	int i, before;

	CHECK_EQ(narrow(a, SET(__NR_getppid)), 0);
	CHECK_EQ(narrow(b, SET(__NR_getuid)), 0);
	/* it may have begun to wait for a command meanwhile */
	before = rec_times(a, REC_QUIESCE, EV(SYSCALL_ENTRY));
	for (i = 1; i <= 2; i++) {
		CHECK(getppid_of(p) > 0);
		CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
		CHECK(call(p, __NR_getgid, 0, 0, 0) >= 0);
		CHECK(came(a, __NR_getppid, i) && came(a, __NR_getuid, 0));
		CHECK(came(b, __NR_getppid, 0) && came(b, __NR_getuid, i));
		CHECK(came(a, __NR_getgid, 0) && came(b, __NR_getgid, 0));
		/* the one that was never narrowed goes in between */
		if (i == 1) {
			CHECK(came(all, __NR_getppid, 1));
			CHECK(came(all, __NR_getuid, 1));
			CHECK(came(all, __NR_getgid, 1));
			CHECK(rec_detach(all));
		}
		CHECK_EQ(rec_times(a, REC_QUIESCE, EV(SYSCALL_ENTRY)),
			 before + i);
	}
	/* one that goes does not widen or narrow the one that stays */
	CHECK(rec_detach(b));
	CHECK(getppid_of(p) > 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK(came(a, __NR_getppid, 3) && came(a, __NR_getuid, 0));
}

static void make_getuid(struct act *act, struct recorder *r,
			struct rec_call *call)
{
	(void)act;
	(void)r;
	call->regs->orig_ax = __NR_getuid;
}

/* The number that was asked for decides, for both passes, whatever an engine
 * makes of it. */
TEST(narrow_rewritten, "NAR-5 SYS-2")
{
	struct act *act = ACT(__NR_getppid, make_getuid, 0);
	struct prog *p = prog_start("crew");
	struct recorder *asked, *made;

	asked = rec_plain(prog_task(p), UTRACE_EVENT_SYSCALL);
	made = rec_plain(prog_task(p), UTRACE_EVENT_SYSCALL);
	CHECK_EQ(narrow(asked, SET(__NR_getppid)), 0);
	CHECK_EQ(narrow(made, SET(__NR_getuid)), 0);
	rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act, EV(SYSCALL_ENTRY));
	CHECK_EQ(getppid_of(p), call(p, __NR_getuid, 0, 0, 0));
	CHECK_EQ(act->n, 1);
	CHECK_EQ(rec_count(asked, REC_SYSCALL_ENTRY), 1);
	CHECK_EQ(rec_count(asked, REC_SYSCALL_EXIT), 1);
	/* the plain getuid() alone */
	CHECK_EQ(rec_count(made, REC_SYSCALL_ENTRY), 1);
	CHECK_EQ(rec_count(made, REC_SYSCALL_EXIT), 1);
}

/*
 * Only an engine that is not there any more saw a call begin, and none saw it end:
 * the next call is not taken for that, nor that for the next.
 */
TEST(narrow_after_another, "NAR-1 NAR-5 SYS-7")
{
	static const int nrs[] = { __NR_write, __NR_rt_sigreturn };
	const unsigned int yes = 1;
	unsigned int i, n;

	for (i = 0; i < 3 * ARRAY_LEN(nrs); i++) {
		struct prog *p = prog_start("spin");
		unsigned long stop = prog_get(p, "stop");
		unsigned long count = prog_get(p, "count");
		struct recorder *a = rec_plain(prog_task(p), EV(SYSCALL_ENTRY));
		struct recorder *b = rec_new();
		int nr = nrs[i / 3];

		h_note("%d, way %u", nr, i % 3);
		CHECK(do_ok(p, "catch 10"));
		/* it waits for the next command */
		CHECK(wait_until(rec_times(a, REC_SYSCALL_ENTRY, __NR_write) &&
				 rec_last(a, REC_SYSCALL_ENTRY)->arg[0] ==
				 __NR_read));
		prog_go(p);
		n = prog_peek32(p, count);
		CHECK(wait_until(prog_peek32(p, count) != n));
		switch (i % 3) {
		case 0:
			CHECK(rec_detach(a));
			break;
		case 1:
			CHECK_EQ(rec_events(a, 0), 0);
			break;
		case 2:
			CHECK_EQ(narrow(a, utrace_syscall_set_new()), 0);
			break;
		}
		CHECK_EQ(rec_attach(b, prog_task(p), 0), 0);
		CHECK_EQ(narrow(b, SET(nr)), 0);
		CHECK_EQ(rec_events(b, EV(SYSCALL_EXIT)), 0);
		if (nr == __NR_rt_sigreturn) {
			prog_signal(p, 10);
			CHECK(rec_wait(b, REC_SYSCALL_EXIT, 1));
		}
		CHECK(prog_poke(p, stop, &yes, sizeof(yes)));
		CHECK(prog_expect(p, "done"));
		CHECK(do_ok(p, "catch 10"));
		CHECK(do_ok(p, "catch 10"));
		/* each write, or the one return */
		CHECK(rec_wait(b, REC_SYSCALL_EXIT, nr == __NR_write ? 3 : 1));
		CHECK(wait_until(prog_state(p) == 'S'));
		CHECK_EQ(rec_count(b, REC_SYSCALL_EXIT),
			 nr == __NR_write ? 3 : 1);
		if (nr == __NR_write)
			CHECK_EQ(rec_times(b, REC_SYSCALL_EXIT, nr), 3);
		CHECK_EQ(rec_total(b), rec_count(b, REC_SYSCALL_EXIT));
	}
}

/* Numbers are those of the call's own ABI. */
TEST(narrow_i386, "NAR-5")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_plain(prog_task(p), UTRACE_EVENT_SYSCALL);
	struct recorder *wide = rec_plain(prog_task(p), EV(SYSCALL_ENTRY));
	struct utrace_syscall_set *set = utrace_syscall_set_new();

	CHECK_EQ(utrace_syscall_set_add(set, UTRACE_ABI_I386, I386_GETPPID), 0);
	CHECK_EQ(utrace_syscall_set_add(set, UTRACE_ABI_X86_64, I386_GETPID),
		 0);
	CHECK_EQ(narrow(r, set), 0);
	prog_say(p, "i386 %d", I386_GETPID);
	CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
	CHECK_EQ(rec_times(wide, REC_SYSCALL_ENTRY, I386_GETPID), 1);
	/* semget() there */
	CHECK(call(p, I386_GETPPID, -1UL, 0, 0) < 0);
	CHECK_EQ(rec_total(r), 0);
	prog_say(p, "i386 %d", I386_GETPPID);
	CHECK_EQ(prog_get(p, "ret"), getppid_of(p));
	CHECK_EQ(rec_times(r, REC_SYSCALL_ENTRY, I386_GETPPID), 1);
	CHECK_EQ(rec_times(r, REC_SYSCALL_EXIT, I386_GETPPID), 1);
	CHECK_EQ(rec_total(r), 2);
}

/* By name: in every ABI. */
TEST(narrow_by_name, "NAR-5")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_plain(prog_task(p), UTRACE_EVENT_SYSCALL);
	struct utrace_syscall_set *set = utrace_syscall_set_new();
	int err = utrace_syscall_set_add_name(set, "getppid");

	CHECK_EQ(err, 0);
	CHECK_EQ(utrace_syscall_set_add_name(set, "no_such_call"), -ENOENT);
	CHECK_EQ(utrace_syscall_set_add_name(set, ""), -ENOENT);
	CHECK_EQ(narrow(r, set), 0);
	CHECK(getppid_of(p) > 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	prog_say(p, "i386 %d", I386_GETPPID);
	CHECK(prog_get(p, "ret") > 0);
	prog_say(p, "i386 %d", I386_GETPID);
	CHECK(prog_get(p, "ret") > 0);
	CHECK(came(r, __NR_getppid, 1) && came(r, I386_GETPPID, 1));
	CHECK_EQ(rec_total(r), 4);
}

/* What can be no number; a set is copied, and null can be freed. */
TEST(narrow_set_calls, "NAR-5")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_plain(prog_task(p), UTRACE_EVENT_SYSCALL);
	struct utrace_syscall_set *set = SET(__NR_getppid);

	CHECK_EQ(utrace_syscall_set_add(set, UTRACE_ABI_X86_64, -1), -EINVAL);
	CHECK_EQ(utrace_syscall_set_add(set, UTRACE_NABIS, 1), -EINVAL);
	utrace_syscall_set_free(NULL);
	CHECK_EQ(utrace_set_syscalls(r->task, r->engine, set), 0);
	CHECK_EQ(rec_barrier(r), 0);
	/* what is added to it later does not count */
	CHECK_EQ(utrace_syscall_set_add(set, UTRACE_ABI_X86_64, __NR_getuid),
		 0);
	utrace_syscall_set_free(set);
	CHECK(getppid_of(p) > 0);
	CHECK(call(p, __NR_getuid, 0, 0, 0) >= 0);
	CHECK(came(r, __NR_getppid, 1) && came(r, __NR_getuid, 0));
}
