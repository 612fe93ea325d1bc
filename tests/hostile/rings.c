// SPDX-License-Identifier: GPL-2.0
/* ringlet_hostile: requests, and the used rings that they end in. */
#include <linux/mm.h>
#include <linux/random.h>
#include <uapi/linux/virtio_ids.h>
#include <uapi/linux/virtio_net.h>
#include <uapi/linux/virtio_ring.h>

#include "hostile.h"

#define RX	0
#define SCRIBBLES	64	/* words each time */
#define STOPS_AFTER	100

/* NULL: not in the region, or over the end of a page. */
static void *at(struct hostile *h, u64 offset, u32 len)
{
	if (offset >> PAGE_SHIFT >= h->nr_pages || offset_in_page(offset) + len > PAGE_SIZE)
		return NULL;
	return page_address(h->pages[offset >> PAGE_SHIFT]) + offset_in_page(offset);
}

/* As above; NULL also where the driver lends for reading only: there is nothing to write. */
static void *writable(struct hostile *h, u64 offset, u32 len)
{
	void *where = at(h, offset, len);

	return where && !(h->refs[offset >> PAGE_SHIFT] & RINGLET_REGION_READONLY) ? where : NULL;
}

static void put_used(struct hostile *h, struct hostile_queue *q, u32 id, u32 len)
{
	struct vring_used_elem *e = writable(h, q->used + 4 + 8 * (q->used_idx % q->size), 8);
	u16 *idx = writable(h, q->used + 2, 2);

	if (!e || !idx)
		return;
	e->id = id;
	e->len = len;
	q->used_idx++;
	/* The entry before the index. */
	wmb();
	*idx = q->used_idx;
}

/* The next descriptor of a chain, direct or not: false at its end. */
static bool step(struct hostile *h, struct hostile_queue *q, struct vring_desc *d, u64 *table)
{
	struct vring_desc *next;

	if (d->flags & VRING_DESC_F_INDIRECT) {
		*table = d->addr;
		next = at(h, *table, sizeof(*d));
	} else if (d->flags & VRING_DESC_F_NEXT) {
		next = at(h, *table + d->next * sizeof(*d), sizeof(*d));
	} else {
		return false;
	}
	if (!next)
		return false;
	*d = *next;
	return true;
}

/* Zeroes for what is to be written: a status of OK, and data. How many bytes. */
static u32 fill(struct hostile *h, struct hostile_queue *q, u16 head)
{
	struct vring_desc *first = at(h, q->desc + head * sizeof(*first), sizeof(*first)), d;
	u32 written = 0, part, done, steps = 0;
	u64 table = q->desc;
	void *to;

	if (!first)
		return 0;
	d = *first;
	do {
		if (d.flags & VRING_DESC_F_INDIRECT || !(d.flags & VRING_DESC_F_WRITE) ||
		    d.addr >> 63)
			continue;
		for (done = 0; done < d.len; done += part) {
			part = min_t(u32, d.len - done, PAGE_SIZE - offset_in_page(d.addr + done));
			to = writable(h, d.addr + done, part);
			if (!to)
				break;
			memset(to, 0, part);
			written += part;
		}
	} while (step(h, q, &d, &table) && ++steps < 256);
	return written;
}

/* What a receive buffer begins with. */
static u32 receive(struct hostile *h, struct hostile_queue *q, u16 head)
{
	struct vring_desc *d = at(h, q->desc + head * sizeof(*d), sizeof(*d));
	struct virtio_net_hdr_v1 hdr = { .num_buffers = 1 };
	static const u8 frame[64] = "\xff\xff\xff\xff\xff\xff\x00\x16\x3e\x01\x02\x03\x08\x00\x45";
	u8 *to;

	if (d && d->flags & VRING_DESC_F_INDIRECT)
		d = at(h, d->addr, sizeof(*d));
	to = d ? writable(h, d->addr, sizeof(hdr) + sizeof(frame)) : NULL;
	if (!to)
		return 0;
	if (lies(h, LIE_NET_HEADER)) {
		get_random_bytes(&hdr, sizeof(hdr));
		hdr.num_buffers = 1;
		if (get_random_u32() & 1)
			hdr.flags = 1;
		if (get_random_u32() & 1)
			hdr.gso_type = 1 << get_random_u32_below(8);
	}
	if (lies(h, LIE_NET_BUFFERS))
		hdr.num_buffers = get_random_u32() >> get_random_u32_below(32);
	memcpy(to, &hdr, sizeof(hdr));
	memcpy(to + sizeof(hdr), frame, sizeof(frame));
	if (lies(h, LIE_NET_LEN))
		return get_random_u32() >> get_random_u32_below(32);
	return sizeof(hdr) + sizeof(frame);
}

static void use(struct hostile *h, struct hostile_queue *q, u16 head)
{
	bool rx = h->attack->kind == VIRTIO_ID_NET && q == &h->queues[RX];
	u32 len;

	if (lies(h, LIE_USED_EARLY))
		return put_used(h, q, head, 0);
	len = rx ? receive(h, q, head) : fill(h, q, head);
	if (lies(h, LIE_USED_ID))
		head = 0xfffe;
	if (lies(h, LIE_USED_OTHER))
		head = (head + q->size / 2) % q->size;
	put_used(h, q, lies(h, LIE_USED_ID) ? 0x80000000 | head : head,
		 lies(h, LIE_USED_LEN) ? ~0U : len);
	if (lies(h, LIE_USED_TWICE))
		put_used(h, q, head, len);
	if (lies(h, LIE_USED_JUMPS)) {
		q->used_idx += 1000;
		put_used(h, q, head, len);
	}
}

static void scribble(struct hostile *h, struct hostile_queue *q)
{
	unsigned int i;
	u32 *word;

	for (i = 0; i < SCRIBBLES; i++) {
		u64 where = q->used + (get_random_u32_below(6 + 8 * q->size) & ~3);

		if (lies(h, LIE_SCRIBBLE_ALL))
			where = get_random_u32_below(h->nr_pages * PAGE_SIZE) & ~3;
		word = writable(h, where, 4);
		if (word)
			*word = get_random_u32() >> get_random_u32_below(32);
	}
}

void hostile_serve(struct hostile *h)
{
	unsigned int i, k;
	bool stopped;

	for (i = 0; i < HOSTILE_QUEUES; i++) {
		struct hostile_queue *q = &h->queues[i];
		u16 *avail = q->port ? at(h, q->avail, 4) : NULL, *head;

		if (!avail || lies(h, LIE_NEVER_USE))
			continue;
		stopped = lies(h, LIE_STOPS) && h->served >= STOPS_AFTER;
		/* Few buffers of a network each time, so that it goes on. */
		for (k = 0; k < 4 && !stopped && q->seen != READ_ONCE(avail[1]); k++, q->seen++) {
			h->served++;
			head = at(h, q->avail + 4 + 2 * (q->seen % q->size), 2);
			if (head)
				use(h, q, READ_ONCE(*head) % q->size);
		}
		if (lies(h, LIE_SCRIBBLE_USED | LIE_SCRIBBLE_ALL) && (stopped || !lies(h, LIE_STOPS)))
			scribble(h, q);
		hostile_send(q->port);
		for (k = 0; k < 2000 && lies(h, LIE_QUEUE_STORM); k++)
			hostile_send(q->port);
	}
}
