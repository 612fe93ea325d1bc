// SPDX-License-Identifier: GPL-2.0
/* The two ways to tell the hypervisors apart agree; nobody else's ring is possible. */
#include "guest.h"

CASE(identity)
{
	unsigned int cpl = read_cs() & 3;
	char s[17] = { 0 };

	EXPECT(cpl == 1 || cpl == 3);
	EXPECT_EQ(HYP(xen_version, XENVER_extraversion, s), 0);
	EXPECT_EQ(memcmp(s + 1, "ringlet", 7) == 0, cpl == 1);
	EXPECT_EQ(read_ss() & 3, cpl);
}
