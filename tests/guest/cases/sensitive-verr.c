// SPDX-License-Identifier: GPL-2.0
/* Sensitive instruction VERR: the flat data selector yes, null no, code yes, in both rings. */
#include "guest.h"

USER_SNIPPET(user_verr, "verr %cx; setz %bl; syscall");

static bool allowed(u16 sel)
{
	bool ok;

	asm volatile("verr %1" : "=@ccz"(ok) : "r"(sel));
	return ok;
}

static bool user_allowed(u16 sel)
{
	struct user u;

	user_prepare(&u);
	u.regs.rcx = sel;
	user_run(&u, user_verr);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	return u.regs.rbx & 1;
}

CASE(sensitive_verr_kernel)
{
	EXPECT_EQ(allowed(KERNEL_SS), 1);
	EXPECT_EQ(allowed(KERNEL_CS), 1);
	EXPECT_EQ(allowed(0), 0);
}

CASE(sensitive_verr_user)
{
	EXPECT_EQ(user_allowed(USER_SS), 1);
	EXPECT_EQ(user_allowed(USER_CS64), 1);
	EXPECT_EQ(user_allowed(0), 0);
	EXPECT_EQ(user_allowed(0xe00b), 0);
}
