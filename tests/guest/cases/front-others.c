// SPDX-License-Identifier: GPL-2.0
/* Consoles and sources of random numbers: bad buffers, and garbage from a seed. */
#include "front.h"

static void bad_buffers(struct front *f, u32 queue, u16 direction)
{
	static const struct {
		u64 addr;
		u32 len;
	} buffers[] = {
		{ FRONT_DATA, 0 }, { FRONT_DATA, 1 }, { FRONT_BYTES, 64 }, { FRONT_BYTES - 8, 64 },
		{ -8ul, 64 }, { BIT(63) - 8, 64 }, { FRONT_DATA, 0xffffffff },
		{ BIT(63) | (u64)FRONT_FREE_REF << 12, 64 },
	};
	unsigned int i, way;

	for (i = 0; i < ARRAY_SIZE(buffers); i++) {
		for (way = 0; way < 2 && !case_failed(); way++) {
			front_set(f, queue, 0, buffers[i].addr, buffers[i].len,
				  way ? direction ^ DESC_WRITE : direction, 0);
			front_offer(f, queue, 0);
			if (front_wait(f, queue, NULL, NULL) == 0 && !front_start(f))
				return;
		}
	}
	front_set(f, queue, 0, FRONT_DATA, 16, DESC_NEXT | direction, 0);
	front_offer(f, queue, 0);
	front_expect_broken(f, "a loop");
	if (!front_start(f))
		return;
	front_avail(f, queue)[1] += 1000;
	front_kick(f, queue);
	front_expect_broken(f, "an available index that jumps");
}

FRONT_CASE(KIND_RNG, front_rng_buffers)
{
	bad_buffers(f, 0, DESC_WRITE);
}

FRONT_CASE(KIND_CONSOLE, front_console_buffers)
{
	bad_buffers(f, 1, 0);
}

/*
 * Rings and chains of values that are often wrong. What the device makes of them is its own; the
 * checks around the case say whether anything else came to harm.
 */
static u64 value(u64 *seed)
{
	static const u64 values[] = {
		0, 1, 16, FRONT_HEADER, FRONT_STATUS, FRONT_TABLE, FRONT_DATA, FRONT_DATA + 1, FRONT_BYTES - 1,
		FRONT_BYTES, BIT(31), BIT(32) - 1, BIT(63) - 1, BIT(63), BIT(63) | (u64)FRONT_FREE_REF << 12, -1ul,
	};
	u64 x = front_random(seed);

	return x & 256 ? values[x % ARRAY_SIZE(values)] : x >> (x >> 58);
}

static void garbage(struct front *f, u64 *seed)
{
	u32 queue = front_random(seed) % f->nr_queues, i;
	volatile u16 *avail = front_avail(f, queue);
	u32 words = PAGE_SIZE / 4;

	for (i = 0; i < f->entries; i++) {
		u64 x = front_random(seed);
		u16 next = x & 15 ? i + 1 : x >> 32;

		front_set(f, queue, i, value(seed), x & 16 ? x >> 52 : value(seed),
			  x & 32 ? x >> 60 & 7 : x >> 60 & 3, next);
		((volatile struct desc *)front_at(f, FRONT_TABLE))[i] = *front_desc(f, queue, i);
		((volatile u32 *)front_at(f, FRONT_HEADER))[x >> 40 & (words - 1)] = x >> 16;
	}
	for (i = 0; i < 1 + front_random(seed) % f->entries; i++)
		avail[2 + (avail[1] + i) % f->entries] = front_random(seed) & 63 ? i : front_random(seed);
	barrier();
	avail[1] += i;
	front_kick(f, queue);
}

static void fuzz(struct front *f)
{
	u64 seed = 0x5eed0000 + f->kind;
	unsigned int i;

	for (i = 0; i < 150 * case_rounds && !case_failed(); i++) {
		garbage(f, &seed);
		HYP(sched_op, SCHEDOP_yield, NULL);
		if ((i % 8 == 7 || front_broken(f)) && !front_start(f))
			return;
	}
}

BLK_CASE(front_fuzz_blk)
{
	fuzz(f);
}

NET_CASE(front_fuzz_net)
{
	fuzz(f);
}

FRONT_CASE(KIND_CONSOLE, front_fuzz_console)
{
	fuzz(f);
}

FRONT_CASE(KIND_RNG, front_fuzz_rng)
{
	fuzz(f);
}

FRONT_CASE(KIND_9P, front_fuzz_9p)
{
	fuzz(f);
}
