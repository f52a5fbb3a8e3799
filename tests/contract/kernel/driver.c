// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver of the test module: for each test it loads the module anew, and
 * has a process run it in the module (device.h).  The main thread of that
 * process does what the module asks for.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include "../user/runner.h"
#include "../user/spawn.h"
#include "device.h"

#define MODULE	"utrace_contract"

static char module_path[PATH_MAX];
static int device = -1;			/* while the module is loaded */

/* ---- the module ---------------------------------------------------------- */

static int load_module(void)
{
	char parameters[64];
	int fd, err;

	snprintf(parameters, sizeof(parameters), "patience_ms=%u",
		 runner_patience_ms);
	fd = open(module_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	if (err)
		return err;
	device = open("/dev/" H_DEVICE, O_RDWR | O_CLOEXEC);
	return device < 0 ? -errno : 0;
}

/* Who is still on the way out of it is given time. */
static int unload_module(void)
{
	struct timespec tenth = { 0, 100000000 };
	unsigned int i;

	if (device >= 0)
		close(device);
	device = -1;
	for (i = 0; i < runner_patience_ms / 100; i++) {
		if (!syscall(SYS_delete_module, MODULE, O_NONBLOCK))
			return 0;
		if (errno != EAGAIN && errno != EBUSY)
			return -errno;
		nanosleep(&tenth, NULL);
	}
	return -EBUSY;
}

static bool before(struct runner_output *o)
{
	int err = load_module();

	if (err)
		runner_say(o, "# loading %s: %s\n", module_path,
			   strerror(-err));
	return !err;
}

static bool after(struct runner_output *o)
{
	char buf[4096];
	ssize_t n;
	int err;

	/* What the test's process did not hand on: it was killed. */
	while ((n = read(device, buf, sizeof(buf))) > 0)
		runner_add(o, buf, n);
	err = unload_module();
	if (err)
		runner_say(o, "# unloading " MODULE ": %s\n", strerror(-err));
	return !err;
}

/* ---- what the module asks for -------------------------------------------- */

static void *be_thread(void *arg)
{
	ioctl(device, H_THREAD, (unsigned long)arg);
	return NULL;
}

static int start_thread(unsigned long number)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, be_thread, (void *)number);

	if (!err)
		pthread_detach(thread);
	return -err;
}

static int start_program(struct h_request *rq)
{
	const char *argv[32], *arg = rq->text;
	unsigned int n = 0, i;
	pid_t pid;

	for (; *arg && n < 31; arg += strlen(arg) + 1)
		argv[n++] = arg;
	argv[n] = NULL;
	pid = spawn_program(runner_programs, argv, &rq->fd[0], &rq->fd[1]);
	for (i = 0; pid > 0 && i < 2; i++)
		fcntl(rq->fd[i], F_SETFL, fcntl(rq->fd[i], F_GETFL) |
		      O_NONBLOCK);
	return pid;
}

static int read_file(char *text, size_t size)
{
	int fd = open(text, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	else
		text[n] = 0;
	close(fd);
	return n;
}

static void perform(struct h_request *rq)
{
	switch (rq->op) {
	case H_OP_START:
		rq->ret = start_program(rq);
		break;
	case H_OP_WAIT:
		rq->ret = child_state(rq->pid, rq->options, &rq->status);
		break;
	case H_OP_TRACE:
		rq->ret = spawn_tracer(rq->pid, &rq->status);
		break;
	case H_OP_THREAD:
		rq->ret = start_thread(rq->pid);
		break;
	case H_OP_READ:
		rq->ret = read_file(rq->text, sizeof(rq->text));
		break;
	default:
		rq->ret = -ENOSYS;
	}
}

static void serve(void)
{
	static struct h_request rq;
	int i;

	while (!ioctl(device, H_NEXT, &rq)) {
		perform(&rq);
		if (ioctl(device, H_ANSWER, &rq))
			perror("H_ANSWER");
		/* the module holds them now */
		for (i = 0; i < 2 && rq.op == H_OP_START && rq.ret > 0; i++)
			close(rq.fd[i]);
	}
	if (errno != ESHUTDOWN)
		perror("H_NEXT");
}

/* ---- one test, in a process of its own ----------------------------------- */

static void nothing(int sig)
{
	(void)sig;
}

static void *in_module(void *arg)
{
	int *result = arg;

	*result = ioctl(device, H_RUN, *result);
	if (*result < 0) {
		perror("H_RUN");
		_exit(2);		/* there will be no requests */
	}
	return NULL;
}

static int run(unsigned int n, int diag)
{
	struct sigaction sa = { .sa_handler = nothing };
	pthread_t thread;
	char buf[4096];
	int result = n;
	ssize_t len;

	/* what interrupts a thread of the test */
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (pthread_create(&thread, NULL, in_module, &result))
		return 2;
	serve();
	pthread_join(thread, NULL);
	while ((len = read(device, buf, sizeof(buf))) > 0)
		if (write(diag, buf, len) != len)
			return 2;
	return result;
}

/* ---- which tests there are ----------------------------------------------- */

static struct h_listed *listed;

/* The module has its list only while it is loaded. */
static int load(struct runner *runner)
{
	struct runner_test *tests;
	unsigned int n = 0, i;
	int err;

	err = load_module();
	while (!err) {
		listed = realloc(listed, (n + 1) * sizeof(*listed));
		if (!listed)
			abort();
		listed[n].number = n;
		if (ioctl(device, H_LIST, &listed[n]))
			break;
		n++;
	}
	if (!err)
		err = unload_module();
	if (err) {
		fprintf(stderr, "%s: %s\n", module_path, strerror(-err));
		return 2;
	}
	tests = calloc(n + 1, sizeof(*tests));
	if (!tests)
		abort();
	for (i = 0; i < n; i++)
		tests[i] = (struct runner_test){
			listed[i].name, listed[i].ids, listed[i].file,
		};
	runner->tests = tests;
	runner->count = n;
	return 0;
}

static int option(int argc, char **argv)
{
	if (strcmp(argv[0], "--module") || argc < 2)
		return 0;
	snprintf(module_path, sizeof(module_path), "%s", argv[1]);
	return 2;
}

int main(int argc, char **argv)
{
	struct runner runner = {
		.options = " [--module FILE]", .option = option, .load = load,
		.run = run, .before = before, .after = after,
	};
	char own[PATH_MAX];

	runner_directory(own);
	snprintf(module_path, sizeof(module_path), "%.4000s/" MODULE ".ko",
		 own);
	return runner_main(argc, argv, &runner);
}
