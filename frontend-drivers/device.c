// SPDX-License-Identifier: GPL-2.0
/*
 * A device: what its slot says is checked, it is registered, it is let go.
 *
 * Two works: plug runs in the order of the slots, unplug when the slot says so or
 * the module goes; unplug waits for plug. Both may wait for the back-end, within
 * limits. A slot that says nonsense keeps its struct front_device, not registered,
 * so that it is refused once and not again with every interrupt.
 *
 * vdev lies within struct front_device, which lives as long as either of the two
 * struct device does: vdev holds a reference on its parent.
 */
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/virtio_ids.h>

#include "compat.h"
#include "front.h"

#define MUST	(BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))
#define VENDOR	0x564c4e52	/* "RNLV", as the area's magic */
#define MIN_REGION	16	/* pages: fewer hold no ring and pool */
#define LET_GO_SECONDS	15	/* for requests under way, when a device is unplugged */
#define LEAVE_SECONDS	30	/* when it is its driver that goes, or this module */

static void front_device_release(struct device *dev)
{
	struct front_device *fd = front_of_dev(dev);
	struct front_area *area = fd->area;

	kfree(fd);
	if (atomic_dec_and_test(&area->live))
		wake_up_all(&area->wait);
}

static void vdev_release(struct device *dev)
{
	put_device(&front_of_vdev(dev_to_virtio(dev))->dev);
}

static int front_freeze(struct device *dev)
{
	struct front_device *fd = front_of_dev(dev);

	return test_bit(FRONT_REGISTERED, &fd->flags) ? front_virtio_freeze(&fd->vdev) : 0;
}

static int front_restore(struct device *dev)
{
	struct front_device *fd = front_of_dev(dev);

	return test_bit(FRONT_REGISTERED, &fd->flags) ? front_virtio_restore(&fd->vdev) : 0;
}

static const struct dev_pm_ops front_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(front_freeze, front_restore)
};

const struct device_type front_device_type = {
	.name = "ringlet-device",
	.release = front_device_release,
	.pm = &front_pm_ops,
};

/* One number of the slot; says what is wrong. */
static bool check(const struct front_device *fd, const char *what, u32 value, u32 least,
		  u32 most)
{
	if (value >= least && value <= most)
		return true;
	front_err(fd, "%s is %u, it must be %u to %u: the device is not used", what, value,
		  least, most);
	return false;
}

/* Read the constants of the slot, once. */
static bool identify(struct front_device *fd)
{
	const struct ringlet_device_slot *slot = fd->slot;

	fd->vdev.id.device = READ_ONCE(slot->device_id);
	fd->vdev.id.vendor = VENDOR;
	fd->config_size = READ_ONCE(slot->config_size);
	fd->features = READ_ONCE(slot->features);
	fd->max_queues = READ_ONCE(slot->max_queues);
	fd->max_queue_size = READ_ONCE(slot->max_queue_size);
	fd->max_region_pages = READ_ONCE(slot->max_region_pages);
	if (!check(fd, "device_id", fd->vdev.id.device, 1, 0xffff) ||
	    !check(fd, "config_size", fd->config_size, 0, RINGLET_CONFIG_SIZE) ||
	    !check(fd, "max_queues", fd->max_queues, 1, RINGLET_MAX_QUEUES) ||
	    !check(fd, "max_queue_size", fd->max_queue_size, 1, 1024) ||
	    !check(fd, "max_region_pages", fd->max_region_pages, MIN_REGION,
		   RINGLET_REGION_MAX_PAGES))
		return false;
	if (!is_power_of_2(fd->max_queue_size)) {
		front_err(fd, "max_queue_size is %u, it must be a power of 2: the device is not used",
			  fd->max_queue_size);
		return false;
	}
	if (~fd->features & MUST) {
		front_err(fd, "features %llx lack %llx: the device is not used", fd->features,
			  MUST & ~fd->features);
		return false;
	}
	if (front_config_await(fd))
		return true;
	if (front_slot_is_ours(fd))
		front_err(fd, "config_generation stays odd or never stands still: the device is not used");
	return false;
}

/*
 * How long the back-end of a device that goes may go on with what is under way. A
 * block device can still write out what is dirty.
 */
static unsigned long patience(const struct front_device *fd)
{
	bool served = fd->state == RINGLET_DEVICE_PRESENT && front_slot_is_ours(fd);

	if (served && READ_ONCE(fd->slot->state) == RINGLET_DEVICE_PRESENT)
		return LEAVE_SECONDS * HZ;
	return served && front_is_block(fd) ? LET_GO_SECONDS * HZ : 0;
}

/* The driver of any virtio device goes. Its remove function may wait for requests. */
static int bus_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct device *dev = data;
	struct front_device *fd;

	if (!dev->parent || dev->parent->type != &front_device_type)
		return NOTIFY_DONE;
	fd = front_of_vdev(dev_to_virtio(dev));
	if (event == BUS_NOTIFY_UNBIND_DRIVER && !test_bit(FRONT_LEAVING, &fd->flags))
		front_lost_begin(fd, patience(fd));
	return NOTIFY_DONE;
}

/* The bus is known by its first device: from then on we hear of it. */
static void bus_watch(struct front_area *area, struct virtio_device *vdev)
{
	if (area->bus)
		return;
	area->bus_nb.notifier_call = bus_event;
	if (bus_register_notifier(vdev->dev.bus, &area->bus_nb))
		pr_warn("cannot watch drivers go: one that is unbound may wait for its back-end\n");
	else
		area->bus = vdev->dev.bus;
}

static void front_plug(struct work_struct *work)
{
	struct front_device *fd = container_of(work, struct front_device, plug);
	struct front_area *area = fd->area;
	int rc;

	if (!front_slot_is_ours(fd) || !identify(fd))
		return;
	rc = device_add(&fd->dev);
	if (rc) {
		front_err(fd, "cannot be added to /sys (%d)", rc);
		return;
	}
	fd->vdev.dev.parent = &fd->dev;
	fd->vdev.dev.release = vdev_release;
	fd->vdev.config = &front_config_ops;
	get_device(&fd->dev);
	set_bit(FRONT_REGISTERED, &fd->flags);
	rc = register_virtio_device(&fd->vdev);
	if (!rc) {
		front_info(fd, "%s, virtio device type %u", dev_name(&fd->vdev.dev),
			   fd->vdev.id.device);
		bus_watch(area, &fd->vdev);
		/* Something may have changed that was passed over meanwhile. */
		front_area_rescan(area);
		return;
	}
	clear_bit(FRONT_REGISTERED, &fd->flags);
	front_err(fd, "cannot be registered (%d)", rc);
	put_device(&fd->vdev.dev);
	device_del(&fd->dev);
}

/* The driver lets go, and so do we. */
static void front_unplug(struct work_struct *work)
{
	struct front_device *fd = container_of(work, struct front_device, unplug);

	set_bit(FRONT_LEAVING, &fd->flags);
	/* Also while a driver still probes it: that may wait for a request. */
	front_lost_begin(fd, patience(fd));
	flush_work(&fd->plug);
	if (test_bit(FRONT_REGISTERED, &fd->flags)) {
		front_lost_begin(fd, patience(fd));
		unregister_virtio_device(&fd->vdev);
		clear_bit(FRONT_REGISTERED, &fd->flags);
		device_del(&fd->dev);
	}
	cancel_delayed_work_sync(&fd->lost);
	if (READ_ONCE(fd->status) || READ_ONCE(fd->slot->state) == RINGLET_DEVICE_REMOVED)
		front_reset(fd);
	front_area_vacate(fd);
	put_device(&fd->dev);
}

/**
 * front_device_create() - for a slot that says PRESENT; plug is queued
 * @area: the device area, its lock held
 * @index: of the slot
 * @uid: as just read there
 *
 * Return: the device, or NULL: no memory.
 */
struct front_device *front_device_create(struct front_area *area, u32 index, u32 uid)
{
	struct front_device *fd = kzalloc(sizeof(*fd), GFP_KERNEL);

	if (!fd)
		return NULL;
	fd->area = area;
	fd->index = index;
	fd->slot = &area->slots[index];
	fd->uid = uid;
	fd->seq = READ_ONCE(fd->slot->seq);
	fd->state = RINGLET_DEVICE_PRESENT;
	mutex_init(&fd->lock);
	mutex_init(&fd->queues_lock);
	spin_lock_init(&fd->config_lock);
	INIT_WORK(&fd->plug, front_plug);
	INIT_WORK(&fd->unplug, front_unplug);
	INIT_DELAYED_WORK(&fd->lost, front_lost_work);
	/* virtio does that too, later than lost.c may need it. */
	INIT_LIST_HEAD(&fd->vdev.vqs);
	spin_lock_init(&fd->vdev.vqs_list_lock);
	device_initialize(&fd->dev);
	fd->dev.parent = &area->dev;
	fd->dev.type = &front_device_type;
	fd->dma_mask = DMA_BIT_MASK(64);
	fd->dev.dma_mask = &fd->dma_mask;
	fd->dev.coherent_dma_mask = fd->dma_mask;
	set_dma_ops(&fd->dev, &front_dma_ops);
	atomic_inc(&area->live);
	if (dev_set_name(&fd->dev, "ringlet-%u", index)) {
		put_device(&fd->dev);
		return NULL;
	}
	queue_work(area->plug_wq, &fd->plug);
	return fd;
}

/* It goes: called once, with area->lock held. */
void front_device_leave(struct front_device *fd)
{
	queue_work(fd->area->wq, &fd->unplug);
}

/**
 * front_device_broken() - no more I/O until the device is reset
 * @fd: the device
 * @why: for the log
 * @error: an errno of the back-end's, or 0
 *
 * May be called in any context. Requests end with errors.
 */
void front_device_broken(struct front_device *fd, const char *why, int error)
{
	if (test_and_set_bit(FRONT_BROKEN, &fd->flags))
		return;
	if (error)
		front_warn(fd, "%s (error %d): no more I/O", why, error);
	else
		front_warn(fd, "%s: no more I/O", why);
	front_lost_begin(fd, 0);
}
