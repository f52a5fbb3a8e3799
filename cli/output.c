// SPDX-License-Identifier: LGPL-2.1-or-later
/* A bounded buffer between callbacks and the reader of the output. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "complain.h"
#include "outfile.h"
#include "output.h"

/*
 * The writer gives lines this long to gather, unless there is more than
 * PROMPT bytes: a wake-up a line would take the CPU from the traced program.
 */
#define GATHER_NS	(10 * 1000 * 1000)
#define PROMPT		((size_t)64 << 10)

/* At most this much in one write, so that space is given back steadily. */
#define MAX_WRITE	((size_t)256 << 10)

/* How long a reader that stands still is given at the end, if we drop or were
 * interrupted. */
#define PATIENCE_MS	1000

/*
 * @lock protects everything below it up to @thread, and is held for copying
 * only, never while writing.  The bytes [@head, @head + @used) of the ring
 * belong to the writer; it alone moves @head.
 */
struct utrace_output {
	char *ring;
	size_t size;
	const char *name;
	bool may_lose;		/* the user chose to drop rather than wait */
	int fd;
	int broken_fd;		/* eventfd: writing failed */
	int done_fd;		/* eventfd: the writer is gone */

	pthread_mutex_t lock;
	pthread_cond_t room;	/* @used shrank, or waiting is over */
	pthread_cond_t work;	/* the writer has reason to look */
	size_t head;
	size_t used;
	bool drop;
	bool large;		/* someone puts in a text larger than the ring */
	bool idle;		/* the writer waits for the first byte */
	bool gathering;		/* the writer waits for more */
	bool old;		/* the file may hold something from before */
	bool commit;		/* empty it even if there is no line for it */
	bool finish;
	bool abandon;		/* not even what is there is to be written */
	int error;		/* errno of the write that failed */
	unsigned long dropped;
	unsigned long long written;

	bool running;
	pthread_t thread;
};

struct utrace_output *output_new(size_t size, bool drop)
{
	struct utrace_output *out = calloc(1, sizeof(*out));
	pthread_condattr_t monotonic;

	if (!out)
		return NULL;
	out->ring = malloc(size);
	out->size = size;
	out->drop = drop;
	out->may_lose = drop;
	out->fd = -1;
	out->broken_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	out->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&out->lock, NULL);
	pthread_cond_init(&out->room, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&out->work, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (!out->ring || out->broken_fd < 0 || out->done_fd < 0) {
		output_free(out);
		return NULL;
	}
	return out;
}

void output_free(struct utrace_output *out)
{
	if (!out || out->running)	/* the writer was left hanging */
		return;
	pthread_cond_destroy(&out->work);
	pthread_cond_destroy(&out->room);
	pthread_mutex_destroy(&out->lock);
	if (out->fd >= 0)
		close(out->fd);
	if (out->broken_fd >= 0)
		close(out->broken_fd);
	if (out->done_fd >= 0)
		close(out->done_fd);
	free(out->ring);
	free(out);
}

/* ---- the writer ------------------------------------------------------- */

static void ring_bell(int fd)
{
	uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof(one));

	(void)n;	/* can fail only where it has rung already */
}

/* Whether gathering more pays no longer. */
static bool enough(const struct utrace_output *out)
{
	return out->used >= PROMPT || out->used >= out->size / 2;
}

static bool has_work(const struct utrace_output *out)
{
	return out->used || (out->old && out->commit);
}

/* With @lock held: wait for work.  False: there is no more to do. */
static bool wait_for_work(struct utrace_output *out)
{
	struct timespec until;

	out->idle = true;
	while (!has_work(out) && !out->finish)
		pthread_cond_wait(&out->work, &out->lock);
	out->idle = false;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += GATHER_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	out->gathering = true;
	while (!enough(out) && !out->finish &&
	       pthread_cond_timedwait(&out->work, &out->lock, &until) !=
	       ETIMEDOUT)
		;
	out->gathering = false;
	return !out->abandon && has_work(out);
}

/* What is there in one piece is written; errno or 0. */
static int write_some(struct utrace_output *out, size_t head, size_t len)
{
	while (len) {
		ssize_t n = write(out->fd, out->ring + head, len);

		if (n < 0 && errno == EAGAIN) {
			/* another process made the shared file so */
			struct pollfd p = { .fd = out->fd, .events = POLLOUT };

			poll(&p, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			return EIO;
		head += n;
		len -= n;
	}
	return 0;
}

static void *writer(void *arg)
{
	struct utrace_output *out = arg;
	size_t len, head;
	int error = 0;
	bool old;

	pthread_mutex_lock(&out->lock);
	while (wait_for_work(out)) {
		head = out->head;
		len = out->used < MAX_WRITE ? out->used : MAX_WRITE;
		if (len > out->size - head)
			len = out->size - head;
		old = out->old;
		out->old = false;
		pthread_mutex_unlock(&out->lock);

		if (old && ftruncate(out->fd, 0))
			error = errno;
		if (!error)
			error = write_some(out, head, len);

		pthread_mutex_lock(&out->lock);
		if (error)
			break;
		out->head = (head + len) % out->size;
		out->used -= len;
		out->written += len;
		pthread_cond_broadcast(&out->room);
	}
	out->error = error;
	out->abandon = true;
	pthread_cond_broadcast(&out->room);
	pthread_mutex_unlock(&out->lock);
	if (error)
		ring_bell(out->broken_fd);
	ring_bell(out->done_fd);
	return NULL;
}

int output_open(struct utrace_output *out, const char *file)
{
	if (out->fd < 0) {
		out->name = file ? file : "standard error";
		out->fd = outfile_open(file, &out->old);
	}
	return out->fd < 0 ? -1 : 0;
}

int output_start(struct utrace_output *out)
{
	int error = pthread_create(&out->thread, NULL, writer, out);

	if (error) {
		complain("cannot start a thread: %s", strerror(error));
		return -1;
	}
	out->running = true;
	return 0;
}

void output_commit(struct utrace_output *out)
{
	pthread_mutex_lock(&out->lock);
	out->commit = true;
	pthread_cond_signal(&out->work);
	pthread_mutex_unlock(&out->lock);
}

/* ---- callbacks -------------------------------------------------------- */

static size_t count_lines(const char *text, size_t len)
{
	size_t lines = 0;
	const char *p;

	while ((p = memchr(text, '\n', len))) {
		lines++;
		len -= p + 1 - text;
		text = p + 1;
	}
	return lines;
}

/* With @lock held, and room for it. */
static void put_in(struct utrace_output *out, const char *text, size_t len)
{
	size_t tail = (out->head + out->used) % out->size;
	size_t first = len < out->size - tail ? len : out->size - tail;

	memcpy(out->ring + tail, text, first);
	memcpy(out->ring, text + first, len - first);
	out->used += len;
	if (out->idle || (out->gathering && enough(out)))
		pthread_cond_signal(&out->work);
}

/* With @lock held: wait for some room.  False: there will be none. */
static bool wait_for_room(struct utrace_output *out, size_t len)
{
	while (!out->abandon && !out->drop && out->size - out->used < len)
		pthread_cond_wait(&out->room, &out->lock);
	return !out->abandon && out->size - out->used >= len;
}

/* With @lock held: in pieces, with nobody's text in between. */
static bool put_in_large(struct utrace_output *out, const char *text,
			 size_t len)
{
	size_t piece;
	bool ok = true;

	out->large = true;
	while (len && ok) {
		piece = len < out->size / 2 ? len : out->size / 2;
		ok = wait_for_room(out, piece);
		if (ok) {
			put_in(out, text, piece);
			text += piece;
			len -= piece;
		}
	}
	out->large = false;
	pthread_cond_broadcast(&out->room);
	return ok;
}

void output_emit(struct utrace_output *out, const char *text, size_t len)
{
	bool ok;

	pthread_mutex_lock(&out->lock);
	while (out->large && !out->abandon && !out->drop)
		pthread_cond_wait(&out->room, &out->lock);
	if (out->large) {
		ok = false;
	} else if (len > out->size) {
		ok = !out->drop && put_in_large(out, text, len);
	} else {
		ok = wait_for_room(out, len);
		if (ok)
			put_in(out, text, len);
	}
	if (!ok)
		out->dropped += count_lines(text, len);
	pthread_mutex_unlock(&out->lock);
}

/* ---- the end ---------------------------------------------------------- */

int output_broken_fd(const struct utrace_output *out)
{
	return out->broken_fd;
}

bool output_broken(struct utrace_output *out)
{
	bool broken;

	pthread_mutex_lock(&out->lock);
	broken = out->error;
	pthread_mutex_unlock(&out->lock);
	return broken;
}

void output_release(struct utrace_output *out)
{
	pthread_mutex_lock(&out->lock);
	out->drop = true;
	pthread_cond_broadcast(&out->room);
	pthread_mutex_unlock(&out->lock);
}

void output_hold(struct utrace_output *out)
{
	pthread_mutex_lock(&out->lock);
	out->drop = out->may_lose;
	pthread_mutex_unlock(&out->lock);
}

static bool gives_up(int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGINT:
		case SIGQUIT:
		case SIGTERM:
		case SIGHUP:
			return true;
		}
	}
	return false;
}

/* How much was written so far; and whether to lose patience. */
static unsigned long long progress(struct utrace_output *out, bool *hurry)
{
	unsigned long long written;

	pthread_mutex_lock(&out->lock);
	written = out->written;
	*hurry = out->drop;
	pthread_mutex_unlock(&out->lock);
	return written;
}

/*
 * Wait until the writer is done.  False: it does not get done, or the user does
 * not want to wait.
 */
static bool wait_for_writer(struct utrace_output *out, int signals,
			    bool *interrupted)
{
	struct pollfd fds[] = {
		{ .fd = out->done_fd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	unsigned long long before;
	bool hurry;

	*interrupted = false;
	for (;;) {
		int n;

		before = progress(out, &hurry);
		n = poll(fds, 2, hurry || *interrupted ? PATIENCE_MS : -1);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0 && (fds[0].revents & POLLIN))
			return true;
		if (n > 0 && gives_up(signals)) {
			/* it may have been meant for what has just ended */
			if (*interrupted)
				return false;
			*interrupted = true;
		}
		if (n == 0 && progress(out, &hurry) == before)
			return false;
	}
}

/* The writer hangs in a write: leave it there, the process ends soon. */
static int give_up(struct utrace_output *out, bool interrupted)
{
	unsigned long lines = 0;
	size_t i;

	pthread_mutex_lock(&out->lock);
	out->abandon = true;
	for (i = 0; i < out->used; i++)
		lines += out->ring[(out->head + i) % out->size] == '\n';
	lines += out->dropped;
	pthread_mutex_unlock(&out->lock);
	complain_never_wait();
	if (!lines)
		return 0;
	complain("%s: %lu lines were lost", interrupted ?
		 "interrupted while lines were left to write" :
		 "the reader of the output stands still", lines);
	return out->may_lose ? 0 : -1;
}

int output_finish(struct utrace_output *out, int signals)
{
	bool interrupted;
	int error;

	if (!out->running)
		return 0;
	pthread_mutex_lock(&out->lock);
	out->finish = true;
	pthread_cond_signal(&out->work);
	pthread_mutex_unlock(&out->lock);

	if (!wait_for_writer(out, signals, &interrupted))
		return give_up(out, interrupted);
	pthread_join(out->thread, NULL);
	out->running = false;

	error = out->error;
	if (close(out->fd) && !error && errno != EINTR)
		error = errno;
	out->fd = -1;
	if (error == EPIPE) {
		complain("nobody reads the output any more");
	} else if (error) {
		complain("cannot write to '%s': %s", out->name,
			 strerror(error));
	} else if (out->dropped) {
		complain("the reader of the output was too slow: %lu lines were dropped",
			 out->dropped);
	}
	return error ? -1 : 0;
}
