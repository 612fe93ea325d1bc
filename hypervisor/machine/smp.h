/* SPDX-License-Identifier: GPL-2.0 */
/* pCPUs: start, inter-processor interrupts, and the flush protocol. */
#ifndef RINGLET_MACHINE_SMP_H
#define RINGLET_MACHINE_SMP_H

#include "machine/pcpu.h"

/*
 * Start the application pCPUs found in the MADT, up to @max in all.
 * @create: builds the space of pCPU (gate's pcpu_space_create)
 * @main: first C on the new pCPU, its CR3 loaded, on its host stack, with the
 *	  boot code's GDT and no IDT; nr_pcpus counts it already
 */
void smp_boot(u32 max, int (*create)(u32 cpu, u32 apic_id), void (*main)(void) __noreturn);

/* Make pCPU @cpu look at its softirqs soon (no-op for the own one). */
void pcpu_kick(u32 cpu);
void softirq_raise(u32 cpu, unsigned int nr);

/**
 * pcpu_flush() - wait until each pCPU in @mask has left guest space since the call
 *
 * The flush protocol: every return to a guest loads CR3 and so drops all
 * translations (G is never set, PCIDs are not used). The caller changed the
 * tables before; a full barrier, then each pCPU with in_guest set gets
 * VEC_IPI_FLUSH and is waited for. A pCPU in host space owes nothing. Locks may be
 * held: a pCPU in guest space holds none and its interrupts are on.
 * The own pCPU (in host space) is skipped.
 */
void pcpu_flush(u64 mask);

/*
 * Panic, power off, reboot: an NMI to all other pCPUs, whose handler is to call
 * machine_halt_if_told() first of all.
 */
void machine_halt_others(void);
void machine_halt_if_told(void);

#endif
