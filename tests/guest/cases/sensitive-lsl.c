// SPDX-License-Identifier: GPL-2.0
/* Sensitive instruction LSL: 4 GiB limits of the flat selectors, in both rings. */
#include "guest.h"

USER_SNIPPET(user_lsl, "xor %eax, %eax; lsl %ecx, %eax; setz %bl; syscall");

CASE(sensitive_lsl_kernel)
{
	u32 limit = 0;
	bool ok;

	asm volatile("lsl %2, %0" : "+r"(limit), "=@ccz"(ok) : "r"(KERNEL_SS));
	EXPECT(ok);
	EXPECT_EQ(limit, 0xffffffff);
	asm volatile("lsl %2, %0" : "+r"(limit), "=@ccz"(ok) : "r"(KERNEL_CS));
	EXPECT(ok);
	EXPECT_EQ(limit, 0xffffffff);
	asm volatile("lsl %2, %0" : "+r"(limit), "=@ccz"(ok) : "r"(0));
	EXPECT(!ok);
}

CASE(sensitive_lsl_user)
{
	struct user u;

	user_prepare(&u);
	u.regs.rcx = USER_SS;
	user_run(&u, user_lsl);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rbx & 1, 1);
	EXPECT_EQ(u.regs.rax, 0xffffffff);
}
