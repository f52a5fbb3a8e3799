// SPDX-License-Identifier: LGPL-2.1-or-later
/* utrace: trace a program with any number of engines at once. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utrace/plugin.h>
#include <utrace/thread.h>
#include <utrace/utrace.h>

#include "complain.h"
#include "engines.h"
#include "options.h"
#include "outfile.h"
#include "output.h"
#include "program.h"
#include "run.h"
#include "signals.h"

/*
 * struct session - everything there is, so that it can be taken down again
 * from wherever it failed
 */
struct session {
	struct options opt;
	struct loaded *engines;
	struct utrace_plugin_env env;
	struct run run;
	char program[PATH_MAX];
};

/* Whether lines had better tell which thread they are about. */
static bool is_multi(const struct options *opt)
{
	pid_t tid;

	return opt->follow || opt->nr_pids > 1 ||
	       (opt->nr_pids && utrace_thread_list(opt->pids[0], &tid, 1, NULL) > 1);
}

/* What can be found wrong before anything is touched. */
static int prepare(struct session *s)
{
	struct options *opt = &s->opt;
	size_t i;
	int status;

	s->engines = calloc(opt->nr_engines, sizeof(*s->engines));
	s->run.out = output_new(opt->buffer, opt->drop);
	if (!s->engines || !s->run.out) {
		complain("%s", strerror(ENOMEM));
		return EXIT_TROUBLE;
	}
	for (i = 0; i < opt->nr_engines; i++) {
		status = engine_load(&s->engines[i], opt->engines[i]);
		if (status)
			return status;
	}
	if (!opt->nr_pids) {
		status = program_find(opt->command[0], s->program);
		if (status)
			return status;
	}
	/* here, where Ctrl-C still ends the waiting */
	if (outfile_waits(opt->output) && output_open(s->run.out, opt->output))
		return EXIT_TROUBLE;
	return 0;
}

static int open_engines(struct session *s)
{
	size_t i;
	int status;

	s->env = (struct utrace_plugin_env){
		.api = UTRACE_PLUGIN_API,
		.output = s->run.out,
		.emit = output_emit,
		.complain = complain,
		.multi = is_multi(&s->opt),
	};
	for (i = 0; i < s->opt.nr_engines; i++) {
		status = engine_open(&s->engines[i], &s->env);
		if (status)
			return status;
	}
	return 0;
}

static int start_library(struct run *run)
{
	int err = utrace_init();

	if (err) {
		complain("cannot trace here: %s", strerror(-err));
		return EXIT_TROUBLE;
	}
	run->library = true;
	return 0;
}

static int begin(struct session *s)
{
	struct options *opt = &s->opt;
	struct run *run = &s->run;
	int status;

	run->signals = signals_take(!opt->nr_pids);
	if (run->signals < 0) {
		complain("cannot take signals: %s", strerror(-run->signals));
		return EXIT_TROUBLE;
	}
	status = start_library(run);
	if (!status)
		status = open_engines(s);
	if (status)
		return status;
	if (output_open(run->out, opt->output) || output_start(run->out))
		return EXIT_TROUBLE;
	run->trees = trees_new(s->engines, opt->nr_engines, opt->follow,
			       opt->nr_pids);
	if (!run->trees)
		return EXIT_TROUBLE;
	status = opt->nr_pids ? run_attach(run) :
		 child_start(&run->child, run->trees, opt->command[0],
			     s->program, opt->command);
	if (!status)
		output_commit(run->out);
	return status;
}

/* Take down what there is, in the order that engines need. */
static int end(struct session *s, int status)
{
	struct run *run = &s->run;
	size_t i;

	if (run->out)
		run_let_go(run);
	for (i = 0; s->engines && i < s->opt.nr_engines; i++)
		engine_close(&s->engines[i]);
	if (run->out && output_finish(run->out, run->signals) && !status)
		status = EXIT_TROUBLE;
	if (run->child.pid)
		run_wait(run);
	for (i = 0; s->engines && i < s->opt.nr_engines; i++)
		engine_unload(&s->engines[i]);
	trees_free(run->trees);
	output_free(run->out);
	free(s->engines);
	options_free(&s->opt);
	return status;
}

/* End as the command did, unless there is something of our own to tell. */
static int pass_on(const struct session *s, int status)
{
	const struct child *child = &s->run.child;

	if (s->run.sig)
		signals_die(s->run.sig);
	if (status || !child->pid)
		return status;
	if (child_exec_error())
		return program_cannot_run(child->name, child_exec_error());
	if (WIFSIGNALED(child->status))
		signals_die(WTERMSIG(child->status));
	return WEXITSTATUS(child->status);
}

int main(int argc, char **argv)
{
	/* static: it holds a path; and engines keep a pointer to env */
	static struct session s = { .run.signals = -1 };
	int status;

	signals_fill_std_fds();
	status = options_parse(&s.opt, argc, argv);
	if (status)
		return status;
	switch (s.opt.what) {
	case DO_HELP:
		options_help();
		return fflush(stdout) ? EXIT_TROUBLE : 0;
	case DO_VERSION:
		puts("utrace " UTRACE_VERSION);
		return fflush(stdout) ? EXIT_TROUBLE : 0;
	case DO_LIST:
		status = engines_list();
		return fflush(stdout) ? EXIT_TROUBLE : status;
	case DO_TRACE:
		break;
	}
	s.run.opt = &s.opt;
	status = prepare(&s);
	if (!status)
		status = begin(&s);
	if (!status)
		status = run_loop(&s.run);
	return pass_on(&s, end(&s, status));
}
