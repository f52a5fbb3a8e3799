// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines: what strace would print, or objects of JSON. */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <utrace/thread.h>

#include "calls.h"
#include "names.h"
#include "syscalls.h"

static void emit(const struct state *state, const struct text *text)
{
	const struct utrace_plugin_env *env = state->instance->env;

	env->emit(env->output, text->buf, text->len);
}

static int tid(const struct state *state)
{
	return utrace_thread_id(state->call.thread);
}

/* Lines tell their thread once there was more than one. */
static void begin(struct text *text, const struct state *state)
{
	const struct instance *instance = state->instance;

	if (instance->json)
		text_printf(text, "{\"tid\":%d,", tid(state));
	else if (instance->env->multi || instance->threads > 1)
		text_printf(text, "[pid %5d] ", tid(state));
}

static void label(struct text *text, const struct call *call)
{
	char buf[32];

	text_put(text, call_label(call->abi, call->nr, buf, sizeof(buf)));
}

/* ---- calls -------------------------------------------------------------- */

/* Append one argument, with what separates it from those before. */
static void add_arg(struct state *state, int i)
{
	struct text arg = { 0 };
	const char *between;

	arg_print(&arg, &state->call, i);
	/* an argument that nobody reads is none */
	if (arg.len) {
		if (state->instance->json)
			between = ",";
		else
			between = ", ";
		if (state->args.len)
			text_put(&state->args, between);
		if (state->instance->json)
			text_json(&state->args, arg.buf, arg.len);
		else
			text_bytes(&state->args, arg.buf, arg.len);
	}
	text_free(&arg);
}

void line_args(struct state *state, bool all)
{
	int n = args_count(&state->call);

	if (!state->call.known)
		return;
	while (state->next_arg < n &&
	       (all || !arg_is_late(&state->call, state->next_arg)))
		add_arg(state, state->next_arg++);
}

static void plain_call(struct text *text, const struct state *state)
{
	label(text, &state->call);
	text_put(text, "(");
	if (state->call.known)
		text_bytes(text, state->args.buf, state->args.len);
	else
		text_put(text, "<entry not seen>");
	text_put(text, ") = ");
	result_print(text, &state->call);
}

static void json_call(struct text *text, const struct state *state)
{
	const struct call *call = &state->call;
	const char *what, *restart = NULL;

	text_put(text, "\"name\":\"");
	label(text, call);
	text_put(text, "\",\"args\":");
	if (call->known) {
		text_put(text, "[");
		text_bytes(text, state->args.buf, state->args.len);
		text_put(text, "]");
	} else {
		text_put(text, "null");
	}
	if (call->error)
		restart = restart_code(call->error, &what);
	/* a call that is made again, or never ends, has no result */
	if (!call->done || restart)
		text_put(text, ",\"ret\":null");
	else
		text_printf(text, ",\"ret\":%ld", call->error ? -1 : call->ret);
	if (!call->error) {
		text_put(text, ",\"error\":null");
	} else {
		text_put(text, ",\"error\":\"");
		if (restart)
			text_put(text, restart);
		else
			text_error_name(text, call->error);
		text_put(text, "\"");
	}
	text_printf(text, ",\"start\":%" PRIu64, state->start);
	if (call->done)
		text_printf(text, ",\"duration\":%" PRIu64 "}",
			    now() - state->start);
	else
		text_put(text, ",\"duration\":null}");
}

void line_call(struct state *state)
{
	struct text text = { 0 };

	begin(&text, state);
	if (state->instance->json)
		json_call(&text, state);
	else
		plain_call(&text, state);
	text_put(&text, "\n");
	emit(state, &text);
	text_free(&text);
}

/* ---- all else ----------------------------------------------------------- */

void line_signal(struct state *state, const siginfo_t *info)
{
	struct text text = { 0 }, what = { 0 };

	begin(&text, state);
	text_siginfo(&what, info);
	if (state->instance->json) {
		text_put(&text, "\"signal\":\"");
		text_signal(&text, info->si_signo);
		text_put(&text, "\",\"info\":");
		text_json(&text, what.buf, what.len);
		text_printf(&text, ",\"time\":%" PRIu64 "}\n", now());
	} else {
		text_put(&text, "--- ");
		text_signal(&text, info->si_signo);
		text_put(&text, " ");
		text_bytes(&text, what.buf, what.len);
		text_put(&text, " ---\n");
	}
	emit(state, &text);
	text_free(&what);
	text_free(&text);
}

void line_stopped(struct state *state)
{
	struct text text = { 0 };

	begin(&text, state);
	if (state->instance->json) {
		text_put(&text, "\"stopped\":");
		if (state->stop_signal) {
			text_put(&text, "\"");
			text_signal(&text, state->stop_signal);
			text_put(&text, "\"");
		} else {
			text_put(&text, "null");
		}
		text_printf(&text, ",\"time\":%" PRIu64 "}\n", now());
	} else {
		text_put(&text, "--- stopped");
		if (state->stop_signal) {
			text_put(&text, " by ");
			text_signal(&text, state->stop_signal);
		}
		text_put(&text, " ---\n");
	}
	emit(state, &text);
	text_free(&text);
}

static void plain_death(struct text *text, const struct state *state)
{
	int code = state->exit_code;

	if (!state->exit_known) {
		text_put(text, "+++ exited +++\n");
	} else if (WIFSIGNALED(code)) {
		text_put(text, "+++ killed by ");
		text_signal(text, WTERMSIG(code));
		text_put(text, WCOREDUMP(code) ? " (core dumped) +++\n" :
						 " +++\n");
	} else {
		text_printf(text, "+++ exited with %d +++\n",
			    WEXITSTATUS(code));
	}
}

static void json_death(struct text *text, const struct state *state)
{
	int code = state->exit_code;

	if (!state->exit_known) {
		text_put(text, "\"exited\":null");
	} else if (WIFSIGNALED(code)) {
		text_put(text, "\"killed\":\"");
		text_signal(text, WTERMSIG(code));
		text_put(text, "\"");
	} else {
		text_printf(text, "\"exited\":%d", WEXITSTATUS(code));
	}
	text_printf(text, ",\"time\":%" PRIu64 "}\n", now());
}

void line_death(struct state *state)
{
	struct text text = { 0 };

	begin(&text, state);
	if (state->instance->json)
		json_death(&text, state);
	else
		plain_death(&text, state);
	emit(state, &text);
	text_free(&text);
}
