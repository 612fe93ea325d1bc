// SPDX-License-Identifier: GPL-2.0
/*
 * event_channel_op: what a guest asks of its ports.
 *
 * Each operation gets a copy of its argument, checks, then changes the table
 * under d->event_lock. Other domains than the caller's are reached by
 * bind_interdomain, if they wait for the caller, and by the privileged.
 *
 * Errors are those of the ABI's reference: -EINVAL for a port that is not open
 * or of another kind, -ENOENT no such vCPU, -ESRCH no such domain, -EEXIST
 * bound already, -ENOSPC no port left; -EPERM for what only the privileged may.
 * ABI: event_channel.h. Locks: as in ports.c.
 */
#include "evtchn/evtchn.h"
#include "evtchn/ports.h"

#include "state/guest-access.h"

static bool virq_is_global(u32 virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG &&
	       virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}


static long op_alloc_unbound(struct vcpu *v, void *arg)
{
	struct evtchn_alloc_unbound *op = arg;
	struct domain *d;
	struct evtchn *e;
	int rc;

	rc = domain_get_for(v, op->dom, &d);
	if (rc)
		return rc;
	spin_lock(&d->event_lock);
	rc = port_alloc(d, EVTCHNSTAT_unbound, &op->port, &e);
	if (!rc) {
		e->remote.domid = op->remote_dom == DOMID_SELF ? v->domain->id : op->remote_dom;
		e->remote.port = 0;
	}
	spin_unlock(&d->event_lock);
	domain_put(d);
	return rc;
}

/* No privilege: that the port waits for the caller's domain is its owner's leave. */
static long op_bind_interdomain(struct vcpu *v, void *arg)
{
	struct evtchn_bind_interdomain *op = arg;
	struct domain *d = v->domain;
	struct domain *rd = domain_get(domid_is_self(d, op->remote_dom) ? d->id : op->remote_dom);
	struct evtchn *e, *r;
	int rc = -EINVAL;

	if (!rd)
		return -ESRCH;
	event_lock_two(d, rd);
	r = port_open(rd, op->remote_port);
	if (r && r->state == EVTCHNSTAT_unbound && r->remote.domid == d->id && !rd->is_dying)
		rc = port_alloc(d, EVTCHNSTAT_interdomain, &op->local_port, &e);
	if (!rc) {
		e->remote.domid = rd->id;
		e->remote.port = op->remote_port;
		r->remote.port = op->local_port;
		r->state = EVTCHNSTAT_interdomain;
		/* The other end may have sent before there was anybody to hear. */
		port_raise(d, op->local_port, e);
	}
	event_unlock_two(d, rd);
	domain_put(rd);
	return rc;
}

static long op_bind_virq(struct vcpu *v, void *arg) __requires(v->domain->event_lock)
{
	struct evtchn_bind_virq *op = arg;
	struct domain *d = v->domain;
	struct evtchn *e;
	u32 *bound;
	int rc;

	if (op->virq >= NR_VIRQS || (virq_is_global(op->virq) && op->vcpu))
		return -EINVAL;
	if (!domain_vcpu(d, op->vcpu))
		return -ENOENT;
	bound = &d->vcpu[op->vcpu]->evtchn->virq_port[op->virq];
	rc = *bound ? -EEXIST : port_alloc(v->domain, EVTCHNSTAT_virq, &op->port, &e);
	if (!rc) {
		e->virq = op->virq;
		e->vcpu = op->vcpu;
		*bound = op->port;
	}
	return rc;
}

static long op_bind_ipi(struct vcpu *v, void *arg) __requires(v->domain->event_lock)
{
	struct evtchn_bind_ipi *op = arg;
	struct domain *d = v->domain;
	struct evtchn *e;
	int rc;

	if (!domain_vcpu(d, op->vcpu))
		return -ENOENT;
	rc = port_alloc(v->domain, EVTCHNSTAT_ipi, &op->port, &e);
	if (!rc)
		e->vcpu = op->vcpu;
	return rc;
}

static long op_bind_pirq(struct vcpu *v, void *arg) __requires(v->domain->event_lock)
{
	struct evtchn_bind_pirq *op = arg;
	struct domain *d = v->domain;
	struct evtchn *e;
	u32 *bound;
	int rc;

	if (op->pirq >= NR_PIRQS)
		return -EINVAL;
	if (!d->is_hardware)
		return -EPERM;
	bound = &d->evtchn->pirq_port[op->pirq];
	rc = *bound ? -EEXIST : port_alloc(v->domain, EVTCHNSTAT_pirq, &op->port, &e);
	if (!rc) {
		e->pirq = op->pirq;
		*bound = op->port;
		/* It may come at once: the port is ready. */
		rc = pirq_bind(op->pirq, d->vcpu[0]);
		if (rc) {
			*bound = 0;
			e->state = EVTCHNSTAT_closed;
			d->evtchn->nr_open--;
		}
	}
	return rc;
}

static long op_close(struct vcpu *v, void *arg)
{
	const struct evtchn_close *op = arg;

	return port_close(v->domain, op->port) ? 0 : -EINVAL;
}

/* The end that hears of it is in another table; it may be gone by now. */
static void send_to_peer(const struct domain *d, u32 port, domid_t domid, u32 rport)
{
	struct gate_rw *rw = this_cpu->current->gate_rw;
	struct domain *rd = domain_get(domid);
	struct evtchn *r;

	if (!rd)
		return;
	spin_lock(&rd->event_lock);
	r = port_peer(rd, rport, d, port);
	this_cpu->goes_on = !READ_ONCE(rw->give_way);
	WRITE_ONCE(rw->give_way, 0);
	if (r)
		port_raise(rd, rport, r);
	this_cpu->goes_on = false;
	spin_unlock(&rd->event_lock);
	domain_put(rd);
}

static long op_send(struct vcpu *v, void *arg)
{
	const struct evtchn_send *op = arg;
	struct domain *d = v->domain;
	domid_t rdomid = d->id;
	u32 rport = 0;
	struct evtchn *e;
	int rc = 0;

	spin_lock(&d->event_lock);
	e = port_open(d, op->port);
	if (e && e->state == EVTCHNSTAT_ipi) {
		port_raise(d, op->port, e);
	} else if (e && e->state == EVTCHNSTAT_interdomain) {
		rdomid = e->remote.domid;
		rport = e->remote.port;
	} else if (!e || e->state != EVTCHNSTAT_unbound) {
		rc = -EINVAL;
	}
	spin_unlock(&d->event_lock);
	if (rport)
		send_to_peer(d, op->port, rdomid, rport);
	return rc;
}

static void status_fill(const struct evtchn *e, struct evtchn_status *op)
{
	op->status = e->state;
	op->vcpu = e->vcpu;
	if (e->state == EVTCHNSTAT_unbound) {
		op->u.unbound.dom = e->remote.domid;
	} else if (e->state == EVTCHNSTAT_interdomain) {
		op->u.interdomain.dom = e->remote.domid;
		op->u.interdomain.port = e->remote.port;
	} else if (e->state == EVTCHNSTAT_pirq) {
		op->u.pirq = e->pirq;
	} else if (e->state == EVTCHNSTAT_virq) {
		op->u.virq = e->virq;
	}
}

static long op_status(struct vcpu *v, void *arg)
{
	struct evtchn_status *op = arg;
	struct domain *d;
	struct evtchn *e;
	int rc;

	rc = domain_get_for(v, op->dom, &d);
	if (rc)
		return rc;
	spin_lock(&d->event_lock);
	e = port_record(d, op->port);
	if (e)
		status_fill(e, op);
	else
		rc = -EINVAL;
	spin_unlock(&d->event_lock);
	domain_put(d);
	return rc;
}

/* May the guest choose which vCPU hears of this port? */
static bool may_move(const struct evtchn *e)
{
	return e->state == EVTCHNSTAT_unbound || e->state == EVTCHNSTAT_interdomain ||
	       e->state == EVTCHNSTAT_pirq ||
	       (e->state == EVTCHNSTAT_virq && virq_is_global(e->virq));
}

static long op_bind_vcpu(struct vcpu *v, void *arg) __requires(v->domain->event_lock)
{
	const struct evtchn_bind_vcpu *op = arg;
	struct domain *d = v->domain;
	struct evtchn *e = port_open(v->domain, op->port);

	if (!domain_vcpu(d, op->vcpu))
		return -ENOENT;
	if (!e || !may_move(e))
		return -EINVAL;
	e->vcpu = op->vcpu;
	return 0;
}

static long op_unmask(struct vcpu *v, void *arg) __requires(v->domain->event_lock)
{
	const struct evtchn_unmask *op = arg;
	struct domain *d = v->domain;
	struct evtchn *e = op->port ? port_record(v->domain, op->port) : NULL;

	if (!e)
		return -EINVAL;
	d->evtchn->abi->unmask(d, op->port, e);
	if (e->state == EVTCHNSTAT_pirq)
		pirq_unmasked(e->pirq);
	return 0;
}

static long op_reset(struct vcpu *v, void *arg)
{
	const struct evtchn_reset *op = arg;
	struct domain *d;
	int rc;

	rc = domain_get_for(v, op->dom, &d);
	if (rc)
		return rc;
	rc = ports_close_all(d);
	domain_put(d);
	return rc;
}

static long op_set_priority(struct vcpu *v, void *arg) __requires(v->domain->event_lock)
{
	const struct evtchn_set_priority *op = arg;
	struct domain *d = v->domain;
	struct evtchn *e = port_open(v->domain, op->port);

	if (!e || op->priority > EVTCHN_FIFO_PRIORITY_MIN)
		return -EINVAL;
	if (d->evtchn->abi != &evtchn_fifo)
		return -ENOSYS;
	e->priority = op->priority;
	return 0;
}

/* Those that concern nothing but the caller's table: the lock is taken around them. */
#define LOCKED_OPS (BIT(EVTCHNOP_bind_virq) | BIT(EVTCHNOP_bind_ipi) | BIT(EVTCHNOP_bind_pirq) | \
		    BIT(EVTCHNOP_bind_vcpu) | BIT(EVTCHNOP_unmask) | BIT(EVTCHNOP_set_priority))

static const struct sub_op ops[] = {
#include <ringlet/event_channel_op.inc>
};

/**
 * do_event_channel_op() - hypercall
 * @cmd: EVTCHNOP_*
 * @arg: guest pointer to the operation's structure
 */
long do_event_channel_op(u64 cmd, u64 arg) __no_lock_analysis
{
	struct vcpu *v = current_vcpu;
	bool locked = cmd < ARRAY_SIZE(ops) && (LOCKED_OPS & BIT(cmd));
	long rc;

	if (locked)
		spin_lock(&v->domain->event_lock);
	rc = sub_op_call(v, ops, ARRAY_SIZE(ops), cmd, arg);
	if (locked)
		spin_unlock(&v->domain->event_lock);
	return rc;
}
