/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the arguments of system calls are, and how they are printed. */
#ifndef SYSCALLS_ARGS_H
#define SYSCALLS_ARGS_H

#include <stdbool.h>
#include <utrace/state.h>
#include <utrace/utrace.h>

#include "flags.h"
#include "text.h"

/**
 * enum arg_kind - what an argument is
 *
 * Up to %A_PTR it says nothing about memory.  Kinds that end in O are what the
 * call leaves in memory, and RBUF is too; they are printed when it is done.
 */
enum arg_kind {
	A_NONE,
	/* numbers */
	A_INT, A_UINT, A_LONG, A_SIZE, A_HEX, A_ID, A_FD, A_DIRFD, A_SIGNAL,
	/* one of many, or several or-ed */
	A_ACCAT, A_ACCESS, A_AF, A_ARCHPRCTL, A_AT, A_CLOCK, A_CLONE, A_EFD,
	A_EPOLLF, A_EPOLLOP, A_FCNTL, A_FCNTLARG, A_FLOCK, A_FMODE, A_FUTEX,
	A_IDTYPE, A_INF, A_INOTIFY, A_IOCTL, A_IOCTLARG, A_ITIMER, A_MADVISE, A_MFD,
	A_MMAP, A_MODE, A_MOUNT, A_MREMAP, A_MSGF, A_MSYNC, A_OMODE, A_OPEN,
	A_PIDFDF, A_PIPE, A_PRCTL, A_PROT, A_PROTO, A_RANDOM, A_RENAME, A_RLIMIT,
	A_SFD, A_SHUT, A_SIGHOW, A_SOCKFLAGS, A_SOCKTYPE, A_SOLEVEL, A_SPLICE,
	A_STATX, A_TFD, A_TIMERF, A_UNLINK, A_WAIT, A_WHENCE,
	A_PTR,
	/* strings and bytes; the length is the next argument, or the result */
	A_PATH, A_STR, A_PRCTLARG, A_BUF, A_RBUF, A_CWDO, A_ARGV, A_ENVP,
	/* what stands in memory */
	A_CLONEARGS, A_EVENT, A_EVENTSO, A_FDSET, A_FUTEXARG, A_INFO, A_INFOO, A_INTO,
	A_IOV, A_IOVO, A_ITSPEC, A_ITSPECO, A_ITVAL, A_ITVALO, A_LONGO, A_MSG,
	A_MSGO, A_OPENHOW, A_PAIRO, A_POLLFDS, A_RLIM, A_RLIMO, A_SADDR,
	A_SADDRO, A_SIGACT, A_SIGACTO, A_SIGSET, A_SIGSETO, A_STATO, A_STATXO,
	A_TSPEC, A_TSPEC2, A_TSPECO, A_TVAL, A_TVALO, A_UTSO, A_WSTATO,
	A_NKINDS
};

#define MAX_ARGS	6

/** enum result_kind - how a result is printed */
enum result_kind {
	R_DECIMAL,
	R_OCTAL,
	R_ADDRESS
};

/** struct call_desc - a system call: its name and arguments */
struct call_desc {
	const char *name;
	unsigned char args[MAX_ARGS];	/* enum arg_kind, A_NONE ends it */
	enum result_kind result;
};

/**
 * struct call - one system call of a thread
 * @thread: the thread
 * @desc: what is known about it, never null
 * @abi: the numbering of @nr
 * @nr: its number
 * @args: its arguments
 * @known: the arguments are known: its entry was seen
 * @ret: its result, once it is @done
 * @error: the positive errno that it failed with, or 0
 * @done: it has returned
 * @gone: the thread has no memory any more
 */
struct call {
	struct utrace_thread *thread;
	const struct call_desc *desc;
	enum utrace_abi abi;
	long nr;
	unsigned long args[MAX_ARGS];
	bool known;
	long ret;
	int error;
	bool done;
	bool gone;
};

/** call_desc() - what is known about a call; where nothing is, six numbers */
const struct call_desc *call_desc(enum utrace_abi abi, long nr);

/** args_count() - how many arguments are printed */
int args_count(const struct call *call);

/** arg_is_late() - whether argument @i is printed when the call is done */
bool arg_is_late(const struct call *call, int i);

/** arg_print() - append argument @i */
void arg_print(struct text *text, const struct call *call, int i);

/** result_print() - append what follows "=" */
void result_print(struct text *text, const struct call *call);

/* ---- for the printing functions themselves ---------------------------- */

typedef void arg_printer(struct text *text, const struct call *call, int i);

/** arg_flags() - the table of flags for a kind, or null */
const struct flag *arg_flags(enum arg_kind kind);

/** arg_is_choice() - whether of that table just one is meant */
bool arg_is_choice(enum arg_kind kind);

/** arg_address() - append an address: "NULL" or hexadecimal */
void arg_address(struct text *text, unsigned long addr);

/** arg_read() - read memory of the thread, all of it; false: cannot be read */
bool arg_read(const struct call *call, unsigned long addr, void *buf,
	      size_t len);

/** arg_bytes() - append @len bytes of the thread, quoted, the first few of them */
void arg_bytes(struct text *text, const struct call *call, unsigned long addr,
	       unsigned long len);

arg_printer print_number, print_open, print_mode, print_fcntl_arg, print_mmap,
	    print_futex, print_socket_type, print_clone, print_ioctl,
	    print_prctl_arg, print_futex_arg, print_ioctl_arg, print_protocol;
arg_printer print_path, print_string, print_buffer, print_result_buffer,
	    print_cwd, print_argv, print_envp;
arg_printer print_sigset, print_sigaction, print_siginfo, print_timespec,
	    print_timespec2, print_timeval, print_itimerspec, print_itimerval,
	    print_rlimit, print_stat, print_statx, print_int_out,
	    print_long_out, print_pair, print_wait_status, print_uts,
	    print_epoll_event, print_epoll_events, print_pollfds,
	    print_open_how, print_clone_args, print_fd_set;
arg_printer print_iov, print_iov_out, print_msg, print_sockaddr,
	    print_sockaddr_out;

#endif /* SYSCALLS_ARGS_H */
