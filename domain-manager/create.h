/* SPDX-License-Identifier: GPL-2.0 */
/* Making a domain. */
#ifndef RINGLET_RL_CREATE_H
#define RINGLET_RL_CREATE_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "report.h"

struct hyp;
struct images;

struct create {
	const struct config *config;
	const struct images *images;	/* as images_open() left them for it */
	const json_t *values;		/* of the configuration, for the daemon */
	bool paused;			/* it stays so */
};

/* What a new domain was given. */
struct created {
	uint32_t domid;
	uint32_t console_port, store_port;	/* the domain's own numbers */
	uint64_t console_mfn, store_mfn;
	uint32_t control_port;			/* of its devices; 0: none */
	uint64_t pages;				/* memory at the start */
	uint8_t uuid[16];
};

/**
 * create_check() - is its name free, is there memory for it, can it have devices
 *
 * To say so before anything is made, and more clearly than the hypervisor could.
 * If that one is older than devices and the configuration does not ask for any,
 * config->device_pages becomes 0.
 */
int create_check(struct hyp *hyp, struct config *config,
		 struct report *report);

/**
 * create_domain() - make a domain and let it run
 *
 * On error nothing of it is left. If SIGINT, SIGTERM or SIGHUP is blocked and
 * pending, creation ends with an error.
 */
int create_domain(struct hyp *hyp, const struct create *create,
		  struct created *created, struct report *report);

#endif
