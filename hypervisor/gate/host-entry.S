/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entry stubs of host space: the continuation of the gate's full entries, and the
 * handlers in the host's own IDT (interrupts while idle, faults of ours).
 *
 * On entry everywhere: IF = 0, host CR3, a stack of this pCPU; GS, FS, DS and
 * ES are the guest's and are not used.
 */
#include "asm-offsets.h"
#include "machine/entry-macros.h"
#include "machine/layout.h"

	.section .text, "ax", @progbits

/*
 * Overwrite the return stack buffer: ring 1 filled it, and eIBRS does not keep
 * ring 1 and ring 0 apart (security.rst). 32 entries.
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

	.pushsection .init.rodata, "a", @progbits
	.globl	host_idt_table
	.align	8
host_idt_table:
	.popsection

.macro HOST_STUB vector, has_error, ist=0
	.align 8
1:
	.if \has_error == 0
	pushq	$0
	.endif
	pushq	$\vector
	jmp	host_common
	IDT_ROW \vector, 1b, \ist, 0
.endm
	.irp vector, 0, 3, 4, 5, 6, 7, 9, 15, 16, 19, 20
HOST_STUB \vector, 0
	.endr
	.irp vector, 10, 11, 12, 13, 14, 17, 21
HOST_STUB \vector, 1
	.endr
HOST_STUB VEC_NMI, 0, 1
HOST_STUB VEC_MC, 0, 2
HOST_STUB VEC_DB, 0, 3
HOST_STUB VEC_DF, 1, 4

	.align 16
host_common:
	PUSH_GPRS
	cld
	mov	%rsp, %rdi
	mov	%rsp, %rbx
	and	$~15, %rsp
	call	host_trap
	mov	%rbx, %rsp
	POP_GPRS
	add	$16, %rsp
	iretq

	.globl host_irq_stubs
	.align 16
host_irq_stubs:
	IRQ_STUBS host_common

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
	.quad	-1

	.section .note.GNU-stack, "", @progbits
