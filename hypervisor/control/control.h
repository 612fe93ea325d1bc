/* SPDX-License-Identifier: GPL-2.0 */
/* Door of the control room: domains and vCPUs come, change state and go. */
#ifndef RINGLET_CONTROL_CONTROL_H
#define RINGLET_CONTROL_CONTROL_H

#include "base/types.h"
#include "state/domain.h"

/**
 * domain_create() - an empty domain: shared_info, ports, no vCPU, no memory
 * @id: domid
 * @max_pages: frames it may own
 * @max_vcpus: 1 .. MAX_VCPUS
 * @hardware: it is the service domain
 *
 * Return: the domain, or NULL when memory is short.
 */
struct domain *domain_create(domid_t id, u64 max_pages, u32 max_vcpus,
			     bool hardware);
/**
 * vcpu_create() - a vCPU of a domain: down, without a context
 * Return: the vCPU, or NULL when memory is short.
 */
struct vcpu *vcpu_create(struct domain *d, u32 id);

/* Set a vCPU's whole context (vcpu_op initialise and the builder). */
int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c);

/* The domain has ended; for the service domain that is the machine's end. */
void domain_shutdown(struct domain *d, u32 reason);

/* Which callbacks a guest registered reach the gate through gate_ro. */
void vcpu_set_trap(struct vcpu *v, u32 vector, const struct trap_info *t);
/* May control go to @address on entry to the guest's kernel? 0 means: nowhere. */
bool guest_entry_valid(u64 address);

long do_vcpu_op(u64 cmd, u64 vcpuid, u64 arg);
long do_sched_op(u64 cmd, u64 arg);
long do_set_trap_table(u64 traps);
long do_set_callbacks(u64 event, u64 failsafe, u64 syscall);
long do_callback_op(u64 cmd, u64 arg);
long do_vm_assist(u64 cmd, u64 type);

#endif
