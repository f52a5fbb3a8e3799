// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program of 32 bits: what an engine sees of it, and can change.  It is told
 * what to do as others are.
 */
#include "told.h"

/* ---- system calls ------------------------------------------------------- */

static void six_arguments(struct act *act, struct recorder *r,
			  struct rec_call *call)
{
	(void)r;
	EXPECT_EQ(utrace_syscall_abi(current), UTRACE_ABI_I386);
	make_mapping(call, I386_MMAP2, act->value, 0xffffffff);
}

static void see_result(struct act *act, struct recorder *r,
		       struct rec_call *call)
{
	long error = act->value, value;

	(void)r;
	EXPECT_EQ(utrace_syscall_abi(current), UTRACE_ABI_I386);
	value = syscall_get_return_value(current, call->regs);
	EXPECT_EQ((int)value, (int)error);
	EXPECT_EQ(syscall_get_error(current, call->regs),
		  error < 0 ? error : 0);
}

/* All six arguments by the helpers, seen and set, and the result. */
TEST(i386_six_arguments, "SYS-2 SYS-6 SYS-8")
{
	struct act *in = ACT(I386_MMAP2, six_arguments, 0x20000000);
	struct act *out = ACT(I386_MMAP2, see_result, 0x20000000);
	struct act *bad = ACT(I386_CLOSE, see_result, -EBADF);
	struct prog *p = prog_start("told32");

	rec_acting(prog_task(p), REC_SYSCALL_ENTRY, in, EV(SYSCALL_ENTRY));
	rec_acting(prog_task(p), REC_SYSCALL_EXIT, out, EV(SYSCALL_EXIT));
	rec_acting(prog_task(p), REC_SYSCALL_EXIT, bad, EV(SYSCALL_EXIT));
	prog_say(p, "call %d 11 12 13 14 15 16", I386_MMAP2);
	CHECK_EQ(prog_get(p, "ret"), 0x20000000);
	CHECK_EQ(call(p, I386_CLOSE, 9999, 0, 0), -EBADF);
	CHECK_EQ(in->n, 1);
	CHECK_EQ(out->n, 1);
	CHECK_EQ(bad->n, 1);
}

static void make_getpid(struct act *act, struct recorder *r,
			struct rec_call *call)
{
	(void)act;
	(void)r;
	call->regs->orig_ax = I386_GETPID;
}

static void set_result(struct act *act, struct recorder *r,
		       struct rec_call *call)
{
	long value = act->value;

	(void)r;
	syscall_set_return_value(current, call->regs, value < 0 ? value : 0,
				 value);
}

/* Another number is made, none is, the result is another. */
TEST(i386_changed, "SYS-2 SYS-3 SYS-6 SYS-8")
{
	struct act *number = ACT(I386_GETPPID, make_getpid, 0);
	struct act *abort = ACT(I386_UMASK, NULL, 0,
			      UTRACE_RESUME | UTRACE_SYSCALL_ABORT);
	struct act *result = ACT(I386_GETPID, set_result, 4711);
	struct act *error = ACT(I386_CLOSE, set_result, -EINTR);
	struct prog *p = prog_start("told32");
	struct recorder *r;

	CHECK(call(p, I386_UMASK, 022, 0, 0) >= 0);
	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, number,
		       EV(SYSCALL_ENTRY));
	CHECK_EQ(call(p, I386_GETPPID, 0, 0, 0), prog_tid(p));
	CHECK_EQ(rec_events(r, 0), 0);
	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, abort,
		       EV(SYSCALL_ENTRY));
	CHECK_EQ(call(p, I386_UMASK, 077, 0, 0), -ENOSYS);
	CHECK_EQ(rec_events(r, 0), 0);
	CHECK_EQ(call(p, I386_UMASK, 022, 0, 0), 022);
	rec_acting(prog_task(p), REC_SYSCALL_EXIT, result, EV(SYSCALL_EXIT));
	rec_acting(prog_task(p), REC_SYSCALL_EXIT, error, EV(SYSCALL_EXIT));
	CHECK_EQ(call(p, I386_GETPID, 0, 0, 0), 4711);
	CHECK_EQ(call(p, I386_CLOSE, 9999, 0, 0), -EINTR);
}

static void set_code(struct act *act, struct recorder *r,
		     struct rec_call *call)
{
	(void)r;
	*call->code = act->value;
}

/* It ends as an engine chose, by a call, by a signal. */
TEST(i386_exit, "EXT-1")
{
	static const struct { int sig; long code; } t[] = {
		{ 0, EXITED(3) }, { 0, KILLED(SIGTERM) },
		{ SIGTERM, EXITED(3) }, { SIGTERM, KILLED(SIGHUP) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct act *act = ACT(t[i].sig ? KILLED(t[i].sig) : EXITED(7),
				      set_code, t[i].code);
		struct prog *p = prog_start("told32");
		struct recorder *r;

		r = rec_acting(prog_task(p), REC_EXIT, act,
			       EV(EXIT) | EV(SYSCALL_ENTRY));
		if (t[i].sig)
			prog_signal(p, t[i].sig);
		else
			prog_say(p, "call %d 7", I386_EXIT_GROUP);
		CHECK_EQ(prog_wait(p), t[i].code);
		CHECK(!refused(r, "EXT-1"));
		CHECK_EQ(rec_count(r, REC_EXIT), 1);
	}
}

/* ---- registers ---------------------------------------------------------- */

/* The general set, in the order of a core dump of such a program. */
enum {
	U32_BX, U32_CX, U32_DX, U32_SI, U32_DI, U32_BP, U32_AX, U32_ORIG_AX = 11,
	U32_IP, U32_CS, U32_FLAGS, U32_SP, U32_SS, U32_WORDS
};

/* In the layout of 32 bits, read and written, in the stop at a call. */
TEST(i386_view, "EXM-3 SYS-4 SYS-9")
{
	struct act *act = ACT(I386_UMASK, NULL, 0,
			      UTRACE_STOP | UTRACE_SYSCALL_RUN);
	const struct user_regset_view *view;
	struct prog *p = prog_start("told32");
	struct utrace_examiner exam;
	struct syscall_info info;
	u32 user[U32_WORDS + 10];
	struct recorder *r;
	struct pt_regs regs;
	unsigned int i;

	CHECK(call(p, I386_UMASK, 022, 0, 0) >= 0);
	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act, EV(SYSCALL_ENTRY));
	prog_say(p, "call %d 0x3f 2 3 4 5 6", I386_UMASK);
	CHECK(wait_act(act, 1) && rec_wait_stopped(r));
	CHECK_EQ(utrace_prepare_examine(r->task, r->engine, &exam), 0);
	view = task_user_regset_view(r->task);
	CHECK(view && !strcmp(view->name, "i386"));
	CHECK_EQ(view->e_machine, EM_386);
	CHECK_EQ(view->regsets[0].core_note_type, NT_PRSTATUS);
	CHECK_EQ(view->regsets[0].n * view->regsets[0].size, U32_WORDS * 4);
	CHECK_EQ(utrace_regset_read(r->task, NT_PRSTATUS, user, sizeof(user)),
		 U32_WORDS * 4);
	CHECK_EQ(user[U32_BX], 077);
	for (i = U32_CX; i <= U32_BP; i++)
		CHECK_EQ(user[i], i + 1);
	CHECK_EQ((int)user[U32_AX], -ENOSYS);
	CHECK_EQ(user[U32_ORIG_AX], I386_UMASK);
	CHECK_EQ(utrace_get_regs(r->task, &regs), 0);
	CHECK_EQ(regs.bx, 077);
	CHECK_EQ(regs.orig_ax, I386_UMASK);
	CHECK_EQ(user[U32_IP], regs.ip);
	CHECK_EQ(user[U32_CS], regs.cs);
	CHECK_EQ(user[U32_SP], regs.sp);
	CHECK_EQ(utrace_syscall_abi(r->task), UTRACE_ABI_I386);
	CHECK_EQ(syscall_get_nr(r->task, &regs), I386_UMASK);
	memset(&info, 0, sizeof(info));
	CHECK_EQ(task_current_syscall(r->task, &info), 0);
	CHECK_EQ(INFO(info, nr), I386_UMASK);
	CHECK_EQ(INFO(info, args[0]), 077);
	CHECK_EQ(INFO(info, args[5]), 6);
	user[U32_BX] = 055;
	CHECK_EQ(utrace_regset_write(r->task, NT_PRSTATUS, user,
				     U32_WORDS * 4), 0);
	CHECK_EQ(utrace_finish_examine(r->task, r->engine, &exam), 0);
	CHECK(control(r, UTRACE_RESUME));
	CHECK_EQ(prog_get(p, "ret"), 022);
	CHECK_EQ(rec_events(r, 0), 0);
	CHECK_EQ(call(p, I386_UMASK, 022, 0, 0), 055);
}

static void write_result(struct act *act, struct recorder *r,
			 struct rec_call *call)
{
	u32 user[U32_WORDS];

	(void)r;
	(void)call;
	EXPECT_EQ(utrace_regset_read(current, NT_PRSTATUS, user, sizeof(user)),
		  sizeof(user));
	user[U32_AX] = act->value;
	EXPECT_EQ(utrace_regset_write(current, NT_PRSTATUS, user, sizeof(user)),
		  0);
}

/* And by a callback, for its own thread. */
TEST(i386_own_registers, "EXM-3 SYS-6")
{
	struct act *act = ACT(I386_GETPID, write_result, 4711);
	struct prog *p = prog_start("told32");

	rec_acting(prog_task(p), REC_SYSCALL_EXIT, act, EV(SYSCALL_EXIT));
	CHECK_EQ(call(p, I386_GETPID, 0, 0, 0), 4711);
	CHECK_EQ(act->n, 1);
	CHECK(call(p, I386_GETPPID, 0, 0, 0) > 0);
}

/* ---- signals ------------------------------------------------------------ */

static void see_fault(struct act *act, struct recorder *r,
		      struct rec_call *call)
{
	(void)r;
	EXPECT_EQ(call->info->si_signo, SIGSEGV);
	EXPECT_EQ(call->info->si_code, 1);		/* SEGV_MAPERR */
	EXPECT_EQ((unsigned long)call->info->si_addr, 8);
	if (act->value)
		call->info->si_addr = (void *)act->value;
}

/* The siginfo is a whole one, and what is changed in it comes to the handler. */
TEST(i386_fault, "SIG-1 SIG-4")
{
	struct act *act = ACT(SIGSEGV, see_fault, 0);
	struct prog *p = prog_start("told32");
	struct recorder *r;
	unsigned int i;

	CHECK(do_ok(p, "catch"));
	r = rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL));
	for (i = 0; i < 2; i++) {
		act->value = i ? 4711 : 0;
		CHECK(do_ok(p, "fault"));
		CHECK_EQ(ask(p, "signo"), SIGSEGV);
		CHECK_EQ(ask(p, "code"), 1);
		CHECK_EQ(ask(p, "addr"), i ? 4711 : 8);
		CHECK_EQ(rec_times(r, REC_SIGNAL, SIGSEGV), i + 1);
		CHECK_EQ(rec_last(r, REC_SIGNAL)->arg[1],
			 UTRACE_SIGNAL_DELIVER);
	}
}
