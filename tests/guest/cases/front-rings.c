// SPDX-License-Identifier: GPL-2.0
/* Rings that lie: indices, heads, and what changes while it is looked at. */
#include "front.h"

static void index_breaks(struct front *f, u16 step)
{
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_avail(f, 0)[1] += step;
	front_kick(f, 0);
	front_expect_broken(f, "an available index that jumps");
	front_start(f);
}

BLK_CASE(front_index_jumps)
{
	index_breaks(f, 1000);
	index_breaks(f, FRONT_ENTRIES + 1);
	index_breaks(f, 0x8000);
}

BLK_CASE(front_index_backwards)
{
	index_breaks(f, -1);
	index_breaks(f, -100);
}

BLK_CASE(front_head_out_of_range)
{
	static const u16 heads[] = { FRONT_ENTRIES, 255, 256, 0x7fff, 0xffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(heads) && !case_failed(); i++) {
		front_offer(f, 0, heads[i]);
		front_expect_broken(f, "a head out of range");
		front_start(f);
	}
}

/* The same chain in every entry of the ring. */
BLK_CASE(front_head_twice)
{
	volatile u16 *avail = front_avail(f, 0);
	unsigned int i;

	blk_fill(f, BLK_IN, 8, FRONT_DATA, PAGE_SIZE);
	for (i = 0; i < FRONT_ENTRIES; i++)
		avail[2 + (avail[1] + i) % FRONT_ENTRIES] = 0;
	barrier();
	avail[1] += FRONT_ENTRIES;
	front_kick(f, 0);
	for (i = 0; i < FRONT_ENTRIES; i++)
		if (front_wait(f, 0, NULL, NULL) <= 0)
			break;
}

/* The device's ring, written by the driver. */
BLK_CASE(front_used_written)
{
	volatile u16 *used = front_used_ring(f, 0);
	unsigned int i;

	for (i = 0; i < 2 + 4 * FRONT_ENTRIES; i++)
		used[i] = 0xffff;
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_offer(f, 0, 0);
	f->used[0] = 0xffff;
	front_wait(f, 0, NULL, NULL);
}

/* ---- under their feet: vCPU 1 writes while requests run ----------------------------------- */

static u64 seed;

static u64 next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static bool request(struct front *f, unsigned int i)
{
	blk_fill(f, i & 1 ? BLK_IN : BLK_OUT, 8, FRONT_DATA, PAGE_SIZE);
	front_offer(f, 0, 0);
	return front_wait(f, 0, NULL, NULL) > 0;
}

/* A request that breaks the device counts, too: with some writers most do that. */
static void run_against(struct front *f, void (*writer)(void *), unsigned int rounds)
{
	unsigned int i = 0;

	rounds *= case_rounds;
	seed = 0x9e3779b97f4a7c15;
	while (i < rounds && !case_failed() && (!front_broken(f) || front_start(f)))
		i += front_race(f, writer, rounds - i, request);
}

static void write_header(void *unused)
{
	volatile struct blk_header *h = front_at(race_victim, FRONT_HEADER);

	while (!race_over) {
		h->type = next_random() & 15;
		h->sector = next_random() >> (next_random() & 63);
	}
}

BLK_CASE(front_race_header)
{
	NEED_VCPU1();
	run_against(f, write_header, 300);
}

static void write_lengths(void *unused)
{
	while (!race_over) {
		volatile struct desc *d = front_desc(race_victim, 0, next_random() % 3);
		u32 len = d->len;
		u64 addr = d->addr;

		d->len = next_random() >> (next_random() & 63);
		d->addr = next_random() >> (next_random() & 63);
		d->len = len;
		d->addr = addr;
	}
}

BLK_CASE(front_race_descriptors)
{
	NEED_VCPU1();
	run_against(f, write_lengths, 300);
}

static void write_chain(void *unused)
{
	while (!race_over) {
		volatile struct desc *d = front_desc(race_victim, 0, next_random() % 4);

		d->flags = next_random() & 7;
		d->next = next_random() & 15;
	}
}

BLK_CASE(front_race_chain)
{
	NEED_VCPU1();
	run_against(f, write_chain, 100);
}

static void write_index(void *unused)
{
	volatile u16 *avail = front_avail(race_victim, 0);

	while (!race_over) {
		avail[1] += 1;
		avail[2 + (next_random() & 15)] = next_random() & 3;
		if (!(next_random() & 255))
			avail[1] = next_random();
	}
}

BLK_CASE(front_race_index)
{
	NEED_VCPU1();
	run_against(f, write_index, 60);
}

/* All of the first pages of the region but the queue table, at random. */
static void write_all(void *unused)
{
	while (!race_over)
		*(volatile u32 *)front_at(race_victim, PAGE_SIZE + (next_random() % (18 * PAGE_SIZE) & ~3ul)) =
			next_random() >> (next_random() & 63);
}

BLK_CASE(front_race_everything)
{
	NEED_VCPU1();
	run_against(f, write_all, 60);
}

/* Resets, as fast as they go, with requests under way. */
BLK_CASE(front_reset_under_way)
{
	unsigned int i, k;

	for (i = 0; i < 20 * case_rounds && !case_failed(); i++) {
		for (k = 0; k < FRONT_ENTRIES / 4; k++) {
			front_set(f, 0, 4 * k, FRONT_HEADER, 16, DESC_NEXT, 4 * k + 1);
			front_set(f, 0, 4 * k + 1, FRONT_DATA + k * PAGE_SIZE, PAGE_SIZE,
				  DESC_NEXT | DESC_WRITE, 4 * k + 2);
			front_set(f, 0, 4 * k + 2, FRONT_STATUS, 1, DESC_WRITE, 0);
			front_offer(f, 0, 4 * k);
		}
		front_start(f);
	}
}

/* ---- storms ------------------------------------------------------------------------------- */

static void storm_queue(void *unused)
{
	unsigned int i;

	for (i = 0; i < 20000; i++)
		front_kick(race_victim, 0);
}

static void storm_control(void *unused)
{
	unsigned int i;

	for (i = 0; i < 20000; i++)
		front_send(front_control_port);
}

/* Notifications without end, on an idle queue and on one at work. */
BLK_CASE(front_storm_queue)
{
	unsigned int i;

	NEED_VCPU1();
	race_victim = f;
	storm_queue(NULL);
	smp_call(storm_queue, NULL);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(blk_io(f, BLK_IN, 8, PAGE_SIZE), 0);
	EXPECT(smp_wait(HANG_NS));
}

BLK_CASE(front_storm_control)
{
	unsigned int i;

	NEED_VCPU1();
	storm_control(NULL);
	smp_call(storm_control, NULL);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(blk_io(f, BLK_IN, 8, PAGE_SIZE), 0);
	EXPECT(smp_wait(HANG_NS));
}
