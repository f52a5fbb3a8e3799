// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * A reporting pass: who is called, and what follows from the returns.
 *
 * Only the thread's own context makes passes, one at a time.
 */
#include "core.h"

/*
 * Whether a callback to an engine runs, whose flags and calls were these until
 * just now.  @reporting stands for a moment at those who are not called, too.
 * Under the lock, after the change.
 */
bool callback_runs(struct utrace *utrace, struct engine *engine,
		   unsigned long flags, const struct utrace_syscall_set *calls)
{
	unsigned long event;

	if (port_load_seq(&utrace->reporting) != engine)
		return false;
	if (engine->cleared == port_load(&utrace->pass))
		return true;
	event = port_load(&utrace->event);
	if ((event & UTRACE_EVENT_SYSCALL) && (flags & ENGINE_NARROWED) &&
	    !syscall_set_has(calls, port_load(&utrace->abi),
			     port_load(&utrace->nr_call)))
		return false;
	return flags & (event | UTRACE_EVENT(QUIESCE));
}

/*
 * Whether a callback runs that the caller may just have taken away (EVT-5), or
 * somebody did before.
 */
bool callback_busy(struct utrace *utrace, struct engine *engine,
		   unsigned long flags, const struct utrace_syscall_set *calls,
		   bool fewer, bool more)
{
	unsigned int pass = port_load(&utrace->pass);

	if (!callback_runs(utrace, engine, flags, calls))
		return false;
	if (fewer)
		engine->cleared = pass;
	return current != utrace->task &&
	       (fewer || (!more && engine->cleared == pass));
}

/* Put the lists in order; see @in_pass and @attention of struct utrace. */
void pass_settle(struct utrace *utrace, bool in_pass)
{
	struct engine *engine;
	struct list_head gone;
	bool attention = false;

	INIT_LIST_HEAD(&gone);
	port_lock(&utrace->lock);
	utrace_join_locked(utrace, &gone);
	list_for_each_entry(engine, &utrace->engines, link)
		if (engine_flags(engine) & ENGINE_STOP)
			attention = true;
	if (utrace->due != UTRACE_RESUME)
		attention = true;
	port_store_seq(&utrace->attention, attention);
	utrace_update_locked(utrace);
	port_store_seq(&utrace->in_pass, in_pass);
	if (!utrace->nr && utrace->life == ALIVE)
		utrace_host_kick(utrace->task, UTRACE_KICK_IDLE);
	port_unlock(&utrace->lock);
	engines_put(utrace, &gone);
}

/* Under the lock, so that a step asked for at the same time comes before or after. */
void pass_leave_resume(struct pass *pass)
{
	struct utrace *utrace = pass->utrace;

	port_lock(&utrace->lock);
	port_store(&utrace->resume, pass->rest);
	port_unlock(&utrace->lock);
}

/* What a pass leaves to be reported before user mode. */
static enum utrace_resume_action leaves_due(struct pass *pass)
{
	if (pass->rest == UTRACE_INTERRUPT)
		return UTRACE_INTERRUPT;
	switch (pass->event) {
	case 0:
	case UTRACE_EVENT(SYSCALL_ENTRY):
	case UTRACE_EVENT(EXIT):
	case UTRACE_EVENT(DEATH):
		return UTRACE_RESUME;
	}
	return pass->resume == UTRACE_STOP ? UTRACE_REPORT : UTRACE_RESUME;
}

void pass_leave_due(struct pass *pass)
{
	enum utrace_resume_action due = leaves_due(pass);
	struct utrace *utrace = pass->utrace;

	if (due == UTRACE_RESUME)
		return;
	port_lock(&utrace->lock);
	if (due < utrace->due)
		utrace->due = due;
	port_store_seq(&utrace->attention, true);
	port_unlock(&utrace->lock);
}

static void change_stop(struct utrace *utrace, struct engine *engine, bool stop)
{
	unsigned long flags;

	port_lock(&utrace->lock);
	flags = engine_flags(engine);
	if (!(flags & ENGINE_DETACHED)) {
		flags = stop ? flags | ENGINE_STOP : flags & ~ENGINE_STOP;
		port_store_seq(&engine->pub.flags, flags);
		utrace_update_locked(utrace);
		if (stop)
			port_store_seq(&utrace->attention, true);
	}
	port_unlock(&utrace->lock);
}

/* Where a stop at exit could not be ended by SIGKILL, there is none (EXT-2). */
static bool exit_stop_refused(struct engine *engine)
{
	const char *what = utrace_host_refuses_exit_stop(engine->utrace->task);

	if (what)
		utrace_refuse(&engine->pub, UTRACE_EVENT(EXIT), "EXT-2", what);
	return what;
}

/* pass_take(), where it is not simply to go on. */
bool pass_take_change(struct pass *pass, struct engine *engine, u32 ret)
{
	enum utrace_resume_action action = utrace_resume_action(ret);
	struct utrace *utrace = pass->utrace;
	unsigned long flags = port_load_seq(&engine->pub.flags);
	struct list_head none;

	if (flags & ENGINE_DETACHED)
		return false;
	if (action == UTRACE_DETACH) {
		INIT_LIST_HEAD(&none);
		port_lock(&utrace->lock);
		if (!engine_detached(engine))
			engine_detach_locked(utrace, engine, &none);
		port_unlock(&utrace->lock);
		return false;
	}
	if (port_load(&engine->firm))
		action = UTRACE_STOP;
	if (action == UTRACE_STOP && pass->event == UTRACE_EVENT(EXIT) &&
	    exit_stop_refused(engine))
		action = UTRACE_RESUME;
	port_store(&engine->stops, action == UTRACE_STOP);
	if ((action == UTRACE_STOP) != !!(flags & ENGINE_STOP))
		change_stop(utrace, engine, action == UTRACE_STOP);
	if (action < pass->resume)
		pass->resume = action;
	if (action < pass->rest && action != UTRACE_STOP)
		pass->rest = action;
	return true;
}

/*
 * Whether a held stop takes effect.  One that was asked for by utrace_control()
 * is reported first to an engine with QUIESCE (CTL-3): before user mode that is
 * due, and elsewhere only a stop that a callback returned was.
 */
static bool stops_here(struct utrace *utrace, enum point point)
{
	struct engine *engine;
	unsigned long flags;

	if (utrace->life != ALIVE)
		return false;
	if (point == POINT_USER)
		return utrace->due == UTRACE_RESUME;
	list_for_each_entry(engine, &utrace->engines, link) {
		flags = engine_flags(engine);
		if ((flags & ENGINE_STOP) &&
		    (port_load(&engine->stops) ||
		     !(flags & UTRACE_EVENT(QUIESCE))))
			return true;
	}
	return false;
}

/* pass_decide(), where a stop is held or a report is due. */
struct utrace_decision pass_decide_attentively(struct utrace *utrace,
					       bool may_stop, enum point point)
{
	struct utrace_decision decision = { .resume = UTRACE_RESUME };
	enum utrace_resume_action resume = port_load(&utrace->resume);
	bool held;

	port_lock(&utrace->lock);
	held = port_load(&utrace->events) & ENGINE_STOP;
	if (held && may_stop && stops_here(utrace, point)) {
		utrace->stopped = true;
		utrace->point = point;
		decision.resume = UTRACE_STOP;
	} else {
		if (utrace->due < resume)
			resume = utrace->due;
		if (held && resume > UTRACE_REPORT)
			resume = UTRACE_REPORT;
		decision.resume = resume;
	}
	port_unlock(&utrace->lock);
	utrace_wake(utrace);
	return decision;
}
