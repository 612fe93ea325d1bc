/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU state. Every pCPU has a host L4 of its own in which its struct pcpu
 * lies at PCPU_VIRT, so this_cpu is a constant address and needs no GS.
 * Other pCPUs reach it through pcpu_table[] (direct map).
 */
#ifndef RINGLET_MACHINE_PCPU_H
#define RINGLET_MACHINE_PCPU_H

#include "base/types.h"
#include "machine/layout.h"

#define MAX_PCPUS	64

struct vcpu;

struct pcpu {
	u32 id;			/* index in pcpu_table; constant */
	u32 apic_id;		/* constant from apic_pcpu_init() on */
	u64 host_cr3;		/* constant */
	u8 *gdt;		/* direct map of our GDT page; constant */

	bool goes_on;		/* what the current vCPU does may wake another one, for later */
	struct vcpu *current;	/* loaded vCPU; NULL: idle. Own pCPU only */
	/*
	 * 1 from before the load of a guest CR3 to after the next load of the
	 * host CR3. Who changes a page table and then (after a full barrier)
	 * sees 0 need not ask this pCPU to flush: its next return to a guest
	 * loads CR3. Written by the own pCPU, read by all.
	 */
	u32 in_guest;
	u64 entries;		/* entries into host space, all reasons */
	unsigned long softirqs;	/* SOFTIRQ_* bits; atomic, set by any pCPU */

	u64 cr4;		/* shadow of the register */
	u64 dr7;		/* shadow: 0 = no guest breakpoint loaded */
};

#define this_cpu	((struct pcpu *)PCPU_VIRT)

extern struct pcpu *pcpu_table[MAX_PCPUS];
extern u32 nr_pcpus;		/* present and started */

/* Bits of pcpu.softirqs, handled before a return to a guest and when idle. */
#define SOFTIRQ_SCHEDULE	0
#define SOFTIRQ_TIMER		1

#endif
