// SPDX-License-Identifier: GPL-2.0
/*
 * The MMIO window of host space: device registers, uncached, not executable.
 *
 * 16 MiB of single pages, whose tables are made at boot, so that mapping never
 * allocates. Nothing is ever unmapped; a range that is already mapped is found
 * again, so that repeated requests do not use the window up.
 * A new entry was not present before and needs no flush on any pCPU.
 *
 * Locks: mmio_lock, a leaf.
 */
#include "machine/mmio.h"
#include "base/lock.h"
#include "machine/host-map.h"
#include "machine/pte.h"

/* PAT entry 3: uncached whatever the MTRRs say. */
#define PTE_MMIO	(PTE_DATA | PTE_PCD | PTE_PWT)
#define WINDOW_PAGES	(MMIO_L1_TABLES * PT_ENTRIES)

static spinlock_t mmio_lock = SPINLOCK_INIT;

static u64 *window_entry(u32 i)
{
	return &mmio_l1[i / PT_ENTRIES][i % PT_ENTRIES];
}

/* First of @n entries that map @leaf on already or are free; -1: none. */
static long find_entries(u64 leaf, u32 n)
{
	u32 i, run = 0;

	for (i = 0; i < WINDOW_PAGES; i++) {
		u64 e = *window_entry(i);

		if (e && e == leaf + run * PAGE_SIZE)
			run++;
		else if (e)
			run = e == leaf;
		else
			break;
		if (run == n)
			return i + 1 - n;
	}
	/* Entries are used in order: from here on all are free. */
	return WINDOW_PAGES - i >= n ? (long)i : -1;
}

void __iomem *mmio_map(paddr_t pa, size_t size)
{
	u64 offset = pa & ~PAGE_MASK, leaf = (pa & PAGE_MASK) | PTE_MMIO;
	u32 i, n = DIV_ROUND_UP(offset + size, PAGE_SIZE);
	long at;

	if (!size || size > WINDOW_PAGES * PAGE_SIZE || pa > PTE_ADDR - size)
		return NULL;
	spin_lock(&mmio_lock);
	at = find_entries(leaf, n);
	for (i = 0; at >= 0 && i < n; i++)
		*window_entry(at + i) = leaf + i * PAGE_SIZE;
	spin_unlock(&mmio_lock);

	if (at < 0)
		return NULL;
	return (void __force __iomem *)(MMIO_VIRT + offset + at * PAGE_SIZE);
}
