/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time between the start of tracing and its end. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "options.h"
#include "output.h"
#include "start.h"
#include "tree.h"

/**
 * struct run - what the loop looks after
 * @opt: the command line
 * @out: the output
 * @trees: what is followed
 * @child: the command, with pid 0 if there is none
 * @signals: the signalfd
 * @sig: the signal that ended it, or 0
 * @library: the library is up
 */
struct run {
	const struct options *opt;
	struct utrace_output *out;
	struct trees *trees;
	struct child child;
	int signals;
	int sig;
	bool library;
};

/** run_attach() - follow the processes of -p; 0 or the exit status */
int run_attach(struct run *run);

/**
 * run_loop() - until nothing is left to trace, a signal ends it, or writing
 * failed
 *
 * Return: 0, or an exit status after having complained.
 */
int run_loop(struct run *run);

/**
 * run_let_go() - the end of tracing: everybody runs on untraced
 *
 * When it returns no callback runs or can come.
 */
void run_let_go(struct run *run);

/** run_wait() - wait for the command's end, if there is one and no signal came */
void run_wait(struct run *run);

#endif /* CLI_RUN_H */
