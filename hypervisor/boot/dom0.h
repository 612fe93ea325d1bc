/* SPDX-License-Identifier: GPL-2.0 */
/* The service domain at its start of day. */
#ifndef RINGLET_BOOT_DOM0_H
#define RINGLET_BOOT_DOM0_H

#include "boot/boot-info.h"
#include "domain-builder/builder.h"
#include "state/domain.h"

/**
 * dom0_build() - build it from the modules, or boot_fail()
 * @rsdp: to be named on its kernel's command line; 0: no
 *
 * Its first vCPU is ready to be woken.
 */
struct domain *dom0_build(const struct boot_info *info, const struct kernel *kernel, paddr_t rsdp);

/*
 * The guest's first frames, in the order of their pfns, as 2 MiB pieces: all
 * that the start of day places lies in them (dom0-memory.c).
 */
void dom0_prefix_alloc(struct domain *d, u64 pages);
mfn_t dom0_prefix_mfn(u64 pfn);
u64 dom0_prefix_pages(void);

/* Frames it is to get in all; its maximum goes to d->max_pages. */
u64 dom0_choose_pages(struct domain *d);

/* The console the loader left, as start_info passes it on; false if none. */
bool dom0_console_info(const struct boot_info *info, struct dom0_vga_console_info *vga);

#endif
