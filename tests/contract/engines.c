// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 3 of the contract: engines and their references. */
#include "harness.h"

/* Two references: the attachment's alone does not do, nor the caller's. */
TEST(eng_two_references, "ENG-1 ENG-2 ENG-4")
{
	struct prog *p = prog_start("calls");
	struct recorder *mine = rec_new(), *theirs = rec_new();

	/* Detached first: ours keeps it. */
	CHECK_EQ(rec_attach(mine, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(one_call(p));
	CHECK_EQ(rec_control(mine, UTRACE_DETACH), 0);
	CHECK_EQ(rec_barrier(mine), -ESRCH);
	CHECK(one_call(p));
	CHECK_EQ(rec_count(mine, REC_RELEASE), 0);
	rec_put(mine);
	CHECK(wait_until(rec_count(mine, REC_RELEASE) == 1));

	/* Ours given back first: the attachment keeps it, and it works. */
	CHECK_EQ(rec_attach(theirs, prog_task(p), EV(SYSCALL_EXIT)), 0);
	rec_put(theirs);
	CHECK(one_call(p));
	CHECK(rec_find(theirs, REC_SYSCALL_EXIT, 0, __NR_getppid));
	CHECK_EQ(rec_count(theirs, REC_RELEASE), 0);
	rec_ret(theirs, REC_SYSCALL_EXIT, UTRACE_DETACH);
	CHECK(one_call(p));
	CHECK(wait_until(rec_count(theirs, REC_RELEASE) == 1));
	CHECK_EQ(rec_count(mine, REC_RELEASE), 1);
}

TEST(eng_get_adds_put_drops, "ENG-2")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct utrace_engine *e;
	int i;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	e = r->engine;
	for (i = 0; i < 3; i++)
		utrace_engine_get(e);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);
	CHECK_EQ(rec_barrier(r), -ESRCH);
	rec_put(r);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(rec_count(r, REC_RELEASE), 0);
		CHECK(e->data == r);
		utrace_engine_put(e);
	}
	CHECK(wait_until(rec_count(r, REC_RELEASE) == 1));
}

/* What is in the ops at attach time counts, then and in the other direction. */
TEST(eng_release_as_at_attach, "ENG-2")
{
	struct prog *p = prog_start("calls");
	struct recorder *with = rec_new(), *without = rec_new();

	with->foreign = without->foreign = true;
	without->ops.release = NULL;
	CHECK_EQ(rec_attach(with, prog_task(p), 0), 0);
	CHECK_EQ(rec_attach(without, prog_task(p), 0), 0);
	with->ops.release = NULL;
	without->ops.release = rec_ops.release;
	CHECK_EQ(rec_control(with, UTRACE_DETACH), 0);
	CHECK_EQ(rec_control(without, UTRACE_DETACH), 0);
	CHECK_EQ(rec_barrier(with), -ESRCH);
	CHECK_EQ(rec_barrier(without), -ESRCH);
	rec_put(without);
	rec_put(with);
	CHECK(wait_until(rec_count(with, REC_RELEASE) == 1));
	CHECK_EQ(rec_count(without, REC_RELEASE), 0);
}

/* No reaping, engine or not, makes a held pointer stale. */
static void all_esrch(struct recorder *r, struct task_struct *task)
{
	struct utrace_examiner exam;
	int action;

	memset(&exam, 0, sizeof(exam));
	for (action = UTRACE_STOP; action < UTRACE_RESUME_MAX; action++)
		EXPECT_EQ(utrace_control(task, r->engine, action), -ESRCH);
	EXPECT_EQ(utrace_set_events(task, r->engine, 0), -ESRCH);
	EXPECT_EQ(utrace_set_events(task, r->engine, EV(QUIESCE)), -ESRCH);
	EXPECT_EQ(utrace_prepare_examine(task, r->engine, &exam), -ESRCH);
	EXPECT_EQ(utrace_finish_examine(task, r->engine, &exam), -ESRCH);
	EXPECT_EQ(utrace_barrier(task, r->engine), -ESRCH);
	EXPECT(r->engine->data == r);
	EXPECT(r->engine->ops == r->use);
}

TEST(eng_calls_after_detach, "ENG-3 EVT-2 BAR-2 BAR-4 CTL-9")
{
	/* An address that is never a thread: nothing may look at it. */
	struct task_struct *stale = (struct task_struct *)8;
	struct prog *p = prog_start("exits", "3");
	struct recorder *by_control = rec_new(), *by_reap = rec_new();

	CHECK_EQ(rec_attach(by_control, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(by_reap, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_control(by_control, UTRACE_DETACH), 0);
	all_esrch(by_control, prog_task(p));
	all_esrch(by_control, stale);

	prog_go(p);
	CHECK_EQ(prog_wait(p), EXITED(3));
	/* Detached by reaping, soon after the wait. */
	CHECK(wait_until(rec_control(by_reap, UTRACE_DETACH) == -ESRCH));
	/* reaping had begun; now it is over */
	CHECK(wait_until(rec_barrier(by_reap) == -ESRCH));
	all_esrch(by_reap, prog_task(p));
	all_esrch(by_reap, stale);
	all_esrch(by_control, stale);
}

/* The attachment's reference outlasts the last callback, in which the engine
 * detaches and its owner gives back what he has. */
static u32 detach_and_put(struct recorder *r, struct rec_call *c)
{
	if (c->arg[0] != __NR_getppid)
		return UTRACE_RESUME;
	EXPECT_EQ(utrace_control(current, c->engine, UTRACE_DETACH),
		  -EINPROGRESS);
	EXPECT_EQ(task_pid_nr(current), task_pid_nr(r->task));
	rec_put(r);
	/* Valid until we return (ENG-6). */
	EXPECT(c->engine->data == r);
	EXPECT(c->engine->ops == r->use);
	EXPECT_EQ(utrace_control(current, c->engine, UTRACE_RESUME), -ESRCH);
	EXPECT_EQ(rec_count(r, REC_RELEASE), 0);
	h_store(&r->priv, (void *)(long)task_pid_nr(current));
	return UTRACE_RESUME;
}

TEST(eng_valid_in_callback, "ENG-4 ENG-6 CTL-8")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	rec_hook_set(r, REC_SYSCALL_EXIT, detach_and_put);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(one_call(p));
	CHECK(wait_until(rec_count(r, REC_RELEASE) == 1));
	CHECK_EQ((long)h_load(&r->priv), prog_tid(p));
	CHECK(one_call(p));
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
}

/* Looked up after one's own reference is gone: the same one, held again. */
TEST(eng_lookup_again, "ENG-5 ATT-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct utrace_engine *e, *again;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	e = r->engine;
	rec_put(r);
	again = utrace_attach_task(prog_task(p), UTRACE_ATTACH_MATCH_DATA,
				   NULL, r);
	CHECK(again == e);
	CHECK_EQ(utrace_control(prog_task(p), again, UTRACE_DETACH), 0);
	CHECK_EQ(utrace_barrier(prog_task(p), again), -ESRCH);
	CHECK_EQ(rec_count(r, REC_RELEASE), 0);
	utrace_engine_put(again);
	CHECK(wait_until(rec_count(r, REC_RELEASE) == 1));
}

/* Every way that attaching fails: release is not called. */
TEST(eng_failed_attach_no_release, "ENG-7 ATT-3 ATT-4")
{
	struct prog *p = prog_start("exits", "0");
	struct recorder *there = rec_new(), *r = rec_new();
	struct task_struct *kthread = h_task(2);

	CHECK_EQ(rec_attach(there, prog_task(p), 0), 0);
	CHECK_ERR(utrace_attach_task(prog_task(p), UTRACE_ATTACH_CREATE |
				     UTRACE_ATTACH_EXCLUSIVE, r->use, r),
		  -EEXIST);
	if (!IS_ERR(kthread) && kthread)
		CHECK_ERR(utrace_attach_task(kthread, UTRACE_ATTACH_CREATE,
					     r->use, r), -EPERM);
	CHECK_ERR(utrace_attach_task(prog_task(p), UTRACE_ATTACH_MATCH_DATA,
				     NULL, r), -ENOENT);
	prog_go(p);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(wait_until(rec_control(there, UTRACE_DETACH) == -ESRCH));
	CHECK_ERR(utrace_attach_task(prog_task(p), UTRACE_ATTACH_CREATE,
				     r->use, r), -ESRCH);
	/* The fence: the release of the engine that was there. */
	CHECK_EQ(rec_barrier(there), -ESRCH);
	rec_put(there);
	CHECK(wait_until(rec_count(there, REC_RELEASE) == 1));
	CHECK_EQ(rec_count(r, REC_RELEASE), 0);
}

TEST(eng_release_gets_data_now, "ENG-8")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *other = rec_new();

	r->foreign = other->foreign = true;
	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	r->engine->data = other;
	CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);
	CHECK_EQ(rec_barrier(r), -ESRCH);
	rec_put(r);
	CHECK(wait_until(rec_count(other, REC_RELEASE) == 1));
	CHECK_EQ(rec_count(r, REC_RELEASE), 0);
}

/* After the thread is reaped the attachment's reference is gone as well. */
TEST(eng_reaping_drops_reference, "ENG-2 ENG-4")
{
	struct prog *p = prog_start("exits", "0");
	struct recorder *asked = rec_new(), *silent = rec_new();

	CHECK_EQ(rec_attach(asked, prog_task(p), EV(REAP)), 0);
	CHECK_EQ(rec_attach(silent, prog_task(p), 0), 0);
	rec_put(asked);
	rec_put(silent);
	prog_go(p);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(wait_until(rec_count(asked, REC_RELEASE) == 1));
	CHECK(wait_until(rec_count(silent, REC_RELEASE) == 1));
	CHECK_EQ(rec_count(asked, REC_REAP), 1);
	/* The last of all. */
	CHECK_EQ(rec_at(asked, rec_total(asked) - 1)->event, REC_RELEASE);
}
