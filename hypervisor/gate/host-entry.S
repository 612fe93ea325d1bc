/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entry stubs of host space: the continuation of the gate's full entries, and the
 * handlers in the host's own IDT (interrupts while idle, faults of ours).
 *
 * On entry everywhere: IF = 0, host CR3, a stack of this pCPU; GS, FS, DS and
 * ES are the guest's and are not used.
 */
#include "asm-offsets.h"
#include "machine/layout.h"

	.section .text, "ax", @progbits

/*
 * Overwrite the return stack buffer: ring 1 filled it, and eIBRS does not keep
 * ring 1 and ring 0 apart (DESIGN, speculation). 32 entries.
 */
.macro STUFF_RSB
	mov	$16, %ecx
771:	call	772f
	int3
772:	call	773f
	int3
773:	dec	%ecx
	jnz	771b
	add	$(32 * 8), %rsp
.endm

/* From gate_to_host. rdi = 0, or rsp of a nested frame; rsp = HOST_STACK_TOP. */
	.globl host_entry_stub
	.align 16
host_entry_stub:
	cld
	STUFF_RSB
	call	host_entry
	jmp	host_leave

/* Start over on an empty host stack; sched's idle loop calls it by its own name. */
	.globl gate_run, dispatch_resume
gate_run:
dispatch_resume:
	movabs	$HOST_STACK_TOP, %rsp
	xor	%ebp, %ebp
	call	host_exit
/* rax = guest CR3, rdx = reload segments. */
host_leave:
	mov	%rax, %rdi
	mov	%rdx, %rsi
	jmp	gate_exit_asm

.macro HOST_STUB vector, has_error
	.align 8
host_stub_\vector:
	.if \has_error == 0
	pushq	$0
	.endif
	pushq	$\vector
	jmp	host_common
.endm
HOST_STUB 0, 0
HOST_STUB 1, 0
HOST_STUB 2, 0
HOST_STUB 3, 0
HOST_STUB 4, 0
HOST_STUB 5, 0
HOST_STUB 6, 0
HOST_STUB 7, 0
HOST_STUB 8, 1
HOST_STUB 9, 0
HOST_STUB 10, 1
HOST_STUB 11, 1
HOST_STUB 12, 1
HOST_STUB 13, 1
HOST_STUB 14, 1
HOST_STUB 15, 0
HOST_STUB 16, 0
HOST_STUB 17, 1
HOST_STUB 18, 0
HOST_STUB 19, 0
HOST_STUB 20, 0
HOST_STUB 21, 1

	.align 16
host_common:
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cld
	mov	%rsp, %rdi
	mov	%rsp, %rbx
	and	$~15, %rsp
	call	host_trap
	mov	%rbx, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
	add	$16, %rsp
	iretq

	.globl host_irq_stubs
	.align 16
host_irq_stubs:
	vector = VEC_FIRST_IRQ
	.rept 256 - VEC_FIRST_IRQ
	.align 16
	pushq	$0
	pushq	$vector
	jmp	host_common
	vector = vector + 1
	.endr

/* Retpolines the compiler calls: capture speculation in a loop. */
.macro THUNK reg
	.globl __x86_indirect_thunk_\reg
__x86_indirect_thunk_\reg:
	call	2f
1:	pause
	lfence
	jmp	1b
2:	mov	%\reg, (%rsp)
	ret
.endm
	.irp reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	THUNK \reg
	.endr

	.section .init.rodata, "a", @progbits
	.globl host_idt_table
	.align 8
host_idt_table:
	.irp n, 0, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21
	.quad \n, host_stub_\n, 0, 0
	.endr
	.quad 1, host_stub_1, 3, 0
	.quad 2, host_stub_2, 1, 0
	.quad 8, host_stub_8, 4, 0
	.quad 18, host_stub_18, 2, 0
	.quad -1

	.section .note.GNU-stack, "", @progbits
