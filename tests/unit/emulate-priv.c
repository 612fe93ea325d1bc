// SPDX-License-Identifier: GPL-2.0
/*
 * Privileged instructions of guest kernels and what they may change: flags, MSRs,
 * control and debug registers; CPUID behind the prefix; the small hypercalls
 * that share them.
 */
#include "emulate-env.h"

#include "base/errno.h"

#define HOLE		0xffff830000000000ULL
#define DIRECT_MAP	0xffff880000000000ULL
#define NON_CANONICAL	0x0000800000000000ULL

/* --- entry and exit of the emulator --- */

static void test_programs_get_nothing(void **state)
{
	(void)state;
	vcpu.iopl = 2;
	env_user(SEL_USER_CS64);
	ASSERT_REFUSED(0x0f, 0x30);
	ASSERT_REFUSED(0x0f, 0x32);
	ASSERT_REFUSED(0x0f, 0x31);
	ASSERT_REFUSED(0x0f, 0x06);
	ASSERT_REFUSED(0x0f, 0x09);
	ASSERT_REFUSED(0x0f, 0x20, 0xc0);
	ASSERT_REFUSED(0x0f, 0x22, 0xc0);
	ASSERT_REFUSED(0x0f, 0x21, 0xc0);
	ASSERT_REFUSED(0x0f, 0x23, 0xc0);
	ASSERT_REFUSED(0x0f, 0x01, 0xd1);
	ASSERT_REFUSED(0xfa);
	ASSERT_REFUSED(0xfb);
	vcpu.iopl = 3;
	ASSERT_DONE(0xfa);
	ASSERT_DONE(0xfb);
	ASSERT_REFUSED(0x0f, 0x30);
	assert_int_equal(test_wrmsrs + test_debug_loads, 0);
}

static void test_cli_sti_of_the_kernel(void **state)
{
	(void)state;
	vcpu.iopl = 0;
	ASSERT_REFUSED(0xfa);
	ASSERT_REFUSED(0xfb);
	vcpu.iopl = 1;
	ASSERT_DONE(0xfa);
	assert_true(regs->rflags & EFLAGS_IF);
	ASSERT_DONE(0xfb);
	assert_int_equal(vcpu.vcpu_info->evtchn_upcall_mask, 0);
}

static void test_refused_instructions(void **state)
{
	(void)state;
	ASSERT_REFUSED(0xf4);			/* hlt */
	ASSERT_REFUSED(0x0f, 0x33);		/* rdpmc */
	ASSERT_REFUSED(0x0f, 0x01, 0xf8);	/* swapgs */
	ASSERT_REFUSED(0x0f, 0x01, 0x38);	/* invlpg */
	ASSERT_REFUSED(0x0f, 0x01, 0x10);	/* lgdt */
	ASSERT_REFUSED(0x90);
}

/* RF goes, TF traps after the instruction (SDM 3B 17.3). */
static void test_flags(void **state)
{
	(void)state;
	regs->rflags |= EFLAGS_RF;
	ASSERT_DONE(0xfa);
	assert_false(regs->rflags & EFLAGS_RF);
	regs->rflags |= EFLAGS_TF;
	assert_true(RUN(0xfa));
	assert_int_equal(regs->rip, CODE + 1);
	assert_int_equal(injected.vector, VEC_DB);
	assert_true(vcpu.dr[6] & BIT(14));
}

/* REP that goes on is one instruction still: no trap between. */
static void test_single_step_of_rep(void **state)
{
	(void)state;
	regs->rflags |= EFLAGS_TF;
	regs->rdx = 0x80;
	regs->rdi = DATA;
	regs->rcx = 1000;
	assert_true(RUN(0xf3, 0x6c));
	assert_int_equal(regs->rip, CODE);
	assert_int_equal(injected.count, 0);
	while (regs->rcx)
		assert_true(emulate_privileged(&vcpu));
	assert_int_equal(regs->rip, CODE + 2);
	assert_int_equal(injected.vector, VEC_DB);
	assert_int_equal(injected.count, 1);
}

/* The last bytes before a page that is not there are enough. */
static void test_fetch_at_page_end(void **state)
{
	(void)state;
	env_code("", 0);
	mem[4095] = 0xfa;
	mem_rights[1] = 0;
	regs->rip = CODE + 4095;
	assert_true(emulate_privileged(&vcpu));
	assert_int_equal(regs->rip, CODE + 4096);
	/* An instruction that goes on where nothing is. */
	mem[4095] = 0x0f;
	regs->rip = CODE + 4095;
	assert_false(emulate_privileged(&vcpu));
	regs->rip = NON_CANONICAL;
	assert_false(emulate_privileged(&vcpu));
}

/* --- MSRs --- */

static bool do_rdmsr(u32 msr)
{
	regs->rcx = 0xffffffff00000000 | msr;
	regs->rax = regs->rdx = ~0ULL;
	return RUN(0x0f, 0x32);
}

static u64 result(void)
{
	assert_true(regs->rax <= 0xffffffff && regs->rdx <= 0xffffffff);
	return regs->rdx << 32 | regs->rax;
}

static bool do_wrmsr(u32 msr, u64 value)
{
	regs->rcx = msr;
	regs->rax = 0xdeadbeef00000000 | (u32)value;
	regs->rdx = 0xdeadbeef00000000 | value >> 32;
	return RUN(0x0f, 0x30);
}

static void test_msr_bases(void **state)
{
	static const u32 msrs[] = { MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE };
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_true(do_wrmsr(msrs[i], 0xffff888012345000));
		assert_true(test_msrs[i] == 0xffff888012345000);
		assert_true(do_rdmsr(msrs[i]));
		assert_true(result() == 0xffff888012345000);
		assert_false(do_wrmsr(msrs[i], NON_CANONICAL));
		assert_true(test_msrs[i] == 0xffff888012345000);
	}
	/* Not loaded: struct vcpu holds them, registers are another's. */
	test_wrmsrs = 0;
	vcpu.reload_segments = true;
	assert_true(do_wrmsr(MSR_GS_BASE, 0x5000));
	assert_int_equal(vcpu.gs_base, 0x5000);
	assert_true(do_rdmsr(MSR_GS_BASE));
	assert_int_equal(result(), 0x5000);
	assert_int_equal(test_wrmsrs, 0);
}

/* Whatever the number: no write but of the three bases reaches the CPU. */
static void test_msr_writes(void **state)
{
	static const u32 ranges[] = { 0, 0x40000000, 0xc0000000, 0xc0010000 };
	unsigned int i, k;

	(void)state;
	for (cpu_features.amd = 0;; cpu_features.amd = 1) {
		for (i = 0; i < ARRAY_SIZE(ranges); i++) {
			for (k = 0; k < 0x2000; k++) {
				u32 msr = ranges[i] + k;

				if (msr >= MSR_FS_BASE && msr <= MSR_KERNEL_GS_BASE)
					continue;
				assert_false(do_wrmsr(msr, 0x4141414141414141));
				/* Writing back what is read is no change. */
				if (msr != MSR_TSC && do_rdmsr(msr))
					assert_true(do_wrmsr(msr, result()));
			}
		}
		if (cpu_features.amd)
			break;
	}
	assert_int_equal(test_wrmsrs, 0);
}

static void test_msr_reads(void **state)
{
	(void)state;
	assert_true(do_rdmsr(MSR_EFER));
	assert_int_equal(result(), 0xd01);
	assert_true(do_rdmsr(MSR_PAT));
	assert_true(result() == 0x050100070406ULL);
	assert_true(do_rdmsr(MSR_APIC_BASE));
	assert_int_equal(result(), 0xfee00900);
	vcpu.id = 3;
	assert_true(do_rdmsr(MSR_APIC_BASE));
	assert_int_equal(result(), 0xfee00800);
	assert_true(do_rdmsr(MSR_MISC_ENABLE));
	assert_false(do_rdmsr(0xc0010015));
	assert_true(do_rdmsr(MSR_TSC));
	assert_false(do_rdmsr(MSR_LSTAR));
	assert_false(do_rdmsr(MSR_SYSENTER_EIP));
	assert_false(do_rdmsr(0x48));
	assert_false(do_rdmsr(0xdeadbeef));
	cpu_features.amd = true;
	assert_false(do_rdmsr(MSR_MISC_ENABLE));
	assert_true(do_rdmsr(0xc0010015));
}

static void test_rdtsc(void **state)
{
	(void)state;
	regs->rcx = 5;
	ASSERT_DONE(0x0f, 0x31);
	assert_true(result() > 0);
	assert_int_equal(regs->rcx, 5);
	ASSERT_REFUSED(0x0f, 0x01, 0xf9);	/* no RDTSCP on this CPU */
}

static void test_tsc_aux(void **state)
{
	(void)state;
	assert_false(do_rdmsr(MSR_TSC_AUX));
	assert_false(do_wrmsr(MSR_TSC_AUX, 0));
	cpu_features.rdtscp = true;
	assert_false(do_wrmsr(MSR_TSC_AUX, 1ULL << 32));
	assert_true(do_wrmsr(MSR_TSC_AUX, 0x80001003));
	assert_int_equal(vcpu.tsc_aux, 0x80001003);
	assert_int_equal(test_msrs[3], 0x80001003);
	assert_true(do_rdmsr(MSR_TSC_AUX));
	assert_int_equal(result(), 0x80001003);
	regs->rcx = ~0ULL;
	ASSERT_DONE(0x0f, 0x01, 0xf9);
	assert_int_equal(regs->rcx, 0x80001003);
}

/* --- control registers --- */

static void test_cr0(void **state)
{
	u64 cr0 = machine_cr0;

	(void)state;
	ASSERT_DONE(0x0f, 0x20, 0xc0);
	assert_true(regs->rax == cr0);
	regs->rax = cr0 | CR0_TS;
	ASSERT_DONE(0x0f, 0x22, 0xc0);
	assert_true(machine_cr0 == (cr0 | CR0_TS));
	assert_true(vcpu.virt_cr0 & CR0_TS);
	ASSERT_DONE(0x0f, 0x06);
	assert_true(machine_cr0 == cr0);
	assert_int_equal(do_fpu_taskswitch(1), 0);
	assert_true(machine_cr0 & CR0_TS);
	assert_int_equal(do_fpu_taskswitch(0x100000000), 0);
	assert_false(machine_cr0 & CR0_TS);
	regs->rax = cr0 & ~CR0_WP;
	ASSERT_REFUSED(0x0f, 0x22, 0xc0);
	regs->rax = 0;
	ASSERT_REFUSED(0x0f, 0x22, 0xc0);
	regs->rax = cr0 | BIT(32);
	ASSERT_REFUSED(0x0f, 0x22, 0xc0);
	assert_true(machine_cr0 == cr0);
}

static void test_cr2(void **state)
{
	(void)state;
	vcpu.vcpu_info->arch.cr2 = 0x1234567890;
	ASSERT_DONE(0x0f, 0x20, 0xd1);		/* mov rcx, cr2 */
	assert_true(regs->rcx == 0x1234567890);
	regs->r15 = 0x4321;
	ASSERT_DONE(0x41, 0x0f, 0x22, 0xd7);	/* mov cr2, r15 */
	assert_int_equal(vcpu.vcpu_info->arch.cr2, 0x4321);
}

static void test_cr3(void **state)
{
	(void)state;
	ASSERT_DONE(0x0f, 0x20, 0xd8);
	assert_int_equal(regs->rax, 0x1234000);
	regs->rax = 0x5678000;
	ASSERT_DONE(0x0f, 0x22, 0xd8);
	assert_int_equal(load_base_mfn.v, 0x5678);
	load_base_mfn = MFN(0);
	regs->rax = 0x5678018;			/* PCD, PWT: not ours to take */
	ASSERT_REFUSED(0x0f, 0x22, 0xd8);
	assert_int_equal(load_base_mfn.v, 0);
	regs->rax = 0x5678000;
	load_base_result = -EINVAL;
	ASSERT_REFUSED(0x0f, 0x22, 0xd8);
	/* To be executed again. */
	load_base_result = -ERESTART;
	assert_true(RUN(0x0f, 0x22, 0xd8));
	assert_int_equal(regs->rip, CODE);
}

static void test_cr4(void **state)
{
	(void)state;
	ASSERT_DONE(0x0f, 0x20, 0xe0);
	assert_int_equal(regs->rax, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT);
	/* PGE, PCE, VMXE, SMAP, PKE */
		regs->rax |= CR4_TSD | CR4_UMIP | BIT(7) | BIT(8) | BIT(13) | BIT(21) | BIT(22);
	regs->rax &= ~CR4_PAE;
	ASSERT_DONE(0x0f, 0x22, 0xe0);
	assert_int_equal(vcpu.virt_cr4, CR4_TSD | CR4_UMIP);
	assert_int_equal(test_pcpu.cr4, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT |
			 CR4_SMEP | CR4_TSD | CR4_UMIP);
	ASSERT_DONE(0x0f, 0x20, 0xe0);
	assert_int_equal(regs->rax, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT |
			 CR4_TSD | CR4_UMIP);
}

static void test_xsetbv(void **state)
{
	(void)state;
	regs->rcx = regs->rdx = 0;
	regs->rax = 7;
	ASSERT_REFUSED(0x0f, 0x01, 0xd1);	/* no XSAVE */
	cpu_features.xsave = true;
	cpu_features.xcr0 = 7;
	ASSERT_DONE(0x0f, 0x01, 0xd1);
	regs->rax = 3;
	ASSERT_REFUSED(0x0f, 0x01, 0xd1);
	regs->rax = 0x207;
	ASSERT_REFUSED(0x0f, 0x01, 0xd1);
	regs->rax = 7;
	regs->rcx = 1;
	ASSERT_REFUSED(0x0f, 0x01, 0xd1);
}

/* --- debug registers --- */

static void test_dr_addresses(void **state)
{
	static const u64 bad[] = {
		HOLE, 0xffff800000000000, 0xffff87fffffffff8, 0xffff87ffffffffff,
		NON_CANONICAL, 0xffff7fffffffffff,
	};
	static const u64 fine[] = {
		0, 0x7fffffffffff, DIRECT_MAP, 0xffffffff81000000, ~0ULL,
	};
	unsigned int nr, i;

	(void)state;
	for (nr = 0; nr < 4; nr++) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			assert_int_equal(do_set_debugreg(nr, bad[i]), -EPERM);
			assert_int_equal(vcpu.dr[nr], 0);
		}
	}
	assert_int_equal(test_debug_loads, 0);
	for (nr = 0; nr < 4; nr++) {
		for (i = 0; i < ARRAY_SIZE(fine); i++) {
			assert_int_equal(do_set_debugreg(nr, fine[i]), 0);
			assert_true((u64)do_get_debugreg(nr) == fine[i]);
		}
	}
	assert_int_equal(test_debug_loads, 4 * ARRAY_SIZE(fine));
}

static void test_dr7(void **state)
{
	(void)state;
	assert_int_equal(do_get_debugreg(7), 0x400);
	assert_int_equal(do_set_debugreg(7, 0xd0003), 0);
	assert_int_equal(vcpu.dr[7], 0xd0403);
	assert_int_equal(do_set_debugreg(7, BIT(13)), -EPERM);
	assert_int_equal(do_set_debugreg(7, ~0ULL), -EPERM);
	/* I/O: refused where it is enabled, nothing where it is not. */
	assert_int_equal(do_set_debugreg(7, 0x20001), -EPERM);
	assert_int_equal(do_set_debugreg(7, 0x20002), -EPERM);
	assert_int_equal(do_set_debugreg(7, 0x20000080), -EPERM);
	assert_int_equal(do_set_debugreg(7, 0x20004), 0);
	assert_int_equal(vcpu.dr[7], 0x20404);
	/* Reserved bits. */
	assert_int_equal(do_set_debugreg(7, 0x12340000d800), 0);
	assert_int_equal(vcpu.dr[7], 0x400);
}

static void test_dr6(void **state)
{
	(void)state;
	assert_int_equal(do_get_debugreg(6), 0xffff0ff0);
	assert_int_equal(do_set_debugreg(6, ~0ULL), 0);
	assert_int_equal(do_get_debugreg(6), 0xffffefff);
	assert_int_equal(do_set_debugreg(6, 0), 0);
	assert_int_equal(do_get_debugreg(6), 0xffff0ff0);
}

static void test_dr_numbers(void **state)
{
	(void)state;
	assert_int_equal(do_set_debugreg(8, 0), -EINVAL);
	assert_int_equal(do_get_debugreg(~0ULL), -EINVAL);
	assert_int_equal(do_set_debugreg(5, 3), 0);
	assert_int_equal(vcpu.dr[7], 0x403);
	assert_int_equal(do_get_debugreg(5), 0x403);
	vcpu.virt_cr4 = CR4_DE;
	assert_int_equal(do_set_debugreg(4, 0), -ENODEV);
	assert_int_equal(do_get_debugreg(5), -ENODEV);
}

static void test_mov_dr(void **state)
{
	(void)state;
	regs->r8 = 0x401000;
	ASSERT_DONE(0x41, 0x0f, 0x23, 0xc8);	/* mov dr1, r8 */
	assert_int_equal(vcpu.dr[1], 0x401000);
	ASSERT_DONE(0x0f, 0x21, 0xcb);		/* mov rbx, dr1 */
	assert_int_equal(regs->rbx, 0x401000);
	/* A value that looks like an error number is one of the values. */
	vcpu.dr[1] = (u64)-EINVAL;
	ASSERT_DONE(0x0f, 0x21, 0xcb);
	assert_true(regs->rbx == (u64)-EINVAL);
	regs->rax = HOLE;
	ASSERT_REFUSED(0x0f, 0x23, 0xc0);
	regs->rax = BIT(13);
	ASSERT_REFUSED(0x0f, 0x23, 0xf8);
	vcpu.virt_cr4 = CR4_DE;
	ASSERT_REFUSED(0x0f, 0x21, 0xe0);
	ASSERT_REFUSED(0x0f, 0x23, 0xe0);
}

/* --- segments --- */

static void test_set_segment_base(void **state)
{
	(void)state;
	assert_int_equal(do_set_segment_base(SEGBASE_FS, 0x1000), 0);
	assert_int_equal(do_set_segment_base(SEGBASE_GS_KERNEL, 0x2000), 0);
	assert_int_equal(do_set_segment_base(SEGBASE_GS_USER, 0x3000), 0);
	assert_int_equal(test_msrs[0], 0x1000);
	assert_int_equal(test_msrs[1], 0x2000);
	assert_int_equal(test_msrs[2], 0x3000);
	assert_int_equal(do_set_segment_base(SEGBASE_FS, NON_CANONICAL), -EINVAL);
	assert_int_equal(do_set_segment_base(4, 0), -EINVAL);
	assert_int_equal(do_set_segment_base(~0ULL, 0), -EINVAL);
	assert_int_equal(test_msrs[0], 0x1000);
}

static void test_gs_selector(void **state)
{
	(void)state;
	vcpu.gdt_frames[0] = MFN(0);
	vcpu.gdt_entries = 16;
	/* base 0x12345678, DPL 3, data */
	test_gdt[12] = 0x1200f33456780fffULL;
	test_msrs[0] = 0x1000;
	test_msrs[1] = 0x2000;
	assert_int_equal(do_set_segment_base(SEGBASE_GS_USER_SEL, 12 << 3), 0);
	assert_true(vcpu.reload_segments);
	assert_int_equal(vcpu.gs, 12 << 3 | 3);
	assert_int_equal(vcpu.kernel_gs_base, 0x12345678);
	assert_int_equal(vcpu.fs_base, 0x1000);
	assert_int_equal(vcpu.gs_base, 0x2000);
	/* A bad one, then null. */
	assert_int_equal(do_set_segment_base(SEGBASE_GS_USER_SEL, 13 << 3 | 3), 0);
	assert_int_equal(vcpu.gs, 0);
	assert_int_equal(vcpu.kernel_gs_base, 0);
	assert_int_equal(do_set_segment_base(SEGBASE_GS_USER_SEL, 3), 0);
	assert_int_equal(vcpu.gs, 0);
	/* Ours: the flat one of programs, not those of ring 0 or system segments. */
	assert_int_equal(do_set_segment_base(SEGBASE_GS_USER_SEL, SEL_USER_DS), 0);
	assert_int_equal(vcpu.gs, SEL_USER_DS);
	assert_int_equal(do_set_segment_base(SEGBASE_GS_USER_SEL, SEL_HOST_DS), 0);
	assert_int_equal(vcpu.gs, 0);
	assert_int_equal(do_set_segment_base(SEGBASE_GS_USER_SEL, SEL_TSS), 0);
	assert_int_equal(vcpu.gs, 0);
	assert_int_equal(do_set_segment_base(SEGBASE_GS_USER_SEL, 0xe060), 0);
	assert_int_equal(vcpu.gs, 0);
}

static void test_stack_switch(void **state)
{
	(void)state;
	assert_int_equal(do_stack_switch(0xe02b, 0xffff888000001000), 0);
	assert_true(vcpu.gate_rw->kernel_sp == 0xffff888000001000);
}

/* --- CPUID --- */

static const u8 forced[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };

static void cpuid_of(u32 leaf, u32 sub, u32 r[4])
{
	env_code(forced, sizeof(forced));
	regs->rax = 0xffffffff00000000 | leaf;
	regs->rcx = 0xffffffff00000000 | sub;
	regs->rbx = regs->rdx = ~0ULL;
	assert_true(emulate_forced_cpuid(&vcpu));
	assert_int_equal(regs->rip, CODE + 7);
	assert_true(regs->rax <= 0xffffffff && regs->rbx <= 0xffffffff &&
		    regs->rcx <= 0xffffffff && regs->rdx <= 0xffffffff);
	r[0] = regs->rax;
	r[1] = regs->rbx;
	r[2] = regs->rcx;
	r[3] = regs->rdx;
}

static void test_forced_prefix(void **state)
{
	u8 code[7];
	unsigned int i;
	u32 r[4];

	(void)state;
	for (i = 0; i < 7; i++) {
		memcpy(code, forced, 7);
		code[i] ^= 1;
		env_code(code, 7);
		assert_false(emulate_forced_cpuid(&vcpu));
		assert_int_equal(regs->rip, CODE);
	}
	env_user(SEL_USER_CS64);
	cpuid_of(0x40000000, 0, r);
	assert_int_equal(r[0], 0x40000005);
	assert_memory_equal(&r[1], "XenVMMXenVMM", 12);
	cpuid_of(0x40000001, 0, r);
	assert_int_equal(r[0], 4 << 16 | 17);
	cpuid_of(0x40000005, 0, r);
	assert_int_equal(r[1], 30);
	/* The whole of it or nothing. */
	env_code("", 0);
	memcpy(mem + 4090, forced, 6);
	mem_rights[1] = 0;
	regs->rip = CODE + 4090;
	assert_false(emulate_forced_cpuid(&vcpu));
}

/* Never more than the CPU has, but for OSXSAVE and the hypervisor's own bit. */
static void test_cpuid_is_a_subset(void **state)
{
	u32 guest[4], real[4], leaf, i;

	(void)state;
	cpu_features.xsave = true;
	cpu_features.xcr0 = 0xe7;
	cpu_features.xsave_size = 2696;
	cpuid_of(0, 0, guest);
	assert_true(guest[0] <= 0xd);
	cpuid_count(1, 0, real);
	cpuid_of(1, 0, guest);
	assert_int_equal(guest[2] & ~(real[2] | BIT(27) | BIT(31)), 0);
	assert_int_equal(guest[3] & ~real[3], 0);
	/* VMX, SMX, PCID, x2APIC, deadline; PSE, MCE, MTRR, PGE, MCA, PSE36, HTT */
	assert_int_equal(guest[2] & (BIT(5) | BIT(6) | BIT(17) | BIT(21) | BIT(24)), 0);
	assert_int_equal(guest[3] & (BIT(3) | BIT(7) | BIT(12) | BIT(13) | BIT(14) |
				     BIT(17) | BIT(28)), 0);
	assert_int_equal(guest[1] >> 24, 0);
	for (i = 0; i < 3; i++) {
		cpuid_count(7, i, real);
		cpuid_of(7, i, guest);
		assert_int_equal(guest[1] & ~real[1], 0);
		assert_int_equal(guest[2] & ~real[2], 0);
		assert_int_equal(guest[3] & ~real[3], 0);
	}
	cpuid_of(7, 0, guest);
	assert_int_equal(guest[1] & (BIT(7) | BIT(10) | BIT(20)), 0);
	assert_int_equal(guest[2] & (BIT(3) | BIT(4) | BIT(16)), 0);
	assert_int_equal(guest[3] & (BIT(20) | BIT(26) | BIT(27) | BIT(29) | BIT(31)), 0);
	for (leaf = 0x80000001; leaf <= 0x80000030; leaf++) {
		if (leaf == 0x80000008)
			continue;
		cpuid_count(leaf, 0, real);
		cpuid_of(leaf, 0, guest);
		for (i = 0; i < 4; i++)
			assert_int_equal(guest[i] & ~real[i], 0);
	}
	cpuid_of(0x80000001, 0, guest);
	assert_int_equal(guest[2] & BIT(2), 0);
	assert_int_equal(guest[3] & (BIT(26) | BIT(27)), 0);
}

/* What the features say decides, not what the CPU of the test has. */
static void test_cpuid_follows_features(void **state)
{
	u32 r[4];

	(void)state;
	cpu_features.cr4_guest_allowed = CR4_TSD;
	cpuid_of(7, 0, r);
	assert_int_equal(r[1] & BIT(0), 0);
	assert_int_equal(r[2] & BIT(2), 0);
	assert_int_equal(r[1] & (BIT(5) | BIT(16) | BIT(17) | BIT(30) | BIT(31)), 0);
	cpuid_of(1, 0, r);
	assert_int_equal(r[2] & (BIT(12) | BIT(26) | BIT(27) | BIT(28) | BIT(29)), 0);
	cpuid_of(0xd, 0, r);
	assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
	cpu_features.xsave = true;
	cpu_features.xcr0 = 3;
	cpu_features.xsave_size = 576;
	cpuid_of(1, 0, r);
	assert_int_equal(r[2] & (BIT(12) | BIT(28) | BIT(29)), 0);
	assert_true(r[2] & BIT(27));
	cpuid_of(0xd, 0, r);
	assert_int_equal(r[0], 3);
	assert_int_equal(r[1], 576);
	assert_int_equal(r[2], 576);
	cpuid_of(0xd, 1, r);
	assert_int_equal(r[0] & ~7u, 0);
	cpuid_of(0xd, 2, r);
	assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
	vcpu.id = 5;
	cpuid_of(1, 0, r);
	assert_int_equal(r[1] >> 24, 5);
	assert_int_equal(r[1] >> 16 & 0xff, 1);
	cpuid_of(0xb, 1, r);
	assert_int_equal(r[1], 0);
	assert_int_equal(r[2], 1);
	assert_int_equal(r[3], 5);
}

static void test_cpuid_past_the_end(void **state)
{
	static const u32 leaves[] = {
		0xe, 0x14, 0x15, 0x1f, 0x7fffffff, 0x80000022, 0x8fffffff, 0xc0000000,
		0xffffffff, 0x40000006, 0x40000200,
	};
	unsigned int i;
	u32 r[4];

	(void)state;
	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		cpuid_of(leaves[i], 0, r);
		assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
	}
}

static void test_tsc_leaf(void **state)
{
	u32 r[4];

	(void)state;
	cpuid_of(0x40000003, 0, r);
	assert_int_equal(r[1], 2);
	assert_int_equal(r[2], 2000000);
}

#define T(test) cmocka_unit_test_setup(test, env_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_programs_get_nothing),
		T(test_cli_sti_of_the_kernel),
		T(test_refused_instructions),
		T(test_flags),
		T(test_single_step_of_rep),
		T(test_fetch_at_page_end),
		T(test_msr_bases),
		T(test_msr_writes),
		T(test_msr_reads),
		T(test_rdtsc),
		T(test_tsc_aux),
		T(test_cr0),
		T(test_cr2),
		T(test_cr3),
		T(test_cr4),
		T(test_xsetbv),
		T(test_dr_addresses),
		T(test_dr7),
		T(test_dr6),
		T(test_dr_numbers),
		T(test_mov_dr),
		T(test_set_segment_base),
		T(test_gs_selector),
		T(test_stack_switch),
		T(test_forced_prefix),
		T(test_cpuid_is_a_subset),
		T(test_cpuid_follows_features),
		T(test_cpuid_past_the_end),
		T(test_tsc_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
