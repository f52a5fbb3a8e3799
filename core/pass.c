// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * A reporting pass: who is called, and what follows from the returns.
 *
 * Only the thread's own context makes passes, one at a time.
 */
#include "core.h"

/*
 * Whether a callback runs that the caller may just have taken away (EVT-5), or
 * took away before.  Under the lock, after the change.
 */
bool callback_busy(struct utrace *utrace, struct engine *engine, bool fewer,
		   bool more)
{
	unsigned int pass = port_load(&utrace->pass);

	if (current == utrace->task ||
	    port_load_seq(&utrace->reporting) != engine)
		return false;
	if (fewer)
		engine->cleared = pass;
	return fewer || (!more && engine->cleared == pass);
}

/* Put the lists in order; see @in_pass and @attention of struct utrace. */
static void settle(struct utrace *utrace, bool in_pass)
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

void pass_begin(struct pass *pass, struct utrace *utrace, unsigned long event)
{
	pass->utrace = utrace;
	pass->event = event;
	pass->resume = UTRACE_RESUME;
	pass->rest = UTRACE_RESUME;
	pass->bits = 0;
	pass->callbacks = 0;
	utrace_host_pass_begins(utrace->task);
	port_store_seq(&utrace->in_pass, true);
	if (port_load_seq(&utrace->attention))
		settle(utrace, true);
	port_store(&utrace->pass, utrace->pass + 1);
	port_store(&utrace->resume, UTRACE_RESUME);
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

/* The decision is in place when this returns: in @resume and @due. */
void pass_end(struct pass *pass)
{
	enum utrace_resume_action due = leaves_due(pass);
	struct utrace *utrace = pass->utrace;

	port_store(&utrace->resume, pass->rest);
	if (due != UTRACE_RESUME) {
		port_lock(&utrace->lock);
		if (due < utrace->due)
			utrace->due = due;
		port_store_seq(&utrace->attention, true);
		port_unlock(&utrace->lock);
	}
	port_store_seq(&utrace->in_pass, false);
	if (port_load_seq(&utrace->attention))
		settle(utrace, false);
	utrace_host_pass_ends(utrace->task, pass->callbacks);
	utrace_wake(utrace);
}

/*
 * The lists do not change under a pass, so an engine's neighbour is there even
 * if the engine was detached meanwhile.
 */
struct engine *pass_next(struct pass *pass, struct engine *engine)
{
	struct list_head *head = &pass->utrace->engines;
	struct list_head *next = engine ? engine->link.next : head->next;

	return next == head ? NULL : list_entry(next, struct engine, link);
}

struct engine *pass_previous(struct pass *pass, struct engine *engine)
{
	struct list_head *head = &pass->utrace->engines;
	struct list_head *prev = engine ? engine->link.prev : head->prev;

	return prev == head ? NULL : list_entry(prev, struct engine, link);
}

/* Returns what the engine asks for, once others can see that it is reported. */
unsigned long pass_enter(struct pass *pass, struct engine *engine)
{
	struct utrace *utrace = pass->utrace;

	port_store_seq(&utrace->reporting, engine);
	return port_load_seq(&engine->pub.flags);
}

void pass_leave(struct pass *pass, struct engine *engine)
{
	struct utrace *utrace = pass->utrace;

	(void)engine;
	port_store_seq(&utrace->reporting, (struct engine *)NULL);
	utrace_wake(utrace);
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
	const char *what = utrace_host_refuses(UTRACE_EFFECT_EXIT_STOP);

	if (what)
		utrace_refuse(&engine->pub, UTRACE_EVENT(EXIT), "EXT-2", what);
	return what;
}

/* A callback returned: note what its engine wants. False: it is detached. */
bool pass_take(struct pass *pass, struct engine *engine, u32 ret)
{
	enum utrace_resume_action action = utrace_resume_action(ret);
	struct utrace *utrace = pass->utrace;
	unsigned long flags = port_load_seq(&engine->pub.flags);
	struct list_head none;

	pass->callbacks++;
	port_store(&engine->pass, utrace->pass);
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
 * The quiesce callback that comes before the one for the event.  False: the
 * engine is detached.
 */
bool pass_quiesce(struct pass *pass, struct engine *engine, unsigned long flags)
{
	u32 ret;

	if (!(flags & UTRACE_EVENT(QUIESCE)))
		return true;
	ret = engine->pub.ops->report_quiesce(pass->resume, &engine->pub,
					      pass->event);
	return pass_take(pass, engine, ret);
}

/*
 * What the thread does now.  Where it @may_stop a held stop takes effect;
 * elsewhere it brings the thread to utrace_report_user().
 */
struct utrace_decision pass_decide(struct utrace *utrace, bool may_stop,
				   enum point point)
{
	struct utrace_decision decision = { .resume = UTRACE_RESUME };
	enum utrace_resume_action resume = port_load(&utrace->resume);
	bool held;

	if (!port_load_seq(&utrace->attention)) {
		decision.resume = resume;
		return decision;
	}
	port_lock(&utrace->lock);
	held = port_load(&utrace->events) & ENGINE_STOP;
	if (held && may_stop && utrace->life == ALIVE) {
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
