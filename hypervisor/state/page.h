/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The frame table: what each machine frame is, whose, and how often referred to.
 *
 * refs counts who keeps the frame from being freed (the allocation itself is
 * one); type_info holds the frame's type, its flags and its type count, and
 * belongs to mm/types.c alone. Both are changed with atomic compare-exchange
 * only. Pure data: also compiled into host unit tests.
 */
#ifndef RINGLET_STATE_PAGE_H
#define RINGLET_STATE_PAGE_H

#include "machine/directmap.h"

/* Owners that are not domains (below DOMID_FIRST_RESERVED are domids). */
#define OWNER_NONE	0xffff	/* free, or not RAM at all */
#define OWNER_HYP	0xfffe	/* the hypervisor's; never mappable by guests */

struct page {
	u64 type_info;	/* mm/types.c */
	u32 refs;
	u16 owner;	/* a domid or OWNER_*; changes only while refs == 0 */
	u16 flags;	/* PAGE_* */
	u32 next, prev;	/* mfns: free list, or the owner's list; 0 ends it */
	/*
	 * L1 to L3: exclusive or of the mfns of the tables whose entries refer
	 * to it, one for each entry; with one such entry, its table.
	 */
	u32 parents;
};

#define PAGE_FREE	0x0001	/* in the allocator */
#define PAGE_ALLOCATED	0x0002	/* the allocation's own reference is held */
#define PAGE_XEN_SHARED	0x0004	/* our frame, mappable RW by its domain
				 * (shared_info, grant table frames) */
#define PAGE_DIRTY	0x0008	/* free, but holds what firmware left there */
#define PAGE_FOREIGN	0x0010	/* another domain mapped it, once: any pCPU may
				 * hold translations of it */
#define PAGE_ORDER_SHIFT 8	/* flags 8-15: order of the block it heads */

extern struct page *frame_table;
extern u64 frame_count;		/* frames covered: 0 .. frame_count - 1 */

static inline bool mfn_valid(mfn_t mfn)
{
	return mfn.v < frame_count;
}

/* Only for mfn_valid() frames. */
static inline struct page *mfn_to_page(mfn_t mfn)
{
	return &frame_table[mfn.v];
}

static inline mfn_t page_to_mfn(const struct page *pg)
{
	return MFN(pg - frame_table);
}

#endif
