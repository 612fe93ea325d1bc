// SPDX-License-Identifier: GPL-2.0
/* mmuext_op: base pointers, flushes, clear and copy, LDTs, counts and unknown commands. */
#include "guest.h"

CASE(mmuext_unknown)
{
	EXPECT_EQ(mmuext1(14, 0), -XEN_ENOSYS);
	EXPECT_EQ(mmuext1(25, 0), -XEN_ENOSYS);
	EXPECT_EQ(mmuext1(0xffffffff, 0), -XEN_ENOSYS);
}

CASE(mmuext_counts)
{
	struct mmuext_op op[3] = {
		{ .cmd = MMUEXT_TLB_FLUSH_LOCAL }, { .cmd = 99 }, { .cmd = MMUEXT_TLB_FLUSH_LOCAL },
	};
	u32 done = 77;

	EXPECT_EQ(HYP(mmuext_op, op, 0, &done, DOMID_SELF), 0);
	EXPECT_EQ(HYP(mmuext_op, op, 3, &done, DOMID_SELF), -XEN_ENOSYS);
	EXPECT_EQ(done, 1);
	op[0].cmd = 99;
	EXPECT_ERR(HYP(mmuext_op, op, 0x7fffffff, &done, DOMID_SELF));
	EXPECT_ERR(HYP(mmuext_op, op, 0xffffffff, &done, DOMID_SELF));
}

CASE(mmuext_foreign_domain)
{
	struct mmuext_op op = { .cmd = MMUEXT_PIN_L1_TABLE };

	EXPECT_ERR(HYP(mmuext_op, &op, 1, NULL, 5));
	EXPECT_ERR(HYP(mmuext_op, &op, 1, NULL, DOMID_INVALID));
}

CASE(mmuext_new_baseptr)
{
	ulong l4 = alloc_pfn();
	ulong *t = pfn_va(l4);
	unsigned int i;

	for (i = 0; i < 512; i++)
		t[i] = i >= 256 && i < 272 ? 0 : read_table(kernel_l4_pfn, i);
	EXPECT_EQ(page_ro(l4), 0);
	EXPECT_EQ(mmuext1(MMUEXT_NEW_BASEPTR, pfn_mfn(l4)), 0);
	EXPECT_ERR(page_rw(l4));
	EXPECT_EQ(m2p[p2m[10]], 10);
	EXPECT_EQ(mmuext1(MMUEXT_NEW_BASEPTR, pfn_mfn(kernel_l4_pfn)), 0);
	EXPECT_EQ(table_free(l4), 0);
}

CASE(mmuext_new_baseptr_wrong)
{
	ulong page = alloc_pfn();

	EXPECT_ERR(mmuext1(MMUEXT_NEW_BASEPTR, pfn_mfn(page)));
	EXPECT_ERR(mmuext1(MMUEXT_NEW_BASEPTR, pfn_mfn(user_l1_pfn)));
	EXPECT_ERR(mmuext1(MMUEXT_NEW_BASEPTR, mfn_of_hypervisor()));
	EXPECT_ERR(mmuext1(MMUEXT_NEW_BASEPTR, ~0ul));
	EXPECT_ERR(mmuext1(MMUEXT_NEW_BASEPTR, 1ul << 52));
	free_pfn(page);
}

CASE(mmuext_new_user_baseptr)
{
	EXPECT_EQ(mmuext1(MMUEXT_NEW_USER_BASEPTR, 0), 0);
	EXPECT_ERR(mmuext1(MMUEXT_NEW_USER_BASEPTR, pfn_mfn(user_l1_pfn)));
	EXPECT_ERR(mmuext1(MMUEXT_NEW_USER_BASEPTR, mfn_of_hypervisor()));
	EXPECT_ERR(mmuext1(MMUEXT_NEW_USER_BASEPTR, ~0ul));
	EXPECT_EQ(mmuext1(MMUEXT_NEW_USER_BASEPTR, pfn_mfn(user_l4_pfn)), 0);
}

/* The loaded user table stays a table without its pin. */
CASE(mmuext_unpin_loaded)
{
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(user_l4_pfn)), 0);
	EXPECT_ERR(page_rw(user_l4_pfn));
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L4_TABLE, pfn_mfn(user_l4_pfn)), 0);
}

CASE(mmuext_flushes)
{
	struct mmuext_op op = { .cmd = MMUEXT_INVLPG_LOCAL };
	u64 mask = 3;

	op.arg1.linear_addr = USER_DATA;
	EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
	op.arg1.linear_addr = HV_START;
	EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
	op.arg1.linear_addr = NON_CANONICAL;
	EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
	op.cmd = MMUEXT_INVLPG_ALL;
	EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
	op.cmd = MMUEXT_TLB_FLUSH_ALL;
	EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
	op.cmd = MMUEXT_TLB_FLUSH_MULTI;
	set_xen_guest_handle(op.arg2.vcpumask, &mask);
	EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
	op.cmd = MMUEXT_INVLPG_MULTI;
	EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
	mask = ~0ul;
	EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
	set_xen_guest_handle(op.arg2.vcpumask, BAD_PTR);
	EXPECT_ERR(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF));
}

CASE(mmuext_clear_and_copy)
{
	ulong a = alloc_pfn(), b = alloc_pfn();
	struct mmuext_op op = { .cmd = MMUEXT_CLEAR_PAGE, .arg1.mfn = pfn_mfn(a) };

	memset(pfn_va(a), 0x55, PAGE_SIZE);
	memset(pfn_va(b), 0x66, PAGE_SIZE);
	EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
	EXPECT_EQ(((u64 *)pfn_va(a))[511], 0);
	op.cmd = MMUEXT_COPY_PAGE;
	op.arg2.src_mfn = pfn_mfn(b);
	EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
	EXPECT_EQ(((u64 *)pfn_va(a))[511], 0x6666666666666666);
	free_pfn(a);
	free_pfn(b);
}

CASE(mmuext_clear_and_copy_wrong)
{
	ulong a = alloc_pfn();
	struct mmuext_op op = { .cmd = MMUEXT_COPY_PAGE, .arg1.mfn = pfn_mfn(a) };

	EXPECT_ERR(mmuext1(MMUEXT_CLEAR_PAGE, pfn_mfn(user_l1_pfn)));
	EXPECT_ERR(mmuext1(MMUEXT_CLEAR_PAGE, pfn_mfn(kernel_l4_pfn)));
	EXPECT_ERR(mmuext1(MMUEXT_CLEAR_PAGE, mfn_of_hypervisor()));
	EXPECT_ERR(mmuext1(MMUEXT_CLEAR_PAGE, ~0ul));
	op.arg2.src_mfn = mfn_of_hypervisor();
	EXPECT_ERR(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF));
	op.arg1.mfn = pfn_mfn(user_l1_pfn);
	op.arg2.src_mfn = pfn_mfn(a);
	EXPECT_ERR(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF));
	free_pfn(a);
}

CASE(mmuext_super_marks_refused)
{
	EXPECT_ERR(mmuext1(MMUEXT_MARK_SUPER, p2m[0]));
	EXPECT_ERR(mmuext1(MMUEXT_UNMARK_SUPER, p2m[0]));
}
