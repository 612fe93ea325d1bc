// SPDX-License-Identifier: GPL-2.0
/*
 * Elements of vif (xl-network-configuration(5) of Xen), channel and share: settings
 * "key=value" separated by commas, by one table of keys. Also what names an rng.
 */
#include "device.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define STAGE	"check configuration"
#define KINDS(kind)	(1U << DEVICE_##kind)

enum type { STRING, NUMBER, FLAG, MAC, DRIVER, CONNECTION, IGNORED };

#define AT(field)	offsetof(struct device, field), sizeof(((struct device *)0)->field)

static const struct key {
	const char *name;
	unsigned int kinds;
	enum type type;
	size_t at, size;
	uint64_t min, max;
} keys[] = {
	{ "mac", KINDS(VIF), MAC, AT(mac), 0, 0 },
	{ "bridge", KINDS(VIF), STRING, AT(bridge), 0, 0 },
	{ "vifname", KINDS(VIF), STRING, AT(vifname), 0, 0 },
	{ "mtu", KINDS(VIF), NUMBER, AT(mtu), 68, 65521 },
	{ "queues", KINDS(VIF), NUMBER, AT(queues), 1, DEVICE_MAX_QUEUES },
	{ "filter", KINDS(VIF), FLAG, AT(filter), 0, 0 },
	{ "backendtype", KINDS(VIF), DRIVER, AT(driver), 0, 0 },
	{ "model", KINDS(VIF), IGNORED, 0, 0, 0, 0 },
	{ "type", KINDS(VIF), IGNORED, 0, 0, 0, 0 },
	{ "script", KINDS(VIF), IGNORED, 0, 0, 0, 0 },
	{ "ip", KINDS(VIF), IGNORED, 0, 0, 0, 0 },
	{ "rate", KINDS(VIF), IGNORED, 0, 0, 0, 0 },
	{ "connection", KINDS(CHANNEL), CONNECTION, AT(pty), 0, 0 },
	{ "path", KINDS(CHANNEL) | KINDS(SHARE), STRING, AT(target), 0, 0 },
	{ "name", KINDS(CHANNEL), STRING, AT(name), 0, 0 },
	{ "tag", KINDS(SHARE), STRING, AT(name), 0, 0 },
	{ "readonly", KINDS(SHARE), FLAG, AT(readonly), 0, 0 },
};

struct other {
	struct device *device;
	const char *where;
	struct report *report;
	uint32_t given;		/* keys, by their index */
};

#define fault(o, action, ...) \
	report_error((o)->report, EXIT_CONFIG, STAGE, (o)->where, action, __VA_ARGS__)

static int set_value(struct other *o, const struct key *key, const char *kind,
		     const char *value)
{
	void *at = (char *)o->device + key->at;
	const char *wrong;
	uint64_t number;

	switch (key->type) {
	case STRING:
		if (!*value || strlen(value) >= key->size)
			return fault(o, NULL, "%s: %s must have 1 to %zu characters",
				     kind, key->name, key->size - 1);
		strcpy(at, value);
		return 0;
	case NUMBER:
		if (!text_number(value, &number) || number < key->min ||
		    number > key->max)
			return fault(o, NULL, "%s: %s must be a number from %lu to %lu",
				     kind, key->name, key->min, key->max);
		*(uint32_t *)at = number;
		return 0;
	case FLAG:
		*(bool *)at = !strcmp(value, "1");
		return *(bool *)at || !strcmp(value, "0") ? 0 :
		       fault(o, NULL, "%s: %s must be 0 or 1", kind, key->name);
	case MAC:
		wrong = device_mac(value, at);
		return wrong ? fault(o, NULL, "%s: mac \"%s\": %s", kind, value, wrong) : 0;
	case DRIVER:
		if (!strcmp(value, "virtio") || !strcmp(value, "xen"))
			*(uint32_t *)at = strcmp(value, "xen") ? DRIVER_VIRTIO : DRIVER_XEN;
		else
			return fault(o, "use virtio or xen, or leave it out",
				     "%s: backendtype \"%s\" is not offered", kind, value);
		return 0;
	case CONNECTION:
		*(bool *)at = !strcmp(value, "pty");
		return !strcmp(value, "pty") || !strcmp(value, "socket") ? 0 :
		       fault(o, "use pty, or socket with path=",
			     "%s: connection \"%s\" is not offered", kind, value);
	case IGNORED:
		report_warning(o->report, STAGE, o->where, NULL,
			       "%s: %s has no effect here", kind, key->name);
		return 0;
	}
	return -1;
}

static int set_part(struct other *o, char *part)
{
	const char *kind = device_kinds[o->device->kind];
	char *value = strchr(part, '=');
	size_t i;

	if (value)
		*value++ = 0;
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].kinds & 1U << o->device->kind &&
		    !strcmp(keys[i].name, part)) {
			if (!value && keys[i].type != FLAG)
				return fault(o, "write key=value", "%s: %s has no value",
					     kind, part);
			if (o->given & 1U << i)
				return fault(o, "leave one", "%s: %s is there twice",
					     kind, part);
			o->given |= 1U << i;
			/* A flag alone is set. */
			return set_value(o, &keys[i], kind, value ? value : "1");
		}
	return fault(o, "see rl help create", "%s: there is no key %s", kind, part);
}

/* As Linux has names of interfaces; it makes a number of %d in one. */
static int check_interface(struct other *o, const char *key, const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (!isgraph((unsigned char)*c) || strchr("/:%", *c))
			return fault(o, "use letters and digits", "vif: no interface can have "
				     "the name that %s gives, \"%s\"", key, name);
	return 0;
}

/* What the settings make together. */
static int check_together(struct other *o)
{
	struct device *device = o->device;

	if (device->kind == DEVICE_SHARE && (!*device->name || *device->target != '/'))
		return fault(o, "write tag=NAME,path=/FOLDER",
			     "share: it needs a tag and the whole path of a folder");
	if (device->kind == DEVICE_CHANNEL && !*device->name)
		return fault(o, "add name=NAME", "channel: it has no name");
	if (device->kind == DEVICE_CHANNEL && !device->pty && *device->target != '/')
		return fault(o, "add path=/PATH, or connection=pty",
			     "channel: a socket needs the whole path where it is to be");
	if (check_interface(o, "vifname", device->vifname))
		return -1;
	return check_interface(o, "bridge", device->bridge);
}

int other_parse(const char *text, const char *where, struct device *device,
		struct report *report)
{
	struct other o = { device, where, report, 0 };
	char *copy = strdup(text), *next = copy, *part, *end;
	int rc = copy ? 0 : fault(&o, NULL, "no memory");

	while (!rc && next && *next) {
		part = next + strspn(next, " \t");
		next = strchr(part, ',');
		if (next)
			*next++ = 0;
		for (end = part + strlen(part); end > part && end[-1] == ' ';)
			*--end = 0;
		rc = set_part(&o, part);
	}
	free(copy);
	return rc ? rc : check_together(&o);
}
