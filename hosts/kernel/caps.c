// SPDX-License-Identifier: GPL-2.0-only
/* What of the contract this host does not keep. */
#include <linux/export.h>

#include "kernel_host.h"

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
	static const struct utrace_capability table[] = {
		{
			.id = "OLD-1",
			.kept = 0,
			.what = "there is no header for source of the "
				"20090421 generation yet",
			.why = "nothing stands in its way",
		},
	};
	static const struct utrace_caps all = {
		.host = "kernel",
		.nr = ARRAY_SIZE(table),
		.entries = table,
	};

	if (size < sizeof(all))
		return -EINVAL;
	*caps = all;
	return 0;
}
EXPORT_SYMBOL_GPL(utrace_capabilities);

/* Every effect of a callback can be had here. */
const char *utrace_host_refuses(enum utrace_effect effect)
{
	return NULL;
}

const char *utrace_host_refuses_signal(struct task_struct *task,
				       struct utrace_signal *sig, u32 *action,
				       const char **id)
{
	return NULL;
}
