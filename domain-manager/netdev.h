/* SPDX-License-Identifier: GPL-2.0 */
/* Network interfaces of this domain, by the kernel's own calls. 0 or -E... */
#ifndef RINGLET_RL_NETDEV_H
#define RINGLET_RL_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

bool netdev_exists(const char *name);
bool netdev_is_bridge(const char *name);

int netdev_rename(const char *name, const char *new_name);
int netdev_set_mtu(const char *name, uint32_t mtu);
int netdev_up(const char *name);

/* A bridge, with learning; 0 also if it is there. */
int netdev_add_bridge(const char *name);
int netdev_join(const char *bridge, const char *name);
bool netdev_joined(const char *name);

/* An IPv4 address, host byte order, with its mask's length. */
int netdev_set_address(const char *name, uint32_t address, unsigned int bits);

#endif
