/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ELF notes of the PV ABI and the first instructions of the test guest.
 *
 * guest_start: rsi = start_info, rsp = top of the boot stack, events masked, cs FLAT_KERNEL_CS.
 * vcpu1_start: rsp = top of the second vCPU's stack, set by vcpu_op.initialise; rdi = struct vcpu.
 * hypercall_page is filled in by the hypervisor (HYPERCALL_PAGE note); the guest itself issues
 * SYSCALL inline, as Linux does, and one case calls through the page.
 */
#include <xen/elfnote.h>
#include "layout.h"

	.macro NOTE type, kind, value:vararg
	.section .note.xen, "a", @note
	.balign 4
	.long 4, 2f - 1f, \type
	.asciz "Xen"
1:	\kind \value
2:	.balign 4
	.endm

	NOTE XEN_ELFNOTE_XEN_VERSION, .asciz, "xen-3.0"
	NOTE XEN_ELFNOTE_GUEST_OS, .asciz, "ringlet-test"
	NOTE XEN_ELFNOTE_GUEST_VERSION, .asciz, "1"
	NOTE XEN_ELFNOTE_LOADER, .asciz, "generic"
	NOTE XEN_ELFNOTE_FEATURES, .asciz, "!writable_page_tables|pae_pgdir_above_4gb"
	NOTE XEN_ELFNOTE_PAE_MODE, .asciz, "yes"
	NOTE XEN_ELFNOTE_VIRT_BASE, .quad, VIRT_BASE
	NOTE XEN_ELFNOTE_PADDR_OFFSET, .quad, 0
	NOTE XEN_ELFNOTE_ENTRY, .quad, guest_start
	NOTE XEN_ELFNOTE_HYPERCALL_PAGE, .quad, hypercall_page

	.section .text.head, "ax"
	.balign PAGE_SIZE
	.globl hypercall_page
hypercall_page:
	.fill PAGE_SIZE, 1, 0xcc

	.globl guest_start
guest_start:
	cld
	movq	%rsp, %rdx
	leaq	vcpu0_stack(%rip), %rsp
	addq	$STACK_SIZE, %rsp
	xorl	%ebp, %ebp
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	call	guest_main
	ud2

	.globl vcpu1_start
vcpu1_start:
	cld
	xorl	%ebp, %ebp
	call	secondary_main
	ud2

	.section .note.GNU-stack, "", @progbits
