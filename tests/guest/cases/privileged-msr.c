// SPDX-License-Identifier: GPL-2.0
/* RDMSR and WRMSR in the kernel, emulated; in ring 3, #GP. */
#include "guest.h"

#define MSR_EFER	0xc0000080
#define MSR_STAR	0xc0000081
#define MSR_LSTAR	0xc0000082
#define MSR_SFMASK	0xc0000084
#define MSR_FS_BASE	0xc0000100
#define MSR_GS_BASE	0xc0000101
#define MSR_KERNEL_GS	0xc0000102
#define MSR_SYSENTER_CS	0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_APICBASE	0x1b
#define MSR_PAT		0x277

static long try_wrmsr(u32 msr, u64 v)
{
	struct fault f;

	TRY(f)
		wrmsr(msr, v);
	return f.vec;
}

static long try_rdmsr(u32 msr, u64 *v)
{
	volatile u64 x = 0;
	struct fault f;

	TRY(f)
		x = rdmsr(msr);
	*v = x;
	return f.vec;
}

CASE(msr_fs_base)
{
	u64 v, base;

	EXPECT_EQ(try_wrmsr(MSR_FS_BASE, (ulong)pfn_va(100)), -1);
	EXPECT_EQ(try_rdmsr(MSR_FS_BASE, &v), -1);
	EXPECT_EQ(v, (ulong)pfn_va(100));
	*(u64 *)pfn_va(100) = 0xf5f5;
	asm volatile("mov %%fs:0, %0" : "=r"(base));
	EXPECT_EQ(base, 0xf5f5);
	EXPECT_EQ(try_wrmsr(MSR_FS_BASE, 0), -1);
}

CASE(msr_gs_base)
{
	u64 v;

	EXPECT_EQ(try_wrmsr(MSR_GS_BASE, (ulong)pfn_va(100)), -1);
	EXPECT_EQ(try_rdmsr(MSR_GS_BASE, &v), -1);
	EXPECT_EQ(v, (ulong)pfn_va(100));
	EXPECT_EQ(try_wrmsr(MSR_GS_BASE, 0), -1);
	EXPECT_EQ(try_wrmsr(MSR_KERNEL_GS, 0x1234000), -1);
	EXPECT_EQ(try_rdmsr(MSR_KERNEL_GS, &v), -1);
	EXPECT_EQ(v, 0x1234000);
	EXPECT_EQ(try_wrmsr(MSR_KERNEL_GS, 0), -1);
}

CASE(msr_bases_non_canonical)
{
	EXPECT_EQ(try_wrmsr(MSR_FS_BASE, NON_CANONICAL), X_GP);
	EXPECT_EQ(try_wrmsr(MSR_GS_BASE, NON_CANONICAL), X_GP);
	EXPECT_EQ(try_wrmsr(MSR_KERNEL_GS, 0x7fffffffffffffff), X_GP);
}

CASE(msr_unknown)
{
	u64 v;

	EXPECT_EQ(try_rdmsr(0xdeadbeef, &v), X_GP);
	EXPECT_EQ(try_wrmsr(0xdeadbeef, 0), X_GP);
}

CASE(msr_efer)
{
	u64 v, w;

	EXPECT_EQ(try_rdmsr(MSR_EFER, &v), -1);
	EXPECT(v & BIT(11));
	EXPECT_EQ(v & BIT(12), 0);
	/* SVME, or long mode off: the real EFER stays, whether it faults or not. */
	try_wrmsr(MSR_EFER, v | BIT(12));
	EXPECT_EQ(try_rdmsr(MSR_EFER, &w), -1);
	EXPECT_EQ(v, w);
	try_wrmsr(MSR_EFER, 0);
	EXPECT_EQ(try_rdmsr(MSR_EFER, &w), -1);
	EXPECT_EQ(v, w);
}

/* The system-call registers are the hypervisor's: after any write, calls still arrive. */
CASE(msr_syscall_registers)
{
	static const u32 msrs[] = {
		MSR_STAR, MSR_LSTAR, 0xc0000083, MSR_SFMASK, MSR_SYSENTER_CS, MSR_SYSENTER_ESP,
		MSR_SYSENTER_EIP,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		try_wrmsr(msrs[i], 0x4141414141414141);
		try_wrmsr(msrs[i], 0);
		try_wrmsr(msrs[i], (ulong)pfn_va(0x100));
		EXPECT_EQ(HYP(xen_version, XENVER_version, NULL), 4 << 16 | 17);
	}
}

CASE(msr_hypervisor_owned)
{
	u64 old = 0, now = 0;

	if (try_rdmsr(MSR_APICBASE, &old) == -1) {
		try_wrmsr(MSR_APICBASE, 0);
		EXPECT_EQ(try_rdmsr(MSR_APICBASE, &now), -1);
		EXPECT_EQ(now, old);
	}
	if (try_rdmsr(MSR_PAT, &old) == -1) {
		try_wrmsr(MSR_PAT, 0);
		EXPECT_EQ(try_rdmsr(MSR_PAT, &now), -1);
		EXPECT_EQ(now, old);
	}
}

/* Every MSR of the usual ranges can be read or faults; the guest lives. */
CASE(msr_read_sweep)
{
	u64 v;
	u32 m;

	for (m = 0; m < 0x400; m++) {
		long vec = try_rdmsr(m, &v);

		EXPECT(vec == -1 || vec == X_GP);
	}
	for (m = 0xc0000000; m < 0xc0000200; m++) {
		long vec = try_rdmsr(m, &v);

		EXPECT(vec == -1 || vec == X_GP);
	}
}

USER_SNIPPET(user_rdmsr, "rdmsr; syscall");
USER_SNIPPET(user_wrmsr, "wrmsr; syscall");
CASE(msr_in_user)
{
	struct user u;

	user_prepare(&u);
	u.regs.rcx = MSR_FS_BASE;
	user_run(&u, user_rdmsr);
	EXPECT_EQ(u.regs.vec, X_GP);
	user_prepare(&u);
	u.regs.rcx = MSR_LSTAR;
	user_run(&u, user_wrmsr);
	EXPECT_EQ(u.regs.vec, X_GP);
	EXPECT_EQ(u.regs.rip, USER_CODE);
}
