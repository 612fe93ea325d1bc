/* SPDX-License-Identifier: GPL-2.0 */
/* Page-table entries as the CPU reads them (SDM 3A 4.5, 4-level paging). */
#ifndef RINGLET_MACHINE_PTE_H
#define RINGLET_MACHINE_PTE_H

#include "base/types.h"

#define PTE_P		BIT(0)
#define PTE_RW		BIT(1)
#define PTE_US		BIT(2)
#define PTE_PWT		BIT(3)
#define PTE_PCD		BIT(4)
#define PTE_A		BIT(5)
#define PTE_D		BIT(6)
#define PTE_PS		BIT(7)	/* L2, L3: a leaf of 2 MiB, 1 GiB */
#define PTE_PAT		BIT(7)	/* L1 */
#define PTE_G		BIT(8)
#define PTE_NX		BIT(63)
#define PTE_ADDR	0x000ffffffffff000ULL

#define L1_SHIFT	12
#define L2_SHIFT	21
#define L3_SHIFT	30
#define L4_SHIFT	39
#define PT_ENTRIES	512

/* Supervisor mappings of the hypervisor; A and D preset, never G. */
#define PTE_TABLE	(PTE_P | PTE_RW | PTE_A)
#define PTE_TEXT	(PTE_P | PTE_A)
#define PTE_RODATA	(PTE_P | PTE_A | PTE_NX)
#define PTE_DATA	(PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)

static inline unsigned int pt_index(u64 va, unsigned int shift)
{
	return (va >> shift) & (PT_ENTRIES - 1);
}

static inline mfn_t pte_mfn(u64 e)
{
	return MFN((e & PTE_ADDR) >> PAGE_SHIFT);
}

static inline u64 pte_make(mfn_t mfn, u64 flags)
{
	return mfn_to_paddr(mfn) | flags;
}

#endif
