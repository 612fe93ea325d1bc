// SPDX-License-Identifier: GPL-2.0
/*
 * physdev_op: ports, interrupts and PCI devices; and the arrival of interrupts.
 *
 * set_iopl and set_iobitmap are every guest's: they change the caller's own
 * virtual state, which the emulation of port I/O honours within the domain's
 * ports. All else needs the domain that owns the hardware (-EPERM).
 *
 * The PIRQ of a GSI has the GSI's number; messages take numbers above the
 * last GSI. The vector follows from the number (machine/irq.h).
 *
 * Arrival: edges and messages are acknowledged at once. A level-triggered
 * pin is masked, acknowledged, and unmasked by the guest's eoi; in_service says
 * that this is due. The interrupt of the hypervisor's own UART is VIRQ_CONSOLE.
 *
 * ABI: xen/physdev.h; which operations are served and which refused stands in
 * hypercall-abi/hypercalls.tbl. PCI devices need no registration here (there is no
 * IOMMU to set up); being told of one is when its MSI-X table is protected.
 *
 * Locks: pirq_lock guards the PIRQs. bind, unbind and unmask are called with
 * event_lock held, so no event is raised under pirq_lock.
 */
#include "console/printk.h"
#include "dispatch/dispatch.h"
#include "evtchn/evtchn.h"
#include "machine/acpi.h"
#include "machine/irq.h"
#include "machine/serial.h"
#include "mm/mm.h"
#include "state/guest-access.h"

#include <xen/physdev.h>

#define MAX_PORTS	65536

enum pirq_kind { PIRQ_FREE, PIRQ_GSI, PIRQ_MSI };

struct pirq {
	enum pirq_kind kind;	/* below nr_gsis() never PIRQ_MSI, above never PIRQ_GSI */
	bool bound;		/* to an event channel */
	bool in_service;	/* pin masked until eoi */
	bool level, active_low;	/* GSI only */
	struct msi_desc msi;	/* MSI only */
};

static spinlock_t pirq_lock = SPINLOCK_INIT;
static struct pirq pirqs[NR_PIRQS] __guarded_by(pirq_lock);
static u32 console_gsi = ~0u;	/* constant after boot */

static void pirq_mask(u32 nr, bool masked) __requires(pirq_lock)
{
	if (pirqs[nr].kind == PIRQ_GSI)
		ioapic_mask(nr, masked);
	else
		msi_mask(&pirqs[nr].msi, masked);
}

/* A guest that unmasks a port has handled what came before. */
void pirq_unmasked(u32 nr)
{
	spin_lock(&pirq_lock);
	if (pirqs[nr].in_service && pirqs[nr].bound)
		ioapic_mask(nr, false);
	pirqs[nr].in_service = false;
	spin_unlock(&pirq_lock);
}

int pirq_bind(u32 nr, struct vcpu *v)
{
	struct pirq *p = &pirqs[nr];
	int rc = 0;

	spin_lock(&pirq_lock);
	if (p->kind == PIRQ_FREE)
		rc = -EINVAL;
	else if (p->bound)
		rc = -EEXIST;
	else if (nr == console_gsi)
		rc = -EBUSY;
	else if (p->kind == PIRQ_GSI)
		rc = ioapic_route(nr, pirq_vector(nr), v->pcpu, p->level, p->active_low);
	if (!rc) {
		p->bound = true;
		p->in_service = false;
		pirq_mask(nr, false);
	}
	spin_unlock(&pirq_lock);
	return rc;
}

void pirq_unbind(u32 nr)
{
	struct pirq *p = &pirqs[nr];

	spin_lock(&pirq_lock);
	if (p->bound)
		pirq_mask(nr, true);
	p->bound = p->in_service = false;
	spin_unlock(&pirq_lock);
}

void pirq_interrupt(u32 vector)
{
	u32 nr = vector_pirq(vector);
	bool bound = false;

	if (nr < NR_PIRQS) {
		spin_lock(&pirq_lock);
		bound = pirqs[nr].bound;
		if (bound && pirqs[nr].kind == PIRQ_GSI && pirqs[nr].level) {
			ioapic_mask(nr, true);
			pirqs[nr].in_service = true;
		}
		spin_unlock(&pirq_lock);
	}
	apic_eoi();
	/* One that came while its port was being closed is nobody's. */
	if (bound)
		evtchn_raise_pirq(service_domain, nr);
	else if (nr == console_gsi && service_domain)
		evtchn_raise_global_virq(service_domain, VIRQ_CONSOLE);
}

static bool is_gsi(u32 nr)
{
	return nr < nr_gsis() && nr < NR_PIRQS;
}

/*
 * The PIRQ of a GSI. How the pin is wired when nobody said: what the MADT says of
 * the legacy IRQ that arrives there, else level and active low as PCI has it.
 */
static struct pirq *gsi_pirq(u32 gsi) __requires(pirq_lock)
{
	struct pirq *p = &pirqs[gsi];
	u8 irq;

	if (p->kind != PIRQ_FREE)
		return p;
	*p = (struct pirq){ .kind = PIRQ_GSI, .level = true, .active_low = true };
	for (irq = 0; irq < 16; irq++) {
		struct acpi_override o = acpi_isa_irq(irq);

		if (o.gsi != gsi)
			continue;
		p->level = o.level;
		p->active_low = o.active_low;
		break;
	}
	return p;
}

/* No later mapping of a function's MSI-X table by a guest is writable. */
static int protect_msix(struct pci_dev dev, u64 table_base)
{
	paddr_t start, end;
	int rc;

	/* No MSI-X, or not placed yet: the table is found when it is used. */
	if (msix_table(dev, table_base, &start, &end))
		return 0;
	spin_lock(&pirq_lock);
	rc = mm_protect_mmio(start, end, true);
	spin_unlock(&pirq_lock);
	return rc;
}

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

	return ioapic_read_reg(op->apic_physbase, op->reg, &op->value);
}

/* Vectors mean nothing to the guest; it wants a number nevertheless. */
static long op_alloc_irq_vector(struct vcpu *v, void *arg)
{
	struct physdev_irq *op = arg;

	op->vector = op->irq;
	return 0;
}

static long op_eoi(struct vcpu *v, void *arg)
{
	const struct physdev_eoi *op = arg;

	if (op->irq >= NR_PIRQS)
		return -EINVAL;
	pirq_unmasked(op->irq);
	return 0;
}

static long op_irq_status_query(struct vcpu *v, void *arg)
{
	struct physdev_irq_status_query *op = arg;

	if (op->irq >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&pirq_lock);
	op->flags = pirqs[op->irq].kind == PIRQ_GSI && pirqs[op->irq].level ?
		    XENIRQSTAT_needs_eoi : 0;
	spin_unlock(&pirq_lock);
	return 0;
}

/* For the next time the PIRQ is bound; in use, it can only agree. */
static long op_setup_gsi(struct vcpu *v, void *arg)
{
	const struct physdev_setup_gsi *op = arg;
	struct pirq *p;
	int rc = 0;

	if (!is_gsi(op->gsi) || op->triggering > 1 || op->polarity > 1)
		return -EINVAL;
	spin_lock(&pirq_lock);
	p = gsi_pirq(op->gsi);
	if (p->bound) {
		if (p->level != op->triggering || p->active_low != op->polarity)
			rc = -EEXIST;
	} else {
		p->level = op->triggering;
		p->active_low = op->polarity;
	}
	spin_unlock(&pirq_lock);
	return rc;
}

/* GSI and PIRQ of one interrupt have one number here. */
static int map_gsi(const struct physdev_map_pirq *op)
{
	if (!is_gsi(op->index) || (op->pirq >= 0 && op->pirq != op->index))
		return -EINVAL;
	spin_lock(&pirq_lock);
	gsi_pirq(op->index);
	spin_unlock(&pirq_lock);
	return op->index;
}

/* A message of a function in any free PIRQ or a given one: programmed, masked. */
static int pirq_take(const struct msi_desc *msi, int wanted)
{
	struct pirq new = { .kind = PIRQ_MSI, .msi = *msi };
	u32 nr = wanted < 0 ? nr_gsis() : (u32)wanted;
	int rc;

	spin_lock(&pirq_lock);
	while (wanted < 0 && nr < NR_PIRQS && pirqs[nr].kind != PIRQ_FREE)
		nr++;
	if (nr < nr_gsis() || nr >= NR_PIRQS)
		rc = wanted < 0 ? -ENOSPC : -EINVAL;
	else if (pirqs[nr].kind != PIRQ_FREE)
		rc = -EEXIST;
	else
		rc = msi_setup(&new.msi, pirq_vector(nr), 0);
	if (!rc)
		pirqs[nr] = new;
	spin_unlock(&pirq_lock);
	return rc ? rc : (int)nr;
}

static int map_msi(const struct physdev_map_pirq *op)
{
	struct msi_desc msi = {
		.dev = { .bus = op->bus, .devfn = op->devfn },
		.msix = op->table_base != 0,
		.entry_nr = op->entry_nr,
		.table_base = op->table_base,
	};
	int rc = 0;

	if (op->type == MAP_PIRQ_TYPE_MSI_SEG)
		msi.dev.seg = (u32)op->bus >> 16;
	else if (op->bus & ~0xff)
		return -EINVAL;
	if ((op->bus & 0xff00) || (op->devfn & ~0xff) || op->entry_nr < 0 || op->entry_nr > 0xffff)
		return -EINVAL;
	if (msi.msix)
		rc = protect_msix(msi.dev, msi.table_base);
	return rc ? rc : pirq_take(&msi, op->pirq);
}

static long op_map_pirq(struct vcpu *v, void *arg)
{
	struct physdev_map_pirq *op = arg;
	int rc = -EINVAL;

	if (!domid_is_self(v->domain, op->domid))
		return -ESRCH;
	switch (op->type) {
	case MAP_PIRQ_TYPE_GSI:
		rc = map_gsi(op);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
		rc = map_msi(op);
		break;
	case MAP_PIRQ_TYPE_MULTI_MSI:
		/* The driver then asks for a single one. */
		return -EOPNOTSUPP;
	}
	if (rc < 0)
		return rc;
	op->pirq = rc;
	return 0;
}

static long op_unmap_pirq(struct vcpu *v, void *arg)
{
	const struct physdev_unmap_pirq *op = arg;
	u32 nr = op->pirq;
	int rc = 0;

	if (!domid_is_self(v->domain, op->domid))
		return -ESRCH;
	if (nr >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&pirq_lock);
	if (pirqs[nr].kind == PIRQ_FREE) {
		rc = -EINVAL;
	} else if (pirqs[nr].bound) {
		rc = -EBUSY;
	} else {
		if (pirqs[nr].kind == PIRQ_MSI)
			msi_teardown(&pirqs[nr].msi);
		pirqs[nr].kind = PIRQ_FREE;
	}
	spin_unlock(&pirq_lock);
	return rc;
}

/* Begins as every structure that names a PCI function: seg, bus, devfn. */
static long op_pci_device_add(struct vcpu *v, void *arg)
{
	const struct physdev_pci_device *op = arg;

	return protect_msix((struct pci_dev){ op->seg, op->bus, op->devfn }, 0);
}

static long op_pci_device_remove(struct vcpu *v, void *arg)
{
	return 0;
}

static const struct sub_op ops[] = {
#include <ringlet/physdev_op.inc>
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
	if (cmd == PHYSDEVOP_apic_write ||
	    (cmd != PHYSDEVOP_set_iopl && cmd != PHYSDEVOP_set_iobitmap && !v->domain->is_hardware))
		return -EPERM;
	return sub_op_call(v, ops, ARRAY_SIZE(ops), cmd, arg);
}

/* The UART's interrupt stays the hypervisor's; without it there is no input. */
static void __init console_route(void)
{
	struct acpi_override o = acpi_isa_irq(serial_irq());

	if (!serial_port() || o.gsi >= NR_PIRQS ||
	    ioapic_route(o.gsi, pirq_vector(o.gsi), 0, o.level, o.active_low))
		return;
	console_gsi = o.gsi;
	ioapic_mask(o.gsi, false);
	serial_enable_irq();
}

static void __init protect_controller(paddr_t page)
{
	if (mm_protect_mmio(page, page + PAGE_SIZE, false))
		panic(NULL, "more interrupt controllers than mm can protect");
}

/**
 * pirq_boot_init() - after the I/O APICs and mm_boot_init(), before any guest
 */
void __init pirq_boot_init(void)
{
	unsigned int i;

	protect_controller(apic_mmio_base());
	for (i = 0; i < acpi.nr_ioapics; i++)
		protect_controller(acpi.ioapic[i].base & PAGE_MASK);
	console_route();
}
