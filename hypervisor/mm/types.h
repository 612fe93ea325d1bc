/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pure core of mm: types of frames and updates of page tables. No
 * hypervisor headers but base/ and the pure ones of machine/ and state/.
 *
 * Every function wants the domain's page_lock held (core.lock in the
 * annotations is that lock, seen from here).
 */
#ifndef RINGLET_MM_TYPES_H
#define RINGLET_MM_TYPES_H

#include "machine/pte.h"
#include "state/type-info.h"

/* One domain, as far as the core knows it. guarded by: d->page_lock */
struct mm_core {
	u16 owner;		/* constant: owner of its frames */
	bool hardware;		/* constant: may map what is not RAM */
	u64 mfn_limit;		/* constant: first frame the CPU cannot address */
	u32 undo;		/* list of tables to undo, 0 ends it */
	bool unlinked;		/* a way to a table went, not flushed by open() */
	int budget;		/* work left before -ERESTART */
	/*
	 * Flushes are numbered; a frame that lost its type at number STAMP is
	 * clean once a flush that started later is done. Atomic: copies to the
	 * guest flush without the lock.
	 */
	u16 flush_started, flush_done;
};

/* Work in one call before it gives way; an entry of a table is one unit. */
#define MM_BUDGET	8192

static inline bool l4_slot_is_guest(unsigned int slot)
{
	return slot - 256 >= 16;	/* xen-x86_64.h: 256 to 271 are ours */
}

/*
 * While a frame is a validated L4, the first eight of the reserved slots hold a
 * bitmap of its present slots: loading a base then touches the few that are in
 * use. The hardware never reads this table, and the guest cannot write it.
 */
#define L4_BITMAP_SLOT	256
#define L4_BITMAP_WORDS	8

static inline void l4_bitmap_set(u64 *map, unsigned int slot, bool present)
{
	map[slot / 64] &= ~BIT(slot % 64);
	map[slot / 64] |= (u64)present << slot % 64;
}

/* validate.c */
enum frame_kind {
	KIND_RAM,	/* of a plain domain: write-back only */
	KIND_DMA_RAM,	/* of the hardware domain: drivers may want UC or WC */
	KIND_IO,	/* not RAM */
};
int __must_check pte_check_leaf(u64 *e, u64 mfn_limit, enum frame_kind kind);
int __must_check pte_check_table(u64 *e, u64 mfn_limit);

/* types.c: a type reference comes with a reference. -ERESTART: see types.c */
int __must_check type_get(struct mm_core *c, mfn_t mfn, enum page_type t);
void type_put(struct mm_core *c, mfn_t mfn);
int __must_check type_pin(struct mm_core *c, mfn_t mfn, enum page_type t);
int __must_check type_unpin(struct mm_core *c, mfn_t mfn);
void ref_put(struct mm_core *c, struct page *pg);
/* Its domain ends: whatever pin or half validated table keeps @pg lets go. */
void type_abandon(struct mm_core *c, struct page *pg);

/* Work on the undo list while the budget lasts; true if it is empty. */
bool types_undo(struct mm_core *c);

/* True if -ERESTART can be answered here and now by calling again. */
bool types_retry(struct mm_core *c);

/* What @call returns, made again as long as that can be done. */
#define types_settle(c, call) ({ \
	int rc_; \
	do \
		rc_ = (call); \
	while (rc_ == -ERESTART && types_retry(c)); \
	rc_; })

/* What an entry of a table of @level (1 to 4) refers to. */
int __must_check entry_get(struct mm_core *c, unsigned int level, u64 *e);
/* The same for an L1's entry that names a frame of another domain. */
int __must_check leaf_get_foreign(struct mm_core *c, u64 *e, u16 owner);
void entry_put(struct mm_core *c, unsigned int level, u64 e);

/* Such an entry came into @table, or leaves it (page.parents). */
static inline void entry_link(mfn_t table, unsigned int level, u64 e)
{
	if (level > 1 && (e & PTE_P))
		mfn_to_page(pte_mfn(e))->parents ^= (u32)table.v;
}

/* update.c */
enum pt_op_kind { PT_OP_STORE, PT_OP_CMPXCHG, PT_OP_AND, PT_OP_OR, PT_OP_XOR };

/**
 * struct pt_op - one write to a page-table entry
 * @kind: what is done with the entry
 * @mask: bits of the entry that the operand covers
 * @value: the operand, in place
 * @expect: CMPXCHG: what the entry must hold under @mask
 * @preserve_ad: keep Accessed and Dirty of the old entry
 * @foreign: 0, or 1 + the domid whose frame the new entry names; the caller
 *	     holds that frame, and its writable type if the entry is writable
 * @old: out: the entry before
 * @done: out: false if a CMPXCHG found something else
 */
struct pt_op {
	enum pt_op_kind kind;
	u64 mask, value, expect;
	bool preserve_ad;
	u32 foreign;
	u64 old;
	bool done;
};

int __must_check table_update(struct mm_core *c, mfn_t table, unsigned int slot, struct pt_op *op);
int __must_check new_entry_get(struct mm_core *c, unsigned int level,
			       const struct pt_op *op, u64 *new);
bool frame_is_table(const struct page *pg);
int __must_check frame_write_u64(struct mm_core *c, mfn_t mfn, unsigned int slot, u64 value);

/* desc-check.c */
bool __must_check desc_check(u64 *desc);
bool __must_check desc_check_page(u64 *table);

#endif
