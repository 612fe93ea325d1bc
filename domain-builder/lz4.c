// SPDX-License-Identifier: GPL-2.0
/*
 * LZ4's legacy frame, which is what a kernel's build makes ("lz4 -l").
 *
 * Format: lz4_Frame_format.md and lz4_Block_format.md of LZ4 1.9: the magic
 * number, then blocks, each behind its compressed size in four bytes. A block is
 * sequences of a token (two lengths of 4 bits, 15: bytes up to one below 255 add
 * to it), literals, the distance of a match in two bytes; the last sequence ends
 * after its literals. Matches are at least 4 bytes long and stay in the block.
 */
#include "internal.h"

#define MAGIC_SIZE	4
#define MIN_MATCH	4
#define MAX_NIBBLE	15

/* What is left of a block, and of the room for it. */
struct cursor {
	const u8 *in, *in_end;
	u8 *out, *out_end;
};

/* More than any room if the bytes of the length end too early. */
static u64 read_length(struct cursor *c, u64 n)
{
	u8 more;

	if (n < MAX_NIBBLE)
		return n;
	do {
		if (c->in == c->in_end)
			return ~0UL >> 1;
		more = *c->in++;
		n += more;
	} while (more == 255);
	return n;
}

static bool copy_literals(struct cursor *c, u64 n)
{
	if (n > (u64)(c->in_end - c->in) || n > (u64)(c->out_end - c->out))
		return false;
	memcpy(c->out, c->in, n);
	c->in += n;
	c->out += n;
	return true;
}

/* Bytes may repeat what this copy itself wrote: one at a time. */
static bool copy_match(struct cursor *c, const u8 *start, u64 nibble)
{
	u64 distance, n;

	if (c->in_end - c->in < 2)
		return false;
	distance = c->in[0] | c->in[1] << 8;
	c->in += 2;
	n = read_length(c, nibble) + MIN_MATCH;
	if (!distance || distance > (u64)(c->out - start) ||
	    n > (u64)(c->out_end - c->out))
		return false;
	for (; n; n--, c->out++)
		*c->out = *(c->out - distance);
	return true;
}

static bool unpack_block(struct cursor *c)
{
	const u8 *start = c->out;
	u8 token;

	while (c->in < c->in_end) {
		token = *c->in++;
		if (!copy_literals(c, read_length(c, token >> 4)))
			return false;
		if (c->in == c->in_end)
			return true;
		if (!copy_match(c, start, token & MAX_NIBBLE))
			return false;
	}
	return false;
}

bool lz4_unpack(const u8 *in, u64 size, u8 *out, u64 room)
{
	struct cursor c = { .out = out, .out_end = out + room };
	u64 at = MAGIC_SIZE;
	u32 n;

	for (; size - at >= sizeof(n); at += n) {
		memcpy(&n, in + at, sizeof(n));
		at += sizeof(n);
		if (n > size - at)
			return false;
		c.in = in + at;
		c.in_end = c.in + n;
		if (!unpack_block(&c))
			return false;
	}
	return at == size && c.out == c.out_end;
}
