// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* Choosing events, controlling threads, and waiting for callbacks. */
#include "core.h"

/* Whether every event has a callback to come to (EVT-8). */
static bool callable(const struct utrace_engine_ops *ops, unsigned long events)
{
	static const unsigned long signals = UTRACE_EVENT_SIGNAL_ALL;

	return (!(events & UTRACE_EVENT(QUIESCE)) || ops->report_quiesce) &&
	       (!(events & UTRACE_EVENT(REAP)) || ops->report_reap) &&
	       (!(events & UTRACE_EVENT(CLONE)) || ops->report_clone) &&
	       (!(events & UTRACE_EVENT(EXEC)) || ops->report_exec) &&
	       (!(events & UTRACE_EVENT(EXIT)) || ops->report_exit) &&
	       (!(events & UTRACE_EVENT(DEATH)) || ops->report_death) &&
	       (!(events & UTRACE_EVENT(SYSCALL_ENTRY)) ||
		ops->report_syscall_entry) &&
	       (!(events & UTRACE_EVENT(SYSCALL_EXIT)) ||
		ops->report_syscall_exit) &&
	       (!(events & UTRACE_EVENT(JCTL)) || ops->report_jctl) &&
	       (!(events & signals) || ops->report_signal ||
		ops->report_quiesce);
}

/* Whether a change of the mask comes too late (EVT-3). */
static bool too_late(struct utrace *utrace, unsigned long old,
		     unsigned long new)
{
	if (utrace->life == ALIVE)
		return false;
	if (new & ~old & _UTRACE_DEATH_EVENTS)
		return true;
	if (utrace->life == DYING && (old & ~new & _UTRACE_DEATH_EVENTS))
		return true;
	return utrace->life >= REAPING && (old & ~new & UTRACE_EVENT(REAP));
}

/* A report is due, and the thread's own context has to come and make it. */
static void make_due(struct utrace *utrace, enum utrace_resume_action due)
{
	if (due < utrace->due)
		utrace->due = due;
	port_store_seq(&utrace->attention, true);
	if (utrace->stopped && utrace->point == POINT_ENTRY)
		utrace->again = true;
}

int utrace_set_events(struct task_struct *task, struct utrace_engine *engine,
		      unsigned long events)
{
	struct engine *e = to_engine(engine);
	struct utrace *utrace = e->utrace;
	unsigned long flags, old, before;
	int ret = 0;

	(void)task;
	if (utrace_is_past(utrace) || engine_detached(e))
		return -ESRCH;
	events &= ALL_EVENTS;
	if (!callable(e->ops, events))
		return -EINVAL;

	port_lock(&utrace->lock);
	flags = engine_flags(e);
	old = flags & ALL_EVENTS;
	if (flags & ENGINE_DETACHED) {
		ret = -ESRCH;
	} else if (too_late(utrace, old, events)) {
		ret = -EALREADY;
	} else {
		before = port_load(&utrace->events);
		port_store_seq(&engine->flags, (flags & ~ALL_EVENTS) | events);
		utrace_update_locked(utrace);
		if (callback_busy(utrace, e, flags, &e->wanted, old & ~events,
				  events & ~old))
			ret = -EINPROGRESS;
		if (utrace->life == ALIVE) {
			if ((events & UTRACE_EVENT(QUIESCE)) &&
			    (utrace->stopped ||
			     utrace_host_job_stopped(utrace->task)))
				make_due(utrace, UTRACE_REPORT);
			if (port_load(&utrace->events) & ~before)
				utrace_host_kick(utrace->task,
						 UTRACE_KICK_WANTED);
		}
	}
	port_unlock(&utrace->lock);
	utrace_host_sync();
	return ret;
}

/* An engine let go: if no other holds the thread, its stop is over. */
static void wake_locked(struct utrace *utrace)
{
	if (!(port_load(&utrace->events) & ENGINE_STOP) &&
	    (utrace->stopped || utrace_host_job_stopped(utrace->task)))
		utrace_host_kick(utrace->task, UTRACE_KICK_WAKE);
}

static int detach_locked(struct utrace *utrace, struct engine *engine,
			 struct list_head *gone)
{
	unsigned long flags;
	int ret = 0;

	if (utrace->life >= REAPING)
		return -ESRCH;
	if (utrace->life == DYING &&
	    (engine_flags(engine) & _UTRACE_DEATH_EVENTS))
		return -EALREADY;
	flags = engine_flags(engine);
	engine_detach_locked(utrace, engine, gone);
	if (callback_runs(utrace, engine, flags, &engine->wanted))
		ret = -EINPROGRESS;
	if (utrace->life == ALIVE) {
		wake_locked(utrace);
		if (!utrace->nr)
			utrace_host_kick(utrace->task, UTRACE_KICK_IDLE);
	}
	return ret;
}

static int stop_locked(struct utrace *utrace, struct engine *engine)
{
	bool holds = engine_flags(engine) & ENGINE_STOP;
	bool job_stopped = !utrace->stopped &&
			   utrace_host_job_stopped(utrace->task);

	/* SIGCONT ended the other stop, and it is on its way into this one */
	if (port_load(&engine->firm))
		return 0;
	/* the callback has had its say, and it is on its way to the stop */
	if (holds && port_load(&engine->stops) && !utrace->stopped &&
	    !job_stopped)
		return -EINPROGRESS;
	if (!holds)
		port_store(&engine->stops, false);
	port_store(&engine->firm, job_stopped);
	port_store_seq(&engine->pub.flags, engine_flags(engine) | ENGINE_STOP);
	port_store_seq(&utrace->attention, true);
	utrace_update_locked(utrace);
	if (utrace->stopped)
		return 0;
	if (job_stopped) {
		utrace_host_kick(utrace->task, UTRACE_KICK_WAKE);
		return 0;
	}
	make_due(utrace, UTRACE_REPORT);
	utrace_host_kick(utrace->task, UTRACE_KICK_REPORT);
	return -EINPROGRESS;
}

/* Everything but STOP and DETACH: the engine's own stop ends. */
static int go_locked(struct utrace *utrace, struct engine *engine,
		     enum utrace_resume_action action)
{
	port_store(&engine->firm, false);
	port_store_seq(&engine->pub.flags, engine_flags(engine) & ~ENGINE_STOP);
	utrace_update_locked(utrace);
	switch (action) {
	case UTRACE_INTERRUPT:
		make_due(utrace, UTRACE_INTERRUPT);
		utrace_host_kick(utrace->task, UTRACE_KICK_INTERRUPT);
		break;
	case UTRACE_REPORT:
		make_due(utrace, UTRACE_REPORT);
		utrace_host_kick(utrace->task, UTRACE_KICK_REPORT);
		break;
	case UTRACE_SINGLESTEP:
	case UTRACE_BLOCKSTEP:
		if (action == UTRACE_BLOCKSTEP && !arch_has_block_step())
			action = UTRACE_SINGLESTEP;
		if (action < port_load(&utrace->resume))
			port_store(&utrace->resume, action);
		if (!utrace->stopped)
			utrace_host_kick(utrace->task, UTRACE_KICK_REPORT);
		break;
	default:
		if (port_load(&utrace->resume) == UTRACE_SINGLESTEP ||
		    port_load(&utrace->resume) == UTRACE_BLOCKSTEP)
			port_store(&utrace->resume, UTRACE_RESUME);
	}
	wake_locked(utrace);
	return 0;
}

int utrace_control(struct task_struct *task, struct utrace_engine *engine,
		   enum utrace_resume_action action)
{
	struct engine *e = to_engine(engine);
	struct utrace *utrace = e->utrace;
	struct list_head gone;
	int ret;

	(void)task;
	if ((unsigned int)action > UTRACE_DETACH)
		return -EINVAL;
	if (utrace_is_past(utrace) || engine_detached(e))
		return -ESRCH;

	INIT_LIST_HEAD(&gone);
	port_lock(&utrace->lock);
	if (engine_detached(e))
		ret = -ESRCH;
	else if (action >= UTRACE_REPORT && action <= UTRACE_BLOCKSTEP &&
		 !(engine_flags(e) & UTRACE_EVENT(QUIESCE)))
		ret = -EINVAL;
	else if (action == UTRACE_DETACH)
		ret = detach_locked(utrace, e, &gone);
	else if (utrace->life != ALIVE)
		ret = -ESRCH;
	else if (action == UTRACE_STOP)
		ret = stop_locked(utrace, e);
	else if ((action == UTRACE_SINGLESTEP || action == UTRACE_BLOCKSTEP) &&
		 !arch_has_single_step())
		ret = -EOPNOTSUPP;
	else
		ret = go_locked(utrace, e, action);
	port_unlock(&utrace->lock);
	utrace_wake(utrace);
	engines_put(utrace, &gone);
	utrace_host_sync();
	return ret;
}

/*
 * Whether the last callback to an engine is over, and what it returned is in
 * place: it is not being called, and the pass that called it is over.
 */
static bool quiet(void *arg)
{
	struct engine *engine = arg;
	struct utrace *utrace = engine->utrace;
	bool busy;

	port_lock(&utrace->lock);
	busy = port_load_seq(&utrace->reporting) == engine ||
	       (port_load_seq(&utrace->in_pass) &&
		port_load(&engine->pass) == port_load(&utrace->pass)) ||
	       (utrace->life == ALIVE && !engine_detached(engine) &&
		!utrace_host_settled(utrace->task));
	if (engine_detached(engine))
		busy = busy || engine_dropping(utrace, engine) ||
		       !list_empty(&engine->link);
	port_unlock(&utrace->lock);
	return !busy;
}

int utrace_barrier(struct task_struct *task, struct utrace_engine *engine)
{
	struct engine *e = to_engine(engine);
	int err;

	(void)task;
	if (utrace_is_past(e->utrace))
		return -ESRCH;
	if (current && current == port_load(&e->utrace->task))
		return 0;
	err = utrace_wait(e->utrace, quiet, e, true);
	if (err == -EINTR)
		return -PORT_ERESTARTSYS;
	if (err)
		return err;
	return engine_detached(e) ? -ESRCH : 0;
}
