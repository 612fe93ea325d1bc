/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ringlet_back_net: a network interface of the service domain for each network
 * card of a guest. What is sent to the interface the guest receives.
 *
 * A device has up to NET_MAX_PAIRS pairs of queues: queue 2n is the guest's
 * receive queue n (to-guest), 2n + 1 its transmit queue n (from-guest); after
 * them stands the control queue (virtio 1.2, 5.1.2). To-guest queue n is
 * transmit queue n of the interface, and from-guest queue n a NAPI context.
 *
 * Every byte is copied, once: into an skb's own pages before anything looks at
 * it, or out of one. Pages of the region in a fragment would spare that copy, but
 * the guest could rewrite a frame after a firewall has passed it; and a fragment
 * that somebody keeps would keep the region from being unmapped.
 *
 * The device is *up* while its driver has the queues running and the interface
 * is up; only then are rings looked at. up changes under rtnl, with NAPI
 * disabled and the transmit queues locked, so that who polls or transmits sees
 * it stand still.
 *
 * Locks: rtnl is taken inside the core's lock of a domain (start, stop, attach,
 * detach), never the other way round; so what happens under rtnl and wants the
 * core goes through a work.
 */
#ifndef RINGLET_BACK_NET_H
#define RINGLET_BACK_NET_H

#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/timer.h>
#include <linux/u64_stats_sync.h>
#include <linux/virtio_net.h>
#include <linux/workqueue.h>

#include "back.h"

#define NET_MAX_PAIRS		8
#define NET_MAX_CHAINS		96	/* buffers that one frame may take */
#define NET_HEADER_SIZE		sizeof(struct virtio_net_hdr_v1)

/* Counters of a queue. Each is written in one context only. */
enum net_from_counter {
	NET_FROM_PACKETS,
	NET_FROM_BYTES,
	NET_FROM_GSO,
	NET_FROM_BAD_SIZE,	/* shorter than a header, longer than allowed */
	NET_FROM_BAD_HEADER,	/* offsets or types that cannot be */
	NET_FROM_BAD_MAC,	/* a source address that is not the assigned one */
	NET_FROM_BAD_ADDRESS,	/* buffers outside the region */
	NET_FROM_NO_MEMORY,
	NET_FROM_COUNTERS
};

enum net_to_counter {
	NET_TO_PACKETS,
	NET_TO_BYTES,
	NET_TO_GSO,
	NET_TO_STOPPED,		/* times the queue waited for buffers */
	NET_TO_STALLED,		/* dropped: the guest gave no buffers for too long */
	NET_TO_TOO_BIG,		/* dropped: needs more than NET_MAX_CHAINS, or no offload */
	NET_TO_BAD_ADDRESS,	/* dropped: buffers outside the region */
	NET_TO_NO_MEMORY,	/* dropped: none to take a buffer with */
	NET_TO_DOWN,		/* dropped: the driver has gone */
	NET_TO_COUNTERS
};

/**
 * struct net_from - what the guest sends on one queue
 * @q: the core's queue; NULL: the driver does not use it. Written when down.
 * @chain: the frame being taken
 * @frag: the page that the next fragment is copied to
 */
struct net_from {
	struct napi_struct napi;
	struct net_back *net;
	unsigned int index;
	struct back_queue *q;
	struct back_chain chain;
	struct page_frag frag;
	struct u64_stats_sync syncp;
	u64_stats_t counters[NET_FROM_COUNTERS];
};

/**
 * struct net_to - what the guest receives on one queue
 * @q: as in struct net_from
 * @chains: a ring of receive buffers that were taken and not filled yet:
 *	@nr of them from @first, with room for @room bytes in sum
 * @used: what back_complete_many is given
 * @stall: fires when the queue has waited too long for buffers
 * @stalled: it fired; what finds no buffers is dropped
 *
 * All but @stall and @stalled belong to who holds the lock of the transmit queue.
 */
struct net_to {
	struct net_back *net;
	unsigned int index;
	struct back_queue *q;
	struct back_chain *chains;
	unsigned int first, nr;
	u64 room;
	struct vring_used_elem used[NET_MAX_CHAINS];
	struct timer_list stall;
	bool stalled;
	struct u64_stats_sync syncp;
	u64_stats_t counters[NET_TO_COUNTERS];
};

/**
 * struct net_back - a device; private part of its interface
 * @assigned: the address it was attached with
 * @pairs: of queues, at most; constant
 * @started: the driver has the queues running; under rtnl
 * @up: see above
 * @control: the control queue, or NULL; from start to stop
 * @control_work: handles it; queued while @controlled
 * @link_work: tells the driver of the interface's state
 */
struct net_back {
	struct net_device *netdev;
	struct back_device *dev;
	u8 assigned[ETH_ALEN];
	unsigned int pairs;
	bool started;
	bool up;
	bool controlled;
	struct back_queue *control;
	struct back_chain control_chain;
	struct work_struct control_work;
	struct work_struct link_work;
	struct net_from from[NET_MAX_PAIRS];
	struct net_to to[NET_MAX_PAIRS];
};

static inline void net_from_count(struct net_from *from, enum net_from_counter which, u64 n)
{
	u64_stats_update_begin(&from->syncp);
	u64_stats_add(&from->counters[which], n);
	u64_stats_update_end(&from->syncp);
}

static inline void net_to_count(struct net_to *to, enum net_to_counter which, u64 n)
{
	u64_stats_update_begin(&to->syncp);
	u64_stats_add(&to->counters[which], n);
	u64_stats_update_end(&to->syncp);
}

/* net-from.c */
int net_from_poll(struct napi_struct *napi, int budget);

/* net-to.c */
int net_to_init(struct net_to *to);
void net_to_free(struct net_to *to);
netdev_tx_t net_to_xmit(struct sk_buff *skb, struct net_device *netdev);
/* The guest has given buffers; from an interrupt. */
void net_to_kick(struct net_to *to);
/* Give back what was taken and not filled; only when down. */
void net_to_release(struct net_to *to);

/* net-control.c */
void net_control_work(struct work_struct *work);

/* net-stats.c */
extern const struct ethtool_ops net_ethtool_ops;
void net_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *stats);

#endif
