// SPDX-License-Identifier: GPL-2.0
/*
 * Copies between frames: granted ones, by reference, and the caller's own, by number.
 *
 * Each side is held, the source to read, the destination to write, the bytes
 * are copied, both are let go. A grant is in use for as long.
 *
 * Locks: the grant lock of one side at a time, not while bytes are copied.
 * ABI: xen/grant_table.h, gnttab_copy.
 */
#include "base/string.h"
#include "grant/internal.h"
#include "mm/mm.h"

/**
 * struct side - source or destination of a copy
 * @d: whose grant it is, with a reference; NULL: a frame of the caller's
 */
struct side {
	struct domain *d;
	mfn_t mfn;
	u32 ref;
	bool write;
};


static int side_get(struct vcpu *v, const struct gnttab_copy_ptr *p, bool gref, struct side *s)
{
	int rc;

	s->d = NULL;
	if (!gref && p->domid != DOMID_SELF)
		return GNTST_permission_denied;
	if (!gref) {
		s->mfn = MFN(p->u.gmfn);
		rc = s->write ? page_hold_writable(v->domain, s->mfn) :
		     frame_get(s->mfn, v->domain->id) ? 0 : -EPERM;
		return rc == -ERESTART ? GRANT_RESTART : rc ? GNTST_general_error : GNTST_okay;
	}
	s->d = domain_get(p->domid == DOMID_SELF ? v->domain->id : p->domid);
	if (!s->d)
		return GNTST_bad_domain;
	s->ref = p->u.ref;
	spin_lock(&s->d->grant->lock);
	rc = grant_claim(s->d, s->ref, v->domain->id, s->write);
	if (!rc)
		s->mfn = MFN(entry_active(s->d, s->ref)->mfn);
	spin_unlock(&s->d->grant->lock);
	if (rc)
		domain_put(s->d);
	return rc;
}

static void side_put(const struct side *s)
{
	if (!s->d) {
		mm_foreign_drop(s->mfn, s->write);
		return;
	}
	spin_lock(&s->d->grant->lock);
	grant_release(s->d, s->ref, s->write);
	spin_unlock(&s->d->grant->lock);
	domain_put(s->d);
}

static int copy_one(struct vcpu *v, const struct gnttab_copy *op)
{
	struct side src = { .write = false }, dst = { .write = true };
	int rc;

	if ((u32)op->source.offset + op->len > PAGE_SIZE ||
	    (u32)op->dest.offset + op->len > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	rc = side_get(v, &op->source, op->flags & GNTCOPY_source_gref, &src);
	if (rc)
		return rc;
	rc = side_get(v, &op->dest, op->flags & GNTCOPY_dest_gref, &dst);
	if (!rc) {
		memmove((u8 *)mfn_to_virt(dst.mfn) + op->dest.offset,
			(u8 *)mfn_to_virt(src.mfn) + op->source.offset, op->len);
		side_put(&dst);
	}
	side_put(&src);
	return rc;
}

long op_copy(struct vcpu *v, void *arg)
{
	struct gnttab_copy *op = arg;
	int rc = copy_one(v, op);

	if (rc == GRANT_RESTART)
		return -ERESTART;
	op->status = rc;
	return 0;
}
