// SPDX-License-Identifier: GPL-2.0
/*
 * Chains that no driver builds: addresses, lengths, order, loops, indirect tables. Where
 * the ring itself is not valid the device breaks; a bad address of data fails its request.
 */
#include "front.h"

/* A request with data at @addr, in both directions. */
static void data_at(struct front *f, u64 addr, u32 len)
{
	blk_fill(f, BLK_OUT, 8, addr, len);
	blk_refused(f);
	if (front_broken(f) && !front_start(f))
		return;
	blk_fill(f, BLK_IN, 8, addr, len);
	blk_refused(f);
}

BLK_CASE(front_data_out_of_region)
{
	data_at(f, FRONT_BYTES, 512);
	if (front_start(f))
		data_at(f, FRONT_BYTES + (100ul << 20), 4096);
	if (front_start(f))
		data_at(f, BIT(62), 512);
}

BLK_CASE(front_data_crosses_end)
{
	data_at(f, FRONT_BYTES - 512, 1024);
	if (front_start(f))
		data_at(f, FRONT_DATA, FRONT_BYTES);
}

/* Over the ends of both kinds of address. */
BLK_CASE(front_data_wraps)
{
	data_at(f, BIT(63) - 512, 1024);
	if (front_start(f))
		data_at(f, -512ul, 1024);
	if (front_start(f))
		data_at(f, -1ul, 512);
}

BLK_CASE(front_data_len_0)
{
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_desc(f, 0, 1)->len = 0;
	blk_refused(f);
}

BLK_CASE(front_data_len_max)
{
	data_at(f, FRONT_DATA, 0xffffffff);
	if (front_start(f))
		data_at(f, FRONT_DATA, 0x80000000);
}

BLK_CASE(front_header_out_of_region)
{
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_desc(f, 0, 0)->addr = FRONT_BYTES - 8;
	blk_refused(f);
}

BLK_CASE(front_header_len)
{
	static const u32 lens[] = { 0, 1, 15 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
		front_desc(f, 0, 0)->len = lens[i];
		blk_refused(f);
		if (front_broken(f) && !front_start(f))
			return;
	}
}

BLK_CASE(front_status_out_of_region)
{
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_desc(f, 0, 2)->addr = FRONT_BYTES;
	front_offer(f, 0, 0);
	front_expect_broken(f, "a status byte behind the region");
}

/* No status to write; only a status; nothing at all. */
BLK_CASE(front_chain_incomplete)
{
	blk_fill(f, BLK_OUT, 8, FRONT_DATA, 512);
	front_desc(f, 0, 1)->flags = 0;
	front_offer(f, 0, 0);
	front_expect_broken(f, "no status");
	if (!front_start(f))
		return;
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_desc(f, 0, 2)->len = 0;
	front_offer(f, 0, 0);
	/* The last byte of the data may stand for it. */
	front_wait(f, 0, NULL, NULL);
	if (!front_start(f))
		return;
	front_set(f, 0, 0, FRONT_STATUS, 1, DESC_WRITE, 0);
	*(volatile u8 *)front_at(f, FRONT_STATUS) = 0xff;
	blk_refused(f);
	if (!front_start(f))
		return;
	front_set(f, 0, 0, 0, 0, 0, 0);
	front_offer(f, 0, 0);
	front_expect_broken(f, "an empty chain");
}

/* What is written comes last, in virtio. */
BLK_CASE(front_directions_mixed)
{
	blk_fill(f, BLK_OUT, 8, FRONT_DATA, 512);
	front_desc(f, 0, 0)->flags |= DESC_WRITE;
	blk_refused(f);
	if (!front_start(f))
		return;
	/* Data to be written in a request to write, and the other way round. */
	blk_fill(f, BLK_OUT, 8, FRONT_DATA, 512);
	front_desc(f, 0, 1)->flags |= DESC_WRITE;
	blk_refused(f);
	if (!front_start(f))
		return;
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_desc(f, 0, 1)->flags &= ~DESC_WRITE;
	blk_refused(f);
}

BLK_CASE(front_unknown_flags)
{
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_desc(f, 0, 1)->flags |= 0xfff8;
	front_offer(f, 0, 0);
	front_wait(f, 0, NULL, NULL);
}

BLK_CASE(front_next_out_of_range)
{
	static const u16 next[] = { FRONT_ENTRIES, 0x7fff, 0xffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(next); i++) {
		blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
		front_desc(f, 0, 1)->next = next[i];
		front_offer(f, 0, 0);
		front_expect_broken(f, "next out of range");
		if (!front_start(f))
			return;
	}
}

BLK_CASE(front_chain_loops)
{
	unsigned int back;

	for (back = 0; back < 2; back++) {
		blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
		front_desc(f, 0, 1)->next = back;
		front_offer(f, 0, 0);
		front_expect_broken(f, "a loop");
		if (!front_start(f))
			return;
	}
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_desc(f, 0, 2)->flags |= DESC_NEXT;
	front_desc(f, 0, 2)->next = 2;
	front_offer(f, 0, 0);
	front_expect_broken(f, "a loop at the end");
}

/* ---- indirect tables ---------------------------------------------------------------------- */

static volatile struct desc *table(struct front *f)
{
	return front_at(f, FRONT_TABLE);
}

/* A good request, by an indirect table of @len bytes at @at. */
static void indirect(struct front *f, u64 at, u32 len)
{
	unsigned int i;

	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	for (i = 0; i < 3; i++)
		table(f)[i] = *front_desc(f, 0, i);
	front_set(f, 0, 0, at, len, DESC_INDIRECT, 0);
}

static void breaks(struct front *f, const char *what)
{
	front_offer(f, 0, 0);
	front_expect_broken(f, what);
	front_start(f);
}

BLK_CASE(front_indirect_works)
{
	indirect(f, FRONT_TABLE, 48);
	EXPECT_EQ(blk_go(f), 0);
}

BLK_CASE(front_indirect_len)
{
	static const u32 lens[] = { 0, 1, 15, 17, 47, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens) && !case_failed(); i++) {
		indirect(f, FRONT_TABLE, lens[i]);
		breaks(f, "length of an indirect table");
	}
	/* As many bytes as 2^32 allows, from a region that ends before. */
	indirect(f, FRONT_TABLE, 0xfffffff0);
	table(f)[2].flags |= DESC_NEXT;
	table(f)[2].next = 0xfff0;
	breaks(f, "an indirect table of 4 GiB");
}

BLK_CASE(front_indirect_address)
{
	static const u64 at[] = { FRONT_BYTES, FRONT_BYTES - 16, -32ul, BIT(63) | 0x1000, BIT(63) - 16 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at) && !case_failed(); i++) {
		indirect(f, at[i], 48);
		breaks(f, "address of an indirect table");
	}
}

BLK_CASE(front_indirect_nested)
{
	indirect(f, FRONT_TABLE, 48);
	table(f)[1].addr = FRONT_TABLE;
	table(f)[1].len = 48;
	table(f)[1].flags = DESC_INDIRECT;
	breaks(f, "an indirect table in an indirect table");
	indirect(f, FRONT_TABLE, 48);
	table(f)[0].addr = FRONT_TABLE;
	table(f)[0].len = 48;
	table(f)[0].flags = DESC_INDIRECT | DESC_NEXT;
	breaks(f, "an indirect table that begins with itself");
}

BLK_CASE(front_indirect_next)
{
	indirect(f, FRONT_TABLE, 48);
	table(f)[1].next = 3;
	breaks(f, "next behind an indirect table");
	indirect(f, FRONT_TABLE, 48);
	table(f)[1].next = 0;
	breaks(f, "a loop in an indirect table");
	indirect(f, FRONT_TABLE, 48);
	front_desc(f, 0, 0)->flags |= DESC_NEXT;
	front_desc(f, 0, 0)->next = 1;
	front_offer(f, 0, 0);
	/* Virtio forbids it, it harms nobody. */
	front_wait(f, 0, NULL, NULL);
}

/* More descriptors than the ring has; so many that they fill pages. */
BLK_CASE(front_indirect_long)
{
	volatile struct desc *d;
	unsigned int i, n = 512;

	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	for (i = 0; i < n; i++) {
		d = (volatile struct desc *)front_at(f, FRONT_TABLE + i * 16);
		d->addr = i ? FRONT_DATA : FRONT_HEADER;
		d->len = i ? 1 : 16;
		d->flags = (i ? DESC_WRITE : 0) | (i < n - 1 ? DESC_NEXT : 0);
		d->next = i + 1;
	}
	front_set(f, 0, 0, FRONT_TABLE, n * 16, DESC_INDIRECT, 0);
	front_offer(f, 0, 0);
	front_wait(f, 0, NULL, NULL);
}

/* Not taken by the driver, used all the same. */
BLK_CASE(front_indirect_not_negotiated)
{
	if (!front_reset(f))
		return;
	front_lay_out(f);
	f->slot->driver_features = F_VERSION_1 | F_ACCESS;
	if (!front_say(f, STATUS_DRIVER) || !front_say(f, STATUS_DRIVER | STATUS_FEATURES_OK) ||
	    !front_say(f, STATUS_ALL))
		return;
	EXPECT_EQ(f->slot->device_status, STATUS_ALL);
	indirect(f, FRONT_TABLE, 48);
	/* Linux's vringh knows them anyhow, which harms nobody. */
	front_offer(f, 0, 0);
	front_wait(f, 0, NULL, NULL);
}
