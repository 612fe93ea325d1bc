// SPDX-License-Identifier: GPL-2.0
/*
 * Who runs after an event on a pCPU that sender and receiver share (ringlet.h, give_way in
 * vcpu_page): the sender goes on, unless it said that it gives way.
 *
 * Only where clocks count instructions (run-guest --icount): how long it may go on is a time.
 */
#include "child.h"

#define ROUNDS	50
#define SETTLE	(20 * 1000000ul)

enum { PORT, READY, STOP, SEEN };	/* arg[] */

/* Counts the events it is woken by. */
static void count(struct child_mail *m, unsigned int vcpu)
{
	struct evtchn_bind_interdomain b = { .remote_port = m->arg[PORT] };
	struct sched_poll p = { .nr_ports = 1 };

	EXPECT_EQ(vcpu, 0);
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_interdomain, &b), 0);
	p.ports.p = &b.local_port;
	evtchn_mask(b.local_port);
	evtchn_clear(b.local_port);
	m->arg[READY] = 1;
	while (!m->arg[STOP]) {
		EXPECT_EQ(HYP(sched_op, SCHEDOP_poll, &p), 0);
		evtchn_clear(b.local_port);
		m->arg[SEEN]++;
	}
}

/* How often the receiver ran before the call that woke it had returned. */
static unsigned int overtaken(struct child *c, u32 port, volatile u32 *give_way)
{
	struct evtchn_send s = { .port = port };
	unsigned int i, n = 0;
	ulong before;

	for (i = 0; i < ROUNDS; i++) {
		/* It sleeps, and has slept long enough to go first. */
		HYP(sched_op, SCHEDOP_yield, NULL);
		spin_ns(1000000);
		before = c->mail->arg[SEEN];
		if (give_way)
			*give_way = 1;
		EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_send, &s), 0);
		n += c->mail->arg[SEEN] != before;
		if (give_way)
			EXPECT_EQ(*give_way, 0);
		if (!wait_for((volatile u32 *)&c->mail->arg[SEEN], before + 1, HANG_NS)) {
			EXPECT(!"the receiver has woken");
			break;
		}
	}
	return n;
}

CASE(sender_goes_on_or_gives_way)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF };
	struct ringlet_machine_info m = { 0 };
	struct ringlet_vcpu_page p = { 0 };
	struct child c;

	NEED_CHILD();
	EXPECT_EQ(RINGLET(MACHINE_INFO, &m), 0);
	if (!counts_instructions || m.nr_pcpus > 1) {
		skip("needs run-guest --icount with one CPU");
		return;
	}
	EXPECT_EQ(RINGLET(VCPU_PAGE, &p), 0);
	if (!child_create(&c, &(struct child_config){ .fn = count }))
		return;
	a.remote_dom = c.domid;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_alloc_unbound, &a), 0);
	c.mail->arg[PORT] = a.port;
	child_start(&c);
	EXPECT(child_wait(c.mail, READY, 1));
	spin_ns(SETTLE);
	EXPECT_EQ(overtaken(&c, a.port, NULL), 0);
	EXPECT_EQ(overtaken(&c, a.port, (void *)p.give_way), ROUNDS);
	c.mail->arg[STOP] = 1;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_send, &(struct evtchn_send){ a.port }), 0);
	child_join(&c);
	child_destroy(&c);
	EXPECT_EQ(evtchn_close(a.port), 0);
}
