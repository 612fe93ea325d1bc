// SPDX-License-Identifier: GPL-2.0
/*
 * ringlet_back_blk: disks, virtio 1.2 section 5.2, on a file or a block device.
 *
 * This file: attachment, configuration, and reading of requests. A request's header
 * is copied once, the place of its status byte is remembered, its data become pages
 * (back_map), then blk-io.c has it. Any layout of descriptors is legal.
 *
 * Writes are answered when the backing has accepted them; a flush makes all that
 * were answered before durable (5.2.6.2: a writeback cache, always).
 */
#include <linux/blkdev.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <uapi/linux/virtio_ids.h>

#include "blk.h"

static u64 backing_sectors(const struct blk_device *blk)
{
	return i_size_read(blk->file->f_mapping->host) >> SECTOR_SHIFT;
}

/* ---- requests ---- */

static struct blk_request *get_request(struct blk_queue *bq)
{
	struct llist_node *node = llist_del_first(&bq->free);

	return node ? llist_entry(node, struct blk_request, node) : NULL;
}

/* Where the last writable byte is, which takes the status; false: there is none. */
static bool find_status(const struct vringh_kiov *out, u64 *addr)
{
	unsigned int i = out->used;

	while (i--) {
		if (!out->iov[i].iov_len)
			continue;
		*addr = (u64)(uintptr_t)out->iov[i].iov_base + out->iov[i].iov_len - 1;
		return true;
	}
	return false;
}

/* Whether @len bytes from @sector on are whole blocks of the disk. */
static bool on_disk(const struct blk_device *blk, u64 sector, u64 len)
{
	u64 sectors = READ_ONCE(blk->sectors);
	u64 mask = blk->block_size - 1;

	return sector <= sectors && len >> SECTOR_SHIFT <= sectors - sector &&
	       !((sector << SECTOR_SHIFT | len) & mask);
}

/* IN and OUT. */
static int prepare_data(struct blk_request *req, struct back_chain *c, u64 sector)
{
	struct blk_queue *bq = req->queue;
	bool to_driver = req->type == VIRTIO_BLK_T_IN;
	struct vringh_kiov *iov = to_driver ? &c->out : &c->in;
	u64 len = back_iov_length(iov) - to_driver;
	int rc;

	if (!len || len > BLK_MAX_BYTES || !on_disk(bq->blk, sector, len))
		return -EINVAL;
	if (!to_driver && bq->blk->dev->flags & RINGLET_BACK_READONLY)
		return -EROFS;
	req->pos = sector << SECTOR_SHIFT;
	req->len = len;
	rc = back_buf_alloc(&req->buf, back_iov_pieces(iov, len), GFP_KERNEL);
	return rc ?: back_map(bq->q, iov, len, to_driver, &req->buf);
}

/* DISCARD and WRITE_ZEROES: copy the ranges, then check the copies. */
static int prepare_ranges(struct blk_request *req, struct back_chain *c)
{
	struct blk_device *blk = req->queue->blk;
	u64 len = back_iov_length(&c->in);
	unsigned int i;
	u32 known;

	if (blk->dev->flags & RINGLET_BACK_READONLY)
		return -EROFS;
	if (!len || len > sizeof(req->ranges) || len % sizeof(req->ranges[0]))
		return -EINVAL;
	if (back_pull(req->queue->q, &c->in, req->ranges, len) != len)
		return -EFAULT;
	req->nr_ranges = len / sizeof(req->ranges[0]);
	known = req->type == VIRTIO_BLK_T_WRITE_ZEROES ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;
	for (i = 0; i < req->nr_ranges; i++) {
		u32 sectors = le32_to_cpu(req->ranges[i].num_sectors);

		if (le32_to_cpu(req->ranges[i].flags) & ~known)
			return -EOPNOTSUPP;
		if (sectors > BLK_MAX_RANGE_SECTORS ||
		    !on_disk(blk, le64_to_cpu(req->ranges[i].sector),
			      (u64)sectors << SECTOR_SHIFT))
			return -EINVAL;
	}
	return 0;
}

static int push_id(struct blk_request *req, struct back_chain *c)
{
	struct blk_device *blk = req->queue->blk;
	size_t room = min_t(u64, back_iov_length(&c->out) - 1, sizeof(blk->serial));

	if (back_push(req->queue->q, &c->out, blk->serial, room) != room)
		return -EFAULT;
	req->done = room;
	return 0;
}

static bool offered(const struct blk_request *req, unsigned int feature)
{
	return back_has_feature(req->queue->blk->dev, feature);
}

/* What blk_queue_work() is to do: 0, or why not. */
static int prepare_work(struct blk_request *req, struct back_chain *c)
{
	switch (req->type) {
	case VIRTIO_BLK_T_FLUSH:
		return 0;
	case VIRTIO_BLK_T_DISCARD:
		return offered(req, VIRTIO_BLK_F_DISCARD) ? prepare_ranges(req, c) : -EOPNOTSUPP;
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return offered(req, VIRTIO_BLK_F_WRITE_ZEROES) ? prepare_ranges(req, c) :
								 -EOPNOTSUPP;
	}
	return -EOPNOTSUPP;
}

/* Begin a request, or answer it at once. -EAGAIN: neither, wait for another's end. */
static int handle(struct blk_request *req, struct back_chain *c)
{
	struct virtio_blk_outhdr header;
	int rc;

	if (back_pull(req->queue->q, &c->in, &header, sizeof(header)) != sizeof(header)) {
		blk_answer(req, VIRTIO_BLK_S_IOERR);
		return 0;
	}
	req->type = le32_to_cpu((__force __le32)header.type);
	if (req->type == VIRTIO_BLK_T_IN || req->type == VIRTIO_BLK_T_OUT) {
		rc = prepare_data(req, c, le64_to_cpu((__force __le64)header.sector)) ?:
		     blk_start_io(req);
		if (!rc || rc == -EAGAIN)
			return rc;
	} else if (req->type == VIRTIO_BLK_T_GET_ID) {
		rc = push_id(req, c);
		if (!rc)
			blk_answer(req, VIRTIO_BLK_S_OK);
	} else {
		rc = prepare_work(req, c);
		if (!rc)
			blk_queue_work(req);
	}
	if (rc)
		blk_answer(req, rc == -EOPNOTSUPP ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR);
	return 0;
}

/*
 * Put back what was taken, to be taken again. Says whether to try at once: the last
 * of those that were in flight has gone meanwhile, with its pages.
 */
static bool stall(struct blk_queue *bq, struct blk_request *req)
{
	blk_release(req);
	back_ungive(bq->q, 1);
	llist_add(&req->node, &bq->free);
	WRITE_ONCE(bq->stalled, true);
	/* Pairs with the one in blk_answer. */
	smp_mb();
	return !atomic_dec_return(&bq->busy);
}

/* As many requests as the ring has entries: one that is not answered is in the ring. */
static struct blk_request *new_request(struct blk_queue *bq)
{
	struct back_chain *c = &bq->chain;
	struct blk_request *req = get_request(bq);

	if (WARN_ON_ONCE(!req)) {
		back_ungive(bq->q, 1);
		return NULL;
	}
	req->head = c->head;
	req->type = U32_MAX;
	req->done = 0;
	if (find_status(&c->out, &req->status_addr)) {
		atomic_inc(&bq->busy);
		return req;
	}
	back_broken(bq->blk->dev, "queue %u: a request without a status byte",
		    back_queue_index(bq->q));
	back_ungive(bq->q, 1);
	llist_add(&req->node, &bq->free);
	return NULL;
}

/* Begin or answer a request. False: neither, it is put back; *again as stall() has it. */
static bool handle_or_stall(struct blk_queue *bq, struct blk_request *req, bool *again)
{
	/* Nobody but process begins one. */
	bool alone = atomic_read(&bq->busy) == 1;

	if (handle(req, &bq->chain) != -EAGAIN)
		return true;
	if (!alone) {
		*again = stall(bq, req);
		return false;
	}
	/* All pages were there, and did not suffice: they never will. */
	blk_answer(req, VIRTIO_BLK_S_IOERR);
	return true;
}

static bool blk_process(struct back_queue *q)
{
	struct blk_queue *bq = back_queue_priv(q);
	struct blk_request *req;
	struct blk_plug plug;
	unsigned int budget;
	bool again = false;

	WRITE_ONCE(bq->owner, current);
	blk_start_plug(&plug);
	for (budget = bq->nr; budget && back_next(q, &bq->chain) == 1; budget--) {
		req = new_request(bq);
		if (!req)
			break;
		if (!handle_or_stall(bq, req, &again))
			break;
		/* Nor shall the first wait for all of a full ring. */
		if (budget % BLK_TELL_EVERY == 0)
			back_notify(q);
	}
	blk_finish_plug(&plug);
	WRITE_ONCE(bq->owner, NULL);
	back_notify(q);
	return again || !budget;
}

/* ---- queues ---- */

static void free_queue(struct blk_queue *bq)
{
	unsigned int i;

	if (!bq)
		return;
	for (i = 0; i < bq->nr; i++)
		back_buf_free(&bq->requests[i].buf);
	back_chain_free(&bq->chain);
	kvfree(bq);
}

static struct blk_queue *make_queue(struct blk_device *blk, struct back_queue *q)
{
	unsigned int i, nr = back_queue_size(q);
	struct blk_queue *bq = kvzalloc(struct_size(bq, requests, nr), GFP_KERNEL);

	if (!bq)
		return NULL;
	bq->blk = blk;
	bq->q = q;
	bq->nr = nr;
	back_chain_init(&bq->chain);
	init_llist_head(&bq->free);
	for (i = 0; i < nr; i++) {
		struct blk_request *req = &bq->requests[i];

		req->queue = bq;
		INIT_WORK(&req->work, blk_work);
		llist_add(&req->node, &bq->free);
	}
	return bq;
}

static void free_queues(struct back_device *dev)
{
	struct back_queue *q;
	unsigned int i;

	for (i = 0; i < dev->nr_queues; i++) {
		q = back_queue(dev, i);
		if (!q)
			continue;
		free_queue(back_queue_priv(q));
		back_queue_set_priv(q, NULL);
	}
}

/* The driver's choice of a cache, virtio 1.2, 5.2.5.1. */
static void blk_config_written(struct back_device *dev)
{
	struct blk_device *blk = dev->priv;
	u8 writeback;

	back_config_read(dev, offsetof(struct virtio_blk_config, wce), &writeback, 1);
	WRITE_ONCE(blk->through, !writeback);
}

static int blk_start(struct back_device *dev)
{
	struct blk_device *blk = dev->priv;
	struct back_queue *q;
	struct blk_queue *bq;
	unsigned int i;

	if (back_has_feature(dev, VIRTIO_BLK_F_CONFIG_WCE))
		blk_config_written(dev);
	else
		WRITE_ONCE(blk->through, false);
	for (i = 0; i < dev->nr_queues; i++) {
		q = back_queue(dev, i);
		if (!q)
			continue;
		bq = make_queue(blk, q);
		if (!bq) {
			free_queues(dev);
			return -ENOMEM;
		}
		back_queue_set_priv(q, bq);
	}
	return 0;
}

/* The threads have ended: wait for what they began. */
static void blk_stop(struct back_device *dev)
{
	back_drain(dev);
	free_queues(dev);
}

/* ---- attachment ---- */

static bool can_punch(const struct blk_device *blk)
{
	if (blk->bdev)
		return bdev_write_zeroes_sectors(blk->bdev);
	/* Behind the end there is nothing to be lost. */
	return !vfs_fallocate(blk->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      round_up(i_size_read(file_inode(blk->file)), PAGE_SIZE), PAGE_SIZE);
}

static int check_file(struct back_device *dev, struct file *file)
{
	umode_t mode;

	if (!file)
		return -EBADF;
	mode = file->f_mapping->host->i_mode;
	if (!S_ISREG(mode) && !S_ISBLK(mode)) {
		back_warn(dev, "its backing is neither a file nor a block device");
		return -ENOTBLK;
	}
	if (!(file->f_mode & FMODE_READ) || !file->f_op->read_iter ||
	    (!(dev->flags & RINGLET_BACK_READONLY) &&
	     (!(file->f_mode & FMODE_WRITE) || !file->f_op->write_iter))) {
		back_warn(dev, "its backing is not open for reading%s",
			  dev->flags & RINGLET_BACK_READONLY ? "" : " and writing");
		return -EACCES;
	}
	if (file->f_flags & O_APPEND) {
		back_warn(dev, "its backing is open for appending");
		return -EINVAL;
	}
	if (dev->flags & RINGLET_BACK_DIRECT && !(file->f_mode & FMODE_CAN_ODIRECT)) {
		back_warn(dev, "its backing has no direct I/O");
		return -EINVAL;
	}
	return 0;
}

/* Block size of requests, from what is asked for and what the backing needs. */
static int set_block_size(struct blk_device *blk, u32 wanted)
{
	unsigned int least = SECTOR_SIZE;

	if (blk->bdev) {
		least = bdev_logical_block_size(blk->bdev);
		blk->dma_mask = bdev_dma_alignment(blk->bdev);
	} else if (blk->direct) {
		struct block_device *below = file_inode(blk->file)->i_sb->s_bdev;

		blk->dma_mask = SECTOR_SIZE - 1;
		if (below) {
			least = bdev_logical_block_size(below);
			blk->dma_mask = bdev_dma_alignment(below);
		}
	}
	blk->block_size = wanted ?: least;
	if (blk->block_size < least || blk->block_size > PAGE_SIZE ||
	    !is_power_of_2(blk->block_size)) {
		back_warn(blk->dev, "block size %u is not possible, the backing has %u",
			  blk->block_size, least);
		return -EINVAL;
	}
	return 0;
}

static void set_config(struct blk_device *blk)
{
	struct virtio_blk_config *config = (void *)blk->dev->config;
	unsigned int physical = blk->bdev ? bdev_physical_block_size(blk->bdev) : PAGE_SIZE;

	BUILD_BUG_ON(sizeof(*config) > RINGLET_CONFIG_SIZE);
	physical = max(physical, blk->block_size);
	blk->dev->config_size = sizeof(*config);
	config->capacity = (__force __virtio64)cpu_to_le64(blk->sectors);
	config->size_max = (__force __virtio32)cpu_to_le32(BLK_MAX_SEGMENT);
	config->seg_max = (__force __virtio32)cpu_to_le32(BLK_MAX_SEGMENTS);
	config->blk_size = (__force __virtio32)cpu_to_le32(blk->block_size);
	config->physical_block_exp = ilog2(physical / blk->block_size);
	config->wce = 1;	/* shown once, then the driver's */
	config->num_queues = (__force __virtio16)cpu_to_le16(blk->dev->max_queues);
	config->max_discard_sectors = (__force __virtio32)cpu_to_le32(BLK_MAX_RANGE_SECTORS);
	config->max_discard_seg = (__force __virtio32)cpu_to_le32(BLK_MAX_RANGES);
	config->discard_sector_alignment = (__force __virtio32)cpu_to_le32(physical >> SECTOR_SHIFT);
	config->max_write_zeroes_sectors = (__force __virtio32)cpu_to_le32(BLK_MAX_RANGE_SECTORS);
	config->max_write_zeroes_seg = (__force __virtio32)cpu_to_le32(BLK_MAX_RANGES);
	config->write_zeroes_may_unmap = 1;
}

static u64 features_of(const struct blk_device *blk)
{
	u64 features = 1ULL << VIRTIO_BLK_F_SIZE_MAX | 1ULL << VIRTIO_BLK_F_SEG_MAX |
		       1ULL << VIRTIO_BLK_F_BLK_SIZE | 1ULL << VIRTIO_BLK_F_TOPOLOGY |
		       1ULL << VIRTIO_BLK_F_MQ | 1ULL << VIRTIO_BLK_F_FLUSH |
		       1ULL << VIRTIO_BLK_F_CONFIG_WCE;

	if (blk->dev->flags & RINGLET_BACK_READONLY)
		return features | 1ULL << VIRTIO_BLK_F_RO;
	features |= 1ULL << VIRTIO_BLK_F_WRITE_ZEROES;
	if (can_punch(blk))
		features |= 1ULL << VIRTIO_BLK_F_DISCARD;
	return features;
}

static int blk_attach(struct back_device *dev, const struct ringlet_back_attach *args,
		      struct file *file)
{
	struct blk_device *blk;
	struct inode *inode;
	int rc;

	rc = check_file(dev, file);
	if (rc)
		return rc;
	blk = kzalloc(sizeof(*blk), GFP_KERNEL);
	if (!blk)
		return -ENOMEM;
	inode = file->f_mapping->host;
	blk->dev = dev;
	blk->file = get_file(file);
	blk->bdev = S_ISBLK(inode->i_mode) ? I_BDEV(inode) : NULL;
	blk->direct = dev->flags & RINGLET_BACK_DIRECT || file->f_flags & O_DIRECT;
	blk->nowait = file->f_mode & FMODE_NOWAIT;
	blk->sectors = backing_sectors(blk);
	rc = set_block_size(blk, args->block_size);
	if (rc)
		goto err_free;
	rc = -ENOMEM;
	blk->wq = alloc_workqueue("rl-blk-%u.%u", WQ_UNBOUND | WQ_MEM_RECLAIM, 0, dev->domid,
				  dev->slot);
	if (!blk->wq)
		goto err_free;
	dev->max_queues = min(args->queues ?: num_online_cpus(), dev->driver->max_queues);
	memcpy(blk->serial, args->name, strnlen(args->name, sizeof(blk->serial)));
	dev->features = features_of(blk);
	dev->priv = blk;
	set_config(blk);
	return 0;

err_free:
	fput(blk->file);
	kfree(blk);
	return rc;
}

static void blk_detach(struct back_device *dev)
{
	struct blk_device *blk = dev->priv;

	destroy_workqueue(blk->wq);
	fput(blk->file);
	kfree(blk);
	dev->priv = NULL;
}

static s64 blk_resize(struct back_device *dev)
{
	struct blk_device *blk = dev->priv;

	WRITE_ONCE(blk->sectors, backing_sectors(blk));
	set_config(blk);
	back_config_changed(dev);
	back_info(dev, "has %llu sectors now", blk->sectors);
	return blk->sectors << SECTOR_SHIFT;
}

static void blk_info(struct back_device *dev, struct ringlet_back_info *info)
{
	struct blk_device *blk = dev->priv;

	info->bytes = blk->sectors << SECTOR_SHIFT;
}

static const struct back_ops blk_ops = {
	.attach = blk_attach,
	.detach = blk_detach,
	.start = blk_start,
	.stop = blk_stop,
	.process = blk_process,
	.config_written = blk_config_written,
	.resize = blk_resize,
	.info = blk_info,
};

static const struct back_range blk_driver_config[] = {
	{ offsetof(struct virtio_blk_config, wce), sizeof_field(struct virtio_blk_config, wce) },
	{ }
};

static struct back_driver blk_driver = {
	.name = "blk",
	.device_id = VIRTIO_ID_BLOCK,
	.max_queues = 16,
	.queue_size = 256,
	.region_pages = RINGLET_REGION_MAX_PAGES,
	.driver_config = blk_driver_config,
	.ops = &blk_ops,
	.owner = THIS_MODULE,
};

static int __init blk_init(void)
{
	return back_register(&blk_driver);
}

static void __exit blk_exit(void)
{
	back_unregister(&blk_driver);
}

module_init(blk_init);
module_exit(blk_exit);
MODULE_DESCRIPTION("Ringlet's disks: virtio block back-end on files and block devices");
MODULE_LICENSE("GPL");
MODULE_ALIAS("ringlet-back-2");
