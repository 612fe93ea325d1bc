// SPDX-License-Identifier: GPL-2.0
/*
 * A shared directory: messages that are none, and what the back-end has to keep apart, tags. What a
 * message says to the server is the server's to judge.
 */
#include "front.h"

#define P9_CASE(fn)	FRONT_CASE(KIND_9P, fn)

static void breaks(struct front *f, const char *what)
{
	front_offer(f, 0, 0);
	front_expect_broken(f, what);
	front_start(f);
}

P9_CASE(front_9p_size_lies)
{
	static const u32 sizes[] = { 0, 1, 6, 7, P9_LEN - 1, P9_LEN + 1, PAGE_SIZE, BIT(20) + 1, BIT(31), 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes) && !case_failed(); i++) {
		p9_version(f, 0xffff);
		memcpy(front_at(f, FRONT_DATA), &sizes[i], 4);
		breaks(f, "a size field that is not the length");
	}
}

/* Less than a header, with the size field right as far as there is one; nothing at all. */
P9_CASE(front_9p_short)
{
	u32 len;

	for (len = 0; len < 7 && !case_failed(); len++) {
		p9_version(f, 0xffff);
		memcpy(front_at(f, FRONT_DATA), &len, 4);
		front_desc(f, 0, 0)->len = len;
		breaks(f, "a message shorter than its header");
	}
	p9_version(f, 0xffff);
	front_desc(f, 0, 0)->flags |= DESC_WRITE;
	breaks(f, "a chain without a message");
	p9_header(f, 8, P9_TFLUSH, 3);
	front_desc(f, 0, 0)->len = 8;
	breaks(f, "a Tflush of one byte");
}

/* 2 MiB, by an indirect table that names the same pages again and again. */
P9_CASE(front_9p_long)
{
	volatile struct desc *table = front_at(f, FRONT_TABLE);
	u32 piece = 16 * PAGE_SIZE, n = 32, i;

	p9_header(f, n * piece, P9_TWRITE, 1);
	for (i = 0; i < n; i++)
		table[i] = (struct desc) { FRONT_DATA, piece, DESC_NEXT, i + 1 };
	table[n] = (struct desc) { P9_REPLY, PAGE_SIZE, DESC_WRITE, 0 };
	front_set(f, 0, 0, FRONT_TABLE, (n + 1) * sizeof(*table), DESC_INDIRECT, 0);
	breaks(f, "a message of 2 MiB");
	/* 4 GiB and a little more: the sum of the lengths must not wrap. */
	for (i = 0; i < n; i++)
		table[i].len = 0x08000000;
	p9_header(f, 0, P9_TWRITE, 1);
	front_set(f, 0, 0, FRONT_TABLE, (n + 1) * sizeof(*table), DESC_INDIRECT, 0);
	breaks(f, "a message of 4 GiB");
}

/* A request in pieces, by an indirect table; then tables that are none. */
P9_CASE(front_9p_indirect)
{
	volatile struct desc *table = front_at(f, FRONT_TABLE);

	p9_version(f, 0xffff);
	table[0] = (struct desc) { FRONT_DATA, 3, DESC_NEXT, 1 };
	table[1] = (struct desc) { FRONT_DATA + 3, 5, DESC_NEXT, 2 };
	table[2] = (struct desc) { FRONT_DATA + 8, P9_LEN - 8, DESC_NEXT, 3 };
	table[3] = (struct desc) { P9_REPLY, 2, DESC_WRITE | DESC_NEXT, 4 };
	table[4] = (struct desc) { P9_REPLY + 2, 100, DESC_WRITE, 0 };
	front_set(f, 0, 0, FRONT_TABLE, 5 * sizeof(*table), DESC_INDIRECT, 0);
	EXPECT_EQ(p9_go(f), P9_LEN);
	EXPECT_EQ(p9_reply(f), P9_TVERSION + 1);
	table[2].next = 0;
	breaks(f, "a loop in a table");
	p9_version(f, 0xffff);
	table[0] = (struct desc) { FRONT_TABLE, 64, DESC_INDIRECT, 0 };
	front_set(f, 0, 0, FRONT_TABLE, 64, DESC_INDIRECT, 0);
	breaks(f, "a table in a table");
	front_set(f, 0, 0, FRONT_BYTES, 64, DESC_INDIRECT, 0);
	breaks(f, "a table outside of the region");
	front_set(f, 0, 0, FRONT_TABLE, 65, DESC_INDIRECT, 0);
	breaks(f, "a table of half a descriptor");
}

P9_CASE(front_9p_outside)
{
	static const u64 places[] = { FRONT_BYTES, FRONT_BYTES - 8, BIT(32), BIT(63) - 8,
				      BIT(63) | (u64)FRONT_FREE_REF << 12, -8ul };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places) && !case_failed(); i++) {
		p9_version(f, 0xffff);
		front_desc(f, 0, 0)->addr = places[i];
		breaks(f, "a message that is nowhere");
		/* The server answers; its answer has no place. */
		p9_version(f, 0xffff);
		front_desc(f, 0, 1)->addr = places[i];
		if (p9_go(f) > 0)
			case_fail(__FILE__, __LINE__, "a reply at 0x%lx", places[i]);
		if (front_broken(f) && !front_start(f))
			return;
	}
}

P9_CASE(front_9p_no_room)
{
	static const u32 room[] = { 0, 1, 6, 7, P9_LEN - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(room) && !case_failed(); i++) {
		p9_version(f, 0xffff);
		front_desc(f, 0, 1)->len = room[i];
		EXPECT_EQ(p9_go(f), 0);
		EXPECT_EQ(p9_reply(f), 0);
	}
	p9_version(f, 0xffff);
	front_desc(f, 0, 0)->flags = 0;
	EXPECT_EQ(p9_go(f), 0);
}

/* Types of replies, and of none. */
P9_CASE(front_9p_types)
{
	static const u8 types[] = { P9_TVERSION + 1, P9_TFLUSH + 1, 7, 255 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types) && !case_failed(); i++) {
		p9_version(f, 0xffff);
		((u8 *)front_at(f, FRONT_DATA))[4] = types[i];
		breaks(f, "a request of a reply's type");
	}
}

/* All of a ring's requests with one tag: refused, or each answered before the next was looked at. */
P9_CASE(front_9p_tag_twice)
{
	volatile u16 *avail = front_avail(f, 0);
	unsigned int round, i, broken = 0;

	for (round = 0; round < 20 && !case_failed(); round++) {
		p9_version(f, 5);
		for (i = 0; i < f->entries; i++)
			avail[2 + (avail[1] + i) % f->entries] = 0;
		barrier();
		avail[1] += f->entries;
		front_kick(f, 0);
		for (i = 0; i < f->entries; i++)
			if (front_wait(f, 0, NULL, NULL) <= 0)
				break;
		broken += front_broken(f);
		if (front_broken(f) && !front_start(f))
			return;
	}
	EXPECT(broken);
}

/* Of itself, of what is not in flight, of what may be; the flushed one's buffer comes back, once. */
P9_CASE(front_9p_flush)
{
	static const u16 tags[] = { 3, 4, 0xffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tags) && !case_failed(); i++) {
		p9_version(f, 3);
		p9_header(f, 9, P9_TFLUSH, 3);
		memcpy((u8 *)front_at(f, FRONT_DATA) + 7, &tags[i], 2);
		front_desc(f, 0, 0)->len = 9;
		EXPECT_EQ(p9_go(f), 7);
		EXPECT_EQ(p9_reply(f), P9_TFLUSH + 1);
	}
}

/* A count of 4 GiB, of a file that is not open: an error, and little of it. */
P9_CASE(front_9p_counts)
{
	u32 count = 0xffffffff;

	p9_version(f, 0xffff);
	EXPECT_EQ(p9_go(f), P9_LEN);
	p9_version(f, 9);
	p9_header(f, 23, P9_TREAD, 9);		/* fid[4] offset[8] count[4] */
	memcpy((u8 *)front_at(f, FRONT_DATA) + 19, &count, 4);
	front_desc(f, 0, 0)->len = 23;
	EXPECT_EQ(p9_go(f), 11);
	EXPECT_EQ(p9_reply(f), 7);		/* Rlerror */
}
