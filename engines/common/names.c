// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of signals, errors and clone flags. */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "flags.h"
#include "names.h"

#define LAST_SIGNAL	64
#define KERNEL_RTMIN	32	/* the library's SIGRTMIN is later */

void text_signal(struct text *text, int sig)
{
	const char *name = NULL;

	if (sig == SIGIO)
		name = "IO";	/* the library calls it POLL */
	else if (sig > 0 && sig < KERNEL_RTMIN)
		name = sigabbrev_np(sig);
	if (name)
		text_printf(text, "SIG%s", name);
	else if (sig == KERNEL_RTMIN)
		text_put(text, "SIGRTMIN");
	else if (sig > KERNEL_RTMIN && sig <= LAST_SIGNAL)
		text_printf(text, "SIGRT_%d", sig - KERNEL_RTMIN);
	else
		text_printf(text, "%d", sig);
}

void text_sigset(struct text *text, unsigned long mask)
{
	bool others = __builtin_popcountl(mask) > LAST_SIGNAL / 2;
	const char *before = others ? "~[" : "[";
	struct text name = { 0 };
	int sig;

	if (others)
		mask = ~mask;
	if (!mask)
		text_put(text, before);
	for (sig = 1; sig <= LAST_SIGNAL; sig++) {
		if (!(mask >> (sig - 1) & 1))
			continue;
		name.len = 0;
		text_signal(&name, sig);
		text_put(text, before);
		if (name.len > 3 && !strncmp(name.buf, "SIG", 3))
			text_bytes(text, name.buf + 3, name.len - 3);
		else
			text_bytes(text, name.buf, name.len);
		before = " ";
	}
	text_put(text, "]");
	text_free(&name);
}

static const struct {
	int code;
	const char *name;
	const char *what;
} restarts[] = {
	{ 512, "ERESTARTSYS", "To be restarted if SA_RESTART is set" },
	{ 513, "ERESTARTNOINTR", "To be restarted" },
	{ 514, "ERESTARTNOHAND", "To be restarted if no handler" },
	{ 516, "ERESTART_RESTARTBLOCK", "Interrupted by signal" },
};

const char *restart_code(int error, const char **what)
{
	size_t i;

	for (i = 0; i < sizeof(restarts) / sizeof(restarts[0]); i++) {
		if (restarts[i].code == error) {
			*what = restarts[i].what;
			return restarts[i].name;
		}
	}
	return NULL;
}

void text_error_name(struct text *text, int error)
{
	const char *name = strerrorname_np(error);

	if (name)
		text_put(text, name);
	else
		text_printf(text, "ERRNO_%d", error);
}

void text_error(struct text *text, int error)
{
	const char *what = strerrordesc_np(error);

	text_error_name(text, error);
	if (what)
		text_printf(text, " (%s)", what);
}

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND	0x100000000ULL
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP	0x200000000ULL
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD		0x00001000
#endif

static const struct flag clone_flags[] = {
	FLAG(CLONE_VM), FLAG(CLONE_FS), FLAG(CLONE_FILES),
	FLAG(CLONE_SIGHAND), FLAG(CLONE_PIDFD), FLAG(CLONE_PTRACE),
	FLAG(CLONE_VFORK), FLAG(CLONE_PARENT), FLAG(CLONE_THREAD),
	FLAG(CLONE_NEWNS), FLAG(CLONE_SYSVSEM), FLAG(CLONE_SETTLS),
	FLAG(CLONE_PARENT_SETTID), FLAG(CLONE_CHILD_CLEARTID),
	FLAG(CLONE_DETACHED), FLAG(CLONE_UNTRACED),
	FLAG(CLONE_CHILD_SETTID), FLAG(CLONE_NEWCGROUP), FLAG(CLONE_NEWUTS),
	FLAG(CLONE_NEWIPC), FLAG(CLONE_NEWUSER), FLAG(CLONE_NEWPID),
	FLAG(CLONE_NEWNET), FLAG(CLONE_IO),
	FLAG(CLONE_CLEAR_SIGHAND), FLAG(CLONE_INTO_CGROUP),
	{ 0, NULL }
};

void text_clone_flags(struct text *text, unsigned long flags)
{
	int sig = flags & CSIGNAL;

	flags &= ~(unsigned long)CSIGNAL;
	if (flags || !sig)
		text_flags(text, clone_flags, flags);
	if (flags && sig)
		text_put(text, "|");
	if (sig)
		text_signal(text, sig);
}
