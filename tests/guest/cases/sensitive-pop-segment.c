// SPDX-License-Identifier: GPL-2.0
/* Sensitive instruction POP of FS and GS: loads what the ring may use, else #GP, in both rings. */
#include "guest.h"

USER_SNIPPET(user_pop, "push %rax; pop %fs; mov %fs, %ebx; xor %eax, %eax; mov %eax, %fs; syscall");

static long pop_fs(ulong sel, ulong *got)
{
	volatile ulong v = 0;
	struct fault f;

	TRY(f) {
		ulong x;

		asm volatile("push %1; pop %%fs; mov %%fs, %0" : "=r"(x) : "r"(sel) : "memory");
		v = x;
	}
	asm volatile("mov %0, %%fs" : : "r"(0));
	*got = v;
	return f.vec;
}

CASE(sensitive_pop_segment_kernel)
{
	ulong v;

	EXPECT_EQ(pop_fs(KERNEL_SS, &v), -1);
	EXPECT_EQ(v, KERNEL_SS);
	EXPECT_EQ(pop_fs(0, &v), -1);
	EXPECT_EQ(pop_fs(0xfff8, &v), X_GP);
	EXPECT_EQ(pop_fs(0x1000, &v), X_GP);
}

CASE(sensitive_pop_segment_user)
{
	struct user u;

	user_prepare(&u);
	u.regs.rax = USER_SS;
	user_run(&u, user_pop);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rbx, USER_SS);
	user_prepare(&u);
	u.regs.rax = 0xfffb;
	user_run(&u, user_pop);
	EXPECT_EQ(u.regs.vec, X_GP);
	EXPECT_EQ(u.regs.err, 0xfff8);
}
