// SPDX-License-Identifier: GPL-2.0
/* Making devices and taking them away, whoever drives them: see attach.h. */
#include "attach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apart.h"
#include "back.h"
#include "hyp.h"
#include "netdev.h"
#include "record.h"
#include "server.h"
#include "text.h"

static const struct driver *driver_of(const struct device *device)
{
	return device->driver == DRIVER_XEN ? &xenbus_driver : &back_driver;
}

int disk_buffered(struct device *device, const char *where, struct report *report)
{
	const char *action = "put it on a file system that has, or say direct=0";

	if (device->must_direct)
		return report_error(report, EXIT_CONFIG, "attach device", where, action,
				    "direct=1: the file system of %s has no direct I/O",
				    device->target);
	device->direct = false;
	report_warning(report, "attach device", where, action, "the file system of %s has no "
		       "direct I/O: it goes through the page cache", device->target);
	return 0;
}

int vif_join(const struct device *device, const char *where, struct report *report)
{
	const char *stage = "attach device";
	int rc = device->mtu ? netdev_set_mtu(device->made, device->mtu) : 0;

	if (rc)
		return report_error(report, EXIT_CONFIG, stage, where, NULL,
				    "vif: mtu %u: %s", device->mtu, strerror(-rc));
	rc = netdev_join(device->bridge, device->made);
	if (!rc)
		rc = netdev_up(device->made);
	return rc ? report_error(report, EXIT_NO_SERVICE, stage, where, NULL,
				 "vif: %s cannot join %s: %s", device->made,
				 device->bridge, strerror(-rc)) : 0;
}

/* Under the lock: what is not ready now never will be. It stays if it cannot be undone. */
static void recover(struct record *record)
{
	struct device device;
	bool changed = false;
	size_t i = 0;

	while (i < record->nr) {
		device = record->devices[i];
		if (device.ready || driver_of(&device)->undo(record->domid, &device)) {
			i++;
			continue;
		}
		record_drop(record, i);
		if (device.driver == DRIVER_VIRTIO && !device.slot)
			back_undo_unrecorded(record, device.kind);
		changed = true;
	}
	if (changed)
		record_save(record);
}

/*
 * Its domain is gone. Those that are not whole too, as far as their kind is known.
 * false: some cannot be undone now, and stay on record.
 */
static bool undo_all(struct record *record)
{
	size_t i = record->nr + record->nr_broken;
	bool all = true;

	while (i--) {
		const struct device *device = &record->devices[i];

		if (device->kind < NR_DEVICE_KINDS && device->driver < DRIVER_ANY &&
		    driver_of(device)->undo(record->domid, device))
			all = false;
		else if (i < record->nr)
			record_drop(record, i);
	}
	if (!all) {
		record_save(record);
		return false;
	}
	record_remove(record->domid);
	memset(record, 0, sizeof(*record));
	return true;
}

/*
 * The record of a domain under the lock, with nothing of another domain of that number
 * in it. NULL: no memory or no lock, or there is something of another one: no_record()
 * says which.
 */
static struct record *open_record(const struct target *domain, int *lock)
{
	struct record *record = malloc(sizeof(*record));

	*lock = record ? record_lock(domain->domid, true) : -ENOMEM;
	if (*lock < 0) {
		free(record);
		return NULL;
	}
	record_load(domain->domid, record);
	if (record->damaged)
		return record;
	if (memcmp(record->uuid, domain->uuid, 16) && !undo_all(record)) {
		free(record);
		close(*lock);
		*lock = -ENOTCONN;
		return NULL;
	}
	record->domid = domain->domid;
	memcpy(record->uuid, domain->uuid, 16);
	recover(record);
	return record;
}

static int no_record(int rc, const char *stage, struct report *report)
{
	if (rc != -ENOTCONN)
		return report_errno(report, rc, stage, record_folder);
	return report_error(report, EXIT_NO_SERVICE, stage, record_folder, "start xenstored",
			    "devices of an earlier domain of that number can be taken away "
			    "by xenstored only, which cannot be reached");
}

static void close_record(struct record *record, int lock)
{
	if (!record)
		return;
	free(record);
	close(lock);
}

/* rl was killed while it made or took away a device; its lock is free then. */
static void clean_up(void *arg)
{
	const struct target *domain = arg;
	int lock;
	struct record *record = open_record(domain, &lock);

	close_record(record, lock);
}

static int add_locked(struct record *record, const struct target *domain,
		      struct device *device, const char *where, struct report *report)
{
	const char *wrong;
	int rc;

	if (*record->wrong)
		return report_error(report, EXIT_STATE, "attach device", where,
				    "end the domain, or use the rl that made its devices",
				    "%s/%u.json: %s", record_folder, domain->domid,
				    record->wrong);
	if (device_check(device, domain->domid, where, report))
		return -1;

	device->ready = false;
	wrong = device_add(record->devices, &record->nr, device);
	if (wrong)
		return report_error(report, EXIT_STATE, "attach device", where,
				    "see rl device-list", "%s", wrong);
	device->id = record->devices[record->nr - 1].id;
	if (device->kind == DEVICE_VIF && !device->mac)
		device->mac = device_stable_mac(domain->uuid, device->id);
	record->devices[record->nr - 1] = *device;
	rc = record_save(record);
	return rc ? report_errno(report, rc, "attach device", record_folder) : 0;
}

/* Nobody else may find the same disk free meanwhile. */
static int add(struct record *record, const struct target *domain,
	       struct device *device, const char *where, struct report *report)
{
	int lock = record_lock(RECORD_ALL, true), rc;

	if (lock < 0)
		return report_errno(report, lock, "attach device", record_folder);
	rc = add_locked(record, domain, device, where, report);
	close(lock);
	return rc;
}

/* The last one, which is complete. */
static int save_made(struct record *record, struct device *device, struct report *report)
{
	int rc = record_save(record);

	if (!rc) {
		server_settle(device);
		return 0;
	}
	record->devices[record->nr - 1].ready = false;
	recover(record);
	return report_errno(report, rc, "attach device", record_folder);
}

int attach_device(const struct target *domain, struct device *device,
		  const char *where, struct report *report)
{
	struct guard guard;
	struct record *record;
	int lock, rc;

	/* Before the lock: the guard must not inherit it. */
	rc = guard_start(&guard, clean_up, (void *)domain);
	if (rc)
		return report_errno(report, rc, "attach device", where);
	record = open_record(domain, &lock);
	if (!record) {
		rc = no_record(lock, "attach device", report);
		goto out;
	}
	rc = add(record, domain, device, where, report);
	if (!rc) {
		rc = driver_of(device)->make(domain, device, where, report);
		device->ready = !rc;
		record->devices[record->nr - 1] = *device;
		if (rc)
			recover(record);
		else
			rc = save_made(record, device, report);
	}
	close_record(record, lock);
out:
	guard_end(&guard);
	return rc;
}

static bool is_named(const struct device *device, const char *name)
{
	uint64_t number;
	uint32_t vdev;

	if (!strcmp(device->name, name) || !strcmp(device->made, name))
		return true;
	if (device->kind == DEVICE_VIF && !device_mac(name, &number))
		return number == device->mac;
	if (device->kind == DEVICE_DISK && device_vdev(name, &vdev))
		return vdev == device->id;
	return text_number(name, &number) && number == device->id;
}

int attach_find(const struct target *domain, enum device_kind kind, const char *name,
		struct device *device, struct report *report)
{
	int lock;
	struct record *record = open_record(domain, &lock);
	bool found = false;
	size_t i;

	if (!record)
		return no_record(lock, "find device", report);
	for (i = 0; i < record->nr && !found; i++)
		if (record->devices[i].kind == kind &&
		    is_named(&record->devices[i], name)) {
			*device = record->devices[i];
			found = true;
		}
	record_warn(record, report);
	close_record(record, lock);
	return found ? 0 : report_error(report, EXIT_NO_DOMAIN, "find device", name,
					"see rl device-list", "%s has no such %s",
					domain->name, device_kinds[kind]);
}

/* Its place in the record; nr: it is not there any more. */
static size_t place(const struct record *record, const struct device *device)
{
	size_t i;

	for (i = 0; i < record->nr; i++)
		if (record->devices[i].kind == device->kind &&
		    record->devices[i].id == device->id)
			break;
	return i;
}

static int force_off(const struct target *domain, const struct device *device,
		     struct report *report)
{
	int rc = driver_of(device)->undo(domain->domid, device);

	return rc ? report_error(report, EXIT_NO_SERVICE, "detach device", device->name,
				 "start xenstored", "xenstored cannot be reached: %s",
				 strerror(-rc)) : 0;
}

int detach_device(const struct target *domain, const struct device *device, bool force,
		  struct report *report)
{
	int lock, rc = 0;
	struct record *record = open_record(domain, &lock);
	size_t i;

	if (!record)
		return no_record(lock, "detach device", report);
	i = place(record, device);
	if (i < record->nr) {
		rc = force ? force_off(domain, device, report) :
			     driver_of(device)->unplug(domain, device, report);
		if (!rc) {
			record_drop(record, i);
			rc = record_save(record);
		}
	}
	close_record(record, lock);
	return rc;
}

int resize_device(const struct target *domain, const struct device *device,
		  uint64_t *bytes, struct report *report)
{
	return driver_of(device)->resize(domain, device, bytes, report);
}

/* The device area too: a domain that a back-end maps never goes away. */
static bool end_domain(struct record *record)
{
	uint32_t domid = record->domid;
	bool all = undo_all(record);

	back_detach_domain(domid);
	return all;
}

void detach_all(uint32_t domid, const uint8_t uuid[16], bool wait)
{
	struct record *record = malloc(sizeof(*record));
	int lock = record ? record_lock(domid, wait) : -ENOMEM;

	if (lock >= 0) {
		record_load(domid, record);
		/*
		 * Another domain with devices that has the number by now is left alone; so is
		 * one of which that cannot be told.
		 */
		if (!record->damaged && (!(record->nr || record->nr_broken) ||
					 !memcmp(record->uuid, uuid, 16)))
			end_domain(record);
		close(lock);
	}
	free(record);
}

/* Is the domain of a record there, and is it that one, as far as that is known? */
static bool lives(struct hyp *hyp, const struct record *record)
{
	struct ringlet_domain_info info;
	int rc = hyp_domain_info(hyp, record->domid, &info);

	if (rc)
		return rc != -ESRCH;
	return !(info.state & RINGLET_DOM_DYING) &&
	       (record->damaged || !memcmp(info.uuid, record->uuid, sizeof(info.uuid)));
}

static void recover_domain(struct hyp *hyp, struct record *record, struct report *report)
{
	char where[32];

	if (!lives(hyp, record)) {
		snprintf(where, sizeof(where), "domain %u", record->domid);
		if (!end_domain(record))
			report_warning(report, "end devices", where, "start xenstored",
				       "it is gone, but some of its devices can be taken away "
				       "by xenstored only, which cannot be reached");
		return;
	}
	record_warn(record, report);
	if (!record->damaged)
		recover(record);
}

void attach_recover(struct hyp *hyp, struct report *report)
{
	struct record *record = malloc(sizeof(*record));
	int lock, domid;

	for (domid = 0; record && (domid = record_next(domid)) >= 0; domid++) {
		lock = record_lock(domid, false);
		if (lock < 0)
			continue;
		record_load(domid, record);
		recover_domain(hyp, record, report);
		close(lock);
	}
	free(record);
}
