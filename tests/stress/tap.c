// SPDX-License-Identifier: LGPL-2.1-or-later
/* Engines that count what comes to them. */
#include "stress.h"

/* Looked at once more after this many others. */
#define OLD_TAPS	4096

static struct tap *old[OLD_TAPS];
static unsigned int old_next;

static u32 enter(struct utrace_engine *engine, struct tap_call *call)
{
	struct tap *tap = engine->data;
	unsigned int number;
	u32 ret;

	s_inc(&tap->inside);
	number = s_inc(&tap->total);
	s_inc(&tap->n[call->event]);
	s_store(&tap->begun, number);
	if (s_load(&tap->closed))
		FAIL("callback %u after the end", call->event);
	if (s_load(&tap->released))
		FAIL("callback %u after release", call->event);
	ret = tap->hook ? tap->hook(tap, call) : tap_pass(call, UTRACE_RESUME);
	s_store(&tap->ended, number);
	s_dec(&tap->inside);
	return ret;
}

static u32 on_quiesce(u32 action, struct utrace_engine *engine,
		      unsigned long event)
{
	struct tap_call call = { .event = _UTRACE_EVENT_QUIESCE,
				 .action = action, .arg = event };

	return enter(engine, &call);
}

static u32 on_signal(u32 action, struct utrace_engine *engine,
		     struct pt_regs *regs, siginfo_t *info,
		     const struct k_sigaction *orig_ka,
		     struct k_sigaction *return_ka)
{
	struct tap_call call = { .event = TAP_SIGNAL, .action = action,
				 .regs = regs, .info = info,
				 .arg = info->si_signo };

	(void)orig_ka;
	(void)return_ka;
	return enter(engine, &call);
}

static u32 on_clone(u32 action, struct utrace_engine *engine,
		    unsigned long flags, struct task_struct *child)
{
	struct tap_call call = { .event = _UTRACE_EVENT_CLONE,
				 .action = action, .arg = flags,
				 .child = child };

	return enter(engine, &call);
}

static u32 on_jctl(u32 action, struct utrace_engine *engine, int type,
		   int notify)
{
	struct tap_call call = { .event = _UTRACE_EVENT_JCTL, .action = action,
				 .arg = type };

	(void)notify;
	return enter(engine, &call);
}

static u32 on_exec(u32 action, struct utrace_engine *engine,
		   const struct linux_binfmt *fmt,
		   const struct linux_binprm *bprm, struct pt_regs *regs)
{
	struct tap_call call = { .event = _UTRACE_EVENT_EXEC, .action = action,
				 .regs = regs };

	(void)fmt;
	(void)bprm;
	return enter(engine, &call);
}

static u32 enter_call(unsigned int event, u32 action,
		      struct utrace_engine *engine, struct pt_regs *regs)
{
	struct tap_call call = { .event = event, .action = action,
				 .regs = regs, .arg = regs->orig_ax };

	return enter(engine, &call);
}

static u32 on_entry(u32 action, struct utrace_engine *engine,
		    struct pt_regs *regs)
{
	return enter_call(_UTRACE_EVENT_SYSCALL_ENTRY, action, engine, regs);
}

static u32 on_exit_of_call(u32 action, struct utrace_engine *engine,
			   struct pt_regs *regs)
{
	return enter_call(_UTRACE_EVENT_SYSCALL_EXIT, action, engine, regs);
}

static u32 on_exit_event(u32 action, struct utrace_engine *engine,
			 long orig_code, long *code)
{
	struct tap_call call = { .event = _UTRACE_EVENT_EXIT,
				 .action = action, .arg = orig_code };

	(void)code;
	return enter(engine, &call);
}

static u32 on_death(struct utrace_engine *engine, bool group_dead, int signal)
{
	struct tap_call call = { .event = _UTRACE_EVENT_DEATH,
				 .action = UTRACE_RESUME, .arg = group_dead };

	(void)signal;
	return enter(engine, &call);
}

static void on_reap(struct utrace_engine *engine, struct task_struct *task)
{
	struct tap_call call = { .event = _UTRACE_EVENT_REAP,
				 .action = UTRACE_RESUME, .child = task };

	enter(engine, &call);
}

static void on_release(void *data)
{
	struct tap *tap = data;

	if (s_inc(&tap->released) != 1)
		FAIL("released twice");
	if (s_load(&tap->inside))
		FAIL("released during a callback");
}

const struct utrace_engine_ops tap_ops = {
	.report_quiesce = on_quiesce,
	.report_signal = on_signal,
	.report_clone = on_clone,
	.report_jctl = on_jctl,
	.report_exec = on_exec,
	.report_syscall_entry = on_entry,
	.report_syscall_exit = on_exit_of_call,
	.report_exit = on_exit_event,
	.report_death = on_death,
	.report_reap = on_reap,
	.release = on_release,
};

/* ---- what tests do with them --------------------------------------------- */

/* Not of the round's memory: it is looked at again much later. */
struct tap *tap_new(struct round *r)
{
	struct tap *tap = calloc(1, sizeof(*tap));

	if (!tap)
		abort();
	tap->rng = rng_fork(&r->rng);
	tap->next = r->taps;
	r->taps = tap;
	return tap;
}

int tap_attach(struct tap *tap, struct utrace_thread *thread, int flags)
{
	struct utrace_engine *engine;

	tap->thread = thread;
	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE | flags,
				    &tap_ops, tap);
	if (IS_ERR(engine))
		return PTR_ERR(engine);
	tap->engine = engine;
	s_inc(&tap->made);
	return 0;
}

int tap_events(struct tap *tap, unsigned long events)
{
	return utrace_set_events(tap->thread, tap->engine, events);
}

int tap_control(struct tap *tap, enum utrace_resume_action action)
{
	return utrace_control(tap->thread, tap->engine, action);
}

int tap_barrier(struct tap *tap)
{
	int err;

	do
		err = utrace_barrier(tap->thread, tap->engine);
	while (err == -EINTR);
	return err;
}

int tap_watch(struct tap *tap, struct utrace_thread *thread,
	      unsigned long events)
{
	int err = tap_attach(tap, thread, 0);

	if (!err)
		err = tap_events(tap, events);
	if (!err)
		err = tap_barrier(tap);
	return err;
}

bool tap_stopped(struct tap *tap)
{
	return wait_until(!tap_control(tap, UTRACE_STOP));
}

unsigned int tap_count(struct tap *tap, unsigned int event)
{
	return s_load(&tap->n[event]);
}

void tap_put(struct tap *tap)
{
	if (!tap->made || tap->put)
		return;
	tap->put = true;
	utrace_engine_put(tap->engine);
}

bool tap_close(struct tap *tap)
{
	s_store(&tap->closed, 1);
	return EXPECT_EQ(s_load(&tap->inside), 0);
}

/* ---- the end of a round -------------------------------------------------- */

/* Kids that run on would otherwise do so with callbacks of a round gone by. */
void taps_detach(struct round *r)
{
	struct tap *tap;
	int err;

	for (tap = r->taps; tap; tap = tap->next) {
		if (!tap->made || tap->put)
			continue;
		err = tap_control(tap, UTRACE_DETACH);
		if (err && err != -ESRCH && err != -EINPROGRESS &&
		    err != -EALREADY)
			FAIL("detach: %d", err);
	}
}

void taps_put(struct round *r)
{
	struct tap *tap;

	for (tap = r->taps; tap; tap = tap->next)
		tap_put(tap);
}

static void check_old(struct tap *tap)
{
	if (s_load(&tap->released) != s_load(&tap->made))
		FAIL("made %u times, released %u times, later", tap->made,
		     tap->released);
}

void taps_check(struct round *r)
{
	struct tap *tap, *next;
	unsigned int i;

	for (tap = r->taps; tap; tap = next) {
		next = tap->next;
		if (s_load(&tap->made) > 1)
			FAIL("made twice");
		wait_until(s_load(&tap->released) == s_load(&tap->made));
		s_store(&tap->closed, 1);
		i = old_next++ % OLD_TAPS;
		if (old[i]) {
			check_old(old[i]);
			free(old[i]);
		}
		old[i] = tap;
	}
	r->taps = NULL;
}

void taps_check_all(void)
{
	unsigned int i;

	for (i = 0; i < OLD_TAPS; i++) {
		if (!old[i])
			continue;
		check_old(old[i]);
		free(old[i]);
		old[i] = NULL;
	}
}
