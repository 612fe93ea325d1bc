// SPDX-License-Identifier: GPL-2.0
/*
 * Copies to and from guests: which addresses are reached, which are refused,
 * and that nothing is held afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "mm-model.h"
#include "machine/directmap.h"
#include "machine/layout.h"
#include "machine/pcpu.h"
#include "state/domain.h"
#include "state/guest-access.h"

#define RW (PTE_P | PTE_RW)
#define VA 0x40203000UL		/* L4 0, L3 1, L2 1, L1 3 */

struct pcpu model_pcpu;
static struct domain domain = { .id = MODEL_DOMID };
static struct vcpu vcpu = { .domain = &domain };
static unsigned int released;

void page_free_last(struct page *pg)
{
	released++;
	env_release(&model->core, pg);
}

/* L4 10, L3 11, L2 12, L1 13; at VA: 20 writable, 21 read-only, 22 writable. */
static int setup(void **state)
{
	(void)state;
	model_start(true);
	model_table(10)[0] = model_pte(11, RW | PTE_US);
	model_table(11)[1] = model_pte(12, RW | PTE_US);
	model_table(12)[1] = model_pte(13, RW | PTE_US);
	model_table(13)[3] = model_pte(20, RW | PTE_US);
	model_table(13)[4] = model_pte(21, PTE_P);
	model_table(13)[5] = model_pte(22, RW);
	model_table(13)[6] = model_pte(MODEL_IO, RW);
	assert_int_equal(type_pin(&model->core, MFN(10), PT_L4), 0);
	vcpu.guest_l4 = MFN(10);
	model_pcpu.current = &vcpu;
	released = 0;
	return 0;
}

/* Every copy gave back what it held. */
static int teardown(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(type_unpin(&model->core, MFN(10)), 0);
	model_drain();
	for (i = 1; i < MODEL_OWN; i++) {
		if (frame_table[i].owner != MODEL_DOMID)
			continue;
		assert_int_equal(frame_table[i].refs, 1);
		assert_int_equal(model_count(i), 0);
	}
	model_stop();
	return 0;
}

static void walks(void **state)
{
	struct guest_walk w;

	(void)state;
	assert_int_equal(guest_walk(&vcpu, VA + 8, &w), 0);
	assert_int_equal(w.mfn.v, 20);
	assert_int_equal(w.l1_mfn.v, 13);
	assert_true(w.writable && w.user);
	assert_int_equal(guest_walk(&vcpu, VA + 0x1000, &w), 0);
	assert_false(w.writable || w.user);
	assert_int_equal(guest_walk(&vcpu, VA + 0x2000, &w), 0);
	assert_true(w.writable && !w.user);
	assert_int_equal(guest_walk(&vcpu, VA - 0x1000, &w), -EFAULT);
	assert_int_equal(guest_walk(&vcpu, VA + (1UL << 30), &w), -EFAULT);
}

static void reserved_and_non_canonical(void **state)
{
	static const u64 bad[] = {
		0x0000800000000000UL, 0x8000000000000000UL,
		0xffff7fffffffffffUL, GUEST_HOLE_START, GATE_VIRT,
		DIRECTMAP_VIRT - 1,
	};
	struct guest_walk w;
	unsigned int i;

	(void)state;
	/* Even where the guest's own table has something in these slots. */
	model_table(10)[GATE_SLOT] = model_pte(11, RW | PTE_US);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(guest_walk(&vcpu, bad[i], &w), -EFAULT);
	model_table(10)[GATE_SLOT] = 0;
	assert_true(guest_range_ok(0, LOWER_HALF_END));
	assert_false(guest_range_ok(1, LOWER_HALF_END));
	assert_false(guest_range_ok(0x1000, ~0UL));
	assert_true(guest_range_ok(DIRECTMAP_VIRT, -DIRECTMAP_VIRT));
	assert_false(guest_range_ok(DIRECTMAP_VIRT - 1, 2));
	assert_false(guest_range_ok(LOWER_HALF_END - 8, DIRECTMAP_VIRT));
}

static void upper_levels_count(void **state)
{
	struct guest_walk w;
	u64 x = 1;

	(void)state;
	assert_int_equal(model_write(11, 1, model_pte(12, PTE_P | PTE_US)), 0);
	assert_int_equal(guest_walk(&vcpu, VA, &w), 0);
	assert_false(w.writable);
	assert_int_equal(copy_to_guest(VA, &x, sizeof(x)), sizeof(x));
	assert_int_equal(copy_from_guest(&x, VA, sizeof(x)), 0);
	assert_int_equal(x, 0);
	assert_int_equal(model_write(11, 1, 0), 0);
	assert_int_equal(copy_from_guest(&x, VA, sizeof(x)), sizeof(x));
}

/* Across pages, as far as it goes: what is left is told. */
static void crosses_pages(void **state)
{
	char buf[0x3000];

	(void)state;
	memset(model_table(20), 'a', PAGE_SIZE);
	memset(model_table(21), 'b', PAGE_SIZE);
	memset(model_table(22), 'c', PAGE_SIZE);
	assert_int_equal(copy_from_guest(buf, VA + 0x800, 0x2000), 0);
	assert_int_equal(buf[0x7ff], 'a');
	assert_int_equal(buf[0x800], 'b');
	assert_int_equal(buf[0x17ff], 'b');
	assert_int_equal(buf[0x1800], 'c');
	/* The frame behind is not RAM. */
	assert_int_equal(copy_from_guest(buf, VA + 0x2ff0, 0x20), 0x10);
	/* The second page is read-only. */
	memset(buf, 'd', sizeof(buf));
	assert_int_equal(copy_to_guest(VA + 0xff8, buf, 16), 8);
	assert_memory_equal((char *)model_table(20) + 0xff8, "dddddddd", 8);
	assert_int_equal(*(char *)model_table(21), 'b');
	assert_int_equal(copy_to_guest(VA + 0x2000, buf, 0), 0);
}

/* A table that the guest maps to read is not written through that mapping. */
static void tables_are_not_written(void **state)
{
	u64 x = ~0UL;

	(void)state;
	assert_int_equal(model_write(13, 7, model_pte(13, PTE_P)), 0);
	assert_int_equal(copy_to_guest(VA + 0x4000, &x, sizeof(x)), sizeof(x));
	assert_int_equal(copy_from_guest(&x, VA + 0x4018, sizeof(x)), 0);
	assert_int_equal(x, model_pte(20, RW | PTE_US));
	assert_int_equal(model_write(13, 7, 0), 0);
}

/* Tables that are none any more lead nowhere. */
static void stale_tables(void **state)
{
	u64 x;

	(void)state;
	vcpu.guest_l4 = MFN(20);	/* a writable page */
	assert_int_equal(copy_from_guest(&x, VA, sizeof(x)), sizeof(x));
	vcpu.guest_l4 = MFN(MODEL_FOREIGN);
	assert_int_equal(copy_from_guest(&x, VA, sizeof(x)), sizeof(x));
	vcpu.guest_l4 = INVALID_MFN;
	assert_int_equal(copy_from_guest(&x, VA, sizeof(x)), sizeof(x));
	/* A frame that lost its owner under a mapping (which cannot be). */
	vcpu.guest_l4 = MFN(10);
	frame_table[20].owner = 2;
	assert_int_equal(copy_from_guest(&x, VA, sizeof(x)), sizeof(x));
	frame_table[20].owner = MODEL_DOMID;
	assert_int_equal(released, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(walks),
		CASE(reserved_and_non_canonical),
		CASE(upper_levels_count),
		CASE(crosses_pages),
		CASE(tables_are_not_written),
		CASE(stale_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
