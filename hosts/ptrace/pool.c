// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The pool of workers: which of them serves which process.
 *
 * A process has one worker; one process's callbacks hold up no other process
 * while there are workers for both.  A worker that needs another in the middle
 * of its work, for a process that was born just now, cannot start one itself: a
 * thread that a worker creates is not the program's.  The recruiter does, a
 * thread of the program, and keeps one idle ahead of the need; the guardian,
 * which such a change of workers needs, is its child as well.
 */
#include <time.h>

#include "ptrace_host.h"

#define MAX_WORKERS	64
/* how long a worker waits for the recruiter; seconds */
#define MAX_RECRUITING	1

/**
 * The pool.
 * @lock: orders all below, starting workers, and what is expected of them.
 *	Taken before a worker's mail lock, after a thread's lock, never the
 *	other way round.
 * @wanted: the recruiter is to see to it that one is idle
 * @short_of_one: it could not
 * @vacancy: it sleeps on this
 * @recruited: and tells by this
 */
static struct {
	pthread_mutex_t lock;
	struct list_head workers;
	struct list_head retired;
	unsigned int nr;
	bool recruiting;
	bool wanted;
	bool short_of_one;
	bool quit;
	pthread_cond_t vacancy;
	pthread_cond_t recruited;
	pthread_t recruiter;
} pool = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.workers = LIST_HEAD_INIT(pool.workers),
	.retired = LIST_HEAD_INIT(pool.retired),
	.vacancy = PTHREAD_COND_INITIALIZER,
	.recruited = PTHREAD_COND_INITIALIZER,
};

/* ---- all below with the pool's lock held --------------------------------- */

static struct worker *least_loaded(struct worker *but)
{
	struct worker *worker, *least = NULL;

	list_for_each_entry(worker, &pool.workers, link) {
		if (worker == but)
			continue;
		if (!least || port_load(&worker->load) < port_load(&least->load))
			least = worker;
	}
	return least;
}

static struct worker *idle_worker(struct worker *but)
{
	struct worker *worker = least_loaded(but);

	return worker && !port_load(&worker->load) ? worker : NULL;
}

static struct worker *add_worker(int *err)
{
	struct worker *worker = worker_start(err);

	if (worker) {
		list_add_tail(&worker->link, &pool.workers);
		pool.nr++;
	}
	return worker;
}

static void *recruit(void *arg)
{
	int err;

	(void)arg;
	pthread_mutex_lock(&pool.lock);
	while (!pool.quit) {
		if (!pool.wanted) {
			pthread_cond_wait(&pool.vacancy, &pool.lock);
			continue;
		}
		pool.wanted = false;
		pool.short_of_one = guardian_start() ||
				    (!idle_worker(NULL) &&
				     (pool.nr >= MAX_WORKERS ||
				      !add_worker(&err)));
		pthread_cond_broadcast(&pool.recruited);
	}
	pthread_mutex_unlock(&pool.lock);
	return NULL;
}

static int start_recruiter(void)
{
	int err;

	if (pool.recruiting)
		return 0;
	pool.quit = false;
	pool.wanted = false;
	err = host_thread(&pool.recruiter, recruit, NULL);
	pool.recruiting = !err;
	return err;
}

/* Or the least loaded, if there cannot be more. */
static struct worker *idle_or_new_worker(int *err)
{
	struct worker *worker = least_loaded(NULL), *fresh;

	if (worker && (!port_load(&worker->load) || pool.nr >= MAX_WORKERS))
		return worker;
	*err = start_recruiter();
	fresh = *err ? NULL : add_worker(err);
	return fresh ? fresh : worker;
}

static void want_idle_worker(void)
{
	pool.wanted = true;
	pthread_cond_signal(&pool.vacancy);
}

/* Wait for one that is idle, if there can be one, and for the guardian. */
static struct worker *await_idle_worker(struct worker *but)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += MAX_RECRUITING;
	pool.short_of_one = false;
	while ((!idle_worker(but) || !guardian_runs()) && !pool.quit &&
	       !pool.short_of_one) {
		want_idle_worker();
		if (pthread_cond_timedwait(&pool.recruited, &pool.lock, &limit))
			break;
	}
	return idle_worker(but);
}

/* ---- who serves whom ----------------------------------------------------- */

struct pick {
	pid_t tgid;
	struct worker *worker;
};

static void pick_same_process(struct utrace_thread *thread, void *arg)
{
	struct pick *pick = arg;
	struct worker *owner = port_load_acquire(&thread->owner);

	if (owner && thread->tgid == pick->tgid)
		pick->worker = owner;
}

/*
 * The worker for a thread that nobody owns: one that serves its process
 * already, else an idle one, else a new one, else the least loaded.  The choice
 * counts as load until worker_chosen().  Not by a worker.
 */
struct worker *worker_of(struct utrace_thread *thread)
{
	struct pick pick = { .tgid = thread->tgid };
	struct worker *worker;
	int err = 0;

	threads_for_each(pick_same_process, &pick);
	pthread_mutex_lock(&pool.lock);
	worker = pick.worker;
	if (!worker)
		worker = idle_or_new_worker(&err);
	if (worker)
		__atomic_add_fetch(&worker->load, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&pool.lock);
	return worker ?: ERR_PTR(err);
}

void worker_chosen(struct worker *worker)
{
	__atomic_sub_fetch(&worker->load, 1, __ATOMIC_RELAXED);
}

/*
 * The worker for a process that was born into the hands of @from: an idle one,
 * else the least loaded, or null if @from has no more to do than others or that
 * one is in callbacks: the process waits for it, and not for ever.  It does not
 * end before worker_found(), which leaves the process as its load, or
 * worker_not_chosen().
 */
struct worker *worker_for_newborn(struct worker *from)
{
	struct worker *worker;

	pthread_mutex_lock(&pool.lock);
	worker = await_idle_worker(from);
	if (!worker)
		worker = least_loaded(from);
	if (pool.quit || (worker && (port_load(&worker->load) + 1 >=
				     port_load(&from->load) ||
				     port_load_seq(&worker->serving))))
		worker = NULL;
	if (worker) {
		__atomic_add_fetch(&worker->load, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&worker->expected, 1, __ATOMIC_SEQ_CST);
		if (!idle_worker(from))
			want_idle_worker();
	}
	pthread_mutex_unlock(&pool.lock);
	return worker;
}

/* It has come. */
void worker_found(struct worker *worker)
{
	__atomic_sub_fetch(&worker->expected, 1, __ATOMIC_SEQ_CST);
}

void worker_not_chosen(struct worker *worker)
{
	worker_found(worker);
	worker_chosen(worker);
	worker_ring(worker);
}

bool worker_is_ours(pid_t pid)
{
	struct worker *worker;
	bool ours = false;

	pthread_mutex_lock(&pool.lock);
	list_for_each_entry(worker, &pool.workers, link)
		if (port_load(&worker->pid) == pid)
			ours = true;
	pthread_mutex_unlock(&pool.lock);
	return ours;
}

unsigned int workers_count(void)
{
	unsigned int nr;

	pthread_mutex_lock(&pool.lock);
	nr = pool.nr;
	pthread_mutex_unlock(&pool.lock);
	return nr;
}

void workers_ring_all(void)
{
	struct worker *worker;

	pthread_mutex_lock(&pool.lock);
	list_for_each_entry(worker, &pool.workers, link)
		worker_ring(worker);
	pthread_mutex_unlock(&pool.lock);
}

/* ---- the end ------------------------------------------------------------- */

/* In a fork child there are no workers. */
void workers_reset(void)
{
	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.vacancy, NULL);
	pthread_cond_init(&pool.recruited, NULL);
	INIT_LIST_HEAD(&pool.workers);
	INIT_LIST_HEAD(&pool.retired);
	pool.nr = 0;
	pool.recruiting = false;
	guardian_reset();
	memset(&utrace_context, 0, sizeof(utrace_context));
}

static void dismiss_recruiter(void)
{
	bool recruiting;

	pthread_mutex_lock(&pool.lock);
	recruiting = pool.recruiting;
	pool.quit = true;
	pthread_cond_signal(&pool.vacancy);
	pthread_cond_broadcast(&pool.recruited);
	pthread_mutex_unlock(&pool.lock);
	if (recruiting)
		pthread_join(pool.recruiter, NULL);
	pool.recruiting = false;
}

static struct worker *first_worker(void)
{
	struct worker *worker = NULL;

	pthread_mutex_lock(&pool.lock);
	if (!list_empty(&pool.workers))
		worker = list_first_entry(&pool.workers, struct worker, link);
	pthread_mutex_unlock(&pool.lock);
	return worker;
}

/*
 * Every thread is being let go; wait until the workers are done with that.  No
 * worker is started any more.  Until it has ended it is in the pool, and is rung
 * if it waits for what ptrace does not tell.
 */
void workers_shutdown(void)
{
	struct worker *worker;

	dismiss_recruiter();
	while ((worker = first_worker())) {
		port_store_seq(&worker->quit, true);
		worker_ring(worker);
		pthread_join(worker->lender, NULL);
		pthread_mutex_lock(&pool.lock);
		list_del_init(&worker->link);
		pool.nr--;
		/* a call that is on its way out may still look at it */
		list_add_tail(&worker->link, &pool.retired);
		pthread_mutex_unlock(&pool.lock);
	}
	guardian_stop();
}

/* After the last call, and not before: it may still look at one that ended. */
void workers_free(void)
{
	struct worker *worker;

	while (!list_empty(&pool.retired)) {
		worker = list_first_entry(&pool.retired, struct worker, link);
		list_del_init(&worker->link);
		worker_free(worker);
	}
}
