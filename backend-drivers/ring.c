// SPDX-License-Identifier: GPL-2.0
/*
 * Taking and answering chains; notifications. See queue.c for what bounds them.
 */
#include <linux/slab.h>
#include <xen/events.h>

#include "compat.h"
#include "internal.h"

#define MAX_PARTS 1024		/* descriptors of a chain */

/**
 * back_chain_init() - make a chain for back_next()
 * @c: the chain; back_chain_free() ends it
 */
void back_chain_init(struct back_chain *c)
{
	memset(c, 0, sizeof(*c));
}
EXPORT_SYMBOL_GPL(back_chain_init);

void back_chain_free(struct back_chain *c)
{
	vringh_kiov_cleanup(&c->in);
	vringh_kiov_cleanup(&c->out);
}
EXPORT_SYMBOL_GPL(back_chain_free);

/**
 * back_available() - how many chains could be taken
 * @q: the queue
 *
 * Return: how many, or -EPROTO: the index is not possible, the device is broken
 */
int back_available(struct back_queue *q)
{
	u16 index = le16_to_cpu(READ_ONCE(*q->avail_idx));
	u16 used, more = index - q->avail.last_avail_idx;

	/* What the driver saw used when it made these available we see too. */
	smp_rmb();
	used = READ_ONCE(q->used_idx);
	/*
	 * More than that would have been taken before: the index went back, among
	 * what is in flight. vringh would take on, whatever the ring's size.
	 */
	if ((u16)(index - used) > q->size || more > (u16)(index - used)) {
		back_broken(&q->slot->dev, "queue %u: available index %u, used index %u, size %u",
			    q->index, index, used, q->size);
		return -EPROTO;
	}
	return more;
}
EXPORT_SYMBOL_GPL(back_available);

/**
 * back_next() - take the next chain of a queue
 * @q: the queue
 * @c: where to; only its addresses and lengths were read, not what they name
 *
 * Memory comes from GFP_ATOMIC where in_interrupt() or interrupts are off: -ENOMEM
 * then leaves the chain for later.
 *
 * Return: 1, 0: there is none, -ESHUTDOWN: stops or broken, -EPROTO: just broken
 */
int back_next(struct back_queue *q, struct back_chain *c)
{
	bool atomic = in_interrupt() || irqs_disabled();
	int rc;

	if (unlikely(READ_ONCE(q->slot->closed) || READ_ONCE(q->slot->broken)))
		return -ESHUTDOWN;
	rc = back_available(q);
	if (rc <= 0) {
		q->drained = !rc;
		return rc;
	}
	rc = vringh_getdesc_iotlb(&q->avail, &c->in, &c->out, &c->head,
				  (atomic ? GFP_ATOMIC : GFP_KERNEL) | __GFP_NOWARN);
	if (likely(rc == 1 && c->in.used + c->out.used <= MAX_PARTS)) {
		q->taken++;
		atomic_inc(&q->in_flight);
		return 1;
	}
	if (!rc) {
		q->drained = true;
		return 0;
	}
	if (rc == -ENOMEM && atomic && c->in.used + c->out.used <= MAX_PARTS) {
		vringh_abandon_iotlb(&q->avail, 1);
		return rc;
	}
	back_chain_free(c);
	if (rc > 0)
		back_broken(&q->slot->dev, "queue %u: a chain of more than %u descriptors",
			    q->index, MAX_PARTS);
	else
		back_broken(&q->slot->dev, "queue %u: a chain that is not valid (%d, %s)",
			    q->index, rc,
			    rc == -ELOOP ? "a loop" :
			    rc == -EFAULT ? "a descriptor outside of the region" :
			    rc == -ENOMEM ? "too long" : "an index, a length or the order");
	return -EPROTO;
}
EXPORT_SYMBOL_GPL(back_next);

/**
 * back_ungive() - give chains back, as if they had not been taken
 * @q: the queue
 * @n: the last @n taken, none of which is answered
 */
void back_ungive(struct back_queue *q, unsigned int n)
{
	vringh_abandon_iotlb(&q->avail, n);
	q->taken -= n;
	if (atomic_sub_and_test(n, &q->in_flight))
		wake_up_all(&q->slot->drained);
}
EXPORT_SYMBOL_GPL(back_ungive);

/* With used_lock held. */
static void put_used(struct back_queue *q, u16 head, u32 len)
{
	/* Before the ring's index moves: back_available() relies on it. */
	WRITE_ONCE(q->used_idx, q->used_idx + 1);
	if (unlikely(vringh_complete_iotlb(&q->used, head, len)))
		back_broken(&q->slot->dev, "queue %u: the used ring cannot be written", q->index);
}

static void answered(struct back_queue *q, unsigned int n)
{
	struct back_slot *slot = q->slot;

	if (atomic_sub_and_test(n, &q->in_flight) && READ_ONCE(slot->closed))
		wake_up_all(&slot->drained);
}

/**
 * back_complete() - answer a chain
 * @q: its queue
 * @head: of the chain
 * @len: bytes written to its writable part
 *
 * back_notify() is to follow, after the last of some.
 */
void back_complete(struct back_queue *q, u16 head, u32 len)
{
	unsigned long flags;

	rcu_read_lock();
	spin_lock_irqsave(&q->used_lock, flags);
	put_used(q, head, len);
	spin_unlock_irqrestore(&q->used_lock, flags);
	answered(q, 1);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(back_complete);

/* A 32-bit field of the used ring, @offset bytes from its start. */
static void put_u32(struct back_queue *q, size_t offset, __virtio32 value)
{
	size_t len = sizeof(value);
	void *at = back_region_at(&q->slot->region, (uintptr_t)q->used.vring.used + offset, &len,
				  true);

	/* start_queue() saw that the ring is in the region, writable, and 4-aligned. */
	if (!WARN_ON_ONCE(!at))
		WRITE_ONCE(*(__virtio32 *)at, value);
}

/**
 * back_complete_many() - answer chains, all at once
 * @q: their queue
 * @used: heads and lengths
 * @n: how many
 *
 * vringh moves the used index for each one; here the driver must not see less than
 * all. back_notify() is to follow.
 */
void back_complete_many(struct back_queue *q, const struct vring_used_elem *used, unsigned int n)
{
	size_t ring = offsetof(struct vring_used, ring), len = sizeof(__virtio16);
	unsigned long flags;
	unsigned int i;
	__virtio16 *idx;

	rcu_read_lock();
	spin_lock_irqsave(&q->used_lock, flags);
	for (i = 0; i < n; i++) {
		size_t at = ring + sizeof(*used) * ((u16)(q->used_idx + i) % q->size);

		put_u32(q, at + offsetof(struct vring_used_elem, id), used[i].id);
		put_u32(q, at + offsetof(struct vring_used_elem, len), used[i].len);
	}
	/* Before the ring's index moves: back_available() relies on it. */
	WRITE_ONCE(q->used_idx, q->used_idx + n);
	/* The entries before the index that announces them. */
	smp_wmb();
	idx = back_region_at(&q->slot->region,
			     (uintptr_t)q->used.vring.used + offsetof(struct vring_used, idx), &len,
			     true);
	if (!WARN_ON_ONCE(!idx))
		WRITE_ONCE(*idx, (__force __virtio16)cpu_to_le16(q->used_idx));
	q->used.completed += n;
	spin_unlock_irqrestore(&q->used_lock, flags);
	answered(q, n);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(back_complete_many);

/* With used_lock held: whether the driver wants to know. */
static bool need_notify(struct back_queue *q)
{
	bool wanted = q->used.completed && vringh_need_notify_iotlb(&q->used) > 0;

	/* Without EVENT_IDX vringh leaves this to nobody. */
	q->used.last_used_idx += q->used.completed;
	q->used.completed = 0;
	q->notify_out += wanted;
	return wanted;
}

/**
 * back_notify() - tell the driver about answers, if it wants to be told
 * @q: the queue
 */
void back_notify(struct back_queue *q)
{
	unsigned long flags;
	bool notify;

	spin_lock_irqsave(&q->used_lock, flags);
	notify = need_notify(q);
	spin_unlock_irqrestore(&q->used_lock, flags);
	if (notify)
		notify_remote_via_irq(q->irq);
}
EXPORT_SYMBOL_GPL(back_notify);

void back_notify_work(struct work_struct *work)
{
	back_notify(container_of(work, struct back_queue, notify_work));
}

/**
 * back_answer() - answer a chain and tell the driver
 * @q: its queue, which may be gone afterwards
 * @head: of the chain
 * @len: bytes written to its writable part
 *
 * An event may give the CPU to the driver's domain at once: so an interrupt, which
 * may have more to answer, tells it when it is done, for all.
 */
void back_answer(struct back_queue *q, u16 head, u32 len)
{
	unsigned long flags;
	bool later = in_hardirq() || in_serving_softirq();
	bool notify = false;

	rcu_read_lock();
	spin_lock_irqsave(&q->used_lock, flags);
	put_used(q, head, len);
	if (!later)
		notify = need_notify(q);
	spin_unlock_irqrestore(&q->used_lock, flags);
	if (later)
		queue_work(BACK_SOON_WQ, &q->notify_work);
	else if (notify)
		notify_remote_via_irq(q->irq);
	answered(q, 1);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(back_answer);

/**
 * back_notify_enable() - ask for notifications
 * @q: the queue
 *
 * Return: false if there are chains already, for which none may come
 */
bool back_notify_enable(struct back_queue *q)
{
	return vringh_notify_enable_iotlb(&q->avail);
}
EXPORT_SYMBOL_GPL(back_notify_enable);

void back_notify_disable(struct back_queue *q)
{
	vringh_notify_disable_iotlb(&q->avail);
}
EXPORT_SYMBOL_GPL(back_notify_disable);

/**
 * back_count() - add to a counter of INFO
 * @q: the queue
 * @counter: which
 * @n: how much
 */
void back_count(struct back_queue *q, enum back_counter counter, u64 n)
{
	atomic64_add(n, &q->counters[counter]);
}
EXPORT_SYMBOL_GPL(back_count);
