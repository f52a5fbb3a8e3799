// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table of system calls, and i386's calls by means of it. */
#include <stddef.h>

#include "calls.h"
#include "args.h"

#define CALL(nr, name, ...)	[nr] = { #name, { __VA_ARGS__ }, R_DECIMAL },
#define CALL_PTR(nr, name, ...)	[nr] = { #name, { __VA_ARGS__ }, R_ADDRESS },
#define CALL_OCT(nr, name, ...)	[nr] = { #name, { __VA_ARGS__ }, R_OCTAL },

static const struct call_desc table[] = {
#include "table.inc"
};

#define TABLE_MAX	((long)(sizeof(table) / sizeof(table[0])))

/* Nothing is known: all that could be an argument. */
static const struct call_desc unknown = {
	NULL, { A_HEX, A_HEX, A_HEX, A_HEX, A_HEX, A_HEX }, R_DECIMAL
};

const struct call_desc *call_desc(enum utrace_abi abi, long nr)
{
	const char *name;

	/* calls of the same name take the same arguments, with few exceptions */
	if (abi == UTRACE_ABI_I386) {
		name = call_name(abi, nr);
		nr = name ? call_number(UTRACE_ABI_X86_64, name) : -1;
	}
	if (nr < 0 || nr >= TABLE_MAX || !table[nr].name)
		return &unknown;
	return &table[nr];
}

int args_count(const struct call *call)
{
	int n = 0;

	while (n < MAX_ARGS && call->desc->args[n] != A_NONE)
		n++;
	return n;
}
