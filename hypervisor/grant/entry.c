// SPDX-License-Identifier: GPL-2.0
/*
 * Entries of a version 1 grant table. Pure: also built into a host test.
 *
 * An entry is eight bytes: flags, domid, frame. Each look at it is one load, and
 * each decision is confirmed by an exchange of all eight bytes that sets the
 * flags in use (grant_table.h: GTF_reading, GTF_writing). So what was checked is
 * what its owner stated at one moment. While an entry is in use the frame is
 * the one it began with, whatever the owner writes.
 *
 * Invariant: GTF_writing is set from the first writer's claim to the last
 * one's release, GTF_reading likewise for all users, unless the owner itself
 * clears them: they inform the owner and bind nobody.
 *
 * Locks: the table's.
 */
#include "grant/entry.h"

#include <xen/xen.h>
#include <xen/grant_table.h>

#define MAX_USES	0x7fffffffU
#define MAX_TRIES	8	/* against an owner who keeps changing the entry */
#define DOMID_SHIFT	16
#define FRAME_SHIFT	32

int entry_claim(u64 *shared, struct active *a, u16 domid, bool write)
{
	u64 use = GTF_reading | (write ? GTF_writing : 0);
	bool used = a->readers || a->writers;
	unsigned int i;
	u64 e;

	if ((used && a->domid != domid) || a->readers >= MAX_USES || a->writers >= MAX_USES)
		return GNTST_general_error;
	e = __atomic_load_n(shared, __ATOMIC_ACQUIRE);
	for (i = 0; i < MAX_TRIES; i++) {
		if ((e & GTF_type_mask) != GTF_permit_access || (u16)(e >> DOMID_SHIFT) != domid ||
		    (write && (e & GTF_readonly)))
			return GNTST_general_error;
		if (try_exchange(shared, &e, e | use))
			break;
	}
	if (i == MAX_TRIES)
		return GNTST_general_error;

	if (!used) {
		a->domid = domid;
		a->mfn = e >> FRAME_SHIFT;
	}
	a->readers += !write;
	a->writers += write;
	return GNTST_okay;
}

void entry_release(u64 *shared, struct active *a, bool write)
{
	u64 clear = 0;

	a->readers -= !write;
	a->writers -= write;
	if (!a->writers)
		clear |= GTF_writing;
	if (!a->writers && !a->readers)
		clear |= GTF_reading;
	if (shared)
		__atomic_fetch_and(shared, ~clear, __ATOMIC_SEQ_CST);
}
