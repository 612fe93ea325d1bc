/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device of a domain: what a configuration asks for, and what was made of it.
 *
 *	device.c	kinds, names of disks, MACs; a device as a JSON object
 *	disk-config.c	an element of disk = [ ... ] (xl-disk-configuration)
 *	device-config.c	elements of vif, channel and share
 *	device-check.c	what a device needs of this machine, asked before it is made
 *	record.c	the devices that domains have, in /run/ringlet/devices
 *	attach.c	making devices, taking them away; who undoes what
 *	xenbus.c	for Linux's own drivers, by nodes in xenstore
 *	back-device.c	for ours, by the back-end's device file
 *
 * A device is a plain value: strings are in it, it may be copied and saved.
 */
#ifndef RINGLET_RL_DEVICE_H
#define RINGLET_RL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#include "report.h"

#define DEVICE_PATH_SIZE	1024
#define DEVICE_NAME_SIZE	32
#define DEVICE_MAX		63	/* of a domain, all kinds together */
#define DEVICE_MAX_QUEUES	16

enum device_kind {
	DEVICE_DISK, DEVICE_VIF, DEVICE_CHANNEL, DEVICE_RNG, DEVICE_SHARE,
	NR_DEVICE_KINDS
};

/* Whose drivers move its data. */
enum device_driver {
	DRIVER_VIRTIO,		/* ours: backend-drivers/, frontend-drivers/ */
	DRIVER_XEN,		/* Linux's blkback, netback and their front-ends */
	DRIVER_ANY		/* as the domain's key drivers says */
};

struct device {
	uint32_t kind, driver;
	uint32_t id;		/* in its domain and kind: vbd number, vif handle, index */
	char name[DEVICE_NAME_SIZE];	/* for people: xvda, vif 0's MAC, a tag, ... */
	char target[DEVICE_PATH_SIZE];	/* file, block device, folder, socket */
	bool readonly, shared, discard, direct;
	bool must_direct;	/* direct=1 was written: no other way will do */
	bool is_file;		/* found when it was checked: else a block device */
	uint32_t queues, queue_size;	/* 0: as the back-end likes it */
	char serial[21];
	uint64_t mac;		/* 48 bits, the first byte on top; 0: not chosen yet */
	char bridge[16], vifname[16];
	uint32_t mtu;
	bool filter;		/* only its own MAC may be sent from */
	bool pty;		/* channel: a terminal, else a socket */

	/* What was made. */
	bool ready;		/* completely: else it is being made, or unmade */
	uint64_t dev, ino;	/* of the target, to know it again */
	uint32_t slot, uid;	/* of our back-end */
	uint32_t pid;		/* its server, of a channel or share */
	int unsettled;		/* see server.h; a descriptor, 0: none; never recorded */
	char made[DEVICE_NAME_SIZE];	/* /dev/loop0, vif1.0, ... */
};

extern const char *const device_kinds[NR_DEVICE_KINDS];
extern const char *const device_drivers[DRIVER_ANY];

/* All of it as an object; NULL: no memory. */
json_t *device_to_json(const struct device *device);

/**
 * device_from_json() - the way back, of what an older or newer rl wrote too
 *
 * Fields that are not known are passed over; those that came later than the first
 * records may be missing, and stand for what rl did then.
 *
 * Return: NULL, or the field that is missing or wrong. @device has what could be read
 * then; its kind is NR_DEVICE_KINDS if that could not, as with its driver.
 */
const char *device_from_json(const json_t *object, struct device *device);

/**
 * device_vdev() - the number of a disk's name in the guest
 *
 * xvda, sda, hda, vda with a partition's number; as Xen's vbd-interface has it.
 * Names vd* are numbered as xvd*. Return: false: it is no such name.
 */
bool device_vdev(const char *name, uint32_t *number);

/* 00:16:3e:11:22:33. Return: NULL, or what is wrong. */
const char *device_mac(const char *text, uint64_t *mac);
#define DEVICE_MAC_SIZE	18
const char *device_from_mac(uint64_t mac, char *buffer);

/**
 * device_stable_mac() - a MAC for the nth vif of a domain
 *
 * 00:16:3e and 3 bytes that depend on UUID and index alone.
 */
uint64_t device_stable_mac(const uint8_t uuid[16], uint32_t index);

/*
 * device_parse() - read one element of a list of devices
 * @where: "FILE:LINE" or "command line:1", for errors
 *
 * The empty string is good for a vif.
 */
int device_parse(enum device_kind kind, const char *text, const char *where,
		 struct device *device, struct report *report);

/* The two files behind it. */
int disk_parse(const char *text, const char *where, struct device *device,
	       struct report *report);
int other_parse(const char *text, const char *where, struct device *device,
		struct report *report);

/**
 * device_add() - put it into a list, with an id, if it fits to the others
 *
 * Return: NULL, or why not.
 */
const char *device_add(struct device *list, size_t *nr, const struct device *device);

/**
 * device_check() - is there what it needs on this machine
 * @domid: whose device it is to be; ~0: nobody's yet
 *
 * Finds out dev, ino, is_file, bridge. Loads a back-end module if one is missing.
 */
int device_check(struct device *device, uint32_t domid, const char *where,
		 struct report *report);

/* The bridge that a vif is put into if it names none: of /etc/ringlet/network.conf. */
void network_bridge(char name[16]);

#endif
