/* SPDX-License-Identifier: GPL-2.0 */
/* The few static ACPI tables the hypervisor reads: RSDP, (X)SDT, MADT, FADT, HPET, MCFG. */
#ifndef RINGLET_MACHINE_ACPI_H
#define RINGLET_MACHINE_ACPI_H

#include "base/types.h"

struct acpi_cpu { u32 apic_id; bool enabled; };
struct acpi_ioapic { paddr_t base; u32 gsi_base; };
struct acpi_override { u8 irq; u32 gsi; bool level, active_low; };

struct acpi_info {
	paddr_t rsdp;
	u32 nr_cpus, nr_ioapics, nr_overrides;
	struct acpi_cpu cpu[64];
	struct acpi_ioapic ioapic[8];
	struct acpi_override override[16];
	paddr_t lapic_base;
	u16 pm1a_cnt, pm1b_cnt, pm_timer;	/* ports; 0: none */
	bool pm_timer_32bit;
	paddr_t hpet;			/* 0: none */
	paddr_t mcfg_base; u8 mcfg_start, mcfg_end;
	u16 reset_port; u8 reset_value; bool reset_supported;
};
extern struct acpi_info acpi;

/* @rsdp: from the multiboot2 tag, or 0: scan the BIOS areas. */
int acpi_boot_init(paddr_t rsdp);

#endif
