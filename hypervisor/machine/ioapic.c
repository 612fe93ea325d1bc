// SPDX-License-Identifier: GPL-2.0
/*
 * The I/O APICs (82093AA data sheet) and the two 8259s, which are masked for
 * good.
 *
 * Each pin is a GSI. A pin is masked from boot until its interrupt has an
 * owner. Level interrupts need no EOI here: dispatch masks the pin, the local
 * APIC's EOI is broadcast and clears the pin's Remote IRR, and unmasking
 * samples the line again.
 *
 * Locks: ioapic_lock holds index and data register together.
 */
#include "base/errno.h"
#include "base/lock.h"
#include "machine/acpi.h"
#include "machine/cpu.h"
#include "machine/irq.h"
#include "machine/mmio.h"
#include "machine/pcpu.h"

#define REG_SELECT	0x00
#define REG_WINDOW	0x10
#define IOAPIC_VERSION	0x01
#define IOAPIC_PIN(n)	(0x10 + 2 * (n))

#define PIN_ACTIVE_LOW	BIT(13)
#define PIN_LEVEL	BIT(15)
#define PIN_MASKED	BIT(16)

#define PIC1		0x20
#define PIC2		0xa0

static spinlock_t ioapic_lock = SPINLOCK_INIT;

static struct ioapic {
	paddr_t base;		/* constant after boot, as are the next three */
	u32 gsi_base, nr_pins;
	void __iomem *regs;
} ioapics[ARRAY_SIZE(acpi.ioapic)];
static unsigned int nr;

static u32 reg_read(const struct ioapic *io, u32 reg) __requires(ioapic_lock)
{
	mmio_write32((u8 __iomem *)io->regs + REG_SELECT, reg);
	return mmio_read32((u8 __iomem *)io->regs + REG_WINDOW);
}

static void reg_write(const struct ioapic *io, u32 reg, u32 v) __requires(ioapic_lock)
{
	mmio_write32((u8 __iomem *)io->regs + REG_SELECT, reg);
	mmio_write32((u8 __iomem *)io->regs + REG_WINDOW, v);
}

static const struct ioapic *by_gsi(u32 gsi)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (gsi - ioapics[i].gsi_base < ioapics[i].nr_pins)
			return &ioapics[i];
	return NULL;
}

/* All lines masked, vectors out of the exceptions' way for spurious ones. */
void pic_mask(void)
{
	/* ICW1 to ICW4, then the mask. */
	static const u8 words[2][5] = { { 0x11, 0x20, 0x04, 0x01, 0xff },
					{ 0x11, 0x28, 0x02, 0x01, 0xff } };
	unsigned int i;

	for (i = 0; i < 5; i++) {
		outb(PIC1 + !!i, words[0][i]);
		outb(PIC2 + !!i, words[1][i]);
	}
}

void ioapic_boot_init(void)
{
	u32 i, pin;

	for (i = 0; i < acpi.nr_ioapics; i++) {
		struct ioapic *io = &ioapics[nr];

		io->base = acpi.ioapic[i].base;
		io->gsi_base = acpi.ioapic[i].gsi_base;
		io->regs = mmio_map(io->base, PAGE_SIZE);
		if (!io->regs)
			continue;
		spin_lock(&ioapic_lock);
		io->nr_pins = (reg_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1;
		/* All ones: nothing answers at this address. */
		if (io->nr_pins <= 240) {
			for (pin = 0; pin < io->nr_pins; pin++)
				reg_write(io, IOAPIC_PIN(pin), PIN_MASKED);
			nr++;
		}
		spin_unlock(&ioapic_lock);
	}
}

/* One more than the highest GSI. */
u32 nr_gsis(void)
{
	u32 i, end = 0;

	for (i = 0; i < nr; i++)
		end = max(end, ioapics[i].gsi_base + ioapics[i].nr_pins);
	return end;
}

int ioapic_route(u32 gsi, u8 vector, u32 cpu, bool level, bool active_low)
{
	const struct ioapic *io = by_gsi(gsi);
	u32 low = vector | PIN_MASKED | (level ? PIN_LEVEL : 0) | (active_low ? PIN_ACTIVE_LOW : 0);

	if (!io)
		return -EINVAL;
	spin_lock(&ioapic_lock);
	/* Masked before the destination changes, never half of each. */
	reg_write(io, IOAPIC_PIN(gsi - io->gsi_base), low);
	reg_write(io, IOAPIC_PIN(gsi - io->gsi_base) + 1, pcpu_table[cpu]->apic_id << 24);
	spin_unlock(&ioapic_lock);
	return 0;
}

void ioapic_mask(u32 gsi, bool masked)
{
	const struct ioapic *io = by_gsi(gsi);
	u32 reg;

	if (!io)
		return;
	reg = IOAPIC_PIN(gsi - io->gsi_base);
	spin_lock(&ioapic_lock);
	reg_write(io, reg, (reg_read(io, reg) & ~PIN_MASKED) | (masked ? PIN_MASKED : 0));
	spin_unlock(&ioapic_lock);
}

int ioapic_read_reg(paddr_t base, u32 reg, u32 *value)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (ioapics[i].base != base || reg > IOAPIC_PIN(ioapics[i].nr_pins) - 1)
			continue;
		spin_lock(&ioapic_lock);
		*value = reg_read(&ioapics[i], reg);
		spin_unlock(&ioapic_lock);
		return 0;
	}
	return -EINVAL;
}
