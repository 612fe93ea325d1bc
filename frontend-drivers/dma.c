// SPDX-License-Identifier: GPL-2.0
/*
 * How a buffer gets to the back-end: the DMA operations of a device.
 *
 * Through the pool, normally: map copies into the region (if the device reads),
 * unmap and sync copy out of it (if the device writes), and the address is an
 * offset in the region. A page that crossed is not lent, needs no grant, and what
 * lies beside the buffer stays private. What is copied back is bounded by the size
 * that was mapped, whatever the back-end says it wrote.
 *
 * By grant, when the pool is full or the buffer is larger than pool_max: only
 * whole pages, so that nothing else is lent, and not of the slab, where a page may
 * get another owner while a back-end that lies still maps it. A grant that cannot
 * be ended at unmap breaks the device; its page is kept out of use.
 *
 * A device that is lost (lost.c) maps nothing, and gives back VIRTIO_BLK_S_IOERR in
 * every byte: in the status, which is all that a driver reads of a failed request.
 *
 * All of it may be called in any context. A buffer is its owner's from map to
 * unmap: the pool's tables need a lock only for the allocation.
 */
#include <linux/moduleparam.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <uapi/linux/virtio_blk.h>
#include <xen/page.h>

#include "front.h"

static unsigned int pool_max = UINT_MAX;
module_param(pool_max, uint, 0644);
MODULE_PARM_DESC(pool_max, "Largest buffer in bytes that is copied through the pool; others are granted "
			   "where that is possible (default: all are copied)");

#define MAX_MAPPING	(RINGLET_GRANT_PAGES * PAGE_SIZE)

static bool is_grant(dma_addr_t addr)
{
	return addr & RINGLET_ADDRESS_GRANT;
}

static void *region_at(const struct front_region *r, u32 offset)
{
	return r->base + offset;
}

static dma_addr_t pool_map(struct front_region *r, phys_addr_t phys, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
	u32 offset = front_pool_alloc(r, size, phys);

	if (offset == FRONT_NO_OFFSET)
		return DMA_MAPPING_ERROR;
	if (dir != DMA_FROM_DEVICE && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		memcpy(region_at(r, offset), phys_to_virt(phys), size);
	return offset;
}

/*
 * The mapped buffer of [@addr, @addr + *@size), of which *@size is cut to what was
 * mapped. Its start is in *@start.
 */
static const struct front_buffer *pool_range(struct front_region *r, dma_addr_t addr,
					     size_t *size, u32 *start)
{
	const struct front_buffer *b = NULL;

	if (addr < (u64)r->granules * FRONT_GRANULE)
		b = front_pool_find(r, addr, start);
	if (!b || !b->phys)
		return NULL;
	*size = min_t(size_t, *size, b->size - min_t(size_t, b->size, addr - *start));
	return b;
}

static void pool_sync(struct front_region *r, dma_addr_t addr, size_t size,
		      bool to_device)
{
	const struct front_buffer *b;
	void *own, *shared;
	u32 start;

	b = pool_range(r, addr, &size, &start);
	if (!b)
		return;
	shared = region_at(r, addr);
	own = phys_to_virt(b->phys + (addr - start));
	if (to_device)
		memcpy(shared, own, size);
	else
		memcpy(own, shared, size);
}

static void pool_unmap(struct front_region *r, dma_addr_t addr, size_t size,
		       enum dma_data_direction dir, unsigned long attrs)
{
	const struct front_buffer *b;
	u32 start;

	b = pool_range(r, addr, &size, &start);
	/* Not of a buffer that is under way: rather the device than the kernel. */
	if (!b || start != addr) {
		front_device_broken(r->fd, "a buffer is given back that it does not have", 0);
		return;
	}
	if (dir != DMA_TO_DEVICE && !(attrs & DMA_ATTR_SKIP_CPU_SYNC)) {
		if (unlikely(test_bit(FRONT_LOST, &r->fd->flags)))
			memset(phys_to_virt(b->phys), VIRTIO_BLK_S_IOERR, size);
		else
			pool_sync(r, addr, size, false);
	}
	front_pool_free(r, addr);
}

static dma_addr_t direct_map(struct front_region *r, phys_addr_t phys, size_t size,
			     enum dma_data_direction dir)
{
	struct page *page = pfn_to_page(PHYS_PFN(phys));
	unsigned int n = size >> PAGE_SHIFT, i;
	unsigned long flags;
	grant_ref_t first;
	void *old;

	if (!size || offset_in_page(phys) || offset_in_page(size) ||
	    n > RINGLET_GRANT_PAGES || folio_test_slab(page_folio(page)))
		return DMA_MAPPING_ERROR;
	if (gnttab_alloc_grant_reference_seq(n, &first))
		return DMA_MAPPING_ERROR;
	xa_lock_irqsave(&r->direct, flags);
	old = __xa_store(&r->direct, first, page, GFP_ATOMIC);
	xa_unlock_irqrestore(&r->direct, flags);
	if (xa_is_err(old)) {
		gnttab_free_grant_reference_seq(first, n);
		return DMA_MAPPING_ERROR;
	}
	for (i = 0; i < n; i++)
		gnttab_grant_foreign_access_ref(first + i, r->fd->area->backend,
						xen_page_to_gfn(page + i),
						dir == DMA_TO_DEVICE);
	return RINGLET_ADDRESS_GRANT | (u64)first << PAGE_SHIFT;
}

static void direct_unmap(struct front_region *r, dma_addr_t addr, size_t size)
{
	grant_ref_t first = RINGLET_ADDRESS_GREF(addr);
	unsigned int n = size >> PAGE_SHIFT, i, kept = 0;
	unsigned long flags;
	struct page *page;

	xa_lock_irqsave(&r->direct, flags);
	page = __xa_erase(&r->direct, first);
	xa_unlock_irqrestore(&r->direct, flags);
	if (!page) {
		front_device_broken(r->fd, "a granted buffer is given back that it does not have", 0);
		return;
	}
	for (i = 0; i < n; i++) {
		if (gnttab_try_end_foreign_access(first + i))
			continue;
		/* Never again anybody's, until the back-end lets go. */
		get_page(page + i);
		gnttab_end_foreign_access(first + i, page + i);
		kept++;
	}
	if (!kept)
		return;
	atomic_long_add(kept, &r->fd->area->kept);
	front_device_broken(r->fd, "its back-end still maps a buffer that it gave back", 0);
}

static dma_addr_t front_map_page(struct device *dev, struct page *page,
				 unsigned long offset, size_t size,
				 enum dma_data_direction dir, unsigned long attrs)
{
	struct front_region *r = front_of_dev(dev)->region;
	phys_addr_t phys = page_to_phys(page) + offset;
	dma_addr_t addr = DMA_MAPPING_ERROR;
	bool large = size > READ_ONCE(pool_max);

	if (!r || unlikely(test_bit(FRONT_LOST, &r->fd->flags)))
		return DMA_MAPPING_ERROR;
	if (large)
		addr = direct_map(r, phys, size, dir);
	if (addr == DMA_MAPPING_ERROR)
		addr = pool_map(r, phys, size, dir, attrs);
	if (addr == DMA_MAPPING_ERROR && !large)
		addr = direct_map(r, phys, size, dir);
	return addr;
}

/**
 * front_dma_mapped() - whether a buffer is mapped, or another of that size there
 * @r: the region
 * @addr: of the buffer
 * @size: in bytes
 *
 * Of a device that is lost: nothing is mapped meanwhile.
 */
bool front_dma_mapped(struct front_region *r, dma_addr_t addr, u32 size)
{
	const struct front_buffer *b;
	size_t whole = size;
	u32 start;

	if (is_grant(addr))
		return xa_load(&r->direct, RINGLET_ADDRESS_GREF(addr));
	b = pool_range(r, addr, &whole, &start);
	return b && start == addr && b->size == size;
}

static void front_unmap_page(struct device *dev, dma_addr_t addr, size_t size,
			     enum dma_data_direction dir, unsigned long attrs)
{
	struct front_device *fd = front_of_dev(dev);
	struct front_region *r = fd->region;

	if (WARN_ON_ONCE(!r))
		return;
	WRITE_ONCE(fd->answers, READ_ONCE(fd->answers) + 1);
	if (is_grant(addr))
		direct_unmap(r, addr, size);
	else
		pool_unmap(r, addr, size, dir, attrs);
}

static void front_sync_for_cpu(struct device *dev, dma_addr_t addr, size_t size,
			       enum dma_data_direction dir)
{
	struct front_region *r = front_of_dev(dev)->region;

	if (r && !is_grant(addr) && dir != DMA_TO_DEVICE)
		pool_sync(r, addr, size, false);
}

static void front_sync_for_device(struct device *dev, dma_addr_t addr, size_t size,
				  enum dma_data_direction dir)
{
	struct front_region *r = front_of_dev(dev)->region;

	if (r && !is_grant(addr) && dir != DMA_FROM_DEVICE)
		pool_sync(r, addr, size, true);
}

static void front_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
			   enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		front_unmap_page(dev, sg_dma_address(sg), sg_dma_len(sg), dir, attrs);
}

static int front_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		sg_dma_address(sg) = front_map_page(dev, sg_page(sg), sg->offset,
						    sg->length, dir, attrs);
		if (sg_dma_address(sg) == DMA_MAPPING_ERROR) {
			front_unmap_sg(dev, sgl, i, dir, attrs | DMA_ATTR_SKIP_CPU_SYNC);
			return -ENOMEM;
		}
		sg_dma_len(sg) = sg->length;
	}
	return nents;
}

/* Rings, above all: cleared, aligned to a page. */
static void *front_alloc(struct device *dev, size_t size, dma_addr_t *addr, gfp_t gfp,
			 unsigned long attrs)
{
	struct front_region *r = front_of_dev(dev)->region;
	u32 offset;

	if (!r || !size)
		return NULL;
	size = PAGE_ALIGN(size);
	offset = front_pool_alloc(r, size, 0);
	if (offset == FRONT_NO_OFFSET)
		return NULL;
	*addr = offset;
	return memset(region_at(r, offset), 0, size);
}

static void front_free(struct device *dev, size_t size, void *cpu_addr,
		       dma_addr_t addr, unsigned long attrs)
{
	struct front_region *r = front_of_dev(dev)->region;
	const struct front_buffer *b;
	u32 start;

	if (WARN_ON_ONCE(!r))
		return;
	b = front_pool_find(r, addr, &start);
	if (!WARN_ON_ONCE(!b || b->phys || start != addr))
		front_pool_free(r, addr);
}

/* So small that the pool has always room for some of them. */
static size_t front_max_mapping_size(struct device *dev)
{
	struct front_region *r = front_of_dev(dev)->region;
	size_t room;

	if (!r)
		return PAGE_SIZE;
	room = (size_t)(r->granules - r->small_end) * FRONT_GRANULE / 8;
	return clamp_t(size_t, round_down(room, PAGE_SIZE), PAGE_SIZE, MAX_MAPPING);
}

const struct dma_map_ops front_dma_ops = {
	.alloc			= front_alloc,
	.free			= front_free,
	.map_page		= front_map_page,
	.unmap_page		= front_unmap_page,
	.map_sg			= front_map_sg,
	.unmap_sg		= front_unmap_sg,
	.sync_single_for_cpu	= front_sync_for_cpu,
	.sync_single_for_device	= front_sync_for_device,
	.max_mapping_size	= front_max_mapping_size,
};
