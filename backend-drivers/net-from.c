// SPDX-License-Identifier: GPL-2.0
/*
 * From the guest: frames of a transmit queue become skbs, in NAPI context.
 *
 * A chain is a struct virtio_net_hdr_v1 and a frame. Both are copied before they
 * are looked at. A header is believed only as far as the driver's features go
 * and its offsets lie in the frame; what it says of segments stays marked as
 * not verified (SKB_GSO_DODGY), so that whoever needs it verifies it. A frame
 * that is refused is counted by reason and answered like any other: the wire
 * lost it.
 *
 * The header of a frame is copied to the skb's linear part, the rest of a large
 * one to fragments that are cut from large pages.
 */
#include <linux/if_vlan.h>
#include <net/tcp.h>

#include "net.h"

#define FROM_LINEAR_MAX	1536U	/* frames up to this size have no fragments */
#define FROM_LINEAR	192U	/* of larger ones: more than their headers take */
#define FROM_HEADERS	512	/* where the checksummed part begins at the latest */
#define FROM_MIN_SEGMENT	48	/* as net.ipv4.tcp_min_snd_mss has it */

/* Longest frame: what a plain one may have, or what a segmented one can. */
static unsigned int from_max_len(const struct net_back *net, const struct virtio_net_hdr_v1 *hdr)
{
	unsigned int payload = READ_ONCE(net->netdev->mtu);

	if (hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		payload = IP_MAX_MTU;
	return ETH_HLEN + VLAN_HLEN + payload;
}

/* Copy @len bytes of the frame into fragments of @skb. 0, or the counter of why not. */
static int from_copy_frags(struct net_from *from, struct sk_buff *skb, size_t len)
{
	struct page_frag *frag = &from->frag;

	while (len) {
		size_t part;

		if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS ||
		    !skb_page_frag_refill(min_t(size_t, len, PAGE_SIZE), frag, GFP_ATOMIC | __GFP_NOWARN))
			return NET_FROM_NO_MEMORY;
		part = min_t(size_t, len, frag->size - frag->offset);
		if (back_pull(from->q, &from->chain.in, page_address(frag->page) + frag->offset, part) != part)
			return NET_FROM_BAD_ADDRESS;
		get_page(frag->page);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, frag->page, frag->offset, part, part);
		/* What follows keeps the alignment of memcpy's fast path. */
		frag->offset = ALIGN(frag->offset + part, L1_CACHE_BYTES);
		len -= part;
	}
	return 0;
}

/* The frame behind the header as an skb; NULL: *why is the counter. */
static struct sk_buff *from_copy(struct net_from *from, size_t len, int *why)
{
	size_t linear = len <= FROM_LINEAR_MAX ? len : FROM_LINEAR;
	struct sk_buff *skb = napi_alloc_skb(&from->napi, linear);

	if (!skb) {
		*why = NET_FROM_NO_MEMORY;
		return NULL;
	}
	*why = 0;
	if (back_pull(from->q, &from->chain.in, skb_put(skb, linear), linear) != linear)
		*why = NET_FROM_BAD_ADDRESS;
	else if (linear < len)
		*why = from_copy_frags(from, skb, len - linear);
	if (*why) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

/*
 * Is the header one that this driver may send with a frame of @len bytes? Clears
 * the flags that mean nothing in this direction.
 */
static bool from_header_valid(const struct back_device *dev, struct virtio_net_hdr_v1 *hdr, size_t len)
{
	u32 start = le16_to_cpu((__force __le16)hdr->csum_start);
	u32 offset = le16_to_cpu((__force __le16)hdr->csum_offset);
	u32 size = le16_to_cpu((__force __le16)hdr->gso_size);

	hdr->flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	if (hdr->flags) {
		if (!back_has_feature(dev, VIRTIO_NET_F_CSUM) || start < ETH_HLEN || start > FROM_HEADERS ||
		    start + offset + sizeof(__sum16) > len)
			return false;
	}
	switch (hdr->gso_type) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN:
	case VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN:
		if (!back_has_feature(dev, VIRTIO_NET_F_HOST_ECN))
			return false;
		break;
	}
	switch (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		if (!back_has_feature(dev, VIRTIO_NET_F_HOST_TSO4))
			return false;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		if (!back_has_feature(dev, VIRTIO_NET_F_HOST_TSO6))
			return false;
		break;
	default:
		return false;
	}
	/* virtio 1.2, 5.1.6.2: segmentation comes with a checksum to make. */
	return hdr->flags && size >= FROM_MIN_SEGMENT && offset == offsetof(struct tcphdr, check) &&
	       start + sizeof(struct tcphdr) <= len;
}

/*
 * Do the frame's own headers agree with what the header says of it? Before
 * eth_type_trans(): tags are looked for where the Ethernet header begins.
 */
static bool from_gso_matches(const struct sk_buff *skb)
{
	__be16 protocol = __vlan_get_protocol(skb, ((const struct ethhdr *)skb->data)->h_proto, NULL);

	if (!skb_is_gso(skb))
		return true;
	if (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4)
		return protocol == htons(ETH_P_IP);
	return protocol == htons(ETH_P_IPV6);
}

static bool from_source_allowed(const struct net_back *net, const struct sk_buff *skb)
{
	if (!(net->dev->flags & RINGLET_BACK_MAC_FILTER))
		return true;
	return ether_addr_equal(eth_hdr(skb)->h_source, net->assigned);
}

/* Take the frame of from->chain. An skb ready to be received, or NULL: *why. */
static struct sk_buff *from_frame(struct net_from *from, int *why)
{
	struct net_back *net = from->net;
	struct virtio_net_hdr_v1 hdr;
	struct sk_buff *skb;
	u64 len;

	*why = NET_FROM_BAD_SIZE;
	len = back_iov_length(&from->chain.in);
	if (len < NET_HEADER_SIZE + ETH_HLEN)
		return NULL;
	len -= NET_HEADER_SIZE;
	if (back_pull(from->q, &from->chain.in, &hdr, NET_HEADER_SIZE) != NET_HEADER_SIZE) {
		*why = NET_FROM_BAD_ADDRESS;
		return NULL;
	}
	if (len > from_max_len(net, &hdr))
		return NULL;
	*why = NET_FROM_BAD_HEADER;
	if (!from_header_valid(net->dev, &hdr, len))
		return NULL;
	skb = from_copy(from, len, why);
	if (!skb)
		return NULL;
	*why = NET_FROM_BAD_HEADER;
	if (virtio_net_hdr_to_skb(skb, (struct virtio_net_hdr *)&hdr, true) || !from_gso_matches(skb))
		goto err_free;
	skb->protocol = eth_type_trans(skb, net->netdev);
	skb_reset_network_header(skb);
	if (!from_source_allowed(net, skb)) {
		*why = NET_FROM_BAD_MAC;
		goto err_free;
	}
	skb_record_rx_queue(skb, from->index);
	return skb;

err_free:
	kfree_skb(skb);
	return NULL;
}

/* One chain: answered, and received or counted as lost. Bytes of the frame. */
static unsigned int from_one(struct net_from *from)
{
	int why;
	struct sk_buff *skb = from_frame(from, &why);
	unsigned int len;

	back_complete(from->q, from->chain.head, 0);
	if (!skb) {
		net_from_count(from, why, 1);
		back_count(from->q, BACK_ERRORS, 1);
		return 0;
	}
	len = skb->len + ETH_HLEN;
	u64_stats_update_begin(&from->syncp);
	u64_stats_add(&from->counters[NET_FROM_PACKETS], 1);
	u64_stats_add(&from->counters[NET_FROM_BYTES], len);
	if (skb_is_gso(skb))
		u64_stats_add(&from->counters[NET_FROM_GSO], 1);
	u64_stats_update_end(&from->syncp);
	napi_gro_receive(&from->napi, skb);
	return len;
}

/*
 * Receive up to @budget frames of a queue. The driver is asked for a notification only
 * when its ring was found empty, and gets at most one for all that was taken.
 */
int net_from_poll(struct napi_struct *napi, int budget)
{
	struct net_from *from = container_of(napi, struct net_from, napi);
	unsigned int bytes = 0;
	int done = 0, rc = 1;

	while (done < budget && (rc = back_next(from->q, &from->chain)) > 0) {
		bytes += from_one(from);
		done++;
	}
	if (done) {
		back_notify(from->q);
		back_count(from->q, BACK_BYTES_IN, bytes);
	}
	/* The chain is still there, and no notification will come of it: poll on. */
	if (rc == -ENOMEM)
		return budget;
	/* Stopped or broken: the core calls kick if it goes on. */
	if (done < budget && napi_complete_done(napi, done) && !rc && !back_notify_enable(from->q))
		napi_schedule(napi);
	return done;
}
