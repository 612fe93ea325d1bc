/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first instructions of an application pCPU, from real to long mode.
 *
 * smp.c copies smp_trampoline_start to TRAMPOLINE_PHYS. On entry there: real
 * mode, CS = TRAMPOLINE_PHYS >> 4, IF = 0, caches off, everything else
 * as after INIT (SDM 3A table 9-1).
 */
#include "machine/layout.h"
#include "machine/trampoline.h"

#define AT(label)	(TRAMPOLINE_PHYS + (label) - smp_trampoline_start)
#define CR0_RUN		0x80050033	/* PG, AM, WP, NE, ET, MP, PE; caches on */
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_RUN	0x901		/* NX, LME, SCE */

	.section .init.rodata, "a", @progbits
	.globl smp_trampoline_start, smp_trampoline_end
	.balign 16
smp_trampoline_start:
	.code16
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	gdt_pointer - smp_trampoline_start
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$0x08, $AT(protected_mode)

	.code32
protected_mode:
	mov	$0x10, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$(TRAMPOLINE_PHYS + 0x1000), %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_RUN, %eax
	wrmsr
	mov	$CR0_RUN, %eax
	mov	%eax, %cr0
	ljmpl	$0x18, $AT(long_mode)

	.code64
long_mode:
	movabs	$smp_ap_entry, %rax
	jmp	*%rax

	.balign 8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 32-bit code */
	.quad	0x00cf93000000ffff	/* data */
	.quad	0x00af9b000000ffff	/* 64-bit code */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	AT(gdt)
smp_trampoline_end:

	.section .init.text, "ax", @progbits
/* On the temporary tables, where the image is; no stack. IF = 0. */
smp_ap_entry:
	mov	smp_ap_cr3(%rip), %rax
	mov	%rax, %cr3
	movabs	$HOST_STACK_TOP, %rsp
	xor	%ebp, %ebp
	call	smp_ap_main

	.section .note.GNU-stack, "", @progbits
