// SPDX-License-Identifier: GPL-2.0
/* ringlet_hostile: grants, ports, and the driver's region. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <xen/events.h>
#include <xen/grant_table.h>
#include <asm/xen/hypercall.h>

#include "hostile.h"

static u32 map_flags(u32 ref)
{
	return GNTMAP_host_map | (ref & RINGLET_REGION_READONLY ? GNTMAP_readonly : 0);
}

/* @ref: a reference, or an entry of a directory. It is handed to hostile_unmap() again. */
int hostile_map(struct hostile *h, u32 ref, struct page **page, u32 *handle)
{
	struct gnttab_map_grant_ref op;
	int rc = gnttab_alloc_pages(1, page);

	if (rc)
		return rc;
	gnttab_set_map_op(&op, (unsigned long)page_address(*page), map_flags(ref),
			  RINGLET_REGION_REF(ref), h->domid);
	rc = gnttab_map_refs(&op, NULL, page, 1);
	if (!rc && op.status == GNTST_okay) {
		*handle = op.handle;
		return 0;
	}
	gnttab_free_pages(1, page);
	*page = NULL;
	return -EFAULT;
}

void hostile_unmap(struct page *page, u32 handle, u32 ref)
{
	struct gnttab_unmap_grant_ref op;

	gnttab_set_unmap_op(&op, (unsigned long)page_address(page), map_flags(ref), handle);
	if (!WARN_ON(gnttab_unmap_refs(&op, NULL, &page, 1)))
		gnttab_free_pages(1, &page);
}

/* Ports are never unmasked here: what the driver sends is found by looking. */
int hostile_bind(struct hostile *h, u32 port)
{
	struct evtchn_bind_interdomain bind = { .remote_dom = h->domid, .remote_port = port };
	int rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind);

	return rc ?: (int)bind.local_port;
}

void hostile_send(u32 port)
{
	struct evtchn_send send = { .port = port };

	HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
}

void hostile_close(u32 port)
{
	struct evtchn_close close = { .port = port };

	HYPERVISOR_event_channel_op(EVTCHNOP_close, &close);
}

static bool map_region(struct hostile *h, u32 nr)
{
	u32 per_dir = PAGE_SIZE / sizeof(u32), i, dir_handle;
	struct page *dir;

	for (i = 0; i < nr; i++) {
		u32 dir_ref = READ_ONCE(h->slot->region_dir[i / per_dir]);

		if (hostile_map(h, RINGLET_REGION_READONLY | dir_ref, &dir, &dir_handle))
			return false;
		for (; i < nr; i++) {
			u32 ref = ((u32 *)page_address(dir))[i % per_dir];

			h->refs[i] = ref;
			if (hostile_map(h, ref, &h->pages[i], &h->handles[i]))
				break;
			h->nr_pages++;
			if (i % per_dir == per_dir - 1)
				break;
		}
		hostile_unmap(dir, dir_handle, RINGLET_REGION_READONLY);
		if (h->nr_pages < min(i + 1, nr))
			return false;
	}
	return true;
}

/* Map the region, bind the ports: as it should be. */
bool hostile_start(struct hostile *h)
{
	u32 nr = READ_ONCE(h->slot->region_pages), i;
	const struct ringlet_queue *table;

	if (h->running || !nr || nr > HOSTILE_PAGES)
		return false;
	h->pages = kvcalloc(nr, sizeof(*h->pages), GFP_KERNEL);
	h->handles = kvcalloc(nr, sizeof(*h->handles), GFP_KERNEL);
	h->refs = kvcalloc(nr, sizeof(*h->refs), GFP_KERNEL);
	h->served = 0;
	h->running = true;
	if (!h->pages || !h->handles || !h->refs || !map_region(h, nr)) {
		hostile_stop(h);
		return false;
	}
	table = page_address(h->pages[0]);
	memset(h->queues, 0, sizeof(h->queues));
	for (i = 0; i < HOSTILE_QUEUES && i < h->slot->nr_queues; i++) {
		struct hostile_queue *q = &h->queues[i];
		int port = table[i].port ? hostile_bind(h, table[i].port) : 0;

		if (port <= 0)
			continue;
		q->port = port;
		q->size = table[i].size;
		q->desc = table[i].desc;
		q->avail = table[i].avail;
		q->used = table[i].used;
	}
	return true;
}

void hostile_stop(struct hostile *h)
{
	u32 i;

	if (!h->running)
		return;
	h->running = false;
	for (i = 0; i < HOSTILE_QUEUES; i++)
		if (h->queues[i].port)
			hostile_close(h->queues[i].port);
	memset(h->queues, 0, sizeof(h->queues));
	for (i = 0; i < h->nr_pages; i++)
		hostile_unmap(h->pages[i], h->handles[i], h->refs[i]);
	h->nr_pages = 0;
	kvfree(h->pages);
	kvfree(h->handles);
	kvfree(h->refs);
	h->pages = NULL;
	h->handles = NULL;
	h->refs = NULL;
}
