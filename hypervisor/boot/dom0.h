/* SPDX-License-Identifier: GPL-2.0 */
/* The service domain at its start of day. */
#ifndef RINGLET_BOOT_DOM0_H
#define RINGLET_BOOT_DOM0_H

#include "boot/boot-info.h"
#include "boot/kernel.h"
#include "state/domain.h"

/* What the builder needs besides the machine. */
struct dom0_config {
	const struct boot_info *info;
	const struct elf_kernel *kernel;
	const char *cmdline;		/* of the kernel */
	paddr_t initrd, initrd_size;	/* 0: none */
	paddr_t rsdp;			/* to be named on the command line; 0: no */
	u64 extra_frames;	/* will join the heap before memory is handed out */
	void (*release)(void);	/* makes them join: kernel and initrd are copied */
};

/* Build it, or boot_fail(). Its first vCPU is ready to be woken. */
struct domain *dom0_build(const struct dom0_config *c);

/*
 * The guest's first frames, in the order of their pfns, as 2 MiB pieces: all
 * that the start of day places lies in them (dom0-memory.c).
 */
void dom0_prefix_alloc(struct domain *d, u64 pages);
mfn_t dom0_prefix_mfn(u64 pfn);
void *dom0_prefix_virt(u64 pfn);
void dom0_prefix_copy(u64 offset, const void *src, u64 size);
u64 dom0_prefix_pages(void);

/* Frames it is to get in all; its maximum goes to d->max_pages. */
u64 dom0_choose_pages(struct domain *d, u64 extra_frames);

/* A pool of frames for page tables: consecutive pfns of the prefix. */
struct table_pool {
	u64 next, end;
};

/* Map @va to @mfn below the L4 @l4_mfn; tables come from @pool (dom0-tables.c). */
void dom0_map(mfn_t l4_mfn, u64 va, mfn_t mfn, bool writable,
	      struct table_pool *pool);
/* Tables below the L4 that mapping start .. end takes. */
u64 dom0_tables_needed(u64 start, u64 end);

void hypercall_page_fill(u8 *page);

/* The console the loader left, as start_info passes it on; false if none. */
bool dom0_console_info(const struct boot_info *info,
		       struct dom0_vga_console_info *vga);

#endif
