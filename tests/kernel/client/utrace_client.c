// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module of the time when utrace was a patch of the kernel, as far as its calls
 * of utrace go: it includes what they included, and is built as they were, outside
 * of this tree.  Nothing of this project's own additions is used here.
 *
 *	insmod utrace_client.ko pid=4711
 *	cat /sys/module/utrace_client/parameters/...
 *
 * On loading it attaches to the process, stops it, looks at its registers, steps
 * it, and lets it go; then it counts events, and follows children as far as counting
 * their number and their deaths.  What the calls answered is in "answers", for whoever
 * tests that: names of what was not as it should be, or "fine".
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/completion.h>
#include <linux/elf.h>
#include <linux/regset.h>
#include <linux/utrace.h>

#if UTRACE_API_VERSION < 20091216
#error "the callbacks have other arguments"
#endif

static int pid;
module_param(pid, int, 0444);

static char answers[512];
module_param_string(answers, answers, sizeof(answers), 0444);

static unsigned long client_ip;
module_param(client_ip, ulong, 0444);

static int counts[_UTRACE_NEVENTS];
static int counts_nr = _UTRACE_NEVENTS;
module_param_array(counts, int, &counts_nr, 0444);

static int released;
module_param(released, int, 0444);

static int exit_code = -1;
module_param(exit_code, int, 0444);

/* What there is of each thread. */
struct client {
	struct utrace_engine *engine;
	struct task_struct *task;
	unsigned long seen;
};

static struct client *first;
static struct pid *first_pid;

/* Whether the first is to stop, and that it does; and that it is stepped. */
static bool stopping, stepping;
static DECLARE_COMPLETION(stopped);

#define CLIENT_EVENTS							\
	(UTRACE_EVENT(QUIESCE) | UTRACE_EVENT(REAP) |			\
	 UTRACE_EVENT(CLONE) | UTRACE_EVENT(EXEC) | UTRACE_EVENT(EXIT) |	\
	 UTRACE_EVENT(DEATH) | UTRACE_EVENT_SYSCALL |			\
	 UTRACE_EVENT_SIGNAL_ALL | UTRACE_EVENT(JCTL))

static void wrong(const char *what)
{
	strlcat(answers, what, sizeof(answers));
	strlcat(answers, " ", sizeof(answers));
}

static void count(struct utrace_engine *engine, int event)
{
	struct client *client = engine->data;

	client->seen |= 1UL << event;
	counts[event]++;
}

static u32 client_quiesce(u32 action, struct utrace_engine *engine,
			  unsigned long event)
{
	count(engine, _UTRACE_EVENT_QUIESCE);
	if (!event && stopping) {
		complete(&stopped);
		return UTRACE_STOP;
	}
	/* nobody else is there to have chosen anything */
	if (utrace_resume_action(action) != UTRACE_RESUME)
		wrong("utrace_resume_action");
	return UTRACE_RESUME;
}

static u32 client_signal(u32 action, struct utrace_engine *engine,
			 struct pt_regs *regs, siginfo_t *info,
			 const struct k_sigaction *orig_ka,
			 struct k_sigaction *return_ka)
{
	switch (utrace_signal_action(action)) {
	case UTRACE_SIGNAL_REPORT:
	case UTRACE_SIGNAL_HANDLER:
		if (stopping) {
			complete(&stopped);
			return UTRACE_STOP | utrace_signal_action(action);
		}
		count(engine, _UTRACE_EVENT_QUIESCE);
		break;
	case UTRACE_SIGNAL_DELIVER:
		count(engine, _UTRACE_EVENT_SIGNAL);
		break;
	case UTRACE_SIGNAL_IGN:
		count(engine, _UTRACE_EVENT_SIGNAL_IGN);
		break;
	case UTRACE_SIGNAL_STOP:
	case UTRACE_SIGNAL_TSTP:
		count(engine, _UTRACE_EVENT_SIGNAL_STOP);
		break;
	case UTRACE_SIGNAL_TERM:
		count(engine, _UTRACE_EVENT_SIGNAL_TERM);
		/* it is a client that keeps its process from SIGTERM */
		if (info->si_signo == SIGTERM)
			return UTRACE_RESUME | UTRACE_SIGNAL_IGN;
		break;
	case UTRACE_SIGNAL_CORE:
		if (stepping && info->si_signo == SIGTRAP)
			return UTRACE_RESUME | UTRACE_SIGNAL_IGN;
		count(engine, _UTRACE_EVENT_SIGNAL_CORE);
		break;
	}
	return UTRACE_RESUME | utrace_signal_action(action);
}

static const struct utrace_engine_ops child_ops;

static u32 client_clone(u32 action, struct utrace_engine *parent,
			unsigned long clone_flags, struct task_struct *child)
{
	struct utrace_engine *engine;
	struct client *client;

	count(parent, _UTRACE_EVENT_CLONE);
	client = kzalloc(sizeof(*client), GFP_KERNEL);
	if (!client)
		return UTRACE_RESUME;
	engine = utrace_attach_task(child, UTRACE_ATTACH_CREATE |
				    UTRACE_ATTACH_EXCLUSIVE |
				    UTRACE_ATTACH_MATCH_OPS,
				    &child_ops, client);
	if (IS_ERR(engine)) {
		kfree(client);
		return UTRACE_RESUME;
	}
	client->engine = engine;
	if (utrace_set_events(child, engine, UTRACE_EVENT(DEATH)))
		WARN_ON(1);
	/* the attachment's own reference is enough: release() frees the rest */
	utrace_engine_put(engine);
	return UTRACE_RESUME;
}

static u32 client_exec(u32 action, struct utrace_engine *engine,
		       const struct linux_binfmt *fmt,
		       const struct linux_binprm *bprm, struct pt_regs *regs)
{
	count(engine, _UTRACE_EVENT_EXEC);
	return UTRACE_RESUME;
}

static u32 client_jctl(u32 action, struct utrace_engine *engine,
		       int type, int notify)
{
	count(engine, _UTRACE_EVENT_JCTL);
	return UTRACE_RESUME;
}

static u32 client_syscall_entry(u32 action, struct utrace_engine *engine,
				struct pt_regs *regs)
{
	unsigned long args[6], same[6];

	count(engine, _UTRACE_EVENT_SYSCALL_ENTRY);
	if (syscall_get_nr(current, regs) < 0)
		wrong("syscall_get_nr");
	syscall_get_arguments(current, regs, args);
	syscall_set_arguments(current, regs, args);
	syscall_get_arguments(current, regs, same);
	if (memcmp(args, same, sizeof(args)))
		wrong("syscall_set_arguments");
	return utrace_syscall_action(action) | UTRACE_RESUME;
}

static u32 client_syscall_exit(u32 action, struct utrace_engine *engine,
			       struct pt_regs *regs)
{
	long error = syscall_get_error(current, regs);

	count(engine, _UTRACE_EVENT_SYSCALL_EXIT);
	if (error && error != syscall_get_return_value(current, regs))
		wrong("syscall_get_error");
	return UTRACE_RESUME;
}

static u32 client_exit(u32 action, struct utrace_engine *engine,
		       long orig_code, long *code)
{
	count(engine, _UTRACE_EVENT_EXIT);
	exit_code = orig_code;
	return UTRACE_RESUME;
}

static u32 client_death(struct utrace_engine *engine, bool group_dead,
			int signal)
{
	count(engine, _UTRACE_EVENT_DEATH);
	return UTRACE_RESUME;
}

static void client_reap(struct utrace_engine *engine,
			struct task_struct *task)
{
	count(engine, _UTRACE_EVENT_REAP);
}

static void client_release(void *data)
{
	released++;
	kfree(data);
}

static const struct utrace_engine_ops client_ops = {
	.report_quiesce = client_quiesce,
	.report_signal = client_signal,
	.report_clone = client_clone,
	.report_jctl = client_jctl,
	.report_exec = client_exec,
	.report_syscall_entry = client_syscall_entry,
	.report_syscall_exit = client_syscall_exit,
	.report_exit = client_exit,
	.report_death = client_death,
	.report_reap = client_reap,
	.release = client_release,
};

static const struct utrace_engine_ops child_ops = {
	.report_death = client_death,
	.release = client_release,
};

/* ---- what is asked on loading ------------------------------------------ */

#define EXPECT(condition) do { if (!(condition)) wrong(#condition); } while (0)

/* The general registers, by the view, as they go into a core file. */
static void look(struct task_struct *task, struct utrace_engine *engine)
{
	const struct user_regset_view *view;
	const struct user_regset *regset;
	struct utrace_examiner exam;
	struct user_regs_struct regs;
	struct syscall_info info;
	int ret;

	ret = utrace_prepare_examine(task, engine, &exam);
	if (ret) {
		wrong("utrace_prepare_examine");
		return;
	}
	view = task_user_regset_view(task);
	regset = &view->regsets[0];
	EXPECT(regset->core_note_type == NT_PRSTATUS);
	if (regset_get(task, regset, sizeof(regs), &regs) == sizeof(regs))
		client_ip = regs.ip;
	else
		wrong("regset_get");
	EXPECT(regs.ip == task_pt_regs(task)->ip);
	EXPECT(task_current_syscall(task, &info) == 0);
	EXPECT(info.data.instruction_pointer == regs.ip);
	EXPECT(utrace_finish_examine(task, engine, &exam) == 0);
}

/* An engine that asks for nothing comes and goes. */
static void ask_by_pid(struct task_struct *task)
{
	struct client *client = kzalloc(sizeof(*client), GFP_KERNEL);
	struct utrace_engine *engine;
	int gone = released;

	if (!client)
		return;
	engine = utrace_attach_pid(first_pid, UTRACE_ATTACH_CREATE, &child_ops,
				   client);
	if (IS_ERR(engine)) {
		wrong("utrace_attach_pid");
		kfree(client);
		return;
	}
	EXPECT(utrace_set_events_pid(first_pid, engine,
				     UTRACE_EVENT(DEATH)) == 0);
	EXPECT(utrace_control_pid(first_pid, engine, UTRACE_DETACH) == 0);
	EXPECT(utrace_barrier_pid(first_pid, engine) == -ESRCH);
	EXPECT(utrace_control(task, engine, UTRACE_RESUME) == -ESRCH);
	EXPECT(released == gone);
	utrace_engine_put(engine);
	EXPECT(released == gone + 1);
	released = gone;
}

static void ask(struct task_struct *task, struct utrace_engine *engine)
{
	void (*volatile release)(struct utrace_engine *) =
		__utrace_engine_release;
	struct utrace_engine *other;
	enum utrace_resume_action action;
	int ret;

	other = utrace_attach_task(task, UTRACE_ATTACH_CREATE |
				   UTRACE_ATTACH_EXCLUSIVE |
				   UTRACE_ATTACH_MATCH_OPS, &client_ops, NULL);
	EXPECT(other == ERR_PTR(-EEXIST));
	other = utrace_attach_task(task, UTRACE_ATTACH_MATCH_OPS |
				   UTRACE_ATTACH_MATCH_DATA, &client_ops,
				   engine->data);
	EXPECT(other == engine);
	if (!IS_ERR(other))
		utrace_engine_put(other);
	other = utrace_attach_pid(first_pid, UTRACE_ATTACH_MATCH_OPS,
				  &child_ops, NULL);
	EXPECT(other == ERR_PTR(-ENOENT));
	other = utrace_attach_task(task, UTRACE_ATTACH_CREATE, NULL, NULL);
	EXPECT(other == ERR_PTR(-EINVAL));
	utrace_engine_get(engine);
	utrace_engine_put(engine);
	/* utrace_engine_put() may be inline: then modules call this */
	EXPECT(release != NULL);
	ask_by_pid(task);

	action = UTRACE_RESUME_MAX;
	EXPECT(utrace_control(task, engine, action) == -EINVAL);
	EXPECT(utrace_control(task, engine, UTRACE_REPORT) == -EINVAL);
	ret = utrace_set_events(task, engine, UTRACE_EVENT(QUIESCE));
	EXPECT(ret == 0);
	EXPECT(engine->flags & UTRACE_EVENT(QUIESCE));
	EXPECT(task_utrace_flags(task) ==
	       (UTRACE_EVENT(QUIESCE) | UTRACE_EVENT(REAP)));

	/* stop it, even out of a system call, by a callback's return */
	stopping = true;
	EXPECT(utrace_control(task, engine, UTRACE_INTERRUPT) == 0);
	if (!wait_for_completion_timeout(&stopped, 10 * HZ))
		wrong("it does not report");
	stopping = false;
	EXPECT(utrace_barrier(task, engine) == 0);
	/* it is on its way from the callback to the stop */
	while ((ret = utrace_control(task, engine, UTRACE_STOP)) ==
	       -EINPROGRESS)
		schedule_timeout_uninterruptible(1);
	EXPECT(ret == 0);
	look(task, engine);
	EXPECT(utrace_set_events(task, engine,
				 engine->flags | CLIENT_EVENTS) == 0);
	EXPECT(arch_has_single_step());
	stepping = true;
	EXPECT(utrace_control(task, engine, arch_has_block_step() ?
			      UTRACE_BLOCKSTEP : UTRACE_SINGLESTEP) == 0);
	EXPECT(utrace_control(task, engine, UTRACE_RESUME) == 0);
	EXPECT(utrace_control_pid(first_pid, engine, UTRACE_INTERRUPT) == 0);
	EXPECT(utrace_set_events_pid(first_pid, engine, CLIENT_EVENTS) == 0);
	EXPECT(utrace_barrier_pid(first_pid, engine) == 0);
	/* whoever brings the facility up himself finds that it is */
	EXPECT(utrace_init() == -EALREADY);
	EXPECT(utrace_exit() == -EBUSY);
}

static int __init client_init(void)
{
	struct utrace_engine *engine;
	int ret;

	first_pid = find_get_pid(pid);
	first = kzalloc(sizeof(*first), GFP_KERNEL);
	if (!first_pid || !first) {
		ret = first ? -ESRCH : -ENOMEM;
		goto out;
	}
	first->task = get_pid_task(first_pid, PIDTYPE_PID);
	if (!first->task) {
		ret = -ESRCH;
		goto out;
	}
	engine = utrace_attach_task(first->task, UTRACE_ATTACH_CREATE |
				    UTRACE_ATTACH_EXCLUSIVE |
				    UTRACE_ATTACH_MATCH_OPS,
				    &client_ops, first);
	if (IS_ERR(engine)) {
		ret = PTR_ERR(engine);
		put_task_struct(first->task);
		goto out;
	}
	first->engine = engine;
	ask(first->task, engine);
	if (!answers[0])
		wrong("fine");
	return 0;
out:
	kfree(first);
	put_pid(first_pid);
	return ret;
}

/*
 * As they did it: the children have to be gone by then, for nobody knows their
 * engines any more.
 */
static void __exit client_exit_module(void)
{
	struct utrace_engine *engine = first->engine;
	struct task_struct *task = first->task;
	int ret;

	ret = utrace_control(task, engine, UTRACE_DETACH);
	if (ret == -EINPROGRESS || ret == -EALREADY || ret == -ESRCH)
		do
			ret = utrace_barrier(task, engine);
		while (ret == -ERESTARTSYS);
	utrace_engine_put(engine);
	put_task_struct(task);
	put_pid(first_pid);
}

module_init(client_init);
module_exit(client_exit_module);

MODULE_DESCRIPTION("a client of utrace");
MODULE_LICENSE("GPL");
