// SPDX-License-Identifier: GPL-2.0
/*
 * MSI-X tables belong to the hypervisor. Their owner's mapping is read-only whatever it asked for; a
 * mov to it goes nowhere (drivers mask vectors themselves on shutdown), anything else is its fault.
 * Needs a device with MSI-X, whose BAR the firmware has placed.
 */
#include "guest.h"

#define CFG_ADDRESS	0xcf8
#define CFG_DATA	0xcfc
#define PCI_STATUS_CAPS	BIT(20)		/* in the word at 4 */
#define CAP_MSIX	0x11
#define BAR_MEMORY(v)	(!((v) & 7))	/* 32 bits wide */

static u32 config(u8 devfn, u8 reg)
{
	u32 v;

	asm volatile("outl %0, %w1" : : "a"(0x80000000u | devfn << 8 | reg), "Nd"((u16)CFG_ADDRESS));
	asm volatile("inl %w1, %0" : "=a"(v) : "Nd"((u16)CFG_DATA));
	return v;
}

/* Machine address of the table of the function, or 0; and of its BAR. */
static ulong table_of(u8 devfn, u64 *base)
{
	u32 where, bar;
	u8 at;

	if (config(devfn, 0) == 0xffffffff || !(config(devfn, 4) & PCI_STATUS_CAPS))
		return 0;
	for (at = config(devfn, 0x34); at; at = config(devfn, at) >> 8)
		if ((config(devfn, at) & 0xff) == CAP_MSIX)
			break;
	if (!at)
		return 0;
	where = config(devfn, at + 4);
	bar = config(devfn, 0x10 + 4 * (where & 7));
	*base = bar;
	return BAR_MEMORY(bar) && bar ? bar + (where & ~7u) : 0;
}

/* As stock drivers do: the table is the hypervisor's from here on. */
static void map_first_entry(u8 devfn, u64 base, struct physdev_map_pirq *map)
{
	struct physdev_pci_device_add dev = { .devfn = devfn };

	*map = (struct physdev_map_pirq){
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI_SEG, .index = -1, .pirq = -1,
		.devfn = devfn, .table_base = base,
	};
	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_pci_device_add, &dev), 0);
	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_map_pirq, map), 0);
}

static ulong find_table(struct physdev_map_pirq *map)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	ulong table = 0;
	u64 base = 0;
	u32 devfn;

	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	for (devfn = 0; devfn < 256 && !table; devfn += 8)
		table = table_of(devfn, &base);
	iopl.iopl = 0;
	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	if (table)
		map_first_entry(devfn - 8, base, map);
	return table;
}

CASE(msix_table_writes_dropped)
{
	struct physdev_unmap_pirq unmap = { .domid = DOMID_SELF };
	struct physdev_map_pirq map;
	ulong table = find_table(&map), pfn, pte_pfn;
	volatile u32 *entry;
	struct fault f;
	unsigned int i;
	u32 before;

	if (!table) {
		skip("no device with MSI-X on bus 0");
		return;
	}
	pfn = alloc_pfn();
	EXPECT_EQ(set_va_pte(pfn_va(pfn), (table & PTE_ADDR) | PTE_KERN | PTE_PCD), 0);
	EXPECT_EQ(walk_pte(pfn_va(pfn), &pte_pfn, &i) & PTE_RW, 0);
	entry = (volatile u32 *)((u8 *)pfn_va(pfn) + table % PAGE_SIZE);

	before = entry[0];
	TRY(f)
		entry[0] = before ^ 0xfee0000c;
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(entry[0], before);
	before = entry[3];
	TRY(f)
		*(volatile u8 *)&entry[3] = before ^ 1;
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(entry[3], before);

	TRY(f)
		asm volatile("xchgl %0, %1" : "+r"(before), "+m"(*entry) : : "memory");
	EXPECT_EQ(f.vec, X_PF);
	TRY(f)
		asm volatile("lock orl $1, %0" : "+m"(*entry) : : "memory");
	EXPECT_EQ(f.vec, X_PF);

	EXPECT_EQ(set_va_pte(pfn_va(pfn), pfn_pte(pfn, PTE_KERN)), 0);
	free_pfn(pfn);
	unmap.pirq = map.pirq;
	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_unmap_pirq, &unmap), 0);
}
