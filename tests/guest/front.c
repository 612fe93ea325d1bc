// SPDX-License-Identifier: GPL-2.0
/*
 * The front-end of front.h: device area, handshake, region, rings, and the two checks
 * around every case: the device works, the neighbour goes on.
 *
 * The neighbour is another domain that runs case neighbour on a disk which is ours too: sector 0
 * has the number of what it has done.
 */
#include "front.h"
#include <xen/grant_table.h>

#define RINGS_AT(queue, ring)	((1ul + 3 * (queue) + (ring)) * PAGE_SIZE)
#define TX_QUEUE	1	/* of a network device and a console */

u16 front_backend;
u32 front_control_port;
static struct grant_entry_v1 *table;
static struct ringlet_devices where;
static struct front fronts[8];
static unsigned int nr_fronts;

void front_grant(u32 ref, u16 domid, ulong mfn, u16 flags)
{
	table[ref].frame = mfn;
	table[ref].domid = domid;
	barrier();
	table[ref].flags = flags;
}

u16 front_grant_flags(u32 ref)
{
	return *(volatile u16 *)&table[ref].flags;
}

volatile struct ringlet_device_slot *front_slot(u32 index)
{
	return (volatile struct ringlet_device_slot *)((u8 *)pfn_va(where.gfn) +
						       index * RINGLET_DEVICES_SLOT_SIZE);
}

/* Device area and grant table, once. False: the case has failed. */
static bool front_init(void)
{
	static ulong frames[4];
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 2 };
	volatile struct ringlet_devices_header *h;
	ulong page;

	if (table)
		return true;
	where.domid = DOMID_SELF;
	EXPECT_EQ(RINGLET(DEVICES, &where), 0);
	set_xen_guest_handle(s.frame_list, frames);
	EXPECT_EQ(HYP(grant_table_op, GNTTABOP_setup_table, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_okay);
	if (case_failed())
		return false;
	page = alloc_pfn();
	EXPECT_EQ(set_va_pte(pfn_va(page), mfn_ma(frames[0]) | PTE_KERN), 0);
	table = pfn_va(page);
	EXPECT(where.gfn < init_end_pfn);
	h = (volatile void *)front_slot(0);
	EXPECT_EQ(h->magic, RINGLET_DEVICES_MAGIC);
	EXPECT_EQ(h->control_port, where.control_port);
	front_backend = where.backend_domid;
	front_control_port = where.control_port;
	return !case_failed();
}

static void make_front(struct front *f, u32 index)
{
	u32 i;

	f->index = index;
	f->slot = front_slot(index);
	f->kind = f->slot->device_id;
	f->entries = f->slot->max_queue_size < FRONT_ENTRIES ? f->slot->max_queue_size : FRONT_ENTRIES;
	f->first_ref = 64 + nr_fronts * (FRONT_PAGES + 2);
	for (i = 0; i < FRONT_PAGES; i++)
		f->pfn[i] = alloc_pfn();
	f->dir_pfn = alloc_pfn();
	for (i = 0; i < FRONT_QUEUES; i++) {
		struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = front_backend };

		EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_alloc_unbound, &a), 0);
		f->ports[i] = a.port;
	}
	nr_fronts++;
}

static enum front_disk disk_of(volatile struct ringlet_device_slot *s)
{
	if (s->features & F_BLK_RO)
		return DISK_READONLY;
	return *(volatile u64 *)s->config == NEIGHBOUR_SECTORS ? DISK_NEIGHBOUR : DISK_OWN;
}

struct front *front_open(u32 kind, enum front_disk disk)
{
	u32 i, k;

	if (!front_init())
		return NULL;
	for (i = 1; i <= RINGLET_DEVICES_SLOTS(where.pages); i++) {
		volatile struct ringlet_device_slot *s = front_slot(i);

		if (s->state != RINGLET_DEVICE_PRESENT || s->device_id != kind ||
		    (kind == KIND_BLK && disk_of(s) != disk))
			continue;
		for (k = 0; k < nr_fronts; k++)
			if (fronts[k].index == i)
				return &fronts[k];
		if (nr_fronts == ARRAY_SIZE(fronts))
			break;
		make_front(&fronts[k], i);
		return &fronts[k];
	}
	return NULL;
}

void *front_at(struct front *f, u64 offset)
{
	return (u8 *)pfn_va(f->pfn[offset >> PAGE_SHIFT]) + offset % PAGE_SIZE;
}

/* ---- handshake --------------------------------------------------------------------------- */

void front_send(u32 port)
{
	struct evtchn_send s = { .port = port };

	HYP(event_channel_op, EVTCHNOP_send, &s);
}

bool front_answered(struct front *f)
{
	u64 end = system_time() + HANG_NS;

	while (f->slot->ack != f->slot->seq) {
		if (system_time() > end) {
			case_fail(__FILE__, __LINE__,
				  "slot %u: no answer to seq %u, status 0x%x (device: 0x%x, ack %u)", f->index,
				  f->slot->seq, f->slot->driver_status,
				  f->slot->device_status, f->slot->ack);
			return false;
		}
		HYP(sched_op, SCHEDOP_yield, NULL);
	}
	return true;
}

bool front_say(struct front *f, u32 status)
{
	f->slot->driver_status = status;
	barrier();
	f->slot->seq++;
	barrier();
	front_send(front_control_port);
	return front_answered(f);
}

bool front_reset(struct front *f)
{
	if (!front_say(f, 0))
		return false;
	EXPECT_EQ(f->slot->device_status, 0);
	return !f->slot->device_status;
}

void front_lay_out(struct front *f)
{
	volatile struct ringlet_queue *q = front_at(f, 0);
	u32 *dir = pfn_va(f->dir_pfn), i;

	/* References 0 and 1 are lent: what is not ours is none of these. */
	for (i = 0; i < PAGE_SIZE / 4; i++)
		dir[i] = FRONT_FREE_REF;
	for (i = 0; i < FRONT_PAGES; i++) {
		memset(pfn_va(f->pfn[i]), 0, PAGE_SIZE);
		front_grant(f->first_ref + i, front_backend, pfn_mfn(f->pfn[i]), GTF_permit_access);
		dir[i] = f->first_ref + i;
	}
	front_grant(f->first_ref + FRONT_PAGES, front_backend, pfn_mfn(f->dir_pfn),
		    GTF_permit_access | GTF_readonly);
	for (i = 0; i < FRONT_FREE_REFS; i++)
		front_grant(FRONT_FREE_REF + i, 0, 0, 0);
	f->nr_queues = f->kind == KIND_NET ? 3 : f->kind == KIND_CONSOLE ? 2 : 1;
	for (i = 0; i < f->nr_queues; i++) {
		q[i].port = f->ports[i];
		q[i].size = f->entries;
		q[i].desc = RINGS_AT(i, 0);
		q[i].avail = RINGS_AT(i, 1);
		q[i].used = RINGS_AT(i, 2);
		f->used[i] = 0;
	}
	f->features = F_VERSION_1 | F_ACCESS | F_INDIRECT;
	if (f->kind == KIND_NET)
		f->features |= f->slot->features & F_NET;
	f->slot->driver_features = f->features;
	f->slot->nr_queues = f->nr_queues;
	f->slot->region_pages = FRONT_PAGES;
	f->slot->region_dir[0] = f->first_ref + FRONT_PAGES;
}

bool front_go(struct front *f)
{
	if (!front_say(f, STATUS_DRIVER) || !front_say(f, STATUS_DRIVER | STATUS_FEATURES_OK))
		return false;
	EXPECT_EQ(f->slot->device_status, STATUS_DRIVER | STATUS_FEATURES_OK);
	if (!front_say(f, STATUS_ALL))
		return false;
	EXPECT_EQ(f->slot->device_status, STATUS_ALL);
	EXPECT_EQ(f->slot->error, 0);
	return f->slot->device_status == STATUS_ALL;
}

bool front_start(struct front *f)
{
	if (!front_reset(f))
		return false;
	front_lay_out(f);
	return front_go(f);
}

bool front_lay_out_readonly(struct front *f, u64 offset)
{
	u32 page = offset >> PAGE_SHIFT, *dir = pfn_va(f->dir_pfn);

	if (!front_reset(f))
		return false;
	front_lay_out(f);
	front_grant(f->first_ref + page, front_backend, pfn_mfn(f->pfn[page]), GTF_permit_access | GTF_readonly);
	dir[page] |= RINGLET_REGION_READONLY;
	return true;
}

bool front_refused(struct front *f)
{
	if (!front_say(f, STATUS_DRIVER) || !front_say(f, STATUS_DRIVER | STATUS_FEATURES_OK) ||
	    !front_say(f, STATUS_ALL))
		return false;
	EXPECT(f->slot->device_status & STATUS_NEEDS_RESET);
	EXPECT(f->slot->error);
	return f->slot->device_status & STATUS_NEEDS_RESET;
}

/* ---- queues ------------------------------------------------------------------------------ */

volatile struct desc *front_desc(struct front *f, u32 queue, u32 i)
{
	return (volatile struct desc *)front_at(f, RINGS_AT(queue, 0)) + i;
}

void front_set(struct front *f, u32 queue, u32 i, u64 addr, u32 len, u16 flags, u16 next)
{
	volatile struct desc *d = front_desc(f, queue, i);

	d->addr = addr;
	d->len = len;
	d->flags = flags;
	d->next = next;
}

volatile u16 *front_avail(struct front *f, u32 queue)
{
	return front_at(f, RINGS_AT(queue, 1));
}

volatile u16 *front_used_ring(struct front *f, u32 queue)
{
	return front_at(f, RINGS_AT(queue, 2));
}

void front_kick(struct front *f, u32 queue)
{
	front_send(f->ports[queue]);
}

void front_offer(struct front *f, u32 queue, u16 head)
{
	volatile u16 *avail = front_avail(f, queue);

	avail[2 + avail[1] % f->entries] = head;
	barrier();
	avail[1]++;
	barrier();
	front_kick(f, queue);
}

bool front_broken(struct front *f)
{
	return f->slot->device_status & STATUS_NEEDS_RESET;
}

int front_wait(struct front *f, u32 queue, u32 *id, u32 *len)
{
	volatile u16 *used = front_used_ring(f, queue);
	volatile u32 *ring = (volatile u32 *)(used + 2);
	u64 end = system_time() + HANG_NS;
	u32 at;

	while (used[1] == f->used[queue]) {
		if (front_broken(f))
			return 0;
		if (system_time() > end) {
			case_fail(__FILE__, __LINE__, "queue %u: nothing used, the device not broken", queue);
			return -1;
		}
		HYP(sched_op, SCHEDOP_yield, NULL);
	}
	at = f->used[queue]++ % f->entries;
	if (id)
		*id = ring[2 * at];
	if (len)
		*len = ring[2 * at + 1];
	return 1;
}

void front_expect_broken(struct front *f, const char *what)
{
	u64 end = system_time() + HANG_NS;

	while (!front_broken(f)) {
		if (system_time() > end) {
			case_fail(__FILE__, __LINE__, "%s: the device is not broken", what);
			return;
		}
		HYP(sched_op, SCHEDOP_yield, NULL);
	}
}

/* ---- disks ------------------------------------------------------------------------------- */

void blk_fill(struct front *f, u32 type, u64 sector, u64 data, u32 len)
{
	volatile struct blk_header *h = front_at(f, FRONT_HEADER);
	bool in = type == BLK_IN || type == BLK_GET_ID;

	h->type = type;
	h->ioprio = 0;
	h->sector = sector;
	*(volatile u8 *)front_at(f, FRONT_STATUS) = 0xff;
	front_set(f, 0, 0, FRONT_HEADER, sizeof(*h), DESC_NEXT, len ? 1 : 2);
	front_set(f, 0, 1, data, len, DESC_NEXT | (in ? DESC_WRITE : 0), 2);
	front_set(f, 0, 2, FRONT_STATUS, 1, DESC_WRITE, 0);
}

int blk_go(struct front *f)
{
	u32 id = ~0u;
	int rc;

	front_offer(f, 0, 0);
	rc = front_wait(f, 0, &id, NULL);
	if (rc <= 0)
		return rc - 1;
	EXPECT_EQ(id, 0);
	return *(volatile u8 *)front_at(f, FRONT_STATUS);
}

int blk_io(struct front *f, u32 type, u64 sector, u32 len)
{
	blk_fill(f, type, sector, FRONT_DATA, len);
	return blk_go(f);
}

void blk_refused(struct front *f)
{
	int rc = blk_go(f);

	if (rc == 0 || rc > 2)
		case_fail(__FILE__, __LINE__, "the request's status is %d, it should be refused", rc);
}

/* ---- races ------------------------------------------------------------------------------- */

struct front *race_victim;
volatile bool race_over;

unsigned int front_race(struct front *f, void (*writer)(void *), unsigned int rounds,
			bool (*round)(struct front *f, unsigned int i))
{
	bool goes_on = true;
	unsigned int i;

	race_victim = f;
	race_over = false;
	smp_call(writer, NULL);
	for (i = 0; i < rounds && goes_on && !case_failed(); i++)
		goes_on = round(f, i);
	race_over = true;
	EXPECT(smp_wait(HANG_NS));
	return i;
}

/* ---- the checks around a case ------------------------------------------------------------ */

static void blk_works(struct front *f)
{
	static u32 round;
	volatile u32 *data = front_at(f, FRONT_DATA);
	u32 i, bad = 0;

	round++;
	for (i = 0; i < PAGE_SIZE / 4; i++)
		data[i] = round * 0x10001 + i;
	EXPECT_EQ(blk_io(f, BLK_OUT, 8, PAGE_SIZE), 0);
	memset((void *)data, 0, PAGE_SIZE);
	EXPECT_EQ(blk_io(f, BLK_IN, 8, PAGE_SIZE), 0);
	for (i = 0; i < PAGE_SIZE / 4; i++)
		bad += data[i] != round * 0x10001 + i;
	EXPECT_EQ(bad, 0);
}

void p9_header(struct front *f, u32 len, u8 type, u16 tag)
{
	u8 *m = front_at(f, FRONT_DATA);

	memset(m, 0, P9_LEN);
	memcpy(m, &len, 4);
	m[4] = type;
	memcpy(m + 5, &tag, 2);
}

void p9_version(struct front *f, u16 tag)
{
	static const u8 rest[] = "\x00\x20\x00\x00\x08\x00" "9P2000.L";

	p9_header(f, P9_LEN, P9_TVERSION, tag);
	memcpy((u8 *)front_at(f, FRONT_DATA) + 7, rest, P9_LEN - 7);
	memset(front_at(f, P9_REPLY), 0, PAGE_SIZE);
	front_set(f, 0, 0, FRONT_DATA, P9_LEN, DESC_NEXT, 1);
	front_set(f, 0, 1, P9_REPLY, PAGE_SIZE, DESC_WRITE, 0);
}

int p9_go(struct front *f)
{
	u32 id = ~0u, len = 0;
	int rc;

	front_offer(f, 0, 0);
	rc = front_wait(f, 0, &id, &len);
	if (rc <= 0)
		return rc - 1;
	EXPECT_EQ(id, 0);
	return len;
}

u8 p9_reply(struct front *f)
{
	return ((u8 *)front_at(f, P9_REPLY))[4];
}

/* A session begins anew. */
static void p9_works(struct front *f)
{
	p9_version(f, 0xffff);
	EXPECT_EQ(p9_go(f), P9_LEN);
	EXPECT_EQ(p9_reply(f), P9_TVERSION + 1);
}

/* An ARP request, or some bytes for a console: the queue takes it. */
static void transmit_works(struct front *f)
{
	u32 header = f->kind == KIND_NET ? 12 : 0;
	u8 *data = front_at(f, FRONT_DATA);
	u32 id = ~0u;

	memset(data, 0, 128);
	memset(data + header, f->kind == KIND_NET ? 0xff : '.', 6);
	memcpy(data + header + 6, "\x00\x16\x3e\x00\x00\x01\x08\x06", 8);
	front_set(f, TX_QUEUE, 0, FRONT_DATA, f->kind == KIND_NET ? header + 60 : 6, 0, 0);
	front_offer(f, TX_QUEUE, 0);
	EXPECT_EQ(front_wait(f, TX_QUEUE, &id, NULL), 1);
	EXPECT_EQ(id, 0);
}

static void rng_works(struct front *f)
{
	u32 id, len = 0;

	memset(front_at(f, FRONT_DATA), 0, 64);
	front_set(f, 0, 0, FRONT_DATA, 64, DESC_WRITE, 0);
	front_offer(f, 0, 0);
	EXPECT_EQ(front_wait(f, 0, &id, &len), 1);
	EXPECT(len >= 1 && len <= 64);
}

static void works(struct front *f)
{
	switch (f->kind) {
	case KIND_BLK:
		return blk_works(f);
	case KIND_RNG:
		return rng_works(f);
	case KIND_9P:
		return p9_works(f);
	default:
		return transmit_works(f);
	}
}

/* What the neighbour has done, from the disk that we share. */
static u64 neighbour_count(struct front *n)
{
	EXPECT_EQ(blk_io(n, BLK_IN, 0, 512), 0);
	return *(volatile u64 *)front_at(n, FRONT_DATA);
}

static void neighbour_goes_on(void)
{
	struct front *n = front_open(KIND_BLK, DISK_NEIGHBOUR);
	u64 end = system_time() + 2 * HANG_NS, first, now;

	if (!n || (!(n->slot->driver_status & STATUS_DRIVER_OK) && !front_start(n))) {
		case_fail(__FILE__, __LINE__, "there is no disk of the neighbour");
		return;
	}
	first = now = neighbour_count(n);
	/* Two more: the first may have been under way. */
	while (now < first + 2 && !case_failed()) {
		if (system_time() > end)
			case_fail(__FILE__, __LINE__, "the neighbour stands still at %lu", now);
		HYP(sched_op, SCHEDOP_yield, NULL);
		now = neighbour_count(n);
	}
}

void front_run(u32 kind, void (*body)(struct front *f))
{
	struct front *f = front_open(kind, DISK_OWN);

	if (!f) {
		skip("no such device");
		return;
	}
	if (!front_start(f))
		return;
	works(f);
	if (case_failed())
		return;
	body(f);
	smp_wait(HANG_NS);
	if (front_start(f))
		works(f);
	neighbour_goes_on();
}
