/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory that a stress test and its traced program (stress_kid) share: file
 * descriptor 3 of the program.
 */
#ifndef STRESS_SHARE_H
#define STRESS_SHARE_H

#include <stdint.h>

#define KID_THREADS	16
#define KID_FD		3	/* the memory */
#define KID_PIPE	4	/* a pipe's writing end, for CMD_WRITE */
#define KID_TIDS	(1 << 22)

/* What a thread of the program does, over and over, until told otherwise. */
enum kid_cmd {
	CMD_SLEEP,		/* wait in a system call for another command */
	CMD_SPIN,		/* run user code */
	CMD_CALLS,		/* getppid() */
	CMD_WRITE,		/* a byte to the pipe */
	CMD_FORK,		/* a child that exits with arg, and wait */
	CMD_VFORK,
	CMD_THREAD,		/* a thread that ends at once, and join */
	CMD_RAISE,		/* SIGUSR1, which has a handler */
	CMD_PAUSE,		/* wait in a system call for a signal */
	/* once */
	CMD_STOP,		/* SIGSTOP to the process, then sleep */
	CMD_EXEC,		/* this program anew: its only thread sleeps */
	CMD_LEAVE,		/* end this thread */
	CMD_EXIT		/* end the process with arg */
};

struct kid_thread {
	uint32_t cmd;		/* enum kid_cmd; a futex */
	int32_t arg;
	int32_t tid;
	uint32_t signals;	/* handled */
	uint64_t loops;
	char pad[40];
};

struct share {
	uint32_t ready;		/* how many threads are there */
	uint32_t after;		/* how many execs there were */
	uint32_t errors;	/* things that an untraced run would not see */
	int32_t error_line;
	int32_t error_no;
	uint32_t quit;		/* mode work, storm: come to an end */
	/* storm */
	uint32_t followed;	/* what is created from now on must be seen */
	uint32_t created;	/* threads and children that came to run */
	uint32_t watched;	/* of those, created after @followed */
	uint32_t missed;	/* of those, not seen */
	int32_t missed_tid;
	uint32_t blind;		/* the tracer does not look any more */
	/* chain */
	int32_t head;		/* the thread that is there now */
	struct kid_thread threads[KID_THREADS];
	uint8_t seen[KID_TIDS];	/* by thread ID, set by the tracer */
};

#define sh_load(p)	__atomic_load_n(p, __ATOMIC_SEQ_CST)
#define sh_store(p, v)	__atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define sh_add(p, n)	__atomic_add_fetch(p, n, __ATOMIC_SEQ_CST)
#define sh_swap(p, v)	__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

#endif /* STRESS_SHARE_H */
