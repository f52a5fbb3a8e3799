/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel puts on the stack for a handler of a 64-bit program; see
 * arch/x86/include/asm/sigframe.h and uapi/asm/sigcontext.h.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdint.h>
#include <signal.h>

struct frame_context {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint64_t fpstate;
	uint64_t reserved[8];
};

struct frame_altstack {
	uint64_t sp;
	uint32_t flags;
	uint32_t pad;
	uint64_t size;
};

struct signal_frame {
	uint64_t restorer;
	uint64_t uc_flags;
	uint64_t uc_link;
	struct frame_altstack stack;
	struct frame_context context;
	uint64_t mask;
	siginfo_t info;
};

/* The same of 32-bit programs; asm/ia32.h, asm/sigframe.h */
struct frame32_context {
	uint16_t gs[2], fs[2], es[2], ds[2];
	uint32_t di, si, bp, sp, bx, dx, cx, ax;
	uint32_t trapno, err, ip;
	uint16_t cs[2];
	uint32_t flags, sp_at_signal;
	uint16_t ss[2];
	uint32_t fpstate, oldmask, cr2;
};

#define FRAME32_SIGNR		4
#define FRAME32_CONTEXT		8
#define FRAME32_RT_INFO		16
#define FRAME32_RT_UC		144
#define FRAME32_RT_STACK_FLAGS	156
#define FRAME32_RT_CONTEXT	164
#define FRAME32_RT_MASK		252
/* before the extended state there is the oldest format of it */
#define FRAME32_FSAVE		112

/**
 * struct handler_frame - what there is to know of either
 * @at: where it is: the stack pointer of the handler
 * @context: of a 32-bit program: where the registers are
 * @ip: among them
 * @restorer: where the handler returns to
 * @xstate: where the extended state is; 0: nowhere
 */
struct handler_frame {
	unsigned long at;
	unsigned long context;
	unsigned long ip;
	unsigned long restorer;
	unsigned long xstate;
};

/* In the extended state of a frame, where the processor leaves room. */
struct frame_xstate {
	uint32_t magic;
	uint32_t size;		/* with the second magic */
	uint64_t features;
	uint32_t xstate_size;
	uint32_t pad[7];
};

#define FRAME_XSTATE_AT		464
/* which parts are in use; the parts that are always there; AMX */
#define XSTATE_BV		512
#define FIRST_PARTS		576
#define ASKED_FOR		(3ULL << 17)
#define FRAME_MAGIC1		0x46505853U
#define FRAME_MAGIC2		0x46505845U
#define FRAME_MAGIC2_SIZE	sizeof(uint32_t)

/*
 * UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS: the context is of a kernel that
 * fills in all of it; uapi/asm/ucontext.h
 */
#define FRAME_FLAGS		7
/* no state of the other stack: what sigreturn is told of it changes nothing */
#define FRAME_STACK_UNCHANGED	4

struct utrace_thread;
struct user_regs_struct;

void frame_fill_context(struct frame_context *context,
			const struct user_regs_struct *user);
void frame_restart_call(struct frame_context *context,
			const struct user_regs_struct *user);
size_t frame_xstate_size(struct utrace_thread *thread);
void frame_fill_xstate(struct utrace_thread *thread, uint8_t *to);

#endif /* FRAME_H */
