/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the user is told on standard error: one sentence at a time. */
#ifndef CLI_COMPLAIN_H
#define CLI_COMPLAIN_H

/**
 * complain() - tell the user one sentence
 * @format: as printf(); without the command's name, a period or a newline
 *
 * Bytes that could steer a terminal are written as \ooo: names of files and of
 * foreign programs end up in here.  May be called from any thread.
 */
void complain(const char *format, ...)
	__attribute__((__format__(__printf__, 1, 2)));

/**
 * complain_never_wait() - from now on rather say nothing than wait
 *
 * For the time when standard error is known to have a reader that stands still.
 */
void complain_never_wait(void);

#endif /* CLI_COMPLAIN_H */
