// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* Looking at a stopped thread. */
#include "core.h"

/* Under the lock. @stopping: it is on its way to the stop. */
static int look(struct utrace *utrace, struct engine *engine, bool *stopping)
{
	*stopping = false;
	if (engine_detached(engine))
		return -ESRCH;
	if (!(engine_flags(engine) & ENGINE_STOP))
		return -EINVAL;
	if (utrace->life != ALIVE)
		return -ESRCH;
	if (utrace->stopped || utrace_host_job_stopped(utrace->task))
		return 0;
	*stopping = port_load(&engine->stops) || port_load(&engine->firm);
	return -EAGAIN;
}

/* The stop that a callback of the engine returned is there, or over. */
static bool has_stopped(void *arg)
{
	struct engine *engine = arg;
	bool stopping;

	port_lock(&engine->utrace->lock);
	look(engine->utrace, engine, &stopping);
	port_unlock(&engine->utrace->lock);
	return !stopping;
}

int utrace_prepare_examine(struct task_struct *task,
			   struct utrace_engine *engine,
			   struct utrace_examiner *exam)
{
	struct engine *e = to_engine(engine);
	struct utrace *utrace = e->utrace;
	bool stopping;
	int err;

	if (utrace_is_past(utrace))
		return -ESRCH;
	if (current && task == current)
		return 0;
	utrace_wait(utrace, has_stopped, e, false);
	port_lock(&utrace->lock);
	err = look(utrace, e, &stopping);
	exam->run_count = utrace->runs;
	/* the caller's pointer may be stale as soon as it is killed (ENG-3) */
	if (!err)
		utrace_host_get_task(utrace->task);
	port_unlock(&utrace->lock);
	if (err)
		return err;
	err = utrace_host_inactive(task);
	utrace_host_put_task(task);
	return err;
}

int utrace_finish_examine(struct task_struct *task,
			  struct utrace_engine *engine,
			  struct utrace_examiner *exam)
{
	struct engine *e = to_engine(engine);
	struct utrace *utrace = e->utrace;
	int err = 0;

	if (utrace_is_past(utrace))
		return -ESRCH;
	if (current && task == current)
		return 0;
	port_lock(&utrace->lock);
	if (engine_detached(e))
		err = -ESRCH;
	else if (!(engine_flags(e) & ENGINE_STOP))
		err = -EINVAL;
	else if (utrace->life != ALIVE || utrace->runs != exam->run_count ||
		 (!utrace->stopped && !utrace_host_job_stopped(utrace->task)))
		err = -EAGAIN;
	port_unlock(&utrace->lock);
	return err;
}
