/* SPDX-License-Identifier: GPL-2.0 */
/*
 * First instructions: from multiboot's 32-bit state to C in long mode.
 *
 * Multiboot 1 (0.6.96, 3.2) and 2 (2.0, 3.3) enter at IMAGE_PHYS with paging
 * off, flat segments, interrupts off, eax = magic, ebx = physical address of
 * the boot information. The temporary tables map 0 to 4 GiB twice, at 0 and at
 * DIRECTMAP_VIRT, and the first 8 MiB of the image at IMAGE_VIRT, all of it
 * writable and executable: host_map_init() replaces them.
 */
#include "machine/entry-macros.h"
#include "machine/layout.h"

#define MB1_MAGIC	0x1badb002
#define MB1_FLAGS	0x00000003	/* modules page-aligned, memory map */
#define MB2_MAGIC	0xe85250d6

#define PHYS(sym)	((sym) - IMAGE_VIRT + IMAGE_PHYS)
#define PTE_TABLE	0x003		/* present, writable */
#define PTE_LARGE	0x083		/* present, writable, 2 MiB */

	.section .head.text, "ax", @progbits
	.code32
	.globl boot_start
boot_start:
	jmp	start32

	.balign 4
	.long	MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)

	.balign 8
mb2_header:
	.long	MB2_MAGIC, 0, mb2_header_end - mb2_header
	.long	-(MB2_MAGIC + (mb2_header_end - mb2_header))
	.balign 8
	.short	1, 0			/* information request */
	.long	1f - . + 4
	.long	4, 6			/* basic memory, memory map */
1:	.balign 8
	.short	6, 0			/* modules on page boundaries */
	.long	8
	.balign 8
	.short	5, 1			/* a frame buffer, if there is one: */
	.long	20			/* it is the service domain's */
	.long	0, 0, 0			/* of any size and depth */
	.balign 8
	.short	0, 0			/* end */
	.long	8
mb2_header_end:

/*
 * start32: eax, ebx as the boot loader set them; no stack; paging off.
 * edi and esi keep them and become boot_main()'s arguments.
 */
start32:
	cld
	cli
	movl	%eax, %edi
	movl	%ebx, %esi
	movl	$PHYS(boot_stack_top), %esp

	/* CPUID itself: is EFLAGS.ID writable? (SDM 1, 20.1.2) */
	pushfl
	popl	%eax
	movl	%eax, %ecx
	xorl	$EFLAGS_ID, %eax
	pushl	%eax
	popfl
	pushfl
	popl	%eax
	cmpl	%eax, %ecx
	je	unfit

	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	unfit
	movl	$0x80000001, %eax
	cpuid
	movl	%edx, %eax
	andl	$0x20100000, %eax	/* long mode, NX */
	cmpl	$0x20100000, %eax
	jne	unfit

	/* 2048 large pages: 0 .. 4 GiB. */
	movl	$PHYS(early_l2), %ebx
	movl	$PTE_LARGE, %eax
	xorl	%edx, %edx
1:	movl	%eax, (%ebx)
	movl	%edx, 4(%ebx)
	addl	$8, %ebx
	addl	$0x200000, %eax
	jnc	1b

	movl	$0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	movl	$PHYS(early_l4), %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER: long mode, NX */
	rdmsr
	orl	$0x900, %eax
	wrmsr
	movl	$0x80010033, %eax	/* PG, WP, NE, ET, MP, PE; caches on */
	movl	%eax, %cr0
	lgdt	PHYS(early_gdtr)
	ljmp	$0x08, $PHYS(start64)

/* unfit: any state; says so on the first serial port and stops. */
unfit:
	movl	$PHYS(unfit_message), %esi
1:	lodsb
	testb	%al, %al
	jz	3f
	movb	%al, %bl
	movw	$0x3fd, %dx
	movl	$100000, %ecx
2:	inb	%dx, %al
	testb	$0x20, %al
	loopz	2b
	movw	$0x3f8, %dx
	movb	%bl, %al
	outb	%al, %dx
	jmp	1b
3:	hlt
	jmp	3b
unfit_message:
	.asciz	"ringlet: boot: this CPU has no long mode or no NX: Ringlet needs both\r\n"

	.balign 8
early_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x08: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x10: data */
early_gdtr:
	.short	early_gdtr - early_gdt - 1
	.quad	PHYS(early_gdt)
	.balign 8
early_gdtr_virt:
	.short	early_gdtr - early_gdt - 1
	.quad	early_gdt

/* start64: 64-bit at its load address, on the early tables; edi, esi as above. */
	.code64
start64:
	movabsq	$1f, %rax
	jmp	*%rax
1:	lgdt	early_gdtr_virt(%rip)
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	leaq	boot_stack_top(%rip), %rsp
	movl	%edi, %edi
	movl	%esi, %esi
	xorl	%ebp, %ebp
	call	boot_main
	ud2

	.section .init.text, "ax", @progbits

/*
 * boot_on_host_stack(cr3, next): go over to the boot pCPU's own address space
 * and stack, for good. rdi = its CR3, rsi = first C there, IF = 0.
 */
	.globl boot_on_host_stack
boot_on_host_stack:
	movq	%rdi, %cr3
	movabsq	$HOST_STACK_TOP, %rsp
	xorl	%ebp, %ebp
	call	*%rsi
	ud2

	.section .init.data, "aw", @progbits
	.balign 4096
early_l4:
	.quad	PHYS(early_l3) + PTE_TABLE
	.fill	GATE_SLOT - 1, 8, 0
	.quad	PHYS(early_image_l3) + PTE_TABLE
	.fill	DIRECTMAP_SLOT - GATE_SLOT - 1, 8, 0
	.quad	PHYS(early_l3) + PTE_TABLE
	.fill	511 - DIRECTMAP_SLOT, 8, 0
early_l3:
	.quad	PHYS(early_l2) + PTE_TABLE
	.quad	PHYS(early_l2) + 0x1000 + PTE_TABLE
	.quad	PHYS(early_l2) + 0x2000 + PTE_TABLE
	.quad	PHYS(early_l2) + 0x3000 + PTE_TABLE
	.fill	508, 8, 0
early_image_l3:
	.quad	PHYS(early_image_l2) + PTE_TABLE
	.fill	511, 8, 0
early_image_l2:				/* IMAGE_VIRT is entry 1 */
	.quad	0
	.quad	IMAGE_PHYS + PTE_LARGE
	.quad	IMAGE_PHYS + 0x200000 + PTE_LARGE
	.quad	IMAGE_PHYS + 0x400000 + PTE_LARGE
	.quad	IMAGE_PHYS + 0x600000 + PTE_LARGE
	.fill	507, 8, 0

	.section .init.bss, "aw", @nobits
	.balign 4096
early_l2:
	.skip	4 * 4096
boot_stack:
	.skip	32 * 1024
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
