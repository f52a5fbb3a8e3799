// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The guardian: a process that puts right what the program could not, because
 * it was killed or replaced by another.
 *
 * It is a copy of the program that gives back all memory but what it runs on,
 * all descriptors but the journal's, and then sleeps until the lock on the
 * journal is free: the program and its workers share it, and the kernel takes it
 * from them when the last of them is gone.  It acts on nothing but threads that
 * the journal names and whose registers are as the journal says, and ends.
 *
 * Nothing of the C library works here, nor of a sanitizer: this file is compiled
 * without, and uses no memory but its stack and the journal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "journal.h"
#include "x86_64/nap.h"
#include "x86_64/raw.h"

/* newer than some headers */
#ifndef SYS_close_range
#define SYS_close_range	436
#endif

/* How long a thread may still be a dead worker's; milliseconds. */
#define MAX_TRIES	5000

#define call(nr, a, b, c, d)						\
	raw_syscall(SYS_##nr, (long)(a), (long)(b), (long)(c), (long)(d), 0)

static void sleep_ms(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	call(nanosleep, &ms, 0, 0, 0);
}

/* ---- what is put right --------------------------------------------------- */

static void wake(struct journal_entry *entry)
{
	struct iovec from = { &entry->was, sizeof(entry->was) };
	struct iovec to = { (void *)entry->at, sizeof(entry->was) };
	struct user_regs_struct regs = { 0 };
	uint64_t mask = 0;

	if (!call(ptrace, PTRACE_GETSIGMASK, entry->pid, sizeof(mask), &mask) &&
	    mask == NAP_MASK)
		call(ptrace, PTRACE_SETSIGMASK, entry->pid, sizeof(entry->mask),
		     &entry->mask);
	if (call(ptrace, PTRACE_GETREGS, entry->pid, 0, &regs) ||
	    !nap_is(&regs, &entry->nap))
		return;
	raw_syscall(SYS_process_vm_writev, entry->pid, (long)&from, 1,
		    (long)&to, 1);
	call(ptrace, PTRACE_SETREGS, entry->pid, 0, &entry->regs);
}

static void undo(struct journal_entry *entry)
{
	int tries, status = 0;
	long err = -1;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		err = call(ptrace, PTRACE_SEIZE, entry->pid, 0, 0);
		if (err != -EPERM)
			break;
		sleep_ms();
	}
	if (err)
		return;
	call(ptrace, PTRACE_INTERRUPT, entry->pid, 0, 0);
	if (call(wait4, entry->pid, &status, __WALL, 0) != entry->pid ||
	    !WIFSTOPPED(status))
		return;
	wake(entry);
	call(ptrace, PTRACE_DETACH, entry->pid, 0,
	     status >> 16 ? 0 : WSTOPSIG(status));
}

/* ---- what it is made of -------------------------------------------------- */

struct area {
	unsigned long start, end;
	bool kept;
};

/* One line of /proc/self/maps: "START-END PERMISSIONS OFFSET DEVICE INODE". */
static void read_line(const char *line, struct area *area)
{
	unsigned long inode = 0, *number = &area->start;
	int field = 0;
	bool writable;
	char c;

	area->start = area->end = 0;
	for (; (c = *line) && c != ' '; line++) {
		if (c == '-')
			number = &area->end;
		else
			*number = *number * 16 +
				  (c <= '9' ? c - '0' : c - 'a' + 10);
	}
	writable = line[0] && line[1] && line[2] == 'w';
	for (; (c = *line); line++) {
		if (c == ' ' && line[1] != ' ' && ++field > 4)
			break;
		if (field == 4 && c >= '0' && c <= '9')
			inode = inode * 10 + c - '0';
	}
	/* pages of a file that are only read cost nothing */
	area->kept = inode && !writable;
}

static bool has(const struct area *area, unsigned long at)
{
	return area->start <= at && at < area->end;
}

static void give_back(const char *line, const struct journal *journal)
{
	struct area area;

	read_line(line, &area);
	if (area.kept || area.end <= area.start || (long)area.start < 0 ||
	    has(&area, (unsigned long)__builtin_frame_address(0)) ||
	    has(&area, raw_shadow_stack()) ||
	    has(&area, (unsigned long)guardian_spawn) ||
	    has(&area, (unsigned long)journal))
		return;
	call(munmap, area.start, area.end - area.start, 0, 0);
}

/* Else each page that the program writes to would be kept a second time. */
static void give_back_memory(const struct journal *journal)
{
	const char path[] = "/proc/self/maps";
	char line[512], buf[512];
	size_t len = 0;
	long fd, n, i;

	fd = call(open, path, O_RDONLY | O_CLOEXEC, 0, 0);
	if (fd < 0)
		return;
	while ((n = call(read, fd, buf, sizeof(buf), 0)) > 0)
		for (i = 0; i < n; i++) {
			/* NOLINTNEXTLINE: it does not see what the call writes */
			if (buf[i] != '\n') {
				if (len < sizeof(line) - 1)
					line[len++] = buf[i];
				continue;
			}
			line[len] = 0;
			len = 0;
			give_back(line, journal);
		}
	call(close, fd, 0, 0, 0);
}

static void close_all_but(int fd)
{
	int other;

	if (fd && call(close_range, 0, fd - 1, 0, 0))
		for (other = 0; other < fd; other++)
			call(close, other, 0, 0, 0);
	if (call(close_range, fd + 1, ~0U, 0, 0))
		for (other = fd + 1; other < (1 << 16); other++)
			call(close, other, 0, 0, 0);
}

static void guard(struct journal *journal, int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const char name[] = "utrace-guardian", root[] = "/";
	long err;
	int i;

	close_all_but(fd);
	call(setsid, 0, 0, 0, 0);
	/* nothing is kept mounted for it */
	call(chdir, root, 0, 0, 0);
	call(prctl, PR_SET_NAME, name, 0, 0);
	give_back_memory(journal);
	do
		err = call(fcntl, fd, F_SETLKW, &lock, 0);
	while (err == -EINTR);
	if (err)
		return;
	for (i = 0; i < JOURNAL_ENTRIES; i++)
		if (__atomic_load_n(&journal->entries[i].state,
				    __ATOMIC_ACQUIRE) == ENTRY_DUE)
			undo(&journal->entries[i]);
}

/*
 * Without an exit signal: no waitpid(-1) of the program finds it, and nobody is
 * told of its end.  All signals are blocked where this is called, and stay so.
 */
long guardian_spawn(struct journal *journal, int fd)
{
	long pid = call(clone, 0, 0, 0, 0);

	if (pid)
		return pid;
	guard(journal, fd);
	for (;;)
		call(exit_group, 0, 0, 0, 0);
}
