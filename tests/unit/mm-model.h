/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model machine for the unit tests of mm's core: a few hundred frames, one
 * domain that owns most of them, another one with a few, and a TLB of each that
 * remembers everything until it is flushed. Implements hypervisor/mm/env.h.
 */
#ifndef RINGLET_TESTS_UNIT_MM_MODEL_H
#define RINGLET_TESTS_UNIT_MM_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/errno.h"
#include "base/types.h"
#include "machine/pte.h"
#include "mm/env.h"
#include "mm/types.h"

#define MODEL_FRAMES	300
#define MODEL_OWN	240	/* 1 .. MODEL_OWN - 1 are the domain's */
#define MODEL_SHARED	1	/* of those: PAGE_XEN_SHARED */
#define MODEL_FOREIGN	240	/* .. 249: another domain's */
#define MODEL_HYP	250	/* .. 259: the hypervisor's */
#define MODEL_IO	260	/* .. 269: not RAM */
#define MODEL_IO_RO	265	/* readable only */
#define MODEL_IO_NONE	266
#define MODEL_FREE	270	/* RAM in the allocator */
#define MODEL_LIMIT	0x1000	/* first frame the model's CPU cannot address */

#define MODEL_DOMID	1
#define MODEL_OTHER	2	/* owner of the foreign frames */

struct model {
	struct mm_core core, other;
	u64 (*mem)[512];	/* contents of frames */
	/*
	 * Types some pCPU may still use a frame as, one bit each: pCPUs that run
	 * the domain, and those that run the other one.
	 */
	u16 roles[2][MODEL_FRAMES];
	unsigned int flushes, releases;
	void (*on_flush)(void);	/* what happens meanwhile; may be NULL */
	/* One vCPU's base and its copy. */
	u64 base;		/* mfn, 0: none */
	u64 l4[512];
};

extern struct model *model;

void model_start(bool hardware);
void model_stop(void);

/* Call again until it is not -ERESTART, with fresh budgets; counts restarts. */
#define MODEL_RETRY(restarts, call) ({ \
	int rc_; \
	while ((rc_ = (call)) == -ERESTART) { \
		(restarts)++; \
		model->core.budget = MM_BUDGET; \
		(void)types_undo(&model->core); \
	} \
	rc_; })

void model_drain(void);		/* until nothing waits to be undone */

static inline u64 *model_table(u64 mfn)
{
	return model->mem[mfn];
}

static inline unsigned int model_count(u64 mfn)
{
	u64 x = frame_table[mfn].type_info;

	return (x & TI_PARTIAL) ? 0 : (u32)x;
}

static inline u64 model_pte(u64 mfn, u64 flags)
{
	return mfn << PAGE_SHIFT | flags;
}

/* Store @value in an entry as mmu_update does; the queue is drained after. */
int model_write(u64 table, unsigned int slot, u64 value);

/* As a privileged domain: hold the other's frame, write the entry, let go. */
int model_write_foreign(u64 table, unsigned int slot, u64 value);

#endif
