// SPDX-License-Identifier: GPL-2.0
/*
 * The port table of a domain, and what raises events.
 *
 * Records lie in pages that are allocated as ports are needed and live as long
 * as the domain, so that a closed port keeps the FIFO queue it may still be
 * linked in. Port 0 is never used.
 *
 * Invariants: an open port is below abi->max_ports. v->evtchn->virq_port[q] == p
 * if and only if port p of the domain is in state virq for q (global VIRQs: in
 * vCPU 0's table, wherever they are delivered), and the same for PIRQs in
 * pirq_port[]. Two interdomain ports name each other.
 *
 * There is one domain so far: both ends of an interdomain port are its own.
 * Locks: d->event_lock.
 */
#include "evtchn/evtchn.h"
#include "evtchn/ports.h"

#include "base/errno.h"
#include "console/printk.h"
#include "sched/sched.h"
#include "state/alloc.h"

/*
 * Records of a FIFO time outlive a reset; what the present form cannot show
 * (2-level has no bits for it) has none.
 */
struct evtchn *port_record(struct domain *d, u32 port)
{
	struct evtchn_domain *e = d->evtchn;

	if (port >= e->nr_ports || port >= e->abi->max_ports)
		return NULL;
	return &e->page[port / PORTS_PER_PAGE][port % PORTS_PER_PAGE];
}

struct evtchn *port_open(struct domain *d, u32 port)
{
	struct evtchn *e = port_record(d, port);

	return e && e->state != EVTCHNSTAT_closed ? e : NULL;
}

static int ports_grow(struct evtchn_domain *e)
{
	struct evtchn *page;
	unsigned int i;

	if (e->nr_ports >= e->abi->max_ports)
		return -ENOSPC;
	page = alloc_page();
	if (!page)
		return -ENOMEM;
	for (i = 0; i < PORTS_PER_PAGE; i++) {
		page[i].priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
		page[i].last_priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	}
	e->page[e->nr_ports / PORTS_PER_PAGE] = page;
	e->nr_ports += PORTS_PER_PAGE;
	return 0;
}

/**
 * port_alloc() - find a closed port
 * @port: set to it; its state is still closed
 * Return: 0, -ENOSPC or -ENOMEM.
 */
int port_alloc(struct domain *d, u32 *port)
{
	struct evtchn_domain *e = d->evtchn;
	u32 p = e->first_free;
	int rc;

	while (port_open(d, p))
		p++;
	e->first_free = p;
	if (!port_record(d, p)) {
		rc = ports_grow(e);
		if (rc)
			return rc;
	}
	*port = p;
	port_record(d, p)->vcpu = 0;
	return 0;
}

/** port_raise() - the event of an open port happened */
void port_raise(struct domain *d, u32 port, struct evtchn *e)
{
	d->evtchn->abi->raise(d, port, e);
	if (d->evtchn->polling)
		poll_wake(d, port);
}

/** port_close() - close an open port; the other end of it waits unbound again */
void port_close(struct domain *d, u32 port, struct evtchn *e)
{
	struct evtchn *r;
	struct vcpu *v;

	switch (e->state) {
	case EVTCHNSTAT_virq:
		v = d->vcpu[e->vcpu];
		if (v->evtchn->virq_port[e->virq] != port)
			v = d->vcpu[0];
		v->evtchn->virq_port[e->virq] = 0;
		break;
	case EVTCHNSTAT_pirq:
		d->evtchn->pirq_port[e->pirq] = 0;
		pirq_unbind(e->pirq);
		break;
	case EVTCHNSTAT_interdomain:
		r = port_open(d, e->remote.port);
		if (r) {
			r->state = EVTCHNSTAT_unbound;
			r->remote.port = 0;
		}
		break;
	}
	d->evtchn->abi->clear(d, port, e);
	e->state = EVTCHNSTAT_closed;
	e->early = 0;
	e->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	d->evtchn->first_free = min(d->evtchn->first_free, port);
}

/**
 * vcpu_mark_pending() - set evtchn_upcall_pending
 *
 * The guest clears the flag before it looks at what is pending, so the flag is
 * set after what it announces: the exchange is a full barrier.
 */
void vcpu_mark_pending(struct vcpu *v)
{
	if (__atomic_exchange_n(&v->vcpu_info->evtchn_upcall_pending, 1,
				__ATOMIC_SEQ_CST))
		return;
	vcpu_unblock(v);
	vcpu_kick(v);
}

/** vcpu_event_deliverable() - would an exit to the guest make an upcall? */
bool vcpu_event_deliverable(const struct vcpu *v)
{
	const struct vcpu_info *i = v->vcpu_info;

	return READ_ONCE(i->evtchn_upcall_pending) &&
	       !READ_ONCE(i->evtchn_upcall_mask);
}

static void raise_virq_of(struct vcpu *v, u32 virq)
{
	struct domain *d = v->domain;
	u32 port;

	spin_lock(&d->event_lock);
	port = v->evtchn->virq_port[virq];
	if (port)
		port_raise(d, port, port_record(d, port));
	spin_unlock(&d->event_lock);
}

/** evtchn_raise_virq() - raise a VIRQ that each vCPU binds for itself */
void evtchn_raise_virq(struct vcpu *v, u32 virq)
{
	raise_virq_of(v, virq);
}

/** evtchn_raise_global_virq() - raise a VIRQ that a domain has once */
void evtchn_raise_global_virq(struct domain *d, u32 virq)
{
	if (d->vcpu[0])
		raise_virq_of(d->vcpu[0], virq);
}

/** evtchn_raise_pirq() - raise the port a PIRQ is bound to */
bool evtchn_raise_pirq(struct domain *d, u32 pirq)
{
	u32 port;

	spin_lock(&d->event_lock);
	port = d->evtchn->pirq_port[pirq];
	if (port)
		port_raise(d, port, port_record(d, port));
	spin_unlock(&d->event_lock);
	return port;
}

/** vcpu_nmi_raise() - virtual NMI for a vCPU; more than one at a time is one */
void vcpu_nmi_raise(struct vcpu *v)
{
	set_bit(0, &v->evtchn->nmi);
	WRITE_ONCE(v->needs_exit_work, true);
	vcpu_unblock(v);
	vcpu_kick(v);
}

/**
 * vcpu_nmi_take() - true once for a virtual NMI that was raised
 *
 * It stays pending as long as the guest has not said where it wants it.
 */
bool vcpu_nmi_take(struct vcpu *v)
{
	return v->nmi_entry && v->evtchn->nmi &&
	       test_and_clear_bit(0, &v->evtchn->nmi);
}

void evtchn_move_vcpu_info(struct vcpu *v, struct vcpu_info *info)
{
	struct domain *d = v->domain;

	spin_lock(&d->event_lock);
	*info = *v->vcpu_info;
	info->time = vcpu_time_info();
	v->vcpu_info = info;
	spin_unlock(&d->event_lock);
}

/** evtchn_domain_init() - an empty port table, 2-level */
int evtchn_domain_init(struct domain *d)
{
	struct evtchn_domain *e = kzalloc(sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->abi = &evtchn_2level;
	e->first_free = 1;
	if (ports_grow(e)) {
		kfree(e);
		return -ENOMEM;
	}
	d->evtchn = e;
	return 0;
}

/** evtchn_vcpu_init() - event state and timers of a vCPU */
int evtchn_vcpu_init(struct vcpu *v)
{
	struct evtchn_vcpu *e = kzalloc(sizeof(*e));

	if (!e)
		return -ENOMEM;
	v->evtchn = e;
	e->control_mfn = INVALID_MFN;
	return vtimer_vcpu_init(v);
}
