// SPDX-License-Identifier: GPL-2.0
/*
 * Where the guest wants to be entered: its virtual IDT and its callbacks.
 *
 * Callbacks are kept in gate_ro, which the guest cannot write; traps in struct vcpu
 * and, as far as the gate delivers them without us, in gate_ro too. Addresses are canonical
 * and outside the reserved slots, so the gate may load them as they are; the
 * code selector that the guest names is ignored: its kernel has one.
 *
 * ABI: xen.h, set_trap_table; callback.h. Locks: none; own vCPU, or one that
 * has never run.
 */
#include "control/control.h"

#include "machine/cpu.h"
#include "state/guest-access.h"

#define MAX_TRAP_LIST	512	/* entries of one call; there are 256 vectors */
#define GATE_TRAP_INT80	32
#define TRAP_FLAGS	7	/* DPL and mask-events, see struct gate_trap */
#define CALLBACK_TYPES	(BIT(CALLBACKTYPE_event) | BIT(CALLBACKTYPE_failsafe) | \
			 BIT(CALLBACKTYPE_syscall) | BIT(CALLBACKTYPE_nmi) | \
			 BIT(CALLBACKTYPE_sysenter) | BIT(CALLBACKTYPE_syscall32))

void vcpu_set_trap(struct vcpu *v, u32 vector, const struct trap_info *t)
{
	struct gate_trap g = { t->address, t->flags & TRAP_FLAGS };

	v->traps[vector] = *t;
	v->traps[vector].vector = vector;
	if (vector < GATE_TRAP_INT80)
		v->gate_ro->trap[vector] = g;
	else if (vector == VEC_INT80)
		v->gate_ro->trap[GATE_TRAP_INT80] = g;
}

/**
 * do_set_trap_table() - hypercall
 * @traps: guest array of struct trap_info, ended by one with address 0; a null
 *	   pointer clears the whole table
 */
long do_set_trap_table(u64 traps)
{
	struct vcpu *v = current_vcpu;
	struct trap_info t = { 0 };
	u32 i;

	if (!traps) {
		for (i = 0; i < NR_TRAPS; i++)
			vcpu_set_trap(v, i, &t);
		return 0;
	}
	for (i = 0; i < MAX_TRAP_LIST; i++) {
		if (copy_from_guest(&t, traps + i * sizeof(t), sizeof(t)))
			return -EFAULT;
		if (!t.address)
			return 0;
		if (!va_is_guest(t.address))
			return -EINVAL;
		vcpu_set_trap(v, t.vector, &t);
	}
	return -E2BIG;
}

/* @address 0 unregisters. */
static long set_callback(struct vcpu *v, u32 type, u64 address, bool mask)
{
	if (type == CALLBACKTYPE_sysenter_deprecated)
		return -EINVAL;
	if (type >= GATE_CALLBACKS || !(CALLBACK_TYPES & BIT(type)))
		return -ENOSYS;
	v->gate_ro->callback[type] = (struct gate_callback){ address, mask };
	return 0;
}

static long op_register(struct vcpu *v, void *arg)
{
	const struct callback_register *op = arg;

	if (!va_is_guest(op->address))
		return -EINVAL;
	return set_callback(v, op->type, op->address, op->flags & CALLBACKF_mask_events);
}

/* Only those that a kernel can do without may be taken back. */
static long op_unregister(struct vcpu *v, void *arg)
{
	const struct callback_unregister *op = arg;

	switch (op->type) {
	case CALLBACKTYPE_event:
	case CALLBACKTYPE_failsafe:
	case CALLBACKTYPE_syscall:
		return -EINVAL;
	}
	return set_callback(v, op->type, 0, false);
}

/** do_callback_op() - hypercall: CALLBACKOP_register, CALLBACKOP_unregister */
long do_callback_op(u64 cmd, u64 arg)
{
	static const struct sub_op ops[] = {
#include <ringlet/callback_op.inc>
	};

	return sub_op_call(current_vcpu, ops, ARRAY_SIZE(ops), cmd, arg);
}

/** do_set_callbacks() - hypercall, the older form: three at once */
long do_set_callbacks(u64 event, u64 failsafe, u64 syscall)
{
	struct gate_callback *cb = current_vcpu->gate_ro->callback;

	if (!va_is_guest(event) || !va_is_guest(failsafe) || !va_is_guest(syscall))
		return -EINVAL;
	cb[CALLBACKTYPE_event].entry = event;
	cb[CALLBACKTYPE_failsafe].entry = failsafe;
	cb[CALLBACKTYPE_syscall].entry = syscall;
	return 0;
}
