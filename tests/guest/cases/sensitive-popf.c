// SPDX-License-Identifier: GPL-2.0
/*
 * Sensitive instruction POPF: IF and IOPL are silently kept, the other flags change, in both
 * rings.
 */
#include "guest.h"

USER_SNIPPET(user_popf, "push %rax; popfq; pushfq; pop %rbx; syscall");

CASE(sensitive_popf_kernel)
{
	ulong in = 2 | FL_IOPL | FL_CF, out;

	asm volatile("push %1; popfq; pushfq; pop %0; push %2; popfq"
		     : "=&r"(out) : "r"(in), "r"(2ul | FL_IF) : "memory");
	EXPECT_EQ(out & (FL_IF | FL_IOPL | FL_CF), FL_IF | FL_CF);
}

CASE(sensitive_popf_user)
{
	struct user u;

	user_prepare(&u);
	u.regs.rax = 2 | FL_IOPL | FL_CF;
	user_run(&u, user_popf);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rbx & (FL_IF | FL_IOPL | FL_CF), FL_IF | FL_CF);
}
