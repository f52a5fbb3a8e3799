/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * long utrace_run_apart(int (*fn)(void *), void *arg, int *tid, void *nap,
 *			 unsigned long flags, const unsigned long *nap_mask)
 *
 * Runs fn(arg) in a process of its own, on this stack and with this thread's
 * thread-local storage, while the calling thread waits on another stack (its
 * top is nap) until that process is gone.  Then it returns its ID, or at once a
 * negative errno.  See docs/who-waits.md.
 *
 * The caller has blocked all signals.  While it waits its mask is nap_mask.
 * tid is set by the kernel before either side runs, and cleared when the new
 * process is gone.
 *
 * Between clone and the change of stacks the two share one stack: neither may
 * write to it, so nothing stands there but register moves.
 */
	.text
	.globl	utrace_run_apart
	.hidden	utrace_run_apart
	.type	utrace_run_apart, @function
utrace_run_apart:
	.cfi_startproc
	push	%rbx
	.cfi_adjust_cfa_offset 8
	push	%rbp
	.cfi_adjust_cfa_offset 8
	push	%r12
	.cfi_adjust_cfa_offset 8
	push	%r13
	.cfi_adjust_cfa_offset 8
	push	%r14
	.cfi_adjust_cfa_offset 8
	push	%r15
	.cfi_adjust_cfa_offset 8
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	mov	%rdi, %r12		/* fn */
	mov	%rsi, %r13		/* arg */
	mov	%rdx, %r14		/* tid */
	mov	%rcx, %r15		/* nap */
	mov	%r9, %rbp		/* nap_mask */
	mov	%rsp, %rbx

	mov	%r8, %rdi		/* clone(flags, 0, tid, tid, 0) */
	xor	%esi, %esi
	mov	%r14, %rdx
	mov	%r14, %r10
	xor	%r8d, %r8d
	mov	$56, %eax
	syscall
	test	%rax, %rax
	js	.Lout
	jz	.Lchild

	mov	%r15, %rsp		/* the stack is the child's now */
	mov	%rax, %r12
	mov	$14, %eax		/* rt_sigprocmask(SIG_SETMASK, nap_mask) */
	mov	$2, %edi
	mov	%rbp, %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
.Lnap:
	mov	(%r14), %edx
	test	%edx, %edx
	jz	.Ldone
	mov	$202, %eax		/* futex(tid, FUTEX_WAIT, *tid, NULL) */
	mov	%r14, %rdi
	xor	%esi, %esi
	xor	%r10d, %r10d
	syscall
	jmp	.Lnap
.Ldone:
	mov	%rbx, %rsp
	mov	%r12, %rax
	jmp	.Lout

.Lchild:
	mov	%r13, %rdi
	call	*%r12
	mov	%eax, %edi
	mov	$60, %eax		/* exit(fn(arg)) */
	syscall
	hlt

.Lout:
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	pop	%r15
	.cfi_adjust_cfa_offset -8
	pop	%r14
	.cfi_adjust_cfa_offset -8
	pop	%r13
	.cfi_adjust_cfa_offset -8
	pop	%r12
	.cfi_adjust_cfa_offset -8
	pop	%rbp
	.cfi_adjust_cfa_offset -8
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size	utrace_run_apart, . - utrace_run_apart
	.section .note.GNU-stack, "", @progbits
