// SPDX-License-Identifier: GPL-2.0
/*
 * System time against a simulated machine: a reference counter that goes round,
 * readings that take time and are now and then interrupted for milliseconds. And
 * the CMOS clock against gmtime().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "machine/acpi.h"
#include "machine/clock.h"
#include "machine/clock.h"
#include "machine/cpu.h"
#include "machine/muldiv.h"

struct acpi_info acpi;

static double now_ns, tsc, tsc_per_ns;	/* the true state of the machine */
static bool stopped;			/* the reference stands still */
static bool busy;			/* readings are sometimes interrupted */
static u8 cmos[128], cmos_index;

static void pass(double ns)
{
	if (busy && rand() % 200 == 0)
		ns += rand() % 3000000;
	now_ns += ns;
	tsc += ns * tsc_per_ns;
}

u64 rdtsc(void)
{
	pass(20 + rand() % 10);
	return tsc;
}

u32 inl(u16 port)
{
	assert_int_equal(port, acpi.pm_timer);
	pass(300 + rand() % 300);
	return (u32)(u64)((stopped ? 0 : now_ns) * 3579545 / 1e9) &
	       (acpi.pm_timer_32bit ? 0xffffffff : 0xffffff);
}

u8 inb(u16 port)
{
	return port == 0x71 ? cmos[cmos_index & 0x7f] : 0xff;
}

void outb(u16 port, u8 v)
{
	if (port == 0x70)
		cmos_index = v;
}

/* A few hundred seconds. */
static void run(double ghz, bool interrupted)
{
	double start, offset, error;
	u64 before = 0, t, i;

	srand(7);
	now_ns = 1e9;
	tsc = 12345;
	tsc_per_ns = ghz;
	busy = interrupted;
	start = now_ns;
	assert_true(clock_boot_init());
	offset = now_ns - system_time();
	/* Time starts when calibration does. */
	assert_true(offset - start < 1e5 || interrupted);
	assert_in_range(tsc_khz(), ghz * 1e6 * 0.9999 - 1, ghz * 1e6 * 1.0001 + 1);
	for (i = 1; i <= 3000; i++) {
		pass(100000000);
		t = system_time();
		assert_true(t >= before);
		before = t;
		error = now_ns - offset - t;
		/* 100 ppm, ten times better than is promised. */
		assert_true(error < i * 1e4 + 5e6 && error > -(i * 1e4 + 5e6));
	}
}

static void against_pm_timer(void **state)
{
	(void)state;
	acpi = (struct acpi_info){ .pm_timer = 0x608 };
	run(2.3, false);
	run(0.8, false);
	acpi.pm_timer_32bit = true;
	run(5.1, false);
	run(3.999, true);
}

static void no_reference(void **state)
{
	struct acpi_info was = acpi;

	(void)state;
	acpi.pm_timer = 0;
	assert_false(clock_boot_init());
	acpi = was;
	stopped = true;
	assert_false(clock_boot_init());
	stopped = false;
}

static void conversions(void **state)
{
	struct clock_scale s = *clock_scale();
	u64 ns, t;
	int i;

	(void)state;
	assert_int_equal(mul_div(~0ULL, 10, 20), 0x7fffffffffffffffULL);
	assert_int_equal(mul_div(1ULL << 40, 1ULL << 40, 1ULL << 20), 1ULL << 60);
	assert_true(mul_div(~0ULL, 2, 1) == ~0ULL);
	assert_int_equal(mul_shift32(0x123456789abcdefULL, 0x80000000),
			 0x123456789abcdefULL / 2);
	for (i = 0; i < 1000; i++) {
		ns = (u64)rand() * 1000;
		t = system_time_to_tsc(ns) - s.tsc;
		t = s.shift < 0 ? t >> -s.shift : t << s.shift;
		t = mul_shift32(t, s.mul);
		assert_in_range(t, ns - 5, ns + 5);
	}
	assert_int_equal(system_time_to_tsc(0), s.tsc);
}

static u8 encode(int v, bool binary)
{
	return binary ? v : v / 10 << 4 | v % 10;
}

static void cmos_clock(void **state)
{
	int i;

	(void)state;
	srand(3);
	for (i = 0; i < 20000; i++) {
		time_t t = rand() * 2ULL % 4102444800ULL;	/* until 2100 */
		struct tm tm;
		bool binary = rand() & 1, h24 = rand() & 1;
		int hour;

		gmtime_r(&t, &tm);
		hour = h24 ? tm.tm_hour : (tm.tm_hour + 11) % 12 + 1;
		cmos[0] = encode(tm.tm_sec, binary);
		cmos[2] = encode(tm.tm_min, binary);
		cmos[4] = encode(hour, binary) | (!h24 && tm.tm_hour > 11 ? 0x80 : 0);
		cmos[7] = encode(tm.tm_mday, binary);
		cmos[8] = encode(tm.tm_mon + 1, binary);
		cmos[9] = encode(tm.tm_year % 100, binary);
		cmos[0x32] = encode(19 + tm.tm_year / 100, binary);
		cmos[0x0a] = 0x26;
		cmos[0x0b] = (binary ? 4 : 0) | (h24 ? 2 : 0);
		assert_int_equal(cmos_time(0x32), t);
		if (tm.tm_year >= 70 && tm.tm_year < 170)
			assert_int_equal(cmos_time(0), t);
	}
	cmos[8] = 0xff;
	assert_int_equal(cmos_time(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_pm_timer),
		cmocka_unit_test(no_reference),
		cmocka_unit_test(conversions),
		cmocka_unit_test(cmos_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
