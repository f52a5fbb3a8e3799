// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table of system calls: how often, how long, how many failed. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "names.h"
#include "syscalls.h"

/* Threads count at the same time; nobody reads before the end. */
struct counter {
	atomic_ulong calls;
	atomic_ulong errors;
	atomic_ulong ns;
};

/* The last one of each ABI is for numbers that no table has. */
struct summary {
	struct counter counters[UTRACE_NABIS][CALLS_MAX + 1];
};

struct row {
	enum utrace_abi abi;
	long nr;
	unsigned long calls;
	unsigned long errors;
	unsigned long ns;
};

struct summary *summary_new(void)
{
	return calloc(1, sizeof(struct summary));
}

void summary_free(struct summary *summary)
{
	free(summary);
}

void summary_count(struct summary *summary, const struct call *call,
		   uint64_t ns)
{
	struct counter *counter;
	long nr = call->nr;
	const char *what;

	if (nr < 0 || nr > CALLS_MAX)
		nr = CALLS_MAX;
	counter = &summary->counters[call->abi][nr];
	atomic_fetch_add_explicit(&counter->calls, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&counter->ns, ns, memory_order_relaxed);
	/* a call that is made again has not failed */
	if (call->error && !restart_code(call->error, &what))
		atomic_fetch_add_explicit(&counter->errors, 1,
					  memory_order_relaxed);
}

static int by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	if (x->abi != y->abi)
		return x->abi < y->abi ? -1 : 1;
	return x->nr < y->nr ? -1 : x->nr > y->nr;
}

static size_t collect(const struct summary *summary, struct row *rows,
		      struct row *total)
{
	size_t n = 0;
	int abi, nr;

	for (abi = 0; abi < UTRACE_NABIS; abi++) {
		for (nr = 0; nr <= CALLS_MAX; nr++) {
			const struct counter *c = &summary->counters[abi][nr];

			if (!c->calls)
				continue;
			rows[n++] = (struct row){
				abi, nr, c->calls, c->errors, c->ns
			};
			total->calls += c->calls;
			total->errors += c->errors;
			total->ns += c->ns;
		}
	}
	qsort(rows, n, sizeof(*rows), by_time);
	return n;
}

static void rule(struct text *text)
{
	text_put(text, "------ ----------- ----------- --------- --------- ----------------\n");
}

static void print_row(struct text *text, const struct row *row,
		      unsigned long total_ns, const char *name)
{
	char errors[24] = "";

	if (row->errors)
		snprintf(errors, sizeof(errors), "%lu", row->errors);
	text_printf(text, "%6.2f %11.6f %11lu %9lu %9s %s\n",
		    total_ns ? 100.0 * row->ns / total_ns : 0.0,
		    row->ns / 1e9,
		    row->calls ? row->ns / 1000 / row->calls : 0, row->calls,
		    errors, name);
}

void summary_print(const struct summary *summary,
		   const struct utrace_plugin_env *env)
{
	struct row *rows = calloc((size_t)UTRACE_NABIS * (CALLS_MAX + 1),
				  sizeof(*rows));
	struct row total = { 0 };
	struct text text = { 0 };
	char buf[32], name[64];
	size_t n, i;

	if (!rows) {
		env->complain("no memory for the table of system calls");
		return;
	}
	n = collect(summary, rows, &total);
	text_printf(&text, "%6s %11s %11s %9s %9s %s\n", "% time", "seconds",
		    "usecs/call", "calls", "errors", "syscall");
	rule(&text);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%s",
			 rows[i].nr == CALLS_MAX ? "(unknown)" :
			 call_label(rows[i].abi, rows[i].nr, buf, sizeof(buf)),
			 rows[i].abi == UTRACE_ABI_I386 ? " (i386)" : "");
		print_row(&text, &rows[i], total.ns, name);
	}
	rule(&text);
	print_row(&text, &total, total.ns, "total");
	env->emit(env->output, text.buf, text.len);
	text_free(&text);
	free(rows);
}
