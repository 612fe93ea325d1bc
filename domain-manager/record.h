/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which devices each domain has: RECORD_FOLDER/DOMID.json, written by whoever makes
 * or takes away a device, before and after. The lock of the domain is held meanwhile: a
 * device that is not ready although that is free was left so by somebody who was
 * killed. Who looks for other users of a disk and then writes a record holds the
 * lock of all besides, taken second, and never waits for a guest with it.
 *
 * A file is true only for the domain with the UUID in it.
 */
#ifndef RINGLET_RL_RECORD_H
#define RINGLET_RL_RECORD_H

#include "device.h"

extern const char *record_folder;

struct record {
	uint32_t domid;
	uint8_t uuid[16];
	size_t nr;
	struct device devices[DEVICE_MAX];
};

#define RECORD_ALL	65536U

/*
 * The lock of a domain, or of all: a descriptor to close, or -E...; -EAGAIN:
 * somebody has it, and @wait was not set.
 */
int record_lock(uint32_t domid, bool wait);

/* An empty one if there is no file, or a damaged one. */
void record_load(uint32_t domid, struct record *record);
/* Takes the device at @i out. */
void record_drop(struct record *record, size_t i);

/* An empty one is a file less. */
int record_save(const struct record *record);

/* The first domain with a record and a number of @domid or above; -1: none. */
int record_next(uint32_t domid);

/* Another domain's device, not shared, with that backing; NULL: none. */
struct record_user {
	uint32_t domid;
	struct device device;
};
bool record_user(const struct device *device, uint32_t domid,
		 struct record_user *user);

#endif
