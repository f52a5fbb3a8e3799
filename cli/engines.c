// SPDX-License-Identifier: LGPL-2.1-or-later
/* Engines are plug-ins: NAME.so with an object utrace_plugin in it. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "complain.h"
#include "enginepath.h"
#include "engines.h"
#include "options.h"

#define SUFFIX		".so"
#define SYMBOL		"utrace_plugin"

/* NAME in the first directory that has it; false if none does. */
static bool find(const char *name, char path[PATH_MAX])
{
	char **dirs = engine_dirs();
	bool found = false;

	if (!dirs)
		return false;
	for (char **dir = dirs; *dir && !found; dir++) {
		int len = snprintf(path, PATH_MAX, "%s/%s" SUFFIX, *dir, name);

		found = len < PATH_MAX && !access(path, F_OK);
	}
	engine_dirs_free(dirs);
	return found;
}

static bool usable(const struct utrace_plugin *plugin)
{
	return plugin->name && plugin->summary && plugin->open &&
	       plugin->attach && plugin->close;
}

/* Load @path; where it is no engine the reason is in @why. */
static const struct utrace_plugin *load(const char *path, void **handle,
					char *why, size_t size)
{
	const struct utrace_plugin *plugin;

	*handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!*handle) {
		snprintf(why, size, "%s", dlerror());
		return NULL;
	}
	plugin = dlsym(*handle, SYMBOL);
	if (!plugin)
		snprintf(why, size, "%s is not an engine: it has no "
			 SYMBOL, path);
	else if (plugin->api != UTRACE_PLUGIN_API)
		snprintf(why, size, "%s is for version %u of the plug-in interface, and this is version %d",
			 path, plugin->api, UTRACE_PLUGIN_API);
	else if (!usable(plugin))
		snprintf(why, size, "%s is incomplete", path);
	else
		return plugin;
	dlclose(*handle);
	*handle = NULL;
	return NULL;
}

static int unknown(const char *spec, const char *name)
{
	if (strchr(spec, '='))
		complain("no engine '%s': utrace's -e takes an engine, so that strace's -e trace=open is -e syscalls:open here",
			 name);
	else
		complain("no engine '%s' (see utrace --engines)", name);
	return EXIT_USAGE;
}

int engine_load(struct loaded *engine, const char *spec)
{
	size_t len = strcspn(spec, ":");
	char name[NAME_MAX + 1], path[PATH_MAX], why[2 * PATH_MAX];

	*engine = (struct loaded){
		.options = spec[len] ? spec + len + 1 : spec + len
	};
	if (!len) {
		complain("-e wants the name of an engine");
		return EXIT_USAGE;
	}
	if (memchr(spec, '/', len)) {
		/* code of the caller's choice with rights that he has not */
		if (getauxval(AT_SECURE)) {
			complain("engines are loaded by name alone where utrace has more rights than its user");
			return EXIT_USAGE;
		}
		if (len >= sizeof(path)) {
			complain("%s", strerror(ENAMETOOLONG));
			return EXIT_USAGE;
		}
		memcpy(path, spec, len);
		path[len] = '\0';
		if (access(path, F_OK)) {
			complain("no engine '%s': %s", path, strerror(errno));
			return EXIT_USAGE;
		}
	} else {
		if (len > NAME_MAX - strlen(SUFFIX)) {
			complain("%s", strerror(ENAMETOOLONG));
			return EXIT_USAGE;
		}
		memcpy(name, spec, len);
		name[len] = '\0';
		if (!find(name, path))
			return unknown(spec, name);
	}
	engine->plugin = load(path, &engine->handle, why, sizeof(why));
	if (!engine->plugin) {
		complain("cannot load the engine '%.*s': %s", (int)len, spec,
			 why);
		return EXIT_TROUBLE;
	}
	return 0;
}

int engine_open(struct loaded *engine, const struct utrace_plugin_env *env)
{
	const struct utrace_plugin *plugin = engine->plugin;

	if (*engine->options && !plugin->options) {
		complain("the engine '%s' takes no options", plugin->name);
		return EXIT_USAGE;
	}
	engine->instance = plugin->open(env, engine->options);
	return engine->instance ? 0 : EXIT_USAGE;
}

void engine_close(struct loaded *engine)
{
	if (engine->instance)
		engine->plugin->close(engine->instance);
	engine->instance = NULL;
}

void engine_unload(struct loaded *engine)
{
	if (engine->handle)
		dlclose(engine->handle);
	engine->handle = NULL;
	engine->plugin = NULL;
}

static void print_engine(const char *name, const struct utrace_plugin *plugin)
{
	const char *line = plugin->options;

	printf("%-12s %s\n", name, plugin->summary);
	while (line && *line) {
		size_t len = strcspn(line, "\n");

		printf("%-12s     %.*s\n", "", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

static int is_engine_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(SUFFIX) &&
	       !strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX);
}

/* Whether an earlier directory hides the @name in @dir. */
static bool is_hidden(const char *dir, const char *name)
{
	char path[PATH_MAX];
	size_t len = strlen(dir);

	return find(name, path) &&
	       (strncmp(path, dir, len) || path[len] != '/' ||
		strchr(path + len + 1, '/'));
}

static void list_dir(const char *dir)
{
	struct dirent **entries;
	int i, n = scandir(dir, &entries, is_engine_file, alphasort);

	for (i = 0; i < n; i++) {
		char path[PATH_MAX], why[2 * PATH_MAX];
		char *name = entries[i]->d_name;
		const struct utrace_plugin *plugin = NULL;
		void *handle = NULL;
		bool fits;

		fits = snprintf(path, sizeof(path), "%s/%s", dir, name) <
		       PATH_MAX;
		name[strlen(name) - strlen(SUFFIX)] = '\0';
		if (fits && !is_hidden(dir, name))
			plugin = load(path, &handle, why, sizeof(why));
		if (plugin) {
			print_engine(name, plugin);
			dlclose(handle);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

int engines_list(void)
{
	char **dirs = engine_dirs();

	if (!dirs) {
		complain("%s", strerror(ENOMEM));
		return EXIT_TROUBLE;
	}
	for (char **dir = dirs; *dir; dir++)
		list_dir(*dir);
	engine_dirs_free(dirs);
	return 0;
}
