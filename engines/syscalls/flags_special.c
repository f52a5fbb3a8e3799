// SPDX-License-Identifier: LGPL-2.1-or-later
/* Flags that are more than a table: parts of a number, or told by another. */
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "args.h"
#include "names.h"

#define NAMED(number, name)	{ (unsigned long)(number), name }
#define END			{ 0, NULL }

/* The kernel's, where the library's is 0 because it is always set. */
#define KERNEL_O_LARGEFILE	0100000

static const struct flag access_modes[] = {
	FLAG(O_RDONLY), FLAG(O_WRONLY), FLAG(O_RDWR), FLAG(O_ACCMODE), END
};

static const struct flag open_flags[] = {
	FLAG(O_TMPFILE), FLAG(O_SYNC), FLAG(O_CREAT), FLAG(O_EXCL),
	FLAG(O_NOCTTY), FLAG(O_TRUNC), FLAG(O_APPEND), FLAG(O_NONBLOCK),
	FLAG(O_DSYNC), FLAG(O_ASYNC), FLAG(O_DIRECT),
	NAMED(KERNEL_O_LARGEFILE, "O_LARGEFILE"), FLAG(O_NOFOLLOW),
	FLAG(O_NOATIME), FLAG(O_CLOEXEC), FLAG(O_PATH), FLAG(O_DIRECTORY), END
};

void print_open(struct text *text, const struct call *call, int i)
{
	unsigned int flags = call->args[i];

	text_choice(text, access_modes, flags & O_ACCMODE);
	if (flags & ~O_ACCMODE) {
		text_put(text, "|");
		text_flags(text, open_flags, flags & ~O_ACCMODE);
	}
}

static const struct flag file_types[] = {
	FLAG(S_IFSOCK), FLAG(S_IFLNK), FLAG(S_IFREG), FLAG(S_IFBLK),
	FLAG(S_IFDIR), FLAG(S_IFCHR), FLAG(S_IFIFO), END
};

static void mode(struct text *text, unsigned int value)
{
	const char *type = flag_name(file_types, value & S_IFMT);

	if (type) {
		text_printf(text, "%s|", type);
		value &= ~S_IFMT;
	}
	text_printf(text, "%#03o", value);
}

void print_mode(struct text *text, const struct call *call, int i)
{
	/* a mode is read only where a file may be made */
	if (call->desc->args[i] != A_OMODE ||
	    (call->args[i - 1] & O_CREAT) ||
	    (call->args[i - 1] & O_TMPFILE) == O_TMPFILE)
		mode(text, call->args[i]);
}

static const struct flag fd_flags[] = { FLAG(FD_CLOEXEC), END };
static const struct flag lock_types[] = {
	FLAG(F_RDLCK), FLAG(F_WRLCK), FLAG(F_UNLCK), END
};

static void lock(struct text *text, const struct call *call,
		 unsigned long addr)
{
	struct flock l;

	if (call->abi != UTRACE_ABI_X86_64 ||
	    !arg_read(call, addr, &l, sizeof(l))) {
		arg_address(text, addr);
		return;
	}
	text_put(text, "{l_type=");
	text_choice(text, lock_types, l.l_type);
	text_put(text, ", l_whence=");
	text_choice(text, arg_flags(A_WHENCE), l.l_whence);
	text_printf(text, ", l_start=%lld, l_len=%lld}", (long long)l.l_start,
		    (long long)l.l_len);
}

void print_fcntl_arg(struct text *text, const struct call *call, int i)
{
	unsigned long value = call->args[i];

	switch ((int)call->args[i - 1]) {
	case F_GETFD:
	case F_GETFL:
	case F_GETOWN:
	case F_GETSIG:
	case F_GETLEASE:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		break;		/* takes none */
	case F_SETFD:
		text_flags(text, fd_flags, (unsigned int)value);
		break;
	case F_SETFL:
		print_open(text, call, i);
		break;
	case F_SETLK:
	case F_SETLKW:
	case F_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
	case F_OFD_GETLK:
		lock(text, call, value);
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_SETPIPE_SZ:
	case F_SETOWN:
		text_printf(text, "%d", (int)value);
		break;
	default:
		text_printf(text, value ? "%#lx" : "%lu", value);
	}
}

static const struct flag map_types[] = {
	FLAG(MAP_SHARED), FLAG(MAP_PRIVATE), FLAG(MAP_SHARED_VALIDATE), END
};

static const struct flag map_flags[] = {
	FLAG(MAP_FIXED), FLAG(MAP_ANONYMOUS), FLAG(MAP_32BIT),
	FLAG(MAP_GROWSDOWN), FLAG(MAP_DENYWRITE), FLAG(MAP_EXECUTABLE),
	FLAG(MAP_LOCKED), FLAG(MAP_NORESERVE), FLAG(MAP_POPULATE),
	FLAG(MAP_NONBLOCK), FLAG(MAP_STACK), FLAG(MAP_HUGETLB),
	FLAG(MAP_SYNC), FLAG(MAP_FIXED_NOREPLACE), END
};

void print_mmap(struct text *text, const struct call *call, int i)
{
	unsigned int flags = call->args[i];

	text_choice(text, map_types, flags & MAP_TYPE);
	if (flags & ~MAP_TYPE) {
		text_put(text, "|");
		text_flags(text, map_flags, flags & ~MAP_TYPE);
	}
}

static const struct flag futex_ops[] = {
	FLAG(FUTEX_WAIT), FLAG(FUTEX_WAKE), FLAG(FUTEX_FD),
	FLAG(FUTEX_REQUEUE), FLAG(FUTEX_CMP_REQUEUE), FLAG(FUTEX_WAKE_OP),
	FLAG(FUTEX_LOCK_PI), FLAG(FUTEX_UNLOCK_PI), FLAG(FUTEX_TRYLOCK_PI),
	FLAG(FUTEX_WAIT_BITSET), FLAG(FUTEX_WAKE_BITSET),
	FLAG(FUTEX_WAIT_REQUEUE_PI), FLAG(FUTEX_CMP_REQUEUE_PI),
	NAMED(13, "FUTEX_LOCK_PI2"), END
};

void print_futex(struct text *text, const struct call *call, int i)
{
	unsigned int op = call->args[i];

	text_choice(text, futex_ops, op & FUTEX_CMD_MASK);
	if (op & FUTEX_PRIVATE_FLAG)
		text_put(text, "_PRIVATE");
	if (op & FUTEX_CLOCK_REALTIME)
		text_put(text, "|FUTEX_CLOCK_REALTIME");
}

/* Whether the last three arguments mean something, by the operation. */
static const struct futex_args {
	bool time;	/* how long to wait */
	bool number;	/* how many to requeue */
	bool addr;	/* another futex */
	bool value;	/* one more value */
} futex_args[] = {
	[FUTEX_WAIT]		= { .time = true },
	[FUTEX_REQUEUE]		= { .number = true, .addr = true },
	[FUTEX_CMP_REQUEUE]	= { .number = true, .addr = true,
				    .value = true },
	[FUTEX_WAKE_OP]		= { .number = true, .addr = true,
				    .value = true },
	[FUTEX_LOCK_PI]		= { .time = true },
	[FUTEX_WAIT_BITSET]	= { .time = true, .value = true },
	[FUTEX_WAKE_BITSET]	= { .value = true },
	[FUTEX_WAIT_REQUEUE_PI]	= { .time = true, .addr = true },
	[FUTEX_CMP_REQUEUE_PI]	= { .number = true, .addr = true,
				    .value = true },
	[13 /* LOCK_PI2 */]	= { .time = true },
};

void print_futex_arg(struct text *text, const struct call *call, int i)
{
	unsigned int op = call->args[1] & FUTEX_CMD_MASK;
	struct futex_args known = { 0 };

	if (op < sizeof(futex_args) / sizeof(futex_args[0]))
		known = futex_args[op];
	if (i == 3 && known.time && call->abi == UTRACE_ABI_X86_64)
		print_timespec(text, call, i);
	else if (i == 3 && known.number)
		text_printf(text, "%d", (int)call->args[i]);
	else if ((i == 3 && known.time) || (i == 4 && known.addr))
		arg_address(text, call->args[i]);
	else if (i == 5 && known.value)
		text_printf(text, "%#x", (unsigned int)call->args[i]);
}

static const struct flag socket_types[] = {
	NAMED(SOCK_STREAM, "SOCK_STREAM"), NAMED(SOCK_DGRAM, "SOCK_DGRAM"),
	NAMED(SOCK_RAW, "SOCK_RAW"), NAMED(SOCK_RDM, "SOCK_RDM"),
	NAMED(SOCK_SEQPACKET, "SOCK_SEQPACKET"), END
};

void print_socket_type(struct text *text, const struct call *call, int i)
{
	unsigned int type = call->args[i];

	text_choice(text, socket_types, type & 0xf);
	if (type & ~0xfU) {
		text_put(text, "|");
		text_flags(text, arg_flags(A_SOCKFLAGS), type & ~0xfU);
	}
}

static const struct flag ip_protocols[] = {
	NAMED(0, "IPPROTO_IP"), NAMED(1, "IPPROTO_ICMP"),
	NAMED(6, "IPPROTO_TCP"), NAMED(17, "IPPROTO_UDP"),
	NAMED(58, "IPPROTO_ICMPV6"), NAMED(132, "IPPROTO_SCTP"),
	NAMED(136, "IPPROTO_UDPLITE"), NAMED(255, "IPPROTO_RAW"),
	NAMED(262, "IPPROTO_MPTCP"), END
};

static const struct flag netlink_protocols[] = {
	NAMED(0, "NETLINK_ROUTE"), NAMED(2, "NETLINK_USERSOCK"),
	NAMED(4, "NETLINK_SOCK_DIAG"), NAMED(6, "NETLINK_XFRM"),
	NAMED(7, "NETLINK_SELINUX"), NAMED(9, "NETLINK_AUDIT"),
	NAMED(11, "NETLINK_CONNECTOR"), NAMED(12, "NETLINK_NETFILTER"),
	NAMED(15, "NETLINK_KOBJECT_UEVENT"), NAMED(16, "NETLINK_GENERIC"), END
};

void print_protocol(struct text *text, const struct call *call, int i)
{
	switch ((int)call->args[0]) {
	case AF_INET:
	case AF_INET6:
		text_choice(text, ip_protocols, (unsigned int)call->args[i]);
		break;
	case AF_NETLINK:
		text_choice(text, netlink_protocols,
			    (unsigned int)call->args[i]);
		break;
	default:
		text_printf(text, "%d", (int)call->args[i]);
	}
}

void print_clone(struct text *text, const struct call *call, int i)
{
	text_clone_flags(text, call->args[i]);
}

static const struct flag ioctls[] = {
	FLAG(TCGETS), FLAG(TCSETS), FLAG(TCSETSW), FLAG(TCSETSF),
	FLAG(TCSBRK), FLAG(TCXONC), FLAG(TCFLSH), FLAG(TIOCGPGRP),
	FLAG(TIOCSPGRP), FLAG(TIOCOUTQ), FLAG(TIOCSTI), FLAG(TIOCGWINSZ),
	FLAG(TIOCSWINSZ), FLAG(FIONREAD), FLAG(TIOCNOTTY), FLAG(TIOCSCTTY),
	FLAG(FIONBIO), FLAG(FIONCLEX), FLAG(FIOCLEX), FLAG(FIOASYNC),
	FLAG(TIOCGSID), FLAG(TIOCGPTN), FLAG(TIOCSPTLCK), END
};

void print_ioctl(struct text *text, const struct call *call, int i)
{
	text_choice(text, ioctls, (unsigned int)call->args[i]);
}

void print_ioctl_arg(struct text *text, const struct call *call, int i)
{
	switch ((unsigned int)call->args[i - 1]) {
	case FIOCLEX:
	case FIONCLEX:
	case TIOCNOTTY:
		break;		/* takes none */
	default:
		arg_address(text, call->args[i]);
	}
}
