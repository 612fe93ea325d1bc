// SPDX-License-Identifier: GPL-2.0
/*
 * The port table of a domain, and what raises events.
 *
 * Records lie in pages that are allocated as ports are needed and live as long
 * as the domain, so that a closed port keeps the FIFO queue it may still be
 * linked in. Port 0 is never used, and ports are below d->max_ports.
 *
 * Invariants: an open port is below abi->max_ports. v->evtchn->virq_port[q] == p
 * if and only if port p of the domain is in state virq for q (global VIRQs: in
 * vCPU 0's table, wherever they are delivered), and the same for PIRQs in
 * pirq_port[]. Two interdomain ports name each other: they are made and undone
 * under both event_locks. Who holds one of these only (send) looks at the end
 * it can see, then under the other lock whether that one still names it.
 * A dying domain gets no new port, so that its teardown comes to an end.
 *
 * Locks: d->event_lock; of two domains, the lower domid's first.
 */
#include "evtchn/evtchn.h"
#include "evtchn/ports.h"

#include "console/printk.h"
#include "mm/mm.h"
#include "sched/sched.h"

#define CLOSE_BUDGET	1024	/* ports in one go */

static struct evtchn *record_page(const struct evtchn_domain *e, u32 i)
{
	return mfn_to_virt(MFN(e->page[i]));
}

/*
 * Records of a FIFO time outlive a reset; what the present form cannot show
 * (2-level has no bits for it) has none.
 */
struct evtchn *port_record(struct domain *d, u32 port)
{
	struct evtchn_domain *e = d->evtchn;

	if (port >= e->nr_ports || port >= e->abi->max_ports)
		return NULL;
	return &record_page(e, port / PORTS_PER_PAGE)[port % PORTS_PER_PAGE];
}

struct evtchn *port_open(struct domain *d, u32 port)
{
	struct evtchn *e = port_record(d, port);

	return e && e->state != EVTCHNSTAT_closed ? e : NULL;
}

static int ports_grow(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	struct evtchn *page;
	unsigned int i;

	if (e->nr_ports >= e->abi->max_ports)
		return -ENOSPC;
	page = domain_alloc_page(d);
	if (!page)
		return -ENOMEM;
	for (i = 0; i < PORTS_PER_PAGE; i++) {
		page[i].priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
		page[i].last_priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	}
	e->page[e->nr_ports / PORTS_PER_PAGE] = virt_to_mfn(page).v;
	e->nr_ports += PORTS_PER_PAGE;
	return 0;
}

/**
 * port_alloc() - open a closed port
 * @state: that it is to have; for the caller to fill in what belongs to it
 * @port, @e: set to it
 * Return: 0, -ENOSPC or -ENOMEM; -EINVAL: the domain is dying, or not complete.
 */
int port_alloc(struct domain *d, u8 state, u32 *port, struct evtchn **e)
{
	struct evtchn_domain *ed = d->evtchn;
	int rc = 0;

	if (d->is_dying || !d->vcpu[0])
		return -EINVAL;
	while (port_open(d, ed->first_free))
		ed->first_free++;
	if (ed->first_free >= d->max_ports)
		return -ENOSPC;
	if (!port_record(d, ed->first_free))
		rc = ports_grow(d);
	if (rc)
		return rc;
	*port = ed->first_free;
	*e = port_record(d, *port);
	(*e)->vcpu = 0;
	(*e)->state = state;
	ed->nr_open++;
	return 0;
}

/** port_raise() - the event of an open port happened */
void port_raise(struct domain *d, u32 port, struct evtchn *e)
{
	d->stat_events++;
	d->evtchn->abi->raise(d, port, e);
	if (d->evtchn->polling)
		poll_wake(d, port);
}

void event_lock_two(struct domain *a, struct domain *b) __no_lock_analysis
{
	spin_lock(a->id < b->id ? &a->event_lock : &b->event_lock);
	if (a != b)
		spin_lock(a->id < b->id ? &b->event_lock : &a->event_lock);
}

void event_unlock_two(struct domain *a, struct domain *b) __no_lock_analysis
{
	spin_unlock(&a->event_lock);
	if (a != b)
		spin_unlock(&b->event_lock);
}

struct evtchn *port_peer(struct domain *rd, u32 rport, const struct domain *d, u32 port)
{
	struct evtchn *r = port_record(rd, rport);

	return r && r->state == EVTCHNSTAT_interdomain &&
	       r->remote.domid == d->id && r->remote.port == port ? r : NULL;
}

/* @rd: where the other end is; @d if there is none. */
static void close_locked(struct domain *d, u32 port, struct evtchn *e, struct domain *rd)
	__requires(d->event_lock) __requires(rd->event_lock)
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
		r = port_peer(rd, e->remote.port, d, port);
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
	d->evtchn->nr_open--;
	d->evtchn->first_free = min(d->evtchn->first_free, port);
}

/**
 * port_close() - close a port; the other end of it waits unbound again
 *
 * Where that is has to be known before both locks can be taken in order, so
 * that it is looked up again under them.
 * Return: false if the port was not open.
 */
bool port_close(struct domain *d, u32 port)
{
	struct domain *rd = d;
	struct evtchn *e;
	domid_t other;

	for (;;) {
		event_lock_two(d, rd);
		e = port_open(d, port);
		other = e && e->state == EVTCHNSTAT_interdomain ? e->remote.domid : d->id;
		if (e && other == rd->id)
			close_locked(d, port, e, rd);
		event_unlock_two(d, rd);
		if (!e || other == rd->id)
			break;
		if (rd != d)
			domain_put(rd);
		/* None: its teardown has unbound our end by now. */
		rd = other == d->id ? d : domain_get(other);
		if (!rd)
			rd = d;
	}
	if (rd != d)
		domain_put(rd);
	return e;
}

/* Did a sibling vCPU open ports again that 2-level does not have? */
static bool reset_incomplete(struct domain *d) __requires(d->event_lock)
{
	u32 port;

	for (port = evtchn_2level.max_ports; port < d->evtchn->nr_ports; port++)
		if (port_open(d, port))
			return true;
	return false;
}

/**
 * ports_close_all() - close all ports of a domain, and back to 2-level
 *
 * reset_next says where to go on.
 * Return: 0; -ERESTART: some are left.
 */
int ports_close_all(struct domain *d)
{
	struct evtchn_domain *ed = d->evtchn;
	mfn_t held[FIFO_MAX_HELD];
	unsigned int n = 0;
	u32 port, end;
	int rc = 0;

	spin_lock(&d->event_lock);
	if (!ed->nr_open)
		ed->reset_next = ed->nr_ports;
	port = max(ed->reset_next, 1U);
	end = min(port + CLOSE_BUDGET, ed->nr_ports);
	ed->reset_next = end < ed->nr_ports ? end : 0;
	spin_unlock(&d->event_lock);
	for (; port < end; port++)
		(void)port_close(d, port);

	spin_lock(&d->event_lock);
	if (ed->reset_next || reset_incomplete(d))
		rc = -ERESTART;
	else
		n = fifo_reset(d, held);
	spin_unlock(&d->event_lock);
	while (n--)
		page_release_writable(d, held[n]);
	return rc;
}

/**
 * vcpu_mark_pending() - set evtchn_upcall_pending
 *
 * The guest clears the flag before it looks at what is pending, so the flag is
 * set after what it announces: the exchange is a full barrier.
 */
void vcpu_mark_pending(struct vcpu *v)
{
	if (__atomic_exchange_n(&v->vcpu_info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
		return;
	vcpu_unblock(v);
	vcpu_kick(v);
}

/** vcpu_event_deliverable() - would an exit to the guest make an upcall? */
bool vcpu_event_deliverable(const struct vcpu *v)
{
	const struct vcpu_info *i = v->vcpu_info;

	return READ_ONCE(i->evtchn_upcall_pending) && !READ_ONCE(i->evtchn_upcall_mask);
}

static bool has_nmi(const struct vcpu *v)
{
	return v->gate_ro->callback[CALLBACKTYPE_nmi].entry && READ_ONCE(v->evtchn->nmi);
}

/** vcpu_has_news() - is there anything that a blocked vCPU would be woken for? */
bool vcpu_has_news(const struct vcpu *v)
{
	return vcpu_event_deliverable(v) || has_nmi(v);
}

/* The port that *@bound names, if any. */
static bool raise_bound(struct domain *d, const u32 *bound)
{
	u32 port;

	spin_lock(&d->event_lock);
	port = *bound;
	if (port)
		port_raise(d, port, port_record(d, port));
	spin_unlock(&d->event_lock);
	return port;
}

/** evtchn_raise_virq() - raise a VIRQ that each vCPU binds for itself */
void evtchn_raise_virq(struct vcpu *v, u32 virq)
{
	(void)raise_bound(v->domain, &v->evtchn->virq_port[virq]);
}

/** evtchn_raise_global_virq() - raise a VIRQ that a domain has once */
void evtchn_raise_global_virq(struct domain *d, u32 virq)
{
	if (d->vcpu[0])
		evtchn_raise_virq(d->vcpu[0], virq);
}

/** evtchn_raise_pirq() - raise the port a PIRQ is bound to */
bool evtchn_raise_pirq(struct domain *d, u32 pirq)
{
	return raise_bound(d, &d->evtchn->pirq_port[pirq]);
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
	return has_nmi(v) && test_and_clear_bit(0, &v->evtchn->nmi);
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
	struct evtchn_domain *e = domain_zalloc(d, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->abi = &evtchn_2level;
	e->first_free = 1;
	if (!d->max_ports || d->max_ports > EVTCHN_FIFO_NR_CHANNELS)
		d->max_ports = EVTCHN_FIFO_NR_CHANNELS;
	d->evtchn = e;
	return ports_grow(d);
}

/**
 * evtchn_domain_teardown() - close the ports of a dying domain for good
 *
 * Nothing is raised in it afterwards, so that mm may take back the frames that
 * show events to it.
 * Return: 0; -ERESTART: call again.
 */
int evtchn_domain_teardown(struct domain *d)
{
	u32 i;
	int rc;

	ASSERT(d->is_dying);
	rc = ports_close_all(d);
	spin_lock(&d->event_lock);
	if (d->evtchn->nr_open)
		rc = -ERESTART;
	for (i = 0; !rc && i < d->max_vcpus; i++)
		if (d->vcpu[i])
			d->vcpu[i]->vcpu_info = &d->shared_info->vcpu_info[i];
	spin_unlock(&d->event_lock);
	return rc;
}

/** evtchn_domain_free() - give back the records of ports */
void evtchn_domain_free(struct domain *d)
{
	u32 i;

	for (i = 0; d->evtchn && i < d->evtchn->nr_ports / PORTS_PER_PAGE; i++)
		domain_free_page(d, record_page(d->evtchn, i));
	d->evtchn = NULL;
}

u32 evtchn_nr_open(const struct domain *d)
{
	return READ_ONCE(d->evtchn->nr_open);
}

/** evtchn_vcpu_init() - event state and timers of a vCPU */
int evtchn_vcpu_init(struct vcpu *v)
{
	struct evtchn_vcpu *e = domain_zalloc(v->domain, sizeof(*e));

	if (!e)
		return -ENOMEM;
	v->evtchn = e;
	e->control_mfn = INVALID_MFN;
	return vtimer_vcpu_init(v);
}
