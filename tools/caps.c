// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * caps: print the host's capability table, for tools/check-ids and for people.
 *
 *	caps		cap ID none|part
 *	caps -l		the same with what is not kept, and why
 */
#include <stdio.h>
#include <string.h>
#include <utrace/utrace.h>

int main(int argc, char **argv)
{
	const struct utrace_capability *cap;
	bool more = argc > 1 && !strcmp(argv[1], "-l");
	struct utrace_caps caps;
	int error;
	size_t i;

	error = utrace_capabilities(&caps, sizeof(caps));
	if (error) {
		fprintf(stderr, "caps: utrace_capabilities: %s\n",
			strerror(-error));
		return 1;
	}
	printf("host %s\n", caps.host);
	for (i = 0; i < caps.nr; i++) {
		cap = &caps.entries[i];
		printf("cap %s %s\n", cap->id, cap->kept ? "part" : "none");
		if (!more)
			continue;
		printf("    %s\n    because %s\n", cap->what, cap->why);
		if (cap->error)
			printf("    error: %s\n", strerror(-cap->error));
	}
	return 0;
}
