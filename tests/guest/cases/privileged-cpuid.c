// SPDX-License-Identifier: GPL-2.0
/* CPUID: with the forced-emulation prefix, plain, in both rings. */
#include "guest.h"

CASE(cpuid_signature)
{
	u32 r[4];

	pv_cpuid(0x40000000, 0, r);
	EXPECT(r[0] >= 0x40000002 && r[0] < 0x40000100);
	EXPECT_EQ(r[1], 0x566e6558);	/* XenV */
	EXPECT_EQ(r[2], 0x65584d4d);	/* MMXe */
	EXPECT_EQ(r[3], 0x4d4d566e);	/* nVMM */
}

CASE(cpuid_version)
{
	u32 r[4];

	pv_cpuid(0x40000001, 0, r);
	EXPECT_EQ(r[0], 4 << 16 | 17);
}

/* What a PV guest must not see: VMX, SVM, SMX, PCID, SMEP, SMAP, PKU, LA57, PGE, PSE36. */
CASE(cpuid_hides)
{
	u32 r[4];

	pv_cpuid(1, 0, r);
	EXPECT_EQ(r[2] & (BIT(5) | BIT(6)), 0);
	EXPECT_EQ(r[2] & BIT(17), 0);
	EXPECT_EQ(r[3] & BIT(13), 0);
	EXPECT_EQ(r[3] & BIT(3), 0);
	EXPECT_EQ(r[3] & BIT(17), 0);
	EXPECT(r[3] & BIT(6));
	pv_cpuid(0x80000001, 0, r);
	EXPECT_EQ(r[2] & BIT(2), 0);
	EXPECT_EQ(r[3] & BIT(26), 0);
	EXPECT(r[3] & BIT(20));
	EXPECT(r[3] & BIT(29));
	EXPECT(r[3] & BIT(11));
	pv_cpuid(0, 0, r);
	if (r[0] < 7)
		return;
	pv_cpuid(7, 0, r);
	EXPECT_EQ(r[1] & (BIT(7) | BIT(20) | BIT(10)), 0);
	EXPECT_EQ(r[2] & (BIT(3) | BIT(4) | BIT(16)), 0);
}

USER_SNIPPET(fep, ".byte 0x0f,0x0b,0x78,0x65,0x6e; cpuid; syscall");
CASE(cpuid_forced_in_user)
{
	struct user u;

	user_prepare(&u);
	u.regs.rax = 0x40000000;
	user_run(&u, fep);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rbx, 0x566e6558);
}

/* The prefix before anything but CPUID is the UD2 it starts with. */
CASE(forced_emulation_other)
{
	struct fault f;

	TRY(f)
		asm volatile(XEN_EMULATE_PREFIX "nop" : : : "memory");
	EXPECT_EQ(f.vec, X_UD);
	TRY(f)
		asm volatile(XEN_EMULATE_PREFIX "rdtsc" : : : "rax", "rdx", "memory");
	EXPECT_EQ(f.vec, X_UD);
}

/*
 * The prefix, and a bare UD2, at the end of a page whose successor is not mapped. Xen reads five
 * bytes whatever they are and reports the page fault of its own read.
 */
CASE(forced_emulation_page_end)
{
	struct user u;

	user_prepare(&u);
	memset(user_code, 0xcc, PAGE_SIZE);
	memcpy(user_code + PAGE_SIZE - 5, "\x0f\x0bxen", 5);
	u.regs.rip = USER_CODE + PAGE_SIZE - 5;
	user_go(&u);
	EXPECT(u.regs.vec == X_UD || u.regs.vec == X_PF);
	memcpy(user_code + PAGE_SIZE - 2, "\x0f\x0b", 2);
	u.regs.rip = USER_CODE + PAGE_SIZE - 2;
	u.regs.cs = USER_CS64;
	u.regs.ss = USER_SS;
	u.regs.rflags = FL_IF | 2;
	user_go(&u);
	EXPECT_EQ(u.regs.vec, PER_HV(X_PF, X_UD));
	EXPECT_EQ(u.regs.rip, USER_CODE + PAGE_SIZE - 2);
}
