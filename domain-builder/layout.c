// SPDX-License-Identifier: GPL-2.0
/*
 * Which pfn holds what at the start of day (xen/xen.h, "Start-of-day memory
 * layout"). Pfns from 0, the ABI's order:
 *	region, mapped at VIRT_BASE: kernel (where its segments say), initial RAM
 *	disk unless MOD_START_PFN, frame list unless INIT_P2M, start_info, a
 *	guest's store and console page, page tables (read-only), boot stack,
 *	padding up to 4 MiB; a guest's device area, below the kernel
 *	then, unmapped: initial RAM disk; tables and frames of the list mapped
 *	at INIT_P2M; all other memory
 *
 * No kernel but one that knows the device area would leave its pages alone, except
 * where Linux expects a PC's ROMs: it has memory there, and never uses it (6.1 and
 * 6.12, xen_memory_setup()). A kernel that begins below gets it beside the console.
 */
#include "internal.h"

#define REGION_ALIGN	(4UL << 20)
#define REGION_PADDING	(512UL << 10)
#define MAX_PAGES	(1UL << 32)	/* as large as notes_check() lets a list be */
#define ROM_PFN		0xe0	/* of a PC's system BIOS, up to 1 MiB */
#define ROM_PAGES	0x20
#define MIN_TABLES	4	/* one of each level */

/* End of the region if everything in it ends at @va. */
static u64 region_end_va(u64 va)
{
	u64 end = ALIGN_UP(va, REGION_ALIGN);

	return end - va < REGION_PADDING ? end + REGION_ALIGN : end;
}

/* The tables map themselves, so their number is found by growing it. */
static bool place_tables(struct layout *l, const struct kernel *k, u64 at)
{
	u64 end, needed = MIN_TABLES;

	l->tables = at;
	do {
		l->nr_tables = needed;
		l->stack = at + l->nr_tables;
		end = region_end_va(k->virt_base +
				    ((l->stack + 1) << PAGE_SHIFT));
		if (end < k->virt_base || (k->virt_base < LOWER_HALF_END &&
					   end > LOWER_HALF_END))
			return false;
		needed = 1 + tables_needed(k->virt_base, end);
	} while (needed != l->nr_tables);
	l->region_end = (end - k->virt_base) >> PAGE_SHIFT;
	return true;
}

static u64 take(u64 *at, u64 n)
{
	u64 start = *at;

	*at += n;
	return start;
}

/* What the region maps, up to its end; false if there is no room for it. */
static bool place_region(struct layout *l, const struct kernel *k, bool guest)
{
	u64 kernel_start = (k->paddr_start - k->paddr_offset) >> PAGE_SHIFT;
	u64 at = pages_of(k->paddr_end - k->paddr_offset);

	if (!k->mod_start_pfn)
		l->initrd = take(&at, l->nr_initrd);
	if (!k->has_init_p2m)
		l->list = take(&at, l->nr_list);
	l->start_info = take(&at, 1);
	if (guest) {
		l->store = take(&at, 1);
		l->console = take(&at, 1);
	}
	if (l->nr_devices && kernel_start < ROM_PFN + ROM_PAGES)
		l->devices = take(&at, l->nr_devices);
	else if (l->nr_devices)
		l->devices = ROM_PFN;
	return place_tables(l, k, at);
}

static void place_rest(struct layout *l, const struct kernel *k)
{
	u64 at = l->region_end;

	if (k->mod_start_pfn)
		l->initrd = take(&at, l->nr_initrd);
	if (k->has_init_p2m) {
		l->nr_list_tables = tables_needed(k->init_p2m, k->init_p2m +
						  (l->nr_list << PAGE_SHIFT));
		l->list_tables = take(&at, l->nr_list_tables);
		l->list = take(&at, l->nr_list);
	}
	l->prefix_end = at;
}

/* The two ranges have no entry of the base in common: their tables are their own. */
static bool list_is_apart(const struct layout *l, const struct kernel *k)
{
	u64 list = k->init_p2m, region = k->virt_base;
	u64 list_last = list + (l->nr_list << PAGE_SHIFT) - 1;
	u64 region_last = region + (l->region_end << PAGE_SHIFT) - 1;

	return !k->has_init_p2m ||
	       list_last >> L4_SHIFT < region >> L4_SHIFT ||
	       region_last >> L4_SHIFT < list >> L4_SHIFT;
}

const char *layout_make(struct layout *layout, const struct kernel *kernel,
			uint64_t nr_pages, uint64_t initrd_size, bool guest,
			uint32_t devices)
{
	struct layout *l = layout;

	*l = (struct layout){
		.nr_pages = nr_pages,
		.nr_initrd = pages_of(initrd_size),
		.nr_list = pages_of(nr_pages * sizeof(u64)),
		.nr_devices = devices,
	};
	if (nr_pages > MAX_PAGES)
		return "the domain has more than 16 TiB of memory: give it less";
	if (!place_region(l, kernel, guest))
		return "kernel, initial RAM disk and frame list do not fit above "
		       "the kernel's VIRT_BASE: use a smaller RAM disk";
	if (!list_is_apart(l, kernel))
		return "its INIT_P2M note is misplaced: use another kernel";
	place_rest(l, kernel);
	if (l->prefix_end > nr_pages)
		return "kernel, initial RAM disk and frame list are larger than "
		       "the domain's memory: give it more";
	return NULL;
}
