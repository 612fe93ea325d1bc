/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the core share. Nothing else includes this.
 *
 * Locks, outermost first:
 *	back_drivers_sem	the list of kinds; read: a kind in use stays
 *	back_domains_lock	the list of domains
 *	back_domain.lock	a domain: its area, slots, handshakes, start and stop
 *	back_slot.config_lock	the config space
 *	back_queue.used_lock	the used ring; interrupts off
 *	back_queue.bounce_lock	its bounce page; interrupts off
 *	back_slot.pages_lock	spare pages; interrupts off
 */
#ifndef RINGLET_BACK_INTERNAL_H
#define RINGLET_BACK_INTERNAL_H

#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/vhost_iotlb.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <uapi/linux/virtio_config.h>

#include "back.h"

#define BACK_FEATURES                                                                              \
	(1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_ACCESS_PLATFORM |                          \
	 1ULL << VIRTIO_RING_F_EVENT_IDX | 1ULL << VIRTIO_RING_F_INDIRECT_DESC)
#define BACK_FEATURES_MUST (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_ACCESS_PLATFORM)
#define BACK_MAX_QUEUE_SIZE 1024

struct back_queue {
	/* constant from start to stop */
	struct back_slot *slot;
	unsigned int index;
	unsigned int size;
	int irq;			/* of the port; 0: the queue is not in use */
	struct task_struct *thread;	/* NULL: the kind has no process */
	void *priv;			/* the kind's */
	const __le16 *avail_idx;	/* in the region */
	/* the thread's (or the kind's, see back.h) */
	struct vringh avail;
	spinlock_t avail_lock;		/* never contended: vringh wants one */
	bool drained;			/* the last back_next said 0 */
	u64 taken, eoi_taken;		/* chains, ever; at the last EOI */
	/* guarded by used_lock */
	spinlock_t used_lock;
	struct vringh used;
	spinlock_t used_iotlb_lock;	/* as avail_lock */
	u16 used_idx;			/* also read without: moves before the ring's does */
	u64 notify_out;
	struct work_struct notify_work;	/* not guarded: for answers from interrupts */
	/* guarded by bounce_lock */
	spinlock_t bounce_lock;
	void *bounce;			/* a page, for copies to and from grants */

	atomic_t in_flight;		/* chains taken, not answered */
	atomic_t own_pages;		/* of back_page_alloc */
	unsigned long flags;		/* BACK_Q_* */
	u64 notify_in;			/* the interrupt's */
	u16 kicked_idx;			/* likewise: the available index at the last one */
	atomic64_t copies, copied;
	atomic64_t counters[BACK_COUNTERS];
};

#define BACK_Q_KICKED	0	/* the thread shall run */
#define BACK_Q_EOI	1	/* ... and end the interrupt */

/* The pages a driver lends. */
struct back_region {
	u32 nr;
	u32 ranges;
	struct page **pages;		/* in the order of the region */
	grant_handle_t *handles;
	unsigned long *readonly;	/* a bit a page: a write there would fault */
	struct vhost_iotlb *iotlb;	/* constant while queues run */
};

struct back_totals {
	u64 requests, notify_in, notify_out, copies, copied, maps;
	u64 counters[BACK_COUNTERS];
};

/* A slot in use. guarded by: dom->lock, but for what says otherwise. */
struct back_slot {
	struct back_device dev;
	struct back_domain *dom;	/* constant */
	struct ringlet_back_attach args;	/* constant; to attach again */
	struct file *file;		/* constant; may be NULL */
	struct ringlet_device_slot *shared;	/* in the area */
	u32 state, uid;			/* as we last wrote them */
	u32 status;			/* .device_status as we last wrote it */
	u32 driver_status;		/* as we last read it */
	u32 ack, error;
	struct mutex config_lock;	/* dev.config as it is published, generation */
	u32 generation;			/* guarded by: config_lock */
	bool attached;			/* between ops->attach and ops->detach */
	bool started;			/* queues exist */
	bool closed;			/* read without lock: nothing may be taken */
	bool given_up;			/* likewise: nobody waits for answers */
	bool broken;			/* read without lock */
	struct back_region region;
	struct back_queue *queues;	/* dev.nr_queues of them */
	wait_queue_head_t drained;
	struct back_totals totals;	/* of queues that are gone */
	spinlock_t pages_lock;
	struct list_head spare;		/* guarded by: pages_lock */
	unsigned int nr_spare;		/* guarded by: pages_lock */
};

struct back_domain {
	struct list_head list;		/* guarded by: back_domains_lock */
	struct kref ref;		/* the list's and users' */
	domid_t domid;			/* constant */
	struct mutex lock;
	/* guarded by lock */
	u32 pages;			/* of the area; 0: not mapped */
	struct page *area[RINGLET_DEVICES_MAX_PAGES];
	grant_handle_t handles[RINGLET_DEVICES_MAX_PAGES];
	int irq;			/* control port */
	struct back_slot *slots[RINGLET_DEVICES_SLOTS(RINGLET_DEVICES_MAX_PAGES) + 1];
	unsigned int nr_slots;		/* in use */
	/* not guarded */
	struct work_struct work;	/* look at all slots */
	wait_queue_head_t gone;		/* a slot became free */
};

#define back_domain_warn(dom, fmt, ...)                                                            \
	pr_warn_ratelimited("ringlet-back: domain %u: " fmt "\n", (dom)->domid, ##__VA_ARGS__)

static inline struct back_slot *to_slot(const struct back_device *dev)
{
	return container_of(dev, struct back_slot, dev);
}

/* core.c */
extern struct rw_semaphore back_drivers_sem;
extern struct workqueue_struct *back_wq;
extern const struct back_driver back_nobody;
const struct back_driver *back_driver_find(u32 device_id);
struct back_slot *back_slot_alloc(struct back_domain *dom, u32 index,
				  const struct ringlet_back_attach *args);
int back_slot_attach(struct back_slot *slot);
void back_slot_detach(struct back_slot *slot);
struct back_domain *back_domain_get(domid_t domid, bool make);
struct back_domain *back_domain_next(u32 domid);
void back_domain_put(struct back_domain *dom);
void back_domain_unlink_if_idle(struct back_domain *dom);

/* area.c: all with dom->lock held */
int back_area_map(struct back_domain *dom);
void back_area_unmap(struct back_domain *dom);
struct ringlet_device_slot *back_area_slot(struct back_domain *dom, u32 index);
u32 back_area_slots(const struct back_domain *dom);
void back_area_notify(struct back_domain *dom);

/* slot.c: all with dom->lock held */
int back_slot_plug(struct back_slot *slot, bool reattach);
void back_slot_return(struct back_slot *slot);
void back_slot_away(struct back_slot *slot);
void back_slot_remove(struct back_slot *slot, bool force);
void back_slot_act(struct back_slot *slot);
void back_slot_free(struct back_slot *slot);

/* region.c */
int back_region_map(struct back_slot *slot, u32 nr, const u32 *dirs);
void back_region_unmap(struct back_slot *slot);
/*
 * Where @len bytes from @addr are, to be read or, with @write, written, or NULL; *@len
 * may be cut at the page's end.
 */
void *back_region_at(const struct back_region *region, u64 addr, size_t *len, bool write);
bool back_region_covers(const struct back_region *region, u64 addr, u64 len, bool write);

/* queue.c */
int back_queues_start(struct back_slot *slot);
void back_queues_stop(struct back_slot *slot);
void back_queues_totals(const struct back_slot *slot, struct back_totals *totals);
int back_bind_port(domid_t domid, u32 port, irq_handler_t handler, const char *name, void *data);

/* ring.c */
void back_notify_work(struct work_struct *work);

/* chain.c */
void back_pages_drop(struct back_slot *slot);

/* control.c */
extern struct miscdevice back_misc;

#endif
