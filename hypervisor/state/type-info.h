/* SPDX-License-Identifier: GPL-2.0 */
/*
 * References to frames, and the layout of page.type_info.
 *
 * type_info, from the top:
 *	63	VALIDATED	count > 0: the frame holds what its type demands
 *	62	PINNED		one of the type references is the guest's pin
 *	61	PARTIAL		a table whose first DONE entries hold references
 *	60	QUEUED		PARTIAL, and on its domain's list to be undone
 *	59..56	type		held if count > 0 or PARTIAL; else the last one
 *	48	DIRTY		count == 0: no flush is known to have followed
 *	47..32	STAMP		count == 0: number of the flush that came last
 *		DONE		PARTIAL: entries that hold references
 *	31..0	count		or, if QUEUED, the next frame of the list
 *
 * Who may change it: the holder of the owner's page_lock (mm/types.c), and
 * without a lock page_writable_get() and page_writable_put(), which touch
 * nothing but the count of a type that is held already. All with atomic
 * compare-exchange. Pure: also built into host unit tests.
 */
#ifndef RINGLET_STATE_TYPE_INFO_H
#define RINGLET_STATE_TYPE_INFO_H

#include "state/page.h"

/* Types of frames (mm/types.c has the rules). */
enum page_type {
	PT_NONE,	/* no type held: may become any */
	PT_L1,
	PT_L2,
	PT_L3,
	PT_L4,
	PT_DESC,	/* GDT or LDT page: descriptors validated, read-only */
	PT_WRITABLE,	/* mapped writable, or being written by us */
};

#define TI_VALIDATED	BIT(63)
#define TI_PINNED	BIT(62)
#define TI_PARTIAL	BIT(61)
#define TI_QUEUED	BIT(60)
#define TI_TYPE_SHIFT	56
#define TI_DIRTY	BIT(48)
#define TI_STAMP_SHIFT	32
#define TI_COUNT	0xffffffffULL

#define PAGE_REFS_MAX	0x7fffffffU	/* more is refused, never wrapped */

static inline u64 type_info_read(const struct page *pg)
{
	return __atomic_load_n(&pg->type_info, __ATOMIC_ACQUIRE);
}

static inline bool type_info_replace(struct page *pg, u64 from, u64 to)
{
	return try_exchange(&pg->type_info, &from, to);
}

static inline enum page_type type_info_type(u64 x)
{
	return (x >> TI_TYPE_SHIFT) & 15;
}

/* refs, owner and flags are one word, so that they are read together. */
#define PAGE_WORD_OWNER_SHIFT	32

static inline u64 *page_word(struct page *pg)
{
	return (u64 *)(void *)&pg->refs;
}

/**
 * page_ref_get() - keep a frame of @owner from being freed
 * Return: false if it is not @owner's, is being freed, or has too many.
 */
static inline bool __must_check page_ref_get(struct page *pg, u16 owner)
{
	u64 w = __atomic_load_n(page_word(pg), __ATOMIC_ACQUIRE);

	do {
		if (!(u32)w || (u32)w >= PAGE_REFS_MAX ||
		    (u16)(w >> PAGE_WORD_OWNER_SHIFT) != owner)
			return false;
	} while (!try_exchange(page_word(pg), &w, w + 1));
	return true;
}

/* The frame's page with such a reference; NULL: there is no such frame, or none to get. */
static inline struct page * __must_check frame_get(mfn_t mfn, u16 owner)
{
	return mfn_valid(mfn) && page_ref_get(mfn_to_page(mfn), owner) ? mfn_to_page(mfn) : NULL;
}

/* Return: true if that was the last one; the caller then frees the frame. */
static inline bool __must_check page_ref_put(struct page *pg)
{
	return __atomic_fetch_sub(&pg->refs, 1, __ATOMIC_SEQ_CST) == 1;
}

/* mm/env-host.c, by name at link time: flush and free; no lock needed. */
void page_free_last(struct page *pg);

/* Inline: each copy to or from a guest ends here. */
static inline void page_put(struct page *pg)
{
	if (page_ref_put(pg))
		page_free_last(pg);
}

/* Take one flag off; false if it was not set. */
static inline bool __must_check page_flag_take(struct page *pg, u16 flag)
{
	return __atomic_fetch_and(&pg->flags, (u16)~flag, __ATOMIC_SEQ_CST) & flag;
}

/**
 * page_writable_get() - one more type reference on a frame that is writable now
 *
 * Without a lock: it never starts a type, so nothing has to be flushed.
 */
static inline bool __must_check page_writable_get(struct page *pg)
{
	u64 x = type_info_read(pg);

	do {
		if ((x & TI_PARTIAL) || type_info_type(x) != PT_WRITABLE ||
		    !(x & TI_COUNT) || (x & TI_COUNT) >= PAGE_REFS_MAX)
			return false;
	} while (!try_exchange(&pg->type_info, &x, x + 1));
	return true;
}

/*
 * The last reference may go here while a TLB still holds a mapping that was
 * removed meanwhile: DIRTY says that the next change of type has to flush.
 */
static inline void page_writable_put(struct page *pg)
{
	u64 x = type_info_read(pg), next;

	do {
		next = x - 1;
		if (!(next & TI_COUNT))
			next = (u64)PT_WRITABLE << TI_TYPE_SHIFT | TI_DIRTY;
	} while (!try_exchange(&pg->type_info, &x, next));
}

#endif
