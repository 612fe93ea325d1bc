// SPDX-License-Identifier: GPL-2.0
/*
 * Model-specific registers as a guest's RDMSR and WRMSR find them, and segment
 * bases, which are the MSRs that matter.
 *
 * A white list: what is not here is #GP, reads and writes alike, and nothing
 * that a guest writes reaches a register but the three segment bases and TSC_AUX
 * (which RDTSCP and RDPID show). Linux reads and writes all others through
 * accessors that take a #GP for "not there" (XEN_PV_MSR_SAFE); its first WRMSR
 * of GS base does not.
 *
 * Constants stand where the CPU's own value would promise what a PV guest
 * cannot have. A write of the value that would be read is accepted.
 *
 * Segment bases: while v->reload_segments stands, struct vcpu holds them,
 * otherwise the registers do (sched/switch.c).
 */
#include "dispatch/emulate.h"

#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "sched/sched.h"

/* SDM 4, table 2-2; AMD PPR (HWCR). */
#define MSR_FEATURE_CONTROL	0x3a
#define MSR_PATCH_LEVEL		0x8b
#define MSR_MCG_CAP		0x179
#define MSR_MCG_STATUS		0x17a
#define MSR_AMD_HWCR		0xc0010015

#define APIC_DEFAULT_BASE	0xfee00000ULL
#define APIC_BASE_BSP		BIT(8)
#define APIC_BASE_ENABLE	BIT(11)
#define FEATURE_CONTROL_LOCKED	BIT(0)
#define MISC_FAST_STRINGS	BIT(0)
#define MISC_BTS_UNAVAILABLE	BIT(11)
#define MISC_PEBS_UNAVAILABLE	BIT(12)
#define HWCR_TSC_AT_P0		BIT(24)

/* What never changes, on all CPUs or one maker's. */
static const struct {
	u32 msr;
	enum { ANY, INTEL, AMD } maker;
	u64 value;
} constants[] = {
	{ MSR_EFER, ANY, EFER_SCE | EFER_LME | EFER_LMA | EFER_NX },
	{ MSR_PATCH_LEVEL, ANY, 0 },	/* microcode is not the guest's: unknown */
	{ MSR_MCG_CAP, ANY, 0 },	/* no machine-check banks */
	{ MSR_MCG_STATUS, ANY, 0 },
	{ MSR_FEATURE_CONTROL, INTEL, FEATURE_CONTROL_LOCKED },
	{ MSR_MISC_ENABLE, INTEL, MISC_FAST_STRINGS | MISC_BTS_UNAVAILABLE |
				  MISC_PEBS_UNAVAILABLE },
	{ MSR_AMD_HWCR, AMD, HWCR_TSC_AT_P0 },
};

static u64 *saved_base(struct vcpu *v, u32 msr)
{
	return msr == MSR_FS_BASE ? &v->fs_base :
	       msr == MSR_GS_BASE ? &v->gs_base : &v->kernel_gs_base;
}

static bool is_base(u32 msr)
{
	return msr >= MSR_FS_BASE && msr <= MSR_KERNEL_GS_BASE;
}

/* @v is current; false if @base is not canonical. */
static bool base_set(struct vcpu *v, u32 msr, u64 base)
{
	if (!is_canonical(base))
		return false;
	if (v->reload_segments)
		*saved_base(v, msr) = base;
	else
		wrmsr(msr, base);
	return true;
}

bool msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	unsigned int i;

	if (is_base(msr)) {
		*value = v->reload_segments ? *saved_base(v, msr) : rdmsr(msr);
		return true;
	}
	switch (msr) {
	case MSR_TSC:
		*value = rdtsc();
		return true;
	case MSR_APIC_BASE:
		*value = APIC_DEFAULT_BASE | APIC_BASE_ENABLE |
			 (v->id == 0 ? APIC_BASE_BSP : 0);
		return true;
	case MSR_TSC_AUX:
		*value = v->tsc_aux;
		return cpu_features.rdtscp;
	case MSR_PAT:
		*value = rdmsr(MSR_PAT);
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(constants); i++)
		if (constants[i].msr == msr &&
		    constants[i].maker != (cpu_features.amd ? INTEL : AMD)) {
			*value = constants[i].value;
			return true;
		}
	return false;
}

/* The high half is reserved (SDM 4, table 2-2). */
static bool write_tsc_aux(struct vcpu *v, u64 value)
{
	if (!cpu_features.rdtscp || value >> 32)
		return false;
	v->tsc_aux = (u32)value;
	wrmsr(MSR_TSC_AUX, value);
	return true;
}

bool msr_write(struct vcpu *v, u32 msr, u64 value)
{
	u64 now;

	if (is_base(msr))
		return base_set(v, msr, value);
	if (msr == MSR_TSC_AUX)
		return write_tsc_aux(v, value);
	/* The TSC goes on by itself: no value can be the one that is there. */
	return msr != MSR_TSC && msr_read(v, msr, &now) && value == now;
}

/*
 * A selector for the user's GS. It cannot be loaded in host space, where the
 * guest's descriptors are not mapped, so all segments are taken out of the
 * registers and the exit loads them. A bad one becomes null (ABI).
 */
static void set_user_gs_selector(struct vcpu *v, u16 sel)
{
	struct segment seg;

	sel = sel & ~3 ? sel | 3 : 0;
	if (!sel || segment_read(v, sel, &seg) || seg.code) {
		sel = 0;
		seg.base = 0;
	}
	vcpu_segments_save(v);
	v->reload_segments = true;
	v->gs = sel;
	v->kernel_gs_base = seg.base;
}

/**
 * do_set_segment_base() - set_segment_base where the gate has not answered it:
 *			   inside a multicall
 *
 * The caller is in ring 1, so the user's GS base is the swapped one.
 */
long do_set_segment_base(u64 which, u64 base)
{
	static const u32 msr[] = {
		[SEGBASE_FS] = MSR_FS_BASE,
		[SEGBASE_GS_USER] = MSR_KERNEL_GS_BASE,
		[SEGBASE_GS_KERNEL] = MSR_GS_BASE,
	};
	struct vcpu *v = current_vcpu;

	if (which == SEGBASE_GS_USER_SEL)
		set_user_gs_selector(v, (u16)base);
	else if (which >= ARRAY_SIZE(msr) || !base_set(v, msr[which], base))
		return -EINVAL;
	return 0;
}
