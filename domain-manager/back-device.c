// SPDX-License-Identifier: GPL-2.0
/*
 * Devices for our own drivers: hypercall-abi/virtio.h says what the guest sees,
 * backend-drivers/ringlet-back.h what is asked of the back-ends. They keep what they
 * were given (file, socket, terminal), so rl needs not stay.
 */
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "back.h"
#include "netdev.h"
#include "record.h"
#include "server.h"

#define STAGE	"attach device"
#define GUEST_MS	20000
#define NOTHING		INT_MIN	/* no error, as -1 is */

/* virtio 1.2, section 5 */
static const uint32_t device_ids[NR_DEVICE_KINDS] = {
	[DEVICE_DISK] = 2, [DEVICE_VIF] = 1, [DEVICE_CHANNEL] = 3, [DEVICE_RNG] = 4,
	[DEVICE_SHARE] = 9,
};

#define VIRTIO_BLK_F_DISCARD	(1UL << 13)

#define fault(code, action, ...) \
	report_error(report, code, STAGE, where, action, __VA_ARGS__)

/*
 * Is it what was looked at when the device was made? Its path may name another file
 * by then, above all when a back-end comes back: the guest would go on with that one.
 */
static bool is_same(const struct device *device, int fd)
{
	struct stat st;

	if (fstat(fd, &st) || S_ISREG(st.st_mode) != device->is_file)
		return false;
	return device->is_file ? st.st_dev == device->dev && st.st_ino == device->ino :
				 st.st_rdev == device->ino;
}

static int open_disk(struct device *device, const char *where, struct report *report)
{
	int flags = (device->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC;
	int fd = open(device->target, flags | (device->direct ? O_DIRECT : 0));

	if (fd < 0 && errno == EINVAL && device->direct) {
		if (disk_buffered(device, where, report))
			return -EINVAL;
		fd = open(device->target, flags);
	}
	if (fd < 0)
		return -errno;
	if (is_same(device, fd))
		return fd;
	close(fd);
	return -ENXIO;
}

/* What the back-end works on; NOTHING, or -E... */
static int open_backing(struct device *device, const char *where, struct report *report)
{
	switch (device->kind) {
	case DEVICE_DISK:
		return open_disk(device, where, report);
	case DEVICE_SHARE:
		return server_share(device);
	default:
		return NOTHING;
	}
}

static int no_backing(const struct device *device, int rc, const char *where,
		      struct report *report)
{
	if (rc == -ENOENT && device->kind == DEVICE_SHARE)
		return fault(EXIT_NO_SERVICE, "install the package diod",
			     "share: there is no program diod to serve it");
	if (rc == -ENXIO)
		return fault(EXIT_STATE, "put it back, or detach the device",
			     "%s: another file has taken its place meanwhile",
			     device->target);
	return fault(EXIT_CONFIG, NULL, "%s: %s", device->target, strerror(-rc));
}

/* Why it was refused, and what to do. */
static int refused(const struct device *device, int rc, const char *where,
		   struct report *report)
{
	const char *kind = device_kinds[device->kind];

	if (rc == -ENODEV)
		return fault(EXIT_STATE, "create the domain again with this version of rl",
			     "%s: the domain has no place for virtio devices", kind);
	if (rc == -ENOSPC)
		return fault(EXIT_RESOURCES, "detach another device",
			     "%s: the domain's places for devices are all taken", kind);
	if (rc == -EOPNOTSUPP)
		return fault(EXIT_NO_SERVICE, "load it with modprobe",
			     "%s: the module %s is not loaded", kind,
			     back_module(device->kind));
	if (rc == -ENOENT)
		return fault(EXIT_NO_SERVICE, "load the module ringlet_back",
			     "%s: there is no " RINGLET_BACK_PATH, kind);
	return fault(EXIT_NO_SERVICE, "see dmesg of the service domain",
		     "%s: the back-end refuses it: %s", kind, strerror(-rc));
}

static void set_name(const struct device *device, uint32_t domid, char *name)
{
	const char *text = device->kind == DEVICE_DISK ? device->serial : device->name;

	if (device->kind == DEVICE_VIF && *device->vifname)
		text = device->vifname;
	if (device->kind == DEVICE_VIF && !*device->vifname)
		snprintf(name, RINGLET_BACK_NAME_SIZE, "vif%u.%u", domid, device->id);
	else
		snprintf(name, RINGLET_BACK_NAME_SIZE, "%s", text);
}

/* 0, or -E... and a report. */
static int attach(uint32_t domid, struct device *device, uint32_t flags,
		  const char *where, struct report *report)
{
	struct ringlet_back_attach a = {
		.domid = domid,
		.slot = flags & RINGLET_BACK_REATTACH ? device->slot :
							RINGLET_BACK_ANY_SLOT,
		.device_id = device_ids[device->kind],
		.flags = flags | (device->readonly ? RINGLET_BACK_READONLY : 0),
		.queues = device->queues,
		.queue_size = device->queue_size,
		.uid = flags & RINGLET_BACK_REATTACH ? device->uid : 0,
		.mtu = device->mtu,
	};
	int fd = open_backing(device, where, report), rc, i;

	if (fd < 0 && fd != NOTHING) {
		no_backing(device, fd, where, report);
		return fd;
	}
	a.fd = fd < 0 ? -1 : fd;
	if (device->kind == DEVICE_DISK && device->direct)
		a.flags |= RINGLET_BACK_DIRECT;
	if (device->filter)
		a.flags |= RINGLET_BACK_MAC_FILTER;
	if (device->kind == DEVICE_DISK && !device->discard)
		a.features_off = VIRTIO_BLK_F_DISCARD;
	for (i = 0; i < 6; i++)
		a.mac[i] = device->mac >> (40 - 8 * i);
	set_name(device, domid, a.name);
	rc = back_attach(&a);
	if (fd >= 0)
		close(fd);
	if (rc) {
		refused(device, rc, where, report);
		return rc;
	}
	device->slot = a.slot;
	device->uid = a.uid;
	if (device->kind == DEVICE_VIF)
		snprintf(device->made, sizeof(device->made), "%.31s", a.name);
	if (device->kind == DEVICE_CHANNEL)
		snprintf(device->made, sizeof(device->made), RINGLET_BACK_CONSOLE, domid,
			 a.slot);
	return 0;
}

/* What it needs besides its back-end. */
static int connect_device(struct device *device, const char *where,
			  struct report *report)
{
	int rc;

	if (device->kind == DEVICE_VIF)
		return vif_join(device, where, report);
	if (device->kind != DEVICE_CHANNEL || device->pty)
		return 0;
	rc = server_channel(device);
	return rc ? fault(EXIT_CONFIG, NULL, "channel: no socket at %s: %s",
			  device->target, strerror(-rc)) : 0;
}

static int make(const struct target *domain, struct device *device, const char *where,
		struct report *report)
{
	if (attach(domain->domid, device, 0, where, report))
		return -1;
	return connect_device(device, where, report);
}

/* The guest has let go of it, after rl did not wait any longer, and another has its slot. */
static bool is_anothers(uint32_t domid, const struct device *device)
{
	struct ringlet_back_info info = { .domid = domid, .slot = device->slot };

	return !back_info(&info) && info.uid != device->uid;
}

/* Has the domain another device on record with that slot? */
static bool is_shared_slot(uint32_t domid, const struct device *device)
{
	struct record *record = malloc(sizeof(*record));
	bool shared = !record;
	size_t i;

	if (record)
		record_load(domid, record);
	for (i = 0; record && i < record->nr + record->nr_broken; i++)
		shared |= record->devices[i].driver == DRIVER_VIRTIO &&
			  record->devices[i].slot == device->slot &&
			  record->devices[i].uid != device->uid;
	free(record);
	return shared;
}

/*
 * Is its slot still that device's? A core that is new knows nothing of it, but takes it
 * away for the guest all the same.
 */
static bool has_slot(uint32_t domid, const struct device *device)
{
	struct ringlet_back_info info = { .domid = domid, .slot = device->slot };
	int rc = device->slot ? back_info(&info) : -EINVAL;

	if (rc == -ENOENT)
		return !is_shared_slot(domid, device);
	return !rc && info.uid == device->uid;
}

static int undo(uint32_t domid, const struct device *device)
{
	struct ringlet_back_detach detach = {
		.domid = domid,
		.slot = device->slot,
		.flags = RINGLET_BACK_FORCE,
	};

	/* Never another one that has the slot by now. */
	if (has_slot(domid, device))
		back_detach(&detach);
	server_end(device);
	return 0;
}

static bool is_recorded(const struct record *record, const struct ringlet_back_info *info)
{
	size_t i;

	for (i = 0; i < record->nr; i++)
		if (record->devices[i].driver == DRIVER_VIRTIO &&
		    record->devices[i].slot == info->slot &&
		    record->devices[i].uid == info->uid)
			return true;
	return false;
}

void back_undo_unrecorded(const struct record *record, uint32_t kind)
{
	struct ringlet_back_info info = { .domid = record->domid, .find = RINGLET_BACK_NEXT };

	for (; !back_info(&info) && info.domid == record->domid; info.slot++) {
		struct ringlet_back_detach detach = {
			.domid = info.domid,
			.slot = info.slot,
			.flags = RINGLET_BACK_FORCE,
		};

		if (info.device_id == device_ids[kind] && !is_recorded(record, &info))
			back_detach(&detach);
	}
}

static int unplug(const struct target *domain, const struct device *device,
		  struct report *report)
{
	struct ringlet_back_detach detach = {
		.domid = domain->domid,
		.slot = device->slot,
		.timeout_ms = GUEST_MS,
	};
	int rc = is_anothers(domain->domid, device) ? -ENOENT : back_detach(&detach);

	if (rc && rc != -ENOENT)
		return report_error(report, EXIT_TIMEOUT, "detach device", device->name,
				    "unmount it in the guest, or use --force", "%s",
				    rc == -EINPROGRESS ?
				    "the guest does not let go of it" : strerror(-rc));
	server_end(device);
	return 0;
}

static int resize(const struct target *domain, const struct device *device,
		  uint64_t *bytes, struct report *report)
{
	struct ringlet_back_resize resize = {
		.domid = domain->domid,
		.slot = device->slot,
	};
	int rc = is_anothers(domain->domid, device) ? -ENOENT : back_resize(&resize);

	if (rc)
		return report_error(report, EXIT_NO_SERVICE, "resize device",
				    device->name, "see dmesg of the service domain",
				    "the back-end refuses it: %s", strerror(-rc));
	*bytes = resize.bytes;
	return 0;
}

static const char *state(uint32_t domid, const struct device *device)
{
	struct ringlet_back_info info = { .domid = domid, .slot = device->slot };
	int rc = back_info(&info);

	if (rc == -ENOENT || (!rc && info.uid != device->uid))
		return "away";
	if (rc)
		return "unknown";
	if (info.flags & RINGLET_BACK_BROKEN)
		return "broken";
	if (info.flags & RINGLET_BACK_CONNECTED)
		return "connected";
	return info.state == 1 ? "waiting" : info.state == 2 ? "away" : "closing";
}

/*
 * What a kind's module left, the core gives back by itself when that is loaded again:
 * an ATTACH before would load it, while somebody tries to remove it. But a core that
 * is new knows nothing of the device.
 */
static bool is_away(uint32_t domid, const struct device *device, bool load)
{
	struct ringlet_back_info info = { .domid = domid, .slot = device->slot };
	int rc = back_info(&info);

	return rc == -ENOENT ||
	       (load && !rc && info.state == 2 && info.uid == device->uid);
}

/* The core attaches by itself what a module served that was loaded again. */
static bool is_outside(const struct device *device)
{
	return device->kind == DEVICE_VIF && netdev_exists(device->made) &&
	       !netdev_joined(device->made);
}

/* 1: done, 0: not, -ESTALE: its slot has it no more. */
static int again_device(uint32_t domid, struct device *device, bool load,
			const char *where, struct report *report)
{
	int rc;

	if (device->driver != DRIVER_VIRTIO || !device->ready ||
	    !back_ready(device->kind, load))
		return 0;
	if (is_outside(device))
		return !vif_join(device, where, report);
	if (!is_anothers(domid, device) && !is_away(domid, device, load))
		return 0;
	server_end(device);
	rc = is_anothers(domid, device) ? -ESTALE :
					  attach(domid, device, RINGLET_BACK_REATTACH,
						 where, report);
	return rc == -ESTALE ? rc : !rc && !connect_device(device, where, report);
}

/* The same; what is wrong becomes a warning of the daemon's. */
static int again_reported(uint32_t domid, struct device *device, bool load,
			  struct report *all)
{
	char where[96];
	struct report report;
	int rc;

	snprintf(where, sizeof(where), "domain %u, %s %s", domid,
		 device_kinds[device->kind], *device->name ? device->name : device->made);
	report_init(&report);
	rc = again_device(domid, device, load, where, &report);
	/* What the guest let go of is nobody's fault. */
	if (rc != -ESTALE)
		report_add(all, &report);
	report_free(&report);
	return rc;
}

/*
 * What the guest let go of, after rl block-detach did not wait any longer, goes from
 * the record here: its file is free, and nobody asks for it any more.
 */
static int again(struct record *record, bool load, struct report *report)
{
	bool changed = false;
	int done = 0, rc;
	size_t i = 0;

	while (i < record->nr) {
		rc = again_reported(record->domid, &record->devices[i], load, report);
		changed |= rc;
		if (rc == -ESTALE) {
			record_drop(record, i);
			continue;
		}
		done += rc;
		i++;
	}
	if (changed)
		record_save(record);
	/* Nobody would try again, so they serve even if that failed. */
	for (i = 0; i < record->nr; i++)
		server_settle(&record->devices[i]);
	return done;
}

int attach_again(bool load, struct report *report)
{
	struct record *record = malloc(sizeof(*record));
	int lock, domid, done = 0;

	for (domid = 0; record && (domid = record_next(domid)) >= 0; domid++) {
		lock = record_lock(domid, false);
		if (lock < 0)
			continue;
		record_load(domid, record);
		done += again(record, load, report);
		close(lock);
	}
	free(record);
	return done;
}

const struct driver back_driver = { make, unplug, undo, resize, state };
