// SPDX-License-Identifier: GPL-2.0
/* The bzImage container: a good one, single faults, random damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "internal.h"

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
static const char *parse(const u8 *f, size_t size, struct kernel_file *image)
{
	u8 *copy = malloc(size ? size : 1);
	const char *fault;

	memcpy(copy, f, size);
	fault = kernel_open(copy, size, image);
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
	struct kernel_file image;
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
	struct kernel_file image;
	u8 f[FILE_SIZE];

	(void)state;
	make(f);
	assert_null(parse(f, sizeof(f), &image));
	assert_int_equal(image.decoder->magic[0], 0x28);
	assert_int_equal(image.payload_size, PAYLOAD_SIZE);
	assert_int_equal(image.room, 0x123456);
}

/* A payload that is not compressed is used where it is. */
static void test_plain(void **state)
{
	struct kernel_file image;
	u8 f[FILE_SIZE];

	(void)state;
	make(f);
	memcpy(f + (SETUP_SECTS + 1) * 512 + PAYLOAD_AT, "\177ELF", 4);
	assert_null(parse(f, sizeof(f), &image));
	assert_null(image.decoder);
	assert_int_equal(image.room, 0);
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
	expect_fault(payload + PAYLOAD_SIZE - 1, 0x41, "corrupt");
}

static void test_no_size(void **state)
{
	struct kernel_file image;
	u8 f[FILE_SIZE];

	(void)state;
	make(f);
	put32(f + FILE_SIZE - 4, 0);
	assert_non_null(strstr(parse(f, sizeof(f), &image), "corrupt"));
}

/* A sound container around a stream of nothing; then around no ELF file. */
static void test_load_faults(void **state)
{
	static const u8 stored[] = {	/* LZ4: one block of 16 literals */
		0x02, 0x21, 0x4c, 0x18, 18, 0, 0, 0, 0xf0, 1,
		'0', '1', '2', '3', '4', '5', '6', '7',
		'8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 16, 0, 0, 0,
	};
	struct kernel_file image;
	struct kernel k;
	u8 f[FILE_SIZE], room[16], *big;

	(void)state;
	make(f);
	assert_null(kernel_open(f, sizeof(f), &image));
	big = malloc(image.room);
	assert_non_null(strstr(kernel_load(&image, big, &k), "corrupt"));
	free(big);
	put32(f + 0x24c, sizeof(stored));
	memcpy(f + (SETUP_SECTS + 1) * 512 + PAYLOAD_AT, stored,
	       sizeof(stored));
	assert_null(kernel_open(f, sizeof(f), &image));
	assert_int_equal(image.room, sizeof(room));
	assert_non_null(strstr(kernel_load(&image, room, &k),
			       "not an ELF file"));
	assert_memory_equal(room, "0123456789abcdef", sizeof(room));
}

static void test_truncated_anywhere(void **state)
{
	struct kernel_file image;
	u8 f[FILE_SIZE];
	size_t n;

	(void)state;
	make(f);
	for (n = 0; n < sizeof(f); n++)
		assert_non_null(parse(f, n, &image));
}

static void test_random_damage(void **state)
{
	struct kernel_file image;
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
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_no_size),
		cmocka_unit_test(test_load_faults),
		cmocka_unit_test(test_truncated_anywhere),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
