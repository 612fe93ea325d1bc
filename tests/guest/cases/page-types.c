// SPDX-License-Identifier: GPL-2.0
/* Types of frames: tables and writable pages exclude each other, levels do not mix. */
#include "guest.h"

CASE(type_pin_l1)
{
	ulong pfn = table_alloc();

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(pfn)), 0);
	EXPECT_ERR(page_rw(pfn));
	EXPECT_EQ(walk_pte(pfn_va(pfn), NULL, NULL) & PTE_RW, 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(pfn)), 0);
	EXPECT_EQ(table_free(pfn), 0);
}

CASE(type_pin_writable_page)
{
	ulong pfn = alloc_pfn();
	unsigned int cmd;

	for (cmd = MMUEXT_PIN_L1_TABLE; cmd <= MMUEXT_PIN_L4_TABLE; cmd++)
		EXPECT_ERR(mmuext1(cmd, pfn_mfn(pfn)));
	free_pfn(pfn);
}

CASE(type_pin_twice)
{
	ulong pfn = table_alloc();

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(pfn)), 0);
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(pfn)));
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L2_TABLE, pfn_mfn(pfn)));
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(pfn)), 0);
	EXPECT_ERR(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(pfn)));
	EXPECT_EQ(table_free(pfn), 0);
}

CASE(type_unpin_never_pinned)
{
	ulong pfn = alloc_pfn();

	EXPECT_ERR(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(pfn)));
	EXPECT_ERR(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(user_l1_pfn)));
	free_pfn(pfn);
}

CASE(type_pin_foreign_frame)
{
	unsigned int cmd;

	for (cmd = MMUEXT_PIN_L1_TABLE; cmd <= MMUEXT_UNPIN_TABLE; cmd++) {
		EXPECT_ERR(mmuext1(cmd, mfn_of_hypervisor()));
		EXPECT_ERR(mmuext1(cmd, 1ul << 40));
		EXPECT_ERR(mmuext1(cmd, ~0ul));
	}
}

/* A pin that fails half-way leaves neither type nor references behind. */
CASE(type_pin_fails_half_way)
{
	ulong pfn = alloc_pfn(), target = alloc_pfn();
	ulong *t = pfn_va(pfn);
	int i;

	for (i = 0; i < 300; i++)
		t[i] = pfn_pte(target, PTE_KERN);
	t[300] = mfn_ma(mfn_of_hypervisor()) | PTE_KERN;
	EXPECT_EQ(page_ro(pfn), 0);
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(pfn)));
	EXPECT_EQ(table_free(pfn), 0);
	EXPECT_EQ(page_ro(target), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(target)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(target)), 0);
	EXPECT_EQ(table_free(target), 0);
}

/* A page mapped writable by a pinned L1 cannot become a table until that mapping goes. */
CASE(type_writable_reference_counts)
{
	ulong l1 = alloc_pfn(), page = alloc_pfn();

	((ulong *)pfn_va(l1))[0] = pfn_pte(page, PTE_KERN);
	EXPECT_EQ(page_ro(l1), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(l1)), 0);
	EXPECT_EQ(page_ro(page), 0);
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(page)));
	EXPECT_EQ(mmu_update1(l1, 0, 0), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(page)), 0);
	EXPECT_ERR(mmu_update1(l1, 0, pfn_pte(page, PTE_KERN)));
	EXPECT_EQ(mmu_update1(l1, 0, pfn_pte(page, PTE_KERN_RO)), 0);
	EXPECT_EQ(mmu_update1(l1, 0, 0), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(page)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l1)), 0);
	EXPECT_EQ(table_free(page), 0);
	EXPECT_EQ(table_free(l1), 0);
}

CASE(type_l1_as_l2)
{
	ulong l1 = table_alloc(), l3 = table_alloc();

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(l1)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L3_TABLE, pfn_mfn(l3)), 0);
	EXPECT_ERR(mmu_update1(l3, 0, pfn_pte(l1, PTE_TABLE)));
	EXPECT_EQ(read_table(l3, 0), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l3)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l1)), 0);
	EXPECT_EQ(table_free(l1), 0);
	EXPECT_EQ(table_free(l3), 0);
}

CASE(type_levels_do_not_mix)
{
	static const u8 pin[] = { MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
				  MMUEXT_PIN_L4_TABLE };
	ulong t[4];
	int i, j;

	for (i = 0; i < 4; i++) {
		t[i] = table_alloc();
		EXPECT_EQ(mmuext1(pin[i], pfn_mfn(t[i])), 0);
	}
	for (i = 1; i < 4; i++)
		for (j = 0; j < 4; j++) {
			int rc = mmu_update1(t[i], 5, pfn_pte(t[j], PTE_TABLE));

			if ((rc == 0) != (j == i - 1))
				case_fail(__FILE__, __LINE__, "L%d entry to L%d table: %d",
					  i + 1, j + 1, rc);
			EXPECT_EQ(mmu_update1(t[i], 5, 0), 0);
		}
	for (i = 3; i >= 0; i--) {
		EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(t[i])), 0);
		EXPECT_EQ(table_free(t[i]), 0);
	}
}

CASE(type_writable_page_as_table)
{
	ulong page = alloc_pfn(), l2 = table_alloc();

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L2_TABLE, pfn_mfn(l2)), 0);
	EXPECT_ERR(mmu_update1(l2, 0, pfn_pte(page, PTE_TABLE)));
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l2)), 0);
	EXPECT_EQ(table_free(l2), 0);
	free_pfn(page);
}

CASE(type_self_map_writable)
{
	ulong l4 = table_alloc();

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L4_TABLE, pfn_mfn(l4)), 0);
	EXPECT_ERR(mmu_update1(l4, 0, pfn_pte(l4, PTE_TABLE)));
	EXPECT_ERR(mmu_update1(l4, 511, pfn_pte(l4, PTE_TABLE)));
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l4)), 0);
	EXPECT_EQ(table_free(l4), 0);
}

/* Linear page tables: Xen still has the read-only ones, Ringlet left them out. */
CASE(type_self_map_read_only)
{
	ulong l4 = table_alloc();
	int rc;

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L4_TABLE, pfn_mfn(l4)), 0);
	rc = mmu_update1(l4, 0, pfn_pte(l4, PTE_P | PTE_A | PTE_US));
	if (on_ringlet)
		EXPECT_ERR(rc);
	else
		EXPECT_EQ(rc, 0);
	EXPECT_EQ(mmu_update1(l4, 0, 0), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l4)), 0);
	EXPECT_EQ(table_free(l4), 0);
}

CASE(type_superpages_refused)
{
	ulong l2 = table_alloc(), l3 = table_alloc(), l4 = table_alloc();
	ulong target = pfn_pte(alloc_pfn(), PTE_KERN) & ~0x1fffffful;

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L2_TABLE, pfn_mfn(l2)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L3_TABLE, pfn_mfn(l3)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L4_TABLE, pfn_mfn(l4)), 0);
	EXPECT_ERR(mmu_update1(l2, 0, target | PTE_KERN | PTE_PSE));
	EXPECT_ERR(mmu_update1(l3, 0, PTE_KERN | PTE_PSE));
	EXPECT_ERR(mmu_update1(l4, 0, PTE_KERN | PTE_PSE));
	EXPECT_ERR(mmu_update1(l2, 0, PTE_P | PTE_PSE | PTE_US));
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l2)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l3)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l4)), 0);
	table_free(l2);
	table_free(l3);
	table_free(l4);
}

/* A superpage that is already there when the table is taken into use. */
CASE(type_superpage_in_new_table)
{
	ulong l2 = alloc_pfn();

	((ulong *)pfn_va(l2))[100] = PTE_KERN | PTE_PSE;
	EXPECT_EQ(page_ro(l2), 0);
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L2_TABLE, pfn_mfn(l2)));
	EXPECT_EQ(table_free(l2), 0);
}

/* A live entry made a superpage, or widened, by changing flags only (XSA-148, XSA-182). */
CASE(type_flags_only_change)
{
	ulong l1 = table_alloc(), l2 = table_alloc(), l3 = table_alloc();

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L3_TABLE, pfn_mfn(l3)), 0);
	EXPECT_EQ(mmu_update1(l3, 0, pfn_pte(l2, PTE_TABLE)), 0);
	EXPECT_EQ(mmu_update1(l2, 0, pfn_pte(l1, PTE_TABLE)), 0);
	EXPECT_ERR(mmu_update1(l2, 0, pfn_pte(l1, PTE_TABLE | PTE_PSE)));
	EXPECT_ERR(mmu_update1(l3, 0, pfn_pte(l2, PTE_TABLE | PTE_PSE)));
	EXPECT_EQ(mmu_update1(l1, 0, pfn_pte(l1, PTE_KERN_RO)), 0);
	EXPECT_ERR(mmu_update1(l1, 0, pfn_pte(l1, PTE_KERN)));
	EXPECT_EQ(read_table(l1, 0) & PTE_RW, 0);
	EXPECT_EQ(mmu_update1(l1, 0, 0), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l3)), 0);
	EXPECT_EQ(table_free(l3), 0);
	EXPECT_EQ(table_free(l2), 0);
	EXPECT_EQ(table_free(l1), 0);
}

CASE(type_table_in_use_stays_read_only)
{
	EXPECT_ERR(page_rw(user_l1_pfn));
	EXPECT_ERR(page_rw(user_l4_pfn));
	EXPECT_ERR(page_rw(kernel_l4_pfn));
	EXPECT_ERR(user_map(USER_SPARE, pfn_pte(user_l1_pfn, PTE_USER)));
	EXPECT_ERR(user_map(USER_SPARE, pfn_pte(kernel_l4_pfn, PTE_USER)));
	EXPECT_EQ(user_map(USER_SPARE, pfn_pte(kernel_l4_pfn, PTE_USER & ~PTE_RW)), 0);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
}
