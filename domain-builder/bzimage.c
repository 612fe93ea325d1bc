// SPDX-License-Identifier: GPL-2.0
/*
 * What kind of file a kernel is; the bzImage container.
 *
 * Layout: Linux Documentation/arch/x86/boot.rst, protocol 2.08 and later, which
 * has payload_offset and payload_length. The last four bytes of the payload are
 * the size of the unpacked file: gzip's own trailer has it, and the kernel's
 * build appends it to every other format.
 */
#include "internal.h"

#define SETUP_SECTS	0x1f1
#define BOOT_FLAG	0x1fe	/* 0xaa55 */
#define HEADER_MAGIC	0x202	/* "HdrS" */
#define PROTOCOL	0x206
#define XLOADFLAGS	0x236	/* since 2.12; bit 0: 64-bit entry */
#define PAYLOAD_OFFSET	0x248
#define PAYLOAD_LENGTH	0x24c
#define HEADER_END	0x250
#define SECTOR		512

#define XLF_KERNEL_64	1
#define MAX_UNPACKED	(1UL << 30)

static const char corrupt[] = "its compressed payload is corrupt: copy it again";

bool is_elf(const u8 *data, u64 size)
{
	return size >= 4 && !memcmp(data, "\177ELF", 4);
}

static u32 read_u32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static const char *check_header(const u8 *data, u64 size)
{
	u32 protocol;

	if (!size)
		return "it is empty: copy it again";
	if (size < HEADER_END || data[BOOT_FLAG] != 0x55 ||
	    data[BOOT_FLAG + 1] != 0xaa ||
	    memcmp(data + HEADER_MAGIC, "HdrS", 4))
		return "it is not a kernel (neither bzImage nor ELF): use a "
		       "Linux kernel, vmlinuz or vmlinux";
	protocol = read_u32(data + PROTOCOL) & 0xffff;
	if (protocol < 0x208)
		return "its boot protocol is older than 2.08: use Linux 2.6.24 "
		       "or later";
	if (protocol >= 0x20c && !(data[XLOADFLAGS] & XLF_KERNEL_64))
		return "it is a 32-bit kernel: use a 64-bit (amd64) one";
	return NULL;
}

static const char *bzimage_open(const u8 *data, u64 size,
				struct kernel_file *file)
{
	const char *fault = check_header(data, size);
	u64 sectors, offset, length;

	if (fault)
		return fault;
	sectors = data[SETUP_SECTS] ? data[SETUP_SECTS] : 4;
	offset = (sectors + 1) * SECTOR + read_u32(data + PAYLOAD_OFFSET);
	length = read_u32(data + PAYLOAD_LENGTH);
	if (length < 16)
		return "it has no payload: copy it again";
	if (offset > size || length > size - offset)
		return "it is truncated (its payload ends beyond the file's "
		       "end): copy it again";
	file->payload = data + offset;
	file->payload_size = length;
	if (is_elf(file->payload, length))
		return NULL;
	file->decoder = decoder_find(file->payload);
	if (!file->decoder)
		return "its payload has no known compression: use a kernel "
		       "compressed with gzip, xz, lzma, lz4 or zstd";
	file->room = read_u32(file->payload + length - 4);
	return file->room && file->room <= MAX_UNPACKED ? NULL : corrupt;
}

const char *kernel_open(const void *data, uint64_t size,
			struct kernel_file *file)
{
	*file = (struct kernel_file){ .payload = data, .payload_size = size };
	return is_elf(data, size) ? NULL : bzimage_open(data, size, file);
}

const char *kernel_load(const struct kernel_file *file, void *room,
			struct kernel *kernel)
{
	const struct decoder *d = file->decoder;

	if (!d)
		return elf_parse(file->payload, file->payload_size, kernel);
	if (!d->unpack(file->payload, file->payload_size - d->trailer, room,
		       file->room))
		return corrupt;
	return elf_parse(room, file->room, kernel);
}
