// SPDX-License-Identifier: LGPL-2.1-or-later
/* Taking threads on, and letting them go. */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utrace/thread.h>

#include "ptrace_host.h"

/* Of /proc/PID/stat, from the kernel's linux/sched.h. */
#define PF_EXITING	0x00000004
#define PF_KTHREAD	0x00200000

/* how often it looks, every 0.1 ms, whether an exit is over */
#define MAX_TRIES	10000

/* Of a leader, that it exits is told in any case: others may outlive it. */
static unsigned int first_options(struct utrace_thread *thread)
{
	return BASE_OPTIONS |
	       (thread->tid == thread->tgid ? PTRACE_O_TRACEEXIT : 0);
}

/* @thread->lock is held, or the thread is new. The worker traces it now. */
void adopted(struct worker *worker, struct utrace_thread *thread)
{
	utrace_thread_get(thread);
	thread_unnote_death(thread);
	port_store(&thread->run, RUN_RUNNING);
	thread->at = PARKED_USER;
	thread->newborn = false;
	thread->first_stop = false;
	thread->born_here = false;
	port_store(&thread->job_stopped, false);
	thread->interrupting = false;
	thread->going = false;
	thread->interrupted = false;
	thread->aborted = false;
	thread->in_call = false;
	thread->exit_told = false;
	thread->suspended = false;
	thread->exit_deferred = false;
	thread->handler_due = false;
	thread->stepping = false;
	thread->step_over_call = false;
	thread->stepped = false;
	thread->exiting = false;
	thread->ended_by = 0;
	thread->exit_reported = false;
	thread->clone_hidden = false;
	thread->exit_at = EXIT_AT_EVENT;
	thread->ending = false;
	memset(thread->way_back, 0, sizeof(thread->way_back));
	thread->trial.on = false;
	thread->trial.up = false;
	thread->trial.failed = false;
	thread->outlived = false;
	thread->ticking = false;
	thread->parent_noted = false;
	thread->dead_before_siblings = false;
	thread->replaced = false;
	thread->mask_changed = false;
	port_store(&thread->settled, port_load(&thread->asked));
	thread->options = first_options(thread);
	thread->mode = PTRACE_CONT;
	list_add_tail(&thread->of_worker, &worker->threads);
	worker->ntracees++;
	__atomic_add_fetch(&worker->load, 1, __ATOMIC_RELAXED);
	port_store_seq(&thread->owner, worker);
	port_store_seq(&thread->phase, PHASE_SEIZED);
}

/* The worker need not be woken for this thread any more. */
void stop_ticking(struct utrace_thread *thread)
{
	if (thread->ticking)
		reaper_count_ticks(-1);
	thread->ticking = false;
}

/*
 * A leader exits, or is gone: that it is dead while others outlive it, or that one
 * of them took its place by exec, only looking shows.
 */
void watch_leader(struct worker *worker, struct utrace_thread *thread)
{
	if (thread->tid != thread->tgid || thread->outlived)
		return;
	thread->outlived = true;
	worker->outlived++;
	thread->ticking = true;
	reaper_count_ticks(1);
}

/* One of its threads fewer. */
void leave(struct worker *worker, struct utrace_thread *thread)
{
	list_del_init(&thread->of_worker);
	worker->ntracees--;
	__atomic_sub_fetch(&worker->load, 1, __ATOMIC_RELAXED);
}

/* @thread->lock is held. The worker traces it no more. */
void disown(struct utrace_thread *thread)
{
	struct worker *worker = thread->owner;

	leave(worker, thread);
	if (thread->newborn) {
		thread->newborn = false;
		worker->newborns--;
	}
	stop_ticking(thread);
	if (thread->outlived) {
		thread->outlived = false;
		worker->outlived--;
	}
	worker_return_mail(thread);
	drop_made_signals(thread);
}

/* A zombie has no stops; what is left of it is that its parent reaps it. */
static int adopt_zombie(struct utrace_thread *thread)
{
	struct proc_stat stat;

	utrace_thread_get(thread);
	thread->outlived = !proc_read_stat(thread->tgid, thread->tid, &stat) &&
			   stat.threads > 1;
	thread_note_death(thread);
	port_store_seq(&thread->owner, NULL);
	port_store_seq(&thread->phase, PHASE_SEIZED);
	set_run(thread, RUN_DEAD);
	utrace_report_death(state_of(thread), false, 0);
	reaper_watch(thread);
	return 0;
}

/*
 * Seized the wrong one: the ID was given out anew between the look and the
 * call.  It has not been stopped yet; detaching takes a stop.
 */
static void unseize(pid_t tid)
{
	int status;

	ptrace(PTRACE_INTERRUPT, tid, 0, 0);
	if (waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status))
		ptrace(PTRACE_DETACH, tid, 0,
		       status >> 16 ? 0 : WSTOPSIG(status));
}

/*
 * The kernel attached it to its creator's tracer, us.  It waits in its first
 * stop until the creator's event has been told; either may come first.
 */
void adopt_newborn(struct worker *worker, struct utrace_thread *thread)
{
	struct timespec now;

	adopted(worker, thread);
	thread->newborn = true;
	thread->born_here = true;
	thread->options = BASE_OPTIONS;
	clock_gettime(CLOCK_MONOTONIC, &now);
	thread->born_round = worker->round;
	thread->born_at = now.tv_sec;
	worker->newborns++;
	utrace_newborn(thread);
}

/*
 * Whether a leader that the worker traces, under no handle of its own, is another
 * of its threads, which took over the ID by exec and is about to tell so: a
 * process that was just born has one thread.
 */
static bool took_over(struct worker *worker, struct utrace_thread *thread)
{
	struct utrace_thread *t;

	list_for_each_entry(t, &worker->threads, of_worker)
		if (t != thread && t->tgid == thread->tid)
			return true;
	return false;
}

/*
 * The kernel lets nobody seize a thread while one of its process is in exec, which
 * waits until the others are dead.  If we trace one of these, it waits for us; so
 * the reaper's ticks ring us out of the call now and then.
 */
static int seize_interruptibly(struct worker *worker,
			       struct utrace_thread *thread)
{
	static const int no_bell;	/* mail may wait, and be there already */
	bool others = worker->ntracees;
	int err;

	if (others) {
		port_store_seq(&worker->asleep, 1);
		reaper_count_ticks(1);
	}
	err = utrace_call_or_bell(&no_bell, SYS_ptrace, PTRACE_SEIZE,
				  thread->tid, 0, first_options(thread));
	if (others) {
		reaper_count_ticks(-1);
		port_store_seq(&worker->asleep, 0);
	}
	return err;
}

/*
 * Seize a thread, or find out why not: an &enum seized; -EPERM; -ESRCH; -EAGAIN:
 * a worker is about to hear that it has been born, or called exec, or its process
 * is in the middle of one; any other error: it could not be looked at.  One that
 * exits just now can neither be seized nor is it dead yet: that is over within
 * moments.
 */
int try_seize(struct worker *worker, struct utrace_thread *thread)
{
	struct proc_info info;
	struct proc_stat stat;
	int tries, err;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		err = proc_read_status(thread->tgid, thread->tid, &info);
		if (!err)
			err = proc_read_stat(thread->tgid, thread->tid, &stat);
		if (err)
			return err;
		if (stat.start != thread->start)
			return -ESRCH;
		if (stat.flags & PF_KTHREAD)
			return -EPERM;
		if (is_dead_state(info.state))
			return IS_DEAD;
		if (info.tracer == worker->pid && !took_over(worker, thread))
			return IS_NEWBORN;
		if (info.tracer && worker_is_ours(info.tracer))
			return -EAGAIN;
		err = seize_interruptibly(worker, thread);
		if (!err)
			return SEIZED;
		if (err == -EINTR)
			return -EAGAIN;
		if (err != -EPERM && err != -ESRCH)
			return err;
		if (info.tracer || (err == -EPERM &&
				    !(stat.flags & PF_EXITING) && tries))
			return -EPERM;
		if (tries)
			usleep(100);
	}
	return -EPERM;
}

static int seize(struct worker *worker, struct utrace_thread *thread)
{
	struct proc_info info;
	struct proc_stat stat;
	int err;

	err = proc_read_status(thread->tgid, thread->tid, &info);
	if (err)
		return err;
	if (!thread_is_same(thread))
		return -ESRCH;
	if (info.tgid == getppid() || worker_is_ours(info.tgid) ||
	    traces_us(info.tgid))
		return -EPERM;
	err = try_seize(worker, thread);
	if (err < 0)
		return err;
	if (err == IS_NEWBORN) {
		adopt_newborn(worker, thread);
		return 0;
	}
	if (err == IS_DEAD)	/* of others than leaders nothing is left to come */
		return thread->tid == thread->tgid ? adopt_zombie(thread) :
						     -ESRCH;
	/* the kernel may have waited until an exec was over */
	err = proc_read_stat(thread->tgid, thread->tid, &stat);
	if (!err && stat.start != thread->start) {
		unseize(thread->tid);
		return -ESRCH;
	}
	/* a leader may have been replaced by one that is not seized */
	if (thread->tid == thread->tgid &&
	    !proc_read_status(thread->tgid, thread->tid, &info) &&
	    !info.tracer && !is_dead_state(info.state))
		return -EAGAIN;
	adopted(worker, thread);
	/* dead it would still be there: it called exec */
	if (err == -ESRCH && thread->tid != thread->tgid)
		take_leaders_id(thread);
	else if (err || (stat.flags & PF_EXITING))
		watch_leader(worker, thread);
	return 0;
}

/* By the worker that is to own it. */
int adopt_here(struct worker *worker, struct utrace_thread *thread)
{
	int err = 0;

	pthread_mutex_lock(&thread->lock);
	switch (port_load(&thread->phase)) {
	case PHASE_SEIZED:
		break;
	case PHASE_GONE:
		err = -ESRCH;
		break;
	default:
		err = seize(worker, thread);
	}
	pthread_mutex_unlock(&thread->lock);
	return err;
}

/* The job of the worker that is to own it. */
void adopt_job(struct worker *worker, struct job *job)
{
	job->result = adopt_here(worker, job->thread);
}

/* By whichever worker is the one for it. */
static int adopt_there(struct utrace_thread *thread)
{
	struct job job = { .run = adopt_job, .thread = thread };
	struct worker *worker;
	int tries = 0;

	do {
		if (tries)
			usleep(100);
		worker = worker_of(thread);
		if (IS_ERR(worker))
			return PTR_ERR(worker);
		worker_run_job(worker, &job);
		worker_chosen(worker);
	} while (job.result == -EAGAIN && ++tries < MAX_TRIES);
	return job.result == -EAGAIN ? -EPERM : job.result;
}

int utrace_host_adopt(struct task_struct *task)
{
	struct worker *worker = utrace_context.worker;
	int err;

	if (port_load_acquire(&task->phase) == PHASE_SEIZED) {
		/* reaped, though the reaper has not looked yet */
		if (port_load(&task->run) == RUN_DEAD && thread_is_reaped(task))
			return -ESRCH;
		/* the lock keeps out an owner that is just letting it go */
		pthread_mutex_lock(&task->lock);
		if (port_load(&task->phase) == PHASE_SEIZED) {
			pthread_mutex_unlock(&task->lock);
			return 0;
		}
		pthread_mutex_unlock(&task->lock);
	}
	if (worker) {
		err = adopt_here(worker, task);
		return err == -EAGAIN ? -EPERM : err;
	}
	if (!host_begin())
		return -ESRCH;
	err = adopt_there(task);
	host_end();
	return err;
}

/*
 * At a stop: if no engine is left, the thread goes on untraced, now or from its
 * next stop on.  @sig is the signal that it is about to be delivered, or 0.
 */
bool let_go(struct utrace_thread *thread, int sig)
{
	bool gone = false, free = false;

	pthread_mutex_lock(&thread->lock);
	/* a signal that is on its way to be delivered is its own to take */
	if (utrace_idle(state_of(thread)) && !has_decided_signal(thread)) {
		regs_flush(thread);
		set_run(thread, RUN_RUNNING);
		gone = true;
		if (thread->stepping) {
			/* the trap would be the program's: its stop is next */
			thread->mode = PTRACE_CONT;
			ptrace(PTRACE_CONT, thread->tid, 0, sig);
		} else if (!ptrace(PTRACE_DETACH, thread->tid, 0, sig)) {
			disown(thread);
			port_store_seq(&thread->phase, PHASE_FREE);
			free = true;
		}
		/* else it was killed, and its end is ours to wait for */
	}
	thread->going = gone && !free;
	pthread_mutex_unlock(&thread->lock);
	if (free) {
		utrace_settled(state_of(thread));
		utrace_thread_put(thread);
	}
	return gone;
}
