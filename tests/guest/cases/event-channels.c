// SPDX-License-Identifier: GPL-2.0
/* 2-level event channels: bind, send, mask, status, close, limits. */
#include "guest.h"

static int status(u32 port, struct evtchn_status *s)
{
	*s = (struct evtchn_status){ .dom = DOMID_SELF, .port = port };
	return HYP(event_channel_op, EVTCHNOP_status, s);
}

static int send(u32 port)
{
	struct evtchn_send s = { .port = port };

	return HYP(event_channel_op, EVTCHNOP_send, &s);
}

CASE(event_ipi_to_self)
{
	int port = evtchn_bind_ipi(0);
	struct evtchn_status s;
	u32 before;

	EXPECT(port > 0);
	evtchn_unmask(port);
	before = port_counts[port];
	EXPECT_EQ(status(port, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_ipi);
	EXPECT_EQ(s.vcpu, 0);
	EXPECT_EQ(send(port), 0);
	EXPECT(evtchn_pending(port));
	EXPECT_EQ(this_vcpu()->info->evtchn_upcall_pending, 1);
	EXPECT(wait_for(&port_counts[port], before + 1, HANG_NS));
	EXPECT(!evtchn_pending(port));
	EXPECT_EQ(evtchn_close(port), 0);
	EXPECT_EQ(status(port, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_closed);
}

/* Delivery happens on the way out of the very call that sent it. */
CASE(event_upcall_immediate)
{
	int port = evtchn_bind_ipi(0);
	u32 before;

	evtchn_unmask(port);
	before = port_counts[port];
	events_on();
	send(port);
	EXPECT_EQ(port_counts[port], before + 1);
	events_off();
	evtchn_close(port);
}

CASE(event_masked_stays_pending)
{
	int port = evtchn_bind_ipi(0);
	u32 before = port_counts[port];

	evtchn_mask(port);
	events_on();
	send(port);
	EXPECT(evtchn_pending(port));
	EXPECT_EQ(port_counts[port], before);
	evtchn_unmask(port);
	EXPECT_EQ(port_counts[port], before + 1);
	events_off();
	evtchn_close(port);
}

/* The mask byte of the vCPU holds upcalls back; clearing it and any call delivers. */
CASE(event_upcall_mask)
{
	int port = evtchn_bind_ipi(0);
	u32 before = port_counts[port];

	evtchn_unmask(port);
	send(port);
	HYP(xen_version, XENVER_version, NULL);
	EXPECT_EQ(port_counts[port], before);
	this_vcpu()->info->evtchn_upcall_mask = 0;
	HYP(xen_version, XENVER_version, NULL);
	EXPECT_EQ(port_counts[port], before + 1);
	events_off();
	evtchn_close(port);
}

/* An upcall from ring 3: pending at the iret that unmasks. */
USER_SNIPPET(idle, "mov $200000, %ecx; 1: dec %ecx; jnz 1b; syscall");
CASE(event_upcall_in_user)
{
	int port = evtchn_bind_ipi(0);
	u32 before = port_counts[port];
	struct user u;

	evtchn_unmask(port);
	send(port);
	user_prepare(&u);
	user_run(&u, idle);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(port_counts[port], before + 1);
	evtchn_close(port);
}

CASE(event_virq_timer_bind)
{
	int port = evtchn_bind_virq(VIRQ_TIMER, 0);
	struct evtchn_status s;

	EXPECT(port > 0);
	EXPECT_EQ(status(port, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_virq);
	EXPECT_EQ(s.u.virq, VIRQ_TIMER);
	EXPECT_EQ(evtchn_bind_virq(VIRQ_TIMER, 0), -XEN_EEXIST);
	EXPECT_EQ(evtchn_close(port), 0);
}

CASE(event_bind_wrong)
{
	EXPECT_ERR(evtchn_bind_virq(24, 0));
	EXPECT_ERR(evtchn_bind_virq(~0u, 0));
	EXPECT_EQ(evtchn_bind_virq(VIRQ_TIMER, 77), -XEN_ENOENT);
	EXPECT_EQ(evtchn_bind_ipi(77), -XEN_ENOENT);
	EXPECT_EQ(evtchn_bind_ipi(~0u), -XEN_ENOENT);
}

CASE(event_ports_wrong)
{
	struct evtchn_status s;

	EXPECT_EQ(send(0), -XEN_EINVAL);
	EXPECT_EQ(send(4095), -XEN_EINVAL);
	EXPECT_EQ(send(0x7fffffff), -XEN_EINVAL);
	EXPECT_EQ(send(~0u), -XEN_EINVAL);
	EXPECT_EQ(evtchn_close(0), -XEN_EINVAL);
	EXPECT_EQ(evtchn_close(~0u), -XEN_EINVAL);
	EXPECT_EQ(status(~0u, &s), -XEN_EINVAL);
}

CASE(event_close_twice)
{
	int port = evtchn_bind_ipi(0);

	EXPECT_EQ(evtchn_close(port), 0);
	EXPECT_EQ(evtchn_close(port), -XEN_EINVAL);
	EXPECT_EQ(send(port), -XEN_EINVAL);
}

CASE(event_unknown_op)
{
	u32 arg[16] = { 0 };

	EXPECT_EQ(HYP(event_channel_op, 99, arg), -XEN_ENOSYS);
	EXPECT_EQ(HYP(event_channel_op, 0xffffffff, arg), -XEN_ENOSYS);
}

CASE(event_interdomain_to_self)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
	struct evtchn_status s;
	u32 before;

	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_alloc_unbound, &a), 0);
	EXPECT_EQ(status(a.port, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_unbound);
	b.remote_port = a.port;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_interdomain, &b), 0);
	EXPECT_EQ(status(b.local_port, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_interdomain);
	EXPECT_EQ(s.u.interdomain.port, a.port);
	evtchn_unmask(a.port);
	before = port_counts[a.port];
	EXPECT_EQ(send(b.local_port), 0);
	EXPECT(wait_for(&port_counts[a.port], before + 1, HANG_NS));
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_interdomain, &b), -XEN_EINVAL);
	EXPECT_EQ(evtchn_close(b.local_port), 0);
	EXPECT_EQ(status(a.port, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_unbound);
	EXPECT_EQ(evtchn_close(a.port), 0);
}

CASE(event_interdomain_wrong)
{
	struct evtchn_bind_interdomain b = { .remote_dom = 66, .remote_port = 1 };

	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_interdomain, &b), -XEN_ESRCH);
	b.remote_dom = DOMID_SELF;
	b.remote_port = 0x7fffffff;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_interdomain, &b), -XEN_EINVAL);
}

CASE(event_bind_vcpu_wrong)
{
	struct evtchn_bind_vcpu v = { .port = evtchn_bind_ipi(0), .vcpu = 0 };
	u32 port = v.port;

	/* An IPI cannot move. */
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_vcpu, &v), -XEN_EINVAL);
	v.vcpu = 99;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_vcpu, &v), -XEN_ENOENT);
	v.port = ~0u;
	v.vcpu = 0;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_vcpu, &v), -XEN_EINVAL);
	evtchn_close(port);
}

/* All ports: the table fills, ends with an error, and empties again. */
CASE(event_exhaust)
{
	static u16 ports[5000];
	int n = 0, rc;

	while (n < 5000 && (rc = evtchn_bind_ipi(0)) > 0)
		ports[n++] = rc;
	EXPECT_EQ(rc, -XEN_ENOSPC);
	EXPECT(n > 1000 && n < 4096);
	while (n)
		EXPECT_EQ(evtchn_close(ports[--n]), 0);
}

CASE(event_pirq_wrong)
{
	struct evtchn_bind_pirq b = { .pirq = 0x7fffffff };

	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_pirq, &b), -XEN_EINVAL);
}

/* Bits of shared_info that a hostile guest may scribble over do not confuse the hypervisor. */
ATTACK(event_shared_info_garbage)
{
	static u8 saved[PAGE_SIZE];
	int port = evtchn_bind_ipi(0);
	struct vcpu_info *i = this_vcpu()->info;

	memcpy(saved, (void *)shared, sizeof(*shared));
	memset((void *)shared->evtchn_pending, 0xff, sizeof(shared->evtchn_pending));
	memset((void *)shared->evtchn_mask, 0xff, sizeof(shared->evtchn_mask));
	i->evtchn_pending_sel = ~0ul;
	send(port);
	memset((void *)&shared->arch, 0xff, sizeof(shared->arch));
	EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
	memset((void *)&i->time, 0xff, sizeof(i->time));
	HYP(sched_op, SCHEDOP_yield, NULL);
	memcpy((void *)&shared->arch, saved + offsetof(struct shared_info, arch),
	       sizeof(shared->arch));
	memset((void *)shared->evtchn_pending, 0, sizeof(shared->evtchn_pending));
	memcpy((void *)&i->time, saved + offsetof(struct shared_info, vcpu_info[0].time),
	       sizeof(i->time));
	i->evtchn_pending_sel = 0;
	i->evtchn_upcall_pending = 0;
	evtchn_close(port);
}
