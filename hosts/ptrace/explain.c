// SPDX-License-Identifier: LGPL-2.1-or-later
/* Why attaching to a thread fails, in one sentence. */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utrace/thread.h>

#include "ptrace_host.h"

/* longer chains of tracers are taken for loops */
#define MAX_CHAIN	64

struct text {
	char *buf;
	size_t size;
	int len;
};

#define say(text, ...) \
	((text)->len = snprintf((text)->buf, (text)->size, __VA_ARGS__))

/* The command name of a process, with what a terminal would obey made plain. */
static void name_of(pid_t pid, char *name, size_t size)
{
	char path[64];
	ssize_t len;
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	len = proc_read(path, name, size);
	if (len <= 0) {
		snprintf(name, size, "?");
		return;
	}
	for (at = name; *at; at++) {
		if (*at == '\n')
			*at = '\0';
		else if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
}

/* A worker of another utrace is known to its user as the program it serves. */
static pid_t visible_tracer(pid_t tracer)
{
	struct proc_info info;
	char name[32];

	name_of(tracer, name, sizeof(name));
	if (!strcmp(name, "utrace-worker") &&
	    !proc_read_status(0, tracer, &info) && info.ppid > 1)
		return info.ppid;
	return tracer;
}

/* The process that the library serves: a worker is a child of it. */
static pid_t program(void)
{
	return utrace_context.worker ? getppid() : getpid();
}

/*
 * Whether a process traces us, or traces who traces us, and so on, itself or by
 * a worker.  Two that traced each other would stop each other for good.
 */
bool traces_us(pid_t pid)
{
	struct proc_info info;
	pid_t at = program();
	int i;

	for (i = 0; i < MAX_CHAIN; i++) {
		if (proc_read_status(0, at, &info) || !info.tracer)
			return false;
		at = visible_tracer(info.tracer);
		if (info.tracer == pid || at == pid)
			return true;
	}
	return true;
}

/* Anyone may read how a user namespace maps IDs, and two seldom look alike. */
static bool same_map(pid_t pid)
{
	char ours[512], theirs[512], path[64];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	if (proc_read("/proc/self/uid_map", ours, sizeof(ours)) < 0 ||
	    proc_read(path, theirs, sizeof(theirs)) < 0)
		return true;
	return !strcmp(ours, theirs);
}

static bool same_namespace(pid_t pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	if (stat("/proc/self/ns/user", &ours))
		return true;	/* unknown: no reason to name */
	/* who may not trace may not look there either */
	if (stat(path, &theirs))
		return same_map(pid);
	return ours.st_ino == theirs.st_ino;
}

int yama_scope(void)
{
	char text[16];

	if (proc_read("/proc/sys/kernel/yama/ptrace_scope", text,
		      sizeof(text)) < 0)
		return 0;
	return atoi(text);
}

static bool same_ids(const unsigned int target[4], unsigned int ours)
{
	return target[0] == ours && target[1] == ours && target[2] == ours;
}

/* Whether who has these in effect may trace whom its IDs forbid. */
bool may_trace_anybody(uint64_t caps)
{
	return caps >> CAP_SYS_PTRACE & 1;
}

static bool may_do_anything(const struct proc_info *self)
{
	return may_trace_anybody(self->cap_effective);
}

/* What the kernel's ptrace_may_access() looks at, in its order. */
static void why_not_permitted(struct text *text, pid_t tid,
			      const struct proc_info *info)
{
	struct proc_info self;
	struct stat st;
	char path[64];

	if (proc_read_status(0, program(), &self))
		memset(&self, 0, sizeof(self));
	if (may_do_anything(&self)) {
		if (!same_namespace(tid))
			say(text, "it is in another user namespace, in which "
			    "this process has no CAP_SYS_PTRACE");
		else if (yama_scope() == 3)
			say(text, "Yama forbids all tracing "
			    "(/proc/sys/kernel/yama/ptrace_scope is 3)");
		else if (info->cap_permitted & ~self.cap_permitted)
			say(text, "it has capabilities that this process lacks");
		else
			say(text, "a security module or the container's "
			    "seccomp filter forbids it");
		return;
	}
	if (!same_ids(info->uids, getuid())) {
		say(text, "it runs as user %u and this process as user %u, "
		    "without CAP_SYS_PTRACE", info->uids[0], getuid());
		return;
	}
	if (!same_ids(info->gids, getgid())) {
		say(text, "it runs as group %u and this process as group %u, "
		    "without CAP_SYS_PTRACE", info->gids[0], getgid());
		return;
	}
	if (!same_namespace(tid)) {
		say(text, "it is in another user namespace, in which this "
		    "process has no CAP_SYS_PTRACE");
		return;
	}
	if (info->cap_permitted & ~self.cap_permitted) {
		say(text, "it has capabilities that this process lacks");
		return;
	}
	/* the files of a process that is not dumpable belong to root */
	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (!stat(path, &st) && st.st_uid != info->uids[1]) {
		say(text, "it is not dumpable: it changed its user, was "
		    "started from a file that only root may read, or asked "
		    "for it with prctl(PR_SET_DUMPABLE)");
		return;
	}
	switch (yama_scope()) {
	case 1:
		if (info->ppid == program())
			break;
		say(text, "Yama lets a process trace only its descendants "
		    "(/proc/sys/kernel/yama/ptrace_scope is 1)");
		return;
	case 2:
		say(text, "Yama lets only processes with CAP_SYS_PTRACE trace "
		    "(/proc/sys/kernel/yama/ptrace_scope is 2)");
		return;
	case 3:
		say(text, "Yama forbids all tracing "
		    "(/proc/sys/kernel/yama/ptrace_scope is 3)");
		return;
	}
	say(text, "a security module or the container's seccomp filter "
	    "forbids it");
}

static void why_eperm(struct text *text, pid_t tid)
{
	struct proc_info info;
	pid_t tracer;
	char name[64];

	if (proc_read_status(0, tid, &info)) {
		say(text, "there is no such process");
		return;
	}
	tracer = info.tracer ? visible_tracer(info.tracer) : 0;
	if (info.tgid == program()) {
		say(text, "it is this process itself");
	} else if (worker_is_ours(info.tgid)) {
		say(text, "it is a worker of this process itself");
	} else if (traces_us(info.tgid)) {
		name_of(tid, name, sizeof(name));
		say(text, "it (%s) traces this process", name);
	} else if (info.kernel_thread) {
		say(text, "it is a kernel thread");
	} else if (tracer == program()) {
		say(text, "it is traced by this process already");
	} else if (tracer) {
		name_of(tracer, name, sizeof(name));
		say(text, "it is traced by process %d (%s) already", tracer,
		    name);
	} else {
		why_not_permitted(text, tid, &info);
	}
}

static bool is_zombie(pid_t tid)
{
	struct proc_info info;

	return !proc_read_status(0, tid, &info) && info.state == 'Z';
}

int utrace_explain_attach(pid_t tid, int error, char *buf, size_t size)
{
	struct text text = { .buf = buf, .size = size, .len = 0 };

	switch (error) {
	case -EPERM:
	case -EACCES:
		why_eperm(&text, tid);
		break;
	case -ESRCH:
		if (!host_is_up())
			say(&text, "the library is not up");
		else if (is_zombie(tid))
			say(&text, "it has ended, and is a zombie until its "
			    "parent waits for it");
		else
			say(&text, "there is no such process");
		break;
	default:
		say(&text, "%s", strerror(error < 0 ? -error : error));
	}
	return text.len;
}
