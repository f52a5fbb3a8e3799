// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Holds functions as livepatch does, so that nobody else can change them.
 *
 *	insmod occupy.ko names=get_signal,do_exit
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/string.h>

static char *names[64];
static int count;
module_param_array(names, charp, &count, 0444);
MODULE_PARM_DESC(names, "the functions");

static void notrace nothing(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *op, struct ftrace_regs *regs)
{
}

static struct ftrace_ops ops = {
	.func = nothing,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS,
};

static int __init occupy_begin(void)
{
	int i, err = 0;

	for (i = 0; i < count && !err; i++)
		err = ftrace_set_filter(&ops, names[i], strlen(names[i]), !i);
	if (!err)
		err = register_ftrace_function(&ops);
	if (err)
		ftrace_free_filter(&ops);
	return err;
}

static void __exit occupy_end(void)
{
	unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
}

module_init(occupy_begin);
module_exit(occupy_end);

MODULE_DESCRIPTION("holds a function of the kernel");
MODULE_LICENSE("GPL");
