/* SPDX-License-Identifier: GPL-2.0 */
/* Door of the dispatch room: every entry into host space, and what answers it. */
#ifndef RINGLET_DISPATCH_DISPATCH_H
#define RINGLET_DISPATCH_DISPATCH_H

#include "state/domain.h"

/* How the gate is to leave host space: registers rax and rdx of the ABI. */
struct exit {
	u64 guest_cr3;
	u64 reload_segments;
};

/**
 * host_entry() - first C after the gate switched to host space
 * @nested_sp: 0, or the stack pointer in the vCPU's entry page at which a
 *	       fault of the gate itself left its own frame
 */
struct exit host_entry(u64 nested_sp);

/* Softirqs, scheduling (idling if need be) and events; then leave. */
struct exit host_exit(void);

/* Exception or interrupt while in host space (idle, or a bug). */
void host_trap(struct regs *regs);

/* Deliver an exception to the current guest (builds the frame on its stack). */
void inject_trap(struct vcpu *v, u32 vector, u64 error);
void inject_page_fault(struct vcpu *v, u64 va, u64 error);
void inject_failsafe(struct vcpu *v);

/* Emulation of a faulting privileged instruction: true if done. */
bool emulate_privileged(struct vcpu *v);	/* #GP, error code 0, ring 1 or port I/O of ring 3 */
bool emulate_forced_cpuid(struct vcpu *v);	/* #UD with the "xen" prefix */

/* Version of the base profile, as xen_version and CPUID give it: 4.17. */
#define BASE_VERSION	(4 << 16 | 17)


/* Device interrupts. */
void pirq_interrupt(u32 vector);		/* from host_entry/host_trap */
void pirq_boot_init(void);

#endif
