// SPDX-License-Identifier: GPL-2.0
/* Requests that a disk cannot do: each is answered with an error, the device works on. */
#include "front.h"

static void fails(struct front *f, u32 type, u64 sector, u32 len)
{
	int rc = blk_io(f, type, sector, len);

	if (rc != 1 && rc != 2)
		case_fail(__FILE__, __LINE__, "type %u, sector 0x%lx, %u bytes: status %d, expected an error",
			  type, sector, len, rc);
}

static u64 sectors(struct front *f)
{
	return *(volatile u64 *)f->slot->config;
}

BLK_CASE(front_request_sectors)
{
	u64 n = sectors(f), i;
	static const u64 far[] = { BIT(55), BIT(54) - 1, BIT(63), -1ul, -8ul, BIT(32) };

	EXPECT_EQ(blk_io(f, BLK_IN, n - 1, 512), 0);
	fails(f, BLK_IN, n, 512);
	fails(f, BLK_IN, n - 1, 1024);
	fails(f, BLK_OUT, n - 1, 1024);
	for (i = 0; i < ARRAY_SIZE(far); i++) {
		fails(f, BLK_IN, far[i], 512);
		fails(f, BLK_OUT, far[i], 4096);
	}
}

BLK_CASE(front_request_lengths)
{
	static const u32 lens[] = { 1, 100, 511, 513, 4095 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		fails(f, BLK_IN, 8, lens[i]);
		fails(f, BLK_OUT, 8, lens[i]);
	}
	fails(f, BLK_IN, 8, 0);
	fails(f, BLK_OUT, 8, 0);
}

BLK_CASE(front_request_types)
{
	static const u32 types[] = { 2, 3, 5, 6, 7, 9, 10, 12, 14, 15, 0x80000000, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		fails(f, types[i], 0, 512);
	EXPECT_EQ(blk_io(f, BLK_GET_ID, 0, 20), 0);
	/* Room for less, and for much more. */
	EXPECT(blk_io(f, BLK_GET_ID, 0, 1) >= 0);
	EXPECT(blk_io(f, BLK_GET_ID, 0, PAGE_SIZE) >= 0);
}

/* The same 60 KiB of the region seventy times: more than 4 MiB. */
BLK_CASE(front_request_large)
{
	volatile struct desc *d;
	unsigned int i, n = 14;

	blk_fill(f, BLK_OUT, 8, FRONT_DATA, 512);
	for (i = 0; i < n; i++) {
		d = front_desc(f, 0, i);
		d->addr = !i ? FRONT_HEADER : i == n - 1 ? FRONT_STATUS : FRONT_DATA;
		d->len = !i ? 16 : i == n - 1 ? 1 : 20 * PAGE_SIZE;
		d->flags = i == n - 1 ? DESC_WRITE : DESC_NEXT;
		d->next = i + 1;
	}
	/* 12 times 80 KiB are less. */
	EXPECT_EQ(blk_go(f), 0);
	for (i = 1; i < n - 1; i++)
		front_desc(f, 0, i)->len = 0x7ffffe00;
	blk_refused(f);
}

struct range {
	u64 sector;
	u32 sectors, flags;
};

static void ranges(struct front *f, u32 type, u64 sector, u32 n, u32 flags, u32 len)
{
	struct range r = { sector, n, flags };

	memcpy(front_at(f, FRONT_DATA), &r, sizeof(r));
	blk_fill(f, type, 0, FRONT_DATA, len);
	blk_refused(f);
}

BLK_CASE(front_request_ranges)
{
	u64 n = sectors(f);
	u32 type;

	f->features |= BIT(13) | BIT(14);
	if (!front_reset(f))
		return;
	front_lay_out(f);
	f->slot->driver_features |= f->slot->features & (BIT(13) | BIT(14));
	if (!front_say(f, STATUS_DRIVER) || !front_say(f, STATUS_DRIVER | STATUS_FEATURES_OK) ||
	    !front_say(f, STATUS_ALL))
		return;
	for (type = BLK_DISCARD; type <= BLK_ZEROES; type += BLK_ZEROES - BLK_DISCARD) {
		ranges(f, type, n, 8, 0, 16);
		ranges(f, type, n - 1, 2, 0, 16);
		ranges(f, type, -1ul, 2, 0, 16);
		ranges(f, type, 0, 0xffffffff, 0, 16);
		ranges(f, type, 8, 8, 0xfffffffe, 16);
		ranges(f, type, 8, 8, 0, 15);
		ranges(f, type, 8, 8, 0, 17 * 16);
		ranges(f, type, 8, 8, 0, 4096);
	}
}

/* A disk that is ours for reading. */
BLK_CASE(front_request_readonly)
{
	struct front *n = front_open(KIND_BLK, DISK_READONLY);

	if (!n || !front_start(n)) {
		EXPECT(!"a read-only disk");
		return;
	}
	memset(front_at(n, FRONT_DATA), 0xee, PAGE_SIZE);
	fails(n, BLK_OUT, 0, 512);
	fails(n, BLK_DISCARD, 0, 16);
	fails(n, BLK_ZEROES, 0, 16);
}
