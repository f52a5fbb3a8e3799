/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Helpers of several test files: programs that make the system calls that they
 * are told, recorders that act on one kind of callback, refusals.
 */
#ifndef CONTRACT_TOLD_H
#define CONTRACT_TOLD_H

#include "harness.h"

#define EV_ALL	((1UL << _UTRACE_NEVENTS) - 1)

/* Numbers in the i386 table. */
#define I386_CLOSE	6
#define I386_GETPID	20
#define I386_UMASK	60
#define I386_GETPPID	64
#define I386_MMAP2	192
#define I386_EXIT_GROUP	252

/* In the kernel struct syscall_info has a struct seccomp_data. */
#ifdef __KERNEL__
#define INFO(i, member)	((i).data.member)
#define INFO_IP(i)	((i).data.instruction_pointer)
#else
#define INFO(i, member)	((i).member)
#define INFO_IP(i)	((i).ip)
#endif

/* ---- programs that understand "call" ------------------------------------ */

static inline void say_call(struct prog *p, long nr, unsigned long a,
			    unsigned long b, unsigned long c)
{
	prog_say(p, "call %ld %#lx %#lx %#lx", nr, a, b, c);
}

/* What user code saw. */
static inline long call(struct prog *p, long nr, unsigned long a,
			unsigned long b, unsigned long c)
{
	say_call(p, nr, a, b, c);
	return prog_get(p, "ret");
}

static inline long getppid_of(struct prog *p)
{
	return call(p, __NR_getppid, 0, 0, 0);
}

/* Thread @k of a crew; the answer is prog_get(p, "ret"). */
static inline void say_at(struct prog *p, int k, long nr, unsigned long a,
			  unsigned long b, unsigned long c)
{
	prog_say(p, "at %d call %ld %#lx %#lx %#lx", k, nr, a, b, c);
}

static inline bool do_ok(struct prog *p, const char *cmd)
{
	prog_say(p, "%s", cmd);
	return prog_expect(p, "ok");
}

static inline long ask(struct prog *p, const char *key)
{
	prog_say(p, "%s", key);
	return prog_get(p, key);
}

/* ---- logs --------------------------------------------------------------- */

/* The callback just before @e in the log of @r. */
static inline struct rec_entry *rec_before(struct recorder *r,
					   const struct rec_entry *e)
{
	unsigned int i;

	for (i = 1; rec_at(r, i); i++)
		if (rec_at(r, i) == e)
			return rec_at(r, i - 1);
	return NULL;
}

/* The index of the first callback of a kind with this first argument, from
 * @from on; -1: none. */
static inline int rec_index(struct recorder *r, enum rec_event event,
			    unsigned int from, unsigned long arg)
{
	struct rec_entry *e;
	unsigned int i;

	for (i = from; (e = rec_at(r, i)); i++)
		if (e->event == event && e->arg[0] == arg)
			return i;
	return -1;
}

/* How many callbacks of a kind had this first argument. */
static inline unsigned int rec_times(struct recorder *r, enum rec_event event,
				     unsigned long arg)
{
	struct rec_entry *e;
	unsigned int i, n = 0;

	for (i = 0; (e = rec_at(r, i)); i++)
		n += e->event == event && e->arg[0] == arg;
	return n;
}

/* ---- recorders that act on one kind of callback ------------------------- */

/*
 * As r->priv: on the callbacks with this first argument act_hook() returns
 * ret[0], ret[1] ... (the last one again and again), after @fn, if it is set,
 * has done something.  All others get what they would get without a hook.
 */
struct act {
	unsigned long arg;
	u32 ret[6];
	unsigned int nret;
	unsigned int n;			/* how often so far */
	void (*fn)(struct act *act, struct recorder *r, struct rec_call *call);
	unsigned long value;		/* for @fn */
};

static inline u32 act_hook(struct recorder *r, struct rec_call *call)
{
	struct act *act = h_load(&r->priv);
	unsigned int n;

	if (!act || call->arg[0] != act->arg)
		return rec_default(r, call);
	n = h_inc(&act->n) - 1;
	if (act->fn)
		act->fn(act, r, call);
	if (!act->nret)
		return rec_default(r, call);
	return act->ret[n < act->nret ? n : act->nret - 1];
}

/* Not on the stack: a callback may still use it when the test has failed. */
static inline struct act *act_new(const struct act *with)
{
	static struct act pool[64];
	static unsigned int used;
	struct act *act = &pool[used++ % ARRAY_LEN(pool)];

	*act = *with;
	return act;
}

#define ACT(arg_, fn_, value_, ...)					\
	act_new(&(struct act){ .arg = arg_, .fn = fn_, .value = value_,	\
		.ret = { __VA_ARGS__ },					\
		.nret = ARRAY_LEN(((u32[]){ 0, ##__VA_ARGS__ })) - 1 })

/* Make a recorder that acts so on @event, and attach it. */
static inline struct recorder *rec_acting(struct task_struct *task,
					  enum rec_event event,
					  struct act *act,
					  unsigned long events)
{
	struct recorder *r = rec_new();

	r->priv = act;
	rec_hook_set(r, event, act_hook);
	EXPECT_EQ(rec_attach(r, task, events), 0);
	return r;
}

/* Make one that returns RESUME, and attach it. */
static inline struct recorder *rec_plain(struct task_struct *task,
					 unsigned long events)
{
	struct recorder *r = rec_new();

	EXPECT_EQ(rec_attach(r, task, events), 0);
	return r;
}

/*
 * Stop at the n-th callback of @event (counted from 1): its return is STOP
 * already; wait for the callback first, so that control(STOP) undoes nothing.
 */
static inline bool stopped_at(struct recorder *r, enum rec_event event,
			      unsigned int n)
{
	return rec_wait(r, event, n) && rec_wait_stopped(r);
}

static inline bool wait_act(struct act *act, unsigned int n)
{
	return wait_until(h_load(&act->n) >= n);
}

/* A short name: control and expect 0. */
static inline bool control(struct recorder *r, enum utrace_resume_action a)
{
	return EXPECT_EQ(rec_control(r, a), 0);
}

/*
 * At the entry of call @nr with the arguments 11 to 16: it is to map a page at
 * @addr.  @none is -1 as the program's registers have it.
 */
static inline void make_mapping(struct rec_call *call, long nr,
				unsigned long addr, unsigned long none)
{
	/* PROT_NONE; private, anonymous, at this very address */
	const unsigned long want[6] = { addr, 4096, 0, 0x02 | 0x20 | 0x10,
					none, 0 };
	unsigned long args[6];
	unsigned int i;

	EXPECT_EQ(syscall_get_nr(current, call->regs), nr);
	syscall_get_arguments(current, call->regs, args);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(args[i], 11 + i);
	syscall_set_arguments(current, call->regs, want);
	memset(args, 0, sizeof(args));
	syscall_get_arguments(current, call->regs, args);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(args[i], want[i]);
}

/* ---- threads and groups that stand as a test needs them ------------------ */

/* The main thread of a crew is held by @r, which asks for @events: in the middle
 * of its life, or at its exit. */
static inline bool hold_main(struct prog *p, struct recorder *r,
			     unsigned long events, bool at_exit)
{
	if (!EXPECT_EQ(rec_attach(r, prog_task(p), EV(QUIESCE) | events |
				  (at_exit ? EV(EXIT) : 0)), 0))
		return false;
	if (!at_exit)
		return rec_halt(r);
	rec_ret(r, REC_EXIT, UTRACE_STOP);
	prog_say(p, "lead 1");
	return cap_full("EXT-2") ? rec_wait_held(r) :
				  wait_until(prog_state(p) == 'Z');
}

/* A session of its own, so that its group is orphaned. */
static inline bool orphan(struct prog *p)
{
	long ppid = getppid_of(p);

	/* the leader of a group cannot make a session */
	return EXPECT_EQ(call(p, __NR_setpgid, 0,
			      call(p, __NR_getpgid, ppid, 0, 0), 0), 0) &&
	       EXPECT_EQ(call(p, __NR_setsid, 0, 0, 0), prog_tid(p));
}

/* ---- state of a stopped thread ------------------------------------------ */

static inline bool stopped_regs(struct recorder *r, struct pt_regs *regs)
{
	struct utrace_examiner ex;

	return EXPECT_EQ(utrace_prepare_examine(r->task, r->engine, &ex), 0) &&
	       EXPECT_EQ(utrace_get_regs(r->task, regs), 0) &&
	       EXPECT_EQ(utrace_finish_examine(r->task, r->engine, &ex), 0);
}

/* ---- refusals ----------------------------------------------------------- */

/* Whether the host told that it replaced an effect of one of these statements,
 * which is then in the capability table. */
static inline bool refused(struct recorder *r, const char *ids)
{
	struct utrace_refusal ref;
	int err = utrace_engine_refused(r->engine, &ref);

	if (err) {
		EXPECT(err == -ENOENT && !ref.count && !ref.id);
		return false;
	}
	EXPECT(ref.count > 0 && ref.id && ref.what && *ref.what);
	return ref.id && strstr(ids, ref.id) && EXPECT(cap_entry(ref.id));
}

/* Either the effect is there and nothing was refused, or it was refused. */
#define EFFECT_OR_REFUSED(r, ids, effect) ({				\
	bool effect_ = !!(effect), told_ = refused(r, ids);		\
	if (effect_ == told_)						\
		h_fail(__FILE__, __LINE__, "%s: effect %d, refused %d: %s", \
		       ids, effect_, told_, #effect);			\
	effect_ != told_; })

#endif /* CONTRACT_TOLD_H */
