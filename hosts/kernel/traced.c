// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of threads that have been attached to, and the end of each.
 *
 * An entry is made by the first attach and lives until the thread is reaped,
 * whether engines are attached or not: its hooks may be anywhere, and that it is
 * looked up is all that they cost without.
 */
#include <linux/delay.h>
#include <linux/hashtable.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "kernel_host.h"

struct hlist_head traced_table[1 << TRACED_BITS];
/* Orders additions to the table and removals; traced.lock is taken under it. */
static DEFINE_SPINLOCK(table_lock);

/*
 * How many threads in the table are of thread groups that share a place here: whoever
 * sends a signal to a group that has none looks at this, and not at its threads.
 */
static unsigned int known[1 << TRACED_BITS];

static unsigned int *known_of(struct task_struct *task)
{
	return &known[hash_ptr(task->signal, TRACED_BITS)];
}

struct traced *traced_get(struct task_struct *task)
{
	struct traced *traced;

	rcu_read_lock();
	traced = traced_find(task);
	if (traced && !refcount_inc_not_zero(&traced->refs))
		traced = NULL;
	rcu_read_unlock();
	return traced;
}

bool traced_group(struct task_struct *task)
{
	struct task_struct *thread;
	struct traced *traced;

	if (!READ_ONCE(*known_of(task)))
		return false;
	for_each_thread(task, thread) {
		traced = traced_find(thread);
		if (traced && traced->awake)
			return true;
	}
	return false;
}

bool traced_group_wants(struct task_struct *task, unsigned long events)
{
	struct task_struct *thread;

	for_each_thread(task, thread)
		if (utrace_wanted(state_find(thread)) & events)
			return true;
	return false;
}

/* ---- host.h: storage ----------------------------------------------------- */

struct utrace *utrace_host_state(struct task_struct *task)
{
	struct utrace *utrace;

	rcu_read_lock();
	utrace = utrace_get(state_find(task));
	rcu_read_unlock();
	return utrace;
}

static struct traced *traced_new(struct task_struct *task,
				 struct utrace *utrace)
{
	struct traced *traced = kzalloc(sizeof(*traced), GFP_KERNEL);

	if (!traced)
		return NULL;
	traced->task = get_task_struct(task);
	RCU_INIT_POINTER(traced->utrace, utrace_get(utrace));
	traced->generation = READ_ONCE(facility_generation);
	refcount_set(&traced->refs, 1);
	spin_lock_init(&traced->lock);
	traced->asked = -1;
	traced->parent_told = -2;
	report_init(traced);
	ignored_init(traced);
	return traced;
}

static void traced_free(struct rcu_head *rcu)
{
	struct traced *traced = container_of(rcu, struct traced, rcu);

	utrace_put(rcu_access_pointer(traced->utrace));
	put_task_struct(traced->task);
	kfree(traced);
}

void traced_put(struct traced *traced)
{
	if (refcount_dec_and_test(&traced->refs))
		call_rcu(&traced->rcu, traced_free);
}

/* Under the table's lock. The end of the thread is to be told to it anew. */
static struct utrace *replace_state(struct traced *traced, struct utrace *fresh)
{
	struct utrace *old = rcu_access_pointer(traced->utrace);

	spin_lock(&traced->lock);
	if (traced->end == END_DEAD)
		traced->end = END_NONE;
	spin_unlock(&traced->lock);
	rcu_assign_pointer(traced->utrace, utrace_get(fresh));
	traced->generation = READ_ONCE(facility_generation);
	return old;
}

struct utrace *utrace_host_install(struct task_struct *task,
				   struct utrace *fresh)
{
	struct traced *mine = traced_new(task, fresh), *traced;
	struct utrace *utrace, *old = NULL;

	if (!mine)
		return NULL;
	spin_lock(&table_lock);
	traced = traced_find(task);
	if (!traced) {
		WRITE_ONCE(*known_of(task), *known_of(task) + 1);
		hash_add_rcu(traced_table, &mine->node, (unsigned long)task);
		traced = mine;
		mine = NULL;
	} else if (!state_of(traced)) {
		old = replace_state(traced, fresh);
	}
	utrace = utrace_get(rcu_access_pointer(traced->utrace));
	spin_unlock(&table_lock);
	if (mine)
		traced_put(mine);
	if (old) {
		synchronize_rcu();
		utrace_put(old);
	}
	return utrace;
}

static void forget(struct traced *traced)
{
	bool mine;

	spin_lock(&table_lock);
	mine = !hlist_unhashed(&traced->node);
	if (mine) {
		hlist_del_init_rcu(&traced->node);
		WRITE_ONCE(*known_of(traced->task),
			   *known_of(traced->task) - 1);
	}
	spin_unlock(&table_lock);
	if (mine)
		traced_put(traced);
}

/* ---- host.h: adopting ---------------------------------------------------- */

/* It never runs user code. */
bool is_kernels(struct task_struct *task)
{
#ifdef PF_USER_WORKER
	return task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER);
#else
	return task->flags & (PF_KTHREAD | PF_IO_WORKER);
#endif
}

/*
 * Its exit is past the point where it would have been seen.  If it did not see
 * that it is known, it will not tell its death, and whoever attaches does, once
 * it runs no more.  The wait is for the last few steps of its exit.
 */
static void adopt_dead(struct traced *traced)
{
	while (READ_ONCE(traced->end) == END_NONE) {
		if (READ_ONCE(traced->task->__state) == TASK_DEAD) {
			traced_died(traced, 0);
			break;
		}
		schedule_timeout_uninterruptible(1);
	}
}

/*
 * The creator of a newborn reports it first (ATT-9): wait until it has begun, for
 * then the core knows, or did not do so and started it.
 */
static int await_creator(struct traced *traced)
{
	struct task_struct *task = traced->task;
	struct traced *creator = traced_current();

	if (creator && creator->child == task)
		return 0;
	while (READ_ONCE(task->__state) == TASK_NEW &&
	       !READ_ONCE(traced->newborn)) {
		if (signal_pending(current))
			return -EINTR;
		schedule_timeout_interruptible(1);
	}
	return 0;
}

static int adopt(struct traced *traced)
{
	struct task_struct *task = traced->task;

	if (is_kernels(task)) {
		forget(traced);
		return -EPERM;
	}
	atomic_inc(&traced->adopters);
	/* pairs with the thread's own look at the engines in traced_settle() */
	smp_store_mb(traced->awake, true);
	/*
	 * Pairs with the unhashing that comes before its release_thread(), which
	 * may be yet to come: it has to find the entry if it is another's too.
	 */
	if (!pid_alive(task)) {
		if (atomic_dec_and_test(&traced->adopters) &&
		    !READ_ONCE(traced->adopted))
			forget(traced);
		return -ESRCH;
	}
	WRITE_ONCE(traced->adopted, true);
	smp_mb__before_atomic();
	atomic_dec(&traced->adopters);
	if (!READ_ONCE(task->exit_state))
		return await_creator(traced);
	adopt_dead(traced);
	return 0;
}

int utrace_host_adopt(struct task_struct *task)
{
	struct traced *traced;
	int err;

	traced = traced_get(task);
	if (!traced)
		return -ESRCH;
	err = adopt(traced);
	traced_put(traced);
	return err;
}

/* The partner of utrace_host_adopt(): one of the two sees the other. */
void traced_settle(struct traced *traced)
{
	if (traced->stepping || traced->stashed || traced->stop_number ||
	    traced->delivers || !utrace_idle(state_of(traced)))
		return;
	syscalls_disarm(traced);
	/* the call that it last asked for is not that of whoever comes next */
	syscalls_left(traced);
	smp_store_mb(traced->awake, false);
	if (!utrace_idle(state_of(traced)))
		WRITE_ONCE(traced->awake, true);
	else if (ignored_are_kept(traced))
		ignored_drop_own(traced);
}

/* ---- the end ------------------------------------------------------------- */

/* Somebody who may be another reports its end. */
bool traced_ended_by(struct task_struct *task)
{
	struct traced *traced;
	bool found = false;
	unsigned int i;

	rcu_read_lock();
	hash_for_each_rcu(traced_table, i, traced, node)
		if (READ_ONCE(traced->ended_by) == task)
			found = true;
	rcu_read_unlock();
	return found;
}

static void reap(struct traced *traced)
{
	WRITE_ONCE(traced->ended_by, current);
	utrace_report_reap(state_of(traced));
	WRITE_ONCE(traced->ended_by, NULL);
	forget(traced);
}

/* By the thread itself, or by who attaches to one that is dead already. */
void traced_died(struct traced *traced, int signal)
{
	bool mine, reap_too;

	spin_lock(&traced->lock);
	mine = traced->end == END_NONE;
	if (mine)
		traced->end = END_DEATH;
	spin_unlock(&traced->lock);
	if (!mine)
		return;
	WRITE_ONCE(traced->ended_by, current);
	utrace_report_death(state_of(traced), traced->group_dead, signal);
	WRITE_ONCE(traced->ended_by, NULL);
	spin_lock(&traced->lock);
	traced->end = END_DEAD;
	reap_too = traced->reap_due;
	spin_unlock(&traced->lock);
	if (reap_too)
		reap(traced);
}

/* By whoever reaps it: its death may not have been told yet. */
void traced_reaped(struct traced *traced)
{
	bool now;

	spin_lock(&traced->lock);
	now = traced->end == END_DEAD && !traced->reap_due;
	traced->reap_due = true;
	spin_unlock(&traced->lock);
	if (now)
		reap(traced);
}

/* ---- all of them ---------------------------------------------------------- */

/* References of all entries, as many as @room; returns how many there are. */
static unsigned int collect(struct traced **all, unsigned int room)
{
	struct traced *traced;
	unsigned int n = 0, i;

	rcu_read_lock();
	hash_for_each_rcu(traced_table, i, traced, node) {
		if (n < room && !refcount_inc_not_zero(&traced->refs))
			continue;
		if (n < room)
			all[n] = traced;
		n++;
	}
	rcu_read_unlock();
	return n;
}

void traced_each(void (*fn)(struct traced *traced))
{
	unsigned int room = 64, n, i;
	struct traced **all;

	for (;;) {
		all = kvcalloc(room, sizeof(*all), GFP_KERNEL | __GFP_NOFAIL);
		n = collect(all, room);
		if (n <= room)
			break;
		for (i = 0; i < room; i++)
			traced_put(all[i]);
		kvfree(all);
		room = n + n / 2;
	}
	for (i = 0; i < n; i++) {
		fn(all[i]);
		traced_put(all[i]);
	}
	kvfree(all);
}

void traced_forget_all(void)
{
	traced_each(forget);
	rcu_barrier();
}
