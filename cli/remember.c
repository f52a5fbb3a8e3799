// SPDX-License-Identifier: LGPL-2.1-or-later
/* A set of processes that does not confuse a reused PID with its first owner. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "remember.h"

#define FIRST_PRUNE	64

/* The 22nd word of stat is the start; the 2nd may hold blanks and ")". */
static bool parse_start(char *stat, unsigned long long *start)
{
	char *p = strrchr(stat, ')');
	int word;

	for (word = 2; p && word < 22; word++) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	return p && sscanf(p, "%llu", start) == 1;
}

bool process_lookup(struct process *process, pid_t pid)
{
	char name[32], stat[1024];
	ssize_t len;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	if (len <= 0)
		return false;
	stat[len] = '\0';
	process->pid = pid;
	return parse_start(stat, &process->start);
}

bool process_exists(const struct process *process)
{
	struct process now;

	return process_lookup(&now, process->pid) &&
	       now.start == process->start;
}

static void forget_dead(struct memory *memory)
{
	size_t i, kept = 0;

	for (i = 0; i < memory->nr; i++)
		if (process_exists(&memory->set[i]))
			memory->set[kept++] = memory->set[i];
	memory->nr = kept;
	memory->prune = 2 * kept < FIRST_PRUNE ? FIRST_PRUNE : 2 * kept;
}

void memory_add(struct memory *memory, pid_t pid)
{
	struct process process;
	size_t i;

	for (i = 0; i < memory->nr; i++)
		if (memory->set[i].pid == pid)
			break;
	/* the threads of one process come here too */
	if (i < memory->nr && process_exists(&memory->set[i]))
		return;
	if (!process_lookup(&process, pid))
		return;
	if (i < memory->nr) {
		memory->set[i] = process;
		return;
	}
	if (memory->nr >= memory->prune)
		forget_dead(memory);
	if (memory->nr == memory->max) {
		size_t max = 2 * memory->max + 16;
		struct process *set = reallocarray(memory->set, max,
						   sizeof(*set));

		if (!set)	/* then it is not followed again, no more */
			return;
		memory->set = set;
		memory->max = max;
	}
	memory->set[memory->nr++] = process;
}

void memory_free(struct memory *memory)
{
	free(memory->set);
	*memory = (struct memory){ 0 };
}
