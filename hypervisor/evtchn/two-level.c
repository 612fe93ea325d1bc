// SPDX-License-Identifier: GPL-2.0
/*
 * 2-level events: a bit for each port in shared_info, a bit for each word of
 * those in the vCPU's vcpu_info.
 *
 * Guest memory, hostile: bits are set atomically and never relied upon.
 * ABI: xen.h, evtchn_pending, evtchn_mask, evtchn_pending_sel: a 0->1 step of a
 * pending bit that is not masked sets the selector bit and announces it.
 * Locks: d->event_lock.
 */
#include "evtchn/ports.h"

static void announce(struct domain *d, u32 port, struct evtchn *e)
{
	struct vcpu *v = d->vcpu[e->vcpu];

	if (!test_and_set_bit(port / BITS_PER_LONG, &v->vcpu_info->evtchn_pending_sel))
		vcpu_mark_pending(v);
}

static void raise_2level(struct domain *d, u32 port, struct evtchn *e)
{
	struct shared_info *s = d->shared_info;

	if (!test_and_set_bit(port, s->evtchn_pending) && !test_bit(port, s->evtchn_mask))
		announce(d, port, e);
}

static void clear_2level(struct domain *d, u32 port, struct evtchn *e)
{
	clear_bit(port, d->shared_info->evtchn_pending);
}

static void unmask_2level(struct domain *d, u32 port, struct evtchn *e)
{
	struct shared_info *s = d->shared_info;

	if (test_and_clear_bit(port, s->evtchn_mask) && test_bit(port, s->evtchn_pending))
		announce(d, port, e);
}

static bool pending_2level(struct domain *d, u32 port, struct evtchn *e)
{
	return test_bit(port, d->shared_info->evtchn_pending);
}

const struct evtchn_abi evtchn_2level = {
	.max_ports = EVTCHN_2L_NR_CHANNELS,
	.raise = raise_2level,
	.clear = clear_2level,
	.unmask = unmask_2level,
	.pending = pending_2level,
};
