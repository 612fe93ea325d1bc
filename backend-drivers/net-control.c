// SPDX-License-Identifier: GPL-2.0
/*
 * The control queue (virtio 1.2, 5.1.6.5): how many pairs of queues the driver
 * uses, and its address. Other commands are refused; the features that announce
 * them are not offered.
 *
 * A command is answered whatever it was, so that the driver, which waits for the
 * answer, goes on. A driver's address is checked against the assigned one only if
 * frames are: else any other is as good.
 *
 * Handled in a work, since the number of queues changes under rtnl.
 */
#include <linux/rtnetlink.h>

#include "net.h"

static bool control_pairs(struct net_back *net, const void *data)
{
	u16 pairs = le16_to_cpup(data);
	bool done = false;

	if (!back_has_feature(net->dev, VIRTIO_NET_F_MQ) || pairs < VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN ||
	    pairs > net->pairs)
		return false;
	rtnl_lock();
	if (net->started && net->to[pairs - 1].q)
		done = !netif_set_real_num_tx_queues(net->netdev, pairs);
	rtnl_unlock();
	return done;
}

static bool control_address(struct net_back *net, const u8 *address)
{
	struct virtio_net_config *config = (void *)net->dev->config;

	if (!back_has_feature(net->dev, VIRTIO_NET_F_CTRL_MAC_ADDR) || !is_valid_ether_addr(address))
		return false;
	if (net->dev->flags & RINGLET_BACK_MAC_FILTER && !ether_addr_equal(address, net->assigned))
		return false;
	ether_addr_copy(config->mac, address);
	return true;
}

/* Handle the command of control_chain: is it done? */
static bool control_command(struct net_back *net)
{
	struct vringh_kiov *in = &net->control_chain.in;
	u8 data[ETH_ALEN] __aligned(2);
	struct virtio_net_ctrl_hdr hdr;
	size_t len;

	if (back_pull(net->control, in, &hdr, sizeof(hdr)) != sizeof(hdr))
		return false;
	len = back_iov_length(in);
	if (len > sizeof(data) || back_pull(net->control, in, data, len) != len)
		return false;
	if (hdr.class == VIRTIO_NET_CTRL_MQ && hdr.cmd == VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET)
		return len == sizeof(struct virtio_net_ctrl_mq) && control_pairs(net, data);
	if (hdr.class == VIRTIO_NET_CTRL_MAC && hdr.cmd == VIRTIO_NET_CTRL_MAC_ADDR_SET)
		return len == ETH_ALEN && control_address(net, data);
	return false;
}

void net_control_work(struct work_struct *work)
{
	struct net_back *net = container_of(work, struct net_back, control_work);
	int rc;

	do {
		while ((rc = back_next(net->control, &net->control_chain)) > 0) {
			u8 ack = control_command(net) ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
			ssize_t n = back_push(net->control, &net->control_chain.out, &ack, sizeof(ack));

			back_complete(net->control, net->control_chain.head, n > 0 ? n : 0);
			back_notify(net->control);
			cond_resched();
		}
		/* Stopped or broken: who stops waits for us, whatever else there is. */
	} while (!rc && !back_notify_enable(net->control));
}
