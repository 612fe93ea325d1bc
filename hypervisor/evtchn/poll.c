// SPDX-License-Identifier: GPL-2.0
/*
 * sched_op poll: sleep until one of some ports is pending, or a time has come.
 *
 * A vCPU that polls is blocked and has its bit in evtchn_domain.polling; with
 * one port in poll_port it is woken by that port, with more by any (it looks
 * again itself). Masked ports wake, too: that is what spinlocks of guests use.
 * An upcall that becomes pending also ends it, as every block.
 *
 * ABI: sched.h, SCHEDOP_poll. Locks: d->event_lock around test and block, so
 * that no event slips in between.
 */
#include "evtchn/evtchn.h"
#include "evtchn/ports.h"

#include "machine/clock.h"
#include "sched/sched.h"
#include "state/guest-access.h"

#define MAX_POLL_PORTS	128

void poll_timeout(void *vcpu)
{
	vcpu_unblock(vcpu);
}

void poll_wake(struct domain *d, u32 port)
{
	struct evtchn_domain *ed = d->evtchn;
	u32 id, wanted;

	for (id = find_next_bit(&ed->polling, MAX_VCPUS, 0); id < MAX_VCPUS;
	     id = find_next_bit(&ed->polling, MAX_VCPUS, id + 1)) {
		wanted = d->vcpu[id]->evtchn->poll_port;
		if (!wanted || wanted == port)
			vcpu_unblock(d->vcpu[id]);
	}
}

void poll_end(struct vcpu *v)
{
	struct evtchn_domain *ed = v->domain->evtchn;

	if (!test_bit(v->id, &ed->polling))
		return;
	clear_bit(v->id, &ed->polling);
	timer_stop(&v->timers->poll);
}

/* 1 if one of the ports is pending, 0 if none, -EINVAL if one does not exist. */
static int look(struct domain *d, const u32 *port, u32 nr) __requires(d->event_lock)
{
	struct evtchn *e;
	u32 i;

	for (i = 0; i < nr; i++) {
		e = port_record(d, port[i]);
		if (!e || !port[i])
			return -EINVAL;
		if (d->evtchn->abi->pending(d, port[i], e))
			return 1;
	}
	return 0;
}

/**
 * evtchn_poll() - block the current vCPU until a port is pending
 * @ports: guest array of @nr ports
 * @timeout_ns: system time at which to give up; 0: never
 *
 * Return: 0 nothing to wait for, 1 blocked, or -E.
 */
long evtchn_poll(struct vcpu *v, u64 ports, u32 nr, u64 timeout_ns)
{
	struct domain *d = v->domain;
	u32 port[MAX_POLL_PORTS];
	int rc;

	if (nr > MAX_POLL_PORTS)
		return -EINVAL;
	if (nr && copy_from_guest(port, ports, nr * sizeof(port[0])))
		return -EFAULT;

	spin_lock(&d->event_lock);
	rc = look(d, port, nr);
	if (!rc && timeout_ns && timeout_ns <= system_time())
		rc = 1;
	if (!rc) {
		v->evtchn->poll_port = nr == 1 ? port[0] : 0;
		set_bit(v->id, &d->evtchn->polling);
		vcpu_block(v);
		if (timeout_ns)
			timer_set(&v->timers->poll, v->pcpu, timeout_ns);
		/* The exit path schedules: vtimer_vcpu_loaded() tidies up. */
		if (vcpu_has_news(v))
			vcpu_unblock(v);
	}
	spin_unlock(&d->event_lock);
	return rc < 0 ? rc : !rc;
}
