// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/ringlet-back: the calls of ringlet-back.h.
 *
 * Arguments are copied once, with the size their caller has; a call checks all of
 * them before it changes anything.
 */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/kmod.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/uaccess.h>
#include <xen/interface/xen.h>

#include "internal.h"

#define refuse(domid, slot, rc, fmt, ...)                                                          \
	({                                                                                         \
		pr_warn_ratelimited("ringlet-back: domain %u, slot %d: " fmt "\n", domid,          \
				    (int)(slot), ##__VA_ARGS__);                                   \
		rc;                                                                                \
	})

static int get_args(void *args, size_t size, void __user *user)
{
	u32 usize;

	if (get_user(usize, (u32 __user *)user))
		return -EFAULT;
	if (usize < 2 * sizeof(u32))
		return -EINVAL;
	if (usize > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(args, size, user, usize);
}

/* args->size is still what the caller has. */
static int put_args(const void *args, size_t size, void __user *user)
{
	return copy_to_user(user, args, min_t(size_t, size, *(const u32 *)args)) ? -EFAULT : 0;
}

static int check_attach(const struct ringlet_back_attach *args)
{
	if (args->flags & ~RINGLET_BACK_ALL_FLAGS || args->reserved0[0] || args->reserved0[1] ||
	    args->reserved1)
		return refuse(args->domid, args->slot, -EINVAL, "unknown flags, or not zero: reserved");
	if (args->domid >= DOMID_FIRST_RESERVED || !args->slot)
		return refuse(args->domid, args->slot, -EINVAL, "no such domain or slot is possible");
	if (args->queues > RINGLET_MAX_QUEUES || args->region_pages > RINGLET_REGION_MAX_PAGES)
		return refuse(args->domid, args->slot, -EINVAL,
			      "%u queues (at most %u), %u pages (at most %u)", args->queues,
			      RINGLET_MAX_QUEUES, args->region_pages, RINGLET_REGION_MAX_PAGES);
	if (args->queue_size && (!is_power_of_2(args->queue_size) || args->queue_size > 1024))
		return refuse(args->domid, args->slot, -EINVAL,
			      "queue size %u is no power of 2 up to 1024", args->queue_size);
	if (strnlen(args->name, sizeof(args->name)) == sizeof(args->name))
		return refuse(args->domid, args->slot, -EINVAL, "the name does not end");
	if (args->flags & RINGLET_BACK_REATTACH && args->slot == RINGLET_BACK_ANY_SLOT)
		return refuse(args->domid, args->slot, -EINVAL, "REATTACH is for one slot");
	return 0;
}

/* The area is mapped: find the slot that is meant. */
static int choose_slot(struct back_domain *dom, struct ringlet_back_attach *args)
{
	struct ringlet_device_slot *shared;
	struct back_slot *slot;
	u32 state, i;

	if (args->slot == RINGLET_BACK_ANY_SLOT) {
		for (i = 1; i <= back_area_slots(dom); i++) {
			shared = back_area_slot(dom, i);
			if (dom->slots[i] || READ_ONCE(shared->state) != RINGLET_DEVICE_EMPTY)
				continue;
			args->slot = i;
			return 0;
		}
		return refuse(dom->domid, -1, -ENOSPC, "all %u slots are in use",
			      back_area_slots(dom));
	}
	if (args->slot > back_area_slots(dom))
		return refuse(dom->domid, args->slot, -EINVAL, "the device area has %u slots",
			      back_area_slots(dom));
	slot = dom->slots[args->slot];
	shared = back_area_slot(dom, args->slot);
	state = READ_ONCE(shared->state);
	if (!(args->flags & RINGLET_BACK_REATTACH)) {
		if (slot || state != RINGLET_DEVICE_EMPTY)
			return refuse(dom->domid, args->slot, -EBUSY, "in use, state %u%s", state,
				      slot ? "" : ", left by a back-end that is gone");
		return 0;
	}
	if (slot && (slot->attached || slot->state != RINGLET_DEVICE_AWAY))
		return refuse(dom->domid, args->slot, -EBUSY, "not away");
	if ((state != RINGLET_DEVICE_AWAY && state != RINGLET_DEVICE_PRESENT) ||
	    READ_ONCE(shared->device_id) != args->device_id ||
	    (args->uid && READ_ONCE(shared->uid) != args->uid))
		return refuse(dom->domid, args->slot, -ESTALE,
			      "holds another device (state %u, kind %u, uid %u)", state,
			      READ_ONCE(shared->device_id), READ_ONCE(shared->uid));
	if (slot)
		back_slot_free(slot);
	return 0;
}

/* The slot's device if @args asks for another backing of one that is attached. */
static struct back_slot *find_reopened(struct back_domain *dom,
				       const struct ringlet_back_attach *args)
{
	struct back_slot *slot;

	if (!(args->flags & RINGLET_BACK_REATTACH) || args->slot >= ARRAY_SIZE(dom->slots))
		return NULL;
	slot = dom->slots[args->slot];
	if (!slot || !slot->attached || slot->state != RINGLET_DEVICE_PRESENT ||
	    slot->args.device_id != args->device_id || (args->uid && args->uid != slot->uid))
		return NULL;
	return slot->dev.driver->ops->reopen ? slot : NULL;
}

static int reopen(struct back_slot *slot, struct ringlet_back_attach *args, struct file *file)
{
	int rc = slot->dev.driver->ops->reopen(&slot->dev, args, file);

	if (rc)
		return rc;
	if (slot->file)
		fput(slot->file);
	slot->file = file ? get_file(file) : NULL;
	args->uid = slot->uid;
	return 0;
}

/* With back_drivers_sem and dom->lock held. */
static int attach_locked(struct back_domain *dom, struct ringlet_back_attach *args,
			 const struct back_driver *driver, struct file *file)
{
	struct back_slot *slot = find_reopened(dom, args);
	int rc;

	if (slot)
		return reopen(slot, args, file);
	rc = back_area_map(dom) ?: choose_slot(dom, args);
	if (rc)
		return rc;
	slot = back_slot_alloc(dom, args->slot, args);
	if (!slot)
		return -ENOMEM;
	if (!slot->args.region_pages)
		slot->args.region_pages = driver->region_pages;
	if (!slot->args.queue_size)
		slot->args.queue_size = driver->queue_size;
	slot->dev.driver = driver;
	slot->file = file ? get_file(file) : NULL;
	rc = back_slot_attach(slot);
	if (rc) {
		back_warn(&slot->dev, "cannot be attached (%d)", rc);
		back_slot_free(slot);
		return rc;
	}
	back_slot_plug(slot, args->flags & RINGLET_BACK_REATTACH);
	args->uid = slot->uid;
	return 0;
}

static int attach(struct ringlet_back_attach *args, struct file *file)
{
	const struct back_driver *driver;
	struct back_domain *dom;
	int rc;

	down_read(&back_drivers_sem);
	driver = back_driver_find(args->device_id);
	if (!driver) {
		up_read(&back_drivers_sem);
		request_module("ringlet-back-%u", args->device_id);
		down_read(&back_drivers_sem);
		driver = back_driver_find(args->device_id);
	}
	if (!driver) {
		rc = refuse(args->domid, args->slot, -EOPNOTSUPP,
			    "no back-end for devices of kind %u is loaded", args->device_id);
		goto out;
	}
	do {
		rc = -ENOMEM;
		dom = back_domain_get(args->domid, true);
		if (!dom)
			goto out;
		rc = -EAGAIN;
		mutex_lock(&dom->lock);
		/* Else it was just let go of. */
		if (!list_empty(&dom->list))
			rc = attach_locked(dom, args, driver, file);
		mutex_unlock(&dom->lock);
		back_domain_unlink_if_idle(dom);
		back_domain_put(dom);
	} while (rc == -EAGAIN);
out:
	up_read(&back_drivers_sem);
	return rc;
}

static long attach_call(void __user *user)
{
	struct ringlet_back_attach args;
	struct file *file = NULL;
	int rc;

	rc = get_args(&args, sizeof(args), user) ?: check_attach(&args);
	if (rc)
		return rc;
	if (args.fd >= 0) {
		file = fget(args.fd);
		if (!file)
			return refuse(args.domid, args.slot, -EBADF, "file descriptor %d is not open",
				      args.fd);
	}
	rc = attach(&args, file);
	if (file)
		fput(file);
	return rc ?: put_args(&args, sizeof(args), user);
}

/* The record of a slot; one that a former core left gets a record. With dom->lock. */
static struct back_slot *adopt(struct back_domain *dom, u32 index)
{
	static const struct ringlet_back_attach nothing;

	if (!index || back_area_map(dom) || index > back_area_slots(dom))
		return NULL;
	if (dom->slots[index] ||
	    READ_ONCE(back_area_slot(dom, index)->state) == RINGLET_DEVICE_EMPTY)
		return dom->slots[index];
	return back_slot_alloc(dom, index, &nothing);
}

static long detach_call(void __user *user)
{
	struct ringlet_back_detach args;
	struct back_domain *dom;
	struct back_slot *slot;
	long rc;

	rc = get_args(&args, sizeof(args), user);
	if (rc)
		return rc;
	if (args.flags & ~RINGLET_BACK_FORCE || args.reserved)
		return -EINVAL;
	dom = args.domid < DOMID_FIRST_RESERVED ? back_domain_get(args.domid, true) : NULL;
	if (!dom)
		return -ENOENT;
	mutex_lock(&dom->lock);
	slot = list_empty(&dom->list) ? NULL : adopt(dom, args.slot);
	if (slot)
		back_slot_remove(slot, args.flags & RINGLET_BACK_FORCE);
	mutex_unlock(&dom->lock);
	rc = 0;
	if (!slot)
		rc = refuse(args.domid, args.slot, -ENOENT, "nothing to be detached");
	else if (READ_ONCE(dom->slots[args.slot]) == slot &&
		 !wait_event_interruptible_timeout(dom->gone,
						   READ_ONCE(dom->slots[args.slot]) != slot,
						   msecs_to_jiffies(args.timeout_ms)))
		rc = -EINPROGRESS;
	if (!rc && slot && READ_ONCE(dom->slots[args.slot]) == slot)
		rc = -EINTR;
	back_domain_unlink_if_idle(dom);
	back_domain_put(dom);
	return rc;
}

static long detach_domain_call(void __user *user)
{
	struct ringlet_back_domain args;
	struct back_domain *dom;
	struct back_slot *slot;
	int rc, i;

	rc = get_args(&args, sizeof(args), user);
	if (rc)
		return rc;
	dom = args.domid < DOMID_FIRST_RESERVED ? back_domain_get(args.domid, false) : NULL;
	if (!dom)
		return -ENOENT;
	mutex_lock(&dom->lock);
	for (i = 1; i < ARRAY_SIZE(dom->slots); i++) {
		slot = dom->slots[i];
		if (!slot)
			continue;
		back_slot_remove(slot, true);
		/* The driver is not waited for. */
		if (dom->slots[i])
			back_slot_free(slot);
	}
	mutex_unlock(&dom->lock);
	back_domain_unlink_if_idle(dom);
	back_domain_put(dom);
	return 0;
}

static long resize_call(void __user *user)
{
	struct ringlet_back_resize args;
	struct back_domain *dom;
	struct back_slot *slot;
	s64 bytes = -ENOENT;
	int rc;

	rc = get_args(&args, sizeof(args), user);
	if (rc)
		return rc;
	if (args.reserved)
		return -EINVAL;
	dom = args.domid < DOMID_FIRST_RESERVED ? back_domain_get(args.domid, false) : NULL;
	if (!dom)
		return -ENOENT;
	mutex_lock(&dom->lock);
	slot = args.slot < ARRAY_SIZE(dom->slots) ? dom->slots[args.slot] : NULL;
	if (slot)
		bytes = slot->attached && slot->dev.driver->ops->resize ?
			slot->dev.driver->ops->resize(&slot->dev) : -EOPNOTSUPP;
	mutex_unlock(&dom->lock);
	back_domain_put(dom);
	if (bytes < 0)
		return refuse(args.domid, args.slot, bytes, "cannot be resized (%lld)", bytes);
	args.bytes = bytes;
	return put_args(&args, sizeof(args), user);
}

/* With dom->lock held. */
static void fill_info(struct back_slot *slot, struct ringlet_back_info *info)
{
	struct back_totals totals;
	u32 i;

	info->domid = slot->dev.domid;
	info->slot = slot->dev.slot;
	info->state = slot->state;
	info->device_id = slot->args.device_id;
	info->uid = slot->uid;
	info->flags = slot->dev.flags | (slot->started ? RINGLET_BACK_CONNECTED : 0) |
		      (slot->broken ? RINGLET_BACK_BROKEN : 0);
	info->features = slot->dev.features;
	info->driver_features = slot->dev.driver_features;
	info->driver_status = slot->driver_status;
	info->error = slot->error;
	for (i = 0; slot->started && i < slot->dev.nr_queues; i++) {
		if (!slot->queues[i].irq)
			continue;
		info->queues++;
		info->queue_size = max(info->queue_size, slot->queues[i].size);
	}
	info->region_pages = slot->region.nr;
	info->ranges = slot->region.ranges;
	strscpy(info->name, slot->args.name, sizeof(info->name));
	back_queues_totals(slot, &totals);
	info->requests = totals.requests;
	info->bytes_in = totals.counters[BACK_BYTES_IN];
	info->bytes_out = totals.counters[BACK_BYTES_OUT];
	info->errors = totals.counters[BACK_ERRORS];
	info->notify_in = totals.notify_in;
	info->notify_out = totals.notify_out;
	info->copies = totals.copies;
	info->copied_pages = totals.copied;
	info->maps = totals.maps;
	if (slot->attached && slot->dev.driver->ops->info)
		slot->dev.driver->ops->info(&slot->dev, info);
}

/* Fill @info of the first slot of @dom from @from to @to that is in use. */
static bool find_info(struct back_domain *dom, u32 from, u32 to, struct ringlet_back_info *info)
{
	bool found = false;
	u32 i;

	mutex_lock(&dom->lock);
	for (i = from; i < ARRAY_SIZE(dom->slots) && i <= to && !found; i++) {
		if (!dom->slots[i])
			continue;
		fill_info(dom->slots[i], info);
		found = true;
	}
	mutex_unlock(&dom->lock);
	return found;
}

static long info_call(void __user *user)
{
	struct ringlet_back_info args, info = {};
	struct back_domain *dom;
	bool found = false;
	u32 domid, from;
	int rc;

	rc = get_args(&args, sizeof(args), user);
	if (rc)
		return rc;
	if (args.find > RINGLET_BACK_NEXT)
		return -EINVAL;
	info.size = args.size;
	info.find = args.find;
	domid = args.domid;
	while (!found && (dom = back_domain_next(domid))) {
		from = dom->domid == args.domid ? args.slot : 0;
		if (args.find == RINGLET_BACK_NEXT)
			found = find_info(dom, from, U32_MAX, &info);
		else if (dom->domid == args.domid)
			found = find_info(dom, from, from, &info);
		domid = args.find == RINGLET_BACK_NEXT ? dom->domid + 1 : DOMID_FIRST_RESERVED;
		back_domain_put(dom);
	}
	return found ? put_args(&info, sizeof(info), user) : -ENOENT;
}

static long back_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (cmd) {
	case RINGLET_BACK_ATTACH:
		return attach_call(user);
	case RINGLET_BACK_DETACH:
		return detach_call(user);
	case RINGLET_BACK_DETACH_DOMAIN:
		return detach_domain_call(user);
	case RINGLET_BACK_RESIZE:
		return resize_call(user);
	case RINGLET_BACK_INFO:
		return info_call(user);
	}
	return -ENOTTY;
}

static const struct file_operations back_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = back_ioctl,
};

struct miscdevice back_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringlet-back",
	.fops = &back_fops,
	.mode = 0600,
};
