// SPDX-License-Identifier: LGPL-2.1-or-later
/* System calls by name, from libseccomp. */
#include <seccomp.h>

#include "ptrace_host.h"

static bool add(struct utrace_syscall_set *set, enum utrace_abi abi,
		uint32_t arch, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(arch, name);

	return nr >= 0 && !utrace_syscall_set_add(set, abi, nr);
}

int utrace_syscall_set_add_name(struct utrace_syscall_set *set,
				const char *name)
{
	bool found;

	found = add(set, UTRACE_ABI_X86_64, SCMP_ARCH_X86_64, name);
	found |= add(set, UTRACE_ABI_I386, SCMP_ARCH_X86, name);
	return found ? 0 : -ENOENT;
}
