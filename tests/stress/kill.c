// SPDX-License-Identifier: LGPL-2.1-or-later
/* SIGKILL, and the end of the process by a sibling, in every kind of stop. */
#include <signal.h>
#include <sys/syscall.h>

#include "stress.h"

enum kind {
	AT_ENTRY, AT_EXIT, AT_SIGNAL, AT_CLONE, AT_NEWBORN, AT_VFORK, AT_EXEC,
	AT_EVENT_0, AT_BLOCKED, AT_JOB_STOP, N_KINDS
};

static const char *const names[] = {
	"entry", "exit", "signal", "clone", "newborn", "vfork", "exec",
	"event 0", "blocked", "job stop"
};

/* The thread that is to be stopped and killed there. */
struct victim {
	enum kind kind;
	unsigned int at;		/* the n-th event of the kind */
	unsigned int seen;
	unsigned int held;		/* STOP was returned */
	unsigned int over;		/* it is not to be held any more */
	struct tap *tap;
	struct tap *child;		/* for a newborn */
	unsigned int child_err;
	unsigned int ops;
};

static bool is_it(struct victim *v, struct tap_call *call)
{
	switch (v->kind) {
	case AT_ENTRY:
		return call->event == _UTRACE_EVENT_SYSCALL_ENTRY;
	case AT_EXIT:
		return call->event == _UTRACE_EVENT_SYSCALL_EXIT;
	case AT_SIGNAL:
		return call->event == TAP_SIGNAL && call->arg == SIGUSR1;
	case AT_CLONE:
	case AT_NEWBORN:
	case AT_VFORK:
		return call->event == _UTRACE_EVENT_CLONE;
	case AT_EXEC:
		return call->event == _UTRACE_EVENT_EXEC;
	default:
		return false;
	}
}

/* A newborn is held by an engine that never lets it go. */
static u32 hold_child(struct tap *tap, struct tap_call *call)
{
	(void)tap;
	return tap_pass(call, UTRACE_STOP);
}

static void take_child(struct victim *v, struct task_struct *child)
{
	v->child->hook = hold_child;
	v->child_err = -tap_attach(v->child, child, 0);
	if (v->child_err)
		return;
	get_task_struct(child);
	EXPECT_EQ(tap_events(v->child, EV(QUIESCE) | EV(DEATH) | EV(REAP)), 0);
	EXPECT_EQ(tap_control(v->child, UTRACE_STOP), -EINPROGRESS);
}

static u32 hold(struct tap *tap, struct tap_call *call)
{
	struct victim *v = tap->priv;

	if (s_load(&v->held) && !s_load(&v->over))
		return tap_pass(call, UTRACE_STOP);
	if (!is_it(v, call) || s_inc(&v->seen) != v->at)
		return tap_pass(call, UTRACE_RESUME);
	if (v->kind == AT_NEWBORN) {
		take_child(v, call->child);
		s_store(&v->held, 1);
		s_store(&v->over, 1);
		return tap_pass(call, UTRACE_RESUME);
	}
	s_store(&v->held, 1);
	return tap_pass(call, UTRACE_STOP);
}

static enum kid_cmd cmd_for(enum kind kind)
{
	switch (kind) {
	case AT_ENTRY:
	case AT_EXIT:
		return CMD_WRITE;
	case AT_SIGNAL:
		return CMD_RAISE;
	case AT_CLONE:
	case AT_NEWBORN:
		return CMD_FORK;
	case AT_VFORK:
		return CMD_VFORK;
	case AT_EXEC:
		return CMD_EXEC;
	case AT_JOB_STOP:
		return CMD_STOP;
	case AT_BLOCKED:
		return CMD_SLEEP;
	default:
		return CMD_SPIN;
	}
}

static unsigned long events_for(struct rng *rng, enum kind kind)
{
	unsigned long events = EV(DEATH) | EV(REAP);

	switch (kind) {
	case AT_ENTRY:
		events |= EV(SYSCALL_ENTRY);
		break;
	case AT_EXIT:
		events |= EV(SYSCALL_ENTRY) | EV(SYSCALL_EXIT);
		break;
	case AT_SIGNAL:
		events |= EV(SIGNAL);
		break;
	case AT_CLONE:
	case AT_NEWBORN:
	case AT_VFORK:
		events |= EV(CLONE);
		break;
	case AT_EXEC:
		events |= EV(EXEC);
		break;
	case AT_JOB_STOP:
		events |= EV(JCTL);
		break;
	default:
		events |= EV(QUIESCE);
	}
	if (one_in(rng, 2))
		events |= EV(QUIESCE);
	if (one_in(rng, 2))
		events |= EV(SYSCALL_ENTRY);
	if (one_in(rng, 3))
		events |= EV(EXIT);
	return events;
}

static void race_ops(struct racer *racer)
{
	static const enum utrace_resume_action actions[] = {
		UTRACE_STOP, UTRACE_RESUME, UTRACE_INTERRUPT, UTRACE_REPORT,
		UTRACE_SINGLESTEP, UTRACE_RESUME
	};
	struct victim *v = racer->arg;
	unsigned int i;
	int err;

	for (i = 0; i < v->ops; i++) {
		enum utrace_resume_action action =
			actions[rng_below(&racer->rng, ARRAY_LEN(actions))];

		jitter(&racer->rng);
		s_store(&v->over, one_in(&racer->rng, 2));
		err = tap_control(v->tap, action);
		EXPECT(err == 0 || err == -ESRCH ||
		       (err == -EINPROGRESS && action == UTRACE_STOP) ||
		       (err == -EINVAL &&
			!(s_load(&v->tap->engine->flags) & EV(QUIESCE))));
		jitter(&racer->rng);
		if (one_in(&racer->rng, 4)) {
			err = tap_barrier(v->tap);
			EXPECT(err == 0 || err == -ESRCH);
		}
	}
}

/* Until it is where it is to be, for certain. */
static bool get_there(struct victim *v, struct kid *kid)
{
	siginfo_t info;

	switch (v->kind) {
	case AT_NEWBORN:
		if (!wait_until(s_load(&v->held)))
			return false;
		return v->child_err ? EXPECT_EQ(v->child_err, 0) :
		       tap_stopped(v->child);
	case AT_EVENT_0:
		s_store(&v->held, 1);
		return tap_stopped(v->tap);
	case AT_BLOCKED:
		/* in a call, which STOP alone does not cut short */
		s_store(&v->held, 1);
		EXPECT_EQ(tap_control(v->tap, UTRACE_INTERRUPT), 0);
		return tap_stopped(v->tap);
	case AT_JOB_STOP:
		if (!EXPECT_EQ(waitid(P_PID, kid->pid, &info,
				      WSTOPPED | WNOWAIT), 0))
			return false;
		return tap_stopped(v->tap);
	default:
		return wait_until(s_load(&v->held)) && tap_stopped(v->tap);
	}
}

STRESS(kill_stopped, 800, 10000,
       "KIL-1 KIL-2 SYS-5: SIGKILL, or a sibling's exit, in every kind of stop: "
       "no further system call, and death and reap come")
{
	unsigned int nthreads = 1 + rng_below(&r->rng, 2);
	bool racing = one_in(&r->rng, 3);
	bool sibling = nthreads > 1 && one_in(&r->rng, 3);
	struct victim *v = s_alloc(r, sizeof(*v));
	struct tap *tap = tap_new(r), *second = NULL;
	struct kid *kid = kid_loop(r, nthreads);
	unsigned int entries, written;
	uint64_t loops;

	v->kind = rng_below(&r->rng, N_KINDS);
	v->at = v->kind == AT_EXEC ? 1 : 1 + rng_below(&r->rng, 3);
	v->tap = tap;
	v->child = tap_new(r);
	tap->hook = hold;
	tap->priv = v;
	s_at("%s", names[v->kind]);
	/* there the sibling is gone, here it is stopped too */
	if (v->kind == AT_EXEC || v->kind == AT_JOB_STOP)
		sibling = false;
	CHECK_EQ(tap_watch(tap, kid_thread(kid, 0),
			   events_for(&r->rng, v->kind)), 0);
	if (nthreads > 1) {
		second = tap_new(r);
		if (one_in(&r->rng, 2) && !sibling)
			second->hook = hold_child;
		CHECK_EQ(tap_watch(second, kid_thread(kid, 1), EV(QUIESCE) |
				   EV(DEATH) | EV(REAP)), 0);
		if (second->hook)
			EXPECT_EQ(tap_control(second, UTRACE_STOP),
				  -EINPROGRESS);
	}
	/* a group stop takes all of them, the second held or not */
	if (v->kind == AT_JOB_STOP && second && second->hook) {
		kid_cmd(kid, 1, CMD_CALLS, 0);
		CHECK(tap_stopped(second));
	}
	kid_cmd(kid, 0, cmd_for(v->kind), 4);
	if (racing) {
		v->ops = 1 + rng_below(&r->rng, 20);
		racer_start(r, NULL, race_ops, v);
		dither(&r->rng, 1500);
	} else if (v->kind == AT_JOB_STOP && second && second->hook) {
		/* a thread in a tracing stop keeps the process from stopping */
		dither(&r->rng, 1500);
		racing = true;
	} else {
		CHECK(get_there(v, kid));
	}
	entries = tap_count(tap, _UTRACE_EVENT_SYSCALL_ENTRY);
	written = kid_written(kid);
	loops = kid_loops(kid, 0);
	if (!racing && v->kind == AT_ENTRY) {
		/* the call that it stands before has not been made */
		EXPECT_EQ(written, entries - 1);
	}
	if (sibling)
		kid_cmd(kid, 1, CMD_EXIT, 8);
	else if (one_in(&r->rng, 2))
		kill(kid->pid, SIGKILL);
	else
		syscall(SYS_tgkill, kid->pid, kid->pid, SIGKILL);
	kid_wait(kid);
	EXPECT_EQ(kid->status, sibling ? EXITED(8) : KILLED(SIGKILL));
	if (!racing) {
		/* a newborn's parent is not the one that is held */
		if (v->kind != AT_NEWBORN) {
			EXPECT_EQ(kid_loops(kid, 0), loops);
			EXPECT_EQ(tap_count(tap, _UTRACE_EVENT_SYSCALL_ENTRY),
				  entries);
		}
		EXPECT_EQ(kid_written(kid), 0);
	}
	racers_join(r);
	tap_put(tap);
	CHECK(wait_until(s_load(&tap->released)));
	EXPECT_EQ(tap_count(tap, _UTRACE_EVENT_DEATH), 1);
	EXPECT_EQ(tap_count(tap, _UTRACE_EVENT_REAP), 1);
	if (tap->engine && second) {
		tap_put(second);
		CHECK(wait_until(s_load(&second->released)));
		EXPECT_EQ(tap_count(second, _UTRACE_EVENT_DEATH), 1);
		EXPECT_EQ(tap_count(second, _UTRACE_EVENT_REAP), 1);
	}
	if (!v->child->made)
		return;
	/* the child is on its own, and still held: it is killed too */
	kill(utrace_thread_id(v->child->thread), SIGKILL);
	tap_put(v->child);
	CHECK(wait_until(s_load(&v->child->released)));
	EXPECT_EQ(tap_count(v->child, _UTRACE_EVENT_DEATH), 1);
	EXPECT_EQ(tap_count(v->child, _UTRACE_EVENT_REAP), 1);
	put_task_struct(v->child->thread);
	v->child->thread = NULL;
}
