// SPDX-License-Identifier: GPL-2.0
/*
 * The failsafe callback for a segment that cannot be loaded: its frame names the selectors as they
 * were, the registers hold null. Linux compares the two to tell this from a bad IRET.
 */
#include "guest.h"

#define DATA_D3	0x00cff3000000ffff
#define OUR_SEL	(2 << 3 | 3)

static u16 read_es(void)
{
	u16 v;

	asm volatile("mov %%es, %0" : "=r"(v));
	return v;
}

/* A multicall of set_segment_base: Ringlet loads all segments anew when it returns. */
static void reload_segments(void)
{
	struct multicall_entry call = {
		.op = __HYPERVISOR_set_segment_base,
		.args = { SEGBASE_GS_USER_SEL, 0 },
	};

	EXPECT_EQ(HYP(multicall, &call, 1), 0);
	EXPECT_EQ(call.result, 0);
}

CASE(failsafe_names_selectors)
{
	static u64 descs[3] = { 0, 0, DATA_D3 };
	ulong pfn = alloc_pfn(), mfn = pfn_mfn(pfn);
	struct fault f;

	memcpy(pfn_va(pfn), descs, sizeof(descs));
	EXPECT_EQ(page_ro(pfn), 0);
	EXPECT_EQ(HYP(set_gdt, &mfn, 512), 0);
	asm volatile("mov %0, %%es" : : "r"(OUR_SEL));
	EXPECT_EQ(read_es(), OUR_SEL);
	EXPECT_EQ(HYP(update_descriptor, mfn_ma(mfn) + 2 * 8, 0), 0);
	memset(failsafe_segments, 0xff, sizeof(failsafe_segments));
	TRY(f)
		reload_segments();
	if (f.vec == VEC_FAILSAFE) {
		EXPECT_EQ(failsafe_segments[1], OUR_SEL);
		EXPECT_EQ(failsafe_segments[2], 0);
		EXPECT_EQ(read_es(), 0);
	} else {
		/* Nothing was loaded (Xen): the register keeps what it has. */
		EXPECT_EQ(f.vec, PER_HV(-1, VEC_FAILSAFE));
	}
	asm volatile("mov %0, %%es" : : "r"(0));
	EXPECT_EQ(HYP(set_gdt, NULL, 0), 0);
	EXPECT_EQ(table_free(pfn), 0);
}
