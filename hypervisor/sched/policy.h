/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private to sched: who runs next (policy.c). All of it is guarded by sched_lock.
 * At the end: registers of a vCPU out of and into this pCPU (switch.c).
 */
#ifndef RINGLET_SCHED_POLICY_H
#define RINGLET_SCHED_POLICY_H

#include "base/list.h"
#include "machine/pcpu.h"

#define SLICE_NS	10000000LL
#define CAP_PERIOD_NS	30000000LL
#define DEFAULT_WEIGHT	256
#define NOWHERE		(~0U)	/* no pCPU */
#define NEVER		(~0ULL)

struct sched_domain {
	struct list link;	/* in sched_queue.domains while a vCPU waits */
	struct list waiting;	/* its vCPUs, in the order of their turns */
	u64 vtime;		/* ns it ran, * DEFAULT_WEIGHT / weight; may wrap */
	u32 weight, cap;	/* cap: percent of one pCPU; 0: none */
	u32 running;		/* on how many pCPUs */
	s64 budget;		/* ns it may still run until period_end */
	u64 period_end;
};

struct sched_vcpu {
	struct list link;	/* in waiting; empty: it does not wait */
	struct sched_domain *domain;	/* constant */
	struct vcpu *vcpu;	/* constant */
	u64 affinity;
	u32 pcpu;		/* where it ran last */
	u32 loaded;		/* who has its registers, and alone may run it */
	s64 slice;		/* ns it has left */
	u64 stopped;		/* when it ran last */
	bool boosted;		/* woken with slice left: goes before others */
	bool yielding;
};

struct sched_queue {
	struct list domains;	/* those with vCPUs that wait */
	u32 nr_pcpus;
	u64 idle;		/* pCPUs that nobody has told to look again */
	struct sched_pcpu {
		struct sched_vcpu *running;	/* NULL: idle */
		u64 since;	/* what it did is accounted up to here */
		u64 vtime;	/* of whom it last chose: what a sleeper wakes to */
		u64 idle_ns;
		bool wanted;	/* something waits that may run here */
	} pcpu[MAX_PCPUS];
};

void policy_domain_init(struct sched_domain *d);
void policy_vcpu_init(struct sched_vcpu *s, struct sched_domain *d, u32 pcpu);

/**
 * policy_pick() - choose what a pCPU runs from now on
 * @goes_on: what runs there now is ready to go on
 * @again: when to choose again at the latest; NEVER
 *
 * Return: the vCPU, which does not wait any more; NULL: none.
 */
struct sched_vcpu *policy_pick(struct sched_queue *q, u32 cpu, bool goes_on, u64 now, u64 *again);

/* @s waits from now on: it woke up, or is let run again. */
void policy_wake(struct sched_queue *q, struct sched_vcpu *s, u64 now);
void policy_remove(struct sched_vcpu *s);	/* it waits no more */

/* Which pCPU is to choose again because @s waits; NOWHERE: none. */
u32 policy_poke(struct sched_queue *q, struct sched_vcpu *s, u64 now);
/* An idle pCPU that could run something that waits; NOWHERE. Each one once. */
u32 policy_find_idle(struct sched_queue *q, u64 now);

/*
 * Affinity of a vCPU, weight and cap of its domain. Under other conditions time goes
 * another way, so that neither credit nor debt comes along. Charge first.
 */
void policy_change(struct sched_queue *q, struct sched_vcpu *s, u64 affinity, u32 weight, u32 cap);
/* Account what runs on all pCPUs up to @now. */
void policy_charge_all(struct sched_queue *q, u64 now);

void vcpu_registers_save(struct vcpu *v);
void vcpu_registers_load(struct vcpu *v);
void ldt_load(struct vcpu *v);

#endif
