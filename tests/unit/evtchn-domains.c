// SPDX-License-Identifier: GPL-2.0
/*
 * Event channels between domains, in a host process: who may bind to whom, what
 * is left when an end closes or its domain dies, limits.
 */
#include "evtchn-env.h"

#include <stdlib.h>
#include <string.h>

#include "base/errno.h"

/* Two domains besides the service domain: lower and higher than it. */
#define LOW	1
#define HIGH	7

static void run_as(domid_t id)
{
	struct domain *d = domain_get(id);

	assert_non_null(d);
	domain_put(d);
	test_pcpu.current = d->vcpu[0];
}

static void three_domains(void)
{
	domain_start(&doms[1], LOW);
	domain_start(&doms[2], HIGH);
}

static u32 unbound(domid_t in, domid_t waits_for)
{
	struct evtchn_alloc_unbound op = { in, waits_for, 0 };

	assert_int_equal(call(EVTCHNOP_alloc_unbound, &op), 0);
	return op.port;
}

static long connect_to(domid_t id, u32 port, u32 *local)
{
	struct evtchn_bind_interdomain op = { .remote_dom = id, .remote_port = port };
	long rc = call(EVTCHNOP_bind_interdomain, &op);

	if (local)
		*local = op.local_port;
	return rc;
}

static struct evtchn_status status_in(domid_t id, u32 port)
{
	struct evtchn_status op = { .dom = id, .port = port };

	assert_int_equal(call(EVTCHNOP_status, &op), 0);
	return op;
}

static bool pending_in(const struct domain *d, u32 port)
{
	return test_bit(port, d->shared_info->evtchn_pending);
}

static void clear_pending(struct domain *d)
{
	memset(d->shared_info->evtchn_pending, 0,
	       sizeof(d->shared_info->evtchn_pending));
}

/* Both orders of domids: the locks are taken the other way round. */
static void between(struct domain *a, struct domain *b)
{
	struct evtchn_status s;
	u32 pa, pb;

	run_as(a->id);
	pa = unbound(DOMID_SELF, b->id);
	run_as(b->id);
	assert_int_equal(connect_to(a->id, pa, &pb), 0);
	assert_true(pending_in(b, pb));
	clear_pending(b);
	assert_int_equal(connect_to(a->id, pa, NULL), -EINVAL);

	assert_int_equal(send_event(pb), 0);
	assert_true(pending_in(a, pa));
	assert_false(pending_in(b, pb));
	run_as(a->id);
	test_pcpu.current->gate_rw->give_way = 7;
	assert_int_equal(send_event(pa), 0);
	assert_int_equal(test_pcpu.current->gate_rw->give_way, 0);
	assert_true(pending_in(b, pb));
	assert_int_equal(b->stat_events, 2);
	s = status_in(DOMID_SELF, pa);
	assert_int_equal(s.status, EVTCHNSTAT_interdomain);
	assert_int_equal(s.u.interdomain.dom, b->id);
	assert_int_equal(s.u.interdomain.port, pb);

	/* Closed at one end: the other waits for the same domain again. */
	run_as(b->id);
	assert_int_equal(close_event(pb), 0);
	assert_int_equal(evtchn_nr_open(b), 0);
	run_as(a->id);
	s = status_in(DOMID_SELF, pa);
	assert_int_equal(s.status, EVTCHNSTAT_unbound);
	assert_int_equal(s.u.unbound.dom, b->id);
	clear_pending(b);
	assert_int_equal(send_event(pa), 0);
	assert_false(pending_in(b, pb));
	run_as(b->id);
	assert_int_equal(connect_to(a->id, pa, &pb), 0);
	run_as(a->id);
	assert_int_equal(close_event(pa), 0);
	run_as(b->id);
	s = status_in(DOMID_SELF, pb);
	assert_int_equal(s.status, EVTCHNSTAT_unbound);
	assert_int_equal(s.u.unbound.dom, a->id);
	assert_int_equal(close_event(pb), 0);
	assert_int_equal(close_event(pb), -EINVAL);
}

static void interdomain_up(void **state)
{
	(void)state;
	three_domains();
	between(&doms[1], &doms[2]);
}

static void interdomain_down(void **state)
{
	(void)state;
	three_domains();
	between(&doms[2], &doms[1]);
}

/* Who may name whom. */
static void interdomain_rights(void **state)
{
	struct evtchn_alloc_unbound a = { HIGH, LOW, 0 };
	struct evtchn_status s = { .dom = HIGH, .port = 1 };
	struct evtchn_reset reset = { .dom = HIGH };
	u32 port;

	(void)state;
	three_domains();
	run_as(LOW);
	assert_int_equal(call(EVTCHNOP_alloc_unbound, &a), -EPERM);
	assert_int_equal(call(EVTCHNOP_status, &s), -EPERM);
	assert_int_equal(call(EVTCHNOP_reset, &reset), -EPERM);
	a.dom = s.dom = reset.dom = 99;
	assert_int_equal(call(EVTCHNOP_alloc_unbound, &a), -ESRCH);
	assert_int_equal(call(EVTCHNOP_status, &s), -ESRCH);
	assert_int_equal(call(EVTCHNOP_reset, &reset), -ESRCH);

	/* A port that waits for another; ports of other kinds; none. */
	run_as(HIGH);
	port = unbound(DOMID_SELF, svc.id);
	run_as(LOW);
	assert_int_equal(connect_to(HIGH, port, NULL), -EINVAL);
	assert_int_equal(connect_to(HIGH, port + 1, NULL), -EINVAL);
	assert_int_equal(connect_to(HIGH, ~0U, NULL), -EINVAL);
	run_as(HIGH);
	port = bind_ipi(0);
	run_as(svc.id);
	assert_int_equal(connect_to(HIGH, port, NULL), -EINVAL);
	assert_int_equal(evtchn_nr_open(&svc), 0);

	/* The privileged: a port in one domain that waits for another, or for itself. */
	port = unbound(HIGH, LOW);
	assert_int_equal(status_in(HIGH, port).u.unbound.dom, LOW);
	run_as(LOW);
	assert_int_equal(connect_to(HIGH, port, NULL), 0);
	run_as(svc.id);
	port = unbound(LOW, DOMID_SELF);
	assert_int_equal(status_in(LOW, port).u.unbound.dom, svc.id);
	assert_int_equal(connect_to(LOW, port, NULL), 0);
	reset.dom = LOW;
	assert_int_equal(call(EVTCHNOP_reset, &reset), 0);
	assert_int_equal(evtchn_nr_open(&doms[1]), 0);
}

static void interdomain_abis(void **state)
{
	u32 pa, pb;

	(void)state;
	three_domains();
	run_as(LOW);
	fifo_start(1);
	pa = unbound(DOMID_SELF, HIGH);
	run_as(HIGH);
	assert_int_equal(connect_to(LOW, pa, &pb), 0);
	clear_pending(&doms[2]);
	assert_int_equal(send_event(pb), 0);
	assert_false(pending_in(&doms[1], pa));
	assert_true(*word(pa) & 1U << EVTCHN_FIFO_PENDING);
	assert_int_equal(doms[1].vcpu[0]->vcpu_info->evtchn_upcall_pending, 1);
	assert_int_equal(consume_of(&doms[1], 0), 1);
	run_as(LOW);
	assert_int_equal(send_event(pa), 0);
	assert_true(pending_in(&doms[2], pb));
}

static void port_limit(void **state)
{
	struct evtchn_alloc_unbound a = { LOW, DOMID_SELF, 0 };
	u32 n = 0;

	(void)state;
	three_domains();
	doms[1].max_ports = 300;
	while (!call(EVTCHNOP_alloc_unbound, &a))
		n++;
	assert_int_equal(n, 299);
	assert_int_equal(call(EVTCHNOP_alloc_unbound, &a), -ENOSPC);
	assert_int_equal(evtchn_nr_open(&doms[1]), 299);
	assert_int_equal(doms[1].hyp_pages, 2);
	/* A port that cannot be had leaves the other end as it was. */
	run_as(HIGH);
	n = unbound(DOMID_SELF, LOW);
	run_as(LOW);
	assert_int_equal(connect_to(HIGH, n, NULL), -ENOSPC);
	run_as(svc.id);
	assert_int_equal(status_in(HIGH, n).status, EVTCHNSTAT_unbound);
}

/* A domain ends: it has 3000 ports, some to others, FIFO frames, a timer VIRQ. */
static void dying(void **state)
{
	struct evtchn_bind_virq timer = { .virq = VIRQ_TIMER };
	struct evtchn_alloc_unbound a = { LOW, DOMID_SELF, 0 };
	struct vcpu_info elsewhere = { 0 };
	u32 pa, pb, waits, i, calls = 1;

	(void)state;
	three_domains();
	run_as(LOW);
	fifo_start(3);
	assert_int_equal(call(EVTCHNOP_bind_virq, &timer), 0);
	for (i = 0; i < 3000; i++)
		(void)bind_ipi(0);
	pa = unbound(DOMID_SELF, HIGH);
	waits = unbound(DOMID_SELF, HIGH);
	evtchn_move_vcpu_info(doms[1].vcpu[1], &elsewhere);
	run_as(HIGH);
	assert_int_equal(connect_to(LOW, pa, &pb), 0);

	doms[1].is_dying = true;
	assert_int_equal(connect_to(LOW, waits, NULL), -EINVAL);
	run_as(svc.id);
	assert_int_equal(call(EVTCHNOP_alloc_unbound, &a), -EINVAL);
	while (evtchn_domain_teardown(&doms[1]) == -ERESTART)
		calls++;
	assert_true(calls > 1);
	assert_int_equal(evtchn_domain_teardown(&doms[1]), 0);
	assert_int_equal(evtchn_nr_open(&doms[1]), 0);
	for (i = 0; i < NR_FRAMES; i++)
		assert_int_equal(held[i], 0);
	assert_ptr_equal(doms[1].vcpu[1]->vcpu_info,
			 &doms[1].shared_info->vcpu_info[1]);

	/* The peer's port waits; what it and a late timer do touches nothing. */
	run_as(HIGH);
	assert_int_equal(status_of(pb), EVTCHNSTAT_unbound);
	assert_int_equal(send_event(pb), 0);
	evtchn_raise_virq(doms[1].vcpu[0], VIRQ_TIMER);
	assert_int_equal(doms[1].stat_events, 0);
	domain_stop(&doms[1]);
	assert_int_equal(send_event(pb), 0);
	assert_int_equal(connect_to(LOW, 1, NULL), -ESRCH);
	assert_int_equal(close_event(pb), 0);
}

/* Any order of calls from all domains: ends name each other, counts are right. */
static void interdomain_random(void **state)
{
	static const domid_t ids[NR_DOMAINS] = { 3, LOW, HIGH };
	u32 step, i, p, open, local;

	(void)state;
	three_domains();
	srandom(3);
	for (step = 0; step < 20000; step++) {
		run_as(ids[random() % NR_DOMAINS]);
		p = 1 + random() % 40;
		switch (random() % 5) {
		case 0:
			if (evtchn_nr_open(test_pcpu.current->domain) < 30)
				(void)unbound(DOMID_SELF, ids[random() % NR_DOMAINS]);
			break;
		case 1:
			(void)connect_to(ids[random() % NR_DOMAINS], p, &local);
			break;
		case 2:
			(void)close_event(p);
			break;
		default:
			(void)send_event(p);
		}
		for (i = 0; i < NR_DOMAINS; i++) {
			struct domain *d = &doms[i];

			for (open = 0, p = 1; p < d->evtchn->nr_ports; p++) {
				struct evtchn *e = port_open(d, p), *r;
				struct domain *rd;

				open += !!e;
				if (!e || e->state != EVTCHNSTAT_interdomain)
					continue;
				rd = domain_get(e->remote.domid);
				domain_put(rd);
				r = port_peer(rd, e->remote.port, d, p);
				assert_non_null(r);
				assert_ptr_equal(port_peer(d, p, rd, e->remote.port), e);
			}
			assert_int_equal(open, evtchn_nr_open(d));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(interdomain_up), CASE(interdomain_down),
		CASE(interdomain_rights), CASE(interdomain_abis),
		CASE(port_limit), CASE(dying), CASE(interdomain_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
