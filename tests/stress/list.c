// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The list of a process's threads, while they come and go.
 *
 * The kernel lists them one after the other, and loses its place when the one it
 * is at ends: others that live all the time are left out then.
 */
#include <signal.h>
#include <sys/syscall.h>

#include "stress.h"

#define LOOKS	3000
#define MOST	64

static bool lists(const pid_t *tids, ssize_t n, pid_t tid)
{
	ssize_t i;

	for (i = 0; i < n; i++)
		if (tids[i] == tid)
			return true;
	return false;
}

STRESS(thread_list, 40, 500,
       "DTH-1: a list of threads that says that it is whole, by which the last "
       "one is known, has every thread that was there all the time",
       .alone = true)
{
	struct kid *kid = kid_new(r, "chain", 1 + rng_below(&r->rng, 3));
	int32_t *head = &kid->share->head;
	unsigned int i, whole = 0;
	pid_t tids[MOST], before;
	bool complete;
	ssize_t n;

	s_at("the chain begins");
	CHECK(wait_until(sh_load(head)));
	s_at("look");
	for (i = 0; i < LOOKS; i++) {
		before = sh_load(head);
		n = utrace_thread_list(kid->pid, tids, MOST, &complete);
		CHECK(n > 1 && n <= MOST);
		if (!complete)
			continue;
		whole++;
		/* it was there before, and still is */
		if (!syscall(SYS_tgkill, kid->pid, before, 0) &&
		    !lists(tids, n, before))
			FAIL("thread %d is not in the list of %zd", before, n);
	}
	EXPECT(whole);
}
