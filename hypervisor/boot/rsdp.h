/* SPDX-License-Identifier: GPL-2.0 */
/* Where firmware's ACPI root pointer stands, if not in the BIOS areas. */
#ifndef RINGLET_BOOT_RSDP_H
#define RINGLET_BOOT_RSDP_H

#include "boot/boot-info.h"

/* The one that the loader's tag is a copy of, or 0. After the direct map. */
paddr_t rsdp_find(const struct boot_info *info);

/* Any valid one: UEFI with a loader that tells nothing (multiboot 1), or 0. */
paddr_t rsdp_find_any(const struct boot_info *info);

#endif
