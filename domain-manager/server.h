/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other end of a channel and of a share: what the back-end is connected to.
 * device->pid is the process that serves it, if there is one.
 */
#ifndef RINGLET_RL_SERVER_H
#define RINGLET_RL_SERVER_H

#include <stdint.h>

struct device;

/*
 * Serve device->made at the socket device->target, from server_settle() on: if this
 * process ends before, so does the server, which nobody has on record. 0 or -E...
 */
int server_channel(struct device *device);
/* The device is on record now. */
void server_settle(struct device *device);
/* A descriptor for the back-end, or -E... */
int server_share(struct device *device);

/* Nobody needs it any more. */
void server_end(const struct device *device);

#endif
