// SPDX-License-Identifier: GPL-2.0
/*
 * Unpacking a kernel with the decoders of liblzma, libzstd and zlib.
 *
 * All of the input and the output are in memory, so each is one call that must
 * end exactly at the size the bzImage named. The output of zstd is its own
 * window; xz and lzma allocate their dictionary (32 MiB in Debian's kernels)
 * through libc-shim.c. Checksums are the formats' own and are verified.
 */
#include "base/types.h"
#include "boot/kernel.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_WINDOW	(16 + MAX_WBITS)	/* a gzip header, not zlib's */

static bool unpack_gzip(const struct bzimage *image, u8 *out)
{
	z_stream z = {
		.next_in = (u8 *)image->payload,
		.avail_in = image->payload_size,
		.next_out = out,
		.avail_out = image->unpacked_size,
	};

	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return false;
	return inflate(&z, Z_FINISH) == Z_STREAM_END && !z.avail_out;
}

/* The size that the kernel's build appended is not part of the stream. */
static u64 stream_size(const struct bzimage *image)
{
	return image->payload_size - sizeof(u32);
}

static bool unpack_xz(const struct bzimage *image, u8 *out)
{
	size_t in_at = 0, out_at = 0;
	u64 limit = ~0UL;

	return lzma_stream_buffer_decode(&limit, 0, NULL, image->payload,
					 &in_at, stream_size(image), out,
					 &out_at, image->unpacked_size) ==
		LZMA_OK && out_at == image->unpacked_size;
}

static bool unpack_lzma(const struct bzimage *image, u8 *out)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret rc;

	if (lzma_alone_decoder(&s, ~0UL) != LZMA_OK)
		return false;
	s.next_in = image->payload;
	s.avail_in = stream_size(image);
	s.next_out = out;
	s.avail_out = image->unpacked_size;
	do {
		rc = lzma_code(&s, LZMA_FINISH);
	} while (rc == LZMA_OK && s.avail_out);
	return (rc == LZMA_STREAM_END || rc == LZMA_OK) && !s.avail_out;
}

static bool unpack_zstd(const struct bzimage *image, u8 *out)
{
	size_t n = ZSTD_decompress(out, image->unpacked_size, image->payload,
				   stream_size(image));

	return !ZSTD_isError(n) && n == image->unpacked_size;
}

bool decompress(const struct bzimage *image, u8 *out)
{
	switch (image->compression) {
	case COMP_GZIP:
		return unpack_gzip(image, out);
	case COMP_XZ:
		return unpack_xz(image, out);
	case COMP_LZMA:
		return unpack_lzma(image, out);
	case COMP_ZSTD:
		return unpack_zstd(image, out);
	default:
		return false;
	}
}
