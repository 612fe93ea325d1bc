// SPDX-License-Identifier: GPL-2.0
/* Sensitive instruction MOV of segments: CS shows the ring; SS loads only at the ring's own DPL. */
#include "guest.h"

USER_SNIPPET(user_mov, "mov %cs, %ecx; mov %eax, %ss; mov %ss, %ebx; syscall");
USER_SNIPPET(user_mov_ds, "mov %eax, %ds; mov %ds, %ebx; syscall");

static long load_ss(u16 sel)
{
	struct fault f;

	TRY(f)
		asm volatile("mov %%ss, %%ecx; mov %0, %%ss; mov %%ecx, %%ss"
			     : : "r"((u32)sel) : "rcx", "memory");
	return f.vec;
}

CASE(sensitive_mov_segment_kernel)
{
	struct fault f;

	EXPECT_EQ(read_cs() & 3, PER_HV(3, 1));
	EXPECT_EQ(load_ss(read_ss()), -1);
	/* DPL 3: the kernel's own ring on Xen, an outer one on Ringlet. */
	EXPECT_EQ(load_ss(KERNEL_SS), PER_HV(-1, X_GP));
	EXPECT_EQ(load_ss(KERNEL_CS), X_GP);
	TRY(f)
		asm volatile("mov %0, %%ds; mov %1, %%ds" : : "r"(KERNEL_SS), "r"(0));
	EXPECT_EQ(f.vec, -1);
	TRY(f)
		asm volatile("mov %0, %%ds" : : "r"(0xfff8));
	EXPECT_EQ(f.vec, X_GP);
}

CASE(sensitive_mov_segment_user)
{
	struct user u;

	user_prepare(&u);
	u.regs.rax = USER_SS;
	user_run(&u, user_mov);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rcx == USER_CS64 || u.regs.rcx == USER_CODE + 8, 1);
	EXPECT_EQ(u.regs.rbx, USER_SS);
	user_prepare(&u);
	u.regs.rax = USER_CS64 - 3;
	user_run(&u, user_mov);
	EXPECT_EQ(u.regs.vec, X_GP);
	user_prepare(&u);
	u.regs.rax = 0x1003;
	user_run(&u, user_mov_ds);
	EXPECT_EQ(u.regs.vec, X_GP);
	EXPECT_EQ(u.regs.err, 0x1000);
}
