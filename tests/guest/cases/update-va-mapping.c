// SPDX-License-Identifier: GPL-2.0
/* update_va_mapping: addresses and flags. */
#include "guest.h"

CASE(va_mapping_hypervisor_addresses)
{
	ulong slot, pfn = alloc_pfn();

	for (slot = 256; slot < 272; slot++) {
		ulong va = 0xffff000000000000 | slot << 39;

		EXPECT_ERR(HYP(update_va_mapping, va, pfn_pte(pfn, PTE_KERN), UVMF_INVLPG));
		EXPECT_ERR(HYP(update_va_mapping, va + BIT(39) - PAGE_SIZE,
			       pfn_pte(pfn, PTE_KERN), UVMF_INVLPG));
		EXPECT_ERR(HYP(update_va_mapping, va, 0, UVMF_INVLPG));
	}
	free_pfn(pfn);
}

CASE(va_mapping_no_table)
{
	ulong pfn = alloc_pfn();

	EXPECT_ERR(HYP(update_va_mapping, 0x7f0000000000, pfn_pte(pfn, PTE_KERN), 0));
	EXPECT_ERR(HYP(update_va_mapping, 0xffffff0000000000, pfn_pte(pfn, PTE_KERN), 0));
	EXPECT_ERR(HYP(update_va_mapping, 0x1000, pfn_pte(pfn, PTE_KERN), 0));
	free_pfn(pfn);
}

CASE(va_mapping_non_canonical)
{
	ulong pfn = alloc_pfn();

	EXPECT_ERR(HYP(update_va_mapping, NON_CANONICAL, pfn_pte(pfn, PTE_KERN), 0));
	EXPECT_ERR(HYP(update_va_mapping, 0x7fffffffffffffff, pfn_pte(pfn, PTE_KERN), 0));
	free_pfn(pfn);
}

/* The same L1 slot under a non-canonical name must not be reached. */
CASE(va_mapping_non_canonical_alias)
{
	ulong old = read_table(user_l1_pfn, (USER_DATA >> 12) & 511);

	EXPECT_ERR(HYP(update_va_mapping, USER_DATA | BIT(48), 0, 0));
	EXPECT_EQ(read_table(user_l1_pfn, (USER_DATA >> 12) & 511) & PTE_ADDR, old & PTE_ADDR);
}

CASE(va_mapping_flush_kinds)
{
	static const ulong flags[] = {
		UVMF_NONE, UVMF_TLB_FLUSH, UVMF_INVLPG, UVMF_TLB_FLUSH | UVMF_ALL,
		UVMF_INVLPG | UVMF_ALL, UVMF_TLB_FLUSH | UVMF_LOCAL,
	};
	ulong pfn = alloc_pfn();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		EXPECT_EQ(HYP(update_va_mapping, USER_SPARE, pfn_pte(pfn, PTE_USER), flags[i]), 0);
		EXPECT_EQ(HYP(update_va_mapping, USER_SPARE, 0, UVMF_INVLPG), 0);
	}
	free_pfn(pfn);
}

CASE(va_mapping_flush_mask_pointer)
{
	u64 mask = 1;

	EXPECT_EQ(HYP(update_va_mapping, USER_SPARE, 0, UVMF_INVLPG | (ulong)&mask), 0);
	EXPECT_EQ(HYP(update_va_mapping, USER_SPARE, 0, UVMF_INVLPG | HV_START), -XEN_EFAULT);
	EXPECT_EQ(HYP(update_va_mapping, USER_SPARE, 0, UVMF_TLB_FLUSH | NON_CANONICAL),
		  -XEN_EFAULT);
}

CASE(va_mapping_otherdomain)
{
	ulong pfn = alloc_pfn(), pte = pfn_pte(pfn, PTE_USER);

	EXPECT_ERR(HYP(update_va_mapping_otherdomain, USER_SPARE, pte, 0, 5));
	EXPECT_EQ(HYP(update_va_mapping_otherdomain, USER_SPARE, pte, 0, DOMID_SELF), 0);
	EXPECT_ERR(HYP(update_va_mapping_otherdomain, USER_SPARE, pte, 0, DOMID_INVALID));
	EXPECT_EQ(HYP(update_va_mapping, USER_SPARE, 0, UVMF_INVLPG), 0);
	free_pfn(pfn);
}

CASE(va_mapping_foreign_frame)
{
	EXPECT_ERR(HYP(update_va_mapping, USER_SPARE, mfn_ma(mfn_of_hypervisor()) | PTE_USER, 0));
	EXPECT_ERR(HYP(update_va_mapping, pfn_va(user_l1_pfn), pfn_pte(user_l1_pfn, PTE_KERN), 0));
}
