/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * long utrace_call_or_bell(const int *bell, long nr, long a, long b, long c,
 *			    long d)
 *
 * The system call nr(a, b, c, d, 0), unless *bell is set or the bell's signal comes
 * before it is over: then -EINTR, and it did nothing.
 *
 * No wake-up is lost: whoever sets *bell sends a signal, and its handler moves
 * a thread that is between the look at *bell and the end of the system call
 * (where the kernel also restarts it) to the way out.
 */
	.text
	.globl	utrace_call_or_bell
	.hidden	utrace_call_or_bell
	.type	utrace_call_or_bell, @function
utrace_call_or_bell:
	.cfi_startproc
	mov	%rdi, %r11
	mov	%rsi, %rax
	mov	%rdx, %rdi
	mov	%rcx, %rsi
	mov	%r8, %rdx
	mov	%r9, %r10
	xor	%r8d, %r8d
.Lbegin:
	cmpl	$0, (%r11)
	jne	.Lrung
	syscall
.Lend:
	ret
.Lrung:
	mov	$-4, %rax
	ret
	.cfi_endproc
	.size	utrace_call_or_bell, . - utrace_call_or_bell

/* void utrace_on_bell(int sig, siginfo_t *info, ucontext_t *context) */
	.globl	utrace_on_bell
	.hidden	utrace_on_bell
	.type	utrace_on_bell, @function
utrace_on_bell:
	mov	168(%rdx), %rax		/* uc_mcontext.gregs[REG_RIP] */
	lea	.Lbegin(%rip), %rcx
	cmp	%rcx, %rax
	jb	1f
	lea	.Lend(%rip), %rcx
	cmp	%rcx, %rax
	jae	1f
	lea	.Lrung(%rip), %rcx
	mov	%rcx, 168(%rdx)
1:	ret
	.size	utrace_on_bell, . - utrace_on_bell

	.globl	utrace_sigreturn
	.hidden	utrace_sigreturn
	.type	utrace_sigreturn, @function
utrace_sigreturn:
	mov	$15, %eax		/* rt_sigreturn() */
	syscall
	.size	utrace_sigreturn, . - utrace_sigreturn
	.section .note.GNU-stack, "", @progbits
