// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A call of our making: what it is made of.
 *
 * The thread is sent to where the program's handlers return from, with a frame on its
 * stack that says how it is now.  At the entry of that call, which would have it return,
 * the call becomes the one that it is to make, and returning comes next.  So at each
 * moment, should its tracer be killed, the thread itself puts everything back.
 */
#include <elf.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <utrace/state.h>

#include "ptrace_host.h"
#include "frame.h"

#define USER32_CS	0x23
#define TRAP_FLAG	0x100ULL	/* X86_EFLAGS_TF */
#define RED_ZONE	128
#define FPREGS32_SIZE	108	/* struct user_i387_ia32_struct */
#define FRAME32_MASK	(FRAME32_RT_CONTEXT + sizeof(struct frame32_context))

#define I386_RT_SIGACTION	174
#define I386_EXIT_GROUP		252

/* ---- where there is code ---------------------------------------------------- */

/* rt_sigreturn() for both modes, as C libraries and the vDSO have it. */
static const struct {
	bool i386;
	size_t size;
	const char *code;
} ways_back[] = {
	{ false, 9, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05" },
	{ false, 7, "\xb8\x0f\0\0\0\x0f\x05" },
	{ true, 7, "\xb8\xad\0\0\0\xcd\x80" },
};
#define WAYS		(sizeof(ways_back) / sizeof(ways_back[0]))
#define LONGEST		9
#define ENDBR		"\xf3\x0f\x1e\xfa"
#define ENDBR_SIZE	4
/* in the place of an address: it was looked for */
#define NOWHERE		1

static bool is_way_back(struct utrace_thread *thread, unsigned long at, bool i386)
{
	char code[LONGEST];
	unsigned int i;

	if (utrace_read_memory(thread, at, code, sizeof(code)) != sizeof(code))
		return false;
	for (i = 0; i < WAYS; i++)
		if (ways_back[i].i386 == i386 &&
		    !memcmp(code, ways_back[i].code, ways_back[i].size))
			return true;
	return false;
}

/* A handler returns to @at: it need not be looked for. */
void machine_note_restorer(struct utrace_thread *thread, unsigned long at)
{
	bool i386 = machine_is_i386(thread);
	char code[ENDBR_SIZE];

	if (at == thread->way_back[i386])
		return;
	if (utrace_read_memory(thread, at, code, sizeof(code)) == sizeof(code) &&
	    !memcmp(code, ENDBR, sizeof(code)))
		at += sizeof(code);
	if (is_way_back(thread, at, i386))
		thread->way_back[i386] = at;
}

static unsigned long find_way_back(struct utrace_thread *thread, bool i386)
{
	unsigned long at = 0;
	unsigned int i;

	for (i = 0; !at && i < WAYS; i++)
		if (ways_back[i].i386 == i386)
			at = proc_find_code(thread, ways_back[i].code,
					    ways_back[i].size);
	return at;
}

/* Where a handler of its may return from; 0: nowhere. */
static unsigned long way_back(struct utrace_thread *thread)
{
	bool i386 = machine_is_i386(thread);
	unsigned long *at = &thread->way_back[i386];

	/* the program may have moved it */
	if (!*at || (*at != NOWHERE && !is_way_back(thread, *at, i386)))
		*at = find_way_back(thread, i386) ?: NOWHERE;
	return *at == NOWHERE ? 0 : *at;
}

unsigned long machine_syscall_insn(struct utrace_thread *thread)
{
	return proc_find_code(thread, machine_is_i386(thread) ? "\xcd\x80" :
								"\x0f\x05", 2);
}

/* ---- there and back --------------------------------------------------------- */

/* Bytes from the end of what is left of the room; where they are to be. */
static unsigned long take(struct injection *place, size_t size, size_t align)
{
	place->left = (place->left - size) & -align;
	return place->left;
}

static void *here(const struct injection *place, unsigned long at)
{
	return place->now + (at - place->at);
}

static void put_frame(struct injection *place,
		      const struct user_regs_struct *user, uint64_t mask,
		      unsigned long xstate)
{
	/* without the signal, which nobody looks at */
	const size_t size = offsetof(struct signal_frame, info);
	struct signal_frame frame = {
		.uc_flags = FRAME_FLAGS,
		.stack = { .flags = FRAME_STACK_UNCHANGED },
		.mask = mask,
	};
	unsigned long at;

	frame_fill_context(&frame.context, user);
	frame_restart_call(&frame.context, user);
	frame.context.fpstate = xstate;
	at = take(place, size, 16);
	memcpy(here(place, at), &frame, size);
	/* past the address that returning took */
	place->sp = at + sizeof(frame.restorer);
}

static void put_frame32(struct injection *place,
			const struct user_regs_struct *user, uint64_t mask,
			unsigned long xstate)
{
	const uint32_t unchanged = FRAME_STACK_UNCHANGED;
	struct frame_context wide = { 0 };
	struct frame32_context context;
	unsigned long at;
	uint8_t *frame;

	frame_fill_context(&wide, user);
	frame_restart_call(&wide, user);
	context = (struct frame32_context){
		.gs = { user->gs }, .fs = { user->fs },
		.es = { user->es }, .ds = { user->ds },
		.di = wide.di, .si = wide.si, .bp = wide.bp, .sp = wide.sp,
		.bx = wide.bx, .dx = wide.dx, .cx = wide.cx, .ax = wide.ax,
		.ip = wide.ip, .cs = { user->cs }, .flags = wide.flags,
		.ss = { user->ss }, .fpstate = xstate,
	};
	at = take(place, FRAME32_RT_MASK + sizeof(mask), 16);
	frame = here(place, at);
	memset(frame, 0, FRAME32_RT_CONTEXT);
	memcpy(frame + FRAME32_RT_STACK_FLAGS, &unchanged, sizeof(unchanged));
	memcpy(frame + FRAME32_RT_CONTEXT, &context, sizeof(context));
	memcpy(frame + FRAME32_RT_MASK, &mask, sizeof(mask));
	place->sp = at + sizeof(uint32_t);
}

/* The oldest format of the floating-point registers comes before the others. */
static bool put_fpregs32(struct utrace_thread *thread, struct injection *place,
			 unsigned long *xstate)
{
	struct iovec iov = { NULL, FPREGS32_SIZE };

	*xstate = take(place, FRAME32_FSAVE, 16);
	iov.iov_base = here(place, *xstate);
	memset(iov.iov_base, 0, FRAME32_FSAVE);
	return !ptrace(PTRACE_GETREGSET, thread->tid, NT_PRFPREG, &iov);
}

static bool put_everything(struct utrace_thread *thread,
			   struct injection *place, uint64_t mask)
{
	const struct user_regs_struct *user = &thread->regs.was;
	bool i386 = user->cs == USER32_CS;
	unsigned long xstate = 0;

	memcpy(here(place, place->room), place->data, sizeof(place->data));
	if (!place->in_handler) {
		xstate = take(place, frame_xstate_size(thread), 64);
		frame_fill_xstate(thread, here(place, xstate));
		if (i386 && !put_fpregs32(thread, place, &xstate))
			return false;
	}
	if (i386)
		put_frame32(place, user, mask, xstate);
	else
		put_frame(place, user, mask, xstate);
	return utrace_write_memory(thread, place->at, place->now,
				   place->size) == (ssize_t)place->size;
}

/* Where a thread may have its data; it is not written to yet. */
bool machine_call_prepare(struct utrace_thread *thread, struct injection *place)
{
	place->insn = way_back(thread);
	place->room = (thread->regs.was.rsp - RED_ZONE - sizeof(place->data)) &
		      ~15UL;
	return place->insn && !machine_has_shadow_stack(thread);
}

/**
 * machine_call_begin - what a thread needs for a call of our making
 * @thread: its registers are at hand, as they are to be again
 * @place: prepared
 * @mask: the signals that it is to block again
 *
 * Return: whether it is all there; then machine_call_end() or _drop() is due.
 */
bool machine_call_begin(struct utrace_thread *thread, struct injection *place,
			uint64_t mask)
{
	size_t size = sizeof(struct signal_frame) + 64;

	if (!place->in_handler) {
		if (regs_fetch_all(thread))
			return false;
		size += frame_xstate_size(thread) + FRAME32_FSAVE + 2 * 64;
	}
	place->left = place->room;
	place->at = (place->room - size) & ~63UL;
	place->size = place->room + sizeof(place->data) - place->at;
	place->was = calloc(2, place->size);
	if (!place->was)
		return false;
	place->now = place->was + place->size;
	if (utrace_read_memory(thread, place->at, place->was, place->size) ==
	    (ssize_t)place->size) {
		memcpy(place->now, place->was, place->size);
		if (put_everything(thread, place, mask))
			return true;
	}
	machine_call_drop(place);
	return false;
}

/* The thread is where it was: what the call left for us, and what was there before. */
bool machine_call_end(struct utrace_thread *thread, struct injection *place)
{
	bool done = utrace_read_memory(thread, place->room, place->data,
				       sizeof(place->data)) ==
			    sizeof(place->data);

	done &= utrace_write_memory(thread, place->at, place->was,
				    place->size) == (ssize_t)place->size;
	machine_call_drop(place);
	return done;
}

/* It is no more. */
void machine_call_drop(struct injection *place)
{
	free(place->was);
}

/* It is about to return from a handler. */
void machine_call_go(const struct injection *place,
		     struct user_regs_struct *user)
{
	user->rip = place->insn;
	user->rsp = place->sp;
	/* a step would end in a trap while all signals are blocked */
	user->eflags &= ~TRAP_FLAG;
	/* no call that might be restarted instead */
	user->orig_rax = -1;
}

static void set_args(struct user_regs_struct *user, const unsigned long args[6])
{
	bool i386 = user->cs == USER32_CS;

	*(i386 ? &user->rbx : &user->rdi) = args[0];
	*(i386 ? &user->rcx : &user->rsi) = args[1];
	user->rdx = args[2];
	*(i386 ? &user->rsi : &user->r10) = args[3];
	*(i386 ? &user->rdi : &user->r8) = args[4];
	*(i386 ? &user->rbp : &user->r9) = args[5];
}

/* At the entry of that: it makes another call, and returns then. */
void machine_call_turn(const struct injection *place,
		       struct user_regs_struct *user, long nr,
		       const unsigned long args[6])
{
	user->orig_rax = nr;
	user->rip = place->insn;
	set_args(user, args);
}

long machine_call_result(const struct user_regs_struct *user)
{
	return user->cs == USER32_CS ? (int32_t)user->rax : (long)user->rax;
}

/* ---- calls ------------------------------------------------------------------- */

/* As the kernel has it: struct kernel_sigaction, compat_sigaction. */
struct action64 {
	uint64_t handler, flags, restorer, mask;
};

struct action32 {
	uint32_t handler, flags, restorer, mask[2];
};

_Static_assert(sizeof(struct action64) <= INJECTION_ROOM &&
	       sizeof(siginfo_t) <= INJECTION_ROOM, "there is room for them");

long machine_sigaction_nr(bool i386)
{
	return i386 ? I386_RT_SIGACTION : SYS_rt_sigaction;
}

void machine_pack_action(void *to, const struct k_sigaction *ka, bool i386)
{
	uint64_t mask;
	struct action64 a;
	struct action32 b;

	memcpy(&mask, &ka->sa.sa_mask, sizeof(mask));
	a = (struct action64){ (uintptr_t)ka->sa.sa_handler,
			       (uint32_t)ka->sa.sa_flags,
			       (uintptr_t)ka->sa.sa_restorer, mask };
	b = (struct action32){ a.handler, a.flags, a.restorer,
			       { mask, mask >> 32 } };
	if (i386)
		memcpy(to, &b, sizeof(b));
	else
		memcpy(to, &a, sizeof(a));
}

void machine_unpack_action(struct k_sigaction *ka, const void *from, bool i386)
{
	struct action64 a;
	struct action32 b;

	memcpy(&a, from, sizeof(a));
	memcpy(&b, from, sizeof(b));
	if (i386)
		a = (struct action64){ b.handler, b.flags, b.restorer,
				       b.mask[0] | (uint64_t)b.mask[1] << 32 };
	memset(ka, 0, sizeof(*ka));
	ka->sa.sa_handler = (__sighandler_t)(uintptr_t)a.handler;
	ka->sa.sa_flags = a.flags;
	ka->sa.sa_restorer = (void (*)(void))(uintptr_t)a.restorer;
	memcpy(&ka->sa.sa_mask, &a.mask, sizeof(a.mask));
}

/* The last call that a thread makes: nothing comes after. */
void machine_make_exit(struct utrace_thread *thread, long code)
{
	struct user_regs_struct *user = &thread->regs.now.user;
	bool i386 = user->cs == USER32_CS;
	const unsigned long args[6] = { code };

	user->rip = machine_syscall_insn(thread);
	user->rax = i386 ? I386_EXIT_GROUP : SYS_exit_group;
	user->orig_rax = -1;
	user->eflags &= ~TRAP_FLAG;
	set_args(user, args);
}
