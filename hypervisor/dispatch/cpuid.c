// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID as the forced-emulation prefix gives it: what works for a PV guest.
 *
 * A plain CPUID does not trap below ring 0 (without CPUID faulting), so programs
 * may see more than this; what they can see and use there (instructions) works
 * or raises #UD or #GP in them alone. Kernels ask here.
 *
 * Feature words are white lists ANDed with the CPU's: a bit nobody thought of
 * is hidden. Left out: what needs ring 0 or real MSRs (VMX, SVM, SMEP, SMAP,
 * PCID, MTRR, MCE, x2APIC, speculation control), what the page tables refuse
 * (PSE, PGE, 1 GiB pages, LA57, protection keys), what would need more state
 * in the switch (CET, AMX, MPX, XSAVES). Topology:
 * each vCPU a package of its own, its APIC id its number.
 *
 * Facts: SDM 2A CPUID, APM 3 appendix E, xen/arch-x86/cpuid.h.
 */
#include "dispatch/dispatch.h"
#include "dispatch/emulate.h"

#include "base/string.h"
#include "machine/clock.h"
#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "state/alloc.h"

#include <xen/arch-x86/cpuid.h>

#define MAX_BASIC	0xdu
#define MAX_EXTENDED	0x80000021u
#define XEN_LEAF	0x40000000
/* Leaf 0x40000003 (numbers only in the comments of xen/arch-x86/cpuid.h). */
#define TSC_RELIABLE		BIT(1)
#define TSC_NEVER_EMULATED	2
#define XCR0_AVX	BIT(2)
#define XCR0_AVX512	(XCR0_AVX | BITS(5, 7))
#define L1C_HYPERVISOR	BIT(31)

#define BITS(first, last) (BIT((last) + 1) - BIT(first))

enum { EAX, EBX, ECX, EDX };
/* What bits of a word need besides the CPU's own. */
enum need { NOTHING, AVX, AVX512, XSAVE, FSGSBASE, UMIP, RDTSCP };

static const struct {
	u32 leaf;
	u8 sub, reg;
	u8 need;
	u32 bits;
} white_list[] = {
	{ 1, 0, EAX, NOTHING, ~0u },
	{ 1, 0, EBX, NOTHING, 0xff00 },		/* CLFLUSH size */
	{ 1, 0, ECX, NOTHING, BITS(0, 1) | BIT(9) | BIT(13) | BITS(19, 20) |
			      BITS(22, 23) | BIT(25) | BIT(30) },
	{ 1, 0, ECX, AVX, BIT(12) | BITS(28, 29) },	/* FMA, AVX, F16C */
	{ 1, 0, ECX, XSAVE, BITS(26, 27) },	/* OSXSAVE: as the real CR4 has it */
	/* FPU DE TSC MSR PAE CX8 APIC SEP CMOV PAT CLFSH MMX .. SSE2 SS */
	{ 1, 0, EDX, NOTHING, BIT(0) | BIT(2) | BITS(4, 6) | BITS(8, 9) | BIT(11) |
			      BITS(15, 16) | BIT(19) | BITS(23, 27) },
	{ 7, 0, EAX, NOTHING, ~0u },
	/* BMI1, FDP_EXCPTN_ONLY, BMI2, ERMS, NO_FPU_SEL, RDSEED, ADX, ... */
	{ 7, 0, EBX, NOTHING, BIT(3) | BIT(6) | BITS(8, 9) | BIT(13) | BITS(18, 19) |
			      BITS(23, 24) | BIT(29) },
	{ 7, 0, EBX, FSGSBASE, BIT(0) },
	{ 7, 0, EBX, AVX, BIT(5) },
	{ 7, 0, EBX, AVX512, BITS(16, 17) | BIT(21) | BITS(26, 28) | BITS(30, 31) },
	/* PREFETCHWT1, GFNI, CLDEMOTE, MOVDIRI, MOVDIR64B */
	{ 7, 0, ECX, NOTHING, BIT(0) | BIT(8) | BIT(25) | BITS(27, 28) },
	{ 7, 0, ECX, UMIP, BIT(2) },
	{ 7, 0, ECX, RDTSCP, BIT(22) },		/* RDPID */
	{ 7, 0, ECX, AVX, BITS(9, 10) },	/* VAES, VPCLMULQDQ */
	{ 7, 0, ECX, AVX512, BIT(1) | BIT(6) | BITS(11, 12) | BIT(14) },
	{ 7, 0, EDX, NOTHING, BIT(4) | BIT(10) | BIT(14) }, /* FSRM, MD_CLEAR, SERIALIZE */
	{ 7, 0, EDX, AVX512, BITS(2, 3) | BIT(8) | BIT(23) },
	{ 7, 1, EAX, NOTHING, BITS(10, 12) },		/* FZRM, FSRS, FSRCS */
	{ 7, 1, EAX, AVX, BIT(4) | BIT(23) },		/* AVX-VNNI, AVX-IFMA */
	{ 7, 1, EAX, AVX512, BIT(5) },			/* AVX512_BF16 */
	{ 7, 1, EDX, AVX, BITS(4, 5) },		/* AVX-VNNI-INT8, AVX-NE-CONVERT */
	{ 0xd, 1, EAX, XSAVE, BITS(0, 2) },	/* XSAVEOPT, XSAVEC, XGETBV(1) */
	{ 0x80000001, 0, EAX, NOTHING, ~0u },
	/* LAHF, ABM, SSE4A, MISALIGNSSE, 3DNOWPREFETCH, TBM */
	{ 0x80000001, 0, ECX, NOTHING, BIT(0) | BITS(5, 8) | BIT(21) },
	{ 0x80000001, 0, ECX, AVX, BIT(11) | BIT(16) },	/* XOP, FMA4 */
	/* As leaf 1 where AMD repeats it; SYSCALL NX .. LM 3DNOW */
	{ 0x80000001, 0, EDX, NOTHING, BIT(0) | BIT(2) | BITS(4, 6) | BITS(8, 9) |
				       BIT(11) | BITS(15, 16) | BIT(20) |
				       BITS(22, 24) | BITS(29, 31) },
	{ 0x80000001, 0, EDX, RDTSCP, BIT(27) },
	{ 0x80000007, 0, EDX, NOTHING, BIT(8) },	/* invariant TSC */
	{ 0x80000008, 0, EAX, NOTHING, ~0u },
	{ 0x80000008, 0, EBX, NOTHING, BIT(0) | BIT(2) }, /* CLZERO, RSTR_FP_ERR_PTRS */
	/* Data breakpoints, LFENCE serialises, null selector */
	{ 0x80000021, 0, EAX, NOTHING, BIT(0) | BIT(2) | BIT(6) },
};

static bool works(enum need need)
{
	u64 xcr0 = cpu_features.xcr0, cr4 = cpu_features.cr4_guest_allowed;

	switch (need) {
	case AVX:
		return xcr0 & XCR0_AVX;
	case AVX512:
		return (xcr0 & XCR0_AVX512) == XCR0_AVX512;
	case XSAVE:
		return cpu_features.xsave;
	case FSGSBASE:
		return cr4 & CR4_FSGSBASE;
	case UMIP:
		return cr4 & CR4_UMIP;
	case RDTSCP:
		return cpu_features.rdtscp;
	default:
		return true;
	}
}

/* Shown as it is: names, caches and TLBs, width of the FPU; places in the XSAVE area. */
static bool is_plain(u32 leaf, u32 sub)
{
	return leaf == 0 || leaf == 2 || leaf == 4 || leaf == 0x80000000 ||
	       (leaf >= 0x80000002 && leaf <= 0x80000006) || leaf == 0x8000001a ||
	       (leaf == 0xd && sub >= 2 && sub < 63 && (cpu_features.xcr0 & BIT(sub)));
}

static void apply_white_list(u32 leaf, u32 sub, u32 r[4])
{
	u32 shown[4] = { 0 };
	unsigned int i;

	if (leaf != 7 && leaf != 0xd)	/* no others here have subleaves */
		sub = 0;
	for (i = 0; i < ARRAY_SIZE(white_list); i++)
		if (white_list[i].leaf == leaf && white_list[i].sub == sub &&
		    works(white_list[i].need))
			shown[white_list[i].reg] |= white_list[i].bits;
	for (i = 0; i < 4; i++)
		r[i] &= shown[i];
}

static void adjust(const struct vcpu *v, u32 leaf, u32 sub, u32 r[4])
{
	switch (leaf) {
	case 0x0:
		r[EAX] = min(r[EAX], MAX_BASIC);
		break;
	case 0x1:	/* one logical processor a package; APIC id */
		r[EBX] |= 1 << 16 | v->id << 24;
		r[ECX] |= L1C_HYPERVISOR;
		break;
	case 0x4:	/* caches: not shared, one core a package */
		r[EAX] &= 0x3fff;
		break;
	case 0x7:
		if (sub == 0)
			r[EAX] = min(r[EAX], 1u);
		break;
	case 0xb:	/* no level is valid */
		r[ECX] = sub & 0xff;
		r[EDX] = v->id;
		break;
	case 0xd:	/* the components of cpu_features.xcr0, which XCR0 always is */
		if (sub != 0 || !cpu_features.xsave)
			break;
		r[EAX] = (u32)cpu_features.xcr0;
		r[EBX] = r[ECX] = cpu_features.xsave_size;
		r[EDX] = cpu_features.xcr0 >> 32;
		break;
	case 0x80000000:
		r[EAX] = min(r[EAX], MAX_EXTENDED);
		break;
	case 0x80000008:	/* address sizes: 4-level paging */
		r[EAX] = (r[EAX] & ~0xffffu) | 48 << 8 | cpu_features.phys_bits;
		break;
	}
}

/* Bits that the machine addresses of RAM need. */
static u32 machine_address_width(void)
{
	paddr_t end = ram.n ? ram.range[ram.n - 1].end : 0;

	return end ? 64 - __builtin_clzll(end - 1) : 0;
}

static void xen_leaf(u32 leaf, u32 sub, u32 r[4])
{
	switch (leaf - XEN_LEAF) {
	case 0:
		r[EAX] = XEN_LEAF + XEN_CPUID_MAX_NUM_LEAVES;
		r[EBX] = XEN_CPUID_SIGNATURE_EBX;
		r[ECX] = XEN_CPUID_SIGNATURE_ECX;
		r[EDX] = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		r[EAX] = BASE_VERSION;
		break;
	case 2:	/* no MSR writes a hypercall page: PV guests have the ELF note */
		r[ECX] = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 3:
		if (sub == 0) {		/* the TSC is the machine's own */
			r[EAX] = cpu_features.tsc_invariant ? TSC_RELIABLE : 0;
			r[EBX] = TSC_NEVER_EMULATED;
			r[ECX] = tsc_khz();
		}
		break;
	case 5:
		if (sub == 0)
			r[EBX] = machine_address_width() & XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK;
		break;
	}
}

/**
 * cpuid_guest() - what forced CPUID answers
 * @v: who asks
 * @leaf: eax, @sub: ecx
 * @r: eax, ebx, ecx, edx; leaves that do not exist are zero
 */
void cpuid_guest(struct vcpu *v, u32 leaf, u32 sub, u32 r[4])
{
	u32 max[4];

	memset(r, 0, 4 * sizeof(*r));
	if (leaf >= XEN_LEAF && leaf <= XEN_LEAF + 0xffff)
		xen_leaf(leaf, sub, r);
	if (leaf > MAX_BASIC && (leaf < 0x80000000 || leaf > MAX_EXTENDED))
		return;
	/* Past its last leaf Intel's CPUID repeats another one. */
	cpuid_count(leaf & 0x80000000, 0, max);
	if (leaf > max[EAX])
		return;
	cpuid_count(leaf, sub, r);
	if (!is_plain(leaf, sub))
		apply_white_list(leaf, sub, r);
	adjust(v, leaf, sub, r);
}
