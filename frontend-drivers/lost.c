// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that no back-end will answer: it is away and the device unplugged, it
 * does not let go, it broke a rule or says that we did.
 *
 * Most virtio drivers give up by themselves when their queues are marked broken.
 * virtio_blk does not: it waits for every request that it has made, and takes none
 * from a queue that is broken. So for a block device we take the device's part,
 * after a reset has made sure that the back-end does not: whatever is, and will be,
 * available is used with status VIRTIO_BLK_S_IOERR.
 *
 * The rings are shared all the same, with a back-end that may not have reset: what
 * is read there is checked, a range at a time.
 */
#include <linux/interrupt.h>
#include <linux/virtio_ring.h>
#include <uapi/linux/virtio_blk.h>

#include "front.h"

#define MAX_PASSES	8	/* over a queue, then others have their turn */

static u16 get16(const __virtio16 *p)
{
	return le16_to_cpu((__force __le16)READ_ONCE(*p));
}

static u32 get32(const __virtio32 *p)
{
	return le32_to_cpu((__force __le32)READ_ONCE(*p));
}

static u64 get64(const __virtio64 *p)
{
	return le64_to_cpu((__force __le64)READ_ONCE(*p));
}

/* Whether [@addr, @addr + @len) is in the region. */
static bool in_region(const struct front_region *r, u64 addr, u64 len)
{
	u64 size = (u64)r->nr_pages << PAGE_SHIFT;

	return len && len <= size && addr <= size - len;
}

/*
 * The status of a request is the last byte that the device may write. @table has
 * @n descriptors, the chain begins at @i.
 */
static void status_write(const struct front_region *r, const struct vring_desc *table,
			 u32 n, u32 i)
{
	u64 addr = 0, len = 0;
	u32 steps;
	u16 flags;

	for (steps = 0; steps < n && i < n; steps++) {
		flags = get16(&table[i].flags);
		if (flags & VRING_DESC_F_WRITE) {
			addr = get64(&table[i].addr);
			len = get32(&table[i].len);
		}
		if (!(flags & VRING_DESC_F_NEXT))
			break;
		i = get16(&table[i].next);
	}
	if (in_region(r, addr, len))
		WRITE_ONCE(r->base[addr + len - 1], VIRTIO_BLK_S_IOERR);
}

static void request_fail(const struct front_region *r, const struct vring *ring, u16 head)
{
	const struct vring_desc *desc = &ring->desc[head & (ring->num - 1)];
	u64 addr = get64(&desc->addr);
	u32 len = get32(&desc->len);

	if (!(get16(&desc->flags) & VRING_DESC_F_INDIRECT))
		status_write(r, ring->desc, ring->num, head);
	else if (in_region(r, addr, len) && IS_ALIGNED(addr, sizeof(*desc)))
		status_write(r, (const void *)(r->base + addr), len / sizeof(*desc), 0);
}

/* Use what is available, and ask to be told of more. false: the ring is nonsense. */
static bool queue_fail(struct front_queue *q)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);
	u16 used = get16(&ring->used->idx), avail, at, head;
	unsigned int pass;

	for (pass = 0; pass < MAX_PASSES; pass++) {
		avail = get16(&ring->avail->idx);
		if ((u16)(avail - used) > ring->num)
			return false;
		/* The driver writes the entries before the index. */
		virt_rmb();
		for (; used != avail; used++) {
			at = used & (ring->num - 1);
			head = get16(&ring->avail->ring[at]);
			request_fail(q->fd->region, ring, head);
			ring->used->ring[at].id = (__force __virtio32)cpu_to_le32(head);
			ring->used->ring[at].len = 0;
		}
		virt_wmb();
		WRITE_ONCE(ring->used->idx, (__force __virtio16)cpu_to_le16(used));
		WRITE_ONCE(ring->used->flags, 0);
		WRITE_ONCE(vring_avail_event(ring), (__force __virtio16)cpu_to_le16(avail));
		/* The driver sees that we want to be told, or we what it added. */
		virt_mb();
		if (get16(&ring->avail->idx) == avail)
			return true;
	}
	front_lost_more(q->fd);
	return true;
}

static bool queues_fail(struct front_device *fd)
{
	unsigned long flags;
	bool ok = true;
	u32 i;

	mutex_lock(&fd->queues_lock);
	for (i = 0; i < fd->nr_queues && ok; i++) {
		ok = queue_fail(&fd->queues[i]);
		local_irq_save(flags);
		vring_interrupt(fd->queues[i].irq, fd->queues[i].vq);
		local_irq_restore(flags);
	}
	mutex_unlock(&fd->queues_lock);
	return ok;
}

static void begin(struct front_device *fd)
{
	u32 i;

	if (test_bit(FRONT_LOST, &fd->flags))
		return;
	front_reset(fd);
	mutex_lock(&fd->queues_lock);
	for (i = 0; i < fd->nr_queues; i++)
		disable_irq(fd->queues[i].irq);
	set_bit(FRONT_LOST, &fd->flags);
	mutex_unlock(&fd->queues_lock);
	front_warn(fd, "requests end with errors from now on");
}

void front_lost_work(struct work_struct *work)
{
	struct front_device *fd = container_of(work, struct front_device, lost.work);
	bool losing = test_and_clear_bit(FRONT_LOSING, &fd->flags);

	if (!front_is_block(fd)) {
		virtio_break_device(&fd->vdev);
		return;
	}
	if (losing)
		begin(fd);
	if (test_bit(FRONT_LOST, &fd->flags) && !queues_fail(fd))
		virtio_break_device(&fd->vdev);
}

/**
 * front_lost_begin() - give up on the back-end
 * @fd: the device, registered
 * @delay: in jiffies
 *
 * May be called in any context. Ends when the driver deletes its queues.
 */
void front_lost_begin(struct front_device *fd, unsigned long delay)
{
	set_bit(FRONT_LOSING, &fd->flags);
	if (test_bit(FRONT_LOST, &fd->flags))
		delay = 0;
	mod_delayed_work(fd->area->wq, &fd->lost, delay);
}

/* The driver has made something available after that. */
void front_lost_more(struct front_device *fd)
{
	mod_delayed_work(fd->area->wq, &fd->lost, 0);
}
