/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way out of a test that cannot go on, from wherever it is: struct jump in
 * module.h has what a function has to preserve.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>

SYM_FUNC_START(jump_here)
	movq	%rbx, 0(%rdi)
	movq	%rbp, 8(%rdi)
	movq	%r12, 16(%rdi)
	movq	%r13, 24(%rdi)
	movq	%r14, 32(%rdi)
	movq	%r15, 40(%rdi)
	movq	%rsp, 48(%rdi)
	movq	(%rsp), %rax
	movq	%rax, 56(%rdi)
	xorl	%eax, %eax
	RET
SYM_FUNC_END(jump_here)

/* As a return to where jump_here() returned to, with 1. */
STACK_FRAME_NON_STANDARD jump_back
SYM_FUNC_START(jump_back)
	movq	0(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movq	48(%rdi), %rsp
	movq	56(%rdi), %rax
	movq	%rax, (%rsp)
	movl	$1, %eax
	RET
SYM_FUNC_END(jump_back)
