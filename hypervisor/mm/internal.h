/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hypervisor's side of mm: a domain's core under its lock, calls that give
 * way and continue, frames on their way out.
 */
#ifndef RINGLET_MM_INTERNAL_H
#define RINGLET_MM_INTERNAL_H

#include "mm/mm.h"
#include "mm/types.h"

#define MM_MAX_RELEASED	64

/*
 * A batch that gives way keeps its place in the count, which it hands back
 * through v->call_args: bit 31 says so, and the upper half is what is done.
 * Whoever forges it skips elements of a call of his own.
 */
#define BATCH_RESUMED		BIT(31)
#define BATCH_DONE_SHIFT	32

#define OPEN_TABLE_PAGES	4

/* deferred.c. guarded by: d->page_lock */
struct open_table {
	struct vcpu *vcpu;	/* whose; NULL: none is open */
	mfn_t l1;
	u32 slot;		/* of v->l4, hidden */
	u32 alias_slot;		/* of v->l4, leads to page[0]; 0: none */
	u64 alias_entry;	/* what it holds then */
	u64 *page[OPEN_TABLE_PAGES];	/* alias: L3, L2, L1; then the table when
					 * it was opened. From the first time on */
};

/* guarded by: d->page_lock */
struct mm_vcpu {
	u64 l4_present[L4_BITMAP_WORDS];	/* slots of v->l4 in use */
	mfn_t ldt_frames[GATE_LDT_PAGES];	/* typed, where ldt_mapped */
	mfn_t last_table;	/* updated by itself */
	u32 row, patience;	/* how often in a row; how many until it opens */
};

/* guarded by: d->page_lock */
struct mm_domain {
	struct mm_core core;
	struct domain *domain;	/* constant */
	struct open_table open;
	u32 nr_released;
	mfn_t released[MM_MAX_RELEASED];	/* refs 0, not yet flushed */
	struct page *cursor;	/* teardown's place, with a reference */
	struct mm_vcpu *vcpu[MAX_VCPUS];	/* constant */
};

/* Lock, with a fresh budget and no open table; unlock, after freeing what was released. */
struct mm_core *mm_lock(struct domain *d) __acquires_lock(d->page_lock);
void mm_unlock(struct domain *d) __releases_lock(d->page_lock);

/* The current vCPU updated one entry of @table; @va: by a write there, or 0. */
void table_updated(struct domain *d, mfn_t table, u64 va) __requires(d->page_lock);
/* Close the table that is open. */
void table_close(struct domain *d) __requires(d->page_lock);

/* mm_load_base() with the lock held. */
int __must_check base_load(struct vcpu *v, mfn_t mfn) __requires(v->domain->page_lock);
int __must_check user_base_load(struct vcpu *v, mfn_t mfn) __requires(v->domain->page_lock);
void bases_unload(struct vcpu *v) __requires(v->domain->page_lock);
void ldt_unmap(struct vcpu *v) __requires(v->domain->page_lock);
/* @entries: no more than GUEST_GDT_PAGES hold. */
int __must_check gdt_load(struct vcpu *v, const unsigned long *frames, u32 entries)
	__requires(v->domain->page_lock);
void gdt_unmap(struct vcpu *v) __requires(v->domain->page_lock);

/* Split a batch's count argument. */
static inline int __must_check batch_start(u64 arg, u32 *count, u32 *done)
{
	*count = (u32)arg & ~(u32)BATCH_RESUMED;
	*done = (arg & BATCH_RESUMED) ? arg >> BATCH_DONE_SHIFT : 0;
	if (!(arg & BATCH_RESUMED))
		return 0;
	return *done > *count ? -EINVAL : 0;
}

/* The batch ends, or gives way: @done goes to the guest, or into the count. Return: @rc. */
long batch_end(struct vcpu *v, u32 count, u32 done, u64 pdone, long rc);

static inline bool mfn_given(mfn_t mfn)
{
	return mfn.v != 0 && !mfn_eq(mfn, INVALID_MFN);
}

/* Flush as update_va_mapping and mmuext_op ask for it; @mask: guest pointer. */
int __must_check flush_vcpu_mask(struct domain *d, u64 mask);


/**
 * other_domain() - the domain that a call of @v names, unless it is its own
 * @fd: NULL, or the other one with a reference
 *
 * Return: 0; -ESRCH; -EPERM.
 */
static inline int __must_check other_domain(const struct vcpu *v, u64 domid, struct domain **fd)
{
	*fd = NULL;
	return domid_is_self(v->domain, domid) ? 0 : domain_get_for(v, domid, fd);
}

static inline void other_domain_put(struct domain *fd)
{
	if (fd)
		domain_put(fd);
}

/* What mem_flags of memory_op say of addresses; 0: nothing. */
paddr_t address_limit(u32 mem_flags);
long memory_exchange(struct vcpu *v, u64 arg);
u64 m2p_entries(void);

#endif
