// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Following a process whose threads come and go, and the list of them.
 *
 * The kernel lists them one after the other, and loses its place when the one it
 * is at ends: others that live all the time are left out then.
 */
#include <signal.h>
#include <sys/syscall.h>

#include "stress.h"

#define LOOKS	3000
#define MOST	64

static bool lists(const pid_t *tids, ssize_t n, pid_t tid)
{
	ssize_t i;

	for (i = 0; i < n; i++)
		if (tids[i] == tid)
			return true;
	return false;
}

STRESS(thread_list, 40, 500,
       "DTH-1: a list of threads that says that it is whole, by which the last "
       "one is known, has every thread that was there all the time",
       .alone = true)
{
	struct kid *kid = kid_new(r, "chain", 1 + rng_below(&r->rng, 3));
	int32_t *head = &kid->share->head;
	unsigned int i, whole = 0;
	pid_t tids[MOST], before;
	bool complete;
	ssize_t n;

	s_at("the chain begins");
	CHECK(wait_until(sh_load(head)));
	s_at("look");
	for (i = 0; i < LOOKS; i++) {
		before = sh_load(head);
		n = utrace_thread_list(kid->pid, tids, MOST, &complete);
		CHECK(n > 1 && n <= MOST);
		if (!complete)
			continue;
		whole++;
		/* it was there before, and still is */
		if (!syscall(SYS_tgkill, kid->pid, before, 0) &&
		    !lists(tids, n, before))
			FAIL("thread %d is not in the list of %zd", before, n);
	}
	EXPECT(whole);
}

static int count_attach(void *ctx, struct utrace_thread *thread,
			struct utrace_thread *parent)
{
	(void)thread;
	(void)parent;
	s_inc((unsigned int *)ctx);
	return 0;
}

/* The exec of a thread that is not followed yet takes one's ID that is. */
STRESS(follow_exec, 250, 6000,
       "EXC-2: who is followed while one of its threads calls exec, is followed")
{
	static const struct utrace_follow_ops ops = { .attach = count_attach };
	unsigned int n = 3 + rng_below(&r->rng, 10), *attached;
	struct kid *kid = kid_loop(r, n);
	struct utrace_follow *follow;
	pid_t tracer, group;

	attached = s_alloc(r, sizeof(*attached));
	follow = utrace_follow_new(&ops, attached, UTRACE_FOLLOW_ALL);
	CHECK(follow);
	kid_cmd(kid, 1 + rng_below(&r->rng, n - 1), CMD_EXEC, 0);
	dither(&r->rng, 300);
	s_at("follow %u threads", n);
	CHECK_EQ(utrace_follow_process(follow, kid->pid), 0);
	s_at("followed, %u times", s_load(attached));
	EXPECT(task_state(kid->pid, kid->pid, &tracer, &group));
	EXPECT(tracer);
	CHECK(wait_until(sh_load(&kid->share->after) == 1));
	EXPECT(task_state(kid->pid, kid->pid, &tracer, &group));
	EXPECT(tracer);
	CHECK(wait_until(utrace_follow_count(follow) == 1));
	kid_cmd(kid, 0, CMD_EXIT, 3);
	CHECK_EQ(kid_wait(kid), EXITED(3));
	CHECK(wait_until(utrace_follow_count(follow) == 0));
	utrace_follow_free(follow);
}
