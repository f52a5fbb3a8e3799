// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 11: exec. */
#include "told.h"

#define TRAP	5

static bool begins(const char *s, const char *with)
{
	return s && !strncmp(s, with, strlen(with));
}

static bool ends(const char *s, const char *with)
{
	return s && strlen(s) >= strlen(with) &&
	       !strcmp(s + strlen(s) - strlen(with), with);
}

/* The new program's stack, before anything ran: argc, argv. */
static void new_stack(struct act *act, struct recorder *r,
		      struct rec_call *call)
{
	unsigned long words[4];
	char arg[16];

	(void)r;
	EXPECT_EQ(utrace_read_memory(current, call->regs->sp, words,
				     sizeof(words)), sizeof(words));
	EXPECT_EQ(words[0], 3);
	EXPECT(utrace_read_string(current, words[3], arg, sizeof(arg)) > 0 &&
	       !strcmp(arg, act->value ? "script" : "again"));
	if (act->value)
		EXPECT(begins(call->bprm->filename, "/tmp/utrace-crew-"));
	else
		EXPECT(ends(call->bprm->filename, "/crew"));
	/* of a script the interpreter is the binary */
	EXPECT(ends(call->bprm->interp, "/crew"));
}

TEST(exec_report, "EXC-1")
{
	static const char *const cmds[] = { "exec", "script" };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct prog *p = prog_start("crew");
		struct act *act = ACT(0, new_stack, i);
		struct recorder *r;

		r = rec_acting(prog_task(p), REC_EXEC, act, EV(EXEC));
		/* one that fails is none */
		CHECK_EQ(call(p, __NR_execve, 0, 0, 0), -EFAULT);
		CHECK_EQ(rec_count(r, REC_EXEC), 0);
		prog_say(p, "%s", cmds[i]);
		CHECK(prog_expect(p, "ready"));
		CHECK_EQ(rec_count(r, REC_EXEC), 1);
		CHECK_EQ(act->n, 1);
		CHECK(getppid_of(p) > 0);
	}
}

static void note_ip(struct act *act, struct recorder *r,
		    struct rec_call *call)
{
	(void)r;
	act->value = call->regs->ip;
}

/* Stopped there, the new program is before its first instruction. */
TEST(exec_stop_alone, "EXC-1 REP-7")
{
	struct recorder *r;
	struct pt_regs regs;
	unsigned int i;

	/* more than once: the kernel may have work of its own just there */
	for (i = 0; i < 5; i++) {
		struct act *act = ACT(0, note_ip, 0, UTRACE_STOP);
		struct prog *p = prog_start("crew");

		r = rec_acting(prog_task(p), REC_EXEC, act, EV(EXEC));
		prog_say(p, "exec");
		CHECK(wait_act(act, 1) && rec_wait_stopped(r));
		CHECK(stopped_regs(r, &regs));
		CHECK_EQ(regs.ip, act->value);
		CHECK(control(r, UTRACE_RESUME));
		CHECK(prog_expect(p, "ready"));
	}
}

/* And it has made no system call. */
TEST(exec_stop, "EXC-1 REP-7")
{
	struct act *act = ACT(0, NULL, 0, UTRACE_STOP);
	struct prog *p = prog_start("crew");
	struct recorder *r;
	int call_, exec;

	/* no event between this one and user mode: REP-6 */
	r = rec_acting(prog_task(p), REC_EXEC, act,
		       EV(EXEC) | EV(SYSCALL_ENTRY));
	prog_say(p, "exec");
	CHECK(wait_act(act, 1) && rec_wait_stopped(r));
	call_ = rec_index(r, REC_SYSCALL_ENTRY, 0, __NR_execve);
	exec = rec_index(r, REC_EXEC, 0, 0);
	CHECK(call_ >= 0 && exec > call_);
	CHECK_EQ(rec_last(r, REC_SYSCALL_ENTRY)->arg[0], __NR_execve);
	CHECK(control(r, UTRACE_RESUME));
	CHECK(prog_expect(p, "ready"));
	CHECK(rec_last(r, REC_SYSCALL_ENTRY)->arg[0] != __NR_execve);
}

static u32 step_new_program(struct recorder *r, struct rec_call *call)
{
	struct act *act = r->priv;

	if (call->event == REC_EXEC) {
		call->regs->r12 = 0x5a5a5a5a;
		act->value = call->regs->ip;
		return UTRACE_REPORT;
	}
	if (call->event == REC_SIGNAL && call->arg[0] == TRAP) {
		/* one instruction on, in user mode, with that register */
		EXPECT_EQ(call->regs->r12, 0x5a5a5a5a);
		EXPECT(call->regs->ip != act->value);
		h_inc(&act->n);
		return UTRACE_RESUME | UTRACE_SIGNAL_IGN;
	}
	/* the last pass before user mode */
	return (act->value && !act->n ? UTRACE_SINGLESTEP : UTRACE_RESUME) |
	       (call->action & UTRACE_SIGNAL_MASK);
}

/* Its registers can be changed. */
TEST(exec_registers, "EXC-1 CTL-7")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_new();
	struct act *act = ACT(0, NULL, 0);

	if (!arch_has_single_step())
		SKIP("the machine does not step");
	r->priv = act;
	rec_hook_set(r, REC_EXEC, step_new_program);
	rec_hook_set(r, REC_SIGNAL, step_new_program);
	rec_hook_set(r, REC_QUIESCE, step_new_program);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | EV(EXEC) |
			    EV(SIGNAL_CORE)), 0);
	prog_say(p, "exec");
	CHECK(prog_expect(p, "ready"));
	CHECK_EQ(act->n, 1);
}

/*
 * The exec of one thread ends all others, whose death and reap are reported;
 * the engines of the thread that lives on stay, and it has the leader's ID.
 */
static void exec_ends_siblings(const char *cmd, int who)
{
	struct prog *p = prog_start("crew", "2");
	struct task_struct *task[3];
	struct recorder *r[3];
	struct rec_entry *e;
	int i;

	for (i = 0; i < 3; i++) {
		task[i] = i ? prog_thread(p, i - 1) : prog_task(p);
		r[i] = rec_plain(task[i], EV(EXEC) | EV(DEATH) | EV(REAP));
	}
	prog_say(p, "%s", cmd);
	CHECK(prog_expect(p, "ready"));
	for (i = 0; i < 3; i++) {
		if (i == who)
			continue;
		CHECK(rec_wait(r[i], REC_REAP, 1));
		CHECK_EQ(rec_count(r[i], REC_DEATH), 1);
		e = rec_last(r[i], REC_DEATH);
		CHECK_EQ(e->arg[0], 0);
		/* the leader's threads live on; others reap themselves */
		CHECK_EQ((int)e->arg[1], i ? -1 : -2);
		CHECK_EQ(rec_count(r[i], REC_EXEC), 0);
		CHECK(wait_until(utrace_set_events(r[i]->task, r[i]->engine,
						   0) == -ESRCH));
	}
	CHECK_EQ(rec_count(r[who], REC_EXEC), 1);
	CHECK_EQ(rec_count(r[who], REC_DEATH), 0);
	CHECK_EQ(rec_last(r[who], REC_EXEC)->tid, prog_tid(p));
	CHECK_EQ(task_pid_nr(task[who]), prog_tid(p));
	CHECK_EQ(task_tgid_nr(task[who]), prog_tid(p));
	CHECK_EQ(rec_events(r[who], EV(SYSCALL_ENTRY) | EV(DEATH)), 0);
	CHECK(getppid_of(p) > 0);
	CHECK_EQ(rec_times(r[who], REC_SYSCALL_ENTRY, __NR_getppid), 1);
	say_call(p, __NR_exit_group, 3, 0, 0);
	CHECK_EQ(prog_wait(p), EXITED(3));
	CHECK(rec_wait(r[who], REC_DEATH, 1));
	CHECK_EQ(rec_last(r[who], REC_DEATH)->arg[0], 1);
	CHECK_EQ(rec_last(r[who], REC_DEATH)->arg[1], 17);
}

TEST(exec_by_leader, "EXC-2")
{
	exec_ends_siblings("exec", 0);
}

TEST(exec_by_other, "EXC-2")
{
	exec_ends_siblings("at 0 exec", 1);
}

/* A thread that no engine is attached to takes the place of traced ones. */
TEST(exec_by_untraced, "EXC-2 INV-1")
{
	struct prog *p = prog_start("crew", "2");
	struct recorder *r[2];
	int i;

	r[0] = rec_plain(prog_task(p), EV(EXEC) | EV(DEATH) | EV(REAP));
	r[1] = rec_plain(prog_thread(p, 1), EV(EXEC) | EV(DEATH) | EV(REAP));
	prog_say(p, "at 0 exec");
	CHECK(prog_expect(p, "ready"));
	for (i = 0; i < 2; i++) {
		CHECK(rec_wait(r[i], REC_REAP, 1));
		CHECK_EQ(rec_count(r[i], REC_DEATH), 1);
		CHECK_EQ(rec_count(r[i], REC_EXEC), 0);
	}
	CHECK_EQ(task_utrace_flags(prog_thread(p, 0)), 0);
	CHECK_EQ(getppid_of(p), getppid_of(p));
	say_call(p, __NR_exit_group, 0, 0, 0);
	CHECK_EQ(prog_wait(p), EXITED(0));
}
