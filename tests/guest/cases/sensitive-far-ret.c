// SPDX-License-Identifier: GPL-2.0
/* Sensitive instruction far RET: to the ring's own selector; an inner ring is #GP. */
#include "guest.h"

USER_SNIPPET(user_ret, "push %rax; lea 1f(%rip), %rcx; push %rcx; lretq; 1: mov %cs, %ebx; ud2");

static long far_return(ulong selector)
{
	struct fault f;

	TRY(f)
		asm volatile("push %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:"
			     : : "r"(selector) : "rax", "memory");
	return f.vec;
}

CASE(sensitive_far_ret_kernel)
{
	EXPECT_EQ(far_return(read_cs()), -1);
	EXPECT_EQ(far_return(0xe008), X_GP);
	EXPECT_EQ(far_return(0), X_GP);
	EXPECT_EQ(far_return(KERNEL_SS), X_GP);
}

CASE(sensitive_far_ret_user)
{
	struct user u;

	user_prepare(&u);
	u.regs.rax = USER_CS64;
	user_run(&u, user_ret);
	EXPECT_EQ(u.regs.vec, X_UD);
	EXPECT_EQ(u.regs.rbx, USER_CS64);
	user_prepare(&u);
	u.regs.rax = 0xe008;
	user_run(&u, user_ret);
	EXPECT_EQ(u.regs.vec, X_GP);
	user_prepare(&u);
	u.regs.rax = USER_CS64 - 2;
	user_run(&u, user_ret);
	EXPECT_EQ(u.regs.vec, X_GP);
}
