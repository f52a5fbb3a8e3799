// SPDX-License-Identifier: GPL-2.0-only
/* Counters, one of each CPU, and the file that people read. */
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>

#include "kernel_host.h"

static DEFINE_PER_CPU(unsigned long, passes);
static DEFINE_PER_CPU(unsigned long, callbacks);

#define DEFINE_MISS(name, text)	atomic_long_t missed_##name;
FOR_EACH_MISS(DEFINE_MISS)

void utrace_host_pass_begins(struct task_struct *task)
{
	this_cpu_inc(passes);
}

void utrace_host_pass_ends(struct task_struct *task, unsigned int count)
{
	this_cpu_add(callbacks, count);
}

/**
 * utrace_get_stats() - read the counters
 * @stats: filled in
 * @size: sizeof(struct utrace_stats) where the caller was compiled
 *
 * Context: any.
 */
void utrace_get_stats(struct utrace_stats *stats, size_t size)
{
	struct utrace_stats all = { .stops = hooks_entered() };
	int cpu;

	for_each_possible_cpu(cpu) {
		all.passes += READ_ONCE(per_cpu(passes, cpu));
		all.callbacks += READ_ONCE(per_cpu(callbacks, cpu));
	}
	memset(stats, 0, size);
	memcpy(stats, &all, min(size, sizeof(all)));
}
EXPORT_SYMBOL_GPL(utrace_get_stats);

/* ---- /sys/kernel/debug/utrace/status --------------------------------------- */

static struct dentry *directory;

static int status_show(struct seq_file *m, void *unused)
{
	struct utrace_stats stats;

	hooks_show(m);
	utrace_get_stats(&stats, sizeof(stats));
	seq_printf(m, "passes %lu\ncallbacks %lu\n", stats.passes,
		   stats.callbacks);
#define SHOW_MISS(name, text)						\
	seq_printf(m, "missed %ld " text "\n",				\
		   atomic_long_read(&missed_##name));
	FOR_EACH_MISS(SHOW_MISS)
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(status);

/* Where there is no debugfs there is no file, and that is all. */
void status_files_make(void)
{
	directory = debugfs_create_dir("utrace", NULL);
	debugfs_create_file("status", 0444, directory, NULL, &status_fops);
}

void status_files_remove(void)
{
	debugfs_remove_recursive(directory);
}
