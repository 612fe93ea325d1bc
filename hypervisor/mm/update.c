// SPDX-License-Identifier: GPL-2.0
/*
 * One write to an entry of a live page table: the only place where such
 * entries change. Pure.
 *
 * What the new entry refers to is taken first, in full and every time; then
 * the entry is exchanged; then copies of an L4 are brought up to date; then
 * what the old entry referred to is dropped. The exchange compares with the
 * very value that was checked: the CPU sets A and D at any moment, and a
 * guest's xchg or cmpxchg must not lose them (partner: the page walker).
 *
 * Locks: d->page_lock.
 */
#include "base/errno.h"
#include "mm/env.h"
#include "mm/types.h"

bool frame_is_table(const struct page *pg)
{
	u64 x = type_info_read(pg);

	return (x & TI_VALIDATED) && type_info_type(x) >= PT_L1 && type_info_type(x) <= PT_L4;
}

/* The entry after @op; false if a compare-exchange does not match. */
static bool op_apply(const struct pt_op *op, u64 old, u64 *new)
{
	u64 v = op->value & op->mask;

	switch (op->kind) {
	case PT_OP_AND:
		*new = old & (v | ~op->mask);
		break;
	case PT_OP_OR:
		*new = old | v;
		break;
	case PT_OP_XOR:
		*new = old ^ v;
		break;
	case PT_OP_CMPXCHG:
		if ((old ^ op->expect) & op->mask)
			return false;
		*new = (old & ~op->mask) | v;
		break;
	case PT_OP_STORE:
		*new = (old & ~op->mask) | v;
		break;
	}
	if (op->preserve_ad && (*new & PTE_P))
		*new |= old & (PTE_A | PTE_D);
	return true;
}

/**
 * new_entry_get() - entry_get() of what @op makes of op->old
 *
 * A foreign frame may be named again where it stands, with the same right:
 * what the old entry holds keeps the frame as the new one needs it.
 */
int new_entry_get(struct mm_core *c, unsigned int level, const struct pt_op *op, u64 *new)
{
	mfn_t mfn = pte_mfn(*new);
	u16 owner;

	if (!(*new & PTE_P))
		return 0;
	if (op->foreign)
		return level == 1 ? leaf_get_foreign(c, new, op->foreign - 1) : -EPERM;
	if (level == 1 && (op->old & PTE_P) && mfn_valid(mfn) &&
	    !((op->old ^ *new) & (PTE_RW | PTE_ADDR))) {
		owner = mfn_to_page(mfn)->owner;
		if (owner != c->owner && owner != OWNER_NONE)
			return leaf_get_foreign(c, new, owner);
	}
	return entry_get(c, level, new);
}

static int update_entry(struct mm_core *c, mfn_t table, unsigned int level,
			unsigned int slot, struct pt_op *op)
{
	u64 *p = (u64 *)mfn_to_virt(table) + slot;
	u64 old, new;
	int rc;

	if (level == 4 && !l4_slot_is_guest(slot))
		return -EINVAL;
	for (;;) {
		old = READ_ONCE(*p);
		op->old = old;
		op->done = op_apply(op, old, &new);
		if (!op->done)
			return 0;
		rc = new_entry_get(c, level, op, &new);
		if (rc)
			return rc;
		if (try_exchange(p, &old, new))
			break;
		entry_put(c, level, new);
	}
	if (level == 4) {
		l4_bitmap_set((u64 *)mfn_to_virt(table) + L4_BITMAP_SLOT, slot, new & PTE_P);
		env_sync_l4(c, table, slot, new);
	}
	if (level > 1 && (old & PTE_P) && ((old ^ new) & (PTE_P | PTE_ADDR)))
		c->unlinked = true;
	entry_link(table, level, new);
	entry_link(table, level, old);
	entry_put(c, level, old);
	return 0;
}

/* A frame that is no table now: the write is to plain memory of the guest. */
static int update_plain(struct mm_core *c, mfn_t mfn, unsigned int slot, struct pt_op *op)
{
	u64 *p, old, new;
	int rc = type_get(c, mfn, PT_WRITABLE);

	if (rc)
		return rc;
	p = (u64 *)mfn_to_virt(mfn) + slot;
	do {
		old = READ_ONCE(*p);
		op->old = old;
		op->done = op_apply(op, old, &new);
	} while (op->done && !try_exchange(p, &old, new));
	type_put(c, mfn);
	return 0;
}

/**
 * table_update() - apply @op to entry @slot of the frame @table
 *
 * Return: 0 (see op->done); else nothing was changed: -EINVAL bits or a
 * reserved slot, -EPERM not the domain's, -EBUSY, -ERESTART.
 */
int table_update(struct mm_core *c, mfn_t table, unsigned int slot, struct pt_op *op)
{
	struct page *pg = frame_get(table, c->owner);
	int rc;

	if (!pg)
		return -EPERM;
	c->budget -= 8;
	if (frame_is_table(pg))
		rc = update_entry(c, table, type_info_type(type_info_read(pg)) - PT_L1 + 1,
				  slot, op);
	else
		rc = update_plain(c, table, slot, op);
	ref_put(c, pg);
	return rc;
}

/* Eight bytes into a frame of the guest that is or may become writable. */
int frame_write_u64(struct mm_core *c, mfn_t mfn, unsigned int slot, u64 value)
{
	struct pt_op op = { .kind = PT_OP_STORE, .mask = ~0ULL, .value = value };

	return update_plain(c, mfn, slot, &op);
}
