// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 4 of the contract: attaching, and looking engines up. */
#include "harness.h"

#define CREATE		UTRACE_ATTACH_CREATE
#define EXCLUSIVE	UTRACE_ATTACH_EXCLUSIVE
#define MATCH_OPS	UTRACE_ATTACH_MATCH_OPS
#define MATCH_DATA	UTRACE_ATTACH_MATCH_DATA

/* Tables for engines that are only looked up, and have data of any kind. */
static const struct utrace_engine_ops plain_a, plain_b = { .release = NULL };
static char one, two, three;

/* Look up, and give the reference back at once: the address tells. */
static void *look(struct task_struct *task, int flags,
		  const struct utrace_engine_ops *ops, void *data)
{
	struct utrace_engine *e = utrace_attach_task(task, flags, ops, data);

	if (!IS_ERR(e))
		utrace_engine_put(e);
	return e;
}

static struct utrace_engine *make(struct task_struct *task,
				  const struct utrace_engine_ops *ops,
				  void *data)
{
	struct utrace_engine *e = utrace_attach_task(task, CREATE, ops, data);

	if (IS_ERR(e))
		h_die(__FILE__, __LINE__, "attach: %ld", PTR_ERR(e));
	return e;
}

static void unmake(struct task_struct *task, struct utrace_engine *e)
{
	EXPECT_EQ(utrace_control(task, e, UTRACE_DETACH), 0);
	EXPECT_EQ(utrace_barrier(task, e), -ESRCH);
	utrace_engine_put(e);
}

TEST(att_lookup_never_traced, "ATT-1")
{
	struct prog *p = prog_start("calls");
	int flags;

	for (flags = 0; flags <= (MATCH_OPS | MATCH_DATA); flags++)
		CHECK_ERR(look(prog_task(p), flags, &plain_a, &one), -ENOENT);
	CHECK(one_call(p));
}

TEST(att_lookup_matches, "ATT-1 ATT-2 ATT-12")
{
	struct prog *p = prog_start("calls");
	struct task_struct *t = prog_task(p);
	struct utrace_engine *e[4];
	unsigned int i, ex;

	e[0] = make(t, &plain_a, &one);
	e[1] = make(t, &plain_a, &two);
	e[2] = make(t, &plain_b, &one);
	e[3] = make(t, &plain_a, &two);	/* never the first to match */

	const struct {
		int flags;
		const struct utrace_engine_ops *ops;
		void *data;
		void *want;
	} table[] = {
		{ 0, &plain_b, &three, e[0] },
		{ MATCH_OPS, &plain_a, &three, e[0] },
		{ MATCH_OPS, &plain_b, &three, e[2] },
		{ MATCH_OPS, &rec_ops, &one, ERR_PTR(-ENOENT) },
		{ MATCH_DATA, &rec_ops, &one, e[0] },
		{ MATCH_DATA, NULL, &two, e[1] },
		{ MATCH_DATA, &plain_a, &three, ERR_PTR(-ENOENT) },
		{ MATCH_OPS | MATCH_DATA, &plain_a, &two, e[1] },
		{ MATCH_OPS | MATCH_DATA, &plain_b, &one, e[2] },
		{ MATCH_OPS | MATCH_DATA, &plain_b, &two, ERR_PTR(-ENOENT) },
	};

	/* EXCLUSIVE means nothing without CREATE. */
	for (ex = 0; ex < 2; ex++)
		for (i = 0; i < ARRAY_LEN(table); i++) {
			void *seen = look(t, table[i].flags |
					  (ex ? EXCLUSIVE : 0), table[i].ops,
					  table[i].data);

			if (!EXPECT(seen == table[i].want))
				h_note("row %u", i);
		}
	/* A detached engine never matches: the next one does. */
	unmake(t, e[0]);
	EXPECT(look(t, 0, NULL, NULL) == e[1]);
	EXPECT(look(t, MATCH_OPS, &plain_a, NULL) == e[1]);
	unmake(t, e[1]);
	EXPECT(look(t, MATCH_OPS, &plain_a, NULL) == e[3]);
	EXPECT(look(t, MATCH_DATA, NULL, &one) == e[2]);
	unmake(t, e[2]);
	unmake(t, e[3]);
	EXPECT_EQ(PTR_ERR(look(t, 0, NULL, NULL)), -ENOENT);
}

/* Detaching, while its callback still runs: it matches no more. */
TEST(att_detaching_never_matches, "ATT-2 CTL-8 CTL-9")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct gate *gate = gate_new();

	rec_hold(r, REC_SYSCALL_EXIT, gate);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	prog_go(p);
	CHECK(gate_busy(gate));
	CHECK(look(prog_task(p), MATCH_DATA, NULL, r) == r->engine);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -EINPROGRESS);
	CHECK_ERR(look(prog_task(p), MATCH_DATA, NULL, r), -ENOENT);
	CHECK_ERR(look(prog_task(p), 0, NULL, NULL), -ENOENT);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), -ESRCH);
	gate_open(gate);
	CHECK(prog_expect(p, "done"));
}

TEST(att_create_errors, "ATT-3")
{
	struct prog *p = prog_start("exits", "0");
	struct task_struct *kthread = h_task(2);

	CHECK_ERR(utrace_attach_task(prog_task(p), CREATE, NULL, NULL),
		  -EINVAL);
	CHECK_ERR(utrace_attach_task(prog_task(p), CREATE | EXCLUSIVE, NULL,
				     NULL), -EINVAL);
	/* Nothing was made by that. */
	CHECK_ERR(look(prog_task(p), 0, NULL, NULL), -ENOENT);
	prog_go(p);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK_ERR(utrace_attach_task(prog_task(p), CREATE, &plain_a, NULL),
		  -ESRCH);
	if (IS_ERR(kthread) || !kthread)
		SKIP("no kernel thread is seen from here");
	CHECK_ERR(utrace_attach_task(kthread, CREATE, &plain_a, NULL), -EPERM);
}

/* A zombie is attached to for REAP alone, and that one comes. */
TEST(att_zombie_for_reap, "ATT-3 EVT-3 STA-1")
{
	struct prog *p = prog_start("exits", "5");
	struct recorder *r = rec_new();

	prog_go(p);
	CHECK(prog_wait_zombie(p));
	if (!cap_has("ATT-3")) {
		CHECK_EQ(rec_attach(r, prog_task(p), 0), cap_error("ATT-3"));
		return;
	}
	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	CHECK_EQ(utrace_set_events(r->task, r->engine, EV(REAP) | EV(DEATH)),
		 -EALREADY);
	CHECK_EQ(utrace_set_events(r->task, r->engine, EV(REAP) | EV(QUIESCE)),
		 -EALREADY);
	CHECK_EQ(utrace_set_events(r->task, r->engine, EV(REAP)), 0);
	CHECK_EQ(task_utrace_flags(r->task), EV(REAP));
	CHECK_EQ(rec_total(r), 0);
	CHECK_EQ(prog_wait(p), EXITED(5));
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK(wait_until(rec_control(r, UTRACE_DETACH) == -ESRCH));
	CHECK_EQ(rec_total(r), 1);
	CHECK_EQ(rec_nth(r, REC_REAP, 0)->tid, prog_tid(p));
}

TEST(att_exclusive, "ATT-4 ATT-12")
{
	struct prog *p = prog_start("calls");
	struct task_struct *t = prog_task(p);
	struct utrace_engine *e = make(t, &plain_a, &one), *f;
	unsigned int i;
	const struct {
		int flags;
		const struct utrace_engine_ops *ops;
		void *data;
	} same[] = {
		{ 0, &plain_b, &two },
		{ MATCH_OPS, &plain_a, &two },
		{ MATCH_DATA, &plain_b, &one },
		{ MATCH_OPS | MATCH_DATA, &plain_a, &one },
	}, other[] = {
		{ MATCH_OPS, &plain_b, &one },
		{ MATCH_DATA, &plain_a, &two },
		{ MATCH_OPS | MATCH_DATA, &plain_a, &two },
		{ MATCH_OPS | MATCH_DATA, &plain_b, &one },
	};

	for (i = 0; i < ARRAY_LEN(same); i++)
		EXPECT_EQ(PTR_ERR(look(t, same[i].flags | CREATE | EXCLUSIVE,
				       same[i].ops, same[i].data)), -EEXIST);
	/* Nothing was made. */
	EXPECT_EQ(PTR_ERR(look(t, MATCH_OPS, &plain_b, NULL)), -ENOENT);
	EXPECT_EQ(PTR_ERR(look(t, MATCH_DATA, NULL, &two)), -ENOENT);
	for (i = 0; i < ARRAY_LEN(other); i++) {
		f = utrace_attach_task(t, other[i].flags | CREATE | EXCLUSIVE,
				       other[i].ops, other[i].data);
		CHECK(!IS_ERR(f));
		EXPECT(f != e);
		unmake(t, f);
	}
	/* CREATE alone makes one whatever MATCH says. */
	for (i = 0; i < ARRAY_LEN(same); i++) {
		f = utrace_attach_task(t, same[i].flags | CREATE, same[i].ops,
				       same[i].data);
		CHECK(!IS_ERR(f));
		EXPECT(f != e);
		unmake(t, f);
	}
	unmake(t, e);
}

/* No events, no callback, nothing changed: the program's life goes by. */
TEST(att_asks_for_nothing, "ATT-5 STA-1")
{
	struct prog *p = prog_start("signals");
	struct recorder *r = rec_new();

	CHECK_EQ(task_utrace_flags(prog_task(p)), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	CHECK_EQ(r->engine->flags & (EV(JCTL) * 2 - 1), 0);
	CHECK_EQ(task_utrace_flags(prog_task(p)), EV(REAP));
	prog_say(p, "handle %d", SIGUSR1);
	CHECK(prog_expect(p, "done 0"));
	prog_say(p, "raise %d", SIGUSR1);
	CHECK(prog_expect(p, "done 1"));
	prog_say(p, "raise %d", SIGWINCH);
	CHECK(prog_expect(p, "done 1"));
	prog_signal(p, SIGSTOP);
	CHECK_EQ(prog_wait_stopped(p), SIGSTOP);
	prog_signal(p, SIGCONT);
	CHECK(prog_wait_continued(p));
	prog_say(p, "raise %d", SIGTERM);
	CHECK_EQ(prog_wait(p), KILLED(SIGTERM));
	CHECK(wait_until(rec_control(r, UTRACE_DETACH) == -ESRCH));
	CHECK_EQ(rec_total(r), 0);
}

#define MANY	24

TEST(att_order_is_callback_order, "ATT-6 REP-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r[MANY];
	struct rec_entry *e, *before;
	int i;

	for (i = 0; i < MANY; i++) {
		r[i] = rec_new();
		CHECK_EQ(rec_attach(r[i], prog_task(p), EV(SYSCALL_EXIT)), 0);
	}
	CHECK(one_call(p));
	for (i = 0, before = NULL; i < MANY; i++, before = e) {
		e = rec_find(r[i], REC_SYSCALL_EXIT, 0, __NR_getppid);
		CHECK(e);
		if (before)
			CHECK(e->seq == before->seq + 1);
	}
	/* A gap is closed. */
	CHECK_EQ(rec_control(r[3], UTRACE_DETACH), 0);
	CHECK(one_call(p));
	CHECK_EQ(rec_count_arg(r[3], REC_SYSCALL_EXIT, __NR_getppid), 1);
	CHECK_EQ(rec_count_arg(r[4], REC_SYSCALL_EXIT, __NR_getppid), 2);
	CHECK(rec_last(r[4], REC_SYSCALL_EXIT)->seq >
	      rec_last(r[2], REC_SYSCALL_EXIT)->seq);
}

/* r->priv is a recorder to be attached to current, at the first getppid. */
static u32 attach_another(struct recorder *r, struct rec_call *c)
{
	struct recorder *next = r->priv;

	if (c->arg[0] == __NR_getppid && !next->engine)
		EXPECT_EQ(rec_attach(next, current,
				     EV(SYSCALL_EXIT) | EV(QUIESCE)), 0);
	return rec_default(r, c);
}

/* An engine attached by a callback has no part in that pass, even though a
 * later engine has; it is there in the next. */
TEST(att_in_pass_by_callback, "ATT-7 ATT-8")
{
	struct prog *p = prog_start("calls");
	struct recorder *first = rec_new(), *last = rec_new(), *r = rec_new();
	struct rec_entry *e, *pass;

	first->priv = r;
	rec_hook_set(first, REC_SYSCALL_EXIT, attach_another);
	CHECK_EQ(rec_attach(first, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(rec_attach(last, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(one_call(p));
	CHECK(one_call(p));
	CHECK(r->engine != NULL);
	pass = rec_find(last, REC_SYSCALL_EXIT, 0, __NR_getppid);
	CHECK(pass);
	e = rec_at(r, 0);
	CHECK(e);
	CHECK(e->seq > pass->seq);
	/* The next system call is the one that says "done". */
	CHECK(rec_find(r, REC_QUIESCE, 0, EV(SYSCALL_EXIT)));
	e = rec_nth(r, REC_SYSCALL_EXIT, 0);
	CHECK(e);
	CHECK_EQ(e->arg[0], __NR_write);
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
}

static long attach_now(void *arg)
{
	struct recorder *r = arg;

	return rec_attach(r, r->priv, EV(SYSCALL_EXIT));
}

/* Waits, at getppid alone, in the gate that r->priv is. */
static u32 hold_getppid(struct recorder *r, struct rec_call *c)
{
	if (c->arg[0] == __NR_getppid)
		gate_wait(r->priv);
	return rec_default(r, c);
}

/* The same by anyone else, while a callback is in progress. */
TEST(att_in_pass_by_others, "ATT-7")
{
	struct prog *p = prog_start("calls");
	struct recorder *first = rec_new(), *r = rec_new();
	struct gate *gate = gate_new();
	struct h_thread *t;

	first->priv = gate;
	rec_hook_set(first, REC_SYSCALL_EXIT, hold_getppid);
	CHECK_EQ(rec_attach(first, prog_task(p), EV(SYSCALL_EXIT)), 0);
	prog_go(p);
	CHECK(gate_busy(gate));
	r->priv = prog_task(p);
	t = h_thread(attach_now, r);
	CHECK(h_thread_settled(t));	/* it may wait for the callback's end */
	gate_open(gate);
	CHECK_EQ(h_join(t), 0);
	CHECK(prog_expect(p, "done"));
	CHECK(one_call(p));
	CHECK_EQ(rec_count_arg(first, REC_SYSCALL_EXIT, __NR_getppid), 2);
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
}

/* r->priv is an engine that is attached to current, at the first getppid. */
static u32 attach_and_look(struct recorder *r, struct rec_call *c)
{
	struct utrace_engine *e;

	if (c->arg[0] != __NR_getppid || h_load(&r->priv))
		return rec_default(r, c);
	e = utrace_attach_task(current, CREATE, &plain_a, &one);
	if (EXPECT(!IS_ERR(e))) {
		EXPECT(look(current, MATCH_DATA, NULL, &one) == e);
		EXPECT_EQ(PTR_ERR(look(current, CREATE | EXCLUSIVE | MATCH_OPS,
				       &plain_a, &two)), -EEXIST);
		h_store(&r->priv, (void *)e);
	}
	return rec_default(r, c);
}

/* It is there from then on, though it has no part in the pass. */
TEST(att_in_pass_is_found, "ATT-1 ATT-4 ATT-7")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	rec_hook_set(r, REC_SYSCALL_EXIT, attach_and_look);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK(one_call(p));
	CHECK(h_load(&r->priv));
	CHECK(look(prog_task(p), MATCH_OPS, &plain_a, NULL) == r->priv);
	CHECK_ERR(look(prog_task(p), MATCH_DATA, NULL, &two), -ENOENT);
	unmake(prog_task(p), r->priv);
}

/* r->priv is a recorder for the child. */
static u32 attach_child(struct recorder *r, struct rec_call *c)
{
	struct recorder *child = r->priv;
	struct utrace_engine *e;

	e = utrace_attach_task(c->child, CREATE | EXCLUSIVE | MATCH_OPS,
			       child->use, child);
	if (EXPECT(!IS_ERR(e))) {
		rec_adopt(child, NULL, e);	/* no handle of our own */
		EXPECT_EQ(utrace_set_events(c->child, e, EV(SYSCALL_ENTRY) |
					    EV(EXIT) | EV(REAP)), 0);
	}
	return rec_default(r, c);
}

/* The child of report_clone: no reference needed, nothing is missed. */
TEST(att_child_of_clone, "ATT-8 ATT-7")
{
	struct prog *p = prog_start("forks");
	struct recorder *r = rec_new(), *child = rec_new();
	long pid;

	r->priv = child;
	rec_hook_set(r, REC_CLONE, attach_child);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(CLONE)), 0);
	prog_go(p);
	pid = prog_get(p, "child");
	CHECK_EQ(prog_get(p, "status"), EXITED(7));
	CHECK(rec_wait(child, REC_REAP, 1));
	CHECK(wait_until(utrace_barrier(NULL, child->engine) == -ESRCH));
	CHECK(rec_find(child, REC_SYSCALL_ENTRY, 0, __NR_getppid));
	CHECK_EQ(rec_count(child, REC_EXIT), 1);
	CHECK_EQ(rec_nth(child, REC_EXIT, 0)->arg[0], EXITED(7));
	CHECK_EQ(rec_nth(child, REC_EXIT, 0)->tid, pid);
	CHECK_EQ(rec_nth(r, REC_CLONE, 0)->arg[1], pid);
}

struct newborn {
	struct task_struct *task;
	const struct utrace_engine_ops *ops;
	void *data;
	int flags;
	struct utrace_engine *got;
};

static long attach_newborn(void *arg)
{
	struct newborn *n = arg;
	struct utrace_engine *e = utrace_attach_task(n->task, n->flags,
						     n->ops, n->data);

	if (IS_ERR(e))
		return PTR_ERR(e);
	n->got = e;
	return 0;
}

/* Hold the creator in report_clone; the child's handle. */
static struct task_struct *hold_newborn(struct prog *p, struct recorder *r,
					struct gate *gate)
{
	struct task_struct *child;

	rec_hold(r, REC_CLONE, gate);
	if (!EXPECT_EQ(rec_attach(r, prog_task(p), EV(CLONE)), 0))
		return NULL;
	prog_go(p);
	if (!gate_busy(gate))
		return NULL;
	child = h_task(rec_nth(r, REC_CLONE, 0)->arg[1]);
	return EXPECT(child && !IS_ERR(child)) ? child : NULL;
}

/* Everyone but the creator waits, and then sees what its callbacks did; but
 * looking up never waits. */
TEST(att_newborn_is_its_creators, "ATT-9 ATT-12")
{
	struct prog *p = prog_start("forks");
	struct recorder *r = rec_new(), *child = rec_new();
	struct gate *gate = gate_new(), *end = gate_new();
	struct newborn create = { .flags = CREATE, .ops = &plain_a },
		exclusive = { .flags = CREATE | EXCLUSIVE | MATCH_OPS },
		lookup = { .flags = MATCH_DATA, .data = child };
	struct h_thread *t[3];

	child->use = &rec_ops;
	exclusive.ops = child->use;
	r->priv = child;
	rec_hook_set(r, REC_CLONE, attach_child);
	create.task = exclusive.task = lookup.task = hold_newborn(p, r, gate);
	CHECK(create.task);
	t[0] = h_thread(attach_newborn, &create);
	t[1] = h_thread(attach_newborn, &exclusive);
	CHECK(h_thread_settled(t[0]));
	CHECK(h_thread_settled(t[1]));
	CHECK(!h_thread_done(t[0]));
	CHECK(!h_thread_done(t[1]));
	t[2] = h_thread(attach_newborn, &lookup);
	CHECK_EQ(h_join(t[2]), -ENOENT);
	CHECK(!h_thread_done(t[0]));
	/* the child lives until they have looked */
	rec_hold(child, REC_EXIT, end);
	gate_open(gate);
	/* The creator's callback attached with these ops: it was first. */
	CHECK_EQ(h_join(t[1]), -EEXIST);
	h_join(t[0]);
	gate_open(end);
	if (create.got)
		utrace_engine_put(create.got);
	CHECK(prog_get(p, "child") > 0);
	CHECK_EQ(prog_get(p, "status"), EXITED(7));
	CHECK(rec_wait(child, REC_REAP, 1));
}

TEST(att_newborn_wait_interrupted, "ATT-9 BAR-3")
{
	struct prog *p = prog_start("forks");
	struct recorder *r = rec_new();
	struct gate *gate = gate_new();
	struct newborn create = { .flags = CREATE, .ops = &plain_a };
	struct h_thread *t;

	create.task = hold_newborn(p, r, gate);
	CHECK(create.task);
	t = h_thread(attach_newborn, &create);
	CHECK(h_thread_settled(t));
	CHECK(!h_thread_done(t));
	CHECK(h_thread_interrupt(t));
	CHECK_EQ(h_join(t), -EINTR_ATTACH);
	CHECK(create.got == NULL);
	gate_open(gate);
	CHECK(prog_get(p, "child") > 0);
	CHECK_EQ(prog_get(p, "status"), EXITED(7));
}

TEST(att_by_pid, "ATT-10")
{
	struct prog *p = prog_start("exits", "0");
	struct pid *pid = h_pid(prog_tid(p));
	struct recorder *r = rec_new();
	struct utrace_engine *e;

	CHECK(pid);
	e = utrace_attach_pid(pid, CREATE, r->use, r);
	CHECK(!IS_ERR(e));
	rec_adopt(r, prog_task(p), e);
	CHECK(look(prog_task(p), MATCH_DATA, NULL, r) == e);
	CHECK_EQ(utrace_set_events_pid(pid, e, EV(QUIESCE) | EV(REAP)), 0);
	CHECK_EQ(utrace_barrier_pid(pid, e), 0);
	CHECK_EQ(utrace_control_pid(pid, e, UTRACE_RESUME), 0);
	prog_go(p);
	CHECK_EQ(prog_wait(p), EXITED(0));
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK_ERR(utrace_attach_pid(pid, CREATE, &plain_a, NULL), -ESRCH);
	CHECK_ERR(utrace_attach_pid(pid, 0, NULL, NULL), -ESRCH);
	CHECK_EQ(utrace_set_events_pid(pid, e, 0), -ESRCH);
	CHECK_EQ(utrace_barrier_pid(pid, e), -ESRCH);
	CHECK_EQ(utrace_control_pid(pid, e, UTRACE_DETACH), -ESRCH);
}

struct racer {
	struct newborn n;
	struct gate *start;
};

static long race(void *arg)
{
	struct racer *racer = arg;

	gate_wait(racer->start);
	return attach_newborn(&racer->n);
}

/* Two first attaches at once: both there, two engines. */
TEST(att_first_attaches_race, "ATT-11")
{
	int i;

	for (i = 0; i < 10; i++) {
		struct prog *p = prog_start("calls");
		struct gate *start = gate_new();
		struct racer racer[2];
		struct h_thread *t[2];
		int j;

		memset(racer, 0, sizeof(racer));
		for (j = 0; j < 2; j++) {
			racer[j].n.task = prog_task(p);
			racer[j].n.flags = CREATE;
			racer[j].n.ops = &plain_a;
			racer[j].n.data = j ? &two : &one;
			racer[j].start = start;
			t[j] = h_thread(race, &racer[j]);
		}
		CHECK(wait_until(gate_waiters(start) == 2));
		gate_open(start);
		CHECK_EQ(h_join(t[0]), 0);
		CHECK_EQ(h_join(t[1]), 0);
		CHECK(racer[0].n.got != racer[1].n.got);
		for (j = 0; j < 2; j++) {
			CHECK(look(prog_task(p), MATCH_DATA, NULL,
				   racer[j].n.data) == racer[j].n.got);
			unmake(prog_task(p), racer[j].n.got);
		}
		CHECK_ERR(look(prog_task(p), 0, NULL, NULL), -ENOENT);
		CHECK(one_call(p));
	}
}

/* A thread other than the leader: its own engines, nobody else's. */
TEST(att_per_thread, "ATT-1 ATT-6 REP-1")
{
	struct prog *p = prog_start("threads", "2");
	struct recorder *r = rec_new();

	CHECK_EQ(rec_attach(r, prog_thread(p, 1), EV(SYSCALL_ENTRY)), 0);
	CHECK_ERR(look(prog_task(p), 0, NULL, NULL), -ENOENT);
	CHECK_ERR(look(prog_thread(p, 0), 0, NULL, NULL), -ENOENT);
	CHECK(look(prog_thread(p, 1), 0, NULL, NULL) == r->engine);
	prog_say(p, "call 0");
	CHECK(prog_expect(p, "done 0"));
	prog_say(p, "call 1");
	CHECK(prog_expect(p, "done 1"));
	CHECK_EQ(rec_count_arg(r, REC_SYSCALL_ENTRY, __NR_getppid), 1);
	CHECK_EQ(rec_find(r, REC_SYSCALL_ENTRY, 0, __NR_getppid)->tid,
		 prog_thread_tid(p, 1));
}
