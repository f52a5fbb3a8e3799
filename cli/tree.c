// SPDX-License-Identifier: LGPL-2.1-or-later
/* Following processes with all engines of the command line. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "ends.h"
#include "remember.h"
#include "tree.h"

/*
 * struct tree - one follower
 * @pid: the process that it began with
 * @ended: there is nobody left to follow
 * @told: someone was told that a process here cannot be traced
 */
struct tree {
	struct trees *trees;
	struct utrace_follow *follow;
	pid_t pid;
	atomic_bool ended;
	atomic_bool told;
	struct tree *next;
};

struct trees {
	struct loaded *engines;
	size_t nr;
	bool children;
	struct ends ends;
	struct tree *first;

	/* processes that were followed, while @remember; both by @lock, which
	 * is taken by callbacks of several processes */
	pthread_mutex_t lock;
	bool remember;
	struct memory memory;
};

/* A process that was born while followed, and that an engine could not have. */
static void tell_once(struct tree *tree, struct utrace_thread *thread, int err)
{
	if (err == -ESRCH || atomic_exchange(&tree->told, true))
		return;
	complain("cannot trace thread %d: %s", (int)utrace_thread_id(thread),
		 strerror(-err));
}

static bool same_process(struct utrace_thread *thread,
			 struct utrace_thread *parent)
{
	return parent &&
	       utrace_thread_group(parent) == utrace_thread_group(thread);
}

static int attach(void *ctx, struct utrace_thread *thread,
		  struct utrace_thread *parent)
{
	struct tree *tree = ctx;
	struct trees *trees = tree->trees;
	size_t i;
	int err;

	for (i = 0; i < trees->nr; i++) {
		struct loaded *engine = &trees->engines[i];

		err = engine->plugin->attach(engine->instance, thread, parent);
		if (err && parent)
			tell_once(tree, thread, err);
		if (err)
			return err;
	}
	err = ends_attach(&trees->ends, thread);
	if (err)
		return err;
	if (trees->remember && !same_process(thread, parent)) {
		pthread_mutex_lock(&trees->lock);
		memory_add(&trees->memory, utrace_thread_group(thread));
		pthread_mutex_unlock(&trees->lock);
	}
	return 0;
}

static void ended(void *ctx)
{
	struct tree *tree = ctx;

	tree->ended = true;
}

static const struct utrace_follow_ops follow_ops = {
	.attach = attach,
	.ended = ended,
};

struct trees *trees_new(struct loaded *engines, size_t nr, bool children,
			bool remember)
{
	struct trees *trees = calloc(1, sizeof(*trees));
	int err;

	if (!trees) {
		complain("%s", strerror(ENOMEM));
		return NULL;
	}
	trees->engines = engines;
	trees->nr = nr;
	trees->children = children;
	trees->remember = remember;
	pthread_mutex_init(&trees->lock, NULL);
	err = ends_init(&trees->ends);
	if (err) {
		complain("cannot make an eventfd: %s", strerror(-err));
		trees_free(trees);
		return NULL;
	}
	return trees;
}

void trees_stop(struct trees *trees)
{
	struct tree *tree;

	while ((tree = trees->first)) {
		trees->first = tree->next;
		utrace_follow_free(tree->follow);
		free(tree);
	}
}

void trees_free(struct trees *trees)
{
	if (!trees)
		return;
	trees_stop(trees);
	ends_close(&trees->ends);
	memory_free(&trees->memory);
	pthread_mutex_destroy(&trees->lock);
	free(trees);
}

static struct tree *new_tree(struct trees *trees, pid_t pid)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return NULL;
	tree->trees = trees;
	tree->pid = pid;
	tree->follow = utrace_follow_new(&follow_ops, tree,
					 trees->children ? UTRACE_FOLLOW_ALL :
					 0);
	if (!tree->follow) {
		free(tree);
		return NULL;
	}
	return tree;
}

static int keep_tree(struct trees *trees, struct tree *tree, int err)
{
	if (err) {
		utrace_follow_free(tree->follow);
		free(tree);
		return err;
	}
	tree->next = trees->first;
	trees->first = tree;
	return 0;
}

int trees_add_process(struct trees *trees, pid_t pid)
{
	struct tree *tree = new_tree(trees, pid);

	if (!tree)
		return -ENOMEM;
	return keep_tree(trees, tree,
			 utrace_follow_process(tree->follow, pid));
}

int trees_add_thread(struct trees *trees, struct utrace_thread *thread)
{
	struct tree *tree = new_tree(trees, utrace_thread_group(thread));

	if (!tree)
		return -ENOMEM;
	trees->ends.leader = tree->pid;
	return keep_tree(trees, tree,
			 utrace_follow_thread(tree->follow, thread));
}

int trees_ended_fd(const struct trees *trees)
{
	return trees->ends.fd;
}

enum trees_state trees_state(struct trees *trees)
{
	ends_clear(&trees->ends);
	if (trees->ends.alive)
		return TREES_ALIVE;
	return trees->ends.zombies ? TREES_DEAD : TREES_GONE;
}

bool trees_leader_dead(struct trees *trees)
{
	return trees->ends.leader_dead;
}

void trees_each_root(struct trees *trees, void (*call)(pid_t pid))
{
	struct tree *tree;

	for (tree = trees->first; tree; tree = tree->next)
		if (!tree->ended)
			call(tree->pid);
}

size_t trees_again(struct trees *trees)
{
	struct memory old = trees->memory;
	size_t i, followed = 0;

	trees->memory = (struct memory){ 0 };
	for (i = 0; i < old.nr; i++)
		if (process_exists(&old.set[i]) &&
		    !trees_add_process(trees, old.set[i].pid))
			followed++;
	memory_free(&old);
	return followed;
}
