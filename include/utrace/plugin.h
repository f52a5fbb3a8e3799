/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Engines as plug-ins of the utrace command.
 *
 * A plug-in is a shared object NAME.so with one exported object, utrace_plugin.
 * The command finds it by name in its engine directory, or by a path with a
 * slash in it.  It uses the library for all else, and the command for output.
 */
#ifndef UTRACE_PLUGIN_H
#define UTRACE_PLUGIN_H

#include <stddef.h>
#include <utrace/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** UTRACE_PLUGIN_API - the version of this interface */
#define UTRACE_PLUGIN_API	1

/** struct utrace_output - where an engine's output goes; opaque */
struct utrace_output;

/**
 * struct utrace_plugin_env - what the command offers to an engine
 * @api: UTRACE_PLUGIN_API of the command
 * @output: the output, to be handed to @emit
 * @emit: write @len bytes, whole lines, as one piece.  May be called in
 *	callbacks, from any thread.  When the reader stands still it waits or
 *	drops and counts, as the user chose.
 * @complain: one sentence for the user, with printf() format; the command adds
 *	its name and the newline
 * @multi: more than one thread may be traced, so that lines should tell which
 */
struct utrace_plugin_env {
	unsigned int api;
	struct utrace_output *output;
	void (*emit)(struct utrace_output *output, const char *text, size_t len);
	void (*complain)(const char *format, ...)
		__attribute__((__format__(__printf__, 1, 2)));
	bool multi;
};

/**
 * struct utrace_plugin - an engine, as the command knows it
 * @api: UTRACE_PLUGIN_API that it was compiled with
 * @name: its name
 * @summary: one line that says what it is for
 * @options: what may follow NAME: on the command line, one per line, for help;
 *	null: nothing
 * @open: make an instance.  @options is what followed "NAME:" or "".  Null: no
 *	instance, and @complain was called.
 * @attach: attach engines to a thread; as in &struct utrace_follow_ops
 * @close: the end: no callback can come any more.  Print what is left, free.
 */
struct utrace_plugin {
	unsigned int api;
	const char *name;
	const char *summary;
	const char *options;
	void *(*open)(const struct utrace_plugin_env *env, const char *options);
	int (*attach)(void *instance, struct utrace_thread *thread,
		      struct utrace_thread *parent);
	void (*close)(void *instance);
};

#ifdef __cplusplus
}
#endif

#endif /* UTRACE_PLUGIN_H */
