// SPDX-License-Identifier: GPL-2.0
/* The iret hypercall: what a frame may ask for and what comes of it. */
#include "guest.h"

USER_SNIPPET(flags_out, "pushfq; pop %rax; syscall");

/* Enter ring 3 with a changed frame; the snippet reads its flags. */
static void enter(struct user *u)
{
	user_load(flags_out_start, flags_out_end);
	user_go(u);
}

ATTACK(iret_iopl_not_set)
{
	struct user u;

	user_prepare(&u);
	u.regs.rflags |= FL_IOPL;
	enter(&u);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rax & FL_IOPL, 0);
	EXPECT_EQ(u.regs.rflags & FL_IOPL, 0);
}

ATTACK(iret_vm_vif_vip_not_set)
{
	struct user u;

	user_prepare(&u);
	u.regs.rflags |= FL_VM | FL_VIF | FL_VIP;
	enter(&u);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rax & (FL_VM | FL_VIF | FL_VIP), 0);
}

ATTACK(iret_nt)
{
	struct user u;

	user_prepare(&u);
	u.regs.rflags |= FL_NT;
	enter(&u);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(read_flags() & FL_NT, 0);
}

/* IF off in the frame means events masked, never a CPU that cannot be interrupted. */
ATTACK(iret_if_clear)
{
	struct user u;

	user_prepare(&u);
	u.regs.rflags = 2;
	enter(&u);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT(u.regs.rax & FL_IF);
	EXPECT_EQ(u.regs.rflags & FL_IF, 0);
}

CASE(iret_ac_and_id_kept)
{
	struct user u;

	user_prepare(&u);
	u.regs.rflags |= FL_AC | FL_ID;
	enter(&u);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rax & (FL_AC | FL_ID), FL_AC | FL_ID);
	EXPECT_EQ(read_flags() & FL_AC, 0);
}

/*
 * Bad selectors: Linux is prepared for the failsafe callback and for a fault of the new context
 * (which Xen 4.17 makes of it). Either way the guest goes on.
 */
static bool iret_fault(u64 vec)
{
	return vec == VEC_FAILSAFE || vec == X_GP || vec == X_NP || vec == X_SS;
}

ATTACK(iret_bad_cs)
{
	static const u16 bad[] = { 0x3, 0x1003, 0xe02b, 0xe00b, 0xfffb, 0xffff, 0xe013 };
	unsigned int i;
	struct user u;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		user_prepare(&u);
		u.regs.cs = bad[i];
		enter(&u);
		if (!iret_fault(u.regs.vec))
			case_fail(__FILE__, __LINE__, "cs 0x%x: vector %lu", bad[i], u.regs.vec);
	}
}

ATTACK(iret_bad_ss)
{
	static const u16 bad[] = { 0x1003, 0xe00b, 0xfffb, 0xe013, 0xffff };
	unsigned int i;
	struct user u;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		user_prepare(&u);
		u.regs.ss = bad[i];
		enter(&u);
		if (!iret_fault(u.regs.vec))
			case_fail(__FILE__, __LINE__, "ss 0x%x: vector %lu", bad[i], u.regs.vec);
	}
}

/* RPL in the frame's upper bits is not privilege: cs 64 bits wide, only 16 count. */
CASE(iret_cs_upper_bits)
{
	struct user u;

	user_prepare(&u);
	u.regs.cs |= 0xffffffff00000000;
	enter(&u);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
}

/* Non-canonical rip: a fault of ring 3 or the failsafe callback, never one of the hypervisor. */
ATTACK(iret_rip_non_canonical)
{
	static const ulong bad[] = { NON_CANONICAL, 0x7fffffffffffffff, 0xffff7fffffffffff,
				     0x8000000000000000, 0x0000ffffffffffff };
	unsigned int i;
	struct user u;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		user_prepare(&u);
		u.regs.rip = bad[i];
		enter(&u);
		EXPECT(u.regs.vec == VEC_FAILSAFE || u.regs.vec == X_GP || u.regs.vec == X_PF);
	}
}

ATTACK(iret_rip_in_hypervisor)
{
	unsigned int slot;
	struct user u;

	for (slot = 256; slot < 272; slot++) {
		user_prepare(&u);
		u.regs.rip = 0xffff000000000000 | (ulong)slot << 39;
		enter(&u);
		EXPECT_EQ(u.regs.vec, X_PF);
		EXPECT_EQ(u.cr2, u.regs.rip);
	}
}

ATTACK(iret_rsp_anything)
{
	static const ulong bad[] = { 0, 1, NON_CANONICAL, HV_START, HV_END, ~0ul,
				     0x7fffffffffffffff };
	unsigned int i;
	struct user u;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		user_prepare(&u);
		u.regs.rsp = bad[i];
		user_load(flags_out_start, flags_out_end);
		user_go(&u);
		EXPECT(u.regs.vec == X_PF || u.regs.vec == X_SS || u.regs.vec == X_GP ||
		       u.regs.vec == VEC_FAILSAFE);
	}
}

/* iret to 32-bit code. */
USER_SNIPPET32(compat, "mov %cs, %eax; ud2");
CASE(iret_compat_mode)
{
	struct user u;

	user_prepare(&u);
	u.regs.cs = USER_CS32;
	user_run(&u, compat);
	EXPECT_EQ(u.regs.vec, X_UD);
	EXPECT_EQ(u.regs.rax, USER_CS32);
	EXPECT_EQ((u16)u.regs.cs, USER_CS32);
}

/* VGCF_in_syscall: rcx and r11 are given up, the rest comes back. */
USER_SNIPPET(regs_out, "mov %rax, %rbx; syscall");
CASE(iret_in_syscall_flag)
{
	struct user u;

	user_prepare(&u);
	u.iret_flags = VGCF_in_syscall;
	u.regs.rax = 0x77;
	user_run(&u, regs_out);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rbx, 0x77);
}

ATTACK(iret_in_syscall_non_canonical)
{
	struct user u;

	user_prepare(&u);
	u.iret_flags = VGCF_in_syscall;
	u.regs.rip = NON_CANONICAL;
	enter(&u);
	EXPECT(u.regs.vec == VEC_FAILSAFE || u.regs.vec == X_GP || u.regs.vec == X_PF);
	user_prepare(&u);
	u.iret_flags = VGCF_in_syscall;
	u.regs.rip = 0xffff000000000000;
	enter(&u);
	EXPECT(u.regs.vec == VEC_FAILSAFE || u.regs.vec == X_GP || u.regs.vec == X_PF);
}

ATTACK(iret_unknown_flags)
{
	struct user u;

	user_prepare(&u);
	u.iret_flags = ~(u64)VGCF_in_syscall;
	enter(&u);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
}

/* iret from the kernel to itself through the hypercall, RPL 0: as trap_c()'s exit does. */
CASE(iret_to_kernel)
{
	static u64 frame[9];
	u64 before, after, rc = 0;

	asm volatile("mov %%rsp, %0" : "=r"(before));
	asm volatile("mov %%rsp, %%rbx\n"
		     "pushq $0xe02b\n"
		     "pushq %%rbx\n"
		     "pushfq\n"
		     "pushq $0xe030\n"
		     "lea 1f(%%rip), %%rax\n"
		     "pushq %%rax\n"
		     "pushq $0\n"
		     "pushq $0x111\n"
		     "pushq $0x222\n"
		     "pushq $0x333\n"
		     "mov $23, %%eax\n"
		     "syscall\n"
		     "ud2\n"
		     "1: mov %%rcx, %%rbx\n"
		     : "=a"(rc), "=b"(frame[0]) : : "rcx", "r11", "memory");
	asm volatile("mov %%rsp, %0" : "=r"(after));
	EXPECT_EQ(rc, 0x333);
	EXPECT_EQ(frame[0], 0x111);
	EXPECT_EQ(before, after);
	EXPECT_EQ(read_flags() & FL_IOPL, 0);
}
