// SPDX-License-Identifier: GPL-2.0
/*
 * The initial page tables.
 *
 * Leaves have U/S clear: the kernel runs in ring 1 and its programs must not
 * reach them (Documentation/architecture.rst). Upper levels leave the decision to
 * the leaves. Leaves of the tables themselves are read-only: a frame is writable
 * or a page table. Tables are written as plain memory; they become page tables
 * when the base is loaded, by full validation.
 *
 * The tables of a range lie one after the other, those that the base points to
 * first, so that the place of each entry follows from its address.
 */
#include "internal.h"

/* SDM 3A 4.5. */
#define PTE_P		(1UL << 0)
#define PTE_RW		(1UL << 1)
#define PTE_US		(1UL << 2)
#define PTE_A		(1UL << 5)
#define PTE_D		(1UL << 6)
#define PTE_TABLE	(PTE_P | PTE_RW | PTE_US | PTE_A)
#define PTE_LEAF	(PTE_P | PTE_A | PTE_D)

/* Entries that the range start .. end has at a level. */
static u64 spanned(u64 start, u64 end, unsigned int shift)
{
	return ((end - 1) >> shift) - (start >> shift) + 1;
}

u64 tables_needed(u64 start, u64 end)
{
	unsigned int shift;
	u64 n = 0;

	for (shift = L4_SHIFT; shift > PAGE_SHIFT; shift -= PT_SHIFT)
		n += spanned(start, end, shift);
	return n;
}

static u64 leaf_flags(const struct layout *l, u64 pfn)
{
	return pfn - l->tables < l->nr_tables ? PTE_LEAF : PTE_LEAF | PTE_RW;
}

/* Map the pages @pfn and following at @va .. @end; tables from @table on. */
static void map_range(const struct builder *b, u64 va, u64 end, u64 pfn,
		      u64 table)
{
	u64 parent = b->layout.tables, child = table, n, i, at, *entry;
	unsigned int shift;

	for (shift = L4_SHIFT; shift >= PAGE_SHIFT; shift -= PT_SHIFT) {
		if (shift == PAGE_SHIFT)
			child = pfn;
		n = spanned(va, end, shift);
		for (i = 0; i < n; i++) {
			/* Counted from the first entry of the first table. */
			at = (va >> shift) % PT_ENTRIES + i;
			entry = b->page(b->ctx, parent + at / PT_ENTRIES);
			entry += at % PT_ENTRIES;
			*entry = builder_mfn(b, child + i) << PAGE_SHIFT;
			*entry |= shift == PAGE_SHIFT ?
				leaf_flags(&b->layout, child + i) : PTE_TABLE;
		}
		parent = child;
		child += n;
	}
}

void tables_make(const struct builder *b)
{
	const struct layout *l = &b->layout;
	const struct kernel *k = b->kernel;

	map_range(b, k->virt_base,
		  k->virt_base + (l->region_end << PAGE_SHIFT), 0,
		  l->tables + 1);
	if (k->has_init_p2m)
		map_range(b, k->init_p2m,
			  k->init_p2m + (l->nr_list << PAGE_SHIFT), l->list,
			  l->list_tables);
}
