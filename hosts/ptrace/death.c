// SPDX-License-Identifier: LGPL-2.1-or-later
/* The end of a thread: dead, reaped, or replaced by an exec. */
#include <sys/wait.h>
#include <unistd.h>

#include <utrace/thread.h>

#include "ptrace_host.h"

#define MAX_SIBLINGS	4096

/* threads that come and go so fast that none is ever seen alive, live */
#define MAX_LOOKS	1000

static bool is_leader(struct utrace_thread *thread)
{
	return thread->tid == thread->tgid;
}

static bool is_dead(pid_t pid, pid_t tid)
{
	struct proc_stat stat;

	return proc_read_stat(pid, tid, &stat) || is_dead_state(stat.state);
}

/*
 * Whether another thread of the process lives.  It does not if all of a list
 * were dead that turns out, after that, to have been whole.
 */
static bool siblings_live(struct utrace_thread *thread)
{
	static __thread pid_t tids[MAX_SIBLINGS];
	ssize_t i, n;
	int tries;

	for (tries = 0; tries < MAX_LOOKS; tries++) {
		n = proc_list_threads(thread->tgid, tids, MAX_SIBLINGS);
		if (n > MAX_SIBLINGS)
			return true;
		if (n < 0)
			return false;
		for (i = 0; i < n; i++)
			if (tids[i] != thread->tid &&
			    !is_dead(thread->tgid, tids[i]))
				return true;
		if (proc_list_is_whole(thread->tgid, tids, n))
			return false;
	}
	return true;
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
	bool leader = is_leader(thread), group_dead = false;
	int signal = -1;

	if (!dead_before) {
		group_dead = !thread_note_death(thread);
		if (leader)
			signal = !group_dead ? -2 :
				 wanted ? parent_signal(thread) : 0;
		else if (group_dead && wanted)
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
	struct worker *owner = port_load_acquire(&thread->owner);
	struct proc_info info;

	if (proc_read_status(thread->tgid, thread->tid, &info))
		return true;
	if (info.tracer)
		return !owner || info.tracer != owner->pid;
	return !is_dead_state(info.state);
}

/*
 * Whether the ID of a leader that is or was traced means another thread by now,
 * one that is not traced and called exec.  Its worker finds out then, too.
 */
bool thread_is_replaced(struct utrace_thread *thread)
{
	if (!is_leader(thread) || !lost(thread))
		return false;
	if (port_load(&thread->run) == RUN_RUNNING)
		worker_mail(thread, UTRACE_KICK_INTERRUPT);
	return true;
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
		/* if no other is traced, one must live that is not, still */
		if (!thread_note_death(thread) && !siblings_live(thread)) {
			thread_unnote_death(thread);
			continue;
		}
		thread->dead_before_siblings = true;
		port_store_seq(&thread->run, RUN_DEAD);
		set_current(thread);
		utrace_report_death(state_of(thread), false, -2);
		set_current(NULL);
	}
}

/*
 * An exec by another thread took the leader's place.  Its own worker tells of
 * it, at once if that is @worker; from now on its ID means the other.
 */
void bury_replaced(struct worker *worker, struct utrace_thread *leader,
		   struct utrace_thread *heir)
{
	bool seized = port_load(&leader->phase) == PHASE_SEIZED;

	utrace_thread_get(heir);
	leader->heir = heir;
	thread_forget(leader);
	if (!seized)
		return;
	if (!leader->owner)
		reaper_look();
	else if (worker && leader->owner == worker)
		on_replaced(leader);
	else
		worker_mail(leader, MAIL_REPLACED);
}

/* The same of a thread that had done so before it was seized. @thread->lock is held. */
void take_leaders_id(struct utrace_thread *thread)
{
	struct utrace_thread *leader = thread_lookup(thread->tgid);

	if (leader)
		bury_replaced(NULL, leader, thread);
	utrace_thread_put(leader);
	thread_rename(thread, thread->tgid);
}

void on_replaced(struct utrace_thread *leader)
{
	bool dead_before = leader->dead_before_siblings;

	if (leader->replaced)
		return;
	leader->replaced = true;
	leave_worker(leader);
	set_current(leader);
	report_missed_exit(leader, 0);
	if (!dead_before)
		utrace_report_death(state_of(leader), false, -2);
	bury(leader);
	set_current(NULL);
}
