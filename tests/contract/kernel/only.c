// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the contract says of the kernel host alone, or what can be seen of it
 * from within the kernel alone.
 */
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/regset.h>

#include "told.h"
#include "children.h"

#define HELD	(1UL << _UTRACE_NEVENTS)

/* ---- references ---------------------------------------------------------- */

static int control_under_rcu(struct recorder *r,
			     enum utrace_resume_action action)
{
	unsigned long switches;
	int err;

	rcu_read_lock();
	switches = current->nvcsw;
	err = utrace_control(r->task, r->engine, action);
	EXPECT_EQ(current->nvcsw, switches);
	rcu_read_unlock();
	return err;
}

static int set_events_under_rcu(struct recorder *r, unsigned long events)
{
	unsigned long switches;
	int err;

	rcu_read_lock();
	switches = current->nvcsw;
	err = utrace_set_events(r->task, r->engine, events);
	EXPECT_EQ(current->nvcsw, switches);
	rcu_read_unlock();
	return err;
}

/* Control and set_events do not sleep, whatever they change. */
TEST(eng_calls_under_rcu, "ENG-6 CTL-10 EVT-9")
{
	struct prog *p = prog_start("calls");
	struct recorder *r = rec_plain(prog_task(p), 0);
	int i;

	for (i = 0; i < 20; i++) {
		CHECK_EQ(set_events_under_rcu(r, EV_ALL), 0);
		CHECK_EQ(rec_barrier(r), 0);
		rec_ret_all(r, UTRACE_STOP);
		CHECK_EQ(control_under_rcu(r, UTRACE_INTERRUPT), 0);
		CHECK(rec_wait_stopped(r));
		CHECK_EQ(control_under_rcu(r, UTRACE_STOP), 0);
		CHECK_EQ(set_events_under_rcu(r, EV(QUIESCE)), 0);
		rec_ret_all(r, UTRACE_RESUME);
		CHECK_EQ(control_under_rcu(r, i % 2 ? UTRACE_RESUME :
					   UTRACE_REPORT), 0);
		CHECK(one_call(p));
		CHECK_EQ(control_under_rcu(r, UTRACE_REPORT), 0);
		CHECK(one_call(p));
		CHECK_EQ(rec_barrier(r), 0);
	}
	CHECK_EQ(control_under_rcu(r, UTRACE_DETACH), 0);
	CHECK_EQ(set_events_under_rcu(r, 0), -ESRCH);
	CHECK(one_call(p));
}

static u32 take_child(struct recorder *r, struct rec_call *call)
{
	struct recorder *child = r->priv;
	struct utrace_engine *e;

	e = utrace_attach_task(call->child, UTRACE_ATTACH_CREATE, child->use,
			       child);
	if (EXPECT(!IS_ERR(e)))
		rec_adopt(child, call->child, e);
	return rec_default(r, call);
}

/*
 * Nobody holds a reference on a thread that ends and is reaped meanwhile: any
 * answer but -ESRCH means that it is there until the unlock.
 */
TEST(eng_no_reference_on_thread, "ENG-6 ENG-3")
{
	struct prog *p = prog_start("breed");
	struct recorder *r = rec_new();
	unsigned long end;
	unsigned int i, n;
	int err;

	rec_hook_set(r, REC_CLONE, take_child);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(CLONE)), 0);
	CHECK(do_ok(p, "stay"));
	for (i = 0; i < 10; i++) {
		struct recorder *child = rec_new();

		r->priv = child;
		prog_say(p, "fork");
		CHECK(prog_get(p, "child") > 0);
		CHECK(child->engine);
		CHECK(do_ok(p, "kill 9"));
		prog_say(p, "wait");
		end = jiffies + msecs_to_jiffies(H_LIMIT_MS);
		for (n = 0; utrace_barrier(child->task, child->engine) !=
		     -ESRCH; n++) {
			CHECK(time_before(jiffies, end));
			rcu_read_lock();
			err = n % 2 ?
			      utrace_control(child->task, child->engine,
					     UTRACE_RESUME) :
			      utrace_set_events(child->task, child->engine,
						EV(CLONE));
			/* dead is -ESRCH too, for control */
			if (err != -ESRCH)
				EXPECT(refcount_read(&child->task->usage));
			rcu_read_unlock();
			cond_resched();
		}
		child->task = NULL;
		CHECK_EQ(prog_get(p, "status"), KILLED(9));
	}
}

/* ---- attaching ----------------------------------------------------------- */

static int idle_thread(void *arg)
{
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}

/* A kernel thread, of the system or of a module: never, in no way. */
TEST(att_kernel_thread, "ATT-3 ENG-7 INV-3")
{
	struct task_struct *tasks[2] = { h_task(2), NULL };
	struct recorder *r = rec_new();
	struct pid *pid;
	int i;

	tasks[1] = kthread_run(idle_thread, NULL, "contract");
	CHECK(!IS_ERR(tasks[1]));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(rec_attach(r, tasks[i], 0), -EPERM);
		EXPECT_EQ(rec_attach_flags(r, tasks[i], UTRACE_ATTACH_EXCLUSIVE,
					   0), -EPERM);
		pid = h_pid(task_pid_nr(tasks[i]));
		EXPECT_EQ(PTR_ERR(utrace_attach_pid(pid, UTRACE_ATTACH_CREATE,
						    r->use, r)), -EPERM);
		EXPECT_EQ(PTR_ERR(utrace_attach_task(tasks[i], 0, NULL, NULL)),
			  -ENOENT);
		EXPECT_EQ(task_utrace_flags(tasks[i]), 0);
	}
	EXPECT_EQ(rec_count(r, REC_RELEASE), 0);
	kthread_stop(tasks[1]);
}

/* What @arg, a recorder, has in priv is the thread's ID. */
static long attach_to_myself(void *arg)
{
	struct recorder *r = arg;
	struct utrace_examiner exam;

	r->priv = (void *)(long)task_pid_nr(current);
	EXPECT_EQ(rec_attach(r, h_task(task_pid_nr(current)), EV(QUIESCE) |
			     EV(SYSCALL_EXIT) | EV(EXIT) | EV(REAP)), 0);
	EXPECT_EQ(utrace_barrier(current, r->engine), 0);
	EXPECT_EQ(utrace_set_events(current, r->engine, EV(QUIESCE) |
				    EV(SYSCALL_EXIT) | EV(REAP)), 0);
	EXPECT_EQ(utrace_prepare_examine(current, r->engine, &exam), 0);
	EXPECT_EQ(utrace_finish_examine(current, r->engine, &exam), 0);
	return rec_control(r, UTRACE_REPORT);
}

/* Current need not be in a callback: a thread that attaches to itself in a
 * system call sees its end. */
TEST(att_current, "ATT-8 BAR-1 EVT-6 EXM-1 EXM-2 CTL-5")
{
	struct recorder *r = rec_new();
	struct h_thread *t = h_thread(attach_to_myself, r);
	struct rec_entry *e;

	CHECK_EQ(h_join(t), 0);
	CHECK_SO_FAR();
	CHECK(rec_wait(r, REC_REAP, 1));
	e = rec_nth(r, REC_SYSCALL_EXIT, 0);
	CHECK(e);
	CHECK_EQ(e->arg[0], __NR_ioctl);
	CHECK_EQ(e->tid, (long)r->priv);
	CHECK(rec_reports(r) > 0);
	CHECK_EQ(rec_count(r, REC_EXIT), 0);
	CHECK_EQ(rec_nth(r, REC_REAP, 0)->tid, (long)r->priv);
}

static long shut_down_attached(void *arg)
{
	EXPECT_EQ(rec_attach(arg, h_task(task_pid_nr(current)), EV(QUIESCE)),
		  0);
	EXPECT_EQ(utrace_shutdown(), 0);
	return utrace_init();
}

/* To be traced is not to be in a callback. */
TEST(sta_shutdown_by_traced, "STA-2")
{
	struct h_thread *t = h_thread(shut_down_attached, rec_new());

	CHECK_EQ(h_join(t), 0);
	CHECK_SO_FAR();
}

static u32 up_and_down(struct recorder *r, struct rec_call *c)
{
	EXPECT_EQ(utrace_shutdown(), -EDEADLK);
	EXPECT_EQ(utrace_init(), -EDEADLK);
	return rec_default(r, c);
}

/* In callbacks of the thread's own, and of another's who reaps it. */
TEST(sta_up_and_down_in_callback, "STA-2 BAR-5")
{
	struct prog *p = prog_start("handle");
	struct recorder *r = rec_new();

	rec_hook_set(r, REC_SYSCALL_ENTRY, up_and_down);
	rec_hook_set(r, REC_DEATH, up_and_down);
	rec_hook_set(r, REC_REAP, up_and_down);
	CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_ENTRY) | EV(DEATH) |
			    EV(REAP)), 0);
	CHECK(getppid_of(p) > 0);
	prog_signal(p, SIGKILL);
	CHECK_EQ(prog_wait(p) & 0x7f, SIGKILL);
	CHECK(rec_wait(r, REC_REAP, 1));
	CHECK_EQ(rec_count(r, REC_DEATH), 1);
}

/* ---- signals ------------------------------------------------------------- */

static void change_number(struct act *act, struct recorder *r,
			  struct rec_call *call)
{
	if (act->value)
		call->info->si_signo = act->value;
}

/*
 * A filter of system calls ends a process with a signal that no ptrace tracer is
 * shown, whatever the process has set for it.  Engines see it, and may put it off;
 * what would save the process is refused.
 */
TEST(sig_of_filter, "SIG-1 SIG-4 SIG-5 SIG-6 SIG-12")
{
	static const char *const sets[] = {
		NULL, "catch 31 0", "ignore 31", "block 31"
	};
	static const struct {
		u32 first, then;
		int number;		/* that the engine makes of it */
		int status;
		bool refused;
	} ways[] = {
#define R(sig)	(UTRACE_RESUME | UTRACE_SIGNAL_##sig)
		{ R(IGN), R(IGN), 0, SIGSYS, true },
		{ R(DELIVER), R(IGN), 0, SIGSYS, false },
		{ R(CORE), R(IGN), 0, SIGSYS, false },
		{ R(TERM), R(IGN), 0, SIGSYS, false },
		{ R(STOP), R(IGN), 0, SIGSYS, true },
		{ R(STOP) | UTRACE_SIGNAL_HOLD, R(IGN), 0, SIGSYS, true },
		{ R(STOP) | UTRACE_SIGNAL_HOLD, R(DELIVER), 0, SIGSYS, false },
		{ R(IGN) | UTRACE_SIGNAL_HOLD, R(DELIVER), 0, SIGSYS, false },
		{ R(DELIVER), R(IGN), SIGWINCH, SIGWINCH, true },
		{ R(DELIVER), R(IGN), SIGHUP, SIGHUP, false },
#undef R
	};
	unsigned int i, n;

	for (i = 0; i < ARRAY_LEN(ways) * ARRAY_LEN(sets); i++) {
		const char *set = sets[i / ARRAY_LEN(ways)];
		u32 first = ways[i % ARRAY_LEN(ways)].first;
		int status = ways[i % ARRAY_LEN(ways)].status;
		struct prog *p = prog_start("handle");
		struct recorder *r, *others;
		struct rec_entry *e;
		struct act *act;

		h_note("%s, way %u", set ?: "default",
		       i % (unsigned int)ARRAY_LEN(ways));
		CHECK(!set || do_ok(p, set));
		prog_say(p, "forbid %d", __NR_getuid);
		CHECK(prog_expect(p, "ok"));
		act = ACT(SIGSYS, change_number,
			  ways[i % ARRAY_LEN(ways)].number, first,
			  ways[i % ARRAY_LEN(ways)].then);
		r = rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL_CORE));
		others = rec_plain(prog_task(p), UTRACE_EVENT_SIGNAL_ALL &
				   ~EV(SIGNAL_CORE) & ~EV(SIGNAL_IGN));
		say_call(p, __NR_getuid, 0, 0, 0);
		if (first == (UTRACE_RESUME | UTRACE_SIGNAL_STOP |
			      UTRACE_SIGNAL_HOLD)) {
			CHECK_EQ(prog_wait_stopped(p), SIGSYS);
			CHECK_EQ(act->n, 1);
			prog_signal(p, SIGCONT);
		}
		CHECK_EQ(prog_wait(p) & 0x7f, KILLED(status));
		CHECK_EQ(!!refused(r, "SIG-5"),
			 ways[i % ARRAY_LEN(ways)].refused);
		n = first & UTRACE_SIGNAL_HOLD ? 2 : 1;
		CHECK_EQ(act->n, n);
		CHECK_EQ(rec_count(r, REC_SIGNAL), n);
		CHECK_EQ(rec_count(others, REC_SIGNAL), 0);
		while (n--) {
			e = rec_nth(r, REC_SIGNAL, n);
			CHECK_EQ(e->action,
				 UTRACE_RESUME | UTRACE_SIGNAL_CORE);
			CHECK_EQ(e->arg[3], 1);		/* SYS_SECCOMP */
		}
	}
}

static void change_mask(struct act *act, struct recorder *r,
			struct rec_call *call)
{
	sigaddset(&call->return_ka->sa.sa_mask, SIGUSR2);
}

/* Delivery in a way of an engine's own resets the handler, too. */
TEST(sig_one_shot_changed, "SIG-11 SIG-5")
{
	struct act *act = ACT(SIGUSR1, change_mask, 0);
	struct prog *p = prog_start("handle");

	prog_say(p, "catch 10 %#x", SA_RESETHAND);
	CHECK(prog_expect(p, "ok"));
	rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL));
	CHECK(do_ok(p, "raise 10"));
	CHECK_EQ(act->n, 1);
	CHECK_EQ(ask(p, "count"), 1);
	prog_say(p, "handler 10");
	CHECK_EQ(prog_get(p, "handler"), 0);
}

/* An orphaned group does not stop for TSTP of an engine's making either. */
TEST(sig_tstp_orphaned_changed, "SIG-5")
{
	struct act *act = ACT(SIGUSR1, NULL, 0,
			      UTRACE_RESUME | UTRACE_SIGNAL_TSTP);
	struct prog *p = prog_start("handle");

	CHECK(orphan(p));
	rec_acting(prog_task(p), REC_SIGNAL, act, EV(SIGNAL_TERM));
	prog_signal(p, SIGUSR1);
	CHECK(wait_act(act, 1));
	CHECK(getppid_of(p) > 0);
}

/* ---- what it costs ------------------------------------------------------- */

/* With the value of an untraced thread its system calls take the way that they
 * take in a kernel without the host. */
static unsigned long work(struct task_struct *task)
{
	return READ_ONCE(task_thread_info(task)->syscall_work);
}

TEST(evt_calls_as_untraced, "EVT-7 INV-1")
{
	struct prog *p = prog_start("calls");
	struct task_struct *t = prog_task(p);
	unsigned long plain = work(t), events;
	struct recorder *r;
	int i;

	for (i = 0; i < 3; i++) {
		r = rec_plain(t, EV_ALL & ~UTRACE_EVENT_SYSCALL);
		CHECK(one_call(p));
		CHECK(wait_until(work(t) == plain));
		for (events = EV(SYSCALL_ENTRY); events <= EV(SYSCALL_EXIT);
		     events <<= 1) {
			CHECK_EQ(rec_events(r, events), 0);
			CHECK(one_call(p));
			CHECK_EQ(rec_events(r, 0), 0);
			CHECK(one_call(p));
			CHECK(wait_until(work(t) == plain));
		}
		CHECK_EQ(rec_events(r, UTRACE_EVENT_SYSCALL), 0);
		CHECK(one_call(p));
		CHECK(rec_detach(r));
		CHECK(one_call(p));
		CHECK(wait_until(work(t) == plain));
	}
}

/* Nor does a traced thread's child inherit anything. */
TEST(evt_child_as_untraced, "EVT-7 CLN-3")
{
	struct prog *p = prog_start("breed");
	unsigned long plain = work(prog_task(p));
	struct task_struct *child;

	rec_plain(prog_task(p), EV_ALL);
	CHECK(do_ok(p, "stay"));
	prog_say(p, "fork");
	child = h_task(prog_get(p, "child"));
	CHECK(!IS_ERR(child));
	CHECK(wait_until(task_state_to_char(child) == 'S'));
	CHECK_EQ(work(child), plain);
	CHECK(do_ok(p, "kill 9"));
	prog_say(p, "wait");
	CHECK_EQ(prog_get(p, "status"), KILLED(9));
}

/* ---- passes -------------------------------------------------------------- */

static u32 hold_getppid(struct recorder *r, struct rec_call *call)
{
	if (call->arg[0] == __NR_getppid)
		gate_wait(r->priv);
	return rec_default(r, call);
}

/* A callback on one thread delays none on another, of whichever process, nor
 * what is asked of it; and they may be in progress at once. */
TEST(rep_delays_nobody, "REP-9 BAR-1 CTL-3 INV-1")
{
	struct prog *p = prog_start("crew", "2"), *q = prog_start("crew");
	struct recorder *held[2], *free[2];
	struct gate *g = gate_new();
	int i;

	for (i = 0; i < 2; i++) {
		held[i] = rec_new();
		held[i]->priv = g;
		rec_hook_set(held[i], REC_SYSCALL_EXIT, hold_getppid);
		CHECK_EQ(rec_attach(held[i], prog_thread(p, i),
				    EV(SYSCALL_EXIT)), 0);
		say_at(p, i, __NR_getppid, 0, 0, 0);
		CHECK(wait_until(gate_waiters(g) == i + 1));
	}
	free[0] = rec_plain(prog_task(p), EV(QUIESCE) | UTRACE_EVENT_SYSCALL);
	free[1] = rec_plain(prog_task(q), EV(QUIESCE) | UTRACE_EVENT_SYSCALL);
	CHECK_SO_FAR();
	for (i = 0; i < 2; i++) {
		struct prog *f = i ? q : p;

		CHECK(call(f, __NR_getuid, 0, 0, 0) >= 0);
		CHECK_EQ(rec_times(free[i], REC_SYSCALL_EXIT, __NR_getuid), 1);
		CHECK(rec_halt(free[i]));
		CHECK(rec_resume(free[i]));
		CHECK_EQ(rec_events(free[i], EV(SYSCALL_ENTRY)), 0);
		CHECK(call(f, __NR_getgid, 0, 0, 0) >= 0);
		CHECK_EQ(rec_times(free[i], REC_SYSCALL_ENTRY, __NR_getgid), 1);
		CHECK(rec_detach(free[i]));
		CHECK_EQ(rec_barrier(free[i]), -ESRCH);
	}
	CHECK_EQ(gate_waiters(g), 2);
	gate_open(g);
	CHECK(prog_get(p, "ret") > 0);
	CHECK(prog_get(p, "ret") > 0);
}

static int barrier_result;

static u32 barrier_elsewhere(struct recorder *r, struct rec_call *call)
{
	struct recorder *other = r->priv;

	if (call->arg[0] == __NR_getppid)
		h_store(&barrier_result, utrace_barrier(other->task,
							other->engine));
	return rec_default(r, call);
}

/* A callback may wait for one of another thread. */
TEST(bar_waits_in_callback, "BAR-1 REP-9")
{
	struct prog *p = prog_start("calls"), *q = prog_start("calls");
	struct recorder *busy = rec_new(), *r = rec_new();

	busy->priv = gate_new();
	rec_hook_set(busy, REC_SYSCALL_EXIT, hold_getppid);
	CHECK_EQ(rec_attach(busy, prog_task(p), EV(SYSCALL_EXIT)), 0);
	prog_go(p);
	CHECK(gate_busy(busy->priv));
	h_store(&barrier_result, 1);
	r->priv = busy;
	rec_hook_set(r, REC_SYSCALL_EXIT, barrier_elsewhere);
	CHECK_EQ(rec_attach(r, prog_task(q), EV(SYSCALL_EXIT)), 0);
	prog_go(q);
	CHECK(wait_until(rec_find(r, REC_SYSCALL_EXIT, 0, __NR_getppid)));
	CHECK(!h_maybe(h_load(&barrier_result) != 1));
	gate_open(busy->priv);
	CHECK(prog_expect(q, "done"));
	CHECK_EQ(h_load(&barrier_result), 0);
	CHECK(prog_expect(p, "done"));
}

/* ---- examining ----------------------------------------------------------- */

/* Through the view itself: what is written there the thread finds. */
TEST(exm_by_view, "EXM-3")
{
	struct act *act = ACT(__NR_umask, NULL, 0,
			      UTRACE_STOP | UTRACE_SYSCALL_RUN);
	const struct user_regset_view *view;
	struct user_regs_struct user;
	struct prog *p = prog_start("crew");
	const struct user_regset *general;
	struct utrace_examiner exam;
	struct recorder *r;

	CHECK(call(p, __NR_umask, 022, 0, 0) >= 0);
	r = rec_acting(prog_task(p), REC_SYSCALL_ENTRY, act, EV(SYSCALL_ENTRY));
	say_call(p, __NR_umask, 077, 0, 0);
	CHECK(wait_act(act, 1) && rec_wait_stopped(r));
	CHECK_EQ(utrace_prepare_examine(r->task, r->engine, &exam), 0);
	view = task_user_regset_view(r->task);
	general = &view->regsets[0];
	CHECK_EQ(general->core_note_type, NT_PRSTATUS);
	CHECK_EQ(regset_get(r->task, general, sizeof(user), &user),
		 sizeof(user));
	CHECK_EQ(user.orig_ax, __NR_umask);
	CHECK_EQ(user.di, 077);
	user.di = 055;
	CHECK_EQ(general->set(r->task, general, 0, sizeof(user), &user, NULL),
		 0);
	CHECK_EQ(utrace_finish_examine(r->task, r->engine, &exam), 0);
	CHECK(control(r, UTRACE_RESUME));
	CHECK_EQ(prog_get(p, "ret"), 022);
	CHECK_EQ(rec_events(r, 0), 0);
	CHECK_EQ(call(p, __NR_umask, 022, 0, 0), 055);
}

/* ---- status -------------------------------------------------------------- */

/* The line of that name in a thread's /proc/.../status, as it is. */
static const char *status_line(struct prog *p, int tid, const char *name)
{
	static char text[4096];
	char path[64], *line, *end;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", prog_tid(p),
		 tid);
	if (!EXPECT(read_text(path, text, sizeof(text)) > 0))
		return "";
	line = strstr(text, name);
	if (!line || (line != text && line[-1] != '\n'))
		return "";
	end = strchr(line, '\n');
	/* the only one */
	if (EXPECT(end && !strstr(end, name)))
		*end = 0;
	return line;
}

static bool status_is(struct prog *p, int tid, unsigned long flags)
{
	const char *line = status_line(p, tid, "Utrace:");
	char wanted[40];

	snprintf(wanted, sizeof(wanted), "Utrace:\t%lx", flags);
	if (!strcmp(line, wanted))
		return true;
	h_fail(__FILE__, __LINE__, "the status line is '%s', not '%s'", line,
	       wanted);
	return false;
}

TEST(sta_status_line, "STA-1")
{
	struct prog *p = prog_start("crew", "1");
	int tid = prog_tid(p), other = prog_thread_tid(p, 0);
	struct recorder *a = rec_new(), *b = rec_new();

	CHECK(status_is(p, tid, 0));
	CHECK_EQ(rec_attach(a, prog_task(p), 0), 0);
	CHECK(status_is(p, tid, EV(REAP)));
	CHECK_EQ(rec_attach(b, prog_task(p), EV(EXEC) | EV(QUIESCE)), 0);
	CHECK_EQ(rec_events(a, EV(EXEC) | EV(CLONE)), 0);
	CHECK(status_is(p, tid, EV(REAP) | EV(EXEC) | EV(QUIESCE) | EV(CLONE)));
	/* each thread has its own */
	CHECK(status_is(p, other, 0));
	CHECK(rec_halt(b));
	CHECK(status_is(p, tid, EV(REAP) | EV(EXEC) | EV(QUIESCE) | EV(CLONE) |
			HELD));
	CHECK_EQ(task_utrace_flags(prog_task(p)), EV(REAP) | EV(EXEC) |
		 EV(QUIESCE) | EV(CLONE) | HELD);
	CHECK(rec_resume(b));
	CHECK(rec_detach(a));
	CHECK(rec_detach(b));
	CHECK(getppid_of(p) > 0);
	CHECK(status_is(p, tid, 0));
}

/* After death REAP at most. */
TEST(sta_status_line_after_death, "STA-1")
{
	struct prog *p = prog_start("crew");
	struct recorder *r = rec_plain(prog_task(p), EV_ALL);

	CHECK(status_is(p, prog_tid(p), EV_ALL));
	CHECK(rec_halt(r));
	prog_signal(p, SIGKILL);
	CHECK(prog_wait_zombie(p));
	CHECK(rec_wait(r, REC_DEATH, 1));
	CHECK_EQ(rec_barrier(r), 0);
	CHECK(status_is(p, prog_tid(p), EV(REAP)));
	CHECK(rec_detach(r));
	CHECK(status_is(p, prog_tid(p), 0));
	CHECK_EQ(prog_wait(p), KILLED(SIGKILL));
}

/* ---- beside ptrace ------------------------------------------------------- */

/* Both trace the same thread, whoever came first, and each gets its own. */
TEST(sta_both_trace, "STA-3 INV-1 JCT-2")
{
	unsigned long events = EV_ALL & ~EV(QUIESCE);
	int order;

	for (order = 0; order < 2; order++) {
		struct prog *p = prog_start("handle");
		struct recorder *r = rec_new();

		CHECK(do_ok(p, "catch 10 0"));
		if (order)
			CHECK_EQ(rec_attach(r, prog_task(p), events), 0);
		CHECK_EQ(prog_native_trace(p), 0);
		if (!order)
			CHECK_EQ(rec_attach(r, prog_task(p), events), 0);
		CHECK(getppid_of(p) > 0);
		CHECK_EQ(rec_times(r, REC_SYSCALL_ENTRY, __NR_getppid), 1);
		CHECK_EQ(rec_times(r, REC_SYSCALL_EXIT, __NR_getppid), 1);
		CHECK(do_ok(p, "raise 10"));
		CHECK_EQ(ask(p, "count"), 1);
		CHECK_EQ(rec_times(r, REC_SIGNAL, SIGUSR1), 1);
		/* a stop for both, and one for the engine alone */
		prog_signal(p, SIGSTOP);
		CHECK_EQ(prog_wait_stopped(p), SIGSTOP);
		prog_signal(p, SIGCONT);
		CHECK(getppid_of(p) > 0);
		rec_once(r, REC_SYSCALL_EXIT, UTRACE_STOP);
		say_call(p, __NR_getppid, 0, 0, 0);
		CHECK(rec_wait_held(r));
		CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
		CHECK(prog_get(p, "ret") > 0);
		CHECK_EQ(rec_times(r, REC_EXIT, KILLED(SIGTERM)), 0);
		prog_signal(p, SIGTERM);
		CHECK_EQ(prog_wait(p), KILLED(SIGTERM));
		CHECK(rec_wait(r, REC_REAP, 1));
		CHECK_EQ(rec_times(r, REC_SIGNAL, SIGTERM), 1);
		CHECK_EQ(rec_times(r, REC_EXIT, KILLED(SIGTERM)), 1);
		CHECK_EQ(rec_count(r, REC_DEATH), 1);
	}
}

/* The end of the engine's tracing is not that of the other one's. */
TEST(sta_ptrace_goes_on, "STA-3 CTL-8")
{
	struct prog *p = prog_start("handle");
	struct recorder *r = rec_new();

	CHECK(do_ok(p, "catch 10 0"));
	CHECK_EQ(prog_native_trace(p), 0);
	CHECK_EQ(rec_attach(r, prog_task(p), EV_ALL), 0);
	CHECK(rec_halt(r));
	CHECK_EQ(rec_control(r, UTRACE_DETACH), 0);
	CHECK(do_ok(p, "raise 10"));
	CHECK_EQ(ask(p, "count"), 1);
	CHECK(strcmp(status_line(p, prog_tid(p), "TracerPid:"),
		     "TracerPid:\t0"));
}

/* ---- in the middle of things ------------------------------------------------ */

/*
 * A thread that is stopped for job control when it is attached to stands inside of
 * get_signal(): a handler that is to run there still ends the call.
 */
TEST(inv_attach_in_stop, "INV-1 JCT-2")
{
	struct prog *p = prog_start("handle");
	struct syscall_info info;
	struct recorder *r;

	CHECK(do_ok(p, "catch 10 0"));
	prog_say(p, "call %d 0 0 0", __NR_pause);
	/* and not in the one that brought it the command */
	CHECK(wait_until(!task_current_syscall(prog_task(p), &info) &&
			 info.data.nr == __NR_pause));
	prog_signal(p, SIGSTOP);
	CHECK_EQ(prog_wait_stopped(p), SIGSTOP);
	r = rec_plain(prog_task(p), EV(SIGNAL));
	prog_signal(p, SIGUSR1);
	prog_signal(p, SIGCONT);
	/* or it would be made again */
	CHECK_EQ(prog_get(p, "ret"), -EINTR);
	CHECK_EQ(ask(p, "count"), 1);
	CHECK_EQ(rec_times(r, REC_SIGNAL, SIGUSR1), 1);
}

/* Held at a call when its group stops: the call is made when all go on. */
TEST(jctl_no_call_in_stop, "JCT-2 SYS-1")
{
	struct prog *p = prog_start("crew", "1");
	struct recorder *r = rec_plain(prog_thread(p, 0), EV(SYSCALL_ENTRY) |
				       EV(SYSCALL_EXIT));

	rec_once(r, REC_SYSCALL_ENTRY, UTRACE_STOP);
	say_at(p, 0, __NR_getpid, 0, 0, 0);
	CHECK(rec_wait_held(r));
	/* the main thread takes it, and both take part */
	prog_signal(p, SIGSTOP);
	CHECK_EQ(prog_wait_stopped(p), SIGSTOP);
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK(!h_maybe(rec_times(r, REC_SYSCALL_EXIT, __NR_getpid)));
	CHECK_EQ(h_state(prog_thread_tid(p, 0)), 'T');
	/* an engine's stop is over the group's then */
	CHECK_EQ(rec_control(r, UTRACE_STOP), 0);
	prog_signal(p, SIGCONT);
	CHECK(!h_maybe(rec_times(r, REC_SYSCALL_EXIT, __NR_getpid)));
	CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
	CHECK_EQ(prog_get(p, "ret"), prog_tid(p));
}

/* Stopped for job control while it is held at its exit. */
TEST(jctl_stop_at_exit, "JCT-2 EXT-2 KIL-1")
{
	int kill;

	for (kill = 0; kill < 2; kill++) {
		struct prog *p = prog_start("crew", "1");
		struct recorder *r = rec_new();

		CHECK_EQ(rec_attach(r, prog_thread(p, 0), EV(EXIT) | EV(REAP)),
			 0);
		rec_once(r, REC_EXIT, UTRACE_STOP);
		say_at(p, 0, __NR_exit, 0, 0, 0);
		CHECK(rec_wait_held(r));
		prog_signal(p, SIGSTOP);
		CHECK_EQ(prog_wait_stopped(p), SIGSTOP);
		if (kill)
			prog_signal(p, SIGKILL);
		else
			CHECK_EQ(rec_control(r, UTRACE_RESUME), 0);
		CHECK(rec_wait(r, REC_REAP, 1));
	}
}
