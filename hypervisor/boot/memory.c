// SPDX-License-Identifier: GPL-2.0
/*
 * Memory before the heap.
 *
 * ram: what the boot loader's map calls RAM, page-aligned inwards,
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
	struct range *r = &s->range[at];

	if (start >= end || s->n == MAX_RANGES)
		return;	/* the map is absurd; what does not fit is not used */
	memmove(r + 1, r, (s->n++ - at) * sizeof(*r));
	*r = (struct range){ start, end };
}

static void range_delete(struct ranges *s, unsigned int at)
{
	struct range *r = &s->range[at];

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
		struct range r = s->range[i];

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
		const struct e820_entry *e = &info->e820[i];

		if (e->type == E820_RAM)
			ranges_add(&boot_free, ALIGN_UP(e->addr, PAGE_SIZE),
				   ALIGN_DOWN(e->addr + e->size, PAGE_SIZE));
	}
	memcpy(machine_e820, info->e820, sizeof(machine_e820));
	nr_machine_e820 = info->nr_e820;
	for (i = 0; i < info->nr_e820; i++) {
		const struct e820_entry *e = &info->e820[i];

		if (e->type != E820_RAM)
			ranges_subtract(&boot_free, ALIGN_DOWN(e->addr, PAGE_SIZE),
					ALIGN_UP(e->addr + e->size, PAGE_SIZE));
	}
	ranges_subtract(&boot_free, 0, LOW_MEMORY_END);
	ranges_subtract(&boot_free, min(limit, MAX_FRAMES << PAGE_SHIFT), ~0UL);
	ram = boot_free;
	if (!ram.n)
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

bool e820_is_tables(const struct e820_entry *e)
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
	for (i = 0; !rc && i < ram.n; i++)
		rc = map_ram(ram.range[i].start, ram.range[i].end);
	for (i = 0; !rc && i < info->nr_e820; i++) {
		const struct e820_entry *e = &info->e820[i];

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
	u64 frames = ram.range[ram.n - 1].end >> PAGE_SHIFT;
	u64 size = frames * sizeof(struct page), mfn;
	paddr_t pa = boot_alloc(size, ~0UL);

	if (!pa)
		return "too little memory in one piece for the frame table";
	frame_table = paddr_to_virt(pa);
	frame_count = frames;
	memset(frame_table, 0, size);
	for (mfn = 0; mfn < frames; mfn++)
		frame_table[mfn].owner = mfn_is_ram(MFN(mfn)) ? OWNER_HYP : OWNER_NONE;
	return NULL;
}
