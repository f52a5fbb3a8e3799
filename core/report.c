// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* The events of a living thread, but for signals. */
#include "core.h"

static const struct utrace_decision go_on = { .resume = UTRACE_RESUME };

/*
 * Whether a pass is to be made.  A QUIESCE engine alone does not bring it
 * about: it hears of events that some engine asked for (REP-2).
 */
static bool wanted(struct utrace *utrace, unsigned long event)
{
	return utrace && (port_load_acquire(&utrace->events) & event);
}

/*
 * The common shape of a pass: quiesce callbacks and then, for those that asked,
 * the one for the event.  @asked: what an engine asks for of this event.
 */
#define report(pass, engine, each, asked, callback)			\
	each(pass, engine) {						\
		unsigned long flags = pass_enter(pass, engine);		\
									\
		if (flags & (UTRACE_EVENT(QUIESCE) | ENGINE_NARROWED)) {\
			flags = asked(pass, engine);			\
			if (flags & UTRACE_EVENT(QUIESCE)) {		\
				pass_quiesce(pass, engine);		\
				flags = asked(pass, engine);		\
			}						\
		}							\
		if (flags & (pass)->event)				\
			callback;					\
	}

static unsigned long asked_of_event(struct pass *pass, struct engine *engine)
{
	(void)pass;
	return port_load_seq(&engine->pub.flags);
}

/* ---- system calls ------------------------------------------------------- */

/* What an engine asks for of this call, under the lock: none, if left out. */
static unsigned long flags_for_call_locked(struct engine *engine, int abi,
					   long nr)
{
	unsigned long flags = engine_flags(engine);

	if ((flags & ENGINE_NARROWED) &&
	    !syscall_set_has(&engine->wanted, abi, nr))
		return 0;
	return flags;
}

/*
 * The same in a pass.  Events and calls are of one moment: who changes one, then
 * the other, need not tell of a callback that neither choice would bring.
 */
static unsigned long asked_of_call(struct pass *pass, struct engine *engine)
{
	unsigned long flags = port_load_seq(&engine->pub.flags);
	struct utrace *utrace = pass->utrace;

	if (!(flags & ENGINE_NARROWED))
		return flags;
	port_lock(&utrace->lock);
	flags = flags_for_call_locked(engine, utrace->abi, utrace->nr_call);
	port_unlock(&utrace->lock);
	return flags;
}

static bool anyone_wants_call(struct utrace *utrace, unsigned long event,
			      int abi, long nr)
{
	struct engine *engine;
	bool found = false;

	if (!port_load_acquire(&utrace->narrowed))
		return true;
	port_lock(&utrace->lock);
	list_for_each_entry(engine, &utrace->engines, link)
		if (flags_for_call_locked(engine, abi, nr) & event)
			found = true;
	list_for_each_entry(engine, &utrace->joining, link)
		if (flags_for_call_locked(engine, abi, nr) & event)
			found = true;
	port_unlock(&utrace->lock);
	return found;
}

bool utrace_wants_syscall(struct utrace *utrace, unsigned long event, int abi,
			  long nr)
{
	return wanted(utrace, event) &&
	       anyone_wants_call(utrace, event, abi, nr);
}

/* In reverse: the engine attached last is nearest to user mode (SYS-1). */
static struct utrace_decision entry_pass(struct utrace *utrace,
					 struct pt_regs *regs, u32 bits)
{
	struct utrace_decision decision;
	struct engine *engine;
	struct pass pass;

	pass_begin(&pass, utrace, UTRACE_EVENT(SYSCALL_ENTRY));
	pass.bits = bits & UTRACE_SYSCALL_MASK;
	report(&pass, engine, pass_for_each_reverse, asked_of_call, {
		u32 ret = engine->ops->report_syscall_entry(
			pass.resume | pass.bits |
			(bits & UTRACE_SYSCALL_RESUMED),
			&engine->pub, regs);

		pass.bits = ret & UTRACE_SYSCALL_MASK;
		pass_take(&pass, engine, ret);
	});
	/* pass_end() gives away what utrace_control() may now see as a stop */
	port_store(&utrace->aborted, pass.bits == UTRACE_SYSCALL_ABORT);
	pass_end(&pass);
	decision = pass_decide(utrace, true, POINT_ENTRY);
	if (decision.resume == UTRACE_STOP && pass.rest <= UTRACE_REPORT) {
		port_lock(&utrace->lock);
		utrace->again = true;
		port_unlock(&utrace->lock);
	}
	decision.abort = utrace->aborted;
	decision.passed = true;
	return decision;
}

struct utrace_decision utrace_report_syscall_entry(struct utrace *utrace,
						   struct pt_regs *regs,
						   int abi, long nr)
{
	if (!wanted(utrace, UTRACE_EVENT(SYSCALL_ENTRY)))
		return utrace ? pass_decide(utrace, false, 0) : go_on;
	port_store(&utrace->abi, abi);
	port_store(&utrace->nr_call, nr);
	if (!anyone_wants_call(utrace, UTRACE_EVENT(SYSCALL_ENTRY), abi, nr))
		return pass_decide(utrace, false, 0);
	return entry_pass(utrace, regs, UTRACE_SYSCALL_RUN);
}

struct utrace_decision utrace_report_syscall_exit(struct utrace *utrace,
						  struct pt_regs *regs,
						  int abi, long nr)
{
	struct utrace_decision decision;
	struct engine *engine;
	bool passed = false;
	struct pass pass;

	if (!utrace)
		return go_on;
	if (wanted(utrace, UTRACE_EVENT(SYSCALL_EXIT)) &&
	    anyone_wants_call(utrace, UTRACE_EVENT(SYSCALL_EXIT), abi, nr)) {
		port_store(&utrace->abi, abi);
		port_store(&utrace->nr_call, nr);
		pass_begin(&pass, utrace, UTRACE_EVENT(SYSCALL_EXIT));
		report(&pass, engine, pass_for_each, asked_of_call,
			pass_take(&pass, engine,
				engine->ops->report_syscall_exit(
					pass.resume, &engine->pub, regs)));
		pass_end(&pass);
		passed = true;
	}
	decision = pass_decide(utrace, false, 0);
	decision.passed = passed;
	return decision;
}

/* ---- clone, exec, exit, job control -------------------------------------- */

struct utrace_decision utrace_report_clone(struct utrace *utrace,
					   unsigned long clone_flags,
					   struct task_struct *child)
{
	struct utrace *young = utrace_host_state(child);
	struct utrace_decision decision = go_on;
	struct engine *engine;
	struct pass pass;

	if (young)
		port_store(&young->creator, utrace ? utrace->task : NULL);
	if (wanted(utrace, UTRACE_EVENT(CLONE))) {
		pass_begin(&pass, utrace, UTRACE_EVENT(CLONE));
		report(&pass, engine, pass_for_each, asked_of_event,
			pass_take(&pass, engine,
				engine->ops->report_clone(
					pass.resume, &engine->pub, clone_flags,
					child)));
		pass_end(&pass);
	}
	if (utrace)
		decision = pass_decide(utrace, false, 0);
	utrace_born(young);
	utrace_put(young);
	return decision;
}

struct utrace_decision utrace_report_vfork(struct utrace *utrace)
{
	return utrace ? pass_decide(utrace, true, POINT_VFORK) : go_on;
}

struct utrace_decision utrace_report_exec(struct utrace *utrace,
					  const struct linux_binfmt *fmt,
					  const struct linux_binprm *bprm,
					  struct pt_regs *regs)
{
	struct engine *engine;
	struct pass pass;

	if (wanted(utrace, UTRACE_EVENT(EXEC))) {
		pass_begin(&pass, utrace, UTRACE_EVENT(EXEC));
		report(&pass, engine, pass_for_each, asked_of_event,
			pass_take(&pass, engine,
				engine->ops->report_exec(
					pass.resume, &engine->pub, fmt, bprm,
					regs)));
		pass_end(&pass);
	}
	return utrace ? pass_decide(utrace, false, 0) : go_on;
}

/* Take back a change of the exit code that the host cannot make (EXT-1). */
static void restore_code(struct engine *engine, long before, long *code)
{
	const char *what = NULL;

	if (*code != before)
		what = utrace_host_refuses_exit_code(engine->utrace->task, *code);
	if (!what)
		return;
	*code = before;
	utrace_refuse(&engine->pub, UTRACE_EVENT(EXIT), "EXT-1", what);
}

void utrace_ends_stop(struct utrace *utrace)
{
	if (!utrace)
		return;
	port_lock(&utrace->lock);
	if (utrace->stopped)
		utrace->runs++;
	utrace->stopped = false;
	utrace->point = POINT_USER;
	utrace->again = false;
	port_unlock(&utrace->lock);
}

struct utrace_decision utrace_report_exit(struct utrace *utrace,
					  long orig_code, long *code)
{
	struct utrace_decision decision = go_on;
	struct engine *engine;
	struct pass pass;

	utrace_ends_stop(utrace);
	if (wanted(utrace, UTRACE_EVENT(EXIT))) {
		pass_begin(&pass, utrace, UTRACE_EVENT(EXIT));
		report(&pass, engine, pass_for_each, asked_of_event, {
			long before = *code;
			u32 ret = engine->ops->report_exit(
				pass.resume, &engine->pub, orig_code, code);

			restore_code(engine, before, code);
			pass_take(&pass, engine, ret);
		});
		pass_end(&pass);
	}
	if (utrace && !utrace_host_refuses_exit_stop(utrace->task))
		decision = pass_decide(utrace, true, POINT_EXIT);
	return decision;
}

struct utrace_decision utrace_report_jctl(struct utrace *utrace, int type,
					  int notify)
{
	struct engine *engine;
	struct pass pass;

	if (wanted(utrace, UTRACE_EVENT(JCTL))) {
		pass_begin(&pass, utrace, UTRACE_EVENT(JCTL));
		report(&pass, engine, pass_for_each, asked_of_event,
			pass_take(&pass, engine,
				engine->ops->report_jctl(
					pass.resume, &engine->pub, type,
					notify)));
		pass_end(&pass);
	}
	return utrace ? pass_decide(utrace, false, 0) : go_on;
}

/* ---- after a stop -------------------------------------------------------- */

struct utrace_decision utrace_continue(struct utrace *utrace,
				       struct pt_regs *regs,
				       struct utrace_signal *sig)
{
	struct utrace_decision decision = go_on;
	enum point point;
	bool again;

	if (!utrace)
		return go_on;
	port_lock(&utrace->lock);
	if (port_load(&utrace->events) & ENGINE_STOP) {
		utrace->stopped = true;
		decision.resume = UTRACE_STOP;
		port_unlock(&utrace->lock);
		return decision;
	}
	if (utrace->stopped)
		utrace->runs++;
	utrace->stopped = false;
	point = utrace->point;
	utrace->point = POINT_USER;
	again = utrace->again;
	utrace->again = false;
	port_unlock(&utrace->lock);

	switch (point) {
	case POINT_ENTRY:
		if (again)
			return entry_pass(utrace, regs,
					  (utrace->aborted ?
					   UTRACE_SYSCALL_ABORT :
					   UTRACE_SYSCALL_RUN) |
					  UTRACE_SYSCALL_RESUMED);
		decision = pass_decide(utrace, false, 0);
		decision.abort = utrace->aborted;
		return decision;
	case POINT_VFORK:
	case POINT_EXIT:
		return pass_decide(utrace, false, 0);
	default:
		return utrace_report_user(utrace, regs, sig, false);
	}
}

bool utrace_holds_stop(struct utrace *utrace)
{
	return utrace && (port_load_acquire(&utrace->events) & ENGINE_STOP);
}

enum utrace_resume_action utrace_due(struct utrace *utrace)
{
	enum utrace_resume_action due;

	if (!utrace)
		return UTRACE_RESUME;
	port_lock(&utrace->lock);
	due = utrace->due;
	if (utrace->resume < due)
		due = utrace->resume;
	if ((port_load(&utrace->events) & ENGINE_STOP) && due > UTRACE_REPORT)
		due = UTRACE_REPORT;
	port_unlock(&utrace->lock);
	return due;
}
