// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a test says and fails with, how it waits, what it asks the host, and
 * the handles it has: the same in every flavour.
 */
#include "flavour.h"

static int failures;
static bool skipped;

/* ---- what a test says ---------------------------------------------------- */

static void say(const char *prefix, const char *fmt, va_list ap)
{
	char buf[800];
	int n, len = snprintf(buf, sizeof(buf) - 1, "%s", prefix);

	n = vsnprintf(buf + len, sizeof(buf) - 1 - len, fmt, ap);
	if (n > 0)
		len += n;
	if (len > (int)sizeof(buf) - 2)
		len = sizeof(buf) - 2;
	buf[len++] = '\n';
	h_say(buf, len);
}

__attribute__((__format__(__printf__, 2, 3)))
static void say_with(const char *prefix, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(prefix, fmt, ap);
	va_end(ap);
}

void h_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("# ", fmt, ap);
	va_end(ap);
}

void h_vfail(const char *file, int line, const char *fmt, va_list ap)
{
	const char *base = strrchr(file, '/');
	char prefix[200];

	h_inc(&failures);
	snprintf(prefix, sizeof(prefix), H_FAILED "%s:%d: ",
		 base ? base + 1 : file, line);
	say(prefix, fmt, ap);
}

void h_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	h_vfail(file, line, fmt, ap);
	va_end(ap);
}

bool h_failed(void)
{
	return h_load(&failures) != 0;
}

void h_skip(const char *why)
{
	say_with("SKIP ", "%s", why);
	skipped = true;
}

bool h_skipped(void)
{
	return skipped;
}

bool h_check(const char *file, int line, const char *what, bool holds)
{
	if (!holds)
		h_fail(file, line, "%s", what);
	return holds;
}

bool h_check_eq(const char *file, int line, const char *what,
		long long seen, long long wanted)
{
	if (seen == wanted)
		return true;
	if ((seen < 0 && seen > -4096) || (wanted < 0 && wanted > -4096) ||
	    (seen >= 0 && seen < 4096))
		h_fail(file, line, "%s is %lld, not %lld", what, seen, wanted);
	else
		h_fail(file, line, "%s is %#llx, not %#llx", what,
		       (unsigned long long)seen, (unsigned long long)wanted);
	return false;
}

/* ---- waiting ------------------------------------------------------------- */

void h_cause(void)
{
	static unsigned int order;

	h_inc(&order);
}

void h_wait_begin(struct h_wait *w, unsigned int ms)
{
	h_cause();
	w->end = h_now_ms() + ms;
	w->rounds = 0;
}

bool h_wait_more(struct h_wait *w)
{
	if (h_now_ms() >= w->end)
		return false;
	if (!h_nap(w->rounds++ < 50 ? 100 : 2000))
		return false;
	h_cause();
	return true;
}

/* ---- the host ------------------------------------------------------------ */

static const struct utrace_caps *caps(void)
{
	static struct utrace_caps table;

	if (!table.host && utrace_capabilities(&table, sizeof(table)))
		h_die(__FILE__, __LINE__, "utrace_capabilities() fails");
	return &table;
}

bool host_is(const char *name)
{
	return !strcmp(caps()->host, name);
}

const struct utrace_capability *cap_entry(const char *id)
{
	size_t i;

	for (i = 0; i < caps()->nr; i++)
		if (!strcmp(caps()->entries[i].id, id))
			return &caps()->entries[i];
	return NULL;
}

bool cap_has(const char *id)
{
	const struct utrace_capability *e = cap_entry(id);

	return !e || e->kept;
}

bool cap_full(const char *id)
{
	return !cap_entry(id);
}

int cap_error(const char *id)
{
	const struct utrace_capability *e = cap_entry(id);

	return e ? e->error : 0;
}

/* ---- handles ------------------------------------------------------------- */

struct handle {
	struct task_struct *task;
	struct pid *pid;
	struct handle *next;
};

static struct handle *handles;

static void keep_handle(struct task_struct *task, struct pid *pid)
{
	struct handle *h = h_alloc(sizeof(*h));

	h->task = task;
	h->pid = pid;
	h_lock();
	h->next = handles;
	handles = h;
	h_unlock();
}

struct task_struct *h_task(int tid)
{
	struct task_struct *task = h_find_task(tid);

	if (!IS_ERR(task))
		keep_handle(task, NULL);
	return task;
}

struct pid *h_pid(int tid)
{
	struct pid *pid = find_get_pid(tid);

	if (pid)
		keep_handle(NULL, pid);
	return pid;
}

void h_put_handles(void)
{
	struct handle *h;

	while ((h = handles)) {
		handles = h->next;
		if (h->task)
			put_task_struct(h->task);
		if (h->pid)
			put_pid(h->pid);
		h_free(h);
	}
}
