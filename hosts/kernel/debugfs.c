// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/debug/utrace/status: what is hooked, and what was missed. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "kernel_host.h"

#define DEFINE_MISS(name, text)	atomic_long_t missed_##name;
FOR_EACH_MISS(DEFINE_MISS)

static struct dentry *directory;

static int status_show(struct seq_file *m, void *unused)
{
	hooks_show(m);
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
