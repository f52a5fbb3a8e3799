// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * waits WHAT: on "go" says "waiting" and waits in a system call that no
 * untraced run ends with EINTR while no handler runs; says "done" when it got
 * what it waited for, and how the call ended if it was not that.
 *	epoll, poll, select	for the next command
 *	sigtimedwait		for SIGUSR2
 *	sleep			a fifth of a second
 *	write			until the next command, when all is read
 *	signals			0.4 seconds, in epoll_wait; meanwhile gets SIGWINCH
 *				100 times, every 10 ms; says first how often when
 *				it was over: "signals N"; again on each "go"
 */
#include "prog.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

#define BIG	(1 << 20)

static const char *what;
static int full[2];

static void *drain(void *arg)
{
	static char buf[4096];
	long got = 0;
	ssize_t n;

	(void)arg;
	hear();
	while (got < BIG) {
		n = read(full[0], buf, sizeof(buf));
		if (n <= 0)
			error("drain");
		got += n;
	}
	return NULL;
}

#define SIGNALS	100

static volatile int sent;

static void *pester(void *arg)
{
	struct timespec often = { 0, 10000000 };

	(void)arg;
	for (; sent < SIGNALS; sent++) {
		nanosleep(&often, NULL);
		syscall(SYS_tgkill, getpid(), getpid(), SIGWINCH);
	}
	return NULL;
}

static int wait_with_signals(void)
{
	struct epoll_event ev;
	pthread_t thread;
	int ret, n, ep = epoll_create1(0);

	sent = 0;
	if (ep < 0 || pthread_create(&thread, NULL, pester, NULL))
		error("pester");
	ret = epoll_wait(ep, &ev, 1, 400);
	n = sent;
	pthread_join(thread, NULL);
	close(ep);
	tell("signals %d", n);
	return ret == 0;
}

static int wait_once(void)
{
	struct timespec minute = { 60, 0 }, fifth = { 0, 200000000 };
	struct pollfd pfd = { .fd = 3, .events = POLLIN };
	struct epoll_event ev = { .events = EPOLLIN };
	static char big[BIG];
	pthread_t thread;
	sigset_t set;
	fd_set fds;
	long ret;
	int ep;

	if (!strcmp(what, "epoll")) {
		ep = epoll_create1(0);
		if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, 3, &ev))
			error("epoll");
		tell("waiting");
		ret = epoll_wait(ep, &ev, 1, 60000) == 1;
		close(ep);
		return ret;
	}
	if (!strcmp(what, "sigtimedwait")) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		sigprocmask(SIG_BLOCK, &set, NULL);
		tell("waiting");
		return sigtimedwait(&set, NULL, &minute) == SIGUSR2;
	}
	if (!strcmp(what, "write")) {
		if (pipe(full) || pthread_create(&thread, NULL, drain, NULL))
			error("pipe");
		tell("waiting");
		ret = write(full[1], big, BIG);
		if (ret != BIG)
			return 0;
		pthread_join(thread, NULL);
		return 1;
	}
	tell("waiting");
	if (!strcmp(what, "poll"))
		return poll(&pfd, 1, 60000) == 1;
	if (!strcmp(what, "select")) {
		FD_ZERO(&fds);
		FD_SET(3, &fds);
		return select(4, &fds, NULL, NULL, NULL) == 1;
	}
	if (!strcmp(what, "signals"))
		return wait_with_signals();
	if (!strcmp(what, "sleep"))
		return nanosleep(&fifth, NULL) == 0;
	return 0;
}

int main(int argc, char **argv)
{
	what = argc > 1 ? argv[1] : "";
	ready();
	do {
		hear();
		if (!wait_once())
			error(what);
		tell("done");
	} while (!strcmp(what, "signals"));
	hear();
	return 0;
}
