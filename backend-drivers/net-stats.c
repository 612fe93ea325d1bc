// SPDX-License-Identifier: GPL-2.0
/*
 * What `ip -s link` and `ethtool -S` show. The interface's point of view: it
 * receives what comes from the guest, and sends to it.
 *
 * A table names each counter, and says which of the interface's sums it is in.
 */
#include <linux/ethtool.h>

#include "net.h"

struct stats_name {
	const char *name;
	bool error, drop;
};

static const struct stats_name from_names[NET_FROM_COUNTERS] = {
	[NET_FROM_PACKETS]	= { "packets" },
	[NET_FROM_BYTES]	= { "bytes" },
	[NET_FROM_GSO]		= { "gso_packets" },
	[NET_FROM_BAD_SIZE]	= { "bad_size", .error = true },
	[NET_FROM_BAD_HEADER]	= { "bad_header", .error = true },
	[NET_FROM_BAD_MAC]	= { "bad_mac", .drop = true },
	[NET_FROM_BAD_ADDRESS]	= { "bad_address", .error = true },
	[NET_FROM_NO_MEMORY]	= { "no_memory", .drop = true },
};

static const struct stats_name to_names[NET_TO_COUNTERS] = {
	[NET_TO_PACKETS]	= { "packets" },
	[NET_TO_BYTES]		= { "bytes" },
	[NET_TO_GSO]		= { "gso_packets" },
	[NET_TO_STOPPED]	= { "stopped" },
	[NET_TO_STALLED]	= { "stalled_dropped", .drop = true },
	[NET_TO_TOO_BIG]	= { "too_big_dropped", .drop = true },
	[NET_TO_BAD_ADDRESS]	= { "bad_address", .error = true },
	[NET_TO_NO_MEMORY]	= { "no_memory_dropped", .drop = true },
	[NET_TO_DOWN]		= { "down_dropped", .drop = true },
};

static void stats_read(const struct u64_stats_sync *syncp, const u64_stats_t *counters, u64 *out, unsigned int n)
{
	unsigned int start, i;

	do {
		start = u64_stats_fetch_begin(syncp);
		for (i = 0; i < n; i++)
			out[i] = u64_stats_read(&counters[i]);
	} while (u64_stats_fetch_retry(syncp, start));
}

static u64 stats_sum(const struct stats_name *names, const u64 *counters, unsigned int n, bool errors)
{
	u64 sum = 0;

	while (n--)
		if (errors ? names[n].error : names[n].drop)
			sum += counters[n];
	return sum;
}

void net_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *stats)
{
	struct net_back *net = netdev_priv(netdev);
	u64 from[NET_FROM_COUNTERS], to[NET_TO_COUNTERS];
	unsigned int i;

	for (i = 0; i < net->pairs; i++) {
		stats_read(&net->from[i].syncp, net->from[i].counters, from, NET_FROM_COUNTERS);
		stats_read(&net->to[i].syncp, net->to[i].counters, to, NET_TO_COUNTERS);
		stats->rx_packets += from[NET_FROM_PACKETS];
		stats->rx_bytes += from[NET_FROM_BYTES];
		stats->rx_errors += stats_sum(from_names, from, NET_FROM_COUNTERS, true);
		stats->rx_dropped += stats_sum(from_names, from, NET_FROM_COUNTERS, false);
		stats->tx_packets += to[NET_TO_PACKETS];
		stats->tx_bytes += to[NET_TO_BYTES];
		stats->tx_errors += stats_sum(to_names, to, NET_TO_COUNTERS, true);
		stats->tx_dropped += stats_sum(to_names, to, NET_TO_COUNTERS, false);
	}
}

static int stats_count(struct net_device *netdev, int set)
{
	struct net_back *net = netdev_priv(netdev);

	return set == ETH_SS_STATS ? net->pairs * (NET_FROM_COUNTERS + NET_TO_COUNTERS) : -EOPNOTSUPP;
}

static void stats_strings(struct net_device *netdev, u32 set, u8 *data)
{
	struct net_back *net = netdev_priv(netdev);
	unsigned int i, k;

	for (i = 0; i < net->pairs; i++) {
		for (k = 0; k < NET_FROM_COUNTERS; k++)
			ethtool_sprintf(&data, "from_guest_%u_%s", i, from_names[k].name);
		for (k = 0; k < NET_TO_COUNTERS; k++)
			ethtool_sprintf(&data, "to_guest_%u_%s", i, to_names[k].name);
	}
}

static void stats_values(struct net_device *netdev, struct ethtool_stats *stats, u64 *data)
{
	struct net_back *net = netdev_priv(netdev);
	unsigned int i;

	for (i = 0; i < net->pairs; i++) {
		stats_read(&net->from[i].syncp, net->from[i].counters, data, NET_FROM_COUNTERS);
		data += NET_FROM_COUNTERS;
		stats_read(&net->to[i].syncp, net->to[i].counters, data, NET_TO_COUNTERS);
		data += NET_TO_COUNTERS;
	}
}

static void stats_driver(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct net_back *net = netdev_priv(netdev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	snprintf(info->bus_info, sizeof(info->bus_info), "domain %u, slot %u", net->dev->domid, net->dev->slot);
}

static void stats_channels(struct net_device *netdev, struct ethtool_channels *channels)
{
	struct net_back *net = netdev_priv(netdev);

	channels->max_combined = net->pairs;
	channels->combined_count = netdev->real_num_tx_queues;
}

const struct ethtool_ops net_ethtool_ops = {
	.get_drvinfo		= stats_driver,
	.get_link		= ethtool_op_get_link,
	.get_channels		= stats_channels,
	.get_sset_count		= stats_count,
	.get_strings		= stats_strings,
	.get_ethtool_stats	= stats_values,
};
