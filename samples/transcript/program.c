// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The transcript with the library.
 *
 *	transcript OUTPUT PROGRAM ARG...
 *
 * When the program stops itself it is continued.  Its exit status is that of this
 * one, or 128 and the signal that ended it.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "transcript.h"

static FILE *output;

static void emit(struct transcript *transcript, const char *line, size_t len)
{
	(void)transcript;
	fwrite(line, 1, len, output);
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "transcript: %s: %s\n", what, strerror(-err));
	return 125;
}

static int await(pid_t pid)
{
	int status;

	for (;;) {
		if (waitpid(pid, &status, WUNTRACED) < 0) {
			if (errno != EINTR)
				return fail("waitpid", -errno);
		} else if (WIFEXITED(status)) {
			return WEXITSTATUS(status);
		} else if (WIFSIGNALED(status)) {
			return 128 + WTERMSIG(status);
		} else {
			kill(pid, SIGCONT);
		}
	}
}

static int run(struct transcript *transcript, char **argv)
{
	struct utrace_start start = {
		.size = sizeof(start),
		.path = argv[0],
		.argv = argv,
		.at = UTRACE_START_AT_EXEC,	/* so that its exec is told */
	};
	struct task_struct *task = utrace_thread_start(&start);
	int err, status;
	pid_t pid;

	if (IS_ERR(task))
		return fail(argv[0], PTR_ERR(task));
	pid = task_tgid_nr(task);
	err = transcript_begin(transcript, task);
	if (err)
		fail("attaching", err);
	utrace_thread_go(task);
	put_task_struct(task);
	status = await(pid);
	/* what it left behind tells no more than that it was waited for */
	for (err = 0; err < 1000 && transcript_alive(transcript); err++)
		msleep(10);
	return status;
}

int main(int argc, char **argv)
{
	struct transcript transcript;
	int err, status;

	if (argc < 3) {
		fprintf(stderr, "usage: transcript OUTPUT PROGRAM ARG...\n");
		return 125;
	}
	/* the program's descriptors are the same without us */
	output = fopen(argv[1], "we");
	if (!output)
		return fail(argv[1], -errno);
	err = utrace_init();
	if (err)
		return fail("utrace_init", err);
	transcript_init(&transcript, emit);
	status = run(&transcript, argv + 2);
	transcript_close(&transcript);
	utrace_shutdown();
	utrace_exit();
	if (fclose(output))
		return fail(argv[1], -errno);
	return status;
}
