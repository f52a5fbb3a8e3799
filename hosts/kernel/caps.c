// SPDX-License-Identifier: GPL-2.0-only
/* What of the contract this host does not keep. */
#include <linux/export.h>

#include "kernel_host.h"

static const struct utrace_capability deadly_signal = {
	.id = "SIG-5",
	.kept = 1,
	.what = "a signal that the kernel ends a process with (a filter's, or "
		"after an exec that failed halfway) ends it in any case; HOLD "
		"puts that off",
	.why = "the kernel takes it for dead, and warns if it makes another "
	       "system call",
};

/**
 * utrace_capabilities() - what of the contract this host does not keep
 * @caps: filled in
 * @size: sizeof(struct utrace_caps) where the caller was compiled
 *
 * Context: any.
 *
 * Return: 0, or -EINVAL if @size is too small to be of any use.
 */
int utrace_capabilities(struct utrace_caps *caps, size_t size)
{
	static const struct utrace_caps all = {
		.host = "kernel",
		.nr = 1,
		.entries = &deadly_signal,
	};

	if (size < sizeof(all))
		return -EINVAL;
	*caps = all;
	return 0;
}
EXPORT_SYMBOL_GPL(utrace_capabilities);

/* Every effect of a callback can be had here. */
const char *utrace_host_refuses_exit_stop(struct task_struct *task)
{
	return NULL;
}

const char *utrace_host_refuses_exit_code(struct task_struct *task, long code)
{
	return NULL;
}

/* Whatever becomes of it, the process ends, now or when it comes again. */
static bool ends_process(const struct utrace_signal *sig, u32 action)
{
	int signr = sig->info.si_signo;
	u32 what = action & UTRACE_SIGNAL_MASK;

	if (what == UTRACE_SIGNAL_DELIVER && valid_signal(signr) && signr &&
	    sig->return_ka.sa.sa_handler == SIG_DFL)
		what = default_action(signr);
	return (action & UTRACE_SIGNAL_HOLD) || what == UTRACE_SIGNAL_TERM ||
	       what == UTRACE_SIGNAL_CORE;
}

const char *utrace_host_refuses_signal(struct task_struct *task,
				       struct utrace_signal *sig, u32 *action,
				       const char **id)
{
	if (!(sig->orig_ka.sa.sa_flags & SA_IMMUTABLE) ||
	    ends_process(sig, *action))
		return NULL;
	*action = UTRACE_SIGNAL_CORE;
	*id = deadly_signal.id;
	return deadly_signal.what;
}
