// SPDX-License-Identifier: GPL-2.0
/*
 * How far a preempted call came (struct mm_resume): a few slots for each vCPU,
 * found by call, arguments and the guest's stack pointer.
 *
 * Not security: who forges a match only skips elements of a call of its own.
 * Locks: none, the vCPU's own pCPU.
 */
#include "mm/mm.h"
#include "mm/internal.h"
#include "base/string.h"

static struct mm_vcpu *mm_of(struct vcpu *v)
{
	return &v->domain->mm->vcpu[v->id];
}

u64 mm_resume_take(struct vcpu *v, u64 call, u64 a, u64 b, u64 c)
{
	u64 key[5] = { call, a, b, c, v->regs->rsp };
	struct mm_vcpu *m = mm_of(v);
	u32 i;

	for (i = 0; i < MM_RESUME_SLOTS; i++) {
		if (memcmp(m->resume[i].key, key, sizeof(key)))
			continue;
		m->resume[i].key[0] = 0;
		return m->resume[i].done;
	}
	return 0;
}

long mm_resume_save(struct vcpu *v, u64 call, u64 a, u64 b, u64 c, u64 done)
{
	u64 key[5] = { call, a, b, c, v->regs->rsp };
	struct mm_vcpu *m = mm_of(v);
	struct mm_resume *r = NULL;
	u32 i;

	for (i = 0; i < MM_RESUME_SLOTS && !r; i++) {
		if (!m->resume[i].key[0])
			r = &m->resume[i];
	}
	if (!r)
		r = &m->resume[m->next_slot++ % MM_RESUME_SLOTS];
	memcpy(r->key, key, sizeof(key));
	r->done = done;
	return -ERESTART;
}
