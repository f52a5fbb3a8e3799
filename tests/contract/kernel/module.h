/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the test module share. */
#ifndef CONTRACT_MODULE_H
#define CONTRACT_MODULE_H

#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "flavour.h"
#include "device.h"

/* ---- device.c: what user space is asked for ------------------------------ */

/*
 * Have a request performed; by one thread at a time, not in a callback.  The
 * answer is in @rq, its result is returned; -EINTR: the test is being ended.
 */
int ask_driver(struct h_request *rq);
/* The files that the descriptors of the last answer to H_OP_START were. */
struct h_request *request_alloc(enum h_op op);
void request_take_files(struct h_request *rq, struct file *file[2]);

/* ---- run.c: a test's life ------------------------------------------------ */

/* Where h_die() goes; jump.S.  jump_back() does not return. */
struct jump {
	unsigned long bx, bp, r12, r13, r14, r15, sp, ip;
};

/* 0; when it is gone back to, 1. */
int jump_here(struct jump *jump) __attribute__((__returns_twice__));
void jump_back(struct jump *jump);

long run_test(unsigned int number);

/* The test's main thread was killed: nothing waits any more. */
bool test_is_over(void);

/* ---- threads.c ----------------------------------------------------------- */

long run_thread(unsigned int number);
/* That of the current thread, null if it is none of the test's. */
struct jump *thread_jump(void);

#endif /* CONTRACT_MODULE_H */
