// SPDX-License-Identifier: GPL-2.0
/* Command-line options: values, malformed values, unknown names, garbage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/options.h"
#include "console/printk.h"
#include "machine/cpu-features.h"
#include "machine/serial.h"

#define MIB (1UL << 20)

bool opt_noreboot;
static char serial_spec[64], levels[64], guest_levels[64];
static char log_text[1024];
static u32 log_lines;

bool serial_configure(const char *spec)
{
	if (!strcmp(spec, "bad"))
		return false;
	snprintf(serial_spec, sizeof(serial_spec), "%s", spec);
	return true;
}

bool console_set_level(bool of_guests, const char *s)
{
	if (!strcmp(s, "bad"))
		return false;
	snprintf(of_guests ? guest_levels : levels, sizeof(levels), "%s", s);
	return true;
}

void printk(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(log_text, sizeof(log_text), fmt, ap);
	va_end(ap);
	log_lines++;
}

/* As base/string.h says; base's own is tested where it is. */
u64 parse_u64(const char *s, const char **end)
{
	bool hex = s[0] == '0' && (s[1] | 0x20) == 'x';
	char *stop;
	u64 v;

	if (*s < '0' || *s > '9') {
		*end = s;
		return 0;
	}
	v = strtoull(s, &stop, hex ? 16 : 10);
	*end = stop;
	return v;
}

static void parse(const char *line)
{
	memset(&boot_options, 0, sizeof(boot_options));
	opt_noreboot = false;
	log_lines = 0;
	log_text[0] = serial_spec[0] = levels[0] = guest_levels[0] = 0;
	options_parse(line, false);
}

static void test_all(void **state)
{
	(void)state;
	parse("console=com1 com1=115200,8n1 dom0_mem=512M dom0_max_vcpus=2 "
	      "loglvl=all guest_loglvl=error/info noreboot maxcpus=4");
	assert_int_equal(log_lines, 0);
	assert_string_equal(serial_spec, "115200,8n1");
	assert_string_equal(levels, "all");
	assert_string_equal(guest_levels, "error/info");
	assert_true(opt_noreboot);
	assert_int_equal(boot_options.maxcpus, 4);
	assert_int_equal(boot_options.dom0_max_vcpus, 2);
	assert_true(boot_options.dom0_mem.given);
	assert_int_equal(boot_options.dom0_mem.bytes, 512 * MIB);
	parse("");
	assert_int_equal(log_lines, 0);
	parse(" \t maxcpus=1  noreboot=no ");
	assert_int_equal(boot_options.maxcpus, 1);
	assert_false(opt_noreboot);
	parse("console=vga,com1 maxcpus=2 maxcpus=3");
	assert_int_equal(log_lines, 0);
	assert_int_equal(boot_options.maxcpus, 3);
}

static void test_memory(void **state)
{
	(void)state;
	parse("dom0_mem=min:256M,max:1G,-64M");
	assert_int_equal(log_lines, 0);
	assert_int_equal(boot_options.dom0_mem_min.bytes, 256 * MIB);
	assert_int_equal(boot_options.dom0_mem_max.bytes, 1024 * MIB);
	assert_true(boot_options.dom0_mem.all_but);
	assert_int_equal(boot_options.dom0_mem.bytes, 64 * MIB);
	parse("dom0_mem=262144");
	assert_int_equal(boot_options.dom0_mem.bytes, 256 * MIB);
	parse("dom0_mem=0x100k");
	assert_int_equal(boot_options.dom0_mem.bytes, 256 << 10);
}

static void test_malformed(void **state)
{
	static const char *const lines[] = {
		"dom0_mem", "dom0_mem=", "dom0_mem=M", "dom0_mem=1Q",
		"dom0_mem=1MM", "dom0_mem=1M,", "dom0_mem=,1M",
		"dom0_mem=--1M", "dom0_mem=min:", "dom0_mem=mid:1M",
		"dom0_mem=50%", "dom0_mem=18446744073709551615T",
		"dom0_mem=99999999999999G", "maxcpus=0", "maxcpus=x",
		"maxcpus", "maxcpus=4x", "maxcpus=5000000000",
		"dom0_max_vcpus=0", "dom0_max_vcpus=4-2",
		"dom0_max_vcpus=2-3-4", "noreboot=maybe",
		"com1=bad", "com1", "loglvl=bad", "loglvl", "guest_loglvl=bad",
		"console=vga", "console=", "console",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		parse(lines[i]);
		if (log_lines != 1 || !strstr(log_text, lines[i]) ||
		    !strstr(log_text, "expects"))
			fail_msg("%s: %u lines, \"%s\"", lines[i], log_lines,
				 log_text);
		assert_false(boot_options.dom0_mem.given);
		assert_false(boot_options.dom0_mem_min.given);
		assert_int_equal(boot_options.maxcpus, 0);
		assert_int_equal(boot_options.dom0_max_vcpus, 0);
	}
}

static void test_unknown(void **state)
{
	static const char *const lines[] = {
		"dom0_men=1G", "noreebot", "com2=1", "Console=com1",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		parse(lines[i]);
		if (log_lines != 1 || !strstr(log_text, lines[i]) ||
		    !strstr(log_text, "unknown"))
			fail_msg("%s: \"%s\"", lines[i], log_text);
	}
	parse("one two=2 =3");
	assert_int_equal(log_lines, 3);
}

static void test_console_first(void **state)
{
	(void)state;
	parse("");
	options_parse("foo bar=1 com1=9600 loglvl=bad maxcpus=3", true);
	assert_string_equal(serial_spec, "9600");
	assert_int_equal(log_lines, 0);
	assert_int_equal(boot_options.maxcpus, 0);
}

static void test_garbage(void **state)
{
	static const char letters[] =
		"dom0_mem=-:,1MGminaxloglvl cpus noreboot\t\"\\%";
	char *line = malloc(2048);
	u32 round, n, i;

	(void)state;
	srand(20261120);
	for (round = 0; round < 3000; round++) {
		n = rand() % 2047;
		for (i = 0; i < n; i++)
			line[i] = rand() % 8 ? letters[rand() % (sizeof(letters) - 1)]
					     : 1 + rand() % 255;
		line[n] = 0;
		parse(line);
		options_parse(line, true);
	}
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_console_first),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
