/* SPDX-License-Identifier: GPL-2.0 */
/* Memory before the heap: ranges of RAM, what of it is taken, the frame table. */
#ifndef RINGLET_BOOT_MEMORY_H
#define RINGLET_BOOT_MEMORY_H

#include "boot/boot-info.h"

/* RAM below this is left to firmware, AP start-up and the service domain. */
#define LOW_MEMORY_END	0x100000UL

#define MAX_TAKEN	32

/* What boot took of RAM; a copy of it is a state to return to. */
struct taken {
	struct {
		paddr_t start, end;
	} range[MAX_TAKEN];
	u32 n;
};

/* Fill machine_e820 and ram_ranges; NULL, or what is wrong with the map. */
const char *memory_map_init(const struct boot_info *info);

/* Keep start .. end from being allocated or given to the heap. */
void boot_take(paddr_t start, paddr_t end);

/**
 * boot_alloc() - the highest free range below a limit
 * @size: bytes; the range is page-aligned
 * @below: end limit (exclusive)
 *
 * Not zeroed. Return: its address, or 0.
 */
paddr_t boot_alloc(u64 size, paddr_t below);

/* Undo all boot_alloc() since *@saved was copied. */
struct taken boot_taken(void);
void boot_release_to(const struct taken *saved);
u64 boot_free_bytes(void);

/* Firmware's tables: in the direct map, though not RAM. */
bool e820_is_tables(const struct boot_e820 *e);

/* Build the direct map and switch to it; NULL, or what is wrong. */
const char *memory_direct_map(const struct boot_info *info);
const char *memory_frame_table(void);

/* Give the heap all RAM that is not taken. */
void memory_to_heap(void);

#endif
