/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A group of threads with one engine on each, for a module.
 *
 * What makes a module with engines safe to unload is here, in four rules:
 *
 *  - The group keeps a reference to each engine and to its thread, so that every
 *    call can be made at any time, whatever has become of the two.
 *  - The engines have no release callback.  Nothing of the module's is called
 *    once the last callback is over, and for that one can wait.
 *  - Whoever takes a member off a list of the group owns it, and nobody else
 *    does.  The owner detaches it and waits for its callbacks, as
 *    member_let_go() says, before it frees it.
 *  - report_reap() is the last callback of all, but it cannot wait for itself.
 *    So it leaves the member to a worker, which waits for it as any owner does.
 *
 * A module has one struct group, and embeds struct member at the beginning of
 * what it keeps for a thread.
 */
#ifndef SAMPLES_GROUP_H
#define SAMPLES_GROUP_H

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/utrace.h>
#include <linux/workqueue.h>

/* What a member does about what its process creates. */
#define MEMBER_FOLLOWS	0x1	/* its children become members, and theirs */
#define MEMBER_PARENT	0x2	/* it is there for the sake of those alone */

struct group;

/**
 * struct member - an engine on a thread
 * @node: in &struct group.members or .gone; empty once it has an owner
 * @refs: one for being on a list or for the owner, others while it is looked at
 * @group: the group
 * @id: they are numbered in the order in which they came, and so are the lists
 * @task: the thread, referenced
 * @engine: the engine, referenced
 * @process: ID of the process
 * @thread: ID of the thread; both as the first PID namespace has them
 * @how: MEMBER_*
 */
struct member {
	struct list_head node;
	struct kref refs;
	struct group *group;
	u64 id;
	struct task_struct *task;
	struct utrace_engine *engine;
	pid_t process;
	pid_t thread;
	unsigned int how;
};

/**
 * struct verb - what can be written to the file control, before a process ID
 * @name: the word
 * @obey: does it, and gives 0 or a negative errno
 */
struct verb {
	const char *name;
	int (*obey)(struct group *group, struct pid *pid);
};

/**
 * struct group - the members of a module
 * @ops: the callbacks; report_clone calls group_clone(), report_reap
 *	group_reaped(), and there is no release
 * @size: bytes of what embeds struct member at its beginning
 * @start: null, or prepares a new member, which is on the list but not called for
 *	anything yet, and gives 0 or a negative errno
 * @events: tells what a member is called for; CLONE and REAP come by themselves
 * @verbs: null, or what can be written besides, with a null name at the end
 */
struct group {
	const struct utrace_engine_ops *ops;
	size_t size;
	int (*start)(struct member *member);
	unsigned long (*events)(const struct member *member);
	const struct verb *verbs;

	/* private: */
	/*
	 * Protects the lists, the nodes on them, next and closing, for callbacks
	 * and for callers.  Nothing is taken under it but what a module's own
	 * callbacks say.
	 */
	spinlock_t lock;
	struct list_head members;
	struct list_head gone;
	u64 next;
	bool closing;
	struct work_struct sweep;
};

/* ---- one member -------------------------------------------------------- */

static void member_free(struct kref *refs)
{
	struct member *member = container_of(refs, struct member, refs);

	utrace_engine_put(member->engine);
	put_task_struct(member->task);
	kfree(member);
}

static void member_put(struct member *member)
{
	kref_put(&member->refs, member_free);
}

/*
 * Detach a member that one owns, and give it up.  When this returns no callback
 * to it runs, and none will.  Not in a callback of the same thread.
 */
static void member_let_go(struct member *member)
{
	struct utrace_engine *engine = member->engine;
	int err;

	/*
	 * -EALREADY: its death is being told just now, and cannot be called
	 * off.  Once it has been, the engine can be detached again.
	 */
	for (;;) {
		err = utrace_control(member->task, engine, UTRACE_DETACH);
		if (err != -EALREADY)
			break;
		schedule_timeout_uninterruptible(1);
	}
	/*
	 * 0: that was the last callback.  -EINPROGRESS: one is running.
	 * -ESRCH: it is being reaped, which report_reap() may not have been told
	 * yet; or something detached it that is not us.  In both cases it is
	 * over when the barrier says that the engine is detached.  A signal to us
	 * is no reason to leave code behind that is still being run.
	 */
	while (err && member->task != current) {
		if (utrace_barrier(member->task, engine) == -ESRCH)
			break;
		schedule_timeout_uninterruptible(1);
	}
	member_put(member);
}

/* ---- joining ----------------------------------------------------------- */

/* The caller has a reference to the member besides. */
static int group_join(struct group *group, struct member *member)
{
	int err = -ESHUTDOWN;

	spin_lock(&group->lock);
	if (!group->closing) {
		kref_get(&member->refs);
		member->id = group->next++;
		list_add_tail(&member->node, &group->members);
		err = 0;
	}
	spin_unlock(&group->lock);
	return err;
}

/* Whether the caller owns it now. */
static bool group_take(struct group *group, struct member *member)
{
	bool mine;

	spin_lock(&group->lock);
	mine = !list_empty(&member->node);
	list_del_init(&member->node);
	spin_unlock(&group->lock);
	return mine;
}

/*
 * Make a thread a member.  Somebody else may take the member as soon as it is on
 * the list, hence the reference of this function's own.
 *
 * -EEXIST: it is one.  -EPERM, -ESRCH, -ENOMEM, -ERESTARTNOINTR: as attaching.
 * -EALREADY: it is dead.  -ESHUTDOWN: the group is being closed.
 */
static int group_add(struct group *group, struct task_struct *task,
		     unsigned int how)
{
	struct utrace_engine *engine;
	struct member *member;
	int err;

	member = kzalloc(group->size, GFP_KERNEL);
	if (!member)
		return -ENOMEM;
	/* EXCLUSIVE: whoever comes second is told that it is a member */
	engine = utrace_attach_task(task, UTRACE_ATTACH_CREATE |
					  UTRACE_ATTACH_EXCLUSIVE |
					  UTRACE_ATTACH_MATCH_OPS,
				    group->ops, member);
	if (IS_ERR(engine)) {
		kfree(member);
		return PTR_ERR(engine);
	}
	INIT_LIST_HEAD(&member->node);
	kref_init(&member->refs);
	member->group = group;
	member->task = get_task_struct(task);
	member->engine = engine;	/* with the reference from attaching */
	member->process = task_tgid_nr(task);
	member->thread = task_pid_nr(task);
	member->how = how;

	err = group_join(group, member);
	if (err) {
		/* nobody knows it: let go of it as its owner */
		member_let_go(member);
		return err;
	}
	/* It is called for nothing yet, so that there is time to prepare. */
	err = group->start ? group->start(member) : 0;
	if (!err)
		err = utrace_set_events(task, engine,
					UTRACE_EVENT(CLONE) |
					UTRACE_EVENT(REAP) |
					group->events(member));
	if (err && group_take(group, member))
		member_let_go(member);
	member_put(member);
	return err;
}

/* For report_clone(). The child does not run before this returns. */
static void group_clone(struct member *parent, unsigned long clone_flags,
			struct task_struct *child)
{
	unsigned int how = parent->how;

	if (!(clone_flags & CLONE_THREAD)) {
		if (!(how & MEMBER_FOLLOWS))
			return;
		how &= ~MEMBER_PARENT;
	}
	if (group_add(parent->group, child, how) == -ENOMEM)
		pr_warn_ratelimited("no memory to follow thread %d\n",
				    task_pid_nr(child));
}

/* As many living threads of a process as there is room for, referenced. */
static unsigned int threads_of(struct task_struct *leader,
			       struct task_struct **threads, unsigned int room)
{
	struct task_struct *thread;
	unsigned int n = 0;

	rcu_read_lock();
	for_each_thread(leader, thread) {
		if (READ_ONCE(thread->exit_state))
			continue;
		if (n == room)
			break;
		threads[n++] = get_task_struct(thread);
	}
	rcu_read_unlock();
	return n;
}

/*
 * Make members of the threads there are now.  Adds to *@added how many are new.
 * That they end meanwhile is nothing to worry about.
 */
static int group_add_threads(struct group *group, struct task_struct *leader,
			     unsigned int how, unsigned int *added)
{
	unsigned int room = get_nr_threads(leader) + 16, n, i;
	struct task_struct **threads;
	int err = 0, ret;

	threads = kvcalloc(room, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	n = threads_of(leader, threads, room);
	for (i = 0; i < n; i++) {
		ret = err ?: group_add(group, threads[i], how);
		if (!ret)
			++*added;
		else if (ret != -EEXIST && ret != -ESRCH && ret != -EALREADY)
			err = ret;
		put_task_struct(threads[i]);
	}
	kvfree(threads);
	return err;
}

/* Take the members of a process off the list, one after the other. */
static unsigned int group_drop_process(struct group *group, pid_t process)
{
	struct member *member, *found;
	unsigned int n = 0;

	do {
		found = NULL;
		spin_lock(&group->lock);
		list_for_each_entry(member, &group->members, node)
			if (member->process == process) {
				found = member;
				list_del_init(&found->node);
				break;
			}
		spin_unlock(&group->lock);
		if (found) {
			member_let_go(found);
			n++;
		}
	} while (found);
	return n;
}

/*
 * Make members of all threads of a process.  A thread that one of them creates
 * meanwhile becomes one through group_clone() if its creator is one, and is found
 * the next time round if not.
 *
 * -ESRCH: no such process, or it is dead.  -EEXIST: all of it is in the group.
 */
static int group_add_process(struct group *group, struct pid *pid,
			     unsigned int how)
{
	struct task_struct *leader = get_pid_task(pid, PIDTYPE_TGID);
	unsigned int added = 0, before;
	bool alive;
	int err;

	if (!leader)
		return -ESRCH;
	do {
		before = added;
		err = group_add_threads(group, leader, how, &added);
	} while (!err && added != before);
	if (err)
		group_drop_process(group, task_tgid_nr(leader));
	alive = !thread_group_empty(leader) || !READ_ONCE(leader->exit_state);
	put_task_struct(leader);
	if (!err && !added)
		err = alive ? -EEXIST : -ESRCH;
	return err;
}

/* ---- leaving ----------------------------------------------------------- */

static struct member *group_take_first(struct group *group,
				       struct list_head *list)
{
	struct member *member;

	spin_lock(&group->lock);
	member = list_first_entry_or_null(list, struct member, node);
	if (member)
		list_del_init(&member->node);
	spin_unlock(&group->lock);
	return member;
}

static void group_sweep(struct work_struct *work)
{
	struct group *group = container_of(work, struct group, sweep);
	struct member *member;

	while ((member = group_take_first(group, &group->gone)))
		member_let_go(member);
}

/* For report_reap(), as the last thing: the member belongs to the worker then. */
static void group_reaped(struct member *member)
{
	struct group *group = member->group;
	bool listed;

	spin_lock(&group->lock);
	listed = !list_empty(&member->node);
	if (listed)
		list_move_tail(&member->node, &group->gone);
	spin_unlock(&group->lock);
	if (listed)
		schedule_work(&group->sweep);
}

/* ---- looking at them --------------------------------------------------- */

/*
 * The first with this number or a higher one, with a reference: so that a list of
 * them can be written while they come and go.
 */
static struct member *group_find(struct group *group, u64 id)
{
	struct member *member, *found = NULL;

	spin_lock(&group->lock);
	list_for_each_entry(member, &group->members, node)
		if (member->id >= id) {
			found = member;
			kref_get(&found->refs);
			break;
		}
	spin_unlock(&group->lock);
	return found;
}

/* ---- the group --------------------------------------------------------- */

static void group_init(struct group *group)
{
	spin_lock_init(&group->lock);
	INIT_LIST_HEAD(&group->members);
	INIT_LIST_HEAD(&group->gone);
	INIT_WORK(&group->sweep, group_sweep);
}

/*
 * The end: nobody becomes a member any more, and when this returns no callback
 * runs, so that the module can go.  Its files have to be gone before.
 */
static void group_close(struct group *group)
{
	struct member *member;

	spin_lock(&group->lock);
	group->closing = true;
	spin_unlock(&group->lock);
	/* Whoever is neither here nor there has an owner who waits for it... */
	while ((member = group_take_first(group, &group->members)))
		member_let_go(member);
	while ((member = group_take_first(group, &group->gone)))
		member_let_go(member);
	/* ...and that is the worker, which no callback can wake any more. */
	cancel_work_sync(&group->sweep);
}

/* ---- the file control -------------------------------------------------- */

#define COMMAND_MAX	64

static int group_follow(struct group *group, struct pid *pid)
{
	return group_add_process(group, pid, MEMBER_FOLLOWS);
}

static int group_add_alone(struct group *group, struct pid *pid)
{
	return group_add_process(group, pid, 0);
}

static int group_drop(struct group *group, struct pid *pid)
{
	return group_drop_process(group, pid_nr(pid)) ? 0 : -ENOENT;
}

/* What all modules know. */
static const struct verb group_verbs[] = {
	{ "", group_add_alone },
	{ "follow", group_follow },
	{ "-", group_drop },
	{}
};

static const struct verb *find_verb(const struct verb *verbs, const char *name)
{
	for (; verbs && verbs->name; verbs++)
		if (!strcmp(verbs->name, name))
			return verbs;
	return NULL;
}

static int group_command(struct group *group, char *text)
{
	const struct verb *verb;
	char *name = "";
	struct pid *pid;
	int nr, err;

	text = strim(text);
	if (*text == '-') {
		name = "-";
		text++;
	} else if (strchr(text, ' ')) {
		name = strsep(&text, " ");
		text = skip_spaces(text);
	}
	verb = find_verb(group_verbs, name) ?: find_verb(group->verbs, name);
	if (!verb || !isdigit(*text) || kstrtoint(text, 10, &nr) || nr <= 0)
		return -EINVAL;
	pid = find_get_pid(nr);		/* in the writer's namespace */
	if (!pid)
		return -ESRCH;
	err = verb->obey(group, pid);
	put_pid(pid);
	return err;
}

/*
 * Obey what is written: "PID", "-PID" or "VERB PID".  -EINVAL: nothing of that
 * kind; -ESRCH: no such process; -EFAULT; or what came of it.
 */
static ssize_t group_write(struct group *group, const char __user *from,
			   size_t len)
{
	char text[COMMAND_MAX];
	int err;

	/* Half a number would be another process: all of it, or nothing. */
	if (!len || len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	text[len] = 0;
	if (strlen(text) != len)
		return -EINVAL;
	err = group_command(group, text);
	return err ?: len;
}

/* Who is a member. */
static int group_show(struct seq_file *seq, void *unused)
{
	struct member *member;
	u64 id = 0;

	while ((member = group_find(seq->private, id))) {
		seq_printf(seq, "%d/%d%s\n", member->process, member->thread,
			   member->how & MEMBER_PARENT ? " children" :
			   member->how & MEMBER_FOLLOWS ? " follow" : "");
		id = member->id + 1;
		member_put(member);
		cond_resched();
	}
	return 0;
}

static int group_open(struct inode *inode, struct file *file)
{
	return single_open(file, group_show, inode->i_private);
}

static ssize_t group_control(struct file *file, const char __user *from,
			     size_t len, loff_t *pos)
{
	struct seq_file *seq = file->private_data;

	return group_write(seq->private, from, len);
}

/* For debugfs_create_file(), with the group as its data. */
static const struct file_operations group_control_ops = {
	.owner = THIS_MODULE,
	.open = group_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.write = group_control,
	.release = single_release,
};

#endif /* SAMPLES_GROUP_H */
