// SPDX-License-Identifier: GPL-2.0
/*
 * ringlet_hostile: the attacks, and the life of the slot.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <uapi/linux/virtio_balloon.h>
#include <uapi/linux/virtio_blk.h>
#include <uapi/linux/virtio_config.h>
#include <uapi/linux/virtio_ids.h>
#include <uapi/linux/virtio_net.h>
#include <uapi/linux/virtio_ring.h>
#include <xen/xen.h>

#include "hostile.h"

#define SECTORS		8192
#define STORM		2000
#define BALLOON_PAGES	512
#define BALLOON_ROUNDS	1000	/* until they are the guest's again */
#define LET_GO_MS	30000

static unsigned int domid;
module_param(domid, uint, 0);
MODULE_PARM_DESC(domid, "the domain to attack, which has no device");
static char *attack;
module_param(attack, charp, 0);
MODULE_PARM_DESC(attack, "which one");

#define SPOIL(name, statement)                                  \
	static void spoil_##name(struct ringlet_device_slot *s) \
	{                                                       \
		statement;                                      \
	}

SPOIL(config_size, s->config_size = ~0U)
SPOIL(no_queues, s->max_queues = 0)
SPOIL(many_queues, s->max_queues = ~0U)
SPOIL(queue_size_0, s->max_queue_size = 0)
SPOIL(queue_size_odd, s->max_queue_size = 3)
SPOIL(queue_size_large, s->max_queue_size = 65536)
SPOIL(no_region, s->max_region_pages = 0)
SPOIL(large_region, s->max_region_pages = ~0U)
SPOIL(small_region, s->max_region_pages = 16)
SPOIL(no_features, s->features = 0)
SPOIL(all_features, s->features = ~0ULL)
SPOIL(kind_0, s->device_id = 0)
SPOIL(kind_large, s->device_id = ~0U)
SPOIL(no_config, s->config_size = 0)
SPOIL(one_queue, s->max_queues = 1)
SPOIL(config_random, get_random_bytes(s->config, sizeof(s->config)))

static const struct attack attacks[] = {
	{ "none", VIRTIO_ID_BLOCK },
	{ "none-net", VIRTIO_ID_NET },
	{ "none-balloon", VIRTIO_ID_BALLOON },
	{ "config-size", VIRTIO_ID_BLOCK, 0, spoil_config_size },
	{ "no-queues", VIRTIO_ID_BLOCK, 0, spoil_no_queues },
	{ "many-queues", VIRTIO_ID_BLOCK, 0, spoil_many_queues },
	{ "queue-size-0", VIRTIO_ID_BLOCK, 0, spoil_queue_size_0 },
	{ "queue-size-odd", VIRTIO_ID_BLOCK, 0, spoil_queue_size_odd },
	{ "queue-size-large", VIRTIO_ID_BLOCK, 0, spoil_queue_size_large },
	{ "no-region", VIRTIO_ID_BLOCK, 0, spoil_no_region },
	{ "large-region", VIRTIO_ID_BLOCK, 0, spoil_large_region },
	{ "small-region", VIRTIO_ID_BLOCK, 0, spoil_small_region },
	{ "no-features", VIRTIO_ID_BLOCK, 0, spoil_no_features },
	{ "all-features", VIRTIO_ID_BLOCK, 0, spoil_all_features },
	{ "all-features-net", VIRTIO_ID_NET, 0, spoil_all_features },
	{ "kind-0", VIRTIO_ID_BLOCK, 0, spoil_kind_0 },
	{ "kind-large", VIRTIO_ID_BLOCK, 0, spoil_kind_large },
	{ "no-config", VIRTIO_ID_BLOCK, 0, spoil_no_config },
	{ "one-queue-net", VIRTIO_ID_NET, 0, spoil_one_queue },
	{ "config-random", VIRTIO_ID_BLOCK, 0, spoil_config_random },
	{ "config-random-net", VIRTIO_ID_NET, 0, spoil_config_random },
	{ "generation-odd", VIRTIO_ID_BLOCK, LIE_GENERATION_ODD },
	{ "generation-runs", VIRTIO_ID_BLOCK, LIE_GENERATION_RUNS },
	{ "config-runs", VIRTIO_ID_BLOCK, LIE_CONFIG_RUNS },
	{ "never-ack", VIRTIO_ID_BLOCK, LIE_NEVER_ACK },
	{ "ack-only", VIRTIO_ID_BLOCK, LIE_ACK_ONLY },
	{ "status-zero", VIRTIO_ID_BLOCK, LIE_STATUS_ZERO },
	{ "needs-reset", VIRTIO_ID_BLOCK, LIE_NEEDS_RESET },
	{ "state-flips", VIRTIO_ID_BLOCK, LIE_STATE_FLIPS },
	{ "state-garbage", VIRTIO_ID_BLOCK, LIE_STATE_GARBAGE },
	{ "uid-changes", VIRTIO_ID_BLOCK, LIE_UID_CHANGES },
	{ "driver-half", VIRTIO_ID_BLOCK, LIE_DRIVER_HALF },
	{ "header", VIRTIO_ID_BLOCK, LIE_HEADER },
	{ "control-storm", VIRTIO_ID_BLOCK, LIE_CONTROL_STORM },
	{ "queue-storm", VIRTIO_ID_BLOCK, LIE_QUEUE_STORM },
	{ "used-id", VIRTIO_ID_BLOCK, LIE_USED_ID },
	{ "used-twice", VIRTIO_ID_BLOCK, LIE_USED_TWICE },
	{ "used-other", VIRTIO_ID_BLOCK, LIE_USED_OTHER },
	{ "used-len", VIRTIO_ID_BLOCK, LIE_USED_LEN },
	{ "used-jumps", VIRTIO_ID_BLOCK, LIE_USED_JUMPS },
	{ "used-early", VIRTIO_ID_BLOCK, LIE_USED_EARLY },
	{ "scribble-used", VIRTIO_ID_BLOCK, LIE_SCRIBBLE_USED },
	{ "scribble-all", VIRTIO_ID_BLOCK, LIE_SCRIBBLE_ALL },
	{ "never-use", VIRTIO_ID_BLOCK, LIE_NEVER_USE },
	{ "stops-using", VIRTIO_ID_BLOCK, LIE_STOPS },
	{ "stops-and-scribbles", VIRTIO_ID_BLOCK, LIE_STOPS | LIE_SCRIBBLE_USED },
	{ "keep-mapped", VIRTIO_ID_BLOCK, LIE_KEEP_MAPPED },
	{ "net-used-id", VIRTIO_ID_NET, LIE_USED_ID },
	{ "net-used-len", VIRTIO_ID_NET, LIE_USED_LEN },
	{ "net-used-jumps", VIRTIO_ID_NET, LIE_USED_JUMPS },
	{ "net-headers", VIRTIO_ID_NET, LIE_NET_HEADER },
	{ "net-buffers", VIRTIO_ID_NET, LIE_NET_BUFFERS },
	{ "net-lengths", VIRTIO_ID_NET, LIE_NET_LEN },
	{ "net-scribble-used", VIRTIO_ID_NET, LIE_SCRIBBLE_USED },
	{ "net-scribble-all", VIRTIO_ID_NET, LIE_SCRIBBLE_ALL },
	{ "net-config-runs", VIRTIO_ID_NET, LIE_CONFIG_RUNS },
};

static struct hostile hostile;
static u8 header_saved[RINGLET_DEVICES_SLOT_SIZE];
static struct task_struct *thread;

const struct attack *attack_find(const char *name)
{
	unsigned int i;

	for (i = 0; name && i < ARRAY_SIZE(attacks); i++)
		if (!strcmp(attacks[i].name, name))
			return &attacks[i];
	return NULL;
}

static void fill_config(struct ringlet_device_slot *s, u32 kind)
{
	struct virtio_blk_config *blk = (void *)s->config;
	struct virtio_net_config *net = (void *)s->config;
	struct virtio_balloon_config *balloon = (void *)s->config;

	if (kind == VIRTIO_ID_BALLOON) {
		balloon->num_pages = cpu_to_le32(BALLOON_PAGES);
		s->config_size = offsetofend(struct virtio_balloon_config, actual);
		return;
	}
	if (kind == VIRTIO_ID_BLOCK) {
		blk->capacity = SECTORS;
		blk->seg_max = 16;
		blk->size_max = 65536;
		s->config_size = sizeof(*blk);
		s->features |= BIT_ULL(VIRTIO_BLK_F_SEG_MAX) | BIT_ULL(VIRTIO_BLK_F_SIZE_MAX);
		return;
	}
	memcpy(net->mac, "\x00\x16\x3e\x66\x66\x66", 6);
	net->max_virtqueue_pairs = 1;
	net->mtu = 1500;
	s->config_size = sizeof(*net);
	s->features |= BIT_ULL(VIRTIO_NET_F_MAC) | BIT_ULL(VIRTIO_NET_F_MTU) |
		       BIT_ULL(VIRTIO_NET_F_MRG_RXBUF) | BIT_ULL(VIRTIO_NET_F_GUEST_CSUM) |
		       BIT_ULL(VIRTIO_NET_F_GUEST_TSO4) | BIT_ULL(VIRTIO_NET_F_GUEST_TSO6);
}

static void plug(struct hostile *h)
{
	struct ringlet_device_slot s = {
		.device_id = h->attack->kind,
		.features = BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
			    BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC),
		.max_queues = 3,
		.max_queue_size = 128,
		.max_region_pages = HOSTILE_PAGES,
	};

	fill_config(&s, h->attack->kind);
	if (h->attack->spoil)
		h->attack->spoil(&s);
	s.uid = get_random_u32() | 1;
	s.config_generation = lies(h, LIE_GENERATION_ODD) ? 1 : 2;
	s.seq = h->slot->seq;
	s.ack = s.seq;
	h->seq = s.seq;
	memcpy((void *)h->slot, &s, sizeof(s));
	/* What PRESENT announces first. */
	wmb();
	h->slot->state = RINGLET_DEVICE_PRESENT;
	hostile_send(h->control_port);
}

/* The driver's word, and what we make of it. */
static void handshake(struct hostile *h)
{
	u32 seq = READ_ONCE(h->slot->seq), status;

	if (seq == h->seq)
		return;
	h->seq = seq;
	status = READ_ONCE(h->slot->driver_status);
	if (!status && !lies(h, LIE_KEEP_MAPPED))
		hostile_stop(h);
	if (status & VIRTIO_CONFIG_S_DRIVER_OK && !(h->status & VIRTIO_CONFIG_S_DRIVER_OK) &&
	    !lies(h, LIE_ACK_ONLY | LIE_NEVER_ACK) && !hostile_start(h))
		pr_info("ringlet_hostile: the driver's region cannot be used\n");
	h->status = status;
	h->slot->device_status = lies(h, LIE_STATUS_ZERO) ? 0 : status;
	if (lies(h, LIE_NEEDS_RESET) && status & VIRTIO_CONFIG_S_DRIVER_OK) {
		h->slot->error = ~0U;
		h->slot->device_status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	}
	wmb();
	if (lies(h, LIE_NEVER_ACK))
		return;
	h->slot->ack = seq;
	hostile_send(h->control_port);
}

/* Lies that need no request. */
static void lie(struct hostile *h, unsigned int round)
{
	volatile struct ringlet_device_slot *s = h->slot;
	unsigned int i;

	if (lies(h, LIE_GENERATION_RUNS))
		s->config_generation++;
	if (lies(h, LIE_CONFIG_RUNS)) {
		s->config_generation += 2;
		for (i = 0; i < 32; i++)
			s->config[i] = get_random_u32();
	}
	if (h->attack->kind == VIRTIO_ID_BALLOON && round == BALLOON_ROUNDS) {
		memset((void *)s->config, 0, sizeof(__le32));
		s->config_generation += 2;
		hostile_send(h->control_port);
	}
	if (lies(h, LIE_STATE_FLIPS))
		s->state = round & 1 ? RINGLET_DEVICE_PRESENT : RINGLET_DEVICE_AWAY;
	if (lies(h, LIE_STATE_GARBAGE) && round == 200)
		s->state = 0xdeadbeef;
	if (lies(h, LIE_UID_CHANGES) && round % 200 == 199)
		s->uid++;
	if (lies(h, LIE_DRIVER_HALF)) {
		s->driver_status = get_random_u32();
		s->driver_features = get_random_u64();
		s->region_pages = get_random_u32();
		for (i = 0; i < RINGLET_REGION_DIRS; i++)
			s->region_dir[i] = get_random_u32();
	}
	if (lies(h, LIE_HEADER))
		memset(page_address(h->area), 0xee, RINGLET_DEVICES_SLOT_SIZE);
	if (lies(h, LIE_GENERATION_RUNS | LIE_CONFIG_RUNS | LIE_STATE_FLIPS | LIE_STATE_GARBAGE |
			    LIE_UID_CHANGES | LIE_DRIVER_HALF | LIE_HEADER))
		hostile_send(h->control_port);
	for (i = 0; i < STORM && lies(h, LIE_CONTROL_STORM); i++)
		hostile_send(h->control_port);
}

static int serve(void *data)
{
	struct hostile *h = data;
	unsigned int round;

	for (round = 0; !kthread_should_stop(); round++) {
		handshake(h);
		lie(h, round);
		if (h->running)
			hostile_serve(h);
		usleep_range(2000, 4000);
	}
	return 0;
}

/*
 * Unplug, as the contract has it, and wait until the driver has let go: it resets the device, takes
 * its region back, and resets once more.
 */
static void unplug(struct hostile *h)
{
	unsigned int waited, resets = 0, least = lies(h, LIE_KEEP_MAPPED) ? 2 : 0;

	h->slot->state = RINGLET_DEVICE_REMOVED;
	wmb();
	hostile_send(h->control_port);
	for (waited = 0; waited < LET_GO_MS; waited += 10) {
		if (!(READ_ONCE(h->slot->driver_status) & 0xff) && resets >= least)
			break;
		if (READ_ONCE(h->slot->seq) != h->slot->ack) {
			resets += !(READ_ONCE(h->slot->driver_status) & 0xff);
			h->slot->ack = READ_ONCE(h->slot->seq);
			hostile_send(h->control_port);
		}
		msleep(10);
	}
	hostile_stop(h);
	memset((void *)h->slot, 0, 64);
	h->slot->ack = READ_ONCE(h->slot->seq);
	hostile_send(h->control_port);
}

static int __init hostile_init(void)
{
	struct hostile *h = &hostile;
	const struct ringlet_devices_header *header;
	int rc;

	h->domid = domid;
	h->attack = attack_find(attack);
	if (!h->attack) {
		pr_err("ringlet_hostile: there is no attack '%s'\n", attack);
		return -EINVAL;
	}
	rc = hostile_map(h, RINGLET_GREF_DEVICES, &h->area, &h->area_handle);
	if (rc)
		return rc;
	header = page_address(h->area);
	memcpy(header_saved, header, sizeof(header_saved));
	rc = hostile_bind(h, header->control_port);
	if (rc < 0) {
		hostile_unmap(h->area, h->area_handle, 0);
		return rc;
	}
	h->control_port = rc;
	h->slot = page_address(h->area) + RINGLET_DEVICES_SLOT_SIZE;
	plug(h);
	thread = kthread_run(serve, h, "ringlet-hostile");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit hostile_exit(void)
{
	struct hostile *h = &hostile;

	kthread_stop(thread);
	if (lies(h, LIE_HEADER))
		memcpy(page_address(h->area), header_saved, sizeof(header_saved));
	unplug(h);
	hostile_close(h->control_port);
	hostile_unmap(h->area, h->area_handle, 0);
}

module_init(hostile_init);
module_exit(hostile_exit);
MODULE_DESCRIPTION("A back-end that lies, for tests");
MODULE_LICENSE("GPL");
