// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are lent read-only where the device has to write. It must not fault, must write
 * nothing, and must say that it failed.
 */
#include "front.h"

#define FILLED	0x5a

static bool start_with(struct front *f, u64 offset)
{
	return front_lay_out_readonly(f, offset) && front_go(f);
}

static void fill_page(struct front *f, u64 offset)
{
	memset(front_at(f, offset & ~(PAGE_SIZE - 1)), FILLED, PAGE_SIZE);
}

static void expect_untouched(struct front *f, u64 offset, u32 len)
{
	const volatile u8 *at = front_at(f, offset);
	u32 i, bad = 0;

	for (i = 0; i < len; i++)
		bad += at[i] != FILLED;
	EXPECT_EQ(bad, 0);
}

/* What a good driver does: the device only reads these. */
BLK_CASE(front_readonly_rings)
{
	static const u64 pages[] = { 0, PAGE_SIZE, 2 * PAGE_SIZE };	/* queue table, descriptors, available */
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages) && start_with(f, pages[i]); i++)
		EXPECT_EQ(blk_io(f, BLK_IN, 8, 512), 0);
}

BLK_CASE(front_readonly_used)
{
	if (front_lay_out_readonly(f, 3 * PAGE_SIZE))
		front_refused(f);
}

BLK_CASE(front_readonly_data)
{
	if (!start_with(f, FRONT_DATA))
		return;
	fill_page(f, FRONT_DATA);
	EXPECT_EQ(blk_io(f, BLK_OUT, 8, PAGE_SIZE), 0);
	EXPECT_EQ(blk_io(f, BLK_IN, 8, PAGE_SIZE), 1);
	EXPECT_EQ(blk_io(f, BLK_IN, 16, 512), 1);
	EXPECT_EQ(blk_io(f, BLK_GET_ID, 0, 20), 1);
	expect_untouched(f, FRONT_DATA, PAGE_SIZE);
	/* What is not in that page. */
	blk_fill(f, BLK_IN, 8, FRONT_DATA + PAGE_SIZE, PAGE_SIZE);
	EXPECT_EQ(blk_go(f), 0);
	expect_untouched(f, FRONT_DATA + PAGE_SIZE, PAGE_SIZE);
}

/* A buffer that begins in a page to be written and goes on in one that is not; the other way. */
BLK_CASE(front_readonly_half)
{
	if (!start_with(f, FRONT_DATA + PAGE_SIZE))
		return;
	fill_page(f, FRONT_DATA + PAGE_SIZE);
	blk_fill(f, BLK_IN, 8, FRONT_DATA + PAGE_SIZE / 2, PAGE_SIZE);
	EXPECT_EQ(blk_go(f), 1);
	blk_fill(f, BLK_IN, 8, FRONT_DATA + PAGE_SIZE + PAGE_SIZE / 2, PAGE_SIZE);
	EXPECT_EQ(blk_go(f), 1);
	expect_untouched(f, FRONT_DATA + PAGE_SIZE, PAGE_SIZE);
}

BLK_CASE(front_readonly_status)
{
	if (!start_with(f, FRONT_STATUS))
		return;
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_offer(f, 0, 0);
	front_expect_broken(f, "a status byte in a page lent read-only");
	EXPECT_EQ(*(volatile u8 *)front_at(f, FRONT_STATUS), 0xff);
}

/* The answer to a control command. */
NET_CASE(front_readonly_control)
{
	volatile u8 *status = front_at(f, FRONT_STATUS);

	if (!start_with(f, FRONT_STATUS))
		return;
	fill_page(f, FRONT_STATUS);
	memset(front_at(f, FRONT_DATA), 0, 16);
	front_set(f, 2, 0, FRONT_DATA, 8, DESC_NEXT, 1);
	front_set(f, 2, 1, FRONT_STATUS, 1, DESC_WRITE, 0);
	front_offer(f, 2, 0);
	EXPECT(front_wait(f, 2, NULL, NULL) >= 0);
	EXPECT_EQ(*status, FILLED);
}

FRONT_CASE(KIND_RNG, front_readonly_rng)
{
	u32 len = 0;

	if (!start_with(f, FRONT_DATA))
		return;
	fill_page(f, FRONT_DATA);
	front_set(f, 0, 0, FRONT_DATA, 64, DESC_WRITE, 0);
	front_offer(f, 0, 0);
	EXPECT(front_wait(f, 0, NULL, &len) >= 0);
	EXPECT_EQ(len, 0);
	expect_untouched(f, FRONT_DATA, PAGE_SIZE);
}

FRONT_CASE(KIND_9P, front_readonly_9p)
{
	if (!start_with(f, P9_REPLY))
		return;
	p9_version(f, 0xffff);
	fill_page(f, P9_REPLY);
	EXPECT_EQ(p9_go(f), 0);
	expect_untouched(f, P9_REPLY, PAGE_SIZE);
}
