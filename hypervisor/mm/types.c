// SPDX-License-Identifier: GPL-2.0
/*
 * Types of frames. A frame with a type count is exactly one of: L1..L4 table,
 * descriptor page, writable. Pure: built into host tests too.
 *
 * Invariants (d->page_lock held, so between any two calls):
 *  - Each present entry of a VALIDATED table holds what entry_get() took. Of a
 *    PARTIAL one, the first DONE entries do.
 *  - A frame whose count is 0 and that is not PARTIAL may become anything, but
 *    another type than its last one only after a flush that started after the
 *    count fell (STAMP, DIRTY). So no TLB and no paging-structure cache
 *    anywhere still uses a frame as what it was (security.rst 11).
 *  - A PARTIAL frame's own reference keeps it, and it has no count: nobody maps
 *    it writable and nobody uses it as a table. It has one of two fates:
 *    validation resumes at DONE, or it goes QUEUED and is undone.
 *  - An L1's entry may name a frame of another domain that update.c was handed:
 *    read-only or writable, never as any other type. Validation takes no
 *    such entry, so it lasts as long as the table does.
 *  - The levels strictly descend, so no table is its own ancestor and
 *    recursion is four deep. Undoing does not recurse at all: tables that
 *    lose their last reference go to the list.
 *
 * Preemption: -ERESTART when the budget is spent, or when what is in the
 * caller's way may be tables that wait to be undone. Nothing is lost: the work
 * is in PARTIAL tables. The caller works on the list (types_retry()) and calls
 * again, now or when the guest re-executes its call.
 */
#include "base/errno.h"
#include "base/string.h"
#include "mm/env.h"
#include "mm/types.h"
#include "state/alloc.h"

#define NR_ENTRIES 512

static u64 type_bits(enum page_type t)
{
	return (u64)t << TI_TYPE_SHIFT;
}

static u64 partial_bits(enum page_type t, unsigned int done)
{
	return type_bits(t) | TI_PARTIAL | (u64)done << TI_STAMP_SHIFT;
}

static unsigned int partial_done(u64 x)
{
	return (x >> TI_STAMP_SHIFT) & 0x3ff;
}

static void type_info_write(struct page *pg, u64 x)
{
	__atomic_store_n(&pg->type_info, x, __ATOMIC_SEQ_CST);
}

/* What a frame becomes when its last type reference goes. */
static u64 idle_bits(struct mm_core *c, enum page_type t)
{
	u64 stamp = __atomic_load_n(&c->flush_started, __ATOMIC_SEQ_CST);

	return type_bits(t) | stamp << TI_STAMP_SHIFT;
}

/* The domain's flushes do not tell what other domains' pCPUs hold. */
static bool is_clean(struct mm_core *c, const struct page *pg, u64 x)
{
	u16 done = __atomic_load_n(&c->flush_done, __ATOMIC_SEQ_CST);

	return !(x & TI_DIRTY) && !(READ_ONCE(pg->flags) & PAGE_FOREIGN) &&
	       (s16)(done - (u16)(x >> TI_STAMP_SHIFT)) > 0;
}

void ref_put(struct mm_core *c, struct page *pg)
{
	if (page_ref_put(pg))
		env_release(c, pg);
}

/* The list takes over a reference that the caller holds. */
static void queue_undo(struct mm_core *c, struct page *pg, enum page_type t, unsigned int done)
{
	type_info_write(pg, partial_bits(t, done) | TI_QUEUED | c->undo);
	c->undo = page_to_mfn(pg).v;
}

/* The same for as long as an entry refers to the frame. */
static bool leaf_is_io(mfn_t mfn)
{
	return !mfn_valid(mfn) || (mfn_to_page(mfn)->owner == OWNER_NONE && !mfn_is_ram(mfn));
}

static int acquire(struct mm_core *c, struct page *pg, enum page_type t);

/*
 * Device registers that the guest may only read are mapped read-only even if
 * it asked for more: drivers map whole regions that hold an MSI-X table.
 */
static int leaf_get_io(struct mm_core *c, u64 *e)
{
	enum env_io access = env_io_access(pte_mfn(*e));
	int rc;

	if (!c->hardware || access == ENV_IO_NONE)
		return -EPERM;
	rc = pte_check_leaf(e, c->mfn_limit, KIND_IO);
	if (!rc && access == ENV_IO_READ)
		*e &= ~PTE_RW;
	return rc;
}

static int leaf_get(struct mm_core *c, u64 *e)
{
	mfn_t mfn = pte_mfn(*e);
	struct page *pg;
	int rc;

	if (leaf_is_io(mfn))
		return leaf_get_io(c, e);
	rc = pte_check_leaf(e, c->mfn_limit, c->hardware ? KIND_DMA_RAM : KIND_RAM);
	if (rc)
		return rc;
	pg = mfn_to_page(mfn);
	if (!page_ref_get(pg, c->owner))
		return -EPERM;
	if (!(*e & PTE_RW))
		return 0;
	rc = acquire(c, pg, PT_WRITABLE);
	if (rc)
		ref_put(c, pg);
	return rc;
}

/*
 * Types of foreign frames are not started here, that is for the owner's lock:
 * who asks for the mapping holds the frame as it is to be mapped.
 */
int leaf_get_foreign(struct mm_core *c, u64 *e, u16 owner)
{
	struct page *pg;
	int rc;

	if (leaf_is_io(pte_mfn(*e)))
		return -EPERM;
	rc = pte_check_leaf(e, c->mfn_limit, KIND_RAM);
	if (rc)
		return rc;
	pg = mfn_to_page(pte_mfn(*e));
	if (!page_ref_get(pg, owner))
		return -EPERM;
	if (!(*e & PTE_RW) || page_writable_get(pg))
		return 0;
	ref_put(c, pg);
	return -EBUSY;
}

static void leaf_put(struct mm_core *c, u64 e)
{
	mfn_t mfn = pte_mfn(e);
	struct page *pg;

	if (leaf_is_io(mfn))
		return;
	pg = mfn_to_page(mfn);
	if ((e & PTE_RW) && pg->owner == c->owner) {
		type_put(c, mfn);
		return;
	}
	if (e & PTE_RW)
		page_writable_put(pg);
	ref_put(c, pg);
}

/**
 * entry_get() - check a present entry and take what it refers to
 * @level: of the table it is or will be in
 * @e: the entry; what we do not let through to the hardware is taken off
 *
 * Return: 0; -EINVAL bits; -EPERM not the domain's; -EBUSY in use as another
 * type; -ERESTART.
 */
int entry_get(struct mm_core *c, unsigned int level, u64 *e)
{
	int rc;

	if (!(*e & PTE_P))
		return 0;
	if (level == 1)
		return leaf_get(c, e);
	rc = pte_check_table(e, c->mfn_limit);
	return rc ? rc : type_get(c, pte_mfn(*e), PT_L1 + level - 2);
}

void entry_put(struct mm_core *c, unsigned int level, u64 e)
{
	if (!(e & PTE_P))
		return;
	if (level == 1)
		leaf_put(c, e);
	else
		type_put(c, pte_mfn(e));
}

/* What entry @slot of a table that is no longer one holds. */
static void drop_entry(struct mm_core *c, struct page *pg, unsigned int level, unsigned int slot)
{
	u64 e = READ_ONCE(((u64 *)mfn_to_virt(page_to_mfn(pg)))[slot]);

	if (level == 4 && !l4_slot_is_guest(slot))
		return;
	entry_link(page_to_mfn(pg), level, e);
	entry_put(c, level, e);
}

/* Drop what the first @done entries of an L1 hold: bounded, so at once. */
static void l1_drop(struct mm_core *c, struct page *pg, unsigned int done)
{
	u64 *t = mfn_to_virt(page_to_mfn(pg));

	c->budget -= done;
	while (done--)
		leaf_put(c, (t[done] & PTE_P) ? t[done] : 0);
}

/*
 * Take the references of entries from @from on. On return *@done is how many
 * hold theirs. A table starts only while there is budget, but goes on at least
 * by one entry, so calling again always gets further.
 */
static int take_entries(struct mm_core *c, struct page *pg, unsigned int level,
			unsigned int from, unsigned int *done)
{
	u64 *t = mfn_to_virt(page_to_mfn(pg));
	unsigned int i;
	int rc = 0;

	for (i = from; i < NR_ENTRIES; i++) {
		u64 old = READ_ONCE(t[i]), e = old;

		c->budget--;
		if (!(old & PTE_P) || (level == 4 && !l4_slot_is_guest(i)))
			continue;
		if (level > 1 && c->budget <= 0 && i > from) {
			rc = -ERESTART;
			break;
		}
		rc = entry_get(c, level, &e);
		if (rc)
			break;
		entry_link(page_to_mfn(pg), level, e);
		if (e != old)
			WRITE_ONCE(t[i], e);
	}
	*done = i;
	return rc;
}

static void l4_bitmap_make(struct page *pg)
{
	u64 *t = mfn_to_virt(page_to_mfn(pg)), map[L4_BITMAP_WORDS] = { 0 };
	unsigned int i;

	for (i = 0; i < NR_ENTRIES; i++)
		l4_bitmap_set(map, i, l4_slot_is_guest(i) && (t[i] & PTE_P));
	memcpy(t + L4_BITMAP_SLOT, map, sizeof(map));
}

/* Validate a table from entry @from on; its count is 1 and is ours. */
static int validate_table(struct mm_core *c, struct page *pg, enum page_type t, unsigned int from)
{
	unsigned int done;
	int rc = take_entries(c, pg, t - PT_L1 + 1, from, &done);

	if (!rc) {
		if (t == PT_L4)
			l4_bitmap_make(pg);
		type_info_write(pg, type_bits(t) | TI_VALIDATED | 1);
		return 0;
	}
	if (rc != -ERESTART && t == PT_L1) {
		l1_drop(c, pg, done);
		type_info_write(pg, idle_bits(c, t));
		return rc;
	}
	/* The partial table's own reference; ours keeps refs above 0. */
	if (!page_ref_get(pg, c->owner)) {
		/* Too many references to take one more: it is in our hands. */
		rc = rc == -ERESTART ? -EBUSY : rc;
		while (done--)
			drop_entry(c, pg, t - PT_L1 + 1, done);
		type_info_write(pg, idle_bits(c, t));
		return rc;
	}
	if (rc == -ERESTART)
		type_info_write(pg, partial_bits(t, done));
	else
		queue_undo(c, pg, t, done);
	return rc;
}

/* A frame that is PARTIAL and not QUEUED is wanted as @t. */
static int acquire_partial(struct mm_core *c, struct page *pg, u64 x, enum page_type t)
{
	if (type_info_type(x) != t) {
		queue_undo(c, pg, type_info_type(x), partial_done(x));
		return -ERESTART;
	}
	type_info_write(pg, type_bits(t) | 1);
	ref_put(c, pg);		/* the partial's; the caller's remains */
	return validate_table(c, pg, t, partial_done(x));
}

/* First reference of a type on a frame that is idle. */
static int acquire_first(struct mm_core *c, struct page *pg, u64 x, enum page_type t)
{
	enum page_type last = type_info_type(x);

	if ((pg->flags & PAGE_XEN_SHARED) && t != PT_WRITABLE)
		return -EPERM;
	if (last != PT_NONE && last != t && !is_clean(c, pg, x))
		env_flush(c, pg);
	/* Only we start types, so an idle frame stays as it is meanwhile. */
	if (!type_info_replace(pg, x, type_bits(t) | 1))
		return -EBUSY;
	if (t == PT_WRITABLE)
		return 0;
	if (t != PT_DESC)
		return validate_table(c, pg, t, 0);

	c->budget -= NR_ENTRIES;
	if (!desc_check_page(mfn_to_virt(page_to_mfn(pg)))) {
		type_info_write(pg, idle_bits(c, t));
		return -EINVAL;
	}
	type_info_write(pg, type_bits(t) | TI_VALIDATED | 1);
	return 0;
}

/* In use as something else, unless that is about to be undone. */
static int busy(const struct mm_core *c)
{
	return c->undo ? -ERESTART : -EBUSY;
}

/* A type reference on a frame that the caller has a reference on. */
static int acquire(struct mm_core *c, struct page *pg, enum page_type t)
{
	u64 x = type_info_read(pg);

	for (;;) {
		if (x & TI_QUEUED)
			return -ERESTART;
		if (x & TI_PARTIAL)
			return acquire_partial(c, pg, x, t);
		if (!(x & TI_COUNT))
			return acquire_first(c, pg, x, t);
		if (type_info_type(x) != t || (x & TI_COUNT) >= PAGE_REFS_MAX)
			return busy(c);
		if (type_info_replace(pg, x, x + 1))
			return 0;
		x = type_info_read(pg);
	}
}

/**
 * type_get() - take a reference and a type reference
 * Return: 0; -EINVAL the frame does not hold what the type demands; -EBUSY it
 * is in use as another type; -EPERM not the domain's; -ERESTART.
 */
int type_get(struct mm_core *c, mfn_t mfn, enum page_type t)
{
	struct page *pg = frame_get(mfn, c->owner);
	int rc;

	if (!pg)
		return -EPERM;
	rc = acquire(c, pg, t);
	if (rc)
		ref_put(c, pg);
	return rc;
}

/**
 * type_put() - drop a type reference and the reference that came with it
 *
 * The last one of an L2 to L4 hands the reference over to the undo list.
 */
void type_put(struct mm_core *c, mfn_t mfn)
{
	struct page *pg = mfn_to_page(mfn);
	u64 x = type_info_read(pg);
	enum page_type t = type_info_type(x);

	/* Copies to the guest change the count of writable frames under us. */
	while ((x & TI_COUNT) > 1 || t == PT_WRITABLE) {
		u64 next = (x & TI_COUNT) > 1 ? x - 1 : idle_bits(c, t);

		if (type_info_replace(pg, x, next)) {
			ref_put(c, pg);
			return;
		}
		x = type_info_read(pg);
	}

	if (t == PT_L2 || t == PT_L3 || t == PT_L4) {
		queue_undo(c, pg, t, NR_ENTRIES);
		return;
	}
	if (t == PT_L1)
		l1_drop(c, pg, NR_ENTRIES);
	type_info_write(pg, idle_bits(c, t));
	ref_put(c, pg);
}

/* Undo one table off the list; false if it went back, unfinished. */
static bool undo_one(struct mm_core *c)
{
	struct page *pg = mfn_to_page(MFN(c->undo));
	u64 x = type_info_read(pg);
	enum page_type type = type_info_type(x);
	unsigned int done = partial_done(x), level = type - PT_L1 + 1;

	c->undo = (u32)x;
	while (done) {
		if (c->budget <= 0) {
			queue_undo(c, pg, type, done);
			return false;
		}
		done--;
		c->budget--;
		drop_entry(c, pg, level, done);
	}
	type_info_write(pg, idle_bits(c, type));
	ref_put(c, pg);
	return true;
}

bool types_undo(struct mm_core *c)
{
	while (c->undo) {
		if (c->budget <= 0 || !undo_one(c))
			return false;
	}
	return true;
}

bool types_retry(struct mm_core *c)
{
	return types_undo(c) && c->budget > 0;
}

/**
 * type_pin() - hold a table on the guest's behalf
 * Return: as type_get(); -EINVAL if it is pinned already.
 */
int type_pin(struct mm_core *c, mfn_t mfn, enum page_type t)
{
	struct page *pg;
	u64 x;
	int rc = type_get(c, mfn, t);

	if (rc)
		return rc;
	pg = mfn_to_page(mfn);
	x = type_info_read(pg);
	if (x & TI_PINNED) {
		type_put(c, mfn);
		return -EINVAL;
	}
	type_info_write(pg, x | TI_PINNED);
	return 0;
}

static bool drop_pin(struct mm_core *c, struct page *pg)
{
	u64 x = type_info_read(pg);

	if (!(x & TI_PINNED))
		return false;
	type_info_write(pg, x & ~TI_PINNED);
	type_put(c, page_to_mfn(pg));
	return true;
}

int type_unpin(struct mm_core *c, mfn_t mfn)
{
	struct page *pg = frame_get(mfn, c->owner);
	int rc;

	if (!pg)
		return -EPERM;
	rc = drop_pin(c, pg) ? 0 : -EINVAL;
	ref_put(c, pg);
	return rc;
}

void type_abandon(struct mm_core *c, struct page *pg)
{
	u64 x = type_info_read(pg);

	if (!drop_pin(c, pg) && (x & TI_PARTIAL) && !(x & TI_QUEUED))
		queue_undo(c, pg, type_info_type(x), partial_done(x));
}
