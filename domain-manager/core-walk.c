// SPDX-License-Identifier: GPL-2.0
/*
 * A walk through a dumped domain's page tables, read back from the dump: its
 * kernel's stacks and modules are in neither of the two linear mappings.
 * Tables hold machine frames; those that are not the domain's are left out, and
 * so is what the direct mapping covers already.
 */
#include "core.h"

#include <unistd.h>

#define PTE_PRESENT	1UL
#define PTE_LARGE	0x80UL
#define PTE_FRAME	0x000ffffffffff000UL
#define FIRST_SLOT	272	/* 256 to 271 are the hypervisor's */
#define ESPFIX_SLOT	510	/* Linux maps a few pages there thousands of times */
#define DIRECT_MAP	0xffff888000000000UL
#define KERNEL_MAP	0xffffffff80000000UL

struct walk {
	struct core *core;
	unsigned int tables;		/* read so far */
	uint64_t vaddr, pfn, pages;	/* the run that is being collected */
};

static uint64_t find_pfn(const struct core *core, uint64_t mfn)
{
	uint64_t low = 0, high = core->nr_frames, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (core->frames[middle].mfn < mfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low < core->nr_frames && core->frames[low].mfn == mfn ?
		       core->frames[low].pfn : CORE_NO_MFN;
}

static void flush(struct walk *w)
{
	if (w->pages)
		core_segment(w->core, w->vaddr, w->pfn, w->pages);
	w->pages = 0;
}

static void leaf(struct walk *w, uint64_t vaddr, uint64_t mfn)
{
	uint64_t pfn = find_pfn(w->core, mfn);

	if (pfn >= w->core->nr_pfns || vaddr == DIRECT_MAP + pfn * 4096 ||
	    vaddr == KERNEL_MAP + pfn * 4096)
		return;
	if (w->pages && vaddr == w->vaddr + w->pages * 4096 &&
	    pfn == w->pfn + w->pages) {
		w->pages++;
		return;
	}
	flush(w);
	w->vaddr = vaddr;
	w->pfn = pfn;
	w->pages = 1;
}

static void table(struct walk *w, uint64_t mfn, int level, uint64_t vaddr)
{
	uint64_t pfn = find_pfn(w->core, mfn), entries[512], to;
	int i = level == 4 ? FIRST_SLOT : 0;

	if (pfn >= w->core->nr_pfns || w->tables >= CORE_MAX_TABLES ||
	    w->core->nr_segments >= CORE_MAX_SEGMENTS)
		return;
	w->tables++;
	if (pread(w->core->fd, entries, sizeof(entries),
		  CORE_MEMORY + pfn * 4096) != sizeof(entries))
		return;
	for (; i < 512; i++) {
		/* There are no large pages here: what says so is not understood. */
		if (!(entries[i] & PTE_PRESENT) ||
		    (level > 1 && entries[i] & PTE_LARGE) ||
		    (level == 4 && i == ESPFIX_SLOT))
			continue;
		to = vaddr | (uint64_t)i << (12 + 9 * (level - 1));
		mfn = (entries[i] & PTE_FRAME) >> 12;
		if (level == 1)
			leaf(w, to, mfn);
		else
			table(w, mfn, level - 1, to);
	}
}

void core_walk(struct core *core, uint64_t base_mfn)
{
	struct walk w = { .core = core };

	/* Bits 63 to 48 of what lies in the upper half. */
	table(&w, base_mfn, 4, 0xffff000000000000UL);
	flush(&w);
}
