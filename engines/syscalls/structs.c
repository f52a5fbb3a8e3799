// SPDX-License-Identifier: LGPL-2.1-or-later
/* Arguments that point at structures: what stands in the thread's memory. */
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "args.h"
#include "names.h"

#define NAMED(number, name)	{ (unsigned long)(number), name }
#define END			{ 0, NULL }

#define SHOWN	16	/* elements of an array that are shown */

/* Read what argument @i points at, or print the address and be false. */
static bool fetch(struct text *text, const struct call *call, int i, void *buf,
		  size_t size)
{
	if (arg_read(call, call->args[i], buf, size))
		return true;
	arg_address(text, call->args[i]);
	return false;
}

void print_int_out(struct text *text, const struct call *call, int i)
{
	int value;

	if (fetch(text, call, i, &value, sizeof(value)))
		text_printf(text, "[%d]", value);
}

void print_long_out(struct text *text, const struct call *call, int i)
{
	long value;

	if (fetch(text, call, i, &value, sizeof(value)))
		text_printf(text, "[%ld]", value);
}

void print_pair(struct text *text, const struct call *call, int i)
{
	int fd[2];

	if (fetch(text, call, i, fd, sizeof(fd)))
		text_printf(text, "[%d, %d]", fd[0], fd[1]);
}

/* ---- time -------------------------------------------------------------- */

static void timespec(struct text *text, const struct timespec *ts)
{
	text_printf(text, "{tv_sec=%ld, tv_nsec=%ld}", (long)ts->tv_sec,
		    ts->tv_nsec);
}

static void timeval(struct text *text, const struct timeval *tv)
{
	text_printf(text, "{tv_sec=%ld, tv_usec=%ld}", (long)tv->tv_sec,
		    (long)tv->tv_usec);
}

void print_timespec(struct text *text, const struct call *call, int i)
{
	struct timespec ts;

	if (fetch(text, call, i, &ts, sizeof(ts)))
		timespec(text, &ts);
}

void print_timespec2(struct text *text, const struct call *call, int i)
{
	struct timespec ts[2];

	if (!fetch(text, call, i, ts, sizeof(ts)))
		return;
	text_put(text, "[");
	timespec(text, &ts[0]);
	text_put(text, ", ");
	timespec(text, &ts[1]);
	text_put(text, "]");
}

void print_timeval(struct text *text, const struct call *call, int i)
{
	struct timeval tv;

	if (fetch(text, call, i, &tv, sizeof(tv)))
		timeval(text, &tv);
}

void print_itimerspec(struct text *text, const struct call *call, int i)
{
	struct itimerspec its;

	if (!fetch(text, call, i, &its, sizeof(its)))
		return;
	text_put(text, "{it_interval=");
	timespec(text, &its.it_interval);
	text_put(text, ", it_value=");
	timespec(text, &its.it_value);
	text_put(text, "}");
}

void print_itimerval(struct text *text, const struct call *call, int i)
{
	struct itimerval itv;

	if (!fetch(text, call, i, &itv, sizeof(itv)))
		return;
	text_put(text, "{it_interval=");
	timeval(text, &itv.it_interval);
	text_put(text, ", it_value=");
	timeval(text, &itv.it_value);
	text_put(text, "}");
}

/* ---- signals ----------------------------------------------------------- */

void print_sigset(struct text *text, const struct call *call, int i)
{
	unsigned long mask;

	if (fetch(text, call, i, &mask, sizeof(mask)))
		text_sigset(text, mask);
}

/* As the kernel has it, which is not as the library has it. */
struct kernel_sigaction {
	unsigned long handler;
	unsigned long flags;
	unsigned long restorer;
	unsigned long mask;
};

#define KERNEL_SA_RESTORER	0x04000000

static const struct flag handlers[] = {
	NAMED(0, "SIG_DFL"), NAMED(1, "SIG_IGN"), END
};

static const struct flag action_flags[] = {
	FLAG(SA_NOCLDSTOP), FLAG(SA_NOCLDWAIT), FLAG(SA_SIGINFO),
	NAMED(KERNEL_SA_RESTORER, "SA_RESTORER"), FLAG(SA_ONSTACK),
	FLAG(SA_RESTART), FLAG(SA_NODEFER), FLAG(SA_RESETHAND), END
};

void print_sigaction(struct text *text, const struct call *call, int i)
{
	struct kernel_sigaction sa;

	if (!fetch(text, call, i, &sa, sizeof(sa)))
		return;
	text_put(text, "{sa_handler=");
	text_choice(text, handlers, sa.handler);
	text_put(text, ", sa_mask=");
	text_sigset(text, sa.mask);
	text_put(text, ", sa_flags=");
	text_flags(text, action_flags, (unsigned int)sa.flags);
	if (sa.flags & KERNEL_SA_RESTORER)
		text_printf(text, ", sa_restorer=%#lx", sa.restorer);
	text_put(text, "}");
}

void print_siginfo(struct text *text, const struct call *call, int i)
{
	siginfo_t info;

	if (fetch(text, call, i, &info, sizeof(info)))
		text_siginfo(text, &info);
}

/* ---- processes and limits ---------------------------------------------- */

void print_wait_status(struct text *text, const struct call *call, int i)
{
	int status;

	/* with no child that changed there is no status */
	if (call->ret == 0) {
		arg_address(text, call->args[i]);
		return;
	}
	if (!fetch(text, call, i, &status, sizeof(status)))
		return;
	if (WIFEXITED(status)) {
		text_printf(text, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]",
			    WEXITSTATUS(status));
	} else if (WIFSIGNALED(status)) {
		text_put(text, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		text_signal(text, WTERMSIG(status));
		text_put(text, WCOREDUMP(status) ? " && WCOREDUMP(s)}]" : "}]");
	} else if (WIFSTOPPED(status)) {
		text_put(text, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		text_signal(text, WSTOPSIG(status));
		text_put(text, "}]");
	} else if (WIFCONTINUED(status)) {
		text_put(text, "[{WIFCONTINUED(s)}]");
	} else {
		text_printf(text, "[%#x]", status);
	}
}

static void limit(struct text *text, rlim_t value)
{
	if (value == RLIM_INFINITY)
		text_put(text, "RLIM_INFINITY");
	else if (value >= 1024 && value % 1024 == 0)
		text_printf(text, "%lu*1024", (unsigned long)value / 1024);
	else
		text_printf(text, "%lu", (unsigned long)value);
}

void print_rlimit(struct text *text, const struct call *call, int i)
{
	struct rlimit r;

	if (!fetch(text, call, i, &r, sizeof(r)))
		return;
	text_put(text, "{rlim_cur=");
	limit(text, r.rlim_cur);
	text_put(text, ", rlim_max=");
	limit(text, r.rlim_max);
	text_put(text, "}");
}

void print_clone_args(struct text *text, const struct call *call, int i)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
		uint64_t stack, stack_size, tls;
	} a;

	if (!fetch(text, call, i, &a, sizeof(a)))
		return;
	text_put(text, "{flags=");
	text_clone_flags(text, a.flags & ~(uint64_t)0xff);
	text_put(text, ", exit_signal=");
	text_signal(text, (int)a.exit_signal);
	text_printf(text, ", stack=%#lx, stack_size=%#lx, tls=%#lx}",
		    (unsigned long)a.stack, (unsigned long)a.stack_size,
		    (unsigned long)a.tls);
}

void print_uts(struct text *text, const struct call *call, int i)
{
	struct utsname u;

	if (!fetch(text, call, i, &u, sizeof(u)))
		return;
	text_put(text, "{sysname=");
	text_quoted(text, u.sysname, strnlen(u.sysname, sizeof(u.sysname)),
		    false);
	text_put(text, ", nodename=");
	text_quoted(text, u.nodename, strnlen(u.nodename, sizeof(u.nodename)),
		    false);
	text_put(text, ", ...}");
}

/* ---- files ------------------------------------------------------------- */

static const struct flag file_types[] = {
	FLAG(S_IFSOCK), FLAG(S_IFLNK), FLAG(S_IFREG), FLAG(S_IFBLK),
	FLAG(S_IFDIR), FLAG(S_IFCHR), FLAG(S_IFIFO), END
};

static void file_mode(struct text *text, unsigned int mode)
{
	text_choice(text, file_types, mode & S_IFMT);
	text_printf(text, "|%#03o", mode & ~S_IFMT);
}

void print_stat(struct text *text, const struct call *call, int i)
{
	struct stat st;

	if (!fetch(text, call, i, &st, sizeof(st)))
		return;
	text_put(text, "{st_mode=");
	file_mode(text, st.st_mode);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		text_printf(text, ", st_rdev=%#lx, ...}",
			    (unsigned long)st.st_rdev);
	else
		text_printf(text, ", st_size=%lld, ...}",
			    (long long)st.st_size);
}

void print_statx(struct text *text, const struct call *call, int i)
{
	struct statx st;

	if (!fetch(text, call, i, &st, sizeof(st)))
		return;
	text_put(text, "{stx_mask=");
	text_flags(text, arg_flags(A_STATX), st.stx_mask);
	text_put(text, ", stx_mode=");
	file_mode(text, st.stx_mode);
	text_printf(text, ", stx_size=%llu, ...}",
		    (unsigned long long)st.stx_size);
}

static const struct flag resolve_flags[] = {
	FLAG(RESOLVE_NO_XDEV), FLAG(RESOLVE_NO_MAGICLINKS),
	FLAG(RESOLVE_NO_SYMLINKS), FLAG(RESOLVE_BENEATH),
	FLAG(RESOLVE_IN_ROOT), FLAG(RESOLVE_CACHED), END
};

void print_open_how(struct text *text, const struct call *call, int i)
{
	struct call flags = *call;
	struct open_how how;

	if (!fetch(text, call, i, &how, sizeof(how)))
		return;
	flags.args[i] = how.flags;
	text_put(text, "{flags=");
	print_open(text, &flags, i);
	text_printf(text, ", mode=%#llo, resolve=",
		    (unsigned long long)how.mode);
	text_flags(text, resolve_flags, how.resolve);
	text_put(text, "}");
}

/* ---- waiting for files ------------------------------------------------- */

void print_fd_set(struct text *text, const struct call *call, int i)
{
	unsigned char bits[1024 / 8] = { 0 };
	unsigned int n = call->args[0], fd;
	const char *before = "[";

	/* the kernel reads whole words */
	if (n > sizeof(bits) * 8)
		n = sizeof(bits) * 8;
	if (!fetch(text, call, i, bits, (n + 63) / 64 * 8))
		return;
	for (fd = 0; fd < n; fd++) {
		if (!(bits[fd / 8] >> fd % 8 & 1))
			continue;
		text_printf(text, "%s%u", before, fd);
		before = " ";
	}
	text_put(text, *before == '[' ? "[]" : "]");
}

static const struct flag poll_events[] = {
	FLAG(POLLIN), FLAG(POLLPRI), FLAG(POLLOUT), FLAG(POLLERR),
	FLAG(POLLHUP), FLAG(POLLNVAL), FLAG(POLLRDNORM), FLAG(POLLRDBAND),
	FLAG(POLLWRNORM), FLAG(POLLWRBAND), FLAG(POLLMSG), FLAG(POLLRDHUP),
	END
};

void print_pollfds(struct text *text, const struct call *call, int i)
{
	struct pollfd fds[SHOWN];
	unsigned long n = call->args[i + 1];
	size_t shown = n < SHOWN ? n : SHOWN, j;

	if (!shown) {
		arg_address(text, call->args[i]);
		return;
	}
	if (!fetch(text, call, i, fds, shown * sizeof(fds[0])))
		return;
	text_put(text, "[");
	for (j = 0; j < shown; j++) {
		text_printf(text, "%s{fd=%d, events=", j ? ", " : "",
			    fds[j].fd);
		text_flags(text, poll_events, (unsigned short)fds[j].events);
		text_put(text, "}");
	}
	text_put(text, shown < n ? ", ...]" : "]");
}

static const struct flag epoll_events[] = {
	NAMED(EPOLLIN, "EPOLLIN"), NAMED(EPOLLPRI, "EPOLLPRI"),
	NAMED(EPOLLOUT, "EPOLLOUT"), NAMED(EPOLLERR, "EPOLLERR"),
	NAMED(EPOLLHUP, "EPOLLHUP"), NAMED(EPOLLRDNORM, "EPOLLRDNORM"),
	NAMED(EPOLLRDBAND, "EPOLLRDBAND"), NAMED(EPOLLWRNORM, "EPOLLWRNORM"),
	NAMED(EPOLLWRBAND, "EPOLLWRBAND"), NAMED(EPOLLMSG, "EPOLLMSG"),
	NAMED(EPOLLRDHUP, "EPOLLRDHUP"),
	NAMED(EPOLLEXCLUSIVE, "EPOLLEXCLUSIVE"),
	NAMED(EPOLLWAKEUP, "EPOLLWAKEUP"), NAMED(EPOLLONESHOT, "EPOLLONESHOT"),
	NAMED(1U << 31, "EPOLLET"), END
};

static void epoll_event(struct text *text, const struct epoll_event *event)
{
	text_put(text, "{events=");
	text_flags(text, epoll_events, event->events);
	text_printf(text, ", data=%#llx}", (unsigned long long)event->data.u64);
}

void print_epoll_event(struct text *text, const struct call *call, int i)
{
	struct epoll_event event;

	if (fetch(text, call, i, &event, sizeof(event)))
		epoll_event(text, &event);
}

void print_epoll_events(struct text *text, const struct call *call, int i)
{
	struct epoll_event events[SHOWN];
	size_t n = call->ret, shown = n < SHOWN ? n : SHOWN, j;

	if (n && !fetch(text, call, i, events, shown * sizeof(events[0])))
		return;
	text_put(text, "[");
	for (j = 0; j < shown; j++) {
		if (j)
			text_put(text, ", ");
		epoll_event(text, &events[j]);
	}
	text_put(text, shown < n ? ", ...]" : "]");
}
