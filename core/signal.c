// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Signals, and the pass without an event that comes just before user mode,
 * which report_signal() hears of too (SIG-2).
 */
#include "core.h"

struct class {
	unsigned long event;
	u32 action;
};

/* What would happen to a signal with no tracer (SIG-1). */
static struct class classify(int signr, const struct k_sigaction *ka)
{
	static const struct class ign = { UTRACE_EVENT(SIGNAL_IGN),
					  UTRACE_SIGNAL_IGN };
	static const struct class deliver = { UTRACE_EVENT(SIGNAL),
					      UTRACE_SIGNAL_DELIVER };
	static const struct class core = { UTRACE_EVENT(SIGNAL_CORE),
					   UTRACE_SIGNAL_CORE };
	static const struct class stop = { UTRACE_EVENT(SIGNAL_STOP),
					   UTRACE_SIGNAL_STOP };
	static const struct class tstp = { UTRACE_EVENT(SIGNAL_STOP),
					   UTRACE_SIGNAL_TSTP };
	static const struct class term = { UTRACE_EVENT(SIGNAL_TERM),
					   UTRACE_SIGNAL_TERM };

	if (signr != SIGSTOP && ka->sa.sa_handler == SIG_IGN)
		return ign;
	if (signr != SIGSTOP && ka->sa.sa_handler != SIG_DFL)
		return deliver;
	switch (signr) {
	case SIGCONT:
	case SIGCHLD:
	case SIGWINCH:
	case SIGURG:
		return ign;
	case SIGSTOP:
		return stop;
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return tstp;
	case SIGQUIT:
	case SIGILL:
	case SIGTRAP:
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
	case SIGXCPU:
	case SIGXFSZ:
	case SIGSYS:
		return core;
	default:
		return term;
	}
}

/* INTERRUPT and REPORT bring no other report here (SIG-9). */
static u32 without_report(u32 ret)
{
	enum utrace_resume_action action = utrace_resume_action(ret);

	if (action == UTRACE_INTERRUPT || action == UTRACE_REPORT)
		ret = (ret & ~UTRACE_RESUME_MASK) | UTRACE_RESUME;
	return ret;
}

static void call(struct pass *pass, struct engine *engine,
		 struct pt_regs *regs, struct utrace_signal *sig,
		 const struct k_sigaction *orig_ka)
{
	const struct utrace_engine_ops *ops = engine->ops;
	const char *id, *what;
	u32 ret;

	if (!ops->report_signal) {
		ret = ops->report_quiesce(pass->resume, &engine->pub,
					  pass->event);
		pass_take(pass, engine, without_report(ret));
		return;
	}
	ret = ops->report_signal(pass->resume | pass->bits, &engine->pub, regs,
				 &sig->info, orig_ka, &sig->return_ka);
	sig->action = ret & (UTRACE_SIGNAL_MASK | UTRACE_SIGNAL_HOLD);
	what = utrace_host_refuses_signal(pass->utrace->task, sig,
					  &sig->action, &id);
	if (what)
		utrace_refuse(&engine->pub, pass->event, id, what);
	pass->bits = sig->action;
	pass_take(pass, engine, without_report(ret));
}

/* One report_signal() for each engine that asks for any of @events. */
static void signal_pass(struct utrace *utrace, unsigned long event,
			unsigned long events, struct pt_regs *regs,
			struct utrace_signal *sig,
			const struct k_sigaction *orig_ka)
{
	struct engine *engine;
	struct pass pass;

	pass_begin(&pass, utrace, event);
	pass.bits = sig->action;
	pass_for_each(&pass, engine)
		if (pass_enter(&pass, engine) & events)
			call(&pass, engine, regs, sig, orig_ka);
	/* what the next pass for no signal may find (SIG-8) */
	sig->left_over = pass.resume == UTRACE_STOP &&
			 (sig->action == UTRACE_SIGNAL_IGN ||
			  sig->action == UTRACE_SIGNAL_REPORT ||
			  sig->action == UTRACE_SIGNAL_HANDLER);
	pass_end(&pass);
}

/* It is for one instruction, or up to one branch, heard of or not (CTL-7). */
static void end_step(struct utrace *utrace)
{
	port_lock(&utrace->lock);
	if (port_load(&utrace->resume) == UTRACE_SINGLESTEP ||
	    port_load(&utrace->resume) == UTRACE_BLOCKSTEP)
		port_store(&utrace->resume, UTRACE_RESUME);
	port_unlock(&utrace->lock);
}

struct utrace_decision utrace_report_signal(struct utrace *utrace,
					    struct pt_regs *regs,
					    struct utrace_signal *sig)
{
	struct class class = classify(sig->info.si_signo, &sig->orig_ka);
	struct utrace_decision decision = { .resume = UTRACE_RESUME };
	unsigned long events = class.event | UTRACE_EVENT(QUIESCE);

	sig->action = class.action;
	sig->return_ka = sig->orig_ka;
	sig->left_over = false;
	if (!utrace)
		return decision;
	if (port_load_acquire(&utrace->events) & events)
		signal_pass(utrace, class.event, events, regs, sig,
			    &sig->orig_ka);
	else if (sig->step)
		end_step(utrace);
	decision = pass_decide(utrace, false, POINT_USER);
	return decision;
}

static bool report_due(struct utrace *utrace, bool handler)
{
	bool due;

	if (!port_load_seq(&utrace->attention) &&
	    port_load(&utrace->resume) > UTRACE_REPORT)
		return handler;
	port_lock(&utrace->lock);
	due = utrace->due != UTRACE_RESUME ||
	      port_load(&utrace->resume) <= UTRACE_REPORT;
	utrace->due = UTRACE_RESUME;
	port_unlock(&utrace->lock);
	return due || handler;
}

struct utrace_decision utrace_report_user(struct utrace *utrace,
					  struct pt_regs *regs,
					  struct utrace_signal *sig,
					  bool handler)
{
	struct utrace_decision decision = { .resume = UTRACE_RESUME };
	u32 start = handler ? UTRACE_SIGNAL_HANDLER : UTRACE_SIGNAL_REPORT;
	bool due;

	sig->action = UTRACE_SIGNAL_REPORT;
	if (!utrace)
		return decision;
	due = report_due(utrace, handler);
	if (due) {
		sig->action = start;
		if (!sig->left_over)
			memset(&sig->info, 0, sizeof(sig->info));
		memset(&sig->return_ka, 0, sizeof(sig->return_ka));
		signal_pass(utrace, 0, UTRACE_EVENT(QUIESCE), regs, sig, NULL);
		if (sig->action == UTRACE_SIGNAL_HANDLER ||
		    sig->action == UTRACE_SIGNAL_IGN)
			sig->action = UTRACE_SIGNAL_REPORT;
	}
	/* a signal of an engine's making comes first; then the stop */
	decision = pass_decide(utrace, sig->action == UTRACE_SIGNAL_REPORT,
			       POINT_USER);
	if (!due && decision.resume != UTRACE_STOP)
		sig->left_over = false;
	return decision;
}
