// SPDX-License-Identifier: LGPL-2.1-or-later
/* The end of a thread: dead, reaped, or replaced by an exec. */
#include <sys/wait.h>
#include <unistd.h>

#include <utrace/thread.h>

#include "ptrace_host.h"

#define MAX_SIBLINGS	4096

static bool is_leader(struct utrace_thread *thread)
{
	return thread->tid == thread->tgid;
}

/* Is another thread of the process alive, by the list of them? */
static bool sees_sibling(struct utrace_thread *thread)
{
	static __thread pid_t tids[MAX_SIBLINGS];
	struct proc_stat stat;
	bool whole;
	ssize_t i, n;

	do {
		n = utrace_thread_list(thread->tgid, tids, MAX_SIBLINGS, &whole);
		if (n < 0)
			return false;
		for (i = 0; i < n && i < MAX_SIBLINGS; i++)
			if (tids[i] != thread->tid &&
			    !proc_read_stat(thread->tgid, tids[i], &stat) &&
			    stat.state != 'Z' && stat.state != 'X')
				return true;
		if (n > MAX_SIBLINGS)
			return true;
	} while (!whole);
	return false;
}

/*
 * Whether another thread of the process lives.  While one of them takes over the
 * leader's ID by exec, /proc shows neither for a moment.
 */
static bool siblings_live(struct utrace_thread *thread)
{
	struct proc_stat stat;
	int tries;

	for (tries = 0; tries < 5; tries++) {
		if (sees_sibling(thread))
			return true;
		if (!proc_read_stat(thread->tgid, thread->tgid, &stat))
			return stat.state != 'Z' && stat.state != 'X' &&
			       thread->tid != thread->tgid;
		usleep(200);
	}
	return false;
}

/*
 * The signal that the parent of a dead leader is sent: -1 if it does not want
 * to know.  By now it may have been reaped; then what was known before counts.
 */
static int parent_signal(struct utrace_thread *thread)
{
	struct proc_info parent;
	struct proc_stat stat;

	if (!proc_read_stat(thread->tgid, thread->tid, &stat))
		return stat.exit_signal;
	if (thread->exit_signal != SIGCHLD ||
	    proc_read_status(0, thread->ppid, &parent))
		return thread->exit_signal;
	if (parent.sig_ignored >> (SIGCHLD - 1) & 1)
		return -1;
	/*
	 * Nothing shows SA_NOCLDWAIT.  But whoever waits for a child takes over
	 * its page faults, and every process has had some.
	 */
	if (thread->parent_noted &&
	    !proc_read_stat(0, thread->ppid, &stat) &&
	    stat.child_faults == thread->parent_faults)
		return -1;
	return thread->exit_signal;
}

/* When a thread begins to exit, what its parent is about is still to be seen. */
void note_parent(struct utrace_thread *thread)
{
	struct proc_stat stat, parent;

	if (!is_leader(thread) ||
	    !(utrace_wanted(state_of(thread)) & _UTRACE_DEATH_EVENTS) ||
	    proc_read_stat(thread->tgid, thread->tid, &stat))
		return;
	thread->ppid = stat.ppid;
	thread->exit_signal = stat.exit_signal;
	thread->parent_noted = !proc_read_stat(0, stat.ppid, &parent);
	thread->parent_faults = parent.child_faults;
}

/* Nothing more will come of it. Gives back the reference of its adoption. */
void bury(struct utrace_thread *thread)
{
	utrace_report_reap(state_of(thread));
	thread_forget(thread);
	utrace_thread_put(thread);
}

static void report_missed_exit(struct utrace_thread *thread, int status)
{
	long code = status;

	if (!thread->exit_reported)
		utrace_report_exit(state_of(thread), code, &code);
	thread->exit_reported = true;
}

/* The worker does not trace it any more. */
static void leave_worker(struct utrace_thread *thread)
{
	move_end(thread);
	pthread_mutex_lock(&thread->lock);
	regs_drop(thread);
	disown(thread);
	port_store_seq(&thread->run, RUN_DEAD);
	pthread_mutex_unlock(&thread->lock);
	utrace_settled(state_of(thread));
}

/* Its wait status was fetched: dead, and unless it is a leader reaped too. */
void on_death(struct utrace_thread *thread, int status)
{
	bool wanted = utrace_wanted(state_of(thread)) & _UTRACE_DEATH_EVENTS;
	bool dead_before = thread->dead_before_siblings;
	bool leader = is_leader(thread), group_dead = leader;
	int signal = -1;

	if (!dead_before) {
		if (wanted && leader)
			signal = parent_signal(thread);
		else if (wanted)
			group_dead = !siblings_live(thread);
	}
	leave_worker(thread);
	report_missed_exit(thread, status);
	if (!dead_before)
		utrace_report_death(state_of(thread), group_dead, signal);
	if (leader)
		reaper_watch(thread);
	else
		bury(thread);
}

/* Whether it is not ours any more, though nobody told. */
static bool lost(struct utrace_thread *thread)
{
	struct proc_info info;

	return proc_read_status(thread->tgid, thread->tid, &info) ||
	       (info.tracer && info.tracer != thread->owner->pid) ||
	       (!info.tracer && info.state != 'Z' && info.state != 'X');
}

/*
 * The kernel says that there is nothing to wait for: an exec by a thread that
 * is not traced took the place of one that was.
 */
void check_lost(struct worker *worker)
{
	struct utrace_thread *thread, *next;

	list_for_each_entry_safe(thread, next, &worker->threads, of_worker) {
		thread_forget(thread);
		on_replaced(thread);
	}
}

/*
 * A leader that exits before its threads: the kernel tells its tracer only when
 * the last one is gone, so /proc has to.
 */
void check_exiting(struct worker *worker)
{
	struct utrace_thread *thread, *next;
	struct proc_stat stat;

	list_for_each_entry_safe(thread, next, &worker->threads, of_worker) {
		if (!thread->outlived)
			continue;
		if (lost(thread)) {
			on_replaced(thread);
			continue;
		}
		if (thread->dead_before_siblings ||
		    proc_read_stat(thread->tgid, thread->tid, &stat) ||
		    stat.state != 'Z' || stat.threads < 2 ||
		    !siblings_live(thread))
			continue;
		thread->dead_before_siblings = true;
		port_store_seq(&thread->run, RUN_DEAD);
		set_current(thread);
		utrace_report_death(state_of(thread), false, -2);
		set_current(NULL);
	}
}

/*
 * An exec by another thread took the leader's place.  Its own worker tells of
 * it; from now on its ID means the other.
 */
void bury_replaced(struct worker *worker, struct utrace_thread *leader,
		   struct utrace_thread *heir)
{
	utrace_thread_get(heir);
	leader->heir = heir;
	thread_forget(leader);
	if (leader->owner == worker)
		on_replaced(leader);
	else
		worker_mail(leader, MAIL_REPLACED);
}

void on_replaced(struct utrace_thread *leader)
{
	bool dead_before = leader->dead_before_siblings;

	leave_worker(leader);
	set_current(leader);
	report_missed_exit(leader, 0);
	if (!dead_before)
		utrace_report_death(state_of(leader), false, -2);
	bury(leader);
	set_current(NULL);
}
