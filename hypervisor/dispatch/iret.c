// SPDX-License-Identifier: GPL-2.0
/*
 * The iret hypercall, for the cases that the gate leaves to the host: events are
 * pending, or the frame does not lie in guest space.
 *
 * At the guest's rsp (ABI: struct iret_context, xen-x86_64.h): rax, r11, rcx,
 * flags, rip, cs, rflags, rsp, ss. RPL 3 of cs means user mode; 0 to 2 the
 * kernel, which runs in ring 1 whatever it says.
 */
#include "dispatch/dispatch.h"
#include "dispatch/entry.h"

#include "state/guest-access.h"
#include "machine/pcpu.h"

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
