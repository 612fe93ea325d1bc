// SPDX-License-Identifier: GPL-2.0
/* The two ways to tell the hypervisors apart agree; nobody else's ring is possible. */
#include "guest.h"

CASE(identity)
{
	unsigned int cpl = read_cs() & 3;
	bool extension = hypercall(__HYPERVISOR_arch_7, 0, 0) != -XEN_ENOSYS;

	EXPECT(cpl == 1 || cpl == 3);
	EXPECT_EQ(extension, cpl == 1);
	EXPECT_EQ(read_ss() & 3, cpl);
}
