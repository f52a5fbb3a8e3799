// SPDX-License-Identifier: LGPL-2.1-or-later
/* What of the host depends on the machine: x86-64. */
#include <linux/audit.h>
#include <linux/sched.h>
#include <elf.h>
#include <sched.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utrace/state.h>

#include "ptrace_host.h"
#include "nap.h"

/* The code segment of 32-bit programs; the kernel's __USER32_CS. */
#define USER32_CS	0x23

#define TRAP_FLAG	0x100ULL	/* X86_EFLAGS_TF */

/* The kernel's own results for a call that a signal cut short; linux/errno.h. */
#define ERESTARTSYS		512
#define ERESTARTNOINTR		513
#define ERESTARTNOHAND		514
#define ERESTART_RESTARTBLOCK	516

bool utrace_has_single_step(void)
{
	return true;
}

/* 0: not known yet; 1: no; 2: yes */
static int block_step;

long utrace_block_probe(unsigned long flags, pid_t parent);
extern const char utrace_block_target[];

/*
 * Whether the machine steps branches: some hypervisors let the request pass and
 * step single instructions.  By a worker, so that the stops of the probe are
 * nobody else's.
 */
void machine_probe_block_step(void)
{
	struct user_regs_struct user;
	int status, found = 1;
	long pid;

	if (port_load(&block_step))
		return;
	pid = utrace_block_probe(CLONE_VM, getpid());
	if (pid < 0)
		return;
	if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) &&
	    !ptrace(PTRACE_SINGLEBLOCK, pid, 0, 0) &&
	    waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) &&
	    !ptrace(PTRACE_GETREGS, pid, 0, &user) &&
	    user.rip == (unsigned long)utrace_block_target)
		found = 2;
	syscall(SYS_kill, pid, SIGKILL);
	waitpid(pid, &status, __WALL);
	port_store(&block_step, found);
}

bool utrace_has_block_step(void)
{
	struct utrace_thread nobody = { .tgid = -1 };
	struct worker *worker;

	/* a worker has probed, or could not; it cannot start another */
	if (!port_load(&block_step) && !utrace_context.worker && host_begin()) {
		worker = worker_of(&nobody);
		if (!IS_ERR(worker))
			worker_chosen(worker);
		host_end();
	}
	return port_load(&block_step) == 2;
}

/* ---- a nap: see move.c ----------------------------------------------------- */

/* Below the stack pointer leaf functions keep data: the ABI's red zone. */
#define RED_ZONE	128

/* It has come out of a 64-bit system call, with the result 0. */
bool machine_can_nap(struct utrace_thread *thread)
{
	const struct user_regs_struct *user = &thread->regs.was;
	uint8_t code[SYSCALL_INSN_SIZE];

	return user->cs != USER32_CS && !user->rax &&
	       (long)user->orig_rax >= 0 &&
	       utrace_read_memory(thread, user->rip - sizeof(code), code,
				  sizeof(code)) == sizeof(code) &&
	       code[0] == 0x0f && code[1] == 0x05;
}

/*
 * Make the registers those of a thread about to sleep in ppoll(), with @size
 * bytes for its time limit below its stack: returns where.
 */
unsigned long machine_nap(struct user_regs_struct *user, size_t size)
{
	unsigned long at = (user->rsp - RED_ZONE - size) & ~15UL;

	user->rip -= SYSCALL_INSN_SIZE;
	user->rax = SYS_ppoll;
	user->orig_rax = -1;
	user->rdi = 0;
	user->rsi = 0;
	user->rdx = at;
	user->r10 = 0;
	user->r8 = 0;
	return at;
}

int machine_syscall_abi(const struct utrace_regs *regs)
{
	return regs->cs == USER32_CS ? UTRACE_ABI_I386 : UTRACE_ABI_X86_64;
}

/* A 64-bit program may make calls by int $0x80; the registers do not tell. */
int machine_entry_abi(struct utrace_thread *thread)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread->tid, sizeof(info),
		   &info) > 0)
		return info.arch == AUDIT_ARCH_I386 ? UTRACE_ABI_I386 :
						      UTRACE_ABI_X86_64;
	return machine_syscall_abi(regs_of(thread));
}

bool machine_call_cut(const struct utrace_regs *regs)
{
	if ((long)regs->orig_ax < 0)
		return false;
	switch (-(long)regs->ax) {
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		return true;
	}
	return false;
}

/*
 * Calls that end with EINTR when anything wakes them, handler or not: signal(7)
 * lists them.  An untraced run is not woken by what ptrace does, nor by a
 * signal without effect, so there the kernel is told to restart, unless a
 * handler runs: that is what ERESTARTNOHAND means.
 */
bool machine_repair_eintr(struct utrace_regs *regs)
{
	if (-(long)regs->ax != EINTR || (long)regs->orig_ax < 0)
		return false;
	if (machine_syscall_abi(regs) != UTRACE_ABI_X86_64)
		return false;
	switch (regs->orig_ax) {
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
	case SYS_semop:
	case SYS_semtimedop:
	case SYS_rt_sigtimedwait:
	case SYS_io_getevents:
	case SYS_io_uring_enter:
		regs->ax = -ERESTARTNOHAND;
		return true;
	}
	return false;
}

/* ---- clone ------------------------------------------------------------------ */

#define I386_CLONE	120
/* set in the number of an x32 call; asm/unistd.h */
#define X32_BIT		0x40000000
/* the kernel takes no more; copy_clone_args_from_user() */
#define CLONE3_MAX	4096

/* The flags that a clone, fork or vfork was called with. */
unsigned long machine_clone_flags(struct utrace_thread *thread, int event)
{
	struct utrace_regs *regs = regs_of(thread);
	uint64_t args[5];

	if (!regs_fetch(thread)) {
		bool i386 = machine_syscall_abi(regs) == UTRACE_ABI_I386;

		if (regs->orig_ax == (i386 ? I386_CLONE : SYS_clone))
			return i386 ? (uint32_t)regs->bx : regs->di;
		/* the same number everywhere; its exit signal stands apart */
		if (regs->orig_ax == SYS_clone3 &&
		    utrace_read_memory(thread, i386 ? regs->bx : regs->di, args,
				       sizeof(args)) == sizeof(args))
			return args[0] | args[4];
	}
	return event == PTRACE_EVENT_VFORK ? CLONE_VFORK | CLONE_VM | SIGCHLD :
					     SIGCHLD;
}

unsigned long *machine_clone_argument(struct utrace_thread *thread)
{
	struct utrace_regs *regs = regs_of(thread);

	return thread->abi == UTRACE_ABI_I386 ? &regs->bx : &regs->di;
}

/* A copy of what clone3() is given, below the stack, without that flag. */
static bool clone3_without(struct utrace_thread *thread, unsigned long flag,
			   unsigned long *argument)
{
	bool i386 = thread->abi == UTRACE_ABI_I386;
	struct utrace_regs *regs = regs_of(thread);
	unsigned long from = i386 ? (uint32_t)regs->bx : regs->di;
	size_t size = i386 ? (uint32_t)regs->cx : regs->si;
	uint64_t args[CLONE3_MAX / sizeof(uint64_t)];

	if (size < sizeof(args[0]) || size > sizeof(args) ||
	    utrace_read_memory(thread, from, args, size) != (ssize_t)size ||
	    !(args[0] & flag))
		return false;
	args[0] &= ~(uint64_t)flag;
	*argument = (regs->sp - RED_ZONE - size) & ~15UL;
	return utrace_write_memory(thread, *argument, args, size) ==
	       (ssize_t)size;
}

bool machine_clone_without(struct utrace_thread *thread, unsigned long flag,
			   unsigned long *argument)
{
	bool i386 = thread->abi == UTRACE_ABI_I386;
	unsigned long flags = *machine_clone_argument(thread);
	int nr = regs_of(thread)->orig_ax & ~X32_BIT;

	if (nr == SYS_clone3)	/* the same number everywhere */
		return clone3_without(thread, flag, argument);
	*argument = flags & ~flag;
	return nr == (i386 ? I386_CLONE : SYS_clone) && (flags & flag);
}

long machine_restart_nr(const struct utrace_regs *regs)
{
	return machine_syscall_abi(regs) == UTRACE_ABI_I386 ? 0 :
	       SYS_restart_syscall;
}

bool machine_at_syscall_insn(struct utrace_thread *thread)
{
	uint8_t code[2];

	if (regs_fetch(thread) ||
	    utrace_read_memory(thread, regs_of(thread)->ip, code, 2) != 2)
		return false;
	return (code[0] == 0x0f && (code[1] == 0x05 || code[1] == 0x34)) ||
	       (code[0] == 0xcd && code[1] == 0x80);
}

/* ---- the end of a thread ---------------------------------------------------- */

#define I386_EXIT		1
#define I386_EXIT_GROUP		252

bool machine_ends_thread(struct utrace_thread *thread, long *code, bool *all)
{
	const struct utrace_regs *regs = regs_of(thread);
	int nr = regs->orig_ax;

	if (thread->abi == UTRACE_ABI_I386) {
		*code = regs->bx;
		*all = nr == I386_EXIT_GROUP;
		return nr == I386_EXIT || *all;
	}
	nr &= ~X32_BIT;
	*code = regs->di;
	*all = nr == SYS_exit_group;
	return nr == SYS_exit || *all;
}

void machine_set_exit_code(struct utrace_thread *thread, long code)
{
	if (thread->abi == UTRACE_ABI_I386)
		regs_of(thread)->bx = code;
	else
		regs_of(thread)->di = code;
}

unsigned int machine_audit_arch(struct utrace_thread *thread)
{
	return machine_is_i386(thread) ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
}

bool machine_is_i386(struct utrace_thread *thread)
{
	return machine_syscall_abi(regs_of(thread)) == UTRACE_ABI_I386;
}

/* ---- instructions -------------------------------------------------------- */

static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64 ... 0x67:
	case 0xf0: case 0xf2: case 0xf3:
	case 0x40 ... 0x4f:	/* REX; of 32 bits: inc and dec, which matter as little */
		return true;
	}
	return false;
}

bool machine_loads_flags(struct utrace_thread *thread, unsigned long addr)
{
	uint8_t code[15];	/* as long as one can be */
	ssize_t n = utrace_read_memory(thread, addr, code, sizeof(code)), i;

	for (i = 0; i < n && is_prefix(code[i]); i++)
		;
	return i < n && (code[i] == 0x9d || code[i] == 0xcf);	/* popf, iret */
}

/* The numbering of the call that a stopped thread is in or came from. */
static int abi_of(struct utrace_thread *thread, const struct utrace_regs *regs)
{
	if ((long)regs->orig_ax >= 0 && (long)regs->orig_ax == thread->nr)
		return thread->abi;
	return machine_syscall_abi(regs);
}

/* ---- system calls, for engines ---------------------------------------------- */

long utrace_syscall_get_nr(struct utrace_thread *thread,
			   const struct utrace_regs *regs)
{
	(void)thread;
	return (int)regs->orig_ax;
}

int utrace_syscall_abi(struct utrace_thread *thread)
{
	return abi_of(thread, regs_of(thread));
}

void utrace_syscall_get_arguments(struct utrace_thread *thread,
				  const struct utrace_regs *regs,
				  unsigned long args[6])
{
	if (abi_of(thread, regs) == UTRACE_ABI_I386) {
		args[0] = (uint32_t)regs->bx;
		args[1] = (uint32_t)regs->cx;
		args[2] = (uint32_t)regs->dx;
		args[3] = (uint32_t)regs->si;
		args[4] = (uint32_t)regs->di;
		args[5] = (uint32_t)regs->bp;
	} else {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->r10;
		args[4] = regs->r8;
		args[5] = regs->r9;
	}
}

void utrace_syscall_set_arguments(struct utrace_thread *thread,
				  struct utrace_regs *regs,
				  const unsigned long args[6])
{
	if (abi_of(thread, regs) == UTRACE_ABI_I386) {
		regs->bx = (uint32_t)args[0];
		regs->cx = (uint32_t)args[1];
		regs->dx = (uint32_t)args[2];
		regs->si = (uint32_t)args[3];
		regs->di = (uint32_t)args[4];
		regs->bp = (uint32_t)args[5];
	} else {
		regs->di = args[0];
		regs->si = args[1];
		regs->dx = args[2];
		regs->r10 = args[3];
		regs->r8 = args[4];
		regs->r9 = args[5];
	}
}

long utrace_syscall_get_return_value(struct utrace_thread *thread,
				     const struct utrace_regs *regs)
{
	return abi_of(thread, regs) == UTRACE_ABI_I386 ?
	       (int32_t)regs->ax : (long)regs->ax;
}

long utrace_syscall_get_error(struct utrace_thread *thread,
			      const struct utrace_regs *regs)
{
	long value = utrace_syscall_get_return_value(thread, regs);

	return value < 0 && value >= -4095 ? value : 0;
}

void utrace_syscall_set_return_value(struct utrace_thread *thread,
				     struct utrace_regs *regs, int error,
				     long val)
{
	(void)thread;
	regs->ax = error ? error : val;
}

void utrace_syscall_rollback(struct utrace_thread *thread,
			     struct utrace_regs *regs)
{
	(void)thread;
	regs->ax = regs->orig_ax;
}
