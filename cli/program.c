// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which file a command is, and what a shell says where there is none. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "options.h"
#include "program.h"

int program_cannot_run(const char *name, int error)
{
	complain("cannot run '%s': %s", name, strerror(error));
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return EXIT_NOT_FOUND;
	default:
		return EXIT_CANNOT_RUN;
	}
}

/* 0 if the file can be executed as far as can be told without doing it. */
static int check(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? errno : 0;
}

/* The default is what exec gives to those who have no PATH. */
static char *search_path(void)
{
	const char *env = getenv("PATH");
	char *path;
	size_t len;

	if (env)
		return strdup(env);
	len = confstr(_CS_PATH, NULL, 0);
	path = malloc(len + 1);
	if (path)
		path[confstr(_CS_PATH, path, len)] = '\0';
	return path;
}

static int search(const char *name, char path[PATH_MAX])
{
	char *dirs = search_path(), *dir = dirs;
	int error = ENOENT;

	if (!dirs)
		return ENOMEM;
	for (;;) {
		size_t len = strcspn(dir, ":");
		int n, e;

		/* an empty entry is the current directory */
		n = snprintf(path, PATH_MAX, "%.*s%s%s", (int)len, dir,
			     len ? "/" : "./", name);
		e = n < PATH_MAX ? check(path) : ENAMETOOLONG;
		if (!e) {
			free(dirs);
			return 0;
		}
		/* one that may not be run is worth more than none at all */
		if (e == EACCES)
			error = e;
		if (!dir[len])
			break;
		dir += len + 1;
	}
	free(dirs);
	return error;
}

int program_find(const char *name, char path[PATH_MAX])
{
	int error;

	if (!strchr(name, '/')) {
		error = *name ? search(name, path) : ENOENT;
	} else if (strlen(name) >= PATH_MAX) {
		error = ENAMETOOLONG;
	} else {
		strcpy(path, name);
		error = check(path);
	}
	return error ? program_cannot_run(name, error) : 0;
}
