// SPDX-License-Identifier: GPL-2.0
/*
 * Devices as values: names, numbers, and the way to JSON and back, by one table.
 */
#include "device.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

/* Xen's public/io/blkif.h and docs/man/xen-vbd-interface: numbers of disks. */
#define MAJOR_XVD	202
#define MAJOR_SD	8
#define MAJOR_HD	3
#define EXTENDED	(1U << 28)

const char *const device_kinds[NR_DEVICE_KINDS] = {
	[DEVICE_DISK] = "disk",
	[DEVICE_VIF] = "vif",
	[DEVICE_CHANNEL] = "channel",
	[DEVICE_RNG] = "rng",
	[DEVICE_SHARE] = "share",
};

const char *const device_drivers[DRIVER_ANY] = {
	[DRIVER_VIRTIO] = "virtio",
	[DRIVER_XEN] = "xen",
};

enum type { U32, U64, BOOL, STRING };

#define PLACE(name)	offsetof(struct device, name), sizeof(((struct device *)0)->name)
#define MUST(name, type)	{ #name, type, true, PLACE(name) }
#define MAY(name, type)		{ #name, type, false, PLACE(name) }

/*
 * MUST: without it nobody knows what it is, or whose backing. MAY: else 0, which is what
 * a new field has to mean for a device of an rl that did not write it.
 */
static const struct {
	const char *name;
	enum type type;
	bool must;
	size_t at, size;
} fields[] = {
	MUST(kind, U32), MUST(driver, U32), MUST(id, U32),
	MUST(name, STRING), MUST(target, STRING), MUST(readonly, BOOL),
	MUST(shared, BOOL), MAY(discard, BOOL), MAY(direct, BOOL), MAY(must_direct, BOOL),
	MUST(is_file, BOOL), MAY(queues, U32), MAY(queue_size, U32),
	MAY(serial, STRING), MUST(mac, U64), MUST(bridge, STRING),
	MAY(vifname, STRING), MAY(mtu, U32), MAY(filter, BOOL),
	MAY(pty, BOOL), MUST(ready, BOOL), MUST(dev, U64), MUST(ino, U64),
	MUST(slot, U32), MUST(uid, U32), MAY(pid, U32), MUST(made, STRING),
};

json_t *device_to_json(const struct device *device)
{
	json_t *object = json_object(), *value;
	size_t i;

	for (i = 0; i < COUNT(fields); i++) {
		const void *at = (const char *)device + fields[i].at;

		switch (fields[i].type) {
		case U32:
			value = json_integer(*(const uint32_t *)at);
			break;
		case U64:
			value = json_integer(*(const int64_t *)at);
			break;
		case BOOL:
			value = json_boolean(*(const bool *)at);
			break;
		default:
			value = json_string(at);
		}
		json_object_set_new(object, fields[i].name, value);
	}
	return object;
}

/* Return: whether @value is what the field may hold; else the field stays. */
static bool take(const json_t *value, enum type type, void *at, size_t size)
{
	json_int_t number = json_integer_value(value);

	switch (type) {
	case U32:
		if (!json_is_integer(value) || number < 0 || number > UINT32_MAX)
			return false;
		*(uint32_t *)at = number;
		return true;
	case U64:
		if (!json_is_integer(value))
			return false;
		*(uint64_t *)at = number;
		return true;
	case BOOL:
		if (!json_is_boolean(value))
			return false;
		*(bool *)at = json_is_true(value);
		return true;
	default:
		if (!json_is_string(value) || json_string_length(value) >= size)
			return false;
		memcpy(at, json_string_value(value), json_string_length(value) + 1);
		return true;
	}
}

const char *device_from_json(const json_t *object, struct device *device)
{
	const char *wrong = NULL;
	size_t i;

	memset(device, 0, sizeof(*device));
	device->kind = NR_DEVICE_KINDS;
	device->driver = DRIVER_ANY;
	for (i = 0; i < COUNT(fields); i++) {
		const json_t *value = json_object_get(object, fields[i].name);

		if (value ? !take(value, fields[i].type, (char *)device + fields[i].at,
				  fields[i].size) : fields[i].must)
			wrong = wrong ? wrong : fields[i].name;
	}
	if (device->driver >= DRIVER_ANY) {
		device->driver = DRIVER_ANY;
		wrong = "driver";
	}
	if (device->kind >= NR_DEVICE_KINDS) {
		device->kind = NR_DEVICE_KINDS;
		wrong = "kind";
	}
	return wrong;
}

/* a, b, ..., z, aa, ...: the number behind the letters; moves on. */
static bool letters(const char **text, uint32_t *number)
{
	uint32_t n = 0;

	if (!islower((unsigned char)**text))
		return false;
	for (; islower((unsigned char)**text); ++*text) {
		n = n * 26 + (**text - 'a') + 1;
		if (n > 1U << 20)
			return false;
	}
	*number = n - 1;
	return true;
}

bool device_vdev(const char *name, uint32_t *number)
{
	bool sd = !strncmp(name, "sd", 2), hd = !strncmp(name, "hd", 2);
	bool xvd = !strncmp(name, "xvd", 3);
	uint32_t disk, part = 0;
	unsigned long value;
	char *end;

	if (!sd && !hd && !xvd && strncmp(name, "vd", 2))
		return false;
	name += xvd ? 3 : 2;
	if (!letters(&name, &disk))
		return false;
	if (*name) {
		if (*name < '1' || *name > '9')
			return false;
		value = strtoul(name, &end, 10);
		if (*end || value > 255)
			return false;
		part = value;
	}
	if (hd) {
		*number = MAJOR_HD << 8 | disk << 6 | part;
		return disk < 2 && part < 64;
	}
	if (sd) {
		*number = MAJOR_SD << 8 | disk << 4 | part;
		return disk < 16 && part < 16;
	}
	*number = disk < 16 && part < 16 ? MAJOR_XVD << 8 | disk << 4 | part :
		  EXTENDED | disk << 8 | part;
	return true;
}

const char *device_mac(const char *text, uint64_t *mac)
{
	int i;

	*mac = 0;
	for (i = 0; i < 6; i++, text += 2) {
		if (i && *text++ != ':')
			return "it must be six pairs of digits, as 00:16:3e:11:22:33";
		if (!isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]))
			return "it must be six pairs of digits, as 00:16:3e:11:22:33";
		*mac = *mac << 8 |
		       strtoul((char[]){ text[0], text[1], 0 }, NULL, 16);
	}
	if (*text)
		return "it must be six pairs of digits, as 00:16:3e:11:22:33";
	if (*mac >> 40 & 1)
		return "it is a multicast address";
	return *mac ? NULL : "it is zero";
}

const char *device_from_mac(uint64_t mac, char *buffer)
{
	int i;

	for (i = 0; i < 6; i++)
		sprintf(buffer + 3 * i, i < 5 ? "%02x:" : "%02x",
			(unsigned int)(mac >> (40 - 8 * i) & 0xff));
	return buffer;
}

/* FNV-1a, 64 bits, of UUID and index, folded; 00:16:3e is Xen's own prefix. */
uint64_t device_stable_mac(const uint8_t uuid[16], uint32_t index)
{
	uint64_t hash = 0xcbf29ce484222325UL;
	int i;

	for (i = 0; i < 20; i++) {
		hash ^= i < 16 ? uuid[i] : index >> 8 * (i - 16) & 0xff;
		hash *= 0x100000001b3UL;
	}
	hash ^= hash >> 32;
	return 0x00163eUL << 24 | (hash & 0x7fffff);
}

int device_parse(enum device_kind kind, const char *text, const char *where,
		 struct device *device, struct report *report)
{
	memset(device, 0, sizeof(*device));
	device->kind = kind;
	device->driver = DRIVER_ANY;
	return kind == DEVICE_DISK ? disk_parse(text, where, device, report) :
				     other_parse(text, where, device, report);
}

/* The lowest number that no other of its kind has; a disk's follows from its name. */
static uint32_t choose_id(const struct device *list, size_t nr,
			  const struct device *device)
{
	uint32_t id = 0;
	size_t i;

	if (device->kind == DEVICE_DISK && device_vdev(device->name, &id))
		return id;
	for (i = 0; i < nr; i++)
		if (list[i].kind == device->kind && list[i].id == id) {
			id++;
			i = ~0UL;
		}
	return id;
}

const char *device_add(struct device *list, size_t *nr, const struct device *device)
{
	struct device *new = &list[*nr];
	size_t i;

	if (*nr == DEVICE_MAX)
		return "the domain has 63 devices, there cannot be more";
	*new = *device;
	new->id = choose_id(list, *nr, device);
	for (i = 0; i < *nr; i++) {
		if (list[i].kind != new->kind)
			continue;
		if (list[i].id == new->id)
			return "the domain has a disk of that name";
		if (*new->name && !strcmp(list[i].name, new->name))
			return "the domain has one of that name";
		if (new->mac && list[i].mac == new->mac)
			return "the domain has a vif with that MAC";
		if (new->kind == DEVICE_CHANNEL && *new->target &&
		    !strcmp(list[i].target, new->target))
			return "the domain has a channel at that path";
		if (*new->vifname && !strcmp(list[i].vifname, new->vifname))
			return "the domain has a vif of that name";
	}
	++*nr;
	return NULL;
}
