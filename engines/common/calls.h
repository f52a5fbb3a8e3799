/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls by number and by name. */
#ifndef ENGINES_CALLS_H
#define ENGINES_CALLS_H

#include <stddef.h>
#include <utrace/utrace.h>

/** CALLS_MAX - the numbers that are looked at where all are meant */
#define CALLS_MAX	1024

/** call_name() - its name, or null if it has none; static */
const char *call_name(enum utrace_abi abi, long nr);

/** call_number() - its number, or -1 if the ABI has no such call */
long call_number(enum utrace_abi abi, const char *name);

/**
 * call_label() - what to call it
 *
 * Return: its name; "syscall_0x1ff" put into @buf if it has none; "?" for -1.
 */
const char *call_label(enum utrace_abi abi, long nr, char *buf, size_t size);

#endif /* ENGINES_CALLS_H */
