// SPDX-License-Identifier: GPL-2.0
/* Interrupt controllers are the hypervisor's: no guest maps them, to write or to read. */
#include "guest.h"

static long map(ulong pa, ulong flags)
{
	long rc = user_map(USER_SPARE, pa | flags);

	user_map(USER_SPARE, 0);
	return rc;
}

ATTACK(mmio_interrupt_controllers)
{
	static const ulong pa[] = { 0xfee00000, 0xfec00000 };
	unsigned int i;

	if (!on_ringlet) {
		skip("Xen lets its first domain map some of them");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(pa); i++) {
		EXPECT_ERR(map(pa[i], PTE_KERN | PTE_PCD));
		EXPECT_ERR(map(pa[i], PTE_KERN_RO | PTE_PCD));
		EXPECT_ERR(map(pa[i], PTE_USER | PTE_PCD | PTE_PWT));
	}
}
