// SPDX-License-Identifier: GPL-2.0
/*
 * The device area of this domain: found, watched, and who is in which slot.
 *
 * Found by asking the hypervisor (ringlet_op devices), so the module does nothing
 * on any other. The area is the domain's own memory, in the direct map; its pages
 * are lent to the domain of the back-ends, which may write anything there at any
 * time, the header too: that is read once.
 *
 * The control port says "look": its hard interrupt wakes who waits for an answer,
 * its thread compares every slot with what we know of it and queues works; neither
 * ever waits for a back-end. The interrupt is ended late, and as spurious if nothing
 * was plugged, unplugged or answered: so a back-end that sends in a loop gets through
 * less and less often (Xen's event code delays the end of an interrupt).
 *
 * The port is made with the domain and cannot be made again: it stays bound to its
 * interrupt when the module goes, with no handler.
 */
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <xen/events.h>
#include <xen/interface/xen.h>
#include <xen/xen.h>
#include <asm/xen/hypercall.h>

#include <ringlet/hypercall-numbers.h>

#include "front.h"

static struct front_area *the_area;

static long ringlet_call(unsigned int op, void *arg, unsigned long size)
{
	return _hypercall3(long, arch_7, op, arg, size);
}

void front_area_notify(const struct front_area *area)
{
	notify_remote_via_irq(area->irq);
}

void front_area_rescan(struct front_area *area)
{
	queue_work(area->wq, &area->rescan);
}

/* Compare a slot in use with its device. Returns whether that is news. */
static bool slot_check(struct front_area *area, struct front_device *fd)
{
	u32 state = READ_ONCE(fd->slot->state);
	u32 status = READ_ONCE(fd->status);
	u32 awaited = READ_ONCE(fd->awaited);

	if (fd->leaves)
		return awaited && awaited == READ_ONCE(fd->slot->ack);
	if (state > RINGLET_DEVICE_AWAY || !front_slot_is_ours(fd)) {
		fd->leaves = true;
		front_device_leave(fd);
		return true;
	}
	if (state != fd->state) {
		fd->state = state;
		front_info(fd, "its back-end is %s", state == RINGLET_DEVICE_AWAY ?
			   "away: requests wait" : "back");
		if (state == RINGLET_DEVICE_PRESENT && status & VIRTIO_CONFIG_S_DRIVER_OK)
			front_queues_poke(fd);
	}
	if (!test_bit(FRONT_REGISTERED, &fd->flags))
		return false;
	if (state == RINGLET_DEVICE_PRESENT && status & VIRTIO_CONFIG_S_DRIVER_OK &&
	    READ_ONCE(fd->slot->device_status) & VIRTIO_CONFIG_S_NEEDS_RESET)
		front_device_broken(fd, "its back-end gave up on it",
				    READ_ONCE(fd->slot->error));
	if (front_config_take(fd))
		virtio_config_changed(&fd->vdev);
	return awaited && awaited == READ_ONCE(fd->slot->ack);
}

/* Look at all slots. Returns whether anything is new. */
static bool scan(struct front_area *area)
{
	bool news = false;
	u32 i, state;

	mutex_lock(&area->lock);
	for (i = 1; i <= area->nr_slots; i++) {
		if (area->devices[i]) {
			news |= slot_check(area, area->devices[i]);
			continue;
		}
		state = READ_ONCE(area->slots[i].state);
		if (state != RINGLET_DEVICE_PRESENT || area->closing)
			continue;
		/* What it says is written before the state. */
		virt_rmb();
		area->devices[i] = front_device_create(area, i,
						       READ_ONCE(area->slots[i].uid));
		news = true;
	}
	mutex_unlock(&area->lock);
	return news;
}

static void rescan_work(struct work_struct *work)
{
	scan(container_of(work, struct front_area, rescan));
}

/* A device is gone; its slot may hold another one already. */
void front_area_vacate(struct front_device *fd)
{
	struct front_area *area = fd->area;

	mutex_lock(&area->lock);
	area->devices[fd->index] = NULL;
	mutex_unlock(&area->lock);
	front_area_rescan(area);
}

static irqreturn_t control_interrupt(int irq, void *data)
{
	struct front_area *area = data;

	wake_up_all(&area->wait);
	return IRQ_WAKE_THREAD;
}

static irqreturn_t control_thread(int irq, void *data)
{
	bool news = scan(data);

	xen_irq_lateeoi(irq, news ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return IRQ_HANDLED;
}

static int port_bind(struct front_area *area)
{
	int rc;

	rc = bind_evtchn_to_irq_lateeoi(area->port);
	if (rc < 0)
		goto err;
	area->irq = rc;
	rc = request_threaded_irq(area->irq, control_interrupt, control_thread, 0,
				  "ringlet-control", area);
	if (!rc)
		return 0;
err:
	pr_err("control port %u cannot be bound (%d)\n", area->port, rc);
	return rc;
}

/* Whether all of it can be read; the hypervisor's word is its manager's. */
static bool area_is_mapped(const void *start, u32 pages)
{
	u32 word, i;

	for (i = 0; i < pages; i++)
		if (!virt_addr_valid(start + i * PAGE_SIZE) ||
		    copy_from_kernel_nofault(&word, start + i * PAGE_SIZE, sizeof(word)))
			return false;
	return true;
}

/* Read the header, once; it must say what the hypervisor does. */
static bool header_fits(const void *start, const struct ringlet_devices *where)
{
	const struct ringlet_devices_header *h = start;
	u32 magic = READ_ONCE(h->magic), version = READ_ONCE(h->version);
	u32 pages = READ_ONCE(h->pages), port = READ_ONCE(h->control_port);
	u32 backend = READ_ONCE(h->backend_domid);

	if (magic != RINGLET_DEVICES_MAGIC || version != RINGLET_DEVICES_VERSION) {
		pr_err("the device area has magic %#x and version %u, this driver is for %#x and %u\n",
		       magic, version, RINGLET_DEVICES_MAGIC, RINGLET_DEVICES_VERSION);
		return false;
	}
	if (pages == where->pages && port == where->control_port &&
	    backend == where->backend_domid)
		return true;
	pr_err("the device area says %u pages, control port %u, back-ends in domain %u; the hypervisor %u, %u, %u\n",
	       pages, port, backend, where->pages, where->control_port,
	       where->backend_domid);
	return false;
}

/* Where the area is: in @area. -ENODEV: there is none, and nothing is wrong. */
/* NULL: this hypervisor has no such word. */
static u32 *give_way_find(const struct ringlet_version *version)
{
	struct ringlet_vcpu_page page = {};

	if (!(version->features & RINGLET_FEATURE_VCPU_PAGE) ||
	    ringlet_call(RINGLET_OP_RINGLET_OP_VCPU_PAGE, &page, sizeof(page)))
		return NULL;
	return (u32 *)(unsigned long)page.give_way;
}

static int area_find(struct front_area *area)
{
	struct ringlet_devices where = { .domid = DOMID_SELF };
	struct ringlet_version version = {};
	void *start;
	u64 gfn;
	long rc;

	if (!xen_pv_domain() ||
	    ringlet_call(RINGLET_OP_RINGLET_OP_VERSION, &version, sizeof(version))) {
		pr_info("not on Ringlet: nothing to do\n");
		return -ENODEV;
	}
	if (!(version.features & RINGLET_FEATURE_DEVICES)) {
		pr_info("this Ringlet (ABI %u.%u) has no virtio devices\n",
			version.abi_major, version.abi_minor);
		return -ENODEV;
	}
	rc = ringlet_call(RINGLET_OP_RINGLET_OP_DEVICES, &where, sizeof(where));
	if (rc == -ENOENT) {
		pr_info("this domain was made without a device area\n");
		return -ENODEV;
	}
	if (rc) {
		pr_err("where is the device area? The hypervisor says %ld\n", rc);
		return rc;
	}
	gfn = where.gfn;
	if (!where.pages || where.pages > RINGLET_DEVICES_MAX_PAGES || !pfn_valid(gfn) ||
	    !pfn_valid(gfn + where.pages - 1)) {
		pr_err("the device area is said to be %u pages at pfn %#llx: not in this domain's memory\n",
		       where.pages, gfn);
		return -EINVAL;
	}
	start = __va(PFN_PHYS(gfn));
	if (!area_is_mapped(start, where.pages)) {
		pr_err("the device area, at pfn %#llx, is not mapped\n", gfn);
		return -EFAULT;
	}
	if (!header_fits(start, &where))
		return -EPROTO;
	area->slots = start;
	area->nr_slots = RINGLET_DEVICES_SLOTS(where.pages);
	area->gfn = gfn;
	area->port = where.control_port;
	area->backend = where.backend_domid;
	area->give_way = give_way_find(&version);
	return 0;
}

static int area_freeze(struct device *dev)
{
	struct front_area *area = container_of(dev, struct front_area, dev);

	cancel_work_sync(&area->rescan);
	return 0;
}

/* In a domain that was restored: all event channels are gone, the area may be new. */
static int area_restore(struct device *dev)
{
	struct front_area *area = container_of(dev, struct front_area, dev);
	u32 nr_slots = area->nr_slots, i;
	int rc;

	unbind_from_irqhandler(area->irq, area);
	rc = area_find(area);
	if (!rc && area->nr_slots < nr_slots)
		rc = -EPROTO;
	area->nr_slots = nr_slots;
	if (rc) {
		pr_err("no device area of %u slots after the restore (%d): its devices are lost\n",
		       nr_slots, rc);
		return rc;
	}
	mutex_lock(&area->lock);
	for (i = 1; i <= nr_slots; i++)
		if (area->devices[i])
			area->devices[i]->slot = &area->slots[i];
	mutex_unlock(&area->lock);
	return port_bind(area);
}

/* A suspend that was called off leaves the event channels as they were. */
static int area_thaw(struct device *dev)
{
	front_area_rescan(container_of(dev, struct front_area, dev));
	return 0;
}

static const struct dev_pm_ops area_pm_ops = {
	.suspend = pm_sleep_ptr(area_freeze),
	.resume = pm_sleep_ptr(area_thaw),
	.freeze = pm_sleep_ptr(area_freeze),
	.thaw = pm_sleep_ptr(area_thaw),
	.poweroff = pm_sleep_ptr(area_freeze),
	.restore = pm_sleep_ptr(area_restore),
};

static void area_release(struct device *dev)
{
	kfree(container_of(dev, struct front_area, dev));
}

static const struct device_type area_type = {
	.name = "ringlet-area",
	.release = area_release,
	.pm = &area_pm_ops,
};

static struct front_area *area_create(void)
{
	struct front_area *area = kzalloc(sizeof(*area), GFP_KERNEL);

	if (!area)
		return NULL;
	mutex_init(&area->lock);
	init_waitqueue_head(&area->wait);
	INIT_WORK(&area->rescan, rescan_work);
	area->plug_wq = alloc_ordered_workqueue("ringlet-plug", 0);
	area->wq = alloc_workqueue("ringlet", WQ_UNBOUND, 0);
	device_initialize(&area->dev);
	area->dev.type = &area_type;
	if (area->plug_wq && area->wq && !dev_set_name(&area->dev, "ringlet"))
		return area;
	if (area->plug_wq)
		destroy_workqueue(area->plug_wq);
	if (area->wq)
		destroy_workqueue(area->wq);
	put_device(&area->dev);
	return NULL;
}

static void area_destroy(struct front_area *area)
{
	destroy_workqueue(area->plug_wq);
	destroy_workqueue(area->wq);
	put_device(&area->dev);
}

static int __init virtio_ringlet_init(void)
{
	struct front_area *area = area_create();
	int rc;

	BUILD_BUG_ON(sizeof(struct ringlet_device_slot) != RINGLET_DEVICES_SLOT_SIZE);
	BUILD_BUG_ON(sizeof(struct ringlet_devices_header) != RINGLET_DEVICES_SLOT_SIZE);
	BUILD_BUG_ON(RINGLET_MAX_QUEUES * sizeof(struct ringlet_queue) > PAGE_SIZE);
	if (!area)
		return -ENOMEM;
	rc = area_find(area);
	if (rc)
		goto err_destroy;
	rc = device_add(&area->dev);
	if (rc)
		goto err_destroy;
	rc = port_bind(area);
	if (rc)
		goto err_del;
	the_area = area;
	pr_info("%u slots, back-ends in domain %u\n", area->nr_slots, area->backend);
	front_area_rescan(area);
	/* Devices that are there are there when the module is. */
	flush_work(&area->rescan);
	flush_workqueue(area->plug_wq);
	return 0;

err_del:
	device_del(&area->dev);
err_destroy:
	area_destroy(area);
	return rc;
}

static void __exit virtio_ringlet_exit(void)
{
	struct front_area *area = the_area;
	u32 i;

	mutex_lock(&area->lock);
	area->closing = true;
	for (i = 1; i <= area->nr_slots; i++)
		if (area->devices[i] && !area->devices[i]->leaves) {
			area->devices[i]->leaves = true;
			front_device_leave(area->devices[i]);
		}
	mutex_unlock(&area->lock);
	/* Whoever holds a device has a function of ours to call. */
	wait_event(area->wait, !atomic_read(&area->live));
	free_irq(area->irq, area);
	cancel_work_sync(&area->rescan);
	if (area->bus)
		bus_unregister_notifier(area->bus, &area->bus_nb);
	device_del(&area->dev);
	area_destroy(area);
}

module_init(virtio_ringlet_init);
module_exit(virtio_ringlet_exit);
MODULE_DESCRIPTION("Virtio devices of Ringlet guests");
MODULE_LICENSE("GPL");
