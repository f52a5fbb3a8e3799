// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* Looking at a stopped thread. */
#include "core.h"

int utrace_prepare_examine(struct task_struct *task,
			   struct utrace_engine *engine,
			   struct utrace_examiner *exam)
{
	struct engine *e = to_engine(engine);
	struct utrace *utrace = e->utrace;
	int err = 0;

	if (!utrace_host_up())
		return -ESRCH;
	if (current && task == current)
		return 0;
	port_lock(&utrace->lock);
	if (engine_detached(e))
		err = -ESRCH;
	else if (!(engine_flags(e) & ENGINE_STOP))
		err = -EINVAL;
	else if (utrace->life != ALIVE)
		err = -ESRCH;
	else if (!utrace->stopped && !utrace_host_job_stopped(utrace->task))
		err = -EAGAIN;
	exam->run_count = utrace->runs;
	port_unlock(&utrace->lock);
	return err ?: utrace_host_inactive(task);
}

int utrace_finish_examine(struct task_struct *task,
			  struct utrace_engine *engine,
			  struct utrace_examiner *exam)
{
	struct engine *e = to_engine(engine);
	struct utrace *utrace = e->utrace;
	int err = 0;

	if (!utrace_host_up())
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
