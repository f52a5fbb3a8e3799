// SPDX-License-Identifier: LGPL-2.1-or-later
/* Arguments that are strings, or bytes of a certain number. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>

#include "args.h"

#define SHOWN		32	/* bytes of a string that are shown */
#define SHOWN_ARGV	32	/* arguments of a program that are shown */
#define COUNTED_ENVP	65536	/* how far an environment is counted */

/* A string of up to @max bytes. */
static void string(struct text *text, const struct call *call,
		   unsigned long addr, size_t max)
{
	char buf[PATH_MAX + 1];
	ssize_t len = -EFAULT;

	if (addr && !call->gone)
		len = utrace_read_string(call->thread, addr, buf, max + 1);
	if (len < 0)
		arg_address(text, addr);
	else if ((size_t)len > max)
		text_quoted(text, buf, max, true);
	else
		text_quoted(text, buf, len, false);
}

void print_path(struct text *text, const struct call *call, int i)
{
	string(text, call, call->args[i], PATH_MAX);
}

void print_string(struct text *text, const struct call *call, int i)
{
	string(text, call, call->args[i], SHOWN);
}

void print_prctl_arg(struct text *text, const struct call *call, int i)
{
	if (call->args[i - 1] == PR_SET_NAME)
		print_string(text, call, i);
	else
		text_printf(text, call->args[i] ? "%#lx" : "%lu",
			    call->args[i]);
}

void arg_bytes(struct text *text, const struct call *call, unsigned long addr,
	       unsigned long len)
{
	char buf[SHOWN];
	size_t shown = len < SHOWN ? len : SHOWN;

	if (shown ? arg_read(call, addr, buf, shown) : addr && !call->gone)
		text_quoted(text, buf, shown, shown < len);
	else
		arg_address(text, addr);
}

void print_buffer(struct text *text, const struct call *call, int i)
{
	arg_bytes(text, call, call->args[i], call->args[i + 1]);
}

void print_result_buffer(struct text *text, const struct call *call, int i)
{
	unsigned long len = call->ret, size = call->args[i + 1];

	/* with no room at all the result is how much would be needed */
	if (!size)
		arg_address(text, call->args[i]);
	else
		arg_bytes(text, call, call->args[i], len < size ? len : size);
}

void print_cwd(struct text *text, const struct call *call, int i)
{
	string(text, call, call->args[i], PATH_MAX);
}

/* The word at @addr of an array of pointers; false: cannot be read. */
static bool read_pointer(const struct call *call, unsigned long addr,
			 unsigned long *pointer)
{
	unsigned int narrow;

	if (call->abi == UTRACE_ABI_X86_64)
		return arg_read(call, addr, pointer, sizeof(*pointer));
	if (!arg_read(call, addr, &narrow, sizeof(narrow)))
		return false;
	*pointer = narrow;
	return true;
}

static size_t pointer_size(const struct call *call)
{
	return call->abi == UTRACE_ABI_X86_64 ? 8 : 4;
}

void print_argv(struct text *text, const struct call *call, int i)
{
	unsigned long addr = call->args[i], pointer;
	int n;

	if (!read_pointer(call, addr, &pointer)) {
		arg_address(text, addr);
		return;
	}
	text_put(text, "[");
	for (n = 0; n < SHOWN_ARGV && pointer; n++) {
		if (n)
			text_put(text, ", ");
		string(text, call, pointer, SHOWN);
		addr += pointer_size(call);
		if (!read_pointer(call, addr, &pointer))
			break;
	}
	text_put(text, pointer ? ", ...]" : "]");
}

void print_envp(struct text *text, const struct call *call, int i)
{
	unsigned long addr = call->args[i];
	size_t size = pointer_size(call), n, vars = 0;
	char bytes[512];
	ssize_t len;
	bool end = false;

	arg_address(text, addr);
	if (!addr || call->gone)
		return;
	while (!end && vars < COUNTED_ENVP) {
		len = utrace_read_memory(call->thread, addr + vars * size,
					 bytes, sizeof(bytes));
		if (len < (ssize_t)size)
			return;
		for (n = 0; n + size <= (size_t)len && !end; n += size) {
			static const char zero[sizeof(long)];

			end = !memcmp(bytes + n, zero, size);
			vars += !end;
		}
	}
	text_printf(text, " /* %zu var%s */", vars, vars == 1 ? "" : "s");
}
