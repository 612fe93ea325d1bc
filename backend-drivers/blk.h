/* SPDX-License-Identifier: GPL-2.0 */
/* What the two files of ringlet_back_blk share. */
#ifndef RINGLET_BACK_BLK_H
#define RINGLET_BACK_BLK_H

#include <linux/fs.h>
#include <linux/llist.h>
#include <linux/workqueue.h>
#include <uapi/linux/virtio_blk.h>

#include "back.h"

#define BLK_MAX_BYTES		(4U << 20)	/* of data in a request */
#define BLK_MAX_SEGMENT		(RINGLET_GRANT_PAGES * PAGE_SIZE)
#define BLK_MAX_SEGMENTS	(BLK_MAX_BYTES / BLK_MAX_SEGMENT)
#define BLK_KEEP_PIECES		64	/* allocated for each entry of a ring */
#define BLK_TELL_EVERY		32	/* answers of a thread */
#define BLK_MAX_RANGES		16		/* of a discard */
#define BLK_MAX_RANGE_SECTORS	(1U << 21)	/* 1 GiB */

struct blk_device {
	struct back_device *dev;
	struct file *file;
	struct block_device *bdev;	/* NULL: the backing is a file */
	unsigned int block_size;	/* of requests */
	unsigned int dma_mask;		/* alignment of memory for direct I/O, less 1 */
	bool direct, nowait;
	bool through;			/* writes are durable when they are answered */
	char serial[VIRTIO_BLK_ID_BYTES];	/* filled up with 0 */
	u64 sectors;			/* read once by a request */
	struct workqueue_struct *wq;
};

struct blk_queue;

/* A request in flight. */
struct blk_request {
	struct llist_node node;		/* while it is free */
	struct blk_queue *queue;
	u16 head;
	u32 type;
	u64 status_addr;
	u64 pos;			/* bytes */
	size_t len, done;
	struct back_buf buf;
	struct bio_vec *bounce;		/* direct I/O on memory that does not suit it */
	struct kiocb iocb;
	struct work_struct work;
	struct virtio_blk_discard_write_zeroes ranges[BLK_MAX_RANGES];
	unsigned int nr_ranges;
};

struct blk_queue {
	struct blk_device *blk;
	struct back_queue *q;
	struct task_struct *owner;	/* in process, else NULL */
	struct back_chain chain;	/* the one that is being read */
	struct llist_head free;		/* taken by process alone, given by anybody */
	atomic_t busy;			/* requests in flight */
	bool stalled;			/* process waits for one of them */
	unsigned int nr;
	struct blk_request requests[];
};

void blk_answer(struct blk_request *req, u8 status);
void blk_release(struct blk_request *req);
int blk_start_io(struct blk_request *req);
void blk_queue_work(struct blk_request *req);
void blk_work(struct work_struct *work);

#endif
