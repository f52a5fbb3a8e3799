// SPDX-License-Identifier: LGPL-2.1-or-later
/* Bringing the library up and down, and what the core asks of its host. */
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <utrace/thread.h>

#include "ptrace_host.h"

/**
 * What is not there any more in a fork child: the page is wiped by the kernel.
 * @here: always set
 * @up: utrace_init() was called, and utrace_shutdown() has not begun
 * @running: utrace_shutdown() has not ended
 */
struct here {
	bool here;
	bool up;
	bool running;
};

static struct here *here;
/* how often utrace_init() brought it up, here or where we were forked from */
static unsigned int generation;
/*
 * How many calls are between host_begin() and host_end().  Partner of @up: they
 * count themselves, then look at @up; utrace_shutdown() clears @up, then waits
 * until there is none.
 */
static unsigned int begun;
static pthread_mutex_t init_lock = PTHREAD_MUTEX_INITIALIZER;

struct host_stats host_stats;

bool host_is_up(void)
{
	struct here *page = port_load_acquire(&here);

	return page && port_load_acquire(&page->up);
}

/* This is a fork child of the program that brought the library up. */
bool host_forked(void)
{
	struct here *page = port_load_acquire(&here);

	return page && !page->here;
}

/*
 * Around whatever chooses a worker and hands it jobs: false if the library is
 * going down.  Until host_end() no worker ends.
 */
bool host_begin(void)
{
	__atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
	if (host_is_up())
		return true;
	host_end();
	return false;
}

void host_end(void)
{
	if (!__atomic_sub_fetch(&begun, 1, __ATOMIC_SEQ_CST) && !host_is_up())
		syscall(SYS_futex, &begun, FUTEX_WAKE_PRIVATE, 1, NULL, NULL,
			0);
}

static void wait_for_begun(void)
{
	unsigned int n;

	while ((n = port_load_seq(&begun)))
		syscall(SYS_futex, &begun, FUTEX_WAIT_PRIVATE, n, NULL, NULL,
			0);
}

/* A thread of the library, which takes no signal of the program; 0 or -errno. */
int host_thread(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

static int check_kernel(void)
{
	struct utsname name;
	int major, minor;
	char *end;

	if (uname(&name))
		return -errno;
	major = strtol(name.release, &end, 10);
	minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	return major > 5 || (major == 5 && minor >= 3) ? 0 : -ENOSYS;
}

static int make_page(void)
{
	struct here *page;

	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -errno;
	if (madvise(page, sizeof(*page), MADV_WIPEONFORK)) {
		munmap(page, sizeof(*page));
		return -ENOSYS;
	}
	page->here = true;
	port_store_release(&here, page);
	return 0;
}

int utrace_init(void)
{
	int err = check_kernel();
	bool forked;

	if (err)
		return err;
	forked = host_forked();
	if (forked) {
		/* somebody may have held it when we were forked */
		pthread_mutex_init(&init_lock, NULL);
		port_store(&begun, 0U);
		here->here = true;
	}
	pthread_mutex_lock(&init_lock);
	if (!here)
		err = make_page();
	if (!err && here && here->running)
		err = -EALREADY;
	if (!err && here) {
		regs_init();
		start_note_signals();
		threads_reset(forked);
		if (forked) {
			workers_reset();
			reaper_reset();
		}
		memset(&host_stats, 0, sizeof(host_stats));
		if (!++generation)
			generation = 1;
		port_store_seq(&here->running, true);
		port_store_seq(&here->up, true);
	}
	pthread_mutex_unlock(&init_lock);
	return err;
}

/*
 * No engine is attached any more, and threads that are born meanwhile get none.
 */
static void detach_everything(void)
{
	struct utrace_thread *thread;

	while ((thread = threads_take())) {
		utrace_start_drop(thread);
		utrace_detach_all(state_of(thread));
		utrace_thread_put(thread);
	}
}

int utrace_shutdown(void)
{
	if (utrace_context.worker || utrace_context.thread)
		return -EDEADLK;
	if (!host_is_up())
		return -ESRCH;
	pthread_mutex_lock(&init_lock);
	if (!host_is_up()) {
		pthread_mutex_unlock(&init_lock);
		return -ESRCH;
	}
	port_store_seq(&here->up, false);
	wait_for_begun();
	detach_everything();
	workers_shutdown();
	reaper_shutdown();
	port_store_seq(&here->running, false);
	pthread_mutex_unlock(&init_lock);
	return 0;
}

int utrace_exit(void)
{
	int err = 0;

	if (host_forked())
		return -ESRCH;
	pthread_mutex_lock(&init_lock);
	if (here && here->running) {
		err = -EBUSY;
	} else if (here) {
		workers_free();
		munmap(here, sizeof(*here));
		port_store_release(&here, (struct here *)NULL);
	}
	pthread_mutex_unlock(&init_lock);
	return err;
}

/* ---- host.h ------------------------------------------------------------------ */

unsigned int utrace_host_generation(void)
{
	return host_is_up() ? port_load(&generation) : 0;
}

bool utrace_host_up(void)
{
	return host_is_up();
}

bool utrace_host_forked(void)
{
	return host_forked();
}

struct utrace *utrace_host_state(struct task_struct *task)
{
	return utrace_get(state_of(task));
}

struct utrace *utrace_host_install(struct task_struct *task,
				   struct utrace *fresh)
{
	struct utrace *none = NULL;

	utrace_get(fresh);
	if (__atomic_compare_exchange_n(&task->state, &none, fresh, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return utrace_get(fresh);
	utrace_put(fresh);
	return utrace_get(none);
}

void utrace_host_sync(void)
{
	worker_sync();
}

void utrace_host_kick(struct task_struct *task, unsigned int what)
{
	if (what & UTRACE_KICK_WANTED)
		__atomic_add_fetch(&task->asked, 1, __ATOMIC_SEQ_CST);
	worker_mail(task, what);
}

bool utrace_host_job_stopped(struct task_struct *task)
{
	return port_load_seq(&task->job_stopped);
}

/* A thread that nobody serves will not hold anyone up. */
bool utrace_host_settled(struct task_struct *task)
{
	return port_load_seq(&task->settled) == port_load_seq(&task->asked) ||
	       !port_load_seq(&task->owner);
}

void utrace_host_get_task(struct task_struct *task)
{
	utrace_thread_get(task);
}

void utrace_host_put_task(struct task_struct *task)
{
	utrace_thread_put(task);
}

static bool at_hand(void *arg)
{
	struct utrace_thread *thread = arg;

	return port_load_seq(&thread->run) == RUN_PARKED ||
	       port_load_seq(&thread->run) == RUN_DEAD ||
	       port_load_seq(&thread->phase) != PHASE_SEIZED;
}

int utrace_host_inactive(struct task_struct *task)
{
	struct utrace *utrace;
	int err;

	if (!at_hand(task)) {
		if (utrace_context.thread)
			return -EAGAIN;
		utrace = utrace_host_state(task);
		err = utrace_wait(utrace, at_hand, task, true);
		utrace_put(utrace);
		if (err)
			return err;
	}
	return port_load_seq(&task->run) == RUN_PARKED ? 0 : -EAGAIN;
}

/*
 * With a time limit a futex wait is never restarted after a signal handler,
 * which is how a handler that ran is told from none.
 */
int utrace_host_wait(struct utrace *utrace, bool (*done)(void *arg), void *arg,
		     bool interruptible)
{
	unsigned int *word = utrace_wait_word(utrace);
	const struct timespec limit = { .tv_sec = 3600 };
	unsigned int seen;

	for (;;) {
		seen = port_load_seq(word);
		if (done(arg))
			return 0;
		if (utrace_context.thread || utrace_context.worker)
			return -EDEADLK;
		if (!host_is_up())
			return -ESRCH;
		if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, &limit,
			    NULL, 0) < 0 && errno == EINTR && interruptible)
			return -EINTR;
	}
}

void utrace_host_wake(struct utrace *utrace)
{
	unsigned int *word = utrace_wait_word(utrace);

	__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1 << 30, NULL, NULL, 0);
}

/* ---- counters ------------------------------------------------------------------ */

void utrace_host_pass_begins(struct task_struct *task)
{
	if (utrace_context.worker)
		worker_serves(utrace_context.worker, task->tgid);
}

void utrace_host_pass_ends(struct task_struct *task, unsigned int callbacks)
{
	(void)task;
	if (utrace_context.worker)
		worker_serves(utrace_context.worker, 0);
	count(passes, 1);
	count(callbacks, callbacks);
}

void utrace_get_stats(struct utrace_stats *stats, size_t size)
{
	struct utrace_stats now = {
		.workers = host_is_up() ? workers_count() : 0,
		.stops = port_load(&host_stats.stops),
		.passes = port_load(&host_stats.passes),
		.callbacks = port_load(&host_stats.callbacks),
		.queued_behind = port_load(&host_stats.queued_behind),
	};

	memcpy(stats, &now, size < sizeof(now) ? size : sizeof(now));
}
