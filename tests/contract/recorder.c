// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The recording engine of the contract tests, for every host.
 */
#include "flavour.h"

static unsigned int rec_seq;		/* order over all recorders */
static struct recorder *rec_list;	/* the test's own thread alone */

#define NO_ONCE		0xfffffffeu

/* The bits beside the resume action that an agreeing engine passes on. */
static u32 passed_on(enum rec_event event, u32 action)
{
	switch (event) {
	case REC_SIGNAL:
		return action & (UTRACE_SIGNAL_MASK | UTRACE_SIGNAL_HOLD);
	case REC_SYSCALL_ENTRY:
		return action & UTRACE_SYSCALL_MASK;
	default:
		return 0;
	}
}

static u32 finish_ret(u32 ret, struct rec_call *call)
{
	if (ret & REC_EXACT)
		return ret & ~REC_EXACT;
	return (ret & UTRACE_RESUME_MASK) |
	       passed_on(call->event, call->action);
}

/* A stop at the entry of a call comes before the report that is waited for. */
static bool holds_up_report(struct recorder *rec, struct rec_call *call)
{
	return h_load(&rec->halting) &&
	       (call->event == REC_SYSCALL_ENTRY ||
		(call->event == REC_QUIESCE &&
		 call->arg[0] == EV(SYSCALL_ENTRY)));
}

u32 rec_default(struct recorder *rec, struct rec_call *call)
{
	u32 ret = __atomic_exchange_n(&rec->once[call->event], NO_ONCE,
				      __ATOMIC_ACQ_REL);

	if (ret == NO_ONCE)
		ret = holds_up_report(rec, call) ?
		      UTRACE_RESUME : h_load(&rec->ret[call->event]);
	return finish_ret(ret, call);
}

static u32 record(struct recorder *rec, struct rec_call *call)
{
	enum rec_event ev = call->event;
	unsigned int n = __atomic_fetch_add(&rec->total, 1, __ATOMIC_ACQ_REL);
	struct rec_entry *e = n < REC_MAX ? &rec->log[n] : NULL;
	struct task_struct *who = current;
	struct gate *gate;
	rec_hook *hook;
	u32 ret;

	if (ev == REC_REAP)
		who = call->child;
	h_cause();
	if (e) {
		e->event = ev;
		e->action = call->action;
		h_store(&e->ret, REC_PENDING);
		memcpy(e->arg, call->arg, sizeof(e->arg));
		e->tid = who ? task_pid_nr(who) : -1;
		e->seq = __atomic_fetch_add(&rec_seq, 1, __ATOMIC_ACQ_REL);
		h_store(&e->ready, 1);
	}
	h_inc(&rec->count[ev]);

	gate = h_load(&rec->hold[ev]);
	if (gate)
		gate_wait(gate);
	hook = h_load(&rec->hook[ev]);
	ret = hook ? hook(rec, call) : rec_default(rec, call);
	if (e)
		h_store(&e->ret, ret);
	h_cause();
	h_inc(&rec->finished[ev]);
	return ret;
}

static u32 on_quiesce(u32 action, struct utrace_engine *engine,
		      unsigned long event)
{
	struct rec_call c = {
		.event = REC_QUIESCE, .action = action, .engine = engine,
		.arg = { event },
	};

	return record(engine->data, &c);
}

static u32 on_signal(u32 action, struct utrace_engine *engine,
		     struct pt_regs *regs, siginfo_t *info,
		     const struct k_sigaction *orig_ka,
		     struct k_sigaction *return_ka)
{
	struct rec_call c = {
		.event = REC_SIGNAL, .action = action, .engine = engine,
		.regs = regs, .info = info, .orig_ka = orig_ka,
		.return_ka = return_ka,
		.arg = {
			info->si_signo, utrace_signal_action(action),
			orig_ka ? (unsigned long)orig_ka->sa.sa_handler : ~0UL,
			info->si_code,
		},
	};

	return record(engine->data, &c);
}

static u32 on_clone(u32 action, struct utrace_engine *engine,
		    unsigned long clone_flags, struct task_struct *child)
{
	struct rec_call c = {
		.event = REC_CLONE, .action = action, .engine = engine,
		.child = child, .arg = { clone_flags, task_pid_nr(child) },
	};

	return record(engine->data, &c);
}

static u32 on_jctl(u32 action, struct utrace_engine *engine, int type,
		   int notify)
{
	struct rec_call c = {
		.event = REC_JCTL, .action = action, .engine = engine,
		.arg = { type, notify },
	};

	return record(engine->data, &c);
}

static u32 on_exec(u32 action, struct utrace_engine *engine,
		   const struct linux_binfmt *fmt,
		   const struct linux_binprm *bprm, struct pt_regs *regs)
{
	struct rec_call c = {
		.event = REC_EXEC, .action = action, .engine = engine,
		.bprm = bprm, .regs = regs,
	};

	(void)fmt;
	return record(engine->data, &c);
}

static u32 on_syscall(enum rec_event event, u32 action,
		      struct utrace_engine *engine, struct pt_regs *regs)
{
	struct rec_call c = {
		.event = event, .action = action, .engine = engine,
		.regs = regs,
		.arg = { regs->orig_ax, regs->ax, regs->di, regs->ip },
	};

	return record(engine->data, &c);
}

static u32 on_syscall_entry(u32 action, struct utrace_engine *engine,
			    struct pt_regs *regs)
{
	return on_syscall(REC_SYSCALL_ENTRY, action, engine, regs);
}

static u32 on_syscall_exit(u32 action, struct utrace_engine *engine,
			   struct pt_regs *regs)
{
	return on_syscall(REC_SYSCALL_EXIT, action, engine, regs);
}

static u32 on_exit(u32 action, struct utrace_engine *engine, long orig_code,
		   long *code)
{
	struct rec_call c = {
		.event = REC_EXIT, .action = action, .engine = engine,
		.code = code, .arg = { orig_code, *code },
	};

	return record(engine->data, &c);
}

static u32 on_death(struct utrace_engine *engine, bool group_dead, int signal)
{
	struct rec_call c = {
		.event = REC_DEATH, .action = UTRACE_RESUME, .engine = engine,
		.arg = { group_dead, signal },
	};

	return record(engine->data, &c);
}

static void on_reap(struct utrace_engine *engine, struct task_struct *task)
{
	struct rec_call c = {
		.event = REC_REAP, .action = UTRACE_RESUME, .engine = engine,
		.child = task, .arg = { task_pid_nr(task) },
	};

	record(engine->data, &c);
}

static void on_release(void *data)
{
	struct rec_call c = { .event = REC_RELEASE, .action = UTRACE_RESUME };

	record(data, &c);
}

const struct utrace_engine_ops rec_ops = {
	.report_quiesce = on_quiesce,
	.report_signal = on_signal,
	.report_clone = on_clone,
	.report_jctl = on_jctl,
	.report_exec = on_exec,
	.report_syscall_entry = on_syscall_entry,
	.report_syscall_exit = on_syscall_exit,
	.report_exit = on_exit,
	.report_death = on_death,
	.report_reap = on_reap,
	.release = on_release,
};

struct recorder *rec_new(void)
{
	struct recorder *rec = h_alloc(sizeof(*rec));
	unsigned int i;

	rec->ops = rec_ops;
	rec->use = &rec->ops;
	for (i = 0; i < REC_N; i++) {
		rec->ret[i] = UTRACE_RESUME;
		rec->once[i] = NO_ONCE;
	}
	rec->next = rec_list;
	rec_list = rec;
	return rec;
}

void rec_adopt(struct recorder *rec, struct task_struct *task,
	       struct utrace_engine *engine)
{
	h_cause();
	rec->task = task;
	rec->engine = engine;
	rec->attached++;
	h_cause();
}

int rec_attach_flags(struct recorder *rec, struct task_struct *task, int flags,
		     unsigned long events)
{
	struct utrace_engine *engine;

	engine = utrace_attach_task(task, flags | UTRACE_ATTACH_CREATE,
				    rec->use, rec);
	if (IS_ERR(engine))
		return PTR_ERR(engine);
	rec_adopt(rec, task, engine);
	return events ? rec_events(rec, events) : 0;
}

int rec_attach(struct recorder *rec, struct task_struct *task,
	       unsigned long events)
{
	return rec_attach_flags(rec, task, 0, events);
}

int rec_events(struct recorder *rec, unsigned long events)
{
	int err;

	h_cause();
	err = utrace_set_events(rec->task, rec->engine, events);

	if (err && err != -EINPROGRESS)
		return err;
	err = utrace_barrier(rec->task, rec->engine);
	if (err)
		h_note("barrier after set_events: %d", err);
	return err;
}

int rec_control(struct recorder *rec, enum utrace_resume_action action)
{
	h_cause();
	return utrace_control(rec->task, rec->engine, action);
}

int rec_barrier(struct recorder *rec)
{
	h_cause();
	return utrace_barrier(rec->task, rec->engine);
}

void rec_put(struct recorder *rec)
{
	struct utrace_engine *engine = rec->engine;

	rec->engine = NULL;
	rec->task = NULL;
	if (engine)
		utrace_engine_put(engine);
}

void rec_ret(struct recorder *rec, enum rec_event event, u32 ret)
{
	h_store(&rec->ret[event], ret);
}

void rec_ret_all(struct recorder *rec, u32 ret)
{
	int i;

	for (i = 0; i < REC_RELEASE; i++)
		rec_ret(rec, i, ret);
}

void rec_once(struct recorder *rec, enum rec_event event, u32 ret)
{
	h_store(&rec->once[event], ret);
}

void rec_hook_set(struct recorder *rec, enum rec_event event, rec_hook *hook)
{
	h_store(&rec->hook[event], hook);
}

void rec_hold(struct recorder *rec, enum rec_event event, struct gate *gate)
{
	h_store(&rec->hold[event], gate);
}

unsigned int rec_count(struct recorder *rec, enum rec_event event)
{
	return h_load(&rec->count[event]);
}

unsigned int rec_finished(struct recorder *rec, enum rec_event event)
{
	return h_load(&rec->finished[event]);
}

unsigned int rec_total(struct recorder *rec)
{
	return h_load(&rec->total);
}

bool rec_wait(struct recorder *rec, enum rec_event event, unsigned int n)
{
	bool ok = h_poll_(H_LIMIT_MS, rec_count(rec, event) >= n);

	if (!ok) {
		h_fail(__FILE__, __LINE__, "never: callback %d, %u times",
		       (int)event, n);
		rec_dump(rec);
	}
	return ok;
}

struct rec_entry *rec_at(struct recorder *rec, unsigned int n)
{
	if (n >= rec_total(rec) || n >= REC_MAX || !h_load(&rec->log[n].ready))
		return NULL;
	return &rec->log[n];
}

struct rec_entry *rec_nth(struct recorder *rec, enum rec_event event,
			  unsigned int n)
{
	struct rec_entry *e;
	unsigned int i;

	for (i = 0; (e = rec_at(rec, i)); i++)
		if (e->event == event && !n--)
			return e;
	return NULL;
}

struct rec_entry *rec_last(struct recorder *rec, enum rec_event event)
{
	struct rec_entry *e, *last = NULL;
	unsigned int i;

	for (i = 0; (e = rec_at(rec, i)); i++)
		if (e->event == event)
			last = e;
	return last;
}

struct rec_entry *rec_find(struct recorder *rec, enum rec_event event,
			   unsigned int from, unsigned long arg)
{
	struct rec_entry *e;
	unsigned int i;

	for (i = from; (e = rec_at(rec, i)); i++)
		if (e->event == event && e->arg[0] == arg)
			return e;
	return NULL;
}

unsigned int rec_count_arg(struct recorder *rec, enum rec_event event,
			   unsigned long arg)
{
	struct rec_entry *e;
	unsigned int i, n = 0;

	for (i = 0; (e = rec_at(rec, i)); i++)
		if (e->event == event && e->arg[0] == arg)
			n++;
	return n;
}

unsigned int rec_reports(struct recorder *rec)
{
	struct rec_entry *e;
	unsigned int i, n = 0;

	for (i = 0; (e = rec_at(rec, i)); i++)
		if ((e->event == REC_QUIESCE && !e->arg[0]) ||
		    (e->event == REC_SIGNAL &&
		     e->arg[1] == UTRACE_SIGNAL_REPORT))
			n++;
	return n;
}

void rec_dump(struct recorder *rec)
{
	static const char *const names[REC_N] = {
		[REC_QUIESCE] = "quiesce", [REC_REAP] = "reap",
		[REC_CLONE] = "clone", [REC_EXEC] = "exec",
		[REC_EXIT] = "exit", [REC_DEATH] = "death",
		[REC_SYSCALL_ENTRY] = "syscall_entry",
		[REC_SYSCALL_EXIT] = "syscall_exit",
		[REC_SIGNAL] = "signal", [REC_JCTL] = "jctl",
		[REC_RELEASE] = "release",
	};
	unsigned int total = rec_total(rec), i;
	struct rec_entry *e;

	h_note("recorder of %d: %u callbacks",
	       rec->task ? (int)task_pid_nr(rec->task) : -1, total);
	for (i = total > 40 ? total - 40 : 0; (e = rec_at(rec, i)); i++)
		h_note("  %3u %s %d action %#x ret %#x: %#lx %#lx %#lx %#lx",
		       e->seq, names[e->event] ? names[e->event] : "?", e->tid,
		       e->action, h_load(&e->ret), e->arg[0], e->arg[1],
		       e->arg[2], e->arg[3]);
}

bool rec_detach(struct recorder *rec)
{
	int err = rec_control(rec, UTRACE_DETACH);

	if (!err || err == -EINPROGRESS)
		return true;
	h_fail(__FILE__, __LINE__, "control(DETACH) is %d", err);
	return false;
}

bool rec_wait_held(struct recorder *rec)
{
	struct utrace_examiner exam;
	int err = 0;

	/* -EINVAL: it holds no stop yet; -EAGAIN: it is not there yet */
	if (h_poll_(H_LIMIT_MS,
		    !(err = utrace_prepare_examine(rec->task, rec->engine,
						   &exam))))
		return true;
	h_fail(__FILE__, __LINE__, "prepare_examine() is %d, never 0", err);
	rec_dump(rec);
	return false;
}

bool rec_wait_stopped(struct recorder *rec)
{
	int err = 0;
	bool ok;

	ok = h_poll_(H_LIMIT_MS,
		     (err = rec_control(rec, UTRACE_STOP)) != -EINPROGRESS);
	if (!ok || err) {
		h_fail(__FILE__, __LINE__, "control(STOP) is %d, never 0", err);
		rec_dump(rec);
		return false;
	}
	return true;
}

bool rec_halt(struct recorder *rec)
{
	unsigned int before = rec_reports(rec);
	int err;
	bool ok;

	h_store(&rec->halting, 1);
	rec_ret_all(rec, UTRACE_STOP);
	err = rec_control(rec, UTRACE_INTERRUPT);
	if (err) {
		h_fail(__FILE__, __LINE__, "control(INTERRUPT) is %d", err);
		return false;
	}
	ok = h_poll_(H_LIMIT_MS, rec_reports(rec) > before);
	h_store(&rec->halting, 0);
	if (!ok) {
		h_fail(__FILE__, __LINE__, "no report after INTERRUPT");
		rec_dump(rec);
		return false;
	}
	return rec_wait_stopped(rec);
}

bool rec_resume(struct recorder *rec)
{
	rec_ret_all(rec, UTRACE_RESUME);
	return EXPECT_EQ(rec_control(rec, UTRACE_RESUME), 0);
}

/* ---- for the harness --------------------------------------------------- */

void rec_teardown_begin(void)
{
	struct recorder *rec;
	int err, i;

	for (rec = rec_list; rec; rec = rec->next) {
		for (i = 0; i < REC_N; i++) {
			rec_hold(rec, i, NULL);
			rec_hook_set(rec, i, NULL);
			rec_ret(rec, i, UTRACE_RESUME);
			rec_once(rec, i, NO_ONCE);
		}
	}
	for (rec = rec_list; rec; rec = rec->next) {
		if (!rec->engine || !rec->task)
			continue;
		err = rec_control(rec, UTRACE_DETACH);
		if (!err || err == -EINPROGRESS)
			err = rec_barrier(rec);
		(void)err;		/* it may be gone already: -ESRCH */
	}
}

void rec_teardown_put(void)
{
	struct recorder *rec;

	for (rec = rec_list; rec; rec = rec->next)
		rec_put(rec);
}

/*
 * All engines are detached and all references given back: each recorder that
 * saw its engine attached must have seen its release, once (ENG-2).
 */
void rec_teardown_end(void)
{
	struct recorder *rec, *next;

	for (rec = rec_list; rec; rec = next) {
		next = rec->next;
		if (!rec->foreign && rec->use->release == rec_ops.release &&
		    rec_count(rec, REC_RELEASE) != rec->attached) {
			h_fail(__FILE__, __LINE__,
			       "engine released %u times, attached %u",
			       rec_count(rec, REC_RELEASE), rec->attached);
			rec_dump(rec);
		}
		if (rec_total(rec) > REC_MAX)
			h_note("recorder is full: %u", rec_total(rec));
		h_free(rec);
	}
	rec_list = NULL;
}
