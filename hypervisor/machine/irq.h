/* SPDX-License-Identifier: GPL-2.0 */
/* Interrupt controllers: local APIC, I/O APICs, MSI; vectors of device interrupts. */
#ifndef RINGLET_MACHINE_IRQ_H
#define RINGLET_MACHINE_IRQ_H

#include "base/types.h"

void apic_pcpu_init(void);		/* each pCPU */
u32 apic_id(void);
void apic_eoi(void);
void apic_timer_set(u64 deadline_ns);	/* system time; 0: stop */
void apic_icr(u32 dest, u32 low);
paddr_t apic_mmio_base(void);

void ioapic_boot_init(void);		/* all pins masked, PIC masked */
unsigned int nr_ioapics(void);
paddr_t ioapic_mmio_base(unsigned int i);
u32 nr_gsis(void);
/* Route a GSI to @vector on pCPU @cpu (masked until ioapic_unmask()). */
int ioapic_route(u32 gsi, u8 vector, u32 cpu, bool level, bool active_low);
void ioapic_mask(u32 gsi);
void ioapic_unmask(u32 gsi);
void ioapic_eoi_level(u32 gsi, u8 vector);
/* Dom0's view of the I/O APIC registers (physdev_op apic_read/apic_write). */
u32 ioapic_read_reg(paddr_t base, u32 reg, bool *ok);

/* A free device vector, or 0. vector_free() gives it back. */
u8 vector_alloc(void);
void vector_free(u8 vector);

/* PCI configuration space by mechanism #1 (or ECAM when registered). */
u32 pci_read(u16 seg, u8 bus, u8 devfn, u16 reg, unsigned int bytes);
void pci_write(u16 seg, u8 bus, u8 devfn, u16 reg, unsigned int bytes, u32 v);
/* Offset of a capability, or 0. */
u8 pci_find_capability(u16 seg, u8 bus, u8 devfn, u8 id);

/* MSI and MSI-X: program / mask. entry_nr for MSI-X; table_base as dom0 told, 0: read BAR. */
struct msi_desc {
	u16 seg;
	u8 bus, devfn;
	bool msix;
	u16 entry_nr;
	u64 table_base;
	u8 cap;			/* offset of the capability */
	volatile u32 __iomem *entry;	/* MSI-X table entry, mapped */
	u8 vector;
};
int msi_setup(struct msi_desc *m, u8 vector, u32 cpu);
void msi_mask(struct msi_desc *m, bool masked);
void msi_teardown(struct msi_desc *m);

#endif
