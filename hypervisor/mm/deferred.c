// SPDX-License-Identifier: GPL-2.0
/*
 * Open tables: an L1 that the guest writes freely, and that is validated later
 * (Documentation/memory.rst). The L4 slot above it is hidden in v->l4. Until it
 * is closed, the gate stores single updates through a window, and the address
 * by which the guest wrote it is writable, by way of copies of the three tables
 * above (its alias). Closing compares with a copy made at opening; an entry
 * that is refused becomes not present.
 *
 * Invariants:
 *  - Opened only if one path leads there: one entry refers to the L1, one to
 *    its L2, one to its L3 (and one in an L4 that is not loaded), and v alone
 *    runs on its L4; and no TLB remembers another path.
 *  - One in a domain; and nobody works under d->page_lock while it is open:
 *    mm_lock() closes it first. So types, tables and bases stay as they were,
 *    and so do the alias's copies.
 *  - Every entry into host space closes what that vCPU has open.
 *  - The writable mappings go, then the pCPU that may cache them is flushed,
 *    then the entries are read; the slot comes back last. What a translation
 *    gets to see is therefore validated, and no longer written.
 *
 * gate_ro.open_slot stays until the own vCPU enters: its fault on the hidden
 * slot is repeated, not reflected. Locks: d->page_lock.
 */
#include "base/string.h"
#include "console/printk.h"
#include "machine/cpu.h"
#include "mm/internal.h"
#include "state/vcpu-space.h"

#define HIDEABLE_SLOTS	256	/* the lower half: no kernel runs there */
#define WORTHWHILE	3	/* changes that pay for opening and closing */
#define MAX_PATIENCE	8
#define BEFORE		(OPEN_TABLE_PAGES - 1)

static u64 guest_l4_entry(const struct vcpu *v, unsigned int slot)
{
	return ((u64 *)mfn_to_virt(v->guest_l4))[slot];
}

/* How many entries refer to this table; 0 if it is none of that type. */
static u64 entries_to(mfn_t mfn, enum page_type t)
{
	u64 x = type_info_read(mfn_to_page(mfn));

	if (type_info_type(x) != t || !(x & TI_VALIDATED))
		return 0;
	return (x & TI_COUNT) - !!(x & TI_PINNED);
}

static mfn_t parents_of(mfn_t mfn)
{
	return MFN(mfn_to_page(mfn)->parents);
}

static bool is_loaded_elsewhere(const struct vcpu *v, mfn_t l4)
{
	const struct domain *d = v->domain;
	u32 i;

	for (i = 0; i < d->max_vcpus; i++) {
		if (d->vcpu[i] && d->vcpu[i] != v && mfn_eq(d->vcpu[i]->guest_l4, l4))
			return true;
	}
	return false;
}

/*
 * The slot of v's L4 that all translations through @l1 take; or -1. An L4 that
 * nobody has loaded may refer to the L3 too: Linux's user base does. The base
 * itself must not, twice.
 */
static int find_slot(const struct vcpu *v, mfn_t l1)
{
	mfn_t l2, l3, other;
	unsigned int i;

	if (entries_to(l1, PT_L1) != 1)
		return -1;
	l2 = parents_of(l1);
	if (entries_to(l2, PT_L2) != 1)
		return -1;
	l3 = parents_of(l2);
	other = MFN(parents_of(l3).v ^ v->guest_l4.v);
	if (entries_to(l3, PT_L3) != (other.v ? 2 : 1) || mfn_eq(other, v->guest_l4) ||
	    is_loaded_elsewhere(v, v->guest_l4) || (other.v && is_loaded_elsewhere(v, other)))
		return -1;
	/* If it is here, the base is a parent, and the other one is known. */
	for (i = 0; i < HIDEABLE_SLOTS; i++) {
		if ((v->l4[i] & PTE_P) && mfn_eq(pte_mfn(v->l4[i]), l3))
			return (int)i;
	}
	return -1;
}

/* Copies of the tables above @va, in which alone it is writable. */
static bool alias_make(const struct vcpu *v, u64 va, struct open_table *o)
{
	u64 *entry = &o->alias_entry, e;
	unsigned int i, shift = L4_SHIFT;

	o->alias_slot = pt_index(va, shift);
	if (o->alias_slot < HIDEABLE_SLOTS)
		return false;
	e = *entry = v->l4[o->alias_slot];
	for (i = 0; i < BEFORE; i++) {
		if (!(e & PTE_P) || !(e & PTE_RW))
			return false;
		memcpy(o->page[i], mfn_to_virt(pte_mfn(e)), PAGE_SIZE);
		*entry = pte_make(virt_to_mfn(o->page[i]), e & ~PTE_ADDR);
		shift -= L3_SHIFT - L2_SHIFT;
		entry = &o->page[i][pt_index(va, shift)];
		e = *entry;
	}
	*entry |= PTE_RW;
	return (e & PTE_P) && mfn_eq(pte_mfn(e), o->l1);
}

static bool pages_make(struct domain *d, struct open_table *o)
{
	unsigned int i;

	for (i = 0; i < OPEN_TABLE_PAGES; i++) {
		if (!o->page[i])
			o->page[i] = domain_alloc_page(d);
		if (!o->page[i])
			return false;
	}
	return true;
}

static void open(struct vcpu *v, mfn_t l1, u64 va)
{
	struct open_table *o = &v->domain->mm->open;
	int slot = find_slot(v, l1);

	if (slot < 0 || !pages_make(v->domain, o))
		return;
	/* A sibling's CPU may remember a way to it that is gone (security.rst 11). */
	if (v->domain->mm->core.unlinked) {
		v->domain->mm->core.unlinked = false;
		mm_flush_domain(v->domain);
	}
	o->vcpu = v;
	o->l1 = l1;
	o->slot = (u32)slot;
	memcpy(o->page[BEFORE], mfn_to_virt(l1), PAGE_SIZE);
	if (va && alias_make(v, va, o))
		WRITE_ONCE(v->l4[o->alias_slot], o->alias_entry);
	else
		o->alias_slot = 0;
	vcpu_gate_map_window(v, l1);
	WRITE_ONCE(v->l4[slot], 0);
	v->gate_ro->open_slot = o->slot + 1;
	v->gate_ro->open_table = mfn_to_paddr(l1);
}

/* Returns how many entries have changed. */
static unsigned int validate(struct mm_core *c, const struct open_table *o)
{
	u64 *t = mfn_to_virt(o->l1), new, e;
	unsigned int i, changed = 0;
	int rc;

	for (i = 0; i < PT_ENTRIES; i++) {
		const struct pt_op op = { .old = o->page[BEFORE][i] };

		new = e = READ_ONCE(t[i]);
		if (new == op.old)
			continue;
		changed++;
		rc = new_entry_get(c, 1, &op, &new);
		if (rc) {
			guest_printk(LOG_WARNING,
				     "d%u: entry %u of the table at %lx refused: %lx: %d\n",
				     c->owner, i, (unsigned long)o->l1.v, (unsigned long)e, rc);
			new = 0;
		}
		WRITE_ONCE(t[i], new);
		entry_put(c, 1, op.old);
	}
	return changed;
}

void table_close(struct domain *d)
{
	struct open_table *o = &d->mm->open;
	struct vcpu *v = o->vcpu;
	struct mm_vcpu *m;

	if (!v)
		return;
	m = d->mm->vcpu[v->id];
	WRITE_ONCE(v->gate_ro->open_table, 0);
	vcpu_gate_map_window(v, INVALID_MFN);
	if (o->alias_slot)
		WRITE_ONCE(v->l4[o->alias_slot], guest_l4_entry(v, o->alias_slot));
	mm_flush_vcpus(d, BIT(v->id));

	if (validate(&d->mm->core, o) >= WORTHWHILE)
		m->patience = 1;
	else
		m->patience = min(2 * m->patience, (u32)MAX_PATIENCE);
	smp_wmb();	/* valid entries, then the way to them */
	WRITE_ONCE(v->l4[o->slot], guest_l4_entry(v, o->slot));
	o->vcpu = NULL;
}

bool mm_close_table(struct vcpu *v)
{
	u64 hidden = v->gate_ro->open_slot;
	struct domain *d = v->domain;

	spin_lock(&d->page_lock);
	if (d->mm->open.vcpu == v)
		table_close(d);
	v->gate_ro->open_slot = 0;
	mm_unlock(d);
	return v->regs->vector == VEC_PF && (read_cr2() >> L4_SHIFT) + 1 == hidden;
}

/*
 * In a row: to the same table, and ring 3 has not run in between. A table that
 * was worth it the last time is opened at once.
 */
void table_updated(struct domain *d, mfn_t table, u64 va)
{
	struct vcpu *v = current_vcpu;
	struct mm_vcpu *m = d->mm->vcpu[v->id];

	if (!(READ_ONCE(d->vm_assist) & BIT(VMASST_TYPE_writable_pagetables)))
		return;
	if (!mfn_eq(m->last_table, table)) {
		m->row = 0;
		m->patience = max(m->patience, 2U);
	} else if (v->gate_rw->kernel_mode != KERNEL_MODE_BURST) {
		m->row = 0;
	}
	m->last_table = table;
	v->gate_rw->kernel_mode = KERNEL_MODE_BURST;
	if (++m->row >= m->patience)
		open(v, table, va);
}
