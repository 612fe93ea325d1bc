/* SPDX-License-Identifier: GPL-2.0 */
/* Mapping device registers into host space (uncached, never freed but by size). */
#ifndef RINGLET_MACHINE_MMIO_H
#define RINGLET_MACHINE_MMIO_H

#include "base/types.h"

/* NULL when the window is exhausted or memory is short. */
void __iomem *mmio_map(paddr_t pa, size_t size);

static inline u32 mmio_read32(const volatile void __iomem *p)
{
	return *(const volatile __force u32 *)p;
}

static inline void mmio_write32(volatile void __iomem *p, u32 v)
{
	*(volatile __force u32 *)p = v;
}

#endif
