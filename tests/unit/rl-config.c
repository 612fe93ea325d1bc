// SPDX-License-Identifier: GPL-2.0
/* What the values of a configuration mean: defaults, ranges, contradictions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config.h"
#include "hyp.h"
#include "rl-fake.h"

#define NAMES	"name = 'a'\nkernel = '/k'\n"

static json_t *values;
static struct report report;
static struct config config;

static int check(const char *text)
{
	json_decref(values);
	report_free(&report);
	report_init(&report);
	values = json_object();
	assert_int_equal(syntax_parse(text, strlen(text), "f", values, &report), 0);
	return config_check(values, "f", &config, &report);
}

static const char *said(const char *field)
{
	return json_string_value(json_object_get(report.error, field));
}

static const char *warned(const char *field)
{
	const char *text = json_string_value(json_object_get(
		json_array_get(report.warnings, 0), field));

	return text ? text : "";
}

static void defaults(void **state)
{
	(void)state;
	assert_int_equal(check(NAMES), 0);
	assert_string_equal(config.name, "a");
	assert_string_equal(config.kernel, "/k");
	assert_null(config.ramdisk);
	assert_string_equal(config.arguments, "");
	assert_int_equal(config.memory, 128);
	assert_int_equal(config.maxmem, 128);
	assert_int_equal(config.vcpus, 1);
	assert_int_equal(config.maxvcpus, 1);
	assert_int_equal(config.weight, 256);
	assert_int_equal(config.cap, 0);
	assert_int_equal(config.on_poweroff, ACTION_DESTROY);
	assert_int_equal(config.on_reboot, ACTION_RESTART);
	assert_int_equal(config.on_crash, ACTION_DESTROY);
	assert_false(config.pinned);
	assert_int_equal(json_array_size(report.warnings), 0);
}

static void all_keys(void **state)
{
	(void)state;
	assert_int_equal(check("name='x.y-1'\nkernel='k'\nramdisk='r'\nroot='/dev/xvda'\n"
			       "extra='quiet'\nmemory='64'\nmaxmem=0x100\nvcpus=2\n"
			       "maxvcpus=4\ncpus=['0',1,'0-1']\ncpu_weight=512\ncap=50\n"
			       "uuid='00112233-4455-6677-8899-aabbccddeeff'\ntype='pv'\n"
			       "on_crash='preserve'\nmax_grant_frames=32\n"
			       "max_event_channels=127\nmax_maptrack_frames=1\n"
			       "disk=[]\nvif=[]"), 0);
	assert_string_equal(config.arguments, "root=/dev/xvda quiet");
	assert_int_equal(config.memory, 64);
	assert_int_equal(config.maxmem, 256);
	assert_int_equal(config.maxvcpus, 4);
	assert_true(config.pinned);
	assert_int_equal(config.cpus[0], 1);
	assert_int_equal(config.cpus[1], 2);
	assert_int_equal(config.cpus[2], 3);
	assert_true(config.cpus[3] == ~0UL);
	assert_int_equal(config.uuid[1], 0x11);
	assert_int_equal(config.on_crash, ACTION_PRESERVE);
	assert_int_equal(json_array_size(report.warnings), 0);
	assert_int_equal(check(NAMES "cmdline = 'a b'"), 0);
	assert_string_equal(config.arguments, "a b");
	assert_int_equal(check(NAMES "cpus = '^1,0-3'"), 0);
	assert_int_equal(config.cpus[31], 15);
}

/* One wrong thing each, on line 3; the words that must be in the cause. */
static void faults(void **state)
{
	static const struct {
		const char *line, *cause;
	} cases[] = {
		{ "name = 12", "must be a string" },
		{ "name = ''", "1 to 47" },
		{ "name = '12'", "number" },
		{ "name = '../x'", "only" },
		{ "name = '.x'", "begins" },
		{ "name = 'a b'", "only" },
		{ "name = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", "47" },
		{ "kernel = ''", "missing" },
		{ "memory = 0", "from 1" },
		{ "memory = -1", "from 1" },
		{ "memory = 1048577", "to 1048576" },
		{ "memory = '12k'", "number" },
		{ "memory = [ 1 ]", "number" },
		{ "maxmem = 64", "less than memory" },
		{ "vcpus = 33", "to 32" },
		{ "maxvcpus = 0", "from 1" },
		{ "vcpus = 4; maxvcpus = 2", "less than vcpus" },
		{ "cpus = '64'", "0 to 63" },
		{ "cpus = [ [ 1 ] ]", "neither" },
		{ "cpus = [ 64 ]", "neither" },
		{ "cpus = ''", "not a list" },
		{ "cpu_weight = 0", "from 1" },
		{ "cpu_weight = 65536", "to 65535" },
		{ "cap = 3201", "to 3200" },
		{ "uuid = 'x'", "UUID" },
		{ "type = 'hvm'", "only \"pv\"" },
		{ "on_reboot = 'explode'", "no such action" },
		{ "on_reboot = 1", "no such action" },
		{ "extra = 'a'; cmdline = 'b'", "too" },
		{ "disk = '/x,raw,xvda,w'", "must be a list" },
		{ "disk = [ 1 ]", "not a string" },
		{ "disk = [ 'x' ]", "does not begin with /" },
		{ "disk = [ '/x,raw,xvda', '/y,raw,vda' ]", "a disk of that name" },
		{ "vif = [ 'mac=00:16:3e:00:00:01', 'mac=00:16:3e:00:00:01' ]", "that MAC" },
		{ "vif = [ 'bridge' ]", "no value" },
		{ "channel = [ '' ]", "no name" },
		{ "share = [ 'tag=a' ]", "a tag and" },
		{ "rng = 2", "to 1" },
		{ "drivers = 'kvm'", "\"virtio\" or \"xen\"" },
		{ "vfb = [ '' ]", "not yet in this version" },
		{ "pci = [ '0:1' ]", "not yet in this version" },
		{ "bootloader = 'pygrub'", "not yet in this version" },
	};
	char text[2200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(text, sizeof(text), NAMES "%s", cases[i].line);
		assert_int_equal(check(text), -1);
		assert_int_equal(report.code, EXIT_CONFIG);
		assert_string_equal(said("object"), "f:3");
		if (!strstr(said("cause"), cases[i].cause))
			fail_msg("%s: %s", cases[i].line, said("cause"));
	}
	assert_int_equal(check("kernel = 'k'"), -1);
	assert_string_equal(said("object"), "f");
	memset(text, 'x', sizeof(text));
	memcpy(text, NAMES "extra = '", strlen(NAMES) + 9);
	strcpy(text + strlen(NAMES) + 9 + 1024, "'");
	assert_int_equal(check(text), -1);
	memcpy(text + strlen(NAMES) + 9 + 1019, "'\nroot='x'", 11);
	assert_int_equal(check(text), -1);
	assert_non_null(strstr(said("cause"), "1023"));
}

/* Each element of a list stands on a line of its own, of the file or of an argument. */
static void places_of_devices(void **state)
{
	static const char file[] = NAMES "disk = [ '/a,raw,xvda',\n\n\t'/b,raw,xvdb' ]\n"
		"vif = [ '' ]; rng = 1\nchannel = [\n'name=c,connection=pty',\n]\n";
	static const struct {
		const char *argument, *place, *cause;
	} cases[] = {
		{ "disk += [ '/c,raw,vdb' ]", "command line:1", "a disk of that name" },
		{ "disk += [\n'/c,raw,xvdc',\n'x' ]", "command line:3", "does not begin with /" },
		{ "disk += [ 7 ]", "command line:1", "not a string" },
		{ "disk = 7", "command line:1", "must be a list" },
		{ "vif = [ 'mac=x' ]", "command line:1", "six pairs" },
		{ "channel += [ 'name=c,connection=pty' ]", "command line:1", "of that name" },
		{ "share = [ 'tag=a' ]", "command line:1", "needs a tag" },
		{ "rng = 2", "command line:1", "from 0 to 1" },
		{ "drivers = 'kvm'", "command line:1", "must be \"virtio\" or" },
		{ "max_devices = 1", "command line:1", "less than the 5" },
		{ "memory = 0", "command line:1", "memory must be" },
		{ "cmdline = 'a'; root = 'b'", "command line:1", "root too" },
	};
	static const char *const expected[] = { "f:3", "f:5", "f:6", "f:8", "f:6" };
	size_t i;

	(void)state;
	assert_int_equal(check(file), 0);
	assert_int_equal(config.nr_devices, 5);
	for (i = 0; i < 5; i++)
		assert_string_equal(config.places[i], expected[i]);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(check(file), 0);
		assert_int_equal(syntax_parse(cases[i].argument, strlen(cases[i].argument),
					      "command line", values, &report), 0);
		assert_int_equal(config_check(values, "f", &config, &report), -1);
		assert_string_equal(said("object"), cases[i].place);
		if (!strstr(said("cause"), cases[i].cause))
			fail_msg("%s: %s", cases[i].argument, said("cause"));
	}
	/* An argument adds to the list: what is wrong in the file stays the file's. */
	assert_int_equal(check(NAMES "disk = [ '/a,raw,xvda' ]\n"), 0);
	assert_int_equal(syntax_parse("disk += [ '/b,raw,xvdb' ]", 25, "command line", values,
				      &report), 0);
	assert_int_equal(config_check(values, "f", &config, &report), 0);
	assert_string_equal(config.places[0], "f:3");
	assert_string_equal(config.places[1], "command line:1");
}

/* The end of a name tells more than its beginning; no character of it is cut. */
static void long_names(void **state)
{
	char name[600];

	(void)state;
	memset(name, 'x', sizeof(name));
	strcpy(name + 400, "\xc3\xa4/file");
	memset(name + 204, '\xa4', 5);
	json_decref(values);
	report_free(&report);
	report_init(&report);
	values = json_object();
	assert_int_equal(syntax_parse("\n=", 2, name, values, &report), -1);
	assert_memory_equal(said("object"), "...x", 4);
	assert_non_null(strstr(said("object"), "\xc3\xa4/file:2"));
	assert_true(strlen(said("object")) < 220);
}

static void unknown_keys_warn(void **state)
{
	(void)state;
	assert_int_equal(check(NAMES "\nmemroy = 1"), 0);
	assert_string_equal(warned("object"), "f:4");
	assert_string_equal(warned("cause"), "there is no key memroy");
	assert_string_equal(warned("action"), "did you mean memory?");
	assert_int_equal(check(NAMES "zzz = 1"), 0);
	assert_string_equal(warned("action"), "remove it");
	assert_int_equal(check(NAMES "vnc = 1"), 0);
	assert_string_equal(warned("cause"), "vnc has no effect here");
}

static void names_must_be_free(void **state)
{
	struct hyp *hyp;

	(void)state;
	fake_reset();
	fake_add(3, "taken");
	hyp = hyp_open();
	report_free(&report);
	report_init(&report);
	assert_int_equal(config_name_free(hyp, "free", "s", &report), 0);
	assert_int_equal(config_name_free(hyp, "taken", "s", &report), -1);
	assert_int_equal(report.code, EXIT_STATE);
	assert_non_null(strstr(said("cause"), "domain 3"));
	/* One that is on its way out does not keep its name. */
	fake->domain[3].info.state = RINGLET_DOM_DYING;
	assert_int_equal(config_name_free(hyp, "taken", "s", &report), 0);
	hyp_close(hyp);
}

static void files(void **state)
{
	(void)state;
	json_decref(values);
	values = json_object();
	report_free(&report);
	report_init(&report);
	assert_int_equal(config_read("/nonexistent", values, &report), -1);
	assert_string_equal(said("object"), "/nonexistent");
	report_free(&report);
	report_init(&report);
	assert_int_equal(config_read("/", values, &report), -1);
	assert_int_equal(report.code, EXIT_CONFIG);
	report_free(&report);
	report_init(&report);
	assert_int_equal(config_read("/dev/zero", values, &report), -1);
	assert_non_null(strstr(said("cause"), "64 KiB"));
}

/* Any values at all: what a file that was tampered with may hold. */
static void random_values(void **state)
{
	static const char *const names[] = { "name", "kernel", "memory", "cpus",
		"maxmem", "uuid", "on_crash", "disk", "extra", "root", "cap" };
	unsigned int round, n;

	(void)state;
	srand(1);
	for (round = 0; round < 5000; round++) {
		json_decref(values);
		report_free(&report);
		report_init(&report);
		values = json_object();
		for (n = 0; n < 6; n++) {
			json_t *value = rand() % 3 == 0 ? json_integer(rand()) :
				rand() % 2 == 0 ? json_string("a") :
				rand() % 2 == 0 ? json_null() :
				json_pack("[s,i,[n]]", "0-1", rand() % 70);

			json_object_set_new(values, names[rand() % 11],
				rand() % 8 == 0 ? value :
				json_pack("{so,ss}", "value", value, "place", "f:1"));
		}
		config_check(values, "f", &config, &report);
	}
}

static int cleanup(void **state)
{
	(void)state;
	json_decref(values);
	report_free(&report);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_keys),
		cmocka_unit_test(faults),
		cmocka_unit_test(places_of_devices),
		cmocka_unit_test(long_names),
		cmocka_unit_test(unknown_keys_warn),
		cmocka_unit_test(names_must_be_free),
		cmocka_unit_test(files),
		cmocka_unit_test(random_values),
	};

	return cmocka_run_group_tests(tests, NULL, cleanup);
}
