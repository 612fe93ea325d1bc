// SPDX-License-Identifier: GPL-2.0
/*
 * The region of a device: pages that the driver lends, mapped while it is used.
 *
 * Pages to map into are sorted by frame number first: runs of them become few
 * ranges of the iotlb through which vringh reaches the rings. Its "addresses" are
 * our frame numbers, as vringh makes pages of them; offsets in the region are the
 * guest's side. Reading and writing bounds are those of the region, nothing else
 * is ever reached through an address of the guest.
 *
 * Pages that the driver lends read-only are mapped so: whoever writes to the region
 * asks with @write first, or a guest could make this kernel fault.
 *
 * The lists of grant references are copied, not mapped: they are needed once.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <xen/grant_table.h>
#include <xen/page.h>

#include "internal.h"

#define MAP_BATCH 256
#define REFS_PER_DIR (PAGE_SIZE / sizeof(u32))

static int by_frame(const void *a, const void *b)
{
	unsigned long x = page_to_pfn(*(struct page *const *)a);
	unsigned long y = page_to_pfn(*(struct page *const *)b);

	return x < y ? -1 : x > y;
}

/* Copy the directories' references, @nr in all, to @refs (whole pages). */
static int copy_refs(struct back_slot *slot, u32 nr, const u32 *dirs, u32 *refs)
{
	struct gnttab_copy ops[RINGLET_REGION_DIRS] = {};
	u32 i, pages = DIV_ROUND_UP(nr, REFS_PER_DIR);

	for (i = 0; i < pages; i++) {
		ops[i].source.u.ref = dirs[i];
		ops[i].source.domid = slot->dev.domid;
		ops[i].dest.u.gmfn = virt_to_gfn(refs + i * REFS_PER_DIR);
		ops[i].dest.domid = DOMID_SELF;
		ops[i].len = min_t(u32, nr - i * REFS_PER_DIR, REFS_PER_DIR) * sizeof(u32);
		ops[i].flags = GNTCOPY_source_gref;
	}
	gnttab_batch_copy(ops, pages);
	for (i = 0; i < pages; i++) {
		if (ops[i].status == GNTST_okay)
			continue;
		back_warn(&slot->dev, "directory %u of its region cannot be read (grant %u, status %d)",
			  i, dirs[i], ops[i].status);
		return -EFAULT;
	}
	return 0;
}

static void unmap_first(struct back_region *region, u32 nr)
{
	struct gnttab_unmap_grant_ref *ops = NULL;
	struct gntab_unmap_queue_data data = {};
	u32 done, i, part;

	/* Must not fail: some pages at a time on the stack, if need be. */
	struct gnttab_unmap_grant_ref few[8];

	ops = kmalloc_array(MAP_BATCH, sizeof(*ops), GFP_KERNEL | __GFP_NOWARN);
	for (done = 0; done < nr; done += part) {
		part = min_t(u32, nr - done, ops ? MAP_BATCH : ARRAY_SIZE(few));
		data.unmap_ops = ops ?: few;
		data.pages = region->pages + done;
		data.count = part;
		for (i = 0; i < part; i++)
			gnttab_set_unmap_op(&data.unmap_ops[i],
					    (unsigned long)page_address(region->pages[done + i]),
					    GNTMAP_host_map, region->handles[done + i]);
		/* Waits for pages that somebody still sends or writes. */
		WARN_ON(gnttab_unmap_refs_sync(&data));
	}
	kfree(ops);
}

/* Map @refs to the pages; 0, or an error with nothing mapped. */
static int map_pages(struct back_slot *slot, const u32 *refs)
{
	struct back_region *region = &slot->region;
	struct gnttab_map_grant_ref *ops;
	u32 base, i, part, mapped = 0;
	int rc = 0;

	ops = kmalloc_array(MAP_BATCH, sizeof(*ops), GFP_KERNEL);
	if (!ops)
		return -ENOMEM;
	for (base = 0; base < region->nr && !rc; base += part) {
		part = min_t(u32, region->nr - base, MAP_BATCH);
		for (i = 0; i < part; i++)
			gnttab_set_map_op(&ops[i],
					  (unsigned long)page_address(region->pages[base + i]),
					  GNTMAP_host_map |
					  (test_bit(base + i, region->readonly) ? GNTMAP_readonly : 0),
					  RINGLET_REGION_REF(refs[base + i]), slot->dev.domid);
		rc = gnttab_map_refs(ops, NULL, region->pages + base, part);
		/* Where one fails the mapped ones move together, for unmap_first. */
		for (i = 0; i < part; i++) {
			if (ops[i].status == GNTST_okay) {
				swap(region->pages[mapped], region->pages[base + i]);
				region->handles[mapped++] = ops[i].handle;
				continue;
			}
			if (!rc)
				back_warn(&slot->dev, "page %u of its region cannot be mapped (grant %u, status %d)",
					  base + i, RINGLET_REGION_REF(refs[base + i]),
					  ops[i].status);
			rc = -EFAULT;
		}
	}
	kfree(ops);
	if (rc)
		unmap_first(region, mapped);
	else
		slot->totals.maps += mapped;
	return rc;
}

static int fill_iotlb(struct back_region *region)
{
	u32 first, nr;
	int rc;

	region->iotlb = vhost_iotlb_alloc(region->nr, 0);
	if (!region->iotlb)
		return -ENOMEM;
	region->ranges = 0;
	for (first = 0; first < region->nr; first += nr) {
		unsigned long pfn = page_to_pfn(region->pages[first]);
		bool readonly = test_bit(first, region->readonly);

		nr = 1;
		while (first + nr < region->nr &&
		       page_to_pfn(region->pages[first + nr]) == pfn + nr &&
		       test_bit(first + nr, region->readonly) == readonly)
			nr++;
		rc = vhost_iotlb_add_range(region->iotlb, (u64)first << PAGE_SHIFT,
					   ((u64)(first + nr) << PAGE_SHIFT) - 1,
					   (u64)pfn << PAGE_SHIFT,
					   readonly ? VHOST_MAP_RO : VHOST_MAP_RW);
		if (rc)
			return rc;
		region->ranges++;
	}
	return 0;
}

static void free_region(struct back_region *region)
{
	vhost_iotlb_free(region->iotlb);
	kvfree(region->readonly);
	kvfree(region->handles);
	kvfree(region->pages);
	memset(region, 0, sizeof(*region));
}

static int alloc_region(struct back_region *region, u32 nr, const u32 *refs)
{
	int rc;
	u32 i;

	region->nr = nr;
	region->pages = kvcalloc(nr, sizeof(*region->pages), GFP_KERNEL);
	region->handles = kvcalloc(nr, sizeof(*region->handles), GFP_KERNEL);
	region->readonly = kvcalloc(BITS_TO_LONGS(nr), sizeof(*region->readonly), GFP_KERNEL);
	if (!region->pages || !region->handles || !region->readonly)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		if (refs[i] & RINGLET_REGION_READONLY)
			__set_bit(i, region->readonly);
	rc = gnttab_alloc_pages(nr, region->pages);
	if (rc)
		return rc;
	sort(region->pages, nr, sizeof(*region->pages), by_frame, NULL);
	return 0;
}

/* Map a region of @nr pages whose references are in the grants @dirs. */
int back_region_map(struct back_slot *slot, u32 nr, const u32 *dirs)
{
	struct back_region *region = &slot->region;
	unsigned int order = get_order(round_up(nr * sizeof(u32), PAGE_SIZE) ?: PAGE_SIZE);
	u32 *refs;
	int rc;

	if (!nr || nr > slot->args.region_pages) {
		back_warn(&slot->dev, "its driver lends %u pages, 1 to %u are possible", nr,
			  slot->args.region_pages);
		return -EINVAL;
	}
	refs = (u32 *)__get_free_pages(GFP_KERNEL, order);
	if (!refs)
		return -ENOMEM;
	rc = copy_refs(slot, nr, dirs, refs);
	if (rc)
		goto out;
	rc = alloc_region(region, nr, refs);
	if (rc)
		goto err_free;
	rc = map_pages(slot, refs);
	if (rc)
		goto err_pages;
	rc = fill_iotlb(region);
	if (rc)
		goto err_unmap;
	goto out;

err_unmap:
	unmap_first(region, nr);
err_pages:
	gnttab_free_pages(nr, region->pages);
err_free:
	free_region(region);
out:
	free_pages((unsigned long)refs, order);
	return rc;
}

void back_region_unmap(struct back_slot *slot)
{
	struct back_region *region = &slot->region;

	if (!region->nr)
		return;
	unmap_first(region, region->nr);
	gnttab_free_pages(region->nr, region->pages);
	free_region(region);
}

bool back_region_covers(const struct back_region *region, u64 addr, u64 len, bool write)
{
	u64 size = (u64)region->nr << PAGE_SHIFT;
	u64 end;

	if (addr > size || len > size - addr)
		return false;
	if (!write || !len)
		return true;
	end = PFN_UP(addr + len);
	return find_next_bit(region->readonly, end, addr >> PAGE_SHIFT) >= end;
}

void *back_region_at(const struct back_region *region, u64 addr, size_t *len, bool write)
{
	size_t in_page = offset_in_page(addr);

	if (!*len || !back_region_covers(region, addr, *len, write))
		return NULL;
	*len = min_t(size_t, *len, PAGE_SIZE - in_page);
	return page_address(region->pages[addr >> PAGE_SHIFT]) + in_page;
}
