// SPDX-License-Identifier: GPL-2.0
/*
 * com1= and loglvl= texts, the log ring, the rate limit, the input queue: against a
 * UART made of an array.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/string.h"
#include "console/printk.h"
#include "machine/clock.h"
#include "machine/cpu.h"
#include "machine/serial.h"

/* Of the host; base/string.h has none. */
char *strstr(const char *s, const char *needle);

static u64 clock_ns;
static char sent[1 << 20];
static size_t nr_sent;
static const char *typed = "";
static u8 scratch;

u64 system_time(void)
{
	return clock_ns;
}

u8 inb(u16 port)
{
	switch (port & 7) {
	case 0:
		return *typed ? *typed++ : 0;
	case 5:
		return 0x20 | (*typed != 0);
	case 7:
		return scratch;
	}
	return 0;
}

u32 inl(u16 port)
{
	(void)port;
	return ~0u;
}

u64 rdtsc(void)
{
	return 0;
}

/* The divisor's low byte also goes to port 0: before the first output only. */
void outb(u16 port, u8 v)
{
	if ((port & 7) == 7)
		scratch = v;
	if ((port & 7) == 0 && nr_sent < sizeof(sent))
		sent[nr_sent++] = v;
}

static void com1(void **state)
{
	static const char * const bad[] = {
		"0", "115201", "x", "115200,8x1", "115200,9n1", "115200,8n3",
		"115200,8n1,0x3f8,99", "115200,8n1,99999",
		"115200,8n1,0x3f8,4,5", "9600,7e2", "115200 ", "115200,8n1x", "autox",
	};
	unsigned int i;

	(void)state;
	assert_true(serial_configure("115200,8n1"));
	assert_int_equal(serial_irq(), 4);
	assert_true(serial_configure("9600,8n1,0x2f8,3"));
	assert_int_equal(serial_irq(), 3);
	assert_int_equal(serial_port(), 0x2f8);
	assert_true(serial_configure("auto,,0x3f8"));
	assert_int_equal(serial_port(), 0x3f8);
	assert_int_equal(serial_irq(), 3);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(serial_configure(bad[i]));
	assert_true(serial_configure("auto"));
}

static bool was_sent(const char *s)
{
	sent[nr_sent < sizeof(sent) ? nr_sent : sizeof(sent) - 1] = 0;
	return strstr(sent, s) != NULL;
}

static void levels(void **state)
{
	(void)state;
	assert_false(console_set_level(false, "loud"));
	assert_false(console_set_level(false, "info/error"));
	assert_false(console_set_level(false, "info/"));
	assert_true(console_set_level(false, "error"));
	assert_true(console_set_level(true, "none/warning"));
	nr_sent = 0;
	printk(LOG_ERROR, "one %d", 1);
	printk(LOG_WARNING, "two");
	assert_true(was_sent("(RL) one 1\r\n"));
	assert_false(was_sent("two"));
	assert_true(console_set_level(false, "all"));
	printk(LOG_WARNING, "two");
	assert_true(was_sent("(RL) warning: two\r\n"));
	printk(LOG_DEBUG, "three\n");
	assert_true(was_sent("(RL) three\r\n"));
	assert_false(was_sent("\n\r\n"));
}

static void rate(void **state)
{
	unsigned int i, lines = 0;
	const char *p;

	(void)state;
	nr_sent = 0;
	clock_ns = 3600000000000ULL;
	for (i = 0; i < 1000; i++)
		guest_printk(LOG_WARNING, "noise");
	for (p = sent, sent[nr_sent] = 0; (p = strstr(p, "noise")); p++)
		lines++;
	assert_in_range(lines, 10, 100);
	clock_ns += 10000000000ULL;
	guest_printk(LOG_WARNING, "later");
	assert_true(was_sent("lines about guests dropped"));
	assert_true(was_sent("later"));
	nr_sent = 0;
	guest_printk(LOG_INFO, "not on the line");
	assert_false(was_sent("not on"));
}

static void ring(void **state)
{
	static char all[70000];
	u64 at = 0, end;
	size_t n;
	int i;

	(void)state;
	for (i = 0; i < 10000; i++)
		printk(LOG_INFO, "line %d", i);
	n = log_read(&at, all, sizeof(all));
	assert_int_equal(n, 65536);
	assert_memory_equal(all + n - 15, "(RL) line 9999\n", 15);
	end = log_end();
	assert_int_equal(at, end);
	assert_int_equal(log_read(&at, all, sizeof(all)), 0);

	/* It goes on where it was, what is in a gap is skipped, nothing is ahead. */
	printk(LOG_INFO, "one more");
	assert_int_equal(log_read(&at, all, 9), 9);
	assert_int_equal(log_read(&at, all + 9, sizeof(all) - 9), 5);
	assert_memory_equal(all, "(RL) one more\n", 14);
	at = 5;
	assert_int_equal(log_read(&at, all, 1), 1);
	assert_int_equal(at, log_end() - 65536 + 1);
	at = ~0ULL;
	assert_int_equal(log_read(&at, all, 1), 0);
	assert_int_equal(at, log_end());
	nr_sent = 0;
}

static void long_line(void **state)
{
	static char text[2000], tail[8];
	u64 at;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	nr_sent = 0;
	printk(LOG_ERROR, "%s", text);
	assert_in_range(nr_sent, 400, 520);
	at = log_end() - 2;
	log_read(&at, tail, 2);
	assert_memory_equal(tail, "x\n", 2);
}

static void input(void **state)
{
	static char text[1001], got[1001];
	size_t n = 0, part;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		text[i] = 'a' + i % 26;
	typed = text;
	while ((part = console_read_guest(got + n, 100)))
		n += part;
	assert_int_equal(n, 1000);
	assert_memory_equal(got, text, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(com1),
		cmocka_unit_test(levels),
		cmocka_unit_test(rate),
		cmocka_unit_test(ring),
		cmocka_unit_test(long_line),
		cmocka_unit_test(input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
