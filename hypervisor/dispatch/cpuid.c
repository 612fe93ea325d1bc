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
#include "dispatch/emulate.h"

#include "machine/clock.h"
#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "state/alloc.h"

#include <xen/arch-x86/cpuid.h>

#define VERSION_MAJOR	4	/* the base profile (xen_version.version) */
#define VERSION_MINOR	17
#define MAX_BASIC	0xd
#define MAX_EXTENDED	0x80000021
#define XEN_LEAF	0x40000000
/* Leaf 0x40000003 (numbers only in the comments of xen/arch-x86/cpuid.h). */
#define TSC_RELIABLE		BIT(1)
#define TSC_NEVER_EMULATED	2
#define XCR0_AVX	BIT(2)
#define XCR0_AVX512	(BIT(5) | BIT(6) | BIT(7))

enum { EAX, EBX, ECX, EDX };

/* Leaf 1, ECX. */
#define L1C_AVX		(BIT(12) | BIT(28) | BIT(29))	/* FMA, AVX, F16C */
#define L1C_XSAVE	BIT(26)
#define L1C_OSXSAVE	BIT(27)
#define L1C_HYPERVISOR	BIT(31)
#define L1C_PLAIN	(BIT(0) | BIT(1) | BIT(9) | BIT(13) | BIT(19) | \
			 BIT(20) | BIT(22) | BIT(23) | BIT(25) | BIT(30))
/* Leaf 1, EDX: FPU DE TSC MSR PAE CX8 APIC SEP CMOV PAT CLFSH MMX .. SSE2 SS */
#define L1D_PLAIN	(BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | \
			 BIT(9) | BIT(11) | BIT(15) | BIT(16) | BIT(19) | \
			 BIT(23) | BIT(24) | BIT(25) | BIT(26) | BIT(27))
/* Leaf 7, EBX: BMI1, FDP_EXCPTN_ONLY, BMI2, ERMS, NO_FPU_SEL, RDSEED, ADX, ... */
#define L7B_PLAIN	(BIT(3) | BIT(6) | BIT(8) | BIT(9) | BIT(13) | BIT(18) | \
			 BIT(19) | BIT(23) | BIT(24) | BIT(29))
#define L7B_FSGSBASE	BIT(0)
#define L7B_AVX2	BIT(5)
#define L7B_AVX512	(BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | \
			 BIT(28) | BIT(30) | BIT(31))
/* Leaf 7, ECX: PREFETCHWT1, GFNI, CLDEMOTE, MOVDIRI, MOVDIR64B */
#define L7C_PLAIN	(BIT(0) | BIT(8) | BIT(25) | BIT(27) | BIT(28))
#define L7C_UMIP	BIT(2)
#define L7C_RDPID	BIT(22)
#define L7C_AVX		(BIT(9) | BIT(10))	/* VAES, VPCLMULQDQ */
#define L7C_AVX512	(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
/* Leaf 7, EDX: FSRM, MD_CLEAR, SERIALIZE */
#define L7D_PLAIN	(BIT(4) | BIT(10) | BIT(14))
#define L7D_AVX512	(BIT(2) | BIT(3) | BIT(8) | BIT(23))
/* Leaf 7, subleaf 1, EAX: FZRM, FSRS, FSRCS */
#define L71A_PLAIN	(BIT(10) | BIT(11) | BIT(12))
#define L71A_AVX	(BIT(4) | BIT(23))	/* AVX-VNNI, AVX-IFMA */
#define L71A_AVX512	BIT(5)			/* AVX512_BF16 */
#define L71D_AVX	(BIT(4) | BIT(5))	/* AVX-VNNI-INT8, AVX-NE-CONVERT */
/* 0x80000001, ECX: LAHF, ABM, SSE4A, MISALIGNSSE, 3DNOWPREFETCH, TBM */
#define E1C_PLAIN	(BIT(0) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(21))
#define E1C_AVX		(BIT(11) | BIT(16))	/* XOP, FMA4 */
/* 0x80000001, EDX: as leaf 1 where AMD repeats it; SYSCALL NX .. LM 3DNOW */
#define E1D_PLAIN	(BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | \
			 BIT(9) | BIT(11) | BIT(15) | BIT(16) | BIT(20) | \
			 BIT(22) | BIT(23) | BIT(24) | BIT(29) | BIT(30) | \
			 BIT(31))
#define E1D_RDTSCP	BIT(27)
#define E7D_INVARIANT_TSC BIT(8)
#define E8B_PLAIN	(BIT(0) | BIT(2))	/* CLZERO, RSTR_FP_ERR_PTRS */
/* 0x80000021, EAX: data breakpoints, LFENCE serialises, null selector */
#define E21A_PLAIN	(BIT(0) | BIT(2) | BIT(6))

static bool has_avx(void)
{
	return cpu_features.xcr0 & XCR0_AVX;
}

static bool has_avx512(void)
{
	return has_avx() && (cpu_features.xcr0 & XCR0_AVX512) == XCR0_AVX512;
}

static u32 with_vectors(u32 plain, u32 avx, u32 avx512)
{
	return plain | (has_avx() ? avx : 0) | (has_avx512() ? avx512 : 0);
}

static void clear(u32 r[4])
{
	r[EAX] = r[EBX] = r[ECX] = r[EDX] = 0;
}

static void leaf_1(const struct vcpu *v, u32 r[4])
{
	/* CLFLUSH size; one logical processor a package; APIC id. */
	r[EBX] = (r[EBX] & 0xff00) | 1 << 16 | v->id << 24;
	r[ECX] &= with_vectors(L1C_PLAIN, L1C_AVX, 0) |
		  (cpu_features.xsave ? L1C_XSAVE : 0);
	/* The real CR4 has it whenever XSAVE is used here at all. */
	if (cpu_features.xsave)
		r[ECX] |= L1C_OSXSAVE;
	r[ECX] |= L1C_HYPERVISOR;
	r[EDX] &= L1D_PLAIN;
}

static void leaf_7(u32 sub, u32 r[4])
{
	u64 cr4 = cpu_features.cr4_guest_allowed;

	switch (sub) {
	case 0:
		r[EAX] = min(r[EAX], 1u);
		r[EBX] &= with_vectors(L7B_PLAIN, L7B_AVX2, L7B_AVX512) |
			  (cr4 & CR4_FSGSBASE ? L7B_FSGSBASE : 0);
		r[ECX] &= with_vectors(L7C_PLAIN, L7C_AVX, L7C_AVX512) |
			  (cr4 & CR4_UMIP ? L7C_UMIP : 0) |
			  (cpu_features.rdtscp ? L7C_RDPID : 0);
		r[EDX] &= with_vectors(L7D_PLAIN, 0, L7D_AVX512);
		break;
	case 1:
		r[EAX] &= with_vectors(L71A_PLAIN, L71A_AVX, L71A_AVX512);
		r[EBX] = r[ECX] = 0;
		r[EDX] &= with_vectors(0, L71D_AVX, 0);
		break;
	default:
		clear(r);
	}
}

/* XSAVE: the components of cpu_features.xcr0, which XCR0 always is. */
static void leaf_d(u32 sub, u32 r[4])
{
	u64 xcr0 = cpu_features.xcr0;

	if (!cpu_features.xsave) {
		clear(r);
	} else if (sub == 0) {
		r[EAX] = (u32)xcr0;
		r[EBX] = r[ECX] = cpu_features.xsave_size;
		r[EDX] = xcr0 >> 32;
	} else if (sub == 1) {
		r[EAX] &= 7;	/* XSAVEOPT, XSAVEC, XGETBV(1); no XSAVES */
		r[EBX] = r[ECX] = r[EDX] = 0;
	} else if (sub >= 63 || !(xcr0 & BIT(sub))) {
		clear(r);
	}
}

static void basic_leaf(const struct vcpu *v, u32 leaf, u32 sub, u32 r[4])
{
	switch (leaf) {
	case 0x0:
		r[EAX] = min(r[EAX], (u32)MAX_BASIC);
		break;
	case 0x1:
		leaf_1(v, r);
		break;
	case 0x2:	/* caches and TLBs, Intel's older way */
		break;
	case 0x4:	/* caches: not shared, one core a package */
		r[EAX] &= 0x3fff;
		break;
	case 0x7:
		leaf_7(sub, r);
		break;
	case 0xb:	/* no level is valid */
		clear(r);
		r[ECX] = sub & 0xff;
		r[EDX] = v->id;
		break;
	case 0xd:
		leaf_d(sub, r);
		break;
	default:	/* serial number, MWAIT, thermal, PMU, ... */
		clear(r);
	}
}

static void extended_leaf(u32 leaf, u32 r[4])
{
	switch (leaf) {
	case 0x80000000:
		r[EAX] = min(r[EAX], (u32)MAX_EXTENDED);
		break;
	case 0x80000001:
		r[EBX] = 0;
		r[ECX] &= with_vectors(E1C_PLAIN, E1C_AVX, 0);
		r[EDX] &= E1D_PLAIN | (cpu_features.rdtscp ? E1D_RDTSCP : 0);
		break;
	case 0x80000002: case 0x80000003: case 0x80000004:	/* brand */
	case 0x80000005: case 0x80000006:	/* caches and TLBs */
	case 0x8000001a:			/* width of the FPU */
		break;
	case 0x80000007:
		clear(r);
		r[EDX] = cpu_features.tsc_invariant ? E7D_INVARIANT_TSC : 0;
		break;
	case 0x80000008:	/* address sizes: 4-level paging */
		r[EAX] = (r[EAX] & ~0xffffu) | 48 << 8 | cpu_features.phys_bits;
		r[EBX] &= E8B_PLAIN;
		r[ECX] = r[EDX] = 0;
		break;
	case 0x80000021:
		r[EAX] &= E21A_PLAIN;
		r[EBX] = r[ECX] = r[EDX] = 0;
		break;
	default:
		clear(r);
	}
}

/* Bits that the machine addresses of RAM need. */
static u32 machine_address_width(void)
{
	paddr_t end = nr_ram_ranges ? ram_ranges[nr_ram_ranges - 1].end : 0;

	return end ? 64 - __builtin_clzll(end - 1) : 0;
}

static void xen_leaf(u32 leaf, u32 sub, u32 r[4])
{
	clear(r);
	switch (leaf - XEN_LEAF) {
	case 0:
		r[EAX] = XEN_LEAF + XEN_CPUID_MAX_NUM_LEAVES;
		r[EBX] = XEN_CPUID_SIGNATURE_EBX;
		r[ECX] = XEN_CPUID_SIGNATURE_ECX;
		r[EDX] = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		r[EAX] = VERSION_MAJOR << 16 | VERSION_MINOR;
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
			r[EBX] = machine_address_width() &
				 XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK;
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

	if (leaf == STATS_LEAF) {
		stats_leaf(v->domain, sub, r);
		return;
	}
	if (leaf >= XEN_LEAF && leaf <= XEN_LEAF + 0xffff) {
		xen_leaf(leaf, sub, r);
		return;
	}
	clear(r);
	if (leaf > MAX_BASIC && (leaf < 0x80000000 || leaf > MAX_EXTENDED))
		return;
	/* Past its last leaf Intel's CPUID repeats another one. */
	cpuid_count(leaf & 0x80000000, 0, max);
	if (leaf > max[EAX])
		return;
	cpuid_count(leaf, sub, r);
	if (leaf & 0x80000000)
		extended_leaf(leaf, r);
	else
		basic_leaf(v, leaf, sub, r);
}
