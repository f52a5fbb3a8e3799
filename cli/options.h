/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Exit statuses of utrace itself; all else is the program's. */
#define EXIT_TROUBLE	1	/* something failed while running */
#define EXIT_USAGE	2	/* the command line makes no sense */
#define EXIT_CANNOT_RUN	126	/* the program is there, but does not run */
#define EXIT_NOT_FOUND	127	/* there is no such program */

/**
 * enum what - what the user asked for
 * @DO_TRACE: trace, the usual thing
 * @DO_HELP: print the help
 * @DO_VERSION: print the version
 * @DO_LIST: list the engines
 */
enum what {
	DO_TRACE,
	DO_HELP,
	DO_VERSION,
	DO_LIST
};

/**
 * struct options - the command line, parsed
 * @what: what to do
 * @follow: children too (-f)
 * @quiet: no sentence about attaching and detaching (-q)
 * @drop: rather drop lines than wait for the reader (--when-full)
 * @buffer: bytes that the output holds for its reader (--buffer)
 * @output: the file of -o, or null
 * @engines: what was given to each -e, or the default
 * @nr_engines: how many
 * @pids: the processes of -p, each once
 * @nr_pids: how many; 0: there is a command
 * @command: the program and its arguments, null at the end
 */
struct options {
	enum what what;
	bool follow;
	bool quiet;
	bool drop;
	size_t buffer;
	const char *output;
	const char **engines;
	size_t nr_engines;
	pid_t *pids;
	size_t nr_pids;
	char **command;
};

/**
 * options_parse() - parse the command line
 * @opt: filled in
 * @argc: as main()'s
 * @argv: as main()'s; kept
 *
 * Return: 0, or the exit status after having complained.
 */
int options_parse(struct options *opt, int argc, char **argv);

/** options_free() - free what options_parse() made */
void options_free(struct options *opt);

/** options_help() - print the help on standard output */
void options_help(void);

#endif /* CLI_OPTIONS_H */
