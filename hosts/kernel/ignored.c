// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals that the program ignores, for engines that ask for them.
 *
 * Untraced, such a signal is dropped when it is sent: no thread wakes, no call is
 * cut short, and nothing is pending.  So it is here, but that it is kept aside
 * for a thread to report on its way to user mode.  A thread that sleeps in a call
 * which the kernel takes up again as if nothing had been is brought there at
 * once.  From any other call (epoll_wait(), half of a write()) it comes when that
 * ends, for the program would see that it was interrupted.
 */
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/timer.h>
#include <asm/syscall.h>

#include "kernel_host.h"

#define MAY_SLEEP_MORE	(HZ / 4)
#define KEPT_AT_MOST	64

/* ---- keeping it aside ------------------------------------------------------ */

/* What prepare_signal() makes of it. Siglock is held. */
bool ignored_when_sent(struct task_struct *task, int sig)
{
	__sighandler_t handler = task->sighand->action[sig - 1].sa.sa_handler;

	if (task->ptrace || sigismember(&task->blocked, sig) ||
	    sigismember(&task->real_blocked, sig) ||
	    (task->signal->flags & SIGNAL_UNKILLABLE) || sig_kernel_only(sig))
		return false;
	return handler == SIG_IGN ||
	       (handler == SIG_DFL && sig_kernel_ignore(sig));
}

static bool can_report(struct task_struct *task)
{
	return !(task->flags & PF_EXITING) &&
	       (utrace_wanted(state_find(task)) & UTRACE_EVENT(SIGNAL_IGN));
}

/*
 * Who reports a signal to @task, or if it @is_for_group to any of its group: one
 * that is held does so if no other can.
 */
static struct traced *reporter(struct task_struct *task, bool is_for_group)
{
	struct task_struct *thread, *held = NULL;

	if (can_report(task) && !(is_for_group && is_held(task)))
		return traced_find(task);
	if (!is_for_group)
		return NULL;
	for_each_thread(task, thread) {
		if (!can_report(thread))
			continue;
		if (!is_held(thread))
			return traced_find(thread);
		held = held ?: thread;
	}
	return held ? traced_find(held) : NULL;
}

static struct sigqueue *find_last(struct sigpending *pending, int sig)
{
	struct sigqueue *q;

	list_for_each_entry_reverse(q, &pending->list, list)
		if (q->info.si_signo == sig)
			return q;
	return NULL;
}

/* Move the last @sig that is @from one of the two, with what is known of it. */
static void move_last(int sig, struct sigpending *from, struct sigpending *to)
{
	struct sigqueue *q = find_last(from, sig);

	if (q)
		list_move_tail(&q->list, &to->list);
	if (!find_last(from, sig))
		sigdelset(&from->signal, sig);
	sigaddset(&to->signal, sig);
}

static void sigpending_init(struct sigpending *pending)
{
	sigemptyset(&pending->signal);
	INIT_LIST_HEAD(&pending->list);
}

/*
 * As for any signal, an old one is pending once.  The others count as pending for
 * the limit that the program has: whoever sends it thousands while it sleeps is to
 * find that as untraced.
 */
static bool is_one_too_many(struct sigpending *kept, int sig)
{
	unsigned int n = 0;
	struct sigqueue *q;

	if (sig < SIGRTMIN)
		return sigismember(&kept->signal, sig);
	list_for_each_entry(q, &kept->list, list)
		n++;
	return n >= KEPT_AT_MOST;
}

/*
 * @sig has been put on the queue, and nobody was told.  False: it is to stay there,
 * for it belongs to a timer, which goes on when it is taken from there.  Siglock is
 * held; maybe in an interrupt.
 */
bool ignored_keep(int sig, struct task_struct *task, enum pid_type type)
{
	bool is_for_group = type != PIDTYPE_PID;
	struct traced *traced = reporter(task, is_for_group);
	struct sigpending *pending = is_for_group ?
		&task->signal->shared_pending : &task->pending;
	struct sigqueue *q = find_last(pending, sig);
	struct sigpending none;

	if (q && (q->flags & SIGQUEUE_PREALLOC))
		return false;
	if (traced && !is_one_too_many(&traced->ignored, sig)) {
		move_last(sig, pending, &traced->ignored);
		ignored_tell(traced);
		return true;
	}
	if (traced && sig >= SIGRTMIN)
		atomic_long_inc(&missed_ignored);
	sigpending_init(&none);
	move_last(sig, pending, &none);
	kernel(flush_sigqueue)(&none);
	return true;
}

static void take_off(struct sigpending *kept, struct sigqueue *q, int sig,
		     kernel_siginfo_t *info)
{
	struct sigpending *pending = &current->pending;
	bool other = sigismember(&pending->signal, sig);

	if (q)
		list_move(&q->list, &pending->list);
	sigaddset(&pending->signal, sig);
	if (!find_last(kept, sig))
		sigdelset(&kept->signal, sig);
	take_one(sig, info);
	if (other)
		sigaddset(&pending->signal, sig);
}

/* The next one, 0: there is none.  By the thread itself, siglock is held. */
int ignored_take(struct traced *traced, kernel_siginfo_t *info)
{
	struct sigpending *kept = &traced->ignored;
	struct sigqueue *q;
	int sig;

	q = list_first_entry_or_null(&kept->list, struct sigqueue, list);
	for (sig = q ? q->info.si_signo : 1; sig <= _NSIG; sig++) {
		if (sigismember(&kept->signal, sig)) {
			take_off(kept, q, sig, info);
			return sig;
		}
	}
	return 0;
}

/* Nobody will report them. Siglock is held. */
void ignored_drop(struct traced *traced)
{
	kernel(flush_sigqueue)(&traced->ignored);
}

void ignored_drop_own(struct traced *traced)
{
	siglock();
	ignored_drop(traced);
	sigunlock();
}

/* ---- bringing the thread to its report --------------------------------------- */

/* Calls that end with a restart, whatever happened before, and keep their time. */
static bool is_taken_up_again(long nr, bool ia32)
{
	if (ia32) {
		switch (nr) {
		case 0:		/* restart_syscall */
		case 7:		/* waitpid */
		case 29:	/* pause */
		case 72:	/* sigsuspend */
		case 82:	/* select */
		case 114:	/* wait4 */
		case 142:	/* _newselect */
		case 162:	/* nanosleep */
		case 168:	/* poll */
		case 179:	/* rt_sigsuspend */
		case 240:	/* futex */
		case 267:	/* clock_nanosleep */
		case 284:	/* waitid */
		case 308:	/* pselect6 */
		case 309:	/* ppoll */
		case 407:	/* clock_nanosleep_time64 */
		case 413:	/* pselect6_time64 */
		case 414:	/* ppoll_time64 */
		case 422:	/* futex_time64 */
			return true;
		}
		return false;
	}
	switch (nr) {
	case __NR_restart_syscall:
	case __NR_pause:
	case __NR_nanosleep:
	case __NR_clock_nanosleep:
	case __NR_wait4:
	case __NR_waitid:
	case __NR_futex:
	case __NR_poll:
	case __NR_ppoll:
	case __NR_select:
	case __NR_pselect6:
	case __NR_rt_sigsuspend:
		return true;
	}
	return false;
}

/* A read() of a pipe ends as soon as it has something. @task sleeps in it. */
static bool reads_pipe(struct task_struct *task, long nr, bool ia32)
{
	struct pt_regs *regs = task_pt_regs(task);
	struct inode *inode;
	struct file *file;
	bool does = false;

	if (nr != (ia32 ? 3 : __NR_read))
		return false;
	rcu_read_lock();
	file = task->files ? files_lookup_fd_raw(task->files, ia32 ?
						 regs->bx : regs->di) : NULL;
	if (file) {
		inode = READ_ONCE(file->f_inode);
		does = inode && S_ISFIFO(inode->i_mode);
	}
	rcu_read_unlock();
	return does;
}

/* What task_call_func() answers for whoever may be about to sleep, or not. */
enum { IS_NOT_TO_WAKE, IS_TO_WAKE, IS_AWAKE };

/* The task stays as it is meanwhile: asleep in this very call, or not. */
static int look(struct task_struct *task, void *unused)
{
	const unsigned int stops = __TASK_TRACED | __TASK_STOPPED;
	unsigned int state = READ_ONCE(task->__state);
	bool ia32;
	long nr;

	if (state & (stops | TASK_DEAD))
		return IS_NOT_TO_WAKE;
	if (task->on_rq || !(state & TASK_INTERRUPTIBLE))
		return IS_AWAKE;
	ia32 = task_thread_info(task)->status & TS_COMPAT;
	nr = task_pt_regs(task)->orig_ax;
	/* its filter may not know the call by which others are taken up */
	if (!reads_pipe(task, nr, ia32) &&
	    (!is_taken_up_again(nr, ia32) ||
	     (task_thread_info(task)->syscall_work & SYSCALL_WORK_SECCOMP)))
		return IS_NOT_TO_WAKE;
	set_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL);
	return IS_TO_WAKE;
}

/* Later again, if it is awake, for it may be about to sleep without a look. */
static void rouse(struct traced *traced)
{
	switch (kernel(task_call_func)(traced->task, look, NULL)) {
	case IS_TO_WAKE:
		kernel(wake_up_state)(traced->task, TASK_INTERRUPTIBLE);
		break;
	case IS_AWAKE:
		refcount_inc(&traced->refs);
		if (mod_timer(&traced->remind, jiffies + traced->remind_in))
			traced_put(traced);
		break;
	}
}

static void remind(struct timer_list *timer)
{
	struct traced *traced = from_timer(traced, timer, remind);

	traced->remind_in = min(traced->remind_in * 2, MAY_SLEEP_MORE);
	if (report_is_due(traced))
		rouse(traced);
	traced_put(traced);
}

void ignored_init(struct traced *traced)
{
	sigpending_init(&traced->ignored);
	timer_setup(&traced->remind, remind, 0);
}

/* It is to report what is kept. Siglock is held. */
void ignored_tell(struct traced *traced)
{
	traced->remind_in = 1;
	ask_for_report(traced);
	rouse(traced);
}

/* No more of that; nothing is kept from now on. May sleep. */
void ignored_end(struct traced *traced)
{
	if (del_timer_sync(&traced->remind))
		traced_put(traced);
}
