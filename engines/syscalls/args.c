// SPDX-License-Identifier: LGPL-2.1-or-later
/* Each kind of argument and what prints it. */
#include <errno.h>
#include <fcntl.h>

#include "names.h"
#include "args.h"

/*
 * struct kind - how a kind is printed
 * @print: the function; null: by the table of flags or as an address
 * @late: the call leaves it in memory, so it is printed afterwards
 * @words: it holds words, which are others in i386: an address there
 */
static const struct kind {
	arg_printer *print;
	bool late;
	bool words;
} kinds[A_NKINDS] = {
	[A_INT]		= { print_number, false, false },
	[A_UINT]	= { print_number, false, false },
	[A_LONG]	= { print_number, false, false },
	[A_SIZE]	= { print_number, false, false },
	[A_HEX]		= { print_number, false, false },
	[A_ID]		= { print_number, false, false },
	[A_FD]		= { print_number, false, false },
	[A_DIRFD]	= { print_number, false, false },
	[A_SIGNAL]	= { print_number, false, false },

	[A_CLONE]	= { print_clone, false, false },
	[A_FCNTLARG]	= { print_fcntl_arg, false, false },
	[A_FUTEX]	= { print_futex, false, false },
	[A_FUTEXARG]	= { print_futex_arg, false, false },
	[A_IOCTL]	= { print_ioctl, false, false },
	[A_IOCTLARG]	= { print_ioctl_arg, false, false },
	[A_MMAP]	= { print_mmap, false, false },
	[A_MODE]	= { print_mode, false, false },
	[A_FMODE]	= { print_mode, false, false },
	[A_OMODE]	= { print_mode, false, false },
	[A_OPEN]	= { print_open, false, false },
	[A_PRCTLARG]	= { print_prctl_arg, false, false },
	[A_PROTO]	= { print_protocol, false, false },
	[A_SOCKTYPE]	= { print_socket_type, false, false },

	[A_PATH]	= { print_path, false, false },
	[A_STR]		= { print_string, false, false },
	[A_BUF]		= { print_buffer, false, false },
	[A_RBUF]	= { print_result_buffer, true, false },
	[A_CWDO]	= { print_cwd, true, false },
	[A_ARGV]	= { print_argv, false, false },
	[A_ENVP]	= { print_envp, false, false },

	[A_CLONEARGS]	= { print_clone_args, false, false },
	[A_EVENT]	= { print_epoll_event, false, false },
	[A_EVENTSO]	= { print_epoll_events, true, false },
	[A_FDSET]	= { print_fd_set, false, false },
	[A_INFO]	= { print_siginfo, false, true },
	[A_INFOO]	= { print_siginfo, true, true },
	[A_INTO]	= { print_int_out, true, false },
	[A_IOV]		= { print_iov, false, true },
	[A_IOVO]	= { print_iov_out, true, true },
	[A_ITSPEC]	= { print_itimerspec, false, true },
	[A_ITSPECO]	= { print_itimerspec, true, true },
	[A_ITVAL]	= { print_itimerval, false, true },
	[A_ITVALO]	= { print_itimerval, true, true },
	[A_LONGO]	= { print_long_out, true, true },
	[A_MSG]		= { print_msg, false, true },
	[A_MSGO]	= { print_msg, true, true },
	[A_OPENHOW]	= { print_open_how, false, false },
	[A_PAIRO]	= { print_pair, true, false },
	[A_POLLFDS]	= { print_pollfds, false, false },
	[A_RLIM]	= { print_rlimit, false, true },
	[A_RLIMO]	= { print_rlimit, true, true },
	[A_SADDR]	= { print_sockaddr, false, false },
	[A_SADDRO]	= { print_sockaddr_out, true, false },
	[A_SIGACT]	= { print_sigaction, false, true },
	[A_SIGACTO]	= { print_sigaction, true, true },
	[A_SIGSET]	= { print_sigset, false, false },
	[A_SIGSETO]	= { print_sigset, true, false },
	[A_STATO]	= { print_stat, true, true },
	[A_STATXO]	= { print_statx, true, false },
	[A_TSPEC]	= { print_timespec, false, true },
	[A_TSPEC2]	= { print_timespec2, false, true },
	[A_TSPECO]	= { print_timespec, true, true },
	[A_TVAL]	= { print_timeval, false, true },
	[A_TVALO]	= { print_timeval, true, true },
	[A_UTSO]	= { print_uts, true, false },
	[A_WSTATO]	= { print_wait_status, true, false },
};

bool arg_is_late(const struct call *call, int i)
{
	return kinds[call->desc->args[i]].late;
}

void arg_address(struct text *text, unsigned long addr)
{
	if (addr)
		text_printf(text, "%#lx", addr);
	else
		text_put(text, "NULL");
}

bool arg_read(const struct call *call, unsigned long addr, void *buf,
	      size_t len)
{
	if (!addr || call->gone)
		return false;
	return utrace_read_memory(call->thread, addr, buf, len) ==
	       (ssize_t)len;
}

void arg_print(struct text *text, const struct call *call, int i)
{
	enum arg_kind kind = call->desc->args[i];
	const struct flag *flags = arg_flags(kind);
	unsigned long value = call->args[i];

	/* what a failed call would have left in memory is not there */
	if (kinds[kind].late && (!call->done || call->error))
		arg_address(text, value);
	else if (kinds[kind].words && call->abi != UTRACE_ABI_X86_64)
		arg_address(text, value);
	else if (kinds[kind].print)
		kinds[kind].print(text, call, i);
	else if (flags && arg_is_choice(kind))
		text_choice(text, flags, (unsigned int)value);
	else if (flags)
		text_flags(text, flags, (unsigned int)value);
	else
		arg_address(text, value);
}

void print_number(struct text *text, const struct call *call, int i)
{
	unsigned long value = call->args[i];

	switch (call->desc->args[i]) {
	case A_UINT:
		text_printf(text, "%u", (unsigned int)value);
		break;
	case A_LONG:
		text_printf(text, "%ld", call->abi == UTRACE_ABI_I386 ?
			    (long)(int)value : (long)value);
		break;
	case A_SIZE:
		text_printf(text, "%lu", value);
		break;
	case A_HEX:
		text_printf(text, value ? "%#lx" : "%lu", value);
		break;
	case A_SIGNAL:
		text_signal(text, (int)value);
		break;
	case A_DIRFD:
		if ((int)value == AT_FDCWD) {
			text_put(text, "AT_FDCWD");
			break;
		}
		/* fall through */
	default:
		text_printf(text, "%d", (int)value);
	}
}

/* The flags that fcntl() reads are worth more than their number. */
static bool print_fcntl_result(struct text *text, const struct call *call)
{
	const struct call_desc *desc = call->desc;

	if (desc->args[1] != A_FCNTL || !call->known)
		return false;
	switch ((int)call->args[1]) {
	case F_GETFD:
		text_printf(text, "%#lx", call->ret);
		if (call->ret & FD_CLOEXEC)
			text_put(text, " (flags FD_CLOEXEC)");
		return true;
	case F_GETFL: {
		struct call flags = *call;

		flags.args[1] = call->ret;
		text_printf(text, "%#lx (flags ", call->ret);
		print_open(text, &flags, 1);
		text_put(text, ")");
		return true;
	}
	}
	return false;
}

void result_print(struct text *text, const struct call *call)
{
	const char *what, *restart;

	if (!call->done) {
		text_put(text, "?");
		return;
	}
	if (call->error) {
		restart = restart_code(call->error, &what);
		if (restart) {
			text_printf(text, "? %s (%s)", restart, what);
		} else {
			text_put(text, "-1 ");
			text_error(text, call->error);
		}
		return;
	}
	if (print_fcntl_result(text, call))
		return;
	switch (call->desc->result) {
	case R_ADDRESS:
		arg_address(text, call->ret);
		break;
	case R_OCTAL:
		text_printf(text, "%#03lo", call->ret);
		break;
	case R_DECIMAL:
		text_printf(text, "%ld", call->ret);
		break;
	}
}
