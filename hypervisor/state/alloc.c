// SPDX-License-Identifier: GPL-2.0
/*
 * The heap: a buddy allocator over all RAM that is not the image's.
 *
 * Invariants:
 * - A free block of order n starts at an mfn that is a multiple of 2^n; its first
 *   frame has PAGE_FREE and the order in its flags; the others have flags 0 or
 *   PAGE_DIRTY, owner OWNER_NONE, refs 0.
 * - What is freed is zeroed before it enters the heap, so no owner reads
 *   another's data. Only RAM that nobody used yet has PAGE_DIRTY (per frame).
 * - Two zones, below and above 4 GiB; unlimited requests take from above first,
 *   so that 32-bit DMA buffers (XENMEM_exchange) can still be had.
 * - Page lists link frames by mfn; 0 ends a list (frame 0 is never heap).
 *
 * Lock: heap_lock, innermost but for the console's; also guards a domain's
 * page list and tot_pages.
 */
#include "state/alloc.h"

#include "base/string.h"
#include "console/printk.h"
#include "state/domain.h"
#include "state/type-info.h"

#define MAX_ORDER	18	/* 1 GiB */
#define ZONE_LIMIT	((4ULL << 30) >> PAGE_SHIFT)

struct page *frame_table __ro_after_init;
u64 frame_count __ro_after_init;
struct ranges ram;

static spinlock_t heap_lock = SPINLOCK_INIT;
static u32 free_head[2][MAX_ORDER + 1] __guarded_by(heap_lock);
static u64 free_frames __guarded_by(heap_lock);

bool range_is_ram(paddr_t start, paddr_t end)
{
	unsigned int i;

	for (i = 0; i < ram.n; i++)
		if (start >= ram.range[i].start && end <= ram.range[i].end)
			return true;
	return false;
}

static unsigned int zone_of(u64 mfn)
{
	return mfn >= ZONE_LIMIT;
}

static void page_list_add(u32 *head, u64 mfn)
{
	struct page *pg = &frame_table[mfn];

	pg->prev = 0;
	pg->next = *head;
	if (*head)
		frame_table[*head].prev = (u32)mfn;
	*head = (u32)mfn;
}

static void page_list_del(u32 *head, u64 mfn)
{
	struct page *pg = &frame_table[mfn];

	if (pg->prev)
		frame_table[pg->prev].next = pg->next;
	else
		*head = pg->next;
	if (pg->next)
		frame_table[pg->next].prev = pg->prev;
	pg->next = pg->prev = 0;
}

static unsigned int block_order(const struct page *pg)
{
	return pg->flags >> PAGE_ORDER_SHIFT;
}

static void block_insert(u64 mfn, unsigned int order) __requires(heap_lock)
{
	struct page *pg = &frame_table[mfn];

	pg->flags = (u16)((pg->flags & PAGE_DIRTY) | PAGE_FREE | order << PAGE_ORDER_SHIFT);
	page_list_add(&free_head[zone_of(mfn)][order], mfn);
}

static void block_remove(u64 mfn, unsigned int order) __requires(heap_lock)
{
	page_list_del(&free_head[zone_of(mfn)][order], mfn);
	frame_table[mfn].flags &= PAGE_DIRTY;
}

/* Merge with free buddies upwards, then insert. */
static void heap_insert(u64 mfn, unsigned int order) __requires(heap_lock)
{
	free_frames += 1ULL << order;
	for (; order < MAX_ORDER; order++) {
		u64 buddy = mfn ^ (1ULL << order);
		struct page *pg = &frame_table[buddy];

		if (buddy + (1ULL << order) > frame_count ||
		    !(pg->flags & PAGE_FREE) || block_order(pg) != order)
			break;
		block_remove(buddy, order);
		mfn = min(mfn, buddy);
	}
	block_insert(mfn, order);
}

void heap_add(paddr_t start, paddr_t end)
{
	u64 mfn = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT, i;

	if (!mfn)
		mfn = 1;
	for (i = mfn; i < last; i++) {
		frame_table[i].owner = OWNER_NONE;
		frame_table[i].flags = PAGE_DIRTY;
		frame_table[i].refs = 0;
		frame_table[i].type_info = 0;
	}
	spin_lock(&heap_lock);
	while (mfn < last) {
		unsigned int order = 0;

		while (order < MAX_ORDER && !(mfn & (1ULL << order)) &&
		       mfn + (2ULL << order) <= last)
			order++;
		heap_insert(mfn, order);
		mfn += 1ULL << order;
	}
	spin_unlock(&heap_lock);
}

u64 heap_free_frames(void)
{
	u64 n;

	spin_lock(&heap_lock);
	n = free_frames;
	spin_unlock(&heap_lock);
	return n;
}

/* A block of at least @order that begins low enough, or 0. */
static u64 block_find(unsigned int zone, unsigned int order, u64 below,
		      unsigned int *found) __requires(heap_lock)
{
	unsigned int o;
	u32 mfn;

	for (o = order; o <= MAX_ORDER; o++) {
		for (mfn = free_head[zone][o]; mfn; mfn = frame_table[mfn].next) {
			if (mfn + (1ULL << order) <= below) {
				*found = o;
				return mfn;
			}
		}
	}
	return 0;
}

/* Take 2^order frames off the heap; 0 if there are none below @below. */
static u64 heap_take(unsigned int order, u64 below) __requires(heap_lock)
{
	unsigned int o = 0;
	u64 mfn = 0;

	if (order > MAX_ORDER)
		return 0;
	if (below > ZONE_LIMIT)
		mfn = block_find(1, order, below, &o);
	if (!mfn)
		mfn = block_find(0, order, below, &o);
	if (!mfn)
		return 0;
	block_remove(mfn, o);
	while (o > order) {
		o--;
		block_insert(mfn + (1ULL << o), o);
	}
	free_frames -= 1ULL << order;
	return mfn;
}

void *alloc_pages(unsigned int order)
{
	u64 mfn, i;

	spin_lock(&heap_lock);
	mfn = heap_take(order, ~0ULL);
	spin_unlock(&heap_lock);
	if (!mfn)
		return NULL;
	for (i = 0; i < 1ULL << order; i++) {
		frame_table[mfn + i].owner = OWNER_HYP;
		frame_table[mfn + i].flags = 0;
	}
	frame_table[mfn].flags = (u16)(order << PAGE_ORDER_SHIFT);
	return memset(mfn_to_virt(MFN(mfn)), 0, PAGE_SIZE << order);
}

void *kzalloc(size_t size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return alloc_pages(order);
}

void kfree(void *p)
{
	u64 mfn = virt_to_mfn(p).v, i;
	unsigned int order;

	if (!p)
		return;
	order = block_order(&frame_table[mfn]);
	memset(p, 0, PAGE_SIZE << order);
	for (i = 0; i < 1ULL << order; i++) {
		frame_table[mfn + i].owner = OWNER_NONE;
		frame_table[mfn + i].flags = 0;
	}
	spin_lock(&heap_lock);
	heap_insert(mfn, order);
	spin_unlock(&heap_lock);
}

mfn_t domain_alloc_frames(struct domain *d, unsigned int order, paddr_t below)
{
	u64 n = 1ULL << order, mfn = 0, i;

	if (below >> PAGE_SHIFT >= frame_count)
		below = 0;
	/* The search is long and low memory short: only for who does DMA. */
	if (below && !d->is_hardware)
		return INVALID_MFN;
	spin_lock(&heap_lock);
	if (n <= d->max_pages && d->tot_pages <= d->max_pages - n)
		mfn = heap_take(order, below ? below >> PAGE_SHIFT : ~0ULL);
	if (mfn)
		d->tot_pages += n;
	spin_unlock(&heap_lock);
	if (!mfn)
		return INVALID_MFN;

	__atomic_add_fetch(&d->refs, (u32)n, __ATOMIC_RELAXED);
	for (i = mfn; i < mfn + n; i++) {
		struct page *pg = &frame_table[i];

		if ((pg->flags & PAGE_DIRTY) && !d->is_hardware)
			memset(mfn_to_virt(MFN(i)), 0, PAGE_SIZE);
		pg->owner = d->id;
		pg->flags = PAGE_ALLOCATED;
		pg->type_info = 0;
	}
	/* In the list first: with a reference, a sibling vCPU may free it. */
	spin_lock(&heap_lock);
	for (i = mfn; i < mfn + n; i++) {
		page_list_add(&d->page_list, i);
		__atomic_store_n(&frame_table[i].refs, 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&heap_lock);
	return MFN(mfn);
}

struct page *domain_next_frame(struct domain *d, const struct page *pg)
{
	u32 mfn;

	spin_lock(&heap_lock);
	mfn = pg ? pg->next : d->page_list;
	while (mfn && !page_ref_get(&frame_table[mfn], d->id))
		mfn = frame_table[mfn].next;
	spin_unlock(&heap_lock);
	return mfn ? &frame_table[mfn] : NULL;
}

void domain_free_frame(struct domain *d, mfn_t mfn)
{
	struct page *pg = mfn_to_page(mfn);

	ASSERT(pg->owner == d->id && !pg->refs);
	memset(mfn_to_virt(mfn), 0, PAGE_SIZE);
	spin_lock(&heap_lock);
	if (pg->flags & PAGE_XEN_SHARED) {
		page_list_del(&d->hyp_list, mfn.v);
		d->hyp_pages--;
	} else {
		page_list_del(&d->page_list, mfn.v);
		d->tot_pages--;
	}
	pg->type_info = 0;
	pg->owner = OWNER_NONE;
	pg->flags = 0;
	heap_insert(mfn.v, 0);
	spin_unlock(&heap_lock);
	domain_put(d);
}

void *domain_alloc_page(struct domain *d)
{
	void *p = alloc_page();

	if (!p)
		return NULL;
	spin_lock(&heap_lock);
	page_list_add(&d->hyp_list, virt_to_mfn(p).v);
	d->hyp_pages++;
	spin_unlock(&heap_lock);
	return p;
}

void domain_free_page(struct domain *d, void *p)
{
	if (!p)
		return;
	spin_lock(&heap_lock);
	page_list_del(&d->hyp_list, virt_to_mfn(p).v);
	d->hyp_pages--;
	spin_unlock(&heap_lock);
	kfree(p);
}

void *domain_alloc_shared(struct domain *d)
{
	void *p = domain_alloc_page(d);
	struct page *pg;

	if (!p)
		return NULL;
	__atomic_add_fetch(&d->refs, 1, __ATOMIC_RELAXED);
	pg = mfn_to_page(virt_to_mfn(p));
	pg->owner = d->id;
	pg->flags |= PAGE_XEN_SHARED;
	pg->type_info = 0;
	__atomic_store_n(&pg->refs, 1, __ATOMIC_RELEASE);
	return p;
}

void *domain_zalloc(struct domain *d, size_t size)
{
	size = ALIGN_UP(size, 16);
	ASSERT(size <= PAGE_SIZE);
	if (!d->arena || d->arena_used + size > PAGE_SIZE) {
		d->arena = domain_alloc_page(d);
		d->arena_used = 0;
	}
	if (!d->arena)
		return NULL;
	d->arena_used += size;
	return (u8 *)d->arena + d->arena_used - size;
}

void domain_free_all(struct domain *d)
{
	while (d->hyp_list) {
		frame_table[d->hyp_list].refs = 0;
		domain_free_page(d, mfn_to_virt(MFN(d->hyp_list)));
	}
}
