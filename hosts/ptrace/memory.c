// SPDX-License-Identifier: LGPL-2.1-or-later
/* The memory of a traced thread, and what /proc says about its system call. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include <utrace/state.h>

#include "ptrace_host.h"

static int traced(struct utrace_thread *thread)
{
	if (!host_is_up() || port_load(&thread->phase) != PHASE_SEIZED ||
	    port_load(&thread->run) == RUN_DEAD)
		return -ESRCH;
	return 0;
}

/* /proc/PID/mem obeys no page protection, as a debugger wants it. */
static ssize_t through_proc(struct utrace_thread *thread, unsigned long addr,
			    void *in, const void *out, size_t len)
{
	char path[64];
	size_t done = 0;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", port_load(&thread->tid));
	fd = open(path, (out ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (done < len) {
		if (out)
			n = pwrite(fd, (const char *)out + done, len - done,
				   addr + done);
		else
			n = pread(fd, (char *)in + done, len - done,
				  addr + done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += n;
	}
	close(fd);
	return done ? (ssize_t)done : -EFAULT;
}

ssize_t utrace_read_memory(struct utrace_thread *thread, unsigned long addr,
			   void *buf, size_t len)
{
	struct iovec local = { buf, len };
	struct iovec remote = { (void *)addr, len };
	ssize_t n;

	if (traced(thread))
		return -ESRCH;
	if (!len)
		return 0;
	n = process_vm_readv(port_load(&thread->tid), &local, 1, &remote, 1, 0);
	if (n == (ssize_t)len)
		return n;
	return through_proc(thread, addr, buf, NULL, len);
}

ssize_t utrace_write_memory(struct utrace_thread *thread, unsigned long addr,
			    const void *buf, size_t len)
{
	if (traced(thread))
		return -ESRCH;
	if (!len)
		return 0;
	return through_proc(thread, addr, NULL, buf, len);
}

/* Page by page, so that a string at the end of its mapping can be read. */
ssize_t utrace_read_string(struct utrace_thread *thread, unsigned long addr,
			   char *buf, size_t size)
{
	size_t done = 0, part;
	ssize_t n;
	char *end;

	if (!size)
		return 0;
	while (done < size) {
		part = 4096 - (addr + done) % 4096;
		if (part > size - done)
			part = size - done;
		if (part > 256)
			part = 256;
		n = utrace_read_memory(thread, addr + done, buf + done, part);
		if (n <= 0) {
			buf[done < size ? done : size - 1] = '\0';
			return done && n == -EFAULT ? -EFAULT : n;
		}
		end = memchr(buf + done, '\0', n);
		if (end)
			return end - buf;
		done += n;
	}
	buf[size - 1] = '\0';
	return size;
}

int utrace_current_syscall(struct utrace_thread *thread,
			   struct utrace_syscall_info *info)
{
	unsigned long long a[6], sp, ip;
	char path[64], text[512];
	ssize_t len;
	int n, nr;

	if (!host_is_up())
		return -ESRCH;
	memset(info, 0, sizeof(*info));
	snprintf(path, sizeof(path), "/proc/%d/syscall",
		 port_load(&thread->tid));
	if (port_load(&thread->phase) == PHASE_GONE)
		return -ESRCH;
	len = proc_read(path, text, sizeof(text));
	if (len < 0)
		return len == -ENOENT ? -ESRCH : len == -EACCES ? -EPERM :
		       (int)len;
	if (!strncmp(text, "running", 7))
		return -EAGAIN;
	n = sscanf(text, "%d %llx %llx %llx %llx %llx %llx %llx %llx", &nr,
		   &a[0], &a[1], &a[2], &a[3], &a[4], &a[5], &sp, &ip);
	info->nr = -1;
	if (n == 9) {
		info->nr = nr;
		for (n = 0; n < 6; n++)
			info->args[n] = a[n];
		info->sp = sp;
		info->ip = ip;
		return 0;
	}
	if (sscanf(text, "-1 %llx %llx", &sp, &ip) == 2) {
		info->sp = sp;
		info->ip = ip;
		return 0;
	}
	return -ESRCH;
}
