// SPDX-License-Identifier: GPL-2.0
/* Sensitive instruction SLDT: no LDT is loaded, so 0; the same in both rings. */
#include "guest.h"

USER_SNIPPET(user_sldt, "xor %eax, %eax; sldt %ax; syscall");

static bool expected(u16 v)
{
	return v == 0;
}

CASE(sensitive_sldt_kernel)
{
	volatile u16 v = 0xffff;
	struct fault f;

	TRY(f) {
		u16 x;

		asm volatile("sldt %0" : "=r"(x));
		v = x;
	}
	EXPECT_EQ(f.vec, -1);
	EXPECT(expected(v));
}

CASE(sensitive_sldt_user)
{
	struct user u;

	user_prepare(&u);
	user_run(&u, user_sldt);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT(expected(u.regs.rax));
}
