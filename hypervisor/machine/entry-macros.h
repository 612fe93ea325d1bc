/* SPDX-License-Identifier: GPL-2.0 */
/* What all entry code shares; for assembler only. */
#ifndef RINGLET_MACHINE_ENTRY_MACROS_H
#define RINGLET_MACHINE_ENTRY_MACROS_H
#ifdef __ASSEMBLER__

#include "machine/layout.h"

/* Below the hardware frame, error code and vector; rsp = struct regs after it. */
.macro PUSH_GPRS
	.irp reg, rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
	push	%\reg
	.endr
.endm

.macro POP_GPRS
	.irp reg, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
	pop	%\reg
	.endr
.endm

/* An interrupt stub each 16 bytes, from vector VEC_FIRST_IRQ on. */
.macro IRQ_STUBS target
	vector = VEC_FIRST_IRQ
	.rept 256 - VEC_FIRST_IRQ
	.align 16
	pushq	$0
	pushq	$vector
	jmp	\target
	vector = vector + 1
	.endr
.endm

/*
 * IDT contents for descriptor-tables.c: vector, handler, IST, DPL. In the image:
 * only boot reads it.
 */
.macro IDT_ROW vector, handler, ist, dpl
	.pushsection .init.rodata, "a", @progbits
	.quad	\vector, \handler, \ist, \dpl
	.popsection
.endm

#endif
#endif
