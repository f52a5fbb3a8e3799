// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who sees zombies go.
 *
 * A dead leader is its parent's to reap, and ptrace does not tell when that is.
 * A thread of the program polls the process descriptors: Linux 6.9 and later
 * hang up when the process is reaped; with older ones it asks now and then.
 * The same thread wakes the workers now and then while they wait for what ptrace
 * does not tell: leaders who exit before their threads, and newborn threads
 * whose creator was killed before its event.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utrace/thread.h>

#include "ptrace_host.h"

/* How often the kernel is asked that does not tell; milliseconds. */
#define ASK_ZOMBIES	20
#define TICK	5

/**
 * The reaper.
 * @lock: orders all below; a leaf
 * @watched: zombies, linked by their of_worker; each referenced
 * @ticks: how many threads their workers have to look at now and then
 * @unsure: how many of @watched have threads that live on, any of which may take
 *	its place by exec; no descriptor tells
 * @bell: an eventfd; -1 while the thread does not run
 * @hangs_up: this kernel has been seen to hang up
 */
static struct {
	pthread_mutex_t lock;
	struct list_head watched;
	unsigned int nr;
	unsigned int ticks;
	unsigned int unsure;
	int bell;
	bool quit;
	bool hangs_up;
	pthread_t thread;
} reaper = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.watched = LIST_HEAD_INIT(reaper.watched),
	.bell = -1,
};

/* Fills in what to poll; the lists are only added to meanwhile. */
static struct pollfd *poll_set(nfds_t *n)
{
	struct utrace_thread *thread;
	struct pollfd *fds;

	fds = calloc(reaper.nr + 1, sizeof(*fds));
	if (!fds)
		return NULL;
	fds[0].fd = reaper.bell;
	fds[0].events = POLLIN;
	*n = 1;
	list_for_each_entry(thread, &reaper.watched, of_worker) {
		fds[*n].fd = thread->pidfd;
		(*n)++;
	}
	return fds;
}

static bool is_gone(struct utrace_thread *thread)
{
	return thread_is_reaped(thread) ||
	       (thread->outlived && thread_is_replaced(thread));
}

static struct utrace_thread *take_gone(void)
{
	struct utrace_thread *thread;

	list_for_each_entry(thread, &reaper.watched, of_worker) {
		if (!is_gone(thread))
			continue;
		list_del_init(&thread->of_worker);
		reaper.nr--;
		reaper.unsure -= thread->outlived;
		return thread;
	}
	return NULL;
}

static void empty(int bell)
{
	eventfd_t rings;

	eventfd_read(bell, &rings);
}

static void *reap_zombies(void *arg)
{
	struct utrace_thread *thread;
	struct pollfd *fds;
	int timeout;
	bool tick;
	nfds_t i, n;

	(void)arg;
	pthread_mutex_lock(&reaper.lock);
	while (!reaper.quit) {
		n = 0;
		fds = poll_set(&n);
		timeout = !fds ? ASK_ZOMBIES : reaper.ticks ? TICK :
			  reaper.unsure || (reaper.nr && !reaper.hangs_up) ?
			  ASK_ZOMBIES : -1;
		tick = reaper.ticks;
		pthread_mutex_unlock(&reaper.lock);
		poll(fds, n, timeout);
		if (tick)
			workers_ring_all();
		pthread_mutex_lock(&reaper.lock);
		for (i = 1; fds && i < n; i++)
			if (fds[i].revents & POLLHUP)
				reaper.hangs_up = true;
		if (fds && (fds[0].revents & POLLIN))
			empty(reaper.bell);
		free(fds);
		while ((thread = take_gone())) {
			pthread_mutex_unlock(&reaper.lock);
			utrace_context.thread = thread;
			bury(thread);
			utrace_context.thread = NULL;
			pthread_mutex_lock(&reaper.lock);
		}
	}
	pthread_mutex_unlock(&reaper.lock);
	return NULL;
}

/*
 * Not by a worker: a thread that a worker creates is the worker's, not the
 * program's.
 */
static int start_locked(void)
{
	int err;

	if (reaper.bell >= 0)
		return 0;
	reaper.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reaper.bell < 0)
		return -errno;
	err = host_thread(&reaper.thread, reap_zombies, NULL);
	if (err) {
		close(reaper.bell);
		reaper.bell = -1;
	}
	return -err;
}

int reaper_start(void)
{
	int err;

	pthread_mutex_lock(&reaper.lock);
	err = start_locked();
	pthread_mutex_unlock(&reaper.lock);
	return err;
}

static void ring_locked(void)
{
	/* it cannot fail but by being full: then it has been rung */
	if (reaper.bell >= 0)
		eventfd_write(reaper.bell, 1);
}

/* Takes over the reference of the thread's adoption. */
void reaper_watch(struct utrace_thread *thread)
{
	bool gone = thread_is_reaped(thread);

	if (!gone) {
		pthread_mutex_lock(&reaper.lock);
		list_add_tail(&thread->of_worker, &reaper.watched);
		reaper.nr++;
		reaper.unsure += thread->outlived;
		ring_locked();
		pthread_mutex_unlock(&reaper.lock);
	}
	if (gone)
		bury(thread);
}

/* One that is watched has been forgotten. Any context. */
void reaper_look(void)
{
	pthread_mutex_lock(&reaper.lock);
	ring_locked();
	pthread_mutex_unlock(&reaper.lock);
}

/* A thread began (1) or ceased (-1) to need looking at now and then. */
void reaper_count_ticks(int n)
{
	pthread_mutex_lock(&reaper.lock);
	reaper.ticks += n;
	if (n > 0)
		ring_locked();
	pthread_mutex_unlock(&reaper.lock);
}

void reaper_shutdown(void)
{
	struct utrace_thread *thread;

	pthread_mutex_lock(&reaper.lock);
	if (reaper.bell < 0) {
		pthread_mutex_unlock(&reaper.lock);
		return;
	}
	reaper.quit = true;
	ring_locked();
	pthread_mutex_unlock(&reaper.lock);
	pthread_join(reaper.thread, NULL);
	pthread_mutex_lock(&reaper.lock);
	close(reaper.bell);
	reaper.bell = -1;
	reaper.quit = false;
	reaper.ticks = 0;
	reaper.unsure = 0;
	while (!list_empty(&reaper.watched)) {
		thread = list_first_entry(&reaper.watched, struct utrace_thread,
					  of_worker);
		list_del_init(&thread->of_worker);
		reaper.nr--;
		thread_forget(thread);
		utrace_thread_put(thread);
	}
	pthread_mutex_unlock(&reaper.lock);
}

/* In a fork child nothing of the parent's is left. */
void reaper_reset(void)
{
	pthread_mutex_init(&reaper.lock, NULL);
	INIT_LIST_HEAD(&reaper.watched);
	if (reaper.bell >= 0)
		close(reaper.bell);
	reaper.bell = -1;
	reaper.nr = 0;
	reaper.ticks = 0;
	reaper.unsure = 0;
	reaper.quit = false;
}
