// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Engines for programs that race with them: see taps.h.
 *
 *	insmod taps.ko [shutdown=1]
 *
 * With shutdown=1 the taps that are left when the module is unloaded are
 * detached all at once, by utrace_shutdown(), and not one by one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/utrace.h>
#include <linux/workqueue.h>
#include <asm/syscall.h>

#include "taps.h"

static bool shutdown;
module_param(shutdown, bool, 0);
MODULE_PARM_DESC(shutdown, "how taps are detached at the end");

/**
 * struct session - an open file
 * @lock: orders @taps, @closing, and &tap.put of its taps
 * @taps: all but those that are gone
 * @sums: of those that are gone
 */
struct session {
	struct list_head link;
	spinlock_t lock;
	struct list_head taps;
	struct taps_seen sums;
	unsigned int next;
	bool closing;
	bool keep;
};

/**
 * struct tap - an engine
 * @refs: the engine has one, the session has one of those that were asked for
 * @own: was asked for, and stays until the file is closed
 * @put: the reference to the engine was given back
 */
struct tap {
	struct list_head link;
	struct kref refs;
	struct session *session;
	unsigned int number;
	bool own;
	bool put;
	struct task_struct *task;
	struct utrace_engine *engine;
	struct taps_how how;
	struct delayed_work nudge;
	atomic_t inside;
	atomic_t random;
	struct taps_seen seen;
};

static LIST_HEAD(kept);
static DEFINE_MUTEX(kept_lock);
static atomic_t wrong, alive, callbacks;
static struct workqueue_struct *nudges;

static void tap_free(struct kref *refs)
{
	struct tap *tap = container_of(refs, struct tap, refs);

	put_task_struct(tap->task);
	kfree(tap);
	atomic_dec(&alive);
}

static void tap_put(struct tap *tap)
{
	kref_put(&tap->refs, tap_free);
}

static void complain(struct tap *tap, const char *what, int event)
{
	if (atomic_inc_return(&wrong) < 20)
		pr_err("wrong: %s, event %d, thread %d (current %d), seen %u %u %u\n",
		       what, event, task_pid_nr(tap->task), task_pid_nr(current),
		       tap->seen.n[_UTRACE_EVENT_DEATH],
		       tap->seen.n[_UTRACE_EVENT_REAP], tap->seen.released);
}

static void add(struct taps_seen *to, const struct taps_seen *from)
{
	u32 *sum = (u32 *)to;
	const u32 *one = (const u32 *)from;
	size_t i;

	for (i = 0; i < sizeof(*to) / sizeof(u32); i++)
		sum[i] += one[i];
}

/* ---- callbacks ----------------------------------------------------------- */

static u32 chance(struct tap *tap, u32 below)
{
	u32 x = atomic_add_return(0x9e3779b9, &tap->random);

	x ^= x >> 16;
	x *= 0x7feb352d;
	x ^= x >> 15;
	x *= 0x846ca68b;
	x ^= x >> 16;
	return x % below;
}

/* Whether a callback for @event may come now. */
static void enter(struct tap *tap, int event, bool anywhere)
{
	if (atomic_inc_return(&tap->inside) != 1)
		complain(tap, "two callbacks at a time", event);
	if (!anywhere && tap->task != current)
		complain(tap, "not in the thread", event);
	if (READ_ONCE(tap->seen.released))
		complain(tap, "after its release", event);
	if (tap->seen.n[_UTRACE_EVENT_REAP])
		complain(tap, "after the reap", event);
	if (tap->seen.n[_UTRACE_EVENT_DEATH] && event != _UTRACE_EVENT_REAP)
		complain(tap, "after the death", event);
	if (!tap->seen.n[event]++)
		tap->seen.order[event] = atomic_inc_return(&callbacks);
	if (!(tap->how.mode & TAPS_JITTER))
		return;
	switch (chance(tap, 12)) {
	case 0:
		udelay(chance(tap, 50));
		break;
	case 1:
		if (!anywhere)
			usleep_range(1, 100);
		break;
	case 2:
		if (!anywhere)
			schedule();
		break;
	}
}

static u32 leave(struct tap *tap, int event, u32 action)
{
	u32 act = tap->how.act[event], resume = UTRACE_RESUME;

	if (act != TAPS_PASS &&
	    (!(act & TAPS_SELDOM) || !chance(tap, 32)))
		resume = act & UTRACE_RESUME_MASK;
	if (resume == UTRACE_RESUME && (tap->how.mode & TAPS_STEP))
		resume = UTRACE_SINGLESTEP;
	if (resume == UTRACE_STOP && (tap->how.mode & TAPS_NUDGE) &&
	    !READ_ONCE(tap->session->closing)) {
		kref_get(&tap->refs);
		if (!queue_delayed_work(nudges, &tap->nudge, chance(tap, 3)))
			tap_put(tap);
	}
	atomic_dec(&tap->inside);
	return (action & ~UTRACE_RESUME_MASK) | resume;
}

static u32 on_quiesce(u32 action, struct utrace_engine *engine,
		      unsigned long event)
{
	struct tap *tap = engine->data;

	enter(tap, _UTRACE_EVENT_QUIESCE, false);
	if (event == UTRACE_EVENT(DEATH))
		tap->seen.dying++;
	return leave(tap, _UTRACE_EVENT_QUIESCE, action);
}

static int class_of(u32 action)
{
	switch (utrace_signal_action(action)) {
	case UTRACE_SIGNAL_DELIVER:	return _UTRACE_EVENT_SIGNAL;
	case UTRACE_SIGNAL_IGN:		return _UTRACE_EVENT_SIGNAL_IGN;
	case UTRACE_SIGNAL_TERM:	return _UTRACE_EVENT_SIGNAL_TERM;
	case UTRACE_SIGNAL_CORE:	return _UTRACE_EVENT_SIGNAL_CORE;
	case UTRACE_SIGNAL_REPORT:
	case UTRACE_SIGNAL_HANDLER:	return _UTRACE_EVENT_QUIESCE;
	default:			return _UTRACE_EVENT_SIGNAL_STOP;
	}
}

static u32 on_signal(u32 action, struct utrace_engine *engine,
		     struct pt_regs *regs, siginfo_t *info,
		     const struct k_sigaction *orig_ka,
		     struct k_sigaction *return_ka)
{
	struct tap *tap = engine->data;
	int event = class_of(action);

	enter(tap, event, false);
	if (!orig_ka) {
		tap->seen.reports++;
		event = _UTRACE_EVENT_QUIESCE;
	} else if (tap->how.signr && info->si_signo == tap->how.signr) {
		action = tap->how.what;
	} else if ((tap->how.mode & TAPS_STEP) && info->si_signo == SIGTRAP) {
		action = UTRACE_SIGNAL_IGN;
	}
	return leave(tap, orig_ka ? _UTRACE_EVENT_SIGNAL : event, action);
}

static struct tap *attach(struct session *session, struct task_struct *task,
			  int flags, const struct taps_how *how, bool own);

static u32 on_clone(u32 action, struct utrace_engine *engine,
		    unsigned long clone_flags, struct task_struct *child)
{
	struct tap *tap = engine->data, *young;

	enter(tap, _UTRACE_EVENT_CLONE, false);
	if (tap->how.mode & TAPS_CHILDREN) {
		young = attach(tap->session, child, 0, &tap->how, false);
		if (IS_ERR(young) && PTR_ERR(young) != -ESHUTDOWN &&
		    PTR_ERR(young) != -ESRCH)
			complain(tap, "child not attached", -PTR_ERR(young));
	}
	return leave(tap, _UTRACE_EVENT_CLONE, action);
}

static u32 on_jctl(u32 action, struct utrace_engine *engine, int type,
		   int notify)
{
	struct tap *tap = engine->data;

	enter(tap, _UTRACE_EVENT_JCTL, false);
	tap->seen.stopped += type == CLD_STOPPED;
	tap->seen.continued += type == CLD_CONTINUED;
	tap->seen.told_stopped += notify == CLD_STOPPED;
	tap->seen.told_continued += notify == CLD_CONTINUED;
	return leave(tap, _UTRACE_EVENT_JCTL, action);
}

static u32 on_exec(u32 action, struct utrace_engine *engine,
		   const struct linux_binfmt *fmt,
		   const struct linux_binprm *bprm, struct pt_regs *regs)
{
	struct tap *tap = engine->data;

	enter(tap, _UTRACE_EVENT_EXEC, false);
	return leave(tap, _UTRACE_EVENT_EXEC, action);
}

static u32 on_entry(u32 action, struct utrace_engine *engine,
		    struct pt_regs *regs)
{
	struct tap *tap = engine->data;

	enter(tap, _UTRACE_EVENT_SYSCALL_ENTRY, false);
	if (tap->how.abort_nr >= 0 &&
	    syscall_get_nr(current, regs) == tap->how.abort_nr) {
		syscall_set_return_value(current, regs, 0, tap->how.abort_ret);
		action = UTRACE_SYSCALL_ABORT;
	}
	return leave(tap, _UTRACE_EVENT_SYSCALL_ENTRY,
		     action & ~UTRACE_SYSCALL_RESUMED);
}

static u32 on_syscall_exit(u32 action, struct utrace_engine *engine,
			   struct pt_regs *regs)
{
	struct tap *tap = engine->data;

	enter(tap, _UTRACE_EVENT_SYSCALL_EXIT, false);
	return leave(tap, _UTRACE_EVENT_SYSCALL_EXIT, action);
}

static u32 on_exit(u32 action, struct utrace_engine *engine, long orig_code,
		   long *code)
{
	struct tap *tap = engine->data;

	enter(tap, _UTRACE_EVENT_EXIT, false);
	return leave(tap, _UTRACE_EVENT_EXIT, action);
}

/* By whoever attaches to one that is dead, it may run elsewhere. */
static u32 on_death(struct utrace_engine *engine, bool group_dead, int signal)
{
	struct tap *tap = engine->data;

	enter(tap, _UTRACE_EVENT_DEATH, false);
	atomic_dec(&tap->inside);
	return tap->how.mode & TAPS_AT_DEATH ? UTRACE_DETACH : UTRACE_RESUME;
}

/* The reference is to be given back, by whoever is told true. */
static bool take_reference(struct tap *tap)
{
	bool mine;

	spin_lock(&tap->session->lock);
	mine = !tap->put;
	tap->put = true;
	spin_unlock(&tap->session->lock);
	return mine;
}

static void on_reap(struct utrace_engine *engine, struct task_struct *task)
{
	struct tap *tap = engine->data;

	enter(tap, _UTRACE_EVENT_REAP, true);
	if (task != tap->task)
		complain(tap, "reap of another", 0);
	atomic_dec(&tap->inside);
	if (!tap->own && take_reference(tap))
		utrace_engine_put(engine);
}

static void on_release(void *data)
{
	struct tap *tap = data;
	struct session *session = tap->session;
	bool gone = false;

	if (atomic_read(&tap->inside))
		complain(tap, "released in a callback", 0);
	spin_lock(&session->lock);
	if (tap->seen.released++)
		complain(tap, "released twice", 0);
	if (!tap->own && !list_empty(&tap->link)) {
		add(&session->sums, &tap->seen);
		list_del_init(&tap->link);
		gone = true;
	}
	spin_unlock(&session->lock);
	/* what it would do has become pointless */
	if (gone && cancel_delayed_work(&tap->nudge))
		tap_put(tap);
	tap_put(tap);
}

static const struct utrace_engine_ops ops = {
	.report_quiesce = on_quiesce,
	.report_signal = on_signal,
	.report_clone = on_clone,
	.report_jctl = on_jctl,
	.report_exec = on_exec,
	.report_syscall_entry = on_entry,
	.report_syscall_exit = on_syscall_exit,
	.report_exit = on_exit,
	.report_death = on_death,
	.report_reap = on_reap,
	.release = on_release,
};

/* ---- taps ---------------------------------------------------------------- */

/* A reference to its engine, null: it was given back. */
static struct utrace_engine *engine_of(struct tap *tap)
{
	struct utrace_engine *engine = NULL;

	spin_lock(&tap->session->lock);
	if (!tap->put && tap->engine) {
		engine = tap->engine;
		utrace_engine_get(engine);
	}
	spin_unlock(&tap->session->lock);
	return engine;
}

static void end_stop(struct work_struct *work)
{
	struct tap *tap = container_of(work, struct tap, nudge.work);
	struct utrace_engine *engine = engine_of(tap);
	int err;

	if (engine) {
		err = utrace_control(tap->task, engine, UTRACE_RESUME);
		if (err && err != -ESRCH)
			complain(tap, "resume", -err);
		utrace_engine_put(engine);
	}
	tap_put(tap);
}

static struct tap *attach(struct session *session, struct task_struct *task,
			  int flags, const struct taps_how *how, bool own)
{
	struct tap *tap = kzalloc(sizeof(*tap), GFP_KERNEL);
	struct utrace_engine *engine;
	bool closing;
	int err;

	if (!tap)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&tap->link);
	kref_init(&tap->refs);		/* that of the engine */
	INIT_DELAYED_WORK(&tap->nudge, end_stop);
	tap->session = session;
	tap->own = own;
	tap->task = get_task_struct(task);
	tap->how = *how;
	tap->seen.made = 1;
	atomic_set(&tap->random, how->seed ^ (task_pid_nr(task) << 8));
	atomic_inc(&alive);

	spin_lock(&session->lock);
	closing = session->closing;
	if (!closing) {
		tap->number = session->next++;
		list_add_tail(&tap->link, &session->taps);
	}
	spin_unlock(&session->lock);
	if (closing) {
		tap_put(tap);
		return ERR_PTR(-ESHUTDOWN);
	}
	if (own)
		kref_get(&tap->refs);
	engine = utrace_attach_task(task, flags | UTRACE_ATTACH_CREATE, &ops,
				    tap);
	if (!IS_ERR(engine))
		utrace_engine_get(engine);
	spin_lock(&session->lock);
	if (IS_ERR(engine))
		list_del_init(&tap->link);
	else
		tap->engine = engine;
	spin_unlock(&session->lock);
	if (IS_ERR(engine)) {
		if (own)
			tap_put(tap);
		tap_put(tap);
		return ERR_CAST(engine);
	}
	err = how->events ? utrace_set_events(task, engine, how->events) : 0;
	if (err && err != -ESRCH && err != -EALREADY)
		complain(tap, "set_events", -err);
	/* then no callback will tell that it is reaped */
	if (err && !own && take_reference(tap))
		utrace_engine_put(engine);
	utrace_engine_put(engine);
	return tap;
}

/* ---- sessions ------------------------------------------------------------ */

static struct session *session_new(void)
{
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (session) {
		INIT_LIST_HEAD(&session->taps);
		spin_lock_init(&session->lock);
	}
	return session;
}

static struct tap *first_tap(struct session *session)
{
	struct tap *tap;

	spin_lock(&session->lock);
	tap = list_first_entry_or_null(&session->taps, struct tap, link);
	if (tap)
		kref_get(&tap->refs);
	spin_unlock(&session->lock);
	return tap;
}

/* Detached, and no callback runs. */
static void let_go(struct tap *tap)
{
	struct utrace_engine *engine = engine_of(tap);
	int err;

	if (!engine)
		return;
	while (utrace_control(tap->task, engine, UTRACE_DETACH) == -EALREADY)
		msleep(1);
	do {
		err = utrace_barrier(tap->task, engine);
		if (err == -ERESTARTSYS)
			msleep(1);
	} while (err == -ERESTARTSYS);
	if (err && err != -ESRCH)
		complain(tap, "barrier", -err);
	if (take_reference(tap))
		utrace_engine_put(engine);
	utrace_engine_put(engine);
}

static void session_end(struct session *session)
{
	struct tap *tap;
	unsigned int i;
	bool was;

	spin_lock(&session->lock);
	session->closing = true;
	spin_unlock(&session->lock);
	while ((tap = first_tap(session))) {
		if (!READ_ONCE(tap->engine))
			msleep(1);	/* it is being attached */
		let_go(tap);
		for (i = 0; i < 30000 && READ_ONCE(tap->engine) &&
		     !READ_ONCE(tap->seen.released); i++)
			msleep(1);
		if (i == 30000)
			complain(tap, "never released", 0);
		if (cancel_delayed_work_sync(&tap->nudge))
			tap_put(tap);
		spin_lock(&session->lock);
		was = !list_empty(&tap->link);
		if (was && READ_ONCE(tap->engine))
			list_del_init(&tap->link);
		else
			was = false;
		spin_unlock(&session->lock);
		if (was && tap->own)
			tap_put(tap);
		tap_put(tap);
	}
	/* whoever took the last one off has left the lock */
	synchronize_rcu();
	kfree(session);
}

/* ---- requests ------------------------------------------------------------ */

static struct tap *find_tap(struct session *session, unsigned int number)
{
	struct tap *tap, *found = NULL;

	spin_lock(&session->lock);
	list_for_each_entry(tap, &session->taps, link)
		if (tap->number == number)
			found = tap;
	if (found)
		kref_get(&found->refs);
	spin_unlock(&session->lock);
	return found;
}

static struct task_struct *find_task(pid_t nr)
{
	struct task_struct *task;
	struct pid *pid;

	if (!nr)
		return get_task_struct(current);
	pid = find_get_pid(nr);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	return task;
}

static bool has(struct session *session, struct task_struct *task)
{
	bool found = false;
	struct tap *tap;

	spin_lock(&session->lock);
	list_for_each_entry(tap, &session->taps, link)
		found |= tap->task == task && tap->engine;
	spin_unlock(&session->lock);
	return found;
}

/* Some thread of that terminal session that has no tap yet. */
static struct task_struct *another(struct session *session, pid_t sid)
{
	struct task_struct *process, *thread, *found = NULL;

	rcu_read_lock();
	for_each_process_thread(process, thread) {
		if (found || thread->exit_state || thread == current ||
		    task_session_vnr(thread) != sid || has(session, thread))
			continue;
		found = get_task_struct(thread);
	}
	rcu_read_unlock();
	return found;
}

static long follow(struct session *session, pid_t sid, struct taps_how *how)
{
	struct task_struct *task;
	struct tap *tap;
	long n = 0;

	how->mode |= TAPS_CHILDREN;
	how->events |= UTRACE_EVENT(CLONE) | UTRACE_EVENT(REAP);
	while ((task = another(session, sid))) {
		/* one that its maker attaches to just now has two then */
		tap = attach(session, task, 0, how, false);
		put_task_struct(task);
		if (!IS_ERR(tap))
			n++;
		else if (PTR_ERR(tap) == -ERESTARTNOINTR)
			return -EINTR;
		else if (PTR_ERR(tap) != -ESRCH)
			return PTR_ERR(tap);
		else
			cond_resched();
	}
	return n;
}

static void total(struct session *session, struct taps_seen *seen)
{
	struct tap *tap;

	spin_lock(&session->lock);
	*seen = session->sums;
	list_for_each_entry(tap, &session->taps, link)
		add(seen, &tap->seen);
	spin_unlock(&session->lock);
	seen->wrong = atomic_read(&wrong);
}

static long about_tap(struct tap *tap, struct taps_call *call)
{
	struct utrace_engine *engine = engine_of(tap);
	struct utrace_examiner exam;
	long ret = -ENOENT;

	switch (call->request) {
	case TAPS_SEEN:
		call->seen = tap->seen;
		call->seen.inside = atomic_read(&tap->inside);
		call->seen.wrong = atomic_read(&wrong);
		ret = 0;
		break;
	case TAPS_SET_EVENTS:
		if (engine)
			ret = utrace_set_events(tap->task, engine, call->arg);
		break;
	case TAPS_CONTROL:
		if (engine)
			ret = utrace_control(tap->task, engine, call->arg);
		break;
	case TAPS_BARRIER:
		if (engine)
			ret = utrace_barrier(tap->task, engine);
		break;
	case TAPS_EXAMINE:
		if (!engine)
			break;
		ret = utrace_prepare_examine(tap->task, engine, &exam);
		if (!ret)
			ret = utrace_finish_examine(tap->task, engine, &exam);
		break;
	case TAPS_PUT:
		ret = 0;
		if (engine && take_reference(tap))
			utrace_engine_put(engine);
		break;
	}
	if (engine)
		utrace_engine_put(engine);
	return ret;
}

static long perform(struct session *session, struct taps_call *call)
{
	struct task_struct *task;
	struct tap *tap;
	long ret;

	switch (call->request) {
	case TAPS_ATTACH:
	case TAPS_FLAGS:
		task = find_task(call->pid);
		if (!task)
			return -ESRCH;
		if (call->request == TAPS_FLAGS) {
			ret = task_utrace_flags(task);
		} else {
			tap = attach(session, task, call->flags, &call->how,
				     true);
			ret = IS_ERR(tap) ? PTR_ERR(tap) : tap->number;
		}
		put_task_struct(task);
		return ret;
	case TAPS_FOLLOW:
		return follow(session, call->pid, &call->how);
	case TAPS_IS_FOLLOWED:
		return has(session, current);
	case TAPS_TOTAL:
		total(session, &call->seen);
		return 0;
	case TAPS_KEEP:
		session->keep = true;
		return 0;
	}
	tap = find_tap(session, call->tap);
	if (!tap)
		return -ENOENT;
	ret = about_tap(tap, call);
	tap_put(tap);
	return ret;
}

static long taps_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct taps_call call;
	long ret;

	if (cmd != TAPS_CALL)
		return -ENOTTY;
	if (copy_from_user(&call, (void __user *)arg, sizeof(call)))
		return -EFAULT;
	ret = perform(file->private_data, &call);
	if (copy_to_user((void __user *)arg, &call, sizeof(call)))
		return -EFAULT;
	return ret;
}

static int taps_open(struct inode *inode, struct file *file)
{
	file->private_data = session_new();
	return file->private_data ? 0 : -ENOMEM;
}

static int taps_close(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	if (session->keep) {
		mutex_lock(&kept_lock);
		list_add_tail(&session->link, &kept);
		mutex_unlock(&kept_lock);
	} else {
		session_end(session);
	}
	return 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = taps_open,
	.release = taps_close,
	.unlocked_ioctl = taps_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "taps",
	.fops = &fops,
};

static int __init taps_begin(void)
{
	int err;

	nudges = alloc_workqueue("taps", 0, 0);
	if (!nudges)
		return -ENOMEM;
	err = misc_register(&device);
	if (err)
		destroy_workqueue(nudges);
	return err;
}

static void __exit taps_end(void)
{
	struct session *session, *next;

	misc_deregister(&device);
	if (shutdown)
		utrace_shutdown();
	list_for_each_entry_safe(session, next, &kept, link)
		session_end(session);
	destroy_workqueue(nudges);
	if (shutdown && utrace_init())
		pr_err("wrong: utrace_init()\n");
	/* whoever released an engine has left this code */
	synchronize_rcu_tasks();
	if (atomic_read(&alive))
		pr_err("wrong: %d taps are left\n", atomic_read(&alive));
	if (atomic_read(&wrong))
		pr_err("wrong: %d callbacks\n", atomic_read(&wrong));
}

module_init(taps_begin);
module_exit(taps_end);

MODULE_DESCRIPTION("utrace: engines for programs that race with them");
MODULE_LICENSE("GPL");
