// SPDX-License-Identifier: LGPL-2.1-or-later
/* The names of the flags and choices that arguments are made of. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "args.h"

/* For what the installed headers are too old for, or hide. */
#define NAMED(number, name)	{ (unsigned long)(number), name }
#define END			{ 0, NULL }

static const struct flag access_flags[] = {
	FLAG(F_OK), FLAG(R_OK), FLAG(W_OK), FLAG(X_OK), END
};

static const struct flag families[] = {
	FLAG(AF_UNSPEC), FLAG(AF_UNIX), FLAG(AF_INET), FLAG(AF_INET6),
	FLAG(AF_NETLINK), FLAG(AF_PACKET), FLAG(AF_ALG), FLAG(AF_BLUETOOTH),
	FLAG(AF_CAN), FLAG(AF_KCM), FLAG(AF_KEY), FLAG(AF_QIPCRTR),
	FLAG(AF_RDS), FLAG(AF_TIPC), FLAG(AF_VSOCK), FLAG(AF_XDP), END
};

static const struct flag arch_prctls[] = {
	NAMED(0x1001, "ARCH_SET_GS"), NAMED(0x1002, "ARCH_SET_FS"),
	NAMED(0x1003, "ARCH_GET_FS"), NAMED(0x1004, "ARCH_GET_GS"),
	NAMED(0x1011, "ARCH_GET_CPUID"), NAMED(0x1012, "ARCH_SET_CPUID"),
	NAMED(0x1021, "ARCH_GET_XCOMP_SUPP"),
	NAMED(0x1022, "ARCH_GET_XCOMP_PERM"),
	NAMED(0x1023, "ARCH_REQ_XCOMP_PERM"),
	NAMED(0x2001, "ARCH_MAP_VDSO_X32"), NAMED(0x2002, "ARCH_MAP_VDSO_32"),
	NAMED(0x2003, "ARCH_MAP_VDSO_64"),
	NAMED(0x5001, "ARCH_SHSTK_ENABLE"), NAMED(0x5002, "ARCH_SHSTK_DISABLE"),
	NAMED(0x5003, "ARCH_SHSTK_LOCK"), NAMED(0x5004, "ARCH_SHSTK_UNLOCK"),
	NAMED(0x5005, "ARCH_SHSTK_STATUS"), END
};

static const struct flag at_flags[] = {
	NAMED(0x100, "AT_SYMLINK_NOFOLLOW"), NAMED(0x400, "AT_SYMLINK_FOLLOW"),
	NAMED(0x800, "AT_NO_AUTOMOUNT"), NAMED(0x1000, "AT_EMPTY_PATH"),
	NAMED(0x2000, "AT_STATX_FORCE_SYNC"),
	NAMED(0x4000, "AT_STATX_DONT_SYNC"), NAMED(0x8000, "AT_RECURSIVE"), END
};

static const struct flag access_at_flags[] = {
	NAMED(0x100, "AT_SYMLINK_NOFOLLOW"), NAMED(0x200, "AT_EACCESS"),
	NAMED(0x1000, "AT_EMPTY_PATH"), END
};

static const struct flag unlink_flags[] = {
	NAMED(0x200, "AT_REMOVEDIR"), END
};

static const struct flag clocks[] = {
	FLAG(CLOCK_REALTIME), FLAG(CLOCK_MONOTONIC),
	FLAG(CLOCK_PROCESS_CPUTIME_ID), FLAG(CLOCK_THREAD_CPUTIME_ID),
	FLAG(CLOCK_MONOTONIC_RAW), FLAG(CLOCK_REALTIME_COARSE),
	FLAG(CLOCK_MONOTONIC_COARSE), FLAG(CLOCK_BOOTTIME),
	FLAG(CLOCK_REALTIME_ALARM), FLAG(CLOCK_BOOTTIME_ALARM),
	FLAG(CLOCK_TAI), END
};

static const struct flag eventfd_flags[] = {
	FLAG(EFD_CLOEXEC), FLAG(EFD_NONBLOCK), FLAG(EFD_SEMAPHORE), END
};

static const struct flag epoll_flags[] = { FLAG(EPOLL_CLOEXEC), END };

static const struct flag epoll_ops[] = {
	FLAG(EPOLL_CTL_ADD), FLAG(EPOLL_CTL_DEL), FLAG(EPOLL_CTL_MOD), END
};

static const struct flag fcntl_commands[] = {
	FLAG(F_DUPFD), FLAG(F_GETFD), FLAG(F_SETFD), FLAG(F_GETFL),
	FLAG(F_SETFL), FLAG(F_GETLK), FLAG(F_SETLK), FLAG(F_SETLKW),
	FLAG(F_SETOWN), FLAG(F_GETOWN), FLAG(F_SETSIG), FLAG(F_GETSIG),
	FLAG(F_SETOWN_EX), FLAG(F_GETOWN_EX), FLAG(F_OFD_GETLK),
	FLAG(F_OFD_SETLK), FLAG(F_OFD_SETLKW), FLAG(F_SETLEASE),
	FLAG(F_GETLEASE), FLAG(F_NOTIFY), FLAG(F_DUPFD_CLOEXEC),
	FLAG(F_SETPIPE_SZ), FLAG(F_GETPIPE_SZ), FLAG(F_ADD_SEALS),
	FLAG(F_GET_SEALS), FLAG(F_GET_RW_HINT), FLAG(F_SET_RW_HINT),
	FLAG(F_GET_FILE_RW_HINT), FLAG(F_SET_FILE_RW_HINT), END
};

static const struct flag flock_flags[] = {
	FLAG(LOCK_NB), FLAG(LOCK_SH), FLAG(LOCK_EX), FLAG(LOCK_UN), END
};

static const struct flag id_types[] = {
	FLAG(P_ALL), FLAG(P_PID), FLAG(P_PGID), NAMED(3, "P_PIDFD"), END
};

static const struct flag inotify_init_flags[] = {
	FLAG(IN_CLOEXEC), FLAG(IN_NONBLOCK), END
};

static const struct flag inotify_flags[] = {
	FLAG(IN_ALL_EVENTS), FLAG(IN_ACCESS), FLAG(IN_MODIFY), FLAG(IN_ATTRIB),
	FLAG(IN_CLOSE_WRITE), FLAG(IN_CLOSE_NOWRITE), FLAG(IN_OPEN),
	FLAG(IN_MOVED_FROM), FLAG(IN_MOVED_TO), FLAG(IN_CREATE),
	FLAG(IN_DELETE), FLAG(IN_DELETE_SELF), FLAG(IN_MOVE_SELF),
	FLAG(IN_ONLYDIR), FLAG(IN_DONT_FOLLOW), FLAG(IN_EXCL_UNLINK),
	FLAG(IN_MASK_CREATE), FLAG(IN_MASK_ADD), FLAG(IN_ISDIR),
	FLAG(IN_ONESHOT), END
};

static const struct flag itimers[] = {
	FLAG(ITIMER_REAL), FLAG(ITIMER_VIRTUAL), FLAG(ITIMER_PROF), END
};

static const struct flag advices[] = {
	FLAG(MADV_NORMAL), FLAG(MADV_RANDOM), FLAG(MADV_SEQUENTIAL),
	FLAG(MADV_WILLNEED), FLAG(MADV_DONTNEED), FLAG(MADV_FREE),
	FLAG(MADV_REMOVE), FLAG(MADV_DONTFORK), FLAG(MADV_DOFORK),
	FLAG(MADV_MERGEABLE), FLAG(MADV_UNMERGEABLE), FLAG(MADV_HUGEPAGE),
	FLAG(MADV_NOHUGEPAGE), FLAG(MADV_DONTDUMP), FLAG(MADV_DODUMP),
	FLAG(MADV_WIPEONFORK), FLAG(MADV_KEEPONFORK), FLAG(MADV_COLD),
	FLAG(MADV_PAGEOUT), NAMED(22, "MADV_POPULATE_READ"),
	NAMED(23, "MADV_POPULATE_WRITE"), NAMED(25, "MADV_COLLAPSE"),
	NAMED(102, "MADV_GUARD_INSTALL"), NAMED(103, "MADV_GUARD_REMOVE"), END
};

static const struct flag memfd_flags[] = {
	FLAG(MFD_CLOEXEC), FLAG(MFD_ALLOW_SEALING), FLAG(MFD_HUGETLB),
	NAMED(8, "MFD_NOEXEC_SEAL"), NAMED(16, "MFD_EXEC"), END
};

static const struct flag mount_flags[] = {
	FLAG(MS_RDONLY), FLAG(MS_NOSUID), FLAG(MS_NODEV), FLAG(MS_NOEXEC),
	FLAG(MS_SYNCHRONOUS), FLAG(MS_REMOUNT), FLAG(MS_MANDLOCK),
	FLAG(MS_DIRSYNC), NAMED(256, "MS_NOSYMFOLLOW"), FLAG(MS_NOATIME),
	FLAG(MS_NODIRATIME), FLAG(MS_BIND), FLAG(MS_MOVE), FLAG(MS_REC),
	FLAG(MS_SILENT), FLAG(MS_POSIXACL), FLAG(MS_UNBINDABLE),
	FLAG(MS_PRIVATE), FLAG(MS_SLAVE), FLAG(MS_SHARED), FLAG(MS_RELATIME),
	FLAG(MS_KERNMOUNT), FLAG(MS_I_VERSION), FLAG(MS_STRICTATIME),
	FLAG(MS_LAZYTIME), END
};

static const struct flag mremap_flags[] = {
	FLAG(MREMAP_MAYMOVE), FLAG(MREMAP_FIXED), NAMED(4, "MREMAP_DONTUNMAP"),
	END
};

static const struct flag msg_flags[] = {
	FLAG(MSG_OOB), FLAG(MSG_PEEK), FLAG(MSG_DONTROUTE), FLAG(MSG_CTRUNC),
	NAMED(0x10, "MSG_PROBE"), FLAG(MSG_TRUNC), FLAG(MSG_DONTWAIT),
	FLAG(MSG_EOR), FLAG(MSG_WAITALL), FLAG(MSG_FIN), FLAG(MSG_SYN),
	FLAG(MSG_CONFIRM), FLAG(MSG_RST), FLAG(MSG_ERRQUEUE),
	FLAG(MSG_NOSIGNAL), FLAG(MSG_MORE), FLAG(MSG_WAITFORONE),
	FLAG(MSG_BATCH), FLAG(MSG_ZEROCOPY), FLAG(MSG_FASTOPEN),
	FLAG(MSG_CMSG_CLOEXEC), END
};

static const struct flag msync_flags[] = {
	FLAG(MS_ASYNC), FLAG(MS_INVALIDATE), FLAG(MS_SYNC), END
};

static const struct flag pidfd_flags[] = {
	NAMED(O_NONBLOCK, "PIDFD_NONBLOCK"), NAMED(O_EXCL, "PIDFD_THREAD"), END
};

static const struct flag pipe_flags[] = {
	FLAG(O_CLOEXEC), FLAG(O_NONBLOCK), FLAG(O_DIRECT),
	NAMED(O_EXCL, "O_NOTIFICATION_PIPE"), END
};

static const struct flag prctls[] = {
	FLAG(PR_SET_PDEATHSIG), FLAG(PR_GET_PDEATHSIG), FLAG(PR_GET_DUMPABLE),
	FLAG(PR_SET_DUMPABLE), FLAG(PR_GET_KEEPCAPS), FLAG(PR_SET_KEEPCAPS),
	FLAG(PR_GET_TIMING), FLAG(PR_SET_TIMING), FLAG(PR_SET_NAME),
	FLAG(PR_GET_NAME), FLAG(PR_GET_SECCOMP), FLAG(PR_SET_SECCOMP),
	FLAG(PR_CAPBSET_READ), FLAG(PR_CAPBSET_DROP), FLAG(PR_GET_TSC),
	FLAG(PR_SET_TSC), FLAG(PR_GET_SECUREBITS), FLAG(PR_SET_SECUREBITS),
	FLAG(PR_SET_TIMERSLACK), FLAG(PR_GET_TIMERSLACK), FLAG(PR_SET_MM),
	FLAG(PR_SET_CHILD_SUBREAPER), FLAG(PR_GET_CHILD_SUBREAPER),
	FLAG(PR_SET_NO_NEW_PRIVS), FLAG(PR_GET_NO_NEW_PRIVS),
	FLAG(PR_GET_TID_ADDRESS), FLAG(PR_SET_THP_DISABLE),
	FLAG(PR_GET_THP_DISABLE), FLAG(PR_CAP_AMBIENT),
	FLAG(PR_GET_SPECULATION_CTRL), FLAG(PR_SET_SPECULATION_CTRL),
	FLAG(PR_SET_IO_FLUSHER), FLAG(PR_GET_IO_FLUSHER),
	FLAG(PR_SET_SYSCALL_USER_DISPATCH), NAMED(62, "PR_SCHED_CORE"),
	NAMED(65, "PR_SET_MDWE"), NAMED(66, "PR_GET_MDWE"),
	NAMED(0x53564d41, "PR_SET_VMA"), FLAG(PR_SET_PTRACER), END
};

static const struct flag protections[] = {
	FLAG(PROT_NONE), FLAG(PROT_READ), FLAG(PROT_WRITE), FLAG(PROT_EXEC),
	NAMED(8, "PROT_SEM"), FLAG(PROT_GROWSDOWN), FLAG(PROT_GROWSUP), END
};

static const struct flag random_flags[] = {
	FLAG(GRND_NONBLOCK), FLAG(GRND_RANDOM), NAMED(4, "GRND_INSECURE"), END
};

static const struct flag rename_flags[] = {
	NAMED(1, "RENAME_NOREPLACE"), NAMED(2, "RENAME_EXCHANGE"),
	NAMED(4, "RENAME_WHITEOUT"), END
};

static const struct flag resources[] = {
	NAMED(RLIMIT_CPU, "RLIMIT_CPU"), NAMED(RLIMIT_FSIZE, "RLIMIT_FSIZE"),
	NAMED(RLIMIT_DATA, "RLIMIT_DATA"), NAMED(RLIMIT_STACK, "RLIMIT_STACK"),
	NAMED(RLIMIT_CORE, "RLIMIT_CORE"), NAMED(5, "RLIMIT_RSS"),
	NAMED(6, "RLIMIT_NPROC"), NAMED(RLIMIT_NOFILE, "RLIMIT_NOFILE"),
	NAMED(8, "RLIMIT_MEMLOCK"), NAMED(RLIMIT_AS, "RLIMIT_AS"),
	NAMED(10, "RLIMIT_LOCKS"), NAMED(11, "RLIMIT_SIGPENDING"),
	NAMED(12, "RLIMIT_MSGQUEUE"), NAMED(13, "RLIMIT_NICE"),
	NAMED(14, "RLIMIT_RTPRIO"), NAMED(15, "RLIMIT_RTTIME"), END
};

static const struct flag signalfd_flags[] = {
	FLAG(SFD_CLOEXEC), FLAG(SFD_NONBLOCK), END
};

static const struct flag shutdowns[] = {
	FLAG(SHUT_RD), FLAG(SHUT_WR), FLAG(SHUT_RDWR), END
};

static const struct flag mask_hows[] = {
	FLAG(SIG_BLOCK), FLAG(SIG_UNBLOCK), FLAG(SIG_SETMASK), END
};

static const struct flag socket_flags[] = {
	FLAG(SOCK_CLOEXEC), FLAG(SOCK_NONBLOCK), END
};

static const struct flag socket_levels[] = {
	FLAG(SOL_SOCKET), NAMED(0, "SOL_IP"), NAMED(6, "SOL_TCP"),
	NAMED(17, "SOL_UDP"), NAMED(41, "SOL_IPV6"), NAMED(255, "SOL_RAW"),
	FLAG(SOL_PACKET), FLAG(SOL_NETLINK), NAMED(279, "SOL_ALG"), END
};

static const struct flag splice_flags[] = {
	FLAG(SPLICE_F_MOVE), FLAG(SPLICE_F_NONBLOCK), FLAG(SPLICE_F_MORE),
	FLAG(SPLICE_F_GIFT), END
};

static const struct flag statx_flags[] = {
	FLAG(STATX_ALL), FLAG(STATX_BASIC_STATS), FLAG(STATX_TYPE),
	FLAG(STATX_MODE), FLAG(STATX_NLINK), FLAG(STATX_UID), FLAG(STATX_GID),
	FLAG(STATX_ATIME), FLAG(STATX_MTIME), FLAG(STATX_CTIME),
	FLAG(STATX_INO), FLAG(STATX_SIZE), FLAG(STATX_BLOCKS),
	FLAG(STATX_BTIME), NAMED(0x1000, "STATX_MNT_ID"),
	NAMED(0x2000, "STATX_DIOALIGN"), END
};

static const struct flag timerfd_flags[] = {
	FLAG(TFD_CLOEXEC), FLAG(TFD_NONBLOCK), END
};

static const struct flag timer_flags[] = {
	FLAG(TIMER_ABSTIME), NAMED(2, "TFD_TIMER_CANCEL_ON_SET"), END
};

static const struct flag wait_flags[] = {
	FLAG(WNOHANG), FLAG(WSTOPPED), FLAG(WEXITED), FLAG(WCONTINUED),
	FLAG(WNOWAIT), NAMED(0x20000000, "__WNOTHREAD"),
	NAMED(0x40000000, "__WALL"), NAMED(0x80000000, "__WCLONE"), END
};

static const struct flag whences[] = {
	FLAG(SEEK_SET), FLAG(SEEK_CUR), FLAG(SEEK_END), FLAG(SEEK_DATA),
	FLAG(SEEK_HOLE), END
};

static const struct {
	const struct flag *table;
	bool choice;
} by_kind[A_NKINDS] = {
	[A_ACCAT]	= { access_at_flags, false },
	[A_ACCESS]	= { access_flags, false },
	[A_AF]		= { families, true },
	[A_ARCHPRCTL]	= { arch_prctls, true },
	[A_AT]		= { at_flags, false },
	[A_CLOCK]	= { clocks, true },
	[A_EFD]		= { eventfd_flags, false },
	[A_EPOLLF]	= { epoll_flags, false },
	[A_EPOLLOP]	= { epoll_ops, true },
	[A_FCNTL]	= { fcntl_commands, true },
	[A_FLOCK]	= { flock_flags, false },
	[A_IDTYPE]	= { id_types, true },
	[A_INF]		= { inotify_init_flags, false },
	[A_INOTIFY]	= { inotify_flags, false },
	[A_ITIMER]	= { itimers, true },
	[A_MADVISE]	= { advices, true },
	[A_MFD]		= { memfd_flags, false },
	[A_MOUNT]	= { mount_flags, false },
	[A_MREMAP]	= { mremap_flags, false },
	[A_MSGF]	= { msg_flags, false },
	[A_MSYNC]	= { msync_flags, false },
	[A_PIDFDF]	= { pidfd_flags, false },
	[A_PIPE]	= { pipe_flags, false },
	[A_PRCTL]	= { prctls, true },
	[A_PROT]	= { protections, false },
	[A_RANDOM]	= { random_flags, false },
	[A_RENAME]	= { rename_flags, false },
	[A_RLIMIT]	= { resources, true },
	[A_SFD]		= { signalfd_flags, false },
	[A_SHUT]	= { shutdowns, true },
	[A_SIGHOW]	= { mask_hows, true },
	[A_SOCKFLAGS]	= { socket_flags, false },
	[A_SOLEVEL]	= { socket_levels, true },
	[A_SPLICE]	= { splice_flags, false },
	[A_STATX]	= { statx_flags, false },
	[A_TFD]		= { timerfd_flags, false },
	[A_TIMERF]	= { timer_flags, false },
	[A_UNLINK]	= { unlink_flags, false },
	[A_WAIT]	= { wait_flags, false },
	[A_WHENCE]	= { whences, true },
};

const struct flag *arg_flags(enum arg_kind kind)
{
	return by_kind[kind].table;
}

bool arg_is_choice(enum arg_kind kind)
{
	return by_kind[kind].choice;
}
