// SPDX-License-Identifier: GPL-2.0
/*
 * Physical interrupts: GSIs and messages, as PIRQs of the service domain, and the
 * interrupt of the hypervisor's own UART.
 *
 * The PIRQ of a GSI has the GSI's number; messages take numbers above the
 * last GSI. A vector belongs to one PIRQ from its first binding (GSI) or its
 * mapping (MSI) until it is unmapped.
 *
 * Arrival: edges and messages are acknowledged at once. A level-triggered
 * pin is masked, acknowledged, and unmasked by the guest's eoi; in_service says
 * that this is due, and the guest's map of PIRQs that need eoi has its bit set.
 *
 * Locks: pirq_lock guards all below. bind, unbind and unmask are called with
 * event_lock held, so no event is raised under pirq_lock.
 */
#include "dispatch/pirq.h"

#include "base/bitmap.h"
#include "base/errno.h"
#include "base/lock.h"
#include "console/printk.h"
#include "dispatch/dispatch.h"
#include "evtchn/evtchn.h"
#include "machine/acpi.h"
#include "machine/directmap.h"
#include "machine/layout.h"
#include "machine/serial.h"
#include "mm/mm.h"
#include "state/alloc.h"

enum pirq_kind { PIRQ_FREE, PIRQ_RESERVED, PIRQ_GSI, PIRQ_MSI };

struct pirq {
	enum pirq_kind kind;
	bool bound;		/* to an event channel */
	bool in_service;	/* pin masked until eoi */
	u8 vector;		/* 0: none yet */
	bool level, active_low;	/* GSI only */
	struct msi_desc msi;	/* MSI only */
};

static spinlock_t pirq_lock = SPINLOCK_INIT;
static struct pirq pirqs[NR_PIRQS] __guarded_by(pirq_lock);
static u16 vector_pirq[256] __guarded_by(pirq_lock);	/* 0xffff: none */
static unsigned long *eoi_map __guarded_by(pirq_lock);	/* of the guest */
static u8 console_vector;	/* constant after boot */
static u32 console_gsi = ~0u;

#define NO_PIRQ		0xffff

static void eoi_map_update(u32 nr) __requires(pirq_lock)
{
	if (!eoi_map)
		return;
	if (pirqs[nr].kind == PIRQ_GSI && pirqs[nr].level)
		set_bit(nr, eoi_map);
	else
		clear_bit(nr, eoi_map);
}

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

int pirq_reserve(void)
{
	int nr;

	spin_lock(&pirq_lock);
	nr = find_free();
	if (nr >= 0)
		pirqs[nr].kind = PIRQ_RESERVED;
	spin_unlock(&pirq_lock);
	return nr;
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
	if (p->kind == PIRQ_FREE || p->kind == PIRQ_RESERVED) {
		*p = (struct pirq){ .kind = PIRQ_GSI };
		default_trigger(gsi, p);
		eoi_map_update(nr);
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
		eoi_map_update(gsi);
	}
	spin_unlock(&pirq_lock);
	return rc;
}

/* True if a table at start..end would be memory or an interrupt controller. */
static bool not_a_device(paddr_t start, paddr_t end)
{
	paddr_t pa, first = start & PAGE_MASK;
	unsigned int i;

	for (pa = first; pa < end; pa += PAGE_SIZE) {
		if (mfn_is_ram(paddr_to_mfn(pa)) || pa == apic_mmio_base())
			return true;
		for (i = 0; i < nr_ioapics(); i++)
			if (pa == (ioapic_mmio_base(i) & PAGE_MASK))
				return true;
	}
	return false;
}

int pirq_protect_msix(u16 seg, u8 bus, u8 devfn, u64 table_base)
{
	paddr_t start, end;
	int rc;

	rc = msix_table(seg, bus, devfn, table_base, &start, &end);
	/* No MSI-X, or not placed yet: the table is found when it is used. */
	if (rc)
		return 0;
	if (not_a_device(start, end))
		return -EINVAL;
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
	rc = nr < 0 ? find_free() : nr;
	if (rc < 0)
		goto out;
	nr = rc;
	if ((u32)nr < nr_gsis() || nr >= NR_PIRQS) {
		rc = -EINVAL;
		goto out;
	}
	if (pirqs[nr].kind > PIRQ_RESERVED) {
		rc = -EEXIST;
		goto out;
	}
	new.vector = vector_alloc();
	if (!new.vector) {
		rc = -ENOSPC;
		goto out;
	}
	rc = msi_setup(&new.msi, new.vector, 0);
	if (rc) {
		vector_free(new.vector);
		goto out;
	}
	pirqs[nr] = new;
	vector_pirq[new.vector] = nr;
	eoi_map_update(nr);
	rc = nr;
out:
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
		goto out;
	}
	if (p->bound) {
		rc = -EBUSY;
		goto out;
	}
	if (p->kind == PIRQ_MSI)
		msi_teardown(&p->msi);
	if (p->vector) {
		vector_pirq[p->vector] = NO_PIRQ;
		vector_free(p->vector);
	}
	*p = (struct pirq){ .kind = PIRQ_FREE };
	eoi_map_update(nr);
out:
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

int pirq_eoi_map(struct domain *d, mfn_t mfn)
{
	int rc = -EBUSY;
	u32 nr;

	spin_lock(&pirq_lock);
	if (eoi_map)
		goto out;
	rc = page_hold_writable(d, mfn);
	if (rc)
		goto out;
	eoi_map = mfn_to_virt(mfn);
	for (nr = 0; nr < NR_PIRQS; nr++)
		eoi_map_update(nr);
out:
	spin_unlock(&pirq_lock);
	return rc;
}

/* Vector and pin of a GSI about to be bound. */
static int route_gsi(u32 nr, u32 cpu) __requires(pirq_lock)
{
	struct pirq *p = &pirqs[nr];
	u8 vector = p->vector;
	int rc;

	if (nr == console_gsi)
		return -EBUSY;
	if (!vector)
		vector = vector_alloc();
	if (!vector)
		return -ENOSPC;
	rc = ioapic_route(nr, vector, cpu, p->level, p->active_low);
	if (rc) {
		if (!p->vector)
			vector_free(vector);
		return rc;
	}
	p->vector = vector;
	vector_pirq[vector] = nr;
	return 0;
}

static int pirq_bind(struct domain *d, u32 nr, bool share, struct vcpu *v)
{
	struct pirq *p;
	int rc = 0;

	(void)share;	/* one domain has all of them */
	if (!d->is_hardware)
		return -EPERM;
	if (nr >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&pirq_lock);
	p = &pirqs[nr];
	if (p->kind != PIRQ_GSI && p->kind != PIRQ_MSI)
		rc = -EINVAL;
	else if (p->bound)
		rc = -EEXIST;
	else if (p->kind == PIRQ_GSI)
		rc = route_gsi(nr, v->pcpu);
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

static void pirq_unbind(struct domain *d, u32 nr)
{
	struct pirq *p = &pirqs[nr];

	(void)d;
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
static void pirq_unmask(struct domain *d, u32 nr)
{
	(void)d;
	spin_lock(&pirq_lock);
	service_end(nr);
	spin_unlock(&pirq_lock);
}

static void console_interrupt(void)
{
	apic_eoi();
	if (console_input_poll() && service_domain)
		evtchn_raise_global_virq(service_domain, VIRQ_CONSOLE);
}

void pirq_interrupt(u32 vector)
{
	struct pirq *p;
	u32 nr;

	if (vector == console_vector) {
		console_interrupt();
		return;
	}
	spin_lock(&pirq_lock);
	nr = vector_pirq[vector & 0xff];
	p = nr == NO_PIRQ ? NULL : &pirqs[nr];
	if (p && p->kind == PIRQ_GSI && p->level) {
		ioapic_mask(nr);
		p->in_service = p->bound;
	}
	spin_unlock(&pirq_lock);
	apic_eoi();
	/* One that came while its port was being closed is nobody's. */
	if (p)
		evtchn_raise_pirq(service_domain, nr);
}

/* One page of an interrupt controller: guests do not even read it. */
static void __init protect_controller(paddr_t page)
{
	if (mm_protect_mmio(page, page + PAGE_SIZE, false))
		panic(NULL, "more interrupt controllers than mm can protect");
}

/* The UART's interrupt stays the hypervisor's; without it there is no input. */
static void __init console_route(void)
{
	struct acpi_override o = acpi_isa_irq(serial_irq());
	u8 vector;

	if (!serial_port() || o.gsi >= nr_gsis())
		return;
	vector = vector_alloc();
	if (ioapic_route(o.gsi, vector, 0, o.level, o.active_low)) {
		vector_free(vector);
		return;
	}
	console_gsi = o.gsi;
	console_vector = vector;
	ioapic_unmask(o.gsi);
	serial_enable_irq();
}

/**
 * pirq_boot_init() - after the I/O APICs and mm_boot_init(), before any guest
 */
void __init pirq_boot_init(void)
{
	static const struct pirq_ops ops = {
		.bind = pirq_bind,
		.unbind = pirq_unbind,
		.unmask = pirq_unmask,
	};
	unsigned int i;

	spin_lock(&pirq_lock);
	for (i = 0; i < ARRAY_SIZE(vector_pirq); i++)
		vector_pirq[i] = NO_PIRQ;
	spin_unlock(&pirq_lock);
	protect_controller(apic_mmio_base());
	for (i = 0; i < nr_ioapics(); i++)
		protect_controller(ioapic_mmio_base(i) & PAGE_MASK);
	evtchn_set_pirq_ops(&ops);
	console_route();
}
