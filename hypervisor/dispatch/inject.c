// SPDX-License-Identifier: GPL-2.0
/*
 * Entries into a guest kernel: what the gate does for the common ones, in C for
 * all. The frame on the guest's kernel stack (ABI: xen-x86_64.h, and measured):
 * rcx, r11, [ds, es, fs, gs for failsafe], [error code], rip, cs | saved mask
 * << 32, rflags with IF = !mask, rsp, ss.
 *
 * A stack that cannot be written is the end of the domain: there is no way left
 * to tell it.
 */
#include "dispatch/dispatch.h"
#include "dispatch/entry.h"

#include "sched/sched.h"
#include "state/guest-access.h"

#define VECTORS_WITH_ERROR (BIT(VEC_DF) | BIT(VEC_TS) | BIT(VEC_NP) | \
			    BIT(VEC_SS) | BIT(VEC_GP) | BIT(VEC_PF) | BIT(VEC_AC))

void vcpu_swap_gs(struct vcpu *v)
{
	u64 gs;

	if (!v->reload_segments) {
		__asm__ __volatile__("swapgs" ::: "memory");
		return;
	}
	gs = v->gs_base;
	v->gs_base = v->kernel_gs_base;
	v->kernel_gs_base = gs;
}

static unsigned int build_frame(struct vcpu *v, const struct bounce *b, u64 frame[13])
{
	struct regs *r = v->regs;
	bool user = regs_from_user(r);
	u64 mask = v->vcpu_info->evtchn_upcall_mask;
	unsigned int n = 0;

	frame[n++] = r->rcx;
	frame[n++] = r->r11;
	if (b->with_segments) {
		vcpu_segments_save(v);
		frame[n++] = v->ds;
		frame[n++] = v->es;
		frame[n++] = v->fs;
		frame[n++] = v->gs;
	}
	if (b->has_error)
		frame[n++] = b->error;
	frame[n++] = r->rip;
	frame[n++] = (user ? r->cs & 0xffff : SEL_SHOWN_KERNEL_CS) | (mask & 0xff) << 32;
	frame[n++] = (r->rflags & ~(u64)EFLAGS_IF) | (mask ? 0 : EFLAGS_IF);
	frame[n++] = r->rsp;
	frame[n++] = user ? r->ss & 0xffff : SEL_SHOWN_KERNEL_SS;
	return n;
}

void bounce_to_guest(struct vcpu *v, const struct bounce *b)
{
	struct regs *r = v->regs;
	bool user = regs_from_user(r);
	u64 frame[13], sp;
	unsigned int n;

	n = build_frame(v, b, frame);
	sp = (user ? v->gate_rw->kernel_sp : r->rsp) & ~15ULL;
	sp -= n * sizeof(frame[0]);
	if (copy_to_guest(sp, frame, n * sizeof(frame[0]))) {
		domain_crash(v->domain, "kernel stack at %lx is not usable", sp);
		return;
	}
	if (user) {
		vcpu_swap_gs(v);
		v->gate_rw->kernel_mode = 1;
	}
	if (b->mask_events)
		v->vcpu_info->evtchn_upcall_mask = 1;
	r->rip = b->entry;
	r->cs = SEL_KERNEL_CS;
	r->rflags = EFLAGS_IF | EFLAGS_MBS;
	r->rsp = sp;
	r->ss = SEL_KERNEL_DS;
}

void inject_trap(struct vcpu *v, u32 vector, u64 error)
{
	const struct trap_info *t = &v->traps[vector & 0xff];

	if (!t->address) {
		domain_crash(v->domain,
			     "exception %u (error %lx) at %lx, and no handler registered",
			     vector, error, v->regs->rip);
		return;
	}
	bounce_to_guest(v, &(struct bounce){
		.entry = t->address,
		.mask_events = t->flags & 4,
		.has_error = vector < 32 && (VECTORS_WITH_ERROR & BIT(vector)),
		.error = error,
	});
}

void inject_page_fault(struct vcpu *v, u64 va, u64 error)
{
	v->vcpu_info->arch.cr2 = va;
	inject_trap(v, VEC_PF, error);
}

bool bounce_to_callback(struct vcpu *v, u32 type)
{
	const struct gate_callback *cb = &v->gate_ro->callback[type];

	if (cb->entry)
		bounce_to_guest(v, &(struct bounce){
			.entry = cb->entry,
			.mask_events = cb->mask || type == CALLBACKTYPE_event ||
				       type == CALLBACKTYPE_nmi,
			.with_segments = type == CALLBACKTYPE_failsafe,
		});
	return cb->entry;
}

void inject_failsafe(struct vcpu *v)
{
	if (!bounce_to_callback(v, CALLBACKTYPE_failsafe))
		domain_crash(v->domain, "bad selector or address on return at %lx, and no failsafe callback",
			     v->regs->rip);
}

void inject_event(struct vcpu *v, u32 type)
{
	if (!bounce_to_callback(v, type))
		domain_crash(v->domain, "events unmasked and no event callback registered");
}

/*
 * The iret hypercall, for the cases that the gate leaves to the host: events are
 * pending, or the frame does not lie in guest space.
 *
 * At the guest's rsp (ABI: struct iret_context, xen-x86_64.h): rax, r11, rcx,
 * flags, rip, cs, rflags, rsp, ss. RPL 3 of cs means user mode; 0 to 2 the
 * kernel, which runs in ring 1 whatever it says.
 */
long do_iret(void)
{
	struct vcpu *v = current_vcpu;
	struct regs *r = v->regs;
	struct iret_context f;

	if (copy_from_guest(&f, r->rsp, sizeof(f))) {
		domain_crash(v->domain, "iret: no frame at %lx", r->rsp);
		return 0;
	}
	r->r11 = f.r11;
	r->rcx = f.rcx;
	r->rip = f.rip;
	r->rsp = f.rsp;
	r->rflags = rflags_for_guest(f.rflags, (f.cs & 3) == 3);
	v->vcpu_info->evtchn_upcall_mask = !(f.rflags & EFLAGS_IF);
	if ((f.cs & 3) == 3) {
		r->cs = f.cs & 0xffff;
		r->ss = (f.ss & 0xffff) | 3;
		vcpu_swap_gs(v);
		v->gate_rw->kernel_mode = 0;
	} else {
		r->cs = SEL_KERNEL_CS;
		r->ss = SEL_KERNEL_DS;
	}
	return (long)f.rax;
}
