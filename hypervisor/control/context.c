// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU's whole context at once: vcpu_op initialise, and the domain builder.
 *
 * Everything the guest gives is checked first; then the frames are taken (GDT,
 * page tables), which may fail and is undone; then the rest is committed. The
 * vCPU has never run, so nobody else looks at it.
 *
 * Selectors of the kernel are the hypervisor's own whatever the guest names, as
 * the ABI's kernels name theirs with RPL 0 or 3; the other selectors are loaded
 * by the gate, with a fix-up, when the vCPU first runs. eflags keeps only what
 * a guest may have; its IOPL becomes the virtual one. FPU and debug
 * registers start as after a reset: the guest sets its own when it runs.
 *
 * ABI: arch-x86/xen.h, struct vcpu_guest_context. Locks: d->page_lock inside mm;
 * the caller holds d->control_lock.
 */
#include "control/control.h"

#include "base/errno.h"
#include "machine/cpu-features.h"
#include "machine/cpu.h"
#include "mm/mm.h"

#define MAX_LDT_ENTRIES	8192
#define GDT_PAGE_ENTRIES (PAGE_SIZE / 8)

/* What of RFLAGS a context may set: status flags, DF, TF, AC, ID. */
#define CONTEXT_RFLAGS	0x240dd5ULL

static int check_entries(const struct vcpu_guest_context *c)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		if (!guest_entry_valid(c->trap_ctxt[i].address))
			return -EINVAL;
	if (!guest_entry_valid(c->event_callback_eip) ||
	    !guest_entry_valid(c->failsafe_callback_eip) ||
	    !guest_entry_valid(c->syscall_callback_eip) ||
	    !guest_entry_valid(c->user_regs.rip))
		return -EINVAL;
	return 0;
}

static int check_context(const struct vcpu_guest_context *c)
{
	int rc = check_entries(c);

	if (rc)
		return rc;
	if (!guest_entry_valid(c->fs_base) || !guest_entry_valid(c->gs_base_kernel) ||
	    !guest_entry_valid(c->gs_base_user) || !guest_entry_valid(c->kernel_sp) ||
	    !guest_entry_valid(c->ldt_base))
		return -EINVAL;
	if (c->ldt_ents > MAX_LDT_ENTRIES || c->ldt_base & ~PAGE_MASK)
		return -EINVAL;
	if (c->gdt_ents > GUEST_GDT_PAGES * GDT_PAGE_ENTRIES)
		return -EINVAL;
	if (c->ctrlreg[3] & ~PAGE_MASK || c->ctrlreg[1] & ~PAGE_MASK)
		return -EINVAL;
	return 0;
}

static int take_user_base(struct vcpu *v, u64 cr3)
{
	struct domain *d = v->domain;
	mfn_t mfn = MFN(xen_cr3_to_pfn(cr3));
	int rc;

	if (!mfn.v)
		return 0;
	if (!mfn_valid(mfn))
		return -EINVAL;
	spin_lock(&d->page_lock);
	rc = page_get_type(d, mfn, PT_L4);
	if (!rc)
		v->user_l4 = mfn;
	spin_unlock(&d->page_lock);
	return rc;
}

/* Everything that holds frames of the guest, or nothing of it. */
static int take_frames(struct vcpu *v, const struct vcpu_guest_context *c)
{
	mfn_t base = MFN(xen_cr3_to_pfn(c->ctrlreg[3]));
	int rc;

	if (!mfn_valid(base))
		return -EINVAL;
	rc = mm_set_gdt(v, c->gdt_frames, c->gdt_ents);
	if (rc)
		return rc;
	rc = mm_load_base(v, base);
	if (rc)
		goto err_gdt;
	rc = take_user_base(v, c->ctrlreg[1]);
	if (!rc)
		return 0;
	mm_unload_base(v);
err_gdt:
	if (mm_set_gdt(v, c->gdt_frames, 0))
		domain_crash(v->domain, "GDT of v%u cannot be given back", v->id);
	return rc;
}

static void set_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
	const struct cpu_user_regs *u = &c->user_regs;
	bool kernel = c->flags & VGCF_in_kernel;

	*v->regs = (struct regs){
		.r15 = u->r15, .r14 = u->r14, .r13 = u->r13, .r12 = u->r12,
		.rbp = u->rbp, .rbx = u->rbx, .r11 = u->r11, .r10 = u->r10,
		.r9 = u->r9, .r8 = u->r8, .rax = u->rax, .rcx = u->rcx,
		.rdx = u->rdx, .rsi = u->rsi, .rdi = u->rdi,
		.rip = u->rip, .rsp = u->rsp,
		.rflags = (u->rflags & CONTEXT_RFLAGS) | EFLAGS_IF | EFLAGS_MBS,
		.cs = kernel ? SEL_KERNEL_CS : u->cs | 3U,
		.ss = kernel ? SEL_KERNEL_DS : u->ss | 3U,
		.vector = ENTRY_HYPERCALL,
	};
	v->iopl = (u->rflags & EFLAGS_IOPL) >> 12;
	v->gate_rw->kernel_mode = kernel;
	v->gate_rw->kernel_sp = c->kernel_sp;
	v->ds = u->ds;
	v->es = u->es;
	v->fs = u->fs;
	v->gs = u->gs;
	v->fs_base = c->fs_base;
	v->gs_base = kernel ? c->gs_base_kernel : c->gs_base_user;
	v->kernel_gs_base = kernel ? c->gs_base_user : c->gs_base_kernel;
	v->reload_segments = true;
}

/**
 * vcpu_set_context() - first context of a vCPU
 * @c: in our own memory: checked and used as it is
 *
 * Return: 0; -EINVAL for what no guest may have; -EEXIST if it has a context;
 *	   what mm says of the frames, -ERESTART included (nothing is lost).
 */
int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	int rc;
	u32 i;

	if (v->initialised)
		return -EEXIST;
	rc = check_context(c);
	if (!rc)
		rc = take_frames(v, c);
	if (rc)
		return rc;

	set_registers(v, c);
	for (i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		vcpu_set_trap(v, i, &c->trap_ctxt[i]);
	v->ldt_base = c->ldt_base;
	v->ldt_entries = c->ldt_ents;
	v->virt_cr0 = c->ctrlreg[0] & CR0_TS;
	v->virt_cr4 = c->ctrlreg[4] & cpu_features.cr4_guest_allowed;
	v->event_entry = c->event_callback_eip;
	v->failsafe_entry = c->failsafe_callback_eip;
	v->failsafe_mask = c->flags & VGCF_failsafe_disables_events;
	v->gate_ro->syscall_entry = c->syscall_callback_eip;
	v->gate_ro->syscall_mask = !!(c->flags & VGCF_syscall_disables_events);
	if (v->id == 0)
		v->domain->vm_assist = c->vm_assist;
	v->initialised = true;
	return 0;
}
