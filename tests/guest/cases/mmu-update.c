// SPDX-License-Identifier: GPL-2.0
/* mmu_update: commands, batches, counts, targets. */
#include "guest.h"

static ulong l1_slot(ulong va)
{
	return mfn_ma(pfn_mfn(user_l1_pfn)) + ((va >> PAGE_SHIFT) & 511) * 8;
}

static ulong slot_value(ulong va)
{
	return read_table(user_l1_pfn, (va >> PAGE_SHIFT) & 511);
}

CASE(mmu_update_maps)
{
	ulong pfn = alloc_pfn();

	EXPECT_EQ(mmu_update_raw(l1_slot(USER_SPARE), pfn_pte(pfn, PTE_USER)), 0);
	EXPECT_EQ(slot_value(USER_SPARE) & PTE_ADDR, mfn_ma(pfn_mfn(pfn)));
	*(volatile u32 *)USER_SPARE = 77;
	EXPECT_EQ(*(volatile u32 *)pfn_va(pfn), 77);
	EXPECT_EQ(mmu_update_raw(l1_slot(USER_SPARE), 0), 0);
	EXPECT_EQ(slot_value(USER_SPARE), 0);
	EXPECT_EQ(mmuext1(MMUEXT_TLB_FLUSH_LOCAL, 0), 0);
	free_pfn(pfn);
}

CASE(mmu_update_preserves_ad)
{
	ulong pfn = alloc_pfn();
	ulong pte = pfn_pte(pfn, PTE_P | PTE_US | PTE_RW);

	EXPECT_EQ(mmu_update_raw(l1_slot(USER_SPARE), pte | PTE_A | PTE_D), 0);
	EXPECT_EQ(mmu_update_raw(l1_slot(USER_SPARE) | MMU_PT_UPDATE_PRESERVE_AD, pte), 0);
	EXPECT_EQ(slot_value(USER_SPARE) & (PTE_A | PTE_D), PTE_A | PTE_D);
	EXPECT_EQ(mmu_update_raw(l1_slot(USER_SPARE), pte), 0);
	EXPECT_EQ(slot_value(USER_SPARE) & (PTE_A | PTE_D), 0);
	EXPECT_EQ(mmu_update_raw(l1_slot(USER_SPARE), 0), 0);
	mmuext1(MMUEXT_TLB_FLUSH_LOCAL, 0);
	free_pfn(pfn);
}

CASE(mmu_update_unknown_command)
{
	unsigned int cmd;

	/*
	 * Bit 2 is no part of a command that exists; the value is what a MACHPHYS update would
	 * want.
	 */
	for (cmd = 4; cmd < 8; cmd++)
		EXPECT_EQ(mmu_update_raw(l1_slot(USER_SPARE) | cmd, user_l1_pfn), -XEN_ENOSYS);
	user_map(USER_SPARE, 0);
}

CASE(mmu_update_count_zero)
{
	struct mmu_update u = { .ptr = ~0ul, .val = 0 };
	u32 done = 99;

	EXPECT_EQ(HYP(mmu_update, &u, 0, &done, DOMID_SELF), 0);
}

/* A batch stops at the first bad element; what stood before it is done and counted. */
CASE(mmu_update_batch_stops)
{
	ulong pfn = alloc_pfn();
	struct mmu_update u[4] = {
		{ l1_slot(USER_SPARE), pfn_pte(pfn, PTE_USER) },
		{ l1_slot(USER_SPARE + PAGE_SIZE), pfn_pte(pfn, PTE_USER) },
		{ l1_slot(USER_SPARE) | 7, user_l1_pfn },
		{ l1_slot(USER_SPARE + 2 * PAGE_SIZE), pfn_pte(pfn, PTE_USER) },
	};
	u32 done = 99;

	EXPECT_EQ(HYP(mmu_update, u, 4, &done, DOMID_SELF), -XEN_ENOSYS);
	EXPECT_EQ(done, 2);
	EXPECT(slot_value(USER_SPARE) & PTE_P);
	EXPECT(slot_value(USER_SPARE + PAGE_SIZE) & PTE_P);
	EXPECT_EQ(slot_value(USER_SPARE + 2 * PAGE_SIZE), 0);
	u[0].val = u[1].val = 0;
	EXPECT_EQ(HYP(mmu_update, u, 2, &done, DOMID_SELF), 0);
	EXPECT_EQ(done, 2);
	mmuext1(MMUEXT_TLB_FLUSH_LOCAL, 0);
	free_pfn(pfn);
}

/* The same entry many times in a batch: the last value stands, no reference is lost. */
CASE(mmu_update_batch_overlaps)
{
	static struct mmu_update u[64];
	ulong a = alloc_pfn(), b = alloc_pfn();
	u32 done = 0;
	int i;

	for (i = 0; i < 64; i++) {
		u[i].ptr = l1_slot(USER_SPARE);
		u[i].val = pfn_pte(i & 1 ? a : b, PTE_USER);
	}
	EXPECT_EQ(HYP(mmu_update, u, 64, &done, DOMID_SELF), 0);
	EXPECT_EQ(done, 64);
	EXPECT_EQ(slot_value(USER_SPARE) & PTE_ADDR, mfn_ma(pfn_mfn(a)));
	EXPECT_EQ(mmu_update_raw(l1_slot(USER_SPARE), 0), 0);
	mmuext1(MMUEXT_TLB_FLUSH_LOCAL, 0);
	/* Both pages can still become tables: no writable reference was left behind. */
	EXPECT_EQ(page_ro(a), 0);
	EXPECT_EQ(page_ro(b), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(a)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(b)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(a)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(b)), 0);
	EXPECT_EQ(table_free(a), 0);
	EXPECT_EQ(table_free(b), 0);
}

/* A batch that lies in the page it unmaps. */
CASE(mmu_update_batch_unmaps_itself)
{
	ulong pfn = alloc_pfn();
	struct mmu_update *u = pfn_va(pfn);
	ulong table;
	unsigned int index;
	u32 done = 0;
	long rc;

	walk_pte(u, &table, &index);
	u[0] = (struct mmu_update){ mfn_ma(pfn_mfn(table)) + index * 8, 0 };
	u[1] = (struct mmu_update){ l1_slot(USER_SPARE), 0 };
	u[2] = u[1];
	rc = HYP(mmu_update, u, 3, &done, DOMID_SELF);
	EXPECT(rc == 0 || rc == -XEN_EFAULT);
	EXPECT_EQ(walk_pte(u, NULL, NULL), 0);
	EXPECT_EQ(mmu_update1(table, index, pfn_pte(pfn, PTE_KERN)), 0);
	free_pfn(pfn);
}

CASE(mmu_update_huge_count)
{
	static struct mmu_update u;
	u32 done = 0;

	u.ptr = 7;
	EXPECT_ERR(HYP(mmu_update, &u, 0x7fffffff, &done, DOMID_SELF));
	EXPECT_EQ(done, 0);
	EXPECT_ERR(HYP(mmu_update, &u, 0xffffffff, NULL, DOMID_SELF));
}

CASE(mmu_update_done_pointer_bad)
{
	struct mmu_update u = { .ptr = l1_slot(USER_SPARE), .val = 0 };
	long rc = HYP(mmu_update, &u, 1, BAD_PTR, DOMID_SELF);

	EXPECT(rc == 0 || rc == -XEN_EFAULT);
}

CASE(mmu_update_foreign_domains)
{
	struct mmu_update u = { .ptr = l1_slot(USER_SPARE), .val = 0 };

	EXPECT_ERR(HYP(mmu_update, &u, 1, NULL, 5));
	EXPECT_ERR(HYP(mmu_update, &u, 1, NULL, DOMID_INVALID));
	EXPECT_ERR(HYP(mmu_update, &u, 1, NULL, DOMID_IDLE));
	EXPECT_ERR(HYP(mmu_update, &u, 1, NULL, (6u << 16) | DOMID_SELF));
}

CASE(mmu_update_target_out_of_range)
{
	EXPECT_ERR(mmu_update_raw(0x000ffffffffff000, 0));
	EXPECT_ERR(mmu_update_raw(~7ul, 0));
	EXPECT_ERR(mmu_update_raw(1ul << 62, 0));
}

/* An entry of a page that is no table: the ABI writes it like memory, if it is writable. */
CASE(mmu_update_target_plain_page)
{
	ulong pfn = alloc_pfn();

	EXPECT_EQ(mmu_update1(pfn, 3, 0x1234567), 0);
	EXPECT_EQ(((ulong *)pfn_va(pfn))[3], 0x1234567);
	free_pfn(pfn);
}

CASE(mmu_update_machphys)
{
	ulong pfn = alloc_pfn(), mfn = pfn_mfn(pfn);

	EXPECT_EQ(mmu_update_raw(mfn_ma(mfn) | MMU_MACHPHYS_UPDATE, 0x7777), 0);
	EXPECT_EQ(m2p[mfn], 0x7777);
	EXPECT_EQ(mmu_update_raw(mfn_ma(mfn) | MMU_MACHPHYS_UPDATE, pfn), 0);
	EXPECT_EQ(m2p[mfn], pfn);
	free_pfn(pfn);
}

CASE(mmu_update_machphys_foreign)
{
	ulong mfn = mfn_of_hypervisor(), old = m2p[mfn];

	EXPECT_ERR(mmu_update_raw(mfn_ma(mfn) | MMU_MACHPHYS_UPDATE, 0x7777));
	EXPECT_EQ(m2p[mfn], old);
	EXPECT_ERR(mmu_update_raw((1ul << 51) | MMU_MACHPHYS_UPDATE, 0));
}
