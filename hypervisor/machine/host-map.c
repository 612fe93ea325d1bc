// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of host space that all pCPUs share.
 *
 * Invariants: text is never writable and data never executable; no entry has
 * U/S set, so that host space maps no page as user; G is never set (the gate
 * relies on CR3 loads dropping everything). The direct map covers RAM and
 * what firmware described as tables, never device registers: those go through
 * mmio_map().
 *
 * Locks: none; host_map_*() run on the boot pCPU. mmio.c guards its window.
 */
#include "machine/host-map.h"
#include "base/errno.h"
#include "base/string.h"
#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "machine/directmap.h"
#include "machine/pte.h"

u64 *host_l4_template __ro_after_init;
u64 *image_l2 __ro_after_init;
u64 *mmio_l1[MMIO_L1_TABLES] __ro_after_init;

static paddr_t (*table_alloc)(void) __initdata;
static u64 *image_l1[4] __ro_after_init;

/* Link map (boot/ringlet.lds). */
extern const char image_start[], text_end[], rodata_end[];
extern const char ro_after_init_end[], resident_end[], init_text_end[];
extern const char image_end[];

/* The table below @entry, made if there is none; NULL if memory is short. */
static u64 *__init table_below(u64 *entry)
{
	paddr_t pa;

	if (!(*entry & PTE_P)) {
		pa = table_alloc();
		if (!pa)
			return NULL;
		memset(paddr_to_virt(pa), 0, PAGE_SIZE);
		*entry = pa | PTE_TABLE;
	}
	return paddr_to_virt(*entry & PTE_ADDR);
}

static u64 __init image_prot(vaddr_t va)
{
	if (va < (u64)text_end)
		return PTE_TEXT;
	if (va < (u64)rodata_end)
		return PTE_RODATA;
	if (va < (u64)resident_end)
		return PTE_DATA;
	return va < (u64)init_text_end ? PTE_TEXT : PTE_DATA;
}

static int __init map_image(void)
{
	u64 *l3 = table_below(&host_l4_template[GATE_SLOT]);
	vaddr_t va;
	u64 *l1;

	image_l2 = l3 ? table_below(&l3[0]) : NULL;
	if (!image_l2)
		return -ENOMEM;
	for (va = (u64)image_start; va < (u64)image_end; va += PAGE_SIZE) {
		unsigned int slot = pt_index(va, L2_SHIFT);

		l1 = table_below(&image_l2[slot]);
		if (!l1)
			return -ENOMEM;
		image_l1[slot] = l1;
		l1[pt_index(va, L1_SHIFT)] = image_paddr((void *)va) | image_prot(va);
	}
	return 0;
}

static int __init map_mmio_window(void)
{
	u64 *l3 = table_below(&host_l4_template[MMIO_SLOT]);
	u64 *l2 = l3 ? table_below(&l3[0]) : NULL;
	unsigned int i;

	if (!l2)
		return -ENOMEM;
	for (i = 0; i < MMIO_L1_TABLES; i++) {
		mmio_l1[i] = table_below(&l2[i]);
		if (!mmio_l1[i])
			return -ENOMEM;
	}
	return 0;
}

int __init host_map_init(paddr_t (*alloc)(void))
{
	paddr_t pa = alloc();
	int rc;

	if (!pa)
		return -ENOMEM;
	table_alloc = alloc;
	host_l4_template = paddr_to_virt(pa);
	memset(host_l4_template, 0, PAGE_SIZE);
	rc = map_image();
	if (!rc)
		rc = map_mmio_window();
	return rc;
}

/*
 * Map one page at the start of the range; returns its size, or 0. A large
 * page is not used where a table already is (ranges may share 2 MiB).
 */
static u64 __init map_one(paddr_t pa, paddr_t end)
{
	unsigned int shift = cpu_features.gbpages ? L3_SHIFT : L2_SHIFT, level;
	vaddr_t va = DIRECTMAP_VIRT + pa;
	u64 *t = host_l4_template, *e;

	for (level = L4_SHIFT; level > L1_SHIFT; level -= 9) {
		e = &t[pt_index(va, level)];
		if (level <= shift && !*e && !(pa & (BIT(level) - 1)) && end - pa >= BIT(level))
			*e = pa | PTE_DATA | PTE_PS;
		/* What of the range a large page covers. */
		if (*e & PTE_PS)
			return min(end, ALIGN_DOWN(pa, BIT(level)) + BIT(level)) - pa;
		t = table_below(e);
		if (!t)
			return 0;
	}
	t[pt_index(va, L1_SHIFT)] = pa | PTE_DATA;
	return PAGE_SIZE;
}

int __init host_map_direct(paddr_t start, paddr_t end)
{
	u64 done;

	for (; start < end; start += done) {
		done = map_one(start, end);
		if (!done)
			return -ENOMEM;
	}
	return 0;
}

void __init host_map_load(void)
{
	write_cr3(virt_to_paddr(host_l4_template));
}

/* Not __init: it unmaps what is. */
void host_map_seal(paddr_t *start, paddr_t *end)
{
	vaddr_t va;
	u64 *l1;

	for (va = (u64)rodata_end; va < (u64)image_end; va += PAGE_SIZE) {
		l1 = image_l1[pt_index(va, L2_SHIFT)];
		if (va < (u64)ro_after_init_end)
			l1[pt_index(va, L1_SHIFT)] &= ~PTE_RW;
		else if (va >= (u64)resident_end)
			l1[pt_index(va, L1_SHIFT)] = 0;
	}
	*start = image_paddr(resident_end);
	*end = image_paddr(image_end);
	write_cr3(read_cr3());
}
