// SPDX-License-Identifier: GPL-2.0
/* The handshake, abused: steps left out, numbers out of range, a region that is none. */
#include "front.h"
#include <xen/grant_table.h>

/* Lay out, then @spoil, then DRIVER_OK: it must be refused, with a reason. */
#define REFUSED(statement) do {				\
	if (!front_reset(f))				\
		return;					\
	front_lay_out(f);				\
	statement;					\
	if (!front_refused(f)) {			\
		case_fail(__FILE__, __LINE__, "not refused: %s", #statement);	\
		return;					\
	}						\
} while (0)

static volatile struct ringlet_queue *queue(struct front *f)
{
	return front_at(f, 0);
}

BLK_CASE(front_driver_ok_alone)
{
	if (!front_reset(f))
		return;
	front_lay_out(f);
	if (!front_say(f, STATUS_DRIVER) || !front_say(f, STATUS_DRIVER | STATUS_DRIVER_OK))
		return;
	EXPECT(front_broken(f));
	EXPECT(f->slot->error);
	/* Nothing of it runs. */
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_offer(f, 0, 0);
	EXPECT_EQ(front_wait(f, 0, NULL, NULL), 0);
}

BLK_CASE(front_driver_ok_twice)
{
	EXPECT(front_say(f, STATUS_ALL));
	EXPECT(front_say(f, STATUS_ALL));
	EXPECT_EQ(blk_io(f, BLK_IN, 8, 512), 0);
}

BLK_CASE(front_status_garbage)
{
	static const u32 status[] = { 0xffffffff, 0x80000000, STATUS_NEEDS_RESET, 0x10, 0x30, 0xff0f };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(status) && !case_failed(); i++) {
		EXPECT(front_say(f, status[i]));
		EXPECT(front_start(f));
	}
	/* Backwards, and forwards again. */
	EXPECT(front_say(f, STATUS_DRIVER));
	EXPECT(front_broken(f));
	EXPECT(front_say(f, STATUS_ALL));
	EXPECT(front_broken(f));
	EXPECT(front_start(f));
	EXPECT(front_say(f, STATUS_ALL | STATUS_FAILED));
}

BLK_CASE(front_seq_jumps)
{
	f->slot->seq += 1000;
	EXPECT(front_say(f, STATUS_ALL));
	f->slot->seq -= 5000;
	EXPECT(front_say(f, STATUS_ALL));
	f->slot->seq = 0xfffffffe;
	EXPECT(front_say(f, STATUS_ALL));
	EXPECT(front_say(f, STATUS_ALL));
	EXPECT_EQ(blk_io(f, BLK_IN, 8, 512), 0);
}

BLK_CASE(front_features)
{
	static const u64 features[] = { 0, F_VERSION_1, F_ACCESS, ~0ul, F_VERSION_1 | F_ACCESS | BIT(34),
					F_VERSION_1 | F_ACCESS | BIT(63), F_VERSION_1 | F_ACCESS | BIT(5) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features) && !case_failed(); i++) {
		if (!front_reset(f))
			return;
		front_lay_out(f);
		f->slot->driver_features = features[i];
		EXPECT(front_say(f, STATUS_DRIVER));
		EXPECT(front_say(f, STATUS_DRIVER | STATUS_FEATURES_OK));
		EXPECT(!(f->slot->device_status & STATUS_FEATURES_OK));
		/* On all the same. */
		EXPECT(front_say(f, STATUS_ALL));
		EXPECT(!(f->slot->device_status & STATUS_DRIVER_OK) || front_broken(f));
	}
	/* Changed behind the answer: what was agreed on counts. */
	EXPECT(front_start(f));
	f->slot->driver_features = ~0ul;
	EXPECT_EQ(blk_io(f, BLK_IN, 8, 512), 0);
}

BLK_CASE(front_queues_number)
{
	static const u32 numbers[] = { 0, 17, 127, 128, 4096, 0x7fffffff, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		REFUSED(f->slot->nr_queues = numbers[i]);
}

BLK_CASE(front_region_size)
{
	static const u32 sizes[] = { 0, 4097, 0x10000, 0x7fffffff, 0x80000001, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		REFUSED(f->slot->region_pages = sizes[i]);
	/* More than the directory has, up to all that may be. */
	REFUSED(f->slot->region_pages = FRONT_PAGES + 1);
	REFUSED(f->slot->region_pages = 1024);
	REFUSED(f->slot->region_pages = 4096);
	/* Less than the rings need. */
	REFUSED(f->slot->region_pages = 1);
	REFUSED(f->slot->region_pages = 3);
}

BLK_CASE(front_region_directory)
{
	static const u32 refs[] = { FRONT_FREE_REF, 1023, 1024, 0x7fffffff, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refs); i++)
		REFUSED(f->slot->region_dir[0] = refs[i]);
	REFUSED(front_grant(f->first_ref + FRONT_PAGES, front_backend + 9, pfn_mfn(f->dir_pfn),
			    GTF_permit_access));
}

/* One page of the region is no good: the first, one in the middle, the last; many. */
BLK_CASE(front_region_pages)
{
	static const u32 pages[] = { 0, 5, FRONT_PAGES - 1 };
	u32 *dir = pfn_va(f->dir_pfn);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		REFUSED(dir[pages[i]] = FRONT_FREE_REF);
		REFUSED(dir[pages[i]] = 0xffffffff);
		REFUSED(front_grant(f->first_ref + pages[i], front_backend, pfn_mfn(f->pfn[pages[i]]),
				    GTF_permit_access | GTF_readonly));
		REFUSED(front_grant(f->first_ref + pages[i], front_backend, 0xffffffff,
				    GTF_permit_access));
		REFUSED(front_grant(f->first_ref + pages[i], front_backend,
				    pfn_mfn(kernel_l4_pfn), GTF_permit_access));
	}
	REFUSED(memset(dir, 0xee, PAGE_SIZE));
	memset(dir, 0, PAGE_SIZE);
	for (i = 0; i < FRONT_PAGES; i++)
		EXPECT_EQ(front_grant_flags(f->first_ref + i) & (GTF_reading | GTF_writing), 0);
}

/* All of the region is one page, rings and data and table: odd, and its own fault. */
BLK_CASE(front_region_one_page)
{
	u32 *dir = pfn_va(f->dir_pfn), i;

	if (!front_reset(f))
		return;
	front_lay_out(f);
	for (i = 0; i < FRONT_PAGES; i++)
		dir[i] = f->first_ref;
	EXPECT(front_say(f, STATUS_DRIVER));
	EXPECT(front_say(f, STATUS_DRIVER | STATUS_FEATURES_OK));
	EXPECT(front_say(f, STATUS_ALL));
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_offer(f, 0, 0);
	for (i = 0; i < 1000; i++) {
		((volatile u32 *)front_at(f, 0))[i] = i * 0x10003;
		front_kick(f, 0);
	}
}

BLK_CASE(front_queue_sizes)
{
	static const u32 sizes[] = { 0, 3, 15, 17, 512, 1024, 2048, 0x10000, 0x80000000, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		REFUSED(queue(f)->size = sizes[i]);
}

BLK_CASE(front_queue_addresses)
{
	static const u64 at[] = { FRONT_BYTES, FRONT_BYTES - 4, FRONT_BYTES - 2, BIT(32), BIT(63),
				  BIT(63) - 8, -8ul, 0x1001, 0x1003, -1ul };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		REFUSED(queue(f)->desc = at[i]);
		REFUSED(queue(f)->used = at[i]);
		REFUSED(queue(f)->avail = at[i] == FRONT_BYTES - 4 ? FRONT_BYTES - 2 : at[i]);
	}
	REFUSED(queue(f)->desc += 8);
	REFUSED(queue(f)->used += 2);
	REFUSED(queue(f)->avail += 1);
}

/* Rings on top of each other, and of the queue table: the driver's own fault. */
BLK_CASE(front_queue_overlaps)
{
	unsigned int i;

	for (i = 0; i < 4 && !case_failed(); i++) {
		if (!front_reset(f))
			return;
		front_lay_out(f);
		queue(f)->used = i & 1 ? queue(f)->desc : queue(f)->avail;
		if (i & 2)
			queue(f)->desc = 0;
		EXPECT(front_say(f, STATUS_DRIVER));
		EXPECT(front_say(f, STATUS_DRIVER | STATUS_FEATURES_OK));
		EXPECT(front_say(f, STATUS_ALL));
		blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
		front_offer(f, 0, 0);
		front_offer(f, 0, 0);
		spin_ns(1000000);
	}
}

BLK_CASE(front_queue_ports)
{
	struct front *other = front_open(KIND_BLK, DISK_READONLY);
	static const u32 ports[] = { 4095, 4096, 0x7fffffff, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ports); i++)
		REFUSED(queue(f)->port = ports[i]);
	REFUSED(queue(f)->port = front_control_port);
	REFUSED(queue(f)->port = start_info->console.domU.evtchn);
	if (other && front_start(other))
		REFUSED(queue(f)->port = other->ports[0]);
	EXPECT_EQ(other ? blk_io(other, BLK_IN, 0, 512) : -1, 0);
	/* No queue at all is none: nothing runs, nothing breaks. */
	if (!front_reset(f))
		return;
	front_lay_out(f);
	queue(f)->port = 0;
	EXPECT(front_say(f, STATUS_DRIVER));
	EXPECT(front_say(f, STATUS_DRIVER | STATUS_FEATURES_OK));
	EXPECT(front_say(f, STATUS_ALL));
}

/* The table again and again, while it is read. */
static void write_table(void *unused)
{
	volatile struct ringlet_queue *q = queue(race_victim);
	u64 x = 0x123456789;

	while (!race_over) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		q->size = x & 1 ? FRONT_ENTRIES : x >> 50;
		q->desc = x & 2 ? 0x1000 : x >> (x & 63);
		q->avail = x & 4 ? 0x2000 : x >> (x & 63);
		q->used = x & 8 ? 0x3000 : x >> (x & 63);
		race_victim->slot->region_pages = x & 16 ? FRONT_PAGES : x >> 51;
		((volatile u32 *)pfn_va(race_victim->dir_pfn))[x >> 60] = x & 32 ? x >> 52 :
			race_victim->first_ref + (x >> 60);
		race_victim->slot->nr_queues = x & 64 ? 1 : x >> 57;
	}
}

static bool start_anyhow(struct front *f, unsigned int i)
{
	if (!front_reset(f))
		return false;
	front_lay_out(f);
	EXPECT(front_say(f, STATUS_DRIVER));
	EXPECT(front_say(f, STATUS_DRIVER | STATUS_FEATURES_OK));
	EXPECT(front_say(f, STATUS_ALL));
	return true;
}

BLK_CASE(front_race_handshake)
{
	NEED_VCPU1();
	front_race(f, write_table, 60 * case_rounds, start_anyhow);
}

/* The header block, and the device's half of our slot and of an empty one. */
BLK_CASE(front_area_overwritten)
{
	static struct ringlet_device_slot saved[3];
	static const u32 slots[] = { 0, 0, 15 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		u32 n = i == 1 ? f->index : slots[i];

		memcpy(&saved[i], (void *)front_slot(n), sizeof(saved[i]));
		memset((void *)front_slot(n), 0xee, i == 1 ? 40 : sizeof(saved[i]));
	}
	front_send(front_control_port);
	EXPECT_EQ(blk_io(f, BLK_IN, 8, 512), 0);
	for (i = 0; i < 3; i++)
		memcpy((void *)front_slot(i == 1 ? f->index : slots[i]), &saved[i], i == 1 ? 40 : sizeof(saved[i]));
	front_send(front_control_port);
}

/* Fields of the config space that a driver does not write, and .seq for it. */
BLK_CASE(front_config_written)
{
	unsigned int i;
	u8 saved[RINGLET_CONFIG_SIZE];

	memcpy(saved, (void *)f->slot->config, sizeof(saved));
	for (i = 0; i < sizeof(saved); i++)
		f->slot->config[i] = 0xff;
	EXPECT(front_say(f, STATUS_ALL));
	/* Beyond the end is where it was. */
	EXPECT(blk_io(f, BLK_IN, *(u64 *)saved, 512) > 0);
	memcpy((void *)f->slot->config, saved, sizeof(saved));
}
