// SPDX-License-Identifier: GPL-2.0
/*
 * physdev_op: ports, interrupts and PCI devices.
 *
 * set_iopl and set_iobitmap are every guest's: they change the caller's own
 * virtual state, which the emulation of port I/O honours within the domain's
 * ports. All else needs the domain that owns the hardware (-EPERM).
 *
 * ABI: xen/physdev.h; which operations are served and which refused stands in
 * hypercall-abi/hypercalls.tbl. PCI devices need no registration here (there is no
 * IOMMU to set up); being told of one is when its MSI-X table is protected.
 *
 * Locks: none here; dispatch/pirq.c has pirq_lock.
 */
#include "base/errno.h"
#include "dispatch/calls.h"
#include "dispatch/pirq.h"
#include "machine/irq.h"
#include "machine/pcpu.h"
#include "state/guest-access.h"

#include <xen/physdev.h>

#define MAX_PORTS	65536

static long op_set_iopl(struct vcpu *v, void *arg)
{
	const struct physdev_set_iopl *op = arg;

	if (op->iopl > 3)
		return -EINVAL;
	v->iopl = op->iopl;
	return 0;
}

static long op_set_iobitmap(struct vcpu *v, void *arg)
{
	const struct physdev_set_iobitmap *op = arg;

	if (op->nr_ports > MAX_PORTS)
		return -EINVAL;
	v->iobmp = (u64)op->bitmap.p;
	v->iobmp_limit = op->nr_ports;
	return 0;
}

static long op_apic_read(struct vcpu *v, void *arg)
{
	struct physdev_apic *op = arg;
	bool ok;

	(void)v;
	op->value = ioapic_read_reg(op->apic_physbase, op->reg, &ok);
	return ok ? 0 : -EINVAL;
}

/* Vectors mean nothing to the guest; it wants a number nevertheless. */
static long op_alloc_irq_vector(struct vcpu *v, void *arg)
{
	struct physdev_irq *op = arg;

	(void)v;
	op->vector = op->irq;
	return 0;
}

static long op_eoi(struct vcpu *v, void *arg)
{
	const struct physdev_eoi *op = arg;

	(void)v;
	return pirq_eoi(op->irq);
}

static long op_irq_status_query(struct vcpu *v, void *arg)
{
	struct physdev_irq_status_query *op = arg;
	int needs = pirq_needs_eoi(op->irq);

	(void)v;
	if (needs < 0)
		return needs;
	op->flags = needs ? XENIRQSTAT_needs_eoi : 0;
	return 0;
}

static long op_setup_gsi(struct vcpu *v, void *arg)
{
	const struct physdev_setup_gsi *op = arg;

	(void)v;
	if (op->gsi < 0 || op->triggering > 1 || op->polarity > 1)
		return -EINVAL;
	return pirq_setup_gsi(op->gsi, op->triggering, op->polarity);
}

static int map_msi(const struct physdev_map_pirq *op)
{
	struct msi_desc msi = {
		.bus = op->bus,
		.devfn = op->devfn,
		.msix = op->table_base != 0,
		.entry_nr = op->entry_nr,
		.table_base = op->table_base,
	};

	if (op->type == MAP_PIRQ_TYPE_MSI_SEG)
		msi.seg = (u32)op->bus >> 16;
	else if (op->bus & ~0xff)
		return -EINVAL;
	if ((op->bus & 0xff00) || (op->devfn & ~0xff) ||
	    op->entry_nr < 0 || op->entry_nr > 0xffff)
		return -EINVAL;
	return pirq_map_msi(&msi, op->pirq);
}

static long op_map_pirq(struct vcpu *v, void *arg)
{
	struct physdev_map_pirq *op = arg;
	int rc;

	if (!domid_is_self(v->domain, op->domid))
		return -ESRCH;
	switch (op->type) {
	case MAP_PIRQ_TYPE_GSI:
		rc = op->index < 0 ? -EINVAL : pirq_map_gsi(op->index, op->pirq);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
		rc = map_msi(op);
		break;
	case MAP_PIRQ_TYPE_MULTI_MSI:
		/* The driver then asks for a single one. */
		rc = -EOPNOTSUPP;
		break;
	default:
		rc = -EINVAL;
	}
	if (rc < 0)
		return rc;
	op->pirq = rc;
	return 0;
}

static long op_unmap_pirq(struct vcpu *v, void *arg)
{
	const struct physdev_unmap_pirq *op = arg;

	if (!domid_is_self(v->domain, op->domid))
		return -ESRCH;
	return op->pirq < 0 ? -EINVAL : pirq_unmap(op->pirq);
}

/* Begins as every structure that names a PCI function: seg, bus, devfn. */
static long op_pci_device_add(struct vcpu *v, void *arg)
{
	const struct physdev_pci_device *op = arg;

	(void)v;
	return pirq_protect_msix(op->seg, op->bus, op->devfn, 0);
}

static long op_pci_device_remove(struct vcpu *v, void *arg)
{
	(void)v;
	(void)arg;
	return 0;
}

static const struct sub_op own_ops[] = {
	[PHYSDEVOP_set_iopl] = SUB_OP(op_set_iopl, struct physdev_set_iopl),
	[PHYSDEVOP_set_iobitmap] = SUB_OP(op_set_iobitmap, struct physdev_set_iobitmap),
};

static const struct sub_op hardware_ops[] = {
	[PHYSDEVOP_irq_status_query] =
		SUB_OP_ANSWERS(op_irq_status_query, struct physdev_irq_status_query),
	[PHYSDEVOP_apic_read] = SUB_OP_ANSWERS(op_apic_read, struct physdev_apic),
	[PHYSDEVOP_alloc_irq_vector] =
		SUB_OP_ANSWERS(op_alloc_irq_vector, struct physdev_irq),
	[PHYSDEVOP_eoi] = SUB_OP(op_eoi, struct physdev_eoi),
	[PHYSDEVOP_map_pirq] = SUB_OP_ANSWERS(op_map_pirq, struct physdev_map_pirq),
	[PHYSDEVOP_unmap_pirq] = SUB_OP(op_unmap_pirq, struct physdev_unmap_pirq),
	[PHYSDEVOP_setup_gsi] = SUB_OP(op_setup_gsi, struct physdev_setup_gsi),
	[PHYSDEVOP_pci_device_add] = SUB_OP(op_pci_device_add, struct physdev_pci_device),
	[PHYSDEVOP_pci_device_remove] =
		SUB_OP(op_pci_device_remove, struct physdev_pci_device),
};

/**
 * do_physdev_op() - hypercall physdev_op
 * @cmd: PHYSDEVOP_*
 * @arg: guest address of the operation's structure
 */
long do_physdev_op(u64 cmd, u64 arg)
{
	struct vcpu *v = current_vcpu;

	cmd = (u32)cmd;
	if (cmd == PHYSDEVOP_set_iopl || cmd == PHYSDEVOP_set_iobitmap)
		return sub_op_call(v, own_ops, ARRAY_SIZE(own_ops), cmd, arg);
	if (!v->domain->is_hardware || cmd == PHYSDEVOP_apic_write)
		return -EPERM;
	return sub_op_call(v, hardware_ops, ARRAY_SIZE(hardware_ops), cmd, arg);
}
