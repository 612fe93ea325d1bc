// SPDX-License-Identifier: GPL-2.0
/*
 * What a disk, vif, channel and share may look like in a configuration, and in a record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rl-parse.h"

static const uint8_t uuid[16] = { 1, 2, 3 };

static int prepare(void **state)
{
	(void)state;
	report_init(&report);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	report_free(&report);
	return 0;
}

static void disk_syntax(void **state)
{
	static const char *const same[] = {
		"/a/b,raw,xvda,rw", "/a/b,,xvda,w", "phy:/a/b,xvda,w", "file:/a/b,xvda,rw",
		"raw:/a/b,xvda", "/a/b, raw, xvda, rw",
		"format=raw,vdev=xvda,access=rw,target=/a/b",
		"vdev=xvda,target=/a/b", "/a/b,vdev=xvda", "phy:/a/b,format=raw,vdev=xvda",
		"/a/b,raw,xvda,backendtype=phy",
		"/a/b,raw,xvda,w,backend=0,devtype=disk,direct-io-safe,discard",
	};
	struct device first, device;
	size_t i;

	(void)state;
	assert_int_equal(parse(DEVICE_DISK, same[0], &first), 0);
	assert_string_equal(first.target, "/a/b");
	assert_string_equal(first.name, "xvda");
	assert_false(first.readonly || first.shared || first.is_file);
	assert_true(first.direct && first.discard && first.driver == DRIVER_ANY);
	for (i = 1; i < sizeof(same) / sizeof(*same); i++) {
		assert_int_equal(parse(DEVICE_DISK, same[i], &device), 0);
		assert_memory_equal(&device, &first, sizeof(device));
	}
	assert_int_equal(parse(DEVICE_DISK, "vdev=xvdb,access=w!,no-discard,direct=0,"
			       "serial=ab,queues=4,queue-size=128,backendtype=xen,"
			       "target=/a,b=c", &device), 0);
	assert_string_equal(device.target, "/a,b=c");
	assert_string_equal(device.serial, "ab");
	assert_true(device.shared && !device.readonly && !device.direct &&
		    !device.discard && device.driver == DRIVER_XEN);
	assert_true(device.queues == 4 && device.queue_size == 128);
	assert_int_equal(parse(DEVICE_DISK, "phy:sda1,xvda,r", &device), 0);
	assert_string_equal(device.target, "/dev/sda1");
	assert_true(device.readonly);
}

static void wrong_disks(void **state)
{
	static const struct {
		const char *text, *cause;
	} cases[] = {
		{ "", "no target" },
		{ "/a", "no vdev" },
		{ "vdev=xvda", "no target" },
		{ "a,raw,xvda,w", "does not begin with /" },
		{ "/a,qcow2,xvda,w", "format \"qcow2\" is not offered" },
		{ "qcow2:/a,xvda,w", "\"qcow2:\" cannot be served" },
		{ "/a,raw,disk1,w", "no name of a disk" },
		{ "/a,raw,xvda1x,w", "no name of a disk" },
		{ "/a,raw,xvda,x", "no way of access" },
		{ "/a,raw,xvda,w,more", "one parameter too many" },
		{ "/a,raw,xvda,cdrom", "CD-ROM" },
		{ "/a,raw,xvda,devtype=cdrom", "devtype cdrom" },
		{ "/a,raw,xvda,w,backendtype=qdisk", "backendtype \"qdisk\"" },
		{ "/a,raw,xvda,w,colour=red", "no key colour" },
		{ "/a,raw,xvda,w,queues=0", "from 1 to 16" },
		{ "/a,raw,xvda,w,queue-size=100", "power of 2" },
		{ "/a,raw,xvda,w,direct=yes", "must be 0 or 1" },
		{ "/a,raw,xvda,w,serial=123456789012345678901", "20 characters" },
		{ "/a,raw,xvda,vdev=xvdb", "vdev is there twice" },
		{ "format=raw,/a,xvda,format=raw", "format is there twice" },
		{ "/a,raw,xvda,w,serial=a,serial=a", "serial is there twice" },
		{ "/a,raw,xvda,discard,no-discard", "discard is there twice" },
		{ "/a,raw,xvda,target=/b", "target is there twice" },
		{ "/a,raw,xvda,w,backend=1", "backend \"1\" is not offered" },
		{ "/a,raw,xvda,w,queues=18446744073709551617", "from 1 to 16" },
		{ "/a,raw,xvda,w,queue-size=4294967296", "from 1 to 1024" },
		{ "/a,raw,xvdzzzzzzzz,w", "no name of a disk" },
		{ "/a,raw,xvda4294967297,w", "no name of a disk" },
		{ "/a,raw,xvdaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,w", "no name of a disk" },
		{ "\xff\xfe,raw,xvda", "does not begin with /" },
	};
	struct device device;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(parse(DEVICE_DISK, cases[i].text, &device), -1);
		if (!strstr(cause(), cases[i].cause))
			fail_msg("%s: %s", cases[i].text, cause());
		assert_int_equal(report.code, EXIT_CONFIG);
	}
}

/* Numbers of Xen's vbd interface. */
static void disk_names(void **state)
{
	static const struct {
		const char *name;
		uint32_t number;
	} cases[] = {
		{ "xvda", 202 << 8 }, { "xvdb1", 202 << 8 | 17 },
		{ "xvdp15", 202 << 8 | 255 }, { "xvdq", 1 << 28 | 16 << 8 },
		{ "xvda16", 1 << 28 | 16 }, { "xvdaa", 1 << 28 | 26 << 8 },
		{ "vda", 202 << 8 }, { "sda1", 8 << 8 | 1 }, { "hdb", 3 << 8 | 64 },
	};
	static const char *const wrong[] = {
		"", "xvd", "xvdA", "xvda0", "xvda256", "xvda4294967297", "sdq", "hdc", "md0", "xvda-1",
	};
	uint32_t number;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(device_vdev(cases[i].name, &number));
		assert_int_equal(number, cases[i].number);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(device_vdev(wrong[i], &number));
}

static void other_kinds(void **state)
{
	char mac[DEVICE_MAC_SIZE];
	struct device device;

	(void)state;
	assert_int_equal(parse(DEVICE_VIF, "", &device), 0);
	assert_int_equal(parse(DEVICE_VIF, "mac=00:16:3E:01:02:03,bridge=br0,vifname=web,"
			       "mtu=9000,queues=2,filter=1,backendtype=virtio", &device), 0);
	assert_string_equal(device_from_mac(device.mac, mac), "00:16:3e:01:02:03");
	assert_string_equal(device.bridge, "br0");
	assert_string_equal(device.vifname, "web");
	assert_true(device.mtu == 9000 && device.queues == 2 && device.filter &&
		    device.driver == DRIVER_VIRTIO);
	assert_int_equal(parse(DEVICE_VIF, "model=e1000, script=x", &device), 0);
	assert_int_equal(json_array_size(report.warnings), 2);
	assert_int_equal(parse(DEVICE_VIF, "mac=00:16:3e", &device), -1);
	assert_int_equal(parse(DEVICE_VIF, "mac=01:16:3e:01:02:03", &device), -1);
	says("multicast");
	assert_int_equal(parse(DEVICE_VIF, "brigde=x", &device), -1);
	assert_int_equal(parse(DEVICE_VIF, "mtu=67", &device), -1);
	assert_int_equal(parse(DEVICE_VIF, "bridge=", &device), -1);
	assert_int_equal(parse(DEVICE_VIF, "bridge=../x", &device), -1);
	assert_int_equal(parse(DEVICE_VIF, "vifname=0123456789012345", &device), -1);
	assert_int_equal(parse(DEVICE_CHANNEL, "name=a,connection=pty", &device), 0);
	assert_true(device.pty);
	assert_int_equal(parse(DEVICE_CHANNEL, "name=a,connection=socket,path=/x y",
			       &device), 0);
	assert_string_equal(device.target, "/x y");
	assert_int_equal(parse(DEVICE_CHANNEL, "name=a,connection=socket", &device), -1);
	assert_int_equal(parse(DEVICE_CHANNEL, "connection=pty", &device), -1);
	assert_int_equal(parse(DEVICE_SHARE, "tag=home,path=/home,readonly", &device), 0);
	assert_true(device.readonly);
	assert_int_equal(parse(DEVICE_SHARE, "tag=home", &device), -1);
	assert_int_equal(parse(DEVICE_SHARE, "tag=home,path=home", &device), -1);
}

/* What no parser may let pass, each with the cause that it must name. */
static void wrong_others(void **state)
{
	static const struct {
		enum device_kind kind;
		const char *text, *cause;
	} cases[] = {
		{ DEVICE_VIF, "mac=00:00:00:00:00:00", "it is zero" },
		{ DEVICE_VIF, "mac=ff:ff:ff:ff:ff:ff", "multicast" },
		{ DEVICE_VIF, "mac=00:16:3e:01:02:03:04", "six pairs" },
		{ DEVICE_VIF, "mac=00:16:3e:01:02:03,mac=00:16:3e:01:02:03", "mac is there twice" },
		{ DEVICE_VIF, "model=a,model=b", "model is there twice" },
		{ DEVICE_VIF, "mtu=4294967364", "from 68 to 65521" },
		{ DEVICE_VIF, "queues=18446744073709551617", "from 1 to 16" },
		{ DEVICE_VIF, "queues=-1", "from 1 to 16" },
		{ DEVICE_VIF, "filter=", "must be 0 or 1" },
		{ DEVICE_VIF, "vifname=vif%d", "no interface can have" },
		{ DEVICE_VIF, "vifname=a b", "no interface can have" },
		{ DEVICE_VIF, "bridge=\xc3\xa4", "no interface can have" },
		{ DEVICE_VIF, "\xff=\xfe", "there is no key" },
		{ DEVICE_CHANNEL, "name=a,connection=socket,path=x", "whole path" },
		{ DEVICE_CHANNEL, "name=a,connection=tcp", "not offered" },
		{ DEVICE_CHANNEL, "name=123456789012345678901234567890ab,connection=pty", "1 to 31" },
		{ DEVICE_SHARE, "tag=a,path=/b,readonly=2", "must be 0 or 1" },
		{ DEVICE_SHARE, "tag=a,path=/b,tag=c", "tag is there twice" },
		{ DEVICE_RNG, "x=1", "no key x" },
	};
	struct device device;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!parse(cases[i].kind, cases[i].text, &device))
			fail_msg("%s was taken", cases[i].text);
		says(cases[i].cause);
		assert_int_equal(report.code, EXIT_CONFIG);
		assert_string_equal(json_string_value(json_object_get(report.error, "object")),
				    "here");
	}
}

/* A record is what it was, after a daemon's life; a damaged one is none. */
static void to_json_and_back(void **state)
{
	struct device device, copy;
	json_t *object;

	(void)state;
	assert_int_equal(parse(DEVICE_DISK, "/a,raw,xvda,w!,serial=x,queues=3", &device), 0);
	device.driver = DRIVER_XEN;
	device.ino = ~0UL;
	object = device_to_json(&device);
	assert_null(device_from_json(object, &copy));
	assert_memory_equal(&copy, &device, sizeof(copy));
	/* Of another rl: a field that it has besides, and those that it does not write. */
	json_object_set_new(object, "colour", json_string("blue"));
	json_object_del(object, "queues");
	json_object_del(object, "filter");
	json_object_del(object, "serial");
	assert_null(device_from_json(object, &copy));
	assert_string_equal(copy.target, "/a");
	assert_true(!copy.queues && !copy.filter && !*copy.serial && copy.ino == ~0UL);
	/* What it has nonetheless must be right. */
	json_object_set_new(object, "queues", json_string("3"));
	assert_string_equal(device_from_json(object, &copy), "queues");
	json_object_del(object, "queues");
	json_object_set_new(object, "driver", json_integer(7));
	assert_string_equal(device_from_json(object, &copy), "driver");
	assert_int_equal(copy.driver, DRIVER_ANY);
	json_object_set_new(object, "driver", json_integer(1));
	json_object_set_new(object, "name", json_string(
		"longer than thirty-two characters that there are"));
	assert_string_equal(device_from_json(object, &copy), "name");
	json_object_del(object, "name");
	assert_string_equal(device_from_json(object, &copy), "name");
	assert_string_equal(copy.target, "/a");
	json_decref(object);
}

static void stable_macs(void **state)
{
	uint8_t other[16] = { 1, 2, 4 };
	uint64_t mac = device_stable_mac(uuid, 0);

	(void)state;
	assert_int_equal(mac >> 24, 0x00163e);
	assert_true(mac == device_stable_mac(uuid, 0));
	assert_true(mac != device_stable_mac(uuid, 1));
	assert_true(mac != device_stable_mac(other, 0));
}

int main(void)
{
#define TEST(name)	cmocka_unit_test_setup_teardown(name, prepare, forget)
	const struct CMUnitTest tests[] = {
		TEST(disk_syntax), TEST(wrong_disks), TEST(disk_names), TEST(other_kinds),
		TEST(wrong_others), TEST(to_json_and_back), TEST(stable_macs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
