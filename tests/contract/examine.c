// SPDX-License-Identifier: LGPL-2.1-or-later
/* Section 15 of the contract: examining a stopped thread. */
#include "told.h"

static int prepare(struct recorder *r, struct utrace_examiner *exam)
{
	return utrace_prepare_examine(r->task, r->engine, exam);
}

static int finish(struct recorder *r, struct utrace_examiner *exam)
{
	return utrace_finish_examine(r->task, r->engine, exam);
}

static u32 examine_own(struct recorder *r, struct rec_call *c)
{
	struct utrace_examiner exam;
	struct pt_regs regs;

	EXPECT_EQ(utrace_prepare_examine(current, c->engine, &exam), 0);
	EXPECT_EQ(utrace_get_regs(current, &regs), 0);
	EXPECT_EQ(regs.ip, c->regs->ip);
	EXPECT_EQ(utrace_finish_examine(current, c->engine, &exam), 0);
	/* Current comes before detached. */
	EXPECT_EQ(utrace_control(current, c->engine, UTRACE_DETACH),
		  -EINPROGRESS);
	EXPECT_EQ(utrace_prepare_examine(current, c->engine, &exam), 0);
	EXPECT_EQ(utrace_finish_examine(current, c->engine, &exam), 0);
	return rec_default(r, c);
}

TEST(exm_current, "EXM-1 EXM-2")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();

	rec_hook_set(r, REC_SYSCALL_EXIT, examine_own);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	prog_go(p);
	CHECK(prog_expect(p, "done"));
	CHECK_EQ(rec_count(r, REC_SYSCALL_EXIT), 1);
}

TEST(exm_errors_in_order, "EXM-1 EXM-2")
{
	struct prog *p = prog_start("calls"), *dies = prog_start("exits", "0");
	struct recorder *gone = rec_new(), *r = rec_new(), *d = rec_new(),
			*other = rec_new();
	struct utrace_examiner exam;

	memset(&exam, 0, sizeof(exam));
	CHECK_EQ(rec_attach(gone, prog_task(p), 0), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(other, prog_task(p), 0), 0);
	CHECK_EQ(rec_control(gone, UTRACE_DETACH), 0);
	CHECK_EQ(prepare(gone, &exam), -ESRCH);
	CHECK_EQ(finish(gone, &exam), -ESRCH);
	CHECK_EQ(prepare(r, &exam), -EINVAL);
	/* Another engine's stop is not this one's. */
	CHECK(rec_halt(r));
	CHECK_EQ(prepare(other, &exam), -EINVAL);
	CHECK_EQ(prepare(gone, &exam), -ESRCH);
	CHECK_EQ(prepare(r, &exam), 0);
	CHECK_EQ(finish(r, &exam), 0);

	/* No stop held, and dead: the former is told. */
	CHECK_EQ(rec_attach(d, prog_task(dies), EV(DEATH)), 0);
	prog_go(dies);
	CHECK(prog_wait_zombie(dies));
	CHECK(rec_wait(d, REC_DEATH, 1));
	CHECK_EQ(prepare(d, &exam), -EINVAL);
	CHECK_EQ(prog_wait(dies), EXITED(0));
	CHECK(wait_until(rec_barrier(d) == -ESRCH));
	CHECK_EQ(prepare(d, &exam), -ESRCH);
}

/* Dead although the engine holds a stop: SIGKILL. */
TEST(exm_killed, "EXM-1 EXM-2 KIL-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct utrace_examiner exam, again;
	int err;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	CHECK(rec_halt(r));
	CHECK_EQ(prepare(r, &exam), 0);
	prog_signal(p, SIGKILL);
	CHECK(prog_wait_zombie(p));
	/* Whether it is told that it woke, or that it is dead: not 0. */
	err = finish(r, &exam);
	CHECK(err == -EAGAIN || err == -ESRCH);
	/* the host may hear of it later than we do */
	CHECK(wait_until(prepare(r, &again) == -ESRCH));
	CHECK_EQ(prog_wait(p), KILLED(SIGKILL));
	CHECK(wait_until(rec_barrier(r) == -ESRCH));
	CHECK_EQ(prepare(r, &again), -ESRCH);
	CHECK_EQ(finish(r, &exam), -ESRCH);
}

/* A stop asked for that has not come: the thread waits in a system call. */
TEST(exm_runs_after_all, "EXM-1")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new();
	struct utrace_examiner exam;

	CHECK(wait_until(prog_state(p) == 'S'));
	CHECK_EQ(rec_attach(r, prog_task(p), 0), 0);
	CHECK(wait_until(prog_state(p) == 'S'));
	CHECK_EQ(rec_control(r, UTRACE_STOP), -EINPROGRESS);
	CHECK_EQ(prepare(r, &exam), -EAGAIN);
	prog_go(p);
	CHECK(rec_wait_stopped(r));
	CHECK_EQ(prepare(r, &exam), 0);
	CHECK_EQ(finish(r, &exam), 0);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(prog_expect(p, "done"));
}

TEST(exm_finish, "EXM-2")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_new(), *other = rec_new();
	struct utrace_examiner exam;

	CHECK_EQ(rec_attach(r, prog_task(p), EV(QUIESCE)), 0);
	CHECK_EQ(rec_attach(other, prog_task(p), 0), 0);
	CHECK(rec_halt(r));
	CHECK_EQ(prepare(r, &exam), 0);
	CHECK_EQ(finish(r, &exam), 0);
	/* Stopped throughout, by another's stop; but ours is over. */
	CHECK_EQ(rec_control(other, UTRACE_STOP), 0);
	CHECK_EQ(prepare(r, &exam), 0);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK_EQ(finish(r, &exam), -EINVAL);
	CHECK_EQ(rec_control(r, UTRACE_STOP), 0);
	CHECK_EQ(rec_control(other, UTRACE_RESUME), 0);
	/* It ran in between, and is stopped again. */
	CHECK_EQ(prepare(r, &exam), 0);
	CHECK(rec_resume(r));
	prog_go(p);
	CHECK(prog_expect(p, "done"));
	CHECK(rec_halt(r));
	CHECK_EQ(finish(r, &exam), -EAGAIN);
	/* Gone in between. */
	CHECK_EQ(prepare(r, &exam), 0);
	CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);
	CHECK_EQ(finish(r, &exam), -ESRCH);
}

/* ---- the state itself ---------------------------------------------------- */

#define R12	0x1212121212121212UL
#define R13	0x1313131313131313UL
#define XMM	0x5858585858585858UL
#define LAST	0x1515151515151515UL
#define MM	0x3838383838383838UL
#define TEXT	"fifteen letters"

struct subject {
	struct prog *p;
	struct recorder *r;
	struct utrace_examiner exam;
	unsigned long stop, entered, text, end, hidden, code;
	bool calls;
	unsigned long last, mm, gs;	/* what it is to find there */
};

/* A program with known values, which are in place when it is told to. */
static void subject_load(struct subject *s)
{
	s->p = prog_start("state");
	s->calls = false;
	s->last = LAST;
	s->mm = MM;
	s->gs = 0;
	s->stop = prog_get(s->p, "stop");
	s->entered = prog_get(s->p, "entered");
	s->text = prog_get(s->p, "text");
	s->end = prog_get(s->p, "end");
	s->hidden = prog_get(s->p, "hidden");
	s->code = prog_get(s->p, "code");
}

/* Stopped in its loop, under examination. */
static void subject_start(struct subject *s)
{
	subject_load(s);
	prog_go(s->p);
	wait_until(prog_peek32(s->p, s->entered));
	s->r = rec_new();
	if (EXPECT_EQ(rec_attach(s->r, prog_task(s->p), EV(QUIESCE)), 0) &&
	    rec_halt(s->r))
		EXPECT_EQ(prepare(s->r, &s->exam), 0);
}

static void subject_says(struct subject *s, unsigned long r12,
			 unsigned long r13, unsigned long low,
			 unsigned long high, const char *text)
{
	CHECK_EQ(prog_get(s->p, "ret") > 0, s->calls);
	CHECK_EQ(prog_get(s->p, "r12"), r12);
	CHECK_EQ(prog_get(s->p, "r13"), r13);
	CHECK_EQ(prog_get(s->p, "low"), low);
	CHECK_EQ(prog_get(s->p, "high"), high);
	CHECK_EQ(prog_get(s->p, "last"), s->last);
	CHECK_EQ(prog_get(s->p, "mm"), s->mm);
	CHECK_EQ(prog_get(s->p, "gs"), s->gs);
	CHECK(prog_expect(s->p, text));
}

static void subject_leave(struct subject *s)
{
	unsigned int yes = 1;

	prog_poke(s->p, s->stop, &yes, sizeof(yes));
}

/* Let it go on, and check what it finds in its registers. */
static void subject_finds(struct subject *s, unsigned long r12,
			  unsigned long r13, unsigned long low,
			  unsigned long high, const char *text)
{
	EXPECT_EQ(finish(s->r, &s->exam), 0);
	subject_leave(s);
	rec_resume(s->r);
	subject_says(s, r12, r13, low, high, text);
}

/* The general set is 27 words in the order of struct pt_regs, and six more. */
enum {
	U_R13 = 2, U_R12 = 3, U_BP = 4, U_IP = 16, U_SP = 19, U_GS_BASE = 22,
	U_WORDS = 27
};

static const struct user_regset *regset(const struct user_regset_view *view,
					unsigned int type)
{
	unsigned int i;

	for (i = 0; i < view->n; i++)
		if (view->regsets[i].core_note_type == type)
			return &view->regsets[i];
	return NULL;
}

/* The size of the extended state: all that this processor has enabled. */
static unsigned int xstate_size(void)
{
	unsigned int a = 0xd, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
	return b;
}

TEST(exm_view, "EXM-3")
{
	const struct user_regset_view *view;
	const struct user_regset *set;
	struct subject s;
	static const unsigned int types[] = {
		NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE,
	};
	unsigned int i;

	subject_start(&s);
	CHECK_SO_FAR();
	view = task_user_regset_view(prog_task(s.p));
	CHECK(view != NULL);
	CHECK(!strcmp(view->name, "x86_64"));
	CHECK_EQ(view->e_machine, EM_X86_64);
	CHECK_EQ(view->regsets[0].core_note_type, NT_PRSTATUS);
	for (i = 0; i < ARRAY_LEN(types); i++)
		CHECK(regset(view, types[i]));
	set = regset(view, NT_PRSTATUS);
	CHECK_EQ(set->n * set->size, U_WORDS * sizeof(long));
	set = regset(view, NT_PRFPREG);
	CHECK_EQ(set->n * set->size, 512);
	set = regset(view, NT_X86_XSTATE);
	CHECK_EQ(set->n * set->size, xstate_size());
	subject_finds(&s, R12, R13, XMM, XMM, "text " TEXT);
}

TEST(exm_general_registers, "EXM-3")
{
	unsigned long user[U_WORDS];
	struct task_struct *t;
	struct pt_regs regs;
	struct subject s;

	subject_start(&s);
	CHECK_SO_FAR();
	t = prog_task(s.p);
	memset(user, 0xff, sizeof(user));
	CHECK_EQ(utrace_regset_read(t, NT_PRSTATUS, user, sizeof(user)),
		 sizeof(user));
	CHECK_EQ(user[U_R12], R12);
	CHECK_EQ(user[U_R13], R13);
	CHECK_EQ(utrace_get_regs(t, &regs), 0);
	CHECK_EQ(regs.r12, R12);
	CHECK_EQ(regs.r13, R13);
	CHECK_EQ(regs.ip, user[U_IP]);
	CHECK_EQ(regs.sp, user[U_SP]);
	CHECK_EQ(regs.cs & 3, 3);
	/* In user mode, in no system call. */
	CHECK((long)regs.orig_ax < 0);

	/* A part of a set is read, and written. */
	memset(user, 0, sizeof(user));
	CHECK_EQ(utrace_regset_read(t, NT_PRSTATUS, user, 4 * 8), 4 * 8);
	CHECK_EQ(user[U_R12], R12);
	CHECK_EQ(user[U_BP], 0);
	user[U_R12] = 0x1112131415161718;
	CHECK_EQ(utrace_regset_write(t, NT_PRSTATUS, user, 4 * 8), 0);
	CHECK_EQ(utrace_get_regs(t, &regs), 0);
	CHECK_EQ(regs.r12, 0x1112131415161718);
	regs.r13 = 0x2122232425262728;
	CHECK_EQ(utrace_set_regs(t, &regs), 0);
	subject_finds(&s, 0x1112131415161718, 0x2122232425262728, XMM, XMM,
		      "text " TEXT);
}

/* Where they are in both the floating point and the extended state. */
#define MM0	32
#define XMM0	160
#define XMM15	400

static unsigned char state[65536];

TEST(exm_floating_point, "EXM-3")
{
	unsigned long xmm[2] = { 0x3132333435363738, 0x4142434445464748 }, seen;
	struct subject s;

	subject_start(&s);
	CHECK_SO_FAR();
	CHECK_EQ(utrace_regset_read(prog_task(s.p), NT_PRFPREG, state,
				    sizeof(state)), 512);
	memcpy(&seen, state + XMM0, 8);
	CHECK_EQ(seen, XMM);
	memcpy(state + XMM0, xmm, sizeof(xmm));
	CHECK_EQ(utrace_regset_write(prog_task(s.p), NT_PRFPREG, state, 512),
		 0);
	memset(state, 0, sizeof(state));
	CHECK_EQ(utrace_regset_read(prog_task(s.p), NT_PRFPREG, state,
				    sizeof(state)), 512);
	memcpy(&seen, state + XMM0 + 8, 8);
	CHECK_EQ(seen, xmm[1]);
	subject_finds(&s, R12, R13, xmm[0], xmm[1], "text " TEXT);
}

/* At the kernel's full size, whatever this processor has. */
TEST(exm_extended_state, "EXM-3")
{
	unsigned long xmm[2] = { 0x5152535455565758, 0x6162636465666768 }, seen;
	unsigned int size = xstate_size();
	struct subject s;

	CHECK(size <= sizeof(state));
	subject_start(&s);
	CHECK_SO_FAR();
	memset(state, 0xee, sizeof(state));
	CHECK_EQ(utrace_regset_read(prog_task(s.p), NT_X86_XSTATE, state,
				    sizeof(state)), size);
	memcpy(&seen, state + XMM0, 8);
	CHECK_EQ(seen, XMM);
	/* The header's bits: x87 and SSE are in use. */
	memcpy(&seen, state + 512, 8);
	CHECK(seen & 2);
	memcpy(state + XMM0, xmm, sizeof(xmm));
	CHECK_EQ(utrace_regset_write(prog_task(s.p), NT_X86_XSTATE, state,
				     size), 0);
	subject_finds(&s, R12, R13, xmm[0], xmm[1], "text " TEXT);
}

TEST(exm_registers_refused, "EXM-3")
{
	struct prog *p = prog_start("spin");
	unsigned long user[U_WORDS];
	struct recorder *r = rec_new();
	struct pt_regs regs;
	struct subject s;

	subject_start(&s);
	CHECK_SO_FAR();
	/* No such set. */
	CHECK_EQ(utrace_regset_read(prog_task(s.p), 0x7fff0001, state,
				    sizeof(state)), -EINVAL);
	CHECK_EQ(utrace_regset_write(prog_task(s.p), 0x7fff0001, state, 8),
		 -EINVAL);
	subject_finds(&s, R12, R13, XMM, XMM, "text " TEXT);

	/* Not stopped for us, traced or not. */
	prog_go(p);
	CHECK_EQ(utrace_get_regs(prog_task(p), &regs), -ESRCH);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
	CHECK_EQ(utrace_get_regs(prog_task(p), &regs), -ESRCH);
	CHECK_EQ(utrace_regset_read(prog_task(p), NT_PRSTATUS, user,
				    sizeof(user)), -ESRCH);
	memset(user, 0, sizeof(user));
	CHECK_EQ(utrace_regset_write(prog_task(p), NT_PRSTATUS, user,
				     sizeof(user)), -ESRCH);
}

/* A user address, as the segment's has to be. */
#define NEW	0x0000123456789000UL

enum { OWN_R12, OWN_GS_BASE, OWN_FLOATING_POINT, OWN_EXTENDED, OWNS };

/* Reads a whole set, changes what @act says, and writes all of it. */
static void write_own(struct act *act, struct recorder *r,
		      struct rec_call *call)
{
	static const struct {
		unsigned int type, at[2];
	} own[OWNS] = {
		[OWN_R12] = { NT_PRSTATUS, { U_R12 * 8, U_R12 * 8 } },
		[OWN_GS_BASE] = { NT_PRSTATUS,
				  { U_GS_BASE * 8, U_GS_BASE * 8 } },
		[OWN_FLOATING_POINT] = { NT_PRFPREG, { XMM15, MM0 } },
		[OWN_EXTENDED] = { NT_X86_XSTATE, { XMM15, MM0 } },
	};
	unsigned int type = own[act->value].type, i;
	unsigned long value = NEW;
	ssize_t size;

	(void)r;
	(void)call;
	size = utrace_regset_read(current, type, state, sizeof(state));
	if (!EXPECT(size > 0))
		return;
	for (i = 0; i < 2; i++)
		memcpy(state + own[act->value].at[i], &value, sizeof(value));
	EXPECT_EQ(utrace_regset_write(current, type, state, size), 0);
	memset(state, 0, size);
	EXPECT_EQ(utrace_regset_read(current, type, state, sizeof(state)),
		  size);
	for (i = 0; i < 2; i++) {
		memcpy(&value, state + own[act->value].at[i], sizeof(value));
		EXPECT_EQ(value, NEW);
	}
}

/*
 * A callback for its own thread: the program finds what it wrote, and all else as
 * it was, its other segment base too, which is written with the rest.
 */
TEST(exm_own_registers, "EXM-3 SYS-2 SYS-6")
{
	static const struct {
		enum rec_event event;
		unsigned long arg;
	} places[] = {
		{ REC_SYSCALL_ENTRY, __NR_getppid },
		{ REC_SYSCALL_EXIT, __NR_getppid },
		{ REC_QUIESCE, 0 },
	};
	unsigned int i, what;

	for (i = 0; i < OWNS * ARRAY_LEN(places); i++) {
		enum rec_event event = places[i / OWNS].event;
		struct recorder *r = rec_new();
		struct subject s;
		struct act *act;

		what = i % OWNS;
		h_note("event %d, %u", event, what);
		subject_load(&s);
		act = ACT(places[i / OWNS].arg, write_own, what);
		r->ops.report_signal = NULL;
		r->priv = act;
		rec_hook_set(r, event, act_hook);
		CHECK_EQ(rec_attach(r, prog_task(s.p), 1UL << event), 0);
		s.calls = event != REC_QUIESCE;
		prog_say(s.p, s.calls ? "call" : "spin");
		if (!s.calls) {
			CHECK(wait_until(prog_peek32(s.p, s.entered)));
			CHECK(control(r, UTRACE_REPORT));
			CHECK(wait_act(act, 1));
			subject_leave(&s);
		}
		if (what == OWN_GS_BASE)
			s.gs = NEW;
		if (what == OWN_FLOATING_POINT || what == OWN_EXTENDED)
			s.last = s.mm = NEW;
		subject_says(&s, what == OWN_R12 ? NEW : R12, R13, XMM, XMM,
			     "text " TEXT);
		CHECK_SO_FAR();
		CHECK(act->n > 0);
	}
}

TEST(exm_memory, "EXM-3")
{
	struct task_struct *t;
	struct subject s;
	unsigned char old[4], nops[4] = { 0x90, 0x90, 0x90, 0x90 };
	char buf[64];

	subject_start(&s);
	CHECK_SO_FAR();
	t = prog_task(s.p);
	CHECK_EQ(utrace_read_memory(t, s.text, buf, 16), 16);
	CHECK(!memcmp(buf, TEXT, 16));
	CHECK_EQ(utrace_read_string(t, s.text, buf, sizeof(buf)), 15);
	CHECK(!strcmp(buf, TEXT));
	CHECK_EQ(utrace_read_string(t, s.text, buf, 8), 8);
	CHECK(!strcmp(buf, "fifteen"));
	/* Up to where unmapped memory begins; at once: -EFAULT. */
	CHECK_EQ(utrace_read_memory(t, s.end - 8, buf, 64), 8);
	CHECK(!memcmp(buf, "pppppppp", 8));
	CHECK_EQ(utrace_read_memory(t, s.end, buf, 8), -EFAULT);
	CHECK_EQ(utrace_write_memory(t, s.end - 8, "12345678abcdefgh", 16), 8);
	CHECK_EQ(utrace_write_memory(t, s.end, "x", 1), -EFAULT);
	/* What the thread itself may not read; what it may not write. */
	CHECK_EQ(utrace_read_memory(t, s.hidden, buf, 8), 8);
	CHECK(!memcmp(buf, "pppppppp", 8));
	CHECK_EQ(utrace_read_memory(t, s.code, old, sizeof(old)), 4);
	CHECK_EQ(utrace_write_memory(t, s.code, nops, sizeof(nops)), 4);
	CHECK_EQ(utrace_read_memory(t, s.code, buf, 4), 4);
	CHECK(!memcmp(buf, nops, 4));
	CHECK_EQ(utrace_write_memory(t, s.code, old, sizeof(old)), 4);
	CHECK_EQ(utrace_write_memory(t, s.text, "changed", 8), 8);
	CHECK(prog_peek(s.p, s.end - 8, buf, 8));
	CHECK(!memcmp(buf, "12345678", 8));
	subject_finds(&s, R12, R13, XMM, XMM, "text changed");
}
