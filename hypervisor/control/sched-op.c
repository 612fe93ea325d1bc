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

#include "evtchn/evtchn.h"
#include "machine/clock.h"
#include "sched/sched.h"
#include "state/guest-access.h"

#include <xen/sched.h>

#define NS_PER_S	1000000000ULL

static long op_block(struct vcpu *v, void *arg)
{
	WRITE_ONCE(v->vcpu_info->evtchn_upcall_mask, 0);
	if (vcpu_has_news(v))
		return 0;
	vcpu_block(v);
	if (vcpu_has_news(v))
		vcpu_unblock(v);
	return 0;
}

static long op_poll(struct vcpu *v, void *arg)
{
	const struct sched_poll *op = arg;
	long rc;

	rc = evtchn_poll(v, (u64)op->ports.p, op->nr_ports, op->timeout);
	return rc > 0 ? 0 : rc;
}

static long op_shutdown(struct vcpu *v, void *arg)
{
	const struct sched_shutdown *op = arg;

	if (op->reason > SHUTDOWN_MAX)
		return -EINVAL;
	/* With a report: the guest may not have been able to say why. */
	if (op->reason == SHUTDOWN_crash)
		domain_crash(v->domain, "by its own request");
	else
		domain_shutdown(v->domain, op->reason);
	return 0;
}

static long op_remote_shutdown(struct vcpu *v, void *arg)
{
	const struct sched_remote_shutdown *op = arg;
	struct domain *d;
	long rc;

	if (op->reason > SHUTDOWN_MAX)
		return -EINVAL;
	rc = domain_get_for(v, op->domain_id, &d);
	if (rc)
		return rc;
	domain_shutdown(d, op->reason);
	domain_put(d);
	return 0;
}

static long op_yield(struct vcpu *v, void *arg)
{
	sched_yield_current();
	return 0;
}

/* id 0: take a free watchdog, its id is returned; timeout 0: give it back. */
static long set_watchdog(struct control_domain *c, u32 id, u32 timeout)
{
	long rc = 0;

	if (id > NR_WATCHDOGS || (!id && !timeout))
		return -EINVAL;
	if (!id) {
		while (id < NR_WATCHDOGS && c->watchdog_used[id])
			id++;
		rc = ++id;
		if (id > NR_WATCHDOGS)
			return -ENOSPC;
	} else if (!c->watchdog_used[id - 1]) {
		return -EINVAL;
	}
	timer_stop(&c->watchdog[id - 1]);
	c->watchdog_used[id - 1] = timeout;
	if (timeout)
		timer_set(&c->watchdog[id - 1], this_cpu->id, system_time() + timeout * NS_PER_S);
	return rc;
}

static long op_watchdog(struct vcpu *v, void *arg)
{
	const struct sched_watchdog *op = arg;
	struct domain *d = v->domain;
	long rc;

	spin_lock(&d->control_lock);
	rc = set_watchdog(to_control(d), op->id, op->timeout);
	spin_unlock(&d->control_lock);
	return rc;
}

static const struct sub_op ops[] = {
#include <ringlet/sched_op.inc>
};

/**
 * do_sched_op() - hypercall
 * @cmd: SCHEDOP_*
 * @arg: guest pointer to the operation's structure, if it has one
 */
long do_sched_op(u64 cmd, u64 arg)
{
	return sub_op_call(current_vcpu, ops, ARRAY_SIZE(ops), cmd, arg);
}
