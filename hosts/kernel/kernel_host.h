/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the kernel host tell each other, by file. */
#ifndef KERNEL_HOST_H
#define KERNEL_HOST_H

#include <linux/sched/task_stack.h>

#include "hooks.h"
#include "symbols.h"
#include "traced.h"

/* The lock of current's signals, and of what others do to it. */
static inline void siglock(void)
{
	spin_lock_irq(&current->sighand->siglock);
}

static inline void sigunlock(void)
{
	spin_unlock_irq(&current->sighand->siglock);
}

/* facility.c: the module goes: whoever is stopped for job control does that without us. */
bool facility_leaves(void);

/* jobctl.c: stop for job control, if that is due. Siglock is held, and dropped
 * meanwhile; true: it did. */
bool job_stop_now(int signr);
/* It is to stop again if the group is stopped. Siglock held. */
void job_stop_rearm(void);
/* It does that now, and comes back when the group goes on. */
void job_stop_again(struct traced *traced);
/* SIGCONT is sent to its group: nobody has reported that yet. Siglock is held. */
void new_continue(struct task_struct *task);
/* @was_stopped: it was; otherwise it may be that it has to tell the parent */
void report_continued(struct traced *traced, bool was_stopped);

/* send.c: what the process was sent goes to others: current is held. Siglock. */
void pass_on(void);

/* signals.c: take @signr off the queue, unreported. Siglock held. */
int take_one(int signr, kernel_siginfo_t *info);
/* Takes what get_signal() would take unreported. */
void stash_synchronous(struct traced *traced);
/* DELIVER with SIG_DFL: what the number means by default. */
u32 default_action(int signr);
/* There is something to take that the kernel does not know of. */
bool is_to_take(struct traced *traced);

/* ignored.c: what comes of @sig if nobody traces it: it is dropped. Siglock held */
bool ignored_when_sent(struct task_struct *task, int sig);
/* One that was queued all the same is kept for a thread to report; false: it stays. */
bool ignored_keep(int sig, struct task_struct *task, enum pid_type type);
void ignored_tell(struct traced *traced);
int ignored_take(struct traced *traced, kernel_siginfo_t *info);
void ignored_drop(struct traced *traced);
void ignored_drop_own(struct traced *traced);
void ignored_init(struct traced *traced);
void ignored_end(struct traced *traced);

/* wait.c */
void wait_init(void);

/* stop.c: stay while an engine wants it; returns what comes then. */
struct utrace_decision obey_stop(struct traced *traced, struct pt_regs *regs,
				 struct utrace_decision decision,
				 bool before_call);
/* It looks again whether it is to stay. Any context. */
void hold_end(struct traced *traced);
/* It is to die, and nothing holds it back: another sent SIGKILL, or so. */
bool is_dying(void);

/* user.c: the way back to user mode */
void report_init(struct traced *traced);
void report_cancel(struct traced *traced);
void come_back_to(struct traced *traced, struct utrace_decision decision);
/* A decision was made elsewhere: what it leaves to do before user mode, if any. */
static inline void come_back_for(struct traced *traced,
				 struct utrace_decision decision)
{
	if (decision.resume != UTRACE_RESUME || traced->stepping)
		come_back_to(traced, decision);
}
void come_back(struct traced *traced);
/* It is to come to get_signal() when it returns to user mode. Any context. */
void ask_for_report(struct traced *traced);
/* It was asked to, and is not there yet. */
bool report_is_due(struct traced *traced);
/* There is something that it has to come for: asked at the exit of each call. */
static inline bool report_is_wanted(struct traced *traced)
{
	return READ_ONCE(traced->due) || ignored_are_kept(traced);
}

/* steps.c */
void steps_init(void);
/* Steps as decided, or no more */
void step_as(struct traced *traced, enum utrace_resume_action resume);
/* A ptrace tracer may have stopped it, and chosen whether it steps. */
void step_aside(struct traced *traced);
void step_refresh(struct traced *traced);
/* No engine steps it any more. False: it does not sleep, and is to see to it. */
bool step_end_asleep(struct traced *traced);
/* A step over a system call ended. Whether that was all an engine's. */
bool step_over_call(struct traced *traced, struct pt_regs *regs);

/* syscalls.c: the work bits */
void syscalls_arm(struct traced *traced);
void syscalls_arm_exit(struct task_struct *task);
void syscalls_disarm(struct traced *traced);
void syscalls_drop_entry(struct task_struct *task);
void syscalls_drop_exit(struct task_struct *task);
/* It is in no call any more. */
void syscalls_left(struct traced *traced);

/* Counters of what could not be done as it should be, for people to read. */
#define FOR_EACH_MISS(X)						\
	X(signals_unseen, "signals that were delivered without a report") \
	X(ignored, "ignored signals that were too many at once to be reported") \
	X(held_signals, "signals that an engine held, and that found no room") \
	X(newborns, "newborns that anyone could attach to at once")
#define DECLARE_MISS(name, text)	extern atomic_long_t missed_##name;
FOR_EACH_MISS(DECLARE_MISS)
#undef DECLARE_MISS

/* stats.c: what is hooked and missed, in debugfs: utrace/status */
void status_files_make(void);
void status_files_remove(void);

#endif /* KERNEL_HOST_H */
