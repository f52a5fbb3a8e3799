/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has to be undone should the program be killed: memory that it shares with
 * the guardian.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>
#include <time.h>

/* All signals, as the kernel shows them of a thread that blocks them. */
#define NAP_MASK	(~(1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1)))

/* No more threads than these are between two workers at a time. */
#define JOURNAL_ENTRIES	64

enum journal_state {
	ENTRY_FREE,
	ENTRY_TAKEN,	/* being filled in */
	ENTRY_DUE	/* to be undone */
};

/**
 * struct journal_entry - a thread made to sleep
 * @state: an &enum journal_state; the last that is written
 * @pid: which
 * @regs: its registers, as they are to be again
 * @nap: as they were made
 * @at: where in its memory the time limit is
 * @was: what was there
 * @mask: the signals that it blocked; asleep it blocks all
 */
struct journal_entry {
	int state;
	pid_t pid;
	struct user_regs_struct regs;
	struct user_regs_struct nap;
	unsigned long at;
	struct timespec was;
	uint64_t mask;
};

struct journal {
	struct journal_entry entries[JOURNAL_ENTRIES];
};

/* guardian.c: the process ID of a guardian, or -errno. */
long guardian_spawn(struct journal *journal, int fd);

#endif /* JOURNAL_H */
