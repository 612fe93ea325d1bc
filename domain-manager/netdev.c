// SPDX-License-Identifier: GPL-2.0
/* Network interfaces, by netdevice(7) and linux/sockios.h. */
#include "netdev.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/socket.h>
#include <unistd.h>

#include "call.h"

/* One request about the interface that @ifr names. */
static int ask(unsigned long request, void *arg)
{
	return call_and_close(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), request, arg);
}

static int name_of(struct ifreq *ifr, const char *name)
{
	memset(ifr, 0, sizeof(*ifr));
	if (strlen(name) >= IFNAMSIZ)
		return -ENAMETOOLONG;
	strcpy(ifr->ifr_name, name);
	return 0;
}

bool netdev_exists(const char *name)
{
	struct ifreq ifr;

	return !name_of(&ifr, name) && !ask(SIOCGIFFLAGS, &ifr);
}

bool netdev_is_bridge(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", name);
	return !access(path, F_OK);
}

int netdev_rename(const char *name, const char *new_name)
{
	struct ifreq ifr;
	int rc = name_of(&ifr, name);

	if (rc || strlen(new_name) >= IFNAMSIZ)
		return rc ? rc : -ENAMETOOLONG;
	strcpy(ifr.ifr_newname, new_name);
	return ask(SIOCSIFNAME, &ifr);
}

int netdev_set_mtu(const char *name, uint32_t mtu)
{
	struct ifreq ifr;
	int rc = name_of(&ifr, name);

	ifr.ifr_mtu = mtu;
	return rc ? rc : ask(SIOCSIFMTU, &ifr);
}

int netdev_up(const char *name)
{
	struct ifreq ifr;
	int rc = name_of(&ifr, name);

	if (!rc)
		rc = ask(SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP;
	return rc ? rc : ask(SIOCSIFFLAGS, &ifr);
}

int netdev_add_bridge(const char *name)
{
	char copy[IFNAMSIZ];
	int rc;

	if (strlen(name) >= sizeof(copy))
		return -ENAMETOOLONG;
	strcpy(copy, name);
	rc = ask(SIOCBRADDBR, copy);
	return rc == -EEXIST ? 0 : rc;
}

int netdev_join(const char *bridge, const char *name)
{
	struct ifreq ifr;
	int rc = name_of(&ifr, bridge);

	ifr.ifr_ifindex = if_nametoindex(name);
	if (!rc && !ifr.ifr_ifindex)
		rc = -ENODEV;
	return rc ? rc : ask(SIOCBRADDIF, &ifr);
}

bool netdev_joined(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/brport", name);
	return !access(path, F_OK);
}

static void put_address(struct sockaddr *at, uint32_t address)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	in.sin_addr.s_addr = htonl(address);
	memcpy(at, &in, sizeof(in));
}

int netdev_set_address(const char *name, uint32_t address, unsigned int bits)
{
	struct ifreq ifr;
	int rc = name_of(&ifr, name);

	put_address(&ifr.ifr_addr, address);
	if (!rc)
		rc = ask(SIOCSIFADDR, &ifr);
	put_address(&ifr.ifr_netmask, bits ? ~0U << (32 - bits) : 0);
	return rc ? rc : ask(SIOCSIFNETMASK, &ifr);
}
