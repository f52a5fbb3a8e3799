// SPDX-License-Identifier: LGPL-2.1-or-later
/* Handles: which thread a number means, for good. */
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utrace/thread.h>

#include "ptrace_host.h"

#define BUCKETS	1024

/* how often threads are listed until the list is whole: more than are needed */
#define LIST_TRIES	10

/**
 * The threads that are known, by ID.
 * @lock: orders the table and the IDs in it; a leaf
 */
static struct {
	pthread_mutex_t lock;
	struct list_head buckets[BUCKETS];
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void forget_locked(struct utrace_thread *thread)
{
	port_store(&thread->phase, PHASE_GONE);
	list_del_init(&thread->hash);
}

/*
 * Begin anew.  Handles of the time before may still be referenced: they name
 * nobody any more.  In a fork child the lists may be half changed, and the lock
 * held by nobody.
 */
void threads_reset(bool forked)
{
	struct utrace_thread *thread, *next;
	struct list_head *head;
	int i;

	if (forked)
		pthread_mutex_init(&table.lock, NULL);
	pthread_mutex_lock(&table.lock);
	for (i = 0; i < BUCKETS; i++) {
		head = &table.buckets[i];
		if (!forked && head->next)
			list_for_each_entry_safe(thread, next, head, hash)
				forget_locked(thread);
		INIT_LIST_HEAD(head);
	}
	pthread_mutex_unlock(&table.lock);
}

static struct list_head *bucket(pid_t tid)
{
	return &table.buckets[(unsigned int)tid % BUCKETS];
}

static struct utrace_thread *lookup_locked(pid_t tid)
{
	struct utrace_thread *thread;

	list_for_each_entry(thread, bucket(tid), hash)
		if (thread->tid == tid &&
		    port_load(&thread->phase) != PHASE_GONE)
			return utrace_thread_get(thread);
	return NULL;
}

/* Its death will be told. */
static bool is_to_die(struct utrace_thread *thread)
{
	return port_load(&thread->phase) == PHASE_SEIZED && !thread->death_noted;
}

/* The thread of that ID that is in the table, referenced, or null. */
struct utrace_thread *thread_lookup(pid_t tid)
{
	struct utrace_thread *thread;

	pthread_mutex_lock(&table.lock);
	thread = lookup_locked(tid);
	pthread_mutex_unlock(&table.lock);
	return thread;
}

static int pidfd_open(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

static struct utrace_thread *thread_alloc(pid_t tid, pid_t tgid)
{
	struct utrace_thread *thread = calloc(1, sizeof(*thread));

	if (!thread)
		return NULL;
	thread->refs = 1;
	thread->tid = tid;
	thread->tgid = tgid;
	thread->pidfd = -1;
	pthread_mutex_init(&thread->lock, NULL);
	INIT_LIST_HEAD(&thread->hash);
	INIT_LIST_HEAD(&thread->mail);
	INIT_LIST_HEAD(&thread->of_worker);
	INIT_LIST_HEAD(&thread->made);
	return thread;
}

static void thread_free(struct utrace_thread *thread)
{
	if (thread->pidfd >= 0)
		close(thread->pidfd);
	utrace_put(thread->state);
	utrace_thread_put(thread->heir);
	regs_drop(thread);
	free(thread->regs.xstate);
	drop_made_signals(thread);
	pthread_mutex_destroy(&thread->lock);
	free(thread);
}

/*
 * Who is there under this number?  The process's descriptor is opened between
 * two looks at the start time, so all three are of one thread.
 */
static int identify(struct utrace_thread *thread)
{
	struct proc_info info;
	struct proc_stat stat, again;
	int err;

	err = proc_read_status(0, thread->tid, &info);
	if (err)
		return err;
	thread->tgid = info.tgid;
	err = proc_read_stat(thread->tgid, thread->tid, &stat);
	if (err)
		return err;
	thread->pidfd = pidfd_open(thread->tgid);
	if (thread->pidfd < 0)
		return errno == ENODEV || errno == EINVAL ? -ESRCH : -errno;
	err = proc_read_stat(thread->tgid, thread->tid, &again);
	if (err)
		return err;
	if (again.start != stat.start)
		return -ESRCH;
	thread->start = stat.start;
	thread->ppid = stat.ppid;
	thread->exit_signal = stat.exit_signal;
	return 0;
}

/* Whether the number still means the thread that the handle was made for. */
bool thread_is_same(struct utrace_thread *thread)
{
	struct proc_stat stat;

	if (thread->pidfd >= 0 &&
	    syscall(SYS_pidfd_send_signal, thread->pidfd, 0, NULL, 0) < 0 &&
	    errno == ESRCH)
		return false;
	if (proc_read_stat(thread->tgid, thread->tid, &stat))
		return false;
	return stat.start == thread->start;
}

/* Whether a dead leader is gone for its parent too, or replaced by an exec. */
bool thread_is_reaped(struct utrace_thread *thread)
{
	if (port_load(&thread->phase) == PHASE_GONE)
		return true;
	if (thread->pidfd < 0)
		return kill(thread->tid, 0) < 0 && errno == ESRCH;
	return syscall(SYS_pidfd_send_signal, thread->pidfd, 0, NULL, 0) < 0 &&
	       errno == ESRCH;
}

static void insert(struct utrace_thread *thread)
{
	list_add_tail(&thread->hash, bucket(thread->tid));
}

/*
 * Whether the number means another thread by now.  Of one that is traced and was
 * alive its worker finds that out.
 */
static bool is_stale(struct utrace_thread *thread)
{
	switch (port_load(&thread->phase)) {
	case PHASE_FREE:
		return !thread_is_same(thread);
	case PHASE_SEIZED:
		return port_load(&thread->run) == RUN_DEAD &&
		       thread_is_replaced(thread);
	default:
		return false;
	}
}

/*
 * The handle of a live thread, made if there is none.  With @tgid the caller
 * knows that the thread exists (it traces it), and a missing pidfd is no error.
 */
struct utrace_thread *thread_find_or_make(pid_t tid, pid_t tgid)
{
	struct utrace_thread *thread, *other;
	int err;

	thread = thread_lookup(tid);
	if (thread && !tgid && is_stale(thread)) {
		thread_forget(thread);
		reaper_look();
		utrace_thread_put(thread);
		thread = NULL;
	}
	if (thread)
		return thread;
	thread = thread_alloc(tid, tgid);
	if (!thread)
		return ERR_PTR(-ENOMEM);
	err = identify(thread);
	if (err && !tgid) {
		thread_free(thread);
		return ERR_PTR(err);
	}
	if (tgid)
		thread->tgid = tgid;
	pthread_mutex_lock(&table.lock);
	other = lookup_locked(tid);
	if (!other)
		insert(thread);
	pthread_mutex_unlock(&table.lock);
	if (other) {
		thread_free(thread);
		return other;
	}
	return thread;
}

/* An exec moved the thread to its leader's ID. */
void thread_rename(struct utrace_thread *thread, pid_t tid)
{
	pthread_mutex_lock(&table.lock);
	list_del_init(&thread->hash);
	port_store(&thread->tid, tid);
	insert(thread);
	pthread_mutex_unlock(&table.lock);
}

/* The thread is gone; its number may come to mean another. */
void thread_forget(struct utrace_thread *thread)
{
	pthread_mutex_lock(&table.lock);
	forget_locked(thread);
	pthread_mutex_unlock(&table.lock);
}

/* One that was not taken yet, referenced, or null. */
struct utrace_thread *threads_take(void)
{
	static unsigned int next;	/* where to look first */
	struct utrace_thread *thread;
	unsigned int i;

	pthread_mutex_lock(&table.lock);
	for (i = 0; i < BUCKETS; i++, next++) {
		list_for_each_entry(thread, bucket(next), hash) {
			if (thread->taken)
				continue;
			thread->taken = true;
			utrace_thread_get(thread);
			pthread_mutex_unlock(&table.lock);
			return thread;
		}
	}
	pthread_mutex_unlock(&table.lock);
	return NULL;
}

/*
 * A thread has died, and is told of as dead after this: whether others of its
 * process, that are traced, are still to be told of.  So exactly one of several
 * that die at once is the last, whoever serves them.
 */
bool thread_note_death(struct utrace_thread *thread)
{
	struct utrace_thread *t, *leader;
	bool others = false;
	int i;

	pthread_mutex_lock(&table.lock);
	thread->death_noted = true;
	leader = lookup_locked(thread->tgid);
	/* its own comes later, and saves the search */
	if (leader)
		others = is_to_die(leader);
	for (i = 0; i < BUCKETS && !others; i++)
		list_for_each_entry(t, &table.buckets[i], hash)
			if (t->tgid == thread->tgid && is_to_die(t))
				others = true;
	pthread_mutex_unlock(&table.lock);
	utrace_thread_put(leader);
	return others;
}

/* It was not to be told of after all. */
void thread_unnote_death(struct utrace_thread *thread)
{
	pthread_mutex_lock(&table.lock);
	thread->death_noted = false;
	pthread_mutex_unlock(&table.lock);
}

void threads_for_each(void (*fn)(struct utrace_thread *thread, void *arg),
		      void *arg)
{
	struct utrace_thread *thread;
	int i;

	pthread_mutex_lock(&table.lock);
	for (i = 0; i < BUCKETS; i++)
		list_for_each_entry(thread, &table.buckets[i], hash)
			fn(thread, arg);
	pthread_mutex_unlock(&table.lock);
}

/* ---- the public calls ----------------------------------------------------- */

struct utrace_thread *utrace_thread_find(pid_t tid)
{
	if (!host_is_up())
		return ERR_PTR(-ESRCH);
	if (tid <= 0)
		return ERR_PTR(-ESRCH);
	return thread_find_or_make(tid, 0);
}

struct utrace_thread *utrace_thread_get(struct utrace_thread *thread)
{
	if (thread)
		__atomic_add_fetch(&thread->refs, 1, __ATOMIC_RELAXED);
	return thread;
}

void utrace_thread_put(struct utrace_thread *thread)
{
	int refs;

	/* in a fork child the locks may be held by nobody who is there */
	if (!thread || host_forked())
		return;
	refs = port_load(&thread->refs);
	while (refs > 1)
		if (__atomic_compare_exchange_n(&thread->refs, &refs, refs - 1,
						true, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return;
	/* the table's lock keeps a lookup from finding what is being freed */
	pthread_mutex_lock(&table.lock);
	refs = __atomic_sub_fetch(&thread->refs, 1, __ATOMIC_ACQ_REL);
	if (!refs)
		list_del_init(&thread->hash);
	pthread_mutex_unlock(&table.lock);
	if (!refs)
		thread_free(thread);
}

pid_t utrace_thread_id(const struct utrace_thread *thread)
{
	return port_load(&thread->tid);
}

pid_t utrace_thread_group(const struct utrace_thread *thread)
{
	return thread->tgid;
}

struct utrace_thread *utrace_current(void)
{
	return utrace_context.thread;
}

bool utrace_thread_stopped(struct utrace_thread *thread)
{
	return port_load_acquire(&thread->run) == RUN_PARKED;
}

ssize_t utrace_thread_list(pid_t pid, pid_t *tids, size_t max, bool *whole)
{
	bool all = false;
	ssize_t n;
	int tries;

	for (tries = 0; tries < LIST_TRIES && !all; tries++) {
		n = proc_list_threads(pid, tids, max);
		if (n < 0)
			return n;
		if ((size_t)n > max)
			break;
		all = proc_list_is_whole(pid, tids, n);
	}
	if (whole)
		*whole = all;
	return n;
}

/* ---- pids ------------------------------------------------------------------ */

struct utrace_pid {
	struct utrace_thread *thread;
};

struct utrace_pid *utrace_pid_find(pid_t nr)
{
	struct utrace_thread *thread = utrace_thread_find(nr);
	struct utrace_pid *pid;

	if (IS_ERR(thread))
		return NULL;
	pid = malloc(sizeof(*pid));
	if (!pid) {
		utrace_thread_put(thread);
		return NULL;
	}
	pid->thread = thread;
	return pid;
}

void utrace_pid_put(struct utrace_pid *pid)
{
	if (!pid)
		return;
	utrace_thread_put(pid->thread);
	free(pid);
}

struct task_struct *utrace_host_pid_task(struct utrace_pid *pid)
{
	struct utrace_thread *thread = pid->thread, *heir;

	if (!host_is_up())
		return NULL;
	pthread_mutex_lock(&table.lock);
	while ((heir = thread->heir))
		thread = heir;
	if (port_load(&thread->phase) == PHASE_GONE)
		thread = NULL;
	utrace_thread_get(thread);
	pthread_mutex_unlock(&table.lock);
	/* one that is traced and alive has its number */
	if (thread && (port_load(&thread->phase) == PHASE_FREE ||
		       port_load(&thread->run) == RUN_DEAD) &&
	    !thread_is_same(thread)) {
		utrace_thread_put(thread);
		return NULL;
	}
	return thread;
}
