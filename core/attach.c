// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* Attaching engines to threads, and looking them up. */
#include "core.h"

static bool matches(struct engine *engine, int flags,
		    const struct utrace_engine_ops *ops, void *data)
{
	if (engine_detached(engine))
		return false;
	if ((flags & UTRACE_ATTACH_MATCH_OPS) && engine->pub.ops != ops)
		return false;
	if ((flags & UTRACE_ATTACH_MATCH_DATA) &&
	    port_load(&engine->pub.data) != data)
		return false;
	return true;
}

static struct engine *find_locked(struct utrace *utrace, int flags,
				  const struct utrace_engine_ops *ops,
				  void *data)
{
	struct engine *engine;

	list_for_each_entry(engine, &utrace->engines, link)
		if (matches(engine, flags, ops, data))
			return engine;
	list_for_each_entry(engine, &utrace->joining, link)
		if (matches(engine, flags, ops, data))
			return engine;
	return NULL;
}

static struct utrace_engine *look_up(struct task_struct *task, int flags,
				     const struct utrace_engine_ops *ops,
				     void *data)
{
	struct utrace *utrace = utrace_host_state(task);
	struct engine *engine = NULL;

	if (utrace && !utrace_is_past(utrace)) {
		port_lock(&utrace->lock);
		engine = find_locked(utrace, flags, ops, data);
		if (engine)
			port_ref_get(&engine->refs);
		port_unlock(&utrace->lock);
	}
	utrace_put(utrace);
	return engine ? &engine->pub : ERR_PTR(-ENOENT);
}

/*
 * Engines that were attached during a pass join, and those that were detached
 * leave.  By the thread's own context between passes, or by anyone while there
 * is none.
 */
void utrace_join_locked(struct utrace *utrace, struct list_head *gone)
{
	struct engine *engine, *next;

	list_splice_tail_init(&utrace->joining, &utrace->engines);
	list_for_each_entry_safe(engine, next, &utrace->engines, link)
		if (engine_detached(engine))
			engine_leave_locked(utrace, engine, gone);
}

static bool born(void *arg)
{
	struct utrace *utrace = arg;

	return !port_load_acquire(&utrace->newborn) ||
	       (port_load(&utrace->creator) &&
		port_load(&utrace->creator) == current);
}

/*
 * Partner of utrace_detach_all(): the facility goes down before that takes the
 * lock, so one of them sees the other.
 */
static int insert(struct utrace *utrace, struct engine *engine, int flags)
{
	port_lock(&utrace->lock);
	if (utrace->life >= REAPING || utrace_is_past(utrace)) {
		port_unlock(&utrace->lock);
		return -ESRCH;
	}
	if ((flags & UTRACE_ATTACH_EXCLUSIVE) &&
	    find_locked(utrace, flags, engine->pub.ops, engine->pub.data)) {
		port_unlock(&utrace->lock);
		return -EEXIST;
	}
	port_store_seq(&utrace->attention, true);
	/* behind those who wait to join, though the pass may be over by now */
	if (port_load_seq(&utrace->in_pass) || !list_empty(&utrace->joining))
		list_add_tail(&engine->link, &utrace->joining);
	else
		list_add_tail(&engine->link, &utrace->engines);
	port_unlock(&utrace->lock);
	return 0;
}

/* From here until reserve(-1) or success utrace_idle() is false. */
static void reserve(struct utrace *utrace, int n)
{
	port_lock(&utrace->lock);
	utrace->nr += n;
	port_unlock(&utrace->lock);
}

static struct engine *engine_alloc(int flags,
				   const struct utrace_engine_ops *ops,
				   void *data)
{
	struct engine *engine;

	if (flags & UTRACE_ATTACH_20090421) {
		engine = old_engine_alloc(ops);
	} else {
		engine = port_zalloc(sizeof(*engine));
		if (engine)
			engine->ops = ops;
	}
	if (!engine)
		return NULL;
	engine->pub.ops = ops;
	engine->pub.data = data;
	engine->release = engine->ops->release;
	port_ref_init(&engine->refs, 2);
	INIT_LIST_HEAD(&engine->link);
	return engine;
}

struct utrace_engine *utrace_attach_task(struct task_struct *task, int flags,
					 const struct utrace_engine_ops *ops,
					 void *data)
{
	struct utrace *utrace, *fresh;
	struct engine *engine;
	int err;

	if (!utrace_host_up())
		return ERR_PTR(-ESRCH);
	if (!(flags & UTRACE_ATTACH_CREATE))
		return look_up(task, flags, ops, data);
	if (!ops)
		return ERR_PTR(-EINVAL);

	engine = engine_alloc(flags, ops, data);
	if (!engine)
		return ERR_PTR(-ENOMEM);
	utrace = utrace_host_state(task);
	if (!utrace) {
		fresh = utrace_alloc(task);
		if (!fresh) {
			port_free(engine);
			return ERR_PTR(-ENOMEM);
		}
		utrace = utrace_host_install(task, fresh);
		utrace_put(fresh);
		if (!utrace) {
			port_free(engine);
			return ERR_PTR(-ENOMEM);
		}
	}
	if (utrace_is_past(utrace)) {
		utrace_put(utrace);
		port_free(engine);
		return ERR_PTR(-ESRCH);
	}
	engine->utrace = utrace;
	reserve(utrace, 1);
	err = utrace_wait(utrace, born, utrace, true);
	if (!err)
		err = utrace_host_adopt(task);
	/* the host may find only now that it is a newborn */
	if (!err)
		err = utrace_wait(utrace, born, utrace, true);
	if (err == -EINTR)
		err = -PORT_ERESTARTNOINTR;
	if (!err)
		err = insert(utrace, engine, flags);
	if (err) {
		reserve(utrace, -1);
		utrace_host_kick(task, UTRACE_KICK_IDLE);
		utrace_put(utrace);
		port_free(engine);
		return ERR_PTR(err);
	}
	return &engine->pub;
}

int utrace_newborn(struct task_struct *child)
{
	struct utrace *fresh = utrace_alloc(child), *utrace;

	if (!fresh)
		return -ENOMEM;
	utrace = utrace_host_install(child, fresh);
	utrace_put(fresh);
	if (!utrace)
		return -ENOMEM;
	port_store_seq(&utrace->newborn, true);
	utrace_put(utrace);
	return 0;
}

void utrace_born(struct utrace *utrace)
{
	if (!utrace)
		return;
	port_store(&utrace->creator, (struct task_struct *)NULL);
	port_store_seq(&utrace->newborn, false);
	utrace_wake(utrace);
}

void utrace_detach_all(struct utrace *utrace)
{
	struct engine *engine, *next;
	struct list_head gone;

	if (!utrace)
		return;
	INIT_LIST_HEAD(&gone);
	port_lock(&utrace->lock);
	list_for_each_entry_safe(engine, next, &utrace->engines, link)
		if (!engine_detached(engine))
			engine_detach_locked(utrace, engine, &gone);
	list_for_each_entry_safe(engine, next, &utrace->joining, link)
		if (!engine_detached(engine))
			engine_detach_locked(utrace, engine, &gone);
	utrace->due = UTRACE_RESUME;
	if (utrace->life < REAPED)
		utrace_host_kick(utrace->task,
				 UTRACE_KICK_WAKE | UTRACE_KICK_IDLE);
	port_unlock(&utrace->lock);
	engines_put(utrace, &gone);
}

bool utrace_in_pass(struct utrace *utrace)
{
	return utrace && port_load_seq(&utrace->in_pass);
}

bool utrace_quiet(struct utrace *utrace)
{
	bool quiet;

	if (!utrace)
		return true;
	port_lock(&utrace->lock);
	quiet = !port_load_seq(&utrace->in_pass) && !utrace->leaving &&
		list_empty(&utrace->engines) && list_empty(&utrace->joining);
	port_unlock(&utrace->lock);
	return quiet;
}
