// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The capability table: each entry is triggered, and what happens is what it
 * says.  What an engine asked for and did not get, it is told by
 * utrace_engine_refused().
 *
 * On a host without the entry the same test demands the statement itself.  When
 * a host learns a statement its test fails until the entry goes.
 */
#include "told.h"

#define KILL	9
#define USR1	10
#define SEGV	11
#define USR2	12
#define TERM	15
#define SYS	31
#define CONT	18
#define STOPSIG	19
#define WINCH	28

#define EINTR_SEEN	-4

/* si_code of SIGCHLD */
#define STOPPED		5

#define I386_RT_SIGTIMEDWAIT	177

#define RET(resume, sig)	(UTRACE_##resume | UTRACE_SIGNAL_##sig)

/* Where each is triggered. */
static const struct { const char *id, *test; } triggers[] = {
	{ "SIG-4", "signal_return_ka_handler" },
	{ "SIG-5", "cap_signal_numbers" },
	{ "EXT-1", "exit_code_changed" },
	{ "EXT-2", "exit_stop" },
	{ "JCT-1", "cap_jctl_order, cap_jctl_notify" },
	{ "INV-1", "cap_eintr, cap_write, cap_i386, cap_signal_taker" },
	{ "INV-2", "cap_held_fault32" },
	{ "NAR-3", "cap_unwanted_calls" },
	{ "CLN-1", "clone_untraced_flag" },
};

/* An entry has a test that triggers it. */
TEST(cap_each_triggered, "")
{
	struct utrace_caps caps;
	unsigned int i;
	size_t k;

	CHECK_EQ(utrace_capabilities(&caps, sizeof(caps)), 0);
	for (k = 0; k < caps.nr; k++) {
		for (i = 0; i < ARRAY_LEN(triggers); i++)
			if (!strcmp(caps.entries[k].id, triggers[i].id))
				break;
		if (!EXPECT(i < ARRAY_LEN(triggers)))
			h_note("no test triggers %s", caps.entries[k].id);
	}
}

/* ---- signals ------------------------------------------------------------ */

static u32 see_filter(struct recorder *r, struct rec_call *call)
{
	EXPECT_EQ(call->info->si_signo, SYS);
	EXPECT_EQ(call->info->si_code, 1);	/* SYS_SECCOMP */
	EXPECT_EQ(call->info->si_syscall, __NR_getuid);
	EXPECT_EQ(call->info->si_arch, 0xc000003e);	/* AUDIT_ARCH_X86_64 */
	EXPECT_EQ(call->arg[1], UTRACE_SIGNAL_CORE);
	(void)r;
	return RET(RESUME, IGN);
}

/* The process is ended by its own filter, which is seen, and not taken back. */
TEST(cap_filter_signal, "SIG-1 SIG-5")
{
	struct prog *p = prog_start("handle");
	struct recorder *r = rec_new();

	prog_say(p, "forbid %d", __NR_getuid);
	CHECK(prog_expect(p, "ok"));
	rec_hook_set(r, REC_SIGNAL, see_filter);
	CHECK_EQ(rec_attach(r, prog_task(p), UTRACE_EVENT_SIGNAL_ALL |
			    EV(EXIT)), 0);
	say_call(p, __NR_getuid, 0, 0, 0);
	CHECK_EQ(prog_wait(p) & 0x7f, SYS);
	CHECK_EQ(rec_count(r, REC_SIGNAL), 1);
	CHECK(refused(r, "SIG-5"));
	CHECK_EQ(rec_count(r, REC_EXIT), 1);
}

/* A signal that a filter raises is one as any other, and ends it. */
TEST(signal_by_filter, "SIG-1 SIG-12")
{
	struct prog *p = prog_start("handle");
	struct recorder *r;

	prog_say(p, "refuse %d", __NR_getuid);
	CHECK(prog_expect(p, "ok"));
	r = rec_plain(prog_task(p), UTRACE_EVENT_SIGNAL_ALL | EV(EXIT));
	say_call(p, __NR_getuid, 0, 0, 0);
	CHECK_EQ(prog_wait(p) & 0x7f, SYS);
	CHECK_EQ(rec_count(r, REC_SIGNAL), 1);
	CHECK_EQ(rec_count(r, REC_EXIT), 1);
}

/* The process ends or stops as was asked; by the number that was named, or by
 * another, and then that is told. */
TEST(cap_signal_numbers, "SIG-5")
{
	static const struct {
		u32 how;
		int sig, instead;	/* instead 0: one that dumps core */
	} t[] = {
		{ RET(RESUME, TERM), WINCH, KILL },
		{ RET(RESUME, CORE), USR1, 0 },
		{ RET(RESUME, STOP), USR1, STOPSIG },
		{ RET(RESUME, TSTP), USR1, STOPSIG },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct prog *p = prog_start("handle");
		struct recorder *r = rec_new();
		int seen, term, wanted = t[i].sig;

		rec_ret(r, REC_SIGNAL, t[i].how | REC_EXACT);
		CHECK_EQ(rec_attach(r, prog_task(p), UTRACE_EVENT_SIGNAL_ALL),
			 0);
		prog_signal(p, t[i].sig);
		term = t[i].instead != STOPSIG;
		seen = term ? prog_wait(p) & 0x7f : prog_wait_stopped(p);
		EFFECT_OR_REFUSED(r, "SIG-5", seen == wanted);
		CHECK_SO_FAR();
		if (!refused(r, "SIG-5"))
			continue;
		if (t[i].instead)
			CHECK_EQ(seen, t[i].instead);
		else	/* SIGQUIT, SIGILL ... */
			CHECK(strchr("\3\4\5\6\7\10\13\30\31\37", seen));
	}
}

/* A signal to the process while its main thread is in a callback. */
TEST(cap_signal_taker, "INV-1")
{
	struct prog *p = prog_start("crew", "1");
	struct gate *g = gate_new();
	struct recorder *r = rec_new();
	bool lacks = !cap_full("INV-1");
	unsigned long addr;

	prog_say(p, "catch %d", USR1);
	addr = prog_get(p, "taker");
	rec_hold(r, REC_SYSCALL_ENTRY, g);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_ENTRY)), 0);
	say_call(p, __NR_getppid, 0, 0, 0);
	CHECK(gate_busy(g));
	prog_signal(p, USR1);
	if (lacks)
		CHECK(wait_until(prog_peek32(p, addr)));
	gate_open(g);
	CHECK(prog_get(p, "ret") > 0);
	CHECK(wait_until(prog_peek32(p, addr)));
	CHECK_EQ((int)prog_peek32(p, addr),
		 lacks ? prog_thread_tid(p, 0) : prog_tid(p));
}

#define HELD_VALUE	4711

static u32 hold_it(struct recorder *r, struct rec_call *call)
{
	const u32 *how = r->priv;

	return call->arg[0] == USR1 ? *how | UTRACE_SIGNAL_HOLD :
				      rec_default(r, call);
}

static void die_with_held(long tid, u32 how)
{
	struct recorder *r = rec_new();
	struct task_struct *t = h_task(tid);

	CHECK(!IS_ERR(t));
	r->priv = &how;
	rec_hook_set(r, REC_SIGNAL, hold_it);
	CHECK_EQ(rec_attach(r, t, EV(SIGNAL)), 0);
	h_part_tell(1);
	CHECK(rec_wait(r, REC_SIGNAL, 1));
	CHECK(rec_wait_held(r));
	h_part_tell(2);
}

PART(dies_with_a_held_signal) { die_with_held(arg, RET(STOP, IGN)); }
PART(dies_with_two) { die_with_held(arg, RET(STOP, DELIVER)); }

/* An engine holds a signal, and its host is killed: the signal comes as it was. */
static void held_signal(const char *dies, int times)
{
	struct prog *p = prog_start("handle");
	struct h_part *part = h_part_start(dies, prog_tid(p), 0);
	long told = 0;

	if (!part)
		SKIP("this host has no program of its own");
	CHECK(do_ok(p, "catch 10 0"));
	CHECK(h_part_ask(part, &told) && told == 1);
	prog_say(p, "queue %d %d", USR1, HELD_VALUE);
	CHECK(h_part_ask(part, &told) && told == 2);
	h_part_kill(part);
	CHECK(prog_expect(p, "ok"));
	CHECK_EQ(ask(p, "count"), times);
	CHECK_EQ(ask(p, "signo"), USR1);
	CHECK_EQ(ask(p, "value"), HELD_VALUE);
}

TEST(cap_held_signal, "INV-2 SIG-6")
{
	held_signal("dies_with_a_held_signal", 1);
}

/* The handler runs for it, and again. */
TEST(cap_held_delivered, "INV-2 SIG-6") { held_signal("dies_with_two", 2); }

PART(dies_with_a_fault)
{
	struct recorder *r = rec_new();
	struct task_struct *t = h_task(arg);

	CHECK(!IS_ERR(t));
	rec_ret(r, REC_SIGNAL, RET(STOP, IGN) | UTRACE_SIGNAL_HOLD | REC_EXACT);
	CHECK_EQ(rec_attach(r, t, EV(SIGNAL)), 0);
	h_part_tell(1);
	CHECK(rec_wait(r, REC_SIGNAL, 1));
	CHECK(rec_wait_held(r));
	h_part_tell(2);
}

/* The same in a program of 32 bits. */
TEST(cap_held_fault32, "INV-2 SIG-6")
{
	struct prog *p = prog_start("told32");
	struct h_part *part = h_part_start("dies_with_a_fault", prog_tid(p), 0);
	bool lacks = !cap_full("INV-2");
	long told = 0;

	if (!part)
		SKIP("this host has no program of its own");
	CHECK(do_ok(p, "catch"));
	CHECK(h_part_ask(part, &told) && told == 1);
	prog_say(p, "fault");
	CHECK(h_part_ask(part, &told) && told == 2);
	h_part_kill(part);
	CHECK(prog_expect(p, "ok"));
	CHECK_EQ(ask(p, "signo"), SEGV);
	CHECK_EQ(ask(p, "code"), lacks ? SI_QUEUE : 1 /* SEGV_MAPERR */);
}

/* ---- system calls that are cut short ------------------------------------- */

/* A call that is never restarted, and signals without effect: each makes it
 * begin anew, so that it lasts until they are over. */
TEST(cap_eintr, "INV-1")
{
	struct prog *p = prog_start("waits", "signals");
	bool anew = false, lacks = !cap_full("INV-1");
	int i;

	rec_plain(prog_task(p), EV(EXIT));
	/* on a busy machine they may come too late for it */
	for (i = 0; i < (lacks ? 5 : 1) && !anew; i++) {
		prog_go(p);
		CHECK(prog_expect(p, "waiting"));
		anew = prog_get(p, "signals") == 100;
		CHECK(prog_expect(p, "done"));
	}
	CHECK_EQ(anew, lacks);
}

/* A write to a pipe that is full; the program is attached to. */
TEST(cap_write, "INV-1")
{
	struct prog *p = prog_start("waits", "write");
	struct recorder *r = rec_new();
	bool lacks = !cap_full("INV-1");
	const char *line;

	prog_go(p);
	CHECK(prog_expect(p, "waiting"));
	CHECK(wait_until(prog_state(p) == 'S'));
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(EXIT)), 0);
	if (!lacks)
		prog_go(p);
	else	/* it is awake, whatever attaching did to it */
		prog_signal(p, WINCH);
	line = prog_hear(p);
	CHECK(line);
	CHECK_EQ(!strncmp(line, "error write", 11), lacks);
}

/* The same for a call of the other table, which is not even begun anew. */
TEST(cap_i386, "INV-1")
{
	struct prog *p = prog_start("crew");
	unsigned long long set = 1ULL << (USR2 - 1);
	struct syscall_info info;
	bool lacks = !cap_full("INV-1");
	unsigned long addr;

	/* anonymous memory below 4 GB */
	prog_say(p, "call %d 0 4096 3 %#x -1 0", __NR_mmap, 0x62);
	addr = prog_get(p, "ret");
	CHECK(addr && addr < 1ULL << 32);
	CHECK(prog_poke(p, addr, &set, sizeof(set)));
	prog_say(p, "call %d 0 %#lx 0 8", __NR_rt_sigprocmask, addr);
	CHECK_EQ(prog_get(p, "ret"), 0);
	prog_say(p, "i386 %d %#lx 0 0 8", I386_RT_SIGTIMEDWAIT, addr);
	CHECK(wait_until(!task_current_syscall(prog_task(p), &info) &&
			 INFO(info, nr) == I386_RT_SIGTIMEDWAIT));
	rec_plain(prog_task(p), EV(EXIT));
	prog_signal(p, WINCH);
	if (!lacks)
		prog_signal(p, USR2);
	CHECK_EQ(prog_get(p, "ret"), lacks ? EINTR_SEEN : USR2);
}

/* Calls that no engine wants, while one wants others. */
TEST(cap_unwanted_calls, "NAR-3")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_plain(prog_task(p), UTRACE_EVENT_SYSCALL);
	struct utrace_syscall_set *set = utrace_syscall_set_new();
	unsigned long stops;

	CHECK_EQ(utrace_syscall_set_add(set, UTRACE_ABI_X86_64, __NR_getuid),
		 0);
	CHECK_EQ(utrace_set_syscalls(r->task, r->engine, set), 0);
	utrace_syscall_set_free(set);
	CHECK_EQ(rec_barrier(r), 0);
	CHECK(wait_until(prog_state(p) == 'S'));
	stops = h_stops();
	prog_say(p, "calls 1000");
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(rec_count(r, REC_SYSCALL_ENTRY), 0);
	if (cap_full("NAR-3"))
		CHECK_EQ(h_stops(), stops);
	else
		CHECK(h_stops() >= stops + 2000);
}

/* ---- job control ---------------------------------------------------------- */

static long wait_stopped(void *arg)
{
	return prog_wait_stopped(arg);
}

/* Whether the parent is told of the stop before the callback is over. */
TEST(cap_jctl_order, "JCT-1")
{
	struct prog *p = prog_start("crew");
	struct gate *g = gate_new();
	struct recorder *r = rec_new();
	struct h_thread *t;

	rec_hold(r, REC_JCTL, g);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(JCTL)), 0);
	prog_signal(p, STOPSIG);
	CHECK(gate_busy(g));
	t = h_thread(wait_stopped, p);
	CHECK(h_thread_settled(t));
	CHECK_EQ(h_thread_done(t), !cap_full("JCT-1"));
	gate_open(g);
	CHECK_EQ(h_join(t), STOPSIG);
	prog_signal(p, CONT);
	CHECK(getppid_of(p) > 0);
}

/* The stop is completed by a thread that is not traced. */
TEST(cap_jctl_notify, "JCT-1")
{
	struct prog *p = prog_start("crew", "1");
	struct recorder *r = rec_plain(prog_task(p), EV(JCTL));
	struct h_thread *t;

	prog_say(p, "at 0 vfork");
	CHECK(prog_expect(p, "vforked"));
	prog_signal(p, STOPSIG);
	CHECK(rec_wait(r, REC_JCTL, 1));
	CHECK_EQ(rec_last(r, REC_JCTL)->arg[0], STOPPED);
	CHECK_EQ(rec_last(r, REC_JCTL)->arg[1],
		 cap_full("JCT-1") ? 0 : STOPPED);
	t = h_thread(wait_stopped, p);
	CHECK(h_thread_settled(t));
	CHECK(!h_thread_done(t));
	/* the child hears it */
	prog_go(p);
	CHECK_EQ(h_join(t), STOPSIG);
	prog_signal(p, CONT);
	CHECK(prog_expect(p, "ok"));
}
