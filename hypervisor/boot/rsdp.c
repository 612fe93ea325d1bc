// SPDX-License-Identifier: GPL-2.0
/*
 * Finding the RSDP under UEFI.
 *
 * It stands in one of the ranges set aside for ACPI (ACPI 5.2.5.2), of which a loader
 * gives a copy at best, in memory that will be reused; the service domain needs the
 * firmware's own. Firmware aligns it to 4 bytes only, and puts an old one beside the
 * one that names the XSDT (EDK II).
 */
#include "boot/boot.h"
#include "base/string.h"
#include "boot/memory.h"
#include "machine/acpi.h"
#include "machine/directmap.h"

#define ALIGNMENT	4
#define RSDP_SIZE	36
#define REVISION	15	/* offset; 2: the longer structure */

paddr_t rsdp_find(const struct boot_info *info)
{
	u32 i;

	for (i = 0; i < info->nr_e820; i++) {
		const struct e820_entry *e = &info->e820[i];
		paddr_t pa = ALIGN_UP(e->addr, ALIGNMENT);

		if (!e820_is_tables(e))
			continue;
		for (; pa + RSDP_SIZE <= e->addr + e->size; pa += ALIGNMENT) {
			const u8 *p = paddr_to_virt(pa);

			if (!memcmp(p, "RSD PTR ", 8) && p[REVISION] >= 2 && !acpi_boot_init(pa))
				return pa;
		}
	}
	return 0;
}
