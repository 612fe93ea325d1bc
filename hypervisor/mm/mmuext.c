// SPDX-License-Identifier: GPL-2.0
/*
 * mmuext_op: pins, bases, flushes, LDT, whole-page operations.
 *
 * Each operation is read once, checked, and done under the lock. A pin or the
 * undoing of a tree may take long: then the call stops with -ERESTART, with
 * what was done kept in the tables (mm/types.c) and in the count (batch_end()).
 *
 * A privileged domain may pin and unpin tables of another one, whose lock and
 * whose core it then is. All else is the caller's own.
 *
 * Flushes of the own TLB need nothing: the return to the guest loads CR3.
 *
 * Locks: d->page_lock, not held while waiting for flushes.
 * ABI: xen/xen.h, mmuext_op.
 */
#include "base/string.h"
#include "machine/smp.h"
#include "mm/internal.h"
#include "state/guest-access.h"

/* Zero @dst or copy @src into it; both the domain's own. */
static int fill_page(struct vcpu *v, mfn_t dst, mfn_t src, bool copy)
	__requires(v->domain->page_lock)
{
	struct mm_core *c = &v->domain->mm->core;
	int rc;

	if (copy && !frame_get(src, v->domain->id))
		return -EINVAL;
	rc = type_get(c, dst, PT_WRITABLE);
	if (!rc) {
		if (copy)
			memcpy(mfn_to_virt(dst), mfn_to_virt(src), PAGE_SIZE);
		else
			memset(mfn_to_virt(dst), 0, PAGE_SIZE);
		c->budget -= 512;
		type_put(c, dst);
	}
	if (copy)
		ref_put(c, mfn_to_page(src));
	return rc;
}

static int set_ldt(struct vcpu *v, u64 base, u64 entries) __requires(v->domain->page_lock)
{
	if (entries > 8192 || (base & ~PAGE_MASK))
		return -EINVAL;
	if (entries && !guest_range_ok(base, entries * 8))
		return -EINVAL;
	ldt_unmap(v);
	v->ldt_base = entries ? base : 0;
	v->ldt_entries = entries;
	/* The switch's part of it, LDTR, is brought up to date by schedule(). */
	softirq_raise(this_cpu->id, SOFTIRQ_SCHEDULE);
	return 0;
}

/* Pins, of tables of any domain: the first five commands. */
static int pin_op(struct domain *d, const struct mmuext_op *op)
{
	struct mm_core *c = mm_lock(d);
	mfn_t mfn = MFN(op->arg1.mfn);
	int rc;

	if (d->is_dying)
		rc = -ESRCH;
	else if (op->cmd == MMUEXT_UNPIN_TABLE)
		rc = type_unpin(c, mfn);
	else
		rc = types_settle(c, type_pin(c, mfn, PT_L1 + op->cmd));
	mm_unlock(d);
	return rc;
}

/* Operations on types and tables: under the lock, may be preempted. */
static int table_op(struct vcpu *v, const struct mmuext_op *op) __requires(v->domain->page_lock)
{
	mfn_t mfn = MFN(op->arg1.mfn);

	switch (op->cmd) {
	case MMUEXT_NEW_BASEPTR:
		return base_load(v, mfn);
	case MMUEXT_NEW_USER_BASEPTR:
		return user_base_load(v, mfn);
	case MMUEXT_CLEAR_PAGE:
		return fill_page(v, mfn, mfn, false);
	case MMUEXT_COPY_PAGE:
		return fill_page(v, mfn, MFN(op->arg2.src_mfn), true);
	case MMUEXT_SET_LDT:
		return set_ldt(v, op->arg1.linear_addr, op->arg2.nr_ents);
	}
	return -ENOSYS;
}

/* @fd: whose tables if they are not the caller's own. */
static int one_op(struct vcpu *v, struct domain *fd, const struct mmuext_op *op)
{
	struct mm_core *c;
	int rc;

	if (op->cmd <= MMUEXT_UNPIN_TABLE)
		return pin_op(fd ? fd : v->domain, op);
	if (fd)
		return -EPERM;
	switch (op->cmd) {
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_INVLPG_LOCAL:
		return 0;
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
		return flush_vcpu_mask(v->domain, (u64)op->arg2.vcpumask.p);
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_ALL:
		mm_flush_domain(v->domain);
		return 0;
	}
	c = mm_lock(v->domain);
	rc = types_settle(c, table_op(v, op));
	mm_unlock(v->domain);
	return rc;
}

/* What an operation left on the list; false: more than fits in this call. */
static bool finish_undo(struct domain *d)
{
	bool done;

	if (!READ_ONCE(d->mm->core.undo))
		return true;
	done = types_undo(mm_lock(d));
	mm_unlock(d);
	return done;
}

long do_mmuext_op(u64 uops, u64 count, u64 pdone, u64 foreigndom)
{
	struct vcpu *v = current_vcpu;
	struct domain *fd = NULL, *d;
	u32 total, done, i;
	long rc;

	rc = batch_start(count, &total, &done);
	if (!rc)
		rc = other_domain(v, (u16)foreigndom, &fd);
	d = fd ? fd : v->domain;
	for (i = 0; done < total && !rc; i++) {
		struct mmuext_op op;

		/* Each has a budget of its own: after one that was dear it is enough. */
		if (i && (!(i % 16) || READ_ONCE(d->mm->core.budget) < MM_BUDGET - MM_BUDGET / 8)) {
			rc = -ERESTART;
			break;
		}
		if (copy_from_guest(&op, uops + (u64)done * sizeof(op), sizeof(op)))
			rc = -EFAULT;
		else
			rc = one_op(v, fd, &op);
		if (!rc) {
			done++;
			if (!finish_undo(d))
				rc = -ERESTART;
		}
	}
	if (!rc && !finish_undo(d))
		rc = -ERESTART;
	other_domain_put(fd);

	return batch_end(v, total, done, pdone, rc);
}
