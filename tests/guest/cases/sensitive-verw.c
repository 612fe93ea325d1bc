// SPDX-License-Identifier: GPL-2.0
/* Sensitive instruction VERW: the flat data selector yes, null no, code no, in both rings. */
#include "guest.h"

USER_SNIPPET(user_verw, "verw %cx; setz %bl; syscall");

static bool allowed(u16 sel)
{
	bool ok;

	asm volatile("verw %1" : "=@ccz"(ok) : "r"(sel));
	return ok;
}

static bool user_allowed(u16 sel)
{
	struct user u;

	user_prepare(&u);
	u.regs.rcx = sel;
	user_run(&u, user_verw);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	return u.regs.rbx & 1;
}

CASE(sensitive_verw_kernel)
{
	EXPECT_EQ(allowed(KERNEL_SS), 1);
	EXPECT_EQ(allowed(KERNEL_CS), 0);
	EXPECT_EQ(allowed(0), 0);
}

CASE(sensitive_verw_user)
{
	EXPECT_EQ(user_allowed(USER_SS), 1);
	EXPECT_EQ(user_allowed(USER_CS64), 0);
	EXPECT_EQ(user_allowed(0), 0);
	EXPECT_EQ(user_allowed(0xe00b), 0);
}
