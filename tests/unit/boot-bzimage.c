// SPDX-License-Identifier: GPL-2.0
/* The bzImage container: a good one, single faults, random damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/kernel.h"

#define SETUP_SECTS	3
#define PAYLOAD_AT	0x40
#define PAYLOAD_SIZE	0x300
#define FILE_SIZE	((SETUP_SECTS + 1) * 512 + PAYLOAD_AT + PAYLOAD_SIZE)

static void put32(u8 *p, u32 v)
{
	memcpy(p, &v, sizeof(v));
}

static void make(u8 *f)
{
	static const u8 zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	u8 *payload = f + (SETUP_SECTS + 1) * 512 + PAYLOAD_AT;

	memset(f, 0, FILE_SIZE);
	f[0x1f1] = SETUP_SECTS;
	f[0x1fe] = 0x55;
	f[0x1ff] = 0xaa;
	memcpy(f + 0x202, "HdrS", 4);
	f[0x206] = 0x0f;
	f[0x207] = 0x02;
	f[0x236] = 1;
	put32(f + 0x248, PAYLOAD_AT);
	put32(f + 0x24c, PAYLOAD_SIZE);
	memcpy(payload, zstd, sizeof(zstd));
	put32(payload + PAYLOAD_SIZE - 4, 0x123456);
}

/* Parse exactly @size bytes with redzones around; the image is not kept. */
static const char *parse(const u8 *f, size_t size, struct bzimage *image)
{
	u8 *copy = malloc(size ? size : 1);
	const char *fault;

	memcpy(copy, f, size);
	fault = bzimage_parse(copy, size, image);
	if (!fault) {
		assert_true(image->payload >= copy);
		assert_true(image->payload + image->payload_size <=
			    copy + size);
	}
	free(copy);
	return fault;
}

static void expect_fault(u32 offset, u8 value, const char *words)
{
	struct bzimage image;
	u8 f[FILE_SIZE];
	const char *fault;

	make(f);
	f[offset] = value;
	fault = parse(f, sizeof(f), &image);
	assert_non_null(fault);
	if (!strstr(fault, words))
		fail_msg("\"%s\" does not say \"%s\"", fault, words);
}

static void test_good(void **state)
{
	struct bzimage image;
	u8 f[FILE_SIZE];

	(void)state;
	make(f);
	assert_null(parse(f, sizeof(f), &image));
	assert_int_equal(image.compression, COMP_ZSTD);
	assert_string_equal(image.name, "zstd");
	assert_int_equal(image.payload_size, PAYLOAD_SIZE);
	assert_int_equal(image.unpacked_size, 0x123456);
}

static void test_formats(void **state)
{
	static const struct {
		u8 magic[6];
		enum compression compression;
	} formats[] = {
		{ { 0x1f, 0x8b }, COMP_GZIP },
		{ { 0xfd, '7', 'z', 'X', 'Z' }, COMP_XZ },
		{ { 0x5d }, COMP_LZMA },
		{ { 0x7f, 'E', 'L', 'F' }, COMP_NONE },
	};
	struct bzimage image;
	u8 f[FILE_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		make(f);
		memcpy(f + (SETUP_SECTS + 1) * 512 + PAYLOAD_AT,
		       formats[i].magic, sizeof(formats[i].magic));
		assert_null(parse(f, sizeof(f), &image));
		assert_int_equal(image.compression, formats[i].compression);
	}
}

static void test_faults(void **state)
{
	const u32 payload = (SETUP_SECTS + 1) * 512 + PAYLOAD_AT;

	(void)state;
	expect_fault(0x1fe, 0, "not a kernel");
	expect_fault(0x203, 'x', "not a kernel");
	expect_fault(0x206, 0x07, "older than 2.08");
	expect_fault(0x236, 0, "32-bit");
	expect_fault(0x24d, 0x04, "truncated");
	expect_fault(0x24b, 0xff, "truncated");
	expect_fault(0x1f1, SETUP_SECTS + 1, "truncated");
	expect_fault(0x24d, 0, "no payload");
	expect_fault(payload, 'B', "no known compression");
}

static void test_unserved_format(void **state)
{
	static const u8 lz4[] = { 0x02, 0x21, 0x4c, 0x18 };
	struct bzimage image;
	u8 f[FILE_SIZE];

	(void)state;
	make(f);
	memcpy(f + (SETUP_SECTS + 1) * 512 + PAYLOAD_AT, lz4, sizeof(lz4));
	assert_non_null(strstr(parse(f, sizeof(f), &image), "lz4"));
}

static void test_truncated_anywhere(void **state)
{
	struct bzimage image;
	u8 f[FILE_SIZE];
	size_t n;

	(void)state;
	make(f);
	for (n = 0; n < sizeof(f); n++)
		assert_non_null(parse(f, n, &image));
}

static void test_random_damage(void **state)
{
	struct bzimage image;
	u8 f[FILE_SIZE];
	u32 round, i;

	(void)state;
	srand(20261120);
	for (round = 0; round < 100000; round++) {
		make(f);
		for (i = 0; i < 3; i++)
			f[0x1f0 + rand() % 0x60] = rand();
		(void)parse(f, sizeof(f), &image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_unserved_format),
		cmocka_unit_test(test_truncated_anywhere),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
