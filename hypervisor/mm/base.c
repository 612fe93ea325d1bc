// SPDX-License-Identifier: GPL-2.0
/*
 * Which tables a vCPU runs on.
 *
 * The hardware never loads a guest's L4. Each vCPU has an L4 of its own, v->l4:
 * the entries of the guest's, the M2P, and this vCPU's gate (security.rst
 * 1). Invariant: while v->guest_l4 is set, the present entries of v->l4 are
 * those of that table outside the reserved slots, but for A and D, and but for
 * two while a table is open (deferred.c). Kept by base_load() here and by
 * env_sync_l4(), which runs before the old L3 loses its reference; a flush
 * comes before that L3, or anything below it, becomes something else
 * (mm/types.c).
 *
 * The user base (NEW_USER_BASEPTR) is referenced and never loaded: ring 3 runs
 * on the kernel's tables (architecture.rst).
 *
 * Locks: d->page_lock.
 */
#include "mm/env.h"
#include "mm/internal.h"

static struct mm_vcpu *mm_of(struct vcpu *v)
{
	return v->domain->mm->vcpu[v->id];
}

static void slot_write(struct vcpu *v, unsigned int slot, u64 entry)
{
	l4_bitmap_set(mm_of(v)->l4_present, slot, entry & PTE_P);
	WRITE_ONCE(v->l4[slot], (entry & PTE_P) ? entry : 0);
}

void env_sync_l4(struct mm_core *c, mfn_t l4, unsigned int slot, u64 entry)
{
	struct domain *d = container_of(c, struct mm_domain, core)->domain;
	u32 i;

	if (!l4_slot_is_guest(slot))
		return;
	for (i = 0; i < d->max_vcpus; i++) {
		struct vcpu *v = d->vcpu[i];

		if (v && v->l4 && mfn_eq(v->guest_l4, l4))
			slot_write(v, slot, entry);
	}
}

/* Only the slots that the old base or the new one uses; @guest NULL: none. */
static void copy_l4(struct vcpu *v, const u64 *guest)
{
	struct mm_vcpu *m = mm_of(v);
	unsigned int w, slot;

	for (w = 0; w < L4_BITMAP_WORDS; w++) {
		u64 new = guest ? guest[L4_BITMAP_SLOT + w] : 0;
		u64 todo = new | m->l4_present[w];

		m->l4_present[w] = new;
		for (; todo; todo &= todo - 1) {
			slot = w * 64 + __builtin_ctzll(todo);
			WRITE_ONCE(v->l4[slot], (new & todo & -todo) ? guest[slot] : 0);
		}
	}
	v->l4[M2P_SLOT] = m2p_l4_entry();
}

int base_load(struct vcpu *v, mfn_t mfn)
{
	struct mm_core *c = &v->domain->mm->core;
	mfn_t old = v->guest_l4;
	int rc = type_get(c, mfn, PT_L4);

	if (rc)
		return rc;
	v->guest_l4 = mfn;
	copy_l4(v, mfn_to_virt(mfn));
	ldt_unmap(v);
	if (mfn_given(old))
		type_put(c, old);
	return 0;
}

int user_base_load(struct vcpu *v, mfn_t mfn)
{
	struct mm_core *c = &v->domain->mm->core;
	mfn_t old = v->user_l4;
	int rc;

	if (mfn.v) {
		rc = type_get(c, mfn, PT_L4);
		if (rc)
			return rc;
	}
	v->user_l4 = mfn.v ? mfn : INVALID_MFN;
	if (mfn_given(old))
		type_put(c, old);
	return 0;
}

int mm_load_base(struct vcpu *v, mfn_t mfn)
{
	struct mm_core *c = mm_lock(v->domain);
	int rc = v->domain->is_dying ? -ESRCH : types_settle(c, base_load(v, mfn));

	mm_unlock(v->domain);
	return rc;
}

void bases_unload(struct vcpu *v)
{
	struct mm_core *c = &v->domain->mm->core;
	mfn_t old = v->guest_l4, user = v->user_l4;

	ldt_unmap(v);
	v->guest_l4 = INVALID_MFN;
	v->user_l4 = INVALID_MFN;
	copy_l4(v, NULL);
	if (mfn_given(old))
		type_put(c, old);
	if (mfn_given(user))
		type_put(c, user);
}

int mm_vcpu_start(struct vcpu *v, const unsigned long *gdt, u32 gdt_entries,
		  mfn_t base, mfn_t user, bool pin)
{
	struct mm_core *c = mm_lock(v->domain);
	int rc = gdt_load(v, gdt, gdt_entries);

	rc = rc ?: types_settle(c, base_load(v, base));
	rc = rc ?: types_settle(c, user_base_load(v, user));
	if (!rc && pin)
		rc = type_pin(c, base, PT_L4);
	if (rc) {
		bases_unload(v);
		gdt_unmap(v);
	}
	mm_unlock(v->domain);
	return rc;
}
