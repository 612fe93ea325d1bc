// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: the life of a device as hypercall-abi/virtio.h has it, and the handshake.
 *
 * Our half of a slot is only written; what we said is remembered in struct
 * back_slot. The driver's half is read once for every handshake, into a local
 * copy that alone is judged and acted on. An answer is: our half, then .ack,
 * then the control port.
 *
 * All functions are called with the domain's mutex held.
 */
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <uapi/linux/virtio_config.h>

#include "internal.h"

/* What the driver says, as read at one time. */
struct driver_half {
	u32 status, seq;
	u64 features;
	u32 nr_queues, region_pages;
	u32 dirs[RINGLET_REGION_DIRS];
};

static void read_driver(const struct back_slot *slot, struct driver_half *half)
{
	const struct ringlet_device_slot *shared = slot->shared;
	int i;

	half->seq = READ_ONCE(shared->seq);
	/* The driver writes its half first, then .seq. */
	smp_rmb();
	half->status = READ_ONCE(shared->driver_status);
	half->features = READ_ONCE(shared->driver_features);
	half->nr_queues = READ_ONCE(shared->nr_queues);
	half->region_pages = READ_ONCE(shared->region_pages);
	for (i = 0; i < RINGLET_REGION_DIRS; i++)
		half->dirs[i] = READ_ONCE(shared->region_dir[i]);
}

static void set_state(struct back_slot *slot, u32 state)
{
	WRITE_ONCE(slot->state, state);
	/* What the state announces first. */
	smp_wmb();
	WRITE_ONCE(slot->shared->state, state);
}

static void set_status(struct back_slot *slot, u32 status, int error)
{
	slot->status = status;
	slot->error = error < 0 ? -error : error;
	WRITE_ONCE(slot->shared->device_status, status);
	WRITE_ONCE(slot->shared->error, slot->error);
}

static void answer(struct back_slot *slot, u32 seq)
{
	slot->ack = seq;
	smp_wmb();
	WRITE_ONCE(slot->shared->ack, seq);
	back_area_notify(slot->dom);
}

static void stop(struct back_slot *slot)
{
	if (!slot->started)
		return;
	back_queues_stop(slot);
	slot->started = false;
	slot->dev.nr_queues = 0;
	back_region_unmap(slot);
}

static void reset(struct back_slot *slot)
{
	WRITE_ONCE(slot->given_up, true);
	stop(slot);
	WRITE_ONCE(slot->broken, false);
	slot->dev.driver_features = 0;
}

/* Map what the driver lends and let the queues run. */
static int start(struct back_slot *slot, const struct driver_half *half)
{
	struct back_device *dev = &slot->dev;
	int rc;

	if (!half->nr_queues || half->nr_queues > dev->max_queues) {
		back_warn(dev, "its driver wants %u queues, 1 to %u are possible", half->nr_queues,
			  dev->max_queues);
		return -EINVAL;
	}
	rc = back_region_map(slot, half->region_pages, half->dirs);
	if (rc)
		return rc;
	dev->nr_queues = half->nr_queues;
	rc = back_queues_start(slot);
	if (rc) {
		dev->nr_queues = 0;
		back_region_unmap(slot);
		return rc;
	}
	slot->started = true;
	return 0;
}

/* The driver asks whether its features suit. */
static bool features_fit(struct back_slot *slot, u64 features)
{
	u64 unknown = features & ~slot->dev.features;

	if (unknown)
		back_warn(&slot->dev, "its driver takes features %llx that are not offered",
			  unknown);
	else if (~features & BACK_FEATURES_MUST)
		back_warn(&slot->dev, "its driver does not take features %llx, which it must",
			  ~features & BACK_FEATURES_MUST);
	else
		return true;
	return false;
}

/* A new status, not 0. Sets our status. */
static void advance(struct back_slot *slot, const struct driver_half *half)
{
	u32 fresh = half->status & ~slot->status;
	int rc;

	if (slot->status & ~half->status & ~VIRTIO_CONFIG_S_NEEDS_RESET) {
		back_broken(&slot->dev, "its driver takes back status %x without a reset",
			    slot->status & ~half->status);
		return set_status(slot, slot->status | VIRTIO_CONFIG_S_NEEDS_RESET, EPROTO);
	}
	if (half->status & VIRTIO_CONFIG_S_FAILED) {
		stop(slot);
		return set_status(slot, half->status, 0);
	}
	if (fresh & VIRTIO_CONFIG_S_FEATURES_OK) {
		if (!features_fit(slot, half->features))
			return set_status(slot, half->status & ~(VIRTIO_CONFIG_S_FEATURES_OK |
								 VIRTIO_CONFIG_S_DRIVER_OK),
					  EINVAL);
		slot->dev.driver_features = half->features;
	}
	if (fresh & VIRTIO_CONFIG_S_DRIVER_OK) {
		rc = half->status & VIRTIO_CONFIG_S_FEATURES_OK ? start(slot, half) : -EPROTO;
		if (rc) {
			back_warn(&slot->dev, "cannot be started (%d)", rc);
			return set_status(slot, half->status | VIRTIO_CONFIG_S_NEEDS_RESET, rc);
		}
	}
	set_status(slot, half->status, 0);
}

static void let_go(struct back_slot *slot)
{
	reset(slot);
	back_slot_detach(slot);
	set_status(slot, 0, 0);
	WRITE_ONCE(slot->shared->ack, READ_ONCE(slot->shared->seq));
	set_state(slot, RINGLET_DEVICE_EMPTY);
	back_area_notify(slot->dom);
	back_slot_free(slot);
}

/*
 * Look whether the driver wants something. @slot may be gone afterwards, when it
 * was REMOVED and the driver has let go.
 */
void back_slot_act(struct back_slot *slot)
{
	struct driver_half half;

	if (slot->broken && !(slot->status & VIRTIO_CONFIG_S_NEEDS_RESET)) {
		/* The queues found something: tell. */
		set_status(slot, slot->status | VIRTIO_CONFIG_S_NEEDS_RESET, EPROTO);
		back_area_notify(slot->dom);
	}
	if (READ_ONCE(slot->shared->seq) == slot->ack)
		return;
	read_driver(slot, &half);
	if (slot->state == RINGLET_DEVICE_AWAY)
		return;		/* acted on when the back-end is back */
	slot->driver_status = half.status;
	if (slot->state == RINGLET_DEVICE_REMOVED && !half.status)
		return let_go(slot);
	if (!half.status) {
		reset(slot);
		set_status(slot, 0, 0);
	} else if (half.status != (slot->status & ~VIRTIO_CONFIG_S_NEEDS_RESET)) {
		if (slot->attached && !(slot->status & VIRTIO_CONFIG_S_NEEDS_RESET))
			advance(slot, &half);
	} else if (slot->attached && slot->dev.driver->ops->config_written) {
		slot->dev.driver->ops->config_written(&slot->dev);
	}
	answer(slot, half.seq);
}

/* The back-end is there, the driver may have gone on long ago: catch up with it. */
static void resume(struct back_slot *slot)
{
	struct driver_half half;

	set_state(slot, RINGLET_DEVICE_PRESENT);
	/* A driver that resets while we were AWAY: it sees PRESENT, or we its 0. */
	smp_mb();
	read_driver(slot, &half);
	slot->driver_status = half.status;
	slot->status = 0;
	half.status &= ~VIRTIO_CONFIG_S_NEEDS_RESET;
	/* Read after .seq: what is written from now on is announced by another one. */
	if (slot->dev.driver->ops->config_written)
		slot->dev.driver->ops->config_written(&slot->dev);
	if (!half.status) {
		reset(slot);
		set_status(slot, 0, 0);
	} else if (slot->broken) {
		set_status(slot, half.status | VIRTIO_CONFIG_S_NEEDS_RESET, EPROTO);
	} else {
		advance(slot, &half);
	}
	answer(slot, half.seq);
}

/* Whether byte @at of the config space is for the driver alone to write. */
static bool is_drivers(const struct back_driver *driver, unsigned int at)
{
	const struct back_range *range = driver->driver_config;

	for (; range && range->len; range++)
		if (at >= range->offset && at - range->offset < range->len)
			return true;
	return false;
}

/*
 * Copy the config space to the slot; but for the driver's fields, which are copied
 * from there, unless it is the first time (@all). With config_lock held.
 */
static void write_config(struct back_slot *slot, bool all)
{
	u8 *shared = slot->shared->config;
	struct back_device *dev = &slot->dev;
	unsigned int i;

	for (i = 0; i < sizeof(dev->config); i++)
		if (!all && is_drivers(dev->driver, i))
			dev->config[i] = READ_ONCE(shared[i]);
		else
			WRITE_ONCE(shared[i], dev->config[i]);
}

/*
 * Write all of our half but .state, and the config space. @fresh: no driver has seen
 * this device.
 */
static void publish(struct back_slot *slot, bool fresh)
{
	struct ringlet_device_slot *shared = slot->shared;
	struct back_device *dev = &slot->dev;

	mutex_lock(&slot->config_lock);
	WRITE_ONCE(shared->uid, slot->uid);
	WRITE_ONCE(shared->device_id, dev->driver->device_id);
	WRITE_ONCE(shared->config_size, dev->config_size);
	WRITE_ONCE(shared->features, dev->features);
	WRITE_ONCE(shared->max_queues, dev->max_queues);
	WRITE_ONCE(shared->max_queue_size, dev->queue_size);
	WRITE_ONCE(shared->max_region_pages, slot->args.region_pages);
	write_config(slot, fresh);
	slot->generation = (slot->generation + 2) & ~1U;
	smp_wmb();
	WRITE_ONCE(shared->config_generation, slot->generation);
	mutex_unlock(&slot->config_lock);
}

/*
 * Show an attached device to the driver for the first time. @reattach: it has seen
 * one there, left by a former core; then uid, generation and ack go on.
 */
int back_slot_plug(struct back_slot *slot, bool reattach)
{
	struct ringlet_device_slot *shared = slot->shared;

	slot->generation = READ_ONCE(shared->config_generation);
	if (reattach) {
		slot->uid = READ_ONCE(shared->uid);
		publish(slot, false);
		resume(slot);
		return 0;
	}
	do
		slot->uid = get_random_u32();
	while (!slot->uid || slot->uid == READ_ONCE(shared->uid));
	slot->ack = READ_ONCE(shared->seq);
	WRITE_ONCE(shared->ack, slot->ack);
	set_status(slot, 0, 0);
	publish(slot, true);
	set_state(slot, RINGLET_DEVICE_PRESENT);
	back_area_notify(slot->dom);
	return 0;
}

/* The kind's module is back: attached again. */
void back_slot_return(struct back_slot *slot)
{
	publish(slot, false);
	resume(slot);
}

/* The kind's module goes. A slot that is REMOVED stays so, for the driver to see. */
void back_slot_away(struct back_slot *slot)
{
	stop(slot);
	back_slot_detach(slot);
	if (slot->state != RINGLET_DEVICE_PRESENT)
		return;
	set_state(slot, RINGLET_DEVICE_AWAY);
	back_area_notify(slot->dom);
}

/*
 * Unplug. @slot may be gone afterwards: if the driver does not use it. @force: let
 * go of backing and region whether the driver does or not.
 */
void back_slot_remove(struct back_slot *slot, bool force)
{
	if (slot->state == RINGLET_DEVICE_AWAY)
		force = true;
	if (slot->state != RINGLET_DEVICE_REMOVED)
		set_state(slot, RINGLET_DEVICE_REMOVED);
	if (force) {
		WRITE_ONCE(slot->given_up, true);
		stop(slot);
		back_slot_detach(slot);
		if (slot->file)
			fput(slot->file);
		slot->file = NULL;
	}
	/* The driver sees REMOVED, or we its status. */
	smp_mb();
	slot->driver_status = READ_ONCE(slot->shared->driver_status);
	if (!slot->driver_status)
		return let_go(slot);
	back_area_notify(slot->dom);
}

void back_slot_free(struct back_slot *slot)
{
	struct back_domain *dom = slot->dom;

	dom->slots[slot->dev.slot] = NULL;
	dom->nr_slots--;
	if (slot->file)
		fput(slot->file);
	back_pages_drop(slot);
	kfree(slot);
	wake_up_all(&dom->gone);
}

/**
 * back_config_changed() - publish the config space anew and tell the driver
 * @dev: its config was changed
 *
 * Between attach and detach, also outside of the ops. May sleep. Fields that only
 * the driver writes stay as they are, and are copied to @dev->config.
 */
void back_config_changed(struct back_device *dev)
{
	struct back_slot *slot = to_slot(dev);
	struct ringlet_device_slot *shared = slot->shared;

	if (READ_ONCE(slot->state) != RINGLET_DEVICE_PRESENT)
		return;		/* publish() will */
	mutex_lock(&slot->config_lock);
	WRITE_ONCE(shared->config_generation, slot->generation + 1);
	smp_wmb();
	write_config(slot, false);
	slot->generation += 2;
	smp_wmb();
	WRITE_ONCE(shared->config_generation, slot->generation);
	mutex_unlock(&slot->config_lock);
	back_area_notify(slot->dom);
}
EXPORT_SYMBOL_GPL(back_config_changed);

/**
 * back_config_read() - copy what the driver wrote in its config space
 * @dev: the device
 * @offset: in the config space
 * @buf: where to
 * @len: bytes
 */
void back_config_read(struct back_device *dev, unsigned int offset, void *buf, unsigned int len)
{
	const u8 *config = to_slot(dev)->shared->config;
	unsigned int i;

	if (WARN_ON(offset > RINGLET_CONFIG_SIZE || len > RINGLET_CONFIG_SIZE - offset))
		return;
	for (i = 0; i < len; i++)
		((u8 *)buf)[i] = READ_ONCE(config[offset + i]);
}
EXPORT_SYMBOL_GPL(back_config_read);

/**
 * back_broken() - the driver broke a rule: stop its queues, ask for a reset
 * @dev: the device
 * @why: for the log, a format without the end of line
 */
void back_broken(struct back_device *dev, const char *why, ...)
{
	struct back_slot *slot = to_slot(dev);
	struct va_format vaf;
	va_list args;

	if (xchg(&slot->broken, true))
		return;
	va_start(args, why);
	vaf.fmt = why;
	vaf.va = &args;
	back_warn(dev, "%pV; the device needs a reset", &vaf);
	va_end(args);
	queue_work(back_wq, &slot->dom->work);
}
EXPORT_SYMBOL_GPL(back_broken);

/**
 * back_is_broken() - whether back_broken() was called since the last reset
 * @dev: the device
 */
bool back_is_broken(const struct back_device *dev)
{
	return READ_ONCE(to_slot(dev)->broken);
}
EXPORT_SYMBOL_GPL(back_is_broken);

/**
 * back_is_given_up() - whether nobody waits for the answers of a device that stops
 * @dev: the device
 */
bool back_is_given_up(const struct back_device *dev)
{
	return READ_ONCE(to_slot(dev)->given_up);
}
EXPORT_SYMBOL_GPL(back_is_given_up);
