// SPDX-License-Identifier: LGPL-2.1-or-later
/* Traced programs: stress_kid, and the memory shared with it. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "stress.h"

extern char **environ;

/* Out of the way of the descriptors that the program gets. */
static int high(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 100);

	if (copy < 0)
		abort();
	close(fd);
	return copy;
}

static int spawn(pid_t *pid, const char *mode, unsigned int n, int memory,
		 int tube)
{
	char number[16];
	char *argv[] = { "stress_kid", (char *)mode, number, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int err;

	snprintf(number, sizeof(number), "%u", n);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, memory, KID_FD);
	if (tube >= 0)
		posix_spawn_file_actions_adddup2(&actions, tube, KID_PIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
				 POSIX_SPAWN_SETSIGMASK);
	err = posix_spawn(pid, kid_program, &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return err;
}

struct kid *kid_new(struct round *r, const char *mode, unsigned int n)
{
	struct kid *kid = s_alloc(r, sizeof(*kid));
	int memory = high(memfd_create("stress", MFD_CLOEXEC));
	int err, tube[2];

	if (ftruncate(memory, sizeof(struct share)) ||
	    pipe2(tube, O_CLOEXEC | O_NONBLOCK))
		abort();
	tube[0] = high(tube[0]);
	tube[1] = high(tube[1]);
	fcntl(tube[1], F_SETFL, 0);
	kid->share = mmap(NULL, sizeof(struct share), PROT_READ | PROT_WRITE,
			  MAP_SHARED, memory, 0);
	if (kid->share == MAP_FAILED)
		abort();
	kid->nthreads = n;
	kid->tube = tube[0];
	err = spawn(&kid->pid, mode, n, memory, tube[1]);
	close(memory);
	close(tube[1]);
	if (err) {
		FAIL("%s: errno %d", kid_program, err);
		exit(1);
	}
	kid->next = r->kids;
	r->kids = kid;
	return kid;
}

struct kid *kid_loop(struct round *r, unsigned int nthreads)
{
	struct kid *kid = kid_new(r, "loop", nthreads);

	wait_until(sh_load(&kid->share->ready) == nthreads);
	return kid;
}

struct utrace_thread *kid_thread(struct kid *kid, unsigned int n)
{
	if (!kid->threads[n]) {
		pid_t tid = sh_load(&kid->share->threads[n].tid);

		kid->threads[n] = utrace_thread_find(tid);
		if (IS_ERR(kid->threads[n])) {
			FAIL("no handle for thread %u of %d: %ld", n, kid->pid,
			     PTR_ERR(kid->threads[n]));
			exit(1);
		}
	}
	return kid->threads[n];
}

void kid_cmd(struct kid *kid, unsigned int n, enum kid_cmd cmd, int arg)
{
	struct kid_thread *thread = &kid->share->threads[n];

	sh_store(&thread->arg, arg);
	sh_store(&thread->cmd, cmd);
	syscall(SYS_futex, &thread->cmd, FUTEX_WAKE, 1 << 30, NULL, NULL, 0);
}

uint64_t kid_loops(struct kid *kid, unsigned int n)
{
	return sh_load(&kid->share->threads[n].loops);
}

bool kid_moves(struct kid *kid, unsigned int n)
{
	uint64_t before = kid_loops(kid, n);

	/* a full pipe would stop it */
	return wait_until(kid_written(kid) + 1 &&
			  kid_loops(kid, n) > before + 1);
}

int kid_wait(struct kid *kid)
{
	while (!kid->waited) {
		if (waitpid(kid->pid, &kid->status, 0) == kid->pid)
			kid->waited = true;
		else if (errno != EINTR) {
			FAIL("waiting for %d: errno %d", kid->pid, errno);
			return -1;
		}
	}
	return kid->status;
}

bool kid_right(struct kid *kid)
{
	unsigned int errors = sh_load(&kid->share->errors);

	if (errors)
		FAIL("%u errors in the program, stress_kid.c:%d errno %d",
		     errors, sh_load(&kid->share->error_line),
		     sh_load(&kid->share->error_no));
	return !errors;
}

unsigned int kid_written(struct kid *kid)
{
	char buf[4096];
	unsigned int sum = 0;
	ssize_t n;

	while ((n = read(kid->tube, buf, sizeof(buf))) > 0)
		sum += n;
	return sum;
}

void kids_end(struct round *r)
{
	struct kid *kid;
	unsigned int i;

	for (kid = r->kids; kid; kid = kid->next) {
		if (!kid->waited) {
			kill(kid->pid, SIGKILL);
			kid_wait(kid);
		}
		/* its children end by themselves, unless something holds them */
		if (!wait_until(kill(-kid->pid, 0) && errno == ESRCH)) {
			kid_held(kid, true);
			kill(-kid->pid, SIGKILL);
		}
		for (i = 0; i < KID_THREADS; i++)
			if (kid->threads[i])
				utrace_thread_put(kid->threads[i]);
		munmap(kid->share, sizeof(*kid->share));
		close(kid->tube);
	}
	r->kids = NULL;
}

/* ---- what /proc tells ---------------------------------------------------- */

char task_state(pid_t pid, pid_t tid, pid_t *tracer, pid_t *group)
{
	char path[64], buf[2048], *p;
	char state = 0;
	ssize_t n;
	int fd;

	*tracer = *group = 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = 0;
	p = strstr(buf, "State:");
	if (p)
		state = p[7];
	p = strstr(buf, "TracerPid:");
	if (p)
		*tracer = atoi(p + 10);
	*group = getpgid(tid);
	return state;
}

/* How many threads of a process are traced or stopped. */
static unsigned int held_of(pid_t pid, bool complain)
{
	unsigned int held = 0;
	pid_t tracer, group;
	struct dirent *d;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((d = readdir(dir))) {
		pid_t tid = atoi(d->d_name);
		char state;

		if (tid <= 0)
			continue;
		state = task_state(pid, tid, &tracer, &group);
		if (!tracer && state != 't' && state != 'T')
			continue;
		held++;
		if (complain)
			FAIL("%d/%d: state %c, tracer %d", pid, tid, state,
			     tracer);
	}
	closedir(dir);
	return held;
}

unsigned int kid_held(struct kid *kid, bool complain)
{
	unsigned int held = 0;
	struct dirent *d;
	DIR *dir = opendir("/proc");

	while (dir && (d = readdir(dir))) {
		pid_t pid = atoi(d->d_name);

		if (pid > 0 && getpgid(pid) == kid->pid)
			held += held_of(pid, complain);
	}
	if (dir)
		closedir(dir);
	return held;
}
