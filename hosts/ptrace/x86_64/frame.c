// SPDX-License-Identifier: LGPL-2.1-or-later
/* A handler that the kernel has set up, on the stack of a 64-bit program. */
#include <cpuid.h>
#include <elf.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include <utrace/state.h>

#include "ptrace_host.h"
#include "frame.h"

/* The kernel's own result for a call that a handler may restart; linux/errno.h. */
#define ERESTARTSYS		512
#define ERESTARTNOINTR		513
#define ERESTARTNOHAND		514
#define ERESTART_RESTARTBLOCK	516
/* TF, DF and RF: a handler begins without; handle_signal() */
#define FLAGS_CLEARED	(0x100ULL | 0x400ULL | 0x10000ULL)
#define SYSCALL_SIZE	2
#define USER32_CS	0x23
#define RED_ZONE	128
#define HAS_RESTORER	0x04000000U
#define AUTODISARM	(1U << 31)

_Static_assert(offsetof(struct signal_frame, info) == 312 &&
	       sizeof(struct signal_frame) == 440, "the kernel's rt_sigframe");

static bool frame_read(struct utrace_thread *thread, unsigned long at,
		       struct signal_frame *frame)
{
	return utrace_read_memory(thread, at, frame, sizeof(*frame)) ==
	       sizeof(*frame);
}

static bool frame_write(struct utrace_thread *thread, unsigned long at,
			const struct signal_frame *frame)
{
	return utrace_write_memory(thread, at, frame, sizeof(*frame)) ==
	       sizeof(*frame);
}

static bool is_up64(struct utrace_thread *thread, struct trial *trial)
{
	const struct user_regs_struct *there = &trial->there;
	struct handler_frame *frame = &trial->frame;
	struct signal_frame on_stack = { 0 };

	if (there->rdi != (unsigned long)trial->signr ||
	    there->rsi != frame->at + offsetof(struct signal_frame, info) ||
	    there->rdx != frame->at + offsetof(struct signal_frame, uc_flags) ||
	    !frame_read(thread, frame->at, &on_stack) ||
	    on_stack.context.sp != trial->before.rsp)
		return false;
	frame->restorer = on_stack.restorer;
	frame->ip = on_stack.context.ip;
	frame->xstate = on_stack.context.fpstate;
	return true;
}

static uint32_t word_at(struct utrace_thread *thread, unsigned long at)
{
	uint32_t word = 0;

	return utrace_read_memory(thread, at, &word, sizeof(word)) ==
	       sizeof(word) ? word : 0;
}

/* One of a 32-bit program, with a siginfo or without. */
static bool is_up32(struct utrace_thread *thread, struct trial *trial)
{
	const struct user_regs_struct *there = &trial->there;
	struct handler_frame *frame = &trial->frame;
	unsigned long at = frame->at;
	struct frame32_context context = { 0 };

	frame->context = at + (there->rdx ? FRAME32_RT_CONTEXT :
					    FRAME32_CONTEXT);
	if (there->rax != (unsigned long)trial->signr ||
	    word_at(thread, at + FRAME32_SIGNR) != there->rax ||
	    (there->rdx && (there->rdx != at + FRAME32_RT_INFO ||
			    there->rcx != at + FRAME32_RT_UC)) ||
	    utrace_read_memory(thread, frame->context, &context,
			       sizeof(context)) != sizeof(context) ||
	    context.sp != (uint32_t)trial->before.rsp)
		return false;
	frame->restorer = word_at(thread, at);
	frame->ip = context.ip;
	frame->xstate = context.fpstate ? context.fpstate + FRAME32_FSAVE : 0;
	return true;
}

bool machine_frame_is_up(struct utrace_thread *thread, struct trial *trial)
{
	trial->frame.at = trial->there.rsp;
	return trial->there.cs == USER32_CS ? is_up32(thread, trial) :
					      is_up64(thread, trial);
}

/* ---- the extended state ----------------------------------------------------- */

/*
 * @state is what ptrace gives of it now that a handler is set up, @size bytes: make it
 * what it was before.
 */
bool machine_frame_xstate(struct utrace_thread *thread, void *state, size_t size)
{
	unsigned long at = thread->trial.frame.xstate;
	uint8_t room[sizeof(struct frame_xstate)];
	struct frame_xstate head = { 0 };
	size_t n;

	if (!at || utrace_read_memory(thread, at + FRAME_XSTATE_AT, &head,
				      sizeof(head)) != sizeof(head) ||
	    head.magic != FRAME_MAGIC1 || head.xstate_size > size)
		return false;
	n = head.xstate_size;
	memcpy(room, (uint8_t *)state + FRAME_XSTATE_AT, sizeof(room));
	memset(state, 0, size);
	if (utrace_read_memory(thread, at, state, n) != (ssize_t)n)
		return false;
	memcpy((uint8_t *)state + FRAME_XSTATE_AT, room, sizeof(room));
	return true;
}

/*
 * How much of the extended state a frame may have: a part that the thread has to ask
 * for (AMX) is beyond what the kernel takes of one that has not.
 */
static size_t xstate_usable(const uint8_t *state, size_t size)
{
	unsigned int a, b, c, d, part;
	uint64_t used, there;
	size_t n = FIRST_PARTS;

	memcpy(&there, state + FRAME_XSTATE_AT, sizeof(there));
	memcpy(&used, state + XSTATE_BV, sizeof(used));
	for (part = 2; part < 63; part++) {
		if (!(there >> part & 1) ||
		    ((ASKED_FOR >> part & 1) && !(used >> part & 1)) ||
		    !__get_cpuid_count(0xd, part, &a, &b, &c, &d))
			continue;
		if (b + a > n)
			n = b + a;
	}
	return n < size ? n : size;
}

/* ---- a frame of our making -------------------------------------------------- */

#ifndef NT_X86_SHSTK
#define NT_X86_SHSTK		0x204
#endif

bool machine_has_shadow_stack(struct utrace_thread *thread)
{
	uint64_t top;
	struct iovec iov = { &top, sizeof(top) };

	return !ptrace(PTRACE_GETREGSET, thread->tid, NT_X86_SHSTK, &iov);
}

void frame_fill_context(struct frame_context *context,
			const struct user_regs_struct *user)
{
	*context = (struct frame_context){
		.r8 = user->r8, .r9 = user->r9, .r10 = user->r10,
		.r11 = user->r11, .r12 = user->r12, .r13 = user->r13,
		.r14 = user->r14, .r15 = user->r15, .di = user->rdi,
		.si = user->rsi, .bp = user->rbp, .bx = user->rbx,
		.dx = user->rdx, .ax = user->rax, .cx = user->rcx,
		.sp = user->rsp, .ip = user->rip, .flags = user->eflags,
		.cs = user->cs, .ss = user->ss,
	};
}

/* The kernel's own result of the call that it is to go on with, or 0. */
static long cut_short(const struct user_regs_struct *user)
{
	long error = user->cs == USER32_CS ? -(int32_t)user->rax :
					     -(long)user->rax;

	if ((long)user->orig_rax < 0)
		return 0;
	return error == ERESTARTSYS || error == ERESTARTNOINTR ||
	       error == ERESTARTNOHAND || error == ERESTART_RESTARTBLOCK ?
		       error : 0;
}

static void restart(struct frame_context *context,
		    const struct user_regs_struct *user)
{
	context->ax = user->orig_rax;
	context->ip -= SYSCALL_SIZE;
}

/* A call that was cut short is made again when the frame is returned from. */
void frame_restart_call(struct frame_context *context,
			const struct user_regs_struct *user)
{
	if (cut_short(user))
		restart(context, user);
}

/* What the kernel makes of it for a handler that interrupts it. */
static void interrupt_call(struct frame_context *context,
			   const struct user_regs_struct *user, bool again)
{
	long error = cut_short(user);

	if (error == ERESTARTNOINTR || (error == ERESTARTSYS && again))
		restart(context, user);
	else if (error)
		context->ax = -EINTR;
}

/* What a frame needs for all of the extended state, which is at hand. */
size_t frame_xstate_size(struct utrace_thread *thread)
{
	return xstate_usable(thread->regs.xstate, thread->regs.xstate_size) +
	       FRAME_MAGIC2_SIZE;
}

void frame_fill_xstate(struct utrace_thread *thread, uint8_t *to)
{
	const uint8_t *state = thread->regs.xstate;
	const uint32_t magic2 = FRAME_MAGIC2;
	size_t size = frame_xstate_size(thread);
	struct frame_xstate head = {
		.magic = FRAME_MAGIC1,
		.size = size,
		.xstate_size = size - sizeof(magic2),
	};

	/* ptrace tells there which parts there are */
	memcpy(&head.features, state + FRAME_XSTATE_AT, sizeof(head.features));
	memcpy(to, state, head.xstate_size);
	memcpy(to + FRAME_XSTATE_AT, &head, sizeof(head));
	memcpy(to + head.xstate_size, &magic2, sizeof(magic2));
}

/* The extended state below @sp: returns where, 0 if there is no room. */
static unsigned long put_xstate(struct utrace_thread *thread, unsigned long sp)
{
	size_t size = frame_xstate_size(thread);
	uint8_t *state = malloc(size);
	bool done;

	if (!state)
		return 0;
	frame_fill_xstate(thread, state);
	sp = (sp - size) & ~63UL;
	done = utrace_write_memory(thread, sp, state, size) == (ssize_t)size;
	free(state);
	return done ? sp : 0;
}

bool machine_frame_make(struct utrace_thread *thread, uint64_t mask)
{
	struct user_regs_struct *user = &thread->regs.now.user;
	const struct utrace_signal *sig = &thread->sig;
	const struct sigaction *ka = &sig->return_ka.sa;
	struct signal_frame frame = {
		.restorer = (uintptr_t)ka->sa_restorer,
		.uc_flags = FRAME_FLAGS,
		.stack = { .flags = FRAME_STACK_UNCHANGED },
		.mask = mask,
		.info = sig->info,
	};
	unsigned long sp = user->rsp - RED_ZONE;

	if (regs_fetch_all(thread))
		return false;
	frame_fill_context(&frame.context, user);
	interrupt_call(&frame.context, user, ka->sa_flags & SA_RESTART);
	frame.context.fpstate = put_xstate(thread, sp);
	if (!frame.context.fpstate)
		return false;
	sp = ((frame.context.fpstate - sizeof(frame)) & ~15UL) - 8;
	if (!frame_write(thread, sp, &frame))
		return false;
	user->rip = (uintptr_t)ka->sa_handler;
	user->rsp = sp;
	user->rdi = sig->info.si_signo;
	user->rsi = sp + offsetof(struct signal_frame, info);
	user->rdx = sp + offsetof(struct signal_frame, uc_flags);
	user->rax = 0;
	user->orig_rax = -1;
	user->eflags &= ~FLAGS_CLEARED;
	return true;
}

/* ---- what becomes of it ----------------------------------------------------- */

static bool patch(struct utrace_thread *thread, unsigned long at, uint64_t value,
		  bool i386)
{
	size_t size = i386 ? sizeof(uint32_t) : sizeof(uint64_t);

	return utrace_write_memory(thread, at, &value, size) == (ssize_t)size;
}

/* Whether the call that the signal cut short is made again after the handler. */
static bool change_restart(struct utrace_thread *thread, struct trial *trial,
			   bool restart)
{
	const struct user_regs_struct *was = &trial->before;
	bool i386 = was->cs == USER32_CS;
	long error = i386 ? (int32_t)was->rax : (long)was->rax;
	unsigned long ax, ip;

	if ((long)was->orig_rax < 0 || error != -ERESTARTSYS)
		return true;
	if (i386) {
		ax = trial->frame.context + offsetof(struct frame32_context, ax);
		ip = trial->frame.context + offsetof(struct frame32_context, ip);
	} else {
		ax = trial->frame.at + offsetof(struct signal_frame, context.ax);
		ip = trial->frame.at + offsetof(struct signal_frame, context.ip);
	}
	return patch(thread, ax, restart ? was->orig_rax : (uint64_t)-EINTR,
		     i386) &&
	       patch(thread, ip, restart ? was->rip - SYSCALL_SIZE : was->rip,
		     i386);
}

static bool on_stack(const struct frame_altstack *stack, unsigned long sp)
{
	return sp > stack->sp && sp - stack->sp <= stack->size;
}

/* Put it where the kernel would have, with SA_ONSTACK or without. */
static bool move(struct utrace_thread *thread, struct trial *trial,
		 bool alternate)
{
	size_t n = FRAME_MAGIC2_SIZE;
	struct frame_xstate head = { 0 };
	struct signal_frame frame = { 0 };
	uint8_t *state;
	unsigned long sp;
	bool done;

	if (!frame_read(thread, trial->frame.at, &frame))
		return false;
	/* there is none, or the kernel would not use it either */
	if (!frame.stack.size || on_stack(&frame.stack, trial->before.rsp) ||
	    on_stack(&frame.stack, trial->frame.at) == alternate)
		return true;
	if ((frame.stack.flags & AUTODISARM) ||
	    utrace_read_memory(thread, frame.context.fpstate + FRAME_XSTATE_AT,
			       &head, sizeof(head)) != sizeof(head))
		return false;
	n += head.xstate_size;
	state = calloc(1, n);
	if (!state)
		return false;
	sp = alternate ? frame.stack.sp + frame.stack.size :
			 trial->before.rsp - RED_ZONE;
	sp = (sp - n) & ~63UL;
	done = utrace_read_memory(thread, frame.context.fpstate, state, n) ==
		       (ssize_t)n &&
	       utrace_write_memory(thread, sp, state, n) == (ssize_t)n;
	free(state);
	frame.context.fpstate = sp;
	sp = ((sp - sizeof(frame)) & ~15UL) - 8;
	if (!done || !frame_write(thread, sp, &frame))
		return false;
	trial->frame.at = sp;
	trial->there.rsp = sp;
	trial->there.rsi = sp + offsetof(struct signal_frame, info);
	trial->there.rdx = sp + offsetof(struct signal_frame, uc_flags);
	return true;
}

/* What of a handler's flags can be changed once it is set up. */
unsigned long machine_frame_flags(struct utrace_thread *thread)
{
	unsigned long flags = SA_RESTART | SA_NODEFER | SA_RESETHAND |
			      HAS_RESTORER | SA_NOCLDSTOP | SA_NOCLDWAIT;

	return machine_is_i386(thread) ? flags :
					 flags | SA_ONSTACK | SA_SIGINFO;
}

/* The handler that is set up becomes the one that engines chose. */
bool machine_frame_change(struct utrace_thread *thread, struct trial *trial)
{
	const struct utrace_signal *sig = &thread->sig;
	const struct sigaction *own = &sig->orig_ka.sa;
	const struct sigaction *ka = &sig->return_ka.sa;
	unsigned int changed = ka->sa_flags ^ own->sa_flags;
	bool i386 = trial->before.cs == USER32_CS, done = true;

	if (changed & SA_RESTART)
		done &= change_restart(thread, trial,
				       ka->sa_flags & SA_RESTART);
	if (ka->sa_restorer != own->sa_restorer && ka->sa_restorer &&
	    ((unsigned int)ka->sa_flags & HAS_RESTORER))
		done &= patch(thread, trial->frame.at,
			      (uintptr_t)ka->sa_restorer, i386);
	if ((changed & SA_ONSTACK) && !i386)
		done &= move(thread, trial, ka->sa_flags & SA_ONSTACK);
	/* which the kernel leaves out for a handler that takes none */
	if ((changed & SA_SIGINFO) && !i386)
		done &= utrace_write_memory(thread, trial->frame.at +
				offsetof(struct signal_frame, info), &sig->info,
				sizeof(sig->info)) == sizeof(sig->info);
	if (ka->sa_handler != UTRACE_SIG_CAUGHT)
		trial->there.rip = (uintptr_t)ka->sa_handler;
	thread->regs.xstate_size = 0;
	thread->regs.now.user = trial->there;
	return done;
}

/* No handler is to run: registers as they were, with what engines changed. */
void machine_frame_undo(struct utrace_thread *thread, struct trial *trial)
{
	struct user_regs_struct *now = &thread->regs.now.user;

	/* where the kernel ended a critical section the thread begins it anew */
	if ((long)trial->before.orig_rax < 0 &&
	    now->rip == trial->before.rip)
		now->rip = trial->frame.ip;
	if (!regs_fetch_all(thread))
		thread->regs.xstate_dirty = true;
}
