// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Registers: fetched once per stop, shared by all engines, written back when
 * the thread goes on.
 *
 * While a thread is parked its whole register state is at hand, so that anyone
 * who examines it needs nothing of its worker.  @thread->lock keeps an examiner
 * and a worker that resumes the thread apart.
 */
#include <cpuid.h>
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include <utrace/state.h>

#include "ptrace_host.h"

#define TRAP_FLAG	0x100ULL	/* X86_EFLAGS_TF */

/* The most that PTRACE_GETREGSET can give: XCR0 with AMX takes some 11 KiB. */
#define XSTATE_MAX	(16 << 10)
/* where the header says which parts are in use; Intel SDM volume 1, 13.4.2 */
#define XSTATE_BV	512
#define XSTATE_FP_SSE	3

#define SAME_PLACE(member, user_member)					\
	_Static_assert(offsetof(struct utrace_regs, member) ==		\
		       offsetof(struct user_regs_struct, user_member),	\
		       "struct utrace_regs is the start of user_regs_struct")
SAME_PLACE(r15, r15);
SAME_PLACE(ax, rax);
SAME_PLACE(orig_ax, orig_rax);
SAME_PLACE(ip, rip);
SAME_PLACE(ss, ss);

/*
 * The kernel takes the flag that steps for the program's own from an instruction on
 * that loads the flags (popf), and leaves it set when there are to be no more steps.
 * It is the program's if such an instruction has just set it.
 */
static void take_flag_back(struct utrace_thread *thread)
{
	struct user_regs_struct *user = &thread->regs.now.user;

	if (!(user->eflags & TRAP_FLAG) || thread->own_trap_flag)
		return;
	if (user->rip == thread->stepped_from ||
	    !machine_loads_flags(thread, thread->stepped_from))
		user->eflags &= ~TRAP_FLAG;
}

/* 0, or -ESRCH if it does not stand still (any more): it was killed. */
int regs_fetch(struct utrace_thread *thread)
{
	struct reg_cache *cache = &thread->regs;

	if (cache->valid)
		return 0;
	if (ptrace(PTRACE_GETREGS, thread->tid, 0, &cache->was) < 0)
		return -ESRCH;
	cache->now.user = cache->was;
	cache->valid = true;
	cache->show_nr = false;
	if (thread->stepped)
		take_flag_back(thread);
	return 0;
}

/* From here on until the next step the trap flag is what the program makes it. */
void regs_before_step(struct utrace_thread *thread)
{
	if (regs_fetch(thread))
		return;
	thread->own_trap_flag = thread->regs.now.user.eflags & TRAP_FLAG;
	thread->stepped_from = regs_of(thread)->ip;
}

static int xstate_fetch(struct utrace_thread *thread)
{
	struct reg_cache *cache = &thread->regs;
	struct iovec iov;

	if (cache->xstate_size)
		return 0;
	if (!cache->xstate)
		cache->xstate = malloc(XSTATE_MAX);
	if (!cache->xstate)
		return -ENOMEM;
	iov.iov_base = cache->xstate;
	iov.iov_len = XSTATE_MAX;
	if (ptrace(PTRACE_GETREGSET, thread->tid, NT_X86_XSTATE, &iov) < 0)
		return -errno;
	if (thread->trial.up &&
	    !machine_frame_xstate(thread, cache->xstate, iov.iov_len))
		return -EIO;
	cache->xstate_size = iov.iov_len;
	return 0;
}

int regs_fetch_all(struct utrace_thread *thread)
{
	int err = regs_fetch(thread);

	return err ?: xstate_fetch(thread);
}

/* Engines see the number that was asked for, though the call is aborted. */
void regs_show_nr(struct utrace_thread *thread, long nr)
{
	thread->regs.now.regs.orig_ax = nr;
	thread->regs.shown_nr = nr;
	thread->regs.show_nr = true;
}

/* Write back what engines changed. The cache is empty afterwards. */
void regs_flush(struct utrace_thread *thread)
{
	struct reg_cache *cache = &thread->regs;
	struct iovec iov;

	if (thread->stepped && !cache->valid)
		regs_fetch(thread);
	if (!cache->valid)
		return;
	if (cache->show_nr &&
	    cache->now.regs.orig_ax == (unsigned long)cache->shown_nr)
		cache->now.regs.orig_ax = cache->was.orig_rax;
	/* in this order: a handler that has been set up has it in its frame */
	if (cache->xstate_dirty) {
		iov.iov_base = cache->xstate;
		iov.iov_len = cache->xstate_size;
		ptrace(PTRACE_SETREGSET, thread->tid, NT_X86_XSTATE, &iov);
	}
	if (memcmp(&cache->now.user, &cache->was, sizeof(cache->was)))
		ptrace(PTRACE_SETREGS, thread->tid, 0, &cache->now.user);
	regs_drop(thread);
}

void regs_drop(struct utrace_thread *thread)
{
	thread->regs.valid = false;
	thread->regs.show_nr = false;
	thread->regs.xstate_dirty = false;
	thread->regs.xstate_size = 0;
}

/* ---- the public calls ------------------------------------------------------ */

static struct utrace_regset sets[] = {
	{ NT_PRSTATUS, sizeof(struct user_regs_struct) / 8, 8, 8 },
	{ NT_PRFPREG, sizeof(struct user_fpregs_struct) / 8, 8, 8 },
	{ NT_X86_XSTATE, 0, 8, 8 },	/* set by regs_init() */
};

/* The general registers of 32 bits, in the order of their set. */
static const unsigned short places32[] = {
#define PLACE(reg)	offsetof(struct user_regs_struct, reg)
	PLACE(rbx), PLACE(rcx), PLACE(rdx), PLACE(rsi), PLACE(rdi), PLACE(rbp),
	PLACE(rax), PLACE(ds), PLACE(es), PLACE(fs), PLACE(gs),
	PLACE(orig_rax), PLACE(rip), PLACE(cs), PLACE(eflags), PLACE(rsp),
	PLACE(ss)
#undef PLACE
};
#define NPLACES32	(sizeof(places32) / sizeof(places32[0]))

static struct utrace_regset sets32[] = {
	{ NT_PRSTATUS, NPLACES32, 4, 4 },
	{ NT_PRXFPREG, sizeof(struct user_fpregs_struct) / 4, 4, 4 },
	{ NT_X86_XSTATE, 0, 8, 8 },	/* set by regs_init() */
};

/* The size of the extended state for what the kernel has enabled. */
static size_t xstate_bytes(void)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid_count(0xd, 0, &a, &b, &c, &d))
		return sizeof(struct user_fpregs_struct);
	return b;
}

void regs_init(void)
{
	sets[2].n = sets32[2].n = xstate_bytes() / 8;
}

static const struct utrace_regset_view view = {
	.name = "x86_64",
	.regsets = sets,
	.n = sizeof(sets) / sizeof(sets[0]),
	.e_machine = EM_X86_64,
};

static const struct utrace_regset_view view32 = {
	.name = "i386",
	.regsets = sets32,
	.n = sizeof(sets32) / sizeof(sets32[0]),
	.e_machine = EM_386,
};

/*
 * With the registers at hand the lock is held on return.  In a callback for the
 * thread itself they can be fetched; for another's stop they were, when it was
 * parked.
 */
static int hold(struct utrace_thread *thread, bool xstate)
{
	int err = -ESRCH;

	if (!host_is_up())
		return -ESRCH;
	pthread_mutex_lock(&thread->lock);
	if (utrace_context.thread == thread &&
	    utrace_context.worker == thread->owner &&
	    port_load(&thread->run) != RUN_DEAD)
		err = xstate ? regs_fetch_all(thread) : regs_fetch(thread);
	else if (port_load_acquire(&thread->run) == RUN_PARKED &&
		 thread->regs.valid && (!xstate || thread->regs.xstate_size))
		err = 0;
	if (err)
		pthread_mutex_unlock(&thread->lock);
	return err;
}

static void release(struct utrace_thread *thread)
{
	pthread_mutex_unlock(&thread->lock);
}

/* As the kernel tells it: by the code segment, __USER32_CS. */
static bool is_32bit(const struct reg_cache *cache)
{
	return cache->now.user.cs == 0x23;
}

const struct utrace_regset_view *utrace_regset_view(struct utrace_thread *thread)
{
	bool is32;

	if (hold(thread, false))
		return &view;
	is32 = is_32bit(&thread->regs);
	release(thread);
	return is32 ? &view32 : &view;
}

int utrace_get_regs(struct utrace_thread *thread, struct utrace_regs *regs)
{
	int err = hold(thread, false);

	if (err)
		return err;
	*regs = *regs_of(thread);
	release(thread);
	return 0;
}

int utrace_set_regs(struct utrace_thread *thread,
		    const struct utrace_regs *regs)
{
	int err = hold(thread, false);

	if (err)
		return err;
	*regs_of(thread) = *regs;
	release(thread);
	return 0;
}

static unsigned long long *place32(struct user_regs_struct *user, size_t i)
{
	return (unsigned long long *)((char *)user + places32[i]);
}

static void pack32(uint32_t *words, struct user_regs_struct *user)
{
	size_t i;

	for (i = 0; i < NPLACES32; i++)
		words[i] = *place32(user, i);
}

/* What is not changed keeps its upper half. */
static void unpack32(struct user_regs_struct *user, const uint32_t *words)
{
	size_t i;

	for (i = 0; i < NPLACES32; i++)
		if ((uint32_t)*place32(user, i) != words[i])
			*place32(user, i) = words[i];
}

/* Where a set is, and its size; null: there is none. @words: room to make one. */
static void *find_set(struct reg_cache *cache, unsigned int type,
		      uint32_t *words, size_t *size)
{
	bool is32 = is_32bit(cache);

	switch (type) {
	case NT_PRSTATUS:
		if (is32) {
			pack32(words, &cache->now.user);
			*size = NPLACES32 * sizeof(*words);
			return words;
		}
		*size = sizeof(cache->now.user);
		return &cache->now.user;
	case NT_PRFPREG:	/* the first part of the extended state */
	case NT_PRXFPREG:
		*size = sizeof(struct user_fpregs_struct);
		return is32 == (type == NT_PRXFPREG) ? cache->xstate : NULL;
	case NT_X86_XSTATE:
		*size = cache->xstate_size;
		return cache->xstate;
	default:
		return NULL;
	}
}

ssize_t utrace_regset_read(struct utrace_thread *thread, unsigned int type,
			   void *buf, size_t size)
{
	uint32_t words[NPLACES32];
	const void *from;
	size_t have;
	int err = hold(thread, type != NT_PRSTATUS);

	if (err)
		return err;
	from = find_set(&thread->regs, type, words, &have);
	if (from) {
		if (have > size)
			have = size;
		memcpy(buf, from, have);
	}
	release(thread);
	return from ? (ssize_t)have : -EINVAL;
}

int utrace_regset_write(struct utrace_thread *thread, unsigned int type,
			const void *buf, size_t size)
{
	struct reg_cache *cache = &thread->regs;
	uint32_t words[NPLACES32];
	size_t room;
	void *to;
	int err = hold(thread, type != NT_PRSTATUS);

	if (err)
		return err;
	to = find_set(cache, type, words, &room);
	if (!to || size > room) {
		err = -EINVAL;
	} else {
		memcpy(to, buf, size);
		if (to == words)
			unpack32(&cache->now.user, words);
		if (type != NT_PRSTATUS)
			cache->xstate_dirty = true;
		/* in use, not in the initial state */
		if (type == NT_PRFPREG || type == NT_PRXFPREG)
			((uint8_t *)cache->xstate)[XSTATE_BV] |= XSTATE_FP_SSE;
	}
	release(thread);
	return err;
}
