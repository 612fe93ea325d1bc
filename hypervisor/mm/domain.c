// SPDX-License-Identifier: GPL-2.0
/*
 * Beginning and end of a domain's memory.
 *
 * Teardown runs when no vCPU is loaded any more and is_dying is set, which whoever
 * takes something new for the domain tests under page_lock: frames, pins,
 * bases, foreign holds. So one pass over the domain's frames finds all there is:
 * each loses its pin, its half done validation and its allocation. What is
 * left then are tables that wait to be undone, and frames that others map.
 *
 * The place of a pass that gives way is a frame with a reference, so that it
 * stays in the list.
 *
 * Locks: d->page_lock.
 */
#include "machine/cpu-features.h"
#include "mm/internal.h"

#define UNITS_PER_FRAME	8	/* of the budget */

int mm_domain_init(struct domain *d)
{
	struct mm_domain *m = domain_zalloc(d, sizeof(*m));
	u32 i, j;

	if (!m)
		return -ENOMEM;
	m->domain = d;
	m->core.owner = d->id;
	m->core.hardware = d->is_hardware;
	m->core.mfn_limit = 1ULL << (cpu_features.phys_bits - PAGE_SHIFT);
	for (i = 0; i < d->max_vcpus; i++) {
		m->vcpu[i] = domain_zalloc(d, sizeof(*m->vcpu[i]));
		if (!m->vcpu[i])
			return -ENOMEM;
		for (j = 0; j < GATE_LDT_PAGES; j++)
			m->vcpu[i]->ldt_frames[j] = INVALID_MFN;
	}
	d->mm = m;
	return 0;
}

static void vcpu_teardown(struct vcpu *v)
{
	mfn_t info = v->vcpu_info_mfn;

	mm_lock(v->domain);
	bases_unload(v);
	gdt_unmap(v);
	v->vcpu_info = &v->domain->shared_info->vcpu_info[v->id];
	v->vcpu_info_mfn = INVALID_MFN;
	if (mfn_given(info))
		page_put_type(v->domain, info);
	mm_unlock(v->domain);
}

/* Go on from m->cursor; -ERESTART when the budget is spent. */
static int frames_teardown(struct domain *d) __requires(d->page_lock)
{
	struct mm_domain *m = d->mm;
	struct mm_core *c = &m->core;
	struct page *pg;

	for (;;) {
		if (!types_undo(c) || c->budget <= 0)
			return -ERESTART;
		c->budget -= UNITS_PER_FRAME;
		pg = domain_next_frame(d, m->cursor);
		if (m->cursor)
			ref_put(c, m->cursor);
		m->cursor = pg;
		if (!pg)
			break;
		type_abandon(c, pg);
		if (page_flag_take(pg, PAGE_ALLOCATED))
			ref_put(c, pg);
	}
	return types_undo(c) ? 0 : -ERESTART;
}

int mm_domain_teardown(struct domain *d)
{
	u32 i;
	int rc;

	for (i = 0; i < d->max_vcpus; i++)
		vcpu_teardown(d->vcpu[i]);
	mm_lock(d);
	rc = frames_teardown(d);
	mm_unlock(d);
	return rc;
}
