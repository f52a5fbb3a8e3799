// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * "crew N": a main thread and N others, that do what they are told.
 *
 *	call, i386, block, unblock
 *			a system call, the signal mask (callcmd.h)
 *	exec		execs this program anew: "crew", "0", "again"
 *	script		execs a script whose interpreter is this program
 *	word		tells the address of a word that nothing changes: "word ADDR"
 *	catch SIG	"taker ADDR": where the handler notes the thread that ran it
 *	taken		"taken TID": which that is; 0: none
 *	vfork		"vforked", waits until the child has heard a command
 *	busy		calls getppid() for ever
 *	at K CMD	thread K does CMD
 *	commands	takes commands as the main thread does
 *	lead K		thread K takes the commands, the main thread exits
 */
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include "callcmd.h"

#define MAX	64

static int tube[MAX][2];
static int nthreads;
static volatile unsigned int word = 0x600d600d;
static volatile int taker;

static void own_path(char *path)
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);

	if (n < 0)
		error("readlink");
	path[n] = 0;
}

static void again(void)
{
	char path[PATH_MAX + 1];

	own_path(path);
	execl(path, "crew", "0", "again", (char *)NULL);
	error("exec");
}

static void script(void)
{
	char path[PATH_MAX + 1], name[64];
	int fd;

	own_path(path);
	snprintf(name, sizeof(name), "/tmp/utrace-crew-%d.sh", getpid());
	fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700);
	if (fd < 0 || dprintf(fd, "#!%s\n", path) < 0 || close(fd))
		error("script");
	execl(name, name, "script", (char *)NULL);
	unlink(name);
	error("exec");
}

static void note_taker(int sig)
{
	(void)sig;
	taker = gettid();
}

static void catch(int sig)
{
	struct sigaction sa = { .sa_handler = note_taker };

	sa.sa_flags = SA_RESTART;
	if (sigaction(sig, &sa, NULL))
		error("sigaction");
	tell("taker %#lx", (unsigned long)&taker);
}

/* All other threads must be stopped, so that the child is the one to hear. */
static void sit_in_vfork(void)
{
	int pid = vfork();

	if (!pid) {
		tell("vforked");
		hear();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		error("vfork");
	tell("ok");
}

static void commands(void);

static void perform(const char *cmd)
{
	char buf[512];
	int k, n = 0;
	long sig;

	if (call_command(cmd) || mask_command(cmd))
		return;
	if (is(cmd, "catch", &sig)) {
		catch(sig);
		return;
	}
	if (is(cmd, "taken", NULL)) {
		tell("taken %d", taker);
		return;
	}
	if (is(cmd, "vfork", NULL)) {
		sit_in_vfork();
		return;
	}
	if (is(cmd, "exec", NULL))
		again();
	if (is(cmd, "script", NULL))
		script();
	if (is(cmd, "commands", NULL))
		commands();
	while (is(cmd, "busy", NULL))
		raw_call3(SYS_getppid, 0, 0, 0);
	if (is(cmd, "word", NULL)) {
		tell("word %#lx", (unsigned long)&word);
		return;
	}
	if (sscanf(cmd, "at %d %n", &k, &n) == 1 && n && k < nthreads) {
		snprintf(buf, sizeof(buf), "%s", cmd + n);
		if (write(tube[k][1], buf, strlen(buf)) < 0)
			error("write");
		return;
	}
	if (sscanf(cmd, "lead %d", &k) == 1 && k < nthreads) {
		if (write(tube[k][1], "commands", 8) != 8)
			error("write");
		raw_call3(SYS_exit, 0, 0, 0);
	}
	tell("error unknown command %s", cmd);
	_exit(98);
}

static void commands(void)
{
	for (;;)
		perform(hear());
}

static void *other(void *arg)
{
	long k = (long)arg;
	char buf[512];
	ssize_t n;

	tell("thread %d", (int)syscall(SYS_gettid));
	if (write(tube[MAX - 1][1], "", 1) != 1)
		error("write");
	while ((n = read(tube[k][0], buf, sizeof(buf) - 1)) > 0) {
		buf[n] = 0;
		perform(buf);
	}
	error("read");
}

int main(int argc, char **argv)
{
	pthread_t t;
	char c;
	long k;

	/* Signals that dump core are of use here, their files are not. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	/* As the interpreter of its script it is called with the script. */
	if (argc > 2 && !strcmp(argv[2], "script"))
		unlink(argv[1]);
	nthreads = argc > 1 ? atoi(argv[1]) : 0;
	/* Packets, as the command pipe; the last one tells that one is up. */
	for (k = 0; nthreads && k < MAX; k++)
		if (k < nthreads || k == MAX - 1)
			if (pipe2(tube[k], O_DIRECT | O_CLOEXEC))
				error("pipe");
	for (k = 0; k < nthreads; k++) {
		if (pthread_create(&t, NULL, other, (void *)k))
			error("pthread_create");
		if (read(tube[MAX - 1][0], &c, 1) != 1)
			error("read");
	}
	ready();
	commands();
	return 0;
}
