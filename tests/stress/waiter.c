// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program that waits for all of its children, with a SIGCHLD handler of its
 * own, while it traces some of them.
 */
#include <signal.h>
#include <spawn.h>

#include "stress.h"

#define OWN	40

extern char **environ;

static unsigned int chld_seen;

static void on_chld(int sig)
{
	(void)sig;
	s_inc(&chld_seen);
}

struct child {
	pid_t pid;
	int code;
	unsigned int told;
};

struct waiting {
	struct child own[OWN];
	unsigned int nown;
	struct kid *traced;
	unsigned int stops, continues;	/* of the traced one */
	unsigned int total, strange;
	unsigned int quit;
};

static bool told(struct waiting *w, pid_t pid, int status)
{
	unsigned int i;

	for (i = 0; i < s_load(&w->nown); i++) {
		if (w->own[i].pid != pid)
			continue;
		s_inc(&w->own[i].told);
		EXPECT_EQ(status, EXITED(w->own[i].code));
		return true;
	}
	if (pid != w->traced->pid)
		return false;
	if (WIFSTOPPED(status)) {
		s_inc(&w->stops);
		EXPECT_EQ(WSTOPSIG(status), SIGSTOP);
	} else if (WIFCONTINUED(status)) {
		s_inc(&w->continues);
	} else {
		w->traced->status = status;
		w->traced->waited = true;
		/* an end is the last that is told */
		s_store(&w->quit, 1);
	}
	return true;
}

/* As any program does it: wait for whatever there is. */
static void race_wait(struct racer *racer)
{
	struct waiting *w = racer->arg;
	int status;
	pid_t pid;

	while (!s_load(&w->quit)) {
		pid = waitpid(-1, &status, WUNTRACED | WCONTINUED);
		if (pid < 0) {
			if (errno != EINTR && !EXPECT_EQ(errno, ECHILD))
				return;
			if (errno == ECHILD)
				jitter(&racer->rng);
			continue;
		}
		s_inc(&w->total);
		/* a child may be quicker than the list of them */
		wait_until(told(w, pid, status));
	}
}

static bool start_own(struct waiting *w, struct rng *rng)
{
	struct child *c = &w->own[w->nown];
	char number[16];
	char *argv[] = { "stress_kid", "exit", number, NULL };

	c->code = 1 + rng_below(rng, 200);
	snprintf(number, sizeof(number), "%d", c->code);
	if (posix_spawn(&c->pid, kid_program, NULL, NULL, argv, environ))
		return false;
	s_inc(&w->nown);
	return true;
}

STRESS(host_waits, 80, 1500,
       "INV-1 REP-9: waitpid(-1) of the program takes no stop of the library "
       "and loses no status of its own children")
{
	struct sigaction sa = { .sa_handler = on_chld };
	unsigned int n = 5 + rng_below(&r->rng, OWN - 5), i, stops = 0, before;
	struct waiting *w = s_alloc(r, sizeof(*w));
	struct kid *kid = kid_loop(r, 1);
	struct tap *tap = tap_new(r);
	static const enum kid_cmd does[] = { CMD_CALLS, CMD_RAISE, CMD_FORK,
					     CMD_THREAD };
	bool job = one_in(&r->rng, 2);

	sa.sa_flags = one_in(&r->rng, 2) ? SA_RESTART : 0;
	sigaction(SIGCHLD, &sa, NULL);
	w->traced = kid;
	racer_start(r, NULL, race_wait, w);
	kid_cmd(kid, 0, does[rng_below(&r->rng, ARRAY_LEN(does))], 5);
	EXPECT_EQ(tap_attach(tap, kid_thread(kid, 0), 0), 0);
	EXPECT_EQ(tap_events(tap, EV_ALL & ~EV(QUIESCE)), 0);
	before = s_load(&tap->total);
	for (i = 0; i < n; i++) {
		if (!EXPECT(start_own(w, &r->rng)))
			break;
		jitter(&r->rng);
		if (!job || !one_in(&r->rng, 4))
			continue;
		s_at("job stop %u", stops);
		kill(kid->pid, SIGSTOP);
		stops++;
		if (!wait_until(s_load(&w->stops) == stops))
			break;
		kill(kid->pid, SIGCONT);
		if (!wait_until(s_load(&w->continues) == stops))
			break;
	}
	s_at("children end");
	for (i = 0; i < w->nown; i++)
		if (!wait_until(s_load(&w->own[i].told) == 1))
			break;
	/* it was traced all the time */
	s_at("events");
	wait_until(s_load(&tap->total) > before + 3);
	EXPECT(s_load(&chld_seen) > 0);
	s_at("the end");
	kid_cmd(kid, 0, CMD_EXIT, 3);
	if (s_failed())
		kill(kid->pid, SIGKILL);
	racers_join(r);
	if (!s_failed())
		EXPECT_EQ(kid->status, EXITED(3));
	EXPECT_EQ(s_load(&w->total), w->nown + 2 * stops + 1);
	kid_right(kid);
}
