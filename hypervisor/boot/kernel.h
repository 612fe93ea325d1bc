/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The service domain's kernel, from boot module to what its ELF file demands.
 * All of this reads hostile input; faults are sentences for boot_fail().
 */
#ifndef RINGLET_BOOT_KERNEL_H
#define RINGLET_BOOT_KERNEL_H

#include "base/types.h"

/* Where the ELF file is, once uncompressed. */
struct kernel_file {
	const u8 *data;
	u64 size;
};

enum compression {
	COMP_NONE,	/* the payload is the ELF file */
	COMP_GZIP, COMP_XZ, COMP_LZMA, COMP_ZSTD,
	COMP_UNKNOWN,	/* a known format that is not served */
};

struct bzimage {
	const u8 *payload;
	u64 payload_size;	/* compressed bytes */
	u64 unpacked_size;	/* bytes of the ELF file */
	enum compression compression;
	const char *name;	/* of the format */
};

bool is_elf(const u8 *data, u64 size);

/* NULL, or what is wrong with the module as a bzImage. */
const char *bzimage_parse(const u8 *data, u64 size, struct bzimage *image);

/**
 * decompress() - unpack a payload
 * @out: room for image->unpacked_size bytes
 *
 * Return: true if exactly that many bytes came out.
 */
bool decompress(const struct bzimage *image, u8 *out);

#define MAX_SEGMENTS	16

struct elf_segment {
	u64 paddr;		/* as the file says; in the guest after notes */
	u64 memsz, filesz;
	const u8 *data;
};

/* What XEN_ELFNOTE_* asked for (xen/elfnote.h); defaults where not given. */
struct elf_kernel {
	struct elf_segment segment[MAX_SEGMENTS];
	u32 nr_segments;
	u64 paddr_start, paddr_end;

	u64 entry, virt_base, paddr_offset;
	u64 hypercall_page, init_p2m;
	bool has_entry, has_hypercall_page, has_init_p2m;
	bool mod_start_pfn;
	bool has_notes;
	char xen_version[16];
	char guest_os[16];
};

/* Check headers and segments, read the notes. NULL, or what is wrong. */
const char *elf_parse(const u8 *data, u64 size, struct elf_kernel *k);

/* Notes in @size bytes at @data into *k (elf-notes.c). NULL, or the fault. */
const char *elf_notes_parse(const u8 *data, u64 size, struct elf_kernel *k);
/* After all notes: defaults, and what must hold between them. */
const char *elf_notes_check(struct elf_kernel *k);
/* Known to keep its own pages from its programs without a second base. */
bool elf_kernel_is_fit(const struct elf_kernel *k);

#endif
