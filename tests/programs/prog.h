/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the traced programs of the tests share: the command pipe.
 *
 * A program is told each step by one packet on descriptor 3, which is one
 * read() call, and answers with lines on descriptor 4, one write() each.  It
 * does nothing else that a tracer could see unless its own comment says so.
 *
 *	int main(void)
 *	{
 *		ready();
 *		while (hear())
 *			tell("done %ld", syscall(SYS_getppid));
 *		return 0;
 *	}
 *
 * hear() ends the program when nobody is there to command it any more (status
 * 96), and when the read fails: a traced program must not see errors that an
 * untraced one does not (status 98, after the line "error ...").
 */
#ifndef PROG_H
#define PROG_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define UNUSED __attribute__((__unused__))

static UNUSED __attribute__((__format__(__printf__, 1, 2)))
void tell(const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf) - 1, fmt, ap);
	va_end(ap);
	buf[n++] = '\n';
	if (write(4, buf, n) != n)
		_exit(96);
}

/* Something that must not be so in an untraced run. */
static UNUSED __attribute__((__noreturn__))
void error(const char *what)
{
	tell("error %s errno %d", what, errno);
	_exit(98);
}

static UNUSED void ready(void)
{
	tell("ready");
}

/* The next command. */
static UNUSED const char *hear(void)
{
	static __thread char buf[512];
	ssize_t n = read(3, buf, sizeof(buf) - 1);

	if (n < 0)
		error("read");
	if (!n)
		_exit(96);
	buf[n] = 0;
	return buf;
}

/* Whether @cmd is @word, or begins with it; *arg: the number after it. */
static UNUSED int is(const char *cmd, const char *word, long *arg)
{
	size_t n = strlen(word);

	if (strncmp(cmd, word, n) || (cmd[n] && cmd[n] != ' '))
		return 0;
	if (arg)
		*arg = strtol(cmd + n, NULL, 0);
	return 1;
}

#endif /* PROG_H */
