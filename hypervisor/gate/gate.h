/* SPDX-License-Identifier: GPL-2.0 */
/* Door of the gate room: the code of Ringlet that is mapped in guest space. */
#ifndef RINGLET_GATE_GATE_H
#define RINGLET_GATE_GATE_H

/* Run what the scheduler chooses on this pCPU, for ever; from its host stack. */
void gate_run(void) __attribute__((noreturn));

#endif
