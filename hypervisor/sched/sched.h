/* SPDX-License-Identifier: GPL-2.0 */
/* Door of the sched room: which vCPU a pCPU runs, and the switch between two. */
#ifndef RINGLET_SCHED_SCHED_H
#define RINGLET_SCHED_SCHED_H

#include "state/domain.h"

void sched_pcpu_init(u32 cpu);		/* on each pCPU, the boot pCPU first */
int sched_domain_init(struct domain *d);	/* before its vCPUs */
int sched_vcpu_init(struct vcpu *v);

/* VCPU_DOWN or BLOCKED -> RUNNABLE; kicks a pCPU. Any pCPU, any locks < scheduler's. */
void vcpu_wake(struct vcpu *v);
/* BLOCKED -> RUNNABLE only: an event does not bring a vCPU up that is down. */
void vcpu_unblock(struct vcpu *v);
/* Current vCPU blocks; the exit path then switches. No switch happens inside. */
void vcpu_block(struct vcpu *v);
void vcpu_sleep(struct vcpu *v);	/* to VCPU_DOWN; any vCPU; kicks */
/* Held or not (domain_is_held()): update is for every change, teardown for the last. */
void sched_domain_update(struct domain *d);
int sched_domain_teardown(struct domain *d);
int sched_set_affinity(struct vcpu *v, u64 mask);
u64 sched_get_affinity(const struct vcpu *v);
int sched_set_params(struct domain *d, u32 weight, u32 cap);
void sched_get_params(struct domain *d, u32 *weight, u32 *cap);
u64 sched_idle_ns(void);
/* Make the pCPU that runs v enter the host and look at its events. */
void vcpu_kick(struct vcpu *v);
void sched_yield_current(void);

/* Takes part in every exit: picks the vCPU to run, switches state, updates
 * run-state; returns with this_cpu->current == NULL if there is nothing to run. */
void schedule(void);
/* Halts with interrupts on until something is runnable here. */
void idle_loop(void) __noreturn;

/* Runstate times up to now, for vcpu_op get_runstate_info. */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *r);
/* To the registered area; @v is current, or not running. */
void vcpu_runstate_publish(struct vcpu *v);

/*
 * Registers of a vCPU that the switch owns (sched/switch.c). While a vCPU is
 * loaded the hardware holds CR0.TS, the FPU and the segments; struct vcpu holds
 * the rest. Whoever changes a field of the current vCPU calls the function
 * that brings it into the hardware; a change of v->ldt_entries is seen by
 * schedule() on the way out.
 */
void vcpu_segments_save(struct vcpu *v);	/* before v->ds, ... are read */
void vcpu_cr4_load(struct vcpu *v);	/* after v->virt_cr4 */
void vcpu_debug_load(struct vcpu *v);	/* after v->dr[], v->dr[7] */

/*
 * News for rooms above, by name at link time.
 */
/* evtchn/vtimer.c: v becomes current of this pCPU; it has stopped to be. */
void vtimer_vcpu_loaded(struct vcpu *v);
void vtimer_vcpu_unloaded(struct vcpu *v);
/* dispatch: the exit path with this_cpu->current set; starts a new host stack. */
void dispatch_resume(void) __noreturn;

#endif
