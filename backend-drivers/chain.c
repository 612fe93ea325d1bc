// SPDX-License-Identifier: GPL-2.0
/*
 * The data of chains: addresses as a driver writes them, of its region or of grants
 * (hypercall-abi/virtio.h), to bytes and pages.
 *
 * Parts in the region are used in place: what is behind them may change at any
 * time, so that whatever is decided upon is copied first. Granted parts are copied
 * by the hypervisor, to or from pages of our own, all of a buffer in one hypercall;
 * nothing is mapped for a request.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/xen/hypercall.h>
#include <xen/grant_table.h>
#include <xen/page.h>

#include "internal.h"

#define GRANT_UNUSED_BITS	(GENMASK_ULL(62, 44))
#define MAX_SPARE		256	/* pages kept of a device */
#define MAX_OWN			1536	/* pages in use of a queue */

/**
 * back_page_alloc() - a page of our own for data of a queue's requests
 * @q: the queue
 *
 * As many as MAX_OWN at a time, so that a guest cannot have all of our memory: more
 * than the largest request of an honest driver needs (4 MiB in 64 grants). One in
 * many small pieces may need more: its kind answers it with an error.
 *
 * Return: the page, -EAGAIN: some must come back first, -ENOMEM
 */
struct page *back_page_alloc(struct back_queue *q)
{
	struct back_slot *slot = q->slot;
	struct page *page;
	unsigned long flags;

	if (atomic_inc_return(&q->own_pages) > MAX_OWN) {
		atomic_dec(&q->own_pages);
		return ERR_PTR(-EAGAIN);
	}
	spin_lock_irqsave(&slot->pages_lock, flags);
	page = list_first_entry_or_null(&slot->spare, struct page, lru);
	if (page) {
		list_del(&page->lru);
		slot->nr_spare--;
	}
	spin_unlock_irqrestore(&slot->pages_lock, flags);
	if (!page)
		page = alloc_page(in_interrupt() || irqs_disabled() ? GFP_ATOMIC : GFP_KERNEL);
	if (!page)
		atomic_dec(&q->own_pages);
	return page ?: ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL_GPL(back_page_alloc);

void back_page_free(struct back_queue *q, struct page *page)
{
	struct back_slot *slot = q->slot;
	unsigned long flags;

	spin_lock_irqsave(&slot->pages_lock, flags);
	if (slot->nr_spare < MAX_SPARE) {
		list_add(&page->lru, &slot->spare);
		slot->nr_spare++;
		page = NULL;
	}
	spin_unlock_irqrestore(&slot->pages_lock, flags);
	if (page)
		__free_page(page);
	atomic_dec(&q->own_pages);
}
EXPORT_SYMBOL_GPL(back_page_free);

/* When nothing is in flight any more. */
void back_pages_drop(struct back_slot *slot)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &slot->spare, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	slot->nr_spare = 0;
}

/* Whether @addr is a grant address that may stand for @len bytes. */
static bool grant_ok(u64 addr, u64 len)
{
	u64 pages = DIV_ROUND_UP_ULL(offset_in_page(addr) + len, PAGE_SIZE);

	return !(addr & GRANT_UNUSED_BITS) && pages <= RINGLET_GRANT_PAGES &&
	       RINGLET_ADDRESS_GREF(addr) <= U32_MAX - RINGLET_GRANT_PAGES;
}

/* Whether @len bytes at @addr can be had, to be written with @to_driver. */
static bool address_ok(const struct back_region *region, u64 addr, u64 len, bool to_driver)
{
	/* What a grant allows the hypervisor sees, when it copies. */
	if (addr & RINGLET_ADDRESS_GRANT)
		return grant_ok(addr, len);
	return back_region_covers(region, addr, len, to_driver);
}

/* One operation: @len bytes, in one page of each side. */
static void set_copy(struct gnttab_copy *op, domid_t domid, u64 addr, unsigned long gfn,
		     unsigned int offset, size_t len, bool to_driver)
{
	struct gnttab_copy_ptr grant = { .u.ref = RINGLET_ADDRESS_GREF(addr), .domid = domid,
					 .offset = offset_in_page(addr) };
	struct gnttab_copy_ptr own = { .u.gmfn = gfn, .domid = DOMID_SELF, .offset = offset };

	op->source = to_driver ? own : grant;
	op->dest = to_driver ? grant : own;
	op->len = len;
	op->flags = to_driver ? GNTCOPY_dest_gref : GNTCOPY_source_gref;
	op->status = GNTST_general_error;
}

/* Not gnttab_batch_copy(): that may sleep, and BUGs. */
static int run_copies(struct back_queue *q, struct gnttab_copy *ops, unsigned int nr)
{
	unsigned int i;
	int rc;

	rc = HYPERVISOR_grant_table_op(GNTTABOP_copy, ops, nr);
	atomic64_inc(&q->copies);
	atomic64_add(nr, &q->copied);
	if (rc)
		return -EFAULT;
	for (i = 0; i < nr; i++)
		if (ops[i].status != GNTST_okay)
			return -EFAULT;
	return 0;
}

/* A piece of a granted buffer, within a page, by the bounce page. */
static int copy_granted(struct back_queue *q, u64 addr, void *buf, size_t len, bool to_driver)
{
	struct gnttab_copy op;
	unsigned long flags;
	int rc;

	spin_lock_irqsave(&q->bounce_lock, flags);
	if (to_driver)
		memcpy(q->bounce, buf, len);
	set_copy(&op, q->slot->dev.domid, addr, virt_to_gfn(q->bounce), 0, len, to_driver);
	rc = run_copies(q, &op, 1);
	if (!rc && !to_driver)
		memcpy(buf, q->bounce, len);
	spin_unlock_irqrestore(&q->bounce_lock, flags);
	return rc;
}

static int copy_at(struct back_queue *q, u64 addr, void *buf, size_t len, bool to_driver)
{
	const struct back_region *region = &q->slot->region;
	size_t part;
	void *at;
	int rc;

	if (!address_ok(region, addr, len, to_driver))
		return -EFAULT;
	for (; len; len -= part, addr += part, buf += part) {
		part = min_t(size_t, len, PAGE_SIZE - offset_in_page(addr));
		if (addr & RINGLET_ADDRESS_GRANT) {
			rc = copy_granted(q, addr, buf, part, to_driver);
			if (rc)
				return rc;
			continue;
		}
		at = back_region_at(region, addr, &part, to_driver);
		if (!at)
			return -EFAULT;
		memcpy(to_driver ? at : buf, to_driver ? buf : at, part);
	}
	return 0;
}

/**
 * back_write() - write to one address of a chain
 * @q: its queue
 * @addr: as a descriptor has it
 * @src: what to write
 * @len: bytes
 *
 * Any context. Return: 0 or -EFAULT
 */
int back_write(struct back_queue *q, u64 addr, const void *src, size_t len)
{
	return copy_at(q, addr, (void *)src, len, true);
}
EXPORT_SYMBOL_GPL(back_write);

/* By @len bytes of the current part, which may be an empty one. */
static void advance(struct vringh_kiov *iov, size_t len)
{
	if (len)
		vringh_kiov_advance(iov, len);
	else
		iov->i++;
}

static ssize_t copy_iov(struct back_queue *q, struct vringh_kiov *iov, void *buf, size_t len,
			bool to_driver)
{
	size_t part, done = 0;
	int rc;

	while (done < len && iov->i < iov->used) {
		part = min(len - done, iov->iov[iov->i].iov_len);
		rc = copy_at(q, (u64)(uintptr_t)iov->iov[iov->i].iov_base, buf + done, part,
			     to_driver);
		if (rc)
			return rc;
		advance(iov, part);
		done += part;
	}
	return done;
}

ssize_t back_pull(struct back_queue *q, struct vringh_kiov *in, void *dst, size_t len)
{
	return copy_iov(q, in, dst, len, false);
}
EXPORT_SYMBOL_GPL(back_pull);

ssize_t back_push(struct back_queue *q, struct vringh_kiov *out, const void *src, size_t len)
{
	return copy_iov(q, out, (void *)src, len, true);
}
EXPORT_SYMBOL_GPL(back_push);

u64 back_iov_length(const struct vringh_kiov *iov)
{
	u64 len = 0;
	unsigned int i;

	for (i = iov->i; i < iov->used; i++)
		len += iov->iov[i].iov_len;
	return len;
}
EXPORT_SYMBOL_GPL(back_iov_length);

unsigned int back_iov_pieces(const struct vringh_kiov *iov, size_t len)
{
	unsigned int i, nr = 0;
	size_t part;

	for (i = iov->i; i < iov->used && len; i++, len -= part) {
		part = min(len, iov->iov[i].iov_len);
		nr += DIV_ROUND_UP(offset_in_page(iov->iov[i].iov_base) + part, PAGE_SIZE);
	}
	return nr;
}
EXPORT_SYMBOL_GPL(back_iov_pieces);

/**
 * back_buf_alloc() - have room in a buffer
 * @buf: zeroed, or used before; it must not hold anything (back_unmap)
 * @max: pieces
 * @gfp: how to allocate
 *
 * Return: 0 or -ENOMEM
 */
int back_buf_alloc(struct back_buf *buf, unsigned int max, gfp_t gfp)
{
	struct bio_vec *bvec;

	if (max <= buf->max)
		return 0;
	bvec = kmalloc_array(max, sizeof(*bvec), gfp);
	if (!bvec)
		return -ENOMEM;
	back_buf_free(buf);
	buf->bvec = bvec;
	buf->max = max;
	return 0;
}
EXPORT_SYMBOL_GPL(back_buf_alloc);

void back_buf_free(struct back_buf *buf)
{
	kfree(buf->bvec);
	kfree(buf->copy);
	memset(buf, 0, sizeof(*buf));
}
EXPORT_SYMBOL_GPL(back_buf_free);

/* A piece of a granted part: a page of our own, and a copy to be made. */
static int add_granted(struct back_queue *q, struct back_buf *buf, u64 addr, size_t len,
		       bool to_driver)
{
	struct page *page;

	if (!buf->copy)
		buf->copy = kmalloc_array(buf->max, sizeof(*buf->copy),
					  in_interrupt() || irqs_disabled() ? GFP_ATOMIC :
									      GFP_KERNEL);
	if (!buf->copy)
		return -ENOMEM;
	page = back_page_alloc(q);
	if (IS_ERR(page))
		return PTR_ERR(page);
	set_copy(&buf->copy[buf->nr_copy++], q->slot->dev.domid, addr, xen_page_to_gfn(page),
		 offset_in_page(addr), len, to_driver);
	bvec_set_page(&buf->bvec[buf->nr++], page, len, offset_in_page(addr));
	return 0;
}

static int add_part(struct back_queue *q, struct back_buf *buf, u64 addr, size_t len,
		    bool to_driver)
{
	const struct back_region *region = &q->slot->region;
	size_t part;
	int rc;

	if (!address_ok(region, addr, len, to_driver))
		return -EFAULT;
	for (; len; len -= part, addr += part) {
		part = min_t(size_t, len, PAGE_SIZE - offset_in_page(addr));
		if (buf->nr == buf->max)
			return -E2BIG;
		if (addr & RINGLET_ADDRESS_GRANT) {
			rc = add_granted(q, buf, addr, part, to_driver);
			if (rc)
				return rc;
		} else {
			bvec_set_page(&buf->bvec[buf->nr++], region->pages[addr >> PAGE_SHIFT],
				      part, offset_in_page(addr));
		}
		buf->len += part;
	}
	return 0;
}

/**
 * back_map() - make pages of the next bytes of a chain
 * @q: its queue
 * @iov: where they are; advanced
 * @len: bytes
 * @to_driver: they will be written
 * @buf: where to; has room, holds nothing
 *
 * Return: 0, -EFAULT, -E2BIG, -EAGAIN (see back_page_alloc) or -ENOMEM;
 * back_unmap() in any case
 */
int back_map(struct back_queue *q, struct vringh_kiov *iov, size_t len, bool to_driver,
	     struct back_buf *buf)
{
	size_t part;
	int rc;

	buf->nr = 0;
	buf->nr_copy = 0;
	buf->len = 0;
	for (; len; len -= part) {
		if (iov->i >= iov->used)
			return -EFAULT;
		part = min(len, iov->iov[iov->i].iov_len);
		rc = add_part(q, buf, (u64)(uintptr_t)iov->iov[iov->i].iov_base, part, to_driver);
		if (rc)
			return rc;
		advance(iov, part);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(back_map);

/* Pages of the region are foreign while they are mapped, our own never. */
static bool own_page(const struct bio_vec *bvec)
{
	return !PageForeign(bvec->bv_page);
}

/**
 * back_copy_run() - copy granted parts of a buffer
 * @q: its queue
 * @buf: from back_map()
 * @len: only as many bytes from its start
 *
 * Any context, once for a buffer. Return: 0 or -EFAULT: the driver took back a grant
 */
int back_copy_run(struct back_queue *q, struct back_buf *buf, size_t len)
{
	unsigned int i, nr = 0;

	if (!buf->nr_copy)
		return 0;
	for (i = 0; i < buf->nr && len; i++) {
		size_t part = min_t(size_t, len, buf->bvec[i].bv_len);

		len -= part;
		if (own_page(&buf->bvec[i]))
			buf->copy[nr++].len = part;
	}
	return nr ? run_copies(q, buf->copy, nr) : 0;
}
EXPORT_SYMBOL_GPL(back_copy_run);

/**
 * back_unmap() - let go of the pages of a buffer
 * @q: its queue
 * @buf: from back_map(); may be used again
 */
void back_unmap(struct back_queue *q, struct back_buf *buf)
{
	unsigned int i;

	if (buf->nr_copy)
		for (i = 0; i < buf->nr; i++)
			if (own_page(&buf->bvec[i]))
				back_page_free(q, buf->bvec[i].bv_page);
	buf->nr = 0;
	buf->nr_copy = 0;
	buf->len = 0;
}
EXPORT_SYMBOL_GPL(back_unmap);
