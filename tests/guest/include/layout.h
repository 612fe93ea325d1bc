/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses and sizes that C, assembly and the linker script of the test guest share.
 */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096
#define STACK_SIZE	32768
/* Traps from ring 3 use the lower half of a vCPU's stack, kernel code the upper half. */
#define TRAP_STACK_TOP	(STACK_SIZE / 2)

#define VIRT_BASE	0xffffffff80000000
#define LOAD_PADDR	0x100000
#define DIRECT_BASE	0xffff880000000000	/* L4 slot 272, the first after the hypervisor's */
#define DIRECT_PAGES	8192			/* at most 32 MiB are used */

#define HV_START	0xffff800000000000
#define HV_END		0xffff880000000000

/* The user part: L4 slot 0, one L1 of it. */
#define USER_BASE	0x400000
#define USER_CODE	0x400000
#define USER_DATA	0x410000
#define USER_STACK	0x420000
#define USER_STACK_TOP	0x421000
#define USER_SPARE	0x430000		/* never mapped unless a case does it */

#define KERNEL_CS	0xe033
#define KERNEL_SS	0xe02b
#define USER_CS64	0xe033
#define USER_CS32	0xe023
#define USER_SS		0xe02b

/* Vectors of struct regs beyond the 256 of the CPU. */
#define VEC_UPCALL	256
#define VEC_FAILSAFE	257
#define VEC_SYSCALL	258
#define VEC_SYSCALL32	259
#define VEC_SYSENTER	260

#endif
