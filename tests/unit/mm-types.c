// SPDX-License-Identifier: GPL-2.0
/*
 * Types of frames and updates of tables: one case a rule, each with one wrong
 * thing in it. The random test against a reference model is mm-lockstep.c.
 */
#include "mm-model.h"
#include "base/errno.h"

#define RW (PTE_P | PTE_RW)
#define RO PTE_P

static unsigned int restarts;

static int setup(void **state)
{
	(void)state;
	restarts = 0;
	model_start(false);
	return 0;
}

static int setup_hardware(void **state)
{
	(void)state;
	restarts = 0;
	model_start(true);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	model_stop();
	return 0;
}

static int pin(u64 mfn, enum page_type t)
{
	model->core.budget = MM_BUDGET;
	return MODEL_RETRY(restarts, type_pin(&model->core, MFN(mfn), t));
}

static int unpin(u64 mfn)
{
	int rc = type_unpin(&model->core, MFN(mfn));

	model_drain();
	return rc;
}

/* A tree 10 (L4) -> 11 (L3) -> 12 (L2) -> 13 (L1) -> 14 writable, 15 read-only. */
static void build_tree(void)
{
	model_table(10)[0] = model_pte(11, RW);
	model_table(11)[1] = model_pte(12, RW);
	model_table(12)[2] = model_pte(13, RW);
	model_table(13)[3] = model_pte(14, RW);
	model_table(13)[4] = model_pte(15, RO);
}

static void assert_all_idle(void)
{
	unsigned int i;

	for (i = 1; i < MODEL_OWN; i++) {
		assert_int_equal(frame_table[i].refs, 1);
		assert_int_equal(model_count(i), 0);
	}
}

static void pin_and_unpin(void **state)
{
	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	assert_int_equal(model_count(13), 1);
	assert_int_equal(frame_table[14].refs, 2);
	assert_int_equal(model_count(14), 1);
	assert_int_equal(frame_table[15].refs, 2);
	assert_int_equal(model_count(15), 0);
	assert_int_equal(pin(10, PT_L4), -EINVAL);
	assert_int_equal(unpin(10), 0);
	assert_int_equal(unpin(10), -EINVAL);
	assert_all_idle();
}

static void writable_or_table(void **state)
{
	(void)state;
	build_tree();
	model_table(13)[5] = model_pte(13, RW);
	assert_int_equal(pin(10, PT_L4), -EBUSY);	/* maps itself */
	model_drain();
	assert_all_idle();

	model_table(13)[5] = model_pte(13, RO);
	assert_int_equal(pin(10, PT_L4), 0);		/* to read is fine */
	assert_int_equal(model_write(13, 6, model_pte(12, RW)), -EBUSY);
	assert_int_equal(pin(14, PT_L1), -EBUSY);	/* mapped writable */
	assert_int_equal(model_write(13, 3, 0), 0);
	assert_int_equal(pin(14, PT_L1), 0);
	assert_int_equal(model_write(13, 3, model_pte(14, RW)), -EBUSY);
	assert_int_equal(unpin(14), 0);
	assert_int_equal(model_write(13, 3, model_pte(14, RW)), 0);
}

static void wrong_frames(void **state)
{
	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	assert_int_equal(model_write(13, 7, model_pte(MODEL_FOREIGN, RO)), -EPERM);
	assert_int_equal(model_write(13, 7, model_pte(MODEL_HYP, RO)), -EPERM);
	assert_int_equal(model_write(13, 7, model_pte(MODEL_FREE, RO)), -EPERM);
	assert_int_equal(model_write(13, 7, model_pte(MODEL_IO, RO)), -EPERM);
	assert_int_equal(model_write(13, 7, model_pte(MODEL_SHARED, RW)), 0);
	assert_int_equal(model_write(12, 7, model_pte(MODEL_FOREIGN, RW)), -EPERM);
	assert_int_equal(model_write(MODEL_FOREIGN, 7, 0), -EPERM);
	assert_int_equal(model_write(MODEL_FRAMES, 7, 0), -EPERM);
	assert_int_equal(pin(MODEL_SHARED, PT_L1), -EBUSY);
	assert_int_equal(model_write(13, 7, 0), 0);
	assert_int_equal(pin(MODEL_SHARED, PT_L1), -EPERM);
	assert_int_equal(pin(MODEL_FOREIGN, PT_L1), -EPERM);
	assert_int_equal(unpin(MODEL_FOREIGN), -EPERM);
}

static void hardware_domain_maps_io(void **state)
{
	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	assert_int_equal(model_write(13, 7, model_pte(MODEL_IO, RW)), 0);
	assert_int_equal(model_write(13, 8, model_pte(MODEL_FRAMES + 5, RW)), 0);
	assert_int_equal(model_write(13, 9, model_pte(MODEL_IO_RO, RW)), 0);
	assert_int_equal(model_table(13)[9], model_pte(MODEL_IO_RO, RO));
	assert_int_equal(model_write(13, 9, model_pte(MODEL_IO_NONE, RO)), -EPERM);
	assert_int_equal(model_write(13, 9, model_pte(MODEL_FREE, RO)), -EPERM);
	assert_int_equal(model_write(13, 9, model_pte(MODEL_LIMIT, RW)), -EINVAL);
	assert_int_equal(unpin(10), 0);
	assert_all_idle();
}

static void bits_of_entries(void **state)
{
	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	/* G goes, the rest stays. */
	assert_int_equal(model_write(13, 7, model_pte(14, RW | PTE_G | PTE_NX |
						      PTE_US | 0xe00)), 0);
	assert_int_equal(model_table(13)[7],
			 model_pte(14, RW | PTE_NX | PTE_US | 0xe00));
	assert_int_equal(model_write(12, 2, model_pte(13, RW | PTE_G)), 0);
	assert_int_equal(model_table(12)[2], model_pte(13, RW));
	/* PS, protection keys, address bits, cache attributes. */
	assert_int_equal(model_write(12, 3, model_pte(14, RW | PTE_PS)), -EINVAL);
	assert_int_equal(model_write(11, 3, model_pte(14, RW | PTE_PS)), -EINVAL);
	assert_int_equal(model_write(12, 3, model_pte(13, RW | PTE_PCD)), -EINVAL);
	assert_int_equal(model_write(13, 8, model_pte(14, RO | BIT(59))), -EINVAL);
	assert_int_equal(model_write(13, 8, model_pte(14, RO | BIT(62))), -EINVAL);
	assert_int_equal(model_write(13, 8, model_pte(14, RO | BIT(51))), -EPERM);
	assert_int_equal(model_write(13, 8, model_pte(14, RO | PTE_PCD)), -EINVAL);
	assert_int_equal(model_write(13, 8, model_pte(14, RO | PTE_PAT)), -EINVAL);
	/* Not present: whatever it is. */
	assert_int_equal(model_write(13, 8, ~1ULL), 0);
	assert_int_equal(model_table(13)[8], ~1ULL);
	assert_int_equal(unpin(10), 0);
	assert_all_idle();
}

static void reserved_slots(void **state)
{
	unsigned int i;

	(void)state;
	build_tree();
	/* Never interpreted: neither rubbish nor another's frame matters. */
	for (i = 256; i < 272; i++)
		model_table(10)[i] = model_pte(MODEL_HYP, RW | PTE_PS);
	assert_int_equal(pin(10, PT_L4), 0);
	assert_int_equal(model_write(10, 255, model_pte(11, RW)), 0);
	assert_int_equal(model_write(10, 256, 0), -EINVAL);
	assert_int_equal(model_write(10, 271, 0), -EINVAL);
	assert_int_equal(model_write(10, 272, model_pte(11, RW)), 0);
	assert_int_equal(model_count(11), 3);
	assert_int_equal(unpin(10), 0);
	assert_all_idle();
}

/* A tree of several full tables does not fit in one budget. */
static void preempted_pin(void **state)
{
	unsigned int i, l2;

	(void)state;
	model_table(10)[0] = model_pte(11, RW);
	for (l2 = 0; l2 < 4; l2++) {
		model_table(11)[l2] = model_pte(20 + l2, RW);
		for (i = 0; i < 20; i++)
			model_table(20 + l2)[i] =
				model_pte(40 + 20 * l2 + i, RW);
	}
	for (i = 40; i < 120; i++)
		model_table(i)[i] = model_pte(130, RW);
	model->core.budget = 600;
	assert_int_equal(type_pin(&model->core, MFN(10), PT_L4), -ERESTART);
	assert_true(frame_table[10].type_info & TI_PARTIAL);
	/* Nobody may write a table that is half valid. */
	assert_false(page_writable_get(&frame_table[11]));
	assert_int_equal(pin(10, PT_L4), 0);
	assert_true(restarts > 1);
	assert_int_equal(model_count(130), 80);

	restarts = 0;
	model->core.budget = 1000;
	assert_int_equal(type_unpin(&model->core, MFN(10)), 0);
	assert_false(types_undo(&model->core));
	model_drain();
	assert_all_idle();
}

/* A half valid table that nobody finishes can still become something else. */
static void abandoned_pin(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		model_table(12)[i] = model_pte(40 + i, RW);
		model_table(40 + i)[0] = model_pte(130, RW);
	}
	model->core.budget = 600;
	assert_int_equal(type_pin(&model->core, MFN(12), PT_L2), -ERESTART);
	model->core.budget = 1;
	assert_int_equal(type_get(&model->core, MFN(12), PT_WRITABLE), -ERESTART);
	assert_int_equal(MODEL_RETRY(restarts, type_get(&model->core, MFN(12),
							PT_WRITABLE)), 0);
	assert_int_equal(model_count(130), 0);
	type_put(&model->core, MFN(12));
	assert_all_idle();
}

static void failed_pin_gives_all_back(void **state)
{
	(void)state;
	build_tree();
	model_table(13)[511] = model_pte(MODEL_HYP, RO);
	assert_int_equal(pin(10, PT_L4), -EPERM);
	model_drain();
	assert_all_idle();
	model_table(13)[511] = 0;
	model_table(11)[511] = model_pte(12, RW | PTE_PS);
	assert_int_equal(pin(10, PT_L4), -EINVAL);
	model_drain();
	assert_all_idle();
}

/* One flush lets any number of frames change their type. */
static void flushes(void **state)
{
	unsigned int i;

	(void)state;
	/* Where a stamp of 0 would look as if it were long ago. */
	model->core.flush_started = model->core.flush_done = 100;
	for (i = 0; i < 10; i++) {
		assert_int_equal(type_get(&model->core, MFN(50 + i),
					  PT_WRITABLE), 0);
		type_put(&model->core, MFN(50 + i));
	}
	assert_int_equal(model->flushes, 0);
	for (i = 0; i < 10; i++)
		assert_int_equal(pin(50 + i, PT_L1), 0);
	assert_int_equal(model->flushes, 1);
	/* A copy that outlived the mapping is not covered by that flush. */
	assert_int_equal(type_get(&model->core, MFN(70), PT_WRITABLE), 0);
	assert_true(page_writable_get(&frame_table[70]));
	type_put(&model->core, MFN(70));
	env_flush(&model->core, NULL);
	page_writable_put(&frame_table[70]);
	assert_int_equal(pin(70, PT_L1), 0);
	assert_int_equal(model->flushes, 3);
}

static void exchanges(void **state)
{
	struct pt_op op = { .kind = PT_OP_CMPXCHG, .mask = ~0ULL };

	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	model_table(13)[3] |= PTE_A | PTE_D;	/* the CPU */
	op.expect = model_pte(14, RW);
	op.value = 0;
	assert_int_equal(table_update(&model->core, MFN(13), 3, &op), 0);
	assert_false(op.done);
	assert_int_equal(op.old, model_pte(14, RW | PTE_A | PTE_D));
	assert_int_equal(model_count(14), 1);

	op.expect = op.old;
	assert_int_equal(table_update(&model->core, MFN(13), 3, &op), 0);
	assert_true(op.done);
	assert_int_equal(model_table(13)[3], 0);
	assert_int_equal(model_count(14), 0);

	/* Half an entry at a time, and A and D kept. */
	op = (struct pt_op){ .kind = PT_OP_STORE, .mask = ~0ULL,
			     .value = model_pte(14, RW | PTE_D) };
	assert_int_equal(table_update(&model->core, MFN(13), 3, &op), 0);
	op = (struct pt_op){ .kind = PT_OP_STORE, .mask = ~0ULL,
			     .value = model_pte(15, RO), .preserve_ad = true };
	assert_int_equal(table_update(&model->core, MFN(13), 3, &op), 0);
	assert_int_equal(model_table(13)[3], model_pte(15, RO | PTE_D));
	op = (struct pt_op){ .kind = PT_OP_AND, .mask = 0xff, .value = 0xfe };
	assert_int_equal(table_update(&model->core, MFN(13), 3, &op), 0);
	assert_int_equal(model_table(13)[3], model_pte(15, PTE_D));
	assert_int_equal(frame_table[15].refs, 2);	/* slot 4 has it still */
}

static u64 *raced_entry;

static void cpu_walks(void)
{
	if (raced_entry)
		*raced_entry |= PTE_A;
	raced_entry = NULL;
}

/* The CPU sets A between our look at the entry and our exchange. */
static void raced_update(void **state)
{
	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	assert_int_equal(pin(16, PT_L1), 0);
	assert_int_equal(unpin(16), 0);
	model->on_flush = cpu_walks;	/* in the midst of taking frame 16 */
	raced_entry = &model_table(13)[3];
	assert_int_equal(model_write(13, 3, model_pte(16, RW)), 0);
	assert_null(raced_entry);
	assert_int_equal(model_table(13)[3], model_pte(16, RW));
	assert_int_equal(model_count(16), 1);
	assert_int_equal(frame_table[16].refs, 2);
	assert_int_equal(model_count(14), 0);
}

static void descriptor_pages(void **state)
{
	u64 code = 0x00a09a000000ffffULL, conforming = 0x00a09e000000ffffULL;

	(void)state;
	model_table(30)[1] = code;
	assert_int_equal(type_get(&model->core, MFN(30), PT_DESC), 0);
	assert_int_equal(model_table(30)[1], code | BIT(45) | BIT(40));
	assert_int_equal(model_write(30, 2, conforming), -EBUSY);
	assert_int_equal(type_get(&model->core, MFN(30), PT_WRITABLE), -EBUSY);
	type_put(&model->core, MFN(30));
	model_table(30)[2] = conforming;
	assert_int_equal(type_get(&model->core, MFN(30), PT_DESC), -EINVAL);
	assert_all_idle();
}

static void last_reference_frees(void **state)
{
	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	assert_true(page_flag_take(&frame_table[14], PAGE_ALLOCATED));
	assert_false(page_flag_take(&frame_table[14], PAGE_ALLOCATED));
	ref_put(&model->core, &frame_table[14]);
	assert_int_equal(model->releases, 0);	/* mapped still */
	assert_int_equal(model_write(13, 3, 0), 0);
	assert_int_equal(model->releases, 1);
	assert_int_equal(model_write(13, 3, model_pte(14, RO)), -EPERM);
}

/* Frames of another domain: by its number, where they stand, never anew. */
static void foreign_frames(void **state)
{
	struct page *pg = &frame_table[MODEL_FOREIGN];
	u64 e = model_pte(MODEL_FOREIGN, RW);

	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	assert_int_equal(model_write(13, 0, e), -EPERM);
	assert_int_equal(model_write_foreign(13, 0, model_pte(50, RW)), -EPERM);
	assert_int_equal(model_write_foreign(13, 0, model_pte(MODEL_HYP, RW)), -EPERM);
	assert_int_equal(model_write_foreign(13, 0, model_pte(MODEL_IO, RW)), -EPERM);
	assert_int_equal(model_write_foreign(13, 0, e | PTE_PCD), -EINVAL);
	assert_int_equal(model_write_foreign(12, 0, e), -EPERM);
	assert_int_equal(model_write_foreign(13, 0, e), 0);
	assert_int_equal(pg->refs, 2);
	assert_int_equal(model_count(MODEL_FOREIGN), 1);

	/* The same frame and right, with other bits; not with another right. */
	assert_int_equal(model_write(13, 0, e | PTE_A | PTE_D), 0);
	assert_int_equal(model_write(13, 0, model_pte(MODEL_FOREIGN, RO)), -EPERM);
	assert_int_equal(model_write(13, 1, e), -EPERM);
	assert_int_equal(pg->refs, 2);
	assert_int_equal(model_count(MODEL_FOREIGN), 1);
	/* Its owner cannot make a table of it meanwhile. */
	assert_int_equal(type_get(&model->other, MFN(MODEL_FOREIGN), PT_L1), -EBUSY);
	assert_int_equal(model_write(13, 0, 0), 0);
	assert_int_equal(pg->refs, 1);
	assert_int_equal(type_get(&model->other, MFN(MODEL_FOREIGN), PT_L1), 0);
	assert_int_equal(model->roles[0][MODEL_FOREIGN], 0);	/* flushed */
	/* And while it is a table nobody writes it. */
	assert_int_equal(model_write_foreign(13, 0, e), -EBUSY);
	assert_int_equal(model_write_foreign(13, 0, model_pte(MODEL_FOREIGN, RO)), 0);
	type_put(&model->other, MFN(MODEL_FOREIGN));
}

/* What the owner flushed is still in the TLBs of those it was lent to. */
static void foreign_frames_flush_everywhere(void **state)
{
	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	assert_int_equal(type_get(&model->other, MFN(MODEL_FOREIGN), PT_WRITABLE), 0);
	assert_int_equal(model_write_foreign(13, 0, model_pte(MODEL_FOREIGN, RW)), 0);
	assert_int_equal(model_write(13, 0, 0), 0);
	type_put(&model->other, MFN(MODEL_FOREIGN));
	env_flush(&model->other, NULL);
	assert_int_not_equal(model->roles[0][MODEL_FOREIGN], 0);
	assert_int_equal(type_get(&model->other, MFN(MODEL_FOREIGN), PT_L1), 0);
	assert_int_equal(model->roles[0][MODEL_FOREIGN], 0);
	type_put(&model->other, MFN(MODEL_FOREIGN));
}

/* Validation takes no foreign entry, whoever put it there. */
static void foreign_frames_not_validated(void **state)
{
	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	assert_int_equal(model_write_foreign(13, 0, model_pte(MODEL_FOREIGN, RW)), 0);
	assert_int_equal(unpin(10), 0);
	assert_int_equal(frame_table[MODEL_FOREIGN].refs, 1);
	assert_int_equal(model_count(MODEL_FOREIGN), 0);
	assert_int_equal(pin(13, PT_L1), -EPERM);
	model_table(13)[0] = 0;
	assert_int_equal(pin(13, PT_L1), 0);
	/* The last reference may be the foreign one. */
	assert_int_equal(model_write_foreign(13, 0, model_pte(MODEL_FOREIGN, RO)), 0);
	assert_true(page_flag_take(&frame_table[MODEL_FOREIGN], PAGE_ALLOCATED));
	ref_put(&model->other, &frame_table[MODEL_FOREIGN]);
	assert_int_equal(model->releases, 0);
	assert_int_equal(model_write(13, 0, 0), 0);
	assert_int_equal(model->releases, 1);
}

/* The end of a domain: pins and half done tables let go of everything. */
static void abandoned_types(void **state)
{
	unsigned int i;

	(void)state;
	build_tree();
	assert_int_equal(pin(10, PT_L4), 0);
	model->core.budget = 1;
	for (i = 0; i < 20; i++)
		model_table(20)[i] = model_pte(21 + i, RW);
	assert_int_equal(type_pin(&model->core, MFN(20), PT_L2), -ERESTART);
	assert_true(frame_table[20].type_info & TI_PARTIAL);
	for (i = 1; i < MODEL_OWN; i++) {
		type_abandon(&model->core, &frame_table[i]);
		if (page_flag_take(&frame_table[i], PAGE_ALLOCATED))
			ref_put(&model->core, &frame_table[i]);
	}
	model_drain();
	assert_int_equal(model->releases, MODEL_OWN - 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pin_and_unpin),
		CASE(writable_or_table),
		CASE(wrong_frames),
		cmocka_unit_test_setup_teardown(hardware_domain_maps_io,
						setup_hardware, teardown),
		CASE(bits_of_entries),
		CASE(reserved_slots),
		CASE(preempted_pin),
		CASE(abandoned_pin),
		CASE(failed_pin_gives_all_back),
		CASE(flushes),
		CASE(exchanges),
		CASE(raced_update),
		CASE(descriptor_pages),
		CASE(last_reference_frees),
		CASE(foreign_frames),
		CASE(foreign_frames_flush_everywhere),
		CASE(foreign_frames_not_validated),
		CASE(abandoned_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
