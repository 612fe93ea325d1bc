// SPDX-License-Identifier: GPL-2.0
/*
 * Each decoder: what an encoder made comes out again, to the byte; every cut, a
 * wrong size and random damage are refused or harmless. Streams and rooms have
 * ASan's red zones at both ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "internal.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define PLAIN	40000UL
#define PACKED	(PLAIN * 2)

struct stream {
	u8 bytes[PACKED];
	size_t size;
};

static u8 plain[PLAIN];

/* Text with repeats of all lengths, and stretches that do not repeat. */
static void make_plain(void)
{
	size_t at = 0, n, from;

	srand(20261121);
	while (at < PLAIN) {
		n = smaller(1 + rand() % (rand() % 8 ? 40 : 1200), PLAIN - at);
		from = at ? rand() % at : 0;
		for (; n; n--, at++, from++)
			plain[at] = at % 3000 < 2000 && from < at ?
				plain[from] : rand();
	}
}

static void make_gzip(struct stream *s)
{
	z_stream z = {
		.next_in = plain, .avail_in = PLAIN,
		.next_out = s->bytes, .avail_out = PACKED,
	};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, 0), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	s->size = z.total_out;
	deflateEnd(&z);
}

static void make_xz(struct stream *s)
{
	s->size = 0;
	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL,
						 plain, PLAIN, s->bytes,
						 &s->size, PACKED), LZMA_OK);
}

static void make_lzma(struct stream *s)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma o;

	lzma_lzma_preset(&o, 6);
	assert_int_equal(lzma_alone_encoder(&z, &o), LZMA_OK);
	z.next_in = plain;
	z.avail_in = PLAIN;
	z.next_out = s->bytes;
	z.avail_out = PACKED;
	assert_int_equal(lzma_code(&z, LZMA_FINISH), LZMA_STREAM_END);
	s->size = z.total_out;
	lzma_end(&z);
}

static void make_zstd(struct stream *s)
{
	s->size = ZSTD_compress(s->bytes, PACKED, plain, PLAIN, 9);
	assert_false(ZSTD_isError(s->size));
}

static u8 *put_length(u8 *to, size_t n)
{
	for (n -= 15; n >= 255; n -= 255)
		*to++ = 255;
	*to++ = n;
	return to;
}

/* One sequence; @match 0: the last one of its block. */
static u8 *put_sequence(u8 *to, const u8 *literals, size_t n, size_t match,
			size_t distance)
{
	size_t m = match ? match - 4 : 0;

	*to++ = smaller(n, 15) << 4 | smaller(m, 15);
	if (n >= 15)
		to = put_length(to, n);
	memcpy(to, literals, n);
	to += n;
	if (match) {
		*to++ = distance;
		*to++ = distance >> 8;
		if (m >= 15)
			to = put_length(to, m);
	}
	return to;
}

/* The longest match for @at among the nearest 600 places of the block. */
static size_t find_match(size_t start, size_t at, size_t end, size_t *distance)
{
	size_t from, n, best = 0;

	for (from = at; from-- > start && at - from < 600;) {
		for (n = 0; at + n < end && plain[from + n] == plain[at + n];)
			n++;
		if (n > best) {
			best = n;
			*distance = at - from;
		}
	}
	return best;
}

static u8 *put_block(u8 *to, size_t start, size_t end)
{
	size_t at = start, literals = start, n, distance = 0;

	while (at < end) {
		n = at + 5 < end ? find_match(start, at, end - 5, &distance) : 0;
		if (n < 4) {
			at++;
			continue;
		}
		to = put_sequence(to, plain + literals, at - literals, n,
				  distance);
		at += n;
		literals = at;
	}
	return put_sequence(to, plain + literals, end - literals, 0, 0);
}

/* The legacy frame, of two blocks. */
static void make_lz4(struct stream *s)
{
	static const u8 magic[] = { 0x02, 0x21, 0x4c, 0x18 };
	size_t ends[] = { 0, PLAIN / 3, PLAIN }, i;
	u8 *to = s->bytes + sizeof(magic), *block;
	u32 n;

	memcpy(s->bytes, magic, sizeof(magic));
	for (i = 0; i < 2; i++) {
		block = to + sizeof(n);
		to = put_block(block, ends[i], ends[i + 1]);
		n = to - block;
		memcpy(block - sizeof(n), &n, sizeof(n));
	}
	s->size = to - s->bytes;
}

static void (*const makers[])(struct stream *s) = {
	make_gzip, make_xz, make_lzma, make_zstd, make_lz4,
};

/* Unpack exactly @size bytes to exactly @room; is it @plain? */
static bool unpacks(const u8 *bytes, size_t size, size_t room)
{
	const struct decoder *d = decoder_find(bytes);
	u8 *in = malloc(size), *out = malloc(room);
	bool good;

	assert_non_null(d);
	memcpy(in, bytes, size);
	good = d->unpack(in, size, out, room) && room == PLAIN &&
	       !memcmp(out, plain, PLAIN);
	free(in);
	free(out);
	return good;
}

static void test_round_trip(void **state)
{
	static struct stream s;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(makers); i++) {
		makers[i](&s);
		assert_true(unpacks(s.bytes, s.size, PLAIN));
	}
}

static void test_wrong_sizes(void **state)
{
	static struct stream s;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(makers); i++) {
		makers[i](&s);
		assert_false(unpacks(s.bytes, s.size, PLAIN - 1));
		assert_false(unpacks(s.bytes, s.size, PLAIN + 1));
		assert_false(unpacks(s.bytes, s.size, 1));
		for (n = 8; n < s.size - 20; n += 61)
			assert_false(unpacks(s.bytes, n, PLAIN));
	}
}

static void test_damage(void **state)
{
	static struct stream s, bad;
	u32 i, round, n;

	(void)state;
	srand(20261121);
	for (i = 0; i < ARRAY_SIZE(makers); i++) {
		makers[i](&s);
		for (round = 0; round < 1500; round++) {
			bad = s;
			for (n = 1 + rand() % 3; n; n--)
				bad.bytes[6 + rand() % (s.size - 6)] =
					rand() % 2 ? rand() : 0xff;
			(void)unpacks(bad.bytes, bad.size, PLAIN);
		}
	}
}

/* Single faults of an LZ4 block: all but one byte is right. */
static void test_lz4_faults(void **state)
{
	static const struct { u8 block[12]; u8 size; u8 room; bool good; } c[] = {
		/* "ab", "abab" by a match that overlaps itself, "xyz" */
		{ { 0x20, 'a', 'b', 2, 0, 0x30, 'x', 'y', 'z' }, 9, 9, true },
		{ { 0x20, 'a', 'b', 3, 0, 0x30, 'x', 'y', 'z' }, 9, 9, false },
		{ { 0x20, 'a', 'b', 0, 0, 0x30, 'x', 'y', 'z' }, 9, 9, false },
		{ { 0x20, 'a', 'b', 2, 1, 0x30, 'x', 'y', 'z' }, 9, 9, false },
		{ { 0x20, 'a', 'b', 2, 0, 0x40, 'x', 'y', 'z' }, 9, 9, false },
		{ { 0x24, 'a', 'b', 2, 0, 0x30, 'x', 'y', 'z' }, 9, 9, false },
		{ { 0x2f, 'a', 'b', 2, 0, 255, 255, 255, 255 }, 9, 9, false },
		{ { 0xf0, 255, 255 }, 3, 9, false },
		{ { 0x20, 'a', 'b', 2, 0 }, 5, 6, false },
		{ { 0x20, 'a', 'b', 2 }, 4, 6, false },
		{ { 0 }, 0, 9, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		u8 *in = malloc(8 + c[i].size), *out = malloc(c[i].room);

		memcpy(in, "\x02\x21\x4c\x18", 4);
		memcpy(in + 4, (u8[]){ c[i].size, 0, 0, 0 }, 4);
		memcpy(in + 8, c[i].block, c[i].size);
		assert_int_equal(lz4_unpack(in, 8 + c[i].size, out, c[i].room),
				 c[i].good);
		if (c[i].good)
			assert_memory_equal(out, "abababxyz", 9);
		free(in);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_wrong_sizes),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_lz4_faults),
	};

	make_plain();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
