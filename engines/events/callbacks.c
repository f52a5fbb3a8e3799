// SPDX-License-Identifier: LGPL-2.1-or-later
/* A line for each callback, and nothing changed. */
#include <stdlib.h>
#include <string.h>
#include <utrace/state.h>
#include <utrace/thread.h>

#include "calls.h"
#include "events.h"
#include "names.h"
#include "text.h"

/* Go on, and leave what other engines chose for this event as it is. */
static uint32_t agree(uint32_t action)
{
	return (action & ~(uint32_t)UTRACE_RESUME_MASK) | UTRACE_RESUME;
}

static void begin(struct text *text, const struct utrace_thread *thread,
		  unsigned int bit)
{
	text_printf(text, "%d %s", (int)utrace_thread_id(thread),
		    event_name(bit));
}

static void end(struct text *text, const struct utrace_engine *engine)
{
	const struct state *state = engine->data;
	const struct utrace_plugin_env *env = state->instance->env;

	text_put(text, "\n");
	env->emit(env->output, text->buf, text->len);
	text_free(text);
}

static uint32_t report_quiesce(uint32_t action, struct utrace_engine *engine,
			       unsigned long event)
{
	struct text text = { 0 };

	begin(&text, utrace_current(), _UTRACE_EVENT_QUIESCE);
	if (event)
		text_printf(&text, " event=%s",
			    event_name(__builtin_ctzl(event)));
	else
		text_put(&text, " event=0");
	end(&text, engine);
	return agree(action);
}

/* ---- signals ------------------------------------------------------------ */

/* What a signal does to a thread that has set nothing for it. */
static unsigned int default_event(int sig)
{
	switch (sig) {
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
		return _UTRACE_EVENT_SIGNAL_IGN;
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return _UTRACE_EVENT_SIGNAL_STOP;
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
		return _UTRACE_EVENT_SIGNAL_CORE;
	}
	return _UTRACE_EVENT_SIGNAL_TERM;
}

/* The event that it is, whatever engines before this one made of it. */
static unsigned int signal_event(int sig, const struct utrace_sigaction *ka)
{
	if (ka->sa.sa_handler == SIG_IGN)
		return _UTRACE_EVENT_SIGNAL_IGN;
	if (ka->sa.sa_handler != SIG_DFL)
		return _UTRACE_EVENT_SIGNAL;
	return default_event(sig);
}

static const char *disposition(uint32_t action)
{
	switch (utrace_signal_action(action)) {
	case UTRACE_SIGNAL_DELIVER:
		return "deliver";
	case UTRACE_SIGNAL_IGN:
		return "ignore";
	case UTRACE_SIGNAL_TERM:
		return "terminate";
	case UTRACE_SIGNAL_CORE:
		return "core";
	case UTRACE_SIGNAL_STOP:
		return "stop";
	case UTRACE_SIGNAL_TSTP:
		return "tstp";
	case UTRACE_SIGNAL_REPORT:
		return "report";
	case UTRACE_SIGNAL_HANDLER:
		return "handler";
	}
	return "?";
}

static uint32_t report_signal(uint32_t action, struct utrace_engine *engine,
			      struct utrace_regs *regs, siginfo_t *info,
			      const struct utrace_sigaction *orig_ka,
			      struct utrace_sigaction *return_ka)
{
	struct text text = { 0 };
	unsigned int event;

	(void)regs;
	(void)return_ka;
	if (!orig_ka) {	/* a report that is due: there is no signal */
		begin(&text, utrace_current(), _UTRACE_EVENT_QUIESCE);
		text_printf(&text, " event=0 %s", disposition(action));
	} else {
		event = signal_event(info->si_signo, orig_ka);
		begin(&text, utrace_current(), event);
		text_put(&text, " ");
		text_signal(&text, info->si_signo);
		text_put(&text, " code=");
		text_si_code(&text, info->si_signo, info->si_code);
		if (event == _UTRACE_EVENT_SIGNAL &&
		    utrace_signal_action(action) == UTRACE_SIGNAL_DELIVER)
			text_put(&text, " handler");
		else
			text_printf(&text, " %s", disposition(action));
		if (action & UTRACE_SIGNAL_HOLD)
			text_put(&text, " hold");
	}
	end(&text, engine);
	return agree(action);
}

static uint32_t report_jctl(uint32_t action, struct utrace_engine *engine,
			    int type, int notify)
{
	struct text text = { 0 };

	begin(&text, utrace_current(), _UTRACE_EVENT_JCTL);
	text_put(&text, " type=");
	text_si_code(&text, SIGCHLD, type);
	text_put(&text, " notify=");
	text_si_code(&text, SIGCHLD, notify);
	end(&text, engine);
	return agree(action);
}

/* ---- clone and exec ----------------------------------------------------- */

static uint32_t report_clone(uint32_t action, struct utrace_engine *engine,
			     unsigned long clone_flags,
			     struct utrace_thread *child)
{
	struct text text = { 0 };

	begin(&text, utrace_current(), _UTRACE_EVENT_CLONE);
	text_put(&text, " flags=");
	text_clone_flags(&text, clone_flags);
	text_printf(&text, " child=%d", (int)utrace_thread_id(child));
	end(&text, engine);
	return agree(action);
}

static uint32_t report_exec(uint32_t action, struct utrace_engine *engine,
			    const struct utrace_binfmt *fmt,
			    const struct utrace_binprm *bprm,
			    struct utrace_regs *regs)
{
	struct text text = { 0 };

	(void)fmt;
	(void)regs;
	begin(&text, utrace_current(), _UTRACE_EVENT_EXEC);
	text_put(&text, " ");
	text_escaped(&text, bprm->filename, strlen(bprm->filename));
	if (bprm->interp && strcmp(bprm->filename, bprm->interp)) {
		text_put(&text, " interp=");
		text_escaped(&text, bprm->interp, strlen(bprm->interp));
	}
	end(&text, engine);
	return agree(action);
}

/* ---- system calls ------------------------------------------------------- */

static void call(struct text *text, const struct state *state)
{
	char buf[32];

	text_printf(text, " %s", call_label(state->abi, state->nr, buf,
					    sizeof(buf)));
}

static uint32_t report_syscall_entry(uint32_t action,
				     struct utrace_engine *engine,
				     struct utrace_regs *regs)
{
	struct utrace_thread *thread = utrace_current();
	struct state *state = engine->data;
	struct text text = { 0 };

	state->abi = utrace_syscall_abi(thread);
	state->nr = utrace_syscall_get_nr(thread, regs);
	begin(&text, thread, _UTRACE_EVENT_SYSCALL_ENTRY);
	call(&text, state);
	if (utrace_syscall_action(action) == UTRACE_SYSCALL_ABORT)
		text_put(&text, " abort");
	if (action & UTRACE_SYSCALL_RESUMED)
		text_put(&text, " resumed");
	end(&text, engine);
	return agree(action);
}

static uint32_t report_syscall_exit(uint32_t action,
				    struct utrace_engine *engine,
				    struct utrace_regs *regs)
{
	struct utrace_thread *thread = utrace_current();
	long error = utrace_syscall_get_error(thread, regs);
	long nr = utrace_syscall_get_nr(thread, regs);
	struct state *state = engine->data;
	const char *what, *restart;
	struct text text = { 0 };

	/* a return from a signal handler puts back what was before it */
	if (nr >= 0) {
		state->abi = utrace_syscall_abi(thread);
		state->nr = nr;
	}
	begin(&text, thread, _UTRACE_EVENT_SYSCALL_EXIT);
	call(&text, state);
	state->nr = -1;
	text_put(&text, " = ");
	restart = error ? restart_code(-error, &what) : NULL;
	if (restart) {
		text_put(&text, restart);
	} else if (error) {
		text_put(&text, "-");
		text_error_name(&text, -error);
	} else {
		text_printf(&text, "%#lx",
			    utrace_syscall_get_return_value(thread, regs));
	}
	end(&text, engine);
	return agree(action);
}

/* ---- the end ------------------------------------------------------------ */

static uint32_t report_exit(uint32_t action, struct utrace_engine *engine,
			    long orig_code, long *code)
{
	struct text text = { 0 };

	begin(&text, utrace_current(), _UTRACE_EVENT_EXIT);
	text_printf(&text, " code=%#lx", *code);
	if (*code != orig_code)
		text_printf(&text, " was=%#lx", orig_code);
	end(&text, engine);
	return agree(action);
}

static uint32_t report_death(struct utrace_engine *engine, bool group_dead,
			     int signal)
{
	struct text text = { 0 };

	begin(&text, utrace_current(), _UTRACE_EVENT_DEATH);
	text_printf(&text, "%s signal=%d", group_dead ? " group_dead" : "",
		    signal);
	end(&text, engine);
	return UTRACE_RESUME;
}

static void report_reap(struct utrace_engine *engine,
			struct utrace_thread *thread)
{
	struct text text = { 0 };

	begin(&text, thread, _UTRACE_EVENT_REAP);
	end(&text, engine);
}

static void release(void *data)
{
	free(data);
}

const struct utrace_engine_ops engine_ops = {
	.report_quiesce = report_quiesce,
	.report_signal = report_signal,
	.report_clone = report_clone,
	.report_jctl = report_jctl,
	.report_exec = report_exec,
	.report_syscall_entry = report_syscall_entry,
	.report_syscall_exit = report_syscall_exit,
	.report_exit = report_exit,
	.report_death = report_death,
	.report_reap = report_reap,
	.release = release,
};
