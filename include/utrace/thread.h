/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Threads, in the library: find, start, hold and name them.
 *
 * A kernel module has struct task_struct for all this.
 */
#ifndef UTRACE_THREAD_H
#define UTRACE_THREAD_H

#include <utrace/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * utrace_thread_find() - a handle for a thread
 * @tid: its thread ID as the caller sees it
 *
 * The thread is not touched.  The handle holds on to this very thread: when it
 * is gone, calls with the handle give -ESRCH, also if its ID is given out anew.
 *
 * Context: may block briefly.
 *
 * Return: the handle with a reference, or as an error pointer: -ESRCH: there is
 * no such thread, or the library is not up; -EMFILE, -ENFILE, -ENOMEM.
 */
UTRACE_MUST_CHECK UTRACE_API struct utrace_thread *
utrace_thread_find(pid_t tid);

/**
 * utrace_thread_get() - take one more reference
 * @thread: a handle that is valid now
 *
 * Return: @thread.
 */
UTRACE_API struct utrace_thread *utrace_thread_get(struct utrace_thread *thread);

/** utrace_thread_put() - give a reference back; null is ignored */
UTRACE_API void utrace_thread_put(struct utrace_thread *thread);

/**
 * utrace_current() - the thread that the running callback is on behalf of
 *
 * Return: the thread, not referenced; null outside callbacks.
 */
UTRACE_API struct utrace_thread *utrace_current(void);

/** utrace_thread_id() - the thread's ID as the caller's process sees it */
UTRACE_API pid_t utrace_thread_id(const struct utrace_thread *thread);

/** utrace_thread_group() - the ID of the thread's process */
UTRACE_API pid_t utrace_thread_group(const struct utrace_thread *thread);

/**
 * utrace_thread_list() - the threads of a process
 * @pid: the process ID
 * @tids: filled in with thread IDs, in no order
 * @max: how many fit
 * @whole: if not null, set to whether these were all the threads at one moment
 *
 * A snapshot: threads come and go (<utrace/follow.h> has what is race-free).
 * While they come and go faster than they can be listed, the list is not whole:
 * the kernel may leave out some that were there all the time.
 *
 * Return: how many threads there are, which may be more than @max; -ESRCH: no
 * such process.
 */
UTRACE_MUST_CHECK UTRACE_API ssize_t utrace_thread_list(pid_t pid, pid_t *tids,
							size_t max,
							bool *whole);

/**
 * utrace_thread_stopped() - whether a thread is in a tracing stop right now
 * @thread: a referenced thread
 */
UTRACE_API bool utrace_thread_stopped(struct utrace_thread *thread);

/**
 * enum utrace_start_at - where a started program is held
 * @UTRACE_START_AT_PROGRAM: before the first instruction of the new program
 * @UTRACE_START_AT_EXEC: at the exec itself: an engine that asks for system
 *	calls sees that call first
 */
enum utrace_start_at {
	UTRACE_START_AT_PROGRAM,
	UTRACE_START_AT_EXEC
};

/**
 * struct utrace_start - how to start a program
 * @size: sizeof(struct utrace_start), so that the structure can grow
 * @path: the program's file; not searched in PATH
 * @argv: its arguments, null at the end
 * @envp: its environment, null at the end; null: the caller's
 * @at: where it is held
 * @in_child: null, or called in the child before the exec, where only
 *	async-signal-safe functions may be used; a negative errno gives up
 * @arg: for @in_child
 */
struct utrace_start {
	size_t size;
	const char *path;
	char *const *argv;
	char *const *envp;
	enum utrace_start_at at;
	int (*in_child)(void *arg);
	void *arg;
};

/**
 * utrace_thread_start() - start a program and hold it
 * @start: what and how
 *
 * The program is a child of the caller, who waits for it as for any other,
 * and runs with the caller's descriptors, signal mask, dispositions and limits.
 * It stays held, even without an engine, until utrace_thread_go().
 *
 * Context: may block; not in a callback (-EDEADLK).
 *
 * Return: the handle of its one thread, with a reference, or as an error
 * pointer what fork, ptrace or exec gave (-ENOENT, -EACCES, -ENOEXEC, -EPERM,
 * -EAGAIN, ...); then there is no child left.
 */
UTRACE_MUST_CHECK UTRACE_API struct utrace_thread *
utrace_thread_start(const struct utrace_start *start);

/**
 * utrace_thread_go() - let a started program run
 * @thread: from utrace_thread_start()
 *
 * An engine that holds a stop still holds it.  With %UTRACE_START_AT_EXEC an
 * exec that fails is seen by engines and by whoever waits for the child, which
 * then exits with status 127.
 *
 * Return: 0; -EINVAL if it is not held; -ESRCH if it is gone.
 */
UTRACE_API int utrace_thread_go(struct utrace_thread *thread);

/**
 * utrace_explain_attach() - why attaching to a thread fails
 * @tid: the thread
 * @error: the error that attaching gave (negative errno)
 * @buf: filled in with one sentence without a final period or newline
 * @size: size of @buf
 *
 * Names the rule that forbids it: who traces the thread already, user and
 * group IDs, missing capability, the dumpable flag, Yama, the user namespace.
 *
 * Return: the length of the sentence, as snprintf().
 */
UTRACE_API int utrace_explain_attach(pid_t tid, int error, char *buf,
				     size_t size);

/**
 * utrace_pid_find() - a reference to a thread ID (find_get_pid())
 * @nr: the thread ID as the caller sees it
 *
 * Return: the pid with a reference, or null if it names no thread or there is
 * no memory.
 */
UTRACE_MUST_CHECK UTRACE_API struct utrace_pid *utrace_pid_find(pid_t nr);

/** utrace_pid_put() - give it back; null is ignored */
UTRACE_API void utrace_pid_put(struct utrace_pid *pid);

#ifdef __cplusplus
}
#endif

#endif /* UTRACE_THREAD_H */
