// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU's whole context at once: vcpu_op initialise, the domain builder, and
 * the service domain, which may also read it back.
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
#include "control/control-domain.h"

#include "base/string.h"
#include "machine/cpu-features.h"
#include "machine/cpu.h"
#include "mm/mm.h"
#include "state/guest-access.h"

#define MAX_LDT_ENTRIES	8192
#define GDT_PAGE_ENTRIES (PAGE_SIZE / 8)

/* What of RFLAGS a context may set: status flags, DF, TF, AC, ID. */
#define CONTEXT_RFLAGS	0x240dd5ULL

/* Their names are the same in struct regs and struct cpu_user_regs. */
#define GENERAL_REGISTERS(f) \
	.r15 = f->r15, .r14 = f->r14, .r13 = f->r13, .r12 = f->r12, .rbp = f->rbp, \
	.rbx = f->rbx, .r11 = f->r11, .r10 = f->r10, .r9 = f->r9, .r8 = f->r8, \
	.rax = f->rax, .rcx = f->rcx, .rdx = f->rdx, .rsi = f->rsi, .rdi = f->rdi, \
	.rip = f->rip, .rsp = f->rsp

static int check_context(const struct vcpu_guest_context *c)
{
	const u64 address[] = {
		c->event_callback_eip, c->failsafe_callback_eip, c->syscall_callback_eip,
		c->user_regs.rip, c->fs_base, c->gs_base_kernel, c->gs_base_user,
		c->kernel_sp, c->ldt_base,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(address); i++)
		if (!va_is_guest(address[i]))
			return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		if (!va_is_guest(c->trap_ctxt[i].address))
			return -EINVAL;
	if (c->ldt_ents > MAX_LDT_ENTRIES || c->ldt_base & ~PAGE_MASK ||
	    c->gdt_ents > GUEST_GDT_PAGES * GDT_PAGE_ENTRIES ||
	    c->ctrlreg[3] & ~PAGE_MASK || !mfn_valid(MFN(xen_cr3_to_pfn(c->ctrlreg[3]))) ||
	    c->ctrlreg[1] & ~PAGE_MASK || !mfn_valid(MFN(xen_cr3_to_pfn(c->ctrlreg[1]))))
		return -EINVAL;
	return 0;
}


static void set_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
	const struct cpu_user_regs *u = &c->user_regs;
	bool kernel = c->flags & VGCF_in_kernel;

	*v->regs = (struct regs){
		GENERAL_REGISTERS(u),
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
 * @pin: pin the base, too
 *
 * Return: 0; -EINVAL for what no guest may have; -EEXIST if it has a context;
 *	   what mm says of the frames, -ERESTART included (nothing is lost).
 */
int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c, bool pin)
{
	struct gate_callback *cb = v->gate_ro->callback;
	int rc;
	u32 i;

	if (v->initialised)
		return -EEXIST;
	rc = check_context(c);
	rc = rc ?: mm_vcpu_start(v, c->gdt_frames, c->gdt_ents, MFN(xen_cr3_to_pfn(c->ctrlreg[3])),
				 MFN(xen_cr3_to_pfn(c->ctrlreg[1])), pin);
	if (rc)
		return rc;

	set_registers(v, c);
	for (i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		vcpu_set_trap(v, i, &c->trap_ctxt[i]);
	v->ldt_base = c->ldt_base;
	v->ldt_entries = c->ldt_ents;
	v->virt_cr0 = c->ctrlreg[0] & CR0_TS;
	v->virt_cr4 = c->ctrlreg[4] & cpu_features.cr4_guest_allowed;
	cb[CALLBACKTYPE_event].entry = c->event_callback_eip;
	cb[CALLBACKTYPE_failsafe].entry = c->failsafe_callback_eip;
	cb[CALLBACKTYPE_failsafe].mask = !!(c->flags & VGCF_failsafe_disables_events);
	cb[CALLBACKTYPE_syscall].entry = c->syscall_callback_eip;
	cb[CALLBACKTYPE_syscall].mask = !!(c->flags & VGCF_syscall_disables_events);
	if (v->id == 0)
		v->domain->vm_assist = c->vm_assist;
	v->initialised = true;
	return 0;
}

static void get_registers(const struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct regs *r = v->regs;
	const struct gate_callback *cb = v->gate_ro->callback;
	bool kernel = v->gate_rw->kernel_mode;

	c->user_regs = (struct cpu_user_regs){
		GENERAL_REGISTERS(r),
		.rflags = (r->rflags & ~(u64)EFLAGS_IOPL) | v->iopl << 12,
		.cs = kernel ? FLAT_KERNEL_CS : r->cs,
		.ss = kernel ? FLAT_KERNEL_SS : r->ss,
		.ds = v->ds, .es = v->es, .fs = v->fs, .gs = v->gs,
		.saved_upcall_mask = v->vcpu_info->evtchn_upcall_mask,
	};
	c->flags = VGCF_i387_valid | (kernel ? VGCF_in_kernel : 0) |
		   (v->state != VCPU_DOWN ? VGCF_online : 0) |
		   (cb[CALLBACKTYPE_failsafe].mask ? VGCF_failsafe_disables_events : 0) |
		   (cb[CALLBACKTYPE_syscall].mask ? VGCF_syscall_disables_events : 0);
	c->kernel_ss = FLAT_KERNEL_SS;
	c->kernel_sp = v->gate_rw->kernel_sp;
	c->fs_base = v->fs_base;
	c->gs_base_kernel = kernel ? v->gs_base : v->kernel_gs_base;
	c->gs_base_user = kernel ? v->kernel_gs_base : v->gs_base;
}

void vcpu_get_context(const struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct gate_callback *cb = v->gate_ro->callback;
	u32 i;

	get_registers(v, c);
	fpu_read(&c->fpu_ctxt, v->xsave);
	memcpy(c->trap_ctxt, v->traps, sizeof(c->trap_ctxt));
	c->ldt_base = v->ldt_base;
	c->ldt_ents = v->ldt_entries;
	for (i = 0; i < DIV_ROUND_UP(v->gdt_entries, GDT_PAGE_ENTRIES); i++)
		c->gdt_frames[i] = v->gdt_frames[i].v;
	c->gdt_ents = v->gdt_entries;
	c->ctrlreg[0] = v->virt_cr0;
	c->ctrlreg[2] = v->vcpu_info->arch.cr2;
	c->ctrlreg[3] = xen_pfn_to_cr3(v->guest_l4.v);
	if (!mfn_eq(v->user_l4, INVALID_MFN))
		c->ctrlreg[1] = xen_pfn_to_cr3(v->user_l4.v);
	c->ctrlreg[4] = v->virt_cr4;
	memcpy(c->debugreg, v->dr, sizeof(v->dr));
	c->event_callback_eip = cb[CALLBACKTYPE_event].entry;
	c->failsafe_callback_eip = cb[CALLBACKTYPE_failsafe].entry;
	c->syscall_callback_eip = cb[CALLBACKTYPE_syscall].entry;
	c->vm_assist = v->domain->vm_assist;
}
