// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* Prints the host's capability table to the log, as tools/caps.c does. */
#define pr_fmt(fmt) "caps: " fmt

#include <linux/module.h>
#include <linux/utrace.h>

static int __init caps_begin(void)
{
	struct utrace_caps caps;
	size_t i;
	int err;

	err = utrace_capabilities(&caps, sizeof(caps));
	if (err)
		return err;
	pr_info("host %s\n", caps.host);
	for (i = 0; i < caps.nr; i++)
		pr_info("cap %s %s\n", caps.entries[i].id,
			caps.entries[i].kept ? "part" : "none");
	return 0;
}

static void __exit caps_end(void)
{
}

module_init(caps_begin);
module_exit(caps_end);

MODULE_DESCRIPTION("prints what utrace does not keep of its contract");
MODULE_LICENSE("GPL");
