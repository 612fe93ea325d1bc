// SPDX-License-Identifier: GPL-2.0
/*
 * Finding the RSDP under UEFI.
 *
 * A multiboot 2 tag holds a copy, in memory that will be reused; the service
 * domain needs the firmware's own, which stands in one of the ranges set aside
 * for ACPI. Those are searched for the copied bytes, or for any structure with
 * the right signature and checksums (ACPI 5.2.5.3). Firmware aligns it to 4
 * bytes only (EDK II puts two in a row).
 */
#include "boot/boot.h"
#include "base/string.h"
#include "boot/memory.h"
#include "machine/acpi.h"
#include "machine/directmap.h"

#define ALIGNMENT	4
#define V1_SIZE		20
#define REVISION	15	/* offset; 2: the longer structure */

static bool is_rsdp(const u8 *p)
{
	return !memcmp(p, "RSD PTR ", 8) && acpi_checksum_ok(p, V1_SIZE) &&
	       p[REVISION] >= 2 && acpi_checksum_ok(p, RSDP_SIZE);
}

static paddr_t search(const struct boot_info *info, const u8 *copy, u32 size)
{
	u32 i;

	for (i = 0; i < info->nr_e820; i++) {
		const struct boot_e820 *e = &info->e820[i];
		paddr_t pa = ALIGN_UP(e->addr, ALIGNMENT);

		if (!e820_is_tables(e))
			continue;
		for (; pa + size <= e->addr + e->size; pa += ALIGNMENT) {
			const u8 *p = paddr_to_virt(pa);

			if (copy ? !memcmp(p, copy, size) : is_rsdp(p))
				return pa;
		}
	}
	return 0;
}

paddr_t rsdp_find(const struct boot_info *info)
{
	if (!info->rsdp_size)
		return 0;
	return search(info, info->rsdp, info->rsdp_size);
}

paddr_t rsdp_find_any(const struct boot_info *info)
{
	return search(info, NULL, RSDP_SIZE);
}
