/* SPDX-License-Identifier: GPL-2.0 */
/* What the grant room keeps for a domain. */
#ifndef RINGLET_GRANT_INTERNAL_H
#define RINGLET_GRANT_INTERNAL_H

#include "grant/entry.h"
#include "grant/grant.h"

#include <xen/grant_table.h>

#define ENTRIES_PER_FRAME	(PAGE_SIZE / sizeof(u64))
#define ACTIVE_PER_PAGE		(PAGE_SIZE / sizeof(struct active))
#define MAPS_PER_PAGE		(PAGE_SIZE / sizeof(struct map))

/* A status beyond those of the ABI: call again. */
#define GRANT_RESTART		1

/**
 * struct map - a grant that the domain has mapped
 * @ref: of the entry; of a free one the next free handle
 * @domid: whose entry
 * @flags: GNTMAP_*; MAP_BUSY; neither host nor device map: free
 *
 * While in use guarded by the grant lock of the domain @domid.
 */
struct map {
	u32 ref;
	u16 domid;
	u16 flags;
};

#define MAP_PARTS	(GNTMAP_host_map | GNTMAP_device_map)
#define MAP_BUSY	0x100	/* unmapped, not yet flushed */
#define NO_HANDLE	(~0U)

struct grant_domain {
	spinlock_t lock;	/* its own entries, and who uses them */
	bool dead;		/* guarded by: lock */
	u32 nr_frames;		/* guarded by: lock */
	u64 **shared;		/* a frame each; guarded by: lock */
	struct active **active;	/* a page each; guarded by: lock */

	spinlock_t maps_lock;	/* innermost but for the heap's */
	struct map **maps;	/* a page each; entries constant once set */
	u32 nr_map_pages;	/* guarded by: maps_lock; atomic */
	u32 free_map;		/* guarded by: maps_lock */
	u32 nr_maps;		/* guarded by: maps_lock */
	u32 teardown_at;	/* handle */
};

/* Of @d, with its grant lock held; @ref below the table's end. */
u64 *entry_shared(struct domain *d, u32 ref);
struct active *entry_active(struct domain *d, u32 ref);

/**
 * grant_claim() - begin one use of an entry, and hold its frame
 * @d: whose entry; its grant lock is held
 * Return: GNTST_*, GRANT_RESTART.
 */
int __must_check grant_claim(struct domain *d, u32 ref, u16 user, bool write)
	__requires(d->grant->lock);
void grant_release(struct domain *d, u32 ref, bool write) __requires(d->grant->lock);

/* One page of handles more; false: it has as many as it may, or no memory. */
bool maps_grow(struct domain *d) __requires(d->grant->maps_lock);

/* @d's entries end, their uses go on. */
void grant_table_die(struct domain *d);

/* Operations: status in the structure. Return: 0, an error of the call, -ERESTART. */
long op_map_grant_ref(struct vcpu *v, void *arg);
long op_copy(struct vcpu *v, void *arg);
long grant_unmap_batch(struct vcpu *v, u64 uop, u32 count);
/* Leave @count operations of @size, from @uop on, for the next call. */
long grant_restart(struct vcpu *v, u64 uop, u32 count);

#endif
