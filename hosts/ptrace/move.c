// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Moving a newborn process to a worker of its own.
 *
 * The kernel gives a child to its creator's tracer, so that it would share one
 * worker with its creator, and callbacks of the one would hold up the other.
 * ptrace has no way to hand a stopped thread over: between one tracer's
 * PTRACE_DETACH and the other's PTRACE_SEIZE it runs.  So it is made to sleep
 * meanwhile: the system call instruction that it was born in is run once more,
 * as a ppoll() of nothing, and all signals are blocked.  It is let go at the
 * entry of that call.  The new worker interrupts the sleep and puts the registers
 * and the signal mask back.
 *
 * Not ppoll() blocks the signals: the kernel takes its mask back before it
 * restarts the call, which SIGSTOP and SIGCONT bring about, and a handler would
 * then run with nobody there, on top of what the call is told.
 *
 * Should the program be killed in between, the guardian does that.  If it is killed
 * as well, the call runs out, and the child goes on with the result 0, which is
 * what it was born with, but with all signals blocked, and with other values in
 * the registers that carry arguments of system calls.
 *
 * Who cannot be seized again, or has a filter that might not like the call, or
 * is not where this works, stays where it was born.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <utrace/thread.h>

#include "ptrace_host.h"
#include "x86_64/nap.h"

/*
 * How long it sleeps at most: long enough for a machine that swaps, and not for
 * ever, should there be nobody to wake it.
 */
#define NAP_SECONDS	10

/**
 * struct move - a thread between two workers
 * @to: where it goes; null once it was let go
 * @seized: there
 * @entry: in the journal: what it was made to do
 */
struct move {
	struct worker *to;
	bool seized;
	struct journal_entry *entry;
};

static bool peek(pid_t tid, unsigned long at, void *to, size_t size)
{
	struct iovec ours = { to, size }, theirs = { (void *)at, size };

	return process_vm_readv(tid, &ours, 1, &theirs, 1, 0) == (ssize_t)size;
}

static bool poke(pid_t tid, unsigned long at, const void *from, size_t size)
{
	struct iovec ours = { (void *)from, size }, theirs = { (void *)at, size };

	return process_vm_writev(tid, &ours, 1, &theirs, 1, 0) == (ssize_t)size;
}

/*
 * Whether it may be seized once it was let go.  Reading another's memory by
 * process_vm_readv(), which lie_down() does, takes the same right.  But where
 * only ancestors may trace, which a worker is not, Yama lets its present tracer
 * read and nobody seize.
 */
static bool may_have_back(struct worker *to)
{
	return may_trace_anybody(to->rights.caps) || yama_scope() != 1;
}

/* The program's may have changed between the two starts. */
static bool same_rights(struct worker *worker, struct worker *to)
{
	return !memcmp(&worker->rights, &to->rights, sizeof(to->rights));
}

/*
 * It needs its start time to be known again, by the worker that it goes to.  That
 * is missing if the program had no descriptor to spare when it was born.
 */
static bool can_move(struct worker *worker, struct utrace_thread *thread)
{
	struct proc_info info;

	return thread->tid == thread->tgid && worker->ntracees > 1 &&
	       thread->start &&
	       !proc_read_status(thread->tgid, thread->tid, &info) &&
	       info.tgid == thread->tid && !info.seccomp &&
	       !regs_fetch(thread) &&
	       !memcmp(&thread->regs.now.user, &thread->regs.was,
		       sizeof(thread->regs.was)) &&
	       machine_can_nap(thread);
}

static bool set_mask(pid_t tid, uint64_t mask)
{
	return !ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask);
}

/* Make it about to sleep. */
static bool lie_down(struct utrace_thread *thread, struct move *move)
{
	const struct timespec limit = { .tv_sec = NAP_SECONDS };
	struct journal_entry *entry = move->entry;

	entry->pid = thread->tid;
	entry->regs = entry->nap = thread->regs.was;
	entry->at = machine_nap(&entry->nap, sizeof(limit));
	if (ptrace(PTRACE_GETSIGMASK, thread->tid, sizeof(entry->mask),
		   &entry->mask) ||
	    !peek(thread->tid, entry->at, &entry->was, sizeof(entry->was)) ||
	    !poke(thread->tid, entry->at, &limit, sizeof(limit)))
		return false;
	journal_enter(entry);
	set_mask(thread->tid, NAP_MASK);
	thread->move = move;
	pthread_mutex_lock(&thread->lock);
	thread->regs.now.user = entry->nap;
	regs_flush(thread);
	set_run(thread, RUN_RUNNING);
	pthread_mutex_unlock(&thread->lock);
	/* if this fails it was killed, and its end will be waited for */
	ptrace(PTRACE_SYSCALL, thread->tid, 0, 0);
	return true;
}

/* Also if its nap ran out, for nobody else would; unless it chose one since. */
static void restore_mask(pid_t tid, uint64_t mask)
{
	uint64_t now;

	if (!ptrace(PTRACE_GETSIGMASK, tid, sizeof(now), &now) &&
	    now == NAP_MASK)
		set_mask(tid, mask);
}

/* Nothing has happened. */
static void get_up(struct utrace_thread *thread)
{
	struct journal_entry *entry = thread->move->entry;

	restore_mask(thread->tid, entry->mask);
	if (regs_fetch(thread) || !nap_is(&thread->regs.was, &entry->nap))
		return;
	poke(thread->tid, entry->at, &entry->was, sizeof(entry->was));
	thread->regs.now.user = entry->regs;
	pthread_mutex_lock(&thread->lock);
	regs_flush(thread);
	pthread_mutex_unlock(&thread->lock);
}

static void move_free(struct move *move)
{
	if (move->to)
		worker_not_chosen(move->to);
	if (move->entry)
		journal_strike(move->entry);
	free(move);
}

/*
 * A newborn that may run now, in its first stop.  True if it is about to leave:
 * the stop that follows tells.
 */
bool move_begin(struct worker *worker, struct utrace_thread *thread)
{
	struct move *move;

	if (!can_move(worker, thread))
		return false;
	move = calloc(1, sizeof(*move));
	if (!move)
		return false;
	move->to = worker_for_newborn(worker);
	if (move->to && same_rights(worker, move->to) && may_have_back(move->to))
		move->entry = journal_take();
	if (move->entry && lie_down(thread, move))
		return true;
	move_free(move);
	return false;
}

static bool depart(struct worker *worker, struct utrace_thread *thread)
{
	struct worker *to = thread->move->to;
	bool gone;

	pthread_mutex_lock(&thread->lock);
	gone = !ptrace(PTRACE_DETACH, thread->tid, 0, 0);
	if (gone) {
		thread->move->to = NULL;
		leave(worker, thread);
		set_run(thread, RUN_RUNNING);
		worker_hand_over(thread, to);
	}
	pthread_mutex_unlock(&thread->lock);
	return gone;
}

/*
 * A stop of a thread that is moving.  True if that is all; otherwise the stop is
 * one like any other, and the registers are again what they were.
 */
bool move_stop(struct worker *worker, struct utrace_thread *thread, bool entry)
{
	if (thread->move->to && entry && depart(worker, thread))
		return true;
	get_up(thread);
	move_end(thread);
	return false;
}

/* It arrived, or will not: it stays, or is dead. */
void move_end(struct utrace_thread *thread)
{
	if (thread->move)
		move_free(thread->move);
	thread->move = NULL;
}

/* Somebody else took it while it was nobody's: our engines see no more of it. */
static void lose(struct utrace_thread *thread)
{
	pthread_mutex_lock(&thread->lock);
	disown(thread);
	port_store_seq(&thread->phase, PHASE_FREE);
	pthread_mutex_unlock(&thread->lock);
	utrace_detach_all(state_of(thread));
	utrace_settled(state_of(thread));
	utrace_thread_put(thread);
}

/* While it cannot be looked at (no descriptor is free, say) it sleeps on. */
static int seize_sleeper(struct worker *worker, struct utrace_thread *thread)
{
	int tries, err = -ESRCH;

	for (tries = 0; tries < NAP_SECONDS * 1000; tries++) {
		err = try_seize(worker, thread);
		if (err >= 0 || err == -ESRCH || err == -EPERM)
			break;
		usleep(1000);
	}
	return err;
}

/* A letter for a thread that may have been handed over: the first one is. */
void move_in(struct worker *worker, struct utrace_thread *thread)
{
	struct move *move = thread->move;
	int err;

	if (!move || move->to || move->seized)
		return;
	move->seized = true;
	list_add_tail(&thread->of_worker, &worker->threads);
	worker->ntracees++;
	worker_found(worker);
	err = seize_sleeper(worker, thread);
	if (err == SEIZED) {
		thread->options = BASE_OPTIONS;
		thread->mode = PTRACE_CONT;
		thread->interrupting = false;
		interrupt(thread);
		return;
	}
	move_end(thread);
	if (err < 0 && err != -ESRCH) {
		lose(thread);
		return;
	}
	/* asleep with all signals blocked: only this can have befallen it */
	set_current(thread);
	on_death(thread, SIGKILL);
	set_current(NULL);
}
