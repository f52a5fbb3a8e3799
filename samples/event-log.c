// SPDX-License-Identifier: GPL-2.0-only
/*
 * A log of what chosen processes do, read through a file.
 *
 *	cd /sys/kernel/debug/utrace-log
 *	echo 4711 >control		all threads of this process
 *	echo follow 4711 >control	the processes that it creates, too
 *	echo -4711 >control		not this process any more
 *	cat log				what there is, and then what comes
 *	cat control			who is traced
 *
 * The log keeps the last entries: size= says how many.  Each reader has a place
 * of its own in it, beginning with the oldest, and is told how many entries were
 * lost if it is too slow.  It waits for more unless it has opened the file with
 * O_NONBLOCK.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/binfmts.h>
#include <linux/debugfs.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "group.h"

static unsigned int size = 4096;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "entries that are kept, rounded up to a power of 2");

static unsigned long events = ~(UTRACE_EVENT(QUIESCE) | UTRACE_EVENT_SYSCALL);
module_param(events, ulong, 0444);
MODULE_PARM_DESC(events, "mask of the events that are logged; all but system calls and quiesce");

/* ---- the ring ---------------------------------------------------------- */

#define SIZE_MAX_LOG	(1U << 20)
#define TEXT_LEN	72

/**
 * struct entry - one event
 * @ns: when, since the system was started
 * @process: its ID
 * @thread: its ID
 * @event: bit number
 * @text: what there is to say of it
 */
struct entry {
	u64 ns;
	pid_t process;
	pid_t thread;
	unsigned int event;
	char text[TEXT_LEN];
};

/*
 * The ring: entry number N is in place N modulo size.  The lock protects it and
 * the number of the next entry, and is held for the copying of one.
 */
static struct entry *ring;
static u64 next_entry;
static DEFINE_SPINLOCK(ring_lock);
static DECLARE_WAIT_QUEUE_HEAD(readers);

/* The thread by its member, since it has lost its IDs when it is reaped. */
static __printf(3, 4) void add_entry(const struct member *member,
				     unsigned int event, const char *format, ...)
{
	struct entry entry = {
		.ns = ktime_get_ns(),
		.process = member->process,
		.thread = member->thread,
		.event = event,
	};
	va_list args;

	if (!(events & (1UL << event)))
		return;
	va_start(args, format);
	vscnprintf(entry.text, sizeof(entry.text), format, args);
	va_end(args);

	spin_lock(&ring_lock);
	ring[next_entry & (size - 1)] = entry;
	WRITE_ONCE(next_entry, next_entry + 1);
	spin_unlock(&ring_lock);
	wake_up_interruptible_all(&readers);
}

/*
 * The entry that *@number says, or the oldest one that is left; then *@number is
 * the number of that one.  Whether there is one.
 */
static bool get_entry(u64 *number, struct entry *entry)
{
	bool is_there;

	spin_lock(&ring_lock);
	if (next_entry > size && *number < next_entry - size)
		*number = next_entry - size;
	is_there = *number < next_entry;
	if (is_there)
		*entry = ring[*number & (size - 1)];
	spin_unlock(&ring_lock);
	return is_there;
}

/* ---- callbacks --------------------------------------------------------- */

/* Go on, and leave what other engines chose for this event as it is. */
static u32 agree(u32 action)
{
	return (action & ~UTRACE_RESUME_MASK) | UTRACE_RESUME;
}

static u32 on_quiesce(u32 action, struct utrace_engine *engine,
		      unsigned long event)
{
	add_entry(engine->data, _UTRACE_EVENT_QUIESCE, "event=%#lx", event);
	return agree(action);
}

/* Which of the signal events it is, whatever other engines made of it. */
static unsigned int signal_event(int signr, const struct k_sigaction *ka)
{
	if (ka->sa.sa_handler == SIG_IGN)
		return _UTRACE_EVENT_SIGNAL_IGN;
	if (ka->sa.sa_handler != SIG_DFL)
		return _UTRACE_EVENT_SIGNAL;
	if (sig_kernel_ignore(signr))
		return _UTRACE_EVENT_SIGNAL_IGN;
	if (sig_kernel_stop(signr))
		return _UTRACE_EVENT_SIGNAL_STOP;
	return sig_kernel_coredump(signr) ? _UTRACE_EVENT_SIGNAL_CORE :
					    _UTRACE_EVENT_SIGNAL_TERM;
}

static u32 on_signal(u32 action, struct utrace_engine *engine,
		     struct pt_regs *regs, siginfo_t *info,
		     const struct k_sigaction *orig_ka,
		     struct k_sigaction *return_ka)
{
	if (!orig_ka)		/* a report that is due: there is no signal */
		add_entry(engine->data, _UTRACE_EVENT_QUIESCE, "action=%#x", action);
	else
		add_entry(engine->data, signal_event(info->si_signo, orig_ka),
			  "signal=%d code=%d action=%#x", info->si_signo,
			  info->si_code, action);
	return agree(action);
}

static u32 on_jctl(u32 action, struct utrace_engine *engine, int type,
		   int notify)
{
	add_entry(engine->data, _UTRACE_EVENT_JCTL, "type=%d notify=%d", type,
		  notify);
	return agree(action);
}

static u32 on_clone(u32 action, struct utrace_engine *engine,
		    unsigned long clone_flags, struct task_struct *child)
{
	add_entry(engine->data, _UTRACE_EVENT_CLONE, "flags=%#lx child=%d",
		  clone_flags, task_pid_nr(child));
	group_clone(engine->data, clone_flags, child);
	return agree(action);
}

static u32 on_exec(u32 action, struct utrace_engine *engine,
		   const struct linux_binfmt *fmt,
		   const struct linux_binprm *bprm, struct pt_regs *regs)
{
	struct member *member = engine->data;

	/* a thread that executes a program becomes the leader of its process */
	member->thread = task_pid_nr(current);
	/* a name has any bytes: a line of the log stays one */
	add_entry(member, _UTRACE_EVENT_EXEC, "%*pE",
		  (int)strnlen(bprm->filename, TEXT_LEN), bprm->filename);
	return agree(action);
}

static u32 on_syscall_entry(u32 action, struct utrace_engine *engine,
			    struct pt_regs *regs)
{
	add_entry(engine->data, _UTRACE_EVENT_SYSCALL_ENTRY, "nr=%d",
		  syscall_get_nr(current, regs));
	return agree(action);
}

static u32 on_syscall_exit(u32 action, struct utrace_engine *engine,
			   struct pt_regs *regs)
{
	add_entry(engine->data, _UTRACE_EVENT_SYSCALL_EXIT, "nr=%d result=%#lx",
		  syscall_get_nr(current, regs),
		  syscall_get_return_value(current, regs));
	return agree(action);
}

static u32 on_exit(u32 action, struct utrace_engine *engine, long orig_code,
		   long *code)
{
	add_entry(engine->data, _UTRACE_EVENT_EXIT, "code=%#lx", *code);
	return agree(action);
}

static u32 on_death(struct utrace_engine *engine, bool group_dead, int signal)
{
	add_entry(engine->data, _UTRACE_EVENT_DEATH, "group_dead=%d signal=%d",
		  group_dead, signal);
	return UTRACE_RESUME;
}

/* It runs in whoever reaps the thread. */
static void on_reap(struct utrace_engine *engine, struct task_struct *task)
{
	add_entry(engine->data, _UTRACE_EVENT_REAP, "%s", "");
	group_reaped(engine->data);
}

static const struct utrace_engine_ops ops = {
	.report_quiesce = on_quiesce,
	.report_signal = on_signal,
	.report_jctl = on_jctl,
	.report_clone = on_clone,
	.report_exec = on_exec,
	.report_syscall_entry = on_syscall_entry,
	.report_syscall_exit = on_syscall_exit,
	.report_exit = on_exit,
	.report_death = on_death,
	.report_reap = on_reap,
};

static unsigned long events_of(const struct member *member)
{
	return events;
}

static struct group group = {
	.ops = &ops,
	.size = sizeof(struct member),
	.events = events_of,
};

/* ---- log --------------------------------------------------------------- */

static const char *const names[_UTRACE_NEVENTS] = {
#define NAME(event)	[_UTRACE_EVENT_##event] = #event
	NAME(QUIESCE), NAME(REAP), NAME(CLONE), NAME(EXEC), NAME(EXIT),
	NAME(DEATH), NAME(SYSCALL_ENTRY), NAME(SYSCALL_EXIT), NAME(SIGNAL),
	NAME(SIGNAL_IGN), NAME(SIGNAL_STOP), NAME(SIGNAL_TERM),
	NAME(SIGNAL_CORE), NAME(JCTL),
#undef NAME
};

/**
 * struct reader - who has the log open
 * @lock: protects all of it: threads may share the file
 * @next: number of the entry that comes next
 * @line: what is being read; a short read ends in the middle of a line
 * @len: bytes of it
 * @done: bytes of it that have been read
 */
struct reader {
	struct mutex lock;
	u64 next;
	char line[64 + TEXT_LEN];
	size_t len;
	size_t done;
};

/* The next line. Whether there is one. */
static bool next_line(struct reader *reader)
{
	u64 wanted = reader->next, seconds;
	struct entry entry;
	u32 ns;

	if (!get_entry(&reader->next, &entry))
		return false;
	reader->done = 0;
	if (reader->next != wanted) {
		/* the entry itself comes the next time */
		reader->len = scnprintf(reader->line, sizeof(reader->line),
					"# lost %llu\n",
					reader->next - wanted);
		return true;
	}
	seconds = div_u64_rem(entry.ns, NSEC_PER_SEC, &ns);
	reader->len = scnprintf(reader->line, sizeof(reader->line),
				"%llu.%06u %d/%d %s%s%s\n", seconds,
				ns / 1000, entry.process, entry.thread,
				names[entry.event], *entry.text ? " " : "",
				entry.text);
	reader->next++;
	return true;
}

static bool is_more(const struct reader *reader)
{
	return reader->done < reader->len ||
	       READ_ONCE(next_entry) != reader->next;
}

static int wait_for_more(struct file *file, struct reader *reader)
{
	if (is_more(reader))
		return 0;
	if (file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible(readers, is_more(reader));
}

static ssize_t log_read(struct file *file, char __user *buf, size_t len,
			loff_t *pos)
{
	struct reader *reader = file->private_data;
	size_t done = 0, part;
	ssize_t err = 0;

	if (!len)
		return 0;
	if (mutex_lock_interruptible(&reader->lock))
		return -ERESTARTSYS;
	while (done < len) {
		if (!done)
			err = wait_for_more(file, reader);
		if (err || (reader->done == reader->len && !next_line(reader)))
			break;
		part = min(len - done, reader->len - reader->done);
		if (copy_to_user(buf + done, reader->line + reader->done,
				 part)) {
			err = -EFAULT;
			break;
		}
		reader->done += part;
		done += part;
		cond_resched();
	}
	mutex_unlock(&reader->lock);
	return done ?: err;
}

static __poll_t log_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &readers, wait);
	return is_more(file->private_data) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int log_open(struct inode *inode, struct file *file)
{
	struct reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);

	if (!reader)
		return -ENOMEM;
	mutex_init(&reader->lock);
	file->private_data = reader;
	return stream_open(inode, file);
}

static int log_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations log_ops = {
	.owner = THIS_MODULE,
	.open = log_open,
	.read = log_read,
	.poll = log_poll,
	.release = log_release,
};

/* ---- the module -------------------------------------------------------- */

static struct dentry *directory;

static int __init event_log_load(void)
{
	if (!size || size > SIZE_MAX_LOG)
		return -EINVAL;
	size = roundup_pow_of_two(size);
	ring = vcalloc(size, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	group_init(&group);
	directory = debugfs_create_dir("utrace-log", NULL);
	debugfs_create_file("control", 0600, directory, &group,
			    &group_control_ops);
	debugfs_create_file("log", 0400, directory, NULL, &log_ops);
	return 0;
}

static void __exit event_log_unload(void)
{
	/* Whoever is writing to a file is waited for, and no file is open. */
	debugfs_remove(directory);
	group_close(&group);
	vfree(ring);
}

module_init(event_log_load);
module_exit(event_log_unload);

MODULE_DESCRIPTION("utrace sample: a log of events");
MODULE_LICENSE("GPL");
