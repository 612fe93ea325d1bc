// SPDX-License-Identifier: GPL-2.0
/*
 * ringlet_back_net: a device's life, from the core's side and from the interface's.
 *
 *	attach	the interface appears, down, without carrier; features and config
 *		are said
 *	start	the driver runs: carrier
 *	stop	no carrier; nothing that was taken stays unanswered
 *	detach	the interface goes
 *
 * The core does not keep an interface over an absence of this module: it comes
 * back by the same name, and bridges and addresses are set anew by who set them.
 */
#include <linux/rtnetlink.h>

#include "net.h"

static const u64 net_features =
	1ULL << VIRTIO_NET_F_MAC | 1ULL << VIRTIO_NET_F_STATUS | 1ULL << VIRTIO_NET_F_MTU |
	1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_HOST_TSO4 | 1ULL << VIRTIO_NET_F_HOST_TSO6 |
	1ULL << VIRTIO_NET_F_HOST_ECN | 1ULL << VIRTIO_NET_F_GUEST_CSUM |
	1ULL << VIRTIO_NET_F_GUEST_TSO4 | 1ULL << VIRTIO_NET_F_GUEST_TSO6 |
	1ULL << VIRTIO_NET_F_GUEST_ECN | 1ULL << VIRTIO_NET_F_MRG_RXBUF |
	1ULL << VIRTIO_NET_F_CTRL_VQ | 1ULL << VIRTIO_NET_F_CTRL_MAC_ADDR;

/* Offloads of the interface: what the driver may take from it. */
static const netdev_features_t net_offloads =
	NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN;

/* Both the driver and the interface run; under rtnl. */
static void net_up(struct net_back *net)
{
	unsigned int i;

	for (i = 0; i < net->pairs; i++) {
		struct net_from *from = &net->from[i];

		if (from->q)
			napi_enable(&from->napi);
	}
	WRITE_ONCE(net->up, true);
	netif_tx_start_all_queues(net->netdev);
	local_bh_disable();
	for (i = 0; i < net->pairs; i++)
		if (net->from[i].q)
			napi_schedule(&net->from[i].napi);
	local_bh_enable();
}

static void net_down(struct net_back *net)
{
	unsigned int i;

	if (!net->up)
		return;
	WRITE_ONCE(net->up, false);
	/* Waits for who transmits; who comes later sees that we are down. */
	netif_tx_disable(net->netdev);
	for (i = 0; i < net->pairs; i++) {
		if (net->from[i].q)
			napi_disable(&net->from[i].napi);
		net_to_release(&net->to[i]);
	}
	/* What still waits finds the device down, and goes. */
	netif_tx_wake_all_queues(net->netdev);
}

static int net_open(struct net_device *netdev)
{
	struct net_back *net = netdev_priv(netdev);

	if (net->started)
		net_up(net);
	schedule_work(&net->link_work);
	return 0;
}

static int net_close(struct net_device *netdev)
{
	struct net_back *net = netdev_priv(netdev);

	net_down(net);
	schedule_work(&net->link_work);
	return 0;
}

static netdev_features_t net_fix_features(struct net_device *netdev, netdev_features_t features)
{
	struct net_back *net = netdev_priv(netdev);

	if (!net->started || !back_has_feature(net->dev, VIRTIO_NET_F_GUEST_CSUM))
		features &= ~(NETIF_F_HW_CSUM | NETIF_F_ALL_TSO);
	if (!net->started || !back_has_feature(net->dev, VIRTIO_NET_F_GUEST_TSO4))
		features &= ~NETIF_F_TSO;
	if (!net->started || !back_has_feature(net->dev, VIRTIO_NET_F_GUEST_TSO6))
		features &= ~NETIF_F_TSO6;
	if (!net->started || !back_has_feature(net->dev, VIRTIO_NET_F_GUEST_ECN))
		features &= ~NETIF_F_TSO_ECN;
	return features;
}

static const struct net_device_ops net_netdev_ops = {
	.ndo_open		= net_open,
	.ndo_stop		= net_close,
	.ndo_start_xmit		= net_to_xmit,
	.ndo_get_stats64	= net_get_stats64,
	.ndo_fix_features	= net_fix_features,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_set_mac_address	= eth_mac_addr,
};

/* The state of the interface is the state of the driver's link. */
static void net_link_work(struct work_struct *work)
{
	struct net_back *net = container_of(work, struct net_back, link_work);
	struct virtio_net_config *config = (void *)net->dev->config;
	__virtio16 status = 0;

	if (netif_running(net->netdev))
		status = (__force __virtio16)cpu_to_le16(VIRTIO_NET_S_LINK_UP);
	if (config->status == status)
		return;
	config->status = status;
	back_config_changed(net->dev);
}

static void net_setup(struct net_device *netdev)
{
	/* No bridge shall take our address for its own: it is the highest there is. */
	static const u8 address[ETH_ALEN] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };

	ether_setup(netdev);
	netdev->netdev_ops = &net_netdev_ops;
	netdev->ethtool_ops = &net_ethtool_ops;
	netdev->needs_free_netdev = false;
	netdev->hw_features = net_offloads;
	/* Who receives a segmented frame verifies it: drivers of guests do. */
	netdev->features = net_offloads | NETIF_F_GSO_ROBUST | NETIF_F_HIGHDMA;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = IP_MAX_MTU - VLAN_ETH_HLEN;
	netdev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	eth_hw_addr_set(netdev, address);
}

static void net_queues_free(struct net_back *net)
{
	unsigned int i;

	for (i = 0; i < net->pairs; i++) {
		struct net_from *from = &net->from[i];

		netif_napi_del(&from->napi);
		back_chain_free(&from->chain);
		if (from->frag.page)
			put_page(from->frag.page);
		net_to_free(&net->to[i]);
	}
	back_chain_free(&net->control_chain);
}

static int net_queues_init(struct net_back *net)
{
	unsigned int i;
	int rc = 0;

	back_chain_init(&net->control_chain);
	for (i = 0; i < net->pairs; i++) {
		struct net_from *from = &net->from[i];
		struct net_to *to = &net->to[i];

		from->net = net;
		from->index = i;
		u64_stats_init(&from->syncp);
		back_chain_init(&from->chain);
		netif_napi_add(net->netdev, &from->napi, net_from_poll);
		to->net = net;
		to->index = i;
		u64_stats_init(&to->syncp);
		if (!rc)
			rc = net_to_init(to);
	}
	if (rc)
		net_queues_free(net);
	return rc;
}

/* What the driver is told; the address is made up if there is none. */
static void net_config_init(struct net_back *net, const struct ringlet_back_attach *args)
{
	const u8 made_up[ETH_ALEN] = { 0x02, 0x52, 0x4c, args->domid >> 8, args->domid, net->dev->slot };
	struct virtio_net_config *config = (void *)net->dev->config;

	ether_addr_copy(net->assigned, is_zero_ether_addr(args->mac) ? made_up : args->mac);
	memset(config, 0, sizeof(*config));
	ether_addr_copy(config->mac, net->assigned);
	config->max_virtqueue_pairs = (__force __virtio16)cpu_to_le16(net->pairs);
	config->mtu = (__force __virtio16)cpu_to_le16(net->netdev->mtu);
	net->dev->config_size = offsetofend(struct virtio_net_config, mtu);
	net->dev->features = net_features;
	if (net->pairs > 1)
		net->dev->features |= 1ULL << VIRTIO_NET_F_MQ;
	net->dev->max_queues = 2 * net->pairs + 1;
}

static int net_check_args(struct back_device *dev, const struct ringlet_back_attach *args, struct file *file)
{
	if (file) {
		back_warn(dev, "a network interface has no file: give -1");
		return -EINVAL;
	}
	if (args->queues > NET_MAX_PAIRS) {
		back_warn(dev, "%u pairs of queues: at most %u", args->queues, NET_MAX_PAIRS);
		return -EINVAL;
	}
	if (!is_zero_ether_addr(args->mac) && !is_valid_ether_addr(args->mac)) {
		back_warn(dev, "%pM is not the address of a station", args->mac);
		return -EINVAL;
	}
	if (args->mtu && (args->mtu < ETH_MIN_MTU || args->mtu > IP_MAX_MTU - VLAN_ETH_HLEN)) {
		back_warn(dev, "an MTU of %u: %u to %u", args->mtu, ETH_MIN_MTU,
			  (unsigned int)IP_MAX_MTU - VLAN_ETH_HLEN);
		return -EINVAL;
	}
	return 0;
}

static int net_attach(struct back_device *dev, const struct ringlet_back_attach *args, struct file *file)
{
	unsigned int pairs = args->queues ?: min(num_online_cpus(), NET_MAX_PAIRS);
	char name[IFNAMSIZ];
	struct net_device *netdev;
	struct net_back *net;
	int rc;

	rc = net_check_args(dev, args, file);
	if (rc)
		return rc;
	if (args->name[0])
		rc = strscpy(name, args->name, sizeof(name));
	else
		rc = snprintf(name, sizeof(name), "rl%u.%u", dev->domid, dev->slot) < IFNAMSIZ ? 0 : -E2BIG;
	if (rc < 0) {
		back_warn(dev, "the name of an interface has at most %u characters", IFNAMSIZ - 1);
		return -EINVAL;
	}
	netdev = alloc_netdev_mqs(sizeof(*net), name, NET_NAME_USER, net_setup, pairs, pairs);
	if (!netdev)
		return -ENOMEM;
	if (args->mtu)
		netdev->mtu = args->mtu;
	net = netdev_priv(netdev);
	net->netdev = netdev;
	net->dev = dev;
	net->pairs = pairs;
	INIT_WORK(&net->control_work, net_control_work);
	INIT_WORK(&net->link_work, net_link_work);
	rc = net_queues_init(net);
	if (rc)
		goto err_free;
	net_config_init(net, args);
	dev->priv = net;
	netif_carrier_off(netdev);
	rc = register_netdev(netdev);
	if (rc) {
		back_warn(dev, "cannot make an interface %s: error %d", name, rc);
		goto err_queues;
	}
	back_info(dev, "interface %s, %pM", netdev->name, net->assigned);
	return 0;

err_queues:
	dev->priv = NULL;
	net_queues_free(net);
err_free:
	free_netdev(netdev);
	return rc;
}

static void net_detach(struct back_device *dev)
{
	struct net_back *net = dev->priv;

	unregister_netdev(net->netdev);
	cancel_work_sync(&net->link_work);
	net_queues_free(net);
	free_netdev(net->netdev);
	dev->priv = NULL;
}

/* Which queue is which, virtio 1.2, 5.1.2: without MQ there is one pair. */
static void net_bind_queues(struct net_back *net)
{
	struct back_device *dev = net->dev;
	unsigned int pairs = back_has_feature(dev, VIRTIO_NET_F_MQ) ? net->pairs : 1;
	unsigned int i;

	for (i = 0; i < net->pairs; i++) {
		net->to[i].q = i < pairs ? back_queue(dev, 2 * i) : NULL;
		net->from[i].q = i < pairs ? back_queue(dev, 2 * i + 1) : NULL;
		if (net->to[i].q)
			back_queue_set_priv(net->to[i].q, &net->to[i]);
		if (net->from[i].q)
			back_queue_set_priv(net->from[i].q, &net->from[i]);
	}
	net->control = back_has_feature(dev, VIRTIO_NET_F_CTRL_VQ) ? back_queue(dev, 2 * pairs) : NULL;
}

/*
 * A driver that starts uses one pair until it says otherwise, and has not filled
 * the receive queues of others. One that was left by an earlier back-end has: how
 * many it uses is seen by that, since nobody repeats the command.
 */
static unsigned int net_pairs_in_use(struct net_back *net)
{
	unsigned int n = 1;

	while (n < net->pairs && net->to[n].q && back_available(net->to[n].q) > 0)
		n++;
	return n;
}

static int net_start(struct back_device *dev)
{
	struct net_back *net = dev->priv;

	net_bind_queues(net);
	if (!net->to[0].q || !net->from[0].q) {
		back_warn(dev, "the driver uses no queues");
		return -EINVAL;
	}
	rtnl_lock();
	net->started = true;
	netdev_update_features(net->netdev);
	WARN_ON(netif_set_real_num_tx_queues(net->netdev, net_pairs_in_use(net)));
	if (netif_running(net->netdev))
		net_up(net);
	netif_carrier_on(net->netdev);
	rtnl_unlock();
	if (net->control) {
		WRITE_ONCE(net->controlled, true);
		schedule_work(&net->control_work);
	}
	return 0;
}

static void net_stop(struct back_device *dev)
{
	struct net_back *net = dev->priv;
	unsigned int i;

	if (net->control) {
		WRITE_ONCE(net->controlled, false);
		/* An interrupt that saw it otherwise has queued the work by then. */
		synchronize_rcu();
		cancel_work_sync(&net->control_work);
	}
	rtnl_lock();
	netif_carrier_off(net->netdev);
	net_down(net);
	net->started = false;
	for (i = 0; i < net->pairs; i++)
		net_to_release(&net->to[i]);
	netdev_update_features(net->netdev);
	rtnl_unlock();
	net->control = NULL;
}

/* From an interrupt. Queues are bound before the core calls this, and until stop. */
static bool net_kick(struct back_queue *q)
{
	struct net_back *net = back_queue_device(q)->priv;
	unsigned int index = back_queue_index(q);

	if (q == net->control) {
		if (READ_ONCE(net->controlled))
			schedule_work(&net->control_work);
	} else if (!READ_ONCE(net->up) || index >= 2 * net->pairs) {
		return false;
	} else if (index % 2) {
		napi_schedule(&net->from[index / 2].napi);
	} else {
		net_to_kick(&net->to[index / 2]);
	}
	return false;
}

static void net_info(struct back_device *dev, struct ringlet_back_info *info)
{
	struct net_back *net = dev->priv;

	strscpy(info->name, net->netdev->name, sizeof(info->name));
}

static const struct back_ops net_ops = {
	.attach	= net_attach,
	.detach	= net_detach,
	.start	= net_start,
	.stop	= net_stop,
	.kick	= net_kick,
	.info	= net_info,
};

static struct back_driver net_driver = {
	.name		= "net",
	.device_id	= VIRTIO_ID_NET,
	.max_queues	= 2 * NET_MAX_PAIRS + 1,
	.queue_size	= 256,
	.region_pages	= 4096,
	.ops		= &net_ops,
	.owner		= THIS_MODULE,
};

static int __init net_init(void)
{
	return back_register(&net_driver);
}
module_init(net_init);

static void __exit net_exit(void)
{
	back_unregister(&net_driver);
}
module_exit(net_exit);

MODULE_DESCRIPTION("Ringlet back-end: network interfaces of guests");
MODULE_LICENSE("GPL");
MODULE_ALIAS("ringlet-back-1");
