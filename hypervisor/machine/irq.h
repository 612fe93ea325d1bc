/* SPDX-License-Identifier: GPL-2.0 */
/* Interrupt controllers: local APIC, I/O APICs, MSI; vectors of device interrupts. */
#ifndef RINGLET_MACHINE_IRQ_H
#define RINGLET_MACHINE_IRQ_H

#include "base/types.h"
#include "machine/layout.h"

/* Each pCPU; the boot pCPU first, after acpi_boot_init() and clock_boot_init(). */
void apic_pcpu_init(void);
void apic_eoi(void);
void apic_timer_set(u64 deadline_ns);	/* system time; 0: stop */
/* @dest: APIC id; @low: the low word of the interrupt command register. */
void apic_icr(u32 dest, u32 low);
paddr_t apic_mmio_base(void);

#define ICR_FIXED		0x00000
#define ICR_NMI			0x00400
#define ICR_INIT		0x00500
#define ICR_STARTUP		0x00600
#define ICR_ASSERT		0x04000
#define ICR_ALL_OTHERS		0xc0000

void pic_mask(void);			/* both 8259s, for good */
void ioapic_boot_init(void);		/* all pins masked */
u32 nr_gsis(void);
/* Route a GSI to @vector on pCPU @cpu (masked until ioapic_mask() unmasks it). */
int ioapic_route(u32 gsi, u8 vector, u32 cpu, bool level, bool active_low);
void ioapic_mask(u32 gsi, bool masked);
/* Dom0's view of the registers (physdev_op apic_read): 0, or -EINVAL: no such. */
int __must_check ioapic_read_reg(paddr_t base, u32 reg, u32 *value);

/*
 * Each PIRQ has a device vector of its own, the same on all pCPUs. The first
 * sixteen are left to the 8259s' spurious interrupts.
 */
#define FIRST_PIRQ_VECTOR	(VEC_FIRST_IRQ + 16)
#define NR_PIRQS		(VEC_LAST_IRQ - FIRST_PIRQ_VECTOR)	/* less 0x80 */

static inline u8 pirq_vector(u32 pirq)
{
	u32 vector = FIRST_PIRQ_VECTOR + pirq;

	return vector < VEC_INT80 ? vector : vector + 1;
}

/* Of any vector; NR_PIRQS or more: none. */
static inline u32 vector_pirq(u32 vector)
{
	return vector - FIRST_PIRQ_VECTOR - (vector > VEC_INT80);
}

/*
 * PCI configuration space by mechanism #1; all ones where that does not reach
 * (other segments than 0, registers past 255, misaligned).
 */
struct pci_dev {
	u16 seg;
	u8 bus, devfn;
};
u32 pci_read(struct pci_dev dev, u16 reg, unsigned int bytes);
void pci_write(struct pci_dev dev, u16 reg, unsigned int bytes, u32 v);
/* Offset of a capability, or 0. */
u8 pci_find_capability(struct pci_dev dev, u8 id);

/* MSI and MSI-X: program / mask. entry_nr for MSI-X; table_base as dom0 told, 0: read BAR. */
struct msi_desc {
	struct pci_dev dev;
	bool msix;
	u16 entry_nr;
	u64 table_base;
	u8 cap;			/* offset of the capability */
	volatile u32 __iomem *entry;	/* MSI-X table entry, mapped */
};

/**
 * msix_table() - where a function's MSI-X table lies
 * @table_base: start of its BAR as the caller knows it, or 0: read the BAR
 *
 * Return: 0; -ENODEV without the capability, -ENXIO if the BAR is not set.
 */
int msix_table(struct pci_dev dev, u64 table_base, paddr_t *start, paddr_t *end);
/**
 * msi_setup() - program one message of a function, masked where it can be
 * Return: 0; -ENODEV without the capability, -EINVAL no such entry, -ENXIO
 *	   BAR not set, -ENOMEM the table cannot be mapped.
 */
int msi_setup(struct msi_desc *m, u8 vector, u32 cpu);
void msi_mask(struct msi_desc *m, bool masked);
void msi_teardown(struct msi_desc *m);

#endif
