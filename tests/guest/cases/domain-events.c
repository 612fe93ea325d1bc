// SPDX-License-Identifier: GPL-2.0
/*
 * Event channels between domains: a child on the other end of ports of ours. What needs no
 * second domain is in event-channels.c.
 */
#include "child.h"

#define ROUNDS	200
#define STORM	20000

static int op_alloc(u32 dom, u32 remote, u32 *port)
{
	struct evtchn_alloc_unbound a = { .dom = dom, .remote_dom = remote };
	int rc = HYP(event_channel_op, EVTCHNOP_alloc_unbound, &a);

	*port = a.port;
	return rc;
}

static int op_connect(u32 dom, u32 remote_port, u32 *port)
{
	struct evtchn_bind_interdomain b = { .remote_dom = dom, .remote_port = remote_port };
	int rc = HYP(event_channel_op, EVTCHNOP_bind_interdomain, &b);

	*port = b.local_port;
	return rc;
}

static int op_send(u32 port)
{
	struct evtchn_send s = { .port = port };

	return HYP(event_channel_op, EVTCHNOP_send, &s);
}

static int op_status(u32 dom, u32 port, struct evtchn_status *s)
{
	*s = (struct evtchn_status){ .dom = dom, .port = port };
	return HYP(event_channel_op, EVTCHNOP_status, s);
}

static int op_reset(u32 dom)
{
	struct evtchn_reset r = { .dom = dom };

	return HYP(event_channel_op, EVTCHNOP_reset, &r);
}

/* arg[0]: the port that waits here; each event is answered. */
static void echo(struct child_mail *m, unsigned int vcpu)
{
	u32 port, i, first;

	EXPECT_EQ(op_connect(0, m->arg[0], &port), 0);
	EXPECT_EQ(vcpu, 0);
	first = port_counts[port] + 1;	/* the counters were copied, too */
	evtchn_unmask(port);
	events_on();
	/* The first event is of the connection itself. */
	EXPECT(wait_for(&port_counts[port], first, HANG_NS));
	m->arg[1] = port;
	for (i = 0; i < ROUNDS; i++) {
		if (!wait_for(&port_counts[port], first + 1 + i, HANG_NS))
			break;
		op_send(port);
	}
	EXPECT_EQ(i, ROUNDS);
	EXPECT(child_wait(m, 2, 1));
}

CASE(domain_events_both_ways)
{
	struct evtchn_status s;
	u32 port, before, i;
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = echo }))
		return;
	EXPECT_EQ(op_alloc(DOMID_SELF, c.domid, &port), 0);
	EXPECT_EQ(op_send(port), 0);
	c.mail->arg[0] = port;
	evtchn_unmask(port);
	events_on();
	child_start(&c);
	while (!c.mail->arg[1] && !c.mail->failures)
		HYP(sched_op, SCHEDOP_yield, NULL);
	EXPECT_EQ(op_status(DOMID_SELF, port, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_interdomain);
	EXPECT_EQ(s.u.interdomain.dom, c.domid);
	EXPECT_EQ(s.u.interdomain.port, c.mail->arg[1]);
	EXPECT_EQ(op_status(c.domid, c.mail->arg[1], &s), 0);
	EXPECT_EQ(s.u.interdomain.port, port);
	for (i = 0; i < ROUNDS; i++) {
		before = port_counts[port];
		op_send(port);
		if (!wait_for(&port_counts[port], before + 1, HANG_NS))
			break;
	}
	EXPECT_EQ(i, ROUNDS);
	c.mail->arg[2] = 1;
	child_join(&c);
	/* It is gone: our end waits for it, and says nothing. */
	child_destroy(&c);
	EXPECT_EQ(op_status(DOMID_SELF, port, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_unbound);
	before = port_counts[port];
	EXPECT_EQ(op_send(port), 0);
	EXPECT_EQ(port_counts[port], before);
	events_off();
	EXPECT_EQ(evtchn_close(port), 0);
}

/* arg[0]: a port that waits for somebody else; arg[1]: a port of ours that is no port. */
static void without_rights(struct child_mail *m, unsigned int vcpu)
{
	struct evtchn_bind_pirq pirq = { .pirq = 1 };
	struct evtchn_status s;
	u32 port;

	EXPECT_EQ(vcpu, 0);
	EXPECT_EQ(op_alloc(0, m->domid, &port), -XEN_EPERM);
	EXPECT_EQ(op_alloc(4321, m->domid, &port), -XEN_ESRCH);
	EXPECT_EQ(op_status(0, m->arg[0], &s), -XEN_EPERM);
	EXPECT_EQ(op_reset(0), -XEN_EPERM);
	EXPECT_EQ(op_connect(0, m->arg[0], &port), -XEN_EINVAL);
	EXPECT_EQ(op_connect(0, m->arg[1], &port), -XEN_EINVAL);
	EXPECT_EQ(op_connect(0, ~0u, &port), -XEN_EINVAL);
	EXPECT_EQ(op_connect(4321, 1, &port), -XEN_ESRCH);
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_pirq, &pirq), -XEN_EPERM);
	EXPECT_EQ(op_alloc(DOMID_SELF, 0, &port), 0);
	EXPECT_EQ(op_status(m->domid, port, &s), 0);
	m->arg[2] = port;
	EXPECT(child_wait(m, 3, 1));
	EXPECT_EQ(op_reset(m->domid), 0);
	/* As many as max_ports allows; those that are closed come back. */
	while (!op_alloc(DOMID_SELF, 0, &port))
		m->arg[4]++;
	EXPECT_EQ(op_alloc(DOMID_SELF, 0, &port), -XEN_ENOSPC);
	EXPECT_EQ(evtchn_close(7), 0);
	EXPECT_EQ(op_alloc(DOMID_SELF, 0, &port), 0);
	EXPECT_EQ(port, 7);
}

CASE(domain_events_rights)
{
	struct ringlet_domain_info info;
	struct child_config config = { .fn = without_rights };
	struct evtchn_status s;
	u32 waits, ipi, port;
	struct child c;

	NEED_CHILD();
	config.create.max_ports = 300;
	if (!child_create(&c, &config))
		return;
	EXPECT_EQ(op_alloc(DOMID_SELF, 4321, &waits), 0);
	ipi = evtchn_bind_ipi(0);
	c.mail->arg[0] = waits;
	c.mail->arg[1] = ipi;
	child_start(&c);
	while (!c.mail->arg[2] && !c.mail->failures)
		HYP(sched_op, SCHEDOP_yield, NULL);
	/* What the service domain may. */
	EXPECT_EQ(op_connect(c.domid, c.mail->arg[2], &port), 0);
	EXPECT_EQ(op_reset(c.domid), 0);
	EXPECT_EQ(op_status(DOMID_SELF, port, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_unbound);
	EXPECT_EQ(evtchn_close(port), 0);
	EXPECT_EQ(op_alloc(c.domid, DOMID_SELF, &port), 0);
	EXPECT_EQ(op_status(c.domid, port, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_unbound);
	EXPECT_EQ(s.u.unbound.dom, 0);
	c.mail->arg[3] = 1;
	child_join(&c);
	EXPECT_EQ(c.mail->arg[4], 299);
	EXPECT_EQ(domid_info(c.domid, &info), 0);
	EXPECT_EQ(info.ports, 299);
	EXPECT_EQ(info.max_ports, 300);
	child_destroy(&c);
	EXPECT_EQ(evtchn_close(waits), 0);
	EXPECT_EQ(evtchn_close(ipi), 0);
}

static void storm(struct child_mail *m, unsigned int vcpu)
{
	u32 port, i;

	EXPECT_EQ(op_connect(0, m->arg[vcpu], &port), 0);
	for (i = 0; i < STORM; i++)
		op_send(port);
}

/* Both vCPUs send to us as fast as they can, while we open and close ports. */
CASE(domain_events_storm)
{
	u32 port[2], before[2], other, i;
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = storm, .vcpus = 2 }))
		return;
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(op_alloc(DOMID_SELF, c.domid, &port[i]), 0);
		c.mail->arg[i] = port[i];
		before[i] = port_counts[port[i]];
		evtchn_unmask(port[i]);
	}
	events_on();
	child_start(&c);
	while (c.mail->done < 2 && !c.mail->failures) {
		EXPECT_EQ(op_alloc(DOMID_SELF, c.domid, &other), 0);
		EXPECT_EQ(evtchn_close(other), 0);
		HYP(sched_op, SCHEDOP_yield, NULL);
	}
	child_join(&c);
	EXPECT(port_counts[port[0]] > before[0]);
	EXPECT(port_counts[port[1]] > before[1]);
	child_destroy(&c);
	events_off();
	EXPECT_EQ(evtchn_close(port[0]), 0);
	EXPECT_EQ(evtchn_close(port[1]), 0);
}

static void nothing(struct child_mail *m, unsigned int vcpu)
{
	(void)m;
	(void)vcpu;
}

/* The end of a domain is told: when it shuts down, and when it is gone. */
CASE(domain_events_dom_exc)
{
	struct child c;
	u32 before;
	int port;

	NEED_CHILD();
	port = evtchn_bind_virq(VIRQ_DOM_EXC, 0);
	EXPECT(port > 0);
	evtchn_unmask(port);
	events_on();
	if (child_create(&c, &(struct child_config){ .fn = nothing })) {
		before = port_counts[port];
		child_start(&c);
		EXPECT(wait_for(&port_counts[port], before + 1, HANG_NS));
		EXPECT(domid_wait(c.domid, RINGLET_DOM_SHUTDOWN));
		before = port_counts[port];
		child_destroy(&c);
		EXPECT(wait_for(&port_counts[port], before + 1, HANG_NS));
	}
	events_off();
	EXPECT_EQ(evtchn_close(port), 0);
}
