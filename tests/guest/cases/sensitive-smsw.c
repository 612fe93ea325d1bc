// SPDX-License-Identifier: GPL-2.0
/* Sensitive instruction SMSW: the real CR0, protection on; the same in both rings. */
#include "guest.h"

USER_SNIPPET(user_smsw, "xor %eax, %eax; smsw %ax; syscall");

static bool expected(u16 v)
{
	return (v & 0x1) == 0x1;
}

CASE(sensitive_smsw_kernel)
{
	volatile u16 v = 0xffff;
	struct fault f;

	TRY(f) {
		u16 x;

		asm volatile("smsw %0" : "=r"(x));
		v = x;
	}
	EXPECT_EQ(f.vec, -1);
	EXPECT(expected(v));
}

CASE(sensitive_smsw_user)
{
	struct user u;

	user_prepare(&u);
	user_run(&u, user_smsw);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT(expected(u.regs.rax));
}
