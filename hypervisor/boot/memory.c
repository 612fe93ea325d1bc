// SPDX-License-Identifier: GPL-2.0
/*
 * Memory before the heap.
 *
 * ram_ranges: what the boot loader's map calls RAM, page-aligned inwards,
 * sorted, without overlaps, minus what another entry claims (firmware's maps
 * may overlap: RAM loses) and minus the first MiB, which stays as firmware left
 * it and is the service domain's to map, as I/O memory is.
 *
 * Before the heap exists, memory is taken from the top of boot_free; the heap
 * gets what is left of it. Temporary memory is released by going back to an
 * older copy.
 *
 * Locks: none; one pCPU runs.
 */
#include "boot/memory.h"

#include "base/string.h"
#include "machine/cpu-features.h"
#include "machine/host-map.h"
#include "mm/mm.h"

#define FOUR_GIB	(4UL << 30)
#define MAX_FRAMES	(1UL << 32)	/* struct page links are 32 bits */

struct ranges boot_free;

extern const char resident_end[];	/* ringlet.lds */

static void range_insert(struct ranges *s, unsigned int at, paddr_t start, paddr_t end)
{
	struct ram_range *r = &s->range[at];

	if (start >= end || s->n == MAX_RAM_RANGES)
		return;	/* the map is absurd; what does not fit is not used */
	memmove(r + 1, r, (s->n++ - at) * sizeof(*r));
	*r = (struct ram_range){ start, end };
}

static void range_delete(struct ranges *s, unsigned int at)
{
	struct ram_range *r = &s->range[at];

	memmove(r, r + 1, (--s->n - at) * sizeof(*r));
}

void ranges_add(struct ranges *s, paddr_t start, paddr_t end)
{
	unsigned int i = 0;

	while (i < s->n && s->range[i].end < start)
		i++;
	while (i < s->n && s->range[i].start <= end) {
		start = min(start, s->range[i].start);
		end = max(end, s->range[i].end);
		range_delete(s, i);
	}
	range_insert(s, i, start, end);
}

static void ranges_subtract(struct ranges *s, paddr_t start, paddr_t end)
{
	unsigned int i = s->n;

	while (i-- > 0) {
		struct ram_range r = s->range[i];

		if (start >= end || r.end <= start || r.start >= end)
			continue;
		range_delete(s, i);
		range_insert(s, i, max(r.start, end), r.end);
		range_insert(s, i, r.start, min(r.end, start));
	}
}

u64 ranges_bytes(const struct ranges *s)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < s->n; i++)
		bytes += s->range[i].end - s->range[i].start;
	return bytes;
}

void ranges_to_heap(const struct ranges *s)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		heap_add(s->range[i].start, s->range[i].end);
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
			ranges_add(&boot_free, ALIGN_UP(e->addr, PAGE_SIZE),
				   ALIGN_DOWN(e->addr + e->size, PAGE_SIZE));
	}
	nr_machine_e820 = info->nr_e820;
	for (i = 0; i < info->nr_e820; i++) {
		const struct boot_e820 *e = &info->e820[i];

		if (e->type != E820_RAM)
			ranges_subtract(&boot_free, ALIGN_DOWN(e->addr, PAGE_SIZE),
					ALIGN_UP(e->addr + e->size, PAGE_SIZE));
	}
	ranges_subtract(&boot_free, 0, LOW_MEMORY_END);
	ranges_subtract(&boot_free, min(limit, MAX_FRAMES << PAGE_SHIFT), ~0UL);
	memcpy(ram_ranges, boot_free.range, sizeof(ram_ranges));
	nr_ram_ranges = boot_free.n;
	if (!nr_ram_ranges)
		return "the boot loader's memory map has no RAM above 1 MiB";
	return NULL;
}

void boot_take(paddr_t start, paddr_t end)
{
	ranges_subtract(&boot_free, ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE));
}

paddr_t boot_alloc(u64 size, paddr_t below)
{
	unsigned int i = boot_free.n;
	paddr_t end;

	size = ALIGN_UP(size, PAGE_SIZE);
	while (i-- > 0) {
		end = min(boot_free.range[i].end, below);
		if (end < boot_free.range[i].start + size)
			continue;
		boot_take(end - size, end);
		return end - size;
	}
	return 0;
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
					     ALIGN_UP(e->addr + e->size, PAGE_SIZE));
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
