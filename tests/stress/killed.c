// SPDX-License-Identifier: LGPL-2.1-or-later
/* The whole tracing program is killed, at any moment. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "stress.h"

#define TRACED	3

/*
 * In the tracer, a process of its own, that never comes to an end.
 * @requests: so many ptrace() calls are made, and the next is not; 0: any number
 */
struct tracer {
	pid_t pid;
	int requests;
	unsigned long events;
	bool stops;
	struct rng rng;
	pthread_mutex_t lock;
	struct utrace_engine *engines[64];
	struct utrace_thread *threads[64];
	unsigned int n;
};

static struct tracer tracer;

/* The linker has the library's calls of ptrace() come here. */
long __wrap_ptrace(int request, pid_t pid, void *addr, void *data);
long __real_ptrace(int request, pid_t pid, void *addr, void *data);

long __wrap_ptrace(int request, pid_t pid, void *addr, void *data)
{
	if (sh_load(&tracer.requests) &&
	    !__atomic_sub_fetch(&tracer.requests, 1, __ATOMIC_RELAXED)) {
		/* a worker is a process of its own; none goes on */
		kill(tracer.pid, SIGKILL);
		syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	}
	return __real_ptrace(request, pid, addr, data);
}

static u32 acts(struct utrace_engine *engine, u32 resume)
{
	static __thread struct rng rng;

	(void)engine;
	if (!rng.state)
		rng.state = now_ns();
	jitter(&rng);
	if (!tracer.stops || !one_in(&rng, 4))
		return resume;
	return one_in(&rng, 2) ? UTRACE_STOP : one_in(&rng, 2) ?
	       UTRACE_INTERRUPT : UTRACE_REPORT;
}

static u32 k_quiesce(u32 action, struct utrace_engine *engine,
		     unsigned long event)
{
	(void)action;
	(void)event;
	return acts(engine, UTRACE_RESUME);
}

static u32 k_signal(u32 action, struct utrace_engine *engine,
		    struct pt_regs *regs, siginfo_t *info,
		    const struct k_sigaction *orig_ka,
		    struct k_sigaction *return_ka)
{
	(void)regs;
	(void)info;
	(void)orig_ka;
	(void)return_ka;
	return acts(engine, UTRACE_RESUME) | (action & ~UTRACE_RESUME_MASK);
}

static u32 k_clone(u32 action, struct utrace_engine *engine,
		   unsigned long flags, struct task_struct *child)
{
	(void)action;
	(void)flags;
	(void)child;
	return acts(engine, UTRACE_RESUME);
}

static u32 k_call(u32 action, struct utrace_engine *engine,
		  struct pt_regs *regs)
{
	(void)regs;
	return acts(engine, UTRACE_RESUME) | (action & UTRACE_SYSCALL_MASK);
}

static u32 k_exit(u32 action, struct utrace_engine *engine, long orig_code,
		  long *code)
{
	(void)action;
	(void)orig_code;
	(void)code;
	return acts(engine, UTRACE_RESUME);
}

static u32 k_death(struct utrace_engine *engine, bool group_dead, int signal)
{
	(void)group_dead;
	(void)signal;
	return acts(engine, UTRACE_RESUME);
}

static void k_reap(struct utrace_engine *engine, struct task_struct *task)
{
	(void)task;
	acts(engine, UTRACE_RESUME);
}

static const struct utrace_engine_ops k_ops = {
	.report_quiesce = k_quiesce,
	.report_signal = k_signal,
	.report_clone = k_clone,
	.report_syscall_entry = k_call,
	.report_syscall_exit = k_call,
	.report_exit = k_exit,
	.report_death = k_death,
	.report_reap = k_reap,
};

static const unsigned long k_events =
	EV(QUIESCE) | EV(REAP) | EV(CLONE) | EV(EXIT) | EV(DEATH) |
	EV(SYSCALL_ENTRY) | EV(SYSCALL_EXIT) | UTRACE_EVENT_SIGNAL_ALL;

static int k_attach(void *ctx, struct utrace_thread *thread,
		    struct utrace_thread *parent)
{
	struct utrace_engine *engine;
	unsigned int i;
	int err;

	(void)ctx;
	(void)parent;
	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &k_ops, NULL);
	if (IS_ERR(engine))
		return PTR_ERR(engine);
	err = utrace_set_events(thread, engine, tracer.events);
	/* the last ones are kept, so that what they stop goes on */
	pthread_mutex_lock(&tracer.lock);
	i = tracer.n++ % 64;
	if (tracer.engines[i]) {
		/* nobody would resume it any more: never mind the answer */
		if (utrace_control(tracer.threads[i], tracer.engines[i],
				   UTRACE_DETACH))
			jitter(&tracer.rng);
		utrace_engine_put(tracer.engines[i]);
		put_task_struct(tracer.threads[i]);
	}
	tracer.engines[i] = engine;
	tracer.threads[i] = get_task_struct(thread);
	pthread_mutex_unlock(&tracer.lock);
	return err == -ESRCH || err == -EALREADY ? 0 : err;
}

static const struct utrace_follow_ops k_follow = { .attach = k_attach };

static void k_resume(void)
{
	unsigned int i;

	pthread_mutex_lock(&tracer.lock);
	for (i = 0; i < 64; i++)
		/* it may be gone */
		if (tracer.engines[i] &&
		    utrace_control(tracer.threads[i], tracer.engines[i],
				   UTRACE_RESUME))
			jitter(&tracer.rng);
	pthread_mutex_unlock(&tracer.lock);
}

static __attribute__((__noreturn__))
void trace(struct round *r, struct kid **kids, unsigned int n, int requests)
{
	struct utrace_follow *follow;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tracer.pid = getpid();
	tracer.requests = requests;
	tracer.events = one_in(&r->rng, 2) ? k_events :
			(rng_next(&r->rng) & k_events) | EV(QUIESCE);
	tracer.stops = one_in(&r->rng, 2);
	pthread_mutex_init(&tracer.lock, NULL);
	if (utrace_init())
		_exit(1);
	follow = utrace_follow_new(&k_follow, NULL, UTRACE_FOLLOW_ALL);
	if (!follow)
		_exit(2);
	for (i = 0; i < n; i++)
		if (utrace_follow_process(follow, kids[i]->pid))
			_exit(3);
	for (;;) {
		usleep(rng_below(&r->rng, 500));
		k_resume();
	}
}

/* Until it has ended, or does no more. */
static void wait_quietly(pid_t pid)
{
	siginfo_t info;
	int i;

	for (i = 0; i < 200; i++) {
		info.si_pid = 0;
		if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
		    info.si_pid)
			return;
		usleep(500);
	}
}

static void killed(struct round *r, int requests)
{
	unsigned int n = 1 + rng_below(&r->rng, TRACED), i;
	struct kid *kids[TRACED];
	int status;
	pid_t pid;

	for (i = 0; i < n; i++)
		kids[i] = kid_new(r, "work", 1);
	for (i = 0; i < n; i++)
		CHECK(wait_until(sh_load(&kids[i]->share->ready)));
	pid = fork();
	if (!pid)
		trace(r, kids, n, requests);
	if (requests)
		/* fewer may be all that there are */
		wait_quietly(pid);
	else if (one_in(&r->rng, 3))
		dither(&r->rng, 3000);
	else
		usleep(rng_below(&r->rng, 20000));
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, KILLED(SIGKILL));
	for (i = 0; i < n; i++) {
		s_at("program %u of %u", i, n);
		/* the workers are processes, which end a moment later */
		CHECK(wait_until(!kid_held(kids[i], false)));
		sh_store(&kids[i]->share->quit, 1);
		kid_wait(kids[i]);
		CHECK(kid_right(kids[i]));
		CHECK_EQ(kids[i]->status, EXITED(7));
	}
}

STRESS(tracer_killed, 150, 3000,
       "INV-2: SIGKILL of the whole tracing program: what it traced goes on, "
       "and ends right",
       .alone = true)
{
	killed(r, 0);
}

STRESS(tracer_killed_at, 150, 3000,
       "INV-2: the same, before any of the requests that it makes",
       .alone = true)
{
	killed(r, 1 + rng_below(&r->rng, one_in(&r->rng, 2) ? 100 : 3000));
}
