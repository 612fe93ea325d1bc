// SPDX-License-Identifier: GPL-2.0
/*
 * Physical interrupts: GSIs and messages, as PIRQs of the service domain, and the
 * interrupt of the hypervisor's own UART.
 *
 * The PIRQ of a GSI has the GSI's number; messages take numbers above the
 * last GSI. The vector follows from the number (machine/irq.h).
 *
 * Arrival: edges and messages are acknowledged at once. A level-triggered
 * pin is masked, acknowledged, and unmasked by the guest's eoi; in_service says
 * that this is due.
 *
 * Locks: pirq_lock guards all below. bind, unbind and unmask are called with
 * event_lock held, so no event is raised under pirq_lock.
 */
#include "dispatch/pirq.h"

#include "base/errno.h"
#include "base/lock.h"
#include "console/printk.h"
#include "dispatch/dispatch.h"
#include "evtchn/evtchn.h"
#include "machine/acpi.h"
#include "machine/serial.h"
#include "mm/mm.h"
#include "state/alloc.h"

enum pirq_kind { PIRQ_FREE, PIRQ_GSI, PIRQ_MSI };

struct pirq {
	enum pirq_kind kind;
	bool bound;		/* to an event channel */
	bool in_service;	/* pin masked until eoi */
	bool level, active_low;	/* GSI only */
	struct msi_desc msi;	/* MSI only */
};

static spinlock_t pirq_lock = SPINLOCK_INIT;
static struct pirq pirqs[NR_PIRQS] __guarded_by(pirq_lock);
static u32 console_gsi = ~0u;	/* constant after boot */

/*
 * How a pin is wired when nobody said: what the MADT says of the legacy IRQ that
 * arrives there, else level and active low as PCI has it.
 */
static void default_trigger(u32 gsi, struct pirq *p)
{
	struct acpi_override o;
	u8 irq;

	for (irq = 0; irq < 16; irq++) {
		o = acpi_isa_irq(irq);
		if (o.gsi == gsi) {
			p->level = o.level;
			p->active_low = o.active_low;
			return;
		}
	}
	p->level = p->active_low = true;
}

static int find_free(void) __requires(pirq_lock)
{
	u32 nr;

	for (nr = nr_gsis(); nr < NR_PIRQS; nr++)
		if (pirqs[nr].kind == PIRQ_FREE)
			return nr;
	return -ENOSPC;
}

int pirq_map_gsi(u32 gsi, int nr)
{
	struct pirq *p;
	int rc = gsi;

	if (nr < 0)
		nr = gsi;
	/* GSI and PIRQ of one interrupt have one number here. */
	if (gsi >= nr_gsis() || gsi >= NR_PIRQS || (u32)nr != gsi)
		return -EINVAL;
	spin_lock(&pirq_lock);
	p = &pirqs[nr];
	if (p->kind == PIRQ_FREE) {
		*p = (struct pirq){ .kind = PIRQ_GSI };
		default_trigger(gsi, p);
	} else if (p->kind != PIRQ_GSI) {
		rc = -EEXIST;
	}
	spin_unlock(&pirq_lock);
	return rc;
}

int pirq_setup_gsi(u32 gsi, bool level, bool active_low)
{
	struct pirq *p;
	int rc = 0;

	if (gsi >= nr_gsis() || gsi >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&pirq_lock);
	p = &pirqs[gsi];
	if (p->kind == PIRQ_FREE)
		*p = (struct pirq){ .kind = PIRQ_GSI };
	if (p->kind != PIRQ_GSI) {
		rc = -EINVAL;
	} else if (p->bound) {
		/* In use: only what it is already can be agreed to. */
		if (p->level != level || p->active_low != active_low)
			rc = -EEXIST;
	} else {
		p->level = level;
		p->active_low = active_low;
	}
	spin_unlock(&pirq_lock);
	return rc;
}

int pirq_protect_msix(u16 seg, u8 bus, u8 devfn, u64 table_base)
{
	paddr_t start, end;
	int rc;

	rc = msix_table(seg, bus, devfn, table_base, &start, &end);
	/* No MSI-X, or not placed yet: the table is found when it is used. */
	if (rc)
		return 0;
	spin_lock(&pirq_lock);
	rc = mm_protect_mmio(start, end, true);
	spin_unlock(&pirq_lock);
	return rc;
}

int pirq_map_msi(const struct msi_desc *msi, int nr)
{
	struct pirq new = { .kind = PIRQ_MSI, .msi = *msi };
	int rc;

	if (msi->msix) {
		rc = pirq_protect_msix(msi->seg, msi->bus, msi->devfn,
				       msi->table_base);
		if (rc)
			return rc;
	}
	spin_lock(&pirq_lock);
	if (nr < 0)
		nr = find_free();
	if (nr < 0)
		rc = nr;
	else if ((u32)nr < nr_gsis() || nr >= NR_PIRQS)
		rc = -EINVAL;
	else if (pirqs[nr].kind != PIRQ_FREE)
		rc = -EEXIST;
	else
		rc = msi_setup(&new.msi, pirq_vector(nr), 0);
	if (!rc) {
		pirqs[nr] = new;
		rc = nr;
	}
	spin_unlock(&pirq_lock);
	return rc;
}

int pirq_unmap(u32 nr)
{
	struct pirq *p;
	int rc = 0;

	if (nr >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&pirq_lock);
	p = &pirqs[nr];
	if (p->kind == PIRQ_FREE) {
		rc = -EINVAL;
	} else if (p->bound) {
		rc = -EBUSY;
	} else {
		if (p->kind == PIRQ_MSI)
			msi_teardown(&p->msi);
		p->kind = PIRQ_FREE;
	}
	spin_unlock(&pirq_lock);
	return rc;
}

static void service_end(u32 nr) __requires(pirq_lock)
{
	struct pirq *p = &pirqs[nr];

	if (!p->in_service)
		return;
	p->in_service = false;
	if (p->bound)
		ioapic_unmask(nr);
}

int pirq_eoi(u32 nr)
{
	if (nr >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&pirq_lock);
	service_end(nr);
	spin_unlock(&pirq_lock);
	return 0;
}

int pirq_needs_eoi(u32 nr)
{
	int rc;

	if (nr >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&pirq_lock);
	rc = pirqs[nr].kind == PIRQ_GSI && pirqs[nr].level;
	spin_unlock(&pirq_lock);
	return rc;
}

int pirq_bind(u32 nr, struct vcpu *v)
{
	struct pirq *p = &pirqs[nr];
	int rc = 0;

	spin_lock(&pirq_lock);
	if (p->kind != PIRQ_GSI && p->kind != PIRQ_MSI)
		rc = -EINVAL;
	else if (p->bound)
		rc = -EEXIST;
	else if (nr == console_gsi)
		rc = -EBUSY;
	else if (p->kind == PIRQ_GSI)
		rc = ioapic_route(nr, pirq_vector(nr), v->pcpu, p->level,
				  p->active_low);
	if (!rc) {
		p->bound = true;
		p->in_service = false;
		if (p->kind == PIRQ_GSI)
			ioapic_unmask(nr);
		else
			msi_mask(&p->msi, false);
	}
	spin_unlock(&pirq_lock);
	return rc;
}

void pirq_unbind(u32 nr)
{
	struct pirq *p = &pirqs[nr];

	spin_lock(&pirq_lock);
	if (p->bound && p->kind == PIRQ_GSI)
		ioapic_mask(nr);
	else if (p->bound)
		msi_mask(&p->msi, true);
	p->bound = false;
	p->in_service = false;
	spin_unlock(&pirq_lock);
}

/* A guest that unmasks a port has handled what came before. */
void pirq_unmasked(u32 nr)
{
	spin_lock(&pirq_lock);
	service_end(nr);
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
			ioapic_mask(nr);
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

/* The UART's interrupt stays the hypervisor's; without it there is no input. */
static void __init console_route(void)
{
	struct acpi_override o = acpi_isa_irq(serial_irq());

	if (!serial_port() || o.gsi >= NR_PIRQS ||
	    ioapic_route(o.gsi, pirq_vector(o.gsi), 0, o.level, o.active_low))
		return;
	console_gsi = o.gsi;
	ioapic_unmask(o.gsi);
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
	for (i = 0; i < nr_ioapics(); i++)
		protect_controller(ioapic_mmio_base(i) & PAGE_MASK);
	console_route();
}
