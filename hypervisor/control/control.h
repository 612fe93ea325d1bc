/* SPDX-License-Identifier: GPL-2.0 */
/* Door of the control room: domains and vCPUs come, change state and go. */
#ifndef RINGLET_CONTROL_CONTROL_H
#define RINGLET_CONTROL_CONTROL_H

#include "state/domain.h"

/**
 * domain_create() - a domain with vCPUs that are down, and no memory
 * @op: checked here
 * @hardware: it is the service domain; others begin paused once
 *
 * Return: 0, and *@created is the domain with a reference; the errors of
 *	   domain_create in ringlet.h.
 */
int __must_check domain_create(const struct ringlet_domain_create *op, bool hardware,
			       struct domain **created);

/* Set a vCPU's whole context; @pin: pin its base. The caller has d->control_lock. */
int __must_check vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c, bool pin);

/* Cut off after 1,023 bytes; boot, once. */
extern char hypervisor_command_line[1024];

/* The domain has ended; for the service domain that is the machine's end. */
void domain_shutdown(struct domain *d, u32 reason);

/* Which callbacks a guest registered reach the gate through gate_ro. */
void vcpu_set_trap(struct vcpu *v, u32 vector, const struct trap_info *t);

#endif
