// SPDX-License-Identifier: LGPL-2.1-or-later
/* An engine that counts the living and the dead. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utrace/thread.h>
#include <utrace/utrace.h>

#include "ends.h"

/*
 * struct one - a thread that is counted; the data of its engine
 * @counted: in which of the counts it is, or null
 */
struct one {
	struct ends *ends;
	atomic_long *counted;
};

static void ring(struct ends *ends)
{
	uint64_t one = 1;
	ssize_t n = write(ends->fd, &one, sizeof(one));

	(void)n;	/* fails only where it has rung already */
}

/* Take it out of the count that it is in, and put it into another. */
static void move(struct one *one, atomic_long *to)
{
	atomic_long *from = one->counted;

	/* the other one first: both 0 means over */
	if (to)
		atomic_fetch_add(to, 1);
	one->counted = to;
	if (from && atomic_fetch_sub(from, 1) == 1)
		ring(one->ends);
}

static uint32_t report_death(struct utrace_engine *engine, bool group_dead,
			     int signal)
{
	struct one *one = engine->data;

	(void)group_dead;
	(void)signal;
	if (utrace_thread_id(utrace_current()) == one->ends->leader) {
		one->ends->leader_dead = true;
		ring(one->ends);
	}
	move(one, &one->ends->zombies);
	return UTRACE_RESUME;
}

static void report_reap(struct utrace_engine *engine,
			struct utrace_thread *thread)
{
	(void)thread;
	move(engine->data, NULL);
}

static void release(void *data)
{
	move(data, NULL);
	free(data);
}

static const struct utrace_engine_ops ends_ops = {
	.report_death = report_death,
	.report_reap = report_reap,
	.release = release,
};

int ends_init(struct ends *ends)
{
	ends->alive = 0;
	ends->zombies = 0;
	ends->leader = 0;
	ends->leader_dead = false;
	ends->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return ends->fd < 0 ? -errno : 0;
}

void ends_close(struct ends *ends)
{
	if (ends->fd >= 0)
		close(ends->fd);
}

int ends_attach(struct ends *ends, struct utrace_thread *thread)
{
	struct one *one = calloc(1, sizeof(*one));
	struct utrace_engine *engine;
	int err, gone;

	if (!one)
		return -ENOMEM;
	one->ends = ends;
	move(one, &ends->alive);
	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &ends_ops,
				    one);
	if (utrace_is_err(engine)) {
		release(one);
		return utrace_ptr_err(engine);
	}
	err = utrace_set_events(thread, engine,
				UTRACE_EVENT(DEATH) | UTRACE_EVENT(REAP));
	if (err == -EINPROGRESS)
		err = 0;
	if (err) {
		/* where that fails it is detached already */
		gone = utrace_control(thread, engine, UTRACE_DETACH);
		(void)gone;
	}
	utrace_engine_put(engine);
	return err;
}

void ends_clear(struct ends *ends)
{
	uint64_t count;
	ssize_t n = read(ends->fd, &count, sizeof(count));

	(void)n;	/* nothing there is fine too */
}
