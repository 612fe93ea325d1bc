// SPDX-License-Identifier: GPL-2.0
/* Segment bases that point into the hypervisor: they are the guest's, and the gate uses none. */
#include "guest.h"

static const ulong bases[] = { HV_START, HV_START + BIT(39), HV_END - 8, ~7ul, 0 };

USER_SNIPPET(gs, "mov %gs:0, %rax; syscall");

ATTACK(segment_base_hypervisor)
{
	unsigned int i, which;
	struct user u;
	struct fault f;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		for (which = SEGBASE_FS; which <= SEGBASE_GS_KERNEL; which++)
			HYP(set_segment_base, which, bases[i]);
		EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
		TRY(f)
			asm volatile("ud2");
		EXPECT_EQ(f.vec, X_UD);
		user_prepare(&u);
		user_run(&u, gs);
		EXPECT_EQ(u.regs.vec, X_PF);
		EXPECT_EQ(u.cr2, bases[i]);
	}
}

ATTACK(segment_base_hypervisor_by_msr)
{
	unsigned int i;
	struct fault f;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		TRY(f)
			wrmsr(0xc0000101, bases[i]);
		EXPECT(f.vec == -1 || f.vec == X_GP);
		TRY(f)
			wrmsr(0xc0000102, bases[i]);
		EXPECT(f.vec == -1 || f.vec == X_GP);
		EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
		TRY(f)
			asm volatile("ud2");
		EXPECT_EQ(f.vec, X_UD);
	}
}

/* WRGSBASE where the CPU and CR4 allow it: canonical or #GP, and the hypervisor goes on. */
ATTACK(segment_base_wrgsbase)
{
	static const ulong v[] = { HV_START, ~0ul, NON_CANONICAL, 0 };
	unsigned int i;
	struct fault f;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		TRY(f)
			asm volatile("wrgsbase %0; wrfsbase %0" : : "r"(v[i]));
		EXPECT(f.vec == -1 || f.vec == X_GP || f.vec == X_UD);
		EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
		TRY(f)
			asm volatile("ud2");
		EXPECT_EQ(f.vec, X_UD);
	}
	HYP(set_segment_base, SEGBASE_FS, 0);
	HYP(set_segment_base, SEGBASE_GS_KERNEL, 0);
}

/* UMIP as the guest set it: on, its programs fault at SGDT; off, they do not. */
USER_SNIPPET(user_sgdt, "sgdt (%rdi); syscall");
CASE(umip_follows_guest)
{
	struct user u;
	struct fault f;
	ulong cr4;
	u32 r[4];

	pv_cpuid(0, 0, r);
	if (r[0] < 7) {
		skip("no CPUID leaf 7");
		return;
	}
	pv_cpuid(7, 0, r);
	if (!(r[2] & BIT(2)) || !on_ringlet) {
		skip("no UMIP offered");
		return;
	}
	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	TRY(f)
		asm volatile("mov %0, %%cr4" : : "r"(cr4 | BIT(11)));
	EXPECT_EQ(f.vec, -1);
	user_prepare(&u);
	u.regs.rdi = USER_DATA;
	user_run(&u, user_sgdt);
	EXPECT_EQ(u.regs.vec, X_GP);
	TRY(f)
		asm volatile("mov %0, %%cr4" : : "r"(cr4 & ~BIT(11)));
	EXPECT_EQ(f.vec, -1);
	user_prepare(&u);
	u.regs.rdi = USER_DATA;
	user_run(&u, user_sgdt);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
}
