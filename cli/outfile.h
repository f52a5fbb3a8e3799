/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening what the output is written to. */
#ifndef CLI_OUTFILE_H
#define CLI_OUTFILE_H

#include <stdbool.h>

/**
 * outfile_open() - open the file of -o, or make it
 * @name: its name; null: standard error
 * @regular: set to whether it is a regular file, which is to be emptied
 *
 * A trace holds what the traced program keeps in memory.  So a new file is for
 * its owner alone, a regular file of somebody else is not written to, and no
 * file is made at the far end of a symbolic link.  The descriptor is above
 * standard error's and closed by exec.
 *
 * Return: the descriptor, or -1 after having complained.
 */
int outfile_open(const char *name, bool *regular);

/** outfile_waits() - whether opening it waits for a reader, as a FIFO does */
bool outfile_waits(const char *name);

#endif /* CLI_OUTFILE_H */
