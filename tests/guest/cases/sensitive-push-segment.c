// SPDX-License-Identifier: GPL-2.0
/* Sensitive instruction PUSH of FS and GS: the selector itself, in both rings. */
#include "guest.h"

USER_SNIPPET(user_push,
	     "mov %eax, %fs; push %fs; pop %rbx; xor %eax, %eax; mov %eax, %fs; syscall");

CASE(sensitive_push_segment_kernel)
{
	ulong v;

	asm volatile("mov %1, %%fs; push %%fs; pop %0; mov %2, %%fs"
		     : "=&r"(v) : "r"(KERNEL_SS), "r"(0) : "memory");
	EXPECT_EQ(v, KERNEL_SS);
}

CASE(sensitive_push_segment_user)
{
	struct user u;

	user_prepare(&u);
	u.regs.rax = USER_SS;
	user_run(&u, user_push);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rbx, USER_SS);
}
