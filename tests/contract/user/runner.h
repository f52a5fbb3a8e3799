/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The runner of the contract tests: each test in a child process of its own,
 * with a watchdog, and the runner as subreaper of all that the test starts.  A
 * crash or a hang is a failed test, and nothing is left behind.  It prints TAP.
 *
 * What a test says are lines: "# ..." is shown, "# FAIL ..." is a failure,
 * "SKIP ..." tells why.
 */
#ifndef CONTRACT_RUNNER_H
#define CONTRACT_RUNNER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define RUNNER_FAILED	"# FAIL "	/* as H_FAILED in harness.h */
#define RUNNER_SKIP	77

struct runner_test { const char *name, *ids, *file; };

/* What there is to say of the test that runs. */
struct runner_output { char *text; size_t len, size; };
void runner_add(struct runner_output *o, const char *text, size_t len);
void runner_say(struct runner_output *o, const char *fmt, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/**
 * struct runner - what differs between the flavours
 * @options: the flavour's own, for the usage text
 * @option: take such an option: how many of argv[] it is, 0: none of them
 * @load: after the options: fill in @tests and @count; 0, or an exit status
 * @tests: all there are; freed at the end
 * @count: their number
 * @run: run one, in a child of its own; its lines go to descriptor @diag; the
 *	exit status: 0, 1, %RUNNER_SKIP
 * @before: null, or called before each test, by the runner
 * @after: null, or called when the child and all it left is gone; false, for
 *	both: no more tests can be run, and @o says why
 */
struct runner {
	const char *options;
	int (*option)(int argc, char **argv);
	int (*load)(struct runner *runner);
	struct runner_test *tests;
	unsigned int count;
	int (*run)(unsigned int n, int diag);
	bool (*before)(struct runner_output *o);
	bool (*after)(struct runner_output *o);
};

/* What the options say. */
extern unsigned int runner_patience_ms;	/* of each wait for something */
extern char runner_programs[PATH_MAX];	/* the directory of the programs */

int runner_main(int argc, char **argv, struct runner *runner);

/* The directory that this program is in. */
void runner_directory(char path[PATH_MAX]);

#endif /* CONTRACT_RUNNER_H */
