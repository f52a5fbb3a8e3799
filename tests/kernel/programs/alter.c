// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Changes text in a binary file.
 *
 *	alter [-w] FROM TO <OLD >NEW
 *
 * TO is not longer than FROM, and what it is shorter by becomes zeros.  -w: only
 * strings that are FROM as a whole.  False if there is none.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	bool whole = argc == 4 && !strcmp(argv[1], "-w");
	const char *from = argv[argc - 2], *to = argv[argc - 1];
	size_t n = 0, room = 1 << 20, got, length, found = 0;
	char *data = malloc(room), *at;

	if (argc != 3 + whole || !data)
		return 2;
	length = strlen(from);
	if (!length || strlen(to) > length)
		return 2;
	while ((got = fread(data + n, 1, room - n, stdin)) > 0) {
		n += got;
		if (n == room)
			data = realloc(data, room *= 2);
		if (!data)
			return 2;
	}
	for (at = data; (at = memmem(at, data + n - at, from, length)); at++) {
		if (whole && ((at > data && at[-1]) ||
			      at + length == data + n || at[length]))
			continue;
		strncpy(at, to, length);
		found++;
	}
	if (fwrite(data, 1, n, stdout) != n || fflush(stdout))
		return 2;
	return !found;
}
