// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transcript in the kernel.
 *
 *	cd /sys/kernel/debug/utrace-transcript
 *	(echo >begin; exec PROGRAM)	whoever writes is followed from then on
 *	cat text			what was told up to now
 *	cat alive			how many threads there are
 *
 * To begin again ends the transcript before.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "transcript.h"

/* A program that has more to tell is not what a transcript is for. */
#define TEXT_MAX	(1U << 20)

static struct transcript transcript;
/* Orders beginnings and the end. No callback takes it. */
static DEFINE_MUTEX(beginning);

/*
 * Written under the transcript's lock; a reader takes the length first.  It is
 * not freed before the end, so that a reader needs no lock.
 */
static char *text;
static size_t text_len;

static void emit(struct transcript *of, const char *line, size_t len)
{
	if (len > TEXT_MAX - text_len)
		return;
	memcpy(text + text_len, line, len);
	smp_store_release(&text_len, text_len + len);
}

static ssize_t begin_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	int err;

	if (mutex_lock_interruptible(&beginning))
		return -ERESTARTSYS;
	transcript_close(&transcript);
	text_len = 0;
	transcript_init(&transcript, emit);
	err = transcript_begin(&transcript, current);
	mutex_unlock(&beginning);
	return err ?: len;
}

static const struct file_operations begin_ops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = begin_write,
};

static ssize_t text_read(struct file *file, char __user *buf, size_t len,
			 loff_t *pos)
{
	return simple_read_from_buffer(buf, len, pos, text,
				       smp_load_acquire(&text_len));
}

static const struct file_operations text_ops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = text_read,
	.llseek = default_llseek,
};

static ssize_t alive_read(struct file *file, char __user *buf, size_t len,
			  loff_t *pos)
{
	char line[16];
	int n;

	if (mutex_lock_interruptible(&beginning))
		return -ERESTARTSYS;
	n = scnprintf(line, sizeof(line), "%u\n",
		      transcript_alive(&transcript));
	mutex_unlock(&beginning);
	return simple_read_from_buffer(buf, len, pos, line, n);
}

static const struct file_operations alive_ops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = alive_read,
};

static struct dentry *directory;

static int __init transcript_load(void)
{
	text = vmalloc(TEXT_MAX);
	if (!text)
		return -ENOMEM;
	transcript_init(&transcript, emit);
	directory = debugfs_create_dir("utrace-transcript", NULL);
	debugfs_create_file("begin", 0200, directory, NULL, &begin_ops);
	debugfs_create_file("text", 0400, directory, NULL, &text_ops);
	debugfs_create_file("alive", 0400, directory, NULL, &alive_ops);
	return 0;
}

static void __exit transcript_unload(void)
{
	/* who is writing to a file is waited for, and no file is open */
	debugfs_remove(directory);
	transcript_close(&transcript);
	vfree(text);
}

module_init(transcript_load);
module_exit(transcript_unload);

MODULE_DESCRIPTION("utrace sample: a transcript of what a program does");
MODULE_LICENSE("GPL");
