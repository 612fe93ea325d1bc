// SPDX-License-Identifier: GPL-2.0
/*
 * What the values of a configuration mean: one table of keys says each one's
 * kind, its range and where it goes; what several keys make together is checked
 * after it. Keys of xl.cfg(5) that need what there is not yet are refused, those
 * without a meaning for a paravirtualized guest are warned of and left alone.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hyp.h"
#include "text.h"

#define STAGE	"check configuration"
#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

enum kind { KIND_STRING, KIND_NUMBER, KIND_ACTION, KIND_CPUS, KIND_DRIVERS, KIND_DEVICES };

const char *const config_actions[NR_ACTIONS] = {
	[ACTION_DESTROY] = "destroy",
	[ACTION_RESTART] = "restart",
	[ACTION_RENAME_RESTART] = "rename-restart",
	[ACTION_PRESERVE] = "preserve",
	[ACTION_COREDUMP_DESTROY] = "coredump-destroy",
	[ACTION_COREDUMP_RESTART] = "coredump-restart",
};

#define AT(field)	offsetof(struct config, field)

static const struct key {
	const char *name;
	enum kind kind;
	size_t at;		/* in struct config; strings: a pointer */
	uint64_t min, max, initial;	/* of numbers; strings: longest */
	const char *help;
} keys[] = {
	{ "name", KIND_STRING, AT(name), 0, CONFIG_NAME_SIZE - 1, 0,
	  "Name of the domain: letters, digits and . _ + - : @, not digits only. "
	  "It must be given." },
	{ "kernel", KIND_STRING, AT(kernel), 0, 4095, 0,
	  "File of the kernel: a bzImage or an ELF file. It must be given." },
	{ "ramdisk", KIND_STRING, AT(ramdisk), 0, 4095, 0,
	  "File of the initial RAM disk." },
	{ "root", KIND_STRING, AT(root), 0, CONFIG_MAX_CMDLINE, 0,
	  "root= on the kernel's command line." },
	{ "extra", KIND_STRING, AT(extra), 0, CONFIG_MAX_CMDLINE, 0,
	  "The rest of the kernel's command line." },
	{ "cmdline", KIND_STRING, AT(cmdline), 0, CONFIG_MAX_CMDLINE, 0,
	  "The whole command line, instead of root and extra." },
	{ "memory", KIND_NUMBER, AT(memory), 1, CONFIG_MAX_MIB, 128,
	  "MiB of memory at the start." },
	{ "maxmem", KIND_NUMBER, AT(maxmem), 1, CONFIG_MAX_MIB, 0,
	  "MiB of memory it may have; memory if not given." },
	{ "vcpus", KIND_NUMBER, AT(vcpus), 1, CONFIG_MAX_VCPUS, 0,
	  "vCPUs at the start; 1 if not given." },
	{ "maxvcpus", KIND_NUMBER, AT(maxvcpus), 1, CONFIG_MAX_VCPUS, 0,
	  "vCPUs it may have; vcpus if not given." },
	{ "cpus", KIND_CPUS, AT(cpus), 0, 0, 0,
	  "CPUs to run on, as \"0-3,^1\"; a list has one such string a vCPU." },
	{ "cpu_weight", KIND_NUMBER, AT(weight), 1, 65535, CONFIG_WEIGHT,
	  "Share of CPU time, against that of other domains." },
	{ "cap", KIND_NUMBER, AT(cap), 0, 100 * CONFIG_MAX_VCPUS, 0,
	  "The most CPU time it gets, in percent of one CPU; 0: no limit." },
	{ "uuid", KIND_STRING, AT(uuid_text), 0, 36, 0,
	  "UUID of the domain; random if not given." },
	{ "type", KIND_STRING, AT(type), 0, 8, 0, "\"pv\": there is no other." },
	{ "max_event_channels", KIND_NUMBER, AT(max_ports), 8, 131072, 0,
	  "Event channels it may have." },
	{ "max_grant_frames", KIND_NUMBER, AT(max_grant_frames), 1, 1024, 0,
	  "Frames that its grant table may have." },
	{ "max_maptrack_frames", KIND_NUMBER, AT(max_maptrack_frames), 1, 1024, 0,
	  "Frames for grants of others that it has mapped." },
	{ "max_devices", KIND_NUMBER, AT(max_devices), 0, CONFIG_MAX_DEVICES,
	  CONFIG_DEVICES_DEFAULT,
	  "Virtio devices it may have at a time, 63 at most; 15 if not given." },
	{ "on_poweroff", KIND_ACTION, AT(on_poweroff), 0, 0, ACTION_DESTROY,
	  "What to do when it powers off: destroy, restart, rename-restart, "
	  "preserve, coredump-destroy or coredump-restart." },
	{ "on_reboot", KIND_ACTION, AT(on_reboot), 0, 0, ACTION_RESTART,
	  "When it reboots; restart if not given." },
	{ "on_crash", KIND_ACTION, AT(on_crash), 0, 0, ACTION_DESTROY,
	  "When it crashes." },
	{ "drivers", KIND_DRIVERS, AT(drivers), 0, 0, 0,
	  "Whose drivers its disks and vifs have: \"virtio\", if not given, for "
	  "kernels with our front-ends, or \"xen\" for stock ones (Linux's blkback "
	  "and netback)." },
	{ "disk", KIND_DEVICES, DEVICE_DISK, 0, 0, 0,
	  "Disks, a list of strings as in xl-disk-configuration(5): "
	  "\"FILE_OR_DEVICE,raw,xvda,rw\" or \"vdev=xvda,access=rw,target=...\", "
	  "format raw only. Besides: direct=0 (through the page cache), serial=, "
	  "queues=, queue-size=, no-discard, backendtype=virtio or xen." },
	{ "vif", KIND_DEVICES, DEVICE_VIF, 0, 0, 0,
	  "Network interfaces, a list of strings: mac=, bridge=, vifname=, mtu=, "
	  "queues=, filter=1 (send from its own MAC only), backendtype=; all may be "
	  "left out. Without a MAC it gets one of 00:16:3e that stays." },
	{ "channel", KIND_DEVICES, DEVICE_CHANNEL, 0, 0, 0,
	  "Channels, a list of \"name=NAME,connection=socket,path=PATH\" or "
	  "\"name=NAME,connection=pty\": further consoles (/dev/hvc1 and up in the guest), "
	  "here a socket or a device file that rl channel-list shows." },
	{ "rng", KIND_NUMBER, AT(rng), 0, 1, 0, "1: a source of random numbers." },
	{ "share", KIND_DEVICES, DEVICE_SHARE, 0, 0, 0,
	  "Folders, a list of \"tag=TAG,path=FOLDER\", with readonly=1 as "
	  "wanted. The guest mounts them as 9p, by tag." },
};

/* Keys that are understood, but cannot be obeyed. */
static const char *const refused[] = {
	"vfb", "vkb", "pci", "usbctrl", "usbdev", "vtpm", "p9",
	"pvcalls", "vsnd", "vdispl", "irqs", "ioports", "iomem",
	"bootloader", "driver_domain", "vsock", "vscsi", "virtio",
};

static const char *const without_effect[] = {
	"acpi", "apic", "bios", "boot", "builder", "claim_mode", "cpuid",
	"cpus_soft", "device_model_version", "e820_host", "gfx_passthru", "hap",
	"keymap", "localtime", "nomigrate", "nx", "on_soft_reset", "on_watchdog",
	"pae", "pool", "rtc_timeoffset", "sdl", "seclabel", "serial",
	"shadow_memory", "stdvga", "suppress_spurious_page_faults", "timer_mode",
	"tsc_mode", "usb", "vga", "videoram", "viridian", "vnc", "vncconsole",
	"vnclisten", "vnuma", "xen_platform_pci",
};

bool config_key(unsigned int index, struct config_key *key)
{
	if (index >= COUNT(keys))
		return false;
	key->name = keys[index].name;
	key->help = keys[index].help;
	return true;
}

/* What a check works on. */
struct check {
	const json_t *values;
	struct config *config;
	struct report *report;
};

/* Where a key was set, "FILE:LINE" or "command line:1"; not at all: the file. */
static const char *where(const struct check *c, const char *key)
{
	const json_t *entry = json_object_get(c->values, key);
	const char *place = json_string_value(json_object_get(entry, "place"));

	return place ? place : c->config->file;
}

/* The same of an element of a list. */
static const char *where_element(const struct check *c, const char *key, size_t i)
{
	const json_t *places = json_object_get(json_object_get(c->values, key), "places");
	const char *place = json_string_value(json_array_get(places, i));

	return place ? place : where(c, key);
}

#define fault_at(c, place, action, ...) \
	report_error((c)->report, EXIT_CONFIG, STAGE, place, action, __VA_ARGS__)
#define fault(c, key, action, ...)	fault_at(c, where(c, key), action, __VA_ARGS__)

static bool contains(const char *const *names, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static const char *nearest_key(const char *name)
{
	unsigned int best = 100, distance;
	const char *nearest = NULL;
	size_t i, known = COUNT(keys);

	for (i = 0; i < known + COUNT(refused) + COUNT(without_effect); i++) {
		const char *key = i < known ? keys[i].name :
				  i < known + COUNT(refused) ? refused[i - known] :
				  without_effect[i - known - COUNT(refused)];

		distance = text_distance(name, key);
		if (distance < best) {
			best = distance;
			nearest = key;
		}
	}
	return text_is_near(name, best) ? nearest : NULL;
}

static bool is_known(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(keys); i++)
		if (!strcmp(keys[i].name, name))
			return true;
	return false;
}

/* A key that the table does not have. An empty list asks for nothing. */
static int check_other(const struct check *c, const char *name,
		       const json_t *value)
{
	char action[96] = "remove it";
	const char *near;

	if (contains(refused, COUNT(refused), name)) {
		if (json_is_array(value) && !json_array_size(value))
			return 0;
		return fault(c, name, "remove it", "%s is not yet in this version",
			     name);
	}
	if (contains(without_effect, COUNT(without_effect), name)) {
		report_warning(c->report, STAGE, where(c, name), NULL,
			       "%s has no effect here", name);
		return 0;
	}
	near = nearest_key(name);
	if (near)
		snprintf(action, sizeof(action), "did you mean %s?", near);
	report_warning(c->report, STAGE, where(c, name), action,
		       "there is no key %s", name);
	return 0;
}

static int take_number(const struct check *c, const struct key *key,
		       const json_t *value, uint64_t *number)
{
	bool good = true;

	if (json_is_string(value))
		good = text_number(json_string_value(value), number);
	else if (json_is_integer(value))
		*number = json_integer_value(value);
	else
		good = false;
	if (good && *number >= key->min && *number <= key->max)
		return 0;
	return fault(c, key->name, NULL, "%s must be a number from %lu to %lu",
		     key->name, key->min, key->max);
}

static int take_string(const struct check *c, const struct key *key,
		       const json_t *value, const char **string)
{
	if (!json_is_string(value))
		return fault(c, key->name, "put it between quotes",
			     "%s must be a string", key->name);
	if (json_string_length(value) > key->max)
		return fault(c, key->name, "shorten it",
			     "%s has %zu characters, %lu are allowed", key->name,
			     json_string_length(value), key->max);
	*string = json_string_value(value);
	return 0;
}

static int take_action(const struct check *c, const struct key *key,
		       const json_t *value, uint64_t *action)
{
	const char *text = json_string_value(value);

	for (*action = 0; text && *action < NR_ACTIONS; ++*action)
		if (!strcmp(config_actions[*action], text))
			return 0;
	return fault(c, key->name, "use destroy, restart, rename-restart, preserve, "
		     "coredump-destroy or coredump-restart",
		     "%s is no such action", key->name);
}

static int take_mask(const struct check *c, const json_t *value, uint64_t *mask)
{
	const char *wrong = "an element is neither a string nor a number";

	if (json_is_string(value))
		wrong = text_cpus(json_string_value(value), mask);
	else if (json_is_integer(value) &&
		 (uint64_t)json_integer_value(value) < 64)
		wrong = (*mask = 1UL << json_integer_value(value), NULL);
	return wrong ? fault(c, "cpus", NULL, "cpus: %s", wrong) : 0;
}

static int take_cpus(const struct check *c, const json_t *value)
{
	uint64_t *cpus = c->config->cpus, mask;
	json_t *element;
	size_t i;

	c->config->pinned = true;
	if (!json_is_array(value)) {
		if (take_mask(c, value, &mask))
			return -1;
		for (i = 0; i < CONFIG_MAX_VCPUS; i++)
			cpus[i] = mask;
		return 0;
	}
	if (json_array_size(value) > CONFIG_MAX_VCPUS)
		return fault(c, "cpus", NULL, "cpus has more than %d elements",
			     CONFIG_MAX_VCPUS);
	json_array_foreach(value, i, element)
		if (take_mask(c, element, &cpus[i]))
			return -1;
	return 0;
}

static int take_drivers(const struct check *c, const json_t *value, uint64_t *driver)
{
	const char *text = json_string_value(value);

	for (*driver = 0; text && *driver < DRIVER_ANY; ++*driver)
		if (!strcmp(device_drivers[*driver], text))
			return 0;
	return fault(c, "drivers", NULL, "drivers must be \"virtio\" or \"xen\"");
}

static const char *add_device(struct config *config, const struct device *device,
			      const char *place)
{
	const char *wrong = device_add(config->devices, &config->nr_devices, device);

	if (!wrong)
		config->places[config->nr_devices - 1] = place;
	return wrong;
}

/* Drivers and ids of all are chosen when all are known. */
static int take_device(const struct check *c, const struct key *key,
		       const json_t *element, const char *place)
{
	struct device device;
	const char *wrong;

	if (!json_is_string(element))
		return fault_at(c, place, "put each between quotes",
				"%s: an element is not a string", key->name);
	if (device_parse(key->at, json_string_value(element), place, &device, c->report))
		return -1;
	wrong = add_device(c->config, &device, place);
	return wrong ? fault_at(c, place, NULL, "%s: %s", key->name, wrong) : 0;
}

static int take_devices(const struct check *c, const struct key *key,
			const json_t *value)
{
	json_t *element;
	size_t i;

	if (!json_is_array(value))
		return fault(c, key->name, "write [ \"...\" ]",
			     "%s must be a list of strings", key->name);
	json_array_foreach(value, i, element)
		if (take_device(c, key, element, where_element(c, key->name, i)))
			return -1;
	return 0;
}

static int take(const struct check *c, const struct key *key)
{
	const json_t *value = json_object_get(json_object_get(c->values, key->name),
					      "value");
	void *at = (char *)c->config + key->at;	/* not of devices */

	if (!value)
		return 0;
	switch (key->kind) {
	case KIND_STRING:
		return take_string(c, key, value, at);
	case KIND_NUMBER:
		return take_number(c, key, value, at);
	case KIND_ACTION:
		return take_action(c, key, value, at);
	case KIND_CPUS:
		return take_cpus(c, value);
	case KIND_DRIVERS:
		return take_drivers(c, value, at);
	case KIND_DEVICES:
		return take_devices(c, key, value);
	}
	return -1;
}

static const char *bad_name(const char *name)
{
	const char *c;
	bool digits = true;

	if (!*name || strlen(name) >= CONFIG_NAME_SIZE)
		return "it must have 1 to 47 characters";
	for (c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("._+-:@", *c))
			return "it may have letters, digits and . _ + - : @ only";
		digits &= isdigit((unsigned char)*c) != 0;
	}
	if (digits || !strncmp(name, "0x", 2))
		return "it looks like the number of a domain";
	return *name == '.' || *name == '-' ? "it begins with . or -" : NULL;
}

static int check_arguments(const struct check *c)
{
	struct config *config = c->config;
	const char *root = config->root, *extra = config->extra;
	int length;

	if (config->cmdline && (root || extra))
		return fault(c, "cmdline", "give either",
			     "cmdline is the whole command line, yet there is %s too",
			     root ? "root" : "extra");
	length = snprintf(config->arguments, sizeof(config->arguments), "%s%s%s%s",
			  config->cmdline ? config->cmdline : root ? "root=" : "",
			  root ? root : "", root && extra ? " " : "",
			  extra ? extra : "");
	if (length > CONFIG_MAX_CMDLINE)
		return fault(c, extra ? "extra" : "root", "shorten it",
			     "the command line has %d characters, %d are allowed",
			     length, CONFIG_MAX_CMDLINE);
	return 0;
}

/*
 * A MAC that is not given must stay the same when the domain is made again, with
 * another UUID: it is that of the configured UUID, or of name and machine.
 */
static void choose_seed(const struct config *config, uint8_t seed[16])
{
	char text[CONFIG_NAME_SIZE + 64] = "";
	FILE *file = fopen("/etc/machine-id", "r");
	size_t i, length;

	if (config->uuid_text) {
		memcpy(seed, config->uuid, 16);
		return;
	}
	if (file && !fgets(text, 64, file))
		*text = 0;
	if (file)
		fclose(file);
	length = strlen(text);
	snprintf(text + length, sizeof(text) - length, "%s", config->name);
	memset(seed, 0, 16);
	for (i = 0; text[i]; i++)
		seed[i % 16] = seed[i % 16] * 31 + text[i];
}

static int finish_devices(const struct check *c)
{
	struct config *config = c->config;
	struct device *device, rng = { .kind = DEVICE_RNG, .driver = DRIVER_VIRTIO };
	uint8_t seed[16];
	size_t i;

	if (config->rng && add_device(config, &rng, where(c, "rng")))
		return fault(c, "rng", NULL, "rng: there are too many devices");
	choose_seed(config, seed);
	for (i = 0; i < config->nr_devices; i++) {
		device = &config->devices[i];
		if (device->driver == DRIVER_ANY)
			device->driver = device->kind > DEVICE_VIF ? DRIVER_VIRTIO :
								     config->drivers;
		if (device->kind == DEVICE_VIF && !device->mac)
			device->mac = device_stable_mac(seed, device->id);
	}
	return 0;
}

/* Room for what is configured, and for what is to come if that is not said. */
static int choose_device_pages(const struct check *c)
{
	struct config *config = c->config;
	uint64_t wanted = config->max_devices, nr = 0;
	size_t i;

	for (i = 0; i < config->nr_devices; i++)
		nr += config->devices[i].driver == DRIVER_VIRTIO;
	if (wanted == CONFIG_DEVICES_DEFAULT)
		wanted = nr > RINGLET_DEVICES_SLOTS(1) ? nr : RINGLET_DEVICES_SLOTS(1);
	if (nr > wanted)
		return fault(c, "max_devices", "raise it", "max_devices, %lu, is less than "
			     "the %lu virtio devices that are configured", wanted, nr);
	config->device_pages = wanted ? 1 : 0;
	while (wanted && wanted > RINGLET_DEVICES_SLOTS(config->device_pages))
		config->device_pages++;
	return 0;
}

/* What the keys make together. */
static int check_together(const struct check *c)
{
	struct config *config = c->config;
	const char *wrong;

	if (!config->name)
		return fault(c, "name", "add name = \"...\"", "name is missing");
	wrong = bad_name(config->name);
	if (wrong)
		return fault(c, "name", "choose another name", "name: %s", wrong);
	if (!config->kernel || !*config->kernel)
		return fault(c, "kernel", "add kernel = \"...\"", "kernel is missing");
	if (config->type && strcmp(config->type, "pv"))
		return fault(c, "type", "remove it, or say \"pv\"",
			     "type \"%s\" is not offered, only \"pv\"", config->type);
	if (config->uuid_text && !text_uuid(config->uuid_text, config->uuid))
		return fault(c, "uuid", NULL, "uuid is not a UUID");
	if (!config->maxmem)
		config->maxmem = config->memory;
	if (config->maxmem < config->memory)
		return fault(c, "maxmem", "raise maxmem or lower memory",
			     "maxmem, %lu, is less than memory, %lu", config->maxmem,
			     config->memory);
	if (!config->vcpus)
		config->vcpus = 1;
	if (!config->maxvcpus)
		config->maxvcpus = config->vcpus;
	if (config->maxvcpus < config->vcpus)
		return fault(c, "maxvcpus", "raise maxvcpus or lower vcpus",
			     "maxvcpus, %lu, is less than vcpus, %lu",
			     config->maxvcpus, config->vcpus);
	if (check_arguments(c) || finish_devices(c))
		return -1;
	return choose_device_pages(c);
}

int config_check(const json_t *values, const char *name, struct config *config,
		 struct report *report)
{
	struct check c = { values, config, report };
	const char *key;
	json_t *entry;
	size_t i;

	memset(config, 0, sizeof(*config));
	config->file = name;
	for (i = 0; i < CONFIG_MAX_VCPUS; i++)
		config->cpus[i] = ~0UL;
	for (i = 0; i < COUNT(keys); i++)
		if (keys[i].initial)
			*(uint64_t *)((char *)config + keys[i].at) = keys[i].initial;
	json_object_foreach((json_t *)values, key, entry)
		if (!is_known(key) &&
		    check_other(&c, key, json_object_get(entry, "value")))
			return -1;
	for (i = 0; i < COUNT(keys); i++)
		if (take(&c, &keys[i]))
			return -1;
	return check_together(&c);
}

int config_read(const char *file, json_t *values, struct report *report)
{
	bool input = !strcmp(file, "-");
	int fd = input ? 0 : open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	static char text[CONFIG_MAX_FILE + 1];
	ssize_t size = 0, got = -1;

	while (fd >= 0 && size < (ssize_t)sizeof(text)) {
		got = read(fd, text + size, sizeof(text) - size);
		if (got <= 0)
			break;
		size += got;
	}
	if (got < 0)
		report_error(report, EXIT_CONFIG, "read configuration", file,
			     "give the path of a readable file", "%s",
			     strerror(errno));
	if (fd > 0)
		close(fd);
	return got < 0 ? -1 : syntax_parse(text, size, file, values, report);
}

int config_name_free(struct hyp *hyp, const char *name, const char *stage,
		     struct report *report)
{
	struct ringlet_domain_info info;
	const char *wrong = bad_name(name);
	int rc;

	if (wrong)
		return report_error(report, EXIT_CONFIG, stage, name,
				    "choose another name", "%s", wrong);
	rc = hyp_domain_named(hyp, name, &info);
	if (!rc)
		return report_error(report, EXIT_STATE, stage, name,
				    "choose another name, or destroy that one",
				    "the name is taken by domain %u",
				    info.domid);
	return rc == -ESRCH ? 0 : report_errno(report, rc, stage, name);
}
