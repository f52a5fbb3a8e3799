/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is followed: one tree for the command, or one for each process of -p.
 *
 * All engines of the command line are attached to each of its threads.
 */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <utrace/follow.h>
#include <utrace/thread.h>

#include "engines.h"

/** struct trees - all that is followed; opaque */
struct trees;

/**
 * trees_new() - nothing is followed yet
 * @engines: what to attach; must stay valid
 * @nr: how many
 * @children: follow child processes too
 * @remember: remember the processes, for trees_let_go()
 *
 * Return: the trees, or null after having complained.
 */
struct trees *trees_new(struct loaded *engines, size_t nr, bool children,
			bool remember);

/**
 * trees_free() - follow nothing new and free them; null is ignored
 *
 * After the end of the library, when no engine is left.
 */
void trees_free(struct trees *trees);

/** trees_add_process() - follow a process; 0 or negative errno */
int trees_add_process(struct trees *trees, pid_t pid);

/**
 * trees_add_thread() - follow the thread of a program that was started
 *
 * Return: 0 or negative errno.
 */
int trees_add_thread(struct trees *trees, struct utrace_thread *thread);

/**
 * enum trees_state - how much is left of what is followed
 * @TREES_ALIVE: some thread is alive
 * @TREES_DEAD: all are dead, and somebody was not waited for yet
 * @TREES_GONE: nothing is left, and no engine has anything more to hear
 */
enum trees_state {
	TREES_ALIVE,
	TREES_DEAD,
	TREES_GONE
};

/** trees_ended_fd() - becomes readable when the state may have changed */
int trees_ended_fd(const struct trees *trees);

/** trees_state() - how much is left */
enum trees_state trees_state(struct trees *trees);

/**
 * trees_leader_dead() - whether the thread of trees_add_thread() is dead, and
 * all engines have heard of that
 */
bool trees_leader_dead(struct trees *trees);

/**
 * trees_each_root() - call for each process of trees_add_process() that is
 * followed still
 */
void trees_each_root(struct trees *trees, void (*call)(pid_t pid));

/** trees_stop() - follow nothing new */
void trees_stop(struct trees *trees);

/**
 * trees_again() - after trees_stop() and a new start of the library: follow
 * again what was followed, as far as it is still there
 *
 * Return: how many processes are followed.
 */
size_t trees_again(struct trees *trees);

#endif /* CLI_TREE_H */
