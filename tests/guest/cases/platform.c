// SPDX-License-Identifier: GPL-2.0
/* platform_op and physdev_op as an initial domain uses them, and with wrong arguments. */
#include "guest.h"

static struct xen_platform_op op;

static long platform(u32 cmd)
{
	op.cmd = cmd;
	op.interface_version = XENPF_INTERFACE_VERSION;
	return HYP(platform_op, &op);
}

CASE(platform_firmware_info)
{
	memset(&op, 0, sizeof(op));
	op.u.firmware_info.type = 99;
	EXPECT_ERR(platform(XENPF_firmware_info));
}

CASE(platform_cpu_info)
{
	memset(&op, 0, sizeof(op));
	op.u.pcpu_info.xen_cpuid = 0;
	EXPECT_EQ(platform(XENPF_get_cpuinfo), 0);
	EXPECT(op.u.pcpu_info.max_present < 64);
	EXPECT(op.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE);
}

CASE(platform_settime)
{
	memset(&op, 0, sizeof(op));
	op.u.settime64.mbz = 1;
	EXPECT_ERR(platform(XENPF_settime64));
	memset(&op, 0, sizeof(op));
	op.u.settime64.secs = shared->wc_sec;
	op.u.settime64.nsecs = shared->wc_nsec;
	EXPECT_EQ(platform(XENPF_settime64), 0);
}

CASE(platform_version_wrong)
{
	memset(&op, 0, sizeof(op));
	op.cmd = XENPF_get_cpuinfo;
	op.interface_version = XENPF_INTERFACE_VERSION + 1;
	EXPECT_EQ(HYP(platform_op, &op), -XEN_EACCES);
}

CASE(physdev_setup_gsi)
{
	struct physdev_setup_gsi s = { .gsi = 0x7fffffff };

	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_setup_gsi, &s));
	s = (struct physdev_setup_gsi){ .gsi = 10, .triggering = 1, .polarity = 1 };
	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_setup_gsi, &s), 0);
}

CASE(physdev_map_and_bind_gsi)
{
	struct physdev_map_pirq m = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 10, .pirq = 10,
	};
	struct physdev_unmap_pirq un = { .domid = DOMID_SELF, .pirq = 10 };
	struct evtchn_bind_pirq b = { .pirq = 10, .flags = BIND_PIRQ__WILL_SHARE };
	struct evtchn_status s = { .dom = DOMID_SELF };
	struct physdev_irq_status_query q = { .irq = 10 };
	struct physdev_eoi e = { .irq = 10 };

	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_map_pirq, &m), 0);
	EXPECT_EQ(m.pirq, 10);
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_pirq, &b), 0);
	s.port = b.port;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_status, &s), 0);
	EXPECT_EQ(s.status, EVTCHNSTAT_pirq);
	EXPECT_EQ(s.u.pirq, 10);
	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_irq_status_query, &q), 0);
	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_eoi, &e), 0);
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_bind_pirq, &b), -XEN_EEXIST);
	EXPECT_EQ(evtchn_close(s.port), 0);
	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_unmap_pirq, &un), 0);
}

CASE(physdev_apic_read)
{
	struct physdev_apic a = { .apic_physbase = 0xfec00000, .reg = 1 };

	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_apic_read, &a), 0);
	EXPECT((a.value & 0xff) >= 0x11);
	a.apic_physbase = 0x1000;
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_apic_read, &a));
}

CASE(physdev_pirq_eoi_page)
{
	struct physdev_pirq_eoi_gmfn g = { .gmfn = mfn_of_hypervisor() };

	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v2, &g));
	g.gmfn = ~0ul;
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v2, &g));
	g.gmfn = pfn_mfn(user_l1_pfn);
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v2, &g));
}

CASE(physdev_pci_add_remove)
{
	struct physdev_pci_device_add a = { .seg = 0, .bus = 0, .devfn = 0 };
	struct physdev_pci_device d = { .seg = 0, .bus = 77, .devfn = 0 };

	EXPECT_EQ(HYP(physdev_op, PHYSDEVOP_pci_device_add, &a), 0);
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_prepare_msix, &d));
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_release_msix, &d));
}

CASE(physdev_msi_wrong)
{
	struct physdev_map_pirq m = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI, .index = -1, .pirq = -1,
		.bus = 77, .devfn = 3,
	};

	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_map_pirq, &m));
	m.type = MAP_PIRQ_TYPE_MULTI_MSI;
	m.entry_nr = 1000;
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_map_pirq, &m));
}
