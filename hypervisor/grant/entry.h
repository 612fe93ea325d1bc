/* SPDX-License-Identifier: GPL-2.0 */
/* Entries of a grant table, the pure part: who uses one, and what its owner sees of it. */
#ifndef RINGLET_GRANT_ENTRY_H
#define RINGLET_GRANT_ENTRY_H

#include "base/types.h"

/**
 * struct active - how an entry is used
 * @mfn: the frame, as it was when use began
 * @readers, @writers: uses of each kind
 * @domid: by whom
 */
struct active {
	u32 mfn, readers, writers;
	u16 domid;
};

/**
 * entry_claim() - begin one use of an entry
 * @shared: in a page that its owner writes at any time
 *
 * Return: GNTST_okay, with a->mfn the frame; else nothing was changed.
 */
int __must_check entry_claim(u64 *shared, struct active *a, u16 domid, bool write);

/* End it. @shared is NULL if its owner is dead. */
void entry_release(u64 *shared, struct active *a, bool write);

#endif
