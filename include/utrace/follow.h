/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Whole process trees: attach engines to every thread of a process, and to
 * what it creates, by rule and without a gap.
 */
#ifndef UTRACE_FOLLOW_H
#define UTRACE_FOLLOW_H

#include <utrace/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** UTRACE_FOLLOW_ALL - a depth that is never reached */
#define UTRACE_FOLLOW_ALL	(-1)

/**
 * struct utrace_follow_ops - what a follower is told
 * @attach: a thread is to be followed: attach engines to it here.  It is
 *	called once per thread and never for two threads of one process at
 *	once: for threads that are there already by whoever called
 *	utrace_follow_process(), for new ones in the report_clone pass of the
 *	creator, before the new thread runs.  @parent is the creator or null.
 *	0: follow it and what it creates; a negative errno: leave it alone,
 *	-ESRCH and -EALREADY because it is dead, which is no failure.
 * @ended: the last followed thread is gone or let go; may be null.  Nothing
 *	more is called for this follower afterwards.
 */
struct utrace_follow_ops {
	int (*attach)(void *ctx, struct utrace_thread *thread,
		      struct utrace_thread *parent);
	void (*ended)(void *ctx);
};

/** struct utrace_follow - one follower; opaque */
struct utrace_follow;

/**
 * utrace_follow_new() - make a follower
 * @ops: what to call; must stay valid
 * @ctx: handed to them
 * @depth: how many generations of child processes are followed: 0: the threads
 *	of the process alone, 1: its children too, %UTRACE_FOLLOW_ALL: all
 *
 * Return: the follower, or null if there is no memory.
 */
UTRACE_MUST_CHECK UTRACE_API struct utrace_follow *
utrace_follow_new(const struct utrace_follow_ops *ops, void *ctx, int depth);

/**
 * utrace_follow_process() - follow all threads of a process
 * @follow: the follower
 * @pid: the process
 *
 * Race-free while the process creates threads: when this returns every thread
 * is followed, and each that comes will be.  Engines should be attached with
 * what they need in force before the thread goes on; a thread that runs while
 * this is called is not held.
 *
 * Context: may block; not in a callback (-EDEADLK).
 *
 * Return: 0, or the error of the first thread that could not be attached to
 * (-EPERM, -ESRCH if the process is gone, ...); then no thread of the process
 * is followed by this call.
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_follow_process(struct utrace_follow *follow, pid_t pid);

/**
 * utrace_follow_thread() - follow one thread, and what it creates
 * @follow: the follower
 * @thread: a referenced thread
 *
 * Return: as utrace_follow_process().
 */
UTRACE_MUST_CHECK UTRACE_API int
utrace_follow_thread(struct utrace_follow *follow, struct utrace_thread *thread);

/**
 * utrace_follow_count() - how many threads are followed now
 * @follow: the follower
 */
UTRACE_API size_t utrace_follow_count(struct utrace_follow *follow);

/**
 * utrace_follow_free() - follow nothing new, and free the follower
 * @follow: the follower, or null
 *
 * The engines that its attach callback attached stay as they are.  Waits for
 * callbacks of this follower that are running; not in a callback.
 */
UTRACE_API void utrace_follow_free(struct utrace_follow *follow);

#ifdef __cplusplus
}
#endif

#endif /* UTRACE_FOLLOW_H */
