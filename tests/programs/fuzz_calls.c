// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fuzz_calls SEED N: makes N system calls with arguments at random, pointers
 * into memory at random among them, and ends with status 0.
 *
 * None of them is carried out: a filter hands each to a second thread, which
 * makes up the result.  A tracer sees their entry and their exit all the same.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "callcmd.h"
#include "fuzz.h"

#define ARENA	(64 << 10)
#define LAST_NR	470
/* newer than the headers */
#define URETPROBE_NR	335
#define UPROBE_NR	336

static char *arena;		/* what follows it is not mapped */
static int listener = -1;
static int over;

static unsigned int below(unsigned int n)
{
	return (rnd() >> 32) % n;
}

static uint64_t pointer(void)
{
	switch (below(4)) {
	case 0:
		return (uintptr_t)arena + below(ARENA);
	case 1:
		return (uintptr_t)arena + ARENA - below(64);
	default:
		return (uintptr_t)arena + 8 * below(ARENA / 8);
	}
}

static uint64_t value(void)
{
	switch (below(9)) {
	case 0:
		return 0;
	case 1:
		return -(uint64_t)below(300);
	case 2:
		return rnd();
	case 3:
		return 1ULL << below(64);
	case 4:
		return below(64);
	case 5:
		return below(1 << 20);
	default:
		return pointer();
	}
}

static void stir(void)
{
	unsigned int i, n = 1 + below(64);
	uint64_t *words = (uint64_t *)arena;

	for (i = 0; i < n; i++)
		switch (below(4)) {
		case 0:
			memset(arena + below(ARENA - 32), 'a' + below(26),
			       below(32));
			break;
		case 1:
			arena[below(ARENA)] = 0;
			break;
		default:
			words[below(ARENA / 8)] = value();
		}
}

static void *answer(void *arg)
{
	union {
		struct seccomp_notif notif;
		char room[1024];
	} asked;
	union {
		struct seccomp_notif_resp resp;
		char room[1024];
	} told;

	(void)arg;
	while (__atomic_load_n(&listener, __ATOMIC_ACQUIRE) < 0)
		usleep(1000);
	for (;;) {
		memset(&asked, 0, sizeof(asked));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked)) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			_exit(2);
		}
		if (__atomic_load_n(&over, __ATOMIC_ACQUIRE))
			_exit(0);
		memset(&told, 0, sizeof(told));
		told.resp.id = asked.notif.id;
		switch (asked.notif.data.args[5] % 4) {
		case 0:
			told.resp.error = -(int)(1 + asked.notif.data.args[5] %
						     140);
			break;
		case 1:
			told.resp.val = asked.notif.data.args[5] % 4096;
			break;
		case 2:
			told.resp.val = asked.notif.data.args[5];
			/* what the kernel takes for an error is none here */
			if (told.resp.val < 0 && told.resp.val >= -4095)
				told.resp.val = 0;
			break;
		}
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &told);
	}
}

static int install(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog prog = { 1, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

int main(int argc, char **argv)
{
	unsigned long i, n, nr, a[6];
	pthread_t thread;
	int fd;

	if (argc != 3)
		return 1;
	state = strtoull(argv[1], NULL, 0) | 1;
	n = strtoul(argv[2], NULL, 0);
	arena = mmap(NULL, ARENA + 4096, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED || munmap(arena + ARENA, 4096) ||
	    pthread_create(&thread, NULL, answer, NULL))
		return 1;
	fd = install();
	if (fd < 0)
		_exit(77);
	__atomic_store_n(&listener, fd, __ATOMIC_RELEASE);
	for (i = 0; i < n; i++) {
		int k;

		stir();
		for (k = 0; k < 6; k++)
			a[k] = value();
		nr = below(20) ? below(LAST_NR) : rnd();
		/* no filter sees them, and they are not for everyone */
		if ((uint32_t)nr != URETPROBE_NR && (uint32_t)nr != UPROBE_NR)
			raw_call(nr, a);
	}
	__atomic_store_n(&over, 1, __ATOMIC_RELEASE);
	for (;;)
		raw_call3(SYS_getppid, 0, 0, 0);
}
