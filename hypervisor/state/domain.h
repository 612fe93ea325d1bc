/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Domains and vCPUs. What only one room uses hangs off an opaque pointer that
 * the room allocates in its *_domain_init() and *_vcpu_init().
 *
 * Who includes this has what it includes, too: base/, the layout, registers, pCPUs, frames.
 */
#ifndef RINGLET_STATE_DOMAIN_H
#define RINGLET_STATE_DOMAIN_H

#include "base/bitmap.h"
#include "base/errno.h"
#include "base/list.h"
#include "base/lock.h"
#include "machine/pcpu.h"
#include "machine/regs.h"
#include "state/page.h"

#include <xen/callback.h>
#include <xen/xen.h>
#include <xen/vcpu.h>
#include <ringlet/handlers.h>
#include <ringlet/ringlet.h>

#define NR_TRAPS	256
#define MAX_VCPUS	32	/* XEN_LEGACY_MAX_VCPUS: vcpu_info in shared_info */

struct mm_domain;
struct evtchn_domain;
struct evtchn_vcpu;
struct sched_vcpu;
struct timer_vcpu;
struct grant_domain;
struct sched_domain;

enum vcpu_state {	/* as RINGLET_VCPU_* */
	VCPU_DOWN,	/* not initialised, or vcpu_op down */
	VCPU_RUNNABLE,	/* waiting for a pCPU */
	VCPU_RUNNING,
	VCPU_BLOCKED,	/* sched_op block or poll */
};

struct vcpu {
	struct domain *domain;	/* constant */
	u32 id;			/* constant */

	/* The gate (gate/map.c). Constant after vcpu_gate_init(). */
	struct gate_ro *gate_ro;	/* direct map of the RO page */
	struct gate_rw *gate_rw;	/* direct map of the RW page */
	struct regs *regs;		/* &gate_rw->regs: the guest's registers */
	u64 *l4;		/* the L4 the hardware uses: guest's + ours */
	u64 *gate_l1;		/* L1 of the gate region in guest space */

	/* Guest tables. guarded by: d->page_lock; own pCPU reads */
	mfn_t guest_l4;		/* the guest's base pointer: holds a type ref */
	mfn_t user_l4;		/* MMUEXT_NEW_USER_BASEPTR: referenced, not loaded */

	/* Descriptor tables. guarded by: own pCPU */
	mfn_t gdt_frames[GUEST_GDT_PAGES];	/* typed; INVALID_MFN: none */
	u32 gdt_entries;
	u64 ldt_base;		/* guest linear address */
	u32 ldt_entries;
	unsigned long ldt_mapped;	/* pages of GATE_LDT that are filled */

	/* Guest handlers; callbacks are in gate_ro. guarded by: own pCPU */
	struct trap_info *traps;	/* a page: NR_TRAPS of them */

	/* Virtual privileged state. guarded by: own pCPU */
	u64 virt_cr0;		/* only TS matters; others as we show them */
	u64 virt_cr4;		/* as the guest set it (TSD, DE, UMIP, ...) */
	u64 dr[8];		/* as read; 4 and 5 unused */
	u32 iopl;		/* virtual: 0..3 */
	u32 tsc_aux;		/* in the MSR while loaded */
	u64 iobmp;		/* guest linear address, 0: none */
	u32 iobmp_limit;	/* ports it covers */
	u64 fs_base, gs_base, kernel_gs_base; /* while not loaded on a pCPU */
	u16 ds, es, fs, gs;	/* selectors, while not loaded */
	bool reload_segments;	/* the next exit loads selectors and bases */
	void *xsave;		/* FPU image while not loaded */

	/*
	 * vcpu_info: in shared_info until registered elsewhere.
	 * Changed by the own vCPU only; the mapping outlives every reader.
	 */
	struct vcpu_info *vcpu_info;	/* direct map */
	mfn_t vcpu_info_mfn;		/* INVALID_MFN: in shared_info */
	u64 runstate_area;		/* guest linear address; 0: none */

	struct vcpu_runstate_info runstate;	/* guarded by: sched_lock */

	enum vcpu_state state;	/* guarded by: sched_lock */
	bool initialised;	/* has a context */
	u32 pcpu;		/* where it runs or last ran */
	bool is_running;	/* loaded as this_cpu->current somewhere */
	bool needs_exit_work;	/* own pCPU; look at more than events on exit */

	struct evtchn_vcpu *evtchn;	/* evtchn/ */
	struct sched_vcpu *sched;	/* sched/ */
	struct timer_vcpu *timers;	/* evtchn/vtimer.c */

	/*
	 * Arguments of the hypercall in progress. One that returns -ERESTART
	 * may have changed them: they are what it is called with again.
	 * guarded by: own pCPU
	 */
	u64 call_args[6];
};

struct domain {
	domid_t id;		/* constant */
	u32 refs;		/* atomic: one until it is torn down, one a user,
				 * one a frame of its own */
	u8 uuid[16];		/* constant: the manager's */
	char name[RINGLET_NAME_SIZE];	/* the manager's; guarded by: control_lock */
	u64 created_ns;		/* constant */
	bool is_hardware;	/* constant: the service domain */
	bool no_smep;		/* constant: its kernel may run on user pages */
	bool is_privileged;	/* constant: may use domain control */
	bool is_shut_down;	/* guarded by: control_lock */
	bool is_dying;		/* being destroyed; set once, under control_lock */
	u32 pause_count;	/* guarded by: control_lock */
	bool is_crashed;	/* set once */
	u32 shutdown_reason;	/* SHUTDOWN_* */
	u64 vm_assist;		/* VMASST_TYPE_* bits; guarded by: control_lock */
	struct ringlet_devices devices;	/* pages 0: none; guarded by: control_lock */

	spinlock_t control_lock;
	spinlock_t page_lock;	/* page-table updates of this domain */
	spinlock_t event_lock;	/* ports and their bindings */

	u32 max_vcpus;		/* constant; all of them exist */
	u32 max_ports, max_grant_frames, max_maptrack_frames;	/* constant */
	struct vcpu *vcpu[MAX_VCPUS];	/* entries constant once set */

	/* guarded by: heap_lock (state/alloc.c) */
	u64 tot_pages, max_pages;
	u32 page_list;		/* mfn of the first frame of its list */

	struct shared_info *shared_info;	/* direct map; our frame */
	mfn_t shared_info_mfn;

	struct mm_domain *mm;		/* mm/ */
	struct evtchn_domain *evtchn;	/* evtchn/ */
	struct grant_domain *grant;	/* grant/ */
	struct sched_domain *sched;	/* sched/ */

	/* The hypervisor's own memory for it. */
	void *arena;		/* newest page; guarded by: creation */
	u32 arena_used;		/* bytes of it */
	u32 hyp_list;		/* of our frames for it; guarded by: heap_lock */
	u64 hyp_pages;		/* how many; guarded by: heap_lock */
	u64 table_pages;	/* of these: page tables of its vCPUs' spaces */

	/* Statistics; atomic, relaxed. */
	u64 stat_flushes, stat_page_faults, stat_events, stat_switches;
	u64 stat_calls[64];
};

/* The vCPU this pCPU has loaded; only where one is known to be. */
#define current_vcpu	(this_cpu->current)

extern struct domain *service_domain;

/**
 * domain_get() - look a domain up and keep it from being freed
 *
 * A dying domain is found too: who starts something new in one tests is_dying
 * under the lock that its teardown takes.
 * Return: the domain, for domain_put() later; NULL: there is none.
 */
struct domain *domain_get(domid_t id);
void domain_put(struct domain *d);

/**
 * domain_of_page() - the domain that owns a frame
 * @owner: page->owner of a frame on which the caller has a reference
 *
 * A domain lives as long as it owns a frame, so no reference is taken.
 */
struct domain *domain_of_page(u16 owner);

/**
 * domain_get_for() - the domain that a call of @v names
 * @domid: DOMID_SELF, the caller's own, or another's: for the privileged only
 * @d: set to it, with a reference; NULL with an error
 *
 * Return: 0; -ESRCH; -EPERM.
 */
int __must_check domain_get_for(const struct vcpu *v, u64 domid, struct domain **d);

/**
 * domain_zalloc() - zeroed memory that lives as long as @d does
 * @size: bytes, at most a page
 *
 * Never freed singly: objects of a domain and of its vCPUs, made when they are
 * created. Counted in d->hyp_pages. Return: NULL if memory is short.
 */
void *domain_zalloc(struct domain *d, size_t size);

/* One page of ours on the domain's account: goes with @d if not given back before. */
void *domain_alloc_page(struct domain *d);
void domain_free_page(struct domain *d, void *p);

/**
 * domain_alloc_shared() - a page of ours that guests may map writable
 *
 * Owned by @d, with one reference, which its teardown drops: the page and @d live
 * until all who mapped it have dropped theirs.
 */
void *domain_alloc_shared(struct domain *d);

/* Its vCPUs keep their states and do not run; after a change: sched_domain_update(). */
static inline bool domain_is_held(const struct domain *d)
{
	return READ_ONCE(d->pause_count) || READ_ONCE(d->is_shut_down) ||
	       READ_ONCE(d->is_crashed) || READ_ONCE(d->is_dying);
}

/* Is @domid the caller itself? */
static inline bool domid_is_self(const struct domain *d, u64 domid)
{
	return domid == DOMID_SELF || domid == d->id;
}

/**
 * domain_crash() - a guest broke its own critical state
 *
 * Marks the domain dead, logs vCPU state, guest stack and a page walk of the
 * current vCPU, and makes sure none of its vCPUs returns to guest space. The
 * caller just unwinds; the exit path does the rest. Safe with any locks held.
 */
void domain_crash(struct domain *d, const char *fmt, ...) __printf(2, 3);

#endif
