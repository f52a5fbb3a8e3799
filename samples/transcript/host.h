/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * What an engine for both hosts needs besides utrace: memory, a lock, text, and
 * the numbers of system calls.  As with <utrace/kernel-names.h>, the names are
 * the kernel's, and the library's side puts the C library behind them.
 */
#ifndef TRANSCRIPT_HOST_H
#define TRANSCRIPT_HOST_H

#include <utrace/kernel-names.h>

#ifdef __KERNEL__

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <asm/unistd.h>

#else

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <asm/unistd.h>

#define GFP_KERNEL		0
#define kzalloc(size, flags)	calloc(1, size)
#define kfree(ptr)		free(ptr)

struct mutex {
	pthread_mutex_t pthread;
};

#define mutex_init(mutex)	pthread_mutex_init(&(mutex)->pthread, NULL)
#define mutex_lock(mutex)	pthread_mutex_lock(&(mutex)->pthread)
#define mutex_unlock(mutex)	pthread_mutex_unlock(&(mutex)->pthread)

static inline void msleep(unsigned int ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

#endif

#endif /* TRANSCRIPT_HOST_H */
