/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the ptrace host share.
 *
 * Each adopted thread has one owner, a worker: the only task that may ptrace
 * it.  Everything that engines hear of a thread they hear in its worker.  Other
 * threads of the program change the core's state and put the thread into the
 * worker's mail.
 */
#ifndef PTRACE_HOST_H
#define PTRACE_HOST_H

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>
#include <time.h>

#include "host.h"
#include "journal.h"

#include "x86_64/frame.h"

struct worker;

/* How far a thread has been adopted. */
enum phase {
	PHASE_FREE,		/* not ours: never was, or let go */
	PHASE_SEIZED,		/* traced by its owner */
	PHASE_GONE		/* reaped, or replaced by an exec */
};

/* What a traced thread is doing. */
enum run {
	RUN_RUNNING,		/* resumed; its next stop is awaited */
	RUN_TRAPPED,		/* in a stop of ptrace, being looked at */
	RUN_PARKED,		/* in a stop of ptrace that the core asked for */
	RUN_LISTENING,		/* stopped for job control, ptrace waits */
	RUN_DEAD
};

/* Which point of its way a parked thread is at. */
enum parked_at {
	PARKED_USER,
	PARKED_ENTRY,
	PARKED_VFORK,
	PARKED_JOB_STOP,
	PARKED_JOB_CONT,	/* SIGCONT ended that stop, and no engine's */
	PARKED_EXIT
};

/* Where a thread's EXIT is reported; see exit.c. */
enum exit_at {
	EXIT_AT_EVENT,		/* nothing can be changed there */
	EXIT_AT_CALL,		/* at the entry of the call that ends it */
	EXIT_AT_SIGNAL		/* at the delivery of the signal that does */
};

/* A signal that goes back on the queue, or one of an engine's making. */
struct made_signal {
	struct list_head link;
	siginfo_t info;
	bool decided;		/* engines have chosen; @action and @ka stand */
	uint32_t action;
	struct k_sigaction ka;
	siginfo_t held;		/* goes back on the queue when this has come */
};

/**
 * struct reg_cache - the registers of a stop, read once, shared by all engines
 * @valid: @was and @now are filled in
 * @was: the general registers as they are in the thread
 * @now: the same as engines see and may change them: the kernel's struct
 *	pt_regs is the first part of what ptrace gives
 * @xstate: the extended state; null until somebody asks
 * @xstate_size: how much of it there is at this stop, 0: not read
 * @xstate_dirty: it was changed
 * @shown_nr: what engines see as orig_ax where -1 is, after an abort
 * @show_nr: @shown_nr is in place
 */
struct reg_cache {
	bool valid;
	struct user_regs_struct was;
	union {
		struct user_regs_struct user;
		struct utrace_regs regs;
	} now;
	void *xstate;
	size_t xstate_size;
	bool xstate_dirty;
	long shown_nr;
	bool show_nr;
};

/**
 * struct trial - a signal that is delivered on trial; see trial.c
 * @on: the stop at its handler's first instruction is awaited
 * @decided: engines have heard of it before, and chosen
 * @failed: none could be set up, and a SIGSEGV that says so is to be dropped
 * @up: it is there, engines see what was @before, and nothing is decided
 * @signr, @info: the signal as it came
 * @before: the registers
 * @mask: the signals that were blocked, as ptrace tells
 * @blocked: as they truly were, sigsuspend()'s own if it was in that
 * @now: and are with the handler set up
 * @there: the registers, then
 * @frame: what is on the stack, then
 */
struct trial {
	bool on;
	bool decided;
	bool failed;
	bool up;
	int signr;
	siginfo_t info;
	struct user_regs_struct before;
	uint64_t mask;
	uint64_t blocked;
	uint64_t now;
	struct user_regs_struct there;
	struct handler_frame frame;
};

/**
 * struct utrace_thread - a thread, as this program knows it
 * @refs: the program's references; one while adopted, one while in a mailbox
 * @tid: changes if it execs and is not its process's leader
 * @start: start time in clock ticks since boot: with @tid it names one thread
 * @pidfd: of its process; -1 if the kernel had none to give
 * @hash: in the table of threads, under its lock
 * @taken: threads_take() gave it out; under that lock
 * @death_noted: see thread_note_death(); under that lock
 * @lock: orders adoption, release, and access to @regs from other threads.
 *	Held for a few system calls at most.  Taken before the core's lock.
 * @phase, @owner: change under @lock; read without it by kicks.  One that was a
 *	zombie when it was adopted has no owner
 * @state: the core's; set once
 * @heir: the thread that took over this one's ID by exec
 * @mail, @kicks: under the owner's mail lock
 * @asked: how often something else was wanted of it; raised by kicks
 * @settled: up to which of these times it is in force; set by the owner, to what
 *	it read from @asked before it looked at what is wanted
 * @run: written by the owner under the core's lock, so that the core sees it
 *
 * The rest belongs to the owner.
 */
struct utrace_thread {
	int refs;
	pid_t tid;
	pid_t tgid;
	unsigned long long start;
	int pidfd;
	struct list_head hash;
	bool taken;
	bool death_noted;
	pthread_mutex_t lock;
	enum phase phase;
	struct worker *owner;
	struct utrace *state;
	struct utrace_thread *heir;

	struct list_head mail;
	unsigned int kicks;
	unsigned int asked;
	unsigned int settled;

	enum run run;
	struct reg_cache regs;

	struct list_head of_worker;
	enum parked_at at;
	bool newborn;		/* its creator's event has not come yet */
	bool born_here;		/* created by a thread that we trace */
	bool first_stop;	/* and its first stop has come */
	unsigned long born_round;
	time_t born_at;		/* seconds, monotonic */
	bool job_stopped;
	bool interrupting;	/* PTRACE_INTERRUPT sent; any stop takes it */
	bool interrupted;	/* the present stop took one */
	bool going;		/* no engine may be left: look at the next stop */
	bool aborted;		/* the call was not made */
	bool in_call;		/* between the two stops of a system call */
	bool exit_told;		/* the exit of the last call was reported */
	bool suspended;		/* a call that we cut short will be restarted */
	bool exit_deferred;	/* its exit stop was not reported yet */
	int abi;
	long nr;		/* the call that user code asked for */
	bool handler_due;
	bool stepping;		/* a step's trap may come; in a stop: it will */
	bool parent_noted;	/* when it began to exit */
	unsigned long parent_faults; /* of its parent's children, then */
	bool step_over_call;
	bool stepped;		/* it was resumed to step, from @stepped_from */
	unsigned long stepped_from;
	bool own_trap_flag;	/* the program itself has it set */
	unsigned int options;	/* PTRACE_O_* that are set */
	int mode;		/* request it was last resumed with */
	struct utrace_signal sig;
	unsigned long way_back[2]; /* from handlers: see x86_64/call.c */
	struct trial trial;
	struct list_head made;	/* struct made_signal */
	uint64_t mask_saved;
	bool mask_changed;
	int exit_signal;
	pid_t ppid;
	bool displaced;		/* made a call of ours in this stop */
	bool clone_hidden;	/* see clone_hide_flag(): in place of */
	unsigned long clone_asked; /* this argument there is */
	unsigned long clone_made; /* this one */
	bool exit_reported;
	enum exit_at exit_at;
	bool exits_all;		/* that call is exit_group() */
	long exit_true;		/* the wait status that it set out for */
	long exit_code;		/* and the one that engines chose */
	bool exit_queued;	/* the signal that ends it is on its queue again */
	bool ending;		/* it is being ended as they chose */
	int ended_by;		/* the signal that it is about to die of */
	int exit_signr;		/* by this signal, which is on its way; or 0 */
	bool exiting;		/* past its exit event */
	bool ticking;		/* counted by reaper_count_ticks() */
	bool outlived;		/* a leader that exits before its threads */
	bool dead_before_siblings; /* and its death was reported */
	bool replaced;		/* on_replaced() was called */
	struct utrace_engine *starter; /* holds it at its start; under @lock */
	struct move *move;	/* to another worker; see move.c */
};

/* What the core keeps for it; null before the first attach. */
static inline struct utrace *state_of(struct utrace_thread *thread)
{
	return port_load_acquire(&thread->state);
}

/* One job for a worker: something that another thread waits for. */
struct job {
	struct list_head link;
	void (*run)(struct worker *worker, struct job *job);
	struct utrace_thread *thread;
	int result;
	bool done;
};

/* A stop that was fetched; @tid 0: it has been looked at. */
struct stop {
	pid_t tid;
	int status;
};
#define MAX_STOPS	256

/* What the system lets a worker do: as the program when it was started. */
struct rights {
	unsigned int uids[4];
	unsigned int gids[4];
	uint64_t caps;
};

/**
 * struct worker - a task that traces
 * @pid: its process ID and thread ID; 0 until it runs
 * @program: the process ID of the program, its parent
 * @rights: all zero if they could not be read
 * @bell: set by whoever wants it to look at its mail; see wait.S
 * @asleep: it is in wait4 (1) or in futex (2), or about to
 * @mail_lock: orders @mail, @jobs and the counts of letters; a leaf
 * @posted, @handled: letters put into @mail, and those acted on
 * @progress: what senders sleep on that wait for @handled; see worker_sync()
 * @senders: how many
 * @threads: those that it traces; its own
 * @ntracees: their number; written by itself
 * @load: threads that are, or are about to be, its; under the pool's lock
 * @expected: how many are on their way to it; it does not end before they are
 *	here; raised under the pool's lock
 * @round: of stops that are fetched, then looked at one by one
 * @stops, @nstops: those of this round
 * @serving: the process whose callbacks run, 0 if none
 * @ran_for: for which process callbacks ran in this round of stops; 0: none;
 *	-1: several
 */
struct worker {
	struct list_head link;
	pthread_t lender;
	int pid;
	pid_t program;
	struct rights rights;
	int bell;
	int asleep;
	pthread_mutex_t mail_lock;
	pthread_cond_t job_done;
	unsigned int posted;
	unsigned int handled;
	unsigned int progress;
	unsigned int senders;
	struct list_head mail;
	struct list_head jobs;
	struct list_head threads;
	unsigned int ntracees;
	unsigned int newborns;
	unsigned int outlived;
	unsigned int load;
	unsigned int expected;
	unsigned long round;
	struct stop stops[MAX_STOPS];
	size_t nstops;
	pid_t serving;
	pid_t ran_for;
	bool quit;
	bool ready;
	int error;
};

/* What a thread of the program is in the middle of. */
struct context {
	struct worker *worker;		/* it is this worker */
	struct utrace_thread *thread;	/* a callback on its behalf runs */
	struct worker *mailed;		/* has a letter of ours, not yet waited for */
	unsigned int letter;
};
extern __thread struct context utrace_context;

/* init.c */
bool host_is_up(void);
bool host_forked(void);
bool host_begin(void);
void host_end(void);
int host_thread(pthread_t *thread, void *(*fn)(void *arg), void *arg);

/* thread.c */
void threads_reset(bool forked);
struct utrace_thread *thread_lookup(pid_t tid);
struct utrace_thread *thread_find_or_make(pid_t tid, pid_t tgid);
void thread_rename(struct utrace_thread *thread, pid_t tid);
void thread_forget(struct utrace_thread *thread);
bool thread_note_death(struct utrace_thread *thread);
void thread_unnote_death(struct utrace_thread *thread);
struct utrace_thread *threads_take(void);
void threads_for_each(void (*fn)(struct utrace_thread *thread, void *arg),
		      void *arg);
bool thread_is_same(struct utrace_thread *thread);
bool thread_is_reaped(struct utrace_thread *thread);

/* pool.c */
void workers_shutdown(void);
void workers_reset(void);
struct worker *worker_of(struct utrace_thread *thread);
void worker_chosen(struct worker *worker);
struct worker *worker_for_newborn(struct worker *from);
void worker_not_chosen(struct worker *worker);
void worker_found(struct worker *worker);
void workers_free(void);
bool worker_is_ours(pid_t pid);
unsigned int workers_count(void);
void workers_ring_all(void);

/* worker.c */
struct worker *worker_start(int *error);
void worker_free(struct worker *worker);
void worker_ring(struct worker *worker);
int worker_run_job(struct worker *worker, struct job *job);
void worker_mail(struct utrace_thread *thread, unsigned int kicks);
void worker_return_mail(struct utrace_thread *thread);
void worker_hand_over(struct utrace_thread *thread, struct worker *to);
void worker_sync(void);
void worker_serves(struct worker *worker, pid_t tgid);
int worker_await_stop(struct worker *worker, pid_t tid, int *status);
bool worker_take_stop(struct worker *worker, pid_t tid, int *status);

/* adopt.c */

/*
 * Always on: exec is told by its event, not by a SIGTRAP, and moves thread IDs,
 * so it has to be seen; system call stops differ from signals.
 */
#define BASE_OPTIONS	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC)

/* What a system call stop looks like with that. */
#define SYSCALL_STOP	(SIGTRAP | 0x80)

enum seized { SEIZED, IS_DEAD, IS_NEWBORN };

int try_seize(struct worker *worker, struct utrace_thread *thread);
int adopt_here(struct worker *worker, struct utrace_thread *thread);
void adopt_job(struct worker *worker, struct job *job);
void adopted(struct worker *worker, struct utrace_thread *thread);
void watch_leader(struct worker *worker, struct utrace_thread *thread);
void adopt_newborn(struct worker *worker, struct utrace_thread *thread);
bool let_go(struct utrace_thread *thread, int sig);
void leave(struct worker *worker, struct utrace_thread *thread);
void disown(struct utrace_thread *thread);
void stop_ticking(struct utrace_thread *thread);

/* journal.c */
int guardian_start(void);
bool guardian_runs(void);
void guardian_stop(void);
void guardian_reset(void);
struct journal_entry *journal_take(void);
void journal_enter(struct journal_entry *entry);
void journal_strike(struct journal_entry *entry);

/* move.c */
bool move_begin(struct worker *worker, struct utrace_thread *thread);
bool move_stop(struct worker *worker, struct utrace_thread *thread, bool entry);
void move_in(struct worker *worker, struct utrace_thread *thread);
void move_end(struct utrace_thread *thread);

/* stops.c */
bool handle_stop(struct worker *worker, pid_t tid, int status);
void handle_mail(struct utrace_thread *thread, unsigned int kicks);
void check_exiting(struct worker *worker);
void check_lost(struct worker *worker);
void set_run(struct utrace_thread *thread, enum run run);

void inside_call(struct utrace_thread *thread);
void finish_entry(struct utrace_thread *thread,
		  struct utrace_decision decision);
struct utrace_decision report_call_exit(struct utrace_thread *thread);

/* Callbacks that follow are on behalf of this thread. */
static inline void set_current(struct utrace_thread *thread)
{
	utrace_context.thread = thread;
}

/* resume.c */
void resume(struct utrace_thread *thread, int sig,
	    enum utrace_resume_action action);
void park(struct utrace_thread *thread, enum parked_at at);
void interrupt(struct utrace_thread *thread);
bool needs_interrupt(struct utrace_thread *thread);
void settle(struct utrace_thread *thread, unsigned int asked);

/* user.c */
void at_user(struct utrace_thread *thread, bool handler);
void after_event(struct utrace_thread *thread, struct utrace_decision decision);
void continue_parked(struct utrace_thread *thread);

/* signals.c */
void at_signal_stop(struct utrace_thread *thread, int signr);
void at_trial_stop(struct utrace_thread *thread, int status);
void look_for_step_trap(struct utrace_thread *thread);
void carry_signal(struct utrace_thread *thread, struct utrace_decision decision,
		  bool stopped_by_signal);
void fake_step_trap(struct utrace_thread *thread);
bool has_decided_signal(struct utrace_thread *thread);
void drop_made_signals(struct utrace_thread *thread);

int send_itself(struct utrace_thread *thread, bool in_handler,
		const siginfo_t *info, int *status);
void in_other_stop(struct utrace_thread *thread, int status);

bool signal_is_fatal(struct utrace_thread *thread, int signr);
bool signal_dumps(int signr);

/* inject.c */

/* In the place of a wait status: there was no other stop. 0 is an exit's. */
#define NO_STOP	(-1)

/* a siginfo_t, of what calls are given */
#define INJECTION_ROOM	128

/**
 * struct injection - what a call of our making needs
 * @in_handler: the thread is at the first instruction of a handler that the kernel
 *	has set up: it has no extended state to lose
 * @filtered: the program has a filter of system calls, which can be suspended
 * @data: what the call is to find at @room, and leaves there
 * @room: where that is in the thread's memory
 * @insn: where it returns from handlers
 * @sp: with this stack pointer, to be what it is now
 * @at, @size: the memory that is used
 * @was, @now: what was there, and what is there meanwhile
 * @left: the end of what is not used yet
 */
struct injection {
	bool in_handler;
	bool filtered;
	uint8_t data[INJECTION_ROOM];
	unsigned long room;
	unsigned long insn;
	unsigned long sp;
	unsigned long at;
	size_t size;
	uint8_t *was, *now;
	unsigned long left;
};

bool inject_begin(struct utrace_thread *thread, struct injection *place);
int inject_call(struct utrace_thread *thread, struct injection *place, long nr,
		const unsigned long args[6], long *result, int *status);

/* sigaction.c */
void action_class(struct utrace_thread *thread, int signr,
		  struct k_sigaction *ka);
int action_read(struct utrace_thread *thread, bool in_handler, int signr,
		struct k_sigaction *ka, int *status);
int action_set(struct utrace_thread *thread, bool in_handler, int signr,
	       const struct k_sigaction *ka, int *status);

/* trial.c */
bool trial_begins(struct utrace_thread *thread, int signr, bool decided);
int trial_ends(struct utrace_thread *thread, bool ask, int *status);
bool trial_make_handler(struct utrace_thread *thread);
bool trial_serves(struct utrace_thread *thread);
bool trial_is_it(struct utrace_thread *thread);
void trial_carry_out(struct utrace_thread *thread, int *status);
void trial_take_back(struct utrace_thread *thread, int *status);

/* clone.c */
struct utrace_thread *expect_newborn(struct worker *worker, pid_t tid);
void check_newborns(struct worker *worker);
bool being_born(struct utrace_thread *thread);
void at_clone(struct worker *worker, struct utrace_thread *thread, int event);
bool at_first_stop(struct worker *worker, struct utrace_thread *thread,
		   int sig);
void clone_hide_flag(struct utrace_thread *thread);
void clone_show_flag(struct utrace_thread *thread);

/* exit.c */
struct rlimit;
bool may_dump(struct utrace_thread *thread);
bool forbid_dump(struct utrace_thread *thread, struct rlimit *before);
bool can_forbid_dump(struct utrace_thread *thread);
bool exit_at_call(struct utrace_thread *thread);
bool exit_at_signal(struct utrace_thread *thread, int signr);
bool exit_goes_on(struct utrace_thread *thread, int event, int sig);
void exit_prevented(struct utrace_thread *thread);
void finish_exit(struct utrace_thread *thread);
void at_exit(struct worker *worker, struct utrace_thread *thread);

/* death.c */
void note_parent(struct utrace_thread *thread);
void on_death(struct utrace_thread *thread, int status);
void bury_replaced(struct worker *worker, struct utrace_thread *leader,
		   struct utrace_thread *heir);
void take_leaders_id(struct utrace_thread *thread);
void bury(struct utrace_thread *thread);
void on_replaced(struct utrace_thread *leader);
bool thread_is_replaced(struct utrace_thread *thread);

/* Beside UTRACE_KICK_*: an exec took the thread's ID. */
#define MAIL_REPLACED	0x100
/* It was handed over by another worker. */
#define MAIL_MOVED	0x200

/* reaper.c */
int reaper_start(void);
void reaper_shutdown(void);
void reaper_watch(struct utrace_thread *thread);
void reaper_look(void);
void reaper_count_ticks(int n);
void reaper_reset(void);

/* regs.c */
int regs_fetch(struct utrace_thread *thread);
int regs_fetch_all(struct utrace_thread *thread);
void regs_flush(struct utrace_thread *thread);
/* It is about to step. */
void regs_before_step(struct utrace_thread *thread);
void regs_drop(struct utrace_thread *thread);
void regs_init(void);
void regs_show_nr(struct utrace_thread *thread, long nr);
static inline struct utrace_regs *regs_of(struct utrace_thread *thread)
{
	return &thread->regs.now.regs;
}

/* proc.c */

/* What /proc tells of a thread. */
struct proc_info {
	char state;
	pid_t tgid;
	pid_t own_tgid;		/* as the thread itself knows them: */
	pid_t own_tid;		/* in its PID namespace */
	pid_t ppid;
	pid_t tracer;
	uint64_t sig_blocked;
	uint64_t sig_ignored;
	uint64_t sig_caught;
	uint64_t sig_pending;
	uint64_t group_pending;
	int seccomp;
	bool kernel_thread;
	bool init;		/* of its PID namespace: no signal is fatal */
	unsigned int uids[4];
	unsigned int gids[4];
	uint64_t cap_permitted;
	uint64_t cap_effective;
};
int proc_read_status(pid_t tgid, pid_t tid, struct proc_info *info);

/* What /proc/PID/stat tells. */
struct proc_stat {
	char state;
	pid_t ppid;
	unsigned long flags;
	unsigned long child_faults;
	unsigned long long start;
	int exit_signal;
	long threads;
};
int proc_read_stat(pid_t tgid, pid_t tid, struct proc_stat *stat);

/* Whether a state that /proc tells is that of a thread that is dead. */
static inline bool is_dead_state(char state)
{
	return state == 'Z' || state == 'X';
}

unsigned long proc_auxv(pid_t tid, bool i386, unsigned int type);
bool proc_is_dead(pid_t tid);
ssize_t proc_read(const char *path, char *buf, size_t size);
unsigned long proc_find_code(struct utrace_thread *thread, const void *code,
			     size_t size);
ssize_t proc_list_threads(pid_t pid, pid_t *tids, size_t max);
bool proc_list_is_whole(pid_t pid, const pid_t *tids, size_t n);

/* explain.c */
bool traces_us(pid_t pid);
int yama_scope(void);
bool may_trace_anybody(uint64_t caps);

/* start.c */
void start_note_signals(void);
void utrace_start_drop(struct utrace_thread *thread);

/* init.c */
struct host_stats {
	unsigned long stops;
	unsigned long passes;
	unsigned long callbacks;
	unsigned long queued_behind;
};
extern struct host_stats host_stats;
#define count(counter, n) \
	__atomic_add_fetch(&host_stats.counter, n, __ATOMIC_RELAXED)

/* x86_64/ */
long utrace_run_apart(int (*fn)(void *), void *arg, int *tid, void *nap,
		      unsigned long flags, const unsigned long *nap_mask);
long utrace_call_or_bell(const int *bell, long nr, long a, long b, long c,
			 long d);
void utrace_on_bell(int sig, siginfo_t *info, void *context);
void utrace_sigreturn(void);

bool machine_can_nap(struct utrace_thread *thread);
unsigned long machine_nap(struct user_regs_struct *user, size_t size);
int machine_syscall_abi(const struct utrace_regs *regs);
/* The same for the call that a thread in its entry stop makes. */
int machine_entry_abi(struct utrace_thread *thread);
/* Where the flags of a clone() are, or the address of those of a clone3(). */
unsigned long *machine_clone_argument(struct utrace_thread *thread);
/* What to put there to take a flag out of the call that is about to be made. */
bool machine_clone_without(struct utrace_thread *thread, unsigned long flag,
			   unsigned long *argument);
unsigned long machine_clone_flags(struct utrace_thread *thread, int event);
/* The call that a stopped thread is in was cut short and will be restarted. */
bool machine_call_cut(const struct utrace_regs *regs);
/* -EINTR of a call that an untraced run would have restarted (INV-1). */
bool machine_repair_eintr(struct utrace_regs *regs);
/* Called by each worker when it starts. */
void machine_probe_block_step(void);
/* The number that the kernel restarts some calls with. */
long machine_restart_nr(const struct utrace_regs *regs);
/* The call that it is about to make ends it, with this code; or all of them. */
bool machine_ends_thread(struct utrace_thread *thread, long *code, bool *all);
void machine_set_exit_code(struct utrace_thread *thread, long code);
/* Where in its memory there is a system call instruction; 0 if there is none. */
unsigned long machine_syscall_insn(struct utrace_thread *thread);
/* A call of our making, step by step. */
void machine_note_restorer(struct utrace_thread *thread, unsigned long at);
bool machine_call_prepare(struct utrace_thread *thread, struct injection *place);
bool machine_call_begin(struct utrace_thread *thread, struct injection *place,
			uint64_t mask);
void machine_call_go(const struct injection *place,
		     struct user_regs_struct *user);
void machine_call_turn(const struct injection *place,
		       struct user_regs_struct *user, long nr,
		       const unsigned long args[6]);
long machine_call_result(const struct user_regs_struct *user);
bool machine_call_end(struct utrace_thread *thread, struct injection *place);
void machine_call_drop(struct injection *place);
bool machine_is_i386(struct utrace_thread *thread);
unsigned int machine_audit_arch(struct utrace_thread *thread);
long machine_sigaction_nr(bool i386);
void machine_pack_action(void *to, const struct k_sigaction *ka, bool i386);
void machine_unpack_action(struct k_sigaction *ka, const void *from, bool i386);
/* Set up a handler for a signal that the thread does not catch. */
bool machine_frame_make(struct utrace_thread *thread, uint64_t mask);
/* Whether there is a second stack that a handler's frame has to be told to. */
bool machine_has_shadow_stack(struct utrace_thread *thread);
/* Whether a handler is set up: fills in @trial->frame, from @there and @before. */
bool machine_frame_is_up(struct utrace_thread *thread, struct trial *trial);
bool machine_frame_change(struct utrace_thread *thread, struct trial *trial);
unsigned long machine_frame_flags(struct utrace_thread *thread);
void machine_frame_undo(struct utrace_thread *thread, struct trial *trial);
bool machine_frame_xstate(struct utrace_thread *thread, void *state,
			  size_t size);
/* Have it end the process by a call. */
void machine_make_exit(struct utrace_thread *thread, long code);
/* The next instruction is a system call. */
bool machine_at_syscall_insn(struct utrace_thread *thread);
/* The instruction at @addr loads the flags, that of stepping among them. */
bool machine_loads_flags(struct utrace_thread *thread, unsigned long addr);

#endif /* PTRACE_HOST_H */
