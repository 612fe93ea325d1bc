// SPDX-License-Identifier: GPL-2.0
/*
 * Frames of one domain in the L1 tables of another: for the privileged (frames
 * by number) and for grants.
 *
 * Two steps, so that no two page_locks are held together. Under the owner's
 * lock the frame is held: a reference and, for writing, the writable type. Under
 * the mapper's lock the entry takes references of its own, which needs no lock
 * as the hold is there (leaf_get_foreign()). Then the hold may go.
 *
 * Invariant: before another domain can map a frame it is flagged PAGE_FOREIGN,
 * until it is freed; see env-host.c.
 *
 * Locks: d->page_lock of one domain at a time.
 */
#include "mm/internal.h"
#include "state/guest-access.h"

int mm_foreign_hold(struct domain *d, mfn_t mfn, bool write)
{
	struct mm_core *c = mm_lock(d);
	struct page *pg = d->is_dying ? NULL : frame_get(mfn, d->id);
	int rc = d->is_dying ? -ESRCH : -EPERM;

	if (pg) {
		__atomic_fetch_or(&pg->flags, PAGE_FOREIGN, __ATOMIC_SEQ_CST);
		rc = 0;
		if (write) {
			rc = page_get_type(d, mfn, PT_WRITABLE);
			/* To undo its tables is its owner's work, not the caller's. */
			if (rc == -ERESTART)
				rc = -EBUSY;
			ref_put(c, pg);
		}
	}
	mm_unlock(d);
	return rc;
}

void mm_foreign_drop(mfn_t mfn, bool write)
{
	if (write)
		page_writable_put(mfn_to_page(mfn));
	page_put(mfn_to_page(mfn));
}

/* Entry *@slot of the L1 *@l1: the caller's own, and a table now. */
static int find_entry(struct vcpu *v, const struct mm_foreign_pte *p, mfn_t *l1,
		      unsigned int *slot) __requires(v->domain->page_lock)
{
	const struct page *pg;

	*l1 = paddr_to_mfn(p->addr);
	*slot = (p->addr & ~PAGE_MASK) / 8;
	if (p->is_pte && (p->addr & 7))
		return -EINVAL;
	if (!p->is_pte) {
		if (guest_walk_l1(v, p->addr, l1))
			return -EINVAL;
		*slot = pt_index(p->addr, L1_SHIFT);
	}
	if (!mfn_valid(*l1))
		return -EINVAL;
	pg = mfn_to_page(*l1);
	/* With its owner's lock, ours, a table does not cease to be one. */
	return READ_ONCE(pg->owner) == v->domain->id && frame_is_table(pg) &&
	       type_info_type(type_info_read(pg)) == PT_L1 ? 0 : -EINVAL;
}

/* Change the entry from what it is, if that is like @from under @mask, to @to. */
static int change_entry(struct vcpu *v, const struct mm_foreign_pte *p, u64 mask, u64 to)
{
	struct mm_core *c = mm_lock(v->domain);
	struct pt_op op = {
		.kind = PT_OP_CMPXCHG, .mask = ~0ULL, .value = to,
		.foreign = p->owner + 1U,
	};
	unsigned int slot;
	mfn_t l1;
	int rc;

	/* Again when the CPU set A or D meanwhile. */
	do {
		rc = find_entry(v, p, &l1, &slot);
		if (rc)
			break;
		op.expect = READ_ONCE(((u64 *)mfn_to_virt(l1))[slot]);
		rc = (op.expect ^ p->entry) & mask ? -EINVAL : table_update(c, l1, slot, &op);
	} while ((rc == -ERESTART && types_retry(c)) || (!rc && !op.done));
	types_undo(c);
	mm_unlock(v->domain);
	return rc;
}

int mm_foreign_map(struct vcpu *v, const struct mm_foreign_pte *p)
{
	return change_entry(v, p, 0, p->entry);
}

int mm_foreign_unmap(struct vcpu *v, const struct mm_foreign_pte *p)
{
	return change_entry(v, p, PTE_P | PTE_RW | PTE_ADDR, 0);
}
