// SPDX-License-Identifier: GPL-2.0
/* Invariant 11: what one vCPU unhooks is gone for the other before its frames change their use. */
#include "guest.h"

#define SLOT	300
#define VA	(0xffff000000000000 | (ulong)SLOT << 39)
#define PATTERN	0x5ec7e75ec7e75ec7

static volatile u32 phase, reads, wrong;

static void reader(void *arg)
{
	while (phase < 2) {
		u32 before = phase;
		volatile u64 v = 0;
		struct fault f;

		TRY(f)
			v = *(volatile u64 *)VA;
		if (before == 0 && f.vec == -1 && v == PATTERN)
			reads++;
		if (before == 1 && f.vec == -1)
			wrong++;
	}
}

/* vCPU 1 reads through an L4 entry; vCPU 0 removes it and makes its tables plain memory. */
ATTACK(smp_unhook_l4_entry)
{
	ulong page = alloc_pfn(), l1 = alloc_pfn(), l2 = alloc_pfn(), l3 = alloc_pfn();
	unsigned int round, i;

	NEED_VCPU1();
	for (round = 0; round < 8; round++) {
		memset(pfn_va(l1), 0, PAGE_SIZE);
		memset(pfn_va(l2), 0, PAGE_SIZE);
		memset(pfn_va(l3), 0, PAGE_SIZE);
		*(u64 *)pfn_va(page) = PATTERN;
		*(u64 *)pfn_va(l1) = pfn_pte(page, PTE_KERN);
		*(u64 *)pfn_va(l2) = pfn_pte(l1, PTE_TABLE);
		*(u64 *)pfn_va(l3) = pfn_pte(l2, PTE_TABLE);
		EXPECT_EQ(page_ro(l1) | page_ro(l2) | page_ro(l3), 0);
		EXPECT_EQ(mmu_update1(kernel_l4_pfn, SLOT, pfn_pte(l3, PTE_TABLE)), 0);
		phase = reads = wrong = 0;
		smp_call(reader, NULL);
		EXPECT(wait_for(&reads, 3, HANG_NS));
		EXPECT_EQ(mmu_update1(kernel_l4_pfn, SLOT, 0), 0);
		/* No flush asked for: the frames' change of type must bring it. */
		EXPECT_EQ(page_rw(l1) | page_rw(l2) | page_rw(l3), 0);
		for (i = 0; i < 512; i++)
			((u64 *)pfn_va(l1))[i] = mfn_ma(mfn_of_hypervisor()) | PTE_KERN;
		phase = 1;
		spin_ns(2000000);
		HYP(sched_op, SCHEDOP_yield, NULL);
		spin_ns(2000000);
		phase = 2;
		EXPECT(smp_wait(HANG_NS));
		EXPECT_EQ(wrong, 0);
	}
	free_pfn(page);
	free_pfn(l1);
	free_pfn(l2);
	free_pfn(l3);
}

/* The same one level down: an L1 unhooked from its L2, then reused. */
ATTACK(smp_unhook_l1)
{
	ulong page = alloc_pfn(), l1 = alloc_pfn(), l2 = table_alloc(), l3 = table_alloc();
	unsigned int i;

	NEED_VCPU1();
	*(u64 *)pfn_va(page) = PATTERN;
	*(u64 *)pfn_va(l1) = pfn_pte(page, PTE_KERN);
	EXPECT_EQ(page_ro(l1), 0);
	EXPECT_EQ(mmu_update1(kernel_l4_pfn, SLOT, pfn_pte(l3, PTE_TABLE)), 0);
	EXPECT_EQ(mmu_update1(l3, 0, pfn_pte(l2, PTE_TABLE)), 0);
	EXPECT_EQ(mmu_update1(l2, 0, pfn_pte(l1, PTE_TABLE)), 0);
	phase = reads = wrong = 0;
	smp_call(reader, NULL);
	EXPECT(wait_for(&reads, 3, HANG_NS));
	EXPECT_EQ(mmu_update1(l2, 0, 0), 0);
	EXPECT_EQ(page_rw(l1), 0);
	for (i = 0; i < 512; i++)
		((u64 *)pfn_va(l1))[i] = mfn_ma(mfn_of_hypervisor()) | PTE_KERN;
	phase = 1;
	spin_ns(4000000);
	phase = 2;
	EXPECT(smp_wait(HANG_NS));
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(mmu_update1(kernel_l4_pfn, SLOT, 0), 0);
	EXPECT_EQ(table_free(l2), 0);
	EXPECT_EQ(table_free(l3), 0);
	free_pfn(l1);
	free_pfn(page);
}

/* A writable mapping that becomes a table: the other vCPU's cached write permission is gone. */
static volatile u32 writes, late;

static void writer(void *arg)
{
	while (phase < 2) {
		u32 before = phase;
		struct fault f;

		TRY(f)
			*(volatile u64 *)(VA + 8) = 0x1ff000;
		if (before == 0 && f.vec == -1)
			writes++;
		if (before == 1 && f.vec == -1)
			late++;
	}
}

ATTACK(smp_writable_becomes_table)
{
	ulong page = alloc_pfn(), l1 = table_alloc(), l2 = table_alloc(), l3 = table_alloc();

	NEED_VCPU1();
	EXPECT_EQ(mmu_update1(kernel_l4_pfn, SLOT, pfn_pte(l3, PTE_TABLE)), 0);
	EXPECT_EQ(mmu_update1(l3, 0, pfn_pte(l2, PTE_TABLE)), 0);
	EXPECT_EQ(mmu_update1(l2, 0, pfn_pte(l1, PTE_TABLE)), 0);
	EXPECT_EQ(mmu_update1(l1, 0, pfn_pte(page, PTE_KERN)), 0);
	phase = writes = late = 0;
	smp_call(writer, NULL);
	EXPECT(wait_for(&writes, 3, HANG_NS));
	EXPECT_EQ(page_ro(page), 0);
	EXPECT_EQ(mmu_update1(l1, 0, 0), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(page)), 0);
	EXPECT_EQ(mmu_update1(page, 1, 0), 0);
	phase = 1;
	spin_ns(4000000);
	phase = 2;
	EXPECT(smp_wait(HANG_NS));
	EXPECT_EQ(late, 0);
	EXPECT_EQ(read_table(page, 1), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(page)), 0);
	EXPECT_EQ(mmu_update1(kernel_l4_pfn, SLOT, 0), 0);
	EXPECT_EQ(table_free(l1), 0);
	EXPECT_EQ(table_free(l2), 0);
	EXPECT_EQ(table_free(l3), 0);
	EXPECT_EQ(table_free(page), 0);
}

/* Both vCPUs pin, unpin and link the same frames: one of them is refused, nothing is lost. */
static ulong race_pfn;
static volatile u32 racing;

static void racer(void *arg)
{
	while (racing) {
		mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(race_pfn));
		mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(race_pfn));
		mmuext1(MMUEXT_PIN_L2_TABLE, pfn_mfn(race_pfn));
		mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(race_pfn));
	}
}

ATTACK(smp_pin_race)
{
	unsigned int i;

	NEED_VCPU1();
	race_pfn = table_alloc();
	racing = 1;
	smp_call(racer, NULL);
	for (i = 0; i < 300; i++) {
		mmuext1(MMUEXT_PIN_L2_TABLE, pfn_mfn(race_pfn));
		if (page_rw(race_pfn) == 0) {
			*(volatile u64 *)pfn_va(race_pfn) = 0;
			page_ro(race_pfn);
		}
		mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(race_pfn));
	}
	racing = 0;
	EXPECT(smp_wait(HANG_NS));
	mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(race_pfn));
	EXPECT_EQ(page_ro(race_pfn), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(race_pfn)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(race_pfn)), 0);
	EXPECT_EQ(table_free(race_pfn), 0);
}

/* Arguments that change while the hypervisor reads them: checked and used are the same value. */
static struct mmu_update shifting[64];

static void shifter(void *arg)
{
	ulong good = *(ulong *)arg, bad = mfn_ma(mfn_of_hypervisor()) | PTE_USER;
	unsigned int i;

	while (racing)
		for (i = 0; i < ARRAY_SIZE(shifting); i++) {
			((volatile struct mmu_update *)shifting)[i].val = bad;
			((volatile struct mmu_update *)shifting)[i].val = good;
		}
}

ATTACK(smp_arguments_change)
{
	ulong page = alloc_pfn(), good = pfn_pte(page, PTE_USER);
	ulong slot = mfn_ma(pfn_mfn(user_l1_pfn)) + ((USER_SPARE >> PAGE_SHIFT) & 511) * 8;
	unsigned int i, refused = 0;

	NEED_VCPU1();
	for (i = 0; i < ARRAY_SIZE(shifting); i++)
		shifting[i] = (struct mmu_update){ slot, good };
	racing = 1;
	smp_call(shifter, &good);
	for (i = 0; i < 3000; i++) {
		ulong v;

		refused += HYP(mmu_update, shifting, ARRAY_SIZE(shifting), NULL, DOMID_SELF) != 0;
		v = read_table(user_l1_pfn, (USER_SPARE >> PAGE_SHIFT) & 511);
		if ((v & PTE_P) && (v & PTE_ADDR) != (good & PTE_ADDR))
			case_fail(__FILE__, __LINE__, "entry is 0x%lx", v);
	}
	racing = 0;
	EXPECT(smp_wait(HANG_NS));
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	free_pfn(page);
}
