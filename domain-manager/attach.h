/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices of domains: made, changed and taken away, for running domains too.
 *
 * The record (record.h) is written first, so that a device is known before it is
 * there; what somebody who was killed left unfinished is undone by the next one
 * who asks for the lock, at the latest by the daemon.
 */
#ifndef RINGLET_RL_ATTACH_H
#define RINGLET_RL_ATTACH_H

#include "device.h"

struct store;
struct record;

struct target {
	uint32_t domid;
	const char *name;
	const uint8_t *uuid;
};

/**
 * attach_device() - make a device for a domain
 * @device: its driver is chosen; takes its id and what was made
 * @where: for errors
 */
int attach_device(const struct target *domain, struct device *device,
		  const char *where, struct report *report);

/**
 * attach_find() - the device that a user names
 * @name: of a disk or share, MAC, id
 */
int attach_find(const struct target *domain, enum device_kind kind, const char *name,
		struct device *device, struct report *report);

/**
 * detach_device() - ask the guest to let go of it, then take it away
 * @force: without the guest
 */
int detach_device(const struct target *domain, const struct device *device, bool force,
		  struct report *report);

/* A disk's backing has another size; @bytes: which. */
int resize_device(const struct target *domain, const struct device *device,
		  uint64_t *bytes, struct report *report);

/**
 * detach_all() - the domain ended: take away all that it had
 *
 * Nothing if there is nothing, or if the number belongs to another domain now; nor
 * if somebody works on its devices, unless @wait: attach_recover() finds them.
 */
void detach_all(uint32_t domid, const uint8_t uuid[16], bool wait);

/*
 * Undo what was left unfinished, and devices of domains that are gone. Never waits.
 * @report: takes a warning for each record that cannot be read as a whole
 */
struct hyp;
void attach_recover(struct hyp *hyp, struct report *report);

/*
 * Give back-ends that were loaded again what they had; never waits. @load: the core
 * is new, its modules may be loaded; else only those that are there are looked at.
 * @report: takes a warning for each that stays away. Returns how many devices.
 */
int attach_again(bool load, struct report *report);

/*
 * The two kinds of drivers. All but make() and resize() also take a device of which
 * only a part was made; undo() waits for nobody, and may be called again. If it fails
 * (-E...) the device is still there, and stays on record.
 */
struct driver {
	int (*make)(const struct target *domain, struct device *device,
		    const char *where, struct report *report);
	int (*unplug)(const struct target *domain, const struct device *device,
		      struct report *report);
	int (*undo)(uint32_t domid, const struct device *device);
	int (*resize)(const struct target *domain, const struct device *device,
		      uint64_t *bytes, struct report *report);
	/* What it says of a device: "connected", ...; NULL: nothing. */
	const char *(*state)(uint32_t domid, const struct device *device);
};

extern const struct driver xenbus_driver, back_driver;

/*
 * For a device of @kind that was never finished: our back-end may have it without that
 * its slot came into the record. Takes away what the record of its domain has not.
 */
void back_undo_unrecorded(const struct record *record, uint32_t kind);

/*
 * Both say it when the file system of a disk has no direct I/O, and clear
 * device->direct; -1: the user would have no other.
 */
int disk_buffered(struct device *device, const char *where, struct report *report);

/* Both put a vif's interface where it belongs. */
int vif_join(const struct device *device, const char *where, struct report *report);

#endif
