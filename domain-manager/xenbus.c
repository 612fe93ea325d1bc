// SPDX-License-Identifier: GPL-2.0
/*
 * Devices for Linux's own drivers: blkfront with blkback, netfront with netback.
 *
 * They find each other by two folders in xenstore (Xen's docs/misc/xenstore-paths,
 * public/io/blkif.h, netif.h, xenbus.h), which are made in one transaction:
 *	/local/domain/N/device/KIND/ID		the guest's, which we may read
 *	/local/domain/0/backend/KIND/N/ID	ours, which the guest may read
 * Each has a node "state". A file becomes a block device by a loop device, which
 * blkback keeps open: it goes when blkback does, whoever is alive by then. The same
 * holds for a vif's interface. So all that must be undone is a folder in the store,
 * and the kernel does the rest.
 */
#include "attach.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "netdev.h"
#include "store.h"

#define STAGE	"attach device"
#define PATH_SIZE	128
#define WAIT_MS	10000	/* for this domain's kernel */
#define GUEST_MS	20000	/* for the guest's */

/* public/io/xenbus.h of Xen */
enum { UNKNOWN, INITIALISING, INIT_WAIT, INITIALISED, CONNECTED, CLOSING, CLOSED };

struct xenbus {
	struct store *store;
	const struct device *device;
	uint32_t domid;
	char front[PATH_SIZE], back[PATH_SIZE];
	int rc;			/* of the first write that failed */
};

static int open_bus(struct xenbus *x, uint32_t domid, const struct device *device)
{
	const char *kind = device->kind == DEVICE_DISK ? "vbd" : "vif";

	x->rc = 0;
	x->domid = domid;
	x->device = device;
	x->store = store_open();
	snprintf(x->front, PATH_SIZE, "/local/domain/%u/device/%s/%u", domid, kind,
		 device->id);
	snprintf(x->back, PATH_SIZE, "/local/domain/0/backend/%s/%u/%u", kind, domid,
		 device->id);
	return x->store ? 0 : -errno;
}

__attribute__((format(printf, 4, 5)))
static void set(struct xenbus *x, const char *folder, const char *node,
		const char *format, ...)
{
	char path[PATH_SIZE + 32], value[DEVICE_PATH_SIZE + 8];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", folder, node);
	if (!x->rc)
		x->rc = store_set(x->store, path, value);
}

static int get_state(struct xenbus *x, const char *folder)
{
	char path[PATH_SIZE + 8], value[16];

	snprintf(path, sizeof(path), "%s/state", folder);
	return store_get(x->store, path, value, sizeof(value)) ? UNKNOWN : atoi(value);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000UL + now.tv_nsec / 1000000;
}

/* Until @holds does; false: not within @ms. */
static bool wait_for(struct xenbus *x, bool (*holds)(struct xenbus *x), uint64_t ms)
{
	uint64_t end = now_ms() + ms;

	while (!holds(x)) {
		if (now_ms() > end)
			return false;
		usleep(10000);
	}
	return true;
}

static bool back_end_waits(struct xenbus *x)
{
	return get_state(x, x->back) != INITIALISING;
}

static bool disk_served(struct xenbus *x)
{
	return block_served(x->domid, x->device->id) ||
	       get_state(x, x->back) == CLOSING;
}

/* Closed, or its folder is gone. */
static bool back_end_closed(struct xenbus *x)
{
	int state = get_state(x, x->back);

	return state == CLOSED || state == UNKNOWN;
}

static bool disk_let_go(struct xenbus *x)
{
	return x->device->is_file ?
		       loop_find(x->device->dev, x->device->ino) < 0 :
		       !block_served(x->domid, x->device->id);
}

/* What the kernel wrote about the failure. */
static const char *error_of(struct xenbus *x, char *text, size_t size)
{
	char path[PATH_SIZE + 32];

	snprintf(path, sizeof(path), "/local/domain/0/error/%s/error",
		 x->back + strlen("/local/domain/0/"));
	return store_get(x->store, path, text, size) ? "see dmesg" : text;
}

static void disk_nodes(struct xenbus *x, uint32_t major, uint32_t minor)
{
	const struct device *d = x->device;

	set(x, x->front, "virtual-device", "%u", d->id);
	set(x, x->front, "device-type", "disk");
	set(x, x->back, "dev", "%s", d->name);
	set(x, x->back, "mode", d->readonly ? "r" : "w");
	set(x, x->back, "device-type", "disk");
	set(x, x->back, "type", "phy");
	set(x, x->back, "params", "%s", *d->made ? d->made : d->target);
	set(x, x->back, "removable", "0");
	set(x, x->back, "bootable", "1");
	set(x, x->back, "discard-enable", "%d", d->discard);
	set(x, x->back, "physical-device", "%x:%x", major, minor);
	set(x, x->back, "hotplug-status", "connected");
}

static void vif_nodes(struct xenbus *x)
{
	const struct device *d = x->device;
	char mac[DEVICE_MAC_SIZE];

	device_from_mac(d->mac, mac);
	set(x, x->front, "handle", "%u", d->id);
	set(x, x->front, "mac", "%s", mac);
	if (d->mtu)
		set(x, x->front, "mtu", "%u", d->mtu);
	set(x, x->back, "handle", "%u", d->id);
	set(x, x->back, "mac", "%s", mac);
	set(x, x->back, "bridge", "%s", d->bridge);
	set(x, x->back, "type", "vif");
	/* netback wants one to be named; we do its work. */
	set(x, x->back, "script", "/bin/true");
}

static int write_nodes(struct xenbus *x, uint32_t major, uint32_t minor)
{
	x->rc = store_begin(x->store);
	if (x->rc)
		return x->rc;
	/* What a device of that number may have left. */
	store_delete(x->store, x->front);
	store_delete(x->store, x->back);
	x->rc = store_folder(x->store, x->front, x->domid, 0);
	if (!x->rc)
		x->rc = store_folder(x->store, x->back, 0, x->domid);
	set(x, x->front, "backend", "%s", x->back);
	set(x, x->front, "backend-id", "0");
	set(x, x->back, "frontend", "%s", x->front);
	set(x, x->back, "frontend-id", "%u", x->domid);
	set(x, x->back, "online", "1");
	if (x->device->kind == DEVICE_DISK)
		disk_nodes(x, major, minor);
	else
		vif_nodes(x);
	set(x, x->front, "state", "%d", INITIALISING);
	set(x, x->back, "state", "%d", INITIALISING);
	if (x->rc) {
		store_abort(x->store);
		return x->rc;
	}
	return store_commit(x->store);
}

static int make_nodes(struct xenbus *x, uint32_t major, uint32_t minor)
{
	int rc;

	do {
		rc = write_nodes(x, major, minor);
	} while (rc == -EAGAIN);
	return rc;
}

#define fault(code, action, ...) \
	report_error(report, code, STAGE, where, action, __VA_ARGS__)

static int make_disk(struct xenbus *x, struct device *device, const char *where,
		     struct report *report)
{
	struct loop loop = { .fd = -1 };
	char text[256];
	uint64_t bytes;
	int rc;

	if (device->is_file) {
		rc = loop_open(&loop, device->target, device->readonly, device->direct);
		strcpy(device->made, rc ? "" : loop.path);
		if (!rc && device->direct && !loop.direct &&
		    disk_buffered(device, where, report)) {
			loop_close(&loop);
			return -1;
		}
	} else {
		rc = block_numbers(device->target, &loop.major, &loop.minor, &bytes);
	}
	if (rc)
		return fault(EXIT_NO_SERVICE, rc == -ENODEV ? "load the module loop" : NULL,
			     "%s: %s%s", device->target, device->is_file ?
			     "no loop device for it: " : "", strerror(-rc));
	rc = make_nodes(x, loop.major, loop.minor);
	if (rc)
		fault(EXIT_NO_SERVICE, NULL, "nodes: xenstored: %s", strerror(-rc));
	else if (!wait_for(x, disk_served, WAIT_MS) ||
		 !block_served(x->domid, device->id))
		rc = fault(EXIT_NO_SERVICE, "see dmesg of the service domain",
			   "%s: blkback does not serve it: %s", device->target,
			   error_of(x, text, sizeof(text)));
	loop_close(&loop);
	return rc;
}

static int make_vif(struct xenbus *x, struct device *device, const char *where,
		    struct report *report)
{
	char text[256], standard[DEVICE_NAME_SIZE];
	int rc;

	snprintf(standard, sizeof(standard), "vif%u.%u", x->domid, device->id);
	strcpy(device->made, standard);
	rc = make_nodes(x, 0, 0);
	if (rc)
		return fault(EXIT_NO_SERVICE, NULL, "nodes: xenstored: %s", strerror(-rc));
	if (!wait_for(x, back_end_waits, WAIT_MS) || !netdev_exists(standard))
		return fault(EXIT_NO_SERVICE, "see dmesg of the service domain",
			     "vif: netback makes no interface: %s",
			     error_of(x, text, sizeof(text)));
	if (*device->vifname) {
		rc = netdev_rename(standard, device->vifname);
		if (rc)
			return fault(EXIT_CONFIG, "choose another vifname",
				     "vif: it cannot be named %s: %s", device->vifname,
				     strerror(-rc));
		strcpy(device->made, device->vifname);
	}
	if (vif_join(device, where, report))
		return -1;
	set(x, x->back, "hotplug-status", "connected");
	return x->rc ? fault(EXIT_NO_SERVICE, NULL, "nodes: xenstored: %s",
			     strerror(-x->rc)) : 0;
}

static int make(const struct target *domain, struct device *device, const char *where,
		struct report *report)
{
	struct xenbus x;
	int rc = open_bus(&x, domain->domid, device);

	if (rc)
		return fault(EXIT_NO_SERVICE, "start xenstored, or use drivers = \"virtio\"",
			     "xenstored cannot be reached: %s", strerror(-rc));
	if (device->queues || device->queue_size || *device->serial)
		report_warning(report, STAGE, where, "use drivers = \"virtio\"",
			       "queues, queue-size and serial have no effect with Xen's "
			       "drivers");
	rc = device->kind == DEVICE_DISK ? make_disk(&x, device, where, report) :
					   make_vif(&x, device, where, report);
	store_close(x.store);
	return rc;
}

/* The kernel unregisters a device whose folder is gone: no guest is asked. */
static int undo(uint32_t domid, const struct device *device)
{
	struct xenbus x;
	int rc = open_bus(&x, domid, device);

	if (rc)
		return rc;
	store_delete(x.store, x.back);
	store_delete(x.store, x.front);
	if (device->kind == DEVICE_DISK)
		wait_for(&x, disk_let_go, WAIT_MS / 10);
	store_close(x.store);
	return 0;
}

/* public/io/xenbus.h: not online any more, and closing; the front-end follows. */
static int unplug(const struct target *domain, const struct device *device,
		  struct report *report)
{
	struct xenbus x;
	int rc = open_bus(&x, domain->domid, device);

	if (rc)
		return report_error(report, EXIT_NO_SERVICE, "detach device", device->name,
				    "start xenstored", "xenstored cannot be reached: %s",
				    strerror(-rc));
	if (get_state(&x, x.back) == CONNECTED) {
		set(&x, x.back, "online", "0");
		set(&x, x.back, "state", "%d", CLOSING);
		if (!wait_for(&x, back_end_closed, GUEST_MS))
			rc = -ETIMEDOUT;
	}
	if (!rc) {
		store_delete(x.store, x.back);
		store_delete(x.store, x.front);
		if (device->kind == DEVICE_DISK && !wait_for(&x, disk_let_go, WAIT_MS))
			rc = -EBUSY;
	}
	store_close(x.store);
	if (!rc)
		return 0;
	return report_error(report, EXIT_TIMEOUT, "detach device", device->name,
			    "unmount it in the guest, or use --force",
			    "%s", rc == -EBUSY ? "blkback still works on it" :
			    "the guest does not let go of it");
}

static int resize(const struct target *domain, const struct device *device,
		  uint64_t *bytes, struct report *report)
{
	const char *path = device->is_file ? device->made : device->target;
	uint32_t major, minor;
	struct xenbus x;
	int rc = device->is_file ? loop_resize(path) : 0;

	if (!rc)
		rc = block_numbers(path, &major, &minor, bytes);
	if (rc)
		return report_errno(report, rc, "resize device", path);
	rc = open_bus(&x, domain->domid, device);
	if (!rc) {
		/* As blkback does by itself, but with its next request only. */
		set(&x, x.back, "sectors", "%lu", *bytes / 512);
		if (get_state(&x, x.back) == CONNECTED)
			set(&x, x.back, "state", "%d", CONNECTED);
		rc = x.rc;
	}
	store_close(x.store);
	return rc ? report_error(report, EXIT_NO_SERVICE, "resize device", device->name,
				 NULL, "xenstored: %s", strerror(-rc)) : 0;
}

static const char *state(uint32_t domid, const struct device *device)
{
	static const char *const names[] = {
		"unknown", "starting", "waiting", "waiting", "connected", "closing",
		"closed",
	};
	struct xenbus x;
	int number;

	if (open_bus(&x, domid, device))
		return NULL;
	number = get_state(&x, x.back);
	store_close(x.store);
	return number <= CLOSED && number >= 0 ? names[number] : names[UNKNOWN];
}

const struct driver xenbus_driver = { make, unplug, undo, resize, state };
