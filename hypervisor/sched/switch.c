// SPDX-License-Identifier: GPL-2.0
/*
 * The context switch: what of a vCPU lives in the hardware.
 *
 * General registers are in the vCPU's gate page already, and CR3 is loaded by
 * every exit. Here: segments and their bases, FPU, CR0.TS, CR4, debug
 * registers, TSC_AUX, the gate's pointer to the host. All of it is switched
 * eagerly (security.rst 14: no lazy FPU); only when a pCPU was idle in
 * between and the same vCPU comes back there is nothing to do, because nobody
 * else had the registers.
 *
 * Segments cannot be loaded in host space, where the guest's descriptor tables
 * are not mapped: a switch sets v->reload_segments and the gate loads them on
 * the guest's own tables, with fix-ups. As long as that flag stands, the copies
 * in struct vcpu are the truth and the registers still hold another vCPU's.
 *
 * While loaded, CR0.TS in the register is the truth (the gate toggles it for
 * fpu_taskswitch), DR6 is v->dr[6], TSC_AUX is v->tsc_aux.
 * Locks: none; own pCPU, interrupts off.
 */
#include "sched/sched.h"
#include "sched/policy.h"

#include "machine/cpu-features.h"
#include "machine/cpu.h"

#define DR7_ACTIVE	0xff
#define DESC_LDT	2	/* type of a system descriptor: 64-bit LDT */
#define DESC_PRESENT	BIT(47)

/** vcpu_segments_save() - selectors and bases of @v, if the registers have them */
void vcpu_segments_save(struct vcpu *v)
{
	if (v->reload_segments)
		return;
	__asm__ __volatile__("mov %%ds, %0" : "=m"(v->ds));
	__asm__ __volatile__("mov %%es, %0" : "=m"(v->es));
	__asm__ __volatile__("mov %%fs, %0" : "=m"(v->fs));
	__asm__ __volatile__("mov %%gs, %0" : "=m"(v->gs));
	v->fs_base = rdmsr(MSR_FS_BASE);
	v->gs_base = rdmsr(MSR_GS_BASE);
	v->kernel_gs_base = rdmsr(MSR_KERNEL_GS_BASE);
}

/**
 * ldt_load() - load LDTR for the size of a vCPU's LDT
 *
 * LDTR keeps the descriptor it was loaded from, so that the one in the host's
 * GDT serves guest space too; there, GATE_LDT is where the pages are.
 */
void ldt_load(struct vcpu *v)
{
	u64 *desc = (u64 *)(this_cpu->gdt + (SEL_LDT - GUEST_GDT_PAGES * PAGE_SIZE));
	u64 base = GATE_LDT;
	u32 limit = v->ldt_entries * 8 - 1;
	u16 sel = 0;

	if (v->ldt_entries) {
		/* SDM 3A 3.5: system descriptor of 16 bytes */
		desc[1] = base >> 32;
		desc[0] = (limit & 0xffff) | (base & 0xffffff) << 16 |
			  (u64)DESC_LDT << 40 | DESC_PRESENT | (u64)(limit >> 16 & 0xf) << 48 |
			  (base >> 24 & 0xff) << 56;
		sel = SEL_LDT;
	}
	__asm__ __volatile__("lldt %0" :: "r"(sel) : "memory");
}

/** vcpu_cr4_load() - CR4 of this pCPU with the guest's own bits of @v */
void vcpu_cr4_load(struct vcpu *v)
{
	u64 own = cpu_features.cr4_guest_allowed;
	u64 cr4 = (this_cpu->cr4 & ~own) | (v->virt_cr4 & own);

	if (cpu_features.smep)
		cr4 = v->domain->no_smep ? cr4 & ~CR4_SMEP : cr4 | CR4_SMEP;
	if (cr4 == this_cpu->cr4)
		return;
	this_cpu->cr4 = cr4;
	write_cr4(cr4);
}

/** vcpu_debug_load() - DR0-3 and DR7 of @v; DR7 = 0 if it has no breakpoint */
void vcpu_debug_load(struct vcpu *v)
{
	if (!(v->dr[7] & DR7_ACTIVE)) {
		if (this_cpu->dr7)
			write_dr7(0);
		this_cpu->dr7 = 0;
		return;
	}
	/* Never active while the addresses are another's. */
	write_dr7(0);
	write_dr0(v->dr[0]);
	write_dr1(v->dr[1]);
	write_dr2(v->dr[2]);
	write_dr3(v->dr[3]);
	write_dr6(DR6_INIT);
	write_dr7(v->dr[7]);
	this_cpu->dr7 = v->dr[7];
}

/** vcpu_registers_save() - what the switch owns of @v into struct vcpu */
void vcpu_registers_save(struct vcpu *v)
{
	u64 cr0 = read_cr0();

	vcpu_segments_save(v);
	v->virt_cr0 = (v->virt_cr0 & ~CR0_TS) | (cr0 & CR0_TS);
	if (cr0 & CR0_TS)
		write_cr0(cr0 & ~CR0_TS);
	fpu_save(v->xsave);
}

/** vcpu_registers_load() - the same back; CR0.TS is clear on entry */
void vcpu_registers_load(struct vcpu *v)
{
	u64 cr0 = read_cr0() & ~CR0_TS;

	write_cr0(cr0);
	fpu_restore(v->xsave);
	if (v->virt_cr0 & CR0_TS)
		write_cr0(cr0 | CR0_TS);
	if (cpu_features.rdtscp)
		wrmsr(MSR_TSC_AUX, v->tsc_aux);
	vcpu_cr4_load(v);
	vcpu_debug_load(v);
	v->gate_ro->host_cr3 = this_cpu->host_cr3;
	v->reload_segments = true;
}
