/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a probe for block steps runs, in a process of its own that shares memory
 * and has no stack: see machine_probe_block_step().
 */
	.text
	.globl	utrace_block_probe
	.hidden	utrace_block_probe
	.type	utrace_block_probe, @function
/*
 * long utrace_block_probe(unsigned long flags, pid_t parent): clone; the child
 * runs on here.  It dies with its parent, stopped or not.
 */
utrace_block_probe:
	.cfi_startproc
	mov	%esi, %r9d
	xor	%esi, %esi
	xor	%edx, %edx
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	mov	$56, %eax		/* clone(flags, 0, 0, 0, 0) */
	syscall
	test	%rax, %rax
	jz	1f
	ret
	.cfi_endproc
1:	mov	$157, %eax		/* prctl(PR_SET_PDEATHSIG, SIGKILL) */
	mov	$1, %edi
	mov	$9, %esi
	syscall
	mov	$110, %eax		/* getppid(): it may have died before */
	syscall
	cmp	%r9d, %eax
	jne	2f
	mov	$101, %eax		/* ptrace(PTRACE_TRACEME) */
	xor	%edi, %edi
	syscall
	test	%rax, %rax		/* somebody traces us: no probe */
	jnz	2f
	mov	$39, %eax		/* getpid() */
	syscall
	mov	%eax, %edi
	mov	$19, %esi
	mov	$62, %eax		/* kill(getpid(), SIGSTOP) */
	syscall
	nop
	nop
	nop
	jmp	2f
	nop
	.globl	utrace_block_target
	.hidden	utrace_block_target
utrace_block_target:
2:	mov	$60, %eax		/* exit(0) */
	xor	%edi, %edi
	syscall
	hlt
	.size	utrace_block_probe, . - utrace_block_probe
	.section .note.GNU-stack, "", @progbits
