/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The harness of the contract tests.
 *
 * A test file includes this header alone (it brings <utrace/utrace.h>,
 * <utrace/state.h> and the kernel's names), uses no libc call but those of
 * string.h, and so compiles for every host.  harness.c is the library's
 * flavour of the harness, kernel/ that of the module; checks.c, life.c,
 * programs.c and recorder.c serve both.  One file per section of the contract.
 *
 *	TEST(stop_sticks, "REP-6 CTL-3")
 *	{
 *		struct prog *p = prog_start("calls");
 *		struct recorder *r = rec_new();
 *
 *		CHECK_EQ(rec_attach(r, prog_task(p), EV(SYSCALL_EXIT)), 0);
 *		prog_go(p);
 *		CHECK(prog_expect(p, "done"));
 *		CHECK(rec_wait(r, REC_SYSCALL_EXIT, 1));
 *	}
 *
 * A failed CHECK returns from the test (so it stands in void functions alone);
 * whatever the test made through the harness (programs, recorders, gates,
 * threads, handles) the harness cleans up after the test, failed or not.  It
 * then shuts the facility down, and fails the test if an engine of a recorder
 * was not released exactly once, or if a process is left behind.
 *
 * Time is never asserted.  To wait: wait_until(), rec_wait(), prog_expect(),
 * ...: they have a generous limit that counts as failure.  To show that
 * something does NOT come: wait for something that must come after it.
 */
#ifndef CONTRACT_HARNESS_H
#define CONTRACT_HARNESS_H

#include <utrace/kernel-names.h>
#include <utrace/utrace.h>
#include <utrace/state.h>

#ifdef __KERNEL__
#include <asm/unistd.h>
#include <linux/bug.h>
#include <linux/elf.h>
#else
#include <asm/unistd.h>		/* __NR_* */
#include <elf.h>		/* NT_* */
#include <string.h>
#endif

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define EV(name)	UTRACE_EVENT(name)

/* What a caller sees when a signal ends its wait (BAR-3, ATT-9). */
#ifdef __KERNEL__
#define EINTR_BARRIER	ERESTARTSYS
#define EINTR_ATTACH	ERESTARTNOINTR
#else
#define EINTR_BARRIER	EINTR
#define EINTR_ATTACH	EINTR
#endif

/* Wait statuses as prog_wait() gives them. */
#define EXITED(code)	((code) << 8)
#define KILLED(sig)	(sig)

/* Variables that a callback and the test share. */
#define h_load(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define h_store(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define h_inc(p)	__atomic_add_fetch(p, 1, __ATOMIC_ACQ_REL)

/*
 * What a test does before it tells a program to go on comes before what the
 * program's callbacks do: the program itself carries the order from one to the
 * other.  A race detector cannot see that, so both touch one variable.
 */
void h_cause(void);

/* ---- tests --------------------------------------------------------------- */

struct h_test {
	const char *name;
	const char *ids;		/* statements that it proves */
	const char *file;
	void (*run)(void);
};

/* Made known by a pointer in a section, which the linker makes a table of. */
#define H_LISTED(section_, type_, object_)				\
	static type_ *const object_##_listed				\
	__attribute__((__used__, __no_reorder__, __section__(section_))) = &object_

/* TEST(name, "ENG-1 ENG-2") { ... }: names are unique. */
#define TEST(name_, ids_)						\
	static void test_##name_(void);					\
	static struct h_test h_test_##name_ = {				\
		.name = #name_, .ids = ids_, .file = __FILE__,		\
		.run = test_##name_,					\
	};								\
	H_LISTED("h_tests", struct h_test, h_test_##name_);		\
	static void test_##name_(void)

/* How a line that tells of a failure begins. */
#define H_FAILED	"# FAIL "

/* Record a failure, from any thread and any callback. */
void h_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((__format__(__printf__, 3, 4)));
/* A line of diagnosis. */
void h_note(const char *fmt, ...)
	__attribute__((__format__(__printf__, 1, 2)));
bool h_failed(void);		/* whether anything failed so far */
void h_skip(const char *why);
/* Record a failure and end the test now; in threads of the test alone. */
#ifdef __KERNEL__
/* Kbuild's objtool knows what does not return from a list of its own. */
#define h_die(...)		do { h_leave(__VA_ARGS__); BUG(); } while (0)
void h_leave(const char *file, int line, const char *fmt, ...)
	__attribute__((__format__(__printf__, 3, 4)));
#else
__attribute__((__noreturn__))
void h_die(const char *file, int line, const char *fmt, ...)
	__attribute__((__format__(__printf__, 3, 4)));
#endif

bool h_check_eq(const char *file, int line, const char *what,
		long long seen, long long wanted);

/* EXPECT records and goes on (the form for callbacks); CHECK returns. */
bool h_check(const char *file, int line, const char *what, bool holds);

#define EXPECT(cond)		h_check(__FILE__, __LINE__, #cond, !!(cond))
#define EXPECT_EQ(seen, wanted)						\
	h_check_eq(__FILE__, __LINE__, #seen, (long long)(seen),	\
		   (long long)(wanted))
#define CHECK(cond)							\
	do {								\
		if (!h_check(__FILE__, __LINE__, #cond, !!(cond)))	\
			return;						\
	} while (0)
#define CHECK_EQ(seen, wanted)						\
	do {								\
		if (!h_check_eq(__FILE__, __LINE__, #seen,		\
				(long long)(seen),			\
				(long long)(wanted)))			\
			return;						\
	} while (0)
/* An error pointer: CHECK_ERR(utrace_attach_task(...), -ENOENT) */
#define CHECK_ERR(ptr, error)	CHECK_EQ(PTR_ERR(ptr), error)
/* After a helper that may have failed. */
#define CHECK_SO_FAR()		do { if (h_failed()) return; } while (0)
#define SKIP(why)		do { h_skip(why); return; } while (0)

/*
 * wait_until(cond): poll until it holds; false, and a failure, after 20 s, or
 * what --patience says.
 * h_maybe(cond): poll for a fraction of a second, and tell whether it holds;
 * nothing may be concluded from false.
 */
struct h_wait { unsigned long long end; unsigned int rounds; };
void h_wait_begin(struct h_wait *w, unsigned int ms);
bool h_wait_more(struct h_wait *w);	/* sleeps a little; false: time is up */
extern unsigned int h_limit_ms;
#define H_LIMIT_MS	h_limit_ms
#define h_poll_(ms, cond) ({						\
	struct h_wait w_;						\
	bool holds_;							\
	h_wait_begin(&w_, ms);						\
	while (!(holds_ = !!(cond)) && h_wait_more(&w_))		\
		;							\
	holds_; })
#define wait_until(cond) ({						\
	bool got_ = h_poll_(H_LIMIT_MS, cond);				\
	if (!got_)							\
		h_fail(__FILE__, __LINE__, "never: %s", #cond);		\
	got_; })
#define h_maybe(cond)	h_poll_(300, cond)

/* ---- the host ------------------------------------------------------------ */

bool host_is(const char *name);		/* "ptrace", "kernel" */
/* The capability table's entry for a statement, null if it is fully kept. */
const struct utrace_capability *cap_entry(const char *id);
/* Whether the statement is kept, in part at least / in full. */
bool cap_has(const char *id);
bool cap_full(const char *id);
int cap_error(const char *id);		/* the entry's error, or 0 */
int h_explain_attach(int tid, int error, char *buf, size_t size);

/* ---- programs ------------------------------------------------------------ */

/*
 * A traced program: tests/programs/NAME, a child process of the test that the
 * facility knows nothing of.  It waits for a command before each step, and
 * answers with lines.  What it says first is "ready"; a line "thread TID" is
 * taken by the harness (prog_thread()).  A program that sees an error where an
 * untraced one sees none says "error ..." and exits with 98; if the test dies
 * it exits too.
 */
struct prog;

/* prog_start("name", "arg", ...): does not return if it cannot be started. */
#define prog_start(...)							\
	prog_startv((const char *const[]){ __VA_ARGS__, (const char *)0 })
struct prog *prog_startv(const char *const *argv);

void prog_say(struct prog *p, const char *fmt, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void prog_go(struct prog *p);			/* prog_say(p, "go") */
const char *prog_hear(struct prog *p);		/* the next line, or null */
bool prog_expect(struct prog *p, const char *line);	/* it is the next */
/* The next line is "KEY NUMBER" (any base of C): the number; a failure, and
 * -1, if it is not. */
long prog_get(struct prog *p, const char *key);

int prog_tid(struct prog *p);			/* of its main thread */
struct task_struct *prog_task(struct prog *p);
int prog_thread_tid(struct prog *p, int n);	/* of its n-th other: 0, 1 .. */
struct task_struct *prog_thread(struct prog *p, int n);
void prog_signal(struct prog *p, int sig);		/* kill() */
void prog_thread_signal(struct prog *p, int n, int sig);	/* tgkill() */
char prog_state(struct prog *p);	/* /proc: R S D T t Z, 0: gone */
char h_state(int tid);			/* the same of any thread */

/* Wait for its end and reap it: the wait status, -1 on failure. */
int prog_wait(struct prog *p);
/* Its parent is told of a stop (by which signal), of a continue. */
int prog_wait_stopped(struct prog *p);
bool prog_wait_continued(struct prog *p);
bool prog_wait_zombie(struct prog *p);	/* it has ended; not reaped */

/* Its memory, read and written by other means than utrace. */
bool prog_peek(struct prog *p, unsigned long addr, void *buf, size_t len);
bool prog_poke(struct prog *p, unsigned long addr, const void *buf, size_t len);
unsigned int prog_peek32(struct prog *p, unsigned long addr);

/* Have it traced by somebody else, by ptrace (STA-3); 0 or -errno. */
int prog_native_trace(struct prog *p);

/* A handle / a pid for any thread, given back after the test; may be an error
 * pointer / null. */
struct task_struct *h_task(int tid);
struct pid *h_pid(int tid);
/* Give all of them back now, those of programs too: before utrace_exit(). */
void h_put_handles(void);

/* ---- recorders ----------------------------------------------------------- */

/*
 * A recorder is an engine that writes down each callback and returns what the
 * test wants.  Its callbacks are numbered as the events; all of report_signal
 * is REC_SIGNAL.
 */
enum rec_event {
	REC_QUIESCE = _UTRACE_EVENT_QUIESCE,
	REC_REAP = _UTRACE_EVENT_REAP,
	REC_CLONE = _UTRACE_EVENT_CLONE,
	REC_EXEC = _UTRACE_EVENT_EXEC,
	REC_EXIT = _UTRACE_EVENT_EXIT,
	REC_DEATH = _UTRACE_EVENT_DEATH,
	REC_SYSCALL_ENTRY = _UTRACE_EVENT_SYSCALL_ENTRY,
	REC_SYSCALL_EXIT = _UTRACE_EVENT_SYSCALL_EXIT,
	REC_SIGNAL = _UTRACE_EVENT_SIGNAL,
	REC_JCTL = _UTRACE_EVENT_JCTL,
	REC_RELEASE = _UTRACE_NEVENTS,
	REC_N
};

/*
 * One callback.  arg[], by event:
 *	QUIESCE		event mask
 *	SIGNAL		si_signo, signal action in @action, orig_ka's handler
 *			(~0: null), si_code
 *	CLONE		flags, tid of the child
 *	SYSCALL_*	orig_ax, ax, di, ip
 *	EXIT		orig_code, *code
 *	DEATH		group_dead, signal
 *	REAP		tid of the thread
 *	JCTL		type, notify
 */
struct rec_entry {
	enum rec_event event;
	u32 action;		/* as handed to it */
	u32 ret;		/* what it returned; REC_PENDING: not yet */
	unsigned long arg[4];
	int tid;		/* of current; for REAP of the thread given */
	unsigned int seq;	/* order over all recorders of the test */
	int ready;
};
#define REC_PENDING	0xffffffffu
#define REC_MAX		2048

/* What a hook is given; fields that the event does not have are null. */
struct rec_call {
	enum rec_event event;
	u32 action;
	struct utrace_engine *engine;
	struct pt_regs *regs;
	siginfo_t *info;
	const struct k_sigaction *orig_ka;
	struct k_sigaction *return_ka;
	struct task_struct *child;		/* CLONE; REAP: the thread */
	const struct linux_binprm *bprm;
	long *code;
	unsigned long arg[4];			/* as in the entry */
};

struct gate;
struct recorder;
typedef u32 rec_hook(struct recorder *rec, struct rec_call *call);

struct recorder {
	struct utrace_engine_ops ops;	/* take callbacks away before attach */
	const struct utrace_engine_ops *use;	/* &ops, or others' */
	void *priv;			/* the test's own */
	struct task_struct *task;
	struct utrace_engine *engine;	/* with the caller's reference */
	bool foreign;			/* no check of its release */
	unsigned int attached;		/* engines made with it: 0 or 1 */

	/* private: use the calls below */
	u32 ret[REC_N], once[REC_N];
	int halting;			/* rec_halt() waits for the report */
	rec_hook *hook[REC_N];
	struct gate *hold[REC_N];
	unsigned int count[REC_N], finished[REC_N];
	unsigned int total;
	struct rec_entry log[REC_MAX];
	struct recorder *next;
};

/* All callbacks there are, for recorders: engine->data is the recorder. */
extern const struct utrace_engine_ops rec_ops;

struct recorder *rec_new(void);
/* Attach (CREATE), choose events (0: none), wait until they are in force. */
int rec_attach(struct recorder *rec, struct task_struct *task,
	       unsigned long events);
int rec_attach_flags(struct recorder *rec, struct task_struct *task, int flags,
		     unsigned long events);
/* Take over an engine that a hook attached with rec->use and data rec. */
void rec_adopt(struct recorder *rec, struct task_struct *task,
	       struct utrace_engine *engine);
/* utrace_set_events() and a barrier; 0 or what set_events gave. */
int rec_events(struct recorder *rec, unsigned long events);
int rec_control(struct recorder *rec, enum utrace_resume_action action);
int rec_barrier(struct recorder *rec);
/* Give the caller's reference back now. */
void rec_put(struct recorder *rec);

/*
 * What callbacks return from now on.  The resume action alone is replaced, and
 * of report_signal and report_syscall_entry the other bits are passed on as
 * handed in, unless REC_EXACT is or-ed to @ret.  rec_once() is for the next
 * callback alone.  A hook decides itself; rec_default() is what would be
 * returned without it.  All may be changed while callbacks come.
 */
#define REC_EXACT	0x80000000u
void rec_ret(struct recorder *rec, enum rec_event event, u32 ret);
void rec_ret_all(struct recorder *rec, u32 ret);
void rec_once(struct recorder *rec, enum rec_event event, u32 ret);
void rec_hook_set(struct recorder *rec, enum rec_event event, rec_hook *hook);
u32 rec_default(struct recorder *rec, struct rec_call *call);
/* Callbacks of this kind wait in @gate (null: no longer) before they return. */
void rec_hold(struct recorder *rec, enum rec_event event, struct gate *gate);

/* How many callbacks began / have returned; of all kinds. */
unsigned int rec_count(struct recorder *rec, enum rec_event event);
unsigned int rec_finished(struct recorder *rec, enum rec_event event);
unsigned int rec_total(struct recorder *rec);
bool rec_wait(struct recorder *rec, enum rec_event event, unsigned int n);
/* The n-th callback of a kind, of all (0, 1 ...), the last of a kind: null if
 * there is none.  rec_find(): the first from @from on with arg[0] == @arg. */
struct rec_entry *rec_nth(struct recorder *rec, enum rec_event event,
			  unsigned int n);
struct rec_entry *rec_at(struct recorder *rec, unsigned int n);
struct rec_entry *rec_last(struct recorder *rec, enum rec_event event);
struct rec_entry *rec_find(struct recorder *rec, enum rec_event event,
			   unsigned int from, unsigned long arg);
/* How many callbacks of a kind had arg[0] == @arg. */
unsigned int rec_count_arg(struct recorder *rec, enum rec_event event,
			   unsigned long arg);
/* Reports with no event: quiesce with event 0, or a signal pass for REPORT. */
unsigned int rec_reports(struct recorder *rec);
void rec_dump(struct recorder *rec);		/* the log, as notes */

/*
 * Stop the thread, wherever it is, a blocked system call included (which is
 * restarted later): for an engine with QUIESCE.  All returns are STOP from then
 * on, until rec_resume(), which makes them RESUME and lets it go.
 */
bool rec_halt(struct recorder *rec);
bool rec_resume(struct recorder *rec);
/* Wait until control(STOP) gives 0. */
bool rec_wait_stopped(struct recorder *rec);

/* Detach @rec, be it in the middle of a callback or not (CTL-8). */
bool rec_detach(struct recorder *rec);

/* Wait until a STOP that a callback of @rec returned holds the thread. */
bool rec_wait_held(struct recorder *rec);

/* How often traced threads were stopped or entered the host so far. */
unsigned long h_stops(void);

/*
 * Let a program that makes one call per command make it, and wait until it waits
 * for the next command, so that no pass is half over.
 */
bool one_call(struct prog *p);

/* ---- gates and threads --------------------------------------------------- */

/*
 * A gate is shut until it is opened, once and for all (the harness opens those
 * left shut).  Waiting in a callback is against the rules of the contract;
 * tests do it to show what happens while a callback is in progress, on one
 * traced thread only: one worker may serve several.
 */
struct gate *gate_new(void);
void gate_open(struct gate *g);
bool gate_wait(struct gate *g);			/* false: the limit was hit */
unsigned int gate_waiters(struct gate *g);
bool gate_busy(struct gate *g);			/* wait until somebody waits */

/* Another thread of the test, no callback. */
struct h_thread;
struct h_thread *h_thread(long (*fn)(void *), void *arg);
long h_join(struct h_thread *t);		/* what fn returned */
bool h_thread_done(struct h_thread *t);
/* Wait until it is done, or sleeps in something. */
bool h_thread_settled(struct h_thread *t);
/* Send it a signal that has a handler, again and again, until it is done. */
bool h_thread_interrupt(struct h_thread *t);

/* ---- parts --------------------------------------------------------------- */

/*
 * A second program that hosts engines: PART(name) { ... } runs in a process of
 * its own, with the facility up and the harness at hand, and then waits to be
 * killed.  CHECK in a part fails the test.  In the kernel there are none:
 * h_part_start() gives null.
 */
#define H_PART_NOBODY	1	/* as an unprivileged user; null if not root */

#ifdef __KERNEL__

#define PART(name_)							\
	__attribute__((__unused__)) static void part_##name_(long arg)

struct h_part;

static inline struct h_part *h_part_start(const char *name, long arg, int flags)
{
	return NULL;
}

static inline void h_part_tell(long value) { }
static inline bool h_part_ask(struct h_part *part, long *value) { return false; }
static inline void h_part_kill(struct h_part *part) { }
static inline void h_part_dies_at(long request) { }
static inline bool h_part_lives(struct h_part *part) { return false; }

#else

struct h_part_def {
	const char *name;
	void (*run)(long arg);
};

#define PART(name_)							\
	static void part_##name_(long arg);				\
	static struct h_part_def h_part_##name_ = {			\
		.name = #name_, .run = part_##name_,			\
	};								\
	H_LISTED("h_parts", struct h_part_def, h_part_##name_);		\
	static void part_##name_(__attribute__((__unused__)) long arg)

struct h_part;
struct h_part *h_part_start(const char *name, long arg, int flags);
void h_part_tell(long value);			/* in the part: hand out */
bool h_part_ask(struct h_part *part, long *value);	/* in the test */
void h_part_kill(struct h_part *part);		/* SIGKILL, and wait */
/* In the part: it is killed before the host makes so many more requests. */
void h_part_dies_at(long request);
bool h_part_lives(struct h_part *part);

#endif

#endif /* CONTRACT_HARNESS_H */
