// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whole process trees.
 *
 * A follower has one engine of its own on each thread, which asks for CLONE and
 * brings the rule to what the thread creates, before that runs.  It is attached
 * before the engines that its owner attaches, so theirs are on the child when
 * they hear of it.
 */
#include <linux/sched.h>
#include <pthread.h>
#include <stdlib.h>

#include <utrace/follow.h>
#include <utrace/kernel-names.h>

#include "ptrace_host.h"

#define MAX_DEPTH	1024

/**
 * struct level - what the engines of one generation have as their data
 * @follow: the follower
 * @depth: how many generations of children are followed from here
 */
struct level {
	struct utrace_follow *follow;
	int depth;
};

/**
 * struct utrace_follow - a follower
 * @lock: orders the counts; not held while anything is called
 * @threads: how many are followed and not dead
 * @refs: one of the owner, one of each engine
 * @busy: how many calls of @ops are running
 * @idle: @busy became 0
 * @ending: utrace_follow_free() was called: nothing more is called
 * @levels: one for each depth, the last for the whole; one alone if all
 *	generations are followed
 */
struct utrace_follow {
	const struct utrace_follow_ops *ops;
	void *ctx;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	size_t threads;
	size_t refs;
	unsigned int busy;
	bool ending;
	int nr_levels;
	struct level levels[];
};

static const struct utrace_engine_ops follower_ops;

struct utrace_follow *utrace_follow_new(const struct utrace_follow_ops *ops,
					void *ctx, int depth)
{
	struct utrace_follow *follow;
	int i, nr;

	if (depth > MAX_DEPTH)
		depth = UTRACE_FOLLOW_ALL;
	nr = depth < 0 ? 1 : depth + 1;
	follow = calloc(1, sizeof(*follow) + nr * sizeof(struct level));
	if (!follow)
		return NULL;
	follow->ops = ops;
	follow->ctx = ctx;
	follow->refs = 1;
	follow->nr_levels = nr;
	pthread_mutex_init(&follow->lock, NULL);
	pthread_cond_init(&follow->idle, NULL);
	for (i = 0; i < nr; i++) {
		follow->levels[i].follow = follow;
		follow->levels[i].depth = depth < 0 ? UTRACE_FOLLOW_ALL : i;
	}
	return follow;
}

static void put(struct utrace_follow *follow)
{
	bool last;

	pthread_mutex_lock(&follow->lock);
	last = !--follow->refs;
	pthread_mutex_unlock(&follow->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&follow->lock);
	pthread_cond_destroy(&follow->idle);
	free(follow);
}

/* Around every call of @ops: false once the follower is being freed. */
static bool begin_call(struct utrace_follow *follow)
{
	bool ok;

	pthread_mutex_lock(&follow->lock);
	ok = !follow->ending;
	if (ok)
		follow->busy++;
	pthread_mutex_unlock(&follow->lock);
	return ok;
}

static void end_call(struct utrace_follow *follow)
{
	pthread_mutex_lock(&follow->lock);
	if (!--follow->busy)
		pthread_cond_broadcast(&follow->idle);
	pthread_mutex_unlock(&follow->lock);
}

static void count_threads(struct utrace_follow *follow, int n)
{
	bool ended;

	pthread_mutex_lock(&follow->lock);
	follow->threads += n;
	ended = n < 0 && !follow->threads;
	pthread_mutex_unlock(&follow->lock);
	if (ended && follow->ops->ended && begin_call(follow)) {
		follow->ops->ended(follow->ctx);
		end_call(follow);
	}
}

static bool is_followed(struct utrace_follow *follow,
			struct task_struct *thread)
{
	struct utrace_engine *engine;
	int i;

	for (i = 0; i < follow->nr_levels; i++) {
		engine = utrace_attach_task(thread, UTRACE_ATTACH_MATCH_OPS |
					    UTRACE_ATTACH_MATCH_DATA,
					    &follower_ops, &follow->levels[i]);
		if (!IS_ERR(engine)) {
			utrace_engine_put(engine);
			return true;
		}
	}
	return false;
}

/*
 * Let go of one thread.  @mourned: its death is told, and counted there, unless
 * the answer is that it is not.
 */
static void unfollow_one(struct utrace_follow *follow,
			 struct task_struct *thread,
			 struct utrace_engine *engine, bool mourned)
{
	int err = utrace_control(thread, engine, UTRACE_DETACH);

	if (!mourned || !err || err == -EINPROGRESS)
		count_threads(follow, -1);
}

/*
 * Follow one thread.  @running: it goes on meanwhile, so that it takes a
 * barrier to know that its CLONE events come.
 */
static int follow_one(struct level *level, struct task_struct *thread,
		      struct task_struct *parent, bool running)
{
	struct utrace_follow *follow = level->follow;
	struct utrace_engine *engine;
	bool mourned;
	int err;

	if (is_followed(follow, thread))
		return 0;
	if (!begin_call(follow))
		return -ESRCH;
	pthread_mutex_lock(&follow->lock);
	follow->refs++;
	follow->threads++;
	pthread_mutex_unlock(&follow->lock);
	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE |
				    UTRACE_ATTACH_EXCLUSIVE |
				    UTRACE_ATTACH_MATCH_OPS |
				    UTRACE_ATTACH_MATCH_DATA,
				    &follower_ops, level);
	if (IS_ERR(engine)) {
		err = PTR_ERR(engine);
		pthread_mutex_lock(&follow->lock);
		follow->threads--;
		pthread_mutex_unlock(&follow->lock);
		put(follow);
		end_call(follow);
		return err == -EEXIST ? 0 : err;
	}
	err = utrace_set_events(thread, engine,
				UTRACE_EVENT(CLONE) | UTRACE_EVENT(DEATH));
	mourned = !err;
	if (!err && running)
		do
			err = utrace_barrier(thread, engine);
		while (err == -EINTR);
	if (!err)
		err = follow->ops->attach(follow->ctx, thread, parent);
	if (err)
		unfollow_one(follow, thread, engine, mourned);
	utrace_engine_put(engine);
	end_call(follow);
	/* it died before somebody's events were chosen: nobody to follow */
	return err == -EALREADY ? -ESRCH : err;
}

static u32 follower_clone(u32 action, struct utrace_engine *engine,
			  unsigned long flags, struct task_struct *child)
{
	struct level *level = engine->data;

	(void)action;
	if (!(flags & CLONE_THREAD)) {
		if (!level->depth)
			return UTRACE_RESUME;
		if (level->depth > 0)
			level--;
	}
	/* one that cannot be followed runs on without */
	follow_one(level, child, current, false);
	return UTRACE_RESUME;
}

static u32 follower_death(struct utrace_engine *engine, bool group_dead,
			  int signal)
{
	struct level *level = engine->data;

	(void)group_dead;
	(void)signal;
	count_threads(level->follow, -1);
	return UTRACE_DETACH;
}

static void follower_release(void *data)
{
	struct level *level = data;

	put(level->follow);
}

static const struct utrace_engine_ops follower_ops = {
	.report_clone = follower_clone,
	.report_death = follower_death,
	.release = follower_release,
};

int utrace_follow_thread(struct utrace_follow *follow,
			 struct task_struct *thread)
{
	return follow_one(&follow->levels[follow->nr_levels - 1], thread, NULL,
			  !current && !utrace_thread_stopped(thread));
}

/**
 * struct look - looks at the list of a process's threads
 * @tids: room for @max of them; grows as needed
 * @dead: the leader, referenced, once it was found dead: it stays in the list
 */
struct look {
	pid_t *tids;
	size_t max;
	struct task_struct *dead;
};

/* Whether a thread that died may have created others since it was listed. */
static bool died_since(struct look *look, pid_t pid, struct task_struct *thread)
{
	if (utrace_thread_id(thread) != pid)
		return true;
	if (thread == look->dead)
		return false;
	if (look->dead)
		put_task_struct(look->dead);
	look->dead = get_task_struct(thread);
	return true;
}

/* How many threads there are, listed, or an error. */
static ssize_t list_all(struct look *look, pid_t pid, bool *whole)
{
	pid_t *tids;
	ssize_t n;
	size_t max;

	for (;;) {
		n = utrace_thread_list(pid, look->tids, look->max, whole);
		if (n < 0 || (size_t)n <= look->max)
			return n;
		max = n + n / 2;
		tids = reallocarray(look->tids, max, sizeof(*tids));
		if (!tids)
			return -ENOMEM;
		look->tids = tids;
		look->max = max;
	}
}

/*
 * Follow one thread of the list: 1 if whom it creates may be missing there, 0 if
 * not, or an error.
 */
static int follow_entry(struct utrace_follow *follow, pid_t pid,
			struct look *look, pid_t tid)
{
	struct task_struct *thread = utrace_thread_find(tid);
	int err, ret;

	if (IS_ERR(thread))
		return PTR_ERR(thread) == -ESRCH ? 1 : PTR_ERR(thread);
	if (utrace_thread_group(thread) != pid) {
		ret = 0;
	} else if (is_followed(follow, thread)) {
		ret = thread_is_replaced(thread);
	} else {
		err = utrace_follow_thread(follow, thread);
		ret = !err ? 1 : err != -ESRCH ? err :
		      died_since(look, pid, thread) ||
		      thread_is_replaced(thread);
	}
	put_task_struct(thread);
	return ret;
}

/* One look: whether it takes another, or an error. */
static int follow_listed(struct utrace_follow *follow, pid_t pid,
			 struct look *look)
{
	bool whole;
	ssize_t i, n = list_all(look, pid, &whole);
	int ret, again;

	if (n < 0)
		return n;
	again = !whole;
	for (i = 0; i < n; i++) {
		ret = follow_entry(follow, pid, look, look->tids[i]);
		if (ret < 0)
			return ret;
		again |= ret;
	}
	return again;
}

/* Whether one thread of the list was followed, or is gone; now it is not. */
static bool unfollow_entry(struct utrace_follow *follow, pid_t tid)
{
	struct level *level = &follow->levels[follow->nr_levels - 1];
	struct task_struct *thread = utrace_thread_find(tid);
	struct utrace_engine *engine;

	if (IS_ERR(thread))
		return PTR_ERR(thread) == -ESRCH;
	engine = utrace_attach_task(thread, UTRACE_ATTACH_MATCH_OPS |
				    UTRACE_ATTACH_MATCH_DATA,
				    &follower_ops, level);
	if (!IS_ERR(engine)) {
		unfollow_one(follow, thread, engine, true);
		utrace_engine_put(engine);
	}
	put_task_struct(thread);
	return !IS_ERR(engine);
}

/*
 * Take back what utrace_follow_process() did before it failed, as it did it:
 * look until nobody is found.
 */
static void unfollow(struct utrace_follow *follow, pid_t pid, struct look *look)
{
	bool again = true, whole;
	ssize_t i, n;

	while (again && utrace_host_up()) {
		n = list_all(look, pid, &whole);
		again = n > 0 && !whole;
		for (i = 0; i < n; i++)
			again |= unfollow_entry(follow, look->tids[i]);
	}
}

/*
 * A thread that is followed brings what it creates along.  So once a look at
 * the whole list finds neither somebody new nor somebody who died meanwhile,
 * whoever could create an unfollowed thread is followed itself.
 */
int utrace_follow_process(struct utrace_follow *follow, pid_t pid)
{
	struct look look = { .max = 0 };
	int ret;

	if (current)
		return -EDEADLK;
	do
		ret = follow_listed(follow, pid, &look);
	while (ret > 0 && utrace_host_up());
	if (ret >= 0)
		ret = utrace_follow_count(follow) ? 0 : -ESRCH;
	if (ret < 0)
		unfollow(follow, pid, &look);
	if (look.dead)
		put_task_struct(look.dead);
	free(look.tids);
	return ret;
}

size_t utrace_follow_count(struct utrace_follow *follow)
{
	size_t threads;

	pthread_mutex_lock(&follow->lock);
	threads = follow->threads;
	pthread_mutex_unlock(&follow->lock);
	return threads;
}

void utrace_follow_free(struct utrace_follow *follow)
{
	if (!follow)
		return;
	pthread_mutex_lock(&follow->lock);
	follow->ending = true;
	while (follow->busy)
		pthread_cond_wait(&follow->idle, &follow->lock);
	pthread_mutex_unlock(&follow->lock);
	put(follow);
}
