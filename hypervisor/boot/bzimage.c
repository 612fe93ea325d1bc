// SPDX-License-Identifier: GPL-2.0
/*
 * The bzImage container: where its compressed kernel lies.
 *
 * Layout: Linux Documentation/arch/x86/boot.rst, protocol 2.08 and later, which
 * has payload_offset and payload_length. The last four bytes of the payload are
 * the size of the unpacked file: gzip's own trailer has it, and the kernel's
 * build appends it to every other format. Pure; also built into host tests.
 */
#include "boot/kernel.h"
#include "base/string.h"

#define SETUP_SECTS	0x1f1
#define BOOT_FLAG	0x1fe	/* 0xaa55 */
#define HEADER_MAGIC	0x202	/* "HdrS" */
#define PROTOCOL	0x206
#define XLOADFLAGS	0x236	/* since 2.12; bit 0: 64-bit entry */
#define PAYLOAD_OFFSET	0x248
#define PAYLOAD_LENGTH	0x24c
#define HEADER_END	0x250
#define SECTOR		512

#define XLF_KERNEL_64	BIT(0)

struct format {
	const char *name;
	u8 magic[6];
	u8 magic_size;
	enum compression compression;
};

static const struct format formats[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, COMP_GZIP },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, COMP_XZ },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, COMP_ZSTD },
	{ "lzma", { 0x5d, 0, 0 }, 3, COMP_LZMA },
	{ "none", { 0x7f, 'E', 'L', 'F' }, 4, COMP_NONE },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, COMP_UNKNOWN },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, COMP_UNKNOWN },
	{ "lzo", { 0x89, 'L', 'Z', 'O' }, 4, COMP_UNKNOWN },
};

static u32 read_u32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

bool is_elf(const u8 *data, u64 size)
{
	return size >= 4 && !memcmp(data, "\177ELF", 4);
}

static const char *find_format(struct bzimage *image)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		if (memcmp(image->payload, formats[i].magic,
			   formats[i].magic_size))
			continue;
		image->name = formats[i].name;
		image->compression = formats[i].compression;
		if (image->compression == COMP_UNKNOWN)
			return "it is compressed with bzip2, lz4 or lzo: use a "
			       "kernel compressed with gzip, xz, lzma or zstd";
		return NULL;
	}
	return "its payload has no known compression: it is corrupt or not a "
	       "Linux kernel; copy it again";
}

const char *bzimage_parse(const u8 *data, u64 size, struct bzimage *image)
{
	u64 offset, length;
	u32 sectors;
	u16 protocol;

	if (!size)
		return "it is empty: copy it again";
	if (size < HEADER_END || data[BOOT_FLAG] != 0x55 ||
	    data[BOOT_FLAG + 1] != 0xaa ||
	    memcmp(data + HEADER_MAGIC, "HdrS", 4))
		return "it is not a kernel (neither bzImage nor ELF): the first "
		       "module must be a Linux kernel, the second its initial "
		       "RAM disk";
	memcpy(&protocol, data + PROTOCOL, sizeof(protocol));
	if (protocol < 0x208)
		return "its boot protocol is older than 2.08: use Linux 2.6.24 "
		       "or later";
	if (protocol >= 0x20c && !(data[XLOADFLAGS] & XLF_KERNEL_64))
		return "it is a 32-bit kernel: use a 64-bit (amd64) one";

	sectors = data[SETUP_SECTS] ? data[SETUP_SECTS] : 4;
	offset = (u64)(sectors + 1) * SECTOR + read_u32(data + PAYLOAD_OFFSET);
	length = read_u32(data + PAYLOAD_LENGTH);
	if (length < 16)
		return "it has no payload: copy it again";
	if (offset > size || length > size - offset)
		return "it is truncated (its payload ends beyond the module's "
		       "end): copy it again";
	image->payload = data + offset;
	image->payload_size = length;
	image->unpacked_size = read_u32(data + offset + length - 4);
	return find_format(image);
}
