// SPDX-License-Identifier: LGPL-2.1-or-later
/* The directories that engines are searched in. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enginepath.h"

#ifndef ENGINE_DIR
#error "ENGINE_DIR must be the directory that engines are installed in"
#endif

/* "engines" in the directory of the file that runs; "" if that is unknown. */
static void beside_command(char *dir, size_t size)
{
	char exe[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	dir[0] = '\0';
	if (len <= 0)
		return;
	exe[len] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return;
	*slash = '\0';
	if ((size_t)snprintf(dir, size, "%s/engines", exe) >= size)
		dir[0] = '\0';
}

/* Append a copy of @dir unless it is there already; false: no memory. */
static bool add(char **dirs, const char *dir, size_t len)
{
	for (; *dirs; dirs++)
		if (strlen(*dirs) == len && !memcmp(*dirs, dir, len))
			return true;
	*dirs = strndup(dir, len);
	return *dirs;
}

char **engine_dirs(void)
{
	const char *env = secure_getenv("UTRACE_ENGINE_PATH");
	char beside[PATH_MAX];
	size_t max = 3;
	char **dirs;

	if (!env)
		env = "";
	for (const char *p = env; *p; p++)
		max += *p == ':';
	dirs = calloc(max + 1, sizeof(*dirs));
	if (!dirs)
		return NULL;

	while (*env) {
		size_t len = strcspn(env, ":");

		if (len && !add(dirs, env, len))
			goto no_memory;
		env += len + (env[len] == ':');
	}
	beside_command(beside, sizeof(beside));
	if (*beside && !add(dirs, beside, strlen(beside)))
		goto no_memory;
	if (!add(dirs, ENGINE_DIR, strlen(ENGINE_DIR)))
		goto no_memory;
	return dirs;

no_memory:
	engine_dirs_free(dirs);
	return NULL;
}

void engine_dirs_free(char **dirs)
{
	if (!dirs)
		return;
	for (char **dir = dirs; *dir; dir++)
		free(*dir);
	free(dirs);
}
