// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that no back-end will answer: it is away and the device unplugged, it
 * does not let go, it broke a rule or says that we did.
 *
 * Most virtio drivers give up by themselves when their queues are marked broken.
 * virtio_blk does not: it waits for every request that it has made. So for a block
 * device we end these, each with VIRTIO_BLK_S_IOERR. Which they are, only virtio_ring
 * knows for sure: we offer it every head that may be one, and it refuses the others.
 *
 * In this order, and what holds from then on:
 *	reset, no interrupts	a back-end that is honest has let go
 *	queues marked broken	and an RCU period: nobody is within virtio_ring, new
 *				requests fail at once
 *	FRONT_LOST		dma.c maps nothing, so that no request is added even
 *				while a queue is not marked; what it unmaps for the
 *				driver to read is all VIRTIO_BLK_S_IOERR, status too
 *	used rings seized	pages that only we have are where they were: a back-end
 *				that does not let go writes to the old ones
 *
 * Then the buffers that are mapped only get fewer, and a head is under way if its
 * descriptor, in a page that the back-end cannot write, names one of them (or names
 * what was freed and is another head's now: that one is refused, with a line).
 */
#include <linux/interrupt.h>
#include <linux/rcupdate.h>
#include <linux/virtio_ring.h>

#include "front.h"

static u32 get32(const __virtio32 *p)
{
	return le32_to_cpu((__force __le32)READ_ONCE(*p));
}

static u64 get64(const __virtio64 *p)
{
	return le64_to_cpu((__force __le64)READ_ONCE(*p));
}

static bool may_be_head(const struct front_queue *q, u32 head)
{
	const struct vring_desc *desc = &virtqueue_get_vring(q->vq)->desc[head];

	return front_dma_mapped(q->fd->region, get64(&desc->addr), get32(&desc->len));
}

/*
 * Use @head, as the entry @last of the used ring, and take it back if virtio_ring
 * refuses it. Returns the next entry.
 */
static u16 offer(struct front_queue *q, u16 last, u32 head)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);
	struct vring_used_elem *e = (void *)&ring->used->ring[last & (ring->num - 1)];
	unsigned long flags;

	e->id = (__force __virtio32)cpu_to_le32(head);
	e->len = 0;
	/* A driver that polls may see the index before the interrupt. */
	virt_wmb();
	WRITE_ONCE(ring->used->idx, (__force __virtio16)cpu_to_le16(last + 1));
	__virtqueue_unbreak(q->vq);
	local_irq_save(flags);
	vring_interrupt(q->irq, q->vq);
	local_irq_restore(flags);
	__virtqueue_break(q->vq);
	last = virtqueue_enable_cb_prepare(q->vq);
	WRITE_ONCE(ring->used->idx, (__force __virtio16)cpu_to_le16(last));
	return last;
}

/* End what is under way. Returns how many requests have been ended. */
static u32 queue_fail(struct front_queue *q)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);
	u16 first = virtqueue_enable_cb_prepare(q->vq), last = first;
	u32 head;

	WRITE_ONCE(ring->used->idx, (__force __virtio16)cpu_to_le16(first));
	for (head = 0; head < ring->num; head++)
		if (may_be_head(q, head))
			last = offer(q, last, head);
	return (u16)(last - first);
}

/* Those that should have been ended and were not. */
static u32 queue_left(const struct front_queue *q)
{
	u32 n = virtqueue_get_vring(q->vq)->num, left = 0, head;

	for (head = 0; head < n; head++)
		left += may_be_head(q, head);
	return left;
}

static void queues_fail(struct front_device *fd)
{
	u32 failed = 0, left = 0, i;

	lockdep_assert_held(&fd->queues_lock);
	for (i = 0; i < fd->nr_queues; i++)
		disable_irq(fd->queues[i].irq);
	for (i = 0; i < fd->nr_queues; i++)
		__virtqueue_break(fd->queues[i].vq);
	/* virtio_blk is within virtio_ring with interrupts off, and nowhere else. */
	synchronize_rcu();
	set_bit(FRONT_LOST, &fd->flags);
	if (!front_region_seize(fd->region))
		front_warn(fd, "its used rings cannot be taken from the back-end");
	for (i = 0; i < fd->nr_queues; i++) {
		failed += queue_fail(&fd->queues[i]);
		left += queue_left(&fd->queues[i]);
	}
	front_warn(fd, "requests end with errors from now on, %u were under way", failed);
	if (left)
		front_err(fd, "%u requests cannot be ended: their device will not go", left);
}

/* False: there are no queues yet. */
static bool lose_block(struct front_device *fd)
{
	const struct front_queue *queues = READ_ONCE(fd->queues);

	if (test_bit(FRONT_LOST, &fd->flags))
		return true;
	if (!queues)
		return false;
	front_reset(fd);
	mutex_lock(&fd->queues_lock);
	/* A driver may have gone meanwhile, and another come. */
	if (fd->queues == queues)
		queues_fail(fd);
	mutex_unlock(&fd->queues_lock);
	return true;
}

void front_lost_work(struct work_struct *work)
{
	struct front_device *fd = container_of(work, struct front_device, lost.work);

	if (!test_and_clear_bit(FRONT_LOSING, &fd->flags))
		return;
	if (READ_ONCE(fd->answers) != READ_ONCE(fd->lost_answers) && READ_ONCE(fd->lost_delay))
		/* It is slow, or has much to write. */
		front_lost_begin(fd, fd->lost_delay);
	else if (!front_is_block(fd))
		virtio_break_device(&fd->vdev);
	else if (!lose_block(fd) && test_bit(FRONT_LEAVING, &fd->flags))
		/* A driver may still be about to make some, and wait for them. */
		front_lost_begin(fd, HZ);
}

/**
 * front_lost_begin() - give up on the back-end
 * @fd: the device, registered
 * @delay: in jiffies; if that is not 0, of silence: each answer begins it anew, so that
 *	   what is dirty is written, however long that takes
 *
 * May be called in any context. Ends when the driver deletes its queues.
 */
void front_lost_begin(struct front_device *fd, unsigned long delay)
{
	WRITE_ONCE(fd->lost_answers, READ_ONCE(fd->answers));
	WRITE_ONCE(fd->lost_delay, delay);
	set_bit(FRONT_LOSING, &fd->flags);
	mod_delayed_work(fd->area->wq, &fd->lost, delay);
}
