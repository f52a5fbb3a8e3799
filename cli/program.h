/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program of the command line: which file it is. */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <limits.h>

/**
 * program_find() - find a program as a shell does
 * @name: its name; with a slash it is the file itself
 * @path: filled in with the file
 *
 * Return: 0, or the exit status after having complained.
 */
int program_find(const char *name, char path[PATH_MAX]);

/** program_cannot_run() - complain about @error; the shell's exit status for it */
int program_cannot_run(const char *name, int error);

#endif /* CLI_PROGRAM_H */
