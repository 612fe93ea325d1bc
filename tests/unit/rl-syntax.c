// SPDX-License-Identifier: GPL-2.0
/*
 * The parser of xl.cfg syntax: what it makes of good text, which line it blames
 * for bad text, and that nothing can be handed to it that does harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config.h"

/* The values as text, or the object of the error. */
static const char *parse(const char *text, size_t size)
{
	static char answer[4096];
	json_t *values = json_object(), *plain = json_object(), *entry;
	struct report report;
	const char *key;
	char *copy = malloc(size), *dump;

	memcpy(copy, text, size);
	report_init(&report);
	if (syntax_parse(copy, size, "f", values, &report)) {
		assert_int_equal(report.code, EXIT_CONFIG);
		snprintf(answer, sizeof(answer), "%s", json_string_value(
			 json_object_get(report.error, "object")));
	} else {
		json_object_foreach(values, key, entry)
			json_object_set(plain, key,
					json_object_get(entry, "value"));
		dump = json_dumps(plain, JSON_COMPACT | JSON_SORT_KEYS);
		snprintf(answer, sizeof(answer), "%s", dump);
		free(dump);
	}
	report_free(&report);
	json_decref(values);
	json_decref(plain);
	free(copy);
	return answer;
}

static void good_and_bad(void **state)
{
	static const struct {
		const char *text, *answer;
	} cases[] = {
		{ "", "{}" },
		{ "\n# nothing\n\n;\n", "{}" },
		{ "a = 1", "{\"a\":1}" },
		{ "a=0x10\nb=-3;c='x'", "{\"a\":16,\"b\":-3,\"c\":\"x\"}" },
		{ "a = \"it's\" # comment\r\n", "{\"a\":\"it's\"}" },
		{ "a = 'say \"hi\"'", "{\"a\":\"say \\\"hi\\\"\"}" },
		{ "a = \"x\\ty\\x41\\101\\\\\\\"\"", "{\"a\":\"x\\tyAA\\\\\\\"\"}" },
		{ "a = []", "{\"a\":[]}" },
		{ "a = [ 1, 'b', [ 2 ], ]", "{\"a\":[1,\"b\",[2]]}" },
		{ "a = [\n 1, # one\n 2\n]\nb = 2", "{\"a\":[1,2],\"b\":2}" },
		{ "a = \\\n 1", "{\"a\":1}" },
		{ "a = 1\na = 2", "{\"a\":2}" },
		{ "a = 'x'\na += 'y'", "{\"a\":\"xy\"}" },
		{ "a += [ 1 ]\na += [ 2 ]", "{\"a\":[1,2]}" },
		{ "a = '#'", "{\"a\":\"#\"}" },
		{ "\xef", "f:1" },
		{ "a", "f:1" },
		{ "a =", "f:1" },
		{ "a = \n 1", "f:1" },
		{ "\n\na = 'x\n'", "f:3" },
		{ "a = 1 2", "f:1" },
		{ "a = 1x", "f:1" },
		{ "a = 99999999999999999999", "f:1" },
		{ "a = x", "f:1" },
		{ "= 1", "f:1" },
		{ "a = [ 1 2 ]", "f:1" },
		{ "a = [ 1,\n\n", "f:1" },
		{ "a = [[[[[1]]]]]", "f:1" },
		{ "a = '\\x00'", "f:1" },
		{ "a = '\\777'", "f:1" },
		{ "a = '\\", "f:1" },
		{ "a = '\xff'", "f:1" },
		{ "x = 1\na = 'x'\na += [ 1 ]", "f:3" },
		{ "x = 1\n\n'a' = 'x'", "f:3" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(parse(cases[i].text, strlen(cases[i].text)),
				    cases[i].answer);
}

static void limits(void **state)
{
	static char text[CONFIG_MAX_FILE + 2];
	char key[80];
	size_t at = 0, i;

	(void)state;
	memset(text, '\n', sizeof(text));
	assert_string_equal(parse(text, CONFIG_MAX_FILE), "{}");
	assert_string_equal(parse(text, CONFIG_MAX_FILE + 1), "f:1");
	memset(key, 'k', sizeof(key));
	strcpy(key + 63, "=1");
	assert_string_not_equal(parse(key, strlen(key)), "f:1");
	memset(key, 'k', sizeof(key));
	strcpy(key + 64, "=1");
	assert_string_equal(parse(key, strlen(key)), "f:1");
	at += sprintf(text, "a = [");
	for (i = 0; i <= CONFIG_MAX_LIST; i++)
		at += sprintf(text + at, "1,");
	at += sprintf(text + at, "]");
	assert_string_equal(parse(text, at), "f:1");
}

static void zeros_are_no_end(void **state)
{
	(void)state;
	assert_string_equal(parse("a = 1\n\0b = 2", 12), "f:2");
	assert_string_equal(parse("a = 'x\0y'", 9), "f:1");
}

/* Any damage gives values or an error; ASan sees the rest. */
static void random_damage(void **state)
{
	static const char good[] =
		"name = \"demo\" # the name\nmemory = 0x80; vcpus=2\n"
		"disk = [ 'a,b', [ 1, 2 ],\n  \"c\\x41\" ]\nextra = 'x' \\\n\n"
		"extra += ' y'\n";
	static const char bytes[] = "'\"[],;=+\\\n#x0 -\xff\0a";
	char text[sizeof(good)];
	unsigned int round, n;
	size_t size;

	(void)state;
	srand(1);
	for (round = 0; round < 30000; round++) {
		memcpy(text, good, sizeof(good));
		size = sizeof(good) - 1;
		if (rand() % 4 == 0)
			size = rand() % size;
		for (n = rand() % 4 + 1; size && n; n--)
			text[rand() % size] = rand() % 3 ?
				bytes[rand() % (sizeof(bytes) - 1)] : rand();
		parse(text, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_and_bad),
		cmocka_unit_test(limits),
		cmocka_unit_test(zeros_are_no_end),
		cmocka_unit_test(random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
