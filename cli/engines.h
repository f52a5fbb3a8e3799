/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Engines: find the plug-in by name, load it, keep its instance. */
#ifndef CLI_ENGINES_H
#define CLI_ENGINES_H

#include <utrace/plugin.h>

/**
 * struct loaded - one engine of the command line
 * @handle: from dlopen()
 * @plugin: its entry
 * @options: what followed NAME:, or ""
 * @instance: from its open(), null before
 */
struct loaded {
	void *handle;
	const struct utrace_plugin *plugin;
	const char *options;
	void *instance;
};

/**
 * engine_load() - find and load an engine
 * @engine: filled in
 * @spec: "NAME" or "NAME:OPTIONS"; a NAME with a slash is the file itself
 *
 * Return: 0, or the exit status after having complained.
 */
int engine_load(struct loaded *engine, const char *spec);

/**
 * engine_open() - make the instance
 * @engine: a loaded engine
 * @env: what the command offers
 *
 * Return: 0, or the exit status; the engine has complained.
 */
int engine_open(struct loaded *engine, const struct utrace_plugin_env *env);

/** engine_close() - close the instance if there is one; it prints what is left */
void engine_close(struct loaded *engine);

/** engine_unload() - after engine_close() and the last callback */
void engine_unload(struct loaded *engine);

/**
 * engines_list() - print every engine that can be found by name
 *
 * Return: the exit status.
 */
int engines_list(void);

#endif /* CLI_ENGINES_H */
