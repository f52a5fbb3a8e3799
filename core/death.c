// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Death and reaping: exactly one side cleans up.
 *
 * &enum life goes up under the lock, and every answer of utrace_control() and
 * utrace_set_events() about a dead thread is given under the same lock.  So the
 * answer and the callbacks that come agree, whatever the order (DTH-6).
 */
#include "core.h"

static void set_life(struct utrace *utrace, enum life life)
{
	port_lock(&utrace->lock);
	utrace->life = life;
	port_unlock(&utrace->lock);
}

/*
 * Whether it is to hear of it: who asks for that now is told yes, or is told that
 * the engine is detached.
 */
static bool wants_reap(struct utrace *utrace, struct engine *engine)
{
	unsigned long flags;

	port_lock(&utrace->lock);
	flags = engine_flags(engine);
	if (!(flags & UTRACE_EVENT(REAP)))
		port_store_seq(&engine->pub.flags, ENGINE_DETACHED);
	port_unlock(&utrace->lock);
	return flags & UTRACE_EVENT(REAP);
}

static void reap(struct utrace *utrace)
{
	struct task_struct *task = utrace->task;
	struct engine *engine;
	struct list_head gone;
	struct pass pass;

	pass_begin(&pass, utrace, UTRACE_EVENT(REAP));
	pass_for_each(&pass, engine) {
		pass_enter(&pass, engine);
		if (!wants_reap(utrace, engine))
			continue;
		engine->ops->report_reap(&engine->pub, task);
		pass.callbacks++;
		port_lock(&utrace->lock);
		port_store_seq(&engine->pub.flags, ENGINE_DETACHED);
		port_unlock(&utrace->lock);
	}
	INIT_LIST_HEAD(&gone);
	port_lock(&utrace->lock);
	utrace->life = REAPED;
	utrace_join_locked(utrace, &gone);
	utrace_update_locked(utrace);
	port_store(&utrace->task, (struct task_struct *)NULL);
	port_store_seq(&utrace->attention, false);
	port_store_seq(&utrace->reporting, (struct engine *)NULL);
	port_store_seq(&utrace->in_pass, false);
	port_unlock(&utrace->lock);
	engines_put(utrace, &gone);
	utrace_host_pass_ends(task, pass.callbacks);
	utrace_wake(utrace);
}

void utrace_report_death(struct utrace *utrace, bool group_dead, int signal)
{
	struct engine *engine;
	unsigned long flags;
	struct pass pass;
	bool due;

	if (!utrace)
		return;
	utrace_born(utrace);
	utrace_ends_stop(utrace);
	set_life(utrace, DEAD);
	pass_begin(&pass, utrace, UTRACE_EVENT(DEATH));
	set_life(utrace, DYING);
	pass_for_each(&pass, engine) {
		flags = pass_enter(&pass, engine);
		if ((flags & UTRACE_EVENT(QUIESCE)) &&
		    !pass_quiesce(&pass, engine))
			continue;
		if (flags & UTRACE_EVENT(DEATH))
			pass_take(&pass, engine,
				  engine->ops->report_death(
					&engine->pub, group_dead, signal));
	}
	port_lock(&utrace->lock);
	utrace->life = BURIED;
	due = utrace->reap_due;
	if (due)
		utrace->life = REAPING;
	port_unlock(&utrace->lock);
	pass_end(&pass);
	if (due)
		reap(utrace);
}

void utrace_report_reap(struct utrace *utrace)
{
	bool now;

	if (!utrace)
		return;
	port_lock(&utrace->lock);
	now = utrace->life == ALIVE || utrace->life == BURIED;
	if (now)
		utrace->life = REAPING;
	else
		utrace->reap_due = true;
	port_unlock(&utrace->lock);
	if (now)
		reap(utrace);
}
