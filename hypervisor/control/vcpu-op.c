// SPDX-License-Identifier: GPL-2.0
/*
 * vcpu_op: a guest manages its vCPUs.
 *
 * ABI: vcpu.h. -ENOENT for a vCPU that does not exist comes before everything
 * else: guests count their vCPUs by it. Areas are registered once for vcpu_info
 * (its frame stays held), as often as wanted for the others (they are written
 * through the vCPU's own tables each time).
 * Locks: d->control_lock for initialise, up and down.
 */
#include "control/control.h"
#include "control/control-domain.h"

#include "evtchn/evtchn.h"
#include "mm/mm.h"
#include "sched/sched.h"
#include "state/guest-access.h"
#include "state/vcpu-space.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

static long op_up(struct vcpu *v, void *arg)
{
	struct domain *d = v->domain;
	long rc = 0;

	spin_lock(&d->control_lock);
	if (!v->initialised)
		rc = -EINVAL;
	else if (v->state == VCPU_DOWN)
		vcpu_wake(v);
	spin_unlock(&d->control_lock);
	return rc;
}

/* The last vCPU that goes down takes the domain with it (vcpu.h says nothing;
 * the reference does so, and nobody could bring one up again). */
static long op_down(struct vcpu *v, void *arg)
{
	struct domain *d = v->domain;
	bool last = true;
	u32 i;

	spin_lock(&d->control_lock);
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i] != v && d->vcpu[i]->state != VCPU_DOWN)
			last = false;
	if (!last) {
		vcpu_sleep(v);
		vtimer_vcpu_stop(v);
	}
	spin_unlock(&d->control_lock);
	if (last)
		domain_shutdown(d, SHUTDOWN_poweroff);
	return 0;
}

static long op_is_up(struct vcpu *v, void *arg)
{
	return READ_ONCE(v->state) != VCPU_DOWN;
}

static long op_send_nmi(struct vcpu *v, void *arg)
{
	vcpu_nmi_raise(v);
	return 0;
}

static long op_get_runstate_info(struct vcpu *v, void *arg)
{
	vcpu_runstate_get(v, arg);
	return 0;
}

/* The first contents are written through the caller's tables, as @v may have none. */
static long op_register_runstate_memory_area(struct vcpu *v, void *arg)
{
	const struct vcpu_register_runstate_memory_area *op = arg;
	struct vcpu_runstate_info r;

	if (op->addr.p) {
		vcpu_runstate_get(v, &r);
		if (copy_to_guest(op->addr.p, &r, sizeof(r)))
			return -EFAULT;
	}
	v->runstate_area = op->addr.p;
	return 0;
}

/* The time is the same for all, and does not change. */
static long op_register_vcpu_time_memory_area(struct vcpu *v, void *arg)
{
	const struct vcpu_register_time_memory_area *op = arg;
	struct vcpu_time_info t = vcpu_time_info();

	return op->addr.p && copy_to_guest(op->addr.p, &t, sizeof(t)) ? -EFAULT : 0;
}

static long op_register_vcpu_info(struct vcpu *v, void *arg)
{
	const struct vcpu_register_vcpu_info *op = arg;
	struct domain *d = v->domain;
	mfn_t mfn;
	int rc;

	mfn = MFN(op->mfn);
	if (op->offset > PAGE_SIZE - sizeof(struct vcpu_info) || op->offset % 8 || !mfn_valid(mfn))
		return -EINVAL;
	rc = page_hold_writable(d, mfn);
	if (rc)
		return rc;

	spin_lock(&d->control_lock);
	if (v->vcpu_info_mfn.v != INVALID_MFN.v ||
	    (v != current_vcpu && (v->state != VCPU_DOWN || READ_ONCE(v->is_running)))) {
		rc = -EINVAL;
	} else {
		v->vcpu_info_mfn = mfn;
		vcpu_gate_set_vcpu_info(v, mfn, op->offset);
		evtchn_move_vcpu_info(v, mfn_to_virt(mfn) + op->offset);
	}
	spin_unlock(&d->control_lock);
	if (rc)
		page_release_writable(d, mfn);
	return rc;
}

static const struct sub_op ops[] = {
#define op_initialise NULL	/* its structure is too large */
#include <ringlet/vcpu_op.inc>
};

/**
 * do_vcpu_op() - hypercall
 * @cmd: VCPUOP_*
 * @vcpuid: which vCPU of the caller's domain
 * @arg: guest pointer to the operation's structure, if it has one
 */
long do_vcpu_op(u64 cmd, u64 vcpuid, u64 arg)
{
	struct domain *d = current_vcpu->domain;
	struct vcpu *v = vcpuid < d->max_vcpus ? d->vcpu[vcpuid] : NULL;

	if (!v)
		return -ENOENT;
	if (cmd == VCPUOP_initialise)
		return vcpu_context_op(d, &(struct ringlet_vcpu_context){
			.vcpu = v->id, .context = arg }, true);
	if (v != current_vcpu && cmd >= VCPUOP_set_periodic_timer &&
	    cmd <= VCPUOP_stop_singleshot_timer)
		return -EINVAL;
	return sub_op_call(v, ops, ARRAY_SIZE(ops), cmd, arg);
}
