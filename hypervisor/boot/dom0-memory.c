// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory the service domain gets, and its first frames.
 *
 * The frames that the start of day fills (kernel, page tables, frame list, ...)
 * come in 2 MiB pieces so that a pfn among them is found by division, before
 * the frame list exists.
 */
#include "boot/boot.h"
#include "boot/dom0.h"
#include "boot/options.h"

#define PIECE_ORDER	9
#define PIECE_PAGES	BIT(PIECE_ORDER)
#define MAX_PIECES	2048	/* 4 GiB */
#define MIB		(1UL << 20)

static mfn_t piece[MAX_PIECES];
static u64 nr_pieces;

void dom0_prefix_alloc(struct domain *d, u64 pages)
{
	u64 n = DIV_ROUND_UP(pages, PIECE_PAGES);

	if (n > MAX_PIECES)
		boot_fail("kernel, initial RAM disk and frame list take more than 4 GiB: use "
			  "smaller ones, or less dom0_mem");
	for (nr_pieces = 0; nr_pieces < n; nr_pieces++) {
		mfn_t mfn = domain_alloc_frames(d, PIECE_ORDER, 0);

		if (mfn_eq(mfn, INVALID_MFN))
			boot_fail("kernel and initial RAM disk (%lu MiB) are larger than "
				  "memory: add RAM or raise dom0_mem",
				  (pages << PAGE_SHIFT) / MIB);
		piece[nr_pieces] = mfn;
	}
}

u64 dom0_prefix_pages(void)
{
	return nr_pieces * PIECE_PAGES;
}

mfn_t dom0_prefix_mfn(u64 pfn)
{
	return MFN(piece[pfn / PIECE_PAGES].v + pfn % PIECE_PAGES);
}

/* An option's amount, of @all frames, in frames. */
static u64 option_frames(const struct mem_size *m, u64 all)
{
	u64 frames = m->bytes >> PAGE_SHIFT;

	if (!m->all_but)
		return frames;
	return frames < all ? all - frames : 0;
}

/*
 * Without dom0_mem the domain gets all but a sixteenth, between 16 and 128 MiB:
 * what the hypervisor needs later for vCPUs, ports and queues.
 */
u64 dom0_choose_pages(struct domain *d)
{
	const struct boot_options *o = &boot_options;
	u64 all = heap_free_frames() + modules_frames(), pages;
	u64 reserve = min(max(all / 16, 16 * MIB >> PAGE_SHIFT), 128 * MIB >> PAGE_SHIFT);
	u64 limit = all > reserve ? all - reserve : 0;

	pages = o->dom0_mem.given ? option_frames(&o->dom0_mem, all) : limit;
	if (o->dom0_mem_min.given)
		pages = max(pages, option_frames(&o->dom0_mem_min, all));
	if (o->dom0_mem_max.given)
		pages = min(pages, option_frames(&o->dom0_mem_max, all));
	if (pages > all)
		boot_fail("dom0_mem asks for %lu MiB, %lu MiB are there: lower it",
			  pages / (MIB >> PAGE_SHIFT), limit / (MIB >> PAGE_SHIFT));
	pages = min(pages, limit);
	d->max_pages = o->dom0_mem_max.given ?
		max(pages, option_frames(&o->dom0_mem_max, all)) : all;
	return pages;
}
