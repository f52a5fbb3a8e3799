// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The traced programs, as tests see them: the same in every flavour.
 */
#include "flavour.h"

/* how long one that sleeps soon may not do so yet; others keep running */
#define LEAVE_MS	50

static struct prog *progs;

struct prog *prog_startv(const char *const *argv)
{
	struct prog *p = h_alloc(sizeof(*p));
	const char *line;
	int err;

	p->name = argv[0];
	err = h_start(p, argv);
	if (err) {
		h_free(p);
		h_die(__FILE__, __LINE__, "starting %s: %d", argv[0], err);
	}
	p->next = progs;
	progs = p;
	line = prog_hear(p);
	if (!line || strcmp(line, "ready"))
		h_die(__FILE__, __LINE__, "%s does not start (it says %s)",
		      p->name, line ? line : "nothing");
	/* it has left that call, or a test would see the end of it */
	h_poll_(LEAVE_MS, prog_state(p) == 'S');
	p->task = h_task(p->pid);
	if (IS_ERR(p->task))
		h_die(__FILE__, __LINE__, "no handle for %s: %ld", p->name,
		      PTR_ERR(p->task));
	return p;
}

/* ---- talking ------------------------------------------------------------- */

void prog_say(struct prog *p, const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	int n;

	h_cause();
	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (h_send(p, buf, n))
		h_fail(__FILE__, __LINE__, "%s hears nothing any more",
		       p->name);
}

void prog_go(struct prog *p)
{
	prog_say(p, "go");
}

/* The next line as it comes; "" is the end, null: the limit was hit. */
static const char *next_line(struct prog *p, unsigned int ms)
{
	unsigned long long end = h_now_ms() + ms, now;
	char *nl;

	h_cause();
	while (!(nl = memchr(p->buf, '\n', p->len))) {
		int n;

		now = h_now_ms();
		if (now >= end)
			return NULL;
		n = h_receive(p, p->buf + p->len, sizeof(p->buf) - p->len,
			      end - now);
		if (n == -EAGAIN)
			return NULL;
		if (n <= 0)
			return "";
		p->len += n;
	}
	*nl = 0;
	h_cause();
	snprintf(p->line, sizeof(p->line), "%.1000s", p->buf);
	p->len -= nl + 1 - p->buf;
	memmove(p->buf, nl + 1, p->len);
	return p->line;
}

static bool take_thread(struct prog *p, const char *line)
{
	int tid;

	if (sscanf(line, "thread %d", &tid) != 1)
		return false;
	if (p->nthreads < PROG_THREADS) {
		/* an error if it is gone already: prog_thread() tells */
		p->tasks[p->nthreads] = h_task(tid);
		p->tids[p->nthreads++] = tid;
	}
	return true;
}

const char *prog_hear(struct prog *p)
{
	const char *line;

	do {
		line = next_line(p, H_LIMIT_MS);
		if (!line || !*line) {
			h_fail(__FILE__, __LINE__,
			       "%s (%d, state %c) says nothing%s", p->name,
			       p->pid, h_state(p->pid) ?: '-',
			       line ? " any more" : "");
			return NULL;
		}
	} while (take_thread(p, line));
	return line;
}

bool prog_expect(struct prog *p, const char *wanted)
{
	const char *line = prog_hear(p);

	if (!line)
		return false;
	if (strcmp(line, wanted)) {
		h_fail(__FILE__, __LINE__, "%s says '%s', not '%s'", p->name,
		       line, wanted);
		return false;
	}
	return true;
}

long prog_get(struct prog *p, const char *key)
{
	const char *line = prog_hear(p);
	size_t n = strlen(key);

	if (!line)
		return -1;
	if (strncmp(line, key, n) || line[n] != ' ') {
		h_fail(__FILE__, __LINE__, "%s says '%s', not '%s NUMBER'",
		       p->name, line, key);
		return -1;
	}
	return h_number(line + n + 1);
}

bool one_call(struct prog *p)
{
	prog_go(p);
	return prog_expect(p, "done") && wait_until(prog_state(p) == 'S');
}

/* ---- naming -------------------------------------------------------------- */

int prog_tid(struct prog *p)
{
	return p->pid;
}

struct task_struct *prog_task(struct prog *p)
{
	return p->task;
}

int prog_thread_tid(struct prog *p, int n)
{
	while (n >= p->nthreads) {
		const char *line = next_line(p, H_LIMIT_MS);

		if (!line || !take_thread(p, line))
			h_die(__FILE__, __LINE__,
			      "%s does not tell of thread %d", p->name, n);
	}
	return p->tids[n];
}

struct task_struct *prog_thread(struct prog *p, int n)
{
	prog_thread_tid(p, n);
	if (IS_ERR(p->tasks[n]))
		h_die(__FILE__, __LINE__, "no handle for thread %d of %s: %ld",
		      n, p->name, PTR_ERR(p->tasks[n]));
	return p->tasks[n];
}

char prog_state(struct prog *p)
{
	return h_state(p->pid);
}

/* ---- signals ------------------------------------------------------------- */

void prog_signal(struct prog *p, int sig)
{
	int err;

	h_cause();
	err = h_kill(p->pid, sig);
	if (err)
		h_fail(__FILE__, __LINE__, "kill %s: %d", p->name, err);
}

void prog_thread_signal(struct prog *p, int n, int sig)
{
	int err = h_tgkill(p->pid, prog_thread_tid(p, n), sig);

	if (err)
		h_fail(__FILE__, __LINE__, "tgkill %s: %d", p->name, err);
}

/* ---- waiting, as any program's parent would ------------------------------ */

static bool stopped(int status)
{
	return (status & 0xff) == 0x7f;
}

static bool continued(int status)
{
	return status == 0xffff;
}

static bool wait_for(struct prog *p, int *status, int options)
{
	int got = 0;
	bool ok;

	ok = h_poll_(H_LIMIT_MS,
		     (got = h_wait_child(p->pid, options, status)) != 0);
	if (!ok || got < 0) {
		h_fail(__FILE__, __LINE__,
		       "waiting for %s (%d, state %c): %s", p->name, p->pid,
		       h_state(p->pid) ?: '-', ok ? "no such child" :
		       "nothing");
		return false;
	}
	h_cause();
	if (!stopped(*status) && !continued(*status))
		p->reaped = true;
	return true;
}

int prog_wait(struct prog *p)
{
	int status;

	return wait_for(p, &status, WEXITED) ? status : -1;
}

int prog_wait_stopped(struct prog *p)
{
	int status;

	if (!wait_for(p, &status, WEXITED | WSTOPPED))
		return -1;
	if (!stopped(status)) {
		h_fail(__FILE__, __LINE__, "%s: wait status %#x, no stop",
		       p->name, status);
		return -1;
	}
	return status >> 8;
}

bool prog_wait_continued(struct prog *p)
{
	int status;

	return wait_for(p, &status, WEXITED | WCONTINUED) &&
	       EXPECT(continued(status));
}

bool prog_wait_zombie(struct prog *p)
{
	int status;

	return wait_until(h_wait_child(p->pid, WEXITED | WNOWAIT, &status) > 0);
}

/* ---- memory -------------------------------------------------------------- */

bool prog_peek(struct prog *p, unsigned long addr, void *buf, size_t len)
{
	int err = h_peek(p, addr, buf, len);

	if (err)
		h_fail(__FILE__, __LINE__, "reading memory of %s: %d", p->name,
		       err);
	return !err;
}

bool prog_poke(struct prog *p, unsigned long addr, const void *buf, size_t len)
{
	int err = h_poke(p, addr, buf, len);

	if (err)
		h_fail(__FILE__, __LINE__, "writing memory of %s: %d", p->name,
		       err);
	return !err;
}

unsigned int prog_peek32(struct prog *p, unsigned long addr)
{
	unsigned int val = 0;

	prog_peek(p, addr, &val, sizeof(val));
	return val;
}

/* ---- another tracer ------------------------------------------------------ */

int prog_native_trace(struct prog *p)
{
	return h_native_trace(p->pid, &p->tracer);
}

void h_end_programs(void)
{
	struct prog *p;
	int status;

	while ((p = progs)) {
		progs = p->next;
		if (p->tracer > 0) {
			h_kill(p->tracer, SIGKILL);
			h_poll_(H_LIMIT_MS,
				h_wait_child(p->tracer, WEXITED, &status));
		}
		if (!p->reaped) {
			h_kill(p->pid, SIGKILL);
			wait_for(p, &status, WEXITED);
		}
		h_hang_up(p);
		h_free(p);
	}
}
