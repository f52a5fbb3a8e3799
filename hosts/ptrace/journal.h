/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has to be undone should the program be killed: memory that it shares with
 * the guardian.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>
#include <time.h>

/* No more threads than these are between two workers at a time. */
#define JOURNAL_ENTRIES	64

/* What ppoll() is told. */
struct nap {
	struct timespec limit;
	uint64_t mask;
};

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
 * @at: where in its memory the arguments are
 * @was: what was there
 */
struct journal_entry {
	int state;
	pid_t pid;
	struct user_regs_struct regs;
	struct user_regs_struct nap;
	unsigned long at;
	struct nap was;
};

struct journal {
	struct journal_entry entries[JOURNAL_ENTRIES];
};

/* guardian.c: the process ID of a guardian, or -errno. */
long guardian_spawn(struct journal *journal, int fd);

#endif /* JOURNAL_H */
