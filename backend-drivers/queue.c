// SPDX-License-Identifier: GPL-2.0
/*
 * Queues: rings by vringh, a port and a thread each.
 *
 * A queue has two vringhs on the same rings, one for what is available and one for
 * what is used, with a lock each: chains are taken by the thread while answers come
 * from interrupts. Nothing they share changes from start to stop. (vringh's own
 * lock around the iotlb is a spinlock that leaves interrupts on, so one for both
 * would not do.)
 *
 * What may be in flight is bounded by the ring: a chain is only taken while the
 * available index is at most the queue's size ahead of the used index that we
 * published, which an index that jumps, or a head offered twice, breaks.
 *
 * Stopping: closed is set, the thread ends, the kind finishes what it has, the
 * last answer is awaited; only then ports and rings go. Those who answer in
 * another context are in an RCU read section, for which the stop waits too.
 */
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <uapi/linux/virtio_config.h>
#include <xen/events.h>

#include "internal.h"

/*
 * Linux closes a port that it could not bind, but not if that failed early: close it if
 * it is still what was made. Another one cannot be at the same end.
 */
static void close_unbound(u32 local, domid_t domid, u32 port)
{
	struct evtchn_status status = { .dom = DOMID_SELF, .port = local };
	struct evtchn_close close = { .port = local };

	if (!HYPERVISOR_event_channel_op(EVTCHNOP_status, &status) &&
	    status.status == EVTCHNSTAT_interdomain &&
	    status.u.interdomain.dom == domid && status.u.interdomain.port == port)
		HYPERVISOR_event_channel_op(EVTCHNOP_close, &close);
}

/* Bind @port of @domid: the irq, or an error. */
int back_bind_port(domid_t domid, u32 port, irq_handler_t handler, const char *name, void *data)
{
	struct evtchn_bind_interdomain bind = { .remote_dom = domid, .remote_port = port };
	int rc;

	rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind);
	if (rc)
		return rc;
	rc = bind_evtchn_to_irqhandler_lateeoi(bind.local_port, handler, 0, name, data);
	if (rc <= 0)
		close_unbound(bind.local_port, domid, port);
	return rc ?: -EINVAL;
}

static bool may_take(const struct back_queue *q)
{
	return !READ_ONCE(q->slot->closed) && !READ_ONCE(q->slot->broken);
}

/*
 * How to end an interrupt that no thread handles. A notification follows new
 * buffers: one that finds the available index where the last one did is for
 * nothing, and further ones like it may come later and later.
 */
static unsigned int kick_eoi(struct back_queue *q)
{
	u16 index = le16_to_cpu(READ_ONCE(*q->avail_idx));
	bool spurious = index == q->kicked_idx;

	q->kicked_idx = index;
	return spurious ? XEN_EOI_FLAG_SPURIOUS : 0;
}

static irqreturn_t queue_interrupt(int irq, void *data)
{
	struct back_queue *q = data;
	const struct back_ops *ops = q->slot->dev.driver->ops;

	q->notify_in++;
	if (!may_take(q)) {
		xen_irq_lateeoi(irq, XEN_EOI_FLAG_SPURIOUS);
		return IRQ_HANDLED;
	}
	if ((ops->kick && !ops->kick(q)) || !q->thread) {
		xen_irq_lateeoi(irq, kick_eoi(q));
		return IRQ_HANDLED;
	}
	set_bit(BACK_Q_EOI, &q->flags);
	back_wake(q);
	return IRQ_HANDLED;
}

/**
 * back_wake() - have process called soon
 * @q: the queue; any context
 */
void back_wake(struct back_queue *q)
{
	if (!test_and_set_bit(BACK_Q_KICKED, &q->flags) && q->thread)
		wake_up_process(q->thread);
}
EXPORT_SYMBOL_GPL(back_wake);

/* Process until there is nothing, with notifications on when that is so. */
static void run_queue(struct back_queue *q)
{
	bool more;

	back_notify_disable(q);
	do {
		q->drained = false;
		more = q->slot->dev.driver->ops->process(q);
		cond_resched();
		if (!may_take(q) || kthread_should_stop())
			return;
	} while (more || (q->drained && !back_notify_enable(q)));
}

static int queue_thread(void *data)
{
	struct back_queue *q = data;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		if (!test_and_clear_bit(BACK_Q_KICKED, &q->flags)) {
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		if (may_take(q))
			run_queue(q);
		if (test_and_clear_bit(BACK_Q_EOI, &q->flags)) {
			xen_irq_lateeoi(q->irq, q->taken == q->eoi_taken ?
					XEN_EOI_FLAG_SPURIOUS : 0);
			q->eoi_taken = q->taken;
		}
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* Check an entry of the queue table against the region: 0 or why not. */
static const char *check_ring(const struct back_slot *slot, const struct ringlet_queue *ring)
{
	const struct back_region *region = &slot->region;
	u64 size = ring->size;

	if (!is_power_of_2(size) || size > slot->dev.queue_size)
		return "its size";
	if (ring->desc % 16 || !back_region_covers(region, ring->desc, 16 * size, false))
		return "its descriptor table";
	if (ring->avail % 2 || !back_region_covers(region, ring->avail, 6 + 2 * size, false))
		return "its available ring";
	/* vringh asks the iotlb whether it may read the used index that it writes. */
	if (ring->used % 4 || !back_region_covers(region, ring->used, 6 + 8 * size, true))
		return "its used ring";
	return NULL;
}

static int init_vringh(struct back_queue *q, struct vringh *vrh, const struct ringlet_queue *ring,
		       spinlock_t *lock, u16 index)
{
	int rc;

	/* "Pointers" that vringh only hands to the iotlb. */
	rc = vringh_init_iotlb(vrh, q->slot->dev.driver_features, ring->size, true,
			       (void *)(uintptr_t)ring->desc, (void *)(uintptr_t)ring->avail,
			       (void *)(uintptr_t)ring->used);
	if (rc)
		return rc;
	vringh_set_iotlb(vrh, q->slot->region.iotlb, lock);
	vrh->last_avail_idx = index;
	vrh->last_used_idx = index;
	return 0;
}

static int start_queue(struct back_slot *slot, unsigned int index, const struct ringlet_queue *ring)
{
	struct back_queue *q = &slot->queues[index];
	const char *wrong = check_ring(slot, ring);
	size_t two = 2;
	int rc;

	if (wrong) {
		back_warn(&slot->dev, "queue %u is not valid: %s", index, wrong);
		return -EINVAL;
	}
	q->size = ring->size;
	q->avail_idx = back_region_at(&slot->region, ring->avail + 2, &two, false);
	two = 2;
	q->used_idx = le16_to_cpu(READ_ONCE(*(__le16 *)back_region_at(&slot->region,
								     ring->used + 2, &two, false)));
	q->kicked_idx = q->used_idx;
	rc = init_vringh(q, &q->avail, ring, &q->avail_lock, q->used_idx);
	if (!rc)
		rc = init_vringh(q, &q->used, ring, &q->used_iotlb_lock, q->used_idx);
	if (rc)
		return rc;
	q->bounce = (void *)__get_free_page(GFP_KERNEL);
	if (!q->bounce)
		return -ENOMEM;
	rc = back_bind_port(slot->dev.domid, ring->port, queue_interrupt, slot->dev.driver->name,
			    q);
	if (rc < 0) {
		back_warn(&slot->dev, "port %u of queue %u cannot be bound (%d)", ring->port,
			  index, rc);
		return rc;
	}
	WRITE_ONCE(q->irq, rc);
	return 0;
}

static int make_thread(struct back_queue *q)
{
	const struct back_device *dev = &q->slot->dev;
	struct task_struct *thread;

	if (!q->irq || !dev->driver->ops->process)
		return 0;
	thread = kthread_create(queue_thread, q, "rl-%s-%u.%u.%u", dev->driver->name, dev->domid,
				dev->slot, q->index);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	/* Until the queue is freed, for those that wake it meanwhile. */
	get_task_struct(thread);
	WRITE_ONCE(q->thread, thread);
	wake_up_process(thread);
	return 0;
}

/**
 * back_drain() - wait until every chain that was taken is answered
 * @dev: a device that is being stopped
 */
void back_drain(struct back_device *dev)
{
	struct back_slot *slot = to_slot(dev);
	u32 i;

	for (i = 0; i < dev->nr_queues; i++)
		wait_event(slot->drained, !atomic_read(&slot->queues[i].in_flight));
	/* Those who answered last are done with the queues. */
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(back_drain);

/* Threads end, chains are answered. With closed set. */
static void quiesce(struct back_slot *slot)
{
	u32 i;

	for (i = 0; i < slot->dev.nr_queues; i++)
		if (slot->queues[i].thread)
			kthread_stop(slot->queues[i].thread);
	if (slot->dev.driver->ops->stop)
		slot->dev.driver->ops->stop(&slot->dev);
	back_drain(&slot->dev);
}

static void add_totals(struct back_totals *totals, const struct back_queue *q)
{
	int i;

	totals->requests += q->taken;
	totals->notify_in += q->notify_in;
	totals->notify_out += q->notify_out;
	totals->copies += atomic64_read(&q->copies);
	totals->copied += atomic64_read(&q->copied);
	for (i = 0; i < BACK_COUNTERS; i++)
		totals->counters[i] += atomic64_read(&q->counters[i]);
}

static void free_queues(struct back_slot *slot)
{
	u32 i;

	for (i = 0; i < slot->dev.nr_queues; i++) {
		struct back_queue *q = &slot->queues[i];

		if (q->irq) {
			cancel_work_sync(&q->notify_work);
			back_notify(q);
			unbind_from_irqhandler(q->irq, q);
		}
		add_totals(&slot->totals, q);
		if (q->thread)
			put_task_struct(q->thread);
		free_page((unsigned long)q->bounce);
	}
	kvfree(slot->queues);
	slot->queues = NULL;
}

/* Sum up what @slot has counted. With dom->lock held. */
void back_queues_totals(const struct back_slot *slot, struct back_totals *totals)
{
	u32 i;

	*totals = slot->totals;
	for (i = 0; slot->started && i < slot->dev.nr_queues; i++)
		add_totals(totals, &slot->queues[i]);
}

static void init_queue(struct back_slot *slot, unsigned int index)
{
	struct back_queue *q = &slot->queues[index];

	q->slot = slot;
	q->index = index;
	spin_lock_init(&q->avail_lock);
	spin_lock_init(&q->used_lock);
	spin_lock_init(&q->used_iotlb_lock);
	spin_lock_init(&q->bounce_lock);
	INIT_WORK(&q->notify_work, back_notify_work);
}

/* A former back-end may have answered and not told, or missed a notification. */
static void first_kick(struct back_queue *q)
{
	const struct back_ops *ops = q->slot->dev.driver->ops;

	notify_remote_via_irq(q->irq);
	if (ops->kick) {
		/* Softirqs that it raises run when they are enabled. */
		local_bh_disable();
		local_irq_disable();
		ops->kick(q);
		local_irq_enable();
		local_bh_enable();
	}
	back_wake(q);
}

/* Set up what the queue table in the mapped region says, and run it. */
int back_queues_start(struct back_slot *slot)
{
	u32 i, nr = slot->dev.nr_queues;
	struct ringlet_queue *table;
	int rc = 0;

	BUILD_BUG_ON(sizeof(*table) * RINGLET_MAX_QUEUES > PAGE_SIZE);
	slot->queues = kvcalloc(nr, sizeof(*slot->queues), GFP_KERNEL);
	table = kmemdup(page_address(slot->region.pages[0]), nr * sizeof(*table), GFP_KERNEL);
	if (!slot->queues || !table) {
		kvfree(slot->queues);
		kfree(table);
		slot->queues = NULL;
		return -ENOMEM;
	}
	/* Nobody takes anything before the kind has started. */
	WRITE_ONCE(slot->closed, true);
	WRITE_ONCE(slot->given_up, false);
	for (i = 0; i < nr; i++)
		init_queue(slot, i);
	for (i = 0; i < nr && !rc; i++)
		if (table[i].port)
			rc = start_queue(slot, i, &table[i]);
	kfree(table);
	if (rc)
		goto err_free;
	if (slot->dev.driver->ops->start)
		rc = slot->dev.driver->ops->start(&slot->dev);
	if (rc)
		goto err_free;
	WRITE_ONCE(slot->closed, false);
	for (i = 0; i < nr && !rc; i++)
		rc = make_thread(&slot->queues[i]);
	if (rc) {
		back_queues_stop(slot);
		return rc;
	}
	for (i = 0; i < nr; i++)
		if (slot->queues[i].irq)
			first_kick(&slot->queues[i]);
	return 0;

err_free:
	free_queues(slot);
	return rc;
}

void back_queues_stop(struct back_slot *slot)
{
	WRITE_ONCE(slot->closed, true);
	quiesce(slot);
	free_queues(slot);
}

struct back_queue *back_queue(struct back_device *dev, unsigned int index)
{
	struct back_slot *slot = to_slot(dev);

	return index < dev->nr_queues && slot->queues[index].irq ? &slot->queues[index] : NULL;
}
EXPORT_SYMBOL_GPL(back_queue);

struct back_device *back_queue_device(const struct back_queue *q)
{
	return &q->slot->dev;
}
EXPORT_SYMBOL_GPL(back_queue_device);

unsigned int back_queue_index(const struct back_queue *q)
{
	return q->index;
}
EXPORT_SYMBOL_GPL(back_queue_index);

unsigned int back_queue_size(const struct back_queue *q)
{
	return q->size;
}
EXPORT_SYMBOL_GPL(back_queue_size);

void *back_queue_priv(const struct back_queue *q)
{
	return q->priv;
}
EXPORT_SYMBOL_GPL(back_queue_priv);

void back_queue_set_priv(struct back_queue *q, void *priv)
{
	q->priv = priv;
}
EXPORT_SYMBOL_GPL(back_queue_set_priv);
