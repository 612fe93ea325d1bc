// SPDX-License-Identifier: GPL-2.0
/*
 * A network driver that lies: headers, lengths, receive buffers, commands. What is wrong with a
 * frame costs the frame; what is wrong with a ring costs the device.
 */
#include "front.h"

#define RX	0
#define TX	1
#define CONTROL	2
#define HEADER	12

struct net_header {
	u8 flags, gso_type;
	u16 hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

/* TCP/IPv4 from our address, with a checksum left to be made. */
static void frame(struct front *f, u32 payload)
{
	static const u8 start[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x16, 0x3e, 0, 0, 1, 8, 0,
		0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 168, 77, 9, 192, 168, 77, 1,
		0, 9, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x10, 1, 0, 0, 0, 0, 0,
	};
	u8 *at = front_at(f, FRONT_DATA);

	memset(at, 0, PAGE_SIZE);
	memcpy(at + HEADER, start, sizeof(start));
	at[HEADER + 16] = (40 + payload) >> 8;
	at[HEADER + 17] = 40 + payload;
}

/* One chain of one descriptor: it is used, and the device is not broken. */
static void send(struct front *f, u64 addr, u32 len)
{
	front_set(f, TX, 0, addr, len, 0, 0);
	front_offer(f, TX, 0);
	EXPECT_EQ(front_wait(f, TX, NULL, NULL), 1);
}

/* "Who has 192.168.77.1?": whoever has answers, so that something is received. */
static void question(struct front *f)
{
	static const u8 arp[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x16, 0x3e, 0, 0, 1, 8, 6,
		0, 1, 8, 0, 6, 4, 0, 1, 0, 0x16, 0x3e, 0, 0, 1, 192, 168, 77, 9,
		0, 0, 0, 0, 0, 0, 192, 168, 77, 1,
	};
	u8 *at = front_at(f, FRONT_DATA);

	memset(at, 0, 128);
	memcpy(at + HEADER, arp, sizeof(arp));
	memcpy(at + HEADER + 6, (void *)f->slot->config, 6);
	memcpy(at + HEADER + 22, (void *)f->slot->config, 6);
}

static void ask(struct front *f)
{
	question(f);
	send(f, FRONT_DATA, HEADER + 60);
}

NET_CASE(front_net_receives)
{
	u32 len = 0;

	front_set(f, RX, 0, FRONT_DATA + PAGE_SIZE, 2048, DESC_WRITE, 0);
	front_offer(f, RX, 0);
	ask(f);
	EXPECT_EQ(front_wait(f, RX, NULL, &len), 1);
	EXPECT(len >= HEADER + 42);
}

NET_CASE(front_net_headers)
{
	static const u8 flags[] = { 0, 1, 2, 3, 4, 0xff };
	static const u8 types[] = { 0, 1, 2, 3, 4, 5, 0x80, 0x81, 0x84, 0xff };
	static const u16 values[] = { 0, 1, 13, 14, 34, 47, 48, 54, 60, 512, 513, 1448, 0x7fff, 0x8000,
				      0xffff };
	struct net_header h;
	u64 seed = 4711;
	unsigned int i;

	for (i = 0; i < 400 * case_rounds && !case_failed(); i++) {
		u32 payload = front_random(&seed) % 3000;

		h.flags = flags[front_random(&seed) % ARRAY_SIZE(flags)];
		h.gso_type = types[front_random(&seed) % ARRAY_SIZE(types)];
		h.hdr_len = values[front_random(&seed) % ARRAY_SIZE(values)];
		h.gso_size = values[front_random(&seed) % ARRAY_SIZE(values)];
		h.csum_start = values[front_random(&seed) % ARRAY_SIZE(values)];
		h.csum_offset = i & 1 ? 16 : values[front_random(&seed) % ARRAY_SIZE(values)];
		h.num_buffers = front_random(&seed);
		frame(f, payload);
		memcpy(front_at(f, FRONT_DATA), &h, sizeof(h));
		send(f, FRONT_DATA, HEADER + 54 + payload);
	}
}

/* Good but for one thing: what a segmenting driver sends, with a lie about its size. */
NET_CASE(front_net_segments)
{
	static const u16 sizes[] = { 0, 1, 8, 47, 48, 536, 1448, 0xffff };
	struct net_header h = { .flags = 1, .gso_type = 1, .hdr_len = 54, .csum_start = 34,
				.csum_offset = 16 };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (k = 0; k < 3; k++) {
			h.gso_size = sizes[i];
			h.gso_type = k == 2 ? 4 : k ? 0x81 : 1;
			frame(f, 60000);
			memcpy(front_at(f, FRONT_DATA), &h, sizeof(h));
			send(f, FRONT_DATA, HEADER + 54 + 60000);
		}
	}
}

NET_CASE(front_net_lengths)
{
	static const u32 lens[] = { 0, 1, 10, 11, 12, 13, 25, 26, 27, 59, 1526, 1527, 9000, 65535, 65536,
				    70 << 10, FRONT_BYTES - FRONT_DATA, 0x7fffffff, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens) && !case_failed(); i++) {
		frame(f, 0);
		front_set(f, TX, 0, FRONT_DATA, lens[i], 0, 0);
		front_offer(f, TX, 0);
		if (front_wait(f, TX, NULL, NULL) == 0 && !front_start(f))
			return;
	}
	/* Sixteen pieces of nothing, and of a byte. */
	for (i = 0; i < 16; i++)
		front_set(f, TX, i, FRONT_DATA, 0, i < 15 ? DESC_NEXT : 0, i + 1);
	front_offer(f, TX, 0);
	EXPECT_EQ(front_wait(f, TX, NULL, NULL), 1);
	for (i = 0; i < 16; i++)
		front_set(f, TX, i, FRONT_DATA + i, 1, i < 15 ? DESC_NEXT : 0, i + 1);
	front_offer(f, TX, 0);
	EXPECT_EQ(front_wait(f, TX, NULL, NULL), 1);
}

NET_CASE(front_net_addresses)
{
	static const u64 at[] = { FRONT_BYTES, FRONT_BYTES - 20, BIT(62), BIT(63) - 8, -64ul,
				  BIT(63) | (u64)FRONT_FREE_REF << 12, BIT(63) | 0xfffffffful << 12 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at) && !case_failed(); i++) {
		front_set(f, TX, 0, at[i], 100, 0, 0);
		front_offer(f, TX, 0);
		if (front_wait(f, TX, NULL, NULL) == 0 && !front_start(f))
			return;
		/* A good header, a bad frame. */
		frame(f, 0);
		front_set(f, TX, 0, FRONT_DATA, HEADER, DESC_NEXT, 1);
		front_set(f, TX, 1, at[i], 2000, 0, 0);
		front_offer(f, TX, 0);
		if (front_wait(f, TX, NULL, NULL) == 0 && !front_start(f))
			return;
	}
}

/* To be written where it is to be read. */
NET_CASE(front_net_directions)
{
	frame(f, 0);
	front_set(f, TX, 0, FRONT_DATA, HEADER + 60, DESC_WRITE, 0);
	front_offer(f, TX, 0);
	if (front_wait(f, TX, NULL, NULL) == 0 && !front_start(f))
		return;
	front_set(f, RX, 0, FRONT_DATA + PAGE_SIZE, 2048, 0, 0);
	front_offer(f, RX, 0);
	ask(f);
}

/* Receive buffers that are none, and then a frame for them. */
NET_CASE(front_net_buffers)
{
	static const struct {
		u64 addr;
		u32 len;
	} buffers[] = {
		{ FRONT_DATA + PAGE_SIZE, 0 }, { FRONT_DATA + PAGE_SIZE, 1 }, { FRONT_DATA + PAGE_SIZE, 11 },
		{ FRONT_DATA + PAGE_SIZE, 12 }, { FRONT_DATA + PAGE_SIZE, 13 }, { FRONT_BYTES, 2048 },
		{ FRONT_BYTES - 16, 2048 }, { -16ul, 2048 }, { FRONT_DATA, 0xffffffff },
		{ BIT(63) | (u64)FRONT_FREE_REF << 12, 2048 }, { BIT(63) | 0xfffffffful << 12, 2048 },
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(buffers) && !case_failed(); i++) {
		for (k = 0; k < FRONT_ENTRIES; k++) {
			front_set(f, RX, k, buffers[i].addr, buffers[i].len, DESC_WRITE, 0);
			front_offer(f, RX, k);
		}
		for (k = 0; k < 4 && !front_broken(f); k++) {
			front_set(f, TX, 0, FRONT_DATA, HEADER + 60, 0, 0);
			ask(f);
		}
		if (!front_start(f))
			return;
	}
}

NET_CASE(front_net_index)
{
	front_avail(f, TX)[1] += 1000;
	front_kick(f, TX);
	front_expect_broken(f, "an available index that jumps");
	if (!front_start(f))
		return;
	front_offer(f, TX, 0x7fff);
	front_expect_broken(f, "a head out of range");
	if (!front_start(f))
		return;
	front_set(f, TX, 0, FRONT_DATA, 100, DESC_NEXT, 0);
	front_offer(f, TX, 0);
	front_expect_broken(f, "a loop");
}

/*
 * A buffer of no bytes suffices for no frame, and stays taken. Then the index goes back behind it:
 * would it be taken again, and again, there were no bound to what is under way. Whether it was taken
 * does not show, so the index goes to and fro.
 */
NET_CASE(front_net_index_behind)
{
	u64 end = system_time() + HANG_NS;

	front_set(f, RX, 0, FRONT_DATA + PAGE_SIZE, 0, DESC_WRITE, 0);
	front_offer(f, RX, 0);
	while (!front_broken(f)) {
		if (system_time() > end) {
			case_fail(__FILE__, __LINE__, "an index among what is taken: the device is not broken");
			return;
		}
		question(f);
		front_set(f, TX, 0, FRONT_DATA, HEADER + 60, 0, 0);
		front_offer(f, TX, 0);
		front_wait(f, TX, NULL, NULL);
		front_avail(f, RX)[1] ^= 1;
		barrier();
		front_kick(f, RX);
	}
}

/* Commands: none, too long, unknown, with nowhere to answer to. */
NET_CASE(front_net_commands)
{
	static const u32 lens[] = { 0, 1, 2, 3, 8, 9, 4096, 0xffffffff };
	static const u8 classes[] = { 0, 1, 2, 4, 5, 0xff };
	volatile u8 *at = front_at(f, FRONT_DATA);
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		for (k = 0; k < ARRAY_SIZE(classes) && !case_failed(); k++) {
			at[0] = classes[k];
			at[1] = k & 1;
			front_set(f, CONTROL, 0, FRONT_DATA, lens[i], DESC_NEXT, 1);
			front_set(f, CONTROL, 1, FRONT_STATUS, 1, DESC_WRITE, 0);
			front_offer(f, CONTROL, 0);
			if (front_wait(f, CONTROL, NULL, NULL) == 0 && !front_start(f))
				return;
		}
	}
	front_set(f, CONTROL, 0, FRONT_DATA, 2, 0, 0);
	front_offer(f, CONTROL, 0);
	front_wait(f, CONTROL, NULL, NULL);
	front_set(f, CONTROL, 0, FRONT_DATA, 8, DESC_NEXT, 1);
	front_set(f, CONTROL, 1, FRONT_BYTES, 1, DESC_WRITE, 0);
	front_offer(f, CONTROL, 0);
	front_wait(f, CONTROL, NULL, NULL);
}

/* Resets while the device is at work on commands. */
NET_CASE(front_net_commands_reset)
{
	volatile u16 *avail = front_avail(f, CONTROL);
	unsigned int i, k;

	for (i = 0; i < 50 * case_rounds && !case_failed(); i++) {
		memset(front_at(f, FRONT_DATA), 0, 16);
		for (k = 0; k < f->entries / 2u; k++) {
			front_set(f, CONTROL, 2 * k, FRONT_DATA, 8, DESC_NEXT, 2 * k + 1);
			front_set(f, CONTROL, 2 * k + 1, FRONT_STATUS, 1, DESC_WRITE, 0);
			avail[2 + (avail[1] + k) % f->entries] = 2 * k;
		}
		barrier();
		avail[1] += k;
		front_kick(f, CONTROL);
		if (!front_start(f))
			return;
	}
}

/* Frame and header, rewritten while they are sent. */
static void write_frame(void *unused)
{
	u64 seed = 42;

	while (!race_over) {
		u64 x = front_random(&seed);

		((volatile u8 *)front_at(race_victim, FRONT_DATA))[x % 80] = x >> 32;
		if (!(x & 31))
			front_desc(race_victim, TX, 0)->len = x >> 40;
	}
}

static bool send_frame(struct front *f, unsigned int i)
{
	frame(f, 1000);
	front_set(f, TX, 0, FRONT_DATA, HEADER + 54 + 1000, 0, 0);
	front_offer(f, TX, 0);
	return front_wait(f, TX, NULL, NULL) || front_start(f);
}

NET_CASE(front_net_race)
{
	NEED_VCPU1();
	front_race(f, write_frame, 300 * case_rounds, send_frame);
}
