/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio_ringlet: a virtio transport over granted pages and event channels. The
 * contract with the back-end is hypercall-abi/virtio.h.
 *
 *	area.c		the device area, its control port, who is in which slot
 *	device.c	a device: checked, registered, let go
 *	handshake.c	what we tell the back-end, and waiting for its answer
 *	transport.c	what virtio drivers call: status, features, config, queues
 *	notify.c	telling the back-end of requests, and who runs then
 *	region.c	the pages we lend, and the allocator of the pool in them
 *	dma.c		how buffers get there: copied through the pool, or granted
 *	lost.c		block requests that no back-end will answer
 *
 * The back-end is not trusted. Everything it can write is read once, checked and
 * then used from our copy; nothing waits for it without a limit; what it lies
 * about costs its device, no more (Documentation/virtio-devices.rst has the list).
 *
 * Locks, outermost first:
 *	front_area.lock		which device is in which slot
 *	front_device.lock	the handshake: one at a time. Never taken under
 *				area.lock: the one who waits needs the control port
 *	front_device.queues_lock	find and delete queues, or walk them
 *	front_device.config_lock, front_region.lock	spin locks, innermost
 */
#ifndef VIRTIO_RINGLET_FRONT_H
#define VIRTIO_RINGLET_FRONT_H

#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <xen/grant_table.h>
#include <xen/interface/event_channel.h>

#include <ringlet/virtio.h>

#define FRONT_MAX_SLOTS		RINGLET_DEVICES_SLOTS(RINGLET_DEVICES_MAX_PAGES)

struct front_device;

/* The one device area of this domain. */
struct front_area {
	struct device dev;		/* /sys/devices/ringlet */
	struct ringlet_device_slot *slots;	/* shared; the header first */
	u32 nr_slots;			/* without the header */
	u64 gfn;			/* of the first page */
	domid_t backend;
	evtchn_port_t port;
	int irq;			/* of the control port */
	u32 *give_way;			/* each CPU's own word (ringlet.h, vcpu_page), or NULL */
	wait_queue_head_t wait;		/* for answers; woken by the control port */
	struct workqueue_struct *plug_wq;	/* ordered: vda is in the first slot */
	struct workqueue_struct *wq;
	struct work_struct rescan;
	struct notifier_block bus_nb;
	typeof(((struct device *)0)->bus) bus;	/* virtio's, once watched; plug_wq's */
	atomic_long_t kept;		/* pages that a back-end did not let go */
	atomic_t live;			/* struct front_device that exist */

	struct mutex lock;
	/* guarded by lock */
	bool closing;
	struct front_device *devices[FRONT_MAX_SLOTS + 1];
};

/* front_device.flags */
enum {
	FRONT_REGISTERED,	/* vdev is with the virtio bus */
	FRONT_LEAVING,		/* it is being taken from there */
	FRONT_FORGOTTEN,	/* the slot is no longer ours: never write it again */
	FRONT_BROKEN,		/* no I/O any more; said so */
	FRONT_LENT,		/* the back-end may have mapped the region */
	FRONT_LOSING,		/* lost.c is to give up on the back-end */
	FRONT_LOST,		/* requests have been ended by lost.c, there are no more */
};

/* notify.c: how many buffers a notification is for. */
struct front_batch {
	u16 avail;		/* index at the last notification */
	u16 left;		/* notifications until gives_way is chosen anew */
	u32 made;		/* buffers since it was */
	bool gives_way;
};

/* A pair of rings and their event channel. */
struct front_queue {
	struct virtqueue *vq;
	struct front_device *fd;
	evtchn_port_t port;
	int irq;
	u16 seen;		/* used index at the last interrupt; the handler's */
	struct front_batch batch;
	bool spread;		/* has a mask of its own */
	struct cpumask mask;
	char name[48];		/* in /proc/interrupts */
};

struct front_device {
	struct front_area *area;
	u32 index;			/* of the slot */
	struct ringlet_device_slot *slot;	/* shared */
	struct device dev;		/* parent of vdev; has the DMA operations */
	u64 dma_mask;
	struct virtio_device vdev;
	unsigned long flags;		/* FRONT_* */
	u32 state;			/* PRESENT or AWAY, as last seen; guarded by:
					 * area.lock, constant once it leaves */
	bool leaves;			/* unplug is queued; guarded by: area.lock */
	struct work_struct plug, unplug;
	struct delayed_work lost;
	u32 answers;			/* buffers that came back; may miss some of two CPUs */
	u32 lost_answers;		/* when lost.c began to wait, */
	unsigned long lost_delay;	/* and how long for the next one, in jiffies */

	/* what the back-end said when it was plugged; constant */
	u32 uid;
	u32 config_size;
	u64 features;
	u32 max_queues, max_queue_size, max_region_pages;

	struct mutex lock;
	/* guarded by lock; status and awaited are also read without */
	u32 seq;
	u32 status;			/* what the driver set and the device kept */
	u32 awaited;			/* the seq somebody waits for, or 0 */
	bool silent;			/* it owes an answer: no more patience */

	spinlock_t config_lock;
	/* guarded by config_lock */
	u8 config[RINGLET_CONFIG_SIZE];	/* our copy */
	u32 generation;			/* the back-end's, of the copy */
	u32 copies;			/* taken so far: what drivers see as generation */

	struct mutex queues_lock;
	/* guarded by queues_lock; constant while a driver uses the device */
	struct front_queue *queues;
	u32 nr_queues;
	struct front_region *region;
};

static inline struct front_device *front_of_vdev(struct virtio_device *vdev)
{
	return container_of(vdev, struct front_device, vdev);
}

static inline struct front_device *front_of_dev(struct device *dev)
{
	return container_of(dev, struct front_device, dev);
}

static inline bool front_is_block(const struct front_device *fd)
{
	return fd->vdev.id.device == VIRTIO_ID_BLOCK;
}

#undef pr_fmt
#define pr_fmt(fmt)	KBUILD_MODNAME ": " fmt

/* Messages before there is a struct device to name. */
#define front_err(fd, fmt, ...)                                                \
	pr_err("slot %u: " fmt "\n", (fd)->index, ##__VA_ARGS__)
#define front_warn(fd, fmt, ...)                                               \
	pr_warn_ratelimited("slot %u: " fmt "\n", (fd)->index, \
			    ##__VA_ARGS__)
#define front_info(fd, fmt, ...)                                               \
	pr_info_ratelimited("slot %u: " fmt "\n", (fd)->index, \
			    ##__VA_ARGS__)

/* area.c */
void front_area_notify(const struct front_area *area);
void front_area_rescan(struct front_area *area);
void front_area_vacate(struct front_device *fd);

/* device.c */
struct front_device *front_device_create(struct front_area *area, u32 index,
					 u32 uid);
void front_device_leave(struct front_device *fd);
void front_device_broken(struct front_device *fd, const char *why, int error);
extern const struct device_type front_device_type;

/* handshake.c */
enum front_answer {
	FRONT_ANSWERED,
	FRONT_AWAY,		/* the back-end is away: a reset is complete */
	FRONT_GONE,		/* the device is unplugged */
	FRONT_SILENT,		/* no answer within the limit */
};

bool front_slot_is_ours(const struct front_device *fd);
enum front_answer front_say(struct front_device *fd, u32 status);
enum front_answer front_reset(struct front_device *fd);
bool front_config_take(struct front_device *fd);
bool front_config_await(struct front_device *fd);

/* transport.c */
extern const struct virtio_config_ops front_config_ops;
void front_queues_poke(struct front_device *fd);

/* notify.c */
void front_notify(struct front_queue *q);

/* dma.c */
extern const struct dma_map_ops front_dma_ops;
bool front_dma_mapped(struct front_region *r, dma_addr_t addr, u32 size);

/* lost.c */
void front_lost_work(struct work_struct *work);
void front_lost_begin(struct front_device *fd, unsigned long delay);

/* region.c */

/* No buffer is smaller; a page is made of 8. */
#define FRONT_GRANULE		512

struct front_buffer {
	phys_addr_t phys;	/* what it stands for; 0: nothing (coherent) */
	u32 size;
};

struct front_region {
	struct front_device *fd;
	u32 nr_pages;
	struct page **pages;
	grant_ref_t *refs;
	unsigned long *readonly;	/* a bit a page: lent so. Set before it is lent */
	struct page **spares;	/* NULL, or what front_region_seize() puts there */
	u8 *base;		/* all pages, in a row */
	u32 nr_dirs;
	struct page *dirs[RINGLET_REGION_DIRS];
	grant_ref_t dir_refs[RINGLET_REGION_DIRS];
	u32 granules;		/* of the region */
	u32 small_end;		/* below: for buffers smaller than a page only */

	spinlock_t lock;
	/* guarded by lock */
	unsigned long *used;	/* a bit a granule */
	u32 small_hint, large_hint;
	/* of a buffer's granules: written by who allocated it */
	u32 *first;		/* its first granule; ~0: free */
	struct front_buffer *buffers;	/* at its first granule */

	struct xarray direct;	/* first reference -> first page; see dma.c */
};

#define FRONT_NO_OFFSET		(~0U)

struct front_region *front_region_create(struct front_device *fd, u32 pages);
void front_region_readonly(struct front_region *r, u32 start, u32 end);
int front_region_spare(struct front_region *r, u32 start, u32 end);
void front_region_lend(struct front_region *r);
bool front_region_seize(struct front_region *r);
void front_region_free(struct front_region *r);
u32 front_region_limit(const struct front_device *fd);
u32 front_pool_alloc(struct front_region *r, size_t size, phys_addr_t phys);
const struct front_buffer *front_pool_find(struct front_region *r, u32 offset,
					   u32 *start);
void front_pool_free(struct front_region *r, u32 offset);

#endif
