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
#include "dispatch/calls.h"
#include "dispatch/emulate.h"

#include "base/errno.h"
#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "machine/pcpu.h"
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

static const u32 base_msr[] = {
	[BASE_FS] = MSR_FS_BASE,
	[BASE_GS] = MSR_GS_BASE,
	[BASE_KERNEL_GS] = MSR_KERNEL_GS_BASE,
};

static u64 *saved_base(struct vcpu *v, enum segment_base which)
{
	return which == BASE_FS ? &v->fs_base :
	       which == BASE_GS ? &v->gs_base : &v->kernel_gs_base;
}

/* @v is current. */
u64 segment_base_get(struct vcpu *v, enum segment_base which)
{
	return v->reload_segments ? *saved_base(v, which) :
				    rdmsr(base_msr[which]);
}

/* @v is current; @base is canonical. */
void segment_base_set(struct vcpu *v, enum segment_base which, u64 base)
{
	if (v->reload_segments)
		*saved_base(v, which) = base;
	else
		wrmsr(base_msr[which], base);
}

static bool is_base_msr(u32 msr, enum segment_base *which)
{
	for (*which = BASE_FS; *which <= BASE_KERNEL_GS; (*which)++) {
		if (base_msr[*which] == msr)
			return true;
	}
	return false;
}

static bool msr_read_intel(u32 msr, u64 *value)
{
	switch (msr) {
	case MSR_FEATURE_CONTROL:
		*value = FEATURE_CONTROL_LOCKED;
		return true;
	case MSR_MISC_ENABLE:
		*value = MISC_FAST_STRINGS | MISC_BTS_UNAVAILABLE |
			 MISC_PEBS_UNAVAILABLE;
		return true;
	}
	return false;
}

bool msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	enum segment_base which;

	if (is_base_msr(msr, &which)) {
		*value = segment_base_get(v, which);
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
	case MSR_EFER:
		*value = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
		return true;
	case MSR_PATCH_LEVEL:	/* microcode is not the guest's: unknown */
	case MSR_MCG_CAP:	/* no machine-check banks */
	case MSR_MCG_STATUS:
		*value = 0;
		return true;
	case MSR_AMD_HWCR:
		*value = HWCR_TSC_AT_P0;
		return cpu_features.amd;
	}
	return !cpu_features.amd && msr_read_intel(msr, value);
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
	enum segment_base which;
	u64 now;

	if (is_base_msr(msr, &which)) {
		if (!is_canonical(value))
			return false;
		segment_base_set(v, which, value);
		return true;
	}
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
	struct vcpu *v = current_vcpu;

	if (which == SEGBASE_GS_USER_SEL) {
		set_user_gs_selector(v, (u16)base);
		return 0;
	}
	if (which > SEGBASE_GS_USER_SEL || !is_canonical(base))
		return -EINVAL;
	segment_base_set(v, which == SEGBASE_FS ? BASE_FS :
			    which == SEGBASE_GS_USER ? BASE_KERNEL_GS : BASE_GS,
			 base);
	return 0;
}
