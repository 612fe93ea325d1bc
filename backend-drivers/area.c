// SPDX-License-Identifier: GPL-2.0
/*
 * Device areas: the pages of a domain in which its devices are found, and the
 * control port on which either side says "look".
 *
 * An area is mapped as long as the domain has a slot in use. The guest may write
 * anything there at any time: the header is read once, when the area is mapped,
 * and what the slots say is read by slot.c, once for every handshake.
 *
 * The interrupt of the control port only queues the domain's work, which ends it
 * (late EOI): a guest that sends in a loop gets fewer and fewer interrupts, and
 * costs its own work item.
 */
#include <linux/mm.h>
#include <xen/events.h>
#include <xen/grant_table.h>

#include "internal.h"

static int map_page(struct back_domain *dom, u32 index)
{
	struct gnttab_map_grant_ref op;
	struct page *page;
	int rc;

	rc = gnttab_alloc_pages(1, &page);
	if (rc)
		return rc;
	gnttab_set_map_op(&op, (unsigned long)page_address(page), GNTMAP_host_map,
			  RINGLET_GREF_DEVICES + index, dom->domid);
	rc = gnttab_map_refs(&op, NULL, &page, 1);
	if (!rc && op.status != GNTST_okay)
		rc = -ENODEV;
	if (rc) {
		back_domain_warn(dom, "page %u of its device area cannot be mapped (grant %u, status %d)",
				 index, RINGLET_GREF_DEVICES + index, op.status);
		gnttab_free_pages(1, &page);
		return rc;
	}
	dom->area[index] = page;
	dom->handles[index] = op.handle;
	return 0;
}

static void unmap_pages(struct back_domain *dom, u32 nr)
{
	struct gnttab_unmap_grant_ref ops[RINGLET_DEVICES_MAX_PAGES];
	u32 i;

	for (i = 0; i < nr; i++)
		gnttab_set_unmap_op(&ops[i], (unsigned long)page_address(dom->area[i]),
				    GNTMAP_host_map, dom->handles[i]);
	if (WARN_ON(gnttab_unmap_refs(ops, NULL, dom->area, nr)))
		return;		/* pages that may still be mapped are not given back */
	gnttab_free_pages(nr, dom->area);
}

static irqreturn_t control_interrupt(int irq, void *data)
{
	struct back_domain *dom = data;

	queue_work(back_wq, &dom->work);
	return IRQ_HANDLED;
}

/* Read the header, once. @control_port: of the guest. */
static int read_header(struct back_domain *dom, u32 *pages, u32 *control_port)
{
	const struct ringlet_devices_header *header = page_address(dom->area[0]);
	u32 magic = READ_ONCE(header->magic);
	u32 version = READ_ONCE(header->version);

	*pages = READ_ONCE(header->pages);
	*control_port = READ_ONCE(header->control_port);
	if (magic != RINGLET_DEVICES_MAGIC || version != RINGLET_DEVICES_VERSION) {
		back_domain_warn(dom, "its device area has magic %x, version %u; this is for %x, %u",
				 magic, version, RINGLET_DEVICES_MAGIC, RINGLET_DEVICES_VERSION);
		return -EPROTO;
	}
	if (!*pages || *pages > RINGLET_DEVICES_MAX_PAGES) {
		back_domain_warn(dom, "its device area has %u pages, 1 to %u are possible", *pages,
				 RINGLET_DEVICES_MAX_PAGES);
		return -EPROTO;
	}
	return 0;
}

/* Map the area of @dom and bind its control port; nothing to do if that is done. */
int back_area_map(struct back_domain *dom)
{
	u32 pages, port, mapped;
	int rc;

	if (dom->pages)
		return 0;
	rc = map_page(dom, 0);
	if (rc)
		return rc;
	mapped = 1;
	rc = read_header(dom, &pages, &port);
	if (rc)
		goto err_unmap;
	for (; mapped < pages; mapped++) {
		rc = map_page(dom, mapped);
		if (rc)
			goto err_unmap;
	}
	rc = back_bind_port(dom->domid, port, control_interrupt, "ringlet-back", dom);
	if (rc < 0) {
		back_domain_warn(dom, "its control port %u cannot be bound (%d)", port, rc);
		goto err_unmap;
	}
	dom->pages = pages;
	/* Only now: the interrupt's work finds the domain complete. */
	WRITE_ONCE(dom->irq, rc);
	return 0;

err_unmap:
	unmap_pages(dom, mapped);
	return rc;
}

void back_area_unmap(struct back_domain *dom)
{
	if (!dom->pages)
		return;
	unbind_from_irqhandler(dom->irq, dom);
	dom->irq = 0;
	unmap_pages(dom, dom->pages);
	dom->pages = 0;
}

u32 back_area_slots(const struct back_domain *dom)
{
	return RINGLET_DEVICES_SLOTS(dom->pages);
}

struct ringlet_device_slot *back_area_slot(struct back_domain *dom, u32 index)
{
	u32 in_page = PAGE_SIZE / RINGLET_DEVICES_SLOT_SIZE;

	BUILD_BUG_ON(sizeof(struct ringlet_device_slot) != RINGLET_DEVICES_SLOT_SIZE);
	return page_address(dom->area[index / in_page]) +
	       index % in_page * RINGLET_DEVICES_SLOT_SIZE;
}

void back_area_notify(struct back_domain *dom)
{
	notify_remote_via_irq(dom->irq);
}
