// SPDX-License-Identifier: GPL-2.0
/*
 * What virtio drivers call: struct virtio_config_ops.
 *
 * A queue has its rings in the region and an event channel of its own, which we
 * allocate and the back-end binds. Its interrupt is ended late: one that brings no
 * used buffer since the last is called spurious, and Xen's event code lets the
 * sender of such wait longer and longer.
 *
 * The used ring is private to virtio_ring's checks; avail and descriptor table are
 * in pages of their own (alignment), apart from what the device writes.
 */
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/virtio_ring.h>
#include <xen/events.h>
#include <xen/interface/event_channel.h>
#include <xen/xen.h>
#include <asm/xen/hypercall.h>

#include "compat.h"
#include "front.h"

#define MUST	(BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))
/* The transport's bits (VIRTIO_TRANSPORT_F_*) that we can serve. */
#define CAN	(MUST | BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) | BIT_ULL(VIRTIO_RING_F_EVENT_IDX))
#define TRANSPORT_BITS	GENMASK_ULL(VIRTIO_TRANSPORT_F_END - 1, VIRTIO_TRANSPORT_F_START)

#define MIN_RING_SIZE	16

/* Pages of a pool: what may be under way at a time. */
static u32 pool_pages(const struct front_device *fd)
{
	switch (fd->vdev.id.device) {
	case VIRTIO_ID_BLOCK:
	case VIRTIO_ID_NET:
	case VIRTIO_ID_FS:
		return 1024;
	case VIRTIO_ID_9P:
	case VIRTIO_ID_SCSI:
		return 256;
	default:
		return 64;
	}
}

static u64 front_get_features(struct virtio_device *vdev)
{
	return front_of_vdev(vdev)->features & (CAN | ~TRANSPORT_BITS);
}

/*
 * In a Xen domain virtio_ring maps buffers whatever the driver says; virtio_balloon
 * says that it does without ACCESS_PLATFORM, since the frames it tells are not mapped.
 */
static int front_finalize_features(struct virtio_device *vdev)
{
	struct front_device *fd = front_of_vdev(vdev);
	u64 features;

	vring_transport_features(vdev);
	vdev->features &= CAN | ~TRANSPORT_BITS;
	features = vdev->features | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
	if (~features & MUST) {
		dev_err(&vdev->dev, "features %llx are missing: the device must offer them\n",
			MUST & ~features);
		return -EINVAL;
	}
	if (front_slot_is_ours(fd))
		WRITE_ONCE(fd->slot->driver_features, features);
	return 0;
}

/* A field that is not there reads as 0. */
static void front_get(struct virtio_device *vdev, unsigned int offset, void *buf,
		      unsigned int len)
{
	struct front_device *fd = front_of_vdev(vdev);
	unsigned long flags;
	unsigned int n = 0;

	if (offset < fd->config_size)
		n = min(len, fd->config_size - offset);
	if (n < len)
		dev_warn_once(&vdev->dev, "config space of %u bytes ends before field %u+%u\n",
			      fd->config_size, offset, len);
	memset(buf, 0, len);
	spin_lock_irqsave(&fd->config_lock, flags);
	memcpy(buf, fd->config + offset, n);
	spin_unlock_irqrestore(&fd->config_lock, flags);
}

static void front_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		      unsigned int len)
{
	struct front_device *fd = front_of_vdev(vdev);
	unsigned long flags;
	unsigned int i;

	if (offset > fd->config_size || len > fd->config_size - offset) {
		dev_warn(&vdev->dev, "config space of %u bytes has no field %u+%u to write\n",
			 fd->config_size, offset, len);
		return;
	}
	if (!front_slot_is_ours(fd))
		return;
	spin_lock_irqsave(&fd->config_lock, flags);
	memcpy(fd->config + offset, buf, len);
	spin_unlock_irqrestore(&fd->config_lock, flags);
	for (i = 0; i < len; i++)
		WRITE_ONCE(fd->slot->config[offset + i], ((const u8 *)buf)[i]);
	if (READ_ONCE(fd->status))
		front_say(fd, fd->status);
}

static u32 front_generation(struct virtio_device *vdev)
{
	struct front_device *fd = front_of_vdev(vdev);
	unsigned long flags;
	u32 copies;

	spin_lock_irqsave(&fd->config_lock, flags);
	copies = fd->copies;
	spin_unlock_irqrestore(&fd->config_lock, flags);
	return copies;
}

static u8 front_get_status(struct virtio_device *vdev)
{
	return READ_ONCE(front_of_vdev(vdev)->status);
}

static void front_set_status(struct virtio_device *vdev, u8 status)
{
	struct front_device *fd = front_of_vdev(vdev);

	/* After its driver is gone, virtio acknowledges a device once more. */
	if (!test_bit(FRONT_LEAVING, &fd->flags) || READ_ONCE(fd->status))
		front_say(fd, status);
}

static void front_vdev_reset(struct virtio_device *vdev)
{
	front_reset(front_of_vdev(vdev));
}

static irqreturn_t queue_interrupt(int irq, void *data)
{
	struct front_queue *q = data;
	const struct vring *ring = virtqueue_get_vring(q->vq);
	u16 used = le16_to_cpu((__force __le16)READ_ONCE(ring->used->idx));
	bool news = used != q->seen;

	q->seen = used;
	vring_interrupt(irq, q->vq);
	if (unlikely(virtqueue_is_broken(q->vq)) &&
	    READ_ONCE(q->fd->status) & VIRTIO_CONFIG_S_DRIVER_OK)
		front_device_broken(q->fd, "its back-end broke a used ring", 0);
	xen_irq_lateeoi(irq, news ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return IRQ_HANDLED;
}

static bool queue_notify(struct virtqueue *vq)
{
	struct front_queue *q = vq->priv;

	front_notify(q);
	return true;
}

static int port_open(struct front_queue *q)
{
	struct evtchn_alloc_unbound alloc = {
		.dom = DOMID_SELF,
		.remote_dom = q->fd->area->backend,
	};
	struct evtchn_close close;
	int rc;

	rc = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);
	if (rc)
		return rc;
	rc = bind_evtchn_to_irqhandler_lateeoi(alloc.port, queue_interrupt, 0, q->name, q);
	if (rc < 0) {
		close.port = alloc.port;
		HYPERVISOR_event_channel_op(EVTCHNOP_close, &close);
		return rc;
	}
	q->port = alloc.port;
	q->irq = rc;
	return 0;
}

static void queue_table_write(struct front_queue *q, u32 index)
{
	struct ringlet_queue *table = (struct ringlet_queue *)q->fd->region->base;

	WRITE_ONCE(table[index].port, q->port);
	WRITE_ONCE(table[index].size, virtqueue_get_vring_size(q->vq));
	WRITE_ONCE(table[index].desc, virtqueue_get_desc_addr(q->vq));
	WRITE_ONCE(table[index].avail, virtqueue_get_avail_addr(q->vq));
	WRITE_ONCE(table[index].used, virtqueue_get_used_addr(q->vq));
}

static u32 ring_pages(u32 size)
{
	return DIV_ROUND_UP(vring_size(size, PAGE_SIZE), PAGE_SIZE);
}

static int queue_create(struct front_device *fd, u32 index, u32 size,
			vq_callback_t *callback, const char *name, bool ctx)
{
	struct front_queue *q = &fd->queues[index];
	u32 desc, used;
	int rc = 0;

	q->fd = fd;
	snprintf(q->name, sizeof(q->name), "%s-%s", dev_name(&fd->vdev.dev), name);
	q->vq = vring_create_virtqueue(index, size, PAGE_SIZE, &fd->vdev, true, true, ctx,
				       queue_notify, callback, name);
	if (!q->vq)
		return -ENOMEM;
	q->vq->num_max = size;
	q->vq->priv = q;
	/* The used ring begins a page: PAGE_SIZE is the alignment that we ask for. */
	desc = virtqueue_get_desc_addr(q->vq);
	used = virtqueue_get_used_addr(q->vq);
	size = virtqueue_get_vring_size(q->vq);
	front_region_readonly(fd->region, desc, used);
	if (front_is_block(fd))
		rc = front_region_spare(fd->region, used, desc + ring_pages(size) * PAGE_SIZE);
	if (rc)
		return rc;
	rc = port_open(q);
	if (rc) {
		dev_err(&fd->dev, "no event channel for queue %u (%d)\n", index, rc);
		return rc;
	}
	queue_table_write(q, index);
	return 0;
}

static void queues_delete(struct front_device *fd)
{
	u32 i;

	lockdep_assert_held(&fd->queues_lock);
	clear_bit(FRONT_LOSING, &fd->flags);
	clear_bit(FRONT_LOST, &fd->flags);
	clear_bit(FRONT_BROKEN, &fd->flags);
	for (i = 0; i < fd->nr_queues; i++) {
		if (fd->queues[i].irq)
			unbind_from_irqhandler(fd->queues[i].irq, &fd->queues[i]);
		if (fd->queues[i].vq)
			vring_del_virtqueue(fd->queues[i].vq);
	}
	kvfree(fd->queues);
	fd->queues = NULL;
	fd->nr_queues = 0;
	if (fd->region)
		front_region_free(fd->region);
	fd->region = NULL;
}

static void front_del_vqs(struct virtio_device *vdev)
{
	struct front_device *fd = front_of_vdev(vdev);

	mutex_lock(&fd->queues_lock);
	queues_delete(fd);
	mutex_unlock(&fd->queues_lock);
}

/* A region for @nr queues; their size in *@size, as many entries as fit in half of it. */
static struct front_region *region_for(struct front_device *fd, u32 nr, u32 *size)
{
	u32 limit = front_region_limit(fd);
	u32 entries = fd->max_queue_size;
	u32 least = min(entries, (u32)MIN_RING_SIZE);

	while (entries > least && nr * ring_pages(entries) > limit / 2)
		entries /= 2;
	if (nr * ring_pages(entries) > limit / 2) {
		dev_err(&fd->dev, "%u queues do not fit in a region of %u pages\n", nr, limit);
		return ERR_PTR(-ENOSPC);
	}
	*size = entries;
	return front_region_create(fd, min(limit, 1 + nr * ring_pages(entries) +
					   pool_pages(fd)));
}

/* Our half of the slot; the back-end reads it at DRIVER_OK. */
static void region_publish(struct front_device *fd)
{
	struct front_region *r = fd->region;
	u32 i;

	if (!front_slot_is_ours(fd))
		return;
	WRITE_ONCE(fd->slot->nr_queues, fd->nr_queues);
	WRITE_ONCE(fd->slot->region_pages, r->nr_pages);
	for (i = 0; i < RINGLET_REGION_DIRS; i++)
		WRITE_ONCE(fd->slot->region_dir[i], i < r->nr_dirs ? r->dir_refs[i] : 0);
}

/* Spread interrupts over the CPUs as a driver with a queue a CPU wants it. */
static void queues_spread(struct front_device *fd, const struct irq_affinity *desc)
{
	u32 first = min(desc->pre_vectors, fd->nr_queues);
	u32 n = fd->nr_queues - first;
	unsigned int cpu, i = 0;

	if (!n)
		return;
	for_each_possible_cpu(cpu)
		cpumask_set_cpu(cpu, &fd->queues[first + i++ % n].mask);
	for (i = first; i < fd->nr_queues; i++) {
		if (cpumask_empty(&fd->queues[i].mask))
			continue;
		fd->queues[i].spread = true;
		/* Fails if none of them is online: then it stays where it is. */
		irq_set_affinity(fd->queues[i].irq, &fd->queues[i].mask);
	}
}

static int front_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
			  struct virtqueue *vqs[], FRONT_VQS_PARAMS,
			  struct irq_affinity *desc)
{
	struct front_device *fd = front_of_vdev(vdev);
	u32 nr = 0, next = 0, size;
	int rc = 0, i;

	for (i = 0; i < nvqs; i++)
		nr += FRONT_VQ_NAME(i) != NULL;
	if (!nr || nr > fd->max_queues) {
		dev_err(&fd->dev, "its driver needs %u queues, it has 1 to %u\n", nr,
			fd->max_queues);
		return -ENOENT;
	}
	mutex_lock(&fd->queues_lock);
	fd->queues = kvcalloc(nr, sizeof(*fd->queues), GFP_KERNEL);
	if (!fd->queues)
		rc = -ENOMEM;
	else
		fd->region = region_for(fd, nr, &size);
	if (IS_ERR(fd->region)) {
		rc = PTR_ERR(fd->region);
		fd->region = NULL;
	}
	fd->nr_queues = fd->queues ? nr : 0;
	for (i = 0; i < nvqs && !rc; i++) {
		vqs[i] = NULL;
		if (!FRONT_VQ_NAME(i))
			continue;
		rc = queue_create(fd, next, size, FRONT_VQ_CALLBACK(i), FRONT_VQ_NAME(i),
				  FRONT_VQ_CTX(i));
		vqs[i] = fd->queues[next++].vq;
	}
	if (rc) {
		queues_delete(fd);
	} else {
		if (desc)
			queues_spread(fd, desc);
		front_region_lend(fd->region);
		region_publish(fd);
	}
	mutex_unlock(&fd->queues_lock);
	return rc;
}

static void front_synchronize_cbs(struct virtio_device *vdev)
{
	struct front_device *fd = front_of_vdev(vdev);
	u32 i;

	for (i = 0; i < fd->nr_queues; i++)
		synchronize_irq(fd->queues[i].irq);
}

static const char *front_bus_name(struct virtio_device *vdev)
{
	return dev_name(&front_of_vdev(vdev)->dev);
}

static int front_set_vq_affinity(struct virtqueue *vq, const struct cpumask *mask)
{
	struct front_queue *q = vq->priv;

	return irq_set_affinity(q->irq, mask ?: cpu_online_mask);
}

static const struct cpumask *front_get_vq_affinity(struct virtio_device *vdev, int index)
{
	struct front_device *fd = front_of_vdev(vdev);

	if (index < 0 || index >= fd->nr_queues || !fd->queues[index].spread)
		return NULL;
	return &fd->queues[index].mask;
}

const struct virtio_config_ops front_config_ops = {
	.get			= front_get,
	.set			= front_set,
	.generation		= front_generation,
	.get_status		= front_get_status,
	.set_status		= front_set_status,
	.reset			= front_vdev_reset,
	.find_vqs		= front_find_vqs,
	.del_vqs		= front_del_vqs,
	.synchronize_cbs	= front_synchronize_cbs,
	.get_features		= front_get_features,
	.finalize_features	= front_finalize_features,
	.bus_name		= front_bus_name,
	.set_vq_affinity	= front_set_vq_affinity,
	.get_vq_affinity	= front_get_vq_affinity,
};

/*
 * The back-end is back: it may have used buffers before it went, and not said so.
 * As an interrupt would, but not beside one.
 */
void front_queues_poke(struct front_device *fd)
{
	unsigned long flags;
	u32 i;

	mutex_lock(&fd->queues_lock);
	for (i = 0; i < fd->nr_queues; i++) {
		disable_irq(fd->queues[i].irq);
		local_irq_save(flags);
		vring_interrupt(fd->queues[i].irq, fd->queues[i].vq);
		local_irq_restore(flags);
		enable_irq(fd->queues[i].irq);
	}
	mutex_unlock(&fd->queues_lock);
}
