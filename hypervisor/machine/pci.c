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

/* The data port of a register, its address set; 0: out of reach. */
static u16 select(struct pci_dev dev, u16 reg, unsigned int bytes) __requires(pci_lock)
{
	if (dev.seg || reg > 255 || (bytes != 1 && bytes != 2 && bytes != 4) || reg % bytes)
		return 0;
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | dev.bus << 16 | dev.devfn << 8 | (reg & 0xfc));
	return CONFIG_DATA + (reg & 3);
}

u32 pci_read(struct pci_dev dev, u16 reg, unsigned int bytes)
{
	u16 port;
	u32 v;

	spin_lock(&pci_lock);
	port = select(dev, reg, bytes);
	v = port ? port_in(port, bytes) : ~0u;
	spin_unlock(&pci_lock);
	return v;
}

void pci_write(struct pci_dev dev, u16 reg, unsigned int bytes, u32 v)
{
	u16 port;

	spin_lock(&pci_lock);
	port = select(dev, reg, bytes);
	if (port)
		port_out(port, bytes, v);
	spin_unlock(&pci_lock);
}

u8 pci_find_capability(struct pci_dev dev, u8 id)
{
	unsigned int n;
	u8 pos;

	if (!(pci_read(dev, PCI_STATUS, 2) & STATUS_CAP_LIST))
		return 0;
	pos = pci_read(dev, PCI_CAP_POINTER, 1) & ~3u;
	for (n = 0; n < MAX_CAPS && pos >= 0x40; n++) {
		u32 head = pci_read(dev, pos, 2);

		if ((head & 0xff) == 0xff)
			return 0;
		if ((head & 0xff) == id)
			return pos;
		pos = head >> 8 & ~3u;
	}
	return 0;
}
