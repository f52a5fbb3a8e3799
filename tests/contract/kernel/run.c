// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test's life in the module: it runs in a thread of the driver, which may be
 * killed when it hangs; then whatever waits gives up.
 */
#include <linux/delay.h>
#include <linux/kdebug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include <utrace/utrace.h>
#include "module.h"

static struct task_struct *test_thread;
static struct jump test_jump;
static bool over;

bool test_is_over(void)
{
	return h_load(&over);
}

/* ---- what every flavour has ---------------------------------------------- */

void *h_alloc(size_t size)
{
	return kvzalloc(size, GFP_KERNEL | __GFP_NOFAIL);
}

void h_free(void *p)
{
	kvfree(p);
}

static DEFINE_MUTEX(lists);

void h_lock(void)
{
	mutex_lock(&lists);
}

void h_unlock(void)
{
	mutex_unlock(&lists);
}

long h_number(const char *text)
{
	return *text == '-' ? simple_strtol(text, NULL, 0) :
			      (long)simple_strtoul(text, NULL, 0);
}

unsigned long long h_now_ms(void)
{
	return ktime_to_ms(ktime_get());
}

bool h_nap(unsigned int us)
{
	if (current == test_thread && fatal_signal_pending(current))
		h_store(&over, true);
	if (test_is_over())
		return false;
	usleep_range(us, us + us / 4);
	return true;
}

/* Passes that were made: without one a thread costs its engines nothing. */
unsigned long h_stops(void)
{
	struct utrace_stats stats;

	utrace_get_stats(&stats, sizeof(stats));
	return stats.passes;
}

/* Nobody's permission is asked here. */
int h_explain_attach(int tid, int error, char *buf, size_t size)
{
	return 0;
}

/* ---- one test ------------------------------------------------------------ */

static struct jump *current_jump(void)
{
	return current == test_thread ? &test_jump : thread_jump();
}

void h_leave(const char *file, int line, const char *fmt, ...)
{
	struct jump *jump = current_jump();
	va_list ap;

	va_start(ap, fmt);
	h_vfail(file, line, fmt, ap);
	va_end(ap);
	BUG_ON(!jump);		/* a callback has nowhere to go */
	jump_back(jump);
}

/*
 * A crash is a failed test, here too: tests look at callbacks that were to come.
 * The kernel has complained already; the thread goes on where h_die() would.
 */
static int crashed(struct notifier_block *nb, unsigned long why, void *data)
{
	struct die_args *args = data;
	struct jump *jump;

	if ((why != DIE_OOPS && why != DIE_GPF) ||
	    !within_module(args->regs->ip, THIS_MODULE))
		return NOTIFY_DONE;
	jump = current_jump();
	if (!jump)
		return NOTIFY_DONE;
	h_fail(__FILE__, __LINE__, "crash at %pS", (void *)args->regs->ip);
	args->regs->ip = (unsigned long)jump_back;
	args->regs->di = (unsigned long)jump;
	return NOTIFY_STOP;
}

static struct notifier_block crash = { .notifier_call = crashed };

long run_test(unsigned int number)
{
	int err = utrace_init();

	/* The host's module brings it up when it is loaded. */
	if (err && err != -EALREADY) {
		h_fail(__FILE__, __LINE__, "utrace_init() is %d", err);
		return 1;
	}
	test_thread = current;
	register_die_notifier(&crash);
	if (!jump_here(&test_jump))
		__start_h_tests[number]->run();
	h_end_of_test();
	unregister_die_notifier(&crash);
	return h_failed() ? 1 : h_skipped() ? H_SKIPPED : 0;
}
