/* SPDX-License-Identifier: MIT */
/*
 * Virtio between domains: the device area, the region of a device, addresses.
 *
 * A guest gets its devices in the *device area*: 1 to 4 consecutive pages of its
 * own, made with the domain, found by RINGLET_OP_ringlet_op_devices. Its grant
 * entries RINGLET_GREF_DEVICES and following lend them to the domain of the
 * back-ends, writable. The area is an array of slots of 256 bytes; slot 0 is the
 * header, any other one a device or empty. One event channel, the control port,
 * tells either side to look at all slots.
 *
 * A device works on one *region*: pages that the driver's domain lends for as
 * long as the device is in use. It holds the queue table (its first page), the
 * rings, and a pool through which the driver copies buffers, so that a request
 * needs no grant of its own. Both sides copy what they read there before they
 * check it, since the other one may write at any time. Pages that only the driver
 * writes (the queue table, descriptor tables, available rings) may be lent
 * read-only: their entries in the directory say so, the device maps them so, and
 * nothing that it has to write may lie there.
 *
 * A device's address (struct vring_desc.addr, struct ringlet_queue) is either
 *	bit 63 = 0	an offset in the region
 *	bit 63 = 1	buffers only: bits 12 to 43 a grant reference, 0 to 11 the
 *			offset in its page; a buffer that crosses pages goes on
 *			in the next reference, at most RINGLET_GRANT_PAGES pages
 * Rings and indirect tables are always in the region.
 *
 * Split virtqueues of virtio 1.2, little-endian, with VIRTIO_F_VERSION_1 and
 * VIRTIO_F_ACCESS_PLATFORM always; a queue is one interdomain event channel, which
 * the driver allocates: what it sends there is an available-buffer notification,
 * what the device sends is a used-buffer notification.
 *
 * Life of a slot. The device writes .state and its own half, the driver the other.
 *	EMPTY -> PRESENT	plugged: .uid, .device_id, .features, config are valid
 *	PRESENT -> AWAY		the back-end is gone for a while: it holds no mapping
 *				and no port; rings keep what was not begun. The driver
 *				waits. A reset is complete at once.
 *	AWAY -> PRESENT		it is back; if .driver_status has DRIVER_OK it goes
 *				on from the used index of each ring, by itself
 *	PRESENT, AWAY -> REMOVED	unplugged: the driver lets go (status 0)
 *	REMOVED -> EMPTY	the driver has; the slot may be used again
 *
 * Handshake: the driver writes its half, then increments .seq, then sends on the
 * control port. The device acts, writes its half, then .ack = .seq, then sends.
 *	status 0		reset: the device has unmapped the region and closed
 *				its ends of the ports when it acknowledges
 *	FEATURES_OK set		.device_status keeps it if .driver_features suit
 *	DRIVER_OK set		the region is mapped, the queues run; or .device_status
 *				has NEEDS_RESET and .error says why (an errno)
 * A config change by the device: .config_generation is odd meanwhile, even after.
 * Driver-writable config fields are written in place, then .seq is incremented; the
 * device writes them once, before PRESENT of a new .uid, and keeps what they say over
 * AWAY.
 *
 * Ports: a back-end that closes its end leaves the driver's unbound and waiting, as
 * EVTCHNOP_close has it, so a returning back-end binds the same ports again.
 */
#ifndef RINGLET_VIRTIO_H
#define RINGLET_VIRTIO_H

#include <ringlet/ringlet.h>

#define RINGLET_GREF_DEVICES		2	/* to 5: the device area's pages */
#define RINGLET_DEVICES_MAX_PAGES	4
#define RINGLET_DEVICES_SLOT_SIZE	256
#define RINGLET_DEVICES_SLOTS(pages)	((pages) * 16 - 1)	/* without the header */

#define RINGLET_DEVICES_MAGIC		0x564c4e52U	/* "RNLV" */
#define RINGLET_DEVICES_VERSION		1

/* Slot 0. Written before the domain runs, then constant. */
struct ringlet_devices_header {
	ringlet_u32 magic;		/*   0 */
	ringlet_u32 version;		/*   4 */
	ringlet_u32 pages;		/*   8 of the area */
	ringlet_u32 control_port;	/*  12 of the guest */
	ringlet_u32 backend_domid;	/*  16 who may map the area */
	ringlet_u32 reserved[59];	/*  20 zero */
};

/* ringlet_device_slot.state */
#define RINGLET_DEVICE_EMPTY		0
#define RINGLET_DEVICE_PRESENT		1
#define RINGLET_DEVICE_AWAY		2
#define RINGLET_DEVICE_REMOVED		3

#define RINGLET_REGION_DIRS		4	/* pages of grant references */
#define RINGLET_REGION_MAX_PAGES	4096	/* 16 MiB */
#define RINGLET_CONFIG_SIZE		128

/*
 * An entry of the directory: a grant reference, less than 2^31. READONLY: lent, and
 * to be mapped, read-only. NEEDS_RESET if a used ring lies in such a page; a buffer
 * there that a request has to write is an address that is not valid.
 */
#define RINGLET_REGION_READONLY		(1U << 31)
#define RINGLET_REGION_REF(entry)	((entry) & ~RINGLET_REGION_READONLY)

/* Slots 1 and up: a cache line of the device, one of the driver, the config space. */
struct ringlet_device_slot {
	/* written by the device */
	ringlet_u32 state;		/*   0 RINGLET_DEVICE_* */
	ringlet_u32 uid;		/*   4 differs each time a slot is plugged */
	ringlet_u32 device_id;		/*   8 of virtio 1.2, section 5 */
	ringlet_u32 config_size;	/*  12 bytes of .config in use */
	ringlet_u64 features;		/*  16 offered */
	ringlet_u32 config_generation;	/*  24 */
	ringlet_u32 max_queues;		/*  28 1 to 127 */
	ringlet_u32 max_queue_size;	/*  32 entries, a power of 2, at most 1024 */
	ringlet_u32 max_region_pages;	/*  36 at most RINGLET_REGION_MAX_PAGES */
	ringlet_u32 device_status;	/*  40 what stands of driver_status */
	ringlet_u32 ack;		/*  44 last .seq acted on */
	ringlet_u32 error;		/*  48 errno of the last handshake, or 0 */
	ringlet_u32 reserved0[3];	/*  52 zero */
	/* written by the driver */
	ringlet_u32 driver_status;	/*  64 virtio device status */
	ringlet_u32 seq;		/*  68 */
	ringlet_u64 driver_features;	/*  72 */
	ringlet_u32 nr_queues;		/*  80 entries of the queue table in use */
	ringlet_u32 region_pages;	/*  84 */
	ringlet_u32 region_dir[RINGLET_REGION_DIRS];	/* 88 grant references of pages
					 * that hold region_pages entries, 1024
					 * each; the device reads them only */
	ringlet_u32 reserved1[6];	/* 104 zero */
	ringlet_u8 config[RINGLET_CONFIG_SIZE];	/* 128 */
};

#define RINGLET_MAX_QUEUES		127

/* The queue table at offset 0 of the region; written before DRIVER_OK. */
struct ringlet_queue {
	ringlet_u32 port;		/*   0 of the driver's domain; 0: not in use */
	ringlet_u32 size;		/*   4 entries, a power of 2 */
	ringlet_u64 desc;		/*   8 offsets in the region, */
	ringlet_u64 avail;		/*  16 aligned as virtio 1.2, 2.7 says */
	ringlet_u64 used;		/*  24 */
};

#define RINGLET_ADDRESS_GRANT		(1ULL << 63)
#define RINGLET_ADDRESS_GREF(a)		((ringlet_u32)((a) >> 12))
#define RINGLET_GRANT_PAGES		16	/* 64 KiB a buffer */

#endif
