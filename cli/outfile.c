// SPDX-License-Identifier: LGPL-2.1-or-later
/* Opening what the output is written to. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "outfile.h"

#define FLAGS	(O_WRONLY | O_CLOEXEC | O_NOCTTY)

static int cannot_write(const char *name, const char *why)
{
	complain("cannot write to '%s': %s", name, why);
	return -1;
}

int outfile_open(const char *name, bool *regular)
{
	struct stat st;
	int fd;

	*regular = false;
	if (!name) {
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		return fd >= 0 ? fd :
		       cannot_write("standard error", strerror(errno));
	}

	/* O_EXCL follows no link, and tells that it is new and so ours */
	fd = open(name, FLAGS | O_CREAT | O_EXCL, 0600);
	if (fd >= 0) {
		*regular = true;
		return fd;
	}
	if (errno != EEXIST)
		return cannot_write(name, strerror(errno));

	fd = open(name, FLAGS);
	if (fd < 0)
		return cannot_write(name, strerror(errno));
	if (fstat(fd, &st)) {
		cannot_write(name, strerror(errno));
		close(fd);
		return -1;
	}
	*regular = S_ISREG(st.st_mode);
	if (*regular && st.st_uid != geteuid()) {
		cannot_write(name, "the file belongs to another user");
		close(fd);
		return -1;
	}
	return fd;
}

bool outfile_waits(const char *name)
{
	struct stat st;

	return name && !stat(name, &st) && S_ISFIFO(st.st_mode);
}
