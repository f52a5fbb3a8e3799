// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* Engines and their references, and the state that they hang on. */
#include "core.h"

struct utrace *utrace_alloc(struct task_struct *task)
{
	struct utrace *utrace = port_zalloc(sizeof(*utrace));

	if (!utrace)
		return NULL;
	port_lock_init(&utrace->lock);
	port_ref_init(&utrace->refs, 1);
	utrace->generation = utrace_host_generation();
	utrace->task = task;
	INIT_LIST_HEAD(&utrace->engines);
	INIT_LIST_HEAD(&utrace->joining);
	INIT_LIST_HEAD(&utrace->drops);
	utrace->resume = UTRACE_RESUME;
	utrace->due = UTRACE_RESUME;
	return utrace;
}

struct utrace *utrace_get(struct utrace *utrace)
{
	if (utrace)
		port_ref_get(&utrace->refs);
	return utrace;
}

void utrace_put(struct utrace *utrace)
{
	if (utrace && port_ref_put(&utrace->refs))
		port_free(utrace);
}

void __utrace_engine_release(struct utrace_engine *engine)
{
	struct engine *e = to_engine(engine);

	if (e->release)
		e->release(engine->data);
	utrace_put(e->utrace);
	port_free(e);
}

void engine_put(struct engine *engine)
{
	if (port_ref_put(&engine->refs))
		__utrace_engine_release(&engine->pub);
}

void utrace_engine_get(struct utrace_engine *engine)
{
	port_ref_get(&to_engine(engine)->refs);
}

void utrace_engine_put(struct utrace_engine *engine)
{
	if (utrace_host_forked())
		return;
	engine_put(to_engine(engine));
}

/* An attachment's reference that is being given back. */
struct drop {
	struct list_head link;
	struct engine *engine;
};

/*
 * Give back the attachments' references, with no lock held.  utrace_barrier()
 * waits until that is over, so that no release callback comes after it; the
 * engine itself cannot tell, for it may be gone by then.
 */
void engines_put(struct utrace *utrace, struct list_head *gone)
{
	struct drop drop;

	if (list_empty(gone))
		return;
	utrace_get(utrace);
	while (!list_empty(gone)) {
		drop.engine = list_first_entry(gone, struct engine, link);
		list_del_init(&drop.engine->link);
		port_lock(&utrace->lock);
		list_add_tail(&drop.link, &utrace->drops);
		drop.engine->dropping = false;
		port_unlock(&utrace->lock);
		engine_put(drop.engine);
		port_lock(&utrace->lock);
		list_del_init(&drop.link);
		utrace->leaving--;
		port_unlock(&utrace->lock);
	}
	utrace_wake(utrace);
	utrace_put(utrace);
}

/* Under the lock: the attachment's reference has not been given back. */
bool engine_dropping(struct utrace *utrace, struct engine *engine)
{
	struct drop *drop;

	if (engine->dropping)
		return true;
	list_for_each_entry(drop, &utrace->drops, link)
		if (drop->engine == engine)
			return true;
	return false;
}

/* Under the lock: take a detached engine off its list, for engines_put(). */
void engine_leave_locked(struct utrace *utrace, struct engine *engine,
			 struct list_head *gone)
{
	list_del_init(&engine->link);
	list_add_tail(&engine->link, gone);
	engine->dropping = true;
	utrace->leaving++;
	utrace->nr--;
}

/*
 * What follows from the engines together.  The stop bit of task_utrace_flags()
 * comes along; the host masks it out.
 */
void utrace_update_locked(struct utrace *utrace)
{
	unsigned long events = 0;
	unsigned int narrowed = 0;
	struct engine *engine;

	list_for_each_entry(engine, &utrace->engines, link) {
		events |= engine_flags(engine) & (ALL_EVENTS | ENGINE_STOP);
		narrowed += !!(engine_flags(engine) & ENGINE_NARROWED);
	}
	list_for_each_entry(engine, &utrace->joining, link) {
		events |= engine_flags(engine) & (ALL_EVENTS | ENGINE_STOP);
		narrowed += !!(engine_flags(engine) & ENGINE_NARROWED);
	}
	if (list_empty(&utrace->engines) && list_empty(&utrace->joining)) {
		utrace->due = UTRACE_RESUME;
		port_store(&utrace->resume, UTRACE_RESUME);
	}
	port_store_release(&utrace->narrowed, narrowed);
	port_store_release(&utrace->events, events);
}

/*
 * Mark an engine detached: no callback begins after this, but one may be
 * running.  It leaves the list now if no pass walks it, otherwise at the end of
 * the pass.
 */
void engine_detach_locked(struct utrace *utrace, struct engine *engine,
			  struct list_head *gone)
{
	port_store_seq(&engine->pub.flags, ENGINE_DETACHED);
	port_store_seq(&utrace->attention, true);
	if (!port_load_seq(&utrace->in_pass))
		engine_leave_locked(utrace, engine, gone);
	utrace_update_locked(utrace);
}

void utrace_refuse(struct utrace_engine *engine, unsigned long event,
		   const char *id, const char *what)
{
	struct engine *e = to_engine(engine);

	port_lock(&e->utrace->lock);
	e->refused.count++;
	e->refused.id = id;
	e->refused.event = event;
	e->refused.what = what;
	port_unlock(&e->utrace->lock);
}

int utrace_engine_refused(struct utrace_engine *engine,
			  struct utrace_refusal *refusal)
{
	struct engine *e = to_engine(engine);

	if (utrace_host_forked()) {
		memset(refusal, 0, sizeof(*refusal));
		return -ESRCH;
	}
	port_lock(&e->utrace->lock);
	*refusal = e->refused;
	port_unlock(&e->utrace->lock);
	return refusal->count ? 0 : -ENOENT;
}

static void count_waiter(struct utrace *utrace, int n)
{
	port_lock(&utrace->lock);
	port_store_seq(&utrace->waiters, utrace->waiters + n);
	port_unlock(&utrace->lock);
}

int utrace_wait(struct utrace *utrace, bool (*done)(void *arg), void *arg,
		bool interruptible)
{
	int err;

	if (done(arg))
		return 0;
	count_waiter(utrace, 1);
	err = utrace_host_wait(utrace, done, arg, interruptible);
	count_waiter(utrace, -1);
	return err;
}

unsigned int *utrace_wait_word(struct utrace *utrace)
{
	return &utrace->wait_word;
}

void utrace_settled(struct utrace *utrace)
{
	if (utrace)
		utrace_wake(utrace);
}

unsigned long utrace_wanted(struct utrace *utrace)
{
	return utrace ? port_load_acquire(&utrace->events) & ALL_EVENTS : 0;
}

unsigned long task_utrace_flags(struct task_struct *task)
{
	struct utrace *utrace;
	unsigned long flags = 0;

	if (!utrace_host_up())
		return 0;
	utrace = utrace_host_state(task);
	if (!utrace)
		return 0;
	if (utrace_is_past(utrace)) {
		utrace_put(utrace);
		return 0;
	}
	port_lock(&utrace->lock);
	flags = port_load(&utrace->events);
	if (!list_empty(&utrace->engines) || !list_empty(&utrace->joining))
		flags |= UTRACE_EVENT(REAP);
	if (utrace->life != ALIVE)
		flags &= UTRACE_EVENT(REAP);
	port_unlock(&utrace->lock);
	utrace_put(utrace);
	return flags;
}

bool utrace_idle(struct utrace *utrace)
{
	bool idle;

	if (!utrace)
		return true;
	port_lock(&utrace->lock);
	idle = !utrace->nr;
	port_unlock(&utrace->lock);
	return idle;
}
