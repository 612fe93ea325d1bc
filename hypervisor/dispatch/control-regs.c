// SPDX-License-Identifier: GPL-2.0
/*
 * Control registers as ring 1 reads and writes them, XCR0, the virtual TS flag
 * and the kernel stack.
 *
 * CR0: the real one is shown; only TS can be changed, a write that would change
 *	more is #GP. The register holds TS while the vCPU is loaded
 *	(sched/switch.c).
 * CR2: the word in vcpu_info, where the guest looks for it (ABI).
 * CR3: the base of the guest's own tables, in the form of the ABI
 *	(xen_pfn_to_cr3); a write is MMUEXT_NEW_BASEPTR.
 * CR4: of its own a guest has what cpu_features.cr4_guest_allowed says; the
 *	other bits show what works here and cannot be changed (writes to them are
 *	ignored, as in the base ABI's reference: Linux writes back what it read).
 * XCR0: one value for the whole machine, which CPUID announces; writing any
 *	other is #GP.
 *
 * All of the current vCPU; mm takes d->page_lock for CR3.
 */
#include "dispatch/emulate.h"

#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "mm/mm.h"
#include "sched/sched.h"

/* Bits of the real CR4 that describe what a guest may rely on. */
#define CR4_SHOWN	(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE)

void vcpu_set_ts(struct vcpu *v, bool set)
{
	u64 cr0 = read_cr0();
	u64 value = set ? cr0 | CR0_TS : cr0 & ~CR0_TS;

	v->virt_cr0 = (v->virt_cr0 & ~CR0_TS) | (value & CR0_TS);
	if (value != cr0)
		write_cr0(value);
}

/* fpu_taskswitch: TS is also cleared by the #NM it causes. */
long do_fpu_taskswitch(u64 set)
{
	vcpu_set_ts(current_vcpu, (u32)set != 0);
	return 0;
}

/* stack_switch where the gate has not answered it; the segment is always ours. */
long do_stack_switch(u64 ss, u64 sp)
{
	current_vcpu->gate_rw->kernel_sp = sp;
	return 0;
}

bool cr_read(struct vcpu *v, unsigned int nr, u64 *value)
{
	switch (nr) {
	case 0:
		*value = read_cr0();
		return true;
	case 2:
		*value = READ_ONCE(v->vcpu_info->arch.cr2);
		return true;
	case 3:
		*value = mfn_to_paddr(v->guest_l4);
		return true;
	case 4:
		*value = (this_cpu->cr4 & CR4_SHOWN) |
			 (v->virt_cr4 & cpu_features.cr4_guest_allowed);
		return true;
	}
	return false;
}

static enum emulated write_base(struct vcpu *v, u64 value)
{
	int rc;

	if (value & (PAGE_SIZE - 1))
		return EMUL_REFUSED;
	rc = mm_load_base(v, paddr_to_mfn(value));
	if (rc == -ERESTART)
		return EMUL_AGAIN;
	return rc ? EMUL_REFUSED : EMUL_DONE;
}

enum emulated cr_write(struct vcpu *v, unsigned int nr, u64 value)
{
	switch (nr) {
	case 0:
		if ((value ^ read_cr0()) & ~CR0_TS)
			return EMUL_REFUSED;
		vcpu_set_ts(v, value & CR0_TS);
		return EMUL_DONE;
	case 2:
		WRITE_ONCE(v->vcpu_info->arch.cr2, value);
		return EMUL_DONE;
	case 3:
		return write_base(v, value);
	case 4:
		v->virt_cr4 = value & cpu_features.cr4_guest_allowed;
		vcpu_cr4_load(v);
		return EMUL_DONE;
	}
	return EMUL_REFUSED;
}

bool xcr_write(u32 nr, u64 value)
{
	return cpu_features.xsave && nr == 0 && value == cpu_features.xcr0;
}
