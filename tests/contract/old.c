// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 19: source of the interface's 20090421 generation. */
#include <utrace/20090421.h>

#include "told.h"

#define VFORK	0x4000
#define USR1	10
#define CONT	18
#define STOPSIG	19
#define KINDS	(REC_RELEASE + 1)

#if UTRACE_API_VERSION != 20090421
#error "the header tells of another generation"
#endif

/* What the callbacks of one engine saw. */
struct seen {
	struct task_struct *task;	/* that it is attached to */
	unsigned int n[KINDS];
	int child;			/* report_clone's */
	long code;			/* report_exit's */
	u32 entry, signal;		/* what these return, if not 0 */
	u32 entry_action, signal_action;	/* what these were given */
	bool leaves;			/* report_quiesce detaches */
};

static const struct utrace_engine_ops all_ops;

static struct seen *seen_new(struct task_struct *task)
{
	/* not on the stack: a callback may still use it when the test failed */
	static struct seen pool[16];
	static unsigned int used;
	struct seen *seen = &pool[used++ % ARRAY_LEN(pool)];

	memset(seen, 0, sizeof(*seen));
	seen->task = task;
	return seen;
}

/* Each callback begins with this. */
static struct seen *note(struct utrace_engine *engine, enum rec_event event,
			 struct task_struct *task)
{
	struct seen *seen = engine->data;

	EXPECT(task == seen->task);
	if (event != REC_REAP)
		EXPECT(task == current);
	h_inc(&seen->n[event]);
	return seen;
}

static u32 on_quiesce(enum utrace_resume_action action,
		      struct utrace_engine *engine, struct task_struct *task,
		      unsigned long event)
{
	struct seen *seen = note(engine, REC_QUIESCE, task);

	(void)event;
	EXPECT(action <= UTRACE_RESUME);
	return h_load(&seen->leaves) ? UTRACE_DETACH : UTRACE_RESUME;
}

static u32 on_signal(u32 action, struct utrace_engine *engine,
		     struct task_struct *task, struct pt_regs *regs,
		     siginfo_t *info, const struct k_sigaction *orig_ka,
		     struct k_sigaction *return_ka)
{
	struct seen *seen = note(engine, REC_SIGNAL, task);

	EXPECT(regs && info && return_ka);
	if (!orig_ka)
		return UTRACE_RESUME | utrace_signal_action(action);
	h_store(&seen->signal_action, action);
	return h_load(&seen->signal) ?: action;
}

static u32 on_clone(enum utrace_resume_action action,
		    struct utrace_engine *engine, struct task_struct *parent,
		    unsigned long clone_flags, struct task_struct *child)
{
	struct seen *seen = note(engine, REC_CLONE, parent);
	struct utrace_engine *other;

	EXPECT_EQ(action, UTRACE_RESUME);
	EXPECT(clone_flags & VFORK);
	/* the usual thing: an engine of the same kind */
	other = utrace_attach_task(child, UTRACE_ATTACH_CREATE, engine->ops,
				   seen_new(child));
	if (EXPECT(!IS_ERR(other)))
		utrace_engine_put(other);
	h_store(&seen->child, task_pid_nr(child));
	return UTRACE_RESUME;
}

static u32 on_jctl(enum utrace_resume_action action,
		   struct utrace_engine *engine, struct task_struct *task,
		   int type, int notify)
{
	note(engine, REC_JCTL, task);
	EXPECT_EQ(action, UTRACE_RESUME);
	EXPECT(type == CLD_STOPPED || type == CLD_CONTINUED);
	(void)notify;
	return UTRACE_RESUME;
}

static u32 on_exec(enum utrace_resume_action action,
		   struct utrace_engine *engine, struct task_struct *task,
		   const struct linux_binfmt *fmt,
		   const struct linux_binprm *bprm, struct pt_regs *regs)
{
	note(engine, REC_EXEC, task);
	(void)fmt;
	EXPECT_EQ(action, UTRACE_RESUME);
	EXPECT(bprm && bprm->filename && regs);
	return UTRACE_RESUME;
}

static u32 on_entry(u32 action, struct utrace_engine *engine,
		    struct task_struct *task, struct pt_regs *regs)
{
	struct seen *seen = note(engine, REC_SYSCALL_ENTRY, task);

	if (syscall_get_nr(task, regs) != __NR_getppid)
		return UTRACE_RESUME;
	h_store(&seen->entry_action, action);
	return h_load(&seen->entry) ?: action;
}

static u32 on_exit_of_call(enum utrace_resume_action action,
			   struct utrace_engine *engine,
			   struct task_struct *task, struct pt_regs *regs)
{
	note(engine, REC_SYSCALL_EXIT, task);
	EXPECT_EQ(action, UTRACE_RESUME);
	EXPECT(regs);
	return UTRACE_RESUME;
}

static u32 on_exit(enum utrace_resume_action action,
		   struct utrace_engine *engine, struct task_struct *task,
		   long orig_code, long *code)
{
	struct seen *seen = note(engine, REC_EXIT, task);

	EXPECT_EQ(action, UTRACE_RESUME);
	EXPECT_EQ(*code, orig_code);
	seen->code = orig_code;
	return UTRACE_RESUME;
}

static u32 on_death(struct utrace_engine *engine, struct task_struct *task,
		    bool group_dead, int signal)
{
	note(engine, REC_DEATH, task);
	EXPECT(group_dead);
	EXPECT_EQ(signal, 17);
	return UTRACE_RESUME;
}

static void on_reap(struct utrace_engine *engine, struct task_struct *task)
{
	note(engine, REC_REAP, task);
}

static void on_release(void *data)
{
	struct seen *seen = data;

	h_inc(&seen->n[REC_RELEASE]);
}

static const struct utrace_engine_ops all_ops = {
	.report_quiesce = on_quiesce,
	.report_signal = on_signal,
	.report_clone = on_clone,
	.report_jctl = on_jctl,
	.report_exec = on_exec,
	.report_syscall_entry = on_entry,
	.report_syscall_exit = on_exit_of_call,
	.report_exit = on_exit,
	.report_death = on_death,
	.report_reap = on_reap,
	.release = on_release,
};

/* An engine for these events, with the caller's reference. */
static struct utrace_engine *attach(struct prog *p,
				    const struct utrace_engine_ops *ops,
				    struct seen *seen, unsigned long events)
{
	struct utrace_engine *engine;

	engine = utrace_attach_task(prog_task(p), UTRACE_ATTACH_CREATE, ops,
				    seen);
	if (!EXPECT(!IS_ERR(engine)))
		return NULL;
	EXPECT_EQ(utrace_set_events(prog_task(p), engine, events), 0);
	EXPECT_EQ(utrace_barrier(prog_task(p), engine), 0);
	return engine;
}

static bool detach(struct prog *p, struct utrace_engine *engine)
{
	int err = utrace_control(prog_task(p), engine, UTRACE_DETACH);

	if (err == -EINPROGRESS)
		EXPECT_EQ(utrace_barrier(prog_task(p), engine), -ESRCH);
	else
		EXPECT_EQ(err, 0);
	utrace_engine_put(engine);
	return !h_failed();
}

/* Each callback, with the thread; a new-style engine beside it. */
TEST(old_callbacks, "OLD-1")
{
	struct prog *p = prog_start("crew", "0");
	struct seen *seen = seen_new(prog_task(p));
	struct recorder *r = rec_plain(prog_task(p), EV_ALL);
	struct utrace_engine *engine;
	unsigned int i;

	engine = attach(p, &all_ops, seen, EV_ALL);
	CHECK(engine);
	CHECK(engine->ops == &all_ops && engine->data == seen);
	CHECK(getppid_of(p) > 0);
	prog_say(p, "catch %d", USR1);
	CHECK(prog_get(p, "taker"));
	prog_signal(p, USR1);
	CHECK(wait_until(ask(p, "taken")));
	prog_signal(p, STOPSIG);
	CHECK_EQ(prog_wait_stopped(p), STOPSIG);
	prog_signal(p, CONT);
	CHECK(getppid_of(p) > 0);
	prog_say(p, "vfork");
	CHECK(prog_expect(p, "vforked"));
	prog_go(p);
	CHECK(prog_expect(p, "ok"));
	prog_say(p, "exec");
	CHECK(prog_expect(p, "ready"));
	say_call(p, __NR_exit_group, 3, 0, 0);
	CHECK_EQ(prog_wait(p), EXITED(3));
	utrace_engine_put(engine);
	CHECK(wait_until(h_load(&seen->n[REC_RELEASE])));
	CHECK_EQ(seen->code, EXITED(3));
	CHECK(seen->child > 0);
	for (i = 0; i < KINDS; i++) {
		/* what was reported to the other was reported to it */
		if (i > REC_SIGNAL && i < REC_JCTL)
			continue;
		CHECK(wait_until(rec_count(r, i) || i == REC_RELEASE));
		if (!EXPECT(h_load(&seen->n[i])))
			h_note("event %u", i);
	}
	CHECK_EQ(seen->n[REC_EXIT], 1);
	CHECK_EQ(seen->n[REC_DEATH], 1);
	CHECK_EQ(seen->n[REC_REAP], 1);
	CHECK_EQ(seen->n[REC_RELEASE], 1);
}

/* What they return is done. */
TEST(old_effects, "OLD-1 SYS-3 SIG-4 CTL-8")
{
	struct prog *p = prog_start("crew", "0");
	struct seen *seen = seen_new(prog_task(p));
	struct utrace_engine *engine;

	prog_say(p, "catch %d", USR1);
	CHECK(prog_get(p, "taker"));
	engine = attach(p, &all_ops, seen, EV(QUIESCE) | UTRACE_EVENT_SYSCALL |
			UTRACE_EVENT_SIGNAL_ALL);
	CHECK(engine);
	h_store(&seen->entry, UTRACE_RESUME | UTRACE_SYSCALL_ABORT);
	CHECK_EQ(getppid_of(p), -ENOSYS);
	h_store(&seen->entry, 0);
	CHECK(getppid_of(p) > 0);
	h_store(&seen->signal, UTRACE_RESUME | UTRACE_SIGNAL_IGN);
	prog_signal(p, USR1);
	CHECK(wait_until(h_load(&seen->n[REC_SIGNAL])));
	CHECK_EQ(ask(p, "taken"), 0);
	h_store(&seen->leaves, true);
	CHECK(getppid_of(p) > 0);
	CHECK_EQ(utrace_control(prog_task(p), engine, UTRACE_RESUME), -ESRCH);
	utrace_engine_put(engine);
	CHECK(wait_until(h_load(&seen->n[REC_RELEASE]) == 1));
}

/* Each is given what those before it chose, of its own generation or not. */
TEST(old_actions, "OLD-1 REP-4 SYS-1 SIG-4")
{
	struct prog *p = prog_start("crew", "0");
	struct seen *seen[2] = { seen_new(prog_task(p)),
				 seen_new(prog_task(p)) };
	struct utrace_engine *engine[2];
	struct recorder *r;
	unsigned int i;

	prog_say(p, "catch %d", USR1);
	CHECK(prog_get(p, "taker"));
	engine[0] = attach(p, &all_ops, seen[0], EV(SYSCALL_ENTRY) |
			   UTRACE_EVENT_SIGNAL_ALL);
	r = rec_plain(prog_task(p), EV(SYSCALL_ENTRY) |
		      UTRACE_EVENT_SIGNAL_ALL);
	engine[1] = attach(p, &all_ops, seen[1], EV(SYSCALL_ENTRY) |
			   UTRACE_EVENT_SIGNAL_ALL);
	CHECK(engine[0] && engine[1]);
	/* entries are reported in reverse order */
	h_store(&seen[1]->entry, UTRACE_REPORT | UTRACE_SYSCALL_ABORT);
	CHECK_EQ(getppid_of(p), -ENOSYS);
	CHECK_EQ(h_load(&seen[1]->entry_action),
		 UTRACE_RESUME | UTRACE_SYSCALL_RUN);
	CHECK_EQ(rec_find(r, REC_SYSCALL_ENTRY, 0, __NR_getppid)->action,
		 UTRACE_REPORT | UTRACE_SYSCALL_ABORT);
	CHECK_EQ(h_load(&seen[0]->entry_action),
		 UTRACE_REPORT | UTRACE_SYSCALL_ABORT);
	h_store(&seen[1]->entry, 0);
	h_store(&seen[0]->signal, UTRACE_RESUME | UTRACE_SIGNAL_IGN);
	prog_signal(p, USR1);
	CHECK(wait_until(h_load(&seen[1]->signal_action)));
	CHECK_EQ(h_load(&seen[0]->signal_action),
		 UTRACE_RESUME | UTRACE_SIGNAL_DELIVER);
	CHECK_EQ(h_load(&seen[1]->signal_action),
		 UTRACE_RESUME | UTRACE_SIGNAL_IGN);
	CHECK_EQ(ask(p, "taken"), 0);
	for (i = 0; i < 2; i++)
		CHECK(detach(p, engine[i]));
}

/* A callback that is missing is missed. */
TEST(old_missing_callbacks, "OLD-1 EVT-8")
{
	static const struct utrace_engine_ops some_ops = {
		.report_quiesce = on_quiesce,
		.release = on_release,
	};
	struct prog *p = prog_start("crew", "0");
	struct seen *seen = seen_new(prog_task(p));
	struct utrace_engine *engine;
	unsigned int i;

	engine = attach(p, &some_ops, seen, EV(QUIESCE));
	CHECK(engine);
	for (i = 0; i < _UTRACE_NEVENTS; i++)
		CHECK_EQ(utrace_set_events(prog_task(p), engine, 1UL << i),
			 i == _UTRACE_EVENT_QUIESCE ||
			 (UTRACE_EVENT_SIGNAL_ALL & 1UL << i) ? 0 : -EINVAL);
	CHECK_EQ(utrace_set_events(prog_task(p), engine,
				   UTRACE_EVENT_SIGNAL_ALL), 0);
	prog_say(p, "catch %d", USR1);
	CHECK(prog_get(p, "taker"));
	i = h_load(&seen->n[REC_QUIESCE]);
	prog_signal(p, USR1);
	CHECK(wait_until(ask(p, "taken")));
	CHECK(h_load(&seen->n[REC_QUIESCE]) > i);
	CHECK(detach(p, engine));
	CHECK(wait_until(h_load(&seen->n[REC_RELEASE]) == 1));
}

/* Found by its callbacks, and by pid. */
TEST(old_attach, "OLD-1 ATT-1 ATT-2 ATT-3 ATT-4")
{
	struct prog *p = prog_start("crew", "0");
	struct seen *seen = seen_new(prog_task(p));
	struct utrace_engine *engine, *e;
	struct pid *pid;

	engine = attach(p, &all_ops, seen, EV(QUIESCE));
	CHECK(engine);
	e = utrace_attach_task(prog_task(p), UTRACE_ATTACH_MATCH_OPS, &all_ops,
			       NULL);
	CHECK(e == engine);
	utrace_engine_put(e);
	e = utrace_attach_task(prog_task(p), UTRACE_ATTACH_CREATE |
			       UTRACE_ATTACH_EXCLUSIVE |
			       UTRACE_ATTACH_MATCH_OPS, &all_ops, NULL);
	CHECK_EQ(PTR_ERR(e), -EEXIST);
	e = utrace_attach_task(prog_task(p), UTRACE_ATTACH_CREATE, NULL, NULL);
	CHECK_EQ(PTR_ERR(e), -EINVAL);
	CHECK(detach(p, engine));

	pid = find_get_pid(prog_tid(p));
	engine = utrace_attach_pid(pid, UTRACE_ATTACH_CREATE, &all_ops, seen);
	CHECK(!IS_ERR(engine));
	CHECK_EQ(utrace_set_events_pid(pid, engine, EV(SYSCALL_ENTRY)), 0);
	CHECK_EQ(utrace_barrier_pid(pid, engine), 0);
	CHECK(getppid_of(p) > 0);
	CHECK(h_load(&seen->n[REC_SYSCALL_ENTRY]));
	put_pid(pid);
	CHECK(detach(p, engine));
	CHECK(wait_until(h_load(&seen->n[REC_RELEASE]) == 2));
}
