/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread made to sleep where it was born; see ../move.c. */
#ifndef NAP_H
#define NAP_H

#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/user.h>

/* the size of the system call instruction */
#define SYSCALL_INSN_SIZE	2

/*
 * Whether a thread with these registers is about to sleep, asleep, or woke just
 * now, after it was given those of @nap.
 */
static inline bool nap_is(const struct user_regs_struct *now,
			  const struct user_regs_struct *nap)
{
	unsigned long after = nap->rip + SYSCALL_INSN_SIZE;

	if (now->rsp != nap->rsp || now->rdi != nap->rdi ||
	    now->rsi != nap->rsi || now->rdx != nap->rdx ||
	    now->r10 != nap->r10 || now->r8 != nap->r8)
		return false;
	return (now->rip == nap->rip && now->rax == nap->rax) ||
	       (now->rip == after && now->orig_rax == SYS_ppoll);
}

#endif /* NAP_H */
