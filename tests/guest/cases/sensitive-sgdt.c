// SPDX-License-Identifier: GPL-2.0
/*
 * Sensitive instruction SGDT: shows the hypervisor's register in both rings (no UMIP: the
 * guest did not set it).
 */
#include "guest.h"

USER_SNIPPET(user_sgdt, "sgdt (%rdi); syscall");

CASE(sensitive_sgdt_kernel)
{
	struct dtr d = { 0 };
	struct fault f;

	TRY(f)
		d = sgdt();
	EXPECT_EQ(f.vec, -1);
	EXPECT(d.base >= HV_START && d.base < HV_END);
	EXPECT(d.limit >= 0xfff);
}

CASE(sensitive_sgdt_user)
{
	struct dtr *d = (struct dtr *)user_data;
	struct user u;

	memset(d, 0, sizeof(*d));
	user_prepare(&u);
	u.regs.rdi = USER_DATA;
	user_run(&u, user_sgdt);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT(d->base >= HV_START && d->base < HV_END);
}
