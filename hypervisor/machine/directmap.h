/* SPDX-License-Identifier: GPL-2.0 */
/* The direct map of all RAM in host space. */
#ifndef RINGLET_MACHINE_DIRECTMAP_H
#define RINGLET_MACHINE_DIRECTMAP_H

#include "base/types.h"
#include "machine/layout.h"

static inline void *paddr_to_virt(paddr_t pa)
{
	return (void *)(DIRECTMAP_VIRT + pa);
}

static inline void *mfn_to_virt(mfn_t mfn)
{
	return paddr_to_virt(mfn_to_paddr(mfn));
}

/* @p must be a direct-map address (not one of the image or of MMIO). */
static inline paddr_t virt_to_paddr(const void *p)
{
	return (u64)p - DIRECTMAP_VIRT;
}

static inline mfn_t virt_to_mfn(const void *p)
{
	return paddr_to_mfn(virt_to_paddr(p));
}

/* Machine address of something in the hypervisor's image. */
static inline paddr_t image_paddr(const void *p)
{
	return (u64)p - IMAGE_VIRT + IMAGE_PHYS;
}

#endif
