// SPDX-License-Identifier: GPL-2.0
/*
 * Which segment descriptors a guest may have in its GDT and LDTs (security.rst
 * 9). Pure. Format: SDM 3A 3.4.5 and figure 3-8.
 *
 * Refused: system descriptors and gates; conforming code (it would run at the
 * caller's privilege); 64-bit code with a default operand size; writable data
 * with B=0, which is a 16-bit stack (IRET to one leaves bits 31-16 of the host's
 * RSP visible). A descriptor that is not present passes: it cannot be
 * loaded. Changed: DPL 0 and 2 become 1, so that the guest's own kernel segments
 * work in ring 1; Accessed is preset, because the CPU's own write of it would
 * fault on the read-only table.
 */
#include "mm/types.h"

#define DESC_ACCESSED	BIT(40)
#define DESC_RW		BIT(41)	/* data: writable; code: readable */
#define DESC_EC		BIT(42)	/* data: expand-down; code: conforming */
#define DESC_CODE	BIT(43)
#define DESC_S		BIT(44)	/* not a system descriptor */
#define DESC_DPL_SHIFT	45
#define DESC_P		BIT(47)
#define DESC_L		BIT(53)	/* 64-bit code */
#define DESC_DB		BIT(54)	/* 32-bit */

bool desc_check(u64 *desc)
{
	u64 x = *desc;
	unsigned int dpl = (x >> DESC_DPL_SHIFT) & 3;

	if (!(x & DESC_P))
		return true;
	if (!(x & DESC_S))
		return false;
	if (x & DESC_CODE) {
		if (x & DESC_EC)
			return false;
		if ((x & DESC_L) && (x & DESC_DB))
			return false;
	} else if ((x & DESC_RW) && !(x & DESC_DB)) {
		return false;
	}

	if (dpl != 3)
		dpl = 1;
	x &= ~(3ULL << DESC_DPL_SHIFT);
	x |= (u64)dpl << DESC_DPL_SHIFT | DESC_ACCESSED;
	*desc = x;
	return true;
}

/* A whole page of descriptors, changed in place; false if one is refused. */
bool desc_check_page(u64 *table)
{
	unsigned int i;

	for (i = 0; i < 512; i++) {
		u64 old = READ_ONCE(table[i]), x = old;

		if (!desc_check(&x))
			return false;
		if (x != old)
			WRITE_ONCE(table[i], x);
	}
	return true;
}
