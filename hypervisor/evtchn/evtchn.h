/* SPDX-License-Identifier: GPL-2.0 */
/* Door of the evtchn room: ports (2-level and FIFO), VIRQs, virtual timers, time. */
#ifndef RINGLET_EVTCHN_EVTCHN_H
#define RINGLET_EVTCHN_EVTCHN_H

#include "state/domain.h"

int evtchn_domain_init(struct domain *d);
int evtchn_vcpu_init(struct vcpu *v);
/*
 * The end of a domain: is_dying is set and its vCPUs do not run any more.
 * teardown may be called again and again; free comes with the last reference.
 */
int __must_check evtchn_domain_teardown(struct domain *d);
void evtchn_domain_free(struct domain *d);
u32 evtchn_nr_open(const struct domain *d);	/* ports in use */

/* Raise a VIRQ bound by @v (VIRQ_TIMER) or, for global ones, by the domain. */
void evtchn_raise_virq(struct vcpu *v, u32 virq);
void evtchn_raise_global_virq(struct domain *d, u32 virq);
/* Raise the port of a PIRQ below NR_PIRQS; false if it has none. */
bool evtchn_raise_pirq(struct domain *d, u32 pirq);

/*
 * dispatch/physdev.c, by name at link time; called with the event_lock of the
 * service domain held, which has all PIRQs.
 */
int pirq_bind(u32 pirq, struct vcpu *v);
void pirq_unbind(u32 pirq);
void pirq_unmasked(u32 pirq);	/* its port was unmasked: EOI if due */

/* True if the vCPU has an event to deliver: pending && !mask. */
bool vcpu_event_deliverable(const struct vcpu *v);
/* The same, or an NMI that it takes: who blocks looks again after it said so. */
bool vcpu_has_news(const struct vcpu *v);
/* sched_op poll: 0 = a port is pending already; 1 = blocked. */
long evtchn_poll(struct vcpu *v, u64 ports, u32 nr, u64 timeout_ns);

/*
 * Virtual NMI: raise marks it and has v->needs_exit_work seen; the exit path
 * takes it when it can deliver it (CALLBACKTYPE_nmi), once for each raise.
 */
void vcpu_nmi_raise(struct vcpu *v);
bool vcpu_nmi_take(struct vcpu *v);

/*
 * Let vcpu_info live in @info (a frame of the guest that is held): contents
 * move with it and no event is lost. @v is current or down.
 */
void evtchn_move_vcpu_info(struct vcpu *v, struct vcpu_info *info);

/* The time as every guest is to find it, for good; the wall clock of @d. */
struct vcpu_time_info vcpu_time_info(void);
void domain_wallclock_set(struct domain *d, u64 sec, u32 nsec, u64 system_time);
void vtimer_vcpu_stop(struct vcpu *v);		/* vcpu_op down */
void vtimer_vcpu_end(struct vcpu *v);		/* its domain is torn down */

/* Operations of vcpu_op, of the current vCPU. */
long op_set_periodic_timer(struct vcpu *v, void *arg);
long op_stop_periodic_timer(struct vcpu *v, void *arg);
long op_set_singleshot_timer(struct vcpu *v, void *arg);
long op_stop_singleshot_timer(struct vcpu *v, void *arg);

#endif
