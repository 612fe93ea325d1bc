/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configuration of a domain: from a file in xl.cfg syntax to checked values.
 *
 *	syntax_parse	text to values by key: strings, numbers, lists (syntax.c)
 *	config_check	values to a struct config, by the table of keys
 *
 * The values are a JSON object { "key": { "value": ..., "place": "FILE:LINE" } }, in
 * which the daemon keeps a domain's configuration to start it again. A list also has
 * "places", one for each of its elements.
 */
#ifndef RINGLET_RL_CONFIG_H
#define RINGLET_RL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <ringlet/virtio.h>

#include "device.h"
#include "report.h"

#define CONFIG_MAX_FILE		65536
#define CONFIG_MAX_LIST		256	/* elements */
#define CONFIG_MAX_NESTING	4	/* lists in lists */
#define CONFIG_MAX_MIB		(1UL << 20)
#define CONFIG_MAX_VCPUS	32
#define CONFIG_MAX_CMDLINE	1023	/* as start_info holds it */
#define CONFIG_MAX_DEVICES	RINGLET_DEVICES_SLOTS(RINGLET_DEVICES_MAX_PAGES)
#define CONFIG_DEVICES_DEFAULT	(~0UL)	/* not given: a page */
#define CONFIG_WEIGHT		256	/* what a domain has at first */
#define CONFIG_NAME_SIZE	48

struct hyp;

/* What becomes of a domain that ended. */
enum config_action {
	ACTION_DESTROY, ACTION_RESTART, ACTION_RENAME_RESTART, ACTION_PRESERVE,
	ACTION_COREDUMP_DESTROY, ACTION_COREDUMP_RESTART,
	NR_ACTIONS
};

extern const char *const config_actions[NR_ACTIONS];

/* Strings belong to the values that they were read from. */
struct config {
	const char *file;		/* for errors */
	const char *name, *kernel, *ramdisk;
	const char *root, *extra, *cmdline;	/* as given; NULL: not */
	const char *type;
	char arguments[CONFIG_MAX_CMDLINE + 1];	/* made of root, extra, cmdline */
	const char *uuid_text;
	uint8_t uuid[16];
	uint64_t memory, maxmem;	/* MiB */
	uint64_t vcpus, maxvcpus;
	uint64_t cpus[CONFIG_MAX_VCPUS];	/* mask of pCPUs of each vCPU */
	bool pinned;			/* cpus was given */
	uint64_t weight, cap;
	uint64_t max_ports, max_grant_frames, max_maptrack_frames;	/* 0: default */
	uint64_t max_devices;		/* or CONFIG_DEVICES_DEFAULT */
	uint32_t device_pages;		/* of its device area; 0: none */
	uint64_t on_poweroff, on_reboot, on_crash;	/* enum config_action */
	uint64_t drivers;		/* enum device_driver: of devices that do not say */
	uint64_t rng;			/* how many */
	size_t nr_devices;
	struct device devices[DEVICE_MAX];	/* with drivers and ids */
	const char *places[DEVICE_MAX];	/* where they stand, for errors */
};

/* A key, for the manual page. */
struct config_key {
	const char *name, *help;
};

/**
 * config_key() - the keys that mean something, one after the other
 *
 * Return: false past the last.
 */
bool config_key(unsigned int index, struct config_key *key);

/**
 * syntax_parse() - read text in xl.cfg syntax
 * @values: an object; what is assigned is added to it, or replaced
 * @name: of the file, for errors
 */
int syntax_parse(const char *text, size_t size, const char *name, json_t *values,
		 struct report *report);

/* Reads a file, "-" for stdin, the same way. */
int config_read(const char *file, json_t *values, struct report *report);

/**
 * config_check() - check types, ranges and what contradicts itself
 * @name: of the file, for errors
 */
int config_check(const json_t *values, const char *name, struct config *config,
		 struct report *report);

/* -1 and an error unless a domain may be called that and none is yet. */
int config_name_free(struct hyp *hyp, const char *name, const char *stage,
		     struct report *report);

#endif
