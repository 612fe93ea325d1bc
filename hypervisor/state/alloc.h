/* SPDX-License-Identifier: GPL-2.0 */
/* The machine's memory: frames for the hypervisor and for domains. */
#ifndef RINGLET_STATE_ALLOC_H
#define RINGLET_STATE_ALLOC_H

#include "base/types.h"

struct domain;

/* A range as the BIOS and every boot loader describe it. */
#define MAX_E820	128
struct e820_entry {
	u64 addr, size;
	u32 type;
} __packed;

/* Sorted, without overlaps, page-aligned. What does not fit is not there. */
#define MAX_RANGES	64
struct ranges {
	unsigned int n;
	struct range {
		paddr_t start, end;
	} range[MAX_RANGES];
};

/* RAM as the boot loader described it. */
extern struct ranges ram;

/* True for what is real RAM throughout (frame_table also spans the holes between). */
bool range_is_ram(paddr_t start, paddr_t end);

static inline bool mfn_is_ram(mfn_t mfn)
{
	return range_is_ram(mfn_to_paddr(mfn), mfn_to_paddr(mfn) + PAGE_SIZE);
}

/**
 * heap_add() - give a range of RAM to the allocator (boot, and init memory)
 * @start: first byte, page-aligned
 * @end: end of range, page-aligned
 */
void heap_add(paddr_t start, paddr_t end);
u64 heap_free_frames(void);

/**
 * alloc_pages() - 2^order contiguous zeroed frames for the hypervisor
 * Return: direct-map address, aligned to the size; NULL if there are none.
 */
void *alloc_pages(unsigned int order);
static inline void *alloc_page(void)
{
	return alloc_pages(0);
}
/* The same by size, for objects: there are a few for each vCPU, a block each. */
void *kzalloc(size_t size);
void kfree(void *p);

/**
 * domain_alloc_frames() - frames owned by @d, one reference held on each,
 *			   PAGE_ALLOCATED set, counted in d->tot_pages
 * @order: 2^order contiguous frames, each accounted singly
 * @below: machine address limit (exclusive), 0 for none
 *
 * Frames are zeroed, but the hardware domain may get what firmware left in
 * RAM (it could read that by DMA too). Each frame keeps the domain in existence.
 * Return: the first frame; INVALID_MFN if d->max_pages or memory is exhausted.
 */
mfn_t domain_alloc_frames(struct domain *d, unsigned int order, paddr_t below);

/**
 * domain_next_frame() - walk the frames that @d owns
 * @pg: where to go on, with a reference of the caller's; NULL: at the first
 *
 * Return: the next one with a reference; NULL: there is none. Frames that are
 *	   being freed are passed over.
 */
struct page *domain_next_frame(struct domain *d, const struct page *pg);

/*
 * Called by mm when the last reference is dropped: scrubs the frame, takes it
 * off its owner's account and frees it. Who goes on using @d has a reference
 * of his own: a dying domain ends with its last frame.
 */
void domain_free_frame(struct domain *d, mfn_t mfn);

/* Everything that domain_alloc_page() and domain_zalloc() gave. */
void domain_free_all(struct domain *d);

#endif
