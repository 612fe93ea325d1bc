/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host address space of a pCPU: an L4 of its own that shares all but the
 * gate region with the others.
 */
#ifndef RINGLET_STATE_PCPU_SPACE_H
#define RINGLET_STATE_PCPU_SPACE_H

#include "machine/pcpu.h"

/**
 * pcpu_space_create() - L4, stacks, TSS, GDT and struct pcpu of one pCPU
 * @cpu: index; @apic_id: its local APIC
 *
 * Enters it in pcpu_table[]. Runs on the boot pCPU.
 * Return: 0 or -ENOMEM.
 */
int pcpu_space_create(u32 cpu, u32 apic_id);

/* On the pCPU itself, first C on its CR3: GDT, TSS, IDT, SYSCALL registers. */
void pcpu_load(void);

#endif
