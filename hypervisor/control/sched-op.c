// SPDX-License-Identifier: GPL-2.0
/*
 * sched_op: a guest gives up its pCPU, or ends.
 *
 * Block is race-free: it enables events first, marks the vCPU blocked, then
 * looks for a deliverable event again; whoever raises one sets it pending first
 * and then looks for blocked vCPUs. One of the two sees the other.
 *
 * ABI: sched.h. Locks: d->control_lock for watchdogs and the shutdown reason.
 */
#include "control/control.h"
#include "control/control-domain.h"

#include "base/errno.h"
#include "evtchn/evtchn.h"
#include "machine/clock.h"
#include "machine/pcpu.h"
#include "sched/sched.h"
#include "state/guest-access.h"

#include <xen/sched.h>

#define NS_PER_S	1000000000ULL

static long op_block(struct vcpu *v)
{
	WRITE_ONCE(v->vcpu_info->evtchn_upcall_mask, 0);
	if (vcpu_event_deliverable(v))
		return 0;
	vcpu_block(v);
	if (vcpu_event_deliverable(v))
		vcpu_unblock(v);
	return 0;
}

static long op_poll(struct vcpu *v, u64 arg)
{
	struct sched_poll op;
	long rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	rc = evtchn_poll(v, (u64)op.ports.p, op.nr_ports, op.timeout);
	return rc > 0 ? 0 : rc;
}

static long op_shutdown(struct domain *d, u64 arg)
{
	struct sched_shutdown op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.reason > SHUTDOWN_MAX)
		return -EINVAL;
	/* With a report: the guest may not have been able to say why. */
	if (op.reason == SHUTDOWN_crash)
		domain_crash(d, "by its own request");
	else
		domain_shutdown(d, op.reason);
	return 0;
}

static long op_shutdown_code(struct domain *d, u64 arg)
{
	struct sched_shutdown op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.reason > SHUTDOWN_MAX)
		return -EINVAL;
	spin_lock(&d->control_lock);
	d->shutdown_reason = op.reason;
	spin_unlock(&d->control_lock);
	return 0;
}

/* Another domain's end, decided by one that may. */
static long op_remote_shutdown(struct domain *self, u64 arg)
{
	struct sched_remote_shutdown op;
	struct domain *d;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	d = domain_by_id(op.domain_id);
	if (!d)
		return -ESRCH;
	if (!self->is_privileged)
		return -EPERM;
	if (op.reason > SHUTDOWN_MAX)
		return -EINVAL;
	domain_shutdown(d, op.reason);
	return 0;
}

/* id 0: take a free watchdog, its id is returned; timeout 0: give it back. */
static long set_watchdog(struct control_domain *c, u32 id, u32 timeout)
{
	if (id > NR_WATCHDOGS || (!id && !timeout))
		return -EINVAL;
	if (!id) {
		while (id < NR_WATCHDOGS && c->watchdog_used[id])
			id++;
		if (id == NR_WATCHDOGS)
			return -ENOSPC;
		c->watchdog_used[id] = true;
		timer_set(&c->watchdog[id], this_cpu->id,
			  system_time() + timeout * NS_PER_S);
		return id + 1;
	}
	id--;
	if (!c->watchdog_used[id])
		return -EINVAL;
	timer_stop(&c->watchdog[id]);
	c->watchdog_used[id] = timeout;
	if (timeout)
		timer_set(&c->watchdog[id], this_cpu->id,
			  system_time() + timeout * NS_PER_S);
	return 0;
}

static long op_watchdog(struct domain *d, u64 arg)
{
	struct sched_watchdog op;
	long rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	spin_lock(&d->control_lock);
	rc = set_watchdog(to_control(d), op.id, op.timeout);
	spin_unlock(&d->control_lock);
	return rc;
}

/**
 * do_sched_op() - hypercall
 * @cmd: SCHEDOP_*
 * @arg: guest pointer to the operation's structure, if it has one
 */
long do_sched_op(u64 cmd, u64 arg)
{
	struct vcpu *v = current_vcpu;

	switch (cmd) {
	case SCHEDOP_yield:
		sched_yield_current();
		return 0;
	case SCHEDOP_block:
		return op_block(v);
	case SCHEDOP_shutdown:
		return op_shutdown(v->domain, arg);
	case SCHEDOP_poll:
		return op_poll(v, arg);
	case SCHEDOP_remote_shutdown:
		return op_remote_shutdown(v->domain, arg);
	case SCHEDOP_shutdown_code:
		return op_shutdown_code(v->domain, arg);
	case SCHEDOP_watchdog:
		return op_watchdog(v->domain, arg);
	}
	return -ENOSYS;
}
