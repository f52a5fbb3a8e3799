// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program with an engine in it: runs a command, and counts the system calls
 * of all its threads and children.
 *
 *	gcc -o calls calls.c $(pkg-config --cflags --libs utrace)
 *	./calls COMMAND ARG...
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <utrace/follow.h>
#include <utrace/thread.h>
#include <utrace/utrace.h>

/* Callbacks for several processes may run at the same time. */
static atomic_ulong calls, threads;

static uint32_t on_call(uint32_t action, struct utrace_engine *engine,
			struct utrace_regs *regs)
{
	(void)engine;
	(void)regs;
	calls++;
	/* go on, and leave the choice to run the call or not to the others */
	return UTRACE_RESUME | utrace_syscall_action(action);
}

static const struct utrace_engine_ops engine_ops = {
	.report_syscall_entry = on_call,
};

/* For each thread, before it runs. */
static int attach(void *ctx, struct utrace_thread *thread,
		  struct utrace_thread *parent)
{
	struct utrace_engine *engine;
	int err;

	(void)ctx;
	(void)parent;
	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &engine_ops,
				    NULL);
	if (utrace_is_err(engine))
		return utrace_ptr_err(engine);
	err = utrace_set_events(thread, engine, UTRACE_EVENT(SYSCALL_ENTRY));
	utrace_engine_put(engine);	/* the attachment has its own */
	threads++;
	return err;
}

static const struct utrace_follow_ops follow_ops = { .attach = attach };

static int fail(const char *what, int err)
{
	fprintf(stderr, "calls: %s: %s\n", what, strerror(-err));
	return 1;
}

int main(int argc, char **argv)
{
	struct utrace_start start = {
		.size = sizeof(start),
		.path = argv[1],
		.argv = argv + 1,
	};
	struct utrace_follow *follow;
	struct utrace_thread *thread;
	int err, status = 0;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: calls COMMAND ARG...\n");
		return 2;
	}
	err = utrace_init();
	if (err)
		return fail("utrace_init", err);
	follow = utrace_follow_new(&follow_ops, NULL, UTRACE_FOLLOW_ALL);
	if (!follow)
		return fail("utrace_follow_new", -ENOMEM);
	thread = utrace_thread_start(&start);	/* held at its beginning */
	if (utrace_is_err(thread))
		return fail(argv[1], utrace_ptr_err(thread));
	pid = utrace_thread_group(thread);
	err = utrace_follow_thread(follow, thread);
	if (!err)
		err = utrace_thread_go(thread);
	if (err)
		return fail("utrace_follow_thread", err);
	utrace_thread_put(thread);

	/* It is a child like any other. */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	utrace_follow_free(follow);
	utrace_shutdown();		/* no callback can run any more */
	utrace_exit();
	printf("%lu system calls by %lu threads\n", calls, threads);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
