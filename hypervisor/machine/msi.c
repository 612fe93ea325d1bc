// SPDX-License-Identifier: GPL-2.0
/*
 * Message-signalled interrupts: one message of one function at a time.
 *
 * The service domain owns the function and sets Enable and the function-wide
 * mask itself, as every stock driver core does; address, data and the mask of
 * each vector are written here alone. A message is programmed masked and
 * unmasked when its port is bound; a plain MSI without a mask register
 * is left disabled until then.
 *
 * Facts: PCI 3.0, 6.8.1 (MSI), 6.8.2 (MSI-X); SDM 3A 11.11 (message format).
 *
 * Locks: none; callers serialise what concerns one function.
 */
#include "base/errno.h"
#include "machine/irq.h"
#include "machine/mmio.h"
#include "machine/pcpu.h"

#define CAP_MSI			0x05
#define CAP_MSIX		0x11

#define MSI_CONTROL		2
#define MSI_ENABLE		BIT(0)
#define MSI_MULTIPLE		0x0070	/* vectors the function may use */
#define MSI_64BIT		BIT(7)
#define MSI_MASKABLE		BIT(8)
#define MSI_ADDRESS		4
#define MSI_ADDRESS_HIGH	8	/* 64-bit only; what follows moves by 4 */
#define MSI_DATA		8
#define MSI_MASK		12

#define MSIX_CONTROL		2
#define MSIX_SIZE		0x07ff	/* entries - 1 */
#define MSIX_TABLE		4
#define MSIX_ENTRY_SIZE		16
#define ENTRY_MASKED		BIT(0)

#define MSI_ADDRESS_BASE	0xfee00000u

#define PCI_BAR(n)		(0x10 + 4 * (n))
#define BAR_IO			BIT(0)
#define BAR_TYPE		0x6
#define BAR_64BIT		0x4
#define BAR_MASK		0xfffffff0u

static u32 cfg_read(const struct msi_desc *m, u16 reg, unsigned int bytes)
{
	return pci_read(m->dev, m->cap + reg, bytes);
}

static void cfg_write(const struct msi_desc *m, u16 reg, unsigned int bytes, u32 v)
{
	pci_write(m->dev, m->cap + reg, bytes, v);
}

static u64 bar_address(struct pci_dev dev, unsigned int bir)
{
	u32 low, high = 0;

	if (bir > 5)
		return 0;
	low = pci_read(dev, PCI_BAR(bir), 4);
	if (low & BAR_IO)
		return 0;
	if ((low & BAR_TYPE) == BAR_64BIT && bir < 5)
		high = pci_read(dev, PCI_BAR(bir + 1), 4);
	return (u64)high << 32 | (low & BAR_MASK);
}

int msix_table(struct pci_dev dev, u64 table_base, paddr_t *start, paddr_t *end)
{
	u8 cap = pci_find_capability(dev, CAP_MSIX);
	u32 where, size;

	if (!cap)
		return -ENODEV;
	where = pci_read(dev, cap + MSIX_TABLE, 4);
	size = (pci_read(dev, cap + MSIX_CONTROL, 2) & MSIX_SIZE) + 1;
	if (!table_base)
		table_base = bar_address(dev, where & 7);
	if (!table_base || table_base >> 52)
		return -ENXIO;
	*start = table_base + (where & ~7u);
	*end = *start + size * MSIX_ENTRY_SIZE;
	return 0;
}

static int msix_setup(struct msi_desc *m, u32 address, u32 data)
{
	paddr_t start, end, pa;
	void __iomem *page;
	int rc = msix_table(m->dev, m->table_base, &start, &end);

	if (rc)
		return rc;
	pa = start + m->entry_nr * MSIX_ENTRY_SIZE;
	if (pa >= end)
		return -EINVAL;
	page = mmio_map(pa & PAGE_MASK, PAGE_SIZE);
	if (!page)
		return -ENOMEM;
	m->entry = (volatile u32 __iomem *)((u8 __iomem *)page + pa % PAGE_SIZE);
	mmio_write32(m->entry + 3, ENTRY_MASKED);
	mmio_write32(m->entry, address);
	mmio_write32(m->entry + 1, 0);
	mmio_write32(m->entry + 2, data);
	return 0;
}

static int plain_setup(struct msi_desc *m, u32 address, u32 data)
{
	u32 control = cfg_read(m, MSI_CONTROL, 2);
	u16 shift = control & MSI_64BIT ? 4 : 0;

	if (m->entry_nr)
		return -EINVAL;
	control &= ~(MSI_ENABLE | MSI_MULTIPLE);
	cfg_write(m, MSI_CONTROL, 2, control);
	if (control & MSI_MASKABLE)
		cfg_write(m, MSI_MASK + shift, 4, ~0u);
	cfg_write(m, MSI_ADDRESS, 4, address);
	if (shift)
		cfg_write(m, MSI_ADDRESS_HIGH, 4, 0);
	cfg_write(m, MSI_DATA + shift, 2, data);
	if (control & MSI_MASKABLE)
		cfg_write(m, MSI_CONTROL, 2, control | MSI_ENABLE);
	return 0;
}

int msi_setup(struct msi_desc *m, u8 vector, u32 cpu)
{
	u32 address = MSI_ADDRESS_BASE | (pcpu_table[cpu]->apic_id & 0xff) << 12;

	m->cap = pci_find_capability(m->dev, m->msix ? CAP_MSIX : CAP_MSI);
	if (!m->cap)
		return -ENODEV;
	/* Data: fixed delivery, edge. */
	return m->msix ? msix_setup(m, address, vector) : plain_setup(m, address, vector);
}

void msi_mask(struct msi_desc *m, bool masked)
{
	u32 control;

	if (m->msix) {
		mmio_write32(m->entry + 3, masked ? ENTRY_MASKED : 0);
		return;
	}
	control = cfg_read(m, MSI_CONTROL, 2);
	if (control & MSI_MASKABLE) {
		cfg_write(m, MSI_MASK + (control & MSI_64BIT ? 4 : 0), 4, masked ? ~0u : ~1u);
		return;
	}
	control &= ~MSI_ENABLE;
	cfg_write(m, MSI_CONTROL, 2, control | (masked ? 0 : MSI_ENABLE));
}

/* The function's Enable stays the service domain's, but a plain MSI ends here. */
void msi_teardown(struct msi_desc *m)
{
	if (m->entry)
		msi_mask(m, true);
	else if (!m->msix)
		cfg_write(m, MSI_CONTROL, 2, cfg_read(m, MSI_CONTROL, 2) & ~MSI_ENABLE);
	m->entry = NULL;
}
