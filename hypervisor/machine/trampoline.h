/* SPDX-License-Identifier: GPL-2.0 */
/* Where application pCPUs start: one page of code, three of page tables. */
#ifndef RINGLET_MACHINE_TRAMPOLINE_H
#define RINGLET_MACHINE_TRAMPOLINE_H

#define TRAMPOLINE_PHYS		0x8000
#define TRAMPOLINE_PAGES	4

#ifndef __ASSEMBLER__
#include "base/types.h"

/* CR3 of the pCPU that starts now; read by the trampoline. */
extern u64 smp_ap_cr3;
extern const u8 smp_trampoline_start[], smp_trampoline_end[];
#endif

#endif
