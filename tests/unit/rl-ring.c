// SPDX-License-Identifier: GPL-2.0
/* The daemon's side of a console ring with a hostile guest; bounded logs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <xen/xen.h>
#include <xen/io/ring.h>
#include <xen/io/console.h>

#include "log.h"
#include "ring.h"

/* Alone in its allocation: the sanitizer sees an access next to it. */
static struct xencons_interface *new_page(void)
{
	struct xencons_interface *page = calloc(1, sizeof(*page));

	assert_non_null(page);
	return page;
}

static void guest_prints(struct xencons_interface *page, const char *text)
{
	for (; *text; text++)
		page->out[page->out_prod++ % sizeof(page->out)] = *text;
}

static void takes_what_was_printed(void **state)
{
	struct xencons_interface *page = new_page();
	struct ring ring;
	char data[4096];
	bool wrong;

	(void)state;
	/* Indices run over the end of the ring, and of 32 bits. */
	page->out_prod = page->out_cons = UINT32_MAX - 2;
	ring_open(&ring, page);
	guest_prints(page, "hello, ring");
	assert_int_equal(ring_take(&ring, data, 5, &wrong), 5);
	assert_memory_equal(data, "hello", 5);
	assert_int_equal(ring_take(&ring, data, sizeof(data), &wrong), 6);
	assert_memory_equal(data, ", ring", 6);
	assert_false(wrong);
	assert_int_equal(page->out_cons, page->out_prod);
	assert_int_equal(ring_take(&ring, data, sizeof(data), &wrong), 0);
	free(page);
}

static void a_full_ring_is_sound(void **state)
{
	struct xencons_interface *page = new_page();
	struct ring ring;
	char data[4096];
	bool wrong;

	(void)state;
	ring_open(&ring, page);
	page->out_prod = sizeof(page->out);
	assert_int_equal(ring_take(&ring, data, sizeof(data), &wrong),
			 sizeof(page->out));
	assert_false(wrong);
	free(page);
}

static void skips_an_index_that_cannot_be(void **state)
{
	struct xencons_interface *page = new_page();
	struct ring ring;
	char data[4096];
	bool wrong;

	(void)state;
	ring_open(&ring, page);
	page->out_prod = sizeof(page->out) + 1;
	assert_int_equal(ring_take(&ring, data, sizeof(data), &wrong), 0);
	assert_true(wrong);
	guest_prints(page, "x");
	assert_int_equal(ring_take(&ring, data, sizeof(data), &wrong), 1);
	assert_false(wrong);
	/* Our own index is ours, whatever the page says. */
	page->out_cons = 12345;
	guest_prints(page, "y");
	assert_int_equal(ring_take(&ring, data, sizeof(data), &wrong), 1);
	assert_int_equal(data[0], 'y');
	/* The same when a successor opens it. */
	page->out_prod = page->out_cons + sizeof(page->out) + 7;
	ring_open(&ring, page);
	assert_int_equal(ring_take(&ring, data, sizeof(data), &wrong), 0);
	assert_false(wrong);
	free(page);
}

static void types_what_there_is_room_for(void **state)
{
	struct xencons_interface *page = new_page();
	struct ring ring;
	char data[2048];

	(void)state;
	memset(data, 'a', sizeof(data));
	page->in_prod = page->in_cons = UINT32_MAX;
	ring_open(&ring, page);
	assert_int_equal(ring_put(&ring, data, sizeof(data)), sizeof(page->in));
	assert_int_equal(ring_put(&ring, data, 1), 0);
	page->in_cons += 3;
	assert_int_equal(ring_put(&ring, data, sizeof(data)), 3);
	/* More than all of it taken, or less than nothing. */
	page->in_cons += 5000;
	assert_int_equal(ring_put(&ring, data, 1), 0);
	page->in_cons = ring.in_prod + 1;
	assert_int_equal(ring_put(&ring, data, 1), 0);
	free(page);
}

static size_t file_size(const char *path)
{
	struct stat status;

	return stat(path, &status) ? 0 : (size_t)status.st_size;
}

static void logs_stay_bounded(void **state)
{
	char folder[] = "/tmp/rl-log-XXXXXX", old[512], tail[8];
	struct log log;
	int i;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(log_open(&log, folder, "../.guest/1", 1000), 0);
	assert_string_equal(strstr(log.path, "guest_1.log"), "guest_1.log");
	assert_null(strchr(log.path + strlen(folder) + 1, '/'));
	for (i = 0; i < 1000; i++) {
		log_write(&log, "0123456789", 10);
		assert_true(file_size(log.path) <= 1000);
	}
	assert_int_equal(log_tail(&log, tail, sizeof(tail)), sizeof(tail));
	assert_memory_equal(tail, "23456789", 8);
	snprintf(old, sizeof(old), "%s.1", log.path);
	assert_int_equal(file_size(old), 1000);
	log_close(&log);
	/* Closed, it drops what is written. */
	log_write(&log, "x", 1);
	unlink(old);
	unlink(log.path);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_was_printed),
		cmocka_unit_test(a_full_ring_is_sound),
		cmocka_unit_test(skips_an_index_that_cannot_be),
		cmocka_unit_test(types_what_there_is_room_for),
		cmocka_unit_test(logs_stay_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
