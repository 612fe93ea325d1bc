/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ways into and out of the guest kernel.
 *
 * Every entry finds rcx and r11 on the kernel stack above the frame (PV ABI). The stubs turn that
 * into struct regs and call trap_c(); what trap_c() returns from goes back by the iret hypercall.
 * The callback stubs use vectors above 255. Segment registers are left alone.
 *
 * guard_set() is a setjmp whose longjmp is taken by trap_c() on a fault; user_enter() leaves for
 * ring 3 and "returns" when trap_c() calls user_leave().
 */
#include "layout.h"

	.text
	.macro STUB vec, has_error
	.balign 16
	popq	%rcx
	popq	%r11
	.if \has_error == 0
	pushq	$0
	.endif
	pushq	$\vec
	jmp	trap_common
	.endm

	.balign 16
	.globl trap_stubs
trap_stubs:
	.set	vec, 0
	.rept	256
	.if (vec == 8) || (vec == 10) || (vec == 11) || (vec == 12) || \
	    (vec == 13) || (vec == 14) || (vec == 17) || (vec == 21)
	STUB	vec, 1
	.else
	STUB	vec, 0
	.endif
	.set	vec, vec + 1
	.endr
	.balign 16

	.globl upcall_entry
upcall_entry:
	STUB	VEC_UPCALL, 0

	/* Failsafe: rcx, r11, ds, es, fs, gs, then a frame without error code. */
	.globl failsafe_entry
failsafe_entry:
	popq	%rcx
	popq	%r11
	popq	failsafe_segments(%rip)
	popq	failsafe_segments+8(%rip)
	popq	failsafe_segments+16(%rip)
	popq	failsafe_segments+24(%rip)
	pushq	$0
	pushq	$VEC_FAILSAFE
	jmp	trap_common

	.globl syscall_entry
syscall_entry:
	STUB	VEC_SYSCALL, 0
	.globl syscall32_entry
syscall32_entry:
	STUB	VEC_SYSCALL32, 0
	.globl sysenter_entry
sysenter_entry:
	STUB	VEC_SYSENTER, 0

	/* rsp -> vector, error code, rip, cs, rflags, rsp, ss */
trap_common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$~15, %rsp
	call	trap_c
	movq	%rbx, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	pushq	$0
	pushq	%rcx
	pushq	%r11
	pushq	%rax
	movl	$23, %eax
	syscall
	ud2

	/* int guard_set(struct jmpbuf *): rbx rbp r12-r15 rsp rip */
	.globl guard_set
guard_set:
	movq	%rbx, 0(%rdi)
	movq	%rbp, 8(%rdi)
	movq	%r12, 16(%rdi)
	movq	%r13, 24(%rdi)
	movq	%r14, 32(%rdi)
	movq	%r15, 40(%rdi)
	leaq	8(%rsp), %rax
	movq	%rax, 48(%rdi)
	movq	(%rsp), %rax
	movq	%rax, 56(%rdi)
	xorl	%eax, %eax
	ret

	.globl guard_jump
guard_jump:
	movq	0(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movq	48(%rdi), %rsp
	movl	$1, %eax
	cld
	jmp	*56(%rdi)

	/* void user_enter(struct user *): offsets as in struct user, checked in user.c */
	.globl user_enter
user_enter:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, 0(%rdi)
	pushq	16+168(%rdi)
	pushq	16+160(%rdi)
	pushq	16+152(%rdi)
	pushq	16+144(%rdi)
	pushq	16+136(%rdi)
	pushq	8(%rdi)
	pushq	16+104(%rdi)
	pushq	16+32(%rdi)
	pushq	16+112(%rdi)
	movq	16+0(%rdi), %r15
	movq	16+8(%rdi), %r14
	movq	16+16(%rdi), %r13
	movq	16+24(%rdi), %r12
	movq	16+40(%rdi), %r10
	movq	16+48(%rdi), %r9
	movq	16+56(%rdi), %r8
	movq	16+72(%rdi), %rsi
	movq	16+80(%rdi), %rbp
	movq	16+88(%rdi), %rbx
	movq	16+96(%rdi), %rdx
	movq	16+64(%rdi), %rdi
	movl	$23, %eax
	syscall
	ud2

	/*
	 * void user_enter_native(struct user *): the same with the CPU's own IRETQ, so that the
	 * hypervisor does not learn of it. Only rax, rdi and the frame are set.
	 */
	.globl user_enter_native
user_enter_native:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, 0(%rdi)
	pushq	16+168(%rdi)
	pushq	16+160(%rdi)
	pushq	16+152(%rdi)
	pushq	16+144(%rdi)
	pushq	16+136(%rdi)
	movq	16+112(%rdi), %rax
	movq	16+64(%rdi), %rdi
	iretq

	.globl user_leave
user_leave:
	movq	%rdi, %rsp
	cld
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret

	.section .note.GNU-stack, "", @progbits
