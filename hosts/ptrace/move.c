// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Moving a newborn process to a worker of its own.
 *
 * The kernel gives a child to its creator's tracer, so that it would share one
 * worker with its creator, and callbacks of the one would hold up the other.
 * ptrace has no way to hand a stopped thread over: between one tracer's
 * PTRACE_DETACH and the other's PTRACE_SEIZE it runs.  So it is made to sleep
 * meanwhile: the system call instruction that it was born in is run once more,
 * as a ppoll() of nothing with all signals blocked.  It is let go at the entry
 * of that call, so that no signal is taken before it sleeps.  The new worker
 * interrupts the sleep and puts the registers back.
 *
 * Should the tracer be killed in between, the call runs out, the kernel puts the
 * signal mask back, and the child goes on with the result 0, which is what it
 * was born with.  What remains changed then are five registers that carry
 * arguments of system calls, and bytes far below its stack pointer.
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

/*
 * How long it sleeps at most.  Long enough for a machine that swaps, and not
 * for ever, should the tracer be killed.
 */
#define NAP_SECONDS	10

/* What ppoll() is told. */
struct nap {
	struct timespec limit;
	uint64_t mask;
};

/**
 * struct move - a thread between two workers
 * @to: where it goes; null once it was let go
 * @seized: there
 * @regs: its registers, as they are to be again
 * @at: where in its memory the arguments are
 * @was: what was there
 */
struct move {
	struct worker *to;
	bool seized;
	struct user_regs_struct regs;
	unsigned long at;
	struct nap was;
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
 * Reading another's memory by this call takes the same right as seizing it, so
 * who may do this may have it back.
 */
static bool can_move(struct worker *worker, struct utrace_thread *thread)
{
	struct proc_info info;

	return thread->tid == thread->tgid && worker->ntracees > 1 &&
	       !proc_read_status(thread->tgid, thread->tid, &info) &&
	       !info.seccomp && !regs_fetch(thread) &&
	       !memcmp(&thread->regs.now.user, &thread->regs.was,
		       sizeof(thread->regs.was)) &&
	       machine_can_nap(thread);
}

/* Make it about to sleep. */
static bool lie_down(struct utrace_thread *thread, struct move *move)
{
	const struct nap nap = {
		.limit = { .tv_sec = NAP_SECONDS }, .mask = ~0UL
	};
	struct user_regs_struct regs = thread->regs.was;

	move->regs = regs;
	move->at = machine_nap(&regs, sizeof(nap),
			       offsetof(struct nap, limit),
			       offsetof(struct nap, mask));
	if (!peek(thread->tid, move->at, &move->was, sizeof(move->was)) ||
	    !poke(thread->tid, move->at, &nap, sizeof(nap)))
		return false;
	thread->move = move;
	pthread_mutex_lock(&thread->lock);
	thread->regs.now.user = regs;
	regs_flush(thread);
	set_run(thread, RUN_RUNNING);
	pthread_mutex_unlock(&thread->lock);
	/* if this fails it was killed, and its end will be waited for */
	ptrace(PTRACE_SYSCALL, thread->tid, 0, 0);
	return true;
}

/* Nothing has happened. */
static void get_up(struct utrace_thread *thread)
{
	struct move *move = thread->move;

	if (regs_fetch(thread) ||
	    !machine_napping(&thread->regs.was, &move->regs))
		return;
	poke(thread->tid, move->at, &move->was, sizeof(move->was));
	thread->regs.now.user = move->regs;
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
	if (move->to && lie_down(thread, move))
		return true;
	if (move->to)
		worker_not_chosen(move->to);
	free(move);
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
	struct move *move = thread->move;

	if (!move)
		return;
	if (move->to)
		worker_not_chosen(move->to);
	thread->move = NULL;
	free(move);
}

/* Somebody else took it while it was nobody's: our engines see no more of it. */
static void lose(struct utrace_thread *thread)
{
	pthread_mutex_lock(&thread->lock);
	disown(thread);
	port_store_seq(&thread->phase, PHASE_FREE);
	pthread_mutex_unlock(&thread->lock);
	utrace_detach_all(thread);
	utrace_settled(thread);
	utrace_thread_put(thread);
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
	err = try_seize(worker, thread);
	if (err == SEIZED) {
		thread->options = BASE_OPTIONS;
		thread->mode = PTRACE_CONT;
		thread->interrupting = false;
		interrupt(thread);
		return;
	}
	move_end(thread);
	if (err == -EPERM) {
		lose(thread);
		return;
	}
	/* asleep with all signals blocked: only this can have befallen it */
	set_current(thread);
	on_death(thread, SIGKILL);
	set_current(NULL);
}
