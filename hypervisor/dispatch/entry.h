/* SPDX-License-Identifier: GPL-2.0 */
/* Private: the parts of the entry path. */
#ifndef RINGLET_DISPATCH_ENTRY_H
#define RINGLET_DISPATCH_ENTRY_H

#include "state/domain.h"

/* Context of the guest as its CS says: ring 3, or ring 1. */
static inline bool regs_from_user(const struct regs *r)
{
	return (r->cs & 3) == 3;
}

/*
 * RFLAGS that a guest may run with, whatever it asked for (invariant 5). NT and
 * RF are for ring 3 only: NT makes nothing but its own IRET fault, and every
 * entry clears it; RF lets a debugger pass an instruction breakpoint.
 */
static inline u64 rflags_for_guest(u64 f, bool user)
{
	f &= ~(u64)(EFLAGS_IOPL | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP);
	if (!user)
		f &= ~(u64)(EFLAGS_NT | EFLAGS_RF);
	return f | EFLAGS_IF | EFLAGS_MBS;
}

/* The other mode's GS base becomes the live one. */
void vcpu_swap_gs(struct vcpu *v);

void hypercall_dispatch(struct vcpu *v);
/* One call by number: result, -ENOSYS, -EPERM, or -ERESTART. */
long hypercall_invoke(struct vcpu *v, u64 nr, const u64 args[6]);

void page_fault(struct vcpu *v);
void gate_fault(struct vcpu *v, u64 nested_sp);

/* Frame and entry of a callback or trap; crashes the domain if it cannot be. */
struct bounce {
	u64 entry;
	bool mask_events;
	bool has_error;
	u64 error;
	bool with_segments;	/* failsafe: ds, es, fs, gs after r11 */
};
void bounce_to_guest(struct vcpu *v, const struct bounce *b);
/* To a callback of the guest's, CALLBACKTYPE_*; false if it has none. */
bool bounce_to_callback(struct vcpu *v, u32 type);
/* Upcall or NMI: always with events masked. */
void inject_event(struct vcpu *v, u32 type);

#endif
