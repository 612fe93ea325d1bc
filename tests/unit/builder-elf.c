// SPDX-License-Identifier: GPL-2.0
/*
 * The ELF and note parsers on files made here: a good one, one with a single
 * thing wrong for each case, and many with random bytes changed. Files lie at
 * the very end of an allocation, so that ASan sees any read beyond them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "internal.h"

#include <xen/elfnote.h>

#define BASE	0xffffffff80000000UL
#define TEXT_PA	0x1000000UL
#define TEXT_SZ	0x2000UL
#define P2M	0x8000000000UL

struct ehdr {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

struct shdr {
	u32 name, type;
	u64 flags, addr, offset, size;
	u32 link, info;
	u64 addralign, entsize;
};

struct file {
	struct ehdr e;
	struct phdr p[3];	/* text, per-CPU (vaddr 0), notes */
	struct shdr s[1];	/* notes once more */
	u8 notes[512];
	u8 text[TEXT_SZ];
};

static u8 *add_note(u8 *at, const char *owner, u32 type, const void *desc,
		    u32 size)
{
	u32 head[3] = { strlen(owner) + 1, size, type };

	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	memcpy(at, owner, head[0]);
	at += ALIGN_UP(head[0], 4);
	memcpy(at, desc, size);
	return at + ALIGN_UP(size, 4);
}

static u8 *add_number(u8 *at, u32 type, u64 v)
{
	return add_note(at, "Xen", type, &v, sizeof(v));
}

/* Linux's notes, as far as they matter. */
static u32 fill_notes(u8 *at)
{
	u8 *start = at;
	u32 one = 1;

	at = add_note(at, "Linux", 0x100, &one, 4);
	at = add_note(at, "Xen", XEN_ELFNOTE_GUEST_OS, "linux", 6);
	at = add_note(at, "Xen", XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
	at = add_number(at, XEN_ELFNOTE_VIRT_BASE, BASE);
	at = add_number(at, XEN_ELFNOTE_INIT_P2M, P2M);
	at = add_number(at, XEN_ELFNOTE_ENTRY, BASE + TEXT_PA + 0x10);
	at = add_note(at, "Xen", XEN_ELFNOTE_FEATURES, "!writable_page_tables",
		      21);
	at = add_note(at, "Xen", XEN_ELFNOTE_MOD_START_PFN, &one, 4);
	return at - start;
}

static struct file good(void)
{
	static const u8 ident[16] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	struct file f;

	memset(&f, 0, sizeof(f));
	memcpy(f.e.ident, ident, sizeof(ident));
	f.e.type = 2;
	f.e.machine = 62;
	f.e.entry = BASE + TEXT_PA + 0x20;
	f.e.phoff = offsetof(struct file, p);
	f.e.phentsize = sizeof(struct phdr);
	f.e.phnum = 3;
	f.e.shoff = offsetof(struct file, s);
	f.e.shentsize = sizeof(struct shdr);
	f.e.shnum = 1;
	f.p[0] = (struct phdr){ .type = 1, .vaddr = BASE + TEXT_PA,
		.paddr = TEXT_PA, .offset = offsetof(struct file, text),
		.filesz = TEXT_SZ, .memsz = TEXT_SZ + 0x5000 };
	f.p[1] = (struct phdr){ .type = 1, .vaddr = 0,
		.paddr = TEXT_PA + 0x8000, .offset = 0, .memsz = 0x1000 };
	f.p[2] = (struct phdr){ .type = 4, .offset = offsetof(struct file, notes),
		.filesz = fill_notes(f.notes) };
	f.s[0] = (struct shdr){ .type = 7, .offset = offsetof(struct file, notes),
		.size = f.p[2].filesz };
	return f;
}

/* Parse exactly @size bytes with redzones around. */
static const char *parse_bytes(const void *data, size_t size,
			       struct kernel *k)
{
	u8 *copy = malloc(size ? size : 1);
	struct kernel_file file;
	const char *fault;

	memcpy(copy, data, size);
	fault = kernel_open(copy, size, &file);
	if (!fault)
		fault = kernel_load(&file, NULL, k);
	free(copy);
	return fault;
}

static void expect_fault(const struct file *f, const char *words)
{
	struct kernel k;
	const char *fault = parse_bytes(f, sizeof(*f), &k);

	assert_non_null(fault);
	if (!strstr(fault, words))
		fail_msg("\"%s\" does not say \"%s\"", fault, words);
	assert_non_null(strchr(fault, ':'));	/* what to do follows */
}

static void test_good(void **state)
{
	struct file f = good();
	struct kernel k;

	(void)state;
	assert_null(parse_bytes(&f, sizeof(f), &k));
	assert_int_equal(k.nr_segments, 2);
	assert_int_equal(k.paddr_start, TEXT_PA);
	assert_int_equal(k.paddr_end, TEXT_PA + 0x9000);
	assert_true(k.entry == BASE + TEXT_PA + 0x10);
	assert_true(k.virt_base == BASE);
	assert_true(k.has_init_p2m && k.init_p2m == P2M);
	assert_true(k.mod_start_pfn);
	assert_false(k.has_hypercall_page);
}

static void test_entry_of_header(void **state)
{
	struct file f = good();
	struct kernel k;
	u8 *at = f.notes;

	(void)state;
	at = add_number(at, XEN_ELFNOTE_VIRT_BASE, BASE);
	f.p[2].filesz = at - f.notes;
	assert_null(parse_bytes(&f, sizeof(f), &k));
	assert_true(k.entry == f.e.entry);
	assert_false(k.mod_start_pfn);
}

static void test_header_faults(void **state)
{
	struct file f;

	(void)state;
	f = good();
	f.e.ident[1] = 'F';
	expect_fault(&f, "neither bzImage nor ELF");
	f = good();
	f.e.ident[4] = 1;
	expect_fault(&f, "32-bit");
	f = good();
	f.e.machine = 183;
	expect_fault(&f, "x86-64");
	f = good();
	f.e.type = 1;
	expect_fault(&f, "not an executable");
	f = good();
	f.e.phentsize = 32;
	expect_fault(&f, "malformed");
	f = good();
	f.e.phnum = 0;
	expect_fault(&f, "malformed");
	f = good();
	f.e.phoff = ~0UL - 8;
	expect_fault(&f, "truncated");
	f = good();
	f.e.phnum = 0xffff;
	expect_fault(&f, "truncated");
}

static void test_segment_faults(void **state)
{
	struct file f;

	(void)state;
	f = good();
	f.p[0].filesz = f.p[0].memsz + 1;
	expect_fault(&f, "malformed");
	f = good();
	f.p[0].offset = sizeof(f) - TEXT_SZ + 1;
	expect_fault(&f, "truncated");
	f = good();
	f.p[0].offset = ~0UL;
	expect_fault(&f, "truncated");
	f = good();
	f.p[1].memsz = 1UL << 63;
	expect_fault(&f, "malformed");
	f = good();
	f.p[1].paddr = ~0UL - 0x800;
	expect_fault(&f, "malformed");
	f = good();
	f.p[0].type = f.p[1].type = 6;
	expect_fault(&f, "nothing to load");
	f = good();
	f.p[1].paddr = 1UL << 32;
	expect_fault(&f, "VIRT_BASE");
}

/* The good file with one more note at the end. */
static struct file with_note(u32 type, const void *desc, u32 size)
{
	struct file f = good();
	u8 *end = add_note(f.notes + f.p[2].filesz, "Xen", type, desc, size);

	f.p[2].filesz = end - f.notes;
	return f;
}

static struct file with_number(u32 type, u64 v)
{
	return with_note(type, &v, sizeof(v));
}

static void test_fitness(void **state)
{
	static const struct { const char *os; bool fit; } kernels[] = {
		{ "linux", true }, { "ringlet-test", true }, { "Mini-OS", false },
		{ "linuxoid", false }, { "", false },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct file f = with_note(XEN_ELFNOTE_GUEST_OS, kernels[i].os,
					  strlen(kernels[i].os) + 1);
		struct kernel k;

		assert_null(parse_bytes(&f, sizeof(f), &k));
		assert_int_equal(kernel_is_fit(&k), kernels[i].fit);
	}
}

static void test_note_faults(void **state)
{
	struct file f;

	(void)state;
	f = good();
	f.e.phnum = 2;
	f.e.shnum = 0;
	expect_fault(&f, "no Xen notes");
	f = with_note(XEN_ELFNOTE_XEN_VERSION, "xen-9.9", 8);
	expect_fault(&f, "xen-3.0");
	f = with_note(XEN_ELFNOTE_ENTRY, "abcdefg", 7);
	expect_fault(&f, "neither 4 nor 8");
	f = with_note(XEN_ELFNOTE_FEATURES, "pae|!supervisor_mode_kernel", 27);
	expect_fault(&f, "ring 0");
	f = with_number(XEN_ELFNOTE_ENTRY, BASE);
	expect_fault(&f, "entry point");
	f = with_number(XEN_ELFNOTE_ENTRY, ~0UL);
	expect_fault(&f, "entry point");
	f = with_number(XEN_ELFNOTE_VIRT_BASE, 0xffff830000000000UL);
	expect_fault(&f, "VIRT_BASE");
	f = with_number(XEN_ELFNOTE_VIRT_BASE, 0x00007fffff000000UL);
	expect_fault(&f, "VIRT_BASE");
	f = with_number(XEN_ELFNOTE_VIRT_BASE, 0x0100000000000000UL);
	expect_fault(&f, "VIRT_BASE");
	f = with_number(XEN_ELFNOTE_VIRT_BASE, BASE + 1);
	expect_fault(&f, "VIRT_BASE");
	f = with_number(XEN_ELFNOTE_PADDR_OFFSET, TEXT_PA + 0x1000);
	expect_fault(&f, "PADDR_OFFSET");
}

static void test_address_note_faults(void **state)
{
	static const u64 bad_page[] = {
		BASE + TEXT_PA + 0x10, BASE, BASE + TEXT_PA + 0x9000,
		0xfffffffffffff000UL, 0,
	};
	static const u64 bad_p2m[] = {
		P2M + 8, 0xffff800000000000UL, 0xffffff8000000000UL,
		0x00007ffffffff000UL, 0x0000800000000000UL, ~0xfffUL,
	};
	struct file f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad_page); i++) {
		f = with_number(XEN_ELFNOTE_HYPERCALL_PAGE, bad_page[i]);
		expect_fault(&f, "HYPERCALL_PAGE");
	}
	for (i = 0; i < ARRAY_SIZE(bad_p2m); i++) {
		f = with_number(XEN_ELFNOTE_INIT_P2M, bad_p2m[i]);
		expect_fault(&f, "INIT_P2M");
	}
}

static void test_hypercall_page_ok(void **state)
{
	struct file f = with_number(XEN_ELFNOTE_HYPERCALL_PAGE,
				    BASE + TEXT_PA + 0x8000);
	struct kernel k;

	(void)state;
	assert_null(parse_bytes(&f, sizeof(f), &k));
	assert_true(k.has_hypercall_page);
}

static void test_truncated_anywhere(void **state)
{
	struct file f = good();
	struct kernel k;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(f); n += n < 1024 ? 1 : 97)
		assert_non_null(parse_bytes(&f, n, &k));
}

/* Whatever the bytes are: an answer, and nothing read that is not there. */
static void test_random_damage(void **state)
{
	struct kernel k;
	struct file f;
	u32 round, n, i, s;

	(void)state;
	srand(20261120);
	for (round = 0; round < 60000; round++) {
		f = good();
		n = 1 + rand() % 6;
		for (i = 0; i < n; i++)
			((u8 *)&f)[rand() % offsetof(struct file, text)] =
				rand() % 3 ? rand() : (rand() & 1 ? 0xff : 0);
		if (parse_bytes(&f, sizeof(f), &k))
			continue;
		/* Accepted: all that the builder relies on. */
		assert_true(k.nr_segments && k.nr_segments <= MAX_SEGMENTS);
		assert_true(k.paddr_offset <= k.paddr_start);
		assert_true(k.entry - k.virt_base <
			    k.paddr_end - k.paddr_offset);
		for (s = 0; s < k.nr_segments; s++) {
			assert_true(k.segment[s].filesz <= k.segment[s].memsz);
			assert_true(k.segment[s].paddr >= k.paddr_start);
			assert_true(k.segment[s].paddr + k.segment[s].memsz <=
				    k.paddr_end);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_entry_of_header),
		cmocka_unit_test(test_header_faults),
		cmocka_unit_test(test_segment_faults),
		cmocka_unit_test(test_fitness),
		cmocka_unit_test(test_note_faults),
		cmocka_unit_test(test_address_note_faults),
		cmocka_unit_test(test_hypercall_page_ok),
		cmocka_unit_test(test_truncated_anywhere),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
