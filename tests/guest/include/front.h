/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A front-end that may lie: devices of a domain that rl made (hypercall-abi/virtio.h).
 *
 * BLK_CASE() and its like register a case for one kind of device: before it, the device is reset,
 * set up and used once, as it should be; after it, the same again, and the neighbour, another
 * domain, must have made progress meanwhile: so an attack that costs more than its own device fails.
 * The case itself may write anything anywhere.
 *
 * A region has FRONT_PAGES pages: the queue table, three pages of rings a queue, and data.
 * One vCPU at a time works on a struct front; what runs on vCPU 1 only writes or sends.
 */
#ifndef GUEST_FRONT_H
#define GUEST_FRONT_H

#include "child.h"
#include <ringlet/virtio.h>

#define FRONT_PAGES	40
#define FRONT_QUEUES	5
#define FRONT_ENTRIES	16
#define FRONT_BYTES	((u64)FRONT_PAGES * PAGE_SIZE)
#define FRONT_HEADER	(16ul * PAGE_SIZE)		/* of a request */
#define FRONT_STATUS	(FRONT_HEADER + 512)
#define FRONT_TABLE	(17ul * PAGE_SIZE)		/* indirect descriptors */
#define FRONT_DATA	(20ul * PAGE_SIZE)		/* to the end of the region */

/* virtio 1.2: device status (2.1), flags of descriptors (2.7.5), kinds (5). */
#define STATUS_DRIVER	3	/* ACKNOWLEDGE and DRIVER */
#define STATUS_DRIVER_OK	4
#define STATUS_FEATURES_OK	8
#define STATUS_NEEDS_RESET	64
#define STATUS_FAILED	128
#define STATUS_ALL	(STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK)
#define DESC_NEXT	1
#define DESC_WRITE	2
#define DESC_INDIRECT	4
#define KIND_NET	1
#define KIND_BLK	2
#define KIND_CONSOLE	3
#define KIND_RNG	4
#define KIND_9P		9
#define F_BLK_RO	BIT(5)
#define F_NET		(BIT(0) | BIT(11) | BIT(12) | BIT(13) | BIT(15) | BIT(17) | BIT(23))
				/* CSUM, HOST_TSO4, TSO6, ECN, MRG_RXBUF, CTRL_VQ, CTRL_MAC_ADDR */
#define F_INDIRECT	BIT(28)
#define F_VERSION_1	BIT(32)
#define F_ACCESS	BIT(33)

#define BLK_IN		0
#define BLK_OUT		1
#define BLK_FLUSH	4
#define BLK_GET_ID	8
#define BLK_DISCARD	11
#define BLK_ZEROES	13

/* 9P2000.L: a Tversion with that name, message types. */
#define P9_LEN		21
#define P9_TFLUSH	108
#define P9_TVERSION	100
#define P9_TREAD	116
#define P9_TWRITE	118
#define P9_REPLY	(FRONT_DATA + PAGE_SIZE)

/* Disks, told apart by what they are: ours, ours to read, the one that the neighbour works on. */
enum front_disk { DISK_OWN, DISK_READONLY, DISK_NEIGHBOUR };
#define NEIGHBOUR_SECTORS	16384

struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};

struct blk_header {
	u32 type, ioprio;
	u64 sector;
};

struct front {
	u32 index, kind;
	u32 entries;			/* of its queues, at most FRONT_ENTRIES */
	volatile struct ringlet_device_slot *slot;
	ulong pfn[FRONT_PAGES], dir_pfn;
	u32 first_ref;			/* the region's, then the directory's */
	u32 ports[FRONT_QUEUES];
	u32 nr_queues;
	u64 features;
	u16 used[FRONT_QUEUES];		/* seen so far */
};

extern u16 front_backend;
extern u32 front_control_port;

/* Free references for cases: entries of the grant table. */
#define FRONT_FREE_REF	400	/* in the first page of the table */
#define FRONT_FREE_REFS	64
void front_grant(u32 ref, u16 domid, ulong mfn, u16 flags);
u16 front_grant_flags(u32 ref);

void *front_at(struct front *f, u64 offset);	/* not over the end of a page */
volatile struct ringlet_device_slot *front_slot(u32 index);

/* The handshake, by steps. */
void front_send(u32 port);
bool front_say(struct front *f, u32 status);	/* false: no answer, the case has failed */
bool front_answered(struct front *f);
bool front_reset(struct front *f);
void front_lay_out(struct front *f);		/* region, directory, queue table, driver's half */
bool front_go(struct front *f);			/* DRIVER_OK */
bool front_start(struct front *f);		/* reset, lay out, DRIVER_OK */
bool front_lay_out_readonly(struct front *f, u64 offset);	/* reset too; one page is lent read-only */
bool front_refused(struct front *f);		/* DRIVER_OK now: it must not work */

/* Queues. */
volatile struct desc *front_desc(struct front *f, u32 queue, u32 i);
void front_set(struct front *f, u32 queue, u32 i, u64 addr, u32 len, u16 flags, u16 next);
volatile u16 *front_avail(struct front *f, u32 queue);	/* flags, idx, ring */
volatile u16 *front_used_ring(struct front *f, u32 queue);
void front_offer(struct front *f, u32 queue, u16 head);	/* and notify */
void front_kick(struct front *f, u32 queue);
bool front_broken(struct front *f);
/* Wait: 1 a buffer was used, 0 the device is broken, -1 neither (the case has failed). */
int front_wait(struct front *f, u32 queue, u32 *id, u32 *len);
void front_expect_broken(struct front *f, const char *what);

/* Requests of a disk: header, data, status in descriptors 0, 1, 2. */
void blk_fill(struct front *f, u32 type, u64 sector, u64 data, u32 len);
int blk_go(struct front *f);			/* offer it; the status, -1 broken, -2 none */
int blk_io(struct front *f, u32 type, u64 sector, u32 len);
void blk_refused(struct front *f);		/* offer: an error, or the device is broken */

/* A shared directory: a request at FRONT_DATA, its reply at P9_REPLY, descriptors 0 and 1. */
void p9_header(struct front *f, u32 len, u8 type, u16 tag);
void p9_version(struct front *f, u16 tag);	/* a Tversion, all set up */
int p9_go(struct front *f);			/* offer it; bytes of the reply, -1 broken, -2 none */
u8 p9_reply(struct front *f);			/* the reply's type */

/*
 * Races: @round up to @rounds times, while it returns true, with @writer on vCPU 1, which writes what
 * is race_victim's until race_over. How many rounds there were.
 */
extern struct front *race_victim;
extern volatile bool race_over;
unsigned int front_race(struct front *f, void (*writer)(void *), unsigned int rounds,
			bool (*round)(struct front *f, unsigned int i));

void front_run(u32 kind, void (*body)(struct front *f));
struct front *front_open(u32 kind, enum front_disk disk);

#define FRONT_CASE(kind, fn)					\
	static void body_##fn(struct front *f);			\
	__CASE(fn, CASE_FRONT, ".cases.4")			\
	{							\
		front_run(kind, body_##fn);			\
	}							\
	static void body_##fn(struct front *f)
#define BLK_CASE(fn)	FRONT_CASE(KIND_BLK, fn)
#define NET_CASE(fn)	FRONT_CASE(KIND_NET, fn)

static inline u64 front_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
