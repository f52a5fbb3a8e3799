// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Clone storms: a process whose threads create threads and children as fast as
 * they can, a follower that comes in midstream, and the end of the facility.
 */
#include <signal.h>

#include "stress.h"

struct storm {
	struct share *share;
	unsigned long events;
	unsigned int attached, released, callbacks, ended, closed;
};

static u32 called(struct utrace_engine *engine)
{
	struct storm *storm = engine->data;

	s_inc(&storm->callbacks);
	if (s_load(&storm->closed))
		FAIL("a callback after shutdown");
	return UTRACE_RESUME;
}

static u32 storm_quiesce(u32 action, struct utrace_engine *engine,
			 unsigned long event)
{
	(void)action;
	(void)event;
	return called(engine);
}

static u32 storm_clone(u32 action, struct utrace_engine *engine,
		       unsigned long flags, struct task_struct *child)
{
	(void)action;
	(void)flags;
	(void)child;
	return called(engine);
}

static u32 storm_call(u32 action, struct utrace_engine *engine,
		      struct pt_regs *regs)
{
	(void)regs;
	return called(engine) | (action & UTRACE_SYSCALL_MASK);
}

static u32 storm_exit(u32 action, struct utrace_engine *engine, long orig_code,
		      long *code)
{
	(void)action;
	(void)orig_code;
	(void)code;
	return called(engine);
}

static u32 storm_death(struct utrace_engine *engine, bool group_dead,
		       int signal)
{
	(void)group_dead;
	(void)signal;
	return called(engine);
}

static void storm_reap(struct utrace_engine *engine, struct task_struct *task)
{
	(void)task;
	called(engine);
}

static void storm_release(void *data)
{
	struct storm *storm = data;

	s_inc(&storm->released);
}

static const struct utrace_engine_ops storm_ops = {
	.report_quiesce = storm_quiesce,
	.report_clone = storm_clone,
	.report_syscall_entry = storm_call,
	.report_syscall_exit = storm_call,
	.report_exit = storm_exit,
	.report_death = storm_death,
	.report_reap = storm_reap,
	.release = storm_release,
};

static int storm_attach(void *ctx, struct utrace_thread *thread,
			struct utrace_thread *parent)
{
	struct storm *storm = ctx;
	struct utrace_engine *engine;
	int err;

	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &storm_ops,
				    storm);
	if (IS_ERR(engine)) {
		err = PTR_ERR(engine);
		/* one that runs may die, a newborn only if it is killed */
		EXPECT_EQ(err, -ESRCH);
		EXPECT(!parent || sh_load(&storm->share->blind));
		return err;
	}
	s_inc(&storm->attached);
	/* before it runs, if it is new: it looks for this */
	sh_store(&storm->share->seen[utrace_thread_id(thread)], 1);
	err = utrace_set_events(thread, engine, storm->events);
	utrace_engine_put(engine);
	EXPECT(!err || err == -ESRCH || err == -EALREADY);
	return err;
}

static void storm_ended(void *ctx)
{
	struct storm *storm = ctx;

	s_inc(&storm->ended);
}

static const struct utrace_follow_ops follow_ops = {
	.attach = storm_attach,
	.ended = storm_ended,
};

static const unsigned long all_events =
	EV(QUIESCE) | EV(REAP) | EV(CLONE) | EV(EXIT) | EV(DEATH) |
	EV(SYSCALL_ENTRY) | EV(SYSCALL_EXIT);

static bool storm_over(struct storm *storm)
{
	return s_load(&storm->released) == s_load(&storm->attached);
}

STRESS(clone_storm, 80, 2000,
       "CLN-1 CLN-2 ATT-9 STA-2: every thread that is created after the follow "
       "is seen; after a shutdown nothing is traced; the program ends right",
       .down = true)
{
	struct storm *storm = s_alloc(r, sizeof(*storm));
	bool shut = one_in(&r->rng, 2), killed = one_in(&r->rng, 6);
	unsigned int first = rng_below(&r->rng, 20), before;
	unsigned int some = 5 + rng_below(&r->rng, 60);
	struct utrace_follow *follow;
	struct kid *kid;

	CHECK_EQ(utrace_init(), 0);
	kid = kid_new(r, "storm", 1 + rng_below(&r->rng, 4));
	storm->share = kid->share;
	storm->events = one_in(&r->rng, 3) ? EV(REAP) :
			one_in(&r->rng, 3) ? all_events :
			rng_next(&r->rng) & all_events;
	follow = utrace_follow_new(&follow_ops, storm, UTRACE_FOLLOW_ALL);
	s_at("storm begins");
	CHECK(wait_until(sh_load(&kid->share->created) > first));
	s_at("follow");
	CHECK_EQ(utrace_follow_process(follow, kid->pid), 0);
	sh_store(&kid->share->followed, 1);
	s_at("followed, events %#lx", storm->events);
	CHECK(wait_until(sh_load(&kid->share->watched) > some));
	if (killed) {
		s_at("kill");
		/* who is killed in the middle of fork() tells of no child */
		sh_store(&kid->share->blind, 1);
		kill(kid->pid, SIGKILL);
		EXPECT_EQ(kid_wait(kid), KILLED(SIGKILL));
	} else if (!shut) {
		s_at("quit");
		sh_store(&kid->share->quit, 1);
		EXPECT_EQ(kid_wait(kid), EXITED(7));
		s_at("all engines end");
		wait_until(utrace_follow_count(follow) == 0);
		wait_until(storm_over(storm));
		EXPECT_EQ(s_load(&storm->ended), 1);
	} else {
		/* from here on nobody is promised to be seen */
		sh_store(&kid->share->blind, 1);
	}
	s_at("shutdown");
	EXPECT_EQ(utrace_shutdown(), 0);
	s_store(&storm->closed, 1);
	if (!killed && shut) {
		EXPECT_EQ(kid_held(kid, true), 0);
		before = sh_load(&kid->share->created);
		s_at("storm goes on");
		wait_until(sh_load(&kid->share->created) > before + 10);
		sh_store(&kid->share->quit, 1);
		EXPECT_EQ(kid_wait(kid), EXITED(7));
	}
	utrace_follow_free(follow);
	EXPECT_EQ(utrace_exit(), 0);
	EXPECT_EQ(s_load(&storm->released), s_load(&storm->attached));
	if (sh_load(&kid->share->missed))
		FAIL("%u of %u not seen, the last was %d",
		     sh_load(&kid->share->missed),
		     sh_load(&kid->share->watched),
		     sh_load(&kid->share->missed_tid));
	kid_right(kid);
}
