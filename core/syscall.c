// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* Narrowing system calls: sets of them, and who wants which. */
#include "core.h"

bool syscall_set_has(const struct utrace_syscall_set *set, int abi, long nr)
{
	unsigned long word;

	if (abi < 0 || abi >= UTRACE_NABIS || nr < 0 || nr >= SYSCALL_NUMBERS)
		return false;
	word = port_load(&set->bits[abi][nr / BITS_PER_WORD]);
	return word >> (nr % BITS_PER_WORD) & 1;
}

struct utrace_syscall_set *utrace_syscall_set_new(void)
{
	return port_zalloc(sizeof(struct utrace_syscall_set));
}

void utrace_syscall_set_free(struct utrace_syscall_set *set)
{
	port_free(set);
}

int utrace_syscall_set_add(struct utrace_syscall_set *set, enum utrace_abi abi,
			   long nr)
{
	if ((unsigned int)abi >= UTRACE_NABIS || nr < 0 ||
	    nr >= SYSCALL_NUMBERS)
		return -EINVAL;
	set->bits[abi][nr / BITS_PER_WORD] |= 1UL << (nr % BITS_PER_WORD);
	return 0;
}

/*
 * Copy @set word by word, so that a pass which looks at the same time finds the
 * old or the new choice for each call.  Returns whether one was taken away.
 */
static bool replace(struct engine *engine, const struct utrace_syscall_set *set)
{
	unsigned long flags = engine_flags(engine);
	bool fewer = set && !(flags & ENGINE_NARROWED);
	unsigned long old, new;
	unsigned int abi, i;

	for (abi = 0; abi < UTRACE_NABIS; abi++) {
		for (i = 0; i < SYSCALL_NUMBERS / BITS_PER_WORD; i++) {
			old = engine->wanted.bits[abi][i];
			new = set ? set->bits[abi][i] : ~0UL;
			if (old & ~new)
				fewer = true;
			port_store(&engine->wanted.bits[abi][i], new);
		}
	}
	flags = set ? flags | ENGINE_NARROWED : flags & ~ENGINE_NARROWED;
	port_store_seq(&engine->pub.flags, flags);
	return fewer;
}

int utrace_set_syscalls(struct task_struct *task, struct utrace_engine *engine,
			const struct utrace_syscall_set *set)
{
	struct engine *e = to_engine(engine);
	struct utrace *utrace = e->utrace;
	struct utrace_syscall_set calls;
	unsigned long flags;
	int ret = 0;

	(void)task;
	if (utrace_is_past(utrace) || engine_detached(e))
		return -ESRCH;
	port_lock(&utrace->lock);
	if (engine_detached(e)) {
		port_unlock(&utrace->lock);
		return -ESRCH;
	}
	flags = engine_flags(e);
	calls = e->wanted;
	if (callback_busy(utrace, e, flags, &calls, replace(e, set), false))
		ret = -EINPROGRESS;
	utrace_update_locked(utrace);
	port_unlock(&utrace->lock);
	return ret;
}
