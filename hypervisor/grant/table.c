// SPDX-License-Identifier: GPL-2.0
/*
 * A domain's grant table: frames of entries that it writes and the hypervisor
 * reads, and for each entry how it is used.
 *
 * Invariant: an entry with uses holds its frame, once for each use, for writers
 * as writable (mm_foreign_hold()). So a frame lives and stays what it is while
 * it is lent, also when its owner gives it back or is destroyed.
 *
 * A dead domain's table has no entries any more, but its uses are counted to the
 * end: unmapping works as ever.
 *
 * Locks: the table's lock; page_lock inside.
 * ABI: xen/grant_table.h, version 1.
 */
#include "grant/internal.h"
#include "mm/mm.h"
#include "state/guest-access.h"

#define MAX_FRAMES	(PAGE_SIZE / sizeof(void *) / 2)
#define MAX_MAP_PAGES	(PAGE_SIZE / sizeof(void *))

u64 *entry_shared(struct domain *d, u32 ref)
{
	u64 *frame = d->grant->shared[ref / ENTRIES_PER_FRAME];

	return frame ? frame + ref % ENTRIES_PER_FRAME : NULL;
}

struct active *entry_active(struct domain *d, u32 ref)
{
	return d->grant->active[ref / ACTIVE_PER_PAGE] + ref % ACTIVE_PER_PAGE;
}

int grant_claim(struct domain *d, u32 ref, u16 user, bool write)
{
	struct grant_domain *g = d->grant;
	struct active *a;
	int rc;

	if (g->dead)
		return GNTST_bad_domain;
	if (ref >= g->nr_frames * ENTRIES_PER_FRAME)
		return GNTST_bad_gntref;
	a = entry_active(d, ref);
	rc = entry_claim(entry_shared(d, ref), a, user, write);
	if (rc)
		return rc;
	rc = mm_foreign_hold(d, MFN(a->mfn), write);
	if (!rc)
		return GNTST_okay;
	entry_release(entry_shared(d, ref), a, write);
	return rc == -ERESTART ? GRANT_RESTART :
	       rc == -EPERM ? GNTST_bad_page : GNTST_general_error;
}

void grant_release(struct domain *d, u32 ref, bool write)
{
	struct active *a = entry_active(d, ref);

	mm_foreign_drop(MFN(a->mfn), write);
	entry_release(entry_shared(d, ref), a, write);
}

/* The domain that an operation names: GNTST_okay, with a reference. */
static int grant_domain_of(struct vcpu *v, domid_t id, struct domain **d)
{
	int rc = domain_get_for(v, id, d);

	return !rc ? GNTST_okay : rc == -EPERM ? GNTST_permission_denied : GNTST_bad_domain;
}

/* One frame more, of entries that permit nothing. */
static int table_grow(struct domain *d) __requires(d->grant->lock)
{
	struct grant_domain *g = d->grant;
	u32 n = g->nr_frames, i;

	for (i = 2 * n; i < 2 * n + 2; i++) {
		if (!g->active[i])
			g->active[i] = domain_alloc_page(d);
		if (!g->active[i])
			return -ENOMEM;
	}
	g->shared[n] = domain_alloc_shared(d);
	if (!g->shared[n])
		return -ENOMEM;
	g->nr_frames = n + 1;
	return 0;
}

static int setup_frames(struct domain *d, struct gnttab_setup_table *op)
{
	struct grant_domain *g = d->grant;
	u64 list = (u64)op->frame_list.p, mfn = 0;
	int rc = 0;
	u32 i;

	if (op->nr_frames > d->max_grant_frames)
		return GNTST_general_error;
	for (i = 0; i < op->nr_frames; i++) {
		spin_lock(&d->grant->lock);
		if (g->dead)
			rc = GNTST_bad_domain;
		else if (i == g->nr_frames && table_grow(d))
			rc = GNTST_general_error;
		else
			mfn = virt_to_mfn(g->shared[i]).v;
		spin_unlock(&d->grant->lock);
		if (rc)
			return rc;
		if (copy_to_guest(list + i * sizeof(mfn), &mfn, sizeof(mfn)))
			return GNTST_bad_virt_addr;
	}
	return GNTST_okay;
}

static long op_setup_table(struct vcpu *v, void *arg)
{
	struct gnttab_setup_table *op = arg;
	struct domain *d;

	op->status = grant_domain_of(v, op->dom, &d);
	if (op->status)
		return 0;
	op->status = setup_frames(d, op);
	domain_put(d);
	return 0;
}

static long op_query_size(struct vcpu *v, void *arg)
{
	struct gnttab_query_size *op = arg;
	struct domain *d;

	op->status = grant_domain_of(v, op->dom, &d);
	if (op->status)
		return 0;
	op->nr_frames = READ_ONCE(d->grant->nr_frames);
	op->max_nr_frames = d->max_grant_frames;
	domain_put(d);
	return 0;
}

/* There is one version. Linux asks for the other where frames have many bits. */
static long op_set_version(struct vcpu *v, void *arg)
{
	struct gnttab_set_version *op = arg;
	u32 wanted = op->version;

	op->version = 1;
	return wanted == 1 ? 0 : wanted == 2 ? -ENOSYS : -EINVAL;
}

static long op_get_version(struct vcpu *v, void *arg)
{
	struct gnttab_get_version *op = arg;
	struct domain *d;
	int rc = domain_get_for(v, op->dom, &d);

	if (rc)
		return rc;
	op->version = 1;
	domain_put(d);
	return 0;
}

/* Exchange two entries that nobody uses. */
static long op_swap_grant_ref(struct vcpu *v, void *arg)
{
	struct gnttab_swap_grant_ref *op = arg;
	struct domain *d = v->domain;
	const struct active *a, *b;
	u64 *x, *y, was;
	u32 end;

	spin_lock(&d->grant->lock);
	end = d->grant->nr_frames * ENTRIES_PER_FRAME;
	op->status = GNTST_bad_gntref;
	if (op->ref_a < end && op->ref_b < end) {
		a = entry_active(d, op->ref_a);
		b = entry_active(d, op->ref_b);
		x = entry_shared(d, op->ref_a);
		y = entry_shared(d, op->ref_b);
		op->status = GNTST_eagain;
		if (!a->readers && !a->writers && !b->readers && !b->writers) {
			was = READ_ONCE(*x);
			WRITE_ONCE(*x, READ_ONCE(*y));
			WRITE_ONCE(*y, was);
			op->status = GNTST_okay;
		}
	}
	spin_unlock(&d->grant->lock);
	return 0;
}

#define OPS_PER_CALL	128	/* then give way */

/* Of which a call takes exactly one. */
#define SINGLE_OPS (BIT(GNTTABOP_setup_table) | BIT(GNTTABOP_query_size) | \
		    BIT(GNTTABOP_set_version) | BIT(GNTTABOP_get_version))

static const struct sub_op ops[] = {
#define op_unmap_grant_ref NULL	/* grant_unmap_batch() */
#include <ringlet/grant_table_op.inc>
};

long grant_restart(struct vcpu *v, u64 uop, u32 count)
{
	v->call_args[1] = uop;
	v->call_args[2] = count;
	return -ERESTART;
}

long do_grant_table_op(u64 cmd, u64 uop, u64 count)
{
	struct vcpu *v = current_vcpu;
	u32 left = (u32)count, i;
	const struct sub_op *o;
	u64 op[8];
	long rc;

	if ((s32)left < 0)
		return -EINVAL;
	if (cmd == GNTTABOP_unmap_grant_ref)
		return grant_unmap_batch(v, uop, left);
	if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].call)
		return -ENOSYS;
	o = &ops[cmd];
	if ((SINGLE_OPS & BIT(cmd)) && left != 1)
		return -EINVAL;
	for (i = 0; i < left; i++, uop += o->size) {
		if (i == OPS_PER_CALL)
			return grant_restart(v, uop, left - i);
		if (copy_from_guest(op, uop, o->size))
			return -EFAULT;
		rc = o->call(v, op);
		if (rc == -ERESTART)
			return grant_restart(v, uop, left - i);
		if (copy_to_guest(uop, op, o->size))
			return -EFAULT;
		if (rc)
			return rc;
	}
	return 0;
}

int grant_domain_init(struct domain *d)
{
	struct grant_domain *g = domain_zalloc(d, sizeof(*g));

	if (d->is_hardware)	/* it maps what all others lend */
		d->max_maptrack_frames = MAX_MAP_PAGES;
	if (d->max_grant_frames > MAX_FRAMES || d->max_maptrack_frames > MAX_MAP_PAGES)
		return -EINVAL;
	if (!g)
		return -ENOMEM;
	spin_lock_init(&g->lock);
	spin_lock_init(&g->maps_lock);
	g->free_map = NO_HANDLE;
	g->shared = domain_zalloc(d, d->max_grant_frames * sizeof(void *));
	g->active = domain_zalloc(d, d->max_grant_frames * 2 * sizeof(void *));
	g->maps = domain_zalloc(d, d->max_maptrack_frames * sizeof(void *));
	d->grant = g;
	if (!g->shared || !g->active || !g->maps)
		return -ENOMEM;
	if (!d->is_hardware)
		return 0;
	/* So that free memory is the same before its first guest and after. */
	spin_lock(&d->grant->maps_lock);
	maps_grow(d);
	spin_unlock(&d->grant->maps_lock);
	return 0;
}

void grant_domain_info(struct domain *d, struct ringlet_domain_info *i)
{
	i->grant_frames = READ_ONCE(d->grant->nr_frames);
	i->maptrack_frames = READ_ONCE(d->grant->nr_map_pages);
	i->maps = READ_ONCE(d->grant->nr_maps);
}

void grant_table_die(struct domain *d)
{
	struct grant_domain *g = d->grant;
	u32 i;

	spin_lock(&g->lock);
	for (i = 0; i < g->nr_frames && !g->dead; i++) {
		page_put(mfn_to_page(virt_to_mfn(g->shared[i])));
		g->shared[i] = NULL;
	}
	g->dead = true;
	spin_unlock(&g->lock);
}
