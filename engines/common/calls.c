// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * System calls by number and by name: libseccomp knows them.  Its answers are
 * allocated and searched for in a list, so they are asked for once.
 */
#include <pthread.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

static char *names[UTRACE_NABIS][CALLS_MAX];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Calls that were new when some installed libseccomp was old. */
static const struct {
	long nr;
	const char *name;
} newer[] = {
	{ 451, "cachestat" }, { 452, "fchmodat2" },
	{ 453, "map_shadow_stack" }, { 454, "futex_wake" },
	{ 455, "futex_wait" }, { 456, "futex_requeue" },
	{ 457, "statmount" }, { 458, "listmount" },
	{ 459, "lsm_get_self_attr" }, { 460, "lsm_set_self_attr" },
	{ 461, "lsm_list_modules" }, { 462, "mseal" },
	{ 463, "setxattrat" }, { 464, "getxattrat" },
	{ 465, "listxattrat" }, { 466, "removexattrat" },
	{ 467, "open_tree_attr" }, { 468, "file_getattr" },
	{ 469, "file_setattr" },
};

static void fill_in(void)
{
	static const uint32_t arch[UTRACE_NABIS] = {
		[UTRACE_ABI_X86_64] = SCMP_ARCH_X86_64,
		[UTRACE_ABI_I386] = SCMP_ARCH_X86,
	};
	size_t i;
	int abi, nr;

	for (abi = 0; abi < UTRACE_NABIS; abi++) {
		for (nr = 0; nr < CALLS_MAX; nr++)
			names[abi][nr] =
				seccomp_syscall_resolve_num_arch(arch[abi], nr);
		/* from 424 on both ABIs have the same numbers */
		for (i = 0; i < sizeof(newer) / sizeof(newer[0]); i++)
			if (!names[abi][newer[i].nr])
				names[abi][newer[i].nr] =
					strdup(newer[i].name);
	}
}

const char *call_name(enum utrace_abi abi, long nr)
{
	pthread_once(&once, fill_in);
	if (abi < 0 || abi >= UTRACE_NABIS || nr < 0 || nr >= CALLS_MAX)
		return NULL;
	return names[abi][nr];
}

long call_number(enum utrace_abi abi, const char *name)
{
	const char *known;
	long nr;

	for (nr = 0; nr < CALLS_MAX; nr++) {
		known = call_name(abi, nr);
		if (known && !strcmp(known, name))
			return nr;
	}
	return -1;
}

const char *call_label(enum utrace_abi abi, long nr, char *buf, size_t size)
{
	const char *name = call_name(abi, nr);

	if (name)
		return name;
	if (nr < 0)
		return "?";
	snprintf(buf, size, "syscall_%#lx", (unsigned long)nr);
	return buf;
}

/* The command unloads engines, and leak checkers look then. */
__attribute__((__destructor__))
static void forget(void)
{
	int abi, nr;

	for (abi = 0; abi < UTRACE_NABIS; abi++)
		for (nr = 0; nr < CALLS_MAX; nr++)
			free(names[abi][nr]);
}
