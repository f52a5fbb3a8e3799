// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds processes at the moment of a fatal signal, so that one can look at them
 * before they die.
 *
 *	cd /sys/kernel/debug/utrace-catcher
 *	echo 4711 >control		this process
 *	echo follow 4711 >control	and those that it creates
 *	echo children 4711 >control	those alone: of a shell, say
 *	echo -4711 >control		not this process any more
 *	cat control			who would be caught
 *	cat held			who is held, why, and with what registers
 *	echo release 4711 >control	let it go on dying
 *
 * The process is held when the signal is about to end it, and nothing has been
 * taken from it yet: all its threads are there, its memory (/proc/PID/mem), its
 * files.  A debugger (gdb -p PID) attaches to it, looks, and leaves it held.  When
 * it is released it takes the signal anew, and dies as it would have done, with a
 * core dump if that is due.  SIGKILL ends it at any time.  With cores=1 only
 * signals that dump core are caught.
 *
 * How it is held is the whole art of it.  The callback answers STOP, and for the
 * signal IGN and HOLD: it goes back on the queue.  So the process dies in no way
 * that anybody has to remember and carry out later: whatever ends the stop, a
 * release, the unloading of this module or another's, the signal is there.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>

#include "group.h"

static bool cores;
module_param(cores, bool, 0444);
MODULE_PARM_DESC(cores, "catch only what dumps core");

/**
 * struct suspect - a thread that may crash
 * @member: as in every group
 * @held: it is held, with what follows
 * @let_go: the next fatal signal is the one that it was held for
 * @along: it is stopped because a thread of its process is held
 * @signal: number of the signal
 * @code: where it comes from, SI_USER or SEGV_MAPERR, say
 * @address: what it accessed, if the signal is about that
 *
 * Its own callback writes these, and whoever stops or releases it writes the
 * flags; nothing but a flag is read while it may be written.
 */
struct suspect {
	struct member member;
	bool held;
	bool let_go;
	bool along;
	int signal;
	int code;
	void __user *address;
};

static struct suspect *suspect_of(struct member *member)
{
	return container_of(member, struct suspect, member);
}

static struct group group;

/* ---- all threads of a process ------------------------------------------ */

/* For each of them, with a reference, and no lock held. */
static unsigned int for_process(pid_t process, bool (*fn)(struct suspect *))
{
	struct member *member;
	unsigned int n = 0;
	u64 id = 0;

	while ((member = group_find(&group, id))) {
		if (member->process == process && fn(suspect_of(member)))
			n++;
		id = member->id + 1;
		member_put(member);
	}
	return n;
}

static bool is_held(struct suspect *suspect)
{
	return READ_ONCE(suspect->held);
}

/*
 * A thread beside the one that is held stops at the end of what it does just now.
 * What comes is no matter: it stops, it is dying, or has no engine any more.
 */
static bool stop_along(struct suspect *suspect)
{
	if (suspect->member.task == current)
		return false;
	WRITE_ONCE(suspect->along, true);
	return utrace_control(suspect->member.task, suspect->member.engine,
			      UTRACE_STOP) != -ESRCH;
}

/*
 * First the flags, so that a callback that comes from now on does not stop it
 * again; then the barrier, for one that is running would undo what is said before
 * it returns.
 */
static bool release(struct suspect *suspect)
{
	struct member *member = &suspect->member;
	bool was_held = READ_ONCE(suspect->held);
	int err;

	if (!was_held && !READ_ONCE(suspect->along))
		return false;
	if (was_held)
		WRITE_ONCE(suspect->let_go, true);
	WRITE_ONCE(suspect->held, false);
	WRITE_ONCE(suspect->along, false);
	do
		err = utrace_barrier(member->task, member->engine);
	while (err == -ERESTARTSYS && !fatal_signal_pending(current));
	err = utrace_control(member->task, member->engine, UTRACE_RESUME);
	return was_held && !err;
}

/* ---- callbacks --------------------------------------------------------- */

/*
 * A return of RESUME would end the stop that another thread has asked for.  If that
 * comes between this and the return, the thread runs on: nothing can be done about
 * it without waiting, and nothing bad comes of it.
 */
static enum utrace_resume_action stay_or_go(const struct suspect *suspect)
{
	return READ_ONCE(suspect->along) ? UTRACE_STOP : UTRACE_RESUME;
}

static bool carries_address(int signr)
{
	return signr == SIGSEGV || signr == SIGBUS || signr == SIGILL ||
	       signr == SIGFPE || signr == SIGTRAP;
}

static u32 on_signal(u32 action, struct utrace_engine *engine,
		     struct pt_regs *regs, siginfo_t *info,
		     const struct k_sigaction *orig_ka,
		     struct k_sigaction *return_ka)
{
	struct suspect *suspect = suspect_of(engine->data);
	u32 what = utrace_signal_action(action);
	/* leave the signal to what the others chose */
	u32 agree = stay_or_go(suspect) | (action & ~UTRACE_RESUME_MASK);

	/* An engine before us may have seen to it that nobody dies. */
	if (what != UTRACE_SIGNAL_CORE && what != UTRACE_SIGNAL_TERM)
		return agree;
	if (READ_ONCE(suspect->let_go)) {
		WRITE_ONCE(suspect->let_go, false);
		return agree;
	}
	suspect->signal = info->si_signo;
	suspect->code = info->si_code;
	suspect->address = carries_address(info->si_signo) &&
			   info->si_code > 0 ? info->si_addr : NULL;
	smp_store_release(&suspect->held, true);
	for_process(suspect->member.process, stop_along);
	return UTRACE_STOP | UTRACE_SIGNAL_IGN | UTRACE_SIGNAL_HOLD;
}

static u32 on_clone(u32 action, struct utrace_engine *engine,
		    unsigned long clone_flags, struct task_struct *child)
{
	group_clone(engine->data, clone_flags, child);
	return stay_or_go(suspect_of(engine->data));
}

static void on_reap(struct utrace_engine *engine, struct task_struct *task)
{
	group_reaped(engine->data);
}

static const struct utrace_engine_ops ops = {
	.report_signal = on_signal,
	.report_clone = on_clone,
	.report_reap = on_reap,
};

/*
 * A thread that is created beside one that is held does not run on.  It is on the
 * list already: either this sees that one is held, or stop_along() finds it.
 */
static int start(struct member *member)
{
	if (for_process(member->process, is_held)) {
		WRITE_ONCE(suspect_of(member)->along, true);
		return utrace_control(member->task, member->engine,
				      UTRACE_STOP) == -ESRCH ? -ESRCH : 0;
	}
	return 0;
}

static unsigned long events_of(const struct member *member)
{
	if (member->how & MEMBER_PARENT)
		return 0;
	return UTRACE_EVENT(SIGNAL_CORE) |
	       (cores ? 0 : UTRACE_EVENT(SIGNAL_TERM));
}

/* ---- who is held ------------------------------------------------------- */

static void show_registers(struct seq_file *seq, const struct pt_regs *regs)
{
	seq_printf(seq, " ip=%#lx sp=%#lx flags=%#lx orig_ax=%ld",
		   regs->ip, regs->sp, regs->flags, (long)regs->orig_ax);
	seq_printf(seq, " ax=%#lx bx=%#lx cx=%#lx dx=%#lx si=%#lx di=%#lx bp=%#lx",
		   regs->ax, regs->bx, regs->cx, regs->dx, regs->si, regs->di,
		   regs->bp);
	seq_printf(seq, " r8=%#lx r9=%#lx r10=%#lx r11=%#lx r12=%#lx r13=%#lx",
		   regs->r8, regs->r9, regs->r10, regs->r11, regs->r12,
		   regs->r13);
	seq_printf(seq, " r14=%#lx r15=%#lx", regs->r14, regs->r15);
}

/*
 * The barrier tells that the callback has returned its STOP, and between prepare
 * and finish the thread stands.  If it does not, SIGKILL came, or whoever
 * released it: then there is nobody to show.
 */
static int show(struct seq_file *seq, struct suspect *suspect)
{
	struct member *member = &suspect->member;
	struct utrace_examiner exam;
	char comm[TASK_COMM_LEN];
	struct pt_regs regs;
	pid_t thread;
	int err;

	err = utrace_barrier(member->task, member->engine);
	if (err)
		return err == -ERESTARTSYS ? err : 0;
	if (utrace_prepare_examine(member->task, member->engine, &exam))
		return 0;
	regs = *task_pt_regs(member->task);
	thread = task_pid_nr(member->task);
	get_task_comm(comm, member->task);
	if (utrace_finish_examine(member->task, member->engine, &exam))
		return 0;
	seq_printf(seq, "process=%d thread=%d signal=%d code=%d address=%#lx",
		   member->process, thread, suspect->signal, suspect->code,
		   (unsigned long)suspect->address);
	show_registers(seq, &regs);
	/* a name has any bytes, and stands last: a line stays one */
	seq_printf(seq, " comm=%*pE\n", (int)strlen(comm), comm);
	return 0;
}

static int held_show(struct seq_file *seq, void *unused)
{
	struct suspect *suspect;
	struct member *member;
	int err = 0;
	u64 id = 0;

	while (!err && (member = group_find(&group, id))) {
		suspect = suspect_of(member);
		if (smp_load_acquire(&suspect->held))
			err = show(seq, suspect);
		id = member->id + 1;
		member_put(member);
		cond_resched();
	}
	return err;
}

DEFINE_SHOW_ATTRIBUTE(held);

/* ---- control ----------------------------------------------------------- */

static int release_process(struct group *group, struct pid *pid)
{
	return for_process(pid_nr(pid), release) ? 0 : -ENOENT;
}

static int add_children(struct group *group, struct pid *pid)
{
	return group_add_process(group, pid, MEMBER_FOLLOWS | MEMBER_PARENT);
}

static const struct verb verbs[] = {
	{ "release", release_process },
	{ "children", add_children },
	{}
};

static struct group group = {
	.ops = &ops,
	.size = sizeof(struct suspect),
	.start = start,
	.verbs = verbs,
	.events = events_of,
};

/* ---- the module -------------------------------------------------------- */

static struct dentry *directory;

static int __init crash_catcher_load(void)
{
	group_init(&group);
	directory = debugfs_create_dir("utrace-catcher", NULL);
	debugfs_create_file("control", 0600, directory, &group,
			    &group_control_ops);
	debugfs_create_file("held", 0400, directory, NULL, &held_fops);
	return 0;
}

/* Detaching is what releases those that are held. */
static void __exit crash_catcher_unload(void)
{
	debugfs_remove(directory);
	group_close(&group);
}

module_init(crash_catcher_load);
module_exit(crash_catcher_unload);

MODULE_DESCRIPTION("utrace sample: a catcher of crashes");
MODULE_LICENSE("GPL");
