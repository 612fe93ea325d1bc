/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Door of the grant room: memory shared between domains.
 *
 * There is one domain so far and nobody to share with. Every operation is
 * refused with -ENOSYS, which is how Linux learns that there are no grant
 * tables (its gnttab_map() returns it, anything else would be a BUG there).
 */
#ifndef RINGLET_GRANT_GRANT_H
#define RINGLET_GRANT_GRANT_H

#include "base/types.h"

long do_grant_table_op(u64 cmd, u64 uop, u64 count);

#endif
