// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of single page-table entries: which bits a guest may set, by kind of
 * frame. Pure.
 *
 * The entry that the hardware sees is ours (security.rst 12): G is taken
 * off (a global translation would survive the switch to host space); PS,
 * protection keys and address bits the CPU lacks are refused; PWT, PCD and PAT
 * come from a white-list. P, RW, U/S, A, D, NX and the ignored bits 9-11 and
 * 52-58 pass. An entry that is not present is not looked at at all: it stays
 * as the guest wrote it (Linux keeps swap entries there and inverts their
 * address itself against L1TF).
 *
 * The PAT that guests see and that the CPU holds is the base profile's:
 * 0 WB, 1 WT, 2 UC-, 3 UC, 4 WC, 5 WP, 6 UC, 7 UC.
 */
#include "base/errno.h"
#include "mm/types.h"

#define PTE_IGNORED	(0xe00ULL | 0x07f0000000000000ULL)
#define PTE_PASSED	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_NX | \
			 PTE_IGNORED | PTE_ADDR)
#define PTE_CACHE	(PTE_PWT | PTE_PCD | PTE_PAT)

/* Allowed PAT indices by kind of frame, one bit each. */
static const u8 cache_allowed[] = {
	[KIND_RAM] = 0x01,
	[KIND_DMA_RAM] = 0x1f,	/* all but WP and the unused indices */
	[KIND_IO] = 0x1f,
};

static unsigned int pat_index(u64 e)
{
	return ((e & PTE_PWT) ? 1 : 0) | ((e & PTE_PCD) ? 2 : 0) | ((e & PTE_PAT) ? 4 : 0);
}

static int check(u64 *e, u64 mfn_limit, u64 passed)
{
	u64 x = *e & ~PTE_G;

	if ((x & ~passed) || pte_mfn(x).v >= mfn_limit)
		return -EINVAL;
	*e = x;
	return 0;
}

/**
 * pte_check_leaf() - a present L1 entry: refuse it, or make it what we map
 * @kind: of the frame it names
 */
int pte_check_leaf(u64 *e, u64 mfn_limit, enum frame_kind kind)
{
	if (!(cache_allowed[kind] >> pat_index(*e) & 1))
		return -EINVAL;
	return check(e, mfn_limit, PTE_PASSED | PTE_CACHE);
}

/**
 * pte_check_table() - a present entry of L2, L3 or L4
 *
 * PWT and PCD here say how the CPU reads the next table, which is RAM: WB.
 */
int pte_check_table(u64 *e, u64 mfn_limit)
{
	return check(e, mfn_limit, PTE_PASSED);
}
