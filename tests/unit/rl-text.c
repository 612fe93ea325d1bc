// SPDX-License-Identifier: GPL-2.0
/* Numbers, near matches, CPU lists, UUIDs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "text.h"

static void numbers(void **state)
{
	static const char *const bad[] = { "", "x", "-1", "+1", " 1", "1 ", "1k",
		"0x", "0xg", "18446744073709551616", "1.5" };
	uint64_t value;
	size_t i;

	(void)state;
	assert_true(text_number("0", &value));
	assert_int_equal(value, 0);
	assert_true(text_number("18446744073709551615", &value));
	assert_true(value == ~0UL);
	assert_true(text_number("0x10", &value));
	assert_int_equal(value, 16);
	assert_true(text_number("010", &value));
	assert_int_equal(value, 10);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(text_number(bad[i], &value));
}

static void distances(void **state)
{
	char longer[100];

	(void)state;
	assert_int_equal(text_distance("memory", "memory"), 0);
	assert_int_equal(text_distance("memroy", "memory"), 1);
	assert_int_equal(text_distance("memor", "memory"), 1);
	assert_int_equal(text_distance("", "abc"), 3);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(text_distance(longer, "a"), 100);
	assert_true(text_is_near("memroy", 1));
	assert_false(text_is_near("ab", 1));
}

static void cpu_lists(void **state)
{
	static const struct {
		const char *text;
		uint64_t mask;		/* 0: refused */
	} lists[] = {
		{ "0", 1 }, { "0-3", 15 }, { "0-3,^1", 13 }, { "63", 1UL << 63 },
		{ "0-63", ~0UL }, { "all", ~0UL }, { "1,1", 2 }, { "5,0-1", 0x23 },
		{ "", 0 }, { "64", 0 }, { "3-1", 0 }, { "1-", 0 }, { "a", 0 },
		{ "1,", 0 }, { ",1", 0 }, { "1^2", 0 }, { "0,^0", 0 },
		{ "99999999999999999999", 0 }, { "-1", 0 }, { "1 ", 0 },
	};
	char buffer[TEXT_CPUS_SIZE];
	uint64_t mask, again;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		const char *wrong = text_cpus(lists[i].text, &mask);

		assert_int_equal(!wrong, lists[i].mask != 0);
		if (wrong)
			continue;
		assert_true(mask == lists[i].mask);
		assert_null(text_cpus(text_from_cpus(mask, buffer), &again));
		assert_true(again == mask);
	}
	assert_null(text_cpus(text_from_cpus(0x5555555555555555UL, buffer), &mask));
	assert_true(mask == 0x5555555555555555UL);
}

static void uuids(void **state)
{
	static const char text[] = "00112233-4455-6677-8899-aabbccddeeff";
	char buffer[TEXT_UUID_SIZE];
	uint8_t uuid[16];

	(void)state;
	assert_true(text_uuid(text, uuid));
	assert_int_equal(uuid[1], 0x11);
	assert_int_equal(uuid[15], 0xff);
	assert_string_equal(text_from_uuid(uuid, buffer), text);
	assert_true(text_uuid("00112233445566778899AABBCCDDEEFF", uuid));
	assert_false(text_uuid("0011", uuid));
	assert_false(text_uuid("00112233-4455-6677-8899-aabbccddeeff0", uuid));
	assert_false(text_uuid("00112233-4455-6677-8899-aabbccddeefg", uuid));
}

static void strings_become_printable(void **state)
{
	json_t *string = text_printable("a\nb\x1b[m\xff");

	(void)state;
	assert_string_equal(json_string_value(string), "a?b?[m?");
	json_decref(string);
	string = text_printable("\xc3\xa4");
	assert_string_equal(json_string_value(string), "\xc3\xa4");
	json_decref(string);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(distances),
		cmocka_unit_test(cpu_lists),
		cmocka_unit_test(uuids),
		cmocka_unit_test(strings_become_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
