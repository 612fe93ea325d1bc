// SPDX-License-Identifier: GPL-2.0
/*
 * The service domain's initial page tables.
 *
 * Leaves have U/S clear: the kernel runs in ring 1 and its programs must not
 * reach them (architecture.rst). Upper levels leave the decision to the leaves. The
 * tables are written as plain memory; they become page tables only when the
 * builder loads the base, by full validation.
 */
#include "boot/boot.h"
#include "boot/dom0.h"
#include "machine/directmap.h"
#include "machine/pte.h"

#define GUEST_TABLE	(PTE_P | PTE_RW | PTE_US | PTE_A)
#define GUEST_LEAF	(PTE_P | PTE_A | PTE_D)

static u64 *next_table(u64 *entry, struct table_pool *pool)
{
	if (!(*entry & PTE_P)) {
		if (pool->next == pool->end)
			boot_fail("bug: too few frames for the initial page tables");
		*entry = pte_make(dom0_prefix_mfn(pool->next++), GUEST_TABLE);
	}
	return mfn_to_virt(pte_mfn(*entry));
}

void dom0_map(mfn_t l4_mfn, u64 va, mfn_t mfn, bool writable,
	      struct table_pool *pool)
{
	u64 *t = mfn_to_virt(l4_mfn);

	t = next_table(&t[pt_index(va, L4_SHIFT)], pool);
	t = next_table(&t[pt_index(va, L3_SHIFT)], pool);
	t = next_table(&t[pt_index(va, L2_SHIFT)], pool);
	t[pt_index(va, L1_SHIFT)] =
		pte_make(mfn, GUEST_LEAF | (writable ? PTE_RW : 0));
}

static u64 spanned(u64 start, u64 end, unsigned int shift)
{
	return ((end - 1) >> shift) - (start >> shift) + 1;
}

u64 dom0_tables_needed(u64 start, u64 end)
{
	return spanned(start, end, L2_SHIFT) + spanned(start, end, L3_SHIFT) +
	       spanned(start, end, L4_SHIFT);
}
