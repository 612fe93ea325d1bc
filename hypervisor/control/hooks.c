// SPDX-License-Identifier: GPL-2.0
/*
 * What rooms below do not have yet, as weak functions: a room that defines one takes
 * its place, and the line here goes.
 */
#include "control/hooks.h"

#include "base/errno.h"

#define WEAK __attribute__((weak))

int WEAK sched_domain_init(struct domain *d) { (void)d; return 0; }
void WEAK sched_domain_free(struct domain *d) { (void)d; }
int WEAK sched_set_affinity(struct vcpu *v, u64 mask) { (void)v; (void)mask; return -ENOSYS; }
u64 WEAK sched_get_affinity(const struct vcpu *v) { return BIT(v->pcpu); }
int WEAK sched_set_params(struct domain *d, u32 weight, u32 cap)
{
	(void)d; (void)weight; (void)cap;
	return -ENOSYS;
}
void WEAK sched_get_params(struct domain *d, u32 *weight, u32 *cap)
{
	(void)d;
	*weight = 256;
	*cap = 0;
}
u64 WEAK sched_idle_ns(void) { return 0; }
