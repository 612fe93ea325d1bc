// SPDX-License-Identifier: GPL-2.0
/* Files of the devices that domains have: see record.h. */
#include "record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

void record_load(uint32_t domid, struct record *record)
{
	json_t *fields, *list, *element;
	char path[MAX_PATH];
	const char *uuid;
	size_t i;

	memset(record, 0, sizeof(*record));
	record->domid = domid;
	file_path(path, domid, "");
	fields = json_load_file(path, 0, NULL);
	uuid = json_string_value(json_object_get(fields, "uuid"));
	list = json_object_get(fields, "devices");
	if (uuid && text_uuid(uuid, record->uuid))
		json_array_foreach(list, i, element)
			if (record->nr < DEVICE_MAX &&
			    !device_from_json(element, &record->devices[record->nr]))
				record->nr++;
	json_decref(fields);
}

void record_drop(struct record *record, size_t i)
{
	record->nr--;
	memmove(&record->devices[i], &record->devices[i + 1],
		(record->nr - i) * sizeof(record->devices[0]));
}

int record_save(const struct record *record)
{
	char path[MAX_PATH], new[MAX_PATH], uuid[TEXT_UUID_SIZE];
	json_t *fields, *list;
	size_t i;
	int rc;

	file_path(path, record->domid, "");
	if (!record->nr)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	file_path(new, record->domid, ".new");
	list = json_array();
	for (i = 0; i < record->nr; i++)
		json_array_append_new(list, device_to_json(&record->devices[i]));
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

bool record_user(const struct device *device, uint32_t domid,
		 struct record_user *user)
{
	struct record *record = malloc(sizeof(*record));
	bool found = false;
	int other;
	size_t i;

	for (other = 0; record && !found && (other = record_next(other)) >= 0; other++) {
		record_load(other, record);
		for (i = 0; i < record->nr && !found; i++) {
			const struct device *d = &record->devices[i];

			/* Read-only beside read-only is harmless. */
			if (d->kind != device->kind || d->dev != device->dev ||
			    d->ino != device->ino || (d->shared && device->shared) ||
			    (d->readonly && device->readonly))
				continue;
			user->domid = other;
			user->device = *d;
			found = other != (int)domid || d->id != device->id;
		}
	}
	free(record);
	return found;
}
