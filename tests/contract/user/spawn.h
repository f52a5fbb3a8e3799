/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes of the tests: programs to be traced, a tracer of the plain kind,
 * waiting, what /proc says.
 */
#ifndef CONTRACT_SPAWN_H
#define CONTRACT_SPAWN_H

#include <sys/types.h>

/*
 * Start a program of @dir: argv[0] is its name there, and it gets the pipes of
 * tests/programs/prog.h.  Its process ID, and the other ends of the pipes; or
 * a negative errno.
 */
pid_t spawn_program(const char *dir, const char *const *argv, int *cmd,
		    int *out);

/* Have @pid traced by ptrace(), by a process that hands on all it gets; 0 or
 * a negative errno. */
int spawn_tracer(pid_t pid, pid_t *tracer);

/* waitid() of a child with WNOHANG; its ID, 0, or a negative errno, and the
 * wait status. */
pid_t child_state(pid_t pid, int options, int *status);

/* What a /proc/.../stat says: the state, 0 if there is none. */
char proc_state(const char *path, char comm[32], pid_t *ppid);

#endif /* CONTRACT_SPAWN_H */
