// SPDX-License-Identifier: GPL-2.0
/*
 * Telling the back-end of new requests, and who runs then if it shares our CPU.
 *
 * By default the hypervisor lets a sender go on for a while, and the one it woke runs
 * when the sender has nothing to do: so a program that keeps many requests under way
 * makes more of them before the back-end looks, and one notification is for all. A
 * program that waits for each request only loses by that: its domain falls idle, and
 * is woken again, once a request.
 *
 * Which of the two it is can be seen from how many buffers became available between
 * two notifications, but only as long as we go on: who gives way finds one each time.
 * So a queue goes on for TRY notifications. If they were for hardly more than a buffer
 * each, it gives way for HOLD of them, and tries again.
 *
 * Drivers may notify a queue on two CPUs at once. What is counted here may be off
 * then, which costs a wrong choice for HOLD notifications and nothing else.
 */
#include <linux/virtio_ring.h>
#include <xen/events.h>

#include "front.h"

#define TRY		8
#define HOLD		64

/* Is the back-end to run at once? */
static bool gives_way(struct front_queue *q)
{
	u16 avail = le16_to_cpu((__force __le16)READ_ONCE(virtqueue_get_vring(q->vq)->avail->idx));
	struct front_batch *b = &q->batch;

	b->made += (u16)(avail - b->avail);
	b->avail = avail;
	if (b->left) {
		b->left--;
		return b->gives_way;
	}
	/* Whoever gave way for long has not learnt anything meanwhile. */
	b->gives_way = !b->gives_way && b->made < TRY + TRY / 2;
	b->left = b->gives_way ? HOLD : TRY;
	b->made = 0;
	return b->gives_way;
}

/**
 * front_notify() - the back-end has something to do in a queue
 * @q: its event channel is open
 *
 * Any context.
 */
void front_notify(struct front_queue *q)
{
	u32 *word = q->fd->area->give_way;

	if (!word || !gives_way(q)) {
		notify_remote_via_irq(q->irq);
		return;
	}
	/* The word is of the CPU that makes the call. */
	preempt_disable();
	WRITE_ONCE(*word, 1);
	notify_remote_via_irq(q->irq);
	preempt_enable();
}
