// SPDX-License-Identifier: GPL-2.0
/*
 * Devices: what the store and the back-ends get, and that whatever fails leaves nothing
 * behind. What devices may look like in a configuration is rl-device-config.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "apart.h"
#include "attach.h"
#include "back.h"
#include "config.h"
#include "hyp.h"
#include "network.h"
#include "record.h"
#include "rl-fake.h"
#include "rl-parse.h"
#include "verbs.h"

#define BACK	"/local/domain/0/backend/vbd/1/51712"
#define FRONT	"/local/domain/1/device/vbd/51712"

static char folder[] = "/tmp/rl-devices.XXXXXX";
static char records[64], disk[64], small[64], net[64];
static const uint8_t uuid[16] = { 1, 2, 3 };
static const struct target guest = { 1, "guest", uuid };

static void write_file(const char *path, const char *text, off_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	if (size)
		assert_int_equal(truncate(path, size), 0);
}

static int prepare(void **state)
{
	(void)state;
	if (access(folder, F_OK))
		assert_non_null(mkdtemp(folder));
	snprintf(records, sizeof(records), "%s/records", folder);
	snprintf(disk, sizeof(disk), "%s/disk", folder);
	snprintf(small, sizeof(small), "%s/small", folder);
	snprintf(net, sizeof(net), "%s/net", folder);
	record_folder = records;
	network_file = net;
	network_folder = folder;
	write_file(disk, "", 1 << 20);
	write_file(small, "x", 0);
	unlink(net);
	fake_reset();
	fake_add(1, "guest");
	fake_add(2, "other");
	memcpy(fake->domain[1].info.uuid, uuid, 16);
	report_init(&report);
	return 0;
}

static int forget(void **state)
{
	char command[128];

	(void)state;
	report_free(&report);
	snprintf(command, sizeof(command), "rm -rf %s", records);
	return system(command);
}

static int cleanup(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static bool channel_at(const char *path)
{
	struct device device;
	char text[160];

	snprintf(text, sizeof(text), "name=a,connection=socket,path=%s", path);
	assert_int_equal(parse(DEVICE_CHANNEL, text, &device), 0);
	device.driver = DRIVER_VIRTIO;
	return !device_check(&device, 1, "here", &report);
}

/* A socket that is left over is replaced, and nothing else. */
static void sockets(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[80];
	int fd;

	(void)state;
	assert_false(channel_at("/3456789 123456789 123456789 123456789 123456789 123456789 "
				"123456789 123456789 123456789 123456789 123456789"));
	says("107 characters at most");
	snprintf(path, sizeof(path), "%s/none/socket", folder);
	assert_false(channel_at(path));
	says("No such file");
	snprintf(path, sizeof(path), "%s/socket", disk);
	assert_false(channel_at(path));
	says("Not a directory");
	assert_false(channel_at(disk));
	says("is no socket");
	assert_int_equal(access(disk, F_OK), 0);
	snprintf(path, sizeof(path), "%s/socket", folder);
	assert_true(channel_at(path));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_false(channel_at(path));
	says("somebody listens");
	assert_int_equal(report.code, EXIT_STATE);
	close(fd);
	assert_true(channel_at(path));
	unlink(path);
}

static int attach(enum device_kind kind, const char *text, uint32_t driver)
{
	struct device device;
	char full[256];

	snprintf(full, sizeof(full), text, disk);
	if (parse(kind, full, &device))
		return -1;
	device.driver = driver;
	return attach_device(&guest, &device, "here", &report);
}

static void disk_for_xen(void **state)
{
	struct record record;

	(void)state;
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,r", DRIVER_XEN), 0);
	assert_string_equal(fake_node(FRONT), "1 0");
	assert_string_equal(fake_node(BACK), "0 1");
	assert_string_equal(fake_node(FRONT "/backend"), BACK);
	assert_string_equal(fake_node(BACK "/frontend"), FRONT);
	assert_string_equal(fake_node(FRONT "/state"), "1");
	assert_string_equal(fake_node(BACK "/state"), "2");
	assert_string_equal(fake_node(BACK "/physical-device"), "7:0");
	assert_string_equal(fake_node(BACK "/mode"), "r");
	assert_string_equal(fake_node(BACK "/params"), "/dev/loop0");
	assert_string_equal(fake_node(BACK "/online"), "1");
	/* blkback has it: rl needs not. */
	assert_int_equal(fake->loops, 0);
	record_load(1, &record);
	assert_true(record.nr == 1 && record.devices[0].ready);
	detach_all(1, uuid, true);
	assert_null(fake_leftover_devices());
	record_load(1, &record);
	assert_int_equal(record.nr, 0);
}

static void vif_for_xen(void **state)
{
	const char *back = "/local/domain/0/backend/vif/1/0";
	char path[64];

	(void)state;
	fake->busy_store = true;
	assert_int_equal(attach(DEVICE_VIF, "", DRIVER_XEN), 0);
	assert_string_equal(fake_node("/local/domain/1/device/vif/0/handle"), "0");
	snprintf(path, sizeof(path), "%s/hotplug-status", back);
	assert_string_equal(fake_node(path), "connected");
	snprintf(path, sizeof(path), "%s/script", back);
	assert_non_null(fake_node(path));
	assert_int_equal(fake->joined, 1);
	assert_int_equal(attach(DEVICE_VIF, "", DRIVER_XEN), 0);
	assert_string_equal(fake_node("/local/domain/1/device/vif/1/handle"), "1");
	detach_all(1, uuid, true);
	assert_null(fake_leftover_devices());
}

static void for_virtio(void **state)
{
	struct record record;
	struct device device;

	(void)state;
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,r,direct=0", DRIVER_VIRTIO), 0);
	assert_true(fake->slot[1].domid == 1 && fake->slot[1].device_id == 2 &&
		    fake->slot[1].flags == RINGLET_BACK_READONLY);
	assert_int_equal(attach(DEVICE_VIF, "mac=00:16:3e:01:02:03", DRIVER_VIRTIO), 0);
	assert_memory_equal(fake->slot[2].mac, "\x00\x16\x3e\x01\x02\x03", 6);
	assert_int_equal(attach(DEVICE_RNG, "", DRIVER_VIRTIO), 0);
	assert_int_equal(attach(DEVICE_CHANNEL, "name=c,connection=pty", DRIVER_VIRTIO), 0);
	assert_int_equal(attach(DEVICE_SHARE, "tag=t,path=/tmp", DRIVER_VIRTIO), 0);
	assert_int_equal(fake->slot[5].device_id, 9);
	/* The back-ends were loaded again: only what they left is given back. */
	assert_int_equal(attach_again(true, &report), 0);
	fake->slot[1].away = fake->slot[2].away = true;
	assert_int_equal(attach_again(true, &report), 2);
	assert_false(fake->slot[1].away || fake->slot[2].away);
	/* The module was loaded again: the core attached the vif, nobody bridged it. */
	fake->outside = true;
	fake->joined = 0;
	assert_int_equal(attach_again(false, &report), 1);
	assert_int_equal(fake->joined, 1);
	fake->outside = false;
	/* Another device that has the slot by now is left alone. */
	fake->slot[2].uid = 77;
	assert_int_equal(attach_find(&guest, DEVICE_VIF, "0", &device, &report), 0);
	assert_int_equal(detach_device(&guest, &device, true, &report), 0);
	assert_int_equal(fake->slot[2].domid, 1);
	/* The end of the domain takes the whole area. */
	detach_all(1, uuid, true);
	assert_null(fake_leftover_devices());
	record_load(1, &record);
	assert_int_equal(record.nr, 0);
}

/* One after the other fails: nothing is left, and an error says something. */
static void failing_calls(void **state)
{
	static const struct {
		enum device_kind kind;
		const char *text;
		uint32_t driver;
	} cases[] = {
		{ DEVICE_DISK, "%s,raw,xvda,w", DRIVER_XEN },
		{ DEVICE_VIF, "mtu=1400", DRIVER_XEN },
		{ DEVICE_DISK, "%s,raw,xvda,w", DRIVER_VIRTIO },
		{ DEVICE_VIF, "mtu=1400", DRIVER_VIRTIO },
		{ DEVICE_SHARE, "tag=t,path=/tmp", DRIVER_VIRTIO },
	};
	unsigned int at, failed = 0;
	struct record record;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (at = 1; at; at++) {
			fake->calls = 0;
			fake->fail_at = at;
			fake->fail_with = -EIO;
			if (attach(cases[i].kind, cases[i].text, cases[i].driver)) {
				failed++;
				assert_true(*cause());
				if (fake_leftover_devices())
					fail_msg("case %zu, call %u: left %s", i, at,
						 fake_leftover_devices());
				record_load(1, &record);
				assert_int_equal(record.nr, 0);
				continue;
			}
			at = fake->calls < at ? ~0U : at;
			fake->fail_at = 0;
			detach_all(1, uuid, true);
			assert_null(fake_leftover_devices());
		}
	assert_true(failed > 30);
}

static void refusals(void **state)
{
	struct device device;
	struct target other = { 2, "other", (const uint8_t[16]){ 9 } };
	char text[128];

	(void)state;
	assert_int_equal(attach(DEVICE_DISK, "/t/none,raw,xvda,w", DRIVER_XEN), -1);
	says("No such file");
	assert_int_equal(attach(DEVICE_DISK, "/dev/null,raw,xvda,w", DRIVER_XEN), -1);
	says("neither a regular file nor a block device");
	snprintf(text, sizeof(text), "%s,raw,xvda,w", small);
	assert_int_equal(attach(DEVICE_DISK, text, DRIVER_XEN), -1);
	says("has 1 bytes");
	strcpy(fake->no_module, "xen-blkback");
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_XEN), -1);
	assert_int_equal(report.code, EXIT_NO_SERVICE);
	says("xen-blkback");
	strcpy(fake->no_module, "ringlet-back-end");
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_VIRTIO), -1);
	*fake->no_module = 0;
	assert_int_equal(attach(DEVICE_RNG, "", DRIVER_XEN), -1);
	assert_int_equal(attach(DEVICE_VIF, "bridge=none", DRIVER_XEN), -1);
	says("no bridge none");
	assert_int_equal(attach(DEVICE_VIF, "bridge=eth0", DRIVER_XEN), -1);
	says("not a bridge");
	assert_int_equal(attach(DEVICE_VIF, "filter=1", DRIVER_XEN), -1);
	fake->back_refuses = ENODEV;
	assert_int_equal(attach(DEVICE_RNG, "", DRIVER_VIRTIO), -1);
	says("no place for virtio devices");
	fake->back_refuses = 0;
	assert_null(fake_leftover_devices());
	/* The same name, the same file, of another domain. */
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_XEN), 0);
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvdb,w", DRIVER_XEN), -1);
	says("xvda of domain 1");
	snprintf(text, sizeof(text), "%s,raw,xvda,r", disk);
	assert_int_equal(parse(DEVICE_DISK, text, &device), 0);
	device.driver = DRIVER_XEN;
	assert_int_equal(attach_device(&other, &device, "here", &report), -1);
	assert_int_equal(report.code, EXIT_STATE);
	detach_all(1, uuid, true);
	fake->claimed = true;
	assert_null(fake_leftover_devices());
}

static void shared_disks(void **state)
{
	struct target other = { 2, "other", (const uint8_t[16]){ 9 } };
	struct device device;
	char text[128];

	(void)state;
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w!", DRIVER_XEN), 0);
	snprintf(text, sizeof(text), "%s,raw,xvda,w", disk);
	assert_int_equal(parse(DEVICE_DISK, text, &device), 0);
	device.driver = DRIVER_XEN;
	assert_int_equal(attach_device(&other, &device, "here", &report), -1);
	assert_non_null(strstr(json_string_value(json_object_get(report.error, "action")),
			       "access=w!"));
	device.shared = true;
	assert_int_equal(attach_device(&other, &device, "here", &report), 0);
	detach_all(1, uuid, true);
	detach_all(2, other.uuid, true);
	assert_null(fake_leftover_devices());
}

/* Of a file system without direct I/O: sysfs is one, whatever kernel this is. */
static void no_direct(void **state)
{
	static const char file[] = "/sys/kernel/mm/transparent_hugepage/enabled";
	static const char *const texts[] = { "%s,raw,xvda,r,direct=0", "%s,raw,xvda,r",
					     "%s,raw,xvda,r,direct=1" };
	struct record record;
	char text[128];
	uint32_t driver;
	size_t i;

	(void)state;
	fake->no_direct = true;
	for (driver = DRIVER_VIRTIO; driver < DRIVER_ANY; driver++)
		for (i = 0; i < 3; i++) {
			if (driver == DRIVER_VIRTIO && access(file, R_OK))
				continue;
			snprintf(text, sizeof(text), texts[i],
				 driver == DRIVER_VIRTIO ? file : disk);
			assert_int_equal(attach(DEVICE_DISK, text, driver), i == 2 ? -1 : 0);
			assert_int_equal(json_array_size(report.warnings), i == 1);
			record_load(1, &record);
			assert_int_equal(record.nr, i < 2);
			assert_false(record.devices[0].direct);
			if (i == 2)
				says("direct=1: the file system of");
			detach_all(1, uuid, true);
			assert_null(fake_leftover_devices());
		}
}

/* Killed after the back-end had it, before the record had its slot. */
static void left_unrecorded(void **state)
{
	struct record record;

	(void)state;
	assert_int_equal(attach(DEVICE_RNG, "", DRIVER_VIRTIO), 0);
	assert_int_equal(attach(DEVICE_VIF, "", DRIVER_VIRTIO), 0);
	assert_int_equal(attach(DEVICE_VIF, "", DRIVER_VIRTIO), 0);
	record_load(1, &record);
	record.devices[2].ready = false;
	record.devices[2].slot = record.devices[2].uid = 0;
	assert_int_equal(record_save(&record), 0);
	attach_recover(NULL, &report);
	record_load(1, &record);
	assert_int_equal(record.nr, 2);
	assert_true(fake->slot[1].domid == 1 && fake->slot[2].domid == 1);
	assert_int_equal(fake->slot[3].domid, 0);
	detach_all(1, uuid, true);
	assert_null(fake_leftover_devices());
}

/* A device that was half made when its maker was killed. */
static void left_unfinished(void **state)
{
	struct record record;

	(void)state;
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_XEN), 0);
	record_load(1, &record);
	record.devices[0].ready = false;
	assert_int_equal(record_save(&record), 0);
	attach_recover(NULL, &report);
	assert_null(fake_leftover_devices());
	/* Its domain went without rl; another one has the number. */
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_XEN), 0);
	fake->domain[1].info.uuid[0] = 99;
	detach_all(1, fake->domain[1].info.uuid, true);
	assert_non_null(fake_leftover_devices());
	attach_recover(NULL, &report);
	assert_null(fake_leftover_devices());
	assert_int_equal(record_next(0), -1);
}

static void detaching(void **state)
{
	struct device device;

	(void)state;
	fake->guest_connects = true;
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_XEN), 0);
	assert_int_equal(attach_find(&guest, DEVICE_DISK, "xvdb", &device, &report), -1);
	assert_int_equal(attach_find(&guest, DEVICE_DISK, "xvda", &device, &report), 0);
	assert_int_equal(detach_device(&guest, &device, false, &report), 0);
	assert_null(fake_leftover_devices());
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvdb,w", DRIVER_VIRTIO), 0);
	assert_int_equal(attach_find(&guest, DEVICE_DISK, "xvdb", &device, &report), 0);
	fake->guest_keeps = true;
	assert_int_equal(detach_device(&guest, &device, false, &report), -1);
	assert_int_equal(report.code, EXIT_TIMEOUT);
	assert_int_equal(detach_device(&guest, &device, true, &report), 0);
	assert_null(fake_leftover_devices());
}

/* rl gave up waiting, the guest let go later, and its slot went to the next device. */
static void slot_of_another(void **state)
{
	struct device first, second;
	char other[80];

	(void)state;
	snprintf(other, sizeof(other), "%s2", disk);
	write_file(other, "", 1 << 20);
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_VIRTIO), 0);
	assert_int_equal(attach_find(&guest, DEVICE_DISK, "xvda", &first, &report), 0);
	fake->guest_keeps = true;
	assert_int_equal(detach_device(&guest, &first, false, &report), -1);
	fake->guest_keeps = false;
	fake->slot[first.slot].domid = 0;
	strcat(other, ",raw,xvdb,w");
	assert_int_equal(attach(DEVICE_DISK, other, DRIVER_VIRTIO), 0);
	assert_int_equal(attach_find(&guest, DEVICE_DISK, "xvdb", &second, &report), 0);
	assert_int_equal(second.slot, first.slot);
	assert_string_equal(back_driver.state(1, &first), "away");
	assert_int_equal(detach_device(&guest, &first, false, &report), 0);
	assert_int_equal(fake->slot[second.slot].domid, 1);
	detach_all(1, uuid, true);
	assert_null(fake_leftover_devices());
}

/* The same, and the daemon sees it first; the slot is free, or another has it. */
static void let_go_later(void **state)
{
	struct device device;
	int other;

	(void)state;
	for (other = 0; other < 2; other++) {
		assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_VIRTIO), 0);
		assert_int_equal(attach(DEVICE_RNG, "", DRIVER_VIRTIO), 0);
		fake->slot[1].domid = other;
		fake->slot[1].uid += other;
		assert_int_equal(attach_again(false, &report), 0);
		assert_int_equal(attach_find(&guest, DEVICE_DISK, "xvda", &device, &report), -1);
		assert_int_equal(attach_find(&guest, DEVICE_RNG, "0", &device, &report), 0);
		detach_all(1, uuid, true);
		assert_null(fake_leftover_devices());
	}
}

/* While its back-end was away, its file was replaced by another one. */
static void other_file(void **state)
{
	char new[80], line[256];

	(void)state;
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_VIRTIO), 0);
	fake->slot[1].away = true;
	snprintf(new, sizeof(new), "%s.new", disk);
	write_file(new, "", 1 << 20);
	assert_int_equal(rename(new, disk), 0);
	assert_int_equal(attach_again(true, &report), 0);
	assert_true(fake->slot[1].away);
	/* A line for the daemon's log, the same each time. */
	assert_int_equal(json_array_size(report.warnings), 1);
	report_line(json_array_get(report.warnings, 0), line, sizeof(line));
	assert_non_null(strstr(line, "domain 1, disk xvda: "));
	assert_non_null(strstr(line, "another file has taken its place meanwhile; put it back"));
	assert_int_equal(attach_again(true, &report), 0);
	assert_true(json_equal(json_array_get(report.warnings, 0),
			       json_array_get(report.warnings, 1)));
	detach_all(1, uuid, true);
	assert_null(fake_leftover_devices());
}

/* The core is another one, which knows of no device: the guest sees them all the same. */
static void unknown_to_core(void **state)
{
	struct record record;
	struct device device;

	(void)state;
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_VIRTIO), 0);
	assert_int_equal(attach(DEVICE_RNG, "", DRIVER_VIRTIO), 0);
	fake->slot[1].unknown = fake->slot[2].unknown = true;
	assert_int_equal(attach_find(&guest, DEVICE_DISK, "xvda", &device, &report), 0);
	assert_int_equal(detach_device(&guest, &device, true, &report), 0);
	assert_int_equal(fake->slot[1].domid, 0);
	/* Two on record with one slot: nobody knows whose it is. */
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_VIRTIO), 0);
	record_load(1, &record);
	record.devices[1].slot = 2;
	assert_int_equal(record_save(&record), 0);
	assert_int_equal(detach_device(&guest, &record.devices[1], true, &report), 0);
	assert_int_equal(fake->slot[2].domid, 1);
	detach_all(1, uuid, true);
	assert_null(fake_leftover_devices());
}

/* How many warnings of the daemon's round are new. */
static size_t news(json_t **before)
{
	json_t *array;
	size_t nr;

	report_free(&report);
	report_init(&report);
	attach_recover(NULL, &report);
	array = report_news(&report, before);
	nr = json_array_size(array);
	json_decref(array);
	return nr;
}

/* As an rl that does not write @field had written the first device of domain 1. */
static void lose_field(const char *field)
{
	char path[80];
	json_t *fields;

	snprintf(path, sizeof(path), "%s/1.json", records);
	fields = json_load_file(path, 0, NULL);
	assert_int_equal(json_object_del(json_array_get(json_object_get(fields, "devices"), 0),
					 field), 0);
	assert_int_equal(json_dump_file(fields, path, 0), 0);
	json_decref(fields);
}

/* Without xenstored nothing is undone that it has: nor forgotten. */
static void no_xenstored(void **state)
{
	json_t *before = NULL;
	struct target next = { 1, "next", (const uint8_t[16]){ 9 } };
	struct record record;
	struct device device;

	(void)state;
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_XEN), 0);
	assert_int_equal(attach(DEVICE_RNG, "", DRIVER_VIRTIO), 0);
	assert_int_equal(attach_find(&guest, DEVICE_DISK, "xvda", &device, &report), 0);
	fake->no_store = true;
	assert_int_equal(detach_device(&guest, &device, true, &report), -1);
	says("xenstored cannot be reached");
	/* Left unfinished. */
	record_load(1, &record);
	record.devices[0].ready = false;
	assert_int_equal(record_save(&record), 0);
	assert_int_equal(news(&before), 0);
	record_load(1, &record);
	assert_int_equal(record.nr, 2);
	/* Its domain is gone, and another one has its number. */
	memcpy(fake->domain[1].info.uuid, next.uuid, 16);
	assert_int_equal(news(&before), 1);
	assert_int_equal(news(&before), 0);
	record_load(1, &record);
	assert_true(record.nr == 1 && record.devices[0].driver == DRIVER_XEN);
	assert_int_equal(parse(DEVICE_RNG, "", &device), 0);
	device.driver = DRIVER_VIRTIO;
	assert_int_equal(attach_device(&next, &device, "here", &report), -1);
	says("of an earlier domain");
	assert_non_null(fake_leftover_devices());
	fake->no_store = false;
	assert_int_equal(news(&before), 0);
	assert_null(fake_leftover_devices());
	assert_int_equal(record_next(0), -1);
	json_decref(before);
}

/* Another domain wants @file. */
static int attach_other(const char *file)
{
	struct target other = { 2, "other", (const uint8_t[16]){ 9 } };
	struct device device;
	char text[128];

	snprintf(text, sizeof(text), "%s,raw,xvda,w", file);
	assert_int_equal(parse(DEVICE_DISK, text, &device), 0);
	device.driver = DRIVER_VIRTIO;
	return attach_device(&other, &device, "here", &report);
}

/* A record of another rl: its disk is not free, and nothing of it gets lost. */
static void broken_record(void **state)
{
	json_t *before = NULL;
	struct record record;
	struct device device;
	char other[80];

	(void)state;
	snprintf(other, sizeof(other), "%s2", disk);
	write_file(other, "", 1 << 20);
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_VIRTIO), 0);
	assert_int_equal(attach(DEVICE_VIF, "", DRIVER_VIRTIO), 0);
	assert_int_equal(attach(DEVICE_RNG, "", DRIVER_VIRTIO), 0);
	assert_int_equal(news(&before), 0);
	lose_field("made");
	assert_int_equal(news(&before), 1);
	assert_int_equal(news(&before), 0);
	record_load(1, &record);
	assert_true(record.nr == 2 && record.nr_broken == 1 && !record.blind);
	assert_string_equal(record.devices[2].target, disk);
	assert_int_equal(attach_other(disk), -1);
	says("could be a disk of domain 1");
	says("\"made\" is missing");
	assert_int_equal(attach_other(other), 0);
	detach_all(2, (const uint8_t[16]){ 9 }, true);
	/* No more for this domain, but less. */
	assert_int_equal(attach(DEVICE_RNG, "", DRIVER_VIRTIO), -1);
	says("\"made\" is missing");
	assert_int_equal(attach_find(&guest, DEVICE_VIF, "0", &device, &report), 0);
	assert_int_equal(json_array_size(report.warnings), 1);
	assert_int_equal(detach_device(&guest, &device, true, &report), 0);
	record_load(1, &record);
	assert_true(record.nr == 1 && record.nr_broken == 1);
	/* Not even which file it has: it could be any. */
	lose_field("kind");
	lose_field("driver");
	record_load(1, &record);
	assert_int_equal(record.nr_broken, 2);
	assert_int_equal(attach_other(other), -1);
	detach_all(1, uuid, true);
	assert_int_equal(record_next(0), -1);
	assert_null(fake_leftover_devices());
	assert_int_equal(attach_other(disk), 0);
	detach_all(2, (const uint8_t[16]){ 9 }, true);
	json_decref(before);
}

static void damaged_record(void **state)
{
	json_t *before = NULL;
	char path[80];

	(void)state;
	assert_int_equal(attach(DEVICE_DISK, "%s,raw,xvda,w", DRIVER_VIRTIO), 0);
	snprintf(path, sizeof(path), "%s/1.json", records);
	write_file(path, "{ \"uuid\":", 0);
	assert_int_equal(news(&before), 1);
	assert_int_equal(attach_other(disk), -1);
	assert_int_equal(attach(DEVICE_RNG, "", DRIVER_VIRTIO), -1);
	says("1.json");
	assert_int_equal(access(path, F_OK), 0);
	/* Until its domain is gone. */
	fake->domain[1].exists = false;
	assert_int_equal(news(&before), 0);
	assert_int_equal(record_next(0), -1);
	assert_null(fake_leftover_devices());
	assert_int_equal(attach_other(disk), 0);
	detach_all(2, (const uint8_t[16]){ 9 }, true);
	json_decref(before);
}

static void say_done(void *arg)
{
	(void)!write(*(int *)arg, "d", 1);
}

/* Ctrl-C goes to rl and to its guard: one ends, the other cleans up. */
static void interrupted(void **state)
{
	int ends[2], status;
	struct guard guard;
	char said;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		close(ends[0]);
		setpgid(0, 0);
		if (guard_start(&guard, say_done, &ends[1]) || write(ends[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &said, 1), 1);
	assert_int_equal(kill(-child, SIGINT), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(read(ends[0], &said, 1), 1);
	assert_int_equal(said, 'd');
	close(ends[0]);
}

static json_t *setup_network(const char *text)
{
	struct rl rl = {};
	json_t *result;

	write_file(net, text, 0);
	report_init(&rl.report);
	result = verb_network_setup(&rl);
	if (!result)
		assert_non_null(rl.report.error);
	report_free(&rl.report);
	return result;
}

static void networks(void **state)
{
	static const char *const wrong[] = {
		"bridge = 'a/b'", "bridge = ''", "address = '192.168.1.1'",
		"address = '192.168.1.1/30'", "address = 'x/24'", "nat = 2",
		"range = '10.0.0.1-10.0.0.9'", "range = '192.168.77.9-192.168.77.3'",
		"dns = 'x; rm'", "uplink = 'eth0\"; drop'", "bridge = 'eth0'",
	};
	json_t *result;
	size_t i;

	(void)state;
	result = setup_network("");
	assert_string_equal(json_string_value(json_object_get(result, "bridge")), "rlbr0");
	assert_int_equal(json_array_size(json_object_get(result, "done")), 4);
	json_decref(result);
	result = setup_network("address = '10.1.2.3/16'; uplink = 'eth7'; dhcp = 0");
	assert_non_null(result);
	json_decref(result);
	assert_string_equal(fake->ran, "nft");
	assert_non_null(strstr(fake->input, "saddr 10.1.0.0/16 oifname != \"rlbr0\" "
			       "oifname \"eth7\" masquerade"));
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (setup_network(wrong[i]))
			fail_msg("%s was taken", wrong[i]);
	strcpy(fake->no_program, "nft");
	assert_null(setup_network(""));
	json_decref(setup_network("nat = 0; dhcp = 0"));
}

int main(void)
{
#define TEST(name)	cmocka_unit_test_setup_teardown(name, prepare, forget)
	const struct CMUnitTest tests[] = {
		TEST(sockets), TEST(disk_for_xen),
		TEST(vif_for_xen), TEST(for_virtio), TEST(failing_calls), TEST(refusals),
		TEST(shared_disks), TEST(no_direct), TEST(left_unfinished), TEST(left_unrecorded),
		TEST(detaching), TEST(slot_of_another), TEST(let_go_later),
		TEST(other_file), TEST(unknown_to_core), TEST(broken_record), TEST(damaged_record), TEST(no_xenstored),
		TEST(interrupted), TEST(networks),
	};

	return cmocka_run_group_tests(tests, NULL, cleanup);
}
