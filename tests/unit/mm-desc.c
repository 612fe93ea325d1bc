// SPDX-License-Identifier: GPL-2.0
/*
 * Which descriptors a guest may have: each kind by name, and every combination
 * of type, DPL, P, L and D/B against the rules as sentences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mm/types.h"

#define DESC(type, s, dpl, p, l, db) \
	(0xffffULL | (u64)(type) << 40 | (u64)(s) << 44 | (u64)(dpl) << 45 | \
	 (u64)(p) << 47 | 0xfULL << 48 | (u64)(l) << 53 | (u64)(db) << 54 | \
	 1ULL << 55)

static void known(void **state)
{
	u64 d;

	(void)state;
	d = 0x00af9a000000ffffULL;	/* Linux's __KERNEL_CS */
	assert_true(desc_check(&d));
	assert_int_equal(d, 0x00afbb000000ffffULL);
	d = 0x00cff2000000ffffULL;	/* __USER_DS */
	assert_true(desc_check(&d));
	assert_int_equal(d, 0x00cff3000000ffffULL);
	d = 0;
	assert_true(desc_check(&d));
	assert_int_equal(d, 0);
	d = 0x0000890000000067ULL;	/* a TSS */
	assert_false(desc_check(&d));
	d = 0x0000ec0000000000ULL;	/* a call gate, DPL 3 */
	assert_false(desc_check(&d));
	d = 0x0000820000000000ULL;	/* an LDT */
	assert_false(desc_check(&d));
}

static void all(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 1 << 10; i++) {
		unsigned int type = i & 15, s = i >> 4 & 1, dpl = i >> 5 & 3;
		unsigned int p = i >> 7 & 1, l = i >> 8 & 1, db = i >> 9;
		bool code = type & 8, conforming = code && (type & 4);
		bool stack16 = !code && (type & 2) && !db;
		u64 before = DESC(type, s, dpl, p, l, db), d = before;
		bool ok = desc_check(&d);

		assert_int_equal(ok, !p || (s && !conforming && !stack16 &&
					    !(code && l && db)));
		if (!ok || !p)
			assert_int_equal(d, before);
		else
			assert_int_equal(d, DESC(type | 1, s, dpl == 3 ? 3 : 1,
						 p, l, db));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known),
		cmocka_unit_test(all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
