// SPDX-License-Identifier: GPL-2.0
/* Core dumps of a hostile guest: what is written, and that walks end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core.h"

#define NR_PFNS		16
#define PRESENT		1UL
#define MFN(pfn)	(1000UL + (pfn))

static struct core core;
static uint64_t pages[NR_PFNS][512];

/* Memory of NR_PFNS pages: page tables in 4 to 1, the rest as a case makes it. */
static void begin(void)
{
	char path[] = "/tmp/rl-core-XXXXXX";
	uint64_t pfn;

	memset(pages, 0, sizeof(pages));
	memset(&core, 0, sizeof(core));
	core.fd = mkstemp(path);
	assert_true(core.fd >= 0);
	unlink(path);
	core.nr_pfns = core.nr_frames = NR_PFNS;
	core.frames = calloc(NR_PFNS, sizeof(*core.frames));
	core.segments = calloc(CORE_MAX_SEGMENTS, sizeof(*core.segments));
	core.nr_segments = 1;
	for (pfn = 0; pfn < NR_PFNS; pfn++) {
		core.frames[pfn].mfn = MFN(pfn);
		core.frames[pfn].pfn = pfn;
	}
}

static void entry(int table, int index, uint64_t mfn)
{
	pages[table][index] = mfn << 12 | PRESENT;
}

static void write_pages(void)
{
	int pfn;

	for (pfn = 0; pfn < NR_PFNS; pfn++)
		assert_int_equal(core_page(&core, pfn, pages[pfn]), 0);
	assert_int_equal(ftruncate(core.fd, CORE_MEMORY + sizeof(pages)), 0);
}

static void finish(void)
{
	close(core.fd);
	free(core.frames);
	free(core.segments);
}

static void a_run_becomes_a_segment(void **state)
{
	(void)state;
	begin();
	entry(4, 400, MFN(3));
	entry(3, 1, MFN(2));
	entry(2, 0, MFN(1));
	entry(1, 5, MFN(7));
	entry(1, 6, MFN(8));
	entry(1, 7, MFN(12));
	entry(1, 9, 5);			/* not the domain's */
	write_pages();
	core_walk(&core, MFN(4));
	assert_int_equal(core.nr_segments, 3);
	assert_true(core.segments[1].p_vaddr ==
		    (0xffff000000000000UL | 400UL << 39 | 1UL << 30 | 5 << 12));
	assert_int_equal(core.segments[1].p_paddr, 7 * 4096);
	assert_int_equal(core.segments[1].p_memsz, 2 * 4096);
	assert_int_equal(core.segments[1].p_offset, CORE_MEMORY + 7 * 4096);
	assert_int_equal(core.segments[2].p_paddr, 12 * 4096);
	finish();
}

/* A table that names itself in all its entries is 2^36 mappings. */
static void walks_end(void **state)
{
	int i;

	(void)state;
	begin();
	for (i = 0; i < 512; i++)
		entry(4, i, MFN(4));
	write_pages();
	core_walk(&core, MFN(4));
	assert_true(core.nr_segments <= CORE_MAX_SEGMENTS);
	core_walk(&core, 1);		/* a base that is not the domain's */
	finish();
}

static void notes_are_bounded(void **state)
{
	static const uint32_t header[] = { 11, 4097, 0 };
	Elf64_Ehdr elf;

	(void)state;
	begin();
	/* Longer than its page, then one that is sound, then a second one. */
	memcpy(pages[8], header, sizeof(header));
	memcpy((char *)pages[8] + 12, "VMCOREINFO", 11);
	memcpy(pages[9], pages[8], 32);
	((uint32_t *)pages[9])[1] = 8;
	memcpy((char *)pages[9] + 24, "OSRELEAS", 8);
	memcpy(pages[10], pages[9], 64);
	write_pages();
	assert_true(core.has_vmcoreinfo);
	assert_int_equal(core.notes_size, 12 + 12 + 8);
	assert_memory_equal(core.notes + 24, "OSRELEAS", 8);
	core_note(&core, "CORE", 1, pages, sizeof(pages));
	assert_int_equal(core.notes_size, 12 + 12 + 8);
	assert_int_equal(core_finish(&core), 0);
	assert_int_equal(pread(core.fd, &elf, sizeof(elf), 0), sizeof(elf));
	assert_int_equal(elf.e_type, ET_CORE);
	assert_int_equal(elf.e_phnum, core.nr_segments);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_becomes_a_segment),
		cmocka_unit_test(walks_end),
		cmocka_unit_test(notes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
