// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU's GDT and LDT: typed frames of the guest, mapped read-only into the
 * vCPU's gate (invariant 9). Checks of descriptors: desc-check.c.
 *
 * GDT frames are held from set_gdt to the next one. LDT frames are typed when
 * the CPU first reads them (a page fault in the LDT window) and let go at
 * set_ldt and at each change of base, because the guest names the LDT by
 * linear address. Invariant: bit n of v->ldt_mapped is set if and only if page
 * n of the window is present and ldt_frames[n] holds a type reference.
 *
 * Locks: d->page_lock.
 * ABI: set_gdt, update_descriptor, mmuext SET_LDT.
 */
#include "mm/env.h"
#include "mm/internal.h"
#include "state/guest-access.h"
#include "state/vcpu-space.h"

#define DESC_PER_PAGE	512
#define MAX_GDT_ENTRIES	(GUEST_GDT_PAGES * DESC_PER_PAGE)

void ldt_unmap(struct vcpu *v)
{
	struct mm_vcpu *m = v->domain->mm->vcpu[v->id];
	u32 page;

	for (page = 0; v->ldt_mapped && page < GATE_LDT_PAGES; page++) {
		if (!(v->ldt_mapped & BIT(page)))
			continue;
		vcpu_gate_map_ldt(v, page, INVALID_MFN);
		v->ldt_mapped &= ~BIT(page);
		type_put(&v->domain->mm->core, m->ldt_frames[page]);
		m->ldt_frames[page] = INVALID_MFN;
	}
}

bool mm_fault_on_ldt(struct vcpu *v, u64 va)
{
	u64 page = (va - GATE_LDT) >> PAGE_SHIFT;
	struct guest_walk w;
	int rc;

	if (va < GATE_LDT || va >= GATE_LDT_END || page * DESC_PER_PAGE >= v->ldt_entries)
		return false;
	if (guest_walk(v, v->ldt_base + page * PAGE_SIZE, &w))
		return false;

	mm_lock(v->domain);
	if (v->ldt_mapped & BIT(page)) {
		mm_unlock(v->domain);
		return false;
	}
	rc = page_get_type(v->domain, w.mfn, PT_DESC);
	if (!rc) {
		v->domain->mm->vcpu[v->id]->ldt_frames[page] = w.mfn;
		v->ldt_mapped |= BIT(page);
		vcpu_gate_map_ldt(v, page, w.mfn);
	}
	mm_unlock(v->domain);
	return !rc || rc == -ERESTART;
}

static int hold_gdt_frames(struct domain *d, const unsigned long *frames, u32 n)
	__requires(d->page_lock)
{
	u32 i;
	int rc;

	for (i = 0; i < n; i++) {
		rc = page_get_type(d, MFN(frames[i]), PT_DESC);
		if (!rc)
			continue;
		while (i--)
			page_put_type(d, MFN(frames[i]));
		return rc == -EPERM ? -EINVAL : rc;
	}
	return 0;
}

/* Frames that are held, in place of those that were. */
static void gdt_replace(struct vcpu *v, const unsigned long *frames, u32 entries)
	__requires(v->domain->page_lock)
{
	u32 i, n = DIV_ROUND_UP(entries, DESC_PER_PAGE);

	for (i = 0; i < GUEST_GDT_PAGES; i++) {
		mfn_t old = v->gdt_frames[i];
		mfn_t new = i < n ? MFN(frames[i]) : INVALID_MFN;

		vcpu_gate_map_gdt(v, i, new);
		v->gdt_frames[i] = new;
		if (mfn_given(old))
			page_put_type(v->domain, old);
	}
	v->gdt_entries = entries;
}

void gdt_unmap(struct vcpu *v)
{
	gdt_replace(v, NULL, 0);
}

int gdt_load(struct vcpu *v, const unsigned long *frames, u32 entries)
{
	int rc = v->domain->is_dying ? -ESRCH :
		 hold_gdt_frames(v->domain, frames, DIV_ROUND_UP(entries, DESC_PER_PAGE));

	if (!rc)
		gdt_replace(v, frames, entries);
	return rc;
}

long do_set_gdt(u64 frames, u64 entries)
{
	unsigned long mfns[GUEST_GDT_PAGES];
	struct vcpu *v = current_vcpu;
	u32 n = (u32)entries;
	long rc;

	if (n > MAX_GDT_ENTRIES)
		return -EINVAL;
	if (copy_from_guest(mfns, frames, DIV_ROUND_UP(n, DESC_PER_PAGE) * sizeof(mfns[0])))
		return -EFAULT;
	mm_lock(v->domain);
	rc = gdt_load(v, mfns, n);
	mm_unlock(v->domain);
	return rc;
}

static int write_descriptor(struct mm_core *c, mfn_t mfn, unsigned int slot, u64 desc)
{
	struct page *pg = mfn_to_page(mfn);
	u64 x = type_info_read(pg);

	if (!(x & TI_VALIDATED) || type_info_type(x) != PT_DESC)
		return frame_write_u64(c, mfn, slot, desc);
	/* One store: the CPU may load the descriptor right now. */
	WRITE_ONCE(((u64 *)mfn_to_virt(mfn))[slot], desc);
	return 0;
}

long do_update_descriptor(u64 maddr, u64 desc)
{
	struct domain *d = current_vcpu->domain;
	mfn_t mfn = paddr_to_mfn(maddr);
	struct mm_core *c;
	struct page *pg;
	long rc = -EINVAL;

	if ((maddr & 7) || !desc_check(&desc))
		return -EINVAL;
	c = mm_lock(d);
	pg = frame_get(mfn, d->id);
	if (pg) {
		rc = types_settle(c, write_descriptor(c, mfn, (maddr & ~PAGE_MASK) / 8, desc));
		ref_put(c, pg);
	}
	mm_unlock(d);
	return rc;
}
