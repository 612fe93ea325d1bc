/* SPDX-License-Identifier: GPL-2.0 */
/* Private to sched: registers of a vCPU out of and into this pCPU. */
#ifndef RINGLET_SCHED_SWITCH_H
#define RINGLET_SCHED_SWITCH_H

#include "state/domain.h"

void vcpu_registers_save(struct vcpu *v);
void vcpu_registers_load(struct vcpu *v);
void ldt_load(struct vcpu *v);

#endif
