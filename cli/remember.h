/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that were seen, and whether a PID still means the same one. */
#ifndef CLI_REMEMBER_H
#define CLI_REMEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct process - a process for good: IDs are given out anew, with a later
 * start
 * @pid: its ID
 * @start: when it started, in clock ticks since boot
 */
struct process {
	pid_t pid;
	unsigned long long start;
};

/**
 * struct memory - a set of processes; all zero is the empty one
 * @set: the processes
 * @nr: how many
 * @max: for how many there is room
 * @prune: at how many those that are gone are looked for and forgotten
 */
struct memory {
	struct process *set;
	size_t nr;
	size_t max;
	size_t prune;
};

/** process_lookup() - which process @pid means now; false: none */
bool process_lookup(struct process *process, pid_t pid);

/** process_exists() - whether this very process is there */
bool process_exists(const struct process *process);

/** memory_add() - remember the process that @pid means now; may forget dead ones */
void memory_add(struct memory *memory, pid_t pid);

/** memory_free() - forget all */
void memory_free(struct memory *memory);

#endif /* CLI_REMEMBER_H */
