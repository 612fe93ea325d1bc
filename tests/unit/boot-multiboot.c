// SPDX-License-Identifier: GPL-2.0
/*
 * Both multiboot protocols, from a piece of "physical memory" of the test.
 *
 * boot_phys() here reaches exactly that piece; with the structures at its end,
 * ASan sees any read beyond what was checked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/boot-info.h"

#define PHYS_BASE	0x10000UL

static u8 *phys;
static u64 phys_size;
static struct boot_info info;

const void *boot_phys(paddr_t pa, u64 size)
{
	if (pa < PHYS_BASE || pa - PHYS_BASE > phys_size ||
	    size > phys_size - (pa - PHYS_BASE))
		return NULL;
	return phys + (pa - PHYS_BASE);
}

static void phys_set(const void *data, u64 size)
{
	free(phys);
	phys = malloc(size ? size : 1);
	phys_size = size;
	memcpy(phys, data, size);
}

struct mb1 {
	u32 flags, mem[2], boot_device, cmdline, mods_count, mods_addr, syms[4];
	u32 mmap_length, mmap_addr, drives[2], config, loader, apm, vbe[4];
	u32 module[2][4];
	u8 mmap[2 * 24];
	char text[64];
};

#define AT(member) (PHYS_BASE + offsetof(struct mb1, member))

static void put_mmap(u8 *at, u64 addr, u64 len, u32 type)
{
	u32 size = 20;

	memcpy(at, &size, 4);
	memcpy(at + 4, &addr, 8);
	memcpy(at + 12, &len, 8);
	memcpy(at + 20, &type, 4);
}

static struct mb1 good_mb1(void)
{
	struct mb1 m;

	memset(&m, 0, sizeof(m));
	m.flags = BIT(2) | BIT(3) | BIT(6) | BIT(9);
	strcpy(m.text, "ringlet.elf console=com1");
	strcpy(m.text + 32, "qemu");
	strcpy(m.text + 40, "vmlinuz hello");
	m.cmdline = AT(text);
	m.loader = AT(text) + 32;
	m.mods_count = 2;
	m.mods_addr = AT(module);
	m.module[0][0] = 0x400000;
	m.module[0][1] = 0x500000;
	m.module[0][2] = AT(text) + 40;
	m.module[1][0] = 0x600000;
	m.module[1][1] = 0x600010;
	m.mmap_length = sizeof(m.mmap);
	m.mmap_addr = AT(mmap);
	put_mmap(m.mmap, 0x100000, 0x7f00000, 1);
	put_mmap(m.mmap + 24, 0xf0000, 0x10000, 2);
	return m;
}

static const char *parse_mb1(const struct mb1 *m)
{
	phys_set(m, sizeof(*m));
	return boot_info_parse(BOOT_MAGIC_MB1, PHYS_BASE, &info);
}

static void test_mb1_good(void **state)
{
	struct mb1 m = good_mb1();

	(void)state;
	assert_null(parse_mb1(&m));
	assert_string_equal(boot_arguments(&info, info.cmdline),
			    "console=com1");
	assert_string_equal(info.loader, "qemu");
	assert_int_equal(info.nr_modules, 2);
	assert_int_equal(info.module[0].start, 0x400000);
	assert_int_equal(info.module[0].end, 0x500000);
	assert_string_equal(boot_arguments(&info, info.module[0].string),
			    "hello");
	assert_string_equal(info.module[1].string, "");
	assert_int_equal(info.nr_e820, 2);
	assert_int_equal(info.e820[1].type, E820_RESERVED);
	assert_false(info.truncated);
}

static void test_mb1_faults(void **state)
{
	struct mb1 m;

	(void)state;
	m = good_mb1();
	m.flags &= ~BIT(6);
	assert_non_null(strstr(parse_mb1(&m), "memory map"));
	m = good_mb1();
	m.mmap_addr = 0xfffffff0;
	assert_non_null(parse_mb1(&m));
	m = good_mb1();
	m.mmap_length = 0xffffffff;
	assert_non_null(parse_mb1(&m));
	m = good_mb1();
	m.mmap[0] = 4;
	assert_non_null(parse_mb1(&m));
	m = good_mb1();
	m.mods_count = 0x10000001;	/* times 16 is 16 in 32 bits */
	assert_non_null(parse_mb1(&m));
	m = good_mb1();
	m.flags |= BIT(12);		/* a longer structure than there is... */
	phys_set(&m, 90);
	assert_non_null(boot_info_parse(BOOT_MAGIC_MB1, PHYS_BASE, &info));
	assert_non_null(boot_info_parse(0x1234, PHYS_BASE, &info));
}

static void test_mb1_odd_but_good(void **state)
{
	struct mb1 m;

	(void)state;
	m = good_mb1();
	m.cmdline = 0xdeadbeef;		/* not mapped: empty */
	assert_null(parse_mb1(&m));
	assert_string_equal(info.cmdline, "");
	m = good_mb1();
	m.module[0][1] = 0x1000;	/* ends before it starts: empty */
	assert_null(parse_mb1(&m));
	assert_int_equal(info.module[0].start, info.module[0].end);
	m = good_mb1();
	put_mmap(m.mmap, ~0UL - 10, 100, 1);	/* wraps: ignored */
	assert_null(parse_mb1(&m));
	assert_int_equal(info.nr_e820, 1);
	m = good_mb1();
	memset(m.text, 'a', sizeof(m.text));	/* never ends: to the end */
	assert_null(parse_mb1(&m));
	assert_int_equal(strlen(info.cmdline), sizeof(m.text));
}

/* A multiboot 2 information of tags added one by one. */
struct mb2 {
	u8 bytes[4096];
	u32 used;
};

static void mb2_start(struct mb2 *m)
{
	memset(m, 0, sizeof(*m));
	m->used = 8;
}

static u8 *mb2_tag(struct mb2 *m, u32 type, const void *data, u32 size)
{
	u32 head[2] = { type, size + 8 };
	u8 *at = m->bytes + m->used;

	memcpy(at, head, 8);
	memcpy(at + 8, data, size);
	m->used += ALIGN_UP(size + 8, 8);
	return at;
}

static const char *mb2_parse(struct mb2 *m)
{
	memcpy(m->bytes, &m->used, 4);
	phys_set(m->bytes, m->used);
	return boot_info_parse(BOOT_MAGIC_MB2, PHYS_BASE, &info);
}

static void good_mb2(struct mb2 *m)
{
	static const u64 mmap[] = {
		24, 0x100000, 0x7f00000, 1, 0x8000000, 0x1000, 3,
	};
	struct {
		u32 range[2];
		char string[20];
	} module = { { 0x400000, 0x500000 }, "placeholder root=x" };

	mb2_start(m);
	mb2_tag(m, 1, "placeholder console=com1", 25);
	mb2_tag(m, 2, "GRUB 2.06", 10);
	mb2_tag(m, 3, &module, sizeof(module));
	mb2_tag(m, 6, mmap, sizeof(mmap));
	mb2_tag(m, 15, "RSD PTR ", 8);		/* of no interest */
	mb2_tag(m, 12, "12345678", 8);
}

static void test_mb2_good(void **state)
{
	struct mb2 m;

	(void)state;
	good_mb2(&m);
	mb2_tag(&m, 0, "", 0);
	assert_null(mb2_parse(&m));
	assert_string_equal(boot_arguments(&info, info.cmdline),
			    "console=com1");
	assert_int_equal(info.nr_modules, 1);
	assert_int_equal(info.module[0].end, 0x500000);
	assert_string_equal(boot_arguments(&info, info.module[0].string),
			    "root=x");
	assert_int_equal(info.nr_e820, 2);
	assert_int_equal(info.e820[1].type, E820_ACPI);
	assert_true(info.efi);
}

static void test_mb2_faults(void **state)
{
	struct mb2 m;
	u32 v;
	u8 *tag;

	(void)state;
	good_mb2(&m);			/* no end tag */
	assert_non_null(mb2_parse(&m));

	good_mb2(&m);
	tag = mb2_tag(&m, 77, "", 0);
	v = 4;				/* smaller than its own header */
	memcpy(tag + 4, &v, 4);
	mb2_tag(&m, 0, "", 0);
	assert_non_null(mb2_parse(&m));

	good_mb2(&m);
	tag = mb2_tag(&m, 77, "", 0);
	v = 0xfffffffc;			/* rounds up to 0 */
	memcpy(tag + 4, &v, 4);
	mb2_tag(&m, 0, "", 0);
	assert_non_null(mb2_parse(&m));

	mb2_start(&m);			/* no memory map */
	mb2_tag(&m, 0, "", 0);
	assert_non_null(strstr(mb2_parse(&m), "memory map"));

	mb2_start(&m);
	mb2_tag(&m, 6, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);	/* entries of size 0 */
	mb2_tag(&m, 0, "", 0);
	assert_non_null(mb2_parse(&m));

	mb2_start(&m);
	mb2_tag(&m, 3, "\0\0\0\0", 4);	/* half a module */
	mb2_tag(&m, 0, "", 0);
	assert_non_null(mb2_parse(&m));

	v = 0xffffffff;
	phys_set(&v, 4);
	assert_non_null(boot_info_parse(BOOT_MAGIC_MB2, PHYS_BASE, &info));
}

static void test_too_much(void **state)
{
	u64 mmap[2 + 3 * 200] = { 24 };
	struct mb2 m;
	u32 i;

	(void)state;
	for (i = 0; i < 140; i++) {
		mmap[1 + 3 * i] = i << 20;
		mmap[2 + 3 * i] = 0x1000;
		mmap[3 + 3 * i] = 1;
	}
	mb2_start(&m);
	mb2_tag(&m, 6, mmap, 8 + 140 * 24);
	for (i = 0; i < MAX_MODULES + 2; i++)
		mb2_tag(&m, 3, "\0\0\1\0\0\0\2\0x", 10);
	mb2_tag(&m, 0, "", 0);
	assert_null(mb2_parse(&m));
	assert_true(info.truncated);
	assert_int_equal(info.nr_e820, MAX_E820);
	assert_int_equal(info.nr_modules, MAX_MODULES);
}

static void test_random_damage(void **state)
{
	struct mb1 m1;
	struct mb2 m2;
	u32 round, i;

	(void)state;
	srand(20261120);
	for (round = 0; round < 30000; round++) {
		m1 = good_mb1();
		for (i = 0; i < 3; i++)
			((u8 *)&m1)[rand() % sizeof(m1)] = rand();
		(void)parse_mb1(&m1);

		good_mb2(&m2);
		mb2_tag(&m2, 8, "0123456789012345678901234567890", 31);
		mb2_tag(&m2, 0, "", 0);
		for (i = 0; i < 3; i++)
			m2.bytes[8 + rand() % (m2.used - 8)] = rand();
		(void)mb2_parse(&m2);
	}
}

static void test_arguments(void **state)
{
	(void)state;
	memset(&info, 0, sizeof(info));
	assert_string_equal(boot_arguments(&info, "file a b"), "a b");
	assert_string_equal(boot_arguments(&info, "  file"), "");
	assert_string_equal(boot_arguments(&info, ""), "");
	strcpy(info.loader, "GRUB 2.06");
	assert_string_equal(boot_arguments(&info, "a b"), "a b");
	assert_string_equal(boot_arguments(&info, "placeholder  a"), "a");
	assert_string_equal(boot_arguments(&info, "placeholders a"),
			    "placeholders a");
	strcpy(info.loader, "GRUB 0.97");
	assert_string_equal(boot_arguments(&info, "/file a"), "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mb1_good),
		cmocka_unit_test(test_mb1_faults),
		cmocka_unit_test(test_mb1_odd_but_good),
		cmocka_unit_test(test_mb2_good),
		cmocka_unit_test(test_mb2_faults),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_arguments),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	free(phys);
	return rc;
}
