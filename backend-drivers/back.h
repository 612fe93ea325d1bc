/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The door of ringlet_back: what the core gives to back-ends of a device kind.
 *
 * A kind registers a struct back_driver. The core owns the device areas, the
 * handshake, regions, rings, ports and a thread a queue; the kind owns the
 * backing and the requests. Calls of ops come from the core, one at a time for a
 * device (under its domain's mutex), except process and kick.
 *
 *	attach -> [ start -> process ... -> stop ]* -> detach
 *
 * A request is a chain: back_next() takes it, back_complete() answers it. Every
 * chain that was taken must be answered (or given back by back_ungive()) before
 * stop returns: a back-end that comes back goes on from the used index.
 *
 * Everything behind a chain is the guest's: copied once, then checked.
 * back_next and what works on kiovs is for the queue's process (or anything
 * that the kind serialises with it itself); back_complete, back_notify,
 * back_copy_run and back_count may be called in any context, interrupts included.
 */
#ifndef RINGLET_BACK_H
#define RINGLET_BACK_H

#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/vringh.h>
#include <ringlet/virtio.h>
#include <xen/interface/grant_table.h>

#include "ringlet-back.h"

struct back_device;
struct back_queue;

/**
 * struct back_ops - what a kind of device does
 * @attach: check @args, open the backing (@file, or NULL: it may keep it with
 *	get_file()), set features, config, config_size, max_queues of @dev. The
 *	features ACCESS_PLATFORM, VERSION_1, RING_EVENT_IDX and RING_INDIRECT_DESC
 *	are added by the core. Called again, with the same arguments, when a kind's
 *	module comes back. May sleep.
 * @detach: undo attach. The device is stopped.
 * @start: queues are set up; back_next works from here on. An error is shown to
 *	the driver (NEEDS_RESET). Optional.
 * @stop: begin nothing new, finish what was begun. The core has stopped the
 *	threads; when it returns every chain taken is answered. Optional: the core
 *	waits for chains in flight after it anyhow.
 * @process: the driver may have made buffers available in @q: take and handle
 *	them until back_next() says 0. Runs in the queue's thread, may sleep.
 *	Returns true if there may be more to do (it is called again, after other
 *	threads had their turn). If it returns false before back_next() said 0, it
 *	waits for its backing: notifications stay off, the next call comes by
 *	back_wake(). A kind that has no process gets no thread: it has kick.
 * @kick: the same news, straight from the interrupt: must not sleep. Optional.
 *	Returns true if the thread shall run too.
 * @config_written: look at the fields that the driver may write (driver_config of
 *	the kind), by back_config_read(): it incremented .seq without a change of its
 *	status, or the device returns after an absence. Optional.
 * @resize: the backing may have another size: set config, back_config_changed(),
 *	and return the size in bytes. Optional.
 * @reopen: ATTACH with REATTACH for a device that is attached: take another backing,
 *	@file, in place of one that is gone. The device may run. Optional: then such
 *	an ATTACH is EBUSY.
 * @info: fill what the core does not know (bytes, name). Optional.
 */
struct back_ops {
	int (*attach)(struct back_device *dev, const struct ringlet_back_attach *args,
		      struct file *file);
	void (*detach)(struct back_device *dev);
	int (*start)(struct back_device *dev);
	void (*stop)(struct back_device *dev);
	bool (*process)(struct back_queue *q);
	bool (*kick)(struct back_queue *q);
	void (*config_written)(struct back_device *dev);
	s64 (*resize)(struct back_device *dev);
	int (*reopen)(struct back_device *dev, const struct ringlet_back_attach *args,
		      struct file *file);
	void (*info)(struct back_device *dev, struct ringlet_back_info *info);
};

/* A part of the config space. */
struct back_range {
	u8 offset, len;
};

/**
 * struct back_driver - a kind of device
 * @name: for messages and threads, short ("blk")
 * @device_id: of virtio 1.2, section 5
 * @max_queues: most virtqueues of a device; what an attach without queues gets
 *	is up to attach
 * @queue_size: default entries of a queue
 * @region_pages: default of the most pages of a region
 * @driver_config: what only the driver writes in the config space, the last one of
 *	length 0; or NULL. What attach sets there is shown when the device is plugged,
 *	and never written again: it is the driver's also over an absence.
 */
struct back_driver {
	const char *name;
	u32 device_id;
	u32 max_queues;
	u32 queue_size;
	u32 region_pages;
	const struct back_range *driver_config;
	const struct back_ops *ops;
	struct module *owner;
	struct list_head list;		/* the core's */
};

int back_register(struct back_driver *driver);
void back_unregister(struct back_driver *driver);

/**
 * struct back_device - what a kind sees of a device
 * @driver: its kind
 * @priv: the kind's own
 * @domid: of the driver's domain
 * @slot: in its device area
 * @flags: RINGLET_BACK_READONLY, _DIRECT, _MAC_FILTER, as attached
 * @features: offered; set by attach, then constant
 * @max_queues: virtqueues; set by attach, else the kind's max_queues
 * @queue_size: most entries of a queue, as attached (attach may lower it)
 * @config_size: bytes of config
 * @config: our copy of the config space; change it, then back_config_changed(). Of
 *	the driver's fields it has what was there then: not checked
 * @driver_features: what the driver took; valid from start to stop
 * @nr_queues: entries of the queue table; valid from start to stop
 */
struct back_device {
	const struct back_driver *driver;
	void *priv;
	domid_t domid;
	u32 slot;
	u32 flags;
	u64 features;
	u32 max_queues;
	u32 queue_size;
	u32 config_size;
	u8 config[RINGLET_CONFIG_SIZE];
	u64 driver_features;
	u32 nr_queues;
};

static inline bool back_has_feature(const struct back_device *dev, unsigned int bit)
{
	return dev->driver_features & (1ULL << bit);
}

/* Queue @index of a started device; NULL if the driver does not use it. */
struct back_queue *back_queue(struct back_device *dev, unsigned int index);
struct back_device *back_queue_device(const struct back_queue *q);
unsigned int back_queue_index(const struct back_queue *q);
unsigned int back_queue_size(const struct back_queue *q);
/* The kind's own pointer of a queue, NULL at start. */
void *back_queue_priv(const struct back_queue *q);
void back_queue_set_priv(struct back_queue *q, void *priv);

/* Have process called soon: new work for this queue from the backing's side. */
void back_wake(struct back_queue *q);

/* In stop: wait until every chain that was taken is answered. */
void back_drain(struct back_device *dev);

/* Publish @dev->config: generation, copy, news to the driver. May sleep. */
void back_config_changed(struct back_device *dev);
/* Copy what the driver wrote in its config space, once. */
void back_config_read(struct back_device *dev, unsigned int offset, void *buf, unsigned int len);
/* The driver broke a rule: NEEDS_RESET; queues stop. One line in the log. Any context. */
__printf(2, 3) void back_broken(struct back_device *dev, const char *why, ...);
bool back_is_broken(const struct back_device *dev);
/*
 * The device stops because its driver resets it, or is not asked any more: what takes
 * long need not be done. Still, all chains are to be answered.
 */
bool back_is_given_up(const struct back_device *dev);

/**
 * struct back_chain - a chain of descriptors; reusable, also for many requests
 * @head: for back_complete
 * @in: device-readable parts; @out: device-writable parts. Elements hold
 *	addresses as the driver wrote them: not pointers, not checked. Lengths are
 *	any 32-bit value, 0 included.
 */
struct back_chain {
	u16 head;
	struct vringh_kiov in, out;
};

void back_chain_init(struct back_chain *c);
void back_chain_free(struct back_chain *c);

/*
 * Take the next chain: 1, or 0: there is none (notifications are as
 * back_notify_enable left them), or an error: the ring is not valid, the device
 * is marked broken. -ESHUTDOWN: it stops or is broken.
 */
int back_next(struct back_queue *q, struct back_chain *c);
/* How many could be taken now, or a negative error; also in start. */
int back_available(struct back_queue *q);
/* Give back the last @n chains that were taken and not answered, newest first. */
void back_ungive(struct back_queue *q, unsigned int n);
/* Answer: @len bytes were written to the writable part. */
void back_complete(struct back_queue *q, u16 head, u32 len);
/*
 * Answer the @n chains of @used (little-endian, as in the ring) with one step of
 * the used index: the driver sees all of them or none.
 */
void back_complete_many(struct back_queue *q, const struct vring_used_elem *used, unsigned int n);
/*
 * Answer and notify at once: the way for contexts other than process, where the
 * queue may go away as soon as its last chain is answered. (Or hold rcu_read_lock
 * over the completes and the notify.)
 */
void back_answer(struct back_queue *q, u16 head, u32 len);
/* Send a used-buffer notification if the driver wants one: after some completes. */
void back_notify(struct back_queue *q);
/*
 * Available-buffer notifications. The thread enables them when process says
 * false; enable returns false if there are buffers already (go on, then).
 * For kinds without a thread, and to keep silent while there is no room.
 */
bool back_notify_enable(struct back_queue *q);
void back_notify_disable(struct back_queue *q);

/* Bytes that remain. */
u64 back_iov_length(const struct vringh_kiov *iov);
/*
 * Copy @len bytes from, or to, what remains, and advance; either kind of address.
 * Bytes copied (less than @len: there are no more), or -EFAULT: an address is
 * not valid. May need a hypercall if the address is a grant's.
 */
ssize_t back_pull(struct back_queue *q, struct vringh_kiov *in, void *dst, size_t len);
ssize_t back_push(struct back_queue *q, struct vringh_kiov *out, const void *src, size_t len);

/* Write to one address as a descriptor has it, in any context. 0 or -EFAULT. */
int back_write(struct back_queue *q, u64 addr, const void *src, size_t len);

/* More operations than any request of @max_bytes needs. */
#define BACK_MAX_PAGES(bytes)	(((bytes) >> PAGE_SHIFT) + 2)

/**
 * struct back_buf - a part of a chain as pages
 * @bvec: the pages, in order: of the region, or our own that stand for granted ones
 * @nr: of them
 * @max: room in @bvec
 * @len: bytes
 * @copy: operations for granted parts, made by back_map, done by back_copy_run;
 *	room for @max, allocated on demand
 * @nr_copy: of them; 0: the buffer is all region, nothing to copy
 */
struct back_buf {
	struct bio_vec *bvec;
	unsigned int nr, max;
	size_t len;
	struct gnttab_copy *copy;
	unsigned int nr_copy;
};

/* The most pieces that back_map makes of the next @len bytes. */
unsigned int back_iov_pieces(const struct vringh_kiov *iov, size_t len);
/* Have room for @max pieces; what is in the buffer is lost. */
int back_buf_alloc(struct back_buf *buf, unsigned int max, gfp_t gfp);
void back_buf_free(struct back_buf *buf);

/*
 * Turn the next @len bytes of @iov into pages, and advance. @to_driver: the pages
 * will be written (granted ones are copied out then). 0, -EFAULT: an address is
 * not valid or there are fewer bytes, -E2BIG: more than @max pieces, -ENOMEM,
 * -EAGAIN: granted parts need more pages than the queue may have at a time, wait
 * until others are answered. back_unmap when done, also after a failure.
 */
int back_map(struct back_queue *q, struct vringh_kiov *iov, size_t len, bool to_driver,
	     struct back_buf *buf);
/*
 * Copy granted parts: from the driver before the data is used, to it when they
 * are filled. At most @len bytes from the start of the buffer. 0 or -EFAULT.
 */
int back_copy_run(struct back_queue *q, struct back_buf *buf, size_t len);
void back_unmap(struct back_queue *q, struct back_buf *buf);

/* Pages of our own, counted for the queue: an error pointer, -EAGAIN as above. */
struct page *back_page_alloc(struct back_queue *q);
void back_page_free(struct back_queue *q, struct page *page);

/* Counters of INFO that only the kind knows. */
enum back_counter { BACK_BYTES_IN, BACK_BYTES_OUT, BACK_ERRORS, BACK_COUNTERS };
void back_count(struct back_queue *q, enum back_counter counter, u64 n);

/* Messages that name domain, slot and kind. */
#define back_warn(dev, fmt, ...)                                                                   \
	pr_warn_ratelimited("ringlet-back: domain %u, slot %u (%s): " fmt "\n", (dev)->domid,     \
			    (dev)->slot, (dev)->driver->name, ##__VA_ARGS__)
#define back_info(dev, fmt, ...)                                                                   \
	pr_info("ringlet-back: domain %u, slot %u (%s): " fmt "\n", (dev)->domid, (dev)->slot,    \
		(dev)->driver->name, ##__VA_ARGS__)

#endif
