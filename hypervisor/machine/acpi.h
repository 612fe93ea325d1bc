/* SPDX-License-Identifier: GPL-2.0 */
/* The few static ACPI tables the hypervisor reads: RSDP, (X)SDT, MADT, FADT. */
#ifndef RINGLET_MACHINE_ACPI_H
#define RINGLET_MACHINE_ACPI_H

#include "base/types.h"

struct acpi_cpu { u32 apic_id, acpi_id; };	/* enabled ones */
struct acpi_ioapic { paddr_t base; u32 gsi_base; };
struct acpi_override { u8 irq; u32 gsi; bool level, active_low; };

struct acpi_info {
	bool has_madt;
	u32 nr_cpus, nr_ioapics, nr_overrides;
	struct acpi_cpu cpu[64];
	struct acpi_ioapic ioapic[8];
	struct acpi_override override[16];
	u16 pm1a_cnt, pm1b_cnt, pm_timer;	/* ports; 0: none */
	bool has_s5; u8 s5_a, s5_b;	/* SLP_TYP of soft off, as the service domain said */
	u8 century;			/* CMOS register; 0: none */
	bool pm_timer_32bit;
	u16 reset_port; u8 reset_value; bool reset_supported;
};
extern struct acpi_info acpi;


/*
 * Where a legacy interrupt arrives: the MADT's override, or IRQ n = GSI n, edge,
 * active high (ACPI 5.2.12.5).
 */
struct acpi_override acpi_isa_irq(u8 irq);

/* @rsdp: from the multiboot2 tag, or 0: scan the BIOS areas.
 * Return: 0; -ENOENT if there is no usable RSDP or MADT. */
int acpi_boot_init(paddr_t rsdp);

#endif
