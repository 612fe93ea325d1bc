// SPDX-License-Identifier: GPL-2.0
/* Contents of entries: addresses nobody has, foreign frames, reserved bits, cache attributes. */
#include "guest.h"

CASE(pte_foreign_frame)
{
	ulong mfn = mfn_of_hypervisor();

	EXPECT_ERR(user_map(USER_SPARE, mfn_ma(mfn) | PTE_USER));
	EXPECT_ERR(user_map(USER_SPARE, mfn_ma(mfn) | (PTE_USER & ~PTE_RW)));
	EXPECT_EQ(read_table(user_l1_pfn, (USER_SPARE >> 12) & 511), 0);
}

CASE(pte_address_beyond_machine)
{
	EXPECT_ERR(user_map(USER_SPARE, 0x000ffffffffff000 | PTE_USER));
	EXPECT_ERR(user_map(USER_SPARE, (1ul << 50) | PTE_USER));
	EXPECT_ERR(user_map(USER_SPARE, (1ul << 46) | PTE_USER));
}

CASE(pte_not_present_is_free)
{
	EXPECT_EQ(user_map(USER_SPARE, 0xfffffffffffffffe & ~PTE_P), 0);
	EXPECT_EQ(user_map(USER_SPARE, 0x5a5a5a5a5a5a5a5a & ~PTE_P), 0);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
}

CASE(pte_available_bits)
{
	ulong pfn = alloc_pfn(), pte = pfn_pte(pfn, PTE_USER) | 0xe00 | BIT(58) | BIT(52);

	EXPECT_EQ(user_map(USER_SPARE, pte), 0);
	EXPECT_EQ(read_table(user_l1_pfn, (USER_SPARE >> 12) & 511) & (0xe00 | BIT(58) | BIT(52)),
		  0xe00 | BIT(58) | BIT(52));
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	free_pfn(pfn);
}

CASE(pte_no_execute)
{
	ulong pfn = alloc_pfn();
	struct fault f;

	EXPECT_EQ(user_map(USER_SPARE, pfn_pte(pfn, PTE_USER) | PTE_NX), 0);
	*(volatile u8 *)USER_SPARE = 0xc3;
	TRY(f)
		((void (*)(void))USER_SPARE)();
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(f.err & 0x11, 0x11);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	free_pfn(pfn);
}

/*
 * Cache attributes of plain memory: Xen takes them; Ringlet takes what its white-list has. What is
 * taken is usable.
 */
CASE(pte_cache_attributes)
{
	ulong pfn = alloc_pfn();
	static const ulong bits[] = { PTE_PWT, PTE_PCD, PTE_PWT | PTE_PCD };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		int rc = user_map(USER_SPARE, pfn_pte(pfn, PTE_USER) | bits[i]);

		if (rc && on_ringlet)
			continue;
		EXPECT_EQ(rc, 0);
		*(volatile u32 *)USER_SPARE = i;
		EXPECT_EQ(*(volatile u32 *)USER_SPARE, i);
	}
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	free_pfn(pfn);
}

/* G never reaches a higher-level entry; in an L1 it is accepted (and stripped). */
CASE(pte_global)
{
	ulong pfn = alloc_pfn(), l1 = table_alloc(), l2 = table_alloc();

	EXPECT_EQ(user_map(USER_SPARE, pfn_pte(pfn, PTE_USER) | PTE_G), 0);
	if (on_ringlet)
		EXPECT_EQ(read_table(user_l1_pfn, (USER_SPARE >> 12) & 511) & PTE_G, 0);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L2_TABLE, pfn_mfn(l2)), 0);
	if (mmu_update1(l2, 0, pfn_pte(l1, PTE_TABLE) | PTE_G) == 0)
		EXPECT_EQ(read_table(l2, 0) & PTE_G, 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l2)), 0);
	EXPECT_EQ(table_free(l2), 0);
	EXPECT_EQ(table_free(l1), 0);
	free_pfn(pfn);
}

CASE(pte_cache_bits_of_tables)
{
	ulong l1 = table_alloc(), l2 = table_alloc();

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L2_TABLE, pfn_mfn(l2)), 0);
	EXPECT_ERR(mmu_update1(l2, 0, pfn_pte(l1, PTE_TABLE) | PTE_PCD));
	EXPECT_ERR(mmu_update1(l2, 0, pfn_pte(l1, PTE_TABLE) | PTE_PWT));
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l2)), 0);
	EXPECT_EQ(table_free(l2), 0);
	EXPECT_EQ(table_free(l1), 0);
}

/* The initial domain may map the BIOS area, not the hypervisor's APICs writable. */
CASE(pte_io_frames)
{
	EXPECT_EQ(user_map(USER_SPARE, 0xff000 | PTE_P | PTE_US | PTE_A), 0);
	EXPECT_EQ(*(volatile u8 *)(USER_SPARE + 0xff0), 0xea);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	EXPECT_ERR(user_map(USER_SPARE, 0xfee00000 | PTE_USER));
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	if (user_map(USER_SPARE, 0xfec00000 | PTE_USER) == 0) {
		struct fault f;

		/* Xen turns it into a read-only mapping and drops the writes. */
		EXPECT(!(read_table(user_l1_pfn, (USER_SPARE >> 12) & 511) & PTE_RW));
		TRY(f)
			*(volatile u32 *)USER_SPARE = 0;
		EXPECT(f.vec == -1 || f.vec == X_PF);
	}
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
}
