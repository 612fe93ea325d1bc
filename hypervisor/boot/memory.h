/* SPDX-License-Identifier: GPL-2.0 */
/* Memory before the heap: ranges of RAM, what of it is taken, the frame table. */
#ifndef RINGLET_BOOT_MEMORY_H
#define RINGLET_BOOT_MEMORY_H

#include "boot/boot-info.h"

/* RAM below this is left to firmware, AP start-up and the service domain. */
#define LOW_MEMORY_END	0x100000UL

void ranges_add(struct ranges *s, paddr_t start, paddr_t end);
u64 ranges_bytes(const struct ranges *s);
void ranges_to_heap(const struct ranges *s);

/* RAM that nobody uses; a copy of it is a state to return to. */
extern struct ranges boot_free;

/* Fill machine_e820 and ram; NULL, or what is wrong with the map. */
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

/* Firmware's tables: in the direct map, though not RAM. */
bool e820_is_tables(const struct e820_entry *e);

/* Build the direct map and switch to it; NULL, or what is wrong. */
const char *memory_direct_map(const struct boot_info *info);
const char *memory_frame_table(void);

#endif
