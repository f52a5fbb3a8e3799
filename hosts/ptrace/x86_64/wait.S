/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * long utrace_wait_or_bell(const int *bell, int *status)
 *
 * wait4(-1, status, __WALL, NULL), unless *bell is set: then -EINTR.
 *
 * No wake-up is lost: whoever sets *bell sends a signal, and its handler moves
 * a thread that is between the look at *bell and the end of the system call
 * (where the kernel also restarts it) to the way out.
 */
	.text
	.globl	utrace_wait_or_bell
	.hidden	utrace_wait_or_bell
	.type	utrace_wait_or_bell, @function
utrace_wait_or_bell:
	.cfi_startproc
	mov	%rdi, %r8
	mov	$-1, %rdi
	mov	$0x40000000, %edx
	xor	%r10d, %r10d
.Lbegin:
	mov	$61, %eax
	cmpl	$0, (%r8)
	jne	.Lrung
	syscall
.Lend:
	ret
.Lrung:
	mov	$-4, %rax
	ret
	.cfi_endproc
	.size	utrace_wait_or_bell, . - utrace_wait_or_bell

/*
 * long utrace_seize_or_bell(pid_t tid, unsigned long options)
 *
 * ptrace(PTRACE_SEIZE, tid, 0, options), but if the bell's signal comes while it
 * waits: then -EINTR, and it did nothing.
 */
	.globl	utrace_seize_or_bell
	.hidden	utrace_seize_or_bell
	.type	utrace_seize_or_bell, @function
utrace_seize_or_bell:
	.cfi_startproc
	mov	%rsi, %r10
	movslq	%edi, %rsi
	xor	%edx, %edx
	mov	$0x4206, %edi
.Lseize:
	mov	$101, %eax
	syscall
.Lseized:
	ret
	.cfi_endproc
	.size	utrace_seize_or_bell, . - utrace_seize_or_bell

/* void utrace_on_bell(int sig, siginfo_t *info, ucontext_t *context) */
	.globl	utrace_on_bell
	.hidden	utrace_on_bell
	.type	utrace_on_bell, @function
utrace_on_bell:
	mov	168(%rdx), %rax		/* uc_mcontext.gregs[REG_RIP] */
	lea	.Lbegin(%rip), %rcx
	cmp	%rcx, %rax
	jb	2f
	lea	.Lend(%rip), %rcx
	cmp	%rcx, %rax
	jb	1f
	lea	.Lseize(%rip), %rcx
	cmp	%rcx, %rax
	jb	2f
	lea	.Lseized(%rip), %rcx
	cmp	%rcx, %rax
	jae	2f
1:	lea	.Lrung(%rip), %rcx
	mov	%rcx, 168(%rdx)
2:	ret
	.size	utrace_on_bell, . - utrace_on_bell

	.globl	utrace_sigreturn
	.hidden	utrace_sigreturn
	.type	utrace_sigreturn, @function
utrace_sigreturn:
	mov	$15, %eax		/* rt_sigreturn() */
	syscall
	.size	utrace_sigreturn, . - utrace_sigreturn
	.section .note.GNU-stack, "", @progbits
