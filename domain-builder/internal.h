/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the domain builder share; clients see builder.h only. */
#ifndef RINGLET_BUILDER_INTERNAL_H
#define RINGLET_BUILDER_INTERNAL_H

#include "builder.h"

#include <stddef.h>
#include <string.h>
#include <xen/xen.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PT_SHIFT	9	/* of the entries of a page table */
#define PT_ENTRIES	(1UL << PT_SHIFT)
#define L4_SHIFT	39
#define LOWER_HALF_END	(1UL << 47)	/* of the canonical addresses */

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a)	(((x) + (a) - 1) & ~((u64)(a) - 1))

static inline u64 smaller(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 pages_of(u64 bytes)
{
	return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static inline bool page_aligned(u64 x)
{
	return !(x % PAGE_SIZE);
}

bool is_elf(const u8 *data, u64 size);

/*
 * Each decoder takes a whole stream to exactly @room bytes. What it reads ends at
 * @size; the size that the kernel's build appends is not among that.
 */
struct decoder {
	u8 magic[6];
	u8 magic_size;
	u8 trailer;	/* bytes of the payload that are not the stream's */
	bool (*unpack)(const u8 *in, u64 size, u8 *out, u64 room);
};

/* By the payload's first bytes (at least 6); NULL: not served. */
const struct decoder *decoder_find(const u8 *payload);
bool lz4_unpack(const u8 *in, u64 size, u8 *out, u64 room);

/* Check headers and segments, read the notes. NULL, or what is wrong. */
const char *elf_parse(const u8 *data, u64 size, struct kernel *k);
/* Notes in @size bytes at @data into *k. NULL, or the fault. */
const char *notes_parse(const u8 *data, u64 size, struct kernel *k);
/* After all notes: what must hold between them. */
const char *notes_check(const struct kernel *k);

/* Page tables, the base not counted, that mapping start .. end takes. */
u64 tables_needed(u64 start, u64 end);
void tables_make(const struct builder *b);
u64 builder_mfn(const struct builder *b, u64 pfn);
void hypercall_page_fill(u8 *page);

#endif
