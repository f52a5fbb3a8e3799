/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting the command, and what became of it. */
#ifndef CLI_START_H
#define CLI_START_H

#include <stdbool.h>
#include <sys/types.h>

#include "tree.h"

/**
 * struct child - the command
 * @name: as the user gave it
 * @pid: its process, or 0 before the start
 * @ended: it was waited for
 * @status: its wait status then
 */
struct child {
	const char *name;
	pid_t pid;
	bool ended;
	int status;
};

/**
 * child_start() - start the command, traced from its exec on
 * @child: filled in
 * @trees: who traces it
 * @name: the command as the user gave it
 * @path: its file
 * @argv: its arguments
 *
 * Return: 0, or the exit status after having complained.
 */
int child_start(struct child *child, struct trees *trees, const char *name,
		const char *path, char **argv);

/** child_is_dead() - whether it has ended and was not waited for yet */
bool child_is_dead(const struct child *child);

/** child_check() - wait for the child if it has ended; never blocks */
void child_check(struct child *child);

/**
 * child_exec_error() - why the command's exec failed
 *
 * To be asked when it has ended.
 *
 * Return: an errno, or 0 if it did not.
 */
int child_exec_error(void);

#endif /* CLI_START_H */
