// SPDX-License-Identifier: GPL-2.0
/* Control registers, HLT, CLI, STI and the rest of the privileged instructions in the kernel. */
#include "guest.h"

static ulong get_cr0(void) { ulong v; asm volatile("mov %%cr0, %0" : "=r"(v)); return v; }
static ulong get_cr2(void) { ulong v; asm volatile("mov %%cr2, %0" : "=r"(v)); return v; }
static ulong get_cr3(void) { ulong v; asm volatile("mov %%cr3, %0" : "=r"(v)); return v; }
static ulong get_cr4(void) { ulong v; asm volatile("mov %%cr4, %0" : "=r"(v)); return v; }

static long try_cr0(ulong v)
{
	struct fault f;

	TRY(f)
		asm volatile("mov %0, %%cr0" : : "r"(v) : "memory");
	return f.vec;
}

static long try_cr3(ulong v)
{
	struct fault f;

	TRY(f)
		asm volatile("mov %0, %%cr3" : : "r"(v) : "memory");
	return f.vec;
}

static long try_cr4(ulong v)
{
	struct fault f;

	TRY(f)
		asm volatile("mov %0, %%cr4" : : "r"(v) : "memory");
	return f.vec;
}

CASE(cr0_read)
{
	ulong v = get_cr0();

	EXPECT_EQ(v & 0x80010001, 0x80010001);	/* PG, WP, PE */
}

CASE(cr0_write)
{
	ulong v = get_cr0();

	EXPECT_EQ(try_cr0(v | 8), -1);
	EXPECT_EQ(get_cr0() & 8, 8);
	EXPECT_EQ(try_cr0(v & ~8ul), -1);
	EXPECT_EQ(get_cr0() & 8, 0);
}

/* Whether refused or ignored: protection, paging and WP stay on. */
CASE(cr0_write_protection_off)
{
	ulong v = get_cr0();
	struct fault f;

	try_cr0(v & ~BIT(16));
	EXPECT_EQ(get_cr0(), v);
	TRY(f)
		*(volatile ulong *)pfn_va(kernel_l4_pfn) = 1;
	EXPECT_EQ(f.vec, X_PF);
	try_cr0(v & ~BIT(31));
	try_cr0(0);
	EXPECT_EQ(get_cr0(), v);
}

CASE(cr0_task_switched)
{
	struct fault f;

	EXPECT_EQ(HYP(fpu_taskswitch, 1), 0);
	TRY(f)
		asm volatile("fnop");
	EXPECT_EQ(f.vec, X_NM);
	EXPECT_EQ(HYP(fpu_taskswitch, 0), 0);
	TRY(f)
		asm volatile("fnop");
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(HYP(fpu_taskswitch, 1), 0);
	TRY(f)
		asm volatile("clts");
	EXPECT_EQ(f.vec, -1);
	TRY(f)
		asm volatile("fnop");
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(HYP(fpu_taskswitch, 0), 0);
}

CASE(cr2_is_the_shared_one)
{
	struct fault f;

	TRY(f)
		*(volatile u8 *)USER_SPARE = 1;
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(get_cr2(), USER_SPARE);
	asm volatile("mov %0, %%cr2" : : "r"(0x4321ul));
	EXPECT_EQ(this_vcpu()->info->arch.cr2, 0x4321);
}

CASE(cr3_read_write)
{
	EXPECT_EQ(get_cr3(), mfn_ma(pfn_mfn(kernel_l4_pfn)));
	EXPECT_EQ(try_cr3(get_cr3()), -1);
	EXPECT_EQ(get_cr3(), mfn_ma(pfn_mfn(kernel_l4_pfn)));
}

CASE(cr3_write_wrong)
{
	ulong page = alloc_pfn(), old = get_cr3();

	EXPECT_EQ(try_cr3(mfn_ma(pfn_mfn(page))), X_GP);
	EXPECT_EQ(try_cr3(mfn_ma(pfn_mfn(user_l1_pfn))), X_GP);
	EXPECT_EQ(try_cr3(mfn_ma(mfn_of_hypervisor())), X_GP);
	EXPECT_EQ(try_cr3(~0ul), X_GP);
	EXPECT_EQ(get_cr3(), old);
	free_pfn(page);
}

CASE(cr4_read)
{
	ulong v = get_cr4();

	EXPECT(v & BIT(5));	/* PAE */
}

/* Only what PV allows changes: never VMXE, SMXE, SMEP, SMAP, PKE, PCIDE, PCE, LA57. */
CASE(cr4_write_owned_bits)
{
	static const u8 bits[] = { 5, 8, 12, 13, 14, 17, 20, 21, 22 };
	ulong v = get_cr4();
	unsigned int i;

	EXPECT_EQ(try_cr4(v), -1);
	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		try_cr4(v ^ BIT(bits[i]));
		EXPECT_EQ(get_cr4(), v);
	}
}

CASE(cli_sti_without_iopl)
{
	struct physdev_set_iopl iopl = { .iopl = 0 };
	struct fault f;

	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	TRY(f)
		asm volatile("cli");
	EXPECT_EQ(f.vec, X_GP);
	TRY(f)
		asm volatile("sti");
	EXPECT_EQ(f.vec, X_GP);
}

CASE(cli_sti_with_iopl)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	struct fault f;
	u8 mask = this_vcpu()->info->evtchn_upcall_mask;

	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	TRY(f)
		asm volatile("cli");
	EXPECT_EQ(f.vec, -1);
	EXPECT(read_flags() & FL_IF);
	TRY(f)
		asm volatile("sti");
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(this_vcpu()->info->evtchn_upcall_mask, mask);
	iopl.iopl = 0;
	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
}

/* #UD where the CPU does not have the instruction at all. */
#define REFUSED(name, vector, ...)					\
	CASE(refused_##name)						\
	{								\
		static u64 mem[8] __attribute__((unused));		\
		struct fault f;						\
									\
		TRY(f)							\
			asm volatile(__VA_ARGS__);			\
		EXPECT(f.vec == (vector) || f.vec == X_UD);		\
	}

REFUSED(hlt, X_GP, "hlt")
REFUSED(lgdt, X_GP, "lgdt (%0)" : : "r"(mem) : "memory")
REFUSED(lidt, X_GP, "lidt (%0)" : : "r"(mem) : "memory")
REFUSED(lldt, X_GP, "lldt %w0" : : "r"(0) : "memory")
REFUSED(ltr, X_GP, "ltr %w0" : : "r"(0x40) : "memory")
REFUSED(invd, X_GP, "invd" : : : "memory")
REFUSED(swapgs, X_GP, "swapgs" : : : "memory")
REFUSED(sysret, X_GP, "sysretq" : : "c"(0) : "memory")
REFUSED(sysexit, X_GP, "sysexitq" : : "c"(0), "d"(0) : "memory")
REFUSED(vmcall, X_UD, "vmcall" : : "a"(0) : "memory")
REFUSED(vmmcall, X_UD, "vmmcall" : : "a"(0) : "memory")
REFUSED(vmxon, X_UD, "vmxon (%0)" : : "r"(mem) : "memory")
REFUSED(rsm, X_UD, "rsm" : : : "memory")
REFUSED(cr8, X_GP, "mov %%cr8, %0" : "=r"(mem[0]) : : "memory")
REFUSED(lmsw, X_GP, "lmsw %w0" : : "r"(1) : "memory")
REFUSED(invlpg, X_GP, "invlpg (%0)" : : "r"(USER_SPARE) : "memory")
REFUSED(invlpg_hypervisor, X_GP, "invlpg (%0)" : : "r"(HV_START) : "memory")
REFUSED(monitor, X_UD, "monitor" : : "a"(mem), "c"(0), "d"(0) : "memory")
REFUSED(mwait, X_UD, "mwait" : : "a"(0), "c"(0) : "memory")
REFUSED(rdpmc, X_GP, "rdpmc" : : "c"(0) : "rax", "rdx", "memory")
REFUSED(xsetbv, X_GP, "xsetbv" : : "c"(0), "a"(1), "d"(0) : "memory")
REFUSED(iret_to_ring0, X_GP,
	"push $0; push %%rsp; pushf; push $0xe008; lea 1f(%%rip), %%rax; push %%rax; iretq; 1:"
	: : : "rax", "memory")
