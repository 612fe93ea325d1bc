// SPDX-License-Identifier: GPL-2.0
/*
 * PCI configuration space of segment 0 by mechanism #1 (PCI 3.0, 3.2.2.3.2).
 *
 * Reaches the first 256 bytes of each function, where the capabilities are
 * that the hypervisor programs (MSI, MSI-X). Other segments and extended
 * space read as all ones, as an absent function does: the service domain maps
 * those itself (MCFG).
 *
 * Locks: pci_lock holds address and data port together. The service domain's
 * own accesses to these ports come through here, never to the hardware, so
 * that the two cannot cut into each other.
 */
#include "base/lock.h"
#include "machine/cpu.h"
#include "machine/irq.h"

#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
#define CONFIG_ENABLE	BIT(31)

#define PCI_STATUS	0x06
#define STATUS_CAP_LIST	0x10
#define PCI_CAP_POINTER	0x34
#define MAX_CAPS	48	/* (256 - 64) / 4: more must be a loop */

static spinlock_t pci_lock = SPINLOCK_INIT;

static bool reachable(u16 seg, u16 reg, unsigned int bytes)
{
	return seg == 0 && reg < 256 && (bytes == 1 || bytes == 2 || bytes == 4) &&
	       reg % bytes == 0;
}

static void select(u8 bus, u8 devfn, u16 reg)
{
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | bus << 16 | devfn << 8 | (reg & 0xfc));
}

u32 pci_read(u16 seg, u8 bus, u8 devfn, u16 reg, unsigned int bytes)
{
	u16 port = CONFIG_DATA + (reg & 3);
	u32 v;

	if (!reachable(seg, reg, bytes))
		return ~0u;
	spin_lock(&pci_lock);
	select(bus, devfn, reg);
	v = port_in(port, bytes);
	spin_unlock(&pci_lock);
	return v;
}

void pci_write(u16 seg, u8 bus, u8 devfn, u16 reg, unsigned int bytes, u32 v)
{
	u16 port = CONFIG_DATA + (reg & 3);

	if (!reachable(seg, reg, bytes))
		return;
	spin_lock(&pci_lock);
	select(bus, devfn, reg);
	port_out(port, bytes, v);
	spin_unlock(&pci_lock);
}

u8 pci_find_capability(u16 seg, u8 bus, u8 devfn, u8 id)
{
	unsigned int n;
	u8 pos;

	if (!(pci_read(seg, bus, devfn, PCI_STATUS, 2) & STATUS_CAP_LIST))
		return 0;
	pos = pci_read(seg, bus, devfn, PCI_CAP_POINTER, 1) & ~3u;
	for (n = 0; n < MAX_CAPS && pos >= 0x40; n++) {
		u32 head = pci_read(seg, bus, devfn, pos, 2);

		if ((head & 0xff) == 0xff)
			return 0;
		if ((head & 0xff) == id)
			return pos;
		pos = head >> 8 & ~3u;
	}
	return 0;
}
