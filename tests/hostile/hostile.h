/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ringlet_hostile: a back-end that lies, for tests of frontend-drivers/.
 *
 * It has nothing of backend-drivers/ but the contract (virtio.h). One device in slot 1 of
 * one domain, served by a thread that looks at everything every few milliseconds:
 *
 *	insmod ringlet_hostile.ko domid=N attack=NAME
 *	rmmod ringlet_hostile			unplugs, as it should be done
 *
 * A disk of zeroes or a network interface, right in all but what its attack says.
 */
#ifndef RINGLET_HOSTILE_H
#define RINGLET_HOSTILE_H

#include <linux/types.h>
#include <ringlet/virtio.h>

#define HOSTILE_PAGES	2048	/* of a region, at most */
#define HOSTILE_QUEUES	4

/* What to lie about. Bits: some attacks combine. */
enum {
	LIE_NEVER_ACK		= 1 << 0,
	LIE_ACK_ONLY		= 1 << 1,	/* acknowledge, do nothing */
	LIE_STATUS_ZERO		= 1 << 2,	/* device_status stays 0 */
	LIE_NEEDS_RESET		= 1 << 3,
	LIE_GENERATION_ODD	= 1 << 4,
	LIE_GENERATION_RUNS	= 1 << 5,
	LIE_STATE_FLIPS		= 1 << 6,	/* PRESENT, AWAY */
	LIE_STATE_GARBAGE	= 1 << 7,
	LIE_UID_CHANGES		= 1 << 8,
	LIE_DRIVER_HALF		= 1 << 9,	/* written over */
	LIE_HEADER		= 1 << 10,	/* of the area, written over */
	LIE_CONTROL_STORM	= 1 << 11,
	LIE_QUEUE_STORM		= 1 << 12,
	LIE_USED_ID		= 1 << 13,	/* out of range */
	LIE_USED_TWICE		= 1 << 14,
	LIE_USED_OTHER		= 1 << 15,	/* not under way */
	LIE_USED_LEN		= 1 << 16,	/* 4 GiB */
	LIE_USED_JUMPS		= 1 << 17,
	LIE_USED_EARLY		= 1 << 18,	/* before anything is done */
	LIE_SCRIBBLE_USED	= 1 << 19,	/* used rings, at random, for ever */
	LIE_SCRIBBLE_ALL	= 1 << 20,	/* all of the region */
	LIE_NEVER_USE		= 1 << 21,
	LIE_NET_HEADER		= 1 << 22,
	LIE_NET_BUFFERS		= 1 << 23,	/* num_buffers */
	LIE_NET_LEN		= 1 << 24,
	LIE_CONFIG_RUNS		= 1 << 25,	/* capacity, mac, mtu change for ever */
	LIE_KEEP_MAPPED		= 1 << 26,	/* after a reset */
	LIE_STOPS		= 1 << 27,	/* after some requests; scribbles only then */
};

struct attack {
	const char *name;
	u32 kind;			/* VIRTIO_ID_* */
	u32 lies;
	void (*spoil)(struct ringlet_device_slot *slot);	/* before it is PRESENT */
};

struct hostile_queue {
	u32 port;			/* ours; 0: not in use */
	u32 size;
	u64 desc, avail, used;
	u16 seen, used_idx;
};

struct hostile {
	u32 domid;
	const struct attack *attack;
	struct page *area;
	u32 area_handle, control_port;
	volatile struct ringlet_device_slot *slot;
	u32 seq, status;
	struct page **pages;
	u32 *handles, *refs;		/* references with the directory's flag */
	u32 nr_pages;
	bool running;
	unsigned int served;		/* buffers, since DRIVER_OK */
	struct hostile_queue queues[HOSTILE_QUEUES];
};

static inline bool lies(const struct hostile *h, u32 what)
{
	return h->attack->lies & what;
}

const struct attack *attack_find(const char *name);
int hostile_map(struct hostile *h, u32 ref, struct page **page, u32 *handle);
void hostile_unmap(struct page *page, u32 handle, u32 ref);
void hostile_send(u32 port);
int hostile_bind(struct hostile *h, u32 port);
void hostile_close(u32 port);
bool hostile_start(struct hostile *h);
void hostile_stop(struct hostile *h);
void hostile_serve(struct hostile *h);

#endif
