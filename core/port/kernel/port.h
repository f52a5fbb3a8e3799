/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * What the core is built from, in the kernel: memory, locks, atomics,
 * references, lists.  core/port/user/port.h has the same for a program.
 */
#ifndef PORT_H
#define PORT_H

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <utrace/utrace.h>

#define port_zalloc(size)	kzalloc(size, GFP_KERNEL)
#define port_free(ptr)		kfree(ptr)

#define port_load(ptr)		READ_ONCE(*(ptr))
#define port_store(ptr, val)	WRITE_ONCE(*(ptr), val)
#define port_load_acquire(ptr)	smp_load_acquire(ptr)
#define port_store_release(ptr, val) smp_store_release(ptr, val)
/*
 * The barrier between one's own store and the load of the other's is the one that
 * smp_store_mb() has after its store, or that of taking the lock in between.
 */
#define port_load_seq(ptr)	smp_load_acquire(ptr)
#define port_store_seq(ptr, val) smp_store_mb(*(ptr), val)

struct port_lock {
	spinlock_t lock;
};

static inline void port_lock_init(struct port_lock *lock)
{
	spin_lock_init(&lock->lock);
}

static inline void port_lock(struct port_lock *lock)
{
	spin_lock(&lock->lock);
}

static inline void port_unlock(struct port_lock *lock)
{
	spin_unlock(&lock->lock);
}

struct port_ref {
	refcount_t count;
};

static inline void port_ref_init(struct port_ref *ref, unsigned int count)
{
	refcount_set(&ref->count, count);
}

static inline void port_ref_get(struct port_ref *ref)
{
	refcount_inc(&ref->count);
}

static inline bool port_ref_put(struct port_ref *ref)
{
	return refcount_dec_and_test(&ref->count);
}

#define PORT_ERESTARTSYS	ERESTARTSYS
#define PORT_ERESTARTNOINTR	ERESTARTNOINTR

#endif /* PORT_H */
