/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where engines are: the directories, in the order they are searched. */
#ifndef CLI_ENGINEPATH_H
#define CLI_ENGINEPATH_H

/**
 * engine_dirs() - the directories that engines are searched in
 *
 * UTRACE_ENGINE_PATH (not if the command runs with more rights than its
 * caller), "engines" beside the command's own file, which is where a build has
 * them, and the directory that was compiled in.
 *
 * Return: an allocated array of allocated strings, null at the end; null: no
 * memory.
 */
char **engine_dirs(void);

/** engine_dirs_free() - free what engine_dirs() returned */
void engine_dirs_free(char **dirs);

#endif /* CLI_ENGINEPATH_H */
