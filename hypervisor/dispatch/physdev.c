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
#define PCI_ABSENT	0xffff

/* Only the caller itself can be meant: there is no other domain to give to. */
static bool is_self(domid_t id)
{
	return id == DOMID_SELF || id == current_vcpu->domain->id;
}

static long op_set_iopl(u64 arg)
{
	struct physdev_set_iopl op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.iopl > 3)
		return -EINVAL;
	current_vcpu->iopl = op.iopl;
	return 0;
}

static long op_set_iobitmap(u64 arg)
{
	struct physdev_set_iobitmap op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.nr_ports > MAX_PORTS)
		return -EINVAL;
	current_vcpu->iobmp = (u64)op.bitmap.p;
	current_vcpu->iobmp_limit = op.nr_ports;
	return 0;
}

static long op_apic_read(u64 arg)
{
	struct physdev_apic op;
	bool ok;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	op.value = ioapic_read_reg(op.apic_physbase, op.reg, &ok);
	if (!ok)
		return -EINVAL;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

/* Vectors mean nothing to the guest; old kernels want a number nevertheless. */
static long op_alloc_irq_vector(u64 arg)
{
	struct physdev_irq op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.irq >= NR_PIRQS)
		return -EINVAL;
	op.vector = op.irq;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static long op_eoi(u64 arg)
{
	struct physdev_eoi op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return pirq_eoi(op.irq);
}

static long op_irq_status_query(u64 arg)
{
	struct physdev_irq_status_query op;
	int needs;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	needs = pirq_needs_eoi(op.irq);
	if (needs < 0)
		return needs;
	op.flags = needs ? XENIRQSTAT_needs_eoi : 0;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static long op_pirq_eoi_gmfn(u64 arg)
{
	struct physdev_pirq_eoi_gmfn op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return pirq_eoi_map(current_vcpu->domain, MFN(op.gmfn));
}

static long op_setup_gsi(u64 arg)
{
	struct physdev_setup_gsi op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.gsi < 0 || op.triggering > 1 || op.polarity > 1)
		return -EINVAL;
	return pirq_setup_gsi(op.gsi, op.triggering, op.polarity);
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

static long op_map_pirq(u64 arg)
{
	struct physdev_map_pirq op;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!is_self(op.domid))
		return -ESRCH;
	switch (op.type) {
	case MAP_PIRQ_TYPE_GSI:
		rc = op.index < 0 ? -EINVAL : pirq_map_gsi(op.index, op.pirq);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
		rc = map_msi(&op);
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
	op.pirq = rc;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static long op_unmap_pirq(u64 arg)
{
	struct physdev_unmap_pirq op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!is_self(op.domid))
		return -ESRCH;
	return op.pirq < 0 ? -EINVAL : pirq_unmap(op.pirq);
}

static long op_get_free_pirq(u64 arg)
{
	struct physdev_get_free_pirq op;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.type != MAP_PIRQ_TYPE_MSI && op.type != MAP_PIRQ_TYPE_GSI)
		return -EINVAL;
	rc = pirq_reserve();
	if (rc < 0)
		return rc;
	op.pirq = rc;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

/* Bus and function of an older call, which knew segment 0 only. */
static long op_manage_pci(u64 arg, bool add)
{
	struct physdev_manage_pci op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return add ? pirq_protect_msix(0, op.bus, op.devfn, 0) : 0;
}

static long op_manage_pci_add_ext(u64 arg)
{
	struct physdev_manage_pci_ext op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.is_extfn > 1 || op.is_virtfn > 1)
		return -EINVAL;
	return pirq_protect_msix(0, op.bus, op.devfn, 0);
}

static long op_pci_device_add(u64 arg)
{
	struct physdev_pci_device_add op;

	if (copy_from_guest(&op, arg, offsetof(struct physdev_pci_device_add, optarr)))
		return -EFAULT;
	return pirq_protect_msix(op.seg, op.bus, op.devfn, 0);
}

static long op_pci_device_remove(u64 arg)
{
	struct physdev_pci_device op;

	return copy_from_guest(&op, arg, sizeof(op)) ? -EFAULT : 0;
}

static long op_prepare_msix(u64 arg, bool prepare)
{
	struct physdev_pci_device op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (pci_read(op.seg, op.bus, op.devfn, 0, 2) == PCI_ABSENT)
		return -ENODEV;
	return prepare ? pirq_protect_msix(op.seg, op.bus, op.devfn, 0) : 0;
}

/* Configuration is reached through ports, so the window is only taken note of. */
static long op_pci_mmcfg_reserved(u64 arg)
{
	struct physdev_pci_mmcfg_reserved op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return op.start_bus > op.end_bus ? -EINVAL : 0;
}

static long hardware_op(u32 cmd, u64 arg)
{
	switch (cmd) {
	case PHYSDEVOP_irq_status_query:
		return op_irq_status_query(arg);
	case PHYSDEVOP_apic_read:
		return op_apic_read(arg);
	case PHYSDEVOP_apic_write:
		return -EPERM;
	case PHYSDEVOP_alloc_irq_vector:
		return op_alloc_irq_vector(arg);
	case PHYSDEVOP_eoi:
		return op_eoi(arg);
	case PHYSDEVOP_map_pirq:
		return op_map_pirq(arg);
	case PHYSDEVOP_unmap_pirq:
		return op_unmap_pirq(arg);
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_remove:
		return op_manage_pci(arg, cmd == PHYSDEVOP_manage_pci_add);
	case PHYSDEVOP_manage_pci_add_ext:
		return op_manage_pci_add_ext(arg);
	case PHYSDEVOP_setup_gsi:
		return op_setup_gsi(arg);
	case PHYSDEVOP_get_free_pirq:
		return op_get_free_pirq(arg);
	case PHYSDEVOP_pci_mmcfg_reserved:
		return op_pci_mmcfg_reserved(arg);
	case PHYSDEVOP_pci_device_add:
		return op_pci_device_add(arg);
	case PHYSDEVOP_pci_device_remove:
		return op_pci_device_remove(arg);
	case PHYSDEVOP_pirq_eoi_gmfn_v2:
		return op_pirq_eoi_gmfn(arg);
	case PHYSDEVOP_prepare_msix:
	case PHYSDEVOP_release_msix:
		return op_prepare_msix(arg, cmd == PHYSDEVOP_prepare_msix);
	default:
		return -ENOSYS;
	}
}

/**
 * do_physdev_op() - hypercall physdev_op
 * @cmd: PHYSDEVOP_*
 * @arg: guest address of the operation's structure
 */
long do_physdev_op(u64 cmd, u64 arg)
{
	switch ((u32)cmd) {
	case PHYSDEVOP_set_iopl:
		return op_set_iopl(arg);
	case PHYSDEVOP_set_iobitmap:
		return op_set_iobitmap(arg);
	default:
		if (!current_vcpu->domain->is_hardware)
			return -EPERM;
		return hardware_op(cmd, arg);
	}
}
