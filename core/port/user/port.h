/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * What the core is built from, in a program: memory, locks, atomics,
 * references, lists.  core/port/kernel/port.h has the same for the kernel.
 *
 * Atomics are per variable, never free-standing fences: a pair of sequentially
 * consistent accesses is what orders two parties that each write one variable
 * and read the other's, and a race detector can follow it.
 */
#ifndef PORT_H
#define PORT_H

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <utrace/kernel-names.h>

#include "list.h"

#define port_zalloc(size)	calloc(1, size)
#define port_free(ptr)		free(ptr)

#define port_load(ptr)		__atomic_load_n(ptr, __ATOMIC_RELAXED)
#define port_store(ptr, val)	__atomic_store_n(ptr, val, __ATOMIC_RELAXED)
#define port_load_acquire(ptr)	__atomic_load_n(ptr, __ATOMIC_ACQUIRE)
#define port_store_release(ptr, val) __atomic_store_n(ptr, val, __ATOMIC_RELEASE)
#define port_load_seq(ptr)	__atomic_load_n(ptr, __ATOMIC_SEQ_CST)
#define port_store_seq(ptr, val) __atomic_store_n(ptr, val, __ATOMIC_SEQ_CST)

struct port_lock {
	pthread_mutex_t mutex;
};

static inline void port_lock_init(struct port_lock *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
}

static inline void port_lock(struct port_lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
}

static inline void port_unlock(struct port_lock *lock)
{
	pthread_mutex_unlock(&lock->mutex);
}

struct port_ref {
	unsigned int count;
};

static inline void port_ref_init(struct port_ref *ref, unsigned int count)
{
	port_store(&ref->count, count);
}

static inline void port_ref_get(struct port_ref *ref)
{
	__atomic_add_fetch(&ref->count, 1, __ATOMIC_RELAXED);
}

/* True for whoever gave back the last one. */
static inline bool port_ref_put(struct port_ref *ref)
{
	return __atomic_sub_fetch(&ref->count, 1, __ATOMIC_ACQ_REL) == 0;
}

/* A signal to a thread that waits in one of our calls. */
#define PORT_ERESTARTSYS	EINTR
#define PORT_ERESTARTNOINTR	EINTR

#endif /* PORT_H */
