// SPDX-License-Identifier: GPL-2.0
/*
 * An element of disk = [ ... ], as xl-disk-configuration(5) of Xen describes it:
 * parameters separated by commas, each "key=value", a flag, or by its position
 * target, format, vdev, access. target=, which comes last, takes the rest of the
 * text. A prefix phy:, file: or raw: of the target stands for the format.
 *
 * Ours besides: direct=, serial=, queues=, queue-size=, backendtype=virtio|xen.
 */
#include "device.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define STAGE	"check configuration"

enum parameter {
	TARGET, FORMAT, VDEV, ACCESS, BACKENDTYPE, DIRECT, SERIAL, QUEUES, QUEUE_SIZE, BACKEND,
	DEVTYPE, DISCARD,
	NR_PARAMETERS
};

static const char *const names[NR_PARAMETERS] = {
	[TARGET] = "target", [FORMAT] = "format", [VDEV] = "vdev", [ACCESS] = "access",
	[BACKENDTYPE] = "backendtype", [DIRECT] = "direct", [SERIAL] = "serial",
	[QUEUES] = "queues", [QUEUE_SIZE] = "queue-size", [BACKEND] = "backend",
	[DEVTYPE] = "devtype", [DISCARD] = "discard",
};

struct disk {
	struct device *device;
	const char *where;
	struct report *report;
	uint32_t given;		/* parameters, a bit each */
	bool prefix;		/* of the target: no format by its position */
};

#define fault(d, action, ...) \
	report_error((d)->report, EXIT_CONFIG, STAGE, (d)->where, action, __VA_ARGS__)

static bool is_given(const struct disk *d, enum parameter which)
{
	return d->given >> which & 1;
}

static int give(struct disk *d, enum parameter which)
{
	if (is_given(d, which))
		return fault(d, "leave one", "disk: %s is there twice", names[which]);
	d->given |= 1U << which;
	return 0;
}

static int set_target(struct disk *d, const char *text)
{
	static const char *const prefixes[] = { "phy:", "file:", "raw:" };
	static const char *const others[] = {
		"qcow:", "qcow2:", "vhd:", "qed:", "tap:", "aio:", "tap2:", "vmdk:",
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strncmp(text, others[i], strlen(others[i])))
			return fault(d, "convert it: qemu-img convert -O raw",
				     "disk: a target \"%s\" cannot be served, only raw ones",
				     others[i]);
	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(text, prefixes[i], strlen(prefixes[i]))) {
			text += strlen(prefixes[i]);
			d->prefix = true;
			break;
		}
	if (strlen(text) >= DEVICE_PATH_SIZE - strlen("/dev/"))
		return fault(d, "shorten it", "disk: the path of the target is too long");
	/* phy:sda1 is /dev/sda1. */
	snprintf(d->device->target, DEVICE_PATH_SIZE, "%s%s",
		 d->prefix && *text && *text != '/' ? "/dev/" : "", text);
	return 0;
}

static int set_format(struct disk *d, const char *text)
{
	if (!*text || !strcmp(text, "raw"))
		return 0;
	return fault(d, "convert it: qemu-img convert -O raw",
		     "disk: format \"%s\" is not offered, only raw", text);
}

static int set_vdev(struct disk *d, const char *text)
{
	uint32_t number;

	if (strlen(text) >= DEVICE_NAME_SIZE || !device_vdev(text, &number))
		return fault(d, "name it xvda, xvdb, ...",
			     "disk: vdev \"%s\" is no name of a disk", text);
	strcpy(d->device->name, text);
	return 0;
}

static int set_access(struct disk *d, const char *text)
{
	if (!strcmp(text, "r") || !strcmp(text, "ro"))
		d->device->readonly = true;
	else if (!strcmp(text, "w!") || !strcmp(text, "rw!"))
		d->device->shared = true;
	else if (*text && strcmp(text, "w") && strcmp(text, "rw"))
		return fault(d, "use r, w, or w! (also for others)",
			     "disk: access \"%s\" is no way of access", text);
	return 0;
}

static int set_backendtype(struct disk *d, const char *text)
{
	if (!strcmp(text, "virtio"))
		d->device->driver = DRIVER_VIRTIO;
	else if (!strcmp(text, "xen"))
		d->device->driver = DRIVER_XEN;
	else if (strcmp(text, "phy"))
		return fault(d, "use virtio or xen, or leave it out",
			     "disk: backendtype \"%s\" is not offered", text);
	return 0;
}

static int set_bool(struct disk *d, const char *key, const char *text, bool *value)
{
	*value = !strcmp(text, "1");
	return *value || !strcmp(text, "0") ? 0 :
	       fault(d, NULL, "disk: %s must be 0 or 1", key);
}

static int set_number(struct disk *d, const char *key, const char *text,
		      uint64_t max, uint32_t *value)
{
	uint64_t number;

	if (!text_number(text, &number) || !number || number > max)
		return fault(d, NULL, "disk: %s must be a number from 1 to %lu", key,
			     max);
	*value = number;
	return 0;
}

static int set_serial(struct disk *d, const char *text)
{
	if (strlen(text) >= sizeof(d->device->serial))
		return fault(d, "shorten it", "disk: serial has more than 20 characters");
	strcpy(d->device->serial, text);
	return 0;
}

static int set_queue_size(struct disk *d, const char *text)
{
	uint32_t size = 0;

	if (set_number(d, "queue-size", text, 1024, &size))
		return -1;
	d->device->queue_size = size;
	return size & (size - 1) ?
	       fault(d, NULL, "disk: queue-size must be a power of 2") : 0;
}

static int set_devtype(struct disk *d, const char *text)
{
	return !strcmp(text, "disk") ? 0 :
	       fault(d, "leave it out, and set access=r",
		     "disk: devtype %s is not offered", text);
}

static int set(struct disk *d, enum parameter which, const char *value)
{
	struct device *device = d->device;
	int rc;

	if (give(d, which))
		return -1;
	switch (which) {
	case TARGET:
		return set_target(d, value);
	case FORMAT:
		return set_format(d, value);
	case VDEV:
		return set_vdev(d, value);
	case ACCESS:
		return set_access(d, value);
	case BACKENDTYPE:
		return set_backendtype(d, value);
	case DIRECT:
		rc = set_bool(d, names[which], value, &device->direct);
		device->must_direct = !rc && device->direct;
		return rc;
	case SERIAL:
		return set_serial(d, value);
	case QUEUES:
		return set_number(d, names[which], value, DEVICE_MAX_QUEUES, &device->queues);
	case QUEUE_SIZE:
		return set_queue_size(d, value);
	case BACKEND:
		return !strcmp(value, "0") || !strcmp(value, "Domain-0") ? 0 :
		       fault(d, "leave it out", "disk: backend \"%s\" is not offered, only "
			     "this domain", value);
	case DEVTYPE:
		return set_devtype(d, value);
	default:
		return -1;	/* DISCARD: no key */
	}
}

static int set_key(struct disk *d, const char *key, const char *value)
{
	int which;

	for (which = 0; which < DISCARD; which++)
		if (!strcmp(names[which], key))
			return set(d, which, value);
	return fault(d, "see rl help create", "disk: there is no key %s", key);
}

/* Return: whether it was one. */
static bool set_flag(struct disk *d, const char *text, int *rc)
{
	bool discard = !strcmp(text, "discard");

	*rc = 0;
	if (discard || !strcmp(text, "no-discard")) {
		*rc = give(d, DISCARD);
		d->device->discard = discard;
	} else if (!strcmp(text, "cdrom")) {
		*rc = fault(d, "leave it out, and set access=r",
			    "disk: CD-ROM drives are not offered");
	} else if (strcmp(text, "direct-io-safe")) {
		return false;
	}
	return true;
}

static int set_positional(struct disk *d, const char *text)
{
	static const enum parameter order[] = { TARGET, FORMAT, VDEV, ACCESS };
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (!is_given(d, order[i]) && !(order[i] == FORMAT && d->prefix))
			return set(d, order[i], text);
	return fault(d, "separate target, format, vdev and access by commas",
		     "disk: \"%s\" is one parameter too many", text);
}

static int set_parameter(struct disk *d, char *text)
{
	char *equals = strchr(text, '=');
	int rc;

	/* A path may have a = in it. */
	if (equals && text + strcspn(text, "/:") > equals) {
		*equals = 0;
		return set_key(d, text, equals + 1);
	}
	return set_flag(d, text, &rc) ? rc : set_positional(d, text);
}

static char *skip_blanks(char *text)
{
	return text + strspn(text, " \t");
}

int disk_parse(const char *text, const char *where, struct device *device,
	       struct report *report)
{
	struct disk d = { device, where, report, 0, false };
	char *copy = strdup(text), *next = copy, *part, *end;
	int rc = copy ? 0 : fault(&d, NULL, "no memory");

	device->discard = true;
	device->direct = true;
	while (!rc && next) {
		part = skip_blanks(next);
		if (!strncmp(part, "target=", 7)) {
			rc = set(&d, TARGET, part + 7);
			break;
		}
		next = strchr(part, ',');
		if (next)
			*next++ = 0;
		for (end = part + strlen(part); end > part && end[-1] == ' ';)
			*--end = 0;
		rc = set_parameter(&d, part);
	}
	free(copy);
	if (!rc && !*device->target)
		rc = fault(&d, "begin with its path, or add target=PATH",
			   "disk: it has no target");
	if (!rc && *device->target != '/')
		rc = fault(&d, "write the whole path", "disk: target \"%s\" does not begin "
			   "with /", device->target);
	if (!rc && !*device->name)
		rc = fault(&d, "add vdev=xvda", "disk: it has no vdev, the name in the guest");
	return rc;
}
