// SPDX-License-Identifier: GPL-2.0
/*
 * mmu_update and update_va_mapping: validated writes of page-table entries.
 *
 * Requests are read from the guest once, a chunk at a time, then each is
 * checked and committed. When the budget of the call is spent it stops between
 * two requests with -ERESTART (batch_count()).
 *
 * Locks: d->page_lock.
 * ABI: xen/xen.h, mmu_update: the low bits of ptr are the command, the rest the
 * machine address; foreigndom: low half the frames' owner, high half the
 * tables' owner plus one, both the caller here. *pdone: requests done.
 */
#include "mm/mm.h"
#include "machine/pte.h"
#include "mm/internal.h"
#include "state/guest-access.h"

#define CHUNK 32

/* Whose tables and whose frames: only the caller's own, and I/O. */
static int check_domids(const struct domain *d, u64 foreigndom)
{
	u32 pt = (u32)foreigndom >> 16, frames = (u16)foreigndom;

	if (pt && !domid_is_self(d, pt - 1))
		return -EPERM;
	if (domid_is_self(d, frames))
		return 0;
	if (frames == DOMID_IO && d->is_hardware)
		return 0;
	return -EPERM;
}

static int machphys_update(struct domain *d, mfn_t mfn, u64 pfn)
	__requires(d->page_lock)
{
	d->mm->core.budget -= 8;
	if (!mfn_valid(mfn) || !page_get(mfn_to_page(mfn), d))
		return -EINVAL;
	m2p_set(mfn, pfn);
	ref_put(&d->mm->core, mfn_to_page(mfn));
	return 0;
}

static int one_update(struct domain *d, const struct mmu_update *req)
	__requires(d->page_lock)
{
	mfn_t mfn = paddr_to_mfn(req->ptr);
	struct pt_op op = {
		.kind = PT_OP_STORE, .mask = ~0ULL, .value = req->val,
	};

	switch (req->ptr & 7) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE:
		break;
	case MMU_PT_UPDATE_PRESERVE_AD:
		op.preserve_ad = true;
		break;
	case MMU_MACHPHYS_UPDATE:
		return machphys_update(d, mfn, req->val);
	default:
		return -ENOSYS;
	}
	return table_update(&d->mm->core, mfn, (req->ptr & ~PAGE_MASK) / 8, &op);
}

/* Requests @req[0..n): *@done counts those that took effect. */
static int update_chunk(struct domain *d, const struct mmu_update *req,
			unsigned int n, u32 *done) __requires(d->page_lock)
{
	struct mm_core *c = &d->mm->core;
	unsigned int i = 0;
	int rc = 0;

	while (i < n) {
		if (c->budget <= 0)
			return -ERESTART;
		rc = one_update(d, &req[i]);
		if (rc == -ERESTART) {
			if (!types_retry(c))
				return rc;
			continue;
		}
		if (rc)
			return rc;
		i++;
		(*done)++;
	}
	return types_undo(c) ? 0 : -ERESTART;
}

static long report_done(u64 pdone, u32 done, long rc)
{
	if (pdone && copy_to_guest(pdone, &done, sizeof(done)))
		return -EFAULT;
	return rc;
}

long do_mmu_update(u64 ureqs, u64 count, u64 pdone, u64 foreigndom)
{
	struct vcpu *v = current_vcpu;
	struct domain *d = v->domain;
	struct mmu_update req[CHUNK];
	u32 total, done;
	long rc;

	rc = batch_start(count, &total, &done) ?: check_domids(d, foreigndom);
	if (rc)
		return report_done(pdone, 0, rc);

	mm_lock(d);
	while (done < total && !rc) {
		unsigned int n = min((u32)CHUNK, total - done);

		if (copy_from_guest(req, ureqs + (u64)done * sizeof(*req),
				    n * sizeof(*req)))
			n = 1;	/* as far as the requests are readable */
		if (n == 1 && copy_from_guest(req, ureqs + (u64)done * sizeof(*req),
					      sizeof(*req)))
			rc = -EFAULT;
		else
			rc = update_chunk(d, req, n, &done);
	}
	if (!rc && !types_undo(&d->mm->core))
		rc = -ERESTART;
	mm_unlock(d);

	if (rc == -ERESTART) {
		v->call_args[1] = batch_count(total, done);
		return rc;
	}
	return report_done(pdone, done, rc);
}

int flush_vcpu_mask(struct domain *d, u64 mask)
{
	unsigned long bits[BITS_TO_LONGS(MAX_VCPUS)] = { 0 };

	if (copy_from_guest(bits, mask, DIV_ROUND_UP(d->max_vcpus, 8)))
		return -EFAULT;
	mm_flush_vcpus(d, bits);
	return 0;
}

/* The local TLB is flushed by the return to the guest. */
static int flush_as_asked(struct domain *d, u64 flags)
{
	u64 where = flags & ~(u64)UVMF_FLUSHTYPE_MASK;

	switch (flags & UVMF_FLUSHTYPE_MASK) {
	case UVMF_NONE:
		return 0;
	case UVMF_TLB_FLUSH:
	case UVMF_INVLPG:
		break;
	default:
		return -EINVAL;
	}
	if (where == UVMF_LOCAL)
		return 0;
	if (where != UVMF_ALL)
		return flush_vcpu_mask(d, where);
	mm_flush_domain(d);
	return 0;
}

long do_update_va_mapping(u64 va, u64 val, u64 flags)
{
	struct vcpu *v = current_vcpu;
	struct domain *d = v->domain;
	struct mm_core *c = mm_lock(d);
	struct pt_op op = { .kind = PT_OP_STORE, .mask = ~0ULL, .value = val };
	mfn_t l1;
	long rc;

	do {
		rc = guest_walk_l1(v, va, &l1) ? -EINVAL :
		     table_update(c, l1, pt_index(va, L1_SHIFT), &op);
	} while (rc == -ERESTART && types_retry(c));
	types_undo(c);
	mm_unlock(d);
	return rc ? rc : flush_as_asked(d, flags);
}

/* Frames of other domains are mapped by grants, not by their owner's number. */
long do_update_va_mapping_otherdomain(u64 va, u64 val, u64 flags, u64 domid)
{
	if (!domid_is_self(current_vcpu->domain, domid))
		return -EPERM;
	return do_update_va_mapping(va, val, flags);
}
