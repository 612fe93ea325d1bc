// SPDX-License-Identifier: GPL-2.0
/*
 * Memory before the heap.
 *
 * ram_ranges: what the boot loader's map calls RAM, page-aligned inwards,
 * sorted, without overlaps, minus what another entry claims (firmware's maps
 * may overlap: RAM loses) and minus the first MiB, which stays as firmware left
 * it and is the service domain's to map, as I/O memory is.
 *
 * Before the heap exists, memory is taken from the top of RAM by boot_alloc();
 * all that was ever taken is listed, so the heap gets the rest by subtraction
 * and temporary memory is released by going back to an older list.
 *
 * Locks: none; one pCPU runs.
 */
#include "boot/memory.h"

#include "base/string.h"
#include "console/printk.h"
#include "machine/cpu-features.h"
#include "machine/directmap.h"
#include "machine/host-map.h"
#include "mm/mm.h"
#include "state/alloc.h"
#include "state/page.h"

#define FOUR_GIB	(4UL << 30)
#define MAX_FRAMES	(1UL << 32)	/* struct page links are 32 bits */

static struct taken taken;

extern const char resident_end[];	/* ringlet.lds */

static void range_insert(unsigned int at, paddr_t start, paddr_t end)
{
	unsigned int i;

	if (nr_ram_ranges == MAX_RAM_RANGES)
		return;	/* the map is absurd; what does not fit is not used */
	for (i = nr_ram_ranges++; i > at; i--)
		ram_ranges[i] = ram_ranges[i - 1];
	ram_ranges[at].start = start;
	ram_ranges[at].end = end;
}

static void range_delete(unsigned int at)
{
	unsigned int i;

	nr_ram_ranges--;
	for (i = at; i < nr_ram_ranges; i++)
		ram_ranges[i] = ram_ranges[i + 1];
}

static void ram_add(paddr_t start, paddr_t end)
{
	unsigned int i = 0;

	if (start >= end)
		return;
	while (i < nr_ram_ranges && ram_ranges[i].end < start)
		i++;
	while (i < nr_ram_ranges && ram_ranges[i].start <= end) {
		start = min(start, ram_ranges[i].start);
		end = max(end, ram_ranges[i].end);
		range_delete(i);
	}
	range_insert(i, start, end);
}

static void ram_subtract(paddr_t start, paddr_t end)
{
	unsigned int i = 0;

	while (i < nr_ram_ranges) {
		struct ram_range r = ram_ranges[i];

		if (r.end <= start || r.start >= end) {
			i++;
			continue;
		}
		range_delete(i);
		if (end < r.end)
			range_insert(i, end, r.end);
		if (r.start < start)
			range_insert(i++, r.start, start);
	}
}

const char *memory_map_init(const struct boot_info *info)
{
	u64 limit = BIT(min(cpu_features.phys_bits, 44U));
	u32 i;

	for (i = 0; i < info->nr_e820; i++) {
		const struct boot_e820 *e = &info->e820[i];

		machine_e820[i].addr = e->addr;
		machine_e820[i].size = e->size;
		machine_e820[i].type = e->type;
		if (e->type == E820_RAM)
			ram_add(ALIGN_UP(e->addr, PAGE_SIZE),
				ALIGN_DOWN(e->addr + e->size, PAGE_SIZE));
	}
	nr_machine_e820 = info->nr_e820;
	for (i = 0; i < info->nr_e820; i++) {
		const struct boot_e820 *e = &info->e820[i];

		if (e->type != E820_RAM)
			ram_subtract(ALIGN_DOWN(e->addr, PAGE_SIZE),
				     ALIGN_UP(e->addr + e->size, PAGE_SIZE));
	}
	ram_subtract(0, LOW_MEMORY_END);
	ram_subtract(min(limit, MAX_FRAMES << PAGE_SHIFT), ~0UL);
	if (!nr_ram_ranges)
		return "the boot loader's memory map has no RAM above 1 MiB";
	return NULL;
}

void boot_take(paddr_t start, paddr_t end)
{
	u32 i;

	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	if (start >= end)
		return;
	/* Downward allocation makes neighbours of most of what is taken. */
	for (i = 0; i < taken.n; i++) {
		if (taken.range[i].start == end) {
			taken.range[i].start = start;
			return;
		}
	}
	if (taken.n == MAX_TAKEN)
		panic(NULL, "ringlet: boot: too many pieces of memory taken");
	taken.range[taken.n].start = start;
	taken.range[taken.n++].end = end;
}

/* The start of a taken range that overlaps start .. end, or 0. */
static paddr_t taken_overlap(paddr_t start, paddr_t end)
{
	u32 i;

	for (i = 0; i < taken.n; i++)
		if (taken.range[i].start < end && taken.range[i].end > start)
			return taken.range[i].start;
	return 0;
}

paddr_t boot_alloc(u64 size, paddr_t below)
{
	unsigned int i = nr_ram_ranges;
	paddr_t start, end, hit;

	size = ALIGN_UP(size, PAGE_SIZE);
	while (i-- > 0) {
		end = min(ram_ranges[i].end, below);
		while (end > ram_ranges[i].start &&
		       end - ram_ranges[i].start >= size) {
			start = end - size;
			hit = taken_overlap(start, end);
			if (!hit) {
				boot_take(start, end);
				return start;
			}
			end = hit;
		}
	}
	return 0;
}

struct taken boot_taken(void)
{
	return taken;
}

void boot_release_to(const struct taken *saved)
{
	taken = *saved;
}

/* Call @fn for each piece of RAM that is not taken, lowest first. */
static void for_each_free(void (*fn)(paddr_t start, paddr_t end))
{
	paddr_t at, end, next;
	unsigned int i;
	u32 t;

	for (i = 0; i < nr_ram_ranges; i++) {
		for (at = ram_ranges[i].start; at < ram_ranges[i].end; at = next) {
			end = next = ram_ranges[i].end;
			for (t = 0; t < taken.n; t++) {
				if (taken.range[t].end <= at ||
				    taken.range[t].start >= end)
					continue;
				end = max(taken.range[t].start, at);
				next = taken.range[t].end;
			}
			if (end > at)
				fn(at, end);
		}
	}
}

static u64 free_bytes;

static void count_free(paddr_t start, paddr_t end)
{
	free_bytes += end - start;
}

u64 boot_free_bytes(void)
{
	free_bytes = 0;
	for_each_free(count_free);
	return free_bytes;
}

void memory_to_heap(void)
{
	for_each_free(heap_add);
}

static paddr_t table_frame(void)
{
	return boot_alloc(PAGE_SIZE, FOUR_GIB);
}

bool e820_is_tables(const struct boot_e820 *e)
{
	return (e->type == E820_ACPI || e->type == E820_NVS) &&
	       e->addr + e->size <= MAX_FRAMES << PAGE_SHIFT;
}

/* The image's own frames stay out: their text must have no writable alias. */
static int map_ram(paddr_t start, paddr_t end)
{
	paddr_t image_start = IMAGE_PHYS, image_end = image_paddr(resident_end);
	int rc = 0;

	if (start < image_start)
		rc = host_map_direct(start, min(end, image_start));
	if (!rc && end > image_end)
		rc = host_map_direct(max(start, image_end), end);
	return rc;
}

/*
 * RAM, the first MiB (BIOS areas), and what firmware set aside for tables.
 * Other reserved ranges may be device registers and stay out.
 */
const char *memory_direct_map(const struct boot_info *info)
{
	int rc = host_map_init(table_frame);
	unsigned int i;

	if (!rc)
		rc = host_map_direct(0, LOW_MEMORY_END);
	for (i = 0; !rc && i < nr_ram_ranges; i++)
		rc = map_ram(ram_ranges[i].start, ram_ranges[i].end);
	for (i = 0; !rc && i < info->nr_e820; i++) {
		const struct boot_e820 *e = &info->e820[i];

		if (e820_is_tables(e))
			rc = host_map_direct(ALIGN_DOWN(e->addr, PAGE_SIZE),
					     ALIGN_UP(e->addr + e->size,
						      PAGE_SIZE));
	}
	if (rc)
		return "too little memory below 4 GiB for the page tables";
	host_map_load();
	return NULL;
}

const char *memory_frame_table(void)
{
	u64 frames = ram_ranges[nr_ram_ranges - 1].end >> PAGE_SHIFT;
	u64 size = frames * sizeof(struct page), mfn;
	paddr_t pa = boot_alloc(size, ~0UL);
	unsigned int i;

	if (!pa)
		return "too little memory in one piece for the frame table";
	frame_table = paddr_to_virt(pa);
	frame_count = frames;
	memset(frame_table, 0, size);
	for (mfn = 0; mfn < frames; mfn++)
		frame_table[mfn].owner = OWNER_NONE;
	for (i = 0; i < nr_ram_ranges; i++)
		for (mfn = ram_ranges[i].start >> PAGE_SHIFT;
		     mfn < ram_ranges[i].end >> PAGE_SHIFT; mfn++)
			frame_table[mfn].owner = OWNER_HYP;
	return NULL;
}
