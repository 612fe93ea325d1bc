// SPDX-License-Identifier: GPL-2.0
/*
 * Unpacking a kernel: liblzma, libzstd, zlib, and an LZ4 decoder of our own.
 *
 * All of the input and the output are in memory, so each is one call that must
 * end exactly at the size the bzImage named. The output of zstd is its own
 * window; xz and lzma allocate their dictionary (32 MiB in Debian's kernels)
 * with malloc(). Checksums are the formats' own and are verified.
 */
#include "internal.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_WINDOW	(16 + MAX_WBITS)	/* a gzip header, not zlib's */

static bool unpack_gzip(const u8 *in, u64 size, u8 *out, u64 room)
{
	z_stream z = {
		.next_in = (u8 *)in,
		.avail_in = size,
		.next_out = out,
		.avail_out = room,
	};
	int rc;

	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return false;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return rc == Z_STREAM_END && !z.avail_out;
}

static bool unpack_xz(const u8 *in, u64 size, u8 *out, u64 room)
{
	size_t in_at = 0, out_at = 0;
	u64 limit = ~0UL;

	return lzma_stream_buffer_decode(&limit, 0, NULL, in, &in_at, size, out,
					 &out_at, room) == LZMA_OK &&
		out_at == room;
}

static bool unpack_lzma(const u8 *in, u64 size, u8 *out, u64 room)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret rc;

	if (lzma_alone_decoder(&s, ~0UL) != LZMA_OK)
		return false;
	s.next_in = in;
	s.avail_in = size;
	s.next_out = out;
	s.avail_out = room;
	do {
		rc = lzma_code(&s, LZMA_FINISH);
	} while (rc == LZMA_OK && s.avail_out);
	lzma_end(&s);
	return (rc == LZMA_STREAM_END || rc == LZMA_OK) && !s.avail_out;
}

static bool unpack_zstd(const u8 *in, u64 size, u8 *out, u64 room)
{
	size_t n = ZSTD_decompress(out, room, in, size);

	return !ZSTD_isError(n) && n == room;
}

/* The size behind gzip's stream is part of it. */
static const struct decoder decoders[] = {
	{ { 0x1f, 0x8b }, 2, 0, unpack_gzip },
	{ { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, 4, unpack_xz },
	{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, 4, unpack_zstd },
	{ { 0x5d, 0, 0 }, 3, 4, unpack_lzma },
	{ { 0x02, 0x21, 0x4c, 0x18 }, 4, 4, lz4_unpack },
};

const struct decoder *decoder_find(const u8 *payload)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(decoders); i++)
		if (!memcmp(payload, decoders[i].magic, decoders[i].magic_size))
			return &decoders[i];
	return NULL;
}
