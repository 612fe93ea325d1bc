// SPDX-License-Identifier: GPL-2.0
/*
 * Entries of a grant table: each condition alone, the flags over random uses against a count of
 * them, and an owner who writes the entry all the time.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "grant/entry.h"

#include <xen/xen.h>
#include <xen/grant_table.h>

#define ME 7
#define OTHER 8
#define FRAME 0x1234

static u64 entry(u16 flags, u16 domid, u32 frame)
{
	return (u64)frame << 32 | (u64)domid << 16 | flags;
}

static u16 flags_of(u64 e)
{
	return e;
}

static void conditions(void **state)
{
	static const struct {
		u16 flags, domid;
		bool write;
		int status;
	} rows[] = {
		{ GTF_permit_access, ME, true, GNTST_okay },
		{ GTF_permit_access, ME, false, GNTST_okay },
		{ GTF_permit_access | GTF_readonly, ME, false, GNTST_okay },
		{ GTF_permit_access | GTF_PWT | GTF_PAT, ME, true, GNTST_okay },
		{ GTF_permit_access | GTF_readonly, ME, true, GNTST_general_error },
		{ GTF_permit_access, OTHER, true, GNTST_general_error },
		{ GTF_permit_access, DOMID_SELF, true, GNTST_general_error },
		{ GTF_invalid, ME, false, GNTST_general_error },
		{ GTF_accept_transfer, ME, false, GNTST_general_error },
		{ GTF_transitive, ME, false, GNTST_general_error },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		u64 e = entry(rows[i].flags, rows[i].domid, FRAME), was = e;
		struct active a = { 0 };

		assert_int_equal(entry_claim(&e, &a, ME, rows[i].write), rows[i].status);
		if (rows[i].status) {
			assert_int_equal(e, was);
			assert_int_equal(a.readers + a.writers, 0);
			continue;
		}
		assert_int_equal(e, was | GTF_reading | (rows[i].write ? GTF_writing : 0));
		assert_int_equal(a.mfn, FRAME);
		entry_release(&e, &a, rows[i].write);
		assert_int_equal(e, was);
	}
}

/* What use began with stands, for the one who began it. */
static void in_use(void **state)
{
	u64 e = entry(GTF_permit_access, ME, FRAME);
	struct active a = { 0 };

	(void)state;
	assert_int_equal(entry_claim(&e, &a, ME, false), 0);
	e = entry(GTF_permit_access, OTHER, FRAME + 1);
	assert_int_equal(entry_claim(&e, &a, OTHER, false), GNTST_general_error);
	assert_int_equal(entry_claim(&e, &a, ME, false), GNTST_general_error);
	e = entry(GTF_permit_access, ME, FRAME + 1);
	assert_int_equal(entry_claim(&e, &a, ME, true), 0);
	assert_int_equal(a.mfn, FRAME);
	a.readers = 0x7fffffff;
	assert_int_equal(entry_claim(&e, &a, ME, false), GNTST_general_error);
	a.readers = 1;
	/* The owner is dead: only the counts go on. */
	entry_release(NULL, &a, true);
	entry_release(NULL, &a, false);
	assert_int_equal(a.readers + a.writers, 0);
}

static void random_uses(void **state)
{
	u64 e = entry(GTF_permit_access, ME, FRAME);
	struct active a = { 0 };
	unsigned int readers = 0, writers = 0, i;

	(void)state;
	srand(1);
	for (i = 0; i < 100000; i++) {
		bool write = rand() & 1;
		unsigned int *n = write ? &writers : &readers;

		if (rand() % 3 && *n < 4) {
			assert_int_equal(entry_claim(&e, &a, ME, write), 0);
			++*n;
		} else if (*n) {
			entry_release(&e, &a, write);
			--*n;
		}
		assert_int_equal(flags_of(e), GTF_permit_access |
				 (readers || writers ? GTF_reading : 0) |
				 (writers ? GTF_writing : 0));
	}
}

static u64 contested;
static int stop;

/* Frame and domid change together: frame 1 is for ME, frame 2 for nobody. */
static void *owner(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		__atomic_store_n(&contested, entry(GTF_permit_access, ME, 1), __ATOMIC_SEQ_CST);
		__atomic_store_n(&contested, entry(GTF_permit_access, OTHER, 2), __ATOMIC_SEQ_CST);
		__atomic_store_n(&contested, entry(0, ME, 3), __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void hostile_owner(void **state)
{
	struct active a = { 0 };
	unsigned int i, won = 0;
	pthread_t t;

	(void)state;
	stop = 0;
	assert_int_equal(pthread_create(&t, NULL, owner, NULL), 0);
	for (i = 0; i < 100000000 && won < 1000; i++) {
		if (entry_claim(&contested, &a, ME, true))
			continue;
		assert_int_equal(a.mfn, 1);
		entry_release(&contested, &a, true);
		won++;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	assert_true(won > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(in_use),
		cmocka_unit_test(random_uses),
		cmocka_unit_test(hostile_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
