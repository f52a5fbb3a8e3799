// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The harness itself: programs start, answer and end with no tracer at all.
 */
#include "harness.h"

TEST(harness_program, "")
{
	struct prog *p = prog_start("calls");

	prog_go(p);
	CHECK(prog_expect(p, "done"));
	prog_signal(p, 9);
	CHECK_EQ(prog_wait(p), KILLED(9));
}

TEST(harness_states, "")
{
	struct prog *p = prog_start("exits", "3"), *q = prog_start("calls");
	static const int stops[] = { SIGSTOP, SIGTSTP };
	unsigned int i;

	CHECK(wait_until(prog_state(p) == 'S'));
	/* its process group is not orphaned */
	for (i = 0; i < ARRAY_LEN(stops); i++) {
		prog_signal(p, stops[i]);
		CHECK_EQ(prog_wait_stopped(p), stops[i]);
		CHECK_EQ(prog_state(p), 'T');
		prog_signal(p, SIGCONT);
		CHECK(prog_wait_continued(p));
	}
	prog_go(p);
	CHECK(prog_wait_zombie(p));
	CHECK_EQ(prog_state(p), 'Z');
	CHECK_EQ(prog_wait(p), EXITED(3));
	CHECK_EQ(prog_state(p), 0);
	CHECK(IS_ERR(h_task(prog_tid(p))));
	/* traced by somebody else, whose end is no end for it */
	CHECK_EQ(prog_native_trace(q), 0);
	CHECK(one_call(q));
	prog_signal(q, SIGTERM);
	CHECK_EQ(prog_wait(q), KILLED(SIGTERM));
}

TEST(harness_memory, "")
{
	struct prog *p = prog_start("spin");
	unsigned long stop = prog_get(p, "stop"), count = prog_get(p, "count");
	unsigned int yes = 1;

	prog_go(p);
	CHECK(wait_until(prog_peek32(p, count) != 0));
	CHECK_EQ(prog_state(p), 'R');
	CHECK(prog_poke(p, stop, &yes, sizeof(yes)));
	CHECK(prog_expect(p, "done"));
}

TEST(harness_program_threads, "")
{
	struct prog *p = prog_start("threads", "2");

	CHECK_EQ(task_pid_nr(prog_thread(p, 1)), prog_thread_tid(p, 1));
	CHECK_EQ(task_tgid_nr(prog_thread(p, 1)), prog_tid(p));
	CHECK(wait_until(h_state(prog_thread_tid(p, 1)) == 'S'));
	prog_thread_signal(p, 1, SIGTERM);
	CHECK_EQ(prog_wait(p), KILLED(SIGTERM));
}

static long pass(void *arg)
{
	return gate_wait(arg) ? 42 : -1;
}

TEST(harness_threads, "")
{
	struct gate *g = gate_new();
	struct h_thread *t[3];
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(t); i++)
		t[i] = h_thread(pass, g);
	for (i = 0; i < ARRAY_LEN(t); i++) {
		CHECK(h_thread_settled(t[i]));
		CHECK(!h_thread_done(t[i]));
	}
	CHECK(wait_until(gate_waiters(g) == ARRAY_LEN(t)));
	gate_open(g);
	for (i = 0; i < ARRAY_LEN(t); i++)
		CHECK_EQ(h_join(t[i]), 42);
	CHECK_EQ(gate_waiters(g), 0);
}
