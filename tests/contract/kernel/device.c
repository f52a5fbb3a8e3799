// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device: what the driver asks the module, and the module the driver.
 *
 * One test is run while the module is loaded, so that its variables are those
 * of a fresh program, and what it says and asks for is the module's.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "module.h"

unsigned int h_limit_ms = 20000;
module_param_named(patience_ms, h_limit_ms, uint, 0444);
MODULE_PARM_DESC(patience_ms, "limit of each wait for something");

/* ---- what the test says -------------------------------------------------- */

#define TEXT_MAX	(256 << 10)

static char *text;			/* under text_lock */
static size_t text_len, text_read;
static DEFINE_SPINLOCK(text_lock);

void h_say(const char *line, size_t len)
{
	unsigned long flags;

	spin_lock_irqsave(&text_lock, flags);
	if (len <= TEXT_MAX - text_len) {
		memcpy(text + text_len, line, len);
		text_len += len;
	}
	spin_unlock_irqrestore(&text_lock, flags);
}

/* What there is; nobody waits for more. */
static ssize_t device_read(struct file *file, char __user *buf, size_t size,
			   loff_t *pos)
{
	size_t from, n;

	spin_lock_irq(&text_lock);
	from = text_read;
	n = min(size, text_len - from);
	text_read += n;
	spin_unlock_irq(&text_lock);
	/* what is there does not change any more */
	return copy_to_user(buf, text + from, n) ? -EFAULT : n;
}

/* ---- requests ------------------------------------------------------------ */

/* One at a time; all but the mutex under @lock. */
static struct {
	struct mutex turn;
	spinlock_t lock;
	wait_queue_head_t wait;
	enum { IDLE, ASKED, TAKEN, ANSWERED, OVER } state;
	struct h_request request;
	struct file *file[2];
} server = {
	.turn = __MUTEX_INITIALIZER(server.turn),
	.lock = __SPIN_LOCK_UNLOCKED(server.lock),
	.wait = __WAIT_QUEUE_HEAD_INITIALIZER(server.wait),
};

static int state_now(void)
{
	return smp_load_acquire(&server.state);
}

/* From one state to the next, unless it is in another one. */
static bool advance(int from, int to)
{
	bool ok;

	spin_lock(&server.lock);
	ok = server.state == from;
	if (ok)
		smp_store_release(&server.state, to);
	spin_unlock(&server.lock);
	if (ok)
		wake_up_all(&server.wait);
	return ok;
}

struct h_request *request_alloc(enum h_op op)
{
	struct h_request *rq = h_alloc(sizeof(*rq));

	rq->op = op;
	return rq;
}

int ask_driver(struct h_request *rq)
{
	int err;

	if (mutex_lock_killable(&server.turn))
		return -EINTR;
	err = -EINTR;
	if (state_now() == IDLE) {
		server.request = *rq;
		advance(IDLE, ASKED);
		/* Once it is asked for, somebody may be performing it. */
		if (!wait_event_killable(server.wait,
					 state_now() >= ANSWERED) &&
		    advance(ANSWERED, IDLE)) {
			*rq = server.request;
			err = rq->ret;
		}
	}
	mutex_unlock(&server.turn);
	return err;
}

void request_take_files(struct h_request *rq, struct file *file[2])
{
	int i;

	for (i = 0; i < 2; i++) {
		file[i] = server.file[i];
		server.file[i] = NULL;
	}
}

static long next_request(struct h_request __user *arg)
{
	for (;;) {
		if (wait_event_interruptible(server.wait,
					     state_now() == ASKED ||
					     state_now() == OVER))
			return -EINTR;
		if (state_now() == OVER)
			return -ESHUTDOWN;
		if (advance(ASKED, TAKEN))
			break;
	}
	return copy_to_user(arg, &server.request, sizeof(*arg)) ? -EFAULT : 0;
}

static long take_answer(const struct h_request __user *arg)
{
	struct h_request *rq = &server.request;
	int i;

	if (state_now() != TAKEN)
		return -EINVAL;
	if (copy_from_user(rq, arg, sizeof(*arg)))
		return -EFAULT;
	rq->text[sizeof(rq->text) - 1] = 0;
	for (i = 0; i < 2; i++)
		if (rq->op == H_OP_START && rq->ret > 0)
			server.file[i] = fget(rq->fd[i]);
	return advance(TAKEN, ANSWERED) ? 0 : -EINVAL;
}

/* ---- the device ---------------------------------------------------------- */

static unsigned int tests_count(void)
{
	return __stop_h_tests - __start_h_tests;
}

static long list_test(struct h_listed __user *arg)
{
	const struct h_test *test;
	struct h_listed *listed;
	unsigned int n;
	long err;

	if (get_user(n, &arg->number))
		return -EFAULT;
	if (n >= tests_count())
		return -ENOENT;
	test = __start_h_tests[n];
	listed = h_alloc(sizeof(*listed));
	listed->number = n;
	strscpy(listed->name, test->name, sizeof(listed->name));
	strscpy(listed->ids, test->ids, sizeof(listed->ids));
	strscpy(listed->file, test->file, sizeof(listed->file));
	err = copy_to_user(arg, listed, sizeof(*listed)) ? -EFAULT : 0;
	h_free(listed);
	return err;
}

static long run_once(unsigned int number)
{
	static atomic_t runs = ATOMIC_INIT(0);
	long result;

	if (number >= tests_count())
		return -ENOENT;
	if (atomic_inc_return(&runs) != 1)
		return -EBUSY;
	result = run_test(number);
	spin_lock(&server.lock);
	server.state = OVER;
	spin_unlock(&server.lock);
	wake_up_all(&server.wait);
	return result;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case H_LIST:
		return list_test((void __user *)arg);
	case H_RUN:
		return run_once(arg);
	case H_NEXT:
		return next_request((void __user *)arg);
	case H_ANSWER:
		return take_answer((void __user *)arg);
	case H_THREAD:
		return run_thread(arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations device_ops = {
	.owner = THIS_MODULE,
	.read = device_read,
	.unlocked_ioctl = device_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = H_DEVICE,
	.fops = &device_ops,
	.mode = 0600,
};

static int __init contract_init(void)
{
	int err;

	text = vmalloc(TEXT_MAX);
	if (!text)
		return -ENOMEM;
	err = misc_register(&device);
	if (err)
		vfree(text);
	return err;
}

static void __exit contract_exit(void)
{
	int i;

	misc_deregister(&device);
	/* Of a program that nobody waited for any more. */
	for (i = 0; i < 2; i++)
		if (server.file[i])
			fput(server.file[i]);
	vfree(text);
}

module_init(contract_init);
module_exit(contract_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The tests of utrace's contract");
