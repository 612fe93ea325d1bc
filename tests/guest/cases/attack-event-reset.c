// SPDX-License-Identifier: GPL-2.0
/*
 * Back from FIFO to 2-level event channels: ports that only FIFO has are gone, for good and
 * whatever a second vCPU does meanwhile. 2-level has no bits for them.
 */
#include "guest.h"

#define LIMIT_2L	4096
#define MORE		600

static ulong control_pfn;
static volatile u32 allocating;

static int alloc_unbound(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	int rc = HYP(event_channel_op, EVTCHNOP_alloc_unbound, &a);

	return rc ?: (int)a.port;
}

static int reset(void)
{
	struct evtchn_reset r = { .dom = DOMID_SELF };

	return HYP(event_channel_op, EVTCHNOP_reset, &r);
}

/* FIFO with ports beyond what 2-level has. False: skipped. */
static bool many_ports(void)
{
	struct evtchn_init_control ic = { 0 };
	int port = 0, rc;

	control_pfn = alloc_pfn();
	ic.control_gfn = pfn_mfn(control_pfn);
	rc = HYP(event_channel_op, EVTCHNOP_init_control, &ic);
	if (rc) {
		free_pfn(control_pfn);
		skip("no FIFO event channels");
		return false;
	}
	while (port >= 0 && port < LIMIT_2L + MORE)
		port = alloc_unbound();
	EXPECT(port > 0);
	return true;
}

static long unmask(u32 port)
{
	struct evtchn_unmask u = { .port = port };

	return HYP(event_channel_op, EVTCHNOP_unmask, &u);
}

static long status(u32 port)
{
	struct evtchn_status s = { .dom = DOMID_SELF, .port = port };

	return HYP(event_channel_op, EVTCHNOP_status, &s);
}

static long poll(u32 port)
{
	evtchn_port_t ports[1] = { port };
	struct sched_poll p = { .nr_ports = 1, .timeout = 1 };

	set_xen_guest_handle(p.ports, ports);
	return HYP(sched_op, SCHEDOP_poll, &p);
}

ATTACK(event_reset_leaves_2level)
{
	u32 words[8], i;
	int port;

	if (!on_ringlet) {
		skip("Xen keeps high ports over a reset");
		return;
	}
	if (!many_ports())
		return;
	EXPECT_EQ(reset(), 0);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = ((u32 *)pfn_va(control_pfn))[i];
	EXPECT_EQ(unmask(LIMIT_2L), -XEN_EINVAL);
	EXPECT_EQ(unmask(LIMIT_2L + MORE), -XEN_EINVAL);
	EXPECT_EQ(status(LIMIT_2L), -XEN_EINVAL);
	EXPECT_EQ(poll(LIMIT_2L), -XEN_EINVAL);
	do {
		port = alloc_unbound();
		EXPECT(port < LIMIT_2L);
	} while (port >= 0 && port < LIMIT_2L);
	EXPECT_EQ(port, -XEN_ENOSPC);
	EXPECT_EQ(memcmp(words, pfn_va(control_pfn), sizeof(words)), 0);
	EXPECT_EQ(reset(), 0);
	free_pfn(control_pfn);
}

static void allocator(void *arg)
{
	while (allocating)
		alloc_unbound();
}

ATTACK(smp_event_reset_race)
{
	u32 port;

	NEED_VCPU1();
	if (!on_ringlet) {
		skip("Xen keeps high ports over a reset");
		return;
	}
	if (!many_ports())
		return;
	allocating = 1;
	smp_call(allocator, NULL);
	spin_ns(1000000);
	EXPECT_EQ(reset(), 0);
	for (port = LIMIT_2L; port < LIMIT_2L + MORE; port++)
		if (status(port) != -XEN_EINVAL)
			break;
	EXPECT_EQ(port, LIMIT_2L + MORE);
	allocating = 0;
	EXPECT(smp_wait(HANG_NS));
	EXPECT_EQ(reset(), 0);
	free_pfn(control_pfn);
}
