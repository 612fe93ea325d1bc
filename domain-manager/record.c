// SPDX-License-Identifier: GPL-2.0
/* Files of the devices that domains have: see record.h. */
#include "record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"
#include "text.h"

#define MAX_PATH	256

const char *record_folder = DAEMON_FOLDER "/devices";

/* A byte of one file for each: such a lock belongs to the open file (fcntl(2)). */
int record_lock(uint32_t domid, bool wait)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = domid,
		.l_len = 1,
	};
	char path[MAX_PATH];
	int fd, rc;

	snprintf(path, sizeof(path), "%s", record_folder);
	*strrchr(path, '/') = 0;
	mkdir(path, 0700);
	mkdir(record_folder, 0700);
	snprintf(path, sizeof(path), "%s/lock", record_folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	do {
		rc = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
	} while (rc && errno == EINTR);
	if (!rc)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static void file_path(char path[MAX_PATH], uint32_t domid, const char *suffix)
{
	snprintf(path, MAX_PATH, "%s/%u.json%s", record_folder, domid, suffix);
}

__attribute__((format(printf, 2, 3)))
static void set_wrong(struct record *record, const char *format, ...)
{
	va_list args;

	if (*record->wrong)
		return;
	va_start(args, format);
	vsnprintf(record->wrong, sizeof(record->wrong), format, args);
	va_end(args);
}

/* Those that are whole first, then the others. */
static void load_devices(struct record *record, const json_t *list)
{
	struct device device;
	const char *wrong;
	size_t i, at, size = json_array_size(list);

	for (i = 0; i < size; i++) {
		wrong = device_from_json(json_array_get(list, i), &device);
		if (wrong)
			set_wrong(record, "device %zu: \"%s\" is missing or wrong", i + 1, wrong);
		if (record->nr + record->nr_broken == DEVICE_MAX) {
			set_wrong(record, "more than %u devices", DEVICE_MAX);
			record->blind = true;
			return;
		}
		at = wrong ? record->nr + record->nr_broken++ : record->nr++;
		if (!wrong)
			record->devices[record->nr - 1 + record->nr_broken] = record->devices[at];
		record->devices[at] = device;
	}
}

void record_load(uint32_t domid, struct record *record)
{
	json_t *fields, *list;
	char path[MAX_PATH];
	const char *uuid;

	memset(record, 0, sizeof(*record));
	record->domid = domid;
	file_path(path, domid, "");
	if (access(path, F_OK) && errno == ENOENT)
		return;
	fields = json_load_file(path, 0, NULL);
	uuid = json_string_value(json_object_get(fields, "uuid"));
	list = json_object_get(fields, "devices");
	record->damaged = !uuid || !text_uuid(uuid, record->uuid) || !json_is_array(list);
	if (record->damaged)
		set_wrong(record, "the file has no UUID and list of devices");
	else
		load_devices(record, list);
	record->blind |= record->damaged;
	json_decref(fields);
}

void record_warn(const struct record *record, struct report *report)
{
	char path[MAX_PATH];

	file_path(path, record->domid, "");
	if (*record->wrong)
		report_warning(report, "read devices", path, "end the domain, or use the rl "
			       "that made its devices", "%s: disks that domain %u could have "
			       "are not free", record->wrong, record->domid);
}

void record_drop(struct record *record, size_t i)
{
	record->nr--;
	memmove(&record->devices[i], &record->devices[i + 1],
		(record->nr + record->nr_broken - i) * sizeof(record->devices[0]));
}

/* To @list what the file has and this rl cannot read. */
static void keep_broken(const char *path, json_t *list)
{
	json_t *fields = json_load_file(path, 0, NULL), *element;
	struct device device;
	size_t i;

	json_array_foreach(json_object_get(fields, "devices"), i, element)
		if (device_from_json(element, &device))
			json_array_append(list, element);
	json_decref(fields);
}

int record_remove(uint32_t domid)
{
	char path[MAX_PATH];

	file_path(path, domid, "");
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

int record_save(const struct record *record)
{
	char path[MAX_PATH], new[MAX_PATH], uuid[TEXT_UUID_SIZE];
	json_t *fields, *list;
	size_t i;
	int rc;

	/* With more than fits nobody could say which were taken out. */
	if (record->blind)
		return -EBADMSG;
	if (!record->nr && !record->nr_broken)
		return record_remove(record->domid);
	file_path(path, record->domid, "");
	file_path(new, record->domid, ".new");
	list = json_array();
	for (i = 0; i < record->nr; i++)
		json_array_append_new(list, device_to_json(&record->devices[i]));
	if (record->nr_broken)
		keep_broken(path, list);
	fields = json_pack("{ss,so}", "uuid", text_from_uuid(record->uuid, uuid),
			   "devices", list);
	if (!fields)
		return -ENOMEM;
	rc = json_dump_file(fields, new, JSON_INDENT(1)) ? -EIO : 0;
	json_decref(fields);
	return rc ? rc : rename(new, path) ? -errno : 0;
}

int record_next(uint32_t domid)
{
	DIR *folder = opendir(record_folder);
	unsigned int number, best = ~0U;
	struct dirent *entry;
	char *end;

	while (folder && (entry = readdir(folder))) {
		number = strtoul(entry->d_name, &end, 10);
		if (end != entry->d_name && !strcmp(end, ".json") &&
		    number >= domid && number < best)
			best = number;
	}
	if (folder)
		closedir(folder);
	return best == ~0U ? -1 : (int)best;
}

/* Could @d, of another domain, be the disk @device? One of which nothing is known could. */
static bool is_user(const struct device *d, const struct device *device, bool whole)
{
	if (!whole)
		return d->kind == NR_DEVICE_KINDS ||
		       (d->kind == device->kind &&
			(!d->ino || (d->dev == device->dev && d->ino == device->ino)));
	/* Read-only beside read-only is harmless. */
	return d->kind == device->kind && d->dev == device->dev && d->ino == device->ino &&
	       !(d->shared && device->shared) && !(d->readonly && device->readonly);
}

static bool find_user(const struct record *record, const struct device *device,
		      uint32_t domid, struct record_user *user)
{
	size_t i;

	for (i = 0; i < record->nr + record->nr_broken; i++) {
		const struct device *d = &record->devices[i];
		bool whole = i < record->nr;

		if (!is_user(d, device, whole) ||
		    (whole && record->domid == domid && d->id == device->id))
			continue;
		user->domid = record->domid;
		user->device = *d;
		snprintf(user->wrong, sizeof(user->wrong), "%s", whole ? "" : record->wrong);
		return true;
	}
	if (!record->blind)
		return false;
	memset(user, 0, sizeof(*user));
	user->domid = record->domid;
	memcpy(user->wrong, record->wrong, sizeof(user->wrong));
	return true;
}

bool record_user(const struct device *device, uint32_t domid,
		 struct record_user *user)
{
	struct record *record = malloc(sizeof(*record));
	bool found = false;
	int other;

	for (other = 0; record && !found && (other = record_next(other)) >= 0; other++) {
		record_load(other, record);
		found = find_user(record, device, domid, user);
	}
	free(record);
	return found;
}
