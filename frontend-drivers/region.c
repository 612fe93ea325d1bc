// SPDX-License-Identifier: GPL-2.0
/*
 * The region of a device: pages lent to the back-end from find_vqs to del_vqs, and
 * the allocator of what lies in them.
 *
 * Page 0 is the queue table. The rest is divided in granules of 512 bytes, a bit
 * each. An eighth, at the start, is only for buffers smaller than a page (headers,
 * status bytes, indirect tables, small packets), which may also lie above it: so
 * bulk data can never keep the last header out, and whole pages stay in one piece.
 * A search goes on where the last one ended. A buffer of a page or more is
 * aligned to a page.
 *
 * Pages that only we write (the queue table, descriptor tables with the available
 * rings behind them) are lent read-only: Linux reads flags there that decide how far
 * it walks. No such page is ever a part of the pool.
 *
 * What a page holds when it comes from the system is cleared; later the pool holds
 * nothing but what went to or came from this back-end.
 *
 * A page is given back to the system only when its grant has ended. If the back-end
 * still maps it, Linux's deferred list keeps it until it does not; such pages are
 * counted, and above an eighth of memory there are no more regions: a back-end
 * cannot eat the memory of its guest.
 *
 * A page that is mapped elsewhere cannot be taken back, but what lies at an address
 * of ours is ours to choose: spares, never lent, replace pages there.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <xen/page.h>
#include <asm/xen/hypercall.h>

#include "front.h"

#define MIN_PAGES	64		/* 256 KiB, what any guest can afford */
#define REFS_PER_PAGE	(PAGE_SIZE / sizeof(grant_ref_t))
#define PER_PAGE	(PAGE_SIZE / FRONT_GRANULE)
#define FREE		(~0U)

/* The most pages a region of this device may have. */
u32 front_region_limit(const struct front_device *fd)
{
	unsigned long limit = max(totalram_pages() / 32, (unsigned long)MIN_PAGES);

	return min_t(unsigned long, limit, fd->max_region_pages);
}

/* Ends the grant of a page and frees it; if it is still mapped, later. */
static void page_end(struct front_region *r, grant_ref_t ref, struct page *page)
{
	if (gnttab_try_end_foreign_access(ref)) {
		__free_page(page);
		return;
	}
	atomic_long_inc(&r->fd->area->kept);
	gnttab_end_foreign_access(ref, page);
}

static int pages_alloc(struct front_region *r)
{
	struct page *page;

	for (; r->nr_pages < r->granules / PER_PAGE; r->nr_pages++) {
		page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
		if (!page)
			return -ENOMEM;
		r->pages[r->nr_pages] = page;
	}
	for (; r->nr_dirs < DIV_ROUND_UP(r->nr_pages, REFS_PER_PAGE); r->nr_dirs++) {
		page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!page)
			return -ENOMEM;
		r->dirs[r->nr_dirs] = page;
	}
	r->base = vmap(r->pages, r->nr_pages, VM_MAP, PAGE_KERNEL);
	return r->base ? 0 : -ENOMEM;
}

static void pages_free(struct front_region *r)
{
	vunmap(r->base);
	while (r->nr_pages)
		__free_page(r->pages[--r->nr_pages]);
	while (r->nr_dirs)
		__free_page(r->dirs[--r->nr_dirs]);
}

static int tables_alloc(struct front_region *r)
{
	u32 n = r->granules;

	r->pages = kvcalloc(n / PER_PAGE, sizeof(*r->pages), GFP_KERNEL);
	r->refs = kvcalloc(n / PER_PAGE, sizeof(*r->refs), GFP_KERNEL);
	r->spares = kvcalloc(n / PER_PAGE, sizeof(*r->spares), GFP_KERNEL);
	r->readonly = kvcalloc(BITS_TO_LONGS(n / PER_PAGE), sizeof(*r->readonly), GFP_KERNEL);
	r->used = kvcalloc(BITS_TO_LONGS(n), sizeof(*r->used), GFP_KERNEL);
	r->first = kvmalloc_array(n, sizeof(*r->first), GFP_KERNEL);
	r->buffers = kvcalloc(n, sizeof(*r->buffers), GFP_KERNEL);
	if (!r->pages || !r->refs || !r->spares || !r->readonly || !r->used || !r->first ||
	    !r->buffers)
		return -ENOMEM;
	memset(r->first, 0xff, n * sizeof(*r->first));
	bitmap_set(r->used, 0, PER_PAGE);
	__set_bit(0, r->readonly);	/* the queue table */
	r->small_end = round_up(PER_PAGE + n / 8, PER_PAGE);
	r->small_hint = PER_PAGE;
	r->large_hint = r->small_end;
	return 0;
}

static void tables_free(struct front_region *r)
{
	kvfree(r->pages);
	kvfree(r->refs);
	kvfree(r->spares);
	kvfree(r->readonly);
	kvfree(r->used);
	kvfree(r->first);
	kvfree(r->buffers);
}

/* References for all pages: taken now, used by front_region_lend(). */
static int refs_alloc(struct front_region *r)
{
	u32 total = r->nr_pages + r->nr_dirs, i;
	grant_ref_t head;

	if (gnttab_alloc_grant_references(total, &head))
		return -ENOSPC;
	for (i = 0; i < r->nr_pages; i++)
		r->refs[i] = gnttab_claim_grant_reference(&head);
	for (i = 0; i < r->nr_dirs; i++)
		r->dir_refs[i] = gnttab_claim_grant_reference(&head);
	return 0;
}

/**
 * front_region_create() - pages for a device, not lent yet
 * @fd: the device
 * @pages: with the queue table; at most front_region_limit()
 *
 * Return: the region or an ERR_PTR, and then the reason is in the log.
 */
struct front_region *front_region_create(struct front_device *fd, u32 pages)
{
	unsigned long kept = atomic_long_read(&fd->area->kept);
	struct front_region *r;
	int rc;

	if (kept > totalram_pages() / 8) {
		dev_err(&fd->dev, "the back-end has not let go of %lu pages of devices before: no more memory for it\n",
			kept);
		return ERR_PTR(-ENOMEM);
	}
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return ERR_PTR(-ENOMEM);
	r->fd = fd;
	r->granules = pages * PER_PAGE;
	spin_lock_init(&r->lock);
	xa_init(&r->direct);
	rc = tables_alloc(r);
	if (!rc)
		rc = pages_alloc(r);
	if (!rc)
		rc = refs_alloc(r);
	if (!rc)
		return r;
	dev_err(&fd->dev, "no %s for a region of %u pages\n",
		rc == -ENOSPC ? "grant references" : "memory", pages);
	if (r->pages)
		pages_free(r);
	tables_free(r);
	kfree(r);
	return ERR_PTR(rc);
}

/* What lies in the whole pages [@start, @end) is not for the device to write. */
void front_region_readonly(struct front_region *r, u32 start, u32 end)
{
	bitmap_set(r->readonly, start >> PAGE_SHIFT, (end - start) >> PAGE_SHIFT);
}

/* A spare for each of the whole pages [@start, @end). The caller frees @r if it fails. */
int front_region_spare(struct front_region *r, u32 start, u32 end)
{
	u32 i;

	for (i = start >> PAGE_SHIFT; i < end >> PAGE_SHIFT; i++) {
		r->spares[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!r->spares[i])
			return -ENOMEM;
	}
	return 0;
}

/**
 * front_region_seize() - put the spares, cleared, where their pages were
 * @r: the region
 *
 * The back-end keeps the old pages, which nothing of ours reads any more. Nobody may
 * be using these addresses meanwhile.
 *
 * Return: false if the hypervisor refused one.
 */
bool front_region_seize(struct front_region *r)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < r->nr_pages; i++) {
		if (!r->spares[i])
			continue;
		ok &= !HYPERVISOR_update_va_mapping((unsigned long)r->base + i * PAGE_SIZE,
						    mk_pte(r->spares[i], PAGE_KERNEL),
						    UVMF_INVLPG | UVMF_ALL);
	}
	return ok;
}

/* Grant all of it, and write the directory. Once. */
void front_region_lend(struct front_region *r)
{
	domid_t backend = r->fd->area->backend;
	bool readonly;
	u32 *dir, i;

	for (i = 0; i < r->nr_pages; i++) {
		readonly = test_bit(i, r->readonly);
		gnttab_grant_foreign_access_ref(r->refs[i], backend,
						xen_page_to_gfn(r->pages[i]), readonly);
		dir = page_address(r->dirs[i / REFS_PER_PAGE]);
		dir[i % REFS_PER_PAGE] = r->refs[i] | (readonly ? RINGLET_REGION_READONLY : 0);
	}
	for (i = 0; i < r->nr_dirs; i++)
		gnttab_grant_foreign_access_ref(r->dir_refs[i], backend,
						xen_page_to_gfn(r->dirs[i]), 1);
}

/* Take it back. The device is reset, or was never started; or it does not answer. */
void front_region_free(struct front_region *r)
{
	long kept = atomic_long_read(&r->fd->area->kept);
	u32 i;

	vunmap(r->base);
	for (i = 0; i < r->nr_pages; i++)
		if (r->spares[i])
			__free_page(r->spares[i]);
	for (i = 0; i < r->nr_pages; i++)
		page_end(r, r->refs[i], r->pages[i]);
	for (i = 0; i < r->nr_dirs; i++)
		page_end(r, r->dir_refs[i], r->dirs[i]);
	kept = atomic_long_read(&r->fd->area->kept) - kept;
	if (kept)
		dev_warn(&r->fd->dev, "the back-end still maps %ld of %u pages: they stay lent until it does not\n",
			 kept, r->nr_pages + r->nr_dirs);
	xa_destroy(&r->direct);
	tables_free(r);
	kfree(r);
}

/* Find and mark @n free granules in [@start, @end), from @hint on. */
static u32 take(struct front_region *r, u32 start, u32 end, u32 *hint, u32 n)
{
	unsigned long align = n >= PER_PAGE ? PER_PAGE - 1 : 0;
	unsigned long at;

	at = bitmap_find_next_zero_area(r->used, end, *hint, n, align);
	if (at >= end && *hint > start)
		at = bitmap_find_next_zero_area(r->used, end, start, n, align);
	if (at >= end)
		return FREE;
	bitmap_set(r->used, at, n);
	*hint = at + n;
	return at;
}

/**
 * front_pool_alloc() - room in the region
 * @r: the region
 * @size: bytes, not 0
 * @phys: what it stands for, for front_pool_find()
 *
 * Return: its offset, or FRONT_NO_OFFSET.
 */
u32 front_pool_alloc(struct front_region *r, size_t size, phys_addr_t phys)
{
	u32 at = FREE, n, i;
	unsigned long flags;

	if (size > (size_t)r->granules * FRONT_GRANULE)
		return FRONT_NO_OFFSET;
	n = DIV_ROUND_UP(size, FRONT_GRANULE);
	spin_lock_irqsave(&r->lock, flags);
	if (size < PAGE_SIZE)
		at = take(r, PER_PAGE, r->small_end, &r->small_hint, n);
	if (at == FREE)
		at = take(r, r->small_end, r->granules, &r->large_hint, n);
	spin_unlock_irqrestore(&r->lock, flags);
	if (at == FREE)
		return FRONT_NO_OFFSET;
	r->buffers[at].phys = phys;
	r->buffers[at].size = size;
	for (i = 0; i < n; i++)
		r->first[at + i] = at;
	return at * FRONT_GRANULE;
}

/* The buffer in which @offset lies, and where it starts; NULL: there is none. */
const struct front_buffer *front_pool_find(struct front_region *r, u32 offset,
					   u32 *start)
{
	u32 at = offset / FRONT_GRANULE;

	if (at >= r->granules || r->first[at] == FREE)
		return NULL;
	at = r->first[at];
	*start = at * FRONT_GRANULE;
	return &r->buffers[at];
}

/* @offset: as allocated, checked with front_pool_find(). */
void front_pool_free(struct front_region *r, u32 offset)
{
	u32 at = offset / FRONT_GRANULE, i;
	u32 n = DIV_ROUND_UP(r->buffers[at].size, FRONT_GRANULE);
	unsigned long flags;

	for (i = 0; i < n; i++)
		r->first[at + i] = FREE;
	spin_lock_irqsave(&r->lock, flags);
	bitmap_clear(r->used, at, n);
	spin_unlock_irqrestore(&r->lock, flags);
}
