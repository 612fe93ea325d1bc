// SPDX-License-Identifier: GPL-2.0
/*
 * To the guest: what is sent to the interface fills the driver's receive buffers,
 * in the sender's context, under the lock of the transmit queue.
 *
 * Buffers are taken until they have room for the frame, then filled in order and
 * answered with one step of the used index: with VIRTIO_NET_F_MRG_RXBUF a frame
 * may take several, and the driver must find all of them at once. Buffers that do
 * not suffice yet stay taken (a notification can only be asked for those that
 * follow), the queue stops, and the frame waits in the interface's queueing
 * discipline until the driver's notification wakes it.
 *
 * A guest that gives no buffers must not hold what others have sent: after
 * TO_STALL the queue goes on and drops, until there are buffers again.
 *
 * Nothing here sleeps. A notification is sent when the sender has no more for now.
 */
#include "net.h"

#define TO_STALL	(10 * HZ)

static struct netdev_queue *to_txq(const struct net_to *to)
{
	return netdev_get_tx_queue(to->net->netdev, to->index);
}

static struct back_chain *to_chain(struct net_to *to, unsigned int i)
{
	return &to->chains[(to->first + i) % NET_MAX_CHAINS];
}

/* Take buffers until there is room for @need bytes. 1: there are too few; or an error. */
static int to_collect(struct net_to *to, size_t need)
{
	/* Without merging, a frame goes into one buffer, whatever its size. */
	unsigned int max = back_has_feature(to->net->dev, VIRTIO_NET_F_MRG_RXBUF) ? NET_MAX_CHAINS : 1;

	while ((to->room < need || !to->nr) && to->nr < max) {
		struct back_chain *chain = to_chain(to, to->nr);

		int rc = back_next(to->q, chain);

		if (rc <= 0)
			return rc ?: 1;
		to->room += back_iov_length(&chain->out);
		to->nr++;
	}
	return 0;
}

/*
 * No buffers: stop until the driver gives some. True: it just has, try again.
 * The queue is stopped before notifications are enabled, so that a kick finds it.
 * @closed: the core takes none now; it kicks when that is over.
 */
static bool to_wait(struct net_to *to, bool closed)
{
	netif_tx_stop_queue(to_txq(to));
	if (!closed && !back_notify_enable(to->q)) {
		netif_tx_start_queue(to_txq(to));
		return true;
	}
	net_to_count(to, NET_TO_STOPPED, 1);
	mod_timer(&to->stall, jiffies + TO_STALL);
	return false;
}

static void to_stall(struct timer_list *timer)
{
	struct net_to *to = from_timer(to, timer, stall);

	if (!netif_tx_queue_stopped(to_txq(to)))
		return;
	WRITE_ONCE(to->stalled, true);
	netif_tx_wake_queue(to_txq(to));
}

/* The header of @skb for this driver. False: it did not take that offload. */
static bool to_header(const struct net_to *to, struct sk_buff *skb, struct virtio_net_hdr_v1 *hdr)
{
	const struct back_device *dev = to->net->dev;
	bool csum = back_has_feature(dev, VIRTIO_NET_F_GUEST_CSUM);

	memset(hdr, 0, sizeof(*hdr));
	if (skb_is_gso(skb)) {
		unsigned int type = skb_shinfo(skb)->gso_type;

		if ((type & SKB_GSO_TCPV4 && !back_has_feature(dev, VIRTIO_NET_F_GUEST_TSO4)) ||
		    (type & SKB_GSO_TCPV6 && !back_has_feature(dev, VIRTIO_NET_F_GUEST_TSO6)) ||
		    !(type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)))
			return false;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL && !csum && skb_checksum_help(skb))
		return false;
	return !virtio_net_hdr_from_skb(skb, (struct virtio_net_hdr *)hdr, true, csum, 0);
}

/* Where the copy to the guest stands. */
struct to_cursor {
	struct net_to *to;
	unsigned int chain;	/* being filled, counted from to->first */
	u32 filled;		/* bytes in it */
};

static void to_set_used(struct net_to *to, unsigned int i, u32 len)
{
	to->used[i].id = (__force __virtio32)cpu_to_le32(to_chain(to, i)->head);
	to->used[i].len = (__force __virtio32)cpu_to_le32(len);
}

/* The buffer being filled is done. */
static void to_close(struct to_cursor *at)
{
	to_set_used(at->to, at->chain, at->filled);
	at->chain++;
	at->filled = 0;
}

/* Append bytes; to_collect saw that there is room. 0 or -EFAULT. */
static int to_write(struct to_cursor *at, const void *data, size_t len)
{
	while (len) {
		ssize_t n;

		if (WARN_ON_ONCE(at->chain >= at->to->nr))
			return -EFAULT;
		n = back_push(at->to->q, &to_chain(at->to, at->chain)->out, data, len);
		if (n < 0)
			return n;
		at->filled += n;
		data += n;
		len -= n;
		if (len)
			to_close(at);
	}
	return 0;
}

static int to_write_skb(struct to_cursor *at, struct sk_buff *skb)
{
	unsigned int done = 0, len;
	struct skb_seq_state seq;
	const u8 *data;
	int rc = 0;

	skb_prepare_seq_read(skb, 0, skb->len, &seq);
	while (!rc && (len = skb_seq_read(done, &data, &seq))) {
		rc = to_write(at, data, len);
		done += len;
	}
	if (rc)
		skb_abort_seq_read(&seq);
	return rc;
}

/* How many buffers @need bytes take. */
static unsigned int to_buffers(struct net_to *to, size_t need)
{
	unsigned int n = 0;

	for (;;) {
		u64 room = back_iov_length(&to_chain(to, n++)->out);

		if (room >= need)
			return n;
		need -= room;
	}
}

/* The first @n buffers have been used, or spoilt. */
static void to_forget(struct net_to *to, unsigned int n, u64 room)
{
	to->first = (to->first + n) % NET_MAX_CHAINS;
	to->nr -= n;
	to->room -= room;
}

/*
 * Fill buffers with the frame, and answer them. If one of them is not valid all
 * are answered empty, which a driver takes for an error of its device.
 */
static void to_fill(struct net_to *to, struct sk_buff *skb, struct virtio_net_hdr_v1 *hdr)
{
	struct to_cursor at = { .to = to };
	unsigned int i, n = to_buffers(to, NET_HEADER_SIZE + skb->len);
	u64 room = 0;
	int rc;

	for (i = 0; i < n; i++)
		room += back_iov_length(&to_chain(to, i)->out);
	hdr->num_buffers = (__force __virtio16)cpu_to_le16(n);
	rc = to_write(&at, hdr, NET_HEADER_SIZE);
	if (!rc)
		rc = to_write_skb(&at, skb);
	if (!rc)
		to_close(&at);
	for (i = rc ? 0 : n; i < n; i++)
		to_set_used(to, i, 0);
	back_complete_many(to->q, to->used, n);
	to_forget(to, n, room);
	if (rc) {
		net_to_count(to, NET_TO_BAD_ADDRESS, 1);
		back_count(to->q, BACK_ERRORS, 1);
		return;
	}
	u64_stats_update_begin(&to->syncp);
	u64_stats_add(&to->counters[NET_TO_PACKETS], 1);
	u64_stats_add(&to->counters[NET_TO_BYTES], skb->len);
	if (skb_is_gso(skb))
		u64_stats_add(&to->counters[NET_TO_GSO], 1);
	u64_stats_update_end(&to->syncp);
	back_count(to->q, BACK_BYTES_OUT, skb->len);
}

/* Room for @need bytes: 0, -EBUSY: wait for it (the queue stopped), or a counter. */
static int to_ready(struct net_to *to, size_t need)
{
	int rc;

	while ((rc = to_collect(to, need))) {
		if (back_is_broken(to->net->dev))
			return NET_TO_DOWN;
		/* Buffers are there: no notification would end a wait for them. */
		if (rc == -ENOMEM)
			return NET_TO_NO_MEMORY;
		if (READ_ONCE(to->stalled))
			return NET_TO_STALLED;
		if (!to_wait(to, rc < 0))
			return -EBUSY;
	}
	WRITE_ONCE(to->stalled, false);
	return to->room < need ? NET_TO_TOO_BIG : 0;
}

/*
 * ndo_start_xmit. What it drops is counted by reason; it never keeps a frame.
 */
netdev_tx_t net_to_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct net_back *net = netdev_priv(netdev);
	struct net_to *to = &net->to[skb_get_queue_mapping(skb)];
	bool more = netdev_xmit_more();
	struct virtio_net_hdr_v1 hdr;
	int rc;

	if (!net->up || !to->q) {
		net_to_count(to, NET_TO_DOWN, 1);
		goto drop;
	}
	rc = to_ready(to, NET_HEADER_SIZE + skb->len);
	if (rc == -EBUSY) {
		/* What was sent before, with more to follow, is due now. */
		back_notify(to->q);
		return NETDEV_TX_BUSY;
	}
	if (!rc && !to_header(to, skb, &hdr))
		rc = NET_TO_TOO_BIG;
	if (rc) {
		net_to_count(to, rc, 1);
		if (!more)
			back_notify(to->q);
		goto drop;
	}
	skb_tx_timestamp(skb);
	to_fill(to, skb, &hdr);
	if (!more)
		back_notify(to->q);
	dev_consume_skb_any(skb);
	return NETDEV_TX_OK;

drop:
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

void net_to_kick(struct net_to *to)
{
	if (netif_tx_queue_stopped(to_txq(to)))
		netif_tx_wake_queue(to_txq(to));
}

void net_to_release(struct net_to *to)
{
	del_timer_sync(&to->stall);
	local_bh_disable();
	if (to->q && to->nr)
		back_ungive(to->q, to->nr);
	local_bh_enable();
	to->nr = 0;
	to->first = 0;
	to->room = 0;
	to->stalled = false;
}

int net_to_init(struct net_to *to)
{
	unsigned int i;

	to->chains = kcalloc(NET_MAX_CHAINS, sizeof(*to->chains), GFP_KERNEL);
	if (!to->chains)
		return -ENOMEM;
	for (i = 0; i < NET_MAX_CHAINS; i++)
		back_chain_init(&to->chains[i]);
	timer_setup(&to->stall, to_stall, 0);
	return 0;
}

void net_to_free(struct net_to *to)
{
	unsigned int i;

	if (!to->chains)
		return;
	timer_shutdown_sync(&to->stall);
	for (i = 0; i < NET_MAX_CHAINS; i++)
		back_chain_free(&to->chains[i]);
	kfree(to->chains);
}
