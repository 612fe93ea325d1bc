/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hypervisor's side of mm: a domain's core under its lock, calls that give
 * way and continue, frames on their way out.
 */
#ifndef RINGLET_MM_INTERNAL_H
#define RINGLET_MM_INTERNAL_H

#include "base/errno.h"
#include "machine/pcpu.h"
#include "mm/mm.h"
#include "mm/types.h"

#define MM_MAX_RELEASED	64
#define MM_RESUME_SLOTS	4

/**
 * struct mm_resume - how far a preempted call of a vCPU came
 *
 * The guest re-executes its SYSCALL, or dispatch calls again inside a
 * multicall, with the same arguments and the same stack pointer. A call of an
 * interrupt handler in between has another stack pointer, hence the few slots.
 * Where one is lost, the call starts over: each element is checked again anyway.
 */
struct mm_resume {
	u64 key[5];	/* call, three arguments, rsp; call 0: free */
	u64 done;
};

/* guarded by: own pCPU, as the fields of struct vcpu that it belongs to */
struct mm_vcpu {
	struct mm_resume resume[MM_RESUME_SLOTS];
	u32 next_slot;
	mfn_t ldt_frames[GATE_LDT_PAGES];	/* typed, where ldt_mapped */
};

/* guarded by: d->page_lock */
struct mm_domain {
	struct mm_core core;
	struct domain *domain;	/* constant */
	u32 nr_released;
	mfn_t released[MM_MAX_RELEASED];	/* refs 0, not yet flushed */
	struct mm_vcpu vcpu[MAX_VCPUS];
};

/* Lock, with a fresh budget; unlock, after freeing what was released. */
struct mm_core *mm_lock(struct domain *d) __acquires_lock(d->page_lock);
void mm_unlock(struct domain *d) __releases_lock(d->page_lock);

/* How many elements an earlier, preempted execution of this call did. */
u64 mm_resume_take(struct vcpu *v, u64 call, u64 a, u64 b, u64 c);
/* Remember it. Return: -ERESTART. */
long mm_resume_save(struct vcpu *v, u64 call, u64 a, u64 b, u64 c, u64 done);

/* mm_load_base() with the lock held. */
int __must_check base_load(struct vcpu *v, mfn_t mfn)
	__requires(v->domain->page_lock);
int __must_check user_base_load(struct vcpu *v, mfn_t mfn)
	__requires(v->domain->page_lock);
void ldt_unmap(struct vcpu *v) __requires(v->domain->page_lock);

static inline bool mfn_given(mfn_t mfn)
{
	return mfn.v != 0 && !mfn_eq(mfn, INVALID_MFN);
}

/* Is @domid the caller itself? */
static inline bool domid_is_self(const struct domain *d, u64 domid)
{
	return domid == DOMID_SELF || domid == d->id;
}

/* Flush as update_va_mapping and mmuext_op ask for it; @mask: guest pointer. */
int __must_check flush_vcpu_mask(struct domain *d, u64 mask);

/* The last reference is gone, without the lock: flush and free. */
void page_free_last(struct page *pg);

long memory_exchange(struct vcpu *v, u64 arg);
int __must_check m2p_mfn_list(u64 arg);
u64 m2p_entries(void);

#endif
