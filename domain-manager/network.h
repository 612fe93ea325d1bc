/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The network that guests are put into: /etc/ringlet/network.conf, in the syntax of
 * xl.cfg, says what rl network-setup makes. Without it the values below hold.
 */
#ifndef RINGLET_RL_NETWORK_H
#define RINGLET_RL_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "report.h"

struct network {
	char bridge[16];		/* "rlbr0" */
	uint32_t address;		/* 192.168.77.1, host byte order */
	unsigned int bits;		/* 24 */
	char uplink[16];		/* "": whatever the route says */
	bool nat, dhcp;			/* both */
	uint32_t first, last;		/* addresses that DHCP gives away */
	char dns[64];			/* "": those of /etc/resolv.conf */
};

/* The file, and where the DHCP server's are. */
extern const char *network_file, *network_folder;

int network_read(struct network *network, struct report *report);

#endif
