// SPDX-License-Identifier: GPL-2.0
/*
 * mmu_update and update_va_mapping: validated writes of page-table entries.
 *
 * Requests are read from the guest once, a chunk at a time, then each is
 * checked and committed. When the budget of the call is spent it stops between
 * two requests with -ERESTART (batch_end()).
 *
 * A privileged domain may name another one as the frames' owner. Then each
 * request holds the frame it maps first (foreign.c).
 *
 * Locks: d->page_lock.
 * ABI: xen/xen.h, mmu_update: the low bits of ptr are the command, the rest the
 * machine address; foreigndom: low half the frames' owner, high half the
 * tables' owner plus one, which is the caller. *pdone: requests done.
 */
#include "mm/internal.h"
#include "state/guest-access.h"

#define CHUNK		32
#define FOREIGN_PER_CALL 256	/* then give way */

/* Whose frames: the caller's own and I/O (NULL), or another domain's. */
static int frames_owner(struct vcpu *v, u64 domid, struct domain **fd)
{
	*fd = NULL;
	if (domid == DOMID_IO)
		return v->domain->is_hardware ? 0 : -EPERM;
	return other_domain(v, domid, fd);
}

/* @owner: of the frame; @d's budget pays. */
static int machphys_update(struct domain *d, const struct domain *owner,
			   mfn_t mfn, u64 pfn) __requires(d->page_lock)
{
	d->mm->core.budget -= 8;
	if (!frame_get(mfn, owner->id))
		return -EINVAL;
	m2p_set(mfn, pfn);
	page_put(mfn_to_page(mfn));	/* flushes the owner's pCPUs, not ours */
	return 0;
}

/* @fd: the frames' owner if it is not @d. */
static int one_update(struct domain *d, const struct domain *fd,
		      const struct mmu_update *req) __requires(d->page_lock)
{
	mfn_t mfn = paddr_to_mfn(req->ptr);
	struct pt_op op = {
		.kind = PT_OP_STORE, .mask = ~0ULL, .value = req->val,
		.foreign = fd ? fd->id + 1U : 0,
	};

	switch (req->ptr & 7) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE:
		break;
	case MMU_PT_UPDATE_PRESERVE_AD:
		op.preserve_ad = true;
		break;
	case MMU_MACHPHYS_UPDATE:
		return machphys_update(d, fd ? fd : d, mfn, req->val);
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
		rc = one_update(d, NULL, &req[i]);
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

long batch_end(struct vcpu *v, u32 count, u32 done, u64 pdone, long rc)
{
	if (rc == -ERESTART)
		v->call_args[1] = (u64)done << BATCH_DONE_SHIFT | BATCH_RESUMED | count;
	else if (pdone && copy_to_guest(pdone, &done, sizeof(done)))
		return -EFAULT;
	return rc;
}

/* The next requests at @at, as far as they are readable: how many. */
static int read_requests(struct mmu_update *req, u64 at, u32 left)
{
	u32 n = min((u32)CHUNK, left);

	if (!copy_from_guest(req, at, n * sizeof(*req)))
		return n;
	return copy_from_guest(req, at, sizeof(*req)) ? -EFAULT : 1;
}

static int own_batch(struct domain *d, u64 ureqs, u32 total, u32 *done)
{
	/* Alone, and not in a multicall, which would close the table again. */
	bool single = total == 1 && !*done && current_vcpu->regs->rax == __HYPERVISOR_mmu_update;
	struct mmu_update req[CHUNK];
	int n, rc = 0;

	mm_lock(d);
	while (*done < total && !rc) {
		n = read_requests(req, ureqs + (u64)*done * sizeof(*req), total - *done);
		rc = n < 0 ? n : update_chunk(d, req, n, done);
	}
	if (!rc && !types_undo(&d->mm->core))
		rc = -ERESTART;
	if (!rc && single)
		table_updated(d, paddr_to_mfn(req->ptr), 0);
	mm_unlock(d);
	return rc;
}

/* What @entry maps of @fd is held while it is written; @fd NULL: nothing is. */
static int foreign_hold(struct domain *fd, u64 entry)
{
	return fd && (entry & PTE_P) ? mm_foreign_hold(fd, pte_mfn(entry), entry & PTE_RW) : 0;
}

static void foreign_drop(struct domain *fd, u64 entry)
{
	if (fd && (entry & PTE_P))
		mm_foreign_drop(pte_mfn(entry), entry & PTE_RW);
}

static int foreign_update(struct domain *d, struct domain *fd, const struct mmu_update *req)
{
	u64 entry = (req->ptr & 7) == MMU_MACHPHYS_UPDATE ? 0 : req->val;
	struct mm_core *c;
	int rc = foreign_hold(fd, entry);

	if (rc)
		return rc;
	c = mm_lock(d);
	rc = types_settle(c, one_update(d, fd, req));
	types_undo(c);
	mm_unlock(d);
	foreign_drop(fd, entry);
	return rc;
}

static int foreign_batch(struct domain *d, struct domain *fd, u64 ureqs, u32 total, u32 *done)
{
	struct mmu_update req[CHUNK];
	u32 start = *done;
	int i, n, rc = 0;

	while (*done < total && !rc) {
		if (*done - start >= FOREIGN_PER_CALL)
			return -ERESTART;
		n = read_requests(req, ureqs + (u64)*done * sizeof(*req), total - *done);
		if (n < 0)
			return n;
		for (i = 0; i < n && !rc; i++) {
			rc = foreign_update(d, fd, &req[i]);
			*done += !rc;
		}
	}
	return rc;
}

long do_mmu_update(u64 ureqs, u64 count, u64 pdone, u64 foreigndom)
{
	struct vcpu *v = current_vcpu;
	u32 total, done, pt = (u32)foreigndom >> 16;
	struct domain *fd = NULL;
	long rc;

	rc = batch_start(count, &total, &done);
	if (!rc && pt && !domid_is_self(v->domain, pt - 1))
		rc = -EPERM;
	if (!rc)
		rc = frames_owner(v, (u16)foreigndom, &fd);
	if (rc)
		return batch_end(v, total, 0, pdone, rc);

	if (fd)
		rc = foreign_batch(v->domain, fd, ureqs, total, &done);
	else
		rc = own_batch(v->domain, ureqs, total, &done);
	other_domain_put(fd);

	return batch_end(v, total, done, pdone, rc);
}

int flush_vcpu_mask(struct domain *d, u64 mask)
{
	u64 vcpus = 0;

	if (copy_from_guest(&vcpus, mask, DIV_ROUND_UP(d->max_vcpus, 8)))
		return -EFAULT;
	mm_flush_vcpus(d, vcpus);
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

/* @fd: the frame's owner if it is not @v's domain. */
static long va_update(struct vcpu *v, struct domain *fd, u64 va, u64 val, u64 flags)
{
	struct pt_op op = {
		.kind = PT_OP_STORE, .mask = ~0ULL, .value = val,
		.foreign = fd ? fd->id + 1U : 0,
	};
	struct mm_core *c;
	mfn_t l1;
	long rc = foreign_hold(fd, val);

	if (rc)
		return rc;
	c = mm_lock(v->domain);
	rc = types_settle(c, guest_walk_l1(v, va, &l1) ? -EINVAL :
			  table_update(c, l1, pt_index(va, L1_SHIFT), &op));
	types_undo(c);
	mm_unlock(v->domain);
	rc = rc ?: flush_as_asked(v->domain, flags);
	foreign_drop(fd, val);
	return rc;
}

long do_update_va_mapping(u64 va, u64 val, u64 flags)
{
	return va_update(current_vcpu, NULL, va, val, flags);
}

long do_update_va_mapping_otherdomain(u64 va, u64 val, u64 flags, u64 domid)
{
	struct vcpu *v = current_vcpu;
	struct domain *fd;
	long rc = frames_owner(v, domid, &fd);

	rc = rc ?: va_update(v, fd, va, val, flags);
	other_domain_put(fd);
	return rc;
}
