/* SPDX-License-Identifier: GPL-2.0 */
/* Door of the gate room: the code and pages of Ringlet mapped in guest space. */
#ifndef RINGLET_GATE_GATE_H
#define RINGLET_GATE_GATE_H

#include "base/types.h"
#include "state/domain.h"

struct pcpu;

/**
 * pcpu_space_create() - host address space of a pCPU
 * @cpu: index
 *
 * Builds its L4 (slots shared with the boot pCPU but the gate's), stacks, IDT, TSS, GDT and
 * struct pcpu, and enters it in pcpu_table[]. Runs on the boot pCPU.
 * Return: 0 or -ENOMEM.
 */
int pcpu_space_create(u32 cpu, u32 apic_id);

/* On the pCPU itself, first C after its CR3 is loaded: GDT, TSS, IDT, MSRs, CR4. */
void pcpu_load(void);

/* The vCPU's pages and tables in guest space: 0 or -ENOMEM. */
int vcpu_gate_init(struct vcpu *v);

/* Point the gate at a vcpu_info (frame and offset in it). */
void vcpu_gate_set_vcpu_info(struct vcpu *v, mfn_t mfn, u32 offset);
/* Fill one page of the GDT or LDT window; INVALID_MFN: null descriptors / unmapped. */
void vcpu_gate_map_gdt(struct vcpu *v, u32 page, mfn_t mfn);
void vcpu_gate_map_ldt(struct vcpu *v, u32 page, mfn_t mfn);

/* Load @v's gate on this pCPU: host_cr3 in gate_ro. Part of the switch. */
void vcpu_gate_load(struct vcpu *v);

/* Leave host space for current's registers. Does not return. */
void gate_exit(void) __noreturn;

#endif
