// SPDX-License-Identifier: LGPL-2.1-or-later
/* The program that hosts engines is killed, at any moment. */
#include "told.h"

PART(dies_with_engines)
{
	struct recorder *r = rec_new(), *s = rec_new();
	struct task_struct *t = h_task(arg);

	CHECK(!IS_ERR(t));
	CHECK_EQ(rec_attach(r, t, EV(QUIESCE) | EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(s, t, UTRACE_EVENT_SYSCALL), 0);
	h_part_tell(1);
}

PART(dies_with_a_stop)
{
	struct recorder *r = rec_new();
	struct task_struct *t = h_task(arg);

	CHECK(!IS_ERR(t));
	CHECK_EQ(rec_attach(r, t, EV(QUIESCE) | EV(SYSCALL_EXIT)), 0);
	CHECK(rec_halt(r));
	h_part_tell(1);
}

/* The program that hosts engines is killed: threads run on untraced, also
 * those that it had stopped. */
static void host_dies(const char *name)
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct h_part *part = h_part_start(name, prog_tid(p), 0);
	long ready = 0;

	if (!part)
		SKIP("this host has no program of its own");
	CHECK(h_part_ask(part, &ready));
	if (!strcmp(name, "dies_with_engines"))
		CHECK(one_call(p));
	h_part_kill(part);
	CHECK(one_call(p));
	CHECK(one_call(p));
	/* Untraced: somebody else may. */
	CHECK(wait_until(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)) == 0));
	CHECK(one_call(p));
	CHECK(rec_find(r, REC_SYSCALL_EXIT, 0, __NR_getppid));
	prog_signal(p, SIGTERM);
	CHECK_EQ(prog_wait(p), KILLED(SIGTERM));
}

TEST(inv_host_dies, "INV-2") { host_dies("dies_with_engines"); }
TEST(inv_host_dies_stopped, "INV-2 INV-1") { host_dies("dies_with_a_stop"); }

/* What becomes of a signal depends on its number. */
static u32 judges(struct recorder *r, struct rec_call *call)
{
	switch (call->info->si_signo) {
	case SIGUSR2:
		return UTRACE_RESUME | UTRACE_SIGNAL_IGN;
	case SIGHUP:
		return UTRACE_RESUME | UTRACE_SIGNAL_TERM;
	default:
		return rec_default(r, call);
	}
}

PART(dies_at_request)
{
	struct task_struct *t = h_task(arg & 0xffffffff);
	struct recorder *r = rec_new();
	int err = 0;

	CHECK(!IS_ERR(t));
	rec_hook_set(r, REC_SIGNAL, judges);
	/* until nothing is left of the one before */
	wait_until((err = rec_attach(r, t, EV(QUIESCE) |
				     UTRACE_EVENT_SIGNAL_ALL)) != -EPERM);
	h_part_dies_at(arg >> 32);
	h_part_tell(err);
}

/*
 * A signal comes to the program.
 * @n: the host dies at this request
 */
struct scene {
	struct prog *p;
	struct h_part *part;
	long n;
};
typedef void signal_comes(struct scene *s);

/* The host is killed before any of the requests that a signal takes. */
static void host_dies_anywhere(const char *name, signal_comes *comes)
{
	struct prog *p = prog_start(name);
	struct scene s = { .p = p };
	bool lives = false;
	long error = 0;

	for (s.n = 1; s.n < 100 && !lives && prog_state(p) != 'Z'; s.n++) {
		s.part = h_part_start("dies_at_request",
				      prog_tid(p) | s.n << 32, 0);
		if (!s.part)
			SKIP("this host has no program of its own");
		h_note("request %ld", s.n);
		CHECK(h_part_ask(s.part, &error));
		/* the last host had ended it */
		if (error == -EALREADY || error == -ESRCH)
			break;
		CHECK_EQ(error, 0);
		comes(&s);
		CHECK_SO_FAR();
		lives = !h_maybe(!h_part_lives(s.part));
		h_part_kill(s.part);
	}
	CHECK(s.n > 5);
	if (lives)
		return;
	/* it was ended */
	CHECK_EQ(prog_wait(p), KILLED(SIGHUP));
}

/* For every other time, and for once. */
static void set_handler(struct prog *p, long n, int sig)
{
	prog_say(p, "catch %d %#lx", sig, n % 2 ? 0 : 0x80000000UL);
	CHECK(prog_expect(p, "ok"));
}

static void handled(struct scene *s)
{
	struct prog *p = s->p;

	set_handler(p, s->n, SIGUSR1);
	prog_say(p, "keeps %d", SIGUSR1);
	CHECK_EQ(prog_get(p, "keeps"), 1);
	prog_say(p, "count");
	CHECK_EQ(prog_get(p, "count"), s->n);
	/* what the handler found */
	prog_say(p, "mask");
	CHECK_EQ(prog_get(p, "mask"), 1L << (SIGUSR1 - 1));
}

/* Its handler runs, once, and the thread keeps all that it has. */
TEST(inv_host_dies_at_signal, "INV-2 SIG-4")
{
	host_dies_anywhere("handle", handled);
}

static void taken_away(struct scene *s)
{
	struct prog *p = s->p;

	set_handler(p, s->n, SIGUSR2);
	prog_say(p, "keeps %d", SIGUSR2);
	CHECK_EQ(prog_get(p, "keeps"), 1);
}

TEST(inv_host_dies_at_ignored, "INV-2 SIG-5")
{
	host_dies_anywhere("handle", taken_away);
}

/* It ends, or who would end it does, and then it keeps all that it has. */
static void ended(struct scene *s)
{
	struct prog *p = s->p;

	set_handler(p, 1, SIGHUP);
	prog_say(p, "keeps %d", SIGHUP);
	CHECK(wait_until(prog_state(p) == 'Z' || !h_part_lives(s->part)));
	/* it sleeps where it hears the next command */
	CHECK(wait_until(prog_state(p) == 'Z' || prog_state(p) == 'S'));
	if (prog_state(p) == 'S')
		CHECK_EQ(prog_get(p, "keeps"), 1);
}

TEST(inv_host_dies_at_end, "INV-2 SIG-5")
{
	host_dies_anywhere("handle", ended);
}

static void faulted32(struct scene *s)
{
	prog_say(s->p, "catch");
	CHECK(prog_expect(s->p, "ok"));
	prog_say(s->p, "fault");
	CHECK(prog_expect(s->p, "ok"));
	prog_say(s->p, "signo");
	CHECK_EQ(prog_get(s->p, "signo"), SIGSEGV);
}

TEST(inv_host_dies_at_fault32, "INV-2 SIG-4")
{
	host_dies_anywhere("told32", faulted32);
}

PART(dies_with_a_held_end)
{
	struct recorder *r = rec_new();
	struct task_struct *t = h_task(arg);

	CHECK(!IS_ERR(t));
	rec_ret(r, REC_EXIT, UTRACE_STOP);
	CHECK_EQ(rec_attach(r, t, EV(EXIT)), 0);
	h_part_tell(1);
	CHECK(rec_wait(r, REC_EXIT, 1));
	CHECK(rec_wait_held(r));
	/* whoever holds it has done all that there is to do */
	h_maybe(false);
	h_part_tell(2);
}

/* An engine holds a thread where a signal ends it: that ends it in any case. */
TEST(inv_host_dies_held_at_end, "INV-2 EXT-2")
{
	struct prog *p = prog_start("handle");
	struct h_part *part = h_part_start("dies_with_a_held_end",
					   prog_tid(p), 0);
	long told = 0;

	if (!part)
		SKIP("this host has no program of its own");
	CHECK(h_part_ask(part, &told) && told == 1);
	prog_signal(p, SIGTERM);
	CHECK(h_part_ask(part, &told) && told == 2);
	h_part_kill(part);
	CHECK_EQ(prog_wait(p), KILLED(SIGTERM));
}
