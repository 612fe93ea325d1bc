// SPDX-License-Identifier: GPL-2.0
/* Calls long enough to be preempted: whole trees validated and dropped, big batches. */
#include "guest.h"

#define TABLES	40

/* An L4 with 40 full L1s below it, pinned from the top and dropped again. */
CASE(long_pin_tree)
{
	ulong l4 = alloc_pfn(), l3 = alloc_pfn(), l2 = alloc_pfn(), page = alloc_pfn();
	ulong l1[TABLES];
	unsigned int i, j, round;

	for (i = 0; i < TABLES; i++) {
		l1[i] = alloc_pfn();
		for (j = 0; j < 512; j++)
			((ulong *)pfn_va(l1[i]))[j] = pfn_pte(page, j & 1 ? PTE_KERN : PTE_KERN_RO);
		EXPECT_EQ(page_ro(l1[i]), 0);
		((ulong *)pfn_va(l2))[i] = pfn_pte(l1[i], PTE_TABLE);
	}
	((ulong *)pfn_va(l3))[3] = pfn_pte(l2, PTE_TABLE);
	((ulong *)pfn_va(l4))[7] = pfn_pte(l3, PTE_TABLE);
	EXPECT_EQ(page_ro(l2) | page_ro(l3) | page_ro(l4), 0);
	for (round = 0; round < 3; round++) {
		EXPECT_EQ(mmuext1(MMUEXT_PIN_L4_TABLE, pfn_mfn(l4)), 0);
		EXPECT_ERR(page_rw(l1[0]));
		EXPECT_ERR(page_rw(l1[TABLES - 1]));
		EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l4)), 0);
	}
	for (i = 0; i < TABLES; i++)
		EXPECT_EQ(table_free(l1[i]), 0);
	EXPECT_EQ(table_free(l2) | table_free(l3) | table_free(l4), 0);
	/* No reference of the 20,000 is left: the page can be a table. */
	EXPECT_EQ(page_ro(page), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(page)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(page)), 0);
	EXPECT_EQ(table_free(page), 0);
}

/* The same with one bad entry at the very end. */
CASE(long_pin_tree_bad_at_end)
{
	ulong l3 = alloc_pfn(), l2 = alloc_pfn(), page = alloc_pfn(), l1[TABLES];
	unsigned int i, j;

	for (i = 0; i < TABLES; i++) {
		l1[i] = alloc_pfn();
		for (j = 0; j < 512; j++)
			((ulong *)pfn_va(l1[i]))[j] = pfn_pte(page, PTE_KERN);
		if (i == TABLES - 1)
			((ulong *)pfn_va(l1[i]))[511] = mfn_ma(mfn_of_hypervisor()) | PTE_KERN;
		EXPECT_EQ(page_ro(l1[i]), 0);
		((ulong *)pfn_va(l2))[i] = pfn_pte(l1[i], PTE_TABLE);
	}
	((ulong *)pfn_va(l3))[511] = pfn_pte(l2, PTE_TABLE);
	EXPECT_EQ(page_ro(l2) | page_ro(l3), 0);
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L3_TABLE, pfn_mfn(l3)));
	for (i = 0; i < TABLES; i++)
		EXPECT_EQ(table_free(l1[i]), 0);
	EXPECT_EQ(table_free(l2) | table_free(l3), 0);
	EXPECT_EQ(page_ro(page), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(page)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(page)), 0);
	EXPECT_EQ(table_free(page), 0);
}

/* A batch of 3,000 updates that alternates two values, with the timer firing meanwhile. */
CASE(long_batch)
{
	static struct mmu_update u[3000];
	ulong page = alloc_pfn();
	ulong slot = mfn_ma(pfn_mfn(user_l1_pfn)) + ((USER_SPARE >> PAGE_SHIFT) & 511) * 8;
	int port = evtchn_bind_virq(VIRQ_TIMER, 0);
	struct vcpu_set_periodic_timer t = { .period_ns = 1000000 };
	unsigned int i;
	u32 done = 0;

	evtchn_unmask(port);
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_set_periodic_timer, 0, &t), 0);
	events_on();
	for (i = 0; i < ARRAY_SIZE(u); i++)
		u[i] = (struct mmu_update){ slot, i & 1 ? pfn_pte(page, PTE_USER) : 0 };
	EXPECT_EQ(HYP(mmu_update, u, ARRAY_SIZE(u), &done, DOMID_SELF), 0);
	EXPECT_EQ(done, ARRAY_SIZE(u));
	events_off();
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL), 0);
	EXPECT_EQ(evtchn_close(port), 0);
	EXPECT(read_table(user_l1_pfn, (USER_SPARE >> 12) & 511) & PTE_P);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	free_pfn(page);
}

/* An L1 pinned while another of its references is dropped: counts stay exact over many rounds. */
CASE(long_pin_unpin_rounds)
{
	ulong pfn = table_alloc(), l2 = table_alloc();
	unsigned int i;

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L2_TABLE, pfn_mfn(l2)), 0);
	for (i = 0; i < 200; i++) {
		EXPECT_EQ(mmu_update1(l2, i, pfn_pte(pfn, PTE_TABLE)), 0);
		EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(pfn)), 0);
		EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(pfn)), 0);
	}
	EXPECT_ERR(page_rw(pfn));
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l2)), 0);
	EXPECT_EQ(table_free(l2), 0);
	EXPECT_EQ(table_free(pfn), 0);
}
