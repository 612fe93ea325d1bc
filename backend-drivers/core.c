// SPDX-License-Identifier: GPL-2.0
/*
 * ringlet_back: kinds of devices, the domains served, and attachments.
 *
 * A kind (back_register) may come and go while devices of it are attached: what was
 * asked for stays in the slot's record, with a reference to its file; the driver
 * sees AWAY meanwhile. When the core goes, all devices are AWAY and the domain
 * manager attaches them again to the core that comes.
 *
 * A domain is in the list while it has a slot in use; users hold references.
 */
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/slab.h>
#include <xen/events.h>
#include <xen/xen.h>

#include "internal.h"

DECLARE_RWSEM(back_drivers_sem);
struct workqueue_struct *back_wq;

static LIST_HEAD(drivers);		/* guarded by: back_drivers_sem */
static LIST_HEAD(domains);		/* guarded by: domains_lock */
static DEFINE_MUTEX(domains_lock);

/* Of a slot whose kind is not loaded; such a slot is not attached. */
const struct back_driver back_nobody = { .name = "no module" };

/* With back_drivers_sem held. */
const struct back_driver *back_driver_find(u32 device_id)
{
	const struct back_driver *driver;

	list_for_each_entry(driver, &drivers, list)
		if (driver->device_id == device_id)
			return driver;
	return NULL;
}

/* The control port, or a queue that broke: look at every slot. */
static void domain_work(struct work_struct *work)
{
	struct back_domain *dom = container_of(work, struct back_domain, work);
	bool acted = false;
	u32 i, before;

	mutex_lock(&dom->lock);
	for (i = 1; i < ARRAY_SIZE(dom->slots); i++) {
		if (!dom->slots[i])
			continue;
		before = dom->slots[i]->ack;
		back_slot_act(dom->slots[i]);
		acted |= !dom->slots[i] || dom->slots[i]->ack != before;
	}
	if (dom->irq)
		xen_irq_lateeoi(dom->irq, acted ? 0 : XEN_EOI_FLAG_SPURIOUS);
	mutex_unlock(&dom->lock);
	back_domain_unlink_if_idle(dom);
}

static struct back_domain *domain_alloc(domid_t domid)
{
	struct back_domain *dom = kzalloc(sizeof(*dom), GFP_KERNEL);

	if (!dom)
		return NULL;
	kref_init(&dom->ref);
	dom->domid = domid;
	mutex_init(&dom->lock);
	INIT_WORK(&dom->work, domain_work);
	init_waitqueue_head(&dom->gone);
	return dom;
}

/* The domain's record, with a reference; NULL: there is none (or no memory). */
struct back_domain *back_domain_get(domid_t domid, bool make)
{
	struct back_domain *dom;

	mutex_lock(&domains_lock);
	list_for_each_entry(dom, &domains, list)
		if (dom->domid == domid)
			goto out;
	dom = make ? domain_alloc(domid) : NULL;
	if (dom)
		list_add(&dom->list, &domains);
out:
	if (dom)
		kref_get(&dom->ref);
	mutex_unlock(&domains_lock);
	return dom;
}

/* The one with the lowest number from @domid on, with a reference. */
struct back_domain *back_domain_next(u32 domid)
{
	struct back_domain *dom, *best = NULL;

	mutex_lock(&domains_lock);
	list_for_each_entry(dom, &domains, list)
		if (dom->domid >= domid && (!best || dom->domid < best->domid))
			best = dom;
	if (best)
		kref_get(&best->ref);
	mutex_unlock(&domains_lock);
	return best;
}

static void domain_free(struct kref *ref)
{
	kfree(container_of(ref, struct back_domain, ref));
}

void back_domain_put(struct back_domain *dom)
{
	kref_put(&dom->ref, domain_free);
}

/*
 * With no slot in use, let go of the area and of the list's reference. Not with
 * dom->lock held. The domain's work has no reference of its own: it is waited for,
 * unless it is what calls.
 */
void back_domain_unlink_if_idle(struct back_domain *dom)
{
	bool unlink;

	/* Nobody waits for dom->lock with the list's: one domain's backing may hang. */
	mutex_lock(&dom->lock);
	unlink = !dom->nr_slots && !list_empty(&dom->list);
	if (unlink) {
		back_area_unmap(dom);
		mutex_lock(&domains_lock);
		list_del_init(&dom->list);
		mutex_unlock(&domains_lock);
	}
	mutex_unlock(&dom->lock);
	if (!unlink)
		return;
	/* Nothing queues it any more. */
	if (current_work() == &dom->work)
		cancel_work(&dom->work);
	else
		cancel_work_sync(&dom->work);
	back_domain_put(dom);
}

/* A record for slot @index, EMPTY so far. With dom->lock held. */
struct back_slot *back_slot_alloc(struct back_domain *dom, u32 index,
				  const struct ringlet_back_attach *args)
{
	struct back_slot *slot = kzalloc(sizeof(*slot), GFP_KERNEL);

	if (!slot)
		return NULL;
	slot->dev.driver = &back_nobody;
	slot->dev.domid = dom->domid;
	slot->dev.slot = index;
	slot->dev.flags = args->flags & ~RINGLET_BACK_REATTACH;
	slot->dom = dom;
	slot->args = *args;
	slot->args.slot = index;
	slot->shared = back_area_slot(dom, index);
	mutex_init(&slot->config_lock);
	init_waitqueue_head(&slot->drained);
	spin_lock_init(&slot->pages_lock);
	INIT_LIST_HEAD(&slot->spare);
	dom->slots[index] = slot;
	dom->nr_slots++;
	return slot;
}

/* Have the kind open its backing. With dom->lock and back_drivers_sem held. */
int back_slot_attach(struct back_slot *slot)
{
	struct back_device *dev = &slot->dev;
	int rc;

	dev->features = 0;
	dev->config_size = 0;
	memset(dev->config, 0, sizeof(dev->config));
	dev->max_queues = dev->driver->max_queues;
	dev->queue_size = slot->args.queue_size;
	rc = dev->driver->ops->attach(dev, &slot->args, slot->file);
	if (rc)
		return rc;
	dev->features = (dev->features | BACK_FEATURES) & ~(slot->args.features_off & ~BACK_FEATURES_MUST);
	slot->attached = true;
	return 0;
}

void back_slot_detach(struct back_slot *slot)
{
	if (slot->attached)
		slot->dev.driver->ops->detach(&slot->dev);
	slot->attached = false;
}

/* Call @fn for each slot of devices of @device_id, with dom->lock held. */
static void for_each_slot(u32 device_id, void (*fn)(struct back_slot *slot, void *data),
			  void *data)
{
	struct back_domain *dom;
	u32 domid, i;

	for (domid = 0; (dom = back_domain_next(domid));) {
		domid = dom->domid + 1;
		mutex_lock(&dom->lock);
		for (i = 1; i < ARRAY_SIZE(dom->slots); i++)
			if (dom->slots[i] && dom->slots[i]->args.device_id == device_id)
				fn(dom->slots[i], data);
		mutex_unlock(&dom->lock);
		back_domain_unlink_if_idle(dom);
		back_domain_put(dom);
	}
}

static void driver_back(struct back_slot *slot, void *data)
{
	int rc;

	if (slot->attached || slot->state != RINGLET_DEVICE_AWAY)
		return;
	slot->dev.driver = data;
	rc = back_slot_attach(slot);
	if (rc)
		back_warn(&slot->dev, "cannot be attached again (%d): it stays away", rc);
	else
		back_slot_return(slot);
}

static void driver_away(struct back_slot *slot, void *data)
{
	if (slot->dev.driver != data)
		return;
	back_slot_away(slot);
	slot->dev.driver = &back_nobody;
}

/**
 * back_register() - a kind of device is there
 * @driver: the kind; devices of it that were attached before connect again
 *
 * Return: 0 or -EEXIST
 */
int back_register(struct back_driver *driver)
{
	int rc = -EEXIST;

	down_write(&back_drivers_sem);
	if (!back_driver_find(driver->device_id)) {
		list_add(&driver->list, &drivers);
		for_each_slot(driver->device_id, driver_back, driver);
		rc = 0;
	}
	up_write(&back_drivers_sem);
	return rc;
}
EXPORT_SYMBOL_GPL(back_register);

/**
 * back_unregister() - a kind of device goes; its devices are AWAY afterwards
 * @driver: the kind
 */
void back_unregister(struct back_driver *driver)
{
	down_write(&back_drivers_sem);
	list_del(&driver->list);
	for_each_slot(driver->device_id, driver_away, driver);
	up_write(&back_drivers_sem);
}
EXPORT_SYMBOL_GPL(back_unregister);

/* All kinds are gone, since they use our symbols: so no device is attached. */
static void drop_domain(struct back_domain *dom)
{
	u32 i;

	mutex_lock(&dom->lock);
	for (i = 1; i < ARRAY_SIZE(dom->slots); i++)
		if (dom->slots[i])
			back_slot_free(dom->slots[i]);
	mutex_unlock(&dom->lock);
	back_domain_unlink_if_idle(dom);
	back_domain_put(dom);
}

static int __init back_init(void)
{
	int rc;

	if (!xen_pv_domain())
		return -ENODEV;
	/* Unbound: a domain's work may wait for its backing. */
	back_wq = alloc_workqueue("ringlet-back", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!back_wq)
		return -ENOMEM;
	rc = misc_register(&back_misc);
	if (rc)
		destroy_workqueue(back_wq);
	return rc;
}

static void __exit back_exit(void)
{
	struct back_domain *dom;

	misc_deregister(&back_misc);
	while ((dom = back_domain_next(0)))
		drop_domain(dom);
	destroy_workqueue(back_wq);
}

module_init(back_init);
module_exit(back_exit);
MODULE_DESCRIPTION("Back-ends of Ringlet's virtio devices: device areas, handshake, rings");
MODULE_LICENSE("GPL");
MODULE_ALIAS("devname:ringlet-back");
