// SPDX-License-Identifier: GPL-2.0
/* Sensitive instruction STR: the hypervisor's task register; the same in both rings. */
#include "guest.h"

USER_SNIPPET(user_str, "xor %eax, %eax; str %ax; syscall");

static bool expected(u16 v)
{
	return v != 0 && (v & 7) == 0;
}

CASE(sensitive_str_kernel)
{
	volatile u16 v = 0xffff;
	struct fault f;

	TRY(f) {
		u16 x;

		asm volatile("str %0" : "=r"(x));
		v = x;
	}
	EXPECT_EQ(f.vec, -1);
	EXPECT(expected(v));
}

CASE(sensitive_str_user)
{
	struct user u;

	user_prepare(&u);
	user_run(&u, user_str);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT(expected(u.regs.rax));
}
