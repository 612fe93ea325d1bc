// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the test guest.
 *
 * Pages below init_end_pfn keep the mapping of the builder at VIRT_BASE; the others, up to
 * DIRECT_PAGES, are mapped once at DIRECT_BASE + pfn * 4096. Every page thus has exactly one
 * mapping of its own, pfn_va(). The tables of the direct map and of the user part are taken from
 * the padding that the builder leaves behind the boot stack, and are read-only before use.
 *
 * The page allocator is a stack of page numbers; the guest is single-threaded where it allocates.
 */
#include "guest.h"

struct start_info *start_info;
struct start_info start_info_copy;
struct shared_info *shared;
ulong *p2m;
ulong init_end_pfn, kernel_l4_pfn, user_l4_pfn, user_l1_pfn;

static char shared_page[PAGE_SIZE] __page_aligned;
static ulong free_stack[DIRECT_PAGES];
static unsigned int nr_free;
static ulong boot_spare_pfn;	/* next page of the padding for boot_table() */

void *pfn_va(ulong pfn)
{
	return (void *)((pfn < init_end_pfn ? VIRT_BASE : DIRECT_BASE) + (pfn << PAGE_SHIFT));
}

ulong va_pfn(const void *va)
{
	ulong a = (ulong)va;

	return (a - (a >= VIRT_BASE ? VIRT_BASE : DIRECT_BASE)) >> PAGE_SHIFT;
}

int set_va_pte(const void *va, ulong pte)
{
	return HYP(update_va_mapping, va, pte, UVMF_INVLPG | UVMF_ALL);
}

int page_ro(ulong pfn)
{
	return set_va_pte(pfn_va(pfn), pfn_pte(pfn, PTE_KERN_RO));
}

int page_rw(ulong pfn)
{
	return set_va_pte(pfn_va(pfn), pfn_pte(pfn, PTE_KERN));
}

int mmu_update_raw(ulong ptr, ulong val)
{
	struct mmu_update u = { .ptr = ptr, .val = val };

	return HYP(mmu_update, &u, 1, NULL, DOMID_SELF);
}

int mmu_update1(ulong table_pfn, unsigned int index, ulong val)
{
	return mmu_update_raw(mfn_ma(pfn_mfn(table_pfn)) + index * 8, val);
}

int mmuext1(unsigned int cmd, ulong mfn)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.mfn = mfn };

	return HYP(mmuext_op, &op, 1, NULL, DOMID_SELF);
}

ulong read_table(ulong table_pfn, unsigned int index)
{
	return ((volatile ulong *)pfn_va(table_pfn))[index];
}

ulong walk_pte(const void *va, ulong *pte_pfn, unsigned int *index)
{
	ulong pfn = kernel_l4_pfn, e = 0;
	int shift;

	for (shift = 39; shift >= 12; shift -= 9) {
		unsigned int i = ((ulong)va >> shift) & 511;

		e = read_table(pfn, i);
		if (shift == 12) {
			if (pte_pfn)
				*pte_pfn = pfn;
			if (index)
				*index = i;
			break;
		}
		if (!(e & PTE_P))
			return 0;
		pfn = m2p[(e & PTE_ADDR) >> PAGE_SHIFT];
	}
	return e;
}

ulong alloc_pfn(void)
{
	ulong pfn;

	if (!nr_free)
		panic("out of pages");
	pfn = free_stack[--nr_free];
	memset(pfn_va(pfn), 0, PAGE_SIZE);
	return pfn;
}

/* A case that failed may have left references: its pages do not come back to spoil the next. */
void free_pfn(ulong pfn)
{
	if (case_failed())
		return;
	free_stack[nr_free++] = pfn;
}

ulong table_alloc(void)
{
	ulong pfn = alloc_pfn();
	int rc = page_ro(pfn);

	if (rc)
		panic("read-only page: %d", rc);
	return pfn;
}

int table_free(ulong pfn)
{
	int rc = page_rw(pfn);

	if (!rc)
		free_pfn(pfn);
	return rc;
}

/* RAM according to the machine's map; the list is the initial domain's to ask for. */
static struct e820entry {
	u64 addr, size;
	u32 type;
} __attribute__((packed)) e820[128];

int for_each_foreign_frame(bool (*fn)(ulong mfn, void *arg), void *arg)
{
	struct xen_memory_map map = { .nr_entries = ARRAY_SIZE(e820) };
	ulong mfn, pfn;
	unsigned int i;
	int rc;

	set_xen_guest_handle(map.buffer, e820);
	rc = HYP(memory_op, XENMEM_machine_memory_map, &map);
	if (rc)
		return rc;
	for (i = 0; i < map.nr_entries; i++) {
		if (e820[i].type != 1 || e820[i].addr < 0x100000)
			continue;
		for (mfn = (e820[i].addr + PAGE_SIZE - 1) >> PAGE_SHIFT;
		     mfn < (e820[i].addr + e820[i].size) >> PAGE_SHIFT; mfn++) {
			pfn = m2p[mfn];
			if (pfn < start_info->nr_pages && p2m[pfn] == mfn)
				continue;
			if (mfn == start_info->shared_info >> PAGE_SHIFT)
				continue;
			if (!fn(mfn, arg))
				return 0;
		}
	}
	return 0;
}

static bool take_first(ulong mfn, void *arg)
{
	*(ulong *)arg = mfn;
	return false;
}

ulong mfn_of_hypervisor(void)
{
	static ulong mfn;

	if (!mfn && (for_each_foreign_frame(take_first, &mfn) || !mfn))
		panic("no frame that is not ours");
	return mfn;
}

static ulong boot_table(void)
{
	ulong pfn = boot_spare_pfn++;

	if (pfn >= init_end_pfn)
		panic("initial mapping has too little padding");
	memset(pfn_va(pfn), 0, PAGE_SIZE);
	return pfn;
}

static void boot_seal(ulong pfn)
{
	int rc = page_ro(pfn);

	if (rc)
		panic("sealing pfn 0x%lx: %d", pfn, rc);
}

/* Map pages init_end_pfn and above, as far as the guest has them. */
static void map_direct(void)
{
	ulong end = start_info->nr_pages, pfn, l3, l2, l1 = 0;
	int rc;

	if (end > DIRECT_PAGES)
		end = DIRECT_PAGES;
	l3 = boot_table();
	l2 = boot_table();
	for (pfn = init_end_pfn & ~511ul; pfn < end; pfn++) {
		if (!(pfn & 511)) {
			if (l1)
				boot_seal(l1);
			l1 = boot_table();
			((ulong *)pfn_va(l2))[pfn >> 9] = pfn_pte(l1, PTE_TABLE & ~PTE_US);
		}
		if (pfn < init_end_pfn)
			continue;
		((ulong *)pfn_va(l1))[pfn & 511] = pfn_pte(pfn, PTE_KERN);
		free_stack[nr_free++] = pfn;
	}
	if (!l1)
		panic("no pages beyond the initial mapping");
	((ulong *)pfn_va(l3))[0] = pfn_pte(l2, PTE_TABLE & ~PTE_US);
	boot_seal(l1);
	boot_seal(l2);
	boot_seal(l3);
	rc = mmu_update1(kernel_l4_pfn, (DIRECT_BASE >> 39) & 511,
			 pfn_pte(l3, PTE_TABLE & ~PTE_US));
	if (rc)
		panic("mapping the pages: %d", rc);
}

/* Slot 0 of the kernel's L4 and a user L4 with the same slot. */
static void map_user_part(void)
{
	ulong l3 = boot_table(), l2 = boot_table(), l1 = boot_table(), l4 = boot_table();
	int rc;

	((ulong *)pfn_va(l3))[0] = pfn_pte(l2, PTE_TABLE);
	((ulong *)pfn_va(l2))[USER_BASE >> 21] = pfn_pte(l1, PTE_TABLE);
	((ulong *)pfn_va(l4))[0] = pfn_pte(l3, PTE_TABLE);
	boot_seal(l1);
	boot_seal(l2);
	boot_seal(l3);
	boot_seal(l4);
	rc = mmu_update1(kernel_l4_pfn, 0, pfn_pte(l3, PTE_TABLE));
	rc = rc ?: mmuext1(MMUEXT_PIN_L4_TABLE, pfn_mfn(l4));
	rc = rc ?: mmuext1(MMUEXT_NEW_USER_BASEPTR, pfn_mfn(l4));
	if (rc)
		panic("user tables: %d", rc);
	user_l4_pfn = l4;
	user_l1_pfn = l1;
}

int user_map(ulong va, ulong pte)
{
	int rc = mmu_update1(user_l1_pfn, (va >> PAGE_SHIFT) & 511, pte);

	return rc ?: mmuext1(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

static void find_init_end(ulong boot_rsp)
{
	ulong pt_end = va_pfn((void *)start_info->pt_base) + start_info->nr_pt_frames;
	ulong stack_end = (boot_rsp - VIRT_BASE + PAGE_SIZE - 1) >> PAGE_SHIFT;

	/* Everything the walk reads lies in the initial mapping. */
	init_end_pfn = ~0ul >> PAGE_SHIFT;
	kernel_l4_pfn = va_pfn((void *)start_info->pt_base);
	boot_spare_pfn = pt_end + 1 > stack_end ? pt_end + 1 : stack_end;
	init_end_pfn = boot_spare_pfn;
	while (walk_pte((void *)(VIRT_BASE + (init_end_pfn << PAGE_SHIFT)), NULL, NULL) & PTE_P)
		init_end_pfn++;
}

void mm_init(struct start_info *si, ulong boot_rsp)
{
	int rc;

	start_info = si;
	start_info_copy = *si;
	p2m = (ulong *)si->mfn_list;
	rc = set_va_pte(shared_page, si->shared_info | PTE_KERN);
	if (rc)
		panic("mapping shared_info: %d", rc);
	shared = (struct shared_info *)shared_page;
	find_init_end(boot_rsp);
	map_direct();
	map_user_part();
}

#define AROUND	128	/* pages before and behind a descriptor table */
#define EDGE	32	/* pages at either end of a slot */

ulong hypervisor_address(unsigned int i)
{
	ulong base;

	if (i < 4 * AROUND) {
		base = (i < 2 * AROUND ? sidt().base : sgdt().base) & ~(PAGE_SIZE - 1ul);
		return base + ((ulong)(i % (2 * AROUND)) - AROUND) * PAGE_SIZE;
	}
	i -= 4 * AROUND;
	if (i >= 16 * 2 * EDGE)
		return 0;
	base = HV_START + ((ulong)(i / (2 * EDGE)) << 39);
	i %= 2 * EDGE;
	return i < EDGE ? base + i * PAGE_SIZE : base + BIT(39) - (i - EDGE + 1) * PAGE_SIZE;
}

bool kernel_can_write(ulong va)
{
	struct fault f;

	TRY(f)
		asm volatile("lock orb $0, (%0)" : : "r"(va) : "memory");
	return f.vec == -1;
}

bool kernel_can_read(ulong va)
{
	struct fault f;

	TRY(f)
		asm volatile("movb (%0), %%al" : : "r"(va) : "rax", "memory");
	return f.vec == -1;
}
