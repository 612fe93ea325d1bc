// SPDX-License-Identifier: GPL-2.0
/*
 * Sensitive instruction SIDT: shows the hypervisor's register in both rings (no UMIP: the
 * guest did not set it).
 */
#include "guest.h"

USER_SNIPPET(user_sidt, "sidt (%rdi); syscall");

CASE(sensitive_sidt_kernel)
{
	struct dtr d = { 0 };
	struct fault f;

	TRY(f)
		d = sidt();
	EXPECT_EQ(f.vec, -1);
	EXPECT(d.base >= HV_START && d.base < HV_END);
	EXPECT(d.limit >= 0xfff);
}

CASE(sensitive_sidt_user)
{
	struct dtr *d = (struct dtr *)user_data;
	struct user u;

	memset(d, 0, sizeof(*d));
	user_prepare(&u);
	u.regs.rdi = USER_DATA;
	user_run(&u, user_sidt);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT(d->base >= HV_START && d->base < HV_END);
}
