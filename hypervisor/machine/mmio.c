// SPDX-License-Identifier: GPL-2.0
/*
 * The MMIO window of host space: device registers, uncached, not executable.
 *
 * Its first 16 MiB hold single pages (tables made at boot, so that mapping
 * never allocates); the rest of its GiB holds 2 MiB pages, for what is large
 * (PCI configuration space). Nothing is ever unmapped; a range that is already
 * mapped is found again, so that repeated requests do not use the window up.
 * A new entry was not present before and needs no flush on any pCPU.
 *
 * Locks: mmio_lock, a leaf.
 */
#include "machine/mmio.h"
#include "base/lock.h"
#include "machine/host-map.h"
#include "machine/layout.h"
#include "machine/pte.h"

/* PAT entry 3: uncached whatever the MTRRs say. */
#define PTE_MMIO	(PTE_DATA | PTE_PCD | PTE_PWT)
#define SMALL_PAGES	(MMIO_L1_TABLES * PT_ENTRIES)
#define LARGE_SIZE	(PAGE_SIZE * PT_ENTRIES)

static spinlock_t mmio_lock = SPINLOCK_INIT;

/* Entry @i of the window's small pages, or of its large ones. */
static u64 *window_entry(bool large, u32 i)
{
	if (large)
		return &mmio_l2[MMIO_L1_TABLES + i];
	return &mmio_l1[i / PT_ENTRIES][i % PT_ENTRIES];
}

/* First of @n entries that map @pa already or are free; -1: none. */
static long find_entries(bool large, u64 leaf, u64 step, u32 n)
{
	u32 total = large ? PT_ENTRIES - MMIO_L1_TABLES : SMALL_PAGES;
	u32 i, run = 0;

	for (i = 0; i < total; i++) {
		u64 e = *window_entry(large, i);

		if (e && e == leaf + run * step)
			run++;
		else if (e)
			run = e == leaf;
		else
			break;
		if (run == n)
			return i + 1 - n;
	}
	/* Entries are used in order: from here on all are free. */
	return i < total && total - i >= n ? (long)i : -1;
}

void __iomem *mmio_map(paddr_t pa, size_t size)
{
	u64 offset = pa & ~PAGE_MASK;
	bool large = size > 64 * PAGE_SIZE;
	u64 step = large ? LARGE_SIZE : PAGE_SIZE;
	u64 first, leaf;
	long at = -1;
	u32 i, n;

	if (!size || pa + size < pa || size > (1UL << 30) ||
	    pa + size > PTE_ADDR)
		return NULL;
	if (large)
		offset = pa & (LARGE_SIZE - 1);
	first = pa - offset;
	n = DIV_ROUND_UP(offset + size, step);
	leaf = first | PTE_MMIO | (large ? PTE_PS : 0);

	spin_lock(&mmio_lock);
	at = find_entries(large, leaf, step, n);
	for (i = 0; at >= 0 && i < n; i++)
		*window_entry(large, at + i) = leaf + i * step;
	spin_unlock(&mmio_lock);

	if (at < 0)
		return NULL;
	return (void __force __iomem *)(MMIO_VIRT + offset + at * step +
					(large ? MMIO_L1_TABLES * LARGE_SIZE : 0));
}
