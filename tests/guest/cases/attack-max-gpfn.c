// SPDX-License-Identifier: GPL-2.0
/* The result of memory_op.maximum_gpfn is a word of the guest's: any value of it is a result. */
#include "guest.h"

#define ERESTART	85	/* the reference's own, never seen by guests */

static volatile u32 answered;

/* A call that is made again and again ends when the word is good. */
static void rescuer(void *max_pfn)
{
	if (!wait_for(&answered, 1, HANG_NS))
		*(volatile ulong *)max_pfn = 1;
}

ATTACK(smp_max_gpfn_says_restart)
{
	ulong old = shared->arch.max_pfn;
	domid_t self = DOMID_SELF;
	long rc;

	NEED_VCPU1();
	answered = 0;
	shared->arch.max_pfn = 1 - (ulong)ERESTART;
	smp_call(rescuer, (void *)&shared->arch.max_pfn);
	rc = HYP(memory_op, XENMEM_maximum_gpfn, &self);
	answered = 1;
	EXPECT(smp_wait(HANG_NS));
	/* Xen hands it out as it is: an error that the call does not have. */
	EXPECT(on_ringlet ? rc > 0 : rc == -ERESTART);
	shared->arch.max_pfn = old;
}
