/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the harness's common files (checks.c, programs.c, recorder.c, life.c)
 * and its two flavours: harness.c for the library, kernel/ for the module.
 * Tests do not include it.
 */
#ifndef CONTRACT_FLAVOUR_H
#define CONTRACT_FLAVOUR_H

#include "harness.h"

#ifdef __KERNEL__
#include <linux/kernel.h>
#include <linux/stdarg.h>
#include <uapi/linux/wait.h>		/* WEXITED ... */
#else
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#endif

/* ---- what a flavour provides --------------------------------------------- */

void *h_alloc(size_t size);		/* zeroed; never null */
void h_free(void *p);
void h_lock(void);			/* of the harness's own lists */
void h_unlock(void);
unsigned long long h_now_ms(void);
/* False, at once: the test is being ended from outside. */
bool h_nap(unsigned int us);
/* In any base of C, negative or not. */
long h_number(const char *text);
/* One line of what the test says, with its end. */
void h_say(const char *line, size_t len);

/* The test's tables, from which harness.h's TEST() makes one. */
extern struct h_test *const __start_h_tests[], *const __stop_h_tests[];

/* How a program is talked to. */
#ifdef __KERNEL__
struct h_pipe { struct file *file; };
#else
struct h_pipe { int fd; };
#endif

#define PROG_THREADS	64

struct prog {
	const char *name;
	int pid;
	struct h_pipe cmd, out;
	char buf[8192], line[1024];
	size_t len;
	bool reaped;
	int tids[PROG_THREADS];
	struct task_struct *task, *tasks[PROG_THREADS];
	int nthreads;
	int tracer;
	struct prog *next;
};

/*
 * All of these: 0 or more, or a negative errno.  h_start() fills in pid and
 * pipes.  h_receive(): 0 at the end of what is said, -EAGAIN: nothing came in
 * time.  h_wait_child() as waitid() with @options and WNOHANG: whether there
 * was something, and the wait status.
 */
int h_start(struct prog *p, const char *const *argv);
void h_hang_up(struct prog *p);
int h_send(struct prog *p, const char *text, size_t len);
int h_receive(struct prog *p, char *buf, size_t len, unsigned int ms);
int h_kill(int pid, int sig);
int h_tgkill(int pid, int tid, int sig);
int h_wait_child(int pid, int options, int *status);
int h_peek(struct prog *p, unsigned long addr, void *buf, size_t len);
int h_poke(struct prog *p, unsigned long addr, const void *buf, size_t len);
int h_native_trace(int pid, int *tracer);
struct task_struct *h_find_task(int tid);	/* referenced */

/* At the end of a test. */
void h_open_gates(void);
void h_free_gates(void);
void h_end_threads(void);
void h_end_parts(void);

/* ---- what the common files provide --------------------------------------- */

void h_vfail(const char *file, int line, const char *fmt, va_list ap);
bool h_skipped(void);

/* What comes after the test itself, however it ended. */
void h_end_of_test(void);

void h_end_programs(void);

/* At the end of a test, in this order. */
void rec_teardown_begin(void);		/* gates are open: detach */
void rec_teardown_put(void);		/* the facility is down: give back */
void rec_teardown_end(void);		/* check and free */

#endif /* CONTRACT_FLAVOUR_H */
