/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Door of the mm room: page types, validation, page-table updates, reservation,
 * M2P, guest descriptor tables.
 */
#ifndef RINGLET_MM_MM_H
#define RINGLET_MM_MM_H

#include "state/alloc.h"
#include "state/domain.h"
#include "state/type-info.h"


/**
 * page_get_type() - take a reference and a type reference on a frame
 * Return: 0; -EINVAL the frame does not hold what the type demands;
 *	   -EBUSY it is in use as another type; -ERESTART (validation was
 *	   preempted: call again); -EPERM not @d's frame.
 * Locking: d->page_lock.
 */
int __must_check page_get_type(struct domain *d, mfn_t mfn, enum page_type t)
	__requires(d->page_lock);
void page_put_type(struct domain *d, mfn_t mfn) __requires(d->page_lock);

/* A writable page of the guest that the hypervisor keeps mapped (vcpu_info). */
int __must_check page_hold_writable(struct domain *d, mfn_t mfn);
void page_release_writable(struct domain *d, mfn_t mfn);

/**
 * mm_foreign_hold() - a reference on a frame of @d that another domain is to use
 * @write: hold it as writable, too
 *
 * It is then flagged, so that changes of its type or owner flush all pCPUs. Comes
 * before any foreign mapping of it.
 * Return: 0; -ESRCH @d is dying; -EPERM not @d's; -EBUSY; -ERESTART.
 */
int __must_check mm_foreign_hold(struct domain *d, mfn_t mfn, bool write);
void mm_foreign_drop(mfn_t mfn, bool write);

/**
 * struct mm_foreign_pte - one entry of an L1 of the caller's, for a grant
 * @addr: linear address that it maps, or its own machine address
 * @is_pte: the latter
 * @owner: of the frame, which is held as mm_foreign_hold() does
 * @entry: with P, RW and the frame
 */
struct mm_foreign_pte {
	u64 addr, entry;
	bool is_pte;
	u16 owner;
};

/* Write it. Return: 0; -EINVAL no such entry, or its bits; -ERESTART. */
int __must_check mm_foreign_map(struct vcpu *v, const struct mm_foreign_pte *p);
/* Clear the entry, if it has @p's frame and right. A flush is the caller's. */
int __must_check mm_foreign_unmap(struct vcpu *v, const struct mm_foreign_pte *p);

int mm_domain_init(struct domain *d);
/**
 * mm_domain_teardown() - let go of all frames of a dying domain
 *
 * No vCPU of it is loaded. Each v->vcpu_info is in d->shared_info afterwards.
 * Return: 0; -ERESTART call again.
 */
int __must_check mm_domain_teardown(struct domain *d);
void mm_boot_init(void);	/* M2P and its tables; after the frame table */

/* The shared M2P: L3 table for slot M2P_SLOT of every guest L4, as an entry. */
u64 m2p_l4_entry(void);
void m2p_set(mfn_t mfn, u64 pfn);	/* ~0: invalid (INVALID_M2P_ENTRY) */
u64 m2p_get(mfn_t mfn);			/* only for mfn_valid() frames */

/**
 * mm_load_base() - make @mfn the base of @v's address space
 *
 * Takes the L4 type on it, drops the old one, copies its entries into v->l4
 * (all but the reserved slots).
 */
int __must_check mm_load_base(struct vcpu *v, mfn_t mfn);
/**
 * mm_vcpu_start() - take what a vCPU is to start on, all of it or nothing
 * @gdt: frames, for @gdt_entries of them, which GUEST_GDT_PAGES hold
 * @user: frame 0: none
 * @pin: pin the base, too: guests unpin the one that they were started on
 *
 * Return: as page_get_type().
 */
int __must_check mm_vcpu_start(struct vcpu *v, const unsigned long *gdt, u32 gdt_entries,
			       mfn_t base, mfn_t user, bool pin);

/**
 * mm_fault_on_write() - a ring-1 write fault that may be a page-table update
 * @v: current vCPU, @va: the address, v->regs at the instruction
 *
 * Decodes mov, xchg, cmpxchg, xadd-free locked bit operations on a present L1..L4
 * frame through the white-listed decoder, validates and commits as mmu_update
 * would, and advances rip and flags. A mov to registers that mm_protect_mmio() lets
 * the guest read is skipped.
 * Return: true if handled (or the domain was crashed).
 */
bool mm_fault_on_write(struct vcpu *v, u64 va);

/**
 * mm_close_table() - validate what @v, which has entered host space, left open
 * Return: true if it entered by a fault that the open table may have caused.
 */
bool mm_close_table(struct vcpu *v);

/* Demand-map a page of the guest's LDT into the gate. True if handled. */
bool mm_fault_on_ldt(struct vcpu *v, u64 va);

/*
 * Flush the TLBs of every pCPU that has a vCPU of @d in guest space; returns
 * when all of them have left it (machine/smp.c has the protocol).
 */
void mm_flush_domain(struct domain *d);
void mm_flush_vcpus(struct domain *d, u64 vcpus);

/**
 * mm_protect_mmio() - device registers that no guest may map writable
 * @allow_read: it may map them read-only (and its writes are dropped)
 *
 * For mappings made from now on. Callers are serialised.
 * Return: 0, also for a range known already; -EINVAL RAM, or over registers that
 *	   no guest may map at all; -ENOSPC too many ranges.
 */
int __must_check mm_protect_mmio(paddr_t start, paddr_t end, bool allow_read);

/* Machine memory map for XENMEM_machine_memory_map, set by boot. */
extern struct e820_entry machine_e820[MAX_E820];
extern unsigned int nr_machine_e820;

#endif
