// SPDX-License-Identifier: GPL-2.0-only
/* System calls by name, for sets of them (NAR-5). */
#include <linux/export.h>
#include <linux/string.h>

#include <linux/utrace.h>

static const struct {
	enum utrace_abi abi;
	unsigned int nr;
	const char *name;
} calls[] = {
/* made from the kernel's <asm/unistd_64.h> and <asm/unistd_32.h> */
#include "syscall_names.h"
};

/**
 * utrace_syscall_set_add_name() - add a system call of all numberings by name
 * @set: the set
 * @name: as in the manual, "openat"
 *
 * Context: any.
 *
 * Return: 0, or -ENOENT if there is no call of that name.
 */
int utrace_syscall_set_add_name(struct utrace_syscall_set *set,
				const char *name)
{
	int err = -ENOENT;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, name))
			err = utrace_syscall_set_add(set, calls[i].abi,
						     calls[i].nr);
	return err;
}
EXPORT_SYMBOL_GPL(utrace_syscall_set_add_name);
