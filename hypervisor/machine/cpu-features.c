// SPDX-License-Identifier: GPL-2.0
/*
 * What the boot CPU can do, and the control registers of each pCPU.
 *
 * All pCPUs are taken to be alike. boot/head.S has refused a CPU without long mode
 * and NX; SSE2, PAT, FXSAVE, SYSCALL and a local APIC come with long mode. CR4 has what the hypervisor needs; the bits
 * a guest may have for itself (cr4_guest_allowed) are added on a switch.
 * Never on: PGE (global entries would survive the switch of address spaces),
 * PCIDE, LA57, PCE, VMXE, SMAP (host space maps no user page, and the guest's
 * kernel reads its programs' memory), PKE (protection keys are refused).
 *
 * Facts: SDM 2A CPUID, 3A 2.5, 13.3; PAT as the base ABI has it
 * (xen/arch-x86/xen.h), with entries 0 to 3 as at reset, so that no mapping made before
 * changes its type.
 */
#include "machine/cpu-features.h"
#include "base/string.h"
#include "machine/cpu.h"
#include "machine/pcpu.h"

static const u64 pat_value = 0x050100070406;

/* x87, SSE, AVX and the three parts of AVX-512; no MPX, PKRU, AMX. */
#define XCR0_OFFERED	0xe7ULL
#define XCR0_X87_SSE	0x3ULL
#define XCR0_AVX	0x4ULL
#define XCR0_AVX512	0xe0ULL

struct cpu_features cpu_features;

static u64 cr4_base;	/* constant after cpu_features_init() */

static void __init xsave_detect(void)
{
	struct cpu_features *f = &cpu_features;
	u64 offered;
	u32 r[4];

	f->xsave_size = 512;
	if (!f->xsave)
		return;
	cpuid_count(0xd, 0, r);
	offered = ((u64)r[3] << 32 | r[0]) & XCR0_OFFERED;
	/* AVX-512 needs AVX and all three of its parts (SDM 1 13.3). */
	if (!(offered & XCR0_AVX) || (offered & XCR0_AVX512) != XCR0_AVX512)
		offered &= ~XCR0_AVX512;
	f->xcr0 = offered;
	/* EBX: size for what XCR0 has on now. */
	write_cr4(read_cr4() | CR4_OSXSAVE);
	xsetbv(0, offered);
	cpuid_count(0xd, 0, r);
	f->xsave_size = r[1];
	cpuid_count(0xd, 1, r);
	f->xsaveopt = r[0] & BIT(0);
	/* An image has a page (state/fpu-alloc.c). */
	if ((offered & XCR0_X87_SSE) == XCR0_X87_SSE && f->xsave_size <= PAGE_SIZE)
		return;
	f->xsave = f->xsaveopt = false;
	f->xcr0 = 0;
	f->xsave_size = 512;
}

static bool __init vendor_is(const u32 leaf0[4], const char *name)
{
	return !memcmp(&leaf0[1], name, 4) && !memcmp(&leaf0[3], name + 4, 4) &&
	       !memcmp(&leaf0[2], name + 8, 4);
}

/* Intel's, unless RDCL_NO says otherwise (SDM 4, IA32_ARCH_CAPABILITIES). */
static bool __init meltdown_detect(const u32 leaf0[4], const u32 leaf7[4])
{
	if (!vendor_is(leaf0, "GenuineIntel"))
		return false;
	return !(leaf7[3] & BIT(29)) || !(rdmsr(MSR_ARCH_CAPABILITIES) & BIT(0));
}

static void __init cr4_choose(u32 leaf1_edx)
{
	struct cpu_features *f = &cpu_features;

	cr4_base = CR4_PSE | CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	cr4_base |= (leaf1_edx & BIT(7) ? CR4_MCE : 0) | (f->xsave ? CR4_OSXSAVE : 0) |
		    (f->smep ? CR4_SMEP : 0);
	f->cr4_guest_allowed = CR4_TSD | (leaf1_edx & BIT(2) ? CR4_DE : 0) |
			       (f->fsgsbase ? CR4_FSGSBASE : 0) | (f->umip ? CR4_UMIP : 0);
}

void __init cpu_features_init(void)
{
	struct cpu_features *f = &cpu_features;
	u32 leaf0[4], leaf1[4], leaf7[4] = { 0 }, ext0[4], ext1[4], r[4];

	cpuid_count(0, 0, leaf0);
	cpuid_count(1, 0, leaf1);
	cpuid_count(0x80000000, 0, ext0);
	cpuid_count(0x80000001, 0, ext1);
	if (leaf0[0] >= 7)
		cpuid_count(7, 0, leaf7);

	f->amd = vendor_is(leaf0, "AuthenticAMD") || vendor_is(leaf0, "HygonGenuine");
	f->tsc_deadline = leaf1[2] & BIT(24);
	f->xsave = (leaf1[2] & BIT(26)) && leaf0[0] >= 0xd;
	f->fsgsbase = leaf7[1] & BIT(0);
	f->smep = leaf7[1] & BIT(7);
	f->umip = leaf7[2] & BIT(2);
	f->md_clear = leaf7[3] & BIT(10);
	f->ibpb = leaf7[3] & BIT(26);
	f->l1d_flush = leaf7[3] & BIT(28);
	f->meltdown = meltdown_detect(leaf0, leaf7);
	f->gbpages = ext1[3] & BIT(26);
	f->rdtscp = ext1[3] & BIT(27);
	f->phys_bits = 36;
	if (ext0[0] >= 0x80000007) {
		cpuid_count(0x80000007, 0, r);
		f->tsc_invariant = r[3] & BIT(8);
	}
	if (ext0[0] >= 0x80000008) {
		cpuid_count(0x80000008, 0, r);
		f->phys_bits = min(r[0] & 0xff, 52u);
		f->ibpb |= r[1] & BIT(12);	/* AMD's place for it */
	}
	xsave_detect();
	cr4_choose(leaf1[3]);
}

/* SDM 4, IA32_PRED_CMD and IA32_FLUSH_CMD; APM 2, 3.2.9 */
void cpu_change_domain(void)
{
	if (cpu_features.ibpb)
		wrmsr(MSR_PRED_CMD, 1);
	if (cpu_features.l1d_flush)
		wrmsr(MSR_FLUSH_CMD, 1);
}

void cpu_pcpu_init(void)
{
	write_cr0(CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
	write_cr4(cr4_base);
	this_cpu->cr4 = cr4_base;
	wrmsr(MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NX);
	wrmsr(MSR_PAT, READ_ONCE(pat_value));
	if (cpu_features.xsave)
		xsetbv(0, cpu_features.xcr0);
	if (cpu_features.rdtscp)
		wrmsr(MSR_TSC_AUX, 0);
	write_dr7(0);
	this_cpu->dr7 = 0;
}
