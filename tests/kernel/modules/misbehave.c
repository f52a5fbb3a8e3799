// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Does what a kernel that checks itself has to report, to prove that it does,
 * and that the report is found in its log.
 *
 *	insmod misbehave.ko what=inversion
 *
 * The module does not stay loaded: insmod says that the operation is not
 * permitted.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *what = "";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "which mistake to make");

static DEFINE_MUTEX(lock_a);
static DEFINE_MUTEX(lock_b);

/* Two mutexes in both orders: nothing hangs, but it could. */
static void inversion(void)
{
	mutex_lock(&lock_a);
	mutex_lock(&lock_b);
	mutex_unlock(&lock_b);
	mutex_unlock(&lock_a);

	mutex_lock(&lock_b);
	mutex_lock(&lock_a);
	mutex_unlock(&lock_a);
	mutex_unlock(&lock_b);
}

static DEFINE_SPINLOCK(spin_a);
static DEFINE_SPINLOCK(spin_b);

static void spin_inversion(void)
{
	spin_lock(&spin_a);
	spin_lock(&spin_b);
	spin_unlock(&spin_b);
	spin_unlock(&spin_a);

	spin_lock(&spin_b);
	spin_lock(&spin_a);
	spin_unlock(&spin_a);
	spin_unlock(&spin_b);
}

static void sleep_with_lock(void)
{
	spin_lock(&spin_a);
	mutex_lock(&lock_a);
	mutex_unlock(&lock_a);
	spin_unlock(&spin_a);
}

static void rcu_outside(void)
{
	static int number;
	static int __rcu *pointer = (int __rcu *)&number;

	pr_info("misbehave: %d\n", *rcu_dereference(pointer));
}

static void use_after_free(void)
{
	int *volatile memory = kzalloc(64, GFP_KERNEL);

	if (!memory)
		return;
	kfree(memory);
	WRITE_ONCE(memory[3], 1);
}

static void out_of_bounds(void)
{
	char *volatile memory = kzalloc(64, GFP_KERNEL);

	if (!memory)
		return;
	WRITE_ONCE(memory[64], 1);
	kfree(memory);
}

static void off_the_stack(void)
{
	char array[16] = "";
	volatile int index = 17;

	OPTIMIZER_HIDE_VAR(index);
	WRITE_ONCE(*((char *volatile)array + index), 1);
}

static void refcount_below_zero(void)
{
	refcount_t count = REFCOUNT_INIT(1);

	refcount_dec(&count);
}

static void list_twice(void)
{
	static LIST_HEAD(head);
	static LIST_HEAD(entry);

	list_add(&entry, &head);
	list_add(&entry, &head);
}

static void held_lock_freed(void)
{
	struct mutex *mutex = kzalloc(sizeof(*mutex), GFP_KERNEL);

	if (!mutex)
		return;
	mutex_init(mutex);
	mutex_lock(mutex);
	kfree(mutex);
}

static int shared_number;

static int increment(void *unused)
{
	int i;

	for (i = 0; i < 20000000 && !kthread_should_stop(); i++) {
		shared_number++;
		cond_resched();
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static void race(void)
{
	struct task_struct *one = kthread_run(increment, NULL, "misbehave/1");
	struct task_struct *other = kthread_run(increment, NULL, "misbehave/2");

	msleep(10000);
	if (!IS_ERR(one))
		kthread_stop(one);
	if (!IS_ERR(other))
		kthread_stop(other);
}

static void warn(void)
{
	WARN(1, "misbehave: on purpose\n");
}

static void leak(void)
{
	void *volatile memory = kmalloc(123, GFP_KERNEL);

	memory = NULL;
	(void)memory;
}

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{ "inversion", inversion },
	{ "spin_inversion", spin_inversion },
	{ "sleep", sleep_with_lock },
	{ "rcu", rcu_outside },
	{ "free", use_after_free },
	{ "bounds", out_of_bounds },
	{ "stack", off_the_stack },
	{ "refcount", refcount_below_zero },
	{ "list", list_twice },
	{ "held", held_lock_freed },
	{ "race", race },
	{ "warn", warn },
	{ "leak", leak },
};

static int __init misbehave(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(acts); i++) {
		if (!strcmp(acts[i].name, what)) {
			acts[i].act();
			return -EPERM;
		}
	}
	return -EINVAL;
}
module_init(misbehave);

MODULE_DESCRIPTION("mistakes on purpose, for kernels that find them");
MODULE_LICENSE("GPL");
