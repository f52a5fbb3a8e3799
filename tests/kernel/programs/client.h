/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs that use /dev/taps, and load modules, share. */
#ifndef CLIENT_H
#define CLIENT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../modules/taps.h"

#define UNUSED __attribute__((__unused__))

/* Words that processes share */
#define load(p)		__atomic_load_n(p, __ATOMIC_SEQ_CST)
#define store(p, v)	__atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define inc(p)		__atomic_add_fetch(p, 1, __ATOMIC_SEQ_CST)

/* A status, as waitpid() has it */
#define EXITED(code)	((code) << 8)

/* Bit numbers of the events, as in <utrace/utrace.h>. */
enum {
	QUIESCE, REAP, CLONE, EXEC, EXIT, DEATH, SYSCALL_ENTRY, SYSCALL_EXIT,
	SIGNAL, SIGNAL_IGN, SIGNAL_STOP, SIGNAL_TERM, SIGNAL_CORE, JCTL
};
#define EV(name)	(1UL << (name))
#define EV_ALL		((1UL << TAPS_EVENTS) - 1)
#define EV_SIGNALS	(0x1fUL << SIGNAL)

/* Actions of utrace_control(), and what a callback returns. */
enum { STOP, INTERRUPT, REPORT, SINGLESTEP, BLOCKSTEP, RESUME, DETACH };

/* Dispositions of a signal. */
enum {
	SIG_DO_DELIVER = 0x00, SIG_DO_IGN = 0x10, SIG_DO_TERM = 0x20,
	SIG_DO_CORE = 0x30, SIG_DO_STOP = 0x40
};

/* ---- requests ------------------------------------------------------------ */

static UNUSED int taps_open(void)
{
	int fd = open(TAPS_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		perror(TAPS_DEVICE);
		exit(2);
	}
	return fd;
}

/* What the call of utrace answers: 0 or more, or a negative errno. */
static UNUSED int taps_do(int fd, struct taps_call *call)
{
	int ret = ioctl(fd, TAPS_CALL, call);

	return ret < 0 ? -errno : ret;
}

static UNUSED struct taps_how taps_how(unsigned long events)
{
	struct taps_how how = { .events = events, .abort_nr = -1 };

	memset(how.act, TAPS_PASS, sizeof(how.act));
	return how;
}

static UNUSED int tap_attach_how(int fd, pid_t pid, const struct taps_how *how)
{
	struct taps_call call = {
		.request = TAPS_ATTACH, .pid = pid, .how = *how
	};

	return taps_do(fd, &call);
}

static UNUSED int tap_attach(int fd, pid_t pid, unsigned long events)
{
	struct taps_how how = taps_how(events);

	return tap_attach_how(fd, pid, &how);
}

static UNUSED int tap_ask(int fd, int tap, int request, long arg)
{
	struct taps_call call = { .request = request, .tap = tap, .arg = arg };

	return taps_do(fd, &call);
}

static UNUSED int tap_events(int fd, int tap, unsigned long events)
{
	return tap_ask(fd, tap, TAPS_SET_EVENTS, events);
}

static UNUSED int tap_control(int fd, int tap, int action)
{
	return tap_ask(fd, tap, TAPS_CONTROL, action);
}

static UNUSED int tap_barrier(int fd, int tap)
{
	return tap_ask(fd, tap, TAPS_BARRIER, 0);
}

static UNUSED struct taps_seen tap_seen(int fd, int tap)
{
	struct taps_call call = { .request = TAPS_SEEN, .tap = tap };

	taps_do(fd, &call);
	return call.seen;
}

static UNUSED struct taps_seen taps_total(int fd)
{
	struct taps_call call = { .request = TAPS_TOTAL };

	taps_do(fd, &call);
	return call.seen;
}

static UNUSED int taps_follow(int fd, pid_t session, const struct taps_how *how)
{
	struct taps_call call = {
		.request = TAPS_FOLLOW, .pid = session, .how = *how
	};

	return taps_do(fd, &call);
}

static UNUSED int taps_flags(int fd, pid_t pid)
{
	struct taps_call call = { .request = TAPS_FLAGS, .pid = pid };

	return taps_do(fd, &call);
}

/* ---- modules ------------------------------------------------------------- */

static UNUSED int module_load(const char *file, const char *params)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

static UNUSED int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* What utrace says that it could not report, all in all or of @what; -1: it does
 * not say. */
static UNUSED long utrace_missed(const char *what)
{
	FILE *f = fopen("/sys/kernel/debug/utrace/status", "re");
	long n, all = -1;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "missed %ld", &n) == 1 && strstr(line, what))
			all = all < 0 ? n : all + n;
	if (f)
		fclose(f);
	return all;
}

/* ---- time, chance -------------------------------------------------------- */

static UNUSED double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static UNUSED int slow(void)
{
	const char *s = getenv("SLOW");

	return s && atoi(s) > 0 ? atoi(s) : 1;
}

static UNUSED uint64_t rng_next(uint64_t *rng)
{
	uint64_t z = *rng += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static UNUSED unsigned int below(uint64_t *rng, unsigned int n)
{
	return rng_next(rng) % n;
}

static UNUSED void sleep_us(unsigned int us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Short spans are as likely as long ones; up to @max_us. */
static UNUSED void dither(uint64_t *rng, unsigned int max_us)
{
	unsigned int us = 1, i;
	volatile unsigned int spin;

	while (us < max_us && below(rng, 8))
		us *= 2;
	us = below(rng, us + 1);
	if (us > 60)
		sleep_us(us);
	else
		for (i = us * 50, spin = 0; i; i--)
			spin++;
}

/* ---- other processes ----------------------------------------------------- */

/* What ps shows: R, S, T, t, Z ...; 0: there is none. */
static UNUSED char thread_state(pid_t pid, pid_t tid)
{
	char name[64], buf[512], *at;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/stat", pid, tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = 0;
	at = strrchr(buf, ')');
	return at ? at[2] : 0;
}

static UNUSED void print_file(const char *fmt, ...)
{
	char name[128], line[512];
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	f = fopen(name, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		printf("#     %s", line);
	fclose(f);
}

/* What its threads are at, for people. */
static UNUSED void print_process(pid_t pid)
{
	char command[256];

	printf("#   process %d:\n", pid);
	fflush(stdout);
	snprintf(command, sizeof(command),
		 "for t in /proc/%d/task/*; do echo \"#   $t\"; "
		 "grep -E '^(Name|State|PPid|Tracer|Sig|Shd|Utrace)' $t/status | "
		 "tr '\\n' ' '; echo; cat $t/stack; done 2>/dev/null", pid);
	if (system(command))
		return;
}

#endif /* CLIENT_H */
