// SPDX-License-Identifier: GPL-2.0
/*
 * Every call that takes a pointer refuses those it may not follow, with -EFAULT, and changes
 * nothing. The three reservation calls may answer with the number of extents done instead: none.
 */
#include "guest.h"

#define PTR	0xdeadul	/* stands for the bad pointer */

struct row {
	const char *name;
	u8 nr;
	ulong a[4];
	bool counts;		/* may answer how many it did: 0 */
};

static const struct row rows[] = {
	{ "set_trap_table", __HYPERVISOR_set_trap_table, { PTR } },
	{ "mmu_update", __HYPERVISOR_mmu_update, { PTR, 1, 0, DOMID_SELF } },
	{ "set_gdt", __HYPERVISOR_set_gdt, { PTR, 512 } },
	{ "memory_op.machine_memory_map", __HYPERVISOR_memory_op,
	  { XENMEM_machine_memory_map, PTR } },
	{ "memory_op.populate", __HYPERVISOR_memory_op,
	  { XENMEM_populate_physmap, PTR }, true },
	{ "memory_op.decrease", __HYPERVISOR_memory_op,
	  { XENMEM_decrease_reservation, PTR }, true },
	{ "memory_op.increase", __HYPERVISOR_memory_op,
	  { XENMEM_increase_reservation, PTR }, true },
	{ "memory_op.exchange", __HYPERVISOR_memory_op, { XENMEM_exchange, PTR } },
	{ "memory_op.machphys_mapping", __HYPERVISOR_memory_op, { XENMEM_machphys_mapping, PTR } },
	{ "multicall", __HYPERVISOR_multicall, { PTR, 1 } },
	{ "xen_version.extraversion", __HYPERVISOR_xen_version, { XENVER_extraversion, PTR } },
	{ "xen_version.compile_info", __HYPERVISOR_xen_version, { XENVER_compile_info, PTR } },
	{ "xen_version.capabilities", __HYPERVISOR_xen_version, { XENVER_capabilities, PTR } },
	{ "xen_version.changeset", __HYPERVISOR_xen_version, { XENVER_changeset, PTR } },
	{ "xen_version.parameters", __HYPERVISOR_xen_version, { XENVER_platform_parameters, PTR } },
	{ "xen_version.get_features", __HYPERVISOR_xen_version, { XENVER_get_features, PTR } },
	{ "console_io.write", __HYPERVISOR_console_io, { CONSOLEIO_write, 1, PTR } },
	{ "vcpu_op.get_runstate_info", __HYPERVISOR_vcpu_op, { VCPUOP_get_runstate_info, 0, PTR } },
	{ "vcpu_op.register_runstate", __HYPERVISOR_vcpu_op,
	  { VCPUOP_register_runstate_memory_area, 0, PTR } },
	{ "vcpu_op.register_vcpu_info", __HYPERVISOR_vcpu_op,
	  { VCPUOP_register_vcpu_info, 1, PTR } },
	{ "vcpu_op.register_time", __HYPERVISOR_vcpu_op,
	  { VCPUOP_register_vcpu_time_memory_area, 0, PTR } },
	{ "vcpu_op.initialise", __HYPERVISOR_vcpu_op, { VCPUOP_initialise, 1, PTR } },
	{ "vcpu_op.set_periodic", __HYPERVISOR_vcpu_op, { VCPUOP_set_periodic_timer, 0, PTR } },
	{ "vcpu_op.set_singleshot", __HYPERVISOR_vcpu_op, { VCPUOP_set_singleshot_timer, 0, PTR } },
	{ "mmuext_op", __HYPERVISOR_mmuext_op, { PTR, 1, 0, DOMID_SELF } },
	{ "sched_op.shutdown", __HYPERVISOR_sched_op, { SCHEDOP_shutdown, PTR } },
	{ "sched_op.poll", __HYPERVISOR_sched_op, { SCHEDOP_poll, PTR } },
	{ "sched_op.watchdog", __HYPERVISOR_sched_op, { SCHEDOP_watchdog, PTR } },
	{ "callback_op.register", __HYPERVISOR_callback_op, { CALLBACKOP_register, PTR } },
	{ "callback_op.unregister", __HYPERVISOR_callback_op, { CALLBACKOP_unregister, PTR } },
	{ "event.bind_interdomain", __HYPERVISOR_event_channel_op,
	  { EVTCHNOP_bind_interdomain, PTR } },
	{ "event.bind_virq", __HYPERVISOR_event_channel_op, { EVTCHNOP_bind_virq, PTR } },
	{ "event.bind_pirq", __HYPERVISOR_event_channel_op, { EVTCHNOP_bind_pirq, PTR } },
	{ "event.close", __HYPERVISOR_event_channel_op, { EVTCHNOP_close, PTR } },
	{ "event.send", __HYPERVISOR_event_channel_op, { EVTCHNOP_send, PTR } },
	{ "event.status", __HYPERVISOR_event_channel_op, { EVTCHNOP_status, PTR } },
	{ "event.alloc_unbound", __HYPERVISOR_event_channel_op, { EVTCHNOP_alloc_unbound, PTR } },
	{ "event.bind_ipi", __HYPERVISOR_event_channel_op, { EVTCHNOP_bind_ipi, PTR } },
	{ "event.bind_vcpu", __HYPERVISOR_event_channel_op, { EVTCHNOP_bind_vcpu, PTR } },
	{ "event.unmask", __HYPERVISOR_event_channel_op, { EVTCHNOP_unmask, PTR } },
	{ "event.reset", __HYPERVISOR_event_channel_op, { EVTCHNOP_reset, PTR } },
	{ "event.init_control", __HYPERVISOR_event_channel_op, { EVTCHNOP_init_control, PTR } },
	{ "event.expand_array", __HYPERVISOR_event_channel_op, { EVTCHNOP_expand_array, PTR } },
	{ "event.set_priority", __HYPERVISOR_event_channel_op, { EVTCHNOP_set_priority, PTR } },
	{ "physdev.eoi", __HYPERVISOR_physdev_op, { PHYSDEVOP_eoi, PTR } },
	{ "physdev.irq_status", __HYPERVISOR_physdev_op, { PHYSDEVOP_irq_status_query, PTR } },
	{ "physdev.set_iopl", __HYPERVISOR_physdev_op, { PHYSDEVOP_set_iopl, PTR } },
	{ "physdev.set_iobitmap", __HYPERVISOR_physdev_op, { PHYSDEVOP_set_iobitmap, PTR } },
	{ "physdev.apic_read", __HYPERVISOR_physdev_op, { PHYSDEVOP_apic_read, PTR } },
	{ "physdev.map_pirq", __HYPERVISOR_physdev_op, { PHYSDEVOP_map_pirq, PTR } },
	{ "physdev.unmap_pirq", __HYPERVISOR_physdev_op, { PHYSDEVOP_unmap_pirq, PTR } },
	{ "physdev.setup_gsi", __HYPERVISOR_physdev_op, { PHYSDEVOP_setup_gsi, PTR } },
	{ "physdev.pci_device_add", __HYPERVISOR_physdev_op, { PHYSDEVOP_pci_device_add, PTR } },
	{ "platform_op", __HYPERVISOR_platform_op, { PTR } },
};

static void try_pointer(ulong bad)
{
	bool one_vcpu = HYP(vcpu_op, VCPUOP_is_up, 1, NULL) < 0;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ulong a[4];
		long rc;

		if (one_vcpu && rows[i].nr == __HYPERVISOR_vcpu_op && rows[i].a[1] == 1)
			continue;
		for (j = 0; j < 4; j++)
			a[j] = rows[i].a[j] == PTR ? bad : rows[i].a[j];
		rc = hypercall(rows[i].nr, a[0], a[1], a[2], a[3]);
		if (rc != -XEN_EFAULT && !(rows[i].counts && rc == 0))
			case_fail(__FILE__, __LINE__, "%s at 0x%lx: %ld", rows[i].name, bad, rc);
	}
}

CASE(pointer_unmapped)
{
	try_pointer(USER_SPARE);
}

CASE(pointer_hypervisor_m2p)
{
	try_pointer(HV_START);
}

CASE(pointer_hypervisor_gate)
{
	try_pointer(HV_START + (1ul << 39));
}

CASE(pointer_hypervisor_end)
{
	try_pointer(HV_END - 8);
}

CASE(pointer_non_canonical)
{
	try_pointer(NON_CANONICAL);
}

CASE(pointer_wraps)
{
	try_pointer(~0ul - 3);
}
