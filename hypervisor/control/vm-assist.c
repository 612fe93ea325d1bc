// SPDX-License-Identifier: GPL-2.0
/*
 * vm_assist: behaviours a guest switches on or off.
 *
 * Two change anything here: runstate_update_flag (sched/sched.c), and
 * writable_pagetables (mm/deferred.c), which stock Linux has from the start. The
 * others are either always on or mean something to 32-bit guests, and are
 * remembered.
 * ABI: xen.h, VMASST_*. Locks: d->control_lock.
 */
#include "control/control.h"


#define KNOWN_TYPES \
	(BIT(VMASST_TYPE_4gb_segments) | BIT(VMASST_TYPE_4gb_segments_notify) | \
	 BIT(VMASST_TYPE_writable_pagetables) | BIT(VMASST_TYPE_pae_extended_cr3) | \
	 BIT(VMASST_TYPE_architectural_iopl) | BIT(VMASST_TYPE_runstate_update_flag) | \
	 BIT(VMASST_TYPE_m2p_strict))

/** do_vm_assist() - hypercall */
long do_vm_assist(u64 cmd, u64 type)
{
	struct domain *d = current_vcpu->domain;

	if (cmd != VMASST_CMD_enable && cmd != VMASST_CMD_disable)
		return -ENOSYS;
	if (type >= 64 || !(KNOWN_TYPES & BIT(type)))
		return -EINVAL;
	spin_lock(&d->control_lock);
	if (cmd == VMASST_CMD_enable)
		d->vm_assist |= BIT(type);
	else
		d->vm_assist &= ~BIT(type);
	spin_unlock(&d->control_lock);
	return 0;
}
