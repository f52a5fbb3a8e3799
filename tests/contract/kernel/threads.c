// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gates, and threads of the test: those are threads of the driver's process,
 * so that signals reach them and end their waits as they do for any caller.
 */
#include <linux/wait.h>

#include "module.h"

/* ---- gates --------------------------------------------------------------- */

struct gate {
	wait_queue_head_t wait;
	bool open;
	atomic_t waiters;
	struct gate *next;
};

static struct gate *gates;

struct gate *gate_new(void)
{
	struct gate *g = h_alloc(sizeof(*g));

	init_waitqueue_head(&g->wait);
	h_lock();
	g->next = gates;
	gates = g;
	h_unlock();
	return g;
}

void gate_open(struct gate *g)
{
	h_store(&g->open, true);
	wake_up_all(&g->wait);
}

/* Whatever is sent to who waits here, a callback that takes long takes long. */
bool gate_wait(struct gate *g)
{
	bool opened;

	atomic_inc(&g->waiters);
	opened = wait_event_idle_timeout(g->wait, h_load(&g->open),
					 msecs_to_jiffies(2 * H_LIMIT_MS));
	atomic_dec(&g->waiters);
	if (!opened)
		h_fail(__FILE__, __LINE__, "a gate was never opened");
	return opened;
}

unsigned int gate_waiters(struct gate *g)
{
	return atomic_read(&g->waiters);
}

bool gate_busy(struct gate *g)
{
	return wait_until(gate_waiters(g) > 0);
}

void h_open_gates(void)
{
	struct gate *g;

	for (g = gates; g; g = g->next)
		gate_open(g);
}

void h_free_gates(void)
{
	struct gate *g;

	while ((g = gates)) {
		gates = g->next;
		h_free(g);
	}
}

/* ---- threads ------------------------------------------------------------- */

struct h_thread {
	unsigned int number;
	long (*fn)(void *);
	void *arg;
	long ret;
	bool done;			/* with @fn */
	bool left;			/* the module */
	struct task_struct *task;	/* referenced, once it runs */
	struct jump jump;
	struct h_thread *next;
};

static struct h_thread *threads;	/* added to under h_lock() */

struct h_thread *h_thread(long (*fn)(void *), void *arg)
{
	struct h_request *rq = request_alloc(H_OP_THREAD);
	struct h_thread *t = h_alloc(sizeof(*t));
	static unsigned int number;
	int err;

	t->fn = fn;
	t->arg = arg;
	h_lock();
	t->number = ++number;
	t->next = threads;
	h_store(&threads, t);
	h_unlock();
	rq->pid = t->number;
	err = ask_driver(rq);
	h_free(rq);
	if (err) {
		h_store(&t->left, true);
		h_die(__FILE__, __LINE__, "no thread: %d", err);
	}
	return t;
}

/* In the new thread. */
long run_thread(unsigned int number)
{
	struct h_thread *t;

	h_lock();
	for (t = threads; t && (t->number != number || t->task); t = t->next)
		;
	if (t)
		h_store(&t->task, get_task_struct(current));
	h_unlock();
	if (!t)
		return -ENOENT;
	if (!jump_here(&t->jump))
		t->ret = t->fn(t->arg);
	h_store(&t->done, true);
	/* It may be freed after that. */
	h_store(&t->left, true);
	return 0;
}

/* In any context: none is freed while one of them runs. */
struct jump *thread_jump(void)
{
	struct h_thread *t;

	for (t = h_load(&threads); t && t->task != current; t = t->next)
		;
	return t ? &t->jump : NULL;
}

bool h_thread_done(struct h_thread *t)
{
	return h_load(&t->done);
}

long h_join(struct h_thread *t)
{
	wait_until(h_load(&t->left));
	return t->ret;
}

/* Asleep each time that one looks: waiting for more than a moment. */
static bool asleep(struct h_thread *t)
{
	struct task_struct *task = h_load(&t->task);
	int i;

	if (!task)
		return false;
	for (i = 0; i < 20; i++) {
		if (task_is_running(task) || !h_nap(1000))
			return false;
	}
	return true;
}

bool h_thread_settled(struct h_thread *t)
{
	return wait_until(h_thread_done(t) || asleep(t));
}

/* The driver has a handler for it, which cuts short what waits. */
bool h_thread_interrupt(struct h_thread *t)
{
	return wait_until(h_thread_done(t) ||
			  (h_load(&t->task) &&
			   (send_sig(SIGUSR1, t->task, 0), false)));
}

/*
 * One that does not end by itself is ended with its process, and nothing of the
 * module may go away before that; it may also have been killed before it began.
 */
static bool ended(struct h_thread *t)
{
	bool begun;

	h_lock();
	begun = t->task;
	if (!begun && test_is_over())
		t->number = 0;
	h_unlock();
	return h_load(&t->left) || !t->number;
}

void h_end_threads(void)
{
	struct h_thread *t;

	for (t = threads; t; t = t->next) {
		h_join(t);
		while (!ended(t))
			schedule_timeout_idle(1);
	}
	while ((t = threads)) {
		threads = t->next;
		if (t->task)
			put_task_struct(t->task);
		h_free(t);
	}
}

/* ---- parts --------------------------------------------------------------- */

void h_end_parts(void)
{
}
