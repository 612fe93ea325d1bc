/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/ringlet-back: what the domain manager tells the back-ends.
 *
 * Every structure starts with its size as the caller knows it. Structures grow
 * at the end: a shorter one is taken as if it went on with zeros, and only that
 * many bytes are written back; of a longer one the rest must be zero, else
 * E2BIG. Unknown flags and reserved fields that are not zero are EINVAL. Fields
 * are (in), (out: written if the call returns 0) or (io). Only for CAP_SYS_ADMIN.
 *
 * Errors of every call: EPERM, EFAULT, E2BIG, EINVAL, and ENOENT: no such slot
 * in use (or no device area in use of that domain). The kernel's log has a line
 * for every refusal, which names domain, slot and reason.
 */
#ifndef RINGLET_BACK_UAPI_H
#define RINGLET_BACK_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RINGLET_BACK_PATH	"/dev/ringlet-back"

/* A console of a guest: domid, slot. Read, write, poll, TIOCSWINSZ. */
#define RINGLET_BACK_CONSOLE	"/dev/ringlet/console-%u-%u"

#define RINGLET_BACK_NAME_SIZE	64	/* with the 0 that ends it */
#define RINGLET_BACK_ANY_SLOT	0xffffffffU

/* ringlet_back_attach.flags */
#define RINGLET_BACK_READONLY	(1U << 0)	/* blk, 9p */
#define RINGLET_BACK_DIRECT	(1U << 1)	/* blk: past the page cache */
#define RINGLET_BACK_REATTACH	(1U << 2)	/* a device that is AWAY comes back */
#define RINGLET_BACK_MAC_FILTER	(1U << 3)	/* net: only frames from its address */
#define RINGLET_BACK_ALL_FLAGS	15U

/*
 * ATTACH: plug a device into a slot of @domid's device area; the first one maps
 * the area. With REATTACH the slot must hold a device of the same kind which its
 * back-end left (module removed, service restarted); the driver goes on with it.
 * A 9p device whose server is gone takes a new one so, without having left.
 * A slot that is found in use by nobody (its back-end is gone) may be taken only
 * so, or after DETACH.
 *
 * ENODEV: the domain has no device area for us (or there is no such domain);
 * EPROTO: its header is not valid; EBUSY: the slot is in use; ENOSPC: none is
 * free; EOPNOTSUPP: no back-end module for @device_id is loaded; ESTALE:
 * REATTACH, but the slot holds no device or one of another kind or uid; EBADF,
 * EACCES, ENOTBLK: @fd is not open, not with the needed access, not a file or
 * block device; ENOMEM; others as the back-end says.
 */
struct ringlet_back_attach {
	__u32 size;		/* (in) of this structure */
	__u32 domid;		/* (in) */
	__u32 slot;		/* (io) 1 and up, or RINGLET_BACK_ANY_SLOT */
	__u32 device_id;	/* (in) of virtio 1.2, section 5 */
	__u32 flags;		/* (in) RINGLET_BACK_* */
	__s32 fd;		/* (in) blk: file or block device; 9p: connected stream
				 * socket to the server; else -1. It may be closed after
				 * the call. */
	__u32 queues;		/* (in) at most this many (pairs, for net); 0: default */
	__u32 queue_size;	/* (in) a power of 2, at most 1024; 0: default */
	__u32 region_pages;	/* (in) at most this many pages; 0: default */
	__u32 uid;		/* (io) REATTACH: the expected one, or 0: any */
	__u64 features_off;	/* (in) virtio features not to be offered */
	__u8 mac[6];		/* (in) net; zero: made from domid and slot */
	__u8 reserved0[2];	/* (in) zero */
	__u32 block_size;	/* (in) blk: logical, 512 to 4096; 0: the backing's */
	__u32 mtu;		/* (in) net; 0: 1500 */
	__u32 reserved1;	/* (in) zero */
	char name[RINGLET_BACK_NAME_SIZE];	/* (io) ends with 0. blk: serial, 20
				 * bytes of it are shown; net: the interface's name,
				 * may hold %d, empty: rlDOMID.SLOT; 9p: mount tag;
				 * console: not used, it is RINGLET_BACK_CONSOLE */
};

/*
 * DETACH: unplug. The back-end finishes what was begun, the driver lets go.
 * EINPROGRESS: it has not within @timeout_ms; the slot stays REMOVED until it
 * does and is free then (asking again waits again). With FORCE the back-end lets
 * go first, whatever the driver does: the backing is free when the call returns.
 */
#define RINGLET_BACK_FORCE	(1U << 0)

struct ringlet_back_detach {
	__u32 size;		/* (in) */
	__u32 domid;		/* (in) */
	__u32 slot;		/* (in) */
	__u32 flags;		/* (in) RINGLET_BACK_FORCE */
	__u32 timeout_ms;	/* (in) 0: do not wait for the driver */
	__u32 reserved;		/* (in) zero */
};

/*
 * DETACH_DOMAIN: let go of everything of a domain, its device area included:
 * for one that is destroyed (a domain that we map never goes away).
 */
struct ringlet_back_domain {
	__u32 size;		/* (in) */
	__u32 domid;		/* (in) */
};

/* RESIZE: the backing has another size, tell the driver. EOPNOTSUPP: not a blk. */
struct ringlet_back_resize {
	__u32 size;		/* (in) */
	__u32 domid;		/* (in) */
	__u32 slot;		/* (in) */
	__u32 reserved;		/* (in) zero */
	__u64 bytes;		/* (out) the new size */
};

/* ringlet_back_info.find */
#define RINGLET_BACK_EXACT	0	/* (domid, slot), else ENOENT */
#define RINGLET_BACK_NEXT	1	/* the first one at or after (domid, slot) */

/* ringlet_back_info.state: of the slot, as RINGLET_DEVICE_* of virtio.h */

/* ringlet_back_info.flags */
#define RINGLET_BACK_CONNECTED	(1U << 8)	/* driver has DRIVER_OK, queues run */
#define RINGLET_BACK_BROKEN	(1U << 9)	/* DEVICE_NEEDS_RESET */
/* and RINGLET_BACK_READONLY, RINGLET_BACK_DIRECT, RINGLET_BACK_MAC_FILTER */

struct ringlet_back_info {
	__u32 size;		/* (in) */
	__u32 find;		/* (in) RINGLET_BACK_EXACT or _NEXT */
	__u32 domid;		/* (io) */
	__u32 slot;		/* (io) */
	__u32 state;		/* (out) 1 PRESENT, 2 AWAY, 3 REMOVED */
	__u32 device_id;	/* (out) */
	__u32 uid;		/* (out) */
	__u32 flags;		/* (out) */
	__u64 features;		/* (out) offered */
	__u64 driver_features;	/* (out) taken by the driver; 0: not yet */
	__u32 driver_status;	/* (out) */
	__u32 error;		/* (out) errno of the last handshake, or 0 */
	__u32 queues;		/* (out) in use */
	__u32 queue_size;	/* (out) of the largest one in use */
	__u32 region_pages;	/* (out) mapped */
	__u32 ranges;		/* (out) contiguous pieces of these */
	__u64 bytes;		/* (out) blk: size of the backing */
	__u64 requests;		/* (out) chains taken, since attached */
	__u64 bytes_in;		/* (out) read from the driver's buffers */
	__u64 bytes_out;	/* (out) written to them */
	__u64 notify_in;	/* (out) from the driver */
	__u64 notify_out;	/* (out) to it */
	__u64 copies;		/* (out) hypercalls of grant copies */
	__u64 copied_pages;	/* (out) operations in them */
	__u64 maps;		/* (out) pages mapped, ever */
	__u64 errors;		/* (out) requests that failed; bytes of output that a console dropped */
	char name[RINGLET_BACK_NAME_SIZE];	/* (out) as attached; net: real name */
};

#define RINGLET_BACK_IOC		'r'
#define RINGLET_BACK_ATTACH		_IO(RINGLET_BACK_IOC, 0x40)
#define RINGLET_BACK_DETACH		_IO(RINGLET_BACK_IOC, 0x41)
#define RINGLET_BACK_DETACH_DOMAIN	_IO(RINGLET_BACK_IOC, 0x42)
#define RINGLET_BACK_RESIZE		_IO(RINGLET_BACK_IOC, 0x43)
#define RINGLET_BACK_INFO		_IO(RINGLET_BACK_IOC, 0x44)

#endif
