// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bringing the facility up and down, and the module with it.
 *
 * Up and down are about engines alone: the hooks stay from the loading of the
 * module to its unloading.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/jobctl.h>

#include "kernel_host.h"

/* Orders utrace_init() and utrace_shutdown(). No callback takes it. */
static DEFINE_MUTEX(changing);
unsigned int facility_generation;
static bool is_up;
static bool leaves;

bool facility_leaves(void)
{
	return READ_ONCE(leaves);
}

bool utrace_host_up(void)
{
	return READ_ONCE(is_up);
}

unsigned int utrace_host_generation(void)
{
	return READ_ONCE(is_up) ? READ_ONCE(facility_generation) : 0;
}

bool utrace_host_forked(void)
{
	return false;
}

/* ---- up and down ----------------------------------------------------------- */

static bool in_callback(void)
{
	struct traced *traced = traced_get(current);
	bool in = traced_ended_by(current);

	if (traced) {
		in = in || utrace_in_pass(state_of(traced));
		traced_put(traced);
	}
	return in;
}

/**
 * utrace_init() - bring the facility up
 *
 * The module does so when it is loaded: this is for whoever called
 * utrace_shutdown().  Context: may sleep; not in a callback.
 *
 * Return: 0; -EALREADY if it is up; -EDEADLK in a callback.
 */
int utrace_init(void)
{
	int err = -EALREADY;

	/* utrace_shutdown() may wait for it */
	if (in_callback())
		return -EDEADLK;
	mutex_lock(&changing);
	if (!is_up) {
		WRITE_ONCE(facility_generation, facility_generation + 1);
		/* states of this generation are made after it is seen */
		smp_store_mb(is_up, true);
		err = 0;
	}
	mutex_unlock(&changing);
	return err;
}
EXPORT_SYMBOL_GPL(utrace_init);

static void detach(struct traced *traced)
{
	utrace_detach_all(state_of(traced));
}

/* Wait until no callback runs, and none will release an engine. */
static void await_quiet(struct traced *traced)
{
	while (!utrace_quiet(state_of(traced)))
		msleep(1);
}

/**
 * utrace_shutdown() - detach every engine of every module
 *
 * When it returns no callback runs and none will, so that the code of engines
 * may be unloaded.  Attaching gives -ESRCH from then on, until utrace_init().
 * Context: may sleep; not in a callback.
 *
 * Return: 0; -ESRCH if it is not up; -EDEADLK in a callback.
 */
int utrace_shutdown(void)
{
	int err = -ESRCH;

	if (in_callback())
		return -EDEADLK;
	mutex_lock(&changing);
	if (is_up) {
		smp_store_mb(is_up, false);
		traced_each(detach);
		traced_each(await_quiet);
		err = 0;
	}
	mutex_unlock(&changing);
	return err;
}
EXPORT_SYMBOL_GPL(utrace_shutdown);

/**
 * utrace_exit() - free what utrace_init() made, after utrace_shutdown()
 *
 * Context: any.
 *
 * Return: 0; -EBUSY if the facility is still up.
 */
int utrace_exit(void)
{
	return utrace_host_up() ? -EBUSY : 0;
}
EXPORT_SYMBOL_GPL(utrace_exit);

/* ---- the module ------------------------------------------------------------ */

/*
 * Nothing wants anything of it any more.  A bit that is left over after its hook
 * is gone would be a trap; and where job control stopped it, it is to stop again
 * without us: it is woken, and goes by itself through get_signal() once more.
 */
static void let_go(struct traced *traced)
{
	struct task_struct *task = traced->task;
	unsigned long flags;

	if (kernel(__lock_task_sighand)(task, &flags)) {
		ignored_drop(traced);
		if (traced->job_stopped && task_is_stopped(task)) {
			task->jobctl |= JOBCTL_STOP_PENDING;
			task->jobctl &= ~JOBCTL_STOPPED;
			set_tsk_thread_flag(task, TIF_SIGPENDING);
			kernel(wake_up_state)(task, __TASK_STOPPED);
		}
		unlock_task_sighand(task, &flags);
	}
	/* from here on nobody asks it for anything more */
	ignored_end(traced);
	report_cancel(traced);
	syscalls_drop_entry(task);
	syscalls_drop_exit(task);
}

/*
 * A trap flag is taken away by the thread itself on its way to user mode, but if
 * it sleeps: that may be for ever.
 */
static void await_steps(struct traced *traced)
{
	while (READ_ONCE(traced->stepping) && !traced->task->exit_state &&
	       !step_end_asleep(traced))
		msleep(1);
}

static void leave(void)
{
	utrace_shutdown();
	traced_each(await_steps);
	/* whoever sets a bit of ours looks at this afterwards */
	smp_store_mb(leaves, true);
	traced_each(let_go);
	hooks_remove();
	traced_forget_all();
}

static int __init facility_load(void)
{
	int err = symbols_find();

	if (err)
		return err;
	wait_init();
	steps_init();
	err = hooks_place();
	if (err)
		return err;
	status_files_make();
	return utrace_init();
}

static void __exit facility_unload(void)
{
	status_files_remove();
	leave();
}

module_init(facility_load);
module_exit(facility_unload);

MODULE_DESCRIPTION("utrace: tracing engines side by side");
MODULE_LICENSE("GPL");
