/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hypervisor's part of a vCPU's guest space: its own L4 and the gate region
 * with struct gate_ro, struct gate_rw, IDT, TSS, GDT and LDT windows.
 */
#ifndef RINGLET_STATE_VCPU_SPACE_H
#define RINGLET_STATE_VCPU_SPACE_H

#include "state/domain.h"

/* Shared pages of all vCPUs (IDT, TSS, GDT). Boot pCPU, once. */
int vcpu_space_boot_init(void);

/* The vCPU's pages and tables in guest space: 0 or -ENOMEM. */
int vcpu_gate_init(struct vcpu *v);

/* Point the gate at a vcpu_info: its frame and the offset in it. */
void vcpu_gate_set_vcpu_info(struct vcpu *v, mfn_t mfn, u32 offset);

/* Fill one page of the GDT window; INVALID_MFN: null descriptors. */
void vcpu_gate_map_gdt(struct vcpu *v, u32 page, mfn_t mfn);
/* An L1 of the guest at GATE_WINDOW, writable; INVALID_MFN: not present. */
void vcpu_gate_map_window(struct vcpu *v, mfn_t mfn);
/* Fill one page of the LDT window; INVALID_MFN: not present. */
void vcpu_gate_map_ldt(struct vcpu *v, u32 page, mfn_t mfn);


#endif
