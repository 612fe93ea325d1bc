/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure core of mm (types.c, update.c, validate.c) needs of its
 * surroundings, besides mfn_to_virt() and range_is_ram(). Chosen at link time:
 * env-host.c in the hypervisor, a model machine in the unit tests.
 */
#ifndef RINGLET_MM_ENV_H
#define RINGLET_MM_ENV_H

#include "state/page.h"

struct mm_core;


/* How may the hardware domain map this frame, which is not RAM? */
enum env_io { ENV_IO_NONE, ENV_IO_READ, ENV_IO_WRITE };
enum env_io env_io_access(mfn_t mfn);

/*
 * Return when no pCPU holds a translation of @pg from before the call, nor one
 * through @pg as a table.
 */
void env_flush(struct mm_core *c, const struct page *pg);

/* A slot of a live L4 changed: bring copies of that L4 up to date. */
void env_sync_l4(struct mm_core *c, mfn_t l4, unsigned int slot, u64 entry);

/*
 * The last reference is gone: flush, then free the frame, which may be
 * another domain's. May be delayed.
 */
void env_release(struct mm_core *c, struct page *pg);

#endif
