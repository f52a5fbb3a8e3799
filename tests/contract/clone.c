// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Section 11: clone.  The program "breed" makes children; the first thing that
 * a child does is to add 1 to a mark in memory that it shares with its parent.
 */
#include "told.h"

#define VM		0x100
#define FS		0x200
#define VFORK		0x4000
#define PARENT_SETTID	0x100000
#define UNTRACED	0x800000
#define THREAD		(VM | FS | 0x400 | 0x800 | 0x10000 | 0x40000)

/* What the parent's engine does with the child. */
struct newborn {
	struct prog *p;
	unsigned long mark;
	unsigned int before;		/* the mark as it was */
	struct recorder *rec;		/* attach this one, or null */
	unsigned long events;
	int action;			/* then control, or -1 */
	u32 ret;			/* for the parent */

	struct task_struct *tasks[2 * 8];	/* referenced until the end */
	unsigned int ntasks;
	unsigned long ip;		/* of the parent then */
	unsigned int n, looked;
};

static struct newborn newborn;

static const struct kind {
	const char *cmd;
	unsigned long flags;		/* but for the exit signal */
	bool waits, thread;		/* its parent waits; for no one to reap */
} kinds[] = {
	{ "fork", 0, false, false },
	{ "vfork", VM | VFORK, true, false },
	{ "clone 17", 0, false, false },
	{ "clone 0x100211", FS | PARENT_SETTID, false, false },
	{ "clone 0x111", VM, false, false },
	{ "clone 0x50f00", THREAD, false, true },
	{ "clone3 0x200", FS, false, false },
};

static u32 on_newborn(struct recorder *r, struct rec_call *call)
{
	struct newborn *nb = r->priv;
	struct utrace_engine *engine;
	struct pt_regs regs;
	int err;

	memset(&regs, 0, sizeof(regs));
	EXPECT_EQ(utrace_get_regs(current, &regs), 0);
	nb->ip = regs.ip;
	/* it has not run */
	EXPECT_EQ(prog_peek32(nb->p, nb->mark), nb->before);
	/* and has no engines */
	EXPECT_EQ(task_utrace_flags(call->child), 0);
	EXPECT_EQ(PTR_ERR(utrace_attach_task(call->child, 0, NULL, NULL)),
		  -ENOENT);
	if (nb->rec) {
		engine = utrace_attach_task(call->child, UTRACE_ATTACH_CREATE,
					    nb->rec->use, nb->rec);
		if (IS_ERR(engine)) {
			EXPECT_EQ(PTR_ERR(engine), 0);
			return nb->ret;
		}
		get_task_struct(call->child);
		nb->tasks[nb->ntasks++ % ARRAY_LEN(nb->tasks)] = call->child;
		rec_adopt(nb->rec, call->child, engine);
		EXPECT_EQ(utrace_set_events(call->child, engine, nb->events),
			  0);
		if (nb->action >= 0) {
			err = utrace_control(call->child, engine, nb->action);
			EXPECT(!err || (nb->action == UTRACE_STOP &&
					err == -EINPROGRESS));
		}
	}
	h_inc(&nb->n);
	return nb->ret;
}

/* A program whose next child is treated so. */
static struct recorder *start_breeding(struct newborn with, u32 ret,
				       unsigned long events)
{
	struct recorder *r = rec_new();

	newborn = with;
	newborn.p = prog_start("breed");
	newborn.mark = ask(newborn.p, "mark");
	newborn.ret = ret;
	r->priv = &newborn;
	rec_hook_set(r, REC_CLONE, on_newborn);
	EXPECT_EQ(rec_attach(r, prog_task(newborn.p), events | EV(CLONE)), 0);
	return r;
}

/* The next child; it was not looked at yet. */
static void next_child(struct newborn *nb, struct recorder *rec)
{
	nb->rec = rec;
	h_store(&nb->looked, 0);
	nb->before = prog_peek32(nb->p, nb->mark);
	h_store(&nb->n, 0);
}

static void put_children(struct newborn *nb)
{
	while (nb->ntasks)
		put_task_struct(nb->tasks[--nb->ntasks]);
}

static unsigned int mark_of(struct newborn *nb)
{
	return prog_peek32(nb->p, nb->mark);
}

static bool child_done(struct newborn *nb, const struct kind *k)
{
	if (!wait_until(mark_of(nb) == nb->before + 1))
		return false;
	if (k->thread)
		return true;
	prog_say(nb->p, "wait");
	return EXPECT_EQ(prog_get(nb->p, "status"), EXITED(7));
}

/* Reported to the parent, with the flags, and before the child runs. */
TEST(clone_report, "CLN-1 CLN-3")
{
	struct recorder *r = start_breeding((struct newborn){ .action = -1 },
					    UTRACE_RESUME, 0);
	struct newborn *nb = &newborn;
	struct rec_entry *e;
	unsigned int i;

	CHECK_SO_FAR();
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct gate *g = gate_new();

		next_child(nb, NULL);
		rec_hold(r, REC_CLONE, g);
		prog_say(nb->p, "%s", kinds[i].cmd);
		CHECK(gate_busy(g));
		CHECK(!h_maybe(mark_of(nb) != nb->before));
		gate_open(g);
		e = rec_last(r, REC_CLONE);
		CHECK_EQ(prog_get(nb->p, "child"), e->arg[1]);
		CHECK_EQ(e->arg[0] & ~0xffUL, kinds[i].flags);
		CHECK_EQ(e->tid, prog_tid(nb->p));
		CHECK(child_done(nb, &kinds[i]));
		CHECK_EQ(rec_count(r, REC_CLONE), i + 1);
	}
}

/* STOP in the callback: the child is held before its first instruction. */
TEST(clone_child_stop, "CLN-2 ATT-8")
{
	struct recorder *r, *c;
	struct newborn *nb = &newborn;
	struct pt_regs regs;
	unsigned int i;
	long pid = 0;

	r = start_breeding((struct newborn){
		.events = UTRACE_EVENT_SYSCALL, .action = UTRACE_STOP,
	}, UTRACE_RESUME, 0);
	CHECK_SO_FAR();
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		next_child(nb, c = rec_new());
		prog_say(nb->p, "%s", kinds[i].cmd);
		if (!kinds[i].waits)
			pid = prog_get(nb->p, "child");
		CHECK(wait_until(h_load(&nb->n) == 1));
		/* by what was asked in the callback, not by what is asked now */
		CHECK(i || !h_maybe(mark_of(nb) != nb->before));
		CHECK(rec_wait_stopped(c));
		CHECK(stopped_regs(c, &regs));
		CHECK_EQ(regs.ip, nb->ip);
		CHECK_EQ(regs.ax, 0);
		CHECK_EQ(mark_of(nb), nb->before);
		CHECK_EQ(rec_count(c, REC_SYSCALL_ENTRY), 0);
		CHECK(control(c, UTRACE_RESUME));
		if (kinds[i].waits)
			pid = prog_get(nb->p, "child");
		CHECK_EQ(rec_last(r, REC_CLONE)->arg[1], pid);
		CHECK(child_done(nb, &kinds[i]));
		/* its first system call is seen */
		CHECK(rec_wait(c, REC_SYSCALL_ENTRY, 1));
		CHECK_EQ(rec_nth(c, REC_SYSCALL_ENTRY, 0)->arg[0], __NR_exit);
		CHECK_EQ(rec_nth(c, REC_SYSCALL_ENTRY, 0)->tid, pid);
	}
	put_children(nb);
}

/* Its first callback: at its first instruction. */
static u32 child_report(struct recorder *rec, struct rec_call *call)
{
	struct newborn *nb = rec->priv;
	struct pt_regs regs;

	if (rec_total(rec) == 1) {
		memset(&regs, 0, sizeof(regs));
		EXPECT_EQ(utrace_get_regs(current, &regs), 0);
		EXPECT_EQ(regs.ip, nb->ip);
		EXPECT_EQ(regs.ax, 0);
		EXPECT_EQ(mark_of(nb), nb->before);
		h_inc(&nb->looked);
	}
	return rec_default(rec, call);
}

/* REPORT or INTERRUPT: a callback there, by whichever name. */
TEST(clone_child_report, "CLN-2 CTL-5 CTL-6")
{
	static const int how[] = { UTRACE_REPORT, UTRACE_INTERRUPT };
	struct newborn *nb = &newborn;
	struct recorder *r, *c;
	struct rec_entry *e;
	unsigned int i;

	r = start_breeding((struct newborn){
		.events = EV(QUIESCE) | UTRACE_EVENT_SYSCALL,
	}, UTRACE_RESUME, 0);
	CHECK_SO_FAR();
	for (i = 0; i < 2 * ARRAY_LEN(kinds); i++) {
		nb->action = how[i % 2];
		next_child(nb, c = rec_new());
		c->priv = nb;
		rec_hook_set(c, REC_QUIESCE, child_report);
		rec_hook_set(c, REC_SIGNAL, child_report);
		prog_say(nb->p, "%s", kinds[i / 2].cmd);
		CHECK(prog_get(nb->p, "child") > 0);
		CHECK(child_done(nb, &kinds[i / 2]));
		CHECK(rec_reports(c) >= 1);
		CHECK_EQ(h_load(&nb->looked), 1);
		e = rec_at(c, 0);
		CHECK(e->event == REC_SIGNAL || e->event == REC_QUIESCE);
	}
	CHECK_EQ(rec_count(r, REC_CLONE), i);
	put_children(nb);
}

/* No engine of the parent has anything to do with the child. */
TEST(clone_child_alone, "CLN-3")
{
	struct recorder *r = start_breeding((struct newborn){ .action = -1 },
					    UTRACE_RESUME, EV_ALL);
	struct newborn *nb = &newborn;
	struct task_struct *child;
	struct rec_entry *e;
	unsigned int i;
	long pid;

	CHECK_SO_FAR();
	next_child(nb, NULL);
	CHECK(do_ok(nb->p, "stay"));
	prog_say(nb->p, "fork");
	pid = prog_get(nb->p, "child");
	CHECK(pid > 0);
	CHECK(wait_until(mark_of(nb) == nb->before + 1));
	child = h_task(pid);
	CHECK(!IS_ERR(child));
	CHECK_EQ(task_utrace_flags(child), 0);
	CHECK_ERR(utrace_attach_task(child, UTRACE_ATTACH_MATCH_OPS, r->use,
				     NULL), -ENOENT);
	CHECK(do_ok(nb->p, "kill 9"));
	prog_say(nb->p, "wait");
	CHECK_EQ(prog_get(nb->p, "status"), KILLED(9));
	for (i = 0; (e = rec_at(r, i)); i++)
		CHECK_EQ(e->tid, prog_tid(nb->p));
}

/*
 * STOP at a vfork: the parent stops before it waits for the child, which can
 * stand still all the while; whichever goes on first.
 */
TEST(clone_vfork_stop, "CLN-4 CLN-2 REP-7")
{
	static const struct kind vfork = { "vfork", VM | VFORK, true, false };
	struct newborn *nb = &newborn;
	struct recorder *r, *c;
	int i;

	for (i = 0; i < 2; i++) {
		r = start_breeding((struct newborn){
			.events = EV(DEATH), .action = UTRACE_STOP,
		}, UTRACE_STOP, 0);
		CHECK_SO_FAR();
		next_child(nb, c = rec_new());
		prog_say(nb->p, "vfork");
		CHECK(wait_until(h_load(&nb->n) == 1));
		CHECK(rec_wait_stopped(r));
		CHECK(rec_wait_stopped(c));
		CHECK_EQ(mark_of(nb), nb->before);
		CHECK(control(i ? c : r, UTRACE_RESUME));
		if (i)
			CHECK(rec_wait(c, REC_DEATH, 1));
		CHECK(control(i ? r : c, UTRACE_RESUME));
		CHECK(prog_get(nb->p, "child") > 0);
		CHECK(child_done(nb, &vfork));
		put_children(nb);
	}
}

/* STOP at a fork: the parent stops, the child goes its way. */
TEST(clone_parent_stop, "CLN-1 REP-7")
{
	struct recorder *r = start_breeding((struct newborn){ .action = -1 },
					    UTRACE_STOP, 0);
	struct newborn *nb = &newborn;

	CHECK_SO_FAR();
	next_child(nb, NULL);
	prog_say(nb->p, "fork");
	CHECK(wait_until(h_load(&nb->n) == 1));
	CHECK(wait_until(mark_of(nb) == nb->before + 1));
	CHECK(rec_wait_stopped(r));
	CHECK(control(r, UTRACE_RESUME));
	CHECK(prog_get(nb->p, "child") > 0);
	CHECK(child_done(nb, &kinds[0]));
}

/* CLONE_UNTRACED is for ptrace: here the child is reported as any other; or
 * not, where the table says so. */
TEST(clone_untraced_flag, "CLN-1 INV-1")
{
	struct recorder *r = start_breeding((struct newborn){ .action = -1 },
					    UTRACE_RESUME, 0);
	struct newborn *nb = &newborn;

	CHECK_SO_FAR();
	next_child(nb, NULL);
	prog_say(nb->p, "clone 0x800011");
	CHECK(prog_get(nb->p, "child") > 0);
	CHECK(child_done(nb, &kinds[0]));
	if (!cap_full("CLN-1")) {
		CHECK_EQ(rec_count(r, REC_CLONE), 0);
		return;
	}
	CHECK_EQ(rec_count(r, REC_CLONE), 1);
	CHECK_EQ(rec_last(r, REC_CLONE)->arg[0] & UNTRACED, UNTRACED);
}

/* Where the call is seen every host reports it, and the program sees nothing. */
TEST(clone_untraced_seen, "CLN-1 CLN-2 INV-1")
{
	static const struct kind untraced[] = {
		{ "clone 0x800011", UNTRACED, false, false },
		{ "clone 0x850f00", UNTRACED | THREAD, false, true },
		{ "clone 0x804111", UNTRACED | VM | VFORK, true, false },
		{ "clone3 0x800000", UNTRACED, false, false },
		{ "clone3 0x800200", UNTRACED | FS, false, false },
	};
	struct recorder *r, *c;
	struct newborn *nb = &newborn;
	unsigned int i;

	r = start_breeding((struct newborn){
		.events = EV(QUIESCE) | EV(DEATH), .action = UTRACE_REPORT,
	}, UTRACE_RESUME, EV(SYSCALL_ENTRY));
	CHECK_SO_FAR();
	for (i = 0; i < ARRAY_LEN(untraced); i++) {
		h_note("%s", untraced[i].cmd);
		next_child(nb, c = rec_new());
		prog_say(nb->p, "%s", untraced[i].cmd);
		CHECK(prog_get(nb->p, "child") > 0);
		CHECK_EQ(rec_count(r, REC_CLONE), i + 1);
		CHECK_EQ(rec_last(r, REC_CLONE)->arg[0] & ~0xffUL,
			 untraced[i].flags);
		CHECK(child_done(nb, &untraced[i]));
		CHECK(rec_wait(c, REC_DEATH, 1));
		CHECK(rec_reports(c) >= 1);
	}
	/* one that fails */
	prog_say(nb->p, "failing 0x810011");
	CHECK_EQ(prog_get(nb->p, "errno"), EINVAL);
	put_children(nb);
}

/*
 * A callback that takes long holds up its own process, not its child's.  The
 * parent's comes once the child may run: the exit from the call that made it.
 */
TEST(clone_child_not_held_up, "REP-9 CLN-2")
{
	struct recorder *r, *c;
	struct newborn *nb = &newborn;
	unsigned int i;

	r = start_breeding((struct newborn){
		.events = UTRACE_EVENT_SYSCALL, .action = -1,
	}, UTRACE_RESUME, EV(SYSCALL_EXIT));
	CHECK_SO_FAR();
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct gate *g = gate_new(), *next;

		if (kinds[i].waits || kinds[i].thread)
			continue;
		next_child(nb, c = rec_new());
		rec_hold(r, REC_SYSCALL_EXIT, g);
		prog_say(nb->p, "%s", kinds[i].cmd);
		/* the calls that end before it are those of the command */
		CHECK(wait_until(gate_waiters(g) == 1));
		while (!h_load(&nb->n)) {
			next = gate_new();
			rec_hold(r, REC_SYSCALL_EXIT, next);
			gate_open(g);
			g = next;
			CHECK(wait_until(gate_waiters(g) == 1 ||
					 h_load(&nb->n)));
		}
		CHECK(wait_until(gate_waiters(g) == 1));
		CHECK(rec_wait(c, REC_SYSCALL_ENTRY, 1));
		CHECK(wait_until(mark_of(nb) == nb->before + 1));
		CHECK_EQ(gate_waiters(g), 1);
		rec_hold(r, REC_SYSCALL_EXIT, NULL);
		gate_open(g);
		prog_get(nb->p, "child");
		CHECK(child_done(nb, &kinds[i]));
	}
	put_children(nb);
}

/* An engine that asks for all and changes nothing, for any number of threads. */
static u32 idle_quiesce(u32 action, struct utrace_engine *engine,
			unsigned long event)
{
	(void)action;
	(void)engine;
	(void)event;
	return UTRACE_RESUME;
}

static u32 idle_call(u32 action, struct utrace_engine *engine,
		     struct pt_regs *regs)
{
	(void)engine;
	(void)regs;
	return utrace_syscall_action(action) | UTRACE_RESUME;
}

static const struct utrace_engine_ops idle_ops = {
	.report_quiesce = idle_quiesce,
	.report_syscall_entry = idle_call,
	.report_syscall_exit = idle_call,
};

static u32 idle_on_newborn(struct recorder *r, struct rec_call *call)
{
	struct utrace_engine *engine;

	engine = utrace_attach_task(call->child, UTRACE_ATTACH_CREATE,
				    &idle_ops, NULL);
	if (IS_ERR(engine)) {
		EXPECT_EQ(PTR_ERR(engine), 0);
	} else {
		EXPECT_EQ(utrace_set_events(call->child, engine,
					    UTRACE_EVENT_SYSCALL | EV(QUIESCE)),
			  0);
		utrace_engine_put(engine);
	}
	return rec_default(r, call);
}

/* A child is born as it would be untraced, whatever its parent does to it. */
TEST(clone_birth_unnoticed, "INV-1 CLN-2")
{
	static const char *const kinds[] = { "plain", "signal", "stop", "kill",
					     "burst" };
	struct prog *p = prog_start("born");
	struct recorder *r = rec_new();
	unsigned int i;

	rec_hook_set(r, REC_CLONE, idle_on_newborn);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(CLONE)), 0);
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		prog_say(p, "%s 100", kinds[i]);
		CHECK_EQ(prog_get(p, "wrong"), 0);
		CHECK_EQ(rec_count(r, REC_CLONE), 100 * (i + 1));
	}
}
