// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the library promises to the program that it is in: handles are not
 * redirected, a fork child has no engines, no descriptor survives exec, and the
 * library can be unloaded.
 *
 *	embed [LIBRARY]
 *
 * The library is loaded by dlopen(), each test runs in a process of its own.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

#include <utrace/state.h>
#include <utrace/thread.h>
#include <utrace/utrace.h>

#define PASSED	0
#define FAILED	1
#define SKIPPED	77
#define ROUNDS	20

static const char *library;

static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
}

#define CHECK(what) do {						\
	if (!(what)) {							\
		say("line %d: %s (errno %d)", __LINE__, #what, errno);	\
		_exit(FAILED);						\
	}								\
} while (0)

#define CHECK_EQ(expr, want) do {					\
	long got_ = (long)(expr), want_ = (long)(want);			\
	if (got_ != want_) {						\
		say("line %d: %s is %ld, not %ld", __LINE__, #expr,	\
		    got_, want_);					\
		_exit(FAILED);						\
	}								\
} while (0)

/* ---- the library, loaded ------------------------------------------------- */

#define CALLS(X)							\
	X(init) X(shutdown) X(exit)					\
	X(attach_task) X(attach_pid) X(control) X(set_events)		\
	X(barrier) X(prepare_examine) X(finish_examine)			\
	X(control_pid) X(set_events_pid) X(barrier_pid)			\
	X(engine_put)							\
	X(set_syscalls) X(syscall_set_new) X(syscall_set_free)		\
	X(thread_find) X(thread_put) X(thread_list) X(thread_start)	\
	X(thread_go) X(thread_group) X(pid_find) X(pid_put)		\
	X(get_regs) X(read_memory) X(write_memory)			\
	X(current_syscall)

#define MEMBER(call) __typeof__(utrace_##call) *call;
static struct {
	CALLS(MEMBER)
} ut;
static void *loaded;

static void load(void)
{
	loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!loaded) {
		say("%s", dlerror());
		_exit(FAILED);
	}
#define LOAD(call) CHECK((ut.call = dlsym(loaded, "utrace_" #call)));
	CALLS(LOAD)
}

/* ---- what is traced ------------------------------------------------------ */

/* A process that sleeps; it ends with us. */
static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	CHECK(pid > 0);
	return pid;
}

static void end(pid_t pid)
{
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

/* The number behind a name in /proc/PID/status, or -1. */
static long status_of(pid_t pid, const char *name)
{
	char path[64], line[256];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			value = atol(line + strlen(name));
	fclose(file);
	return value;
}

static uint32_t on_quiesce(uint32_t action, struct utrace_engine *engine,
			   unsigned long event)
{
	(void)engine;
	(void)event;
	return action;
}

static const struct utrace_engine_ops ops = { .report_quiesce = on_quiesce };

static struct utrace_engine *attach(struct utrace_thread *thread)
{
	struct utrace_engine *engine;

	engine = ut.attach_task(thread, UTRACE_ATTACH_CREATE, &ops, NULL);
	CHECK(!utrace_is_err(engine));
	CHECK_EQ(ut.set_events(thread, engine, UTRACE_EVENT(QUIESCE)), 0);
	return engine;
}

static bool is_err(const void *ptr, int err)
{
	return utrace_is_err(ptr) && utrace_ptr_err(ptr) == err;
}

/* ---- the tests ----------------------------------------------------------- */

/*
 * A child of a given ID that sleeps; 0 if we may not choose IDs.  The ID of a
 * process that was waited for is still taken for a moment if its tracer, a thread
 * of ours, has not let go of it.
 */
static pid_t sleeper_of_id(pid_t id)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (unsigned long)&id,
		.set_tid_size = 1,
	};
	time_t end = time(NULL) + 60;
	pid_t pid;

	do
		pid = syscall(SYS_clone3, &args, sizeof(args));
	while (pid < 0 && errno == EEXIST && time(NULL) < end &&
	       !sched_yield());
	if (pid < 0)
		say("clone3() with ID %d: %s", id, strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid > 0 ? pid : 0;
}

/* Handles of a process that is gone, whose ID was given to another. */
static int id_is_given_out_anew(void)
{
	int i;

	load();
	CHECK_EQ(ut.init(), 0);
	for (i = 0; i < ROUNDS; i++) {
		struct utrace_thread *traced, *thread, *again;
		pid_t with = sleeper(), without = sleeper();
		struct utrace_engine *engine;
		struct utrace_pid *pid;
		char byte;

		traced = ut.thread_find(with);
		thread = ut.thread_find(without);
		pid = ut.pid_find(without);
		CHECK(!utrace_is_err(traced) && !utrace_is_err(thread) && pid);
		engine = attach(traced);
		end(with);
		end(without);
		if (!sleeper_of_id(without)) {
			say("clone3() does not let us choose an ID");
			return SKIPPED;
		}
		/* the library takes leave of what it traced in its own time:
		 * of one that is dead first, then of one that is reaped */
		while (ut.set_events(traced, engine, 0) != -ESRCH)
			sched_yield();
		CHECK_EQ(sleeper_of_id(with), with);

		CHECK(is_err(ut.attach_task(thread, UTRACE_ATTACH_CREATE, &ops,
					    NULL), -ESRCH));
		CHECK(is_err(ut.attach_pid(pid, UTRACE_ATTACH_CREATE, &ops,
					   NULL), -ESRCH));
		CHECK(is_err(ut.attach_task(traced, UTRACE_ATTACH_CREATE, &ops,
					    NULL), -ESRCH));
		CHECK_EQ(ut.read_memory(thread, (unsigned long)&byte, &byte, 1),
			 -ESRCH);
		CHECK_EQ(ut.write_memory(traced, (unsigned long)&byte, &byte,
					 1), -ESRCH);
		CHECK_EQ(ut.control(traced, engine, UTRACE_STOP), -ESRCH);
		CHECK_EQ(ut.set_events(traced, engine, 0), -ESRCH);
		CHECK_EQ(status_of(with, "TracerPid:"), 0);
		CHECK_EQ(status_of(without, "TracerPid:"), 0);
		ut.engine_put(engine);

		/* a new handle is of the new process */
		again = ut.thread_find(with);
		CHECK(!utrace_is_err(again));
		CHECK(again != traced);
		engine = attach(again);
		CHECK(status_of(with, "TracerPid:") > 0);
		CHECK_EQ(ut.control(again, engine, UTRACE_DETACH), 0);
		ut.engine_put(engine);
		ut.thread_put(again);
		ut.thread_put(traced);
		ut.thread_put(thread);
		ut.pid_put(pid);
		end(with);
		end(without);
	}
	CHECK_EQ(ut.shutdown(), 0);
	return PASSED;
}

/* Every call in a fork child. */
static void in_fork_child(struct utrace_thread *thread, struct utrace_pid *pid,
			  struct utrace_engine *engine, pid_t target)
{
	struct utrace_start start = {
		.size = sizeof(start),
		.path = "/bin/true",
		.argv = (char *[]){ "true", NULL },
	};
	struct utrace_syscall_set *set = ut.syscall_set_new();
	struct utrace_examiner exam = { 0 };
	struct utrace_syscall_info info;
	struct utrace_regs regs;
	char byte = 0;

	CHECK_EQ(ut.control(thread, engine, UTRACE_RESUME), -ESRCH);
	CHECK_EQ(ut.control(thread, engine, UTRACE_DETACH), -ESRCH);
	CHECK_EQ(ut.set_events(thread, engine, 0), -ESRCH);
	CHECK_EQ(ut.set_syscalls(thread, engine, set), -ESRCH);
	CHECK_EQ(ut.barrier(thread, engine), -ESRCH);
	CHECK_EQ(ut.prepare_examine(thread, engine, &exam), -ESRCH);
	CHECK_EQ(ut.finish_examine(thread, engine, &exam), -ESRCH);
	CHECK_EQ(ut.control_pid(pid, engine, UTRACE_RESUME), -ESRCH);
	CHECK_EQ(ut.set_events_pid(pid, engine, 0), -ESRCH);
	CHECK_EQ(ut.barrier_pid(pid, engine), -ESRCH);
	CHECK(is_err(ut.attach_task(thread, 0, &ops, NULL), -ESRCH));
	CHECK(is_err(ut.attach_task(thread, UTRACE_ATTACH_CREATE, &ops, NULL),
		     -ESRCH));
	CHECK(is_err(ut.attach_pid(pid, UTRACE_ATTACH_CREATE, &ops, NULL),
		     -ESRCH));
	CHECK(is_err(ut.thread_find(target), -ESRCH));
	CHECK(!ut.pid_find(target));
	CHECK(is_err(ut.thread_start(&start), -ESRCH));
	CHECK_EQ(ut.thread_go(thread), -ESRCH);
	CHECK_EQ(ut.get_regs(thread, &regs), -ESRCH);
	CHECK_EQ(ut.read_memory(thread, (unsigned long)&byte, &byte, 1),
		 -ESRCH);
	CHECK_EQ(ut.write_memory(thread, (unsigned long)&byte, &byte, 1),
		 -ESRCH);
	CHECK_EQ(ut.current_syscall(thread, &info), -ESRCH);
	CHECK_EQ(ut.shutdown(), -ESRCH);
	CHECK_EQ(ut.exit(), -ESRCH);
	ut.syscall_set_free(set);

	/* on its own it may begin anew; the thread belongs to its parent */
	CHECK_EQ(ut.init(), 0);
	thread = ut.thread_find(target);
	CHECK(!utrace_is_err(thread));
	CHECK(is_err(ut.attach_task(thread, UTRACE_ATTACH_CREATE, &ops, NULL),
		     -EPERM));
	ut.thread_put(thread);
	target = sleeper();
	thread = ut.thread_find(target);
	CHECK(!utrace_is_err(thread));
	engine = attach(thread);
	ut.engine_put(engine);
	ut.thread_put(thread);
	CHECK_EQ(ut.shutdown(), 0);
	end(target);
	_exit(PASSED);
}

static int fork_child_has_nothing(void)
{
	struct utrace_engine *engine;
	struct utrace_thread *thread;
	pid_t target = sleeper(), child;
	struct utrace_pid *pid;
	int status;

	load();
	CHECK_EQ(ut.init(), 0);
	thread = ut.thread_find(target);
	pid = ut.pid_find(target);
	CHECK(!utrace_is_err(thread) && pid);
	engine = attach(thread);
	child = fork();
	CHECK(child >= 0);
	if (!child)
		in_fork_child(thread, pid, engine, target);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	/* here all is as it was */
	CHECK_EQ(ut.set_events(thread, engine, 0), 0);
	CHECK_EQ(ut.barrier(thread, engine), 0);
	CHECK_EQ(ut.control(thread, engine, UTRACE_DETACH), 0);
	CHECK_EQ(ut.shutdown(), 0);
	end(target);
	return PASSED;
}

/* The descriptors of a program that is executed in a child, as text. */
static void descriptors(char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fds[2];
	pid_t pid;

	CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		execl("/bin/ls", "ls", "/proc/self/fd", NULL);
		_exit(FAILED);
	}
	close(fds[1]);
	while ((n = read(fds[0], text + len, size - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	close(fds[0]);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

static int no_descriptor_survives_exec(void)
{
	char before[1000], after[1000];
	struct utrace_thread *threads[8];
	struct utrace_engine *engines[8];
	struct utrace_start start = {
		.size = sizeof(start),
		.path = "/bin/sleep",
		.argv = (char *[]){ "sleep", "1000", NULL },
	};
	struct utrace_thread *started;
	pid_t pid, pids[8];
	int i;

	load();
	for (i = 0; i < 8; i++)
		pids[i] = sleeper();
	descriptors(before, sizeof(before));
	CHECK_EQ(ut.init(), 0);
	for (i = 0; i < 8; i++) {
		threads[i] = ut.thread_find(pids[i]);
		CHECK(!utrace_is_err(threads[i]));
		engines[i] = attach(threads[i]);
	}
	/* held before its first instruction, and held on */
	started = ut.thread_start(&start);
	CHECK(!utrace_is_err(started));
	descriptors(after, sizeof(after));
	if (strcmp(before, after)) {
		say("before: %s", before);
		say("after: %s", after);
		return FAILED;
	}
	for (i = 0; i < 8; i++) {
		ut.engine_put(engines[i]);
		ut.thread_put(threads[i]);
		end(pids[i]);
	}
	pid = ut.thread_group(started);
	CHECK_EQ(ut.thread_go(started), 0);
	ut.thread_put(started);
	CHECK_EQ(ut.shutdown(), 0);
	end(pid);
	return PASSED;
}

static bool is_mapped(void)
{
	const char *name = strrchr(library, '/') + 1;
	char line[PATH_MAX + 200];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "re");

	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		found |= strstr(line, name) != NULL;
	fclose(maps);
	return found;
}

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int nothing_stays_after_unloading(void)
{
	pid_t target = sleeper();
	int i, open = count_descriptors();

	for (i = 0; i < ROUNDS; i++) {
		struct utrace_engine *engine;
		struct utrace_thread *thread;

		load();
		CHECK(is_mapped());
		CHECK_EQ(ut.init(), 0);
		thread = ut.thread_find(target);
		CHECK(!utrace_is_err(thread));
		engine = attach(thread);
		CHECK(status_of(target, "TracerPid:") > 0);
		/* a thread that is stopped goes on */
		if (i & 1 && ut.control(thread, engine, UTRACE_STOP) < 0)
			sched_yield();
		ut.engine_put(engine);
		ut.thread_put(thread);
		CHECK_EQ(ut.shutdown(), 0);
		CHECK_EQ(ut.exit(), 0);
		CHECK_EQ(dlclose(loaded), 0);
		CHECK(!is_mapped());
		CHECK_EQ(status_of(getpid(), "Threads:"), 1);
		CHECK_EQ(status_of(target, "TracerPid:"), 0);
		CHECK_EQ(waitpid(-1, NULL, WNOHANG | __WALL), 0);
		CHECK_EQ(count_descriptors(), open);
	}
	end(target);
	/* and no child but the one that we made */
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
	return PASSED;
}

static const struct {
	const char *name;
	int (*run)(void);
} tests[] = {
	{ "an ID that is given out anew redirects no call",
	  id_is_given_out_anew },
	{ "a fork child has no engines: -ESRCH", fork_child_has_nothing },
	{ "no descriptor survives exec", no_descriptor_survives_exec },
	{ "unloaded after utrace_shutdown(), nothing stays",
	  nothing_stays_after_unloading },
};

int main(int argc, char **argv)
{
	static char path[PATH_MAX + 40];
	char self[PATH_MAX];
	unsigned int i, n = sizeof(tests) / sizeof(tests[0]);
	int status, bad = 0;
	ssize_t len;
	pid_t pid;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return 2;
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(path, sizeof(path), "%s/../libutrace.so.0", self);
	library = argc > 1 ? argv[1] : path;
	for (i = 0; i < n; i++) {
		fflush(stdout);
		pid = fork();
		if (!pid) {
			alarm(60);
			_exit(tests[i].run());
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 2;
		if (WIFSIGNALED(status))
			say("killed by signal %d", WTERMSIG(status));
		if (status && status != SKIPPED << 8)
			bad++;
		printf("%s %u - %s%s\n", status && status != SKIPPED << 8 ?
		       "not ok" : "ok", i + 1, tests[i].name,
		       status == SKIPPED << 8 ? " # SKIP" : "");
	}
	printf("1..%u\n", n);
	return bad ? 1 : 0;
}
