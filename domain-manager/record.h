/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which devices each domain has: RECORD_FOLDER/DOMID.json, written by whoever makes
 * or takes away a device, before and after. The lock of the domain is held meanwhile: a
 * device that is not ready although that is free was left so by somebody who was
 * killed. Who looks for other users of a disk and then writes a record holds the
 * lock of all besides, taken second, and never waits for a guest with it.
 *
 * A file is true only for the domain with the UUID in it.
 *
 * What this rl cannot read, be it an element or the whole file, is kept as it is until
 * the domain ends. Meanwhile the domain gets no more devices, and a disk that it could
 * have is not free.
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
	/* Behind them in the array: what could be read of those that are not whole. */
	size_t nr_broken;
	bool blind;		/* there is more, of which nothing is known */
	bool damaged;		/* the file as a whole: not even the UUID is */
	char wrong[96];		/* what is, of the first; empty: all is well */
};

#define RECORD_ALL	65536U

/*
 * The lock of a domain, or of all: a descriptor to close, or -E...; -EAGAIN:
 * somebody has it, and @wait was not set.
 */
int record_lock(uint32_t domid, bool wait);

/* An empty one if there is no file; see record->wrong. */
void record_load(uint32_t domid, struct record *record);
/* What is wrong with it and what to do, if anything is, as a warning. */
struct report;
void record_warn(const struct record *record, struct report *report);
/* Takes the device at @i out. */
void record_drop(struct record *record, size_t i);

/* An empty one is a file less; -EBADMSG: it is damaged, and is left alone. */
int record_save(const struct record *record);
/* The domain is gone. */
int record_remove(uint32_t domid);

/* The first domain with a record and a number of @domid or above; -1: none. */
int record_next(uint32_t domid);

/* Another domain's device, not shared, with that backing; or one that could be it. */
struct record_user {
	uint32_t domid;
	struct device device;
	char wrong[96];		/* with its record; empty: it is known well */
};
bool record_user(const struct device *device, uint32_t domid,
		 struct record_user *user);

#endif
