// SPDX-License-Identifier: GPL-2.0
/*
 * event_channel_op: what a guest asks of its ports.
 *
 * Each operation reads its argument once, checks, then changes the table under
 * d->event_lock. A port number that cannot be handed back (-EFAULT) is closed
 * again, so nothing is bound that its owner does not know of.
 *
 * Errors are those of the ABI's reference: -EINVAL for a port that is not open
 * or of another kind, -ENOENT no such vCPU, -ESRCH no such domain, -EEXIST
 * bound already, -ENOSPC no port left.
 * ABI: event_channel.h. Locks: as in ports.c.
 */
#include "evtchn/evtchn.h"
#include "evtchn/ports.h"

#include "base/errno.h"
#include "machine/pcpu.h"
#include "mm/mm.h"
#include "state/guest-access.h"

#define RESET_BUDGET	1024	/* ports in one go */

static bool virq_is_global(u32 virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG &&
	       virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

/* A domain that the caller may act for: itself, or any if privileged. */
static int find_domain(domid_t id, struct domain **found)
{
	struct domain *self = current_vcpu->domain, *d;

	d = id == DOMID_SELF ? self : domain_by_id(id);
	if (!d)
		return -ESRCH;
	if (d != self && !self->is_privileged)
		return -EPERM;
	*found = d;
	return 0;
}

static void lock_two(struct domain *a, struct domain *b) __no_lock_analysis
{
	spin_lock(a->id < b->id ? &a->event_lock : &b->event_lock);
	if (a != b)
		spin_lock(a->id < b->id ? &b->event_lock : &a->event_lock);
}

static void unlock_two(struct domain *a, struct domain *b) __no_lock_analysis
{
	spin_unlock(&a->event_lock);
	if (a != b)
		spin_unlock(&b->event_lock);
}

/* Close a port, and let the other domain's end of it wait again. */
static int close_port(struct domain *d, u32 port)
{
	struct domain *rd = NULL;
	struct evtchn *e, *r;
	u32 rport = 0;

	spin_lock(&d->event_lock);
	e = port_open(d, port);
	if (!e) {
		spin_unlock(&d->event_lock);
		return -EINVAL;
	}
	if (e->state == EVTCHNSTAT_interdomain && e->remote.domid != d->id) {
		rd = domain_by_id(e->remote.domid);
		rport = e->remote.port;
	}
	port_close(d, port, e);
	spin_unlock(&d->event_lock);
	if (!rd)
		return 0;

	/* Nobody else can have taken the other end: it still names this port. */
	spin_lock(&rd->event_lock);
	r = port_open(rd, rport);
	if (r && r->state == EVTCHNSTAT_interdomain &&
	    r->remote.domid == d->id && r->remote.port == port) {
		r->state = EVTCHNSTAT_unbound;
		r->remote.port = 0;
	}
	spin_unlock(&rd->event_lock);
	return 0;
}

/* Hand a new port's number back to the guest. */
static long return_port(struct domain *d, u64 where, u32 port)
{
	if (!copy_to_guest(where, &port, sizeof(port)))
		return 0;
	(void)close_port(d, port);
	return -EFAULT;
}

static long op_alloc_unbound(u64 arg)
{
	struct evtchn_alloc_unbound op;
	struct domain *d;
	u32 port;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	rc = find_domain(op.dom, &d);
	if (rc)
		return rc;
	spin_lock(&d->event_lock);
	rc = port_alloc(d, &port);
	if (!rc) {
		struct evtchn *e = port_record(d, port);

		e->remote.domid = op.remote_dom == DOMID_SELF ?
			current_vcpu->domain->id : op.remote_dom;
		e->remote.port = 0;
		e->state = EVTCHNSTAT_unbound;
	}
	spin_unlock(&d->event_lock);
	if (rc)
		return rc;
	return return_port(d, arg + offsetof(struct evtchn_alloc_unbound, port),
			   port);
}

static int bind_interdomain(struct domain *d, struct domain *rd, u32 rport,
			    u32 *port) __no_lock_analysis
{
	struct evtchn *e, *r;
	int rc;

	lock_two(d, rd);
	rc = -EINVAL;
	r = port_open(rd, rport);
	if (!r || r->state != EVTCHNSTAT_unbound || r->remote.domid != d->id)
		goto out;
	rc = port_alloc(d, port);
	if (rc)
		goto out;
	e = port_record(d, *port);
	e->remote.domid = rd->id;
	e->remote.port = rport;
	e->state = EVTCHNSTAT_interdomain;
	r->remote.port = *port;
	r->state = EVTCHNSTAT_interdomain;
	/* The other end may have sent before there was anybody to hear it. */
	port_raise(d, *port, e);
out:
	unlock_two(d, rd);
	return rc;
}

static long op_bind_interdomain(u64 arg)
{
	struct domain *d = current_vcpu->domain, *rd;
	struct evtchn_bind_interdomain op;
	u32 port;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	rd = op.remote_dom == DOMID_SELF ? d : domain_by_id(op.remote_dom);
	if (!rd)
		return -ESRCH;
	rc = bind_interdomain(d, rd, op.remote_port, &port);
	if (rc)
		return rc;
	return return_port(d, arg + offsetof(struct evtchn_bind_interdomain,
					     local_port), port);
}

static long op_bind_virq(u64 arg)
{
	struct domain *d = current_vcpu->domain;
	struct evtchn_bind_virq op;
	struct vcpu *v;
	u32 port;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.virq >= NR_VIRQS || (virq_is_global(op.virq) && op.vcpu))
		return -EINVAL;
	v = domain_vcpu(d, op.vcpu);
	if (!v)
		return -ENOENT;
	spin_lock(&d->event_lock);
	rc = v->evtchn->virq_port[op.virq] ? -EEXIST : port_alloc(d, &port);
	if (!rc) {
		struct evtchn *e = port_record(d, port);

		e->virq = op.virq;
		e->vcpu = op.vcpu;
		e->state = EVTCHNSTAT_virq;
		v->evtchn->virq_port[op.virq] = port;
	}
	spin_unlock(&d->event_lock);
	if (rc)
		return rc;
	return return_port(d, arg + offsetof(struct evtchn_bind_virq, port),
			   port);
}

static long op_bind_ipi(u64 arg)
{
	struct domain *d = current_vcpu->domain;
	struct evtchn_bind_ipi op;
	u32 port;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!domain_vcpu(d, op.vcpu))
		return -ENOENT;
	spin_lock(&d->event_lock);
	rc = port_alloc(d, &port);
	if (!rc) {
		struct evtchn *e = port_record(d, port);

		e->vcpu = op.vcpu;
		e->state = EVTCHNSTAT_ipi;
	}
	spin_unlock(&d->event_lock);
	if (rc)
		return rc;
	return return_port(d, arg + offsetof(struct evtchn_bind_ipi, port),
			   port);
}

static int bind_pirq(struct domain *d, u32 pirq, bool share, u32 *port)
	__requires(d->event_lock)
{
	struct evtchn *e;
	int rc;

	if (d->evtchn->pirq_port[pirq])
		return -EEXIST;
	rc = port_alloc(d, port);
	if (rc)
		return rc;
	e = port_record(d, *port);
	e->pirq = pirq;
	e->state = EVTCHNSTAT_pirq;
	d->evtchn->pirq_port[pirq] = *port;
	rc = pirq_bind(d, pirq, share, d->vcpu[0]);
	if (rc) {
		d->evtchn->pirq_port[pirq] = 0;
		e->state = EVTCHNSTAT_closed;
	}
	return rc;
}

static long op_bind_pirq(u64 arg)
{
	struct domain *d = current_vcpu->domain;
	struct evtchn_bind_pirq op;
	u32 port;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.pirq >= MAX_PIRQS)
		return -EINVAL;
	if (!d->is_hardware)
		return -EPERM;
	spin_lock(&d->event_lock);
	rc = bind_pirq(d, op.pirq, op.flags & BIND_PIRQ__WILL_SHARE, &port);
	spin_unlock(&d->event_lock);
	if (rc)
		return rc;
	return return_port(d, arg + offsetof(struct evtchn_bind_pirq, port),
			   port);
}

static long op_close(u64 arg)
{
	struct evtchn_close op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return close_port(current_vcpu->domain, op.port);
}

/* The receiving half of a send to another domain. */
static void raise_remote(struct domain *rd, u32 rport, domid_t from, u32 port)
{
	struct evtchn *r;

	spin_lock(&rd->event_lock);
	r = port_open(rd, rport);
	if (r && r->state == EVTCHNSTAT_interdomain &&
	    r->remote.domid == from && r->remote.port == port)
		port_raise(rd, rport, r);
	spin_unlock(&rd->event_lock);
}

static long op_send(u64 arg)
{
	struct domain *d = current_vcpu->domain, *rd = NULL;
	struct evtchn_send op;
	struct evtchn *e;
	u32 rport = 0;
	int rc = 0;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	spin_lock(&d->event_lock);
	e = port_open(d, op.port);
	if (!e) {
		rc = -EINVAL;
	} else if (e->state == EVTCHNSTAT_ipi) {
		port_raise(d, op.port, e);
	} else if (e->state == EVTCHNSTAT_interdomain) {
		rport = e->remote.port;
		if (e->remote.domid == d->id)
			port_raise(d, rport, port_record(d, rport));
		else
			rd = domain_by_id(e->remote.domid);
	} else if (e->state != EVTCHNSTAT_unbound) {
		rc = -EINVAL;
	}
	spin_unlock(&d->event_lock);
	if (rd)
		raise_remote(rd, rport, d->id, op.port);
	return rc;
}

static long op_status(u64 arg)
{
	struct evtchn_status op;
	struct evtchn *e;
	struct domain *d;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	rc = find_domain(op.dom, &d);
	if (rc)
		return rc;
	spin_lock(&d->event_lock);
	e = port_record(d, op.port);
	if (!e) {
		rc = -EINVAL;
	} else {
		op.status = e->state;
		op.vcpu = e->vcpu;
		if (e->state == EVTCHNSTAT_unbound) {
			op.u.unbound.dom = e->remote.domid;
		} else if (e->state == EVTCHNSTAT_interdomain) {
			op.u.interdomain.dom = e->remote.domid;
			op.u.interdomain.port = e->remote.port;
		} else if (e->state == EVTCHNSTAT_pirq) {
			op.u.pirq = e->pirq;
		} else if (e->state == EVTCHNSTAT_virq) {
			op.u.virq = e->virq;
		}
	}
	spin_unlock(&d->event_lock);
	if (!rc && copy_to_guest(arg, &op, sizeof(op)))
		rc = -EFAULT;
	return rc;
}

/* May the guest choose which vCPU hears of this port? */
static bool may_move(const struct evtchn *e)
{
	return e->state == EVTCHNSTAT_unbound ||
	       e->state == EVTCHNSTAT_interdomain ||
	       e->state == EVTCHNSTAT_pirq ||
	       (e->state == EVTCHNSTAT_virq && virq_is_global(e->virq));
}

static long op_bind_vcpu(u64 arg)
{
	struct domain *d = current_vcpu->domain;
	struct evtchn_bind_vcpu op;
	struct evtchn *e;
	int rc = 0;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!domain_vcpu(d, op.vcpu))
		return -ENOENT;
	spin_lock(&d->event_lock);
	e = port_open(d, op.port);
	if (e && may_move(e))
		e->vcpu = op.vcpu;
	else
		rc = -EINVAL;
	spin_unlock(&d->event_lock);
	return rc;
}

static long op_unmask(u64 arg)
{
	struct domain *d = current_vcpu->domain;
	struct evtchn_unmask op;
	struct evtchn *e;
	int rc = 0;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	spin_lock(&d->event_lock);
	e = op.port ? port_record(d, op.port) : NULL;
	if (!e) {
		rc = -EINVAL;
	} else {
		d->evtchn->abi->unmask(d, op.port, e);
		if (e->state == EVTCHNSTAT_pirq)
			pirq_unmasked(d, e->pirq);
	}
	spin_unlock(&d->event_lock);
	return rc;
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

/* Closing all ports is preemptible: reset_next says where to go on. */
static long op_reset(u64 arg)
{
	struct domain *d = current_vcpu->domain;
	struct evtchn_domain *ed = d->evtchn;
	mfn_t held[FIFO_MAX_HELD];
	struct evtchn_reset op;
	unsigned int n;
	u32 port, end;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.dom != DOMID_SELF && op.dom != d->id)
		return -EPERM;
	spin_lock(&d->event_lock);
	port = max(ed->reset_next, 1U);
	end = min(port + RESET_BUDGET, ed->nr_ports);
	ed->reset_next = end < ed->nr_ports ? end : 0;
	spin_unlock(&d->event_lock);
	for (; port < end; port++)
		(void)close_port(d, port);

	spin_lock(&d->event_lock);
	if (ed->reset_next || reset_incomplete(d)) {
		spin_unlock(&d->event_lock);
		return -ERESTART;
	}
	n = fifo_reset(d, held);
	spin_unlock(&d->event_lock);
	while (n--)
		page_release_writable(d, held[n]);
	return 0;
}

static long op_set_priority(u64 arg)
{
	struct domain *d = current_vcpu->domain;
	struct evtchn_set_priority op;
	struct evtchn *e;
	int rc = 0;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	spin_lock(&d->event_lock);
	e = port_open(d, op.port);
	if (!e || op.priority > EVTCHN_FIFO_PRIORITY_MIN)
		rc = -EINVAL;
	else if (d->evtchn->abi != &evtchn_fifo)
		rc = -ENOSYS;
	else
		e->priority = op.priority;
	spin_unlock(&d->event_lock);
	return rc;
}

/**
 * do_event_channel_op() - hypercall
 * @cmd: EVTCHNOP_*
 * @arg: guest pointer to the operation's structure
 */
long do_event_channel_op(u64 cmd, u64 arg)
{
	switch (cmd) {
	case EVTCHNOP_bind_interdomain:
		return op_bind_interdomain(arg);
	case EVTCHNOP_bind_virq:
		return op_bind_virq(arg);
	case EVTCHNOP_bind_pirq:
		return op_bind_pirq(arg);
	case EVTCHNOP_close:
		return op_close(arg);
	case EVTCHNOP_send:
		return op_send(arg);
	case EVTCHNOP_status:
		return op_status(arg);
	case EVTCHNOP_alloc_unbound:
		return op_alloc_unbound(arg);
	case EVTCHNOP_bind_ipi:
		return op_bind_ipi(arg);
	case EVTCHNOP_bind_vcpu:
		return op_bind_vcpu(arg);
	case EVTCHNOP_unmask:
		return op_unmask(arg);
	case EVTCHNOP_reset:
		return op_reset(arg);
	case EVTCHNOP_init_control:
		return fifo_init_control(arg);
	case EVTCHNOP_expand_array:
		return fifo_expand_array(arg);
	case EVTCHNOP_set_priority:
		return op_set_priority(arg);
	}
	return -ENOSYS;
}
