// SPDX-License-Identifier: GPL-2.0
/* Data by grant references that do not grant, or stop doing so. */
#include "front.h"
#include <xen/grant_table.h>

#define REF		FRONT_FREE_REF
#define ADDRESS(ref)	(BIT(63) | (u64)(ref) << 12)

static ulong page;

static void lend(u32 ref, u16 domid, u16 flags)
{
	if (!page)
		page = alloc_pfn();
	front_grant(ref, domid, pfn_mfn(page), flags);
}

static int io(struct front *f, u32 type, u64 addr, u32 len)
{
	blk_fill(f, type, 8, addr, len);
	return blk_go(f);
}

static void fails(struct front *f, u32 type, u64 addr, u32 len)
{
	blk_fill(f, type, 8, addr, len);
	blk_refused(f);
	if (front_broken(f))
		front_start(f);
}

BLK_CASE(front_grant_works)
{
	lend(REF, front_backend, GTF_permit_access);
	memset(pfn_va(page), 0x37, PAGE_SIZE);
	EXPECT_EQ(io(f, BLK_OUT, ADDRESS(REF), PAGE_SIZE), 0);
	memset(pfn_va(page), 0, PAGE_SIZE);
	EXPECT_EQ(io(f, BLK_IN, ADDRESS(REF), PAGE_SIZE), 0);
	EXPECT_EQ(((u8 *)pfn_va(page))[4095], 0x37);
	EXPECT_EQ(front_grant_flags(REF), GTF_permit_access);
}

BLK_CASE(front_grant_not_given)
{
	static const u32 refs[] = { REF + 1, 1023, 1024, 0x7fffffff, 0xfffffff0, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refs); i++) {
		fails(f, BLK_OUT, ADDRESS(refs[i]), 512);
		fails(f, BLK_IN, ADDRESS(refs[i]), 512);
	}
	/* Bits that an address does not have. */
	lend(REF, front_backend, GTF_permit_access);
	fails(f, BLK_OUT, ADDRESS(REF) | BIT(44), 512);
	fails(f, BLK_OUT, ADDRESS(REF) | BIT(62), 512);
}

BLK_CASE(front_grant_readonly)
{
	lend(REF, front_backend, GTF_permit_access | GTF_readonly);
	memset(pfn_va(page), 0x41, PAGE_SIZE);
	EXPECT_EQ(io(f, BLK_OUT, ADDRESS(REF), PAGE_SIZE), 0);
	memset(pfn_va(page), 0x42, PAGE_SIZE);
	fails(f, BLK_IN, ADDRESS(REF), PAGE_SIZE);
	EXPECT_EQ(*(u8 *)pfn_va(page), 0x42);
}

/* Lent to somebody else; our own frame table's; a frame that is not ours. */
BLK_CASE(front_grant_foreign)
{
	lend(REF, front_backend + 77, GTF_permit_access);
	fails(f, BLK_OUT, ADDRESS(REF), 512);
	lend(REF, front_backend, GTF_accept_transfer);
	fails(f, BLK_OUT, ADDRESS(REF), 512);
	front_grant(REF, front_backend, 0, GTF_permit_access);
	fails(f, BLK_OUT, ADDRESS(REF), 512);
	front_grant(REF, front_backend, 0xffffffff, GTF_permit_access);
	fails(f, BLK_IN, ADDRESS(REF), 512);
	/* A page table of ours may be read, not written. */
	front_grant(REF, front_backend, pfn_mfn(kernel_l4_pfn), GTF_permit_access);
	fails(f, BLK_IN, ADDRESS(REF), 512);
}

BLK_CASE(front_grant_pages)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		lend(REF + i, front_backend, GTF_permit_access);
	EXPECT_EQ(io(f, BLK_OUT, ADDRESS(REF), 16 * PAGE_SIZE), 0);
	fails(f, BLK_OUT, ADDRESS(REF), 17 * PAGE_SIZE);
	fails(f, BLK_OUT, ADDRESS(REF) | 512, 16 * PAGE_SIZE);
	fails(f, BLK_OUT, ADDRESS(REF), 0xfffffe00);
	/* One in the middle is missing. */
	front_grant(REF + 7, 0, 0, 0);
	fails(f, BLK_OUT, ADDRESS(REF), 16 * PAGE_SIZE);
	fails(f, BLK_IN, ADDRESS(REF), 16 * PAGE_SIZE);
}

/* Of 4 MiB at most, but in pieces of three pages each: more pages than there are for copies. */
BLK_CASE(front_grant_pieces)
{
	const u32 pieces = 600, len = 4608, from = PAGE_SIZE - 256;
	volatile struct desc *d;
	unsigned int i;

	for (i = 0; i < 3; i++)
		lend(REF + i, front_backend, GTF_permit_access);
	blk_fill(f, BLK_OUT, 8, FRONT_DATA, pieces * len);
	for (i = 0; i < pieces + 2; i++) {
		d = front_at(f, FRONT_TABLE + i * sizeof(*d));
		*d = *front_desc(f, 0, i == 0 ? 0 : i <= pieces ? 1 : 2);
		if (i >= 1 && i <= pieces) {
			d->addr = ADDRESS(REF) | from;
			d->len = len;
		}
		d->next = i + 1;
	}
	front_set(f, 0, 0, FRONT_TABLE, (pieces + 2) * sizeof(*d), DESC_INDIRECT, 0);
	blk_refused(f);
	EXPECT(!front_broken(f));
}

BLK_CASE(front_grant_header)
{
	lend(REF, front_backend, GTF_permit_access);
	memset(pfn_va(page), 0, PAGE_SIZE);
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_desc(f, 0, 0)->addr = ADDRESS(REF);
	EXPECT_EQ(blk_go(f), 0);
	front_desc(f, 0, 0)->addr = ADDRESS(REF + 1);
	blk_refused(f);
}

BLK_CASE(front_grant_status)
{
	lend(REF, front_backend, GTF_permit_access | GTF_readonly);
	blk_fill(f, BLK_IN, 8, FRONT_DATA, 512);
	front_desc(f, 0, 2)->addr = ADDRESS(REF);
	front_offer(f, 0, 0);
	front_expect_broken(f, "a status byte that cannot be written");
}

/* Given and taken while requests are under way. */
static void flip(void *unused)
{
	while (!race_over) {
		front_grant(REF, front_backend, 0, 0);
		HYP(sched_op, SCHEDOP_yield, NULL);
		front_grant(REF, front_backend, pfn_mfn(page), GTF_permit_access);
		HYP(sched_op, SCHEDOP_yield, NULL);
	}
}

static bool request_by_grant(struct front *f, unsigned int i)
{
	EXPECT(io(f, i & 1 ? BLK_IN : BLK_OUT, ADDRESS(REF), PAGE_SIZE) >= 0);
	return true;
}

BLK_CASE(front_grant_revoked)
{
	NEED_VCPU1();
	lend(REF, front_backend, GTF_permit_access);
	front_race(f, flip, 200 * case_rounds, request_by_grant);
	EXPECT_EQ(front_grant_flags(REF) & (GTF_reading | GTF_writing), 0);
}
