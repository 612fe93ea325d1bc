/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stands in for machine/pcpu.h in host processes, where no constant address can
 * be the pCPU's own: one pCPU, an ordinary variable.
 */
#ifndef RINGLET_MACHINE_PCPU_H
#define RINGLET_MACHINE_PCPU_H

#include "base/types.h"
#include "machine/layout.h"

struct vcpu;
struct pcpu {
	u32 id;
	bool goes_on;
	struct vcpu *current;
};

extern struct pcpu test_pcpu;
#define this_cpu (&test_pcpu)

#endif
