// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on the model machine, in lockstep with a reference that
 * knows no type_info: it counts every reference again from the roots (pins,
 * held types, the base, half valid tables) by reading the tables as the CPU
 * would, and finds out what each frame is used as.
 *
 * After each operation:
 *  - references, type counts and parents of every frame are exactly the
 *    reference's;
 *  - no frame is used as two things, by live tables or by what a TLB may still
 *    hold (model->roles);
 *  - no live entry has a bit or a frame that the guest may not have;
 *  - the copy of the base is the base.
 */
#include <stdlib.h>
#include <string.h>

#include "mm-model.h"
#include "base/errno.h"

#define OPERATIONS 18000
#define MAX_HELD 16

static u64 rng;
static u8 pinned[MODEL_FRAMES];		/* type, 0: not */
static struct { u64 mfn; enum page_type type; } held[MAX_HELD];
static unsigned int nr_held;
static struct { u64 mfn; enum page_type type; } other_held[MAX_HELD];
static unsigned int nr_other_held;
static unsigned int foreign;		/* entries seen that name such frames */

/* The reference. */
static unsigned int ref_refs[MODEL_FRAMES], ref_types[MODEL_FRAMES];
static u8 ref_use[MODEL_FRAMES];
static u32 ref_parents[MODEL_FRAMES];

/* xorshift64* */
static u64 rnd(u64 n)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (rng * 0x2545f4914f6cdd1dULL >> 33) % n;
}

static bool is_hole(unsigned int level, unsigned int slot)
{
	return level == 4 && slot >= 256 && slot <= 271;
}

static void use(u64 mfn, enum page_type t);

static void check_leaf(u64 e)
{
	u64 mfn = pte_mfn(e).v;
	bool hw = model->core.hardware;

	assert_false(e & (PTE_G | 0xfULL << 59));
	assert_true(mfn < MODEL_LIMIT);
	if (mfn >= MODEL_FRAMES || (mfn >= MODEL_IO && mfn < MODEL_FREE)) {
		assert_true(hw && mfn != MODEL_IO_NONE);
		assert_false(mfn == MODEL_IO_RO && (e & PTE_RW));
		return;
	}
	if (frame_table[mfn].owner != MODEL_DOMID) {
		assert_int_equal(frame_table[mfn].owner, MODEL_OTHER);
		assert_true(frame_table[mfn].flags & PAGE_FOREIGN);
		foreign += !(e & PTE_RW);
		hw = false;
	}
	if (!hw)
		assert_false(e & (PTE_PAT | PTE_PCD | PTE_PWT));
	if (e & PTE_RW)
		use(mfn, PT_WRITABLE);
	else
		ref_refs[mfn]++;
}

/* The bitmap of present slots, in a live L4. */
static void check_l4_bitmap(u64 mfn)
{
	const u64 *t = model_table(mfn);
	unsigned int i;

	for (i = 0; i < 512; i++)
		assert_int_equal(t[L4_BITMAP_SLOT + i / 64] >> (i % 64) & 1,
				 !is_hole(4, i) && (t[i] & PTE_P));
}

static void walk_entries(u64 mfn, unsigned int level, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		u64 e = model_table(mfn)[i];

		if (!(e & PTE_P) || is_hole(level, i))
			continue;
		if (level == 1) {
			check_leaf(e);
			continue;
		}
		assert_false(e & (PTE_G | PTE_PS | PTE_PCD | PTE_PWT |
				  0xfULL << 59));
		use(pte_mfn(e).v, PT_L1 + level - 2);
		ref_parents[pte_mfn(e).v] ^= (u32)mfn;
	}
}

/* One more use of a frame; what a table refers to counts once for all. */
static void use(u64 mfn, enum page_type t)
{
	assert_true(mfn < MODEL_FRAMES);
	if (t == PT_WRITABLE && frame_table[mfn].owner == MODEL_OTHER)
		foreign++;
	else
		assert_int_equal(frame_table[mfn].owner, MODEL_DOMID);
	ref_refs[mfn]++;
	ref_types[mfn]++;
	if (ref_use[mfn]) {
		assert_int_equal(ref_use[mfn], t);
		return;
	}
	ref_use[mfn] = t;
	if (t == PT_L4)
		check_l4_bitmap(mfn);
	if (t >= PT_L1 && t <= PT_L4)
		walk_entries(mfn, t - PT_L1 + 1, 512);
}

static void count_roots(void)
{
	unsigned int i;

	for (i = 0; i < nr_held; i++)
		use(held[i].mfn, held[i].type);
	if (model->base)
		use(model->base, PT_L4);
	for (i = 0; i < nr_other_held; i++) {
		u64 mfn = other_held[i].mfn;

		ref_refs[mfn]++;
		ref_types[mfn]++;
		assert_true(!ref_use[mfn] || ref_use[mfn] == other_held[i].type);
		ref_use[mfn] = other_held[i].type;
		model->roles[1][mfn] |= 1 << other_held[i].type;
	}
	for (i = 1; i < MODEL_HYP; i++) {
		u64 x = frame_table[i].type_info;

		if (frame_table[i].flags & PAGE_ALLOCATED)
			ref_refs[i]++;
		if (pinned[i])
			use(i, pinned[i]);
		if (x & TI_PARTIAL) {
			ref_refs[i]++;
			walk_entries(i, type_info_type(x) - PT_L1 + 1,
				     x >> TI_STAMP_SHIFT & 0x3ff);
		}
	}
}

static void check_frame(unsigned int i)
{
	struct page *pg = &frame_table[i];
	u64 x = pg->type_info;
	unsigned int t = type_info_type(x);

	assert_int_equal(pg->refs, ref_refs[i]);
	assert_int_equal(pg->parents, ref_parents[i]);
	assert_int_equal(model_count(i), ref_types[i]);
	assert_int_equal(!!(x & TI_PINNED), !!pinned[i]);
	if (x & TI_PARTIAL)
		assert_int_equal(ref_use[i], 0);
	if (!ref_types[i])
		return;
	assert_int_equal(t, ref_use[i]);
	assert_int_equal(!!(x & TI_VALIDATED), t != PT_WRITABLE);
	model->roles[i >= MODEL_OWN][i] |= 1 << t;
	/* Exactly one bit: nothing else in any TLB. */
	assert_int_equal(model->roles[0][i] | model->roles[1][i], 1 << t);
}

static void check_all(void)
{
	unsigned int i;

	memset(ref_refs, 0, sizeof(ref_refs));
	memset(ref_types, 0, sizeof(ref_types));
	memset(ref_use, 0, sizeof(ref_use));
	memset(ref_parents, 0, sizeof(ref_parents));
	count_roots();
	for (i = 1; i < MODEL_HYP; i++)
		check_frame(i);
	for (i = 0; model->base && i < 512; i++) {
		if (!is_hole(4, i))
			assert_int_equal((model->l4[i] ^
					  model_table(model->base)[i]) &
					 ~(PTE_A | PTE_D), 0);
	}
}

/* Few frames, so that uses collide; tables of a level are near each other. */
static u64 some_frame(void)
{
	static const u16 odd[] = {
		MODEL_SHARED, MODEL_FOREIGN, MODEL_HYP,
		MODEL_IO, MODEL_IO_RO, MODEL_IO_NONE, MODEL_FREE,
		MODEL_FRAMES + 3, 0, MODEL_LIMIT + 1,
	};

	if (!rnd(40))
		return odd[rnd(ARRAY_SIZE(odd))];
	return 2 + rnd(60);
}

static u64 frame_of(enum page_type t)
{
	return !rnd(12) ? some_frame() : 2 + 12 * (u64)(t - 1) + rnd(12);
}

static unsigned int some_slot(void)
{
	static const u16 slots[] = { 0, 1, 2, 3, 255, 256, 271, 272, 510, 511 };

	return slots[rnd(ARRAY_SIZE(slots))];
}

/* An entry for a table of @level. */
static u64 some_entry(unsigned int level)
{
	u64 mfn = level == 1 ? some_frame() : frame_of(PT_L1 + level - 2);
	u64 flags = PTE_P;

	if (!rnd(4))
		return rnd(2) ? 0 : rng << 1;
	if (level > 1 || rnd(2))
		flags |= PTE_RW;
	if (!rnd(4))
		flags |= PTE_US | PTE_A | PTE_NX | PTE_G;
	if (!rnd(30))
		flags |= BIT(rnd(64));
	return model_pte(mfn, flags);
}

static unsigned int level_near(u64 mfn)
{
	u64 l = (mfn - 2) / 12 + 1;

	return l >= 1 && l <= 4 ? l : 1;
}

/* As the guest: straight into a frame, if nothing forbids it. */
static void op_guest_writes(void)
{
	u64 mfn = 2 + rnd(60), x = frame_table[mfn].type_info;

	if (frame_table[mfn].owner != MODEL_DOMID || (x & TI_PARTIAL))
		return;
	if (model_count(mfn) && type_info_type(x) != PT_WRITABLE)
		return;
	/* It needs a writable mapping for that. */
	if (type_get(&model->core, MFN(mfn), PT_WRITABLE))
		return;
	model_table(mfn)[some_slot()] = some_entry(level_near(mfn));
	model->roles[0][mfn] |= 1 << PT_WRITABLE;
	type_put(&model->core, MFN(mfn));
}

static void op_cpu_sets_ad(void)
{
	u64 mfn = 2 + rnd(60), *e;
	unsigned int slot = some_slot();

	e = &model_table(mfn)[slot];
	if (slot >= 256 && slot <= 271)
		return;		/* in an L4 it does not read these */
	if (frame_is_table(&frame_table[mfn]) && (*e & PTE_P))
		*e |= rnd(2) ? PTE_A : PTE_A | PTE_D;
}

static void op_pin(void)
{
	enum page_type t = PT_L1 + rnd(4);
	u64 mfn = frame_of(t);

	if (!type_pin(&model->core, MFN(mfn), t)) {
		assert_int_equal(pinned[mfn], 0);
		pinned[mfn] = t;
	}
}

static void op_unpin(void)
{
	u64 mfn = 2 + rnd(60);

	if (!type_unpin(&model->core, MFN(mfn))) {
		assert_int_not_equal(pinned[mfn], 0);
		pinned[mfn] = 0;
	} else {
		assert_int_equal(pinned[mfn], 0);
	}
}

static void op_update(void)
{
	u64 mfn = some_frame();
	struct pt_op op = {
		.kind = rnd(5), .mask = rnd(4) ? ~0ULL : 0xffULL << 8 * rnd(8),
		.value = some_entry(level_near(mfn)), .preserve_ad = rnd(2),
	};
	unsigned int slot = some_slot();

	if (mfn < MODEL_FRAMES)
		op.expect = rnd(4) ? model_table(mfn)[slot] : rng;
	if (op.kind == PT_OP_AND && rnd(2))
		op.value = ~BIT(rnd(12));
	(void)!table_update(&model->core, MFN(mfn), slot, &op);
}

static void op_hold(void)
{
	enum page_type t = 1 + rnd(PT_WRITABLE);
	u64 mfn = frame_of(t);

	if (nr_held == MAX_HELD || type_get(&model->core, MFN(mfn), t))
		return;
	held[nr_held].mfn = mfn;
	held[nr_held++].type = t;
}

static void op_let_go(void)
{
	unsigned int i;

	if (!nr_held)
		return;
	i = rnd(nr_held);
	type_put(&model->core, MFN(held[i].mfn));
	held[i] = held[--nr_held];
}

static void op_base(void)
{
	u64 mfn = frame_of(PT_L4), old = model->base;

	if (type_get(&model->core, MFN(mfn), PT_L4))
		return;
	model->base = mfn;
	memcpy(model->l4, model_table(mfn), sizeof(model->l4));
	if (old)
		type_put(&model->core, MFN(old));
}

static void op_free_or_alloc(void)
{
	u64 mfn = 2 + rnd(60);
	struct page *pg = &frame_table[mfn];

	if (pg->owner == OWNER_NONE) {
		memset(model_table(mfn), 0, PAGE_SIZE);
		pg->owner = MODEL_DOMID;
		pg->flags = PAGE_ALLOCATED;
		pg->refs = 1;
	} else if (!rnd(4) && page_flag_take(pg, PAGE_ALLOCATED)) {
		ref_put(&model->core, pg);
	}
}

static void op_copy(void)
{
	struct page *pg = &frame_table[2 + rnd(60)];

	if (!page_ref_get(pg, MODEL_DOMID))
		return;
	if (page_writable_get(pg))
		page_writable_put(pg);
	ref_put(&model->core, pg);
}

static u64 foreign_frame(void)
{
	return MODEL_FOREIGN + rnd(MODEL_HYP - MODEL_FOREIGN);
}

static void op_foreign(void)
{
	u64 flags = rnd(8) ? PTE_P : 0;

	if (rnd(2))
		flags |= PTE_RW;
	if (!rnd(16))
		flags |= BIT(rnd(64));
	(void)!model_write_foreign(frame_of(PT_L1), some_slot(),
				   model_pte(rnd(16) ? foreign_frame() :
					     some_frame(), flags));
}

/* The same frame again, where it stands, by whoever may write the table. */
static void op_foreign_again(void)
{
	u64 mfn = 2 + rnd(12), e;
	unsigned int slot = some_slot();

	e = model_table(mfn)[slot];
	if (rnd(4))
		e ^= rnd(2) ? PTE_RW : PTE_A;
	(void)!model_write(mfn, slot, e);
}

/* The owner of foreign frames, at its own work. */
static void op_other_holds(void)
{
	static const u8 types[] = { PT_L1, PT_DESC, PT_WRITABLE, PT_WRITABLE };
	enum page_type t = types[rnd(ARRAY_SIZE(types))];
	u64 mfn = foreign_frame();

	model->other.budget = MM_BUDGET;
	if (nr_other_held == MAX_HELD || type_get(&model->other, MFN(mfn), t))
		return;
	other_held[nr_other_held].mfn = mfn;
	other_held[nr_other_held++].type = t;
}

static void op_other_lets_go(void)
{
	unsigned int i;

	if (!nr_other_held)
		return;
	i = rnd(nr_other_held);
	type_put(&model->other, MFN(other_held[i].mfn));
	other_held[i] = other_held[--nr_other_held];
}

static void op_other_flushes(void)
{
	env_flush(&model->other, NULL);
}

static void op_other_frees_or_allocs(void)
{
	struct page *pg = &frame_table[foreign_frame()];

	if (pg->owner == OWNER_NONE) {
		pg->owner = MODEL_OTHER;
		pg->flags = PAGE_ALLOCATED;
		pg->refs = 1;
	} else if (!rnd(4) && page_flag_take(pg, PAGE_ALLOCATED)) {
		ref_put(&model->other, pg);
	}
}

static void (*const ops[])(void) = {
	op_foreign, op_foreign, op_foreign_again, op_other_holds, op_other_holds,
	op_other_lets_go, op_other_flushes, op_other_frees_or_allocs,
	op_guest_writes, op_guest_writes, op_guest_writes, op_cpu_sets_ad,
	op_pin, op_pin, op_pin, op_unpin, op_update, op_update, op_update,
	op_hold, op_let_go, op_base, op_free_or_alloc, op_copy,
};

static void run(u64 seed, bool hardware)
{
	static const int budgets[] = { 1, 400, 1200, MM_BUDGET };
	unsigned int i, live = 0, partial = 0;

	rng = seed;
	nr_held = nr_other_held = foreign = 0;
	memset(pinned, 0, sizeof(pinned));
	model_start(hardware);
	for (i = 0; i < OPERATIONS; i++) {
		model->core.budget = budgets[rnd(ARRAY_SIZE(budgets))];
		ops[rnd(ARRAY_SIZE(ops))]();
		(void)types_undo(&model->core);
		check_all();
		live += ref_use[frame_of(PT_L2) % MODEL_FRAMES] != 0;
		partial += !!(frame_table[14 + rnd(36)].type_info & TI_PARTIAL);
	}
	/* The run was about something. */
	assert_true(live > OPERATIONS / 50);
	assert_true(partial > 10);
	assert_true(foreign > 100);
	assert_true(model->releases > 10);
	model_stop();
}

static void random_plain(void **state)
{
	u64 seed;

	(void)state;
	for (seed = 1; seed <= 3; seed++)
		run(seed * 0x9e3779b97f4a7c15ULL, false);
}

static void random_hardware(void **state)
{
	(void)state;
	run(0x1234567, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_plain),
		cmocka_unit_test(random_hardware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
