/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One-shot software timers: a queue for each pCPU on its local APIC timer.
 * Callbacks run in host space with interrupts off and no lock held, on the pCPU
 * the timer was armed on, from timer_softirq().
 */
#ifndef RINGLET_MACHINE_TIMER_H
#define RINGLET_MACHINE_TIMER_H

#include "base/list.h"

struct timer {
	struct list link;	/* guarded by: queue lock of its pCPU */
	u64 expires;		/* system time, ns */
	void (*fn)(void *data);
	void *data;
	u32 pcpu;		/* where it is queued */
	bool armed;
};

void timer_init(struct timer *t, void (*fn)(void *), void *data);
/* Arm (or re-arm) on pCPU @cpu; in the past = as soon as possible. */
void timer_set(struct timer *t, u32 cpu, u64 expires);
void timer_stop(struct timer *t);	/* fn will not start after this returns... */
					/* ...unless it is running on another pCPU now */
void timer_stop_sync(struct timer *t);	/* nor is it running; no lock that fn takes */
void timer_pcpu_init(void);	/* on each pCPU, the boot pCPU before the others */
void timer_softirq(void);		/* run what has expired, program the next */

#endif
