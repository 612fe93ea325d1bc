// SPDX-License-Identifier: GPL-2.0
/*
 * Copies to and from guest memory by a software walk of the vCPU's own tables
 * (security.rst 13). Host space maps no guest address.
 *
 * The walk takes no lock, so tables may change under it. What makes that safe:
 *  - a table is read only if it is the domain's frame and a validated table of
 *    the level before and after the read, so an entry is one that some
 *    validated table held;
 *  - whatever it finds, the frame is used only with a reference as the
 *    domain's own, and for stores with a writable type that exists already.
 * A guest that changes its tables during a call thus gets either the old or
 * the new frame, both its own. Frames that are not RAM have no owner and are
 * refused. Stores do not set A and D in the guest's entries.
 *
 * Locks: none are taken, any may be held.
 */
#include "state/guest-access.h"
#include "base/string.h"
#include "machine/cpu.h"
#include "machine/pte.h"
#include "state/domain.h"
#include "state/type-info.h"

/* Inline: eight times a walk, and a call is dear after a load of CR3. */
static inline __attribute__((always_inline)) bool
is_table(mfn_t mfn, u16 owner, enum page_type t)
{
	struct page *pg;
	u64 x;

	if (!mfn_valid(mfn))
		return false;
	pg = mfn_to_page(mfn);
	x = type_info_read(pg);
	return READ_ONCE(pg->owner) == owner && READ_ONCE(pg->refs) &&
	       (x & TI_VALIDATED) && type_info_type(x) == t;
}

static inline __attribute__((always_inline)) int
read_entry(mfn_t table, u16 owner, enum page_type t, unsigned int slot, u64 *e)
{
	if (!is_table(table, owner, t))
		return -EFAULT;
	*e = READ_ONCE(((u64 *)mfn_to_virt(table))[slot]);
	smp_rmb();
	return is_table(table, owner, t) ? 0 : -EFAULT;
}

bool va_is_guest(u64 va)
{
	return is_canonical(va) && pt_index(va, L4_SHIFT) - GUEST_HOLE_SLOT >= GUEST_HOLE_SLOTS;
}

bool guest_range_ok(u64 va, u64 n)
{
	u64 last = va + n - 1;

	if (last < va || !va_is_guest(va) || !va_is_guest(last))
		return false;
	/* Neither the non-canonical hole nor ours lies in between. */
	return (va < LOWER_HALF_END) == (last < LOWER_HALF_END);
}

/* @levels from the L4 on; rights are those of all of them together. */
static inline __attribute__((always_inline)) int
walk(struct vcpu *v, u64 va, struct guest_walk *w, unsigned int levels)
{
	u16 owner = v->domain->id;
	unsigned int i;

	if (!va_is_guest(va))
		return -EFAULT;
	w->writable = w->user = true;
	w->mfn = v->guest_l4;
	for (i = 0; i < levels; i++) {
		w->l1_mfn = w->mfn;
		if (read_entry(w->mfn, owner, PT_L4 - i, pt_index(va, L4_SHIFT - 9 * i), &w->l1e) ||
		    !(w->l1e & PTE_P))
			return -EFAULT;
		w->writable &= !!(w->l1e & PTE_RW);
		w->user &= !!(w->l1e & PTE_US);
		w->mfn = pte_mfn(w->l1e);
	}
	return 0;
}

int guest_walk_l1(struct vcpu *v, u64 va, mfn_t *l1)
{
	struct guest_walk w = { 0 };
	int rc = walk(v, va, &w, 3);

	*l1 = w.mfn;
	return rc;
}

int guest_walk(struct vcpu *v, u64 va, struct guest_walk *w)
{
	return walk(v, va, w, 4);
}

/* Hold the frame behind @va for a copy; NULL if the guest may not do it. */
static struct page *hold(struct vcpu *v, u64 va, bool write)
{
	struct guest_walk w;
	struct page *pg;

	if (guest_walk(v, va, &w) || (write && !w.writable))
		return NULL;
	pg = frame_get(w.mfn, v->domain->id);
	if (pg && write && !page_writable_get(pg)) {
		page_put(pg);
		return NULL;
	}
	return pg;
}

/* Page by page; returns what is left. Inline: two copies, each knows @write. */
static inline __attribute__((always_inline)) size_t
copy(struct vcpu *v, u64 va, char *buf, size_t n, bool write)
{
	while (n) {
		size_t offset = va & ~PAGE_MASK, len = min(n, PAGE_SIZE - offset);
		struct page *pg = hold(v, va, write);
		char *p;

		if (!pg)
			break;
		p = (char *)mfn_to_virt(page_to_mfn(pg)) + offset;
		memcpy(write ? p : buf, write ? buf : p, len);
		if (write)
			page_writable_put(pg);
		page_put(pg);
		buf += len;
		va += len;
		n -= len;
	}
	return n;
}

size_t copy_from_vcpu(struct vcpu *v, void *dst, u64 src, size_t n)
{
	return copy(v, src, dst, n, false);
}

size_t copy_to_vcpu(struct vcpu *v, u64 dst, const void *src, size_t n)
{
	return copy(v, dst, (char *)src, n, true);
}

size_t copy_from_guest(void *dst, u64 src, size_t n)
{
	return copy_from_vcpu(current_vcpu, dst, src, n);
}

size_t copy_to_guest(u64 dst, const void *src, size_t n)
{
	return copy_to_vcpu(current_vcpu, dst, src, n);
}

long sub_op_call(struct vcpu *v, const struct sub_op *table, size_t n, u64 cmd, u64 arg)
{
	u64 op[SUB_OP_MAX / sizeof(u64)];
	const struct sub_op *o;
	long rc;

	if (cmd >= n || !table[cmd].call)
		return -ENOSYS;
	o = &table[cmd];
	if (o->privilege == PRIV_control && !v->domain->is_privileged)
		return -EPERM;
	if (copy_from_guest(op, arg, o->size) || (o->answers && copy_to_guest(arg, op, o->size)))
		return -EFAULT;
	rc = o->call(v, op);
	if (!rc && o->answers && copy_to_guest(arg, op, o->size))
		return -EFAULT;
	return rc;
}
