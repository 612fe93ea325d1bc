/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Doors of the rooms below that control uses. Each moves to the header of the room that
 * defines it; until then control/hooks.c has a weak one.
 */
#ifndef RINGLET_CONTROL_HOOKS_H
#define RINGLET_CONTROL_HOOKS_H

#include "base/types.h"
#include "state/domain.h"

int sched_domain_init(struct domain *d);
void sched_domain_free(struct domain *d);
int sched_set_affinity(struct vcpu *v, u64 mask);
u64 sched_get_affinity(const struct vcpu *v);
int sched_set_params(struct domain *d, u32 weight, u32 cap);
void sched_get_params(struct domain *d, u32 *weight, u32 *cap);
u64 sched_idle_ns(void);	/* all pCPUs together */

#endif
