// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading what /proc says of threads. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ptrace_host.h"

/* how often, every 0.1 ms, it looks whether an exec is over: it takes moments */
#define EXEC_TRIES	100
/* how much of the program's code is looked through at a time */
#define CODE_PART	(64 << 10)

ssize_t proc_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += n;
	}
	close(fd);
	buf[len] = '\0';
	return len ? (ssize_t)len : -ESRCH;
}

/* Where in the program's memory there is this code; 0: nowhere. */
unsigned long proc_find_code(struct utrace_thread *thread, const void *code,
			     size_t size)
{
	unsigned long start, end, found = 0;
	char path[64], line[512], rights[5];
	uint8_t *part, *at;
	FILE *maps;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/maps", thread->tid);
	part = malloc(CODE_PART);
	maps = part ? fopen(path, "re") : NULL;
	while (maps && !found && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) != 3 ||
		    rights[0] != 'r' || rights[2] != 'x' || (long)start < 0)
			continue;
		while (!found && end - start >= size) {
			n = end - start < CODE_PART ? end - start : CODE_PART;
			n = utrace_read_memory(thread, start, part, n);
			if (n < (ssize_t)size)
				break;
			at = memmem(part, n, code, size);
			if (at)
				found = start + (at - part);
			start += n - (size - 1);
		}
	}
	if (maps)
		fclose(maps);
	free(part);
	return found;
}

static const char *field(const char *text, const char *name)
{
	const char *at = text;
	size_t len = strlen(name);

	while (at) {
		if (!strncmp(at, name, len))
			return at + len;
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	return NULL;
}

static long long number(const char *text, const char *name)
{
	const char *at = field(text, name);

	return at ? strtoll(at, NULL, 10) : -1;
}

/* Of a line with several. */
static long long last_number(const char *text, const char *name)
{
	const char *at = field(text, name);
	long long n = -1;
	char *end;

	for (; at; at = end) {
		n = strtoll(at, &end, 10);
		if (*end == '\n' || end == at)
			break;
	}
	return n;
}

static uint64_t hex(const char *text, const char *name)
{
	const char *at = field(text, name);

	return at ? strtoull(at, NULL, 16) : 0;
}

static void four(const char *text, const char *name, unsigned int ids[4])
{
	const char *at = field(text, name);

	if (!at || sscanf(at, "%u %u %u %u", &ids[0], &ids[1], &ids[2],
			  &ids[3]) != 4)
		memset(ids, 0xff, 4 * sizeof(ids[0]));
}

static void path_of(char *path, size_t size, pid_t tgid, pid_t tid,
		    const char *file)
{
	if (tgid > 0)
		snprintf(path, size, "/proc/%d/task/%d/%s", tgid, tid, file);
	else
		snprintf(path, size, "/proc/%d/%s", tid, file);
}

/* 0, or -ESRCH.  @tgid may be 0 if it is not known. */
int proc_read_status(pid_t tgid, pid_t tid, struct proc_info *info)
{
	char path[64], text[8192];
	const char *at;
	ssize_t len;

	path_of(path, sizeof(path), tgid, tid, "status");
	len = proc_read(path, text, sizeof(text));
	if (len < 0)
		return len == -ENOENT ? -ESRCH : (int)len;
	memset(info, 0, sizeof(*info));
	at = field(text, "State:\t");
	info->state = at ? *at : '?';
	info->tgid = number(text, "Tgid:");
	info->ppid = number(text, "PPid:");
	info->tracer = number(text, "TracerPid:");
	info->sig_blocked = hex(text, "SigBlk:");
	info->sig_ignored = hex(text, "SigIgn:");
	info->sig_caught = hex(text, "SigCgt:");
	info->sig_pending = hex(text, "SigPnd:");
	info->group_pending = hex(text, "ShdPnd:");
	info->cap_permitted = hex(text, "CapPrm:");
	info->cap_effective = hex(text, "CapEff:");
	info->seccomp = number(text, "Seccomp:");
	info->own_tgid = last_number(text, "NStgid:");
	info->own_tid = last_number(text, "NSpid:");
	info->init = info->own_tid == 1;
	/* a kernel thread has no memory; a zombie has none any more */
	info->kernel_thread = !field(text, "VmSize:") &&
			      !is_dead_state(info->state);
	four(text, "Uid:", info->uids);
	four(text, "Gid:", info->gids);
	return 0;
}

/* 0, or -ESRCH.  The command's name in the line may contain anything. */
int proc_read_stat(pid_t tgid, pid_t tid, struct proc_stat *stat)
{
	char path[64], text[2048], *at;
	ssize_t len;
	int n;

	path_of(path, sizeof(path), tgid, tid, "stat");
	len = proc_read(path, text, sizeof(text));
	if (len < 0)
		return len == -ENOENT ? -ESRCH : (int)len;
	at = strrchr(text, ')');
	if (!at)
		return -ESRCH;
	n = sscanf(at + 1,
		   " %c %d %*d %*d %*d %*d %lu %*u %lu %*u %*u %*u %*u %*d %*d"
		   " %*d %*d %ld %*d %llu %*u %*d %*u %*u %*u %*u %*u %*u %*u"
		   " %*u %*u %*u %*u %*u %*u %d",
		   &stat->state, &stat->ppid, &stat->flags,
		   &stat->child_faults, &stat->threads,
		   &stat->start, &stat->exit_signal);
	return n == 7 ? 0 : -ESRCH;
}

bool proc_is_dead(pid_t tid)
{
	struct proc_stat stat;

	return proc_read_stat(0, tid, &stat) || is_dead_state(stat.state);
}

/* An entry of what the kernel gave the program at its start; 0: there is none. */
unsigned long proc_auxv(pid_t tid, bool i386, unsigned int type)
{
	union {
		uint64_t words[2 * 64];
		uint32_t halves[4 * 64];
		char bytes[1];
	} vector = { .words = { 0 } };
	char path[64];
	ssize_t i, n;

	snprintf(path, sizeof(path), "/proc/%d/auxv", tid);
	n = proc_read(path, vector.bytes, sizeof(vector));
	n /= i386 ? sizeof(vector.halves[0]) : sizeof(vector.words[0]);
	for (i = 0; i + 1 < n; i += 2)
		if ((i386 ? vector.halves[i] : vector.words[i]) == type)
			return i386 ? vector.halves[i + 1] :
				      vector.words[i + 1];
	return 0;
}

static ssize_t list_threads(pid_t pid, pid_t *tids, size_t max)
{
	struct dirent *entry;
	char path[64];
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (n < max)
			tids[n] = atoi(entry->d_name);
		n++;
	}
	closedir(dir);
	return n ? (ssize_t)n : -ESRCH;
}

/*
 * The threads of a process, as many as fit: how many there are, or an error.
 * Some that live all the time may be missing; see below.  While one takes over
 * the leader's ID by exec, there is a process and for a moment no list of it.
 */
ssize_t proc_list_threads(pid_t pid, pid_t *tids, size_t max)
{
	ssize_t n;
	int tries;

	for (tries = 0; tries < EXEC_TRIES; tries++) {
		n = list_threads(pid, tids, max);
		if (n != -ESRCH || (kill(pid, 0) && errno == ESRCH))
			break;
		usleep(100);
	}
	return n;
}

/*
 * Whether @n threads that were just listed were all at one moment.  The kernel
 * goes from one to the next, and if that one ends just then it ends the list, or
 * skips somebody.  But if there are as many as were listed, and then each of
 * those is still there, then it was them.
 */
bool proc_list_is_whole(pid_t pid, const pid_t *tids, size_t n)
{
	struct proc_stat stat;
	size_t i;

	if (proc_read_stat(pid, pid, &stat) || stat.threads != (long)n)
		return false;
	for (i = 0; i < n; i++)
		if (syscall(SYS_tgkill, pid, tids[i], 0) && errno == ESRCH)
			return false;
	return true;
}
