// SPDX-License-Identifier: GPL-2.0
/* rl block-*, network-*, channel-list, device-list: devices of domains that are. */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach.h"
#include "back.h"
#include "guest.h"
#include "hyp.h"
#include "record.h"
#include "text.h"

#define ALL_KINDS	((1U << NR_DEVICE_KINDS) - 1)

static const struct driver *driver_of(const struct device *device)
{
	return device->driver == DRIVER_XEN ? &xenbus_driver : &back_driver;
}

static void set_text(json_t *object, const char *field, const char *text)
{
	if (*text)
		json_object_set_new(object, field, text_printable(text));
}

/* What our back-end has moved so far; nothing if it is away. */
static void set_traffic(json_t *object, uint32_t domid, const struct device *device)
{
	struct ringlet_back_info info = { .domid = domid, .slot = device->slot };

	if (device->driver != DRIVER_VIRTIO || back_info(&info) || info.uid != device->uid)
		return;
	json_object_set_new(object, "requests", json_integer(info.requests));
	json_object_set_new(object, "bytes_from", json_integer(info.bytes_in));
	json_object_set_new(object, "bytes_to", json_integer(info.bytes_out));
	json_object_set_new(object, "granted_pages", json_integer(info.copied_pages));
}

static json_t *describe(const struct ringlet_domain_info *info,
			const struct device *device)
{
	char mac[DEVICE_MAC_SIZE], number[16];
	const char *name = device->name, *state;
	json_t *object;

	snprintf(number, sizeof(number), "%u", device->id);
	if (!*name)
		name = number;
	state = driver_of(device)->state(info->domid, device);
	object = json_pack("{so,si,ss,ss,ss,ss,si}", "name", text_printable(info->name),
			   "id", info->domid, "kind", device_kinds[device->kind],
			   "drivers", device_drivers[device->driver], "device", name,
			   "state", state ? state : "unknown", "number", device->id);
	set_text(object, "target", device->target);
	set_text(object, "made", device->made);
	set_text(object, "bridge", device->bridge);
	if (device->kind == DEVICE_VIF)
		json_object_set_new(object, "mac",
				    json_string(device_from_mac(device->mac, mac)));
	if (device->kind == DEVICE_DISK || device->kind == DEVICE_SHARE)
		json_object_set_new(object, "readonly",
				    json_boolean(device->readonly));
	set_traffic(object, info->domid, device);
	return object;
}

/* Adds the devices of a domain of some kinds. */
static void list_domain(json_t *list, const struct ringlet_domain_info *info,
			unsigned int kinds, struct report *report)
{
	struct record *record = malloc(sizeof(*record));
	size_t i;

	if (!record)
		return;
	record_load(info->domid, record);
	for (i = 0; i < record->nr; i++)
		if (record->devices[i].ready && kinds & 1U << record->devices[i].kind &&
		    !memcmp(record->uuid, info->uuid, sizeof(info->uuid)))
			json_array_append_new(list, describe(info, &record->devices[i]));
	record_warn(record, report);
	free(record);
}

static json_t *list(struct rl *rl, unsigned int kinds)
{
	json_t *devices = json_array();
	struct ringlet_domain_info info;
	uint64_t next;
	int i;

	for (i = 0; i < rl->nr_args; i++) {
		if (rl_domain(rl, rl->args[i], &info)) {
			json_decref(devices);
			return NULL;
		}
		list_domain(devices, &info, kinds, &rl->report);
	}
	for (next = 1; !rl->nr_args && !hyp_domain_next(rl->hyp, next, &info);
	     next = info.domid + 1UL)
		list_domain(devices, &info, kinds, &rl->report);
	return json_pack("{so}", "devices", devices);
}

json_t *verb_block_list(struct rl *rl)
{
	return list(rl, 1U << DEVICE_DISK);
}

json_t *verb_network_list(struct rl *rl)
{
	return list(rl, 1U << DEVICE_VIF);
}

json_t *verb_channel_list(struct rl *rl)
{
	return list(rl, 1U << DEVICE_CHANNEL);
}

json_t *verb_device_list(struct rl *rl)
{
	return list(rl, ALL_KINDS);
}

void print_devices(const json_t *result)
{
	static const struct column columns[] = {
		{ "name", "NAME" }, { "id", "ID" }, { "kind", "KIND" },
		{ "device", "DEVICE" }, { "drivers", "DRIVERS" }, { "state", "STATE" },
		{ "shown", "BACKING" }, { NULL, NULL },
	};
	const json_t *rows = json_object_get(result, "devices");
	json_t *shown = json_array(), *row, *copy, *text;
	size_t i;

	json_array_foreach((json_t *)rows, i, row) {
		copy = json_copy(row);
		text = json_object_get(row, "target");
		if (json_object_get(row, "mac")) {
			json_object_set(copy, "device", json_object_get(row, "mac"));
			text = json_object_get(row, "made");
		}
		if (json_object_get(row, "bridge"))
			json_object_set_new(copy, "shown",
				json_sprintf("%s on %s", json_string_value(text),
				json_string_value(json_object_get(row, "bridge"))));
		else
			json_object_set_new(copy, "shown", text ? json_incref(text) :
				json_object_get(row, "made") ?
				json_incref(json_object_get(row, "made")) :
				json_string("-"));
		json_array_append_new(shown, copy);
	}
	text_table(shown, columns);
	json_decref(shown);
}

/* What the key drivers of its configuration said, as the daemon knows it. */
static uint32_t usual_drivers(const struct ringlet_domain_info *info)
{
	char path[64], uuid[TEXT_UUID_SIZE];
	const char *drivers = NULL, *saved = NULL;
	uint32_t driver = DRIVER_VIRTIO;
	json_t *fields;

	snprintf(path, sizeof(path), GUEST_FOLDER "/%u.json", info->domid);
	fields = json_load_file(path, 0, NULL);
	json_unpack(fields, "{s:s,s:{s:{s:s}}}", "uuid", &saved, "values", "drivers",
		    "value", &drivers);
	if (saved && drivers && !strcmp(saved, text_from_uuid(info->uuid, uuid)) &&
	    !strcmp(drivers, device_drivers[DRIVER_XEN]))
		driver = DRIVER_XEN;
	json_decref(fields);
	return driver;
}

static int choose_drivers(struct rl *rl, const struct ringlet_domain_info *info,
			  struct device *device)
{
	const char *option = rl_option(rl, "drivers");

	if (!option) {
		if (device->driver == DRIVER_ANY)
			device->driver = usual_drivers(info);
		return 0;
	}
	for (device->driver = 0; device->driver < DRIVER_ANY; device->driver++)
		if (!strcmp(device_drivers[device->driver], option))
			return 0;
	return report_error(&rl->report, EXIT_USAGE, "read arguments", "--drivers", NULL,
			    "\"%s\" is neither virtio nor xen", option);
}

/* Parts may be arguments of their own, as with xl. A part of one is another device. */
static int join(struct rl *rl, char *text, size_t size)
{
	size_t length = 0;
	int i;

	*text = 0;
	for (i = 1; i < rl->nr_args && length < size; i++)
		length += snprintf(text + length, size - length, "%s%s", i > 1 ? "," : "",
				   rl->args[i]);
	return length < size ? 0 :
	       report_error(&rl->report, EXIT_CONFIG, "read arguments", "command line",
			    "shorten it", "the device has more than %zu characters", size - 1);
}

static int find_domain(struct rl *rl, struct ringlet_domain_info *info,
		       struct target *target)
{
	if (rl_domain(rl, rl->args[0], info))
		return -1;
	if (info->state & RINGLET_DOM_HARDWARE)
		return report_error(&rl->report, EXIT_STATE, "find domain", rl->args[0],
				    "name another domain", "it is the service domain");
	*target = (struct target){ info->domid, info->name, info->uuid };
	return 0;
}

static json_t *attach(struct rl *rl, enum device_kind kind)
{
	char text[2 * DEVICE_PATH_SIZE];
	struct ringlet_domain_info info;
	struct target target;
	struct device device;

	if (join(rl, text, sizeof(text)) || find_domain(rl, &info, &target) ||
	    device_parse(kind, text, "command line", &device, &rl->report) ||
	    choose_drivers(rl, &info, &device) ||
	    attach_device(&target, &device, rl->args[0], &rl->report))
		return NULL;
	return describe(&info, &device);
}

json_t *verb_block_attach(struct rl *rl)
{
	return attach(rl, DEVICE_DISK);
}

json_t *verb_network_attach(struct rl *rl)
{
	return attach(rl, DEVICE_VIF);
}

static json_t *detach(struct rl *rl, enum device_kind kind)
{
	struct ringlet_domain_info info;
	struct target target;
	struct device device;

	if (find_domain(rl, &info, &target) ||
	    attach_find(&target, kind, rl->args[1], &device, &rl->report) ||
	    detach_device(&target, &device, rl_option(rl, "force"), &rl->report))
		return NULL;
	return domain_result(&info);
}

json_t *verb_block_detach(struct rl *rl)
{
	return detach(rl, DEVICE_DISK);
}

json_t *verb_network_detach(struct rl *rl)
{
	return detach(rl, DEVICE_VIF);
}

/* A number with K, M, G or T after it, powers of 1024. */
static bool read_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	size_t length = strlen(text);
	const char *unit = length ? strchr(units, text[length - 1]) : NULL;
	unsigned int shift = unit ? 10 * (unit - units + 1) : 0;
	char copy[32];

	if (!length || length >= sizeof(copy))
		return false;
	memcpy(copy, text, length + 1);
	if (unit)
		copy[length - 1] = 0;
	if (!text_number(copy, bytes) || !*bytes || *bytes > 1UL << (60 - shift))
		return false;
	*bytes <<= shift;
	return *bytes % 512 == 0;
}

/* Only more: what a file system believes to have must stay. */
static int grow(struct rl *rl, const struct device *device, const char *size)
{
	uint64_t bytes;
	struct stat st;

	if (!read_size(size, &bytes))
		return report_error(&rl->report, EXIT_USAGE, "read arguments", size,
				    "write 512M, 10G or the like",
				    "it is no size, or not in whole sectors");
	if (!device->is_file)
		return report_error(&rl->report, EXIT_STATE, "resize device",
				    device->target, "resize it with its own tools, then "
				    "say rl block-resize without a size",
				    "it is a block device");
	if (stat(device->target, &st))
		return report_errno(&rl->report, -errno, "resize device", device->target);
	if ((uint64_t)st.st_size > bytes)
		return report_error(&rl->report, EXIT_STATE, "resize device",
				    device->target, "shrink the file system in the guest "
				    "and the file with truncate, then say rl block-resize "
				    "without a size", "it has %ld bytes, which is more",
				    (long)st.st_size);
	if (truncate(device->target, bytes))
		return report_errno(&rl->report, -errno, "resize device", device->target);
	return 0;
}

json_t *verb_block_resize(struct rl *rl)
{
	struct ringlet_domain_info info;
	struct target target;
	struct device device;
	uint64_t bytes = 0;
	json_t *result;

	if (find_domain(rl, &info, &target) ||
	    attach_find(&target, DEVICE_DISK, rl->args[1], &device, &rl->report) ||
	    (rl->nr_args > 2 && grow(rl, &device, rl->args[2])) ||
	    resize_device(&target, &device, &bytes, &rl->report))
		return NULL;
	result = describe(&info, &device);
	json_object_set_new(result, "bytes", json_integer(bytes));
	return result;
}
