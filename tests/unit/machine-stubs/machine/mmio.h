/* SPDX-License-Identifier: GPL-2.0 */
/* Device registers as the machine tests answer them; see machine-*.c. */
#ifndef RINGLET_MACHINE_MMIO_H
#define RINGLET_MACHINE_MMIO_H

#include "base/types.h"

void __iomem *mmio_map(paddr_t pa, size_t size);
u32 mmio_read32(const volatile void __iomem *p);
void mmio_write32(volatile void __iomem *p, u32 v);
u64 mmio_read64(const volatile void __iomem *p);

#endif
