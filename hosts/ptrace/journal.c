// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The journal, and the guardian that reads it should this program be killed.
 *
 * It is started before the first entry is made.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ptrace_host.h"

/*
 * Changed by the recruiter alone, while it runs.
 * @file: what @fd was opened for: the program may have closed it since
 * @journal: null until the guardian is there, so that nothing is entered before
 */
static struct {
	struct journal *journal;
	int fd;
	struct stat file;
	pid_t guardian;
} book = { .fd = -1 };

static int make_journal(struct journal **journal)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	void *map;

	book.fd = syscall(SYS_memfd_create, "utrace-journal", 1U /* CLOEXEC */);
	if (book.fd < 0)
		return -errno;
	if (fstat(book.fd, &book.file) ||
	    ftruncate(book.fd, sizeof(struct journal)) ||
	    fcntl(book.fd, F_SETLK, &lock))
		return -errno;
	map = mmap(NULL, sizeof(struct journal), PROT_READ | PROT_WRITE,
		   MAP_SHARED, book.fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	*journal = map;
	return 0;
}

static bool fd_is_ours(void)
{
	struct stat file;

	return book.fd >= 0 && !fstat(book.fd, &file) &&
	       file.st_dev == book.file.st_dev &&
	       file.st_ino == book.file.st_ino;
}

static void drop_journal(struct journal *journal)
{
	if (journal)
		munmap(journal, sizeof(*journal));
	if (fd_is_ours())
		close(book.fd);
	book.journal = NULL;
	book.fd = -1;
}

/* By a thread of the program that has all signals blocked. */
int guardian_start(void)
{
	struct journal *journal = NULL;
	long pid = 0;
	int err;

	if (book.guardian)
		return 0;
	err = make_journal(&journal);
	if (!err)
		pid = guardian_spawn(journal, book.fd);
	if (pid < 0)
		err = pid;
	if (err) {
		drop_journal(journal);
		return err;
	}
	book.guardian = pid;
	port_store_release(&book.journal, journal);
	return 0;
}

bool guardian_runs(void)
{
	return port_load_acquire(&book.journal);
}

/* The last worker is gone: it finds the lock free, and nothing to do. */
void guardian_stop(void)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	if (book.guardian) {
		if (fd_is_ours())
			fcntl(book.fd, F_SETLK, &lock);
		while (waitpid(book.guardian, NULL, __WALL) < 0 &&
		       errno == EINTR)
			;
	}
	book.guardian = 0;
	drop_journal(book.journal);
}

/* In a fork child it is the parent's. */
void guardian_reset(void)
{
	book.guardian = 0;
	drop_journal(book.journal);
}

/* A place in the journal, to be filled in, or null. */
struct journal_entry *journal_take(void)
{
	struct journal *journal = port_load_acquire(&book.journal);
	int i, free;

	for (i = 0; journal && i < JOURNAL_ENTRIES; i++) {
		free = ENTRY_FREE;
		if (__atomic_compare_exchange_n(&journal->entries[i].state,
						&free, ENTRY_TAKEN, false,
						__ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return &journal->entries[i];
	}
	return NULL;
}

/* It is true from now on / not any more. */
void journal_enter(struct journal_entry *entry)
{
	port_store_release(&entry->state, ENTRY_DUE);
}

void journal_strike(struct journal_entry *entry)
{
	port_store_release(&entry->state, ENTRY_FREE);
}
