// SPDX-License-Identifier: GPL-2.0
/*
 * The core's surroundings in the hypervisor: the direct map, the TLBs, the
 * allocator; and mm's door to the core.
 *
 * Flushes: every return to a guest loads CR3, so only pCPUs that are in guest
 * space now can hold old translations (machine/smp.h). A flush is numbered
 * when it starts and counts as done when all pCPUs have answered; two may
 * overlap (copies to the guest flush without the lock).
 *
 * A frame that another domain mapped (PAGE_FOREIGN) may be in the TLB of a pCPU
 * that runs that one: for it, all pCPUs are made to answer.
 *
 * Frames whose last reference went are collected and freed in one go, after one
 * flush: when the lock is given back or the list is full. Each goes back to its
 * owner, who may be another domain.
 *
 * Locks: d->page_lock, held throughout but in the flush itself.
 */
#include "console/printk.h"
#include "machine/smp.h"
#include "mm/env.h"
#include "mm/internal.h"

/* Device registers of ours that overlap no page a guest may have. */
#define MAX_PROTECTED 256
static struct {
	u64 first, last;	/* mfns */
	bool allow_read;
} protected[MAX_PROTECTED];
static u32 nr_protected;

int mm_protect_mmio(paddr_t start, paddr_t end, bool allow_read)
{
	u32 i, n = __atomic_load_n(&nr_protected, __ATOMIC_ACQUIRE);
	u64 first = start >> PAGE_SHIFT, last = (end - 1) >> PAGE_SHIFT, mfn;

	for (mfn = first; mfn <= last; mfn++)
		if (mfn_is_ram(MFN(mfn)))
			return -EINVAL;
	for (i = 0; i < n; i++) {
		if (protected[i].first == first && protected[i].last == last &&
		    protected[i].allow_read == allow_read)
			return 0;
		/* Nobody's device lies where our own registers are. */
		if (!protected[i].allow_read && first <= protected[i].last &&
		    last >= protected[i].first)
			return -EINVAL;
	}
	if (n == MAX_PROTECTED)
		return -ENOSPC;
	protected[n].first = first;
	protected[n].last = last;
	protected[n].allow_read = allow_read;
	/* Partner: the load in env_io_access(), which takes no lock. */
	__atomic_store_n(&nr_protected, n + 1, __ATOMIC_RELEASE);
	return 0;
}

enum env_io env_io_access(mfn_t mfn)
{
	u32 i, n = __atomic_load_n(&nr_protected, __ATOMIC_ACQUIRE);
	enum env_io access = ENV_IO_WRITE;

	for (i = 0; i < n; i++) {
		if (mfn.v < protected[i].first || mfn.v > protected[i].last)
			continue;
		if (!protected[i].allow_read)
			return ENV_IO_NONE;
		access = ENV_IO_READ;
	}
	return access;
}


void mm_flush_vcpus(struct domain *d, u64 vcpus)
{
	u64 mask = 0;
	u32 i;

	/* The tables were changed before is_running is read (schedule()). */
	smp_mb();
	for (i = 0; i < d->max_vcpus; i++) {
		struct vcpu *v = d->vcpu[i];

		if (v && READ_ONCE(v->is_running) && (vcpus & BIT(i)))
			mask |= BIT(READ_ONCE(v->pcpu));
	}
	mask &= ~BIT(this_cpu->id);
	if (!mask)
		return;
	__atomic_add_fetch(&d->stat_flushes, 1, __ATOMIC_RELAXED);
	pcpu_flush(mask);
}

static void flush_numbered(struct domain *d, bool everywhere)
{
	struct mm_core *c = &d->mm->core;
	u16 nr, done;

	nr = __atomic_add_fetch(&c->flush_started, 1, __ATOMIC_SEQ_CST);
	if (everywhere)
		pcpu_flush(~0ULL);
	else
		mm_flush_vcpus(d, ~0ULL);
	done = __atomic_load_n(&c->flush_done, __ATOMIC_SEQ_CST);
	while ((s16)(nr - done) > 0 &&
	       !try_exchange(&c->flush_done, &done, nr))
		;
}

void mm_flush_domain(struct domain *d)
{
	flush_numbered(d, false);
}

static bool is_foreign(const struct page *pg)
{
	return READ_ONCE(pg->flags) & PAGE_FOREIGN;
}

#define FLUSH_COST	64	/* of the budget: others are waited for */

void env_flush(struct mm_core *c, const struct page *pg)
{
	c->budget -= FLUSH_COST;
	flush_numbered(container_of(c, struct mm_domain, core)->domain, is_foreign(pg));
}

/* After the flush. */
static void frame_free(struct page *pg)
{
	struct domain *d = domain_of_page(pg->owner);

	BUG_ON(!d);
	m2p_set(page_to_mfn(pg), ~0ULL);
	domain_free_frame(d, page_to_mfn(pg));
}

static void free_released(struct mm_domain *m)
{
	bool foreign = false;
	u32 i;

	for (i = 0; i < m->nr_released; i++)
		foreign |= is_foreign(mfn_to_page(m->released[i]));
	flush_numbered(m->domain, foreign);
	for (i = 0; i < m->nr_released; i++)
		frame_free(mfn_to_page(m->released[i]));
	m->nr_released = 0;
}

#define RELEASE_COST	16	/* of the budget: a frame is scrubbed */

void env_release(struct mm_core *c, struct page *pg)
{
	struct mm_domain *m = container_of(c, struct mm_domain, core);

	if (m->nr_released == MM_MAX_RELEASED)
		free_released(m);
	m->released[m->nr_released++] = page_to_mfn(pg);
	c->budget -= RELEASE_COST;
}

struct mm_core *mm_lock(struct domain *d)
{
	spin_lock(&d->page_lock);
	table_close(d);
	d->mm->core.budget = MM_BUDGET;
	return &d->mm->core;
}

void mm_unlock(struct domain *d)
{
	if (d->mm->nr_released)
		free_released(d->mm);
	spin_unlock(&d->page_lock);
}


void page_free_last(struct page *pg)
{
	struct domain *d = domain_of_page(pg->owner);

	BUG_ON(!d);
	flush_numbered(d, is_foreign(pg));
	frame_free(pg);
}

int page_get_type(struct domain *d, mfn_t mfn, enum page_type t)
{
	struct mm_core *c = &d->mm->core;

	c->budget = MM_BUDGET;
	table_close(d);
	return types_settle(c, type_get(c, mfn, t));
}

void page_put_type(struct domain *d, mfn_t mfn)
{
	table_close(d);
	type_put(&d->mm->core, mfn);
}

int page_hold_writable(struct domain *d, mfn_t mfn)
{
	int rc;

	mm_lock(d);
	rc = page_get_type(d, mfn, PT_WRITABLE);
	mm_unlock(d);
	return rc;
}

void page_release_writable(struct domain *d, mfn_t mfn)
{
	mm_lock(d);
	page_put_type(d, mfn);
	mm_unlock(d);
}
