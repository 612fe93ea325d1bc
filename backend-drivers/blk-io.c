// SPDX-License-Identifier: GPL-2.0
/*
 * ringlet_back_blk: requests on their way through the backing, and answers.
 *
 * One way for all: a kiocb on the backing's file with the request's pages. Direct
 * I/O is asynchronous and ends in whatever context the backing chooses. Buffered
 * I/O is done at once in the queue's thread if it needs not wait (a read that finds
 * its pages; a write of whole pages that need not be durable at once, which only the
 * page cache's limits hold up), else by a work item, of which many may run.
 *
 * What the backing did only in part is gone on with, synchronously; a request is
 * answered OK if all of it was done.
 */
#include <linux/blkdev.h>
#include <linux/falloc.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "blk.h"

static bool is_write(const struct blk_request *req)
{
	return req->type == VIRTIO_BLK_T_OUT;
}

/* ---- memory that direct I/O cannot use ---- */

static bool misaligned(const struct blk_request *req)
{
	const struct blk_device *blk = req->queue->blk;
	const struct back_buf *buf = &req->buf;
	unsigned int i;

	for (i = 0; i < buf->nr; i++)
		if (buf->bvec[i].bv_offset & blk->dma_mask ||
		    buf->bvec[i].bv_len & (blk->block_size - 1))
			return true;
	return false;
}

static void free_bounce(struct blk_request *req)
{
	unsigned int i;

	for (i = 0; req->bounce && i < DIV_ROUND_UP(req->len, PAGE_SIZE); i++)
		if (req->bounce[i].bv_page)
			back_page_free(req->queue->q, req->bounce[i].bv_page);
	kfree(req->bounce);
	req->bounce = NULL;
}

static int make_bounce(struct blk_request *req)
{
	unsigned int i, nr = DIV_ROUND_UP(req->len, PAGE_SIZE);
	struct page *page;

	req->bounce = kcalloc(nr, sizeof(*req->bounce), GFP_KERNEL);
	if (!req->bounce)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		page = back_page_alloc(req->queue->q);
		if (IS_ERR(page)) {
			free_bounce(req);
			return PTR_ERR(page);
		}
		bvec_set_page(&req->bounce[i], page,
			      min_t(size_t, PAGE_SIZE, req->len - i * PAGE_SIZE), 0);
	}
	return 0;
}

/* Between the bounce pages and the request's. */
static int copy_bounce(struct blk_request *req)
{
	struct iov_iter iter;
	unsigned int i;
	size_t done;

	iov_iter_bvec(&iter, is_write(req) ? ITER_SOURCE : ITER_DEST, req->buf.bvec, req->buf.nr,
		      req->len);
	for (i = 0; iov_iter_count(&iter); i++) {
		struct bio_vec *bv = &req->bounce[i];

		done = is_write(req) ? copy_page_from_iter(bv->bv_page, 0, bv->bv_len, &iter) :
				       copy_page_to_iter(bv->bv_page, 0, bv->bv_len, &iter);
		if (done != bv->bv_len)
			return -EFAULT;
	}
	return 0;
}

/* ---- answers; any context ---- */

/* Answer and give the request back. */
void blk_answer(struct blk_request *req, u8 status)
{
	struct blk_queue *bq = req->queue;
	struct back_queue *q = bq->q;
	u16 head = req->head;
	u32 written = 1;

	if (status != VIRTIO_BLK_S_OK) {
		back_count(q, BACK_ERRORS, 1);
	} else if (is_write(req)) {
		back_count(q, BACK_BYTES_IN, req->len);
	} else if (req->type == VIRTIO_BLK_T_IN || req->type == VIRTIO_BLK_T_GET_ID) {
		back_count(q, BACK_BYTES_OUT, req->done);
		written += req->done;
	}
	blk_release(req);
	if (back_write(q, req->status_addr, &status, 1))
		back_broken(bq->blk->dev, "queue %u: a status byte outside of its memory",
			    back_queue_index(q));
	/* Free before it is answered: the driver may use the ring's entry at once. */
	llist_add(&req->node, &bq->free);
	atomic_dec(&bq->busy);
	/* Pairs with the one in blk_process: it sees us gone, or we see it wait. */
	smp_mb__after_atomic();
	if (READ_ONCE(bq->stalled)) {
		WRITE_ONCE(bq->stalled, false);
		back_wake(q);
	}
	if (in_task() && current == READ_ONCE(bq->owner))
		back_complete(q, head, written);	/* told when process is done */
	else
		back_answer(q, head, written);
}

/* Let go of the pages of a request. */
void blk_release(struct blk_request *req)
{
	free_bounce(req);
	back_unmap(req->queue->q, &req->buf);
	/* A guest's largest requests do not stay allocated in every entry. */
	if (req->buf.max > BLK_KEEP_PIECES)
		back_buf_free(&req->buf);
}

/* All of the data was moved, or @rc says why not. */
static void finish(struct blk_request *req, int rc)
{
	if (!rc && req->type == VIRTIO_BLK_T_IN) {
		if (req->bounce)
			rc = copy_bounce(req);
		if (!rc)
			rc = back_copy_run(req->queue->q, &req->buf, req->len);
	}
	blk_answer(req, rc ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
}

/* ---- reads and writes ---- */

static bool on_file_system(const struct blk_request *req)
{
	return !req->queue->blk->bdev;
}

static void async_done(struct kiocb *iocb, long rc)
{
	struct blk_request *req = container_of(iocb, struct blk_request, iocb);

	if (is_write(req) && on_file_system(req))
		kiocb_end_write(iocb);
	if (rc > 0)
		req->done += rc;
	if (req->done == req->len)
		finish(req, 0);
	else if (rc > 0 || rc == -EAGAIN)
		blk_queue_work(req);
	else
		finish(req, rc ?: -EIO);
}

/* Give what is left to the backing: bytes done, an error, or -EIOCBQUEUED. */
static ssize_t issue(struct blk_request *req, int flags, bool async)
{
	struct blk_device *blk = req->queue->blk;
	struct kiocb *iocb = &req->iocb;
	struct iov_iter iter;
	ssize_t rc;

	iov_iter_bvec(&iter, is_write(req) ? ITER_SOURCE : ITER_DEST, req->bounce ?: req->buf.bvec,
		      req->bounce ? DIV_ROUND_UP(req->len, PAGE_SIZE) : req->buf.nr, req->len);
	iov_iter_advance(&iter, req->done);
	init_sync_kiocb(iocb, blk->file);
	iocb->ki_pos = req->pos + req->done;
	iocb->ki_flags &= ~IOCB_DIRECT;
	iocb->ki_flags |= flags | (blk->direct ? IOCB_DIRECT : 0) |
			  (is_write(req) && READ_ONCE(blk->through) ? IOCB_DSYNC : 0);
	if (async)
		iocb->ki_complete = async_done;
	if (!is_write(req))
		return blk->file->f_op->read_iter(iocb, &iter);
	if (on_file_system(req))
		kiocb_start_write(iocb);
	rc = blk->file->f_op->write_iter(iocb, &iter);
	if (!async && on_file_system(req))
		kiocb_end_write(iocb);
	return rc;
}

/* In a work item, or where it does not matter: until all is done. */
static void finish_sync(struct blk_request *req)
{
	ssize_t rc = 0;

	while (req->done < req->len) {
		rc = issue(req, 0, false);
		/* 0: a read behind the end of a file that has shrunk. */
		if (rc <= 0)
			return finish(req, rc ?: -EIO);
		req->done += rc;
	}
	finish(req, 0);
}

static bool whole_pages(const struct blk_request *req)
{
	return IS_ALIGNED(req->pos | req->len, PAGE_SIZE);
}

/*
 * Begin a read or write whose pages are mapped. -EAGAIN: there are not enough
 * spare pages as long as others are in flight, nothing was begun; else it is
 * answered, now or later.
 */
int blk_start_io(struct blk_request *req)
{
	struct blk_device *blk = req->queue->blk;
	ssize_t rc = 0;

	if (blk->direct && misaligned(req))
		rc = make_bounce(req);
	if (rc == -EAGAIN)
		return rc;
	if (!rc && is_write(req))
		rc = back_copy_run(req->queue->q, &req->buf, req->len);
	if (!rc && is_write(req) && req->bounce)
		rc = copy_bounce(req);
	if (rc) {
		finish(req, rc);
		return 0;
	}
	if (blk->direct) {
		rc = issue(req, 0, true);
		if (rc != -EIOCBQUEUED)
			async_done(&req->iocb, rc);
		return 0;
	}
	if (is_write(req)) {
		if (whole_pages(req) && !READ_ONCE(blk->through))
			finish_sync(req);
		else
			blk_queue_work(req);
		return 0;
	}
	rc = blk->nowait ? issue(req, IOCB_NOWAIT, false) : 0;
	if (rc > 0)
		req->done = rc;
	if (req->done == req->len)
		finish(req, 0);
	else
		blk_queue_work(req);
	return 0;
}

/* ---- what always takes long ---- */

/* For backings that cannot do it by themselves. */
static int write_zeroes(const struct blk_device *blk, loff_t pos, size_t len)
{
	struct file *file = blk->file;
	struct bio_vec bvec[16];
	struct iov_iter iter;
	ssize_t rc = 0;
	size_t part;
	int i;

	for (i = 0; i < ARRAY_SIZE(bvec); i++)
		bvec_set_page(&bvec[i], ZERO_PAGE(0), PAGE_SIZE, 0);
	while (len && rc >= 0) {
		if (back_is_given_up(blk->dev))
			return -ESHUTDOWN;
		part = min(len, sizeof(bvec) / sizeof(bvec[0]) * PAGE_SIZE);
		iov_iter_bvec(&iter, ITER_SOURCE, bvec, ARRAY_SIZE(bvec), part);
		file_start_write(file);
		rc = vfs_iter_write(file, &iter, &pos, 0);
		file_end_write(file);
		if (!rc)
			rc = -EIO;
		len -= max_t(ssize_t, rc, 0);
		cond_resched();
	}
	return min_t(ssize_t, rc, 0);
}

static int clear_range(const struct blk_request *req, unsigned int i)
{
	struct blk_device *blk = req->queue->blk;
	loff_t pos = le64_to_cpu(req->ranges[i].sector) << SECTOR_SHIFT;
	loff_t len = (loff_t)le32_to_cpu(req->ranges[i].num_sectors) << SECTOR_SHIFT;
	u32 flags = le32_to_cpu(req->ranges[i].flags);
	int rc = -EOPNOTSUPP;

	if (!len)
		return 0;
	if (req->type == VIRTIO_BLK_T_DISCARD)
		return vfs_fallocate(blk->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos,
				     len);
	if (flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP)
		rc = vfs_fallocate(blk->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos,
				   len);
	if (rc == -EOPNOTSUPP)
		rc = vfs_fallocate(blk->file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, pos,
				   len);
	if (rc == -EOPNOTSUPP)
		rc = write_zeroes(blk, pos, len);
	return rc;
}

void blk_work(struct work_struct *work)
{
	struct blk_request *req = container_of(work, struct blk_request, work);
	struct blk_device *blk = req->queue->blk;
	unsigned int i;
	int rc = 0;

	/* Thousands may be queued, of gigabytes of zeroes: who stops the device waits for all. */
	if (back_is_given_up(blk->dev))
		return blk_answer(req, VIRTIO_BLK_S_IOERR);
	switch (req->type) {
	case VIRTIO_BLK_T_FLUSH:
		rc = vfs_fsync(blk->file, 1);
		break;
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		for (i = 0; i < req->nr_ranges && !rc; i++)
			rc = back_is_given_up(blk->dev) ? -ESHUTDOWN : clear_range(req, i);
		if (!rc && req->type == VIRTIO_BLK_T_WRITE_ZEROES && READ_ONCE(blk->through))
			rc = vfs_fsync(blk->file, 1);
		break;
	default:
		return finish_sync(req);
	}
	blk_answer(req, rc ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
}

void blk_queue_work(struct blk_request *req)
{
	queue_work(req->queue->blk->wq, &req->work);
}
