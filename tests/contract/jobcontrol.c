// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 13: job control. */
#include "told.h"

#define USR1	10
#define CONT	18
#define STOPSIG	19

/* si_code of SIGCHLD */
#define STOPPED		5
#define CONTINUED	6

static unsigned int notified(struct recorder **r, int n, unsigned long type,
			     unsigned long notify)
{
	struct rec_entry *e;
	unsigned int i, sum = 0;

	for (; n--; r++)
		for (i = 0; (e = rec_at(*r, i)); i++)
			sum += e->event == REC_JCTL && e->arg[0] == type &&
			       e->arg[1] == notify;
	return sum;
}

static bool job_stopped(int tid)
{
	return h_state(tid) == 'T' || h_state(tid) == 't';
}

/*
 * Each thread reports that it stops, one of them, before the parent is told, that
 * this completes the stop; and so with the continue.
 */
static void stop_and_continue(int n)
{
	struct prog *p = n == 1 ? prog_start("crew") : prog_start("crew", "2");
	struct recorder *r[3];
	int i, round;

	for (i = 0; i < n; i++)
		r[i] = rec_plain(i ? prog_thread(p, i - 1) : prog_task(p),
				 EV(JCTL));
	for (round = 1; round <= 2; round++) {
		prog_signal(p, STOPSIG);
		CHECK_EQ(prog_wait_stopped(p), STOPSIG);
		if (cap_full("JCT-1"))
			CHECK_EQ(notified(r, n, STOPPED, STOPPED), round);
		CHECK(wait_until(notified(r, n, STOPPED, STOPPED) +
				 notified(r, n, STOPPED, 0) >=
				 (unsigned int)(n * round)));
		for (i = 0; i < n; i++)
			CHECK_EQ(rec_times(r[i], REC_JCTL, STOPPED), round);
		/* all of them are traced, so that every host can count */
		CHECK_EQ(notified(r, n, STOPPED, STOPPED), round);
		CHECK_EQ(notified(r, n, STOPPED, 0), (n - 1) * round);
		prog_signal(p, CONT);
		CHECK(prog_wait_continued(p));
		CHECK(getppid_of(p) > 0);
		/* all go on before the next stop, or it is no news to them */
		for (i = 1; i < n; i++) {
			say_at(p, i - 1, __NR_getpid, 0, 0, 0);
			CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
		}
		CHECK(wait_until(notified(r, n, CONTINUED, 0) +
				 notified(r, n, CONTINUED, CONTINUED) > 0));
		CHECK(wait_until(notified(r, n, CONTINUED, CONTINUED) >=
				 (unsigned int)round));
		CHECK_EQ(notified(r, n, CONTINUED, CONTINUED), round);
	}
}

TEST(jctl_one_thread, "JCT-1")
{
	stop_and_continue(1);
}

TEST(jctl_threads, "JCT-1 JCT-2")
{
	stop_and_continue(3);
}

/* With no JCTL asked for it is all the same to parent and program. */
TEST(jctl_as_untraced, "JCT-2 INV-1")
{
	struct prog *p = prog_start("crew", "1");
	int i;

	rec_plain(prog_task(p), EV(QUIESCE) | UTRACE_EVENT_SYSCALL |
		  UTRACE_EVENT_SIGNAL_ALL);
	rec_plain(prog_thread(p, 0), EV(EXIT));
	for (i = 0; i < 3; i++) {
		prog_signal(p, STOPSIG);
		CHECK_EQ(prog_wait_stopped(p), STOPSIG);
		CHECK(job_stopped(prog_tid(p)));
		CHECK(job_stopped(prog_thread_tid(p, 0)));
		prog_signal(p, CONT);
		CHECK(prog_wait_continued(p));
		CHECK(getppid_of(p) > 0);
		say_at(p, 0, __NR_getpid, 0, 0, 0);
		CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
	}
}

/* SIGCONT does not end a tracing stop: neither alone nor after a group stop. */
TEST(jctl_cont_in_stop, "JCT-2")
{
	struct prog *p = prog_start("crew", "1");
	struct recorder *other, *r = rec_new();
	struct utrace_examiner ex;
	int i;

	other = rec_plain(prog_task(p), EV(SIGNAL_IGN));
	CHECK_EQ(rec_attach(r, prog_thread(p, 0), EV(QUIESCE)), 0);
	CHECK(rec_halt(r));
	for (i = 0; i < 2; i++) {
		CHECK_EQ(utrace_prepare_examine(r->task, r->engine, &ex), 0);
		if (i) {
			prog_signal(p, STOPSIG);
			CHECK(wait_until(job_stopped(prog_tid(p))));
		}
		prog_signal(p, CONT);
		CHECK(rec_wait(other, REC_SIGNAL, i + 1));
		CHECK(getppid_of(p) > 0);
		CHECK_EQ(rec_last(other, REC_SIGNAL)->arg[0], CONT);
		CHECK_EQ(utrace_finish_examine(r->task, r->engine, &ex), 0);
		CHECK_EQ(rec_control(r, UTRACE_STOP), 0);
	}
	CHECK(rec_resume(r));
	say_at(p, 0, __NR_getpid, 0, 0, 0);
	CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
}

/* A tracing stop that ends while the group is stopped leaves the thread
 * stopped, until SIGCONT. */
TEST(jctl_stop_ends_in_group_stop, "JCT-2 JCT-1")
{
	struct prog *p = prog_start("crew", "1");
	struct recorder *r = rec_new();
	int stop, in;

	CHECK_EQ(rec_attach(r, prog_thread(p, 0), EV(QUIESCE) | EV(JCTL) |
			    EV(SYSCALL_ENTRY)), 0);
	CHECK(rec_halt(r));
	say_at(p, 0, __NR_getpid, 0, 0, 0);
	CHECK(getppid_of(p) > 0);
	prog_signal(p, STOPSIG);
	CHECK(wait_until(job_stopped(prog_tid(p))));
	CHECK(rec_resume(r));
	/* now the stop is complete */
	CHECK_EQ(prog_wait_stopped(p), STOPSIG);
	CHECK(wait_until(rec_times(r, REC_JCTL, STOPPED) == 1));
	CHECK(job_stopped(prog_thread_tid(p, 0)));
	CHECK_EQ(rec_times(r, REC_SYSCALL_ENTRY, __NR_getpid), 0);
	/* stopped is stopped, whatever by */
	CHECK(rec_wait_stopped(r));
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	prog_signal(p, CONT);
	CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
	stop = rec_index(r, REC_JCTL, 0, STOPPED);
	in = rec_index(r, REC_SYSCALL_ENTRY, 0, __NR_getpid);
	CHECK(stop >= 0 && in > stop);
}

/*
 * A callback for the continue that returns STOP: there, not after the system call
 * that SIGSTOP cut short and that would begin anew.
 */
TEST(jctl_stop_at_continue, "JCT-2 REP-6")
{
	struct prog *p = prog_start("crew", "1");
	struct recorder *r = rec_plain(prog_thread(p, 0), EV(JCTL));
	unsigned int round;

	for (round = 1; round <= 2; round++) {
		prog_signal(p, STOPSIG);
		CHECK_EQ(prog_wait_stopped(p), STOPSIG);
		CHECK(wait_until(rec_times(r, REC_JCTL, STOPPED) == round));
		rec_ret(r, REC_JCTL, UTRACE_STOP);
		prog_signal(p, CONT);
		CHECK(prog_wait_continued(p));
		CHECK(rec_wait_held(r));
		CHECK_EQ(rec_times(r, REC_JCTL, CONTINUED), round);
		rec_ret(r, REC_JCTL, UTRACE_RESUME);
		CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
		say_at(p, 0, __NR_getpid, 0, 0, 0);
		CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
	}
}

/* A stop that was asked for in a group stop outlasts SIGCONT. */
static void stop_in_group_stop(unsigned long events)
{
	struct prog *p = prog_start("crew", "1");
	struct recorder *r = rec_plain(prog_thread(p, 0),
				       EV(SYSCALL_ENTRY) | events);
	struct pt_regs regs;

	say_at(p, 0, __NR_getpid, 0, 0, 0);
	CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
	prog_signal(p, STOPSIG);
	CHECK_EQ(prog_wait_stopped(p), STOPSIG);
	CHECK(rec_wait_stopped(r));
	prog_signal(p, CONT);
	/* the main thread sends it a command, and goes on itself */
	say_at(p, 0, __NR_getpid, 0, 0, 0);
	CHECK(getppid_of(p) > 0);
	CHECK(rec_wait_stopped(r));
	CHECK(stopped_regs(r, &regs));
	CHECK_EQ(rec_times(r, REC_SYSCALL_ENTRY, __NR_getpid), 1);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
}

TEST(jctl_stop_in_group_stop, "JCT-2 CTL-3")
{
	stop_in_group_stop(0);
}

/* Callbacks on the way do not end it: that is for utrace_control(). */
TEST(jctl_stop_in_group_stop_reported, "JCT-2 CTL-3")
{
	stop_in_group_stop(EV(JCTL) | EV(QUIESCE));
}
