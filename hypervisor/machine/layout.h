/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The address map: what lies where in guest space and in host space.
 *
 * Guest space, in the hole that the PV ABI reserves in every L4 (slots 256 to
 * 271, xen/arch-x86/xen-x86_64.h), everything U=0:
 *
 *	slot 256  M2P_VIRT   machine-to-phys table, read-only, all guests
 *	slot 262  GATE_VIRT  2 MiB, the gate: one L1 table for each vCPU
 *
 * Host space, one L4 for each pCPU:
 *
 *	slot 260  MMIO_VIRT  device registers, uncached
 *	slot 262  GATE_VIRT  the same 2 MiB of addresses, but this pCPU's own
 *			     IDT, TSS, GDT, stacks and struct pcpu
 *		  IMAGE_VIRT the hypervisor's image, 2 MiB above the gate
 *	slot 272  DIRECTMAP  all RAM, writable, not executable
 *
 * Text of the gate is at the same address in both spaces, so that the
 * instruction after a load of CR3 is the same in both. The IDT and the TSS
 * have the same address but other contents: a load of CR3 switches the
 * handlers and their stacks with the space, in one instruction, and no
 * handler has to find out where it is. (SDM 3A 6.10, 8.7: both are read
 * through paging at each delivery; only TR's base and limit are cached.)
 *
 * Usable from assembler: constants only.
 */
#ifndef RINGLET_MACHINE_LAYOUT_H
#define RINGLET_MACHINE_LAYOUT_H

#ifdef __ASSEMBLER__
#define L_(x) x
#else
#define L_(x) x##UL
#endif

#define GUEST_HOLE_START	L_(0xffff800000000000)
#define GUEST_HOLE_END		L_(0xffff880000000000)
#define GUEST_HOLE_SLOT		256	/* first reserved L4 slot */
#define GUEST_HOLE_SLOTS	16
#define M2P_VIRT		L_(0xffff800000000000)
#define M2P_SLOT		256
#define MMIO_VIRT		L_(0xffff820000000000)
#define MMIO_SLOT		260
#define GATE_VIRT		L_(0xffff830000000000)
#define GATE_SLOT		262
#define IMAGE_VIRT		L_(0xffff830000200000)
/* Load address of the image: IMAGE_VIRT + x is loaded at IMAGE_PHYS + x. */
#define IMAGE_PHYS		L_(0x200000)
#define DIRECTMAP_VIRT		L_(0xffff880000000000)
#define DIRECTMAP_SLOT		272
#define LOWER_HALF_END		L_(0x0000800000000000)

/*
 * Pages of the gate region, by number. "g" is what a vCPU's table maps there,
 * "h" what a pCPU's host table maps.
 */
#define GATE_PAGE_TEXT		0	/* g+h: text and constants, 4 pages */
#define GATE_TEXT_PAGES		4
#define GATE_PAGE_IDT		8	/* g: gate's IDT, h: host's, read-only */
#define GATE_PAGE_TSS		9	/* g+h: one each, read-only */
#define GATE_PAGE_RO		10	/* g: struct gate_ro, read-only */
#define GATE_PAGE_RW		12	/* g: struct gate_rw; guards around */
#define GATE_PAGE_WINDOW	16	/* g: the open L1, RW; guards around */
#define GATE_PAGE_GDT		32	/* g: 14 guest frames + ours; h: ours */
#define GATE_PAGE_LDT		64	/* g: guest LDT frames, on demand */
#define GATE_LDT_PAGES		16
#define GATE_PAGE_VCPU_INFO	80	/* g: frame with the vcpu_info, RW */
#define GATE_PAGE_HOST_STACK	96	/* h: 8 pages, guard below */
#define HOST_STACK_PAGES	8
#define GATE_PAGE_HOST_NMI	106	/* h: IST stacks, 2 pages, guards */
#define GATE_PAGE_HOST_MC	109
#define GATE_PAGE_HOST_DB	112
#define GATE_PAGE_HOST_DF	115
#define HOST_IST_PAGES		2
#define GATE_PAGE_PCPU		128	/* h: struct pcpu, up to 4 pages */

#define GATE_ADDR(page)		(GATE_VIRT + ((page) << 12))
#define GATE_RO			GATE_ADDR(GATE_PAGE_RO)
#define GATE_RW			GATE_ADDR(GATE_PAGE_RW)
#define GATE_WINDOW		GATE_ADDR(GATE_PAGE_WINDOW)
#define GATE_IDT		GATE_ADDR(GATE_PAGE_IDT)
#define GATE_TSS		GATE_ADDR(GATE_PAGE_TSS)
#define GATE_GDT		GATE_ADDR(GATE_PAGE_GDT)
#define GATE_LDT		GATE_ADDR(GATE_PAGE_LDT)
#define GATE_LDT_END		GATE_ADDR((GATE_PAGE_LDT + GATE_LDT_PAGES))
#define GATE_VCPU_INFO		GATE_ADDR(GATE_PAGE_VCPU_INFO)
#define HOST_STACK_TOP		GATE_ADDR((GATE_PAGE_HOST_STACK + HOST_STACK_PAGES))
#define HOST_NMI_TOP		GATE_ADDR((GATE_PAGE_HOST_NMI + HOST_IST_PAGES))
#define HOST_MC_TOP		GATE_ADDR((GATE_PAGE_HOST_MC + HOST_IST_PAGES))
#define HOST_DB_TOP		GATE_ADDR((GATE_PAGE_HOST_DB + HOST_IST_PAGES))
#define HOST_DF_TOP		GATE_ADDR((GATE_PAGE_HOST_DF + HOST_IST_PAGES))
#define PCPU_VIRT		GATE_ADDR(GATE_PAGE_PCPU)

/* Inside the gate's writable page: variables, four IST stacks, entry stack. */
#define GATE_RW_NMI_TOP		0x400
#define GATE_RW_MC_TOP		0x600
#define GATE_RW_DB_TOP		0x800
#define GATE_RW_DF_TOP		0xa00
#define GATE_RW_STACK_TOP	0x1000

/*
 * Selectors. The first 14 GDT pages are the guest's; ours begin at 0xe000
 * (FIRST_RESERVED_GDT_ENTRY). The ring-3 ones have the ABI's values
 * (FLAT_RING3_*); ring 1 is ours alone and guests see RPL 0 (0xe030).
 */
#define SEL_HOST_CS		0xe008
#define SEL_HOST_DS		0xe010
#define SEL_KERNEL_CS		0xe019	/* ring 1, 64-bit code */
#define SEL_USER_CS32		0xe023
#define SEL_USER_DS		0xe02b
#define SEL_USER_CS64		0xe033
#define SEL_KERNEL_DS		0xe039	/* ring 1, data */
#define SEL_TSS			0xe040	/* 16 bytes */
#define SEL_LDT			0xe050	/* 16 bytes */
#define SEL_SHOWN_KERNEL_CS	0xe030	/* in frames shown to the guest */
#define SEL_SHOWN_KERNEL_SS	0xe02b
#define GUEST_GDT_PAGES		14
#define RESERVED_GDT_ENTRIES	12	/* 0xe000 .. 0xe05f */

/* Vectors. */
#define VEC_DE			0
#define VEC_DB			1
#define VEC_NMI			2
#define VEC_BP			3
#define VEC_OF			4
#define VEC_BR			5
#define VEC_UD			6
#define VEC_NM			7
#define VEC_DF			8
#define VEC_TS			10
#define VEC_NP			11
#define VEC_SS			12
#define VEC_GP			13
#define VEC_PF			14
#define VEC_MF			16
#define VEC_AC			17
#define VEC_MC			18
#define VEC_XM			19
#define VEC_FIRST_IRQ		0x20	/* device interrupts: 0x20 .. 0xef but 0x80 */
#define VEC_INT80		0x80
#define VEC_LAST_IRQ		0xef
#define VEC_IPI_FLUSH		0xfa	/* enter host space: that is the flush */
#define VEC_IPI_KICK		0xfb	/* look at your softirqs and events */
#define VEC_APIC_TIMER		0xfd
#define VEC_APIC_ERROR		0xfe
#define VEC_SPURIOUS		0xff
/* Not hardware vectors: why the gate entered host space. */
#define ENTRY_HYPERCALL		0x100	/* SYSCALL from ring 1 */
#define ENTRY_SYSCALL		0x101	/* SYSCALL from ring 3, gate declined */
#define ENTRY_SYSCALL32		0x102	/* SYSCALL from 32-bit code, declined */
#define ENTRY_SYSENTER		0x103	/* SYSENTER, declined */
#define ENTRY_EVENTS		0x104	/* gate call done; events are pending */

/* Feature and flag bits that assembler needs. */
#define EFLAGS_MBS		0x00000002
#define EFLAGS_TF		0x00000100
#define EFLAGS_IF		0x00000200
#define EFLAGS_DF		0x00000400
#define EFLAGS_IOPL		0x00003000
#define EFLAGS_NT		0x00004000
#define EFLAGS_RF		0x00010000
#define EFLAGS_VM		0x00020000
#define EFLAGS_AC		0x00040000
#define EFLAGS_VIF		0x00080000
#define EFLAGS_VIP		0x00100000
#define EFLAGS_ID		0x00200000

#endif
