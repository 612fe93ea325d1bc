// SPDX-License-Identifier: GPL-2.0
/*
 * Mapping of granted frames, and the handles that stand for mappings.
 *
 * A map is one use of an entry (grant_claim()) and, for a host map, one L1 entry of
 * the mapper. The L1 entry has references of its own: it may go on its own, when the
 * mapper gives up its table, and the grant is then in use until the handle is given
 * back. The entry's address is not recorded: to unmap, the mapper names it, and
 * it must have the frame and the right of the handle. (A handle that may write
 * is so never given back for an entry that may only read, while the one that
 * writes stays.)
 *
 * Unmapping is done for a few at a time: all entries are cleared, then TLBs are
 * flushed, then the owners are told. In between a handle is busy and refused.
 *
 * Locks: a map in use is guarded by the grant lock of the domain that lends;
 * free ones and the growth by the mapper's maps_lock.
 * ABI: xen/grant_table.h, map_grant_ref and unmap_grant_ref.
 */
#include "console/printk.h"
#include "grant/internal.h"
#include "machine/pte.h"
#include "mm/mm.h"
#include "state/guest-access.h"

#define UNMAP_CHUNK	32
#define UNMAPS_PER_CALL	128	/* then give way */
#define TEARDOWN_UNITS	1024	/* the same */

static struct map *map_of(struct domain *d, u32 handle)
{
	u32 n = __atomic_load_n(&d->grant->nr_map_pages, __ATOMIC_ACQUIRE);

	if (handle / MAPS_PER_PAGE >= n)
		return NULL;
	return d->grant->maps[handle / MAPS_PER_PAGE] + handle % MAPS_PER_PAGE;
}

static void handle_put(struct domain *d, u32 handle)
{
	struct grant_domain *g = d->grant;

	spin_lock(&g->maps_lock);
	map_of(d, handle)->ref = g->free_map;
	g->free_map = handle;
	g->nr_maps--;
	spin_unlock(&g->maps_lock);
}

bool maps_grow(struct domain *d)
{
	struct grant_domain *g = d->grant;
	u32 n = g->nr_map_pages, i;
	struct map *page;

	page = n < d->max_maptrack_frames ? domain_alloc_page(d) : NULL;
	if (!page)
		return false;
	for (i = 0; i < MAPS_PER_PAGE; i++)
		page[i].ref = n * MAPS_PER_PAGE + i + 1;
	page[i - 1].ref = NO_HANDLE;
	g->maps[n] = page;
	g->free_map = n * MAPS_PER_PAGE;
	__atomic_store_n(&g->nr_map_pages, n + 1, __ATOMIC_RELEASE);
	return true;
}

static u32 handle_get(struct domain *d)
{
	struct grant_domain *g = d->grant;
	u32 handle = NO_HANDLE;

	spin_lock(&d->grant->maps_lock);
	if (g->free_map != NO_HANDLE || maps_grow(d)) {
		handle = g->free_map;
		g->free_map = map_of(d, handle)->ref;
		g->nr_maps++;
	}
	spin_unlock(&d->grant->maps_lock);
	return handle;
}

/* The L1 entry of a map of @mfn. */
static u64 map_entry(u32 mfn, u32 flags)
{
	u64 e = pte_make(MFN(mfn), PTE_P | PTE_A | PTE_NX);

	if (!(flags & GNTMAP_readonly))
		e |= PTE_RW | PTE_D;
	if (flags & GNTMAP_application_map)
		e |= PTE_US;
	/* XENFEAT_gnttab_map_avail_bits: into bits 9 to 11. */
	return e | (u64)(flags >> _GNTMAP_guest_avail0 & 7) << 9;
}

static int map_one(struct vcpu *v, struct domain *rd,
		   struct gnttab_map_grant_ref *op, struct map *m) __requires(rd->grant->lock)
{
	struct mm_foreign_pte pte = {
		.addr = op->host_addr, .owner = rd->id,
		.is_pte = op->flags & GNTMAP_contains_pte,
	};
	bool write = !(op->flags & GNTMAP_readonly);
	u32 mfn;
	int rc = grant_claim(rd, op->ref, v->domain->id, write);

	if (rc)
		return rc;
	mfn = entry_active(rd, op->ref)->mfn;
	pte.entry = map_entry(mfn, op->flags);
	rc = op->flags & GNTMAP_host_map ? mm_foreign_map(v, &pte) : 0;
	if (rc) {
		grant_release(rd, op->ref, write);
		return rc == -ERESTART ? GRANT_RESTART : GNTST_general_error;
	}
	m->ref = op->ref;
	m->domid = rd->id;
	/* Last; partner: unmap_begin(), which may have another domain's lock. */
	__atomic_store_n(&m->flags, op->flags & (MAP_PARTS | GNTMAP_readonly | GNTMAP_contains_pte),
			 __ATOMIC_RELEASE);
	op->dev_bus_addr = (u64)mfn << PAGE_SHIFT;
	return GNTST_okay;
}

long op_map_grant_ref(struct vcpu *v, void *arg)
{
	struct gnttab_map_grant_ref *op = arg;
	struct domain *rd;
	u32 handle;

	op->status = GNTST_bad_gntref;
	if (!(op->flags & MAP_PARTS))
		return 0;
	op->status = GNTST_permission_denied;
	if ((op->flags & GNTMAP_device_map) && !v->domain->is_hardware)
		return 0;
	op->status = GNTST_bad_domain;
	rd = domain_get(op->dom);
	if (!rd)
		return 0;
	op->status = GNTST_no_device_space;
	handle = handle_get(v->domain);
	if (handle != NO_HANDLE) {
		spin_lock(&rd->grant->lock);
		op->status = map_one(v, rd, op, map_of(v->domain, handle));
		spin_unlock(&rd->grant->lock);
		if (op->status)
			handle_put(v->domain, handle);
		else
			op->handle = handle;
	}
	domain_put(rd);
	return op->status == GRANT_RESTART ? -ERESTART : 0;
}

/* One of a chunk: its domain, with a reference, and the parts that are undone. */
struct unmap {
	struct domain *rd;
	u16 parts;
};

/* Clear what @op names of a map; it stays busy if that was anything. */
static int unmap_parts(struct vcpu *v, struct domain *rd,
		       const struct gnttab_unmap_grant_ref *op, struct map *m,
		       u16 *parts) __requires(rd->grant->lock)
{
	u32 mfn = entry_active(rd, m->ref)->mfn;
	struct mm_foreign_pte pte = {
		.addr = op->host_addr, .owner = rd->id,
		.is_pte = m->flags & GNTMAP_contains_pte,
		.entry = map_entry(mfn, m->flags),
	};
	u16 named = (op->host_addr ? GNTMAP_host_map : 0) |
		    (op->dev_bus_addr ? GNTMAP_device_map : 0);

	named &= m->flags;
	if ((named & GNTMAP_device_map) && op->dev_bus_addr >> PAGE_SHIFT != mfn)
		return GNTST_general_error;
	if ((named & GNTMAP_host_map) && mm_foreign_unmap(v, &pte))
		return GNTST_general_error;
	*parts = named;
	m->flags |= named ? MAP_BUSY : 0;
	return GNTST_okay;
}

static int unmap_begin(struct vcpu *v, struct unmap *u, const struct gnttab_unmap_grant_ref *op)
{
	struct map *m = map_of(v->domain, op->handle);
	int rc = GNTST_bad_handle;

	u->parts = 0;
	u->rd = m ? domain_get(READ_ONCE(m->domid)) : NULL;
	if (!u->rd)
		return rc;
	spin_lock(&u->rd->grant->lock);
	/* Now that it is guarded: still one of that domain's? */
	if ((__atomic_load_n(&m->flags, __ATOMIC_ACQUIRE) & MAP_PARTS) &&
	    !(m->flags & MAP_BUSY) && m->domid == u->rd->id)
		rc = unmap_parts(v, u->rd, op, m, &u->parts);
	spin_unlock(&u->rd->grant->lock);
	return rc;
}

/* Parts of a map are gone, from TLBs too. True: it was the last of it. */
static bool map_drop(struct domain *rd, struct map *m, u16 parts)
{
	bool last;

	spin_lock(&rd->grant->lock);
	m->flags &= ~(parts | MAP_BUSY);
	last = !(m->flags & MAP_PARTS);
	if (last)
		grant_release(rd, m->ref, !(m->flags & GNTMAP_readonly));
	spin_unlock(&rd->grant->lock);
	return last;
}

static void unmap_chunk(struct vcpu *v, struct gnttab_unmap_grant_ref *op, u32 n)
{
	struct unmap u[UNMAP_CHUNK];
	u16 parts = 0;
	u32 i;

	for (i = 0; i < n; i++) {
		op[i].status = unmap_begin(v, &u[i], &op[i]);
		parts |= u[i].parts;
	}
	if (parts & GNTMAP_host_map)
		mm_flush_domain(v->domain);
	for (i = 0; i < n; i++) {
		if (u[i].parts && map_drop(u[i].rd, map_of(v->domain, op[i].handle), u[i].parts))
			handle_put(v->domain, op[i].handle);
		if (u[i].rd)
			domain_put(u[i].rd);
	}
}

long grant_unmap_batch(struct vcpu *v, u64 uop, u32 count)
{
	struct gnttab_unmap_grant_ref op[UNMAP_CHUNK];
	u32 i, n;

	for (i = 0; i < count; i += n, uop += n * sizeof(op[0])) {
		if (i >= UNMAPS_PER_CALL)
			return grant_restart(v, uop, count - i);
		n = min((u32)UNMAP_CHUNK, count - i);
		if (copy_from_guest(op, uop, n * sizeof(op[0]))) {
			n = 1;	/* as far as they are readable */
			if (copy_from_guest(op, uop, sizeof(op[0])))
				return -EFAULT;
		}
		unmap_chunk(v, op, n);
		if (copy_to_guest(uop, op, n * sizeof(op[0])))
			return -EFAULT;
	}
	return 0;
}

/* Its tables go as they are: what they map of others they hold themselves. */
int grant_domain_teardown(struct domain *d)
{
	u32 *at = &d->grant->teardown_at, units = TEARDOWN_UNITS;
	struct domain *rd;
	struct map *m;

	grant_table_die(d);
	for (; (m = map_of(d, *at)); ++*at) {
		if (!(m->flags & MAP_PARTS))
			continue;
		if (!units--)
			return -ERESTART;
		rd = domain_get(m->domid);
		BUG_ON(!rd);	/* it owns the frame that is held */
		map_drop(rd, m, MAP_PARTS);
		domain_put(rd);
		handle_put(d, *at);
	}
	return 0;
}
