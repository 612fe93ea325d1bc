// SPDX-License-Identifier: GPL-2.0
/*
 * memory_op.exchange: frames for contiguous ones below an address, and back.
 * The service domain needs it for DMA buffers larger than a page.
 *
 * Chunk by chunk, a chunk being one extent of the larger order. Check: every
 * frame that comes in is the caller's and nothing but its allocation refers
 * to it (so no table maps it and no type is held). The new frames are
 * allocated next. Commit: the old ones are given back, which cannot fail.
 * Nothing changes if a chunk is refused; nr_exchanged says how many input
 * extents are done, and the caller continues from there.
 *
 * Locks: d->page_lock over check and commit, so that nobody takes a reference
 * in between but copies to the guest, which need a mapping.
 * ABI: xen/memory.h, xen_memory_exchange.
 */
#include "mm/internal.h"
#include "state/guest-access.h"

#include <xen/memory.h>

#define MAX_ORDER	9
#define CHUNKS_PER_CALL	4

/* One exchange, as far as it concerns a chunk. */
struct chunk {
	u32 order, in_order, out_order;
	paddr_t below;
	u64 in_slots, out_slots;	/* guest pointers to this chunk's lists */
	u64 in[1 << MAX_ORDER], out[1 << MAX_ORDER];
	mfn_t new[1 << MAX_ORDER];
};

static bool frame_is_idle(struct domain *d, mfn_t mfn) __requires(d->page_lock)
{
	struct page *pg;
	u64 x;

	if (!mfn_valid(mfn))
		return false;
	pg = mfn_to_page(mfn);
	x = type_info_read(pg);
	return READ_ONCE(pg->owner) == d->id && READ_ONCE(pg->refs) == 1 &&
	       (pg->flags & (PAGE_ALLOCATED | PAGE_XEN_SHARED)) == PAGE_ALLOCATED &&
	       !(x & TI_PARTIAL) && !(x & TI_COUNT);
}

static mfn_t in_frame(const struct chunk *k, u32 i)
{
	return MFN(k->in[i >> k->in_order] + (i & ((1U << k->in_order) - 1)));
}

/* Hand the first @n incoming frames back to their allocation. */
static void unclaim(const struct chunk *k, u32 n)
{
	while (n--)
		__atomic_fetch_or(&mfn_to_page(in_frame(k, n))->flags,
				  PAGE_ALLOCATED, __ATOMIC_SEQ_CST);
}

/*
 * Every incoming frame is idle and named once: the flag of its allocation is
 * taken off as we go, so the second naming fails.
 */
static int claim_in(struct domain *d, const struct chunk *k) __requires(d->page_lock)
{
	u32 i;

	for (i = 0; i < 1U << k->order; i++) {
		if (frame_is_idle(d, in_frame(k, i)) &&
		    page_flag_take(mfn_to_page(in_frame(k, i)), PAGE_ALLOCATED))
			continue;
		unclaim(k, i);
		return -EINVAL;
	}
	return 0;
}

static void give_back(struct domain *d, mfn_t mfn) __requires(d->page_lock)
{
	struct page *pg = mfn_to_page(mfn);

	if (page_flag_take(pg, PAGE_ALLOCATED))
		ref_put(&d->mm->core, pg);
}

/*
 * The new frames, beside the old ones for a moment: the limit is lifted for as
 * long. (max_pages is one word; the allocator reads it under its own lock.)
 */
static int alloc_out(struct domain *d, struct chunk *k) __requires(d->page_lock)
{
	u32 i, j, n = 1U << (k->order - k->out_order);

	__atomic_add_fetch(&d->max_pages, 1ULL << k->order, __ATOMIC_SEQ_CST);
	for (i = 0; i < n; i++) {
		k->new[i] = domain_alloc_frames(d, k->out_order, k->below);
		if (mfn_eq(k->new[i], INVALID_MFN))
			break;
	}
	__atomic_sub_fetch(&d->max_pages, 1ULL << k->order, __ATOMIC_SEQ_CST);
	if (i == n)
		return 0;
	while (i--) {
		for (j = 0; j < 1U << k->out_order; j++)
			give_back(d, MFN(k->new[i].v + j));
	}
	return -ENOMEM;
}

static int exchange_chunk(struct domain *d, struct chunk *k)
{
	u32 i, j, n = 1U << (k->order - k->out_order);
	int rc;

	if (copy_from_guest(k->in, k->in_slots, sizeof(u64) << (k->order - k->in_order)) ||
	    copy_from_guest(k->out, k->out_slots, n * sizeof(u64)))
		return -EFAULT;
	/* Tables that wait to be undone may still hold the frames. */
	rc = types_undo(mm_lock(d)) ? claim_in(d, k) : -ERESTART;
	if (!rc) {
		rc = alloc_out(d, k);
		if (rc)
			unclaim(k, 1U << k->order);
	}
	if (!rc) {
		for (i = 0; i < 1U << k->order; i++)
			ref_put(&d->mm->core, mfn_to_page(in_frame(k, i)));
		for (i = 0; i < n; i++) {
			for (j = 0; j < 1U << k->out_order; j++)
				m2p_set(MFN(k->new[i].v + j), k->out[i] + j);
			k->out[i] = k->new[i].v;
		}
	}
	mm_unlock(d);
	if (!rc && copy_to_guest(k->out_slots, k->out, n * sizeof(u64)))
		rc = -EFAULT;
	return rc;
}

static int check_arguments(struct domain *d, const struct xen_memory_exchange *x)
{
	if (!domid_is_self(d, x->in.domid) || !domid_is_self(d, x->out.domid))
		return -EPERM;
	if (x->in.extent_order > MAX_ORDER || x->out.extent_order > MAX_ORDER)
		return -EPERM;
	if (x->in.nr_extents > 1ULL << 32 || x->out.nr_extents > 1ULL << 32)
		return -EINVAL;
	if (x->in.nr_extents << x->in.extent_order != x->out.nr_extents << x->out.extent_order)
		return -EINVAL;
	return x->nr_exchanged > x->in.nr_extents ? -EINVAL : 0;
}

static void set_chunk(struct chunk *k, const struct xen_memory_exchange *x)
{
	u64 frames = x->nr_exchanged << x->in.extent_order;

	k->in_order = x->in.extent_order;
	k->out_order = x->out.extent_order;
	k->order = max(k->in_order, k->out_order);
	k->below = address_limit(x->out.mem_flags);
	k->in_slots = (u64)x->in.extent_start.p + x->nr_exchanged * sizeof(u64);
	k->out_slots = (u64)x->out.extent_start.p + (frames >> k->out_order) * sizeof(u64);
}

long memory_exchange(struct vcpu *v, u64 arg)
{
	struct domain *d = v->domain;
	struct xen_memory_exchange x;
	struct chunk *k;
	u32 i = 0, per_chunk;
	int rc;

	if (copy_from_guest(&x, arg, sizeof(x)))
		return -EFAULT;
	rc = check_arguments(d, &x);
	if (rc)
		return rc;
	k = kzalloc(sizeof(*k));
	if (!k)
		return -ENOMEM;

	set_chunk(k, &x);
	per_chunk = 1U << (k->order - k->in_order);
	/* A continuation starts at a chunk, whatever the guest says. */
	if (x.nr_exchanged % per_chunk)
		rc = -EINVAL;
	while (!rc && x.nr_exchanged < x.in.nr_extents) {
		if (i++ == CHUNKS_PER_CALL) {
			rc = -ERESTART;
			break;
		}
		set_chunk(k, &x);
		rc = exchange_chunk(d, k);
		if (!rc)
			x.nr_exchanged += per_chunk;
	}
	kfree(k);
	/* -ERESTART too: the call goes on from what stands here. */
	if (copy_to_guest(arg, &x, sizeof(x)))
		rc = -EFAULT;
	return rc;
}
