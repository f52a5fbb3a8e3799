// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for callbacks and for newborns, on behalf of the core. */
#include <linux/hash.h>
#include <linux/wait.h>

#include "kernel_host.h"

/* Waiters for different threads seldom meet on one queue. */
#define QUEUE_BITS	6
static wait_queue_head_t queues[1 << QUEUE_BITS];

void wait_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(queues); i++)
		init_waitqueue_head(&queues[i]);
}

static wait_queue_head_t *queue_of(struct utrace *utrace)
{
	return &queues[hash_ptr(utrace, QUEUE_BITS)];
}

int utrace_host_wait(struct utrace *utrace, bool (*done)(void *arg), void *arg,
		     bool interruptible)
{
	if (interruptible)
		return wait_event_interruptible(*queue_of(utrace), done(arg)) ?
			-EINTR : 0;
	wait_event_idle(*queue_of(utrace), done(arg));
	return 0;
}

void utrace_host_wake(struct utrace *utrace)
{
	wake_up_all(queue_of(utrace));
}

struct task_struct *utrace_host_pid_task(struct pid *pid)
{
	return get_pid_task(pid, PIDTYPE_PID);
}
