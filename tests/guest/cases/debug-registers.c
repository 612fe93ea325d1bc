// SPDX-License-Identifier: GPL-2.0
/*
 * Debug registers by instruction and by hypercall; breakpoints fire, the hypervisor's
 * addresses are refused.
 */
#include "guest.h"

static long set_dr(unsigned int reg, ulong v)
{
	return HYP(set_debugreg, reg, v);
}

static ulong get_dr(unsigned int reg)
{
	return (ulong)HYP(get_debugreg, reg);
}

CASE(debugreg_addresses)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		EXPECT_EQ(set_dr(i, USER_DATA + i * 16), 0);
		EXPECT_EQ(get_dr(i), USER_DATA + i * 16);
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(set_dr(i, 0), 0);
}

CASE(debugreg_numbers)
{
	EXPECT_ERR(set_dr(8, 0));
	EXPECT_ERR(set_dr(~0u, 0));
	EXPECT_ERR(get_dr(8));
	EXPECT_ERR(get_dr(~0u));
}

CASE(debugreg_by_instruction)
{
	ulong v = 0;

	asm volatile("mov %0, %%dr0" : : "r"(USER_DATA + 8ul));
	asm volatile("mov %%dr0, %0" : "=r"(v));
	EXPECT_EQ(v, USER_DATA + 8);
	EXPECT_EQ(get_dr(0), USER_DATA + 8);
	asm volatile("mov %0, %%dr0" : : "r"(0ul));
}

CASE(debugreg_watchpoint)
{
	struct fault f;

	EXPECT_EQ(set_dr(0, (ulong)user_data + 64), 0);
	EXPECT_EQ(set_dr(7, 0xd0003), 0);	/* L0, G0, write, four bytes */
	TRY(f)
		*(volatile u32 *)(user_data + 64) = 1;
	EXPECT_EQ(f.vec, X_DB);
	EXPECT_EQ(get_dr(6) & 0xf, 1);
	EXPECT_EQ(set_dr(7, 0), 0);
	EXPECT_EQ(set_dr(6, 0), 0);
	EXPECT_EQ(set_dr(0, 0), 0);
	TRY(f)
		*(volatile u32 *)(user_data + 64) = 1;
	EXPECT_EQ(f.vec, -1);
}

USER_SNIPPET(watched, "nop; movl $1, (%rdi); nop; syscall");
CASE(debugreg_watchpoint_in_user)
{
	struct user u;

	EXPECT_EQ(set_dr(1, USER_DATA + 32), 0);
	EXPECT_EQ(set_dr(7, 0xd0000c), 0);
	user_prepare(&u);
	u.regs.rdi = USER_DATA + 32;
	user_run(&u, watched);
	EXPECT_EQ(u.regs.vec, X_DB);
	EXPECT_EQ(u.regs.rip, USER_CODE + 7);
	EXPECT_EQ(get_dr(6) & 0xf, 2);
	EXPECT_EQ(set_dr(7, 0), 0);
	EXPECT_EQ(set_dr(6, 0), 0);
	EXPECT_EQ(set_dr(1, 0), 0);
}

CASE(debugreg_breakpoint_in_user)
{
	struct user u;

	EXPECT_EQ(set_dr(2, USER_CODE + 1), 0);
	EXPECT_EQ(set_dr(7, 0x30), 0);
	user_prepare(&u);
	u.regs.rdi = USER_DATA;
	user_run(&u, watched);
	EXPECT_EQ(u.regs.vec, X_DB);
	EXPECT_EQ(u.regs.rip, USER_CODE + 1);
	EXPECT_EQ(set_dr(7, 0), 0);
	EXPECT_EQ(set_dr(6, 0), 0);
	EXPECT_EQ(set_dr(2, 0), 0);
}

CASE(debugreg_single_step)
{
	struct user u;

	user_prepare(&u);
	u.regs.rdi = USER_DATA;
	u.regs.rflags |= FL_TF;
	user_run(&u, watched);
	EXPECT_EQ(u.regs.vec, X_DB);
	EXPECT_EQ(u.regs.rip, USER_CODE + 1);
	EXPECT(u.regs.rflags & FL_TF);
	EXPECT(get_dr(6) & BIT(14));
	EXPECT_EQ(set_dr(6, 0), 0);
}

/* Invariant 7: no breakpoint in the gate or anywhere in the hypervisor's slots. */
ATTACK(debugreg_hypervisor_address)
{
	static const ulong bad[] = {
		HV_START, HV_START + 0x1000, 0xffff820000000000, 0xffff830000100000, HV_END - 8,
	};
	unsigned int i, reg, slot;

	for (reg = 0; reg < 4; reg++) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			EXPECT_ERR(set_dr(reg, bad[i]));
			EXPECT_EQ(get_dr(reg), 0);
		}
		for (slot = 256; slot < 272; slot++)
			EXPECT_ERR(set_dr(reg, 0xffff000000000000 | (ulong)slot << 39));
		EXPECT_ERR(set_dr(reg, NON_CANONICAL));
	}
}

ATTACK(debugreg_hypervisor_address_by_instruction)
{
	struct fault f;

	TRY(f)
		asm volatile("mov %0, %%dr0" : : "r"(HV_START));
	EXPECT_EQ(f.vec, X_GP);
	TRY(f)
		asm volatile("mov %0, %%dr3" : : "r"(0xffff87ffffffffff));
	EXPECT_EQ(f.vec, X_GP);
	EXPECT_EQ(get_dr(0), 0);
	EXPECT_EQ(get_dr(3), 0);
}

/* A breakpoint that ends in the hypervisor's area: eight bytes from just below it. */
ATTACK(debugreg_reserved_bits)
{
	long rc = set_dr(7, ~0ul);

	EXPECT_ERR(rc);
	set_dr(7, 0xffffffff);
	EXPECT_EQ(get_dr(7) & BIT(13), 0);	/* GD */
	set_dr(7, 0);
	/* I/O breakpoints need DE, which stays the guest's business only within its ports. */
	set_dr(7, 0x20000 | 2);
	set_dr(7, 0);
	EXPECT_EQ(get_dr(7) & 0xff, 0);
}

USER_SNIPPET(user_dr, "mov %rax, %dr0; syscall");
ATTACK(debugreg_from_user)
{
	struct user u;

	user_prepare(&u);
	user_run(&u, user_dr);
	EXPECT_EQ(u.regs.vec, X_GP);
}
