// SPDX-License-Identifier: GPL-2.0
/*
 * The machine-to-phys table: for each machine frame the pfn its owner gave it.
 *
 * Guests read it at M2P_VIRT in every address space, through one shared L3 and
 * L2 of 2 MiB leaves, read-only at every level, U=0, not executable. So it is
 * made of 2 MiB chunks; a chunk holds 256 Ki entries, 1 GiB of frames.
 * It holds no secret but the layout of memory, as in the base profile.
 *
 * Locks: none; an entry is one word.
 * ABI: xen-x86_64.h (MACH2PHYS), memory.h machphys_mapping.
 */
#include "base/string.h"
#include "console/printk.h"
#include "mm/internal.h"
#include "state/guest-access.h"

#define CHUNK_ORDER	9
#define CHUNK_SHIFT	18	/* entries of a chunk */
#define MAX_CHUNKS	512	/* one L2: 512 GiB of frames */

static u64 *chunk[MAX_CHUNKS];	/* constant after boot */
static u32 nr_chunks;
static u64 l4_entry;

static u64 *m2p_entry(mfn_t mfn)
{
	return &chunk[mfn.v >> CHUNK_SHIFT][mfn.v & ((1U << CHUNK_SHIFT) - 1)];
}

void mm_boot_init(void)
{
	u64 *l3 = alloc_page(), *l2 = alloc_page();
	u32 i;

	nr_chunks = DIV_ROUND_UP(frame_count, 1ULL << CHUNK_SHIFT);
	if (!l3 || !l2 || nr_chunks > MAX_CHUNKS)
		panic(NULL, "no memory for the machine-to-phys table");
	for (i = 0; i < nr_chunks; i++) {
		chunk[i] = alloc_pages(CHUNK_ORDER);
		if (!chunk[i])
			panic(NULL, "no memory for the machine-to-phys table");
		memset(chunk[i], 0xff, PAGE_SIZE << CHUNK_ORDER);
		l2[i] = pte_make(virt_to_mfn(chunk[i]), PTE_RODATA | PTE_PS);
	}
	l3[pt_index(M2P_VIRT, L3_SHIFT)] = pte_make(virt_to_mfn(l2), PTE_RODATA);
	l4_entry = pte_make(virt_to_mfn(l3), PTE_RODATA);
}

u64 m2p_l4_entry(void)
{
	return l4_entry;
}

void m2p_set(mfn_t mfn, u64 pfn)
{
	if (mfn_valid(mfn))
		WRITE_ONCE(*m2p_entry(mfn), pfn);
}

u64 m2p_get(mfn_t mfn)
{
	return READ_ONCE(*m2p_entry(mfn));
}

u64 m2p_entries(void)
{
	return (u64)nr_chunks << CHUNK_SHIFT;
}
